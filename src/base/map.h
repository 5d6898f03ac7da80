/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_MAP_H
#define BAL_BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

/* "No value": what map_get returns for a key that is not there; never a stored value. */
#define MAP_NONE UINT32_MAX

#define MAP_COUNT_MAX (UINT32_C(1) << 30)

struct map_slot {
	uint64_t key; /* 0: the slot is empty */
	uint32_t value;
	uint32_t unused;
};

/*
 * A map from non-zero 64-bit keys (ids, hashes) to 32-bit values (indices into a pool), of fixed
 * capacity; but it touches no more of its memory than its keys ever needed. There is no iteration
 * on purpose: no decision may depend on the order of a hash table.
 */
struct map {
	struct map_slot *slots;
	uint32_t mask;     /* number of homes - 1, a power of two - 1 */
	uint32_t mask_max; /* up to which it grows */
	uint32_t count;
	uint32_t count_max;
};

/* Takes room for `count_max` keys (1 .. MAP_COUNT_MAX) from the arena, untouched. On a measuring
 * arena the map is not usable. */
void map_init(struct map *map, struct arena *arena, uint32_t count_max);

/* Stores value (not MAP_NONE) under key (not 0), replacing what was there. False, and nothing
 * changed, when the key is new and count_max keys are stored. */
bool map_put(struct map *map, uint64_t key, uint32_t value);

/* The value stored under key, MAP_NONE when there is none (key 0 has none). */
uint32_t map_get(const struct map *map, uint64_t key);

/* Forgets key; false when it was not there. */
bool map_remove(struct map *map, uint64_t key);

#endif

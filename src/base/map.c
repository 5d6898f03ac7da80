/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear probing. At most two thirds of the slots are in use, so probes stay
 * short and always end at an empty slot. Deletion shifts the rest of the run back instead of
 * leaving tombstones, which a map that lives for months would drown in. Keys are mixed by two
 * multiplications because ids are consecutive and would otherwise form long runs; keys chosen by a
 * client must be hashed with a seed before they come here.
 */
#include "base/map.h"

#include <string.h>

#include "base/arena.h"
#include "base/assert.h"

/* Odd constants of the 64-bit finaliser "Mix13" (David Stafford, 2011), also in splitmix64. */
#define MIX_FIRST  UINT64_C(0xbf58476d1ce4e5b9)
#define MIX_SECOND UINT64_C(0x94d049bb133111eb)

static uint32_t slot_home(const struct map *map, uint64_t key)
{
	key = (key ^ (key >> 30)) * MIX_FIRST;
	key = (key ^ (key >> 27)) * MIX_SECOND;
	return (uint32_t)(key ^ (key >> 31)) & map->mask;
}

/* Index of the slot that holds key, or of the empty slot where its search ends. */
static uint32_t find_slot(const struct map *map, uint64_t key)
{
	uint32_t i = slot_home(map, key);

	while (map->slots[i].key != 0 && map->slots[i].key != key)
		i = (i + 1) & map->mask;
	return i;
}

void map_init(struct map *map, struct arena *arena, uint32_t count_max)
{
	uint64_t needed = count_max + (uint64_t)(count_max / 2) + 1;
	uint64_t slots = 1;

	bal_assert(count_max > 0);
	bal_assert(count_max <= MAP_COUNT_MAX);
	while (slots < needed)
		slots *= 2;
	memset(map, 0, sizeof(*map));
	map->mask = (uint32_t)(slots - 1);
	map->count_max = count_max;
	map->slots = arena_take(arena, slots, sizeof(struct map_slot));
}

bool map_put(struct map *map, uint64_t key, uint32_t value)
{
	struct map_slot *slot;

	bal_assert(key != 0);
	bal_assert(value != MAP_NONE);
	slot = &map->slots[find_slot(map, key)];
	if (slot->key == 0) {
		if (map->count == map->count_max)
			return false;
		slot->key = key;
		map->count++;
	}
	slot->value = value;
	return true;
}

uint32_t map_get(const struct map *map, uint64_t key)
{
	const struct map_slot *slot;

	if (key == 0)
		return MAP_NONE;
	slot = &map->slots[find_slot(map, key)];
	return slot->key == key ? slot->value : MAP_NONE;
}

bool map_remove(struct map *map, uint64_t key)
{
	uint32_t hole;
	uint32_t i;

	if (key == 0)
		return false;
	hole = find_slot(map, key);
	if (map->slots[hole].key == 0)
		return false;
	for (i = (hole + 1) & map->mask; map->slots[i].key != 0; i = (i + 1) & map->mask) {
		uint32_t home = slot_home(map, map->slots[i].key);

		/* An entry may fill the hole when the hole lies on its way from home to here. */
		if (((i - home) & map->mask) >= ((i - hole) & map->mask)) {
			map->slots[hole] = map->slots[i];
			hole = i;
		}
	}
	memset(&map->slots[hole], 0, sizeof(struct map_slot));
	map->count--;
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear probing. A key has a home, and lies there or in one of the slots that
 * follow without a gap; there are half as many homes again as keys, so probes stay short. Deletion
 * shifts the rest of the run back instead of leaving tombstones, which a map that lives for months
 * would drown in. Keys are mixed by two multiplications because ids are consecutive and would
 * otherwise form long runs; keys chosen by a client must be hashed with a seed before they come
 * here.
 *
 * Keys are spread over all homes, so with homes for a million the first ten thousand keys would
 * touch every page. Therefore a map begins with few and doubles them in place. For that, a run does
 * not go round from the end to the beginning: behind the last home there is room for all keys, of
 * which hardly any is ever used.
 */
#include "base/map.h"

#include <string.h>

#include "base/arena.h"
#include "base/assert.h"

/* Odd constants of the 64-bit finaliser "Mix13" (David Stafford, 2011), also in splitmix64. */
#define MIX_FIRST  UINT64_C(0xbf58476d1ce4e5b9)
#define MIX_SECOND UINT64_C(0x94d049bb133111eb)

#define HOMES_FIRST 64

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
		i++;
	return i;
}

void map_init(struct map *map, struct arena *arena, uint32_t count_max)
{
	uint64_t needed = count_max + (uint64_t)(count_max / 2) + 1;
	uint64_t homes = 1;

	bal_assert(count_max > 0);
	bal_assert(count_max <= MAP_COUNT_MAX);
	while (homes < needed)
		homes *= 2;
	memset(map, 0, sizeof(*map));
	map->mask_max = (uint32_t)(homes - 1);
	map->mask = map->mask_max < HOMES_FIRST ? map->mask_max : HOMES_FIRST - 1;
	map->count_max = count_max;
	map->slots = arena_take(arena, homes + count_max + 1, sizeof(struct map_slot));
}

/* Doubles the homes. Each key stays near its home or moves up by as many slots as there were homes.
 * Runs are taken from the last to the first, so that what moves up finds only what is in its place
 * already; within a run from the first to the last, so that what stays has nothing before it but
 * the same. */
static void grow(struct map *map)
{
	uint32_t end = map->mask + 1;

	while (map->slots[end].key != 0)
		end++;
	map->mask = 2 * map->mask + 1;
	while (end > 0) {
		uint32_t first = end;

		while (first > 0 && map->slots[first - 1].key != 0)
			first--;
		for (uint32_t i = first; i < end; i++) {
			struct map_slot slot = map->slots[i];

			map->slots[i] = (struct map_slot){.key = 0};
			map->slots[find_slot(map, slot.key)] = slot;
		}
		end = first > 0 ? first - 1 : 0;
	}
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
		if (map->mask < map->mask_max && map->count + map->count / 2 >= map->mask) {
			grow(map);
			slot = &map->slots[find_slot(map, key)];
		}
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
	for (i = hole + 1; map->slots[i].key != 0; i++) {
		/* An entry may fill the hole when the hole lies on its way from home to here. */
		if (slot_home(map, map->slots[i].key) <= hole) {
			map->slots[hole] = map->slots[i];
			hole = i;
		}
	}
	memset(&map->slots[hole], 0, sizeof(struct map_slot));
	map->count--;
	return true;
}

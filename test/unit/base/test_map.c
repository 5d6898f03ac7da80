/* SPDX-License-Identifier: Apache-2.0 */
/* The map against an array indexed by key, with keys that collide a lot. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/arena.h"
#include "base/prng.h"

#define KEY_COUNT 400

static void *build(struct map *map, uint32_t count_max)
{
	struct arena arena;
	void *block;

	arena_init(&arena, NULL, 0);
	map_init(map, &arena, count_max);
	block = aligned_alloc(ARENA_ALIGNMENT, arena.used);
	assert_non_null(block);
	memset(block, 0, arena.used);
	arena_init(&arena, block, arena.used);
	map_init(map, &arena, count_max);
	assert_true(arena_fits(&arena));
	return block;
}

static void put_one(struct map *map, uint32_t *model, uint32_t *count, uint32_t key)
{
	uint32_t value = key * 3 + *count;
	bool fits = model[key] != MAP_NONE || *count < map->count_max;

	assert_int_equal(map_put(map, key, value), fits);
	if (!fits)
		return;
	*count += model[key] == MAP_NONE;
	model[key] = value;
}

static void remove_one(struct map *map, uint32_t *model, uint32_t *count, uint32_t key)
{
	assert_int_equal(map_remove(map, key), model[key] != MAP_NONE);
	*count -= model[key] != MAP_NONE;
	model[key] = MAP_NONE;
}

static void follow_model(uint32_t count_max, uint64_t seed)
{
	uint32_t model[KEY_COUNT];
	uint32_t count = 0;
	struct prng prng;
	struct map map;
	void *block = build(&map, count_max);

	memset(model, 0xff, sizeof(model));
	prng_init(&prng, seed);
	assert_true((map.mask_max + 1) * UINT64_C(2) >= count_max * UINT64_C(3));
	for (int i = 0; i < 20000; i++) {
		uint32_t key = (uint32_t)prng_below(&prng, KEY_COUNT - 1) + 1;

		if (prng_chance(&prng, i / 4000 % 2 == 0 ? 700000 : 400000))
			put_one(&map, model, &count, key);
		else
			remove_one(&map, model, &count, key);
		assert_int_equal(map.count, count);
		assert_true((map.mask + 1) * UINT64_C(2) >= count * UINT64_C(3));
		if (i % 500 != 0)
			continue;
		for (uint32_t k = 1; k < KEY_COUNT; k++)
			assert_int_equal(map_get(&map, k), model[k]);
	}
	for (uint32_t k = 1; k < KEY_COUNT; k++)
		assert_int_equal(map_get(&map, k), model[k]);
	free(block);
}

static void behaves_like_an_array(void **state)
{
	static const uint32_t counts[] = {1, 2, 3, 10, 170, 399};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		follow_model(counts[i], 5 + i);
}

static void is_empty_again_after_removals(void **state)
{
	struct map map;
	void *block = build(&map, 1000);

	(void)state;
	for (uint64_t i = 1; i <= 1000; i++)
		assert_true(map_put(&map, i << 40, (uint32_t)i));
	assert_false(map_put(&map, 1, 1));
	for (uint64_t i = 1; i <= 1000; i++)
		assert_true(map_remove(&map, i << 40));
	assert_int_equal(map.count, 0);
	for (uint32_t i = 0; i <= map.mask; i++)
		assert_true(map.slots[i].key == 0);
	free(block);
}

static uint64_t key_at(uint64_t from, uint32_t i)
{
	return (from + i * UINT64_C(1024)) | 1;
}

/* Many small maps, so that many a last run goes beyond the last home when homes are doubled. */
static void grows_whatever_runs_there_are(void **state)
{
	uint32_t model[KEY_COUNT];
	struct prng prng;

	(void)state;
	prng_init(&prng, 77);
	for (uint32_t round = 0; round < 2000; round++) {
		struct map map;
		void *block = build(&map, KEY_COUNT);
		uint64_t from = prng_next(&prng);
		uint32_t count = 0;

		memset(model, 0xff, sizeof model);
		while (count < 100) {
			uint32_t key = (uint32_t)prng_below(&prng, KEY_COUNT);

			if (prng_chance(&prng, 100000) && model[key] != MAP_NONE) {
				assert_true(map_remove(&map, key_at(from, key)));
				model[key] = MAP_NONE;
				continue;
			}
			assert_true(map_put(&map, key_at(from, key), key));
			model[key] = key;
			count++;
		}
		for (uint32_t k = 0; k < KEY_COUNT; k++)
			assert_int_equal(map_get(&map, key_at(from, k)), model[k]);
		free(block);
	}
}

/* What was put before homes were doubled is found after it, and no more memory is touched than the
 * keys need. */
static void grows_with_its_keys(void **state)
{
	struct map map;
	struct map_slot *block = build(&map, 100000);

	(void)state;
	for (uint64_t i = 1; i <= 5000; i++) {
		assert_true(map_put(&map, i << 10, (uint32_t)i));
		assert_true(map_put(&map, i << 10, (uint32_t)i + 1));
		assert_true(map.mask < 64 || map.mask < 4 * i);
		if (i % 2 == 0)
			assert_true(map_remove(&map, (i / 2) << 10));
		if ((i & (i - 1)) != 0)
			continue;
		for (uint64_t k = 1; k <= i; k++)
			assert_int_equal(
				map_get(&map, k << 10), k <= i / 2 ? MAP_NONE : (uint32_t)k + 1);
	}
	assert_int_equal(map.count, 2500);
	for (uint32_t i = 2 * map.mask; i < map.mask_max; i++)
		assert_true(map.slots[i].key == 0);
	free(block);
}

static void keeps_zero_and_none_out(void **state)
{
	struct map map;
	void *block = build(&map, 4);

	(void)state;
	assert_int_equal(map_get(&map, 0), MAP_NONE);
	assert_false(map_remove(&map, 0));
	unit_expect_assert((void)map_put(&map, 0, 1));
	unit_expect_assert((void)map_put(&map, 1, MAP_NONE));
	assert_true(map_put(&map, UINT64_MAX, 0));
	assert_int_equal(map_get(&map, UINT64_MAX), 0);
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behaves_like_an_array),
		cmocka_unit_test(is_empty_again_after_removals),
		cmocka_unit_test(grows_whatever_runs_there_are),
		cmocka_unit_test(grows_with_its_keys),
		cmocka_unit_test(keeps_zero_and_none_out),
	};

	return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The pool against the plainest model: an array of flags, the lowest free index taken. */
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/arena.h"
#include "base/prng.h"

struct item {
	uint64_t a;
	uint64_t b;
	uint64_t c;
};

static void *build(struct pool *pool, uint32_t count_max, size_t item_size)
{
	struct arena arena;
	size_t size;
	void *block;

	arena_init(&arena, NULL, 0);
	pool_init(pool, &arena, count_max, item_size);
	size = (arena.used + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
	block = aligned_alloc(ARENA_ALIGNMENT, size);
	assert_non_null(block);
	memset(block, 0, size);
	arena_init(&arena, block, size);
	pool_init(pool, &arena, count_max, item_size);
	assert_true(arena_fits(&arena));
	return block;
}

static uint32_t first_free(const bool *live, uint32_t count_max)
{
	uint32_t i = 0;

	while (i < count_max && live[i])
		i++;
	return i;
}

static void check_iteration(const struct pool *pool, const bool *live, uint32_t count_max)
{
	uint32_t at = pool_next(pool, 0);
	uint32_t count = 0;

	for (uint32_t i = 0; i < count_max; i++) {
		assert_int_equal(pool_holds(pool, i), live[i]);
		if (!live[i])
			continue;
		assert_int_equal(at, i);
		at = pool_next(pool, at + 1);
		count++;
	}
	assert_int_equal(at, POOL_NONE);
	assert_int_equal(count, pool->count);
}

static void take_one(struct pool *pool, bool *live, uint32_t count_max)
{
	uint32_t expected = first_free(live, count_max);
	struct item *item = pool_take(pool);

	if (expected == count_max) {
		assert_null(item);
		return;
	}
	assert_non_null(item);
	assert_int_equal(pool_index(pool, item), expected);
	assert_ptr_equal(pool_at(pool, expected), item);
	assert_int_equal(item->a | item->b | item->c, 0);
	memset(item, 0xff, sizeof(*item));
	live[expected] = true;
}

static void give_one(struct pool *pool, bool *live, uint32_t from)
{
	uint32_t index = pool_next(pool, from);

	if (index == POOL_NONE)
		return;
	pool_give(pool, pool_at(pool, index));
	live[index] = false;
}

static void follow_model(uint32_t count_max, uint64_t seed)
{
	bool *live = calloc(count_max, sizeof(bool));
	struct prng prng;
	struct pool pool;
	void *block = build(&pool, count_max, sizeof(struct item));

	prng_init(&prng, seed);
	for (int phase = 0; phase < 6; phase++) {
		/* Mostly filling, then mostly emptying. */
		int64_t take_ppm = phase % 2 == 0 ? 800000 : 200000;

		for (uint32_t i = 0; i < 3 * count_max; i++) {
			bool take = prng_chance(&prng, take_ppm);
			uint32_t from = (uint32_t)prng_below(&prng, count_max);

			if (take)
				take_one(&pool, live, count_max);
			else
				give_one(&pool, live, from);
		}
		check_iteration(&pool, live, count_max);
	}
	free(block);
	free(live);
}

static void behaves_like_an_array_of_flags(void **state)
{
	static const uint32_t counts[] = {1, 2, 63, 64, 65, 1000, 4096, 4097};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		follow_model(counts[i], 17 + i);
}

static void leaves_unused_items_untouched(void **state)
{
	struct pool pool;
	void *block = build(&pool, 500, sizeof(struct item));
	void *a;

	(void)state;
	a = pool_take(&pool);
	(void)pool_take(&pool);
	pool_give(&pool, a);
	(void)pool_take(&pool);
	assert_int_equal(pool.high, 2);
	assert_non_null(pool_take_at(&pool, 70));
	assert_int_equal(pool.high, 71);
	assert_null(pool_take_at(&pool, 70));
	assert_null(pool_take_at(&pool, 500));
	assert_null(pool_take_at(&pool, UINT32_MAX));
	assert_int_equal(pool.count, 3);
	assert_false(pool_holds(&pool, 69));
	assert_false(pool_holds(&pool, UINT32_MAX));
	free(block);
}

static void restores_from_indices(void **state)
{
	struct pool original;
	struct pool restored;
	void *block = build(&original, 300, 8);
	void *copy = build(&restored, 300, 8);
	struct prng prng;

	(void)state;
	prng_init(&prng, 3);
	for (int i = 0; i < 300; i++)
		(void)pool_take(&original);
	for (int i = 0; i < 200; i++) {
		uint32_t index = pool_next(&original, (uint32_t)prng_below(&prng, 300));

		if (index != POOL_NONE)
			pool_give(&original, pool_at(&original, index));
	}
	for (uint32_t i = pool_next(&original, 0); i != POOL_NONE; i = pool_next(&original, i + 1))
		assert_non_null(pool_take_at(&restored, i));
	while (original.count < original.count_max) {
		uint32_t a = pool_index(&original, pool_take(&original));
		uint32_t b = pool_index(&restored, pool_take(&restored));

		assert_int_equal(a, b);
	}
	assert_null(pool_take(&restored));
	free(block);
	free(copy);
}

static void asserts_on_misuse(void **state)
{
	struct pool pool;
	void *block = build(&pool, 10, sizeof(struct item));
	uint8_t *item = pool_take(&pool);

	(void)state;
	unit_expect_assert(pool_give(&pool, item + 8));
	unit_expect_assert((void)pool_at(&pool, 1));
	pool_give(&pool, item);
	unit_expect_assert(pool_give(&pool, item));
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behaves_like_an_array_of_flags),
		cmocka_unit_test(leaves_unused_items_untouched),
		cmocka_unit_test(restores_from_indices),
		cmocka_unit_test(asserts_on_misuse),
	};

	return cmocka_run_group_tests_name("base/pool", tests, NULL, NULL);
}

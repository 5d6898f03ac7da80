/* SPDX-License-Identifier: Apache-2.0 */
/* The slab against the plainest model: an array of flags, the lowest free index taken. */
#include "base/slab.h"

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

static void *build(struct slab *slab, uint32_t count_max, size_t item_size)
{
	struct arena arena;
	size_t size;
	void *block;

	arena_init(&arena, NULL, 0);
	slab_init(slab, &arena, count_max, item_size);
	size = (arena.used + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
	block = aligned_alloc(ARENA_ALIGNMENT, size);
	assert_non_null(block);
	memset(block, 0, size);
	arena_init(&arena, block, size);
	slab_init(slab, &arena, count_max, item_size);
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

static void check_iteration(const struct slab *slab, const bool *live, uint32_t count_max)
{
	uint32_t at = slab_next(slab, 0);
	uint32_t count = 0;

	for (uint32_t i = 0; i < count_max; i++) {
		assert_int_equal(slab_holds(slab, i), live[i]);
		if (!live[i])
			continue;
		assert_int_equal(at, i);
		at = slab_next(slab, at + 1);
		count++;
	}
	assert_int_equal(at, SLAB_NONE);
	assert_int_equal(count, slab->count);
}

static void take_one(struct slab *slab, bool *live, uint32_t count_max)
{
	uint32_t expected = first_free(live, count_max);
	struct item *item = slab_take(slab);

	if (expected == count_max) {
		assert_null(item);
		return;
	}
	assert_non_null(item);
	assert_int_equal(slab_index(slab, item), expected);
	assert_ptr_equal(slab_at(slab, expected), item);
	assert_int_equal(item->a | item->b | item->c, 0);
	memset(item, 0xff, sizeof(*item));
	live[expected] = true;
}

static void give_one(struct slab *slab, bool *live, uint32_t from)
{
	uint32_t index = slab_next(slab, from);

	if (index == SLAB_NONE)
		return;
	slab_give(slab, slab_at(slab, index));
	live[index] = false;
}

static void follow_model(uint32_t count_max, uint64_t seed)
{
	bool *live = calloc(count_max, sizeof(bool));
	struct prng prng;
	struct slab slab;
	void *block = build(&slab, count_max, sizeof(struct item));

	prng_init(&prng, seed);
	for (int phase = 0; phase < 6; phase++) {
		/* Mostly filling, then mostly emptying. */
		int64_t take_ppm = phase % 2 == 0 ? 800000 : 200000;

		for (uint32_t i = 0; i < 3 * count_max; i++) {
			bool take = prng_chance(&prng, take_ppm);
			uint32_t from = (uint32_t)prng_below(&prng, count_max);

			if (take)
				take_one(&slab, live, count_max);
			else
				give_one(&slab, live, from);
		}
		check_iteration(&slab, live, count_max);
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
	struct slab slab;
	void *block = build(&slab, 500, sizeof(struct item));
	void *a;

	(void)state;
	a = slab_take(&slab);
	(void)slab_take(&slab);
	slab_give(&slab, a);
	(void)slab_take(&slab);
	assert_int_equal(slab.high, 2);
	assert_non_null(slab_take_at(&slab, 70));
	assert_int_equal(slab.high, 71);
	assert_null(slab_take_at(&slab, 70));
	assert_null(slab_take_at(&slab, 500));
	assert_null(slab_take_at(&slab, UINT32_MAX));
	assert_int_equal(slab.count, 3);
	assert_false(slab_holds(&slab, 69));
	assert_false(slab_holds(&slab, UINT32_MAX));
	free(block);
}

static void restores_from_indices(void **state)
{
	struct slab original;
	struct slab restored;
	void *block = build(&original, 300, 8);
	void *copy = build(&restored, 300, 8);
	struct prng prng;

	(void)state;
	prng_init(&prng, 3);
	for (int i = 0; i < 300; i++)
		(void)slab_take(&original);
	for (int i = 0; i < 200; i++) {
		uint32_t index = slab_next(&original, (uint32_t)prng_below(&prng, 300));

		if (index != SLAB_NONE)
			slab_give(&original, slab_at(&original, index));
	}
	for (uint32_t i = slab_next(&original, 0); i != SLAB_NONE; i = slab_next(&original, i + 1))
		assert_non_null(slab_take_at(&restored, i));
	while (original.count < original.count_max) {
		uint32_t a = slab_index(&original, slab_take(&original));
		uint32_t b = slab_index(&restored, slab_take(&restored));

		assert_int_equal(a, b);
	}
	assert_null(slab_take(&restored));
	free(block);
	free(copy);
}

static void asserts_on_misuse(void **state)
{
	struct slab slab;
	void *block = build(&slab, 10, sizeof(struct item));
	uint8_t *item = slab_take(&slab);

	(void)state;
	unit_expect_assert(slab_give(&slab, item + 8));
	unit_expect_assert((void)slab_at(&slab, 1));
	slab_give(&slab, item);
	unit_expect_assert(slab_give(&slab, item));
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

	return cmocka_run_group_tests_name("base/slab", tests, NULL, NULL);
}

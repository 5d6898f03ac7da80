/* SPDX-License-Identifier: Apache-2.0 */
/* The tree against a plain row of keys. */
#include "base/mintree.h"

#include "unit.h"

#include "base/arena.h"
#include "base/prng.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 5000

struct row {
	struct mintree tree;
	void *memory;
	float keys[KEYS_MAX];
	uint32_t count;
};

static void row_open(struct row *row, uint32_t count_max)
{
	struct arena arena;

	arena_init(&arena, NULL, 0);
	mintree_init(&row->tree, &arena, count_max);
	row->memory = aligned_alloc(ARENA_LINE, (arena.used / ARENA_LINE + 1) * ARENA_LINE);
	assert_non_null(row->memory);
	memset(row->memory, 0, arena.used);
	arena_init(&arena, row->memory, arena.used);
	mintree_init(&row->tree, &arena, count_max);
	assert_true(arena_fits(&arena));
	row->count = 0;
}

static uint32_t first_by_hand(const struct row *row)
{
	uint32_t first = MINTREE_NONE;

	for (uint32_t i = 0; i < row->count; i++)
		if (row->keys[i] != MINTREE_ABSENT &&
			(first == MINTREE_NONE || row->keys[i] < row->keys[first]))
			first = i;
	return first;
}

static void compare(const struct row *row)
{
	uint32_t first = first_by_hand(row);

	assert_int_equal(row->tree.count, row->count);
	assert_int_equal(mintree_first(&row->tree), first);
	assert_true(mintree_least(&row->tree) ==
		    (first == MINTREE_NONE ? MINTREE_ABSENT : row->keys[first]));
	for (uint32_t i = 0; i < row->count; i++)
		assert_true(mintree_key(&row->tree, i) == row->keys[i]);
}

static void push(struct row *row, float key)
{
	mintree_push(&row->tree, key);
	row->keys[row->count++] = key;
}

static void an_empty_tree_has_no_first(void **state)
{
	struct row row;

	(void)state;
	row_open(&row, 1);
	compare(&row);
	mintree_check(&row.tree);
	unit_expect_assert(mintree_pop(&row.tree));
	unit_expect_assert(mintree_set(&row.tree, 0, 1.0f));
	push(&row, 2.0f);
	compare(&row);
	unit_expect_assert(mintree_push(&row.tree, 1.0f));
	free(row.memory);
}

static void equal_keys_go_by_place(void **state)
{
	struct row row;

	(void)state;
	row_open(&row, 300);
	for (uint32_t i = 0; i < 300; i++)
		push(&row, -1.0f);
	assert_int_equal(mintree_first(&row.tree), 0);
	mintree_set(&row.tree, 0, MINTREE_ABSENT);
	assert_int_equal(mintree_first(&row.tree), 1);
	mintree_set(&row.tree, 299, -2.0f);
	assert_int_equal(mintree_first(&row.tree), 299);
	free(row.memory);
}

/* Sizes around the powers of sixteen, where a level comes or goes. */
static void grows_and_shrinks_by_one(void **state)
{
	struct row row;

	(void)state;
	row_open(&row, KEYS_MAX);
	for (uint32_t i = 0; i < 4200; i++) {
		push(&row, (float)((i * 7919) % 4201));
		mintree_check(&row.tree);
		assert_int_equal(mintree_first(&row.tree), first_by_hand(&row));
	}
	while (row.count > 0) {
		mintree_pop(&row.tree);
		row.count--;
		mintree_check(&row.tree);
		assert_int_equal(mintree_first(&row.tree), first_by_hand(&row));
	}
	for (uint32_t i = 0; i < 300; i++)
		push(&row, 300.0f - (float)i);
	compare(&row);
	mintree_clear(&row.tree);
	row.count = 0;
	compare(&row);
	free(row.memory);
}

static void follows_any_changes(void **state)
{
	struct prng random;
	struct row row;

	(void)state;
	prng_init(&random, 7);
	row_open(&row, KEYS_MAX);
	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t what = prng_below(&random, 100);
		float key = (float)prng_below(&random, 50);

		if (prng_below(&random, 10) == 0)
			key = MINTREE_ABSENT;
		if (row.count == 0 || (what < 5 && row.count < 700)) {
			push(&row, key);
		} else if (what < 8) {
			mintree_pop(&row.tree);
			row.count--;
		} else {
			uint32_t place = (uint32_t)prng_below(&random, row.count);

			mintree_set(&row.tree, place, key);
			row.keys[place] = key;
		}
		assert_int_equal(mintree_first(&row.tree), first_by_hand(&row));
	}
	compare(&row);
	mintree_check(&row.tree);
	free(row.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_tree_has_no_first),
		cmocka_unit_test(equal_keys_go_by_place),
		cmocka_unit_test(grows_and_shrinks_by_one),
		cmocka_unit_test(follows_any_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

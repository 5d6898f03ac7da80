/* SPDX-License-Identifier: Apache-2.0 */
/* A measuring arena must ask for exactly what a real one then deals out. */
#include "base/arena.h"

#include "unit.h"

#include "base/units.h"

static void measures_what_it_deals(void **state)
{
	static _Alignas(ARENA_ALIGNMENT) uint8_t block[4096];
	struct arena measure;
	struct arena arena;
	uint8_t *a;
	uint8_t *b;

	(void)state;
	arena_init(&measure, NULL, 0);
	assert_null(arena_take(&measure, 3, 5));
	assert_null(arena_take(&measure, 10, 16));
	assert_int_equal(measure.used, 16 + 160);
	assert_true(arena_fits(&measure));

	arena_init(&arena, block, measure.used);
	a = arena_take(&arena, 3, 5);
	b = arena_take(&arena, 10, 16);
	assert_ptr_equal(a, block);
	assert_ptr_equal(b, block + 16);
	assert_int_equal(arena.used, measure.used);
	assert_true(arena_fits(&arena));
	assert_null(arena_take(&arena, 1, 1));
	assert_false(arena_fits(&arena));
}

static void starts_a_piece_at_a_line(void **state)
{
	static _Alignas(ARENA_LINE) uint8_t block[4 * ARENA_LINE];
	struct arena arena;

	(void)state;
	arena_init(&arena, block, sizeof(block));
	arena_align(&arena);
	assert_ptr_equal(arena_take(&arena, 1, 1), block);
	arena_align(&arena);
	assert_ptr_equal(arena_take(&arena, 1, 1), block + ARENA_LINE);
	assert_ptr_equal(arena_take(&arena, 1, 1), block + ARENA_LINE + ARENA_ALIGNMENT);
	/* What overflowed stays so. */
	assert_null(arena_take(&arena, SIZE_MAX / 2, 3));
	arena_align(&arena);
	assert_false(arena_fits(&arena));
}

static void refuses_sizes_that_overflow(void **state)
{
	static _Alignas(ARENA_ALIGNMENT) uint8_t block[64];
	struct arena arena;

	(void)state;
	arena_init(&arena, block, sizeof(block));
	assert_null(arena_take(&arena, SIZE_MAX / 2, 3));
	assert_false(arena_fits(&arena));
	assert_null(arena_take(&arena, 1, 1));
	assert_false(arena_fits(&arena));

	arena_init(&arena, NULL, 0);
	assert_null(arena_take(&arena, SIZE_MAX / 2, 1));
	assert_true(arena_fits(&arena));
	assert_null(arena_take(&arena, SIZE_MAX / 2 + 2, 1));
	assert_false(arena_fits(&arena));
}

static void never_stays_never(void **state)
{
	(void)state;
	assert_int_equal(time_add_ns(5, 7), 12);
	assert_true(time_add_ns(TIME_NEVER_NS, -1) == TIME_NEVER_NS);
	assert_true(time_add_ns(-1, TIME_NEVER_NS) == TIME_NEVER_NS);
	assert_true(time_add_ns(INT64_MAX - 1, NS_PER_DAY) == TIME_NEVER_NS);
	assert_true(time_add_ns(INT64_MIN, -1) == INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures_what_it_deals),
		cmocka_unit_test(starts_a_piece_at_a_line),
		cmocka_unit_test(refuses_sizes_that_overflow),
		cmocka_unit_test(never_stays_never),
	};

	return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The ring must hold the last records pushed, in order, and give out zeroed ones. */
#include "base/ring.h"

#include <string.h>

#include "unit.h"

#include "base/arena.h"

#define RECORD_COUNT 7

struct record {
	uint64_t number;
	uint32_t check;
};

static _Alignas(ARENA_ALIGNMENT) uint8_t block[RECORD_COUNT * sizeof(struct record)];

static void build(struct ring *ring, uint32_t count_max)
{
	struct arena arena;

	memset(block, 0, sizeof(block));
	arena_init(&arena, block, sizeof(block));
	ring_init(ring, &arena, count_max, sizeof(struct record));
	assert_true(arena_fits(&arena));
}

static void push_number(struct ring *ring, uint64_t number)
{
	struct record *record = ring_push(ring);

	assert_int_equal(record->number, 0);
	assert_int_equal(record->check, 0);
	record->number = number;
	record->check = (uint32_t)~number;
	assert_ptr_equal(ring_last(ring), record);
}

static void check_numbers(const struct ring *ring, uint64_t pushed, uint32_t count_max)
{
	uint64_t count = pushed < count_max ? pushed : count_max;

	assert_int_equal(ring->count, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct record *record = ring_at(ring, i);

		assert_int_equal(record->number, pushed - count + i + 1);
		assert_int_equal(record->check, (uint32_t)~record->number);
	}
}

static void keeps_the_last_records(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, RECORD_COUNT};

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct ring ring;

		build(&ring, sizes[k]);
		assert_null(ring_last(&ring));
		for (uint64_t i = 1; i <= 50; i++) {
			push_number(&ring, i);
			check_numbers(&ring, i, sizes[k]);
		}
	}
}

static void starts_anew_when_cleared(void **state)
{
	struct ring ring;

	(void)state;
	build(&ring, 3);
	for (uint64_t i = 1; i <= 5; i++)
		push_number(&ring, i);
	ring_clear(&ring);
	check_numbers(&ring, 0, 3);
	assert_null(ring_last(&ring));
	for (uint64_t i = 1; i <= 4; i++)
		push_number(&ring, i);
	check_numbers(&ring, 4, 3);
}

static void touches_slots_only_in_turn(void **state)
{
	struct ring ring;

	(void)state;
	build(&ring, RECORD_COUNT);
	push_number(&ring, 1);
	push_number(&ring, 2);
	for (size_t i = 2 * sizeof(struct record); i < sizeof(block); i++)
		assert_int_equal(block[i], 0);
}

static void asserts_on_misuse(void **state)
{
	struct ring ring;

	(void)state;
	build(&ring, 3);
	push_number(&ring, 1);
	unit_expect_assert((void)ring_at(&ring, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_last_records),
		cmocka_unit_test(starts_anew_when_cleared),
		cmocka_unit_test(touches_slots_only_in_turn),
		cmocka_unit_test(asserts_on_misuse),
	};

	return cmocka_run_group_tests_name("base/ring", tests, NULL, NULL);
}

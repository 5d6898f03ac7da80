/* SPDX-License-Identifier: Apache-2.0 */
/* When a pool may turn round: not within a quarter of an hour, but for tasks that suffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/units.h"
#include "core/calm.h"

#define AGENTS 5

static struct strategy_view view = {.agents = AGENTS, .slots_coming = 50, .slots_ready = 50};
static struct calm_memory memory;

/* What becomes of a wish for so many agents after so long. */
static uint32_t look(int64_t after_ns, uint32_t agents)
{
	struct strategy_wish wish = {.agents = agents, .reason = BAL_REASON_SCALE_LOAD_HIGH};

	view.now_ns += after_ns;
	wish = calm_look(&memory, &view, wish);
	if (wish.agents != agents)
		assert_int_equal(wish.reason, BAL_REASON_HOLD_CALM);
	return wish.agents;
}

static int begin(void **state)
{
	(void)state;
	calm_begin(&memory);
	view.now_ns = 0;
	view.busy = 45;
	view.waiting = 0;
	return 0;
}

static void test_the_first_turn_is_free(void **state)
{
	(void)state;
	assert_int_equal(look(0, 6), 6);
	assert_int_equal(look(1, 8), 8); /* further the same way is no turn */
	assert_int_equal(look(1, 4), 4);
	assert_int_equal(look(1, 3), 3);
	assert_int_equal(look(0, AGENTS), AGENTS);
}

static void test_the_second_waits(void **state)
{
	(void)state;
	look(0, 6);
	look(NS_PER_S, 4);
	assert_int_equal(look(15 * NS_PER_MIN - 1, 6), AGENTS);
	assert_int_equal(look(1, 6), 6);
	assert_int_equal(look(15 * NS_PER_MIN - 1, 4), AGENTS);
	assert_int_equal(look(1, 4), 4);
}

/* More than nine of ten slots busy, or a task that waits: up it goes, but never down. */
static void test_unless_tasks_suffer(void **state)
{
	(void)state;
	look(0, 6);
	look(NS_PER_S, 4);
	assert_int_equal(look(NS_PER_S, 6), AGENTS);
	view.busy = 46;
	assert_int_equal(look(NS_PER_S, 6), 6);
	assert_int_equal(look(NS_PER_S, 4), AGENTS);
	begin(state);
	look(0, 6);
	look(NS_PER_S, 4);
	view.waiting = 1;
	assert_int_equal(look(NS_PER_S, 6), 6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_the_first_turn_is_free, begin),
		cmocka_unit_test_setup(test_the_second_waits, begin),
		cmocka_unit_test_setup(test_unless_tasks_suffer, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

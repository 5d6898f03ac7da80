/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of which state may follow which, written once more by hand for what matters. */
#include "scene.h"

#include "core/life.h"

static void test_nothing_leaves_an_end_but_to_be_forgotten(void **state)
{
	(void)state;
	for (uint32_t from = 0; from < BAL_TASK_STATE_COUNT; from++) {
		bool ended = from >= BAL_TASK_SUCCEEDED;

		assert_int_equal(life_task_ended((enum bal_task_state)from), ended);
		for (uint32_t to = 0; ended && to < BAL_TASK_STATE_COUNT; to++)
			assert_int_equal(
				life_task_may((enum bal_task_state)from, (enum bal_task_state)to),
				to == BAL_TASK_FREE);
	}
}

static void test_tasks(void **state)
{
	(void)state;
	assert_true(life_task_may(BAL_TASK_QUEUED, BAL_TASK_DISPATCHED));
	assert_true(life_task_may(BAL_TASK_DISPATCHED, BAL_TASK_QUEUED));
	assert_false(life_task_may(BAL_TASK_WAITING, BAL_TASK_DISPATCHED));
	assert_false(life_task_may(BAL_TASK_SUBMITTED, BAL_TASK_DISPATCHED));
	assert_false(life_task_may(BAL_TASK_FINISHING, BAL_TASK_QUEUED));
	assert_false(life_task_may(BAL_TASK_STATE_COUNT, BAL_TASK_FREE));
}

static void test_agents(void **state)
{
	(void)state;
	assert_true(life_agent_may(BAL_AGENT_EJECTED, BAL_AGENT_READY));
	assert_false(life_agent_may(BAL_AGENT_STARTING, BAL_AGENT_EJECTED));
	assert_false(life_agent_may(BAL_AGENT_GONE, BAL_AGENT_READY));
	assert_false(life_agent_may(BAL_AGENT_DRAINING, BAL_AGENT_EJECTED));
	assert_false(life_agent_may(BAL_AGENT_STATE_COUNT, BAL_AGENT_FREE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_leaves_an_end_but_to_be_forgotten),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_agents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox has room for whatever one event causes, and what must wait for room comes later. */
#include "scene.h"

#define TASKS 300

static const struct bal_limits LIMITS = {
	.tasks_max = TASKS + 1,
	.agents_max = 4,
	.pools_max = 2,
	.kinds_max = 1,
	.tenants_max = 1,
	.limits_max = 1,
	.lanes_max = 2,
	.histories_max = 8,
	.conversations_max = 1,
	.explanations_max = 8,
	.orders_max = 8,
	.effects_max = 256,
};

/* Restored tasks take no slot that is not there; still an agent has only so many. */
static void test_end_of_an_agent_with_many_restored_tasks(void **state)
{
	struct scene *scene = scene_open(&LIMITS);
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_LEASE);
	uint32_t taken = 0;

	(void)state;
	scene->room = 1;
	scene_pool(scene, &pool);
	scene_agent(scene, 1000, 0, 1);
	for (uint64_t id = 1; id <= TASKS; id++) {
		struct bal_event_restored restored = {.agent = 1000,
			.until_ns = BAL_NEVER_NS,
			.task = {.id = id, .deadline_ns = BAL_NEVER_NS}};

		taken += scene_step(scene, (struct bal_event){.type = BAL_EVENT_TASK_RESTORED,
						   .restored = restored}) == BAL_OK;
	}
	assert_int_equal(taken, LIMITS.effects_max / 2);
	scene_start(scene, 1);
	scene_clear(scene);
	assert_int_equal(scene_down(scene, 1000, false), BAL_OK);
	assert_int_equal(scene_count(scene, BAL_EFFECT_REQUEUE), taken);
	bal_core_check(scene->core);
	scene_close(scene);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_of_an_agent_with_many_restored_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

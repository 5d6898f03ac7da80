/* SPDX-License-Identifier: Apache-2.0 */
/* Views are copies of what is; asked for what is not, they say so. */
#include "scene.h"

static void test_what_is_not_there(void **state)
{
	struct scene *scene = *state;
	struct bal_task_view task;
	struct bal_agent_view agent;
	struct bal_pool_view pool;

	assert_false(bal_task_view(scene->core, 1, &task));
	assert_false(bal_agent_view(scene->core, 1, &agent));
	assert_false(bal_agent_view_at(scene->core, 0, &agent));
	assert_false(bal_agent_view_at(scene->core, UINT32_MAX, &agent));
	assert_false(bal_pool_view(scene->core, 0, &pool));
	assert_false(bal_pool_view(scene->core, UINT32_MAX, &pool));
}

static void test_agent(void **state)
{
	struct scene *scene = *state;
	struct bal_agent_view view;
	int64_t up_ns = scene->now_ns;

	scene_pool_urls(scene, 2, 101, 3);
	scene_sample(scene, 101, BAL_SIGNAL_CPU_PERMILLE, 250);
	scene_submit(scene, (struct bal_event_task){.id = 1});
	scene_run_for(scene, 4 * NS_PER_S);
	scene_submit(scene, (struct bal_event_task){.id = 2});
	scene_succeed(scene, 1, 4 * NS_PER_S);
	scene_run_for(scene, 2 * NS_PER_S);
	assert_true(bal_agent_view_at(scene->core, 0, &view));
	assert_int_equal(view.agent, 101);
	assert_int_equal(view.pool, 2);
	assert_int_equal(view.state, BAL_AGENT_READY);
	assert_int_equal(view.slots, 3);
	assert_int_equal(view.running, 1);
	assert_int_equal(view.up_at_ns, up_ns);
	assert_int_equal(view.finished_count, 1);
	assert_int_equal(view.failed_count, 0);
	assert_int_equal(view.busy_ns, 6 * NS_PER_S); /* what runs counts so far */
	assert_int_equal(view.signals[BAL_SIGNAL_CPU_PERMILLE], 250);
	assert_int_equal(view.signals[BAL_SIGNAL_MEMORY_MIB], -1);
}

static void test_pool(void **state)
{
	struct scene *scene = *state;
	struct bal_pool_view view;

	scene_pool_urls(scene, 0, 101, 1);
	scene_pool_urls(scene, 1, 102, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1});
	scene_submit(scene, (struct bal_event_task){.id = 2});
	scene_submit(scene, (struct bal_event_task){.id = 3, .priority = BAL_PRIORITY_LOW});
	scene_run_for(scene, 7 * NS_PER_S);
	scene_submit(scene, (struct bal_event_task){.id = 4, .priority = BAL_PRIORITY_HIGH});
	view = scene_pool_view(scene, 1);
	assert_int_equal(view.agents[BAL_AGENT_READY], 1);
	assert_int_equal(view.slots_ready, 1);
	assert_int_equal(view.running, 1);
	assert_int_equal(view.waiting, 2);
	assert_int_equal(view.oldest_wait_ns, 7 * NS_PER_S);
	scene_succeed(scene, scene_task_view(scene, 1).agent == 102 ? 1 : 2, 3 * NS_PER_S);
	assert_int_equal(scene_pool_view(scene, 1).service_ns, 3 * NS_PER_S);
	/* A lane that this pool does not serve is not its waiting. */
	assert_int_equal(scene_pool_view(scene, 0).waiting, 1);
	STEP(scene, POOL_PAUSED, pool_paused, .dispatch = true, .scale_out = true,
		.scale_in = true);
	view = scene_pool_view(scene, 0);
	assert_true(view.paused_dispatch && view.paused_scale_out && view.paused_scale_in);
}

static void test_pool_counts_only_lanes_that_it_serves(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(1, BAL_POOL_URLS);

	scene_pool_urls(scene, 0, 101, 1);
	pool.offers.words[0] = 2;
	scene_pool(scene, &pool);
	scene_submit(scene, (struct bal_event_task){.id = 1, .needs.tags.words = {2}});
	assert_int_equal(scene_pool_view(scene, 0).waiting, 0);
	assert_int_equal(scene_pool_view(scene, 1).waiting, 1);
}

static void test_totals(void **state)
{
	struct scene *scene = *state;
	struct bal_totals totals;

	scene_pool_urls(scene, 0, 101, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1});
	scene_submit(scene, (struct bal_event_task){.id = 2, .priority = BAL_PRIORITY_BATCH});
	scene_submit(scene, (struct bal_event_task){.id = 3, .needs.tags.words = {4}});
	totals = scene_totals(scene);
	assert_int_equal(totals.tasks, 2);
	assert_int_equal(totals.submitted_count, 3);
	assert_int_equal(totals.refused_count, 1);
	assert_int_equal(totals.dispatched_count, 1);
	assert_int_equal(totals.states[BAL_TASK_DISPATCHED], 1);
	assert_int_equal(totals.states[BAL_TASK_QUEUED], 1);
	assert_int_equal(totals.waiting[BAL_PRIORITY_BATCH], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_what_is_not_there),
		TEST(test_agent),
		TEST(test_pool),
		TEST(test_pool_counts_only_lanes_that_it_serves),
		TEST(test_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

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

/* Every class counts for the oldest wait, and it is the wait for a slot, not the age. */
static void test_oldest_wait(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 100);
	assert_int_equal(scene_pool_view(scene, 0).oldest_wait_ns, 0);
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++) {
		scene_submit(scene, (struct bal_event_task){.id = 1 + i, .priority = i});
		scene_run_for(scene, (1 + i) * NS_PER_S);
		assert_int_equal(scene_pool_view(scene, 0).oldest_wait_ns, (1 + i) * NS_PER_S);
		assert_int_equal(scene_totals(scene).waiting[i], 1);
		scene_cancel(scene, 1 + i);
	}
	scene_clear(scene);
	STEP(scene, ATTEMPT_ENDED, ended, .task = 100, .epoch = 1, .attempt = 1,
		.outcome = BAL_OUTCOME_BUSY, .retry_after_ns = NS_PER_MIN);
	scene_run_for(scene, 2 * NS_PER_S);
	assert_int_equal(scene_pool_view(scene, 0).oldest_wait_ns, 2 * NS_PER_S);
}

static void test_task(void **state)
{
	struct scene *scene = *state;
	int64_t begun_ns = scene->now_ns;
	struct bal_task_view view;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_task(scene, 2);
	view = scene_task_view(scene, 2);
	assert_int_equal(view.state, BAL_TASK_QUEUED);
	assert_int_equal(view.agent, 0);
	assert_int_equal(view.attempt, 0);
	assert_true(view.until_ns == BAL_NEVER_NS);
	assert_true(view.submitted_at_ns == begun_ns);
	scene_run_for(scene, 3 * NS_PER_S);
	scene_succeed(scene, 1, NS_PER_S);
	view = scene_task_view(scene, 2);
	assert_int_equal(view.state, BAL_TASK_DISPATCHED);
	assert_int_equal(view.reason, BAL_REASON_ROUTED);
	assert_int_equal(view.agent, 101);
	assert_int_equal(view.attempt, 1);
	assert_true(view.submitted_at_ns == begun_ns);
	assert_true(view.dispatched_at_ns == begun_ns + 3 * NS_PER_S);
	assert_true(view.until_ns == begun_ns + 3 * NS_PER_S + 10 * NS_PER_MIN);
	assert_int_equal(STEP(scene, ATTEMPT_STARTED, attempt, .task = 2, .attempt = 1), BAL_OK);
	assert_int_equal(scene_task_view(scene, 2).state, BAL_TASK_RUNNING);
	assert_int_equal(STEP(scene, ATTEMPT_STARTED, attempt, .task = 2, .attempt = 1), BAL_OK);
	assert_int_equal(STEP(scene, ATTEMPT_STARTED, attempt, .task = 2, .attempt = 2), BAL_STALE);
	assert_int_equal(STEP(scene, ATTEMPT_STARTED, attempt, .task = 3, .attempt = 1), BAL_STALE);
}

static void test_ends_are_counted(void **state)
{
	struct scene *scene = *state;
	struct bal_totals totals;

	scene_pool_urls(scene, 0, 101, 8);
	for (uint64_t id = 1; id <= 7; id++)
		scene_submit(scene, (struct bal_event_task){.id = id, .attempts_max = 2});
	scene_submit(scene,
		(struct bal_event_task){.id = 8, .deadline_ns = scene->now_ns + NS_PER_S / 4});
	scene_succeed(scene, 1, NS_PER_S);
	scene_ended(scene, 2, BAL_OUTCOME_FAILED);
	scene_ended(scene, 3, BAL_OUTCOME_LOST);
	scene_cancel(scene, 4);
	scene_cancel(scene, 5);
	scene_ended(scene, 8, BAL_OUTCOME_LOST);
	scene_run_for(scene, 2 * NS_PER_S);
	scene_ended(scene, 3, BAL_OUTCOME_LOST);
	STEP(scene, ATTEMPT_ENDED, ended, .task = 6, .epoch = 1, .attempt = 9);
	STEP(scene, ATTEMPT_ENDED, ended, .task = 99, .epoch = 1, .attempt = 1);
	totals = scene_totals(scene);
	assert_int_equal(totals.succeeded_count, 1);
	assert_int_equal(totals.failed_count, 1);
	assert_int_equal(totals.dead_count, 1);
	assert_int_equal(totals.cancelled_count, 2);
	assert_int_equal(totals.stale_count, 2);
	assert_int_equal(totals.retried_count, 2);
	assert_int_equal(totals.expired_count, 1);
	assert_int_equal(totals.tasks, 2);
	assert_int_equal(totals.submitted_count, 8);
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
		TEST(test_oldest_wait),
		TEST(test_task),
		TEST(test_ends_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

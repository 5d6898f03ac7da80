/* SPDX-License-Identifier: Apache-2.0 */
/* What is tried again: when, how often, and for how long. */
#include "scene.h"

static int64_t wait_after(struct scene *scene, uint64_t task, struct bal_event_ended ended)
{
	ended.task = task;
	ended.epoch = 1;
	ended.attempt = scene_task_view(scene, task).attempt;
	scene_clear(scene);
	assert_int_equal(scene_step(scene, (struct bal_event){.type = BAL_EVENT_ATTEMPT_ENDED,
						   .ended = ended}),
		BAL_OK);
	return scene_last(scene, BAL_EFFECT_REQUEUE)->value_ns - scene->now_ns;
}

/* However long it asks for, a task handed back comes again within a day. */
static void test_longest_wait_of_a_handed_back_task(void **state)
{
	struct scene *scene = *state;
	struct bal_event_ended ended = {.outcome = BAL_OUTCOME_HANDED_BACK};

	scene_pool_urls(scene, 0, 101, 8);
	scene_task(scene, 1);
	ended.retry_after_ns = -NS_PER_S;
	assert_int_equal(wait_after(scene, 1, ended), 0);
	assert_int_equal(scene_task_view(scene, 1).attempt, 2);
	ended.retry_after_ns = 1;
	assert_int_equal(wait_after(scene, 1, ended), 1);
	scene_run_for(scene, 1);
	ended.retry_after_ns = NS_PER_DAY;
	assert_int_equal(wait_after(scene, 1, ended), NS_PER_DAY);
	scene_task(scene, 2);
	ended.retry_after_ns = 3 * NS_PER_DAY;
	assert_int_equal(wait_after(scene, 2, ended), NS_PER_DAY);
}

/* Doubled twenty times at most, and never more than the pool's ceiling and a half. */
static void test_backoff_of_many_failures(void **state)
{
	static const struct {
		uint32_t failures;
		int64_t backoff_ns, max_ns, wait_ns;
	} rows[] = {
		{0, 1000, NS_PER_DAY, 1000},
		{1, 1000, NS_PER_DAY, 2000},
		{20, 1000, NS_PER_DAY, 1000 << 20},
		{21, 1000, NS_PER_DAY, 1000 << 20},
		{60, 1000, NS_PER_DAY, 1000 << 20},
		{60, NS_PER_DAY, 7 * NS_PER_DAY, 7 * NS_PER_DAY},
		{3, 1000, 8000, 8000},
		{4, 1000, 8000, 8000},
		{5, 0, NS_PER_DAY, 0},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);
		struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_COMMAND);
		int64_t wait_ns;

		pool.attempts_max = 100;
		pool.backoff_ns = rows[i].backoff_ns;
		pool.backoff_max_ns = rows[i].max_ns;
		scene_pool(scene, &pool);
		scene_agent(scene, 101, 0, 1);
		assert_int_equal(STEP(scene, TASK_RESTORED, restored,
					 .task = {.id = 1,
						 .deadline_ns = BAL_NEVER_NS,
						 .needs.tags.words = {1}},
					 .failures = rows[i].failures),
			BAL_OK);
		scene_start(scene, 1);
		wait_ns =
			wait_after(scene, 1, (struct bal_event_ended){.outcome = BAL_OUTCOME_LOST});
		assert_in_range(wait_ns, rows[i].wait_ns / 2, rows[i].wait_ns * 3 / 2);
		scene_close(scene);
	}
}

/* Much success saves up a hundred retries at the short back-off, not more. */
static void test_retry_budget_has_a_ceiling(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_COMMAND);
	uint32_t quick = 0;

	scene->unchecked = true;
	pool.attempts_max = 1000;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	for (uint64_t id = 1; id <= 600; id++) {
		scene_task(scene, id);
		scene_succeed(scene, id, NS_PER_S);
		scene_clear(scene);
	}
	for (uint64_t id = 1001; id <= 1110; id++) {
		scene_task(scene, id);
		quick += wait_after(
				 scene, id, (struct bal_event_ended){.outcome = BAL_OUTCOME_LOST}) <
			 2 * NS_PER_S;
		scene_cancel(scene, id);
	}
	assert_int_equal(quick, 100);
	/* Five tasks that succeed are worth one more. */
	for (uint64_t id = 2001; id <= 2005; id++) {
		scene_task(scene, id);
		scene_succeed(scene, id, NS_PER_S);
		scene_clear(scene);
	}
	for (uint64_t id = 3001; id <= 3002; id++) {
		scene_task(scene, id);
		quick += wait_after(
				 scene, id, (struct bal_event_ended){.outcome = BAL_OUTCOME_LOST}) <
			 2 * NS_PER_S;
	}
	assert_int_equal(quick, 101);
}

/* The time that the agent says it worked is believed; else it is the time since the dispatch. */
static void test_service_is_measured(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_run_for(scene, 8 * NS_PER_S);
	scene_succeed(scene, 1, 3 * NS_PER_S);
	assert_int_equal(scene_pool_view(scene, 0).service_ns, 3 * NS_PER_S);
	assert_int_equal(scene_agent_view(scene, 101).busy_ns, 8 * NS_PER_S);
	scene_task(scene, 2);
	scene_run_for(scene, 5 * NS_PER_S);
	scene_ended(scene, 2, BAL_OUTCOME_SUCCEEDED);
	assert_int_equal(scene_pool_view(scene, 0).service_ns, 4 * NS_PER_S);
	assert_int_equal(scene_agent_view(scene, 101).busy_ns, 13 * NS_PER_S);
	assert_int_equal(scene_agent_view(scene, 101).finished_count, 2);
}

/* The end is asked to be stored until it is, once a second, and is told then. */
static void test_results_are_stored_again_and_again(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1, .flags = BAL_TASK_DURABLE});
	scene_stored(scene, 1, BAL_OK);
	scene_ended(scene, 1, BAL_OUTCOME_FAILED);
	scene_expect(scene, "store 1; accept 1; dispatch 1.1@101; store_result 1 failed");
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, ""); /* the disk is slow, which is no failure */
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(scene_result_stored(scene, 1, BAL_NO_SPACE), BAL_OK);
		scene_run_for(scene, NS_PER_S - 1);
		scene_expect(scene, "");
		scene_run_for(scene, 1);
		scene_expect(scene, "store_result 1 failed");
	}
	assert_int_equal(scene_cancel(scene, 1), BAL_OK); /* too late */
	scene_expect(scene, "");
	assert_int_equal(scene_result_stored(scene, 1, BAL_OK), BAL_OK);
	scene_expect(scene, "complete 1 failed");
	assert_int_equal(scene_result_stored(scene, 1, BAL_OK), BAL_UNKNOWN);
}

/* A lease that runs out is a lost worker, an attempt that takes too long is a time-out; the pool
 * says which of both is tried again. */
static void test_lost_or_timed_out(void **state)
{
	static const struct {
		enum bal_pool_kind kind;
		enum bal_outcome retried;
		const char *effects;
	} rows[] = {
		{BAL_POOL_LEASE, BAL_OUTCOME_LOST, "rescind 1.1@101 lease_expired; requeue 1"},
		{BAL_POOL_LEASE, BAL_OUTCOME_TIMEOUT,
			"rescind 1.1@101 lease_expired; complete 1 failed"},
		{BAL_POOL_URLS, BAL_OUTCOME_LOST,
			"rescind 1.1@101 attempt_timeout; complete 1 failed"},
		{BAL_POOL_URLS, BAL_OUTCOME_TIMEOUT, "rescind 1.1@101 attempt_timeout; requeue 1"},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);
		struct bal_event_pool pool = scene_pool_standard(0, rows[i].kind);

		pool.retry_outcomes = 1u << rows[i].retried;
		pool.timeout_ns = NS_PER_S;
		scene_start(scene, 1);
		scene_pool(scene, &pool);
		scene_agent(scene, 101, 0, 1);
		scene_task(scene, 1);
		scene_clear(scene);
		scene_run_for(scene, NS_PER_S);
		scene_expect(scene, rows[i].effects);
		scene_close(scene);
	}
}

/* An agent is believed how long it is busy, however short. */
static void test_busy_for_a_moment(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	wait_after(scene, 1,
		(struct bal_event_ended){.outcome = BAL_OUTCOME_BUSY, .retry_after_ns = 1});
	scene_clear(scene);
	scene_run_for(scene, 1);
	scene_expect(scene, "dispatch 1.2@101");
	wait_after(scene, 1,
		(struct bal_event_ended){.outcome = BAL_OUTCOME_BUSY, .retry_after_ns = -1});
	scene_clear(scene);
	scene_run_for(scene, NS_PER_S - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "dispatch 1.3@101");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_longest_wait_of_a_handed_back_task),
		cmocka_unit_test(test_backoff_of_many_failures),
		TEST(test_retry_budget_has_a_ceiling),
		TEST(test_service_is_measured),
		TEST(test_results_are_stored_again_and_again),
		cmocka_unit_test(test_lost_or_timed_out),
		TEST(test_busy_for_a_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

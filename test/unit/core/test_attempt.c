/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a task after it was bound: answers, retries, hand-backs, lent slots, fencing. */
#include "scene.h"

static void test_durable_task_is_told_only_what_is_on_disk(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	assert_int_equal(
		scene_submit(scene, (struct bal_event_task){.id = 1, .flags = BAL_TASK_DURABLE}),
		BAL_OK);
	scene_expect(scene, "store 1");
	scene_expect_why(scene, 1, BAL_WHY_WAITING, BAL_REASON_WAIT_STORE);
	assert_int_equal(scene_stored(scene, 1, BAL_OK), BAL_OK);
	scene_expect(scene, "accept 1; dispatch 1.1@101");
	assert_int_equal(STEP(scene, ATTEMPT_STARTED, attempt, .task = 1, .attempt = 1), BAL_OK);
	assert_int_equal(scene_task_view(scene, 1).state, BAL_TASK_RUNNING);
	assert_int_equal(STEP(scene, ATTEMPT_STARTED, attempt, .task = 1, .attempt = 1), BAL_OK);
	scene_run_for(scene, NS_PER_S);
	assert_int_equal(scene_ended(scene, 1, BAL_OUTCOME_SUCCEEDED), BAL_OK);
	scene_expect(scene, "store_result 1 succeeded");
	/* The disk does not take it: asked again after a second, and nobody is told before. */
	assert_int_equal(scene_result_stored(scene, 1, BAL_NO_SPACE), BAL_OK);
	scene_run_for(scene, NS_PER_S - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "store_result 1 succeeded");
	assert_int_equal(scene_result_stored(scene, 1, BAL_OK), BAL_OK);
	scene_expect(scene, "complete 1 succeeded");
	assert_int_equal(scene_result_stored(scene, 1, BAL_OK), BAL_UNKNOWN);
	assert_int_equal(scene_totals(scene).succeeded_count, 1);
	assert_int_equal(scene_totals(scene).tasks, 0);
}

static void test_submission_that_cannot_be_stored_is_refused(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1, .flags = BAL_TASK_DURABLE});
	assert_int_equal(scene_result_stored(scene, 1, BAL_OK), BAL_UNKNOWN);
	assert_int_equal(scene_stored(scene, 1, BAL_NO_SPACE), BAL_OK);
	scene_expect(scene, "store 1; refuse 1 refused_store");
	scene_expect_why(scene, 1, BAL_WHY_REFUSED, BAL_REASON_REFUSED_STORE);
	assert_int_equal(scene_stored(scene, 1, BAL_OK), BAL_UNKNOWN);
}

static void test_failures_back_off_then_dead_letter(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_COMMAND);
	int64_t waits_ns[3];

	pool.attempts_max = 4;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	scene_task(scene, 1);
	for (uint32_t i = 0; i < 3; i++) {
		scene_clear(scene);
		assert_int_equal(scene_ended(scene, 1, BAL_OUTCOME_RETRYABLE), BAL_OK);
		scene_expect_why(scene, 1, BAL_WHY_WAITING, BAL_REASON_WAIT_BACKOFF);
		waits_ns[i] = scene_last(scene, BAL_EFFECT_REQUEUE)->value_ns - scene->now_ns;
		assert_int_equal(scene_task_view(scene, 1).state, BAL_TASK_WAITING);
		scene_run_for(scene, waits_ns[i] - 1);
		assert_int_equal(scene_count(scene, BAL_EFFECT_DISPATCH), 0);
		scene_run_for(scene, 1);
		assert_int_equal(scene_last(scene, BAL_EFFECT_DISPATCH)->attempt, i + 2);
	}
	/* Base, doubled per failure, between half and one and a half of it. */
	for (uint32_t i = 0; i < 3; i++) {
		assert_in_range(waits_ns[i], (NS_PER_S << i) / 2, (NS_PER_S << i) * 3 / 2);
	}
	scene_clear(scene);
	assert_int_equal(scene_ended(scene, 1, BAL_OUTCOME_LOST), BAL_OK);
	scene_expect(scene, "complete 1 dead");
	assert_int_equal(scene_totals(scene).dead_count, 1);
	assert_int_equal(scene_totals(scene).retried_count, 3);
}

static void test_attempts_of_the_task_win_over_its_pools(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1, .attempts_max = 1});
	scene_ended(scene, 1, BAL_OUTCOME_LOST);
	scene_expect(scene, "accept 1; dispatch 1.1@101; complete 1 dead");
}

static void test_what_the_pool_does_not_retry_fails(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_ended(scene, 1, BAL_OUTCOME_FAILED);
	scene_expect(scene, "accept 1; dispatch 1.1@101; complete 1 failed");
	assert_int_equal(scene_totals(scene).failed_count, 1);
	assert_int_equal(scene_agent_view(scene, 101).failed_count, 1);
}

static void test_retry_budget_stretches_backoff(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_COMMAND);

	/* Ten retries are free, then each finished task buys a fifth of one. */
	pool.attempts_max = 100;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 64);
	for (uint64_t id = 1; id <= 12; id++) {
		int64_t wait_ns;

		scene_task(scene, id);
		scene_ended(scene, id, BAL_OUTCOME_LOST);
		wait_ns = scene_last(scene, BAL_EFFECT_REQUEUE)->value_ns - scene->now_ns;
		if (id <= 10)
			assert_in_range(wait_ns, NS_PER_S / 2, NS_PER_S * 3 / 2);
		else
			assert_in_range(wait_ns, NS_PER_MIN / 2, NS_PER_MIN * 3 / 2);
	}
	for (uint64_t id = 20; id < 25; id++) {
		scene_task(scene, id);
		scene_succeed(scene, id, NS_PER_S);
	}
	scene_task(scene, 30);
	scene_ended(scene, 30, BAL_OUTCOME_LOST);
	assert_in_range(scene_last(scene, BAL_EFFECT_REQUEUE)->value_ns - scene->now_ns,
		NS_PER_S / 2, NS_PER_S * 3 / 2);
}

static void test_busy_is_no_failure(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 2);
	scene_task(scene, 1);
	scene_clear(scene);
	STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 1, .attempt = 1,
		.outcome = BAL_OUTCOME_BUSY, .retry_after_ns = 3 * NS_PER_S);
	scene_expect(scene, "requeue 1");
	/* The agent gets nothing until then, though it has a free slot. */
	scene_task(scene, 2);
	scene_expect(scene, "accept 2");
	scene_run_for(scene, 3 * NS_PER_S - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "dispatch 1.2@101; dispatch 2.1@101");
	assert_int_equal(scene_agent_view(scene, 101).failed_count, 0);
	/* Without a word how long: a second; and never longer than a minute. */
	scene_ended(scene, 1, BAL_OUTCOME_BUSY);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "requeue 1; dispatch 1.3@101");
	STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 1, .attempt = 3,
		.outcome = BAL_OUTCOME_BUSY, .retry_after_ns = NS_PER_HOUR);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "requeue 1; dispatch 1.4@101");
	/* However often: it is never dead of it. */
	for (uint32_t i = 0; i < 8; i++) {
		scene_ended(scene, 1, BAL_OUTCOME_BUSY);
		scene_run_for(scene, NS_PER_S);
	}
	assert_int_equal(scene_task_view(scene, 1).attempt, 12);
}

static void test_handed_back_at_once_or_later(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_ended(scene, 1, BAL_OUTCOME_HANDED_BACK);
	scene_expect(scene, "accept 1; dispatch 1.1@101; requeue 1; dispatch 1.2@101");
	STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 1, .attempt = 2,
		.outcome = BAL_OUTCOME_HANDED_BACK, .retry_after_ns = 30 * NS_PER_S);
	scene_expect(scene, "requeue 1");
	scene_expect_why(scene, 1, BAL_WHY_WAITING, BAL_REASON_WAIT_BACKOFF);
	assert_int_equal(scene_why(scene, 1).expected_wait_ns, 30 * NS_PER_S);
	scene_task(scene, 2);
	scene_expect(scene, "accept 2; dispatch 2.1@101"); /* it holds no slot meanwhile */
	scene_succeed(scene, 2, NS_PER_S);
	scene_clear(scene);
	scene_run_for(scene, 30 * NS_PER_S);
	scene_expect(scene, "dispatch 1.3@101");
}

static void hand_back_for(struct scene *scene, uint64_t task, uint64_t other)
{
	struct bal_task_view view = scene_task_view(scene, task);

	STEP(scene, ATTEMPT_ENDED, ended, .task = task, .epoch = 1, .attempt = view.attempt,
		.outcome = BAL_OUTCOME_HANDED_BACK, .waits_for = other);
}

static void test_waits_for_another_task_without_a_slot(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 4);
	for (uint64_t id = 1; id <= 4; id++)
		scene_task(scene, id);
	for (uint64_t id = 2; id <= 4; id++)
		hand_back_for(scene, id, 1);
	scene_clear(scene);
	scene_expect_why(scene, 3, BAL_WHY_WAITING, BAL_REASON_WAIT_TASK);
	assert_int_equal(scene_why(scene, 3).other, 1);
	assert_int_equal(scene_agent_view(scene, 101).running, 1);
	/* The chain of waiters stands the end of one in its middle, and of its first. */
	scene_cancel(scene, 3);
	scene_expect(scene, "complete 3 cancelled");
	scene_run_for(scene, NS_PER_HOUR / 10);
	scene_expect(scene, "");
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded; dispatch 2.2@101; dispatch 4.2@101");
}

static void test_first_waiter_leaves_the_chain(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 4);
	for (uint64_t id = 1; id <= 3; id++)
		scene_task(scene, id);
	hand_back_for(scene, 2, 1);
	hand_back_for(scene, 3, 1);
	scene_cancel(scene, 3); /* the last that came stands first */
	scene_clear(scene);
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded; dispatch 2.2@101");
	/* Alone in its chain, and then nobody is left to wake. */
	scene_task(scene, 5);
	hand_back_for(scene, 2, 5);
	scene_cancel(scene, 2);
	scene_clear(scene);
	scene_succeed(scene, 5, NS_PER_S);
	scene_expect(scene, "complete 5 succeeded");
}

static void test_waiting_for_an_ended_task_is_no_wait(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_clear(scene);
	hand_back_for(scene, 1, 77);
	scene_expect(scene, "requeue 1; dispatch 1.2@101");
}

/* Three that wait in a row, and the last one for the first. */
static void test_tasks_that_wait_for_each_other(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 3);
	for (uint64_t id = 1; id <= 3; id++)
		scene_task(scene, id);
	hand_back_for(scene, 1, 2);
	hand_back_for(scene, 2, 3);
	scene_clear(scene);
	hand_back_for(scene, 3, 1);
	scene_expect(scene, "requeue 3");
	scene_expect_why(scene, 3, BAL_WHY_WAITING, BAL_REASON_WAIT_CIRCLE);
	scene_expect_why(scene, 2, BAL_WHY_WAITING, BAL_REASON_WAIT_TASK);
	for (uint32_t attempt = 2; attempt <= 5; attempt++) {
		scene_run_for(scene, NS_PER_MIN);
		assert_int_equal(scene_task_view(scene, 3).attempt, attempt);
		scene_clear(scene);
		hand_back_for(scene, 3, 3);
	}
	/* Its attempts are used up, and the others go on. */
	scene_expect(scene, "complete 3 dead; dispatch 2.2@101");
	scene_succeed(scene, 2, NS_PER_S);
	scene_expect(scene, "complete 2 succeeded; dispatch 1.2@101");
}

static void test_a_chain_of_waiting_tasks_is_bounded(void **state)
{
	struct bal_limits limits = SCENE_LIMITS;
	struct scene *scene;

	(void)state;
	limits.tasks_max = 2048;
	limits.effects_max = 8192;
	scene = scene_open(&limits);
	scene->unchecked = true;
	scene_start(scene, 1);
	scene_pool_urls(scene, 0, 101, 2000);
	for (uint64_t id = 1; id <= 1100; id++)
		scene_task(scene, id);
	for (uint64_t id = 2; id <= 1000; id++)
		hand_back_for(scene, id, id - 1);
	scene_expect_why(scene, 1000, BAL_WHY_WAITING, BAL_REASON_WAIT_TASK);
	hand_back_for(scene, 1001, 1000);
	scene_expect_why(scene, 1001, BAL_WHY_WAITING, BAL_REASON_WAIT_CIRCLE);
	scene_close(scene);
}

static void test_attempt_times_out(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_expect(scene, "accept 1; dispatch 1.1@101");
	scene_run_for(scene, 10 * NS_PER_MIN - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "rescind 1.1@101 attempt_timeout; requeue 1");
}

static void test_lease_is_extended_and_runs_out(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_LEASE);
	int64_t begun_ns = scene->now_ns;

	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	scene_task(scene, 1);
	scene_clear(scene);
	assert_int_equal(STEP(scene, ATTEMPT_EXTENDED, extended, .task = 1, .attempt = 1,
				 .until_ns = begun_ns + NS_PER_MIN),
		BAL_OK);
	scene_run_to(scene, begun_ns + NS_PER_MIN - 1);
	scene_expect(scene, "");
	/* Never beyond the pool's time-out, counted from the dispatch. */
	assert_int_equal(STEP(scene, ATTEMPT_EXTENDED, extended, .task = 1, .attempt = 1,
				 .until_ns = begun_ns + NS_PER_HOUR),
		BAL_OK);
	assert_int_equal(scene_task_view(scene, 1).until_ns, begun_ns + 10 * NS_PER_MIN);
	assert_int_equal(STEP(scene, ATTEMPT_EXTENDED, extended, .task = 1, .attempt = 2,
				 .until_ns = begun_ns + NS_PER_HOUR),
		BAL_STALE);
	/* The process stood still for a minute: the lease lives a minute longer. */
	assert_int_equal(STEP(scene, GAP, gap, .duration_ns = NS_PER_MIN), BAL_OK);
	assert_int_equal(STEP(scene, GAP, gap, .duration_ns = -1), BAL_INVALID);
	scene_run_to(scene, begun_ns + 11 * NS_PER_MIN - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESCIND), 1);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESCIND)->reason, BAL_REASON_LEASE_EXPIRED);
}

static void test_late_and_duplicate_answers(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 2);
	scene_task(scene, 1);
	scene_ended(scene, 1, BAL_OUTCOME_LOST);
	scene_clear(scene);
	/* A failure of the attempt that was given up says nothing any more. */
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_FAILED),
		BAL_STALE);
	assert_int_equal(STEP(scene, ATTEMPT_STARTED, attempt, .task = 1, .attempt = 1), BAL_STALE);
	/* Its success counts, while the task is unfinished: here in back-off. */
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_SUCCEEDED),
		BAL_OK);
	scene_expect(scene, "complete 1 succeeded");
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_SUCCEEDED),
		BAL_STALE);
	assert_int_equal(scene_totals(scene).stale_count, 2);
}

static void test_late_success_while_another_attempt_runs(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_ended(scene, 1, BAL_OUTCOME_LOST);
	scene_run_for(scene, 2 * NS_PER_S);
	scene_expect(scene, "accept 1; dispatch 1.1@101; requeue 1; dispatch 1.2@101");
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 0, .attempt = 2,
				 .outcome = BAL_OUTCOME_LOST),
		BAL_STALE); /* the attempt's number of another epoch */
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_SUCCEEDED),
		BAL_OK);
	scene_expect(scene, "rescind 1.2@101 done; complete 1 succeeded");
	assert_int_equal(scene_agent_view(scene, 101).running, 0);
}

static void test_late_success_while_queued_and_while_storing(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1, .flags = BAL_TASK_DURABLE});
	scene_stored(scene, 1, BAL_OK);
	scene_ended(scene, 1, BAL_OUTCOME_LOST);
	scene_task(scene, 2);
	scene_run_for(scene, 2 * NS_PER_S);
	assert_int_equal(scene_task_view(scene, 1).state, BAL_TASK_QUEUED);
	scene_clear(scene);
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_SUCCEEDED),
		BAL_OK);
	scene_expect(scene, "store_result 1 succeeded");
	/* It ended already; the second answer must not end it twice. */
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_SUCCEEDED),
		BAL_STALE);
	scene_expect(scene, "");
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .outcome = BAL_OUTCOME_COUNT),
		BAL_INVALID);
}

static void test_cancel_in_every_state(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	assert_int_equal(scene_cancel(scene, 1), BAL_UNKNOWN);
	scene_submit(scene, (struct bal_event_task){.id = 1, .flags = BAL_TASK_DURABLE});
	assert_int_equal(scene_cancel(scene, 1), BAL_OK);
	scene_expect(scene, "store 1"); /* ends as soon as it is stored */
	scene_stored(scene, 1, BAL_OK);
	scene_expect(scene, "accept 1; store_result 1 cancelled");
	assert_int_equal(scene_cancel(scene, 1), BAL_OK); /* too late: it is ending */
	scene_result_stored(scene, 1, BAL_OK);
	scene_expect(scene, "complete 1 cancelled");
	scene_task(scene, 2);
	scene_task(scene, 3);
	scene_clear(scene);
	scene_cancel(scene, 3); /* queued */
	scene_expect(scene, "complete 3 cancelled");
	STEP(scene, ATTEMPT_STARTED, attempt, .task = 2, .attempt = 1);
	scene_cancel(scene, 2); /* running */
	scene_expect(scene, "rescind 2.1@101 cancelled; complete 2 cancelled");
	scene_task(scene, 4);
	scene_ended(scene, 4, BAL_OUTCOME_LOST);
	scene_clear(scene);
	scene_cancel(scene, 4); /* waiting */
	scene_expect(scene, "complete 4 cancelled");
	assert_int_equal(scene_totals(scene).cancelled_count, 4);
}

static void test_deadline_passes_queued_and_waiting(void **state)
{
	struct scene *scene = *state;
	int64_t deadline_ns = scene->now_ns + 10 * NS_PER_S;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_submit(scene, (struct bal_event_task){.id = 2, .deadline_ns = deadline_ns});
	scene_run_to(scene, deadline_ns - 1);
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2");
	scene_run_for(scene, 1);
	scene_expect(scene, "complete 2 expired");
	assert_int_equal(scene_totals(scene).expired_count, 1);
	scene_succeed(scene, 1, NS_PER_S);
	deadline_ns += 10 * NS_PER_S;
	scene_submit(scene, (struct bal_event_task){.id = 3, .deadline_ns = deadline_ns});
	STEP(scene, ATTEMPT_ENDED, ended, .task = 3, .epoch = 1, .attempt = 1,
		.outcome = BAL_OUTCOME_HANDED_BACK, .retry_after_ns = NS_PER_HOUR);
	scene_clear(scene);
	scene_run_to(scene, deadline_ns);
	scene_expect(scene, "complete 3 expired");
}

/* A child of a parent that does nothing but wait for it. */
static void submit_child(struct scene *scene, uint64_t id, uint64_t parent)
{
	assert_int_equal(scene_submit(scene, (struct bal_event_task){.id = id,
						     .parent = parent,
						     .flags = BAL_TASK_PARENT_WAITS,
						     .priority = BAL_PRIORITY_NORMAL}),
		BAL_OK);
}

static void test_children_borrow_their_parents_slot(void **state)
{
	struct scene *scene = *state;
	struct bal_why why;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	submit_child(scene, 2, 1);
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2; dispatch 2.1@101");
	why = scene_why(scene, 2);
	assert_int_equal(why.reason, BAL_REASON_LENT_SLOT);
	assert_int_equal(why.other, 1);
	assert_int_equal(why.winner.agent, 101);
	/* The slot is lent once: a second child waits, and so does a stranger. */
	submit_child(scene, 3, 1);
	scene_task(scene, 9);
	scene_expect(scene, "accept 3; accept 9");
	/* The child waits in turn, for a child of its own: it lends what it was lent. */
	submit_child(scene, 4, 2);
	scene_expect(scene, "accept 4; dispatch 4.1@101");
	assert_int_equal(scene_why(scene, 4).other, 2);
	assert_int_equal(scene_pool_view(scene, 0).running, 1);
	scene_succeed(scene, 4, NS_PER_S);
	scene_expect(scene, "complete 4 succeeded");
	scene_succeed(scene, 2, NS_PER_S);
	scene_expect(scene, "complete 2 succeeded; dispatch 3.1@101");
	scene_succeed(scene, 3, NS_PER_S);
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 3 succeeded; complete 1 succeeded; dispatch 9.1@101");
}

static void test_grandparent_lends_when_the_parent_was_handed_back(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	submit_child(scene, 2, 1);
	submit_child(scene, 3, 1);
	submit_child(scene, 4, 77); /* of somebody unknown: it waits for a slot of its own */
	scene_clear(scene);
	hand_back_for(scene, 2, 3);
	scene_expect(scene, "requeue 2; dispatch 3.1@101");
	submit_child(scene, 5, 2);
	scene_expect(scene, "accept 5");
	scene_succeed(scene, 3, NS_PER_S);
	scene_expect(scene, "complete 3 succeeded; dispatch 5.1@101");
	assert_int_equal(scene_why(scene, 5).other, 1);
	scene_succeed(scene, 5, NS_PER_S);
	scene_expect(scene, "complete 5 succeeded; dispatch 2.2@101");
}

static void test_lent_slots_respect_what_must_be(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_submit(scene, (struct bal_event_task){.id = 2,
				    .parent = 1,
				    .flags = BAL_TASK_PARENT_WAITS,
				    .needs.not_agents = {101}});
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2");
	STEP(scene, POOL_PAUSED, pool_paused, .dispatch = true);
	submit_child(scene, 3, 1);
	scene_expect(scene, "accept 3");
	STEP(scene, POOL_PAUSED, pool_paused, .dispatch = false);
	scene_expect(scene, "dispatch 3.1@101");
}

static void test_lending_is_bounded(void **state)
{
	struct scene *scene = *state;

	/* A chain of tasks each of which waits for the next, on one slot: as many as the effects of
	 * its agent's end may be. */
	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	for (uint64_t id = 2; id <= 300; id++)
		submit_child(scene, id, id - 1);
	assert_int_equal(scene_agent_view(scene, 101).running, 256);
	scene_clear(scene);
	scene_down(scene, 101, false);
	assert_int_equal(scene_count(scene, BAL_EFFECT_REQUEUE), 256);
}

static void test_parent_ends_before_its_child(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	submit_child(scene, 2, 1);
	scene_clear(scene);
	scene_succeed(scene, 1, NS_PER_S);
	scene_task(scene, 3);
	scene_expect(scene, "complete 1 succeeded; accept 3; dispatch 3.1@101");
	scene_succeed(scene, 2, NS_PER_S);
	scene_succeed(scene, 3, NS_PER_S);
	assert_int_equal(scene_agent_view(scene, 101).running, 0);
	assert_int_equal(scene_pool_view(scene, 0).running, 0);
}

static void test_nobody_lends_where_nobody_waits(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_pool_urls(scene, 1, 102, 1);
	scene_task(scene, 1);
	/* Its parent works on beside it. */
	scene_submit(scene, (struct bal_event_task){.id = 2, .parent = 1});
	scene_clear(scene);
	scene_submit(scene, (struct bal_event_task){.id = 3, .parent = 1});
	scene_expect(scene, "accept 3");
	scene_expect_why(scene, 3, BAL_WHY_WAITING, BAL_REASON_WAIT_TURN);
	/* Its parent is unknown. */
	submit_child(scene, 4, 77);
	scene_expect(scene, "accept 4");
}

static void test_child_with_other_needs_does_not_borrow(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool other = scene_pool_standard(1, BAL_POOL_URLS);

	other.offers.words[0] = 2;
	scene_pool_urls(scene, 0, 101, 1);
	scene_pool(scene, &other);
	scene_task(scene, 1);
	scene_submit(scene, (struct bal_event_task){.id = 2,
				    .parent = 1,
				    .flags = BAL_TASK_PARENT_WAITS,
				    .needs.tags.words = {2}});
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2");
	/* Cancelled while it waits for a lender, it is no longer among those that do. */
	scene_cancel(scene, 2);
	scene_expect(scene, "complete 2 cancelled");
}

static void test_ejected_or_busy_agents_lend_nothing(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_agent(scene, 102, 0, 1);
	scene_task(scene, 1);
	scene_task(scene, 2);
	assert_int_equal(scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 101), BAL_OK);
	scene_clear(scene);
	submit_child(scene, 3, scene_task_view(scene, 1).agent == 101 ? 1 : 2);
	scene_expect(scene, "accept 3");
	assert_int_equal(scene_agent_event(scene, BAL_EVENT_AGENT_READY, 101), BAL_OK);
	scene_expect(scene, "dispatch 3.1@101");
}

static void test_agent_gone_loses_no_task(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 2);
	scene_task(scene, 1);
	scene_task(scene, 2);
	scene_clear(scene);
	assert_int_equal(scene_down(scene, 101, false), BAL_OK);
	scene_expect(scene, "requeue 1; requeue 2");
	assert_int_equal(scene_down(scene, 101, false), BAL_UNKNOWN);
	scene_agent(scene, 102, 0, 2);
	scene_run_for(scene, 2 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DISPATCH), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_durable_task_is_told_only_what_is_on_disk),
		TEST(test_submission_that_cannot_be_stored_is_refused),
		TEST(test_failures_back_off_then_dead_letter),
		TEST(test_attempts_of_the_task_win_over_its_pools),
		TEST(test_what_the_pool_does_not_retry_fails),
		TEST(test_retry_budget_stretches_backoff),
		TEST(test_busy_is_no_failure),
		TEST(test_handed_back_at_once_or_later),
		TEST(test_waits_for_another_task_without_a_slot),
		TEST(test_first_waiter_leaves_the_chain),
		TEST(test_waiting_for_an_ended_task_is_no_wait),
		TEST(test_tasks_that_wait_for_each_other),
		cmocka_unit_test(test_a_chain_of_waiting_tasks_is_bounded),
		TEST(test_attempt_times_out),
		TEST(test_lease_is_extended_and_runs_out),
		TEST(test_late_and_duplicate_answers),
		TEST(test_late_success_while_another_attempt_runs),
		TEST(test_late_success_while_queued_and_while_storing),
		TEST(test_cancel_in_every_state),
		TEST(test_deadline_passes_queued_and_waiting),
		TEST(test_children_borrow_their_parents_slot),
		TEST(test_grandparent_lends_when_the_parent_was_handed_back),
		TEST(test_lent_slots_respect_what_must_be),
		TEST(test_lending_is_bounded),
		TEST(test_parent_ends_before_its_child),
		TEST(test_nobody_lends_where_nobody_waits),
		TEST(test_child_with_other_needs_does_not_borrow),
		TEST(test_ejected_or_busy_agents_lend_nothing),
		TEST(test_agent_gone_loses_no_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Parents, children and tasks that wait for each other: who lends to whom, and who is woken. */
#include "scene.h"

/* Pool 0 has one slot; pool 1, for tag 1, has many. */
static void begin(struct scene *scene)
{
	struct bal_event_pool other = scene_pool_standard(1, BAL_POOL_URLS);

	scene_pool_urls(scene, 0, 101, 1);
	other.offers.words[0] = 2;
	scene_pool(scene, &other);
	scene_agent(scene, 102, 1, 8);
	scene_task(scene, 1);
	scene_clear(scene);
}

static void child(struct scene *scene, uint64_t id, uint64_t parent, uint32_t pool, bool waits)
{
	assert_int_equal(scene_submit(scene, (struct bal_event_task){.id = id,
						     .parent = parent,
						     .priority = BAL_PRIORITY_NORMAL,
						     .needs.tags.words = {1u << pool},
						     .flags = waits ? BAL_TASK_PARENT_WAITS : 0}),
		BAL_OK);
}

/* A child that its parent does not wait for says nothing about those that it does wait for. */
static void test_other_children_end(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	child(scene, 2, 1, 0, true);
	child(scene, 3, 1, 0, true);
	for (uint64_t id = 4; id <= 6; id++)
		child(scene, id, 1, 1, false);
	scene_clear(scene);
	for (uint64_t id = 4; id <= 6; id++)
		scene_succeed(scene, id, NS_PER_S);
	scene_clear(scene);
	scene_succeed(scene, 2, NS_PER_S);
	scene_expect(scene, "complete 2 succeeded; dispatch 3.1@101");
	scene_expect_why(scene, 3, BAL_WHY_ROUTED, BAL_REASON_LENT_SLOT);
}

/* The slot is lent to one at a time, again and again, and is the parent's in the end. */
static void test_children_one_after_the_other(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	for (uint64_t id = 2; id <= 5; id++)
		child(scene, id, 1, 0, true);
	scene_task(scene, 9);
	scene_expect(scene, "accept 2; dispatch 2.1@101; accept 3; accept 4; accept 5; accept 9");
	assert_int_equal(scene_agent_view(scene, 101).running, 2);
	scene_succeed(scene, 2, NS_PER_S);
	scene_expect(scene, "complete 2 succeeded; dispatch 3.1@101");
	scene_cancel(scene, 3);
	scene_expect(scene, "rescind 3.1@101 cancelled; complete 3 cancelled; dispatch 4.1@101");
	scene_cancel(scene, 5);
	scene_expect(scene, "complete 5 cancelled");
	scene_succeed(scene, 4, NS_PER_S);
	scene_expect(scene, "complete 4 succeeded"); /* 9 is no child: it waits for a slot */
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded; dispatch 9.1@101");
}

/* A child whose attempt failed asks for the slot again after its back-off. */
static void test_a_child_that_fails_borrows_again(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	child(scene, 2, 1, 0, true);
	scene_clear(scene);
	scene_ended(scene, 2, BAL_OUTCOME_LOST);
	scene_expect(scene, "requeue 2");
	scene_run_for(scene, 2 * NS_PER_S);
	scene_expect(scene, "dispatch 2.2@101");
	/* The time it ran there is its parent's slot's time, which counts once. */
	scene_run_for(scene, 10 * NS_PER_S);
	scene_succeed(scene, 2, NS_PER_S);
	scene_succeed(scene, 1, NS_PER_S);
	assert_int_equal(scene_agent_view(scene, 101).busy_ns, 12 * NS_PER_S);
}

static void test_a_paused_pool_lends_nothing(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	STEP(scene, POOL_PAUSED, pool_paused, .dispatch = true);
	child(scene, 2, 1, 0, true);
	scene_expect(scene, "accept 2");
	STEP(scene, POOL_PAUSED, pool_paused, .dispatch = false);
	scene_expect(scene, "dispatch 2.1@101");
}

static void wait_for(struct scene *scene, uint64_t task, uint64_t other)
{
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = task, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_HANDED_BACK, .waits_for = other),
		BAL_OK);
}

/* Whoever of many leaves, and in whatever order, the rest is woken. */
static void test_any_waiter_may_leave(void **state)
{
	(void)state;
	for (uint32_t left = 0; left < 16; left++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);

		scene_start(scene, 1);
		scene_pool_urls(scene, 0, 101, 8);
		for (uint64_t id = 1; id <= 5; id++)
			scene_task(scene, id);
		for (uint64_t id = 2; id <= 5; id++)
			wait_for(scene, id, 1);
		for (uint64_t id = 2; id <= 5; id++)
			if ((left >> (id - 2) & 1) != 0)
				scene_cancel(scene, id);
		scene_clear(scene);
		scene_succeed(scene, 1, NS_PER_S);
		scene_run_for(scene, 0);
		assert_int_equal(
			scene_count(scene, BAL_EFFECT_DISPATCH), 4 - __builtin_popcount(left));
		scene_close(scene);
	}
}

/* Its deadline comes first: it does not wait any longer, and the other's end wakes nobody. */
static void test_a_deadline_while_waiting_for_another(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 2);
	scene_task(scene, 1);
	scene_submit(
		scene, (struct bal_event_task){.id = 2, .deadline_ns = scene->now_ns + NS_PER_MIN});
	wait_for(scene, 2, 1);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_MIN - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "complete 2 expired");
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded");
}

/* It asked for a time as well: both must have come. */
static void test_a_time_and_another_task(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 2);
	scene_task(scene, 1);
	scene_task(scene, 2);
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 2, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_HANDED_BACK, .waits_for = 1,
				 .retry_after_ns = NS_PER_MIN),
		BAL_OK);
	scene_succeed(scene, 1, NS_PER_S);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_MIN - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "dispatch 2.2@101");
}

/* A success that was given up on counts for a task that waits, whatever it waits for. */
static void test_a_late_success_ends_the_wait(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 2);
	scene_task(scene, 1);
	scene_task(scene, 2);
	wait_for(scene, 2, 1);
	scene_clear(scene);
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 2, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_SUCCEEDED),
		BAL_OK);
	scene_expect(scene, "complete 2 succeeded");
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded");
}

/* Which tokens are believed of an attempt that was given up on. */
static void test_tokens_of_late_successes(void **state)
{
	static const struct {
		uint32_t epoch, attempt;
		enum bal_status status;
	} rows[] = {
		{7, 3, BAL_STALE}, /* not made yet */
		{8, 1, BAL_STALE}, /* an epoch to come */
		{7, 0, BAL_STALE}, /* none has this number */
		{6, 0, BAL_STALE},
		{6, 9, BAL_OK}, /* earlier epochs' numbers are stored lazily */
		{7, 1, BAL_OK},
		{7, 2, BAL_OK},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);

		scene_start(scene, 7);
		scene_pool_urls(scene, 0, 101, 2);
		scene_task(scene, 1);
		for (uint32_t attempt = 1; attempt <= 2; attempt++) {
			STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 7, .attempt = attempt,
				.outcome = BAL_OUTCOME_LOST);
			if (attempt == 1)
				scene_run_for(scene, 3 * NS_PER_S);
		}
		assert_int_equal(
			STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = rows[i].epoch,
				.attempt = rows[i].attempt, .outcome = BAL_OUTCOME_SUCCEEDED),
			rows[i].status);
		scene_close(scene);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_other_children_end),
		TEST(test_children_one_after_the_other),
		TEST(test_a_child_that_fails_borrows_again),
		TEST(test_a_paused_pool_lends_nothing),
		cmocka_unit_test(test_any_waiter_may_leave),
		TEST(test_a_deadline_while_waiting_for_another),
		TEST(test_a_time_and_another_task),
		TEST(test_a_late_success_ends_the_wait),
		cmocka_unit_test(test_tokens_of_late_successes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

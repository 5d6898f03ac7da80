/* SPDX-License-Identifier: Apache-2.0 */
/* bal_why: who won and by how much, what ruled better ones out, why a task waits. */
#include "scene.h"

static void test_nothing_is_known_of_a_stranger(void **state)
{
	scene_expect_why(*state, 5, BAL_WHY_NOTHING, BAL_REASON_NONE);
	scene_expect_why(*state, UINT64_C(1) << 63, BAL_WHY_NOTHING, BAL_REASON_NONE);
}

static void test_routed_names_winner_losers_and_inputs(void **state)
{
	struct scene *scene = *state;
	struct bal_why why;

	scene_pool_urls(scene, 0, 101, 2);
	scene_agent(scene, 102, 0, 4);
	scene_agent(scene, 103, 0, 2);
	scene_agent(scene, 104, 0, 2);
	scene_agent(scene, 105, 0, 2);
	scene_submit(
		scene, (struct bal_event_task){.id = 1, .needs.not_agents = {101, 103, 104, 105}});
	scene_sample(scene, 101, BAL_SIGNAL_CPU_PERMILLE, 900);
	scene_sample(scene, 101, BAL_SIGNAL_MEMORY_PERMILLE, 300);
	scene_run_for(scene, NS_PER_S);
	scene_submit(scene, (struct bal_event_task){.id = 2, .size_ns = 8 * NS_PER_S});
	why = scene_why(scene, 2);
	assert_int_equal(why.kind, BAL_WHY_ROUTED);
	assert_int_equal(why.reason, BAL_REASON_ROUTED);
	assert_int_equal(why.at_ns, scene->now_ns);
	assert_int_equal(why.attempt, 1);
	assert_int_equal(why.pool, 0);
	assert_int_equal(why.capable_count, 5);
	assert_int_equal(why.free_count, 5);
	assert_int_equal(why.expected_wait_ns, 0);
	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		assert_int_equal(why.weights_permille[i],
			bal_knob_value(scene->core, (enum bal_knob)(BAL_KNOB_WEIGHT_LOAD + i)));
	/* 103, 104 and 105 are idle and equal; 102 has one of four slots taken, 101 is pressed. */
	assert_int_equal(why.winner.agent, 103);
	assert_int_equal(why.winner.service_ns, 8 * NS_PER_S);
	assert_int_equal(why.winner.success_permille, 1000);
	assert_int_equal(why.winner.composite_ns, 0);
	assert_int_equal(why.losers_count, 3);
	assert_int_equal(why.losers[0].agent, 104);
	assert_int_equal(why.losers[0].composite_ns, 0); /* a tie: the lower id won */
	assert_int_equal(why.losers[2].agent, 102);
	assert_int_equal(why.losers[2].running, 1);
	assert_int_equal(why.losers[2].slots, 4);
	assert_int_equal(why.losers[2].factor_ns[BAL_FACTOR_LOAD], 8 * NS_PER_S / 4 / 4);
	assert_int_equal(why.losers[2].composite_ns, 8 * NS_PER_S / 4 / 4 * 300 / 1000);
	assert_int_equal(why.violations_count, 0);
	/* The pressed one, alone left. */
	scene_submit(scene,
		(struct bal_event_task){
			.id = 3, .size_ns = NS_PER_S, .needs.not_agents = {102, 103, 104, 105}});
	why = scene_why(scene, 3);
	assert_int_equal(why.reason, BAL_REASON_ONLY_CHOICE);
	assert_int_equal(why.winner.agent, 101);
	assert_int_equal(why.winner.cpu_permille, 900);
	assert_int_equal(why.winner.memory_permille, 300);
	assert_int_equal(why.winner.factor_ns[BAL_FACTOR_LOAD], NS_PER_S / 5);
	assert_int_equal(why.losers_count, 0);
	assert_int_equal(why.violations_count, 4);
	assert_int_equal(why.violations[0].reason, BAL_REASON_FORBIDDEN);
}

static void test_memory_headroom_takes_the_next_best(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	struct bal_why why;

	pool.memory_mib = 1024;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 2);
	scene_agent(scene, 102, 0, 2);
	scene_sample(scene, 101, BAL_SIGNAL_MEMORY_MIB, 800);
	scene_submit(scene, (struct bal_event_task){.id = 1, .needs.memory_mib = 225});
	why = scene_why(scene, 1);
	assert_int_equal(why.winner.agent, 102);
	assert_int_equal(why.violations_count, 1);
	assert_int_equal(why.violations[0].agent, 101);
	assert_int_equal(why.violations[0].reason, BAL_REASON_MEMORY);
	scene_submit(scene, (struct bal_event_task){.id = 2, .needs.memory_mib = 224});
	assert_int_equal(scene_why(scene, 2).winner.agent, 101);
}

static void test_exclusive_tasks_run_alone(void **state)
{
	struct scene *scene = *state;
	struct bal_why why;

	scene_pool_urls(scene, 0, 101, 4);
	scene_agent(scene, 102, 0, 4);
	scene_submit(scene,
		(struct bal_event_task){.id = 1, .conversation = 5, .needs.not_agents = {102}});
	scene_submit(scene,
		(struct bal_event_task){.id = 2, .conversation = 5, .needs.exclusive = true});
	why = scene_why(scene, 2);
	assert_int_equal(why.winner.agent, 102);
	/* For its warm context the first would have been better. */
	assert_int_equal(why.violations_count, 1);
	assert_int_equal(why.violations[0].agent, 101);
	assert_int_equal(why.violations[0].reason, BAL_REASON_NOT_ALONE);
	/* Nothing goes beside it; the other has something on it already. */
	scene_submit(scene, (struct bal_event_task){.id = 3, .needs.not_agents = {101}});
	scene_submit(scene, (struct bal_event_task){.id = 4, .needs.exclusive = true});
	scene_clear(scene);
	scene_expect_why(scene, 3, BAL_WHY_WAITING, BAL_REASON_WAIT_FORBIDDEN);
	scene_expect_why(scene, 4, BAL_WHY_WAITING, BAL_REASON_WAIT_FORBIDDEN);
	scene_succeed(scene, 2, NS_PER_S);
	scene_expect(scene, "complete 2 succeeded; dispatch 3.1@102");
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded; dispatch 4.1@101");
}

static void test_waiting_reasons(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	struct bal_why why;

	scene_pool(scene, &pool);
	scene_task(scene, 1);
	scene_expect_why(scene, 1, BAL_WHY_WAITING, BAL_REASON_WAIT_ORDERED); /* none exists yet */
	assert_int_equal(scene_why(scene, 1).expected_wait_ns, -1);
	scene_agent(scene, 101, 0, 1);
	scene_agent(scene, 102, 0, 1);
	scene_task(scene, 2);
	scene_task(scene, 3);
	scene_task(scene, 4);
	why = scene_why(scene, 4);
	assert_int_equal(why.reason, BAL_REASON_WAIT_TURN);
	assert_int_equal(why.ahead_count, 1);
	assert_int_equal(why.capable_count, 2);
	assert_int_equal(why.free_count, 0);
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 101);
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 102); /* not more than half */
	scene_drain(scene, 102, false);
	scene_expect_why(scene, 4, BAL_WHY_WAITING, BAL_REASON_WAIT_DOWN);
	scene_agent_starting(scene, 103, 0, 1);
	scene_expect_why(scene, 4, BAL_WHY_WAITING, BAL_REASON_WAIT_ORDERED);
	STEP(scene, POOL_PAUSED, pool_paused, .dispatch = true);
	scene_expect_why(scene, 4, BAL_WHY_WAITING, BAL_REASON_WAIT_PAUSED);
	STEP(scene, POOL_REMOVED, pool_removed, .pool = 0);
	scene_expect_why(scene, 4, BAL_WHY_WAITING, BAL_REASON_REFUSED_INCAPABLE);
	/* What runs is explained by its last decision. */
	scene_expect_why(scene, 1, BAL_WHY_ROUTED, BAL_REASON_ONLY_CHOICE);
}

static void test_paused_pools_dispatch_nothing(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_pool_urls(scene, 1, 102, 1);
	assert_int_equal(STEP(scene, POOL_PAUSED, pool_paused, .dispatch = true), BAL_OK);
	scene_task(scene, 1);
	scene_task(scene, 2);
	scene_expect(scene, "accept 1; dispatch 1.1@102; accept 2");
	STEP(scene, POOL_PAUSED, pool_paused, .dispatch = false);
	scene_expect(scene, "dispatch 2.1@101");
}

static void test_memory_of_decisions_is_bounded(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 100);
	for (uint64_t id = 1; id <= 65; id++)
		scene_task(scene, id);
	scene_expect_why(scene, 1, BAL_WHY_NOTHING, BAL_REASON_NONE);
	scene_expect_why(scene, 2, BAL_WHY_ROUTED, BAL_REASON_ONLY_CHOICE);
	/* A newer decision about the same task outlives the record of its older one. */
	scene_ended(scene, 2, BAL_OUTCOME_HANDED_BACK);
	for (uint64_t id = 100; id < 110; id++)
		scene_task(scene, id);
	assert_int_equal(scene_why(scene, 2).attempt, 2);
}

static void test_expected_wait(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 2);
	for (uint64_t id = 1; id <= 2; id++) {
		scene_task(scene, id);
		scene_succeed(scene, id, 10 * NS_PER_S);
	}
	for (uint64_t id = 3; id <= 6; id++)
		scene_task(scene, id);
	/* Two run and one is ahead on two slots: the last of four begins when both have ended. */
	assert_int_equal(scene_why(scene, 6).expected_wait_ns, 10 * NS_PER_S);
	assert_int_equal(scene_why(scene, 6).ahead_count, 1);
}

static void test_margin_says_what_would_have_changed_it(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	struct bal_why why;
	int64_t margin_ns;

	/* Twice the value of time per hour: two seconds of cost per second of work. */
	pool.price_microcents_hour = 1000000000;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	scene_pool_urls(scene, 1, 102, 2);
	scene_submit(scene, (struct bal_event_task){.id = 1, .needs.not_agents = {101}});
	scene_submit(scene, (struct bal_event_task){.id = 2, .size_ns = 10 * NS_PER_S});
	why = scene_why(scene, 2);
	assert_int_equal(why.winner.agent, 102);
	assert_int_equal(why.losers[0].factor_ns[BAL_FACTOR_EFFICIENCY], 20 * NS_PER_S);
	assert_int_equal(why.losers[0].price_microcents_hour, 1000000000);
	margin_ns = why.losers[0].composite_ns - why.winner.composite_ns;
	assert_int_equal(margin_ns, 20 * NS_PER_S * 150 / 1000 - 10 * NS_PER_S / 8 * 300 / 1000);
	/* The margin is the loser's price less what it saves: a price lower by so much, and it had
	 * won. */
	scene_cancel(scene, 2);
	pool.price_microcents_hour = 100000000;
	scene_pool(scene, &pool);
	scene_submit(scene, (struct bal_event_task){.id = 3, .size_ns = 10 * NS_PER_S});
	assert_int_equal(scene_why(scene, 3).winner.agent, 101);
}

/* A task that waits is told who goes before it, and what it waits for. */
static void test_what_is_said_of_a_waiting_task(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool other = scene_pool_standard(1, BAL_POOL_URLS);
	struct bal_why why;

	scene_pool_urls(scene, 0, 101, 1);
	other.offers.words[0] = 2;
	scene_pool(scene, &other);
	for (uint64_t id = 1; id <= 4; id++)
		scene_task(scene, id);
	scene_submit(scene, (struct bal_event_task){.id = 5, .priority = BAL_PRIORITY_BATCH});
	scene_submit(scene, (struct bal_event_task){.id = 6, .priority = BAL_PRIORITY_CRITICAL});
	/* Others wait elsewhere: no agent of theirs could serve this one. */
	for (uint64_t id = 10; id <= 15; id++)
		scene_submit(scene, (struct bal_event_task){.id = id, .needs.tags.words = {2}});
	assert_int_equal(scene_why(scene, 5).ahead_count, 4);
	assert_int_equal(scene_why(scene, 6).ahead_count, 0);
	why = scene_why(scene, 4);
	assert_int_equal(why.ahead_count, 3);
	assert_int_equal(why.kind, BAL_WHY_WAITING);
	assert_int_equal(why.capable_count, 1);
	assert_int_equal(why.attempt, 0);
	assert_int_equal(why.limit, BAL_NONE);
	assert_int_equal(why.pool, BAL_NONE);
	assert_true(why.at_ns == scene->now_ns);
	assert_int_equal(why.weights_permille[BAL_FACTOR_LOAD], 300);
	assert_int_equal(why.weights_permille[BAL_FACTOR_COLLABORATION], 100);
	assert_int_equal(scene_why(scene, 15).ahead_count, 5);
	assert_int_equal(scene_why(scene, 15).expected_wait_ns, -1);
}

static void test_what_is_said_while_storing_and_waiting(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1, .flags = BAL_TASK_DURABLE});
	scene_expect_why(scene, 1, BAL_WHY_WAITING, BAL_REASON_WAIT_STORE);
	scene_stored(scene, 1, BAL_OK);
	scene_expect_why(scene, 1, BAL_WHY_ROUTED, BAL_REASON_ONLY_CHOICE);
	STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 1, .attempt = 1,
		.outcome = BAL_OUTCOME_HANDED_BACK, .retry_after_ns = 30 * NS_PER_S);
	assert_int_equal(scene_task_view(scene, 1).reason, BAL_REASON_WAIT_BACKOFF);
	scene_run_for(scene, 10 * NS_PER_S);
	assert_int_equal(scene_why(scene, 1).expected_wait_ns, 20 * NS_PER_S);
	assert_int_equal(scene_why(scene, 1).other, 0);
	assert_int_equal(scene_why(scene, 1).attempt, 1);
	scene_task(scene, 2);
	STEP(scene, ATTEMPT_ENDED, ended, .task = 2, .epoch = 1, .attempt = 1,
		.outcome = BAL_OUTCOME_HANDED_BACK, .waits_for = 1);
	assert_int_equal(scene_task_view(scene, 2).reason, BAL_REASON_WAIT_TASK);
	assert_int_equal(scene_why(scene, 2).other, 1);
	assert_int_equal(scene_why(scene, 2).expected_wait_ns, 0); /* nobody knows */
}

static void test_what_is_said_of_a_lent_slot(void **state)
{
	struct scene *scene = *state;
	struct bal_why why;

	scene_pool_urls(scene, 3, 101, 1);
	scene_task(scene, 1);
	scene_submit(scene, (struct bal_event_task){.id = 2, .parent = 1});
	scene_run_for(scene, 7 * NS_PER_S);
	scene_submit(scene,
		(struct bal_event_task){.id = 3, .parent = 1, .flags = BAL_TASK_PARENT_WAITS});
	why = scene_why(scene, 3);
	assert_int_equal(why.kind, BAL_WHY_ROUTED);
	assert_int_equal(why.reason, BAL_REASON_LENT_SLOT);
	assert_int_equal(why.attempt, 1);
	assert_int_equal(why.other, 1);
	assert_int_equal(why.capable_count, 1);
	assert_int_equal(why.pool, 3);
	assert_int_equal(why.expected_wait_ns, 0);
	assert_int_equal(why.winner.agent, 101);
	assert_int_equal(why.weights_permille[BAL_FACTOR_FUTURE], 200);
	scene_succeed(scene, 3, NS_PER_S);
	scene_succeed(scene, 1, NS_PER_S);
	why = scene_why(scene, 2);
	assert_int_equal(why.expected_wait_ns, 7 * NS_PER_S); /* that is how long it waited */
	assert_int_equal(why.pool, 3);
	assert_int_equal(why.attempt, 1);
	assert_int_equal(why.capable_count, 1);
}

/* The number of slots that serve a task, and the work ahead of it on them. */
static void test_expected_wait_counts_what_is_coming(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.slots = 2;
	pool.agents_min = 2;
	scene_pool(scene, &pool);
	for (uint64_t id = 1; id <= 7; id++)
		scene_task(scene, id);
	assert_int_equal(
		scene_why(scene, 7).expected_wait_ns, 0); /* nothing is known of the kind */
	STEP(scene, AGENT_UP, up, .agent = 101, .state = BAL_AGENT_READY, .slots = 2,
		.order = scene_pool_view(scene, 0).order_last);
	scene_succeed(scene, 1, 8 * NS_PER_S);
	/* Two slots are up, two ordered; two run, three go first: of six, two begin after four. */
	assert_int_equal(scene_why(scene, 7).expected_wait_ns, 8 * NS_PER_S * 2 / 4);
	for (uint64_t id = 5; id <= 6; id++)
		scene_cancel(scene, id);
	assert_int_equal(scene_why(scene, 7).expected_wait_ns, 0); /* there are slots enough */
	assert_int_equal(scene_why(scene, 7).ahead_count, 1);
}

static void test_waits_for_a_pool_that_is_not_the_first(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(3, BAL_POOL_PROCESS);

	scene_pool(scene, &pool);
	scene_agent(scene, 101, 3, 1);
	scene_task(scene, 1);
	scene_succeed(scene, 1, 10 * NS_PER_S);
	scene_task(scene, 2);
	scene_task(scene, 3);
	assert_int_equal(scene_why(scene, 3).expected_wait_ns, 10 * NS_PER_S);
	/* Its only agent drains, and one was ordered: that is what the task waits for. */
	scene_drain(scene, 101, false);
	scene_expect_why(scene, 3, BAL_WHY_WAITING, BAL_REASON_WAIT_DOWN);
	scene_run_for(scene, NS_PER_S);
	assert_int_equal(scene_pool_view(scene, 3).ordered, 1);
	scene_expect_why(scene, 3, BAL_WHY_WAITING, BAL_REASON_WAIT_ORDERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_nothing_is_known_of_a_stranger),
		TEST(test_routed_names_winner_losers_and_inputs),
		TEST(test_memory_headroom_takes_the_next_best),
		TEST(test_exclusive_tasks_run_alone),
		TEST(test_waiting_reasons),
		TEST(test_paused_pools_dispatch_nothing),
		TEST(test_memory_of_decisions_is_bounded),
		TEST(test_expected_wait),
		TEST(test_margin_says_what_would_have_changed_it),
		TEST(test_what_is_said_of_a_waiting_task),
		TEST(test_what_is_said_while_storing_and_waiting),
		TEST(test_what_is_said_of_a_lent_slot),
		TEST(test_expected_wait_counts_what_is_coming),
		TEST(test_waits_for_a_pool_that_is_not_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Changes from outside take effect at once: what waits goes as soon as nothing stands in its way
 * any more, and what was measured under other conditions is forgotten. */
#include "scene.h"

#define TAG(number) (UINT64_C(1) << (number))

static void test_a_pool_that_offers_more_takes_what_waits(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	struct bal_event_pool other = scene_pool_standard(1, BAL_POOL_LEASE);

	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	other.offers.words[0] = TAG(1);
	scene_pool(scene, &other);
	scene_submit(scene, (struct bal_event_task){.id = 1, .needs.tags.words = {TAG(1)}});
	scene_expect(scene, "accept 1");
	pool.offers.words[0] = TAG(0) | TAG(1);
	scene_pool(scene, &pool);
	scene_expect(scene, "dispatch 1.1@101");
}

static void test_higher_bounds_let_tasks_go(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	STEP(scene, LIMIT, limit, .limit = 2, .running_max = 1);
	STEP(scene, TENANT, tenant, .tenant = 5, .weight = 1, .running_max = 1);
	pool.limits[3] = 2;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 4);
	scene_task(scene, 1);
	scene_task(scene, 2);
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2");
	STEP(scene, LIMIT, limit, .limit = 2, .running_max = 2);
	scene_expect(scene, "dispatch 2.1@101");
	STEP(scene, LIMIT, limit, .limit = 2);
	for (uint64_t id = 3; id <= 4; id++)
		scene_submit(scene, (struct bal_event_task){.id = id, .tenant = 5});
	scene_expect(scene, "accept 3; dispatch 3.1@101; accept 4");
	STEP(scene, TENANT, tenant, .tenant = 5, .weight = 1, .running_max = 2);
	scene_expect(scene, "dispatch 4.1@101");
	STEP(scene, POOL_PAUSED, pool_paused, .dispatch = true);
	scene_succeed(scene, 1, NS_PER_S);
	scene_task(scene, 5);
	scene_expect(scene, "complete 1 succeeded; accept 5");
	STEP(scene, POOL_PAUSED, pool_paused, .dispatch = false);
	scene_expect(scene, "dispatch 5.1@101");
	scene_task(scene, 6);
	scene_expect(scene, "accept 6");
	STEP(scene, AGENT_SLOTS, slots, .agent = 101, .slots = 5);
	scene_expect(scene, "dispatch 6.1@101");
}

static void test_memory_that_is_free_again(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	pool.memory_mib = 1000;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 2);
	scene_sample(scene, 101, BAL_SIGNAL_MEMORY_MIB, 600);
	scene_submit(scene, (struct bal_event_task){.id = 1, .needs.memory_mib = 401});
	scene_expect(scene, "accept 1");
	scene_sample(scene, 101, BAL_SIGNAL_MEMORY_MIB, 599);
	scene_expect(scene, "dispatch 1.1@101");
}

static void test_samples_may_be_nothing(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	for (uint32_t i = 0; i < BAL_SIGNAL_DECISION_COUNT; i++) {
		assert_int_equal(scene_sample(scene, 101, (enum bal_signal)i, 0), BAL_OK);
		assert_int_equal(scene_agent_view(scene, 101).signals[i], 0);
	}
}

/* 128 slots are a quarter of what one event may be about. */
static void test_as_many_slots_as_an_agent_may_have(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 128);
	assert_int_equal(scene_pool_view(scene, 0).slots_ready, 128);
	assert_int_equal(STEP(scene, AGENT_SLOTS, slots, .agent = 101, .slots = 1), BAL_OK);
	assert_int_equal(scene_pool_view(scene, 0).slots_ready, 1);
	assert_int_equal(STEP(scene, AGENT_SLOTS, slots, .agent = 101, .slots = 129), BAL_INVALID);
	assert_int_equal(STEP(scene, AGENT_SLOTS, slots, .agent = 101, .slots = 128), BAL_OK);
	assert_int_equal(scene_pool_view(scene, 0).slots_ready, 128);
}

/* Slots of an agent that does not work yet are no slots of its pool. */
static void test_slots_of_an_agent_that_starts(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	scene_pool(scene, &pool);
	scene_agent_starting(scene, 101, 0, 2);
	assert_int_equal(STEP(scene, AGENT_SLOTS, slots, .agent = 101, .slots = 7), BAL_OK);
	assert_int_equal(scene_pool_view(scene, 0).slots_ready, 0);
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 101);
	assert_int_equal(scene_pool_view(scene, 0).slots_ready, 7);
}

/* A pool that scales up after five minutes of load, and down after fifteen of none. */
static void begin_scaling(struct scene *scene, uint32_t agents)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.timeout_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	for (uint32_t i = 0; i < agents; i++)
		scene_agent(scene, 101 + i, 0, 10);
	scene_clear(scene);
}

static void gap(struct scene *scene, int64_t duration_ns)
{
	assert_int_equal(STEP(scene, GAP, gap, .duration_ns = duration_ns), BAL_OK);
}

static void test_a_gap_says_nothing_about_load(void **state)
{
	struct scene *scene = *state;

	begin_scaling(scene, 2);
	for (uint64_t id = 1; id <= 18; id++)
		scene_task(scene, id);
	scene_clear(scene);
	scene_run_for(scene, 4 * NS_PER_MIN);
	gap(scene, NS_PER_S);
	scene_run_for(scene, 4 * NS_PER_MIN);
	scene_expect(scene, "");
	scene_run_for(scene, NS_PER_MIN + NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_load_high");
}

static void test_a_gap_says_nothing_about_idleness(void **state)
{
	struct scene *scene = *state;

	begin_scaling(scene, 2);
	scene_run_for(scene, 10 * NS_PER_MIN);
	gap(scene, NS_PER_S);
	scene_run_for(scene, 10 * NS_PER_MIN);
	scene_expect(scene, "");
	scene_run_for(scene, 5 * NS_PER_MIN + NS_PER_S);
	scene_expect(scene, "drain 102; end 102");
}

static void test_a_gap_is_no_emergency(void **state)
{
	struct scene *scene = *state;

	begin_scaling(scene, 2);
	for (uint64_t id = 1; id <= 20; id++)
		scene_task(scene, id);
	scene_clear(scene);
	scene_run_for(scene, 50 * NS_PER_S);
	gap(scene, NS_PER_S);
	scene_run_for(scene, 50 * NS_PER_S);
	scene_expect(scene, "");
	scene_run_for(scene, 11 * NS_PER_S);
	scene_expect(scene, "scale 0 +2 scale_emergency");
}

static void test_a_gap_extends_what_runs(void **state)
{
	struct scene *scene = *state;
	int64_t begun_ns = scene->now_ns;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_submit(
		scene, (struct bal_event_task){.id = 2, .deadline_ns = begun_ns + 5 * NS_PER_MIN});
	scene_clear(scene);
	assert_int_equal(STEP(scene, GAP, gap, .duration_ns = -1), BAL_INVALID);
	gap(scene, NS_PER_HOUR);
	assert_int_equal(
		scene_task_view(scene, 1).until_ns, begun_ns + NS_PER_HOUR + 10 * NS_PER_MIN);
	scene_run_for(scene, 5 * NS_PER_MIN); /* deadlines are promises: they stay */
	scene_expect(scene, "complete 2 expired");
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	scene_run_for(scene, 5 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESCIND), 1);
}

/* All leases and time-outs are extended, and nothing else: the disk is asked again as before. */
static void test_a_gap_is_for_what_runs_only(void **state)
{
	struct scene *scene = *state;
	int64_t begun_ns = scene->now_ns;

	scene_pool_urls(scene, 0, 101, 8);
	for (uint64_t id = 1; id <= 6; id++)
		scene_task(scene, id);
	scene_submit(scene, (struct bal_event_task){.id = 7, .flags = BAL_TASK_DURABLE});
	scene_stored(scene, 7, BAL_OK);
	scene_succeed(scene, 7, NS_PER_S);
	scene_result_stored(scene, 7, BAL_NO_SPACE);
	scene_clear(scene);
	gap(scene, NS_PER_HOUR);
	for (uint64_t id = 1; id <= 6; id++)
		assert_true(scene_task_view(scene, id).until_ns ==
			    begun_ns + NS_PER_HOUR + 10 * NS_PER_MIN);
	scene_run_for(scene, NS_PER_S - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "store_result 7 succeeded");
}

/* An agent that dies within its first minute failed to start; the next order waits for that. */
static void test_early_deaths(void **state)
{
	static const struct {
		int64_t age_ns;
		bool expected;
		enum bal_reason hold;
	} rows[] = {
		{NS_PER_MIN - 1, false, BAL_REASON_HOLD_BACKOFF},
		{2 * NS_PER_S, false, BAL_REASON_HOLD_BACKOFF},
		{NS_PER_MIN, false, BAL_REASON_NONE},
		{NS_PER_S, true, BAL_REASON_NONE},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);
		struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

		scene_start(scene, 1);
		pool.agents_min = 1;
		scene_pool(scene, &pool);
		STEP(scene, AGENT_UP, up, .agent = 101, .state = BAL_AGENT_READY, .slots = 1,
			.order = scene_pool_view(scene, 0).order_last);
		scene_run_for(scene, rows[i].age_ns);
		scene_down(scene, 101, rows[i].expected);
		assert_int_equal(scene_pool_view(scene, 0).hold, rows[i].hold);
		scene_close(scene);
	}
}

/* It was there before the restart, so its start did not fail. */
static void test_death_of_a_restored_agent(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	(void)state;
	pool.agents_min = 1;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	scene_start(scene, 1);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "");
	scene_down(scene, 101, false);
	scene_expect(scene, "scale 0 +1 scale_minimum");
	scene_close(scene);
}

/* One that drained was told to end: that it is gone early is what was wanted. */
static void test_death_of_an_agent_that_was_told_to_end(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	scene_drain(scene, 101, false);
	scene_expect(scene, "drain 101; end 101");
	scene_down(scene, 101, false);
	scene_task(scene, 1);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "accept 1; scale 0 +1 scale_from_zero");
}

/* Nothing was ordered yet, so there is nothing to cool down from, however young the core is. */
static void test_the_first_order_needs_no_cooldown(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	(void)state;
	scene->now_ns = 0;
	scene_start(scene, 1);
	pool.up.sustain_ns = NS_PER_S;
	pool.up.cooldown_ns = NS_PER_DAY;
	pool.down.sustain_ns = NS_PER_S;
	pool.down.cooldown_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 10);
	scene_agent(scene, 102, 0, 10);
	scene_run_for(scene, 2 * NS_PER_S);
	scene_expect(scene, "drain 102; end 102");
	scene_down(scene, 102, true);
	for (uint64_t id = 1; id <= 9; id++)
		scene_task(scene, id);
	scene_clear(scene);
	scene_run_for(scene, 3 * NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_load_high");
	scene_close(scene);
}

/* Scaling is for agents that a provider starts; a pool whose agents come by themselves is left
 * alone, also when it was another kind before. */
static void test_a_pool_that_becomes_another_kind_is_not_scaled(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.agents_min = 1;
	scene_pool(scene, &pool);
	scene_expect(scene, "scale 0 +1 scale_minimum");
	STEP(scene, SCALE_ENDED, scale_ended, .order = scene_pool_view(scene, 0).order_last);
	scene_expect(scene, "order 0 order_failed");
	pool.kind = BAL_POOL_URLS;
	scene_pool(scene, &pool);
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	assert_true(bal_deadline_ns(scene->core) == BAL_NEVER_NS);
}

/* No order asked for it, so none is named. */
static void test_an_agent_that_comes_too_late_is_sent_back(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	scene_pool(scene, &pool);
	assert_int_equal(STEP(scene, POOL_REMOVED, pool_removed, .pool = 0), BAL_OK);
	scene_agent(scene, 101, 0, 1);
	assert_int_equal(scene_last(scene, BAL_EFFECT_DRAIN)->order, 0);
	scene_expect(scene, "drain 101; end 101");
}

static void test_a_stopping_core_starts_nothing(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_task(scene, 2);
	scene_clear(scene);
	assert_int_equal(STEP(scene, STOP, more, 0), BAL_OK);
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded");
	assert_int_equal(scene_submit(scene, (struct bal_event_task){.id = 3}), BAL_UNAVAILABLE);
	assert_int_equal(scene_task_view(scene, 2).state, BAL_TASK_QUEUED);
}

static void test_a_core_that_has_not_started_only_listens(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	(void)state;
	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_submit(
		scene, (struct bal_event_task){.id = 2, .deadline_ns = scene->now_ns + NS_PER_S});
	scene_expect(scene, "accept 1; accept 2");
	assert_true(bal_deadline_ns(scene->core) == BAL_NEVER_NS);
	scene->now_ns += NS_PER_MIN;
	assert_int_equal(STEP(scene, TIMEOUT, more, 0), BAL_OK);
	scene_expect(scene, "");
	scene_start(scene, 1);
	scene_expect(scene, "complete 2 expired; dispatch 1.1@101");
	scene_close(scene);
}

/* The shortest periods that a rate may have. */
static void test_shortest_periods(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(STEP(scene, LIMIT, limit, .starts_max = 1, .starts_period_ns = 1), BAL_OK);
	assert_int_equal(
		STEP(scene, LIMIT, limit, .starts_max = 1, .starts_period_ns = 0), BAL_INVALID);
	assert_int_equal(
		STEP(scene, TENANT, tenant, .weight = 1, .rate_max = 1, .rate_period_ns = 1),
		BAL_OK);
	assert_int_equal(
		STEP(scene, TENANT, tenant, .weight = 1, .rate_max = 1, .rate_period_ns = 0),
		BAL_INVALID);
	assert_int_equal(
		STEP(scene, TENANT, tenant, .weight = 1, .rate_max = 1, .rate_period_ns = -1),
		BAL_INVALID);
}

/* A host that waits for the deadline must not be woken again and again by a core that does nothing
 * any more. */
static void test_a_stopping_core_wants_no_wake(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	STEP(scene, LIMIT, limit, .starts_max = 1, .starts_period_ns = NS_PER_MIN);
	pool.limits[0] = 0;
	pool.timeout_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 2);
	scene_task(scene, 1);
	scene_task(scene, 2);
	scene_clear(scene);
	assert_true(bal_deadline_ns(scene->core) == scene->now_ns + NS_PER_MIN);
	STEP(scene, STOP, more, 0);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
	assert_true(bal_deadline_ns(scene->core) > scene->now_ns);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_a_pool_that_offers_more_takes_what_waits),
		TEST(test_higher_bounds_let_tasks_go),
		TEST(test_memory_that_is_free_again),
		TEST(test_samples_may_be_nothing),
		TEST(test_as_many_slots_as_an_agent_may_have),
		TEST(test_slots_of_an_agent_that_starts),
		TEST(test_a_gap_says_nothing_about_load),
		TEST(test_a_gap_says_nothing_about_idleness),
		TEST(test_a_gap_is_no_emergency),
		TEST(test_a_gap_extends_what_runs),
		TEST(test_a_gap_is_for_what_runs_only),
		cmocka_unit_test(test_early_deaths),
		cmocka_unit_test(test_death_of_a_restored_agent),
		TEST(test_death_of_an_agent_that_was_told_to_end),
		cmocka_unit_test(test_the_first_order_needs_no_cooldown),
		TEST(test_a_pool_that_becomes_another_kind_is_not_scaled),
		TEST(test_an_agent_that_comes_too_late_is_sent_back),
		TEST(test_a_stopping_core_starts_nothing),
		cmocka_unit_test(test_a_core_that_has_not_started_only_listens),
		TEST(test_shortest_periods),
		TEST(test_a_stopping_core_wants_no_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Agents: health, warming, slots, draining. */
#include "scene.h"

#include "core/series.h"

/* Four agents of two slots in a pool of URLS. */
static void begin(struct scene *scene)
{
	scene_pool_urls(scene, 0, 101, 2);
	for (uint64_t id = 102; id <= 104; id++)
		scene_agent(scene, id, 0, 2);
	scene_clear(scene);
}

/* Attempts on this agent that end so, one after the other. */
static void play(struct scene *scene, uint64_t first, uint32_t count, uint64_t agent,
	enum bal_outcome outcome)
{
	for (uint64_t i = 0; i < count; i++) {
		struct bal_event_task task = {.id = first + i, .attempts_max = 1};
		uint32_t j = 0;

		for (uint64_t other = 101; other <= 104; other++)
			if (other != agent)
				task.needs.not_agents[j++] = other;
		scene_submit(scene, task);
		assert_int_equal(scene_task_view(scene, task.id).agent, agent);
		scene_ended(scene, task.id, outcome);
	}
}

static void test_failures_in_a_row_eject_and_a_probe_brings_back(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	play(scene, 1, 2, 101, BAL_OUTCOME_LOST);
	play(scene, 10, 1, 101, BAL_OUTCOME_SUCCEEDED);
	play(scene, 20, 2, 101, BAL_OUTCOME_TIMEOUT);
	play(scene, 30, 1, 101, BAL_OUTCOME_FAILED); /* it answered: it is alive */
	play(scene, 40, 2, 101, BAL_OUTCOME_RETRYABLE);
	play(scene, 45, 1, 101, BAL_OUTCOME_BUSY);
	scene_run_for(scene, 2 * NS_PER_S);
	scene_cancel(scene, 45);
	assert_int_equal(scene_agent_view(scene, 101).state, BAL_AGENT_READY);
	play(scene, 50, 1, 101, BAL_OUTCOME_LOST);
	assert_int_equal(scene_agent_view(scene, 101).state, BAL_AGENT_EJECTED);
	assert_int_equal(scene_pool_view(scene, 0).slots_ready, 6);
	scene_clear(scene);
	scene_run_for(scene, 5 * NS_PER_S - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "probe 101");
	/* Asked once; a failing probe doubles the time. */
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	assert_int_equal(scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 101), BAL_OK);
	scene_run_for(scene, 10 * NS_PER_S - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "probe 101");
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 101);
	assert_int_equal(scene_agent_view(scene, 101).state, BAL_AGENT_READY);
	/* The next ejection is longer still, until it has done some work. */
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 101);
	scene_run_for(scene, 20 * NS_PER_S);
	scene_expect(scene, "probe 101");
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 101);
	play(scene, 60, 1, 101, BAL_OUTCOME_SUCCEEDED);
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 101);
	scene_clear(scene);
	scene_run_for(scene, 5 * NS_PER_S);
	scene_expect(scene, "probe 101");
}

static void test_ejection_stops_doubling(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	for (uint32_t i = 0; i < 12; i++)
		scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 101);
	scene_run_for(scene, (5 << 8) * NS_PER_S - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "probe 101");
}

static void test_never_more_than_half_is_ejected(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	for (uint64_t id = 101; id <= 104; id++)
		scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, id);
	assert_int_equal(scene_pool_view(scene, 0).agents[BAL_AGENT_EJECTED], 2);
	assert_int_equal(scene_pool_view(scene, 0).agents[BAL_AGENT_READY], 2);
	play(scene, 1, 5, 104, BAL_OUTCOME_LOST);
	assert_int_equal(scene_agent_view(scene, 104).state, BAL_AGENT_READY);
}

static void test_commands_are_never_ejected(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_COMMAND);

	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 2);
	play(scene, 1, 9, 101, BAL_OUTCOME_LOST);
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 101);
	assert_int_equal(scene_agent_view(scene, 101).state, BAL_AGENT_READY);
	assert_int_equal(scene_agent_view(scene, 101).failed_count, 9);
}

static void test_warming_agents_have_half_their_slots(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	scene_knob(scene, BAL_KNOB_WARMING, 30 * NS_PER_S);
	scene_pool(scene, &pool);
	scene_agent_starting(scene, 101, 0, 3);
	for (uint64_t id = 1; id <= 4; id++)
		scene_task(scene, id);
	assert_int_equal(scene_totals(scene).dispatched_count, 0);
	scene_expect_why(scene, 1, BAL_WHY_WAITING, BAL_REASON_WAIT_ORDERED);
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 101);
	assert_int_equal(scene_agent_view(scene, 101).state, BAL_AGENT_WARMING);
	assert_int_equal(scene_totals(scene).dispatched_count, 2);
	scene_run_for(scene, 30 * NS_PER_S - 1);
	assert_int_equal(scene_totals(scene).dispatched_count, 2);
	scene_run_for(scene, 1);
	assert_int_equal(scene_agent_view(scene, 101).state, BAL_AGENT_READY);
	assert_int_equal(scene_totals(scene).dispatched_count, 3);
	/* A warming agent that says busy does both: it waits, and goes on warming. */
	scene_agent(scene, 102, 0, 1);
	assert_int_equal(scene_totals(scene).dispatched_count, 4);
	STEP(scene, ATTEMPT_ENDED, ended, .task = 4, .epoch = 1, .attempt = 1,
		.outcome = BAL_OUTCOME_BUSY, .retry_after_ns = 40 * NS_PER_S);
	scene_run_for(scene, 30 * NS_PER_S);
	assert_int_equal(scene_agent_view(scene, 102).state, BAL_AGENT_READY);
	assert_int_equal(scene_totals(scene).dispatched_count, 4);
	scene_run_for(scene, 10 * NS_PER_S);
	assert_int_equal(scene_totals(scene).dispatched_count, 5);
}

static void test_restored_agents_are_warm(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	(void)state;
	scene_knob(scene, BAL_KNOB_WARMING, 30 * NS_PER_S);
	scene_pool_urls(scene, 0, 101, 2);
	scene_start(scene, 1);
	assert_int_equal(scene_agent_view(scene, 101).state, BAL_AGENT_READY);
	scene_close(scene);
}

static void test_slots_change(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 0);
	for (uint64_t id = 1; id <= 3; id++)
		scene_task(scene, id);
	scene_clear(scene);
	STEP(scene, AGENT_SLOTS, slots, .agent = 101, .slots = 2);
	scene_expect(scene, "dispatch 1.1@101; dispatch 2.1@101");
	assert_int_equal(scene_pool_view(scene, 0).slots_ready, 2);
	STEP(scene, AGENT_SLOTS, slots, .agent = 101, .slots = 1);
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded");
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 101);
	scene_agent(scene, 102, 0, 0);
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 102);
	STEP(scene, AGENT_SLOTS, slots, .agent = 102, .slots = 5);
	assert_int_equal(scene_agent_view(scene, 102).state, BAL_AGENT_EJECTED);
	assert_int_equal(scene_pool_view(scene, 0).slots_ready, 1);
}

static void test_drain_finishes_what_runs_and_hands_back_late(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 2);
	scene_task(scene, 1);
	scene_task(scene, 2);
	scene_task(scene, 3);
	scene_clear(scene);
	assert_int_equal(scene_drain(scene, 101, false), BAL_OK);
	assert_int_equal(scene_drain(scene, 101, false), BAL_OK); /* twice is once */
	scene_expect(scene, "drain 101");
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded");
	scene_run_for(scene, 5 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_HAND_BACK), 1);
	assert_int_equal(scene_last(scene, BAL_EFFECT_HAND_BACK)->task, 2);
	scene_clear(scene);
	/* Asked once; an agent that knows nothing of it is waited for. */
	scene_run_for(scene, 4 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_HAND_BACK), 0);
	assert_int_equal(scene_count(scene, BAL_EFFECT_END), 0);
	scene_clear(scene);
	scene_ended(scene, 2, BAL_OUTCOME_HANDED_BACK);
	scene_expect(scene, "end 101; requeue 2");
	assert_int_equal(scene_drain(scene, 101, true), BAL_CONFLICT); /* it is ending */
	scene_down(scene, 101, true);
	assert_int_equal(scene_totals(scene).waiting[BAL_PRIORITY_NORMAL], 2);
}

static void test_drained_agents_that_nobody_started_stay(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	scene_drain(scene, 101, false);
	scene_expect(scene, "drain 101");
	scene_drain(scene, 101, true);
	scene_expect(scene, "undrain 101");
	assert_int_equal(scene_agent_view(scene, 101).state, BAL_AGENT_READY);
	/* One that was starting goes on starting, unless it said ready meanwhile. */
	scene_agent_starting(scene, 201, 0, 1);
	scene_drain(scene, 201, false);
	scene_drain(scene, 201, true);
	assert_int_equal(scene_agent_view(scene, 201).state, BAL_AGENT_STARTING);
	scene_drain(scene, 201, false);
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 201);
	assert_int_equal(scene_agent_view(scene, 201).state, BAL_AGENT_DRAINING);
	scene_drain(scene, 201, true);
	assert_int_equal(scene_agent_view(scene, 201).state, BAL_AGENT_READY);
	/* Said again, nothing changes. */
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 201);
	assert_int_equal(scene_agent_view(scene, 201).state, BAL_AGENT_READY);
	scene_drain(scene, 201, false);
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 201);
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 201);
	assert_int_equal(scene_agent_view(scene, 201).state, BAL_AGENT_DRAINING);
}

static void test_removed_pool_drains_and_new_agents_too(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	scene_task(scene, 1);
	scene_clear(scene);
	assert_int_equal(STEP(scene, POOL_REMOVED, pool_removed, .pool = 0), BAL_OK);
	scene_agent(scene, 102, 0, 1);
	scene_expect(scene, "drain 101; drain 102; end 102");
	scene_task(scene, 2);
	scene_expect(scene, "refuse 2 refused_incapable");
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "end 101; complete 1 succeeded");
	scene_down(scene, 101, true);
	scene_down(scene, 102, true);
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	/* Only the load is still counted. */
	assert_true(bal_deadline_ns(scene->core) == series_next_ns(scene_series(scene)));
	/* Defined again, it lives again. */
	scene_pool(scene, &pool);
	scene_task(scene, 3);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "accept 3; scale 0 +1 scale_from_zero");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_failures_in_a_row_eject_and_a_probe_brings_back),
		TEST(test_ejection_stops_doubling),
		TEST(test_never_more_than_half_is_ejected),
		TEST(test_commands_are_never_ejected),
		TEST(test_warming_agents_have_half_their_slots),
		cmocka_unit_test(test_restored_agents_are_warm),
		TEST(test_slots_change),
		TEST(test_drain_finishes_what_runs_and_hands_back_late),
		TEST(test_drained_agents_that_nobody_started_stay),
		TEST(test_removed_pool_drains_and_new_agents_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Scaling as the requirement words it: thresholds, sustain times, steps, maxima, cool-downs. One
 * look a second: what is due by a sustain time comes with the look at that instant, none earlier.
 */
#include <stdlib.h>

#include "scene.h"

#define AGENT_FIRST 101

/* A pool of `count` ready agents that a provider started, at its look of now. */
static struct bal_event_pool begin(struct scene *scene, enum bal_strategy strategy, uint32_t count)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.strategy = strategy;
	pool.agents_min = count == 0 ? 0 : 1;
	pool.agents_baseline = count == 0 ? 1 : count;
	pool.agents_max = 32;
	pool.slots = 10;
	pool.timeout_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	/* The pool asks for its minimum before it sees that there are agents. */
	if (count > 0) {
		uint64_t order = scene_last(scene, BAL_EFFECT_SCALE)->order;

		for (uint64_t i = 0; i < count; i++)
			assert_int_equal(STEP(scene, AGENT_UP, up, .agent = AGENT_FIRST + i,
						 .state = BAL_AGENT_READY, .slots = 10,
						 .order = i == 0 ? order : 0),
				BAL_OK);
		STEP(scene, SCALE_ENDED, scale_ended, .order = order, .count = 1);
	}
	scene_clear(scene);
	return pool;
}

/* The provider does what the last SCALE asks for; the new agents' ids start there. */
static void provide(struct scene *scene, uint64_t first)
{
	struct bal_effect scale = *scene_last(scene, BAL_EFFECT_SCALE);

	for (uint64_t i = 0; i < scale.count; i++) {
		assert_int_equal(
			STEP(scene, AGENT_UP, up, .agent = first + i, .pool = scale.pool,
				.state = BAL_AGENT_STARTING, .slots = 10, .order = scale.order),
			BAL_OK);
		assert_int_equal(
			scene_agent_event(scene, BAL_EVENT_AGENT_READY, first + i), BAL_OK);
	}
	assert_int_equal(
		STEP(scene, SCALE_ENDED, scale_ended, .order = scale.order, .count = scale.count),
		BAL_OK);
	scene_clear(scene);
}

static void test_conservative_adds_one_after_five_minutes(void **state)
{
	struct scene *scene = *state;
	struct bal_why why;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);
	scene_fill(scene, 1, 25); /* 833 of 800 permille */
	scene_run_for(scene, NS_PER_S);
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_SUSTAIN);
	scene_run_for(scene, 5 * NS_PER_MIN - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "scale 0 +1 scale_load_high");
	why = scene_why(scene, scene_pool_view(scene, 0).order_last);
	assert_int_equal(why.kind, BAL_WHY_SCALED);
	assert_int_equal(why.reason, BAL_REASON_SCALE_LOAD_HIGH);
	assert_int_equal(why.agents_before, 3);
	assert_int_equal(why.agents_after, 4);
	assert_int_equal(why.load_permille, 833);
	assert_int_equal(why.threshold_permille, 800);
	assert_int_equal(why.sustained_ns, 5 * NS_PER_MIN);
	assert_int_equal(scene_totals(scene).orders_up_count, 2); /* the minimum was one */
}

static void test_load_at_the_threshold_is_not_above(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);
	scene_fill(scene, 1, 24); /* exactly 800 */
	scene_run_for(scene, 20 * NS_PER_MIN);
	scene_expect(scene, "");
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_STEADY);
}

static void test_a_dip_restarts_the_sustain_time(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);
	scene_fill(scene, 1, 25);
	scene_run_for(scene, 4 * NS_PER_MIN);
	scene_finish(scene, 1, 1);
	scene_run_for(scene, 2 * NS_PER_S);
	scene_fill(scene, 50, 1);
	scene_run_for(scene, 5 * NS_PER_MIN - 2 * NS_PER_S);
	scene_expect(scene, "");
	scene_run_for(scene, 3 * NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_load_high");
}

static void test_ordered_and_booting_capacity_counts(void **state)
{
	struct scene *scene = *state;
	uint64_t order;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);
	scene_fill(scene, 1, 25);
	scene_run_for(scene, 6 * NS_PER_MIN);
	order = scene_last(scene, BAL_EFFECT_SCALE)->order;
	scene_clear(scene);
	assert_int_equal(scene_pool_view(scene, 0).ordered, 1);
	assert_int_equal(scene_pool_view(scene, 0).load_permille, 625);
	STEP(scene, AGENT_UP, up, .agent = 201, .state = BAL_AGENT_STARTING, .slots = 10,
		.order = order);
	assert_int_equal(scene_pool_view(scene, 0).ordered, 0);
	assert_int_equal(scene_pool_view(scene, 0).load_permille, 625);
	/* However long it boots, nothing more is ordered. */
	scene_fill(scene, 60, 10);
	scene_run_for(scene, 30 * NS_PER_MIN);
	scene_expect(scene, "");
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_COOLDOWN);
	/* The sustain time starts again when the order ends. */
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 201);
	scene_run_for(scene, NS_PER_S);
	scene_clear(scene);
	scene_run_for(scene, 5 * NS_PER_MIN - 2 * NS_PER_S);
	scene_expect(scene, "");
	scene_run_for(scene, 2 * NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_load_high");
}

static void test_conservative_stops_at_three_times_baseline(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 2);

	pool.emergency_wait_ns = NS_PER_DAY;
	pool.agents_baseline = 1;
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 18);
	scene_run_for(scene, 6 * NS_PER_MIN);
	scene_expect(scene, "scale 0 +1 scale_load_high");
	scene_fill(scene, 100, 8);
	for (uint64_t i = 0; i < 1; i++)
		STEP(scene, AGENT_UP, up, .agent = 201, .state = BAL_AGENT_READY, .slots = 10,
			.order = scene_pool_view(scene, 0).order_last);
	scene_run_for(scene, 30 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_MAXIMUM);
}

static void test_conservative_removes_one_after_fifteen_minutes(void **state)
{
	struct scene *scene = *state;
	struct bal_why why;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);
	scene_fill(scene, 1, 11); /* 366 of 400 permille */
	scene_run_for(scene, NS_PER_S);
	scene_run_for(scene, 15 * NS_PER_MIN - 1);
	scene_expect(scene, "");
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_SUSTAIN);
	scene_run_for(scene, 1);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 1);
	why = scene_why(scene, scene_pool_view(scene, 0).order_last);
	assert_int_equal(why.reason, BAL_REASON_SCALE_LOAD_LOW);
	assert_int_equal(why.agents_before, 3);
	assert_int_equal(why.agents_after, 2);
	assert_int_equal(why.threshold_permille, 400);
	assert_int_equal(why.victim, scene_last(scene, BAL_EFFECT_DRAIN)->agent);
	assert_int_equal(scene_totals(scene).orders_down_count, 1);
}

static void test_down_waits_for_its_cooldown_and_stops_at_one(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);

	pool.agents_min = 0;
	pool.down.sustain_ns = 10 * NS_PER_S;
	scene_pool(scene, &pool);
	scene_run_for(scene, NS_PER_MIN);
	/* The order up of the beginning has just ended: its end holds the way down, too. */
	scene_expect(scene, "");
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_COOLDOWN);
	scene_run_for(scene, 4 * NS_PER_MIN + NS_PER_S);
	scene_expect(scene, "drain 103; end 103");
	scene_down(scene, 103, true);
	scene_run_for(scene, 5 * NS_PER_MIN - 2 * NS_PER_S);
	scene_expect(scene, "");
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_COOLDOWN);
	scene_run_for(scene, 2 * NS_PER_S);
	scene_expect(scene, "drain 102; end 102");
	scene_down(scene, 102, true);
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_MINIMUM);
}

static void test_up_waits_for_its_cooldown(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);

	pool.up.sustain_ns = 10 * NS_PER_S;
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 25);
	/* Sixty seconds from the end of the last order, though it was above for long. */
	scene_run_for(scene, NS_PER_MIN - 1);
	scene_expect(scene, "");
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_COOLDOWN);
	scene_run_for(scene, 1);
	scene_expect(scene, "scale 0 +1 scale_load_high");
}

static void test_aggressive_steps_round_up_and_down(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_AGGRESSIVE, 5);

	pool.up.sustain_ns = 2 * NS_PER_MIN;
	pool.down.sustain_ns = 10 * NS_PER_MIN;
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 42);
	scene_run_for(scene, NS_PER_S);
	scene_run_for(scene, 2 * NS_PER_MIN - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "scale 0 +3 scale_load_high"); /* 2.5 rounds up */
	scene_fill(scene, 100, 1);
	STEP(scene, SCALE_ENDED, scale_ended, .order = scene_pool_view(scene, 0).order_last);
	scene_finish(scene, 1, 42);
	scene_run_for(scene, NS_PER_S);
	scene_run_for(scene, 10 * NS_PER_MIN - 1);
	scene_expect(scene, "order 0 skip_unneeded"); /* those that did not come */
	scene_run_for(scene, 1);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 1); /* 1.25 rounds down */
}

static void test_aggressive_stops_at_five_times_baseline(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_AGGRESSIVE, 9);

	pool.agents_baseline = 2;
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 80);
	scene_run_for(scene, 6 * NS_PER_MIN);
	scene_expect(scene, "scale 0 +1 scale_load_high"); /* 5 wanted, 10 is all there may be */
}

static void test_aggressive_removes_a_quarter(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_AGGRESSIVE, 8);
	scene_run_for(scene, 15 * NS_PER_MIN + NS_PER_S);
	scene_expect(scene, "drain 108; end 108; drain 107; end 107");
}

static void test_aggressive_doubles_one(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_AGGRESSIVE, 1);
	scene_fill(scene, 1, 9);
	scene_run_for(scene, 6 * NS_PER_MIN);
	scene_expect(scene, "scale 0 +1 scale_load_high");
}

static void submit_many(
	struct scene *scene, uint64_t first, uint32_t count, enum bal_priority priority)
{
	for (uint64_t i = 0; i < count; i++)
		scene_submit(scene, (struct bal_event_task){.id = first + i, .priority = priority});
	scene_clear(scene);
}

static void test_deep_queue_orders_but_not_for_batch(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 1);

	pool.up.load_permille = 1000000; /* so that depth alone speaks */
	scene_pool(scene, &pool);
	STEP(scene, POOL_PAUSED, pool_paused, .dispatch = true);
	submit_many(scene, 1, 100, BAL_PRIORITY_NORMAL);
	submit_many(scene, 200, 50, BAL_PRIORITY_BATCH);
	/* Overload would be an emergency: it is looked at first, so its minute is not let pass. */
	scene_run_for(scene, 30 * NS_PER_S);
	assert_int_equal(scene_pool_view(scene, 0).waiting, 150);
	pool.up.sustain_ns = 20 * NS_PER_S;
	scene_pool(scene, &pool);
	scene_run_for(scene, 25 * NS_PER_S);
	scene_expect(scene, ""); /* 100 is not more than 100, batch is not counted */
	submit_many(scene, 300, 1, BAL_PRIORITY_LOW);
	STEP(scene, GAP, gap, .duration_ns = 0); /* sustain times start again */
	scene_run_for(scene, 22 * NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_queue_deep");
}

static void test_emergency_by_overload(void **state)
{
	struct scene *scene = *state;
	struct bal_why why;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 2);
	scene_fill(scene, 1, 19); /* 950 permille */
	scene_run_for(scene, NS_PER_S);
	scene_run_for(scene, NS_PER_MIN - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "scale 0 +2 scale_emergency");
	why = scene_why(scene, scene_pool_view(scene, 0).order_last);
	assert_int_equal(why.threshold_permille, 950);
	assert_int_equal(why.sustained_ns, NS_PER_MIN);
}

static void test_emergency_by_critical_tasks_knows_no_cooldown(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 1);
	scene_fill(scene, 1, 10);
	scene_submit(scene, (struct bal_event_task){.id = 50, .priority = BAL_PRIORITY_CRITICAL});
	scene_clear(scene);
	scene_run_for(scene, 10 * NS_PER_S);
	scene_expect(scene, "");
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_emergency");
}

static void test_emergencies_follow_each_other_up_to_the_maximum(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 2);

	pool.agents_max = 7; /* beyond three times the baseline: the emergency does not mind */
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 20);
	for (uint64_t id = 50; id < 52; id++) {
		scene_submit(scene,
			(struct bal_event_task){.id = id, .priority = BAL_PRIORITY_CRITICAL});
		scene_clear(scene);
		scene_run_for(scene, 11 * NS_PER_S + NS_PER_S);
		assert_int_equal(scene_last(scene, BAL_EFFECT_SCALE)->count, id == 50 ? 2 : 3);
		provide(scene, id * 100);
		scene_fill(scene, id * 1000, id == 50 ? 19 : 30); /* full again */
	}
	scene_run_for(scene, NS_PER_HOUR);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
}

static void test_fixed_does_nothing_by_itself(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_FIXED, 2);
	scene_fill(scene, 1, 20);
	scene_run_for(scene, NS_PER_HOUR);
	scene_finish(scene, 1, 20);
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 4), BAL_OK);
	scene_expect(scene, "scale 0 +2 scale_operator");
}

static void test_from_zero(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 0);
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	scene_submit(scene, (struct bal_event_task){.id = 1, .priority = BAL_PRIORITY_BATCH});
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "accept 1; scale 0 +1 scale_from_zero");
	scene_expect_why(scene, 1, BAL_WHY_WAITING, BAL_REASON_WAIT_ORDERED);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
}

static void test_crashing_starts_back_off(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);
	int64_t waits_ns[9];

	pool.agents_min = 1;
	scene_pool(scene, &pool);
	for (uint64_t i = 0; i < 9; i++) {
		struct bal_effect scale = *scene_last(scene, BAL_EFFECT_SCALE);
		int64_t failed_ns = scene->now_ns;

		assert_int_equal(scale.reason, BAL_REASON_SCALE_MINIMUM);
		STEP(scene, AGENT_UP, up, .agent = 201 + i, .state = BAL_AGENT_STARTING, .slots = 1,
			.order = scale.order);
		scene_down(scene, 201 + i, false);
		scene_clear(scene);
		scene_run_for(scene, 100 * NS_PER_MS);
		assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_BACKOFF);
		while (scene_count(scene, BAL_EFFECT_SCALE) == 0)
			scene_run_for(scene, NS_PER_S);
		waits_ns[i] = scene->now_ns - failed_ns;
	}
	for (uint32_t i = 0; i < 9; i++) {
		int64_t expected_ns = NS_PER_S << i < NS_PER_MIN ? NS_PER_S << i : NS_PER_MIN;

		assert_in_range(waits_ns[i], expected_ns, expected_ns + 2 * NS_PER_S);
	}
	/* One that becomes ready clears the count. */
	provide(scene, 301);
	scene_down(scene, 301, false);
	scene_run_for(scene, 3 * NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_minimum");
}

static void test_order_that_the_provider_failed(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);
	uint64_t order;

	pool.agents_min = 2;
	scene_pool(scene, &pool);
	order = scene_last(scene, BAL_EFFECT_SCALE)->order;
	scene_expect(scene, "scale 0 +2 scale_minimum");
	assert_int_equal(STEP(scene, SCALE_ENDED, scale_ended, .order = order + 1), BAL_UNKNOWN);
	assert_int_equal(STEP(scene, SCALE_ENDED, scale_ended, .order = 5), BAL_UNKNOWN);
	assert_int_equal(
		STEP(scene, SCALE_ENDED, scale_ended, .order = order, .status = BAL_UNAVAILABLE),
		BAL_OK);
	assert_int_equal(scene_pool_view(scene, 0).ordered, 0);
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_BACKOFF);
	scene_expect(scene, "order 0 order_failed");
	/* Said twice it is not worse: the back-off stays at a second. */
	assert_int_equal(
		STEP(scene, SCALE_ENDED, scale_ended, .order = order, .status = BAL_UNAVAILABLE),
		BAL_OK);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "scale 0 +2 scale_minimum");
}

static void test_minimum_is_kept_after_a_crash(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);

	pool.agents_min = 3;
	scene_pool(scene, &pool);
	scene_run_for(scene, 2 * NS_PER_MIN); /* old enough not to count as a failed start */
	scene_down(scene, 102, false);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_minimum");
}

static void test_pauses(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);
	assert_int_equal(
		STEP(scene, POOL_PAUSED, pool_paused, .scale_out = true, .scale_in = true), BAL_OK);
	scene_fill(scene, 1, 25);
	scene_run_for(scene, 10 * NS_PER_MIN);
	scene_expect(scene, "");
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_PAUSED);
	scene_finish(scene, 1, 25);
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_PAUSED);
	STEP(scene, POOL_PAUSED, pool_paused, .scale_out = true);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "drain 103; end 103");
}

static void test_undrain_before_boot(void **state)
{
	struct scene *scene = *state;
	uint64_t drained[2];

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);
	scene_fill(scene, 1, 26);
	/* Two drain, with work on them, so that they are still there. */
	for (uint32_t i = 0; i < 2; i++) {
		STEP(scene, POOL_SCALED, pool_scaled, .agents = 2 - i);
		drained[i] = scene_last(scene, BAL_EFFECT_DRAIN)->agent;
		scene_run_for(scene, NS_PER_S);
	}
	scene_clear(scene);
	scene_fill(scene, 100, 4);
	scene_run_for(scene, NS_PER_MIN + 2 * NS_PER_S);
	/* One is left, and overloaded; the youngest drain comes back first, nothing boots. */
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(scene_last(scene, BAL_EFFECT_UNDRAIN)->agent, drained[1]);
	assert_int_equal(scene_why(scene, scene_pool_view(scene, 0).order_last).agents_after, 2);
	scene_clear(scene);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 4), BAL_OK);
	assert_int_equal(scene_last(scene, BAL_EFFECT_UNDRAIN)->agent, drained[0]);
	assert_int_equal(scene_last(scene, BAL_EFFECT_SCALE)->count, 1);
	/* What somebody else drained stays so. */
	scene_drain(scene, drained[0], false);
	scene_clear(scene);
	STEP(scene, POOL_SCALED, pool_scaled, .agents = 5);
	assert_int_equal(scene_count(scene, BAL_EFFECT_UNDRAIN), 0);
}

static void test_victim_has_the_least_work_left(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_FIXED, 3);
	/* Long work on 101 and 103, short on 102; then 101 is nearest to its end. */
	for (uint64_t id = 1; id <= 3; id++)
		scene_submit(scene,
			(struct bal_event_task){.id = id,
				.size_ns = (id == 2 ? 1 : 100) * NS_PER_S,
				.needs.not_agents = {id == 1 ? 102 : 101, id == 3 ? 102 : 103}});
	scene_clear(scene);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 2), BAL_OK);
	scene_expect(scene, "drain 102");
	assert_int_equal(
		scene_why(scene, scene_pool_view(scene, 0).order_last).victim_left_ns, NS_PER_S);
	scene_drain(scene, 102, true);
	scene_clear(scene);
	/* A task far over its time counts half of what it took: 150 s now. */
	scene_run_for(scene, 300 * NS_PER_S);
	scene_task(scene, 9);
	scene_clear(scene);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 1), BAL_OK);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 2);
}

static void test_equal_victims_ejected_first_then_youngest(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_FIXED, 3);
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 101);
	scene_run_for(scene, NS_PER_S);
	scene_agent(scene, 50, 0, 10);
	scene_clear(scene);
	STEP(scene, POOL_SCALED, pool_scaled, .agents = 1);
	scene_expect(scene, "drain 101; end 101; drain 50; end 50; drain 103; end 103");
}

static void test_more_than_the_maximum_drains(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);

	pool.agents_max = 2;
	scene_pool(scene, &pool);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "drain 103; end 103");
	scene_expect_why(scene, scene_pool_view(scene, 0).order_last, BAL_WHY_SCALED,
		BAL_REASON_SCALE_MAXIMUM);
}

static void test_operator_cannot_pass_the_maximum(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 1);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 99), BAL_OK);
	scene_expect(scene, "scale 0 +31 scale_operator");
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 32), BAL_OK);
	scene_expect(scene, "");
}

static void test_stopping_orders_nothing(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 1);
	scene_fill(scene, 1, 10);
	assert_int_equal(STEP(scene, STOP, more, 0), BAL_OK);
	scene_run_for(scene, NS_PER_HOUR);
	scene_down(scene, 101, false);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(scene_submit(scene, (struct bal_event_task){.id = 90}), BAL_UNAVAILABLE);
}

static void test_orders_are_remembered_up_to_their_limit(void **state)
{
	struct scene *scene = *state;
	uint64_t first = 0;

	begin(scene, BAL_STRATEGY_FIXED, 1);
	for (uint32_t i = 0; i < 10; i++) {
		STEP(scene, POOL_SCALED, pool_scaled, .agents = 2 + i);
		if (i == 0)
			first = scene_pool_view(scene, 0).order_last;
		STEP(scene, SCALE_ENDED, scale_ended,
			.order = scene_pool_view(scene, 0).order_last);
		scene_agent(scene, 201 + i, 0, 10);
	}
	scene_expect_why(scene, first, BAL_WHY_NOTHING, BAL_REASON_NONE);
	scene_expect_why(scene, scene_pool_view(scene, 0).order_last, BAL_WHY_SCALED,
		BAL_REASON_SCALE_OPERATOR);
}

/* 36 of 40 slots: hpa wants 36/0.8 = 45 slots, within ten per cent of which 5 agents are not; kpa
 * 36/7 = 6 agents; predictive what the queueing model wants until it knows more. */
static void test_strategies_of_others(void **state)
{
	static const struct {
		enum bal_strategy strategy;
		uint32_t count;
		enum bal_reason reason;
	} rows[] = {{BAL_STRATEGY_HPA, 1, BAL_REASON_SCALE_LOAD_HIGH},
		{BAL_STRATEGY_KPA, 2, BAL_REASON_SCALE_LOAD_HIGH},
		{BAL_STRATEGY_PREDICTIVE, 2, BAL_REASON_SCALE_EXPECTED}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		void *own;
		struct scene *scene;
		const struct bal_effect *scale;

		assert_int_equal(scene_begin(&own), 0);
		scene = own;
		begin(scene, rows[i].strategy, 4);
		scene_fill(scene, 1, 36);
		scene_run_for(scene, 20 * NS_PER_S);
		scale = scene_last(scene, BAL_EFFECT_SCALE);
		assert_int_equal(scale->count, rows[i].count);
		assert_int_equal(scale->reason, rows[i].reason);
		scene_end(&own);
	}
}

/* The process stood still for a minute, or the clock of the core jumped an hour: no order follows
 * from that, by any strategy. */
static void test_a_gap_orders_nothing(void **state)
{
	(void)state;
	for (uint32_t strategy = BAL_STRATEGY_HPA; strategy <= BAL_STRATEGY_PREDICTIVE;
		strategy++) {
		void *own;
		struct scene *scene;

		assert_int_equal(scene_begin(&own), 0);
		scene = own;
		begin(scene, (enum bal_strategy)strategy, 4);
		scene_fill(scene, 1, 27);
		scene_run_for(scene, NS_PER_HOUR);
		scene_clear(scene);
		for (int i = 0; i < 2; i++) {
			int64_t gap_ns = i == 0 ? NS_PER_MIN : NS_PER_HOUR;

			scene->now_ns += gap_ns;
			STEP(scene, GAP, gap, .duration_ns = gap_ns);
			STEP(scene, CLOCK, clock, .utc_offset_ns = -gap_ns);
			scene_run_for(scene, NS_PER_MIN);
			scene_expect(scene, "");
		}
		scene_end(&own);
	}
}

/* Counters that go back, values that are none, then silence: half of the slots are busy all the
 * time, so nobody leaves. When the work ends, agents do. */
static void test_nonsense_and_silence_never_scale_in(void **state)
{
	static const int64_t values[] = {0, -1, INT64_MIN, INT64_MAX, 0, 7};
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);
	scene_fill(scene, 1, 15);
	for (uint32_t i = 0; i < 60; i++) {
		for (uint64_t agent = AGENT_FIRST; agent < AGENT_FIRST + 3; agent++)
			for (uint32_t signal = 0; signal < BAL_SIGNAL_DECISION_COUNT; signal++)
				scene_sample(scene, agent, (enum bal_signal)signal, values[i % 6]);
		scene_run_for(scene, NS_PER_MIN);
	}
	scene_run_for(scene, NS_PER_HOUR);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 0);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	scene_finish(scene, 1, 15);
	scene_run_for(scene, 15 * NS_PER_MIN + NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 1);
}

/* What strategies remember is part of the state: a copy decides what the original decides. */
static void test_memories_are_saved(void **state)
{
	struct scene *scene = *state, *copy;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_PREDICTIVE, 4);
	uint8_t *bytes;
	size_t size;

	(void)pool;
	scene_fill(scene, 1, 30);
	scene_run_for(scene, 10 * NS_PER_MIN);
	scene_clear(scene);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_non_null(bytes);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	copy = scene_open(&SCENE_LIMITS);
	assert_int_equal(bal_core_load(copy->core, bytes, size), BAL_OK);
	copy->now_ns = scene->now_ns;
	free(bytes);
	assert_int_equal(bal_core_digest(copy->core), bal_core_digest(scene->core));
	scene_run_for(scene, 30 * NS_PER_MIN);
	scene_run_for(copy, 30 * NS_PER_MIN);
	assert_int_equal(bal_core_digest(copy->core), bal_core_digest(scene->core));
	scene_close(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_conservative_adds_one_after_five_minutes),
		TEST(test_load_at_the_threshold_is_not_above),
		TEST(test_a_dip_restarts_the_sustain_time),
		TEST(test_ordered_and_booting_capacity_counts),
		TEST(test_conservative_stops_at_three_times_baseline),
		TEST(test_conservative_removes_one_after_fifteen_minutes),
		TEST(test_down_waits_for_its_cooldown_and_stops_at_one),
		TEST(test_up_waits_for_its_cooldown),
		TEST(test_aggressive_steps_round_up_and_down),
		TEST(test_aggressive_stops_at_five_times_baseline),
		TEST(test_aggressive_removes_a_quarter),
		TEST(test_aggressive_doubles_one),
		TEST(test_deep_queue_orders_but_not_for_batch),
		TEST(test_emergency_by_overload),
		TEST(test_emergency_by_critical_tasks_knows_no_cooldown),
		TEST(test_emergencies_follow_each_other_up_to_the_maximum),
		TEST(test_fixed_does_nothing_by_itself),
		TEST(test_strategies_of_others),
		TEST(test_a_gap_orders_nothing),
		TEST(test_nonsense_and_silence_never_scale_in),
		TEST(test_memories_are_saved),
		TEST(test_from_zero),
		TEST(test_crashing_starts_back_off),
		TEST(test_order_that_the_provider_failed),
		TEST(test_minimum_is_kept_after_a_crash),
		TEST(test_pauses),
		TEST(test_undrain_before_boot),
		TEST(test_victim_has_the_least_work_left),
		TEST(test_equal_victims_ejected_first_then_youngest),
		TEST(test_more_than_the_maximum_drains),
		TEST(test_operator_cannot_pass_the_maximum),
		TEST(test_stopping_orders_nothing),
		TEST(test_orders_are_remembered_up_to_their_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

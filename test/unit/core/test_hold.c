/* SPDX-License-Identifier: Apache-2.0 */
/* What a pool says of its scale: why it holds at each stage, and the numbers that each order
 * remembers; and the corners of the strategies that show there. */
#include "scene.h"

#include "core/scale.h"

#define SLOTS 10

/* A pool of `count` ready agents 101, 102, ... of ten slots, that nothing was ordered for. */
static struct bal_event_pool begin(struct scene *scene, enum bal_strategy strategy, uint32_t count)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.strategy = strategy;
	pool.agents_baseline = 4;
	pool.agents_max = 20;
	pool.slots = SLOTS;
	pool.timeout_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	for (uint64_t i = 0; i < count; i++)
		scene_agent(scene, 101 + i, 0, SLOTS);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "");
	return pool;
}

/* The provider brings the first agent of the last order up, and is through with it. */
static void provide(struct scene *scene, uint64_t agent)
{
	uint64_t order = scene_pool_view(scene, 0).order_last;

	assert_int_equal(STEP(scene, AGENT_UP, up, .agent = agent, .state = BAL_AGENT_READY,
				 .slots = SLOTS, .order = order),
		BAL_OK);
	assert_int_equal(STEP(scene, SCALE_ENDED, scale_ended, .order = order, .count = 1), BAL_OK);
	scene_clear(scene);
}

static struct bal_why last_order(struct scene *scene)
{
	return scene_why(scene, scene_pool_view(scene, 0).order_last);
}

#define HOLDS(scene, reason)                                                                       \
	assert_string_equal(bal_reason_name(scene_pool_view(scene, 0).hold), #reason)

static void test_stages_of_going_up(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 2);
	struct bal_why why;

	scene_fill(scene, 1, 10);
	scene_run_for(scene, NS_PER_S);
	HOLDS(scene, hold_steady);
	scene_fill(scene, 11, 7);
	scene_run_for(scene, NS_PER_S);
	HOLDS(scene, hold_sustain);
	scene_run_for(scene, 5 * NS_PER_MIN);
	scene_expect(scene, "scale 0 +1 scale_load_high");
	HOLDS(scene, none); /* it has just decided */
	why = last_order(scene);
	assert_int_equal(why.agents_before, 2);
	assert_int_equal(why.agents_after, 3);
	assert_int_equal(why.load_permille, 850);
	assert_int_equal(why.threshold_permille, 800);
	assert_int_equal(why.sustained_ns, 5 * NS_PER_MIN);
	assert_int_equal(why.pool, 0);
	assert_int_equal(why.limit, BAL_NONE);
	provide(scene, 103);
	scene_fill(scene, 20, 10);
	scene_run_for(scene, 2 * NS_PER_S);
	HOLDS(scene, hold_sustain);
	pool.up.sustain_ns = NS_PER_S;
	pool.up.cooldown_ns = 20 * NS_PER_MIN;
	scene_pool(scene, &pool);
	scene_run_for(scene, 3 * NS_PER_S);
	HOLDS(scene, hold_cooldown);
	pool.agents_baseline = 1; /* three times one is what there is */
	scene_pool(scene, &pool);
	scene_run_for(scene, NS_PER_S);
	HOLDS(scene, hold_maximum);
}

static void test_stages_of_going_down(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 4);
	struct bal_why why;

	pool.agents_min = 2;
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 3);
	scene_run_for(scene, 14 * NS_PER_MIN);
	HOLDS(scene, hold_sustain);
	scene_run_for(scene, NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 1);
	HOLDS(scene, none);
	why = last_order(scene);
	assert_int_equal(why.reason, BAL_REASON_SCALE_LOAD_LOW);
	assert_int_equal(why.agents_before, 4);
	assert_int_equal(why.agents_after, 3);
	assert_int_equal(why.load_permille, 75);
	assert_int_equal(why.threshold_permille, 400);
	assert_in_range(why.sustained_ns, 15 * NS_PER_MIN - NS_PER_S, 15 * NS_PER_MIN);
	assert_int_not_equal(why.victim, 0);
	scene_succeed(scene, 3, NS_PER_S);
	scene_clear(scene);
	/* The low load must last anew, which is longer than the cool-down. */
	scene_run_for(scene, 6 * NS_PER_MIN);
	scene_expect(scene, "");
	HOLDS(scene, hold_sustain);
	scene_run_for(scene, 10 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 1);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	HOLDS(scene, hold_minimum);
	assert_int_equal(scene_totals(scene).orders_down_count, 2);
}

static void test_cooldown_after_going_down(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 4);

	pool.down.sustain_ns = 10 * NS_PER_S;
	scene_pool(scene, &pool);
	scene_run_for(scene, 10 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 1);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_MIN);
	HOLDS(scene, hold_cooldown);
	scene_run_for(scene, 5 * NS_PER_MIN - NS_PER_MIN - 2 * NS_PER_S);
	scene_expect(scene, "");
	scene_run_for(scene, 3 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 1);
}

/* A failed start makes the pool wait before it orders again, and say so. */
static void fail_a_start(struct scene *scene)
{
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled,
				 .agents = scene_pool_view(scene, 0).agents[BAL_AGENT_READY] + 1),
		BAL_OK);
	assert_int_equal(
		STEP(scene, SCALE_ENDED, scale_ended, .order = scene_pool_view(scene, 0).order_last,
			.status = BAL_UNAVAILABLE),
		BAL_OK);
	scene_clear(scene);
}

static void test_backoff_holds_what_would_be_ordered(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 2);

	scene_knob(scene, BAL_KNOB_START_BACKOFF, 40 * NS_PER_S);
	pool.agents_min = 2;
	pool.up.sustain_ns = 10 * NS_PER_S;
	pool.up.cooldown_ns = 0;
	scene_pool(scene, &pool);
	fail_a_start(scene);
	scene_fill(scene, 1, 18);
	scene_run_for(scene, 2 * NS_PER_S);
	HOLDS(scene, hold_sustain); /* the minimum is there, nothing would be ordered yet */
	scene_run_for(scene, 10 * NS_PER_S);
	HOLDS(scene, hold_backoff);
	scene_expect(scene, "");
	scene_run_for(scene, 30 * NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_load_high; order 0 skip_enough");
}

static void test_backoff_holds_the_minimum(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 1);

	scene_knob(scene, BAL_KNOB_START_BACKOFF, 40 * NS_PER_S);
	scene_fill(scene, 1, 10);
	fail_a_start(scene);
	pool.agents_min = 3;
	scene_pool(scene, &pool);
	scene_run_for(scene, 10 * NS_PER_S);
	HOLDS(scene, hold_backoff);
	scene_expect(scene, "");
	scene_run_for(scene, 31 * NS_PER_S);
	scene_expect(scene, "scale 0 +2 scale_minimum; order 0 skip_enough");
}

static void test_backoff_holds_the_first_agent(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 0);
	scene_knob(scene, BAL_KNOB_START_BACKOFF, 40 * NS_PER_S);
	fail_a_start(scene);
	scene_fill(scene, 1, 1);
	scene_run_for(scene, 10 * NS_PER_S);
	HOLDS(scene, hold_backoff);
	scene_run_for(scene, 29 * NS_PER_S);
	scene_expect(scene, "");
	scene_run_for(scene, 2 * NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_from_zero; order 0 skip_enough");
}

static void test_too_many_agents_is_a_decision_of_its_own(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 5);
	struct bal_why why;

	scene_fill(scene, 1, 50);
	pool.agents_max = 3;
	scene_pool(scene, &pool);
	scene_run_for(scene, 0);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 2);
	HOLDS(scene, none);
	why = last_order(scene);
	assert_int_equal(why.reason, BAL_REASON_SCALE_MAXIMUM);
	assert_int_equal(why.agents_before, 5);
	assert_int_equal(why.agents_after, 3);
	assert_int_equal(why.threshold_permille, 0);
	assert_int_equal(why.sustained_ns, 0); /* there was no low load */
}

static void test_the_minimum_is_a_decision_of_its_own(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 1);

	scene_fill(scene, 1, 10);
	scene_run_for(scene, 10 * NS_PER_S);
	pool.agents_min = 3;
	scene_pool(scene, &pool);
	scene_expect(scene, "scale 0 +2 scale_minimum");
	HOLDS(scene, none);
	assert_int_equal(last_order(scene).agents_before, 1);
	assert_int_equal(last_order(scene).agents_after, 3);
}

static void test_victims_of_the_same_age(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.strategy = BAL_STRATEGY_FIXED;
	scene_pool(scene, &pool);
	scene_agent(scene, 109, 0, 1);
	scene_agent(scene, 101, 0, 1);
	scene_agent(scene, 105, 0, 1);
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 101);
	scene_clear(scene);
	/* The ejected one goes first although its id is the lowest, then the highest id. */
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 1), BAL_OK);
	scene_expect(scene, "drain 101; end 101; drain 109; end 109");
	assert_int_equal(last_order(scene).victim, 101);
	assert_int_equal(last_order(scene).victim_left_ns, 0);
}

static void test_aggressive_steps(void **state)
{
	static const struct {
		uint32_t agents, up, down;
	} rows[] = {{1, 1, 0}, {2, 1, 1}, {3, 2, 1}, {4, 2, 1}, {7, 4, 1}, {8, 4, 2}, {11, 6, 2}};

	(void)state;
	for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);

		scene_start(scene, 1);
		begin(scene, BAL_STRATEGY_AGGRESSIVE, rows[i].agents);
		scene_run_for(scene, 15 * NS_PER_MIN);
		assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), rows[i].down);
		scene_close(scene);
		scene = scene_open(&SCENE_LIMITS);
		scene_start(scene, 1);
		begin(scene, BAL_STRATEGY_AGGRESSIVE, rows[i].agents);
		scene_fill(scene, 1, rows[i].agents * SLOTS * 9 / 10);
		scene_run_for(scene, 5 * NS_PER_MIN + NS_PER_S);
		assert_int_equal(scene_last(scene, BAL_EFFECT_SCALE)->count, rows[i].up);
		scene_close(scene);
	}
}

static void test_caps_of_the_strategies(void **state)
{
	static const struct {
		enum bal_strategy strategy;
		uint32_t baseline, max, cap;
	} rows[] = {
		{BAL_STRATEGY_CONSERVATIVE, 0, 20, 3},
		{BAL_STRATEGY_CONSERVATIVE, 2, 20, 6},
		{BAL_STRATEGY_CONSERVATIVE, 2, 5, 5},
		{BAL_STRATEGY_AGGRESSIVE, 0, 20, 5},
		{BAL_STRATEGY_AGGRESSIVE, 1, 20, 5},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);
		struct bal_event_pool pool;

		scene_start(scene, 1);
		pool = begin(scene, rows[i].strategy, 1);
		pool.agents_baseline = rows[i].baseline;
		pool.agents_max = rows[i].max;
		pool.up.sustain_ns = NS_PER_S;
		pool.up.cooldown_ns = 0;
		scene_pool(scene, &pool);
		scene_fill(scene, 1, 90);
		for (uint64_t agent = 201; agent < 230; agent++) {
			scene_run_for(scene, 2 * NS_PER_S);
			if (scene_count(scene, BAL_EFFECT_SCALE) == 0)
				break;
			for (uint32_t j = scene_last(scene, BAL_EFFECT_SCALE)->count; j > 1; j--)
				scene_agent(scene, agent++, 0, SLOTS);
			provide(scene, agent);
		}
		assert_int_equal(scene_pool_view(scene, 0).agents[BAL_AGENT_READY], rows[i].cap);
		HOLDS(scene, hold_maximum);
		scene_close(scene);
	}
}

static void test_tasks_count_for_the_first_pool_that_is_up(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(1, BAL_POOL_PROCESS);

	scene_pool(scene, &pool);
	pool.pool = 2;
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 3);
	scene_run_for(scene, NS_PER_S);
	/* None is up: the first, for which an agent of one slot was ordered. */
	assert_int_equal(scene_pool_view(scene, 1).load_permille, 3000);
	assert_int_equal(scene_pool_view(scene, 2).load_permille, 0);
	scene_agent(scene, 101, 2, 1);
	scene_run_for(scene, NS_PER_S);
	assert_int_equal(scene_pool_view(scene, 1).load_permille, 0);
	assert_int_equal(scene_pool_view(scene, 2).load_permille, 3000);
	scene_succeed(scene, 1, NS_PER_S);
	scene_succeed(scene, 2, NS_PER_S);
	scene_run_for(scene, NS_PER_S);
	assert_int_equal(scene_pool_view(scene, 2).load_permille, 1000);
}

static void test_batch_work_brings_the_first_agent_only(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 0);
	for (uint64_t id = 1; id <= 40; id++)
		scene_submit(
			scene, (struct bal_event_task){.id = id, .priority = BAL_PRIORITY_BATCH});
	scene_clear(scene);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_from_zero");
	HOLDS(scene, none);
	assert_int_equal(last_order(scene).sustained_ns, 0);
	provide(scene, 101);
	scene_run_for(scene, 4 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1); /* full: an emergency */
	assert_int_equal(last_order(scene).reason, BAL_REASON_SCALE_EMERGENCY);
	assert_int_equal(last_order(scene).threshold_permille, 950);
	assert_int_equal(last_order(scene).load_permille, 1000); /* batch work that waits is none */
	assert_int_equal(last_order(scene).queued, 0);
}

static void test_a_critical_task_that_waits(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 3);
	scene_fill(scene, 1, 30);
	for (uint64_t id = 40; id <= 42; id++) {
		scene_submit(scene,
			(struct bal_event_task){.id = id, .priority = BAL_PRIORITY_CRITICAL});
		scene_run_for(scene, 3 * NS_PER_S);
	}
	scene_clear(scene);
	scene_run_for(scene, 2 * NS_PER_S);
	/* The oldest of them counts, and ten seconds are allowed. */
	scene_expect(scene, "scale 0 +3 scale_emergency");
	HOLDS(scene, none);
	assert_int_equal(last_order(scene).agents_before, 3);
	assert_int_equal(last_order(scene).agents_after, 6);
	assert_int_equal(last_order(scene).queued, 3);
	assert_in_range(last_order(scene).sustained_ns, 10 * NS_PER_S + 1, 12 * NS_PER_S);
}

static void test_fixed_pools_know_no_emergency_but_a_minimum(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_FIXED, 1);

	scene_fill(scene, 1, 40);
	scene_run_for(scene, 10 * NS_PER_MIN);
	scene_expect(scene, "");
	HOLDS(scene, hold_steady);
	pool.agents_min = 2;
	scene_pool(scene, &pool);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_minimum");
	assert_int_equal(last_order(scene).sustained_ns, 0);
	assert_int_equal(last_order(scene).threshold_permille, 0);
}

static void test_load_at_the_thresholds(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 2);

	/* 400 permille is not below 400, 800 is not above 800, 950 is an emergency. */
	scene_fill(scene, 1, 8);
	scene_run_for(scene, NS_PER_HOUR);
	HOLDS(scene, hold_steady);
	scene_fill(scene, 10, 8);
	scene_run_for(scene, NS_PER_HOUR);
	HOLDS(scene, hold_steady);
	scene_expect(scene, "");
	pool.up.load_permille = 1000;
	scene_pool(scene, &pool);
	scene_fill(scene, 20, 3);
	scene_run_for(scene, 2 * NS_PER_S);
	scene_run_for(scene, 58 * NS_PER_S);
	scene_expect(scene, "");
	scene_run_for(scene, 2 * NS_PER_S);
	scene_expect(scene, "scale 0 +2 scale_emergency");
	assert_int_equal(last_order(scene).load_permille, 950);
	assert_in_range(last_order(scene).sustained_ns, NS_PER_MIN, NS_PER_MIN + NS_PER_S);
}

static void test_deep_queue_is_more_than_the_number(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 2);

	pool.queue_deep = 30;
	pool.up.load_permille = 5000;
	pool.emergency_wait_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	scene_knob(scene, BAL_KNOB_WAIT_GOOD, NS_PER_HOUR);
	scene_run_for(scene, NS_PER_S);
	scene_fill(scene, 1, 50);
	scene_run_for(scene, 30 * NS_PER_S);
	HOLDS(scene, hold_steady);
	scene_fill(scene, 60, 1);
	scene_run_for(scene, NS_PER_S);
	HOLDS(scene, hold_sustain);
	pool.up.sustain_ns = 5 * NS_PER_S;
	scene_pool(scene, &pool);
	scene_run_for(scene, 5 * NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_queue_deep");
	assert_int_equal(last_order(scene).sustained_ns, 5 * NS_PER_S);
	assert_int_equal(last_order(scene).queued, 31);
}

static void test_an_agent_that_drains_comes_back_for_nothing(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_FIXED, 3);

	scene_fill(scene, 1, 30);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 1), BAL_OK);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 2);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_S);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 3), BAL_OK);
	assert_int_equal(scene_count(scene, BAL_EFFECT_UNDRAIN), 2);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(last_order(scene).agents_before, 1);
	assert_int_equal(last_order(scene).agents_after, 3);
	assert_int_equal(scene_totals(scene).orders_up_count, 1);
	assert_int_equal(scene_totals(scene).orders_down_count, 1);
	/* Nothing is on its way, so the next order may follow. */
	assert_int_equal(scene_pool_view(scene, 0).ordered, 0);
	assert_int_equal(scene_pool_view(scene, 0).agents[BAL_AGENT_READY], 3);
	assert_int_equal(last_order(scene).threshold_permille, 0);
	scene_finish(scene, 1, 30);
	pool.agents_min = 4;
	scene_pool(scene, &pool);
	scene_expect(scene, "scale 0 +1 scale_minimum");
}

/* What the core finds at its start has not lasted yet, whatever it is. */
static void test_nothing_has_lasted_at_a_start(void **state)
{
	static const uint32_t tasks[] = {0, 27, 60};

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);
		struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

		scene->now_ns = NS_PER_DAY;
		pool.slots = SLOTS;
		pool.queue_deep = 20;
		pool.emergency_wait_ns = NS_PER_HOUR;
		scene_pool(scene, &pool);
		for (uint64_t agent = 101; agent <= 103; agent++)
			scene_agent(scene, agent, 0, SLOTS);
		scene_fill(scene, 1, tasks[i]);
		scene_start(scene, 1);
		scene_clear(scene);
		scene_run_for(scene, 50 * NS_PER_S);
		scene_expect(scene, "");
		HOLDS(scene, hold_sustain);
		scene_close(scene);
	}
}

/* The pause before the next start doubles with each that failed, and begins anew after one that
 * did not. */
static void test_pauses_begin_anew_after_a_good_start(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.agents_min = 1;
	scene_pool(scene, &pool);
	for (uint64_t agent = 101; agent <= 103; agent++) {
		STEP(scene, AGENT_UP, up, .agent = agent, .state = BAL_AGENT_STARTING, .slots = 1,
			.order = scene_pool_view(scene, 0).order_last);
		scene_down(scene, agent, false);
		scene_run_for(scene, 10 * NS_PER_S);
	}
	STEP(scene, AGENT_UP, up, .agent = 104, .state = BAL_AGENT_STARTING, .slots = 1,
		.order = scene_pool_view(scene, 0).order_last);
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 104);
	scene_clear(scene);
	scene_down(scene, 104, false);
	scene_run_for(scene, NS_PER_S - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "scale 0 +1 scale_minimum");
}

static void test_load_of_a_pool(void **state)
{
	struct pool pool = {.conf.slots = 4};

	(void)state;
	assert_int_equal(scale_load_permille(&pool), 0);
	pool.waiting = 1;
	assert_int_equal(scale_load_permille(&pool), UINT32_MAX); /* no slot is near */
	pool.ordered = 1;
	assert_int_equal(scale_load_permille(&pool), 250);
	pool.state_count[BAL_AGENT_STARTING] = 1;
	assert_int_equal(scale_load_permille(&pool), 125);
	pool.slots_ready = 2;
	pool.running = 2;
	assert_int_equal(scale_load_permille(&pool), 300);
	pool.waiting = UINT32_MAX;
	pool.slots_ready = 0;
	pool.ordered = 0;
	assert_int_equal(scale_load_permille(&pool), UINT32_MAX); /* more does not fit */
	pool.state_count[BAL_AGENT_READY] = 3;
	pool.state_count[BAL_AGENT_WARMING] = 5;
	pool.state_count[BAL_AGENT_EJECTED] = 7;
	pool.state_count[BAL_AGENT_DRAINING] = 100;
	pool.ordered = 20;
	assert_int_equal(scale_agents(&pool), 1 + 3 + 5 + 7 + 20);
}

/* Tasks wait, of whatever class: there is something to do, though a limit holds it up just now. */
static void test_a_pool_with_waiting_tasks_is_not_idle(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 1);
	pool.slots = SLOTS;
	pool.limits[0] = 0;
	pool.timeout_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	for (uint64_t agent = 101; agent <= 104; agent++)
		scene_agent(scene, agent, 0, SLOTS);
	scene_fill(scene, 1, 2);
	scene_submit(scene, (struct bal_event_task){.id = 3, .priority = BAL_PRIORITY_BATCH});
	scene_clear(scene);
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	scene_cancel(scene, 2);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	HOLDS(scene, hold_steady);
	scene_cancel(scene, 3);
	scene_clear(scene);
	scene_run_for(scene, 15 * NS_PER_MIN + NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 1);
}

static void test_from_zero_for_whatever_waits(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 0);
	scene_fill(scene, 1, 1);
	scene_submit(scene, (struct bal_event_task){.id = 2, .priority = BAL_PRIORITY_BATCH});
	scene_clear(scene);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_from_zero");
}

/* The drain that began last is the first to end, of equals that of the highest id. */
static void test_who_comes_back_first(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_FIXED, 5);
	scene_fill(scene, 1, 50);
	STEP(scene, POOL_SCALED, pool_scaled, .agents = 4);
	scene_expect(scene, "drain 105");
	scene_run_for(scene, NS_PER_S);
	STEP(scene, POOL_SCALED, pool_scaled, .agents = 2);
	scene_expect(scene, "drain 104; drain 103");
	STEP(scene, POOL_SCALED, pool_scaled, .agents = 3);
	scene_expect(scene, "undrain 104");
	STEP(scene, POOL_SCALED, pool_scaled, .agents = 5);
	scene_expect(scene, "undrain 103; undrain 105");
}

/* A task that is late is taken to need half as long again as it took so far. */
static void test_victims_with_late_tasks(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_FIXED, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1, .size_ns = 10 * NS_PER_S});
	scene_run_for(scene, 30 * NS_PER_S);
	scene_agent(scene, 102, 0, 1);
	scene_submit(scene, (struct bal_event_task){
				    .id = 2, .size_ns = 20 * NS_PER_S, .needs.not_agents = {101}});
	scene_clear(scene);
	STEP(scene, POOL_SCALED, pool_scaled, .agents = 1);
	scene_expect(scene, "drain 101");
	assert_int_equal(last_order(scene).victim, 101);
	assert_int_equal(last_order(scene).victim_left_ns, 15 * NS_PER_S);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_stages_of_going_up),
		TEST(test_stages_of_going_down),
		TEST(test_cooldown_after_going_down),
		TEST(test_backoff_holds_what_would_be_ordered),
		TEST(test_backoff_holds_the_minimum),
		TEST(test_backoff_holds_the_first_agent),
		TEST(test_too_many_agents_is_a_decision_of_its_own),
		TEST(test_the_minimum_is_a_decision_of_its_own),
		TEST(test_victims_of_the_same_age),
		TEST(test_aggressive_steps),
		TEST(test_caps_of_the_strategies),
		TEST(test_tasks_count_for_the_first_pool_that_is_up),
		TEST(test_batch_work_brings_the_first_agent_only),
		TEST(test_a_critical_task_that_waits),
		TEST(test_fixed_pools_know_no_emergency_but_a_minimum),
		TEST(test_load_at_the_thresholds),
		TEST(test_deep_queue_is_more_than_the_number),
		TEST(test_an_agent_that_drains_comes_back_for_nothing),
		cmocka_unit_test(test_nothing_has_lasted_at_a_start),
		TEST(test_pauses_begin_anew_after_a_good_start),
		TEST(test_load_of_a_pool),
		TEST(test_a_pool_with_waiting_tasks_is_not_idle),
		TEST(test_from_zero_for_whatever_waits),
		TEST(test_who_comes_back_first),
		TEST(test_victims_with_late_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

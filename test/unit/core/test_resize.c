/* SPDX-License-Identifier: Apache-2.0 */
/* Orders about the resources of agents, played in virtual time: budgets, answers of the host, the
 * one decision with more agents, and the replacement of agents that leak. */
#include <stdlib.h>
#include <string.h>

#include "core/resize.h"
#include "scene.h"

#define AGENT 101

/* A pool whose agents have one core and 1000 MiB; `count` of them, ready. */
static struct bal_event_pool begin(struct scene *scene, uint32_t count, enum bal_vertical mode)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.strategy = BAL_STRATEGY_FIXED;
	pool.agents_min = 0;
	pool.agents_baseline = count;
	pool.agents_max = count;
	pool.slots = 4;
	pool.cpu_millis = 1000;
	pool.memory_mib = 1000;
	pool.timeout_ns = NS_PER_DAY;
	pool.price_microcents_hour = 1000;
	scene_pool(scene, &pool);
	assert_int_equal(
		STEP(scene, VERTICAL, vertical, .mode = (uint32_t)mode, .able = true), BAL_OK);
	for (uint64_t i = 0; i < count; i++)
		scene_agent(scene, AGENT + i, 0, 4);
	scene_clear(scene);
	return pool;
}

/* Processor and memory of an agent, every five seconds. */
static void use(struct scene *scene, uint64_t agent, int64_t millis, int64_t mib, int64_t span_ns)
{
	int64_t end_ns = scene->now_ns + span_ns;

	while (scene->now_ns < end_ns) {
		scene_sample(scene, agent, BAL_SIGNAL_CPU_MILLIS, millis);
		scene_sample(scene, agent, BAL_SIGNAL_MEMORY_MIB, mib);
		scene_run_for(scene, 5 * NS_PER_S);
	}
}

static struct bal_agent_limits limits_of(const struct scene *scene, uint64_t agent)
{
	struct bal_agent_limits limits;

	assert_true(bal_agent_limits(scene->core, agent, &limits));
	return limits;
}

/* The host does what the last RESIZE says. */
static uint64_t answer(struct scene *scene, enum bal_status status)
{
	struct bal_effect effect = *scene_last(scene, BAL_EFFECT_RESIZE);
	struct bal_agent_limits now = limits_of(scene, effect.agent);
	bool done = status == BAL_OK;

	scene_clear(scene);
	assert_int_equal(
		STEP(scene, RESIZED, resized, .order = effect.order, .agent = effect.agent,
			.status = (uint32_t)status,
			.cpu_millis = done && effect.count > 0 ? effect.count : now.cpu_millis,
			.memory_mib = done && effect.attempt > 0 ? effect.attempt : now.memory_mib),
		BAL_OK);
	return effect.order;
}

static void test_processor_is_raised_and_explained(void **state)
{
	struct scene *scene = *state;
	struct bal_resize resize;
	struct bal_order life;
	struct bal_why why;
	uint64_t order;

	begin(scene, 1, BAL_VERTICAL_ON);
	use(scene, AGENT, 900, 100, 5 * NS_PER_MIN + 5 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 1);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->count, 1290); /* 900 / 0.7 */
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->attempt, 0);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->reason, BAL_REASON_RESIZE_CPU);
	/* Given, not yet there. */
	assert_int_equal(limits_of(scene, AGENT).cpu_millis, 1000);
	order = answer(scene, BAL_OK);
	assert_int_equal(limits_of(scene, AGENT).cpu_millis, 1290);
	assert_int_equal(limits_of(scene, AGENT).cpu_base_millis, 1000);
	assert_int_equal(limits_of(scene, AGENT).order_last, order);
	why = scene_why(scene, order);
	assert_int_equal(why.kind, BAL_WHY_SCALED);
	assert_int_equal(why.reason, BAL_REASON_RESIZE_CPU);
	assert_true(bal_order_find(scene->core, order, &life));
	assert_int_equal(life.type, BAL_ORDER_RESOURCES);
	assert_int_equal(life.price_predicted_microcents_hour, 145);
	assert_int_equal(why.agents_before, 1);
	assert_int_equal(why.agents_after, 1);
	assert_true(bal_resize_find(scene->core, order, &resize));
	assert_int_equal(resize.agent, AGENT);
	assert_int_equal(resize.cpu_before_millis, 1000);
	assert_int_equal(resize.cpu_after_millis, 1290);
	assert_int_equal(resize.value, 900);
	assert_int_equal(resize.threshold, 850);
	assert_int_equal(resize.status, BAL_OK);
	assert_int_equal(resize.price_microcents_hour, 145); /* half of the price is of cores */
	assert_int_equal(resize.alternative_microcents_hour, 1000);
	assert_true(resize.ended_at_ns >= resize.at_ns);
	assert_true(bal_resize_past(scene->core, 0, &resize));
	assert_int_equal(resize.order, order);
	assert_false(bal_resize_past(scene->core, 1, &resize));
	assert_false(bal_resize_find(scene->core, 7, &resize));
	assert_false(bal_resize_find(scene->core, 0, &resize));
}

static void test_off_does_nothing(void **state)
{
	struct scene *scene = *state;

	begin(scene, 1, BAL_VERTICAL_OFF);
	use(scene, AGENT, 1000, 990, 6 * NS_PER_MIN);
	scene_expect(scene, "");
	assert_int_equal(limits_of(scene, AGENT).hold, BAL_REASON_NONE);
}

static void test_advice_is_only_said(void **state)
{
	struct scene *scene = *state;
	struct bal_resize resize;
	struct bal_order life;

	begin(scene, 1, BAL_VERTICAL_ADVISE);
	/* Not being able to do it does not keep anybody from saying it. */
	STEP(scene, VERTICAL, vertical, .mode = BAL_VERTICAL_ADVISE, .able = false);
	use(scene, AGENT, 900, 100, 10 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 1);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->count, 0);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->attempt, 0);
	assert_true(bal_resize_past(scene->core, 0, &resize));
	assert_true(resize.advised);
	assert_true(bal_order_find(scene->core, resize.order, &life));
	assert_int_equal(life.state, BAL_ORDER_IS_ADVICE);
	assert_true(resize.ended_at_ns < BAL_NEVER_NS);
	assert_int_equal(resize.cpu_after_millis, 1290);
	assert_int_equal(limits_of(scene, AGENT).cpu_millis, 1000);
	assert_int_equal(limits_of(scene, AGENT).hold, BAL_REASON_ADVISED);
	/* Once in a window. */
	use(scene, AGENT, 900, 100, 55 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 2);
}

static void test_without_groups_it_holds(void **state)
{
	struct scene *scene = *state;

	begin(scene, 1, BAL_VERTICAL_ON);
	STEP(scene, VERTICAL, vertical, .mode = BAL_VERTICAL_ON, .able = false);
	use(scene, AGENT, 900, 950, 6 * NS_PER_MIN);
	scene_expect(scene, "");
	assert_int_equal(limits_of(scene, AGENT).hold, BAL_REASON_NO_GROUPS);
}

static void test_a_refusal_waits(void **state)
{
	struct scene *scene = *state;
	struct bal_resize resize;

	begin(scene, 1, BAL_VERTICAL_ON);
	use(scene, AGENT, 100, 950, 5 * NS_PER_S);
	answer(scene, BAL_INFEASIBLE);
	assert_int_equal(limits_of(scene, AGENT).memory_mib, 1000);
	assert_true(bal_resize_past(scene->core, 0, &resize));
	assert_int_equal(resize.status, BAL_INFEASIBLE);
	use(scene, AGENT, 100, 950, 50 * NS_PER_S);
	scene_expect(scene, "");
	assert_int_equal(limits_of(scene, AGENT).hold, BAL_REASON_HOLD_REFUSED);
	use(scene, AGENT, 100, 950, 15 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 1);
}

static void test_a_host_that_does_not_answer(void **state)
{
	struct scene *scene = *state;
	struct bal_resize resize;
	uint64_t order;

	begin(scene, 1, BAL_VERTICAL_ON);
	use(scene, AGENT, 100, 950, 5 * NS_PER_S);
	order = scene_last(scene, BAL_EFFECT_RESIZE)->order;
	use(scene, AGENT, 100, 950, 40 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 1);
	assert_true(bal_resize_find(scene->core, order, &resize));
	assert_int_equal(resize.status, BAL_TIMEOUT);
	/* Its late word is stale, but tells what is. */
	assert_int_equal(STEP(scene, RESIZED, resized, .order = order, .agent = AGENT,
				 .cpu_millis = 1000, .memory_mib = 1500),
		BAL_STALE);
	assert_int_equal(limits_of(scene, AGENT).memory_mib, 1500);
}

static void test_events_that_mean_nothing(void **state)
{
	struct scene *scene = *state;

	begin(scene, 1, BAL_VERTICAL_ON);
	assert_int_equal(STEP(scene, RESIZED, resized, .agent = 999), BAL_UNKNOWN);
	assert_int_equal(STEP(scene, RESIZED, resized, .agent = AGENT, .status = 999), BAL_INVALID);
	assert_int_equal(STEP(scene, VERTICAL, vertical, .pool = 5), BAL_UNKNOWN);
	assert_int_equal(STEP(scene, VERTICAL, vertical, .pool = 99), BAL_INVALID);
	assert_int_equal(STEP(scene, VERTICAL, vertical, .mode = 3), BAL_INVALID);
	scene_pool_urls(scene, 1, 501, 1);
	assert_int_equal(STEP(scene, RESIZED, resized, .agent = 501), BAL_UNKNOWN);
}

static void test_what_was_found_is_taken_over(void **state)
{
	struct scene *scene = *state;

	begin(scene, 1, BAL_VERTICAL_ON);
	STEP(scene, RESIZED, resized, .agent = AGENT, .cpu_millis = 2000, .memory_mib = 500);
	assert_int_equal(limits_of(scene, AGENT).cpu_millis, 2000);
	assert_int_equal(limits_of(scene, AGENT).cpu_base_millis, 1000);
	assert_int_equal(limits_of(scene, AGENT).memory_mib, 500);
	assert_int_equal(limits_of(scene, AGENT).memory_base_mib, 500);
	assert_int_equal(limits_of(scene, AGENT).changed_at_ns, BAL_NEVER_NS);
	/* One that has no limit is not bounded, and has nothing to go back to. */
	STEP(scene, RESIZED, resized, .agent = AGENT);
	assert_int_equal(limits_of(scene, AGENT).cpu_base_millis, 0);
}

/* ---- budgets ---- */

static void test_the_budgets_bound_all(void **state)
{
	static const struct {
		uint32_t host, pool;
	} rows[] = {{2500, 0}, {0, 2500}, {2500, 9000}, {9000, 2500}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scene *scene = *state;
		uint64_t sum = 0;

		begin(scene, 2, BAL_VERTICAL_ON);
		STEP(scene, BUDGET, budget, .cpu_millis = rows[i].host);
		STEP(scene, VERTICAL, vertical, .mode = BAL_VERTICAL_ON, .able = true,
			.cpu_budget_millis = rows[i].pool);
		for (int second = 0; second < 310; second += 5) {
			for (uint64_t agent = AGENT; agent <= AGENT + 1; agent++) {
				scene_sample(scene, agent, BAL_SIGNAL_CPU_THROTTLED, 500);
				scene_sample(scene, agent, BAL_SIGNAL_CPU_MILLIS, 1000);
			}
			scene_run_for(scene, 5 * NS_PER_S);
		}
		/* The first takes all that is left, before anybody has answered. */
		assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 1);
		assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->count, 1500);
		answer(scene, BAL_OK);
		scene_run_for(scene, 2 * NS_PER_S);
		assert_int_equal(limits_of(scene, AGENT + 1).hold, BAL_REASON_HOLD_BUDGET);
		for (uint64_t agent = AGENT; agent <= AGENT + 1; agent++)
			sum += limits_of(scene, agent).cpu_millis;
		assert_int_equal(sum, 2500);
		scene_end(state);
		scene_begin(state);
	}
}

static void test_a_little_room_is_not_worth_an_order(void **state)
{
	struct scene *scene = *state;

	begin(scene, 1, BAL_VERTICAL_ON);
	STEP(scene, BUDGET, budget, .memory_mib = 1499);
	use(scene, AGENT, 100, 950, 5 * NS_PER_S);
	scene_expect(scene, "");
	assert_int_equal(limits_of(scene, AGENT).hold, BAL_REASON_HOLD_BUDGET);
	STEP(scene, BUDGET, budget, .memory_mib = 1500);
	use(scene, AGENT, 100, 950, 5 * NS_PER_S);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->attempt, 1500);
}

static void test_more_than_four_cores_must_be_worth_it(void **state)
{
	struct scene *scene = *state;

	begin(scene, 1, BAL_VERTICAL_ON);
	STEP(scene, RESIZED, resized, .agent = AGENT, .cpu_millis = 3000, .memory_mib = 1000);
	/* Nobody works there: whom would it serve? Four is the most. */
	use(scene, AGENT, 3000, 100, 5 * NS_PER_MIN + 5 * NS_PER_S);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->count, 4000);
	answer(scene, BAL_OK);
	use(scene, AGENT, 4000, 100, 5 * NS_PER_MIN + 5 * NS_PER_S);
	scene_expect(scene, "");
	assert_int_equal(limits_of(scene, AGENT).hold, BAL_REASON_HOLD_COST);
	/* Two tasks gain by it. */
	scene_task(scene, 1);
	scene_task(scene, 2);
	scene_clear(scene);
	use(scene, AGENT, 4000, 100, 5 * NS_PER_S);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->count, 5720);
	answer(scene, BAL_OK);
	/* At a price that their time is not worth they do not. */
	scene_knob(scene, BAL_KNOB_TIME_VALUE, 100);
	use(scene, AGENT, 5720, 100, 6 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 0);
	assert_int_equal(limits_of(scene, AGENT).hold, BAL_REASON_HOLD_COST);
}

static void test_pauses(void **state)
{
	struct scene *scene = *state;

	begin(scene, 1, BAL_VERTICAL_ON);
	STEP(scene, POOL_PAUSED, pool_paused, .scale_out = true);
	use(scene, AGENT, 100, 950, 5 * NS_PER_S);
	scene_expect(scene, "");
	assert_int_equal(limits_of(scene, AGENT).hold, BAL_REASON_HOLD_PAUSED);
	STEP(scene, POOL_PAUSED, pool_paused, .scale_in = true);
	use(scene, AGENT, 100, 950, 5 * NS_PER_S);
	answer(scene, BAL_OK);
	use(scene, AGENT, 100, 100, 2 * NS_PER_HOUR);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 0);
	assert_int_equal(limits_of(scene, AGENT).hold, BAL_REASON_HOLD_PAUSED);
	STEP(scene, POOL_PAUSED, pool_paused, .pool = 0);
	use(scene, AGENT, 100, 100, 5 * NS_PER_S);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->attempt, 1000);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->reason, BAL_REASON_RESIZE_UNUSED);
}

static void test_a_gap_and_silence_hold(void **state)
{
	struct scene *scene = *state;

	begin(scene, 1, BAL_VERTICAL_ON);
	use(scene, AGENT, 900, 100, 4 * NS_PER_MIN);
	STEP(scene, GAP, gap, .duration_ns = NS_PER_MIN);
	use(scene, AGENT, 900, 100, 4 * NS_PER_MIN + 55 * NS_PER_S);
	scene_expect(scene, "");
	use(scene, AGENT, 900, 100, 10 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 1);
}

static void test_who_took_the_place_of_one_that_starved(void **state)
{
	struct scene *scene = *state;

	begin(scene, 1, BAL_VERTICAL_ON);
	scene_sample(scene, AGENT, BAL_SIGNAL_OOM_KILLS, 1);
	scene_down(scene, AGENT, false);
	scene_run_for(scene, NS_PER_MIN);
	scene_clear(scene);
	scene_agent(scene, AGENT + 1, 0, 4);
	scene_sample(scene, AGENT + 1, BAL_SIGNAL_MEMORY_MIB, 50);
	scene_run_for(scene, 2 * NS_PER_S);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->attempt, 2000);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESIZE)->reason, BAL_REASON_RESIZE_OOM);
}

/* ---- one decision with more agents ---- */

/* Two agents whose processors and slots are short at the same look, after five minutes. */
static void press(struct scene *scene, struct bal_event_pool *pool, uint32_t above)
{
	pool->strategy = BAL_STRATEGY_CONSERVATIVE;
	pool->agents_max = 4;
	pool->up.load_permille = above;
	scene_pool(scene, pool);
	scene_fill(scene, 1, 7); /* of 8 slots */
	scene_run_for(scene, NS_PER_S);
	for (int second = 0; second < 300; second += 5) {
		scene_sample(scene, AGENT, BAL_SIGNAL_CPU_MILLIS, 950);
		scene_sample(scene, AGENT + 1, BAL_SIGNAL_CPU_MILLIS, 950);
		scene_run_for(scene, 5 * NS_PER_S);
	}
}

static void test_the_cheaper_way_is_more_for_each(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, 2, BAL_VERTICAL_ON);
	struct bal_resize resize;

	/* 1.09 times the threshold. 36 % more for two is 360, one agent is 1000. */
	press(scene, &pool, 800);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 2);
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_VERTICAL);
	assert_true(bal_resize_past(scene->core, 0, &resize));
	assert_int_equal(resize.alternative_microcents_hour, 1000);
	scene_clear(scene);
	/* It is given time to help. */
	scene_run_for(scene, 29 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
}

static void test_more_agents_are_the_only_way_that_is_enough(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, 2, BAL_VERTICAL_ON);

	/* 1.46 times the threshold, and 36 % more processor is not as much; one more of two is. */
	press(scene, &pool, 600);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 0);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	assert_int_equal(limits_of(scene, AGENT).hold, BAL_REASON_HOLD_HORIZONTAL);
	assert_int_equal(limits_of(scene, AGENT + 1).hold, BAL_REASON_HOLD_HORIZONTAL);
	assert_int_equal(scene_last(scene, BAL_EFFECT_SCALE)->reason, BAL_REASON_SCALE_LOAD_HIGH);
	scene_clear(scene);
	/* As long as the order is open, and for a while. */
	use(scene, AGENT, 950, 100, 20 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 0);
}

static void test_load_alone_is_for_more_agents(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, 2, BAL_VERTICAL_ON);

	pool.strategy = BAL_STRATEGY_CONSERVATIVE;
	pool.agents_max = 4;
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 7);
	use(scene, AGENT, 500, 100, 5 * NS_PER_MIN + 5 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	assert_int_equal(scene_count(scene, BAL_EFFECT_RESIZE), 0);
}

static void test_more_processor_is_given_time_to_help(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, 2, BAL_VERTICAL_ON);

	/* Its trigger comes first; the load's a moment later. */
	use(scene, AGENT, 950, 100, 10 * NS_PER_S);
	press(scene, &pool, 600);
	assert_in_range(scene_count(scene, BAL_EFFECT_RESIZE), 1, 2);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_VERTICAL);
	scene_run_for(scene, RESIZE_SETTLE_NS);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
}

/* ---- replacements ---- */

/* The agent is short of memory for the third time within the hour. */
static void leak(struct scene *scene, uint64_t agent)
{
	for (int i = 0; i < 2; i++) {
		use(scene, agent, 100, limits_of(scene, agent).memory_mib * 95 / 100, 5 * NS_PER_S);
		answer(scene, BAL_OK);
		use(scene, agent, 100, 500, NS_PER_MIN);
	}
	scene_clear(scene);
	use(scene, agent, 100, limits_of(scene, agent).memory_mib * 95 / 100, 5 * NS_PER_S);
}

static void come(struct scene *scene, uint64_t id)
{
	struct bal_effect scale = *scene_last(scene, BAL_EFFECT_SCALE);

	STEP(scene, AGENT_UP, up, .agent = id, .state = BAL_AGENT_STARTING, .slots = 4,
		.order = scale.order);
	STEP(scene, SCALE_ENDED, scale_ended, .order = scale.order, .count = 1);
	scene_clear(scene);
}

static void test_a_leaking_agent_is_replaced_without_loss(void **state)
{
	struct scene *scene = *state;
	struct bal_pool_resources resources;
	struct bal_resize resize;
	uint64_t order;

	begin(scene, 1, BAL_VERTICAL_ON);
	scene_task(scene, 1);
	leak(scene, AGENT);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 0);
	order = scene_last(scene, BAL_EFFECT_SCALE)->order;
	scene_expect_why(scene, order, BAL_WHY_SCALED, BAL_REASON_RESTART_LEAK);
	assert_true(bal_pool_resources(scene->core, 0, &resources));
	assert_int_equal(resources.replaced, AGENT);
	/* One more than the most is there meanwhile, and nothing is taken away for it. */
	come(scene, 201);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 201);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "drain 101");
	/* The task that it has is finished there; new ones go to the new one. */
	scene_task(scene, 2);
	scene_expect(scene, "accept 2; dispatch 2.1@201");
	scene_succeed(scene, 1, NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_END), 1);
	scene_down(scene, AGENT, true);
	scene_clear(scene);
	scene_run_for(scene, 2 * NS_PER_S);
	scene_expect(scene, "");
	assert_true(bal_resize_find(scene->core, order, &resize));
	assert_int_equal(resize.status, BAL_OK);
	assert_true(resize.ended_at_ns < BAL_NEVER_NS);
	assert_true(bal_pool_resources(scene->core, 0, &resources));
	assert_int_equal(resources.replaced, 0);
}

static void test_one_replacement_at_a_time(void **state)
{
	struct scene *scene = *state;

	begin(scene, 2, BAL_VERTICAL_ON);
	leak(scene, AGENT);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	leak(scene, AGENT + 1);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(limits_of(scene, AGENT + 1).hold, BAL_REASON_HOLD_REPLACING);
}

static void test_a_replacement_that_does_not_come(void **state)
{
	struct scene *scene = *state;
	struct bal_resize resize;
	uint64_t order;

	begin(scene, 1, BAL_VERTICAL_ON);
	leak(scene, AGENT);
	order = scene_last(scene, BAL_EFFECT_SCALE)->order;
	scene_clear(scene);
	STEP(scene, SCALE_ENDED, scale_ended, .order = order, .status = BAL_UNAVAILABLE);
	use(scene, AGENT, 100, 3800, 5 * NS_PER_S);
	/* The old one works on. */
	scene_expect(scene, "order 0 order_failed");
	assert_true(bal_resize_find(scene->core, order, &resize));
	assert_int_equal(resize.status, BAL_UNAVAILABLE);
	assert_int_equal(scene_agent_view(scene, AGENT).state, BAL_AGENT_READY);
	use(scene, AGENT, 100, 3800, 2 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
}

static void test_without_room_for_both_the_old_one_goes_first(void **state)
{
	struct scene *scene = *state;

	begin(scene, 2, BAL_VERTICAL_ON);
	STEP(scene, BUDGET, budget, .cpu_millis = 2500);
	leak(scene, AGENT);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(scene_last(scene, BAL_EFFECT_DRAIN)->agent, AGENT);
	assert_int_equal(scene_last(scene, BAL_EFFECT_END)->agent, AGENT);
}

static void test_the_old_one_dies_before_its_time(void **state)
{
	struct scene *scene = *state;
	struct bal_pool_resources resources;

	begin(scene, 1, BAL_VERTICAL_ON);
	leak(scene, AGENT);
	scene_down(scene, AGENT, false);
	scene_run_for(scene, 2 * NS_PER_S);
	assert_true(bal_pool_resources(scene->core, 0, &resources));
	assert_int_equal(resources.replaced, 0);
	assert_int_equal(scene_pool_view(scene, 0).ordered, 1);
}

static void test_somebody_takes_the_old_one_back(void **state)
{
	struct scene *scene = *state;
	struct bal_resize resize;
	uint64_t order;

	begin(scene, 1, BAL_VERTICAL_ON);
	scene_task(scene, 1);
	leak(scene, AGENT);
	order = scene_last(scene, BAL_EFFECT_SCALE)->order;
	come(scene, 201);
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 201);
	scene_run_for(scene, NS_PER_S);
	assert_int_equal(scene_drain(scene, AGENT, true), BAL_OK);
	scene_run_for(scene, NS_PER_S);
	assert_true(bal_resize_find(scene->core, order, &resize));
	assert_int_equal(resize.status, BAL_CONFLICT);
}

/* ---- saved states ---- */

static void test_a_saved_state_goes_on_alike(void **state)
{
	struct scene *scene = *state;
	struct scene *other = scene_open(&SCENE_LIMITS);
	size_t size;
	void *bytes;

	begin(scene, 2, BAL_VERTICAL_ON);
	STEP(scene, BUDGET, budget, .cpu_millis = 9000, .memory_mib = 90000);
	leak(scene, AGENT);
	use(scene, AGENT + 1, 900, 950, 10 * NS_PER_S);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	assert_int_equal(bal_core_load(other->core, bytes, size), BAL_OK);
	assert_int_equal(bal_core_digest(other->core), bal_core_digest(scene->core));
	other->now_ns = scene->now_ns;
	for (int i = 0; i < 2; i++) {
		struct scene *one = i == 0 ? scene : other;

		scene_clear(one);
		use(one, AGENT + 1, 900, 950, 6 * NS_PER_MIN);
	}
	assert_int_equal(bal_core_digest(other->core), bal_core_digest(scene->core));
	assert_int_equal(other->effect_count, scene->effect_count);
	free(bytes);
	scene_close(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
	const struct CMUnitTest tests[] = {
		TEST(test_processor_is_raised_and_explained),
		TEST(test_off_does_nothing),
		TEST(test_advice_is_only_said),
		TEST(test_without_groups_it_holds),
		TEST(test_a_refusal_waits),
		TEST(test_a_host_that_does_not_answer),
		TEST(test_events_that_mean_nothing),
		TEST(test_what_was_found_is_taken_over),
		TEST(test_the_budgets_bound_all),
		TEST(test_a_little_room_is_not_worth_an_order),
		TEST(test_more_than_four_cores_must_be_worth_it),
		TEST(test_pauses),
		TEST(test_a_gap_and_silence_hold),
		TEST(test_who_took_the_place_of_one_that_starved),
		TEST(test_the_cheaper_way_is_more_for_each),
		TEST(test_more_agents_are_the_only_way_that_is_enough),
		TEST(test_load_alone_is_for_more_agents),
		TEST(test_more_processor_is_given_time_to_help),
		TEST(test_a_leaking_agent_is_replaced_without_loss),
		TEST(test_one_replacement_at_a_time),
		TEST(test_a_replacement_that_does_not_come),
		TEST(test_without_room_for_both_the_old_one_goes_first),
		TEST(test_the_old_one_dies_before_its_time),
		TEST(test_somebody_takes_the_old_one_back),
		TEST(test_a_saved_state_goes_on_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

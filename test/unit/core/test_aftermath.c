/* SPDX-License-Identifier: Apache-2.0 */
/* What comes of orders: watched for five minutes without anybody waiting, judged, undone when they
 * did harm or no good, and never to and fro. */
#include "scene.h"

#include "core/aftermath.h"
#include "core/state.h"

#include <stdlib.h>

enum { SLOTS = 10, AGENT_FIRST = 101 };

/* A scene in which orders are watched as they are by default. */
static int begin(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	scene->judged = true;
	scene_start(scene, 1);
	*state = scene;
	return 0;
}

static struct bal_order order_of(const struct scene *scene, uint64_t id)
{
	struct bal_order order;

	assert_true(bal_order_find(scene->core, id, &order));
	assert_int_equal(order.id, id);
	return order;
}

static struct bal_order last_order(const struct scene *scene)
{
	return order_of(scene, scene_pool_view(scene, 0).order_last);
}

/* The provider does what the last SCALE asks for; the new agents' ids start there. */
static void provide(struct scene *scene, uint64_t first)
{
	struct bal_effect scale = *scene_last(scene, BAL_EFFECT_SCALE);

	for (uint64_t i = 0; i < scale.count; i++)
		assert_int_equal(
			STEP(scene, AGENT_UP, up, .agent = first + i, .pool = scale.pool,
				.state = BAL_AGENT_READY, .slots = SLOTS, .order = scale.order),
			BAL_OK);
	assert_int_equal(
		STEP(scene, SCALE_ENDED, scale_ended, .order = scale.order, .count = scale.count),
		BAL_OK);
	scene_clear(scene);
}

/* A pool that is aggressive and has so many agents, long after they came. */
static struct bal_event_pool fleet(struct scene *scene, uint32_t agents)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.agents_min = agents;
	pool.agents_baseline = agents;
	pool.agents_max = 32;
	pool.slots = SLOTS;
	pool.price_microcents_hour = 50 * MICROCENTS_PER_CENT;
	pool.timeout_ns = NS_PER_DAY;
	pool.emergency_wait_ns = NS_PER_DAY;
	pool.strategy = BAL_STRATEGY_CONSERVATIVE;
	scene_pool(scene, &pool);
	provide(scene, AGENT_FIRST);
	pool.agents_min = 1;
	scene_pool(scene, &pool);
	scene_run_for(scene, 6 * NS_PER_MIN);
	scene_clear(scene);
	return pool;
}

/* Whatever the pool has, no more than so many tasks run at a time. */
static void bound(struct scene *scene, struct bal_event_pool *pool, uint32_t running)
{
	assert_int_equal(STEP(scene, LIMIT, limit, .limit = 0, .running_max = running), BAL_OK);
	pool->limits[0] = 0;
	scene_pool(scene, pool);
}

/* 27 of 30 slots busy for five minutes: one agent more. */
static void outgrow(struct scene *scene)
{
	scene_fill(scene, 1, 27);
	scene_run_for(scene, 5 * NS_PER_MIN + NS_PER_S);
	scene_expect(scene, "scale 0 +1 scale_load_high");
}

static void test_more_agents_that_helped(void **state)
{
	struct scene *scene = *state;
	struct bal_effect scale;
	struct bal_order order;
	int64_t done_at_ns;

	fleet(scene, 3);
	scene_fill(scene, 1, 27);
	scene_run_for(scene, 5 * NS_PER_MIN + NS_PER_S);
	scale = *scene_last(scene, BAL_EFFECT_SCALE);
	order = order_of(scene, scale.order);
	assert_int_equal(order.state, BAL_ORDER_IS_WORKING);
	assert_int_equal(order.type, BAL_ORDER_AGENTS);
	assert_int_equal(order.reason, BAL_REASON_SCALE_LOAD_HIGH);
	assert_int_equal(order.asked, 1);
	assert_int_equal(order.came, 0);
	assert_true(order.done_at_ns == BAL_NEVER_NS && order.judged_at_ns == BAL_NEVER_NS);
	assert_true(order.price_predicted_microcents_hour == 50 * MICROCENTS_PER_CENT);
	scene_run_for(scene, 30 * NS_PER_S);
	provide(scene, 201);
	done_at_ns = scene->now_ns;
	order = order_of(scene, scale.order);
	assert_int_equal(order.state, BAL_ORDER_IS_WATCHED);
	assert_int_equal(order.came, 1);
	assert_true(order.done_at_ns == done_at_ns);
	assert_true(order.judged_at_ns == done_at_ns + 5 * NS_PER_MIN);
	scene_run_to(scene, done_at_ns + 5 * NS_PER_MIN - 1);
	scene_expect(scene, "");
	assert_int_equal(order_of(scene, scale.order).verdict, BAL_VERDICT_OPEN);
	scene_run_for(scene, 1);
	scene_expect(scene, "order 0 order_helped");
	order = order_of(scene, scale.order);
	assert_int_equal(order.state, BAL_ORDER_IS_CLOSED);
	assert_int_equal(order.verdict, BAL_VERDICT_HELPED);
	assert_int_equal(order.answer, 0);
	assert_int_equal(order.remark, BAL_REASON_NONE);
	assert_int_equal(order.before.utilisation_permille, 900);
	assert_int_equal(order.after.utilisation_permille, 675);
	assert_int_equal(order.before.agents_millis, 3000);
	assert_int_equal(order.after.agents_millis, 4000);
	assert_true(order.price_achieved_microcents_hour == 50 * MICROCENTS_PER_CENT);
}

/* A database lets 25 tasks run at a time, so more agents change nothing. */
static uint64_t wasted(struct scene *scene, struct bal_event_pool *pool)
{
	uint64_t order;

	bound(scene, pool, 25);
	scene_fill(scene, 1, 28);
	scene_run_for(scene, 5 * NS_PER_MIN + NS_PER_S);
	order = scene_last(scene, BAL_EFFECT_SCALE)->order;
	assert_int_equal(order_of(scene, order).reason, BAL_REASON_SCALE_LOAD_HIGH);
	provide(scene, 201);
	return order;
}

static void test_useless_agents_are_sent_home(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = fleet(scene, 3);
	uint64_t first = wasted(scene, &pool);
	struct bal_order undone, undoes;

	scene_run_for(scene, 5 * NS_PER_MIN);
	scene_expect(scene, "drain 201; end 201; order 0 order_no_effect");
	undone = order_of(scene, first);
	undoes = last_order(scene);
	assert_int_equal(undone.verdict, BAL_VERDICT_NO_EFFECT);
	assert_int_equal(undone.answer, undoes.id);
	assert_int_equal(undoes.about, first);
	assert_int_equal(undoes.reason, BAL_REASON_SCALE_ROLLBACK);
	assert_int_equal(undoes.agents_before, 4);
	assert_int_equal(undoes.agents_after, 3);
	assert_true(undoes.price_predicted_microcents_hour == -50 * MICROCENTS_PER_CENT);
	assert_int_equal(scene_why(scene, undoes.id).reason, BAL_REASON_SCALE_ROLLBACK);
	assert_int_equal(scene_why(scene, undoes.id).victim, 201);
	/* It is watched too, but whatever comes of it, it stays. */
	scene_down(scene, 201, true);
	scene_run_for(scene, 5 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(order_of(scene, undoes.id).state, BAL_ORDER_IS_CLOSED);
	assert_int_equal(order_of(scene, undoes.id).answer, 0);
}

static void test_what_was_undone_is_not_done_again_at_once(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = fleet(scene, 3);
	uint64_t again;

	wasted(scene, &pool);
	scene_run_for(scene, 5 * NS_PER_MIN);
	scene_down(scene, 201, true);
	scene_clear(scene);
	/* A quarter of an hour ... */
	scene_run_for(scene, 15 * NS_PER_MIN - 1);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_ROLLED_BACK);
	scene_run_for(scene, NS_PER_S);
	again = scene_last(scene, BAL_EFFECT_SCALE)->order;
	provide(scene, 301);
	/* ... then it is tried again, undone again, and held for twice as long. */
	scene_run_for(scene, 5 * NS_PER_MIN);
	assert_int_equal(order_of(scene, again).verdict, BAL_VERDICT_NO_EFFECT);
	assert_int_equal(scene_last(scene, BAL_EFFECT_DRAIN)->agent, 301);
	scene_down(scene, 301, true);
	scene_clear(scene);
	scene_run_for(scene, 30 * NS_PER_MIN - 1);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	scene_run_for(scene, NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
}

static void test_a_hold_holds_neither_people_nor_emergencies(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = fleet(scene, 3);

	wasted(scene, &pool);
	scene_run_for(scene, 5 * NS_PER_MIN);
	scene_down(scene, 201, true);
	scene_clear(scene);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 4), BAL_OK);
	assert_int_equal(scene_last(scene, BAL_EFFECT_SCALE)->reason, BAL_REASON_SCALE_OPERATOR);
	provide(scene, 301);
	pool.emergency_wait_ns = 10 * NS_PER_S;
	scene_pool(scene, &pool);
	assert_int_equal(scene_submit(scene, (struct bal_event_task){.id = 900,
						     .priority = BAL_PRIORITY_CRITICAL}),
		BAL_OK);
	scene_clear(scene);
	scene_run_for(scene, 12 * NS_PER_S);
	scene_expect(scene, "scale 0 +4 scale_emergency");
}

static void test_people_are_not_corrected(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = fleet(scene, 3);
	uint64_t order;

	bound(scene, &pool, 20);
	scene_fill(scene, 1, 23);
	scene_run_for(scene, NS_PER_MIN);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 4), BAL_OK);
	order = scene_last(scene, BAL_EFFECT_SCALE)->order;
	provide(scene, 201);
	scene_run_for(scene, 6 * NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 0);
	assert_int_equal(order_of(scene, order).verdict, BAL_VERDICT_HARMFUL);
	assert_int_equal(order_of(scene, order).answer, 0);
	assert_int_equal(order_of(scene, order).remark, BAL_REASON_NONE);
}

static void test_of_two_orders_nobody_knows_which_it_was(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = fleet(scene, 3);
	uint64_t order = wasted(scene, &pool);

	scene_run_for(scene, NS_PER_MIN);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 5), BAL_OK);
	assert_int_equal(scene->core->watched.count, 1);
	provide(scene, 301);
	assert_int_equal(scene->core->watched.count, 2);
	scene_run_for(scene, 4 * NS_PER_MIN);
	scene_expect(scene, "order 0 order_no_effect");
	assert_int_equal(order_of(scene, order).remark, BAL_REASON_SKIP_NEWER);
	assert_int_equal(order_of(scene, order).answer, 0);
	assert_int_equal(scene->core->watched.count, 1);
}

static void test_what_keeps_a_useless_order(void **state)
{
	static const struct {
		bool paused_in, at_minimum;
		enum bal_reason remark;
	} ROWS[] = {{true, false, BAL_REASON_HOLD_PAUSED}, {false, true, BAL_REASON_HOLD_MINIMUM}};
	void *unused = *state;

	(void)unused;
	for (uint32_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
		struct bal_event_pool pool;
		struct scene *scene;
		uint64_t order;
		void *own;

		begin(&own);
		scene = own;
		pool = fleet(scene, 3);
		order = wasted(scene, &pool);
		if (ROWS[i].paused_in)
			STEP(scene, POOL_PAUSED, pool_paused, .scale_in = true);
		if (ROWS[i].at_minimum)
			pool.agents_min = 4;
		scene_pool(scene, &pool);
		scene_run_for(scene, 5 * NS_PER_MIN);
		scene_expect(scene, "order 0 order_no_effect");
		assert_int_equal(order_of(scene, order).remark, ROWS[i].remark);
		scene_close(scene);
	}
}

static void test_exact_strategies_are_left_alone(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = fleet(scene, 3);
	uint64_t order = wasted(scene, &pool);

	pool.strategy = BAL_STRATEGY_HPA;
	STEP(scene, POOL_PAUSED, pool_paused, .scale_in = true, .scale_out = true);
	scene_pool(scene, &pool);
	scene_run_for(scene, 5 * NS_PER_MIN);
	scene_expect(scene, "order 0 order_no_effect");
	assert_int_equal(order_of(scene, order).remark, BAL_REASON_NONE);
}

static void test_a_larger_load_ends_the_hold(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = fleet(scene, 3);
	struct pool *own = &scene->core->pools[0];

	wasted(scene, &pool);
	scene_run_for(scene, 5 * NS_PER_MIN);
	assert_true(aftermath_holds(scene->core, own, true));
	assert_false(aftermath_holds(scene->core, own, false));
	own->scaling->tally.held_offered = own->scaling->demand.offered / 1.26;
	assert_false(aftermath_holds(scene->core, own, true));
	own->scaling->tally.held_offered = own->scaling->demand.offered / 1.24;
	assert_true(aftermath_holds(scene->core, own, true));
}

/* ---- fewer ---- */

/* Three agents, 11 of 30 slots busy for 15 minutes: one goes. Then come many tasks. */
static uint64_t shrink(struct scene *scene)
{
	uint64_t order;

	scene_fill(scene, 1, 11);
	while (scene_count(scene, BAL_EFFECT_DRAIN) == 0)
		scene_run_for(scene, NS_PER_S);
	order = scene_last(scene, BAL_EFFECT_DRAIN)->order;
	scene_clear(scene);
	assert_int_equal(order_of(scene, order).state, BAL_ORDER_IS_WATCHED);
	assert_int_equal(order_of(scene, order).asked, 0);
	return order;
}

static void test_fewer_agents_that_helped(void **state)
{
	struct scene *scene = *state;
	uint64_t order;

	fleet(scene, 3);
	order = shrink(scene);
	scene_finish(scene, 1, 11);
	scene_down(scene, scene_why(scene, order).victim, true);
	scene_run_for(scene, 5 * NS_PER_MIN);
	assert_int_equal(order_of(scene, order).verdict, BAL_VERDICT_HELPED);
	assert_int_equal(scene->core->pools[0].scaling->tally.judged_count, 2);
	assert_true(scene->core->pools[0].scaling->tally.helped_down.value == 1);
}

static void test_harmful_scale_in_is_taken_back(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = fleet(scene, 3);
	struct bal_order undoes;
	uint64_t order;

	/* The agent that goes still has a task: it is taken back before another is booted. */
	order = shrink(scene);
	pool.strategy = BAL_STRATEGY_AGGRESSIVE;
	pool.up = (struct bal_scale_rule){10000, NS_PER_HOUR, NS_PER_HOUR};
	pool.queue_deep = 0;
	bound(scene, &pool, 12);
	scene_fill(scene, 100, 6);
	scene_run_for(scene, 5 * NS_PER_MIN);
	undoes = last_order(scene);
	assert_int_equal(order_of(scene, order).verdict, BAL_VERDICT_HARMFUL);
	assert_int_equal(order_of(scene, order).answer, undoes.id);
	assert_int_equal(undoes.about, order);
	assert_int_equal(undoes.reason, BAL_REASON_SCALE_ROLLBACK);
	assert_int_equal(undoes.agents_before, 2);
	assert_int_equal(undoes.agents_after, 3);
	assert_int_equal(
		scene_count(scene, BAL_EFFECT_UNDRAIN) + scene_count(scene, BAL_EFFECT_SCALE), 1);
	assert_true(aftermath_holds(scene->core, &scene->core->pools[0], false));
}

/* ---- the rest ---- */

static void test_none_came(void **state)
{
	struct scene *scene = *state;
	uint64_t order;

	fleet(scene, 3);
	outgrow(scene);
	order = scene_pool_view(scene, 0).order_last;
	STEP(scene, SCALE_ENDED, scale_ended, .order = order, .status = BAL_UNAVAILABLE);
	scene_expect(scene, "order 0 order_held; order 0 order_failed");
	assert_int_equal(order_of(scene, order).state, BAL_ORDER_IS_CLOSED);
	assert_int_equal(order_of(scene, order).verdict, BAL_VERDICT_FAILED);
	assert_true(order_of(scene, order).done_at_ns == scene->now_ns);
	assert_int_equal(scene->core->pools[0].scaling->tally.failed_count, 1);
}

static void test_unwatched(void **state)
{
	struct scene *scene = *state;

	scene_knob(scene, BAL_KNOB_ORDER_WATCH, 0);
	fleet(scene, 3);
	assert_int_equal(last_order(scene).state, BAL_ORDER_IS_CLOSED);
	assert_int_equal(last_order(scene).verdict, BAL_VERDICT_OPEN);
	assert_true(last_order(scene).judged_at_ns == BAL_NEVER_NS);
	assert_true(aftermath_next_ns(scene->core) == BAL_NEVER_NS);
}

/* While the process stood still nothing was seen: the watch is as long again. */
static void test_a_gap_is_no_evidence(void **state)
{
	struct scene *scene = *state;
	uint64_t order;

	fleet(scene, 3);
	outgrow(scene);
	order = scene_pool_view(scene, 0).order_last;
	STEP(scene, AGENT_UP, up, .agent = 201, .state = BAL_AGENT_READY, .slots = SLOTS,
		.order = order);
	scene->now_ns += NS_PER_HOUR;
	STEP(scene, GAP, gap, .duration_ns = NS_PER_HOUR);
	assert_int_equal(order_of(scene, order).state, BAL_ORDER_IS_CLOSED);
}

/* Saved while one order is judged, one watched and one on its way: the copy goes on alike. */
static void test_a_saved_watch_goes_on(void **state)
{
	struct scene *scene = *state;
	struct scene *copy = scene_open(&SCENE_LIMITS);
	struct bal_event_pool pool = fleet(scene, 3);
	size_t size;
	void *bytes;

	wasted(scene, &pool);
	STEP(scene, POOL_SCALED, pool_scaled, .agents = 6);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_non_null(bytes);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	assert_int_equal(bal_core_load(copy->core, bytes, size), BAL_OK);
	assert_int_equal(copy->core->watched.count, 1);
	copy->now_ns = scene->now_ns;
	scene_clear(scene);
	scene_run_for(scene, 6 * NS_PER_MIN);
	scene_run_for(copy, 6 * NS_PER_MIN);
	assert_int_equal(scene->effect_count, 1);
	assert_int_equal(copy->effect_count, 1);
	assert_true(bal_core_digest(copy->core) == bal_core_digest(scene->core));
	free(bytes);
	scene_close(copy);
}

static void test_the_past_newest_first(void **state)
{
	struct scene *scene = *state;
	struct bal_order order;
	uint64_t last;

	fleet(scene, 3);
	assert_true(bal_order_past(scene->core, 0, &order));
	assert_int_equal(order.reason, BAL_REASON_SCALE_MINIMUM);
	assert_false(bal_order_past(scene->core, 1, &order));
	outgrow(scene);
	last = scene_pool_view(scene, 0).order_last;
	assert_true(bal_order_past(scene->core, 0, &order));
	assert_int_equal(order.id, last);
	assert_true(bal_order_past(scene->core, 1, &order));
	assert_int_equal(order.reason, BAL_REASON_SCALE_MINIMUM);
	assert_false(bal_order_find(scene->core, last + 1, &order));
	assert_false(bal_order_past(scene->core, UINT32_MAX, &order));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, scene_end)
		TEST(test_more_agents_that_helped),
		TEST(test_useless_agents_are_sent_home),
		TEST(test_what_was_undone_is_not_done_again_at_once),
		TEST(test_a_hold_holds_neither_people_nor_emergencies),
		TEST(test_people_are_not_corrected),
		TEST(test_of_two_orders_nobody_knows_which_it_was),
		TEST(test_what_keeps_a_useless_order),
		TEST(test_exact_strategies_are_left_alone),
		TEST(test_a_larger_load_ends_the_hold),
		TEST(test_fewer_agents_that_helped),
		TEST(test_harmful_scale_in_is_taken_back),
		TEST(test_none_came),
		TEST(test_unwatched),
		TEST(test_a_gap_is_no_evidence),
		TEST(test_a_saved_watch_goes_on),
		TEST(test_the_past_newest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

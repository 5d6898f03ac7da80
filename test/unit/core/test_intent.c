/* SPDX-License-Identifier: Apache-2.0 */
/* Orders that wait for an instant or a condition: held, given, skipped with a reason, taken back,
 * tried again; and advice, which is recorded and changes nothing. */
#include "scene.h"

#include "core/intent.h"
#include "core/state.h"

#include <stdlib.h>

#define KEY 77

/* A pool of one ready agent with ten slots. */
static struct bal_event_pool fleet(struct scene *scene)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.slots = 10;
	pool.timeout_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 10);
	scene_clear(scene);
	return pool;
}

static struct bal_event_order later(const struct scene *scene, uint32_t agents, int64_t after_ns)
{
	return (struct bal_event_order){.key = KEY,
		.agents = agents,
		.timing = BAL_TIMING_SCHEDULED,
		.at_ns = scene->now_ns + after_ns,
		.expires_at_ns = BAL_NEVER_NS};
}

static struct bal_event_order when(
	uint32_t agents, enum bal_condition condition, uint32_t threshold, int64_t expires_at_ns)
{
	return (struct bal_event_order){.key = KEY,
		.agents = agents,
		.timing = BAL_TIMING_CONDITIONAL,
		.condition = condition,
		.threshold = threshold,
		.expires_at_ns = expires_at_ns};
}

static enum bal_status give(struct scene *scene, struct bal_event_order order)
{
	return scene_step(scene, (struct bal_event){.type = BAL_EVENT_ORDER, .order = order});
}

static struct bal_order find(const struct scene *scene, uint64_t id)
{
	struct bal_order order;

	assert_true(bal_order_find(scene->core, id, &order));
	return order;
}

static uint64_t held_id(const struct scene *scene)
{
	uint64_t id = bal_order_by_key(scene->core, KEY);

	assert_true(id != 0);
	return id;
}

static void test_at_its_instant_and_not_before(void **state)
{
	struct scene *scene = *state;
	struct bal_order order;
	struct bal_held held;
	uint64_t id;

	fleet(scene);
	assert_int_equal(give(scene, later(scene, 3, 90 * NS_PER_S + 1)), BAL_OK);
	scene_expect(scene, "order 0 order_held");
	id = held_id(scene);
	assert_true(bal_held_at(scene->core, 0, &held));
	assert_true(held.id == id && held.order.agents == 3);
	assert_int_equal(held.reason, BAL_REASON_SCALE_OPERATOR);
	assert_false(bal_held_at(scene->core, 1, &held));
	assert_false(bal_held_at(scene->core, BAL_HELD_MAX, &held));
	scene_run_for(scene, 90 * NS_PER_S);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "scale 0 +2 scale_operator");
	assert_false(bal_held_at(scene->core, 0, &held));
	order = find(scene, id);
	assert_true(order.held == id && order.id != id);
	assert_int_equal(order.timing, BAL_TIMING_SCHEDULED);
	assert_int_equal(order.state, BAL_ORDER_IS_WORKING);
}

static void test_the_same_key_is_the_same_order(void **state)
{
	struct scene *scene = *state;
	struct bal_event_order order;

	fleet(scene);
	order = later(scene, 3, NS_PER_MIN);
	give(scene, order);
	assert_int_equal(give(scene, order), BAL_OK);
	assert_int_equal(scene->core->intents->count, 1);
	order.agents = 4;
	assert_int_equal(give(scene, order), BAL_CONFLICT);
	order.agents = 3;
	scene_clear(scene);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "scale 0 +2 scale_operator");
	/* Also when it has been given already. */
	assert_int_equal(give(scene, order), BAL_OK);
	scene_expect(scene, "");
	order.key = 78;
	order.timing = BAL_TIMING_IMMEDIATE;
	order.agents = 4;
	assert_int_equal(give(scene, order), BAL_OK);
	scene_expect(scene, "scale 0 +1 scale_operator");
	assert_int_equal(give(scene, order), BAL_OK);
	scene_expect(scene, "");
}

static void test_conditions(void **state)
{
	static const struct {
		enum bal_condition condition;
		uint32_t no, yes;
	} ROWS[] = {
		/* 12 tasks for 10 slots: load 1.2, two wait. */
		{BAL_CONDITION_LOAD_ABOVE, 1200, 1199},
		{BAL_CONDITION_LOAD_BELOW, 1200, 1201},
		{BAL_CONDITION_WAITING_ABOVE, 2, 1},
		{BAL_CONDITION_WAITING_BELOW, 2, 3},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
		struct scene *scene;
		void *own;

		scene_begin(&own);
		scene = own;
		fleet(scene);
		scene_fill(scene, 1, 12);
		give(scene, when(3, ROWS[i].condition, ROWS[i].no, BAL_NEVER_NS));
		scene_clear(scene);
		scene_run_for(scene, 10 * NS_PER_S);
		scene_expect(scene, "");
		STEP(scene, ORDER_CANCELLED, order_cancelled, .order = held_id(scene));
		scene->core->orders[0].key = 0;
		give(scene, when(3, ROWS[i].condition, ROWS[i].yes, BAL_NEVER_NS));
		scene_clear(scene);
		scene_run_for(scene, NS_PER_S);
		scene_expect(scene, "scale 0 +2 scale_operator");
		scene_close(scene);
	}
}

static void test_patience_ends(void **state)
{
	struct scene *scene = *state;
	struct bal_order order;
	uint64_t id;

	fleet(scene);
	give(scene, when(3, BAL_CONDITION_LOAD_ABOVE, 800, scene->now_ns + NS_PER_MIN + NS_PER_MS));
	id = held_id(scene);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
	scene_run_for(scene, NS_PER_MS);
	scene_expect(scene, "order 0 skip_expired");
	order = find(scene, id);
	assert_int_equal(order.state, BAL_ORDER_IS_SKIPPED);
	assert_int_equal(order.remark, BAL_REASON_SKIP_EXPIRED);
	assert_int_equal(order.agents_before, 1);
	assert_int_equal(order.agents_after, 3);
	assert_int_equal(scene->core->intents->count, 0);
	scene_fill(scene, 1, 9);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
}

static void test_taken_back(void **state)
{
	struct scene *scene = *state;
	uint64_t id;

	fleet(scene);
	give(scene, later(scene, 3, NS_PER_MIN));
	id = held_id(scene);
	scene_clear(scene);
	assert_int_equal(
		STEP(scene, ORDER_CANCELLED, order_cancelled, .order = id + 1), BAL_UNKNOWN);
	assert_int_equal(STEP(scene, ORDER_CANCELLED, order_cancelled, .order = 0), BAL_UNKNOWN);
	assert_int_equal(STEP(scene, ORDER_CANCELLED, order_cancelled, .order = id), BAL_OK);
	scene_expect(scene, "order 0 order_cancelled");
	assert_int_equal(find(scene, id).state, BAL_ORDER_IS_CANCELLED);
	assert_int_equal(STEP(scene, ORDER_CANCELLED, order_cancelled, .order = id), BAL_UNKNOWN);
	scene_run_for(scene, NS_PER_HOUR);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
}

static void test_checked_when_its_time_has_come(void **state)
{
	static const struct {
		uint32_t agents, max;
		bool paused_out, paused_in, removed;
		const char *effect;
	} ROWS[] = {
		{1, 8, false, false, false, "order 0 skip_enough"},
		{3, 1, false, false, false, "order 0 hold_maximum"},
		{3, 8, true, false, false, "order 0 hold_paused"},
		{3, 8, false, true, false, "scale 0 +2 scale_operator"},
		{0, 8, false, true, false, "order 0 hold_paused"},
		{0, 8, true, false, false, "drain 101; end 101"},
		{3, 8, false, false, true, "order 0 skip_gone"},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
		struct bal_event_pool pool;
		struct scene *scene;
		uint64_t last;
		void *own;

		scene_begin(&own);
		scene = own;
		pool = fleet(scene);
		give(scene, later(scene, ROWS[i].agents, NS_PER_MIN));
		pool.agents_max = ROWS[i].max;
		scene_pool(scene, &pool);
		STEP(scene, POOL_PAUSED, pool_paused, .scale_out = ROWS[i].paused_out,
			.scale_in = ROWS[i].paused_in);
		if (ROWS[i].removed)
			STEP(scene, POOL_REMOVED, pool_removed, .pool = 0);
		scene_clear(scene);
		last = scene_pool_view(scene, 0).order_last;
		scene_run_for(scene, NS_PER_MIN);
		scene_expect(scene, ROWS[i].effect);
		/* What was skipped is not the pool's last order. */
		if (ROWS[i].effect[0] == 'o')
			assert_true(scene_pool_view(scene, 0).order_last == last);
		scene_close(scene);
	}
}

static void test_what_is_refused(void **state)
{
	struct scene *scene = *state;
	struct bal_event_order order;

	fleet(scene);
	scene_pool_urls(scene, 1, 201, 1);
	order = later(scene, 3, NS_PER_MIN);
	order.key = 0;
	assert_int_equal(give(scene, order), BAL_INVALID);
	order.key = KEY;
	order.timing = BAL_TIMING_COUNT;
	assert_int_equal(give(scene, order), BAL_INVALID);
	order.timing = BAL_TIMING_CONDITIONAL;
	order.condition = BAL_CONDITION_COUNT;
	assert_int_equal(give(scene, order), BAL_INVALID);
	order.condition = BAL_CONDITION_LOAD_ABOVE;
	order.pool = scene->core->limits.pools_max;
	assert_int_equal(give(scene, order), BAL_INVALID);
	order.pool = 2;
	assert_int_equal(give(scene, order), BAL_UNKNOWN);
	order.pool = 1;
	assert_int_equal(give(scene, order), BAL_INFEASIBLE);
	for (uint32_t i = 0; i < BAL_HELD_MAX; i++) {
		order = later(scene, 3, NS_PER_HOUR);
		order.key = 1000 + i;
		assert_int_equal(give(scene, order), BAL_OK);
		scene_clear(scene);
	}
	order.key = 999;
	assert_int_equal(give(scene, order), BAL_FULL);
	STEP(scene, STOP, more, 0);
	assert_int_equal(give(scene, order), BAL_UNAVAILABLE);
}

static void test_agents_that_failed_are_asked_for_again(void **state)
{
	struct scene *scene = *state;
	struct bal_order first, again;
	uint64_t order;

	fleet(scene);
	STEP(scene, POOL_SCALED, pool_scaled, .agents = 4);
	order = scene_last(scene, BAL_EFFECT_SCALE)->order;
	STEP(scene, AGENT_UP, up, .agent = 102, .state = BAL_AGENT_READY, .slots = 10,
		.order = order);
	scene_clear(scene);
	STEP(scene, SCALE_ENDED, scale_ended, .order = order, .status = BAL_UNAVAILABLE,
		.count = 1);
	scene_expect(scene, "order 0 order_held");
	scene_run_for(scene, 2 * NS_PER_S);
	scene_expect(scene, "scale 0 +2 scale_retry");
	first = find(scene, order);
	again = find(scene, first.answer);
	assert_true(again.about == order);
	assert_int_equal(again.reason, BAL_REASON_SCALE_RETRY);
	/* It fails as well, and again, with longer pauses each time, and at last it is given up. */
	for (uint32_t i = 2; i <= 7; i++) {
		order = scene_pool_view(scene, 0).order_last;
		STEP(scene, SCALE_ENDED, scale_ended, .order = order, .status = BAL_UNAVAILABLE);
		assert_int_equal(find(scene, order).verdict, BAL_VERDICT_FAILED);
		scene_clear(scene);
		scene_run_for(scene, (1 << i) * NS_PER_S / 4);
		assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
		scene_run_for(scene, NS_PER_MIN);
		assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), i < 7);
	}
	assert_int_equal(scene->core->intents->count, 0);
}

static void test_not_when_it_is_not_needed_any_more(void **state)
{
	struct scene *scene = *state;
	uint64_t order;

	fleet(scene);
	scene_fill(scene, 1, 9);
	scene_run_for(scene, 6 * NS_PER_MIN);
	order = scene_last(scene, BAL_EFFECT_SCALE)->order;
	scene_expect(scene, "scale 0 +1 scale_load_high");
	STEP(scene, SCALE_ENDED, scale_ended, .order = order, .status = BAL_UNAVAILABLE);
	scene_expect(scene, "order 0 order_held; order 0 order_failed");
	scene_finish(scene, 1, 5);
	scene_run_for(scene, 2 * NS_PER_S);
	scene_expect(scene, "order 0 skip_unneeded");
}

static void test_held_orders_are_saved(void **state)
{
	struct scene *scene = *state;
	struct scene *copy = scene_open(&SCENE_LIMITS);
	size_t size;
	void *bytes;

	fleet(scene);
	give(scene, later(scene, 3, NS_PER_MIN));
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_non_null(bytes);
	bal_core_save(scene->core, bytes, size);
	assert_int_equal(bal_core_load(copy->core, bytes, size), BAL_OK);
	copy->now_ns = scene->now_ns;
	assert_int_equal(copy->core->intents->count, 1);
	scene_run_for(copy, NS_PER_MIN);
	scene_expect(copy, "scale 0 +2 scale_operator");
	free(bytes);
	scene_close(copy);
}

static void test_advice_changes_nothing(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = fleet(scene);
	struct bal_order order;

	pool.advise = true;
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 9);
	scene_run_for(scene, 5 * NS_PER_MIN + NS_PER_S);
	scene_expect(scene, "order 0 hold_advise");
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_ADVISE);
	assert_int_equal(scene_totals(scene).orders_up_count, 0);
	assert_true(bal_order_past(scene->core, 0, &order));
	assert_int_equal(order.state, BAL_ORDER_IS_ADVICE);
	assert_int_equal(order.reason, BAL_REASON_SCALE_LOAD_HIGH);
	assert_int_equal(order.agents_before, 1);
	assert_int_equal(order.agents_after, 2);
	/* The same once an hour. */
	scene_run_for(scene, 55 * NS_PER_MIN);
	scene_expect(scene, "");
	scene_run_for(scene, 5 * NS_PER_MIN);
	scene_expect(scene, "order 0 hold_advise");
	/* Another one, but not within five minutes: an emergency wants one agent more as well. */
	scene_finish(scene, 1, 9);
	scene_run_for(scene, 4 * NS_PER_MIN);
	scene_expect(scene, "");
	/* People are obeyed. */
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = 3), BAL_OK);
	scene_expect(scene, "scale 0 +2 scale_operator");
}

static void test_a_minimum_is_no_advice(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.advise = true;
	pool.agents_min = 2;
	scene_pool(scene, &pool);
	scene_expect(scene, "scale 0 +2 scale_minimum");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_at_its_instant_and_not_before),
		TEST(test_the_same_key_is_the_same_order),
		TEST(test_conditions),
		TEST(test_patience_ends),
		TEST(test_taken_back),
		TEST(test_checked_when_its_time_has_come),
		TEST(test_what_is_refused),
		TEST(test_agents_that_failed_are_asked_for_again),
		TEST(test_not_when_it_is_not_needed_any_more),
		TEST(test_held_orders_are_saved),
		TEST(test_advice_changes_nothing),
		TEST(test_a_minimum_is_no_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

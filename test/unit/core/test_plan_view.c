/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of a core at work: which pools are planned together, by what load, under which limits, and
 * how what was measured of services and waits changes them. */
#include "scene.h"

#include "core/state.h"

#define SLOTS 10

static const struct bal_plan_wish PLAIN;

/* A pool with that many ready agents of ten slots. */
static struct bal_event_pool pool_with(
	struct scene *scene, uint32_t number, uint64_t first, uint32_t count)
{
	struct bal_event_pool pool = scene_pool_standard(number, BAL_POOL_LEASE);

	pool.slots = SLOTS;
	pool.agents_max = 40;
	scene_pool(scene, &pool);
	for (uint64_t i = 0; i < count; i++)
		scene_agent(scene, first + i, number, SLOTS);
	return pool;
}

static struct bal_plan plan_now(
	const struct scene *scene, uint32_t pool, const struct bal_plan_wish *wish)
{
	struct bal_plan plan;

	assert_true(bal_plan(scene->core, pool, 0, wish, &plan));
	return plan;
}

static void plans_what_runs(void **state)
{
	struct scene *scene = *state;
	struct bal_plan plan;

	pool_with(scene, 0, 101, 3);
	scene_fill(scene, 1, 25);
	plan = plan_now(scene, 0, &PLAIN);
	assert_false(plan.forecast);
	assert_true(plan.load == 25);
	assert_int_equal(plan.part_count, 1);
	assert_int_equal(plan.parts[0].agents, 3);
	assert_true(plan.slots >= 30); /* 20 % headroom of a conservative pool */
	assert_int_equal(plan.parts[0].agents_plan, (plan.slots + SLOTS - 1) / SLOTS);
	assert_int_equal(plan.ceiling, BAL_CEILING_NONE);
	assert_false(bal_plan(scene->core, 1, 0, &PLAIN, &plan));
	assert_false(bal_plan(scene->core, 0, BAL_PLAN_HORIZONS_MAX, &PLAIN, &plan));
	/* At a horizon without a forecast: what is there now. */
	assert_true(bal_plan(scene->core, 0, 1, &PLAIN, &plan));
	assert_true(plan.load == 25);
	assert_true(plan.ahead_ns > 0);
}

static void a_loss_is_survived(void **state)
{
	struct scene *scene = *state;
	struct bal_plan_wish wish = {.survive = true};
	struct bal_plan plain, safe;

	pool_with(scene, 0, 101, 3);
	scene_fill(scene, 1, 25);
	plain = plan_now(scene, 0, &PLAIN);
	safe = plan_now(scene, 0, &wish);
	assert_int_equal(safe.parts[0].agents_plan, plain.parts[0].agents_plan + 1);
}

/* Pools of one kind are one plan, whose limits bound them together. */
static void limits_are_shared(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool;
	struct bal_plan plan;

	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 20);
	STEP(scene, LIMIT, limit, .limit = 1, .starts_max = 1000, .starts_period_ns = NS_PER_S);
	pool = pool_with(scene, 0, 101, 2);
	pool.limits[0] = 0;
	scene_pool(scene, &pool);
	pool = pool_with(scene, 1, 201, 2);
	pool.limits[0] = 1;
	pool.limits[1] = 0;
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 25);
	assert_false(bal_plan(scene->core, 1, 0, &PLAIN, &plan));
	plan = plan_now(scene, 0, &PLAIN);
	assert_int_equal(plan.part_count, 2);
	assert_int_equal(plan.ceiling, BAL_CEILING_SHARED);
	assert_int_equal(plan.slots_plan, 20);
	pool.limits[1] = BAL_NONE;
	scene_pool(scene, &pool);
	plan = plan_now(scene, 0, &PLAIN);
	assert_int_equal(plan.ceiling, BAL_CEILING_NONE);
}

static void money_is_a_ceiling(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = pool_with(scene, 0, 101, 3);
	struct bal_plan_wish wish = {.budget_microcents_hour = 2500};
	struct bal_plan plan;

	pool.price_microcents_hour = 1000;
	scene_pool(scene, &pool);
	scene_fill(scene, 1, 25);
	plan = plan_now(scene, 0, &wish);
	assert_int_equal(plan.ceiling, BAL_CEILING_MONEY);
	assert_int_equal(plan.parts[0].agents_plan, 2);
	assert_int_equal(plan.price_microcents_hour, 2000);
	assert_string_equal(bal_ceiling_name(plan.ceiling), "budget");
	assert_string_equal(bal_ceiling_name(BAL_CEILING_COUNT), "?");
}

/* Services that are all alike need fewer slots for the objective than exponential ones. */
static void the_variance_of_services_counts(void **state)
{
	struct scene *scene = *state;
	struct bal_plan before, after;

	pool_with(scene, 0, 101, 3);
	for (uint64_t i = 1; i <= 29; i++) {
		scene_task(scene, i);
		scene_succeed(scene, i, 6 * NS_PER_S);
	}
	scene_fill(scene, 100, 25);
	before = plan_now(scene, 0, &PLAIN);
	assert_true(before.service_s > 5.999 && before.service_s < 6.001);
	scene_succeed(scene, 100, 6 * NS_PER_S);
	scene_task(scene, 200);
	after = plan_now(scene, 0, &PLAIN);
	assert_true(after.load == before.load);
	assert_true(after.busy_most > before.busy_most);
}

/* More late ones than the model says ask for more slots. */
static void measured_lateness_counts(void **state)
{
	struct scene *scene = *state;
	struct bal_plan before, after;

	pool_with(scene, 0, 101, 3);
	scene_task(scene, 1);
	scene_succeed(scene, 1, 6 * NS_PER_S);
	scene_fill(scene, 100, 25);
	before = plan_now(scene, 0, &PLAIN);
	scene->core->pools[0].scaling->lateness.measured = 100;
	after = plan_now(scene, 0, &PLAIN);
	assert_true(after.busy_most < before.busy_most);
}

static void goals_differ(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool spot;
	struct bal_plan plans[BAL_PLAN_GOAL_COUNT];

	pool_with(scene, 0, 101, 3);
	spot = pool_with(scene, 1, 201, 0);
	spot.market = BAL_MARKET_SPOT;
	scene_pool(scene, &spot);
	scene_fill(scene, 100, 25); /* of a second */
	for (uint32_t goal = 0; goal < BAL_PLAN_GOAL_COUNT; goal++) {
		struct bal_plan_wish wish = {.goal = goal};

		plans[goal] = plan_now(scene, 0, &wish);
	}
	assert_true(plans[BAL_PLAN_GOAL_COST].slots < plans[BAL_PLAN_GOAL_BALANCED].slots);
	assert_true(plans[BAL_PLAN_GOAL_PERFORMANCE].slots > plans[BAL_PLAN_GOAL_COST].slots);
	assert_true(plans[BAL_PLAN_GOAL_PERFORMANCE].late <= 0.01);
	assert_true(plans[BAL_PLAN_GOAL_RELIABILITY].slots_plan >=
		    plans[BAL_PLAN_GOAL_BALANCED].slots + SLOTS);
	assert_int_equal(plans[BAL_PLAN_GOAL_RELIABILITY].parts[1].agents_plan, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plans_what_runs, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(a_loss_is_survived, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(limits_are_shared, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(money_is_a_ceiling, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(
			the_variance_of_services_counts, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(goals_differ, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(measured_lateness_counts, scene_begin, scene_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

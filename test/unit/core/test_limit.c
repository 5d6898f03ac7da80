/* SPDX-License-Identifier: Apache-2.0 */
/* Ceilings that pools share: tasks running, and starts per period. */
#include "scene.h"

/* Two pools of one agent each that use limit 0, pool 1 also limit 1. */
static void begin(struct scene *scene)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	pool.limits[0] = 0;
	scene_pool(scene, &pool);
	pool.pool = 1;
	pool.limits[2] = 1;
	pool.offers.words[0] = 2;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 4);
	scene_agent(scene, 102, 1, 4);
	scene_clear(scene);
}

static void submit(struct scene *scene, uint64_t id, uint32_t pool)
{
	scene_submit(scene, (struct bal_event_task){.id = id, .needs.tags.words = {1u << pool}});
}

static void test_running_over_two_pools(void **state)
{
	struct scene *scene = *state;
	struct bal_why why;

	begin(scene);
	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 2);
	submit(scene, 1, 0);
	submit(scene, 2, 1);
	submit(scene, 3, 0);
	submit(scene, 4, 1);
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2; dispatch 2.1@102; "
			    "accept 3; accept 4");
	why = scene_why(scene, 4);
	assert_int_equal(why.reason, BAL_REASON_WAIT_LIMIT);
	assert_int_equal(why.limit, 0);
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded; dispatch 3.1@101");
	/* Two slots are free, but the limit is not. */
	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 3);
	scene_expect(scene, "dispatch 4.1@102");
}

static void test_starts_wake_the_core_when_the_next_may_go(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	STEP(scene, LIMIT, limit, .limit = 0, .starts_max = 2, .starts_period_ns = NS_PER_MIN);
	for (uint64_t id = 1; id <= 4; id++)
		submit(scene, id, id % 2 == 0);
	scene_clear(scene);
	assert_int_equal(scene_totals(scene).dispatched_count, 2);
	scene_expect_why(scene, 4, BAL_WHY_WAITING, BAL_REASON_WAIT_LIMIT);
	assert_int_equal(bal_deadline_ns(scene->core), scene->now_ns + 30 * NS_PER_S);
	scene_run_for(scene, 30 * NS_PER_S - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DISPATCH), 1);
	scene_run_for(scene, 30 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DISPATCH), 2);
	/* Nothing waits any more: nobody need wake it. */
	assert_true(bal_deadline_ns(scene->core) > scene->now_ns + NS_PER_MIN);
}

static void test_the_second_limit_of_one_pool(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	STEP(scene, LIMIT, limit, .limit = 1, .running_max = 1, .starts_max = 100,
		.starts_period_ns = NS_PER_S);
	submit(scene, 1, 1);
	submit(scene, 2, 1);
	submit(scene, 3, 0);
	scene_expect(scene, "accept 1; dispatch 1.1@102; accept 2; accept 3; dispatch 3.1@101");
	assert_int_equal(scene_why(scene, 2).limit, 1);
}

static void test_children_on_lent_slots_count(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 1);
	submit(scene, 1, 0);
	scene_submit(scene,
		(struct bal_event_task){.id = 2, .parent = 1, .flags = BAL_TASK_PARENT_WAITS});
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2");
	scene_expect_why(scene, 2, BAL_WHY_WAITING, BAL_REASON_WAIT_LIMIT);
	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 2);
	scene_expect(scene, "dispatch 2.1@101");
}

static void test_tenant_at_its_bound_of_running_tasks(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	STEP(scene, TENANT, tenant, .tenant = 0, .weight = 1, .running_max = 1);
	submit(scene, 1, 0);
	submit(scene, 2, 0);
	submit(scene, 3, 1);
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2; accept 3");
	scene_expect_why(scene, 2, BAL_WHY_WAITING, BAL_REASON_WAIT_TENANT);
	scene_submit(scene, (struct bal_event_task){.id = 4, .tenant = 1});
	scene_expect(scene, "accept 4; dispatch 4.1@101");
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded; dispatch 2.1@101");
	STEP(scene, TENANT, tenant, .tenant = 0, .weight = 1);
	scene_expect(scene, "dispatch 3.1@102");
}

/* Four limits on one pool: the one that opens last decides when the core wakes. */
static void test_the_last_of_four_limits_to_open(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 9);
	STEP(scene, LIMIT, limit, .limit = 1, .starts_max = 1, .starts_period_ns = 20 * NS_PER_S);
	STEP(scene, LIMIT, limit, .limit = 2, .starts_max = 1, .starts_period_ns = 50 * NS_PER_S);
	pool.limits[0] = BAL_NONE;
	pool.limits[1] = 0;
	pool.limits[2] = 2;
	pool.limits[3] = 1;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 4);
	scene_task(scene, 1);
	scene_task(scene, 2);
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2");
	assert_int_equal(scene_why(scene, 2).limit, 2);
	assert_true(bal_deadline_ns(scene->core) == scene->now_ns + 50 * NS_PER_S);
	scene_run_for(scene, 50 * NS_PER_S - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "dispatch 2.1@101");
}

/* A burst is the whole count; what was not used is not saved up. */
static void test_starts_do_not_pile_up(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	STEP(scene, LIMIT, limit, .limit = 0, .starts_max = 3, .starts_period_ns = 30 * NS_PER_S);
	scene_run_for(scene, NS_PER_HOUR);
	for (uint64_t id = 1; id <= 6; id++)
		submit(scene, id, id % 2 == 0);
	assert_int_equal(scene_totals(scene).dispatched_count, 3);
	scene_run_for(scene, 10 * NS_PER_S);
	assert_int_equal(scene_totals(scene).dispatched_count, 4);
	scene_run_for(scene, 20 * NS_PER_S);
	assert_int_equal(scene_totals(scene).dispatched_count, 6);
	/* After half a period of quiet, half of the burst is there again. */
	scene_run_for(scene, 20 * NS_PER_S);
	for (uint64_t id = 7; id <= 9; id++)
		submit(scene, id, 0);
	scene_succeed(scene, 1, NS_PER_S);
	scene_succeed(scene, 3, NS_PER_S);
	assert_int_equal(scene_totals(scene).dispatched_count, 8);
}

/* More starts than the period has nanoseconds: each still takes one. */
static void test_very_many_starts(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	STEP(scene, LIMIT, limit, .limit = 0, .starts_max = 3, .starts_period_ns = 2);
	for (uint64_t id = 1; id <= 4; id++)
		submit(scene, id, 0);
	assert_int_equal(scene_totals(scene).dispatched_count, 3);
	scene_run_for(scene, 1);
	assert_int_equal(scene_totals(scene).dispatched_count, 4);
}

static void test_what_ended_makes_room_in_every_limit(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 9);
	STEP(scene, LIMIT, limit, .limit = 1, .running_max = 1);
	for (uint64_t id = 1; id <= 3; id++) {
		submit(scene, id, 1);
		scene_clear(scene);
	}
	for (uint64_t id = 1; id <= 2; id++) {
		scene_succeed(scene, id, NS_PER_S);
		assert_int_equal(scene_last(scene, BAL_EFFECT_DISPATCH)->task, id + 1);
	}
}

/* A bound is lifted by the end of a task wherever it ran: also where no slot becomes free by it. */
static void test_room_made_on_an_agent_that_drains(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	STEP(scene, TENANT, tenant, .tenant = 1, .weight = 1, .running_max = 1);
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1, .tenant = 1});
	scene_drain(scene, 101, false);
	scene_agent(scene, 102, 0, 1);
	scene_submit(scene, (struct bal_event_task){.id = 2, .tenant = 1});
	scene_clear(scene);
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded; dispatch 2.1@102");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_running_over_two_pools),
		TEST(test_starts_wake_the_core_when_the_next_may_go),
		TEST(test_the_second_limit_of_one_pool),
		TEST(test_children_on_lent_slots_count),
		TEST(test_tenant_at_its_bound_of_running_tasks),
		TEST(test_the_last_of_four_limits_to_open),
		TEST(test_starts_do_not_pile_up),
		TEST(test_very_many_starts),
		TEST(test_what_ended_makes_room_in_every_limit),
		TEST(test_room_made_on_an_agent_that_drains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Large tasks that wait for a faster agent. */
#include "scene.h"

#include "core/defer.h"
#include "core/learn.h"
#include "core/state.h"

#include <stdlib.h>

#define FAST 101 /* half a second of service per second of size */
#define SLOW 102 /* two */

static struct bal_event_task sized(uint64_t id, int64_t size_s)
{
	return (struct bal_event_task){
		.id = id, .priority = BAL_PRIORITY_NORMAL, .size_ns = size_s * NS_PER_S};
}

/* A pool of a fast and a slow agent of one slot, both known well. */
static void teach(struct scene *scene)
{
	scene_knob(scene, BAL_KNOB_DEFER_SERVICE, 0);
	scene_pool_urls(scene, 0, FAST, 1);
	scene_agent(scene, SLOW, 0, 1);
	for (uint64_t id = 1000; id < 1400; id++) {
		struct bal_event_task task = sized(id, 1);

		task.needs.not_agents[0] = id % 2 == 0 ? SLOW : FAST;
		scene_submit(scene, task);
		scene_succeed(scene, id, id % 2 == 0 ? NS_PER_S / 2 : 2 * NS_PER_S);
	}
	scene_knob(scene, BAL_KNOB_DEFER_SERVICE, 1400);
	scene_clear(scene);
}

/* The fast agent is taken; the slow one is free. */
static void occupy_fast(struct scene *scene)
{
	scene_submit(scene, sized(1, 1));
	scene_expect(scene, "accept 1; dispatch 1.1@101");
}

static void test_a_large_task_waits_for_the_faster_agent(void **state)
{
	struct scene *scene = *state;

	teach(scene);
	occupy_fast(scene);
	scene_submit(scene, sized(2, 10));
	scene_expect(scene, "accept 2");
	scene_expect_why(scene, 2, BAL_WHY_WAITING, BAL_REASON_WAIT_FASTER);
	assert_int_equal(scene_why(scene, 2).free_count, 1);
	assert_int_equal(scene_pool_view(scene, 0).waiting, 1);
	/* What is small does not wait behind it. */
	scene_submit(scene, sized(3, 1));
	scene_expect(scene, "accept 3; dispatch 3.1@102");
	scene_succeed(scene, 1, NS_PER_S / 2);
	scene_expect(scene, "complete 1 succeeded; dispatch 2.1@101");
}

/* Not a moment too early, and by a timer of its own. */
static void test_it_takes_a_slow_agent_in_the_end(void **state)
{
	struct scene *scene = *state;
	double mean_s, excess_s;
	int64_t wait_ns;

	teach(scene);
	occupy_fast(scene);
	scene_submit(scene, sized(2, 10));
	scene_clear(scene);
	mean_s = scene->core->pools[0].service_s.value;
	excess_s = 10.0 * (learn_slowness(scene->core, slab_at(&scene->core->agents, 1), 0) -
				  learn_slowness(scene->core, slab_at(&scene->core->agents, 0), 0));
	assert_true(excess_s > 14.0 && excess_s < 15.5);
	wait_ns = (int64_t)((excess_s - 1.4 * mean_s) / 3.0 * 1e9);
	scene_run_for(scene, wait_ns - 10 * NS_PER_MS);
	scene_expect(scene, "");
	scene_run_for(scene, 20 * NS_PER_MS);
	scene_expect(scene, "dispatch 2.1@102");
}

static void test_a_knob_switches_it_off(void **state)
{
	struct scene *scene = *state;

	teach(scene);
	occupy_fast(scene);
	scene_submit(scene, sized(2, 10));
	scene_clear(scene);
	scene_knob(scene, BAL_KNOB_DEFER_SERVICE, 0);
	scene_expect(scene, "dispatch 2.1@102");
}

static void test_equal_agents_defer_nothing(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_agent(scene, 102, 0, 1);
	for (uint64_t id = 1000; id < 1100; id++) {
		scene_submit(scene, sized(id, 1));
		scene_succeed(scene, id, NS_PER_S);
	}
	scene_clear(scene);
	scene_submit(scene, sized(1, 3600));
	scene_submit(scene, sized(2, 3600));
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2; dispatch 2.1@102");
}

static void test_a_deadline_does_not_wait(void **state)
{
	struct scene *scene = *state;
	struct bal_event_task task = sized(2, 10);

	teach(scene);
	occupy_fast(scene);
	/* 20 s of service on the slow agent: a wait of about 4 s would be too long. */
	task.deadline_ns = scene->now_ns + 22 * NS_PER_S;
	scene_submit(scene, task);
	scene_expect(scene, "accept 2; dispatch 2.1@102");
}

/* Among deferred tasks and others the class decides, then who was deferred first. */
static void test_turns(void **state)
{
	struct scene *scene = *state;
	struct bal_event_task task;

	teach(scene);
	occupy_fast(scene);
	scene_submit(scene, sized(2, 100));
	scene_submit(scene, sized(3, 100));
	task = sized(4, 200);
	task.priority = BAL_PRIORITY_CRITICAL;
	scene_submit(scene, task);
	scene_expect(scene, "accept 2; accept 3; accept 4");
	scene_succeed(scene, 1, NS_PER_S / 2);
	scene_expect(scene, "complete 1 succeeded; dispatch 4.1@101");
	task = sized(5, 1);
	task.needs.not_agents[0] = SLOW;
	scene_submit(scene, task);
	scene_expect(scene, "accept 5");
	scene_succeed(scene, 4, 100 * NS_PER_S);
	scene_expect(scene, "complete 4 succeeded; dispatch 2.1@101");
}

static void test_deferred_tasks_may_end(void **state)
{
	struct scene *scene = *state;
	struct bal_event_task task = sized(3, 100);

	teach(scene);
	occupy_fast(scene);
	scene_submit(scene, sized(2, 100));
	/* So far off that it may be deferred for a while. */
	task.deadline_ns = scene->now_ns + NS_PER_HOUR;
	scene_submit(scene, task);
	scene_expect(scene, "accept 2; accept 3");
	scene_cancel(scene, 2);
	scene_expect(scene, "complete 2 cancelled");
	scene_down(scene, SLOW, true);
	scene_run_to(scene, task.deadline_ns);
	scene_clear(scene);
	assert_int_equal(scene->core->deferred.count, 0);
}

/* A state read back goes on as the one that was saved. */
static void test_deferred_tasks_are_saved(void **state)
{
	struct scene *scene = *state;
	struct scene *copy = scene_open(&SCENE_LIMITS);
	size_t size;
	void *saved;

	teach(scene);
	occupy_fast(scene);
	for (uint64_t id = 2; id < 6; id++)
		scene_submit(scene, sized(id, 100));
	assert_int_equal(scene->core->deferred.count, 4);
	size = bal_core_save(scene->core, NULL, 0);
	saved = malloc(size);
	assert_int_equal(bal_core_save(scene->core, saved, size), size);
	assert_int_equal(bal_core_load(copy->core, saved, size), BAL_OK);
	assert_int_equal(copy->core->deferred.count, 4);
	assert_true(bal_core_digest(copy->core) == bal_core_digest(scene->core));
	free(saved);
	copy->now_ns = scene->now_ns;
	scene_ended(copy, 1, BAL_OUTCOME_SUCCEEDED);
	scene_expect(copy, "complete 1 succeeded; dispatch 2.1@101");
	scene_close(copy);
}

static bool is_running(struct scene *scene, uint64_t id)
{
	struct bal_task_view view;

	return bal_task_view(scene->core, id, &view) && view.state == BAL_TASK_DISPATCHED;
}

/* With work of a better class always there, a deferred task still gets its turn of the aged. */
static void test_a_deferred_task_is_not_starved(void **state)
{
	struct scene *scene = *state;
	struct bal_event_task batch = sized(2, 10);
	uint64_t next = 3;

	teach(scene);
	occupy_fast(scene);
	batch.priority = BAL_PRIORITY_BATCH;
	scene_submit(scene, batch);
	assert_int_equal(scene->core->deferred.count, 1);
	for (uint32_t round = 0; round < 40; round++) {
		while (next < 3 + 2 * (round + 2))
			scene_submit(scene, sized(next++, 1));
		scene_run_for(scene, knob(scene->core, BAL_KNOB_AGEING) / 8);
		for (uint64_t id = 1; id < next; id++)
			if (id != 2 && is_running(scene, id)) {
				scene_succeed(scene, id, NS_PER_S);
				break;
			}
	}
	assert_true(is_running(scene, 2));
}

/* Work per event is bounded: when so many wait for a faster agent, the next takes what is free. */
static void test_so_many_are_deferred_at_most(void **state)
{
	struct bal_limits limits = SCENE_LIMITS;
	struct scene *scene;

	(void)state;
	limits.tasks_max = 2 * DEFER_TASKS_MAX;
	scene = scene_open(&limits);
	scene_start(scene, 1);
	scene->unchecked = true;
	teach(scene);
	occupy_fast(scene);
	for (uint64_t id = 2; id < 2 + DEFER_TASKS_MAX; id++)
		scene_submit(scene, sized(id, 100));
	assert_int_equal(scene->core->deferred.count, DEFER_TASKS_MAX);
	scene_clear(scene);
	scene->unchecked = false;
	scene_submit(scene, sized(5000, 100));
	scene_expect(scene, "accept 5000; dispatch 5000.1@102");
	assert_int_equal(scene->core->deferred.count, DEFER_TASKS_MAX);
	scene_close(scene);
}

/* With SHORTEST_FIRST a second of size is worth so much of age. */
static void test_shortest_first_with_ageing(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_knob(scene, BAL_KNOB_SHORTEST_FIRST, 2000);
	scene_submit(scene, sized(1, 1));
	scene_submit(scene, sized(2, 10));
	scene_run_for(scene, 17 * NS_PER_S);
	scene_submit(scene, sized(3, 1)); /* turn: 17 + 2 s, before 20 */
	scene_run_for(scene, 2 * NS_PER_S);
	scene_submit(scene, sized(4, 1)); /* 19 + 2: after it */
	scene_clear(scene);
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded; dispatch 3.1@101");
	scene_succeed(scene, 3, NS_PER_S);
	scene_expect(scene, "complete 3 succeeded; dispatch 2.1@101");
	scene_succeed(scene, 2, NS_PER_S);
	scene_expect(scene, "complete 2 succeeded; dispatch 4.1@101");
}

/* ---- routing strategies -------------------------------------------------------------------- */

/* Which of two agents gets a task: 101 runs something already, is fast and dear. */
static uint64_t routed(enum bal_routing routing)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	struct bal_event_task first = sized(1, 1);
	struct bal_why why;
	uint64_t agent;

	scene_start(scene, 1);
	pool.price_microcents_hour = 20000000;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 4);
	scene_pool_urls(scene, 1, 102, 4);
	scene_knob(scene, BAL_KNOB_ROUTING, routing);
	for (uint64_t id = 1000; id < 1400; id++) {
		struct bal_event_task task = sized(id, 1);

		task.needs.not_agents[0] = id % 2 == 0 ? 102 : 101;
		scene_submit(scene, task);
		scene_succeed(scene, id, id % 2 == 0 ? 900 * NS_PER_MS : NS_PER_S);
	}
	first.needs.not_agents[0] = 102;
	scene_submit(scene, first);
	scene_submit(scene, sized(2, 1));
	agent = scene_task_view(scene, 2).agent;
	why = scene_why(scene, 2);
	assert_int_equal(why.routing, routing);
	scene_close(scene);
	return agent;
}

static void test_strategies_bend_the_choice(void **state)
{
	(void)state;
	/* 0.9 s at 0.25, a quarter full at 0.3 * 0.25, dear by 0.04 at 0.15; against 1 s. */
	assert_int_equal(routed(BAL_ROUTING_BALANCED), 101);
	assert_int_equal(routed(BAL_ROUTING_LATENCY), 101);
	assert_int_equal(routed(BAL_ROUTING_PACK), 101);
	assert_int_equal(routed(BAL_ROUTING_COST), 102);
	assert_int_equal(routed(BAL_ROUTING_SPREAD), 102);
}

/* Rather the fuller of two that are equal, or the emptier. */
static void test_packing_fills_one_agent(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 3);
	scene_agent(scene, 102, 0, 3);
	scene_knob(scene, BAL_KNOB_ROUTING, BAL_ROUTING_PACK);
	for (uint64_t id = 1; id <= 4; id++)
		scene_task(scene, id);
	assert_int_equal(scene_agent_view(scene, 101).running, 3);
	assert_int_equal(scene_agent_view(scene, 102).running, 1);
	scene_knob(scene, BAL_KNOB_ROUTING, BAL_ROUTING_BALANCED);
	scene_task(scene, 5);
	assert_int_equal(scene_agent_view(scene, 102).running, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_a_large_task_waits_for_the_faster_agent),
		TEST(test_it_takes_a_slow_agent_in_the_end),
		TEST(test_a_knob_switches_it_off),
		TEST(test_equal_agents_defer_nothing),
		TEST(test_a_deadline_does_not_wait),
		TEST(test_turns),
		TEST(test_deferred_tasks_may_end),
		TEST(test_deferred_tasks_are_saved),
		TEST(test_a_deferred_task_is_not_starved),
		cmocka_unit_test(test_so_many_are_deferred_at_most),
		TEST(test_shortest_first_with_ageing),
		cmocka_unit_test(test_strategies_bend_the_choice),
		TEST(test_packing_fills_one_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

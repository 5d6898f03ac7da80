/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One task sent ahead to an agent whose slots are all taken: when it goes, where, what it holds,
 * and how it comes back. Every scene begins with agents 101 and 102 of one slot each, task 1 on the
 * first and task 2 on the second.
 */
#include "scene.h"

#include "core/agent.h"
#include "core/check.h"
#include "core/learn.h"
#include "core/state.h"
#include "core/task.h"

#include <stdlib.h>

static enum bal_status answer(
	struct scene *scene, uint64_t task, uint32_t attempt, enum bal_outcome outcome)
{
	return STEP(scene, ATTEMPT_ENDED, ended, .task = task, .epoch = 1, .attempt = attempt,
		.outcome = outcome);
}

static void fill(struct scene *scene)
{
	scene_agent(scene, 101, 0, 1);
	scene_agent(scene, 102, 0, 1);
	scene_task(scene, 1);
	scene_task(scene, 2);
	scene_expect(scene, "accept 1; dispatch 1.1@101; accept 2; dispatch 2.1@102");
}

static void begin(struct scene *scene, enum bal_pool_kind kind)
{
	struct bal_event_pool pool = scene_pool_standard(0, kind);

	pool.attempts_max = 1;
	scene_pool(scene, &pool);
	scene_knob(scene, BAL_KNOB_PREFETCH, 1);
	fill(scene);
}

/* Task 3 waits at agent 101. */
static void begin_ahead(struct scene *scene)
{
	begin(scene, BAL_POOL_URLS);
	scene_task(scene, 3);
	scene_expect(scene, "accept 3; dispatch 3.1@101");
}

static void test_off_by_default(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	scene_pool(scene, &pool);
	fill(scene);
	scene_task(scene, 3);
	scene_expect(scene, "accept 3");
}

static void test_it_begins_when_a_slot_is_free(void **state)
{
	struct scene *scene = *state;
	const struct bal_effect *effect;

	begin(scene, BAL_POOL_URLS);
	scene_task(scene, 3);
	effect = scene_last(scene, BAL_EFFECT_DISPATCH);
	assert_int_equal(effect->reason, BAL_REASON_SENT_AHEAD);
	scene_expect_why(scene, 3, BAL_WHY_ROUTED, BAL_REASON_SENT_AHEAD);
	/* It takes no slot, but is work that the pool must have capacity for. */
	assert_int_equal(scene_agent_view(scene, 101).running, 1);
	assert_int_equal(scene_pool_view(scene, 0).running, 2);
	assert_int_equal(scene_pool_view(scene, 0).load_permille, 1500);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_S);
	answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
	scene_expect(scene, "complete 1 succeeded");
	assert_int_equal(scene_agent_view(scene, 101).running, 1);
	/* Its time counts from now, for its time-out and for what is learned. */
	assert_int_equal(scene_task_view(scene, 3).dispatched_at_ns, scene->now_ns);
	assert_int_equal(scene_task_view(scene, 3).until_ns,
		scene->now_ns + scene_pool_standard(0, BAL_POOL_URLS).timeout_ns);
	scene_run_for(scene, NS_PER_S);
	scene_succeed(scene, 3, 2 * NS_PER_S);
	assert_true(scene->core->kinds[0].service_s.value == 1.0);
}

static void test_one_for_each_agent(void **state)
{
	struct scene *scene = *state;

	begin_ahead(scene);
	scene_task(scene, 4);
	scene_expect(scene, "accept 4; dispatch 4.1@102");
	scene_task(scene, 5);
	scene_expect(scene, "accept 5");
	answer(scene, 2, 1, BAL_OUTCOME_SUCCEEDED);
	scene_expect(scene, "complete 2 succeeded; dispatch 5.1@102");
}

/* The next slot is expected at the agent whose task is nearest to its end. */
static void test_the_soonest_slot(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	scene_pool(scene, &pool);
	scene_knob(scene, BAL_KNOB_PREFETCH, 1);
	scene_agent(scene, 101, 0, 1);
	scene_agent(scene, 102, 0, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1, .size_ns = NS_PER_MIN});
	scene_submit(scene, (struct bal_event_task){.id = 2, .size_ns = NS_PER_S});
	scene_clear(scene);
	scene_submit(scene, (struct bal_event_task){.id = 3, .size_ns = NS_PER_S});
	scene_expect(scene, "accept 3; dispatch 3.1@102");
}

static void test_not_when_a_slot_is_free(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_POOL_URLS);
	scene_agent(scene, 103, 0, 1);
	scene_task(scene, 3);
	scene_expect(scene, "accept 3; dispatch 3.1@103");
	assert_int_equal(scene_task_view(scene, 3).reason, BAL_REASON_ROUTED);
}

static void test_only_where_it_may(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_POOL_URLS);
	/* Not alone, not a child whose parent waits for it, not on an agent that it forbids. */
	scene_submit(scene, (struct bal_event_task){.id = 3, .needs.exclusive = true});
	scene_expect(scene, "accept 3");
	scene_cancel(scene, 3);
	scene_clear(scene);
	scene_submit(scene, (struct bal_event_task){.id = 4, .needs.not_agents[0] = 101});
	scene_expect(scene, "accept 4; dispatch 4.1@102");
	scene_submit(scene, (struct bal_event_task){.id = 5, .needs.not_agents = {101, 102}});
	scene_expect(scene, "accept 5");
	scene_cancel(scene, 5);
	scene_clear(scene);
	/* Nor where its tenant or a pause says no. */
	STEP(scene, TENANT, tenant, .tenant = 0, .weight = 1, .running_max = 3);
	scene_task(scene, 6);
	scene_expect(scene, "accept 6");
	STEP(scene, POOL_PAUSED, pool_paused, .pool = 0, .dispatch = true);
	STEP(scene, TENANT, tenant, .tenant = 0, .weight = 1);
	scene_expect(scene, "");
	STEP(scene, POOL_PAUSED, pool_paused, .pool = 0);
	scene_expect(scene, "dispatch 6.1@101");
}

static void test_a_child_takes_its_parents_slot_instead(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_POOL_URLS);
	scene_submit(scene,
		(struct bal_event_task){.id = 3, .parent = 1, .flags = BAL_TASK_PARENT_WAITS});
	assert_int_equal(scene_last(scene, BAL_EFFECT_DISPATCH)->reason, BAL_REASON_LENT_SLOT);
	scene_expect(scene, "accept 3; dispatch 3.1@101");
	scene_submit(scene,
		(struct bal_event_task){.id = 4, .parent = 1, .flags = BAL_TASK_PARENT_WAITS});
	scene_expect(scene, "accept 4");
}

static void test_never_for_commands_and_leases(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);

		scene_start(scene, 1);
		begin(scene, i == 0 ? BAL_POOL_COMMAND : BAL_POOL_LEASE);
		scene_task(scene, 3);
		scene_expect(scene, "accept 3");
		scene_close(scene);
	}
}

static void test_limits_count_it(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 3);
	pool.limits[0] = 0;
	scene_pool(scene, &pool);
	scene_knob(scene, BAL_KNOB_PREFETCH, 1);
	fill(scene);
	scene_task(scene, 3);
	scene_task(scene, 4);
	scene_expect(scene, "accept 3; dispatch 3.1@101; accept 4");
	/* What it holds moves with the pool's limits, and comes back with its end. */
	pool.limits[0] = BAL_NONE;
	scene_pool(scene, &pool);
	scene_expect(scene, "dispatch 4.1@102");
	for (uint64_t task = 1; task <= 4; task++)
		answer(scene, task, 1, BAL_OUTCOME_SUCCEEDED);
	assert_int_equal(scene_count(scene, BAL_EFFECT_COMPLETE), 4);
}

static void test_it_comes_back(void **state)
{
	struct scene *scene = *state;

	/* When its agent drains, is ejected, or dies: nothing of it has failed. */
	begin_ahead(scene);
	scene_drain(scene, 101, false);
	scene_expect(scene, "drain 101; rescind 3.1@101 taken_back; requeue 3; dispatch 3.2@102");
	scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 102);
	scene_expect(scene, "rescind 3.2@102 taken_back; requeue 3");
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 102);
	scene_expect(scene, "dispatch 3.3@102");
	scene_down(scene, 102, false);
	assert_int_equal(scene_task_view(scene, 3).state, BAL_TASK_QUEUED);
	assert_int_equal(scene_count(scene, BAL_EFFECT_REQUEUE), 1);
	assert_int_equal(task_find(scene->core, 3)->failures, 0);
}

static void test_answers_while_it_waits(void **state)
{
	struct scene *scene = *state;

	begin_ahead(scene);
	answer(scene, 3, 1, BAL_OUTCOME_BUSY); /* the agent keeps none */
	scene_expect(scene, "requeue 3; dispatch 3.2@102");
	/* It was faster than the news that its slot is free. */
	answer(scene, 3, 2, BAL_OUTCOME_SUCCEEDED);
	scene_expect(scene, "complete 3 succeeded");
	scene_run_for(scene, NS_PER_MIN); /* 101 is no longer busy */
	scene_task(scene, 4);
	scene_clear(scene);
	scene_cancel(scene, 4);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESCIND)->task, 4);
	assert_int_equal(scene_pool_view(scene, 0).running, 2);
}

static void test_more_slots(void **state)
{
	struct scene *scene = *state;

	begin_ahead(scene);
	STEP(scene, AGENT_SLOTS, slots, .agent = 101, .slots = 0);
	assert_int_equal(scene_agent_view(scene, 101).running, 1);
	STEP(scene, AGENT_SLOTS, slots, .agent = 101, .slots = 3);
	assert_int_equal(scene_agent_view(scene, 101).running, 2);
	scene_clear(scene);
	scene_task(scene, 4);
	scene_task(scene, 5);
	scene_expect(scene, "accept 4; dispatch 4.1@101; accept 5; dispatch 5.1@101");
}

static void test_saved_and_checked(void **state)
{
	struct scene *scene = *state;
	struct scene *other = scene_open(&SCENE_LIMITS);
	struct agent *agent;
	uint8_t *bytes;
	size_t size;

	begin_ahead(scene);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	bal_core_save(scene->core, bytes, size);
	assert_int_equal(bal_core_load(other->core, bytes, size), BAL_OK);
	assert_true(bal_core_digest(scene->core) == bal_core_digest(other->core));
	free(bytes);
	scene_close(other);
	agent = agent_find(scene->core, 101);
	agent->ahead = BAL_NONE;
	assert_non_null(check_core(scene->core));
	agent->ahead = slab_index(&scene->core->tasks, task_find(scene->core, 3));
	assert_null(check_core(scene->core));
	scene->core->pools[0].ahead = 0;
	assert_non_null(check_core(scene->core));
	scene->core->pools[0].ahead = 1;
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(test_off_by_default),
		SCENE_TEST(test_it_begins_when_a_slot_is_free),
		SCENE_TEST(test_one_for_each_agent),
		SCENE_TEST(test_the_soonest_slot),
		SCENE_TEST(test_not_when_a_slot_is_free),
		SCENE_TEST(test_only_where_it_may),
		SCENE_TEST(test_a_child_takes_its_parents_slot_instead),
		cmocka_unit_test(test_never_for_commands_and_leases),
		SCENE_TEST(test_limits_count_it),
		SCENE_TEST(test_it_comes_back),
		SCENE_TEST(test_answers_while_it_waits),
		SCENE_TEST(test_more_slots),
		SCENE_TEST(test_saved_and_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

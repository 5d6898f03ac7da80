/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Second attempts beside the first: when they start, who wins, what a failure of either costs, and
 * what they may take. Every scene begins with agents 101, 102, ... of one slot each and tasks of
 * one second; task 1 then hangs on agent 101.
 */
#include "scene.h"

#include "core/agent.h"
#include "core/check.h"
#include "core/learn.h"
#include "core/state.h"
#include "core/task.h"

#include <stdlib.h>

#define TAUGHT  20 /* tasks after which it is known how long they take */
#define LATE_NS (3 * NS_PER_S)

static enum bal_status answer(
	struct scene *scene, uint64_t task, uint32_t attempt, enum bal_outcome outcome)
{
	return STEP(scene, ATTEMPT_ENDED, ended, .task = task, .epoch = 1, .attempt = attempt,
		.outcome = outcome);
}

static void teach(struct scene *scene)
{
	for (uint64_t task = 1001; task <= 1000 + TAUGHT; task++) {
		scene_task(scene, task);
		scene->now_ns += NS_PER_S;
		scene_succeed(scene, task, NS_PER_S);
	}
	scene_clear(scene);
}

/* Agents of a pool of this kind, hedges in half of the slots; everything known, nothing running. */
static void begin(struct scene *scene, enum bal_pool_kind kind, uint32_t agents)
{
	struct bal_event_pool pool = scene_pool_standard(0, kind);

	pool.attempts_max = 1;
	scene_pool(scene, &pool);
	for (uint32_t i = 1; i <= agents; i++)
		scene_agent(scene, 100 + i, 0, 1);
	scene_knob(scene, BAL_KNOB_HEDGE_SHARE, 500);
	teach(scene);
}

static void hang(struct scene *scene)
{
	scene_task(scene, 1);
	scene_expect(scene, "accept 1; dispatch 1.1@101");
}

static void begin_hedged(struct scene *scene)
{
	begin(scene, BAL_POOL_URLS, 2);
	hang(scene);
	scene_run_for(scene, LATE_NS);
	scene_expect(scene, "dispatch 1.2@102");
}

static void test_off_by_default(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_agent(scene, 102, 0, 1);
	teach(scene);
	hang(scene);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
	assert_int_equal(scene->core->kinds[0].late_count, 0);
}

static void test_the_second_wins(void **state)
{
	struct scene *scene = *state;
	struct bal_task_view view;

	begin_hedged(scene);
	view = scene_task_view(scene, 1);
	assert_int_equal(view.attempt, 1);
	assert_int_equal(view.agent, 101);
	assert_int_equal(view.hedge_attempt, 2);
	assert_int_equal(view.hedge_agent, 102);
	scene_expect_why(scene, 1, BAL_WHY_ROUTED, BAL_REASON_HEDGED);
	assert_int_equal(scene_why(scene, 1).winner.agent, 102);
	assert_int_equal(scene_why(scene, 1).attempt, 2);
	assert_int_equal(answer(scene, 1, 2, BAL_OUTCOME_SUCCEEDED), BAL_OK);
	scene_expect(scene, "rescind 1.1@101 hedge_lost; complete 1 succeeded");
	assert_int_equal(scene_totals(scene).hedged_count, 1);
	assert_int_equal(scene_totals(scene).hedges_won_count, 1);
	assert_int_equal(answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED), BAL_STALE);
	/* The agent that was outrun is not thought to be as fast as before. */
	assert_true(learn_slowness(scene->core, agent_find(scene->core, 101), 0) >
		    learn_slowness(scene->core, agent_find(scene->core, 102), 0));
}

static void test_the_first_wins(void **state)
{
	struct scene *scene = *state;

	begin_hedged(scene);
	assert_int_equal(answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED), BAL_OK);
	scene_expect(scene, "rescind 1.2@102 hedge_lost; complete 1 succeeded");
	assert_int_equal(scene_totals(scene).hedges_won_count, 0);
	assert_int_equal(scene_agent_view(scene, 102).running, 0);
}

static void test_an_answer_for_neither(void **state)
{
	struct scene *scene = *state;

	begin_hedged(scene);
	assert_int_equal(answer(scene, 1, 3, BAL_OUTCOME_SUCCEEDED), BAL_STALE);
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 2, .attempt = 2,
				 .outcome = BAL_OUTCOME_SUCCEEDED),
		BAL_STALE);
	assert_int_equal(STEP(scene, ATTEMPT_STARTED, attempt, .task = 1, .attempt = 2), BAL_OK);
	assert_int_equal(STEP(scene, ATTEMPT_STARTED, attempt, .task = 1, .attempt = 3), BAL_STALE);
	assert_int_equal(STEP(scene, ATTEMPT_EXTENDED, extended, .task = 1, .attempt = 2,
				 .until_ns = scene->now_ns),
		BAL_STALE);
	scene_expect(scene, "");
}

/* All that is no success. */
static const enum bal_outcome FAILURES[] = {BAL_OUTCOME_FAILED, BAL_OUTCOME_RETRYABLE,
	BAL_OUTCOME_LOST, BAL_OUTCOME_TIMEOUT, BAL_OUTCOME_BUSY, BAL_OUTCOME_HANDED_BACK};

static void test_a_failure_leaves_the_other_running(void **state)
{
	struct scene *scene = *state;
	uint64_t task = 1;

	begin(scene, BAL_POOL_URLS, 2);
	for (uint32_t which = 1; which <= 2; which++) {
		for (size_t i = 0; i < sizeof FAILURES / sizeof FAILURES[0]; i++, task++) {
			scene_task(scene, task);
			scene_run_for(scene, NS_PER_MIN);
			assert_int_equal(scene_task_view(scene, task).hedge_attempt, 2);
			scene_clear(scene);
			answer(scene, task, which, FAILURES[i]);
			scene_expect(scene, "");
			assert_int_equal(scene_task_view(scene, task).attempt, 3 - which);
			assert_int_equal(scene_task_view(scene, task).hedge_attempt, 0);
			scene_succeed(scene, task, NS_PER_S);
			assert_int_equal(scene_count(scene, BAL_EFFECT_COMPLETE), 1);
			scene_run_for(scene, NS_PER_MIN); /* what was busy or ejected is back */
			scene_agent_event(scene, BAL_EVENT_AGENT_READY, 101);
			scene_agent_event(scene, BAL_EVENT_AGENT_READY, 102);
			scene_clear(scene);
		}
	}
}

static void test_both_fail(void **state)
{
	struct scene *scene = *state;

	begin_hedged(scene);
	answer(scene, 1, 2, BAL_OUTCOME_RETRYABLE);
	answer(scene, 1, 1, BAL_OUTCOME_RETRYABLE);
	scene_expect(scene, "complete 1 dead");
}

/* After one that came to nothing it runs as long again before the next, which has a new number. */
static void test_the_next_hedge(void **state)
{
	struct scene *scene = *state;
	int64_t ran_ns;

	begin_hedged(scene);
	answer(scene, 1, 2, BAL_OUTCOME_LOST);
	ran_ns = scene->now_ns - scene_task_view(scene, 1).dispatched_at_ns;
	scene_run_for(scene, ran_ns - 1);
	scene_expect(scene, "");
	scene_run_for(scene, 1);
	scene_expect(scene, "dispatch 1.3@102");
	assert_int_equal(answer(scene, 1, 2, BAL_OUTCOME_LOST), BAL_STALE);
}

static void test_its_share_of_the_slots(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_POOL_URLS, 6);
	scene_knob(scene, BAL_KNOB_HEDGE_SHARE, 200); /* of 6 slots: fewer than 1.2 before */
	for (uint64_t task = 1; task <= 3; task++)
		scene_task(scene, task);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_MIN);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DISPATCH), 2);
	scene_clear(scene);
	/* They are no load that the pool would have to grow for. */
	assert_int_equal(scene_pool_view(scene, 0).running, 5);
	assert_int_equal(scene_pool_view(scene, 0).load_permille, 500);
	answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "dispatch 3.2@106");
}

static void test_not_while_tasks_wait(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool other = scene_pool_standard(1, BAL_POOL_URLS);

	begin(scene, BAL_POOL_URLS, 2);
	other.offers.words[0] = 2;
	scene_pool(scene, &other);
	hang(scene);
	/* One that agent 102 may not take waits for 101. */
	scene_submit(scene, (struct bal_event_task){.id = 2, .needs.not_agents[0] = 102});
	scene_clear(scene);
	scene_run_for(scene, 4 * NS_PER_S);
	scene_expect(scene, "");
	scene_cancel(scene, 2);
	scene_clear(scene);
	/* One that waits for another pool does not matter. */
	scene_submit(scene, (struct bal_event_task){.id = 3, .needs.tags.words[0] = 2});
	scene_clear(scene);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "dispatch 1.2@102");
}

static void test_never_for_commands_and_leases(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool commands = scene_pool_standard(1, BAL_POOL_COMMAND);

	for (uint32_t i = 0; i < 2; i++) {
		struct scene *other = scene_open(&SCENE_LIMITS);

		scene_start(other, 1);
		begin(other, i == 0 ? BAL_POOL_COMMAND : BAL_POOL_LEASE, 2);
		hang(other);
		scene_run_for(other, NS_PER_MIN);
		scene_expect(other, "");
		scene_close(other);
	}
	/* Nor when such a pool has the free slots. */
	begin(scene, BAL_POOL_URLS, 1);
	hang(scene);
	scene_pool(scene, &commands);
	scene_agent(scene, 201, 1, 4);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
}

static void test_bounds_hold(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 1);
	begin(scene, BAL_POOL_URLS, 2);
	pool.limits[0] = 0;
	scene_pool(scene, &pool);
	hang(scene);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 2);
	STEP(scene, TENANT, tenant, .tenant = 0, .weight = 1, .running_max = 1);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
	STEP(scene, TENANT, tenant, .tenant = 0, .weight = 1);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "dispatch 1.2@102");
	/* The limit has no place left for another task, and has both back at the end. */
	scene_agent(scene, 103, 0, 1);
	scene_task(scene, 2);
	scene_expect(scene, "accept 2");
	answer(scene, 1, 2, BAL_OUTCOME_SUCCEEDED);
	scene_expect(scene, "rescind 1.1@101 hedge_lost; complete 1 succeeded; dispatch 2.1@103");
}

static void test_when_it_may_not_start(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_POOL_URLS, 2);
	/* Not after its deadline. */
	scene_submit(
		scene, (struct bal_event_task){.id = 1, .deadline_ns = scene->now_ns + NS_PER_S});
	scene_clear(scene);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
	answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
	/* Not for a parent that waits for its children. */
	scene_task(scene, 2);
	scene_submit(scene,
		(struct bal_event_task){.id = 3, .parent = 2, .flags = BAL_TASK_PARENT_WAITS});
	scene_clear(scene);
	answer(scene, 3, 1, BAL_OUTCOME_SUCCEEDED);
	scene_submit(scene, (struct bal_event_task){.id = 4,
				    .parent = 2,
				    .flags = BAL_TASK_PARENT_WAITS,
				    .needs.not_agents[0] = 101,
				    .needs.not_agents[1] = 102});
	scene_clear(scene);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
	scene_cancel(scene, 4);
	scene_clear(scene);
	/* Not when it has been switched off meanwhile, or nothing starts any more. */
	scene_knob(scene, BAL_KNOB_HEDGE_SHARE, 0);
	scene_run_for(scene, 10 * NS_PER_MIN);
	scene_expect(scene, "rescind 2.1@102 attempt_timeout; complete 2 dead");
	scene_knob(scene, BAL_KNOB_HEDGE_SHARE, 500);
	scene_task(scene, 5);
	STEP(scene, STOP, more, 0);
	scene_clear(scene);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "");
}

static void test_cancelled(void **state)
{
	struct scene *scene = *state;

	begin_hedged(scene);
	scene_cancel(scene, 1);
	scene_expect(scene,
		"rescind 1.2@102 cancelled; rescind 1.1@101 cancelled; complete 1 cancelled");
}

static void test_time_outs(void **state)
{
	struct scene *scene = *state;

	/* The first one's comes first; the second goes on, and then its own ends the task. */
	begin_hedged(scene);
	scene_run_for(scene, 10 * NS_PER_MIN - LATE_NS);
	scene_expect(scene, "rescind 1.1@101 attempt_timeout");
	assert_int_equal(scene_task_view(scene, 1).attempt, 2);
	scene_run_for(scene, LATE_NS);
	scene_expect(scene, "rescind 1.2@102 attempt_timeout; complete 1 dead");
}

/* A pool whose attempts may take less than the first's pool allows. */
static void test_its_own_time_out(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool quick = scene_pool_standard(1, BAL_POOL_URLS);

	begin(scene, BAL_POOL_URLS, 1);
	quick.timeout_ns = NS_PER_S;
	scene_pool(scene, &quick);
	hang(scene);
	scene_agent(scene, 201, 1, 1);
	scene_run_for(scene, LATE_NS);
	scene_expect(scene, "dispatch 1.2@201");
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "rescind 1.2@201 attempt_timeout");
	assert_int_equal(scene_task_view(scene, 1).attempt, 1);
}

static void test_a_gap_extends_both(void **state)
{
	struct scene *scene = *state;

	begin_hedged(scene);
	STEP(scene, GAP, gap, .duration_ns = NS_PER_HOUR);
	scene_run_for(scene, NS_PER_HOUR);
	scene_expect(scene, "");
	scene_run_for(scene, 10 * NS_PER_MIN);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESCIND)->task, 1);
}

static void test_agents_go(void **state)
{
	struct scene *scene = *state;

	/* The second's: the first goes on. */
	begin_hedged(scene);
	scene_down(scene, 102, false);
	scene_expect(scene, "");
	assert_int_equal(scene_task_view(scene, 1).agent, 101);
	/* The first's: the second does. */
	scene_agent(scene, 103, 0, 1);
	scene_run_for(scene, NS_PER_MIN);
	scene_expect(scene, "dispatch 1.3@103");
	scene_down(scene, 101, false);
	scene_expect(scene, "");
	assert_int_equal(scene_task_view(scene, 1).agent, 103);
	scene_down(scene, 103, false);
	scene_expect(scene, "complete 1 dead");
}

static void test_draining(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_POOL_PROCESS, 2);
	hang(scene);
	scene_run_for(scene, LATE_NS);
	scene_expect(scene, "dispatch 1.2@102");
	scene_drain(scene, 102, false);
	scene_expect(scene, "drain 102");
	scene_run_for(scene, scene_pool_standard(0, BAL_POOL_PROCESS).drain_limit_ns);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESCIND)->attempt, 2);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RESCIND)->reason, BAL_REASON_DRAIN_LIMIT);
	assert_int_equal(scene_last(scene, BAL_EFFECT_END)->agent, 102);
	assert_int_equal(scene_count(scene, BAL_EFFECT_HAND_BACK), 0);
	assert_int_equal(scene_task_view(scene, 1).hedge_attempt, 0);
}

/* The memory a task needs, and that it wants an agent alone, count for its hedge too. */
static void test_needs_hold(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_POOL_URLS, 1);
	scene_agent(scene, 102, 0, 2);
	scene_submit(scene, (struct bal_event_task){.id = 2, .needs.not_agents[0] = 101});
	scene_submit(scene, (struct bal_event_task){.id = 1, .needs.exclusive = true});
	scene_expect(scene, "accept 2; dispatch 2.1@102; accept 1; dispatch 1.1@101");
	scene_run_for(scene, 10 * NS_PER_S);
	scene_expect(scene, "");
	answer(scene, 2, 1, BAL_OUTCOME_SUCCEEDED);
	scene_clear(scene);
	scene_run_for(scene, 10 * NS_PER_S);
	scene_expect(scene, "dispatch 1.2@102");
	scene_task(scene, 3);
	scene_expect(scene, "accept 3"); /* nothing beside it */
	answer(scene, 1, 2, BAL_OUTCOME_SUCCEEDED);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DISPATCH), 1);
}

static enum bal_status reload(const struct scene *scene, bool same)
{
	struct scene *other = scene_open(&SCENE_LIMITS);
	size_t size = bal_core_save(scene->core, NULL, 0);
	uint8_t *bytes = malloc(size);
	enum bal_status status;

	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	status = bal_core_load(other->core, bytes, size);
	if (same)
		assert_true(bal_core_digest(scene->core) == bal_core_digest(other->core));
	free(bytes);
	scene_close(other);
	return status;
}

#define REFUSED(scene, place, wrong)                                                               \
	do {                                                                                       \
		__typeof__(place) right = (place);                                                 \
		(place) = (__typeof__(place))(wrong);                                              \
		if (reload(scene, false) != BAL_BROKEN)                                            \
			fail_msg("taken: %s", #place " = " #wrong);                                \
		(place) = right;                                                                   \
	} while (0)

static void test_saved(void **state)
{
	struct scene *scene = *state;
	struct task *task;
	struct hedge *hedge;

	begin_hedged(scene);
	assert_int_equal(reload(scene, true), BAL_OK);
	task = task_find(scene->core, 1);
	hedge = slab_at(&scene->core->hedges, task->hedge);
	REFUSED(scene, hedge->task, 7);
	REFUSED(scene, hedge->agent, 7);
	REFUSED(scene, hedge->agent, task->agent);
	REFUSED(scene, hedge->attempt, 1);
	REFUSED(scene, hedge->attempt, 3);
	REFUSED(scene, hedge->dispatched_at_ns, task->dispatched_at_ns - 1);
	REFUSED(scene, task->attempt_last, 0);
	assert_int_equal(reload(scene, true), BAL_OK);
}

static void test_checked(void **state)
{
	struct scene *scene = *state;
	struct task *task;
	struct pool *pool = &scene->core->pools[0];

	begin_hedged(scene);
	task = task_find(scene->core, 1);
	pool->hedges++;
	assert_non_null(check_core(scene->core));
	pool->hedges--;
	task->hedge = BAL_NONE;
	assert_non_null(check_core(scene->core));
	task->hedge = 0;
	assert_null(check_core(scene->core));
}

/* Whatever share of a kind's tasks takes long, what is late is where the wanted share has ended. */
static void test_what_is_late(void **state)
{
	static const struct {
		int64_t late; /* knob, permille */
		uint32_t slow_of_ten;
		double least, most; /* times the mean */
	} rows[] = {
		{900, 0, 0.9, 1.2}, {500, 3, 0.25, 0.45}, {900, 3, 2.0, 3.2}, {950, 1, 3.0, 6.0}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);
		double late;

		scene_start(scene, 1);
		begin(scene, BAL_POOL_URLS, 1);
		scene_knob(scene, BAL_KNOB_HEDGE_LATE, rows[i].late);
		for (uint64_t task = 2001; task < 3500; task++) {
			bool slow = task % 10 < rows[i].slow_of_ten;

			scene_task(scene, task);
			scene->now_ns += slow ? 8 * NS_PER_S : NS_PER_S;
			scene_succeed(scene, task, slow ? 8 * NS_PER_S : NS_PER_S);
			scene_clear(scene);
		}
		late = scene->core->kinds[0].late;
		if (late < rows[i].least || late > rows[i].most)
			fail_msg("row %zu: late at %f", i, late);
		scene_close(scene);
	}
}

/* The slot of the second attempt falls free with its agent: what waited there has not begun. */
static void test_what_waits_beside_it_is_not_blamed(void **state)
{
	struct scene *scene = *state;

	begin_hedged(scene);
	scene_knob(scene, BAL_KNOB_PREFETCH, 1);
	STEP(scene, AGENT_SLOTS, slots, .agent = 102, .slots = 2);
	for (uint64_t id = 2; id <= 3; id++)
		scene_submit(scene, (struct bal_event_task){.id = id, .needs.not_agents = {101}});
	scene_expect(scene, "accept 2; dispatch 2.1@102; accept 3; dispatch 3.1@102");
	scene_down(scene, 102, false);
	scene_expect(scene, "requeue 3; complete 2 dead");
	assert_int_equal(scene_task_view(scene, 3).state, BAL_TASK_QUEUED);
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(test_off_by_default),
		SCENE_TEST(test_the_second_wins),
		SCENE_TEST(test_what_waits_beside_it_is_not_blamed),
		SCENE_TEST(test_the_first_wins),
		SCENE_TEST(test_an_answer_for_neither),
		SCENE_TEST(test_a_failure_leaves_the_other_running),
		SCENE_TEST(test_both_fail),
		SCENE_TEST(test_the_next_hedge),
		SCENE_TEST(test_its_share_of_the_slots),
		SCENE_TEST(test_not_while_tasks_wait),
		SCENE_TEST(test_never_for_commands_and_leases),
		SCENE_TEST(test_bounds_hold),
		SCENE_TEST(test_when_it_may_not_start),
		SCENE_TEST(test_cancelled),
		SCENE_TEST(test_time_outs),
		SCENE_TEST(test_its_own_time_out),
		SCENE_TEST(test_a_gap_extends_both),
		SCENE_TEST(test_agents_go),
		SCENE_TEST(test_draining),
		SCENE_TEST(test_needs_hold),
		SCENE_TEST(test_saved),
		SCENE_TEST(test_checked),
		cmocka_unit_test(test_what_is_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

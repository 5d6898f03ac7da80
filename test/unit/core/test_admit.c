/* SPDX-License-Identifier: Apache-2.0 */
/* What is let in, what is refused and with which answer; tasks that come back from the store. */
#include "scene.h"

#include "core/learn.h"

static void test_unknown_needs_name_the_nearest_pools(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	const uint64_t offers[] = {1, 3, 7, 15, 16};
	struct bal_why why;

	for (uint32_t i = 0; i < 5; i++) {
		pool.pool = i;
		pool.offers.words[0] = offers[i];
		scene_pool(scene, &pool);
	}
	scene_submit(scene, (struct bal_event_task){.id = 1, .needs.tags.words = {32 + 15}});
	scene_expect(scene, "refuse 1 refused_incapable");
	why = scene_why(scene, 1);
	assert_int_equal(why.kind, BAL_WHY_REFUSED);
	assert_int_equal(why.nearest_count, 3);
	assert_int_equal(why.nearest_pool[0], 3);
	assert_int_equal(why.nearest_missing[0].words[0], 32);
	assert_int_equal(why.nearest_pool[1], 2);
	assert_int_equal(why.nearest_missing[1].words[0], 32 + 8);
	assert_int_equal(why.nearest_pool[2], 1);
	/* A need that no configuration ever named; removed pools are not near. */
	STEP(scene, POOL_REMOVED, pool_removed, .pool = 3);
	scene_submit(scene, (struct bal_event_task){
				    .id = 2, .needs.tags.words = {7}, .needs.unknown_count = 2});
	scene_expect(scene, "refuse 2 refused_incapable");
	why = scene_why(scene, 2);
	assert_int_equal(why.unknown_count, 2);
	assert_int_equal(why.nearest_pool[0], 2);
	assert_int_equal(why.nearest_missing[0].words[0], 0);
	assert_int_equal(scene_totals(scene).refused_count, 2);
}

static void test_full_queue_says_when_to_come_back(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_knob(scene, BAL_KNOB_QUEUE_MAX, 3);
	for (uint64_t id = 1; id <= 4; id++)
		scene_task(scene, id);
	scene_clear(scene);
	scene_task(scene, 5);
	assert_int_equal(scene_last(scene, BAL_EFFECT_REFUSE)->value_ns, NS_PER_S);
	scene_expect(scene, "refuse 5 refused_queue_full");
	scene_expect_why(scene, 5, BAL_WHY_REFUSED, BAL_REASON_REFUSED_QUEUE_FULL);
	/* With tasks of an hour each, one in a hundred of the queue leaves in two minutes or so. */
	scene_succeed(scene, 1, NS_PER_HOUR);
	scene_task(scene, 6);
	scene_clear(scene);
	scene_task(scene, 7);
	assert_in_range(scene_last(scene, BAL_EFFECT_REFUSE)->value_ns, NS_PER_MIN, 5 * NS_PER_MIN);
}

static void test_table_of_tasks_is_bounded(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 100);
	for (uint64_t id = 1; id <= 512; id++)
		scene_task(scene, id);
	scene_clear(scene);
	scene_task(scene, 513);
	scene_expect(scene, "refuse 513 refused_queue_full");
	assert_int_equal(STEP(scene, TASK_RESTORED, restored,
				 .task = {.id = 600, .deadline_ns = BAL_NEVER_NS}),
		BAL_FULL);
}

static void test_bounds_of_a_tenant(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	STEP(scene, TENANT, tenant, .tenant = 0, .weight = 1, .queued_max = 2);
	for (uint64_t id = 1; id <= 3; id++)
		scene_task(scene, id);
	scene_clear(scene);
	scene_task(scene, 4);
	assert_int_equal(scene_last(scene, BAL_EFFECT_REFUSE)->value_ns, NS_PER_S);
	scene_expect(scene, "refuse 4 refused_tenant_full");
	scene_submit(scene, (struct bal_event_task){.id = 5, .tenant = 1});
	scene_expect(scene, "accept 5"); /* another's bound */
}

static void test_rate_of_a_tenant(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 100);
	STEP(scene, TENANT, tenant, .tenant = 0, .weight = 1, .rate_max = 4,
		.rate_period_ns = 8 * NS_PER_S);
	for (uint64_t id = 1; id <= 4; id++)
		scene_task(scene, id); /* four at once, then one every two seconds */
	scene_clear(scene);
	scene_task(scene, 5);
	assert_int_equal(scene_last(scene, BAL_EFFECT_REFUSE)->value_ns, 2 * NS_PER_S);
	scene_expect(scene, "refuse 5 refused_tenant_rate");
	scene_run_for(scene, 2 * NS_PER_S - 1);
	scene_task(scene, 6);
	scene_expect(scene, "refuse 6 refused_tenant_rate");
	scene_run_for(scene, 1);
	scene_task(scene, 7);
	scene_task(scene, 8);
	scene_expect(scene, "accept 7; dispatch 7.1@101; refuse 8 refused_tenant_rate");
	/* More per period than it has nanoseconds is no bound. */
	STEP(scene, TENANT, tenant, .tenant = 1, .weight = 1, .rate_max = 4, .rate_period_ns = 2);
	scene_submit(scene, (struct bal_event_task){.id = 9, .tenant = 1});
	assert_int_equal(scene_count(scene, BAL_EFFECT_ACCEPT), 1);
}

static void test_deadline_that_cannot_be_met_is_refused_early(void **state)
{
	struct scene *scene = *state;
	int64_t now_ns = scene->now_ns;
	struct bal_effect refusal;

	scene_pool_urls(scene, 0, 101, 1);
	scene_submit(scene, (struct bal_event_task){.id = 1, .deadline_ns = now_ns});
	scene_expect(scene, "refuse 1 refused_deadline");
	/* Nothing is known of the kind yet: the benefit of the doubt. */
	scene_submit(scene, (struct bal_event_task){.id = 2, .deadline_ns = now_ns + NS_PER_S});
	scene_succeed(scene, 2, 10 * NS_PER_S);
	for (uint64_t id = 10; id < 20; id++) {
		scene_task(scene, id);
		scene_succeed(scene, id, 10 * NS_PER_S);
	}
	scene_clear(scene);
	scene_submit(scene, (struct bal_event_task){.id = 3, .deadline_ns = now_ns + 9 * NS_PER_S});
	scene_expect(scene, "refuse 3 refused_deadline");
	/* The submitter knows better how long it takes. */
	scene_submit(scene,
		(struct bal_event_task){
			.id = 4, .size_ns = 8 * NS_PER_S, .deadline_ns = now_ns + 9 * NS_PER_S});
	scene_expect(scene, "accept 4; dispatch 4.1@101");
	/* Now two are ahead: the expected wait is said. */
	scene_task(scene, 5);
	scene_clear(scene);
	scene_submit(scene, (struct bal_event_task){.id = 6,
				    .priority = BAL_PRIORITY_NORMAL,
				    .deadline_ns = now_ns + 25 * NS_PER_S});
	refusal = *scene_last(scene, BAL_EFFECT_REFUSE);
	assert_in_range(refusal.value_ns, 15 * NS_PER_S, 25 * NS_PER_S);
	assert_int_equal(scene_why(scene, 6).expected_wait_ns, refusal.value_ns);
	/* More urgent, it does not wait for the other: it fits. */
	scene_clear(scene);
	scene_submit(scene, (struct bal_event_task){.id = 7,
				    .priority = BAL_PRIORITY_CRITICAL,
				    .deadline_ns = now_ns + 25 * NS_PER_S});
	scene_expect(scene, "accept 7");
}

static enum bal_status restore(struct scene *scene, struct bal_event_restored restored)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_RESTORED, .restored = restored};

	event.restored.task.deadline_ns = BAL_NEVER_NS;
	event.restored.task.needs.tags.words[0] = 1;
	return scene_step(scene, event);
}

static void test_restored_tasks(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);
	int64_t now_ns = scene->now_ns;

	(void)state;
	scene_pool_urls(scene, 0, 101, 3);
	assert_int_equal(restore(scene, (struct bal_event_restored){.task.id = 1, .agent = 77}),
		BAL_INVALID);
	assert_int_equal(restore(scene, (struct bal_event_restored){.task.id = 0}), BAL_INVALID);
	assert_int_equal(restore(scene, (struct bal_event_restored){.task.id = 1,
						.agent = 101,
						.attempt = 2,
						.epoch = 3,
						.until_ns = now_ns + 5 * NS_PER_S}),
		BAL_OK);
	assert_int_equal(restore(scene, (struct bal_event_restored){.task.id = 1}), BAL_CONFLICT);
	restore(scene, (struct bal_event_restored){
			       .task.id = 2, .not_before_ns = now_ns + NS_PER_S, .attempt = 4});
	restore(scene,
		(struct bal_event_restored){.task.id = 3, .submitted_at_ns = now_ns + NS_PER_DAY});
	assert_int_equal(scene_task_view(scene, 1).state, BAL_TASK_RUNNING);
	assert_int_equal(scene_task_view(scene, 3).submitted_at_ns, now_ns);
	scene_run_for(scene, NS_PER_MS);
	scene_expect(scene, "");
	scene_start(scene, 4);
	scene_expect(scene, "dispatch 3.1@101");
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "dispatch 2.5@101");
	/* The answer of the attempt of the last epoch counts. */
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 3, .attempt = 2,
				 .outcome = BAL_OUTCOME_SUCCEEDED),
		BAL_OK);
	scene_expect(scene, "complete 1 succeeded");
	scene_close(scene);
}

static void test_restored_child_counts_for_its_parent(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	(void)state;
	scene_pool_urls(scene, 0, 101, 1);
	restore(scene, (struct bal_event_restored){
			       .task.id = 1, .agent = 101, .attempt = 1, .until_ns = BAL_NEVER_NS});
	restore(scene, (struct bal_event_restored){
			       .task = {.id = 2, .parent = 1, .flags = BAL_TASK_PARENT_WAITS}});
	scene_start(scene, 2);
	scene_expect(scene, "dispatch 2.1@101");
	scene_expect_why(scene, 2, BAL_WHY_ROUTED, BAL_REASON_LENT_SLOT);
	scene_close(scene);
}

/* Five pools that each lack something: the three that lack least, the first of equals first. */
static void test_nearest_pools_in_order(void **state)
{
	static const uint64_t offers[] = {0, 0xf, 0x3, 0x3c, 0x7f0};
	static const uint32_t nearest[] = {1, 3, 2};
	static const uint64_t missing[] = {0x70, 0x43, 0x7c};
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	struct bal_why why;

	for (uint32_t i = 0; i < 5; i++) {
		pool.pool = i;
		pool.offers.words[0] = offers[i];
		scene_pool(scene, &pool);
	}
	STEP(scene, POOL_REMOVED, pool_removed, .pool = 4);
	scene_submit(scene, (struct bal_event_task){.id = 1, .needs.tags.words = {0x7f}});
	why = scene_why(scene, 1);
	assert_int_equal(why.reason, BAL_REASON_REFUSED_INCAPABLE);
	assert_int_equal(why.nearest_count, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(why.nearest_pool[i], nearest[i]);
		assert_true(why.nearest_missing[i].words[0] == missing[i]);
	}
	assert_int_equal(why.pool, BAL_NONE);
	assert_int_equal(why.limit, BAL_NONE);
	assert_int_equal(scene_last(scene, BAL_EFFECT_REFUSE)->value_ns, 0);
	/* The only pool, and the first: it is named, too. */
	for (uint32_t i = 1; i < 4; i++)
		STEP(scene, POOL_REMOVED, pool_removed, .pool = i);
	scene_submit(scene, (struct bal_event_task){.id = 2, .needs.tags.words = {1, 2, 4, 8}});
	why = scene_why(scene, 2);
	assert_int_equal(why.nearest_count, 1);
	assert_int_equal(why.nearest_pool[0], 0);
	for (uint32_t i = 0; i < BAL_TAG_WORDS; i++)
		assert_true(why.nearest_missing[0].words[i] == UINT64_C(1) << i);
}

static void test_a_deadline_that_can_just_be_met(void **state)
{
	struct scene *scene = *state;
	int64_t now_ns = scene->now_ns;

	scene_pool_urls(scene, 0, 101, 1);
	for (uint64_t id = 1; id <= 10; id++) {
		/* Known is a kind of which ten have finished. */
		scene_submit(
			scene, (struct bal_event_task){.id = id, .deadline_ns = now_ns + NS_PER_S});
		scene_succeed(scene, id, 10 * NS_PER_S);
	}
	scene_clear(scene);
	scene_submit(scene,
		(struct bal_event_task){.id = 20, .deadline_ns = now_ns + 10 * NS_PER_S - 1});
	scene_expect(scene, "refuse 20 refused_deadline");
	scene_submit(
		scene, (struct bal_event_task){.id = 21, .deadline_ns = now_ns + 10 * NS_PER_S});
	scene_expect(scene, "accept 21; dispatch 21.1@101");
	/* One runs: the next begins when it ends, so that is the wait. */
	scene_submit(scene, (struct bal_event_task){.id = 22,
				    .size_ns = 5 * NS_PER_S,
				    .deadline_ns = now_ns + 15 * NS_PER_S - 1});
	assert_int_equal(scene_last(scene, BAL_EFFECT_REFUSE)->value_ns, 10 * NS_PER_S);
	scene_expect(scene, "refuse 22 refused_deadline");
	scene_submit(scene,
		(struct bal_event_task){
			.id = 23, .size_ns = 5 * NS_PER_S, .deadline_ns = now_ns + 15 * NS_PER_S});
	scene_expect(scene, "accept 23");
	scene_submit(scene, (struct bal_event_task){.id = 24, .deadline_ns = now_ns});
	scene_expect(scene, "refuse 24 refused_deadline");
}

/* No slot is up, so nobody knows how long it takes: only a deadline that has passed is refused. */
static void test_a_deadline_while_nothing_is_up(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	for (uint64_t id = 1; id <= 10; id++) {
		scene_task(scene, id);
		scene_succeed(scene, id, NS_PER_S);
	}
	scene_down(scene, 101, true);
	scene_clear(scene);
	scene_submit(
		scene, (struct bal_event_task){.id = 20, .deadline_ns = scene->now_ns + NS_PER_S});
	scene_expect(scene, "accept 20");
	scene_submit(scene, (struct bal_event_task){.id = 21, .deadline_ns = scene->now_ns});
	assert_int_equal(scene_last(scene, BAL_EFFECT_REFUSE)->value_ns, 0);
}

static void test_waits_of_refusals(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	STEP(scene, TENANT, tenant, .tenant = 1, .weight = 1, .queued_max = 1);
	STEP(scene, TENANT, tenant, .tenant = 2, .weight = 1, .rate_max = 2,
		.rate_period_ns = 10 * NS_PER_S);
	scene_task(scene, 1);
	scene_succeed(scene, 1, 1000 * NS_PER_S);
	for (uint64_t id = 2; id <= 11; id++)
		scene_task(scene, id);
	/* Ten are ahead: with its turn after 10,000 s, a hundredth of that. */
	scene_submit(scene, (struct bal_event_task){.id = 20, .tenant = 1});
	scene_submit(scene, (struct bal_event_task){.id = 21, .tenant = 1});
	assert_int_equal(
		scene_last(scene, BAL_EFFECT_REFUSE)->reason, BAL_REASON_REFUSED_TENANT_FULL);
	assert_int_equal(scene_last(scene, BAL_EFFECT_REFUSE)->value_ns, 110 * NS_PER_S);
	for (uint64_t id = 30; id <= 32; id++)
		scene_submit(scene, (struct bal_event_task){.id = id, .tenant = 2});
	assert_int_equal(scene_last(scene, BAL_EFFECT_REFUSE)->task, 32);
	assert_int_equal(
		scene_last(scene, BAL_EFFECT_REFUSE)->reason, BAL_REASON_REFUSED_TENANT_RATE);
	assert_int_equal(scene_last(scene, BAL_EFFECT_REFUSE)->value_ns, 5 * NS_PER_S);
	assert_int_equal(scene_why(scene, 32).expected_wait_ns, 5 * NS_PER_S);
	scene_run_for(scene, 5 * NS_PER_S - 1);
	scene_clear(scene);
	scene_submit(scene, (struct bal_event_task){.id = 33, .tenant = 2});
	scene_expect(scene, "refuse 33 refused_tenant_rate");
	scene_run_for(scene, 1);
	scene_submit(scene, (struct bal_event_task){.id = 34, .tenant = 2});
	scene_expect(scene, "accept 34");
	/* What the disk does not take may be tried again soon. */
	scene_submit(scene, (struct bal_event_task){.id = 40, .flags = BAL_TASK_DURABLE});
	scene_stored(scene, 40, BAL_NO_SPACE);
	assert_int_equal(scene_last(scene, BAL_EFFECT_REFUSE)->value_ns, NS_PER_S);
	assert_int_equal(scene_why(scene, 40).expected_wait_ns, NS_PER_S);
	assert_int_equal(scene_stored(scene, 40, BAL_OK), BAL_UNKNOWN);
	assert_int_equal(scene_stored(scene, 34, BAL_OK), BAL_UNKNOWN); /* it was never asked */
	assert_int_equal(scene_totals(scene).refused_count, 4);
}

static void test_largest_numbers_that_are_taken(void **state)
{
	struct scene *scene = *state;
	const uint64_t largest = (UINT64_C(1) << 62) - 1;

	scene_pool_urls(scene, 5, largest, 1);
	assert_int_equal(scene_submit(scene, (struct bal_event_task){.id = largest,
						     .kind = 5,
						     .tenant = 39,
						     .priority = BAL_PRIORITY_COUNT - 1}),
		BAL_OK);
	assert_int_equal(scene_task_view(scene, largest).agent, largest);
}

static void test_restored_with_its_history(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);
	int64_t now_ns = scene->now_ns;

	(void)state;
	scene_pool_urls(scene, 0, 101, 4);
	/* Its back-off ends this very moment, so it waits for a slot only. */
	restore(scene, (struct bal_event_restored){
			       .task = {.id = 1}, .not_before_ns = now_ns, .failures = 4});
	assert_int_equal(scene_task_view(scene, 1).state, BAL_TASK_QUEUED);
	restore(scene, (struct bal_event_restored){
			       .task = {.id = 2}, .not_before_ns = now_ns + 1, .failures = 3});
	assert_int_equal(scene_task_view(scene, 2).state, BAL_TASK_WAITING);
	assert_int_equal(scene_task_view(scene, 2).reason, BAL_REASON_WAIT_BACKOFF);
	assert_int_equal(scene_task_view(scene, 2).not_before_ns, now_ns + 1);
	assert_int_equal(scene_task_view(scene, 2).until_ns, BAL_NEVER_NS);
	restore(scene,
		(struct bal_event_restored){.task = {.id = 3}, .submitted_at_ns = INT64_MIN});
	assert_int_equal(scene_task_view(scene, 3).submitted_at_ns, INT64_MIN / 2);
	restore(scene, (struct bal_event_restored){.task = {.id = 4}, .submitted_at_ns = -5});
	assert_int_equal(scene_task_view(scene, 4).submitted_at_ns, -5);
	assert_int_equal(scene_totals(scene).submitted_count, 0);
	scene_start(scene, 2);
	scene_run_for(scene, 1);
	scene_clear(scene);
	/* Five failures are allowed: one had four, the other three. */
	for (uint64_t id = 1; id <= 2; id++)
		STEP(scene, ATTEMPT_ENDED, ended, .task = id, .epoch = 2, .attempt = 1,
			.outcome = BAL_OUTCOME_LOST);
	scene_expect(scene, "complete 1 dead; requeue 2");
	scene_close(scene);
}

/* The agent that a restored task runs on has its conversation's context. */
static void test_restored_task_keeps_its_conversation(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	(void)state;
	scene_pool_urls(scene, 0, 101, 2);
	scene_agent(scene, 102, 0, 2);
	restore(scene, (struct bal_event_restored){.task = {.id = 1, .conversation = 77},
			       .agent = 102,
			       .attempt = 1,
			       .until_ns = BAL_NEVER_NS});
	assert_int_equal(context_agent(scene->core, 77), 102);
	assert_int_equal(context_agent(scene->core, 78), 0);
	scene_close(scene);
}

/* A parent that ended and is brought back while its child lives: the child still counts. */
static void test_child_that_is_there_before_its_parent(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	(void)state;
	scene_pool_urls(scene, 0, 101, 1);
	for (uint64_t id = 2; id <= 3; id++)
		restore(scene, (struct bal_event_restored){.task = {
								   .id = id,
								   .parent = 1,
								   .flags = BAL_TASK_PARENT_WAITS,
								   .priority = BAL_PRIORITY_LOW,
							   }});
	restore(scene, (struct bal_event_restored){
			       .task.id = 1, .agent = 101, .attempt = 1, .until_ns = BAL_NEVER_NS});
	scene_start(scene, 1);
	scene_expect(scene, "dispatch 2.1@101");
	scene_expect_why(scene, 2, BAL_WHY_ROUTED, BAL_REASON_LENT_SLOT);
	scene_ended(scene, 2, BAL_OUTCOME_SUCCEEDED);
	scene_expect(scene, "complete 2 succeeded; dispatch 3.1@101");
	/* The parent leaves before its child, comes back, and still has it. */
	STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 0, .attempt = 1,
		.outcome = BAL_OUTCOME_SUCCEEDED);
	scene_expect(scene, "complete 1 succeeded");
	scene_ended(scene, 3, BAL_OUTCOME_SUCCEEDED);
	scene_expect(scene, "complete 3 succeeded");
	restore(scene, (struct bal_event_restored){.task = {.id = 1}});
	scene_expect(scene, "dispatch 1.1@101");
	restore(scene, (struct bal_event_restored){
			       .task = {.id = 4, .parent = 1, .flags = BAL_TASK_PARENT_WAITS}});
	scene_expect(scene, "dispatch 4.1@101");
	scene_close(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_unknown_needs_name_the_nearest_pools),
		TEST(test_full_queue_says_when_to_come_back),
		TEST(test_table_of_tasks_is_bounded),
		TEST(test_bounds_of_a_tenant),
		TEST(test_rate_of_a_tenant),
		TEST(test_deadline_that_cannot_be_met_is_refused_early),
		cmocka_unit_test(test_restored_tasks),
		cmocka_unit_test(test_restored_child_counts_for_its_parent),
		cmocka_unit_test(test_child_that_is_there_before_its_parent),
		TEST(test_nearest_pools_in_order),
		TEST(test_a_deadline_that_can_just_be_met),
		TEST(test_a_deadline_while_nothing_is_up),
		TEST(test_waits_of_refusals),
		TEST(test_largest_numbers_that_are_taken),
		cmocka_unit_test(test_restored_with_its_history),
		cmocka_unit_test(test_restored_task_keeps_its_conversation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

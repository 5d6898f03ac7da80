/* SPDX-License-Identifier: Apache-2.0 */
/* Who is next: classes, shares of tenants, deadline, age, ageing. One slot, so that the order of
 * dispatch is the order of the queue. */
#include "scene.h"

#include "core/queue.h"
#include "core/tag.h"

#define BLOCKER 1000

/* A full agent of one slot; tasks queue up behind its task. */
static void block(struct scene *scene)
{
	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, BLOCKER);
	scene_clear(scene);
}

/* Ends the running task; the next must be this one. */
static void expect_next(struct scene *scene, uint64_t *running, uint64_t next)
{
	scene_clear(scene);
	scene_succeed(scene, *running, NS_PER_S);
	assert_int_equal(scene_last(scene, BAL_EFFECT_DISPATCH)->task, next);
	*running = next;
}

static void submit(struct scene *scene, uint64_t id, enum bal_priority priority, uint32_t tenant)
{
	assert_int_equal(
		scene_submit(scene,
			(struct bal_event_task){.id = id, .priority = priority, .tenant = tenant}),
		BAL_OK);
}

static void test_classes_come_in_their_order(void **state)
{
	struct scene *scene = *state;
	uint64_t running = BLOCKER;

	block(scene);
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		submit(scene, 10 + i, (enum bal_priority)(BAL_PRIORITY_COUNT - 1 - i), 0);
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		expect_next(scene, &running, 14 - i);
}

static void test_deadline_before_age(void **state)
{
	struct scene *scene = *state;
	uint64_t running = BLOCKER;
	int64_t soon_ns = scene->now_ns + 30 * NS_PER_MIN;

	block(scene);
	scene_submit(scene, (struct bal_event_task){.id = 1});
	scene_submit(scene, (struct bal_event_task){.id = 2});
	scene_submit(scene, (struct bal_event_task){.id = 3, .deadline_ns = soon_ns + 1});
	scene_submit(scene, (struct bal_event_task){.id = 4, .deadline_ns = soon_ns});
	/* A task without a deadline stands as if it had one an hour after it came. */
	scene_submit(scene, (struct bal_event_task){.id = 5, .deadline_ns = soon_ns + NS_PER_DAY});
	expect_next(scene, &running, 4);
	expect_next(scene, &running, 3);
	expect_next(scene, &running, 1);
	expect_next(scene, &running, 2);
	expect_next(scene, &running, 5);
}

static void test_tenants_share_by_weight(void **state)
{
	struct scene *scene = *state;
	uint64_t running = BLOCKER;
	uint32_t served[2] = {0, 0};

	block(scene);
	STEP(scene, TENANT, tenant, .tenant = 1, .weight = 3);
	STEP(scene, TENANT, tenant, .tenant = 2, .weight = 1);
	for (uint64_t i = 0; i < 40; i++) {
		submit(scene, 100 + i, BAL_PRIORITY_NORMAL, 2); /* came first, and is as many */
		submit(scene, 200 + i, BAL_PRIORITY_NORMAL, 1);
	}
	for (uint32_t i = 0; i < 40; i++) {
		scene_clear(scene);
		scene_succeed(scene, running, NS_PER_S);
		running = scene_last(scene, BAL_EFFECT_DISPATCH)->task;
		served[running < 200]++;
	}
	assert_in_range(served[0], 29, 31);
	assert_in_range(served[1], 9, 11);
}

static void test_an_idle_tenant_collects_no_credit(void **state)
{
	struct scene *scene = *state;
	uint64_t running = BLOCKER;
	uint32_t of_late = 0;

	block(scene);
	for (uint64_t i = 0; i < 60; i++)
		submit(scene, 100 + i, BAL_PRIORITY_NORMAL, 1);
	for (uint64_t i = 0; i < 20; i++)
		expect_next(scene, &running, 100 + i);
	for (uint64_t i = 0; i < 30; i++)
		submit(scene, 200 + i, BAL_PRIORITY_NORMAL, 2);
	for (uint32_t i = 0; i < 20; i++) {
		scene_clear(scene);
		scene_succeed(scene, running, NS_PER_S);
		running = scene_last(scene, BAL_EFFECT_DISPATCH)->task;
		of_late += running >= 200;
	}
	assert_in_range(of_late, 9, 11);
}

static void test_shares_hold_over_lanes(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	uint64_t running = BLOCKER;
	uint32_t served[2] = {0, 0};

	pool.offers.words[0] = 7;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	scene_task(scene, BLOCKER);
	/* Tenant 1 asks in two ways, which makes two lanes; it gets no more for that. */
	for (uint64_t i = 0; i < 20; i++) {
		for (uint64_t lane = 0; lane < 3; lane++)
			scene_submit(scene, (struct bal_event_task){.id = 100 * (lane + 1) + i,
						    .tenant = lane < 2 ? 1 : 2,
						    .needs.tags.words = {lane < 2 ? 1 + lane : 4}});
	}
	for (uint32_t i = 0; i < 30; i++) {
		scene_clear(scene);
		scene_succeed(scene, running, NS_PER_S);
		running = scene_last(scene, BAL_EFFECT_DISPATCH)->task;
		served[running >= 300]++;
	}
	assert_in_range(served[0], 14, 16);
	assert_in_range(served[1], 14, 16);
}

static void test_old_tasks_are_not_starved(void **state)
{
	struct scene *scene = *state;
	uint64_t running = BLOCKER;
	uint32_t batch = 0;

	block(scene);
	for (uint64_t i = 0; i < 10; i++)
		submit(scene, 10 + i, BAL_PRIORITY_BATCH, 0);
	scene_run_for(scene, 6 * NS_PER_MIN); /* beyond AGEING */
	for (uint64_t i = 0; i < 60; i++)
		submit(scene, 100 + i, BAL_PRIORITY_CRITICAL, 0);
	for (uint32_t i = 0; i < 40; i++) {
		scene_clear(scene);
		scene_succeed(scene, running, NS_PER_S);
		running = scene_last(scene, BAL_EFFECT_DISPATCH)->task;
		batch += running < 100;
	}
	assert_int_equal(batch, 5); /* one of eight, in the order of their age */
	assert_int_equal(scene_totals(scene).waiting[BAL_PRIORITY_BATCH], 5);
}

static void test_the_oldest_of_all_lanes_ages_first(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	uint64_t running = BLOCKER;

	scene_knob(scene, BAL_KNOB_AGED_SHARE, 2);
	pool.offers.words[0] = 7;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	scene_task(scene, BLOCKER);
	for (uint64_t i = 0; i < 4; i++) {
		/* Two lanes and two classes; two of the four are as old as each other. */
		scene_submit(scene,
			(struct bal_event_task){.id = 4 - i,
				.priority = i % 2 == 0 ? BAL_PRIORITY_LOW : BAL_PRIORITY_BATCH,
				.needs.tags.words = {i < 2 ? 1 : 2}});
		if (i != 1)
			scene_run_for(scene, NS_PER_S);
	}
	scene_run_for(scene, 6 * NS_PER_MIN);
	for (uint64_t i = 0; i < 8; i++)
		submit(scene, 100 + i, BAL_PRIORITY_CRITICAL, 0);
	for (uint64_t i = 0; i < 4; i++) {
		const uint64_t oldest[] = {4, 2, 3, 1};

		expect_next(scene, &running, 100 + i);
		expect_next(scene, &running, oldest[i]);
	}
}

static void test_aged_task_of_a_tenant_at_its_bound_holds_nobody_up(void **state)
{
	struct scene *scene = *state;
	uint64_t running = BLOCKER;

	scene_knob(scene, BAL_KNOB_AGED_SHARE, 2);
	scene_pool_urls(scene, 0, 101, 2);
	STEP(scene, TENANT, tenant, .tenant = 1, .weight = 1, .running_max = 1);
	submit(scene, BLOCKER, BAL_PRIORITY_NORMAL, 0);
	submit(scene, 1, BAL_PRIORITY_NORMAL, 1);
	submit(scene, 2, BAL_PRIORITY_NORMAL, 1);
	scene_run_for(scene, 6 * NS_PER_MIN);
	for (uint64_t i = 0; i < 4; i++)
		submit(scene, 100 + i, BAL_PRIORITY_NORMAL, 0);
	for (uint64_t i = 0; i < 4; i++)
		expect_next(scene, &running, 100 + i);
	scene_expect_why(scene, 2, BAL_WHY_WAITING, BAL_REASON_WAIT_TENANT);
	scene_clear(scene);
	scene_succeed(scene, 1, NS_PER_S);
	assert_int_equal(scene_last(scene, BAL_EFFECT_DISPATCH)->task, 2);
}

static void test_more_tenants_at_their_bound_than_can_be_put_aside(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 100);
	for (uint32_t tenant = 1; tenant < 40; tenant++) {
		STEP(scene, TENANT, tenant, .tenant = tenant, .weight = 1, .running_max = 1);
		submit(scene, tenant, BAL_PRIORITY_NORMAL, tenant);
		submit(scene, 100 + tenant, BAL_PRIORITY_NORMAL, tenant);
	}
	assert_int_equal(scene_totals(scene).dispatched_count, 39);
	/* 39 of them stand before the task that may go; the run gives up after 32, and the next
	 * events find it all the same. */
	submit(scene, 500, BAL_PRIORITY_BATCH, 0);
	for (uint32_t tenant = 1; tenant < 40; tenant++)
		scene_cancel(scene, 100 + tenant);
	scene_run_for(scene, NS_PER_S);
	scene_task(scene, 501);
	assert_int_equal(scene_task_view(scene, 500).state, BAL_TASK_DISPATCHED);
}

static void test_more_forbidden_tasks_than_can_be_put_aside(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 4);
	for (uint64_t id = 1; id <= 40; id++)
		scene_submit(scene, (struct bal_event_task){.id = id, .needs.not_agents = {101}});
	scene_expect_why(scene, 40, BAL_WHY_WAITING, BAL_REASON_WAIT_FORBIDDEN);
	assert_int_equal(scene_totals(scene).waiting[0], 40);
	for (uint64_t id = 1; id <= 10; id++)
		scene_cancel(scene, id);
	scene_task(scene, 50);
	assert_int_equal(scene_task_view(scene, 50).state, BAL_TASK_DISPATCHED);
	assert_int_equal(scene_totals(scene).waiting[0], 30);
}

static void test_lanes_are_bounded_and_unused_ones_forgotten(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	pool.offers.words[0] = 1;
	scene_pool(scene, &pool);
	for (uint64_t id = 1; id <= 48; id++)
		scene_submit(
			scene, (struct bal_event_task){.id = id, .needs.cpu_millis = (uint32_t)id});
	scene_clear(scene);
	scene_submit(scene, (struct bal_event_task){.id = 49, .needs.cpu_millis = 49});
	scene_expect(scene, "refuse 49 refused_queue_full");
	assert_int_equal(
		STEP(scene, TASK_RESTORED, restored,
			.task = {.id = 49, .deadline_ns = BAL_NEVER_NS, .needs.cpu_millis = 49}),
		BAL_FULL);
	scene_cancel(scene, 7);
	scene_clear(scene);
	scene_submit(scene, (struct bal_event_task){.id = 50, .needs.cpu_millis = 50});
	scene_expect(scene, "accept 50");
	scene_agent(scene, 101, 0, 60);
	assert_int_equal(scene_totals(scene).dispatched_count, 48);
}

static void test_needs_beyond_a_pools_resources(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	pool.cpu_millis = 1000;
	pool.memory_mib = 512;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 4);
	scene_submit(scene, (struct bal_event_task){.id = 1, .needs.cpu_millis = 1001});
	scene_submit(scene, (struct bal_event_task){.id = 2, .needs.memory_mib = 513});
	scene_submit(scene, (struct bal_event_task){
				    .id = 3, .needs.cpu_millis = 1000, .needs.memory_mib = 512});
	scene_expect(scene, "refuse 1 refused_incapable; refuse 2 refused_incapable; "
			    "accept 3; dispatch 3.1@101");
}

/* Waiting five minutes is what AGEING says; a nanosecond less is not. */
static void test_ageing_begins_at_its_time(void **state)
{
	struct scene *scene = *state;
	uint64_t running = BLOCKER;

	scene_knob(scene, BAL_KNOB_AGED_SHARE, 2);
	block(scene);
	submit(scene, 1, BAL_PRIORITY_BATCH, 0);
	scene_run_for(scene, 1);
	submit(scene, 2, BAL_PRIORITY_BATCH, 0);
	for (uint64_t id = 10; id < 16; id++)
		submit(scene, id, BAL_PRIORITY_CRITICAL, 0);
	scene_run_for(scene, 300 * NS_PER_S - 1);
	expect_next(scene, &running, 10);
	expect_next(scene, &running, 1);
	expect_next(scene, &running, 11);
	expect_next(scene, &running, 12); /* the second is too young */
	scene_run_for(scene, 1);
	expect_next(scene, &running, 13);
	expect_next(scene, &running, 2);
}

/* Without a deadline, a task is ordered as if it had one an hour after it came. */
static void test_no_deadline_is_one_in_an_hour(void **state)
{
	struct scene *scene = *state;
	uint64_t running = BLOCKER;
	int64_t now_ns = scene->now_ns;

	block(scene);
	scene_submit(
		scene, (struct bal_event_task){.id = 1, .deadline_ns = now_ns + NS_PER_HOUR + 1});
	scene_submit(scene, (struct bal_event_task){.id = 2});
	scene_submit(
		scene, (struct bal_event_task){.id = 3, .deadline_ns = now_ns + NS_PER_HOUR - 1});
	scene_submit(scene, (struct bal_event_task){.id = 4});
	expect_next(scene, &running, 3);
	expect_next(scene, &running, 1); /* none is later than in an hour: the id decides */
	expect_next(scene, &running, 2);
	expect_next(scene, &running, 4);
}

/* Tasks are of one lane only if they need the same in every respect. */
static void test_lanes_differ_in_every_need(void **state)
{
	static const struct bal_needs needs[] = {
		{.tags.words = {1}},
		{.tags.words = {3}},
		{.tags.words = {1, 1}},
		{.tags.words = {1, 0, 1}},
		{.tags.words = {1, 0, 0, 1}},
		{.tags.words = {1}, .cpu_millis = 1},
		{.tags.words = {1}, .memory_mib = 1},
		{.tags.words = {1}, .cpu_millis = 1, .memory_mib = 1},
	};
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	pool.offers = (struct bal_tags){.words = {3, 1, 1, 1}};
	scene_pool(scene, &pool);
	for (uint64_t i = 0; i < 8; i++) {
		struct lane *lane = lane_for(scene->core, &needs[i]);

		assert_non_null(lane);
		assert_int_equal(scene->core->lanes.count, i + 1);
		assert_ptr_equal(lane_for(scene->core, &needs[i]), lane);
		assert_true(tags_equal(&lane->tags, &needs[i].tags));
		assert_int_equal(lane->cpu_millis, needs[i].cpu_millis);
		assert_int_equal(lane->memory_mib, needs[i].memory_mib);
		assert_int_equal(lane->pool_count, 1);
	}
}

static void test_sets_of_tags(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < BAL_TAGS_MAX; i++) {
		struct bal_tags all = {.words = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
		struct bal_tags one = {.words = {0}};
		struct bal_tags missing;

		one.words[i / 64] = UINT64_C(1) << (i % 64);
		assert_true(tags_cover(&all, &one));
		assert_int_equal(tags_count(&one), 1);
		assert_false(tags_equal(&all, &one));
		all.words[i / 64] &= ~one.words[i / 64];
		assert_false(tags_cover(&all, &one));
		assert_int_equal(tags_count(&all), BAL_TAGS_MAX - 1);
		missing = tags_missing(&all, &one);
		assert_true(tags_equal(&missing, &one));
		missing = tags_missing(&one, &one);
		assert_int_equal(tags_count(&missing), 0);
	}
}

/* The rate of arrivals rises with each and falls while none comes, to half within its span. */
static void test_rate_of_a_lane(void **state)
{
	struct scene *scene = *state;
	const struct bal_needs needs = {.tags.words = {1}};
	struct lane *lane;

	scene_pool_urls(scene, 0, 101, 1);
	lane = lane_for(scene->core, &needs);
	assert_true(lane_rate(scene->core, lane) == 0.0);
	for (uint64_t id = 1; id <= 30; id++)
		scene_task(scene, id);
	assert_in_range((int64_t)(lane_rate(scene->core, lane) * 1000), 499, 501);
	scene_run_for(scene, NS_PER_MIN);
	assert_in_range((int64_t)(lane_rate(scene->core, lane) * 1000), 249, 251);
	scene_task(scene, 31);
	assert_in_range((int64_t)(lane_rate(scene->core, lane) * 1000), 266, 267);
}

/* Tasks with different needs are one queue all the same: who came first goes first. */
static void test_lanes_are_one_queue(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	uint64_t running = BLOCKER;

	pool.offers.words[0] = 7;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 1);
	scene_task(scene, BLOCKER);
	for (uint64_t i = 0; i < 9; i++) {
		scene_submit(scene, (struct bal_event_task){.id = 50 - i,
					    .priority = BAL_PRIORITY_NORMAL,
					    .needs.tags.words = {1 + (i * 5) % 3}});
		scene_run_for(scene, NS_PER_S);
	}
	for (uint64_t i = 0; i < 9; i++)
		expect_next(scene, &running, 50 - i);
}

/* Many needs that nobody has any more make room for new ones, wherever they stand in the table. */
static void test_any_unused_lane_makes_room(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	scene_pool(scene, &pool);
	for (uint64_t id = 1; id <= 48; id++)
		scene_submit(
			scene, (struct bal_event_task){.id = id, .needs.cpu_millis = (uint32_t)id});
	for (uint64_t id = 1; id <= 48; id++) {
		scene_cancel(scene, id);
		scene_clear(scene);
		scene_submit(scene, (struct bal_event_task){.id = 100 + id,
					    .needs.cpu_millis = (uint32_t)(100 + id)});
		assert_int_equal(scene_count(scene, BAL_EFFECT_ACCEPT), 1);
	}
	assert_int_equal(scene->core->lanes.count, 48);
}

/* More pools than a word has bits: each serves its own needs, in the last word as in the first. */
static void test_very_many_pools(void **state)
{
	static const uint32_t pools[] = {0, 1, 62, 63, 64, 65, 126, 127, 128, 199};
	struct bal_limits limits = SCENE_LIMITS;
	struct scene *scene;

	(void)state;
	limits.pools_max = 200;
	scene = scene_open(&limits);
	scene_start(scene, 1);
	for (uint64_t i = 0; i < 10; i++) {
		struct bal_event_pool pool = scene_pool_standard(pools[i], BAL_POOL_URLS);

		pool.offers.words[0] = UINT64_C(1) << i;
		scene_pool(scene, &pool);
		scene_agent(scene, 101 + i, pools[i], 1);
	}
	for (uint64_t i = 0; i < 10; i++) {
		/* One runs and two wait, there and nowhere else; nobody else goes before them. */
		for (uint64_t j = 1; j <= 3; j++)
			scene_submit(scene, (struct bal_event_task){.id = 10 * i + j,
						    .needs.tags.words = {UINT64_C(1) << i}});
		assert_int_equal(scene_task_view(scene, 10 * i + 1).agent, 101 + i);
		assert_int_equal(scene_why(scene, 10 * i + 3).ahead_count, 1);
		assert_int_equal(scene_why(scene, 10 * i + 3).capable_count, 1);
	}
	for (uint64_t i = 0; i < 10; i++) {
		assert_int_equal(scene_pool_view(scene, pools[i]).waiting, 2);
		scene_clear(scene);
		scene_succeed(scene, 10 * i + 1, NS_PER_S);
		assert_int_equal(scene_last(scene, BAL_EFFECT_DISPATCH)->task, 10 * i + 2);
		assert_int_equal(scene_last(scene, BAL_EFFECT_DISPATCH)->pool, pools[i]);
	}
	/* What two of them offer together is served by both. */
	for (uint32_t i = 8; i < 10; i++) {
		struct bal_event_pool pool = scene_pool_standard(pools[i], BAL_POOL_URLS);

		pool.offers.words[0] = 1u << 20 | 1u << i;
		scene_pool(scene, &pool);
		scene_agent(scene, 201 + i, pools[i], 1);
	}
	scene_clear(scene);
	for (uint64_t id = 301; id <= 302; id++)
		scene_submit(
			scene, (struct bal_event_task){.id = id, .needs.tags.words = {1u << 20}});
	assert_int_equal(scene_count(scene, BAL_EFFECT_DISPATCH), 0); /* others were first */
	scene_succeed(scene, 82, NS_PER_S);
	scene_succeed(scene, 92, NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DISPATCH), 2);
	scene_close(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_classes_come_in_their_order),
		TEST(test_deadline_before_age),
		TEST(test_tenants_share_by_weight),
		TEST(test_an_idle_tenant_collects_no_credit),
		TEST(test_shares_hold_over_lanes),
		TEST(test_old_tasks_are_not_starved),
		TEST(test_the_oldest_of_all_lanes_ages_first),
		TEST(test_aged_task_of_a_tenant_at_its_bound_holds_nobody_up),
		TEST(test_more_tenants_at_their_bound_than_can_be_put_aside),
		TEST(test_more_forbidden_tasks_than_can_be_put_aside),
		TEST(test_lanes_are_bounded_and_unused_ones_forgotten),
		TEST(test_needs_beyond_a_pools_resources),
		TEST(test_ageing_begins_at_its_time),
		TEST(test_no_deadline_is_one_in_an_hour),
		TEST(test_lanes_differ_in_every_need),
		TEST(test_sets_of_tags),
		TEST(test_rate_of_a_lane),
		TEST(test_lanes_are_one_queue),
		TEST(test_any_unused_lane_makes_room),
		cmocka_unit_test(test_very_many_pools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

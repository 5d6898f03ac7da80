/* SPDX-License-Identifier: Apache-2.0 */
/* Events come from outside: each number out of its range is refused, and changes nothing. */
#include "scene.h"

#include <string.h>

static void test_start_comes_once_and_decisions_after_it(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	(void)state;
	scene_pool_urls(scene, 0, 101, 1);
	scene_task(scene, 1);
	scene_expect(scene, "accept 1");
	assert_int_equal(bal_deadline_ns(scene->core), BAL_NEVER_NS);
	scene_start(scene, 4);
	scene_expect(scene, "dispatch 1.1@101");
	assert_int_equal(STEP(scene, START, start, .epoch = 5), BAL_CONFLICT);
	assert_int_equal(
		STEP(scene, ATTEMPT_ENDED, ended, .task = 1, .epoch = 4, .attempt = 1), BAL_OK);
	scene_close(scene);
}

static void test_time_never_goes_back(void **state)
{
	struct scene *scene = *state;
	int64_t now_ns = scene->now_ns;

	scene_pool_urls(scene, 0, 101, 1);
	scene->now_ns = now_ns - NS_PER_HOUR;
	scene_task(scene, 1);
	assert_int_equal(scene_task_view(scene, 1).submitted_at_ns, now_ns);
}

static void test_unknown_event_is_refused(void **state)
{
	assert_int_equal(
		scene_step(*state, (struct bal_event){.type = BAL_EVENT_COUNT}), BAL_INVALID);
	assert_int_equal(STEP((struct scene *)*state, CLOCK, clock, .utc_offset_ns = 5), BAL_OK);
}

static void test_symbols(void **state)
{
	struct scene *scene = *state;
	struct bal_text text = {"name", 4};
	struct bal_text long_text = {"", BAL_TEXT_MAX + 1};

	assert_int_equal(STEP(scene, SYMBOL, symbol, BAL_SYMBOL_SPACE_COUNT, 0, text), BAL_INVALID);
	assert_int_equal(STEP(scene, SYMBOL, symbol, BAL_SYMBOL_TAG, 0, long_text), BAL_INVALID);
	assert_int_equal(STEP(scene, SYMBOL, symbol, BAL_SYMBOL_KIND, 6, text), BAL_FULL);
	assert_int_equal(STEP(scene, SYMBOL, symbol, BAL_SYMBOL_POOL, 6, text), BAL_FULL);
	assert_int_equal(STEP(scene, SYMBOL, symbol, BAL_SYMBOL_TAG, 6, text), BAL_OK);
	assert_int_equal(STEP(scene, SYMBOL, symbol, BAL_SYMBOL_KIND, 5, text), BAL_OK);
	assert_int_equal(STEP(scene, SYMBOL, symbol, BAL_SYMBOL_POOL, 5, text), BAL_OK);
}

static void test_knobs_keep_their_range(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(bal_knob_value(scene->core, BAL_KNOB_WEIGHT_LOAD), 300);
	assert_int_equal(bal_knob_value(scene->core, BAL_KNOB_COUNT), 0);
	assert_int_equal(
		STEP(scene, KNOB, knob, .knob = BAL_KNOB_WEIGHT_LOAD, .value = 1001), BAL_INVALID);
	assert_int_equal(
		STEP(scene, KNOB, knob, .knob = BAL_KNOB_WEIGHT_LOAD, .value = -1), BAL_INVALID);
	assert_int_equal(STEP(scene, KNOB, knob, .knob = BAL_KNOB_COUNT, .value = 1), BAL_INVALID);
	assert_int_equal(bal_knob_value(scene->core, BAL_KNOB_WEIGHT_LOAD), 300);
	scene_knob(scene, BAL_KNOB_WEIGHT_LOAD, 1000);
	assert_int_equal(bal_knob_value(scene->core, BAL_KNOB_WEIGHT_LOAD), 1000);
}

static void refuse_pool(struct scene *scene, struct bal_event_pool pool)
{
	struct bal_pool_view view;
	struct bal_event event = {.type = BAL_EVENT_POOL, .pool = pool};

	assert_int_equal(scene_step(scene, event), BAL_INVALID);
	assert_false(bal_pool_view(scene->core, pool.pool, &view));
}

static void test_pools_out_of_range(void **state)
{
	struct scene *scene = *state;
	const struct bal_event_pool good = scene_pool_standard(0, BAL_POOL_URLS);
	struct bal_event_pool pool;

#define REFUSE(member, number)                                                                     \
	pool = good;                                                                               \
	pool.member = number;                                                                      \
	refuse_pool(scene, pool)
	REFUSE(pool, 6);
	REFUSE(kind, BAL_POOL_KIND_COUNT);
	REFUSE(strategy, BAL_STRATEGY_COUNT);
	REFUSE(slots, 0);
	REFUSE(agents_min, 9);
	REFUSE(timeout_ns, 0);
	REFUSE(backoff_ns, -1);
	REFUSE(backoff_max_ns, -1);
	REFUSE(attempts_max, 0);
	REFUSE(drain_limit_ns, -1);
	REFUSE(price_microcents_hour, -1);
	REFUSE(limits[3], 3);
	scene_pool(scene, &good);
	assert_true(scene_pool_view(scene, 0).exists);
}

static void test_unknown_pools(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	assert_int_equal(STEP(scene, POOL_REMOVED, pool_removed, .pool = 0), BAL_UNKNOWN);
	assert_int_equal(STEP(scene, POOL_REMOVED, pool_removed, .pool = 99), BAL_UNKNOWN);
	assert_int_equal(STEP(scene, POOL_PAUSED, pool_paused, .pool = 0), BAL_UNKNOWN);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .pool = 0), BAL_UNKNOWN);
	scene_pool(scene, &pool);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .pool = 0), BAL_INFEASIBLE);
	pool = scene_pool_standard(1, BAL_POOL_PROCESS);
	scene_pool(scene, &pool);
	assert_int_equal(STEP(scene, POOL_REMOVED, pool_removed, .pool = 1), BAL_OK);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .pool = 1), BAL_INFEASIBLE);
}

static void test_limits_and_tenants_out_of_range(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(STEP(scene, LIMIT, limit, .limit = 3), BAL_INVALID);
	assert_int_equal(STEP(scene, LIMIT, limit, .limit = 0, .starts_max = 1), BAL_INVALID);
	assert_int_equal(STEP(scene, LIMIT, limit, .limit = 0, .running_max = 1), BAL_OK);
	assert_int_equal(STEP(scene, TENANT, tenant, .tenant = 40, .weight = 1), BAL_INVALID);
	assert_int_equal(STEP(scene, TENANT, tenant, .tenant = 0), BAL_INVALID);
	assert_int_equal(STEP(scene, TENANT, tenant, .weight = 1, .rate_max = 1), BAL_INVALID);
	assert_int_equal(STEP(scene, TENANT, tenant, .weight = 1), BAL_OK);
}

static void test_tasks_out_of_range(void **state)
{
	struct scene *scene = *state;
	const struct bal_event_task bad[] = {{.id = 0}, {.id = UINT64_C(1) << 62},
		{.id = 1, .kind = 6}, {.id = 1, .tenant = 40},
		{.id = 1, .priority = BAL_PRIORITY_COUNT}, {.id = 1, .size_ns = -1}};
	struct bal_task_view view;

	scene_pool_urls(scene, 0, 101, 1);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(scene_submit(scene, bad[i]), BAL_INVALID);
	assert_false(bal_task_view(scene->core, 1, &view));
	scene_task(scene, 1);
	assert_int_equal(scene_submit(scene, (struct bal_event_task){.id = 1}), BAL_CONFLICT);
	assert_int_equal(scene_totals(scene).submitted_count, 1);
}

static enum bal_status agent_up(struct scene *scene, struct bal_event_up up)
{
	return scene_step(scene, (struct bal_event){.type = BAL_EVENT_AGENT_UP, .up = up});
}

static void test_agents_out_of_range(void **state)
{
	struct scene *scene = *state;
	const struct bal_event_up good = {101, 0, BAL_AGENT_READY, 1, 0};
	struct bal_event_up up;

	assert_int_equal(agent_up(scene, good), BAL_INVALID); /* no such pool */
	scene_pool_urls(scene, 0, 100, 1);
#define REFUSE_UP(member, number)                                                                  \
	up = good;                                                                                 \
	up.member = number;                                                                        \
	assert_int_equal(agent_up(scene, up), BAL_INVALID)
	REFUSE_UP(agent, 0);
	REFUSE_UP(agent, UINT64_C(1) << 62);
	REFUSE_UP(state, BAL_AGENT_EJECTED);
	REFUSE_UP(slots, 129);
	assert_int_equal(agent_up(scene, good), BAL_OK);
	assert_int_equal(agent_up(scene, good), BAL_CONFLICT);
	for (uint64_t id = 200; id < 262; id++)
		scene_agent(scene, id, 0, 1);
	up = good;
	up.agent = 300;
	assert_int_equal(agent_up(scene, up), BAL_FULL);
}

static void test_unknown_agents(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(scene_agent_event(scene, BAL_EVENT_AGENT_READY, 1), BAL_UNKNOWN);
	assert_int_equal(scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, 1), BAL_UNKNOWN);
	assert_int_equal(scene_down(scene, 1, true), BAL_UNKNOWN);
	assert_int_equal(scene_drain(scene, 1, true), BAL_UNKNOWN);
	assert_int_equal(STEP(scene, AGENT_SLOTS, slots, .agent = 1), BAL_UNKNOWN);
	assert_int_equal(scene_sample(scene, 1, BAL_SIGNAL_MEMORY_MIB, 1), BAL_UNKNOWN);
	scene_pool_urls(scene, 0, 1, 1);
	assert_int_equal(STEP(scene, AGENT_SLOTS, slots, .agent = 1, .slots = 999), BAL_INVALID);
	assert_int_equal(scene_sample(scene, 1, BAL_SIGNAL_COUNT, 1), BAL_INVALID);
	assert_int_equal(scene_sample(scene, 1, BAL_SIGNAL_MEMORY_MIB, -1), BAL_INVALID);
	assert_int_equal(scene_drain(scene, 1, true), BAL_CONFLICT);
}

/* One step with room for a single effect; returns the core's answer and counts what was taken. */
static enum bal_status narrow_step(
	struct scene *scene, struct bal_event event, uint32_t *taken, bool *more)
{
	struct bal_effect item;
	struct bal_effects effects = {.items = &item, .capacity = 1};
	enum bal_status status;

	event.now_ns = scene->now_ns;
	status = bal_step(scene->core, &event, &effects);
	*taken += effects.count;
	*more = effects.more;
	return status;
}

static void test_a_host_that_takes_little_gets_nothing_new(void **state)
{
	struct scene *scene = *state;
	struct bal_event event = {.type = BAL_EVENT_TASK_SUBMITTED};
	struct bal_event gone = {.type = BAL_EVENT_AGENT_DOWN, .down = {.agent = 101}};
	uint32_t taken = 0;
	bool more;

	scene_pool_urls(scene, 0, 101, 128);
	for (uint64_t agent = 102; agent < 105; agent++)
		scene_agent(scene, agent, 0, 128);
	/* Each causes two effects, one is taken: the outbox fills up, and dispatch waits. */
	for (uint64_t id = 1; id <= 512; id++) {
		event.task = (struct bal_event_task){
			.id = id, .deadline_ns = BAL_NEVER_NS, .needs.tags.words = {1}};
		assert_int_equal(narrow_step(scene, event, &taken, &more), BAL_OK);
		assert_true(more || id == 1);
	}
	assert_in_range(scene_totals(scene).dispatched_count, 150, 300);
	/* The end of an agent that runs much is refused while there is no room for all that
	 * follows from it. */
	STEP(scene, MORE, more, 0);
	assert_int_equal(scene_totals(scene).dispatched_count, 512);
	scene_clear(scene);
	taken = 0;
	assert_int_equal(narrow_step(scene, gone, &taken, &more), BAL_OK);
	gone.down.agent = 102;
	assert_int_equal(narrow_step(scene, gone, &taken, &more), BAL_OK);
	gone.down.agent = 103;
	assert_int_equal(narrow_step(scene, gone, &taken, &more), BAL_UNAVAILABLE);
	STEP(scene, MORE, more, 0);
	assert_int_equal(taken + scene_count(scene, BAL_EFFECT_REQUEUE), 256);
	assert_int_equal(narrow_step(scene, gone, &taken, &more), BAL_OK);
}

static void test_limits_that_are_none(void **state)
{
	struct bal_limits good = SCENE_LIMITS;
	uint32_t numbers[sizeof good / sizeof(uint32_t)];
	size_t count = sizeof numbers / sizeof numbers[0];
	char memory[64];

	(void)state;
	good.trails_max = good.strips_max = 1; /* of these there may be none */
	assert_true(bal_core_size(&good) > 0);
	assert_null(bal_core_init(memory, sizeof memory, &good));
	assert_null(bal_core_init(NULL, SIZE_MAX, &good));
	for (size_t i = 0; i < count; i++) {
		struct bal_limits limits;

		memcpy(numbers, &good, sizeof good);
		numbers[i] = 0;
		memcpy(&limits, numbers, sizeof limits);
		if (limits.trails_max > 0 && limits.strips_max > 0) {
			assert_int_equal(bal_core_size(&limits), 0);
			assert_null(bal_core_init(memory, SIZE_MAX, &limits));
		}
		numbers[i] = UINT32_MAX;
		memcpy(&limits, numbers, sizeof limits);
		assert_int_equal(bal_core_size(&limits), 0);
	}
}

static void test_removing_a_large_pool_has_room(void **state)
{
	struct bal_limits limits = SCENE_LIMITS;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);
	struct scene *scene;

	(void)state;
	limits.agents_max = limits.effects_max / 4 + 1;
	assert_int_equal(bal_core_size(&limits), 0);
	limits.agents_max--;
	scene = scene_open(&limits);
	pool.agents_max = limits.agents_max;
	scene_pool(scene, &pool);
	for (uint64_t id = 1; id <= limits.agents_max; id++)
		scene_agent(scene, id, 0, 1);
	scene_start(scene, 1);
	assert_int_equal(STEP(scene, POOL_REMOVED, pool_removed, .pool = 0), BAL_OK);
	assert_int_equal(scene_count(scene, BAL_EFFECT_END), limits.agents_max);
	scene_close(scene);
}

static void test_pool_changed_while_its_tasks_run(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	assert_int_equal(STEP(scene, LIMIT, limit, .limit = 1, .running_max = 2), BAL_OK);
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 3);
	scene_task(scene, 1);
	scene_task(scene, 2);
	/* What runs counts in the limit that the pool now uses: it is full. */
	pool.limits[0] = 1;
	scene_pool(scene, &pool);
	scene_clear(scene);
	scene_task(scene, 3);
	scene_expect(scene, "accept 3");
	scene_expect_why(scene, 3, BAL_WHY_WAITING, BAL_REASON_WAIT_LIMIT);
	assert_int_equal(scene_why(scene, 3).limit, 1);
	scene_succeed(scene, 1, NS_PER_S);
	scene_expect(scene, "complete 1 succeeded; dispatch 3.1@101");
	pool.limits[0] = BAL_NONE;
	scene_pool(scene, &pool);
	scene_task(scene, 4);
	scene_expect(scene, "accept 4; dispatch 4.1@101");
}

static void test_limits_at_their_ends(void **state)
{
	struct bal_limits limits = SCENE_LIMITS;

	(void)state;
	limits.agents_max = 64;
	limits.effects_max = 256;
	assert_true(bal_core_size(&limits) > 0);
	limits.effects_max = 255;
	limits.agents_max = 60;
	assert_int_equal(bal_core_size(&limits), 0);
	limits = SCENE_LIMITS;
	limits.tenants_max = 1u << 24;
	assert_true(bal_core_size(&limits) > 0);
	limits.tenants_max++;
	assert_int_equal(bal_core_size(&limits), 0);
}

/* Instants are kept so far from the ends of their type that no difference of two overflows. */
static void test_time_ends_after_73_years(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene->now_ns = INT64_MAX / 4 - 1;
	scene_task(scene, 1);
	assert_true(scene_task_view(scene, 1).submitted_at_ns == INT64_MAX / 4 - 1);
	scene->now_ns = INT64_MAX - 1;
	scene_task(scene, 2);
	assert_true(scene_task_view(scene, 2).submitted_at_ns == INT64_MAX / 4);
}

/* Values are about agents, pools, kinds, the host or the store, and only about what is there. */
static void test_subjects(void **state)
{
	static const struct {
		uint64_t id;
		uint32_t subject;
		enum bal_status status;
	} rows[] = {{101, BAL_SUBJECT_AGENT, BAL_OK}, {102, BAL_SUBJECT_AGENT, BAL_UNKNOWN},
		{0, BAL_SUBJECT_POOL, BAL_OK}, {1, BAL_SUBJECT_POOL, BAL_UNKNOWN},
		{UINT64_C(1) << 32, BAL_SUBJECT_POOL, BAL_UNKNOWN}, {5, BAL_SUBJECT_KIND, BAL_OK},
		{6, BAL_SUBJECT_KIND, BAL_UNKNOWN}, {0, BAL_SUBJECT_HOST, BAL_OK},
		{1, BAL_SUBJECT_HOST, BAL_UNKNOWN}, {0, BAL_SUBJECT_STORE, BAL_OK},
		{1, BAL_SUBJECT_STORE, BAL_UNKNOWN}, {0, BAL_SUBJECT_COUNT, BAL_INVALID},
		{0, UINT32_MAX, BAL_INVALID}};
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(
			STEP(scene, SAMPLE, sample, .id = rows[i].id, .subject = rows[i].subject,
				.signal = BAL_SIGNAL_CPU_PERMILLE, .value = 10),
			rows[i].status);
	/* An agent has no signals of others. */
	assert_int_equal(STEP(scene, SAMPLE, sample, .id = 101, .subject = BAL_SUBJECT_AGENT,
				 .signal = BAL_SIGNAL_HOST_CPU, .value = 10),
		BAL_INVALID);
	assert_int_equal(STEP(scene, SAMPLE, sample, .subject = BAL_SUBJECT_HOST,
				 .signal = BAL_SIGNAL_HOST_CPU, .value = 10),
		BAL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		cmocka_unit_test(test_start_comes_once_and_decisions_after_it),
		TEST(test_time_never_goes_back),
		TEST(test_unknown_event_is_refused),
		TEST(test_symbols),
		TEST(test_knobs_keep_their_range),
		TEST(test_pools_out_of_range),
		TEST(test_unknown_pools),
		TEST(test_limits_and_tenants_out_of_range),
		TEST(test_tasks_out_of_range),
		TEST(test_agents_out_of_range),
		TEST(test_unknown_agents),
		TEST(test_subjects),
		TEST(test_a_host_that_takes_little_gets_nothing_new),
		cmocka_unit_test(test_limits_that_are_none),
		cmocka_unit_test(test_removing_a_large_pool_has_room),
		TEST(test_pool_changed_while_its_tasks_run),
		cmocka_unit_test(test_limits_at_their_ends),
		TEST(test_time_ends_after_73_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Minimums that follow the clock: which window counts when, and that a pool has its agents at the
 * second at which the window begins. */
#include "scene.h"

#include "core/minimum.h"
#include "core/scale.h"
#include "core/state.h"

#include <stdlib.h>
#include <string.h>

#define MON_FRI 31u
#define MONDAY  (4 * NS_PER_DAY) /* 1970-01-05 was one */

static struct bal_event_minimum window(uint32_t place, uint32_t pool, uint32_t agents)
{
	return (struct bal_event_minimum){.place = place,
		.pool = pool,
		.days = MON_FRI,
		.begins_ns = 8 * NS_PER_HOUR,
		.duration_ns = 10 * NS_PER_HOUR,
		.agents = agents};
}

static void test_which_window_counts(void **state)
{
	static const struct {
		int64_t at_ns, ahead_ns;
		uint32_t pool, agents;
	} rows[] = {
		{MONDAY + 8 * NS_PER_HOUR - 1, 0, 1, 0},
		{MONDAY + 8 * NS_PER_HOUR, 0, 1, 6},
		{MONDAY + 18 * NS_PER_HOUR - 1, 0, 1, 6},
		{MONDAY + 18 * NS_PER_HOUR, 0, 1, 0},
		/* One boot time ahead, and not a moment earlier. */
		{MONDAY + 8 * NS_PER_HOUR - NS_PER_MIN - 1, NS_PER_MIN, 1, 0},
		{MONDAY + 8 * NS_PER_HOUR - NS_PER_MIN, NS_PER_MIN, 1, 6},
		/* The larger of two; another pool's is none of ours. */
		{MONDAY + 12 * NS_PER_HOUR, 0, 1, 9},
		{MONDAY + 12 * NS_PER_HOUR, 0, 2, 3},
		{MONDAY + 12 * NS_PER_HOUR, 0, 0, 0},
		/* Saturday, and Friday. */
		{MONDAY + 5 * NS_PER_DAY + 9 * NS_PER_HOUR, 0, 1, 0},
		{MONDAY + 4 * NS_PER_DAY + 9 * NS_PER_HOUR, 0, 1, 6},
	};
	struct minimum_table table = {.high = 0};
	struct bal_event_minimum noon = window(3, 1, 9);

	(void)state;
	noon.begins_ns = 12 * NS_PER_HOUR;
	noon.duration_ns = NS_PER_HOUR;
	assert_true(minimum_set(&table, &(struct bal_event_minimum){.place = 7}));
	assert_int_equal(table.high, 0);
	assert_true(minimum_set(&table, &noon));
	noon = window(1, 1, 6);
	assert_true(minimum_set(&table, &noon));
	noon = window(2, 2, 3);
	assert_true(minimum_set(&table, &noon));
	assert_int_equal(table.high, 4);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(minimum_of(&table, rows[i].pool, rows[i].at_ns, rows[i].ahead_ns),
			rows[i].agents);
	assert_true(minimum_set(&table, &(struct bal_event_minimum){.place = 3}));
	assert_int_equal(table.high, 3);
}

static void test_what_is_none(void **state)
{
	struct scene *scene = *state;
	struct bal_event_minimum bad[6];

	for (uint32_t i = 0; i < 6; i++)
		bad[i] = window(0, 0, 2);
	bad[0].place = BAL_MINIMUMS_MAX;
	bad[1].pool = SCENE_LIMITS.pools_max;
	bad[2].duration_ns = NS_PER_DAY + 1;
	bad[3].begins_ns = NS_PER_DAY;
	bad[4].days = 128;
	bad[5].duration_ns = -1;
	for (uint32_t i = 0; i < 6; i++) {
		struct bal_event event = {.type = BAL_EVENT_MINIMUM, .minimum = bad[i]};

		assert_int_equal(scene_step(scene, event), BAL_INVALID);
	}
	assert_int_equal(scene->core->minimums->high, 0);
}

/* A pool of agents 101 .. of a slot, at 07:00 of a Monday, with 6 agents from 08:00 to 18:00. */
static struct bal_event_pool begin(struct scene *scene, uint32_t strategy, uint32_t count)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);
	struct bal_event event = {.type = BAL_EVENT_MINIMUM, .minimum = window(0, 0, 6)};

	STEP(scene, CLOCK, clock, .utc_offset_ns = MONDAY + 7 * NS_PER_HOUR - scene->now_ns);
	pool.strategy = strategy;
	pool.agents_baseline = 1; /* a strategy's own maximum does not bound what is promised */
	pool.agents_max = 10;
	scene_pool(scene, &pool);
	for (uint64_t i = 0; i < count; i++)
		scene_agent(scene, 101 + i, 0, 1);
	assert_int_equal(scene_step(scene, event), BAL_OK);
	scene_run_for(scene, NS_PER_S);
	scene_clear(scene);
	return pool;
}

static void provide(struct scene *scene, uint64_t first, int64_t boot_ns)
{
	struct bal_effect scale = *scene_last(scene, BAL_EFFECT_SCALE);

	for (uint64_t i = 0; i < scale.count; i++)
		STEP(scene, AGENT_UP, up, .agent = first + i, .state = BAL_AGENT_STARTING,
			.slots = 1, .order = scale.order);
	STEP(scene, SCALE_ENDED, scale_ended, .order = scale.order, .count = scale.count);
	scene_run_for(scene, boot_ns);
	for (uint64_t i = 0; i < scale.count; i++)
		scene_agent_event(scene, BAL_EVENT_AGENT_READY, first + i);
	scene_clear(scene);
}

/* Until a boot was measured it is taken to need half a minute. */
static void test_it_is_met_when_it_begins(void **state)
{
	static const uint32_t strategies[] = {BAL_STRATEGY_CONSERVATIVE, BAL_STRATEGY_AGGRESSIVE,
		BAL_STRATEGY_FIXED, BAL_STRATEGY_HPA, BAL_STRATEGY_KPA, BAL_STRATEGY_PREDICTIVE};

	(void)state;
	for (size_t i = 0; i < sizeof strategies / sizeof strategies[0]; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);
		int64_t eight_ns;

		scene_start(scene, 1);
		begin(scene, strategies[i], 2);
		eight_ns = MONDAY + 8 * NS_PER_HOUR - scene->core->utc_offset_ns;
		STEP(scene, POOL_PAUSED, pool_paused, .scale_in = true);
		scene_run_to(scene, eight_ns - 30 * NS_PER_S - 1);
		scene_expect(scene, "");
		scene_run_to(scene, eight_ns - 30 * NS_PER_S);
		scene_expect_why(scene, scene_pool_view(scene, 0).order_last, BAL_WHY_SCALED,
			BAL_REASON_SCALE_SCHEDULED);
		provide(scene, 201, 30 * NS_PER_S);
		assert_int_equal(scene->now_ns, eight_ns);
		assert_int_equal(scene_pool_view(scene, 0).slots_ready, 6);
		scene_close(scene);
	}
}

/* Two idle agents are one too many for this strategy, but not while six are wanted; afterwards they
 * leave one by one. */
static void test_the_window_holds_scaling_in(void **state)
{
	struct scene *scene = *state;
	int64_t begins_ns;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 2);
	begins_ns = MONDAY + 8 * NS_PER_HOUR - scene->core->utc_offset_ns;
	STEP(scene, POOL_PAUSED, pool_paused, .scale_in = true);
	scene_run_to(scene, begins_ns - 30 * NS_PER_S);
	provide(scene, 201, 10 * NS_PER_S);
	STEP(scene, POOL_PAUSED, pool_paused, .scale_in = false);
	scene_run_to(scene, begins_ns + 10 * NS_PER_HOUR - 1);
	scene_expect(scene, "");
	assert_string_equal(bal_reason_name(scene_pool_view(scene, 0).hold), "hold_minimum");
	scene_run_for(scene, 2 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 1);
	scene_run_for(scene, 2 * NS_PER_HOUR);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 5); /* one is the minimum */
}

/* Whoever paused scaling out, or cannot start agents, gets none by the clock either; a minimum is
 * never above the maximum. */
static void test_bounds_come_first(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 2);

	STEP(scene, POOL_PAUSED, pool_paused, .scale_out = true, .scale_in = true);
	scene_run_for(scene, 2 * NS_PER_HOUR);
	scene_expect(scene, "");
	pool.agents_max = 4;
	pool.agents_baseline = 4;
	scene_pool(scene, &pool);
	STEP(scene, POOL_PAUSED, pool_paused, .scale_in = true);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "scale 0 +2 scale_scheduled");
	assert_int_equal(scale_minimum(scene->core, &scene->core->pools[0]), 4);
	pool.agents_min = 3;
	scene_pool(scene, &pool);
	assert_int_equal(STEP(scene, MINIMUM, minimum, .place = 0), BAL_OK);
	assert_int_equal(scale_minimum(scene->core, &scene->core->pools[0]), 3);
}

static void test_it_is_saved(void **state)
{
	struct scene *scene = *state, *copy = scene_open(&SCENE_LIMITS);
	struct bal_event_minimum view;
	uint8_t *bytes;
	size_t size;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 2);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_non_null(bytes);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	assert_int_equal(bal_core_load(copy->core, bytes, size), BAL_OK);
	assert_int_equal(bal_core_digest(copy->core), bal_core_digest(scene->core));
	assert_true(bal_minimum_view(copy->core, 0, &view));
	assert_int_equal(view.agents, 6);
	assert_false(bal_minimum_view(copy->core, 1, &view));
	free(bytes);
	scene_close(copy);
}

static void test_damaged_windows_are_none(void **state)
{
	struct minimum_table table = {.high = 0};

	(void)state;
	assert_true(minimum_restore(&table));
	assert_int_equal(table.high, 0);
	table.items[2] = window(2, 0, 1);
	assert_true(minimum_restore(&table));
	assert_int_equal(table.high, 3);
	table.items[2].place = 1;
	assert_false(minimum_restore(&table));
	table.items[2] = window(2, 0, 1);
	table.items[2].days = 200;
	assert_false(minimum_restore(&table));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_window_counts),
		cmocka_unit_test_setup_teardown(test_what_is_none, scene_begin, scene_end),
		cmocka_unit_test(test_it_is_met_when_it_begins),
		cmocka_unit_test_setup_teardown(
			test_the_window_holds_scaling_in, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(test_bounds_come_first, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(test_it_is_saved, scene_begin, scene_end),
		cmocka_unit_test(test_damaged_windows_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Every trigger of table/triggers.h at its threshold, second by second: when it orders, what, and
 * what holds it. The numbers are those of the requirements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/units.h"
#include "core/strategy_steps.h"
#include "core/trigger.h"

#define SLOTS 10
#define START (1000 * NS_PER_S)

/* A pool of four agents of ten slots, of which so many are taken, by a strategy. */
struct stage {
	struct trigger_memory memory;
	struct trigger_setting setting;
	struct strategy_view view;
	bool aggressive;
};

static void begin(struct stage *stage, bool aggressive)
{
	trigger_begin(&stage->memory);
	stage->aggressive = aggressive;
	stage->view = (struct strategy_view){.now_ns = START,
		.since_s = 1,
		.agents = 4,
		.agents_ready = 4,
		.slots = SLOTS,
		.slots_ready = 40,
		.slots_coming = 40,
		.agents_max = 100,
		.busy = 40};
	stage->setting = (struct trigger_setting){.step = steps_up(aggressive, 4),
		.cap = steps_cap(aggressive, 4, 100),
		.used_permille = 400,
		.sustain_ns = (aggressive ? 2 : 5) * NS_PER_MIN,
		.cooldown_ns = NS_PER_MIN,
		.up_ended_at_ns = INT64_MIN / 2};
}

static void see(struct stage *stage, uint32_t trigger, int64_t value, double need)
{
	stage->memory.sight.flags[trigger] = TRIGGER_KNOWN;
	stage->memory.sight.values[trigger] = value;
	stage->memory.sight.needs[trigger] = need;
}

static struct trigger_wish look(struct stage *stage)
{
	struct trigger_wish wish = trigger_look(&stage->setting, &stage->memory, &stage->view);

	stage->view.now_ns += NS_PER_S;
	return wish;
}

/* Looks once a second until it orders; the seconds that took, -1 when it did not in an hour. */
static int32_t order(struct stage *stage, struct trigger_wish *wish)
{
	for (int32_t second = 0; second <= 3600; second++) {
		*wish = look(stage);
		if (wish->wish.agents > stage->view.agents)
			return second;
	}
	return -1;
}

/* A value that is just beyond the threshold, and one that is just not. */
static const struct {
	uint32_t trigger;
	enum bal_reason reason;
	int64_t beyond, within;
	bool full, used; /* it needs all slots taken; or the pool in use */
	bool at_once;
	bool only_steps; /* strategies that look ahead do without it */
} rows[] = {
	{TRIGGER_COLLABORATION, BAL_REASON_SCALE_COLLABORATION, 501, 500, true, false, false,
		false},
	{TRIGGER_SATISFACTION, BAL_REASON_SCALE_SATISFACTION, 849, 850, false, true, false, false},
	{TRIGGER_ERRORS, BAL_REASON_SCALE_ERRORS, 51, 50, true, false, false, false},
	{TRIGGER_THROUGHPUT, BAL_REASON_SCALE_THROUGHPUT, 999, 1000, true, false, false, true},
	{TRIGGER_SUCCESS, BAL_REASON_SCALE_QUALITY, 26, 25, true, false, false, false},
	{TRIGGER_RATING, BAL_REASON_SCALE_RATING, 76, 75, false, true, false, false},
	{TRIGGER_PEAK, BAL_REASON_SCALE_PEAK, 1, 0, false, false, true, false},
	{TRIGGER_FORECAST, BAL_REASON_SCALE_FORECAST, 500, 499, false, false, false, true},
	{TRIGGER_SEASON, BAL_REASON_SCALE_SEASON, 1300, 1299, false, false, false, true},
	{TRIGGER_EXHAUSTION, BAL_REASON_SCALE_EXHAUSTION, 2 * NS_PER_HOUR, 2 * NS_PER_HOUR + 1,
		false, false, false, true},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* After 5 min, or 2 min for aggressive, and not a second earlier; +1, or +50 %. */
static void test_thresholds_and_times(void **state)
{
	(void)state;
	assert_int_equal(ROW_COUNT, TRIGGER_COUNT);
	for (size_t i = 0; i < 2 * ROW_COUNT; i++) {
		bool aggressive = i % 2 == 1;
		int32_t after_s = rows[i / 2].at_once ? 0 : aggressive ? 120 : 300;
		uint32_t trigger = rows[i / 2].trigger;
		struct trigger_wish wish;
		struct stage stage;

		begin(&stage, aggressive);
		see(&stage, trigger, rows[i / 2].within, 0);
		assert_int_equal(order(&stage, &wish), -1);
		assert_int_equal(wish.wish.reason, BAL_REASON_NONE);
		see(&stage, trigger, rows[i / 2].beyond, trigger == TRIGGER_PEAK ? 9 : 0);
		assert_int_equal(order(&stage, &wish), after_s);
		assert_int_equal(wish.wish.reason, rows[i / 2].reason);
		assert_int_equal(wish.trigger, trigger);
		assert_int_equal(wish.wish.agents, trigger == TRIGGER_PEAK ? 9
						   : aggressive            ? 6
									   : 5);
		assert_int_equal(trigger_of(rows[i / 2].reason), trigger);
	}
	assert_int_equal(trigger_of(BAL_REASON_SCALE_LOAD_HIGH), TRIGGER_COUNT);
}

/* A moment within the threshold begins the time anew; so does silence, and a pause of the process.
 */
static void test_a_dip_starts_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3 * ROW_COUNT; i++) {
		uint32_t trigger = rows[i / 3].trigger;
		struct trigger_wish wish;
		struct stage stage;

		if (rows[i / 3].at_once)
			continue;
		begin(&stage, false);
		see(&stage, trigger, rows[i / 3].beyond, 0);
		for (int second = 0; second < 300; second++) {
			wish = look(&stage);
			assert_int_equal(wish.wish.reason, BAL_REASON_HOLD_SUSTAIN);
		}
		if (i % 3 == 0)
			see(&stage, trigger, rows[i / 3].within, 0);
		else if (i % 3 == 1)
			stage.memory.sight.flags[trigger] = 0;
		else
			trigger_restart(&stage.memory);
		if (i % 3 != 2)
			assert_int_equal(look(&stage).wish.reason, BAL_REASON_NONE);
		see(&stage, trigger, rows[i / 3].beyond, 0);
		assert_int_equal(order(&stage, &wish), 300);
	}
}

/* The cool-down, and the sustain time, begin when the last order ended; an open one holds. */
static void test_cooldown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		double need = rows[i].at_once ? 9 : 0;
		struct trigger_wish wish;
		struct stage stage;

		begin(&stage, false);
		see(&stage, rows[i].trigger, rows[i].beyond, need);
		stage.view.order_open = true;
		assert_int_equal(order(&stage, &wish), -1);
		assert_int_equal(wish.wish.reason, BAL_REASON_HOLD_COOLDOWN);
		stage.view.order_open = false;
		stage.setting.up_ended_at_ns = stage.view.now_ns;
		assert_int_equal(order(&stage, &wish), rows[i].at_once ? 60 : 300);
		assert_int_equal(wish.wish.since_ns,
			stage.view.now_ns - NS_PER_S - (rows[i].at_once ? 60 : 300) * NS_PER_S);
		stage.setting.sustain_ns = NS_PER_S;
		stage.setting.up_ended_at_ns = stage.view.now_ns;
		assert_int_equal(order(&stage, &wish), 60);
	}
}

/* The smaller of the strategy's maximum, 3 or 5 times the baseline, and the pool's; paused; agents
 * that do not start. */
static void test_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ROW_COUNT; i++) {
		bool aggressive = i % 2 == 1;
		struct trigger_wish wish;
		struct stage stage;

		begin(&stage, aggressive);
		see(&stage, rows[i / 2].trigger, rows[i / 2].beyond, rows[i / 2].at_once ? 99 : 0);
		stage.view.agents = aggressive ? 19 : 11;
		stage.setting.step = steps_up(aggressive, stage.view.agents);
		assert_int_not_equal(order(&stage, &wish), -1);
		assert_int_equal(wish.wish.agents, aggressive ? 20 : 12);
		stage.view.agents = wish.wish.agents;
		assert_int_equal(order(&stage, &wish), -1);
		assert_int_equal(wish.wish.reason, BAL_REASON_HOLD_MAXIMUM);
		stage.setting.cap = steps_cap(aggressive, 4, 10);
		stage.view.agents = 9;
		assert_int_not_equal(order(&stage, &wish), -1);
		assert_int_equal(wish.wish.agents, 10);
		stage.view.backoff = true;
		assert_int_equal(look(&stage).wish.reason, BAL_REASON_HOLD_BACKOFF);
		stage.view.paused_out = true;
		assert_int_equal(look(&stage).wish.reason, BAL_REASON_HOLD_PAUSED);
	}
}

/* A bad release does not buy agents, nor do ratings of a pool that has nothing to do. */
static void test_agents_must_be_able_to_help(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		double least = rows[i].full ? 40 : rows[i].used ? 16 : 0;
		struct trigger_wish wish;
		struct stage stage;

		begin(&stage, false);
		see(&stage, rows[i].trigger, rows[i].beyond, rows[i].at_once ? 9 : 0);
		stage.view.busy = num_max(least - 1, 0);
		assert_int_equal(order(&stage, &wish) == -1, least > 0);
		if (least > 0)
			assert_int_equal(wish.wish.reason, BAL_REASON_NONE);
		stage.view.waiting = 1; /* it takes a slot as soon as there is one */
		assert_int_not_equal(order(&stage, &wish), -1);
	}
}

/* What is asked for is not more than what is needed, when that is known; and then held against
 * whoever would take it away. */
static void test_needs(void **state)
{
	struct trigger_wish wish;
	struct stage stage;

	(void)state;
	begin(&stage, true);
	see(&stage, TRIGGER_FORECAST, 700, 5);
	assert_int_equal(look(&stage).floor, 5);
	assert_int_equal(order(&stage, &wish), 119);
	assert_int_equal(wish.wish.agents, 5);
	stage.view.agents = 5;
	assert_int_equal(order(&stage, &wish), -1);
	assert_int_equal(wish.wish.reason, BAL_REASON_NONE);
	assert_int_equal(wish.floor, 5);
	see(&stage, TRIGGER_PEAK, 900, 50);
	wish = look(&stage);
	assert_int_equal(wish.floor, 20); /* as many as there may be */
	assert_int_equal(wish.wish.agents, 20);
	see(&stage, TRIGGER_PEAK, 900, 0);
	see(&stage, TRIGGER_FORECAST, 100, 5);
	assert_int_equal(look(&stage).floor, 0);
}

/* Forecasts are acted on from a confidence of 0.85 on, not while the load is odd, and not for an
 * hour after the clock was set. What is declared or measured goes on. */
static void test_doubts(void **state)
{
	static const struct {
		uint32_t flags;
		bool clock;
		enum bal_reason reason;
	} doubts[] = {{TRIGGER_UNSURE, false, BAL_REASON_HOLD_UNSURE},
		{TRIGGER_ODD, false, BAL_REASON_HOLD_ODD}, {0, true, BAL_REASON_HOLD_CLOCK}};

	(void)state;
	for (size_t i = 0; i < 3 * ROW_COUNT; i++) {
		bool forecast = rows[i / 3].trigger >= TRIGGER_FORECAST;
		struct trigger_wish wish;
		struct stage stage;

		begin(&stage, false);
		see(&stage, rows[i / 3].trigger, rows[i / 3].beyond, rows[i / 3].at_once ? 9 : 0);
		stage.memory.sight.flags[rows[i / 3].trigger] |= doubts[i % 3].flags;
		stage.setting.clock_is_new = doubts[i % 3].clock;
		assert_int_equal(order(&stage, &wish) == -1, forecast);
		if (!forecast)
			continue;
		assert_int_equal(wish.wish.reason, doubts[i % 3].reason);
		assert_int_equal(wish.floor, 0);
		stage.memory.sight.flags[rows[i / 3].trigger] = TRIGGER_KNOWN;
		stage.setting.clock_is_new = false;
		assert_int_equal(order(&stage, &wish), 300);
	}
}

/* A strategy that looks ahead by itself has only what it cannot see. */
static void test_strategies_that_plan(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct trigger_wish wish;
		struct stage stage;

		begin(&stage, false);
		stage.setting.plans = true;
		see(&stage, rows[i].trigger, rows[i].beyond, 9);
		assert_int_equal(order(&stage, &wish) == -1, rows[i].only_steps);
		assert_int_equal(wish.floor, rows[i].only_steps ? 0 : 9);
		if (rows[i].only_steps)
			assert_int_equal(wish.wish.reason, BAL_REASON_NONE);
	}
}

/* Rows stand in the order of their precedence: what is measured, declared, forecast. */
static void test_precedence(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < ROW_COUNT; i++) {
		struct trigger_wish wish;
		struct stage stage;

		begin(&stage, false);
		stage.setting.sustain_ns = 0;
		for (size_t j = i; j < ROW_COUNT; j++)
			see(&stage, rows[j].trigger, rows[j].beyond, 9);
		wish = look(&stage);
		assert_int_equal(wish.trigger, rows[i].trigger);
		assert_int_equal(wish.wish.agents, rows[i].at_once ? 9 : 5);
	}
}

static void test_damaged_memories(void **state)
{
	struct trigger_memory memory;

	(void)state;
	trigger_begin(&memory);
	assert_true(trigger_valid(&memory));
	memory.sight.flags[3] = TRIGGER_ALL + 1;
	assert_false(trigger_valid(&memory));
	trigger_begin(&memory);
	memory.sight.needs[3] = -1;
	assert_false(trigger_valid(&memory));
	memory.sight.needs[3] = __builtin_nan("");
	assert_false(trigger_valid(&memory));
	memory.sight.needs[3] = 1e300;
	assert_false(trigger_valid(&memory));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thresholds_and_times),
		cmocka_unit_test(test_a_dip_starts_again),
		cmocka_unit_test(test_cooldown),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_agents_must_be_able_to_help),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_doubts),
		cmocka_unit_test(test_strategies_that_plan),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_damaged_memories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

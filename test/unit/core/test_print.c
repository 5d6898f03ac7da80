/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka.h needs these four before it, hence the blank line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ballast.h"

#include <stdio.h>
#include <string.h>

#define MS INT64_C(1000000)
#define S  (1000 * MS)

static void assert_event(const struct bal_event *event, const char *expected)
{
	char line[BAL_LINE_SIZE];
	size_t size = bal_event_print(event, line, sizeof(line));

	assert_string_equal(line, expected);
	assert_int_equal(size, strlen(expected));
}

static void assert_effect(const struct bal_effect *effect, const char *expected)
{
	char line[BAL_LINE_SIZE];
	size_t size = bal_effect_print(effect, line, sizeof(line));

	assert_string_equal(line, expected);
	assert_int_equal(size, strlen(expected));
}

#define EVENT(name, member, ...)                                                                   \
	&(const struct bal_event)                                                                  \
	{                                                                                          \
		.now_ns = 1250 * MS, .type = BAL_EVENT_##name, .member = { __VA_ARGS__ }           \
	}
#define EFFECT(name, ...)                                                                          \
	&(const struct bal_effect)                                                                 \
	{                                                                                          \
		.type = BAL_EFFECT_##name, __VA_ARGS__                                             \
	}

static void test_tasks(void **state)
{
	struct bal_event event = {.now_ns = 1250 * MS, .type = BAL_EVENT_TASK_SUBMITTED};

	(void)state;
	event.task = (struct bal_event_task){.id = 17, .kind = 2, .priority = BAL_PRIORITY_NORMAL};
	assert_event(&event, "[  1.250 s] task 17 submitted: kind 2, normal, tenant 0");
	event.task.tenant = BAL_NONE;
	event.task.flags = BAL_TASK_DURABLE | BAL_TASK_PARENT_WAITS | 8;
	event.task.parent = 16;
	event.task.deadline_ns = 31 * S + MS;
	event.task.size_ns = 90 * S;
	event.task.needs = (struct bal_needs){.tags.words = {34, 1},
		.cpu_millis = 500,
		.memory_mib = 512,
		.exclusive = true,
		.not_agents = {4, 0, 9}};
	assert_event(&event,
		"[  1.250 s] task 17 submitted: kind 2, normal, tenant none, "
		"durable parent-waits bits 8, parent 16, deadline 31.001 s, size 90 s, "
		"needs tags 1 5 64, 500 millicores, 512 MiB, alone, not on agents 4 9");
	event.type = BAL_EVENT_TASK_RESTORED;
	event.restored =
		(struct bal_event_restored){.task = {.id = 17, .deadline_ns = BAL_NEVER_NS},
			.submitted_at_ns = -5 * S,
			.attempt = 2,
			.failures = 1,
			.agent = 4,
			.until_ns = 60 * S};
	assert_event(&event,
		"[  1.250 s] task 17 restored: kind 0, critical, tenant 0, submitted at -5 s, "
		"attempt 2, 1 failures, on agent 4, until 60 s");
	assert_event(EVENT(TASK_STORED, stored, .task = 17), "[  1.250 s] storing task 17: ok");
	assert_event(EVENT(RESULT_STORED, stored, .task = 17, .status = BAL_NO_SPACE),
		"[  1.250 s] storing the result of task 17: the disk is full or read-only");
	assert_event(EVENT(TASK_CANCELLED, cancelled, .task = 17), "[  1.250 s] task 17 cancelled");
}

static void test_attempts(void **state)
{
	(void)state;
	assert_event(EVENT(ATTEMPT_STARTED, attempt, .task = 17, .attempt = 1),
		"[  1.250 s] task 17 attempt 1 started");
	assert_event(
		EVENT(ATTEMPT_EXTENDED, extended, .task = 17, .attempt = 1, .until_ns = 600 * S),
		"[  1.250 s] task 17 attempt 1 extended until 600 s");
	assert_event(EVENT(ATTEMPT_ENDED, ended, .task = 17, .epoch = 3, .attempt = 1,
			     .outcome = BAL_OUTCOME_HANDED_BACK, .service_ns = 250 * MS,
			     .retry_after_ns = 1500, .waits_for = 18, .bytes_sent = 12,
			     .cost_microcents = -3),
		"[  1.250 s] task 17 attempt 1 ended: handed_back, epoch 3, service 250 ms, "
		"retry after 1.5 us, waits for task 18, 12 bytes sent, -3 microcents");
}

static void test_agents(void **state)
{
	(void)state;
	assert_event(EVENT(AGENT_UP, up, .agent = 4, .pool = 1, .state = BAL_AGENT_STARTING,
			     .slots = 2, .order = 5),
		"[  1.250 s] agent 4 up: pool 1, starting, 2 slots, order 5");
	assert_event(EVENT(AGENT_READY, agent, .agent = 4), "[  1.250 s] agent 4 ready");
	assert_event(EVENT(AGENT_UNHEALTHY, agent, .agent = 4), "[  1.250 s] agent 4 unhealthy");
	assert_event(EVENT(AGENT_DOWN, down, .agent = 4), "[  1.250 s] agent 4 down");
	assert_event(EVENT(AGENT_DOWN, down, .agent = 4, .expected = true),
		"[  1.250 s] agent 4 down: expected");
	assert_event(EVENT(AGENT_SLOTS, slots, .agent = 4), "[  1.250 s] agent 4 now has 0 slots");
	assert_event(EVENT(AGENT_DRAINED, drain, .agent = 4, .back = true),
		"[  1.250 s] agent 4 asked to drain: no, back into service");
	assert_event(
		EVENT(SAMPLE, sample, .id = 4, .signal = BAL_SIGNAL_CPU_PERMILLE, .value = 250),
		"[  1.250 s] agent 4 sampled: cpu 250");
	assert_event(
		EVENT(JOB_DONE, job_done, .job = 4, .generation = 2, .result = {"123456789", 9}),
		"[  1.250 s] job 4 generation 2 done: ok, 9 bytes 3808858755");
	assert_event(EVENT(SCALE_ENDED, scale_ended, .order = 5, .count = 2),
		"[  1.250 s] order 5 ended: ok, 2 agents");
}

static void test_configuration(void **state)
{
	struct bal_event event = {.type = BAL_EVENT_POOL};

	(void)state;
	event.pool = (struct bal_event_pool){.kind = BAL_POOL_URLS,
		.offers.words = {2},
		.slots = 1,
		.agents_max = 8,
		.timeout_ns = 2700 * S,
		.retry_outcomes = 1u << BAL_OUTCOME_LOST | 1u << BAL_OUTCOME_RETRYABLE,
		.limits = {0, BAL_NONE, BAL_NONE, BAL_NONE},
		.up = {800, 300 * S, 60 * S}};
	assert_event(&event,
		"[  0.000 s] pool 0 defined: urls, offers tags 1, 1 slots, max 8, time-out 45 min, "
		"retries retryable lost, limits 0, conservative, up at 800 permille, "
		"up after 5 min, up cool-down 1 min");
	assert_event(EVENT(POOL_PAUSED, pool_paused, .pool = 2, .scale_out = true),
		"[  1.250 s] pool 2 paused: dispatch no, scaling out yes, scaling in no");
	assert_event(EVENT(POOL_SCALED, pool_scaled, .pool = 2, .agents = 3),
		"[  1.250 s] pool 2 asked for 3 agents");
	assert_event(EVENT(POOL_REMOVED, pool_removed, .pool = 2), "[  1.250 s] pool 2 removed");
	assert_event(EVENT(LIMIT, limit, .limit = 1, .running_max = 4, .starts_max = 30,
			     .starts_period_ns = 60 * S),
		"[  1.250 s] limit 1 defined: 4 running, 30 starts, per 1 min");
	assert_event(EVENT(TENANT, tenant, .tenant = 1, .weight = 2),
		"[  1.250 s] tenant 1 defined: weight 2");
	assert_event(EVENT(KNOB, knob, .knob = BAL_KNOB_QUEUE_MAX, .value = -7),
		"[  1.250 s] knob QUEUE_MAX is -7");
	assert_event(EVENT(SYMBOL, symbol, .space = BAL_SYMBOL_KIND, .number = 2,
			     .text = {"co\"d\x1b[2Jer", 10}),
		"[  1.250 s] kind 2 is \"co\\x22d\\x1b[2Jer\"");
}

static void test_time(void **state)
{
	struct bal_event event = {.type = BAL_EVENT_GAP, .gap.duration_ns = 2 * 3600 * S};

	(void)state;
	assert_event(&event, "[  0.000 s] stopped for 2 h");
	event.now_ns = 123456 * S + 1;
	event.gap.duration_ns = 61 * S + 500 * MS;
	assert_event(&event, "[123456.000000001 s] stopped for 61.5 s");
	event.gap.duration_ns = BAL_NEVER_NS;
	assert_event(&event, "[123456.000000001 s] stopped for never");
	event.gap.duration_ns = INT64_MIN;
	assert_event(&event, "[123456.000000001 s] stopped for -9223372036.854775808 s");
	event.gap.duration_ns = 0;
	assert_event(&event, "[123456.000000001 s] stopped for 0 s");
	assert_event(
		EVENT(START, start, .epoch = 1, .seed = 7), "[  1.250 s] start: epoch 1, seed 7");
	assert_event(EVENT(CLOCK, clock, .utc_offset_ns = 1),
		"[  1.250 s] wall clock ahead by 0.001 us");
	assert_event(EVENT(MORE, more, .unused = 1), "[  1.250 s] more effects");
	assert_event(EVENT(TIMEOUT, more, .unused = 0), "[  1.250 s] time-out");
	assert_event(EVENT(STOP, more, .unused = 0), "[  1.250 s] stop");
}

/* Whole hours and minutes are said as such, the rest in the unit it is at least one of. */
static void test_durations(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{1, "0.001 us"},
		{999, "0.999 us"},
		{1000, "1 us"},
		{MS - 1, "999.999 us"},
		{MS, "1 ms"},
		{250 * MS + 500000, "250.5 ms"},
		{MS + 1, "1.000001 ms"},
		{S - 1, "999.999999 ms"},
		{S, "1 s"},
		{90 * S, "90 s"},
		{S + 1, "1.000000001 s"},
		{60 * S, "1 min"},
		{59 * 60 * S, "59 min"},
		{3600 * S, "1 h"},
		{5400 * S, "90 min"},
		{48 * 3600 * S, "48 h"},
		{-90 * MS, "-90 ms"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[80];

		snprintf(text, sizeof(text), "[  1.250 s] stopped for %s", rows[i].text);
		assert_event(EVENT(GAP, gap, .duration_ns = rows[i].ns), text);
	}
}

static void test_stamps(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{99 * S, "[ 99.000 s] stop"},
		{100 * S + 120 * MS, "[100.120 s] stop"},
		{1000 * S + 123456, "[1000.000123456 s] stop"},
		{100 * MS, "[  0.100 s] stop"},
		{-1500 * MS, "[-  1.500 s] stop"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bal_event event = {.type = BAL_EVENT_STOP, .now_ns = rows[i].ns};

		assert_event(&event, rows[i].text);
	}
}

/* Long sets and names are cut, and the line says so. */
static void test_what_is_cut(void **state)
{
	char name[80];
	char text[200];
	struct bal_event task = {.type = BAL_EVENT_TASK_SUBMITTED,
		.task = {.id = 1, .deadline_ns = BAL_NEVER_NS, .needs.tags.words = {0xff}}};

	(void)state;
	assert_event(&task, "[  0.000 s] task 1 submitted: kind 0, critical, tenant 0, "
			    "needs tags 0 1 2 3 4 5 6 7");
	task.task.needs.tags.words[0] = 0x1ff;
	assert_event(&task, "[  0.000 s] task 1 submitted: kind 0, critical, tenant 0, "
			    "needs tags 0 1 2 3 4 5 6 7 and 1 more");
	task.task.needs.tags.words[3] = UINT64_C(1) << 63;
	assert_event(&task, "[  0.000 s] task 1 submitted: kind 0, critical, tenant 0, "
			    "needs tags 0 1 2 3 4 5 6 7 and 2 more");
	task.task.needs.tags.words[0] = 0;
	assert_event(&task, "[  0.000 s] task 1 submitted: kind 0, critical, tenant 0, "
			    "needs tags 255");
	memset(name, 'n', sizeof(name));
	snprintf(text, sizeof(text), "[  1.250 s] pool 1 is \"%.64s\"", name);
	assert_event(
		EVENT(SYMBOL, symbol, .space = BAL_SYMBOL_POOL, .number = 1, .text = {name, 64}),
		text);
	snprintf(text, sizeof(text), "[  1.250 s] pool 1 is \"%.64s...\"", name);
	assert_event(
		EVENT(SYMBOL, symbol, .space = BAL_SYMBOL_POOL, .number = 1, .text = {name, 65}),
		text);
}

/* Bits that nobody knows are shown as a number, right behind those that are known. */
static void test_unknown_bits(void **state)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_SUBMITTED,
		.task = {.id = 1, .deadline_ns = BAL_NEVER_NS, .flags = 4}};

	(void)state;
	assert_event(&event, "[  0.000 s] task 1 submitted: kind 0, critical, tenant 0, bits 4");
	event.task.flags = 5;
	assert_event(
		&event, "[  0.000 s] task 1 submitted: kind 0, critical, tenant 0, durable bits 4");
	event.task.flags = 3;
	assert_event(&event, "[  0.000 s] task 1 submitted: kind 0, critical, tenant 0, "
			     "durable parent-waits");
}

static void test_names(void **state)
{
	static const char *const spaces[] = {
		"kind", "tenant", "tag", "pool", "limit", "agent", "peak"};

	(void)state;
	for (uint32_t i = 0; i < BAL_SYMBOL_SPACE_COUNT; i++) {
		char text[80];

		snprintf(text, sizeof(text), "[  1.250 s] %s 7 is \"a ~\\x7f\\x5c\\x80\"",
			spaces[i]);
		assert_event(EVENT(SYMBOL, symbol, .space = i, .number = 7,
				     .text = {"a ~\x7f\\\x80", 6}),
			text);
	}
	assert_event(EVENT(SYMBOL, symbol, .space = BAL_SYMBOL_SPACE_COUNT, .number = 7,
			     .text = {"", 0}),
		"[  1.250 s] ? 7 is \"\"");
	assert_event(
		EVENT(KNOB, knob, .knob = BAL_KNOB_COUNT, .value = 1), "[  1.250 s] knob ? is 1");
	assert_event(EVENT(KNOB, knob, .knob = BAL_KNOB_WEIGHT_LOAD, .value = 0),
		"[  1.250 s] knob WEIGHT_LOAD is 0");
	assert_event(EVENT(KNOB, knob, .knob = BAL_KNOB_COUNT - 1, .value = 1),
		"[  1.250 s] knob ORDER_WATCH is 1");
}

static void test_effects(void **state)
{
	(void)state;
	assert_effect(
		EFFECT(DISPATCH, .task = 17, .attempt = 1, .agent = 4, .reason = BAL_REASON_ROUTED),
		"dispatch task 17 attempt 1 to agent 4 (routed)");
	assert_effect(EFFECT(DISPATCH, .task = 17, .attempt = 1, .agent = 4, .until_ns = 61 * S,
			      .reason = BAL_REASON_ROUTED),
		"dispatch task 17 attempt 1 to agent 4, until 61 s (routed)");
	assert_effect(EFFECT(STORE, .task = 17), "store task 17");
	assert_effect(EFFECT(ACCEPT, .task = 17), "accept task 17");
	assert_effect(EFFECT(REFUSE, .task = 17, .value_ns = 3 * S,
			      .reason = BAL_REASON_REFUSED_QUEUE_FULL),
		"refuse task 17, wait 3 s (refused_queue_full)");
	assert_effect(EFFECT(RESCIND, .task = 17, .attempt = 1, .agent = 4),
		"rescind task 17 attempt 1 from agent 4");
	assert_effect(EFFECT(HAND_BACK, .task = 17, .attempt = 1, .agent = 4),
		"ask back task 17 attempt 1 from agent 4");
	assert_effect(EFFECT(REQUEUE, .task = 17, .attempt = 1, .value_ns = 90 * S),
		"requeue task 17, not before 90 s, attempt 1");
	assert_effect(EFFECT(STORE_RESULT, .task = 17, .state = BAL_TASK_SUCCEEDED),
		"store result of task 17: succeeded");
	assert_effect(EFFECT(COMPLETE, .task = 17, .state = BAL_TASK_DEAD,
			      .reason = BAL_REASON_ATTEMPTS_USED),
		"complete task 17: dead (attempts_used)");
	assert_effect(EFFECT(SCALE, .pool = 1, .count = 2, .order = 5,
			      .reason = BAL_REASON_SCALE_LOAD_HIGH),
		"scale pool 1 up by 2 under order 5 (scale_load_high)");
	assert_effect(EFFECT(DRAIN, .agent = 4, .pool = 1), "drain agent 4 of pool 1");
	assert_effect(EFFECT(UNDRAIN, .agent = 4, .pool = 1), "undrain agent 4 of pool 1");
	assert_effect(EFFECT(END, .agent = 4, .pool = 1), "end agent 4 of pool 1");
	assert_effect(EFFECT(PROBE, .agent = 4, .pool = 1), "probe agent 4 of pool 1");
	assert_effect(EFFECT(JOB, .order = 4, .attempt = 2), "run job 4 generation 2");
	assert_effect(EFFECT(FORECAST, .order = 6, .count = 1, .attempt = 1),
		"new forecast of kind 1, series 1, by job 6");
}

/* The widest values of every kind of record still fit a line; words out of range do no harm. */
static void test_longest_lines(void **state)
{
	static const char name[BAL_TEXT_MAX] = {0};
	static const int patterns[] = {0x80, 0xf7};
	char line[2 * BAL_LINE_SIZE];

	(void)state;
	for (uint32_t i = 0; i < BAL_EVENT_COUNT * 2; i++) {
		struct bal_event event;

		memset(&event, patterns[i % 2], sizeof(event));
		event.type = (enum bal_event_type)(i / 2);
		if (event.type == BAL_EVENT_SYMBOL)
			event.symbol.text = (struct bal_text){name, sizeof(name)};
		if (event.type == BAL_EVENT_JOB_DONE)
			event.job_done.result = (struct bal_text){name, sizeof(name)};
		assert_in_range(bal_event_print(&event, line, sizeof(line)), 1, BAL_LINE_SIZE - 1);
	}
	for (uint32_t i = 0; i < BAL_EFFECT_COUNT; i++) {
		struct bal_effect effect;

		memset(&effect, 0x80, sizeof(effect));
		effect.type = (enum bal_effect_type)i;
		assert_in_range(
			bal_effect_print(&effect, line, sizeof(line)), 1, BAL_LINE_SIZE - 1);
	}
}

static void test_small_room(void **state)
{
	char line[8] = "xxxxxxx";

	(void)state;
	assert_int_equal(bal_effect_print(EFFECT(STORE, .task = 17), line, 7), 6);
	assert_string_equal(line, "store ");
	assert_int_equal(bal_effect_print(EFFECT(STORE, .task = 17), line, 1), 0);
	assert_string_equal(line, "");
	assert_int_equal(bal_effect_print(EFFECT(STORE, .task = 17), NULL, 0), 0);
}

static void test_unknown_types(void **state)
{
	struct bal_event event = {.type = BAL_EVENT_COUNT};
	struct bal_effect effect = {.type = BAL_EFFECT_COUNT};

	(void)state;
	assert_event(&event, "[  0.000 s] ?");
	assert_effect(&effect, "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_agents),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_what_is_cut),
		cmocka_unit_test(test_unknown_bits),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_effects),
		cmocka_unit_test(test_longest_lines),
		cmocka_unit_test(test_small_room),
		cmocka_unit_test(test_unknown_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

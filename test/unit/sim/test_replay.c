/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/host.h"
#include "sim/replay.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 20000
#define TASKS       300

struct record {
	uint8_t bytes[BAL_RECORD_SIZE];
	size_t size;
	uint64_t digest;
};

static struct record records[RECORDS_MAX];
static size_t record_count;

static void note(void *context, const struct bal_event *event, enum bal_status status,
	const struct bal_effects *effects)
{
	struct record *record = &records[record_count++];

	(void)context;
	(void)status;
	assert_true(record_count <= RECORDS_MAX);
	record->size = bal_event_encode(event, record->bytes, sizeof(record->bytes));
	record->digest = bal_effects_digest(0, effects);
}

/* The core of a recording has the limits that the simulator gives its own. */
static struct bal_core *new_core(void)
{
	struct bal_limits limits;
	size_t size;
	void *memory;

	sim_limits(4096, &limits);
	size = (bal_core_size(&limits) + 63) / 64 * 64;
	memory = aligned_alloc(64, size);
	assert_non_null(memory);
	memset(memory, 0, size);
	return bal_core_init(memory, size, &limits);
}

static void make_recording(void)
{
	static struct sim_options options;
	static struct sim_report report;

	record_count = 0;
	sim_options_draw(&options, 3, TASKS);
	options.live_max = 4096;
	options.observe = note;
	assert_true(sim_run(&options, &report));
	assert_string_equal(report.failure, "");
	assert_int_equal(report.events, record_count);
}

static void test_same(void **state)
{
	static struct replay replay;
	struct bal_core *core = new_core();

	(void)state;
	make_recording();
	replay_init(&replay, core);
	for (size_t i = 0; i < record_count; i++)
		assert_int_equal(
			replay_feed(&replay, records[i].bytes, records[i].size, records[i].digest),
			REPLAY_SAME);
	assert_int_equal(replay.record_count, record_count);
	free((void *)core);
}

/* A recording in which one event is left out differs from some record on. */
static void test_differs(void **state)
{
	static struct replay replay;
	struct bal_core *core = new_core();
	enum replay_status status = REPLAY_SAME;
	size_t left_out = 0;

	(void)state;
	make_recording();
	replay_init(&replay, core);
	while (records[left_out].digest == bal_effects_digest(0, &(struct bal_effects){0}))
		left_out++;
	for (size_t i = 0; i < record_count && status == REPLAY_SAME; i++)
		if (i != left_out)
			status = replay_feed(
				&replay, records[i].bytes, records[i].size, records[i].digest);
	assert_int_equal(status, REPLAY_DIFFERS);
	assert_true(replay.digest_found != replay.digest_wanted);
	assert_true(replay.record_count >= left_out);
	free((void *)core);
}

static void test_damaged(void **state)
{
	static struct replay replay;
	struct bal_core *core = new_core();

	(void)state;
	make_recording();
	replay_init(&replay, core);
	assert_int_equal(
		replay_feed(&replay, records[0].bytes, records[0].size - 1, 0), REPLAY_DAMAGED);
	assert_int_equal(replay_feed(&replay, "", 0, 0), REPLAY_DAMAGED);
	free((void *)core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_differs),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A run of the simulator is the recording. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "sim/host.h"
#include "sim/whatif.h"

#define RECORDS_MAX 40000
#define TASKS       3000
#define LIVE_MAX    4096

static struct bal_event records[RECORDS_MAX];
static size_t record_count;
static struct sim_options options;
static struct sim_report report;

static void note(void *context, const struct bal_event *event, enum bal_status status,
	const struct bal_effects *effects)
{
	(void)context;
	(void)status;
	(void)effects;
	assert_true(record_count < RECORDS_MAX);
	records[record_count++] = *event;
}

static struct bal_core *new_core(void **block)
{
	struct bal_limits limits;
	size_t size;

	sim_limits(LIVE_MAX, &limits);
	size = (bal_core_size(&limits) + 63) / 64 * 64;
	*block = aligned_alloc(64, size);
	assert_non_null(*block);
	memset(*block, 0, size);
	return bal_core_init(*block, size, &limits);
}

static void record(struct ledger *ledger)
{
	struct bal_effect items[256];
	struct bal_effects effects = {.items = items, .capacity = 256};
	void *block;
	struct bal_core *core = new_core(&block);

	record_count = 0;
	options.live_max = LIVE_MAX;
	options.observe = note;
	assert_true(sim_run(&options, &report));
	ledger_init(ledger, true);
	for (size_t i = 0; i < record_count; i++) {
		enum bal_status status = bal_step(core, &records[i], &effects);

		ledger_note(ledger, core, &records[i], status, &effects);
	}
	assert_false(ledger->has_failed);
	free(block);
}

static void run(const struct ledger *recorded, const struct whatif_knob *knobs, uint32_t count,
	struct ledger *ledger)
{
	char message[WHATIF_ERROR_SIZE] = "";
	void *block;
	struct bal_core *core = new_core(&block);

	if (!whatif_run(core, recorded, knobs, count, ledger, message, sizeof message))
		fail_msg("%s", message);
	free(block);
}

/* The ledger of the recording says what the simulator says. */
static void test_ledger(void **state)
{
	static struct ledger_report sums;
	struct ledger recorded;

	(void)state;
	sim_options_fleet(&options, 5, TASKS, 8, 0.8);
	options.load.durable_ppm = 500000;
	options.pools[0].conf.price_microcents_hour = 360000000;
	record(&recorded);
	ledger_sum(&recorded, &sums);
	assert_int_equal(sums.submitted, report.submitted);
	assert_int_equal(sums.dispatched, report.dispatched);
	assert_int_equal(sums.ended[BAL_TASK_SUCCEEDED], report.ended[BAL_TASK_SUCCEEDED]);
	assert_true(histogram_mean(&sums.waits_ns) == histogram_mean(&report.waits_ns));
	assert_true(histogram_mean(&sums.responses_ns) == histogram_mean(&report.responses_ns));
	assert_true(num_abs((double)(sums.cost_microcents - report.cost_microcents)) <
		    0.001 * (double)report.cost_microcents);
	ledger_release(&recorded);
}

/* With nothing changed the model is near the recording; a changed knob changes decisions. */
static void test_model(void **state)
{
	static struct ledger_report as_recorded, as_modelled, without;
	const struct whatif_knob knob = {BAL_KNOB_WEIGHT_PERFORMANCE, 0};
	struct ledger recorded, modelled, again, changed;
	uint64_t common, different;

	(void)state;
	sim_options_fleet(&options, 5, TASKS, 8, 0.8);
	record(&recorded);
	run(&recorded, NULL, 0, &modelled);
	run(&recorded, NULL, 0, &again);
	run(&recorded, &knob, 1, &changed);
	ledger_sum(&recorded, &as_recorded);
	ledger_sum(&modelled, &as_modelled);
	ledger_sum(&changed, &without);
	assert_int_equal(as_modelled.ended[BAL_TASK_SUCCEEDED], TASKS);
	assert_int_equal(without.ended[BAL_TASK_SUCCEEDED], TASKS);
	assert_true(num_abs(histogram_mean(&as_modelled.responses_ns) -
			    histogram_mean(&as_recorded.responses_ns)) <
		    0.1 * histogram_mean(&as_recorded.responses_ns));
	ledger_compare(&modelled, &again, &common, &different);
	assert_int_equal(common, TASKS);
	assert_int_equal(different, 0);
	ledger_compare(&modelled, &changed, &common, &different);
	assert_true(different > TASKS / 4);
	/* Speeds differ fourfold: not to look at them costs a good deal. */
	assert_true(histogram_mean(&without.responses_ns) >
		    1.05 * histogram_mean(&as_modelled.responses_ns));
	ledger_release(&recorded);
	ledger_release(&modelled);
	ledger_release(&again);
	ledger_release(&changed);
}

/* A recording that breaks off while agents are busy: they are not busy for ever in the model. */
static void test_busy_at_the_end(void **state)
{
	static struct ledger_report sums;
	struct ledger recorded, modelled;

	(void)state;
	sim_options_fleet(&options, 7, 100, 4, 0.5);
	record(&recorded);
	for (uint32_t i = 0; i < recorded.attempt_count; i += 10)
		recorded.attempts[i].outcome =
			i % 20 == 0 ? BAL_OUTCOME_BUSY : BAL_OUTCOME_HANDED_BACK;
	run(&recorded, NULL, 0, &modelled);
	ledger_sum(&modelled, &sums);
	assert_int_equal(sums.ended[BAL_TASK_SUCCEEDED], recorded.task_count);
	ledger_release(&recorded);
	ledger_release(&modelled);
}

/* Worlds with faults, scaling and drains come to an end as well. */
static void test_hostile(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		static struct ledger_report sums;
		struct ledger recorded, modelled;

		sim_options_draw(&options, seed, TASKS / 4);
		record(&recorded);
		run(&recorded, NULL, 0, &modelled);
		ledger_sum(&modelled, &sums);
		assert_int_equal(sums.submitted, recorded.task_count);
		assert_true(sums.ended[BAL_TASK_SUCCEEDED] > 0);
		ledger_release(&recorded);
		ledger_release(&modelled);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_busy_at_the_end),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

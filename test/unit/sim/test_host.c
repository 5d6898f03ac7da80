/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/units.h"
#include "sim/host.h"

static struct sim_options options;
static struct sim_report report, other;

/* One agent with one slot of speed 1 and a trace that can be worked out by hand. */
static void test_trace(void **state)
{
	static const struct sim_arrival trace[] = {{.at_ns = 0, .work_ns = 10 * NS_PER_S},
		{.at_ns = NS_PER_S, .work_ns = 5 * NS_PER_S},
		{.at_ns = 2 * NS_PER_S, .work_ns = NS_PER_S}};

	(void)state;
	sim_options_fleet(&options, 1, 3, 1, 0.5);
	options.trace = trace;
	options.network_ns = 0;
	options.pools[0].speed_low = 1.0;
	options.pools[0].speed_high = 1.0;
	options.pools[0].conf.slots = 1;
	assert_true(sim_run(&options, &report));
	assert_int_equal(report.submitted, 3);
	assert_int_equal(report.ended[BAL_TASK_SUCCEEDED], 3);
	assert_int_equal(report.lost, 0);
	assert_int_equal(report.end_at_ns, 16 * NS_PER_S);
	assert_int_equal(report.busy_ns, 16 * NS_PER_S);
	assert_int_equal(report.capacity_ns, 16 * NS_PER_S);
	assert_int_equal(report.waits_ns.value_min, 0);
	assert_int_equal(report.waits_ns.value_max, 13 * NS_PER_S);
}

static void test_same_seed_same_run(void **state)
{
	(void)state;
	sim_options_draw(&options, 7, 500);
	assert_true(sim_run(&options, &report));
	assert_true(sim_run(&options, &other));
	assert_int_equal(report.digest, other.digest);
	assert_int_equal(report.end_at_ns, other.end_at_ns);
	sim_options_draw(&options, 8, 500);
	assert_true(sim_run(&options, &other));
	assert_int_not_equal(report.digest, other.digest);
}

/* More steps in one virtual second than allowed are reported as such. */
static void test_livelock(void **state)
{
	(void)state;
	sim_options_fleet(&options, 1, 1000, 4, 0.9);
	options.steps_second_max = 5;
	assert_false(sim_run(&options, &report));
	assert_non_null(strstr(report.failure, "seed 1: "));
	assert_non_null(strstr(report.failure, "livelock"));
}

static void test_bad_options(void **state)
{
	(void)state;
	sim_options_fleet(&options, 1, 0, 4, 0.9);
	assert_false(sim_run(&options, &report));
	assert_non_null(strstr(report.failure, "out of range"));
	sim_options_fleet(&options, 1, 10, 4, 0.9);
	options.pools[0].conf.slots = 0;
	assert_false(sim_run(&options, &report));
	assert_non_null(strstr(report.failure, "refuses"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_same_seed_same_run),
		cmocka_unit_test(test_livelock),
		cmocka_unit_test(test_bad_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/units.h"
#include "sim/scaling_grid.h"
#include "sim/scaling_world.h"

#define SLOTS 8
#define BUSY  70.4 /* 11 agents of 8 slots at 80 % */

static struct scaling_sizes sizes;

static bool near(double found, double wanted, double share)
{
	return num_abs(found - wanted) <= share * wanted;
}

static void make_load(struct scaling_load *load, const double *values, uint32_t count,
	int64_t step_ns, bool keeps_rate)
{
	const struct scaling_load_options options = {
		.seed = 1, .slots_busy = BUSY, .keeps_rate = keeps_rate, .sizes = &sizes};
	char message[256];

	assert_true(scaling_load_series(
		load, values, count, step_ns, &options, message, sizeof message));
}

/* A day whose load goes up and down between a fifth and nine fifths of its mean. */
static void make_day(struct scaling_load *load)
{
	double values[24];

	for (int32_t i = 0; i < 24; i++)
		values[i] = 1000.0 + 800.0 * (1.0 - num_abs((double)(i - 12)) / 6.0);
	make_load(load, values, 24, NS_PER_HOUR, false);
}

static int setup(void **state)
{
	(void)state;
	return scaling_sizes_standard(&sizes) ? 0 : 1;
}

static int teardown(void **state)
{
	(void)state;
	scaling_sizes_release(&sizes);
	return 0;
}

/* ---- load --------------------------------------------------------------------------------- */

/* Mean 5.57 s and squared coefficient of variation 0.53, as measured. */
static void test_standard_sizes(void **state)
{
	double squares = 0.0;

	(void)state;
	for (uint32_t i = 0; i < sizes.count; i++) {
		double size_s = (double)sizes.values_ns[i] / (double)NS_PER_S;

		squares += size_s * size_s / (double)sizes.count;
	}
	assert_true(near(sizes.mean_s, 5.57, 0.002));
	assert_true(near(squares / (sizes.mean_s * sizes.mean_s) - 1.0, 0.53, 0.02));
}

/* The mean asks for the busy slots; each stream gives the same tasks, in order. */
static void test_load_is_scaled(void **state)
{
	struct scaling_load load;
	struct scaling_stream one, other;
	int64_t at_ns, work_ns, again_at_ns, again_work_ns, last_ns = 0;
	double work_s = 0.0;

	(void)state;
	make_day(&load);
	scaling_stream_init(&one, &load);
	scaling_stream_init(&other, &load);
	while (scaling_stream_next(&one, &at_ns, &work_ns)) {
		assert_true(scaling_stream_next(&other, &again_at_ns, &again_work_ns));
		assert_true(at_ns == again_at_ns && work_ns == again_work_ns);
		assert_true(at_ns >= last_ns);
		last_ns = at_ns;
		work_s += (double)work_ns / (double)NS_PER_S;
	}
	assert_true(near(work_s / 86400.0, BUSY, 0.01));
	scaling_load_release(&load);
}

/* Counts per second: the number in a second is Poisson, its variance the mean. */
static void test_seconds_are_poisson(void **state)
{
	static double values[20000];
	struct scaling_load load;
	struct scaling_stream stream;
	int64_t at_ns, work_ns;
	double counts[2] = {0.0, 0.0}, square = 0.0, in_second = 0.0;
	int64_t second = 0;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++)
		values[i] = i < 10000 ? 4.0 : 12.0;
	make_load(&load, values, 20000, NS_PER_S, true);
	scaling_stream_init(&stream, &load);
	while (scaling_stream_next(&stream, &at_ns, &work_ns)) {
		counts[at_ns >= 10000 * NS_PER_S] += 1.0;
		if (at_ns / NS_PER_S != second) {
			if (second < 10000)
				square += in_second * in_second;
			second = at_ns / NS_PER_S;
			in_second = 0.0;
		}
		in_second += 1.0;
	}
	assert_true(near(counts[0], 40000.0, 0.02));
	assert_true(near(counts[1], 120000.0, 0.02));
	assert_true(near(square / 10000.0 - 16.0, 4.0, 0.05));
	scaling_load_release(&load);
}

/* Coarse bins: lines between their middles, holes too, and noise with a variation of 0.5. */
static void test_bins_are_lines(void **state)
{
	static double values[401];
	struct scaling_load load;
	double mean = 0.0, square = 0.0, early = 0.0;

	(void)state;
	for (uint32_t i = 0; i <= 400; i++)
		values[i] = i < 200 ? NAN : 600.0; /* 10 per second */
	values[0] = 0.0;
	make_load(&load, values, 401, NS_PER_MIN, true);
	assert_int_equal(load.step_ns, 10 * NS_PER_S);
	for (uint32_t i = 1206; i < 2406; i++) {
		mean += load.rates[i] / 1200.0;
		square += load.rates[i] * load.rates[i] / 1200.0;
	}
	assert_true(near(mean, 10.0, 0.05));
	assert_true(near(num_sqrt(square / (mean * mean) - 1.0), 0.5, 0.08));
	for (uint32_t i = 540; i < 660; i++) /* around the hundredth bin: half of it */
		early += load.rates[i] / 120.0;
	assert_true(near(early, 5.0, 0.15));
	scaling_load_release(&load);
}

/* Nothing arrives: there is nothing to scale. */
static void test_no_load(void **state)
{
	const double values[3] = {0.0, NAN, 0.0};
	const struct scaling_load_options options = {
		.seed = 1, .slots_busy = BUSY, .sizes = &sizes};
	struct scaling_load load;
	char message[256] = "";

	(void)state;
	assert_false(scaling_load_series(
		&load, values, 3, NS_PER_MIN, &options, message, sizeof message));
	assert_true(message[0] != '\0');
}

/* ---- the world ---------------------------------------------------------------------------- */

static struct scaling_options options_of(const struct scaling_load *load,
	const struct scaling_policy *policy, const struct scaling_fleet *fleet)
{
	return (struct scaling_options){.load = load,
		.policy = policy,
		.fleet = fleet,
		.slots = SLOTS,
		.agents_first = 11,
		.boot_ns = 60 * NS_PER_S};
}

static struct scaling_score run(const struct scaling_options *options)
{
	struct scaling_score score;
	const char *failure;

	assert_true(scaling_run(options, &score, &failure));
	return score;
}

/* Wants what the table says from a second on: 11, then 14, then 12. */
static uint32_t look_at_script(void *state, const struct scaling_view *view)
{
	(void)state;
	if (view->now_ns < 100 * NS_PER_S)
		return 11;
	return view->now_ns < 1000 * NS_PER_S ? 14 : 12;
}

static const struct scaling_policy script = {
	.name = "script", .strategy = BAL_STRATEGY_FIXED, .look = look_at_script};

/* Agents cost from their launch, boot time paid, to their end; two leave idle at once. */
static void test_costs(void **state)
{
	static const struct scaling_fleet *const fleets[] = {&scaling_core, &scaling_twin};
	static double values[2000];
	struct scaling_load load;

	(void)state;
	values[1] = 1.0; /* one task or some, long over when agents leave */
	make_load(&load, values, 2000, NS_PER_S, true);
	for (size_t i = 0; i < 2; i++) {
		struct scaling_options options = options_of(&load, &script, fleets[i]);
		struct scaling_score score = run(&options);

		assert_int_equal(score.agent_ns, (11 * 2000 + 3 * 900 + 1 * 1000) * NS_PER_S);
		assert_int_equal(
			score.capacity_ns, SLOTS * (11 * 2000 + 3 * 840 + 1 * 1000) * NS_PER_S);
		assert_int_equal(score.agents_peak, 14);
		assert_int_equal(score.steps, 5);
		assert_int_equal(score.reversals, 0); /* exactly 15 min is no turn */
		options.history_ns = 500 * NS_PER_S;
		score = run(&options);
		assert_int_equal(score.agent_ns, (11 * 1500 + 3 * 500 + 1 * 1000) * NS_PER_S);
	}
	scaling_load_release(&load);
}

/* Far too few slots: nearly all wait too long, and those that never start count too. */
static void test_unfinished_count(void **state)
{
	static double values[1000];
	struct scaling_load load;
	struct scaling_options options;
	struct scaling_score score;
	struct scaling_stream stream;
	int64_t at_ns, work_ns;
	uint64_t arrived = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		values[i] = 100.0;
	make_load(&load, values, 1000, NS_PER_S, true);
	scaling_stream_init(&stream, &load);
	while (scaling_stream_next(&stream, &at_ns, &work_ns))
		arrived++;
	options = options_of(&load, &script, &scaling_twin);
	score = run(&options);
	assert_int_equal(score.tasks, arrived);
	assert_true(scaling_late_share(&score) > 0.98);
	assert_true(scaling_utilisation(&score) > 0.98);
	scaling_load_release(&load);
}

/* The twin comes to what the core comes to, for each policy that looks. */
static void test_twin(void **state)
{
	static const struct scaling_policy *const policies[] = {
		&scaling_policy_hpa, &scaling_policy_kpa, &scaling_policy_oracle};
	struct scaling_load load;

	(void)state;
	make_day(&load);
	for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
		struct scaling_options options = options_of(&load, policies[i], &scaling_core);
		struct scaling_score core = run(&options), twin;

		options.fleet = &scaling_twin;
		twin = run(&options);
		assert_int_equal(core.tasks, twin.tasks);
		assert_true(near((double)twin.agent_ns, (double)core.agent_ns, 0.01));
		assert_true(num_abs(scaling_late_share(&twin) - scaling_late_share(&core)) <
			    0.002 + 0.05 * scaling_late_share(&core));
		assert_true(near((double)twin.busy_ns, (double)core.busy_ns, 0.001));
	}
	scaling_load_release(&load);
}

/* It knows the future: next to nobody waits, and what it costs is less than a fleet for the peak.
 */
static void test_oracle(void **state)
{
	static const int64_t boots_s[] = {30, 60, 120};
	struct scaling_load load;

	(void)state;
	make_day(&load);
	for (size_t i = 0; i < sizeof boots_s / sizeof boots_s[0]; i++) {
		struct scaling_options options =
			options_of(&load, &scaling_policy_oracle, &scaling_twin);
		struct scaling_score score;

		options.boot_ns = boots_s[i] * NS_PER_S;
		score = run(&options);
		assert_true(scaling_late_share(&score) < 0.0005);
		assert_true((double)score.agent_ns < 24.0 * (double)NS_PER_HOUR * 11.0 * 2.2);
	}
	scaling_load_release(&load);
}

/* The strategies of the requirement run in it as they are in the core. */
static void test_core_strategies(void **state)
{
	struct scaling_load load;
	struct scaling_entry entry;

	(void)state;
	make_day(&load);
	assert_true(scaling_entry_find(&entry, "conservative", 12));
	struct scaling_options options = options_of(&load, entry.policy, &scaling_core);
	struct scaling_score score = run(&options);
	assert_true(score.steps > 10);
	/* a step of one agent after five minutes or fifteen: no turn within a quarter of an hour
	 * but at the top and the bottom of the day */
	assert_true(score.reversals <= 4);
	assert_true(scaling_late_share(&score) < 0.2);
	scaling_load_release(&load);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard_sizes),
		cmocka_unit_test(test_load_is_scaled),
		cmocka_unit_test(test_seconds_are_poisson),
		cmocka_unit_test(test_bins_are_lines),
		cmocka_unit_test(test_no_load),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_unfinished_count),
		cmocka_unit_test(test_twin),
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_core_strategies),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

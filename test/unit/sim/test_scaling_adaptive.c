/* SPDX-License-Identifier: Apache-2.0 */
/* What the adaptive strategy comes to in the scaling world: steady pools that have
 * had a day of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/units.h"
#include "sim/scaling_grid.h"
#include "sim/scaling_world.h"

#define SLOTS 8
#define DAY_S (24 * 3600)

static struct scaling_sizes sizes;
static double rates[2 * DAY_S];

static struct scaling_load load_of(uint32_t seconds, uint64_t seed)
{
	const struct scaling_load_options options = {
		.seed = seed, .keeps_rate = true, .sizes = &sizes};
	struct scaling_load load;
	char message[256];

	assert_true(scaling_load_series(
		&load, rates, seconds, NS_PER_S, &options, message, sizeof message));
	return load;
}

static struct scaling_score play(
	const struct scaling_load *load, uint32_t first, struct scaling_options options)
{
	static const char NAME[] = "adaptive";
	struct scaling_entry entry;
	struct scaling_score score;
	const char *failure = NULL;

	assert_true(scaling_entry_find(&entry, NAME, sizeof NAME - 1));
	options.load = load;
	options.policy = entry.policy;
	options.fleet = &scaling_core;
	options.slots = SLOTS;
	options.agents_first = first;
	options.boot_ns = 60 * NS_PER_S;
	assert_true(scaling_run(&options, &score, &failure));
	return score;
}

/* A pool of 40 slots and more is busy for 85 % of its time at least, and 95 % of tasks wait 2 s at
 * most. */
static void steady_pools_are_busy(void **state)
{
	static const double LOADS[] = {35, 70, 150};

	(void)state;
	for (size_t i = 0; i < sizeof LOADS / sizeof LOADS[0]; i++) {
		struct scaling_load load;
		struct scaling_score score;

		for (uint32_t second = 0; second < 2 * DAY_S; second++)
			rates[second] = LOADS[i] / sizes.mean_s;
		load = load_of(2 * DAY_S, i + 1);
		score = play(&load, (uint32_t)(LOADS[i] * 1.25 / SLOTS) + 1,
			(struct scaling_options){.history_ns = NS_PER_DAY + NS_PER_HOUR});
		print_message("load %.0f: busy %.1f %%, late %.2f %%, %u reversals\n", LOADS[i],
			100 * scaling_utilisation(&score), 100 * scaling_late_share(&score),
			score.reversals);
		assert_true(scaling_utilisation(&score) >= 0.85);
		assert_true(scaling_late_share(&score) <= 0.05);
		/* One in a quarter of an hour, of 23 hours. */
		assert_true(score.reversals <= 23 * 4);
		scaling_load_release(&load);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady_pools_are_busy),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

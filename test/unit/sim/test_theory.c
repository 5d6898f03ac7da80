/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated world and the policies against queueing theory: what theory says must lie within
 * the 95 % interval of what was measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/num.h"
#include "sim/contest.h"
#include "sim/policy.h"

#define SEEDS 12

/* Mean response time over seeds, with its interval. */
static struct tally_interval measure(
	const struct policy *policy, struct course_options *options, uint32_t seeds)
{
	double means[SEEDS];

	for (uint32_t i = 0; i < seeds; i++) {
		struct contest_score score;
		struct course course;
		struct race race;
		int64_t *values;

		options->seed = 100 + i;
		assert_true(course_init(&course, options));
		values = calloc(course.task_count, sizeof *values);
		assert_non_null(values);
		assert_true(race_run(&race, &course, policy, NULL));
		contest_judge(&race, values, &score);
		means[i] = score.mean_s;
		free(values);
		race_release(&race);
		course_release(&course);
	}
	return tally_mean(means, seeds);
}

static struct course_options plain(uint32_t agents, uint32_t slots, double load)
{
	struct course_options options;

	course_defaults(&options);
	options.mix = COURSE_EQUAL;
	options.is_steady = true;
	options.sizes = COURSE_EXPONENTIAL;
	options.agents = agents;
	options.slots = slots;
	options.load = load;
	options.tasks = 40000;
	return options;
}

static void assert_theory(const char *what, struct tally_interval found, double theory)
{
	/* The interval must be small enough to say something. */
	if (found.low > theory || found.high < theory || found.high - found.low > 0.15 * theory)
		fail_msg("%s: %.4f (%.4f to %.4f), theory %.4f", what, found.mean, found.low,
			found.high, theory);
}

/* Probability that an arrival of M/M/k waits (Erlang C). */
static double erlang_c(uint32_t servers, double load)
{
	double offered = load * servers;
	double term = 1.0;
	double sum = 1.0;

	for (uint32_t i = 1; i < servers; i++) {
		term *= offered / i;
		sum += term;
	}
	term *= offered / servers;
	return term / (1.0 - load) / (sum + term / (1.0 - load));
}

/* On one agent with k slots every policy that keeps no slot idle and serves in turn is M/M/k. */
static void test_mmk(void **state)
{
	(void)state;
	for (uint32_t slots = 1; slots <= 4; slots += 3) {
		double theory = 1.0 + erlang_c(slots, 0.7) / (slots * (1.0 - 0.7));

		for (uint32_t i = 0; POLICIES[i] != NULL; i++) {
			struct course_options options = plain(1, slots, 0.7);
			bool in_turn = POLICIES[i] != &policy_srpt;

			if (in_turn)
				assert_theory(POLICIES[i]->name,
					measure(POLICIES[i], &options, SEEDS), theory);
		}
	}
}

/* One queue for k agents is M/M/k too; by chance each agent is an M/M/1 of its own. */
static void test_fleets(void **state)
{
	struct course_options options = plain(4, 1, 0.7);

	(void)state;
	assert_theory("central", measure(&policy_central_fcfs, &options, SEEDS),
		1.0 + erlang_c(4, 0.7) / (4.0 * 0.3));
	assert_theory("random", measure(&policy_random, &options, SEEDS), 1.0 / 0.3);
}

/* Pollaczek and Khinchine: the mean wait grows with the second moment of sizes. */
static void test_mg1(void **state)
{
	struct course_options options = plain(1, 1, 0.6);

	(void)state;
	options.sizes = COURSE_LOGNORMAL;
	assert_theory("M/G/1", measure(&policy_central_fcfs, &options, SEEDS),
		1.0 + 0.6 * (1.0 + 1.5 * 1.5) / (2.0 * 0.4));
}

/* Schrage and Miller (1966) for exponential sizes: mean response of SRPT, integrated numerically.
 */
static double srpt_theory(double load)
{
	const double step = 0.001;
	double second = 0.0; /* load * integral of t^2 f(t) up to x */
	double below = 0.0;  /* load of tasks up to x */
	double inside = 0.0; /* integral of dt / (1 - below(t)) up to x */
	double sum = 0.0;

	for (double x = step / 2.0; x < 40.0; x += step) {
		double density = num_exp(-x);
		double above = num_exp(-x);
		double wait =
			(second + load * x * x * above) / (2.0 * (1.0 - below) * (1.0 - below));

		sum += density * (wait + inside) * step;
		second += load * x * x * density * step;
		below += load * x * density * step;
		inside += step / (1.0 - below);
	}
	return sum;
}

static void test_srpt(void **state)
{
	struct course_options options = plain(1, 1, 0.7);

	(void)state;
	assert_theory("SRPT", measure(&policy_srpt, &options, SEEDS), srpt_theory(0.7));
}

/* No policy that cannot look into the future has a smaller mean. */
static void test_bound(void **state)
{
	struct course_options options;
	struct tally_interval bound;

	(void)state;
	course_defaults(&options);
	options.tasks = 20000;
	bound = measure(&policy_srpt, &options, 3);
	for (uint32_t i = 0; POLICIES[i] != NULL; i++)
		assert_true(POLICIES[i] == &policy_srpt ||
			    measure(POLICIES[i], &options, 3).mean > bound.mean);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mmk),
		cmocka_unit_test(test_fleets),
		cmocka_unit_test(test_mg1),
		cmocka_unit_test(test_srpt),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

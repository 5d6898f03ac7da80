/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_CONTEST_H
#define BAL_SIM_CONTEST_H

#include "base/histogram.h"
#include "sim/course.h"
#include "sim/policy.h"
#include "sim/tally.h"

/*
 * contest: several policies on the same courses, one per seed, and what came of it: the average of
 * each figure over the seeds, and ratios to a yardstick policy that are formed seed by seed, so
 * that luck which all policies shared cancels out.
 *
 * The first sixth of the tasks (the fleet fills, speeds are not yet known) and the last twentieth
 * (it empties) do not count.
 */
#define CONTEST_POLICIES_MAX 24
#define CONTEST_SEEDS_MAX    100000u
#define CONTEST_ERROR_SIZE   160

struct contest_options {
	struct course_options course; /* its seed is replaced */
	struct policy_settings settings;
	uint64_t seed_first, seed_last;
	const struct policy *policies[CONTEST_POLICIES_MAX];
	uint32_t policy_count;
	const struct policy *yardstick; /* takes part in any case */
	/* After each race; may be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t all);
	void *progress_context;
};

/* One race. */
struct contest_score {
	double mean_s, p50_s, p95_s, p99_s; /* of response times: arrival to end */
	double waited_share;                /* of tasks that did not start at once */
	double fairness; /* Jain's index of the tenants' speeds (1 / mean response): 1 is fair */
};

/* One policy over all seeds. */
struct contest_row {
	const struct policy *policy;
	struct contest_score score; /* means over the seeds */
	struct tally_interval mean_ratio, p99_ratio;
	struct histogram responses_ns;
};

struct contest {
	const struct contest_options *options; /* borrowed */
	uint32_t row_count; /* the policies, then the yardstick if it is not one */
	struct contest_row rows[CONTEST_POLICIES_MAX + 1];
	char error[CONTEST_ERROR_SIZE];
};

/* Runs all races.  False with contest->error. */
bool contest_run(struct contest *contest, const struct contest_options *options);

/* What a finished race came to; `values` has room for the course's tasks.  The trimmed response
 * times are left in it, sorted; returns how many. */
uint32_t contest_judge(const struct race *race, int64_t *values, struct contest_score *score);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Seeds are the outer loop: a course is made once and raced on by all policies, and only scores are
 * kept.  Quantiles of one race are exact; the histograms over all seeds are for pictures. */
#include "sim/contest.h"

#include "base/assert.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TRIM_FIRST 6  /* the first sixth */
#define TRIM_LAST  20 /* the last twentieth */

static double seconds(int64_t ns)
{
	return (double)ns / (double)NS_PER_S;
}

/* (sum x)^2 / (n sum x^2), Jain et al. 1984, over the tenants that have tasks. */
static double jain_index(const double *sums_ns, const uint32_t *counts)
{
	double sum = 0.0, squares = 0.0, tenants = 0.0;

	for (uint32_t i = 0; i < COURSE_TENANTS_MAX; i++) {
		double speed = sums_ns[i] > 0.0 ? (double)counts[i] / sums_ns[i] : 0.0;

		sum += speed;
		squares += speed * speed;
		tenants += counts[i] > 0 ? 1.0 : 0.0;
	}
	return squares > 0.0 ? sum * sum / (tenants * squares) : 1.0;
}

uint32_t contest_judge(const struct race *race, int64_t *values, struct contest_score *score)
{
	uint32_t all = race->course->task_count;
	uint32_t first = all / TRIM_FIRST;
	uint32_t end = all - all / TRIM_LAST;
	uint32_t count = 0, waited = 0;
	double sums_ns[COURSE_TENANTS_MAX] = {0.0};
	uint32_t counts[COURSE_TENANTS_MAX] = {0};
	double sum_ns = 0.0;

	for (uint32_t i = first; i < end; i++) {
		const struct race_task *task = &race->tasks[i];
		int64_t at_ns = race->course->tasks[i].at_ns;

		values[count] = task->ended_at_ns - at_ns;
		sum_ns += (double)values[count];
		sums_ns[race->course->tasks[i].tenant] += (double)values[count];
		counts[race->course->tasks[i].tenant]++;
		count++;
		waited += task->started_at_ns > at_ns;
	}
	tally_sort(values, count);
	score->mean_s = sum_ns / (double)count / (double)NS_PER_S;
	score->p50_s = seconds(tally_quantile(values, count, 500));
	score->p95_s = seconds(tally_quantile(values, count, 950));
	score->p99_s = seconds(tally_quantile(values, count, 990));
	score->waited_share = (double)waited / (double)count;
	score->fairness = jain_index(sums_ns, counts);
	return count;
}

/* ---- all of them -------------------------------------------------------------------------- */

/* Scores by row, then seed. */
struct scores {
	struct contest_score *items;
	uint32_t seed_count;
};

static bool fail(struct contest *contest, const char *who, uint64_t seed, const char *why)
{
	snprintf(contest->error, sizeof contest->error, "%s, seed %" PRIu64 ": %s", who, seed, why);
	return false;
}

static bool run_one(struct contest *contest, struct contest_row *row, struct course *course,
	int64_t *values, struct contest_score *score)
{
	struct race race;
	bool went = race_run(&race, course, row->policy, &contest->options->settings);

	if (went) {
		uint32_t count = contest_judge(&race, values, score);

		for (uint32_t i = 0; i < count; i++)
			histogram_record(&row->responses_ns, values[i], 1);
	} else {
		fail(contest, row->policy->name, course->options.seed, race.failure);
	}
	race_release(&race);
	return went;
}

static bool run_seed(struct contest *contest, struct scores *scores, uint32_t place)
{
	const struct contest_options *options = contest->options;
	struct course_options conf = options->course;
	struct course course;
	int64_t *values = NULL;
	bool goes_on;

	conf.seed = options->seed_first + place;
	goes_on = course_init(&course, &conf);
	if (goes_on)
		values = calloc(course.task_count, sizeof *values);
	if (values == NULL)
		goes_on = fail(contest, "course", conf.seed, "no memory");
	for (uint32_t i = 0; goes_on && i < contest->row_count; i++) {
		goes_on = run_one(contest, &contest->rows[i], &course, values,
			&scores->items[(size_t)i * scores->seed_count + place]);
		if (goes_on && options->progress != NULL)
			options->progress(options->progress_context,
				(uint64_t)place * contest->row_count + i + 1,
				(uint64_t)scores->seed_count * contest->row_count);
	}
	free(values);
	course_release(&course);
	return goes_on;
}

static void sum_up(struct contest_row *row, const struct contest_score *own,
	const struct contest_score *yardstick, uint32_t count, double *ratios)
{
	struct contest_score *mean = &row->score;

	*mean = (struct contest_score){.mean_s = 0.0};
	for (uint32_t i = 0; i < count; i++) {
		mean->mean_s += own[i].mean_s / (double)count;
		mean->p50_s += own[i].p50_s / (double)count;
		mean->p95_s += own[i].p95_s / (double)count;
		mean->p99_s += own[i].p99_s / (double)count;
		mean->waited_share += own[i].waited_share / (double)count;
		mean->fairness += own[i].fairness / (double)count;
	}
	for (uint32_t i = 0; i < count; i++)
		ratios[i] = own[i].mean_s / yardstick[i].mean_s;
	row->mean_ratio = tally_mean(ratios, count);
	for (uint32_t i = 0; i < count; i++)
		ratios[i] = own[i].p99_s / yardstick[i].p99_s;
	row->p99_ratio = tally_mean(ratios, count);
}

static void list_rows(struct contest *contest, uint32_t *yardstick)
{
	const struct contest_options *options = contest->options;

	*yardstick = RACE_NOBODY;
	for (uint32_t i = 0; i < options->policy_count; i++) {
		contest->rows[contest->row_count].policy = options->policies[i];
		if (options->policies[i] == options->yardstick)
			*yardstick = contest->row_count;
		contest->row_count++;
	}
	if (*yardstick != RACE_NOBODY)
		return;
	*yardstick = contest->row_count;
	contest->rows[contest->row_count++].policy = options->yardstick;
}

bool contest_run(struct contest *contest, const struct contest_options *options)
{
	struct scores scores;
	uint32_t yardstick;
	double *ratios;
	bool goes_on = true;

	bal_assert(options->policy_count <= CONTEST_POLICIES_MAX);
	bal_assert(options->seed_last >= options->seed_first);
	bal_assert(options->seed_last - options->seed_first < CONTEST_SEEDS_MAX);
	*contest = (struct contest){.options = options};
	list_rows(contest, &yardstick);
	scores.seed_count = (uint32_t)(options->seed_last - options->seed_first + 1);
	scores.items = calloc((size_t)scores.seed_count * contest->row_count, sizeof *scores.items);
	ratios = calloc(scores.seed_count, sizeof *ratios);
	if (scores.items == NULL || ratios == NULL)
		goes_on = fail(contest, "contest", options->seed_first, "no memory");
	for (uint32_t i = 0; goes_on && i < scores.seed_count; i++)
		goes_on = run_seed(contest, &scores, i);
	for (uint32_t i = 0; goes_on && i < contest->row_count; i++)
		sum_up(&contest->rows[i], &scores.items[(size_t)i * scores.seed_count],
			&scores.items[(size_t)yardstick * scores.seed_count], scores.seed_count,
			ratios);
	free(scores.items);
	free(ratios);
	return goes_on;
}

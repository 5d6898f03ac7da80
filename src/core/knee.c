/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ended while an agent had n tasks, by the time that it had n, is its throughput X(n): in a
 * server that shares itself among its tasks this holds for every distribution of their sizes
 * (insensitivity; Baskett, Chandy, Muntz and Palacios, JACM 1975), and it needs no task to be
 * followed through the numbers of others that came and went beside it.
 *
 * To these counts curves are fitted that rise with n up to k and then bend: to a fall, to a flat,
 * or to a slower rise. The likelihood of counts (Poisson) says how well each does; the knee is the
 * k of the best one, as long as that one does not rise behind it, is better than a rise without end
 * by EVIDENCE, and better than all k' beyond what is called its interval by APART. Since n tasks
 * cannot do more than n times what one does, a plain rise is the right hypothesis to beat.
 *
 * Failures are taken the other way: the split of all levels into those below and those from some
 * level on that tells failures apart best (a likelihood ratio of two binomials against one).
 */
#include "core/knee.h"

#include "base/bytes.h"
#include "base/num.h"
#include "base/units.h"

#include <string.h>

#define EXACT      16 /* levels that stand for one number of tasks */
#define OCTAVE     8  /* levels for each doubling behind them */
#define BENDS      4
#define ENDS_FIRST 48
#define ENDS_STEP  8   /* worked out again after an eighth more */
#define DONE_LEAST 6   /* of a level that counts as seen */
#define EVIDENCE   6.0 /* nats */
#define PENALTY    2.0 /* of a curve that is not flat behind its knee */
#define APART      2.5
#define RISE       2.0 /* nats by which a rise counts as one */
#define WIDE       2   /* tasks that the interval of a knee may span, ... */
#define WIDE_SHARE 4   /* ... and a quarter of the knee */
#define FAIL_APART 8.0
#define FAIL_TIMES 2.0
#define FAIL_MORE  0.02
#define SPAN_MAX_S 3600.0 /* longer without an end says more of the tasks than of the agent */
#define WORK_MAX   1e12

/* From the knee on throughput goes with this power of n: a slower rise, a flat, two falls. */
enum { BEND_RISES, BEND_FLAT, BEND_FALLS, BEND_BREAKS };

/* ---- levels ---- */

static uint32_t level_of(uint32_t tasks)
{
	uint32_t level = EXACT, base = EXACT;

	if (tasks <= EXACT)
		return tasks - 1u;
	while (tasks >= 2 * base && level + OCTAVE < KNEE_LEVELS) {
		base *= 2;
		level += OCTAVE;
	}
	level += (tasks - base) / (base / OCTAVE);
	return level - 1 < KNEE_LEVELS ? level - 1 : KNEE_LEVELS - 1;
}

uint32_t knee_tasks(uint32_t level)
{
	uint32_t octave, step;

	if (level < EXACT)
		return level + 1;
	octave = (level + 1 - EXACT) / OCTAVE;
	step = (level + 1 - EXACT) % OCTAVE;
	return ((uint32_t)EXACT << octave) + step * (((uint32_t)EXACT << octave) / OCTAVE);
}

/* ---- the curve ---- */

/* The levels that were seen, as the fit reads them. */
struct curve {
	uint32_t count;
	uint32_t place[KNEE_LEVELS];
	double tasks[KNEE_LEVELS];
	double busy_s[KNEE_LEVELS];
	double done[KNEE_LEVELS]; /* work in units of its mean: as good as a count */
	double all;
	double unit; /* work of a count */
};

static void read_curve(const struct knee *knee, struct curve *curve)
{
	double work = 0, done = 0;

	memset(curve, 0, sizeof *curve);
	for (uint32_t i = 0; i < KNEE_LEVELS; i++) {
		work += knee->work[i];
		done += knee->done[i];
	}
	if (work <= 0)
		return;
	curve->unit = work / done;
	curve->all = done;
	for (uint32_t i = 0; i < KNEE_LEVELS; i++) {
		uint32_t at = curve->count;

		if (knee->busy_s[i] <= 0)
			continue;
		curve->place[at] = i;
		curve->tasks[at] = knee_tasks(i);
		curve->busy_s[at] = knee->busy_s[i];
		curve->done[at] = knee->work[i] / curve->unit;
		curve->count++;
	}
}

/* Throughput at n over that of one task, when it bends at k. */
static double shape(double tasks, double knee, uint32_t bend)
{
	if (tasks <= knee)
		return tasks;
	switch (bend) {
	case BEND_RISES:
		return num_sqrt(tasks * knee);
	case BEND_FLAT:
		return knee;
	case BEND_FALLS:
		return knee * num_sqrt(knee / tasks);
	default:
		return knee * knee / tasks;
	}
}

/* The log likelihood at the best rate, which is told too. What all curves share is left out. */
static double fit(const struct curve *curve, double knee, uint32_t bend, double *rate_s)
{
	double exposed = 0, sum = 0;

	for (uint32_t i = 0; i < curve->count; i++) {
		double times = shape(curve->tasks[i], knee, bend);

		exposed += curve->busy_s[i] * times;
		if (curve->done[i] > 0)
			sum += curve->done[i] * num_log(times);
	}
	*rate_s = curve->all / exposed;
	return sum + curve->all * num_log(*rate_s);
}

/* The best fit of each knee, and of all. */
struct fits {
	double likelihood[KNEE_LEVELS];
	uint32_t bend[KNEE_LEVELS];
	double rate_s[KNEE_LEVELS];
	uint32_t best;
};

/* Knees are looked for at all levels up to the highest that was seen; a bend there is none. */
static void fit_all(const struct curve *curve, uint32_t seen, struct fits *fits)
{
	fits->best = seen;
	for (uint32_t i = seen + 1; i-- > 0;) {
		double tasks = knee_tasks(i), rate_s;

		fits->bend[i] = BEND_FLAT;
		fits->likelihood[i] = fit(curve, tasks, BEND_FLAT, &fits->rate_s[i]);
		for (uint32_t bend = 0; i < seen && bend < BENDS; bend++) {
			double likelihood = fit(curve, tasks, bend, &rate_s) - PENALTY;

			if (likelihood <= fits->likelihood[i])
				continue;
			fits->likelihood[i] = likelihood;
			fits->bend[i] = bend;
			fits->rate_s[i] = rate_s;
		}
		if (fits->likelihood[i] > fits->likelihood[fits->best])
			fits->best = i;
	}
}

static bool is_narrow(uint32_t best, uint32_t low, uint32_t high)
{
	return knee_tasks(high) - knee_tasks(low) <= WIDE + knee_tasks(best) / WIDE_SHARE;
}

static void find_knee(const struct curve *curve, struct knee_finding *finding)
{
	uint32_t seen = finding->seen - 1u, low, high;
	struct fits fits;
	double flat, rate_s;

	fit_all(curve, seen, &fits);
	low = high = fits.best;
	for (uint32_t i = 0; i <= seen; i++) {
		if (fits.likelihood[i] < fits.likelihood[fits.best] - APART)
			continue;
		low = i < low ? i : low;
		high = i > high ? i : high;
	}
	finding->place = (uint8_t)fits.best;
	finding->place_low = (uint8_t)low;
	finding->place_high = (uint8_t)high;
	finding->rate_s = fits.rate_s[fits.best] * curve->unit * knee_tasks(fits.best);
	finding->is_found = fits.best < seen && fits.bend[fits.best] != BEND_RISES &&
			    is_narrow(fits.best, low, high) &&
			    fits.likelihood[fits.best] >= fits.likelihood[seen] + EVIDENCE;
	flat = fit(curve, knee_tasks(curve->place[0]), BEND_FLAT, &rate_s);
	finding->grows = !finding->is_found && curve->count > 1 &&
			 (fits.best == seen || fits.bend[fits.best] == BEND_RISES) &&
			 fits.likelihood[fits.best] >= flat + RISE;
}

/* ---- failures ---- */

/* Log likelihood of so many failures at their own share. */
static double binomial(double failed, double all)
{
	double done = all - failed;

	return (failed > 0 ? failed * num_log(failed / all) : 0) +
	       (done > 0 ? done * num_log(done / all) : 0);
}

static void find_failures(const struct knee *knee, struct knee_finding *finding)
{
	double all = 0, failed = 0, all_below = 0, failed_below = 0, best = FAIL_APART;

	finding->degrades = 0;
	for (uint32_t i = 0; i < KNEE_LEVELS; i++) {
		all += knee->done[i] + knee->failed[i];
		failed += knee->failed[i];
	}
	for (uint32_t i = 0; i + 1 < KNEE_LEVELS; i++) {
		double below, above, ratio;

		all_below += knee->done[i] + knee->failed[i];
		failed_below += knee->failed[i];
		if (all_below <= 0 || all_below >= all)
			continue;
		below = failed_below / all_below;
		above = (failed - failed_below) / (all - all_below);
		ratio = binomial(failed_below, all_below) +
			binomial(failed - failed_below, all - all_below) - binomial(failed, all);
		if (ratio <= best || above < FAIL_TIMES * below || above < below + FAIL_MORE)
			continue;
		best = ratio;
		finding->degrades = (uint8_t)(i + 1);
		finding->failures[0] = below;
		finding->failures[1] = above;
	}
}

/* ---- what comes in ---- */

static void work_out(struct knee *knee)
{
	struct curve curve;

	knee->finding = (struct knee_finding){.is_found = false};
	for (uint32_t i = 0; i < KNEE_LEVELS; i++)
		if (knee->done[i] + knee->failed[i] >= DONE_LEAST)
			knee->finding.seen = (uint8_t)(i + 1);
	read_curve(knee, &curve);
	if (knee->finding.seen > 0 && curve.count > 0)
		find_knee(&curve, &knee->finding);
	find_failures(knee, &knee->finding);
}

static void halve(struct knee *knee)
{
	knee->ends = 0;
	for (uint32_t i = 0; i < KNEE_LEVELS; i++) {
		double keep = knee->done[i] > 0 ? (double)(knee->done[i] / 2) / knee->done[i] : 0.5;

		/* A level keeps its rate; what ended once only is forgotten with its time. */
		knee->busy_s[i] *= keep;
		knee->work[i] *= keep;
		knee->done[i] /= 2;
		knee->failed[i] /= 2;
		knee->ends += knee->done[i] + knee->failed[i];
	}
}

void knee_pass(struct knee *knee, uint32_t tasks, int64_t span_ns)
{
	if (tasks == 0 || span_ns <= 0)
		return;
	knee->busy_s[level_of(tasks)] += num_min((double)span_ns / 1e9, SPAN_MAX_S);
}

bool knee_end(struct knee *knee, uint32_t tasks, double work)
{
	uint32_t level;

	if (tasks == 0)
		return false;
	level = level_of(tasks);
	if (work > 0) {
		knee->work[level] += num_min(work, WORK_MAX);
		knee->done[level]++;
	} else {
		knee->failed[level]++;
	}
	knee->ends++;
	if (knee->ends < ENDS_FIRST || knee->ends < knee->ends_next)
		return false;
	work_out(knee);
	if (knee->ends >= KNEE_ENDS_MAX)
		halve(knee);
	knee->ends_next = knee->ends + knee->ends / ENDS_STEP;
	return true;
}

/* ---- views ---- */

void knee_view(const struct knee *knee, struct bal_knee_view *view)
{
	const struct knee_finding *finding = &knee->finding;
	double done = 0, work = 0;

	for (uint32_t i = 0; i < KNEE_LEVELS; i++) {
		done += knee->done[i];
		work += knee->work[i];
	}
	*view = (struct bal_knee_view){.ends = knee->ends, .grows = finding->grows};
	if (finding->seen > 0)
		view->tasks_seen = knee_tasks(finding->seen - 1u);
	if (finding->is_found) {
		view->is_found = true;
		view->tasks = knee_tasks(finding->place);
		view->tasks_low = knee_tasks(finding->place_low);
		view->tasks_high = knee_tasks(finding->place_high);
		view->rate_s = work > 0 ? finding->rate_s * done / work : 0;
	}
	if (finding->degrades == 0)
		return;
	view->degrades_at = knee_tasks(finding->degrades);
	for (uint32_t i = 0; i < 2; i++)
		view->failures_permille[i] = num_to_i64(num_round(finding->failures[i] * PERMILLE));
}

bool knee_level(const struct knee *knee, uint32_t place, struct bal_knee_level *level)
{
	uint32_t ends;

	if (place >= KNEE_LEVELS || knee->busy_s[place] <= 0)
		return false;
	ends = knee->done[place] + knee->failed[place];
	*level = (struct bal_knee_level){.tasks = knee_tasks(place),
		.busy_s = knee->busy_s[place],
		.rate_s = knee->done[place] / knee->busy_s[place],
		.success_permille = PERMILLE};
	if (knee->done[place] > 0)
		level->service_s = level->tasks / level->rate_s;
	if (ends > 0)
		level->success_permille = (int64_t)knee->done[place] * PERMILLE / ends;
	return true;
}

/* ---- saved states ---- */

bool knee_is_blank(const struct knee *knee)
{
	bool blank = knee->ends == 0;

	for (uint32_t i = 0; i < KNEE_LEVELS; i++)
		blank = blank && knee->busy_s[i] == 0;
	return blank;
}

void knee_put(const struct knee *knee, struct bytes_writer *writer)
{
	const struct knee_finding *finding = &knee->finding;

	bytes_put_u8(writer, finding->is_found);
	bytes_put_u8(writer, finding->grows);
	bytes_put_u8(writer, finding->place);
	bytes_put_u8(writer, finding->place_low);
	bytes_put_u8(writer, finding->place_high);
	bytes_put_u8(writer, finding->seen);
	bytes_put_u8(writer, finding->degrades);
	bytes_put_double(writer, finding->rate_s);
	bytes_put_double(writer, finding->failures[0]);
	bytes_put_double(writer, finding->failures[1]);
	bytes_put_u32(writer, knee->ends_next);
	for (uint32_t i = 0; i < KNEE_LEVELS; i++) {
		bytes_put_double(writer, knee->busy_s[i]);
		bytes_put_double(writer, knee->work[i]);
		bytes_put_u32(writer, knee->done[i]);
		bytes_put_u32(writer, knee->failed[i]);
	}
}

static bool get_sum(struct bytes_reader *reader, double *sum)
{
	*sum = bytes_get_double(reader);
	return *sum >= 0 && *sum <= 1e18;
}

static bool read_finding(struct knee_finding *finding, struct bytes_reader *reader)
{
	uint8_t is_found = bytes_get_u8(reader), grows = bytes_get_u8(reader);
	bool ok;

	finding->is_found = is_found == 1;
	finding->grows = grows == 1;
	finding->place = bytes_get_u8(reader);
	finding->place_low = bytes_get_u8(reader);
	finding->place_high = bytes_get_u8(reader);
	finding->seen = bytes_get_u8(reader);
	finding->degrades = bytes_get_u8(reader);
	ok = get_sum(reader, &finding->rate_s);
	ok = get_sum(reader, &finding->failures[0]) && ok;
	ok = get_sum(reader, &finding->failures[1]) && ok;
	return ok && is_found <= 1 && grows <= 1 && finding->seen <= KNEE_LEVELS &&
	       finding->place_low <= finding->place && finding->place <= finding->place_high &&
	       finding->place_high < KNEE_LEVELS && finding->degrades < KNEE_LEVELS &&
	       finding->failures[0] <= 1 && finding->failures[1] <= 1;
}

bool knee_read(struct knee *knee, struct bytes_reader *reader)
{
	bool ok;

	memset(knee, 0, sizeof *knee);
	ok = read_finding(&knee->finding, reader);
	knee->ends_next = bytes_get_u32(reader);
	for (uint32_t i = 0; i < KNEE_LEVELS && ok; i++) {
		ok = get_sum(reader, &knee->busy_s[i]);
		ok = get_sum(reader, &knee->work[i]) && ok;
		knee->done[i] = bytes_get_u32(reader);
		knee->failed[i] = bytes_get_u32(reader);
		ok = ok && knee->done[i] <= KNEE_ENDS_MAX && knee->failed[i] <= KNEE_ENDS_MAX &&
		     (knee->done[i] > 0) == (knee->work[i] > 0);
		knee->ends += knee->done[i] + knee->failed[i];
	}
	return ok && !reader->failed && knee->ends < KNEE_ENDS_MAX &&
	       knee->ends_next <= 2 * KNEE_ENDS_MAX;
}

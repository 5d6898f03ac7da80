/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several simple views of the newest point, each turned into a rarity over the stream's own history
 * (tail.h) so that they can be added, as Fisher adds logarithms of p-values of independent tests
 * (Statistical Methods for Research Workers, 1932). A point that is odd in one view alone is
 * mostly noise; real events are odd in several.
 *
 *   deviation, envelope  against the time of day and week (habit.h)
 *   motif                against shapes that were there before (motif.h)
 *   range                a record: its rarity is known without any fit, 1 in the number of points
 *   rougher, smoother    mean step between neighbours now against before: a change of variance, a
 *                        sensor that is stuck, a course that has become flat
 *   persistence          a mean of the evidence of the last twenty points or so, in the spirit of
 *                        the anomaly likelihood of Ahmad et al. ("Unsupervised real-time anomaly
 *                        detection for streaming data", Neurocomputing 2017) and of CUSUM (Page,
 *                        Biometrika 1954): a weak signal that stays
 *
 * The sum is then judged twice: as it is, and by its own tail, since a stream whose ordinary points
 * are odd in some view has large sums all day. Last, the longer a stream, the more points there
 * are that could cry wolf: the bar rises with the logarithm of the history, half way to what
 * Bonferroni would ask for, so that alarms of a stream become rarer without ever ending.
 *
 * The numbers below are the same for every series. They were chosen on 31 of the 58 files of the
 * Numenta Anomaly Benchmark, not as the best there but as the middle of a plateau: all of them
 * moved at once, at random, by a third cost little. BENCHMARKS.md has the scores, and what each
 * part is worth.
 */
#include "core/anomaly.h"

#include "base/assert.h"
#include "base/num.h"

#include <string.h>

#define EVIDENCE_MAX   5.0 /* of one part before weighting: no part decides alone */
#define RANGE_POINTS   50  /* before these everything is a record */
#define RANGE_SCALE    10.0
#define SPREAD_NOW     24
#define SPREAD_BEFORE  95
#define SPREAD_FLOOR   1e-9 /* of the largest value: steps below are rounding */
#define VIGILANCE      1.15 /* rarity of a distance, one in fourteen, that makes a new motif */
#define MOOD_RATE      0.05
#define SUM_SHARE      (0.7 / 6.0) /* of the sum itself, in the strength of a point */
#define SUM_TAIL_SHARE 0.3         /* of its rarity */
#define SUM_POINTS     60
#define BAR_SLOPE      0.5 /* 1 would be Bonferroni's correction */
#define BAR_POINTS     1000.0
#define STRENGTH_HALF  1.85 /* scores 0.5 */

#define LOG10_E 0.43429448190325183
/* A sum becomes a size whose logarithm it is, in quarters of an octave, for the tail. */
#define SUM_LN (0.6931471805599453 / 4)

static const double WEIGHTS[] = {
#define X(name, word, weight, help) weight,
	ANOMALY_PARTS(X)
#undef X
};

_Static_assert(sizeof(struct anomaly) <= ANOMALY_SIZE_MAX, "one series is small");
_Static_assert(SPREAD_NOW + SPREAD_BEFORE < ANOMALY_RECENT, "what is compared is kept");

void anomaly_init(struct anomaly *anomaly, uint32_t parts)
{
	memset(anomaly, 0, sizeof *anomaly);
	anomaly->parts = parts;
}

/* The value `age` points ago; the newest has age 0. */
static double recent(const struct anomaly *anomaly, uint64_t age)
{
	return anomaly->recent[(anomaly->count - 1 - age) % ANOMALY_RECENT];
}

static void give_evidence(struct anomaly *anomaly, enum anomaly_part part, double rarity)
{
	if (anomaly->parts >> part & 1)
		anomaly->evidence[part] = WEIGHTS[part] * num_clamp(rarity, 0.0, EVIDENCE_MAX);
}

/* Rarity of what a part has measured; it is learned at once. */
static double judge(struct anomaly *anomaly, enum anomaly_part part, double measure)
{
	double rarity = tail_rarity(&anomaly->tails[part], measure);

	tail_add(&anomaly->tails[part], measure);
	give_evidence(anomaly, part, rarity);
	return rarity;
}

static void look_at_habit(struct anomaly *anomaly, int64_t at_ns, double value)
{
	struct habit_departure departure = habit_meet(&anomaly->habit, at_ns, value);

	if (!departure.is_known)
		return;
	judge(anomaly, ANOMALY_DEVIATION, departure.deviation);
	judge(anomaly, ANOMALY_ENVELOPE, departure.outside);
}

static void look_at_motif(struct anomaly *anomaly)
{
	double values[MOTIF_SIZE];

	if (anomaly->count < MOTIF_SIZE)
		return;
	for (uint32_t i = 0; i < MOTIF_SIZE; i++)
		values[i] = recent(anomaly, i);
	struct motif_match match = motif_find(&anomaly->motifs, values);

	if (match.nearest == MOTIF_NONE ||
		judge(anomaly, ANOMALY_MOTIF, match.distance) > VIGILANCE)
		motif_keep(&anomaly->motifs, values);
	else
		motif_use(&anomaly->motifs, match.nearest);
}

static void look_at_range(struct anomaly *anomaly, double value)
{
	double width = anomaly->high - anomaly->low;
	double beyond = num_max(value - anomaly->high, anomaly->low - value);

	if (anomaly->count == 1)
		anomaly->high = anomaly->low = value;
	else if (beyond <= 0)
		return;
	anomaly->high = num_max(anomaly->high, value);
	anomaly->low = num_min(anomaly->low, value);
	if (anomaly->count <= RANGE_POINTS)
		return;
	double factor = width > 0 ? 1 + RANGE_SCALE * (beyond / width) : ANOMALY_VALUE_MAX;

	give_evidence(anomaly, ANOMALY_RANGE,
		LOG10_E * (num_log((double)anomaly->count) + num_log(factor)));
}

/* Mean absolute difference of `count` neighbours, the newest pair `age` points ago. */
static double mean_step(const struct anomaly *anomaly, uint64_t age, uint32_t count)
{
	double sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += num_abs(recent(anomaly, age + i) - recent(anomaly, age + i + 1));
	return sum / count;
}

static void look_at_spread(struct anomaly *anomaly)
{
	double size = 0;

	if (anomaly->count <= SPREAD_NOW + SPREAD_BEFORE)
		return;
	for (uint32_t i = 0; i < ANOMALY_RECENT; i++)
		size = num_max(size, num_abs(anomaly->recent[i]));
	double least = SPREAD_FLOOR * size;

	if (least <= 0)
		return;
	double now = mean_step(anomaly, 0, SPREAD_NOW) + least;
	double before = mean_step(anomaly, SPREAD_NOW, SPREAD_BEFORE) + least;

	judge(anomaly, ANOMALY_ROUGHER, now / before);
	judge(anomaly, ANOMALY_SMOOTHER, before / now);
}

/* All evidence as one number, see the head of this file. */
static double weigh(struct anomaly *anomaly)
{
	double sum = 0;
	double rarity = 0;

	for (uint32_t i = 0; i < ANOMALY_PERSISTENCE; i++)
		sum += anomaly->evidence[i];
	if (anomaly->parts >> ANOMALY_PERSISTENCE & 1)
		anomaly->evidence[ANOMALY_PERSISTENCE] =
			WEIGHTS[ANOMALY_PERSISTENCE] * anomaly->mood;
	anomaly->mood += MOOD_RATE * (sum - anomaly->mood);
	sum += anomaly->evidence[ANOMALY_PERSISTENCE];
	if (anomaly->count > SUM_POINTS) {
		double size = num_exp(SUM_LN * sum);

		rarity = tail_rarity(&anomaly->sums, size);
		tail_add(&anomaly->sums, size);
	}
	return SUM_SHARE * sum + SUM_TAIL_SHARE * rarity -
	       BAR_SLOPE * LOG10_E * num_log((double)anomaly->count / BAR_POINTS);
}

double anomaly_update(struct anomaly *anomaly, int64_t at_ns, double value)
{
	double strength;
	bool is_new;

	if (!num_is_finite(value))
		return 0;
	value = num_clamp(value, -ANOMALY_VALUE_MAX, ANOMALY_VALUE_MAX);
	memset(anomaly->evidence, 0, sizeof anomaly->evidence);
	look_at_habit(anomaly, at_ns, value);
	anomaly->recent[anomaly->count % ANOMALY_RECENT] = value;
	anomaly->count++;
	look_at_motif(anomaly);
	look_at_range(anomaly, value);
	look_at_spread(anomaly);
	strength = num_max(weigh(anomaly), 0.0);
	if (anomaly->count < ANOMALY_POINTS_LEARNED)
		strength = 0;
	anomaly->unrest = strength / (strength + STRENGTH_HALF);
	is_new = refractory_pass(&anomaly->refractory, strength);
	if (!is_new && (anomaly->parts >> ANOMALY_REFRACTORY & 1))
		return 0;
	return anomaly->unrest;
}

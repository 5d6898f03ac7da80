/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The choice among windows is Lepski's (Theory of Probability and its Applications, 1991): a window
 * is believed as long as its mean lies within the error bands of all shorter ones. What is true of
 * the short stretch and no longer true of the long one shows as a contradiction.
 *
 * The bands need the noise. It is taken from the differences of bins that follow one another, which
 * neither days nor steps disturb much. A load is alike over about the time that a task takes, so
 * such differences understate it; with a correlation that fades exponentially both the variance of
 * a bin and that of a window's mean follow from them.
 */
#include "core/pace.h"

#include "base/assert.h"
#include "base/num.h"

/* Bands are wider for the shortest windows: noise of arrivals is lopsided, and looks are many. */
static const struct {
	double span_s;
	double band; /* standard deviations */
} WINDOWS[PACE_WINDOWS] = {{10, 6}, {30, 5}, {60, 4}, {120, 4}, {240, 4}, {480, 4}, {960, 4}};

#define LEAST          0.01 /* a share of less says nothing */
#define NOISE_FIRST    0.05 /* until it is known better: bins differ by a fifth */
#define WEIGHT_FIRST   30   /* bins that this is worth */
#define WEIGHT_MAX     2000 /* bins: five and a half hours */
#define DIFFERENCE_MAX 1.0
#define DRIFT_MAX      0.01 /* per second */
#define MOST           1e15 /* of what may be read */

void pace_begin(struct pace *pace)
{
	pace->known_s = 0;
	pace->before = 0;
}

static bool contradicts(
	const struct pace *pace, uint32_t quick, uint32_t slow, double variance, double memory_s)
{
	double alike_s = memory_s + PACE_BIN_S / 2.0;
	double share = alike_s / (alike_s + WINDOWS[quick].span_s);
	double band = WINDOWS[quick].band * num_sqrt(variance * share) * pace->means[slow];

	return num_abs(pace->means[quick] - pace->means[slow]) > band;
}

static bool is_believed(const struct pace *pace, uint32_t slow, double variance, double memory_s)
{
	for (uint32_t quick = 0; quick < slow; quick++)
		if (contradicts(pace, quick, slow, variance, memory_s))
			return false;
	return true;
}

static uint32_t choose(const struct pace *pace, double memory_s)
{
	double variance = pace->noise / (1 - num_exp(-PACE_BIN_S / memory_s));
	uint32_t slow = PACE_WINDOWS - 1;

	while (slow > 0 && !is_believed(pace, slow, variance, memory_s))
		slow--;
	return slow;
}

void pace_see(struct pace *pace, const struct pace_look *look)
{
	double moved = 1 + num_clamp(look->drift, -DRIFT_MAX, DRIFT_MAX) * look->since_s;
	uint32_t window;

	bal_assert(look->value >= 0);
	bal_assert(look->since_s > 0 && look->memory_s > 0);
	if (pace->weight <= 0) {
		pace->noise = NOISE_FIRST;
		pace->weight = WEIGHT_FIRST;
	}
	pace->known_s = num_min(pace->known_s + look->since_s, WINDOWS[PACE_WINDOWS - 1].span_s);
	for (uint32_t i = 0; i < PACE_WINDOWS; i++) {
		/* A window is as long as what is known, until it is full. */
		double span_s = num_min(pace->known_s, WINDOWS[i].span_s);
		double mean = pace->means[i] * moved;

		pace->means[i] = mean + (look->value - mean) * num_min(look->since_s / span_s, 1);
	}
	pace->before *= moved;
	window = choose(pace, look->memory_s);
	pace->now = pace->means[window];
	pace->span_s = WINDOWS[window].span_s;
}

void pace_bin(struct pace *pace, double mean)
{
	if (pace->before > 0 && pace->now >= LEAST) {
		double difference = (mean - pace->before) / pace->now;
		double square = num_min(difference * difference / 2, DIFFERENCE_MAX);

		pace->weight = num_min(pace->weight + 1, WEIGHT_MAX);
		pace->noise += (square - pace->noise) / pace->weight;
	}
	pace->before = mean;
}

double pace_fast(const struct pace *pace)
{
	return pace->means[0];
}

static bool is_plain(double value)
{
	return value >= 0 && value <= MOST;
}

bool pace_valid(const struct pace *pace)
{
	bool ok = is_plain(pace->now) && is_plain(pace->span_s) && is_plain(pace->known_s) &&
		  is_plain(pace->noise) && is_plain(pace->weight) && is_plain(pace->before);

	for (uint32_t i = 0; i < PACE_WINDOWS; i++)
		ok = ok && is_plain(pace->means[i]);
	return ok;
}

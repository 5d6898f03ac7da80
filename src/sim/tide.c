/* SPDX-License-Identifier: Apache-2.0 */
/* A rate that follows the clock is drawn by thinning (Lewis and Shedler 1979): candidates come at
 * the highest rate, and each is kept with the probability of the present rate over that.  Bursts
 * are a Markov-modulated Poisson process with two states; a gap that reaches beyond its phase is
 * drawn anew from there, which an exponential one does not notice. */
#include "sim/tide.h"

#include "base/num.h"
#include "base/units.h"

#include <string.h>

#define BURST_RATE    10.0 /* against the quiet rate */
#define BURST_SHARE   0.1  /* of the time */
#define PHASE_MEAN_NS (60.0 * (double)NS_PER_S)
#define HIGHEST       1.9 /* bound of tide_rate */

/* Means of the hours of an office day, against the day's; they sum to 24. */
static const double HOURS[24] = {0.52, 0.46, 0.42, 0.40, 0.42, 0.48, 0.60, 0.80, 1.02, 1.22, 1.38,
	1.48, 1.50, 1.54, 1.60, 1.58, 1.50, 1.40, 1.26, 1.12, 1.00, 0.88, 0.76, 0.66};
/* Five working days and two that are not; they sum to 7. */
static const double DAYS[7] = {1.15, 1.15, 1.15, 1.15, 1.15, 0.70, 0.55};

void tide_init(struct tide *tide, enum tide_shape shape, double gap_ns, uint64_t seed)
{
	*tide = (struct tide){.shape = shape, .gap_ns = gap_ns};
	prng_init(&tide->chances, seed);
}

double tide_rate(enum tide_shape shape, double at_ns)
{
	double hours = at_ns / (double)NS_PER_HOUR;
	double whole = num_floor(hours);
	double part = hours - whole;
	double days = num_floor(hours / 24.0);
	uint32_t hour = (uint32_t)(whole - days * 24.0);
	uint32_t day = (uint32_t)(days - num_floor(days / 7.0) * 7.0);
	double rate = HOURS[hour] * (1.0 - part) + HOURS[(hour + 1) % 24] * part;

	if (shape == TIDE_DAILY)
		return rate;
	return shape == TIDE_WEEKLY ? rate * DAYS[day] : 1.0;
}

static double next_in_bursts(struct tide *tide)
{
	double quiet_gap_ns = tide->gap_ns * (1.0 - BURST_SHARE + BURST_SHARE * BURST_RATE);

	for (;;) {
		double gap_ns = tide->is_burst ? quiet_gap_ns / BURST_RATE : quiet_gap_ns;
		double next_ns = tide->at_ns + prng_exponential(&tide->chances, gap_ns);
		double share = tide->is_burst ? 1.0 - BURST_SHARE : BURST_SHARE;

		if (next_ns < tide->phase_end_ns) {
			tide->at_ns = next_ns;
			return next_ns;
		}
		/* The phase that begins is the other one, and so is its share of the time. */
		tide->at_ns = tide->phase_end_ns;
		tide->is_burst = !tide->is_burst;
		tide->phase_end_ns += prng_exponential(&tide->chances, PHASE_MEAN_NS * share);
	}
}

static double next_by_clock(struct tide *tide)
{
	double rate;

	do {
		tide->at_ns += prng_exponential(&tide->chances, tide->gap_ns / HIGHEST);
		rate = tide_rate(tide->shape, tide->at_ns);
	} while (prng_unit(&tide->chances) * HIGHEST >= rate);
	return tide->at_ns;
}

double tide_next(struct tide *tide)
{
	if (tide->shape == TIDE_BURSTS)
		return next_in_bursts(tide);
	if (tide->shape != TIDE_POISSON)
		return next_by_clock(tide);
	tide->at_ns += prng_exponential(&tide->chances, tide->gap_ns);
	return tide->at_ns;
}

enum tide_shape tide_find(const char *name)
{
	static const char *const names[TIDE_SHAPE_COUNT] = {"poisson", "bursts", "daily", "weekly"};
	uint32_t i = 0;

	while (i < TIDE_SHAPE_COUNT && strcmp(names[i], name) != 0)
		i++;
	return (enum tide_shape)i;
}

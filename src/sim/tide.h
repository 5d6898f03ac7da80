/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_TIDE_H
#define BAL_SIM_TIDE_H

#include "base/prng.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * tide: instants at which tasks arrive, whose rate goes up and down around a mean: not at all
 * (Poisson), in bursts, or with the hours of the day and the days of the week.
 */
enum tide_shape {
	TIDE_POISSON,
	TIDE_BURSTS, /* ten times the quiet rate during a tenth of the time, at random */
	TIDE_DAILY,  /* from 0.4 of the mean at night to 1.6 in the afternoon */
	TIDE_WEEKLY, /* the same, and less on two days of seven */
	TIDE_SHAPE_COUNT
};

struct tide {
	enum tide_shape shape;
	double gap_ns; /* mean */
	double at_ns;
	struct prng chances;
	double phase_end_ns; /* of the burst or the quiet time */
	bool is_burst;
};

/* Begins at 0, at midnight of the first of five working days; mean gap > 0. */
void tide_init(struct tide *tide, enum tide_shape shape, double gap_ns, uint64_t seed);

/* The next arrival. */
double tide_next(struct tide *tide);

/* The rate at this time against the mean one; 1 for shapes whose rate is random. */
double tide_rate(enum tide_shape shape, double at_ns);

/* The shape of this name; TIDE_SHAPE_COUNT when there is none. */
enum tide_shape tide_find(const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_PACE_H
#define BAL_CORE_PACE_H

#include <stdbool.h>

/*
 * pace: what a noisy load is about now. Long windows are exact and late, short ones are quick and
 * noisy; which one is right depends on the load and the hour, so there are several, and the level
 * is the mean of the longest that no shorter one contradicts. Steady load gets the calm of a
 * quarter of an hour, a step is followed within seconds, and nobody has to choose.
 *
 * Where a forecast says how load moves, the means are moved along with it, so that a long window
 * lags no more than a short one.
 */
#define PACE_WINDOWS 7
#define PACE_BIN_S   10 /* of the bins that the noise is measured in */

struct pace {
	double now;     /* the level */
	double span_s;  /* of the window that it is the mean of */
	double known_s; /* how long something has been seen */
	double noise;   /* variance of the means of bins over the squared level */
	double weight;  /* of what the noise is known from */
	double before;  /* mean of the last bin, moved along; 0: none */
	double means[PACE_WINDOWS];
};

/* What was seen in the last since_s seconds, > 0. */
struct pace_look {
	double value; /* >= 0 */
	double since_s;
	double drift;    /* relative change per second that is expected anyway; 0: not known */
	double memory_s; /* how long values that follow one another are alike, > 0 */
};

/* Nothing has been seen yet. What is known of the noise is kept; a zeroed level has none. */
void pace_begin(struct pace *pace);

/* One look. */
void pace_see(struct pace *pace, const struct pace_look *look);

/* A bin has ended; this is its mean. */
void pace_bin(struct pace *pace, double mean);

/* The mean of the shortest window. */
double pace_fast(const struct pace *pace);

/* True when a level that was read from bytes can be gone on with. */
bool pace_valid(const struct pace *pace);

#endif

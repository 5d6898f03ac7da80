/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_DECAY_H
#define BAL_BASE_DECAY_H

#include <stdint.h>

/*
 * An average, and a rate, in which what happened counts half as much one half-life later. Values
 * may come at any times; a clock that goes back counts as standing still. All zero is one in which
 * nothing has happened. Pass the same half-life (> 0) to all calls of one; a change of it changes
 * how fast things are forgotten from now on.
 */
struct decayed {
	double sum;    /* of values times their weights, as of at_ns */
	double weight; /* of all values, as of at_ns; one just added weighs 1 */
	int64_t at_ns;
};

/* Adds a value that was observed at now_ns. Values that are NaN, infinite or beyond 1e280 are
 * left out: one of them would never fade away. */
void decay_add(struct decayed *decayed, int64_t now_ns, int64_t half_life_ns, double value);

/* The weighted mean of the values; `otherwise` when there was none. It does not change with time
 * alone. */
double decay_mean(const struct decayed *decayed, double otherwise);

/* The weight of all values as of now_ns: by how many recent values the mean is backed. */
double decay_weight(const struct decayed *decayed, int64_t now_ns, int64_t half_life_ns);

/* The sum of values per second as of now_ns; add 1 for each event to have events per second. It
 * starts from zero, so it is too low during the first half-lives. */
double decay_rate_s(const struct decayed *decayed, int64_t now_ns, int64_t half_life_ns);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_LINEAR_H
#define BAL_CORE_LINEAR_H

#include <stdint.h>

/*
 * linear: least squares with a ridge, for models of few features and many rows. Rows are added one
 * by one; only their products are kept.
 */
#define LINEAR_FEATURES_MAX 20

struct linear {
	uint32_t count;                                            /* features */
	double products[LINEAR_FEATURES_MAX][LINEAR_FEATURES_MAX]; /* lower triangle */
	double targets[LINEAR_FEATURES_MAX];
	double weights[LINEAR_FEATURES_MAX]; /* of the features, after linear_solve */
};

/* Forgets all rows; 1 <= count <= LINEAR_FEATURES_MAX. */
void linear_init(struct linear *linear, uint32_t count);

/* Adds a row with its importance (> 0). */
void linear_add(struct linear *linear, const double *features, double target, double importance);

/*
 * Finds the weights. `ridge` is relative to each feature's own size, so it does not depend on the
 * unit; features that are all zero or copies of others get a finite weight too.
 */
void linear_solve(struct linear *linear, double ridge);

/*
 * How many steps to go from one row to the next when at most `rows_max` of `rows` are wanted: a
 * number without a common divisor with the period, so that every phase is met.
 */
uint32_t linear_stride(uint32_t rows, uint32_t rows_max, uint32_t period);

/* The model's value for a row. */
double linear_value(const struct linear *linear, const double *features);

#endif

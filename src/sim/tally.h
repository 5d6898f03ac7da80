/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_TALLY_H
#define BAL_SIM_TALLY_H

#include <stdint.h>

/* tally: statistics of results: exact quantiles, and means of few samples with their interval. */

/* A mean and the interval in which the true one lies with 95 %. */
struct tally_interval {
	double mean, low, high;
};

/* Sorts values in place, ascending. */
void tally_sort(int64_t *values, uint32_t count);

/* The smallest of the sorted values that at least this share of them do not exceed; count > 0. */
int64_t tally_quantile(const int64_t *sorted, uint32_t count, uint32_t permille);

/* The factor of the standard error in a 95 % interval (Student's t), freedom >= 1. */
double tally_student(uint32_t freedom);

/* Mean of samples and its interval; with one sample the interval is the mean itself. */
struct tally_interval tally_mean(const double *samples, uint32_t count);

#endif

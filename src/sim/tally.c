/* SPDX-License-Identifier: Apache-2.0 */
/* Quantiles are those of the sorted values themselves: nothing is interpolated, so a quantile is a
 * response time that occurred. */
#include "sim/tally.h"

#include "base/assert.h"
#include "base/num.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

void tally_sort(int64_t *values, uint32_t count)
{
	qsort(values, count, sizeof *values, compare);
}

int64_t tally_quantile(const int64_t *sorted, uint32_t count, uint32_t permille)
{
	uint64_t rank = ((uint64_t)count * permille + 999) / 1000;

	bal_assert(count > 0);
	bal_assert(permille <= 1000);
	return sorted[rank == 0 ? 0 : rank - 1];
}

/* Beyond the table Fisher's expansion around the normal quantile is exact to three decimals. */
double tally_student(uint32_t freedom)
{
	static const double table[] = {
		12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228};
	const double z = 1.959964;
	double v = (double)freedom;

	bal_assert(freedom >= 1);
	if (freedom <= sizeof table / sizeof table[0])
		return table[freedom - 1];
	return z + (z * z * z + z) / (4.0 * v) +
	       (5.0 * z * z * z * z * z + 16.0 * z * z * z + 3.0 * z) / (96.0 * v * v);
}

struct tally_interval tally_mean(const double *samples, uint32_t count)
{
	struct tally_interval interval = {.mean = 0.0};
	double squares = 0.0;
	double error;

	bal_assert(count > 0);
	for (uint32_t i = 0; i < count; i++)
		interval.mean += samples[i];
	interval.mean /= (double)count;
	interval.low = interval.mean;
	interval.high = interval.mean;
	if (count == 1)
		return interval;
	for (uint32_t i = 0; i < count; i++)
		squares += (samples[i] - interval.mean) * (samples[i] - interval.mean);
	error = num_sqrt(squares / (double)(count - 1) / (double)count) * tally_student(count - 1);
	interval.low -= error;
	interval.high += error;
	return interval;
}

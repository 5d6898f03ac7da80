/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU time of one update of the anomaly detector, in a stream that has been watched for long, and
 * the size of its state. Prints one line: microseconds, bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/prng.h"
#include "base/units.h"
#include "core/anomaly.h"

#define ROUNDS 9
#define POINTS 20000

static struct anomaly anomaly;
static double values[POINTS];

static double cpu_s(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	static double rounds[ROUNDS];
	volatile double sum = 0; /* so that the work is done */
	struct prng prng;

	prng_init(&prng, 1);
	for (int i = 0; i < POINTS; i++)
		values[i] = prng_lognormal(&prng, 100.0, 1.0);
	anomaly_init(&anomaly, ANOMALY_ALL);
	for (int round = 0; round < ROUNDS; round++) {
		double begin = cpu_s();

		for (int i = 0; i < POINTS; i++)
			sum = sum + anomaly_update(&anomaly,
					    ((int64_t)round * POINTS + i) * NS_PER_MIN, values[i]);
		rounds[round] = (cpu_s() - begin) * 1e6 / POINTS;
	}
	qsort(rounds, ROUNDS, sizeof *rounds, compare);
	printf("%.2f %zu\n", rounds[ROUNDS / 2], sizeof anomaly);
	return 0;
}

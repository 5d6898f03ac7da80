/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: differences of counters, refused where they make no sense, so that a new agent under an old
 * name shows as "not known" for one round instead of as an absurd load.
 */
#include "sample/sample.h"

/* More than this many cores' worth of CPU time in a second is a broken counter. */
#define SAMPLE_CORES_MAX 65536

bool sample_cpu_permille(const struct sample *before, const struct sample *after, int64_t *permille)
{
	if ((before->present & after->present & SAMPLE_CPU) == 0)
		return false;
	int64_t elapsed_ns = 0;
	int64_t used_ns = 0;
	if (__builtin_sub_overflow(after->at_ns, before->at_ns, &elapsed_ns) || elapsed_ns <= 0)
		return false;
	if (__builtin_sub_overflow(after->cpu_ns, before->cpu_ns, &used_ns) || used_ns < 0)
		return false;
	if (used_ns / SAMPLE_CORES_MAX > elapsed_ns)
		return false;
	/* In microseconds: a year of 65536 cores times 1000 would not fit in nanoseconds. */
	int64_t elapsed_us = elapsed_ns / 1000;
	int64_t scaled = 0;
	if (elapsed_us == 0 || __builtin_mul_overflow(used_ns / 1000, (int64_t)1000, &scaled))
		return false;
	*permille = scaled / elapsed_us;
	return true;
}

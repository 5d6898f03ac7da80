/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_SAMPLE_H
#define BAL_SAMPLE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What one look at an agent found. Who takes it: sample/cgroup.h (exact, by the kernel) or
 * sample/proc.h (a walk over /proc where there are no cgroups). The host passes the time, so that
 * one reading of the clock serves a whole round.
 */

/* Bits of `present`. A value whose bit is not set was not measured; it is 0 and means nothing. */
#define SAMPLE_CPU         1u
#define SAMPLE_MEMORY      2u
#define SAMPLE_MEMORY_PEAK 4u
#define SAMPLE_THROTTLED   8u
#define SAMPLE_OOM_KILLS   16u
#define SAMPLE_PROCESSES   32u
#define SAMPLE_ALL         63u

struct sample {
	uint32_t present;
	int64_t at_ns;        /* as the caller passed it */
	int64_t cpu_ns;       /* CPU time used since the agent began; never goes back */
	int64_t memory_bytes; /* charged now: cgroup, page cache included; /proc, sum of RSS */
	int64_t memory_peak_bytes;
	int64_t throttled_ns; /* time spent stopped by the CPU limit, since the agent began */
	int64_t oom_kills;    /* processes that the kernel ended for want of memory */
	int64_t processes;    /* how many there are */
};

/* CPU used between two samples in thousandths of one core, in *permille. False when either lacks
 * it, no time passed, or the counter went back (another agent under the same name). */
bool sample_cpu_permille(
	const struct sample *before, const struct sample *after, int64_t *permille);

#endif

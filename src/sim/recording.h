/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_RECORDING_H
#define BAL_SIM_RECORDING_H

#include "sim/course.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * recording: a load that was recorded somewhere, as arrivals for a course: the traces that
 * wire/trace.h reads: requests with tokens, counts per second; packed with gzip or not.
 */
#define RECORDING_COUNT_MAX 20000000u

struct recording {
	struct course_arrival *arrivals;
	uint32_t count;
};

/* What a request costs on a slot of speed 1. */
struct recording_costs {
	double context_s, generated_s; /* per token */
};

/* Reads at most `limit` arrivals (0: all, up to RECORDING_COUNT_MAX).  False with a message; there
 * is then nothing to release. */
bool recording_read(struct recording *recording, const char *path,
	const struct recording_costs *costs, uint32_t limit, char *message, size_t message_size);

/* Frees the arrivals. */
void recording_release(struct recording *recording);

#endif

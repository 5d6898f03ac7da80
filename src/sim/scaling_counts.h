/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_SCALING_COUNTS_H
#define BAL_SIM_SCALING_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* scaling_counts: a trace that wire/trace.h reads, as arrivals in each second since its start. */
#define SCALING_COUNTS_MAX 100000000u

struct scaling_counts {
	double *values;
	uint32_t count;
};

/* Reads at most `limit` seconds (0: all, up to SCALING_COUNTS_MAX).  False with a message; there is
 * then nothing to release. */
bool scaling_counts_read(struct scaling_counts *counts, const char *path, uint32_t limit,
	char *message, size_t message_size);

/* Frees the values. */
void scaling_counts_release(struct scaling_counts *counts);

#endif

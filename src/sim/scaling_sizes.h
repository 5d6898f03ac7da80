/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_SCALING_SIZES_H
#define BAL_SIM_SCALING_SIZES_H

#include "base/prng.h"
#include "sim/recording.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * scaling_sizes: how long the tasks of a scaling world take, as values that are drawn with equal
 * chances: those of a recorded load, or a standard set with the quantiles of calls of a language
 * model in conversations.
 */
struct scaling_sizes {
	int64_t *values_ns;
	uint32_t count;
	double mean_s;
};

/* The standard set; false when there is no memory. */
bool scaling_sizes_standard(struct scaling_sizes *sizes);

/* Those of a trace of requests with tokens.  False with a message. */
bool scaling_sizes_read(struct scaling_sizes *sizes, const char *path,
	const struct recording_costs *costs, char *message, size_t message_size);

/* One size; a single draw. */
int64_t scaling_sizes_draw(const struct scaling_sizes *sizes, struct prng *prng);

/* Frees the values. */
void scaling_sizes_release(struct scaling_sizes *sizes);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_SCALING_LOAD_H
#define BAL_SIM_SCALING_LOAD_H

#include "sim/scaling_sizes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * scaling_load: what arrives in a scaling world: a recorded load as a rate that changes in steps,
 * scaled so that its mean asks for a fleet of a known size, and the stream of tasks drawn from it.
 * Tasks are drawn when they are needed, so that a load may be years long; every stream of a load
 * gives the same tasks.
 */
#define SCALING_LOAD_STEPS_MAX 100000000u

struct scaling_load {
	double *rates; /* arrivals per second in each step, scaled */
	uint32_t count;
	int64_t step_ns;
	int64_t start_utc_ns; /* of the first step; 0: not known */
	uint64_t seed;
	const struct scaling_sizes *sizes; /* borrowed */
};

/* What is to become of a recorded load. */
struct scaling_load_options {
	uint64_t seed;
	int64_t span_ns;                   /* of it that is played; 0: all */
	double slots_busy;                 /* that its mean keeps busy */
	bool keeps_rate;                   /* it is not scaled: slots_busy does not matter */
	const struct scaling_sizes *sizes; /* borrowed by the load */
};

/* Of how many arrived in each of `count` bins of step_ns, NaN where nobody counted.  Counts per
 * second are thinned out or doubled as chance has it.  Of coarser ones the rate goes in straight
 * lines from the middle of one to the next, and moves around that every ten seconds with a
 * coefficient of variation of 0.5.  False with a message. */
bool scaling_load_series(struct scaling_load *load, const double *values, uint32_t count,
	int64_t step_ns, const struct scaling_load_options *options, char *message,
	size_t message_size);

/* How long the load lasts. */
int64_t scaling_load_span_ns(const struct scaling_load *load);

/* Frees the rates. */
void scaling_load_release(struct scaling_load *load);

/* The tasks of a load, one after the other. */
struct scaling_stream {
	const struct scaling_load *load; /* borrowed */
	struct prng arrivals, sizes;
	uint32_t step;
	double place_s; /* in the step */
};

/* Begins at the first task. */
void scaling_stream_init(struct scaling_stream *stream, const struct scaling_load *load);

/* The next task: when it arrives and how long it takes.  False at the end. */
bool scaling_stream_next(struct scaling_stream *stream, int64_t *at_ns, int64_t *work_ns);

#endif

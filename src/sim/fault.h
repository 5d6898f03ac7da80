/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_FAULT_H
#define BAL_SIM_FAULT_H

#include "base/prng.h"
#include "sim/options.h"

/* fault: decides what goes wrong, from a random source of its own. */

enum fault_attempt {
	FAULT_NONE, /* it succeeds */
	FAULT_FAIL,
	FAULT_RETRYABLE,
	FAULT_LOST,
	FAULT_HANG,
	FAULT_BUSY,
	FAULT_DEATH
};

struct fault {
	const struct sim_faults *rates; /* borrowed */
	struct prng prng;
};

/* Begins a seed of its own source of chance; the rates stay the caller's. */
void fault_init(struct fault *fault, const struct sim_faults *rates, uint64_t seed);

/* What becomes of an attempt. */
enum fault_attempt fault_attempt(struct fault *fault);

/* True with this probability. */
bool fault_strikes(struct fault *fault, int64_t ppm);

/* A whole number in [0, bound); 0 when bound is 0. */
uint32_t fault_below(struct fault *fault, uint32_t bound);

/* A part of a time, at least 1 ns. */
int64_t fault_part_ns(struct fault *fault, int64_t whole_ns);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_LOAD_H
#define BAL_SIM_LOAD_H

#include "base/prng.h"
#include "sim/options.h"

/* load: the tasks that arrive, one after the other.  Times, sizes and the rest come from separate
 * random sources: two runs with different sizes see arrivals at the same instants. */

struct load {
	const struct sim_options *options; /* borrowed */
	struct prng times, sizes, details;
	struct prng_sizes lognormal;
	int64_t at_ns;
	int64_t phase_end_ns; /* of the burst or the quiet time */
	bool is_burst;
	uint32_t made;
};

/* One task that arrives. */
struct load_task {
	int64_t at_ns;
	int64_t work_ns; /* true service on an agent of speed 1 */
	uint32_t children;
	struct bal_event_task event; /* id and parent are the host's to set */
};

/* What a child has of its parent. */
struct load_traits {
	uint32_t kind, tenant;
	uint8_t priority; /* enum bal_priority */
	bool is_durable;
};

/* Begins at time 0; options, whose load must be in range, stay the caller's. */
void load_init(struct load *load, const struct sim_options *options);

/* The next arrival; times never go back.  False when a trace is at its end. */
bool load_next(struct load *load, struct load_task *task);

/* What the children of a task will have of it. */
struct load_traits load_traits_of(const struct bal_event_task *event);

/* A child of such a task: its size is drawn, all else is its parent's. */
void load_child(struct load *load, const struct load_traits *parent, struct load_task *child);

#endif

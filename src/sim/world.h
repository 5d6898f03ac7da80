/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_WORLD_H
#define BAL_SIM_WORLD_H

#include "base/prng.h"
#include "sim/options.h"

/* world: the agents of the virtual fleet, alive and gone. */

struct world_agent {
	uint32_t pool;
	uint32_t slots;
	uint64_t ahead; /* the task that waits there for a slot; 0: none */
	uint32_t running;
	double speed;          /* 1: a task takes its own size */
	double slowing;        /* its tasks take so many times as long ... */
	int64_t slow_until_ns; /* ... until then */
	bool is_flaky;
	bool is_alive;
	bool is_ended; /* END was asked for: nothing else happens to it */
};

struct world {
	const struct sim_options *options; /* borrowed */
	struct prng speeds;
	struct world_agent *agents; /* by id; 0 is unused */
	uint32_t agent_count;       /* ids given out */
	uint32_t alive_count;
	uint32_t pool_made[SIM_POOLS_MAX];
};

/* An empty world; stops the program when memory ends. */
void world_init(struct world *world, const struct sim_options *options);
/* Frees the agents. */
void world_release(struct world *world);

/* A new agent of this pool; its id, 0 when SIM_AGENTS_MAX agents were made. */
uint64_t world_add(struct world *world, uint32_t pool);

/* The agent, NULL when it is gone or never was. */
struct world_agent *world_find(const struct world *world, uint64_t agent);

/* An agent that is there is gone from now on. */
void world_remove(struct world *world, uint64_t agent);

/* How long this agent works on a task of this size that begins now and is counted as running. */
int64_t world_service_ns(
	const struct world *world, uint64_t agent, int64_t work_ns, int64_t now_ns);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_PACE_H
#define BAL_SIM_PACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * pace: what finished tasks teach about the speed of agents.  The reference policies know as much
 * as ballast's core does: service over announced size, a mean over about the last 300 services
 * shrunk to a long one, that one to the mean of all agents.
 */
struct pace_mean {
	double value, weight;
};

struct pace {
	struct pace_mean *fast, *slow; /* per agent */
	struct pace_mean all;
	struct pace_mean service_s; /* of all tasks */
	uint32_t agent_count;
};

/* False when there is no memory; release it in either case. */
bool pace_init(struct pace *pace, uint32_t agents);
void pace_release(struct pace *pace);

/* Takes in a task that ended. */
void pace_learn(struct pace *pace, uint32_t agent, int64_t service_ns, int64_t estimate_ns);

/* Expected service over announced size on this agent; before anything is known, 1. */
double pace_slowness(const struct pace *pace, uint32_t agent);

#endif

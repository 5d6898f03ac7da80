/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_SCALING_POLICY_H
#define BAL_SIM_SCALING_POLICY_H

#include "ballast.h"
#include "sim/scaling_load.h"

#include <stddef.h>
#include <stdint.h>

/*
 * scaling_policy: a way to say how many agents a pool should have, as a table of functions;
 * scaling_policies.c lists them all.  The autoscalers that people use are here as their sources
 * define them, with their defaults; those of the core are told to the core, which decides itself.
 */

/* What is turned when a policy is tuned; 0: the policy's default. */
struct scaling_tuning {
	uint32_t target_permille; /* of the slots busy (hpa, kpa); 1000 * tasks waiting (keda) */
	int64_t window_ns;        /* down window (hpa), stable window (kpa), cool-down (keda) */
};

/* What a policy is told before the first look. */
struct scaling_setup {
	struct scaling_tuning tuning;
	uint32_t slots; /* of an agent */
	int64_t boot_ns;
	const struct scaling_load *load; /* for the one that knows the future */
};

/* What a policy sees once a second.  Agents that drain are neither ready nor starting. */
struct scaling_view {
	int64_t now_ns;
	uint32_t ready, starting;
	double busy;      /* slots of ready agents at work, mean of the last second */
	double waiting;   /* tasks without a slot, likewise */
	uint32_t arrived; /* tasks, in this second */
};

struct scaling_policy {
	const char *name;
	const char *source; /* who defines it, and where */
	/* The core decides by this strategy, and the rest is not there; else FIXED. */
	enum bal_strategy strategy;
	size_t state_size; /* zeroed before begin */
	/* False when there is no memory. */
	bool (*begin)(void *state, const struct scaling_setup *setup);
	/* How many agents there should be now, at least 1. */
	uint32_t (*look)(void *state, const struct scaling_view *view);
	/* Frees what the state owns; may be NULL. */
	void (*release)(void *state);
};

/* All policies, place by place from 0: those of the core first, the oracle last; then NULL. */
const struct scaling_policy *scaling_policy_at(uint32_t place);

/* The policy of this name; NULL when there is none. */
const struct scaling_policy *scaling_policy_find(const char *name, size_t size);

/* One module each. */
extern const struct scaling_policy scaling_policy_hpa;
extern const struct scaling_policy scaling_policy_kpa;
extern const struct scaling_policy scaling_policy_keda;
extern const struct scaling_policy scaling_policy_oracle;

/* The smallest whole number that is not less, as long as it is a number of agents. */
uint32_t scaling_ceil(double value);

#endif

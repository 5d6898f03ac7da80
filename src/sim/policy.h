/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_POLICY_H
#define BAL_SIM_POLICY_H

#include "ballast.h"
#include "sim/race.h"

#include <stddef.h>
#include <stdint.h>

/*
 * policy: a way to route tasks, as a table of functions; policies.c lists them all.  Each is what
 * its source defines, not an improvement of it; what several may know (sizes that were announced,
 * speeds that were learned: race->pace) is the same for all that use it.
 */
struct policy_end {
	uint32_t task;
	uint32_t agent;
	uint32_t attempt;
	int64_t service_ns;
};

#define POLICY_SETTINGS_MAX 32

/* What ballast's core is told before the race, besides its defaults. */
struct policy_settings {
	struct {
		enum bal_knob knob;
		int64_t value;
	} knobs[POLICY_SETTINGS_MAX];
	uint32_t knob_count;
};

struct policy {
	const char *name;
	const char *source;  /* who defines it, and where */
	uint32_t agents_max; /* that it can deal with in reasonable time; 0: any number */
	size_t state_size;   /* of race->state, zeroed; 0: none */
	/* Before the first task; may be NULL. */
	void (*begin)(struct race *race, const struct policy_settings *settings);
	/* A task arrives. */
	void (*arrive)(struct race *race, uint32_t task);
	/* A task ended; what was bound to its agent has the slot already.  May be NULL. */
	void (*end)(struct race *race, const struct policy_end *end);
	/* When to be woken; both NULL: never. */
	int64_t (*wake_at_ns)(const struct race *race);
	void (*wake)(struct race *race);
	/* Instead of all the above: does the whole race by itself (tasks that migrate). */
	void (*run)(struct race *race);
	/* Frees what the state owns; may be NULL. */
	void (*release)(struct race *race);
};

/* All policies, ballast first; ends with NULL. */
extern const struct policy *const POLICIES[];

/* The policy of this name; NULL when there is none. */
const struct policy *policy_find(const char *name, size_t size);

/* One module each, or one for a family. */
extern const struct policy policy_ballast;
extern const struct policy policy_central_fcfs;
extern const struct policy policy_srpt;
extern const struct policy policy_random, policy_round_robin, policy_weighted_round_robin;
extern const struct policy policy_peak_ewma, policy_c3;
extern const struct policy policy_prequal;
extern const struct policy policy_join_idle_queue;
extern const struct policy policy_naive_factors;
extern const struct policy policy_least_per_slot, policy_least_in_flight, policy_p2c;

#endif

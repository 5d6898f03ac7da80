/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_PLAN_H
#define BAL_CORE_PLAN_H

#include "core/mix.h"

/*
 * plan: how many agents of which pools a load needs, what stands in the way, and what it costs.
 * Load, in slots that are busy on average, becomes slots by the queueing model (core/erlang.h),
 * slots become agents by what an agent can carry, and agents the cheapest mix.
 */

/* Room that stays free of each resource; source: requirement "Capacity_Manager". A strategy's
 * headroom is not added to it: the larger one counts. */
#define PLAN_CPU_MARGIN     0.20
#define PLAN_MEMORY_MARGIN  0.15
#define PLAN_STORAGE_MARGIN 0.25

#define PLAN_SHARED_MAX 8

/* What is wanted. */
struct plan_need {
	double load;      /* Erlangs, >= 0: the quantile of the forecast that is planned for */
	double service_s; /* mean, > 0 */
	double arrivals_cv2, service_cv2;
	double wait_s;     /* objective: waits up to here are good */
	double late_share; /* and at most this share of waits is longer; in (0, 1) */
	double tail;     /* measured share of late waits over what the model said; 1 = as it said */
	double headroom; /* share of the load, >= 0, that the strategies keep on top */
	bool survive;    /* the loss of any one agent */
};

/* A pool that may serve it. Of an agent and of a busy slot: 0 = not bounded, not known. */
struct plan_pool {
	int64_t price; /* of an agent and hour, >= 0 */
	bool reserved; /* agents_max of them are paid for in any case */
	uint32_t slots;
	uint32_t agents_min, agents_max;
	uint32_t limits; /* that it is under: bit i is shared_slots[i] of the bounds */
	double cpu_millis, memory_mib, storage_mib;                /* of an agent */
	double slot_cpu_millis, slot_memory_mib, slot_storage_mib; /* that a busy slot uses */
};

/* What all pools together may take; 0 = not bounded. */
struct plan_bounds {
	double cpu_millis, memory_mib;
	int64_t price;                        /* of an hour */
	double shared_slots[PLAN_SHARED_MAX]; /* by limits that pools share; >= 0 */
	uint32_t shared_count;
};

/* What keeps a plan from being enough. */
enum plan_ceiling {
	PLAN_CEILING_NONE,
	PLAN_CEILING_POOL,   /* all agents that the pools may have */
	PLAN_CEILING_SHARED, /* limits shared by pools */
	PLAN_CEILING_CPU,    /* of the host */
	PLAN_CEILING_MEMORY,
	PLAN_CEILING_MONEY,
	PLAN_CEILING_COUNT
};

struct plan {
	uint64_t slots; /* that are needed */
	struct mix mix; /* its slots are those that an agent's resources can carry */
	enum plan_ceiling ceiling;
	double busy;      /* share of the planned slots that the load keeps busy; at most 1 */
	double busy_most; /* what could be reached with just the slots needed for the objective */
	double late;      /* share of waits that are expected to be too long; 1 = too little */
};

/* The slots that a load needs: for the objective, or for the headroom, whichever is more. */
uint64_t plan_slots(const struct plan_need *need);

/* The slots of one agent that its resources carry with the margins kept; at least one. */
uint32_t plan_carries(const struct plan_pool *pool, double headroom);

/* Makes a plan over at most MIX_POOLS_MAX pools. Where it does not fit into the bounds, it is the
 * largest one that does; the agents that pools have at least are there in any case. */
void plan_make(const struct plan_need *need, const struct plan_pool *pools, uint32_t count,
	const struct plan_bounds *bounds, struct plan *plan);

#endif

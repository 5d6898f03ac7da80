/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_plan.h - how many agents the load needs, now and later, and what that costs.
 *
 * A part of ballast.h, which includes it. Plans are advice: nothing acts on them.
 */
#ifndef BALLAST_PLAN_H
#define BALLAST_PLAN_H

#include <stdbool.h>
#include <stdint.h>

struct bal_core;

#define BAL_PLAN_POOLS_MAX    32
#define BAL_PLAN_HORIZONS_MAX 8 /* now, then those of forecasts */

/* What keeps a plan from being enough. */
enum bal_ceiling {
	BAL_CEILING_NONE,
	BAL_CEILING_POOL,   /* all agents that the pools may have */
	BAL_CEILING_SHARED, /* limits shared by pools */
	BAL_CEILING_CPU,    /* of the host */
	BAL_CEILING_MEMORY,
	BAL_CEILING_MONEY,
	BAL_CEILING_COUNT
};

/* How the agents of a pool are paid for. */
#define BAL_MARKET_MAP(X)                                                                          \
	X(ON_DEMAND, "on_demand") /* while they are there */                                       \
	X(RESERVED, "reserved")   /* all that the pool may have, whether they are there or not */  \
	X(SPOT, "spot")           /* while they are there; their owner may take them back */
enum bal_market {
#define X(name, text) BAL_MARKET_##name,
	BAL_MARKET_MAP(X)
#undef X
		BAL_MARKET_COUNT
};

/* What a plan is after; source: requirement "Capacity_Manager", optimization objectives. */
#define BAL_PLAN_GOAL_MAP(X)                                                                       \
	X(BALANCED, "balanced")       /* the objective for waits, and the strategies' headroom */  \
	X(COST, "cost")               /* the objective, and nothing beyond it */                   \
	X(PERFORMANCE, "performance") /* a fifth of the late waits that the objective allows */    \
	X(RELIABILITY, "reliability") /* the loss of any one agent, and of all spot ones */
enum bal_plan_goal {
#define X(name, text) BAL_PLAN_GOAL_##name,
	BAL_PLAN_GOAL_MAP(X)
#undef X
		BAL_PLAN_GOAL_COUNT
};

/* What whoever asks wants. */
struct bal_plan_wish {
	uint32_t goal;                  /* enum bal_plan_goal */
	bool survive;                   /* the loss of any one agent, whatever the goal is */
	int64_t budget_microcents_hour; /* 0 = not bounded */
};

struct bal_plan_part {
	uint32_t pool;
	uint32_t agents;      /* that are there or coming */
	uint32_t agents_plan; /* that should be */
};

/* The plan of pools that serve the same kinds, directly or by a pool between them; it takes each
 * of them for able to serve any of these kinds. */
struct bal_plan {
	int64_t ahead_ns;
	bool forecast;     /* the load is a forecast's 95 % quantile; else the present one */
	double confidence; /* of the least sure forecast in it */
	double load;       /* slots that are busy on average */
	double service_s;  /* mean of a task */
	uint64_t slots;    /* needed to keep the objective for waits */
	uint64_t slots_plan;
	enum bal_ceiling ceiling;
	double busy;      /* share of the planned slots that is busy; at most 1 */
	double busy_most; /* the most that the objective allows */
	double late;      /* share of waits that are expected to be too long */
	int64_t price_microcents_hour;
	uint32_t part_count;
	struct bal_plan_part parts[BAL_PLAN_POOLS_MAX];
};

/* The plan of the pools of which `pool` is the first, at a horizon, 0 = now. False when it is not
 * the first of any, or there is no such pool or horizon. */
bool bal_plan(const struct bal_core *core, uint32_t pool, uint32_t horizon,
	const struct bal_plan_wish *wish, struct bal_plan *plan);

/* Stable words; "?" outside the range. */
const char *bal_market_name(enum bal_market market);
const char *bal_plan_goal_name(enum bal_plan_goal goal);
const char *bal_ceiling_name(enum bal_ceiling ceiling);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_STRATEGY_PREDICTIVE_H
#define BAL_CORE_STRATEGY_PREDICTIVE_H

#include "core/pace.h"
#include "core/strategy.h"

/*
 * predictive: enough slots for what will be asked for when an agent that is ordered now works: the
 * level of the load, moved on by the forecast. It knows how far the load of such a lead went beyond
 * what was expected of it (its own record), and takes the quantile that it is set to, or what the
 * queueing model wants, whichever is more.
 */
#define PREDICTIVE_LEADS_MAX   60 /* bins of 10 s: a boot of 10 min */
#define PREDICTIVE_RATIOS      64
#define PREDICTIVE_HOLD_MAX_NS (15 * INT64_C(60000000000))
#define PREDICTIVE_WISHES      90

struct predictive_setting {
	double quantile; /* of load over expected load, in (0, 1) */
	int64_t hold_ns; /* how long a wish is remembered before agents go */
};

/* What the queueing model said, and of what. */
struct predictive_model {
	double load, service_s, wait_s, late_share;
	double slots; /* 0: never asked */
};

struct predictive_memory {
	int64_t bin;          /* number of the open one */
	uint32_t looks;       /* in it */
	bool sudden;          /* the load was another one in it from one moment to the next */
	double sum;           /* of the load that they saw */
	struct pace pace;     /* of the load */
	double weight;        /* of all ratios */
	uint32_t wish_most;   /* in the open bin */
	uint32_t direction;   /* of the last change: 0 none yet, 1 up, 2 down */
	int64_t turned_at_ns; /* when it became that */
	struct predictive_model model;
	double ratios[PREDICTIVE_RATIOS];
	double expected[PREDICTIVE_LEADS_MAX]; /* by bin: what was expected one boot later */
	uint32_t wishes[PREDICTIVE_WISHES];    /* by bin */
};

/* What a pool gets that says no more than `predictive`. */
extern const struct predictive_setting PREDICTIVE_STANDARD;

/* One look. */
struct strategy_wish predictive_look(const struct predictive_setting *setting,
	struct predictive_memory *memory, const struct strategy_view *view);

/* True when a memory that was read from bytes can be gone on with. */
bool predictive_valid(const struct predictive_memory *memory);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_STRATEGY_H
#define BAL_CORE_STRATEGY_H

#include "ballast.h"

/*
 * strategy: how many agents a pool should have, seen one look at a time. A strategy is a pure
 * function of what it sees, its settings and its own memory, so that the same code decides in a
 * running core and in the replay of a day (core/replay.h). Counts of tasks are doubles, since
 * means are among them.
 */

/* A pool as a look sees it. */
struct strategy_view {
	int64_t now_ns;
	double since_s;        /* the last look, > 0 */
	uint32_t agents;       /* there or coming; draining ones are not */
	uint32_t agents_ready; /* that take tasks */
	uint32_t slots;        /* of one agent, > 0 */
	uint32_t slots_ready;
	uint32_t slots_coming; /* these and those of agents that are ordered or boot */
	uint32_t agents_min, agents_max;
	double busy;    /* slots taken; second attempts excepted */
	double waiting; /* tasks, batch excepted unless the pool counts it */
	double waiting_batch;
	double oldest_wait_s; /* of tasks that wait, batch excepted */
	double offered;       /* slots that would be busy if there were always enough */
	double service_s;     /* mean of a task, > 0 */
	double boot_s;        /* from an order to an agent that works */
	double growth; /* load one boot ahead over the present one, by forecast; 1 = not known */
	double drift;  /* relative change of the load per second, by forecast; 0 = not known */
	double wait_s; /* objective: waits up to here are good */
	double late_share; /* and at most this share of waits may be longer */
	bool order_open;
	bool paused_out, paused_in;
	bool backoff; /* agents failed to start */
};

/* What a strategy wants. */
struct strategy_wish {
	uint32_t agents;        /* that there should be: those there are, when it wants no change */
	enum bal_reason reason; /* of the change, or why there is none */
	uint32_t threshold_permille;
	int64_t since_ns; /* since when; BAL_NEVER_NS = just now */
};

/* Part of whole in permille, rounded down; 0 when there is no part, UINT32_MAX when there is no
 * whole. */
uint32_t strategy_permille(double part, double whole);

/* The wish for no change. */
struct strategy_wish strategy_hold(const struct strategy_view *view, enum bal_reason reason);

/* The wish for `agents`, within the pool's minimum and maximum: up for one reason, down for the
 * other. */
struct strategy_wish strategy_want(const struct strategy_view *view, double agents,
	enum bal_reason up, enum bal_reason down, uint32_t threshold_permille);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_views.h - what tasks, agents and pools are like at this moment.
 *
 * A part of ballast.h, which includes it.
 */
#ifndef BALLAST_VIEWS_H
#define BALLAST_VIEWS_H

struct bal_task_view {
	enum bal_task_state state;
	enum bal_reason reason; /* of the last turn in its life */
	uint32_t attempt;
	uint64_t agent;
	uint32_t hedge_attempt; /* runs beside it; 0 = none */
	uint64_t hedge_agent;
	int64_t submitted_at_ns;
	int64_t dispatched_at_ns;
	int64_t not_before_ns;
	int64_t until_ns;
};

struct bal_agent_view {
	uint64_t agent;
	uint32_t pool;
	enum bal_agent_state state;
	uint32_t slots;
	uint32_t running;
	int64_t up_at_ns;
	uint64_t finished_count;
	uint64_t failed_count;
	int64_t busy_ns;                            /* slot time spent on tasks since it came up */
	int64_t signals[BAL_SIGNAL_DECISION_COUNT]; /* last samples; -1 = nobody reported it */
};

struct bal_pool_view {
	bool exists;
	uint32_t agents[BAL_AGENT_STATE_COUNT];
	uint32_t ordered; /* asked for, not yet seen */
	uint32_t slots_ready;
	uint32_t running;
	uint32_t waiting;
	uint32_t load_permille; /* (running + waiting) / slots of ready, starting and ordered */
	int64_t oldest_wait_ns;
	int64_t service_ns; /* mean, decayed */
	bool paused_dispatch, paused_scale_out, paused_scale_in;
	enum bal_reason hold; /* why it does not scale right now */
	uint64_t order_last;
};

struct bal_totals {
	uint32_t tasks; /* live */
	uint32_t states[BAL_TASK_STATE_COUNT];
	uint32_t waiting[BAL_PRIORITY_COUNT];
	uint64_t submitted_count, succeeded_count, failed_count, dead_count, cancelled_count;
	uint64_t expired_count, refused_count, retried_count, stale_count;
	uint64_t dispatched_count, orders_up_count, orders_down_count;
	uint64_t hedged_count, hedges_won_count; /* second attempts, and those that were faster */
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_STRATEGY_STEPS_H
#define BAL_CORE_STRATEGY_STEPS_H

#include "core/strategy.h"

/*
 * steps: conservative and aggressive as the requirement words them: a threshold that is crossed for
 * so long adds or removes a step, with separate cool-downs, up to a multiple of the baseline.
 */
struct steps_setting {
	bool aggressive; /* +50 % and -25 %, 5 times baseline; else one at a time, 3 times */
	uint32_t agents_baseline;
	struct bal_scale_rule up, down;
	uint32_t queue_deep; /* tasks waiting; 0 = never */
	int64_t slow_for_ns; /* how long waits may be twice the objective */
};

/* Since when conditions hold; BAL_NEVER_NS: they do not. */
struct steps_memory {
	int64_t above_since_ns;
	int64_t deep_since_ns;
	int64_t slow_since_ns;
	int64_t below_since_ns;
	int64_t up_ended_at_ns; /* when the last order up ended */
	int64_t down_ended_at_ns;
};

/* Nothing holds, no order was ever given. */
void steps_begin(struct steps_memory *memory);

/* Sustain times start again: an order has ended, or the process stood still. */
void steps_restart(struct steps_memory *memory);

/* One look. The load on the way up is busy slots and waiting tasks over the slots of all agents
 * that are there or coming; on the way down busy slots over those that are ready, while nothing
 * waits. */
struct strategy_wish steps_look(const struct steps_setting *setting, struct steps_memory *memory,
	const struct strategy_view *view);

/* Agents that a step up adds; and the most that the strategy has. */
uint32_t steps_up(bool aggressive, uint32_t agents);
uint32_t steps_cap(bool aggressive, uint32_t agents_baseline, uint32_t agents_max);

/* Keeps since when a condition holds. */
void steps_track(int64_t *since_ns, bool holds, int64_t now_ns);

#endif

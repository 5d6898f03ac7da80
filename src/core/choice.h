/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_CHOICE_H
#define BAL_CORE_CHOICE_H

#include "core/limit.h"
#include "core/score.h"

/* The choice of an agent for a task: of all idle agents that have what it needs and that no
 * constraint rules out, the smallest composite wins; at a tie the lower rate, the lower pool, the
 * lower seat. */

#define CHOICE_RANKED_MAX (1 + BAL_LOSERS_MAX)

struct choice_entry {
	struct agent *agent;
	struct shelf *shelf; /* where it was found; NULL: it was looked at by itself */
	int64_t composite_ns;
	float rate;               /* weighted seconds per second of size, see score_rate */
	float slow;               /* expected seconds of service per second of size */
	enum bal_reason violated; /* NONE: it may take the task */
};

struct choice {
	struct score_basis basis;
	struct choice_entry ranked[CHOICE_RANKED_MAX]; /* best first */
	uint32_t ranked_count;
	struct choice_entry ruled_out[BAL_VIOLATIONS_MAX]; /* better than the winner; best first */
	uint32_t ruled_out_count;
	uint32_t free_count; /* idle agents that have what it needs */
	bool winner_only;    /* nobody else is ranked yet */
};

/* True when nothing but a lack of idle agents keeps attempts from starting in this pool: it
 * dispatches, and no shared limit stands in the way. */
static inline bool pool_dispatches(const struct bal_core *core, const struct pool *pool)
{
	uint32_t blocking;

	return !pool->paused_dispatch && (!pool->is_limited || limits_allow(core, pool, &blocking));
}

/* True when attempts may start in this pool now. */
static inline bool pool_open(const struct bal_core *core, const struct pool *pool)
{
	return pool->idle_count > 0 && pool_dispatches(core, pool);
}

/* What rules the agent out for this task although its pool is capable; NONE when nothing does. */
enum bal_reason choice_constraint(
	const struct bal_core *core, const struct task *task, const struct agent *agent);

/* Makes the shelves of the pools that could take the task, so that the next choice is fast. */
void choice_prepare(struct bal_core *core, const struct task *task);

/* Looks for the winner: ranked[0], if ranked_count > 0. */
void choose(const struct bal_core *core, const struct task *task, struct choice *choice);

/* Completes the ranking of that choice, for an explanation, before anything else happens. */
void choose_losers(const struct bal_core *core, struct choice *choice);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_CHOICE_H
#define BAL_CORE_CHOICE_H

#include "core/score.h"

/* The choice of an agent for a task: all idle agents that have what it needs are scored, those that
 * a constraint rules out are put aside, the smallest composite wins, the lower id at a tie. */

#define CHOICE_RANKED_MAX (1 + BAL_LOSERS_MAX)

struct choice_entry {
	const struct agent *agent;
	struct score score;
	enum bal_reason violated; /* NONE: it may take the task */
};

struct choice {
	struct score_basis basis;
	struct choice_entry ranked[CHOICE_RANKED_MAX]; /* best first */
	uint32_t ranked_count;
	struct choice_entry ruled_out[BAL_VIOLATIONS_MAX]; /* best first */
	uint32_t ruled_out_count;
	uint32_t free_count; /* idle agents that have what it needs */
	struct score best;   /* least absolute performance and efficiency seen */
};

/* True when attempts may start in this pool now: it dispatches, has an idle agent, and no shared
 * limit stands in the way. */
bool pool_open(const struct bal_core *core, const struct pool *pool);

/* What rules the agent out for this task although its pool is capable; NONE when nothing does. */
enum bal_reason choice_constraint(
	const struct bal_core *core, const struct task *task, const struct agent *agent);

/* Looks at all candidates.  The winner is ranked[0], if ranked_count > 0. */
void choose(const struct bal_core *core, const struct task *task, struct choice *choice);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_EXPLAIN_H
#define BAL_CORE_EXPLAIN_H

#include "core/choice.h"

/* Remembers decisions about tasks, the last limits.explanations_max of them. */

/* The task goes to choice->ranked[0]. */
void explain_routed(struct bal_core *core, const struct task *task, struct choice *choice);

/* A second attempt of the task goes to choice->ranked[0] while the first runs; what it waited is
 * how long that has run. */
void explain_hedged(struct bal_core *core, const struct task *task, struct choice *choice);

/* The task is sent ahead to this agent. */
void explain_ahead(struct bal_core *core, const struct task *task, const struct agent *agent);

/* The task runs on the slot that an ancestor holds on this agent. */
void explain_lent(struct bal_core *core, const struct task *task, const struct agent *agent,
	const struct task *lender);

/* A submission is refused; returns the record to be completed. */
struct bal_why *explain_refused(
	struct bal_core *core, uint64_t task, enum bal_reason reason, int64_t wait_ns);

/* Agents that have what the lane needs, up or not. */
uint32_t explain_capable(const struct bal_core *core, const struct lane *lane);

/* How long a new task of this class would wait, as far as the core knows: work ahead of it over
 * the slots that serve it.  -1 when no slot is up or ordered. */
int64_t explain_wait_ns(
	const struct bal_core *core, const struct lane *lane, uint32_t kind, uint32_t priority);

/* Fills in the pools nearest to needs that none can meet. */
void explain_nearest(
	const struct bal_core *core, const struct bal_needs *needs, struct bal_why *why);

#endif

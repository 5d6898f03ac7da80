/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SIGHT_H
#define BAL_CORE_SIGHT_H

#include "core/state.h"

/*
 * sight: what the triggers of table/triggers.h see of a pool, from what the core knows of the kinds
 * that it serves, and what follows for the wish of its strategy. Looks every ten seconds. What is
 * not known, because nobody tells or nothing happens, is no trigger.
 */

/* The wish of the pool's strategy, or that of a trigger where the strategy has none for more: load
 * goes before all triggers, and these before fewer agents. */
struct strategy_wish sight_consult(struct bal_core *core, struct pool *pool,
	const struct strategy_view *view, struct strategy_wish wish);

/* Adds to an order's explanation what its trigger saw, when its reason is one. */
void sight_explain(const struct pool *pool, struct bal_why *why);

/* The offset of the wall clock is about to be this; and true for an hour after it was set by more
 * than a minute: what was learned of days and hours may be of others. */
void sight_clock(struct bal_core *core, int64_t utc_offset_ns);
bool sight_clock_is_new(const struct bal_core *core);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_TIMER_H
#define BAL_CORE_TIMER_H

#include "core/state.h"

/* Pending instants.  Each task, agent and pool owns one timer; when it is due, its owner's module
 * looks at the owner's state to see what that means. */

/* Wakes the owner at `at_ns`, or never with BAL_NEVER_NS; replaces what was set before.  `id` makes
 * the order of equal instants total: the owner's id or number. */
void timer_set(struct bal_core *core, struct timer *timer, uint64_t id, int64_t at_ns);

/* Takes the timer out; harmless when it is not set. */
static inline void timer_clear(struct bal_core *core, struct timer *timer)
{
	if (heap_holds(&timer->node))
		heap_remove(&core->timers, &timer->node);
}

/* Takes out and returns the first timer due at core->now_ns, NULL when none is. */
struct timer *timer_take_due(struct bal_core *core);

/* The earliest instant set, BAL_NEVER_NS when there is none. */
int64_t timer_next_ns(const struct bal_core *core);

#endif

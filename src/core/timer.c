/* SPDX-License-Identifier: Apache-2.0 */
/* One heap for all instants.  The tie of a node is (owner, id), so two things due at the same
 * nanosecond always come in the same order. */
#include "core/timer.h"

#include "base/assert.h"

#define OWNER_SHIFT 62

void timer_set(struct bal_core *core, struct timer *timer, uint64_t id, int64_t at_ns)
{
	bal_assert(id >> OWNER_SHIFT == 0);
	if (at_ns == BAL_NEVER_NS) {
		timer_clear(core, timer);
		return;
	}
	heap_update(&core->timers, &timer->node, at_ns, (uint64_t)timer->owner << OWNER_SHIFT | id);
}

struct timer *timer_take_due(struct bal_core *core)
{
	struct heap_node *first = heap_first(&core->timers);

	if (first == NULL || first->key > core->now_ns)
		return NULL;
	heap_remove(&core->timers, first);
	return container_of(first, struct timer, node);
}

int64_t timer_next_ns(const struct bal_core *core)
{
	const struct heap_node *first = heap_first(&core->timers);

	return first == NULL ? BAL_NEVER_NS : first->key;
}

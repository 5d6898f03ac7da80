/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_INTENT_H
#define BAL_CORE_INTENT_H

#include "core/state.h"

/*
 * intent: orders that wait for an instant or for a condition, which is looked at once a second.
 * When it has come the order is checked and given, or skipped with a reason; either way it is
 * remembered among the orders. Asked for twice with the same key it is one.
 */
struct intent_book {
	uint32_t sequence; /* of the next one */
	uint32_t count;
	struct bal_held items[BAL_HELD_MAX]; /* id 0: the place is free */
};

/* Takes an order: gives it at once, holds it, or does nothing when its key is known. INVALID,
 * UNKNOWN or INFEASIBLE: there is no such thing or pool; CONFLICT: the key stands for another one;
 * FULL: too many are held. */
enum bal_status intent_take(struct bal_core *core, const struct bal_event_order *order);

/* Holds an order of the core's own, which tries again what `about` did not get; false when there
 * is no room. */
bool intent_retry(struct bal_core *core, const struct order *about, int64_t at_ns);

/* Takes a held order back. UNKNOWN: it is not held. */
enum bal_status intent_cancel(struct bal_core *core, uint64_t id);

/* One look at a pool: gives what its conditions let go. */
void intent_look(struct bal_core *core, const struct pool *pool);

/* When the next instant or expiry comes; BAL_NEVER_NS: none does. And what is due. */
int64_t intent_next_ns(const struct bal_core *core);
void intent_run(struct bal_core *core);

/* True when the event, or one read from bytes, is in range. */
bool intent_valid(const struct bal_core *core, const struct bal_event_order *order);

#endif

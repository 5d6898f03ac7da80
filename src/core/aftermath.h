/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_AFTERMATH_H
#define BAL_CORE_AFTERMATH_H

#include "core/state.h"

/*
 * aftermath: what comes of an order. Once it is done it is watched for five minutes (knob
 * ORDER_WATCH), any number of orders at a time and without anybody waiting for it; then it is
 * judged, and undone when it did harm or, of orders for more, no good. A strategy's orders in a
 * direction that was undone are held for a while, so that nothing goes to and fro.
 */

/* The order is given: what its pool was like before, and what its price is to become. */
void aftermath_given(struct bal_core *core, struct order *order);

/* Every agent came or failed, or nothing had to come: its watch begins. */
void aftermath_done(struct bal_core *core, struct order *order);

/* Its place in the table is needed: nobody watches it any more. */
void aftermath_forget(struct bal_core *core, struct order *order);

/* When the next verdict is due; BAL_NEVER_NS: nothing is watched. */
int64_t aftermath_next_ns(const struct bal_core *core);

/* Judges what is due, as far as the outbox has room. */
void aftermath_run(struct bal_core *core);

/* True when a strategy's orders in this direction are held, since one of them was undone. A load a
 * quarter larger than at that time ends a hold on orders for more. */
bool aftermath_holds(const struct bal_core *core, const struct pool *pool, bool is_up);

/* Links the orders of a state that was read. */
void aftermath_restore(struct bal_core *core);

/* The name of the first invariant that is broken; NULL when all hold. */
const char *aftermath_check(const struct bal_core *core);

#endif

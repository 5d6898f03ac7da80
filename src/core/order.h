/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_ORDER_H
#define BAL_CORE_ORDER_H

#include "core/state.h"

/* Scaling orders: what was asked of a provider, why, and what became of it.  The last
 * limits.orders_max of them are remembered.  Their ids have the top bit set, then the epoch, so
 * that they never equal a task's or agent's id nor one of an earlier start. */

/* Makes an order for a pool; the explanation is filled in with what the pool looks like now. */
struct order *order_new(struct bal_core *core, uint32_t pool, enum bal_reason reason);

/* Makes the record of one that is not carried out, for a reason: nothing waits for it, and it is
 * not the pool's last. */
struct order *order_note(struct bal_core *core, uint32_t pool, enum bal_reason reason,
	enum bal_order_state state, enum bal_reason remark);

/* The order with this id, NULL when it is not remembered. */
struct order *order_find(const struct bal_core *core, uint64_t id);

/* An agent of this order came up; became ready; or will never come or be ready.  Harmless for an
 * order that is not remembered. */
void order_seen(struct bal_core *core, uint64_t id);
void order_done(struct bal_core *core, uint64_t id, uint32_t count);

/* Likewise for this agent, which is ready or never will be for its order; counts it once. */
void order_agent_done(struct bal_core *core, struct agent *agent);

/* Likewise for one that is drained before it is ready, which is no failure. */
void order_agent_off(struct bal_core *core, struct agent *agent);

/* Likewise for one that is ready: how long that took is learned. */
void order_agent_ready(struct bal_core *core, struct agent *agent);

/* It has ended now: nothing has to come for it, or nothing will. */
void order_end(struct bal_core *core, struct order *order);

/* The provider is through with it: agents that it did not start will not come. */
void order_closed(struct bal_core *core, uint64_t id);

#endif

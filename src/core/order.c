/* SPDX-License-Identifier: Apache-2.0 */
/* An order up ends when every agent that it asked for is ready or has failed; until then the pool
 * counts what it asked for as capacity and asks for nothing more.  An order down is done when it is
 * given: draining takes as long as it takes. */
#include "core/order.h"

#include "base/assert.h"
#include "base/units.h"
#include "core/learn.h"

#define ORDER_BIT (UINT64_C(1) << 63)
#define BOOT_SPAN 16 /* boots that the mean of their time remembers */

struct order *order_find(const struct bal_core *core, uint64_t id)
{
	struct order *order;

	if ((id & ORDER_BIT) == 0 || core->order_count == 0)
		return NULL;
	order = &core->orders[(uint32_t)id % core->limits.orders_max];
	return order->id == id ? order : NULL;
}

/* Every agent asked for is ready or failed: sustain times start again, and the cool-down. */
static void end_order(struct bal_core *core, struct order *order)
{
	struct pool *pool = &core->pools[order->why.pool];

	order->ended = true;
	if (pool->order_open != order->id)
		return;
	pool->order_open = 0;
	pool->steps.up_ended_at_ns = core->now_ns;
	steps_restart(&pool->steps);
	pool->overload_since_ns = BAL_NEVER_NS;
}

/* The place of an order is needed for a new one.  If it has not ended its pool would wait for it
 * for ever: agents that it still misses no longer count as coming. */
static void forget_order(struct bal_core *core, struct order *order)
{
	if (order->id == 0 || order->ended)
		return;
	core->pools[order->why.pool].ordered -= order->wanted - order->seen;
	end_order(core, order);
}

struct order *order_new(struct bal_core *core, uint32_t number, enum bal_reason reason)
{
	struct pool *pool = &core->pools[number];
	uint32_t sequence = core->order_count++;
	struct order *order = &core->orders[sequence % core->limits.orders_max];

	forget_order(core, order);
	*order = (struct order){
		.id = ORDER_BIT | (uint64_t)(core->epoch & INT32_MAX) << 32 | sequence};
	order->why = (struct bal_why){.kind = BAL_WHY_SCALED,
		.reason = reason,
		.id = order->id,
		.at_ns = core->now_ns,
		.limit = BAL_NONE,
		.pool = number};
	order->why.queued = pool->waiting;
	pool->order_last = order->id;
	return order;
}

void order_seen(struct bal_core *core, uint64_t id)
{
	struct order *order = order_find(core, id);

	if (order == NULL || order->seen >= order->wanted || order->ended)
		return;
	order->seen++;
	bal_assert(core->pools[order->why.pool].ordered > 0);
	core->pools[order->why.pool].ordered--;
}

void order_done(struct bal_core *core, uint64_t id, uint32_t count)
{
	struct order *order = order_find(core, id);

	if (order == NULL || order->ended)
		return;
	order->done += count;
	if (order->done >= order->wanted)
		end_order(core, order);
}

void order_agent_ready(struct bal_core *core, struct agent *agent)
{
	struct order *order = order_find(core, agent->order);
	double boot_s;

	if (order != NULL && core->now_ns >= order->why.at_ns) {
		boot_s = (double)(core->now_ns - order->why.at_ns) / (double)NS_PER_S;
		mean_add(&core->pools[agent->pool].boot_s, boot_s, BOOT_SPAN);
	}
	order_agent_done(core, agent);
}

void order_agent_done(struct bal_core *core, struct agent *agent)
{
	order_done(core, agent->order, 1);
	agent->order = 0;
}

void order_closed(struct bal_core *core, uint64_t id)
{
	struct order *order = order_find(core, id);
	uint32_t missing;

	if (order == NULL || order->ended)
		return;
	missing = order->wanted - order->seen;
	core->pools[order->why.pool].ordered -= missing;
	order->seen = order->wanted;
	order_done(core, id, missing);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* An order up ends when every agent that it asked for is ready or has failed; until then the pool
 * counts what it asked for as capacity and asks for nothing more.  An order down is done when it is
 * given: draining takes as long as it takes.  What comes of either is core/aftermath's. */
#include "core/order.h"

#include "base/assert.h"
#include "base/units.h"
#include "core/aftermath.h"
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
	aftermath_done(core, order);
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
	if (order->id != 0 && !order->ended) {
		core->pools[order->why.pool].ordered -= order->wanted - order->seen;
		end_order(core, order);
	}
	aftermath_forget(core, order);
}

struct order *order_new(struct bal_core *core, uint32_t number, enum bal_reason reason)
{
	struct pool *pool = &core->pools[number];
	uint32_t sequence = core->order_count++;
	struct order *order = &core->orders[sequence % core->limits.orders_max];

	forget_order(core, order);
	*order = (struct order){
		.id = ORDER_BIT | (uint64_t)(core->epoch & INT32_MAX) << 32 | sequence,
		.state = BAL_ORDER_IS_WORKING,
		.done_at_ns = BAL_NEVER_NS,
		.judge_at_ns = BAL_NEVER_NS};
	order->why = (struct bal_why){.kind = BAL_WHY_SCALED,
		.reason = reason,
		.id = order->id,
		.at_ns = core->now_ns,
		.limit = BAL_NONE,
		.pool = number,
		.about = BAL_NONE};
	order->why.queued = pool->waiting;
	pool->order_last = order->id;
	return order;
}

struct order *order_note(struct bal_core *core, uint32_t number, enum bal_reason reason,
	enum bal_order_state state, enum bal_reason remark)
{
	uint64_t last = core->pools[number].order_last;
	struct order *order = order_new(core, number, reason);

	order->ended = true;
	order->state = state;
	order->remark = remark;
	order->done_at_ns = core->now_ns;
	core->pools[number].order_last = last;
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

void order_end(struct bal_core *core, struct order *order)
{
	bal_assert(!order->ended);
	end_order(core, order);
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
	if (order != NULL && !order->ended)
		order->came++;
	order_agent_done(core, agent);
}

void order_agent_off(struct bal_core *core, struct agent *agent)
{
	struct order *order = order_find(core, agent->order);

	if (order != NULL && order->off < order->wanted)
		order->off++;
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

/* ---- views ---- */

static void fill(const struct order *order, struct bal_order *view)
{
	*view = (struct bal_order){.id = order->id,
		.about = order->about,
		.answer = order->answer,
		.held = order->held,
		.timing = (enum bal_timing)order->timing,
		.pool = order->why.pool,
		.type = (enum bal_order_type)order->change,
		.state = (enum bal_order_state)order->state,
		.verdict = (enum bal_verdict)order->verdict,
		.reason = order->why.reason,
		.remark = order->remark,
		.agents_before = order->why.agents_before,
		.agents_after = order->why.agents_after,
		.asked = order->wanted,
		.came = order->came,
		.given_at_ns = order->why.at_ns,
		.done_at_ns = order->done_at_ns,
		.judged_at_ns = order->judge_at_ns,
		.before = order->before,
		.after = order->after,
		.price_predicted_microcents_hour = order->price_predicted_microcents_hour,
		.price_achieved_microcents_hour =
			order->after.price_microcents_hour - order->before.price_microcents_hour};
}

bool bal_order_past(const struct bal_core *core, uint32_t back, struct bal_order *order)
{
	const struct order *found;
	uint32_t sequence = core->order_count - 1 - back;

	if (back >= core->order_count || back >= core->limits.orders_max)
		return false;
	found = &core->orders[sequence % core->limits.orders_max];
	if (found->id == 0 || (uint32_t)found->id != sequence)
		return false;
	fill(found, order);
	return true;
}

bool bal_order_find(const struct bal_core *core, uint64_t id, struct bal_order *order)
{
	const struct order *found = order_find(core, id);

	/* One that was held is asked for by the id that it had then. */
	for (uint32_t i = 0; i < core->limits.orders_max && found == NULL && id != 0; i++)
		if (core->orders[i].held == id)
			found = &core->orders[i];
	if (found != NULL)
		fill(found, order);
	return found != NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* An agent is replaced in three steps: a new one is ordered and comes up; the old one drains, so
 * that its tasks finish or are handed back; it ends. One at a time in a pool. Where budgets have no
 * room for both, the old one goes first when others can take its work, and the pool's own scaling
 * brings the new one: no task is lost either way, some wait longer. */
#include "core/resize_state.h"

#include "base/units.h"
#include "core/aftermath.h"
#include "core/agent.h"
#include "core/drain.h"
#include "core/order.h"
#include "core/outbox.h"
#include "core/scale.h"

static struct replacement *replacement_of(const struct bal_core *core, const struct pool *pool)
{
	return &core->resizes->pools[pool->conf.pool].replacement;
}

bool resize_is_replacing(const struct bal_core *core, const struct pool *pool)
{
	return replacement_of(core, pool)->agent != 0;
}

uint32_t resize_surplus(const struct bal_core *core, const struct pool *pool)
{
	const struct replacement *replacement = replacement_of(core, pool);

	return replacement->agent != 0 && !replacement->draining;
}

static bool has_room(const struct bal_core *core, const struct pool *pool)
{
	struct resize_room room = resize_room(core, pool);

	return room.cpu_millis >= pool->conf.cpu_millis && room.memory_mib >= pool->conf.memory_mib;
}

/* Somebody may want it drained already, or scaling may take it back: neither any more. */
static void drain_old(struct bal_core *core, struct agent *agent, struct replacement *replacement)
{
	agent->drain_kept = true;
	replacement->draining = true;
	drain_start(core, agent, replacement->order);
}

static void order_new_one(struct bal_core *core, struct pool *pool, struct order *order)
{
	struct bal_effect *effect = outbox_add(core, BAL_EFFECT_SCALE);

	order->wanted = 1;
	pool->ordered++;
	effect->order = order->id;
	effect->pool = pool->conf.pool;
	effect->count = 1;
	effect->reason = BAL_REASON_RESTART_LEAK;
}

enum bal_reason replace_begin(struct bal_core *core, struct pool *pool, struct agent *agent,
	const struct vertical_wish *wish)
{
	struct resize_pool *part = &core->resizes->pools[pool->conf.pool];
	struct replacement *replacement = &part->replacement;
	struct order *order;

	if (replacement->agent != 0)
		return BAL_REASON_HOLD_REPLACING;
	if (core->now_ns < part->replace_after_ns)
		return BAL_REASON_HOLD_COOLDOWN;
	if (core->now_ns < pool->backoff_until_ns)
		return BAL_REASON_HOLD_BACKOFF;
	if (pool->paused_scale_in)
		return BAL_REASON_HOLD_PAUSED;
	order = order_new(core, pool->conf.pool, wish->reason);
	resize_keep(core, agent, wish, order);
	order->why.agents_before = scale_agents(pool);
	order->why.agents_after = order->why.agents_before;
	order->why.load_permille = scale_load_permille(pool);
	order->why.victim = agent->id;
	order->why.victim_left_ns = drain_left_ns(core, agent);
	order->change = BAL_ORDER_RESOURCES;
	aftermath_given(core, order);
	*replacement = (struct replacement){
		.agent = agent->id, .order = order->id, .begun_at_ns = core->now_ns};
	if (has_room(core, pool))
		order_new_one(core, pool, order);
	else
		drain_old(core, agent, replacement);
	return BAL_REASON_NONE;
}

/* An agent that works and came up since. */
static bool has_come(const struct pool *pool, const struct replacement *replacement)
{
	for (const struct list_node *node = pool->agents.first; node != NULL;
		node = list_next(node)) {
		const struct agent *agent = container_of(node, struct agent, pool_node);

		if (agent->id != replacement->agent &&
			agent->up_at_ns >= replacement->begun_at_ns &&
			(agent->state == BAL_AGENT_READY || agent->state == BAL_AGENT_WARMING))
			return true;
	}
	return false;
}

static void end_replacement(struct bal_core *core, struct pool *pool, enum bal_status status)
{
	struct resize_pool *part = &core->resizes->pools[pool->conf.pool];

	resize_close(core, part->replacement.order, status);
	part->replacement = (struct replacement){0};
	part->replace_after_ns = core->now_ns + knob(core, BAL_KNOB_VERTICAL_COOLDOWN);
}

void replace_look(struct bal_core *core, struct pool *pool)
{
	struct replacement *replacement = replacement_of(core, pool);
	const struct order *order = order_find(core, replacement->order);
	struct agent *old;

	if (replacement->agent == 0)
		return;
	old = agent_find(core, replacement->agent);
	if (old == NULL || (replacement->draining && old->state != BAL_AGENT_DRAINING)) {
		/* Gone as it should, or before its time; or somebody took it back. */
		end_replacement(core, pool, old == NULL ? BAL_OK : BAL_CONFLICT);
		return;
	}
	if (replacement->draining || (order != NULL && !order->ended))
		return;
	if (has_come(pool, replacement))
		drain_old(core, old, replacement);
	else
		end_replacement(core, pool, BAL_UNAVAILABLE);
}

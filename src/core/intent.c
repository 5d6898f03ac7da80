/* SPDX-License-Identifier: Apache-2.0 */
/* A few dozen places, walked whole: conditions are looked at with their pool, once a second, and
 * only while there are some. An order is checked when its time has come and not before, since what
 * speaks against it may be over by then.
 *
 * Ids have the bit of orders and the one below it, so that a held order and the order that comes of
 * it differ; the later one knows the earlier. */
#include "core/intent.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/order.h"
#include "core/outbox.h"
#include "core/scale.h"

#define HELD_BITS   (UINT64_C(3) << 62)
#define RETRIES_MAX 6
#define EPOCH_MASK  (INT32_MAX / 2)

/* ---- what is asked for ---- */

bool intent_valid(const struct bal_core *core, const struct bal_event_order *order)
{
	return order->key != 0 && order->pool < core->limits.pools_max &&
	       order->timing < BAL_TIMING_COUNT && order->condition < BAL_CONDITION_COUNT;
}

static bool is_same(const struct bal_event_order *a, const struct bal_event_order *b)
{
	return a->pool == b->pool && a->agents == b->agents && a->timing == b->timing;
}

/* An order that was given with this key; NULL. */
static const struct order *find_given(const struct bal_core *core, uint64_t key)
{
	for (uint32_t i = 0; i < core->limits.orders_max; i++)
		if (core->orders[i].id != 0 && core->orders[i].key == key)
			return &core->orders[i];
	return NULL;
}

static struct bal_held *find_key(struct intent_book *book, uint64_t key)
{
	for (uint32_t i = 0; i < BAL_HELD_MAX; i++)
		if (book->items[i].id != 0 && book->items[i].order.key == key)
			return &book->items[i];
	return NULL;
}

static struct bal_held *find_id(struct intent_book *book, uint64_t id)
{
	for (uint32_t i = 0; i < BAL_HELD_MAX; i++)
		if (id != 0 && book->items[i].id == id)
			return &book->items[i];
	return NULL;
}

/* ---- what is held ---- */

static void tell(struct bal_core *core, uint64_t id, uint32_t pool, enum bal_reason reason)
{
	struct bal_effect *effect = outbox_add(core, BAL_EFFECT_ORDER);

	effect->order = id;
	effect->pool = pool;
	effect->reason = reason;
}

static struct bal_held *hold(struct bal_core *core, const struct bal_event_order *order)
{
	struct intent_book *book = core->intents;

	for (uint32_t i = 0; i < BAL_HELD_MAX; i++) {
		struct bal_held *held = &book->items[i];

		if (held->id != 0)
			continue;
		*held = (struct bal_held){.id = HELD_BITS |
						(uint64_t)(core->epoch & EPOCH_MASK) << 32 |
						book->sequence++,
			.reason = BAL_REASON_SCALE_OPERATOR,
			.given_at_ns = core->now_ns,
			.order = *order};
		book->count++;
		return held;
	}
	return NULL;
}

static void drop(struct bal_core *core, struct bal_held *held)
{
	bal_assert(core->intents->count > 0);
	core->intents->count--;
	*held = (struct bal_held){.id = 0};
}

/* ---- when its time has come ---- */

/* Why it is not carried out; NONE: it is. */
static enum bal_reason check(const struct pool *pool, const struct bal_held *held)
{
	uint32_t agents = scale_agents(pool);
	uint32_t wanted = held->order.agents;
	bool own = held->reason != BAL_REASON_SCALE_OPERATOR;

	if (!pool->exists || pool->removed || pool->conf.kind != BAL_POOL_PROCESS)
		return BAL_REASON_SKIP_GONE;
	if (wanted == agents || (own && wanted < agents))
		return BAL_REASON_SKIP_ENOUGH;
	if (wanted > agents && agents >= pool->conf.agents_max)
		return BAL_REASON_HOLD_MAXIMUM;
	if (held->order.timing != BAL_TIMING_IMMEDIATE &&
		(wanted > agents ? pool->paused_scale_out : pool->paused_scale_in))
		return BAL_REASON_HOLD_PAUSED;
	if (own && pool->order_open != 0)
		return BAL_REASON_SKIP_NEWER;
	if (held->threshold_permille > 0 && scale_load_permille(pool) <= held->threshold_permille)
		return BAL_REASON_SKIP_UNNEEDED;
	return BAL_REASON_NONE;
}

static void skip(struct bal_core *core, const struct bal_held *held, enum bal_order_state state,
	enum bal_reason remark)
{
	struct order *order =
		order_note(core, held->order.pool, (enum bal_reason)held->reason, state, remark);

	order->why.agents_before = scale_agents(&core->pools[held->order.pool]);
	order->why.agents_after = held->order.agents;
	order->about = held->about;
	order->held = held->id;
	order->key = held->order.key;
	tell(core, order->id, held->order.pool, remark);
}

/* The core's own wait until agents may be started again; people are not made to. */
static bool waits_on(const struct bal_core *core, struct bal_held *held)
{
	int64_t until_ns = core->pools[held->order.pool].backoff_until_ns;

	if (held->reason == BAL_REASON_SCALE_OPERATOR || core->now_ns >= until_ns)
		return false;
	held->order.at_ns = until_ns;
	return true;
}

/* Gives the order or skips it. */
static void release(struct bal_core *core, const struct bal_held *held)
{
	struct pool *pool = &core->pools[held->order.pool];
	enum bal_reason remark = check(pool, held);
	uint64_t last = pool->order_last;
	struct order *about, *order;

	if (remark != BAL_REASON_NONE) {
		skip(core, held, BAL_ORDER_IS_SKIPPED, remark);
		return;
	}
	scale_ordered(core, pool, held->order.agents, (enum bal_reason)held->reason);
	order = order_find(core, pool->order_last);
	if (order == NULL || order->id == last) {
		skip(core, held, BAL_ORDER_IS_SKIPPED, BAL_REASON_SKIP_ENOUGH);
		return;
	}
	order->why.threshold_permille = held->threshold_permille;
	order->held = held->id;
	order->key = held->order.key;
	order->about = held->about;
	order->tries = held->tries;
	order->timing = held->order.timing;
	about = held->about == 0 ? NULL : order_find(core, held->about);
	if (about != NULL)
		about->answer = order->id;
}

static void release_held(struct bal_core *core, struct bal_held *held)
{
	struct bal_held due = *held;

	drop(core, held);
	release(core, &due);
}

enum bal_status intent_take(struct bal_core *core, const struct bal_event_order *order)
{
	const struct order *given;
	struct bal_held *held;
	const struct pool *pool;

	if (!intent_valid(core, order))
		return BAL_INVALID;
	pool = &core->pools[order->pool];
	if (!pool->exists)
		return BAL_UNKNOWN;
	if (pool->conf.kind != BAL_POOL_PROCESS || pool->removed)
		return BAL_INFEASIBLE;
	held = find_key(core->intents, order->key);
	if (held != NULL)
		return is_same(&held->order, order) ? BAL_OK : BAL_CONFLICT;
	given = find_given(core, order->key);
	if (given != NULL)
		return given->why.pool == order->pool ? BAL_OK : BAL_CONFLICT;
	held = hold(core, order);
	if (held == NULL)
		return BAL_FULL;
	if (order->timing != BAL_TIMING_IMMEDIATE) {
		tell(core, held->id, order->pool, BAL_REASON_ORDER_HELD);
		return BAL_OK;
	}
	scale_count_waiting(core);
	release_held(core, held);
	return BAL_OK;
}

bool intent_retry(struct bal_core *core, const struct order *about, int64_t at_ns)
{
	struct bal_event_order order = {.key = about->id,
		.pool = about->why.pool,
		.agents = about->why.agents_after,
		.timing = BAL_TIMING_SCHEDULED,
		.at_ns = at_ns,
		.expires_at_ns = BAL_NEVER_NS};
	struct bal_held *held;

	if (about->tries >= RETRIES_MAX || find_key(core->intents, about->id) != NULL)
		return false;
	held = hold(core, &order);
	if (held == NULL)
		return false;
	held->reason = BAL_REASON_SCALE_RETRY;
	held->about = about->id;
	held->tries = about->tries + 1;
	held->threshold_permille = about->why.threshold_permille;
	tell(core, held->id, order.pool, BAL_REASON_ORDER_HELD);
	return true;
}

enum bal_status intent_cancel(struct bal_core *core, uint64_t id)
{
	struct bal_held *held = find_id(core->intents, id);
	struct bal_held gone;

	if (held == NULL)
		return BAL_UNKNOWN;
	gone = *held;
	drop(core, held);
	skip(core, &gone, BAL_ORDER_IS_CANCELLED, BAL_REASON_ORDER_CANCELLED);
	return BAL_OK;
}

static bool holds(const struct pool *pool, const struct bal_event_order *order)
{
	uint32_t load = scale_load_permille(pool);

	switch ((enum bal_condition)order->condition) {
	case BAL_CONDITION_LOAD_ABOVE:
		return load > order->threshold;
	case BAL_CONDITION_LOAD_BELOW:
		return load < order->threshold;
	case BAL_CONDITION_WAITING_ABOVE:
		return pool->waiting > order->threshold;
	case BAL_CONDITION_WAITING_BELOW:
		return pool->waiting < order->threshold;
	default:
		return false;
	}
}

void intent_look(struct bal_core *core, const struct pool *pool)
{
	struct intent_book *book = core->intents;

	for (uint32_t i = 0; i < BAL_HELD_MAX && book->count > 0 && outbox_has_room(core); i++) {
		struct bal_held *held = &book->items[i];

		if (held->id != 0 && held->order.pool == pool->conf.pool &&
			held->order.timing == BAL_TIMING_CONDITIONAL && holds(pool, &held->order))
			release_held(core, held);
	}
}

/* An instant for a scheduled one, the end of patience for a conditional one. */
static int64_t due_ns(const struct bal_held *held)
{
	if (held->id == 0)
		return BAL_NEVER_NS;
	return held->order.timing == BAL_TIMING_SCHEDULED ? held->order.at_ns
							  : held->order.expires_at_ns;
}

int64_t intent_next_ns(const struct bal_core *core)
{
	int64_t next_ns = BAL_NEVER_NS;

	for (uint32_t i = 0; i < BAL_HELD_MAX && core->intents->count > 0; i++)
		next_ns = num_min_i64(next_ns, due_ns(&core->intents->items[i]));
	return next_ns;
}

void intent_run(struct bal_core *core)
{
	struct intent_book *book = core->intents;

	if (core->stopping || core->now_ns < intent_next_ns(core))
		return;
	scale_count_waiting(core);
	for (uint32_t i = 0; i < BAL_HELD_MAX && outbox_has_room(core); i++) {
		struct bal_held *held = &book->items[i];
		struct bal_held gone;

		if (core->now_ns < due_ns(held) || waits_on(core, held))
			continue;
		if (held->order.timing == BAL_TIMING_SCHEDULED) {
			release_held(core, held);
			continue;
		}
		gone = *held;
		drop(core, held);
		skip(core, &gone, BAL_ORDER_IS_SKIPPED, BAL_REASON_SKIP_EXPIRED);
	}
}

bool bal_held_at(const struct bal_core *core, uint32_t place, struct bal_held *held)
{
	if (place >= BAL_HELD_MAX || core->intents->items[place].id == 0)
		return false;
	*held = core->intents->items[place];
	return true;
}

uint64_t bal_order_by_key(const struct bal_core *core, uint64_t key)
{
	const struct bal_held *held = find_key(core->intents, key);
	const struct order *order = find_given(core, key);

	if (held != NULL)
		return held->id;
	return order == NULL ? 0 : order->id;
}

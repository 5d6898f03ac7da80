/* SPDX-License-Identifier: Apache-2.0 */
/* Orders that are watched hang in a list in the order of their verdicts, so that the next one is
 * known without looking at all.
 *
 * What keeps it from going to and fro: only a strategy's order is undone, never somebody's own, a
 * minimum, or an order that itself undoes one; only the pool's latest, since of two nobody can tell
 * which it was; and after it the strategy's orders in its direction wait, a quarter of an hour at
 * first and twice as long each time. hpa and kpa are left as their documentation has them. */
#include "core/aftermath.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/intent.h"
#include "core/learn.h"
#include "core/order.h"
#include "core/outbox.h"
#include "core/scale.h"
#include "core/verdict.h"

#define HELPED_SPAN        20 /* orders that the shares of those that helped remember */
#define WATCHES_MAX        4
#define HOLD_NS            (15 * NS_PER_MIN)
#define HOLD_DOUBLINGS_MAX 4
#define HOLD_GROWTH        1.25

static struct pool *pool_of(struct bal_core *core, const struct order *order)
{
	return &core->pools[order->why.pool];
}

static int64_t service_ns(const struct pool *pool)
{
	return num_to_i64(pool->service_s.value * (double)NS_PER_S);
}

static bool is_up(const struct order *order)
{
	return order->why.agents_after >= order->why.agents_before;
}

void aftermath_given(struct bal_core *core, struct order *order)
{
	const struct pool *pool = pool_of(core, order);
	struct meter past = meter_past(&pool->scaling->meter, order->why.sustained_ns);
	int64_t change = (int64_t)order->why.agents_after - (int64_t)order->why.agents_before;

	order->before = meter_between(&past, &pool->scaling->meter.now,
		pool->conf.price_microcents_hour, service_ns(pool));
	order->price_predicted_microcents_hour =
		num_mul_i64(change, pool->conf.price_microcents_hour);
}

/* ---- the list ---- */

static struct order *order_at(const struct list_node *node)
{
	return container_of(node, struct order, watch_node);
}

static bool judged_before(const struct order *a, const struct order *b)
{
	if (a->judge_at_ns != b->judge_at_ns)
		return a->judge_at_ns < b->judge_at_ns;
	return a->id < b->id;
}

/* Most are the last: the list is walked from its end. */
static void watch(struct bal_core *core, struct order *order)
{
	struct list_node *position = NULL;

	for (struct list_node *node = core->watched.last; node != NULL;
		node = list_previous(node)) {
		if (judged_before(order_at(node), order))
			break;
		position = node;
	}
	list_insert_before(&core->watched, position, &order->watch_node);
}

static void tell(struct bal_core *core, const struct order *order)
{
	static const enum bal_reason REASONS[BAL_VERDICT_COUNT] = {
		[BAL_VERDICT_HELPED] = BAL_REASON_ORDER_HELPED,
		[BAL_VERDICT_NO_EFFECT] = BAL_REASON_ORDER_NO_EFFECT,
		[BAL_VERDICT_HARMFUL] = BAL_REASON_ORDER_HARMFUL,
		[BAL_VERDICT_FAILED] = BAL_REASON_ORDER_FAILED,
	};
	struct bal_effect *effect = outbox_add(core, BAL_EFFECT_ORDER);

	effect->order = order->id;
	effect->pool = order->why.pool;
	effect->reason = REASONS[order->verdict];
}

/* True when nobody is missing: agents came, were taken back from draining, or called off. */
static bool is_met(const struct order *order)
{
	return order->why.agents_before + order->came + order->off >= order->why.agents_after;
}

/* What the pool's next look asks for again by itself is not asked for twice. */
static void retry(struct bal_core *core, const struct order *order)
{
	const struct pool *pool = pool_of(core, order);
	uint32_t reason = order->why.reason;

	if (order->change != BAL_ORDER_AGENTS || order->wanted == 0 || is_met(order) ||
		reason == BAL_REASON_SCALE_MINIMUM || !core->started ||
		reason == BAL_REASON_SCALE_SCHEDULED || reason == BAL_REASON_SCALE_FROM_ZERO ||
		pool->removed || core->stopping)
		return;
	intent_retry(core, order, time_add_ns(core->now_ns, knob(core, BAL_KNOB_START_BACKOFF)));
}

void aftermath_done(struct bal_core *core, struct order *order)
{
	int64_t watch_ns = knob(core, BAL_KNOB_ORDER_WATCH);

	bal_assert(order->state == BAL_ORDER_IS_WORKING);
	order->done_at_ns = core->now_ns;
	order->mark = pool_of(core, order)->scaling->meter.now;
	order->state = BAL_ORDER_IS_CLOSED;
	retry(core, order);
	if (order->wanted > 0 && order->off == order->wanted)
		return; /* others thought better of it */
	if (is_up(order) && order->wanted > order->off && order->came == 0) {
		order->verdict = BAL_VERDICT_FAILED;
		pool_of(core, order)->scaling->tally.failed_count++;
		tell(core, order);
	} else if (watch_ns > 0) {
		order->state = BAL_ORDER_IS_WATCHED;
		order->judge_at_ns = time_add_ns(core->now_ns, watch_ns);
		watch(core, order);
	}
}

void aftermath_forget(struct bal_core *core, struct order *order)
{
	if (list_holds(&order->watch_node))
		list_remove(&core->watched, &order->watch_node);
}

/* ---- undoing ---- */

/* The adaptive strategy judges its settings itself, by a replay that knows no roll-backs: undoing
 * its orders in a full pool only makes tasks late. */
static bool is_undone_ever(const struct pool *pool, const struct order *order)
{
	if (order->change != BAL_ORDER_AGENTS || pool->conf.strategy == BAL_STRATEGY_FIXED ||
		pool->conf.strategy == BAL_STRATEGY_HPA ||
		pool->conf.strategy == BAL_STRATEGY_KPA ||
		pool->conf.strategy == BAL_STRATEGY_ADAPTIVE)
		return false;
	switch (order->why.reason) {
	case BAL_REASON_SCALE_OPERATOR:
	case BAL_REASON_SCALE_MINIMUM:
	case BAL_REASON_SCALE_SCHEDULED:
	case BAL_REASON_SCALE_MAXIMUM:
	case BAL_REASON_SCALE_FROM_ZERO:
	case BAL_REASON_SCALE_ROLLBACK:
	case BAL_REASON_SCALE_RETRY:
		return false;
	default:
		return true;
	}
}

/* Why an order stays although it did harm or no good; NONE: it is undone. */
static enum bal_reason why_kept(
	const struct bal_core *core, const struct pool *pool, const struct order *order)
{
	uint32_t agents = scale_agents(pool);
	bool up = is_up(order);

	if (pool->order_last != order->id || pool->order_open != 0)
		return BAL_REASON_SKIP_NEWER;
	if (core->now_ns < pool->scaling->tally.held_until_ns)
		return BAL_REASON_HOLD_ROLLED_BACK;
	if (up ? pool->paused_scale_in : pool->paused_scale_out)
		return BAL_REASON_HOLD_PAUSED;
	if (up && agents <= scale_minimum(core, pool))
		return BAL_REASON_HOLD_MINIMUM;
	if (!up && agents >= pool->conf.agents_max)
		return BAL_REASON_HOLD_MAXIMUM;
	if (!up && core->now_ns < pool->backoff_until_ns)
		return BAL_REASON_HOLD_BACKOFF;
	return BAL_REASON_NONE;
}

static void hold(struct bal_core *core, struct pool *pool, bool up)
{
	struct order_tally *tally = &pool->scaling->tally;
	uint32_t doublings;

	if (tally->held_is_up != up)
		tally->held_row = 0;
	doublings = tally->held_row < HOLD_DOUBLINGS_MAX ? tally->held_row : HOLD_DOUBLINGS_MAX;
	tally->held_is_up = up;
	tally->held_row++;
	tally->held_until_ns = time_add_ns(core->now_ns, HOLD_NS << doublings);
	tally->held_offered = pool->scaling->demand.offered;
	tally->undone_count++;
}

static void undo(struct bal_core *core, struct pool *pool, struct order *order)
{
	bool harmful = order->verdict == BAL_VERDICT_HARMFUL ||
		       (order->verdict == BAL_VERDICT_NO_EFFECT && is_up(order));

	if (!harmful || pool->removed || !is_undone_ever(pool, order))
		return;
	order->remark = why_kept(core, pool, order);
	if (order->remark != BAL_REASON_NONE)
		return;
	hold(core, pool, is_up(order));
	scale_undo(core, pool, order);
}

bool aftermath_holds(const struct bal_core *core, const struct pool *pool, bool up)
{
	const struct order_tally *tally = &pool->scaling->tally;

	if (tally->held_row == 0 || tally->held_is_up != up || core->now_ns >= tally->held_until_ns)
		return false;
	return !up || pool->scaling->demand.offered <= HOLD_GROWTH * tally->held_offered;
}

/* ---- judging ---- */

static void count(struct pool *pool, const struct order *order)
{
	struct order_tally *tally = &pool->scaling->tally;
	bool helped = order->verdict == BAL_VERDICT_HELPED;
	bool up = is_up(order);

	mean_add(up ? &tally->helped_up : &tally->helped_down, helped, HELPED_SPAN);
	tally->judged_count++;
	if (helped && tally->held_is_up == up)
		tally->held_row = 0;
}

/* While the process stood still nothing was seen: the watch goes on, but not for ever, since a pool
 * that nobody looks at shows nothing. */
static bool is_seen(const struct bal_core *core, const struct order *order)
{
	int64_t watch_ns = knob(core, BAL_KNOB_ORDER_WATCH);

	return order->after.span_ns >= watch_ns / 2 ||
	       num_sub_i64(core->now_ns, order->done_at_ns) >= WATCHES_MAX * watch_ns;
}

static void judge(struct bal_core *core, struct order *order)
{
	struct pool *pool = pool_of(core, order);
	struct verdict_case about = {.is_up = is_up(order),
		.reason = order->why.reason,
		.late_permille = knob(core, BAL_KNOB_WAIT_LATE),
		.asked = order->wanted - order->off,
		.came = order->came,
		.before = order->before};

	list_remove(&core->watched, &order->watch_node);
	order->after = meter_between(&order->mark, &pool->scaling->meter.now,
		pool->conf.price_microcents_hour, service_ns(pool));
	if (!is_seen(core, order)) {
		order->judge_at_ns = time_add_ns(core->now_ns, knob(core, BAL_KNOB_ORDER_WATCH));
		watch(core, order);
		return;
	}
	about.after = order->after;
	order->verdict = verdict_of(&about);
	order->state = BAL_ORDER_IS_CLOSED;
	count(pool, order);
	undo(core, pool, order);
	tell(core, order);
}

int64_t aftermath_next_ns(const struct bal_core *core)
{
	return core->watched.first == NULL ? BAL_NEVER_NS
					   : order_at(core->watched.first)->judge_at_ns;
}

void aftermath_run(struct bal_core *core)
{
	while (core->now_ns >= aftermath_next_ns(core) && !core->stopping && outbox_has_room(core))
		judge(core, order_at(core->watched.first));
}

/* ---- saved states ---- */

void aftermath_restore(struct bal_core *core)
{
	for (uint32_t i = 0; i < core->limits.orders_max; i++)
		if (core->orders[i].state == BAL_ORDER_IS_WATCHED)
			watch(core, &core->orders[i]);
}

const char *aftermath_check(const struct bal_core *core)
{
	const struct order *before = NULL;
	uint32_t watched = 0;

	for (uint32_t i = 0; i < core->limits.orders_max; i++) {
		const struct order *order = &core->orders[i];

		watched += order->state == BAL_ORDER_IS_WATCHED;
		if ((order->state == BAL_ORDER_IS_WATCHED) != list_holds(&order->watch_node))
			return "an order is in the list while it is watched";
	}
	for (const struct list_node *node = core->watched.first; node != NULL;
		node = list_next(node)) {
		if (before != NULL && !judged_before(before, order_at(node)))
			return "watched orders are in the order of their verdicts";
		before = order_at(node);
	}
	return watched == core->watched.count ? NULL : "watched orders are counted";
}

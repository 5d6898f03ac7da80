/* SPDX-License-Identifier: Apache-2.0 */
/* One look per second and pool.  Sources: requirement "Advanced Scaling Strategies" for the numbers
 * (they come with the pool's configuration), "Capacity_Manager" for the emergency.
 *
 * What keeps it calm: capacity that boots counts as if it were there; one order up at a time;
 * sustain times start again when an order ends; separate cool-downs; a draining agent is taken back
 * before a new one is booted; without samples nothing is decided, for load is counted, not
 * sampled. */
#include "core/scale.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/aftermath.h"
#include "core/agent.h"
#include "core/drain.h"
#include "core/heading.h"
#include "core/intent.h"
#include "core/minimum.h"
#include "core/order.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/record.h"
#include "core/recover.h"
#include "core/resize.h"
#include "core/search.h"
#include "core/sight.h"
#include "core/timer.h"
#include "core/victim.h"
#include "core/watch.h"

#define LOOK_NS              NS_PER_S
#define EMERGENCY_LOAD       950
#define EMERGENCY_SUSTAIN_NS NS_PER_MIN
#define SLOW_SUSTAIN_NS      (3 * NS_PER_MIN)
#define BOOT_UNKNOWN_S       30.0
#define SERVICE_UNKNOWN_S    1.0
#define SERVICE_MIN_S        1e-3
#define SERVICE_KNOWN        30.0 /* services, before their variance means something */
#define CV2_MAX              16.0
#define REMEMBERED_MAX       1e15
#define BUCKET_MAX           (INT64_C(1) << 60)
#define START_BACKOFF_MAX_NS NS_PER_MIN
#define ADVICE_NS            (5 * NS_PER_MIN)
#define ADVICE_AGAIN_NS      NS_PER_HOUR
#define START_DOUBLINGS_MAX  6
#define CLEAR_BACKLOG_S      60

uint32_t scale_agents(const struct pool *pool)
{
	return pool->ordered + pool->state_count[BAL_AGENT_STARTING] +
	       pool->state_count[BAL_AGENT_WARMING] + pool->state_count[BAL_AGENT_READY] +
	       pool->state_count[BAL_AGENT_EJECTED];
}

double scale_boot_s(const struct pool *pool)
{
	return pool->boot_s.weight > 0 ? pool->boot_s.value : BOOT_UNKNOWN_S;
}

uint32_t scale_minimum(const struct bal_core *core, const struct pool *pool)
{
	int64_t ahead_ns = num_to_i64(scale_boot_s(pool) * (double)NS_PER_S);
	int64_t wall_ns = num_clamp_i64(num_add_i64(core->now_ns, core->utc_offset_ns),
		RECORD_PAST_MIN_NS, RECORD_PAST_MAX_NS);
	uint32_t most = minimum_of(core->minimums, pool->conf.pool, wall_ns, ahead_ns);

	most = most < pool->conf.agents_max ? most : pool->conf.agents_max;
	return most > pool->conf.agents_min ? most : pool->conf.agents_min;
}

static uint64_t slots_coming(const struct pool *pool)
{
	return pool->slots_ready +
	       (uint64_t)(pool->ordered + pool->state_count[BAL_AGENT_STARTING]) * pool->conf.slots;
}

/* Hedges take what is spare: they are no reason to have more of it. */
static uint32_t slots_busy(const struct pool *pool)
{
	return pool->running - pool->hedges + pool->ahead;
}

uint32_t scale_load_permille(const struct pool *pool)
{
	return strategy_permille(
		(double)slots_busy(pool) + pool->waiting, (double)slots_coming(pool));
}

double scale_service_cv2(const struct pool *pool)
{
	double mean = pool->service_s.value;

	if (pool->service_square.weight < SERVICE_KNOWN || mean < SERVICE_MIN_S)
		return 1;
	return num_clamp(pool->service_square.value / (mean * mean) - 1, 0, CV2_MAX);
}

struct pool *scale_home(struct bal_core *core, const struct lane *lane)
{
	struct pool *home = NULL;

	for (uint32_t i = 0; i < core->pools_high; i++) {
		struct pool *pool = &core->pools[i];

		if (!lane_serves(lane, i))
			continue;
		if (pool->slots_ready > 0)
			return pool;
		if (home == NULL)
			home = pool;
	}
	return home;
}

/* Since when the first task of a class waits; BAL_NEVER_NS: none does. */
static int64_t waits_since_ns(const struct lane *lane, uint32_t priority)
{
	const struct heap_node *first = heap_first(&lane->classes[priority].ages);

	return first == NULL ? BAL_NEVER_NS
			     : container_of(first, struct task, age_node)->queued_at_ns;
}

void scale_count_waiting(struct bal_core *core)
{
	for (uint32_t i = 0; i < core->pools_high; i++) {
		core->pools[i].waiting = 0;
		core->pools[i].waiting_batch = 0;
		core->pools[i].critical_since_ns = BAL_NEVER_NS;
		core->pools[i].oldest_since_ns = BAL_NEVER_NS;
	}
	for (const struct list_node *node = core->lanes_active.first; node != NULL;
		node = list_next(node)) {
		const struct lane *lane = container_of(node, struct lane, active_node);
		struct pool *pool = scale_home(core, lane);

		if (pool == NULL)
			continue;
		pool->critical_since_ns = num_min_i64(
			pool->critical_since_ns, waits_since_ns(lane, BAL_PRIORITY_CRITICAL));
		for (uint32_t i = 0; i < BAL_PRIORITY_BATCH; i++)
			pool->oldest_since_ns =
				num_min_i64(pool->oldest_since_ns, waits_since_ns(lane, i));
		pool->waiting_batch += lane->classes[BAL_PRIORITY_BATCH].ages.count;
		pool->waiting += lane->waiting - lane->classes[BAL_PRIORITY_BATCH].ages.count;
	}
}

/* Takes draining agents back, youngest drain first; returns how many. */
static uint32_t take_back(struct bal_core *core, struct pool *pool, uint32_t count)
{
	uint32_t taken = 0;

	while (taken < count) {
		struct agent *last = NULL;

		for (struct list_node *node = pool->agents.first; node != NULL;
			node = list_next(node)) {
			struct agent *agent = container_of(node, struct agent, pool_node);

			if (agent->state != BAL_AGENT_DRAINING || agent->end_asked ||
				agent->drain_kept)
				continue;
			if (last == NULL || agent->drain_at_ns > last->drain_at_ns ||
				(agent->drain_at_ns == last->drain_at_ns && agent->id > last->id))
				last = agent;
		}
		if (last == NULL || !drain_back(core, last))
			break;
		taken++;
	}
	return taken;
}

/* What the configuration itself or somebody asks for is done in a pool that is only advised, too.
 */
static bool is_advised(const struct pool *pool, enum bal_reason reason)
{
	return pool->conf.advise && reason != BAL_REASON_SCALE_MINIMUM &&
	       reason != BAL_REASON_SCALE_SCHEDULED && reason != BAL_REASON_SCALE_MAXIMUM &&
	       reason != BAL_REASON_SCALE_FROM_ZERO && reason != BAL_REASON_SCALE_OPERATOR &&
	       reason != BAL_REASON_SCALE_RETRY;
}

/* Records what would have been done: no more than once in five minutes, and the same advice only
 * once in an hour, since the reason for it does not go away by being told. */
static void advise(struct bal_core *core, struct pool *pool, uint32_t agents,
	enum bal_reason reason, uint32_t threshold, int64_t since_ns)
{
	struct order_tally *tally = &pool->scaling->tally;
	int64_t wait_ns = agents + 1 == tally->advised_agents ? ADVICE_AGAIN_NS : ADVICE_NS;
	struct bal_effect *effect;
	struct order *order;

	pool->hold = BAL_REASON_HOLD_ADVISE;
	if (tally->advised_agents != 0 && core->now_ns - tally->advised_at_ns < wait_ns)
		return;
	tally->advised_at_ns = core->now_ns;
	tally->advised_agents = agents + 1;
	order = order_note(
		core, pool->conf.pool, reason, BAL_ORDER_IS_ADVICE, BAL_REASON_HOLD_ADVISE);
	order->why.agents_before = scale_agents(pool);
	order->why.agents_after = agents;
	order->why.load_permille = scale_load_permille(pool);
	order->why.threshold_permille = threshold;
	order->why.sustained_ns = since_ns == BAL_NEVER_NS ? 0 : core->now_ns - since_ns;
	aftermath_given(core, order);
	effect = outbox_add(core, BAL_EFFECT_ORDER);
	effect->order = order->id;
	effect->pool = pool->conf.pool;
	effect->reason = BAL_REASON_HOLD_ADVISE;
}

static void order_up(struct bal_core *core, struct pool *pool, uint32_t count,
	enum bal_reason reason, uint32_t threshold, int64_t since_ns)
{
	uint32_t before = scale_agents(pool);
	uint32_t load = scale_load_permille(pool);
	struct bal_effect *effect;
	struct order *order;
	uint32_t taken, boot;

	if (is_advised(pool, reason)) {
		advise(core, pool, before + count, reason, threshold, since_ns);
		return;
	}
	order = order_new(core, pool->conf.pool, reason);
	taken = take_back(core, pool, count);
	boot = count - taken;
	order->why.agents_before = before;
	order->why.agents_after = before + count;
	order->why.load_permille = load;
	order->why.threshold_permille = threshold;
	order->why.sustained_ns = since_ns == BAL_NEVER_NS ? 0 : core->now_ns - since_ns;
	sight_explain(pool, &order->why);
	order->wanted = boot;
	order->came = taken;
	aftermath_given(core, order);
	core->totals.orders_up_count++;
	pool->order_open = order->id;
	pool->hold = BAL_REASON_NONE;
	if (boot == 0) {
		order_done(core, order->id, 0);
		return;
	}
	pool->ordered += boot;
	effect = outbox_add(core, BAL_EFFECT_SCALE);
	effect->order = order->id;
	effect->pool = pool->conf.pool;
	effect->count = boot;
	effect->reason = reason;
}

/* Who wants exactly so many agents gets them, even if one of them is about to be ready. */
static bool insists(enum bal_reason reason)
{
	return reason == BAL_REASON_SCALE_OPERATOR || reason == BAL_REASON_SCALE_MAXIMUM;
}

/* Of the agents that this order made the one with the least work left; NULL when none is there. */
static struct agent *find_made_by(
	const struct bal_core *core, const struct pool *pool, uint64_t made_by)
{
	struct agent *least = NULL;
	int64_t least_ns = 0;

	for (struct list_node *node = pool->agents.first; node != NULL && made_by != 0;
		node = list_next(node)) {
		struct agent *agent = container_of(node, struct agent, pool_node);
		int64_t left_ns = drain_left_ns(core, agent);

		if (agent->made_by != made_by || agent->state == BAL_AGENT_DRAINING ||
			agent->state == BAL_AGENT_GONE)
			continue;
		if (least == NULL || left_ns < least_ns ||
			(left_ns == least_ns && agent->id > least->id)) {
			least = agent;
			least_ns = left_ns;
		}
	}
	return least;
}

/* Drains so many, those that an order made first (0: of all), and ends the order that wants it. */
static void drain_victims(
	struct bal_core *core, struct order *order, uint32_t count, uint64_t made_by)
{
	struct pool *pool = &core->pools[order->why.pool];

	for (uint32_t i = 0; i < count && outbox_has_room(core); i++) {
		struct agent *victim = find_made_by(core, pool, made_by);

		if (victim == NULL)
			victim = victim_find(core, pool, insists(order->why.reason));
		if (victim == NULL)
			break;
		if (order->why.victim == 0) {
			order->why.victim = victim->id;
			order->why.victim_left_ns = drain_left_ns(core, victim);
		}
		drain_start(core, victim, order->id);
	}
	order->why.agents_after = scale_agents(pool);
	aftermath_given(core, order);
	order_end(core, order);
	core->totals.orders_down_count++;
	pool->steps.down_ended_at_ns = core->now_ns;
	pool->steps.below_since_ns = BAL_NEVER_NS;
	pool->hold = BAL_REASON_NONE;
}

static void order_down(struct bal_core *core, struct pool *pool, uint32_t count,
	enum bal_reason reason, uint32_t load, uint32_t threshold, int64_t since_ns)
{
	struct order *order;

	if (is_advised(pool, reason)) {
		advise(core, pool, scale_agents(pool) - count, reason, threshold, since_ns);
		return;
	}
	victims_weigh(core, pool);
	if (victim_find(core, pool, insists(reason)) == NULL) {
		pool->hold = BAL_REASON_HOLD_BOOTING;
		return;
	}
	order = order_new(core, pool->conf.pool, reason);
	order->why.agents_before = scale_agents(pool);
	order->why.load_permille = load;
	order->why.threshold_permille = threshold;
	order->why.sustained_ns = since_ns == BAL_NEVER_NS ? 0 : core->now_ns - since_ns;
	drain_victims(core, order, count, 0);
}

static bool sustained(const struct bal_core *core, int64_t since_ns, int64_t sustain_ns)
{
	return since_ns != BAL_NEVER_NS && core->now_ns - since_ns >= sustain_ns;
}

/* By how many agents an emergency adds. The requirement's steps, which know of nothing but a load
 * that saturates, double. Where the load is measured, full slots alone are none, for a large pool
 * is at its best then; if tasks wait too long, as many as the load needs, and what waits within a
 * minute: a double of what boots already would be had for nothing. */
static uint32_t urgent_count(
	const struct bal_core *core, const struct pool *pool, uint32_t agents, bool critical)
{
	double service_s = num_max(pool->service_s.value, SERVICE_MIN_S);
	double offered = pool->scaling->demand.offered;
	double wait_s = (double)knob(core, BAL_KNOB_WAIT_GOOD) / (double)NS_PER_S;
	double late = pool->waiting - offered / service_s * wait_s;
	double slots = offered + late * service_s / CLEAR_BACKLOG_S;
	uint32_t all = (uint32_t)num_clamp(num_floor(slots / pool->conf.slots) + 1, 0, UINT32_MAX);

	if (pool->conf.strategy == BAL_STRATEGY_CONSERVATIVE ||
		pool->conf.strategy == BAL_STRATEGY_AGGRESSIVE || pool->service_s.weight <= 0)
		return agents == 0 ? 1 : agents;
	return late > 0 && all > agents ? all - agents : critical;
}

/* Minimum, from zero, emergency: what no strategy and no cool-down holds back. */
static bool look_urgent(struct bal_core *core, struct pool *pool, uint32_t agents)
{
	bool overload = sustained(core, pool->overload_since_ns, EMERGENCY_SUSTAIN_NS);
	bool critical = pool->critical_since_ns != BAL_NEVER_NS &&
			core->now_ns - pool->critical_since_ns > pool->conf.emergency_wait_ns;
	uint32_t min = scale_minimum(core, pool), max = pool->conf.agents_max;
	uint32_t count = urgent_count(core, pool, agents, critical);

	if (pool->order_open != 0 || agents >= max || pool->paused_scale_out)
		return false;
	if (core->now_ns < pool->backoff_until_ns) {
		pool->hold = BAL_REASON_HOLD_BACKOFF;
		return agents < min || agents == 0;
	}
	if (agents < min) {
		order_up(core, pool, min - agents,
			min > pool->conf.agents_min ? BAL_REASON_SCALE_SCHEDULED
						    : BAL_REASON_SCALE_MINIMUM,
			0, BAL_NEVER_NS);
		return true;
	}
	if (agents == 0 && pool->waiting + pool->waiting_batch > 0) {
		order_up(core, pool, 1, BAL_REASON_SCALE_FROM_ZERO, 0, BAL_NEVER_NS);
		return true;
	}
	if ((!overload && !critical) || count == 0 || pool->conf.strategy == BAL_STRATEGY_FIXED)
		return false;
	count = count < max - agents ? count : max - agents;
	order_up(core, pool, count, BAL_REASON_SCALE_EMERGENCY, EMERGENCY_LOAD,
		overload ? pool->overload_since_ns : pool->critical_since_ns);
	return true;
}

/* ---- what a strategy sees ---- */

static struct strategy_view view_pool(const struct bal_core *core, const struct pool *pool)
{
	int64_t oldest_ns = pool->oldest_since_ns;
	struct strategy_view view = {.now_ns = core->now_ns,
		.since_s = pool->scaling->demand.since_s,
		.agents = scale_agents(pool),
		.agents_ready =
			pool->state_count[BAL_AGENT_READY] + pool->state_count[BAL_AGENT_WARMING],
		.slots = pool->conf.slots,
		.slots_ready = pool->slots_ready,
		.slots_coming = (uint32_t)num_min_i64((int64_t)slots_coming(pool), UINT32_MAX),
		.agents_min = scale_minimum(core, pool),
		.agents_max = pool->conf.agents_max,
		.busy = slots_busy(pool),
		.waiting = pool->waiting,
		.waiting_batch = pool->waiting_batch,
		.offered = pool->scaling->demand.offered,
		.service_s = SERVICE_UNKNOWN_S,
		.boot_s = scale_boot_s(pool),
		.growth = 1,
		.wait_s = (double)knob(core, BAL_KNOB_WAIT_GOOD) / (double)NS_PER_S,
		.late_share = (double)knob(core, BAL_KNOB_WAIT_LATE) / (double)PERMILLE,
		.order_open = pool->order_open != 0,
		.paused_out = pool->paused_scale_out,
		.paused_in = pool->paused_scale_in,
		.backoff = core->now_ns < pool->backoff_until_ns};

	if (pool->service_s.weight > 0)
		view.service_s = num_max(pool->service_s.value, SERVICE_MIN_S);
	if (oldest_ns != BAL_NEVER_NS)
		view.oldest_wait_s = (double)(core->now_ns - oldest_ns) / (double)NS_PER_S;
	return view;
}

/* What the queueing model says of waits, and what they are, for plans. */
static void see_lateness(const struct bal_core *core, struct pool *pool)
{
	struct erlang_queue queue = {.load = pool->scaling->demand.offered,
		.service_s = num_max(pool->service_s.value, SERVICE_MIN_S),
		.arrivals_cv2 = 1,
		.service_cv2 = scale_service_cv2(pool)};

	if (pool->service_s.weight > 0)
		lateness_look(&pool->scaling->lateness, core->now_ns, &queue, pool->slots_ready,
			(double)knob(core, BAL_KNOB_WAIT_GOOD) / (double)NS_PER_S);
}

/* Batch work alone never asks for agents, so it is no load; false when nothing follows from this
 * look. */
static bool see_demand(const struct bal_core *core, struct pool *pool)
{
	bool known = pool->service_s.weight > 0;
	struct demand_look look = {.now_ns = core->now_ns,
		.starts = pool->starts_count,
		.waiting = pool->waiting,
		.busy = slots_busy(pool),
		.service_s = known ? num_max(pool->service_s.value, SERVICE_MIN_S) : 0};

	return demand_see(&pool->scaling->demand, &look);
}

static void see_work(const struct bal_core *core, struct pool *pool)
{
	struct meter_look look = {.now_ns = core->now_ns,
		.busy = slots_busy(pool),
		.ready = pool->slots_ready,
		.coming = slots_coming(pool),
		.waiting = pool->waiting,
		.agents = pool->agents.count,
		.starts = pool->starts_count,
		.late = pool->late_count,
		.tardy = pool->oldest_since_ns != BAL_NEVER_NS &&
			 core->now_ns - pool->oldest_since_ns > knob(core, BAL_KNOB_WAIT_GOOD)};

	meter_see(&pool->scaling->meter, &look);
}

static struct strategy_wish ask_steps(struct pool *pool, const struct strategy_view *view)
{
	struct steps_setting setting = {
		.aggressive = pool->conf.strategy == BAL_STRATEGY_AGGRESSIVE,
		.agents_baseline = pool->conf.agents_baseline,
		.up = pool->conf.up,
		.down = pool->conf.down,
		.queue_deep = pool->conf.queue_deep,
		.slow_for_ns = SLOW_SUSTAIN_NS};

	return steps_look(&setting, &pool->steps, view);
}

struct replay_pool scale_replay_pool(const struct bal_core *core, const struct pool *pool)
{
	struct strategy_view view = view_pool(core, pool);

	return (struct replay_pool){.slots = view.slots,
		.agents_min = view.agents_min,
		.agents_max = view.agents_max,
		.boot_s = view.boot_s,
		.wait_s = view.wait_s,
		.late_share = view.late_share};
}

static struct strategy_wish ask_adaptive(struct pool *pool, const struct strategy_view *view)
{
	const struct adaptive_peers peers = {
		&pool->scaling->hpa, &pool->scaling->kpa, &pool->scaling->predictive};

	return adaptive_look(&pool->scaling->adaptive, &peers, view);
}

/* Behaves by the requirement's steps: as it is told to, or as long as it has not chosen. */
static bool takes_steps(const struct pool *pool)
{
	return pool->conf.strategy == BAL_STRATEGY_CONSERVATIVE ||
	       pool->conf.strategy == BAL_STRATEGY_AGGRESSIVE ||
	       (pool->conf.strategy == BAL_STRATEGY_ADAPTIVE && !pool->scaling->adaptive.chosen);
}

static struct strategy_wish ask_strategy(
	struct bal_core *core, struct pool *pool, struct strategy_view view, bool follows)
{
	struct scaling *scaling = pool->scaling;
	const struct heading *heading;

	if (pool->conf.strategy == BAL_STRATEGY_ADAPTIVE)
		search_look(core, pool, &view, follows);
	if (takes_steps(pool))
		return ask_steps(pool, &view);
	if (!follows)
		return strategy_hold(&view, BAL_REASON_HOLD_MISSING);
	switch (pool->conf.strategy) {
	case BAL_STRATEGY_HPA:
		return hpa_look(&HPA_STANDARD, &scaling->hpa, &view);
	case BAL_STRATEGY_KPA:
		return kpa_look(&KPA_STANDARD, &scaling->kpa, &view);
	case BAL_STRATEGY_ADAPTIVE:
		return ask_adaptive(pool, &view);
	default:
		heading = heading_of(core, pool, view.boot_s);
		/* Whose clock was just set does not know yet where in its day it is. */
		if (!sight_clock_is_new(core)) {
			view.growth = heading->growth;
			view.drift = heading->drift;
		}
		return predictive_look(&PREDICTIVE_STANDARD, &scaling->predictive, &view);
	}
}

static struct strategy_wish ask(struct bal_core *core, struct pool *pool, bool follows)
{
	struct strategy_view view = view_pool(core, pool);
	struct strategy_wish wish = ask_strategy(core, pool, view, follows);

	/* Steps have times and cool-downs enough. */
	if (!takes_steps(pool))
		wish = calm_look(&pool->scaling->calm, &view, wish);
	return sight_consult(core, pool, &view, wish);
}

static void look(struct bal_core *core, struct pool *pool)
{
	uint32_t agents = scale_agents(pool);
	uint32_t load = scale_load_permille(pool);
	uint32_t busy = strategy_permille(slots_busy(pool), pool->slots_ready);
	bool follows = see_demand(core, pool);
	struct strategy_wish wish;

	see_lateness(core, pool);
	see_work(core, pool);
	steps_track(&pool->overload_since_ns, load >= EMERGENCY_LOAD, core->now_ns);
	pool->hold = BAL_REASON_HOLD_STEADY;
	if (agents > pool->conf.agents_max + resize_surplus(core, pool) && pool->order_open == 0) {
		order_down(core, pool, agents - pool->conf.agents_max, BAL_REASON_SCALE_MAXIMUM,
			load, 0, pool->steps.below_since_ns);
		return;
	}
	if (pool->conf.strategy == BAL_STRATEGY_FIXED) {
		look_urgent(core, pool, agents);
		return;
	}
	/* Asked in any case: what has held for how long is known by whoever looks every time. */
	wish = ask(core, pool, follows);
	if (look_urgent(core, pool, agents) || (wish.agents > agents && recover_scales(core, pool)))
		return;
	if (wish.agents != agents && aftermath_holds(core, pool, wish.agents > agents))
		pool->hold = BAL_REASON_HOLD_ROLLED_BACK;
	else if (wish.agents > agents &&
		 resize_instead(core, pool, wish.agents - agents, &wish, load))
		pool->hold = BAL_REASON_HOLD_VERTICAL;
	else if (wish.agents > agents)
		order_up(core, pool, wish.agents - agents, wish.reason, wish.threshold_permille,
			wish.since_ns);
	else if (wish.agents < agents && resize_is_replacing(core, pool))
		pool->hold = BAL_REASON_HOLD_REPLACING;
	else if (wish.agents < agents)
		order_down(core, pool, agents - wish.agents, wish.reason, busy,
			wish.threshold_permille, wish.since_ns);
	else
		pool->hold = (uint8_t)wish.reason;
}

void scale_begin(struct bal_core *core, struct pool *pool)
{
	if (pool->conf.kind == BAL_POOL_PROCESS && core->started)
		timer_set(core, &pool->timer, pool->conf.pool, core->now_ns);
}

void scale_timer(struct bal_core *core, struct pool *pool)
{
	if (!pool->exists || pool->conf.kind != BAL_POOL_PROCESS || core->stopping)
		return;
	scale_count_waiting(core);
	intent_look(core, pool);
	if (!pool->removed) {
		resize_begin_look(core, pool);
		look(core, pool);
		resize_look(core, pool);
	}
	if (!pool->removed || pool->agents.count > 0)
		timer_set(core, &pool->timer, pool->conf.pool, core->now_ns + LOOK_NS);
}

void scale_ordered(
	struct bal_core *core, struct pool *pool, uint32_t agents, enum bal_reason reason)
{
	uint32_t before = scale_agents(pool);

	agents = agents < pool->conf.agents_max ? agents : pool->conf.agents_max;
	if (agents > before)
		order_up(core, pool, agents - before, reason, 0, BAL_NEVER_NS);
	else if (agents < before)
		order_down(core, pool, before - agents, reason, scale_load_permille(pool), 0,
			pool->steps.below_since_ns);
}

void scale_to(struct bal_core *core, struct pool *pool, uint32_t agents)
{
	scale_count_waiting(core);
	scale_ordered(core, pool, agents, BAL_REASON_SCALE_OPERATOR);
}

uint64_t scale_for_objective(struct bal_core *core, struct pool *pool)
{
	uint32_t agents = scale_agents(pool);
	uint32_t max = pool->conf.agents_max;
	uint32_t count = agents == 0 ? 1 : agents;

	if (pool->conf.kind != BAL_POOL_PROCESS || pool->removed || core->stopping ||
		pool->conf.strategy == BAL_STRATEGY_FIXED || pool->paused_scale_out ||
		pool->order_open != 0 || agents >= max || core->now_ns < pool->backoff_until_ns)
		return 0;
	count = count < max - agents ? count : max - agents;
	order_up(core, pool, count, BAL_REASON_SCALE_OBJECTIVE, 0, BAL_NEVER_NS);
	return pool->conf.advise ? 0 : pool->order_last;
}

/* Undone are the agents of an order for more, as far as the minimum allows, or as many come again
 * as one for fewer drained, as far as the maximum does. */
void scale_undo(struct bal_core *core, struct pool *pool, struct order *order)
{
	uint32_t agents = scale_agents(pool);
	uint32_t before = order->why.agents_before, after = order->why.agents_after;
	uint32_t spare, count;
	struct order *undoes;

	if (after < before) {
		spare = pool->conf.agents_max - agents;
		count = before - after < spare ? before - after : spare;
		order_up(core, pool, count, BAL_REASON_SCALE_ROLLBACK, 0, BAL_NEVER_NS);
		undoes = order_find(core, pool->order_last);
	} else {
		spare = agents - scale_minimum(core, pool);
		count = order->came < spare ? order->came : spare;
		victims_weigh(core, pool);
		undoes = order_new(core, pool->conf.pool, BAL_REASON_SCALE_ROLLBACK);
		undoes->why.agents_before = agents;
		undoes->why.load_permille = scale_load_permille(pool);
		drain_victims(core, undoes, count, order->id);
	}
	undoes->about = order->id;
	order->answer = undoes->id;
}

void scale_agent_gone(struct bal_core *core, struct pool *pool, bool failed)
{
	int64_t wait_ns;

	if (pool->conf.kind != BAL_POOL_PROCESS)
		return;
	if (failed) {
		uint32_t doublings = pool->start_failures < START_DOUBLINGS_MAX
					     ? pool->start_failures
					     : START_DOUBLINGS_MAX;

		pool->start_failures++;
		wait_ns = num_min_i64(
			knob(core, BAL_KNOB_START_BACKOFF) << doublings, START_BACKOFF_MAX_NS);
		pool->backoff_until_ns = core->now_ns + wait_ns;
		watch_wake(core);
	}
	if (core->started && !core->stopping)
		timer_set(core, &pool->timer, pool->conf.pool, core->now_ns);
}

bool scale_valid(const struct pool *pool)
{
	const struct kpa_memory *kpa = &pool->scaling->kpa;
	double offered = pool->scaling->demand.offered;

	return kpa->bucket >= -BUCKET_MAX && kpa->bucket <= BUCKET_MAX &&
	       kpa->count <= KPA_BUCKETS && offered >= 0 && offered <= REMEMBERED_MAX &&
	       predictive_valid(&pool->scaling->predictive) &&
	       heading_valid(&pool->scaling->heading) && lateness_valid(&pool->scaling->lateness) &&
	       trigger_valid(&pool->scaling->triggers) && pool->scaling->calm.direction <= 2;
}

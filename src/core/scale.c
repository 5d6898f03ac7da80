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
#include "core/agent.h"
#include "core/drain.h"
#include "core/order.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/timer.h"
#include "core/watch.h"

#define LOOK_NS              NS_PER_S
#define EMERGENCY_LOAD       950
#define EMERGENCY_SUSTAIN_NS NS_PER_MIN
#define CONSERVATIVE_MAX     3 /* times baseline */
#define AGGRESSIVE_MAX       5
#define START_BACKOFF_MAX_NS NS_PER_MIN
#define START_DOUBLINGS_MAX  6

uint32_t scale_agents(const struct pool *pool)
{
	return pool->ordered + pool->state_count[BAL_AGENT_STARTING] +
	       pool->state_count[BAL_AGENT_WARMING] + pool->state_count[BAL_AGENT_READY] +
	       pool->state_count[BAL_AGENT_EJECTED];
}

static uint64_t slots_coming(const struct pool *pool)
{
	return pool->slots_ready +
	       (uint64_t)(pool->ordered + pool->state_count[BAL_AGENT_STARTING]) * pool->conf.slots;
}

static uint32_t permille_of(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return part == 0 ? 0 : UINT32_MAX;
	return (uint32_t)num_min_i64((int64_t)(part * PERMILLE / whole), UINT32_MAX);
}

/* Hedges take what is spare: they are no reason to have more of it. */
static uint32_t slots_busy(const struct pool *pool)
{
	return pool->running - pool->hedges + pool->ahead;
}

uint32_t scale_load_permille(const struct pool *pool)
{
	return permille_of((uint64_t)slots_busy(pool) + pool->waiting, slots_coming(pool));
}

/* The pool that answers for a lane's waiting tasks: the first that is up, else the first. */
static struct pool *lane_home(struct bal_core *core, const struct lane *lane)
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

void scale_count_waiting(struct bal_core *core)
{
	for (uint32_t i = 0; i < core->pools_high; i++) {
		core->pools[i].waiting = 0;
		core->pools[i].waiting_batch = 0;
		core->pools[i].critical_since_ns = BAL_NEVER_NS;
	}
	for (const struct list_node *node = core->lanes_active.first; node != NULL;
		node = list_next(node)) {
		const struct lane *lane = container_of(node, struct lane, active_node);
		struct pool *pool = lane_home(core, lane);
		const struct heap_node *first;

		if (pool == NULL)
			continue;
		first = heap_first(&lane->classes[BAL_PRIORITY_CRITICAL].ages);
		if (first != NULL) {
			const struct task *task = container_of(first, struct task, age_node);

			pool->critical_since_ns =
				num_min_i64(pool->critical_since_ns, task->queued_at_ns);
		}
		pool->waiting_batch += lane->classes[BAL_PRIORITY_BATCH].ages.count;
		pool->waiting += lane->waiting - lane->classes[BAL_PRIORITY_BATCH].ages.count;
	}
}

static uint32_t agents_cap(const struct pool *pool)
{
	uint64_t baseline = pool->conf.agents_baseline == 0 ? 1 : pool->conf.agents_baseline;
	uint64_t cap = pool->conf.agents_max;

	if (pool->conf.strategy == BAL_STRATEGY_CONSERVATIVE)
		cap = baseline * CONSERVATIVE_MAX;
	else if (pool->conf.strategy == BAL_STRATEGY_AGGRESSIVE)
		cap = baseline * AGGRESSIVE_MAX;
	return cap < pool->conf.agents_max ? (uint32_t)cap : pool->conf.agents_max;
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

static void order_up(struct bal_core *core, struct pool *pool, uint32_t count,
	enum bal_reason reason, uint32_t threshold, int64_t since_ns)
{
	uint32_t before = scale_agents(pool);
	uint32_t load = scale_load_permille(pool);
	struct order *order = order_new(core, pool->conf.pool, reason);
	uint32_t boot = count - take_back(core, pool, count);
	struct bal_effect *effect;

	order->why.agents_before = before;
	order->why.agents_after = before + count;
	order->why.load_permille = load;
	order->why.threshold_permille = threshold;
	order->why.sustained_ns = since_ns == BAL_NEVER_NS ? 0 : core->now_ns - since_ns;
	order->wanted = boot;
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

/* Least remaining work; then the ejected before the sound, the youngest, the highest id. */
static bool leaves_before(
	const struct agent *a, int64_t left_a, const struct agent *b, int64_t left_b)
{
	bool ejected_a = a->state == BAL_AGENT_EJECTED;
	bool ejected_b = b->state == BAL_AGENT_EJECTED;

	if (left_a != left_b)
		return left_a < left_b;
	if (ejected_a != ejected_b)
		return ejected_a;
	if (a->up_at_ns != b->up_at_ns)
		return a->up_at_ns > b->up_at_ns;
	return a->id > b->id;
}

static struct agent *find_victim(struct bal_core *core, struct pool *pool, int64_t *left_ns)
{
	struct agent *victim = NULL;

	for (struct list_node *node = pool->agents.first; node != NULL; node = list_next(node)) {
		struct agent *agent = container_of(node, struct agent, pool_node);
		int64_t left = drain_left_ns(core, agent);

		if (agent->state == BAL_AGENT_DRAINING || agent->state == BAL_AGENT_GONE)
			continue;
		if (victim == NULL || leaves_before(agent, left, victim, *left_ns)) {
			victim = agent;
			*left_ns = left;
		}
	}
	return victim;
}

static void order_down(struct bal_core *core, struct pool *pool, uint32_t count,
	enum bal_reason reason, uint32_t load, uint32_t threshold)
{
	struct order *order = order_new(core, pool->conf.pool, reason);

	order->why.agents_before = scale_agents(pool);
	order->why.load_permille = load;
	order->why.threshold_permille = threshold;
	order->why.sustained_ns =
		pool->below_since_ns == BAL_NEVER_NS ? 0 : core->now_ns - pool->below_since_ns;
	order->ended = true;
	core->totals.orders_down_count++;
	for (uint32_t i = 0; i < count && outbox_has_room(core); i++) {
		int64_t left_ns = 0;
		struct agent *victim = find_victim(core, pool, &left_ns);

		if (victim == NULL)
			break;
		if (order->why.victim == 0) {
			order->why.victim = victim->id;
			order->why.victim_left_ns = left_ns;
		}
		drain_start(core, victim, order->id);
	}
	order->why.agents_after = scale_agents(pool);
	pool->down_ended_at_ns = core->now_ns;
	pool->below_since_ns = BAL_NEVER_NS;
	pool->hold = BAL_REASON_NONE;
}

/* Keeps since which instant a condition has held. */
static void track(int64_t *since_ns, bool holds, int64_t now_ns)
{
	if (!holds)
		*since_ns = BAL_NEVER_NS;
	else if (*since_ns == BAL_NEVER_NS)
		*since_ns = now_ns;
}

static bool sustained(const struct bal_core *core, int64_t since_ns, int64_t sustain_ns)
{
	return since_ns != BAL_NEVER_NS && core->now_ns - since_ns >= sustain_ns;
}

static uint32_t step_up(const struct pool *pool, uint32_t agents)
{
	if (pool->conf.strategy == BAL_STRATEGY_AGGRESSIVE)
		return agents < 2 ? 1 : (agents + 1) / 2;
	return 1;
}

static uint32_t step_down(const struct pool *pool, uint32_t agents)
{
	if (pool->conf.strategy == BAL_STRATEGY_AGGRESSIVE)
		return agents < 4 ? 1 : agents / 4;
	return 1;
}

/* Minimum, from zero, emergency: what no strategy and no cool-down holds back. */
static bool look_urgent(struct bal_core *core, struct pool *pool, uint32_t agents)
{
	bool overload = sustained(core, pool->overload_since_ns, EMERGENCY_SUSTAIN_NS);
	bool critical = pool->critical_since_ns != BAL_NEVER_NS &&
			core->now_ns - pool->critical_since_ns > pool->conf.emergency_wait_ns;
	uint32_t max = pool->conf.agents_max;
	uint32_t count = agents == 0 ? 1 : agents;

	if (pool->order_open != 0 || agents >= max || pool->paused_scale_out)
		return false;
	if (core->now_ns < pool->backoff_until_ns) {
		pool->hold = BAL_REASON_HOLD_BACKOFF;
		return agents < pool->conf.agents_min || agents == 0;
	}
	if (agents < pool->conf.agents_min) {
		order_up(core, pool, pool->conf.agents_min - agents, BAL_REASON_SCALE_MINIMUM, 0,
			BAL_NEVER_NS);
		return true;
	}
	if (agents == 0 && pool->waiting + pool->waiting_batch > 0) {
		order_up(core, pool, 1, BAL_REASON_SCALE_FROM_ZERO, 0, BAL_NEVER_NS);
		return true;
	}
	if ((!overload && !critical) || pool->conf.strategy == BAL_STRATEGY_FIXED)
		return false;
	count = count < max - agents ? count : max - agents;
	order_up(core, pool, count, BAL_REASON_SCALE_EMERGENCY, EMERGENCY_LOAD,
		overload ? pool->overload_since_ns : pool->critical_since_ns);
	return true;
}

static bool look_up(struct bal_core *core, struct pool *pool, uint32_t agents)
{
	const struct bal_scale_rule *rule = &pool->conf.up;
	bool above = sustained(core, pool->above_since_ns, rule->sustain_ns);
	bool deep = sustained(core, pool->deep_since_ns, rule->sustain_ns);
	uint32_t cap = agents_cap(pool);
	uint32_t count = step_up(pool, agents);

	if (pool->above_since_ns == BAL_NEVER_NS && pool->deep_since_ns == BAL_NEVER_NS)
		return false;
	if (pool->paused_scale_out) {
		pool->hold = BAL_REASON_HOLD_PAUSED;
	} else if (agents >= cap) {
		pool->hold = BAL_REASON_HOLD_MAXIMUM;
	} else if (!above && !deep) {
		pool->hold = BAL_REASON_HOLD_SUSTAIN;
	} else if (pool->order_open != 0 ||
		   core->now_ns < time_add_ns(pool->up_ended_at_ns, rule->cooldown_ns)) {
		pool->hold = BAL_REASON_HOLD_COOLDOWN;
	} else if (core->now_ns < pool->backoff_until_ns) {
		pool->hold = BAL_REASON_HOLD_BACKOFF;
	} else {
		count = count < cap - agents ? count : cap - agents;
		order_up(core, pool, count,
			above ? BAL_REASON_SCALE_LOAD_HIGH : BAL_REASON_SCALE_QUEUE_DEEP,
			rule->load_permille, above ? pool->above_since_ns : pool->deep_since_ns);
	}
	return true;
}

static void look_down(struct bal_core *core, struct pool *pool, uint32_t agents, uint32_t load)
{
	const struct bal_scale_rule *rule = &pool->conf.down;
	uint32_t count = step_down(pool, agents);
	uint32_t floor = pool->conf.agents_min;
	int64_t last_ns = num_max_i64(pool->up_ended_at_ns, pool->down_ended_at_ns);

	if (pool->below_since_ns == BAL_NEVER_NS)
		return;
	if (pool->paused_scale_in) {
		pool->hold = BAL_REASON_HOLD_PAUSED;
	} else if (agents <= floor || agents <= 1) {
		pool->hold = BAL_REASON_HOLD_MINIMUM; /* to zero is not for this strategy */
	} else if (!sustained(core, pool->below_since_ns, rule->sustain_ns)) {
		pool->hold = BAL_REASON_HOLD_SUSTAIN;
	} else if (pool->order_open != 0 ||
		   core->now_ns < time_add_ns(last_ns, rule->cooldown_ns)) {
		pool->hold = BAL_REASON_HOLD_COOLDOWN;
	} else {
		floor = floor == 0 ? 1 : floor;
		count = count < agents - floor ? count : agents - floor;
		order_down(core, pool, count, BAL_REASON_SCALE_LOAD_LOW, load, rule->load_permille);
	}
}

static void look(struct bal_core *core, struct pool *pool)
{
	uint32_t agents = scale_agents(pool);
	uint32_t load = scale_load_permille(pool);
	uint32_t busy = permille_of(slots_busy(pool), pool->slots_ready);
	bool idle = pool->waiting + pool->waiting_batch == 0 && pool->slots_ready > 0;

	track(&pool->above_since_ns, load > pool->conf.up.load_permille, core->now_ns);
	track(&pool->deep_since_ns,
		pool->conf.queue_deep > 0 && pool->waiting > pool->conf.queue_deep, core->now_ns);
	track(&pool->overload_since_ns, load >= EMERGENCY_LOAD, core->now_ns);
	track(&pool->below_since_ns, idle && busy < pool->conf.down.load_permille, core->now_ns);
	pool->hold = BAL_REASON_HOLD_STEADY;
	if (agents > pool->conf.agents_max && pool->order_open == 0) {
		order_down(core, pool, agents - pool->conf.agents_max, BAL_REASON_SCALE_MAXIMUM,
			load, 0);
		return;
	}
	if (look_urgent(core, pool, agents) || pool->conf.strategy == BAL_STRATEGY_FIXED)
		return;
	if (!look_up(core, pool, agents))
		look_down(core, pool, agents, busy);
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
	if (!pool->removed)
		look(core, pool);
	if (!pool->removed || pool->agents.count > 0)
		timer_set(core, &pool->timer, pool->conf.pool, core->now_ns + LOOK_NS);
}

void scale_to(struct bal_core *core, struct pool *pool, uint32_t agents)
{
	uint32_t before = scale_agents(pool);

	agents = agents < pool->conf.agents_max ? agents : pool->conf.agents_max;
	scale_count_waiting(core);
	if (agents > before)
		order_up(core, pool, agents - before, BAL_REASON_SCALE_OPERATOR, 0, BAL_NEVER_NS);
	else if (agents < before)
		order_down(core, pool, before - agents, BAL_REASON_SCALE_OPERATOR,
			scale_load_permille(pool), 0);
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
	return pool->order_last;
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

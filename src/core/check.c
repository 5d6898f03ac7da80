/* SPDX-License-Identifier: Apache-2.0 */
/* Each counter is compared with what it counts, each link with its other end, each list and heap
 * with the states of those that are in it.
 *
 * Counters of tables that are walked through other tables (a tenant's running tasks, say) would
 * need as much scratch memory as the table has rows.  Instead both sides are summed up with a
 * weight per row: the sums agree when every row does, and otherwise by a chance of one in 2^64. */
#include "core/check.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "core/aftermath.h"
#include "core/agent.h"
#include "core/alert.h"
#include "core/book.h"
#include "core/hedge.h"
#include "core/life.h"
#include "core/objective.h"
#include "core/order.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/resize.h"
#include "core/resource.h"
#include "core/series.h"
#include "core/shelf.h"
#include "core/task.h"

/* Which column a weighted sum is about. */
enum sum_column {
	SUM_QUEUED,
	SUM_RUNNING,
	SUM_LANE_LIVE,
	SUM_LANE_WAITING,
	SUM_SHARE,
	SUM_COLUMNS
};

struct check {
	const struct bal_core *core;
	const char *fault;         /* the first broken rule */
	uint64_t sum[SUM_COLUMNS]; /* of what tasks say */
	uint32_t states[BAL_TASK_STATE_COUNT];
	uint32_t waiting[BAL_PRIORITY_COUNT];
	uint32_t children;    /* queued, with a parent that waits */
	uint32_t deferred;    /* queued, waits for a faster agent */
	uint64_t with_parent; /* children whose parent is there, and what such parents count */
	uint64_t children_waited;
	uint32_t waiters; /* tasks that wait for another one */
	uint32_t awaited; /* of these, the first in their chain */
	uint32_t chained; /* met by following the chains */
	uint32_t hedges;  /* tasks with a second attempt */
	uint32_t timers;
};

static void expect(struct check *check, bool holds, const char *rule)
{
	if (!holds && check->fault == NULL)
		check->fault = rule;
}

#define EXPECT(check, rule) expect(check, rule, #rule)

/* The weight of a row. */
static uint64_t weight(uint64_t row)
{
	return checksum_mix(row, 1);
}

static bool task_lives(enum bal_task_state state)
{
	return state > BAL_TASK_FREE && state <= BAL_TASK_FINISHING;
}

static uint64_t share_row(uint32_t lane, uint32_t priority, uint32_t tenant)
{
	return checksum_mix((uint64_t)lane << 32 | priority, tenant);
}

static void check_timer(
	struct check *check, const struct timer *timer, enum timer_owner owner, uint64_t id)
{
	bool set = heap_holds(&timer->node);

	check->timers += set;
	EXPECT(check, timer->owner == owner);
	EXPECT(check, !set | (timer->node.tie == ((uint64_t)owner << 62 | id)));
}

/* The tasks that wait for the same one as this, which is the first of them. */
static void check_chain(struct check *check, const struct task *task)
{
	const struct bal_core *core = check->core;
	uint64_t other = task->waits_for;
	const struct task *end = task_find(core, other);
	uint32_t length = 1;

	check->awaited++;
	EXPECT(check, end != NULL);
	while (task->waiter_next != BAL_NONE && length <= core->tasks.count) {
		bal_assert(slab_holds(&core->tasks, task->waiter_next));
		task = task_at(core, task->waiter_next);
		bal_assert(task->waits_for == other);
		length++;
	}
	check->chained += length;
}

static void check_waiting_for(struct check *check, const struct task *task, uint32_t place)
{
	EXPECT(check, (task->state == BAL_TASK_WAITING) | (task->state == BAL_TASK_FINISHING));
	EXPECT(check, task->waits_for != task->id);
	check->waiters++;
	if (map_get(&check->core->waiters, task->waits_for) == place)
		check_chain(check, task);
}

static void check_task_place(struct check *check, const struct task *task, bool running)
{
	const struct bal_core *core = check->core;
	bool child = task_is_awaited(task);
	bool queued = task->state == BAL_TASK_QUEUED;
	bool deferred = queue_is_deferred(task);

	EXPECT(check, (task->agent != BAL_NONE) == running);
	EXPECT(check, list_holds(&task->agent_node) == running);
	EXPECT(check, !running | slab_holds(&core->agents, task->agent));
	EXPECT(check, heap_holds(&task->order_node) == (queued & !deferred));
	EXPECT(check, queued | !deferred);
	EXPECT(check, heap_holds(&task->age_node) == queued);
	EXPECT(check, !queued | (task->age_node.key == task->submitted_at_ns));
	EXPECT(check, !queued | deferred | (task->order_node.tie == task->id));
	EXPECT(check, list_holds(&task->child_node) == (queued & child));
	check->children += queued & child;
	check->deferred += deferred;
	check->with_parent += child && task_find(core, task->parent) != NULL;
	check->children_waited += task->children_waited;
	EXPECT(check, !child || (map_get(&core->orphans, task->parent) == MAP_NONE) ==
					(task_find(core, task->parent) != NULL));
	EXPECT(check, map_get(&core->orphans, task->id) == MAP_NONE);
}

/* A second attempt is of a running task, on another agent, and younger than the first was when it
 * started; each that the table holds belongs to the task that says so. */
static void check_hedge(struct check *check, const struct task *task, bool running)
{
	const struct bal_core *core = check->core;
	const struct hedge *hedge;

	EXPECT(check, task->attempt <= task->attempt_last);
	if (task->hedge == BAL_NONE)
		return;
	bal_assert(slab_holds(&core->hedges, task->hedge));
	hedge = hedge_of(core, task);
	EXPECT(check, running);
	EXPECT(check, task->lender == 0);
	EXPECT(check, hedge->task == slab_index(&core->tasks, task));
	EXPECT(check, hedge->agent != task->agent);
	EXPECT(check, hedge->attempt > task->attempt);
	EXPECT(check, hedge->attempt <= task->attempt_last);
	EXPECT(check, hedge->dispatched_at_ns >= task->dispatched_at_ns);
	EXPECT(check, list_holds(&hedge->node));
	check->hedges++;
	check->sum[SUM_RUNNING] += weight(task->tenant);
}

static void check_lending(struct check *check, const struct task *task, bool running)
{
	const struct task *borrower = NULL;

	EXPECT(check, (task->lender == 0) | running);
	EXPECT(check, !task->ahead || (running && task->lender == 0 && !task->exclusive));
	if (task->lent_to == 0)
		return;
	borrower = task_find(check->core, task->lent_to);
	EXPECT(check, borrower != NULL);
	EXPECT(check, borrower == NULL || borrower->lender == task->id);
}

static void sum_task(struct check *check, const struct task *task, bool running)
{
	bool queued = task->state == BAL_TASK_QUEUED;

	check->states[task->state]++;
	check->waiting[task->priority] += queued;
	check->sum[SUM_LANE_LIVE] += weight(task->lane);
	check->sum[SUM_LANE_WAITING] += weight(task->lane) * queued;
	check->sum[SUM_QUEUED] += weight(task->tenant) * queued;
	check->sum[SUM_RUNNING] += weight(task->tenant) * running;
	check->sum[SUM_SHARE] += weight(share_row(task->lane, task->priority, task->tenant)) *
				 (queued && !queue_is_deferred(task));
}

static void check_task(struct check *check, uint32_t place)
{
	const struct bal_core *core = check->core;
	const struct task *task = task_at(core, place);
	bool running = task->state == BAL_TASK_DISPATCHED || task->state == BAL_TASK_RUNNING;
	int64_t due_ns = task_due_ns(task);

	EXPECT(check, map_get(&core->tasks_by_id, task->id) == place);
	EXPECT(check, task_lives((enum bal_task_state)task->state));
	bal_assert(task->state < BAL_TASK_STATE_COUNT);
	bal_assert(task->priority < BAL_PRIORITY_COUNT);
	bal_assert(task->tenant < core->limits.tenants_max);
	bal_assert(task->kind < core->limits.kinds_max);
	bal_assert(slab_holds(&core->lanes, task->lane));
	EXPECT(check,
		(task->state != BAL_TASK_FINISHING) |
			life_task_may(BAL_TASK_FINISHING, (enum bal_task_state)task->end_state));
	check_task_place(check, task, running);
	check_lending(check, task, running);
	check_hedge(check, task, running);
	check_timer(check, &task->timer, TIMER_TASK, task->id);
	EXPECT(check, heap_holds(&task->timer.node) == (due_ns != BAL_NEVER_NS));
	EXPECT(check, (due_ns == BAL_NEVER_NS) | (task->timer.node.key == due_ns));
	if (task->waits_for != 0)
		check_waiting_for(check, task, place);
	EXPECT(check, (task->waits_for != 0) | (task->waiter_next == BAL_NONE));
	sum_task(check, task, running);
}

static void check_tasks(struct check *check)
{
	const struct bal_core *core = check->core;
	uint32_t count = 0;

	for (uint32_t i = slab_next(&core->tasks, 0); i != SLAB_NONE;
		i = slab_next(&core->tasks, i + 1)) {
		check_task(check, i);
		count++;
	}
	EXPECT(check, core->tasks.count == count);
	EXPECT(check, core->totals.tasks == count);
	EXPECT(check, core->tasks_by_id.count == count);
	for (uint32_t i = 0; i < BAL_TASK_STATE_COUNT; i++)
		EXPECT(check, core->totals.states[i] == check->states[i]);
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		EXPECT(check, core->waiting[i] == check->waiting[i]);
	EXPECT(check, core->children_queued.count == check->children);
	EXPECT(check, core->deferred.count == check->deferred);
	EXPECT(check, check->children_waited == check->with_parent);
	EXPECT(check, core->waiters.count == check->awaited);
	EXPECT(check, check->chained == check->waiters);
	EXPECT(check, core->hedges.count == check->hedges);
	EXPECT(check, core->hedges_open.count == check->hedges);
}

static void check_shares(struct check *check)
{
	const struct bal_core *core = check->core;
	uint64_t sum = 0;
	uint32_t count = 0;

	for (uint32_t i = slab_next(&core->shares, 0); i != SLAB_NONE;
		i = slab_next(&core->shares, i + 1)) {
		const struct share *share = slab_at(&core->shares, i);

		heap_check(&share->tasks);
		EXPECT(check, share->tasks.count > 0);
		EXPECT(check, heap_holds(&share->node));
		EXPECT(check, share->node.tie == share->tenant);
		EXPECT(check,
			share->node.key <= core->tenants[share->tenant].served_ns[share->priority]);
		sum += weight(share_row(share->lane, share->priority, share->tenant)) *
		       share->tasks.count;
		count++;
	}
	EXPECT(check, core->shares.count == count);
	EXPECT(check, core->shares_by_key.count == count);
	EXPECT(check, check->sum[SUM_SHARE] == sum);
}

static void check_lane(struct check *check, const struct lane *lane)
{
	const struct bal_core *core = check->core;
	uint32_t waiting = 0;
	uint32_t pools = 0;
	uint32_t first = BAL_NONE;

	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++) {
		heap_check(&lane->classes[i].ages);
		heap_check(&lane->classes[i].shares);
		waiting += lane->classes[i].ages.count;
	}
	EXPECT(check, lane->waiting == waiting);
	EXPECT(check, list_holds(&lane->active_node) == (waiting > 0));
	for (uint32_t i = core->limits.pools_max; i-- > 0;) {
		bool serves = lane_serves(lane, i);

		EXPECT(check, !serves || (core->pools[i].exists && !core->pools[i].removed));
		pools += serves;
		first = serves ? i : first;
	}
	EXPECT(check, lane->pool_count == pools);
	EXPECT(check, lane->pool_first == first);
}

static void check_lanes(struct check *check)
{
	const struct bal_core *core = check->core;
	uint64_t live = 0;
	uint64_t waiting = 0;
	uint32_t active = 0;
	uint32_t count = 0;

	for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
		i = slab_next(&core->lanes, i + 1)) {
		const struct lane *lane = slab_at(&core->lanes, i);

		check_lane(check, lane);
		live += weight(i) * lane->live;
		waiting += weight(i) * lane->waiting;
		active += lane->waiting > 0;
		count++;
	}
	EXPECT(check, check->sum[SUM_LANE_LIVE] == live);
	EXPECT(check, check->sum[SUM_LANE_WAITING] == waiting);
	EXPECT(check, core->lanes_active.count == active);
	EXPECT(check, core->lanes.count == count);
	EXPECT(check, core->lanes_by_hash.count == count);
}

static void check_tenants(struct check *check)
{
	const struct bal_core *core = check->core;
	uint64_t queued = 0;
	uint64_t running = 0;
	uint64_t by_kind = 0;
	uint64_t by_tenant = 0;

	for (uint32_t i = 0; i < core->limits.tenants_max; i++) {
		const struct tenant *tenant = &core->tenants[i];

		queued += weight(i) * tenant->queued;
		running += weight(i) * tenant->running;
		by_tenant += tenant->running;
	}
	for (uint32_t i = 0; i < core->limits.kinds_max; i++)
		by_kind += core->kinds[i].running;
	EXPECT(check, by_kind == by_tenant);
	EXPECT(check, check->sum[SUM_QUEUED] == queued);
	EXPECT(check, check->sum[SUM_RUNNING] == running);
}

/* Returns the second attempts among them. */
static uint32_t check_agent_tasks(struct check *check, const struct agent *agent, uint32_t place)
{
	uint32_t running = 0, lent = 0, exclusive = 0, count = 0, hedges = 0, ahead = 0;

	for (const struct list_node *node = agent->tasks.first; node != NULL;
		node = list_next(node)) {
		const struct task *task = container_of(node, struct task, agent_node);

		EXPECT(check, task->agent == place);
		running += (task->lender == 0) & !task->ahead;
		ahead += task->ahead;
		EXPECT(check, (agent->ahead == slab_index(&check->core->tasks, task)) ==
				      (task->ahead != 0));
		lent += task->lender != 0;
		exclusive += (task->lender == 0) & (task->exclusive != 0);
		count++;
	}
	for (const struct list_node *node = check->core->hedges_open.first; node != NULL;
		node = list_next(node)) {
		const struct hedge *hedge = container_of(node, struct hedge, node);

		hedges += hedge->agent == place;
		exclusive +=
			hedge->agent == place && task_at(check->core, hedge->task)->exclusive != 0;
	}
	EXPECT(check, agent->tasks.count == count);
	EXPECT(check, count + hedges <= OUTBOX_AGENT_TASKS_MAX(check->core));
	EXPECT(check, agent->running == running + hedges);
	EXPECT(check, agent->lent == lent);
	EXPECT(check, agent->exclusive == exclusive);
	EXPECT(check, (agent->ahead != BAL_NONE) == (ahead > 0));
	EXPECT(check, ahead == 0 || (agent->running > 0 && agent->running >= agent->slots));
	return hedges;
}

/* It is among the idle ones when it may take a task; one whose pause has just ended may come late,
 * by the timer that will put it there. */
static void check_idle(struct check *check, const struct agent *agent)
{
	const struct bal_core *core = check->core;
	bool may = agent->running < agent_slots_open(core, agent) && agent->exclusive == 0 &&
		   agent_has_room(core, agent);
	bool idle = agent->idle;
	bool due = heap_holds(&agent->timer.node) && agent->timer.node.key <= core->now_ns;

	EXPECT(check, !idle | may);
	EXPECT(check, idle | !may | due);
}

static void check_pool_agents(struct check *check, const struct pool *pool, uint32_t number)
{
	const struct bal_core *core = check->core;
	uint32_t states[BAL_AGENT_STATE_COUNT] = {0};
	uint32_t slots = 0, running = 0, lent = 0, idle = 0, count = 0, hedges = 0;
	uint32_t ahead = 0;

	for (const struct list_node *node = pool->agents.first; node != NULL;
		node = list_next(node)) {
		const struct agent *agent = container_of(node, struct agent, pool_node);
		uint32_t place = slab_index(&core->agents, agent);
		bool works = agent->state == BAL_AGENT_READY || agent->state == BAL_AGENT_WARMING;

		bal_assert(agent->state < BAL_AGENT_STATE_COUNT);
		bal_assert(slab_holds(&core->agents, place));
		EXPECT(check, map_get(&core->agents_by_id, agent->id) == place);
		EXPECT(check, agent->pool == number);
		hedges += check_agent_tasks(check, agent, place);
		ahead += agent->ahead != BAL_NONE;
		check_idle(check, agent);
		check_timer(check, &agent->timer, TIMER_AGENT, agent->id);
		states[agent->state]++;
		slots += works ? agent->slots : 0;
		running += agent->running;
		lent += agent->lent;
		idle += agent->idle;
		EXPECT(check, agent->seat < pool->seat_count);
		EXPECT(check, pool->seats[agent->seat] == place);
		count++;
	}
	for (uint32_t i = 0; i < BAL_AGENT_STATE_COUNT; i++)
		EXPECT(check, pool->state_count[i] == states[i]);
	EXPECT(check, (states[BAL_AGENT_FREE] == 0) & (states[BAL_AGENT_GONE] == 0));
	EXPECT(check, pool->slots_ready == slots);
	EXPECT(check, pool->running == running);
	EXPECT(check, pool->lent == lent);
	EXPECT(check, pool->hedges == hedges);
	EXPECT(check, pool->ahead == ahead);
	EXPECT(check, pool->idle_count == idle);
	EXPECT(check, pool->seat_count == count);
	EXPECT(check, pool->agents.count == count);
	EXPECT(check, pool->exists | (count == 0));
}

static void check_pools(struct check *check)
{
	const struct bal_core *core = check->core;
	uint64_t ordered = 0;
	uint64_t asked = 0;
	uint32_t agents = 0;

	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		const struct pool *pool = &core->pools[i];
		const struct order *order = order_find(core, pool->order_open);

		check_pool_agents(check, pool, i);
		if (pool->exists)
			check_timer(check, &pool->timer, TIMER_POOL, i);
		EXPECT(check, (pool->order_open == 0) | (order != NULL));
		EXPECT(check, order == NULL || (!order->ended && order->why.pool == i));
		agents += pool->agents.count;
		ordered += weight(i) * pool->ordered;
	}
	for (uint32_t i = 0; i < core->limits.orders_max; i++) {
		const struct order *order = &core->orders[i];

		EXPECT(check, order->seen <= order->wanted);
		asked += order->ended ? 0 : weight(order->why.pool) * (order->wanted - order->seen);
	}
	EXPECT(check, ordered == asked);
	EXPECT(check, aftermath_check(core) == NULL);
	EXPECT(check, core->agents.count == agents);
	EXPECT(check, core->agents_by_id.count == agents);
}

static void check_limits(struct check *check)
{
	const struct bal_core *core = check->core;
	uint64_t held = 0;
	uint64_t running = 0;

	for (uint32_t i = 0; i < core->limits.limits_max; i++)
		running += weight(i) * core->shared[i].running;
	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		const struct pool *pool = &core->pools[i];
		bool is_limited = false;

		for (uint32_t j = 0; pool->exists && j < BAL_POOL_LIMITS_MAX; j++) {
			if (pool->conf.limits[j] == BAL_NONE)
				continue;
			held += weight(pool->conf.limits[j]) *
				((uint64_t)pool->running + pool->lent + pool->ahead);
			is_limited = true;
		}
		EXPECT(check, pool->is_limited == is_limited);
	}
	EXPECT(check, running == held);
}

static void check_learned(struct check *check)
{
	const struct bal_core *core = check->core;
	uint32_t histories = 0;
	uint32_t contexts = 0;

	for (const struct list_node *node = core->history_use.first; node != NULL;
		node = list_next(node)) {
		const struct history *history = container_of(node, struct history, use_node);

		EXPECT(check, map_get(&core->histories_by_key, history->key) ==
				      slab_index(&core->histories, history));
		histories++;
	}
	for (const struct list_node *node = core->context_use.first; node != NULL;
		node = list_next(node)) {
		const struct context *context = container_of(node, struct context, use_node);

		EXPECT(check, map_get(&core->contexts_by_id, context->conversation) ==
				      slab_index(&core->contexts, context));
		contexts++;
	}
	EXPECT(check, core->history_use.count == histories);
	EXPECT(check, core->histories.count == histories);
	EXPECT(check, core->histories_by_key.count == histories);
	EXPECT(check, core->context_use.count == contexts);
	EXPECT(check, core->contexts.count == contexts);
	EXPECT(check, core->contexts_by_id.count == contexts);
}

/* A remembered decision is found by its id, or a newer one about the same task is. */
static void check_decisions(struct check *check)
{
	const struct bal_core *core = check->core;
	uint32_t newest = 0;

	for (uint32_t i = 0; i < core->limits.explanations_max; i++) {
		const struct bal_why *why = &core->decisions[i];
		uint32_t place;

		if (why->kind == BAL_WHY_NOTHING)
			continue;
		place = map_get(&core->decisions_by_id, why->id);
		bal_assert(place < core->limits.explanations_max);
		EXPECT(check, core->decisions[place].id == why->id);
		newest += place == i;
	}
	EXPECT(check, core->decisions_by_id.count == newest);
}

static void check_outbox(struct check *check)
{
	const struct outbox *outbox = &check->core->outbox;

	EXPECT(check, outbox->first < outbox->capacity);
	EXPECT(check, outbox->count <= outbox->capacity);
	for (uint32_t i = 0; i < outbox->count; i++)
		EXPECT(check, outbox->items[(outbox->first + i) % outbox->capacity].type <
				      BAL_EFFECT_COUNT);
}

const char *check_core(const struct bal_core *core)
{
	struct check check = {.core = core};

	check_tasks(&check);
	check_shares(&check);
	check_lanes(&check);
	check_tenants(&check);
	check_pools(&check);
	check_limits(&check);
	check_learned(&check);
	check_decisions(&check);
	check_outbox(&check);
	EXPECT(&check, shelf_check(core));
	if (check.fault == NULL)
		check.fault = series_check(core->series);
	if (check.fault == NULL)
		check.fault = resource_check(core);
	if (check.fault == NULL)
		check.fault = alert_check(core->alerts, core->now_ns);
	if (check.fault == NULL)
		check.fault = objective_check(core->objectives);
	if (check.fault == NULL)
		check.fault = resize_check(core);
	if (check.fault == NULL)
		check.fault = book_check(core);
	heap_check(&core->timers);
	EXPECT(&check, core->timers.count == check.timers);
	return check.fault;
}

void bal_core_check(const struct bal_core *core)
{
	const char *fault = check_core(core);

	if (fault != NULL)
		assert_fail(fault, __FILE__, __LINE__);
}

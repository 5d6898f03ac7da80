/* SPDX-License-Identifier: Apache-2.0 */
/* Late binding: a task is bound only when a slot is free, so the slot goes to the task that is next
 * by the queue's order among those that a free agent can serve, and the task to the best of the
 * agents that are free.
 *
 * What may not go now is put aside for the rest of the run: a tenant at its bound with its whole
 * share, a task that no free agent may take by itself.  At most ASIDE_MAX of each; a run that meets
 * more stops and goes on at the next event. */
#include "core/dispatch.h"

#include "core/agent.h"
#include "core/attempt.h"
#include "core/choice.h"
#include "core/explain.h"
#include "core/limit.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/task.h"

#define ASIDE_MAX 32

struct aside {
	struct task *tasks[ASIDE_MAX];
	uint32_t task_count;
	struct share *shares[ASIDE_MAX];
	uint32_t share_count;
};

static bool lane_open(const struct bal_core *core, const struct lane *lane)
{
	for (uint32_t i = 0; i < core->pool_words; i++) {
		uint64_t pools = lane->pools[i];

		while (pools != 0) {
			uint32_t bit = (uint32_t)__builtin_ctzll(pools);

			pools &= pools - 1;
			if (pool_open(core, &core->pools[i * 64 + bit]))
				return true;
		}
	}
	return false;
}

static struct task *older(struct task *a, struct task *b)
{
	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	if (a->submitted_at_ns != b->submitted_at_ns)
		return a->submitted_at_ns < b->submitted_at_ns ? a : b;
	return a->id < b->id ? a : b;
}

static struct task *next_task(struct bal_core *core)
{
	bool aged_turn = core->turn % (uint64_t)knob(core, BAL_KNOB_AGED_SHARE) == 0;
	struct task *next = NULL;
	struct task *aged = NULL;

	for (struct list_node *node = core->lanes_active.first; node != NULL;
		node = list_next(node)) {
		struct lane *lane = container_of(node, struct lane, active_node);
		struct task *task;

		if (!lane_open(core, lane))
			continue;
		if (aged_turn)
			aged = older(aged, lane_next(core, lane, true));
		task = lane_next(core, lane, false);
		if (task != NULL && (next == NULL || queue_before(core, task, next)))
			next = task;
	}
	/* An aged task of a tenant at its bound must not hold up the others. */
	return aged != NULL && tenant_may_run(core, aged->tenant) ? aged : next;
}

/* Puts the task, or its tenant's share, aside.  False when there is no room to. */
static bool put_aside(struct bal_core *core, struct task *task, struct aside *aside)
{
	if (!tenant_may_run(core, task->tenant)) {
		if (aside->share_count == ASIDE_MAX)
			return false;
		aside->shares[aside->share_count++] = share_hide(core, task);
		return true;
	}
	if (aside->task_count == ASIDE_MAX)
		return false;
	queue_remove(core, task);
	aside->tasks[aside->task_count++] = task;
	return true;
}

static void take_back(struct bal_core *core, struct aside *aside)
{
	for (uint32_t i = 0; i < aside->share_count; i++)
		share_show(core, aside->shares[i]);
	for (uint32_t i = 0; i < aside->task_count; i++)
		queue_put(core, aside->tasks[i]);
}

/* True when the task went. */
static bool try_task(struct bal_core *core, struct task *task)
{
	struct choice choice;

	if (!tenant_may_run(core, task->tenant))
		return false;
	choice_prepare(core, task);
	choose(core, task, CHOICE_RANKED_MAX, &choice);
	if (choice.ranked_count == 0)
		return false;
	explain_routed(core, task, &choice);
	attempt_start(core, task, agent_at(core, slab_index(&core->agents, choice.ranked[0].agent)),
		NULL);
	return true;
}

struct task *dispatch_lender(struct bal_core *core, const struct task *task)
{
	const struct lane *lane = lane_at(core, task->lane);
	struct task *ancestor = task_find(core, task->parent);

	for (uint32_t i = 0; i < BAL_ANCESTORS_MAX && ancestor != NULL; i++) {
		if (ancestor->children_waited == 0)
			return NULL;
		/* A slot that it was lent itself will do: or a chain of tasks that wait for each
		 * other would stand still in a full pool. */
		if (ancestor->agent != BAL_NONE && ancestor->lent_to == 0 &&
			lane_serves(lane, agent_at(core, ancestor->agent)->pool))
			return ancestor;
		if (ancestor->parent == 0 || (ancestor->flags & BAL_TASK_PARENT_WAITS) == 0)
			return NULL;
		ancestor = task_find(core, ancestor->parent);
	}
	return NULL;
}

/* True when a child may start on this agent beside the ancestor that waits for it.  The bound of
 * the tenant and of memory do not count: the ancestor holds what the child needs. */
static bool may_share(
	const struct bal_core *core, const struct task *task, const struct agent *agent)
{
	const struct pool *pool = &core->pools[agent->pool];
	uint32_t blocking;

	return agent->state != BAL_AGENT_EJECTED && agent->blocked_until_ns <= core->now_ns &&
	       agent_has_room(core, agent) && !pool->paused_dispatch &&
	       limits_allow(core, pool, &blocking) &&
	       choice_constraint(core, task, agent) != BAL_REASON_FORBIDDEN;
}

/* Children that found no free slot take the one of an ancestor that only waits for them. */
static void lend_slots(struct bal_core *core)
{
	struct list_node *node = core->children_queued.first;

	while (node != NULL && outbox_has_room(core)) {
		struct task *task = container_of(node, struct task, child_node);
		struct task *lender = dispatch_lender(core, task);
		struct agent *agent;

		node = list_next(node);
		if (lender == NULL)
			continue;
		agent = agent_at(core, lender->agent);
		if (!may_share(core, task, agent))
			continue;
		explain_lent(core, task, agent, lender);
		attempt_start(core, task, agent, lender);
	}
}

/* When only a rate stands in the way, the core must be woken when it lets the next one pass. */
static void wake_for_rates(struct bal_core *core)
{
	core->wake_at_ns = BAL_NEVER_NS;
	for (uint32_t i = 0; i < core->pools_high; i++) {
		const struct pool *pool = &core->pools[i];
		int64_t open_at_ns;

		if (!pool->exists || pool->idle_count == 0)
			continue;
		open_at_ns = limits_open_at_ns(core, pool);
		if (open_at_ns > core->now_ns && open_at_ns < core->wake_at_ns)
			core->wake_at_ns = open_at_ns;
	}
}

void dispatch_run(struct bal_core *core)
{
	struct aside aside = {.task_count = 0};

	if (!core->started || core->stopping || !core->dispatch_due)
		return;
	score_refresh(core);
	while (outbox_has_room(core)) {
		struct task *task = next_task(core);

		if (task == NULL) {
			core->dispatch_due = false;
			break;
		}
		if (try_task(core, task))
			continue;
		if (!put_aside(core, task, &aside)) {
			core->dispatch_due = false;
			break;
		}
	}
	take_back(core, &aside);
	lend_slots(core);
	if (queue_count(core) > 0)
		wake_for_rates(core);
	else
		core->wake_at_ns = BAL_NEVER_NS;
}

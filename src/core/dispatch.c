/* SPDX-License-Identifier: Apache-2.0 */
/* Late binding: a task is bound only when a slot is free, so the slot goes to the task that is next
 * by the queue's order among those that a free agent can serve, and the task to the best of the
 * agents that are free.
 *
 * A task that a faster agent is worth waiting for is deferred (core/defer.h): it is tried again at
 * each run, in its turn, and a timer makes sure that there is one when it would take what is free.
 *
 * What may not go now is put aside for the rest of the run: a tenant at its bound with its whole
 * share, a task that no free agent may take by itself.  At most ASIDE_MAX of each; a run that meets
 * more stops and goes on at the next event. */
#include "core/dispatch.h"

#include "base/num.h"
#include "core/agent.h"
#include "core/ahead.h"
#include "core/attempt.h"
#include "core/choice.h"
#include "core/defer.h"
#include "core/explain.h"
#include "core/limit.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/shelf.h"
#include "core/task.h"

#define ASIDE_MAX 32

struct aside {
	struct task *tasks[ASIDE_MAX];
	uint32_t task_count;
	struct share *shares[ASIDE_MAX];
	uint32_t share_count;
};

/* The answer to a task that is like any other of its kind and lane, so that the next of them need
 * not ask again.  It holds until something starts. */
struct offer {
	bool holds;
	uint32_t lane, kind;
	const struct pool *pool; /* of the agent that would win; NULL = nobody is free */
	float slow, fastest;
};

/* One run over what waits. */
struct run {
	struct aside aside;
	struct offer offer;
	struct list_node *deferred; /* the next to try of core->deferred */
	bool aged_waits;            /* one of them had a turn of the aged, and waits on */
	int64_t wake_at_ns;         /* when the first of them would take what is free now */
};

/* The places of what is put aside are left as they are: there are many, and runs. */
static void run_begin(const struct bal_core *core, struct run *run)
{
	run->aside.task_count = 0;
	run->aside.share_count = 0;
	run->offer.holds = false;
	run->deferred = core->deferred.first;
	run->aged_waits = false;
	run->wake_at_ns = BAL_NEVER_NS;
}

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

/* The task of the lane that has waited too long. One that is deferred counts until it is tried:
 * behind better classes its own turn may never come. */
static struct task *aged_task(struct bal_core *core, struct lane *lane, const struct run *run)
{
	struct task *task = lane_next(core, lane, true);

	return task != NULL && queue_is_deferred(task) && run->aged_waits ? NULL : task;
}

static struct task *next_task(struct bal_core *core, const struct run *run, bool *is_aged)
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
			aged = older(aged, aged_task(core, lane, run));
		task = lane_next(core, lane, false);
		if (task != NULL && (next == NULL || queue_before(core, task, next)))
			next = task;
	}
	/* An aged task of a tenant at its bound must not hold up the others. */
	*is_aged = aged != NULL && tenant_may_run(core, aged->tenant);
	return *is_aged ? aged : next;
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

/* What came of trying a task. */
enum tried { TRIED_STARTED, TRIED_DEFERRED, TRIED_NOBODY };

/* True when only its kind and size tell the task from others in its lane. */
static bool is_ordinary(const struct bal_core *core, const struct task *task)
{
	return task->not_agents[0] == 0 && !task->exclusive && task->conversation == 0 &&
	       task->parent == 0 && lane_at(core, task->lane)->memory_mib == 0;
}

/* True when the task should wait for a faster agent than that of the offer. Each run looks at all
 * that are deferred, so there is a most; so many do not all get a fast agent soon anyway. */
static bool defers(const struct bal_core *core, const struct task *task, const struct offer *offer,
	struct run *run)
{
	int64_t until_ns = defer_until_ns(
		core, task, learn_size_s(core, task), offer->pool, offer->slow, offer->fastest);

	if (until_ns <= core->now_ns ||
		(core->deferred.count >= DEFER_TASKS_MAX && !queue_is_deferred(task)))
		return false;
	run->wake_at_ns = num_min_i64(run->wake_at_ns, until_ns);
	return true;
}

static enum tried try_task(struct bal_core *core, struct task *task, struct run *run)
{
	struct offer offer = {.lane = task->lane, .kind = task->kind};
	struct choice choice;

	choice_prepare(core, task);
	choose(core, task, &choice);
	offer.holds = is_ordinary(core, task);
	offer.fastest = defer_fastest(core, task);
	if (choice.ranked_count > 0) {
		offer.pool = &core->pools[choice.ranked[0].agent->pool];
		offer.slow = choice.ranked[0].slow;
	}
	run->offer = offer;
	if (offer.pool == NULL)
		return TRIED_NOBODY;
	if (defers(core, task, &offer, run))
		return TRIED_DEFERRED;
	choose_losers(core, &choice);
	explain_routed(core, task, &choice);
	attempt_start(core, task, choice.ranked[0].agent, NULL);
	run->offer.holds = false;
	return TRIED_STARTED;
}

/* Whom an ordinary task would get in a lane that one pool serves: the first on its shelf.  Most
 * that is deferred is asked for in this way at each run, so it must cost little. */
static void ask_shelf(struct bal_core *core, const struct task *task, struct run *run)
{
	const struct lane *lane = lane_at(core, task->lane);
	const struct pool *pool = &core->pools[lane->pool_first];
	const struct shelf *shelf = shelf_for(core, lane->pool_first, task->kind);
	uint32_t seat = pool_open(core, pool) ? mintree_first(&shelf->rate) : MINTREE_NONE;

	run->offer = (struct offer){.holds = true,
		.lane = task->lane,
		.kind = task->kind,
		.fastest = mintree_least(&shelf->slow)};
	if (seat == MINTREE_NONE)
		return;
	run->offer.pool = pool;
	run->offer.slow = mintree_key(&shelf->slow, seat);
}

/* True when an ordinary task must wait on, by the offer to one like it. */
static bool declines(struct bal_core *core, const struct task *task, struct run *run)
{
	const struct offer *offer = &run->offer;

	if (!is_ordinary(core, task))
		return false;
	if (!offer->holds || offer->lane != task->lane || offer->kind != task->kind) {
		if (lane_at(core, task->lane)->pool_count != 1)
			return false;
		ask_shelf(core, task, run);
	}
	return offer->pool == NULL || defers(core, task, offer, run);
}

/* The next deferred task that may be tried in this run, NULL when there is none. */
static struct task *next_deferred(struct bal_core *core, struct run *run)
{
	while (run->deferred != NULL) {
		struct task *task = container_of(run->deferred, struct task, defer_node);

		if (!declines(core, task, run) && lane_open(core, lane_at(core, task->lane)) &&
			tenant_may_run(core, task->tenant))
			return task;
		run->deferred = list_next(run->deferred);
	}
	return NULL;
}

/* Gives a deferred task its turn of the aged. */
static void try_aged(struct bal_core *core, struct task *task, struct run *run)
{
	if (run->deferred == &task->defer_node)
		run->deferred = list_next(run->deferred);
	if (declines(core, task, run) || try_task(core, task, run) != TRIED_STARTED)
		run->aged_waits = true;
}

/* Tries the task that is next among the deferred ones and the others; false when nothing may go any
 * more.  A turn of the aged is first; then a class goes before a lower one; within it, deferred
 * tasks had their turn before. */
static bool try_next(struct bal_core *core, struct run *run)
{
	bool is_aged;
	struct task *task = next_task(core, run, &is_aged);
	struct task *deferred = is_aged ? NULL : next_deferred(core, run);
	bool may_run;
	enum tried tried;

	if (is_aged && queue_is_deferred(task)) {
		try_aged(core, task, run);
		return true;
	}
	if (deferred != NULL && (task == NULL || deferred->priority <= task->priority)) {
		run->deferred = list_next(run->deferred);
		try_task(core, deferred, run);
		return true;
	}
	if (task == NULL)
		return false;
	may_run = tenant_may_run(core, task->tenant);
	if (may_run && declines(core, task, run) && run->offer.pool != NULL) {
		queue_defer(core, task);
		return true;
	}
	tried = may_run ? try_task(core, task, run) : TRIED_NOBODY;
	if (tried == TRIED_DEFERRED)
		queue_defer(core, task);
	return tried != TRIED_NOBODY || put_aside(core, task, &run->aside);
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
		if (ancestor->agent != BAL_NONE && !ancestor->ahead && ancestor->lent_to == 0 &&
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
static int64_t rates_open_at_ns(const struct bal_core *core)
{
	int64_t wake_at_ns = BAL_NEVER_NS;

	for (uint32_t i = 0; i < core->pools_high; i++) {
		const struct pool *pool = &core->pools[i];
		int64_t open_at_ns;

		if (!pool->exists || pool->idle_count == 0)
			continue;
		open_at_ns = limits_open_at_ns(core, pool);
		if (open_at_ns > core->now_ns && open_at_ns < wake_at_ns)
			wake_at_ns = open_at_ns;
	}
	return wake_at_ns;
}

void dispatch_run(struct bal_core *core)
{
	struct run run;

	if (!core->started || core->stopping || !core->dispatch_due)
		return;
	run_begin(core, &run);
	score_refresh(core);
	while (core->dispatch_due && outbox_has_room(core))
		core->dispatch_due = try_next(core, &run);
	take_back(core, &run.aside);
	lend_slots(core);
	ahead_run(core);
	core->wake_at_ns = queue_count(core) > 0
				   ? num_min_i64(run.wake_at_ns, rates_open_at_ns(core))
				   : BAL_NEVER_NS;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A task carries the instant at which its attempt is late (learn.c knows what is late for its
 * kind), so hedging costs nothing until then.  An attempt that is late and may not be hedged yet is
 * looked at again when it has run an eighth longer, one whose hedge came to nothing when it has run
 * twice as long: a task that hangs for hours causes a few dozen looks, and a dozen hedges.
 *
 * When the first attempt is over and the second goes on, that one becomes the task's attempt, so
 * everywhere else a task still has one attempt, and perhaps a hedge.  Attempts are numbered in the
 * order in which they start (attempt_last), whichever of them is the task's own. */
#include "core/hedge.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/attempt.h"
#include "core/choice.h"
#include "core/explain.h"
#include "core/learn.h"
#include "core/limit.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/task.h"

#define LOOK_AGAIN_SHARE 8 /* of what it has run so far */

static bool pool_hedges(const struct pool *pool)
{
	return pool->conf.kind == BAL_POOL_PROCESS || pool->conf.kind == BAL_POOL_URLS;
}

void hedge_watch(struct bal_core *core, struct task *task, const struct agent *agent)
{
	task->hedge_look_ns = BAL_NEVER_NS;
	if (knob(core, BAL_KNOB_HEDGE_SHARE) > 0 && pool_hedges(agent_pool(core, agent)))
		task->hedge_look_ns =
			time_add_ns(task->dispatched_at_ns, learn_late_ns(core, task, agent));
}

struct hedge *hedge_of(const struct bal_core *core, const struct task *task)
{
	return task->hedge == BAL_NONE ? NULL : slab_at(&core->hedges, task->hedge);
}

static void look_after(struct bal_core *core, struct task *task, int64_t wait_ns)
{
	task->hedge_look_ns = time_add_ns(core->now_ns, num_max_i64(wait_ns, NS_PER_MS));
	task_timer_update(core, task);
}

/* ---- the end of a hedge ------------------------------------------------------------------- */

/* Forgets the hedge and gives its slot back. */
static void release(struct bal_core *core, struct task *task)
{
	struct hedge *hedge = hedge_of(core, task);
	struct agent *agent = agent_at(core, hedge->agent);

	agent_pool(core, agent)->hedges--;
	task->hedge = BAL_NONE;
	list_remove(&core->hedges_open, &hedge->node);
	attempt_slot_give(core, task, agent, hedge->dispatched_at_ns);
	slab_give(&core->hedges, hedge);
	look_after(core, task, core->now_ns - task->dispatched_at_ns);
}

/* It ended without success. */
static void lose(struct bal_core *core, struct task *task, enum bal_outcome outcome,
	const struct bal_event_ended *event)
{
	struct agent *agent = agent_at(core, hedge_of(core, task)->agent);

	learn_attempt(core, task, agent, outcome, 0);
	release(core, task);
	agent_judge(core, agent, outcome);
	if (outcome == BAL_OUTCOME_BUSY)
		agent_block(core, agent, event == NULL ? 0 : event->retry_after_ns);
}

static void tell_rescinded(struct bal_core *core, const struct task *task, enum bal_reason reason)
{
	const struct hedge *hedge = hedge_of(core, task);
	struct bal_effect *effect = outbox_add_task(core, BAL_EFFECT_RESCIND, task);

	effect->agent = agent_at(core, hedge->agent)->id;
	effect->attempt = hedge->attempt;
	effect->reason = reason;
}

void hedge_rescind(struct bal_core *core, struct task *task, enum bal_reason reason)
{
	const struct hedge *hedge = hedge_of(core, task);

	if (reason == BAL_REASON_HEDGE_LOST)
		learn_outrun(core, task, agent_at(core, hedge->agent),
			core->now_ns - hedge->dispatched_at_ns);
	tell_rescinded(core, task, reason);
	release(core, task);
}

void hedge_promote(struct bal_core *core, struct task *task)
{
	struct hedge *hedge = hedge_of(core, task);
	struct agent *agent = agent_at(core, hedge->agent);

	bal_assert(task->agent == BAL_NONE);
	agent_pool(core, agent)->hedges--;
	task->agent = hedge->agent;
	task->attempt = hedge->attempt;
	task->epoch = core->epoch;
	task->dispatched_at_ns = hedge->dispatched_at_ns;
	task->until_ns = task->hedge_look_ns;
	task->warm = hedge->warm;
	task->beside = hedge->beside;
	task->was_ahead = 0;
	task->hedge = BAL_NONE;
	list_append(&agent->tasks, &task->agent_node);
	list_remove(&core->hedges_open, &hedge->node);
	slab_give(&core->hedges, hedge);
	hedge_watch(core, task, agent);
	task->hedge_look_ns = num_max_i64(task->hedge_look_ns,
		time_add_ns(core->now_ns, core->now_ns - task->dispatched_at_ns));
	task_timer_update(core, task);
	context_note(core, task->conversation, agent->id);
}

void hedge_answered(struct bal_core *core, struct task *task, const struct bal_event_ended *event)
{
	if (event->outcome != BAL_OUTCOME_SUCCEEDED) {
		lose(core, task, (enum bal_outcome)event->outcome, event);
		return;
	}
	core->totals.hedges_won_count++;
	attempt_outrun(core, task);
	hedge_promote(core, task);
	attempt_end(core, task, BAL_OUTCOME_SUCCEEDED, event);
}

/* ---- the start ---------------------------------------------------------------------------- */

/* True when the pool has slots to spare for one more hedge. */
static bool pool_spares(const struct bal_core *core, uint32_t number)
{
	const struct pool *pool = &core->pools[number];

	if (!pool_hedges(pool) || pool->ahead > 0 ||
		(uint64_t)pool->hedges * PERMILLE >=
			(uint64_t)pool->slots_ready * (uint64_t)knob(core, BAL_KNOB_HEDGE_SHARE))
		return false;
	for (const struct list_node *node = core->lanes_active.first; node != NULL;
		node = list_next(node))
		if (lane_serves(container_of(node, struct lane, active_node), number))
			return false;
	return true;
}

/* Moves the best candidate for a hedge to the front; false when there is none.  Those before it are
 * the task's agent and ones of pools that have nothing to spare. */
static bool pick(const struct bal_core *core, const struct task *task, struct choice *choice)
{
	uint32_t place = 0;

	while (place < choice->ranked_count &&
		(slab_index(&core->agents, choice->ranked[place].agent) == task->agent ||
			!pool_spares(core, choice->ranked[place].agent->pool)))
		place++;
	choice->ranked_count -= place;
	for (uint32_t i = 0; i < choice->ranked_count; i++)
		choice->ranked[i] = choice->ranked[i + place];
	return choice->ranked_count > 0;
}

static void start(struct bal_core *core, struct task *task, struct agent *agent)
{
	const struct task *parent = task->parent == 0 ? NULL : task_find(core, task->parent);
	struct pool *pool = agent_pool(core, agent);
	struct hedge *hedge = slab_take(&core->hedges);
	struct bal_effect *effect;

	hedge->task = slab_index(&core->tasks, task);
	hedge->agent = slab_index(&core->agents, agent);
	hedge->attempt = ++task->attempt_last;
	hedge->dispatched_at_ns = core->now_ns;
	hedge->warm = context_agent(core, task->conversation) == agent->id;
	hedge->beside = parent != NULL && parent->agent == hedge->agent;
	list_append(&core->hedges_open, &hedge->node);
	task->hedge = slab_index(&core->hedges, hedge);
	task->hedge_look_ns = time_add_ns(core->now_ns, pool->conf.timeout_ns);
	task_timer_update(core, task);
	pool->hedges++;
	attempt_slot_take(core, task, agent);
	core->totals.dispatched_count++;
	core->totals.hedged_count++;
	effect = outbox_add_task(core, BAL_EFFECT_DISPATCH, task);
	effect->agent = agent->id;
	effect->pool = agent->pool;
	effect->attempt = hedge->attempt;
	effect->reason = BAL_REASON_HEDGED;
	effect->until_ns = task->hedge_look_ns;
}

/* True when the task itself may have a second attempt now: it can still be in time, is not waiting
 * for children, and shares no slot with its family. */
static bool may_start(const struct bal_core *core, const struct task *task)
{
	return !core->stopping && core->now_ns < task->deadline_ns &&
	       core->hedges.count < core->limits.agents_max && task->children_waited == 0 &&
	       task->lender == 0 && task->lent_to == 0 && tenant_may_run(core, task->tenant);
}

static bool try_start(struct bal_core *core, struct task *task)
{
	struct choice choice;

	if (!may_start(core, task))
		return false;
	choice_prepare(core, task);
	choose(core, task, &choice);
	choose_losers(core, &choice);
	if (!pick(core, task, &choice))
		return false;
	explain_hedged(core, task, &choice);
	start(core, task, choice.ranked[0].agent);
	return true;
}

void hedge_timer(struct bal_core *core, struct task *task)
{
	if (task->hedge != BAL_NONE) {
		tell_rescinded(core, task, BAL_REASON_ATTEMPT_TIMEOUT);
		lose(core, task, BAL_OUTCOME_TIMEOUT, NULL);
	} else if (knob(core, BAL_KNOB_HEDGE_SHARE) == 0) {
		task->hedge_look_ns = BAL_NEVER_NS;
		task_timer_update(core, task);
	} else if (!try_start(core, task)) {
		look_after(core, task, (core->now_ns - task->dispatched_at_ns) / LOOK_AGAIN_SHARE);
	}
}

/* ---- those of an agent -------------------------------------------------------------------- */

void hedges_lost(struct bal_core *core, const struct agent *agent)
{
	struct list_node *node = core->hedges_open.first;

	while (node != NULL) {
		const struct hedge *hedge = container_of(node, struct hedge, node);

		node = list_next(node);
		if (hedge->agent == slab_index(&core->agents, agent))
			lose(core, task_at(core, hedge->task), BAL_OUTCOME_LOST, NULL);
	}
}

void hedges_drained(struct bal_core *core, const struct agent *agent)
{
	struct list_node *node = core->hedges_open.first;

	while (node != NULL) {
		const struct hedge *hedge = container_of(node, struct hedge, node);

		node = list_next(node);
		if (hedge->agent == slab_index(&core->agents, agent))
			hedge_rescind(core, task_at(core, hedge->task), BAL_REASON_DRAIN_LIMIT);
	}
}

int64_t hedges_busy_ns(const struct bal_core *core, const struct agent *agent)
{
	int64_t busy_ns = 0;

	for (const struct list_node *node = core->hedges_open.first; node != NULL;
		node = list_next(node)) {
		const struct hedge *hedge = container_of(node, struct hedge, node);

		if (hedge->agent == slab_index(&core->agents, agent))
			busy_ns = num_add_i64(busy_ns, core->now_ns - hedge->dispatched_at_ns);
	}
	return busy_ns;
}

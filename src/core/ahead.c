/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes are taken in the order of their heads, and only a head is sent: who is behind one that may
 * not go waits with it, as in the queue.  Agents are looked at one by one, which is as many as have
 * nothing yet; in a fleet that is full these are the few where a slot was just freed.
 *
 * A child whose parent waits for it is never sent: it could wait behind its own parent. */
#include "core/ahead.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/attempt.h"
#include "core/choice.h"
#include "core/defer.h"
#include "core/explain.h"
#include "core/hedge.h"
#include "core/learn.h"
#include "core/limit.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/task.h"

/* A place to send a task to. */
struct aim {
	struct agent *agent;
	int64_t left_ns; /* until a slot is expected to fall free */
};

static bool pool_takes(const struct bal_core *core, const struct pool *pool)
{
	uint32_t blocking;

	return (pool->conf.kind == BAL_POOL_PROCESS || pool->conf.kind == BAL_POOL_URLS) &&
	       !pool->paused_dispatch && pool->ahead < pool->agents.count &&
	       limits_allow(core, pool, &blocking);
}

static bool agent_takes(const struct bal_core *core, const struct agent *agent)
{
	return agent->state == BAL_AGENT_READY && agent->ahead == BAL_NONE && agent->slots > 0 &&
	       agent->running >= agent->slots && agent->exclusive == 0 &&
	       agent->blocked_until_ns <= core->now_ns && agent_has_room(core, agent);
}

/* Until the first of its tasks is expected to end; one that is late may end any moment or never. */
static int64_t slot_left_ns(const struct bal_core *core, const struct agent *agent)
{
	int64_t least_ns = BAL_NEVER_NS;

	for (const struct list_node *node = agent->tasks.first; node != NULL;
		node = list_next(node)) {
		const struct task *task = container_of(node, struct task, agent_node);
		double expected_s =
			learn_size_s(core, task) * learn_slowness(core, agent, task->kind);
		int64_t expected_ns = num_to_i64(expected_s * (double)NS_PER_S);
		int64_t elapsed_ns = core->now_ns - task->dispatched_at_ns;

		least_ns = num_min_i64(least_ns,
			elapsed_ns < expected_ns ? expected_ns - elapsed_ns : elapsed_ns / 2);
	}
	return least_ns;
}

static bool would_wait(const struct bal_core *core, const struct task *task,
	const struct agent *agent, float fastest)
{
	float slow = (float)learn_slowness(core, agent, task->kind);

	return defer_until_ns(core, task, learn_size_s(core, task), &core->pools[agent->pool], slow,
		       fastest) > core->now_ns;
}

static void aim_in_pool(struct bal_core *core, const struct task *task, const struct pool *pool,
	float fastest, struct aim *aim)
{
	for (struct list_node *node = pool->agents.first; node != NULL; node = list_next(node)) {
		struct agent *agent = container_of(node, struct agent, pool_node);
		int64_t left_ns;

		if (!agent_takes(core, agent) ||
			choice_constraint(core, task, agent) != BAL_REASON_NONE ||
			would_wait(core, task, agent, fastest))
			continue;
		left_ns = slot_left_ns(core, agent);
		if (left_ns < aim->left_ns)
			*aim = (struct aim){.agent = agent, .left_ns = left_ns};
	}
}

/* Where the task should go ahead to; NULL when nowhere. */
static struct agent *aim_at(struct bal_core *core, const struct task *task)
{
	const struct lane *lane = lane_at(core, task->lane);
	struct aim aim = {.left_ns = BAL_NEVER_NS};
	float fastest;

	if (task->exclusive || task_is_awaited(task) || !tenant_may_run(core, task->tenant))
		return NULL;
	choice_prepare(core, task);
	fastest = defer_fastest(core, task);
	for (uint32_t i = 0; i < core->pools_high; i++) {
		const struct pool *pool = &core->pools[i];

		if (!lane_serves(lane, i))
			continue;
		if (pool->idle_count > 0)
			return NULL; /* it waits for something else than a slot */
		if (pool_takes(core, pool))
			aim_in_pool(core, task, pool, fastest, &aim);
	}
	return aim.agent;
}

/* Sends the head that is next of those that may go; false when none may. */
static bool send_next(struct bal_core *core)
{
	struct task *next = NULL;
	struct agent *to = NULL;

	for (struct list_node *node = core->lanes_active.first; node != NULL;
		node = list_next(node)) {
		struct task *task =
			lane_next(core, container_of(node, struct lane, active_node), false);
		struct agent *agent;

		if (task == NULL || (next != NULL && !queue_before(core, task, next)))
			continue;
		agent = aim_at(core, task);
		if (agent == NULL)
			continue;
		next = task;
		to = agent;
	}
	if (next == NULL)
		return false;
	explain_ahead(core, next, to);
	attempt_send_ahead(core, next, to);
	return true;
}

void ahead_run(struct bal_core *core)
{
	bool due = core->dispatch_due;

	if (knob(core, BAL_KNOB_PREFETCH) == 0)
		return;
	while (queue_count(core) > 0 && outbox_has_room(core) && send_next(core))
		continue;
	core->dispatch_due = due; /* what was sent ahead lets nothing else go */
}

void ahead_advance(struct bal_core *core, struct agent *agent)
{
	struct task *task;

	if (agent->ahead == BAL_NONE || agent->running >= num_max_i64(agent->slots, 1))
		return;
	task = task_at(core, agent->ahead);
	attempt_begin_ahead(core, task, agent);
	hedge_watch(core, task, agent);
	task_timer_update(core, task);
}

void ahead_take_back(struct bal_core *core, struct agent *agent)
{
	if (agent->ahead != BAL_NONE)
		attempt_rescind(core, task_at(core, agent->ahead), BAL_REASON_TAKEN_BACK,
			BAL_OUTCOME_HANDED_BACK);
}

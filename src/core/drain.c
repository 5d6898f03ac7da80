/* SPDX-License-Identifier: Apache-2.0 */
/* Draining never ends a task: running ones finish, or are handed back by their agent when the drain
 * limit comes, and only then does END go out.  An agent that ignores the request is waited for.
 * Only agents that a provider started are ended; others stay, draining, until somebody takes them
 * back. */
#include "core/drain.h"

#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/ahead.h"
#include "core/hedge.h"
#include "core/learn.h"
#include "core/order.h"
#include "core/outbox.h"

void drain_start(struct bal_core *core, struct agent *agent, uint64_t order)
{
	struct bal_effect *effect;

	if (agent->state == BAL_AGENT_DRAINING || agent->state == BAL_AGENT_GONE)
		return;
	/* One that drains while it starts is not coming: its order must not wait for it. */
	if (agent->state == BAL_AGENT_STARTING)
		order_agent_off(core, agent);
	agent->drain_at_ns = core->now_ns;
	agent->drain_asked_back = false;
	effect = outbox_add_agent(core, BAL_EFFECT_DRAIN, agent);
	effect->order = order;
	agent_state_set(core, agent, BAL_AGENT_DRAINING);
	ahead_take_back(core, agent);
	drain_check(core, agent);
}

bool drain_back(struct bal_core *core, struct agent *agent)
{
	bool was_ready = agent->ready_at_ns > 0 || agent->restored;

	if (agent->state != BAL_AGENT_DRAINING || agent->end_asked)
		return false;
	agent->drain_kept = false;
	outbox_add_agent(core, BAL_EFFECT_UNDRAIN, agent);
	agent_state_set(core, agent, was_ready ? BAL_AGENT_READY : BAL_AGENT_STARTING);
	return true;
}

void drain_check(struct bal_core *core, struct agent *agent)
{
	if (agent->state != BAL_AGENT_DRAINING || agent->end_asked ||
		agent->running + agent->lent > 0 ||
		agent_pool(core, agent)->conf.kind != BAL_POOL_PROCESS)
		return;
	agent->end_asked = true;
	outbox_add_agent(core, BAL_EFFECT_END, agent);
}

int64_t drain_limit_at_ns(const struct bal_core *core, const struct agent *agent)
{
	return time_add_ns(agent->drain_at_ns, core->pools[agent->pool].conf.drain_limit_ns);
}

void drain_limit_reached(struct bal_core *core, struct agent *agent)
{
	if (agent->drain_asked_back || core->now_ns < drain_limit_at_ns(core, agent))
		return;
	agent->drain_asked_back = true;
	hedges_drained(core, agent);
	for (struct list_node *node = agent->tasks.first; node != NULL; node = list_next(node)) {
		struct task *task = container_of(node, struct task, agent_node);
		struct bal_effect *effect = outbox_add_task(core, BAL_EFFECT_HAND_BACK, task);

		effect->agent = agent->id;
		effect->reason = BAL_REASON_DRAIN_LIMIT;
	}
}

int64_t drain_left_ns(const struct bal_core *core, const struct agent *agent)
{
	int64_t left_ns = 0;

	for (struct list_node *node = agent->tasks.first; node != NULL; node = list_next(node)) {
		const struct task *task = container_of(node, struct task, agent_node);
		double expected_s =
			learn_size_s(core, task) * learn_slowness(core, agent, task->kind);
		int64_t expected_ns = num_to_i64(expected_s * (double)NS_PER_S);
		int64_t elapsed_ns = core->now_ns - task->dispatched_at_ns;

		/* A task that is late may end any moment or never: half of what it took so far is
		 * as good a guess as any, and keeps the order sensible. */
		left_ns = num_add_i64(left_ns,
			elapsed_ns < expected_ns ? expected_ns - elapsed_ns : elapsed_ns / 2);
	}
	return left_ns;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* An agent is idle when it may take one more task; its pool's shelves are what dispatch looks at,
 * so every change of state or counters ends in agent_update.
 *
 * Health is passive first: attempts that are lost, time out or fail retryably count in a row.  An
 * ejected agent is probed when its time is over; the host's answer brings it back or doubles the
 * time.  Command and lease agents are never ejected: a command's failure says nothing about the
 * next process, and a worker that does not ask gets nothing anyway. */
#include "core/agent.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/ahead.h"
#include "core/alert.h"
#include "core/book.h"
#include "core/drain.h"
#include "core/knees.h"
#include "core/life.h"
#include "core/outbox.h"
#include "core/resize.h"
#include "core/resource.h"
#include "core/shelf.h"
#include "core/timer.h"

#define EJECT_DOUBLINGS_MAX 8
#define BUSY_WAIT_NS        NS_PER_S /* when a busy agent does not say how long */
#define BUSY_WAIT_MAX_NS    NS_PER_MIN

struct agent *agent_find(const struct bal_core *core, uint64_t id)
{
	uint32_t place = map_get(&core->agents_by_id, id);

	return place == MAP_NONE ? NULL : slab_at(&core->agents, place);
}

struct pool *agent_pool(struct bal_core *core, const struct agent *agent)
{
	return &core->pools[agent->pool];
}

struct agent *agent_new(struct bal_core *core, const struct bal_event_up *event)
{
	struct agent *agent = slab_take(&core->agents);
	struct pool *pool = &core->pools[event->pool];

	if (agent == NULL)
		return NULL;
	agent->id = event->agent;
	agent->order = event->order;
	agent->made_by = event->order;
	agent->pool = event->pool;
	agent->slots = event->slots;
	agent->timer.owner = TIMER_AGENT;
	agent->up_at_ns = core->now_ns;
	agent->eject_until_ns = BAL_NEVER_NS;
	agent->ahead = BAL_NONE;
	for (uint32_t i = 0; i < BAL_SIGNAL_DECISION_COUNT; i++)
		agent->signals[i] = -1;
	bal_assert(map_put(&core->agents_by_id, agent->id, slab_index(&core->agents, agent)));
	list_append(&pool->agents, &agent->pool_node);
	pool->state_count[BAL_AGENT_FREE]++;
	shelf_seat(core, agent);
	resize_up(core, agent);
	return agent;
}

static bool state_works(enum bal_agent_state state)
{
	return state == BAL_AGENT_READY || state == BAL_AGENT_WARMING;
}

void agent_state_set(struct bal_core *core, struct agent *agent, enum bal_agent_state state)
{
	struct pool *pool = agent_pool(core, agent);
	enum bal_agent_state before = (enum bal_agent_state)agent->state;

	bal_assert(life_agent_may(before, state));
	pool->state_count[before]--;
	pool->state_count[state]++;
	if (state_works(before))
		pool->slots_ready -= agent->slots;
	if (state_works(state))
		pool->slots_ready += agent->slots;
	agent->state = (uint8_t)state;
	agent_update(core, agent);
}

bool agent_has_room(const struct bal_core *core, const struct agent *agent)
{
	return agent->running + agent->lent + (agent->ahead != BAL_NONE) <
	       OUTBOX_AGENT_TASKS_MAX(core);
}

uint32_t agent_slots_open(const struct bal_core *core, const struct agent *agent)
{
	if (!state_works((enum bal_agent_state)agent->state) ||
		agent->blocked_until_ns > core->now_ns)
		return 0;
	if (agent->state == BAL_AGENT_WARMING)
		return (agent->slots + 1) / 2;
	return agent->slots;
}

static int64_t timer_at_ns(const struct bal_core *core, const struct agent *agent)
{
	int64_t at_ns = BAL_NEVER_NS;

	if (agent->blocked_until_ns > core->now_ns)
		at_ns = agent->blocked_until_ns;
	if (agent->state == BAL_AGENT_WARMING) {
		int64_t warm_at_ns = time_add_ns(agent->ready_at_ns, knob(core, BAL_KNOB_WARMING));

		at_ns = warm_at_ns < at_ns ? warm_at_ns : at_ns;
	}
	if (agent->state == BAL_AGENT_EJECTED && !agent->probing && agent->eject_until_ns < at_ns)
		at_ns = agent->eject_until_ns;
	if (agent->state == BAL_AGENT_DRAINING && !agent->drain_asked_back) {
		int64_t limit_at_ns = drain_limit_at_ns(core, agent);

		at_ns = limit_at_ns < at_ns ? limit_at_ns : at_ns;
	}
	return at_ns;
}

void agent_update(struct bal_core *core, struct agent *agent)
{
	bool idle = agent->running < agent_slots_open(core, agent) && agent->exclusive == 0 &&
		    agent_has_room(core, agent);

	shelf_update(core, agent, idle);
	/* A child may run on a slot of a full agent, see attempt.c, and a task wait at one. */
	if (idle || core->children_queued.count > 0 || knob(core, BAL_KNOB_PREFETCH) > 0)
		core->dispatch_due = true;
	timer_set(core, &agent->timer, agent->id, timer_at_ns(core, agent));
}

void agent_free(struct bal_core *core, struct agent *agent)
{
	struct pool *pool = agent_pool(core, agent);

	bal_assert(agent->state == BAL_AGENT_GONE);
	bal_assert(agent->tasks.count == 0);
	bal_assert(agent->running == 0);
	timer_clear(core, &agent->timer);
	pool->state_count[BAL_AGENT_GONE]--;
	list_remove(&pool->agents, &agent->pool_node);
	map_remove(&core->agents_by_id, agent->id);
	shelf_leave(core, agent);
	alert_gone(core, BAL_SUBJECT_AGENT, agent->id);
	book_agent_gone(core, slab_index(&core->agents, agent));
	resource_gone(core, agent);
	resize_gone(core, agent);
	knees_gone(core, agent);
	shifts_agent_gone(&core->shifts, slab_index(&core->agents, agent));
	slab_give(&core->agents, agent);
}

static bool may_eject(const struct bal_core *core, const struct pool *pool)
{
	uint64_t ejected = (uint64_t)pool->state_count[BAL_AGENT_EJECTED] + 1;

	if (pool->conf.kind != BAL_POOL_PROCESS && pool->conf.kind != BAL_POOL_URLS)
		return false;
	return ejected * PERMILLE <=
	       (uint64_t)pool->agents.count * (uint64_t)knob(core, BAL_KNOB_EJECT_MAX_SHARE);
}

static void eject(struct bal_core *core, struct agent *agent)
{
	uint32_t doublings =
		agent->ejections < EJECT_DOUBLINGS_MAX ? agent->ejections : EJECT_DOUBLINGS_MAX;

	agent->ejections++;
	agent->failures_row = 0;
	agent->probing = false;
	agent->eject_until_ns =
		time_add_ns(core->now_ns, knob(core, BAL_KNOB_EJECT_BASE) << doublings);
	if (agent->state == BAL_AGENT_EJECTED)
		agent_update(core, agent);
	else
		agent_state_set(core, agent, BAL_AGENT_EJECTED);
	ahead_take_back(core, agent);
}

void agent_judge(struct bal_core *core, struct agent *agent, enum bal_outcome outcome)
{
	switch (outcome) {
	case BAL_OUTCOME_SUCCEEDED:
		agent->finished_count++;
		agent->failures_row = 0;
		agent->ejections = 0;
		return;
	case BAL_OUTCOME_FAILED:
		agent->failed_count++;
		agent->failures_row = 0; /* it answered: it is alive */
		return;
	case BAL_OUTCOME_RETRYABLE:
	case BAL_OUTCOME_LOST:
	case BAL_OUTCOME_TIMEOUT:
		agent->failed_count++;
		agent->failures_row++;
		break;
	default:
		return;
	}
	if (agent->failures_row >= (uint64_t)knob(core, BAL_KNOB_EJECT_AFTER) &&
		state_works((enum bal_agent_state)agent->state) &&
		may_eject(core, agent_pool(core, agent)))
		eject(core, agent);
}

void agent_block(struct bal_core *core, struct agent *agent, int64_t wait_ns)
{
	wait_ns = wait_ns <= 0 ? BUSY_WAIT_NS : num_min_i64(wait_ns, BUSY_WAIT_MAX_NS);
	agent->blocked_until_ns = time_add_ns(core->now_ns, wait_ns);
	agent_update(core, agent);
}

void agent_ready(struct bal_core *core, struct agent *agent)
{
	bool warms = knob(core, BAL_KNOB_WARMING) > 0 && !agent->restored;

	agent->probing = false;
	agent->failures_row = 0;
	if (agent->state == BAL_AGENT_STARTING) {
		agent->ready_at_ns = core->now_ns;
		agent_state_set(core, agent, warms ? BAL_AGENT_WARMING : BAL_AGENT_READY);
	} else if (agent->state == BAL_AGENT_EJECTED) {
		agent->eject_until_ns = BAL_NEVER_NS;
		agent_state_set(core, agent, BAL_AGENT_READY);
	} else if (agent->state == BAL_AGENT_DRAINING && agent->ready_at_ns == 0) {
		agent->ready_at_ns = core->now_ns; /* taken back, it will not say so again */
	}
}

void agent_unhealthy(struct bal_core *core, struct agent *agent)
{
	bool works = state_works((enum bal_agent_state)agent->state);

	if (agent->state == BAL_AGENT_EJECTED ||
		(works && may_eject(core, agent_pool(core, agent))))
		eject(core, agent);
}

void agent_timer(struct bal_core *core, struct agent *agent)
{
	if (agent->state == BAL_AGENT_WARMING &&
		core->now_ns - agent->ready_at_ns >= knob(core, BAL_KNOB_WARMING)) {
		agent_state_set(core, agent, BAL_AGENT_READY);
		return;
	}
	if (agent->state == BAL_AGENT_EJECTED && core->now_ns >= agent->eject_until_ns) {
		agent->probing = true;
		outbox_add_agent(core, BAL_EFFECT_PROBE, agent);
	}
	if (agent->state == BAL_AGENT_DRAINING)
		drain_limit_reached(core, agent);
	agent_update(core, agent);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_AGENT_H
#define BAL_CORE_AGENT_H

#include "core/state.h"

/* Agents: found by id, made, moved through their life; which of them have a free slot; health. */

/* The live agent with this id, NULL when there is none. */
struct agent *agent_find(const struct bal_core *core, uint64_t id);

/* The agent at a place of the table, which must be live. */
static inline struct agent *agent_at(const struct bal_core *core, uint32_t place)
{
	return slab_at(&core->agents, place);
}

/* The pool it belongs to. */
struct pool *agent_pool(struct bal_core *core, const struct agent *agent);

/* Makes an agent in state FREE; NULL when the table is full. */
struct agent *agent_new(struct bal_core *core, const struct bal_event_up *event);

/* The only way an agent changes its state; keeps the pool's counts and shelves. */
void agent_state_set(struct bal_core *core, struct agent *agent, enum bal_agent_state state);

/* Puts the agent among its pool's idle ones, or takes it out, as its state and counters say; sets
 * its timer.  Call after any change of them. */
void agent_update(struct bal_core *core, struct agent *agent);

/* False when as many tasks run there as one event may be about (OUTBOX_AGENT_TASKS_MAX): tasks on
 * lent slots and restored ones take no slot, so slots alone do not bound them. */
bool agent_has_room(const struct bal_core *core, const struct agent *agent);

/* Slots that tasks may take now: half of them while warming, none when it takes nothing. */
uint32_t agent_slots_open(const struct bal_core *core, const struct agent *agent);

/* Forgets an agent that is GONE and runs nothing. */
void agent_free(struct bal_core *core, struct agent *agent);

/* Notes how an attempt went: failures in a row eject the agent for a growing time, unless too much
 * of its pool is ejected already. */
void agent_judge(struct bal_core *core, struct agent *agent, enum bal_outcome outcome);

/* It said that it is busy: nothing goes there for this long, for a second when it did not say. */
void agent_block(struct bal_core *core, struct agent *agent, int64_t wait_ns);

/* A probe, a first sign of life or an operator's word made it fit for work. */
void agent_ready(struct bal_core *core, struct agent *agent);

/* An active probe failed. */
void agent_unhealthy(struct bal_core *core, struct agent *agent);

/* What is due for it at core->now_ns: end of warming, of a busy answer, of an ejection, or of the
 * drain limit. */
void agent_timer(struct bal_core *core, struct agent *agent);

#endif

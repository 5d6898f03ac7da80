/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_OUTBOX_H
#define BAL_CORE_OUTBOX_H

#include "core/state.h"

/* Effects that wait for the host to take them. */

/* Besides half of the outbox, the room that must be left before an event is taken, or work that may
 * wait until the next step (dispatch, timers) goes on.  The half is for an agent's turn: its end
 * causes an effect per task on it. */
#define OUTBOX_RESERVE 64

/* Tasks that one agent may run, on slots of its own and on lent ones. */
#define OUTBOX_AGENT_TASKS_MAX(core) ((core)->outbox.capacity / 2)

/* Appends an effect and returns it, zeroed but for its type.  The outbox never overflows, see
 * OUTBOX_RESERVE. */
struct bal_effect *outbox_add(struct bal_core *core, enum bal_effect_type type);

/* An effect about a task. */
struct bal_effect *outbox_add_task(
	struct bal_core *core, enum bal_effect_type type, const struct task *task);

/* An effect about an agent. */
struct bal_effect *outbox_add_agent(
	struct bal_core *core, enum bal_effect_type type, const struct agent *agent);

/* True while deferrable work may go on. */
bool outbox_has_room(const struct bal_core *core);

/* Moves as many effects as fit to the host's array. */
void outbox_take(struct bal_core *core, struct bal_effects *effects);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_OUTBOX_H
#define BAL_CORE_OUTBOX_H

#include "core/state.h"

/* Effects that wait for the host to take them. */

/* Room that must be left before work that may wait until the next step (dispatch, timers) goes on:
 * what one task's or agent's turn may cause. */
#define OUTBOX_RESERVE 64

/* Appends an effect and returns it, zeroed but for its type.  The outbox never overflows: one
 * event causes at most OUTBOX_RESERVE effects plus four per slot of an agent, and
 * limits.effects_max is checked against that when an agent's slots are set. */
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

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_AHEAD_H
#define BAL_CORE_AHEAD_H

#include "core/state.h"

/*
 * One task may be sent ahead to an agent whose slots are all taken (knob PREFETCH, off by default),
 * so that it begins without a round trip when a slot falls free.  It is bound later than that
 * wherever possible: only when no slot is free for it anywhere, to the agent whose next slot is
 * expected soonest, and not when it would rather wait for a faster one.
 *
 * What is sent ahead holds its place in limits and its tenant's bound but no slot; the agent, which
 * must be one behind an address, keeps it until a slot is free.
 */

/* Sends ahead what may go. */
void ahead_run(struct bal_core *core);

/* A slot of the agent was given back, or it has more of them: what was sent ahead begins. */
void ahead_advance(struct bal_core *core, struct agent *agent);

/* The agent takes nothing new any more: what was sent ahead goes back into the queue. */
void ahead_take_back(struct bal_core *core, struct agent *agent);

#endif

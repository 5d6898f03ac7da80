/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_HEDGE_H
#define BAL_CORE_HEDGE_H

#include "core/state.h"

/*
 * A hedge is a second attempt of a task that runs beside the first, on another agent, because the
 * first takes longer than nearly all of its kind do.  The first success counts and the other
 * attempt is given up; a failure of one leaves the other running, and only the failure of the last
 * that runs is one of the task's.
 *
 * Hedges take spare capacity alone: a share of a pool's slots (knob HEDGE_SHARE, 0 = none), and
 * only while no task waits for one of them.  Agents behind addresses get hedges; a command may have
 * effects that must not happen twice, and a lease goes to whoever asks.
 */

/* Sets when the attempt that starts now on the agent is late; it starts for the first time, or was
 * the second until now.  The caller updates the task's timer. */
void hedge_watch(struct bal_core *core, struct task *task, const struct agent *agent);

/* task->hedge_look_ns has come: starts a second attempt, looks again later, or gives up on one that
 * has run for as long as it may. */
void hedge_timer(struct bal_core *core, struct task *task);

/* The second attempt of the task; NULL when there is none. */
struct hedge *hedge_of(const struct bal_core *core, const struct task *task);

/* An answer came for it. */
void hedge_answered(struct bal_core *core, struct task *task, const struct bal_event_ended *event);

/* Gives up on it, for this reason. */
void hedge_rescind(struct bal_core *core, struct task *task, enum bal_reason reason);

/* The first attempt is over and its slot given back: the second takes its place. */
void hedge_promote(struct bal_core *core, struct task *task);

/* Second attempts on an agent that is gone are lost; on one that has drained for as long as it may
 * they are given up. */
void hedges_lost(struct bal_core *core, const struct agent *agent);
void hedges_drained(struct bal_core *core, const struct agent *agent);

/* Slot time that second attempts on this agent have taken so far. */
int64_t hedges_busy_ns(const struct bal_core *core, const struct agent *agent);

#endif

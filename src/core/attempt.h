/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_ATTEMPT_H
#define BAL_CORE_ATTEMPT_H

#include "core/state.h"

/* Attempts of tasks: their start, their end, and what follows: a result, a retry, a dead letter. */

/* Starts the next attempt of a task on an agent.  `lender` is the ancestor whose slot it takes,
 * NULL when it takes one of the agent's own.  The task must be waiting in the queue. */
void attempt_start(
	struct bal_core *core, struct task *task, struct agent *agent, struct task *lender);

/* Puts a task that ran before a restart back on its agent. */
void attempt_restore(struct bal_core *core, struct task *task, struct agent *agent);

/* The end of the running attempt.  `event` may be NULL when no agent said anything. */
void attempt_end(struct bal_core *core, struct task *task, enum bal_outcome outcome,
	const struct bal_event_ended *event);

/* Tells the agent to stop the running attempt and ends it with this outcome. */
void attempt_rescind(
	struct bal_core *core, struct task *task, enum bal_reason reason, enum bal_outcome outcome);

/* An answer came for an attempt.  Returns STALE when it no longer counts: it is of another attempt
 * or epoch, and not the success of a task that is still unfinished. */
enum bal_status attempt_answered(struct bal_core *core, const struct bal_event_ended *event);

/* Takes a slot of the agent for an attempt of the task, with all that it holds; gives it back after
 * an attempt that began at taken_at_ns. */
void attempt_slot_take(struct bal_core *core, const struct task *task, struct agent *agent);
void attempt_slot_give(
	struct bal_core *core, const struct task *task, struct agent *agent, int64_t taken_at_ns);

/* Starts the next attempt of a waiting task on an agent that keeps it until a slot is free; then
 * begins it there. */
void attempt_send_ahead(struct bal_core *core, struct task *task, struct agent *agent);
void attempt_begin_ahead(struct bal_core *core, struct task *task, struct agent *agent);

/* The task's second attempt was faster: gives up on the first and frees its slot. */
void attempt_outrun(struct bal_core *core, struct task *task);

/* Frees the slot of a running task: counters, limits, lent slots. */
void attempt_release(struct bal_core *core, struct task *task);

/* Ends the task: made durable first if it is durable itself.  It must not be queued or running. */
void task_finish(
	struct bal_core *core, struct task *task, enum bal_task_state end, enum bal_reason reason);

/* The end is durable, or could not be made so and is tried again. */
void task_result_stored(struct bal_core *core, struct task *task, enum bal_status status);

/* What is due for a task at core->now_ns. */
void task_timer(struct bal_core *core, struct task *task);

/* Somebody cancels it. */
void task_cancel(struct bal_core *core, struct task *task);

/* Puts a task among the waiting ones; it was just stored, restored, or has waited long enough. */
void task_enqueue(struct bal_core *core, struct task *task);

#endif

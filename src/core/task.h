/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_TASK_H
#define BAL_CORE_TASK_H

#include "core/state.h"

/* Live tasks: found by id, made, moved through their life, forgotten. */

/* The live task with this id, NULL when there is none. */
struct task *task_find(const struct bal_core *core, uint64_t id);

/* The task at a place of the table. */
static inline struct task *task_at(const struct bal_core *core, uint32_t place)
{
	return slab_at(&core->tasks, place);
}

/* Makes a task in state FREE from a submission that was checked; NULL when the table is full.  Its
 * lane must exist; the task counts as one of the lane's live tasks. */
struct task *task_new(struct bal_core *core, const struct bal_event_task *event, uint32_t lane);

/* The only way a task changes its state. */
void task_state_set(struct bal_core *core, struct task *task, enum bal_task_state state);

/* The earliest instant that the task's state makes due, BAL_NEVER_NS when none does. */
int64_t task_due_ns(const struct task *task);

/* Sets the task's timer to the earliest instant that its state makes due. */
void task_timer_update(struct bal_core *core, struct task *task);

/* Forgets an ended task.  Its parent no longer waits for it, tasks that waited for it are queued
 * again. */
void task_free(struct bal_core *core, struct task *task);

/* Tasks that may wait for each other in a row. */
#define TASK_WAITS_MAX 1000

/* True when the other task waits for this one, through others too, or at the end of a row that is
 * too long. */
bool task_closes_circle(const struct bal_core *core, const struct task *task, uint64_t other);

/* True for a task that is a child of one that may wait for it. */
static inline bool task_is_awaited(const struct task *task)
{
	return task->parent != 0 && (task->flags & BAL_TASK_PARENT_WAITS) != 0;
}

/* Counts a child that has come for its parent, also for one that is not there (yet, or any more).
 */
void task_count_child(struct bal_core *core, const struct task *task);

/* Makes an unfinished attempt's task wait until `other` has ended; the task must be in state
 * WAITING. */
void task_wait_for(struct bal_core *core, struct task *task, uint64_t other);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_QUEUE_H
#define BAL_CORE_QUEUE_H

#include "core/state.h"

/*
 * Tasks that wait for a slot, and who is next.
 *
 * Order, within the tasks that some free agent can serve: class; then the tenant that was served
 * least for its weight; then deadline or age, if asked also size; then id.  One dispatch of every
 * AGED_SHARE goes to the task that waits longest beyond AGEING, whatever its class, so that nothing
 * starves and an overload of old batch work still cannot hold back critical tasks.
 */

/* The lane for these needs, made if there is none yet; NULL when all lanes are in use. */
struct lane *lane_for(struct bal_core *core, const struct bal_needs *needs);

/* The lane at a place of the table. */
static inline struct lane *lane_at(const struct bal_core *core, uint32_t place)
{
	return slab_at(&core->lanes, place);
}

/* Puts a lane of a saved state at its place; false when that or its needs are taken. */
bool lane_restore(struct bal_core *core, uint32_t place, const struct lane *saved);

/* Works out again which pools serve each lane; call after any change of a pool. */
void lanes_update(struct bal_core *core);

/* Notes an arrival, for the moving rate of the lane. */
void lane_arrived(struct bal_core *core, struct lane *lane, uint32_t kind);

/* Arrivals per second of the lane at core->now_ns. */
double lane_rate(const struct bal_core *core, const struct lane *lane);

/* When it is the task's turn: its deadline, or AGE_HORIZON after it came, and later by its size
 * when SHORTEST_FIRST says so. Worked out when it begins to wait, and kept. */
int64_t queue_turn_at_ns(const struct bal_core *core, const struct task *task);

/* Puts a task that is in state QUEUED among the waiting ones. */
void queue_put(struct bal_core *core, struct task *task);

/* Takes a waiting task out; its state is the caller's business. */
void queue_remove(struct bal_core *core, struct task *task);

/* Sets a waiting task aside for a faster agent (core/defer.h): it goes on waiting, but lane_next
 * does not find it, except as the oldest. */
void queue_defer(struct bal_core *core, struct task *task);

/* True for a task that was set aside so. */
static inline bool queue_is_deferred(const struct task *task)
{
	return list_holds(&task->defer_node);
}

/* Notes that the tenant of this task receives service, for the fair share. */
void queue_charge(struct bal_core *core, const struct task *task, int64_t service_ns);

/* The next task of one lane by the order above, NULL when none waits.  With aged, the one that
 * waits longest, if that is longer than AGEING. */
struct task *lane_next(struct bal_core *core, struct lane *lane, bool aged);

/* True when a goes before b. */
bool queue_before(const struct bal_core *core, const struct task *a, const struct task *b);

/* Hides the task's whole share from lane_next until share_show: its tenant may not go now. */
struct share *share_hide(struct bal_core *core, const struct task *task);
void share_show(struct bal_core *core, struct share *share);

/* Tasks waiting of this class or a more urgent one, in lanes that share a pool with `lane`. */
uint32_t queue_ahead(const struct bal_core *core, const struct lane *lane, uint32_t priority);

/* Tasks waiting, all classes together. */
uint32_t queue_count(const struct bal_core *core);

#endif

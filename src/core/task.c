/* SPDX-License-Identifier: Apache-2.0 */
/* The table of live tasks.  A task enters with its submission (or from the store at a restart) and
 * leaves when its end is durable: the store, not this table, is the truth about ended tasks. */
#include "core/task.h"

#include "base/assert.h"
#include "base/num.h"
#include "core/life.h"
#include "core/queue.h"
#include "core/timer.h"

#include <string.h>

struct task *task_find(const struct bal_core *core, uint64_t id)
{
	uint32_t place = map_get(&core->tasks_by_id, id);

	return place == MAP_NONE ? NULL : slab_at(&core->tasks, place);
}

/* Children in the table of a parent that is not; there are hardly ever any. */
static uint32_t orphan_count(const struct bal_core *core, uint64_t parent)
{
	uint32_t count = core->orphans.count == 0 ? MAP_NONE : map_get(&core->orphans, parent);

	return count == MAP_NONE ? 0 : count;
}

static void set_orphan_count(struct bal_core *core, uint64_t parent, uint32_t count)
{
	if (count > 0)
		bal_assert(map_put(&core->orphans, parent, count));
	else if (core->orphans.count > 0)
		map_remove(&core->orphans, parent);
}

struct task *task_new(struct bal_core *core, const struct bal_event_task *event, uint32_t lane)
{
	struct task *task = slab_take(&core->tasks);
	struct lane *home = slab_at(&core->lanes, lane);

	if (task == NULL)
		return NULL;
	task->id = event->id;
	task->parent = event->parent;
	task->conversation = event->conversation;
	memcpy(task->not_agents, event->needs.not_agents, sizeof task->not_agents);
	task->submitted_at_ns = core->now_ns;
	task->deadline_ns = event->deadline_ns;
	task->size_ns = event->size_ns;
	task->until_ns = BAL_NEVER_NS;
	task->timer.owner = TIMER_TASK;
	task->lane = lane;
	task->kind = event->kind;
	task->tenant = event->tenant;
	task->hedge_look_ns = BAL_NEVER_NS;
	task->agent = BAL_NONE;
	task->hedge = BAL_NONE;
	task->attempts_max = event->attempts_max;
	task->flags = event->flags;
	task->waiter_next = BAL_NONE;
	task->priority = (uint8_t)event->priority;
	task->exclusive = event->needs.exclusive;
	task->children_waited = orphan_count(core, task->id);
	set_orphan_count(core, task->id, 0);
	home->live++;
	bal_assert(map_put(&core->tasks_by_id, task->id, slab_index(&core->tasks, task)));
	core->totals.tasks++;
	core->totals.states[BAL_TASK_FREE]++;
	return task;
}

void task_state_set(struct bal_core *core, struct task *task, enum bal_task_state state)
{
	bal_assert(life_task_may((enum bal_task_state)task->state, state));
	core->totals.states[task->state]--;
	core->totals.states[state]++;
	task->state = (uint8_t)state;
	task_timer_update(core, task);
}

int64_t task_due_ns(const struct task *task)
{
	switch ((enum bal_task_state)task->state) {
	case BAL_TASK_QUEUED:
		return task->deadline_ns;
	case BAL_TASK_WAITING:
		if (task->waits_for == 0 && task->not_before_ns < task->deadline_ns)
			return task->not_before_ns;
		return task->deadline_ns;
	case BAL_TASK_DISPATCHED:
	case BAL_TASK_RUNNING:
		return num_min_i64(task->until_ns, task->hedge_look_ns);
	case BAL_TASK_FINISHING:
		return task->until_ns;
	default:
		return BAL_NEVER_NS;
	}
}

void task_timer_update(struct bal_core *core, struct task *task)
{
	timer_set(core, &task->timer, task->id, task_due_ns(task));
}

void task_count_child(struct bal_core *core, const struct task *task)
{
	struct task *parent;

	if (!task_is_awaited(task))
		return;
	parent = task_find(core, task->parent);
	if (parent != NULL)
		parent->children_waited++;
	else
		set_orphan_count(core, task->parent, orphan_count(core, task->parent) + 1);
}

static void release_parent(struct bal_core *core, const struct task *task)
{
	struct task *parent;

	if (!task_is_awaited(task))
		return;
	parent = task_find(core, task->parent);
	if (parent != NULL) {
		bal_assert(parent->children_waited > 0);
		parent->children_waited--;
		return;
	}
	bal_assert(orphan_count(core, task->parent) > 0);
	set_orphan_count(core, task->parent, orphan_count(core, task->parent) - 1);
}

static void wake_waiters(struct bal_core *core, uint64_t id)
{
	uint32_t place = map_get(&core->waiters, id);

	if (place == MAP_NONE)
		return;
	map_remove(&core->waiters, id);
	while (place != BAL_NONE) {
		struct task *waiter = task_at(core, place);

		place = waiter->waiter_next;
		waiter->waiter_next = BAL_NONE;
		waiter->waits_for = 0;
		task_timer_update(core, waiter);
	}
}

/* A task that ends while it waits for another leaves that one's chain. */
static void leave_waiters(struct bal_core *core, struct task *task)
{
	uint32_t place = map_get(&core->waiters, task->waits_for);
	uint32_t self = slab_index(&core->tasks, task);

	if (task->waits_for == 0 || place == MAP_NONE)
		return;
	if (place == self) {
		map_remove(&core->waiters, task->waits_for);
		if (task->waiter_next != BAL_NONE)
			map_put(&core->waiters, task->waits_for, task->waiter_next);
		return;
	}
	while (task_at(core, place)->waiter_next != self) {
		place = task_at(core, place)->waiter_next;
		bal_assert(place != BAL_NONE);
	}
	task_at(core, place)->waiter_next = task->waiter_next;
}

bool task_closes_circle(const struct bal_core *core, const struct task *task, uint64_t other)
{
	for (uint32_t i = 0; i < TASK_WAITS_MAX; i++) {
		const struct task *next = other == 0 ? NULL : task_find(core, other);

		if (next == task)
			return true;
		if (next == NULL)
			return false;
		other = next->waits_for;
	}
	return true;
}

void task_wait_for(struct bal_core *core, struct task *task, uint64_t other)
{
	uint32_t first = map_get(&core->waiters, other);

	bal_assert(task->state == BAL_TASK_WAITING);
	bal_assert(task->waits_for == 0);
	if (task_find(core, other) == NULL)
		return;
	task->waits_for = other;
	task->waiter_next = first == MAP_NONE ? BAL_NONE : first;
	bal_assert(map_put(&core->waiters, other, slab_index(&core->tasks, task)));
	task_timer_update(core, task);
}

void task_free(struct bal_core *core, struct task *task)
{
	struct lane *lane = slab_at(&core->lanes, task->lane);

	bal_assert(life_task_ended((enum bal_task_state)task->state));
	bal_assert(task->agent == BAL_NONE);
	bal_assert(task->hedge == BAL_NONE);
	release_parent(core, task);
	leave_waiters(core, task);
	timer_clear(core, &task->timer);
	map_remove(&core->tasks_by_id, task->id);
	set_orphan_count(core, task->id, task->children_waited);
	wake_waiters(core, task->id);
	bal_assert(lane->live > 0);
	lane->live--;
	core->totals.states[task->state]--;
	core->totals.tasks--;
	slab_give(&core->tasks, task);
}

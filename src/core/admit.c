/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals come before anything is stored, so they cost nothing and the caller learns at once: the
 * three answers for "nobody is capable" (a pool can make an agent: wait; agents are down: wait; no
 * pool ever could: refused with the nearest), the bounds of queue and tenant, and a deadline that
 * cannot be met any more. */
#include "core/admit.h"

#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/attempt.h"
#include "core/book.h"
#include "core/explain.h"
#include "core/learn.h"
#include "core/limit.h"
#include "core/objective.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/record.h"
#include "core/recover.h"
#include "core/series.h"
#include "core/task.h"
#include "core/watch.h"

#define RETRY_AFTER_MIN_NS NS_PER_S
#define RETRY_SHARE        100 /* of the queue that must drain before a refused one tries again */
#define ID_LIMIT           (UINT64_C(1) << 62)

static bool is_valid(const struct bal_core *core, const struct bal_event_task *event)
{
	return event->id > 0 && event->id < ID_LIMIT && event->kind < core->limits.kinds_max &&
	       event->tenant < core->limits.tenants_max && event->priority < BAL_PRIORITY_COUNT &&
	       event->size_ns >= 0;
}

static void refuse(struct bal_core *core, const struct bal_event_task *event,
	enum bal_reason reason, int64_t wait_ns)
{
	struct bal_effect *effect = outbox_add(core, BAL_EFFECT_REFUSE);
	struct bal_why *why = explain_refused(core, event->id, reason, wait_ns);

	if (reason == BAL_REASON_REFUSED_INCAPABLE)
		explain_nearest(core, &event->needs, why);
	effect->task = event->id;
	effect->reason = reason;
	effect->value_ns = wait_ns;
	core->totals.refused_count++;
	book_record(core, BAL_SUBJECT_KIND, event->kind, BAL_SIGNAL_REFUSALS, 1);
}

/* When a queue of `count` tasks has probably lost one in RETRY_SHARE. */
static int64_t retry_after_ns(const struct bal_core *core, const struct lane *lane, uint32_t kind)
{
	int64_t wait_ns = explain_wait_ns(core, lane, kind, BAL_PRIORITY_BATCH) / RETRY_SHARE;

	return num_max_i64(wait_ns, RETRY_AFTER_MIN_NS);
}

/* True when even the expected course of things misses the deadline; *wait_ns is the wait. */
static bool misses_deadline(const struct bal_core *core, const struct lane *lane,
	const struct bal_event_task *event, int64_t *wait_ns)
{
	const struct kind *kind = &core->kinds[event->kind];
	int64_t service_ns = event->size_ns > 0
				     ? event->size_ns
				     : num_to_i64(kind->service_s.value * (double)NS_PER_S);

	if (event->deadline_ns == BAL_NEVER_NS)
		return false;
	*wait_ns = num_max_i64(0, explain_wait_ns(core, lane, event->kind, event->priority));
	if (event->deadline_ns <= core->now_ns)
		return true;
	if (!learn_is_known(core, event->kind))
		return false;
	return time_add_ns(core->now_ns, time_add_ns(*wait_ns, service_ns)) > event->deadline_ns;
}

/* The reason to refuse, NONE when there is none. */
static enum bal_reason objection(struct bal_core *core, const struct bal_event_task *event,
	const struct lane *lane, int64_t *wait_ns)
{
	const struct tenant *tenant = &core->tenants[event->tenant];
	int64_t rate_wait_ns;

	*wait_ns = 0;
	if (lane->pool_count == 0 || event->needs.unknown_count > 0)
		return BAL_REASON_REFUSED_INCAPABLE;
	if (misses_deadline(core, lane, event, wait_ns))
		return BAL_REASON_REFUSED_DEADLINE;
	if (queue_count(core) >= (uint64_t)knob(core, BAL_KNOB_QUEUE_MAX) ||
		core->tasks.count == core->limits.tasks_max) {
		*wait_ns = retry_after_ns(core, lane, event->kind);
		return BAL_REASON_REFUSED_QUEUE_FULL;
	}
	if (recover_sheds(core, lane, event->priority)) {
		*wait_ns = recover_retry_ns(core, lane, event->kind, event->priority);
		return BAL_REASON_REFUSED_SHED;
	}
	if (tenant->queued_max > 0 && tenant->queued >= tenant->queued_max) {
		*wait_ns = retry_after_ns(core, lane, event->kind);
		return BAL_REASON_REFUSED_TENANT_FULL;
	}
	if (!tenant_rate_take(core, event->tenant, &rate_wait_ns)) {
		*wait_ns = rate_wait_ns;
		return BAL_REASON_REFUSED_TENANT_RATE;
	}
	return BAL_REASON_NONE;
}

enum bal_status admit_submitted(struct bal_core *core, const struct bal_event_task *event)
{
	struct lane *lane;
	struct task *task;
	enum bal_reason reason;
	int64_t wait_ns;

	if (!is_valid(core, event))
		return BAL_INVALID;
	if (task_find(core, event->id) != NULL)
		return BAL_CONFLICT;
	core->totals.submitted_count++;
	lane = lane_for(core, &event->needs);
	if (lane == NULL) {
		refuse(core, event, BAL_REASON_REFUSED_QUEUE_FULL, RETRY_AFTER_MIN_NS);
		return BAL_OK;
	}
	reason = objection(core, event, lane, &wait_ns);
	if (reason != BAL_REASON_NONE) {
		refuse(core, event, reason, wait_ns);
		return BAL_OK;
	}
	lane_arrived(core, lane, event->kind);
	task = task_new(core, event, slab_index(&core->lanes, lane));
	series_arrived(core->series, task->kind, learn_size_s(core, task), core->now_ns,
		core->utc_offset_ns);
	objective_arrived(core, task);
	book_record(core, BAL_SUBJECT_KIND, task->kind, BAL_SIGNAL_ARRIVALS, 1);
	watch_wake(core);
	task_count_child(core, task);
	task_state_set(core, task, BAL_TASK_SUBMITTED);
	if ((task->flags & BAL_TASK_DURABLE) != 0) {
		outbox_add_task(core, BAL_EFFECT_STORE, task);
		return BAL_OK;
	}
	outbox_add_task(core, BAL_EFFECT_ACCEPT, task);
	task_enqueue(core, task);
	return BAL_OK;
}

enum bal_status admit_stored(struct bal_core *core, const struct bal_event_stored *event)
{
	struct task *task = task_find(core, event->task);

	if (task == NULL || task->state != BAL_TASK_SUBMITTED)
		return BAL_UNKNOWN;
	if (event->status != BAL_OK) {
		struct bal_effect *effect = outbox_add_task(core, BAL_EFFECT_REFUSE, task);

		effect->reason = BAL_REASON_REFUSED_STORE;
		effect->value_ns = RETRY_AFTER_MIN_NS;
		explain_refused(core, task->id, BAL_REASON_REFUSED_STORE, RETRY_AFTER_MIN_NS);
		core->totals.refused_count++;
		book_record(core, BAL_SUBJECT_KIND, task->kind, BAL_SIGNAL_REFUSALS, 1);
		task_state_set(core, task, BAL_TASK_REFUSED);
		task_free(core, task);
		return BAL_OK;
	}
	outbox_add_task(core, BAL_EFFECT_ACCEPT, task);
	if (task->cancelled)
		task_finish(core, task, BAL_TASK_CANCELLED, BAL_REASON_CANCELLED);
	else
		task_enqueue(core, task);
	return BAL_OK;
}

enum bal_status admit_restored(struct bal_core *core, const struct bal_event_restored *event)
{
	struct agent *agent = event->agent == 0 ? NULL : agent_find(core, event->agent);
	struct lane *lane;
	struct task *task;

	if (!is_valid(core, &event->task) || (event->agent != 0 && agent == NULL))
		return BAL_INVALID;
	if (task_find(core, event->task.id) != NULL)
		return BAL_CONFLICT;
	if (agent != NULL && !agent_has_room(core, agent))
		return BAL_FULL;
	lane = lane_for(core, &event->task.needs);
	task = lane == NULL ? NULL : task_new(core, &event->task, slab_index(&core->lanes, lane));
	if (task == NULL)
		return BAL_FULL;
	task->submitted_at_ns =
		num_clamp_i64(event->submitted_at_ns, RECORD_PAST_MIN_NS, core->now_ns);
	task->attempt = event->attempt;
	task->attempt_last = event->attempt;
	task->epoch = event->epoch;
	task->failures = event->failures;
	watch_wake(core);
	task_count_child(core, task);
	if (agent != NULL) {
		task->until_ns = event->until_ns;
		attempt_restore(core, task, agent);
	} else if (event->not_before_ns > core->now_ns) {
		task->not_before_ns = event->not_before_ns;
		task->reason = BAL_REASON_WAIT_BACKOFF;
		task_state_set(core, task, BAL_TASK_WAITING);
	} else {
		task_enqueue(core, task);
	}
	return BAL_OK;
}

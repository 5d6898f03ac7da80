/* SPDX-License-Identifier: Apache-2.0 */
/* An attempt holds one slot of its agent (all, if it wants the agent alone), one place in each
 * shared limit of the pool and one of its tenant's running tasks.  attempt_start takes them,
 * attempt_release gives them back; nothing else touches these counters.
 *
 * A second attempt beside the first (core/hedge.h) holds the same.
 *
 * A task that only waits for its child lends the child its slot: the child then runs without
 * taking one, so a full pool cannot deadlock on its own children.
 *
 * Busy and handed-back attempts are not failures.  What is retried is the pool's choice; how often
 * too, and a budget for the whole fleet stretches the back-off when retries become a storm. */
#include "core/attempt.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/ahead.h"
#include "core/book.h"
#include "core/drain.h"
#include "core/hedge.h"
#include "core/knees.h"
#include "core/learn.h"
#include "core/limit.h"
#include "core/objective.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/task.h"

#define HAND_BACK_WAIT_MAX_NS NS_PER_DAY
#define STORE_RETRY_NS        NS_PER_S         /* between tries to make an end durable */
#define RETRY_TOKENS_MAX      (100 * PERMILLE) /* of the budget, in thousandths of a retry */
#define BACKOFF_DOUBLINGS_MAX 20

void task_enqueue(struct bal_core *core, struct task *task)
{
	task->queued_at_ns = core->now_ns;
	task->not_before_ns = core->now_ns;
	task->turn_at_ns = queue_turn_at_ns(core, task);
	task_state_set(core, task, BAL_TASK_QUEUED);
	queue_put(core, task);
	if (task->parent != 0 && (task->flags & BAL_TASK_PARENT_WAITS) != 0)
		list_append(&core->children_queued, &task->child_node);
	core->dispatch_due = true;
}

/* Takes a waiting task out of all queues. */
static void dequeue(struct bal_core *core, struct task *task)
{
	queue_remove(core, task);
	if (list_holds(&task->child_node))
		list_remove(&core->children_queued, &task->child_node);
}

void attempt_slot_take(struct bal_core *core, const struct task *task, struct agent *agent)
{
	struct pool *pool = agent_pool(core, agent);

	knees_pass(core, agent);
	if (task->ahead) {
		agent->ahead = slab_index(&core->tasks, task);
		pool->ahead++;
	} else if (task->lender == 0) {
		agent->running++;
		pool->running++;
	} else {
		agent->lent++;
		pool->lent++;
	}
	if (task->exclusive && task->lender == 0)
		agent->exclusive++;
	core->tenants[task->tenant].running++;
	core->kinds[task->kind].running++;
	limits_take(core, pool);
	agent_update(core, agent);
}

void attempt_slot_give(
	struct bal_core *core, const struct task *task, struct agent *agent, int64_t taken_at_ns)
{
	struct pool *pool = agent_pool(core, agent);

	knees_pass(core, agent);
	if (task->ahead) {
		agent->ahead = BAL_NONE;
		pool->ahead--;
	} else if (task->lender == 0) {
		agent->running--;
		pool->running--;
		agent->busy_ns = num_add_i64(agent->busy_ns, core->now_ns - taken_at_ns);
	} else {
		agent->lent--;
		pool->lent--;
	}
	if (task->exclusive && task->lender == 0)
		agent->exclusive--;
	core->tenants[task->tenant].running--;
	core->kinds[task->kind].running--;
	limits_give(core, pool);
	core->dispatch_due = true;
	ahead_advance(core, agent);
	agent_update(core, agent);
	drain_check(core, agent);
}

static void occupy(struct bal_core *core, struct task *task, struct agent *agent)
{
	task->agent = slab_index(&core->agents, agent);
	list_append(&agent->tasks, &task->agent_node);
	attempt_slot_take(core, task, agent);
}

void attempt_release(struct bal_core *core, struct task *task)
{
	struct agent *agent = agent_at(core, task->agent);
	struct task *lender = task->lender == 0 ? NULL : task_find(core, task->lender);

	list_remove(&agent->tasks, &task->agent_node);
	task->agent = BAL_NONE;
	attempt_slot_give(core, task, agent, task->dispatched_at_ns);
	if (lender != NULL && lender->lent_to == task->id)
		lender->lent_to = 0;
	task->lender = 0;
	task->ahead = 0;
}

/* How long a task has waited for its first attempt. */
static void note_wait(struct bal_core *core, struct pool *pool, uint32_t kind, int64_t wait_ns)
{
	wait_ns = num_max_i64(wait_ns, 0);
	book_record(core, BAL_SUBJECT_KIND, kind, BAL_SIGNAL_WAIT, wait_ns);
	if (pool->scaling->demand.looked)
		lateness_start(&pool->scaling->lateness, wait_ns > knob(core, BAL_KNOB_WAIT_GOOD));
}

/* Sends the next attempt, for this reason; what slot it takes is said by lender and ahead. */
static void send(
	struct bal_core *core, struct task *task, struct agent *agent, enum bal_reason reason)
{
	struct pool *pool = agent_pool(core, agent);
	const struct task *parent = task->parent == 0 ? NULL : task_find(core, task->parent);
	struct bal_effect *effect;

	dequeue(core, task);
	queue_charge(core, task, num_to_i64(learn_size_s(core, task) * (double)NS_PER_S));
	task->was_ahead = task->ahead;
	task->attempt = ++task->attempt_last;
	task->epoch = core->epoch;
	task->dispatched_at_ns = core->now_ns;
	task->until_ns = time_add_ns(core->now_ns, pool->conf.timeout_ns);
	task->hedge_look_ns = BAL_NEVER_NS;
	if (!task->ahead)
		hedge_watch(core, task, agent);
	task->reason = (uint8_t)reason;
	task->warm = context_agent(core, task->conversation) == agent->id;
	task->beside = parent != NULL && parent->agent == slab_index(&core->agents, agent);
	task_state_set(core, task, BAL_TASK_DISPATCHED);
	occupy(core, task, agent);
	context_note(core, task->conversation, agent->id);
	core->totals.dispatched_count++;
	pool->starts_count++;
	pool->late_count += task->priority != BAL_PRIORITY_BATCH &&
			    core->now_ns - task->queued_at_ns > knob(core, BAL_KNOB_WAIT_GOOD);
	core->turn++;
	objective_started(core, task);
	if (task->attempt_last == 1)
		note_wait(core, pool, task->kind, core->now_ns - task->submitted_at_ns);
	effect = outbox_add_task(core, BAL_EFFECT_DISPATCH, task);
	effect->agent = agent->id;
	effect->pool = agent->pool;
	effect->until_ns = task->until_ns;
}

void attempt_start(
	struct bal_core *core, struct task *task, struct agent *agent, struct task *lender)
{
	if (lender != NULL) {
		task->lender = lender->id;
		lender->lent_to = task->id;
	}
	send(core, task, agent, lender == NULL ? BAL_REASON_ROUTED : BAL_REASON_LENT_SLOT);
}

void attempt_send_ahead(struct bal_core *core, struct task *task, struct agent *agent)
{
	bal_assert(agent->ahead == BAL_NONE);
	task->ahead = 1;
	send(core, task, agent, BAL_REASON_SENT_AHEAD);
}

void attempt_begin_ahead(struct bal_core *core, struct task *task, struct agent *agent)
{
	struct pool *pool = agent_pool(core, agent);

	bal_assert(task->ahead);
	knees_pass(core, agent);
	task->ahead = 0;
	agent->ahead = BAL_NONE;
	agent->running++;
	pool->ahead--;
	pool->running++;
	task->dispatched_at_ns = core->now_ns;
	task->until_ns = time_add_ns(core->now_ns, pool->conf.timeout_ns);
}

void attempt_restore(struct bal_core *core, struct task *task, struct agent *agent)
{
	task->dispatched_at_ns = core->now_ns;
	task_state_set(core, task, BAL_TASK_RUNNING);
	occupy(core, task, agent);
	context_note(core, task->conversation, agent->id);
}

/* The slowdown is that of the last attempt, which is the one that succeeded. */
static void record_end(struct bal_core *core, const struct task *task)
{
	bool succeeded = task->end_state == BAL_TASK_SUCCEEDED;
	int64_t total_ns = core->now_ns - task->submitted_at_ns;
	int64_t service_ns = core->now_ns - task->dispatched_at_ns;

	book_record(core, BAL_SUBJECT_KIND, task->kind,
		succeeded ? BAL_SIGNAL_COMPLETIONS : BAL_SIGNAL_FAILURES, 1);
	if (succeeded && service_ns > 0 && total_ns >= service_ns)
		book_record(core, BAL_SUBJECT_KIND, task->kind, BAL_SIGNAL_SLOWDOWN,
			num_mul_i64(total_ns / service_ns, PERMILLE) +
				num_mul_i64(total_ns % service_ns, PERMILLE) / service_ns);
}

static void complete(struct bal_core *core, struct task *task)
{
	struct bal_effect *effect = outbox_add_task(core, BAL_EFFECT_COMPLETE, task);
	struct bal_totals *totals = &core->totals;

	effect->state = (enum bal_task_state)task->end_state;
	objective_ended(core, task);
	record_end(core, task);
	totals->succeeded_count += task->end_state == BAL_TASK_SUCCEEDED;
	totals->failed_count += task->end_state == BAL_TASK_FAILED;
	totals->dead_count += task->end_state == BAL_TASK_DEAD;
	totals->cancelled_count += task->end_state == BAL_TASK_CANCELLED;
	totals->expired_count += task->end_state == BAL_TASK_EXPIRED;
	task_state_set(core, task, (enum bal_task_state)task->end_state);
	task_free(core, task);
}

static void store_result(struct bal_core *core, struct task *task)
{
	struct bal_effect *effect = outbox_add_task(core, BAL_EFFECT_STORE_RESULT, task);

	effect->state = (enum bal_task_state)task->end_state;
	task->until_ns = BAL_NEVER_NS;
	task_timer_update(core, task);
}

void task_finish(
	struct bal_core *core, struct task *task, enum bal_task_state end, enum bal_reason reason)
{
	bal_assert(task->agent == BAL_NONE);
	task->end_state = (uint8_t)end;
	task->reason = (uint8_t)reason;
	if ((task->flags & BAL_TASK_DURABLE) == 0) {
		complete(core, task);
		return;
	}
	task_state_set(core, task, BAL_TASK_FINISHING);
	store_result(core, task);
}

void task_result_stored(struct bal_core *core, struct task *task, enum bal_status status)
{
	if (status == BAL_OK) {
		complete(core, task);
		return;
	}
	/* The end happened; only the disk does not take it yet.  Nobody is told before it does. */
	task->until_ns = time_add_ns(core->now_ns, STORE_RETRY_NS);
	task_timer_update(core, task);
}

/* Back-off with jitter: base, doubled per failure, between half and one and a half of it. */
static int64_t backoff_ns(struct bal_core *core, const struct pool *pool, uint32_t failures)
{
	uint32_t doublings = failures > 0 ? failures - 1 : 0;
	int64_t wait_ns = pool->conf.backoff_ns;
	double jitter = prng_unit(&core->random);

	if (doublings > BACKOFF_DOUBLINGS_MAX)
		doublings = BACKOFF_DOUBLINGS_MAX;
	wait_ns = num_mul_i64(wait_ns, INT64_C(1) << doublings);
	if (wait_ns > pool->conf.backoff_max_ns || core->retry_tokens_permille < PERMILLE)
		wait_ns = pool->conf.backoff_max_ns;
	else
		core->retry_tokens_permille -= PERMILLE;
	return num_to_i64((double)wait_ns * (0.5 + jitter));
}

static void wait_until(struct bal_core *core, struct task *task, int64_t not_before_ns)
{
	struct bal_effect *effect;

	task->not_before_ns = not_before_ns;
	task_state_set(core, task, BAL_TASK_WAITING);
	effect = outbox_add_task(core, BAL_EFFECT_REQUEUE, task);
	effect->value_ns = not_before_ns;
}

static void requeue_now(struct bal_core *core, struct task *task)
{
	struct bal_effect *effect = outbox_add_task(core, BAL_EFFECT_REQUEUE, task);

	effect->value_ns = core->now_ns;
	task_enqueue(core, task);
}

/* After a failure that counts: again after a pause, unless it was the last allowed attempt. */
static void try_again(
	struct bal_core *core, struct task *task, const struct pool *pool, enum bal_reason reason)
{
	uint32_t attempts_max =
		task->attempts_max > 0 ? task->attempts_max : pool->conf.attempts_max;

	task->failures++;
	if (task->failures >= attempts_max) {
		task_finish(core, task, BAL_TASK_DEAD, BAL_REASON_ATTEMPTS_USED);
		return;
	}
	core->totals.retried_count++;
	book_record(core, BAL_SUBJECT_KIND, task->kind, BAL_SIGNAL_RETRIES, 1);
	task->reason = (uint8_t)reason;
	wait_until(core, task, time_add_ns(core->now_ns, backoff_ns(core, pool, task->failures)));
}

static void retry_or_end(
	struct bal_core *core, struct task *task, const struct pool *pool, enum bal_outcome outcome)
{
	if ((pool->conf.retry_outcomes >> outcome & 1u) != 0) {
		try_again(core, task, pool, BAL_REASON_WAIT_BACKOFF);
		return;
	}
	task->failures++;
	task_finish(core, task, BAL_TASK_FAILED, BAL_REASON_FAILED);
}

/* Tasks that wait for each other would wait for ever.  The one that closes the circle is tried
 * again instead, as after a failure: that ends, and lets the others go on. */
static void handed_back(struct bal_core *core, struct task *task, const struct pool *pool,
	const struct bal_event_ended *event)
{
	int64_t wait_ns = event == NULL ? 0 : event->retry_after_ns;

	wait_ns = num_clamp_i64(wait_ns, 0, HAND_BACK_WAIT_MAX_NS);
	task->reason = BAL_REASON_WAIT_TURN;
	if (event == NULL || (event->waits_for == 0 && wait_ns == 0)) {
		requeue_now(core, task);
		return;
	}
	if (event->waits_for != 0 && task_closes_circle(core, task, event->waits_for)) {
		try_again(core, task, pool, BAL_REASON_WAIT_CIRCLE);
		return;
	}
	task->reason = event->waits_for != 0 ? BAL_REASON_WAIT_TASK : BAL_REASON_WAIT_BACKOFF;
	wait_until(core, task, time_add_ns(core->now_ns, wait_ns));
	if (event->waits_for != 0)
		task_wait_for(core, task, event->waits_for);
}

/* One that was handed back did not fail, and one that found the agent busy did not begin. */
static void record_attempt(struct bal_core *core, const struct task *task,
	const struct agent *agent, enum bal_outcome outcome, int64_t service_ns)
{
	bool succeeded = outcome == BAL_OUTCOME_SUCCEEDED;
	int64_t real_ns = num_max_i64(service_ns, 0);

	if (outcome == BAL_OUTCOME_BUSY || outcome == BAL_OUTCOME_HANDED_BACK)
		return;
	book_record(core, BAL_SUBJECT_AGENT, agent->id, BAL_SIGNAL_ANSWERS, 1);
	if (!succeeded) {
		book_record(core, BAL_SUBJECT_AGENT, agent->id, BAL_SIGNAL_ERRORS, 1);
		return;
	}
	book_record(core, BAL_SUBJECT_AGENT, agent->id, BAL_SIGNAL_SERVICE, real_ns);
	book_record(core, BAL_SUBJECT_KIND, task->kind, BAL_SIGNAL_TASK_SERVICE, real_ns);
}

void attempt_end(struct bal_core *core, struct task *task, enum bal_outcome outcome,
	const struct bal_event_ended *event)
{
	struct agent *agent = agent_at(core, task->agent);
	struct pool *pool = agent_pool(core, agent);
	int64_t service_ns = core->now_ns - task->dispatched_at_ns;
	bool hedged = task->hedge != BAL_NONE;

	/* Whoever was sent ahead spent a part of what its agent counts waiting there. */
	if (event != NULL && event->service_ns > 0 && !task->was_ahead)
		service_ns = event->service_ns;
	learn_attempt(core, task, agent, outcome, service_ns);
	if (outcome == BAL_OUTCOME_SUCCEEDED)
		objective_served(core, task->kind, service_ns);
	record_attempt(core, task, agent, outcome, service_ns);
	attempt_release(core, task);
	agent_judge(core, agent, outcome);
	if (outcome == BAL_OUTCOME_BUSY)
		agent_block(core, agent, event == NULL ? 0 : event->retry_after_ns);
	if (hedged && outcome != BAL_OUTCOME_SUCCEEDED) {
		hedge_promote(core, task);
		return;
	}
	if (hedged)
		hedge_rescind(core, task, BAL_REASON_HEDGE_LOST);
	switch (outcome) {
	case BAL_OUTCOME_SUCCEEDED:
		core->retry_tokens_permille = (uint64_t)num_min_i64(
			(int64_t)core->retry_tokens_permille + knob(core, BAL_KNOB_RETRY_BUDGET),
			RETRY_TOKENS_MAX);
		task_finish(core, task, BAL_TASK_SUCCEEDED, BAL_REASON_DONE);
		break;
	case BAL_OUTCOME_BUSY:
		task->reason = BAL_REASON_WAIT_TURN;
		requeue_now(core, task);
		break;
	case BAL_OUTCOME_HANDED_BACK:
		handed_back(core, task, pool, event);
		break;
	default:
		retry_or_end(core, task, pool, outcome);
		break;
	}
}

void attempt_rescind(
	struct bal_core *core, struct task *task, enum bal_reason reason, enum bal_outcome outcome)
{
	struct bal_effect *effect = outbox_add_task(core, BAL_EFFECT_RESCIND, task);

	effect->agent = agent_at(core, task->agent)->id;
	effect->reason = reason;
	attempt_end(core, task, outcome, NULL);
}

static bool is_running(const struct task *task)
{
	return task->state == BAL_TASK_DISPATCHED || task->state == BAL_TASK_RUNNING;
}

/* Gives up on the task's own attempt. */
static void give_up(struct bal_core *core, struct task *task, enum bal_reason reason)
{
	struct bal_effect *effect = outbox_add_task(core, BAL_EFFECT_RESCIND, task);

	effect->agent = agent_at(core, task->agent)->id;
	effect->reason = reason;
	attempt_release(core, task);
}

static void give_up_all(struct bal_core *core, struct task *task, enum bal_reason reason)
{
	if (task->hedge != BAL_NONE)
		hedge_rescind(core, task, reason);
	give_up(core, task, reason);
}

void attempt_outrun(struct bal_core *core, struct task *task)
{
	learn_outrun(
		core, task, agent_at(core, task->agent), core->now_ns - task->dispatched_at_ns);
	give_up(core, task, BAL_REASON_HEDGE_LOST);
}

/* The success of an attempt that was given up, for a task that still needs one. */
static enum bal_status late_success(struct bal_core *core, struct task *task)
{
	if (is_running(task)) {
		give_up_all(core, task, BAL_REASON_DONE);
	} else if (task->state == BAL_TASK_QUEUED) {
		dequeue(core, task);
	}
	task_finish(core, task, BAL_TASK_SUCCEEDED, BAL_REASON_DONE);
	return BAL_OK;
}

/* True when an attempt with this token was ever made.  Attempts of earlier epochs are not all
 * known: their numbers are stored lazily. */
static bool was_made(
	const struct bal_core *core, const struct task *task, const struct bal_event_ended *event)
{
	if (event->attempt == 0 || event->epoch > core->epoch)
		return false;
	return event->epoch < core->epoch || event->attempt <= task->attempt_last;
}

enum bal_status attempt_answered(struct bal_core *core, const struct bal_event_ended *event)
{
	struct task *task = task_find(core, event->task);
	const struct hedge *hedge;
	bool unfinished;

	if (task == NULL) {
		core->totals.stale_count++;
		return BAL_STALE;
	}
	if (is_running(task) && event->attempt == task->attempt && event->epoch == task->epoch) {
		attempt_end(core, task, (enum bal_outcome)event->outcome, event);
		return BAL_OK;
	}
	hedge = hedge_of(core, task);
	if (hedge != NULL && event->attempt == hedge->attempt && event->epoch == core->epoch) {
		hedge_answered(core, task, event);
		return BAL_OK;
	}
	unfinished = is_running(task) || task->state == BAL_TASK_QUEUED ||
		     task->state == BAL_TASK_WAITING;
	if (unfinished && event->outcome == BAL_OUTCOME_SUCCEEDED && was_made(core, task, event))
		return late_success(core, task);
	core->totals.stale_count++;
	return BAL_STALE;
}

void task_cancel(struct bal_core *core, struct task *task)
{
	switch ((enum bal_task_state)task->state) {
	case BAL_TASK_SUBMITTED:
		task->cancelled = true;
		return;
	case BAL_TASK_QUEUED:
		dequeue(core, task);
		break;
	case BAL_TASK_DISPATCHED:
	case BAL_TASK_RUNNING:
		give_up_all(core, task, BAL_REASON_CANCELLED);
		break;
	case BAL_TASK_WAITING:
		break;
	default:
		return; /* it has ended: too late to change that */
	}
	task_finish(core, task, BAL_TASK_CANCELLED, BAL_REASON_CANCELLED);
}

void task_timer(struct bal_core *core, struct task *task)
{
	switch ((enum bal_task_state)task->state) {
	case BAL_TASK_QUEUED:
		dequeue(core, task);
		task_finish(core, task, BAL_TASK_EXPIRED, BAL_REASON_DEADLINE_PASSED);
		break;
	case BAL_TASK_WAITING:
		if (task->deadline_ns <= core->now_ns)
			task_finish(core, task, BAL_TASK_EXPIRED, BAL_REASON_DEADLINE_PASSED);
		else
			task_enqueue(core, task);
		break;
	case BAL_TASK_DISPATCHED:
	case BAL_TASK_RUNNING: {
		const struct agent *agent = agent_at(core, task->agent);
		bool lease = core->pools[agent->pool].conf.kind == BAL_POOL_LEASE;

		if (core->now_ns < task->until_ns) {
			hedge_timer(core, task);
			break;
		}
		attempt_rescind(core, task,
			lease ? BAL_REASON_LEASE_EXPIRED : BAL_REASON_ATTEMPT_TIMEOUT,
			lease ? BAL_OUTCOME_LOST : BAL_OUTCOME_TIMEOUT);
		break;
	}
	case BAL_TASK_FINISHING:
		store_result(core, task);
		break;
	default:
		break;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* bal_step: one event in, its consequences, effects out.
 *
 * Events come from outside: numbers out of range are refused, never asserted.  After every event
 * the same three things happen: due timers are served, waiting tasks are bound to free slots, and
 * effects are handed over.  Work that would overflow the outbox waits for the host's next step. */
#include "ballast.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/num.h"
#include "base/units.h"
#include "core/admit.h"
#include "core/aftermath.h"
#include "core/agent.h"
#include "core/ahead.h"
#include "core/alert.h"
#include "core/attempt.h"
#include "core/defer.h"
#include "core/dispatch.h"
#include "core/drain.h"
#include "core/fitjob.h"
#include "core/hedge.h"
#include "core/intent.h"
#include "core/limit.h"
#include "core/minimum.h"
#include "core/objective.h"
#include "core/order.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/record.h"
#include "core/resize.h"
#include "core/resource.h"
#include "core/routing.h"
#include "core/sample.h"
#include "core/scale.h"
#include "core/score.h"
#include "core/search.h"
#include "core/series.h"
#include "core/shelf.h"
#include "core/sight.h"
#include "core/task.h"
#include "core/timer.h"
#include "core/valid.h"
#include "core/watch.h"

#define EARLY_DEATH_NS NS_PER_MIN /* an agent that dies younger counts as a failed start */

static enum bal_status on_nothing(struct bal_core *core, const struct bal_event *event)
{
	(void)core;
	(void)event;
	return BAL_OK;
}

static enum bal_status on_start(struct bal_core *core, const struct bal_event *event)
{
	if (core->started)
		return BAL_CONFLICT;
	core->epoch = event->start.epoch;
	prng_init(&core->random, event->start.seed);
	core->started = true;
	core->dispatch_due = true;
	for (uint32_t i = 0; i < core->limits.pools_max; i++)
		if (core->pools[i].exists)
			scale_begin(core, &core->pools[i]);
	return BAL_OK;
}

static enum bal_status on_stop(struct bal_core *core, const struct bal_event *event)
{
	(void)event;
	core->stopping = true;
	return BAL_OK;
}

/* Ends the bins that have ended by the wall clock. */
static void end_bins(struct bal_core *core)
{
	resource_tell(core);
	if (series_close(core->series, core->now_ns, core->utc_offset_ns))
		resource_begin_bin(core);
}

static enum bal_status on_clock(struct bal_core *core, const struct bal_event *event)
{
	sight_clock(core, event->clock.utc_offset_ns);
	core->utc_offset_ns = event->clock.utc_offset_ns;
	if (core->started)
		end_bins(core);
	return BAL_OK;
}

/* The process stood still: nobody could renew a lease or answer, so nothing expires for that. */
static enum bal_status on_gap(struct bal_core *core, const struct bal_event *event)
{
	int64_t duration_ns = event->gap.duration_ns;

	if (duration_ns < 0)
		return BAL_INVALID;
	for (uint32_t i = slab_next(&core->tasks, 0); i != SLAB_NONE;
		i = slab_next(&core->tasks, i + 1)) {
		struct task *task = task_at(core, i);

		if (task->agent == BAL_NONE)
			continue;
		task->until_ns = time_add_ns(task->until_ns, duration_ns);
		task->hedge_look_ns = time_add_ns(task->hedge_look_ns, duration_ns);
		task_timer_update(core, task);
	}
	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		struct pool *pool = &core->pools[i];

		if (!pool->exists)
			continue;
		steps_restart(&pool->steps);
		trigger_restart(&pool->scaling->triggers);
		pool->overload_since_ns = BAL_NEVER_NS;
	}
	resize_gap(core);
	return BAL_OK;
}

static enum bal_status on_symbol(struct bal_core *core, const struct bal_event *event)
{
	const struct bal_event_symbol *symbol = &event->symbol;
	uint64_t hash;

	if (symbol->space >= BAL_SYMBOL_SPACE_COUNT || symbol->text.size > BAL_TEXT_MAX)
		return BAL_INVALID;
	hash = checksum_hash64(symbol->space, symbol->text.data, symbol->text.size);
	if (symbol->space == BAL_SYMBOL_KIND) {
		if (symbol->number >= core->limits.kinds_max)
			return BAL_FULL;
		core->kinds[symbol->number].name_hash = hash;
		shelf_believed(core, BAL_NONE, symbol->number);
	} else if (symbol->space == BAL_SYMBOL_POOL) {
		if (symbol->number >= core->limits.pools_max)
			return BAL_FULL;
		core->pools[symbol->number].name_hash = hash;
		shelf_priced(core, symbol->number);
	}
	return BAL_OK;
}

static enum bal_status on_knob(struct bal_core *core, const struct bal_event *event)
{
	uint32_t number = event->knob.knob;

	if (!knob_valid(number, event->knob.value))
		return BAL_INVALID;
	core->knobs[number] = event->knob.value;
	if (number == BAL_KNOB_ROUTING)
		routing_tune(core);
	if (number == BAL_KNOB_WATCH)
		watch_tune(core);
	score_weights(core);
	defer_tune(core);
	shelf_priced(core, BAL_NONE);
	core->dispatch_due = true;
	return BAL_OK;
}

static enum bal_status on_pool(struct bal_core *core, const struct bal_event *event)
{
	const struct bal_event_pool *conf = &event->pool;
	struct pool *pool;

	if (!pool_valid(core, conf))
		return BAL_INVALID;
	pool = &core->pools[conf->pool];
	/* Running attempts hold places in the limits of the pool as it was. */
	for (uint32_t i = 0; pool->exists && i < BAL_POOL_LIMITS_MAX; i++) {
		uint32_t before = pool->conf.limits[i];
		uint32_t after = conf->limits[i];
		uint32_t holding = pool->running + pool->lent + pool->ahead;

		if (before != BAL_NONE)
			core->shared[before].running -= holding;
		if (after != BAL_NONE)
			core->shared[after].running += holding;
	}
	if (!pool->exists) {
		steps_begin(&pool->steps);
		pool->overload_since_ns = BAL_NEVER_NS;
		pool->critical_since_ns = BAL_NEVER_NS;
		pool->shed_calm_since_ns = BAL_NEVER_NS;
		pool->oldest_since_ns = BAL_NEVER_NS;
		pool->backoff_until_ns = INT64_MIN / 2;
		pool->timer.owner = TIMER_POOL;
		trigger_begin(&pool->scaling->triggers);
		calm_begin(&pool->scaling->calm);
	}
	pool->conf = *conf;
	limits_note(pool);
	pool->exists = true;
	if (conf->pool >= core->pools_high)
		core->pools_high = conf->pool + 1;
	pool->removed = false;
	lanes_update(core);
	shelf_priced(core, conf->pool);
	scale_begin(core, pool);
	core->dispatch_due = true;
	return BAL_OK;
}

static struct pool *find_pool(struct bal_core *core, uint32_t number)
{
	if (number >= core->limits.pools_max || !core->pools[number].exists)
		return NULL;
	return &core->pools[number];
}

static enum bal_status on_pool_removed(struct bal_core *core, const struct bal_event *event)
{
	struct pool *pool = find_pool(core, event->pool_removed.pool);

	if (pool == NULL)
		return BAL_UNKNOWN;
	pool->removed = true;
	pool->shed = 0;
	lanes_update(core);
	alert_gone(core, BAL_SUBJECT_POOL, event->pool_removed.pool);
	for (struct list_node *node = pool->agents.first; node != NULL; node = list_next(node))
		drain_start(core, container_of(node, struct agent, pool_node), 0);
	return BAL_OK;
}

static enum bal_status on_pool_paused(struct bal_core *core, const struct bal_event *event)
{
	struct pool *pool = find_pool(core, event->pool_paused.pool);

	if (pool == NULL)
		return BAL_UNKNOWN;
	pool->paused_dispatch = event->pool_paused.dispatch;
	pool->paused_scale_out = event->pool_paused.scale_out;
	pool->paused_scale_in = event->pool_paused.scale_in;
	core->dispatch_due = true;
	return BAL_OK;
}

static enum bal_status on_pool_scaled(struct bal_core *core, const struct bal_event *event)
{
	struct pool *pool = find_pool(core, event->pool_scaled.pool);

	if (pool == NULL)
		return BAL_UNKNOWN;
	if (pool->conf.kind != BAL_POOL_PROCESS || pool->removed)
		return BAL_INFEASIBLE;
	scale_to(core, pool, event->pool_scaled.agents);
	return BAL_OK;
}

static enum bal_status on_limit(struct bal_core *core, const struct bal_event *event)
{
	const struct bal_event_limit *conf = &event->limit;
	struct limit *limit;

	if (conf->limit >= core->limits.limits_max ||
		(conf->starts_max > 0 && conf->starts_period_ns <= 0))
		return BAL_INVALID;
	limit = &core->shared[conf->limit];
	limit->running_max = conf->running_max;
	limit->starts_max = conf->starts_max;
	limit->starts_period_ns = conf->starts_period_ns;
	core->dispatch_due = true;
	return BAL_OK;
}

static enum bal_status on_tenant(struct bal_core *core, const struct bal_event *event)
{
	const struct bal_event_tenant *conf = &event->tenant;
	struct tenant *tenant;

	if (conf->tenant >= core->limits.tenants_max || conf->weight == 0 ||
		(conf->rate_max > 0 && conf->rate_period_ns <= 0))
		return BAL_INVALID;
	tenant = &core->tenants[conf->tenant];
	tenant->weight = conf->weight;
	tenant->queued_max = conf->queued_max;
	tenant->running_max = conf->running_max;
	tenant->rate_max = conf->rate_max;
	tenant->rate_period_ns = conf->rate_period_ns;
	core->dispatch_due = true;
	return BAL_OK;
}

static enum bal_status on_task_submitted(struct bal_core *core, const struct bal_event *event)
{
	return core->stopping ? BAL_UNAVAILABLE : admit_submitted(core, &event->task);
}

static enum bal_status on_task_restored(struct bal_core *core, const struct bal_event *event)
{
	return admit_restored(core, &event->restored);
}

static enum bal_status on_task_stored(struct bal_core *core, const struct bal_event *event)
{
	return admit_stored(core, &event->stored);
}

static enum bal_status on_task_cancelled(struct bal_core *core, const struct bal_event *event)
{
	struct task *task = task_find(core, event->cancelled.task);

	if (task == NULL)
		return BAL_UNKNOWN;
	task_cancel(core, task);
	return BAL_OK;
}

static enum bal_status on_result_stored(struct bal_core *core, const struct bal_event *event)
{
	struct task *task = task_find(core, event->stored.task);

	if (task == NULL || task->state != BAL_TASK_FINISHING)
		return BAL_UNKNOWN;
	task_result_stored(core, task, (enum bal_status)event->stored.status);
	return BAL_OK;
}

/* The task whose running attempt the event means, NULL when that attempt is over. */
static struct task *find_running(const struct bal_core *core, uint64_t id, uint32_t attempt)
{
	struct task *task = task_find(core, id);

	if (task == NULL || task->agent == BAL_NONE || task->attempt != attempt)
		return NULL;
	return task;
}

/* True when the event means the second attempt of its task, which is at work by being there and is
 * never leased. */
static bool is_hedge(const struct bal_core *core, uint64_t id, uint32_t attempt)
{
	const struct task *task = task_find(core, id);
	const struct hedge *hedge = task == NULL ? NULL : hedge_of(core, task);

	return hedge != NULL && hedge->attempt == attempt;
}

static enum bal_status on_attempt_started(struct bal_core *core, const struct bal_event *event)
{
	struct task *task = find_running(core, event->attempt.task, event->attempt.attempt);

	if (task == NULL)
		return is_hedge(core, event->attempt.task, event->attempt.attempt) ? BAL_OK
										   : BAL_STALE;
	if (task->state == BAL_TASK_DISPATCHED)
		task_state_set(core, task, BAL_TASK_RUNNING);
	return BAL_OK;
}

static enum bal_status on_attempt_extended(struct bal_core *core, const struct bal_event *event)
{
	struct task *task = find_running(core, event->extended.task, event->extended.attempt);
	int64_t longest_ns;

	if (task == NULL)
		return BAL_STALE;
	longest_ns = time_add_ns(task->dispatched_at_ns,
		core->pools[agent_at(core, task->agent)->pool].conf.timeout_ns);
	task->until_ns = num_min_i64(event->extended.until_ns, longest_ns);
	task_timer_update(core, task);
	return BAL_OK;
}

static enum bal_status on_attempt_ended(struct bal_core *core, const struct bal_event *event)
{
	if (event->ended.outcome >= BAL_OUTCOME_COUNT)
		return BAL_INVALID;
	return attempt_answered(core, &event->ended);
}

static enum bal_status on_agent_up(struct bal_core *core, const struct bal_event *event)
{
	const struct bal_event_up *up = &event->up;
	struct pool *pool = find_pool(core, up->pool);
	struct agent *agent;

	if (pool == NULL || up->agent == 0 || up->agent >> 62 != 0 ||
		(up->state != BAL_AGENT_STARTING && up->state != BAL_AGENT_READY) ||
		up->slots > core->limits.effects_max / 4)
		return BAL_INVALID;
	if (agent_find(core, up->agent) != NULL)
		return BAL_CONFLICT;
	agent = agent_new(core, up);
	if (agent == NULL)
		return BAL_FULL;
	agent->restored = !core->started;
	order_seen(core, up->order);
	agent_state_set(core, agent, BAL_AGENT_STARTING);
	if (up->state == BAL_AGENT_READY) {
		agent_ready(core, agent);
		order_agent_ready(core, agent);
	}
	if (pool->removed)
		drain_start(core, agent, 0);
	return BAL_OK;
}

static enum bal_status on_agent_ready(struct bal_core *core, const struct bal_event *event)
{
	struct agent *agent = agent_find(core, event->agent.agent);

	if (agent == NULL)
		return BAL_UNKNOWN;
	if (agent->state == BAL_AGENT_STARTING) {
		agent_pool(core, agent)->start_failures = 0;
		order_agent_ready(core, agent);
	}
	agent_ready(core, agent);
	return BAL_OK;
}

static enum bal_status on_agent_unhealthy(struct bal_core *core, const struct bal_event *event)
{
	struct agent *agent = agent_find(core, event->agent.agent);

	if (agent == NULL)
		return BAL_UNKNOWN;
	agent_unhealthy(core, agent);
	return BAL_OK;
}

static enum bal_status on_agent_down(struct bal_core *core, const struct bal_event *event)
{
	struct agent *agent = agent_find(core, event->down.agent);
	struct pool *pool;
	bool failed;

	if (agent == NULL)
		return BAL_UNKNOWN;
	pool = agent_pool(core, agent);
	failed = !event->down.expected && !agent->end_asked && !agent->restored &&
		 core->now_ns - agent->up_at_ns < EARLY_DEATH_NS;
	if (agent->state == BAL_AGENT_STARTING)
		order_agent_done(core, agent);
	agent_state_set(core, agent, BAL_AGENT_GONE);
	/* Before a slot falls free, in which it would begin: nothing of it has failed. */
	if (agent->ahead != BAL_NONE)
		attempt_end(core, task_at(core, agent->ahead), BAL_OUTCOME_HANDED_BACK, NULL);
	hedges_lost(core, agent);
	while (agent->tasks.first != NULL) {
		struct task *task = container_of(agent->tasks.first, struct task, agent_node);

		task->reason = BAL_REASON_AGENT_GONE;
		attempt_end(core, task, BAL_OUTCOME_LOST, NULL);
	}
	agent_free(core, agent);
	scale_agent_gone(core, pool, failed);
	return BAL_OK;
}

static enum bal_status on_agent_slots(struct bal_core *core, const struct bal_event *event)
{
	struct agent *agent = agent_find(core, event->slots.agent);
	bool works;

	if (agent == NULL)
		return BAL_UNKNOWN;
	if (event->slots.slots > core->limits.effects_max / 4)
		return BAL_INVALID;
	works = agent->state == BAL_AGENT_READY || agent->state == BAL_AGENT_WARMING;
	if (works) {
		struct pool *pool = agent_pool(core, agent);

		pool->slots_ready = pool->slots_ready - agent->slots + event->slots.slots;
	}
	agent->slots = event->slots.slots;
	ahead_advance(core, agent);
	agent_update(core, agent);
	return BAL_OK;
}

static enum bal_status on_agent_drained(struct bal_core *core, const struct bal_event *event)
{
	struct agent *agent = agent_find(core, event->drain.agent);

	if (agent == NULL)
		return BAL_UNKNOWN;
	if (!event->drain.back) {
		agent->drain_kept = true;
		drain_start(core, agent, 0);
		return BAL_OK;
	}
	return drain_back(core, agent) ? BAL_OK : BAL_CONFLICT;
}

static enum bal_status on_sample(struct bal_core *core, const struct bal_event *event)
{
	return sample_take(core, &event->sample);
}

static enum bal_status on_scale_ended(struct bal_core *core, const struct bal_event *event)
{
	const struct order *order = order_find(core, event->scale_ended.order);

	if (order == NULL)
		return BAL_UNKNOWN;
	/* Said twice, or of an order whose agents have all come, it is no failure. */
	if (event->scale_ended.status != BAL_OK && order->seen < order->wanted)
		scale_agent_gone(core, &core->pools[order->why.pool], true);
	order_closed(core, event->scale_ended.order);
	return BAL_OK;
}

static void tell_forecast(struct bal_core *core, uint32_t number, uint32_t what, uint64_t job)
{
	struct bal_effect *effect = outbox_add(core, BAL_EFFECT_FORECAST);

	effect->order = job;
	effect->count = number;
	effect->attempt = what;
}

static enum bal_status on_job_done(struct bal_core *core, const struct bal_event *event)
{
	const struct bal_event_job_done *done = &event->job_done;
	struct series_job job = {done->job, done->generation};
	size_t size = done->status == BAL_OK ? done->result.size : 0;
	enum series_what what;
	uint32_t number;
	bool fitted;

	if (size > BAL_JOB_RESULT_MAX)
		return BAL_INVALID;
	if (done->job >= SEARCH_ID_FIRST)
		return search_end(core, done);
	if (!series_job_end(core->series, &job, done->result.data, size, &fitted))
		return BAL_STALE;
	if (!fitted)
		return BAL_OK;
	what = series_job_what(core->series, job.id, &number);
	tell_forecast(core, number, what, job.id);
	return BAL_OK;
}

static enum bal_status on_rule(struct bal_core *core, const struct bal_event *event)
{
	return alert_rule(core, &event->rule);
}

static enum bal_status on_objective(struct bal_core *core, const struct bal_event *event)
{
	return objective_set(core, &event->objective);
}

static enum bal_status on_peak(struct bal_core *core, const struct bal_event *event)
{
	return series_peak_set(core->series, &event->peak) ? BAL_OK : BAL_INVALID;
}

static enum bal_status on_minimum(struct bal_core *core, const struct bal_event *event)
{
	if (event->minimum.pool >= core->limits.pools_max)
		return BAL_INVALID;
	return minimum_set(core->minimums, &event->minimum) ? BAL_OK : BAL_INVALID;
}

static enum bal_status on_vertical(struct bal_core *core, const struct bal_event *event)
{
	return resize_set(core, &event->vertical);
}

static enum bal_status on_budget(struct bal_core *core, const struct bal_event *event)
{
	return resize_budget(core, &event->budget);
}

static enum bal_status on_resized(struct bal_core *core, const struct bal_event *event)
{
	return resize_ended(core, &event->resized);
}

static enum bal_status on_order(struct bal_core *core, const struct bal_event *event)
{
	return core->stopping ? BAL_UNAVAILABLE : intent_take(core, &event->order);
}

static enum bal_status on_order_cancelled(struct bal_core *core, const struct bal_event *event)
{
	return intent_cancel(core, event->order_cancelled.order);
}

static enum bal_status (*const HANDLERS[BAL_EVENT_COUNT])(
	struct bal_core *core, const struct bal_event *event) = {
	[BAL_EVENT_MORE] = on_nothing,
	[BAL_EVENT_TIMEOUT] = on_nothing,
	[BAL_EVENT_START] = on_start,
	[BAL_EVENT_STOP] = on_stop,
	[BAL_EVENT_CLOCK] = on_clock,
	[BAL_EVENT_GAP] = on_gap,
	[BAL_EVENT_SYMBOL] = on_symbol,
	[BAL_EVENT_KNOB] = on_knob,
	[BAL_EVENT_POOL] = on_pool,
	[BAL_EVENT_POOL_REMOVED] = on_pool_removed,
	[BAL_EVENT_POOL_PAUSED] = on_pool_paused,
	[BAL_EVENT_POOL_SCALED] = on_pool_scaled,
	[BAL_EVENT_LIMIT] = on_limit,
	[BAL_EVENT_TENANT] = on_tenant,
	[BAL_EVENT_TASK_SUBMITTED] = on_task_submitted,
	[BAL_EVENT_TASK_RESTORED] = on_task_restored,
	[BAL_EVENT_TASK_STORED] = on_task_stored,
	[BAL_EVENT_TASK_CANCELLED] = on_task_cancelled,
	[BAL_EVENT_RESULT_STORED] = on_result_stored,
	[BAL_EVENT_ATTEMPT_STARTED] = on_attempt_started,
	[BAL_EVENT_ATTEMPT_EXTENDED] = on_attempt_extended,
	[BAL_EVENT_ATTEMPT_ENDED] = on_attempt_ended,
	[BAL_EVENT_AGENT_UP] = on_agent_up,
	[BAL_EVENT_AGENT_READY] = on_agent_ready,
	[BAL_EVENT_AGENT_UNHEALTHY] = on_agent_unhealthy,
	[BAL_EVENT_AGENT_DOWN] = on_agent_down,
	[BAL_EVENT_AGENT_SLOTS] = on_agent_slots,
	[BAL_EVENT_AGENT_DRAINED] = on_agent_drained,
	[BAL_EVENT_SAMPLE] = on_sample,
	[BAL_EVENT_SCALE_ENDED] = on_scale_ended,
	[BAL_EVENT_JOB_DONE] = on_job_done,
	[BAL_EVENT_RULE] = on_rule,
	[BAL_EVENT_OBJECTIVE] = on_objective,
	[BAL_EVENT_PEAK] = on_peak,
	[BAL_EVENT_MINIMUM] = on_minimum,
	[BAL_EVENT_VERTICAL] = on_vertical,
	[BAL_EVENT_BUDGET] = on_budget,
	[BAL_EVENT_RESIZED] = on_resized,
	[BAL_EVENT_ORDER] = on_order,
	[BAL_EVENT_ORDER_CANCELLED] = on_order_cancelled,
};

static void serve_timer(struct bal_core *core, struct timer *timer)
{
	switch (timer->owner) {
	case TIMER_TASK:
		task_timer(core, container_of(timer, struct task, timer));
		break;
	case TIMER_AGENT:
		agent_timer(core, container_of(timer, struct agent, timer));
		break;
	case TIMER_POOL:
		scale_timer(core, container_of(timer, struct pool, timer));
		break;
	}
}

/* Ends bins, and has what they showed looked into. */
static void serve_series(struct bal_core *core)
{
	struct series_job job;
	struct bal_effect *effect;
	uint32_t kind;

	if (core->now_ns >= series_next_ns(core->series))
		end_bins(core);
	/* Of arrivals and of work, which mostly are odd together. */
	while (outbox_has_room(core) && series_news(core->series, &kind))
		for (uint32_t what = 0; what <= SERIES_WORK; what++)
			tell_forecast(core, kind, what, 0);
	if (core->stopping || !outbox_has_room(core) || search_is_open(core) ||
		!series_job_begin(core->series, core->now_ns, &job))
		return;
	effect = outbox_add(core, BAL_EFFECT_JOB);
	effect->order = job.id;
	effect->attempt = job.generation;
	effect->count = BAL_JOB_FIT;
}

/* What is due, then what may go. */
static void settle(struct bal_core *core)
{
	while (core->started && outbox_has_room(core)) {
		struct timer *timer = timer_take_due(core);

		if (timer == NULL)
			break;
		serve_timer(core, timer);
	}
	if (core->started) {
		serve_series(core);
		watch_run(core);
		aftermath_run(core);
		intent_run(core);
	}
	if (core->now_ns >= core->wake_at_ns) {
		core->wake_at_ns = BAL_NEVER_NS;
		core->dispatch_due = true;
	}
	dispatch_run(core);
}

enum bal_status bal_step(
	struct bal_core *core, const struct bal_event *event, struct bal_effects *effects)
{
	enum bal_status status = BAL_INVALID;

	bal_assert(effects->capacity > 0);
	if (event->now_ns > core->now_ns)
		core->now_ns = num_min_i64(event->now_ns, RECORD_PAST_MAX_NS);
	/* An event's own effects need room; a host that does not take them gets nothing new. */
	if (!outbox_has_room(core) && event->type != BAL_EVENT_MORE)
		status = BAL_UNAVAILABLE;
	else if (event->type < BAL_EVENT_COUNT)
		status = HANDLERS[event->type](core, event);
	settle(core);
	outbox_take(core, effects);
	effects->more = core->outbox.count > 0 || (core->dispatch_due && core->started &&
							  !core->stopping && queue_count(core) > 0);
	return status;
}

int64_t bal_deadline_ns(const struct bal_core *core)
{
	if (!core->started)
		return BAL_NEVER_NS;
	return num_min_i64(
		num_min_i64(num_min_i64(series_next_ns(core->series), watch_next_ns(core)),
			num_min_i64(aftermath_next_ns(core), intent_next_ns(core))),
		num_min_i64(timer_next_ns(core), core->wake_at_ns));
}

/* A job of a core's book. */
struct wanted {
	const struct bal_core *core;
	struct series_job job;
};

static bool leaves_out(const void *context, uint32_t back)
{
	const struct wanted *wanted = context;

	return series_job_leaves_out(wanted->core->series, &wanted->job, back);
}

size_t bal_job_snapshot(
	const struct bal_core *core, uint64_t job, uint32_t generation, void *to, size_t size)
{
	struct wanted wanted = {core, {job, generation}};
	const struct forecaster *forecaster = series_job_of(core->series, &wanted.job);

	if (job >= SEARCH_ID_FIRST)
		return search_snapshot(core, job, generation, to, size);
	if (forecaster == NULL)
		return 0;
	return fitjob_input(forecaster, leaves_out, &wanted, to, size);
}

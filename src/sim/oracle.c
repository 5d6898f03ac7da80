/* SPDX-License-Identifier: Apache-2.0 */
/* Events first, then effects, for an effect answers the event.  Everything here is written from
 * ballast.h alone; nothing of the core's is included, or its bugs would be ours. */
#include "sim/oracle.h"

#include "sim/book.h"

#include <inttypes.h>
#include <stdlib.h>

#define EPOCH 1 /* of a run that is never restarted */

/* Failures that count against the allowed attempts. */
#define COUNTED (1u << BAL_OUTCOME_RETRYABLE | 1u << BAL_OUTCOME_LOST | 1u << BAL_OUTCOME_TIMEOUT)

struct oracle *oracle_new(uint32_t tasks_max, uint32_t agents_max)
{
	struct oracle *oracle = calloc(1, sizeof *oracle);

	if (oracle == NULL)
		return NULL;
	oracle->tasks_max = tasks_max;
	oracle->agents_max = agents_max;
	oracle->tasks = calloc((size_t)tasks_max + 1, sizeof *oracle->tasks);
	oracle->agents = calloc((size_t)agents_max + 1, sizeof *oracle->agents);
	if (oracle->tasks == NULL || oracle->agents == NULL) {
		oracle_free(oracle);
		return NULL;
	}
	return oracle;
}

void oracle_free(struct oracle *oracle)
{
	if (oracle == NULL)
		return;
	free(oracle->tasks);
	free(oracle->agents);
	free(oracle);
}

const char *oracle_complaint(const struct oracle *oracle)
{
	return oracle->line;
}

uint32_t oracle_open_count(const struct oracle *oracle)
{
	return oracle->open_count;
}

/* True when the agent runs an ancestor that waits for the task. */
static bool may_borrow(struct oracle *oracle, const struct task_book *task, uint64_t agent)
{
	for (uint32_t i = 0; i < BAL_ANCESTORS_MAX && task->parent_waits; i++) {
		task = book_task(oracle, task->parent);
		if (task == NULL)
			return false;
		if (book_runs_on(task, agent))
			return true;
	}
	return false;
}

/* It must wait there for a slot, as the only one. */
static void check_ahead(
	struct oracle *oracle, const struct bal_effect *effect, const struct agent_book *agent)
{
	uint32_t kind = oracle->pools[agent->pool].conf.kind;

	if (oracle->prefetch == 0 || (kind != BAL_POOL_PROCESS && kind != BAL_POOL_URLS))
		book_complain(
			oracle, "task %" PRIu64 " is sent ahead, which nobody wants", effect->task);
	else if (agent->ahead != 0 || agent->running < agent->slots)
		book_complain(oracle, "task %" PRIu64 " is sent ahead to agent %" PRIu64 "%s",
			effect->task, effect->agent,
			agent->ahead != 0 ? ", where one waits" : ", which has a free slot");
}

static void check_place(struct oracle *oracle, const struct bal_effect *effect, bool is_lent)
{
	const struct agent_book *agent = book_agent(oracle, effect->agent);

	if (agent == NULL || !agent->is_up || !agent->is_ready)
		book_complain(oracle,
			"task %" PRIu64 " is sent to agent %" PRIu64 ", which is not up",
			effect->task, effect->agent);
	else if (agent->is_ended)
		book_complain(oracle,
			"task %" PRIu64 " is sent to agent %" PRIu64 ", which was ended",
			effect->task, effect->agent);
	else if (oracle->now_ns < agent->busy_until_ns)
		book_complain(oracle,
			"task %" PRIu64 " is sent to agent %" PRIu64 ", which is busy",
			effect->task, effect->agent);
	else if (agent->is_draining && !is_lent)
		book_complain(oracle, "task %" PRIu64 " is sent to agent %" PRIu64 ", which drains",
			effect->task, effect->agent);
	else if (effect->reason == BAL_REASON_SENT_AHEAD)
		check_ahead(oracle, effect, agent);
	else if (agent->running >= agent->slots && !is_lent)
		book_complain(oracle,
			"task %" PRIu64 " is sent to agent %" PRIu64 ", which has %u slots full",
			effect->task, effect->agent, agent->slots);
}

/* A second attempt beside the first. */
static void check_hedge(
	struct oracle *oracle, struct task_book *task, const struct bal_effect *effect)
{
	const struct pool_book *pool = &oracle->pools[oracle->agents[effect->agent].pool];
	uint64_t spare = (uint64_t)pool->slots * (uint64_t)oracle->hedge_share;

	if (book_some_run(task) == NULL)
		book_complain(
			oracle, "task %" PRIu64 " is hedged while no attempt runs", effect->task);
	else if (task->runs[0].agent != 0 && task->runs[1].agent != 0)
		book_complain(oracle, "task %" PRIu64 " gets a third attempt", effect->task);
	else if (book_runs_on(task, effect->agent))
		book_complain(oracle, "task %" PRIu64 " is hedged on the agent that has it",
			effect->task);
	else if (pool->conf.kind != BAL_POOL_PROCESS && pool->conf.kind != BAL_POOL_URLS)
		book_complain(oracle, "task %" PRIu64 " is hedged in a pool of commands or leases",
			effect->task);
	else if ((uint64_t)pool->hedges * 1000 >= spare)
		book_complain(oracle, "pool %u has %u hedges already, of %u slots",
			oracle->agents[effect->agent].pool, pool->hedges, pool->slots);
}

static void check_turn(
	struct oracle *oracle, struct task_book *task, const struct bal_effect *effect)
{
	if (task->state != BOOK_OPEN)
		book_complain(oracle,
			"task %" PRIu64 " is sent without being accepted or after its end",
			effect->task);
	else if (book_some_run(task) != NULL && effect->reason != BAL_REASON_HEDGED)
		book_complain(
			oracle, "task %" PRIu64 " is sent while an attempt runs", effect->task);
	else if (effect->attempt <= task->attempt)
		book_complain(oracle, "task %" PRIu64 ": attempt %u comes after %u", effect->task,
			effect->attempt, task->attempt);
	else if (task->is_cancelled)
		book_complain(
			oracle, "task %" PRIu64 " is sent although it was cancelled", effect->task);
	else if (task->has_succeeded)
		book_complain(
			oracle, "task %" PRIu64 " is sent although it succeeded", effect->task);
	else if (task->deadline_ns < oracle->now_ns)
		book_complain(oracle, "task %" PRIu64 " is sent after its deadline", effect->task);
	else if (task->is_used_up)
		book_complain(oracle,
			"task %" PRIu64 " is sent after %u failures, which is all it may",
			effect->task, task->failures);
}

static void see_dispatch(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = book_task(oracle, effect->task);
	struct agent_book *agent = book_agent(oracle, effect->agent);
	bool is_hedge = effect->reason == BAL_REASON_HEDGED;
	struct tenant_book *tenant;
	struct run_book *run;

	if (task == NULL || agent == NULL) {
		book_complain(oracle, "unknown task %" PRIu64 " or agent %" PRIu64 " in a dispatch",
			effect->task, effect->agent);
		return;
	}
	check_turn(oracle, task, effect);
	if (is_hedge)
		check_hedge(oracle, task, effect);
	run = &task->runs[task->runs[0].agent != 0];
	*run = (struct run_book){.is_ahead = effect->reason == BAL_REASON_SENT_AHEAD};
	run->is_lent =
		effect->reason == BAL_REASON_LENT_SLOT && may_borrow(oracle, task, effect->agent);
	check_place(oracle, effect, run->is_lent);
	if (oracle->line[0] != '\0')
		return;
	run->agent = effect->agent;
	run->attempt = effect->attempt;
	run->is_hedge = is_hedge;
	task->attempt = effect->attempt;
	oracle->pools[agent->pool].hedges += is_hedge;
	book_limits(oracle, &oracle->pools[agent->pool]);
	if (run->is_lent) {
		agent->lent++;
		return;
	}
	agent->running += !run->is_ahead;
	if (run->is_ahead)
		agent->ahead = effect->task;
	tenant = &oracle->tenants[task->tenant];
	tenant->running++;
	if (tenant->running_max > 0 && tenant->running > tenant->running_max)
		book_complain(oracle, "tenant %u has %u running, may %u", task->tenant,
			tenant->running, tenant->running_max);
}

static void see_rescind(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = book_task(oracle, effect->task);
	struct run_book *run = task == NULL ? NULL : book_run(task, effect->attempt);

	if (run == NULL || run->agent != effect->agent) {
		book_complain(oracle,
			"an attempt of task %" PRIu64 " is rescinded that does not run",
			effect->task);
		return;
	}
	book_close(oracle, task, run);
	if (effect->reason == BAL_REASON_ATTEMPT_TIMEOUT ||
		effect->reason == BAL_REASON_LEASE_EXPIRED)
		book_failure(oracle, task);
}

/* ---- ends --------------------------------------------------------------------------------- */

static bool has_cause(
	const struct oracle *oracle, const struct task_book *task, enum bal_task_state end)
{
	switch (end) {
	case BAL_TASK_SUCCEEDED:
		return task->has_succeeded;
	case BAL_TASK_FAILED:
		return task->has_failed;
	case BAL_TASK_DEAD:
		return task->is_used_up;
	case BAL_TASK_CANCELLED:
		return task->is_cancelled;
	case BAL_TASK_EXPIRED:
		return task->deadline_ns <= oracle->now_ns;
	default:
		return false;
	}
}

static void see_complete(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = book_task(oracle, effect->task);

	if (task == NULL || task->state != BOOK_OPEN) {
		book_complain(
			oracle, "task %" PRIu64 " ends twice, or was never accepted", effect->task);
		return;
	}
	if (book_some_run(task) != NULL)
		book_complain(oracle, "task %" PRIu64 " ends while an attempt runs", effect->task);
	else if (task->is_durable && !task->is_result_stored)
		book_complain(
			oracle, "task %" PRIu64 " ends before its end is stored", effect->task);
	else if (task->has_succeeded && effect->state != BAL_TASK_SUCCEEDED)
		book_complain(oracle, "task %" PRIu64 " succeeded and ends as %s", effect->task,
			bal_task_state_name(effect->state));
	else if (!task->is_durable && !has_cause(oracle, task, effect->state))
		book_complain(oracle, "task %" PRIu64 " ends as %s without a cause", effect->task,
			bal_task_state_name(effect->state));
	task->state = BOOK_ENDED;
	oracle->open_count--;
}

static void see_store_result(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = book_task(oracle, effect->task);

	if (task == NULL || task->state != BOOK_OPEN || !task->is_durable)
		book_complain(oracle, "the end of task %" PRIu64 " is stored, which is not open",
			effect->task);
	else if (book_some_run(task) != NULL)
		book_complain(oracle, "task %" PRIu64 " ends while an attempt runs", effect->task);
	else if (!has_cause(oracle, task, effect->state))
		book_complain(oracle, "task %" PRIu64 " ends as %s without a cause", effect->task,
			bal_task_state_name(effect->state));
}

static void see_accept(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = book_task(oracle, effect->task);

	if (task == NULL || task->state != BOOK_SUBMITTED) {
		book_complain(oracle, "task %" PRIu64 " is accepted twice, or was never submitted",
			effect->task);
		return;
	}
	if (task->is_durable && !task->is_stored)
		book_complain(
			oracle, "task %" PRIu64 " is accepted before it is stored", effect->task);
	task->state = BOOK_OPEN;
	oracle->open_count++;
}

static void see_refuse(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = book_task(oracle, effect->task);

	if (task == NULL || task->state != BOOK_SUBMITTED) {
		book_complain(
			oracle, "task %" PRIu64 " is refused after it was accepted", effect->task);
		return;
	}
	task->state = BOOK_ENDED;
}

/* ---- the fleet ---------------------------------------------------------------------------- */

static struct order_book *order_of(struct oracle *oracle, uint64_t id)
{
	for (uint32_t i = 0; i < BOOK_ORDERS_MAX; i++)
		if (oracle->orders[i].id == id)
			return &oracle->orders[i];
	return NULL;
}

static void see_scale(struct oracle *oracle, const struct bal_effect *effect)
{
	struct pool_book *pool = &oracle->pools[effect->pool];
	struct order_book *order = order_of(oracle, 0);
	uint32_t after = pool->agents + pool->ordered + effect->count;

	if (after > pool->conf.agents_max || effect->count == 0)
		book_complain(oracle, "pool %u is to have %u agents, may %u", effect->pool, after,
			pool->conf.agents_max);
	if (order == NULL) {
		book_complain(oracle, "more than %d orders are open", BOOK_ORDERS_MAX);
		return;
	}
	*order = (struct order_book){
		.id = effect->order, .pool = effect->pool, .missing = effect->count};
	pool->ordered += effect->count;
}

static void see_drain(struct oracle *oracle, const struct bal_effect *effect)
{
	struct agent_book *agent = book_agent(oracle, effect->agent);
	struct pool_book *pool;

	if (agent == NULL || !agent->is_up || agent->is_draining) {
		book_complain(oracle, "agent %" PRIu64 " is drained, which is not in service",
			effect->agent);
		return;
	}
	pool = &oracle->pools[agent->pool];
	agent->is_draining = true;
	pool->agents--;
	if (effect->order != 0 && !pool->is_moved &&
		pool->agents + pool->ordered < pool->conf.agents_min)
		book_complain(oracle, "pool %u shrinks to %u agents, must have %u", agent->pool,
			pool->agents + pool->ordered, pool->conf.agents_min);
}

static void see_undrain(struct oracle *oracle, const struct bal_effect *effect)
{
	struct agent_book *agent = book_agent(oracle, effect->agent);

	if (agent == NULL || !agent->is_up || !agent->is_draining || agent->is_ended) {
		book_complain(oracle, "agent %" PRIu64 " is taken back, which does not drain",
			effect->agent);
		return;
	}
	agent->is_draining = false;
	oracle->pools[agent->pool].agents++;
}

static void see_end(struct oracle *oracle, const struct bal_effect *effect)
{
	struct agent_book *agent = book_agent(oracle, effect->agent);

	if (agent == NULL || !agent->is_up || !agent->is_draining || agent->is_ended) {
		book_complain(
			oracle, "agent %" PRIu64 " is ended, which does not drain", effect->agent);
		return;
	}
	if (agent->running + agent->lent > 0)
		book_complain(oracle, "agent %" PRIu64 " is ended with %u tasks running",
			effect->agent, agent->running + agent->lent);
	agent->is_ended = true;
}

static void see_effect(struct oracle *oracle, const struct bal_effect *effect)
{
	static void (*const SEE[BAL_EFFECT_COUNT])(
		struct oracle * oracle, const struct bal_effect *effect) = {
		[BAL_EFFECT_ACCEPT] = see_accept,
		[BAL_EFFECT_REFUSE] = see_refuse,
		[BAL_EFFECT_DISPATCH] = see_dispatch,
		[BAL_EFFECT_RESCIND] = see_rescind,
		[BAL_EFFECT_STORE_RESULT] = see_store_result,
		[BAL_EFFECT_COMPLETE] = see_complete,
		[BAL_EFFECT_SCALE] = see_scale,
		[BAL_EFFECT_DRAIN] = see_drain,
		[BAL_EFFECT_UNDRAIN] = see_undrain,
		[BAL_EFFECT_END] = see_end,
	};

	if (effect->type >= BAL_EFFECT_COUNT)
		book_complain(oracle, "an effect of no known type");
	else if (SEE[effect->type] != NULL)
		SEE[effect->type](oracle, effect);
}

/* ---- events ------------------------------------------------------------------------------- */

static void see_submitted(struct oracle *oracle, const struct bal_event_task *event)
{
	struct task_book *task = book_task(oracle, event->id);

	if (task == NULL || task->state != BOOK_UNKNOWN)
		return;
	*task = (struct task_book){.parent = event->parent,
		.deadline_ns = event->deadline_ns,
		.tenant = event->tenant,
		.attempts_max = event->attempts_max,
		.state = BOOK_SUBMITTED,
		.is_durable = (event->flags & BAL_TASK_DURABLE) != 0,
		.parent_waits = (event->flags & BAL_TASK_PARENT_WAITS) != 0};
}

static void see_refused_answer(struct oracle *oracle, const struct bal_event_ended *event)
{
	struct task_book *task = book_task(oracle, event->task);
	bool makes_sense = event->outcome < BAL_OUTCOME_COUNT && event->epoch == EPOCH;

	if (task != NULL && task->state == BOOK_OPEN && makes_sense &&
		book_run(task, event->attempt) != NULL)
		book_complain(oracle, "the answer of task %" PRIu64 ", attempt %u, is refused",
			event->task, event->attempt);
}

static void see_answer(struct oracle *oracle, const struct bal_event_ended *event)
{
	struct task_book *task = book_task(oracle, event->task);
	struct run_book *run = task == NULL ? NULL : book_run(task, event->attempt);

	if (task == NULL || task->state != BOOK_OPEN || event->attempt == 0 ||
		event->attempt > task->attempt || event->epoch > EPOCH ||
		event->outcome >= BAL_OUTCOME_COUNT) {
		book_complain(oracle,
			"an answer is taken for attempt %u of task %" PRIu64 ", which never was",
			event->attempt, event->task);
		return;
	}
	if (run == NULL) {
		if (event->outcome != BAL_OUTCOME_SUCCEEDED || task->has_succeeded)
			book_complain(
				oracle, "a late answer of task %" PRIu64 " is taken", event->task);
		task->has_succeeded = true;
		return;
	}
	if (event->outcome == BAL_OUTCOME_BUSY)
		oracle->agents[run->agent].busy_until_ns = oracle->now_ns + event->retry_after_ns;
	book_close(oracle, task, run);
	if ((COUNTED >> event->outcome & 1u) != 0)
		book_failure(oracle, task);
	task->has_succeeded = event->outcome == BAL_OUTCOME_SUCCEEDED;
	task->has_failed = event->outcome == BAL_OUTCOME_FAILED && book_some_run(task) == NULL;
}

static void see_up(struct oracle *oracle, const struct bal_event_up *event)
{
	struct agent_book *agent = book_agent(oracle, event->agent);
	struct order_book *order = order_of(oracle, event->order);

	if (agent == NULL)
		return;
	*agent = (struct agent_book){.pool = event->pool,
		.slots = event->slots,
		.is_up = true,
		.is_ready = event->state == BAL_AGENT_READY};
	oracle->pools[event->pool].agents++;
	oracle->pools[event->pool].slots += event->slots;
	if (event->order == 0 || order == NULL || order->missing == 0)
		return;
	oracle->pools[order->pool].ordered--;
	if (--order->missing == 0)
		order->id = 0;
}

static void see_scale_ended(struct oracle *oracle, const struct bal_event_scale_ended *event)
{
	struct order_book *order = order_of(oracle, event->order);

	if (event->order == 0 || order == NULL)
		return;
	oracle->pools[order->pool].ordered -= order->missing;
	*order = (struct order_book){.id = 0};
}

static void see_slots(struct oracle *oracle, const struct bal_event_slots *event)
{
	struct agent_book *agent = &oracle->agents[event->agent];

	oracle->pools[agent->pool].slots += event->slots - agent->slots;
	agent->slots = event->slots;
	book_begin_ahead(oracle, agent);
}

static void see_down(struct oracle *oracle, uint64_t id)
{
	struct agent_book *agent = book_agent(oracle, id);

	if (agent == NULL || !agent->is_up)
		return;
	/* What had not begun there has not failed. */
	if (agent->ahead != 0)
		book_close(oracle, &oracle->tasks[agent->ahead],
			&oracle->tasks[agent->ahead]
				 .runs[oracle->tasks[agent->ahead].runs[0].agent != id]);
	for (uint32_t i = 1; i <= oracle->tasks_max && agent->running + agent->lent > 0; i++) {
		struct task_book *task = &oracle->tasks[i];

		if (!book_runs_on(task, id))
			continue;
		book_close(oracle, task, &task->runs[task->runs[0].agent != id]);
		book_failure(oracle, task);
	}
	if (!agent->is_draining)
		oracle->pools[agent->pool].agents--;
	oracle->pools[agent->pool].slots -= agent->slots;
	agent->is_up = false;
}

static void see_limit(struct oracle *oracle, const struct bal_event_limit *event)
{
	struct limit_book *limit = &oracle->limits[event->limit];

	limit->conf = *event;
	limit->tokens = (double)event->starts_max;
	limit->tokens_at_ns = oracle->now_ns;
}

static void see_task_event(struct oracle *oracle, const struct bal_event *event)
{
	struct task_book *task = NULL;

	switch (event->type) {
	case BAL_EVENT_TASK_SUBMITTED:
		see_submitted(oracle, &event->task);
		break;
	case BAL_EVENT_TASK_STORED:
		task = book_task(oracle, event->stored.task);
		task->is_stored = event->stored.status == BAL_OK;
		break;
	case BAL_EVENT_RESULT_STORED:
		task = book_task(oracle, event->stored.task);
		task->is_result_stored = event->stored.status == BAL_OK;
		break;
	case BAL_EVENT_TASK_CANCELLED:
		task = book_task(oracle, event->cancelled.task);
		task->is_cancelled = true;
		break;
	case BAL_EVENT_ATTEMPT_ENDED:
		see_answer(oracle, &event->ended);
		break;
	default:
		break;
	}
}

static void see_fleet_event(struct oracle *oracle, const struct bal_event *event)
{
	switch (event->type) {
	case BAL_EVENT_POOL:
		oracle->pools[event->pool.pool].conf = event->pool;
		break;
	case BAL_EVENT_POOL_SCALED:
		oracle->pools[event->pool_scaled.pool].is_moved = true;
		break;
	case BAL_EVENT_LIMIT:
		see_limit(oracle, &event->limit);
		break;
	case BAL_EVENT_TENANT:
		oracle->tenants[event->tenant.tenant].running_max = event->tenant.running_max;
		break;
	case BAL_EVENT_AGENT_UP:
		see_up(oracle, &event->up);
		break;
	case BAL_EVENT_AGENT_READY:
		oracle->agents[event->agent.agent].is_ready = true;
		break;
	case BAL_EVENT_AGENT_DOWN:
		see_down(oracle, event->down.agent);
		break;
	case BAL_EVENT_AGENT_SLOTS:
		see_slots(oracle, &event->slots);
		break;
	case BAL_EVENT_KNOB:
		if (event->knob.knob == BAL_KNOB_HEDGE_SHARE)
			oracle->hedge_share = event->knob.value;
		if (event->knob.knob == BAL_KNOB_PREFETCH)
			oracle->prefetch = event->knob.value;
		break;
	case BAL_EVENT_SCALE_ENDED:
		see_scale_ended(oracle, &event->scale_ended);
		break;
	default:
		break;
	}
}

bool oracle_see(struct oracle *oracle, const struct bal_event *event, enum bal_status status,
	const struct bal_effects *effects)
{
	oracle->now_ns = event->now_ns;
	if (status == BAL_OK) {
		see_task_event(oracle, event);
		see_fleet_event(oracle, event);
	} else if (event->type == BAL_EVENT_ATTEMPT_ENDED) {
		see_refused_answer(oracle, &event->ended);
	}
	for (uint32_t i = 0; i < effects->count && oracle->line[0] == '\0'; i++)
		see_effect(oracle, &effects->items[i]);
	return oracle->line[0] == '\0';
}

bool oracle_end(struct oracle *oracle)
{
	for (uint32_t i = 1; i <= oracle->tasks_max && oracle->open_count > 0; i++)
		if (oracle->tasks[i].state == BOOK_OPEN)
			book_complain(oracle, "task %u was accepted and never ended", i);
	return oracle->line[0] == '\0';
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Events first, then effects, for an effect answers the event.  Everything here is written from
 * ballast.h alone; nothing of the core's is included, or its bugs would be ours. */
#include "sim/oracle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define EPOCH        1    /* of a run that is never restarted */
#define STARTS_SLACK 0.01 /* of one start: the core counts in whole nanoseconds */
#define ORDERS_MAX   1024 /* open at once */

/* Failures that count against the allowed attempts. */
#define COUNTED (1u << BAL_OUTCOME_RETRYABLE | 1u << BAL_OUTCOME_LOST | 1u << BAL_OUTCOME_TIMEOUT)

enum book_state { BOOK_UNKNOWN, BOOK_SUBMITTED, BOOK_OPEN, BOOK_ENDED };

/* A running attempt. */
struct run_book {
	uint64_t agent; /* 0 = none */
	uint32_t attempt;
	bool is_lent, is_hedge;
};

#define RUNS_MAX 2

struct task_book {
	uint64_t parent;
	int64_t deadline_ns;
	struct run_book runs[RUNS_MAX];
	uint32_t pool; /* of the attempt that ended last */
	uint32_t tenant;
	uint32_t attempt; /* highest so far */
	uint32_t attempts_max;
	uint32_t failures;
	uint8_t state;
	bool is_durable, is_stored, is_result_stored, is_cancelled;
	bool parent_waits, has_succeeded, has_failed, is_used_up;
};

struct agent_book {
	uint32_t pool;
	uint32_t slots;
	uint32_t running; /* lent ones not counted */
	uint32_t lent;
	int64_t busy_until_ns;
	bool is_up, is_ready, is_draining, is_ended;
};

struct pool_book {
	struct bal_event_pool conf;
	uint32_t agents; /* up or starting, not draining */
	uint32_t ordered;
	uint32_t slots; /* of agents that are up */
	uint32_t hedges;
	bool is_moved; /* somebody asked for a size: its bounds are theirs */
};

struct limit_book {
	struct bal_event_limit conf;
	uint32_t running;
	double tokens;
	int64_t tokens_at_ns;
};

struct tenant_book {
	uint32_t running_max;
	uint32_t running; /* lent ones not counted */
};

struct order_book {
	uint64_t id;
	uint32_t pool;
	uint32_t missing;
};

struct oracle {
	int64_t now_ns;
	int64_t hedge_share; /* permille of a pool's slots that hedges may have */
	uint32_t tasks_max, agents_max;
	uint32_t open_count;
	struct task_book *tasks;
	struct agent_book *agents;
	struct pool_book pools[SIM_POOLS_MAX];
	struct limit_book limits[SIM_SHARED_MAX];
	struct tenant_book tenants[SIM_TENANTS_MAX];
	struct order_book orders[ORDERS_MAX];
	char line[ORACLE_LINE_SIZE];
};

__attribute__((format(printf, 2, 3))) static void complain(
	struct oracle *oracle, const char *format, ...)
{
	va_list arguments;
	int used;

	if (oracle->line[0] != '\0')
		return;
	used = snprintf(
		oracle->line, sizeof oracle->line, "%.9f s: ", (double)oracle->now_ns / 1e9);
	va_start(arguments, format);
	vsnprintf(oracle->line + used, sizeof oracle->line - (size_t)used, format, arguments);
	va_end(arguments);
}

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

static struct task_book *task_of(struct oracle *oracle, uint64_t id)
{
	return id > 0 && id <= oracle->tasks_max ? &oracle->tasks[id] : NULL;
}

static struct agent_book *agent_of(struct oracle *oracle, uint64_t id)
{
	return id > 0 && id <= oracle->agents_max ? &oracle->agents[id] : NULL;
}

static uint32_t attempts_max(const struct oracle *oracle, const struct task_book *task)
{
	return task->attempts_max > 0 ? task->attempts_max
				      : oracle->pools[task->pool].conf.attempts_max;
}

/* The attempt of this number while it runs; NULL. */
static struct run_book *run_of(struct task_book *task, uint32_t attempt)
{
	for (uint32_t i = 0; i < RUNS_MAX; i++)
		if (task->runs[i].agent != 0 && task->runs[i].attempt == attempt)
			return &task->runs[i];
	return NULL;
}

/* Any that runs; NULL. */
static struct run_book *some_run(struct task_book *task)
{
	return task->runs[0].agent != 0   ? &task->runs[0]
	       : task->runs[1].agent != 0 ? &task->runs[1]
					  : NULL;
}

static bool runs_on(const struct task_book *task, uint64_t agent)
{
	return task->runs[0].agent == agent || task->runs[1].agent == agent;
}

/* The attempt that just ended failed.  It is none of the task's while another one runs; what is
 * allowed is the choice of the pool that the last attempt failed in. */
static void note_failure(const struct oracle *oracle, struct task_book *task)
{
	if (some_run(task) != NULL)
		return;
	task->failures++;
	task->is_used_up = task->failures >= attempts_max(oracle, task);
}

/* ---- attempts ----------------------------------------------------------------------------- */

static void refill(struct oracle *oracle, struct limit_book *limit)
{
	double passed = (double)(oracle->now_ns - limit->tokens_at_ns);
	double count = (double)limit->conf.starts_max;

	limit->tokens_at_ns = oracle->now_ns;
	limit->tokens += passed * count / (double)limit->conf.starts_period_ns;
	if (limit->tokens > count)
		limit->tokens = count;
}

static void take_limits(struct oracle *oracle, const struct pool_book *pool)
{
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++) {
		uint32_t number = pool->conf.limits[i];
		struct limit_book *limit;

		if (number == BAL_NONE)
			continue;
		limit = &oracle->limits[number];
		limit->running++;
		if (limit->conf.running_max > 0 && limit->running > limit->conf.running_max)
			complain(oracle, "limit %u has %u running, may %u", number, limit->running,
				limit->conf.running_max);
		if (limit->conf.starts_max == 0)
			continue;
		refill(oracle, limit);
		limit->tokens -= 1.0;
		if (limit->tokens < -STARTS_SLACK)
			complain(oracle, "limit %u: more than %u starts in its period", number,
				limit->conf.starts_max);
	}
}

/* The attempt is over, for whatever reason. */
static void close_attempt(struct oracle *oracle, struct task_book *task, struct run_book *run)
{
	struct agent_book *agent = &oracle->agents[run->agent];
	struct pool_book *pool = &oracle->pools[agent->pool];

	if (run->is_lent)
		agent->lent--;
	else
		agent->running--;
	if (!run->is_lent)
		oracle->tenants[task->tenant].running--;
	pool->hedges -= run->is_hedge;
	task->pool = agent->pool;
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++)
		if (pool->conf.limits[i] != BAL_NONE)
			oracle->limits[pool->conf.limits[i]].running--;
	*run = (struct run_book){.agent = 0};
	if (some_run(task) != NULL && some_run(task)->is_hedge) {
		/* It goes on as the task's only attempt. */
		oracle->pools[oracle->agents[some_run(task)->agent].pool].hedges--;
		some_run(task)->is_hedge = false;
	}
}

/* True when the agent runs an ancestor that waits for the task. */
static bool may_borrow(struct oracle *oracle, const struct task_book *task, uint64_t agent)
{
	for (uint32_t i = 0; i < BAL_ANCESTORS_MAX && task->parent_waits; i++) {
		task = task_of(oracle, task->parent);
		if (task == NULL)
			return false;
		if (runs_on(task, agent))
			return true;
	}
	return false;
}

static void check_place(struct oracle *oracle, const struct bal_effect *effect, bool is_lent)
{
	const struct agent_book *agent = agent_of(oracle, effect->agent);

	if (agent == NULL || !agent->is_up || !agent->is_ready)
		complain(oracle, "task %" PRIu64 " is sent to agent %" PRIu64 ", which is not up",
			effect->task, effect->agent);
	else if (agent->is_ended)
		complain(oracle, "task %" PRIu64 " is sent to agent %" PRIu64 ", which was ended",
			effect->task, effect->agent);
	else if (oracle->now_ns < agent->busy_until_ns)
		complain(oracle, "task %" PRIu64 " is sent to agent %" PRIu64 ", which is busy",
			effect->task, effect->agent);
	else if (agent->is_draining && !is_lent)
		complain(oracle, "task %" PRIu64 " is sent to agent %" PRIu64 ", which drains",
			effect->task, effect->agent);
	else if (agent->running >= agent->slots && !is_lent)
		complain(oracle,
			"task %" PRIu64 " is sent to agent %" PRIu64 ", which has %u slots full",
			effect->task, effect->agent, agent->slots);
}

/* A second attempt beside the first. */
static void check_hedge(
	struct oracle *oracle, struct task_book *task, const struct bal_effect *effect)
{
	const struct pool_book *pool = &oracle->pools[oracle->agents[effect->agent].pool];
	uint64_t spare = (uint64_t)pool->slots * (uint64_t)oracle->hedge_share;

	if (some_run(task) == NULL)
		complain(oracle, "task %" PRIu64 " is hedged while no attempt runs", effect->task);
	else if (task->runs[0].agent != 0 && task->runs[1].agent != 0)
		complain(oracle, "task %" PRIu64 " gets a third attempt", effect->task);
	else if (runs_on(task, effect->agent))
		complain(oracle, "task %" PRIu64 " is hedged on the agent that has it",
			effect->task);
	else if (pool->conf.kind != BAL_POOL_PROCESS && pool->conf.kind != BAL_POOL_URLS)
		complain(oracle, "task %" PRIu64 " is hedged in a pool of commands or leases",
			effect->task);
	else if ((uint64_t)pool->hedges * 1000 >= spare)
		complain(oracle, "pool %u has %u hedges already, of %u slots",
			oracle->agents[effect->agent].pool, pool->hedges, pool->slots);
}

static void check_turn(
	struct oracle *oracle, struct task_book *task, const struct bal_effect *effect)
{
	if (task->state != BOOK_OPEN)
		complain(oracle, "task %" PRIu64 " is sent without being accepted or after its end",
			effect->task);
	else if (some_run(task) != NULL && effect->reason != BAL_REASON_HEDGED)
		complain(oracle, "task %" PRIu64 " is sent while an attempt runs", effect->task);
	else if (effect->attempt <= task->attempt)
		complain(oracle, "task %" PRIu64 ": attempt %u comes after %u", effect->task,
			effect->attempt, task->attempt);
	else if (task->is_cancelled)
		complain(
			oracle, "task %" PRIu64 " is sent although it was cancelled", effect->task);
	else if (task->has_succeeded)
		complain(oracle, "task %" PRIu64 " is sent although it succeeded", effect->task);
	else if (task->deadline_ns < oracle->now_ns)
		complain(oracle, "task %" PRIu64 " is sent after its deadline", effect->task);
	else if (task->is_used_up)
		complain(oracle, "task %" PRIu64 " is sent after %u failures, which is all it may",
			effect->task, task->failures);
}

static void see_dispatch(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = task_of(oracle, effect->task);
	struct agent_book *agent = agent_of(oracle, effect->agent);
	bool is_hedge = effect->reason == BAL_REASON_HEDGED;
	struct tenant_book *tenant;
	struct run_book *run;

	if (task == NULL || agent == NULL) {
		complain(oracle, "unknown task %" PRIu64 " or agent %" PRIu64 " in a dispatch",
			effect->task, effect->agent);
		return;
	}
	check_turn(oracle, task, effect);
	if (is_hedge)
		check_hedge(oracle, task, effect);
	run = &task->runs[task->runs[0].agent != 0];
	*run = (struct run_book){.is_lent = !is_hedge && may_borrow(oracle, task, effect->agent)};
	check_place(oracle, effect, run->is_lent);
	if (oracle->line[0] != '\0')
		return;
	run->agent = effect->agent;
	run->attempt = effect->attempt;
	run->is_hedge = is_hedge;
	task->attempt = effect->attempt;
	oracle->pools[agent->pool].hedges += is_hedge;
	take_limits(oracle, &oracle->pools[agent->pool]);
	if (run->is_lent) {
		agent->lent++;
		return;
	}
	agent->running++;
	tenant = &oracle->tenants[task->tenant];
	tenant->running++;
	if (tenant->running_max > 0 && tenant->running > tenant->running_max)
		complain(oracle, "tenant %u has %u running, may %u", task->tenant, tenant->running,
			tenant->running_max);
}

static void see_rescind(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = task_of(oracle, effect->task);
	struct run_book *run = task == NULL ? NULL : run_of(task, effect->attempt);

	if (run == NULL || run->agent != effect->agent) {
		complain(oracle, "an attempt of task %" PRIu64 " is rescinded that does not run",
			effect->task);
		return;
	}
	close_attempt(oracle, task, run);
	if (effect->reason == BAL_REASON_ATTEMPT_TIMEOUT ||
		effect->reason == BAL_REASON_LEASE_EXPIRED)
		note_failure(oracle, task);
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
	struct task_book *task = task_of(oracle, effect->task);

	if (task == NULL || task->state != BOOK_OPEN) {
		complain(
			oracle, "task %" PRIu64 " ends twice, or was never accepted", effect->task);
		return;
	}
	if (some_run(task) != NULL)
		complain(oracle, "task %" PRIu64 " ends while an attempt runs", effect->task);
	else if (task->is_durable && !task->is_result_stored)
		complain(oracle, "task %" PRIu64 " ends before its end is stored", effect->task);
	else if (task->has_succeeded && effect->state != BAL_TASK_SUCCEEDED)
		complain(oracle, "task %" PRIu64 " succeeded and ends as %s", effect->task,
			bal_task_state_name(effect->state));
	else if (!task->is_durable && !has_cause(oracle, task, effect->state))
		complain(oracle, "task %" PRIu64 " ends as %s without a cause", effect->task,
			bal_task_state_name(effect->state));
	task->state = BOOK_ENDED;
	oracle->open_count--;
}

static void see_store_result(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = task_of(oracle, effect->task);

	if (task == NULL || task->state != BOOK_OPEN || !task->is_durable)
		complain(oracle, "the end of task %" PRIu64 " is stored, which is not open",
			effect->task);
	else if (some_run(task) != NULL)
		complain(oracle, "task %" PRIu64 " ends while an attempt runs", effect->task);
	else if (!has_cause(oracle, task, effect->state))
		complain(oracle, "task %" PRIu64 " ends as %s without a cause", effect->task,
			bal_task_state_name(effect->state));
}

static void see_accept(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = task_of(oracle, effect->task);

	if (task == NULL || task->state != BOOK_SUBMITTED) {
		complain(oracle, "task %" PRIu64 " is accepted twice, or was never submitted",
			effect->task);
		return;
	}
	if (task->is_durable && !task->is_stored)
		complain(oracle, "task %" PRIu64 " is accepted before it is stored", effect->task);
	task->state = BOOK_OPEN;
	oracle->open_count++;
}

static void see_refuse(struct oracle *oracle, const struct bal_effect *effect)
{
	struct task_book *task = task_of(oracle, effect->task);

	if (task == NULL || task->state != BOOK_SUBMITTED) {
		complain(oracle, "task %" PRIu64 " is refused after it was accepted", effect->task);
		return;
	}
	task->state = BOOK_ENDED;
}

/* ---- the fleet ---------------------------------------------------------------------------- */

static struct order_book *order_of(struct oracle *oracle, uint64_t id)
{
	for (uint32_t i = 0; i < ORDERS_MAX; i++)
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
		complain(oracle, "pool %u is to have %u agents, may %u", effect->pool, after,
			pool->conf.agents_max);
	if (order == NULL) {
		complain(oracle, "more than %d orders are open", ORDERS_MAX);
		return;
	}
	*order = (struct order_book){
		.id = effect->order, .pool = effect->pool, .missing = effect->count};
	pool->ordered += effect->count;
}

static void see_drain(struct oracle *oracle, const struct bal_effect *effect)
{
	struct agent_book *agent = agent_of(oracle, effect->agent);
	struct pool_book *pool;

	if (agent == NULL || !agent->is_up || agent->is_draining) {
		complain(oracle, "agent %" PRIu64 " is drained, which is not in service",
			effect->agent);
		return;
	}
	pool = &oracle->pools[agent->pool];
	agent->is_draining = true;
	pool->agents--;
	if (effect->order != 0 && !pool->is_moved &&
		pool->agents + pool->ordered < pool->conf.agents_min)
		complain(oracle, "pool %u shrinks to %u agents, must have %u", agent->pool,
			pool->agents + pool->ordered, pool->conf.agents_min);
}

static void see_undrain(struct oracle *oracle, const struct bal_effect *effect)
{
	struct agent_book *agent = agent_of(oracle, effect->agent);

	if (agent == NULL || !agent->is_up || !agent->is_draining || agent->is_ended) {
		complain(oracle, "agent %" PRIu64 " is taken back, which does not drain",
			effect->agent);
		return;
	}
	agent->is_draining = false;
	oracle->pools[agent->pool].agents++;
}

static void see_end(struct oracle *oracle, const struct bal_effect *effect)
{
	struct agent_book *agent = agent_of(oracle, effect->agent);

	if (agent == NULL || !agent->is_up || !agent->is_draining || agent->is_ended) {
		complain(oracle, "agent %" PRIu64 " is ended, which does not drain", effect->agent);
		return;
	}
	if (agent->running + agent->lent > 0)
		complain(oracle, "agent %" PRIu64 " is ended with %u tasks running", effect->agent,
			agent->running + agent->lent);
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
		complain(oracle, "an effect of no known type");
	else if (SEE[effect->type] != NULL)
		SEE[effect->type](oracle, effect);
}

/* ---- events ------------------------------------------------------------------------------- */

static void see_submitted(struct oracle *oracle, const struct bal_event_task *event)
{
	struct task_book *task = task_of(oracle, event->id);

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
	struct task_book *task = task_of(oracle, event->task);
	bool makes_sense = event->outcome < BAL_OUTCOME_COUNT && event->epoch == EPOCH;

	if (task != NULL && task->state == BOOK_OPEN && makes_sense &&
		run_of(task, event->attempt) != NULL)
		complain(oracle, "the answer of task %" PRIu64 ", attempt %u, is refused",
			event->task, event->attempt);
}

static void see_answer(struct oracle *oracle, const struct bal_event_ended *event)
{
	struct task_book *task = task_of(oracle, event->task);
	struct run_book *run = task == NULL ? NULL : run_of(task, event->attempt);

	if (task == NULL || task->state != BOOK_OPEN || event->attempt == 0 ||
		event->attempt > task->attempt || event->epoch > EPOCH ||
		event->outcome >= BAL_OUTCOME_COUNT) {
		complain(oracle,
			"an answer is taken for attempt %u of task %" PRIu64 ", which never was",
			event->attempt, event->task);
		return;
	}
	if (run == NULL) {
		if (event->outcome != BAL_OUTCOME_SUCCEEDED || task->has_succeeded)
			complain(oracle, "a late answer of task %" PRIu64 " is taken", event->task);
		task->has_succeeded = true;
		return;
	}
	if (event->outcome == BAL_OUTCOME_BUSY)
		oracle->agents[run->agent].busy_until_ns = oracle->now_ns + event->retry_after_ns;
	close_attempt(oracle, task, run);
	if ((COUNTED >> event->outcome & 1u) != 0)
		note_failure(oracle, task);
	task->has_succeeded = event->outcome == BAL_OUTCOME_SUCCEEDED;
	task->has_failed = event->outcome == BAL_OUTCOME_FAILED && some_run(task) == NULL;
}

static void see_up(struct oracle *oracle, const struct bal_event_up *event)
{
	struct agent_book *agent = agent_of(oracle, event->agent);
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
}

static void see_down(struct oracle *oracle, uint64_t id)
{
	struct agent_book *agent = agent_of(oracle, id);

	if (agent == NULL || !agent->is_up)
		return;
	for (uint32_t i = 1; i <= oracle->tasks_max && agent->running + agent->lent > 0; i++) {
		struct task_book *task = &oracle->tasks[i];

		if (!runs_on(task, id))
			continue;
		close_attempt(oracle, task, &task->runs[task->runs[0].agent != id]);
		note_failure(oracle, task);
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
		task = task_of(oracle, event->stored.task);
		task->is_stored = event->stored.status == BAL_OK;
		break;
	case BAL_EVENT_RESULT_STORED:
		task = task_of(oracle, event->stored.task);
		task->is_result_stored = event->stored.status == BAL_OK;
		break;
	case BAL_EVENT_TASK_CANCELLED:
		task = task_of(oracle, event->cancelled.task);
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
			complain(oracle, "task %u was accepted and never ended", i);
	return oracle->line[0] == '\0';
}

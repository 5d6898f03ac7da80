/* SPDX-License-Identifier: Apache-2.0 */
/* Shared limits are a bucket of tokens here and a schedule in the core: two ways to say the same,
 * so that a mistake in one of them shows. */
#include "sim/book.h"

#include <stdarg.h>
#include <stdio.h>

#define STARTS_SLACK 0.01 /* of one start: the core counts in whole nanoseconds */

void book_complain(struct oracle *oracle, const char *format, ...)
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

struct task_book *book_task(struct oracle *oracle, uint64_t id)
{
	return id > 0 && id <= oracle->tasks_max ? &oracle->tasks[id] : NULL;
}

struct agent_book *book_agent(struct oracle *oracle, uint64_t id)
{
	return id > 0 && id <= oracle->agents_max ? &oracle->agents[id] : NULL;
}

static uint32_t attempts_max(const struct oracle *oracle, const struct task_book *task)
{
	return task->attempts_max > 0 ? task->attempts_max
				      : oracle->pools[task->pool].conf.attempts_max;
}

struct run_book *book_run(struct task_book *task, uint32_t attempt)
{
	for (uint32_t i = 0; i < BOOK_RUNS_MAX; i++)
		if (task->runs[i].agent != 0 && task->runs[i].attempt == attempt)
			return &task->runs[i];
	return NULL;
}

struct run_book *book_some_run(struct task_book *task)
{
	return task->runs[0].agent != 0   ? &task->runs[0]
	       : task->runs[1].agent != 0 ? &task->runs[1]
					  : NULL;
}

bool book_runs_on(const struct task_book *task, uint64_t agent)
{
	return task->runs[0].agent == agent || task->runs[1].agent == agent;
}

/* The attempt that just ended failed.  It is none of the task's while another one runs; what is
 * allowed is the choice of the pool that the last attempt failed in. */
void book_failure(const struct oracle *oracle, struct task_book *task)
{
	if (book_some_run(task) != NULL)
		return;
	task->failures++;
	task->is_used_up = task->failures >= attempts_max(oracle, task);
}

static void refill(struct oracle *oracle, struct limit_book *limit)
{
	double passed = (double)(oracle->now_ns - limit->tokens_at_ns);
	double count = (double)limit->conf.starts_max;

	limit->tokens_at_ns = oracle->now_ns;
	limit->tokens += passed * count / (double)limit->conf.starts_period_ns;
	if (limit->tokens > count)
		limit->tokens = count;
}

void book_limits(struct oracle *oracle, const struct pool_book *pool)
{
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++) {
		uint32_t number = pool->conf.limits[i];
		struct limit_book *limit;

		if (number == BAL_NONE)
			continue;
		limit = &oracle->limits[number];
		limit->running++;
		if (limit->conf.running_max > 0 && limit->running > limit->conf.running_max)
			book_complain(oracle, "limit %u has %u running, may %u", number,
				limit->running, limit->conf.running_max);
		if (limit->conf.starts_max == 0)
			continue;
		refill(oracle, limit);
		limit->tokens -= 1.0;
		if (limit->tokens < -STARTS_SLACK)
			book_complain(oracle, "limit %u: more than %u starts in its period", number,
				limit->conf.starts_max);
	}
}

void book_begin_ahead(struct oracle *oracle, struct agent_book *agent)
{
	struct task_book *task = &oracle->tasks[agent->ahead];

	if (agent->ahead == 0 || agent->running >= (agent->slots > 1 ? agent->slots : 1))
		return;
	agent->ahead = 0;
	agent->running++;
	task->runs[0].is_ahead = false;
	task->runs[1].is_ahead = false;
}

void book_close(struct oracle *oracle, struct task_book *task, struct run_book *run)
{
	struct agent_book *agent = &oracle->agents[run->agent];
	struct pool_book *pool = &oracle->pools[agent->pool];

	if (run->is_ahead)
		agent->ahead = 0;
	else if (run->is_lent)
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
	if (book_some_run(task) != NULL && book_some_run(task)->is_hedge) {
		/* It goes on as the task's only attempt. */
		oracle->pools[oracle->agents[book_some_run(task)->agent].pool].hedges--;
		book_some_run(task)->is_hedge = false;
	}
	book_begin_ahead(oracle, agent);
}

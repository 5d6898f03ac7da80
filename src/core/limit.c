/* SPDX-License-Identifier: Apache-2.0 */
/* A schedule allows an event when its virtual time is at most one burst ahead of now; each event
 * moves the virtual time on by period / count.  The burst is the whole count: "30/min" allows
 * thirty at once and then one every two seconds, as people expect of such a limit. */
#include "core/limit.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

static int64_t schedule_step_ns(uint32_t count_max, int64_t period_ns)
{
	int64_t step_ns = period_ns / count_max;

	return step_ns < 1 ? 1 : step_ns;
}

/* When the schedule allows the next event; an instant in the past means now. */
static int64_t schedule_open_at_ns(int64_t due_ns, uint32_t count_max, int64_t period_ns)
{
	return due_ns - schedule_step_ns(count_max, period_ns) * (int64_t)(count_max - 1);
}

static int64_t schedule_advance_ns(
	int64_t due_ns, int64_t now_ns, uint32_t count_max, int64_t period_ns)
{
	int64_t from_ns = due_ns > now_ns ? due_ns : now_ns;

	return time_add_ns(from_ns, schedule_step_ns(count_max, period_ns));
}

static bool running_allows(const struct limit *limit)
{
	return limit->running_max == 0 || limit->running < limit->running_max;
}

static bool starts_allow(const struct bal_core *core, const struct limit *limit)
{
	return limit->starts_max == 0 ||
	       schedule_open_at_ns(limit->starts_due_ns, limit->starts_max,
		       limit->starts_period_ns) <= core->now_ns;
}

void limits_note(struct pool *pool)
{
	pool->is_limited = false;
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++)
		pool->is_limited |= pool->conf.limits[i] != BAL_NONE;
}

bool limits_allow(const struct bal_core *core, const struct pool *pool, uint32_t *blocking)
{
	*blocking = BAL_NONE;
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++) {
		uint32_t number = pool->conf.limits[i];

		if (number == BAL_NONE)
			continue;
		if (!running_allows(&core->shared[number]) ||
			!starts_allow(core, &core->shared[number])) {
			*blocking = number;
			return false;
		}
	}
	return true;
}

void limits_take(struct bal_core *core, const struct pool *pool)
{
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++) {
		uint32_t number = pool->conf.limits[i];
		struct limit *limit;

		if (number == BAL_NONE)
			continue;
		limit = &core->shared[number];
		limit->running++;
		if (limit->starts_max > 0)
			limit->starts_due_ns = schedule_advance_ns(limit->starts_due_ns,
				core->now_ns, limit->starts_max, limit->starts_period_ns);
	}
}

void limits_give(struct bal_core *core, const struct pool *pool)
{
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++) {
		uint32_t number = pool->conf.limits[i];

		if (number == BAL_NONE)
			continue;
		bal_assert(core->shared[number].running > 0);
		core->shared[number].running--;
	}
}

int64_t limits_open_at_ns(const struct bal_core *core, const struct pool *pool)
{
	int64_t open_at_ns = core->now_ns;

	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++) {
		uint32_t number = pool->conf.limits[i];
		const struct limit *limit;
		int64_t at_ns;

		if (number == BAL_NONE || core->shared[number].starts_max == 0)
			continue;
		limit = &core->shared[number];
		at_ns = schedule_open_at_ns(
			limit->starts_due_ns, limit->starts_max, limit->starts_period_ns);
		if (at_ns > open_at_ns)
			open_at_ns = at_ns;
	}
	return open_at_ns;
}

bool tenant_rate_take(struct bal_core *core, uint32_t number, int64_t *wait_ns)
{
	struct tenant *tenant = &core->tenants[number];
	int64_t open_at_ns;

	*wait_ns = 0;
	if (tenant->rate_max == 0)
		return true;
	open_at_ns =
		schedule_open_at_ns(tenant->rate_due_ns, tenant->rate_max, tenant->rate_period_ns);
	if (open_at_ns > core->now_ns) {
		*wait_ns = num_sub_i64(open_at_ns, core->now_ns);
		return false;
	}
	tenant->rate_due_ns = schedule_advance_ns(
		tenant->rate_due_ns, core->now_ns, tenant->rate_max, tenant->rate_period_ns);
	return true;
}

bool tenant_may_run(const struct bal_core *core, uint32_t number)
{
	const struct tenant *tenant = &core->tenants[number];

	return tenant->running_max == 0 || tenant->running < tenant->running_max;
}

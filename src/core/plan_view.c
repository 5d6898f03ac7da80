/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan is made of, read from the live state. Kinds that have pools in common are planned
 * together, since an agent's slot is there for each of them; what they need is added up as if they
 * peaked together, which errs on the safe side.
 *
 * The variance of services and the tail of waits are measured per pool; of several the worst
 * counts. */
#include "ballast.h"

#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/plan.h"
#include "core/scale.h"
#include "core/series.h"

_Static_assert((int)PLAN_CEILING_MONEY == (int)BAL_CEILING_MONEY &&
		       (int)PLAN_CEILING_COUNT == (int)BAL_CEILING_COUNT &&
		       MIX_POOLS_MAX == BAL_PLAN_POOLS_MAX,
	"the contract and the plan mean the same");

#define SERVICE_UNKNOWN_S 1.0
#define SERVICE_MIN_S     1e-3
/* The 95 % quantile lies between those of 90 % and 97.5 %; of the normal distribution here. */
#define QUANTILE_PART     0.536
#define SHARE_WHOLE       0.999
#define SHARE_PERFORMANCE 0.2

/* The pools of a plan. */
struct group {
	uint32_t pools[MIX_POOLS_MAX];
	uint32_t count;
};

static bool is_planned(const struct pool *pool)
{
	return pool->exists && !pool->removed && pool->conf.slots > 0;
}

static bool has_pool(const struct group *group, uint32_t pool)
{
	for (uint32_t i = 0; i < group->count; i++)
		if (group->pools[i] == pool)
			return true;
	return false;
}

static bool serves(const struct group *group, const struct lane *lane)
{
	for (uint32_t i = 0; i < group->count; i++)
		if (lane_serves(lane, group->pools[i]))
			return true;
	return false;
}

/* Adds the pools of a lane that has one in the group; true when there were any. */
static bool join(const struct bal_core *core, const struct lane *lane, struct group *group)
{
	uint32_t before = group->count;

	if (!serves(group, lane))
		return false;
	for (uint32_t i = 0; i < core->pools_high && group->count < MIX_POOLS_MAX; i++)
		if (is_planned(&core->pools[i]) && lane_serves(lane, i) && !has_pool(group, i))
			group->pools[group->count++] = i;
	return group->count > before;
}

/* False when the pool is not the first one of its group. */
static bool gather(const struct bal_core *core, uint32_t pool, struct group *group)
{
	bool grew = true;

	*group = (struct group){.pools = {pool}, .count = 1};
	while (grew) {
		grew = false;
		for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
			i = slab_next(&core->lanes, i + 1))
			grew = join(core, slab_at(&core->lanes, i), group) || grew;
	}
	for (uint32_t i = 1; i < group->count; i++)
		if (group->pools[i] < pool)
			return false;
	return true;
}

/* ---- load ---- */

static double load_now(const struct bal_core *core, const struct group *group)
{
	double load = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		const struct pool *pool = &core->pools[group->pools[i]];
		double busy = pool->running - pool->hedges + pool->ahead;

		load += pool->scaling->demand.looked ? pool->scaling->demand.offered : busy;
	}
	return num_max(load, 0);
}

static bool is_of(const struct bal_core *core, const struct group *group, uint32_t kind)
{
	for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
		i = slab_next(&core->lanes, i + 1)) {
		const struct lane *lane = slab_at(&core->lanes, i);

		if (lane->kind == kind && serves(group, lane))
			return true;
	}
	return false;
}

static void add_kind(const struct bal_outlook *outlook, struct bal_plan *plan)
{
	double high80 = outlook->band.high80, high95 = outlook->band.high95;
	double work_s = high80 + (high95 - high80) * QUANTILE_PART;
	double confidence = outlook->scored ? outlook->confidence : 0;

	plan->confidence = plan->forecast ? num_min(plan->confidence, confidence) : confidence;
	plan->load += num_max(work_s, 0) * (double)NS_PER_S / (double)outlook->bin_ns;
	plan->forecast = true;
}

/* A kind without a forecast counts by what is there now. */
static void set_load(const struct bal_core *core, const struct group *group, uint32_t horizon,
	struct bal_plan *plan)
{
	double now = load_now(core, group);
	bool all = true;

	for (uint32_t kind = 0; horizon > 0 && kind < series_kinds_high(core->series); kind++) {
		struct bal_outlook outlook;

		if (series_find(core->series, kind, SERIES_WORK, SERIES_FINE) == NULL ||
			!is_of(core, group, kind))
			continue;
		if (series_outlook(core->series, kind, SERIES_WORK, horizon - 1, &outlook))
			add_kind(&outlook, plan);
		else
			all = false;
	}
	if (!plan->forecast)
		plan->load = now;
	else if (!all)
		plan->load = num_max(plan->load, now);
}

static double service_of(const struct bal_core *core, const struct group *group)
{
	double sum = 0, weight = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		const struct mean *mean = &core->pools[group->pools[i]].service_s;

		sum += mean->value * mean->weight;
		weight += mean->weight;
	}
	return weight > 0 ? num_max(sum / weight, SERVICE_MIN_S) : SERVICE_UNKNOWN_S;
}

/* What was measured of the waits of a pool, against what the model said; 1 = not measured. */
static double tail_of(const struct pool *pool)
{
	return lateness_tail(&pool->scaling->lateness);
}

/* Of the pools of a group the largest, since a task may come to any of them. */
static double most_of(const struct bal_core *core, const struct group *group,
	double (*of)(const struct pool *pool))
{
	double most = 0;

	for (uint32_t i = 0; i < group->count; i++)
		most = num_max(most, of(&core->pools[group->pools[i]]));
	return most;
}

/* ---- pools ---- */

/* Slots that a limit leaves if nobody else uses them. */
static double slots_of_limit(const struct limit *limit, double service_s)
{
	double slots = limit->running_max > 0 ? limit->running_max : UINT32_MAX;

	if (limit->starts_max > 0)
		slots = num_min(slots, limit->starts_max * service_s * (double)NS_PER_S /
					       (double)limit->starts_period_ns);
	return num_max(slots, 1);
}

/* The place of a limit among the bounds, which it gets if it is new and there is one; else
 * PLAN_SHARED_MAX. */
static uint32_t place_of(const struct bal_core *core, uint32_t limit, double service_s,
	uint32_t *limits, struct plan_bounds *bounds)
{
	for (uint32_t i = 0; i < bounds->shared_count; i++)
		if (limits[i] == limit)
			return i;
	if (bounds->shared_count == PLAN_SHARED_MAX)
		return PLAN_SHARED_MAX;
	limits[bounds->shared_count] = limit;
	bounds->shared_slots[bounds->shared_count] =
		slots_of_limit(&core->shared[limit], service_s);
	return bounds->shared_count++;
}

/* The limits of the pools as bounds, the first PLAN_SHARED_MAX of them. */
static void share(const struct bal_core *core, const struct group *group, double service_s,
	struct plan_pool *pools, struct plan_bounds *bounds)
{
	uint32_t limits[PLAN_SHARED_MAX];

	for (uint32_t i = 0; i < group->count * BAL_POOL_LIMITS_MAX; i++) {
		uint32_t pool = i / BAL_POOL_LIMITS_MAX, place;
		uint32_t limit =
			core->pools[group->pools[pool]].conf.limits[i % BAL_POOL_LIMITS_MAX];

		if (limit == BAL_NONE)
			continue;
		place = place_of(core, limit, service_s, limits, bounds);
		if (place < PLAN_SHARED_MAX)
			pools[pool].limits |= 1u << place;
	}
}

/* Processor time of a busy slot, as its agents report it; 0 when none does. */
static double slot_cpu_millis(const struct pool *pool)
{
	double used = 0, busy = 0;

	for (const struct list_node *node = pool->agents.first; node != NULL;
		node = list_next(node)) {
		const struct agent *agent = container_of(node, struct agent, pool_node);

		if (agent->running == 0 || agent->signals[BAL_SIGNAL_CPU_PERMILLE] < 0)
			continue;
		used += (double)agent->signals[BAL_SIGNAL_CPU_PERMILLE] * pool->conf.cpu_millis /
			PERMILLE;
		busy += agent->running;
	}
	return busy > 0 ? used / busy : 0;
}

/* Agents that may be taken away at any time are nothing to rely on. */
static struct plan_pool pool_of(const struct pool *pool, enum bal_plan_goal goal)
{
	bool relied_on = goal != BAL_PLAN_GOAL_RELIABILITY || pool->conf.market != BAL_MARKET_SPOT;

	return (struct plan_pool){.price = num_max_i64(pool->conf.price_microcents_hour, 0),
		.reserved = pool->conf.market == BAL_MARKET_RESERVED,
		.slots = relied_on ? pool->conf.slots : 0,
		.agents_min = pool->conf.agents_min,
		.agents_max = pool->conf.agents_max,
		.cpu_millis = pool->conf.cpu_millis,
		.memory_mib = pool->conf.memory_mib,
		.slot_cpu_millis = slot_cpu_millis(pool)};
}

/* Source of both: the requirement's strategies. */
static double headroom_of(const struct bal_core *core, const struct group *group)
{
	double headroom = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		uint32_t strategy = core->pools[group->pools[i]].conf.strategy;

		if (strategy == BAL_STRATEGY_CONSERVATIVE)
			headroom = num_max(headroom, 0.2);
		else if (strategy == BAL_STRATEGY_AGGRESSIVE)
			headroom = num_max(headroom, 0.1);
	}
	return headroom;
}

static double late_share_of(const struct bal_core *core, enum bal_plan_goal goal)
{
	double share = (double)core->knobs[BAL_KNOB_WAIT_LATE] / PERMILLE;

	if (goal == BAL_PLAN_GOAL_PERFORMANCE)
		share *= SHARE_PERFORMANCE;
	return num_clamp(share, 1 - SHARE_WHOLE, SHARE_WHOLE);
}

static void tell(const struct bal_core *core, const struct group *group, const struct plan *found,
	struct bal_plan *plan)
{
	plan->slots = found->slots;
	plan->slots_plan = found->mix.slots;
	plan->ceiling = (enum bal_ceiling)found->ceiling;
	plan->busy = found->busy;
	plan->busy_most = found->busy_most;
	plan->late = found->late;
	plan->price_microcents_hour = found->mix.price;
	plan->part_count = group->count;
	for (uint32_t i = 0; i < group->count; i++)
		plan->parts[i] = (struct bal_plan_part){.pool = group->pools[i],
			.agents = scale_agents(&core->pools[group->pools[i]]),
			.agents_plan = found->mix.agents[i]};
}

bool bal_plan(const struct bal_core *core, uint32_t pool, uint32_t horizon,
	const struct bal_plan_wish *wish, struct bal_plan *plan)
{
	struct plan_bounds bounds = {.price = wish->budget_microcents_hour};
	struct plan_pool pools[MIX_POOLS_MAX];
	struct plan_need need;
	struct group group;
	struct plan found;

	if (pool >= core->pools_high || horizon >= BAL_PLAN_HORIZONS_MAX ||
		!is_planned(&core->pools[pool]) || !gather(core, pool, &group))
		return false;
	*plan = (struct bal_plan){
		.ahead_ns = series_horizon_ns(horizon), .service_s = service_of(core, &group)};
	set_load(core, &group, horizon, plan);
	need = (struct plan_need){.load = plan->load,
		.service_s = plan->service_s,
		.arrivals_cv2 = 1,
		.service_cv2 = most_of(core, &group, scale_service_cv2),
		.wait_s = (double)core->knobs[BAL_KNOB_WAIT_GOOD] / (double)NS_PER_S,
		.late_share = late_share_of(core, wish->goal),
		.tail = most_of(core, &group, tail_of),
		.headroom = wish->goal == BAL_PLAN_GOAL_COST ? 0 : headroom_of(core, &group),
		.survive = wish->survive || wish->goal == BAL_PLAN_GOAL_RELIABILITY};
	for (uint32_t i = 0; i < group.count; i++)
		pools[i] = pool_of(&core->pools[group.pools[i]], wish->goal);
	share(core, &group, plan->service_s, pools, &bounds);
	plan_make(&need, pools, group.count, &bounds, &found);
	tell(core, &group, &found, plan);
	return true;
}

const char *bal_ceiling_name(enum bal_ceiling ceiling)
{
	static const char *const NAMES[BAL_CEILING_COUNT] = {
		"none", "pool_max", "shared_limit", "host_cpu", "host_memory", "budget"};

	return (uint32_t)ceiling < BAL_CEILING_COUNT ? NAMES[ceiling] : "?";
}

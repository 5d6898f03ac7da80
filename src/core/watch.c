/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One round goes over all pools, then all kinds, then what was shed; a round that fills the outbox
 * goes on in the next step. Facts are tables of a number and a function, so that a new fact is a
 * row.
 */
#include "core/watch.h"

#include "base/num.h"
#include "base/units.h"
#include "core/alert.h"
#include "core/bond.h"
#include "core/book.h"
#include "core/objective.h"
#include "core/outbox.h"
#include "core/recover.h"
#include "core/scale.h"
#include "core/series.h"
#include "core/vigil.h"

#define GROWTH_TASKS_MIN 20 /* in five minutes, before a forecast is held against them */
#define FIVE_MIN_S       300.0
#define HOUR_S           3600.0
#define LOAD_MAX         (100 * PERMILLE)
#define NOT_KNOWN        INT64_C(-1)

/* ---- pools ---- */

static int64_t pool_queue(const struct pool *pool)
{
	return pool->waiting;
}

/* Without a slot the load is infinite, which is no number. */
static int64_t pool_load(const struct pool *pool)
{
	return num_min_i64(scale_load_permille(pool), LOAD_MAX);
}

static int64_t pool_failures(const struct pool *pool)
{
	return pool->start_failures;
}

static int64_t share(uint64_t part, uint64_t whole)
{
	return whole == 0 ? NOT_KNOWN : (int64_t)(part * (uint64_t)PERMILLE / whole);
}

static int64_t pool_ejected(const struct pool *pool)
{
	return share(pool->state_count[BAL_AGENT_EJECTED], pool->agents.count);
}

static int64_t pool_idle(const struct pool *pool)
{
	uint32_t busy = pool->running < pool->slots_ready ? pool->running : pool->slots_ready;

	if (pool->conf.kind != BAL_POOL_PROCESS || scale_agents(pool) <= pool->conf.agents_min)
		return NOT_KNOWN;
	return share(pool->slots_ready - busy, pool->slots_ready);
}

static const struct {
	uint32_t fact;
	int64_t (*value)(const struct pool *pool);
} POOL_FACTS[] = {
	{RULE_FACT_QUEUE, pool_queue},
	{RULE_FACT_POOL_LOAD, pool_load},
	{RULE_FACT_START_FAILURES, pool_failures},
	{RULE_FACT_EJECTED, pool_ejected},
	{RULE_FACT_IDLE, pool_idle},
};

static int64_t pool_agents(const struct pool *pool)
{
	return pool->state_count[BAL_AGENT_READY];
}

static int64_t pool_slots(const struct pool *pool)
{
	return pool->slots_ready;
}

static int64_t pool_busy(const struct pool *pool)
{
	return pool->running;
}

/* What is kept as signals of the pool; the same values go to rules as far as there are some. */
static const struct {
	uint32_t signal;
	int64_t (*value)(const struct pool *pool);
} POOL_SIGNALS[] = {
	{BAL_SIGNAL_QUEUE_DEPTH, pool_queue},
	{BAL_SIGNAL_AGENTS_READY, pool_agents},
	{BAL_SIGNAL_SLOTS_READY, pool_slots},
	{BAL_SIGNAL_SLOTS_BUSY, pool_busy},
	{BAL_SIGNAL_LOAD, pool_load},
};

static void look_at_pool(struct bal_core *core, uint32_t number)
{
	const struct pool *pool = &core->pools[number];

	if (!pool->exists || pool->removed)
		return;
	for (uint32_t i = 0; i < sizeof POOL_FACTS / sizeof POOL_FACTS[0]; i++) {
		int64_t value = POOL_FACTS[i].value(pool);

		if (value != NOT_KNOWN)
			alert_observe(core, BAL_SUBJECT_POOL, number, POOL_FACTS[i].fact, value);
	}
	for (uint32_t i = 0; i < sizeof POOL_SIGNALS / sizeof POOL_SIGNALS[0]; i++)
		book_record(core, BAL_SUBJECT_POOL, number, POOL_SIGNALS[i].signal,
			POOL_SIGNALS[i].value(pool));
}

/* ---- kinds ---- */

/* The share of good ones in the last five minutes; not known with fewer than `least`. */
static int64_t recent_share(
	const struct bal_core *core, uint32_t kind, enum bal_objective objective, uint64_t least)
{
	struct bal_objective_view view;

	if (!objective_view(core, kind, objective, &view) || !view.applies ||
		view.total[OBJECTIVE_5_MIN] < least)
		return NOT_KNOWN;
	return share(view.good[OBJECTIVE_5_MIN], view.total[OBJECTIVE_5_MIN]);
}

static int64_t kind_errors(const struct bal_core *core, uint32_t kind)
{
	int64_t good = recent_share(core, kind, BAL_OBJECTIVE_ERRORS, 20);

	return good == NOT_KNOWN ? NOT_KNOWN : PERMILLE - good;
}

static int64_t kind_satisfaction(const struct bal_core *core, uint32_t kind)
{
	return recent_share(core, kind, BAL_OBJECTIVE_SATISFACTION, 5 * PERMILLE);
}

/* What an hour of forecast is over what comes now. */
static int64_t kind_growth(const struct bal_core *core, uint32_t kind)
{
	uint64_t arrivals = objective_arrivals(core, kind);
	double rate;

	if (arrivals < GROWTH_TASKS_MIN || !series_rate(core->series, kind, HOUR_S, &rate))
		return NOT_KNOWN;
	return num_to_i64(rate * FIVE_MIN_S / (double)arrivals * (double)PERMILLE);
}

/* The oddest of its series; 1000 is beyond what noise does. */
static int64_t kind_anomaly(const struct bal_core *core, uint32_t kind)
{
	double score = 0;
	bool is_known = false;

	for (uint32_t i = BAL_SERIES_ARRIVALS; i <= BAL_SERIES_WORK; i++) {
		struct bal_unrest unrest;

		if (!bal_series_unrest(core, kind, (enum bal_series)i, &unrest))
			continue;
		is_known = true;
		score = num_max(score, unrest.score);
	}
	if (!is_known)
		return NOT_KNOWN;
	return num_to_i64(num_min(score / VIGIL_SURE, 1) * (double)PERMILLE);
}

static int64_t kind_regression(const struct bal_core *core, uint32_t kind)
{
	return shifts_factor_permille(shifts_find(&core->shifts, kind));
}

static const struct {
	uint32_t fact;
	int64_t (*value)(const struct bal_core *core, uint32_t kind);
} KIND_FACTS[] = {
	{RULE_FACT_ERROR_SHARE, kind_errors},
	{RULE_FACT_RESPONSE_RATIO, objective_response_ratio},
	{RULE_FACT_SATISFACTION_MEAN, kind_satisfaction},
	{RULE_FACT_GROWTH, kind_growth},
	{RULE_FACT_ANOMALY, kind_anomaly},
	{RULE_FACT_REGRESSION, kind_regression},
};

static const uint32_t STATE_FACTS[BAL_OBJECTIVE_COUNT] = {
	[BAL_OBJECTIVE_RESPONSE] = RULE_FACT_OBJECTIVE_RESPONSE,
	[BAL_OBJECTIVE_AVAILABILITY] = RULE_FACT_OBJECTIVE_AVAILABILITY,
	[BAL_OBJECTIVE_ERRORS] = RULE_FACT_OBJECTIVE_ERRORS,
	[BAL_OBJECTIVE_SATISFACTION] = RULE_FACT_OBJECTIVE_SATISFACTION,
	[BAL_OBJECTIVE_THROUGHPUT] = RULE_FACT_OBJECTIVE_THROUGHPUT,
};

/* No data is no evidence: an alert stays as it was, and shows that it is stale. */
static void tell_states(struct bal_core *core, uint32_t kind)
{
	struct bal_objective_view view;

	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++)
		if (objective_view(core, kind, (enum bal_objective)i, &view) && view.applies &&
			view.state != BAL_OBJECTIVE_IS_NO_DATA)
			alert_observe(core, BAL_SUBJECT_KIND, kind, STATE_FACTS[i],
				(int64_t)view.state - BAL_OBJECTIVE_IS_MET);
}

static void look_at_kind(struct bal_core *core, uint32_t kind)
{
	if (!objective_look(core, kind))
		return;
	for (uint32_t i = 0; i < sizeof KIND_FACTS / sizeof KIND_FACTS[0]; i++) {
		int64_t value = KIND_FACTS[i].value(core, kind);

		if (value != NOT_KNOWN)
			alert_observe(core, BAL_SUBJECT_KIND, kind, KIND_FACTS[i].fact, value);
	}
	tell_states(core, kind);
	recover_kind(core, kind);
	recover_kind_fine(core, kind);
}

/* ---- what was shed ---- */

static bool is_wanted(const struct bal_core *core, uint32_t pool)
{
	for (uint32_t i = 0; i < objective_kinds_high(core->objectives); i++) {
		uint32_t lane = objective_lane(core, i);

		if (lane != BAL_NONE && lane_serves(slab_at(&core->lanes, lane), pool) &&
			recover_wants_shedding(core, i))
			return true;
	}
	return false;
}

static void look_at_shedding(struct bal_core *core, uint32_t number)
{
	struct pool *pool = &core->pools[number];

	if (pool->exists && pool->shed > 0)
		recover_pool(core, pool, is_wanted(core, number));
}

/* ---- rounds ---- */

static bool sheds(const struct bal_core *core)
{
	for (uint32_t i = 0; i < core->pools_high; i++)
		if (core->pools[i].shed > 0)
			return true;
	return false;
}

static bool has_reason(const struct bal_core *core)
{
	return core->totals.tasks > 0 || alert_count(core->alerts) > 0 || objective_is_busy(core) ||
	       sheds(core);
}

int64_t watch_next_ns(const struct bal_core *core)
{
	return core->watch_at_ns;
}

static int64_t next_ns(const struct bal_core *core)
{
	int64_t period_ns = knob(core, BAL_KNOB_WATCH);

	return period_ns == 0 ? BAL_NEVER_NS : time_add_ns(core->now_ns, period_ns);
}

void watch_wake(struct bal_core *core)
{
	if (core->watch_at_ns == BAL_NEVER_NS)
		core->watch_at_ns = next_ns(core);
}

void watch_tune(struct bal_core *core)
{
	core->watch_place = 0;
	core->watch_at_ns = next_ns(core);
}

/* The part of a round at a place: pools, kinds, pools again. False behind the last. */
static bool look(struct bal_core *core, uint32_t place)
{
	uint32_t pools = core->pools_high;
	uint32_t kinds = objective_kinds_high(core->objectives);

	if (place < pools)
		look_at_pool(core, place);
	else if (place < pools + kinds)
		look_at_kind(core, place - pools);
	else if (place < pools + kinds + pools)
		look_at_shedding(core, place - pools - kinds);
	else
		return false;
	return true;
}

void watch_run(struct bal_core *core)
{
	if (core->now_ns < core->watch_at_ns || core->stopping)
		return;
	if (core->watch_place == 0) {
		scale_count_waiting(core);
		alert_expire(core);
		bond_look(core);
	}
	while (outbox_has_room(core)) {
		if (look(core, core->watch_place)) {
			core->watch_place++;
			continue;
		}
		core->watch_place = 0;
		core->watch_at_ns = has_reason(core) ? next_ns(core) : BAL_NEVER_NS;
		return;
	}
}

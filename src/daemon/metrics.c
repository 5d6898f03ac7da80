/* SPDX-License-Identifier: Apache-2.0 */
/* Histograms have fixed bounds, from a millisecond to an hour: quantiles of several daemons cannot
 * be added, buckets can.  A pair of pool and kind is found by a scan, since there are few. */
#include "daemon/metrics.h"

#include "base/units.h"
#include "daemon/alertview.h"
#include "daemon/derived.h"
#include "daemon/forecasts.h"
#include "wire/metric.h"

#include <stdlib.h>

#define BUCKETS 17

static const int64_t BOUNDS_MS[BUCKETS] = {1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
	30000, 60000, 300000, 1800000, 3600000};

struct histo {
	uint64_t buckets[BUCKETS + 1];
	uint64_t count;
	int64_t sum_ms;
};

/* One pair of pool and kind; BAL_NONE, BAL_NONE is "other". */
struct series {
	uint32_t pool;
	uint32_t kind;
	struct histo wait;
	struct histo service;
	uint64_t outcomes[BAL_TASK_STATE_COUNT];
};

struct metrics {
	struct engine *engine;
	struct engine_watcher watcher;
	struct series *series; /* the last one is "other" */
	uint32_t series_count;
	struct histo store;
};

/* ---- counting ---- */

static void count_ms(struct histo *histo, int64_t value_ms)
{
	uint32_t bucket = 0;

	while (bucket < BUCKETS && value_ms > BOUNDS_MS[bucket])
		bucket++;
	histo->buckets[bucket]++;
	histo->count++;
	histo->sum_ms += value_ms > 0 ? value_ms : 0;
}

static struct series *series_of(struct metrics *metrics, uint32_t pool, uint32_t kind)
{
	struct series *series;

	for (uint32_t i = 0; i < metrics->series_count; i++)
		if (metrics->series[i].pool == pool && metrics->series[i].kind == kind)
			return &metrics->series[i];
	if (metrics->series_count == METRICS_SERIES_MAX)
		return &metrics->series[METRICS_SERIES_MAX];
	series = &metrics->series[metrics->series_count++];
	series->pool = pool;
	series->kind = kind;
	return series;
}

static void on_effect(
	struct engine_watcher *watcher, const struct bal_effect *effect, struct job *job)
{
	struct metrics *metrics = container_of(watcher, struct metrics, watcher);
	struct series *series;

	if (job == NULL)
		return;
	switch (effect->type) {
	case BAL_EFFECT_ACCEPT:
		count_ms(&metrics->store, (clock_utc_ns() - job->submitted_at_utc_ns) / NS_PER_MS);
		break;
	case BAL_EFFECT_DISPATCH:
		if (effect->reason == BAL_REASON_HEDGED)
			break; /* nothing waited for it */
		series = series_of(metrics, job->pool, job->kind);
		count_ms(&series->wait, job->waited_ns / NS_PER_MS);
		break;
	case BAL_EFFECT_STORE_RESULT:
		series = series_of(metrics, job->attempt == 0 ? BAL_NONE : job->pool, job->kind);
		series->outcomes[effect->state]++;
		if (job->started_at_utc_ns != 0 && effect->state == BAL_TASK_SUCCEEDED)
			count_ms(&series->service,
				(clock_utc_ns() - job->started_at_utc_ns) / NS_PER_MS);
		break;
	default:
		break;
	}
}

struct metrics *metrics_open(struct engine *engine)
{
	struct metrics *metrics = calloc(1, sizeof *metrics);

	if (metrics == NULL)
		return NULL;
	metrics->series = calloc(METRICS_SERIES_MAX + 1, sizeof *metrics->series);
	if (metrics->series == NULL) {
		free(metrics);
		return NULL;
	}
	metrics->series[METRICS_SERIES_MAX].pool = BAL_NONE;
	metrics->series[METRICS_SERIES_MAX].kind = BAL_NONE;
	metrics->engine = engine;
	metrics->watcher.effect = on_effect;
	engine_watch(engine, &metrics->watcher);
	return metrics;
}

void metrics_close(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	engine_unwatch(metrics->engine, &metrics->watcher);
	free(metrics->series);
	free(metrics);
}

/* ---- writing ---- */

static struct span name_of(
	const struct metrics *metrics, enum bal_symbol_space space, uint32_t number)
{
	return number == BAL_NONE ? SPAN("other")
				  : names_text(engine_names(metrics->engine), space, number);
}

static void put_pair(
	const struct metrics *metrics, struct metric_text *text, const struct series *series)
{
	if (series == NULL)
		return;
	metric_label(text, "pool", name_of(metrics, BAL_SYMBOL_POOL, series->pool));
	metric_label(text, "kind", name_of(metrics, BAL_SYMBOL_KIND, series->kind));
}

static void write_histo(const struct metrics *metrics, struct metric_text *text,
	const struct series *series, const struct histo *histo)
{
	uint64_t below = 0;

	for (uint32_t i = 0; i <= BUCKETS; i++) {
		char bound[32];
		struct buffer bound_text;

		below += histo->buckets[i];
		buffer_init_fixed(&bound_text, bound, sizeof bound);
		if (i == BUCKETS)
			buffer_append_text(&bound_text, "+Inf");
		else
			buffer_append_decimal(&bound_text, BOUNDS_MS[i], 3);
		metric_begin(text, "_bucket");
		put_pair(metrics, text, series);
		metric_label(text, "le", buffer_span(&bound_text));
		metric_value(text, (int64_t)below);
	}
	metric_begin(text, "_sum");
	put_pair(metrics, text, series);
	metric_decimal(text, histo->sum_ms, 3);
	metric_begin(text, "_count");
	put_pair(metrics, text, series);
	metric_value(text, (int64_t)histo->count);
}

/* The series, "other" only when it has something. */
static const struct series *series_at(const struct metrics *metrics, uint32_t index)
{
	const struct series *other = &metrics->series[METRICS_SERIES_MAX];

	if (index < metrics->series_count)
		return &metrics->series[index];
	if (index == metrics->series_count && other->wait.count > 0)
		return other;
	return NULL;
}

static void write_series(const struct metrics *metrics, struct metric_text *text)
{
	const struct series *series;

	metric_family(text, METRIC_ID_TASK_WAIT);
	for (uint32_t i = 0; (series = series_at(metrics, i)) != NULL; i++)
		write_histo(metrics, text, series, &series->wait);
	metric_family(text, METRIC_ID_TASK_SERVICE);
	for (uint32_t i = 0; (series = series_at(metrics, i)) != NULL; i++)
		write_histo(metrics, text, series, &series->service);
	metric_family(text, METRIC_ID_TASKS_ENDED);
	for (uint32_t i = 0; (series = series_at(metrics, i)) != NULL; i++)
		for (uint32_t state = 0; state < BAL_TASK_STATE_COUNT; state++) {
			if (series->outcomes[state] == 0)
				continue;
			metric_begin(text, "");
			put_pair(metrics, text, series);
			metric_label(text, "state",
				span_of(bal_task_state_name((enum bal_task_state)state)));
			metric_value(text, (int64_t)series->outcomes[state]);
		}
}

static void write_totals(const struct metrics *metrics, struct metric_text *text)
{
	struct bal_totals totals;

	bal_totals(engine_core(metrics->engine), &totals);
	metric_single(text, METRIC_ID_TASKS_LIVE, totals.tasks);
	metric_family(text, METRIC_ID_TASKS_WAITING);
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++) {
		metric_begin(text, "");
		metric_label(text, "priority", span_of(bal_priority_name((enum bal_priority)i)));
		metric_value(text, totals.waiting[i]);
	}
	metric_single(text, METRIC_ID_TASKS_SUBMITTED, totals.submitted_count);
	metric_single(text, METRIC_ID_TASKS_REFUSED, totals.refused_count);
	metric_single(text, METRIC_ID_DISPATCHES, totals.dispatched_count);
	metric_single(text, METRIC_ID_RETRIES, totals.retried_count);
	metric_single(text, METRIC_ID_HEDGES, totals.hedged_count);
	metric_single(text, METRIC_ID_HEDGES_WON, totals.hedges_won_count);
	metric_single(text, METRIC_ID_STALE_ANSWERS, totals.stale_count);
	metric_single(text, METRIC_ID_SCALE_OUT, totals.orders_up_count);
	metric_single(text, METRIC_ID_SCALE_IN, totals.orders_down_count);
}

/* Sums of the agents of one pool. */
struct usage {
	int64_t cpu_permille;
	int64_t memory_mib;
};

static struct usage sum_usage(const struct metrics *metrics, uint32_t pool)
{
	struct usage usage = {0, 0};
	struct bal_agent_view view;
	const struct roster_agent *agent = roster_first(engine_roster(metrics->engine));

	for (; agent != NULL; agent = roster_next(agent)) {
		if (agent->pool != pool ||
			!bal_agent_view(engine_core(metrics->engine), agent->id, &view))
			continue;
		if (view.signals[BAL_SIGNAL_CPU_PERMILLE] > 0)
			usage.cpu_permille += view.signals[BAL_SIGNAL_CPU_PERMILLE];
		if (view.signals[BAL_SIGNAL_MEMORY_MIB] > 0)
			usage.memory_mib += view.signals[BAL_SIGNAL_MEMORY_MIB];
	}
	return usage;
}

/* The gauges of one pool, in the order of their values below. */
static const struct {
	enum metric_id id;
	unsigned decimals;
} POOL_GAUGES[] = {
	{METRIC_ID_POOL_SLOTS, 0},
	{METRIC_ID_POOL_RUNNING, 0},
	{METRIC_ID_POOL_WAITING, 0},
	{METRIC_ID_POOL_LOAD, 3},
	{METRIC_ID_POOL_UTILISATION, 3},
	{METRIC_ID_POOL_OLDEST_WAIT, 3},
	{METRIC_ID_POOL_SERVICE, 3},
	{METRIC_ID_POOL_CPU, 3},
	{METRIC_ID_POOL_MEMORY, 0},
};

#define POOL_GAUGE_COUNT (sizeof POOL_GAUGES / sizeof POOL_GAUGES[0])

static void read_gauges(const struct metrics *metrics, uint32_t pool,
	const struct bal_pool_view *view, int64_t values[POOL_GAUGE_COUNT])
{
	struct usage usage = sum_usage(metrics, pool);

	values[0] = view->slots_ready;
	values[1] = view->running;
	values[2] = view->waiting;
	values[3] = view->load_permille == UINT32_MAX ? 0 : view->load_permille;
	values[4] = view->slots_ready == 0 ? 0 : view->running * PERMILLE / view->slots_ready;
	values[5] = view->oldest_wait_ns / NS_PER_MS;
	values[6] = view->service_ns / NS_PER_MS;
	values[7] = usage.cpu_permille;
	values[8] = usage.memory_mib * MIB;
}

static void write_gauges(const struct metrics *metrics, struct metric_text *text)
{
	uint32_t count = names_count(engine_names(metrics->engine), BAL_SYMBOL_POOL);
	int64_t values[POOL_GAUGE_COUNT];
	struct bal_pool_view view;

	for (uint32_t gauge = 0; gauge < POOL_GAUGE_COUNT; gauge++) {
		metric_family(text, POOL_GAUGES[gauge].id);
		for (uint32_t i = 0; i < count; i++) {
			if (!bal_pool_view(engine_core(metrics->engine), i, &view))
				continue;
			read_gauges(metrics, i, &view, values);
			metric_begin(text, "");
			metric_label(text, "pool", name_of(metrics, BAL_SYMBOL_POOL, i));
			metric_decimal(text, values[gauge], POOL_GAUGES[gauge].decimals);
		}
	}
}

static void write_pool_agents(const struct metrics *metrics, struct metric_text *text)
{
	uint32_t count = names_count(engine_names(metrics->engine), BAL_SYMBOL_POOL);
	struct bal_pool_view view;

	metric_family(text, METRIC_ID_AGENTS);
	for (uint32_t i = 0; i < count; i++) {
		if (!bal_pool_view(engine_core(metrics->engine), i, &view))
			continue;
		for (uint32_t state = BAL_AGENT_STARTING; state < BAL_AGENT_GONE; state++) {
			metric_begin(text, "");
			metric_label(text, "pool", name_of(metrics, BAL_SYMBOL_POOL, i));
			metric_label(text, "state",
				span_of(bal_agent_state_name((enum bal_agent_state)state)));
			metric_value(text, view.agents[state]);
		}
	}
}

static void write_store(const struct metrics *metrics, struct metric_text *text)
{
	struct store *store = engine_store(metrics->engine);
	struct store_counts counts;

	metric_family(text, METRIC_ID_STORE_TIME);
	write_histo(metrics, text, NULL, &metrics->store);
	store->ops->count(store, &counts);
	metric_single(text, METRIC_ID_STORE_HEALTHY, counts.health == STORE_OK);
	metric_single(text, METRIC_ID_STORE_QUEUE, counts.queue_count);
	metric_single(text, METRIC_ID_STORE_COMMITS, counts.commit);
}

void metrics_write(const struct metrics *metrics, uint64_t requests, uint32_t connections,
	enum metric_format format, struct buffer *buffer)
{
	struct metric_text text;

	metric_text_init(&text, buffer, format);
	write_totals(metrics, &text);
	write_series(metrics, &text);
	write_pool_agents(metrics, &text);
	write_gauges(metrics, &text);
	derived_metrics(metrics->engine, &text);
	write_store(metrics, &text);
	forecasts_metrics(metrics->engine, &text);
	alertview_metrics(metrics->engine, &text);
	metric_single(&text, METRIC_ID_HTTP_REQUESTS, requests);
	metric_single(&text, METRIC_ID_HTTP_CONNECTIONS, connections);
	metric_text_end(&text);
}

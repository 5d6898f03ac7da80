/* SPDX-License-Identifier: Apache-2.0 */
/* Histograms have fixed bounds, from a millisecond to an hour: quantiles of several daemons cannot
 * be added, buckets can.  A pair of pool and kind is found by a scan, since there are few. */
#include "daemon/metrics.h"

#include "base/units.h"
#include "daemon/forecasts.h"
#include "wire/prometheus.h"

#include <stdlib.h>

#define BUCKETS     17
#define NAME_PREFIX "ballast_"

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
	const struct metrics *metrics, struct buffer *text, const struct series *series)
{
	if (series == NULL)
		return;
	prometheus_label(text, "pool", name_of(metrics, BAL_SYMBOL_POOL, series->pool));
	prometheus_label(text, "kind", name_of(metrics, BAL_SYMBOL_KIND, series->kind));
}

static void write_histo(const struct metrics *metrics, struct buffer *text, const char *name,
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
		prometheus_name(text, name, "_bucket");
		put_pair(metrics, text, series);
		prometheus_label(text, "le", buffer_span(&bound_text));
		prometheus_value(text, (int64_t)below);
	}
	prometheus_name(text, name, "_sum");
	put_pair(metrics, text, series);
	prometheus_decimal(text, histo->sum_ms, 3);
	prometheus_name(text, name, "_count");
	put_pair(metrics, text, series);
	prometheus_value(text, (int64_t)histo->count);
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

static void write_series(const struct metrics *metrics, struct buffer *text)
{
	static const char wait[] = NAME_PREFIX "task_wait_seconds";
	static const char service[] = NAME_PREFIX "task_service_seconds";
	static const char ended[] = NAME_PREFIX "tasks_ended_total";
	const struct series *series;

	prometheus_family(text, wait, PROMETHEUS_HISTOGRAM, "Time in the queue before an attempt.");
	for (uint32_t i = 0; (series = series_at(metrics, i)) != NULL; i++)
		write_histo(metrics, text, wait, series, &series->wait);
	prometheus_family(text, service, PROMETHEUS_HISTOGRAM, "Time of attempts that succeeded.");
	for (uint32_t i = 0; (series = series_at(metrics, i)) != NULL; i++)
		write_histo(metrics, text, service, series, &series->service);
	prometheus_family(text, ended, PROMETHEUS_COUNTER, "Tasks that ended, by how.");
	for (uint32_t i = 0; (series = series_at(metrics, i)) != NULL; i++)
		for (uint32_t state = 0; state < BAL_TASK_STATE_COUNT; state++) {
			if (series->outcomes[state] == 0)
				continue;
			prometheus_name(text, ended, "");
			put_pair(metrics, text, series);
			prometheus_label(text, "state",
				span_of(bal_task_state_name((enum bal_task_state)state)));
			prometheus_value(text, (int64_t)series->outcomes[state]);
		}
}

static void put_total(struct buffer *text, const char *name, const char *help, uint64_t value)
{
	prometheus_family(text, name, PROMETHEUS_COUNTER, help);
	prometheus_name(text, name, "");
	prometheus_value(text, (int64_t)value);
}

static void put_gauge(struct buffer *text, const char *name, const char *help, uint64_t value)
{
	prometheus_family(text, name, PROMETHEUS_GAUGE, help);
	prometheus_name(text, name, "");
	prometheus_value(text, (int64_t)value);
}

static void write_totals(const struct metrics *metrics, struct buffer *text)
{
	static const char waiting[] = NAME_PREFIX "tasks_waiting";
	struct bal_totals totals;

	bal_totals(engine_core(metrics->engine), &totals);
	put_gauge(text, NAME_PREFIX "tasks_live", "Tasks that have not ended.", totals.tasks);
	prometheus_family(text, waiting, PROMETHEUS_GAUGE, "Tasks in the queue, by priority.");
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++) {
		prometheus_name(text, waiting, "");
		prometheus_label(
			text, "priority", span_of(bal_priority_name((enum bal_priority)i)));
		prometheus_value(text, totals.waiting[i]);
	}
	put_total(
		text, NAME_PREFIX "tasks_submitted_total", "Submissions.", totals.submitted_count);
	put_total(text, NAME_PREFIX "tasks_refused_total", "Submissions refused.",
		totals.refused_count);
	put_total(text, NAME_PREFIX "dispatches_total", "Attempts begun.", totals.dispatched_count);
	put_total(text, NAME_PREFIX "retries_total", "Attempts that were repeated.",
		totals.retried_count);
	put_total(text, NAME_PREFIX "hedges_total",
		"Second attempts begun beside one that took too long.", totals.hedged_count);
	put_total(text, NAME_PREFIX "hedges_won_total", "Second attempts that succeeded first.",
		totals.hedges_won_count);
	put_total(text, NAME_PREFIX "stale_answers_total",
		"Answers of attempts that were given up on.", totals.stale_count);
	put_total(text, NAME_PREFIX "scale_out_orders_total", "Orders for more agents.",
		totals.orders_up_count);
	put_total(text, NAME_PREFIX "scale_in_orders_total", "Agents chosen to be drained.",
		totals.orders_down_count);
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
	const char *name;
	const char *help;
	unsigned decimals;
} POOL_GAUGES[] = {
	{NAME_PREFIX "pool_slots", "Slots of agents that are ready.", 0},
	{NAME_PREFIX "pool_running", "Tasks that its agents have.", 0},
	{NAME_PREFIX "pool_waiting", "Tasks in the queue that the pool could take.", 0},
	{NAME_PREFIX "pool_load", "Running and waiting tasks by slots there and coming.", 3},
	{NAME_PREFIX "pool_utilisation", "Share of ready slots that are in use.", 3},
	{NAME_PREFIX "pool_oldest_wait_seconds", "Age of the oldest waiting task.", 3},
	{NAME_PREFIX "pool_service_seconds", "Mean time of a task, decayed.", 3},
	{NAME_PREFIX "pool_cpu", "CPU of its agents by what they were promised, added up.", 3},
	{NAME_PREFIX "pool_memory_bytes", "Memory of its agents, added up.", 0},
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

static void write_gauges(const struct metrics *metrics, struct buffer *text)
{
	uint32_t count = names_count(engine_names(metrics->engine), BAL_SYMBOL_POOL);
	int64_t values[POOL_GAUGE_COUNT];
	struct bal_pool_view view;

	for (uint32_t gauge = 0; gauge < POOL_GAUGE_COUNT; gauge++) {
		const char *name = POOL_GAUGES[gauge].name;

		prometheus_family(text, name, PROMETHEUS_GAUGE, POOL_GAUGES[gauge].help);
		for (uint32_t i = 0; i < count; i++) {
			if (!bal_pool_view(engine_core(metrics->engine), i, &view))
				continue;
			read_gauges(metrics, i, &view, values);
			prometheus_name(text, name, "");
			prometheus_label(text, "pool", name_of(metrics, BAL_SYMBOL_POOL, i));
			prometheus_decimal(text, values[gauge], POOL_GAUGES[gauge].decimals);
		}
	}
}

static void write_pool_agents(const struct metrics *metrics, struct buffer *text)
{
	static const char agents[] = NAME_PREFIX "agents";
	uint32_t count = names_count(engine_names(metrics->engine), BAL_SYMBOL_POOL);
	struct bal_pool_view view;

	prometheus_family(text, agents, PROMETHEUS_GAUGE, "Agents by pool and state.");
	for (uint32_t i = 0; i < count; i++) {
		if (!bal_pool_view(engine_core(metrics->engine), i, &view))
			continue;
		for (uint32_t state = BAL_AGENT_STARTING; state < BAL_AGENT_GONE; state++) {
			prometheus_name(text, agents, "");
			prometheus_label(text, "pool", name_of(metrics, BAL_SYMBOL_POOL, i));
			prometheus_label(text, "state",
				span_of(bal_agent_state_name((enum bal_agent_state)state)));
			prometheus_value(text, view.agents[state]);
		}
	}
}

static void write_store(const struct metrics *metrics, struct buffer *text)
{
	static const char name[] = NAME_PREFIX "store_seconds";
	struct store *store = engine_store(metrics->engine);
	struct store_counts counts;

	prometheus_family(text, name, PROMETHEUS_HISTOGRAM, "Time until a submission was durable.");
	write_histo(metrics, text, name, NULL, &metrics->store);
	store->ops->count(store, &counts);
	put_gauge(text, NAME_PREFIX "store_healthy", "1 while the store takes writes.",
		counts.health == STORE_OK);
	put_gauge(text, NAME_PREFIX "store_queue", "Operations that wait for the disk.",
		counts.queue_count);
	put_total(text, NAME_PREFIX "store_commits_total", "Commits of the store, ever.",
		counts.commit);
}

void metrics_write(
	const struct metrics *metrics, uint64_t requests, uint32_t connections, struct buffer *text)
{
	write_totals(metrics, text);
	write_series(metrics, text);
	write_pool_agents(metrics, text);
	write_gauges(metrics, text);
	write_store(metrics, text);
	forecasts_metrics(metrics->engine, text);
	put_total(text, NAME_PREFIX "http_requests_total", "Requests to the API.", requests);
	put_gauge(
		text, NAME_PREFIX "http_connections", "Open connections of the API.", connections);
}

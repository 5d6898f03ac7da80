/* SPDX-License-Identifier: Apache-2.0 */
/* The advice is about `slots`, the one number of a pool that its knee decides: more of them than
 * the knee only make every task slower, fewer leave something unused. */
#include "daemon/derived.h"

#include "base/num.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>

#define SERVICE_MINUTES 5
#define ADVICE_SIZE     160
#define POOLS_MAX       32 /* as forecasts: labels must be few */

static void put_decimal(struct json_writer *writer, const char *key, double value)
{
	json_key(writer, key);
	json_put_decimal(writer, num_to_i64(num_round(value * 1000)), 3);
}

static void put_count(struct json_writer *writer, const char *key, uint64_t count)
{
	json_key(writer, key);
	json_put_unsigned(writer, count);
}

static void put_failures(const struct bal_knee_view *view, struct json_writer *writer)
{
	if (view->degrades_at == 0)
		return;
	put_count(writer, "degrades_at", view->degrades_at);
	json_key(writer, "failures_below");
	json_put_decimal(writer, view->failures_permille[0], 3);
	json_key(writer, "failures_above");
	json_put_decimal(writer, view->failures_permille[1], 3);
}

/* The members of an open object. */
static void put_knee(const struct bal_knee_view *view, struct json_writer *writer)
{
	json_key(writer, "found");
	json_put_bool(writer, view->is_found);
	if (view->is_found) {
		put_count(writer, "tasks", view->tasks);
		put_count(writer, "tasks_low", view->tasks_low);
		put_count(writer, "tasks_high", view->tasks_high);
		put_decimal(writer, "tasks_per_second", view->rate_s);
	}
	put_count(writer, "tasks_seen", view->tasks_seen);
	json_key(writer, "still_grows");
	json_put_bool(writer, view->grows);
	put_count(writer, "attempts", view->ends);
	put_failures(view, writer);
}

/* ---- agents ---- */

/* The mean of the last minutes in which something ended; below 0: not known. */
static int64_t service_ns(struct engine *engine, uint64_t agent)
{
	struct bal_signal_view signal;
	struct bal_signal_slot slot;
	int64_t sum = 0, count = 0;

	if (!bal_signal_find(
		    engine_core(engine), BAL_SUBJECT_AGENT, agent, BAL_SIGNAL_SERVICE, &signal))
		return -1;
	for (uint32_t i = 1; i <= SERVICE_MINUTES; i++) {
		if (!bal_signal_slot(engine_core(engine), &signal, BAL_GRAIN_MINUTE, i, &slot) ||
			slot.mean < 0)
			continue;
		sum = num_add_i64(sum, slot.mean);
		count++;
	}
	return count > 0 ? sum / count : signal.last;
}

static void put_memory(struct engine *engine, uint64_t agent, struct json_writer *writer)
{
	struct bal_agent_memory memory;

	if (!bal_agent_memory(engine_core(engine), agent, &memory))
		return;
	if (memory.limit_mib >= 0)
		put_decimal(writer, "memory_limit_mib", memory.limit_mib);
	if (!memory.is_rising)
		return;
	json_key(writer, "memory_trend");
	json_open(writer, '{');
	put_decimal(writer, "mib_per_hour", memory.mib_per_hour);
	put_decimal(writer, "confidence", memory.confidence);
	if (memory.full_in_ns != BAL_NEVER_NS)
		put_decimal(writer, "full_in_seconds", (double)memory.full_in_ns / 1e9);
	json_close(writer);
}

void derived_put_agent(
	struct engine *engine, const struct bal_agent_view *view, struct json_writer *writer)
{
	uint64_t ended = view->finished_count + view->failed_count;
	int64_t service = service_ns(engine, view->agent);
	struct bal_knee_view knee;

	if (ended > 0)
		put_decimal(writer, "success", (double)view->finished_count / (double)ended);
	if (service >= 0) {
		json_key(writer, "service_seconds");
		json_put_decimal(writer, service / NS_PER_US, 6);
	}
	put_memory(engine, view->agent, writer);
	if (!bal_knee_of_agent(engine_core(engine), view->agent, &knee))
		return;
	json_key(writer, "knee");
	json_open(writer, '{');
	put_knee(&knee, writer);
	json_close(writer);
}

/* ---- pools ---- */

static void advise(const struct bal_knee_view *view, uint32_t slots, char advice[ADVICE_SIZE])
{
	if (view->degrades_at > 0 && view->degrades_at <= slots)
		snprintf(advice, ADVICE_SIZE,
			"slots: %" PRIu32 ", since attempts fail more often from %" PRIu32
			" tasks at once on",
			view->degrades_at - 1, view->degrades_at);
	else if (view->is_found && view->tasks_high < slots)
		snprintf(advice, ADVICE_SIZE,
			"slots: %" PRIu32 ", since more tasks at once bring no more throughput",
			view->tasks);
	else if (view->is_found)
		snprintf(advice, ADVICE_SIZE, "slots: %" PRIu32 " are right", slots);
	else if (view->grows && view->tasks_seen >= slots)
		snprintf(advice, ADVICE_SIZE,
			"more slots: throughput still grows at %" PRIu32 " tasks at once", slots);
	else
		snprintf(advice, ADVICE_SIZE, "none: too little is known of it");
}

static void put_curve(struct engine *engine, uint32_t pool, struct json_writer *writer)
{
	struct bal_knee_level level;

	json_key(writer, "by_tasks");
	json_open(writer, '[');
	for (uint32_t i = 0; i < BAL_KNEE_LEVELS; i++) {
		if (!bal_knee_level_of_pool(engine_core(engine), pool, i, &level))
			continue;
		json_open(writer, '{');
		put_count(writer, "tasks", level.tasks);
		put_decimal(writer, "busy_seconds", level.busy_s);
		put_decimal(writer, "tasks_per_second", level.rate_s);
		put_decimal(writer, "service_seconds", level.service_s);
		json_key(writer, "success");
		json_put_decimal(writer, level.success_permille, 3);
		json_close(writer);
	}
	json_close(writer);
}

void derived_put_pool(struct engine *engine, uint32_t pool, uint32_t slots, bool curve,
	struct json_writer *writer)
{
	struct bal_knee_view view;
	char advice[ADVICE_SIZE];

	if (!bal_knee_of_pool(engine_core(engine), pool, &view))
		return;
	advise(&view, slots, advice);
	json_key(writer, "knee");
	json_open(writer, '{');
	put_knee(&view, writer);
	json_key(writer, "advice");
	json_put_word(writer, advice);
	if (curve)
		put_curve(engine, pool, writer);
	json_close(writer);
}

/* ---- metrics ---- */

void derived_metrics(struct engine *engine, struct metric_text *text)
{
	uint32_t count = names_count(engine_names(engine), BAL_SYMBOL_POOL);
	struct bal_knee_view view;

	metric_family(text, METRIC_ID_POOL_KNEE);
	for (uint32_t i = 0; i < count && i < POOLS_MAX; i++) {
		if (!bal_knee_of_pool(engine_core(engine), i, &view) || !view.is_found)
			continue;
		metric_begin(text, "");
		metric_label(text, "pool", names_text(engine_names(engine), BAL_SYMBOL_POOL, i));
		metric_value(text, view.tasks);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is measured: the last value of every signal, and the past of one. Who reports nothing is not
 * in the list, and a slot in which nobody reported is null. */
#include "base/num.h"
#include "base/units.h"
#include "daemon/conn.h"
#include "daemon/instant.h"
#include "wire/quantity.h"

#include <stdio.h>

#define ANSWER_SIZE_MAX (64u << 20)
#define SLOTS_STANDARD  60

/* The name of a subject: of an agent, a pool or a kind, or the word for what there is one of. */
static struct span name_of(struct engine *engine, const struct bal_signal_view *view)
{
	const struct roster_agent *agent;

	switch ((enum bal_subject)view->subject) {
	case BAL_SUBJECT_AGENT:
		agent = roster_find(engine_roster(engine), view->id);
		return agent == NULL ? SPAN("?") : span_of(agent->name);
	case BAL_SUBJECT_POOL:
		return names_text(engine_names(engine), BAL_SYMBOL_POOL, (uint32_t)view->id);
	case BAL_SUBJECT_KIND:
		return names_text(engine_names(engine), BAL_SYMBOL_KIND, (uint32_t)view->id);
	default:
		return span_of(bal_subject_name((enum bal_subject)view->subject));
	}
}

static void put_word(struct json_writer *writer, const char *key, const char *word)
{
	json_key(writer, key);
	json_put_word(writer, word);
}

/* -1 is not known. */
static void put_value(struct json_writer *writer, const char *key, int64_t value)
{
	json_key(writer, key);
	if (value < 0)
		json_put_null(writer);
	else
		json_put_signed(writer, value);
}

static void put_flags(struct json_writer *writer, uint32_t flags)
{
	json_key(writer, "flags");
	json_open(writer, '[');
	if ((flags & BAL_FLAG_CLAMPED) != 0)
		json_put_word(writer, "clamped");
	if ((flags & BAL_FLAG_REFUSED) != 0)
		json_put_word(writer, "refused");
	if ((flags & BAL_FLAG_SILENT) != 0)
		json_put_word(writer, "silent");
	json_close(writer);
}

/* The members of a signal, into an object that is open. */
static void put_signal(
	struct engine *engine, const struct bal_signal_view *view, struct json_writer *writer)
{
	struct bal_signal_form form = bal_signal_form((enum bal_signal)view->signal);

	put_word(writer, "subject", bal_subject_name((enum bal_subject)view->subject));
	json_key(writer, "name");
	json_put_text(writer, name_of(engine, view));
	put_word(writer, "signal", form.text);
	put_word(writer, "unit", bal_unit_name(form.unit));
	put_word(writer, "form", bal_form_name(form.form));
	put_word(writer, "aggregate", bal_aggregate_name(form.aggregate));
	put_value(writer, "last", view->last);
	json_key(writer, "at");
	if (view->at_ns == BAL_NEVER_NS)
		json_put_null(writer);
	else
		instant_put(writer, clock_to_utc_ns(engine_clock(engine), view->at_ns));
	json_key(writer, "count");
	json_put_unsigned(writer, view->count);
	json_key(writer, "clamped");
	json_put_unsigned(writer, view->clamped);
	json_key(writer, "refused");
	json_put_unsigned(writer, view->refused);
	put_flags(writer, view->flags);
}

static bool passes(struct engine *engine, const struct bal_signal_view *view,
	const struct url_parameter *parameters)
{
	struct span subject = span_of(bal_subject_name((enum bal_subject)view->subject));
	struct span signal = span_of(bal_signal_name((enum bal_signal)view->signal));

	return (parameters[0].value.at == NULL || span_equal(subject, parameters[0].value)) &&
	       (parameters[1].value.at == NULL ||
		       span_equal(name_of(engine, view), parameters[1].value)) &&
	       (parameters[2].value.at == NULL || span_equal(signal, parameters[2].value));
}

/* ---- GET /v1/signals ---- */

void api_signal_list(struct request *request)
{
	struct url_parameter parameters[] = {
		{.name = "subject"}, {.name = "name"}, {.name = "signal"}};
	struct bal_core *core = engine_core(request->engine);
	char memory[REQUEST_QUERY_SIZE];
	struct bal_signal_view view;
	struct json_writer writer;
	struct buffer body;

	if (!request_query(request, parameters, 3, memory))
		return;
	buffer_init(&body, ANSWER_SIZE_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "signals");
	json_open(&writer, '[');
	for (uint32_t i = 0; i < bal_signal_places(core); i++) {
		if (!bal_signal_at(core, i, &view) || !passes(request->engine, &view, parameters))
			continue;
		json_open(&writer, '{');
		put_signal(request->engine, &view, &writer);
		json_close(&writer);
	}
	json_close(&writer);
	json_key(&writer, "dropped");
	json_put_unsigned(&writer, bal_signals_dropped(core));
	json_close(&writer);
	request_answer_json(request, 200, &body);
}

/* ---- GET /v1/signals/window ---- */

static bool find(struct request *request, const struct url_parameter *parameters,
	struct bal_signal_view *view)
{
	struct bal_core *core = engine_core(request->engine);

	for (uint32_t i = 0; i < bal_signal_places(core); i++)
		if (bal_signal_at(core, i, view) && passes(request->engine, view, parameters))
			return true;
	request_problem(request, 404, "signal",
		"nobody reported such a signal: GET /v1/signals names those that there are");
	return false;
}

static bool read_grain(
	struct request *request, const struct url_parameter *parameter, enum bal_grain *grain)
{
	for (uint32_t i = 0; parameter->value.at != NULL && i < BAL_GRAIN_COUNT; i++)
		if (span_equal(parameter->value, span_of(bal_grain_name((enum bal_grain)i)))) {
			*grain = (enum bal_grain)i;
			return true;
		}
	if (parameter->value.at == NULL)
		return true;
	request_problem(request, 400, "resolution", "resolution: 5s, 1m, 15m or 1h");
	return false;
}

static bool read_slots(struct request *request, const struct url_parameter *parameter,
	enum bal_grain grain, int64_t *slots)
{
	int64_t since_ns;

	if (parameter->value.at == NULL)
		return true;
	if (!quantity_read(parameter->value, QUANTITY_TIME, &since_ns)) {
		request_problem(request, 400, "since", "since: a time such as 1h");
		return false;
	}
	*slots = (since_ns + bal_grain_ns(grain) - 1) / bal_grain_ns(grain);
	return true;
}

static void put_slot(struct json_writer *writer, const struct bal_signal_slot *slot)
{
	json_open(writer, '{');
	json_key(writer, "begin");
	instant_put(writer, slot->begin_ns);
	put_value(writer, "count", slot->count);
	put_value(writer, "min", slot->min);
	put_value(writer, "mean", slot->mean);
	put_value(writer, "max", slot->max);
	put_value(writer, "p50", slot->p50);
	put_value(writer, "p90", slot->p90);
	put_value(writer, "p95", slot->p95);
	put_value(writer, "p99", slot->p99);
	json_close(writer);
}

/* Oldest first. Slots that ended before `slots` of them ago are left out, also when the signal has
 * been silent since. */
static void put_slots(struct engine *engine, const struct bal_signal_view *view,
	enum bal_grain grain, int64_t slots, struct json_writer *writer)
{
	struct bal_core *core = engine_core(engine);
	int64_t now_ns = clock_to_utc_ns(engine_clock(engine), clock_core_ns(engine_clock(engine)));
	struct bal_signal_slot slot;
	uint32_t back = 0;

	while (back < slots && bal_signal_slot(core, view, grain, back + 1, &slot) &&
		(now_ns - slot.begin_ns) / bal_grain_ns(grain) <= slots)
		back++;
	for (; back > 0; back--)
		if (bal_signal_slot(core, view, grain, back, &slot))
			put_slot(writer, &slot);
}

void api_signal_window(struct request *request)
{
	struct url_parameter parameters[] = {{.name = "subject"}, {.name = "name"},
		{.name = "signal"}, {.name = "resolution"}, {.name = "since"}};
	enum bal_grain grain = BAL_GRAIN_FINE;
	int64_t slots = SLOTS_STANDARD;
	char memory[REQUEST_QUERY_SIZE];
	struct bal_signal_view view;
	struct json_writer writer;
	struct buffer body;

	if (!request_query(request, parameters, 5, memory) ||
		!read_grain(request, &parameters[3], &grain) ||
		!read_slots(request, &parameters[4], grain, &slots) ||
		!find(request, parameters, &view))
		return;
	buffer_init(&body, ANSWER_SIZE_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	put_signal(request->engine, &view, &writer);
	put_word(&writer, "resolution", bal_grain_name(grain));
	json_key(&writer, "slots");
	json_open(&writer, '[');
	put_slots(request->engine, &view, grain, slots, &writer);
	json_close(&writer);
	json_close(&writer);
	request_answer_json(request, 200, &body);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong, what is promised, what is done about it, and who wants silence. */
#include "base/num.h"
#include "base/units.h"
#include "core/rule.h"
#include "daemon/alarm.h"
#include "daemon/alertview.h"
#include "daemon/conn.h"
#include "wire/quantity.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_SIZE_MAX (16u << 20)
#define PAST_SHOWN      100
#define RECOVERIES_MAX  256

struct answer {
	struct buffer body;
	struct json_writer writer;
};

static void begin(struct answer *answer)
{
	buffer_init(&answer->body, ANSWER_SIZE_MAX);
	json_writer_init(&answer->writer, &answer->body);
	json_open(&answer->writer, '{');
}

static void begin_list(struct answer *answer, const char *name)
{
	json_key(&answer->writer, name);
	json_open(&answer->writer, '[');
}

static void end(struct answer *answer, struct request *request)
{
	json_close(&answer->writer);
	request_answer_json(request, 200, &answer->body);
}

static struct silences *silences_of(struct request *request)
{
	struct alarm *alarm = request->server->options.alarm;

	return alarm == NULL ? NULL : alarm_silences(alarm);
}

static void write_alert(
	struct request *request, const struct bal_alert *alert, struct json_writer *writer)
{
	struct silences *silences = silences_of(request);

	alertview_write(request->engine, alert,
		silences == NULL ? NULL : silences_find(silences, alert), writer);
}

/* ---- GET /v1/alerts ---- */

/* The worst first, then the oldest. */
static void write_open(struct request *request, struct json_writer *writer)
{
	struct bal_core *core = engine_core(request->engine);
	struct bal_alert alert;

	for (uint32_t level = BAL_ALERT_EMERGENCY; level >= BAL_ALERT_WARNING; level--)
		for (uint32_t i = 0; i < bal_alert_places(core); i++)
			if (bal_alert_at(core, i, &alert) && alert.level == level)
				write_alert(request, &alert, writer);
}

static void write_past(struct request *request, struct json_writer *writer)
{
	struct bal_alert alert;

	for (uint32_t back = 0; back < PAST_SHOWN; back++)
		if (bal_alert_past(engine_core(request->engine), back, &alert))
			write_alert(request, &alert, writer);
}

static void write_webhook(struct request *request, struct json_writer *writer)
{
	const struct alarm *alarm = request->server->options.alarm;
	struct webhook_counts counts;

	if (alarm == NULL || !webhook_is_set(alarm_webhook(alarm)))
		return;
	counts = webhook_count(alarm_webhook(alarm));
	json_key(writer, "webhook");
	json_open(writer, '{');
	json_key(writer, "sent");
	json_put_unsigned(writer, counts.sent);
	json_key(writer, "waiting");
	json_put_unsigned(writer, counts.waiting);
	json_key(writer, "lost");
	json_put_unsigned(writer, counts.lost);
	json_key(writer, "failed_calls");
	json_put_unsigned(writer, counts.failed);
	json_close(writer);
}

void api_alert_list(struct request *request)
{
	struct answer answer;

	if (!request_query(request, NULL, 0, NULL))
		return;
	begin(&answer);
	begin_list(&answer, "alerts");
	write_open(request, &answer.writer);
	json_close(&answer.writer);
	begin_list(&answer, "past");
	write_past(request, &answer.writer);
	json_close(&answer.writer);
	json_key(&answer.writer, "dropped");
	json_put_unsigned(&answer.writer, bal_alerts_dropped(engine_core(request->engine)));
	write_webhook(request, &answer.writer);
	end(&answer, request);
}

void api_alert_get(struct request *request)
{
	uint64_t id = request_id(request, 0);
	struct json_writer writer;
	struct bal_alert alert;
	struct buffer body;

	if (id == 0 || !request_query(request, NULL, 0, NULL))
		return;
	if (!bal_alert_find(engine_core(request->engine), id, &alert)) {
		request_problem(request, 404, "alert", "there is no alert with this id");
		return;
	}
	buffer_init(&body, ANSWER_SIZE_MAX);
	json_writer_init(&writer, &body);
	write_alert(request, &alert, &writer);
	request_answer_json(request, 200, &body);
}

void api_alert_rules(struct request *request)
{
	struct bal_event_rule rule;
	struct answer answer;

	if (!request_query(request, NULL, 0, NULL))
		return;
	begin(&answer);
	begin_list(&answer, "rules");
	for (uint32_t i = 0; bal_rule_view(engine_core(request->engine), i, &rule); i++)
		alertview_write_rule(&rule, request->engine, &answer.writer);
	json_close(&answer.writer);
	end(&answer, request);
}

/* ---- GET /v1/objectives ---- */

void api_objective_list(struct request *request)
{
	uint32_t kinds = names_count(engine_names(request->engine), BAL_SYMBOL_KIND);
	struct bal_recovery recovery;
	struct answer answer;

	if (!request_query(request, NULL, 0, NULL))
		return;
	begin(&answer);
	begin_list(&answer, "objectives");
	for (uint32_t kind = 0; kind < kinds; kind++)
		alertview_write_objectives(request->engine, kind, &answer.writer);
	json_close(&answer.writer);
	begin_list(&answer, "recoveries");
	for (uint32_t back = 0; back < RECOVERIES_MAX; back++)
		if (bal_recovery_past(engine_core(request->engine), back, &recovery))
			alertview_write_recovery(request->engine, &recovery, &answer.writer);
	json_close(&answer.writer);
	end(&answer, request);
}

/* ---- silences ---- */

struct silence_form {
	struct span alert, name, duration, reason;
};

void api_silence_list(struct request *request)
{
	struct silences *silences = silences_of(request);
	struct answer answer;

	if (!request_query(request, NULL, 0, NULL))
		return;
	begin(&answer);
	begin_list(&answer, "silences");
	if (silences != NULL)
		silences_write(silences, &answer.writer);
	json_close(&answer.writer);
	end(&answer, request);
}

static void copy(char to[SILENCE_TEXT_SIZE], struct span text)
{
	snprintf(to, SILENCE_TEXT_SIZE, "%.*s", (int)text.size, text.at == NULL ? "" : text.at);
}

/* A word that no alert has would silence nothing, which nobody means. */
static bool is_known(struct span word)
{
	if (word.size == 0 || rule_find(word.at, word.size) < RULE_COUNT)
		return true;
	for (uint32_t i = 0; i < RULE_LADDER_COUNT; i++)
		if (span_equal(word, span_of(rule_ladders[i].word)))
			return true;
	return false;
}

static bool read_form(
	struct request *request, const struct silence_form *form, struct silence *silence)
{
	int64_t duration_ns;

	if (!is_known(form->alert)) {
		request_problem(request, 422, "field",
			"\"alert\": there is no such alert or rule; GET /v1/alerts/rules lists "
			"them");
		return false;
	}
	if (!quantity_read(form->duration, QUANTITY_TIME, &duration_ns) || duration_ns == 0 ||
		duration_ns > SILENCE_LONGEST_NS) {
		request_problem(request, 422, "field",
			"\"for\": expected a time such as 2h, at most 30 days");
		return false;
	}
	silence->until_utc_ns = clock_utc_ns() + duration_ns;
	copy(silence->alert, form->alert);
	copy(silence->name, form->name);
	copy(silence->reason, form->reason);
	return true;
}

void api_silence_add(struct request *request)
{
	static const struct json_field fields[] = {
		{"alert", JSON_TEXT, false, 0, 64, offsetof(struct silence_form, alert)},
		{"name", JSON_TEXT, false, 0, SILENCE_TEXT_SIZE - 1,
			offsetof(struct silence_form, name)},
		{"for", JSON_TEXT, true, 1, 32, offsetof(struct silence_form, duration)},
		{"reason", JSON_TEXT, true, 1, SILENCE_TEXT_SIZE - 1,
			offsetof(struct silence_form, reason)}};
	struct silence_form form = {.alert = {NULL, 0}};
	struct silences *silences = silences_of(request);
	struct silence silence = {.id = 0};
	struct json_writer writer;
	struct buffer body;
	struct json json;
	bool ok;

	if (!request_query(request, NULL, 0, NULL) ||
		!request_read(request, &json, fields, 4, &form))
		return;
	ok = read_form(request, &form, &silence);
	json_release(&json);
	if (!ok)
		return;
	silence.id = silences == NULL ? 0 : silences_add(silences, &silence);
	if (silence.id == 0) {
		request_problem(request, 429, "silences",
			"there are as many silences as there may be: end one first");
		return;
	}
	buffer_init(&body, ANSWER_SIZE_MAX);
	json_writer_init(&writer, &body);
	silence_write(&silence, &writer);
	request_answer_json(request, 201, &body);
}

void api_silence_end(struct request *request)
{
	uint64_t id = request_id(request, 0);
	struct silences *silences = silences_of(request);

	if (id == 0 || !request_query(request, NULL, 0, NULL))
		return;
	if (silences == NULL || !silences_end(silences, id))
		request_problem(request, 404, "silence", "there is no silence with this id");
	else
		request_answer(
			request, 200, "application/json", SPAN("{\"state\":\"ended\"}"), NULL);
}

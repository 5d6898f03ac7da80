/* SPDX-License-Identifier: Apache-2.0 */
/* What agents and users say: signals of an agent of itself, and ratings of tasks.
 *
 * All of a report is looked at before any of it is taken: a client that is wrong about one value is
 * told so and has told nothing.  What is too large to be real is clamped, counted and named in the
 * answer, since a counter that overflowed somewhere must not hide the others. */
#include "daemon/request.h"

#include "base/units.h"
#include "daemon/conn.h"
#include "daemon/feedback.h"
#include "daemon/vitals.h"
#include "wire/reported.h"

#include <inttypes.h>

#define SIGNALS_MAX 64 /* members of one report */
#define ANSWER_SIZE 4096

struct report {
	struct reported_reading readings[REPORTED_SIGNALS];
	bool clamped[REPORTED_SIGNALS];
	uint32_t count;
};

/* One member of a report; false after answering. */
static bool read_member(struct request *request, struct roster_agent *agent, yyjson_val *key,
	yyjson_val *value, struct report *report)
{
	struct span name = json_text(key);
	struct reported_reading reading;
	enum reported_end end = REPORTED_REFUSED;
	struct nearest nearest;

	if (!reported_signal(name, &reading.signal, &nearest)) {
		agent->reported_refused++;
		request_problem(request, 400, "signal",
			"\"%.*s\" is no signal that agents report%s%s%s",
			(int)(name.size > 64 ? 64 : name.size), name.at,
			nearest.best == NULL ? "" : "; did you mean \"",
			nearest.best == NULL ? "" : nearest.best,
			nearest.best == NULL ? "" : "\"?");
		return false;
	}
	if (yyjson_is_num(value))
		end = reported_value(reading.signal, yyjson_get_num(value), &reading.value);
	if (end == REPORTED_REFUSED) {
		agent->reported_refused++;
		request_problem(request, 400, "signal",
			"\"%s\" takes a finite number that is not below 0",
			bal_signal_name(reading.signal));
		return false;
	}
	for (uint32_t i = 0; i < report->count; i++) {
		if (report->readings[i].signal != reading.signal)
			continue;
		request_problem(request, 400, "signal", "\"%s\" stands there twice",
			bal_signal_name(reading.signal));
		return false;
	}
	report->clamped[report->count] = end == REPORTED_CLAMPED;
	report->readings[report->count++] = reading;
	return true;
}

static bool read_report(struct request *request, struct roster_agent *agent, yyjson_val *root,
	struct report *report)
{
	yyjson_obj_iter members;
	yyjson_val *key;

	if (!yyjson_is_obj(root) || yyjson_obj_size(root) == 0 ||
		yyjson_obj_size(root) > SIGNALS_MAX) {
		request_problem(request, 400, "signal",
			"send an object of 1 to %u signals, such as {\"heap_bytes\": 1048576}",
			SIGNALS_MAX);
		return false;
	}
	yyjson_obj_iter_init(root, &members);
	while ((key = yyjson_obj_iter_next(&members)) != NULL)
		if (!read_member(request, agent, key, yyjson_obj_iter_get_val(key), report))
			return false;
	return true;
}

static void answer_report(struct request *request, const struct report *report)
{
	struct json_writer writer;
	struct buffer body;

	buffer_init(&body, ANSWER_SIZE);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "taken");
	json_put_unsigned(&writer, report->count);
	json_key(&writer, "clamped");
	json_open(&writer, '[');
	for (uint32_t i = 0; i < report->count; i++)
		if (report->clamped[i])
			json_put_word(&writer, bal_signal_name(report->readings[i].signal));
	json_close(&writer);
	json_close(&writer);
	request_answer_json(request, 200, &body);
}

void api_agent_signals(struct request *request)
{
	struct bal_agent_view view;
	struct roster_agent *agent = request_agent(request, &view);
	struct report report = {.count = 0};
	struct json_error error;
	struct json json;
	uint64_t id;

	if (agent == NULL || !request_query(request, NULL, 0, NULL))
		return;
	if (!json_read(&json, request->body, request->body.size, &error)) {
		agent->reported_refused++;
		request_problem(request, 400, "json", "%s", error.text);
		return;
	}
	id = agent->id;
	if (read_report(request, agent, json.root, &report)) {
		for (uint32_t i = 0; i < report.count; i++)
			agent->reported_clamped += report.clamped[i];
		for (uint32_t i = 0; i < report.count; i++)
			vitals_post(request->engine, BAL_SUBJECT_AGENT, id,
				report.readings[i].signal, report.readings[i].value);
		answer_report(request, &report);
	}
	json_release(&json);
}

/* ---- ratings ---- */

struct rating_form {
	double satisfaction;
};

struct kind_wanted {
	struct engine *engine;
	uint32_t kind;
};

static bool read_kind(void *context, const struct store_view *view)
{
	struct kind_wanted *wanted = context;
	struct span kind = {view->task.kind.data, view->task.kind.size};

	wanted->kind = engine_intern(wanted->engine, BAL_SYMBOL_KIND, kind);
	return false;
}

/* The kind of a task, live or ended; BAL_NONE after answering 404. */
static uint32_t kind_of(struct request *request, uint64_t task)
{
	const struct job *job = engine_job(request->engine, task);
	struct store *store = engine_store(request->engine);
	struct kind_wanted wanted = {.engine = request->engine, .kind = BAL_NONE};

	if (job != NULL)
		return job->kind;
	store->ops->get(store, task, 0, read_kind, &wanted);
	if (wanted.kind == BAL_NONE)
		request_problem(request, 404, "unknown", "there is no task %" PRIu64, task);
	return wanted.kind;
}

void api_task_feedback(struct request *request)
{
	static const struct json_field fields[] = {{"satisfaction", JSON_NUMBER, true, 0, 0,
		offsetof(struct rating_form, satisfaction)}};
	struct feedback *feedback = request->server->options.feedback;
	struct rating_form form = {.satisfaction = -1};
	uint64_t task = request_id(request, 0);
	struct json json;
	uint32_t kind;

	if (task == 0 || !request_query(request, NULL, 0, NULL) ||
		!request_read(request, &json, fields, 1, &form))
		return;
	json_release(&json);
	if (!(form.satisfaction >= 0 && form.satisfaction <= 1)) {
		request_problem(
			request, 400, "satisfaction", "\"satisfaction\" takes a number of 0 to 1");
		return;
	}
	kind = kind_of(request, task);
	if (kind == BAL_NONE)
		return;
	if (feedback != NULL && feedback_find(feedback, task) >= 0)
		request_problem(request, 409, "rated",
			"task %" PRIu64 " is rated already: a rating counts at once and for good",
			task);
	else if (feedback != NULL &&
		 feedback_add(feedback, task, kind, (int64_t)(form.satisfaction * PERMILLE + 0.5)))
		request_answer(request, 204, NULL, SPAN(""), NULL);
	else
		request_problem(request, 503, "store", "the rating cannot be stored now");
}

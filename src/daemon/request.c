/* SPDX-License-Identifier: Apache-2.0 */
/* What all handlers need: reading query and body strictly, and saying no in one form. */
#include "daemon/request.h"

#include "base/units.h"
#include "wire/nearest.h"
#include "wire/quantity.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define DETAIL_SIZE 400

static const struct span ABSENT = {NULL, 0};

void request_answer_json(struct request *request, unsigned status, struct buffer *json)
{
	struct buffer body = *json;

	if (body.failed)
		request_problem(request, 500, "too-large",
			"the answer is larger than %u bytes, or there is no memory for it",
			REQUEST_ANSWER_MAX);
	else
		request_answer(request, status, "application/json", buffer_span(&body), NULL);
	buffer_release(&body);
}

static void answer_problem(
	struct request *request, const struct problem *problem, const char *extra)
{
	struct buffer body;

	buffer_init(&body, PROBLEM_SIZE_MAX + problem->member.size);
	problem_write(&body, problem);
	request_answer(request, problem->status, PROBLEM_CONTENT_TYPE, buffer_span(&body), extra);
	buffer_release(&body);
}

void request_problem_more(struct request *request, unsigned status, const char *type,
	int64_t retry_after_ns, const char *key, struct span member, const char *detail)
{
	struct problem problem = {.status = status,
		.type = type,
		.detail = span_of(detail),
		.retry_after_ms = retry_after_ns / NS_PER_MS,
		.member_key = key,
		.member = member};
	char extra[64] = "";

	if (retry_after_ns > 0)
		snprintf(extra, sizeof extra, "Retry-After: %" PRId64 "\r\n",
			(retry_after_ns + NS_PER_S - 1) / NS_PER_S);
	answer_problem(request, &problem, extra);
}

void request_problem(
	struct request *request, unsigned status, const char *type, const char *format, ...)
{
	char detail[DETAIL_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof detail, format, arguments);
	va_end(arguments);
	request_problem_more(request, status, type, 0, NULL, ABSENT, detail);
}

void request_deny(struct request *request, const struct denial *denial)
{
	struct problem problem = {
		.status = denial->status, .type = denial->type, .detail = span_of(denial->detail)};

	answer_problem(request, &problem, denial->extra);
}

void request_status(struct request *request, enum bal_status status, const char *about)
{
	static const char *const types[] = {
#define X(name, http, text) [BAL_##name] = #name,
		BAL_STATUS_MAP(X)
#undef X
	};
	char type[32];
	size_t size = 0;

	/* The stable word is the status' name in lower case. */
	for (const char *letter = types[status]; *letter != '\0' && size < sizeof type - 1;
		letter++)
		type[size++] = *letter == '_' ? '-' : (char)(*letter | 0x20);
	type[size] = '\0';
	request_problem(request, (unsigned)bal_status_http(status), type, "%s: %s", about,
		bal_status_text(status));
}

/* ---- the query ---- */

static void deny_parameter(struct request *request, const struct url_parameter *parameters,
	uint32_t count, struct span wrong)
{
	struct nearest nearest;
	char shown[64];
	size_t size = wrong.size < sizeof shown - 1 ? wrong.size : sizeof shown - 1;

	for (size_t i = 0; i < size; i++)
		shown[i] = wrong.at[i] >= ' ' && wrong.at[i] <= '~' ? wrong.at[i] : '?';
	shown[size] = '\0';
	nearest_init(&nearest, wrong);
	for (uint32_t i = 0; i < count; i++) {
		nearest_offer(&nearest, parameters[i].name);
		if (!span_equal(wrong, span_of(parameters[i].name)))
			continue;
		request_problem(request, 400, "query",
			"the query parameter \"%s\" comes twice, or its value is malformed", shown);
		return;
	}
	if (nearest.best == NULL)
		request_problem(request, 400, "unknown-parameter",
			"\"%s\" is not a query parameter of this call", shown);
	else
		request_problem(request, 400, "unknown-parameter",
			"\"%s\" is not a query parameter of this call; did you mean \"%s\"?", shown,
			nearest.best);
}

bool request_query(struct request *request, struct url_parameter *parameters, uint32_t count,
	char memory[REQUEST_QUERY_SIZE])
{
	struct span query = request->head->head.query;
	struct buffer values;
	struct span wrong;

	buffer_init_fixed(&values, memory, REQUEST_QUERY_SIZE);
	if (query.size > REQUEST_QUERY_SIZE) {
		request_problem(request, 414, "query", "the query is longer than %d bytes",
			REQUEST_QUERY_SIZE);
		return false;
	}
	if (url_query_read(query, parameters, count, &values, &wrong))
		return true;
	deny_parameter(request, parameters, count, wrong);
	return false;
}

bool request_query_time(
	struct request *request, const struct url_parameter *parameter, int64_t *value_ns)
{
	int64_t read_ns;

	if (parameter->value.at == NULL)
		return true;
	if (quantity_read(parameter->value, QUANTITY_TIME, &read_ns) &&
		read_ns <= REQUEST_WAIT_MAX_NS) {
		*value_ns = read_ns;
		return true;
	}
	request_problem(request, 400, "query", "\"%s\": expected %s, at most 24h", parameter->name,
		quantity_expected(QUANTITY_TIME));
	return false;
}

bool request_query_number(struct request *request, const struct url_parameter *parameter,
	uint64_t max, uint64_t *value)
{
	if (parameter->value.at == NULL || span_number(parameter->value, max, value))
		return true;
	request_problem(request, 400, "query", "\"%s\": expected a number of at most %" PRIu64,
		parameter->name, max);
	return false;
}

/* ---- the body ---- */

bool request_read(struct request *request, struct json *json, const struct json_field *fields,
	size_t field_count, void *to)
{
	struct span text = request->body.size == 0 ? SPAN("{}") : request->body;
	struct json_error error;

	if (!json_read(json, text, REQUEST_BODY_LARGE_MAX, &error)) {
		request_problem(request, 400, "json", "%s", error.text);
		return false;
	}
	if (json_read_object(json->root, fields, field_count, to, &error))
		return true;
	request_problem(request, 400, "field", "%s", error.text);
	json_release(json);
	return false;
}

uint64_t request_id(struct request *request, uint32_t segment)
{
	uint64_t id;

	if (span_number(request->segments[segment], INT64_MAX, &id) && id != 0)
		return id;
	request_problem(request, 404, "unknown", "there is no task of this id");
	return 0;
}

struct roster_agent *request_agent(struct request *request, struct bal_agent_view *view)
{
	struct roster *roster = engine_roster(request->engine);
	struct roster_agent *agent = NULL;
	char memory[ROSTER_NAME_SIZE];
	struct buffer name;
	uint64_t id;

	if (span_number(request->segments[0], INT64_MAX, &id))
		agent = roster_find(roster, id);
	buffer_init_fixed(&name, memory, sizeof memory);
	if (agent == NULL && url_decode_path(&name, request->segments[0]))
		for (agent = roster_first(roster); agent != NULL; agent = roster_next(agent))
			if (span_equal(span_of(agent->name), buffer_span(&name)))
				break;
	if (agent != NULL && bal_agent_view(engine_core(request->engine), agent->id, view))
		return agent;
	request_problem(request, 404, "unknown", "there is no agent of this id or name");
	return NULL;
}

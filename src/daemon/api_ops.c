/* SPDX-License-Identifier: Apache-2.0 */
/* What operators and their tools ask: is it alive, is it ready, how does it stand. */
#include "daemon/archive.h"
#include "daemon/conn.h"
#include "daemon/instant.h"
#include "daemon/metrics.h"
#include "daemon/openapi.h"

#include "base/units.h"

#include <stdio.h>
#include <unistd.h>

#define STATUS_SIZE_MAX  (64u << 10)
#define METRICS_SIZE_MAX (16u << 20)
#define MESSAGE_SIZE     1024

static void answer_text(struct request *request, unsigned status, struct span text)
{
	request_answer(request, status, "text/plain; charset=utf-8", text, NULL);
}

void api_ops_live(struct request *request)
{
	answer_text(request, 200, SPAN("ok\n"));
}

/* Ready: a task that is submitted now would be taken. */
void api_ops_ready(struct request *request)
{
	struct store *store = engine_store(request->engine);
	struct store_counts counts;

	store->ops->count(store, &counts);
	if (request->server->stopping)
		request_problem_more(request, 503, "stopping", NS_PER_S, NULL,
			(struct span){NULL, 0}, "ballast is stopping");
	else if (counts.health != STORE_OK)
		request_problem_more(request, 503, "store", NS_PER_S, NULL, (struct span){NULL, 0},
			store_status_text(counts.health));
	else
		answer_text(request, 200, SPAN("ready\n"));
}

void api_ops_version(struct request *request)
{
	request_answer(request, 200, "application/json",
		SPAN("{\"name\":\"ballast\",\"version\":\"" BALLAST_VERSION "\"}"), NULL);
}

/* ---- status ---- */

static void put_count(struct json_writer *writer, const char *key, uint64_t count)
{
	json_key(writer, key);
	json_put_unsigned(writer, count);
}

static void write_waiting(const struct bal_totals *totals, struct json_writer *writer)
{
	json_key(writer, "waiting");
	json_open(writer, '{');
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		put_count(writer, bal_priority_name((enum bal_priority)i), totals->waiting[i]);
	json_close(writer);
	json_key(writer, "live");
	json_open(writer, '{');
	for (uint32_t i = BAL_TASK_SUBMITTED; i < BAL_TASK_SUCCEEDED; i++)
		put_count(writer, bal_task_state_name((enum bal_task_state)i), totals->states[i]);
	json_close(writer);
}

static void write_totals(const struct bal_totals *totals, struct json_writer *writer)
{
	json_key(writer, "totals");
	json_open(writer, '{');
	put_count(writer, "submitted", totals->submitted_count);
	put_count(writer, "succeeded", totals->succeeded_count);
	put_count(writer, "failed", totals->failed_count);
	put_count(writer, "dead", totals->dead_count);
	put_count(writer, "cancelled", totals->cancelled_count);
	put_count(writer, "expired", totals->expired_count);
	put_count(writer, "refused", totals->refused_count);
	put_count(writer, "dispatched", totals->dispatched_count);
	put_count(writer, "retried", totals->retried_count);
	put_count(writer, "hedged", totals->hedged_count);
	put_count(writer, "hedges_won", totals->hedges_won_count);
	put_count(writer, "stale_answers", totals->stale_count);
	put_count(writer, "scale_outs", totals->orders_up_count);
	put_count(writer, "scale_ins", totals->orders_down_count);
	json_close(writer);
}

static void write_archive(const struct engine *engine, struct json_writer *writer)
{
	struct archive_progress progress = archive_progress(engine);

	json_key(writer, "archive");
	json_open(writer, '{');
	json_key(writer, "phase");
	json_put_word(writer, archive_phase_name(progress.phase));
	put_count(writer, "used_bytes", progress.used_bytes);
	put_count(writer, "max_bytes", progress.max_bytes);
	put_count(writer, "written", progress.written);
	put_count(writer, "deleted", progress.deleted);
	put_count(writer, "written_since_start", progress.written_ever);
	put_count(writer, "deleted_since_start", progress.deleted_ever);
	json_close(writer);
}

static void write_store(struct engine *engine, struct json_writer *writer)
{
	struct store *store = engine_store(engine);
	struct store_counts counts;

	store->ops->count(store, &counts);
	json_key(writer, "store");
	json_open(writer, '{');
	json_key(writer, "driver");
	json_put_word(writer, store->ops->name);
	json_key(writer, "healthy");
	json_put_bool(writer, counts.health == STORE_OK);
	json_key(writer, "text");
	json_put_word(writer, store_status_text(counts.health));
	put_count(writer, "unfinished", counts.unfinished);
	put_count(writer, "queue", counts.queue_count);
	put_count(writer, "commits", counts.commit);
	json_key(writer, "ended");
	json_open(writer, '{');
	for (uint32_t i = 0; i < STORE_STATE_LIMIT; i++)
		if (store_state_ended((enum store_state)i))
			put_count(writer, store_state_name((enum store_state)i), counts.ended[i]);
	json_close(writer);
	write_archive(engine, writer);
	json_close(writer);
}

void api_ops_status(struct request *request)
{
	struct engine *engine = request->engine;
	struct bal_totals totals;
	struct json_writer writer;
	struct buffer body;

	if (!request_query(request, NULL, 0, NULL))
		return;
	bal_totals(engine_core(engine), &totals);
	buffer_init(&body, STATUS_SIZE_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "version");
	json_put_word(&writer, BALLAST_VERSION);
	put_count(&writer, "pid", (uint64_t)getpid());
	put_count(&writer, "epoch", engine_epoch(engine));
	json_key(&writer, "now");
	instant_put(&writer, clock_utc_ns());
	json_key(&writer, "stopping");
	json_put_bool(&writer, request->server->stopping);
	put_count(&writer, "tasks", totals.tasks);
	write_waiting(&totals, &writer);
	write_totals(&totals, &writer);
	write_store(engine, &writer);
	put_count(&writer, "connections", request->server->conns.count);
	json_close(&writer);
	request_answer_json(request, 200, &body);
}

/* ---- the rest ---- */

void api_ops_reload(struct request *request)
{
	const struct server_options *options = &request->server->options;
	char message[MESSAGE_SIZE] = "";
	enum bal_status status;

	if (!request_query(request, NULL, 0, NULL))
		return;
	if (options->reload == NULL) {
		request_problem(request, 501, "no-file",
			"there is no configuration file that could be read again");
		return;
	}
	status = options->reload(options->context, message, sizeof message);
	if (status == BAL_OK)
		request_answer(
			request, 200, "application/json", SPAN("{\"state\":\"reloaded\"}"), NULL);
	else
		request_problem_more(request, status == BAL_INVALID ? 422 : 503, "configuration", 0,
			NULL, (struct span){NULL, 0}, message);
}

void api_ops_metrics(struct request *request)
{
	struct server *server = request->server;
	enum metric_format format =
		metric_format_wanted(http_field_get(request->head, HTTP_FIELD_ACCEPT));
	struct buffer text;

	buffer_init(&text, METRICS_SIZE_MAX);
	metrics_write(server->metrics, server->requests_count, server->conns.count, format, &text);
	if (text.failed)
		request_problem(request, 500, "memory", "there is no memory for the metrics");
	else
		request_answer(request, 200, metric_content_type(format), buffer_span(&text), NULL);
	buffer_release(&text);
}

void api_ops_openapi(struct request *request)
{
	struct buffer body;

	buffer_init(&body, STATUS_SIZE_MAX);
	openapi_write(&body);
	request_answer_json(request, 200, &body);
}

/* For people who come with a browser. */
void api_ops_home(struct request *request)
{
	static const char page[] =
		"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>ballast</title>"
		"<h1>ballast " BALLAST_VERSION "</h1><ul>"
		"<li><a href=\"/v1/status\">status</a>"
		"<li><a href=\"/v1/pools\">pools</a>"
		"<li><a href=\"/v1/agents\">agents</a>"
		"<li><a href=\"/v1/tasks\">tasks</a>"
		"<li><a href=\"/metrics\">metrics</a>"
		"<li><a href=\"/openapi.json\">the API</a></ul></html>\n";

	request_answer(request, 200, "text/html; charset=utf-8",
		(struct span){page, sizeof page - 1},
		"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; "
		"base-uri 'none'; form-action 'none'\r\n"
		"X-Frame-Options: DENY\r\n"
		"Referrer-Policy: no-referrer\r\n");
}

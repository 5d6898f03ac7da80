/* SPDX-License-Identifier: Apache-2.0 */
/* Workers that come and ask.  The books are kept by daemon/lease.c; here is what is said on the
 * wire.  An acknowledgement is answered when the result is durable, so that a worker that hears 200
 * may forget the work; if it hears nothing it may ask again. */
#include "daemon/request.h"

#include "base/units.h"
#include "daemon/conn.h"
#include "daemon/instant.h"
#include "wire/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TTL_DEFAULT_NS  (5 * NS_PER_MIN)
#define TTL_MAX_NS      (7 * NS_PER_DAY)
#define WAIT_MAX_NS     (10 * NS_PER_MIN)
#define WORKER_SIZE_MAX 128
#define ERROR_SIZE_MAX  65536

static struct leases *leases_of(const struct request *request)
{
	return request->server->options.leases;
}

/* ---- asking ---- */

struct ask_form {
	struct span pool;
	struct span worker;
	int64_t ttl_ns;
	int64_t wait_ns;
};

#define AT(member) offsetof(struct ask_form, member)

static const struct json_field ASK_FIELDS[] = {
	{"pool", JSON_TEXT, true, 1, CONFIG_NAME_SIZE_MAX, AT(pool)},
	{"worker", JSON_TEXT, true, 1, WORKER_SIZE_MAX, AT(worker)},
	{"ttl", JSON_DURATION, false, NS_PER_S, TTL_MAX_NS, AT(ttl_ns)},
	{"wait", JSON_DURATION, false, 0, WAIT_MAX_NS, AT(wait_ns)},
};

static void write_task(struct request *request, const struct job *job, const char *token,
	struct json_writer *writer)
{
	struct clock *clock = engine_clock(request->engine);

	json_open(writer, '{');
	json_key(writer, "lease");
	json_put_word(writer, token);
	json_key(writer, "task");
	json_put_id(writer, job->id);
	json_key(writer, "attempt");
	json_put_unsigned(writer, job->attempt);
	json_key(writer, "kind");
	json_put_text(
		writer, names_text(engine_names(request->engine), BAL_SYMBOL_KIND, job->kind));
	if (job->conversation.size > 0) {
		json_key(writer, "conversation");
		json_put_text(writer, job->conversation);
	}
	if (job->deadline_ns != BAL_NEVER_NS) {
		json_key(writer, "deadline");
		instant_put(writer, clock_to_utc_ns(clock, job->deadline_ns));
	}
	json_key(writer, "until");
	instant_put(writer, clock_utc_ns() + request->poll.ttl_ns);
	json_key(writer, "payload");
	json_put_raw(writer, job->payload);
	if (job->checkpoint.size > 0) {
		json_key(writer, "checkpoint");
		json_put_raw(writer, buffer_span(&job->checkpoint));
	}
	json_close(writer);
}

static void on_granted(struct lease_poll *poll, struct job *job, const char *token)
{
	struct request *request = container_of(poll, struct request, poll);
	struct json_writer writer;
	struct buffer body;

	buffer_init(&body, REQUEST_ANSWER_MAX);
	json_writer_init(&writer, &body);
	write_task(request, job, token, &writer);
	request_answer_json(request, 200, &body);
}

static void on_closed(struct lease_poll *poll)
{
	struct request *request = container_of(poll, struct request, poll);

	request_answer(request, 204, NULL, SPAN(""), NULL);
}

/* The server stops: the worker will ask the next one. */
static void on_poll_expired(struct request *request)
{
	lease_poll_cancel(leases_of(request), &request->poll);
	on_closed(&request->poll);
}

static void on_poll_abandoned(struct request *request)
{
	lease_poll_cancel(leases_of(request), &request->poll);
}

static void start_poll(
	struct request *request, uint32_t pool, struct span worker, int64_t ttl_ns, int64_t wait_ns)
{
	enum bal_status status;

	request->poll = (struct lease_poll){.granted = on_granted, .closed = on_closed};
	request->expired = on_poll_expired;
	request->abandoned = on_poll_abandoned;
	request->lasting = true;
	request->ends_at_stop = true;
	request_park(request, TIME_NEVER_NS);
	status =
		lease_poll_start(leases_of(request), &request->poll, pool, worker, ttl_ns, wait_ns);
	if (status == BAL_FULL)
		request_problem(request, 429, "full", "there are too many workers");
	else if (status != BAL_OK)
		request_problem(request, 422, "not-a-lease-pool",
			"this pool gives out no leases: it needs `lease: true` in the "
			"configuration");
}

static bool find_pool(struct request *request, struct span name, uint32_t *pool)
{
	const struct config *config = engine_config(request->engine);
	struct nearest nearest;

	*pool = names_find(engine_names(request->engine), BAL_SYMBOL_POOL, name);
	if (*pool != BAL_NONE && config_pool_find(config, name) != NULL)
		return true;
	nearest_init(&nearest, name);
	for (uint32_t i = 0; i < config->pools.count; i++)
		nearest_offer(&nearest, config->pools.items[i].name);
	request_problem(request, 404, "unknown", "\"pool\": there is no pool of this name%s%s%s",
		nearest.best == NULL ? "" : "; did you mean \"",
		nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "\"?");
	return false;
}

void api_lease_ask(struct request *request)
{
	struct ask_form form = {.ttl_ns = TTL_DEFAULT_NS};
	struct json json;
	uint32_t pool;

	if (!request_query(request, NULL, 0, NULL) ||
		!request_read(request, &json, ASK_FIELDS, sizeof ASK_FIELDS / sizeof ASK_FIELDS[0],
			&form))
		return;
	if (!config_name_valid(form.worker))
		request_problem(request, 400, "field",
			"\"worker\": expected letters, digits, '.', '_' and '-'");
	else if (find_pool(request, form.pool, &pool))
		start_poll(request, pool, form.worker, form.ttl_ns, form.wait_ns);
	json_release(&json);
}

/* ---- ends ---- */

static void answer_lease_status(struct request *request, enum bal_status status)
{
	if (status == BAL_STALE)
		request_problem(request, 409, "superseded",
			"this lease ran out or was given up: the task is no longer this worker's");
	else if (status == BAL_UNKNOWN)
		request_problem(request, 404, "unknown", "there is no such lease");
	else
		request_status(request, status, "lease");
}

static void answer_state(struct request *request, const char *state)
{
	char text[64];
	int size = snprintf(text, sizeof text, "{\"state\":\"%s\"}", state);

	request_answer(request, 200, "application/json", (struct span){text, (size_t)size}, NULL);
}

/* What an ack that asks for the next task needs when its own has ended. */
struct ack_next {
	uint32_t pool;
	int64_t wait_ns;
	int64_t ttl_ns;
	char worker[ROSTER_NAME_SIZE];
};

static void on_ack_ended(struct job_waiter *waiter, struct job *job)
{
	struct request *request = container_of(waiter, struct request, waiter);

	if (request->self != NULL)
		request_resume(
			request); /* the next poll must not start from inside this one's end */
	else
		answer_state(request, bal_task_state_name(job->end));
}

static void on_ack_refused(struct job_waiter *waiter, struct job *job, const struct bal_why *why)
{
	(void)job;
	(void)why;
	answer_lease_status(container_of(waiter, struct request, waiter), BAL_UNAVAILABLE);
}

static void free_next(struct request *request)
{
	free(request->self);
	request->self = NULL;
}

static void on_ack_abandoned(struct request *request)
{
	struct job *job = engine_job(request->engine, request->task);

	free_next(request);
	if (job != NULL)
		job_unwait(job, &request->waiter);
}

static void on_ack_expired(struct request *request)
{
	on_ack_abandoned(request);
	request_problem(request, 503, "stopping",
		"the result was not durable yet when ballast stopped: acknowledge it again");
}

/* The result is durable: now for the next task. */
static void on_ack_resumed(struct request *request)
{
	struct ack_next next = *(struct ack_next *)request->self;

	free_next(request);
	start_poll(request, next.pool, span_of(next.worker), next.ttl_ns, next.wait_ns);
}

static struct ack_next *make_next(
	struct request *request, const struct job *job, int64_t wait_ns, int64_t ttl_ns)
{
	const struct roster_agent *agent = roster_find(engine_roster(request->engine), job->agent);
	struct ack_next *next = agent == NULL ? NULL : calloc(1, sizeof *next);

	if (next == NULL)
		return NULL;
	next->pool = agent->pool;
	next->wait_ns = wait_ns;
	next->ttl_ns = ttl_ns;
	memcpy(next->worker, agent->name, sizeof next->worker);
	return next;
}

static void acknowledge(
	struct request *request, struct job *job, struct span result, struct ack_next *next)
{
	enum bal_status status;

	request->task = job->id;
	request->self = next;
	request->waiter = (struct job_waiter){.refused = on_ack_refused, .ended = on_ack_ended};
	request->expired = on_ack_expired;
	request->abandoned = on_ack_abandoned;
	request->resumed = on_ack_resumed;
	request_park(request, TIME_NEVER_NS);
	job_wait(job, &request->waiter);
	status = lease_ack(leases_of(request), request->segments[0], result);
	if (status == BAL_OK)
		return;
	on_ack_abandoned(request);
	answer_lease_status(request, status);
}

struct ack_form {
	yyjson_val *result;
	int64_t next_ns;
	int64_t ttl_ns;
};

void api_lease_ack(struct request *request)
{
	static const struct json_field fields[] = {
		{"result", JSON_ANY, false, 0, 0, offsetof(struct ack_form, result)},
		{"next", JSON_DURATION, false, 0, WAIT_MAX_NS, offsetof(struct ack_form, next_ns)},
		{"ttl", JSON_DURATION, false, NS_PER_S, TTL_MAX_NS,
			offsetof(struct ack_form, ttl_ns)}};
	struct ack_form form = {.next_ns = -1, .ttl_ns = TTL_DEFAULT_NS};
	struct leases *leases = leases_of(request);
	struct span token = request->segments[0];
	uint32_t epoch, attempt;
	uint64_t task;
	struct json json;
	struct job *job;

	if (!request_query(request, NULL, 0, NULL) ||
		!request_read(request, &json, fields, 3, &form))
		return;
	job = engine_token_parse(token, &task, &epoch, &attempt) ? engine_job(request->engine, task)
								 : NULL;
	if (job != NULL)
		acknowledge(request, job, json_member_text(&json, request->body, SPAN("result")),
			form.next_ns < 0 ? NULL
					 : make_next(request, job, form.next_ns, form.ttl_ns));
	else if (lease_acked(leases, token))
		answer_state(request, bal_task_state_name(BAL_TASK_SUCCEEDED));
	else
		answer_lease_status(request, BAL_STALE);
	json_release(&json);
}

struct nack_form {
	struct span error;
	bool retryable;
	int64_t retry_after_ns;
};

void api_lease_nack(struct request *request)
{
	static const struct json_field fields[] = {
		{"error", JSON_TEXT, false, 0, ERROR_SIZE_MAX, offsetof(struct nack_form, error)},
		{"retry", JSON_BOOL, false, 0, 0, offsetof(struct nack_form, retryable)},
		{"retry_after", JSON_DURATION, false, 0, NS_PER_DAY,
			offsetof(struct nack_form, retry_after_ns)}};
	struct nack_form form = {.retryable = true};
	enum bal_status status;
	struct json json;

	if (!request_query(request, NULL, 0, NULL) ||
		!request_read(request, &json, fields, 3, &form))
		return;
	status = lease_nack(leases_of(request), request->segments[0], form.error, form.retryable,
		form.retry_after_ns);
	json_release(&json);
	if (status == BAL_OK)
		answer_state(request, "noted");
	else
		answer_lease_status(request, status == BAL_UNKNOWN ? BAL_STALE : status);
}

struct extend_form {
	int64_t ttl_ns;
};

void api_lease_extend(struct request *request)
{
	static const struct json_field fields[] = {{"ttl", JSON_DURATION, false, NS_PER_S,
		TTL_MAX_NS, offsetof(struct extend_form, ttl_ns)}};
	struct extend_form form = {.ttl_ns = 0};
	struct json_writer writer;
	struct buffer body;
	int64_t until_utc_ns;
	enum bal_status status;
	struct json json;
	bool drain;

	if (!request_query(request, NULL, 0, NULL) ||
		!request_read(request, &json, fields, 1, &form))
		return;
	json_release(&json);
	status = lease_extend(
		leases_of(request), request->segments[0], form.ttl_ns, &until_utc_ns, &drain);
	if (status != BAL_OK) {
		answer_lease_status(request, status);
		return;
	}
	buffer_init(&body, 256);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "until");
	instant_put(&writer, until_utc_ns);
	json_key(&writer, "drain");
	json_put_bool(&writer, drain);
	json_close(&writer);
	request_answer_json(request, 200, &body);
}

struct release_form {
	yyjson_val *checkpoint;
	int64_t wait_ns;
	uint64_t task;
};

void api_lease_release(struct request *request)
{
	static const struct json_field fields[] = {
		{"checkpoint", JSON_ANY, false, 0, 0, offsetof(struct release_form, checkpoint)},
		{"wait", JSON_DURATION, false, 0, REQUEST_WAIT_MAX_NS,
			offsetof(struct release_form, wait_ns)},
		{"waits_for", JSON_ID, false, 0, 0, offsetof(struct release_form, task)}};
	struct release_form form = {.wait_ns = 0};
	enum bal_status status;
	struct json json;

	if (!request_query(request, NULL, 0, NULL) ||
		!request_read(request, &json, fields, 3, &form))
		return;
	status = lease_release(leases_of(request), request->segments[0],
		json_member_text(&json, request->body, SPAN("checkpoint")), form.wait_ns,
		form.task);
	json_release(&json);
	if (status == BAL_OK)
		answer_state(request, "queued");
	else
		answer_lease_status(request, status);
}

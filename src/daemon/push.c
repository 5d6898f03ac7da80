/* SPDX-License-Identifier: Apache-2.0 */
/* One call per attempt, one buffer per request.  The body is the payload as the client sent it; a
 * task that was handed back before gets {"payload": ..., "checkpoint": ...} instead. */
#include "daemon/push.h"

#include "base/units.h"
#include "daemon/traces.h"
#include "daemon/vitals.h"
#include "wire/httpwrite.h"
#include "wire/json.h"
#include "wire/jsonwrite.h"
#include "wire/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUEST_OVERHEAD_MAX (64u << 10)
#define ANSWER_SIZE_MAX      (16u << 20)
#define PROBE_ANSWER_MAX     (64u << 10)
#define PROBE_TIMEOUT_MS     2000
#define DRAIN_TIMEOUT_MS     5000
#define PATH_SIZE_MAX        1024
#define EXCERPT_SIZE         200
#define REFUSED_WAIT_NS      (100 * NS_PER_MS)

struct push {
	struct engine *engine;
	struct upstream *upstream;
	struct list attempts;
	struct list probes;
	enum push_lost (*lost)(void *context, uint64_t agent, bool refused, const char *error);
	void *lost_context;
};

/* A rostered agent's `self`. */
struct push_agent {
	struct upstream_target *target;
	char path[PATH_SIZE_MAX];
	char *authorization; /* "Bearer KEY"; NULL: none */
};

/* A job's `running`. */
struct push_attempt {
	struct list_node node;
	struct upstream_call call;
	struct push *push;
	uint64_t task;
	uint64_t agent;
	uint32_t epoch;
	uint32_t attempt;
	int64_t started_ns;
	int64_t first_byte_ns; /* of the answer; 0: none came */
};

struct push_probe_call {
	struct list_node node;
	struct upstream_call call;
	struct push *push;
	uint64_t agent;
	void (*done)(void *context, uint64_t agent, bool ready);
	void *context;
	struct push_get get; /* done NULL: it is a probe */
};

static struct push_agent *agent_of(struct push *push, uint64_t id)
{
	struct roster_agent *agent = roster_find(engine_roster(push->engine), id);

	return agent == NULL ? NULL : agent->self;
}

bool push_attach(struct push *push, struct roster_agent *agent, const char *host, uint16_t port,
	const char *path, char *message, size_t message_size)
{
	struct push_agent *self = calloc(1, sizeof *self);

	if (self == NULL) {
		snprintf(message, message_size, "no memory for agent %s", agent->name);
		return false;
	}
	self->target = upstream_target_new(push->upstream, host, port, message, message_size);
	if (self->target == NULL) {
		free(self);
		return false;
	}
	snprintf(self->path, sizeof self->path, "%s", path == NULL ? "/" : path);
	snprintf(agent->address, sizeof agent->address, "%s:%u", host, port);
	agent->self = self;
	return true;
}

struct engine *push_engine(struct push *push)
{
	return push->engine;
}

bool push_authorize(struct push *push, struct roster_agent *agent, const char *key)
{
	struct push_agent *self = agent->self;
	char *authorization = NULL;

	(void)push;
	if (key != NULL && asprintf(&authorization, "Bearer %s", key) < 0)
		return false;
	free(self->authorization);
	self->authorization = authorization;
	return true;
}

/* True when the job still has this attempt, which is then its own. */
static bool is_held(struct job *job, const struct push_attempt *attempt)
{
	if (job == NULL || (job->running != attempt && job->beside.running != attempt))
		return false;
	return job_turn(job, attempt->attempt);
}

static void drop_attempt(struct push_attempt *attempt)
{
	list_remove(&attempt->push->attempts, &attempt->node);
	upstream_cancel(attempt->push->upstream, &attempt->call);
	free(attempt);
}

static void drop_probe(struct push_probe_call *probe)
{
	list_remove(&probe->push->probes, &probe->node);
	upstream_cancel(probe->push->upstream, &probe->call);
	free(probe);
}

/* The core ends the attempts of an agent that is down by itself; what it cannot know is why. */
static void note_lost(struct push *push, struct job *job, const char *why)
{
	if (why == NULL)
		return;
	job_set_text(&job->error, span_of(why));
	engine_history_add(push->engine, job, BAL_OUTCOME_LOST, why);
}

void push_detach(struct push *push, struct roster_agent *agent, const char *why)
{
	struct push_agent *self = agent->self;
	struct list_node *node = push->attempts.first;

	while (node != NULL) {
		struct push_attempt *attempt = container_of(node, struct push_attempt, node);
		struct job *job = engine_job(push->engine, attempt->task);

		node = list_next(node);
		if (attempt->agent != agent->id)
			continue;
		if (is_held(job, attempt)) {
			job->running = NULL;
			note_lost(push, job, why);
			job_lose_attempt(job);
		}
		drop_attempt(attempt);
	}
	node = push->probes.first;
	while (node != NULL) {
		struct push_probe_call *probe = container_of(node, struct push_probe_call, node);

		node = list_next(node);
		if (probe->agent == agent->id)
			drop_probe(probe);
	}
	agent->self = NULL;
	if (self == NULL)
		return;
	upstream_target_free(self->target);
	free(self->authorization);
	free(self);
}

/* ---- attempts ---- */

static void put_deadline(struct buffer *buffer, int64_t utc_ns)
{
	time_t seconds = (time_t)(utc_ns / NS_PER_S);
	struct tm parts;
	char text[40];

	if (utc_ns == 0 || gmtime_r(&seconds, &parts) == NULL)
		return;
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	http_put_known(buffer, HTTP_FIELD_BALLAST_DEADLINE, span_of(text));
}

/* The trace context travels on as it came, but for the span: see traces.h. */
static void put_trace(struct buffer *buffer, const struct engine *engine, const struct job *job)
{
	static const enum http_field_id fields[] = {HTTP_FIELD_TRACESTATE, HTTP_FIELD_BAGGAGE};
	struct json json = {NULL, NULL};
	struct json_error error;
	struct traceparent context;
	char text[TRACEPARENT_SIZE];

	if (traces_context(engine, job, &context)) {
		traceparent_write(&context, text);
		http_put_known(buffer, HTTP_FIELD_TRACEPARENT, span_of(text));
	}
	if (job->meta.size == 0 || !json_read(&json, job->meta, job->meta.size, &error))
		return;
	for (uint32_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		struct span value =
			json_text(yyjson_obj_get(json.root, http_field_text(fields[i])));

		if (value.at != NULL && http_value_valid(value))
			http_put_known(buffer, fields[i], value);
	}
	json_release(&json);
}

/* The first lines of every request to an agent. */
static void put_head(struct buffer *buffer, enum http_method method, struct span path,
	const struct push_agent *agent)
{
	http_put_request(buffer, method, path, upstream_target_host(agent->target));
	if (agent->authorization != NULL)
		http_put_known(buffer, HTTP_FIELD_AUTHORIZATION, span_of(agent->authorization));
}

static void build_request(struct push *push, const struct job *job, const struct push_agent *agent,
	const struct buffer *body, struct buffer *buffer)
{
	buffer_init(buffer, body->size + REQUEST_OVERHEAD_MAX);
	put_head(buffer, HTTP_METHOD_POST, span_of(agent->path), agent);
	http_put_known(buffer, HTTP_FIELD_CONTENT_TYPE, SPAN("application/json"));
	http_put_known_number(buffer, HTTP_FIELD_BALLAST_TASK, job->id);
	http_put_known_number(buffer, HTTP_FIELD_BALLAST_ATTEMPT, job->attempt);
	put_deadline(buffer, clock_to_utc_ns(engine_clock(push->engine), job->deadline_ns));
	put_trace(buffer, push->engine, job);
	http_put_length(buffer, body->size);
	http_put_end(buffer);
	buffer_append_span(buffer, buffer_span(body));
	buffer->failed = buffer->failed || body->failed;
}

static int64_t retry_after_ns(const struct http_reader *head)
{
	uint64_t seconds;

	if (!span_number(http_field_get(head, HTTP_FIELD_RETRY_AFTER), 86400, &seconds))
		return 0;
	return (int64_t)seconds * NS_PER_S;
}

/* What an answer's status means; fills in the job what belongs to it. */
static enum bal_outcome judge(struct upstream_call *call, struct job *job, struct attempt_end *end)
{
	struct span type = http_field_get(call->head, HTTP_FIELD_CONTENT_TYPE);
	struct span handed = http_field_get(call->head, HTTP_FIELD_BALLAST_CHECKPOINT);

	job_set_text(&job->content_type, type);
	if (call->status == 503) {
		end->retry_after_ns = retry_after_ns(call->head);
		if (!span_equal(handed, SPAN("1")))
			return BAL_OUTCOME_BUSY;
		buffer_release(&job->checkpoint);
		job->checkpoint = call->answer;
		buffer_init(&call->answer, 0);
		return BAL_OUTCOME_HANDED_BACK;
	}
	buffer_release(&job->result);
	job->result = call->answer;
	job->result_size = call->answer.size;
	buffer_init(&call->answer, 0);
	if (call->status >= 200 && call->status < 300)
		return BAL_OUTCOME_SUCCEEDED;
	return call->status >= 400 && call->status < 500 ? BAL_OUTCOME_FAILED
							 : BAL_OUTCOME_RETRYABLE;
}

/* A dead agent would lose one waiting task after the other until its end is noticed. */
static enum push_lost ask_lost(
	const struct push_attempt *attempt, const struct upstream_call *call, enum upstream_end end)
{
	const struct push *push = attempt->push;

	if ((end != UPSTREAM_LOST && end != UPSTREAM_REFUSED) || push->lost == NULL)
		return PUSH_LOST_ATTEMPT;
	return push->lost(push->lost_context, attempt->agent, end == UPSTREAM_REFUSED, call->error);
}

/* Says what the agent answered, with the beginning of its text: that is where it says why. */
static void describe_refusal(
	unsigned status, const struct buffer *answer, char *error, size_t error_size)
{
	int used = snprintf(
		error, error_size, "the agent answered %u %s", status, http_status_text(status));
	struct span text = span_trim(buffer_span(answer));
	char excerpt[EXCERPT_SIZE];

	if (text.size > 0 && printable_copy(excerpt, sizeof excerpt, text) > 0)
		snprintf(error + used, error_size - (size_t)used, ": %s", excerpt);
}

static void on_first_byte(struct upstream_call *call)
{
	struct push_attempt *attempt = container_of(call, struct push_attempt, call);

	attempt->first_byte_ns = clock_core_ns(engine_clock(attempt->push->engine));
}

/* A refusal or an error begins soon and means nothing by that: only a success tells. */
static void post_first_byte(struct push *push, const struct push_attempt *attempt,
	const struct job *job, enum bal_outcome outcome)
{
	int64_t since = clock_to_utc_ns(engine_clock(push->engine), attempt->first_byte_ns) -
			job->submitted_at_utc_ns;

	if (outcome != BAL_OUTCOME_SUCCEEDED || attempt->first_byte_ns == 0)
		return;
	vitals_post(push->engine, BAL_SUBJECT_AGENT, attempt->agent, BAL_SIGNAL_FIRST_BYTE,
		attempt->first_byte_ns - attempt->started_ns);
	vitals_post(push->engine, BAL_SUBJECT_KIND, job->kind, BAL_SIGNAL_TASK_FIRST_BYTE,
		since < 0 ? 0 : since);
}

/* The end of a call as the end of its attempt. */
static void report(struct upstream_call *call, enum upstream_end upstream_end, enum push_lost lost,
	struct job *job)
{
	struct push_attempt *attempt = container_of(call, struct push_attempt, call);
	struct push *push = attempt->push;
	char error[EXCERPT_SIZE + 64];
	struct attempt_end end = {.task = attempt->task,
		.epoch = attempt->epoch,
		.attempt = attempt->attempt,
		.service_ns = clock_core_ns(engine_clock(push->engine)) - attempt->started_ns};

	job->running = NULL;
	if (upstream_end == UPSTREAM_ANSWERED) {
		end.outcome = judge(call, job, &end);
		if (end.outcome == BAL_OUTCOME_FAILED || end.outcome == BAL_OUTCOME_RETRYABLE) {
			describe_refusal(call->status, &job->result, error, sizeof error);
			end.error = error;
		}
	} else if (lost == PUSH_LOST_NOTHING) {
		end.outcome = BAL_OUTCOME_BUSY;
		end.retry_after_ns = REFUSED_WAIT_NS;
		end.error = call->error;
	} else {
		end.outcome =
			upstream_end == UPSTREAM_TOO_LARGE ? BAL_OUTCOME_FAILED : BAL_OUTCOME_LOST;
		end.error = call->error;
	}
	post_first_byte(push, attempt, job, end.outcome);
	engine_attempt_ended(push->engine, &end);
}

static void on_answer(struct upstream_call *call, enum upstream_end end)
{
	struct push_attempt *attempt = container_of(call, struct push_attempt, call);
	struct push *push = attempt->push;
	enum push_lost lost = ask_lost(attempt, call, end);
	struct job *job;

	if (lost == PUSH_LOST_AGENT)
		return; /* the attempt went with it */
	list_remove(&push->attempts, &attempt->node);
	job = engine_job(push->engine, attempt->task);
	if (is_held(job, attempt))
		report(call, end, lost, job);
	buffer_release(&call->answer);
	free(attempt);
}

static void lose(struct push *push, const struct job *job, const char *error)
{
	struct attempt_end end = {.task = job->id,
		.epoch = job->epoch,
		.attempt = job->attempt,
		.outcome = BAL_OUTCOME_LOST,
		.error = error};

	engine_attempt_ended(push->engine, &end);
}

void push_dispatch(void *self, struct job *job, int64_t until_ns)
{
	struct push *push = self;
	struct push_agent *agent = agent_of(push, job->agent);
	struct push_attempt *attempt = agent == NULL ? NULL : calloc(1, sizeof *attempt);
	struct bal_event started = {.type = BAL_EVENT_ATTEMPT_STARTED,
		.attempt = {.task = job->id, .attempt = job->attempt}};
	struct buffer body;

	(void)until_ns; /* the core times it out */
	if (attempt == NULL) {
		lose(push, job, agent == NULL ? "the agent is gone" : "no memory for the call");
		return;
	}
	attempt->push = push;
	attempt->task = job->id;
	attempt->agent = job->agent;
	attempt->epoch = job->epoch;
	attempt->attempt = job->attempt;
	attempt->started_ns = clock_core_ns(engine_clock(push->engine));
	attempt->call.target = agent->target;
	attempt->call.method = HTTP_METHOD_POST;
	attempt->call.answer_size_max = ANSWER_SIZE_MAX;
	attempt->call.done = on_answer;
	attempt->call.first_byte = on_first_byte;
	/* A byte of a text takes six at most. */
	buffer_init(&body, job->payload.size + 6 * job->checkpoint.size + REQUEST_OVERHEAD_MAX);
	job_body(job, &body);
	build_request(push, job, agent, &body, &attempt->call.request);
	buffer_release(&body);
	if (attempt->call.request.failed) {
		buffer_release(&attempt->call.request);
		free(attempt);
		lose(push, job, "no memory for the request");
		return;
	}
	list_append(&push->attempts, &attempt->node);
	job->running = attempt;
	upstream_start(push->upstream, &attempt->call);
	engine_event(push->engine, &started);
}

void push_rescind(void *self, struct job *job, enum bal_reason reason)
{
	struct push_attempt *attempt = job->running;

	(void)self;
	(void)reason;
	job->running = NULL;
	if (attempt != NULL)
		drop_attempt(attempt);
}

void push_ask_lost(struct push *push,
	enum push_lost (*lost)(void *context, uint64_t agent, bool refused, const char *error),
	void *context)
{
	push->lost = lost;
	push->lost_context = context;
}

/* ---- probes, and the request to hand back ---- */

static void on_probe(struct upstream_call *call, enum upstream_end end)
{
	struct push_probe_call *probe = container_of(call, struct push_probe_call, call);
	/* Without a path to ask, an accepted connection is the answer: then there is no status. */
	bool ready = end == UPSTREAM_ANSWERED &&
		     (call->status == 0 || (call->status >= 200 && call->status < 300));

	list_remove(&probe->push->probes, &probe->node);
	if (probe->get.done != NULL)
		probe->get.done(probe->get.context, probe->agent,
			&(struct push_answer){.status = call->status,
				.body = buffer_span(&call->answer),
				.error = call->error});
	buffer_release(&call->answer);
	if (probe->done != NULL)
		probe->done(probe->context, probe->agent, ready);
	free(probe);
}

static void start_probe(struct push *push, struct push_probe_call *probe,
	const struct push_agent *agent, uint64_t timeout_ms)
{
	probe->push = push;
	probe->call.target = agent->target;
	probe->call.method = HTTP_METHOD_GET;
	probe->call.answer_size_max =
		probe->get.done == NULL ? PROBE_ANSWER_MAX : probe->get.size_max;
	probe->call.timeout_ms = timeout_ms;
	probe->call.done = on_probe;
	list_append(&push->probes, &probe->node);
	upstream_start(push->upstream, &probe->call);
}

void push_probe(struct push *push, uint64_t id,
	void (*done)(void *context, uint64_t agent, bool ready), void *context)
{
	struct roster_agent *entry = roster_find(engine_roster(push->engine), id);
	const struct config_pool *pool =
		entry == NULL ? NULL : engine_pool_config(push->engine, entry->pool);
	struct push_agent *agent = entry == NULL ? NULL : entry->self;
	struct push_probe_call *probe = agent == NULL ? NULL : calloc(1, sizeof *probe);

	if (probe == NULL) {
		done(context, id, false);
		return;
	}
	probe->agent = id;
	probe->done = done;
	probe->context = context;
	buffer_init(&probe->call.request, REQUEST_OVERHEAD_MAX);
	if (pool != NULL && pool->ready.path != NULL) {
		put_head(&probe->call.request, HTTP_METHOD_GET, span_of(pool->ready.path), agent);
		http_put_end(&probe->call.request);
	}
	start_probe(push, probe, agent, PROBE_TIMEOUT_MS);
}

bool push_get(struct push *push, uint64_t id, const char *path, const struct push_get *how)
{
	struct push_agent *agent = agent_of(push, id);
	struct push_probe_call *call = agent == NULL ? NULL : calloc(1, sizeof *call);

	if (call == NULL)
		return false;
	call->agent = id;
	call->get = *how;
	buffer_init(&call->call.request, REQUEST_OVERHEAD_MAX);
	put_head(&call->call.request, HTTP_METHOD_GET, span_of(path), agent);
	http_put_end(&call->call.request);
	start_probe(push, call, agent, how->timeout_ms);
	return true;
}

bool push_traffic(struct push *push, uint64_t id, struct upstream_traffic *traffic)
{
	struct roster_agent *entry = roster_find(engine_roster(push->engine), id);
	bool is_http = entry != NULL &&
		       (entry->pool_kind == BAL_POOL_URLS || entry->pool_kind == BAL_POOL_PROCESS);
	struct push_agent *agent = is_http ? entry->self : NULL;

	if (agent == NULL)
		return false;
	upstream_target_traffic(agent->target, traffic);
	return true;
}

void push_hand_back(void *self, struct job *job)
{
	struct push *push = self;
	struct push_agent *agent = agent_of(push, job->agent);
	struct push_probe_call *request = agent == NULL ? NULL : calloc(1, sizeof *request);
	struct buffer body;
	struct json_writer writer;

	if (request == NULL)
		return; /* it is simply waited for */
	request->agent = job->agent;
	buffer_init(&body, 256);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "task");
	json_put_id(&writer, job->id);
	json_key(&writer, "by");
	json_put_null(&writer);
	json_close(&writer);
	buffer_init(&request->call.request, REQUEST_OVERHEAD_MAX);
	put_head(&request->call.request, HTTP_METHOD_POST, SPAN("/ballast/drain"), agent);
	http_put_known(&request->call.request, HTTP_FIELD_CONTENT_TYPE, SPAN("application/json"));
	http_put_length(&request->call.request, body.size);
	http_put_end(&request->call.request);
	buffer_append_span(&request->call.request, buffer_span(&body));
	buffer_release(&body);
	start_probe(push, request, agent, DRAIN_TIMEOUT_MS);
}

/* ---- life ---- */

struct push *push_open(struct engine *engine, struct upstream *upstream)
{
	struct push *push = calloc(1, sizeof *push);

	if (push == NULL)
		return NULL;
	push->engine = engine;
	push->upstream = upstream;
	return push;
}

void push_close(struct push *push)
{
	if (push == NULL)
		return;
	for (struct roster_agent *agent = roster_first(engine_roster(push->engine)); agent != NULL;
		agent = roster_next(agent))
		if (agent->pool_kind == BAL_POOL_URLS || agent->pool_kind == BAL_POOL_PROCESS)
			push_detach(push, agent, NULL);
	free(push);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The attempts are read from the job's history, which has each when the task ends. */
#include "daemon/traces.h"

#include "base/checksum.h"
#include "base/units.h"
#include "daemon/instant.h"
#include "daemon/outbox.h"
#include "wire/json.h"
#include "wire/otlp.h"

#include <stdio.h>
#include <stdlib.h>

#define SALT_TRACE      UINT64_C(0x7472616365)
#define SALT_SPAN       UINT64_C(0x7370616e)
#define SALT_SAMPLE     UINT64_C(0x73616d706c65)
#define BATCH_SIZE_MAX  (4u << 20)
#define BATCH_SIZE_SOFT (3u << 20) /* then it goes out */
#define NAME_SIZE       160

struct traces {
	struct engine *engine;
	struct engine_watcher watcher;
	struct outbox *outbox;
	uv_timer_t timer;
	struct buffer batch;
	struct json_writer writer;
	uint32_t spans_count; /* in the batch */
};

/* ---- ids ---- */

/* Neither may be zero: all zero means "none". */
static uint64_t span_id(uint64_t task, uint32_t attempt)
{
	uint64_t id = checksum_mix(checksum_mix(SALT_SPAN, task), attempt);

	return id == 0 ? 1 : id;
}

/* The trace that the submission named; false: none, or nothing that can be read. */
static bool read_context(const struct job *job, struct traceparent *to)
{
	struct json json = {NULL, NULL};
	struct json_error error;
	bool is_there;

	if (job->meta.size == 0 || !json_read(&json, job->meta, job->meta.size, &error))
		return false;
	is_there = traceparent_read(
		json_text(yyjson_obj_get(json.root, http_field_text(HTTP_FIELD_TRACEPARENT))), to);
	json_release(&json);
	return is_there;
}

/* A trace that began elsewhere is followed as it was decided there; of our own a share is. */
static bool is_sampled(const struct engine *engine, uint64_t task, const struct traceparent *given)
{
	int64_t share = engine_config(engine)->traces.sample_permille;

	if (given != NULL)
		return (given->flags & TRACEPARENT_SAMPLED) != 0;
	return (int64_t)(checksum_mix(SALT_SAMPLE, task) % PERMILLE) < share;
}

static bool is_on(const struct engine *engine)
{
	return engine_config(engine)->traces.url != NULL;
}

/* Where the job stands: its trace, the caller's span (0: none) and whether it is traced. */
static struct traceparent locate(const struct engine *engine, const struct job *job)
{
	struct traceparent context;

	if (read_context(job, &context)) {
		if (!is_sampled(engine, job->id, &context))
			context.flags &= (uint8_t)~TRACEPARENT_SAMPLED;
		return context;
	}
	context = (struct traceparent){
		.trace = {checksum_mix(SALT_TRACE, job->id), job->id}, .span = 0};
	context.flags = is_sampled(engine, job->id, NULL) ? TRACEPARENT_SAMPLED : 0;
	return context;
}

bool traces_context(const struct engine *engine, const struct job *job, struct traceparent *to)
{
	if (!is_on(engine))
		return read_context(job, to);
	*to = locate(engine, job);
	if ((to->flags & TRACEPARENT_SAMPLED) != 0 || to->span == 0)
		to->span = span_id(job->id, job->attempt);
	return true;
}

/* ---- spans ---- */

static void send_batch(struct traces *traces)
{
	if (traces->spans_count == 0)
		return;
	otlp_end(&traces->writer);
	outbox_post_take(traces->outbox, &traces->batch);
	buffer_init(&traces->batch, BATCH_SIZE_MAX);
	traces->spans_count = 0;
}

static void begin_span(struct traces *traces, const struct otlp_span *span)
{
	if (traces->spans_count == 0)
		otlp_begin(&traces->writer, &traces->batch, "ballast", BALLAST_VERSION);
	traces->spans_count++;
	otlp_span_begin(&traces->writer, span);
}

static void put_attempt(struct traces *traces, const struct job *job,
	const struct traceparent *context, yyjson_val *entry)
{
	struct json_writer *writer = &traces->writer;
	uint32_t attempt = (uint32_t)yyjson_get_uint(yyjson_obj_get(entry, "attempt"));
	struct span outcome = json_text(yyjson_obj_get(entry, "outcome"));
	struct otlp_span span = {.trace = {context->trace[0], context->trace[1]},
		.id = span_id(job->id, attempt),
		.parent = span_id(job->id, 0),
		.kind = OTLP_KIND_CLIENT,
		.name = SPAN("attempt"),
		.failed = !span_equal(outcome, span_of(bal_outcome_name(BAL_OUTCOME_SUCCEEDED)))};

	if (!instant_read(json_text(yyjson_obj_get(entry, "started")), &span.started_at_utc_ns))
		return;
	span.ended_at_utc_ns = span.started_at_utc_ns +
			       (int64_t)(yyjson_get_num(yyjson_obj_get(entry, "seconds")) * 1e9);
	begin_span(traces, &span);
	otlp_attribute_number(writer, "ballast.attempt", attempt);
	otlp_attribute(writer, "ballast.pool", json_text(yyjson_obj_get(entry, "pool")));
	otlp_attribute(writer, "ballast.agent", json_text(yyjson_obj_get(entry, "agent")));
	otlp_attribute(writer, "ballast.outcome", outcome);
	otlp_attribute(writer, "error.message", json_text(yyjson_obj_get(entry, "error")));
	otlp_span_end(writer);
}

static void put_attempts(
	struct traces *traces, const struct job *job, const struct traceparent *context)
{
	struct json json = {NULL, NULL};
	struct json_error error;
	struct buffer list;
	yyjson_arr_iter entries;
	yyjson_val *entry;

	buffer_init(&list, job->history.size + 2);
	buffer_append_byte(&list, '[');
	buffer_append_span(&list, buffer_span(&job->history));
	buffer_append_byte(&list, ']');
	if (!list.failed && json_read(&json, buffer_span(&list), list.size, &error) &&
		yyjson_arr_iter_init(json.root, &entries))
		while ((entry = yyjson_arr_iter_next(&entries)) != NULL)
			put_attempt(traces, job, context, entry);
	json_release(&json);
	buffer_release(&list);
}

static void put_task(
	struct traces *traces, const struct job *job, const struct traceparent *context)
{
	const struct names *names = engine_names(traces->engine);
	struct json_writer *writer = &traces->writer;
	struct span kind = names_text(names, BAL_SYMBOL_KIND, job->kind);
	char name[NAME_SIZE];
	struct otlp_span span = {.trace = {context->trace[0], context->trace[1]},
		.id = span_id(job->id, 0),
		.parent = context->span,
		.kind = OTLP_KIND_CONSUMER,
		.started_at_utc_ns = job->submitted_at_utc_ns,
		.ended_at_utc_ns = clock_utc_ns(),
		.failed = job->end != BAL_TASK_SUCCEEDED};

	snprintf(name, sizeof name, "task %.*s", (int)kind.size, kind.at);
	span.name = span_of(name);
	begin_span(traces, &span);
	otlp_attribute_number(writer, "ballast.task", (int64_t)job->id);
	otlp_attribute(writer, "ballast.kind", kind);
	otlp_attribute(writer, "ballast.tenant", names_text(names, BAL_SYMBOL_TENANT, job->tenant));
	otlp_attribute(writer, "ballast.priority",
		span_of(bal_priority_name((enum bal_priority)job->priority)));
	otlp_attribute(writer, "ballast.state", span_of(bal_task_state_name(job->end)));
	otlp_span_end(writer);
}

static void on_effect(
	struct engine_watcher *watcher, const struct bal_effect *effect, struct job *job)
{
	struct traces *traces = container_of(watcher, struct traces, watcher);
	struct traceparent context;

	if (effect->type != BAL_EFFECT_COMPLETE || job == NULL || !is_on(traces->engine))
		return;
	context = locate(traces->engine, job);
	if ((context.flags & TRACEPARENT_SAMPLED) == 0)
		return;
	put_task(traces, job, &context);
	put_attempts(traces, job, &context);
	if (traces->spans_count >= TRACES_SPANS_MAX || traces->batch.size >= BATCH_SIZE_SOFT)
		send_batch(traces);
}

static void on_timer(uv_timer_t *timer)
{
	send_batch(timer->data);
}

/* ---- life ---- */

struct traces *traces_open(
	struct engine *engine, struct upstream *upstream, char *message, size_t message_size)
{
	struct traces *traces;

	message[0] = '\0';
	if (!is_on(engine))
		return NULL;
	traces = calloc(1, sizeof *traces);
	if (traces == NULL) {
		snprintf(message, message_size, "traces: there is no memory");
		return NULL;
	}
	traces->engine = engine;
	traces->outbox = outbox_open(engine, upstream, "traces", engine_config(engine)->traces.url,
		message, message_size);
	if (traces->outbox == NULL) {
		free(traces);
		return NULL;
	}
	buffer_init(&traces->batch, BATCH_SIZE_MAX);
	traces->watcher.effect = on_effect;
	engine_watch(engine, &traces->watcher);
	uv_timer_init(engine_loop(engine), &traces->timer);
	uv_unref((uv_handle_t *)&traces->timer);
	traces->timer.data = traces;
	uv_timer_start(&traces->timer, on_timer, TRACES_EVERY_MS, TRACES_EVERY_MS);
	return traces;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void traces_close(struct traces *traces)
{
	if (traces == NULL)
		return;
	engine_unwatch(traces->engine, &traces->watcher);
	outbox_close(traces->outbox);
	buffer_release(&traces->batch);
	uv_close((uv_handle_t *)&traces->timer, on_closed);
}

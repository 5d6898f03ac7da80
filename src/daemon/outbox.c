/* SPDX-License-Identifier: Apache-2.0 */
/* The log hears of the first failure of a row and of its end, not of every try. */
#include "daemon/outbox.h"

#include "wire/httpwrite.h"
#include "wire/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_SIZE_MAX    256
#define HEAD_SIZE_MAX    2048
#define ANSWER_SIZE_MAX  65536
#define TIMEOUT_MS       10000
#define BACKOFF_MS       1000
#define BACKOFF_MAX_MS   60000
#define LINE_SIZE        512
#define STATUS_TOO_MANY  429
#define STATUS_TIMED_OUT 408

struct document {
	struct list_node node;
	struct buffer body;
};

struct outbox {
	struct engine *engine;
	struct upstream *upstream;
	struct upstream_target *target;
	const char *name;
	char *path;
	struct list waiting; /* the first is being sent, or will be next */
	bool is_sending;
	bool is_failing; /* the last try did */
	uint64_t backoff_ms;
	struct upstream_call call;
	uv_timer_t timer;
	struct outbox_counts counts;
};

static void send_next(struct outbox *outbox);

static struct document *first_document(struct outbox *outbox)
{
	return outbox->waiting.first == NULL
		       ? NULL
		       : container_of(outbox->waiting.first, struct document, node);
}

static void drop_first(struct outbox *outbox)
{
	struct document *document = first_document(outbox);

	list_remove(&outbox->waiting, &document->node);
	outbox->counts.waiting--;
	buffer_release(&document->body);
	free(document);
}

/* ---- the answer ---- */

static bool may_be_repeated(unsigned status)
{
	return status >= 500 || status == STATUS_TOO_MANY || status == STATUS_TIMED_OUT;
}

static void on_timer(uv_timer_t *timer)
{
	send_next(timer->data);
}

static void try_later(struct outbox *outbox, const char *why)
{
	if (!outbox->is_failing)
		engine_say(outbox->engine, STORE_SAY_WARNING, "%s: %s", outbox->name, why);
	outbox->is_failing = true;
	uv_timer_start(&outbox->timer, on_timer, outbox->backoff_ms, 0);
	outbox->backoff_ms *= 2;
	if (outbox->backoff_ms > BACKOFF_MAX_MS)
		outbox->backoff_ms = BACKOFF_MAX_MS;
}

static void take_answer(struct outbox *outbox, unsigned status)
{
	if (status >= 200 && status < 300) {
		if (outbox->is_failing)
			engine_say(outbox->engine, STORE_SAY_INFO, "%s: taken again", outbox->name);
		outbox->counts.sent++;
	} else {
		engine_say(outbox->engine, STORE_SAY_ERROR,
			"%s: a document was refused with status %u and is dropped", outbox->name,
			status);
		outbox->counts.dropped++;
	}
	outbox->is_failing = false;
	outbox->backoff_ms = BACKOFF_MS;
	drop_first(outbox);
	send_next(outbox);
}

static void on_done(struct upstream_call *call, enum upstream_end end)
{
	struct outbox *outbox = container_of(call, struct outbox, call);
	char why[LINE_SIZE];

	buffer_release(&call->answer);
	outbox->is_sending = false;
	if (end == UPSTREAM_ANSWERED && !may_be_repeated(call->status)) {
		take_answer(outbox, call->status);
		return;
	}
	if (end == UPSTREAM_ANSWERED)
		snprintf(
			why, sizeof why, "answered %u; sent again until it is taken", call->status);
	else
		snprintf(why, sizeof why, "%s; sent again until it is taken",
			call->error == NULL ? "no answer" : call->error);
	try_later(outbox, why);
}

/* ---- sending ---- */

static void write_request(struct outbox *outbox, struct span body)
{
	struct buffer *request = &outbox->call.request;

	buffer_init(request, HEAD_SIZE_MAX + body.size);
	http_put_request(request, HTTP_METHOD_POST, span_of(outbox->path),
		upstream_target_host(outbox->target));
	http_put_known(request, HTTP_FIELD_CONTENT_TYPE, SPAN("application/json"));
	http_put_length(request, body.size);
	http_put_end(request);
	buffer_append_span(request, body);
}

static void send_next(struct outbox *outbox)
{
	struct document *document = first_document(outbox);

	if (outbox->is_sending || document == NULL)
		return;
	outbox->call = (struct upstream_call){.target = outbox->target,
		.method = HTTP_METHOD_POST,
		.answer_size_max = ANSWER_SIZE_MAX,
		.timeout_ms = TIMEOUT_MS,
		.done = on_done};
	write_request(outbox, buffer_span(&document->body));
	if (outbox->call.request.failed) {
		buffer_release(&outbox->call.request);
		try_later(outbox, "there is no memory to send it");
		return;
	}
	outbox->is_sending = true;
	upstream_start(outbox->upstream, &outbox->call);
}

/* The oldest goes, but not one that is on its way. */
static void make_room(struct outbox *outbox)
{
	if (outbox->counts.waiting < OUTBOX_WAITING_MAX)
		return;
	if (outbox->is_sending) {
		upstream_cancel(outbox->upstream, &outbox->call);
		outbox->is_sending = false;
	}
	drop_first(outbox);
	outbox->counts.dropped++;
}

void outbox_post_take(struct outbox *outbox, struct buffer *body)
{
	struct document *document = calloc(1, sizeof *document);

	if (document == NULL || body->failed) {
		outbox->counts.dropped++;
		buffer_release(body);
		free(document);
		return;
	}
	make_room(outbox);
	document->body = *body;
	buffer_init(body, 0);
	list_append(&outbox->waiting, &document->node);
	outbox->counts.waiting++;
	if (!uv_is_active((uv_handle_t *)&outbox->timer))
		send_next(outbox);
}

struct outbox_counts outbox_counts(const struct outbox *outbox)
{
	return outbox == NULL ? (struct outbox_counts){0, 0, 0} : outbox->counts;
}

/* ---- life ---- */

static bool resolve(struct outbox *outbox, const char *text, char *message, size_t message_size)
{
	char host[HOST_SIZE_MAX];
	struct url url;

	if (!url_read(span_of(text), &url) || url.secure ||
		url.authority.host.size >= sizeof host) {
		snprintf(message, message_size, "%s: %s is not an http:// address", outbox->name,
			text);
		return false;
	}
	snprintf(host, sizeof host, "%.*s", (int)url.authority.host.size, url.authority.host.at);
	outbox->path = strndup(url.path.at, url.path.size);
	if (outbox->path == NULL) {
		snprintf(message, message_size, "%s: there is no memory", outbox->name);
		return false;
	}
	outbox->target =
		upstream_target_new(outbox->upstream, host, url.port, message, message_size);
	return outbox->target != NULL;
}

struct outbox *outbox_open(struct engine *engine, struct upstream *upstream, const char *name,
	const char *url, char *message, size_t message_size)
{
	struct outbox *outbox = calloc(1, sizeof *outbox);

	if (outbox == NULL) {
		snprintf(message, message_size, "%s: there is no memory", name);
		return NULL;
	}
	outbox->upstream = upstream;
	outbox->name = name;
	outbox->engine = engine;
	outbox->backoff_ms = BACKOFF_MS;
	if (!resolve(outbox, url, message, message_size)) {
		free(outbox->path);
		free(outbox);
		return NULL;
	}
	uv_timer_init(engine_loop(engine), &outbox->timer);
	uv_unref((uv_handle_t *)&outbox->timer);
	outbox->timer.data = outbox;
	return outbox;
}

static void on_closed(uv_handle_t *handle)
{
	struct outbox *outbox = handle->data;

	free(outbox->path);
	free(outbox);
}

void outbox_close(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	if (outbox->is_sending)
		upstream_cancel(outbox->upstream, &outbox->call);
	while (outbox->counts.waiting > 0)
		drop_first(outbox);
	upstream_target_free(outbox->target);
	uv_close((uv_handle_t *)&outbox->timer, on_closed);
}

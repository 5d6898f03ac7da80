/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call at a time, of up to BATCH_MAX alerts: order matters, because a level that ended and the
 * one that follows it are two alerts to an Alertmanager, told apart by their label `severity`.
 *
 * What is sent stays in the queue until it is answered. 2xx takes it out; a 4xx but 429 does too,
 * since the same bytes would be refused again; anything else is tried again.
 */
#include "daemon/webhook.h"

#include "base/units.h"
#include "daemon/alertview.h"
#include "daemon/instant.h"
#include "wire/httpwrite.h"
#include "wire/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX        64
#define BODY_SIZE_MAX    (512u << 10)
#define ANSWER_SIZE_MAX  (64u << 10)
#define OVERHEAD_MAX     2048
#define CALL_TIMEOUT_MS  10000
#define PAUSE_FIRST_MS   1000
#define PAUSE_LONGEST_MS 60000
#define VALID_NS         (4 * NS_PER_MIN) /* without hearing of it again it counts as resolved */
#define HOST_SIZE        256
#define PATH_SIZE        1024

struct item {
	struct bal_alert alert;
	uint32_t level;
};

struct webhook {
	struct engine *engine;
	struct upstream *upstream;
	struct upstream_target *target; /* NULL: nobody */
	char url[PATH_SIZE];            /* as configured; "" */
	char path[PATH_SIZE];
	struct item *queue; /* a ring */
	uint32_t first, count;
	uint32_t under_way; /* of these, sent and not answered */
	struct upstream_call call;
	uv_timer_t timer;
	uint64_t pause_ms;
	struct webhook_counts counts;
};

/* ---- the message ---- */

static void put(struct json_writer *writer, const char *key, const char *text)
{
	json_key(writer, key);
	json_put_word(writer, text);
}

/* Labels are what an alert is told apart by: nothing that changes while it goes on. */
static void write_labels(
	struct webhook *webhook, const struct item *item, struct json_writer *writer)
{
	struct engine *engine = webhook->engine;
	char name[ALERTVIEW_NAME_SIZE], alertname[ALERTVIEW_NAME_SIZE];

	snprintf(alertname, sizeof alertname, "ballast_%s", alertview_word(&item->alert));
	alertview_name(engine, item->alert.subject, item->alert.subject_id, name);
	json_key(writer, "labels");
	json_open(writer, '{');
	put(writer, "alertname", alertname);
	put(writer, "severity", bal_alert_level_name((enum bal_alert_level)item->level));
	put(writer, "subject", bal_subject_name((enum bal_subject)item->alert.subject));
	put(writer, "name", name);
	if (item->alert.pool != BAL_NONE) {
		json_key(writer, "pool");
		json_put_text(writer,
			names_text(engine_names(engine), BAL_SYMBOL_POOL, item->alert.pool));
	}
	put(writer, "job", "ballast");
	json_close(writer);
}

static void write_annotations(
	struct webhook *webhook, const struct item *item, struct json_writer *writer)
{
	char line[ALERTVIEW_LINE_SIZE], text[ALERTVIEW_NAME_SIZE];

	json_key(writer, "annotations");
	json_open(writer, '{');
	alertview_line(webhook->engine, &item->alert, line);
	put(writer, "summary", line);
	alertview_doing(webhook->engine, &item->alert, line);
	put(writer, "doing", line);
	alertview_value(&item->alert, item->alert.value, text);
	put(writer, "value", text);
	alertview_value(&item->alert, item->alert.threshold, text);
	put(writer, "threshold", text);
	snprintf(text, sizeof text, "%llu", (unsigned long long)item->alert.id);
	put(writer, "id", text);
	json_close(writer);
}

static void write_item(struct webhook *webhook, const struct item *item, struct json_writer *writer)
{
	struct clock *clock = engine_clock(webhook->engine);
	bool over = item->level != item->alert.level;

	json_open(writer, '{');
	write_labels(webhook, item, writer);
	write_annotations(webhook, item, writer);
	json_key(writer, "startsAt");
	instant_put(writer, clock_to_utc_ns(clock, item->alert.opened_at_ns));
	json_key(writer, "endsAt");
	instant_put(writer, over ? clock_to_utc_ns(clock, item->alert.changed_at_ns)
				 : clock_utc_ns() + VALID_NS);
	json_close(writer);
}

static void write_batch(struct webhook *webhook, struct buffer *body)
{
	struct json_writer writer;

	json_writer_init(&writer, body);
	json_open(&writer, '[');
	for (uint32_t i = 0; i < webhook->under_way; i++)
		write_item(webhook, &webhook->queue[(webhook->first + i) % WEBHOOK_QUEUE_MAX],
			&writer);
	json_close(&writer);
	body->failed = body->failed || !json_writer_done(&writer);
}

/* ---- calls ---- */

static void send_next(struct webhook *webhook);

static void take_out(struct webhook *webhook)
{
	webhook->first = (webhook->first + webhook->under_way) % WEBHOOK_QUEUE_MAX;
	webhook->count -= webhook->under_way;
	webhook->under_way = 0;
}

static void on_timer(uv_timer_t *timer)
{
	send_next(timer->data);
}

static void try_later(struct webhook *webhook, const char *why)
{
	webhook->counts.failed++;
	webhook->under_way = 0;
	if (webhook->pause_ms == 0)
		engine_say(webhook->engine, STORE_SAY_WARNING,
			"alerts cannot be sent to %s: %s; it is tried again", webhook->url, why);
	webhook->pause_ms = webhook->pause_ms == 0 ? PAUSE_FIRST_MS : webhook->pause_ms * 2;
	if (webhook->pause_ms > PAUSE_LONGEST_MS)
		webhook->pause_ms = PAUSE_LONGEST_MS;
	uv_timer_start(&webhook->timer, on_timer, webhook->pause_ms, 0);
}

static void on_done(struct upstream_call *call, enum upstream_end end)
{
	struct webhook *webhook = container_of(call, struct webhook, call);
	bool refused = end == UPSTREAM_ANSWERED && call->status >= 400 && call->status < 500 &&
		       call->status != 429;
	char why[64];

	buffer_release(&call->answer);
	if (end != UPSTREAM_ANSWERED || (call->status >= 300 && !refused)) {
		snprintf(why, sizeof why, "it answered %u", call->status);
		try_later(webhook, end == UPSTREAM_ANSWERED ? why : call->error);
		return;
	}
	if (refused) {
		engine_say(webhook->engine, STORE_SAY_WARNING,
			"%s refused %u alerts with %u: they are dropped", webhook->url,
			webhook->under_way, call->status);
		webhook->counts.lost += webhook->under_way;
	} else {
		webhook->counts.sent += webhook->under_way;
	}
	webhook->pause_ms = 0;
	take_out(webhook);
	send_next(webhook);
}

static void send_next(struct webhook *webhook)
{
	struct upstream_call *call = &webhook->call;
	struct buffer body;

	if (webhook->target == NULL || webhook->under_way > 0 || webhook->count == 0)
		return;
	webhook->under_way = webhook->count < BATCH_MAX ? webhook->count : BATCH_MAX;
	buffer_init(&body, BODY_SIZE_MAX);
	write_batch(webhook, &body);
	*call = (struct upstream_call){.target = webhook->target,
		.method = HTTP_METHOD_POST,
		.answer_size_max = ANSWER_SIZE_MAX,
		.timeout_ms = CALL_TIMEOUT_MS,
		.done = on_done};
	buffer_init(&call->request, body.size + OVERHEAD_MAX);
	http_put_request(&call->request, HTTP_METHOD_POST, span_of(webhook->path),
		upstream_target_host(webhook->target));
	http_put_known(&call->request, HTTP_FIELD_CONTENT_TYPE, SPAN("application/json"));
	http_put_length(&call->request, body.size);
	http_put_end(&call->request);
	buffer_append_span(&call->request, buffer_span(&body));
	if (!body.failed && !call->request.failed) {
		buffer_release(&body);
		upstream_start(webhook->upstream, call);
		return;
	}
	buffer_release(&body);
	buffer_release(&call->request);
	webhook->counts.lost += webhook->under_way;
	take_out(webhook);
}

/* ---- life ---- */

struct webhook *webhook_open(struct engine *engine, struct upstream *upstream)
{
	struct webhook *webhook = calloc(1, sizeof *webhook);

	if (webhook == NULL)
		return NULL;
	webhook->queue = calloc(WEBHOOK_QUEUE_MAX, sizeof *webhook->queue);
	if (webhook->queue == NULL) {
		free(webhook);
		return NULL;
	}
	webhook->engine = engine;
	webhook->upstream = upstream;
	uv_timer_init(engine_loop(engine), &webhook->timer);
	webhook->timer.data = webhook;
	return webhook;
}

/* Nothing is under way any more: the client's calls end with its target. */
static void forget_target(struct webhook *webhook)
{
	if (webhook->under_way > 0)
		upstream_cancel(webhook->upstream, &webhook->call);
	webhook->under_way = 0;
	if (webhook->target != NULL)
		upstream_target_free(webhook->target);
	webhook->target = NULL;
	webhook->url[0] = '\0';
	uv_timer_stop(&webhook->timer);
	webhook->pause_ms = 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct webhook *webhook = handle->data;

	free(webhook->queue);
	free(webhook);
}

void webhook_close(struct webhook *webhook)
{
	if (webhook == NULL)
		return;
	forget_target(webhook);
	uv_close((uv_handle_t *)&webhook->timer, on_closed);
}

bool webhook_configure(
	struct webhook *webhook, const char *text, char *message, size_t message_size)
{
	char host[HOST_SIZE];
	struct url url;

	if (text != NULL && strcmp(text, webhook->url) == 0)
		return true;
	forget_target(webhook);
	webhook->count = 0;
	if (text == NULL)
		return true;
	if (!url_read(span_of(text), &url) || strlen(text) >= sizeof webhook->url) {
		snprintf(message, message_size, "alerts.webhook: %s is not an http:// address",
			text);
		return false;
	}
	snprintf(host, sizeof host, "%.*s", (int)url.authority.host.size, url.authority.host.at);
	snprintf(webhook->path, sizeof webhook->path, "%.*s/api/v2/alerts",
		(int)(url.path.size > 1 ? url.path.size : 0), url.path.at);
	webhook->target =
		upstream_target_new(webhook->upstream, host, url.port, message, message_size);
	if (webhook->target == NULL)
		return false;
	snprintf(webhook->url, sizeof webhook->url, "%s", text);
	return true;
}

bool webhook_is_set(const struct webhook *webhook)
{
	return webhook->target != NULL;
}

/* What waits for longest is the least news; what is under way stays until it is answered. */
static void drop_oldest(struct webhook *webhook)
{
	for (uint32_t i = webhook->under_way; i + 1 < webhook->count; i++)
		webhook->queue[(webhook->first + i) % WEBHOOK_QUEUE_MAX] =
			webhook->queue[(webhook->first + i + 1) % WEBHOOK_QUEUE_MAX];
	webhook->count--;
	webhook->counts.lost++;
}

void webhook_post(struct webhook *webhook, const struct bal_alert *alert, uint32_t level)
{
	if (webhook->target == NULL || level == BAL_ALERT_NONE)
		return;
	if (webhook->count == WEBHOOK_QUEUE_MAX)
		drop_oldest(webhook);
	webhook->queue[(webhook->first + webhook->count++) % WEBHOOK_QUEUE_MAX] =
		(struct item){*alert, level};
	if (webhook->pause_ms == 0)
		send_next(webhook);
}

struct webhook_counts webhook_count(const struct webhook *webhook)
{
	struct webhook_counts counts = webhook->counts;

	counts.waiting = webhook->count;
	return counts;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A fixed set of places, each with one submission at a time; a timer gives idle places the tasks
 * whose time has come.  A place that must try again waits with its task. */
#include "cli/feed.h"

#include "wire/httpwrite.h"
#include "wire/json.h"
#include "wire/jsonwrite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_MS       2
#define REQUEST_MAX   65536
#define ID_DIGITS_MAX UINT64_MAX

struct place {
	struct upstream_call call;
	struct feed *feed;
	uint32_t index; /* of the task */
	bool busy;
	bool calling;
	uint64_t retry_at_ms; /* while busy and not calling */
	int64_t sent_at_ns;
};

struct feed {
	struct feed_options options;
	struct feed_counts counts;
	struct place places[FEED_FLIGHT_MAX];
	uv_timer_t timer;
	uint32_t next;
	uint64_t started_ms;
	int64_t name; /* part of the keys: another demo's are others */
};

static int64_t utc_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void build_body(const struct feed *feed, uint32_t index, struct buffer *body)
{
	const struct parade_task *task = &feed->options.parade->tasks[index];
	struct json_writer writer;

	json_writer_init(&writer, body);
	json_open(&writer, '{');
	json_key(&writer, "kind");
	json_put_word(&writer, feed->options.kinds[task->pool]);
	json_key(&writer, "payload");
	json_open(&writer, '{');
	json_key(&writer, "hold_ms");
	json_put_signed(&writer, (int64_t)((double)task->work_ns / 1e6 / feed->options.speed) + 1);
	json_key(&writer, "tokens");
	json_put_unsigned(&writer, task->tokens);
	json_close(&writer);
	json_close(&writer);
}

static void on_done(struct upstream_call *call, enum upstream_end end);

static void send_task(struct place *place)
{
	struct feed *feed = place->feed;
	struct buffer *request = &place->call.request;
	struct buffer body;
	char key[64];

	buffer_init(&body, REQUEST_MAX);
	build_body(feed, place->index, &body);
	snprintf(key, sizeof key, "demo-%" PRId64 "-%" PRIu32, feed->name, place->index);
	buffer_init(request, REQUEST_MAX);
	http_put_request(request, HTTP_METHOD_POST, SPAN("/v1/tasks"),
		upstream_target_host(feed->options.target));
	http_put_known(request, HTTP_FIELD_CONTENT_TYPE, SPAN("application/json"));
	http_put_known(request, HTTP_FIELD_IDEMPOTENCY_KEY, span_of(key));
	http_put_length(request, body.size);
	http_put_end(request);
	buffer_append_span(request, buffer_span(&body));
	buffer_release(&body);
	place->call.target = feed->options.target;
	place->call.method = HTTP_METHOD_POST;
	place->call.answer_size_max = FEED_ANSWER_MAX;
	place->call.timeout_ms = FEED_TIMEOUT_MS;
	place->call.done = on_done;
	place->calling = true;
	upstream_start(feed->options.upstream, &place->call);
}

/* The id in the answer; 0 when there is none. */
static uint64_t read_id(struct span answer)
{
	struct json json = {NULL, NULL};
	struct json_error error;
	uint64_t id = 0;

	if (json_read(&json, answer, FEED_ANSWER_MAX, &error))
		(void)span_number(json_text(yyjson_obj_get(json.root, "id")), ID_DIGITS_MAX, &id);
	json_release(&json);
	return id;
}

static void refuse(struct feed *feed, const struct upstream_call *call)
{
	feed->counts.refused++;
	snprintf(feed->counts.error, sizeof feed->counts.error, "%u: %.*s", call->status,
		call->answer.size > 200 ? 200 : (int)call->answer.size,
		call->answer.size == 0 ? "" : call->answer.bytes);
}

static void on_done(struct upstream_call *call, enum upstream_end end)
{
	struct place *place = container_of(call, struct place, call);
	struct feed *feed = place->feed;
	uint64_t id = 0;

	place->calling = false;
	if (end == UPSTREAM_ANSWERED && (call->status == 200 || call->status == 202))
		id = read_id(buffer_span(&call->answer));
	if (id != 0) {
		feed->counts.accepted++;
		feed->options.accepted(feed->options.context, id, place->sent_at_ns);
		place->busy = false;
	} else if (end == UPSTREAM_ANSWERED && call->status != 429 && call->status != 503) {
		refuse(feed, call);
		place->busy = false;
	} else {
		feed->counts.repeated++;
		place->retry_at_ms = uv_now(feed->options.loop) + FEED_RETRY_MS;
	}
	buffer_release(&call->answer);
}

/* Gives the place the next task if its time has come. */
static void give_task(struct feed *feed, struct place *place, int64_t played_ns)
{
	const struct parade *parade = feed->options.parade;

	if (feed->next >= parade->count || parade->tasks[feed->next].at_ns > played_ns)
		return;
	place->index = feed->next++;
	place->busy = true;
	place->sent_at_ns = utc_ns();
	send_task(place);
}

static void on_tick(uv_timer_t *timer)
{
	struct feed *feed = timer->data;
	uint64_t now_ms = uv_now(feed->options.loop);
	int64_t played_ns =
		(int64_t)((double)(now_ms - feed->started_ms) * 1e6 * feed->options.speed);

	for (uint32_t i = 0; i < FEED_FLIGHT_MAX; i++) {
		struct place *place = &feed->places[i];

		if (!place->busy)
			give_task(feed, place, played_ns);
		else if (!place->calling && place->retry_at_ms <= now_ms)
			send_task(place);
	}
}

struct feed *feed_open(const struct feed_options *options)
{
	struct feed *feed = calloc(1, sizeof *feed);

	if (feed == NULL)
		return NULL;
	feed->options = *options;
	feed->name = utc_ns();
	for (uint32_t i = 0; i < FEED_FLIGHT_MAX; i++)
		feed->places[i].feed = feed;
	uv_timer_init(options->loop, &feed->timer);
	feed->timer.data = feed;
	return feed;
}

void feed_start(struct feed *feed)
{
	uv_update_time(feed->options.loop);
	feed->started_ms = uv_now(feed->options.loop);
	uv_timer_start(&feed->timer, on_tick, 0, TICK_MS);
}

bool feed_done(const struct feed *feed)
{
	return feed->counts.accepted + feed->counts.refused == feed->options.parade->count;
}

void feed_count(const struct feed *feed, struct feed_counts *counts)
{
	*counts = feed->counts;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void feed_close(struct feed *feed)
{
	if (feed == NULL)
		return;
	for (uint32_t i = 0; i < FEED_FLIGHT_MAX; i++)
		if (feed->places[i].calling)
			upstream_cancel(feed->options.upstream, &feed->places[i].call);
	uv_close((uv_handle_t *)&feed->timer, on_closed);
}

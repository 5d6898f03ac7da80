/* SPDX-License-Identifier: Apache-2.0 */
/* The ring holds numbers, not text: text is made only for those who listen, so that a daemon to
 * which nobody listens pays a copy of some sixty bytes per event.  Names are looked up when the
 * text is made; a name never changes, an agent that is gone is shown by its id alone.
 *
 * Listeners are written to from inside the engine's work; the bytes leave from the loop. */
#include "daemon/events.h"

#include "base/units.h"
#include "daemon/alertview.h"
#include "daemon/conn.h"
#include "daemon/forecasts.h"
#include "daemon/instant.h"
#include "daemon/resizeview.h"
#include "wire/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH_BITS     40 /* below: a count that no life of a daemon uses up */
#define EVENT_SIZE_MAX 4096
#define ALIVE_NS       (15 * NS_PER_S)
#define TYPE_SIZE_MAX  64
#define SCORE_NONE     UINT16_MAX

/* What is kept of an effect. */
struct event_record {
	int64_t at_utc_ns;
	uint64_t task;
	uint64_t agent;
	uint64_t order;
	uint32_t pool;
	uint32_t kind;
	uint32_t attempt;
	uint32_t count;
	uint8_t type; /* enum bal_effect_type */
	uint8_t state;
	uint8_t reason;
	bool anomalous; /* of a FORECAST: see bal_unrest */
	uint16_t score; /* likewise, in thousandths; SCORE_NONE */
};

struct listener {
	struct list_node node;
	struct request *request;
	uint64_t task;            /* 0: all */
	char type[TYPE_SIZE_MAX]; /* "task.dispatched", or "task" for all of them; "": all */
};

struct events {
	struct engine *engine;
	struct engine_watcher watcher;
	struct event_record *records;
	uint64_t count; /* ever */
	uint64_t base;  /* ids are base + 1 .. base + count */
	struct list listeners;
	int64_t alive_at_ns;
};

/* ---- records to text ---- */

static const char *name_of_alert(const struct event_record *record)
{
	if (record->count == BAL_ALERT_NONE)
		return "alert.cleared";
	return record->reason == BAL_REASON_ALERT_OPENED ? "alert.opened" : "alert.changed";
}

/* The name of an event; NULL for effects that say nothing new to anybody. */
static const char *name_of(const struct event_record *record)
{
	switch ((enum bal_effect_type)record->type) {
	case BAL_EFFECT_ACCEPT:
		return "task.accepted";
	case BAL_EFFECT_REFUSE:
		return "task.refused";
	case BAL_EFFECT_DISPATCH:
		return "task.dispatched";
	case BAL_EFFECT_RESCIND:
		return "task.rescinded";
	case BAL_EFFECT_HAND_BACK:
		return "task.asked_back";
	case BAL_EFFECT_REQUEUE:
		return "task.requeued";
	case BAL_EFFECT_COMPLETE:
		return "task.ended";
	case BAL_EFFECT_SCALE:
		return "pool.scaled";
	case BAL_EFFECT_RESIZE:
		return record->count + record->attempt > 0 ? "agent.resized" : "agent.advised";
	case BAL_EFFECT_DRAIN:
		return "agent.draining";
	case BAL_EFFECT_UNDRAIN:
		return "agent.undrained";
	case BAL_EFFECT_END:
		return "agent.ending";
	case BAL_EFFECT_PROBE:
		return "agent.probed";
	case BAL_EFFECT_FORECAST:
		return "forecast.updated";
	case BAL_EFFECT_ALERT:
		return name_of_alert(record);
	case BAL_EFFECT_RECOVERY:
		return record->reason == BAL_REASON_OBJECTIVE_BROKEN ? "recovery.begun"
								     : "recovery.ended";
	case BAL_EFFECT_ORDER:
		return record->reason == BAL_REASON_ORDER_HELD ? "order.held" : "order.closed";
	default:
		return NULL;
	}
}

static void put_name(struct events *events, struct json_writer *writer, const char *key,
	enum bal_symbol_space space, uint32_t number)
{
	if (number == BAL_NONE)
		return;
	json_key(writer, key);
	json_put_text(writer, names_text(engine_names(events->engine), space, number));
}

static void put_id(struct json_writer *writer, const char *key, uint64_t id)
{
	if (id == 0)
		return;
	json_key(writer, key);
	json_put_id(writer, id);
}

static void put_agent(
	struct events *events, struct json_writer *writer, const struct event_record *record)
{
	const struct roster_agent *agent =
		record->agent == 0 ? NULL
				   : roster_find(engine_roster(events->engine), record->agent);

	put_id(writer, "agent_id", record->agent);
	if (agent == NULL)
		return;
	json_key(writer, "agent");
	json_put_word(writer, agent->name);
}

static void put_score(struct json_writer *writer, const struct event_record *record)
{
	json_key(writer, "anomaly_score");
	json_put_decimal(writer, record->score, 3);
	json_key(writer, "anomalous");
	json_put_bool(writer, record->anomalous);
}

/* What a new forecast is about, and how unusual its series is at that time. */
static void take_forecast(
	struct events *events, const struct bal_effect *effect, struct event_record *record)
{
	struct bal_unrest unrest;

	/* The store has no number of its own. */
	record->kind = forecasts_series_of_kind(effect->attempt) ? effect->count : BAL_NONE;
	record->pool = forecasts_series_of_pool(effect->attempt) ? effect->count : BAL_NONE;
	record->score = SCORE_NONE;
	if (!bal_series_unrest(engine_core(events->engine), effect->count,
		    (enum bal_series)effect->attempt, &unrest))
		return;
	record->score = (uint16_t)(unrest.score * 1000.0 + 0.5);
	record->anomalous = unrest.anomalous;
}

/* What the agent had and is to have, as it was decided. */
static void put_resize(struct events *events, struct json_writer *writer, uint64_t order)
{
	struct bal_resize resize;

	if (bal_resize_find(engine_core(events->engine), order, &resize))
		resizeview_put(writer, &resize);
}

static void write_data(
	struct events *events, const struct event_record *record, struct buffer *data)
{
	struct json_writer writer;

	json_writer_init(&writer, data);
	json_open(&writer, '{');
	json_key(&writer, "at");
	instant_put(&writer, record->at_utc_ns);
	put_id(&writer, "task", record->task);
	put_name(events, &writer, "kind", BAL_SYMBOL_KIND, record->kind);
	if (record->type == BAL_EFFECT_FORECAST) {
		put_name(events, &writer, "pool", BAL_SYMBOL_POOL, record->pool);
		json_key(&writer, "series");
		json_put_word(&writer, forecasts_series_name(record->attempt));
		if (record->score != SCORE_NONE)
			put_score(&writer, record);
		json_close(&writer);
		return;
	}
	if (record->type == BAL_EFFECT_RESIZE)
		put_resize(events, &writer, record->order);
	else if (record->attempt > 0) {
		json_key(&writer, "attempt");
		json_put_unsigned(&writer, record->attempt);
	}
	put_name(events, &writer, "pool", BAL_SYMBOL_POOL, record->pool);
	put_agent(events, &writer, record);
	put_id(&writer, "order", record->order);
	if (record->type == BAL_EFFECT_SCALE) {
		json_key(&writer, "count");
		json_put_unsigned(&writer, record->count);
	}
	if (record->type == BAL_EFFECT_COMPLETE) {
		json_key(&writer, "state");
		json_put_word(&writer, bal_task_state_name((enum bal_task_state)record->state));
	}
	if (record->reason != BAL_REASON_NONE) {
		json_key(&writer, "reason");
		json_put_word(&writer, bal_reason_name((enum bal_reason)record->reason));
	}
	json_close(&writer);
}

/* An alert or recovery as it is when the text is made: a later event says what is newer. False when
 * it is about something else, or nobody remembers it. */
static bool write_watched(
	struct events *events, const struct event_record *record, struct buffer *data)
{
	struct bal_core *core = engine_core(events->engine);
	struct bal_recovery recovery;
	struct json_writer writer;
	struct bal_alert alert;

	json_writer_init(&writer, data);
	if (record->type == BAL_EFFECT_ALERT && bal_alert_find(core, record->order, &alert)) {
		alertview_write(events->engine, &alert, NULL, &writer);
		return true;
	}
	if (record->type == BAL_EFFECT_RECOVERY &&
		bal_recovery_find(core, record->order, &recovery)) {
		alertview_write_recovery(events->engine, &recovery, &writer);
		return true;
	}
	return false;
}

static void write_event(struct events *events, uint64_t number, struct buffer *text)
{
	const struct event_record *record = &events->records[number % EVENTS_KEPT_MAX];
	char memory[EVENT_SIZE_MAX];
	struct buffer data;

	buffer_init_fixed(&data, memory, sizeof memory);
	if (!write_watched(events, record, &data))
		write_data(events, record, &data);
	if (!data.failed)
		sse_put_event(text, events->base + number + 1, name_of(record), buffer_span(&data));
}

/* ---- listeners ---- */

static bool wants(const struct listener *listener, const struct event_record *record)
{
	const char *name = name_of(record);
	size_t size = strlen(listener->type);

	if (listener->task != 0 && listener->task != record->task)
		return false;
	return size == 0 || (strncmp(name, listener->type, size) == 0 &&
				    (name[size] == '\0' || name[size] == '.'));
}

static void tell(struct events *events, uint64_t number)
{
	const struct event_record *record = &events->records[number % EVENTS_KEPT_MAX];
	struct list_node *node = events->listeners.first;
	char memory[EVENT_SIZE_MAX * 2];
	struct buffer text;

	buffer_init_fixed(&text, memory, sizeof memory);
	while (node != NULL) {
		struct listener *listener = container_of(node, struct listener, node);

		node = list_next(node);
		if (!wants(listener, record))
			continue;
		if (text.size == 0)
			write_event(events, number, &text);
		request_stream_add(listener->request, buffer_span(&text));
	}
}

static void on_effect(
	struct engine_watcher *watcher, const struct bal_effect *effect, struct job *job)
{
	struct events *events = container_of(watcher, struct events, watcher);
	struct event_record record = {.at_utc_ns = clock_utc_ns(),
		.task = effect->task,
		.agent = effect->agent,
		.order = effect->order,
		.pool = BAL_NONE,
		.kind = job == NULL ? BAL_NONE : job->kind,
		.attempt = effect->attempt,
		.count = effect->count,
		.type = (uint8_t)effect->type,
		.state = (uint8_t)effect->state,
		.reason = (uint8_t)effect->reason};
	bool about_agent = effect->agent != 0 || effect->type == BAL_EFFECT_SCALE ||
			   effect->type == BAL_EFFECT_ORDER;

	if (name_of(&record) == NULL)
		return;
	if (about_agent)
		record.pool = effect->pool;
	if (effect->type == BAL_EFFECT_FORECAST)
		take_forecast(events, effect, &record);
	events->records[events->count % EVENTS_KEPT_MAX] = record;
	tell(events, events->count++);
}

/* ---- life ---- */

struct events *events_open(struct engine *engine)
{
	struct events *events = calloc(1, sizeof *events);

	if (events == NULL)
		return NULL;
	/* Pages of it become real as events come. */
	events->records = calloc(EVENTS_KEPT_MAX, sizeof *events->records);
	if (events->records == NULL) {
		free(events);
		return NULL;
	}
	events->engine = engine;
	events->base = (uint64_t)engine_epoch(engine) << EPOCH_BITS;
	events->watcher.effect = on_effect;
	engine_watch(engine, &events->watcher);
	return events;
}

void events_close(struct events *events)
{
	if (events == NULL)
		return;
	engine_unwatch(events->engine, &events->watcher);
	free(events->records);
	free(events);
}

void events_tick(struct events *events, int64_t now_ns)
{
	struct list_node *node = events->listeners.first;

	if (now_ns - events->alive_at_ns < ALIVE_NS)
		return;
	events->alive_at_ns = now_ns;
	while (node != NULL) {
		struct listener *listener = container_of(node, struct listener, node);

		node = list_next(node);
		request_stream_add(listener->request, SPAN(": alive\n\n"));
	}
}

/* ---- GET /v1/events ---- */

static void on_abandoned(struct request *request)
{
	struct listener *listener = request->self;

	list_remove(&request->server->events->listeners, &listener->node);
	free(listener);
}

/* What the client missed since the event with this id. */
static void replay(struct events *events, struct listener *listener, uint64_t last)
{
	uint64_t first = events->count > EVENTS_KEPT_MAX ? events->count - EVENTS_KEPT_MAX : 0;
	uint64_t number = last > events->base ? last - events->base : 0;
	struct buffer text;

	if (number > events->count)
		number = events->count;
	buffer_init(&text, CONN_STREAM_MAX);
	if (number < first || last < events->base) {
		sse_put_event(&text, 0, "events.lost", SPAN("{}"));
		number = number < first ? first : number;
	}
	for (; number < events->count; number++)
		if (wants(listener, &events->records[number % EVENTS_KEPT_MAX]))
			write_event(events, number, &text);
	if (text.size > 0)
		request_stream_add(listener->request, buffer_span(&text));
	buffer_release(&text);
}

void api_event_stream(struct request *request)
{
	struct url_parameter parameters[] = {{.name = "task"}, {.name = "type"}};
	struct span last_text = http_field_get(request->head, HTTP_FIELD_LAST_EVENT_ID);
	struct events *events = request->server->events;
	char memory[REQUEST_QUERY_SIZE];
	struct listener *listener;
	uint64_t last = 0, task = 0;

	if (!request_query(request, parameters, 2, memory) ||
		!request_query_number(request, &parameters[0], INT64_MAX, &task))
		return;
	if (parameters[1].value.size >= TYPE_SIZE_MAX ||
		(last_text.at != NULL && !span_number(last_text, UINT64_MAX, &last))) {
		request_problem(request, 400, "query",
			"expected ?type= of an event, and Last-Event-ID as it was given");
		return;
	}
	listener =
		request->head->head.method == HTTP_METHOD_HEAD ? NULL : calloc(1, sizeof *listener);
	if (listener == NULL) {
		request_problem(request, 503, "memory", "no stream can be given");
		return;
	}
	listener->request = request;
	listener->task = task;
	snprintf(listener->type, sizeof listener->type, "%.*s", (int)parameters[1].value.size,
		parameters[1].value.at == NULL ? "" : parameters[1].value.at);
	list_append(&events->listeners, &listener->node);
	request->self = listener;
	request->abandoned = on_abandoned;
	request->lasting = true;
	request_park(request, INT64_MAX);
	request_stream_begin(request, SSE_CONTENT_TYPE);
	request_stream_add(request, SPAN(": ballast\n\n"));
	if (last_text.at != NULL)
		replay(events, listener, last);
}

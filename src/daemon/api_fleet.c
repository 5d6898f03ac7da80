/* SPDX-License-Identifier: Apache-2.0 */
/* Agents and pools: what is there, and what an operator may ask for. */
#include "daemon/request.h"

#include "base/checksum.h"
#include "base/units.h"
#include "daemon/derived.h"
#include "daemon/instant.h"
#include "daemon/orderview.h"
#include "daemon/resizeview.h"
#include "wire/nearest.h"
#include "wire/url.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LIST_SIZE_MAX (32u << 20)
#define ONE_SIZE_MAX  (64u << 10)
#define AGENTS_MAX    10000
#define LATER_MAX_NS  (366 * NS_PER_DAY)

static void put_seconds(struct json_writer *writer, const char *key, int64_t ns)
{
	json_key(writer, key);
	json_put_decimal(writer, ns / NS_PER_US, 6);
}

static void put_count(struct json_writer *writer, const char *key, uint64_t count)
{
	json_key(writer, key);
	json_put_unsigned(writer, count);
}

/* ---- agents ---- */

/* Share of the slots' time that was spent on tasks since it came up, in permille. */
static int64_t utilisation(const struct bal_agent_view *view, int64_t now_ns)
{
	int64_t up_ms = (now_ns - view->up_at_ns) / NS_PER_MS;

	if (up_ms <= 0 || view->slots == 0)
		return 0;
	return view->busy_ns / NS_PER_US / up_ms / view->slots;
}

static void put_signals(struct json_writer *writer, const struct roster_agent *agent)
{
	if (agent->reported_clamped > 0)
		put_count(writer, "reported_clamped", agent->reported_clamped);
	if (agent->reported_refused > 0)
		put_count(writer, "reported_refused", agent->reported_refused);
	for (uint32_t i = 0; i < BAL_SIGNAL_AGENT_COUNT; i++) {
		if (agent->signals[i] < 0)
			continue;
		json_key(writer, bal_signal_name((enum bal_signal)i));
		json_put_decimal(
			writer, agent->signals[i], i <= BAL_SIGNAL_MEMORY_PERMILLE ? 3 : 0);
	}
}

static void write_agent(struct engine *engine, const struct roster_agent *agent,
	const struct bal_agent_view *view, struct json_writer *writer)
{
	struct clock *clock = engine_clock(engine);

	json_open(writer, '{');
	json_key(writer, "id");
	json_put_id(writer, agent->id);
	json_key(writer, "name");
	json_put_word(writer, agent->name);
	json_key(writer, "pool");
	json_put_text(writer, names_text(engine_names(engine), BAL_SYMBOL_POOL, agent->pool));
	json_key(writer, "kind");
	json_put_word(writer, bal_pool_kind_name((enum bal_pool_kind)agent->pool_kind));
	json_key(writer, "state");
	json_put_word(writer, bal_agent_state_name(view->state));
	if (agent->address[0] != '\0') {
		json_key(writer, "address");
		json_put_word(writer, agent->address);
	}
	if (agent->pid != 0) {
		json_key(writer, "pid");
		json_put_signed(writer, agent->pid);
	}
	put_count(writer, "slots", view->slots);
	put_count(writer, "running", view->running);
	json_key(writer, "up_at");
	instant_put(writer, clock_to_utc_ns(clock, view->up_at_ns));
	put_seconds(writer, "up_seconds", clock_core_ns(clock) - view->up_at_ns);
	put_count(writer, "finished", view->finished_count);
	put_count(writer, "failed", view->failed_count);
	put_seconds(writer, "busy_seconds", view->busy_ns);
	json_key(writer, "utilisation");
	json_put_decimal(writer, utilisation(view, clock_core_ns(clock)), 3);
	derived_put_agent(engine, view, writer);
	put_signals(writer, agent);
	resizeview_agent(engine, writer, agent->id);
	json_close(writer);
}

static bool agent_passes(struct engine *engine, const struct roster_agent *agent,
	const struct bal_agent_view *view, const struct url_parameter *parameters)
{
	struct span pool = names_text(engine_names(engine), BAL_SYMBOL_POOL, agent->pool);
	struct span state = span_of(bal_agent_state_name(view->state));

	return (parameters[0].value.at == NULL || span_equal(pool, parameters[0].value)) &&
	       (parameters[1].value.at == NULL || span_equal(state, parameters[1].value));
}

void api_agent_list(struct request *request)
{
	struct url_parameter parameters[] = {{.name = "pool"}, {.name = "state"}};
	struct engine *engine = request->engine;
	char memory[REQUEST_QUERY_SIZE];
	struct json_writer writer;
	struct bal_agent_view view;
	struct roster_agent *agent;
	struct buffer body;

	if (!request_query(request, parameters, 2, memory))
		return;
	buffer_init(&body, LIST_SIZE_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "agents");
	json_open(&writer, '[');
	for (agent = roster_first(engine_roster(engine)); agent != NULL; agent = roster_next(agent))
		if (bal_agent_view(engine_core(engine), agent->id, &view) &&
			agent_passes(engine, agent, &view, parameters))
			write_agent(engine, agent, &view, &writer);
	json_close(&writer);
	json_close(&writer);
	request_answer_json(request, 200, &body);
}

void api_agent_get(struct request *request)
{
	struct bal_agent_view view;
	struct roster_agent *agent = request_agent(request, &view);
	struct json_writer writer;
	struct buffer body;

	if (agent == NULL || !request_query(request, NULL, 0, NULL))
		return;
	buffer_init(&body, ONE_SIZE_MAX);
	json_writer_init(&writer, &body);
	write_agent(request->engine, agent, &view, &writer);
	request_answer_json(request, 200, &body);
}

struct drain_form {
	bool back;
};

void api_agent_drain(struct request *request)
{
	static const struct json_field fields[] = {
		{"back", JSON_BOOL, false, 0, 0, offsetof(struct drain_form, back)}};
	struct drain_form form = {.back = false};
	struct bal_agent_view view;
	struct roster_agent *agent = request_agent(request, &view);
	struct bal_event event = {.type = BAL_EVENT_AGENT_DRAINED};
	struct json json;
	enum bal_status status;
	uint64_t id;

	if (agent == NULL || !request_query(request, NULL, 0, NULL) ||
		!request_read(request, &json, fields, 1, &form))
		return;
	json_release(&json);
	id = agent->id;
	event.drain = (struct bal_event_drain){.agent = id, .back = form.back};
	status = engine_event(request->engine, &event);
	/* An idle agent may be gone already. */
	agent = roster_find(engine_roster(request->engine), id);
	if (status != BAL_OK)
		request_status(request, status, form.back ? "take back" : "drain");
	else if (agent == NULL)
		request_answer(request, 204, NULL, SPAN(""), NULL);
	else
		api_agent_get(request);
}

struct add_form {
	struct span id;
	struct span url;
};

/* Agents come from where somebody who may write the configuration said so: a client that could add
 * one could have tasks, and requests of this machine, sent anywhere. */
void api_agent_add(struct request *request)
{
	static const struct json_field fields[] = {
		{"id", JSON_TEXT, true, 1, 128, offsetof(struct add_form, id)},
		{"url", JSON_TEXT, true, 1, 2048, offsetof(struct add_form, url)}};
	struct add_form form = {.id = {NULL, 0}};
	struct json json;
	struct url url;

	if (!request_read(request, &json, fields, 2, &form))
		return;
	if (!config_name_valid(form.id) || form.id.at[0] == '.' || form.id.at[0] == '-')
		request_problem(request, 422, "field",
			"\"id\": expected letters, digits, '.', '_' and '-', not first a sign");
	else if (!url_read(form.url, &url))
		request_problem(request, 422, "field", "\"url\": expected http://HOST[:PORT]");
	else
		request_problem(request, 403, "configured-only",
			"agents are added in the configuration (urls, run, command), or ask for "
			"work with POST /v1/lease");
	json_release(&json);
}

/* ---- pools ---- */

static void write_config(const struct config_pool *config, struct json_writer *writer)
{
	json_key(writer, "type");
	json_put_word(writer, bal_pool_kind_name((enum bal_pool_kind)config->kind));
	json_key(writer, "kinds");
	json_open(writer, '[');
	for (uint32_t i = 0; i < config->kinds.count; i++)
		json_put_word(writer, config->kinds.items[i]);
	json_close(writer);
	json_key(writer, "offers");
	json_open(writer, '[');
	for (uint32_t i = 0; i < config->offers.count; i++)
		json_put_word(writer, config->offers.items[i]);
	json_close(writer);
	put_count(writer, "slots_each", (uint64_t)config->slots);
	if (config->agents_max >= 0) {
		put_count(writer, "min", (uint64_t)config->agents_min);
		put_count(writer, "max", (uint64_t)config->agents_max);
	}
	if (config->kind == BAL_POOL_PROCESS) {
		put_count(writer, "baseline", (uint64_t)config->agents_baseline);
		json_key(writer, "strategy");
		json_put_word(writer, bal_strategy_name((enum bal_strategy)config->scale.strategy));
	}
}

static void write_paused(const struct bal_pool_view *view, struct json_writer *writer)
{
	json_key(writer, "paused");
	json_open(writer, '{');
	json_key(writer, "dispatch");
	json_put_bool(writer, view->paused_dispatch);
	json_key(writer, "out");
	json_put_bool(writer, view->paused_scale_out);
	json_key(writer, "in");
	json_put_bool(writer, view->paused_scale_in);
	json_close(writer);
}

static void write_pool(struct engine *engine, uint32_t pool, const struct bal_pool_view *view,
	bool curve, struct json_writer *writer)
{
	const struct config_pool *config = engine_pool_config(engine, pool);

	json_open(writer, '{');
	json_key(writer, "name");
	json_put_text(writer, names_text(engine_names(engine), BAL_SYMBOL_POOL, pool));
	if (config != NULL)
		write_config(config, writer);
	json_key(writer, "agents");
	json_open(writer, '{');
	for (uint32_t i = BAL_AGENT_STARTING; i < BAL_AGENT_GONE; i++)
		put_count(writer, bal_agent_state_name((enum bal_agent_state)i), view->agents[i]);
	put_count(writer, "ordered", view->ordered);
	json_close(writer);
	put_count(writer, "slots", view->slots_ready);
	put_count(writer, "running", view->running);
	put_count(writer, "waiting", view->waiting);
	json_key(writer, "load");
	if (view->load_permille == UINT32_MAX)
		json_put_null(writer);
	else
		json_put_decimal(writer, view->load_permille, 3);
	put_seconds(writer, "oldest_wait_seconds", view->oldest_wait_ns);
	put_seconds(writer, "service_seconds", view->service_ns);
	derived_put_pool(engine, pool, config == NULL ? 0 : (uint32_t)config->slots, curve, writer);
	write_paused(view, writer);
	json_key(writer, "hold");
	json_put_word(writer, bal_reason_name(view->hold));
	json_key(writer, "scaling");
	json_put_word(writer, bal_reason_text(view->hold));
	json_key(writer, "last_order");
	json_put_id(writer, view->order_last);
	if (config != NULL && config->kind == BAL_POOL_PROCESS)
		resizeview_pool(engine, writer, pool);
	json_close(writer);
}

void api_pool_list(struct request *request)
{
	struct engine *engine = request->engine;
	uint32_t count = names_count(engine_names(engine), BAL_SYMBOL_POOL);
	struct bal_pool_view view;
	struct json_writer writer;
	struct buffer body;

	if (!request_query(request, NULL, 0, NULL))
		return;
	buffer_init(&body, LIST_SIZE_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "pools");
	json_open(&writer, '[');
	for (uint32_t i = 0; i < count; i++)
		if (bal_pool_view(engine_core(engine), i, &view))
			write_pool(engine, i, &view, false, &writer);
	json_close(&writer);
	json_close(&writer);
	request_answer_json(request, 200, &body);
}

/* The pool that the path names; BAL_NONE after answering 404. */
static uint32_t find_pool(struct request *request, struct bal_pool_view *view)
{
	const struct config *config = engine_config(request->engine);
	uint32_t pool =
		names_find(engine_names(request->engine), BAL_SYMBOL_POOL, request->segments[0]);
	struct nearest nearest;

	if (pool != BAL_NONE && bal_pool_view(engine_core(request->engine), pool, view))
		return pool;
	nearest_init(&nearest, request->segments[0]);
	for (uint32_t i = 0; i < config->pools.count; i++)
		nearest_offer(&nearest, config->pools.items[i].name);
	if (nearest.best != NULL)
		request_problem(request, 404, "unknown",
			"there is no pool of this name; did you mean \"%s\"?", nearest.best);
	else
		request_problem(request, 404, "unknown", "there is no pool of this name");
	return BAL_NONE;
}

static void answer_pool(struct request *request, uint32_t pool)
{
	struct bal_pool_view view;
	struct json_writer writer;
	struct buffer body;

	buffer_init(&body, ONE_SIZE_MAX);
	json_writer_init(&writer, &body);
	bal_pool_view(engine_core(request->engine), pool, &view);
	write_pool(request->engine, pool, &view, true, &writer);
	request_answer_json(request, 200, &body);
}

void api_pool_get(struct request *request)
{
	struct bal_pool_view view;
	uint32_t pool = find_pool(request, &view);

	if (pool != BAL_NONE && request_query(request, NULL, 0, NULL))
		answer_pool(request, pool);
}

struct scale_form {
	int64_t agents;
	int64_t in_ns; /* 0 = not said */
	int64_t for_ns;
	struct span at;
	struct span when;
	struct span key;
};

/* Fills in when the order is due; false after answering that it makes no sense. */
static bool fill_timing(
	struct request *request, const struct scale_form *form, struct bal_event_order *order)
{
	struct clock *clock = engine_clock(request->engine);
	int64_t now_ns = clock_core_ns(clock), utc_ns;
	bool at = form->at.at != NULL, in = form->in_ns > 0, when = form->when.at != NULL;

	order->expires_at_ns = BAL_NEVER_NS;
	if (at + in + when > 1 || (form->for_ns > 0 && !when)) {
		request_problem(request, 422, "field",
			"one of \"at\", \"in\" and \"when\" says when; \"for\" goes with \"when\"");
		return false;
	}
	if (when && !orderview_read_condition(form->when, &order->condition, &order->threshold)) {
		request_problem(request, 422, "field",
			"\"when\": expected load>0.8, load<30%%, waiting>20 or waiting<5");
		return false;
	}
	if (at && !instant_read(form->at, &utc_ns)) {
		request_problem(request, 422, "field",
			"\"at\": expected an instant such as 2026-11-23T13:20:46Z");
		return false;
	}
	if (when)
		order->timing = BAL_TIMING_CONDITIONAL;
	else if (at || in)
		order->timing = BAL_TIMING_SCHEDULED;
	if (at || in)
		order->at_ns = at ? clock_to_core_ns(clock, utc_ns) : now_ns + form->in_ns;
	if (form->for_ns > 0)
		order->expires_at_ns = now_ns + form->for_ns;
	return true;
}

/* What came of the order: it waits, it was skipped, or the pool is on its way. */
static void answer_scaled(struct request *request, const struct bal_event_order *order)
{
	struct bal_core *core = engine_core(request->engine);
	uint64_t id = bal_order_by_key(core, order->key);
	struct bal_order given;
	struct bal_held held;
	struct json_writer writer;
	struct buffer body;

	for (uint32_t i = 0; i < BAL_HELD_MAX; i++) {
		if (!bal_held_at(core, i, &held) || held.id != id)
			continue;
		buffer_init(&body, ONE_SIZE_MAX);
		json_writer_init(&writer, &body);
		orderview_write_held(request->engine, &held, &writer);
		request_answer_json(request, 202, &body);
		return;
	}
	if (bal_order_find(core, id, &given) && given.state == BAL_ORDER_IS_SKIPPED &&
		given.remark != BAL_REASON_SKIP_ENOUGH)
		request_problem(request, 409, "skipped", "the order was skipped: %s",
			bal_reason_text((enum bal_reason)given.remark));
	else
		answer_pool(request, order->pool);
}

void api_pool_scale(struct request *request)
{
	static const struct json_field fields[] = {
		{"agents", JSON_INTEGER, true, 0, AGENTS_MAX, offsetof(struct scale_form, agents)},
		{"at", JSON_TEXT, false, 1, 64, offsetof(struct scale_form, at)},
		{"in", JSON_DURATION, false, 1, LATER_MAX_NS, offsetof(struct scale_form, in_ns)},
		{"when", JSON_TEXT, false, 1, 64, offsetof(struct scale_form, when)},
		{"for", JSON_DURATION, false, 1, LATER_MAX_NS, offsetof(struct scale_form, for_ns)},
		{"key", JSON_TEXT, false, 1, 256, offsetof(struct scale_form, key)}};
	struct scale_form form = {.agents = 0};
	struct bal_pool_view view;
	uint32_t pool = find_pool(request, &view);
	const struct config_pool *config;
	struct bal_event event = {.type = BAL_EVENT_ORDER};
	struct json json;
	enum bal_status status;
	bool read;

	if (pool == BAL_NONE || !request_query(request, NULL, 0, NULL) ||
		!request_read(request, &json, fields, 6, &form))
		return;
	event.order = (struct bal_event_order){.pool = pool, .agents = (uint32_t)form.agents};
	read = fill_timing(request, &form, &event.order);
	event.order.key = form.key.at == NULL
				  ? engine_mint(request->engine)
				  : checksum_hash64(pool, form.key.at, form.key.size) | 1;
	json_release(&json);
	if (!read)
		return;
	config = engine_pool_config(request->engine, pool);
	if (config == NULL || config->kind != BAL_POOL_PROCESS) {
		request_problem(request, 422, "not-scaled",
			"ballast does not start this pool's agents: only pools with `run` or "
			"`provider` have a number of them");
		return;
	}
	if (form.agents > config->agents_max) {
		request_problem(request, 422, "above-max",
			"%" PRId64 " agents are more than the pool's max of %" PRId64, form.agents,
			config->agents_max);
		return;
	}
	status = engine_event(request->engine, &event);
	if (status == BAL_OK)
		answer_scaled(request, &event.order);
	else
		request_status(request, status, "scale");
}

struct pause_form {
	bool dispatch;
	bool out;
	bool in;
};

void api_pool_pause(struct request *request)
{
	static const struct json_field fields[] = {
		{"dispatch", JSON_BOOL, false, 0, 0, offsetof(struct pause_form, dispatch)},
		{"out", JSON_BOOL, false, 0, 0, offsetof(struct pause_form, out)},
		{"in", JSON_BOOL, false, 0, 0, offsetof(struct pause_form, in)}};
	struct bal_pool_view view;
	uint32_t pool = find_pool(request, &view);
	struct bal_event event = {.type = BAL_EVENT_POOL_PAUSED};
	struct pause_form form;
	struct json json;
	enum bal_status status;

	if (pool == BAL_NONE || !request_query(request, NULL, 0, NULL))
		return;
	/* What is not said stays as it is. */
	form = (struct pause_form){
		view.paused_dispatch, view.paused_scale_out, view.paused_scale_in};
	if (!request_read(request, &json, fields, 3, &form))
		return;
	json_release(&json);
	event.pool_paused = (struct bal_event_pool_paused){.pool = pool,
		.dispatch = form.dispatch,
		.scale_out = form.out,
		.scale_in = form.in};
	status = engine_event(request->engine, &event);
	if (status == BAL_OK)
		answer_pool(request, pool);
	else
		request_status(request, status, "pause");
}

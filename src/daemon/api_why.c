/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations.  The core knows about waiting tasks and about its latest decisions; a running task
 * keeps its own in its job; that of an ended task is in the store with its result, and orders of
 * earlier starts are kept there too. */
#include "daemon/alertview.h"
#include "daemon/conn.h"
#include "daemon/orders.h"
#include "daemon/orderview.h"
#include "daemon/why.h"

#include <inttypes.h>

#define WHY_SIZE_MAX    (64u << 10)
#define ORDERS_SIZE_MAX (8u << 20)

static void answer_why(struct request *request, const struct bal_why *why)
{
	struct json_writer writer;
	struct buffer body;

	buffer_init(&body, WHY_SIZE_MAX);
	json_writer_init(&writer, &body);
	why_write(request->engine, why, &writer);
	request_answer_json(request, 200, &body);
}

/* False when the bytes are no decision. */
static bool answer_kept(struct request *request, struct span kept)
{
	struct json_writer writer;
	struct buffer body;

	buffer_init(&body, WHY_SIZE_MAX);
	json_writer_init(&writer, &body);
	if (!why_write_kept(kept, &writer))
		return false;
	request_answer_json(request, 200, &body);
	return true;
}

/* Alerts and recoveries are their own explanation. */
static bool answer_watched(struct request *request, uint64_t id)
{
	struct bal_core *core = engine_core(request->engine);
	struct bal_recovery recovery;
	struct json_writer writer;
	struct bal_alert alert;
	struct buffer body;
	bool is_alert = bal_alert_find(core, id, &alert);

	if (!is_alert && !bal_recovery_find(core, id, &recovery))
		return false;
	buffer_init(&body, WHY_SIZE_MAX);
	json_writer_init(&writer, &body);
	if (is_alert)
		alertview_write(request->engine, &alert, NULL, &writer);
	else
		alertview_write_recovery(request->engine, &recovery, &writer);
	request_answer_json(request, 200, &body);
	return true;
}

/* An order that waits: what it waits for is its explanation. */
static bool answer_held(struct request *request, uint64_t id)
{
	struct json_writer writer;
	struct bal_held held;
	struct buffer body;

	for (uint32_t i = 0; i < BAL_HELD_MAX; i++) {
		if (!bal_held_at(engine_core(request->engine), i, &held) || held.id != id)
			continue;
		buffer_init(&body, WHY_SIZE_MAX);
		json_writer_init(&writer, &body);
		orderview_write_held(request->engine, &held, &writer);
		request_answer_json(request, 200, &body);
		return true;
	}
	return false;
}

struct why_visit {
	struct request *request;
	bool answered;
};

static bool answer_stored(void *context, const struct store_view *from)
{
	struct why_visit *visit = context;
	struct store_bytes why = from->result.why;

	visit->answered = true;
	if (!from->ended || !answer_kept(visit->request, (struct span){why.data, why.size}))
		request_problem(visit->request, 404, "no-decision",
			"task %" PRIu64 " ended without being given to an agent", from->task.id);
	return false;
}

void api_why_get(struct request *request)
{
	struct store *store = engine_store(request->engine);
	struct why_visit visit = {.request = request};
	struct bal_order order_known;
	struct span order;
	struct bal_why why;
	struct job *job;
	uint64_t id;

	/* Orders have the highest bit set, so this is not an id of a task only. */
	if (!span_number(request->segments[0], UINT64_MAX, &id) || id == 0) {
		request_problem(request, 404, "unknown", "that is not an id of a task or an order");
		return;
	}
	if (!request_query(request, NULL, 0, NULL))
		return;
	if (answer_watched(request, id))
		return;
	if (answer_held(request, id))
		return;
	if (bal_order_find(engine_core(request->engine), id, &order_known))
		id = order_known.id; /* it may have been asked for as it was held */
	bal_why(engine_core(request->engine), id, &why);
	job = engine_job(request->engine, id);
	if (why.kind != BAL_WHY_NOTHING) {
		answer_why(request, &why);
		return;
	}
	if (job != NULL && answer_kept(request, job->decision))
		return;
	order = orders_find(engine_orders(request->engine), id);
	if (order.at != NULL) {
		request_answer(request, 200, "application/json", order, NULL);
		return;
	}
	if (id <= STORE_ID_MAX)
		store->ops->get(store, id, STORE_WITH_CONTENT, answer_stored, &visit);
	if (!visit.answered)
		request_problem(request, 404, "unknown",
			"nothing is remembered of a task or an order %" PRIu64, id);
}

void api_order_list(struct request *request)
{
	struct url_parameter parameters[] = {{.name = "pool"}};
	char memory[REQUEST_QUERY_SIZE];
	struct json_writer writer;
	struct bal_held held;
	struct buffer body;

	if (!request_query(request, parameters, 1, memory))
		return;
	if (parameters[0].value.at != NULL && !config_name_valid(parameters[0].value)) {
		request_problem(request, 400, "query", "expected ?pool= with the name of a pool");
		return;
	}
	buffer_init(&body, ORDERS_SIZE_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "orders");
	json_open(&writer, '[');
	orders_write(engine_orders(request->engine), parameters[0].value, &writer);
	json_close(&writer);
	json_key(&writer, "held");
	json_open(&writer, '[');
	for (uint32_t i = 0; i < BAL_HELD_MAX; i++)
		if (bal_held_at(engine_core(request->engine), i, &held))
			orderview_write_held(request->engine, &held, &writer);
	json_close(&writer);
	json_close(&writer);
	request_answer_json(request, 200, &body);
}

void api_order_cancel(struct request *request)
{
	struct bal_event event = {.type = BAL_EVENT_ORDER_CANCELLED};
	enum bal_status status;
	uint64_t id;

	if (!request_query(request, NULL, 0, NULL))
		return;
	if (!span_number(request->segments[0], UINT64_MAX, &id)) {
		request_problem(request, 404, "unknown", "that is not an id of an order");
		return;
	}
	event.order_cancelled.order = id;
	status = engine_event(request->engine, &event);
	if (status == BAL_OK)
		request_answer(request, 204, NULL, SPAN(""), NULL);
	else
		request_problem(request, 404, "unknown",
			"no order %" PRIu64 " waits: only orders that wait can be taken back", id);
}

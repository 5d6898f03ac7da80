/* SPDX-License-Identifier: Apache-2.0 */
/* How many agents the load needs, now and at the horizons of forecasts, and why. Advice: whoever
 * asks gets an answer, and nothing else happens. */
#include "daemon/request.h"

#include "base/num.h"
#include "base/units.h"

#define PLANS_SIZE_MAX       (16u << 20)
#define DECIMALS             3
#define PRICE_DECIMALS       8 /* of microcents as dollars */
#define BUDGET_CENTS_MAX     1000000000
#define MICROCENTS_OF_A_CENT 1000000

static void put_number(struct json_writer *writer, const char *key, double value)
{
	json_key(writer, key);
	json_put_decimal(writer, num_to_i64(num_round(value * 1000)), DECIMALS);
}

static void put_count(struct json_writer *writer, const char *key, uint64_t count)
{
	json_key(writer, key);
	json_put_signed(writer, (int64_t)count);
}

static void write_parts(
	struct engine *engine, const struct bal_plan *plan, struct json_writer *writer)
{
	json_key(writer, "pools");
	json_open(writer, '[');
	for (uint32_t i = 0; i < plan->part_count; i++) {
		const struct bal_plan_part *part = &plan->parts[i];

		json_open(writer, '{');
		json_key(writer, "pool");
		json_put_text(
			writer, names_text(engine_names(engine), BAL_SYMBOL_POOL, part->pool));
		put_count(writer, "agents", part->agents);
		put_count(writer, "agents_planned", part->agents_plan);
		json_close(writer);
	}
	json_close(writer);
}

static void write_plan(
	struct engine *engine, const struct bal_plan *plan, struct json_writer *writer)
{
	json_open(writer, '{');
	put_count(writer, "ahead_seconds", (uint64_t)(plan->ahead_ns / NS_PER_S));
	json_key(writer, "basis");
	json_put_word(writer, plan->forecast ? "forecast" : "live");
	if (plan->forecast)
		put_number(writer, "confidence", plan->confidence);
	put_number(writer, "load", plan->load);
	put_number(writer, "service_seconds", plan->service_s);
	put_count(writer, "slots_needed", plan->slots);
	put_count(writer, "slots_planned", plan->slots_plan);
	json_key(writer, "ceiling");
	json_put_word(writer, bal_ceiling_name(plan->ceiling));
	put_number(writer, "utilisation", plan->busy);
	put_number(writer, "utilisation_reachable", plan->busy_most);
	put_number(writer, "late_share", plan->late);
	json_key(writer, "price_hour");
	json_put_decimal(writer, plan->price_microcents_hour, PRICE_DECIMALS);
	write_parts(engine, plan, writer);
	json_close(writer);
}

static void write_all(
	struct engine *engine, const struct bal_plan_wish *wish, struct json_writer *writer)
{
	uint32_t pools = names_count(engine_names(engine), BAL_SYMBOL_POOL);
	struct bal_plan plan;

	for (uint32_t i = 0; i < pools * BAL_PLAN_HORIZONS_MAX; i++)
		if (bal_plan(engine_core(engine), i / BAL_PLAN_HORIZONS_MAX,
			    i % BAL_PLAN_HORIZONS_MAX, wish, &plan))
			write_plan(engine, &plan, writer);
}

static bool find_goal(struct span word, uint32_t *goal)
{
	for (*goal = 0; *goal < BAL_PLAN_GOAL_COUNT; (*goal)++)
		if (span_equal(word, span_of(bal_plan_goal_name((enum bal_plan_goal) * goal))))
			return true;
	return false;
}

/* False when the request has been refused. */
static bool read_wish(struct request *request, struct bal_plan_wish *wish)
{
	struct url_parameter parameters[] = {
		{.name = "survive"}, {.name = "budget_cents"}, {.name = "goal"}};
	uint32_t goal = BAL_PLAN_GOAL_BALANCED;
	char memory[REQUEST_QUERY_SIZE];
	uint64_t cents = 0;

	if (!request_query(request, parameters, 3, memory))
		return false;
	if (parameters[1].value.at != NULL &&
		!span_number(parameters[1].value, BUDGET_CENTS_MAX, &cents)) {
		request_problem(request, 400, "budget_cents",
			"budget_cents wants whole cents per hour; 0 is no bound");
		return false;
	}
	if (parameters[2].value.at != NULL && !find_goal(parameters[2].value, &goal)) {
		request_problem(request, 400, "goal",
			"goal is one of balanced, cost, performance, reliability");
		return false;
	}
	*wish = (struct bal_plan_wish){.goal = goal,
		.survive = parameters[0].value.at != NULL &&
			   span_equal(parameters[0].value, span_of("true")),
		.budget_microcents_hour = (int64_t)cents * MICROCENTS_OF_A_CENT};
	return true;
}

void api_plan_get(struct request *request)
{
	struct bal_plan_wish wish;
	struct json_writer writer;
	struct buffer body;

	if (!read_wish(request, &wish))
		return;
	buffer_init(&body, PLANS_SIZE_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "plans");
	json_open(&writer, '[');
	write_all(request->engine, &wish, &writer);
	json_close(&writer);
	json_close(&writer);
	request_answer_json(request, 200, &body);
}

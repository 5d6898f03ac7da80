/* SPDX-License-Identifier: Apache-2.0 */
/* Shares and loads have a point, prices are units of money an hour, as everywhere in the API. */
#include "daemon/orderview.h"

#include "base/units.h"
#include "daemon/instant.h"
#include "daemon/names.h"
#include "wire/quantity.h"

#include <stdio.h>

static void put_word(struct json_writer *writer, const char *key, const char *word)
{
	json_key(writer, key);
	json_put_word(writer, word);
}

static void put_decimal(struct json_writer *writer, const char *key, int64_t value, uint32_t digits)
{
	json_key(writer, key);
	json_put_decimal(writer, value, digits);
}

static void put_id(struct json_writer *writer, const char *key, uint64_t id)
{
	if (id == 0)
		return;
	json_key(writer, key);
	json_put_id(writer, id);
}

static void put_instant(
	struct engine *engine, struct json_writer *writer, const char *key, int64_t at_ns)
{
	json_key(writer, key);
	if (at_ns == BAL_NEVER_NS)
		json_put_null(writer);
	else
		instant_put(writer, clock_to_utc_ns(engine_clock(engine), at_ns));
}

static void put_stretch(
	struct json_writer *writer, const char *key, const struct bal_stretch *stretch)
{
	if (stretch->span_ns == 0)
		return;
	json_key(writer, key);
	json_open(writer, '{');
	put_decimal(writer, "seconds", stretch->span_ns / NS_PER_US, 6);
	put_decimal(writer, "utilisation", stretch->utilisation_permille, 3);
	put_decimal(writer, "load", stretch->load_permille, 3);
	put_decimal(writer, "agents", stretch->agents_millis, 3);
	put_decimal(writer, "busy", stretch->busy_millis, 3);
	put_decimal(writer, "waiting", stretch->waiting_millis, 3);
	put_decimal(writer, "late", stretch->late_permille, 3);
	put_decimal(writer, "starts_per_second", stretch->starts_millis, 3);
	put_decimal(writer, "service", stretch->service_ns / NS_PER_US, 6);
	put_decimal(writer, "price_per_hour", stretch->price_microcents_hour, 8);
	json_close(writer);
}

void orderview_write_life(
	struct engine *engine, const struct bal_order *order, struct json_writer *writer)
{
	put_word(writer, "type", bal_order_type_name(order->type));
	put_word(writer, "timing", bal_timing_name(order->timing));
	put_word(writer, "state", bal_order_state_name(order->state));
	put_word(writer, "verdict", bal_verdict_name(order->verdict));
	if (order->remark != BAL_REASON_NONE) {
		put_word(writer, "remark", bal_reason_name((enum bal_reason)order->remark));
		put_word(writer, "remark_text", bal_reason_text((enum bal_reason)order->remark));
	}
	put_id(writer, "held_as", order->held);
	put_id(writer, "about", order->about);
	put_id(writer, "answered_by", order->answer);
	json_key(writer, "asked");
	json_put_unsigned(writer, order->asked);
	json_key(writer, "came");
	json_put_unsigned(writer, order->came);
	put_instant(engine, writer, "done_at", order->done_at_ns);
	put_instant(engine, writer, "judged_at", order->judged_at_ns);
	put_decimal(writer, "price_predicted", order->price_predicted_microcents_hour, 8);
	if (order->verdict != BAL_VERDICT_OPEN && order->after.span_ns > 0)
		put_decimal(writer, "price_achieved", order->price_achieved_microcents_hour, 8);
	put_stretch(writer, "before", &order->before);
	put_stretch(writer, "after", &order->after);
}

static bool is_load(uint32_t condition)
{
	return condition == BAL_CONDITION_LOAD_ABOVE || condition == BAL_CONDITION_LOAD_BELOW;
}

void orderview_write_held(
	struct engine *engine, const struct bal_held *held, struct json_writer *writer)
{
	const struct bal_event_order *order = &held->order;
	char when[64];

	json_open(writer, '{');
	put_id(writer, "id", held->id);
	json_key(writer, "pool");
	json_put_text(writer, names_text(engine_names(engine), BAL_SYMBOL_POOL, order->pool));
	put_word(writer, "state", "held");
	put_word(writer, "timing", bal_timing_name((enum bal_timing)order->timing));
	put_word(writer, "reason", bal_reason_name((enum bal_reason)held->reason));
	put_word(writer, "text", bal_reason_text((enum bal_reason)held->reason));
	json_key(writer, "agents_after");
	json_put_unsigned(writer, order->agents);
	put_instant(engine, writer, "at", held->given_at_ns);
	put_id(writer, "about", held->about);
	if (order->timing == BAL_TIMING_SCHEDULED) {
		put_instant(engine, writer, "due_at", order->at_ns);
	} else {
		snprintf(when, sizeof when, is_load(order->condition) ? "%s%.3f" : "%s%.0f",
			bal_condition_name((enum bal_condition)order->condition),
			order->threshold / (is_load(order->condition) ? 1000.0 : 1.0));
		put_word(writer, "when", when);
		put_instant(engine, writer, "expires_at", order->expires_at_ns);
	}
	json_close(writer);
}

bool orderview_read_condition(struct span text, uint32_t *condition, uint32_t *threshold)
{
	for (uint32_t i = 0; i < BAL_CONDITION_COUNT; i++) {
		struct span name = span_of(bal_condition_name((enum bal_condition)i));
		struct span rest = {text.at + name.size, text.size - name.size};
		uint64_t count;
		int64_t share;

		if (text.size <= name.size || !span_starts(text, name))
			continue;
		*condition = i;
		if (!is_load(i)) {
			if (!span_number(rest, UINT32_MAX, &count))
				return false;
			*threshold = (uint32_t)count;
			return true;
		}
		if (!quantity_read(rest, QUANTITY_SHARE, &share) || share > UINT32_MAX)
			return false;
		*threshold = (uint32_t)share;
		return true;
	}
	return false;
}

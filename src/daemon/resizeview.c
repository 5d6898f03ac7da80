/* SPDX-License-Identifier: Apache-2.0 */
/* Everything is asked of the core when it is written: nothing is kept here. */
#include "daemon/resizeview.h"

#include "base/units.h"
#include "daemon/instant.h"

static void put_cores(struct json_writer *writer, const char *key, uint64_t millis)
{
	if (millis == 0)
		return;
	json_key(writer, key);
	json_put_decimal(writer, (int64_t)millis, 3);
}

static void put_mib(struct json_writer *writer, const char *key, uint64_t mib)
{
	if (mib == 0)
		return;
	json_key(writer, key);
	json_put_unsigned(writer, mib * (uint64_t)MIB);
}

static void put_price(struct json_writer *writer, const char *key, int64_t microcents_hour)
{
	json_key(writer, key);
	json_put_decimal(writer, microcents_hour, 8);
}

void resizeview_put(struct json_writer *writer, const struct bal_resize *resize)
{
	if (resize->cpu_before_millis != resize->cpu_after_millis) {
		put_cores(writer, "cpu_before", resize->cpu_before_millis);
		put_cores(writer, "cpu_after", resize->cpu_after_millis);
	}
	if (resize->memory_before_mib != resize->memory_after_mib) {
		put_mib(writer, "memory_before", resize->memory_before_mib);
		put_mib(writer, "memory_after", resize->memory_after_mib);
	}
}

/* How it stands: a word for programs. */
static const char *state_of(const struct bal_resize *resize)
{
	if (resize->advised)
		return "advised";
	if (resize->ended_at_ns == BAL_NEVER_NS)
		return "open";
	return resize->status == BAL_OK ? "done" : "failed";
}

void resizeview_explain(
	struct engine *engine, struct json_writer *writer, const struct bal_resize *resize)
{
	const struct roster_agent *agent = roster_find(engine_roster(engine), resize->agent);

	json_key(writer, "resize");
	json_open(writer, '{');
	json_key(writer, "agent");
	json_put_id(writer, resize->agent);
	if (agent != NULL) {
		json_key(writer, "name");
		json_put_word(writer, agent->name);
	}
	resizeview_put(writer, resize);
	json_key(writer, "value");
	json_put_signed(writer, resize->value);
	json_key(writer, "threshold");
	json_put_signed(writer, resize->threshold);
	json_key(writer, "sustained");
	json_put_decimal(writer, resize->sustained_ns / NS_PER_US, 6);
	put_price(writer, "price_per_hour", resize->price_microcents_hour);
	if (resize->alternative_microcents_hour >= 0)
		put_price(writer, "price_of_more_agents", resize->alternative_microcents_hour);
	json_key(writer, "state");
	json_put_word(writer, state_of(resize));
	if (resize->ended_at_ns != BAL_NEVER_NS) {
		json_key(writer, "ended_at");
		instant_put(writer, clock_to_utc_ns(engine_clock(engine), resize->ended_at_ns));
	}
	if (resize->status != BAL_OK) {
		json_key(writer, "error");
		json_put_word(writer, bal_status_text((enum bal_status)resize->status));
	}
	json_close(writer);
}

void resizeview_agent(struct engine *engine, struct json_writer *writer, uint64_t agent)
{
	struct bal_agent_limits limits;

	if (!bal_agent_limits(engine_core(engine), agent, &limits))
		return;
	json_key(writer, "limits");
	json_open(writer, '{');
	put_cores(writer, "cpu", limits.cpu_millis);
	put_mib(writer, "memory", limits.memory_mib);
	put_cores(writer, "cpu_at_start", limits.cpu_base_millis);
	put_mib(writer, "memory_at_start", limits.memory_base_mib);
	if (limits.changed_at_ns != BAL_NEVER_NS) {
		json_key(writer, "changed_at");
		instant_put(writer, clock_to_utc_ns(engine_clock(engine), limits.changed_at_ns));
	}
	if (limits.hold != BAL_REASON_NONE) {
		json_key(writer, "hold");
		json_put_word(writer, bal_reason_name((enum bal_reason)limits.hold));
	}
	if (limits.order_last != 0) {
		json_key(writer, "last_order");
		json_put_id(writer, limits.order_last);
	}
	json_close(writer);
}

void resizeview_pool(struct engine *engine, struct json_writer *writer, uint32_t pool)
{
	struct bal_pool_resources resources;

	if (!bal_pool_resources(engine_core(engine), pool, &resources))
		return;
	json_key(writer, "vertical");
	json_put_word(writer, bal_vertical_name(resources.mode));
	json_key(writer, "resources");
	json_open(writer, '{');
	put_cores(writer, "cpu", resources.cpu_millis);
	put_mib(writer, "memory", resources.memory_mib);
	put_cores(writer, "cpu_max", resources.cpu_max_millis);
	put_mib(writer, "memory_max", resources.memory_max_mib);
	put_cores(writer, "cpu_total", resources.cpu_budget_millis);
	put_mib(writer, "memory_total", resources.memory_budget_mib);
	if (resources.mode == BAL_VERTICAL_ON && !resources.able) {
		json_key(writer, "hold");
		json_put_word(writer, bal_reason_name(BAL_REASON_NO_GROUPS));
	}
	if (resources.replaced != 0) {
		json_key(writer, "replaced");
		json_put_id(writer, resources.replaced);
	}
	json_close(writer);
}

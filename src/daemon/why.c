/* SPDX-License-Identifier: Apache-2.0 */
/* Seconds everywhere, names everywhere.  "would_change" says in a sentence what would have led to
 * another decision: the factor in which the winner and the runner-up differ most, and by how much
 * the runner-up lost. */
#include "daemon/why.h"

#include "base/units.h"
#include "core/trigger.h"
#include "daemon/instant.h"
#include "daemon/orderview.h"
#include "daemon/resizeview.h"
#include "daemon/whykeep.h"

#include <stdio.h>

static const char *const FACTOR_NAMES[BAL_FACTOR_COUNT] = {
	"load", "performance", "future", "efficiency", "collaboration"};

static const char *const KIND_NAMES[] = {
	[BAL_WHY_NOTHING] = "nothing",
	[BAL_WHY_ROUTED] = "routed",
	[BAL_WHY_WAITING] = "waiting",
	[BAL_WHY_REFUSED] = "refused",
	[BAL_WHY_SCALED] = "scaled",
};

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

/* Where names are looked up: in the engine, or in what was kept with a decision. */
struct source {
	struct engine *engine;
	const struct whykeep_names *names; /* NULL: in the engine */
};

static struct span agent_name(const struct source *source, uint64_t id)
{
	const struct roster_agent *agent;

	if (source->names != NULL) {
		for (uint32_t i = 0; i < source->names->count; i++)
			if (source->names->agents[i].agent == id)
				return source->names->agents[i].name;
		return (struct span){NULL, 0};
	}
	agent = roster_find(engine_roster(source->engine), id);
	return span_of(agent == NULL ? NULL : agent->name);
}

static struct span pool_name(const struct source *source, uint32_t number)
{
	if (source->names != NULL)
		return source->names->agents[number].pool;
	return names_text(engine_names(source->engine), BAL_SYMBOL_POOL, number);
}

static void put_agent(const struct source *source, struct json_writer *writer, uint64_t id)
{
	json_key(writer, "agent");
	json_put_id(writer, id);
	json_key(writer, "name");
	json_put_text(writer, agent_name(source, id));
}

static void put_name(const struct source *source, struct json_writer *writer, const char *key,
	enum bal_symbol_space space, uint32_t number)
{
	json_key(writer, key);
	json_put_text(writer, names_text(engine_names(source->engine), space, number));
}

static void put_candidate(const struct source *source, struct json_writer *writer,
	const struct bal_candidate *candidate)
{
	json_open(writer, '{');
	put_agent(source, writer, candidate->agent);
	json_key(writer, "pool");
	json_put_text(writer, pool_name(source, candidate->pool));
	put_seconds(writer, "composite", candidate->composite_ns);
	json_key(writer, "factors");
	json_open(writer, '{');
	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		put_seconds(writer, FACTOR_NAMES[i], candidate->factor_ns[i]);
	json_close(writer);
	json_key(writer, "inputs");
	json_open(writer, '{');
	put_count(writer, "running", candidate->running);
	put_count(writer, "slots", candidate->slots);
	json_key(writer, "cpu");
	json_put_decimal(writer, candidate->cpu_permille, 3);
	json_key(writer, "memory");
	json_put_decimal(writer, candidate->memory_permille, 3);
	json_key(writer, "success");
	json_put_decimal(writer, candidate->success_permille, 3);
	put_seconds(writer, "service", candidate->service_ns);
	put_seconds(writer, "warm_saving", candidate->warm_ns);
	json_key(writer, "rivals_per_second");
	json_put_decimal(writer, candidate->rivals_ppm, 6);
	json_key(writer, "price_per_hour");
	json_put_decimal(writer, candidate->price_microcents_hour, 8);
	json_close(writer);
	json_close(writer);
}

static void put_losers(
	const struct source *source, struct json_writer *writer, const struct bal_why *why)
{
	json_key(writer, "losers");
	json_open(writer, '[');
	for (uint32_t i = 0; i < why->losers_count; i++)
		put_candidate(source, writer, &why->losers[i]);
	json_close(writer);
	json_key(writer, "ruled_out");
	json_open(writer, '[');
	for (uint32_t i = 0; i < why->violations_count; i++) {
		json_open(writer, '{');
		put_agent(source, writer, why->violations[i].agent);
		json_key(writer, "reason");
		json_put_word(writer, bal_reason_name(why->violations[i].reason));
		put_seconds(writer, "composite", why->violations[i].composite_ns);
		json_close(writer);
	}
	json_close(writer);
}

/* The factor whose weighted difference spoke most for the winner. */
static uint32_t decisive_factor(const struct bal_why *why, const struct bal_candidate *loser)
{
	uint32_t decisive = 0;
	int64_t most = INT64_MIN;

	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++) {
		int64_t spoke = (loser->factor_ns[i] - why->winner.factor_ns[i]) / PERMILLE *
				(int64_t)why->weights_permille[i];

		if (spoke > most) {
			most = spoke;
			decisive = i;
		}
	}
	return decisive;
}

static void put_change(
	const struct source *source, struct json_writer *writer, const struct bal_why *why)
{
	const struct bal_candidate *loser = &why->losers[0];
	struct span name;
	char text[400];
	uint32_t factor;
	int64_t margin_ns;

	json_key(writer, "would_change");
	if (why->losers_count == 0) {
		json_put_word(writer,
			why->violations_count > 0
				? "another agent only if the constraint in ruled_out were lifted"
				: "another agent only if one more with a free slot could take it");
		return;
	}
	factor = decisive_factor(why, loser);
	margin_ns = loser->composite_ns - why->winner.composite_ns;
	name = agent_name(source, loser->agent);
	if (name.at == NULL)
		name = SPAN("the runner-up");
	if (margin_ns == 0)
		snprintf(text, sizeof text,
			"a tie: any difference in favour of %.*s would have led to it",
			(int)name.size, name.at);
	else
		snprintf(text, sizeof text,
			"%.*s lost by %.6f s of composite; it would have won with %.6f s less in "
			"%s",
			(int)name.size, name.at, (double)margin_ns / 1e9,
			why->weights_permille[factor] == 0
				? 0.0
				: (double)margin_ns / 1e6 / (double)why->weights_permille[factor],
			FACTOR_NAMES[factor]);
	json_put_word(writer, text);
}

static void put_routed(
	const struct source *source, struct json_writer *writer, const struct bal_why *why)
{
	put_count(writer, "attempt", why->attempt);
	put_seconds(writer, why->reason == BAL_REASON_HEDGED ? "late_after" : "waited",
		why->expected_wait_ns);
	put_count(writer, "capable_agents", why->capable_count);
	put_count(writer, "free_agents", why->free_count);
	if (why->other != 0) {
		json_key(writer, "slot_lent_by");
		json_put_id(writer, why->other);
	}
	json_key(writer, "routing");
	json_put_word(writer, bal_routing_name((enum bal_routing)why->routing));
	json_key(writer, "weights");
	json_open(writer, '{');
	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++) {
		json_key(writer, FACTOR_NAMES[i]);
		json_put_decimal(writer, why->weights_permille[i], 3);
	}
	json_close(writer);
	json_key(writer, "winner");
	put_candidate(source, writer, &why->winner);
	put_losers(source, writer, why);
	if (why->losers_count > 0)
		put_seconds(
			writer, "margin", why->losers[0].composite_ns - why->winner.composite_ns);
	put_change(source, writer, why);
}

static void put_waiting(
	const struct source *source, struct json_writer *writer, const struct bal_why *why)
{
	put_count(writer, "ahead", why->ahead_count);
	put_count(writer, "capable_agents", why->capable_count);
	put_count(writer, "free_agents", why->free_count);
	if (why->expected_wait_ns >= 0)
		put_seconds(writer, "expected_wait", why->expected_wait_ns);
	if (why->limit != BAL_NONE)
		put_name(source, writer, "limit", BAL_SYMBOL_LIMIT, why->limit);
	if (why->other != 0) {
		json_key(writer, "waits_for");
		json_put_id(writer, why->other);
	}
	put_losers(source, writer, why);
}

static void put_missing(
	const struct source *source, struct json_writer *writer, const struct bal_tags *missing)
{
	json_key(writer, "missing");
	json_open(writer, '[');
	for (uint32_t i = 0; i < BAL_TAGS_MAX; i++)
		if ((missing->words[i / 64] >> (i % 64) & 1) != 0)
			json_put_text(writer,
				names_text(engine_names(source->engine), BAL_SYMBOL_TAG, i));
	json_close(writer);
}

static void put_refused(
	const struct source *source, struct json_writer *writer, const struct bal_why *why)
{
	put_seconds(writer, "expected_wait", why->expected_wait_ns);
	if (why->reason != BAL_REASON_REFUSED_INCAPABLE)
		return;
	put_count(writer, "unknown_needs", why->unknown_count);
	json_key(writer, "nearest");
	json_open(writer, '[');
	for (uint32_t i = 0; i < why->nearest_count; i++) {
		json_open(writer, '{');
		put_name(source, writer, "pool", BAL_SYMBOL_POOL, why->nearest_pool[i]);
		put_missing(source, writer, &why->nearest_missing[i]);
		json_close(writer);
	}
	json_close(writer);
}

static void put_seen(struct json_writer *writer, const char *key, uint32_t trigger, int64_t value)
{
	json_key(writer, key);
	if (trigger_is_time(trigger))
		json_put_decimal(writer, value / NS_PER_MS, 3);
	else
		json_put_decimal(writer, value, 3);
}

/* What a trigger beside the load saw; times are seconds. */
static void put_trigger(
	const struct source *source, struct json_writer *writer, const struct bal_why *why)
{
	uint32_t trigger = trigger_of(why->reason);

	if (trigger == TRIGGER_COUNT)
		return;
	json_key(writer, "trigger");
	json_open(writer, '{');
	json_key(writer, "what");
	json_put_word(writer, trigger_text(trigger));
	put_seen(writer, "seen", trigger, why->seen);
	put_seen(writer, "threshold", trigger, why->seen_threshold);
	if (why->about != BAL_NONE)
		put_name(source, writer, "kind", BAL_SYMBOL_KIND, why->about);
	json_close(writer);
}

static void put_scaled(
	const struct source *source, struct json_writer *writer, const struct bal_why *why)
{
	struct bal_resize resize;
	struct bal_order order;

	put_name(source, writer, "pool", BAL_SYMBOL_POOL, why->pool);
	json_key(writer, "at");
	instant_put(writer, clock_to_utc_ns(engine_clock(source->engine), why->at_ns));
	put_count(writer, "agents_before", why->agents_before);
	put_count(writer, "agents_after", why->agents_after);
	json_key(writer, "load");
	if (why->load_permille == UINT32_MAX)
		json_put_null(writer);
	else
		json_put_decimal(writer, why->load_permille, 3);
	json_key(writer, "threshold");
	json_put_decimal(writer, why->threshold_permille, 3);
	put_count(writer, "waiting", why->queued);
	put_seconds(writer, "sustained", why->sustained_ns);
	if (bal_order_find(engine_core(source->engine), why->id, &order))
		orderview_write_life(source->engine, &order, writer);
	if (bal_resize_find(engine_core(source->engine), why->id, &resize))
		resizeview_explain(source->engine, writer, &resize);
	put_trigger(source, writer, why);
	if (why->victim == 0)
		return;
	json_key(writer, "victim");
	json_open(writer, '{');
	put_agent(source, writer, why->victim);
	put_seconds(writer, "work_left", why->victim_left_ns);
	json_close(writer);
}

static void write_from(
	const struct source *source, const struct bal_why *why, struct json_writer *writer)
{
	json_open(writer, '{');
	json_key(writer, "id");
	json_put_id(writer, why->id);
	json_key(writer, "decision");
	json_put_word(writer, KIND_NAMES[why->kind]);
	json_key(writer, "reason");
	json_put_word(writer, bal_reason_name(why->reason));
	json_key(writer, "text");
	json_put_word(writer, bal_reason_text(why->reason));
	switch (why->kind) {
	case BAL_WHY_ROUTED:
		put_routed(source, writer, why);
		break;
	case BAL_WHY_WAITING:
		put_waiting(source, writer, why);
		break;
	case BAL_WHY_REFUSED:
		put_refused(source, writer, why);
		break;
	case BAL_WHY_SCALED:
		put_scaled(source, writer, why);
		break;
	case BAL_WHY_NOTHING:
		break;
	}
	json_close(writer);
}

void why_write(struct engine *engine, const struct bal_why *why, struct json_writer *writer)
{
	const struct source source = {engine, NULL};

	write_from(&source, why, writer);
}

bool why_write_kept(struct span kept, struct json_writer *writer)
{
	struct whykeep_names names;
	struct bal_why why;
	const struct source source = {NULL, &names};

	if (!whykeep_read(kept, &why, &names))
		return false;
	write_from(&source, &why, writer);
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as events: what the core must know of it. */
#include "daemon/engine_state.h"

#include "base/units.h"
#include "core/rule.h"

#include <string.h>

static void add_tag(struct engine *engine, struct bal_tags *tags, struct span name)
{
	uint32_t number = engine_intern(engine, BAL_SYMBOL_TAG, name);

	if (number != BAL_NONE)
		tags->words[number / 64] |= UINT64_C(1) << (number % 64);
}

static void fill_limits(
	struct engine *engine, const struct config_pool *pool, struct bal_event_pool *event)
{
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++)
		event->limits[i] = i < pool->uses.count ? engine_intern(engine, BAL_SYMBOL_LIMIT,
								  span_of(pool->uses.items[i]))
							: BAL_NONE;
}

static void fill_scale(const struct config_pool *pool, struct bal_event_pool *event)
{
	event->strategy = (uint32_t)pool->scale.strategy;
	event->up = (struct bal_scale_rule){(uint32_t)pool->scale.up.load_permille,
		pool->scale.up.sustain_ns, pool->scale.up.cooldown_ns};
	event->down = (struct bal_scale_rule){(uint32_t)pool->scale.down.load_permille,
		pool->scale.down.sustain_ns, pool->scale.down.cooldown_ns};
	event->queue_deep = (uint32_t)pool->scale.queue;
	event->emergency_wait_ns = pool->emergency_ns;
	event->advise = pool->scale.mode == 1;
}

/* A command pool is one agent with `max` slots; others count agents. */
static void fill_counts(const struct config_pool *pool, struct bal_event_pool *event)
{
	bool command = pool->kind == BAL_POOL_COMMAND;

	event->slots = (uint32_t)(command ? pool->agents_max : pool->slots);
	event->agents_min = command ? 1 : (uint32_t)pool->agents_min;
	event->agents_max = command ? 1 : (uint32_t)pool->agents_max;
	event->agents_baseline = command ? 1 : (uint32_t)pool->agents_baseline;
	if (pool->agents_max < 0) {
		event->agents_min = 0;
		event->agents_max = INT32_MAX;
	}
}

static void apply_pool(struct engine *engine, const struct config_pool *pool)
{
	struct bal_event event = {.type = BAL_EVENT_POOL};
	struct bal_event_pool *to = &event.pool;

	to->pool = engine_intern(engine, BAL_SYMBOL_POOL, span_of(pool->name));
	if (to->pool == BAL_NONE)
		return;
	to->kind = (uint32_t)pool->kind;
	engine->pool_kinds[to->pool] = (uint8_t)pool->kind;
	for (uint32_t i = 0; i < pool->kinds.count; i++)
		add_tag(engine, &to->offers, span_of(pool->kinds.items[i]));
	for (uint32_t i = 0; i < pool->offers.count; i++)
		add_tag(engine, &to->offers, span_of(pool->offers.items[i]));
	add_tag(engine, &to->offers, span_of(pool->name));
	/* Known before the first task of the kind, so that what was learned of it is taken over. */
	for (uint32_t i = 0; i < pool->kinds.count; i++)
		engine_intern(engine, BAL_SYMBOL_KIND, span_of(pool->kinds.items[i]));
	engine_intern(engine, BAL_SYMBOL_KIND, span_of(pool->name));
	fill_counts(pool, to);
	to->cpu_millis = (uint32_t)pool->resources.cpu_millis;
	to->memory_mib = (uint32_t)(pool->resources.memory_bytes / MIB);
	to->price_microcents_hour = pool->price_microcents_hour;
	to->market = (uint32_t)pool->market;
	to->timeout_ns = pool->timeout_ns;
	to->drain_limit_ns = pool->drain_ns;
	to->backoff_ns = pool->retry.backoff_ns;
	to->backoff_max_ns = pool->retry.backoff_max_ns;
	to->attempts_max = (uint32_t)pool->retry.attempts;
	to->retry_outcomes = pool->retry.outcomes;
	fill_limits(engine, pool, to);
	fill_scale(pool, to);
	engine_event(engine, &event);
}

static void apply_limits(struct engine *engine, const struct config *config)
{
	for (uint32_t i = 0; i < config->limits.count; i++) {
		const struct config_limit *limit = &config->limits.items[i];
		struct bal_event event = {.type = BAL_EVENT_LIMIT,
			.limit = {.limit = engine_intern(
					  engine, BAL_SYMBOL_LIMIT, span_of(limit->name)),
				.running_max = (uint32_t)limit->running,
				.starts_max = (uint32_t)limit->starts.count,
				.starts_period_ns = limit->starts.period_ns}};

		engine_event(engine, &event);
	}
}

static void apply_tenants(struct engine *engine, const struct config *config)
{
	for (uint32_t i = 0; i < config->tenants.count; i++) {
		const struct config_tenant *tenant = &config->tenants.items[i];
		struct bal_event event = {.type = BAL_EVENT_TENANT,
			.tenant = {.tenant = engine_intern(
					   engine, BAL_SYMBOL_TENANT, span_of(tenant->name)),
				.weight = (uint32_t)tenant->weight,
				.queued_max = (uint32_t)tenant->queued,
				.running_max = (uint32_t)tenant->running,
				.rate_max = (uint32_t)tenant->rate.count,
				.rate_period_ns = tenant->rate.period_ns}};

		engine_event(engine, &event);
	}
}

/* ---- alerts and objectives ---- */

static void add_labels(
	struct engine *engine, const struct config_rule_change *change, struct bal_event_rule *rule)
{
	for (uint32_t i = 0; i < change->labels.count; i++) {
		uint32_t tag =
			engine_intern(engine, BAL_SYMBOL_TAG, span_of(change->labels.items[i]));

		if (tag != BAL_NONE)
			rule->tag_words[tag / 64] |= UINT64_C(1) << (tag % 64);
	}
}

static bool rules_equal(const struct bal_event_rule *a, const struct bal_event_rule *b)
{
	return a->enabled == b->enabled && a->threshold == b->threshold &&
	       a->sustain_ns == b->sustain_ns && a->clear == b->clear &&
	       a->clear_ns == b->clear_ns &&
	       memcmp(a->tag_words, b->tag_words, sizeof a->tag_words) == 0;
}

/* A rule that stays as it is is not touched: what is open by it stays open. */
void setup_rules(struct engine *engine, const struct config *config)
{
	struct bal_event rules[RULE_COUNT];
	struct bal_event_rule now;

	for (uint32_t i = 0; i < RULE_COUNT; i++)
		rules[i] = (struct bal_event){.type = BAL_EVENT_RULE, .rule = rule_standard(i)};
	for (uint32_t i = 0; i < config->alerts.rules.count; i++) {
		const struct config_rule_change *change = &config->alerts.rules.items[i];
		struct bal_event_rule *rule = &rules[change->rule.rule].rule;

		*rule = change->rule;
		add_labels(engine, change, rule);
	}
	for (uint32_t i = 0; i < RULE_COUNT; i++)
		if (bal_rule_view(engine->core, i, &now) && !rules_equal(&now, &rules[i].rule))
			engine_event(engine, &rules[i]);
}

static void apply_objective(
	struct engine *engine, const struct config_objective *objective, uint32_t kind)
{
	struct bal_event event = {.type = BAL_EVENT_OBJECTIVE,
		.objective = {.kind = kind,
			.enabled = objective->enabled,
			.recovers = objective->recover,
			.measure = (uint32_t)objective->measure,
			.response_ns = objective->response_ns,
			.slowdown_permille = (uint32_t)objective->slowdown_permille}};
	uint32_t *targets = event.objective.target_permille;

	targets[BAL_OBJECTIVE_RESPONSE] = (uint32_t)objective->within_permille;
	targets[BAL_OBJECTIVE_AVAILABILITY] = (uint32_t)objective->availability_permille;
	targets[BAL_OBJECTIVE_ERRORS] = (uint32_t)(PERMILLE - objective->errors_permille);
	targets[BAL_OBJECTIVE_SATISFACTION] = (uint32_t)objective->satisfaction_permille;
	targets[BAL_OBJECTIVE_THROUGHPUT] = (uint32_t)objective->throughput_permille;
	engine_event(engine, &event);
}

static const struct config_objective *find_objective(const struct config *config, struct span kind)
{
	for (uint32_t i = 0; i < config->objectives.count; i++)
		if (span_equal(kind, span_of(config->objectives.items[i].name)))
			return &config->objectives.items[i];
	return NULL;
}

/* Kinds that had objectives of their own and have none any more are under the standard again. */
static void apply_objectives(struct engine *engine, const struct config *config)
{
	struct config_objective none = config->standard;
	/* Promised on purpose: nothing, rather than what is promised of others. */
	static const struct config_objective nothing = {.enabled = true,
		.response_ns = 1,
		.slowdown_permille = 1000,
		.errors_permille = 1000};

	none.enabled = false;
	apply_objective(engine, &config->standard, BAL_NONE);
	for (uint32_t i = 0; i < config->objectives.count; i++)
		if (find_objective(config, SPAN("standard")) != &config->objectives.items[i])
			engine_intern(
				engine, BAL_SYMBOL_KIND, span_of(config->objectives.items[i].name));
	for (uint32_t i = 0; i < names_count(engine->names, BAL_SYMBOL_KIND); i++) {
		const struct config_objective *own =
			find_objective(config, names_text(engine->names, BAL_SYMBOL_KIND, i));

		if (own != NULL && !own->enabled)
			own = &nothing;
		apply_objective(engine, own == NULL ? &none : own, i);
	}
}

static void fill_kinds(
	struct engine *engine, const struct config_peak *peak, struct bal_event_peak *event)
{
	for (uint32_t i = 0; i < peak->kinds.count; i++) {
		uint32_t kind =
			engine_intern(engine, BAL_SYMBOL_KIND, span_of(peak->kinds.items[i]));

		if (kind != BAL_NONE)
			event->kinds[event->kinds_count++] = kind;
	}
}

/* One event for each beginning of a peak, from `place` on; returns the place behind them. */
static uint32_t apply_peak(struct engine *engine, const struct config_peak *peak, uint32_t place)
{
	struct bal_event event = {.type = BAL_EVENT_PEAK};

	event.peak.name = engine_intern(engine, BAL_SYMBOL_PEAK, span_of(peak->name));
	event.peak.duration_ns = peak->duration_ns;
	event.peak.factor_permille = (uint32_t)peak->factor_permille;
	event.peak.rate_count = (uint32_t)peak->rate.count;
	event.peak.rate_period_ns = peak->rate.period_ns;
	fill_kinds(engine, peak, &event.peak);
	/* No kind could be named any more: all of them would be something else. */
	if (peak->kinds.count > 0 && event.peak.kinds_count == 0)
		return place;
	for (uint32_t i = 0; i < peak->at.count; i++) {
		event.peak.place = place++;
		event.peak.days = peak->at.items[i].days;
		event.peak.begins_ns = peak->at.items[i].begins_ns;
		engine_event(engine, &event);
	}
	return place;
}

/* Windows that the new configuration no longer has are taken back. */
static void apply_peaks(struct engine *engine, const struct config *config)
{
	struct bal_peak_view view;
	uint32_t place = 0;

	for (uint32_t i = 0; i < config->peaks.count; i++)
		place = apply_peak(engine, &config->peaks.items[i], place);
	for (; place < BAL_PEAKS_MAX; place++) {
		struct bal_event event = {.type = BAL_EVENT_PEAK, .peak = {.place = place}};

		if (bal_peak_view(engine->core, place, &view))
			engine_event(engine, &event);
	}
}

/* Likewise the minimums of schedules: one event for each window. */
static uint32_t apply_schedule(
	struct engine *engine, const struct config_pool *pool, uint32_t place)
{
	struct bal_event event = {.type = BAL_EVENT_MINIMUM};

	event.minimum.pool = engine_intern(engine, BAL_SYMBOL_POOL, span_of(pool->name));
	for (uint32_t i = 0; i < pool->schedule.count && event.minimum.pool != BAL_NONE; i++) {
		const struct config_shift *shift = &pool->schedule.items[i];

		event.minimum.place = place++;
		event.minimum.days = shift->days;
		event.minimum.begins_ns = shift->begins_ns;
		event.minimum.duration_ns = shift->duration_ns;
		event.minimum.agents = (uint32_t)shift->agents_min;
		engine_event(engine, &event);
	}
	return place;
}

static void apply_schedules(struct engine *engine, const struct config *config)
{
	struct bal_event_minimum view;
	uint32_t place = 0;

	for (uint32_t i = 0; i < config->pools.count; i++)
		place = apply_schedule(engine, &config->pools.items[i], place);
	for (; place < BAL_MINIMUMS_MAX; place++) {
		struct bal_event event = {.type = BAL_EVENT_MINIMUM, .minimum = {.place = place}};

		if (bal_minimum_view(engine->core, place, &view))
			engine_event(engine, &event);
	}
}

/* Pools that the new configuration no longer names drain away. */
static void remove_pools(struct engine *engine, const struct config *config)
{
	for (uint32_t i = 0; i < names_count(engine->names, BAL_SYMBOL_POOL); i++) {
		struct bal_event event = {
			.type = BAL_EVENT_POOL_REMOVED, .pool_removed = {.pool = i}};
		struct bal_pool_view view;

		if (config_pool_find(config, names_text(engine->names, BAL_SYMBOL_POOL, i)) ==
				NULL &&
			bal_pool_view(engine->core, i, &view))
			engine_event(engine, &event);
	}
}

void setup_apply(struct engine *engine, const struct config *config)
{
	for (uint32_t i = 0; i < BAL_KNOB_COUNT; i++) {
		struct bal_event event = {
			.type = BAL_EVENT_KNOB, .knob = {.knob = i, .value = config->knobs[i]}};

		if (bal_knob_value(engine->core, (enum bal_knob)i) != config->knobs[i])
			engine_event(engine, &event);
	}
	apply_limits(engine, config);
	apply_tenants(engine, config);
	for (uint32_t i = 0; i < config->pools.count; i++)
		apply_pool(engine, &config->pools.items[i]);
	remove_pools(engine, config);
	setup_rules(engine, config);
	apply_objectives(engine, config);
	apply_peaks(engine, config);
	apply_schedules(engine, config);
}

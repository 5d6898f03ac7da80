/* SPDX-License-Identifier: Apache-2.0 */
/* The words are those of table/rules.h; what ballast does about an alert is the rule's text and,
 * for a subject in a pool, why that pool scales or does not right now. */
#include "daemon/alertview.h"

#include "base/units.h"
#include "core/rule.h"
#include "daemon/instant.h"
#include "daemon/silence.h"
#include "wire/quantity.h"

#include <stdio.h>
#include <string.h>

static const char *const UNITS[] = {
	[RULE_UNIT_SHARE] = "share",
	[RULE_UNIT_TIME] = "seconds",
	[RULE_UNIT_COUNT] = "count",
	[RULE_UNIT_STATE] = "state",
};

#define METRIC_KINDS_MAX 32

static const char *const WINDOWS[BAL_BURN_WINDOWS] = {"5m", "30m", "1h", "6h"};

/* ---- parts ---- */

static const struct rule_ladder_row *ladder_of(const struct bal_alert *alert)
{
	return &rule_ladders[alert->ladder < RULE_LADDER_COUNT ? alert->ladder : 0];
}

/* One rung of a ladder may count what others measure as a share: allocations that failed. */
static enum rule_unit unit_of(uint32_t rule)
{
	uint32_t input = rule_rows[rule].input;

	if (input < BAL_SIGNAL_COUNT &&
		bal_signal_form((enum bal_signal)input).unit == BAL_UNIT_COUNT)
		return RULE_UNIT_COUNT;
	return rule_ladders[rule_rows[rule].ladder].unit;
}

static void put_instant(
	struct engine *engine, struct json_writer *writer, const char *key, int64_t at_ns)
{
	json_key(writer, key);
	instant_put(
		writer, at_ns == BAL_NEVER_NS ? 0 : clock_to_utc_ns(engine_clock(engine), at_ns));
}

static void put_word(struct json_writer *writer, const char *key, const char *word)
{
	json_key(writer, key);
	json_put_word(writer, word);
}

static void put_name(struct engine *engine, struct json_writer *writer, const char *key,
	enum bal_symbol_space space, uint32_t number)
{
	if (number == BAL_NONE)
		return;
	json_key(writer, key);
	json_put_text(writer, names_text(engine_names(engine), space, number));
}

static void put_share(struct json_writer *writer, const char *key, int64_t permille)
{
	json_key(writer, key);
	json_put_decimal(writer, permille, 3);
}

/* Shares as 0.93, times in seconds, the rest as it is. */
static void put_value(
	struct json_writer *writer, const char *key, enum rule_unit unit, int64_t value)
{
	json_key(writer, key);
	if (unit == RULE_UNIT_SHARE)
		json_put_decimal(writer, value, 3);
	else if (unit == RULE_UNIT_TIME)
		json_put_decimal(writer, value / NS_PER_MS, 3);
	else
		json_put_signed(writer, value);
}

const char *alertview_word(const struct bal_alert *alert)
{
	return ladder_of(alert)->word;
}

void alertview_name(
	struct engine *engine, uint32_t subject, uint64_t id, char name[ALERTVIEW_NAME_SIZE])
{
	const struct roster_agent *agent =
		subject == BAL_SUBJECT_AGENT ? roster_find(engine_roster(engine), id) : NULL;
	struct span text = {NULL, 0};

	if (subject == BAL_SUBJECT_POOL)
		text = names_text(engine_names(engine), BAL_SYMBOL_POOL, (uint32_t)id);
	else if (subject == BAL_SUBJECT_KIND)
		text = names_text(engine_names(engine), BAL_SYMBOL_KIND, (uint32_t)id);
	else if (agent != NULL)
		text = span_of(agent->name);
	else if (subject != BAL_SUBJECT_AGENT)
		text = span_of(bal_subject_name((enum bal_subject)subject));
	if (text.at != NULL)
		snprintf(name, ALERTVIEW_NAME_SIZE, "%.*s", (int)text.size, text.at);
	else
		snprintf(name, ALERTVIEW_NAME_SIZE, "%llu", (unsigned long long)id);
}

void alertview_value(const struct bal_alert *alert, int64_t value, char text[ALERTVIEW_NAME_SIZE])
{
	static const enum quantity kinds[] = {[RULE_UNIT_SHARE] = QUANTITY_SHARE,
		[RULE_UNIT_TIME] = QUANTITY_TIME,
		[RULE_UNIT_COUNT] = QUANTITY_COUNT,
		[RULE_UNIT_STATE] = QUANTITY_COUNT};
	enum rule_unit unit = unit_of(alert->rule);
	struct buffer buffer;

	if (unit == RULE_UNIT_STATE) {
		snprintf(text, ALERTVIEW_NAME_SIZE, "%s",
			bal_objective_state_name(
				(enum bal_objective_state)(value + BAL_OBJECTIVE_IS_MET)));
		return;
	}
	buffer_init_fixed(&buffer, text, ALERTVIEW_NAME_SIZE - 1);
	quantity_write(&buffer, kinds[unit], value < 0 ? 0 : value);
	text[buffer.failed ? 0 : buffer.size] = '\0';
}

void alertview_doing(
	struct engine *engine, const struct bal_alert *alert, char line[ALERTVIEW_LINE_SIZE])
{
	const char *remedy = ladder_of(alert)->remedy;
	struct bal_pool_view pool;

	if (alert->pool != BAL_NONE && bal_pool_view(engine_core(engine), alert->pool, &pool) &&
		pool.hold != BAL_REASON_NONE)
		snprintf(line, ALERTVIEW_LINE_SIZE, "%s (scaling now: %s)", remedy,
			bal_reason_text(pool.hold));
	else
		snprintf(line, ALERTVIEW_LINE_SIZE, "%s", remedy);
}

void alertview_line(
	struct engine *engine, const struct bal_alert *alert, char line[ALERTVIEW_LINE_SIZE])
{
	char name[ALERTVIEW_NAME_SIZE], value[ALERTVIEW_NAME_SIZE], limit[ALERTVIEW_NAME_SIZE];

	alertview_name(engine, alert->subject, alert->subject_id, name);
	alertview_value(alert, alert->value, value);
	alertview_value(alert, alert->threshold, limit);
	snprintf(line, ALERTVIEW_LINE_SIZE, "%s %s: %s: %s (%s %s, threshold %s for %llds): %s",
		bal_subject_name((enum bal_subject)alert->subject), name,
		alert->level == BAL_ALERT_NONE
			? "cleared"
			: bal_alert_level_name((enum bal_alert_level)alert->level),
		alertview_word(alert), ladder_of(alert)->what, value, limit,
		(long long)(alert->sustain_ns / NS_PER_S),
		bal_reason_text((enum bal_reason)alert->reason));
}

/* ---- alerts ---- */

static void write_subject(
	struct engine *engine, const struct bal_alert *alert, struct json_writer *writer)
{
	char name[ALERTVIEW_NAME_SIZE];

	put_word(writer, "subject", bal_subject_name((enum bal_subject)alert->subject));
	alertview_name(engine, alert->subject, alert->subject_id, name);
	put_word(writer, "name", name);
	if (alert->subject == BAL_SUBJECT_AGENT) {
		json_key(writer, "agent_id");
		json_put_id(writer, alert->subject_id);
	}
	put_name(engine, writer, "pool", BAL_SYMBOL_POOL, alert->pool);
}

static void write_values(const struct bal_alert *alert, struct json_writer *writer)
{
	enum rule_unit unit = unit_of(alert->rule);
	char text[ALERTVIEW_NAME_SIZE];

	put_word(writer, "signal", rule_input_name(rule_rows[alert->rule].input));
	put_word(writer, "unit", UNITS[unit]);
	put_value(writer, "value", unit, alert->value);
	put_value(writer, "value_last", unit, alert->value_last);
	put_value(writer, "value_worst", unit, alert->value_peak);
	put_value(writer, "threshold", unit, alert->threshold);
	json_key(writer, "for_seconds");
	json_put_signed(writer, alert->sustain_ns / NS_PER_S);
	alertview_value(alert, alert->value_last, text);
	put_word(writer, "value_text", text);
	alertview_value(alert, alert->threshold, text);
	put_word(writer, "threshold_text", text);
}

static void write_times(
	struct engine *engine, const struct bal_alert *alert, struct json_writer *writer)
{
	int64_t now_ns = clock_core_ns(engine_clock(engine));

	put_instant(engine, writer, "since", alert->since_ns);
	put_instant(engine, writer, "opened_at", alert->opened_at_ns);
	put_instant(engine, writer, "changed_at", alert->changed_at_ns);
	put_instant(engine, writer, "cleared_at", alert->cleared_at_ns);
	put_instant(engine, writer, "seen_at", alert->seen_at_ns);
	json_key(writer, "stale");
	json_put_bool(writer, alert->cleared_at_ns == BAL_NEVER_NS &&
				      now_ns - alert->seen_at_ns > BAL_ALERT_STALE_NS);
}

void alertview_write(struct engine *engine, const struct bal_alert *alert,
	const struct silence *silence, struct json_writer *writer)
{
	char rule[RULE_NAME_SIZE], doing[ALERTVIEW_LINE_SIZE];

	rule_name(alert->rule, rule);
	alertview_doing(engine, alert, doing);
	json_open(writer, '{');
	json_key(writer, "id");
	json_put_id(writer, alert->id);
	put_word(writer, "alert", alertview_word(alert));
	put_word(writer, "rule", rule);
	put_word(writer, "level", bal_alert_level_name((enum bal_alert_level)alert->level));
	put_word(writer, "level_worst",
		bal_alert_level_name((enum bal_alert_level)alert->level_peak));
	write_subject(engine, alert, writer);
	write_values(alert, writer);
	write_times(engine, alert, writer);
	put_word(writer, "reason", bal_reason_name((enum bal_reason)alert->reason));
	put_word(writer, "what", ladder_of(alert)->what);
	put_word(writer, "doing", doing);
	json_key(writer, "silence");
	if (silence == NULL)
		json_put_null(writer);
	else
		silence_write(silence, writer);
	json_close(writer);
}

/* ---- rules ---- */

void alertview_write_rule(
	const struct bal_event_rule *rule, struct engine *engine, struct json_writer *writer)
{
	const struct rule_row *row = &rule_rows[rule->rule];
	const struct rule_ladder_row *ladder = &rule_ladders[row->ladder];
	char name[RULE_NAME_SIZE];

	rule_name(rule->rule, name);
	json_open(writer, '{');
	put_word(writer, "rule", name);
	put_word(writer, "alert", ladder->word);
	put_word(writer, "level", bal_alert_level_name(row->level));
	put_word(writer, "subject", bal_subject_name(ladder->subject));
	put_word(writer, "signal", rule_input_name(row->input));
	put_word(writer, "comparison", row->how == RULE_ABOVE ? "at least" : "below");
	put_word(writer, "unit", UNITS[unit_of(rule->rule)]);
	put_value(writer, "threshold", unit_of(rule->rule), rule->threshold);
	json_key(writer, "for_seconds");
	json_put_signed(writer, rule->sustain_ns / NS_PER_S);
	put_value(writer, "clear", unit_of(rule->rule), rule->clear);
	json_key(writer, "clear_for_seconds");
	json_put_signed(writer, rule->clear_ns / NS_PER_S);
	json_key(writer, "enabled");
	json_put_bool(writer, rule->enabled);
	json_key(writer, "labels");
	json_open(writer, '[');
	for (uint32_t tag = 0; tag < BAL_TAGS_MAX; tag++)
		if ((rule->tag_words[tag / 64] >> (tag % 64) & 1) != 0)
			json_put_text(
				writer, names_text(engine_names(engine), BAL_SYMBOL_TAG, tag));
	json_close(writer);
	put_word(writer, "what", ladder->what);
	put_word(writer, "doing", ladder->remedy);
	json_close(writer);
}

/* ---- objectives ---- */

static void write_windows(const struct bal_objective_view *view, struct json_writer *writer)
{
	json_key(writer, "windows");
	json_open(writer, '{');
	for (uint32_t i = 0; i < BAL_BURN_WINDOWS; i++) {
		json_key(writer, WINDOWS[i]);
		json_open(writer, '{');
		json_key(writer, "good");
		json_put_unsigned(writer, view->good[i]);
		json_key(writer, "total");
		json_put_unsigned(writer, view->total[i]);
		json_key(writer, "burn");
		if (view->burn_permille[i] < 0)
			json_put_null(writer);
		else
			json_put_decimal(writer, view->burn_permille[i], 3);
		json_close(writer);
	}
	json_close(writer);
}

static void write_limit(
	uint32_t objective, const struct bal_objective_view *view, struct json_writer *writer)
{
	if (objective != BAL_OBJECTIVE_RESPONSE)
		return;
	put_word(writer, "measure", bal_measure_name((enum bal_measure)view->measure));
	if (view->measure == BAL_MEASURE_SLOWDOWN)
		put_share(writer, "slowdown", view->slowdown_permille);
	else
		put_value(writer, "response_seconds", RULE_UNIT_TIME, view->response_ns);
}

static void write_objective(struct engine *engine, uint32_t kind, uint32_t objective,
	const struct bal_objective_view *view, struct json_writer *writer)
{
	json_open(writer, '{');
	put_name(engine, writer, "kind", BAL_SYMBOL_KIND, kind);
	put_word(writer, "objective", bal_objective_name((enum bal_objective)objective));
	put_word(writer, "state", bal_objective_state_name(view->state));
	put_instant(engine, writer, "since", view->since_ns);
	put_share(writer, "target", view->target_permille);
	json_key(writer, "now");
	if (view->total[0] == 0)
		json_put_null(writer);
	else
		json_put_decimal(writer, (int64_t)(view->good[0] * 1000 / view->total[0]), 3);
	write_limit(objective, view, writer);
	write_windows(view, writer);
	put_share(writer, "budget_left", view->budget_permille);
	json_key(writer, "budget_good");
	json_put_unsigned(writer, view->budget_good);
	json_key(writer, "budget_total");
	json_put_unsigned(writer, view->budget_total);
	json_key(writer, "recovers");
	json_put_bool(writer, view->recovers);
	json_close(writer);
}

void alertview_write_objectives(struct engine *engine, uint32_t kind, struct json_writer *writer)
{
	struct bal_objective_view view;

	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++)
		if (bal_objective_view(engine_core(engine), kind, (enum bal_objective)i, &view) &&
			view.applies)
			write_objective(engine, kind, i, &view, writer);
}

/* ---- metrics ---- */

static void put_open(struct engine *engine, struct metric_text *text)
{
	uint64_t open[BAL_ALERT_LEVEL_COUNT] = {0};
	struct bal_core *core = engine_core(engine);
	struct bal_alert alert;

	for (uint32_t i = 0; i < bal_alert_places(core); i++)
		if (bal_alert_at(core, i, &alert))
			open[alert.level]++;
	metric_family(text, METRIC_ID_ALERTS_OPEN);
	for (uint32_t level = BAL_ALERT_WARNING; level < BAL_ALERT_LEVEL_COUNT; level++) {
		metric_begin(text, "");
		metric_label(
			text, "level", span_of(bal_alert_level_name((enum bal_alert_level)level)));
		metric_value(text, (int64_t)open[level]);
	}
}

static void begin_objective(
	struct engine *engine, uint32_t kind, uint32_t objective, struct metric_text *text)
{
	metric_begin(text, "");
	metric_label(text, "kind", names_text(engine_names(engine), BAL_SYMBOL_KIND, kind));
	metric_label(text, "objective", span_of(bal_objective_name((enum bal_objective)objective)));
}

typedef void put_objective(struct engine *engine, uint32_t kind, uint32_t objective,
	const struct bal_objective_view *view, struct metric_text *text);

static void put_state(struct engine *engine, uint32_t kind, uint32_t objective,
	const struct bal_objective_view *view, struct metric_text *text)
{
	if (view->state == BAL_OBJECTIVE_IS_NO_DATA)
		return;
	begin_objective(engine, kind, objective, text);
	metric_value(text, (int64_t)view->state - BAL_OBJECTIVE_IS_MET);
}

static void put_burns(struct engine *engine, uint32_t kind, uint32_t objective,
	const struct bal_objective_view *view, struct metric_text *text)
{
	for (uint32_t i = 0; i < BAL_BURN_WINDOWS; i++) {
		if (view->burn_permille[i] < 0)
			continue;
		begin_objective(engine, kind, objective, text);
		metric_label(text, "window", span_of(WINDOWS[i]));
		metric_decimal(text, view->burn_permille[i], 3);
	}
}

static void put_budget(struct engine *engine, uint32_t kind, uint32_t objective,
	const struct bal_objective_view *view, struct metric_text *text)
{
	begin_objective(engine, kind, objective, text);
	metric_decimal(text, view->budget_permille, 3);
}

static void put_family(struct engine *engine, put_objective *put, struct metric_text *text)
{
	uint32_t kinds = names_count(engine_names(engine), BAL_SYMBOL_KIND);
	struct bal_objective_view view;

	for (uint32_t kind = 0, shown = 0; kind < kinds && shown < METRIC_KINDS_MAX; kind++) {
		bool applies = false;

		for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++) {
			if (!bal_objective_view(
				    engine_core(engine), kind, (enum bal_objective)i, &view) ||
				!view.applies)
				continue;
			put(engine, kind, i, &view, text);
			applies = true;
		}
		shown += applies;
	}
}

void alertview_metrics(struct engine *engine, struct metric_text *text)
{
	put_open(engine, text);
	metric_family(text, METRIC_ID_OBJECTIVE_STATE);
	put_family(engine, put_state, text);
	metric_family(text, METRIC_ID_OBJECTIVE_BURN);
	put_family(engine, put_burns, text);
	metric_family(text, METRIC_ID_OBJECTIVE_BUDGET);
	put_family(engine, put_budget, text);
}

/* ---- recoveries ---- */

void alertview_write_recovery(
	struct engine *engine, const struct bal_recovery *recovery, struct json_writer *writer)
{
	const struct roster_agent *agent =
		recovery->agent == 0 ? NULL : roster_find(engine_roster(engine), recovery->agent);

	json_open(writer, '{');
	json_key(writer, "id");
	json_put_id(writer, recovery->id);
	put_word(writer, "step", bal_recovery_name((enum bal_recovery_step)recovery->step));
	put_name(engine, writer, "kind", BAL_SYMBOL_KIND, recovery->kind);
	put_word(writer, "objective", bal_objective_name((enum bal_objective)recovery->objective));
	put_name(engine, writer, "pool", BAL_SYMBOL_POOL, recovery->pool);
	if (recovery->step == BAL_RECOVERY_SHED)
		put_word(writer, "class", bal_priority_name((enum bal_priority)recovery->priority));
	if (recovery->order != 0) {
		json_key(writer, "order");
		json_put_id(writer, recovery->order);
	}
	if (recovery->agent != 0) {
		json_key(writer, "agent_id");
		json_put_id(writer, recovery->agent);
		put_word(writer, "agent", agent == NULL ? NULL : agent->name);
	}
	put_share(writer, "was", recovery->good_permille);
	put_share(writer, "target", recovery->target_permille);
	put_instant(engine, writer, "begun_at", recovery->begun_at_ns);
	put_instant(engine, writer, "ended_at", recovery->ended_at_ns);
	put_word(writer, "reason", bal_reason_name((enum bal_reason)recovery->reason));
	json_close(writer);
}

void alertview_recovery_line(
	struct engine *engine, const struct bal_recovery *recovery, char line[ALERTVIEW_LINE_SIZE])
{
	struct span kind = names_text(engine_names(engine), BAL_SYMBOL_KIND, recovery->kind);
	struct span pool = names_text(engine_names(engine), BAL_SYMBOL_POOL, recovery->pool);
	bool shed = recovery->step == BAL_RECOVERY_SHED;

	snprintf(line, ALERTVIEW_LINE_SIZE,
		"recovery %s: %s%s%s in pool %.*s, because %s of %.*s is %lld.%lld%%, promised "
		"%u.%u%%",
		recovery->ended_at_ns == BAL_NEVER_NS ? "begun" : "ended",
		bal_recovery_name((enum bal_recovery_step)recovery->step), shed ? " " : "",
		shed ? bal_priority_name((enum bal_priority)recovery->priority) : "",
		(int)pool.size, pool.at,
		bal_objective_name((enum bal_objective)recovery->objective), (int)kind.size,
		kind.at, (long long)(recovery->good_permille / 10),
		(long long)(recovery->good_permille % 10), recovery->target_permille / 10,
		recovery->target_permille % 10);
}

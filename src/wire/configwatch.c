/* SPDX-License-Identifier: Apache-2.0 */
/* A threshold is written in the unit of its rule (80%, 2s, 100), which only the name of the rule
 * tells; so it is kept as text by the table and read here. A clear value that is not given moves
 * along with its threshold. */
#include "wire/configwatch.h"

#include "core/rule.h"
#include "wire/configread.h"
#include "wire/nearest.h"
#include "wire/quantity.h"
#include "wire/url.h"

#include <string.h>

static const enum quantity QUANTITIES[] = {
	[RULE_UNIT_SHARE] = QUANTITY_SHARE,
	[RULE_UNIT_TIME] = QUANTITY_TIME,
	[RULE_UNIT_COUNT] = QUANTITY_COUNT,
	[RULE_UNIT_STATE] = QUANTITY_COUNT,
};

static enum quantity quantity_of(uint32_t rule)
{
	uint32_t input = rule_rows[rule].input;

	if (input < BAL_SIGNAL_COUNT &&
		bal_signal_form((enum bal_signal)input).unit == BAL_UNIT_COUNT)
		return QUANTITY_COUNT;
	return QUANTITIES[rule_ladders[rule_rows[rule].ladder].unit];
}

static bool fail_rule(struct config_reader *reader, const struct yaml_node *node)
{
	char names[RULE_COUNT][RULE_NAME_SIZE];
	struct nearest nearest;

	nearest_init(&nearest, node->key);
	for (uint32_t i = 0; i < RULE_COUNT; i++) {
		rule_name(i, names[i]);
		nearest_offer(&nearest, names[i]);
	}
	if (nearest.best)
		return config_fail(reader, node->key_line, node->key_column,
			"`%s` is no rule of alerts; did you mean `%s`?", node->key.at,
			nearest.best);
	return config_fail(reader, node->key_line, node->key_column,
		"`%s` is no rule of alerts; `ballast alerts --rules` lists them", node->key.at);
}

static bool read_number(struct config_reader *reader, const struct yaml_node *node,
	enum quantity quantity, int64_t *value)
{
	if (node == NULL || quantity_read(node->text, quantity, value))
		return true;
	return config_fail_expected(reader, node, quantity_expected(quantity));
}

static bool finish_rule(struct config_reader *reader, const struct yaml_node *node,
	struct config_rule_change *change)
{
	uint32_t number = rule_find(node->key.at, node->key.size);
	struct bal_event_rule *rule = &change->rule;
	enum quantity quantity;
	int64_t distance;

	if (number == RULE_COUNT)
		return fail_rule(reader, node);
	quantity = quantity_of(number);
	*rule = rule_standard(number);
	distance = rule->threshold - rule->clear;
	rule->enabled = change->enabled;
	if (!read_number(reader, config_entry(node, "threshold"), quantity, &rule->threshold))
		return false;
	rule->clear = rule->threshold > distance ? rule->threshold - distance : 0;
	if (!read_number(reader, config_entry(node, "clear"), quantity, &rule->clear))
		return false;
	if (config_entry(node, "for") != NULL)
		rule->sustain_ns = change->sustain_ns;
	if (config_entry(node, "clear_for") != NULL)
		rule->clear_ns = change->clear_ns;
	if (rule_valid(rule))
		return true;
	return config_fail(reader, node->key_line, node->key_column,
		"rule `%s`: `clear` lies beyond the threshold, it would open and end at once",
		change->name);
}

static bool check_webhook(
	struct config_reader *reader, const struct yaml_node *node, const char *webhook)
{
	struct url url;

	if (webhook == NULL)
		return true;
	node = config_entry(node, "webhook");
	if (!url_read(span_of(webhook), &url))
		return config_fail_expected(reader, node, "a URL such as http://127.0.0.1:9093");
	if (url.secure)
		return config_fail(reader, node->line, node->column,
			"https is not spoken to webhooks yet, use http");
	return true;
}

bool config_finish_alerts(
	struct config_reader *reader, const struct yaml_node *node, struct config *config)
{
	const struct yaml_node *rules = config_entry(node, "rules");
	const struct yaml_node *entry = rules ? rules->child : NULL;

	for (uint32_t i = 0; i < config->alerts.rules.count; i++, entry = entry->next)
		if (!finish_rule(reader, entry, &config->alerts.rules.items[i]))
			return false;
	return check_webhook(reader, node, config->alerts.webhook);
}

bool config_finish_objectives(
	struct config_reader *reader, const struct yaml_node *node, struct config *config)
{
	const struct yaml_node *entry = node ? node->child : NULL;

	if (!config_read_section(reader, config_objective_section, NULL, &config->standard))
		return false;
	config->standard.name = "standard";
	config->standard.recover = true;
	for (uint32_t i = 0; i < config->objectives.count; i++, entry = entry->next) {
		struct config_objective *objective = &config->objectives.items[i];

		if (strcmp(objective->name, "standard") != 0)
			continue;
		if (config_entry(entry, "recover") == NULL)
			objective->recover = true;
		config->standard = *objective;
	}
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing but the tables, and the two comparisons that a rule is made of. */
#include "core/rule.h"

#include "base/units.h"

#include <string.h>

const struct rule_ladder_row rule_ladders[RULE_LADDER_COUNT] = {
#define X(name, word, subject, unit, what, remedy)                                                 \
	{word, BAL_SUBJECT_##subject, RULE_UNIT_##unit, what, remedy},
	RULE_LADDERS(X)
#undef X
};

const struct rule_row rule_rows[RULE_COUNT] = {
#define X(ladder, level, input, how, threshold, sustain, clear, clear_s)                           \
	{RULE_LADDER_##ladder, BAL_ALERT_##level, input, RULE_##how, threshold,                    \
		(sustain)*NS_PER_S, clear, (clear_s)*NS_PER_S},
	RULES(X)
#undef X
};

static const char *const LEVELS[BAL_ALERT_LEVEL_COUNT] = {
#define X(name, text) text,
	BAL_ALERT_LEVEL_MAP(X)
#undef X
};

static const char *const FACTS[] = {
#define X(name, word) word,
	RULE_FACTS(X)
#undef X
};

static size_t put_word(char *name, size_t used, const char *word)
{
	while (*word != '\0' && used + 1 < RULE_NAME_SIZE)
		name[used++] = *word++;
	name[used] = '\0';
	return used;
}

void rule_name(uint32_t rule, char name[RULE_NAME_SIZE])
{
	size_t used;

	name[0] = '\0';
	if (rule >= RULE_COUNT)
		return;
	used = put_word(name, 0, rule_ladders[rule_rows[rule].ladder].word);
	used = put_word(name, used, "_");
	put_word(name, used, LEVELS[rule_rows[rule].level]);
}

uint32_t rule_find(const char *text, size_t size)
{
	char name[RULE_NAME_SIZE];

	for (uint32_t i = 0; i < RULE_COUNT; i++) {
		rule_name(i, name);
		if (strlen(name) == size && memcmp(name, text, size) == 0)
			return i;
	}
	return RULE_COUNT;
}

const char *rule_input_name(uint32_t input)
{
	if (input >= RULE_INPUT_COUNT)
		return "?";
	return input < BAL_SIGNAL_COUNT ? bal_signal_name((enum bal_signal)input)
					: FACTS[input - BAL_SIGNAL_COUNT];
}

struct bal_event_rule rule_standard(uint32_t rule)
{
	const struct rule_row *row = &rule_rows[rule];

	return (struct bal_event_rule){.rule = rule,
		.enabled = true,
		.threshold = row->threshold,
		.sustain_ns = row->sustain_ns,
		.clear = row->clear,
		.clear_ns = row->clear_ns};
}

bool rule_holds(const struct bal_event_rule *conf, int64_t value)
{
	return rule_rows[conf->rule].how == RULE_ABOVE ? value >= conf->threshold
						       : value < conf->threshold;
}

bool rule_ends(const struct bal_event_rule *conf, int64_t value)
{
	return rule_rows[conf->rule].how == RULE_ABOVE ? value < conf->clear : value >= conf->clear;
}

bool rule_valid(const struct bal_event_rule *conf)
{
	if (conf->rule >= RULE_COUNT || conf->sustain_ns < 0 || conf->clear_ns < 0 ||
		conf->threshold < 0 || conf->clear < 0)
		return false;
	return rule_rows[conf->rule].how == RULE_ABOVE ? conf->clear <= conf->threshold
						       : conf->clear >= conf->threshold;
}

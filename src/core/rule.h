/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_RULE_H
#define BAL_CORE_RULE_H

#include "ballast.h"
#include "table/rules.h"

/* The rows of table/rules.h as numbers and arrays, for the core and for whoever shows them. */

_Static_assert(BAL_RULE_TAG_WORDS == BAL_TAG_WORDS, "a rule names tags as a pool does");

/* Facts that the core works out itself follow the signals, so that one number names an input. */
enum rule_input {
	RULE_INPUT_BEFORE = BAL_SIGNAL_COUNT - 1,
#define X(name, word) RULE_FACT_##name,
	RULE_FACTS(X)
#undef X
		RULE_INPUT_COUNT
};

enum rule_ladder {
#define X(name, word, subject, unit, what, remedy) RULE_LADDER_##name,
	RULE_LADDERS(X)
#undef X
		RULE_LADDER_COUNT
};

enum rule {
#define X(ladder, level, input, how, threshold, sustain, clear, clear_s) RULE_##ladder##_##level,
	RULES(X)
#undef X
		RULE_COUNT
};

enum rule_how { RULE_ABOVE, RULE_BELOW };
enum rule_unit { RULE_UNIT_SHARE, RULE_UNIT_TIME, RULE_UNIT_COUNT, RULE_UNIT_STATE };

struct rule_ladder_row {
	const char *word;
	enum bal_subject subject;
	enum rule_unit unit;
	const char *what;
	const char *remedy;
};

struct rule_row {
	enum rule_ladder ladder;
	enum bal_alert_level level;
	uint32_t input; /* enum bal_signal, or enum rule_input */
	enum rule_how how;
	int64_t threshold;
	int64_t sustain_ns;
	int64_t clear;
	int64_t clear_ns;
};

extern const struct rule_ladder_row rule_ladders[RULE_LADDER_COUNT];
extern const struct rule_row rule_rows[RULE_COUNT];

#define RULE_NAME_SIZE 48

/* "cpu_critical", terminated; an empty text for a number that is none. */
void rule_name(uint32_t rule, char name[RULE_NAME_SIZE]);

/* The rule of that name (size bytes); RULE_COUNT when there is none. */
uint32_t rule_find(const char *name, size_t size);

/* The word of an input. */
const char *rule_input_name(uint32_t input);

/* What a rule says before anybody changes it. */
struct bal_event_rule rule_standard(uint32_t rule);

/* True when the value leads to the rule's level, or ends it; with the numbers in force. */
bool rule_holds(const struct bal_event_rule *conf, int64_t value);
bool rule_ends(const struct bal_event_rule *conf, int64_t value);

/* False when the numbers make no rule: a clear value beyond the threshold, a negative time. */
bool rule_valid(const struct bal_event_rule *conf);

#endif

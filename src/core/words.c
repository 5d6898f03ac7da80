/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of the tables in ballast_words.h. Words that are the enumerator itself in lower case
 * are made of its name by the preprocessor, letter by letter: a second spelling written by hand
 * would be one more thing to keep equal, and a table filled at run time would be global state.
 */
#include "ballast.h"

#include <assert.h>

/* Room for the longest enumerator and its terminator. */
#define WORD_SIZE 24

#define LETTER(word, i) ((word)[(i) < sizeof(word) ? (i) : sizeof(word) - 1])
#define LOWER(word, i)                                                                             \
	(char)(LETTER(word, i) >= 'A' && LETTER(word, i) <= 'Z' ? LETTER(word, i) - 'A' + 'a'      \
								: LETTER(word, i))
#define LOWER_4(word, i)                                                                           \
	LOWER(word, i), LOWER(word, (i) + 1), LOWER(word, (i) + 2), LOWER(word, (i) + 3)
#define LOWER_WORD(word)                                                                           \
	{                                                                                          \
		LOWER_4(word, 0), LOWER_4(word, 4), LOWER_4(word, 8), LOWER_4(word, 12),           \
			LOWER_4(word, 16), LOWER_4(word, 20)                                       \
	}

#define X(name, text) static_assert(sizeof(#name) <= WORD_SIZE, "reason " #name " is too long");
BAL_REASON_MAP(X)
#undef X
#define X(name, member) static_assert(sizeof(#name) <= WORD_SIZE, "event " #name " is too long");
BAL_EVENT_MAP(X)
#undef X
#define X(name) static_assert(sizeof(#name) <= WORD_SIZE, "effect " #name " is too long");
BAL_EFFECT_MAP(X)
#undef X

#define WORD_OF(table, value)                                                                      \
	((unsigned)(value) < sizeof(table) / sizeof((table)[0]) ? (table)[value] : "?")

const char *bal_status_text(enum bal_status status)
{
	static const char *const texts[] = {
#define X(name, http, text) [BAL_##name] = text,
		BAL_STATUS_MAP(X)
#undef X
	};

	return WORD_OF(texts, status);
}

int bal_status_http(enum bal_status status)
{
	static const int codes[] = {
#define X(name, http, text) [BAL_##name] = http,
		BAL_STATUS_MAP(X)
#undef X
	};

	/* A status that is none is a bug of whoever made it, which HTTP calls 500. */
	return (unsigned)status < BAL_STATUS_COUNT ? codes[status] : 500;
}

const char *bal_reason_name(enum bal_reason reason)
{
	static const char names[][WORD_SIZE] = {
#define X(name, text) [BAL_REASON_##name] = LOWER_WORD(#name),
		BAL_REASON_MAP(X)
#undef X
	};

	return WORD_OF(names, reason);
}

const char *bal_reason_text(enum bal_reason reason)
{
	static const char *const texts[] = {
#define X(name, text) [BAL_REASON_##name] = text,
		BAL_REASON_MAP(X)
#undef X
	};

	return WORD_OF(texts, reason);
}

const char *bal_priority_name(enum bal_priority priority)
{
	static const char *const names[] = {
#define X(name, text) [BAL_PRIORITY_##name] = text,
		BAL_PRIORITY_MAP(X)
#undef X
	};

	return WORD_OF(names, priority);
}

const char *bal_task_state_name(enum bal_task_state state)
{
	static const char *const names[] = {
#define X(name, text) [BAL_TASK_##name] = text,
		BAL_TASK_STATE_MAP(X)
#undef X
	};

	return WORD_OF(names, state);
}

const char *bal_agent_state_name(enum bal_agent_state state)
{
	static const char *const names[] = {
#define X(name, text) [BAL_AGENT_##name] = text,
		BAL_AGENT_STATE_MAP(X)
#undef X
	};

	return WORD_OF(names, state);
}

const char *bal_outcome_name(enum bal_outcome outcome)
{
	static const char *const names[] = {
#define X(name, text) [BAL_OUTCOME_##name] = text,
		BAL_OUTCOME_MAP(X)
#undef X
	};

	return WORD_OF(names, outcome);
}

const char *bal_strategy_name(enum bal_strategy strategy)
{
	static const char *const names[] = {
#define X(name, text) [BAL_STRATEGY_##name] = text,
		BAL_STRATEGY_MAP(X)
#undef X
	};

	return WORD_OF(names, strategy);
}

const char *bal_market_name(enum bal_market market)
{
	static const char *const names[] = {
#define X(name, text) [BAL_MARKET_##name] = text,
		BAL_MARKET_MAP(X)
#undef X
	};

	return WORD_OF(names, market);
}

const char *bal_plan_goal_name(enum bal_plan_goal goal)
{
	static const char *const names[] = {
#define X(name, text) [BAL_PLAN_GOAL_##name] = text,
		BAL_PLAN_GOAL_MAP(X)
#undef X
	};

	return WORD_OF(names, goal);
}

const char *bal_routing_name(enum bal_routing routing)
{
	static const char *const names[] = {
#define X(name, text) [BAL_ROUTING_##name] = text,
		BAL_ROUTING_MAP(X)
#undef X
	};

	return WORD_OF(names, routing);
}

const char *bal_pool_kind_name(enum bal_pool_kind kind)
{
	static const char *const names[] = {
#define X(name, text) [BAL_POOL_##name] = text,
		BAL_POOL_KIND_MAP(X)
#undef X
	};

	return WORD_OF(names, kind);
}

struct bal_signal_form bal_signal_form(enum bal_signal signal)
{
	static const struct bal_signal_form forms[] = {
#define X(name, word, unit_word, form_word, whose, cadence, keeps, largest, words)                 \
	[BAL_SIGNAL_##name] = {                                                                    \
		.text = (word),                                                                    \
		.help = (words),                                                                   \
		.unit = BAL_UNIT_##unit_word,                                                      \
		.form = BAL_FORM_##form_word,                                                      \
		.subject = BAL_SUBJECT_##whose,                                                    \
		.aggregate = BAL_AGGREGATE_##keeps,                                                \
		.cadence_s = (cadence),                                                            \
		.most = BAL_MOST_##largest,                                                        \
	},
		BAL_SIGNAL_MAP(X)
#undef X
	};
	static const struct bal_signal_form none = {.text = "?", .help = "?"};

	return (unsigned)signal < BAL_SIGNAL_COUNT ? forms[signal] : none;
}

const char *bal_signal_name(enum bal_signal signal)
{
	return bal_signal_form(signal).text;
}

const char *bal_subject_name(enum bal_subject subject)
{
	static const char *const names[] = {
#define X(name, text) [BAL_SUBJECT_##name] = text,
		BAL_SUBJECT_MAP(X)
#undef X
	};

	return WORD_OF(names, subject);
}

const char *bal_vertical_name(enum bal_vertical mode)
{
	static const char *const names[] = {
#define X(name, text) [BAL_VERTICAL_##name] = text,
		BAL_VERTICAL_MAP(X)
#undef X
	};

	return WORD_OF(names, mode);
}

const char *bal_unit_name(enum bal_unit unit)
{
	static const char *const names[] = {
#define X(name, text) [BAL_UNIT_##name] = text,
		BAL_UNIT_MAP(X)
#undef X
	};

	return WORD_OF(names, unit);
}

const char *bal_form_name(enum bal_form form)
{
	static const char *const names[] = {
#define X(name, text) [BAL_FORM_##name] = text,
		BAL_FORM_MAP(X)
#undef X
	};

	return WORD_OF(names, form);
}

const char *bal_aggregate_name(enum bal_aggregate aggregate)
{
	static const char *const names[] = {
#define X(name, text) [BAL_AGGREGATE_##name] = text,
		BAL_AGGREGATE_MAP(X)
#undef X
	};

	return WORD_OF(names, aggregate);
}

const char *bal_alert_level_name(enum bal_alert_level level)
{
	static const char *const names[] = {
#define X(name, text) [BAL_ALERT_##name] = text,
		BAL_ALERT_LEVEL_MAP(X)
#undef X
	};

	return WORD_OF(names, level);
}

const char *bal_objective_name(enum bal_objective objective)
{
	static const char *const names[] = {
#define X(name, text) [BAL_OBJECTIVE_##name] = text,
		BAL_OBJECTIVE_MAP(X)
#undef X
	};

	return WORD_OF(names, objective);
}

const char *bal_objective_state_name(enum bal_objective_state state)
{
	static const char *const names[] = {
#define X(name, text) [BAL_OBJECTIVE_IS_##name] = text,
		BAL_OBJECTIVE_STATE_MAP(X)
#undef X
	};

	return WORD_OF(names, state);
}

const char *bal_measure_name(enum bal_measure measure)
{
	static const char *const names[] = {
#define X(name, text) [BAL_MEASURE_##name] = text,
		BAL_MEASURE_MAP(X)
#undef X
	};

	return WORD_OF(names, measure);
}

const char *bal_recovery_name(enum bal_recovery_step step)
{
	static const char *const names[] = {
#define X(name, text) [BAL_RECOVERY_##name] = text,
		BAL_RECOVERY_MAP(X)
#undef X
	};

	return WORD_OF(names, step);
}

const char *bal_event_name(enum bal_event_type type)
{
	static const char names[][WORD_SIZE] = {
#define X(name, member) [BAL_EVENT_##name] = LOWER_WORD(#name),
		BAL_EVENT_MAP(X)
#undef X
	};

	return WORD_OF(names, type);
}

const char *bal_effect_name(enum bal_effect_type type)
{
	static const char names[][WORD_SIZE] = {
#define X(name) [BAL_EFFECT_##name] = LOWER_WORD(#name),
		BAL_EFFECT_MAP(X)
#undef X
	};

	return WORD_OF(names, type);
}

const char *bal_order_type_name(enum bal_order_type type)
{
	static const char *const names[] = {
#define X(name, text) [BAL_ORDER_##name] = text,
		BAL_ORDER_TYPE_MAP(X)
#undef X
	};

	return WORD_OF(names, type);
}

const char *bal_order_state_name(enum bal_order_state state)
{
	static const char *const names[] = {
#define X(name, text) [BAL_ORDER_IS_##name] = text,
		BAL_ORDER_STATE_MAP(X)
#undef X
	};

	return WORD_OF(names, state);
}

const char *bal_verdict_name(enum bal_verdict verdict)
{
	static const char *const names[] = {
#define X(name, text) [BAL_VERDICT_##name] = text,
		BAL_VERDICT_MAP(X)
#undef X
	};

	return WORD_OF(names, verdict);
}

const char *bal_timing_name(enum bal_timing timing)
{
	static const char *const names[] = {
#define X(name, text) [BAL_TIMING_##name] = text,
		BAL_TIMING_MAP(X)
#undef X
	};

	return WORD_OF(names, timing);
}

const char *bal_condition_name(enum bal_condition condition)
{
	static const char *const names[] = {
#define X(name, text) [BAL_CONDITION_##name] = text,
		BAL_CONDITION_MAP(X)
#undef X
	};

	return WORD_OF(names, condition);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ballast alerts, objectives, silence: what is wrong, what is promised, and what somebody knows of
 * already. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "wire/jsonwrite.h"

#include <stdio.h>
#include <string.h>

#define BODY_SIZE 2048

static const struct args_option ALERTS_OPTIONS[] = {
	{"--past", NULL, NULL, "those that have cleared, the latest first"},
	{"--rules", NULL, NULL, "the rules as they are in force"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct args_option OBJECTIVES_OPTIONS[] = {
	{"--recoveries", NULL, NULL, "what was done by itself while one was broken"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct args_option SILENCE_OPTIONS[] = {
	{"--for", NULL, "TIME", "how long, such as 2h; at most 30 days"},
	{"--reason", NULL, "TEXT", "why, for those who wonder"},
	{"--end", NULL, "ID", "ends a silence now"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct show_column OPEN_COLUMNS[] = {
	{"LEVEL", "level", SHOW_STATE, false},
	{"ALERT", "alert", SHOW_TEXT, true},
	{"SUBJECT", "name", SHOW_TEXT, true},
	{"VALUE", "value_text", SHOW_TEXT, false},
	{"LIMIT", "threshold_text", SHOW_TEXT, false},
	{"OPEN", "opened_at", SHOW_TIME, false},
	{"SEEN", "seen_at", SHOW_TIME, false},
	{"ID", "id", SHOW_TEXT, false},
};

static const struct show_column PAST_COLUMNS[] = {
	{"WORST", "level_worst", SHOW_STATE, false},
	{"ALERT", "alert", SHOW_TEXT, true},
	{"SUBJECT", "name", SHOW_TEXT, true},
	{"OPENED", "opened_at", SHOW_TIME, false},
	{"CLEARED", "cleared_at", SHOW_TIME, false},
	{"REASON", "reason", SHOW_TEXT, true},
	{"ID", "id", SHOW_TEXT, false},
};

static const struct show_column RULE_COLUMNS[] = {
	{"RULE", "rule", SHOW_TEXT, true},
	{"SUBJECT", "subject", SHOW_TEXT, false},
	{"SIGNAL", "signal", SHOW_TEXT, true},
	{"", "comparison", SHOW_TEXT, false},
	{"LIMIT", "threshold", SHOW_NUMBER, false},
	{"FOR", "for_seconds", SHOW_SECONDS, false},
	{"CLEAR", "clear", SHOW_NUMBER, false},
	{"FOR", "clear_for_seconds", SHOW_SECONDS, false},
};

static const struct show_column ALERT_LINES[] = {
	{"alert", "alert", SHOW_TEXT, false},
	{"level", "level", SHOW_STATE, false},
	{"worst level", "level_worst", SHOW_TEXT, false},
	{"subject", "subject", SHOW_TEXT, false},
	{"name", "name", SHOW_TEXT, false},
	{"pool", "pool", SHOW_TEXT, false},
	{"what", "what", SHOW_TEXT, false},
	{"signal", "signal", SHOW_TEXT, false},
	{"value", "value_text", SHOW_TEXT, false},
	{"threshold", "threshold_text", SHOW_TEXT, false},
	{"sustained for", "for_seconds", SHOW_SECONDS, false},
	{"opened before", "opened_at", SHOW_TIME, false},
};

static const struct show_column ALERT_MORE[] = {
	{"cleared before", "cleared_at", SHOW_TIME, false},
	{"last value before", "seen_at", SHOW_TIME, false},
	{"reason", "reason", SHOW_TEXT, false},
	{"ballast", "doing", SHOW_TEXT, false},
	{"silenced until", "silence.until", SHOW_TEXT, false},
	{"because", "silence.reason", SHOW_TEXT, false},
};

static const struct show_column OBJECTIVE_COLUMNS[] = {
	{"KIND", "kind", SHOW_TEXT, true},
	{"OBJECTIVE", "objective", SHOW_TEXT, true},
	{"STATE", "state", SHOW_STATE, false},
	{"NOW", "now", SHOW_NUMBER, false},
	{"TARGET", "target", SHOW_NUMBER, false},
	{"BURN 5m", "windows.5m.burn", SHOW_NUMBER, false},
	{"1h", "windows.1h.burn", SHOW_NUMBER, false},
	{"6h", "windows.6h.burn", SHOW_NUMBER, false},
	{"BUDGET", "budget_left", SHOW_NUMBER, false},
};

static const struct show_column RECOVERY_COLUMNS[] = {
	{"STEP", "step", SHOW_TEXT, false},
	{"POOL", "pool", SHOW_TEXT, true},
	{"CLASS", "class", SHOW_TEXT, false},
	{"AGENT", "agent", SHOW_TEXT, true},
	{"KIND", "kind", SHOW_TEXT, true},
	{"OBJECTIVE", "objective", SHOW_TEXT, false},
	{"WAS", "was", SHOW_NUMBER, false},
	{"BEGUN", "begun_at", SHOW_TIME, false},
	{"ENDED", "ended_at", SHOW_TIME, false},
};

static const struct show_column SILENCE_COLUMNS[] = {
	{"ID", "id", SHOW_TEXT, false},
	{"ALERT", "alert", SHOW_TEXT, true},
	{"SUBJECT", "name", SHOW_TEXT, true},
	{"UNTIL", "until", SHOW_TEXT, false},
	{"REASON", "reason", SHOW_TEXT, true},
};

/* A list of the daemon's, as a table. */
struct listing {
	const char *target;
	const char *member;
	const struct show_column *columns;
	uint32_t count;
	const char *none;
};

static const struct listing OPEN = {
	"/v1/alerts", "alerts", OPEN_COLUMNS, COUNT_OF(OPEN_COLUMNS), "no alert is open"};
static const struct listing PAST = {
	"/v1/alerts", "past", PAST_COLUMNS, COUNT_OF(PAST_COLUMNS), "none has cleared"};
static const struct listing RULES = {
	"/v1/alerts/rules", "rules", RULE_COLUMNS, COUNT_OF(RULE_COLUMNS), "there are no rules"};
static const struct listing OBJECTIVES = {"/v1/objectives", "objectives", OBJECTIVE_COLUMNS,
	COUNT_OF(OBJECTIVE_COLUMNS),
	"nothing is promised yet: a kind of task needs eight services to be known"};
static const struct listing RECOVERIES = {"/v1/objectives", "recoveries", RECOVERY_COLUMNS,
	COUNT_OF(RECOVERY_COLUMNS), "nothing had to be done"};
static const struct listing SILENCES = {"/v1/silences", "silences", SILENCE_COLUMNS,
	COUNT_OF(SILENCE_COLUMNS), "nothing is silenced"};

static int list(const struct args *args, const struct listing *listing)
{
	struct ask *ask = ask_open(args);
	int rc;

	if (ask == NULL)
		return EXIT_USAGE;
	rc = ask_get(ask, listing->target);
	if (rc == 0 && ask->raw)
		ask_print(ask);
	else if (rc == 0)
		show_table(show_member(ask->json.root, listing->member), listing->columns,
			listing->count, listing->none);
	ask_close(ask);
	return rc;
}

/* ---- alerts ---- */

static int show_alert(const struct args *args, const char *id)
{
	char target[ASK_TARGET_MAX], encoded[256];
	struct ask *ask = ask_open(args);
	int rc;

	if (ask == NULL)
		return EXIT_USAGE;
	snprintf(target, sizeof target, "/v1/alerts/%s", ask_encode(id, encoded, sizeof encoded));
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw) {
		ask_print(ask);
	} else if (rc == 0) {
		show_object(ask->json.root, ALERT_LINES, COUNT_OF(ALERT_LINES));
		show_object(ask->json.root, ALERT_MORE, COUNT_OF(ALERT_MORE));
	}
	ask_close(ask);
	return rc;
}

static int run_alerts(const struct args *args)
{
	if (args->word_count > 1) {
		fprintf(stderr, "usage: ballast alerts [ID] [--past] [--rules]\n");
		return EXIT_USAGE;
	}
	if (args->word_count == 1)
		return show_alert(args, args->words[0]);
	if (args_has(args, "--rules"))
		return list(args, &RULES);
	return list(args, args_has(args, "--past") ? &PAST : &OPEN);
}

/* ---- objectives ---- */

static int run_objectives(const struct args *args)
{
	if (args->word_count > 0) {
		fprintf(stderr, "usage: ballast objectives [--recoveries]\n");
		return EXIT_USAGE;
	}
	return list(args, args_has(args, "--recoveries") ? &RECOVERIES : &OBJECTIVES);
}

/* ---- silence ---- */

static int post(const struct args *args, const char *target, struct span body, const char *done)
{
	struct ask *ask = ask_open(args);
	int rc;

	if (ask == NULL)
		return EXIT_USAGE;
	rc = ask_post(ask, target, body);
	if (rc == 0 && ask->raw)
		ask_print(ask);
	else if (rc == 0)
		printf("%s\n", done);
	ask_close(ask);
	return rc;
}

static int end_silence(const struct args *args, const char *id)
{
	char target[ASK_TARGET_MAX], encoded[256];

	snprintf(target, sizeof target, "/v1/silences/%s/end",
		ask_encode(id, encoded, sizeof encoded));
	return post(args, target, SPAN("{}"), "ended: its alerts are told again");
}

static void put(struct json_writer *writer, const char *key, const char *text)
{
	if (text == NULL)
		return;
	json_key(writer, key);
	json_put_word(writer, text);
}

static int add_silence(const struct args *args)
{
	char memory[BODY_SIZE];
	struct json_writer writer;
	struct buffer body;

	buffer_init_fixed(&body, memory, sizeof memory);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	put(&writer, "alert", args->word_count > 0 ? args->words[0] : NULL);
	put(&writer, "name", args->word_count > 1 ? args->words[1] : NULL);
	put(&writer, "for", args_value(args, "--for"));
	put(&writer, "reason", args_value(args, "--reason"));
	json_close(&writer);
	if (!json_writer_done(&writer)) {
		fprintf(stderr, "ballast silence: that is too much text\n");
		return EXIT_USAGE;
	}
	return post(args, "/v1/silences", buffer_span(&body),
		"silenced: what it is about is still decided and shown, but not told");
}

static int run_silence(const struct args *args)
{
	const char *end = args_value(args, "--end");
	bool adds = args_has(args, "--for") || args_has(args, "--reason") || args->word_count > 0;

	if (args->word_count > 2 || (end != NULL && adds) ||
		(adds && (!args_has(args, "--for") || !args_has(args, "--reason")))) {
		fprintf(stderr,
			"usage: ballast silence [ALERT [SUBJECT]] --for TIME --reason TEXT\n"
			"       ballast silence --end ID\n"
			"       ballast silence\n");
		return EXIT_USAGE;
	}
	if (end != NULL)
		return end_silence(args, end);
	return adds ? add_silence(args) : list(args, &SILENCES);
}

const struct command command_alerts = {.name = "alerts",
	.arguments = "[ID]",
	.help = "shows what is wrong, for how long, and what is done about it",
	.run = run_alerts,
	.options = ALERTS_OPTIONS};

const struct command command_objectives = {.name = "objectives",
	.arguments = "",
	.help = "shows what is promised of each kind of task, and how far it is kept",
	.run = run_objectives,
	.options = OBJECTIVES_OPTIONS};

const struct command command_silence = {.name = "silence",
	.arguments = "[ALERT [SUBJECT]] --for TIME --reason TEXT | --end ID",
	.help = "keeps alerts from being told for a while, or lists what is silenced",
	.run = run_silence,
	.options = SILENCE_OPTIONS};

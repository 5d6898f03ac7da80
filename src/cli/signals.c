/* SPDX-License-Identifier: Apache-2.0 */
/* ballast signals: what was measured last, and the past of one signal. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

#include <stdio.h>
#include <string.h>

#define SPARK_MAX 60

static const struct args_option OPTIONS[] = {
	{"--signal", NULL, "NAME", "only this signal; with SUBJECT its past as well"},
	{"--since", NULL, "TIME", "how far back the past goes (default 5m)"},
	{"--resolution", NULL, "TIME", "length of its slots: 5s, 1m, 15m, 1h (default 5s)"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct show_column LIST_COLUMNS[] = {
	{"SUBJECT", "subject", SHOW_TEXT, false},
	{"NAME", "name", SHOW_TEXT, true},
	{"SIGNAL", "signal", SHOW_TEXT, true},
	{"LAST", "last", SHOW_NUMBER, false},
	{"AGE", "at", SHOW_TIME, false},
	{"COUNT", "count", SHOW_NUMBER, false},
	{"FLAGS", "flags", SHOW_TEXT, true},
};

static const struct show_column SLOT_COLUMNS[] = {
	{"AGO", "begin", SHOW_TIME, false},
	{"COUNT", "count", SHOW_NUMBER, false},
	{"MIN", "min", SHOW_NUMBER, false},
	{"MEAN", "mean", SHOW_NUMBER, false},
	{"MAX", "max", SHOW_NUMBER, false},
	{"P50", "p50", SHOW_NUMBER, false},
	{"P95", "p95", SHOW_NUMBER, false},
	{"P99", "p99", SHOW_NUMBER, false},
};

/* Appends &NAME=VALUE when there is a value. */
static void add_query(char *target, const char *name, const char *value)
{
	char encoded[512];
	size_t used = strlen(target);

	if (value == NULL)
		return;
	snprintf(target + used, ASK_TARGET_MAX - used, "%c%s=%s",
		strchr(target, '?') == NULL ? '?' : '&', name,
		ask_encode(value, encoded, sizeof encoded));
}

static double highest(yyjson_val *slots)
{
	double top = 0;
	size_t i, count;
	yyjson_val *slot;

	yyjson_arr_foreach(slots, i, count, slot)
	{
		yyjson_val *mean = yyjson_obj_get(slot, "mean");

		if (yyjson_is_num(mean) && yyjson_get_num(mean) > top)
			top = yyjson_get_num(mean);
	}
	return top;
}

/* The means of the last slots, one character each; a blank where nobody reported. */
static void show_spark(yyjson_val *slots)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double top = highest(slots);
	size_t i, count;
	yyjson_val *slot;

	if (show_width() == 0 || yyjson_arr_size(slots) == 0)
		return;
	yyjson_arr_foreach(slots, i, count, slot)
	{
		yyjson_val *mean = yyjson_obj_get(slot, "mean");
		double part = top > 0 && yyjson_is_num(mean) ? yyjson_get_num(mean) / top : 0;

		if (i + SPARK_MAX < count)
			continue;
		fputs(yyjson_is_num(mean) ? bars[(int)(part * 7 + 0.5)] : " ", stdout);
	}
	printf("  0 to %.0f\n\n", top);
}

static int show_past(const struct args *args)
{
	char target[ASK_TARGET_MAX] = "/v1/signals/window";
	struct ask *ask = ask_open(args);
	int rc;

	if (ask == NULL)
		return EXIT_USAGE;
	add_query(target, "name", args->words[0]);
	add_query(target, "signal", args_value(args, "--signal"));
	add_query(target, "since", args_value(args, "--since"));
	add_query(target, "resolution", args_value(args, "--resolution"));
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw) {
		ask_print(ask);
	} else if (rc == 0) {
		yyjson_val *slots = show_member(ask->json.root, "slots");

		show_spark(slots);
		show_table(slots, SLOT_COLUMNS, COUNT_OF(SLOT_COLUMNS),
			"no slot of it has closed in that time");
	}
	ask_close(ask);
	return rc;
}

static int show_list(const struct args *args)
{
	char target[ASK_TARGET_MAX] = "/v1/signals";
	struct ask *ask = ask_open(args);
	int rc;

	if (ask == NULL)
		return EXIT_USAGE;
	add_query(target, "name", args->word_count > 0 ? args->words[0] : NULL);
	add_query(target, "signal", args_value(args, "--signal"));
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw)
		ask_print(ask);
	else if (rc == 0)
		show_table(show_member(ask->json.root, "signals"), LIST_COLUMNS,
			COUNT_OF(LIST_COLUMNS), "nobody has reported that");
	ask_close(ask);
	return rc;
}

static int run(const struct args *args)
{
	bool past = args->word_count == 1 && args_has(args, "--signal");
	bool bounds = args_has(args, "--since") || args_has(args, "--resolution");

	if (args->word_count > 1 || (bounds && !past)) {
		fprintf(stderr, "usage: ballast signals [SUBJECT [--signal NAME "
				"[--since TIME] [--resolution TIME]]]\n");
		return EXIT_USAGE;
	}
	return past ? show_past(args) : show_list(args);
}

const struct command command_signals = {.name = "signals",
	.arguments = "[SUBJECT]",
	.help = "shows what was measured of agents, pools, kinds, the host and the store",
	.run = run,
	.options = OPTIONS};

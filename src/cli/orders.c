/* SPDX-License-Identifier: Apache-2.0 */
/* ballast scale, pools --history: giving orders, and what came of them. */
#include "cli/orders.h"

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "wire/jsonwrite.h"

#include <stdio.h>
#include <string.h>

#define AGENTS_MAX_SCALE 1000000
#define BODY_SIZE        1024

static const struct args_option SCALE_OPTIONS[] = {
	{"--at", NULL, "INSTANT", "at this instant, such as 2026-11-23T13:20:46Z"},
	{"--in", NULL, "TIME", "after so long"},
	{"--when", NULL, "CONDITION", "as soon as load>0.8, load<0.3, waiting>20 or waiting<5"},
	{"--for", NULL, "TIME", "how long the condition is waited for"},
	{"--key", NULL, "WORD", "given twice with the same word it is one order"},
	{"--cancel", NULL, NULL, "takes an order back that waits: ballast scale ORDER --cancel"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct show_column ORDER_COLUMNS[] = {
	{"AT", "at", SHOW_TIME, false},
	{"POOL", "pool", SHOW_TEXT, true},
	{"FROM", "agents_before", SHOW_NUMBER, false},
	{"TO", "agents_after", SHOW_NUMBER, false},
	{"REASON", "reason", SHOW_TEXT, false},
	{"STATE", "state", SHOW_TEXT, false},
	{"VERDICT", "verdict", SHOW_TEXT, false},
};

static const struct show_column HELD_COLUMNS[] = {
	{"HELD ORDER", "id", SHOW_TEXT, false},
	{"POOL", "pool", SHOW_TEXT, true},
	{"TO", "agents_after", SHOW_NUMBER, false},
	{"AT", "due_at", SHOW_TIME, false},
	{"WHEN", "when", SHOW_TEXT, false},
};

int orders_history(const struct args *args)
{
	char target[ASK_TARGET_MAX], name[512];
	struct ask *ask;
	int rc;

	if (args->word_count > 1) {
		fprintf(stderr, "usage: ballast pools [POOL] --history\n");
		return EXIT_USAGE;
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	snprintf(target, sizeof target, "/v1/orders%s%s", args->word_count == 0 ? "" : "?pool=",
		args->word_count == 0 ? "" : ask_encode(args->words[0], name, sizeof name));
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw) {
		ask_print(ask);
	} else if (rc == 0) {
		show_table(show_member(ask->json.root, "orders"), ORDER_COLUMNS,
			COUNT_OF(ORDER_COLUMNS), "no orders were given");
		if (yyjson_arr_size(show_member(ask->json.root, "held")) > 0)
			show_table(show_member(ask->json.root, "held"), HELD_COLUMNS,
				COUNT_OF(HELD_COLUMNS), "");
	}
	ask_close(ask);
	return rc;
}

static void put_option(
	const struct args *args, const char *option, const char *key, struct json_writer *writer)
{
	if (!args_has(args, option))
		return;
	json_key(writer, key);
	json_put_word(writer, args_value(args, option));
}

/* Posts, and says what came of it; the path's name is for the message. */
static int post(const struct args *args, const char *target, struct span body, const char *name,
	const char *done)
{
	struct ask *ask = ask_open(args);
	int rc;

	if (ask == NULL)
		return EXIT_USAGE;
	rc = ask_post(ask, target, body);
	if (rc == 0 && ask->raw)
		ask_print(ask);
	else if (rc == 0 && show_member(ask->json.root, "timing") != NULL)
		printf("%s: order %s waits\n", name,
			yyjson_get_str(show_member(ask->json.root, "id")));
	else if (rc == 0)
		printf("%s %s\n", name, done);
	ask_close(ask);
	return rc;
}

static int run_scale(const struct args *args)
{
	bool cancel = args_has(args, "--cancel");
	char target[ASK_TARGET_MAX], encoded[512], memory[BODY_SIZE];
	struct json_writer writer;
	struct buffer body;
	uint64_t count = 0;

	if (args->word_count != (cancel ? 1u : 2u) ||
		(!cancel && !span_number(span_of(args->words[1]), AGENTS_MAX_SCALE, &count))) {
		fprintf(stderr, "usage: ballast scale POOL COUNT [--at INSTANT | --in TIME | "
				"--when CONDITION [--for TIME]]\n"
				"       ballast scale ORDER --cancel\n");
		return EXIT_USAGE;
	}
	ask_encode(args->words[0], encoded, sizeof encoded);
	if (cancel) {
		snprintf(target, sizeof target, "/v1/orders/%s/cancel", encoded);
		return post(args, target, (struct span){NULL, 0}, args->words[0], "is taken back");
	}
	snprintf(target, sizeof target, "/v1/pools/%s/scale", encoded);
	buffer_init_fixed(&body, memory, sizeof memory);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "agents");
	json_put_unsigned(&writer, count);
	put_option(args, "--at", "at", &writer);
	put_option(args, "--in", "in", &writer);
	put_option(args, "--when", "when", &writer);
	put_option(args, "--for", "for", &writer);
	put_option(args, "--key", "key", &writer);
	json_close(&writer);
	return post(
		args, target, buffer_span(&body), args->words[0], "is asked for that many agents");
}

const struct command command_scale = {
	"scale", "POOL COUNT", "asks for so many agents, now or later", run_scale, SCALE_OPTIONS};

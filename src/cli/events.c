/* SPDX-License-Identifier: Apache-2.0 */
/* ballast events: what happens, as it happens, until interrupted. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/stream.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct args_option OPTIONS[] = {
	{"--limit", "-n", "N", "ends after so many events"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

#define LIMIT_MAX INT64_C(1000000000000)

struct printer {
	bool raw;
	uint64_t left;
};

static void print_member(yyjson_val *key, yyjson_val *value)
{
	char text[SHOW_CELL_SIZE];

	if (yyjson_is_null(value) || yyjson_is_obj(value))
		return;
	show_cell(value, SHOW_TEXT, text, sizeof text);
	printf(" %s=%s", yyjson_get_str(key), text);
}

static void print_event(void *context, const char *name, struct span data)
{
	struct printer *printer = context;
	struct json json = {NULL, NULL};
	struct json_error error;
	struct tm parts;
	time_t now = time(NULL);
	yyjson_val *key, *value;
	size_t index, count;
	char clock[16];

	if (printer->left == 0)
		return;
	printer->left--;
	if (printer->raw || !json_read(&json, data, data.size, &error)) {
		printf("%.*s\n", (int)data.size, data.at);
		return;
	}
	localtime_r(&now, &parts);
	strftime(clock, sizeof clock, "%H:%M:%S", &parts);
	printf("%s %-14s", clock, name);
	yyjson_obj_foreach(json.root, index, count, key, value)
	{
		print_member(key, value);
	}
	putchar('\n');
	json_release(&json);
}

static int read_stream(struct ask *ask, struct printer *printer)
{
	struct client_request request = {.method = HTTP_METHOD_GET,
		.target = SPAN("/v1/events"),
		.timeout_ms = CLIENT_NO_TIMEOUT};
	struct stream stream;
	struct span piece = {"", 1};
	int rc = 0;

	stream_init(&stream, print_event, printer);
	if (!client_send(&ask->client, &request) || !client_head(&ask->client))
		rc = EXIT_UNREACHABLE;
	if (rc == 0 && ask->client.reader.head.status != 200) {
		fprintf(stderr, "ballast events: the daemon answers %u\n",
			ask->client.reader.head.status);
		rc = EXIT_NO;
	}
	while (rc == 0 && printer->left > 0) {
		if (!client_piece(&ask->client, &piece))
			rc = EXIT_UNREACHABLE;
		if (rc != 0 || piece.size == 0)
			break;
		stream_take(&stream, piece);
		fflush(stdout);
	}
	if (rc == EXIT_UNREACHABLE)
		fprintf(stderr, "ballast: %s\n", ask->client.message);
	stream_release(&stream);
	return rc;
}

static int run(const struct args *args)
{
	const char *limit = args_value(args, "--limit");
	struct printer printer = {.left = UINT64_MAX};
	struct ask *ask;
	int rc;

	if (args->word_count != 0 ||
		(limit != NULL && !span_number(span_of(limit), LIMIT_MAX, &printer.left))) {
		fprintf(stderr, "usage: ballast events [--limit N]\n");
		return EXIT_USAGE;
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	printer.raw = ask->raw;
	rc = read_stream(ask, &printer);
	ask_close(ask);
	return rc;
}

const struct command command_events = {
	"events", "", "shows what happens, as it happens", run, OPTIONS};

/* SPDX-License-Identifier: Apache-2.0 */
/* ballast submit: one task from the command line, or many from JSON lines.
 *
 * Each submission carries an idempotency key, drawn here when none is given, so a lost connection
 * may be answered by sending it again.  Lines are sent over LANES connections at once: the daemon
 * commits submissions in groups, and one that waits for the disk each time would fill no group. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/ending.h"
#include "cli/show.h"
#include "wire/jsonwrite.h"
#include "wire/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define LANES            16
#define LINE_SIZE_MAX    (17u << 20)
#define PAYLOAD_SIZE_MAX (64u << 20)
#define KEY_SIZE         48

static const struct args_option OPTIONS[] = {
	{"--prompt", NULL, "TEXT", "the payload is {\"prompt\": TEXT}"},
	{"--wait", "-w", NULL, "waits for the end and prints the result"},
	{"--follow", "-f", NULL, "the same, and shows the task's output as it comes"},
	{"--priority", "-p", "CLASS", "critical, high, normal, low or batch"},
	{"--tenant", NULL, "NAME", "on whose behalf"},
	{"--deadline", NULL, "TIME", "from now, such as 10m, or an instant 2026-01-31T12:00:00Z"},
	{"--conversation", NULL, "NAME", "tasks with the same name share warm context"},
	{"--parent", NULL, "ID",
		"the task on whose behalf this one is; with --wait it may have its slot"},
	{"--needs", NULL, "JSON", "what the agent must have: {\"tags\": [\"gpu\"]}"},
	{"--key", NULL, "TEXT", "idempotency key: the same key again is the same task"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static void draw_key(char key[KEY_SIZE])
{
	uint64_t random[2] = {0, 0};

	(void)!getrandom(random, sizeof random, 0);
	snprintf(key, KEY_SIZE, "cli-%016llx%016llx", (unsigned long long)random[0],
		(unsigned long long)random[1]);
}

static bool read_input(struct buffer *text)
{
	for (;;) {
		char *room = buffer_reserve(text, 65536);
		size_t got = room == NULL ? 0 : fread(room, 1, 65536, stdin);

		if (room == NULL)
			return false;
		buffer_commit(text, got);
		if (got == 0)
			return ferror(stdin) == 0;
	}
}

static bool check_json(struct span text, const char *what)
{
	struct json json;
	struct json_error error;

	if (!json_read(&json, text, PAYLOAD_SIZE_MAX, &error)) {
		fprintf(stderr, "ballast submit: %s is not JSON: %s%s\n", what, error.text,
			strcmp(what, "the payload") == 0 ? " (for plain text: --prompt TEXT)" : "");
		return false;
	}
	json_release(&json);
	return true;
}

static void put_options(struct json_writer *writer, const struct args *args)
{
	static const char *const names[] = {
		"--priority", "--tenant", "--deadline", "--conversation", "--parent"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = args_value(args, names[i]);

		if (value == NULL)
			continue;
		json_key(writer, names[i] + 2);
		json_put_word(writer, value);
	}
	/* Who waits here does nothing else meanwhile. */
	if (args_value(args, "--parent") != NULL &&
		(args_has(args, "--wait") || args_has(args, "--follow"))) {
		json_key(writer, "parent_waits");
		json_put_bool(writer, true);
	}
}

/* Writes the submission that the command line asks for.  False after a message. */
static bool build(const struct args *args, struct buffer *body)
{
	const char *prompt = args_value(args, "--prompt");
	const char *needs = args_value(args, "--needs");
	struct span payload = SPAN("null");
	struct json_writer writer;
	struct buffer input;
	bool ok = true;

	buffer_init(&input, PAYLOAD_SIZE_MAX);
	json_writer_init(&writer, body);
	json_open(&writer, '{');
	json_key(&writer, "kind");
	json_put_word(&writer, args->words[0]);
	json_key(&writer, "payload");
	if (prompt != NULL) {
		json_open(&writer, '{');
		json_key(&writer, "prompt");
		json_put_word(&writer, prompt);
		json_close(&writer);
	} else {
		if (args->word_count == 2 && strcmp(args->words[1], "-") == 0) {
			ok = read_input(&input);
			payload = span_trim(buffer_span(&input));
		} else if (args->word_count == 2) {
			payload = span_of(args->words[1]);
		}
		ok = ok && check_json(payload, "the payload");
		if (ok)
			json_put_raw(&writer, payload);
	}
	put_options(&writer, args);
	if (ok && needs != NULL) {
		ok = check_json(span_of(needs), "--needs");
		json_key(&writer, "needs");
		json_put_raw(&writer, span_of(needs));
	}
	json_close(&writer);
	buffer_release(&input);
	return ok && json_writer_done(&writer);
}

static int submit_one(const struct args *args)
{
	bool follow = args_has(args, "--follow");
	struct ask *ask = NULL;
	struct buffer body;
	char key[KEY_SIZE], id[64];
	int rc = EXIT_USAGE;

	buffer_init(&body, 2 * (size_t)PAYLOAD_SIZE_MAX);
	if (build(args, &body)) {
		rc = EXIT_USAGE;
		ask = ask_open(args);
	}
	if (ask != NULL) {
		draw_key(key);
		ask->key = span_of(
			args_value(args, "--key") == NULL ? key : args_value(args, "--key"));
		rc = ask_post(ask, "/v1/tasks", buffer_span(&body));
		ask->key = (struct span){NULL, 0};
	}
	if (rc == 0) {
		snprintf(id, sizeof id, "%s",
			ask_text(ask, "id") == NULL ? "?" : ask_text(ask, "id"));
		if (follow || args_has(args, "--wait")) {
			fprintf(stderr, "task %s\n", id);
			rc = ending_print(ask, id, follow, -1);
		} else if (ask->raw) {
			ask_print(ask);
		} else {
			printf("%s\n", id);
		}
	}
	ask_close(ask);
	buffer_release(&body);
	return rc;
}

/* ---- JSON lines ---- */

/* One connection, and the line whose answer it waits for. */
struct lane {
	struct ask *ask;
	uint64_t line; /* 0: idle */
	char key[KEY_SIZE];
};

/* The key in the line goes into the header: it is no member of a submission. */
static bool send_line(struct lane *lane, struct span text, uint64_t line)
{
	struct client_request request = {
		.method = HTTP_METHOD_POST, .target = SPAN("/v1/tasks"), .body = text};

	draw_key(lane->key);
	request.key = span_of(lane->key);
	lane->line = line;
	if (client_send(&lane->ask->client, &request))
		return true;
	fprintf(stderr, "ballast submit: line %llu: %s\n", (unsigned long long)line,
		lane->ask->client.message);
	return false;
}

/* Reads the answer that the lane waits for: 0, EXIT_NO for a line that was refused,
 * EXIT_UNREACHABLE.
 */
static int take_answer(struct lane *lane)
{
	struct ask *ask = lane->ask;
	struct json_error error;
	uint64_t line = lane->line;

	if (line == 0)
		return 0;
	lane->line = 0;
	buffer_clear(&ask->body);
	json_release(&ask->json);
	ask->json = (struct json){NULL, NULL};
	if (!client_receive(&ask->client, &ask->body)) {
		fprintf(stderr, "ballast submit: line %llu: %s\n", (unsigned long long)line,
			ask->client.message);
		return EXIT_UNREACHABLE;
	}
	ask->status = ask->client.reader.head.status;
	(void)json_read(&ask->json, buffer_span(&ask->body), ask->body.size, &error);
	if (ask->status < 200 || ask->status > 299) {
		fprintf(stderr, "line %llu: ", (unsigned long long)line);
		ask_explain(ask);
		return EXIT_NO;
	}
	if (ask->raw)
		ask_print(ask);
	else
		printf("%s\n", ask_text(ask, "id") == NULL ? "?" : ask_text(ask, "id"));
	return 0;
}

/* Sends each line on the lane whose answer is the oldest, so answers come in the lines' order. */
static int submit_lines(struct lane *lanes)
{
	char *text = NULL;
	size_t capacity = 0;
	uint64_t line = 0, next = 0;
	ssize_t size;
	int worst = 0;

	while (worst != EXIT_UNREACHABLE && (size = getline(&text, &capacity, stdin)) > 0) {
		struct span trimmed = span_trim((struct span){text, (size_t)size});
		int rc;

		while (trimmed.size > 0 && strchr("\r\n", trimmed.at[trimmed.size - 1]) != NULL)
			trimmed.size--;
		line++;
		if (trimmed.size == 0)
			continue;
		rc = take_answer(&lanes[next % LANES]);
		worst = rc > worst ? rc : worst;
		if (rc != EXIT_UNREACHABLE && !send_line(&lanes[next++ % LANES], trimmed, line))
			worst = EXIT_UNREACHABLE;
	}
	for (uint64_t i = 0; i < LANES; i++) {
		int rc = take_answer(&lanes[(next + i) % LANES]);

		worst = rc > worst ? rc : worst;
	}
	free(text);
	return worst;
}

static int submit_many(const struct args *args)
{
	struct lane lanes[LANES] = {{.ask = NULL}};
	int rc = 0;

	for (int i = 0; i < LANES && rc == 0; i++) {
		lanes[i].ask = ask_open(args);
		if (lanes[i].ask == NULL)
			rc = EXIT_USAGE;
	}
	if (rc == 0)
		rc = submit_lines(lanes);
	for (int i = 0; i < LANES; i++)
		ask_close(lanes[i].ask);
	return rc;
}

static int run(const struct args *args)
{
	if (args->word_count == 1 && strcmp(args->words[0], "-") == 0)
		return submit_many(args);
	if (args->word_count < 1 || args->word_count > 2 ||
		(args->word_count == 2 && args_has(args, "--prompt"))) {
		fprintf(stderr, "usage: ballast submit KIND [PAYLOAD | - | --prompt TEXT]\n"
				"       ballast submit - < LINES\n");
		return EXIT_USAGE;
	}
	return submit_one(args);
}

const struct command command_submit = {"submit", "KIND [PAYLOAD | -] | -",
	"submits a task; - alone reads tasks as JSON lines", run, OPTIONS};

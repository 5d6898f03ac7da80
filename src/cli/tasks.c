/* SPDX-License-Identifier: Apache-2.0 */
/* ballast task, tasks, wait, cancel, requeue, feedback: single tasks and lists of them. */
#include "base/text.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/ending.h"
#include "cli/show.h"
#include "wire/jsonwrite.h"
#include "wire/quantity.h"

#include <stdio.h>
#include <string.h>

#define TASKS_LIMIT "50"

static const struct args_option OPTIONS[] = {
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct args_option TASKS_OPTIONS[] = {
	{"--state", "-s", "STATE", "only these: queued, running, succeeded, failed, dead ..."},
	{"--kind", "-k", "KIND", "only these"},
	{"--tenant", NULL, "NAME", "only these"},
	{"--limit", "-n", "N", "at most so many (default " TASKS_LIMIT ")"},
	{"--before", NULL, "ID", "only older ones: goes on where a list ended"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct args_option WAIT_OPTIONS[] = {
	{"--follow", "-f", NULL, "shows the task's output as it comes"},
	{"--timeout", "-t", "TIME", "gives up after this time, such as 10m"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct show_column TASK_COLUMNS[] = {
	{"id", "id", SHOW_TEXT, false},
	{"kind", "kind", SHOW_TEXT, true},
	{"state", "state", SHOW_STATE, false},
	{"priority", "priority", SHOW_TEXT, false},
	{"tenant", "tenant", SHOW_TEXT, true},
	{"conversation", "conversation", SHOW_TEXT, true},
	{"parent", "parent", SHOW_TEXT, false},
	{"pool", "pool", SHOW_TEXT, true},
	{"agent", "agent", SHOW_TEXT, true},
	{"attempt", "attempt", SHOW_NUMBER, false},
	{"submitted (ago)", "submitted_at", SHOW_TIME, false},
	{"started (ago)", "started_at", SHOW_TIME, false},
	{"finished (ago)", "finished_at", SHOW_TIME, false},
	{"deadline", "deadline", SHOW_TEXT, false},
	{"reason", "reason", SHOW_TEXT, true},
	{"error", "error", SHOW_TEXT, true},
};

static const struct show_column LIST_COLUMNS[] = {
	{"ID", "id", SHOW_TEXT, false},
	{"KIND", "kind", SHOW_TEXT, true},
	{"STATE", "state", SHOW_STATE, false},
	{"PRIORITY", "priority", SHOW_TEXT, false},
	{"AGENT", "agent", SHOW_TEXT, true},
	{"TRY", "attempt", SHOW_NUMBER, false},
	{"AGE", "submitted_at", SHOW_TIME, false},
	{"ERROR", "error", SHOW_TEXT, true},
};

static int usage(const char *line)
{
	fprintf(stderr, "usage: ballast %s\n", line);
	return EXIT_USAGE;
}

static int run_task(const struct args *args)
{
	char target[ASK_TARGET_MAX], id[256];
	struct ask *ask;
	int rc;

	if (args->word_count != 1)
		return usage("task ID");
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	snprintf(target, sizeof target, "/v1/tasks/%s", ask_encode(args->words[0], id, sizeof id));
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw)
		ask_print(ask);
	else if (rc == 0)
		show_object(ask->json.root, TASK_COLUMNS, COUNT_OF(TASK_COLUMNS));
	ask_close(ask);
	return rc;
}

static int run_tasks(const struct args *args)
{
	static const char *const filters[] = {"state", "kind", "tenant", "before", NULL};
	const char *limit = args_value(args, "--limit");
	char target[ASK_TARGET_MAX], encoded[1024], option[16];
	struct ask *ask;
	size_t used;
	int rc;

	if (args->word_count != 0)
		return usage("tasks [--state STATE] [--kind KIND]");
	used = (size_t)snprintf(target, sizeof target, "/v1/tasks?limit=%s",
		ask_encode(limit == NULL ? TASKS_LIMIT : limit, encoded, 64));
	for (int i = 0; filters[i] != NULL; i++) {
		snprintf(option, sizeof option, "--%s", filters[i]);
		if (args_value(args, option) != NULL)
			used += (size_t)snprintf(target + used, sizeof target - used, "&%s=%s",
				filters[i],
				ask_encode(args_value(args, option), encoded, sizeof encoded));
		if (used >= sizeof target)
			return usage("tasks: these filters are too long");
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw) {
		ask_print(ask);
	} else if (rc == 0) {
		show_table(show_member(ask->json.root, "tasks"), LIST_COLUMNS,
			COUNT_OF(LIST_COLUMNS), "no tasks");
		if (ask_text(ask, "next") != NULL)
			fprintf(stderr, "more: --before %s\n", ask_text(ask, "next"));
	}
	ask_close(ask);
	return rc;
}

static int run_wait(const struct args *args)
{
	const char *timeout = args_value(args, "--timeout");
	int64_t limit_ns = -1;
	char id[256];
	struct ask *ask;
	int worst = 0;

	if (args->word_count == 0)
		return usage("wait ID...");
	if (timeout != NULL && !quantity_read(span_of(timeout), QUANTITY_TIME, &limit_ns)) {
		fprintf(stderr, "ballast wait: --timeout wants %s\n",
			quantity_expected(QUANTITY_TIME));
		return EXIT_USAGE;
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	for (uint32_t i = 0; i < args->word_count; i++) {
		int rc = ending_print(ask, ask_encode(args->words[i], id, sizeof id),
			args_has(args, "--follow"), limit_ns < 0 ? -1 : limit_ns / 1000000);

		worst = rc > worst ? rc : worst;
	}
	ask_close(ask);
	return worst;
}

/* POST /v1/tasks/ID/VERB for each id. */
static int act(const struct args *args, const char *verb, const char *done)
{
	char target[ASK_TARGET_MAX], id[256];
	struct ask *ask;
	int worst = 0;

	if (args->word_count == 0) {
		fprintf(stderr, "usage: ballast %s ID...\n", verb);
		return EXIT_USAGE;
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	for (uint32_t i = 0; i < args->word_count; i++) {
		int rc;

		snprintf(target, sizeof target, "/v1/tasks/%s/%s",
			ask_encode(args->words[i], id, sizeof id), verb);
		rc = ask_post(ask, target, (struct span){NULL, 0});
		worst = rc > worst ? rc : worst;
		if (rc == 0 && ask->raw)
			ask_print(ask);
		else if (rc == 0)
			printf("task %s %s\n", args->words[i], done);
	}
	ask_close(ask);
	return worst;
}

static int run_cancel(const struct args *args)
{
	return act(args, "cancel", "is cancelled");
}

static int run_requeue(const struct args *args)
{
	return act(args, "requeue", "is queued again");
}

/* What stands there goes as it is: the daemon says what is wrong with it. */
static int run_feedback(const struct args *args)
{
	char target[ASK_TARGET_MAX], id[256], memory[256];
	struct json_writer writer;
	struct buffer body;
	struct ask *ask;
	struct bal_text number = {NULL, 0};
	double satisfaction;
	int rc;

	if (args->word_count == 2)
		number = (struct bal_text){args->words[1], (uint32_t)strlen(args->words[1])};

	if (args->word_count != 2 || !text_parse_double(number, &satisfaction)) {
		fprintf(stderr, "usage: ballast feedback ID NUMBER   (0 to 1)\n");
		return EXIT_USAGE;
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	snprintf(target, sizeof target, "/v1/tasks/%s/feedback",
		ask_encode(args->words[0], id, sizeof id));
	buffer_init_fixed(&body, memory, sizeof memory);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "satisfaction");
	json_put_raw(&writer, span_of(args->words[1]));
	json_close(&writer);
	rc = ask_post(ask, target, buffer_span(&body));
	if (rc == 0)
		printf("task %s is rated\n", args->words[0]);
	ask_close(ask);
	return rc;
}

const struct command command_feedback = {"feedback", "ID NUMBER",
	"rates a task, once: 0 is useless, 1 is perfect", run_feedback, OPTIONS};
const struct command command_task = {"task", "ID", "shows one task", run_task, OPTIONS};
const struct command command_tasks = {
	"tasks", "", "lists tasks, newest first", run_tasks, TASKS_OPTIONS};
const struct command command_wait = {"wait", "ID...",
	"waits until tasks have ended and prints their results", run_wait, WAIT_OPTIONS};
const struct command command_cancel = {
	"cancel", "ID...", "cancels tasks, also running ones", run_cancel, OPTIONS};
const struct command command_requeue = {"requeue", "ID...",
	"brings ended tasks (dead, failed, cancelled) back into the queue", run_requeue, OPTIONS};

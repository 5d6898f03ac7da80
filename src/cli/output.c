/* SPDX-License-Identifier: Apache-2.0 */
/* ballast logs, files: what a command task wrote, and where. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/ending.h"
#include "cli/show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct args_option LOG_OPTIONS[] = {
	{"--follow", "-f", NULL, "goes on until the task has ended"},
	{"--stdout", NULL, NULL, "the output (which is the result) instead of the log"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct args_option OPTIONS[] = {
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static const struct show_column FILE_COLUMNS[] = {
	{"SIZE", "size", SHOW_NUMBER, false},
	{"NAME", "name", SHOW_TEXT, false},
};

#define FOLLOW_STEP_MS 300

/* Copies until the end of the task, with the daemon's waiting as the clock. */
static int follow_log(struct ask *ask, const char *id, const char *stream)
{
	uint64_t offset = 0;
	int rc = 0;
	bool ended = false;

	while (rc == 0) {
		char target[ASK_TARGET_MAX];

		rc = ending_copy_log(ask, id, stream, &offset, STDOUT_FILENO);
		if (rc != 0 || ended)
			break;
		snprintf(target, sizeof target, "/v1/tasks/%s?wait=%dms", id, FOLLOW_STEP_MS);
		rc = ask_get(ask, target);
		ended = ending_is(ask_text(ask, "state"));
	}
	return rc;
}

static int run_logs(const struct args *args)
{
	const char *stream = args_has(args, "--stdout") ? "stdout" : "stderr";
	uint64_t offset = 0;
	struct ask *ask;
	char id[256];
	int rc;

	if (args->word_count != 1) {
		fprintf(stderr, "usage: ballast logs ID [-f] [--stdout]\n");
		return EXIT_USAGE;
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	ask_encode(args->words[0], id, sizeof id);
	if (args_has(args, "--follow"))
		rc = follow_log(ask, id, stream);
	else
		rc = ending_copy_log(ask, id, stream, &offset, STDOUT_FILENO);
	if (rc == EXIT_NO)
		ask_explain(ask);
	ask_close(ask);
	return rc;
}

static int run_files(const struct args *args)
{
	char target[ASK_TARGET_MAX], id[256];
	struct ask *ask;
	int rc;

	if (args->word_count != 1) {
		fprintf(stderr, "usage: ballast files ID\n");
		return EXIT_USAGE;
	}
	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	snprintf(target, sizeof target, "/v1/tasks/%s/files",
		ask_encode(args->words[0], id, sizeof id));
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw) {
		ask_print(ask);
	} else if (rc == 0) {
		if (ask_text(ask, "directory") != NULL)
			printf("%s\n", ask_text(ask, "directory"));
		show_table(show_member(ask->json.root, "files"), FILE_COLUMNS, 2, "no files");
	}
	ask_close(ask);
	return rc;
}

const struct command command_logs = {"logs", "ID",
	"prints what a command task logged (its standard error)", run_logs, LOG_OPTIONS};
const struct command command_files = {"files", "ID",
	"lists the files that a command task left in its directory", run_files, OPTIONS};

/* SPDX-License-Identifier: Apache-2.0 */
/* What a command printed, and the files it left: both lie on this machine's disk and are read in
 * pieces, while the command still runs too. */
#include "daemon/conn.h"

#include "daemon/command.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_SIZE     (256u << 10)
#define FILES_MAX      1000
#define FILES_SIZE_MAX (1u << 20)
#define PATH_SIZE_MAX  4096

static struct command *command_of(struct request *request)
{
	struct command *command = request->server->options.command;

	if (command == NULL)
		request_problem(request, 404, "no-output", "there are no command pools");
	return command;
}

/* A task that a command may still take up: there is nothing to read yet, and there may be. */
static bool waits_for_command(struct engine *engine, uint64_t task)
{
	const struct job *job = engine_job(engine, task);
	const struct config_pool *pool;

	if (job == NULL || job->end != BAL_TASK_FREE)
		return false;
	pool = job->attempt == 0 ? NULL : engine_pool_config(engine, job->pool);
	return job->attempt == 0 || (pool != NULL && pool->kind == BAL_POOL_COMMAND);
}

void api_task_log(struct request *request)
{
	struct url_parameter parameters[] = {{.name = "stream"}, {.name = "offset"}};
	struct command *command = command_of(request);
	uint64_t task = command == NULL ? 0 : request_id(request, 0);
	char memory[REQUEST_QUERY_SIZE];
	uint64_t offset = 0;
	bool running, errors;
	char *piece;
	int64_t size;

	if (task == 0 || !request_query(request, parameters, 2, memory) ||
		!request_query_number(request, &parameters[1], INT64_MAX, &offset))
		return;
	errors = !span_equal(parameters[0].value, SPAN("stdout"));
	if (errors && parameters[0].value.at != NULL &&
		!span_equal(parameters[0].value, SPAN("stderr"))) {
		request_problem(request, 400, "query", "\"stream\": expected stdout or stderr");
		return;
	}
	piece = malloc(PIECE_SIZE);
	if (piece == NULL) {
		request_problem(request, 503, "memory", "there is no memory for the output");
		return;
	}
	size = command_output(command, task, errors, (int64_t)offset, piece, PIECE_SIZE, &running);
	if (size < 0 && waits_for_command(request->engine, task))
		request_answer(
			request, 200, "application/octet-stream", SPAN(""), "Ballast-More: 1\r\n");
	else if (size < 0)
		request_problem(request, 404, "no-output",
			"there is no output of task %" PRIu64
			": it is no command's, or it was not kept",
			task);
	else
		request_answer(request, 200, "application/octet-stream",
			(struct span){piece, (size_t)size},
			running ? "Ballast-More: 1\r\n" : "Ballast-More: 0\r\n");
	free(piece);
}

/* The files of one directory; what lies deeper is shown as a directory. */
static void write_files(const char *path, struct json_writer *writer)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	struct stat file;
	uint32_t count = 0;

	while (folder != NULL && count < FILES_MAX && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			fstatat(dirfd(folder), entry->d_name, &file, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		count++;
		json_open(writer, '{');
		json_key(writer, "name");
		json_put_word(writer, entry->d_name);
		json_key(writer, "type");
		json_put_word(writer, S_ISDIR(file.st_mode)   ? "directory"
				      : S_ISREG(file.st_mode) ? "file"
							      : "other");
		json_key(writer, "size");
		json_put_signed(writer, (int64_t)file.st_size);
		json_close(writer);
	}
	if (folder != NULL)
		closedir(folder);
}

void api_task_files(struct request *request)
{
	struct command *command = command_of(request);
	uint64_t task = command == NULL ? 0 : request_id(request, 0);
	char path[PATH_SIZE_MAX];
	struct json_writer writer;
	struct buffer body;

	if (task == 0 || !request_query(request, NULL, 0, NULL))
		return;
	if (!command_workdir(command, task, path, sizeof path)) {
		request_problem(request, 404, "no-directory",
			"task %" PRIu64 " has no directory of its own", task);
		return;
	}
	buffer_init(&body, FILES_SIZE_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "directory");
	json_put_word(&writer, path);
	json_key(&writer, "files");
	json_open(&writer, '[');
	write_files(path, &writer);
	json_close(&writer);
	json_close(&writer);
	request_answer_json(request, 200, &body);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completions are waited for with a semaphore that the store's notify posts: no polling, no sleep.
 */
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S 20

static sem_t news;

static void notify(void *context)
{
	(void)context;
	sem_post(&news);
}

static void say(void *context, enum store_severity severity, const char *line)
{
	struct folder *folder = context;
	size_t used = strlen(folder->said);

	(void)severity;
	snprintf(folder->said + used, sizeof(folder->said) - used, "%s\n", line);
}

void folder_make(struct folder *folder, const struct store_ops *ops)
{
	const char *base = getenv("TMPDIR");

	memset(folder, 0, sizeof(*folder));
	snprintf(folder->path, sizeof(folder->path), "%s/ballast-store-XXXXXX",
		base != NULL ? base : "/tmp");
	assert_non_null(mkdtemp(folder->path));
	folder->ops = ops;
	sem_init(&news, 0, 0);
}

static void remove_tree(const char *path)
{
	char child[FOLDER_PATH_SIZE_MAX + 300];
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (directory == NULL) {
		unlink(path);
		return;
	}
	while ((entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		remove_tree(child);
	}
	closedir(directory);
	rmdir(path);
}

void folder_remove(struct folder *folder)
{
	folder_close(folder);
	remove_tree(folder->path);
}

enum store_status folder_open(struct folder *folder)
{
	const struct store_options options = {.directory = folder->path,
		.notify = notify,
		.say = say,
		.context = folder,
		.queue_count_max = folder->queue_count_max,
		.queue_size_max = folder->queue_size_max};

	folder->said[0] = '\0';
	return folder->ops->open(&folder->store, &options, &folder->report);
}

void folder_close(struct folder *folder)
{
	if (folder->store != NULL)
		folder->ops->close(folder->store);
	folder->store = NULL;
}

const char *folder_file(struct folder *folder, const char *name)
{
	static char path[FOLDER_PATH_SIZE_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	return path;
}

static void wait_news(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	assert_int_equal(sem_timedwait(&news, &until), 0);
}

enum store_status folder_submit(struct folder *folder, struct store_op op)
{
	op.token = ++folder->token;
	return folder->ops->submit(folder->store, &op, NULL);
}

struct store_completion folder_commit(struct folder *folder, struct store_op op)
{
	struct store_completion completion = {0};

	assert_int_equal(folder_submit(folder, op), STORE_OK);
	while (folder->ops->drain(folder->store, &completion, 1) == 0)
		wait_news();
	assert_int_equal(completion.token, folder->token);
	return completion;
}

uint32_t folder_collect(struct folder *folder, struct store_completion *completions, uint32_t count)
{
	uint32_t seen = 0;

	while (seen < count) {
		uint32_t found =
			folder->ops->drain(folder->store, completions + seen, count - seen);

		seen += found;
		if (found == 0)
			wait_news();
	}
	return seen;
}

uint32_t folder_drain(struct folder *folder, uint32_t count)
{
	uint32_t good = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct store_completion completion;

		folder_collect(folder, &completion, 1);
		good += completion.status == STORE_OK;
	}
	return good;
}

struct store_bytes folder_text(const char *text)
{
	return (struct store_bytes){text, (uint32_t)strlen(text)};
}

struct store_op folder_task(uint64_t id, const char *payload)
{
	return (struct store_op){.type = STORE_PUT_TASK,
		.task = {.id = id,
			.submitted_at_ns = (int64_t)id * 1000,
			.attempts_max = 5,
			.priority = 2,
			.kind = folder_text("coder"),
			.tenant = folder_text("acme"),
			.needs = folder_text("needs"),
			.meta = folder_text("meta"),
			.payload = folder_text(payload)}};
}

struct store_op folder_progress(uint64_t id, enum store_state state, uint32_t attempt)
{
	return (struct store_op){.type = STORE_NOTE_PROGRESS,
		.requeue.progress = {.id = id,
			.state = state,
			.attempt = attempt,
			.epoch = 3,
			.started_at_ns = 77,
			.lease_expires_at_ns = 99,
			.lease_token = folder_text("token"),
			.pool = folder_text("coders"),
			.agent = folder_text("coder-1")}};
}

struct store_op folder_result(uint64_t id, enum store_state state, const char *content)
{
	return (struct store_op){.type = STORE_PUT_RESULT,
		.result = {.id = id,
			.state = state,
			.attempt = 1,
			.submitted_at_ns = (int64_t)id * 1000,
			.finished_at_ns = (int64_t)id * 1000 + 500,
			.content_size = strlen(content),
			.pool = folder_text("coders"),
			.agent = folder_text("coder-1"),
			.content_type = folder_text("text/plain"),
			.why = folder_text("{\"why\":1}"),
			.history = folder_text("[1]"),
			.content = folder_text(content)}};
}

struct store_op folder_record(enum store_space space, const char *key, const char *value)
{
	return (struct store_op){.type = STORE_PUT_RECORD,
		.record = {.space = space, .key = folder_text(key), .value = folder_text(value)}};
}

bool folder_equal(struct store_bytes a, struct store_bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

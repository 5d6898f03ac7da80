/* SPDX-License-Identifier: Apache-2.0 */
/* The waiting is the daemon's: each call returns at the end of the task or after WAIT_MS.  While
 * output is followed the pieces are shorter, since they are also the clock of its polling. */
#include "cli/ending.h"

#include "cli/commands.h"
#include "cli/show.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS        20000
#define FOLLOW_MS      300
#define RECONNECTS_MAX 240 /* a minute: longer than a restart with a hundred thousand tasks */
#define RECONNECT_MS   250
#define LOG_PIECES_MAX 64 /* read in one go before the state is looked at again */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool ending_is(const char *state)
{
	static const char *const ends[] = {
		"succeeded", "failed", "dead", "cancelled", "expired", "refused", NULL};

	for (int i = 0; ends[i] != NULL; i++)
		if (state != NULL && strcmp(state, ends[i]) == 0)
			return true;
	return false;
}

static bool write_all(int fd, struct span bytes)
{
	while (bytes.size > 0) {
		ssize_t wrote = write(fd, bytes.at, bytes.size);

		if (wrote <= 0)
			return false;
		bytes = span_skip(bytes, (size_t)wrote);
	}
	return true;
}

int ending_copy_log(struct ask *ask, const char *id, const char *stream, uint64_t *offset, int fd)
{
	bool quiet = ask->quiet;
	char target[256];
	int rc = 0;

	ask->quiet = true;
	for (int i = 0; i < LOG_PIECES_MAX && rc == 0; i++) {
		snprintf(target, sizeof target, "/v1/tasks/%s/log?stream=%s&offset=%llu", id,
			stream, (unsigned long long)*offset);
		rc = ask_get(ask, target);
		if (rc != 0 || ask->body.size == 0)
			break;
		*offset += ask->body.size;
		if (!write_all(fd, buffer_span(&ask->body)))
			rc = EXIT_NO;
	}
	ask->quiet = quiet;
	return rc;
}

/* Reads the task, waiting up to `wait_ms` for its end.  A daemon that is away for a while is asked
 * again, and its absence told once. */
static int read_task(struct ask *ask, const char *id, int64_t wait_ms)
{
	bool quiet = ask->quiet;
	char target[256];
	int rc;

	if (wait_ms > 0)
		snprintf(target, sizeof target, "/v1/tasks/%s?wait=%lldms", id, (long long)wait_ms);
	else
		snprintf(target, sizeof target, "/v1/tasks/%s", id);
	ask->timeout_ms = wait_ms + CLIENT_ANSWER_MS;
	rc = ask_get(ask, target);
	if (rc == EXIT_UNREACHABLE && !quiet)
		fprintf(stderr, "ballast: waiting up to a minute for it to come back\n");
	ask->quiet = true;
	for (int i = 0; i < RECONNECTS_MAX && rc == EXIT_UNREACHABLE; i++) {
		(void)poll(NULL, 0, RECONNECT_MS);
		rc = ask_get(ask, target);
	}
	ask->quiet = quiet;
	ask->timeout_ms = 0;
	if (rc == EXIT_UNREACHABLE && !quiet)
		fprintf(stderr, "ballast: it did not; task %s goes on when it does\n", id);
	return rc;
}

int ending_wait(struct ask *ask, const char *id, bool follow, int64_t limit_ms)
{
	int64_t until_ms = limit_ms < 0 ? INT64_MAX : now_ms() + limit_ms;
	uint64_t out = 0, log = 0;
	bool ended = false;

	for (;;) {
		int64_t wait_ms = ended ? 0 : follow ? FOLLOW_MS : WAIT_MS;
		int64_t left_ms = until_ms - now_ms();
		int rc;

		if (left_ms < wait_ms)
			wait_ms = left_ms < 0 ? 0 : left_ms;
		if (follow) {
			(void)ending_copy_log(ask, id, "stderr", &log, STDERR_FILENO);
			(void)ending_copy_log(ask, id, "stdout", &out, STDOUT_FILENO);
		}
		rc = read_task(ask, id, wait_ms);
		if (rc != 0)
			return rc;
		/* Output is read once more behind the end, or its last piece would be missing. */
		if (ending_is(ask_text(ask, "state")) && (ended || !follow))
			return 0;
		ended = ending_is(ask_text(ask, "state"));
		if (!ended && now_ms() >= until_ms) {
			fprintf(stderr, "ballast: task %s has not ended in that time: it is %s\n",
				id, ask_text(ask, "state"));
			return EXIT_NO;
		}
	}
}

int ending_print(struct ask *ask, const char *id, bool follow, int64_t limit_ms)
{
	int rc = ending_wait(ask, id, follow, limit_ms);
	const char *state, *error;
	char target[256];

	if (rc != 0)
		return rc;
	state = ask_text(ask, "state");
	if (strcmp(state, "succeeded") != 0) {
		error = ask_text(ask, "error");
		if (ask->raw)
			ask_print(ask);
		else
			fprintf(stderr, "ballast: task %s %s%s%s; `ballast why %s` says more\n", id,
				state, error == NULL ? "" : ": ", error == NULL ? "" : error, id);
		return EXIT_NO;
	}
	if (ask->raw) {
		ask_print(ask);
		return 0;
	}
	snprintf(target, sizeof target, "/v1/tasks/%s/result", id);
	rc = ask_get(ask, target);
	if (rc == 0)
		ask_print(ask);
	return rc;
}

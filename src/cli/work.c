/* SPDX-License-Identifier: Apache-2.0 */
/* ballast work: a lease worker around a command.  Payload on standard input, result from standard
 * output, as in a pool with `command:`; here the command runs wherever this worker runs.
 *
 * The lease is extended at a third of its time.  An answer 409 means that the attempt was given up
 * on (cancelled, timed out): the command is ended and its result dropped.  Exit 75 hands the task
 * back, with what the command wrote into $BALLAST_CHECKPOINT. */
#include "cli/ask.h"
#include "cli/child.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "wire/jsonwrite.h"
#include "wire/quantity.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TTL_DEFAULT      "60s"
#define WAIT             "30s"
#define WAIT_MS          30000
#define AWAY_MS          1000 /* between tries while the daemon is away */
#define GRACE_MS         10000
#define STEP_MS          250
#define ENVIRONMENT_MAX  4096
#define CHECKPOINT_MAX   (16u << 20)
#define EXIT_HANDED_BACK 75 /* EX_TEMPFAIL of sysexits.h */
#define NS_PER_MS_       1000000

static const struct args_option OPTIONS[] = {
	{"--pool", NULL, "POOL", "the pool whose tasks it takes (a pool with `lease: true`)"},
	{"--name", NULL, "NAME", "of this worker (default: host and process)"},
	{"--ttl", NULL, "TIME",
		"of a lease, extended as long as the command runs (" TTL_DEFAULT ")"},
	{"--count", NULL, "N", "ends after so many tasks"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

static volatile sig_atomic_t stops;

struct worker {
	struct ask *ask;
	const char *pool;
	char name[256];
	const char *ttl;
	int64_t ttl_ms;
	char **command;
	char checkpoint[64]; /* path of the file */
	uint64_t left;       /* tasks to take */
};

/* What the command's run came to. */
struct outcome {
	const char *verb; /* of the call; NULL: the lease is gone */
	struct buffer body;
};

static void on_signal(int number)
{
	(void)number;
	stops++;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS_;
}

/* ---- calls ---- */

static int call_lease(struct worker *worker)
{
	char memory[1024];
	struct json_writer writer;
	struct buffer body;

	buffer_init_fixed(&body, memory, sizeof memory);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	json_key(&writer, "pool");
	json_put_word(&writer, worker->pool);
	json_key(&writer, "worker");
	json_put_word(&writer, worker->name);
	json_key(&writer, "wait");
	json_put_word(&writer, WAIT);
	json_key(&writer, "ttl");
	json_put_word(&writer, worker->ttl);
	json_close(&writer);
	worker->ask->timeout_ms = WAIT_MS + CLIENT_ANSWER_MS;
	return ask_post(worker->ask, "/v1/lease", buffer_span(&body));
}

/* Tries again while the daemon is away, as long as the lease could last. */
static int call_end(struct worker *worker, const char *lease, const char *verb, struct span body)
{
	int64_t until_ms = now_ms() + worker->ttl_ms;
	char target[256];
	int rc;

	snprintf(target, sizeof target, "/v1/leases/%s/%s", lease, verb);
	worker->ask->timeout_ms = 0;
	for (;;) {
		rc = ask_post(worker->ask, target, body);
		if (rc != EXIT_UNREACHABLE || now_ms() > until_ms || stops > 1)
			return rc;
		(void)poll(NULL, 0, AWAY_MS);
	}
}

/* ---- the command ---- */

/* Our environment and what the command is told; the strings lie in `texts`. */
static void build_environment(
	const struct worker *worker, yyjson_val *lease, char texts[4][512], char **environment)
{
	static const char *const members[] = {"task", "attempt"};
	static const char *const names[] = {"BALLAST_TASK", "BALLAST_ATTEMPT"};
	char value[256];
	size_t count = 0;

	for (; environ[count] != NULL && count + 5 < ENVIRONMENT_MAX; count++)
		environment[count] = environ[count];
	for (size_t i = 0; i < 2; i++) {
		show_cell(show_member(lease, members[i]), SHOW_TEXT, value, sizeof value);
		snprintf(texts[i], sizeof texts[i], "%s=%s", names[i], value);
		environment[count++] = texts[i];
	}
	snprintf(texts[2], sizeof texts[2], "BALLAST_CHECKPOINT=%s", worker->checkpoint);
	environment[count++] = texts[2];
	snprintf(texts[3], sizeof texts[3], "BALLAST_URL=%s", worker->ask->client.url);
	environment[count++] = texts[3];
	environment[count] = NULL;
}

/* True when the lease is ours still; asks the command to hand back when the daemon wants that. */
static bool extend(struct worker *worker, struct child *child, const char *lease, bool *drained)
{
	char target[256], body[128];

	snprintf(target, sizeof target, "/v1/leases/%s/extend", lease);
	snprintf(body, sizeof body, "{\"ttl\":\"%s\"}", worker->ttl);
	worker->ask->timeout_ms = worker->ttl_ms / 3 + 1000;
	if (ask_post(worker->ask, target, span_of(body)) == EXIT_NO)
		return worker->ask->status != 409 && worker->ask->status != 404;
	if (yyjson_get_bool(show_member(worker->ask->json.root, "cancel")))
		return false;
	if (yyjson_get_bool(show_member(worker->ask->json.root, "drain")) && !*drained) {
		*drained = true;
		child_signal(child, SIGUSR1);
	}
	return true;
}

/* TERM, then KILL after the grace. */
static void end_child(struct child *child)
{
	int64_t until_ms = now_ms() + GRACE_MS;

	child_signal(child, SIGTERM);
	while (!child_step(child, STEP_MS))
		if (now_ms() > until_ms)
			child_signal(child, SIGKILL);
}

/* Runs the command to its end; false when the lease was lost meanwhile. */
static bool run_child(struct worker *worker, struct child *child, const char *lease)
{
	int64_t next_ms = now_ms() + worker->ttl_ms / 3;
	bool drained = false;

	while (!child_step(child, STEP_MS)) {
		if (stops > 1) {
			end_child(child);
			return true;
		}
		if (now_ms() < next_ms)
			continue;
		next_ms = now_ms() + worker->ttl_ms / 3;
		if (!extend(worker, child, lease, &drained)) {
			end_child(child);
			return false;
		}
	}
	return true;
}

static bool read_checkpoint(const struct worker *worker, struct buffer *bytes)
{
	int fd = open(worker->checkpoint, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : 1;

	while (got > 0) {
		char *room = buffer_reserve(bytes, 65536);

		got = room == NULL ? -1 : read(fd, room, 65536);
		if (got > 0)
			buffer_commit(bytes, (size_t)got);
	}
	if (fd >= 0)
		close(fd);
	return got == 0 && bytes->size > 0;
}

/* Bytes as a member: as JSON when they are, else as text. */
static void put_bytes(struct json_writer *writer, const char *key, struct span bytes)
{
	struct span trimmed = span_trim(bytes);
	struct json_error error;
	struct json json;

	while (trimmed.size > 0 && trimmed.at[trimmed.size - 1] == '\n')
		trimmed.size--;
	json_key(writer, key);
	if (trimmed.size > 0 && json_read(&json, trimmed, trimmed.size, &error)) {
		json_put_raw(writer, trimmed);
		json_release(&json);
	} else {
		json_put_text(writer, (struct span){bytes.size == 0 ? "" : bytes.at, bytes.size});
	}
}

/* What is to be said about a command that has ended. */
static const char *judge(struct worker *worker, struct child *child, struct json_writer *writer)
{
	bool exited = WIFEXITED(child->status);
	int code = exited ? WEXITSTATUS(child->status) : 128 + WTERMSIG(child->status);
	char error[CHILD_ERROR_SIZE + 64];
	struct buffer checkpoint;
	const char *verb = "nack";

	if (exited && code == 0 && !child->cut) {
		put_bytes(writer, "result", buffer_span(&child->output));
		return "ack";
	}
	buffer_init(&checkpoint, CHECKPOINT_MAX);
	if (exited && code == EXIT_HANDED_BACK && read_checkpoint(worker, &checkpoint)) {
		put_bytes(writer, "checkpoint", buffer_span(&checkpoint));
		verb = "release";
	} else {
		snprintf(error, sizeof error, "%s %d%s%s",
			child->cut ? "the output is larger than 16 MiB; exit"
			: exited   ? "exit"
				   : "ended by signal",
			exited ? code : WTERMSIG(child->status), child->error_size > 0 ? ": " : "",
			child->error);
		json_key(writer, "error");
		json_put_word(writer, error);
		json_key(writer, "retry");
		json_put_bool(writer, !exited || code == EXIT_HANDED_BACK);
	}
	buffer_release(&checkpoint);
	return verb;
}

/* One leased task, from its payload to its end. */
static int serve(struct worker *worker)
{
	struct json lease_json = worker->ask->json;
	struct buffer lease_text = worker->ask->body;
	static char *environment[ENVIRONMENT_MAX];
	static char texts[4][512];
	struct child child;
	struct json_writer writer;
	struct buffer body;
	char lease[128];
	const char *verb = "nack";
	struct span payload;
	int rc = 0;

	/* The lease stays while the same client makes further calls. */
	worker->ask->json = (struct json){NULL, NULL};
	buffer_init(&worker->ask->body, CLIENT_ANSWER_MAX);
	show_cell(show_member(lease_json.root, "lease"), SHOW_TEXT, lease, sizeof lease);
	payload = json_member_text(&lease_json, buffer_span(&lease_text), SPAN("payload"));
	if (yyjson_is_obj(show_member(lease_json.root, "checkpoint")))
		payload = buffer_span(&lease_text);
	build_environment(worker, lease_json.root, texts, environment);
	buffer_init(&body, 2 * (size_t)CHILD_OUTPUT_MAX);
	json_writer_init(&writer, &body);
	json_open(&writer, '{');
	(void)unlink(worker->checkpoint);
	if (!child_start(&child, worker->command, environment, payload)) {
		fprintf(stderr, "ballast work: %s: %s\n", worker->command[0], strerror(errno));
		json_key(&writer, "error");
		json_put_word(&writer, "the worker cannot start its command");
		rc = EXIT_NO;
	} else if (run_child(worker, &child, lease)) {
		verb = judge(worker, &child, &writer);
	} else {
		verb = NULL;
	}
	json_close(&writer);
	if (verb != NULL && call_end(worker, lease, verb, buffer_span(&body)) == EXIT_UNREACHABLE)
		rc = EXIT_UNREACHABLE;
	child_release(&child);
	buffer_release(&body);
	buffer_release(&lease_text);
	json_release(&lease_json);
	return rc;
}

static int work(struct worker *worker)
{
	bool away = false;
	int rc = 0;

	while (stops == 0 && worker->left > 0 && rc == 0) {
		worker->ask->quiet = away;
		rc = call_lease(worker);
		worker->ask->quiet = false;
		if (rc == EXIT_UNREACHABLE && stops == 0) {
			away = true;
			(void)poll(NULL, 0, AWAY_MS);
			rc = 0;
			continue;
		}
		away = false;
		if (rc == 0 && worker->ask->status == 200) {
			rc = serve(worker);
			worker->left--;
		}
	}
	return stops > 0 ? 0 : rc;
}

static bool read_options(struct worker *worker, const struct args *args)
{
	const char *name = args_value(args, "--name");
	const char *count = args_value(args, "--count");
	char host[128] = "host";
	int64_t ttl_ns = 0;

	worker->pool = args_value(args, "--pool");
	worker->ttl = args_value(args, "--ttl") == NULL ? TTL_DEFAULT : args_value(args, "--ttl");
	worker->command = args->rest;
	worker->left = UINT64_MAX;
	(void)gethostname(host, sizeof host - 1);
	if (name != NULL)
		snprintf(worker->name, sizeof worker->name, "%s", name);
	else
		snprintf(worker->name, sizeof worker->name, "%s-%d", host, (int)getpid());
	if (worker->pool == NULL || worker->command == NULL || worker->command[0] == NULL ||
		args->word_count > 0) {
		fprintf(stderr, "usage: ballast work --pool POOL -- COMMAND [ARGUMENTS]\n");
		return false;
	}
	if (!quantity_read(span_of(worker->ttl), QUANTITY_TIME, &ttl_ns) || ttl_ns < 3000000000) {
		fprintf(stderr, "ballast work: --ttl wants a time of at least 3s, found %s\n",
			worker->ttl);
		return false;
	}
	if (count != NULL && !span_number(span_of(count), UINT32_MAX, &worker->left)) {
		fprintf(stderr, "ballast work: --count wants a number, found %s\n", count);
		return false;
	}
	worker->ttl_ms = ttl_ns / NS_PER_MS_;
	return true;
}

static int run(const struct args *args)
{
	struct worker worker = {.checkpoint = "/tmp/ballast-checkpoint-XXXXXX"};
	struct sigaction action = {.sa_handler = on_signal};
	int fd, rc;

	if (!read_options(&worker, args))
		return EXIT_USAGE;
	fd = mkstemp(worker.checkpoint);
	if (fd < 0) {
		fprintf(stderr, "ballast work: %s: %s\n", worker.checkpoint, strerror(errno));
		return EXIT_NO;
	}
	close(fd);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	worker.ask = ask_open(args);
	if (worker.ask == NULL) {
		(void)unlink(worker.checkpoint);
		return EXIT_USAGE;
	}
	worker.ask->client.stop = &stops;
	rc = work(&worker);
	(void)unlink(worker.checkpoint);
	ask_close(worker.ask);
	return rc;
}

const struct command command_work = {"work", "--pool POOL -- COMMAND",
	"takes tasks of a lease pool and runs a command for each", run, OPTIONS};

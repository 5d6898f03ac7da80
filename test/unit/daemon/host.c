/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: a timer turns the loop often enough that conditions about files and processes are seen soon;
 * nothing else depends on time. Closing is as abrupt as the loop allows: the store is closed, but
 * nobody is told to end.
 */
#include "host.h"

#include "base/units.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TICK_MS       5
#define REQUEST_MAX   65536
#define REMOVE_DEPTH  16
#define BACKLOG       16
#define CRASH_CODE    3
#define SAID_SIZE     65536
#define HOST_PATIENCE (SCENE_PATIENCE_MS * NS_PER_MS)

/* ---- the agent ---- */

/* Reads one request, head and body; false when there is none. */
static bool read_request(int fd, char request[REQUEST_MAX])
{
	size_t used = 0;

	while (used < REQUEST_MAX - 1) {
		ssize_t got = read(fd, request + used, REQUEST_MAX - 1 - used);
		const char *end, *length;

		if (got <= 0)
			return false;
		used += (size_t)got;
		request[used] = '\0';
		end = strstr(request, "\r\n\r\n");
		length = strcasestr(request, "content-length:");
		if (end != NULL &&
			used >= (size_t)(end + 4 - request) +
					(length == NULL ? 0 : strtoul(length + 15, NULL, 10)))
			return true;
	}
	return false;
}

static void answer(int fd, const char *go)
{
	static char request[REQUEST_MAX];
	char text[256];
	char body[64];
	int size;

	if (!read_request(fd, request))
		return;
	if (strstr(request, "crash") != NULL)
		_exit(CRASH_CODE);
	if (strstr(request, "hold") != NULL) {
		char line[8];
		int go_fd = open(go, O_RDWR | O_CLOEXEC);

		if (read(go_fd, line, 3) != 3)
			_exit(1);
		close(go_fd);
	}
	snprintf(body, sizeof body, "%d", (int)getpid());
	size = snprintf(text, sizeof text,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n%s",
		strlen(body), body);
	if (write(fd, text, (size_t)size) != size)
		_exit(1);
}

static int be_agent(const char *port, const char *go)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
		listen(listener, BACKLOG) != 0)
		return 1;
	while (true) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return 1;
		answer(fd, go);
		close(fd);
	}
}

int host_dispatch(int argument_count, char **arguments)
{
	if (argument_count == 4 && strcmp(arguments[1], "--agent") == 0)
		return be_agent(arguments[2], arguments[3]);
	return scene_dispatch(argument_count, arguments);
}

/* ---- life ---- */

static char said[SAID_SIZE]; /* all warnings of the test */

int host_begin(void **state)
{
	struct host *host = calloc(1, sizeof *host);
	void *scene = NULL;

	if (host == NULL || scene_begin(&scene) != 0)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	host->scene = scene;
	host->store_ops = store_sqlite;
	said[0] = '\0';
	snprintf(host->data, sizeof host->data, "%s/data", host->scene->directory);
	*state = host;
	return mkdir(host->data, 0700);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)info;
	(void)type;
	(void)place;
	return remove(path);
}

int host_end(void **state)
{
	struct host *host = *state;
	void *scene = host->scene;
	int rc;

	if (host->engine != NULL)
		return -1; /* the test failed in the middle: processes may be left */
	if (nftw(host->data, remove_entry, REMOVE_DEPTH, FTW_DEPTH | FTW_PHYS) != 0)
		print_error("cannot remove %s\n", host->data);
	rc = scene_end(&scene);
	free(host);
	return rc;
}

static void say(enum store_severity severity, const char *line)
{
	size_t used = strlen(said);

	if (severity != STORE_SAY_INFO)
		snprintf(said + used, sizeof said - used, "%s\n", line);
}

static void on_tick(uv_timer_t *timer)
{
	struct host *host = timer->data;

	if (scene_now_ns() > host->give_up_ns)
		fail_msg(
			"nothing came of waiting for %d ms; the log:\n%s", SCENE_PATIENCE_MS, said);
}

static void read_config(const char *yaml, struct config *config)
{
	struct config_error error;

	if (!config_read(config, span_of(yaml), "test.yaml", NULL, 0, &error))
		fail_msg("%s", error.text);
}

void host_open(struct host *host, const char *yaml)
{
	struct engine_options options = {.loop = &host->loop,
		.config = &host->config,
		.store_ops = &host->store_ops,
		.data = host->data,
		.say = say};
	char message[512] = "";

	read_config(yaml, &host->config);
	uv_loop_init(&host->loop);
	uv_timer_init(&host->loop, &host->tick);
	host->tick.data = host;
	host->engine = engine_open(&options, message, sizeof message);
	if (host->engine == NULL)
		fail_msg("%s", message);
	host->upstream = upstream_open(&host->loop);
	host->push = push_open(host->engine, host->upstream);
	host->command = command_open(host->engine, &host->scene->no_group, message, sizeof message);
	host->fleet = fleet_open(
		host->engine, host->push, &host->scene->no_group, message, sizeof message);
	if (host->command == NULL || host->fleet == NULL ||
		!engine_start(host->engine, message, sizeof message))
		fail_msg("%s", message);
	command_begin(host->command);
}

void host_close(struct host *host)
{
	engine_stop(host->engine);
	command_close(host->command);
	fleet_close(host->fleet);
	push_close(host->push);
	upstream_close(host->upstream);
	engine_close(host->engine);
	host->engine = NULL;
	uv_close((uv_handle_t *)&host->tick, NULL);
	assert_int_equal(uv_run(&host->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&host->loop), 0);
	config_release(&host->config);
	config_release(&host->config_next);
}

void host_configure(struct host *host, const char *yaml)
{
	struct config before = host->config_next;

	read_config(yaml, &host->config_next);
	engine_configure(host->engine, &host->config_next);
	fleet_configure(host->fleet);
	command_configure(host->command);
	config_release(&before);
}

/* ---- waiting ---- */

void host_wait(struct host *host, bool (*condition)(void *context), void *context)
{
	host->give_up_ns = scene_now_ns() + HOST_PATIENCE;
	uv_timer_start(&host->tick, on_tick, TICK_MS, TICK_MS);
	while (!condition(context))
		uv_run(&host->loop, UV_RUN_ONCE);
	uv_timer_stop(&host->tick);
}

static bool has_ended(void *context)
{
	const struct errand_seen *seen = context;

	return seen->ended || seen->refused;
}

void host_wait_end(struct host *host, struct errand_seen *seen)
{
	host_wait(host, has_ended, seen);
	assert_true(seen->ended);
}

static bool is_readable(void *context)
{
	struct pollfd poller = {.fd = *(const int *)context, .events = POLLIN};

	return poll(&poller, 1, 0) == 1;
}

void host_wait_up(struct host *host, char *line, size_t size)
{
	host_wait(host, is_readable, &host->scene->up_fd);
	scene_wait_up(host->scene, line, size);
}

static bool was_said(void *context)
{
	return strstr(said, context) != NULL;
}

void host_wait_said(struct host *host, const char *text)
{
	host_wait(host, was_said, (void *)(uintptr_t)text);
}

struct ready_wanted {
	const struct host *host;
	uint32_t pool;
	uint32_t count;
};

static bool is_ready(void *context)
{
	const struct ready_wanted *wanted = context;
	struct bal_pool_view view;

	return bal_pool_view(engine_core(wanted->host->engine), wanted->pool, &view) &&
	       view.agents[BAL_AGENT_READY] == wanted->count;
}

void host_wait_ready(struct host *host, const char *pool, uint32_t count)
{
	struct ready_wanted wanted = {host, host_pool(host, pool), count};

	host_wait(host, is_ready, &wanted);
}

/* ---- tasks ---- */

static void on_accepted(struct job_waiter *waiter, struct job *job)
{
	(void)job;
	container_of(waiter, struct errand_seen, waiter)->accepted = true;
}

static void on_refused(struct job_waiter *waiter, struct job *job, const struct bal_why *why)
{
	struct errand_seen *seen = container_of(waiter, struct errand_seen, waiter);

	(void)job;
	seen->refused = true;
	snprintf(seen->error, sizeof seen->error, "%s", bal_reason_text(why->reason));
}

static void copy_buffer(const struct buffer *buffer, char *to, size_t size)
{
	snprintf(to, size, "%.*s", (int)buffer->size, buffer->size == 0 ? "" : buffer->bytes);
}

static void copy_text(const char *text, char *to, size_t size)
{
	snprintf(to, size, "%s", text == NULL ? "" : text);
}

static void on_ended(struct job_waiter *waiter, struct job *job)
{
	struct errand_seen *seen = container_of(waiter, struct errand_seen, waiter);

	seen->ended = true;
	seen->state = job->end;
	seen->result_size = job->result_size;
	copy_buffer(&job->result, seen->result, sizeof seen->result);
	copy_buffer(&job->history, seen->history, sizeof seen->history);
	copy_text(job->result_file, seen->result_file, sizeof seen->result_file);
	copy_text(job->content_type, seen->content_type, sizeof seen->content_type);
	copy_text(job->error, seen->error, sizeof seen->error);
}

static void wait_for(struct job *job, struct errand_seen *seen)
{
	*seen = (struct errand_seen){.id = job->id};
	seen->waiter.accepted = on_accepted;
	seen->waiter.refused = on_refused;
	seen->waiter.ended = on_ended;
	job_wait(job, &seen->waiter);
}

void host_watch(struct host *host, uint64_t id, struct errand_seen *seen)
{
	struct job *job = engine_job(host->engine, id);

	assert_non_null(job);
	wait_for(job, seen);
}

static bool was_accepted(void *context)
{
	const struct errand_seen *seen = context;

	return seen->accepted || seen->refused;
}

void host_submit(struct host *host, const char *kind, const char *payload, struct errand_seen *seen)
{
	const struct span none = {NULL, 0};
	struct job *job = job_new(engine_mint(host->engine));

	assert_non_null(job);
	job->flags = BAL_TASK_DURABLE;
	job->priority = BAL_PRIORITY_NORMAL;
	job->kind = engine_intern(host->engine, BAL_SYMBOL_KIND, span_of(kind));
	job->tenant = engine_intern(host->engine, BAL_SYMBOL_TENANT, SPAN("default"));
	job->submitted_at_utc_ns = clock_utc_ns();
	assert_true(job_set_bytes(job, none, none, none, none, span_of(payload)));
	wait_for(job, seen);
	engine_submit(host->engine, job);
	host_wait(host, was_accepted, seen);
}

/* ---- looking ---- */

uint32_t host_pool(const struct host *host, const char *name)
{
	return names_find(engine_names(host->engine), BAL_SYMBOL_POOL, span_of(name));
}

struct roster_agent *host_agent(const struct host *host, const char *pool)
{
	struct roster_agent *agent = roster_first(engine_roster(host->engine));

	while (agent != NULL && agent->pool != host_pool(host, pool))
		agent = roster_next(agent);
	return agent;
}

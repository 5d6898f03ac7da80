/* SPDX-License-Identifier: Apache-2.0 */
/* Order matters at both ends.  Start: the store first (it holds the lock on the data directory),
 * drivers before the engine starts (they say what still runs), the server last, so that nobody is
 * answered before every task is back.  Stop: the server takes nothing new, the engine dispatches
 * nothing more, and the store closes after everything accepted is on disk. */
#include "daemon/daemon.h"

#include "base/checksum.h"
#include "daemon/alarm.h"
#include "daemon/archive.h"
#include "daemon/command.h"
#include "daemon/engine.h"
#include "daemon/feedback.h"
#include "daemon/fleet.h"
#include "daemon/lease.h"
#include "daemon/log.h"
#include "daemon/push.h"
#include "daemon/scrape.h"
#include "daemon/server.h"
#include "daemon/traces.h"
#include "daemon/upstream.h"
#include "daemon/urls.h"
#include "daemon/vitals.h"
#include "provider/group.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX (4u << 20)
#define MESSAGE_SIZE  1024
#define STANDARD_FILE "ballast.yaml"
#define STOP_CHECK_MS 50
#define LARGE_SIZE    (256 << 10)

struct daemon {
	const struct daemon_options *options;
	struct config *config;
	uv_loop_t loop;
	uv_signal_t signals[3];
	uv_timer_t stop_timer;
	int64_t stop_ticks;
	struct engine *engine;
	struct upstream *upstream;
	struct push *push;
	struct urls *urls;
	struct traces *traces;
	struct leases *leases;
	struct fleet *fleet;
	struct command *command;
	struct vitals *vitals;
	struct archive *archive;
	struct scrape *scrape;
	struct feedback *feedback;
	struct alarm *alarm;
	struct server *server;
	bool stopping;
};

static bool quiet;

static void say(enum store_severity severity, const char *line)
{
	if (!quiet || severity != STORE_SAY_INFO)
		log_line(severity, line);
}

/* ---- configuration ---- */

static bool read_file(const char *path, struct buffer *text, char *message, size_t message_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;

	if (fd < 0) {
		snprintf(message, message_size,
			"%s: %s; `ballast init http` writes a commented one", path,
			strerror(errno));
		return false;
	}
	buffer_init(text, FILE_SIZE_MAX);
	while (got > 0) {
		char *room = buffer_reserve(text, 65536);

		got = room == NULL ? -1 : read(fd, room, 65536);
		if (got > 0)
			buffer_commit(text, (size_t)got);
	}
	close(fd);
	if (got == 0)
		return true;
	snprintf(message, message_size, "%s: cannot be read, or is larger than 4 MiB", path);
	buffer_release(text);
	return false;
}

bool daemon_config_read(const struct daemon_options *options, struct config *config, char *message,
	size_t message_size)
{
	const char *file = options->file == NULL ? STANDARD_FILE : options->file;
	struct config_error error;
	struct buffer text;
	bool ok;

	if (!read_file(file, &text, message, message_size))
		return false;
	ok = config_read(config, buffer_span(&text), file, options->overrides,
		options->override_count, &error);
	buffer_release(&text);
	if (!ok) {
		snprintf(message, message_size, "%s", error.text);
		return false;
	}
	if (options->data != NULL)
		config->data = options->data;
	if (options->listen != NULL)
		config->listen = options->listen;
	return true;
}

/* Reads the file again; the old configuration stays in force when it is bad. */
static enum bal_status reload(void *context, char *message, size_t message_size)
{
	struct daemon *daemon = context;
	struct config *config = calloc(1, sizeof *config);

	if (config == NULL)
		return BAL_UNAVAILABLE;
	if (!daemon_config_read(daemon->options, config, message, message_size)) {
		free(config);
		say(STORE_SAY_ERROR, message);
		return BAL_INVALID;
	}
	engine_configure(daemon->engine, config);
	fleet_configure(daemon->fleet);
	command_configure(daemon->command);
	if (!urls_configure(daemon->urls, message, message_size))
		say(STORE_SAY_ERROR, message);
	scrape_configure(daemon->scrape);
	if (!alarm_configure(daemon->alarm, message, message_size))
		say(STORE_SAY_ERROR, message);
	config_release(daemon->config);
	free(daemon->config);
	daemon->config = config;
	say(STORE_SAY_INFO, "configuration read again");
	return BAL_OK;
}

/* ---- stop ---- */

static void finish_stop(struct daemon *daemon)
{
	uv_timer_stop(&daemon->stop_timer);
	uv_stop(&daemon->loop);
}

static void on_stop_tick(uv_timer_t *timer)
{
	struct daemon *daemon = timer->data;

	daemon->stop_ticks += STOP_CHECK_MS;
	if (server_idle(daemon->server) || daemon->stop_ticks >= DAEMON_STOP_MS)
		finish_stop(daemon);
}

static void stop(struct daemon *daemon)
{
	if (daemon->stopping)
		return;
	daemon->stopping = true;
	say(STORE_SAY_INFO, "stopping: nothing new is taken; what runs goes on");
	engine_stop(daemon->engine);
	server_stop(daemon->server);
	uv_timer_start(&daemon->stop_timer, on_stop_tick, STOP_CHECK_MS, STOP_CHECK_MS);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *daemon = handle->data;
	char message[MESSAGE_SIZE];

	if (number == SIGHUP)
		reload(daemon, message, sizeof message);
	else
		stop(daemon);
}

/* ---- start ---- */

static bool make_directory(const char *path, char *message, size_t message_size)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	snprintf(message, message_size, "cannot make the data directory %s: %s", path,
		strerror(errno));
	return false;
}

/* One control group per data directory, so that two daemons never share one. */
static uint32_t instance_of(const char *data)
{
	char *path = realpath(data, NULL);
	const char *text = path == NULL ? data : path;
	uint32_t hash = checksum_crc32c(0, text, strlen(text));

	free(path);
	return hash;
}

static bool open_parts(struct daemon *daemon, char *message, size_t message_size)
{
	struct engine_options options = {.loop = &daemon->loop,
		.config = daemon->config,
		.store_ops = &store_sqlite,
		.data = daemon->config->data,
		.say = say};
	struct cgroup group;
	char instance[32];

	if (!make_directory(daemon->config->data, message, message_size))
		return false;
	daemon->engine = engine_open(&options, message, message_size);
	if (daemon->engine == NULL)
		return false;
	snprintf(instance, sizeof instance, "%08x", instance_of(daemon->config->data));
	snprintf(message, message_size, "there is no memory");
	daemon->upstream = upstream_open(&daemon->loop);
	daemon->push =
		daemon->upstream == NULL ? NULL : push_open(daemon->engine, daemon->upstream);
	daemon->urls = daemon->push == NULL ? NULL : urls_open(daemon->push);
	daemon->leases = leases_open(daemon->engine);
	daemon->alarm =
		daemon->upstream == NULL ? NULL : alarm_open(daemon->engine, daemon->upstream);
	if (daemon->urls == NULL || daemon->leases == NULL || daemon->alarm == NULL)
		return false;
	daemon->traces = traces_open(daemon->engine, daemon->upstream, message, message_size);
	if (daemon->traces == NULL && message[0] != '\0')
		return false;
	group_open(&group, instance, message, message_size);
	if (group.version == CGROUP_NONE)
		say(STORE_SAY_WARNING, message);
	daemon->command = command_open(daemon->engine, &group, message, message_size);
	if (daemon->command == NULL)
		return false;
	daemon->fleet = fleet_open(daemon->engine, daemon->push, &group, message, message_size);
	if (daemon->fleet == NULL)
		return false;
	daemon->vitals = vitals_open(daemon->engine);
	daemon->archive = archive_open(daemon->engine);
	daemon->scrape = scrape_open(daemon->push);
	daemon->feedback = feedback_open(daemon->engine);
	if (daemon->vitals != NULL && daemon->archive != NULL && daemon->scrape != NULL &&
		daemon->feedback != NULL)
		return true;
	snprintf(message, message_size, "there is no memory for signals");
	return false;
}

/* The line that tells people, and programs that chose port 0, where to go; commands find the same
 * in BALLAST_URL. */
static void say_ready(const struct daemon *daemon)
{
	char url[MESSAGE_SIZE];
	char line[MESSAGE_SIZE + 16];
	uint16_t port = server_port(daemon->server);
	char *path = port == 0 ? realpath(daemon->config->listen, NULL) : NULL;

	if (port == 0)
		snprintf(url, sizeof url, "%s", path == NULL ? daemon->config->listen : path);
	else
		snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
	free(path);
	command_set_url(daemon->command, url);
	snprintf(line, sizeof line, "ready: %s", url);
	say(STORE_SAY_INFO, line);
}

static bool start_parts(struct daemon *daemon, char *message, size_t message_size)
{
	struct server_options options = {.engine = daemon->engine,
		.leases = daemon->leases,
		.command = daemon->command,
		.fleet = daemon->fleet,
		.alarm = daemon->alarm,
		.feedback = daemon->feedback,
		.reload = reload,
		.context = daemon};

	/* Alerts of the last life may end in the start. */
	if (!alarm_configure(daemon->alarm, message, message_size) ||
		!engine_start(daemon->engine, message, message_size) ||
		!urls_configure(daemon->urls, message, message_size))
		return false;
	command_begin(daemon->command);
	daemon->server = server_open(&options, message, message_size);
	if (daemon->server == NULL)
		return false;
	say_ready(daemon);
	return true;
}

static void watch_signals(struct daemon *daemon)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	for (uint32_t i = 0; i < 3; i++) {
		uv_signal_init(&daemon->loop, &daemon->signals[i]);
		daemon->signals[i].data = daemon;
		uv_signal_start(&daemon->signals[i], on_signal, numbers[i]);
	}
	uv_timer_init(&daemon->loop, &daemon->stop_timer);
	daemon->stop_timer.data = daemon;
	signal(SIGPIPE, SIG_IGN);
}

static void close_parts(struct daemon *daemon)
{
	server_close(daemon->server);
	feedback_close(daemon->feedback);
	scrape_close(daemon->scrape);
	vitals_close(daemon->vitals);
	archive_close(daemon->archive);
	command_close(daemon->command);
	fleet_close(daemon->fleet);
	leases_close(daemon->leases);
	urls_close(daemon->urls);
	traces_close(daemon->traces);
	push_close(daemon->push);
	alarm_close(daemon->alarm);
	upstream_close(daemon->upstream);
	engine_close(daemon->engine);
	for (uint32_t i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&daemon->signals[i], NULL);
	uv_close((uv_handle_t *)&daemon->stop_timer, NULL);
	uv_run(&daemon->loop, UV_RUN_NOWAIT);
	uv_loop_close(&daemon->loop);
}

/* glibc raises the size from which blocks get pages of their own to the largest ever freed: after
 * one batch of 16 MiB all later ones would be cut out of the heap, and leave it full of holes. */
static void keep_heap_whole(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, LARGE_SIZE);
#endif
}

int daemon_run(const struct daemon_options *options)
{
	struct daemon *daemon = calloc(1, sizeof *daemon);
	struct config *config = calloc(1, sizeof *config);
	char message[MESSAGE_SIZE];
	bool was_started = false;
	int code = DAEMON_OK;

	if (daemon == NULL || config == NULL)
		return DAEMON_CANNOT_START;
	quiet = options->quiet;
	keep_heap_whole();
	if (!daemon_config_read(options, config, message, sizeof message)) {
		fprintf(stderr, "ballast: %s\n", message);
		free(config);
		free(daemon);
		return DAEMON_BAD_CONFIG;
	}
	daemon->options = options;
	daemon->config = config;
	uv_loop_init(&daemon->loop);
	watch_signals(daemon);
	if (open_parts(daemon, message, sizeof message) &&
		start_parts(daemon, message, sizeof message)) {
		uv_run(&daemon->loop, UV_RUN_DEFAULT);
		was_started = true;
	} else {
		fprintf(stderr, "ballast: %s\n", message);
		code = DAEMON_CANNOT_START;
	}
	close_parts(daemon);
	if (was_started)
		say(STORE_SAY_INFO, "stopped: everything that was accepted is on disk");
	config_release(daemon->config);
	free(daemon->config);
	free(daemon);
	return code;
}

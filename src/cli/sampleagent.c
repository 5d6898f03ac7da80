/* SPDX-License-Identifier: Apache-2.0 */
/* ballast sample-agent: an HTTP agent that holds each task for a time and streams tokens, for the
 * demo and for trying a configuration without an agent at hand.
 *
 * The payload says how long and how much: {"hold_ms": 120, "tokens": 40}.  What happens is written,
 * one line each and before the answer ends, to a log of the agent's own (--log DIR), so that
 * somebody who trusts nobody can count:
 *
 *     up|start|done|drop|cut UTC_NS TASK ATTEMPT
 *
 * drop: the caller went away; cut: the agent was told to end while it still had the task. */
#include "cli/commands.h"

#include "base/list.h"
#include "wire/httpread.h"
#include "wire/httpwrite.h"
#include "wire/json.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define BODY_MAX      (16u << 20)
#define PIECES_MAX    8 /* that the tokens are streamed in */
#define HOLD_MAX_MS   86400000
#define TOKENS_MAX    1000000
#define LOG_LINE_SIZE 160
#define ID_SIZE       40
#define BACKLOG       512

static const struct args_option OPTIONS[] = {
	{"--port", NULL, "PORT", "of 127.0.0.1 to listen on"},
	{"--name", NULL, "NAME", "goes into the log's name"},
	{"--log", NULL, "DIR", "where to log what happens"},
	{NULL, NULL, NULL, NULL},
};

struct agent {
	uv_loop_t loop;
	uv_tcp_t listener;
	uv_signal_t signals[2];
	struct list visits;
	int log_fd; /* -1: no log */
	char input[65536];
};

/* A connection of the caller, and the task that it carries. */
struct visit {
	struct list_node node;
	struct agent *agent;
	uv_tcp_t socket;
	uv_timer_t timer;
	struct http_reader reader;
	struct buffer body;
	bool working;
	bool closing;
	char task[ID_SIZE];
	char attempt[ID_SIZE];
	int64_t piece_ms;
	int64_t piece_tokens;
	int pieces; /* still to be sent */
	uint32_t open_handles;
};

struct work {
	int64_t hold_ms;
	int64_t tokens;
};

static const struct json_field FIELDS[] = {
	{"hold_ms", JSON_INTEGER, false, 0, HOLD_MAX_MS, offsetof(struct work, hold_ms)},
	{"tokens", JSON_INTEGER, false, 0, TOKENS_MAX, offsetof(struct work, tokens)},
};

static void note(struct agent *agent, const char *what, const struct visit *visit)
{
	char line[LOG_LINE_SIZE];
	struct timespec now;
	int size;

	if (agent->log_fd < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	size = snprintf(line, sizeof line, "%s %" PRId64 " %s %s\n", what,
		(int64_t)now.tv_sec * 1000000000 + now.tv_nsec, visit == NULL ? "0" : visit->task,
		visit == NULL ? "0" : visit->attempt);
	(void)!write(agent->log_fd, line, (size_t)size);
}

/* ---- connections ---- */

static void on_closed(uv_handle_t *handle)
{
	struct visit *visit = handle->data;

	if (--visit->open_handles > 0)
		return;
	list_remove(&visit->agent->visits, &visit->node);
	http_reader_release(&visit->reader);
	buffer_release(&visit->body);
	free(visit);
}

static void close_visit(struct visit *visit)
{
	if (visit->closing)
		return;
	visit->closing = true;
	if (visit->working)
		note(visit->agent, "drop", visit);
	uv_close((uv_handle_t *)&visit->socket, on_closed);
	uv_close((uv_handle_t *)&visit->timer, on_closed);
}

static void on_written(uv_write_t *write, int status)
{
	(void)status; /* a caller that is gone is noticed by the reader */
	free(write->data);
	free(write);
}

/* Sends a copy of the buffer, and releases it. */
static void send_buffer(struct visit *visit, struct buffer *buffer)
{
	uv_write_t *write = malloc(sizeof *write);
	uv_buf_t piece = uv_buf_init(buffer->bytes, (unsigned)buffer->size);

	if (write == NULL || buffer->failed) {
		free(write);
		buffer_release(buffer);
		close_visit(visit);
		return;
	}
	write->data = buffer->bytes;
	if (uv_write(write, (uv_stream_t *)&visit->socket, &piece, 1, on_written) != 0) {
		on_written(write, 0);
		close_visit(visit);
	}
}

static void answer_simply(struct visit *visit, unsigned status, struct span text)
{
	struct buffer out;

	buffer_init(&out, 4096);
	http_put_response(&out, status, "text/plain", text, visit->reader.head.keep_alive, false);
	send_buffer(visit, &out);
}

/* ---- work ---- */

static void put_tokens(struct buffer *out, int64_t count)
{
	struct buffer text;

	buffer_init(&text, (size_t)TOKENS_MAX * 8);
	for (int64_t i = 0; i < count; i++)
		buffer_append_text(&text, "token ");
	http_put_chunk(out, buffer_span(&text));
	buffer_release(&text);
}

static void on_timer(uv_timer_t *timer)
{
	struct visit *visit = timer->data;
	struct buffer out;

	buffer_init(&out, (size_t)TOKENS_MAX * 16);
	put_tokens(&out, visit->piece_tokens);
	if (--visit->pieces > 0) {
		uv_timer_start(timer, on_timer, (uint64_t)visit->piece_ms, 0);
		send_buffer(visit, &out);
		return;
	}
	note(visit->agent, "done", visit);
	visit->working = false;
	http_put_chunk_last(&out);
	send_buffer(visit, &out);
	http_reader_restart(&visit->reader);
	buffer_clear(&visit->body);
}

static void begin(struct visit *visit)
{
	struct work work = {.hold_ms = 100, .tokens = 20};
	struct json json = {NULL, NULL};
	struct json_error error;
	struct span task = http_field_get(&visit->reader, HTTP_FIELD_BALLAST_TASK);
	struct span attempt = http_field_get(&visit->reader, HTTP_FIELD_BALLAST_ATTEMPT);
	struct buffer out;

	if (!json_read(&json, buffer_span(&visit->body), BODY_MAX, &error) ||
		!json_read_object(
			json.root, FIELDS, sizeof FIELDS / sizeof FIELDS[0], &work, &error)) {
		json_release(&json);
		answer_simply(visit, 400, span_of(error.text));
		http_reader_restart(&visit->reader);
		buffer_clear(&visit->body);
		return;
	}
	json_release(&json);
	snprintf(visit->task, sizeof visit->task, "%.*s", (int)task.size,
		task.size == 0 ? "" : task.at);
	snprintf(visit->attempt, sizeof visit->attempt, "%.*s", (int)attempt.size,
		attempt.size == 0 ? "" : attempt.at);
	visit->pieces = work.hold_ms < 10 * PIECES_MAX ? 1 : PIECES_MAX;
	visit->piece_ms = work.hold_ms / visit->pieces;
	visit->piece_tokens = work.tokens / visit->pieces;
	visit->working = true;
	note(visit->agent, "start", visit);
	buffer_init(&out, 4096);
	http_put_status(&out, 200);
	http_put_known(&out, HTTP_FIELD_CONTENT_TYPE, SPAN("text/plain"));
	http_put_chunked(&out);
	http_put_end(&out);
	send_buffer(visit, &out);
	uv_timer_start(&visit->timer, on_timer, (uint64_t)visit->piece_ms, 0);
}

static void finish_request(struct visit *visit)
{
	if (visit->reader.head.method == HTTP_METHOD_POST &&
		!span_starts(visit->reader.head.path, SPAN("/ballast/"))) {
		begin(visit);
		return;
	}
	answer_simply(visit, 200, SPAN("ok\n"));
	http_reader_restart(&visit->reader);
	buffer_clear(&visit->body);
}

static void take_input(struct visit *visit, struct span input)
{
	struct span piece;

	while (!visit->closing && !visit->working) {
		switch (http_reader_next(&visit->reader, &input, &piece)) {
		case HTTP_EVENT_MORE:
			return;
		case HTTP_EVENT_HEAD:
			break;
		case HTTP_EVENT_BODY:
			if (!buffer_append_span(&visit->body, piece))
				close_visit(visit);
			break;
		case HTTP_EVENT_DONE:
			finish_request(visit);
			break;
		case HTTP_EVENT_REFUSED:
			close_visit(visit);
			break;
		}
	}
	/* Bytes behind a request that is being worked on: ballast never sends any. */
	if (input.size > 0)
		close_visit(visit);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct visit *visit = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(visit->agent->input, sizeof visit->agent->input);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	if (got < 0)
		close_visit(stream->data);
	else
		take_input(stream->data, (struct span){buffer->base, (size_t)got});
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct agent *agent = listener->data;
	struct visit *visit = status < 0 ? NULL : calloc(1, sizeof *visit);

	if (visit == NULL)
		return;
	visit->agent = agent;
	visit->open_handles = 2;
	uv_tcp_init(&agent->loop, &visit->socket);
	uv_timer_init(&agent->loop, &visit->timer);
	visit->socket.data = visit;
	visit->timer.data = visit;
	http_reader_init(&visit->reader, HTTP_ROLE_REQUEST, &http_limits_default);
	buffer_init(&visit->body, BODY_MAX);
	list_append(&agent->visits, &visit->node);
	if (uv_accept(listener, (uv_stream_t *)&visit->socket) != 0) {
		close_visit(visit);
		return;
	}
	uv_tcp_nodelay(&visit->socket, 1);
	uv_read_start((uv_stream_t *)&visit->socket, on_alloc, on_read);
}

/* ---- life ---- */

static void on_signal(uv_signal_t *signal, int number)
{
	struct agent *agent = signal->data;

	(void)number;
	for (struct list_node *node = agent->visits.first; node != NULL; node = list_next(node)) {
		struct visit *visit = container_of(node, struct visit, node);

		if (visit->working)
			note(agent, "cut", visit);
	}
	note(agent, "down", NULL);
	exit(0);
}

static bool open_log(struct agent *agent, const char *directory, const char *name, uint64_t port)
{
	char path[4096];

	agent->log_fd = -1;
	if (directory == NULL)
		return true;
	snprintf(path, sizeof path, "%s/%s.%" PRIu64 ".%d.log", directory,
		name == NULL ? "agent" : name, port, (int)getpid());
	agent->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (agent->log_fd < 0)
		perror(path);
	return agent->log_fd >= 0;
}

static int serve(struct agent *agent, uint64_t port)
{
	static const int numbers[] = {SIGTERM, SIGINT};
	struct sockaddr_in address;
	int rc;

	uv_loop_init(&agent->loop);
	for (int i = 0; i < 2; i++) {
		uv_signal_init(&agent->loop, &agent->signals[i]);
		agent->signals[i].data = agent;
		uv_signal_start(&agent->signals[i], on_signal, numbers[i]);
	}
	uv_tcp_init(&agent->loop, &agent->listener);
	agent->listener.data = agent;
	uv_ip4_addr("127.0.0.1", (int)port, &address);
	rc = uv_tcp_bind(&agent->listener, (const struct sockaddr *)&address, 0);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&agent->listener, BACKLOG, on_connection);
	if (rc != 0) {
		fprintf(stderr, "ballast sample-agent: port %" PRIu64 ": %s\n", port,
			uv_strerror(rc));
		return EXIT_CANNOT_START;
	}
	note(agent, "up", NULL);
	return uv_run(&agent->loop, UV_RUN_DEFAULT);
}

static int run(const struct args *args)
{
	static struct agent agent;
	const char *port_text = args_value(args, "--port");
	uint64_t port;

	if (port_text == NULL || !span_number(span_of(port_text), 65535, &port)) {
		fprintf(stderr, "usage: ballast sample-agent --port PORT [--log DIR]\n");
		return EXIT_USAGE;
	}
	if (!open_log(&agent, args_value(args, "--log"), args_value(args, "--name"), port))
		return EXIT_CANNOT_START;
	return serve(&agent, port);
}

const struct command command_sample_agent = {"sample-agent", "--port PORT",
	"an HTTP agent that holds tasks for a time, for trying things out", run, OPTIONS, true};

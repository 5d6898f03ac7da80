/* SPDX-License-Identifier: Apache-2.0 */
/* A connection is connecting, carrying one call, or idle.  Idle ones lie with their target, most
 * recently used first, so that few stay warm; they are read from all the time, and a byte or an end
 * that comes unasked closes them.
 *
 * Every end of a call goes through finish(): it detaches the call from its connection first, so
 * that `done` may start another one on the spot. */
#include "daemon/upstream.h"

#include "base/list.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_PER_TARGET_MAX 64
#define IDLE_MS             30000
#define READ_SIZE           65536
#define HOST_SIZE_MAX       300

struct upstream_target {
	struct upstream *upstream;
	struct list idle;
	struct sockaddr_storage address;
	char host[HOST_SIZE_MAX];
	struct upstream_traffic traffic;
	uint32_t users; /* connections */
	bool freed;
};

struct upstream {
	uv_loop_t *loop;
	struct list connections;
	struct list failing; /* calls that could not even begin */
	uv_timer_t later;
	char input[READ_SIZE];
	bool closing;
};

struct connection {
	struct list_node node;
	struct list_node idle_node;
	struct upstream *upstream;
	struct upstream_target *target;
	struct upstream_call *call;
	uv_tcp_t socket;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	struct http_reader reader;
	struct http_limits limits;
	uint32_t open_handles;
	bool connected, closing, writing;
	bool answering; /* a byte of the call's answer has come */
	uint64_t begun_ns;
	struct buffer request; /* being written */
};

static void target_release(struct upstream_target *target)
{
	if (target->users == 0 && target->freed)
		free(target);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	if (--connection->open_handles > 0)
		return;
	connection->target->users--;
	target_release(connection->target);
	buffer_release(&connection->request);
	http_reader_release(&connection->reader);
	free(connection);
}

static void close_connection(struct connection *connection)
{
	if (connection->closing)
		return;
	connection->closing = true;
	if (list_holds(&connection->idle_node))
		list_remove(&connection->target->idle, &connection->idle_node);
	list_remove(&connection->upstream->connections, &connection->node);
	uv_close((uv_handle_t *)&connection->socket, on_handle_closed);
	uv_close((uv_handle_t *)&connection->timer, on_handle_closed);
}

static void finish(struct connection *connection, enum upstream_end end, const char *error)
{
	struct upstream_call *call = connection->call;

	connection->call = NULL;
	call->connection = NULL;
	call->error = error;
	call->head = end == UPSTREAM_ANSWERED ? &connection->reader : NULL;
	call->status = end == UPSTREAM_ANSWERED ? connection->reader.head.status : 0;
	call->done(call, end);
}

static void fail(struct connection *connection, enum upstream_end end, const char *error)
{
	if (connection->call != NULL)
		finish(connection, end, error);
	close_connection(connection);
}

static void on_idle_timeout(uv_timer_t *timer)
{
	close_connection(timer->data);
}

static void on_call_timeout(uv_timer_t *timer)
{
	struct connection *connection = timer->data;

	if (!connection->connected)
		connection->target->traffic.failures++;
	fail(connection, UPSTREAM_TIMEOUT, "no answer in time");
}

static void park(struct connection *connection)
{
	http_reader_restart(&connection->reader);
	list_prepend(&connection->target->idle, &connection->idle_node);
	uv_timer_start(&connection->timer, on_idle_timeout, IDLE_MS, 0);
}

/* The answer is whole. */
static void answered(struct connection *connection, bool bytes_left)
{
	bool again = connection->reader.head.keep_alive && !bytes_left && !connection->writing &&
		     !connection->target->freed &&
		     connection->target->idle.count < IDLE_PER_TARGET_MAX;

	uv_timer_stop(&connection->timer);
	finish(connection, UPSTREAM_ANSWERED, NULL);
	if (connection->closing)
		return;
	if (again && !connection->upstream->closing)
		park(connection);
	else
		close_connection(connection);
}

/* Takes in bytes of the answer; true when the call goes on. */
static bool take(struct connection *connection, struct span input)
{
	struct upstream_call *call = connection->call;
	struct span body;

	for (;;) {
		switch (http_reader_next(&connection->reader, &input, &body)) {
		case HTTP_EVENT_MORE:
			return true;
		case HTTP_EVENT_HEAD:
			break;
		case HTTP_EVENT_BODY:
			if (buffer_append_span(&call->answer, body))
				break;
			fail(connection, UPSTREAM_TOO_LARGE,
				"the answer is larger than the configured maximum");
			return false;
		case HTTP_EVENT_DONE:
			answered(connection, input.size > 0);
			return false;
		case HTTP_EVENT_REFUSED:
			if (connection->reader.reason == HTTP_REASON_BODY_SIZE)
				fail(connection, UPSTREAM_TOO_LARGE,
					"the answer is larger than the configured maximum");
			else
				fail(connection, UPSTREAM_BROKEN,
					http_reason_text(connection->reader.reason));
			return false;
		}
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct connection *connection = handle->data;

	(void)suggested;
	*buf = uv_buf_init(connection->upstream->input, READ_SIZE);
}

/* A server that writes head and body apart, and has not switched Nagle's algorithm off (RFC 896;
 * that of Python is one), sends the body only when the head is acknowledged; the kernel would take
 * 40 ms for that.  What is due goes out at once. */
static void acknowledge(struct connection *connection)
{
	uv_os_fd_t fd;
	int on = 1;

	if (uv_fileno((uv_handle_t *)&connection->socket, &fd) == 0)
		setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
	struct connection *connection = stream->data;

	if (size == 0)
		return;
	if (connection->call == NULL) {
		close_connection(connection); /* it spoke or ended without being asked */
		return;
	}
	if (size > 0) {
		connection->target->traffic.bytes_in += size;
		if (!connection->answering && connection->call->first_byte != NULL)
			connection->call->first_byte(connection->call);
		connection->answering = true;
		take(connection, (struct span){buf->base, (size_t)size});
		if (connection->call != NULL && connection->answering)
			acknowledge(connection); /* the rest is still to come */
		return;
	}
	if (http_reader_started(&connection->reader) &&
		http_reader_end(&connection->reader) == HTTP_EVENT_DONE)
		answered(connection, true);
	else
		fail(connection, UPSTREAM_LOST,
			"the connection was closed before the answer was whole");
}

static void on_written(uv_write_t *write, int status)
{
	struct connection *connection = write->data;

	connection->writing = false;
	buffer_release(&connection->request);
	if (status < 0 && status != UV_ECANCELED && !connection->closing)
		fail(connection, UPSTREAM_LOST, "the request could not be sent");
}

static void on_send_failed(uv_timer_t *timer)
{
	fail(timer->data, UPSTREAM_LOST, "the request could not be sent");
}

static void send_request(struct connection *connection)
{
	struct upstream_call *call = connection->call;
	uv_buf_t buf;
	int sent;

	http_reader_answers(&connection->reader, call->method);
	connection->request = call->request;
	connection->target->traffic.bytes_out += (int64_t)call->request.size;
	buffer_init(&call->request, 0);
	buf = uv_buf_init(connection->request.bytes, (unsigned)connection->request.size);
	sent = uv_try_write((uv_stream_t *)&connection->socket, &buf, 1);
	if (sent == (int)connection->request.size) {
		buffer_release(&connection->request);
		return;
	}
	if (sent < 0 && sent != UV_EAGAIN) {
		/* Not from inside: the starter of the call is still on the stack. */
		buffer_release(&connection->request);
		uv_timer_start(&connection->timer, on_send_failed, 0, 0);
		return;
	}
	if (sent > 0)
		buf = uv_buf_init(
			buf.base + sent, (unsigned)(connection->request.size - (size_t)sent));
	connection->writing = true;
	connection->write.data = connection;
	uv_write(&connection->write, (uv_stream_t *)&connection->socket, &buf, 1, on_written);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct connection *connection = connect->data;

	if (connection->closing)
		return;
	if (status < 0) {
		connection->target->traffic.failures++;
		fail(connection, UPSTREAM_REFUSED, uv_strerror(status));
		return;
	}
	connection->connected = true;
	connection->target->traffic.connects++;
	connection->target->traffic.connect_ns += (int64_t)(uv_hrtime() - connection->begun_ns);
	uv_tcp_nodelay(&connection->socket, 1);
	uv_read_start((uv_stream_t *)&connection->socket, on_alloc, on_read);
	if (connection->call->request.size > 0) {
		send_request(connection);
		return;
	}
	finish(connection, UPSTREAM_ANSWERED, NULL);
	close_connection(connection);
}

static struct connection *connect_target(struct upstream *upstream, struct upstream_target *target)
{
	struct connection *connection = calloc(1, sizeof *connection);

	if (connection == NULL)
		return NULL;
	connection->upstream = upstream;
	connection->target = target;
	target->users++;
	uv_tcp_init(upstream->loop, &connection->socket);
	uv_timer_init(upstream->loop, &connection->timer);
	connection->open_handles = 2;
	connection->socket.data = connection;
	connection->timer.data = connection;
	connection->connect.data = connection;
	connection->limits = http_limits_default;
	list_append(&upstream->connections, &connection->node);
	return connection;
}

static void on_later(uv_timer_t *timer)
{
	struct upstream *upstream = timer->data;
	struct list_node *node;

	while ((node = list_pop(&upstream->failing)) != NULL) {
		struct upstream_call *call = container_of(node, struct upstream_call, node);

		call->done(call, UPSTREAM_REFUSED);
	}
}

/* The call fails, but not before its starter has returned. */
static void fail_later(struct upstream *upstream, struct upstream_call *call, const char *error)
{
	buffer_release(&call->request);
	call->error = error;
	list_append(&upstream->failing, &call->node);
	uv_timer_start(&upstream->later, on_later, 0, 0);
}

static void begin(struct connection *connection, struct upstream_call *call)
{
	connection->call = call;
	connection->answering = false;
	call->connection = connection;
	connection->limits.body_size_max = call->answer_size_max;
	http_reader_release(&connection->reader);
	http_reader_init(&connection->reader, HTTP_ROLE_RESPONSE, &connection->limits);
	uv_timer_stop(&connection->timer);
	if (call->timeout_ms > 0)
		uv_timer_start(&connection->timer, on_call_timeout, call->timeout_ms, 0);
}

void upstream_start(struct upstream *upstream, struct upstream_call *call)
{
	struct list_node *idle = call->request.size == 0 ? NULL : list_pop(&call->target->idle);
	struct connection *connection;
	int rc;

	buffer_init(&call->answer, call->answer_size_max);
	call->connection = NULL;
	if (idle != NULL) {
		connection = container_of(idle, struct connection, idle_node);
		call->target->traffic.saved++;
		begin(connection, call);
		send_request(connection);
		return;
	}
	connection = connect_target(upstream, call->target);
	if (connection == NULL) {
		fail_later(upstream, call, "no memory for a connection");
		return;
	}
	begin(connection, call);
	connection->begun_ns = uv_hrtime();
	rc = uv_tcp_connect(&connection->connect, &connection->socket,
		(const struct sockaddr *)&call->target->address, on_connected);
	if (rc == 0)
		return;
	call->target->traffic.failures++;
	connection->call = NULL;
	call->connection = NULL;
	close_connection(connection);
	fail_later(upstream, call, uv_strerror(rc));
}

void upstream_cancel(struct upstream *upstream, struct upstream_call *call)
{
	struct connection *connection = call->connection;

	if (connection != NULL) {
		connection->call = NULL;
		call->connection = NULL;
		close_connection(connection);
	} else if (list_holds(&call->node)) {
		list_remove(&upstream->failing, &call->node);
	}
	buffer_release(&call->request);
	buffer_release(&call->answer);
}

/* ---- targets ---- */

struct upstream_target *upstream_target_new(struct upstream *upstream, const char *host,
	uint16_t port, char *message, size_t message_size)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	struct upstream_target *target;
	char service[8];
	int rc;

	snprintf(service, sizeof service, "%u", port);
	rc = getaddrinfo(host, service, &hints, &found);
	if (rc != 0) {
		snprintf(message, message_size, "cannot resolve %s: %s", host, gai_strerror(rc));
		return NULL;
	}
	target = calloc(1, sizeof *target);
	if (target == NULL) {
		freeaddrinfo(found);
		snprintf(message, message_size, "no memory for %s", host);
		return NULL;
	}
	target->upstream = upstream;
	memcpy(&target->address, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	snprintf(target->host, sizeof target->host, strchr(host, ':') == NULL ? "%s:%u" : "[%s]:%u",
		host, port);
	return target;
}

void upstream_target_free(struct upstream_target *target)
{
	if (target == NULL)
		return;
	target->freed = true;
	while (target->idle.first != NULL)
		close_connection(container_of(target->idle.first, struct connection, idle_node));
	target_release(target);
}

struct span upstream_target_host(const struct upstream_target *target)
{
	return span_of(target->host);
}

void upstream_target_traffic(struct upstream_target *target, struct upstream_traffic *traffic)
{
	*traffic = target->traffic;
	target->traffic = (struct upstream_traffic){.connects = 0};
}

/* ---- life ---- */

struct upstream *upstream_open(uv_loop_t *loop)
{
	struct upstream *upstream = calloc(1, sizeof *upstream);

	if (upstream == NULL)
		return NULL;
	upstream->loop = loop;
	uv_timer_init(loop, &upstream->later);
	upstream->later.data = upstream;
	return upstream;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void upstream_close(struct upstream *upstream)
{
	if (upstream == NULL)
		return;
	upstream->closing = true;
	while (upstream->connections.first != NULL) {
		struct connection *connection =
			container_of(upstream->connections.first, struct connection, node);

		connection->call = NULL;
		close_connection(connection);
	}
	uv_close((uv_handle_t *)&upstream->later, on_closed);
}

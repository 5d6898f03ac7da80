/* SPDX-License-Identifier: Apache-2.0 */
/* One request at a time: it is read whole, handled, answered; then comes the next one.  Bytes that
 * come while a request waits for its answer are kept in `ahead`, and are looked at from the loop,
 * never from inside an answer: an answer may be given while effects are being performed, and a
 * handler must not run then.
 *
 * While a request waits the socket is still read, to notice a client that leaves.  Time limits are
 * instants in the connection, looked at a few times a second: no timer per request.  A body must
 * keep up with a rate and not only make progress, or one byte in nine seconds would hold a
 * connection for days. */
#include "daemon/conn.h"

#include "base/assert.h"
#include "base/units.h"
#include "daemon/router.h"
#include "wire/httpwrite.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int64_t now_of(const struct conn *conn)
{
	return clock_core_ns(engine_clock(conn->server->options.engine));
}

static void on_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;

	http_reader_release(&conn->reader);
	buffer_release(&conn->body);
	buffer_release(&conn->ahead);
	buffer_release(&conn->out);
	buffer_release(&conn->going);
	server_handle_closed(conn->server);
	free(conn);
}

void conn_close(struct conn *conn)
{
	bool busy = conn->state == CONN_HANDLING || conn->state == CONN_STREAMING;

	if (conn->state == CONN_CLOSING)
		return;
	conn->state = CONN_CLOSING;
	conn->server->busy_count -= busy;
	if (conn->request.parked) {
		conn->request.parked = false;
		conn->request.abandoned(&conn->request);
	}
	list_remove(&conn->server->conns, &conn->node);
	if (list_holds(&conn->ready_node))
		list_remove(&conn->server->ready, &conn->ready_node);
	uv_close(&conn->socket.handle, on_closed);
}

/* ---- writing ---- */

static void flush(struct conn *conn);

/* Has the loop go on with what was kept for later, if it may. */
static void go_on_later(struct conn *conn)
{
	if (conn->state == CONN_READING && !conn->close_after && !conn->writing &&
		(conn->ahead.size > 0 || conn->paused))
		server_ready(conn->server, conn);
}

static void on_written(uv_write_t *write, int status)
{
	struct conn *conn = write->data;

	conn->writing = false;
	buffer_clear(&conn->going);
	if (conn->state == CONN_CLOSING)
		return;
	if (status < 0) {
		conn_close(conn);
		return;
	}
	flush(conn);
	go_on_later(conn);
}

/* What the kernel does not take at once, libuv writes in the background. */
static void write_rest(struct conn *conn)
{
	struct buffer swap = conn->going;
	uv_buf_t buf;

	conn->going = conn->out;
	conn->out = swap;
	buf = uv_buf_init(conn->going.bytes, (unsigned)conn->going.size);
	conn->writing = true;
	conn->write.data = conn;
	conn->unsent = conn->going.size;
	conn->write_deadline_ns = now_of(conn) + CONN_WRITE_NS;
	if (uv_write(&conn->write, &conn->socket.stream, &buf, 1, on_written) == 0)
		return;
	conn->writing = false;
	conn_close(conn);
}

/* Everything is written.  A client that is still sending would lose our last words to a reset, so
 * it gets a while to read them. */
static void end(struct conn *conn)
{
	uv_os_fd_t fd;

	if (!conn->linger || uv_fileno(&conn->socket.handle, &fd) != 0 ||
		shutdown(fd, SHUT_WR) != 0) {
		conn_close(conn);
		return;
	}
	conn->state = CONN_LINGERING;
	conn->deadline_ns = now_of(conn) + CONN_LINGER_NS;
}

static void flush(struct conn *conn)
{
	uv_buf_t buf;
	int sent;

	if (conn->writing || conn->state == CONN_CLOSING || conn->state == CONN_LINGERING)
		return;
	if (conn->out.size > 0) {
		buf = uv_buf_init(conn->out.bytes, (unsigned)conn->out.size);
		sent = uv_try_write(&conn->socket.stream, &buf, 1);
		if (sent < 0 && sent != UV_EAGAIN) {
			conn_close(conn);
			return;
		}
		if (sent > 0)
			buffer_consume(&conn->out, (size_t)sent);
	}
	if (conn->out.size > 0)
		write_rest(conn);
	else if (conn->close_after && conn->state == CONN_READING)
		end(conn);
	else if (conn->out.capacity > CONN_KEEP_OUT_MAX)
		buffer_release(&conn->out);
}

/* The answer is in `out`: the connection goes on with the next request, or ends. */
static void answered(struct conn *conn)
{
	bal_assert(conn->state == CONN_HANDLING);
	conn->request.parked = false;
	conn->resume_due = false;
	conn->state = CONN_READING;
	conn->server->busy_count--;
	buffer_clear(&conn->body);
	if (conn->body.capacity > CONN_KEEP_OUT_MAX)
		buffer_release(&conn->body);
	if (conn->out.failed) {
		conn_close(conn);
		return;
	}
	if (!conn->reader.head.keep_alive || conn->server->stopping)
		conn->close_after = true;
	if (!conn->close_after)
		http_reader_restart(&conn->reader);
	conn->idle = true;
	conn->read_checked = false;
	conn->deadline_ns = now_of(conn) + CONN_WRITE_NS;
	if (conn->taking)
		return;
	flush(conn);
	go_on_later(conn);
}

/* ---- reading ---- */

/* The message breaks HTTP's rules or its limits: say so and close. */
static void refuse(struct conn *conn, enum http_reason reason)
{
	http_put_refusal(&conn->out, reason);
	conn->close_after = true;
	conn->linger = true;
	conn->deadline_ns = now_of(conn) + CONN_WRITE_NS;
}

static void answer_denial(struct request *request)
{
	const struct denial *denial = &request->denial;

	if (denial->status == 204)
		request_answer(request, 204, NULL, SPAN(""), denial->extra);
	else
		request_deny(request, denial);
}

static void begin_handling(struct conn *conn)
{
	conn->state = CONN_HANDLING;
	conn->deadline_ns = TIME_NEVER_NS;
	conn->server->busy_count++;
	conn->server->requests_count++;
}

/* The request is whole. */
static void handle(struct conn *conn)
{
	struct request *request = &conn->request;

	if (conn->body.size > 0)
		request->body = buffer_span(&conn->body);
	begin_handling(conn);
	if (request->denial.type != NULL)
		answer_denial(request);
	else if (conn->server->stopping && request->route->role != ROUTE_ROLE_NONE &&
		 request->route->method != HTTP_METHOD_GET)
		request_problem_more(request, 503, "stopping", NS_PER_S, NULL,
			(struct span){NULL, 0}, "ballast is stopping; try again in a moment");
	else
		request->route->handle(request);
}

/* False: the request was answered already, and the connection ends. */
static bool on_head(struct conn *conn)
{
	const struct http_head *head = &conn->reader.head;
	struct request *request = &conn->request;

	*request = (struct request){.conn = conn,
		.server = conn->server,
		.engine = conn->server->options.engine,
		.head = &conn->reader,
		.until_ns = TIME_NEVER_NS};
	conn->idle = false;
	conn->body_started_ns = now_of(conn);
	conn->deadline_ns = conn->body_started_ns + CONN_BODY_NS;
	router_admit(request);
	if (!head->chunked && head->content_length <= 0)
		return true;
	if (request->denial.type != NULL) {
		begin_handling(conn);
		conn->close_after = true;
		conn->linger = true;
		answer_denial(request);
		return false;
	}
	if (head->expect_continue)
		http_put_continue(&conn->out);
	return true;
}

/* A body that came in one piece is used where it lies. */
static bool on_body(struct conn *conn, struct span piece)
{
	struct request *request = &conn->request;

	if (conn->body.size == 0 && conn->reader.head.content_length == (int64_t)piece.size) {
		request->body = piece;
		return true;
	}
	if (conn->body.size + piece.size > router_body_max(request) ||
		!buffer_append_span(&conn->body, piece)) {
		refuse(conn, HTTP_REASON_BODY_SIZE);
		return false;
	}
	conn->deadline_ns = conn->body_started_ns + CONN_BODY_NS +
			    (int64_t)conn->body.size * (NS_PER_S / CONN_BODY_RATE);
	return true;
}

/* Takes in one event; false when nothing more is to be read now. */
static bool take_event(struct conn *conn, struct span *input)
{
	struct span piece;

	switch (http_reader_next(&conn->reader, input, &piece)) {
	case HTTP_EVENT_HEAD:
		return on_head(conn);
	case HTTP_EVENT_BODY:
		return on_body(conn, piece);
	case HTTP_EVENT_DONE:
		handle(conn);
		return true;
	case HTTP_EVENT_REFUSED:
		refuse(conn, conn->reader.reason);
		return false;
	default:
		if (conn->idle && http_reader_started(&conn->reader)) {
			conn->idle = false;
			conn->deadline_ns = now_of(conn) + CONN_HEAD_NS;
		}
		return false;
	}
}

/* Keeps bytes for later; more than that is left to the kernel. */
static void keep(struct conn *conn, struct span input)
{
	if (!buffer_append_span(&conn->ahead, input)) {
		conn_close(conn);
		return;
	}
	if (conn->ahead.size >= CONN_AHEAD_MAX) {
		conn->paused = true;
		uv_read_stop(&conn->socket.stream);
	}
}

/* Takes in bytes as far as it may go now; the rest is kept.  A client that asks and does not read
 * the answers is not listened to until it does. */
static void take(struct conn *conn, struct span input)
{
	while (conn->state == CONN_READING && !conn->close_after && !conn->writing) {
		conn->taking = true;
		if (!take_event(conn, &input))
			break;
		conn->taking = false;
		if (conn->out.size >= CONN_OUT_MAX)
			flush(conn);
	}
	conn->taking = false;
	if (input.size > 0 && !conn->close_after &&
		(conn->state == CONN_HANDLING || conn->state == CONN_READING))
		keep(conn, input);
	flush(conn);
	go_on_later(conn);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct conn *conn = handle->data;

	(void)suggested;
	*buf = uv_buf_init(conn->server->input, CONN_READ_SIZE);
}

/* The client has ended its side.  Answers that are under way still go out, unless the client was
 * told that it might have to wait: then it has left. */
static void on_end(struct conn *conn)
{
	if (conn->state == CONN_HANDLING && !conn->request.lasting) {
		conn->close_after = true;
		return;
	}
	if (conn->state == CONN_READING && !conn->idle && !conn->close_after &&
		http_reader_end(&conn->reader) == HTTP_EVENT_REFUSED) {
		refuse(conn, conn->reader.reason);
		conn->linger = false;
		flush(conn);
		return;
	}
	if (conn->state == CONN_READING && conn->writing)
		conn->close_after = true;
	else
		conn_close(conn);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
	struct conn *conn = stream->data;
	struct span input = {buf->base, size > 0 ? (size_t)size : 0};

	if (size == 0 || conn->state == CONN_CLOSING)
		return;
	if (size == UV_EOF) {
		on_end(conn);
		return;
	}
	if (size < 0) {
		conn_close(conn);
		return;
	}
	if (conn->close_after || conn->state == CONN_STREAMING || conn->state == CONN_LINGERING)
		return; /* nobody will look at this */
	if (conn->state == CONN_READING && conn->ahead.size == 0 && !conn->writing) {
		take(conn, input);
		return;
	}
	keep(conn, input);
}

void conn_resume(struct conn *conn)
{
	struct buffer ahead = conn->ahead;

	if (conn->resume_due) {
		conn->resume_due = false;
		conn->request.resumed(&conn->request);
		return;
	}
	if (conn->state != CONN_READING || conn->close_after || conn->writing) {
		flush(conn);
		return;
	}
	if (conn->paused) {
		conn->paused = false;
		uv_read_start(&conn->socket.stream, on_alloc, on_read);
	}
	if (ahead.size == 0)
		return;
	buffer_init(&conn->ahead, CONN_AHEAD_MAX + CONN_READ_SIZE);
	take(conn, buffer_span(&ahead));
	buffer_release(&ahead);
}

/* ---- time ---- */

static bool write_stands_still(struct conn *conn, int64_t now_ns)
{
	size_t unsent = uv_stream_get_write_queue_size(&conn->socket.stream);

	if (unsent < conn->unsent) {
		conn->unsent = unsent;
		conn->write_deadline_ns = now_ns + CONN_WRITE_NS;
	}
	return now_ns >= conn->write_deadline_ns;
}

/* A connection has been idle for a while: one whose client has not even taken what the kernel
 * holds for it is closed, any other may stay for longer. */
static bool stays_idle(struct conn *conn)
{
	uv_os_fd_t fd;
	int unread = 0;

	if (!conn->idle || conn->read_checked || conn->state != CONN_READING ||
		uv_fileno(&conn->socket.handle, &fd) != 0 || ioctl(fd, SIOCOUTQ, &unread) != 0 ||
		unread > 0)
		return false;
	conn->read_checked = true;
	conn->deadline_ns += CONN_IDLE_NS - CONN_WRITE_NS;
	return true;
}

void conn_check(struct conn *conn, int64_t now_ns)
{
	struct request *request = &conn->request;

	if (conn->writing && write_stands_still(conn, now_ns))
		conn_close(conn);
	else if (conn->state == CONN_HANDLING && request->parked && now_ns >= request->until_ns)
		request->expired(request);
	else if (now_ns >= conn->deadline_ns && !conn->writing && !stays_idle(conn))
		conn_close(conn);
}

void conn_stop(struct conn *conn)
{
	if (conn->state == CONN_STREAMING || (conn->state == CONN_READING && conn->idle &&
						     !conn->writing && conn->ahead.size == 0))
		conn_close(conn);
	else if (conn->state == CONN_HANDLING && conn->request.parked && conn->request.ends_at_stop)
		conn->request.expired(&conn->request);
}

/* ---- accepting ---- */

/* Room for one more: of those that read, the one nearest to its time limit goes. */
static void make_room(struct server *server)
{
	struct conn *oldest = NULL;
	struct list_node *node;

	for (node = server->conns.first; node != NULL; node = list_next(node)) {
		struct conn *conn = container_of(node, struct conn, node);

		if (conn->state == CONN_READING &&
			(oldest == NULL || conn->deadline_ns < oldest->deadline_ns))
			oldest = conn;
	}
	if (oldest != NULL)
		conn_close(oldest);
}

void conn_accept(struct server *server)
{
	struct conn *conn = calloc(1, sizeof *conn);
	struct http_limits limits = http_limits_default;
	uint64_t body_max = (uint64_t)engine_config(server->options.engine)->queue.payload_bytes +
			    REQUEST_BODY_SMALL_MAX;

	if (conn == NULL)
		return;
	if (server->conns.count >= CONN_MAX)
		make_room(server);
	conn->server = server;
	if (server->is_pipe)
		uv_pipe_init(server->loop, &conn->socket.pipe, 0);
	else
		uv_tcp_init(server->loop, &conn->socket.tcp);
	conn->socket.handle.data = conn;
	server->handles_open++;
	if (body_max > limits.body_size_max)
		limits.body_size_max = body_max;
	http_reader_init(&conn->reader, HTTP_ROLE_REQUEST, &limits);
	buffer_init(&conn->body, limits.body_size_max);
	buffer_init(&conn->ahead, CONN_AHEAD_MAX + CONN_READ_SIZE);
	buffer_init(&conn->out, REQUEST_ANSWER_MAX);
	buffer_init(&conn->going, REQUEST_ANSWER_MAX);
	list_append(&server->conns, &conn->node);
	conn->deadline_ns = now_of(conn) + CONN_HEAD_NS;
	if (uv_accept(&server->listener.stream, &conn->socket.stream) < 0 ||
		server->conns.count > CONN_MAX) {
		conn_close(conn);
		return;
	}
	if (!server->is_pipe)
		uv_tcp_nodelay(&conn->socket.tcp, 1);
	uv_read_start(&conn->socket.stream, on_alloc, on_read);
}

/* ---- what handlers use, as far as it is about the connection ---- */

/* The Date field, made once a second. */
static struct span date_of(struct server *server)
{
	int64_t now_s = clock_utc_ns() / NS_PER_S;

	if (now_s != server->date_s) {
		struct buffer text;

		server->date_s = now_s;
		buffer_init_fixed(&text, server->date_text, sizeof server->date_text - 1);
		http_put_date(&text, now_s);
		server->date_text[text.size] = '\0';
	}
	return span_of(server->date_text);
}

void request_answer(struct request *request, unsigned status, const char *type, struct span body,
	const char *extra)
{
	struct conn *conn = request->conn;
	struct buffer *out = &conn->out;
	bool head_only = conn->reader.head.method == HTTP_METHOD_HEAD;

	http_put_status(out, status);
	buffer_append_span(out, date_of(conn->server));
	if (type != NULL)
		http_put_known(out, HTTP_FIELD_CONTENT_TYPE, span_of(type));
	buffer_append_text(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	if (extra != NULL)
		buffer_append_text(out, extra);
	if (!conn->reader.head.keep_alive || conn->server->stopping || conn->close_after)
		http_put_close(out);
	if (status != 204)
		http_put_length(out, body.size);
	http_put_end(out);
	if (!head_only && status != 204)
		buffer_append_span(out, body);
	answered(conn);
}

void request_park(struct request *request, int64_t until_ns)
{
	request->parked = true;
	request->until_ns = until_ns;
}

void request_resume(struct request *request)
{
	request->conn->resume_due = true;
	server_ready(request->conn->server, request->conn);
}

void request_stream_begin(struct request *request, const char *type)
{
	struct conn *conn = request->conn;

	http_put_status(&conn->out, 200);
	buffer_append_span(&conn->out, date_of(conn->server));
	http_put_known(&conn->out, HTTP_FIELD_CONTENT_TYPE, span_of(type));
	buffer_append_text(
		&conn->out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	http_put_close(&conn->out);
	http_put_end(&conn->out);
	conn->state = CONN_STREAMING;
	conn->close_after = true;
	server_ready(conn->server, conn);
}

bool request_stream_add(struct request *request, struct span bytes)
{
	struct conn *conn = request->conn;

	if (conn->state != CONN_STREAMING)
		return false;
	if (conn->out.size + conn->going.size + bytes.size > CONN_STREAM_MAX ||
		!buffer_append_span(&conn->out, bytes)) {
		conn_close(conn);
		return false;
	}
	server_ready(conn->server, conn);
	return true;
}

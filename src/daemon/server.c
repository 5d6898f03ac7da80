/* SPDX-License-Identifier: Apache-2.0 */
/* One listener, one timer that looks at all connections a few times a second while there are any,
 * and one idle handle that goes on with connections that are ready for more; both stand still when
 * there is nothing to do, so that an idle daemon sleeps.
 *
 * Out of descriptors: libuv keeps a spare one per loop, which it gives up to accept and close the
 * clients that wait, so that the loop does not spin on a listener it cannot serve. */
#include "daemon/server.h"

#include "base/units.h"
#include "daemon/conn.h"
#include "daemon/events.h"
#include "daemon/guard.h"
#include "daemon/listen.h"
#include "daemon/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define TICK_MS         250
#define DESCRIPTORS_MAX 16384

static int64_t now_of(const struct server *server)
{
	return clock_core_ns(engine_clock(server->options.engine));
}

/* Calls `each` for every connection; it may close the one it is given. */
static void for_each(
	struct server *server, void (*each)(struct conn *conn, int64_t now_ns), int64_t now_ns)
{
	struct list_node *node = server->conns.first;

	while (node != NULL) {
		struct conn *conn = container_of(node, struct conn, node);

		node = list_next(node);
		each(conn, now_ns);
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct server *server = timer->data;
	int64_t now_ns = now_of(server);

	for_each(server, conn_check, now_ns);
	events_tick(server->events, now_ns);
	if (server->conns.count == 0)
		uv_timer_stop(timer);
}

static void on_idle(uv_idle_t *idle)
{
	struct server *server = idle->data;
	uint32_t count = server->ready.count; /* those that come meanwhile have the next turn */
	struct list_node *node;

	while (count-- > 0 && (node = list_pop(&server->ready)) != NULL)
		conn_resume(container_of(node, struct conn, ready_node));
	if (server->ready.count == 0)
		uv_idle_stop(idle);
}

void server_ready(struct server *server, struct conn *conn)
{
	if (!list_holds(&conn->ready_node))
		list_append(&server->ready, &conn->ready_node);
	if (!uv_is_active((uv_handle_t *)&server->idle))
		uv_idle_start(&server->idle, on_idle);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct server *server = listener->data;

	if (status < 0)
		return;
	conn_accept(server);
	if (!uv_is_active((uv_handle_t *)&server->timer))
		uv_timer_start(&server->timer, on_tick, TICK_MS, TICK_MS);
}

/* ---- life ---- */

/* A load balancer has more than 1024 descriptors in use; what it starts gets its own limit. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_MAX)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void server_handle_closed(struct server *server)
{
	if (--server->handles_open == 0)
		free(server);
}

static void on_closed(uv_handle_t *handle)
{
	server_handle_closed(handle->data);
}

static void init_handles(struct server *server)
{
	if (server->is_pipe)
		uv_pipe_init(server->loop, &server->listener.pipe, 0);
	else
		uv_tcp_init(server->loop, &server->listener.tcp);
	uv_timer_init(server->loop, &server->timer);
	uv_idle_init(server->loop, &server->idle);
	server->handles_open = 3;
	server->listener.handle.data = server;
	server->timer.data = server;
	server->idle.data = server;
}

/* Hands the listening socket to libuv. */
static int begin_listening(struct server *server, struct listen_socket *from)
{
	int rc = server->is_pipe ? uv_pipe_open(&server->listener.pipe, from->fd)
				 : uv_tcp_open(&server->listener.tcp, from->fd);

	if (rc == 0) {
		from->fd = -1;
		rc = uv_listen(&server->listener.stream, SOMAXCONN, on_connection);
	}
	return rc;
}

static bool open_parts(struct server *server)
{
	server->events = events_open(server->options.engine);
	server->metrics = metrics_open(server->options.engine);
	return server->events != NULL && server->metrics != NULL;
}

struct server *server_open(const struct server_options *options, char *message, size_t message_size)
{
	const struct config *config = engine_config(options->engine);
	struct listen_socket from;
	struct guard *guard;
	struct server *server;
	int rc;

	raise_descriptors();
	guard = guard_open(options->engine, message, message_size);
	if (guard == NULL)
		return NULL;
	if (!listen_open(&from, config->listen, guard_has_tokens(guard), message, message_size)) {
		guard_close(guard);
		return NULL;
	}
	server = calloc(1, sizeof *server);
	if (server == NULL) {
		snprintf(message, message_size, "there is no memory for the server");
		guard_close(guard);
		listen_remove(&from);
		return NULL;
	}
	server->guard = guard;
	server->options = *options;
	server->loop = engine_loop(options->engine);
	server->is_pipe = from.is_unix;
	server->is_public = from.is_public;
	server->port = from.port;
	memcpy(server->path, from.path, sizeof server->path);
	memcpy(server->host_text, from.host, sizeof server->host_text);
	server->host = span_of(server->host_text);
	init_handles(server);
	rc = open_parts(server) ? begin_listening(server, &from) : UV_ENOMEM;
	if (rc == 0)
		return server;
	snprintf(message, message_size, "cannot listen on %s: %s", config->listen, uv_strerror(rc));
	if (from.fd >= 0)
		close(from.fd);
	server_close(server);
	return NULL;
}

static void stop_one(struct conn *conn, int64_t now_ns)
{
	(void)now_ns;
	conn_stop(conn);
}

void server_stop(struct server *server)
{
	if (server->stopping)
		return;
	server->stopping = true;
	for_each(server, stop_one, 0);
}

bool server_idle(const struct server *server)
{
	for (struct list_node *node = server->conns.first; node != NULL; node = list_next(node))
		if (container_of(node, struct conn, node)->writing)
			return false;
	return server->busy_count == 0;
}

/* The last chance for those that wait: they are told where to ask again. */
static void close_one(struct conn *conn, int64_t now_ns)
{
	(void)now_ns;
	if (conn->state == CONN_HANDLING && conn->request.parked)
		conn->request.expired(&conn->request);
	conn_close(conn);
}

void server_close(struct server *server)
{
	if (server == NULL)
		return;
	server->stopping = true;
	for_each(server, close_one, 0);
	events_close(server->events);
	metrics_close(server->metrics);
	guard_close(server->guard);
	if (server->path[0] != '\0')
		unlink(server->path);
	uv_close(&server->listener.handle, on_closed);
	uv_close((uv_handle_t *)&server->timer, on_closed);
	uv_close((uv_handle_t *)&server->idle, on_closed);
}

uint16_t server_port(const struct server *server)
{
	return server->port;
}

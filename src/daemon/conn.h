/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_CONN_H
#define BAL_DAEMON_CONN_H

#include "daemon/request.h"

/* Connections of clients; the server's own part, not for handlers. */
#define CONN_MAX          8192
#define CONN_HEAD_NS      (10 * INT64_C(1000000000)) /* from the first byte to the whole head */
#define CONN_BODY_NS      (10 * INT64_C(1000000000)) /* for the body, and the time below */
#define CONN_BODY_RATE    4096                       /* bytes per second it must keep up with */
#define CONN_IDLE_NS      (75 * INT64_C(1000000000)) /* between requests */
#define CONN_WRITE_NS     (10 * INT64_C(1000000000)) /* without progress of the answer */
#define CONN_LINGER_NS    (2 * INT64_C(1000000000))  /* for a client to read our last words */
#define CONN_AHEAD_MAX    65536                      /* bytes read ahead of an answer */
#define CONN_OUT_MAX      65536                      /* unsent answers that stop the reading */
#define CONN_STREAM_MAX   (4u << 20)                 /* unsent bytes of an event stream */
#define CONN_READ_SIZE    65536
#define CONN_KEEP_OUT_MAX 16384 /* memory an idle connection keeps for its next answer */

enum conn_state {
	CONN_READING,   /* a request comes in, or nothing at all */
	CONN_HANDLING,  /* a request waits for its answer */
	CONN_STREAMING, /* the answer has no end */
	CONN_LINGERING, /* all is said; waits for the client to close */
	CONN_CLOSING
};

struct conn {
	struct list_node node;
	struct list_node ready_node; /* in server->ready: conn_resume is due */
	struct server *server;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} socket;
	uv_write_t write;
	enum conn_state state;
	bool taking;       /* inside take(): answers go out at its end */
	bool idle;         /* between requests: no byte of the next one has come */
	bool read_checked; /* while idle: the client has taken all that it was sent */
	bool paused;       /* not read from: too much waits already */
	bool resume_due;   /* request.resumed is */
	bool writing;      /* `going` is in libuv's hands */
	bool close_after;  /* when everything has been written */
	bool linger;       /* and the client may still be sending */
	int64_t deadline_ns;
	int64_t write_deadline_ns;
	int64_t body_started_ns;
	size_t unsent; /* in libuv's hands, when last looked at */
	struct http_reader reader;
	struct buffer body;
	struct buffer ahead; /* bytes behind the present request */
	struct buffer out;   /* not yet given to the kernel */
	struct buffer going; /* being written */
	struct request request;
};

struct events;
struct guard;
struct metrics;

struct server {
	struct server_options options;
	uv_loop_t *loop;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} listener;
	bool is_pipe;
	bool is_public;
	struct guard *guard;
	bool stopping;
	char path[108]; /* of a unix socket; "" */
	uint16_t port;
	struct span host; /* as configured; in host_text */
	char host_text[256];
	struct list conns;
	struct list ready;
	uint32_t busy_count; /* requests between head and answer */
	uv_timer_t timer;
	uv_idle_t idle;
	struct events *events;
	struct metrics *metrics;
	uint64_t requests_count;
	uint32_t handles_open;
	int64_t date_s; /* for which date_text was made */
	char date_text[64];
	char input[CONN_READ_SIZE];
};

/* Accepts a client. */
void conn_accept(struct server *server);

/* Goes on with a connection that was in the list of ready ones: bytes to write, a further request
 * to read, a handler to resume. */
void conn_resume(struct conn *conn);

/* Closes what has stood still for too long, answers what waited long enough. */
void conn_check(struct conn *conn, int64_t now_ns);

/* The server stops: an idle connection closes, a poll ends. */
void conn_stop(struct conn *conn);

/* Closes it; a parked request is abandoned. */
void conn_close(struct conn *conn);

/* In server.c: has conn_resume called from the loop. */
void server_ready(struct server *server, struct conn *conn);

/* In server.c: the last handle of the server or of a connection is closed. */
void server_handle_closed(struct server *server);

#endif

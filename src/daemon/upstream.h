/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_UPSTREAM_H
#define BAL_DAEMON_UPSTREAM_H

#include "base/list.h"
#include "wire/buffer.h"
#include "wire/httpread.h"

#include <uv.h>

/*
 * The one HTTP/1.1 client of the daemon: calls to agents and probes.  Connections are kept open per
 * target and used again; an idle one that the other side closes is noticed at once.  Nothing is
 * retried here: whether a lost call may be repeated is for the core.
 */
struct upstream;

/* Somewhere to call: an address that was resolved once. */
struct upstream_target;

/* A client on this loop; NULL when there is no memory. */
struct upstream *upstream_open(uv_loop_t *loop);

/* Ends all calls (no `done` is called) and closes all connections.  The loop must run once more for
 * the memory to be freed. */
void upstream_close(struct upstream *upstream);

/* Resolves host and port (a numeric address, or a name: then this waits for the resolver, so only
 * at configuration).  NULL with a sentence. */
struct upstream_target *upstream_target_new(struct upstream *upstream, const char *host,
	uint16_t port, char *message, size_t message_size);

/* No new calls; the memory is freed when the last call has ended. */
void upstream_target_free(struct upstream_target *target);

/* The authority for a Host field. */
struct span upstream_target_host(const struct upstream_target *target);

/* What went to and from a target. */
struct upstream_traffic {
	int64_t connects;   /* connections that were opened */
	int64_t saved;      /* requests on one that was open */
	int64_t failures;   /* connections that could not be opened */
	int64_t connect_ns; /* time that opening them took, together */
	int64_t bytes_in;
	int64_t bytes_out;
};

/* Since the last time it was asked. */
void upstream_target_traffic(struct upstream_target *target, struct upstream_traffic *traffic);

enum upstream_end {
	UPSTREAM_ANSWERED, /* status, head and body are whole */
	UPSTREAM_REFUSED,  /* no connection */
	UPSTREAM_LOST,     /* the connection ended before the answer did */
	UPSTREAM_BROKEN,   /* the answer breaks HTTP's rules, or ours */
	UPSTREAM_TOO_LARGE,
	UPSTREAM_TIMEOUT
};

/* One call; part of the caller's own structure.  The caller fills in the first part, and keeps it
 * until `done`. */
struct upstream_call {
	struct list_node node;
	struct upstream_target *target;
	enum http_method method;
	/* The whole message, made with wire/httpwrite.h; released here.  Empty: an accepted
	 * connection is the answer. */
	struct buffer request;
	size_t answer_size_max; /* of the body */
	uint64_t timeout_ms;    /* 0: none but the caller's */
	/* The answer is whole or will not come.  The call may be freed or used again here. */
	void (*done)(struct upstream_call *call, enum upstream_end end);

	void (*first_byte)(struct upstream_call *call); /* the answer begins; NULL: not told */

	unsigned status;
	const struct http_reader *head; /* fields of the answer, during `done` only */
	struct buffer answer;           /* the caller's from `done` on: release it */
	const char *error;              /* a sentence, when not ANSWERED */
	void *connection;               /* upstream's own */
};

/* Starts the call.  `done` comes later, never from inside. */
void upstream_start(struct upstream *upstream, struct upstream_call *call);

/* Gives it up: its connection is closed, `done` does not come. */
void upstream_cancel(struct upstream *upstream, struct upstream_call *call);

#endif

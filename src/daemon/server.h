/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_SERVER_H
#define BAL_DAEMON_SERVER_H

#include "daemon/engine.h"
#include "daemon/lease.h"

/* The HTTP API: listens, reads requests, answers them. */
struct server;

struct alarm;
struct feedback;
struct command;
struct fleet;

struct server_options {
	struct engine *engine; /* its configuration says where to listen */
	struct leases *leases;
	struct command *command;   /* NULL: no command pools, no logs */
	struct fleet *fleet;       /* NULL: no process pools */
	struct feedback *feedback; /* NULL: no ratings */
	struct alarm *alarm;       /* NULL: no silences, and nobody is told */
	/* POST /v1/reload; fills message when the answer is not OK.  NULL: not offered. */
	enum bal_status (*reload)(void *context, char *message, size_t message_size);
	void *context;
};

/* Begins to listen, after engine_start: a loopback host:port, or "unix:PATH" or a path that begins
 * with '/' or '.' (mode 0600), or with tokens any address.  NULL with a sentence: the address is
 * not loopback and there are no tokens, or it is in use (and by whom). */
struct server *server_open(
	const struct server_options *options, char *message, size_t message_size);

/* Takes nothing new: requests get 503, idle connections close, polls of workers end.  What waits
 * for the end of a task goes on waiting until server_close. */
void server_stop(struct server *server);

/* True when no request is being handled and every answer has gone out. */
bool server_idle(const struct server *server);

/* Answers what still waits (202 and where to ask again), closes all connections; NULL is fine.  The
 * loop must run once more for the memory to be freed. */
void server_close(struct server *server);

/* The port that it listens on; 0 for a unix socket. */
uint16_t server_port(const struct server *server);

#endif

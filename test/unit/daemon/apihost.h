/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APIHOST_H
#define APIHOST_H

#include "daemon/server.h"

#include <uv.h>

/*
 * A daemon without processes for tests of the API: engine, leases, an agent that answers by itself,
 * and the server on a port of the system's choice, all on one loop that runs while a client waits.
 */
#define APIHOST_ANSWER_SIZE (1u << 20)

struct apihost {
	uv_loop_t loop;
	struct config config;
	struct engine *engine;
	struct leases *leases;
	struct server *server;
	bool holding; /* the agents of pool `held` do not answer */
	uint32_t reload_count;
};

/* Starts with three pools: `echo` (an agent that answers its payload at once), `held` (one that
 * never answers), `worker` (leases). */
void apihost_open(struct apihost *host);
void apihost_close(struct apihost *host);

/* Connects; the descriptor does not block. */
int apihost_connect(const struct apihost *host);

/* Sends bytes, and runs the loop until they are taken. */
void apihost_send(struct apihost *host, int fd, const char *bytes, size_t size);

/* Runs the loop until an answer is whole (by its Content-Length), or the connection ends.  Returns
 * its status, 0 when none came; `answer` holds head and body, terminated. */
unsigned apihost_receive(struct apihost *host, int fd, char answer[APIHOST_ANSWER_SIZE]);

/* Runs the loop and reads until the text has come; fails the test when it does not. */
void apihost_read_until(
	struct apihost *host, int fd, const char *wanted, char answer[APIHOST_ANSWER_SIZE]);

/* One request on a connection of its own: "METHOD /path", extra field lines or "", a body or NULL.
 */
unsigned apihost_call(struct apihost *host, const char *line, const char *fields, const char *body,
	char answer[APIHOST_ANSWER_SIZE]);

/* Runs the loop once, waiting at most 1 ms. */
void apihost_run(struct apihost *host);

/* The text of a member of the answer's JSON body, "" when there is none; of the last call. */
const char *apihost_member(const char *answer, const char *key);

#endif

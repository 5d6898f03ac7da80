/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_CLIENT_H
#define BAL_CLI_CLIENT_H

#include "wire/buffer.h"
#include "wire/httpread.h"
#include "wire/span.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * client: one blocking connection to a daemon, for commands.
 *
 * The daemon is named by --url or BALLAST_URL: http://host:port, or the path of a unix socket.  A
 * request is sent, then its answer is read whole (client_receive) or piece by piece (client_head,
 * client_piece).  Requests on several clients may be under way at once.  The connection is used
 * again for the next request; one that the daemon closed meanwhile is opened anew.  The token in
 * BALLAST_TOKEN goes with every request.
 */
#define CLIENT_URL_DEFAULT  "http://127.0.0.1:7777"
#define CLIENT_MESSAGE_SIZE 512
#define CLIENT_ANSWER_MAX   (64u << 20)
#define CLIENT_CONNECT_MS   5000
#define CLIENT_ANSWER_MS    30000
#define CLIENT_READ_SIZE    65536
#define CLIENT_NO_TIMEOUT   INT64_C(-1)

struct client {
	char url[300];  /* as named by the user, for messages */
	char host[300]; /* for the Host field */
	struct sockaddr_storage address;
	socklen_t address_size;
	int fd; /* -1: not connected */
	struct http_reader reader;
	struct buffer request; /* kept until the answer begins */
	bool reused;           /* the connection had carried a request before */
	struct span ahead;     /* of `input`, not yet read */
	int64_t timeout_ms;
	/* When it becomes other than 0, waiting ends at the next signal; NULL: none. */
	const volatile sig_atomic_t *stop;
	char message[CLIENT_MESSAGE_SIZE]; /* what failed, after a false */
	char input[CLIENT_READ_SIZE];
};

struct client_request {
	enum http_method method;
	struct span target;
	struct span body;   /* JSON; absent: none */
	struct span key;    /* Idempotency-Key; absent: none */
	int64_t timeout_ms; /* without a byte of the answer; 0: CLIENT_ANSWER_MS */
};

/* A client for the daemon at `url`; NULL: BALLAST_URL, or CLIENT_URL_DEFAULT.  Connects when the
 * first request is sent.  False with client->message; client_close() is needed either way. */
bool client_open(struct client *client, const char *url);

/* Closes the connection and frees. */
void client_close(struct client *client);

/* Sends a request.  The previous answer must have been read to its end.  False with a message. */
bool client_send(struct client *client, const struct client_request *request);

/* Waits for the head of the answer; its status is then client->reader.head.status. */
bool client_head(struct client *client);

/* The next piece of the body, valid until the next call; size 0 at the end.  False with a message.
 */
bool client_piece(struct client *client, struct span *piece);

/* Head and all of the body, appended to `body`, which the caller has initialised. */
bool client_receive(struct client *client, struct buffer *body);

#endif

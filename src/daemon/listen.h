/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_LISTEN_H
#define BAL_DAEMON_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where the API listens.  Without access tokens only this machine may come in: a loopback address,
 * or a unix socket that only its owner may open.
 */
struct listen_socket {
	int fd;
	bool is_unix;
	bool is_public; /* other machines may reach it */
	uint16_t port;  /* 0 for a unix socket */
	char path[108]; /* of a unix socket; "" */
	char host[256]; /* as written, without port; "" for a unix socket */
};

/* Opens, binds and listens on HOST:PORT (localhost, or an address; port 0 lets the system choose),
 * "unix:PATH", or a path that begins with '/' or './'.  Others than loopback addresses only when
 * there are tokens.  False with a sentence that says what to do.  A unix socket that nobody listens
 * on any more is replaced. */
bool listen_open(struct listen_socket *socket, const char *address, bool with_tokens, char *message,
	size_t message_size);

/* Closes it when nobody took the descriptor, and removes the file of a unix socket. */
void listen_remove(struct listen_socket *socket);

#endif

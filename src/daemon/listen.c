/* SPDX-License-Identifier: Apache-2.0 */
/* The socket is made here and handed to libuv when it listens already: libuv would report an
 * address in use only later, and could not make a unix socket with mode 0600 without a moment in
 * which others may open it (fchmod before bind does that on Linux).
 *
 * A name is not resolved: "localhost" means 127.0.0.1, and any other name could mean another
 * machine tomorrow. */
#include "daemon/listen.h"

#include "daemon/portholder.h"
#include "wire/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

static bool fail(struct listen_socket *from, char *message, size_t message_size, const char *what,
	const char *address)
{
	snprintf(message, message_size, "cannot listen on %s: %s: %s", address, what,
		strerror(errno));
	if (from->fd >= 0)
		close(from->fd);
	from->fd = -1;
	return false;
}

/* ---- unix sockets ---- */

/* True when somebody answers on this socket. */
static bool is_served(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool served =
		fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;

	if (fd >= 0)
		close(fd);
	return served;
}

static bool open_unix(
	struct listen_socket *to, const char *path, char *message, size_t message_size)
{
	union address address = {.local = {.sun_family = AF_UNIX}};
	struct stat file;

	if (strlen(path) >= sizeof address.local.sun_path) {
		snprintf(message, message_size,
			"cannot listen on %s: the path of a unix socket has at most %zu bytes",
			path, sizeof address.local.sun_path - 1);
		return false;
	}
	memcpy(address.local.sun_path, path, strlen(path) + 1);
	if (is_served(&address.local)) {
		snprintf(message, message_size,
			"cannot listen on %s: another process serves it; stop it, or choose "
			"another path with --listen",
			path);
		return false;
	}
	if (lstat(path, &file) == 0 && S_ISSOCK(file.st_mode))
		unlink(path); /* left behind by one that was killed */
	to->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	to->is_unix = true;
	if (to->fd < 0 || fchmod(to->fd, 0600) != 0)
		return fail(to, message, message_size, "socket", path);
	if (bind(to->fd, &address.any, sizeof address.local) != 0)
		return fail(to, message, message_size, "bind", path);
	memcpy(to->path, path, strlen(path) + 1);
	if (listen(to->fd, BACKLOG) != 0)
		return fail(to, message, message_size, "listen", path);
	return true;
}

/* ---- TCP ---- */

static bool is_loopback(const union address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

/* Reads HOST:PORT; false with a sentence. */
static bool read_address(struct listen_socket *to, const char *text, union address *address,
	socklen_t *size, char *message, size_t message_size)
{
	struct http_authority authority;
	struct span host;

	if (!http_authority_read(span_of(text), &authority) || authority.port < 0 ||
		authority.host.size >= sizeof to->host) {
		snprintf(message, message_size,
			"cannot listen on %s: expected HOST:PORT such as 127.0.0.1:7777, or "
			"unix:PATH",
			text);
		return false;
	}
	host = authority.host;
	memcpy(to->host, host.at, host.size);
	to->host[host.size] = '\0';
	*address = (union address){.v4 = {.sin_family = AF_INET,
					   .sin_port = htons((uint16_t)authority.port),
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	*size = sizeof address->v4;
	if (span_equal_nocase(host, SPAN("localhost")) ||
		inet_pton(AF_INET, to->host, &address->v4.sin_addr) == 1)
		return true;
	if (host.at[0] == '[') {
		char inner[sizeof to->host];

		snprintf(inner, sizeof inner, "%.*s", (int)(host.size - 2), host.at + 1);
		*address = (union address){.v6 = {.sin6_family = AF_INET6,
						   .sin6_port = htons((uint16_t)authority.port)}};
		*size = sizeof address->v6;
		if (inet_pton(AF_INET6, inner, &address->v6.sin6_addr) == 1)
			return true;
	}
	snprintf(message, message_size,
		"cannot listen on %s: names are not resolved here; write localhost or an address "
		"such as 127.0.0.1",
		text);
	return false;
}

static bool in_use(uint16_t port, const char *text, char *message, size_t message_size)
{
	char holder[128];
	bool known = portholder_find(port, holder, sizeof holder);

	snprintf(message, message_size,
		"cannot listen on %s: port %u is in use by %s; stop it, or choose another port "
		"with --listen 127.0.0.1:PORT",
		text, port, known ? holder : "another process");
	return false;
}

static bool open_tcp(struct listen_socket *to, const char *text, bool with_tokens, char *message,
	size_t message_size)
{
	union address address;
	socklen_t size;
	int on = 1;

	if (!read_address(to, text, &address, &size, message, message_size))
		return false;
	to->is_public = !is_loopback(&address);
	if (to->is_public && !with_tokens) {
		snprintf(message, message_size,
			"cannot listen on %s: without access tokens only this machine is served; "
			"make the first with `ballast token create --role admin`, or listen on "
			"127.0.0.1 or unix:PATH",
			text);
		return false;
	}
	to->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (to->fd < 0 || setsockopt(to->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
		return fail(to, message, message_size, "socket", text);
	if (bind(to->fd, &address.any, size) != 0 || listen(to->fd, BACKLOG) != 0) {
		if (errno != EADDRINUSE)
			return fail(to, message, message_size, "bind", text);
		close(to->fd);
		to->fd = -1;
		return in_use(ntohs(address.v4.sin_port), text, message, message_size);
	}
	if (getsockname(to->fd, &address.any, &size) != 0)
		return fail(to, message, message_size, "getsockname", text);
	/* Port and family lie at the same places in both kinds of address. */
	to->port = ntohs(address.v4.sin_port);
	return true;
}

bool listen_open(struct listen_socket *to, const char *address, bool with_tokens, char *message,
	size_t message_size)
{
	*to = (struct listen_socket){.fd = -1};
	if (strncmp(address, "unix:", 5) == 0)
		return open_unix(to, address + 5, message, message_size);
	if (address[0] == '/' || address[0] == '.')
		return open_unix(to, address, message, message_size);
	return open_tcp(to, address, with_tokens, message, message_size);
}

void listen_remove(struct listen_socket *from)
{
	if (from->fd >= 0)
		close(from->fd);
	from->fd = -1;
	if (from->path[0] != '\0')
		unlink(from->path);
	from->path[0] = '\0';
}

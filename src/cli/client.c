/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking, with poll() only for the time-outs: a command does one thing at a time.  libcurl would
 * do this too, at the price of 4 MiB and of a second opinion on what HTTP is. */
#include "cli/client.h"

#include "wire/httpwrite.h"
#include "wire/url.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static const struct http_limits ANSWER_LIMITS = {.head_size_max = 65535,
	.target_size_max = 8192,
	.field_count_max = HTTP_FIELD_COUNT_MAX,
	.extension_size_max = 4096,
	.trailer_size_max = 4096,
	.interim_count_max = 8,
	.body_size_max = UINT64_MAX >> 1};

/* ---- addresses ---- */

static bool resolve_path(struct client *client, const char *path)
{
	struct sockaddr_un *address = (struct sockaddr_un *)&client->address;
	size_t size = strlen(path);

	if (size >= sizeof address->sun_path) {
		snprintf(client->message, sizeof client->message,
			"the path of a unix socket has at most %zu bytes: %s",
			sizeof address->sun_path - 1, path);
		return false;
	}
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, size + 1);
	client->address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
	snprintf(client->host, sizeof client->host, "localhost");
	return true;
}

static bool resolve_host(struct client *client, struct span text)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	char host[256], port[8];
	struct span name;
	struct url url;
	int rc;

	if (!url_read(text, &url) || url.secure || url.path.size > 1 ||
		url.authority.host.size >= sizeof host) {
		snprintf(client->message, sizeof client->message,
			"%s is neither http://HOST:PORT nor the path of a unix socket",
			client->url);
		return false;
	}
	name = url.authority.host;
	if (name.at[0] == '[')
		name = (struct span){name.at + 1, name.size - 2};
	snprintf(host, sizeof host, "%.*s", (int)name.size, name.at);
	snprintf(port, sizeof port, "%u", url.port);
	snprintf(client->host, sizeof client->host, "%.*s:%u", (int)url.authority.host.size,
		url.authority.host.at, url.port);
	rc = getaddrinfo(host, port, &hints, &found);
	if (rc != 0) {
		snprintf(client->message, sizeof client->message, "cannot find the host %s: %s",
			host, gai_strerror(rc));
		return false;
	}
	memcpy(&client->address, found->ai_addr, found->ai_addrlen);
	client->address_size = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

bool client_open(struct client *client, const char *url)
{
	const char *named = url == NULL ? getenv("BALLAST_URL") : url;

	if (named == NULL || named[0] == '\0')
		named = CLIENT_URL_DEFAULT;
	memset(client, 0, offsetof(struct client, input));
	client->fd = -1;
	http_reader_init(&client->reader, HTTP_ROLE_RESPONSE, &ANSWER_LIMITS);
	buffer_init(&client->request, SIZE_MAX >> 1);
	snprintf(client->url, sizeof client->url, "%s", named);
	if (strncmp(named, "unix:", 5) == 0)
		return resolve_path(client, named + 5);
	if (named[0] == '/' || named[0] == '.')
		return resolve_path(client, named);
	return resolve_host(client, span_of(named));
}

static void disconnect(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

void client_close(struct client *client)
{
	disconnect(client);
	http_reader_release(&client->reader);
	buffer_release(&client->request);
}

/* ---- bytes ---- */

/* False, with a message, when nothing happened in time. */
static bool wait_for(struct client *client, short events, int64_t timeout_ms)
{
	struct pollfd poll_fd = {.fd = client->fd, .events = events};
	int rc;

	do {
		rc = poll(&poll_fd, 1, timeout_ms < 0 ? -1 : (int)timeout_ms);
	} while (rc < 0 && errno == EINTR && (client->stop == NULL || *client->stop == 0));
	if (rc > 0)
		return true;
	if (rc < 0) {
		snprintf(client->message, sizeof client->message, "interrupted");
		return false;
	}
	snprintf(client->message, sizeof client->message,
		"the daemon at %s did not answer within %lld ms", client->url,
		(long long)timeout_ms);
	return false;
}

static bool say_unreachable(struct client *client, int error)
{
	if (error == ECONNREFUSED || error == ENOENT)
		snprintf(client->message, sizeof client->message,
			"nothing listens on %s: is `ballast run` running?", client->url);
	else
		snprintf(client->message, sizeof client->message, "cannot reach %s: %s",
			client->url, strerror(error));
	disconnect(client);
	return false;
}

static bool connect_anew(struct client *client)
{
	int one = 1, error = 0;
	socklen_t size = sizeof error;

	disconnect(client);
	http_reader_restart(&client->reader);
	client->ahead = (struct span){NULL, 0};
	client->reused = false;
	client->fd =
		socket(client->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (client->fd < 0)
		return say_unreachable(client, errno);
	if (client->address.ss_family != AF_UNIX)
		(void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(client->fd, (struct sockaddr *)&client->address, client->address_size) == 0)
		return true;
	if (errno != EINPROGRESS)
		return say_unreachable(client, errno);
	if (!wait_for(client, POLLOUT, CLIENT_CONNECT_MS)) {
		disconnect(client);
		return false;
	}
	if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	return error == 0 ? true : say_unreachable(client, error);
}

/* Writes the whole request; 0, or the errno of what failed. */
static int write_request(struct client *client)
{
	size_t done = 0;

	while (done < client->request.size) {
		ssize_t sent = send(client->fd, client->request.bytes + done,
			client->request.size - done, MSG_NOSIGNAL);

		if (sent >= 0) {
			done += (size_t)sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return errno;
		if (!wait_for(client, POLLOUT, CLIENT_ANSWER_MS))
			return ETIMEDOUT;
	}
	return 0;
}

/* BALLAST_TOKEN, as the daemon's `ballast token create` gave it. */
static void put_token(struct buffer *buffer)
{
	struct span token = span_trim(span_of(getenv("BALLAST_TOKEN")));

	if (token.size == 0 || !http_value_valid(token))
		return;
	buffer_append_text(buffer, http_field_text(HTTP_FIELD_AUTHORIZATION));
	buffer_append_text(buffer, ": Bearer ");
	buffer_append_span(buffer, token);
	buffer_append_text(buffer, "\r\n");
}

/* ---- requests ---- */

static void build_request(struct client *client, const struct client_request *request)
{
	struct buffer *buffer = &client->request;
	buffer_clear(buffer);
	http_put_request(buffer, request->method, request->target, span_of(client->host));
	http_put_field(buffer, SPAN("User-Agent"), SPAN("ballast"));
	http_put_known(buffer, HTTP_FIELD_ACCEPT, SPAN("*/*"));
	put_token(buffer);
	if (request->key.at != NULL)
		http_put_known(buffer, HTTP_FIELD_IDEMPOTENCY_KEY, request->key);
	if (request->body.at != NULL)
		http_put_known(buffer, HTTP_FIELD_CONTENT_TYPE, SPAN("application/json"));
	if (request->method != HTTP_METHOD_GET)
		http_put_length(buffer, request->body.size);
	http_put_end(buffer);
	buffer_append_span(buffer, request->body);
}

bool client_send(struct client *client, const struct client_request *request)
{
	bool usable = client->fd >= 0 && client->ahead.size == 0 && client->reader.head.keep_alive;
	int error;

	build_request(client, request);
	if (client->request.failed) {
		snprintf(client->message, sizeof client->message,
			"this cannot be sent: a name or value has bytes that HTTP forbids");
		return false;
	}
	client->timeout_ms = request->timeout_ms == 0 ? CLIENT_ANSWER_MS : request->timeout_ms;
	if (usable) {
		http_reader_restart(&client->reader);
		client->reused = true;
	} else if (!connect_anew(client)) {
		return false;
	}
	http_reader_answers(&client->reader, request->method);
	error = write_request(client);
	if (error != 0 && client->reused)
		error = connect_anew(client) ? write_request(client) : -1;
	if (error == 0)
		return true;
	return error < 0 ? false : say_unreachable(client, error);
}

/* Reads more into `ahead`; its size stays 0 at the end of the stream. */
static bool read_more(struct client *client)
{
	ssize_t got;

	do {
		if (!wait_for(client, POLLIN, client->timeout_ms)) {
			disconnect(client);
			return false;
		}
		got = recv(client->fd, client->input, sizeof client->input, 0);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return say_unreachable(client, errno);
	client->ahead = (struct span){client->input, (size_t)got};
	return true;
}

static bool say_broken(struct client *client, const char *what)
{
	snprintf(client->message, sizeof client->message,
		"the answer of %s is not what a daemon of ballast would say: %s", client->url,
		what);
	disconnect(client);
	return false;
}

/* The next event that is not MORE. */
static bool read_event(struct client *client, enum http_event *event, struct span *body)
{
	for (;;) {
		*event = http_reader_next(&client->reader, &client->ahead, body);
		if (*event == HTTP_EVENT_REFUSED)
			return say_broken(client, http_reason_text(client->reader.reason));
		if (*event != HTTP_EVENT_MORE)
			return true;
		if (!read_more(client))
			return false;
		if (client->ahead.size > 0)
			continue;
		*event = http_reader_end(&client->reader);
		if (*event == HTTP_EVENT_DONE)
			return true;
		snprintf(client->message, sizeof client->message,
			"the daemon at %s ended the connection before its answer", client->url);
		disconnect(client);
		return false;
	}
}

bool client_head(struct client *client)
{
	enum http_event event;
	struct span body;

	if (!read_event(client, &event, &body)) {
		/* A connection that was idle may be closed at any time: not one byte came, so the
		 * request was not worked on, or has its idempotency key. */
		if (!client->reused || http_reader_started(&client->reader))
			return false;
		if (!connect_anew(client) || write_request(client) != 0 ||
			!read_event(client, &event, &body))
			return false;
	}
	return event == HTTP_EVENT_HEAD ? true : say_broken(client, "it has no head");
}

bool client_piece(struct client *client, struct span *piece)
{
	enum http_event event;

	if (!read_event(client, &event, piece))
		return false;
	if (event != HTTP_EVENT_BODY)
		*piece = (struct span){"", 0};
	if (event == HTTP_EVENT_DONE && !client->reader.head.keep_alive)
		disconnect(client);
	return true;
}

bool client_receive(struct client *client, struct buffer *body)
{
	struct span piece;

	if (!client_head(client))
		return false;
	for (;;) {
		if (!client_piece(client, &piece))
			return false;
		if (piece.size == 0)
			return true;
		if (!buffer_append_span(body, piece))
			return say_broken(client, "it is too large");
	}
}

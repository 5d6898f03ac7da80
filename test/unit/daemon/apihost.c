/* SPDX-License-Identifier: Apache-2.0 */
/* Client and server share one thread: a client's call runs the loop until its answer is there. */
#include "apihost.h"

#include "base/units.h"
#include "wire/json.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 5000

static const char CONFIG[] = "listen: 127.0.0.1:0\n"
			     "queue: { max: 5000, payload_max: 64KiB }\n"
			     "pools:\n"
			     "  echo: { urls: [\"http://127.0.0.1:9\"], slots: 4 }\n"
			     "  held: { urls: [\"http://127.0.0.1:9\"], slots: 1 }\n"
			     "  worker: { lease: true }\n";

/* ---- agents ---- */

/* Answers with the payload, except in the pool that holds. */
static void dispatch(void *self, struct job *job, int64_t until_ns)
{
	struct apihost *host = self;
	struct attempt_end end = {.task = job->id,
		.epoch = job->epoch,
		.attempt = job->attempt,
		.outcome = BAL_OUTCOME_SUCCEEDED,
		.service_ns = NS_PER_MS};
	struct span pool = names_text(engine_names(host->engine), BAL_SYMBOL_POOL, job->pool);

	(void)until_ns;
	if (span_equal(pool, SPAN("held")))
		return;
	buffer_append_span(&job->result, job->payload);
	job_set_text(&job->content_type, SPAN("application/json"));
	engine_attempt_ended(host->engine, &end);
}

static const struct driver_ops AGENTS = {.dispatch = dispatch};

static void add_agent(struct apihost *host, const char *pool, uint32_t slots)
{
	uint32_t number = names_find(engine_names(host->engine), BAL_SYMBOL_POOL, span_of(pool));
	uint64_t id = engine_mint(host->engine);
	struct roster_agent *agent = roster_add(engine_roster(host->engine), id, number);
	struct bal_event up = {.type = BAL_EVENT_AGENT_UP,
		.up = {.agent = id, .pool = number, .state = BAL_AGENT_READY, .slots = slots}};

	assert_non_null(agent);
	agent->pool_kind = BAL_POOL_URLS;
	snprintf(agent->name, sizeof agent->name, "%s-1", pool);
	assert_int_equal(engine_event(host->engine, &up), BAL_OK);
}

static enum bal_status reload(void *context, char *message, size_t message_size)
{
	struct apihost *host = context;

	snprintf(message, message_size, "ballast.yaml:1:1: bad");
	return host->reload_count++ == 0 ? BAL_OK : BAL_INVALID;
}

/* ---- life ---- */

void apihost_open(struct apihost *host)
{
	struct engine_options options = {
		.loop = &host->loop, .store_ops = &store_memory, .data = "."};
	struct server_options served = {.reload = reload, .context = host};
	struct config_error error;
	char message[512];

	memset(host, 0, sizeof *host);
	uv_loop_init(&host->loop);
	assert_true(config_read(
		&host->config, (struct span){CONFIG, sizeof CONFIG - 1}, "test", NULL, 0, &error));
	options.config = &host->config;
	host->engine = engine_open(&options, message, sizeof message);
	assert_non_null(host->engine);
	host->leases = leases_open(host->engine);
	engine_drive(host->engine, BAL_POOL_URLS, &AGENTS, host);
	assert_true(engine_start(host->engine, message, sizeof message));
	add_agent(host, "echo", 4);
	add_agent(host, "held", 1);
	served.engine = host->engine;
	served.leases = host->leases;
	host->server = server_open(&served, message, sizeof message);
	if (host->server == NULL)
		fail_msg("%s", message);
}

void apihost_close(struct apihost *host)
{
	server_close(host->server);
	leases_close(host->leases);
	engine_close(host->engine);
	config_release(&host->config);
	uv_run(&host->loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_loop_close(&host->loop), 0);
}

/* ---- clients ---- */

static void on_wake(uv_timer_t *timer)
{
	(void)timer;
}

static void on_closed(uv_handle_t *handle)
{
	*(bool *)handle->data = true;
}

void apihost_run(struct apihost *host)
{
	bool closed = false;
	uv_timer_t timer;

	uv_timer_init(&host->loop, &timer);
	timer.data = &closed;
	uv_timer_start(&timer, on_wake, 1, 0);
	uv_run(&host->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, on_closed);
	while (!closed)
		uv_run(&host->loop, UV_RUN_NOWAIT);
}

int apihost_connect(const struct apihost *host)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(server_port(host->server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

void apihost_send(struct apihost *host, int fd, const char *bytes, size_t size)
{
	uint64_t until_ms = uv_hrtime() / 1000000 + PATIENCE_MS;

	while (size > 0 && uv_hrtime() / 1000000 < until_ms) {
		ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return;
		if (sent > 0) {
			bytes += sent;
			size -= (size_t)sent;
		}
		if (size > 0)
			apihost_run(host);
	}
}

/* True when head and body are there. */
static bool is_whole(const char *answer, size_t size)
{
	const char *end = strstr(answer, "\r\n\r\n");
	const char *length = strstr(answer, "Content-Length: ");

	if (end == NULL)
		return false;
	if (length == NULL || length > end)
		return strncmp(answer, "HTTP/1.1 204", 12) == 0;
	return size >= (size_t)(end + 4 - answer) + strtoul(length + 16, NULL, 10);
}

unsigned apihost_receive(struct apihost *host, int fd, char answer[APIHOST_ANSWER_SIZE])
{
	uint64_t until_ms = uv_hrtime() / 1000000 + PATIENCE_MS;
	size_t size = 0;
	unsigned status = 0;

	answer[0] = '\0';
	while (uv_hrtime() / 1000000 < until_ms && size < APIHOST_ANSWER_SIZE - 1) {
		ssize_t got = recv(fd, answer + size, APIHOST_ANSWER_SIZE - 1 - size, 0);

		if (got == 0 || (got < 0 && errno != EAGAIN))
			break;
		if (got > 0)
			size += (size_t)got;
		answer[size] = '\0';
		if (is_whole(answer, size))
			break;
		if (got < 0)
			apihost_run(host);
	}
	sscanf(answer, "HTTP/1.1 %u", &status);
	return status;
}

/* Writes the request; a body is declared as JSON unless the fields say otherwise. */
static size_t write_call(
	char *text, size_t size, const char *line, const char *fields, const char *body)
{
	bool typed = strstr(fields, "Content-Type") != NULL;
	int used = snprintf(text, size, "%s HTTP/1.1\r\n%s%s", line,
		strstr(fields, "Host:") == NULL ? "Host: localhost\r\n" : "", fields);

	if (body != NULL)
		used += snprintf(text + used, size - (size_t)used,
			"%sContent-Length: %zu\r\n\r\n%s",
			typed ? "" : "Content-Type: application/json\r\n", strlen(body), body);
	else
		used += snprintf(text + used, size - (size_t)used, "\r\n");
	return (size_t)used;
}

void apihost_read_until(
	struct apihost *host, int fd, const char *wanted, char answer[APIHOST_ANSWER_SIZE])
{
	uint64_t until_ms = uv_hrtime() / 1000000 + PATIENCE_MS;
	size_t size = 0;

	answer[0] = '\0';
	while (strstr(answer, wanted) == NULL) {
		ssize_t got = recv(fd, answer + size, APIHOST_ANSWER_SIZE - 1 - size, 0);

		if (got > 0)
			size += (size_t)got;
		answer[size] = '\0';
		if (got == 0 || uv_hrtime() / 1000000 > until_ms)
			fail_msg("no \"%s\" in: %s", wanted, answer);
		apihost_run(host);
	}
}

unsigned apihost_call(struct apihost *host, const char *line, const char *fields, const char *body,
	char answer[APIHOST_ANSWER_SIZE])
{
	size_t room = (body == NULL ? 0 : strlen(body)) + strlen(line) + strlen(fields) + 256;
	char *text = malloc(room);
	int fd = apihost_connect(host);
	unsigned status;

	assert_non_null(text);
	apihost_send(host, fd, text, write_call(text, room, line, fields, body));
	status = apihost_receive(host, fd, answer);
	close(fd);
	apihost_run(host);
	free(text);
	return status;
}

const char *apihost_member(const char *answer, const char *key)
{
	static char text[4096];
	const char *body = strstr(answer, "\r\n\r\n");
	struct json_error error;
	struct json json;

	text[0] = '\0';
	if (body == NULL || !json_read(&json, span_of(body + 4), 1u << 24, &error))
		return text;
	if (yyjson_is_str(yyjson_obj_get(json.root, key)))
		snprintf(text, sizeof text, "%s", yyjson_get_str(yyjson_obj_get(json.root, key)));
	json_release(&json);
	return text;
}

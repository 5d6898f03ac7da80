/* SPDX-License-Identifier: Apache-2.0 */
/* The webhook against a server on loopback that refuses, stalls and takes; its queue is bounded.
 * Silences: what they match, how many there may be. */
#include "apihost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"
#include "core/rule.h"
#include "daemon/alarm.h"

#define TURNS_MAX   200000
#define SEEN_MAX    (4u << 20)
#define CLIENTS_MAX 32

/* A server that reads requests, one after another, and answers each with `status`. */
struct server_here {
	uv_tcp_t listener;
	uv_tcp_t clients[CLIENTS_MAX];
	uint32_t client_count;
	unsigned status;
	uint32_t requests;
	char *seen; /* all that was read */
	size_t size;
};

struct fixture {
	struct apihost host;
	struct upstream *upstream;
	struct webhook *webhook;
	struct server_here server;
	char url[64];
};

/* ---- the server ---- */

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *to)
{
	struct server_here *server = handle->data;

	(void)size;
	assert_true(server->size + 65536 < SEEN_MAX);
	*to = uv_buf_init(server->seen + server->size, 65536);
}

static void on_written(uv_write_t *write, int status)
{
	(void)status;
	free(write);
}

/* Requests here end with the end of their JSON array. */
static void answer(struct server_here *server, uv_stream_t *client)
{
	static char text[128];
	uv_write_t *write = calloc(1, sizeof *write);
	uv_buf_t buffer;

	assert_non_null(write);
	snprintf(text, sizeof text, "HTTP/1.1 %u X\r\nContent-Length: 0\r\n\r\n", server->status);
	buffer = uv_buf_init(text, (unsigned)strlen(text));
	server->requests++;
	uv_write(write, client, &buffer, 1, on_written);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct server_here *server = stream->data;

	(void)buffer;
	if (size <= 0)
		return;
	server->size += (size_t)size;
	server->seen[server->size] = '\0';
	if (server->seen[server->size - 1] == ']')
		answer(server, stream);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct server_here *server = listener->data;

	uv_tcp_t *client = &server->clients[server->client_count++];

	assert_int_equal(status, 0);
	assert_true(server->client_count <= CLIENTS_MAX);
	uv_tcp_init(listener->loop, client);
	client->data = server;
	uv_accept(listener, (uv_stream_t *)client);
	uv_read_start((uv_stream_t *)client, on_alloc, on_read);
}

static void listen_here(struct fixture *fixture, uv_loop_t *loop)
{
	struct server_here *server = &fixture->server;
	struct sockaddr_in address;
	int size = sizeof address;

	server->seen = calloc(1, SEEN_MAX);
	server->status = 200;
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_init(loop, &server->listener);
	server->listener.data = server;
	assert_int_equal(uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&server->listener, 8, on_connection), 0);
	uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &size);
	snprintf(fixture->url, sizeof fixture->url, "http://127.0.0.1:%u",
		(unsigned)((address.sin_port >> 8 | address.sin_port << 8) & 0xffff));
}

/* ---- the fixture ---- */

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char message[256];

	assert_non_null(fixture);
	apihost_open(&fixture->host);
	listen_here(fixture, engine_loop(fixture->host.engine));
	fixture->upstream = upstream_open(engine_loop(fixture->host.engine));
	fixture->webhook = webhook_open(fixture->host.engine, fixture->upstream);
	assert_true(webhook_configure(fixture->webhook, fixture->url, message, sizeof message));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	webhook_close(fixture->webhook);
	upstream_close(fixture->upstream);
	for (uint32_t i = 0; i < fixture->server.client_count; i++)
		uv_close((uv_handle_t *)&fixture->server.clients[i], NULL);
	uv_close((uv_handle_t *)&fixture->server.listener, NULL);
	uv_run(engine_loop(fixture->host.engine), UV_RUN_NOWAIT);
	apihost_close(&fixture->host);
	free(fixture->server.seen);
	free(fixture);
	return 0;
}

/* Runs the loop until so many requests were answered and seen to be. */
static void run_until(struct fixture *fixture, uint32_t requests)
{
	uv_loop_t *loop = engine_loop(fixture->host.engine);

	for (uint32_t turn = 0; fixture->server.requests < requests; turn++) {
		assert_true(turn < TURNS_MAX);
		uv_run(loop, UV_RUN_ONCE);
	}
	for (uint32_t turn = 0; turn < 10; turn++)
		uv_run(loop, UV_RUN_NOWAIT);
}

static struct bal_alert alert_of(uint64_t number)
{
	return (struct bal_alert){.id = number,
		.ladder = RULE_LADDER_QUEUE,
		.rule = RULE_QUEUE_WARNING,
		.level = BAL_ALERT_WARNING,
		.level_peak = BAL_ALERT_WARNING,
		.subject = BAL_SUBJECT_HOST,
		.pool = BAL_NONE,
		.cleared_at_ns = BAL_NEVER_NS,
		.value = 200,
		.threshold = 101};
}

static uint32_t count_of(const struct fixture *fixture, const char *text)
{
	uint32_t count = 0;

	for (const char *at = fixture->server.seen; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

/* ---- tests ---- */

static void test_alerts_go_in_batches(void **state)
{
	struct fixture *fixture = *state;

	for (uint64_t i = 1; i <= 100; i++) {
		struct bal_alert alert = alert_of(i);

		webhook_post(fixture->webhook, &alert, alert.level);
	}
	run_until(fixture, 3); /* the first alone, then 64, then the rest */
	assert_int_equal(webhook_count(fixture->webhook).sent, 100);
	assert_int_equal(webhook_count(fixture->webhook).waiting, 0);
	assert_int_equal(count_of(fixture, "\"alertname\":\"ballast_queue\""), 100);
	assert_int_equal(count_of(fixture, "POST /api/v2/alerts HTTP/1.1"), 3);
	assert_int_equal(count_of(fixture, "\"severity\":\"warning\""), 100);
	assert_non_null(strstr(fixture->server.seen, "\"value\":\"200\""));
}

/* What cannot be sent stays, up to a bound; then the oldest is lost, and counted. */
static void test_the_queue_is_bounded_and_tried_again(void **state)
{
	struct fixture *fixture = *state;

	fixture->server.status = 503;
	for (uint64_t i = 1; i <= WEBHOOK_QUEUE_MAX + 50; i++) {
		struct bal_alert alert = alert_of(i);

		webhook_post(fixture->webhook, &alert, alert.level);
	}
	assert_int_equal(webhook_count(fixture->webhook).waiting, WEBHOOK_QUEUE_MAX);
	assert_int_equal(webhook_count(fixture->webhook).lost, 50);
	run_until(fixture, 1);
	assert_int_equal(webhook_count(fixture->webhook).sent, 0);
	assert_int_equal(webhook_count(fixture->webhook).failed, 1);
	assert_int_equal(webhook_count(fixture->webhook).waiting, WEBHOOK_QUEUE_MAX);
	/* After its pause it goes through, in batches of 64. */
	fixture->server.status = 200;
	run_until(fixture, 1 + WEBHOOK_QUEUE_MAX / 64);
	assert_int_equal(webhook_count(fixture->webhook).sent, WEBHOOK_QUEUE_MAX);
	assert_int_equal(webhook_count(fixture->webhook).waiting, 0);
}

/* The same bytes would be refused for ever. */
static void test_what_is_refused_is_dropped(void **state)
{
	struct fixture *fixture = *state;
	struct bal_alert alert = alert_of(1);

	fixture->server.status = 400;
	webhook_post(fixture->webhook, &alert, alert.level);
	run_until(fixture, 1);
	assert_int_equal(webhook_count(fixture->webhook).lost, 1);
	assert_int_equal(webhook_count(fixture->webhook).waiting, 0);
}

static void test_another_url_begins_anew(void **state)
{
	struct fixture *fixture = *state;
	struct bal_alert alert = alert_of(1);
	char message[256];

	fixture->server.status = 503;
	webhook_post(fixture->webhook, &alert, alert.level);
	run_until(fixture, 1);
	assert_true(webhook_configure(fixture->webhook, NULL, message, sizeof message));
	assert_false(webhook_is_set(fixture->webhook));
	assert_int_equal(webhook_count(fixture->webhook).waiting, 0);
	webhook_post(fixture->webhook, &alert, alert.level);
	assert_int_equal(webhook_count(fixture->webhook).waiting, 0);
	assert_false(webhook_configure(fixture->webhook, "gopher://x", message, sizeof message));
	assert_non_null(strstr(message, "gopher"));
}

static void test_silences(void **state)
{
	struct fixture *fixture = *state;
	struct silences *silences = silences_open(fixture->host.engine);
	struct silence silence = {.until_utc_ns = clock_utc_ns() + NS_PER_HOUR};
	struct bal_alert alert = alert_of(1);
	uint64_t id;

	assert_null(silences_find(silences, &alert));
	snprintf(silence.alert, sizeof silence.alert, "queue");
	snprintf(silence.name, sizeof silence.name, "elsewhere");
	assert_int_not_equal(silences_add(silences, &silence), 0);
	assert_null(silences_find(silences, &alert));
	snprintf(silence.alert, sizeof silence.alert, "queue_warning");
	snprintf(silence.name, sizeof silence.name, "host");
	id = silences_add(silences, &silence);
	assert_int_equal(silences_find(silences, &alert)->id, id);
	alert.rule = RULE_QUEUE_CRITICAL;
	assert_null(silences_find(silences, &alert)); /* another rule of the same alert */
	assert_true(silences_end(silences, id));
	assert_false(silences_end(silences, id));
	/* One without words is about all; what has passed is about nothing. */
	silence = (struct silence){.until_utc_ns = clock_utc_ns() - 1};
	silences_add(silences, &silence);
	assert_null(silences_find(silences, &alert));
	silence.until_utc_ns = clock_utc_ns() + NS_PER_HOUR;
	silences_add(silences, &silence);
	assert_non_null(silences_find(silences, &alert));
	for (uint32_t i = 0; i < SILENCES_MAX - 2; i++)
		assert_int_not_equal(silences_add(silences, &silence), 0);
	assert_int_equal(silences_add(silences, &silence), 0);
	silences_close(silences);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_alerts_go_in_batches),
		TEST(test_the_queue_is_bounded_and_tried_again),
		TEST(test_what_is_refused_is_dropped),
		TEST(test_another_url_begins_anew),
		TEST(test_silences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

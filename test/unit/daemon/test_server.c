/* SPDX-License-Identifier: Apache-2.0 */
/* The API over real sockets: what a client sends and gets. */
#include "apihost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static char answer[APIHOST_ANSWER_SIZE];

static struct apihost *host_of(void **state)
{
	return *state;
}

static int set_up(void **state)
{
	struct apihost *host = malloc(sizeof *host);

	apihost_open(host);
	*state = host;
	return 0;
}

static int tear_down(void **state)
{
	apihost_close(*state);
	free(*state);
	return 0;
}

static unsigned get(void **state, const char *path)
{
	char line[512];

	snprintf(line, sizeof line, "GET %s", path);
	return apihost_call(host_of(state), line, "", NULL, answer);
}

static unsigned post(void **state, const char *path, const char *body)
{
	char line[512];

	snprintf(line, sizeof line, "POST %s", path);
	return apihost_call(host_of(state), line, "", body, answer);
}

static void assert_has(const char *text)
{
	if (strstr(answer, text) == NULL)
		fail_msg("no \"%s\" in: %.2000s", text, answer);
}

/* Puts a verb behind the last slash of a path. */
static void set_verb(char path[160], const char *verb)
{
	char *slash = strrchr(path, '/');

	snprintf(slash + 1, 160 - (size_t)(slash + 1 - path), "%s", verb);
}

/* ---- tasks ---- */

static void test_submit(void **state)
{
	char path[128];

	assert_int_equal(
		post(state, "/v1/tasks", "{\"kind\":\"echo\",\"payload\":{\"n\":1.50}}"), 202);
	assert_has("Location: /v1/tasks/");
	snprintf(path, sizeof path, "/v1/tasks/%s?wait=5s", apihost_member(answer, "id"));
	assert_int_equal(get(state, path), 200);
	assert_string_equal(apihost_member(answer, "state"), "succeeded");
	assert_has("\"result\":{\"n\":1.50}");
	assert_has("\"outcome\":\"succeeded\"");
}

static void test_submit_and_wait(void **state)
{
	assert_int_equal(post(state, "/v1/tasks?wait=5s",
				 "{\"kind\":\"echo\",\"payload\":[1,2],\"priority\":\"high\"}"),
		200);
	assert_has("\"result\":[1,2]");
	assert_has("\"priority\":\"high\"");
}

static void test_wait_ends_first(void **state)
{
	char path[160];

	assert_int_equal(post(state, "/v1/tasks?wait=1ms", "{\"kind\":\"held\"}"), 202);
	assert_has("Location: /v1/tasks/");
	snprintf(path, sizeof path, "/v1/tasks/%s", apihost_member(answer, "id"));
	assert_int_equal(get(state, path), 200);
	assert_string_equal(apihost_member(answer, "state"), "dispatched");
	snprintf(path, sizeof path, "/v1/tasks/%s/result", apihost_member(answer, "id"));
	assert_int_equal(get(state, path), 409);
}

static const struct test_case {
	const char *body;
	unsigned status;
	const char *type;
} REFUSED[] = {
	{"{", 400, "json"},
	{"5", 400, "field"},
	{"{\"kind\":\"echo\",\"payload\":1,\"payload\":2}", 400, "json"},
	{"{\"payload\":1}", 400, "\\\"kind\\\" is missing"},
	{"{\"kind\":\"echo\",\"prio\":1}", 400, "field"},
	{"{\"kind\":\"echo\",\"priorty\":\"high\"}", 400, "did you mean \\\"priority\\\""},
	{"{\"kind\":\"echo\",\"priority\":\"hihg\"}", 400, "did you mean \\\"high\\\""},
	{"{\"kind\":\"echo\",\"priority\":99999999999999999999}", 400, "field"},
	{"{\"kind\":\"e cho\"}", 400, "field"},
	{"{\"kind\":\"echo\",\"deadline\":\"soon\"}", 400, "field"},
	{"{\"kind\":\"echo\",\"parent\":\"12345\"}", 422, "no-such-parent"},
	{"{\"kind\":\"echo\",\"needs\":{\"tags\":[\"a b\"]}}", 400, "field"},
	{"{\"kind\":\"ehco\"}", 422, "incapable"},
	{"{\"kind\":\"echo\",\"needs\":{\"tags\":[\"gpu\"]}}", 422, "incapable"},
	{"{\"kind\":\"echo\",\"deadline\":\"2001-01-01T00:00:00Z\"}", 422, "deadline"},
};

static void test_refusals(void **state)
{
	for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
		unsigned status = post(state, "/v1/tasks", REFUSED[i].body);

		if (status != REFUSED[i].status)
			fail_msg("%s: %u: %s", REFUSED[i].body, status, answer);
		assert_has("application/problem+json");
		assert_has(REFUSED[i].type);
	}
}

static void test_idempotency(void **state)
{
	static const char key[] = "Idempotency-Key: k-1\r\n";
	struct apihost *host = host_of(state);
	char id[64];

	assert_int_equal(
		apihost_call(host, "POST /v1/tasks", key, "{\"kind\":\"held\"}", answer), 202);
	snprintf(id, sizeof id, "%s", apihost_member(answer, "id"));
	assert_int_equal(
		apihost_call(host, "POST /v1/tasks", key, "{\"kind\":\"held\"}", answer), 202);
	assert_string_equal(apihost_member(answer, "id"), id);
	assert_int_equal(
		apihost_call(host, "POST /v1/tasks", key, "{\"kind\":\"echo\"}", answer), 409);
	assert_has("idempotency-key");
}

static void test_lines(void **state)
{
	static const char lines[] = "{\"kind\":\"echo\",\"payload\":1}\n\r\n"
				    "{\"kind\":\"nobody\"}\n"
				    "nonsense\n"
				    "{\"kind\":\"echo\",\"idempotency_key\":\"a\"}\n"
				    "{\"kind\":\"echo\",\"idempotency_key\":\"a\"}";

	assert_int_equal(apihost_call(host_of(state), "POST /v1/tasks",
				 "Content-Type: application/x-ndjson\r\n", lines, answer),
		200);
	assert_has("{\"line\":1,\"status\":202,\"id\":\"");
	assert_has(
		"{\"line\":2,\"status\":422,\"problem\":{\"type\":\"urn:ballast:problem:incapable");
	assert_has("{\"line\":3,\"status\":400,");
	assert_has("{\"line\":4,\"status\":202,");
	assert_has("{\"line\":5,\"status\":202,");
}

static void test_many_lines(void **state)
{
	static const char line[] = "{\"kind\":\"echo\"}\n";
	size_t size = sizeof line - 1;
	char *lines = malloc(3000 * size + 1);
	const char *at = answer;
	uint32_t count = 0;

	for (size_t i = 0; i < 3000; i++)
		memcpy(lines + i * size, line, size + 1);
	assert_int_equal(apihost_call(host_of(state), "POST /v1/tasks",
				 "Content-Type: application/x-ndjson\r\n", lines, answer),
		200);
	while ((at = strstr(at, "\"status\":202")) != NULL) {
		at++;
		count++;
	}
	assert_int_equal(count, 3000);
	free(lines);
}

static void test_cancel_and_requeue(void **state)
{
	char id[64], path[128];

	assert_int_equal(post(state, "/v1/tasks", "{\"kind\":\"held\"}"), 202);
	snprintf(id, sizeof id, "%s", apihost_member(answer, "id"));
	snprintf(path, sizeof path, "/v1/tasks/%s/requeue", id);
	assert_int_equal(post(state, path, "{}"), 409);
	snprintf(path, sizeof path, "/v1/tasks/%s/cancel", id);
	assert_int_equal(post(state, path, NULL), 202);
	snprintf(path, sizeof path, "/v1/tasks/%s?wait=5s", id);
	assert_int_equal(get(state, path), 200);
	assert_string_equal(apihost_member(answer, "state"), "cancelled");
	snprintf(path, sizeof path, "DELETE /v1/tasks/%s", id);
	assert_int_equal(apihost_call(host_of(state), path, "", NULL, answer), 200);
	snprintf(path, sizeof path, "/v1/tasks/%s/requeue", id);
	assert_int_equal(post(state, path, NULL), 202);
	assert_int_equal(post(state, "/v1/tasks/77/cancel", NULL), 404);
	assert_int_equal(post(state, "/v1/tasks/77/requeue", NULL), 404);
	assert_int_equal(get(state, "/v1/tasks/abc"), 404);
}

static void test_list(void **state)
{
	char path[128];

	for (int i = 0; i < 3; i++)
		assert_int_equal(post(state, "/v1/tasks?wait=5s", "{\"kind\":\"echo\"}"), 200);
	assert_int_equal(post(state, "/v1/tasks", "{\"kind\":\"held\"}"), 202);
	assert_int_equal(get(state, "/v1/tasks?limit=2"), 200);
	assert_has("\"kind\":\"held\"");
	assert_has("\"next\":\"");
	snprintf(path, sizeof path, "/v1/tasks?before=%s", apihost_member(answer, "next"));
	assert_int_equal(get(state, path), 200);
	assert_has("\"next\":null");
	assert_null(strstr(answer, "held"));
	assert_int_equal(get(state, "/v1/tasks?state=dispatched"), 200);
	assert_has("\"kind\":\"held\"");
	assert_null(strstr(answer, "echo"));
	assert_int_equal(get(state, "/v1/tasks?pool=echo&state=succeeded&kind=echo"), 200);
	assert_null(strstr(answer, "held"));
	assert_int_equal(get(state, "/v1/tasks?state=sleeping"), 400);
	assert_int_equal(get(state, "/v1/tasks?stat=queued"), 400);
	assert_has("did you mean \\\"state\\\"");
}

static void test_why(void **state)
{
	char path[128];

	assert_int_equal(post(state, "/v1/tasks?wait=5s", "{\"kind\":\"echo\"}"), 200);
	snprintf(path, sizeof path, "/v1/tasks/%s/why", apihost_member(answer, "id"));
	assert_int_equal(get(state, path), 200);
	assert_has("\"decision\":\"routed\"");
	assert_has("\"factors\":{\"load\":");
	assert_int_equal(post(state, "/v1/tasks", "{\"kind\":\"held\"}"), 202);
	assert_int_equal(post(state, "/v1/tasks", "{\"kind\":\"held\"}"), 202);
	snprintf(path, sizeof path, "/v1/why/%s", apihost_member(answer, "id"));
	assert_int_equal(get(state, path), 200);
	assert_string_equal(apihost_member(answer, "reason"), "wait_turn");
	assert_int_equal(get(state, "/v1/why/4611686018427387904"), 404);
}

/* ---- fleet ---- */

static void test_fleet(void **state)
{
	assert_int_equal(get(state, "/v1/agents"), 200);
	assert_has("\"name\":\"echo-1\"");
	assert_int_equal(get(state, "/v1/agents?pool=held"), 200);
	assert_null(strstr(answer, "echo-1"));
	assert_int_equal(get(state, "/v1/agents/echo-1"), 200);
	assert_string_equal(apihost_member(answer, "state"), "ready");
	assert_int_equal(post(state, "/v1/agents/held-1/drain", "{}"), 200);
	assert_string_equal(apihost_member(answer, "state"), "draining");
	assert_int_equal(post(state, "/v1/agents/held-1/drain", "{\"back\":true}"), 200);
	assert_string_equal(apihost_member(answer, "state"), "ready");
	assert_int_equal(get(state, "/v1/agents/nobody"), 404);
	assert_int_equal(get(state, "/v1/pools"), 200);
	assert_has("\"name\":\"worker\"");
	assert_int_equal(get(state, "/v1/pools/wroker"), 404);
	assert_has("did you mean \\\"worker\\\"");
	assert_int_equal(post(state, "/v1/pools/echo/scale", "{\"agents\":2}"), 422);
	assert_int_equal(post(state, "/v1/pools/echo/pause", "{\"dispatch\":true}"), 200);
	assert_has("\"paused\":{\"dispatch\":true,\"out\":false,\"in\":false}");
	assert_int_equal(
		post(state, "/v1/agents", "{\"id\":\"a\",\"url\":\"http://127.0.0.1:1/\"}"), 403);
	assert_int_equal(get(state, "/v1/orders"), 200);
}

/* ---- leases ---- */

static void test_lease(void **state)
{
	struct apihost *host = host_of(state);
	char path[160], id[64];

	assert_int_equal(post(state, "/v1/lease", "{\"pool\":\"worker\",\"worker\":\"w1\"}"), 204);
	assert_int_equal(post(state, "/v1/lease", "{\"pool\":\"echo\",\"worker\":\"w1\"}"), 422);
	assert_int_equal(post(state, "/v1/lease", "{\"pool\":\"work\",\"worker\":\"w1\"}"), 404);
	assert_int_equal(
		post(state, "/v1/tasks", "{\"kind\":\"worker\",\"payload\":{\"q\":7}}"), 202);
	snprintf(id, sizeof id, "%s", apihost_member(answer, "id"));
	assert_int_equal(
		post(state, "/v1/lease", "{\"pool\":\"worker\",\"worker\":\"w1\",\"wait\":\"5s\"}"),
		200);
	assert_has("\"payload\":{\"q\":7}");
	assert_string_equal(apihost_member(answer, "task"), id);
	snprintf(path, sizeof path, "POST /v1/leases/%s/extend", apihost_member(answer, "lease"));
	assert_int_equal(apihost_call(host, path, "", "{\"ttl\":\"1m\"}", answer), 200);
	assert_has("\"drain\":false");
	set_verb(path, "ack");
	assert_int_equal(apihost_call(host, path, "", "{\"result\":\"done\"}", answer), 200);
	assert_string_equal(apihost_member(answer, "state"), "succeeded");
	assert_int_equal(apihost_call(host, path, "", "{\"result\":\"done\"}", answer), 200);
	set_verb(path, "nack");
	assert_int_equal(apihost_call(host, path, "", "{}", answer), 409);
	snprintf(path, sizeof path, "/v1/tasks/%s/result", id);
	assert_int_equal(get(state, path), 200);
	assert_has("\r\n\r\n\"done\"");
}

static void test_lease_waits(void **state)
{
	static const char ask[] =
		"POST /v1/lease HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		"Content-Length: 47\r\n\r\n"
		"{\"pool\":\"worker\",\"worker\":\"w2\",\"wait\":\"5000ms\"}";
	struct apihost *host = host_of(state);
	int worker = apihost_connect(host), gone = apihost_connect(host);

	/* A worker that left gets nothing. */
	apihost_send(host, gone, ask, sizeof ask - 1);
	close(gone);
	apihost_send(host, worker, ask, sizeof ask - 1);
	for (int i = 0; i < 5; i++)
		apihost_run(host);
	assert_int_equal(post(state, "/v1/tasks", "{\"kind\":\"worker\",\"payload\":8}"), 202);
	assert_int_equal(apihost_receive(host, worker, answer), 200);
	assert_has("\"payload\":8");
	close(worker);
}

/* ---- ops ---- */

static void test_ops(void **state)
{
	assert_int_equal(get(state, "/livez"), 200);
	assert_int_equal(get(state, "/readyz"), 200);
	assert_int_equal(get(state, "/version"), 200);
	assert_string_equal(apihost_member(answer, "name"), "ballast");
	assert_int_equal(get(state, "/openapi.json"), 200);
	assert_string_equal(apihost_member(answer, "openapi"), "3.1.0");
	assert_int_equal(get(state, "/v1/status"), 200);
	assert_string_equal(apihost_member(answer, "version"), BALLAST_VERSION);
	assert_int_equal(get(state, "/"), 200);
	assert_has("Content-Security-Policy: default-src 'none'");
	assert_int_equal(post(state, "/v1/tasks?wait=5s", "{\"kind\":\"echo\"}"), 200);
	assert_int_equal(get(state, "/metrics"), 200);
	assert_has("ballast_tasks_ended_total{pool=\"echo\",kind=\"echo\",state=\"succeeded\"} 1");
	assert_has("ballast_agents{pool=\"held\",state=\"ready\"} 1");
	assert_int_equal(post(state, "/v1/reload", NULL), 200);
	assert_int_equal(post(state, "/v1/reload", NULL), 422);
	assert_has("ballast.yaml:1:1");
}

/* ---- who may ask, and how ---- */

static void test_guard(void **state)
{
	static const struct {
		const char *line;
		const char *fields;
		const char *body;
		unsigned status;
	} cases[] = {
		{"GET /v1/tasks", "Host: evil.test\r\n", NULL, 421},
		{"GET /v1/tasks", "Host: localhost.evil.test:80\r\n", NULL, 421},
		{"GET /v1/tasks", "Host: [::1]:7777\r\n", NULL, 200},
		{"GET /v1/tasks", "Origin: http://localhost\r\n", NULL, 200},
		{"GET /v1/tasks", "Origin: https://localhost\r\n", NULL, 403},
		{"GET /v1/tasks", "Origin: null\r\n", NULL, 403},
		{"DELETE /v1/tasks/1", "Sec-Fetch-Site: cross-site\r\n", NULL, 403},
		{"GET /v1/tasks", "Sec-Fetch-Site: none\r\n", NULL, 200},
		{"GET /v1/tasks?token=x", "", NULL, 403},
		{"POST /v1/tasks", "Content-Type: text/plain\r\n", "{}", 415},
		{"POST /v1/tasks", "Content-Type: \r\n", "{}", 415},
		{"POST /v1/tasks", "Content-Type: application/json;charset=utf-8\r\n", "{}", 400},
		{"POST /v1/tasks", "Content-Encoding: gzip\r\n", "{}", 415},
		{"PUT /v1/tasks/1", "", NULL, 405},
		{"OPTIONS /v1/tasks", "", NULL, 204},
		{"HEAD /livez", "Connection: close\r\n", NULL, 200},
		{"GET /v1/tasks/%2e%2e/agents", "", NULL, 404},
		{"GET /v1/nothing", "", NULL, 404},
		{"GET //etc/passwd", "", NULL, 404},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unsigned status = apihost_call(
			host_of(state), cases[i].line, cases[i].fields, cases[i].body, answer);

		if (status != cases[i].status)
			fail_msg("%s %s: %u", cases[i].line, cases[i].fields, status);
	}
}

static void test_too_large(void **state)
{
	size_t size = 17u << 20;
	char *body = malloc(size + 1);

	memset(body, ' ', size);
	body[size] = '\0';
	assert_int_equal(post(state, "/v1/tasks", body), 413);
	body[70000] = '\0';
	assert_int_equal(post(state, "/v1/lease", body), 413);
	memset(body, 'a', 70000);
	memcpy(body, "{\"kind\":\"echo\",\"payload\":\"", 26);
	memcpy(body + 69998, "\"}", 2);
	assert_int_equal(post(state, "/v1/tasks", body), 413);
	assert_has("payload-size");
	free(body);
}

/* ---- connections ---- */

static void test_pipeline(void **state)
{
	static const char two[] =
		"POST /v1/tasks?wait=5s HTTP/1.1\r\nHost: localhost\r\n"
		"Content-Type: application/json\r\nContent-Length: 15\r\n\r\n"
		"{\"kind\":\"echo\"}GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
		"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	struct apihost *host = host_of(state);
	int fd = apihost_connect(host);
	char *first, *second, *third;

	apihost_send(host, fd, two, sizeof two - 1);
	apihost_read_until(host, fd, "\r\n\r\nok\n", answer);
	first = strstr(answer, "\"state\":\"succeeded\"");
	second = strstr(answer, "\"name\":\"ballast\"");
	third = strstr(answer, "\r\n\r\nok\n");
	assert_true(first != NULL && second > first && third > second);
	close(fd);
}

/* Answers that nobody reads do not pile up here, and none is lost when they are read at last. */
static void test_pipeline_unread(void **state)
{
	static const char one[] = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct apihost *host = host_of(state);
	int fd = apihost_connect(host);
	size_t wanted, size = 0;
	uint32_t sent = 0;

	apihost_send(host, fd, one, sizeof one - 1);
	assert_int_equal(apihost_receive(host, fd, answer), 200);
	wanted = strlen(answer) * 1000;
	for (; sent < 1000 && send(fd, one, sizeof one - 1, MSG_NOSIGNAL) == sizeof one - 1; sent++)
		continue;
	assert_int_equal(sent, 1000);
	for (int i = 0; i < 20; i++)
		apihost_run(host);
	for (int i = 0; i < 5000 && size < wanted; i++) {
		ssize_t got = recv(fd, answer, sizeof answer, 0);

		size += got > 0 ? (size_t)got : 0;
		apihost_run(host);
	}
	assert_int_equal(size, wanted);
	close(fd);
}

static void test_half_close(void **state)
{
	static const char request[] =
		"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		"Content-Length: 15\r\n\r\n{\"kind\":\"echo\"}";
	struct apihost *host = host_of(state);
	int fd = apihost_connect(host);

	send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	assert_int_equal(apihost_receive(host, fd, answer), 202);
	close(fd);
}

static void test_chunks(void **state)
{
	static const char request[] =
		"POST /v1/tasks?wait=5s HTTP/1.1\r\nHost: localhost\r\n"
		"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
		"8\r\n{\"kind\":\r\n7\r\n\"echo\"}\r\n0\r\n\r\n";
	struct apihost *host = host_of(state);
	int fd = apihost_connect(host);

	for (size_t i = 0; i < sizeof request - 1; i++)
		apihost_send(host, fd, request + i, 1);
	assert_int_equal(apihost_receive(host, fd, answer), 200);
	close(fd);
}

/* ---- events ---- */

static void test_events(void **state)
{
	static const char listen_all[] = "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
	static const char again[] = "GET /v1/events?type=task.ended HTTP/1.1\r\n"
				    "Host: localhost\r\nLast-Event-ID: 1\r\n\r\n";
	struct apihost *host = host_of(state);
	int fd = apihost_connect(host);

	apihost_send(host, fd, listen_all, sizeof listen_all - 1);
	apihost_read_until(host, fd, ": ballast", answer);
	assert_has("Content-Type: text/event-stream");
	assert_int_equal(post(state, "/v1/tasks?wait=5s", "{\"kind\":\"echo\"}"), 200);
	apihost_read_until(host, fd, "\"state\":\"succeeded\"", answer);
	assert_has("event: task.accepted\ndata: {\"at\":\"20");
	assert_has("event: task.dispatched\n");
	close(fd);
	fd = apihost_connect(host);
	apihost_send(host, fd, again, sizeof again - 1);
	apihost_read_until(host, fd, "event: task.ended\n", answer);
	assert_has("event: events.lost\n");
	assert_null(strstr(answer, "task.accepted"));
	close(fd);
}

/* ---- stopping ---- */

static void test_stop(void **state)
{
	static const char wait[] =
		"POST /v1/tasks?wait=5s HTTP/1.1\r\nHost: localhost\r\n"
		"Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"kind\":\"held\"}";
	struct apihost *host = host_of(state);
	int fd = apihost_connect(host);

	apihost_send(host, fd, wait, sizeof wait - 1);
	for (int i = 0; i < 10; i++)
		apihost_run(host);
	server_stop(host->server);
	assert_false(server_idle(host->server));
	assert_int_equal(post(state, "/v1/tasks", "{\"kind\":\"echo\"}"), 503);
	assert_has("Retry-After: 1\r\n");
	assert_int_equal(get(state, "/readyz"), 503);
	server_close(host->server);
	host->server = NULL;
	assert_int_equal(apihost_receive(host, fd, answer), 202);
	assert_has("Connection: close");
	close(fd);
}

/* An id is given only when the store has promised it: one that is given twice would be two tasks.
 */
static void test_ids_wait_for_their_promise(void **state)
{
	struct apihost *host = *state;
	uint64_t last = 0, id, count = 0;

	while ((id = engine_mint(host->engine)) != 0) {
		assert_true(id > last);
		last = id;
		assert_true(++count <= UINT64_C(1) << 20);
	}
	assert_true(count > UINT64_C(1) << 19);
	for (int i = 0; i < 100 && id == 0; i++) {
		apihost_run(host);
		id = engine_mint(host->engine);
	}
	assert_true(id > last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_submit),
		TEST(test_submit_and_wait),
		TEST(test_wait_ends_first),
		TEST(test_refusals),
		TEST(test_idempotency),
		TEST(test_lines),
		TEST(test_many_lines),
		TEST(test_cancel_and_requeue),
		TEST(test_list),
		TEST(test_why),
		TEST(test_fleet),
		TEST(test_lease),
		TEST(test_lease_waits),
		TEST(test_ops),
		TEST(test_guard),
		TEST(test_too_large),
		TEST(test_pipeline),
		TEST(test_pipeline_unread),
		TEST(test_half_close),
		TEST(test_chunks),
		TEST(test_events),
		TEST(test_stop),
		TEST(test_ids_wait_for_their_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

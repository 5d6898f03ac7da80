/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/httpread.h"

/* Reads one stream to its first end and gives the last event. */
static enum http_event read_all(struct http_reader *reader, struct span *input)
{
	struct span body;
	enum http_event event;
	do {
		event = http_reader_next(reader, input, &body);
	} while (event == HTTP_EVENT_HEAD || event == HTTP_EVENT_BODY);
	return event;
}

/* The reason for which a request of this text is refused; NONE when it is taken. */
static enum http_reason refuse_request(const char *text)
{
	struct http_reader reader;
	struct span input = span_of(text);
	http_reader_init(&reader, HTTP_ROLE_REQUEST, &http_limits_default);
	enum http_event event = read_all(&reader, &input);
	enum http_reason reason = reader.reason;
	assert_int_equal(event == HTTP_EVENT_REFUSED, reason != HTTP_REASON_NONE);
	if (event == HTTP_EVENT_REFUSED)
		assert_false(reader.head.keep_alive);
	assert_int_not_equal(event, HTTP_EVENT_MORE);
	http_reader_release(&reader);
	return reason;
}

#define GET(fields) "GET / HTTP/1.1\r\nHost: h\r\n" fields "\r\n"
#define POST(rest)  "POST / HTTP/1.1\r\nHost: h\r\n" rest

static const struct {
	const char *text;
	enum http_reason reason;
} reason_rows[] = {
	{GET(""), HTTP_REASON_NONE},
	{"\r\n" GET(""), HTTP_REASON_NONE},
	{"\r\n\r\n" GET(""), HTTP_REASON_AMBIGUOUS},
	{"GET / HTTP/1.0\r\n\r\n", HTTP_REASON_NONE},
	{"GET /\r\n\r\n", HTTP_REASON_VERSION},
	{"GET / HTTP/2.0\r\n\r\n", HTTP_REASON_VERSION},
	{"GET / RTSP/1.0\r\n\r\n", HTTP_REASON_LINE},
	{" GET / HTTP/1.1\r\n", HTTP_REASON_LINE},
	{"BREW / HTTP/1.1\r\n", HTTP_REASON_METHOD},
	{"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", HTTP_REASON_METHOD},
	{"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_METHOD},
	{"{GET} / HTTP/1.1\r\n", HTTP_REASON_METHOD_TOKEN},
	{"GET * HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_TARGET},
	{"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_NONE},
	{"GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_TARGET},
	{"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_TARGET},
	{"GET /\x80 HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_TARGET},
	{"GET http://H:80/ HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_NONE},
	{"GET https://h:443/ HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_NONE},
	{"GET http://g/ HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_HOST_DIFFERS},
	{"GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_TARGET},
	{"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_REASON_TARGET},
	{"GET / HTTP/1.1\r\n\r\n", HTTP_REASON_HOST_NONE},
	{"GET / HTTP/1.1\r\nHost:\r\n\r\n", HTTP_REASON_HOST_BAD},
	{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", HTTP_REASON_HOST_BAD},
	{GET("Host: h\r\n"), HTTP_REASON_FIELD_TWICE},
	{GET("Authorization: a\r\nauthorization: b\r\n"), HTTP_REASON_FIELD_TWICE},
	{GET("X: y\n"), HTTP_REASON_LINE_END},
	{GET("X: a\rb\r\n"), HTTP_REASON_LINE_END},
	{GET("X: a\r\n b\r\n"), HTTP_REASON_FOLD},
	{GET("X: \x1b[2J\r\n"), HTTP_REASON_CONTROL},
	{GET("X : y\r\n"), HTTP_REASON_FIELD},
	{GET("X\r\n"), HTTP_REASON_FIELD},
	{GET(": y\r\n"), HTTP_REASON_FIELD},
	{GET("X\xff: y\r\n"), HTTP_REASON_FIELD},
	{GET("Connection: host\r\n"), HTTP_REASON_CONNECTION},
	{GET("Connection: a b\r\n"), HTTP_REASON_CONNECTION},
	{GET("Expect: tea\r\n"), HTTP_REASON_EXPECT},
	{POST("Content-Length: 1x\r\n\r\n"), HTTP_REASON_LENGTH},
	{POST("Content-Length: 18446744073709551616\r\n\r\n"), HTTP_REASON_LENGTH},
	{POST("Content-Length: 1\r\nContent-Length: 1\r\n\r\n"), HTTP_REASON_FIELD_TWICE},
	{POST("Content-Length: 999999999\r\n\r\n"), HTTP_REASON_BODY_SIZE},
	{POST("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
		HTTP_REASON_LENGTH_AND_CODING},
	{POST("Transfer-Encoding: gzip\r\n\r\n"), HTTP_REASON_CODING},
	{POST("Transfer-Encoding: chunked, chunked\r\n\r\n"), HTTP_REASON_CODING},
	{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_REASON_CODING_OLD},
	{POST("Transfer-Encoding: chunked\r\n\r\nx\r\n"), HTTP_REASON_CHUNK},
	{POST("Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"), HTTP_REASON_CHUNK},
	{POST("Transfer-Encoding: chunked\r\n\r\nfffffff\r\n"), HTTP_REASON_BODY_SIZE},
	{POST("Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"),
		HTTP_REASON_NONE},
	{"\x16\x03\x01", HTTP_REASON_CONTROL},
	{"\rGET / HTTP/1.1\r\n", HTTP_REASON_LINE_END},
};

static void test_reasons(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(reason_rows) / sizeof(reason_rows[0]); i++) {
		enum http_reason reason = refuse_request(reason_rows[i].text);
		if (reason != reason_rows[i].reason)
			print_error("row %zu: %s instead of %s\n", i, http_reason_word(reason),
				http_reason_word(reason_rows[i].reason));
		assert_int_equal(reason, reason_rows[i].reason);
	}
}

/* A stream of `head`, then `piece` many times. */
static enum http_reason refuse_long(const char *head, const char *piece, size_t times)
{
	struct buffer stream;
	buffer_init(&stream, 1 << 20);
	buffer_append_text(&stream, head);
	for (size_t i = 0; i < times; i++)
		buffer_append_text(&stream, piece);
	buffer_append_byte(&stream, 0);
	assert_false(stream.failed);
	enum http_reason reason = refuse_request(stream.bytes);
	buffer_release(&stream);
	return reason;
}

static void test_limits(void **state)
{
	const char *chunked = POST("Transfer-Encoding: chunked\r\n\r\n");
	(void)state;
	assert_int_equal(refuse_long("GET /", "u", 9000), HTTP_REASON_TARGET_SIZE);
	assert_int_equal(refuse_long("GET / HTTP/1.1\r\nX: ", "v", 20000), HTTP_REASON_HEAD_SIZE);
	assert_int_equal(
		refuse_long("GET / HTTP/1.1\r\n", "X: y\r\n", 101), HTTP_REASON_FIELD_COUNT);
	assert_int_equal(refuse_long(chunked, "0", 20000), HTTP_REASON_CHUNK_OVERHEAD);
	assert_int_equal(
		refuse_long(chunked, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n", 100),
		HTTP_REASON_CHUNK_EXTENSION);
	assert_int_equal(
		refuse_long(POST("Transfer-Encoding: chunked\r\n\r\n0\r\n"), "X: y\r\n", 1000),
		HTTP_REASON_TRAILER);
}

static void test_head(void **state)
{
	struct http_reader reader;
	struct span body,
		input = SPAN("POST /v1/tasks?wait=1s HTTP/1.1\r\nHost: h:80\r\n"
			     "Content-Length: 3\r\nExpect: 100-Continue\r\n"
			     "Connection: X-Hop\r\nX-Hop: 1\r\nx-kept:\t v \t\r\n"
			     "Ballast-Task: 7\r\nTransfer_Encoding: chunked\r\n\r\nabcGET");
	(void)state;
	http_reader_init(&reader, HTTP_ROLE_REQUEST, &http_limits_default);
	assert_false(http_reader_started(&reader));
	assert_int_equal(http_reader_next(&reader, &input, &body), HTTP_EVENT_HEAD);
	assert_true(http_reader_started(&reader));
	assert_int_equal(reader.head.method, HTTP_METHOD_POST);
	assert_true(span_equal(reader.head.path, SPAN("/v1/tasks")));
	assert_true(span_equal(reader.head.query, SPAN("wait=1s")));
	assert_true(span_equal(reader.head.host, SPAN("h:80")));
	assert_int_equal(reader.head.content_length, 3);
	assert_true(reader.head.expect_continue);
	assert_true(reader.head.keep_alive);
	assert_true(span_equal(http_field_get_named(&reader, SPAN("X-Kept")), SPAN("v")));
	assert_null(http_field_get(&reader, HTTP_FIELD_ORIGIN).at);
	/* Of eight fields only x-kept may go on: the rest frames, hops, is ours or imitates
	 * framing. */
	for (uint32_t i = 0; i < reader.head.field_count; i++)
		assert_int_equal(http_head_forwards(&reader, i),
			span_equal(http_field_name(&reader, i), SPAN("x-kept")));
	assert_int_equal(http_reader_next(&reader, &input, &body), HTTP_EVENT_BODY);
	assert_true(span_equal(body, SPAN("abc")));
	assert_int_equal(http_reader_next(&reader, &input, &body), HTTP_EVENT_DONE);
	assert_int_equal(http_reader_next(&reader, &input, &body), HTTP_EVENT_DONE);
	assert_true(span_equal(input, SPAN("GET")));
	http_reader_restart(&reader);
	assert_int_equal(http_reader_next(&reader, &input, &body), HTTP_EVENT_MORE);
	assert_int_equal(http_reader_end(&reader), HTTP_EVENT_REFUSED);
	assert_int_equal(reader.reason, HTTP_REASON_TRUNCATED);
	http_reader_release(&reader);
}

static void test_keep_alive(void **state)
{
	static const struct {
		const char *text;
		bool keep_alive;
	} rows[] = {
		{GET(""), true},
		{GET("Connection: keep-alive\r\n"), true},
		{GET("Connection: x\r\nConnection: ,CLOSE\r\n"), false},
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
		{GET("Connection: upgrade\r\nUpgrade: websocket\r\n"), true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_reader reader;
		struct span input = span_of(rows[i].text);
		http_reader_init(&reader, HTTP_ROLE_REQUEST, &http_limits_default);
		assert_int_equal(read_all(&reader, &input), HTTP_EVENT_DONE);
		assert_int_equal(reader.head.keep_alive, rows[i].keep_alive);
		http_reader_release(&reader);
	}
}

/* Feed a response, then the end of the stream. */
static enum http_event read_response(const char *text, enum http_method asked,
	struct http_limits limits, struct http_reader *reader, size_t *left)
{
	struct span input = span_of(text);
	http_reader_init(reader, HTTP_ROLE_RESPONSE, &limits);
	http_reader_answers(reader, asked);
	enum http_event event = read_all(reader, &input);
	*left = input.size;
	return event == HTTP_EVENT_MORE ? http_reader_end(reader) : event;
}

static void test_responses(void **state)
{
	static const struct {
		const char *text;
		enum http_method asked;
		enum http_event event;
		enum http_reason reason;
		uint64_t body_size;
		bool keep_alive;
		size_t left;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP", HTTP_METHOD_GET,
			HTTP_EVENT_DONE, HTTP_REASON_NONE, 2, true, 4},
		{"HTTP/1.1 200 OK\r\n\r\nuntil close", HTTP_METHOD_GET, HTTP_EVENT_DONE,
			HTTP_REASON_NONE, 11, false, 0},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", HTTP_METHOD_GET,
			HTTP_EVENT_REFUSED, HTTP_REASON_TRUNCATED, 5, false, 0},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", HTTP_METHOD_HEAD, HTTP_EVENT_DONE,
			HTTP_REASON_NONE, 0, true, 0},
		{"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nxx", HTTP_METHOD_GET, HTTP_EVENT_DONE,
			HTTP_REASON_NONE, 0, false, 2},
		{"HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\n", HTTP_METHOD_GET, HTTP_EVENT_DONE,
			HTTP_REASON_NONE, 0, true, 0},
		{"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
			HTTP_METHOD_POST, HTTP_EVENT_DONE, HTTP_REASON_NONE, 0, true, 0},
		{"HTTP/1.1 100 C\r\n\r\n", HTTP_METHOD_POST, HTTP_EVENT_REFUSED,
			HTTP_REASON_TRUNCATED, 0, false, 0},
		{"HTTP/1.1 100\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 100\r\n\r\n", HTTP_METHOD_GET,
			HTTP_EVENT_REFUSED, HTTP_REASON_INTERIM, 0, false, 0},
		{"HTTP/1.1 101 S\r\n\r\n", HTTP_METHOD_GET, HTTP_EVENT_REFUSED, HTTP_REASON_UPGRADE,
			0, false, 0},
		{"HTTP/1.1 600 X\r\n\r\n", HTTP_METHOD_GET, HTTP_EVENT_REFUSED, HTTP_REASON_STATUS,
			0, false, 0},
		{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", HTTP_METHOD_GET,
			HTTP_EVENT_REFUSED, HTTP_REASON_TRUNCATED, 0, false, 0},
		{"HTTP/1.1 200 OK\r\n\r\n123456789012345678901", HTTP_METHOD_GET,
			HTTP_EVENT_REFUSED, HTTP_REASON_BODY_SIZE, 0, false, 21},
		{"", HTTP_METHOD_GET, HTTP_EVENT_MORE, HTTP_REASON_NONE, 0, false, 0},
	};
	struct http_limits limits = http_limits_default;
	(void)state;
	limits.interim_count_max = 2;
	limits.body_size_max = 20;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_reader reader;
		size_t left;
		assert_int_equal(read_response(rows[i].text, rows[i].asked, limits, &reader, &left),
			rows[i].event);
		assert_int_equal(reader.reason, rows[i].reason);
		assert_int_equal(reader.body_size, rows[i].body_size);
		assert_int_equal(reader.head.keep_alive, rows[i].keep_alive);
		assert_int_equal(left, rows[i].left);
		http_reader_release(&reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_responses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

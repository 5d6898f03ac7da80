/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/httpwrite.h"

static char memory[8192];
static struct buffer out;

static int begin(void **state)
{
	(void)state;
	buffer_init_fixed(&out, memory, sizeof(memory));
	return 0;
}

static void assert_written(const char *text)
{
	assert_false(out.failed);
	assert_int_equal(out.size, strlen(text));
	assert_memory_equal(out.bytes, text, out.size);
}

static void test_response(void **state)
{
	(void)state;
	http_put_response(&out, 200, "text/plain", SPAN("hi"), true, false);
	assert_written(
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
	begin(NULL);
	http_put_response(&out, 200, NULL, SPAN("hi"), false, true);
	assert_written("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
	begin(NULL);
	http_put_response(&out, 204, "text/plain", SPAN("hi"), true, false);
	assert_written("HTTP/1.1 204 No Content\r\n\r\n");
	begin(NULL);
	http_put_continue(&out);
	assert_written("HTTP/1.1 100 Continue\r\n\r\n");
}

static void test_chunks(void **state)
{
	(void)state;
	http_put_chunked(&out);
	http_put_end(&out);
	http_put_chunk(&out, SPAN("0123456789abcdef!"));
	http_put_chunk(&out, SPAN(""));
	http_put_chunk_last(&out);
	assert_written("Transfer-Encoding: chunked\r\n\r\n11\r\n0123456789abcdef!\r\n0\r\n\r\n");
}

static void test_injection(void **state)
{
	(void)state;
	http_put_field(&out, SPAN("X"), SPAN("a\r\nSet-Cookie: b"));
	assert_true(out.failed);
	begin(NULL);
	http_put_field(&out, SPAN("X:"), SPAN("a"));
	assert_true(out.failed);
	begin(NULL);
	http_put_request(&out, HTTP_METHOD_GET, SPAN("/a b"), SPAN("h"));
	assert_true(out.failed);
	begin(NULL);
	http_put_request(&out, HTTP_METHOD_GET, SPAN("/"), SPAN("h\r\n"));
	assert_true(out.failed);
	begin(NULL);
	http_put_request(&out, HTTP_METHOD_NONE, SPAN("/"), SPAN("h"));
	assert_true(out.failed);
	begin(NULL);
	http_put_status(&out, 99);
	assert_true(out.failed);
}

static void test_forwarding(void **state)
{
	struct http_reader reader;
	struct span body,
		input = SPAN("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
			     "Connection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\n"
			     "Authorization: Bearer t\r\nCookie: c\r\nTraceParent: 00-1\r\n"
			     "X-Forwarded-For: 1.2.3.4\r\nUpgrade: h2c\r\nX-A:   b\r\n\r\n");
	(void)state;
	http_reader_init(&reader, HTTP_ROLE_REQUEST, &http_limits_default);
	assert_int_equal(http_reader_next(&reader, &input, &body), HTTP_EVENT_HEAD);
	http_put_request(&out, reader.head.method, reader.head.path, reader.head.host);
	http_put_forwarded(&out, &reader);
	http_put_length(&out, 5);
	http_put_end(&out);
	assert_written("POST /x HTTP/1.1\r\nHost: h\r\nTraceParent: 00-1\r\nX-A: b\r\n"
		       "Content-Length: 5\r\n\r\n");
	http_reader_release(&reader);
}

static void test_dates(void **state)
{
	static const struct {
		int64_t utc_s;
		const char *text;
	} rows[] = {
		{0, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"},
		{784111777, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"}, /* RFC 9110, 5.6.7 */
		{951782400, "Date: Tue, 29 Feb 2000 00:00:00 GMT\r\n"},
		{4107542399, "Date: Sun, 28 Feb 2100 23:59:59 GMT\r\n"},
		{4107542400, "Date: Mon, 01 Mar 2100 00:00:00 GMT\r\n"},
		{-5, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"},
		{INT64_MAX, ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(NULL);
		http_put_date(&out, rows[i].utc_s);
		assert_written(rows[i].text);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	for (enum http_reason reason = HTTP_REASON_LINE; reason < HTTP_REASON_COUNT; reason++) {
		struct http_reader reader;
		struct span body, input;
		begin(NULL);
		http_put_refusal(&out, reason);
		assert_false(out.failed);
		input = buffer_span(&out);
		http_reader_init(&reader, HTTP_ROLE_RESPONSE, &http_limits_default);
		assert_int_equal(http_reader_next(&reader, &input, &body), HTTP_EVENT_HEAD);
		assert_int_equal(reader.head.status, http_reason_status(reason));
		assert_false(reader.head.keep_alive);
		assert_int_equal(http_reader_next(&reader, &input, &body), HTTP_EVENT_BODY);
		assert_int_equal(http_reader_next(&reader, &input, &body), HTTP_EVENT_DONE);
		assert_int_equal(input.size, 0);
		http_reader_release(&reader);
	}
}

static void test_names(void **state)
{
	(void)state;
	for (enum http_method method = HTTP_METHOD_GET; method < HTTP_METHOD_COUNT; method++)
		assert_int_equal(http_method_find(span_of(http_method_text(method))), method);
	assert_int_equal(http_method_find(SPAN("get")), HTTP_METHOD_NONE);
	for (enum http_field_id id = HTTP_FIELD_OTHER + 1; id < HTTP_FIELD_ID_COUNT; id++)
		assert_int_equal(http_field_find(span_of(http_field_text(id))), id);
	assert_int_equal(http_field_find(SPAN("X-Other")), HTTP_FIELD_OTHER);
	assert_true(http_field_forwards(SPAN("X-Other")));
	assert_false(http_field_forwards(SPAN("CONTENT_LENGTH")));
	assert_string_equal(http_status_text(299), "Unknown");
}

static void test_authorities(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		int32_t port;
	} rows[] = {
		{"h.test", true, -1},
		{"h_1-2.test:80", true, 80},
		{"[::1]", true, -1},
		{"[::ffff:1.2.3.4]:65535", true, 65535},
		{"h:65536", false, 0},
		{"h:", false, 0},
		{"h:1:2", false, 0},
		{"[::1", false, 0},
		{"[::1]x", false, 0},
		{"[fe80::1%25e]", false, 0},
		{"[]", false, 0},
		{"", false, 0},
		{":80", false, 0},
		{"u@h", false, 0},
		{"h/", false, 0},
		{"h,g", false, 0},
		{"h%41", false, 0},
		{"h:000080", false, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_authority authority;
		assert_int_equal(
			http_authority_read(span_of(rows[i].text), &authority), rows[i].valid);
		if (rows[i].valid)
			assert_int_equal(authority.port, rows[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_response, begin),
		cmocka_unit_test_setup(test_chunks, begin),
		cmocka_unit_test_setup(test_injection, begin),
		cmocka_unit_test_setup(test_forwarding, begin),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_authorities),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

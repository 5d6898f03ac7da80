/* SPDX-License-Identifier: Apache-2.0 */
/* Trace contexts as text, and spans as a collector wants them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/otlp.h"

#define GOOD "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void test_read(void **state)
{
	struct traceparent read;

	(void)state;
	assert_true(traceparent_read(SPAN(GOOD), &read));
	assert_true(read.trace[0] == UINT64_C(0x0af7651916cd43dd));
	assert_true(read.trace[1] == UINT64_C(0x8448eb211c80319c));
	assert_true(read.span == UINT64_C(0xb7ad6b7169203331));
	assert_int_equal(read.flags, TRACEPARENT_SAMPLED);
	/* A later version may say more. */
	assert_true(traceparent_read(
		SPAN("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more"), &read));
	assert_int_equal(read.flags, 0);
}

static void test_read_refuses(void **state)
{
	static const char *const WRONG[] = {
		"",
		"00",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
		"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00more",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01",
	};
	struct traceparent read = {.span = 7};

	(void)state;
	assert_false(traceparent_read((struct span){NULL, 0}, &read));
	for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++)
		assert_false(traceparent_read(span_of(WRONG[i]), &read));
	assert_int_equal(read.span, 7);
}

static void test_write(void **state)
{
	struct traceparent context;
	char text[TRACEPARENT_SIZE];

	(void)state;
	assert_true(traceparent_read(SPAN(GOOD), &context));
	traceparent_write(&context, text);
	assert_string_equal(text, GOOD);
}

static void test_spans(void **state)
{
	static char bytes[4096];
	struct otlp_span span = {.trace = {1, 2},
		.id = 3,
		.parent = 4,
		.kind = OTLP_KIND_CLIENT,
		.name = SPAN("attempt \"1\""),
		.started_at_utc_ns = INT64_C(1700000000123456789),
		.ended_at_utc_ns = INT64_C(1700000001123456789),
		.failed = true};
	struct json_writer writer;
	struct buffer buffer;

	(void)state;
	buffer_init_fixed(&buffer, bytes, sizeof bytes);
	otlp_begin(&writer, &buffer, "ballast", "1.2");
	otlp_span_begin(&writer, &span);
	otlp_attribute(&writer, "a", SPAN("x"));
	otlp_attribute(&writer, "absent", (struct span){NULL, 0});
	otlp_attribute_number(&writer, "n", -5);
	otlp_span_end(&writer);
	otlp_end(&writer);
	assert_true(json_writer_done(&writer));
	bytes[buffer.size] = '\0';
	assert_string_equal(bytes,
		"{\"resourceSpans\":[{\"resource\":{\"attributes\":["
		"{\"key\":\"service.name\",\"value\":{\"stringValue\":\"ballast\"}},"
		"{\"key\":\"service.version\",\"value\":{\"stringValue\":\"1.2\"}}]},"
		"\"scopeSpans\":[{\"scope\":{\"name\":\"ballast\"},\"spans\":["
		"{\"traceId\":\"00000000000000010000000000000002\",\"spanId\":\"0000000000000003\","
		"\"parentSpanId\":\"0000000000000004\",\"name\":\"attempt \\\"1\\\"\",\"kind\":3,"
		"\"startTimeUnixNano\":\"1700000000123456789\","
		"\"endTimeUnixNano\":\"1700000001123456789\",\"status\":{\"code\":2},"
		"\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"x\"}},"
		"{\"key\":\"n\",\"value\":{\"intValue\":\"-5\"}}]}]}]}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_refuses),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_spans),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

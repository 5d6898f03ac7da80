/* SPDX-License-Identifier: Apache-2.0 */
/* Instants as text. */
#include "daemon/instant.h"

#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_read(const char *text, int64_t seconds, int64_t ns)
{
	int64_t utc_ns = -1;

	if (!instant_read(span_of(text), &utc_ns))
		fail_msg("%s is not read", text);
	assert_int_equal(utc_ns, seconds * NS_PER_S + ns);
}

static void test_read(void **state)
{
	(void)state;
	assert_read("1970-01-01T00:00:00Z", 0, 0);
	assert_read("2000-02-29T12:00:00Z", 951825600, 0);
	assert_read("2026-11-23T13:20:46Z", 1795440046, 0);
	assert_read("2026-11-23t13:20:46.5z", 1795440046, 500000000);
	assert_read("2026-11-23 14:20:46.123456789123+01:00", 1795440046, 123456789);
	assert_read("2026-11-23T08:50:46-04:30", 1795440046, 0);
	assert_read("2261-12-31T23:59:60Z", 9214646400, 0);
}

static void test_refuse(void **state)
{
	static const char *const wrong[] = {"", "now", "2026-11-23", "2026-11-23T13:20Z",
		"2026-11-23T13:20:46", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T13:60:46Z",
		"2026-11-23T13:20:46.Z", "2026-11-23T13:20:46Zx", "2026-11-23T13:20:46+0100",
		"1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "2026-11-00T00:00:00Z",
		"+026-11-23T13:20:46Z"};
	int64_t utc_ns;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (instant_read(span_of(wrong[i]), &utc_ns))
			fail_msg("%s is read", wrong[i]);
}

static void assert_written(int64_t utc_ns, const char *wanted)
{
	struct json_writer writer;
	struct buffer text;

	buffer_init(&text, 256);
	json_writer_init(&writer, &text);
	instant_put(&writer, utc_ns);
	assert_true(json_writer_done(&writer));
	buffer_append_byte(&text, '\0');
	assert_string_equal(text.bytes, wanted);
	buffer_release(&text);
}

static void test_write(void **state)
{
	(void)state;
	assert_written(0, "null");
	assert_written(1795440046 * NS_PER_S + 7 * NS_PER_MS, "\"2026-11-23T13:20:46.007Z\"");
	assert_written(951825600 * NS_PER_S, "\"2000-02-29T12:00:00.000Z\"");
	assert_written(INT64_MAX, "\"2262-04-11T23:47:16.854Z\"");
}

/* What is written is read again, over all of a leap year and its neighbours. */
static void test_round(void **state)
{
	(void)state;
	for (int64_t day = 10000; day < 12000; day++) {
		int64_t utc_ns =
			(day * 86400 + day * 37 % 86400) * NS_PER_S + day * NS_PER_MS % NS_PER_S;
		int64_t again_ns = 0;
		struct json_writer writer;
		struct buffer text;

		buffer_init(&text, 256);
		json_writer_init(&writer, &text);
		instant_put(&writer, utc_ns);
		assert_true(instant_read((struct span){text.bytes + 1, text.size - 2}, &again_ns));
		assert_int_equal(again_ns, utc_ns);
		buffer_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is written is JSON, and misuse is noticed instead of writing something else. */
#include "wire/json.h"
#include "wire/jsonwrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char memory[4096];
static struct buffer buffer;
static struct json_writer writer;

static void begin(void)
{
	buffer_init_fixed(&buffer, memory, sizeof memory);
	json_writer_init(&writer, &buffer);
}

static void assert_written(const char *expected)
{
	struct json json;
	struct json_error error;

	assert_true(json_writer_done(&writer));
	assert_int_equal(buffer.size, strlen(expected));
	assert_memory_equal(memory, expected, buffer.size);
	assert_true(json_read(&json, buffer_span(&buffer), sizeof memory, &error));
	json_release(&json);
}

static void test_values(void **state)
{
	(void)state;
	begin();
	json_open(&writer, '{');
	json_key(&writer, "a");
	json_open(&writer, '[');
	json_put_unsigned(&writer, UINT64_MAX);
	json_put_signed(&writer, INT64_MIN);
	json_put_decimal(&writer, -1500, 3);
	json_put_bool(&writer, true);
	json_put_bool(&writer, false);
	json_put_null(&writer);
	json_put_id(&writer, 17);
	json_put_id(&writer, 0);
	json_put_word(&writer, NULL);
	json_put_raw(&writer, SPAN("{\"x\":1}"));
	json_put_raw(&writer, (struct span){NULL, 0});
	json_close(&writer);
	json_key_span(&writer, SPAN("b"));
	json_open(&writer, '{');
	json_close(&writer);
	json_close(&writer);
	assert_written("{\"a\":[18446744073709551615,-9223372036854775808,-1.5,true,false,null,"
		       "\"17\",null,null,{\"x\":1},null],\"b\":{}}");
}

static void test_texts(void **state)
{
	static const struct {
		struct span text;
		const char *written;
	} rows[] = {
		{{"", 0}, "\"\""}, {{"plain", 5}, "\"plain\""}, {{"a\"b\\c", 5}, "\"a\\\"b\\\\c\""},
		{{"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\""},
		{{"\0\x1f\x7f", 3}, "\"\\u0000\\u001f\\u007f\""},
		{{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9},
			"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{{"a\xff"
		  "b\xc3",
			 4},
			"\"a\xef\xbf\xbd"
			"b\xef\xbf\xbd\""},
		{{"\xc0\x8a", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
		{{"\xed\xa0\x80", 3}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* surrogate */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin();
		json_put_text(&writer, rows[i].text);
		assert_written(rows[i].written);
	}
}

/* One wrong call, after which the buffer has failed. */
static void test_misuse(void **state)
{
	(void)state;
	for (int wrong = 0; wrong < 9; wrong++) {
		begin();
		json_open(&writer, wrong == 0 ? '(' : '{');
		if (wrong == 1)
			json_put_null(&writer); /* without a key */
		json_key(&writer, "k");
		if (wrong == 2)
			json_key(&writer, "again");
		if (wrong == 3)
			json_close(&writer); /* a key without a value */
		json_open(&writer, '[');
		if (wrong == 4)
			json_key(&writer, "in a list");
		json_close(&writer);
		json_close(&writer);
		if (wrong == 5)
			json_close(&writer);
		if (wrong == 6)
			json_put_null(&writer); /* a second document */
		if (wrong == 7)
			json_key(&writer, "outside");
		for (int depth = 0; wrong == 8 && depth <= JSON_WRITE_DEPTH_MAX; depth++) {
			if (depth == 0)
				begin();
			json_open(&writer, '[');
		}
		assert_true(buffer.failed);
		assert_false(json_writer_done(&writer));
	}
}

static void test_unfinished_and_full(void **state)
{
	(void)state;
	begin();
	assert_false(json_writer_done(&writer));
	json_open(&writer, '[');
	assert_false(json_writer_done(&writer));
	buffer_init_fixed(&buffer, memory, 3);
	json_writer_init(&writer, &buffer);
	json_put_text(&writer, SPAN("too long"));
	assert_false(json_writer_done(&writer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_unfinished_and_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

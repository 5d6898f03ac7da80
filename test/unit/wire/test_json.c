/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/json.h"
#include "wire/jsonwrite.h"
#include "wire/problem.h"

static struct json_error error;

static void refuse(const char *text, size_t size, const char *message)
{
	struct json json;
	bool taken = json_read(&json, (struct span){text, size}, 4096, &error);
	if (taken || !strstr(error.text, message))
		print_error("%s: %s\n", text, taken ? "taken" : error.text);
	assert_false(taken);
	assert_non_null(strstr(error.text, message));
	assert_null(json.root);
	json_release(&json);
}

static void nest(char *text, unsigned depth)
{
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	text[2 * depth] = 0;
}

static void test_syntax(void **state)
{
	char deep[128], large[5000];
	struct json json;
	(void)state;
	refuse("", 0, "empty");
	refuse("{\"a\":1,}", 8, "at byte");
	refuse("{\"a\":1} x", 9, "at byte");
	refuse("// c\n1", 6, "at byte");
	refuse("NaN", 3, "at byte");
	refuse("\"\xff\"", 3, "at byte");
	refuse("\"\\ud800\"", 8, "at byte");
	refuse("\"a\0b\"", 5, "at byte");
	refuse("{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", 25, "\"c\" comes twice");
	refuse("{\"a\":1,\"\\u0061\":2}", 18, "\"a\" comes twice");
	memset(large, ' ', sizeof(large));
	refuse(large, sizeof(large), "4096 allowed");
	nest(deep, 33);
	refuse(deep, strlen(deep), "32 levels");
	nest(deep, 32);
	assert_true(json_read(&json, span_of(deep), 4096, &error));
	json_release(&json);
}

static void test_many_keys(void **state)
{
	struct buffer text;
	(void)state;
	buffer_init(&text, 1 << 20);
	buffer_append_text(&text, "{");
	for (unsigned i = 0; i < 300; i++) {
		buffer_append_text(&text, "\"k");
		buffer_append_unsigned(&text, i * 7 % 299);
		buffer_append_text(&text, i < 299 ? "\":1," : "\":1}");
	}
	struct json json;
	assert_false(json_read(&json, buffer_span(&text), 1 << 20, &error));
	assert_string_equal(error.text, "the key \"k0\" comes twice in one object");
	buffer_release(&text);
}

struct order {
	struct span kind;
	int64_t priority;
	bool wait;
	uint64_t parent;
	int64_t timeout_ns;
	double score;
	yyjson_val *payload;
	yyjson_val *tags;
	yyjson_val *needs;
};

static const struct json_field order_fields[] = {
	{"kind", JSON_TEXT, true, 1, 8, offsetof(struct order, kind)},
	{"priority", JSON_INTEGER, false, 0, 4, offsetof(struct order, priority)},
	{"wait", JSON_BOOL, false, 0, 0, offsetof(struct order, wait)},
	{"parent", JSON_ID, false, 0, 0, offsetof(struct order, parent)},
	{"timeout", JSON_DURATION, false, 0, INT64_C(60000000000),
		offsetof(struct order, timeout_ns)},
	{"score", JSON_NUMBER, false, 0, 0, offsetof(struct order, score)},
	{"payload", JSON_ANY, false, 0, 0, offsetof(struct order, payload)},
	{"tags", JSON_ARRAY, false, 0, 2, offsetof(struct order, tags)},
	{"needs", JSON_OBJECT, false, 0, 0, offsetof(struct order, needs)},
};
enum { ORDER_FIELDS = sizeof(order_fields) / sizeof(order_fields[0]) };

static void test_objects(void **state)
{
	static const struct {
		const char *text;
		const char *message; /* NULL: taken */
	} rows[] = {
		{"{\"kind\":\"a\"}", NULL},
		{"{\"kind\":\"a\",\"parent\":null,\"payload\":null}", NULL},
		{"{}", "\"kind\" is missing"},
		{"{\"kind\":null}", "\"kind\" is missing"},
		{"[]", "expected an object, got an array"},
		{"{\"kind\":\"\"}", "must be 1 to 8 bytes"},
		{"{\"kind\":\"123456789\"}", "must be 1 to 8 bytes"},
		{"{\"kind\":1}", "expected a string, got a whole number"},
		{"{\"kind\":\"a\",\"prioritty\":1}", "did you mean \"priority\"?"},
		{"{\"kind\":\"a\",\"\\u001b[2J\":1}", "\"?[2J\" is not a known field"},
		{"{\"kind\":\"a\",\"priority\":5}", "from 0 to 4"},
		{"{\"kind\":\"a\",\"priority\":-1}", "from 0 to 4"},
		{"{\"kind\":\"a\",\"priority\":1.5}", "expected a whole number, got a number"},
		{"{\"kind\":\"a\",\"priority\":18446744073709551615}", "from 0 to 4"},
		{"{\"kind\":\"a\",\"priority\":99999999999999999999}", "beyond 64 bits"},
		{"{\"kind\":\"a\",\"wait\":1}", "expected true or false"},
		{"{\"kind\":\"a\",\"parent\":7}", "digits in a string"},
		{"{\"kind\":\"a\",\"parent\":\"7x\"}", "\"7x\" is not an id"},
		{"{\"kind\":\"a\",\"parent\":\"0\"}", "\"0\" is not an id"},
		{"{\"kind\":\"a\",\"timeout\":30}", "a time in a string"},
		{"{\"kind\":\"a\",\"timeout\":\"30\"}", "\"30\" is not a time such as"},
		{"{\"kind\":\"a\",\"timeout\":\"2m\"}", "from 0 s to 60 s"},
		{"{\"kind\":\"a\",\"tags\":[1,2,3]}", "0 to 2 elements, got 3"},
		{"{\"kind\":\"a\",\"tags\":{}}", "expected an array, got an object"},
		{"{\"kind\":\"a\",\"needs\":true}", "expected an object, got true or false"},
		{"{\"kind\":\"a\",\"score\":\"1\"}", "expected a number, got a string"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct order order = {.priority = 2};
		struct json json;
		assert_true(json_read(&json, span_of(rows[i].text), 4096, &error));
		bool taken =
			json_read_object(json.root, order_fields, ORDER_FIELDS, &order, &error);
		if (taken != !rows[i].message || (!taken && !strstr(error.text, rows[i].message)))
			print_error("row %zu: %s\n", i, taken ? "taken" : error.text);
		assert_int_equal(taken, rows[i].message == NULL);
		if (!taken)
			assert_non_null(strstr(error.text, rows[i].message));
		json_release(&json);
	}
}

static void test_values(void **state)
{
	struct span text = SPAN(
		"{\"payload\": {\"n\":1.50e3,\"s\":\"}\\\"\"} ,\"kind\":\"fix\",\"priority\":3,"
		"\"wait\":true,\"parent\":\"18446744073709551615\",\"timeout\":\"1m\","
		"\"score\":0.5,\"tags\":[1]}");
	struct order order = {0};
	struct json json;
	(void)state;
	assert_true(json_read(&json, text, 4096, &error));
	assert_true(json_read_object(json.root, order_fields, ORDER_FIELDS, &order, &error));
	assert_true(span_equal(order.kind, SPAN("fix")));
	assert_int_equal(order.priority, 3);
	assert_true(order.wait);
	assert_true(order.parent == UINT64_MAX);
	assert_int_equal(order.timeout_ns, 60000000000);
	assert_true(order.score > 0.49 && order.score < 0.51);
	assert_int_equal(yyjson_arr_size(order.tags), 1);
	assert_true(span_equal(json_member_text(&json, text, SPAN("payload")),
		SPAN("{\"n\":1.50e3,\"s\":\"}\\\"\"}")));
	assert_true(span_equal(json_member_text(&json, text, SPAN("tags")), SPAN("[1]")));
	assert_null(json_member_text(&json, text, SPAN("none")).at);
	json_release(&json);
	text = SPAN(" { \"p\\u0061yload\" : 7 } ");
	assert_true(json_read(&json, text, 4096, &error));
	assert_true(span_equal(json_member_text(&json, text, SPAN("payload")), SPAN("7")));
	json_release(&json);
	text = SPAN("[1]");
	assert_true(json_read(&json, text, 4096, &error));
	assert_null(json_member_text(&json, text, SPAN("payload")).at);
	json_release(&json);
}

static char memory[4096];
static struct buffer out;
static struct json_writer writer;

static int begin(void **state)
{
	(void)state;
	buffer_init_fixed(&out, memory, sizeof(memory));
	json_writer_init(&writer, &out);
	return 0;
}

static void test_writing(void **state)
{
	const char *expected =
		"{\"id\":\"7\",\"none\":null,\"a\":[1,-2,true,null,[],{}],\"d\":1.5,"
		"\"e\":-0.001,\"f\":3,\"raw\":{\"x\":1},\"big\":18446744073709551615}";
	(void)state;
	json_open(&writer, '{');
	json_key(&writer, "id");
	json_put_id(&writer, 7);
	json_key(&writer, "none");
	json_put_word(&writer, NULL);
	json_key(&writer, "a");
	json_open(&writer, '[');
	json_put_signed(&writer, 1);
	json_put_signed(&writer, -2);
	json_put_bool(&writer, true);
	json_put_id(&writer, 0);
	json_open(&writer, '[');
	json_close(&writer);
	json_open(&writer, '{');
	json_close(&writer);
	json_close(&writer);
	json_key(&writer, "d");
	json_put_decimal(&writer, 1500, 3);
	json_key(&writer, "e");
	json_put_decimal(&writer, -1, 3);
	json_key(&writer, "f");
	json_put_decimal(&writer, 3000, 3);
	json_key(&writer, "raw");
	json_put_raw(&writer, SPAN("{\"x\":1}"));
	json_key(&writer, "big");
	json_put_unsigned(&writer, UINT64_MAX);
	assert_false(json_writer_done(&writer));
	json_close(&writer);
	assert_true(json_writer_done(&writer));
	assert_int_equal(out.size, strlen(expected));
	assert_memory_equal(out.bytes, expected, out.size);
}

static void test_escapes(void **state)
{
	/* Text from agents: quotes, controls, DEL, good and bad UTF-8 (overlong, surrogate, cut).
	 */
	struct span text = SPAN(
		"a\"\\\n\x01\x1b\x7f \xc3\xa9 \xf0\x9f\x98\x80 \xc0\xaf \xed\xa0\x80 \xe2\x82");
	const char *expected = "\"a\\\"\\\\\\n\\u0001\\u001b\\u007f \xc3\xa9 \xf0\x9f\x98\x80 "
			       "\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
			       "\xef\xbf\xbd\xef\xbf\xbd\"";
	struct json json;
	(void)state;
	json_put_text(&writer, text);
	assert_true(json_writer_done(&writer));
	assert_int_equal(out.size, strlen(expected));
	assert_memory_equal(out.bytes, expected, out.size);
	assert_true(json_read(&json, buffer_span(&out), sizeof(memory), &error));
	json_release(&json);
}

static void test_misuse(void **state)
{
	(void)state;
	json_key(&writer, "a");
	assert_true(out.failed);
	begin(NULL);
	json_open(&writer, '{');
	json_put_null(&writer);
	assert_true(out.failed);
	begin(NULL);
	json_open(&writer, '{');
	json_key(&writer, "a");
	json_close(&writer);
	assert_true(out.failed);
	begin(NULL);
	json_put_null(&writer);
	json_put_null(&writer);
	assert_true(out.failed);
	begin(NULL);
	json_close(&writer);
	assert_true(out.failed);
	begin(NULL);
	for (unsigned i = 0; i <= JSON_WRITE_DEPTH_MAX; i++)
		json_open(&writer, '[');
	assert_true(out.failed);
}

static void test_problems(void **state)
{
	struct problem problem = {
		.status = 429,
		.type = "queue-full",
		.detail = SPAN("the queue is full"),
		.instance = SPAN("/v1/tasks/7"),
		.retry_after_ms = 1500,
		.member_key = "limits",
		.member = SPAN("[1]"),
	};
	const char *expected =
		"{\"type\":\"urn:ballast:problem:queue-full\",\"title\":\"Too Many Requests\","
		"\"status\":429,\"detail\":\"the queue is full\",\"instance\":\"/v1/tasks/7\","
		"\"retry_after_s\":1.5,\"limits\":[1]}";
	(void)state;
	problem_write(&out, &problem);
	assert_false(out.failed);
	assert_int_equal(out.size, strlen(expected));
	assert_memory_equal(out.bytes, expected, out.size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_values),
		cmocka_unit_test_setup(test_writing, begin),
		cmocka_unit_test_setup(test_escapes, begin),
		cmocka_unit_test_setup(test_misuse, begin),
		cmocka_unit_test_setup(test_problems, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

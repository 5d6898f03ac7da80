/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/nearest.h"
#include "wire/quantity.h"
#include "wire/url.h"

static void test_quantities(void **state)
{
	static const struct {
		const char *text;
		enum quantity kind;
		bool valid;
		int64_t value;
		const char *written; /* NULL: as read */
	} rows[] = {
		{"30s", QUANTITY_TIME, true, 30000000000, NULL},
		{"1h30m", QUANTITY_TIME, true, 5400000000000, "90m"},
		{"1.5 s", QUANTITY_TIME, true, 1500000000, "1500ms"},
		{"0", QUANTITY_TIME, true, 0, NULL},
		{"2w", QUANTITY_TIME, true, 1209600000000000, NULL},
		{"30", QUANTITY_TIME, false, 0, NULL},
		{"30x", QUANTITY_TIME, false, 0, NULL},
		{"-3s", QUANTITY_TIME, false, 0, NULL},
		{"s", QUANTITY_TIME, false, 0, NULL},
		{"", QUANTITY_TIME, false, 0, NULL},
		{"99999999999h", QUANTITY_TIME, false, 0, NULL},
		{"99999999999999999999s", QUANTITY_TIME, false, 0, NULL},
		{"512MiB", QUANTITY_MEMORY, true, 536870912, NULL},
		{"1.5 GiB", QUANTITY_MEMORY, true, 1610612736, "1536MiB"},
		{"1 MB", QUANTITY_MEMORY, true, 1000000, "1MB"},
		{"0.500000000TiB", QUANTITY_MEMORY, true, 549755813888, "512GiB"},
		{"512", QUANTITY_MEMORY, false, 0, NULL},
		{"1MiB2", QUANTITY_MEMORY, false, 0, NULL},
		{"2 cores", QUANTITY_CPU, true, 2000, NULL},
		{"1 core", QUANTITY_CPU, true, 1000, NULL},
		{"0.5 cores", QUANTITY_CPU, true, 500, NULL},
		{"250m", QUANTITY_CPU, true, 250, "0.25 cores"},
		{"0.12 USD/h", QUANTITY_PRICE, true, 12000000, NULL},
		{"0", QUANTITY_PRICE, true, 0, "0 USD/h"},
		{"3 EUR/h", QUANTITY_PRICE, false, 0, NULL},
		{"80%", QUANTITY_SHARE, true, 800, NULL},
		{"12.5 %", QUANTITY_SHARE, true, 125, "12.5%"},
		{"0.05%", QUANTITY_SHARE, false, 0, NULL},
		{"100_000", QUANTITY_COUNT, true, 100000, "100000"},
		{"_1", QUANTITY_COUNT, false, 0, NULL},
		{"1.5", QUANTITY_COUNT, false, 0, NULL},
		{"1.", QUANTITY_COUNT, false, 0, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char memory[64];
		struct buffer out;
		int64_t value = 0;
		bool valid = quantity_read(span_of(rows[i].text), rows[i].kind, &value);
		if (valid != rows[i].valid || (valid && value != rows[i].value))
			print_error("%s: %d %lld\n", rows[i].text, valid, (long long)value);
		assert_int_equal(valid, rows[i].valid);
		if (!valid)
			continue;
		assert_int_equal(value, rows[i].value);
		buffer_init_fixed(&out, memory, sizeof(memory));
		quantity_write(&out, rows[i].kind, value);
		const char *written = rows[i].written ? rows[i].written : rows[i].text;
		assert_int_equal(out.size, strlen(written));
		assert_memory_equal(memory, written, out.size);
	}
}

static void test_rates(void **state)
{
	int64_t count, period_ns;
	(void)state;
	assert_true(quantity_read_rate(SPAN("30/min"), &count, &period_ns));
	assert_int_equal(count, 30);
	assert_int_equal(period_ns, 60000000000);
	assert_true(quantity_read_rate(SPAN("5/s"), &count, &period_ns));
	assert_int_equal(period_ns, 1000000000);
	assert_false(quantity_read_rate(SPAN("30"), &count, &period_ns));
	assert_false(quantity_read_rate(SPAN("30/"), &count, &period_ns));
	assert_false(quantity_read_rate(SPAN("/s"), &count, &period_ns));
	assert_false(quantity_read_rate(SPAN("30/fortnight"), &count, &period_ns));
}

static const char *find_nearest(const char *wrong)
{
	static const char *const names[] = {"timeout", "slots", "min", "max", "retry", "price"};
	struct nearest nearest;
	nearest_init(&nearest, span_of(wrong));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		nearest_offer(&nearest, names[i]);
	return nearest.best ? nearest.best : "";
}

static void test_nearest(void **state)
{
	(void)state;
	assert_string_equal(find_nearest("timeuot"), "timeout");
	assert_string_equal(find_nearest("Timeout"), "timeout");
	assert_string_equal(find_nearest("slot"), "slots");
	assert_string_equal(find_nearest("retyr"), "retry");
	assert_string_equal(find_nearest("mix"), "min");
	assert_string_equal(find_nearest("elephant"), "");
	assert_string_equal(find_nearest(""), "");
}

static void test_decoding(void **state)
{
	static const struct {
		const char *text;
		bool query;
		const char *decoded; /* NULL: refused */
	} rows[] = {
		{"a%20b+c", true, "a b c"},
		{"a%20b+c", false, "a b+c"},
		{"%41%e9", false, "A\xe9"},
		{"%2f", false, NULL},
		{"%2F", true, "/"},
		{"%00", true, NULL},
		{"%0a", true, NULL},
		{"%7f", true, NULL},
		{"%", true, NULL},
		{"%4", true, NULL},
		{"%4g", true, NULL},
		{"", true, ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char memory[64];
		struct buffer out;
		buffer_init_fixed(&out, memory, sizeof(memory));
		bool taken = rows[i].query ? url_decode_query(&out, span_of(rows[i].text))
					   : url_decode_path(&out, span_of(rows[i].text));
		assert_int_equal(taken, rows[i].decoded != NULL);
		assert_true(span_equal(buffer_span(&out), span_of(rows[i].decoded)));
	}
}

static void test_queries(void **state)
{
	struct url_parameter parameters[] = {{"wait", {NULL, 0}}, {"limit", {NULL, 0}}};
	struct span wrong;
	struct buffer memory;
	(void)state;
	buffer_init(&memory, 4096);
	assert_true(url_query_read(SPAN("limit=5&&wait=1%30s"), parameters, 2, &memory, &wrong));
	assert_true(span_equal(parameters[0].value, SPAN("10s")));
	assert_true(span_equal(parameters[1].value, SPAN("5")));
	assert_true(url_query_read(SPAN("wait"), parameters, 2, &memory, &wrong));
	assert_non_null(parameters[0].value.at);
	assert_null(parameters[1].value.at);
	assert_true(url_query_read((struct span){NULL, 0}, parameters, 2, &memory, &wrong));
	assert_false(url_query_read(SPAN("wait=1&wait=2"), parameters, 2, &memory, &wrong));
	assert_true(span_equal(wrong, SPAN("wait")));
	assert_false(url_query_read(SPAN("wiat=1"), parameters, 2, &memory, &wrong));
	assert_true(span_equal(wrong, SPAN("wiat")));
	assert_false(url_query_read(SPAN("limit=%"), parameters, 2, &memory, &wrong));
	assert_true(span_equal(wrong, SPAN("limit")));
	buffer_release(&memory);
}

static void test_matching(void **state)
{
	struct span values[2];
	uint32_t count;
	(void)state;
	assert_true(url_match(SPAN("/v1/tasks/7/why"), "/v1/tasks/{}/why", values, 2, &count));
	assert_int_equal(count, 1);
	assert_true(span_equal(values[0], SPAN("7")));
	assert_true(url_match(SPAN("/a/b"), "/{}/{}", values, 2, &count));
	assert_int_equal(count, 2);
	assert_false(url_match(SPAN("/v1/tasks//why"), "/v1/tasks/{}/why", values, 2, &count));
	assert_false(url_match(SPAN("/v1/tasks/7/why/"), "/v1/tasks/{}/why", values, 2, &count));
	assert_false(url_match(SPAN("/v1/tasks"), "/v1/tasks/{}", values, 2, &count));
	assert_false(url_match(SPAN("/v1/tasks/7/x"), "/v1/tasks/{}", values, 2, &count));
	assert_false(url_match(SPAN("/a/b/c"), "/{}/{}/{}", values, 2, &count));
}

static void test_urls(void **state)
{
	static const char *const bad[] = {"ftp://h", "http://", "http://u@h", "http://h/?q",
		"http://h/#f", "http://h:0", "http://h/a b", "h:80", "http:/h"};
	struct url url;
	(void)state;
	assert_true(url_read(SPAN("http://gpu1:8000"), &url));
	assert_int_equal(url.port, 8000);
	assert_true(span_equal(url.path, SPAN("/")));
	assert_true(url_read(SPAN("https://[::1]/v1/x"), &url));
	assert_true(url.secure);
	assert_int_equal(url.port, 443);
	assert_true(span_equal(url.path, SPAN("/v1/x")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(url_read(span_of(bad[i]), &url));
}

static void test_encoding(void **state)
{
	char memory[64];
	struct buffer out;
	(void)state;
	buffer_init_fixed(&out, memory, sizeof(memory));
	url_encode(&out, SPAN("a-_.~9 /\xff"));
	assert_true(span_equal(buffer_span(&out), SPAN("a-_.~9%20%2F%FF")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantities),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_decoding),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_matching),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_encoding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/buffer.h"
#include "wire/span.h"

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool valid;
		uint64_t number;
	} rows[] = {
		{"0", 9, true, 0},
		{"0010", 99, true, 10},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"99999999999999999999999", UINT64_MAX, false, 0},
		{"10", 9, false, 0},
		{"", 9, false, 0},
		{"+1", 9, false, 0},
		{"-1", 9, false, 0},
		{" 1", 9, false, 0},
		{"1a", 9, false, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t number = 77;
		bool valid = span_number(span_of(rows[i].text), rows[i].max, &number);
		assert_int_equal(valid, rows[i].valid);
		assert_int_equal(number, valid ? rows[i].number : 77);
	}
}

static void test_comparing(void **state)
{
	(void)state;
	assert_true(span_equal(SPAN("a\0b"), SPAN("a\0b")));
	assert_false(span_equal(SPAN("a\0b"), SPAN("a\0c")));
	assert_true(span_equal(span_of(NULL), SPAN("")));
	assert_true(span_equal_nocase(SPAN("HoSt"), SPAN("hOsT")));
	assert_false(span_equal_nocase(SPAN("host["), SPAN("host{")));
	assert_true(span_starts(SPAN("/v1/x"), SPAN("/v1")));
	assert_false(span_starts(SPAN("/v"), SPAN("/v1")));
}

static void test_cutting(void **state)
{
	struct span rest = SPAN(" a ,, b\t");
	(void)state;
	assert_true(span_equal(span_cut(&rest, ','), SPAN("a")));
	assert_true(span_equal(span_cut(&rest, ','), SPAN("")));
	assert_non_null(rest.at);
	assert_true(span_equal(span_cut(&rest, ','), SPAN("b")));
	assert_null(rest.at);
	rest = SPAN("a,");
	span_cut(&rest, ',');
	assert_non_null(rest.at);
	assert_true(span_equal(span_cut(&rest, ','), SPAN("")));
	assert_null(rest.at);
}

static void test_growing(void **state)
{
	struct buffer buffer;
	(void)state;
	buffer_init(&buffer, 1000);
	for (int i = 0; i < 100; i++)
		assert_true(buffer_append_text(&buffer, "0123456789"));
	assert_int_equal(buffer.size, 1000);
	assert_false(buffer_append_byte(&buffer, 'x'));
	assert_true(buffer.failed);
	assert_int_equal(buffer.size, 1000);
	buffer_clear(&buffer);
	assert_true(buffer_append_byte(&buffer, 'x'));
	buffer_release(&buffer);
	assert_int_equal(buffer.size, 0);
	assert_true(buffer_append_byte(&buffer, 'y'));
	assert_true(span_equal(buffer_span(&buffer), SPAN("y")));
	buffer_release(&buffer);
}

static void test_fixed(void **state)
{
	char memory[4];
	struct buffer buffer;
	(void)state;
	buffer_init_fixed(&buffer, memory, sizeof(memory));
	assert_true(buffer_append_text(&buffer, "abcd"));
	assert_false(buffer_append_byte(&buffer, 'e'));
	/* A failure stays: a later, shorter piece must not land behind a gap. */
	buffer_consume(&buffer, 2);
	assert_true(span_equal(buffer_span(&buffer), SPAN("cd")));
	assert_false(buffer_append_byte(&buffer, 'e'));
	buffer_release(&buffer);
}

static void test_digits(void **state)
{
	struct buffer buffer;
	(void)state;
	buffer_init(&buffer, 1000);
	buffer_append_signed(&buffer, INT64_MIN);
	buffer_append_byte(&buffer, ' ');
	buffer_append_unsigned(&buffer, UINT64_MAX);
	buffer_append_byte(&buffer, ' ');
	buffer_append_hex(&buffer, 0xdeadbeef);
	buffer_append_unsigned(&buffer, 0);
	assert_true(span_equal(
		buffer_span(&buffer), SPAN("-9223372036854775808 18446744073709551615 deadbeef0")));
	buffer_release(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_comparing),
		cmocka_unit_test(test_cutting),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

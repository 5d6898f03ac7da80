/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_clean(void **state)
{
	static const struct {
		const char *text, *cleaned;
	} rows[] = {
		{"", ""},
		{"plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
			"plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"a\tb\r\nc", "a b  c"},
		{"\x1b[31mred\x7f", "?[31mred?"},
		{"csi \xc2\x9b", "csi ??"},                      /* U+009B */
		{"turned \xe2\x80\xae back", "turned ??? back"}, /* U+202E */
		{"isolated \xe2\x81\xa6", "isolated ???"},       /* U+2066 */
		{"no \xff utf-8 \xc3", "no ? utf-8 ?"},          /* and half of a character */
		{"overlong \xc0\x8a, surrogate \xed\xa0\x80", "overlong ??, surrogate ???"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[128];
		size_t size = strlen(rows[i].text);

		memcpy(text, rows[i].text, size + 1);
		printable_clean(text, size);
		assert_string_equal(text, rows[i].cleaned);
	}
}

static void test_copy(void **state)
{
	char to[8];

	(void)state;
	assert_int_equal(printable_copy(to, sizeof to, SPAN("1234567")), 7);
	assert_string_equal(to, "1234567");
	assert_int_equal(printable_copy(to, sizeof to, SPAN("12345678")), 7);
	assert_string_equal(to, "1234...");
	/* The euro sign would be cut in two. */
	assert_int_equal(printable_copy(to, sizeof to,
				 SPAN("123\xe2\x82\xac"
				      "45")),
		6);
	assert_string_equal(to, "123...");
	assert_int_equal(printable_copy(to, sizeof to, (struct span){NULL, 0}), 0);
	assert_string_equal(to, "");
	assert_int_equal(printable_copy(to, sizeof to, SPAN("a\0b")), 3);
	assert_string_equal(to, "a?b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is written, where it is cut, and that text.h reads it back. */
#include "base/text_builder.h"

#include "unit.h"

#include <string.h>

#include "base/prng.h"
#include "base/text.h"
#include "base/units.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void adds_numbers(void **state)
{
	char data[256];
	struct text_builder builder;

	(void)state;
	text_builder_init(&builder, data, sizeof(data));
	assert_string_equal(data, "");
	text_add_u64(&builder, 0);
	text_add_char(&builder, ' ');
	text_add_u64(&builder, UINT64_MAX);
	text_add_char(&builder, ' ');
	text_add_i64(&builder, INT64_MIN);
	text_add_char(&builder, ' ');
	text_add_i64(&builder, -7);
	text_add_char(&builder, ' ');
	text_add_hex(&builder, 0, 0);
	text_add_char(&builder, ' ');
	text_add_hex(&builder, 0xbeef, 8);
	text_add_char(&builder, ' ');
	text_add_hex(&builder, UINT64_MAX, 1);
	assert_string_equal(data, "0 18446744073709551615 -9223372036854775808 -7 0 0000beef "
				  "ffffffffffffffff");
	assert_int_equal(builder.used, strlen(data));
	assert_true(text_equals_string(text_built(&builder), data));
	assert_false(builder.truncated);
	unit_expect_assert(text_add_fixed(&builder, 1, 19));
	unit_expect_assert(text_add_hex(&builder, 1, 17));
	unit_expect_assert(text_builder_init(&builder, data, 0));
}

static void adds_fixed_point(void **state)
{
	static const struct {
		int64_t value;
		uint32_t decimals;
		const char *text;
	} cases[] = {
		{1234, 2, "12.34"},
		{1200, 2, "12.00"},
		{5, 3, "0.005"},
		{-5, 1, "-0.5"},
		{0, 2, "0.00"},
		{7, 0, "7"},
		{INT64_MIN, 18, "-9.223372036854775808"},
		{INT64_MAX, 0, "9223372036854775807"},
		{1, 18, "0.000000000000000001"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char data[32];
		struct text_builder builder;

		text_builder_init(&builder, data, sizeof(data));
		text_add_fixed(&builder, cases[i].value, cases[i].decimals);
		assert_string_equal(data, cases[i].text);
	}
}

static void adds_durations(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{0, "0 s"},
		{1, "1 ns"},
		{999, "999 ns"},
		{1500, "1.5 us"},
		{250 * NS_PER_MS, "250 ms"},
		{12345678, "12.3 ms"},
		{999499999, "999 ms"},
		{999500000, "1 s"},
		{1250 * NS_PER_MS, "1.25 s"},
		{59949 * NS_PER_MS, "59.9 s"},
		{59950 * NS_PER_MS, "1 m"},
		{90 * NS_PER_S, "1 m 30 s"},
		{45 * NS_PER_MIN, "45 m"},
		{NS_PER_HOUR - 1, "1 h"},
		{90 * NS_PER_MIN, "1 h 30 m"},
		{NS_PER_DAY - 1, "1 d"},
		{52 * NS_PER_HOUR, "2 d 4 h"},
		{365 * NS_PER_DAY, "365 d"},
		{-1250 * NS_PER_MS, "-1.25 s"},
		{TIME_NEVER_NS, "never"},
		{TIME_NEVER_NS - 1, "106752 d"},
		{INT64_MIN, "-106752 d"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char data[32];
		struct text_builder builder;

		text_builder_init(&builder, data, sizeof(data));
		text_add_duration(&builder, cases[i].ns);
		assert_string_equal(data, cases[i].text);
	}
}

static void adds_bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{512, "512 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{1536, "1.5 KiB"},
		{10 * 1024 + 51, "10 KiB"},
		{10 * 1024 + 52, "10.1 KiB"},
		{12897485, "12.3 MiB"},
		{1023 * UINT64_C(1024) + 511, "1023 KiB"},
		{1023 * UINT64_C(1024) + 512, "1 MiB"},
		{UINT64_C(1) << 40, "1 TiB"},
		{(UINT64_C(1) << 60) - 1, "1 EiB"},
		{UINT64_MAX, "16 EiB"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char data[32];
		struct text_builder builder;

		text_builder_init(&builder, data, sizeof(data));
		text_add_bytes(&builder, cases[i].bytes);
		assert_string_equal(data, cases[i].text);
	}
}

static void adds_money(void **state)
{
	static const struct {
		int64_t microcents;
		const char *text;
	} cases[] = {
		{12 * MICROCENTS_PER_CENT, "0.12 USD"},
		{125 * MICROCENTS_PER_CENT / 100, "0.0125 USD"},
		{1, "0.00000001 USD"},
		{-3 * MICROCENTS_PER_USD, "-3.00 USD"},
		{0, "0.00 USD"},
	};
	char data[32];
	struct text_builder builder;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		text_builder_init(&builder, data, sizeof(data));
		text_add_money(&builder, cases[i].microcents, TEXT("USD"));
		assert_string_equal(data, cases[i].text);
	}
	text_builder_init(&builder, data, sizeof(data));
	text_add_money(&builder, MICROCENTS_PER_USD, text_from(NULL));
	assert_string_equal(data, "1.00");
}

static void escapes(void **state)
{
	static const struct {
		struct bal_text text;
		const char *escaped;
	} cases[] = {
		{{"plain text", 10}, "plain text"},
		{{"a\nb\r\tc\\n", 8}, "a\\nb\\r\\tc\\\\n"},
		{{"\x1b[31m\0\x7f", 7}, "\\x1b[31m\\x00\\x7f"},
		{{"\xc3\xa9\xf0\x9f\x98\x80", 6}, "\xc3\xa9\xf0\x9f\x98\x80"},
		{{"\xc2\x9b"
		  "31m",
			 5},
			"\\x9b31m"},
		{{"\xc3(\xff\xe2\x82", 5}, "\\xc3(\\xff\\xe2\\x82"},
		{{"\xe2\x80\xae"
		  "evil\xe2\x80\xa8",
			 10},
			"\\u202eevil\\u2028"},
	};
	char data[64];
	struct text_builder builder;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		text_builder_init(&builder, data, sizeof(data));
		text_add_escaped(&builder, cases[i].text);
		assert_string_equal(data, cases[i].escaped);
	}
}

/* Whatever bytes come in: what goes out is UTF-8 without control characters. */
static void escapes_noise(void **state)
{
	struct prng prng;

	(void)state;
	prng_init(&prng, 8);
	for (int i = 0; i < 20000; i++) {
		char noise[16];
		char data[48];
		struct text_builder builder;
		size_t size = prng_below(&prng, sizeof(noise) + 1);

		for (size_t k = 0; k < size; k++)
			noise[k] = (char)(prng_next(&prng) >> (prng_below(&prng, 2) + 55));
		text_builder_init(&builder, data, sizeof(data));
		text_add_escaped(&builder, (struct bal_text){noise, (uint32_t)size});
		assert_true(text_is_utf8(text_built(&builder)));
		assert_int_equal(strlen(data), builder.used);
		for (size_t k = 0; k < builder.used; k++)
			assert_true((uint8_t)data[k] >= 0x20 && data[k] != 0x7f);
	}
}

static void cuts_once_and_for_all(void **state)
{
	char data[8];
	struct text_builder builder;

	(void)state;
	text_builder_init(&builder, data, sizeof(data));
	text_add_string(&builder, "12345\xe2\x82\xac");
	assert_string_equal(data, "12345");
	assert_true(builder.truncated);
	text_add_char(&builder, 'x');
	text_add_string(&builder, "");
	assert_string_equal(data, "12345");

	text_builder_init(&builder, data, sizeof(data));
	text_add_string(&builder, "1234\xe2\x82\xac");
	assert_string_equal(data, "1234\xe2\x82\xac");
	assert_false(builder.truncated);
	text_add_string(&builder, "");
	assert_false(builder.truncated);
	text_add_char(&builder, 'x');
	assert_true(builder.truncated);

	/* Numbers, durations and escapes are whole or absent. */
	text_builder_init(&builder, data, sizeof(data));
	text_add_string(&builder, "abcd");
	text_add_u64(&builder, 1234);
	assert_string_equal(data, "abcd");
	assert_true(builder.truncated);
	text_builder_init(&builder, data, sizeof(data));
	text_add_duration(&builder, 90 * NS_PER_S);
	assert_string_equal(data, "");
	assert_true(builder.truncated);
	text_builder_init(&builder, data, sizeof(data));
	text_add_escaped(&builder, TEXT("abcd\1"));
	assert_string_equal(data, "abcd");
	assert_true(builder.truncated);

	text_builder_init(&builder, data, 1);
	text_add_string(&builder, "a");
	assert_string_equal(data, "");
	assert_true(builder.truncated);
}

static void pads(void **state)
{
	char data[16];
	struct text_builder builder;

	(void)state;
	text_builder_init(&builder, data, sizeof(data));
	text_add_string(&builder, "a:");
	text_add_u64(&builder, 42);
	text_pad_left(&builder, 2, 5);
	assert_string_equal(data, "a:   42");
	text_pad_left(&builder, 2, 5);
	text_pad_right(&builder, 0, 3);
	assert_string_equal(data, "a:   42");
	text_pad_right(&builder, 0, 9);
	assert_string_equal(data, "a:   42  ");
	assert_int_equal(builder.used, 9);
	text_pad_left(&builder, 0, 16);
	assert_string_equal(data, "a:   42  ");
	assert_true(builder.truncated);
	text_pad_right(&builder, 0, 12);
	assert_string_equal(data, "a:   42  ");

	text_builder_init(&builder, data, sizeof(data));
	text_add_string(&builder, "\xc3\xa9\xe2\x82\xac");
	text_pad_right(&builder, 0, 4);
	assert_string_equal(data, "\xc3\xa9\xe2\x82\xac  ");
	text_pad_left(&builder, 0, 10);
	assert_int_equal(builder.used, 13);
	assert_false(builder.truncated);
	unit_expect_assert(text_pad_left(&builder, 14, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_numbers),
		cmocka_unit_test(adds_fixed_point),
		cmocka_unit_test(adds_durations),
		cmocka_unit_test(adds_bytes),
		cmocka_unit_test(adds_money),
		cmocka_unit_test(escapes),
		cmocka_unit_test(escapes_noise),
		cmocka_unit_test(cuts_once_and_for_all),
		cmocka_unit_test(pads),
	};

	return cmocka_run_group_tests_name("base/text_builder", tests, NULL, NULL);
}

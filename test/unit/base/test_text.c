/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of what is read and what is refused; doubles against the C library. */
#include "base/text.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "base/units.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct value_case {
	const char *text;
	int64_t value; /* -1: refused */
};

/* The text is copied to the end of a block of just its size, so that reading on is found by the
 * sanitizer. */
static struct bal_text copy_text(const char *string)
{
	size_t size = strlen(string);
	char *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	memcpy(copy, string, size);
	return (struct bal_text){copy, (uint32_t)size};
}

static void free_text(struct bal_text text)
{
	free((void *)(uintptr_t)text.data);
}

static void check_values(
	bool (*parse)(struct bal_text, int64_t *), const struct value_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct bal_text text = copy_text(cases[i].text);
		int64_t value = -77;
		bool taken = parse(text, &value);

		if (taken != (cases[i].value >= 0))
			fail_msg("\"%s\" taken: %d", cases[i].text, taken);
		if (value != (taken ? cases[i].value : -77))
			fail_msg("\"%s\" read as %lld", cases[i].text, (long long)value);
		free_text(text);
	}
}

static void compares(void **state)
{
	struct bal_text none = {NULL, 0};

	(void)state;
	assert_true(text_equals(TEXT("abc"), text_from("abc")));
	assert_false(text_equals(TEXT("abc"), TEXT("abd")));
	assert_false(text_equals(TEXT("abc"), TEXT("ab")));
	assert_true(text_equals(none, TEXT("")));
	assert_true(text_equals(none, text_from(NULL)));
	assert_true(text_equals_string(TEXT("x"), "x"));
	assert_false(text_equals(TEXT("a\0b"), TEXT("a\0c")));
	assert_true(text_equals_ignoring_case(TEXT("Retry-AFTER"), TEXT("retry-after")));
	assert_false(text_equals_ignoring_case(TEXT("@"), TEXT("`")));
	assert_false(text_equals_ignoring_case(TEXT("[a"), TEXT("{a")));
	assert_false(text_equals_ignoring_case(TEXT("ab"), TEXT("a")));
	assert_true(text_starts_with(TEXT("abc"), TEXT("ab")));
	assert_true(text_starts_with(TEXT("abc"), none));
	assert_false(text_starts_with(TEXT("ab"), TEXT("abc")));
	assert_true(text_ends_with(TEXT("abc"), TEXT("bc")));
	assert_true(text_ends_with(none, none));
	assert_false(text_ends_with(TEXT("abc"), TEXT("ab")));
	assert_true(text_compare(TEXT("a"), TEXT("b")) < 0);
	assert_true(text_compare(TEXT("b"), TEXT("ab")) > 0);
	assert_true(text_compare(TEXT("a"), TEXT("ab")) < 0);
	assert_true(text_compare(TEXT("\xff"), TEXT("a")) > 0);
	assert_int_equal(text_compare(none, TEXT("")), 0);
}

static void trims_and_cuts(void **state)
{
	struct bal_text rest = TEXT("a,,b");
	struct bal_text head;

	(void)state;
	assert_true(text_equals(text_trim(TEXT(" \t a b\r\n")), TEXT("a b")));
	assert_int_equal(text_trim(TEXT(" \n\t ")).size, 0);
	assert_int_equal(text_trim(text_from(NULL)).size, 0);
	assert_true(text_cut(&rest, ',', &head));
	assert_true(text_equals(head, TEXT("a")));
	assert_true(text_cut(&rest, ',', &head));
	assert_int_equal(head.size, 0);
	assert_false(text_cut(&rest, ',', &head));
	assert_true(text_equals(head, TEXT("b")));
	assert_int_equal(rest.size, 0);
	assert_false(text_cut(&rest, ',', &head));
	assert_int_equal(head.size, 0);
}

static void knows_names(void **state)
{
	char longest[TEXT_NAME_SIZE_MAX + 1];
	struct bal_text text = {longest, TEXT_NAME_SIZE_MAX};

	(void)state;
	memset(longest, 'x', sizeof(longest));
	assert_true(text_is_name(text));
	text.size++;
	assert_false(text_is_name(text));
	assert_true(text_is_name(TEXT("llama-3.1_70B")));
	assert_false(text_is_name(TEXT("")));
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		bool expected = c != 0 && c < 128 &&
				strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789._-",
					c) != NULL;

		assert_int_equal(text_is_name((struct bal_text){&byte, 1}), expected);
	}
}

/* Every code point by a straight encoder, and what no encoder writes. */
static void knows_utf8(void **state)
{
	static const char *const broken[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3",
		"\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\xfe", "a\xc3(",
		"\xf0\x9f\x98"};

	(void)state;
	for (uint32_t code = 0; code <= 0x110000; code++) {
		char data[4] = {(char)code};
		uint32_t size = 1;
		uint32_t read;

		if (code >= 0x10000) {
			data[0] = (char)(0xf0 | code >> 18);
			data[1] = (char)(0x80 | (code >> 12 & 63));
			data[2] = (char)(0x80 | (code >> 6 & 63));
			size = 4;
		} else if (code >= 0x800) {
			data[0] = (char)(0xe0 | code >> 12);
			data[1] = (char)(0x80 | (code >> 6 & 63));
			size = 3;
		} else if (code >= 0x80) {
			data[0] = (char)(0xc0 | code >> 6);
			size = 2;
		}
		if (size > 1)
			data[size - 1] = (char)(0x80 | (code & 63));
		if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			size = 0;
		if (text_character((struct bal_text){data, 4}, &read) != size)
			fail_msg("U+%04x", code);
		assert_true(size == 0 || read == code);
	}
	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		struct bal_text text = copy_text(broken[i]);

		if (text_is_utf8(text))
			fail_msg("broken text %zu passes", i);
		free_text(text);
	}
	assert_true(text_is_utf8(text_from(NULL)));
	assert_true(text_is_utf8(TEXT("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80")));
}

/* The definition, by recursion from the ends. */
static uint32_t distance_naive(struct bal_text a, struct bal_text b)
{
	uint32_t best;
	uint32_t other;
	bool same;

	if (a.size == 0 || b.size == 0)
		return a.size + b.size;
	same = a.data[a.size - 1] == b.data[b.size - 1];
	best = distance_naive((struct bal_text){a.data, a.size - 1},
		       (struct bal_text){b.data, b.size - 1}) +
	       !same;
	other = distance_naive((struct bal_text){a.data, a.size - 1}, b) + 1;
	best = other < best ? other : best;
	other = distance_naive(a, (struct bal_text){b.data, b.size - 1}) + 1;
	best = other < best ? other : best;
	if (a.size > 1 && b.size > 1 && a.data[a.size - 1] == b.data[b.size - 2] &&
		a.data[a.size - 2] == b.data[b.size - 1]) {
		other = distance_naive((struct bal_text){a.data, a.size - 2},
				(struct bal_text){b.data, b.size - 2}) +
			1;
		best = other < best ? other : best;
	}
	return best;
}

static void measures_distance(void **state)
{
	char long_data[TEXT_DISTANCE_SIZE_MAX + 1] = {0};
	struct bal_text longest = {long_data, TEXT_DISTANCE_SIZE_MAX};
	struct prng prng;

	(void)state;
	prng_init(&prng, 5);
	for (int i = 0; i < 2000; i++) {
		char data[2][5];
		struct bal_text texts[2];
		uint32_t expected;

		for (int k = 0; k < 2; k++) {
			texts[k] = (struct bal_text){data[k], (uint32_t)prng_below(&prng, 6)};
			for (int j = 0; j < 5; j++)
				data[k][j] = (char)('a' + prng_below(&prng, 3));
		}
		expected = distance_naive(texts[0], texts[1]);
		assert_int_equal(text_distance(texts[0], texts[1], 10), expected);
		assert_int_equal(text_distance(texts[0], texts[1], 2), expected > 2 ? 3 : expected);
	}
	assert_int_equal(text_distance(longest, TEXT(""), 1000), TEXT_DISTANCE_SIZE_MAX);
	assert_int_equal(text_distance(longest, longest, 3), 0);
	longest.size++;
	assert_int_equal(text_distance(longest, longest, 3), 4);
}

static void finds_the_nearest(void **state)
{
	static const char *const words[] = {"timeout", "slots", "max", "min", "command"};

	(void)state;
	assert_string_equal(text_nearest(TEXT("timeuot"), words, COUNT_OF(words)), "timeout");
	assert_string_equal(text_nearest(TEXT("time_out"), words, COUNT_OF(words)), "timeout");
	assert_string_equal(text_nearest(TEXT("slot"), words, COUNT_OF(words)), "slots");
	assert_string_equal(text_nearest(TEXT("mix"), words, COUNT_OF(words)), "max");
	assert_string_equal(text_nearest(TEXT("min"), words, COUNT_OF(words)), "min");
	assert_null(text_nearest(TEXT("zebra"), words, COUNT_OF(words)));
	assert_null(text_nearest(TEXT(""), words, COUNT_OF(words)));
	assert_null(text_nearest(TEXT("min"), words, 0));
}

static void reads_integers(void **state)
{
	static const char *const refused[] = {"", "-", "+1", " 1", "1 ", "01", "00", "1.0", "0x1",
		"1e3", "--1", "1_000", "18446744073709551616", "99999999999999999999999",
		"\xd9\xa1"};
	uint64_t u64 = 7;
	int64_t i64 = 7;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct bal_text text = copy_text(refused[i]);

		if (text_parse_u64(text, &u64) || text_parse_i64(text, &i64))
			fail_msg("\"%s\" is taken", refused[i]);
		free_text(text);
	}
	assert_false(text_parse_u64(TEXT("1\0"), &u64));
	assert_false(text_parse_u64(TEXT("-1"), &u64));
	assert_int_equal(u64, 7);
	assert_true(text_parse_u64(TEXT("18446744073709551615"), &u64));
	assert_true(u64 == UINT64_MAX);
	assert_true(text_parse_u64(TEXT("0"), &u64));
	assert_int_equal(u64, 0);
	assert_false(text_parse_i64(TEXT("9223372036854775808"), &i64));
	assert_false(text_parse_i64(TEXT("-9223372036854775809"), &i64));
	assert_int_equal(i64, 7);
	assert_true(text_parse_i64(TEXT("9223372036854775807"), &i64));
	assert_true(i64 == INT64_MAX);
	assert_true(text_parse_i64(TEXT("-9223372036854775808"), &i64));
	assert_true(i64 == INT64_MIN);
	assert_true(text_parse_i64(TEXT("-42"), &i64));
	assert_int_equal(i64, -42);
}

static void check_double(const char *string)
{
	struct bal_text text = copy_text(string);
	double expected = strtod(string, NULL);
	double value = 77;
	bool finite = expected - expected == 0;

	if (text_parse_double(text, &value) != finite)
		fail_msg("\"%s\" taken: %d", string, !finite);
	if (finite && memcmp(&value, &expected, sizeof(value)) != 0)
		fail_msg("\"%s\": %.17g, not %.17g", string, value, expected);
	assert_true(finite || value == 77);
	free_text(text);
}

static void reads_doubles(void **state)
{
	static const char *const taken[] = {"0", "-0", "0.0", "1", "-1.5", "0.1", "1e3", "1E+3",
		"1e-3", "0.95", "123456789012345678", "9007199254740993", "9007199254740992.5",
		"9007199254740993.0000000000000000000000000000000000000000000000000000000000001",
		"1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308",
		"1e308", "1e309", "1e310", "1e9999", "1e99999999999999999999", "0e99999999999999",
		"1e-99999999999999999999", "4.9406564584124654e-324", "2.4703282292062327e-324",
		"2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072014e-308",
		"2.2250738585072012e-308", "1e22", "1e23", "1e-22", "123456789012345e22",
		"0.000000000000000000000000000000000000000000000000001e60", "8.5e-5",
		"1090544144181609348671888949248", "1.00000005960464477539062500001",
		"179769313486231580793728971405301e276", "6.631236846766476e-316"};
	static const char *const refused[] = {"", "-", ".", ".5", "5.", "1e", "1e+", "1e-", "+1",
		"01", "-01", "00.5", "1.5.5", "1 ", " 1", "0x1p3", "inf", "nan", "Infinity", "1,5",
		"1e5.0", "1e 5", "--1", "1d3", "1f"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(taken); i++)
		check_double(taken[i]);
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct bal_text text = copy_text(refused[i]);
		double value = 77;

		if (text_parse_double(text, &value) || value != 77)
			fail_msg("\"%s\" is taken", refused[i]);
		free_text(text);
	}
}

/* Doubles of all sizes, the points half-way to their neighbours, and long hostile digit strings. */
static void rounds_doubles_correctly(void **state)
{
	char string[TEXT_DOUBLE_SIZE_MAX + 2];
	struct prng prng;

	(void)state;
	prng_init(&prng, 17);
	for (int i = 0; i < 4000; i++) {
		uint64_t bits = prng_next(&prng) >> 1;
		int digits = (int)prng_below(&prng, 25) + 1;
		double value;
		double next;

		bits >>= i % 8 == 0 ? 11 + prng_below(&prng, 50) : 0;
		if (bits >> 52 >= 0x7fe)
			continue;
		memcpy(&value, &bits, sizeof(value));
		bits++;
		memcpy(&next, &bits, sizeof(next));
		(void)snprintf(string, sizeof(string), "%.*e", digits, value);
		check_double(string);
		if (i % 4 != 0)
			continue;
		(void)snprintf(string, sizeof(string), "%.780Le",
			(long double)value / 2 + (long double)next / 2);
		check_double(string);
	}
	for (uint32_t size = 600; size <= TEXT_DOUBLE_SIZE_MAX + 1; size += 53) {
		memset(string, '9', size);
		string[1] = '.';
		string[size] = 0;
		if (size <= TEXT_DOUBLE_SIZE_MAX)
			check_double(string);
	}
	memset(string, '0', sizeof(string));
	string[1] = '.';
	assert_false(text_parse_double(
		(struct bal_text){string, TEXT_DOUBLE_SIZE_MAX + 1}, &(double){0}));
	/* Half-way between 1 and its neighbour, and a little more behind the 800th digit. */
	(void)snprintf(string, sizeof(string), "%.1000Lf1", 1 + 0x1p-53L);
	check_double(string);
	string[1002] = '0';
	check_double(string);
}

static void reads_durations(void **state)
{
	static const struct value_case cases[] = {
		{"30s", 30 * NS_PER_S},
		{"10m", 10 * NS_PER_MIN},
		{"10min", 10 * NS_PER_MIN},
		{"45m", 45 * NS_PER_MIN},
		{"1h30m", 90 * NS_PER_MIN},
		{"1h 30m", 90 * NS_PER_MIN},
		{"1 h 30 m", 90 * NS_PER_MIN},
		{"2d", 2 * NS_PER_DAY},
		{"1w2d3h4m5s6ms7us8ns",
			9 * NS_PER_DAY + 3 * NS_PER_HOUR + 4 * NS_PER_MIN + 5006007008},
		{"250ms", 250 * NS_PER_MS},
		{"1.5h", 90 * NS_PER_MIN},
		{"1h0.5m", 3630 * NS_PER_S},
		{"0.29s", 290000000},
		{"0.0000000015s", 2},
		{"0", 0},
		{"0s", 0},
		{"9223372036854775806ns", INT64_MAX - 1},
		{"", -1},
		{"s", -1},
		{"30", -1},
		{"-30s", -1},
		{"+30s", -1},
		{" 30s", -1},
		{"30s ", -1},
		{"30  s", -1},
		{"1h  30m", -1},
		{"30S", -1},
		{"30sec", -1},
		{"30 s m", -1},
		{"30m1h", -1},
		{"1h1h", -1},
		{"1m1min", -1},
		{"1.5h30m", -1},
		{".5s", -1},
		{"5.s", -1},
		{"1.1234567890123456789s", -1},
		{"030s", -1},
		{"1e3s", -1},
		{"0x1s", -1},
		{"9223372036854775807ns", -1},
		{"9223372036854775806ns1ns", -1},
		{"292y", -1},
		{"15251w", -1},
		{"18446744073709551615w", -1},
		{"18446744073709551616ns", -1},
		{"15250w9999999999999s", -1},
	};

	(void)state;
	check_values(text_parse_duration, cases, COUNT_OF(cases));
}

static void reads_sizes(void **state)
{
	static const struct value_case cases[] = {
		{"512MiB", 512 * MIB},
		{"1GiB", GIB},
		{"1.5 GiB", GIB + GIB / 2},
		{"10kB", 10000},
		{"3MB", 3000000},
		{"3GB", INT64_C(3000000000)},
		{"2TB", INT64_C(2000000000000)},
		{"2TiB", 2 * TIB},
		{"7KiB", 7168},
		{"100 B", 100},
		{"0", 0},
		{"0.3KiB", 307},
		{"8388607TiB", INT64_C(8388607) * TIB},
		{"", -1},
		{"512", -1},
		{"0.0", -1},
		{"512M", -1},
		{"512Mi", -1},
		{"512mib", -1},
		{"1KB", -1},
		{"-1B", -1},
		{"1GiB ", -1},
		{"1  GiB", -1},
		{"1GiB1MiB", -1},
		{"GiB", -1},
		{"8388608TiB", -1},
		{"9223372036854775807B", -1},
	};

	(void)state;
	check_values(text_parse_size, cases, COUNT_OF(cases));
}

static void reads_rates(void **state)
{
	static const struct {
		const char *text;
		int64_t count;
		int64_t period_ns; /* 0: refused */
	} cases[] = {
		{"30/min", 30, NS_PER_MIN},
		{"30/m", 30, NS_PER_MIN},
		{"5/s", 5, NS_PER_S},
		{"0/h", 0, NS_PER_HOUR},
		{"1000/d", 1000, NS_PER_DAY},
		{"100/10s", 100, 10 * NS_PER_S},
		{"100/1h30m", 100, 90 * NS_PER_MIN},
		{"9223372036854775807/s", INT64_MAX, NS_PER_S},
		{"", 0, 0},
		{"30", 0, 0},
		{"30/", 0, 0},
		{"/s", 0, 0},
		{"30/0", 0, 0},
		{"30/0s", 0, 0},
		{"30 / min", 0, 0},
		{"30/minute", 0, 0},
		{"-30/min", 0, 0},
		{"1.5/s", 0, 0},
		{"30/min ", 0, 0},
		{"30/min/s", 0, 0},
		{"9223372036854775808/s", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bal_text text = copy_text(cases[i].text);
		int64_t count = 0;
		int64_t period_ns = 0;
		bool taken = text_parse_rate(text, &count, &period_ns);

		if (taken != (cases[i].period_ns > 0) || count != cases[i].count ||
			period_ns != cases[i].period_ns)
			fail_msg("\"%s\" read as %lld per %lld ns", cases[i].text, (long long)count,
				(long long)period_ns);
		free_text(text);
	}
}

static bool parse_money(struct bal_text text, int64_t *microcents)
{
	return text_parse_money(text, microcents, NULL);
}

static bool parse_price(struct bal_text text, int64_t *microcents_hour)
{
	return text_parse_price(text, microcents_hour, NULL);
}

static void reads_money(void **state)
{
	static const struct value_case amounts[] = {
		{"12.50 USD", 1250 * MICROCENTS_PER_CENT},
		{"0.29USD", 29 * MICROCENTS_PER_CENT},
		{"0 EUR", 0},
		{"0.000000015 USD", 2},
		{"92233720368.54775806 USD", INT64_MAX - 1},
		{"92233720368.54775807 USD", -1},
		{"12.50", -1},
		{"USD 12.50", -1},
		{"12.50 usd", -1},
		{"12.50 US", -1},
		{"12.50 USDT", -1},
		{"12,50 USD", -1},
		{"-1 USD", -1},
		{"1 USD ", -1},
		{"1  USD", -1},
		{"1 USD/h", -1},
		{"", -1},
	};
	static const struct value_case prices[] = {
		{"0.12 USD/h", 12 * MICROCENTS_PER_CENT},
		{"2EUR/h", 2 * MICROCENTS_PER_USD},
		{"0.12 USD", -1},
		{"0.12 USD/d", -1},
		{"0.12 USD /h", -1},
		{"0.12 USD/hour", -1},
		{"/h", -1},
		{"h", -1},
		{"", -1},
	};
	struct bal_text currency;
	int64_t value;

	(void)state;
	check_values(parse_money, amounts, COUNT_OF(amounts));
	check_values(parse_price, prices, COUNT_OF(prices));
	assert_true(text_parse_price(TEXT("3 CHF/h"), &value, &currency));
	assert_true(text_equals(currency, TEXT("CHF")));
}

/* Random strings of the characters that matter: nothing crashes, and what is taken is in range. */
static void survives_noise(void **state)
{
	static const char alphabet[] = "0019.eE+-/ hmsdwnuKMGiBkUSD";
	struct prng prng;

	(void)state;
	prng_init(&prng, 23);
	for (int i = 0; i < 30000; i++) {
		char string[12] = {0};
		uint64_t size = prng_below(&prng, sizeof(string));
		struct bal_text text;
		int64_t value = 0;
		int64_t period_ns = 1;

		for (uint64_t k = 0; k < size; k++)
			string[k] = alphabet[prng_below(&prng, sizeof(alphabet) - 1)];
		text = copy_text(string);
		if (text_parse_duration(text, &value))
			assert_true(value >= 0 && value < TIME_NEVER_NS);
		if (text_parse_size(text, &value))
			assert_true(value >= 0);
		if (text_parse_rate(text, &value, &period_ns))
			assert_true(value >= 0 && period_ns > 0);
		if (text_parse_price(text, &value, NULL))
			assert_true(value >= 0);
		if (text_parse_double(text, &(double){0}))
			check_double(string);
		free_text(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares),
		cmocka_unit_test(trims_and_cuts),
		cmocka_unit_test(knows_names),
		cmocka_unit_test(knows_utf8),
		cmocka_unit_test(measures_distance),
		cmocka_unit_test(finds_the_nearest),
		cmocka_unit_test(reads_integers),
		cmocka_unit_test(reads_doubles),
		cmocka_unit_test(rounds_doubles_correctly),
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(reads_rates),
		cmocka_unit_test(reads_money),
		cmocka_unit_test(survives_noise),
	};

	return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}

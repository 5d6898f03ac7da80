/* SPDX-License-Identifier: Apache-2.0 */
/* Characters, distances, and doubles against the C library. */
#include "base/text.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

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

/* Random strings of the characters that matter: what is taken is what the C library takes. */
static void survives_noise(void **state)
{
	static const char alphabet[] = "0019.eE+- ";
	struct prng prng;

	(void)state;
	prng_init(&prng, 23);
	for (int i = 0; i < 30000; i++) {
		char string[12] = {0};
		uint64_t size = prng_below(&prng, sizeof(string));
		struct bal_text text;

		for (uint64_t k = 0; k < size; k++)
			string[k] = alphabet[prng_below(&prng, sizeof(alphabet) - 1)];
		text = copy_text(string);
		if (text_parse_double(text, &(double){0}))
			check_double(string);
		free_text(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares),
		cmocka_unit_test(knows_utf8),
		cmocka_unit_test(measures_distance),
		cmocka_unit_test(reads_doubles),
		cmocka_unit_test(rounds_doubles_correctly),
		cmocka_unit_test(survives_noise),
	};

	return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}

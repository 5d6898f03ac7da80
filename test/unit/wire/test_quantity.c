/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of what is read and what is refused, and noise. */
#include "wire/quantity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/units.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct value_case {
	const char *text;
	int64_t value; /* -1: refused */
};

/* The text is copied to the end of a block of just its size, so that reading on is found by the
 * sanitizer. */
static struct span copy_text(const char *string)
{
	size_t size = strlen(string);
	char *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	memcpy(copy, string, size);
	return (struct span){copy, size};
}

static void check_values(enum quantity kind, const struct value_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct span text = copy_text(cases[i].text);
		int64_t value = -77;
		bool taken = quantity_read(text, kind, &value);

		if (taken != (cases[i].value >= 0))
			fail_msg("\"%s\" taken: %d", cases[i].text, taken);
		if (value != (taken ? cases[i].value : -77))
			fail_msg("\"%s\" read as %lld", cases[i].text, (long long)value);
		free((void *)(uintptr_t)text.at);
	}
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
	check_values(QUANTITY_TIME, cases, COUNT_OF(cases));
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
		{"1  GiB", -1},
		{"1GiB1MiB", -1},
		{"GiB", -1},
		{"8388608TiB", -1},
		{"9223372036854775807B", -1},
	};

	(void)state;
	check_values(QUANTITY_MEMORY, cases, COUNT_OF(cases));
}

static void reads_prices(void **state)
{
	static const struct value_case cases[] = {
		{"0.12 USD/h", 12 * MICROCENTS_PER_CENT},
		{"0.29USD/h", 29 * MICROCENTS_PER_CENT},
		{"2USD/h", 2 * MICROCENTS_PER_USD},
		{"0.000000015 USD/h", 2},
		{"92233720368.54775806 USD/h", INT64_MAX - 1},
		{"92233720368.54775807 USD/h", -1},
		{"0", 0},
		{"2 EUR/h", -1},
		{"0.12", -1},
		{"0.12 USD", -1},
		{"0.12 usd/h", -1},
		{"0.12 USD/d", -1},
		{"0.12 USD /h", -1},
		{"0.12  USD/h", -1},
		{"0,12 USD/h", -1},
		{"-1 USD/h", -1},
		{"/h", -1},
		{"", -1},
	};

	(void)state;
	check_values(QUANTITY_PRICE, cases, COUNT_OF(cases));
}

static void reads_what_must_be_exact(void **state)
{
	static const struct value_case cores[] = {{"1 core", 1000}, {"0.5 cores", 500},
		{"0.001 cores", 1}, {"0.0001 cores", -1}, {"250m", 250}, {"0.5m", -1}, {"0", -1},
		{"2", -1}};
	static const struct value_case shares[] = {
		{"80%", 800}, {"12.5 %", 125}, {"0.05%", -1}, {"0", -1}};
	static const struct value_case counts[] = {{"0", 0}, {"100_000", 100000}, {"1.0", 1},
		{"1.5", -1}, {"_1", -1}, {"1_", -1}, {"007", -1}, {"00", -1},
		{"9223372036854775806", INT64_MAX - 1}, {"18446744073709551616", -1}};

	(void)state;
	check_values(QUANTITY_CPU, cores, COUNT_OF(cores));
	check_values(QUANTITY_SHARE, shares, COUNT_OF(shares));
	check_values(QUANTITY_COUNT, counts, COUNT_OF(counts));
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
		{" 30 / min ", 30, NS_PER_MIN},
		{"1_000/h", 1000, NS_PER_HOUR},
		{"30  / min", 0, 0},
		{"30/minute", 0, 0},
		{"-30/min", 0, 0},
		{"1.5/s", 0, 0},
		{"30/min/s", 0, 0},
		{"9223372036854775808/s", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct span text = copy_text(cases[i].text);
		int64_t count = 0;
		int64_t period_ns = 0;
		bool taken = quantity_read_rate(text, &count, &period_ns);

		if (taken != (cases[i].period_ns > 0) || count != cases[i].count ||
			period_ns != cases[i].period_ns)
			fail_msg("\"%s\" read as %lld per %lld ns", cases[i].text, (long long)count,
				(long long)period_ns);
		free((void *)(uintptr_t)text.at);
	}
}

/* Random strings of the characters that matter: what is taken is in range, and is read again from
 * what it is written as. */
static void survives_noise(void **state)
{
	static const char alphabet[] = "0019._/ hmsdwnuKMGiBkUSD%corei";
	struct prng prng;

	(void)state;
	prng_init(&prng, 23);
	for (int i = 0; i < 100000; i++) {
		enum quantity kind = (enum quantity)prng_below(&prng, QUANTITY_KIND_COUNT);
		char string[12] = {0}, memory[64];
		uint64_t size = prng_below(&prng, sizeof string);
		int64_t value = -1, again = -1;
		struct buffer written;

		for (uint64_t k = 0; k < size; k++)
			string[k] = alphabet[prng_below(&prng, sizeof alphabet - 1)];
		if (!quantity_read(span_of(string), kind, &value))
			continue;
		assert_true(value >= 0);
		buffer_init_fixed(&written, memory, sizeof memory);
		quantity_write(&written, kind, value);
		assert_true(quantity_read(buffer_span(&written), kind, &again));
		assert_int_equal(again, value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(reads_prices),
		cmocka_unit_test(reads_what_must_be_exact),
		cmocka_unit_test(reads_rates),
		cmocka_unit_test(survives_noise),
	};

	return cmocka_run_group_tests_name("wire/quantity", tests, NULL, NULL);
}

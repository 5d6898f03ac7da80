/* SPDX-License-Identifier: Apache-2.0 */
/* Rates between samples, and the small readers beneath. */
#include "sample/file.h"
#include "sample/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_cpu_permille(void **state)
{
	(void)state;
	static const struct {
		int64_t before_at, before_cpu, after_at, after_cpu;
		bool known;
		int64_t permille;
	} rows[] = {
		{0, 0, 5000000000, 2500000000, true, 500},
		{0, 1000, 5000000000, 1000, true, 0},
		{7, 7, 1000000007, 3000000007, true, 3000},
		{0, 0, 0, 5, false, 0},
		{5, 0, 4, 5, false, 0},
		{0, 10, 5000000000, 9, false, 0},
		{0, 0, 999, 999, false, 0},
		{0, 0, 1000000, INT64_MAX, false, 0},
		{INT64_MIN, 0, INT64_MAX, 5, false, 0},
		{0, INT64_MIN, 1000000, INT64_MAX, false, 0},
	};
	for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
		struct sample before = {.present = SAMPLE_CPU,
			.at_ns = rows[index].before_at,
			.cpu_ns = rows[index].before_cpu};
		struct sample after = {.present = SAMPLE_CPU,
			.at_ns = rows[index].after_at,
			.cpu_ns = rows[index].after_cpu};
		int64_t permille = 0;
		assert_int_equal(
			sample_cpu_permille(&before, &after, &permille), rows[index].known);
		assert_int_equal(permille, rows[index].permille);
		after.present = SAMPLE_MEMORY;
		assert_false(sample_cpu_permille(&before, &after, &permille));
	}
}

static void test_numbers(void **state)
{
	(void)state;
	int64_t value = 0;
	const char *at = "9223372036854775807x";
	assert_true(file_number_parse(&at, &value));
	assert_true(value == INT64_MAX);
	assert_string_equal(at, "x");
	at = "9223372036854775808";
	assert_false(file_number_parse(&at, &value));
	at = "-1";
	assert_false(file_number_parse(&at, &value));
	at = "";
	assert_false(file_number_parse(&at, &value));
	static const char text[] = "some_total 5\ntotal 7\ntotal_more 8\nempty \n";
	assert_true(file_number_keyed(text, "total", &value));
	assert_int_equal(value, 7);
	assert_false(file_number_keyed(text, "empty", &value));
	assert_false(file_number_keyed(text, "more", &value));
	assert_true(file_number_keyed(text, "total_more", &value));
	assert_int_equal(value, 8);
}

static void test_files(void **state)
{
	(void)state;
	char path[] = "/tmp/ballast-test-XXXXXX";
	char text[8];
	int64_t value = 0;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_true(file_write(path, "1234567890\n"));
	assert_true(file_number(path, &value));
	assert_int_equal(value, 1234567890);
	assert_int_equal(file_read(path, text, sizeof text), 7);
	assert_string_equal(text, "1234567");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_false(file_number(path, &value));
	assert_true(file_write(path, "12 13\n"));
	assert_false(file_number(path, &value));
	close(fd);
	assert_int_equal(unlink(path), 0);
	assert_false(file_number(path, &value));
	assert_false(file_write(path, "x"));
	assert_int_equal(file_read(path, text, sizeof text), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_permille),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

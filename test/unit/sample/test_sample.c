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

static int64_t value_of(const struct sample *before, const struct sample *after, uint64_t wanted,
	enum bal_signal signal)
{
	struct reading readings[SAMPLE_READINGS_MAX];
	size_t count = sample_readings(before, after, wanted, readings);
	int64_t value = -1;
	for (size_t i = 0; i < count; i++) {
		if (readings[i].signal == signal)
			value = readings[i].value;
	}
	return value;
}

#define SECOND INT64_C(1000000000)

static void test_readings(void **state)
{
	(void)state;
	static const struct {
		enum sample_value place;
		int64_t before, after;
		enum bal_signal signal;
		int64_t value;
	} rows[] = {
		{SAMPLE_AT_MEMORY, 1, 4096, BAL_SIGNAL_MEMORY, 4096},
		{SAMPLE_AT_MEMORY, 1, INT64_MAX, BAL_SIGNAL_MEMORY, BAL_MOST_EXBI},
		{SAMPLE_AT_MEMORY, 1, -5, BAL_SIGNAL_MEMORY, -1},
		{SAMPLE_AT_CPU, SECOND, 11 * SECOND, BAL_SIGNAL_CPU_MILLIS, 1000},
		{SAMPLE_AT_PRESSURE_IO, 0, 11 * SECOND, BAL_SIGNAL_PRESSURE_IO, 1000},
		{SAMPLE_AT_WRITE_BYTES, 7, 104857607, BAL_SIGNAL_WRITE_BYTES, 10485760},
		{SAMPLE_AT_WRITE_BYTES, 7, 6, BAL_SIGNAL_WRITE_BYTES, -1},
		{SAMPLE_AT_WRITE_BYTES, 0, INT64_MAX, BAL_SIGNAL_WRITE_BYTES, -1},
		{SAMPLE_AT_FAULTS_MAJOR, 0, 16, BAL_SIGNAL_FAULTS_MAJOR, 2},
		{SAMPLE_AT_FAULTS_MAJOR, 0, INT64_MAX, BAL_SIGNAL_FAULTS_MAJOR, -1},
		{SAMPLE_AT_OOM_KILLS, 3, 4, BAL_SIGNAL_OOM_KILLS, 1},
		{SAMPLE_AT_OOM_KILLS, INT64_MIN, 4, BAL_SIGNAL_OOM_KILLS, -1},
	};
	for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
		struct sample before = {.at_ns = 5};
		struct sample after = {.at_ns = 5 + 10 * SECOND};
		sample_set(&before, rows[index].place, rows[index].before);
		sample_set(&after, rows[index].place, rows[index].after);
		assert_int_equal(value_of(&before, &after, SAMPLE_ALL, rows[index].signal),
			rows[index].value);
		assert_int_equal(value_of(&before, &after, 0, rows[index].signal), -1);
		after.present = 0;
		assert_int_equal(value_of(&before, &after, SAMPLE_ALL, rows[index].signal), -1);
	}
}

/* The first look gives levels; differences need a second one, and time between them. */
static void test_first_reading(void **state)
{
	(void)state;
	struct sample before = {0};
	struct sample after = {.at_ns = SECOND};
	sample_set(&after, SAMPLE_AT_MEMORY, 9);
	sample_set(&after, SAMPLE_AT_CPU, 9);
	assert_int_equal(value_of(&before, &after, SAMPLE_ALL, BAL_SIGNAL_MEMORY), 9);
	assert_int_equal(value_of(&before, &after, SAMPLE_ALL, BAL_SIGNAL_CPU_MILLIS), -1);
	assert_int_equal(value_of(&after, &after, SAMPLE_ALL, BAL_SIGNAL_CPU_MILLIS), -1);
}

static void test_going_back(void **state)
{
	(void)state;
	struct sample before = {0};
	struct sample after = {0};
	sample_set(&before, SAMPLE_AT_SWITCHES_FORCED, 9);
	sample_set(&after, SAMPLE_AT_SWITCHES_FORCED, 1);
	assert_false(sample_went_back(&before, &after)); /* it does, when a process ends */
	sample_set(&before, SAMPLE_AT_CPU, 9);
	assert_false(sample_went_back(&before, &after));
	sample_set(&after, SAMPLE_AT_CPU, 8);
	assert_true(sample_went_back(&before, &after));
}

static void test_fill(void **state)
{
	(void)state;
	struct sample sample = {0};
	struct sample from = {0};
	sample_set(&sample, SAMPLE_AT_CPU, 1);
	sample_set(&from, SAMPLE_AT_CPU, 2);
	sample_set(&from, SAMPLE_AT_THREADS, 3);
	sample_fill(&sample, &from);
	assert_int_equal(sample.cpu_ns, 1);
	assert_int_equal(sample.threads, 3);
	assert_true(sample.present == (SAMPLE_CPU | SAMPLE_BIT(THREADS)));
	assert_false(sample_add(&sample, SAMPLE_AT_CPU, INT64_MAX));
	assert_int_equal(sample.cpu_ns, 1);
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
		cmocka_unit_test(test_readings),
		cmocka_unit_test(test_first_reading),
		cmocka_unit_test(test_going_back),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/units.h"
#include "sim/recording.h"

static const struct recording_costs COSTS = {.context_s = 0.001, .generated_s = 0.1};
static char path[] = "/tmp/ballast-recording-XXXXXX";

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fputs(text, file) >= 0, 1);
	assert_int_equal(fclose(file), 0);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void test_requests(void **state)
{
	struct recording recording;
	char message[256];

	(void)state;
	write_file("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.5,1000,10\n"
		   "2023-11-16 18:15:47.0,2000,0\n2023-11-16 18:15:49.0,0,5\n");
	assert_true(recording_read(&recording, path, &COSTS, 0, message, sizeof message));
	assert_int_equal(recording.count, 3);
	assert_int_equal(recording.arrivals[1].at_ns, NS_PER_S / 2);
	assert_int_equal(recording.arrivals[0].work_ns, 2 * NS_PER_S);
	assert_int_equal(recording.arrivals[1].work_ns, 2 * NS_PER_S);
	assert_int_equal(recording.arrivals[2].work_ns, NS_PER_S / 2);
	recording_release(&recording);
	assert_true(recording_read(&recording, path, &COSTS, 2, message, sizeof message));
	assert_int_equal(recording.count, 2);
	recording_release(&recording);
}

/* Counts are spread over their second, and have no sizes. */
static void test_counts(void **state)
{
	struct recording recording;
	char message[256];

	(void)state;
	write_file("2\n0\n4\n");
	assert_true(recording_read(&recording, path, &COSTS, 0, message, sizeof message));
	assert_int_equal(recording.count, 6);
	assert_int_equal(recording.arrivals[1].at_ns, NS_PER_S / 2);
	assert_int_equal(recording.arrivals[3].at_ns, 2 * NS_PER_S + NS_PER_S / 4);
	assert_int_equal(recording.arrivals[3].work_ns, 0);
	recording_release(&recording);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {{"", "fewer than two"}, {"1\n", "fewer than two"}, {"3\nx\n", "line 2"},
		{"{\"timestamp\":1}\n", "line 1"}};
	struct recording recording;
	char message[256];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		write_file(rows[i].text);
		assert_false(recording_read(&recording, path, &COSTS, 0, message, sizeof message));
		assert_non_null(strstr(message, rows[i].says));
		assert_null(recording.arrivals);
	}
	assert_false(recording_read(
		&recording, "/nonexistent/trace", &COSTS, 0, message, sizeof message));
	assert_non_null(strstr(message, "/nonexistent/trace"));
}

/* Stretched so that the work is the wanted share of the fleet's capacity. */
static void test_stretched(void **state)
{
	static const struct course_arrival arrivals[] = {{5 * NS_PER_S, 3 * NS_PER_S},
		{6 * NS_PER_S, NS_PER_S}, {9 * NS_PER_S, 4 * NS_PER_S}};
	struct course_options options;
	struct course course;
	double span_s, capacity;

	(void)state;
	course_defaults(&options);
	options.load = 0.5;
	options.trace = arrivals;
	options.trace_count = 3;
	assert_true(course_init(&course, &options));
	assert_int_equal(course.task_count, 3);
	assert_int_equal(course.tasks[0].at_ns, 0);
	span_s = (double)course.tasks[2].at_ns / 1e9;
	capacity = course.capacity * span_s;
	assert_true(num_abs(8.0 / capacity - 0.5) < 1e-6);
	/* The gaps keep their proportion: 1 to 3. */
	assert_true(num_abs((double)course.tasks[1].at_ns / 1e9 - span_s / 4.0) < 1e-6);
	course_release(&course);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_stretched),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}

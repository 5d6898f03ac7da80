/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"
#include "wire/points.h"

static void assert_refused(const char *text, uint64_t line, const char *part)
{
	struct points points;

	assert_false(points_read(&points, span_of(text)));
	assert_int_equal(points.line, line);
	if (strstr(points.reason, part) == NULL)
		fail_msg("\"%s\" does not speak of \"%s\"", points.reason, part);
	points_release(&points);
}

static void a_usual_file(void **state)
{
	struct points points;

	(void)state;
	assert_true(points_read(
		&points, SPAN("timestamp,value\n1970-01-01T00:00:00Z,1\n1970-01-01T01:00:00Z,\n"
			      "1970-01-01 02:00:00,2.5\n\n")));
	assert_int_equal(points.count, 3);
	assert_int_equal(points.missing_count, 1);
	assert_int_equal(points.items[2].at_ns, 2 * NS_PER_HOUR);
	assert_int_equal(points.items[2].row, 2);
	assert_true(points.items[0].value == 1.0 && points.items[2].value == 2.5);
	assert_true(points.items[1].value != points.items[1].value);
	points_release(&points);
}

static void quoted_with_a_mark_and_more_columns(void **state)
{
	struct points points;

	(void)state;
	assert_true(points_read(&points, SPAN("\xEF\xBB\xBF\"when\",\"load\",\"note\"\r\n"
					      "\"1970-01-02\",\"1e30\",\"a,b\"\r\n"
					      "1970-01-02 00:01,-2,\r\n")));
	assert_int_equal(points.count, 2);
	assert_int_equal(points.items[0].at_ns, NS_PER_DAY);
	assert_int_equal(points.items[1].at_ns, NS_PER_DAY + NS_PER_MIN);
	points_release(&points);
}

static void a_file_without_a_header(void **state)
{
	struct points points;

	(void)state;
	assert_true(points_read(&points, SPAN("0,5\n60,6\n30.5,NA")));
	assert_int_equal(points.count, 3);
	assert_int_equal(points.unordered_count, 1);
	assert_int_equal(points.items[2].at_ns, 30 * NS_PER_S + 500 * NS_PER_MS);
	points_release(&points);
}

static void late_and_doubled_rows_are_counted(void **state)
{
	struct points points;

	(void)state;
	assert_true(points_read(&points, SPAN("t,v\n60,1\n60,2\n0,3\n60,4\n")));
	assert_int_equal(points.doubled_count, 1);
	assert_int_equal(points.unordered_count, 1);
	points_release(&points);
}

static void the_units_of_a_number(void **state)
{
	static const char *const forms[] = {
		"1700000000", "1700000000000", "1700000000000000", "1700000000000000000"};
	int64_t at_ns;

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		assert_true(points_read_time(span_of(forms[i]), &at_ns));
		assert_int_equal(at_ns, 1700000000 * NS_PER_S);
	}
	assert_false(points_read_time(SPAN("-5"), &at_ns));
	assert_false(points_read_time(SPAN("99999999999999999999"), &at_ns));
	assert_false(points_read_time(SPAN("2024-02-30"), &at_ns));
	assert_false(
		points_read_time(SPAN("2024-02-29 12:30:00 and a very long rest of it"), &at_ns));
}

static void the_forms_of_nothing(void **state)
{
	static const char *const forms[] = {"", "  ", "NA", "nan", "NaN", "null", "-", "N/A"};
	double value;

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		value = 0;
		assert_true(points_read_value(span_of(forms[i]), &value));
		assert_true(value != value);
	}
	assert_false(points_read_value(SPAN("inf"), &value));
	assert_false(points_read_value(SPAN("Infinity"), &value));
	assert_false(points_read_value(SPAN("1e999"), &value));
	assert_false(points_read_value(SPAN("12 apples"), &value));
	assert_false(points_read_value(SPAN("2e30"), &value));
}

static void what_is_wrong_and_where(void **state)
{
	(void)state;
	assert_refused("", 1, "no row");
	assert_refused("timestamp,value\n", 1, "no row");
	assert_refused("only\n1\n", 1, "timestamp,value");
	assert_refused("t,v\n0,1\n60,inf\n", 3, "number");
	assert_refused("t,v\n0,1\nyesterday,1\n", 3, "time");
	assert_refused("t,v\n0,1\n60\n", 3, "fields");
	assert_refused("t,v\n0,\"1\n", 2, "never closed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_usual_file),
		cmocka_unit_test(quoted_with_a_mark_and_more_columns),
		cmocka_unit_test(a_file_without_a_header),
		cmocka_unit_test(late_and_doubled_rows_are_counted),
		cmocka_unit_test(the_units_of_a_number),
		cmocka_unit_test(the_forms_of_nothing),
		cmocka_unit_test(what_is_wrong_and_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/wide.h"

static struct wide wide;

static void the_form_of_the_competition(void **state)
{
	(void)state;
	wide_init(&wide, SPAN("\"V1\",\"V2\",\"V3\",\"V4\"\n\"H1\",\"605\",\"586\",\"\"\r\n"
			      "H2,1,,3.5\n\n"));
	assert_true(wide_next(&wide));
	assert_true(span_equal(wide.id, SPAN("H1")));
	assert_int_equal(wide.count, 2);
	assert_true(wide.values[0] == 605.0 && wide.values[1] == 586.0);
	assert_true(wide_next(&wide));
	assert_int_equal(wide.line, 3);
	assert_int_equal(wide.count, 3);
	assert_true(wide.values[1] != wide.values[1]);
	assert_false(wide_next(&wide));
	assert_null(wide.reason);
}

static void a_table_without_a_header(void **state)
{
	(void)state;
	wide_init(&wide, SPAN("a,1,2"));
	assert_true(wide_next(&wide));
	assert_int_equal(wide.count, 2);
	assert_false(wide_next(&wide));
}

static void errors_end_the_reading(void **state)
{
	(void)state;
	wide_init(&wide, SPAN("a,1\nb,x\nc,3\n"));
	assert_true(wide_next(&wide));
	assert_false(wide_next(&wide));
	assert_non_null(wide.reason);
	assert_int_equal(wide.line, 2);
	assert_false(wide_next(&wide));
	wide_init(&wide, SPAN("a,,,\n"));
	assert_false(wide_next(&wide));
	assert_non_null(wide.reason);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_form_of_the_competition),
		cmocka_unit_test(a_table_without_a_header),
		cmocka_unit_test(errors_end_the_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

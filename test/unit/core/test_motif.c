/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/motif.h"

#include <string.h>

static struct motifs motifs;

static int reset(void **state)
{
	(void)state;
	memset(&motifs, 0, sizeof motifs);
	return 0;
}

/* The shape with all values the same. */
static const double *level(double value)
{
	static double shape[MOTIF_SIZE];

	for (int i = 0; i < MOTIF_SIZE; i++)
		shape[i] = value;
	return shape;
}

static void nothing_is_near_at_first(void **state)
{
	(void)state;
	struct motif_match match = motif_find(&motifs, level(1));

	assert_int_equal(match.nearest, MOTIF_NONE);
	assert_true(match.distance == 0);
}

static void the_nearest_is_found_with_its_distance(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		motif_keep(&motifs, level(i * 10.0));
	struct motif_match match = motif_find(&motifs, level(33));

	assert_int_equal(match.nearest, 3);
	assert_true(match.distance == 3);
}

static void position_matters(void **state)
{
	double shape[MOTIF_SIZE] = {0, 0, 4, 0, 0, 0, 0, 0};
	double shifted[MOTIF_SIZE] = {0, 0, 0, 4, 0, 0, 0, 0};

	(void)state;
	motif_keep(&motifs, shape);
	assert_true(motif_find(&motifs, shape).distance == 0);
	assert_true(motif_find(&motifs, shifted).distance == 2);
}

static void the_least_useful_makes_room(void **state)
{
	(void)state;
	for (int i = 0; i < MOTIFS_MAX; i++)
		motif_keep(&motifs, level(i));
	motif_use(&motifs, 0);
	motif_use(&motifs, 2);
	motif_keep(&motifs, level(1000)); /* in place of 1 */
	motif_keep(&motifs, level(2000)); /* in place of 3 */
	assert_int_equal(motifs.count, MOTIFS_MAX);
	assert_true(motif_find(&motifs, level(0)).distance == 0);
	assert_true(motif_find(&motifs, level(1)).distance == 1);
	assert_true(motif_find(&motifs, level(2)).distance == 0);
	assert_true(motif_find(&motifs, level(3)).distance == 1);
	assert_true(motif_find(&motifs, level(1000)).distance == 0);
	assert_true(motif_find(&motifs, level(2000)).distance == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_near_at_first, reset),
		cmocka_unit_test_setup(the_nearest_is_found_with_its_distance, reset),
		cmocka_unit_test_setup(position_matters, reset),
		cmocka_unit_test_setup(the_least_useful_makes_room, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"
#include "core/refractory.h"

#include <string.h>

enum { POINTS = 20000 };

static struct refractory refractory;
static double strengths[POINTS];

static int reset(void **state)
{
	(void)state;
	memset(&refractory, 0, sizeof refractory);
	return 0;
}

static void an_event_passes_once(void **state)
{
	int passed = 0;

	(void)state;
	for (int i = 0; i < 20; i++)
		passed += refractory_pass(&refractory, 3.0);
	assert_int_equal(passed, 1);
}

static void something_clearly_stronger_passes(void **state)
{
	(void)state;
	assert_true(refractory_pass(&refractory, 3.0));
	assert_false(refractory_pass(&refractory, 3.1));
	assert_false(refractory_pass(&refractory, 3.25)); /* 3.1 counts although it was not told */
	assert_true(refractory_pass(&refractory, 4.0));
}

static void silence_has_an_end(void **state)
{
	int quiet = 0;

	(void)state;
	assert_true(refractory_pass(&refractory, 3.0));
	while (!refractory_pass(&refractory, quiet == 60 ? 2.5 : 0.0)) {
		quiet++;
		assert_true(quiet < 1000);
	}
	assert_int_equal(quiet, 60);
	/* What does not end by itself stays silent. */
	for (int i = 0; i < 1000; i++)
		assert_false(refractory_pass(&refractory, 2.5));
}

/* The strongest of the points before `index` that still count, looked for one by one. */
static double strongest_before(int index)
{
	int points = index / 12;
	double strongest = 0;

	points = points < 60 ? 60 : points > REFRACTORY_POINTS_MAX ? REFRACTORY_POINTS_MAX : points;
	for (int i = index - points < 0 ? 0 : index - points; i < index; i++)
		strongest = num_max(strongest, strengths[i]);
	return strongest;
}

static void the_queue_knows_the_maximum(void **state)
{
	struct prng prng;
	int passed = 0;

	(void)state;
	prng_init(&prng, 5);
	for (int i = 0; i < POINTS; i++) {
		strengths[i] = prng_exponential(&prng, 1.0);
		bool wanted = strengths[i] > strongest_before(i) + 0.15;

		assert_int_equal(refractory_pass(&refractory, strengths[i]), wanted);
		passed += wanted;
	}
	assert_in_range(passed, 20, POINTS / 50);
}

static void falling_strengths_fill_the_queue(void **state)
{
	(void)state;
	for (int i = 0; i < POINTS; i++)
		assert_int_equal(refractory_pass(&refractory, (POINTS - i) * 1.0), i == 0);
	assert_in_range(refractory.count, REFRACTORY_POINTS_MAX, REFRACTORY_POINTS_MAX + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_event_passes_once, reset),
		cmocka_unit_test_setup(something_clearly_stronger_passes, reset),
		cmocka_unit_test_setup(silence_has_an_end, reset),
		cmocka_unit_test_setup(the_queue_knows_the_maximum, reset),
		cmocka_unit_test_setup(falling_strengths_fill_the_queue, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

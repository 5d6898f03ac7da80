/* SPDX-License-Identifier: Apache-2.0 */
/* Requirement B8: with the required weights every factor earns its place in its scene, and with its
 * weight at 0 nothing of that is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/scene.h"

static void test_each_factor_helps(void **state)
{
	const struct scene_options options = {
		.seed_first = 1, .seed_last = 8, .tasks = SCENE_TASKS};

	(void)state;
	for (const struct scene *scene = SCENES; scene->name != NULL; scene++) {
		struct scene_result result;

		assert_true(scene_run(scene, &options, &result));
		if (result.measure_ratio.high >= 1.0)
			fail_msg("%s: %s is %.3f times what it is without the factor %s (%.3f to "
				 "%.3f)",
				scene->name, scene->measure, result.measure_ratio.mean,
				scene->factor, result.measure_ratio.low, result.measure_ratio.high);
		assert_true(result.mean_ratio.low < 1.01);
		assert_true(result.with.measure < result.without.measure);
	}
}

/* Both runs are the same when the factor is off in both. */
static void test_same_world(void **state)
{
	struct scene_options options = {.seed_first = 3, .seed_last = 3, .tasks = 2000};
	struct scene_result result;

	(void)state;
	for (const struct scene *scene = SCENES; scene->name != NULL; scene++) {
		options.knobs[0] = (struct sim_knob){scene->knob, 0};
		options.knob_count = 1;
		assert_true(scene_run(scene, &options, &result));
		assert_true(result.with.mean_s == result.without.mean_s);
		assert_true(result.with.measure == result.without.measure);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_non_null(scene_find("warm"));
	assert_null(scene_find("cold"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_factor_helps),
		cmocka_unit_test(test_same_world),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

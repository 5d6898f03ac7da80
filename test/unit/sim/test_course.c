/* SPDX-License-Identifier: Apache-2.0 */
/* The world of the routing benchmark, as it was specified. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/units.h"
#include "sim/course.h"
#include "sim/tally.h"

static struct course_options options;

static bool near(double found, double wanted, double share)
{
	return num_abs(found - wanted) <= share * wanted;
}

static void test_agents(void **state)
{
	struct course course;

	(void)state;
	course_defaults(&options);
	assert_true(course_init(&course, &options));
	assert_int_equal(course.agent_count, 16);
	assert_true(near(course.agents[0].speed, 0.5, 1e-12));
	assert_true(near(course.agents[15].speed, 2.0, 1e-12));
	assert_true(near(course.agents[5].speed, 0.5 * num_pow(4.0, 5.0 / 15.0), 1e-12));
	assert_int_equal(course.agents[4].slots, 2);
	assert_int_equal(course.agents[5].slots, 4);
	assert_int_equal(course.agents[6].slots, 4);
	assert_int_equal(course.agents[7].slots, 8);
	assert_int_equal(course.slot_count, 72);
	assert_int_equal(course.task_count, 50000);
	course_release(&course);
	options.agents = 64;
	assert_true(course_init(&course, &options));
	assert_int_equal(course.task_count, 600 * 288);
	course_release(&course);
}

/* Mean and spread of sizes, rate of arrivals, spread of estimates: within a few standard errors. */
static void test_tasks(void **state)
{
	struct course course;
	double sum = 0.0, squares = 0.0, errors = 0.0, span_s;

	(void)state;
	course_defaults(&options);
	options.tasks = 400000;
	assert_true(course_init(&course, &options));
	for (uint32_t i = 0; i < course.task_count; i++) {
		double size = (double)course.tasks[i].work_ns / 1e9;
		double error = num_log(
			(double)course.tasks[i].estimate_ns / (double)course.tasks[i].work_ns);

		sum += size;
		squares += size * size;
		errors += error * error;
	}
	sum /= course.task_count;
	squares /= course.task_count;
	assert_true(near(sum, 1.0, 0.01));
	assert_true(near(num_sqrt(squares - sum * sum), 1.5, 0.05));
	assert_true(near(num_sqrt(errors / course.task_count), 0.7, 0.01));
	span_s = (double)course.tasks[course.task_count - 1].at_ns / 1e9;
	assert_true(near((double)course.task_count / span_s, 0.85 * course.capacity, 0.01));
	course_release(&course);
}

/* Speeds are 0.4 for a sixth of the time, and a task that runs meanwhile feels it. */
static void test_spells(void **state)
{
	struct course course;
	int64_t slow_ns = 0, at_ns = 0, until_ns = 0;
	const int64_t end_ns = 2000000 * NS_PER_S;
	double speed;
	uint32_t turn = 0, other = 0;

	(void)state;
	course_defaults(&options);
	options.tasks = 10;
	assert_true(course_init(&course, &options));
	while (at_ns < end_ns) {
		speed = course_speed_at(&course, 15, at_ns, &turn, &until_ns);
		assert_true(near(speed, 2.0, 1e-12) || near(speed, 0.8, 1e-12));
		if (speed < 1.0)
			slow_ns += until_ns - at_ns;
		at_ns = until_ns;
	}
	assert_true(near((double)slow_ns / (double)at_ns, 1.0 / 6.0, 0.03));
	/* So much work takes the whole time at the mean speed of 2 x 0.9. */
	at_ns = course_finish_ns(&course, 15, 0, num_to_i64(1.8 * (double)end_ns), &other);
	assert_true(near((double)at_ns, (double)end_ns, 0.01));
	course_release(&course);
}

/* One turn exactly: before it, across it, behind it. */
static void test_across_a_turn(void **state)
{
	struct course course;
	uint32_t turn = 0;
	int64_t turn_ns;

	(void)state;
	course_defaults(&options);
	options.tasks = 10;
	options.mix = COURSE_EQUAL;
	assert_true(course_init(&course, &options));
	course_speed_at(&course, 0, 0, &turn, &turn_ns);
	assert_int_equal(course_finish_ns(&course, 0, turn_ns - 1000, 900, &turn), turn_ns - 99);
	/* 1000 ns at speed 1, the other 400 at 0.4. */
	assert_int_equal(course_finish_ns(&course, 0, turn_ns - 1000, 1400, &turn), turn_ns + 1001);
	assert_int_equal(course_finish_ns(&course, 0, turn_ns, 400, &turn), turn_ns + 1001);
	course_release(&course);
}

/* What is not changed stays the same: the streams do not disturb each other. */
static void test_common_chances(void **state)
{
	struct course a, b;

	(void)state;
	course_defaults(&options);
	options.tasks = 1000;
	assert_true(course_init(&a, &options));
	options.sizes = COURSE_PARETO;
	options.size_shape = 1.5;
	options.estimate_sd = 0.0;
	assert_true(course_init(&b, &options));
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(a.tasks[i].at_ns, b.tasks[i].at_ns);
		assert_int_equal(b.tasks[i].estimate_ns, b.tasks[i].work_ns);
	}
	course_release(&a);
	course_release(&b);
}

static void test_objections(void **state)
{
	(void)state;
	course_defaults(&options);
	assert_null(course_objection(&options));
	options.agents = 0;
	assert_non_null(course_objection(&options));
	course_defaults(&options);
	options.load = 0.0;
	assert_non_null(course_objection(&options));
	course_defaults(&options);
	options.sizes = COURSE_PARETO;
	options.size_shape = 1.0;
	assert_non_null(course_objection(&options));
}

static void test_tally(void **state)
{
	int64_t values[] = {5, 1, 4, 2, 3};
	const double samples[] = {1.0, 2.0, 3.0, 4.0};
	struct tally_interval interval;

	(void)state;
	tally_sort(values, 5);
	assert_int_equal(tally_quantile(values, 5, 0), 1);
	assert_int_equal(tally_quantile(values, 5, 500), 3);
	assert_int_equal(tally_quantile(values, 5, 800), 4);
	assert_int_equal(tally_quantile(values, 5, 801), 5);
	/* Mean 2.5, standard error 0.6455, t of 3 degrees 3.182. */
	interval = tally_mean(samples, 4);
	assert_true(near(interval.mean, 2.5, 1e-12));
	assert_true(near(interval.high - interval.mean, 0.645497 * 3.182, 1e-4));
	assert_true(near(tally_student(20), 2.086, 0.001));
	assert_true(near(tally_student(99), 1.984, 0.001));
	interval = tally_mean(samples, 1);
	assert_true(interval.low == 1.0 && interval.high == 1.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agents),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_spells),
		cmocka_unit_test(test_across_a_turn),
		cmocka_unit_test(test_common_chances),
		cmocka_unit_test(test_objections),
		cmocka_unit_test(test_tally),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

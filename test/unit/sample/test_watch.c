/* SPDX-License-Identifier: Apache-2.0 */
/* When an agent is looked at, in virtual time. */
#include "sample/watch.h"

#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUND (5 * NS_PER_S)

/* A round's look at an agent that has used `cpu_ns` so far; true when it was a full one. */
static bool look(struct watch *watch, int64_t now_ns, int64_t cpu_ns, bool near)
{
	struct reading readings[SAMPLE_READINGS_MAX];
	struct sample sample = {.at_ns = now_ns};
	uint64_t wanted = watch_wanted(watch, 0, now_ns);
	sample_set(&sample, SAMPLE_AT_CPU, cpu_ns);
	assert_true(wanted == SAMPLE_ALL || wanted == WATCH_QUICK);
	watch_take(watch, &sample, wanted, near, readings);
	return wanted == SAMPLE_ALL;
}

/* Full looks in 100 rounds, at which `used_ns` of CPU are used and the timer is a little off. */
static int full_looks(int64_t used_ns, bool near)
{
	struct watch watch = {0};
	int full = 0;
	for (int round = 0; round < 100; round++)
		full += look(
			&watch, round * ROUND + (round % 3 - 1) * NS_PER_MS, round * used_ns, near);
	return full;
}

static void test_cadence(void **state)
{
	(void)state;
	assert_int_equal(full_looks(NS_PER_S, false), 50);
	assert_in_range(full_looks(0, false), 17, 19);
	assert_int_equal(full_looks(0, true), 50);
}

static void test_turns(void **state)
{
	(void)state;
	int full[4] = {0};
	struct watch watches[4] = {{.begun = false}};
	for (int round = 0; round < 4; round++) {
		for (uint32_t turn = 0; turn < 4; turn++) {
			struct reading readings[SAMPLE_READINGS_MAX];
			struct sample sample = {.at_ns = round * ROUND};
			uint64_t wanted = watch_wanted(&watches[turn], turn, round * ROUND);
			full[round] += wanted == SAMPLE_ALL;
			watch_take(&watches[turn], &sample, wanted, true, readings);
		}
	}
	for (int round = 0; round < 4; round++)
		assert_int_equal(full[round], 2);
}

/* A look that goes back is left out, and its time counts with the next one; one that stays there is
 * a new beginning. */
static void test_going_back(void **state)
{
	(void)state;
	static const int64_t cpu_s[] = {1, 6, 2, 16, 3, 4, 9};
	static const int64_t millis[] = {-1, 1000, -1, 1000, -1, -1, 1000};
	struct watch watch = {0};
	for (int round = 0; round < 7; round++) {
		struct reading readings[SAMPLE_READINGS_MAX];
		struct sample sample = {.at_ns = round * ROUND};
		int64_t value = -1;
		sample_set(&sample, SAMPLE_AT_CPU, cpu_s[round] * NS_PER_S);
		size_t count = watch_take(&watch, &sample, WATCH_QUICK, false, readings);
		for (size_t i = 0; i < count; i++) {
			if (readings[i].signal == BAL_SIGNAL_CPU_MILLIS)
				value = readings[i].value;
		}
		assert_int_equal(value, millis[round]);
	}
}

/* No value comes twice in one round. */
static void test_no_value_twice(void **state)
{
	(void)state;
	struct watch watch = {0};
	for (int round = 0; round < 2; round++) {
		struct reading readings[SAMPLE_READINGS_MAX];
		bool seen[BAL_SIGNAL_COUNT] = {false};
		struct sample sample = {.at_ns = round * ROUND};
		for (unsigned place = 0; place < SAMPLE_VALUES; place++)
			sample_set(&sample, (enum sample_value)place, round);
		size_t count = watch_take(&watch, &sample, SAMPLE_ALL, false, readings);
		assert_true(round == 0 || count == SAMPLE_VALUES);
		for (size_t i = 0; i < count; i++) {
			assert_false(seen[readings[i].signal]);
			seen[readings[i].signal] = true;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cadence),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_going_back),
		cmocka_unit_test(test_no_value_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

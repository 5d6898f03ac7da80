/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of nvidia-smi in the forms that it gives: plain, with gaps, with errors. */
#include "sample/gpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZED(text) text, sizeof text - 1

static int64_t value_of(const struct gpu_sample *sample, enum bal_signal signal)
{
	struct reading readings[GPU_READINGS_MAX];
	size_t count = gpu_readings(sample, readings);
	for (size_t i = 0; i < count; i++) {
		if (readings[i].signal == signal)
			return readings[i].value;
	}
	return -1;
}

static void test_cards(void **state)
{
	(void)state;
	struct gpu_sample sample;
	assert_true(gpu_parse(
		SIZED("35, 20480, 81920, 54, 212.35\n85, 8192, 81920, 71, 87.5\n"), &sample));
	assert_int_equal(sample.cards, 2);
	assert_int_equal(value_of(&sample, BAL_SIGNAL_HOST_GPU), 600);
	assert_int_equal(value_of(&sample, BAL_SIGNAL_HOST_GPU_MEMORY), 250);
	assert_int_equal(value_of(&sample, BAL_SIGNAL_HOST_GPU_TEMPERATURE), 71);
	assert_int_equal(value_of(&sample, BAL_SIGNAL_HOST_GPU_POWER), 299850);
}

static void test_gaps(void **state)
{
	(void)state;
	struct gpu_sample sample;
	assert_true(gpu_parse(SIZED("[N/A], 1024, 4096, 40, [Not Supported]\r\n"), &sample));
	assert_int_equal(value_of(&sample, BAL_SIGNAL_HOST_GPU), -1);
	assert_int_equal(value_of(&sample, BAL_SIGNAL_HOST_GPU_MEMORY), 250);
	assert_int_equal(value_of(&sample, BAL_SIGNAL_HOST_GPU_POWER), -1);
	assert_true(gpu_parse(SIZED("250, 9, 4, 40, 1"), &sample)); /* more than all */
	assert_int_equal(value_of(&sample, BAL_SIGNAL_HOST_GPU), -1);
	assert_int_equal(value_of(&sample, BAL_SIGNAL_HOST_GPU_MEMORY), -1);
	assert_int_equal(value_of(&sample, BAL_SIGNAL_HOST_GPU_TEMPERATURE), 40);
}

static void test_no_cards(void **state)
{
	(void)state;
	struct gpu_sample sample = {.cards = -7};
	assert_false(gpu_parse(SIZED(""), &sample));
	assert_false(gpu_parse(SIZED("No devices were found\n"), &sample));
	assert_false(gpu_parse(SIZED("NVIDIA-SMI has failed because it couldn't communicate with "
				     "the NVIDIA driver.\n"),
		&sample));
	assert_false(gpu_parse(SIZED("1, 2, 3, 4\n1, 2, 3, 4, 5, 6\n"), &sample));
	assert_int_equal(sample.cards, -7);
}

static void test_processes(void **state)
{
	(void)state;
	int64_t pid = 0;
	int64_t bytes = 0;
	assert_true(gpu_process_parse("4242, 1024", &pid, &bytes));
	assert_int_equal(pid, 4242);
	assert_int_equal(bytes, INT64_C(1024) * 1024 * 1024);
	assert_false(gpu_process_parse("4242, [N/A]", &pid, &bytes));
	assert_false(gpu_process_parse("4242", &pid, &bytes));
	assert_false(gpu_process_parse("x, 7", &pid, &bytes));
	assert_false(gpu_process_parse("0.3,18", &pid, &bytes));
	assert_int_equal(pid, 4242);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_no_cards),
		cmocka_unit_test(test_processes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

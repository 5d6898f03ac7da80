/* SPDX-License-Identifier: Apache-2.0 */
/* The machine: files as kernels write them, and files as no kernel does. */
#include "sample/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SIZED(text) text, sizeof text - 1

static void test_cpu(void **state)
{
	(void)state;
	struct host_sample sample = {0};
	static const char text[] = "cpu  10 20 30 40 50 60 70 80 90 100\ncpu0 1 2 3 4\n";
	assert_true(host_cpu_parse(SIZED(text), &sample));
	assert_int_equal(sample.present, HOST_CPU);
	/* In ticks of 10 ms: the guest's 90 and 100 are in user already. */
	assert_int_equal(sample.cpu_busy_ns, (int64_t)(10 + 20 + 30 + 60 + 70 + 80) * 10000000);
	assert_int_equal(sample.cpu_idle_ns, (int64_t)(40 + 50) * 10000000);
	struct host_sample none = {0};
	assert_true(host_cpu_parse(SIZED("cpu  1 2 3 4\n"), &none));
	none = (struct host_sample){0};
	assert_false(host_cpu_parse(SIZED("cpu  1 2 3\n"), &none));
	assert_false(host_cpu_parse(SIZED("cpu0 1 2 3 4\n"), &none));
	assert_false(host_cpu_parse(SIZED("cpu  9223372036854775807 9 9 9\n"), &none));
	assert_false(host_cpu_parse("", 0, &none));
	assert_int_equal(none.present, 0);
}

static void test_memory(void **state)
{
	(void)state;
	struct host_sample sample = {0};
	static const char text[] = "MemTotal:       24684564 kB\nMemFree:        1 kB\n"
				   "MemAvailable:   24456388 kB\nBuffers: 2 kB\n"
				   "SwapTotal:             8 kB\nSwapFree:              4 kB\n";
	assert_true(host_memory_parse(SIZED(text), &sample));
	assert_int_equal(sample.memory_bytes, (int64_t)24684564 * 1024);
	assert_int_equal(sample.memory_available_bytes, (int64_t)24456388 * 1024);
	assert_int_equal(sample.swap_bytes, 8192);
	assert_int_equal(sample.swap_free_bytes, 4096);
	struct host_sample none = {0};
	assert_false(host_memory_parse(SIZED("MemTotal: 5 kB\n"), &none));
	assert_int_equal(none.memory_bytes, 0);
	assert_int_equal(none.present, 0);
}

static void test_load(void **state)
{
	(void)state;
	struct host_sample sample = {0};
	assert_true(host_load_parse(SIZED("0.02 12.34 1000.00 2/87 5125\n"), &sample));
	assert_int_equal(sample.load_permille[0], 20);
	assert_int_equal(sample.load_permille[1], 12340);
	assert_int_equal(sample.load_permille[2], 1000000);
	struct host_sample none = {0};
	assert_false(host_load_parse(SIZED("0.02 0.3 0.1"), &none));
	assert_false(host_load_parse(SIZED("nan 0.30 0.10 "), &none));
	assert_false(host_load_parse(SIZED("-1.00 0.30 0.10 "), &none));
	assert_int_equal(none.present, 0);
}

static void test_pressure(void **state)
{
	(void)state;
	int64_t some_ns = -5;
	assert_true(
		host_pressure_parse(SIZED("some avg10=0.00 avg60=0.00 avg300=0.00 total=123456\n"
					  "full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n"),
			&some_ns));
	assert_int_equal(some_ns, 123456000);
	assert_false(host_pressure_parse(SIZED("some avg10=0.00\nfull total=99\n"), &some_ns));
	assert_false(host_pressure_parse(SIZED("full total=99\n"), &some_ns));
	assert_int_equal(some_ns, 123456000);
}

static void test_this_machine(void **state)
{
	(void)state;
	struct host_sample sample;
	host_sample_read(77, &sample);
	const uint32_t always = HOST_CORES | HOST_CPU | HOST_MEMORY | HOST_LOAD;
	assert_int_equal(sample.at_ns, 77);
	assert_int_equal(sample.present & always, always);
	assert_true(sample.cores >= 1);
	assert_true(sample.cpu_busy_ns > 0);
	assert_true(sample.memory_bytes > sample.memory_available_bytes);
	assert_true(sample.memory_available_bytes > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_pressure),
		cmocka_unit_test(test_this_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

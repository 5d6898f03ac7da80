/* SPDX-License-Identifier: Apache-2.0 */
/* The machine: files as kernels write them, and files as no kernel does. */
#include "sample/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZED(text) text, sizeof text - 1

static void test_cpu(void **state)
{
	(void)state;
	struct host_sample sample = {0};
	static const char text[] = "cpu  10 20 30 40 50 60 70 80 90 100\ncpu0 1 2 3 4\n";
	assert_true(host_cpu_parse(SIZED(text), &sample));
	assert_true(
		sample.present == (HOST_BIT(CPU_BUSY) | HOST_BIT(CPU_IDLE) | HOST_BIT(CPU_STOLEN)));
	assert_int_equal(sample.cpu_stolen_ns, (int64_t)80 * 10000000);
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
	assert_int_equal(sample.load_permille, 20);
	struct host_sample none = {0};
	assert_false(host_load_parse(SIZED("0.02 0.3 0.1"), &none));
	assert_false(host_load_parse(SIZED("nan 0.30 0.10 "), &none));
	assert_false(host_load_parse(SIZED("-1.00 0.30 0.10 "), &none));
	assert_int_equal(none.present, 0);
}

static void test_pressure(void **state)
{
	(void)state;
	int64_t time_ns = -5;
	static const char text[] = "some avg10=0.00 avg60=0.00 avg300=0.00 total=123456\n"
				   "full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n";
	assert_true(host_pressure_parse(SIZED(text), "some", &time_ns));
	assert_int_equal(time_ns, 123456000);
	assert_true(host_pressure_parse(SIZED(text), "full", &time_ns));
	assert_int_equal(time_ns, 99000);
	assert_false(
		host_pressure_parse(SIZED("some avg10=0.00\nfull total=99\n"), "some", &time_ns));
	assert_false(host_pressure_parse(SIZED("full total=99\n"), "some", &time_ns));
	assert_int_equal(time_ns, 99000);
}

static void test_swap(void **state)
{
	(void)state;
	struct host_sample sample = {0};
	assert_true(host_swap_parse(
		SIZED("nr_free_pages 7\npswpin 2\npswpout 3\noom_kill 137\n"), &sample));
	assert_int_equal(sample.swap_in_bytes, 2 * sysconf(_SC_PAGESIZE));
	assert_int_equal(sample.swap_out_bytes, 3 * sysconf(_SC_PAGESIZE));
	assert_int_equal(sample.oom_kills, 137);
	sample = (struct host_sample){0};
	assert_true(host_swap_parse(SIZED("pswpin 2\npswpout 3\n"), &sample));
	assert_true((sample.present & HOST_BIT(OOM_KILLS)) == 0);
	assert_false(host_swap_parse(SIZED("pswpin 9223372036854775807\npswpout 3\n"), &sample));
}

static void test_pieces(void **state)
{
	(void)state;
	struct host_sample sample = {0};
	/* 512 single pages and one piece of 512 pages: half of it lies in small pieces. */
	assert_true(host_pieces_parse(SIZED("Node 0, zone   Normal    512      0      0      0"
					    "      0      0      0      0      0      1      0\n"),
		&sample));
	assert_int_equal(sample.fragmentation_permille, 500);
	sample = (struct host_sample){0};
	assert_false(host_pieces_parse(SIZED("Node 0, zone Normal x\n"), &sample));
	assert_false(host_pieces_parse(SIZED("Node 0\n"), &sample));
	assert_false(host_pieces_parse(SIZED("Node 0, zone DMA 0 0 0\n"), &sample));
	assert_true(sample.present == 0);
}

static int64_t value_of(const struct reading *readings, size_t count, enum bal_signal signal)
{
	for (size_t i = 0; i < count; i++) {
		if (readings[i].signal == signal)
			return readings[i].value;
	}
	return -1;
}

static void test_readings(void **state)
{
	(void)state;
	struct host_sample before = {.at_ns = 0};
	struct host_sample after = {.at_ns = 10000000000};
	struct reading readings[HOST_READINGS_MAX];
	host_set(&before, HOST_AT_CPU_BUSY, 1000000000);
	host_set(&after, HOST_AT_CPU_BUSY, 6000000000);
	host_set(&before, HOST_AT_CPU_IDLE, 0);
	host_set(&after, HOST_AT_CPU_IDLE, 15000000000);
	host_set(&before, HOST_AT_READS, 100);
	host_set(&after, HOST_AT_READS, 200);
	host_set(&before, HOST_AT_WRITES, 100);
	host_set(&after, HOST_AT_WRITES, 100);
	host_set(&before, HOST_AT_READ_TIME, 0);
	host_set(&after, HOST_AT_READ_TIME, 500000000);
	host_set(&before, HOST_AT_WRITE_TIME, 0);
	host_set(&after, HOST_AT_WRITE_TIME, 0);
	host_set(&before, HOST_AT_PRESSURE_IO, 5);
	host_set(&after, HOST_AT_PRESSURE_IO, 2500000005);
	host_set(&before, HOST_AT_RETRANSMITS, 9);
	host_set(&after, HOST_AT_RETRANSMITS, 2); /* went back */
	host_set(&after, HOST_AT_MEMORY, 1000 * 1024);
	host_set(&after, HOST_AT_MEMORY_AVAILABLE, 250 * 1024);
	after.disk_count = before.disk_count = 2;
	before.disks[0] = (struct host_disk){.device = 5, .busy_ns = 1000000000};
	before.disks[1] = (struct host_disk){.device = 6, .busy_ns = 9000000000};
	after.disks[0] = (struct host_disk){.device = 6, .busy_ns = 9100000000};
	after.disks[1] = (struct host_disk){.device = 5, .busy_ns = 3000000000};
	size_t count = host_readings(&before, &after, 0, HOST_FULL_S, readings);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_CPU), 250);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_READS), 10);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_READ_LATENCY), 5000000);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_WRITE_LATENCY), -1);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_PRESSURE_IO), 250);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_RETRANSMITS), -1);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_MEMORY), 750);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_DISK_BUSY), 200);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_CONNECTIONS), -1);
	count = host_readings(&before, &after, 0, HOST_QUICK_S, readings);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_CPU), 250);
	assert_int_equal(value_of(readings, count, BAL_SIGNAL_HOST_READS), -1);
}

static void test_this_machine(void **state)
{
	(void)state;
	struct host_sample sample;
	struct socket_table sockets = {0};
	socket_table_scan(&sockets);
	host_sample_read(77, &sockets, &sample);
	const uint64_t always = HOST_BIT(CORES) | HOST_BIT(CPU_BUSY) | HOST_BIT(MEMORY) |
				HOST_BIT(LOAD) | HOST_BIT(SWITCHES) | HOST_BIT(CONNECTIONS);
	assert_int_equal(sample.at_ns, 77);
	assert_true((sample.present & always) == always);
	assert_true(sample.cores >= 1);
	assert_true(sample.cpu_busy_ns > 0);
	assert_true(sample.memory_bytes > sample.memory_available_bytes);
	assert_true(sample.memory_available_bytes > 0);
	socket_table_free(&sockets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_pressure),
		cmocka_unit_test(test_swap),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_readings),
		cmocka_unit_test(test_this_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What processes say of themselves, and what none says. */
#include "sample/detail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_status(void **state)
{
	(void)state;
	struct sample sample = {0};
	static const char text[] = "Name:\tVmSwap:\nVmSize:\t 10 kB\nRssAnon:\t     112 kB\n"
				   "RssFile:\t    1528 kB\nVmSwap:\t 3 kB\nThreads:\t1\n"
				   "voluntary_ctxt_switches:\t7\n"
				   "nonvoluntary_ctxt_switches:\t9\n";
	detail_status_parse(text, &sample);
	detail_switches_parse(text, &sample);
	assert_int_equal(sample.memory_anonymous_bytes, 112 * 1024);
	assert_int_equal(sample.memory_file_bytes, 1528 * 1024);
	assert_int_equal(sample.swap_bytes, 3 * 1024);
	assert_int_equal(sample.switches_voluntary, 7);
	assert_int_equal(sample.switches_forced, 9);
}

static void test_status_without_memory(void **state)
{
	(void)state;
	struct sample sample = {0};
	detail_status_parse("Name:\tkworker\nState:\tZ (zombie)\nThreads:\t1\n", &sample);
	assert_true((sample.present & SAMPLE_BIT(SWAP)) != 0);
	assert_int_equal(sample.memory_anonymous_bytes, 0);
	sample = (struct sample){0};
	detail_status_parse("", &sample);
	detail_status_parse("VmSize:\t1 kB\nRssAnon:\t9223372036854775807 kB\n", &sample);
	detail_status_parse("VmSize:\t1 kB\nRssAnon:\t-1 kB\n", &sample);
	assert_true(sample.present == 0);
}

static void test_others(void **state)
{
	(void)state;
	struct sample sample = {0};
	detail_schedstat_parse("241823 58317 2\n", &sample);
	assert_int_equal(sample.cpu_wait_ns, 58317);
	detail_io_parse("rchar: 6976\nread_bytes: 4096\nwrite_bytes: 8192\n"
			"cancelled_write_bytes: 0\n",
		&sample);
	assert_int_equal(sample.read_bytes, 4096);
	assert_int_equal(sample.write_bytes, 8192);
	sample = (struct sample){0};
	detail_schedstat_parse("", &sample);
	detail_schedstat_parse("241823", &sample);
	detail_schedstat_parse("241823\n58317", &sample);
	detail_io_parse("read_bytes:\nxwrite_bytes: 1\n", &sample);
	assert_true(sample.present == 0);
}

static void test_links(void **state)
{
	(void)state;
	uint64_t inode = 5;
	assert_true(detail_socket_parse("socket:[4711]", &inode));
	assert_int_equal(inode, 4711);
	assert_false(detail_socket_parse("socket:[]", &inode));
	assert_false(detail_socket_parse("socket:[1", &inode));
	assert_false(detail_socket_parse("socket:[1] ", &inode));
	assert_false(detail_socket_parse("/tmp/socket:[1]", &inode));
	assert_false(detail_socket_parse("", &inode));
	assert_int_equal(inode, 4711);
}

static void test_nobody(void **state)
{
	(void)state;
	struct sample sample = {0};
	struct proc_stat stat = {.threads = 1};
	assert_false(detail_read(0, &stat, SAMPLE_ALL, NULL, &sample));
	assert_true(sample.present == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_status_without_memory),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of connections as kernels write them, and sums over some of them. */
#include "sample/socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE                                                                                       \
	"   3: 0100007F:A1B2 0100007F:1F90 01 0000000A:00000014 01:00000018 00000002  1000 "       \
	"       0 8899 2 00000000d3199693 20 4 30 10 -1"

static void test_line(void **state)
{
	(void)state;
	struct socket_entry entry;
	assert_true(socket_line_parse(LINE, &entry));
	assert_int_equal(entry.state, SOCKET_ESTABLISHED);
	assert_int_equal(entry.send_queue_bytes, 10);
	assert_int_equal(entry.receive_queue_bytes, 20);
	assert_int_equal(entry.retransmits, 2);
	assert_int_equal(entry.inode, 8899);
	assert_true(socket_line_parse("1: 00000000000000000000000001000000:1F90 "
				      "00000000000000000000000000000000:0000 0A "
				      "00000000:00000000 00:00000000 00000000 0 0 623 1",
		&entry));
	assert_int_equal(entry.state, SOCKET_LISTENING);
}

static void test_odd_lines(void **state)
{
	(void)state;
	struct socket_entry entry = {.inode = 77};
	static const char *const bad[] = {"", "  sl  local_address rem_address   st tx_queue",
		"3: a b 00 0:0 0:0 0 0 0 1", "3: a b FF 0:0 0:0 0 0 0 1", "3: a b 01",
		"3: a b 01 000000001:0 0:0 0 0 0 1", "3: a b 01 0:0 0:0 0 0 0",
		"3:", "3: a b 01 0 0:0 0 0 0 1", "3: a b 01 0:0 0:0 x 0 0 1",
		"3: a b 01 0:0 0:0 0 0 0 99999999999999999999"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(socket_line_parse(bad[i], &entry));
	assert_int_equal(entry.inode, 77);
}

static void test_count(void **state)
{
	(void)state;
	struct socket_entry entries[] = {
		{.inode = 1, .state = SOCKET_ESTABLISHED, .send_queue_bytes = 7, .retransmits = 1},
		{.inode = 2, .state = SOCKET_LISTENING, .receive_queue_bytes = 9},
		{.inode = 3, .state = SOCKET_SYN_SENT},
		{.inode = 5, .state = SOCKET_CLOSE_WAIT},
		{.inode = 8, .state = SOCKET_CLOSED},
	};
	struct socket_table table = {.entries = entries, .count = 5, .complete = true};
	struct sample sample = {0};
	socket_begin(&table);
	for (uint64_t inode = 0; inode < 10; inode++) {
		socket_count(&table, inode, &sample);
		socket_count(&table, inode, &sample); /* shared with another process */
	}
	assert_int_equal(sample.connections, 1);
	assert_int_equal(sample.connections_opening, 1);
	assert_int_equal(sample.connections_closing, 1);
	assert_int_equal(sample.retransmits, 1);
	assert_int_equal(sample.send_queue_bytes, 7);
	assert_int_equal(sample.receive_queue_bytes, 0);
	socket_begin(&table);
	socket_count(&table, 1, &sample);
	assert_int_equal(sample.connections, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_odd_lines),
		cmocka_unit_test(test_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

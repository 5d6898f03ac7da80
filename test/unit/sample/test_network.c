/* SPDX-License-Identifier: Apache-2.0 */
/* The network's counters, whatever columns a kernel has. */
#include "sample/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZED(text) text, sizeof text - 1

static void test_devices(void **state)
{
	(void)state;
	struct host_sample sample = {0};
	static const char text[] =
		"Inter-|   Receive                        |  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes ...\n"
		"    lo: 900 9 9 9 9 9 9 9 900 9 9 9 9 9 9 9\n"
		"  eth0: 100 5 1 2 0 0 0 0 200 6 3 4 0 0 0 0\n"
		"  eth1:10 5 1 2 0 0 0 0 20 6 3 4 0 0 0 0\n";
	assert_true(network_devices_parse(SIZED(text), &sample));
	assert_int_equal(sample.received_bytes, 110);
	assert_int_equal(sample.sent_bytes, 220);
	assert_int_equal(sample.network_errors, 8);
	assert_int_equal(sample.network_drops, 12);
	struct host_sample none = {0};
	assert_false(network_devices_parse(SIZED("lo: 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7\n"), &none));
	assert_false(network_devices_parse(SIZED("eth0: 1 2 3\n"), &none));
	assert_false(network_devices_parse(SIZED("eth0"), &none));
	assert_false(network_devices_parse("", 0, &none));
	assert_true(none.present == 0);
}

static void test_columns(void **state)
{
	(void)state;
	struct host_sample sample = {0};
	static const char snmp[] = "Ip: A B\nIp: 1 2\n"
				   "Tcp: MaxConn ActiveOpens AttemptFails EstabResets OutSegs "
				   "RetransSegs\n"
				   "Tcp: -1 5 6 7 8 9\n";
	assert_true(network_tcp_parse(SIZED(snmp), &sample));
	/* A column before these holds a minus one. */
	assert_int_equal(sample.connects, 5);
	assert_int_equal(sample.connect_failures, 6);
	assert_int_equal(sample.resets, 7);
	assert_int_equal(sample.segments, 8);
	assert_int_equal(sample.retransmits, 9);
	static const char netstat[] = "TcpExt: ListenOverflows ListenDrops TCPTimeouts\n"
				      "TcpExt: 1 2 3\n";
	assert_true(network_tcp_more_parse(SIZED(netstat), &sample));
	assert_int_equal(sample.listen_drops, 2);
	assert_int_equal(sample.timeouts, 3);
	struct host_sample none = {0};
	assert_false(network_tcp_parse(SIZED("Tcp: ActiveOpens\n"), &none));
	assert_false(network_tcp_parse(SIZED("Tcp: ActiveOpens\nTcp:\n"), &none));
	assert_false(network_tcp_parse(SIZED("Tcp: Other\nTcp: 5\n"), &none));
	assert_false(network_tcp_more_parse("", 0, &none));
	assert_true(none.present == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_columns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

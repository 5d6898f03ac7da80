/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: what /proc says, whatever they call themselves. */
#include "sample/proc.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FIELDS                                                                                     \
	" S 7 8 9 0 -1 4194304 100 5 3 1 11 12 13 14 20 0 1 0 5555 1000000 42 "                    \
	"18446744073709551615"

static void test_parse(void **state)
{
	(void)state;
	static const char *const names[] = {"(cat)", "(a b)", "(a) S 1 2 3)", "()", "(x\n) R 5)"};
	struct proc_stat stat;
	char text[512];
	for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
		int size = snprintf(text, sizeof text, "123 %s" FIELDS " 1\n", names[index]);
		assert_true(proc_stat_parse(text, (size_t)size, &stat));
		assert_int_equal(stat.state, 'S');
		assert_int_equal(stat.parent, 7);
		assert_int_equal(stat.group, 8);
		assert_int_equal(stat.session, 9);
		assert_int_equal(stat.start_ticks, 5555);
		long tick_ns = 1000000000 / sysconf(_SC_CLK_TCK);
		assert_int_equal(stat.cpu_ns, 23 * tick_ns);
		assert_int_equal(stat.cpu_children_ns, 27 * tick_ns);
		assert_int_equal(stat.memory_bytes, 42 * sysconf(_SC_PAGESIZE));
		assert_int_equal(stat.threads, 1);
		assert_int_equal(stat.faults_minor, 100 + 5);
		assert_int_equal(stat.faults_major, 3 + 1);
		assert_false(stat.exiting);
	}
	static const char exiting[] = "1 (x) R 7 8 9 0 -1 4194308 1 0 0 0 1 2 3 4 20 0 1 0 5 1 0 1";
	assert_true(proc_stat_parse(exiting, sizeof exiting - 1, &stat));
	assert_true(stat.exiting);
}

static void test_malformed(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "123 (cat)", "123 (cat) ", "123 cat S 1 2 3",
		"1 (x) S 7 8", "1 (x) S a 8 9 0 -1 0 1 0 0 0 11 12 13 14 20 0 1 0 5 1 42",
		"1 (x) S -7 8 9 0 -1 0 1 0 0 0 11 12 13 14 20 0 1 0 5 1 42",
		"1 (x) S 7 8 9 0 -1 0 1 0 0 0 9223372036854775807 12 13 14 20 0 1 0 5 1 42",
		"1 (x) S 7 8 9 0 -1 0 1 0 0 0 11 12 13 14 20 0 1 0 5 1 9223372036854775807"};
	struct proc_stat stat = {.parent = -77};
	for (size_t index = 0; index < sizeof bad / sizeof bad[0]; index++) {
		assert_false(proc_stat_parse(bad[index], strlen(bad[index]), &stat));
		assert_int_equal(stat.parent, -77);
	}
	assert_false(proc_stat_read(0, &stat));
}

/* Both ends of a connection over loopback, with 5 bytes under way that nobody reads. */
static void scene_connect(int pair[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(pair[0], (struct sockaddr *)&address, size), 0);
	pair[1] = accept(listener, NULL, NULL);
	assert_true(pair[1] >= 0);
	assert_int_equal(write(pair[0], "hello", 5), 5);
	close(listener);
}

/* A child that has a child; both wait until the pipe's other end closes. */
static pid_t start_family(int gate[2], pid_t *grandchild)
{
	int report[2];
	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(report), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char byte;
		close(gate[1]);
		prctl(PR_SET_NAME, "odd) S 1 (name");
		pid_t below = fork();
		if (below == 0)
			_exit(read(gate[0], &byte, 1) != 0);
		if (write(report[1], &below, sizeof below) != (ssize_t)sizeof below)
			_exit(2);
		waitpid(below, NULL, 0);
		_exit(0);
	}
	close(gate[0]);
	close(report[1]);
	assert_int_equal(read(report[0], grandchild, sizeof *grandchild), sizeof *grandchild);
	close(report[0]);
	return pid;
}

#define COUNTED (SAMPLE_CPU | SAMPLE_MEMORY | SAMPLE_PROCESSES)

static void test_tree(void **state)
{
	(void)state;
	int gate[2];
	pid_t below = 0;
	pid_t child = start_family(gate, &below);
	struct proc_table table = {0};
	pid_t pids[8];
	struct sample sample;
	struct proc_stat stat;
	assert_true(proc_table_scan(&table));
	assert_int_equal(proc_table_tree(&table, getpid(), pids, 8), 2);
	assert_int_equal(pids[0], child);
	assert_int_equal(pids[1], below);
	assert_int_equal(proc_table_tree(&table, getpid(), pids, 1), 1);
	assert_int_equal(proc_table_tree(&table, below, pids, 8), 0);
	assert_int_equal(proc_own_children(pids, 8), 1);
	assert_int_equal(pids[0], child);
	assert_true(proc_stat_read(below, &stat));
	assert_int_equal(stat.parent, child);
	proc_table_sample(&table, child, true, COUNTED, NULL, 9, &sample);
	assert_true(sample.present == COUNTED);
	assert_int_equal(sample.at_ns, 9);
	assert_int_equal(sample.processes, 2);
	int64_t both = sample.memory_bytes;
	proc_table_sample(&table, child, false, COUNTED, NULL, 9, &sample);
	assert_int_equal(sample.processes, 1);
	/* The kernel counts pages roughly: a process just forked may have none yet. */
	assert_true(sample.memory_bytes <= both);
	proc_table_sample(&table, getpid(), true, COUNTED, NULL, 9, &sample);
	assert_int_equal(sample.processes, 3);
	assert_true(sample.memory_bytes > both);
	close(gate[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(proc_table_scan(&table));
	proc_table_sample(&table, child, true, COUNTED, NULL, 9, &sample);
	assert_int_equal(sample.present, 0);
	assert_int_equal(sample.memory_bytes, 0);
	proc_table_free(&table);
	assert_null(table.entries);
}

/* A table can say anything: a loop of parents must not hang the walk. */
static void test_loop_of_parents(void **state)
{
	(void)state;
	struct proc_entry entries[] = {
		{.pid = 11, .stat.parent = 10}, {.pid = 10, .stat.parent = 11}};
	struct proc_table table = {.entries = entries, .count = 2};
	pid_t pids[16];
	assert_int_equal(proc_table_tree(&table, 10, pids, 16), 16);
}

/* Known connections: a pair of our own, of which a child inherits both ends. */
static void test_details_of_this_process(void **state)
{
	(void)state;
	struct proc_table table = {0};
	struct socket_table sockets = {0};
	struct sample sample;
	int pair[2];
	scene_connect(pair);
	assert_true(proc_table_scan(&table));
	socket_table_scan(&sockets);
	assert_true(sockets.complete);
	proc_table_sample(&table, getpid(), true, PROC_VALUES, &sockets, 1, &sample);
	assert_true((sample.present & SAMPLE_SOCKETS) == SAMPLE_SOCKETS);
	assert_int_equal(sample.connections, 2);
	assert_int_equal(sample.receive_queue_bytes, 5);
	assert_true(sample.open_files >= 5);
	assert_true(sample.threads >= 1);
	assert_true(sample.memory_anonymous_bytes > 0);
	assert_true(sample.memory_file_bytes > 0);
	assert_true(sample.memory_anonymous_bytes <= sample.memory_bytes * 2);
	assert_true(sample.switches_voluntary + sample.switches_forced >= 0);
	assert_true(sample.faults_minor > 0);
	/* Without a list of connections they are absent, not none. */
	proc_table_sample(&table, getpid(), true, PROC_VALUES, NULL, 1, &sample);
	assert_true((sample.present & SAMPLE_SOCKETS) == 0);
	assert_int_equal(sample.connections, 0);
	close(pair[0]);
	close(pair[1]);
	proc_table_free(&table);
	socket_table_free(&sockets);
}

/* A process that ended since the table was filled takes nothing away from the others. */
static void test_vanished(void **state)
{
	(void)state;
	struct proc_table table = {0};
	struct sample sample;
	int gate[2];
	pid_t below = 0;
	pid_t child = start_family(gate, &below);
	assert_true(proc_table_scan(&table));
	close(gate[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	proc_table_sample(&table, getpid(), true, PROC_VALUES, NULL, 1, &sample);
	assert_int_equal(sample.processes, 3);
	assert_true((sample.present & SAMPLE_BIT(OPEN_FILES)) != 0);
	assert_true(sample.open_files >= 3);
	proc_table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_details_of_this_process),
		cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_loop_of_parents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Where the API listens, and where it refuses to. */
#include "daemon/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char message[512];

static void assert_refused(const char *address, const char *words)
{
	struct listen_socket from;

	if (listen_open(&from, address, false, message, sizeof message))
		fail_msg("listens on %s", address);
	assert_int_equal(from.fd, -1);
	if (strstr(message, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, message);
}

static void test_only_this_machine(void **state)
{
	(void)state;
	assert_refused("0.0.0.0:0", "without access tokens only this machine is served");
	assert_refused("192.168.1.1:80", "without access tokens");
	assert_refused("[::]:0", "without access tokens");
	assert_refused("example.org:80", "names are not resolved");
	assert_refused("127.0.0.1", "expected HOST:PORT");
	assert_refused("127.1:80", "names are not resolved");
	assert_refused("", "expected HOST:PORT");
}

static void test_every_address_with_tokens(void **state)
{
	struct listen_socket from;

	(void)state;
	assert_true(listen_open(&from, "0.0.0.0:0", true, message, sizeof message));
	assert_true(from.is_public);
	assert_true(from.port > 0);
	listen_remove(&from);
	assert_true(listen_open(&from, "127.0.0.1:0", true, message, sizeof message));
	assert_false(from.is_public);
	listen_remove(&from);
	assert_false(listen_open(&from, "example.org:80", true, message, sizeof message));
}

static void test_loopback(void **state)
{
	static const char *const addresses[] = {
		"127.0.0.1:0", "localhost:0", "LOCALHOST:0", "127.0.0.2:0"};

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		struct listen_socket from;

		if (!listen_open(&from, addresses[i], false, message, sizeof message))
			fail_msg("%s", message);
		assert_true(from.port > 0);
		assert_false(from.is_unix);
		listen_remove(&from);
	}
}

static void test_port_in_use(void **state)
{
	struct listen_socket first;
	char address[64], holder[64];

	(void)state;
	assert_true(listen_open(&first, "127.0.0.1:0", false, message, sizeof message));
	snprintf(address, sizeof address, "127.0.0.1:%u", first.port);
	assert_refused(address, "--listen");
	snprintf(holder, sizeof holder, "(process %d)", (int)getpid());
	assert_non_null(strstr(message, holder));
	listen_remove(&first);
}

static void test_unix_socket(void **state)
{
	char folder[] = "/tmp/ballast-listen-XXXXXX", path[64], address[80];
	struct listen_socket first, second;
	struct stat file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/api", folder);
	snprintf(address, sizeof address, "unix:%s", path);
	assert_true(listen_open(&first, address, false, message, sizeof message));
	assert_int_equal(stat(path, &file), 0);
	assert_true(S_ISSOCK(file.st_mode));
	assert_int_equal(file.st_mode & 0777, 0600);
	assert_refused(path, "another process serves it");
	/* What a killed daemon left behind is replaced. */
	close(first.fd);
	assert_true(listen_open(&second, path, false, message, sizeof message));
	listen_remove(&second);
	assert_int_equal(access(path, F_OK), -1);
	rmdir(folder);
}

static void test_long_path(void **state)
{
	char path[200];

	(void)state;
	memset(path, 'a', sizeof path);
	memcpy(path, "unix:/", 6);
	path[sizeof path - 1] = '\0';
	assert_refused(path, "at most 107 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_this_machine),
		cmocka_unit_test(test_every_address_with_tokens),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_port_in_use),
		cmocka_unit_test(test_unix_socket),
		cmocka_unit_test(test_long_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

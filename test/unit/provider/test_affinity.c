/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/affinity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

static void test_lists(void **state)
{
	static const char *const wrong[] = {"", "a", "1-", "-1", "3-1", "1,", ",1", "0-3 ", "1;2",
		"1024", "0-1024", "99999999999999999999"};
	cpu_set_t set;

	(void)state;
	assert_true(affinity_read("0", &set));
	assert_int_equal(CPU_COUNT(&set), 1);
	assert_true(affinity_read("0-3,8,10-10", &set));
	assert_int_equal(CPU_COUNT(&set), 6);
	assert_true(CPU_ISSET(8, &set));
	assert_false(CPU_ISSET(9, &set));
	assert_true(affinity_read("1023", &set));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(affinity_read(wrong[i], &set));
}

/* In a child, so that the test itself stays where it is. */
static int bind_in_child(const cpu_set_t *set)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(affinity_bind(set) ? 0 : 1);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void test_what_was_set_is_read_back(void **state)
{
	cpu_set_t mine, one, absent;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof mine, &mine), 0);
	assert_int_equal(bind_in_child(&mine), 0);
	CPU_ZERO(&one);
	for (unsigned i = 0; CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &mine))
			CPU_SET(i, &one);
	assert_int_equal(bind_in_child(&one), 0);
	/* One that is not there beside one that is: the kernel would take what it can. */
	absent = one;
	CPU_SET(CPU_SETSIZE - 1, &absent);
	assert_int_equal(bind_in_child(&absent), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_what_was_set_is_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

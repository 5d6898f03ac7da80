/* SPDX-License-Identifier: Apache-2.0 */
/* A signal reaches the process that is meant, or nobody. */
#include "provider/identity.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A child that leads a group and waits for ever. */
static pid_t start_sleeper(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(setpgid(pid, pid), 0);
	return pid;
}

static int end_of(pid_t pid)
{
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static bool is_waiting(pid_t pid)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

static void test_self(void **state)
{
	(void)state;
	struct identity self;
	assert_true(identity_of(getpid(), &self));
	assert_int_equal(self.pid, getpid());
	assert_true(identity_alive(&self));
	assert_int_equal(strlen(self.boot), IDENTITY_BOOT_SIZE - 1);
	assert_false(identity_of(0, &self));
	assert_false(identity_of(-1, &self));
}

static void test_recycled_number_is_refused(void **state)
{
	(void)state;
	struct identity meant;
	pid_t pid = start_sleeper();
	assert_true(identity_of(pid, &meant));
	struct identity other = meant;
	other.start_ticks++;
	assert_false(identity_alive(&other));
	assert_int_equal(identity_open(&other), -1);
	assert_int_equal(errno, ESRCH);
	assert_false(identity_signal(&other, SIGKILL));
	assert_false(identity_signal_group(&other, SIGKILL));
	other = meant;
	other.boot[0] = other.boot[0] == '0' ? '1' : '0';
	assert_false(identity_signal(&other, SIGKILL));
	other.boot[0] = '\0';
	assert_false(identity_signal(&other, SIGKILL));
	assert_true(is_waiting(pid));
	assert_true(identity_signal(&meant, SIGTERM));
	assert_int_equal(end_of(pid), SIGTERM);
	assert_false(identity_alive(&meant));
	assert_false(identity_signal(&meant, SIGTERM));
}

static void test_whole_group(void **state)
{
	(void)state;
	struct identity leader;
	pid_t first = start_sleeper();
	pid_t second = fork();
	if (second == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(setpgid(second, first), 0);
	assert_true(identity_of(first, &leader));
	assert_true(identity_signal_group(&leader, SIGTERM));
	assert_int_equal(end_of(first), SIGTERM);
	assert_int_equal(end_of(second), SIGTERM);
}

static void test_init_is_never_meant(void **state)
{
	(void)state;
	struct identity init;
	if (!identity_of(1, &init))
		return;
	/* Signal 0 would do no harm, and is refused all the same. */
	assert_false(identity_signal(&init, 0));
	assert_false(identity_signal_group(&init, 0));
}

static void note_signal(int number)
{
	(void)number;
}

static void test_handles(void **state)
{
	(void)state;
	struct identity self;
	assert_true(identity_of(getpid(), &self));
	assert_false(identity_handles(&self, SIGUSR1));
	signal(SIGUSR1, note_signal);
	assert_true(identity_handles(&self, SIGUSR1));
	assert_false(identity_handles(&self, SIGUSR2));
	signal(SIGUSR1, SIG_IGN);
	assert_false(identity_handles(&self, SIGUSR1));
	signal(SIGUSR1, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_recycled_number_is_refused),
		cmocka_unit_test(test_whole_group),
		cmocka_unit_test(test_init_is_never_meant),
		cmocka_unit_test(test_handles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Many runs behind one descriptor; daemons that are killed, and the next one that goes on. */
#include "scene.h"

#include "provider/group.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WAITING "echo up >\"$1\"; read x <\"$2\"; "

static struct runner *open_runner(const struct scene *scene)
{
	char message[256] = "";
	struct runner *runner =
		runner_open(scene->runs, &scene->no_group, NULL, 0, message, sizeof message);
	if (runner == NULL)
		fail_msg("%s", message);
	return runner;
}

static void take(struct runner *runner, enum runner_event_type type, const char *name,
	struct runner_event *event)
{
	while (!runner_next(runner, 0, event))
		scene_wait_fd(runner_fd(runner));
	assert_int_equal(event->type, type);
	assert_string_equal(event->name, name);
}

static struct run *start(struct runner *runner, const char *name, const struct spec *spec,
	const char *input, void *owner)
{
	char message[256] = "";
	struct run *run = runner_start(runner, name, spec, input, input == NULL ? 0 : strlen(input),
		owner, message, sizeof message);
	if (run == NULL)
		fail_msg("%s", message);
	return run;
}

static void test_input_output_owner(void **state)
{
	struct scene *scene = *state;
	struct runner *runner = open_runner(scene);
	struct runner_event event;
	struct spec spec;
	char text[600];
	int owner = 0;
	scene_shell(scene, &spec, "cat; echo; echo $BALLAST_CHECKPOINT");
	struct run *run = start(runner, "task-1", &spec, "the payload", &owner);
	assert_ptr_equal(start(runner, "task-1", &spec, "again", NULL), run);
	assert_int_equal(runner_count(runner), 1);
	take(runner, RUNNER_STARTED, "task-1", &event);
	assert_ptr_equal(event.owner, &owner);
	take(runner, RUNNER_ENDED, "task-1", &event);
	assert_ptr_equal(event.run, run);
	assert_int_equal(run->result.code, 0);
	scene_output(run, RUN_STDOUT, text, sizeof text);
	char wanted[600];
	snprintf(wanted, sizeof wanted, "the payload\n%s/task-1/checkpoint\n", scene->runs);
	assert_string_equal(text, wanted);
	assert_false(runner_next(runner, 0, &event));
	runner_remove(runner, run);
	assert_null(runner_find(runner, "task-1"));
	assert_int_equal(runner_count(runner), 0);
	runner_close(runner);
}

static void test_failure_is_one_event(void **state)
{
	struct scene *scene = *state;
	struct runner *runner = open_runner(scene);
	struct runner_event event;
	struct spec spec;
	scene_shell(scene, &spec, "");
	spec.arguments[0] = "no-such-program";
	start(runner, "f", &spec, NULL, NULL);
	take(runner, RUNNER_ENDED, "f", &event);
	assert_int_equal(event.run->state, RUN_FAILED);
	assert_non_null(strstr(event.run->result.text, "no-such-program"));
	runner_remove(runner, event.run);
	runner_close(runner);
}

static void test_many_at_once(void **state)
{
	enum { COUNT = 40 };
	struct scene *scene = *state;
	struct runner *runner = open_runner(scene);
	struct runner_event event;
	struct spec spec;
	char name[16];
	bool ended[COUNT] = {false};
	bool started[COUNT] = {false};
	for (int index = 0; index < COUNT; index++) {
		char script[32];
		snprintf(script, sizeof script, "exit %d", index);
		scene_shell(scene, &spec, script);
		snprintf(name, sizeof name, "%d", index);
		start(runner, name, &spec, NULL, NULL);
	}
	for (int count = 0; count < 2 * COUNT; count++) {
		while (!runner_next(runner, 0, &event))
			scene_wait_fd(runner_fd(runner));
		long index = strtol(event.name, NULL, 10);
		assert_in_range(index, 0, COUNT - 1);
		bool *told = event.type == RUNNER_ENDED ? ended : started;
		assert_false(told[index]);
		told[index] = true;
		if (event.type != RUNNER_ENDED)
			continue;
		assert_true(started[index]);
		assert_int_equal(event.run->result.code, index);
		runner_remove(runner, event.run);
	}
	assert_int_equal(runner_count(runner), 0);
	runner_close(runner);
}

static void test_end_with_grace(void **state)
{
	struct scene *scene = *state;
	struct runner *runner = open_runner(scene);
	struct runner_event event;
	struct spec spec;
	char line[16];
	scene_shell(scene, &spec, "trap '' TERM; " WAITING);
	struct run *run = start(runner, "stubborn", &spec, NULL, NULL);
	take(runner, RUNNER_STARTED, "stubborn", &event);
	scene_wait_up(scene, line, sizeof line);
	runner_end(runner, run, 0);
	assert_true(runner_deadline_ns(runner) == spec.grace_ns);
	assert_false(runner_next(runner, spec.grace_ns - 1, &event));
	(void)runner_next(runner, spec.grace_ns, &event);
	take(runner, RUNNER_ENDED, "stubborn", &event);
	assert_int_equal(run->result.signal, SIGKILL);
	assert_true(run->result.asked);
	runner_remove(runner, run);
	runner_close(runner);
}

static void test_impossible_directory(void **state)
{
	struct scene *scene = *state;
	char message[256] = "";
	assert_null(runner_open(scene->up, &scene->no_group, NULL, 0, message, sizeof message));
	assert_non_null(strstr(message, scene->up));
	assert_null(
		runner_open("/proc/no/such", &scene->no_group, NULL, 0, message, sizeof message));
}

/* A daemon in a process of its own, which starts one command and is then killed without warning. */
static void run_daemon_until_killed(const struct scene *scene, const char *script)
{
	pid_t daemon = fork();
	if (daemon == 0) {
		struct runner *runner = open_runner(scene);
		struct runner_event event;
		struct spec spec;
		scene_shell(scene, &spec, script);
		start(runner, "task", &spec, "input", NULL);
		while (!runner_next(runner, 0, &event))
			scene_wait_fd(runner_fd(runner));
		pause();
		_exit(0);
	}
	char line[16];
	scene_wait_up(scene, line, sizeof line);
	assert_int_equal(kill(daemon, SIGKILL), 0);
	assert_int_equal(waitpid(daemon, NULL, 0), daemon);
}

static void test_daemon_killed_while_it_runs(void **state)
{
	struct scene *scene = *state;
	struct runner_event event;
	char text[64];
	run_daemon_until_killed(scene, "cat; " WAITING "echo done; exit 7");
	struct runner *runner = open_runner(scene);
	take(runner, RUNNER_ADOPTED, "task", &event);
	assert_null(event.owner);
	runner_own(event.run, scene);
	scene_go(scene);
	take(runner, RUNNER_ENDED, "task", &event);
	assert_ptr_equal(event.owner, scene);
	assert_int_equal(event.run->state, RUN_EXITED);
	assert_int_equal(event.run->result.code, 7);
	scene_output(event.run, RUN_STDOUT, text, sizeof text);
	assert_string_equal(text, "inputdone\n");
	runner_remove(runner, event.run);
	runner_close(runner);
}

/* Nobody was there when it ended, and a second daemon died before it took the result. */
static void test_ended_while_no_daemon_lived(void **state)
{
	struct scene *scene = *state;
	struct runner_event event;
	char text[64];
	run_daemon_until_killed(scene, WAITING "echo late; exit 8");
	scene_go(scene);
	/* The launcher is our child by now: its end is the end of the run. */
	assert_true(waitpid(-1, NULL, 0) > 0);
	struct runner *runner = open_runner(scene);
	runner_close(runner);
	runner = open_runner(scene);
	take(runner, RUNNER_ENDED, "task", &event);
	assert_int_equal(event.run->state, RUN_EXITED);
	assert_int_equal(event.run->result.code, 8);
	scene_output(event.run, RUN_STDOUT, text, sizeof text);
	assert_string_equal(text, "late\n");
	runner_remove(runner, event.run);
	runner_close(runner);
}

/* A daemon killed at any instant after it gave the order: the command runs once, or, if the order
 * did not get through, it is known for certain that it never ran. */
static void test_daemon_killed_right_after_the_order(void **state)
{
	enum { ROUNDS = 20 };
	struct scene *scene = *state;
	struct runner_event event;
	for (int round = 0; round < ROUNDS; round++) {
		pid_t daemon = fork();
		if (daemon == 0) {
			struct runner *doomed = open_runner(scene);
			struct spec spec;
			scene_shell(scene, &spec, "echo once");
			start(doomed, "task", &spec, NULL, NULL);
			_exit(0);
		}
		assert_int_equal(waitpid(daemon, NULL, 0), daemon);
		struct runner *runner = open_runner(scene);
		int64_t now_ns = 0;
		event.type = RUNNER_STARTED;
		while (event.type != RUNNER_ENDED) {
			if (runner_next(runner, now_ns, &event))
				continue;
			/* Adopted before it began, it is looked at again soon; time is ours. */
			struct pollfd poller = {.fd = runner_fd(runner), .events = POLLIN};
			(void)poll(&poller, 1, 50);
			now_ns += 50000000;
			assert_true(now_ns < (int64_t)SCENE_PATIENCE_MS * 1000000);
		}
		if (event.run->result.never_started) {
			assert_true(run_output_size(event.run, RUN_STDOUT) <= 0);
		} else {
			assert_int_equal(event.run->state, RUN_EXITED);
			assert_int_equal(run_output_size(event.run, RUN_STDOUT), 5);
		}
		runner_remove(runner, event.run);
		runner_close(runner);
		while (waitpid(-1, NULL, 0) > 0)
			continue;
	}
}

static void test_half_made_directory_is_cleared(void **state)
{
	struct scene *scene = *state;
	struct run run;
	struct runner_event event;
	char message[256];
	bool exists = false;
	assert_true(run_create(&run, scene->runs, "half", &exists, message, sizeof message));
	struct runner *runner = open_runner(scene);
	assert_false(runner_next(runner, 0, &event));
	assert_int_equal(runner_count(runner), 0);
	assert_int_not_equal(access(run.path, F_OK), 0);
	runner_close(runner);
}

static void test_with_groups(void **state)
{
	struct scene *scene = *state;
	struct cgroup base;
	struct runner_event event;
	struct spec spec;
	struct sample sample;
	char message[256];
	char instance[32];
	char line[16];
	snprintf(instance, sizeof instance, "test-%d", (int)getpid());
	group_open(&base, instance, message, sizeof message);
	if (base.version == CGROUP_NONE) {
		print_message("skipped: %s\n", message);
		skip();
	}
	struct runner *runner = runner_open(scene->runs, &base, NULL, 0, message, sizeof message);
	assert_non_null(runner);
	scene_shell(scene, &spec, "sleep 1000 & " WAITING);
	spec.limits = (struct spec_limits){.cpu_millis = 1000, .pids = 50};
	struct run *run = start(runner, "grouped", &spec, NULL, NULL);
	take(runner, RUNNER_STARTED, "grouped", &event);
	scene_wait_up(scene, line, sizeof line);
	runner_sample(runner, run, SAMPLE_ALL, 0, &sample);
	assert_int_equal(sample.processes, 2);
	scene_go(scene);
	take(runner, RUNNER_ENDED, "grouped", &event);
	runner_remove(runner, run);
	runner_close(runner);
	group_close(&base);
	for (int part = 0; part < CGROUP_PART_COUNT; part++)
		assert_true(base.path[part][0] == '\0' || access(base.path[part], F_OK) != 0);
}

/* Makes pidfd_open and pidfd_send_signal what they are before Linux 5.3: not there. */
static bool forbid_pidfds(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Without pidfds the deadline takes their place. Runs in a process of its own, whose exit status
 * says at which step it failed. */
static int live_without_pidfds(const struct scene *scene)
{
	struct runner_event event;
	struct spec spec;
	char message[256];
	bool ended = false;
	int64_t until_ns = scene_now_ns() + (int64_t)SCENE_PATIENCE_MS * 1000000;
	if (!forbid_pidfds())
		return 2;
	struct runner *runner = runner_open(
		scene->runs, &scene->no_group, NULL, scene_now_ns(), message, sizeof message);
	scene_shell(scene, &spec, "read x <\"$2\"");
	struct run *run = runner == NULL ? NULL
					 : runner_start(runner, "old", &spec, NULL, 0, NULL,
						   message, sizeof message);
	if (run == NULL || run->launcher_fd != -1)
		return 3;
	while (!ended && scene_now_ns() < until_ns) {
		if (!runner_next(runner, scene_now_ns(), &event)) {
			struct pollfd poller = {.fd = runner_fd(runner), .events = POLLIN};
			int64_t wait_ns = runner_deadline_ns(runner) - scene_now_ns();
			(void)poll(&poller, 1, wait_ns < 0 ? 0 : (int)(wait_ns / 1000000) + 1);
			continue;
		}
		if (event.type == RUNNER_STARTED)
			runner_end(runner, run, scene_now_ns());
		ended = event.type == RUNNER_ENDED;
	}
	if (!ended || run->state != RUN_EXITED || run->result.signal != SIGTERM)
		return 4;
	runner_remove(runner, run);
	runner_close(runner);
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? 0 : 5;
}

static void test_without_pidfds(void **state)
{
	struct scene *scene = *state;
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(live_without_pidfds(scene));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2) {
		print_message("skipped: seccomp is not available\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define SCENE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_begin, scene_end)

int main(int argument_count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(test_input_output_owner),
		SCENE_TEST(test_failure_is_one_event),
		SCENE_TEST(test_many_at_once),
		SCENE_TEST(test_end_with_grace),
		SCENE_TEST(test_impossible_directory),
		SCENE_TEST(test_daemon_killed_while_it_runs),
		SCENE_TEST(test_ended_while_no_daemon_lived),
		SCENE_TEST(test_daemon_killed_right_after_the_order),
		SCENE_TEST(test_half_made_directory_is_cleared),
		SCENE_TEST(test_with_groups),
		SCENE_TEST(test_without_pidfds),
	};
	int rc = scene_dispatch(argument_count, arguments);
	return rc >= 0 ? rc : cmocka_run_group_tests(tests, NULL, NULL);
}

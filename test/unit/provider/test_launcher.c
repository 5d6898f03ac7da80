/* SPDX-License-Identifier: Apache-2.0 */
/* What a command finds when it begins, and what is said when it cannot begin. */
#include "scene.h"

#include "sample/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LAUNCHER_PRIVATE_KIB_MAX 1536

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static void test_environment_is_only_what_the_spec_says(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char text[1024];
	setenv("SECRET_OF_THE_DAEMON", "1", 1);
	spec_init(&spec);
	spec.arguments[0] = "env";
	spec.environment[0] = "PATH=/usr/bin:/bin";
	spec.environment[1] = "GIVEN=two words";
	spec.directory = "/";
	scene_start(scene, &run, "env", &spec);
	scene_wait_end(&run, 0);
	assert_int_equal(run.state, RUN_EXITED);
	assert_int_equal(run.result.code, 0);
	scene_output(&run, RUN_STDOUT, text, sizeof text);
	assert_string_equal(text, "PATH=/usr/bin:/bin\nGIVEN=two words\n");
	assert_true(run_remove(&run));
}

static void test_descriptors_are_closed(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char text[256];
	int leaks[8];
	for (int index = 0; index < 8; index++)
		leaks[index] = open("/dev/null", O_RDONLY); /* Without O_CLOEXEC, on purpose. */
	spec_init(&spec);
	spec.arguments[0] = scene->program;
	spec.arguments[1] = "--describe";
	spec.directory = "/";
	scene_start(scene, &run, "fds", &spec);
	scene_wait_end(&run, 0);
	scene_output(&run, RUN_STDOUT, text, sizeof text);
	assert_string_equal(text, "0 1 2 \n");
	assert_true(run_remove(&run));
	for (int index = 0; index < 8; index++)
		close(leaks[index]);
}

static void test_process_is_set_up(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char text[1024];
	sigset_t blocked;
	sigset_t before;
	/* Neither what the daemon ignores nor what it blocks may reach the command. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGPIPE, SIG_IGN);
	/* The C library ignores its own two signals, 32 and 33, in what it spawns. */
	scene_shell(scene, &spec,
		"grep -E 'NoNewPrivs|SigBlk|SigIgn' /proc/self/status | sed "
		"s/00180000000/00000000000/; ulimit -Sn; ulimit -c; pwd;"
		"umask; cat /proc/$$/stat | cut -d' ' -f1,5,6; echo problem >&2");
	spec.limits.files = 77;
	scene_start(scene, &run, "setup", &spec);
	scene_wait_start(&run);
	pid_t pid = run.child.pid;
	scene_wait_end(&run, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	char wanted[512];
	snprintf(wanted, sizeof wanted,
		"SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nNoNewPrivs:\t1\n"
		"77\n0\n%s\n0022\n%d %d %d\n",
		scene->directory, (int)pid, (int)pid, (int)pid);
	scene_output(&run, RUN_STDOUT, text, sizeof text);
	assert_string_equal(text, wanted);
	scene_output(&run, RUN_STDERR, text, sizeof text);
	assert_string_equal(text, "problem\n");
	assert_true(run_remove(&run));
}

static void test_input_comes_from_the_file(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char path[RUN_PATH_SIZE_MAX + 16];
	char message[256];
	char text[64];
	bool exists = false;
	scene_shell(scene, &spec, "tr a-z A-Z");
	assert_true(run_create(&run, scene->runs, "in", &exists, message, sizeof message));
	snprintf(path, sizeof path, "%s/stdin", run.path);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "payload", 7), 7);
	close(fd);
	assert_true(run_start(&run, &spec, "/proc/self/exe", message, sizeof message));
	scene_wait_end(&run, 0);
	scene_output(&run, RUN_STDOUT, text, sizeof text);
	assert_string_equal(text, "PAYLOAD");
	assert_true(run_remove(&run));
}

static void expect_failure(
	const struct scene *scene, const struct spec *spec, const char *first, const char *second)
{
	struct run run;
	scene_start(scene, &run, "failure", spec);
	scene_wait_end(&run, 0);
	assert_int_equal(run.state, RUN_FAILED);
	assert_true(run.result.never_started);
	if (strstr(run.result.text, first) == NULL || strstr(run.result.text, second) == NULL)
		fail_msg("%s", run.result.text);
	assert_true(run_remove(&run));
}

static void test_failures_say_what_to_do(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	char path[320];
	scene_shell(scene, &spec, "");
	spec.arguments[0] = "no-such-program";
	expect_failure(scene, &spec, "no-such-program is not in PATH (/usr/bin:/bin)", "install");
	spec.arguments[0] = "/no/such/program";
	expect_failure(scene, &spec, "/no/such/program", "does not exist");
	snprintf(path, sizeof path, "%s/script", scene->directory);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "#!/no/such/shell\n", 17), 17);
	spec.arguments[0] = path;
	expect_failure(scene, &spec, path, "chmod +x");
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	expect_failure(scene, &spec, path, "interpreter");
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "echo not a shell\n", 17), 17);
	close(fd);
	expect_failure(scene, &spec, path, "#! line");
	assert_int_equal(unlink(path), 0);
	scene_shell(scene, &spec, "");
	spec.directory = "/no/such/directory";
	expect_failure(scene, &spec, "working directory /no/such/directory", "No such file");
	scene_shell(scene, &spec, "");
	spec.input_path = "/no/such/input";
	expect_failure(scene, &spec, "standard input", "No such file");
}

static void test_other_user(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char text[64];
	if (geteuid() != 0) {
		print_message("not root: a change of user cannot be tried\n");
		skip();
	}
	scene_shell(scene, &spec, "id -u; id -g; id -G");
	spec.directory = "/";
	spec.uid = 65534;
	spec.gid = 65533;
	scene_start(scene, &run, "user", &spec);
	scene_wait_end(&run, 0);
	scene_output(&run, RUN_STDOUT, text, sizeof text);
	assert_string_equal(text, "65534\n65533\n65533\n");
	assert_true(run_remove(&run));
}

/* A launcher that comes after the run was given up must not start anything. */
static void test_void_run_is_not_started(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	struct run adopted;
	int status = 0;
	char path[RUN_PATH_SIZE_MAX];
	scene_shell(scene, &spec, "echo started >\"$1\"");
	/* A "launcher" that ends without having done anything. */
	char message[256];
	bool exists = false;
	assert_true(run_create(&run, scene->runs, "void", &exists, message, sizeof message));
	assert_true(run_start(&run, &spec, "/bin/true", message, sizeof message));
	scene_wait_end(&run, 0);
	assert_int_equal(run.state, RUN_LOST);
	assert_true(run.result.never_started);
	memcpy(path, run.path, sizeof path);
	run_close(&run);
	assert_true(run_adopt(&adopted, scene->runs, "void", 0));
	assert_int_equal(adopted.state, RUN_LOST);
	assert_true(adopted.result.never_started);
	pid_t late = fork();
	if (late == 0) {
		execl(scene->program, "ballast", "--launch", path, (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(late, &status, 0), late);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
	assert_true(run_remove(&adopted));
}

static void test_damaged_spec_starts_nothing(void **state)
{
	struct scene *scene = *state;
	struct run run;
	char path[RUN_PATH_SIZE_MAX + 16];
	char message[256];
	bool exists = false;
	int status = 0;
	assert_true(run_create(&run, scene->runs, "bad", &exists, message, sizeof message));
	snprintf(path, sizeof path, "%s/spec", run.path);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "ballast-run 1:1\nargument 2:sh\n", 30), 30);
	close(fd);
	pid_t launcher = fork();
	if (launcher == 0) {
		execl(scene->program, "ballast", "--launch", run.path, (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(launcher, &status, 0), launcher);
	assert_int_equal(WEXITSTATUS(status), 0);
	struct run adopted;
	assert_true(run_adopt(&adopted, scene->runs, "bad", 0));
	assert_int_equal(adopted.state, RUN_FAILED);
	assert_non_null(strstr(adopted.result.text, "damaged"));
	assert_true(run_remove(&adopted));
}

static void test_waiting_launcher_is_small(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char path[64];
	char text[4096];
	char line[16];
	int64_t clean = 0;
	int64_t dirty = 0;
	scene_shell(scene, &spec, "echo up >\"$1\"; read x <\"$2\"");
	scene_start(scene, &run, "small", &spec);
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)run.launcher);
	bool read = file_read(path, text, sizeof text) > 0 &&
		    file_number_keyed(text, "Private_Clean:", &clean) &&
		    file_number_keyed(text, "Private_Dirty:", &dirty);
	scene_go(scene);
	scene_wait_end(&run, 0);
	assert_true(run_remove(&run));
	print_message("launcher: %d KiB private\n", (int)(clean + dirty));
	assert_true(read);
	assert_true(SANITIZED || clean + dirty < LAUNCHER_PRIVATE_KIB_MAX);
}

int main(int argument_count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_environment_is_only_what_the_spec_says, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(
			test_descriptors_are_closed, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(test_process_is_set_up, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(
			test_input_comes_from_the_file, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(
			test_failures_say_what_to_do, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(test_other_user, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(
			test_void_run_is_not_started, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(
			test_damaged_spec_starts_nothing, scene_begin, scene_end),
		cmocka_unit_test_setup_teardown(
			test_waiting_launcher_is_small, scene_begin, scene_end),
	};
	int rc = scene_dispatch(argument_count, arguments);
	return rc >= 0 ? rc : cmocka_run_group_tests(tests, NULL, NULL);
}

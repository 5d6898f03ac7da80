/* SPDX-License-Identifier: Apache-2.0 */
/* One command from start to end, seen by daemons that come and go. */
#include "scene.h"

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

#define WAITING "echo up >\"$1\"; read x <\"$2\"; "

static void test_exit_code_and_signal(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	scene_shell(scene, &spec, "echo out; exit 75");
	scene_start(scene, &run, "code", &spec);
	scene_wait_end(&run, 0);
	assert_int_equal(run.state, RUN_EXITED);
	assert_int_equal(run.result.code, 75);
	assert_int_equal(run.result.signal, 0);
	assert_false(run.result.asked);
	assert_true(run.result.cpu_ns >= 0);
	assert_true(run.result.memory_peak_bytes > 0);
	assert_true(run.result.ended_at_real_ns > 0);
	assert_int_equal(run_fd(&run), -1);
	assert_true(run_deadline_ns(&run) == RUN_NEVER_NS);
	assert_true(run_remove(&run));
	scene_shell(scene, &spec, "kill -SEGV $$");
	scene_start(scene, &run, "signal", &spec);
	scene_wait_end(&run, 0);
	assert_int_equal(run.state, RUN_EXITED);
	assert_int_equal(run.result.code, -1);
	assert_int_equal(run.result.signal, SIGSEGV);
	assert_true(run_remove(&run));
}

static void test_term_is_enough(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char line[16];
	scene_shell(scene, &spec, "trap 'exit 3' TERM; echo up >\"$1\"; sleep 1000 & wait");
	scene_start(scene, &run, "term", &spec);
	scene_wait_start(&run);
	assert_int_equal(run.state, RUN_RUNNING);
	scene_wait_up(scene, line, sizeof line);
	run_end(&run, 100);
	assert_true(run_deadline_ns(&run) == 100 + spec.grace_ns);
	run_end(&run, 200); /* Asking again does not prolong the grace. */
	assert_true(run_deadline_ns(&run) == 100 + spec.grace_ns);
	scene_wait_end(&run, 100);
	assert_int_equal(run.result.code, 3);
	assert_true(run.result.asked);
	assert_true(run_remove(&run));
}

static void test_kill_after_grace(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char line[16];
	scene_shell(scene, &spec, "trap '' TERM; " WAITING);
	spec.grace_ns = 1000;
	scene_start(scene, &run, "kill", &spec);
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	run_end(&run, 0);
	assert_false(run_check(&run, 999));
	assert_true(run_deadline_ns(&run) == 1000);
	run_check(&run, 1000);
	scene_wait_end(&run, 1000);
	assert_int_equal(run.result.signal, SIGKILL);
	assert_true(run.result.asked);
	assert_true(run_remove(&run));
}

static void test_end_before_it_started(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	scene_shell(scene, &spec, "read x <\"$2\"");
	scene_start(scene, &run, "early", &spec);
	run_end(&run, 0);
	scene_wait_end(&run, 0);
	assert_int_equal(run.state, RUN_EXITED);
	assert_int_equal(run.result.signal, SIGTERM);
	assert_true(run.result.asked);
	assert_true(run_remove(&run));
}

static void test_kill_at_once(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	scene_shell(scene, &spec, WAITING);
	scene_start(scene, &run, "now", &spec);
	run_kill(&run, 0);
	scene_wait_end(&run, 0);
	/* Killed while it was starting: the launcher first, so its end is not on record. */
	assert_true(run.state == RUN_LOST || run.result.signal == SIGKILL);
	assert_true(run_remove(&run));
}

/* What left the process group and the session is ended with the command, also without cgroups. */
static void test_nothing_is_left_behind(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	struct identity stray;
	char line[32];
	scene_shell(scene, &spec,
		"setsid sh -c 'echo $$ >\"$1\"; exec sleep 1000' sh \"$1\" & read x <\"$2\"; exit "
		"5");
	scene_start(scene, &run, "stray", &spec);
	scene_wait_up(scene, line, sizeof line);
	assert_true(identity_of((pid_t)strtol(line, NULL, 10), &stray));
	scene_go(scene);
	scene_wait_end(&run, 0);
	assert_int_equal(run.result.code, 5);
	assert_false(identity_alive(&stray));
	assert_true(run_remove(&run));
}

static void test_drain_reaches_who_listens(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char line[16];
	scene_shell(scene, &spec, "trap 'exit 75' USR1; echo up >\"$1\"; sleep 1000 & wait");
	scene_start(scene, &run, "drain", &spec);
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	/* Two, if the shell's child is not `sleep` yet. */
	assert_in_range(run_drain(&run), 1, 2);
	scene_wait_end(&run, 0);
	assert_int_equal(run.result.code, 75);
	assert_true(run_remove(&run));
	/* One that knows nothing of it goes on. */
	scene_shell(scene, &spec, WAITING "exit 4");
	scene_start(scene, &run, "deaf", &spec);
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	assert_int_equal(run_drain(&run), 0);
	scene_go(scene);
	scene_wait_end(&run, 0);
	assert_int_equal(run.result.code, 4);
	assert_true(run_remove(&run));
}

static void test_adopted_while_it_runs(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	struct run second;
	char line[16];
	char note[32];
	scene_shell(scene, &spec, WAITING "exit 6");
	spec.note = "who owns it";
	spec.grace_ns = 77;
	scene_start(scene, &run, "adopt", &spec);
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	pid_t launcher = run.launcher;
	run_close(&run);
	assert_true(run_adopt(&second, scene->runs, "adopt", 0));
	assert_int_equal(second.state, RUN_RUNNING);
	assert_int_equal(second.launcher, launcher);
	assert_int_equal(second.grace_ns, 77);
	assert_true(run_note(&second, note, sizeof note));
	assert_string_equal(note, "who owns it");
	scene_go(scene);
	scene_wait_end(&second, 0);
	assert_int_equal(second.result.code, 6);
	assert_int_equal(waitpid(launcher, NULL, 0), launcher);
	assert_true(run_remove(&second));
}

static void test_adopted_in_the_middle_of_its_end(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	struct run second;
	char line[16];
	scene_shell(scene, &spec, "trap '' TERM; " WAITING);
	scene_start(scene, &run, "ending", &spec);
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	run_end(&run, 0);
	pid_t launcher = run.launcher;
	run_close(&run);
	assert_true(run_adopt(&second, scene->runs, "ending", 50));
	assert_int_equal(second.state, RUN_RUNNING);
	assert_true(run_deadline_ns(&second) == 50 + spec.grace_ns);
	run_check(&second, run_deadline_ns(&second));
	scene_wait_end(&second, 0);
	assert_int_equal(second.result.signal, SIGKILL);
	assert_true(second.result.asked);
	assert_int_equal(waitpid(launcher, NULL, 0), launcher);
	assert_true(run_remove(&second));
}

static void test_launcher_killed(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	struct run second;
	char line[16];
	scene_shell(scene, &spec, WAITING);
	scene_start(scene, &run, "orphan", &spec);
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	assert_int_equal(kill(run.launcher, SIGKILL), 0);
	scene_wait_fd(run_fd(&run));
	run_check(&run, 0);
	assert_int_equal(run.state, RUN_RUNNING); /* The command goes on, under our eyes. */
	pid_t child = run.child.pid;
	run_close(&run);
	assert_true(run_adopt(&second, scene->runs, "orphan", 0));
	assert_int_equal(second.state, RUN_RUNNING);
	run_end(&second, 0); /* And can still be ended. */
	assert_int_equal(waitpid(child, NULL, 0), child);
	scene_wait_end(&second, 0);
	assert_int_equal(second.state, RUN_LOST);
	assert_false(second.result.never_started);
	assert_true(run_remove(&second));
}

static void rewrite(const struct run *run, const char *name, const char *from, const char *to)
{
	char path[RUN_PATH_SIZE_MAX + 16];
	char text[4096];
	snprintf(path, sizeof path, "%s/%s", run->path, name);
	int fd = open(path, O_RDWR);
	ssize_t size = read(fd, text, sizeof text - 1);
	assert_true(size > 0);
	text[size] = '\0';
	char *at = strstr(text, from);
	assert_non_null(at);
	memcpy(at, to, strlen(to));
	assert_int_equal(pwrite(fd, text, (size_t)size, 0), size);
	close(fd);
}

/* The record names a process that is somebody else by now: it is left alone. */
static void test_recycled_pid_is_left_alone(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	struct run second;
	struct identity stranger;
	char line[16];
	scene_shell(scene, &spec, WAITING);
	scene_start(scene, &run, "recycled", &spec);
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	stranger = run.child;
	assert_int_equal(kill(run.launcher, SIGKILL), 0);
	assert_int_equal(waitpid(run.launcher, NULL, 0), run.launcher);
	run.launcher_ours = false;
	run_close(&run);
	char ticks[32];
	char other[32];
	snprintf(ticks, sizeof ticks, ":%llu\n", (unsigned long long)stranger.start_ticks);
	memcpy(other, ticks, sizeof other);
	other[1] = other[1] == '1' ? '2' : '1';
	rewrite(&run, "child", ticks, other);
	assert_true(run_adopt(&second, scene->runs, "recycled", 0));
	assert_int_equal(second.state, RUN_LOST);
	run_kill(&second, 0);
	run_end(&second, 0);
	assert_true(identity_alive(&stranger));
	assert_int_equal(waitpid(stranger.pid, NULL, WNOHANG), 0);
	assert_true(identity_signal(&stranger, SIGKILL));
	scene_wait_gone(&stranger);
	assert_true(run_remove(&second));
}

static void test_other_boot(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	struct run second;
	char message[256];
	char boot[IDENTITY_BOOT_SIZE];
	bool exists = false;
	scene_shell(scene, &spec, "true");
	assert_true(run_create(&run, scene->runs, "boot", &exists, message, sizeof message));
	assert_true(run_start(&run, &spec, "/bin/true", message, sizeof message));
	scene_wait_fd(run.launcher_fd);
	assert_int_equal(waitpid(run.launcher, NULL, 0), run.launcher);
	run.launcher_ours = false;
	run_close(&run);
	identity_boot(boot);
	rewrite(&run, "spec", boot, "00000000-0000-0000-0000-000000000000");
	assert_true(run_adopt(&second, scene->runs, "boot", 0));
	assert_int_equal(second.state, RUN_LOST);
	/* Its claim may have been lost with the power: it is not sure that it never ran. */
	assert_false(second.result.never_started);
	assert_true(run_remove(&second));
}

static void test_output(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char text[64];
	scene_shell(scene, &spec,
		"printf 'one\\ntwo\\nthree\\n'; i=0; while [ $i -lt 2000 ]; do i=$((i+1));"
		"echo 12345678901234567890123456789012345678901234567890 >&2; done;"
		"echo done >$BALLAST_CHECKPOINT");
	char variable[400];
	snprintf(variable, sizeof variable, "BALLAST_CHECKPOINT=%s/output/checkpoint", scene->runs);
	spec.environment[1] = variable;
	scene_start(scene, &run, "output", &spec);
	scene_wait_end(&run, 0);
	assert_int_equal(run_output_size(&run, RUN_STDOUT), 14);
	assert_int_equal(run_output_tail(&run, RUN_STDOUT, 100), 0);
	assert_int_equal(run_output_tail(&run, RUN_STDOUT, 6), 8);
	assert_int_equal(run_output_tail(&run, RUN_STDOUT, 8), 8);
	assert_int_equal(run_output_tail(&run, RUN_STDOUT, 10), 4);
	assert_int_equal(run_output_read(&run, RUN_STDOUT, 4, text, 3), 3);
	assert_memory_equal(text, "two", 3);
	assert_int_equal(run_output_read(&run, RUN_STDOUT, 14, text, 3), 0);
	scene_output(&run, RUN_CHECKPOINT, text, sizeof text);
	assert_string_equal(text, "done\n");
	struct stat before;
	struct stat after;
	char path[RUN_PATH_SIZE_MAX + 16];
	snprintf(path, sizeof path, "%s/stderr", run.path);
	assert_int_equal(stat(path, &before), 0);
	if (run_output_trim(&run, RUN_STDERR, 8192)) {
		assert_int_equal(stat(path, &after), 0);
		assert_int_equal(after.st_size, before.st_size);
		assert_true(after.st_blocks < before.st_blocks);
	}
	assert_int_equal(run_output_read(&run, RUN_STDERR, before.st_size - 3, text, 3), 3);
	assert_memory_equal(text, "90\n", 3);
	assert_true(run_remove(&run));
	assert_int_equal(run_output_size(&run, RUN_STDOUT), -1);
}

static void test_output_is_a_plain_file(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char text[8];
	scene_shell(scene, &spec,
		"cd \"$(dirname \"$1\")/runs/plain\"; ln -s /etc/passwd checkpoint; exit 0");
	scene_start(scene, &run, "plain", &spec);
	scene_wait_end(&run, 0);
	assert_int_equal(run_output_size(&run, RUN_CHECKPOINT), -1);
	assert_int_equal(run_output_read(&run, RUN_CHECKPOINT, 0, text, sizeof text), -1);
	assert_true(run_remove(&run));
}

static void test_names(void **state)
{
	struct scene *scene = *state;
	struct run run;
	char message[256];
	bool exists = false;
	static const char *const bad[] = {"", ".", "..", "a/b", ".hidden", "a b", "\xc3\xa4"};
	for (size_t index = 0; index < sizeof bad / sizeof bad[0]; index++)
		assert_false(run_create(
			&run, scene->runs, bad[index], &exists, message, sizeof message));
	assert_true(run_create(&run, scene->runs, "a.b-c_1", &exists, message, sizeof message));
	struct run again;
	assert_false(run_create(&again, scene->runs, "a.b-c_1", &exists, message, sizeof message));
	assert_true(exists);
	struct run adopted;
	assert_false(run_adopt(&adopted, scene->runs, "a.b-c_1", 0));
	assert_true(run_remove(&run));
}

static void test_start_that_cannot_be(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	char message[256] = "";
	bool exists = false;
	scene_shell(scene, &spec, "");
	assert_true(run_create(&run, scene->runs, "none", &exists, message, sizeof message));
	assert_false(run_start(&run, &spec, "/no/such/launcher", message, sizeof message));
	assert_non_null(strstr(message, "/no/such/launcher"));
	spec.directory = "relative";
	assert_false(run_start(&run, &spec, "/proc/self/exe", message, sizeof message));
	assert_true(run_remove(&run));
}

/* Operations on disks are not told by process. */
#define READS (SAMPLE_BIT(READS) | SAMPLE_BIT(WRITES))

static void test_sample_of_its_processes(void **state)
{
	struct scene *scene = *state;
	struct spec spec;
	struct run run;
	struct sample sample;
	struct proc_table table = {0};
	char line[16];
	scene_shell(scene, &spec, "sleep 1000 & echo up >\"$1\"; read x <\"$2\"");
	scene_start(scene, &run, "sample", &spec);
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	assert_true(proc_table_scan(&table));
	run_sample(&run, &table, NULL, SAMPLE_ALL, 5, &sample);
	assert_true((sample.present & PROC_VALUES) == (PROC_VALUES & ~SAMPLE_SOCKETS & ~READS));
	assert_int_equal(sample.processes, 2);
	assert_true(sample.memory_bytes > 0);
	assert_int_equal(sample.at_ns, 5);
	run_sample(&run, NULL, NULL, SAMPLE_ALL, 6, &sample);
	assert_int_equal(sample.present, 0);
	proc_table_free(&table);
	scene_go(scene);
	scene_wait_end(&run, 0);
	assert_true(run_remove(&run));
}

#define SCENE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_begin, scene_end)

int main(int argument_count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(test_exit_code_and_signal),
		SCENE_TEST(test_term_is_enough),
		SCENE_TEST(test_kill_after_grace),
		SCENE_TEST(test_end_before_it_started),
		SCENE_TEST(test_kill_at_once),
		SCENE_TEST(test_nothing_is_left_behind),
		SCENE_TEST(test_drain_reaches_who_listens),
		SCENE_TEST(test_adopted_while_it_runs),
		SCENE_TEST(test_adopted_in_the_middle_of_its_end),
		SCENE_TEST(test_launcher_killed),
		SCENE_TEST(test_recycled_pid_is_left_alone),
		SCENE_TEST(test_other_boot),
		SCENE_TEST(test_output),
		SCENE_TEST(test_output_is_a_plain_file),
		SCENE_TEST(test_names),
		SCENE_TEST(test_start_that_cannot_be),
		SCENE_TEST(test_sample_of_its_processes),
	};
	int rc = scene_dispatch(argument_count, arguments);
	return rc >= 0 ? rc : cmocka_run_group_tests(tests, NULL, NULL);
}

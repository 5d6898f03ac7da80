/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups as this machine has them: what cannot be tried here says so and is skipped. */
#include "scene.h"

#include "provider/group.h"
#include "sample/file.h"

#include <errno.h>
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

/* The base for a test, or the test is skipped. */
static void open_base(struct cgroup *base)
{
	char instance[32];
	char message[256];
	snprintf(instance, sizeof instance, "test-%d", (int)getpid());
	group_open(base, instance, message, sizeof message);
	if (base->version == CGROUP_NONE) {
		assert_string_not_equal(message, "");
		print_message("skipped: %s\n", message);
		skip();
	}
}

static void close_base(const struct cgroup *base)
{
	group_close(base);
	for (int part = 0; part < CGROUP_PART_COUNT; part++)
		assert_true(base->path[part][0] == '\0' || access(base->path[part], F_OK) != 0);
}

static int64_t read_limit(
	const struct cgroup *group, enum cgroup_part part, const char *unified, const char *legacy)
{
	char path[CGROUP_PATH_SIZE_MAX + 64];
	char text[64];
	bool newer = group->version == CGROUP_V2;
	snprintf(path, sizeof path, "%s/%s", group->path[newer ? CGROUP_UNIFIED : part],
		newer ? unified : legacy);
	assert_true(file_read(path, text, sizeof text) > 0);
	return strtoll(text, NULL, 10);
}

static void test_limits_are_set_and_changed(void **state)
{
	(void)state;
	struct cgroup base;
	struct cgroup group;
	char message[256];
	struct spec_limits limits = {.cpu_millis = 500, .memory_bytes = 64 << 20, .pids = 20};
	open_base(&base);
	if (!group_create(&group, &base, "limits", &limits, message, sizeof message))
		fail_msg("%s", message);
	assert_int_equal(read_limit(&group, CGROUP_CPU, "cpu.max", "cpu.cfs_quota_us"), 50000);
	assert_int_equal(
		read_limit(&group, CGROUP_MEMORY, "memory.max", "memory.limit_in_bytes"), 64 << 20);
	assert_int_equal(read_limit(&group, CGROUP_PIDS, "pids.max", "pids.max"), 20);
	limits = (struct spec_limits){.cpu_millis = 1, .memory_bytes = 128 << 20};
	assert_true(group_limit(&group, &limits, message, sizeof message));
	assert_int_equal(read_limit(&group, CGROUP_CPU, "cpu.max", "cpu.cfs_quota_us"), 1000);
	assert_int_equal(read_limit(&group, CGROUP_MEMORY, "memory.max", "memory.limit_in_bytes"),
		128 << 20);
	assert_true(group_remove(&group));
	assert_true(group_remove(&group));
	close_base(&base);
}

static void test_refused_limit_leaves_nothing(void **state)
{
	(void)state;
	struct cgroup base;
	struct cgroup group;
	struct cgroup partial;
	char message[256];
	struct spec_limits limits = {.pids = INT64_MAX / 1000};
	open_base(&base);
	/* More processes than the kernel can count. */
	assert_false(group_create(&group, &base, "refused", &limits, message, sizeof message));
	assert_non_null(strstr(message, "pids.max"));
	assert_true(cgroup_child(&partial, &base, "refused"));
	for (int part = 0; part < CGROUP_PART_COUNT; part++)
		assert_true(partial.path[part][0] == '\0' || access(partial.path[part], F_OK) != 0);
	close_base(&base);
}

static void start_in_group(const struct scene *scene, struct run *run, struct spec *spec,
	const struct cgroup *base, const char *name)
{
	char message[256];
	if (!group_create(&spec->group, base, name, &spec->limits, message, sizeof message))
		fail_msg("%s", message);
	scene_start(scene, run, name, spec);
}

static void test_memory_limit_holds(void **state)
{
	struct scene *scene = *state;
	struct cgroup base;
	struct spec spec;
	struct run run;
	open_base(&base);
	spec_init(&spec);
	spec.arguments[0] = scene->program;
	spec.arguments[1] = "--hog";
	spec.directory = "/";
	spec.limits.memory_bytes = 32 << 20;
	start_in_group(scene, &run, &spec, &base, "hog");
	scene_wait_end(&run, 0);
	assert_int_equal(run.state, RUN_EXITED);
	assert_int_equal(run.result.signal, SIGKILL);
	assert_true(run.result.oom);
	assert_true(run.result.memory_peak_bytes < 40 << 20);
	assert_true(run_remove(&run));
	close_base(&base);
}

static void test_pids_limit_holds(void **state)
{
	struct scene *scene = *state;
	struct cgroup base;
	struct spec spec;
	struct run run;
	char text[16];
	open_base(&base);
	spec_init(&spec);
	spec.arguments[0] = scene->program;
	spec.arguments[1] = "--fork";
	spec.arguments[2] = "20";
	spec.directory = "/";
	spec.limits.pids = 8;
	start_in_group(scene, &run, &spec, &base, "forks");
	scene_wait_end(&run, 0);
	scene_output(&run, RUN_STDOUT, text, sizeof text);
	assert_string_equal(text, "7\n");
	assert_true(run_remove(&run));
	close_base(&base);
}

static void test_sample_and_kill(void **state)
{
	struct scene *scene = *state;
	struct cgroup base;
	struct spec spec;
	struct run run;
	struct sample sample;
	struct identity stray;
	char line[32];
	open_base(&base);
	scene_shell(scene, &spec,
		"setsid sh -c 'trap \"\" TERM; echo $$ >\"$1\"; exec sleep 1000' sh \"$1\" &"
		"trap '' TERM; read x <\"$2\"");
	start_in_group(scene, &run, &spec, &base, "kill");
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	assert_true(identity_of((pid_t)strtol(line, NULL, 10), &stray));
	assert_true(group_has(&run.group, stray.pid));
	assert_true(group_has(&run.group, run.child.pid));
	assert_false(group_has(&run.group, run.launcher));
	run_sample(&run, NULL, NULL, SAMPLE_ALL, 1, &sample);
	assert_int_equal(sample.present & (SAMPLE_CPU | SAMPLE_MEMORY | SAMPLE_BIT(THREADS)),
		SAMPLE_CPU | SAMPLE_MEMORY | SAMPLE_BIT(THREADS));
	assert_int_equal(sample.threads, 2);
	assert_int_equal(sample.processes, 2);
	assert_true((sample.present & SAMPLE_BIT(OPEN_FILES)) != 0);
	assert_true(sample.cpu_ns > 0);
	run_end(&run, 0);
	assert_false(run_check(&run, spec.grace_ns - 1));
	run_check(&run, spec.grace_ns);
	scene_wait_end(&run, spec.grace_ns);
	assert_int_equal(run.result.signal, SIGKILL);
	assert_false(identity_alive(&stray));
	assert_true(run_remove(&run));
	close_base(&base);
}

/* TERM finds who left the process group by the control group; the launcher is dead here, so that
 * it is not its sweep that we see. */
static void test_term_reaches_all_members(void **state)
{
	struct scene *scene = *state;
	struct cgroup base;
	struct spec spec;
	struct run run;
	struct identity stray;
	char line[32];
	open_base(&base);
	scene_shell(scene, &spec,
		"setsid sh -c 'echo $$ >\"$1\"; exec sleep 1000' sh \"$1\" & read x <\"$2\"");
	start_in_group(scene, &run, &spec, &base, "term");
	scene_wait_start(&run);
	scene_wait_up(scene, line, sizeof line);
	assert_true(identity_of((pid_t)strtol(line, NULL, 10), &stray));
	assert_int_equal(kill(run.launcher, SIGKILL), 0);
	scene_wait_fd(run_fd(&run));
	run_check(&run, 0);
	assert_int_equal(run.state, RUN_RUNNING);
	struct identity child = run.child;
	run_end(&run, 0);
	scene_wait_gone(&child);
	scene_wait_gone(&stray);
	scene_wait_end(&run, 0);
	assert_int_equal(run.state, RUN_LOST);
	assert_true(run_remove(&run));
	close_base(&base);
}

static void test_unified_kill(void **state)
{
	(void)state;
	struct cgroup group = {.version = CGROUP_V2};
	char mountinfo[16384];
	char mount[CGROUP_PATH_SIZE_MAX];
	char name[32];
	int status = 0;
	struct cgroup parent = {.version = CGROUP_V2};
	assert_true(file_read("/proc/self/mountinfo", mountinfo, sizeof mountinfo) > 0);
	snprintf(name, sizeof name, "ballast-test-%d", (int)getpid());
	if (geteuid() != 0 || !cgroup_mount(mountinfo, mount, sizeof mount)) {
		print_message("skipped: no version 2 hierarchy that we may divide\n");
		skip();
	}
	memcpy(parent.path[CGROUP_UNIFIED], mount, sizeof mount);
	assert_true(cgroup_child(&group, &parent, name));
	if (mkdir(group.path[CGROUP_UNIFIED], 0755) != 0) {
		print_message("skipped: version 2 hierarchy is not writable\n");
		skip();
	}
	int gate[2];
	char byte = 0;
	assert_int_equal(pipe(gate), 0);
	pid_t pid = fork();
	if (pid == 0) {
		bool joined = group_join(&group);
		_exit(!joined || write(gate[1], "x", 1) != 1 || pause());
	}
	close(gate[1]);
	assert_int_equal(read(gate[0], &byte, 1), 1);
	close(gate[0]);
	assert_true(group_has(&group, pid));
	assert_false(group_remove(&group));
	group_kill(&group);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_true(group_remove(&group));
}

static void test_without_groups(void **state)
{
	(void)state;
	struct cgroup none = {.version = CGROUP_NONE};
	struct cgroup group;
	struct spec_limits limits = {.pids = 5};
	char message[256];
	pid_t pids[1];
	assert_true(group_create(&group, &none, "x", &limits, message, sizeof message));
	assert_int_equal(group.version, CGROUP_NONE);
	assert_true(group_join(&group));
	assert_int_equal(group_processes(&group, pids, 1), 0);
	assert_int_equal(group_oom_kills(&group), 0);
	group_kill(&group);
	assert_true(group_remove(&group));
}

#define SCENE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_begin, scene_end)

int main(int argument_count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_are_set_and_changed),
		cmocka_unit_test(test_refused_limit_leaves_nothing),
		SCENE_TEST(test_memory_limit_holds),
		SCENE_TEST(test_pids_limit_holds),
		SCENE_TEST(test_sample_and_kill),
		SCENE_TEST(test_term_reaches_all_members),
		cmocka_unit_test(test_unified_kill),
		cmocka_unit_test(test_without_groups),
	};
	int rc = scene_dispatch(argument_count, arguments);
	return rc >= 0 ? rc : cmocka_run_group_tests(tests, NULL, NULL);
}

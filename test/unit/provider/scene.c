/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: the test makes itself the subreaper of all that it starts, so launchers whose "daemon" was
 * killed come back to it as children, and "no process left" is simply: there is nobody to wait for.
 */
#include "scene.h"

#include "provider/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define HOG_STEP_SIZE (1024 * 1024)
#define HOG_STEPS_MAX 1024
#define HOG_PAGE_SIZE 4096
#define FORKS_MAX     64

static int describe_self(void)
{
	for (int fd = 0; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	}
	printf("\n");
	return 0;
}

static int hog_memory(void)
{
	for (int step = 0; step < HOG_STEPS_MAX; step++) {
		volatile char *block = malloc(HOG_STEP_SIZE);
		if (block == NULL)
			return 1;
		/* Volatile, as compilers know that nobody looks at it. */
		for (size_t page = 0; page < HOG_STEP_SIZE; page += HOG_PAGE_SIZE)
			block[page] = 1;
	}
	return 0;
}

static int fork_many(int wanted)
{
	pid_t pids[FORKS_MAX];
	int made = 0;
	while (made < wanted && made < FORKS_MAX) {
		pids[made] = fork();
		if (pids[made] == 0) {
			pause();
			_exit(0);
		}
		if (pids[made] < 0)
			break;
		made++;
	}
	printf("%d\n", made);
	fflush(stdout);
	for (int index = 0; index < made; index++) {
		kill(pids[index], SIGKILL);
		waitpid(pids[index], NULL, 0);
	}
	return 0;
}

int scene_dispatch(int argument_count, char **arguments)
{
	if (argument_count < 2)
		return -1;
	if (strcmp(arguments[1], "--launch") == 0)
		return launcher_main(argument_count, arguments);
	if (strcmp(arguments[1], "--describe") == 0)
		return describe_self();
	if (strcmp(arguments[1], "--hog") == 0)
		return hog_memory();
	if (strcmp(arguments[1], "--fork") == 0 && argument_count == 3)
		return fork_many((int)strtol(arguments[2], NULL, 10));
	return -1;
}

int scene_begin(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	if (scene == NULL || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		return -1;
	snprintf(scene->directory, sizeof scene->directory, "/tmp/ballast-test-XXXXXX");
	if (mkdtemp(scene->directory) == NULL)
		return -1;
	snprintf(scene->runs, sizeof scene->runs, "%s/runs", scene->directory);
	snprintf(scene->up, sizeof scene->up, "%s/up", scene->directory);
	snprintf(scene->go, sizeof scene->go, "%s/go", scene->directory);
	ssize_t size = readlink("/proc/self/exe", scene->program, sizeof scene->program - 1);
	if (size <= 0 || mkdir(scene->runs, 0700) != 0 || mkfifo(scene->up, 0600) != 0 ||
		mkfifo(scene->go, 0600) != 0)
		return -1;
	scene->up_fd = open(scene->up, O_RDWR | O_CLOEXEC);
	scene->go_fd = open(scene->go, O_RDWR | O_CLOEXEC);
	*state = scene;
	return scene->up_fd < 0 || scene->go_fd < 0 ? -1 : 0;
}

int scene_end(void **state)
{
	struct scene *scene = *state;
	int failures = 0;
	close(scene->up_fd);
	close(scene->go_fd);
	/* What was killed may still be ending; what was forgotten does not end, and the alarm does.
	 */
	alarm(SCENE_PATIENCE_MS / 1000);
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	alarm(0);
	if (unlink(scene->up) != 0 || unlink(scene->go) != 0 || rmdir(scene->runs) != 0 ||
		rmdir(scene->directory) != 0) {
		print_error("something was left in %s\n", scene->directory);
		failures++;
	}
	free(scene);
	return failures;
}

void scene_wait_fd(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	int count = poll(&poller, 1, SCENE_PATIENCE_MS);
	assert_int_equal(count, 1);
}

void scene_wait_up(const struct scene *scene, char *line, size_t size)
{
	size_t used = 0;
	char byte = 0;
	while (byte != '\n') {
		scene_wait_fd(scene->up_fd);
		assert_int_equal(read(scene->up_fd, &byte, 1), 1);
		assert_true(used < size);
		line[used++] = byte;
	}
	line[used - 1] = '\0';
}

void scene_go(const struct scene *scene)
{
	assert_int_equal(write(scene->go_fd, "go\n", 3), 3);
}

int64_t scene_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void scene_shell(const struct scene *scene, struct spec *spec, const char *script)
{
	spec_init(spec);
	spec->arguments[0] = "sh";
	spec->arguments[1] = "-c";
	spec->arguments[2] = script;
	spec->arguments[3] = "sh";
	spec->arguments[4] = scene->up;
	spec->arguments[5] = scene->go;
	spec->environment[0] = "PATH=/usr/bin:/bin";
	spec->directory = scene->directory;
}

void scene_start(
	const struct scene *scene, struct run *run, const char *name, const struct spec *spec)
{
	char message[256] = "";
	bool exists = false;
	if (!run_create(run, scene->runs, name, &exists, message, sizeof message) ||
		!run_start(run, spec, "/proc/self/exe", message, sizeof message))
		fail_msg("%s", message);
}

void scene_wait_start(struct run *run)
{
	while (run->state == RUN_STARTING) {
		scene_wait_fd(run_fd(run));
		run_check(run, 0);
	}
}

void scene_wait_end(struct run *run, int64_t now_ns)
{
	while (run->state == RUN_STARTING || run->state == RUN_RUNNING) {
		scene_wait_fd(run_fd(run));
		run_check(run, now_ns);
	}
}

void scene_output(const struct run *run, enum run_output output, char *text, size_t size)
{
	int64_t got = run_output_read(run, output, 0, text, size - 1);
	assert_true(got >= 0);
	text[got] = '\0';
}

void scene_wait_gone(const struct identity *identity)
{
	int fd = identity_open(identity);
	if (fd >= 0) {
		scene_wait_fd(fd);
		close(fd);
	}
	(void)waitpid(identity->pid, NULL, WNOHANG);
	assert_false(identity_alive(identity));
}

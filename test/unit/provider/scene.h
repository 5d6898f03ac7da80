/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_PROVIDER_SCENE_H
#define TEST_PROVIDER_SCENE_H

#include "provider/runner.h"

/*
 * scene: a directory of its own for a test with real processes, and the proof that nothing is left
 * of it afterwards. The test program is its own launcher and its own command.
 *
 * Order between processes comes from FIFOs: a command says "up" into one and waits at another. No
 * test waits for time; all waits for events give up, failing, after SCENE_PATIENCE_MS.
 */

#define SCENE_PATIENCE_MS 20000

struct scene {
	char directory[256];
	char runs[300];    /* directory/runs, made by the test if it needs it */
	char up[300];      /* FIFO that commands write to */
	char go[300];      /* FIFO that commands read from */
	char program[512]; /* this test program */
	int up_fd;         /* both ends open, so that opening never blocks */
	int go_fd;
	struct cgroup no_group;
};

/* Before everything in main: turns this process into a launcher or a helper command when argv says
 * so. Returns -1 for the test itself, else the exit status.
 * `--describe`: open descriptors, one line; `--hog`: touches memory until it dies;
 * `--fork N`: prints how many of N sleeping children it could make, ends them. */
int scene_dispatch(int argument_count, char **arguments);

/* Setup and teardown for cmocka; *state is the scene. Teardown fails when a process, a run
 * directory or a file is left over. */
int scene_begin(void **state);
int scene_end(void **state);

/* Waits until the descriptor is readable. */
void scene_wait_fd(int fd);

/* Reads one line from the up FIFO (without its end). */
void scene_wait_up(const struct scene *scene, char *line, size_t size);

/* Lets one waiting command go on. */
void scene_go(const struct scene *scene);

/* Milliseconds on the monotonic clock, in ns. */
int64_t scene_now_ns(void);

/* A spec for `sh -c script sh UP GO` in the scene's directory. */
void scene_shell(const struct scene *scene, struct spec *spec, const char *script);

/* Creates and starts a run, in scene->runs. */
void scene_start(
	const struct scene *scene, struct run *run, const char *name, const struct spec *spec);

/* Waits until the run has reached RUN_RUNNING or an end; until an end. */
void scene_wait_start(struct run *run);
void scene_wait_end(struct run *run, int64_t now_ns);

/* The whole output, terminated. */
void scene_output(const struct run *run, enum run_output output, char *text, size_t size);

/* Waits until that process is no more (a child of this process is reaped). */
void scene_wait_gone(const struct identity *identity);

#endif

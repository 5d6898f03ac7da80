/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_COMMAND_H
#define BAL_DAEMON_COMMAND_H

#include "daemon/engine.h"
#include "sample/cgroup.h"

/*
 * Commands: one process per task, payload on standard input, result on standard output, exit code 0
 * for success.  It is the driver of `command` pools, each of which is one agent with `max` slots.
 *
 * Exit code 75 after writing the file named by BALLAST_CHECKPOINT hands the task back: the next
 * attempt reads {"payload": ..., "checkpoint": ...}.  SIGUSR1 asks for that.
 *
 * A command outlives the daemon: after a restart it is found again by its token, whether it still
 * runs or ended meanwhile, and its end is taken once.
 */
struct command;

/* `group` is the control group that runs go below.  NULL with a sentence. */
struct command *command_open(
	struct engine *engine, const struct cgroup *group, char *message, size_t message_size);

/* Adds the agents of pools that are new in the engine's configuration. */
void command_configure(struct command *command);

/* Where the API is reached: what commands started from now on find in BALLAST_URL.  Copied. */
void command_set_url(struct command *command, const char *url);

/* Forgets what is older than its pool's `keep`, and agents of pools that are gone.  Happens every
 * ten seconds by itself. */
void command_sweep(struct command *command);

/* Commands go on running. */
void command_close(struct command *command);

/* After engine_start: takes what ended while nobody looked. */
void command_begin(struct command *command);

/* Reads the output of the task's last attempt at an offset.  -1: there is none (any more); 0: no
 * more for now.  *running says whether more may come. */
int64_t command_output(struct command *command, uint64_t task, bool errors, int64_t offset,
	void *data, size_t size, bool *running);

/* The path of the task's own directory; false when it has none (any more). */
bool command_workdir(struct command *command, uint64_t task, char *path, size_t path_size);

#endif

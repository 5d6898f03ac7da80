/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_CHILD_H
#define BAL_CLI_CHILD_H

#include "wire/buffer.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * child: runs one command with bytes on its standard input and collects what it writes, for
 * `ballast work`.  It is the leader of a process group of its own, so that Ctrl-C in the terminal
 * reaches the worker and not the work.
 */
#define CHILD_OUTPUT_MAX (16u << 20) /* more is read and dropped, and `cut` is set */
#define CHILD_ERROR_SIZE 400         /* the tail of standard error that is kept */

struct child {
	pid_t pid;
	int in, out, log; /* our ends; -1: closed */
	int pid_fd;
	struct span input; /* not yet written */
	struct buffer output;
	bool cut;
	char error[CHILD_ERROR_SIZE + 1];
	size_t error_size;
	bool ended;
	int status; /* of waitpid */
};

/* Starts argv (NULL at the end) with the environment.  `input` is borrowed until it has ended.
 * False with errno: nothing was started. */
bool child_start(
	struct child *child, char *const *argv, char *const *environment, struct span input);

/* Moves bytes for at most `wait_ms`, or until something happened.  True once it has ended and all
 * that it wrote was read. */
bool child_step(struct child *child, int wait_ms);

/* Sends a signal to its process group. */
void child_signal(const struct child *child, int number);

/* Frees; it must have ended. */
void child_release(struct child *child);

#endif

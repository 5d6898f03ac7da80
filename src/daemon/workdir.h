/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_WORKDIR_H
#define BAL_DAEMON_WORKDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/*
 * The directories of tasks of pools with `workdir: fresh`: DATA/work/ID, one per task, shared by
 * its attempts.  DATA/work/ID.prepared says that the pool's `prepare` filled it.
 *
 * A directory holds whatever the command left, so it is removed on a worker thread: first it is
 * moved aside (ID.gone.N), and a restart removes what was still there.
 */

/* Makes DATA/work and removes what an earlier daemon had moved aside.  False with errno. */
bool workdir_open(uv_loop_t *loop, const char *data);

/* The path of a task's directory, whether it is there or not. */
void workdir_path(const char *data, uint64_t task, char *path, size_t path_size);

/* Makes it; true also when it is there already.  False with errno. */
bool workdir_make(const char *path);

/* Whether it is there, and a directory. */
bool workdir_exists(const char *path);

/* Whether `prepare` has filled it, and that it now has. */
bool workdir_is_prepared(const char *path);
void workdir_set_prepared(const char *path);

/* Removes directory and mark; harmless when there are none. */
void workdir_remove(uv_loop_t *loop, const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_GROUP_H
#define BAL_PROVIDER_GROUP_H

#include "provider/spec.h"

/*
 * Control groups that we make: one base per daemon (named after its data directory), one child per
 * run. A version 1 group is a directory in each of cpu, cpuacct, memory, pids and freezer.
 */

#define GROUP_PROCESSES_MAX 4096 /* of one run, that are signalled at a time */

/* Makes the base `ballast-INSTANCE` below this process's own group, or, in version 2 where that is
 * full of others, below the root. base->version is CGROUP_NONE when it cannot be had, with a
 * sentence in message: commands then run without limits, which the daemon says at start. */
void group_open(struct cgroup *base, const char *instance, char *message, size_t message_size);

/* Removes the base if it is empty. */
void group_close(const struct cgroup *base);

/* Makes `base`/`name` and applies limits. False, with a sentence: nothing was left behind. */
bool group_create(struct cgroup *group, const struct cgroup *base, const char *name,
	const struct spec_limits *limits, char *message, size_t message_size);

/* Changes the limits of a running group; 0 = not bounded. False, with a sentence, when the kernel
 * refuses one (memory below what is used now, say); those before it are applied. */
bool group_limit(const struct cgroup *group, const struct spec_limits *limits, char *message,
	size_t message_size);

/* What a running group may use. */
struct group_size {
	int64_t cpu_millis;   /* 0 = not bounded */
	int64_t memory_bytes; /* likewise */
};

/* Processor and memory alone of a running group, each bounded before and after; what is in force
 * then is in *now. With `soft`, memory is already held back a little below its limit where the
 * kernel can (version 2), so that there is time to give more. Memory is never set below what is in
 * use and not pages of files. False, with a sentence: one was refused; *now tells which holds. */
bool group_resize(const struct cgroup *group, const struct group_size *size, bool soft,
	struct group_size *now, char *message, size_t message_size);

/* Reads them back; false when there is no group or it does not tell. */
bool group_read(const struct cgroup *group, struct group_size *size);

/* Moves the calling process into it; false with errno. Only system calls: used between fork and
 * exec. */
bool group_join(const struct cgroup *group);

/* The processes in it, at most pids_max. */
size_t group_processes(const struct cgroup *group, pid_t *pids, size_t pids_max);

/* True when `pid` is in the group now. */
bool group_has(const struct cgroup *group, pid_t pid);

/* KILL to all of it, also to those who are just forking. */
void group_kill(const struct cgroup *group);

/* How many processes the kernel ended in it for want of memory; 0 when it does not tell. */
int64_t group_oom_kills(const struct cgroup *group);

/* Removes it; false while a process is in it. True when it was gone already. */
bool group_remove(const struct cgroup *group);

#endif

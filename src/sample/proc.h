/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_PROC_H
#define BAL_SAMPLE_PROC_H

#include "sample/sample.h"

#include <stddef.h>
#include <sys/types.h>

/* What /proc says about processes. */

#define PROC_TREE_MAX 256 /* processes of one agent that are looked at; more are not counted */

/* What matters of /proc/PID/stat. */
struct proc_stat {
	pid_t parent;
	pid_t group;
	pid_t session;
	char state;              /* R S D T Z X ... */
	int64_t cpu_ns;          /* its own user and system time */
	int64_t cpu_children_ns; /* of children that it waited for, and theirs */
	uint64_t start_ticks;    /* since boot: with the pid and the boot id it names a process */
	int64_t memory_bytes;    /* resident */
};

/* Parses the content of /proc/PID/stat (`size` bytes). False when it is not of that form; the
 * command's name may contain anything, also parentheses and line ends. */
bool proc_stat_parse(const char *text, size_t size, struct proc_stat *stat);

/* Reads it. False when there is no such process. */
bool proc_stat_read(pid_t pid, struct proc_stat *stat);

/* The direct children of `pid` (those that its first thread made or inherited) into pids; returns
 * how many, at most `pids_max`. 0 also when the kernel does not tell. */
size_t proc_children(pid_t pid, pid_t *pids, size_t pids_max);

/* All descendants of `root`, parents first, without `root` itself. Returns how many. */
size_t proc_tree(pid_t root, pid_t *pids, size_t pids_max);

/* CPU and memory of all descendants of `root`; of `root` itself too when `root_counts`. CPU of
 * ended processes is included where their parents waited for them. Absent when `root` is gone. */
void proc_tree_sample(pid_t root, bool root_counts, int64_t now_ns, struct sample *sample);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_PROC_H
#define BAL_SAMPLE_PROC_H

#include "sample/sample.h"
#include "sample/socket.h"

#include <stddef.h>
#include <sys/types.h>

/* What /proc says about processes. */

#define PROC_TREE_MAX  1024  /* processes of one agent that are looked at; more are not counted */
#define PROC_TABLE_MAX 65536 /* processes of the machine that are looked at */

/* What matters of /proc/PID/stat. */
struct proc_stat {
	pid_t parent;
	pid_t group;
	pid_t session;
	char state;     /* R S D T Z X ... */
	bool exiting;   /* it is being torn down: no zombie yet, but it executes nothing more */
	int64_t cpu_ns; /* its own user and system time */
	int64_t cpu_children_ns; /* of children that it waited for, and theirs */
	uint64_t start_ticks;    /* since boot: with the pid and the boot id it names a process */
	int64_t memory_bytes;    /* resident */
	int64_t threads;
	int64_t faults_minor; /* page faults, its own and those of children it waited for */
	int64_t faults_major;
};

/* Parses the content of /proc/PID/stat (`size` bytes). False when it is not of that form; the
 * command's name may contain anything, also parentheses and line ends. */
bool proc_stat_parse(const char *text, size_t size, struct proc_stat *stat);

/* Reads it. False when there is no such process. */
bool proc_stat_read(pid_t pid, struct proc_stat *stat);

/* The direct children of the calling thread into pids; returns how many, at most `pids_max`. 0 also
 * where the kernel was built without /proc/PID/task/TID/children. */
size_t proc_own_children(pid_t *pids, size_t pids_max);

/* One look at all processes of the machine: about 10 us for each, however many agents are then
 * sampled from it. (Asking each process for its children costs more, since every thread of it has
 * a list of its own.) */
struct proc_entry {
	pid_t pid;
	struct proc_stat stat;
};

struct proc_table {
	struct proc_entry *entries; /* sorted by parent, then pid; owned */
	uint32_t *by_pid;           /* places of entries, sorted by pid; owned */
	size_t count;
	size_t capacity;
};

/* Fills the table (zeroed before its first use). False without memory or /proc: the table is then
 * empty. */
bool proc_table_scan(struct proc_table *table);

/* Releases the table's memory. */
void proc_table_free(struct proc_table *table);

/* All descendants of `root`, parents first, without `root` itself. Returns how many. */
size_t proc_table_tree(const struct proc_table *table, pid_t root, pid_t *pids, size_t pids_max);

/* What proc_table_sample can give. */
#define PROC_VALUES                                                                                \
	(SAMPLE_DETAILS | SAMPLE_PROCESSES | SAMPLE_BIT(OPEN_FILES) | SAMPLE_SOCKETS |             \
		SAMPLE_CPU | SAMPLE_MEMORY | SAMPLE_BIT(THREADS) | SAMPLE_BIT(FAULTS_MINOR) |      \
		SAMPLE_BIT(FAULTS_MAJOR))

/* What of `wanted` /proc knows of all descendants of `root`; of `root` itself too when
 * `root_counts`. CPU, faults and bytes of ended processes are included where their parents waited
 * for them. CPU, memory, faults, processes and threads come from the table; the rest is read now,
 * process by process, connections by way of `sockets` (NULL: then absent). A value that one of the
 * processes keeps from us is absent, rather than too small. Nothing is present when `root` is not
 * in the table. */
void proc_table_sample(const struct proc_table *table, pid_t root, bool root_counts,
	uint64_t wanted, struct socket_table *sockets, int64_t now_ns, struct sample *sample);

/* The same of these processes (of a control group, say), each looked at now; those that are gone do
 * not count. */
void proc_members_sample(const pid_t *pids, size_t count, uint64_t wanted,
	struct socket_table *sockets, int64_t now_ns, struct sample *sample);

#endif

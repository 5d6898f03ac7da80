/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_DETAIL_H
#define BAL_SAMPLE_DETAIL_H

#include "sample/proc.h"

/*
 * What a process says of itself beside /proc/PID/stat: memory by kind, context switches, run-queue
 * delay, storage, descriptors and connections. Dear, 20 us a process and 12 us a further thread,
 * so asked for less often than CPU.
 */

#define DETAIL_THREADS_MAX 64    /* of one process; with more of them, what they say is absent */
#define DETAIL_FILES_MAX   65536 /* descriptors of one process that are counted */
#define DETAIL_LINKS_MAX   4096  /* that are looked at for connections; beyond: absent */

/* Reads what of `wanted` there is. False: the process is gone. A value that it does not let us see
 * is absent. */
bool detail_read(pid_t pid, const struct proc_stat *stat, uint64_t wanted,
	struct socket_table *sockets, struct sample *sample);

/* The parsers, each for the zero-terminated text of one file; what they do not find stays absent.
 */
void detail_status_parse(const char *text, struct sample *sample);    /* /proc/PID/status: memory */
void detail_switches_parse(const char *text, struct sample *sample);  /* the same: switches */
void detail_schedstat_parse(const char *text, struct sample *sample); /* /proc/PID/schedstat */
void detail_io_parse(const char *text, struct sample *sample);        /* /proc/PID/io */

/* The inode of "socket:[123]"; false when the link leads elsewhere. */
bool detail_socket_parse(const char *link, uint64_t *inode);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_SOCKET_H
#define BAL_SAMPLE_SOCKET_H

#include "sample/sample.h"

/*
 * TCP connections of the machine (of our network namespace), as /proc/net/tcp and tcp6 list them.
 * Whose they are, the descriptors of processes say, by inode.
 */

#define SOCKET_TABLE_MAX                                                                           \
	32768 /* connections; of more, what a list would say is too small: absent */

enum socket_state {
	SOCKET_ESTABLISHED = 1,
	SOCKET_SYN_SENT,
	SOCKET_SYN_RECEIVED,
	SOCKET_FIN_WAIT_1,
	SOCKET_FIN_WAIT_2,
	SOCKET_TIME_WAIT,
	SOCKET_CLOSED,
	SOCKET_CLOSE_WAIT,
	SOCKET_LAST_ACK,
	SOCKET_LISTENING,
	SOCKET_CLOSING,
	SOCKET_SYN_RECEIVED_NEW,
	SOCKET_STATES
};

struct socket_entry {
	uint64_t inode;
	uint64_t counted; /* number of the count that had it last */
	uint32_t send_queue_bytes;
	uint32_t receive_queue_bytes;
	uint32_t retransmits;
	enum socket_state state;
};

struct socket_table {
	struct socket_entry *entries; /* sorted by inode; owned */
	size_t count;
	size_t capacity;
	uint64_t counts;
	int64_t states[SOCKET_STATES]; /* connections in each state, whoever owns them */
	bool complete;                 /* all of them are here */
};

/* Reads the lists anew (a table is zeroed before its first use); `complete` says how it went. */
void socket_table_scan(struct socket_table *table);

/* Releases the table's memory. */
void socket_table_free(struct socket_table *table);

/* Begins the count of another agent: a connection that several of its processes share is one. */
void socket_begin(struct socket_table *table);

/* Adds the connection of this inode, if it is one and new in this count, to the sums in sample. */
void socket_count(struct socket_table *table, uint64_t inode, struct sample *sample);

/* Parses one line of those lists, zero-terminated; false when it is none of a connection. */
bool socket_line_parse(const char *line, struct socket_entry *entry);

#endif

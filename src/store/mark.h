/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_MARK_H
#define BAL_STORE_MARK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Two small files beside the database. The lock keeps a second daemon out. The mark holds the
 * number of the last commit: SQLite drops the damaged end of its log without a word, and the mark
 * then tells that commits are missing. That a mark is there also says that the directory once held
 * a store, so a database that is gone is not mistaken for one that never was.
 */

/* Takes the lock on the file, creating it, and writes our pid into it. Returns a descriptor to
 * close at the end; -1 when it cannot be made (errno), -2 when another process holds it, whose pid
 * is then in *holder_pid (0: unknown). */
int lock_take(const char *path, uint64_t *holder_pid);

struct mark {
	int fd; /* -1: closed */
	uint64_t commit;
	bool synced;
	int64_t synced_at_ns;
};

enum mark_found { MARK_FOUND, MARK_MISSING, MARK_DAMAGED, MARK_FAILED };

/* Opens the mark, creating it when it is missing. `commit` is what it said, 0 unless MARK_FOUND.
 * MARK_FAILED: errno. */
enum mark_found mark_open(struct mark *mark, const char *path);

/* Writes the number of the last commit, without waiting for the disk: the write reaches the page
 * cache, which a crash of the process does not harm. False with errno on failure. */
bool mark_write(struct mark *mark, uint64_t commit);

/* Makes the mark durable, unless it is or was so less than a second ago: after a power cut it is at
 * most that old. */
void mark_sync(struct mark *mark, int64_t now_ns);

/* Closes it, if it is open. */
void mark_close(struct mark *mark);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_CHECKPOINT_H
#define BAL_STORE_CHECKPOINT_H

#include "store/sql.h"

#include <pthread.h>

/*
 * Moves the log (WAL) into the database, off the path of commits. A thread with a connection of its
 * own copies the bulk while the writer goes on; the writer then copies what has come since, which
 * is little, so that its next commit can start the log from its beginning again.
 */

/* Pages of 4 KiB in the log when copying begins, and when the writer waits for it: 8 and 64 MiB. */
#define CHECKPOINT_PAGES     2048
#define CHECKPOINT_PAGES_MAX 16384

struct checkpoint {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	const char *path;
	struct sql *writer;
	int pages;      /* in the log; the writer's */
	bool running;   /* the thread exists */
	bool wanted;    /* under the lock from here on */
	bool bulk_done; /* the thread has copied; the writer has not copied the rest */
	bool stopping;
};

/* Starts the thread for the database at path; both arguments must outlive it. Without a thread
 * (none could be made) the writer does all the copying itself. */
void checkpoint_start(struct checkpoint *checkpoint, const char *path, struct sql *writer);

/* Between two transactions of the writer: begins, ends, or waits for a copy, as the log's size
 * asks; `idle` when no transaction has come for a while, which is a good time for it. */
void checkpoint_drive(struct checkpoint *checkpoint, bool idle);

/* Ends the thread; the writer must still be open. */
void checkpoint_stop(struct checkpoint *checkpoint);

#endif

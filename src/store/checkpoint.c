/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only PASSIVE checkpoints are used: they never wait for a lock and never make others wait, and a
 * log that is copied to its end is started anew by the next writer without being asked. A failure
 * here loses nothing, the log stays as it is; it is tried again later, and a disk that stays broken
 * shows itself in the next commit.
 */
#include "store/checkpoint.h"

#include "store/disk.h"

#include <string.h>

static void copy_pages(struct sql *sql)
{
	sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void *run_bulk(void *argument)
{
	struct checkpoint *checkpoint = argument;
	struct sql sql = {0};

	pthread_mutex_lock(&checkpoint->lock);
	while (!checkpoint->stopping) {
		if (!checkpoint->wanted) {
			pthread_cond_wait(&checkpoint->wake, &checkpoint->lock);
			continue;
		}
		pthread_mutex_unlock(&checkpoint->lock);
		/* A fresh connection each time: a failed one is not to be trusted, and an idle one
		 * holds memory. */
		if (sql_open(&sql, checkpoint->path, false, DISK_BULK_CACHE_KIB)) {
			copy_pages(&sql);
			sql_close(&sql);
		}
		pthread_mutex_lock(&checkpoint->lock);
		checkpoint->wanted = false;
		checkpoint->bulk_done = true;
		pthread_cond_broadcast(&checkpoint->wake);
	}
	pthread_mutex_unlock(&checkpoint->lock);
	return NULL;
}

static int note_pages(void *context, sqlite3 *db, const char *name, int pages)
{
	struct checkpoint *checkpoint = context;

	(void)db;
	(void)name;
	checkpoint->pages = pages;
	return SQLITE_OK;
}

void checkpoint_start(struct checkpoint *checkpoint, const char *path, struct sql *writer)
{
	memset(checkpoint, 0, sizeof(*checkpoint));
	checkpoint->path = path;
	checkpoint->writer = writer;
	pthread_mutex_init(&checkpoint->lock, NULL);
	pthread_cond_init(&checkpoint->wake, NULL);
	sqlite3_wal_hook(writer->db, note_pages, checkpoint);
	checkpoint->running = pthread_create(&checkpoint->thread, NULL, run_bulk, checkpoint) == 0;
}

static bool finish_bulk(struct checkpoint *checkpoint, bool wait)
{
	bool done;

	pthread_mutex_lock(&checkpoint->lock);
	while (wait && checkpoint->wanted)
		pthread_cond_wait(&checkpoint->wake, &checkpoint->lock);
	done = checkpoint->bulk_done;
	checkpoint->bulk_done = false;
	pthread_mutex_unlock(&checkpoint->lock);
	return done;
}

void checkpoint_drive(struct checkpoint *checkpoint, bool idle)
{
	bool wait = checkpoint->pages >= CHECKPOINT_PAGES_MAX;

	if (checkpoint->pages == 0)
		return;
	if (finish_bulk(checkpoint, wait) || wait || (idle && !checkpoint->running)) {
		copy_pages(checkpoint->writer);
		checkpoint->pages = 0;
		return;
	}
	if (!checkpoint->running || (checkpoint->pages < CHECKPOINT_PAGES && !idle))
		return;
	pthread_mutex_lock(&checkpoint->lock);
	checkpoint->wanted = true;
	pthread_cond_signal(&checkpoint->wake);
	pthread_mutex_unlock(&checkpoint->lock);
}

void checkpoint_stop(struct checkpoint *checkpoint)
{
	sqlite3_wal_hook(checkpoint->writer->db, NULL, NULL);
	pthread_mutex_lock(&checkpoint->lock);
	checkpoint->stopping = true;
	pthread_cond_broadcast(&checkpoint->wake);
	pthread_mutex_unlock(&checkpoint->lock);
	if (checkpoint->running)
		pthread_join(checkpoint->thread, NULL);
	pthread_cond_destroy(&checkpoint->wake);
	pthread_mutex_destroy(&checkpoint->lock);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store on SQLite, in WAL mode. Three connections, one per thread:
 *
 *   owner       reads; under read_lock, since the worker takes the connection away when it reopens
 *   worker      writes: takes all that waits, one transaction, one fsync, tells the owner
 *   checkpoint  moves the log into the database while the worker goes on, see checkpoint.c
 *
 * A commit that fails is never acknowledged and never tried again on the same file handles: after a
 * failed fsync the kernel may have dropped the pages and still call the next fsync a success. All
 * connections are closed, the files opened anew and read, and the batch is reported as failed. A
 * full disk is different: nothing was lost, the transaction is rolled back, and the next one may
 * succeed. Until there is room again, new tasks are refused and what ends tasks goes on, in room
 * that was kept for it.
 */
#include "store/apply.h"
#include "store/checkpoint.h"
#include "store/disk.h"
#include "store/fetch.h"
#include "store/queue.h"
#include "store/reserve.h"

#include "base/assert.h"
#include "base/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_NS      NS_PER_S
#define REOPEN_NS    (250 * NS_PER_MS)
#define FREE_LOOK_NS (INT64_C(1000000000)) /* between two looks at free pages */

struct sqlite_store {
	struct store store;
	struct store_options options;
	struct queue queue;
	pthread_t worker;
	int lock_fd;

	/* The worker's. */
	struct disk disk;
	struct checkpoint checkpoint;
	struct apply_sweep sweep;
	struct reserve reserve;
	char reserve_path[DISK_PATH_SIZE_MAX];
	bool down; /* the files are closed after a failure */
	int64_t reopen_at_ns;

	pthread_mutex_t read_lock;
	struct sql reader; /* db NULL while the files are closed */

	pthread_mutex_t state_lock;
	struct ledger committed;
	enum store_status health;
	uint64_t free_size;
	int64_t free_at_ns; /* the worker's: when that was looked at */
};

static struct sqlite_store *sqlite_of(struct store *store)
{
	bal_assert(store->ops == &store_sqlite);
	return (struct sqlite_store *)store;
}

static void set_up_library(void)
{
	/* Counting every allocation takes a global lock, for statistics nobody reads. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static void publish_state(struct sqlite_store *sqlite, enum store_status health)
{
	pthread_mutex_lock(&sqlite->state_lock);
	sqlite->committed = sqlite->disk.ledger;
	sqlite->health = health;
	pthread_mutex_unlock(&sqlite->state_lock);
}

static void close_reader(struct sqlite_store *sqlite)
{
	pthread_mutex_lock(&sqlite->read_lock);
	sql_close(&sqlite->reader);
	pthread_mutex_unlock(&sqlite->read_lock);
}

/* The connection could write, and never does: SQLite's own read-only mode needs the -shm file to be
 * there already. */
static bool open_reader(struct sqlite_store *sqlite)
{
	struct sql reader;

	if (!sql_open(&reader, sqlite->disk.path, false, DISK_READER_CACHE_KIB))
		return false;
	sql_run(&reader, "PRAGMA query_only=ON");
	pthread_mutex_lock(&sqlite->read_lock);
	sqlite->reader = reader;
	pthread_mutex_unlock(&sqlite->read_lock);
	return true;
}

static void take_down(struct sqlite_store *sqlite)
{
	sqlite->down = true;
	checkpoint_stop(&sqlite->checkpoint);
	close_reader(sqlite);
	disk_close(&sqlite->disk);
	sqlite->reopen_at_ns = queue_now_ns() + REOPEN_NS;
}

/* OK when the files are open, now or again. */
static enum store_status bring_up(struct sqlite_store *sqlite)
{
	uint64_t commit = sqlite->disk.ledger.commit;
	enum store_status status;
	struct store_report report;

	if (!sqlite->down)
		return STORE_OK;
	if (queue_now_ns() < sqlite->reopen_at_ns)
		return sqlite->health;
	sqlite->reopen_at_ns = queue_now_ns() + REOPEN_NS;
	status = disk_reopen(&sqlite->disk, &report);
	if (status == STORE_OK && sqlite->disk.ledger.commit < commit) {
		status = disk_report(&report, STORE_GONE,
			"acknowledged commits %llu to %llu are not in %s; restart to go on without",
			(unsigned long long)sqlite->disk.ledger.commit + 1,
			(unsigned long long)commit, sqlite->disk.path);
		disk_close(&sqlite->disk);
		sqlite->disk.ledger.commit = commit;
	}
	if (status == STORE_OK && !open_reader(sqlite)) {
		disk_close(&sqlite->disk);
		status = STORE_FAILED;
	}
	if (status != STORE_OK) {
		if (status != sqlite->health)
			disk_say(&sqlite->disk, STORE_SAY_ERROR, "store: %s", report.text);
		return status;
	}
	checkpoint_start(&sqlite->checkpoint, sqlite->disk.path, &sqlite->disk.writer);
	sqlite->down = false;
	sqlite->sweep.next_id = 0;
	disk_say(&sqlite->disk, STORE_SAY_WARNING,
		"store: opened %s again at commit %llu (the last one acknowledged was %llu)",
		sqlite->disk.path, (unsigned long long)sqlite->disk.ledger.commit,
		(unsigned long long)commit);
	return STORE_OK;
}

/* Applies the batch to the open transaction and counts what was done; false: the connection failed.
 */
static bool apply_batch(struct sqlite_store *sqlite, uint64_t first, uint32_t count,
	struct ledger *ledger, uint32_t *applied)
{
	for (uint32_t i = 0; i < count; i++) {
		struct queue_entry *entry = queue_at(&sqlite->queue, first + i);

		if (!sqlite->reserve.held && entry->op.type == STORE_PUT_TASK) {
			entry->status = STORE_NO_SPACE;
			continue;
		}
		if (!apply_entry(&sqlite->disk.writer, ledger, &sqlite->sweep, entry))
			return false;
		++*applied;
	}
	return true;
}

/* Writes the batch in one transaction; the ledger in memory moves only when it is durable. */
static bool write_batch(struct sqlite_store *sqlite, uint64_t first, uint32_t count)
{
	struct sql *sql = &sqlite->disk.writer;
	struct ledger ledger = sqlite->disk.ledger;
	uint32_t applied = 0;

	sql_forget(sql);
	if (!sql_do(sql, SQL_BEGIN_WRITE) || !apply_batch(sqlite, first, count, &ledger, &applied))
		return false;
	/* A commit of nothing would eat up the room that is left. */
	if (applied == 0)
		return sql_do(sql, SQL_ROLLBACK);
	ledger.commit++;
	if (!schema_write_ledger(sql, &ledger) || !sql_do(sql, SQL_COMMIT))
		return false;
	if (!disk_present(&sqlite->disk)) {
		sql->status = STORE_GONE;
		snprintf(sql->message, sizeof(sql->message), "%s", store_status_text(STORE_GONE));
		return false;
	}
	sqlite->disk.ledger = ledger;
	mark_write(&sqlite->disk.mark, ledger.commit);
	return true;
}

static enum store_status handle_failure(struct sqlite_store *sqlite)
{
	struct sql *sql = &sqlite->disk.writer;
	enum store_status status = sql->status != STORE_OK ? sql->status : STORE_FAILED;

	if (status != sqlite->health)
		disk_say(&sqlite->disk, STORE_SAY_ERROR,
			"store: commit %llu to %s failed, nothing of it was acknowledged: %s",
			(unsigned long long)sqlite->disk.ledger.commit + 1, sqlite->disk.path,
			sql->message);
	if (!sqlite3_get_autocommit(sql->db))
		sql_do(sql, SQL_ROLLBACK);
	if (status == STORE_NO_SPACE && sqlite3_get_autocommit(sql->db))
		return status;
	take_down(sqlite);
	return status;
}

/* OK, or why nothing of the batch is durable. The last of the disk's room is for what ends tasks:
 * new ones are refused one by one, in write_batch. */
static enum store_status commit_batch(struct sqlite_store *sqlite, uint64_t first, uint32_t count)
{
	struct apply_sweep sweep = sqlite->sweep;
	enum store_status status = bring_up(sqlite);

	if (status != STORE_OK)
		return status;
	reserve_take(&sqlite->reserve, queue_now_ns());
	if (write_batch(sqlite, first, count))
		return STORE_OK;
	sqlite->sweep = sweep;
	status = handle_failure(sqlite);
	if (status != STORE_NO_SPACE || !reserve_release(&sqlite->reserve, queue_now_ns()))
		return status;
	if (write_batch(sqlite, first, count))
		return STORE_OK;
	sqlite->sweep = sweep;
	return handle_failure(sqlite);
}

static void report_health(struct sqlite_store *sqlite, enum store_status status)
{
	if (status == STORE_OK && !sqlite->reserve.held)
		status = STORE_NO_SPACE;
	if (status == STORE_OK && sqlite->health != STORE_OK)
		disk_say(&sqlite->disk, STORE_SAY_INFO, "store: writing to %s works again",
			sqlite->disk.path);
	publish_state(sqlite, status);
}

/* With nothing to write: tries to get out of trouble, so that health tells the truth. */
static void handle_idle(struct sqlite_store *sqlite)
{
	enum store_status status = bring_up(sqlite);

	if (status == STORE_OK)
		reserve_take(&sqlite->reserve, queue_now_ns());
	report_health(sqlite, status);
}

static void handle_batch(struct sqlite_store *sqlite, uint64_t first, uint32_t count)
{
	enum store_status status = commit_batch(sqlite, first, count);

	for (uint32_t i = 0; i < count && status != STORE_OK; i++)
		queue_at(&sqlite->queue, first + i)->status = status;
	report_health(sqlite, status);
	if (queue_finish(&sqlite->queue, count) && sqlite->options.notify != NULL)
		sqlite->options.notify(sqlite->options.context);
}

/* Pages that deleted rows left: files do not shrink, but what comes fits into them; and what is
 * kept back for a full disk. */
static void measure_free(struct sqlite_store *sqlite)
{
	int64_t now_ns = queue_now_ns();
	int64_t pages, page_size;

	if (now_ns - sqlite->free_at_ns < FREE_LOOK_NS)
		return;
	pages = sql_number(&sqlite->disk.writer, "PRAGMA freelist_count", 0);
	page_size = sql_number(&sqlite->disk.writer, "PRAGMA page_size", 0);
	sqlite->free_at_ns = now_ns;
	pthread_mutex_lock(&sqlite->state_lock);
	sqlite->free_size = (uint64_t)pages * (uint64_t)page_size +
			    (sqlite->reserve.held ? (uint64_t)RESERVE_SIZE : 0);
	pthread_mutex_unlock(&sqlite->state_lock);
}

static void *run_worker(void *argument)
{
	struct sqlite_store *sqlite = argument;

	while (!queue_ended(&sqlite->queue)) {
		uint64_t first = 0;
		int64_t timeout_ns = sqlite->health != STORE_OK ? REOPEN_NS : IDLE_NS;
		uint32_t count = queue_take(&sqlite->queue, timeout_ns, &first);

		if (count > 0)
			handle_batch(sqlite, first, count);
		else if (sqlite->health != STORE_OK)
			handle_idle(sqlite);
		if (sqlite->down)
			continue;
		mark_sync(&sqlite->disk.mark, queue_now_ns());
		measure_free(sqlite);
		checkpoint_drive(&sqlite->checkpoint, count == 0);
	}
	return NULL;
}

static void free_store(struct sqlite_store *sqlite)
{
	queue_free(&sqlite->queue);
	pthread_mutex_destroy(&sqlite->read_lock);
	pthread_mutex_destroy(&sqlite->state_lock);
	if (sqlite->lock_fd >= 0)
		close(sqlite->lock_fd);
	free(sqlite);
}

static enum store_status lock_directory(struct sqlite_store *sqlite, struct store_report *report)
{
	char path[DISK_PATH_SIZE_MAX];

	if (!disk_path(&sqlite->disk, "store.reserve", sqlite->reserve_path) ||
		!disk_path(&sqlite->disk, "store.lock", path))
		return disk_report(
			report, STORE_INVALID, "the path of the data directory is too long");
	sqlite->reserve.path = sqlite->reserve_path;
	sqlite->lock_fd = lock_take(path, &report->holder_pid);
	if (sqlite->lock_fd == -2)
		return disk_report(report, STORE_LOCKED,
			"%s is in use by process %llu; stop it, or choose another data directory",
			sqlite->disk.directory, (unsigned long long)report->holder_pid);
	if (sqlite->lock_fd < 0)
		return disk_report(report, errno == ENOSPC ? STORE_NO_SPACE : STORE_READ_ONLY,
			"cannot write %s: %s; the data directory must be writable for the user who "
			"runs ballast, --data names another",
			path, strerror(errno));
	return STORE_OK;
}

static enum store_status start_threads(struct sqlite_store *sqlite)
{
	if (!open_reader(sqlite))
		return STORE_FAILED;
	checkpoint_start(&sqlite->checkpoint, sqlite->disk.path, &sqlite->disk.writer);
	reserve_take(&sqlite->reserve, queue_now_ns());
	report_health(sqlite, STORE_OK);
	if (pthread_create(&sqlite->worker, NULL, run_worker, sqlite) != 0) {
		checkpoint_stop(&sqlite->checkpoint);
		close_reader(sqlite);
		return STORE_NO_MEMORY;
	}
	return STORE_OK;
}

/* A full disk may leave too little room to open at all; the reserve is there for that too. */
static enum store_status open_disk(struct sqlite_store *sqlite, struct store_report *report)
{
	enum store_status status = disk_open(&sqlite->disk, report);

	if (status == STORE_NO_SPACE && reserve_release(&sqlite->reserve, 0))
		status = disk_open(&sqlite->disk, report);
	return status;
}

static enum store_status sqlite_open(
	struct store **store, const struct store_options *options, struct store_report *report)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sqlite_store *sqlite = calloc(1, sizeof(*sqlite));
	enum store_status status;

	*store = NULL;
	memset(report, 0, sizeof(*report));
	pthread_once(&once, set_up_library);
	if (sqlite == NULL || !queue_init(&sqlite->queue, options)) {
		free(sqlite);
		return disk_report(report, STORE_NO_MEMORY, "out of memory");
	}
	sqlite->store.ops = &store_sqlite;
	sqlite->options = *options;
	sqlite->lock_fd = -1;
	pthread_mutex_init(&sqlite->read_lock, NULL);
	pthread_mutex_init(&sqlite->state_lock, NULL);
	status = STORE_INVALID;
	if (disk_init(&sqlite->disk, options))
		status = lock_directory(sqlite, report);
	if (status == STORE_OK)
		status = open_disk(sqlite, report);
	if (status == STORE_OK) {
		status = start_threads(sqlite);
		if (status != STORE_OK) {
			disk_report(report, status, "cannot start on %s: %s", sqlite->disk.path,
				store_status_text(status));
			disk_close(&sqlite->disk);
		}
	}
	if (status != STORE_OK) {
		free_store(sqlite);
		return status;
	}
	*store = &sqlite->store;
	return STORE_OK;
}

static void sqlite_close(struct store *store)
{
	struct sqlite_store *sqlite = sqlite_of(store);

	queue_stop(&sqlite->queue);
	pthread_join(sqlite->worker, NULL);
	if (!sqlite->down)
		take_down(sqlite);
	/* Closing has removed the log: room that the next start may need. */
	sqlite->reserve.retry_at_ns = 0;
	reserve_take(&sqlite->reserve, queue_now_ns());
	free_store(sqlite);
}

static enum store_status sqlite_submit(
	struct store *store, const struct store_op *op, void **take_block)
{
	return queue_submit(&sqlite_of(store)->queue, op, take_block);
}

static uint32_t sqlite_drain(
	struct store *store, struct store_completion *completions, uint32_t capacity)
{
	return queue_drain(&sqlite_of(store)->queue, completions, capacity);
}

/* Between these two the reading connection is ours. NULL when the files are closed. */
static struct sql *begin_read(struct store *store)
{
	struct sqlite_store *sqlite = sqlite_of(store);

	pthread_mutex_lock(&sqlite->read_lock);
	if (sqlite->reader.db == NULL) {
		pthread_mutex_unlock(&sqlite->read_lock);
		return NULL;
	}
	sql_forget(&sqlite->reader);
	return &sqlite->reader;
}

static enum store_status end_read(struct store *store, enum store_status status)
{
	struct sqlite_store *sqlite = sqlite_of(store);

	if (status != STORE_OK && status != STORE_NOT_FOUND)
		disk_say(&sqlite->disk, STORE_SAY_ERROR, "store: reading %s failed: %s",
			sqlite->disk.path, sqlite->reader.message);
	pthread_mutex_unlock(&sqlite->read_lock);
	return status;
}

static enum store_status sqlite_get(
	struct store *store, uint64_t id, uint32_t parts, store_visit_view *visit, void *context)
{
	struct sql *sql = begin_read(store);

	if (sql == NULL)
		return STORE_FAILED;
	return end_read(store, fetch_get(sql, id, parts, visit, context));
}

static enum store_status sqlite_scan(
	struct store *store, uint32_t parts, store_visit_view *visit, void *context)
{
	struct sql *sql = begin_read(store);

	if (sql == NULL)
		return STORE_FAILED;
	return end_read(store, fetch_scan(sql, parts, visit, context));
}

static enum store_status sqlite_list(struct store *store, const struct store_filter *filter,
	store_visit_view *visit, void *context, uint64_t *next_id)
{
	struct sql *sql = begin_read(store);

	if (sql == NULL)
		return STORE_FAILED;
	return end_read(store, fetch_list(sql, filter, visit, context, next_id));
}

static enum store_status sqlite_find_key(struct store *store, struct store_bytes tenant,
	struct store_bytes key, uint64_t *id, uint64_t *request_hash)
{
	struct sql *sql;

	if (key.size == 0)
		return STORE_NOT_FOUND;
	if (queue_find_key(&sqlite_of(store)->queue, tenant, key, id, request_hash))
		return STORE_OK;
	sql = begin_read(store);
	if (sql == NULL)
		return STORE_FAILED;
	return end_read(store, fetch_find_key(sql, tenant, key, id, request_hash));
}

static enum store_status sqlite_get_record(struct store *store, enum store_space space,
	struct store_bytes key, store_visit_record *visit, void *context)
{
	struct sql *sql = begin_read(store);

	if (sql == NULL)
		return STORE_FAILED;
	return end_read(store, fetch_get_record(sql, space, key, visit, context));
}

static enum store_status sqlite_scan_records(
	struct store *store, enum store_space space, store_visit_record *visit, void *context)
{
	struct sql *sql = begin_read(store);

	if (sql == NULL)
		return STORE_FAILED;
	return end_read(store, fetch_scan_records(sql, space, visit, context));
}

static void sqlite_count(struct store *store, struct store_counts *counts)
{
	struct sqlite_store *sqlite = sqlite_of(store);

	memset(counts, 0, sizeof(*counts));
	pthread_mutex_lock(&sqlite->state_lock);
	counts->unfinished = sqlite->committed.unfinished;
	memcpy(counts->ended, sqlite->committed.ended, sizeof(counts->ended));
	counts->commit = sqlite->committed.commit;
	counts->health = sqlite->health;
	counts->free_size = sqlite->free_size;
	pthread_mutex_unlock(&sqlite->state_lock);
	queue_measure(&sqlite->queue, &counts->queue_count, &counts->queue_size);
}

const struct store_ops store_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.submit = sqlite_submit,
	.drain = sqlite_drain,
	.get = sqlite_get,
	.scan = sqlite_scan,
	.list = sqlite_list,
	.find_key = sqlite_find_key,
	.get_record = sqlite_get_record,
	.scan_records = sqlite_scan_records,
	.count = sqlite_count,
};

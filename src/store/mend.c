/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How rows are saved: each table is walked by row number from the front until something cannot be
 * read, then from the back, then the gap between in pieces; a damaged page so costs the rows on it
 * and not those behind it. Tasks come first; what belongs to a task that is not there is dropped,
 * and a task that has lost both progress and result is queued again.
 *
 * The first page holds the definitions of the tables, without which nothing can be read, but it is
 * the same in every store of this schema: when it is damaged, it is taken from the new database. So
 * the rows are read from a copy.
 */
#include "store/mend.h"

#include "store/apply.h"
#include "store/rows.h"
#include "store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECES          64
#define FOLDERS_MAX     1000
#define COPY_SIZE       65536
#define FIRST_PAGE_SIZE 4096
/* Of the header in the first page, these bytes differ from store to store: counters and free list
 * (sqlite.org/fileformat2.html#the_database_header, offsets 24 to 40), version-valid-for (92). */
#define HEADER_COUNTERS     24
#define HEADER_COUNTERS_END 40
#define HEADER_VALID_FOR    92
#define HEADER_VALID_END    96

struct mend {
	struct disk *disk;
	struct sql from;
	struct sql to;
	struct ledger ledger;
	uint64_t damaged;
	uint64_t copied;
	uint32_t said;
	char copy[DISK_PATH_SIZE_MAX];
	char copy_log[DISK_PATH_SIZE_MAX];
	char made[DISK_PATH_SIZE_MAX];
};

/* A table: how its rows are read, and what is done with one; false: the new database failed. */
struct mend_table {
	const char *name;
	bool (*copy)(struct mend *mend, sqlite3_stmt *row);
};

static void lose(struct mend *mend, const char *table, uint64_t id, const char *outcome)
{
	mend->damaged++;
	if (mend->said++ < MEND_SAID_MAX)
		disk_say(mend->disk, STORE_SAY_ERROR,
			"store: %s: row %llu of table %s is damaged: %s", mend->disk->path,
			(unsigned long long)id, table, outcome);
}

static bool put_row(struct mend *mend, sqlite3_stmt *statement)
{
	int code = sql_step_once(&mend->to, statement);

	/* A conflict is a row met twice, through two damaged paths to one page. */
	return code == SQLITE_DONE || code == SQLITE_CONSTRAINT;
}

static bool put_dead(struct mend *mend, const struct store_task *task, const char *error)
{
	const struct store_result result = {.id = task->id,
		.state = STORE_TASK_DEAD,
		.submitted_at_ns = task->submitted_at_ns,
		.finished_at_ns = task->submitted_at_ns,
		.error = {error, (uint32_t)strlen(error)}};
	sqlite3_stmt *statement = sql_prepare(&mend->to, SQL_PUT_RESULT);

	if (statement == NULL)
		return false;
	rows_bind_result(statement, &result);
	return put_row(mend, statement);
}

static bool copy_task(struct mend *mend, sqlite3_stmt *row)
{
	sqlite3_stmt *statement = sql_prepare(&mend->to, SQL_INSERT_TASK);
	struct rows_seals seals;
	struct store_view view;
	bool whole;

	memset(&view, 0, sizeof(view));
	if (statement == NULL)
		return false;
	if (!rows_read_task(row, &view, &seals)) {
		lose(mend, "task", view.task.id, "the task is lost");
		return true;
	}
	view.task.payload = sql_column_bytes(row, 16);
	whole = view.task.payload.size == view.payload_size &&
		seal_payload(view.task.payload) == seals.payload;
	if (!whole)
		view.task.payload = (struct store_bytes){NULL, 0};
	rows_bind_task(statement, &view.task);
	if (!put_row(mend, statement))
		return false;
	mend->copied++;
	if (whole)
		return true;
	lose(mend, "task", view.task.id, "its payload is lost, the task is ended as dead");
	return put_dead(mend, &view.task, "the stored payload was damaged on disk");
}

/* The submission time of a task already copied; false when it is not there. */
static bool find_task(struct mend *mend, uint64_t id, struct store_task *task)
{
	sqlite3_stmt *statement = sql_prepare(&mend->to, SQL_GET_SUBMITTED);
	bool found;

	if (statement == NULL)
		return false;
	sql_bind_number(statement, 1, id);
	found = sql_step_row(&mend->to, statement);
	memset(task, 0, sizeof(*task));
	task->id = id;
	if (found)
		task->submitted_at_ns = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return found;
}

static bool copy_result(struct mend *mend, sqlite3_stmt *row)
{
	sqlite3_stmt *statement = sql_prepare(&mend->to, SQL_PUT_RESULT);
	static const char error[] = "the stored result was damaged on disk";
	struct store_result result = {0};
	struct rows_seals seals;
	struct store_task task;

	if (statement == NULL)
		return false;
	if (!rows_read_result(row, 0, &result, &seals)) {
		lose(mend, "result", result.id, "the task is ended as dead");
		return !find_task(mend, result.id, &task) || put_dead(mend, &task, error);
	}
	result.why = sql_column_bytes(row, 13);
	result.history = sql_column_bytes(row, 14);
	result.content = sql_column_bytes(row, 15);
	if (seal_content(&result) != seals.content) {
		lose(mend, "result", result.id, "its content is lost");
		result.why = (struct store_bytes){NULL, 0};
		result.history = (struct store_bytes){NULL, 0};
		result.content = (struct store_bytes){NULL, 0};
		result.error = (struct store_bytes){error, sizeof(error) - 1};
	}
	rows_bind_result(statement, &result);
	return put_row(mend, statement);
}

static bool copy_progress(struct mend *mend, sqlite3_stmt *row)
{
	sqlite3_stmt *statement = sql_prepare(&mend->to, SQL_PUT_PROGRESS);
	struct store_progress progress = {0};

	if (statement == NULL)
		return false;
	if (!rows_read_progress(row, 0, &progress)) {
		lose(mend, "progress", progress.id, "the task is queued again");
		return true;
	}
	rows_bind_progress(statement, &progress);
	return put_row(mend, statement);
}

static bool copy_carry(struct mend *mend, sqlite3_stmt *row)
{
	sqlite3_stmt *statement = sql_prepare(&mend->to, SQL_PUT_CARRY);
	uint64_t id = sql_column_number(row, 0);
	struct store_carry carry = {sql_column_bytes(row, 1), sql_column_bytes(row, 2)};

	if (statement == NULL)
		return false;
	if (seal_carry(id, &carry) != sql_column_number(row, 3)) {
		lose(mend, "carry", id, "the next attempt starts without a checkpoint");
		return true;
	}
	rows_bind_carry(statement, id, &carry);
	return put_row(mend, statement);
}

static bool copy_record(struct mend *mend, sqlite3_stmt *row)
{
	sqlite3_stmt *statement = sql_prepare(&mend->to, SQL_PUT_RECORD);
	struct store_record record;

	if (statement == NULL)
		return false;
	if (!rows_read_record(row, &record)) {
		char outcome[STORE_NAME_SIZE_MAX + 64];

		snprintf(outcome, sizeof(outcome), "the record %.*s is lost",
			(int)(record.key.size < STORE_NAME_SIZE_MAX ? record.key.size
								    : STORE_NAME_SIZE_MAX),
			record.key.size > 0 ? (const char *)record.key.data : "");
		lose(mend, "record", (uint64_t)record.space, outcome);
		return true;
	}
	rows_bind_record(statement, &record);
	return put_row(mend, statement);
}

/* Copies rows from `low` to `high` in the given direction; *stopped is the last row number read,
 * and the answer tells whether the end was reached. */
static bool copy_range(struct mend *mend, const struct mend_table *table, int64_t low, int64_t high,
	bool backward, int64_t *stopped)
{
	sqlite3_stmt *statement = NULL;
	char text[160];
	int code;

	snprintf(text, sizeof(text),
		"SELECT *, rowid FROM %s WHERE rowid BETWEEN ? AND ? ORDER BY rowid %s",
		table->name, backward ? "DESC" : "ASC");
	*stopped = backward ? high : low - 1;
	if (low > high || low <= 0)
		return true;
	code = sqlite3_prepare_v2(mend->from.db, text, -1, &statement, NULL);
	if (code != SQLITE_OK)
		return false;
	sqlite3_bind_int64(statement, 1, low);
	sqlite3_bind_int64(statement, 2, high);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		*stopped = sqlite3_column_int64(statement, sqlite3_column_count(statement) - 1);
		if (!table->copy(mend, statement))
			break;
	}
	sqlite3_finalize(statement);
	return code == SQLITE_DONE;
}

/* Row numbers begin at 1: they are ids, or given out by SQLite. */
static void copy_table(struct mend *mend, const struct mend_table *table)
{
	int64_t front;
	int64_t back;
	int64_t piece;
	int64_t unused;

	if (copy_range(mend, table, 1, INT64_MAX, false, &front) ||
		copy_range(mend, table, front + 1, INT64_MAX, true, &back) || front >= back)
		return;
	disk_say(mend->disk, STORE_SAY_ERROR,
		"store: %s: rows of table %s between %lld and %lld lie on damaged pages",
		mend->disk->path, table->name, (long long)front, (long long)back);
	piece = (back - front) / PIECES + 1;
	for (int i = 0; i < PIECES && front + 1 < back; i++) {
		int64_t end = back - front > piece ? front + piece : back - 1;

		if (!copy_range(mend, table, front + 1, end, false, &unused))
			copy_range(mend, table, unused + 1, end, true, &unused);
		front = end;
	}
}

/* Makes each task have exactly one of progress and result, and nothing belong to no task. */
static bool join_rows(struct mend *mend)
{
	static const char queue_again[] =
		"SELECT id FROM task WHERE id NOT IN (SELECT id FROM progress) AND id NOT IN "
		"(SELECT id FROM result)";
	struct sql *to = &mend->to;
	sqlite3_stmt *statement = NULL;
	bool good;

	good = sql_run(to, "DELETE FROM progress WHERE id IN (SELECT id FROM result)") &&
	       sql_run(to, "DELETE FROM progress WHERE id NOT IN (SELECT id FROM task)") &&
	       sql_run(to, "DELETE FROM result WHERE id NOT IN (SELECT id FROM task)");
	if (!good || sqlite3_prepare_v2(to->db, queue_again, -1, &statement, NULL) != SQLITE_OK)
		return false;
	while (good && sqlite3_step(statement) == SQLITE_ROW) {
		const struct store_progress progress = {
			.id = sql_column_number(statement, 0), .state = STORE_TASK_QUEUED};
		sqlite3_stmt *put = sql_prepare(to, SQL_PUT_PROGRESS);

		good = put != NULL;
		if (good) {
			rows_bind_progress(put, &progress);
			good = put_row(mend, put);
		}
	}
	sqlite3_finalize(statement);
	return good && sql_run(to, "DELETE FROM carry WHERE id NOT IN (SELECT id FROM progress)");
}

/* Counts what the new database holds, into a new ledger. */
static bool count_rows(struct mend *mend)
{
	static const char query[] =
		"SELECT task.id, coalesce(result.state, 0) FROM task LEFT JOIN result USING (id)";
	struct ledger *ledger = &mend->ledger;
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(mend->to.db, query, -1, &statement, NULL);

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		uint64_t sum;
		uint64_t state;

		code = sqlite3_step(statement);
		if (code != SQLITE_ROW)
			break;
		sum = schema_mix(sql_column_number(statement, 0));
		state = sql_column_number(statement, 1);
		ledger->task_count++;
		ledger->task_sum += sum;
		if (state != 0) {
			ledger->ended[state % STORE_STATE_LIMIT]++;
			continue;
		}
		ledger->unfinished++;
		ledger->unfinished_sum += sum;
	}
	sqlite3_finalize(statement);
	ledger->carry_count = (uint64_t)sql_number(&mend->to, "SELECT count(*) FROM carry", 0);
	return code == SQLITE_DONE && mend->to.status == STORE_OK;
}

static bool copy_rows(struct mend *mend)
{
	static const struct mend_table tables[] = {{"task", copy_task}, {"result", copy_result},
		{"progress", copy_progress}, {"carry", copy_carry}, {"record", copy_record}};
	struct ledger old;

	if (schema_read_ledger(&mend->from, &old))
		mend->ledger.commit = old.commit;
	if (mend->ledger.commit < mend->disk->mark.commit && old.commit == 0)
		mend->ledger.commit = mend->disk->mark.commit;
	if (!sql_run(&mend->to, "BEGIN IMMEDIATE"))
		return false;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		mend->said = 0;
		copy_table(mend, &tables[i]);
		if (mend->to.status != STORE_OK)
			return false;
	}
	if (!join_rows(mend) || !count_rows(mend))
		return false;
	if (old.task_count > 0 && mend->ledger.task_count == 0) {
		snprintf(mend->to.message, sizeof(mend->to.message),
			"none of %llu tasks can be read", (unsigned long long)old.task_count);
		return false;
	}
	if (old.task_count > mend->ledger.task_count)
		disk_say(mend->disk, STORE_SAY_ERROR, "store: %s: %llu of %llu tasks could be read",
			mend->disk->path, (unsigned long long)mend->ledger.task_count,
			(unsigned long long)old.task_count);
	return schema_write_ledger(&mend->to, &mend->ledger) && sql_run(&mend->to, "COMMIT");
}

static bool copy_file(const char *from, const char *to)
{
	char *buffer = malloc(COPY_SIZE);
	int source = open(from, O_RDONLY | O_CLOEXEC);
	int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t size = -1;

	while (buffer != NULL && source >= 0 && target >= 0) {
		size = read(source, buffer, COPY_SIZE);
		if (size <= 0)
			break;
		if (write(target, buffer, (size_t)size) != size) {
			size = -1;
			break;
		}
	}
	if (source >= 0)
		close(source);
	if (target >= 0)
		close(target);
	free(buffer);
	return size == 0;
}

/* Gives the copy the first page of the new database, but for the counters in its header. */
static bool replace_first_page(struct mend *mend)
{
	uint8_t good[FIRST_PAGE_SIZE];
	uint8_t bad[FIRST_PAGE_SIZE];
	int source = open(mend->made, O_RDONLY | O_CLOEXEC);
	int target = open(mend->copy, O_RDWR | O_CLOEXEC);
	bool done = source >= 0 && target >= 0 &&
		    pread(source, good, sizeof(good), 0) == (ssize_t)sizeof(good) &&
		    pread(target, bad, sizeof(bad), 0) == (ssize_t)sizeof(bad);

	if (done) {
		memcpy(good + HEADER_COUNTERS, bad + HEADER_COUNTERS,
			HEADER_COUNTERS_END - HEADER_COUNTERS);
		memcpy(good + HEADER_VALID_FOR, bad + HEADER_VALID_FOR,
			HEADER_VALID_END - HEADER_VALID_FOR);
		done = pwrite(target, good, sizeof(good), 0) == (ssize_t)sizeof(good);
	}
	if (source >= 0)
		close(source);
	if (target >= 0)
		close(target);
	return done;
}

static bool open_copy(struct mend *mend)
{
	bool created;

	if (sql_open(&mend->from, mend->copy, false, DISK_READER_CACHE_KIB) &&
		schema_open(&mend->from, &created) == STORE_OK && !created &&
		sql_number(&mend->from, "SELECT count(*) FROM sqlite_schema", 0) ==
			sql_number(&mend->to, "SELECT count(*) FROM sqlite_schema", -1))
		return true;
	sql_close(&mend->from);
	return false;
}

static void remove_with_log(const char *path)
{
	char log[DISK_PATH_SIZE_MAX + 8];

	unlink(path);
	snprintf(log, sizeof(log), "%s-wal", path);
	unlink(log);
	snprintf(log, sizeof(log), "%s-shm", path);
	unlink(log);
}

static bool make_new(struct mend *mend)
{
	char log[DISK_PATH_SIZE_MAX + 8];
	bool created;
	bool done;

	remove_with_log(mend->made);
	remove_with_log(mend->copy);
	snprintf(log, sizeof(log), "%s-wal", mend->disk->path);
	if (!copy_file(mend->disk->path, mend->copy) ||
		(access(log, F_OK) == 0 && !copy_file(log, mend->copy_log)))
		return false;
	if (!sql_open(&mend->to, mend->made, true, DISK_WRITER_CACHE_KIB) ||
		schema_open(&mend->to, &created) != STORE_OK)
		return false;
	sqlite3_wal_checkpoint_v2(mend->to.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	done = open_copy(mend) || (replace_first_page(mend) && open_copy(mend));
	done = done && copy_rows(mend);
	sql_close(&mend->from);
	return done;
}

/* Makes the first damaged-N that is not there yet. */
static bool make_folder(const struct disk *disk, char *folder)
{
	char name[32];

	for (int i = 1; i <= FOLDERS_MAX; i++) {
		snprintf(name, sizeof(name), "damaged-%d", i);
		if (!disk_path(disk, name, folder))
			return false;
		if (mkdir(folder, 0700) == 0)
			return true;
	}
	return false;
}

/* Hard links keep the damaged files under their new names before the old names go. */
static bool set_aside(struct mend *mend)
{
	char folder[DISK_PATH_SIZE_MAX];
	char log[DISK_PATH_SIZE_MAX + 8];
	char to[DISK_PATH_SIZE_MAX + 32];

	if (!make_folder(mend->disk, folder))
		return false;
	snprintf(to, sizeof(to), "%s/store.db", folder);
	if (link(mend->disk->path, to) != 0)
		return false;
	snprintf(log, sizeof(log), "%s-wal", mend->disk->path);
	snprintf(to, sizeof(to), "%s/store.db-wal", folder);
	if (access(log, F_OK) == 0 && link(log, to) != 0)
		return false;
	unlink(log);
	snprintf(log, sizeof(log), "%s-shm", mend->disk->path);
	unlink(log);
	disk_say(mend->disk, STORE_SAY_WARNING, "store: the damaged files are kept in %s", folder);
	return true;
}

void mend_keep_log(struct disk *disk)
{
	char folder[DISK_PATH_SIZE_MAX];
	char log[DISK_PATH_SIZE_MAX + 8];
	char to[DISK_PATH_SIZE_MAX + 32];

	snprintf(log, sizeof(log), "%s-wal", disk->path);
	if (access(log, F_OK) != 0 || !make_folder(disk, folder))
		return;
	snprintf(to, sizeof(to), "%s/store.db-wal", folder);
	if (copy_file(log, to))
		disk_say(disk, STORE_SAY_WARNING, "store: a copy of the log is kept in %s", folder);
}

static bool sync_directory(const struct disk *disk)
{
	int fd = open(disk->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

enum store_status mend_database(struct disk *disk, struct store_report *report)
{
	struct mend *mend = calloc(1, sizeof(*mend));
	enum store_status status = STORE_DAMAGED;
	bool done;

	if (mend == NULL)
		return disk_report(report, STORE_NO_MEMORY, "out of memory");
	mend->disk = disk;
	done = disk_path(disk, "store.db.damaged", mend->copy) &&
	       disk_path(disk, "store.db.damaged-wal", mend->copy_log) &&
	       disk_path(disk, "store.db.new", mend->made) && make_new(mend);
	/* Closing the last connection moves the log into the file and syncs it. */
	sql_close(&mend->to);
	if (done && set_aside(mend) && rename(mend->made, disk->path) == 0 &&
		sync_directory(disk)) {
		status = STORE_OK;
		report->rows_damaged = mend->damaged;
		disk_say(disk, STORE_SAY_WARNING,
			"store: %s was mended: %llu tasks saved, %llu rows lost", disk->path,
			(unsigned long long)mend->ledger.task_count,
			(unsigned long long)mend->damaged);
	} else {
		disk_report(report, status,
			"%s is damaged and could not be mended (%s); restore it from a backup, or "
			"move "
			"it and store.mark away to start with nothing",
			disk->path,
			mend->to.message[0] != '\0' ? mend->to.message : strerror(errno));
	}
	remove_with_log(mend->copy);
	remove_with_log(mend->made);
	free(mend);
	return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's settings, and why:
 *   synchronous=FULL    in WAL mode anything less acknowledges commits that a power cut takes back
 *   wal_autocheckpoint  off: a checkpoint inside a commit would make one client pay for thousands
 *   mmap_size=0         an I/O error on a mapping is a signal, on a read it is a status
 *   cell_size_check     finds damaged pages before they are walked
 */
#include "store/sql.h"

#include "base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BUSY_TIMEOUT_MS 5000

static const char *const texts[SQL_TEXT_COUNT] = {
#define X(name, text) [SQL_##name] = text,
	SQL_MAP(X)
#undef X
};

static enum store_status status_of_errno(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return STORE_NO_SPACE;
	case EROFS:
	case EACCES:
	case EPERM:
		return STORE_READ_ONLY;
	default:
		return STORE_FAILED;
	}
}

/* SQLite remembers the system's error of some operations; of the others errno still has it. */
static int find_errno(sqlite3 *db)
{
	int error = db != NULL ? sqlite3_system_errno(db) : 0;

	return error != 0 ? error : errno;
}

enum store_status sql_status(sqlite3 *db, int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return STORE_OK;
	case SQLITE_FULL:
		return STORE_NO_SPACE;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return STORE_READ_ONLY;
	case SQLITE_NOMEM:
		return STORE_NO_MEMORY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_MISMATCH:
	case SQLITE_ERROR: /* our statements are right, so the schema on disk is not */
	case SQLITE_SCHEMA:
		return STORE_DAMAGED;
	case SQLITE_CONSTRAINT:
		return STORE_CONFLICT;
	case SQLITE_TOOBIG:
		return STORE_INVALID;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return status_of_errno(find_errno(db));
	default:
		return STORE_FAILED;
	}
}

static void note_failure(struct sql *sql, int code)
{
	if (sql->status != STORE_OK)
		return;
	sql->status = sql_status(sql->db, code);
	snprintf(sql->message, sizeof(sql->message), "%s (SQLite code %d, errno %d)",
		sql->db != NULL ? sqlite3_errmsg(sql->db) : sqlite3_errstr(code), code,
		find_errno(sql->db));
}

void sql_forget(struct sql *sql)
{
	sql->status = STORE_OK;
	sql->message[0] = '\0';
	errno = 0;
}

bool sql_run(struct sql *sql, const char *text)
{
	int code = sqlite3_exec(sql->db, text, NULL, NULL, NULL);

	if (code == SQLITE_OK)
		return true;
	note_failure(sql, code);
	return false;
}

int64_t sql_number(struct sql *sql, const char *text, int64_t otherwise)
{
	sqlite3_stmt *statement = NULL;
	int64_t number = otherwise;
	int code = sqlite3_prepare_v2(sql->db, text, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	else if (code != SQLITE_DONE)
		note_failure(sql, code);
	sqlite3_finalize(statement);
	return number;
}

static bool set_up(struct sql *sql, int cache_kib)
{
	char cache[48];

	snprintf(cache, sizeof(cache), "PRAGMA cache_size=-%d", cache_kib);
	sqlite3_extended_result_codes(sql->db, 1);
	sqlite3_busy_timeout(sql->db, BUSY_TIMEOUT_MS);
	return sql_run(sql, "PRAGMA journal_mode=WAL") && sql_run(sql, "PRAGMA synchronous=FULL") &&
	       sql_run(sql, "PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0") &&
	       sql_run(sql, "PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF") &&
	       sql_run(sql, "PRAGMA temp_store=MEMORY") && sql_run(sql, cache);
}

bool sql_open(struct sql *sql, const char *path, bool create, int cache_kib)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	int code;

	memset(sql, 0, sizeof(*sql));
	code = sqlite3_open_v2(path, &sql->db, create ? flags | SQLITE_OPEN_CREATE : flags, NULL);
	if (code == SQLITE_OK && set_up(sql, cache_kib))
		return true;
	if (code != SQLITE_OK)
		note_failure(sql, code);
	sql_close(sql);
	return false;
}

void sql_keep_log(struct sql *sql, bool keep)
{
	sqlite3_db_config(sql->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, (int)keep, NULL);
}

void sql_close(struct sql *sql)
{
	for (int i = 0; i < SQL_TEXT_COUNT; i++) {
		sqlite3_finalize(sql->statements[i]);
		sql->statements[i] = NULL;
	}
	sqlite3_close(sql->db);
	sql->db = NULL;
}

sqlite3_stmt *sql_prepare(struct sql *sql, enum sql_text text)
{
	int code = SQLITE_OK;

	if (sql->statements[text] != NULL) {
		sqlite3_reset(sql->statements[text]);
		return sql->statements[text];
	}
	code = sqlite3_prepare_v3(
		sql->db, texts[text], -1, SQLITE_PREPARE_PERSISTENT, &sql->statements[text], NULL);
	if (code != SQLITE_OK)
		note_failure(sql, code);
	return sql->statements[text];
}

int sql_step_once(struct sql *sql, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	if (code != SQLITE_DONE && (code & 0xff) != SQLITE_CONSTRAINT)
		note_failure(sql, code);
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? code : code & 0xff;
}

bool sql_step_row(struct sql *sql, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		note_failure(sql, code);
	sqlite3_reset(statement);
	return false;
}

bool sql_do(struct sql *sql, enum sql_text text)
{
	sqlite3_stmt *statement = sql_prepare(sql, text);

	return statement != NULL && sql_step_once(sql, statement) == SQLITE_DONE;
}

void sql_bind_number(sqlite3_stmt *statement, int index, uint64_t value)
{
	sqlite3_bind_int64(statement, index, (sqlite3_int64)value);
}

void sql_bind_text(sqlite3_stmt *statement, int index, struct store_bytes text)
{
	const char *data = text.size != 0 ? text.data : "";

	sqlite3_bind_text(statement, index, data, (int)text.size, SQLITE_STATIC);
}

void sql_bind_blob(sqlite3_stmt *statement, int index, struct store_bytes blob)
{
	const void *data = blob.size != 0 ? blob.data : "";

	sqlite3_bind_blob(statement, index, data, (int)blob.size, SQLITE_STATIC);
}

uint64_t sql_column_number(sqlite3_stmt *statement, int index)
{
	return (uint64_t)sqlite3_column_int64(statement, index);
}

struct store_bytes sql_column_bytes(sqlite3_stmt *statement, int index)
{
	struct store_bytes bytes = {sqlite3_column_blob(statement, index), 0};

	bytes.size = (uint32_t)sqlite3_column_bytes(statement, index);
	return bytes;
}

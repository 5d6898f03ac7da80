/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_SQL_H
#define BAL_STORE_SQL_H

#include "store/store.h"

#include <sqlite3.h>

/* One connection to a database file of SQLite, its prepared statements, and what its error codes
 * mean to the store. A connection is used by one thread at a time. */

/* Everything that is asked of the database, prepared when first used. */
#define SQL_TASK_COLUMNS                                                                           \
	"task.id, parent, request_hash, task.submitted_at_ns, deadline_at_ns, attempts_max, "      \
	"priority, kind, tenant, conversation, idempotency_key, needs, meta, payload_size, "       \
	"payload_seal, task.seal"
#define SQL_PROGRESS_COLUMNS                                                                       \
	"progress.id, progress.state, progress.attempt, not_before_at_ns, epoch, started_at_ns, "  \
	"lease_expires_at_ns, lease_token, progress.pool, progress.agent, progress.seal"
#define SQL_RESULT_COLUMNS                                                                         \
	"result.id, result.state, result.attempt, result.submitted_at_ns, finished_at_ns, "        \
	"content_size, result.pool, result.agent, content_type, file, error, content_seal, "       \
	"result.seal"
#define SQL_VIEW                                                                                   \
	"SELECT " SQL_TASK_COLUMNS ", " SQL_PROGRESS_COLUMNS ", " SQL_RESULT_COLUMNS " FROM task " \
	"LEFT JOIN progress ON progress.id = task.id LEFT JOIN result ON result.id = task.id "

#define SQL_MAP(X)                                                                                 \
	X(BEGIN_READ, "BEGIN")                                                                     \
	X(BEGIN_WRITE, "BEGIN IMMEDIATE")                                                          \
	X(COMMIT, "COMMIT")                                                                        \
	X(ROLLBACK, "ROLLBACK")                                                                    \
	X(INSERT_TASK, "INSERT INTO task VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")               \
	X(DELETE_TASK, "DELETE FROM task WHERE id=?")                                              \
	X(PUT_PROGRESS, "INSERT OR REPLACE INTO progress VALUES(?,?,?,?,?,?,?,?,?,?,?)")           \
	X(UPDATE_PROGRESS,                                                                         \
		"UPDATE progress SET state=?2, attempt=?3, not_before_at_ns=?4, epoch=?5, "        \
		"started_at_ns=?6, lease_expires_at_ns=?7, lease_token=?8, pool=?9, agent=?10, "   \
		"seal=?11 WHERE id=?1")                                                            \
	X(DELETE_PROGRESS, "DELETE FROM progress WHERE id=?")                                      \
	X(PUT_CARRY, "INSERT OR REPLACE INTO carry VALUES(?,?,?,?)")                               \
	X(DELETE_CARRY, "DELETE FROM carry WHERE id=?")                                            \
	X(GET_CARRY, "SELECT checkpoint, history, seal FROM carry WHERE id=?")                     \
	X(PUT_RESULT, "INSERT OR REPLACE INTO result VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")     \
	X(DELETE_RESULT, "DELETE FROM result WHERE id=?")                                          \
	X(GET_RESULT_STATE, "SELECT state FROM result WHERE id=?")                                 \
	X(GET_CONTENT, "SELECT why, history, content FROM result WHERE id=?")                      \
	X(GET_SUBMITTED, "SELECT submitted_at_ns FROM task WHERE id=?")                            \
	X(GET_PAYLOAD, "SELECT payload FROM task WHERE id=?")                                      \
	X(SWEEP_RESULTS,                                                                           \
		"SELECT id, state, submitted_at_ns, finished_at_ns FROM result WHERE id>=? "       \
		"ORDER BY id LIMIT ?")                                                             \
	X(PUT_RECORD, "INSERT OR REPLACE INTO record VALUES(?,?,?,?)")                             \
	X(DELETE_RECORD, "DELETE FROM record WHERE space=? AND key=?")                             \
	X(GET_RECORD, "SELECT space, key, value, seal FROM record WHERE space=? AND key=?")        \
	X(SCAN_RECORDS, "SELECT space, key, value, seal FROM record WHERE space=? ORDER BY key")   \
	X(PUT_LEDGER, "INSERT OR REPLACE INTO ledger VALUES(1,?)")                                 \
	X(GET_LEDGER, "SELECT body FROM ledger WHERE id=1")                                        \
	X(FIND_KEY, SQL_VIEW "WHERE task.idempotency_key=?1 AND task.tenant=?2")                   \
	X(GET_VIEW, SQL_VIEW "WHERE task.id=?")                                                    \
	X(LIST_VIEWS, SQL_VIEW "WHERE task.id<? ORDER BY task.id DESC")                            \
	X(SCAN_VIEWS,                                                                              \
		"SELECT " SQL_TASK_COLUMNS ", " SQL_PROGRESS_COLUMNS ", payload FROM progress "    \
		"LEFT JOIN task ON task.id = progress.id ORDER BY progress.id")

enum sql_text {
#define X(name, text) SQL_##name,
	SQL_MAP(X)
#undef X
		SQL_TEXT_COUNT
};

struct sql {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_TEXT_COUNT];
	enum store_status status; /* the first failure since sql_forget, OK before */
	char message[256];        /* SQLite's words for it */
};

/* Opens path; creates it when `create`. cache_kib bounds its page cache. On failure the connection
 * is closed, status and message are set. */
bool sql_open(struct sql *sql, const char *path, bool create, int cache_kib);

/* Lets the last closing leave the log as it is, instead of moving it into the database. */
void sql_keep_log(struct sql *sql, bool keep);

/* Closes; a closed or zeroed connection may be closed again. */
void sql_close(struct sql *sql);

/* Runs statements that give no rows; false, and status and message, on failure. */
bool sql_run(struct sql *sql, const char *text);

/* The first column of the first row of a query; `otherwise` when there is none or it fails. */
int64_t sql_number(struct sql *sql, const char *text, int64_t otherwise);

/* The prepared statement, reset; NULL, with status and message, on failure. */
sqlite3_stmt *sql_prepare(struct sql *sql, enum sql_text text);

/* Executes a statement that gives no rows and resets it. SQLITE_DONE, SQLITE_CONSTRAINT (which is
 * no failure of the connection), or another code, with status and message set. */
int sql_step_once(struct sql *sql, sqlite3_stmt *statement);

/* Steps a query: true for a row. Afterwards status tells the end from a failure. */
bool sql_step_row(struct sql *sql, sqlite3_stmt *statement);

/* Prepares and executes a statement without parameters. */
bool sql_do(struct sql *sql, enum sql_text text);

/* Forgets an earlier failure. */
void sql_forget(struct sql *sql);

/* What a result code of SQLite means here. */
enum store_status sql_status(sqlite3 *db, int code);

/* Parameters and columns count from 1 and 0, as in SQLite. Numbers are stored with their 64 bits as
 * they are; text and blobs are bound without a copy, so their bytes must outlive the step. */
void sql_bind_number(sqlite3_stmt *statement, int index, uint64_t value);
void sql_bind_text(sqlite3_stmt *statement, int index, struct store_bytes text);
void sql_bind_blob(sqlite3_stmt *statement, int index, struct store_bytes blob);
uint64_t sql_column_number(sqlite3_stmt *statement, int index);
struct store_bytes sql_column_bytes(sqlite3_stmt *statement, int index);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of columns is that of the tables in schema.c and of the column lists in sql.h; nothing
 * else depends on it.
 */
#include "store/rows.h"

#include "store/seal.h"

#include <string.h>

#define PROGRESS_COLUMN 16
#define RESULT_COLUMN   27

void rows_bind_task(sqlite3_stmt *statement, const struct store_task *task)
{
	uint32_t payload_seal = seal_payload(task->payload);

	sql_bind_number(statement, 1, task->id);
	sql_bind_number(statement, 2, task->parent);
	sql_bind_number(statement, 3, task->request_hash);
	sql_bind_number(statement, 4, (uint64_t)task->submitted_at_ns);
	sql_bind_number(statement, 5, (uint64_t)task->deadline_at_ns);
	sql_bind_number(statement, 6, task->attempts_max);
	sql_bind_number(statement, 7, task->priority);
	sql_bind_text(statement, 8, task->kind);
	sql_bind_text(statement, 9, task->tenant);
	sql_bind_text(statement, 10, task->conversation);
	if (task->idempotency_key.size != 0)
		sql_bind_text(statement, 11, task->idempotency_key);
	else
		sqlite3_bind_null(statement, 11);
	sql_bind_blob(statement, 12, task->needs);
	sql_bind_blob(statement, 13, task->meta);
	sql_bind_number(statement, 14, task->payload.size);
	sql_bind_number(statement, 15, payload_seal);
	sql_bind_number(statement, 16, seal_task(task, task->payload.size, payload_seal));
	sql_bind_blob(statement, 17, task->payload);
}

void rows_bind_progress(sqlite3_stmt *statement, const struct store_progress *progress)
{
	sql_bind_number(statement, 1, progress->id);
	sql_bind_number(statement, 2, progress->state);
	sql_bind_number(statement, 3, progress->attempt);
	sql_bind_number(statement, 4, (uint64_t)progress->not_before_at_ns);
	sql_bind_number(statement, 5, progress->epoch);
	sql_bind_number(statement, 6, (uint64_t)progress->started_at_ns);
	sql_bind_number(statement, 7, (uint64_t)progress->lease_expires_at_ns);
	sql_bind_blob(statement, 8, progress->lease_token);
	sql_bind_text(statement, 9, progress->pool);
	sql_bind_text(statement, 10, progress->agent);
	sql_bind_number(statement, 11, seal_progress(progress));
}

void rows_bind_carry(sqlite3_stmt *statement, uint64_t id, const struct store_carry *carry)
{
	sql_bind_number(statement, 1, id);
	sql_bind_blob(statement, 2, carry->checkpoint);
	sql_bind_blob(statement, 3, carry->history);
	sql_bind_number(statement, 4, seal_carry(id, carry));
}

void rows_bind_result(sqlite3_stmt *statement, const struct store_result *result)
{
	uint32_t content_seal = seal_content(result);

	sql_bind_number(statement, 1, result->id);
	sql_bind_number(statement, 2, result->state);
	sql_bind_number(statement, 3, result->attempt);
	sql_bind_number(statement, 4, (uint64_t)result->submitted_at_ns);
	sql_bind_number(statement, 5, (uint64_t)result->finished_at_ns);
	sql_bind_number(statement, 6, result->content_size);
	sql_bind_text(statement, 7, result->pool);
	sql_bind_text(statement, 8, result->agent);
	sql_bind_text(statement, 9, result->content_type);
	sql_bind_text(statement, 10, result->file);
	sql_bind_text(statement, 11, result->error);
	sql_bind_number(statement, 12, content_seal);
	sql_bind_number(statement, 13, seal_result(result, content_seal));
	sql_bind_blob(statement, 14, result->why);
	sql_bind_blob(statement, 15, result->history);
	sql_bind_blob(statement, 16, result->content);
}

void rows_bind_record(sqlite3_stmt *statement, const struct store_record *record)
{
	sql_bind_number(statement, 1, (uint64_t)record->space);
	sql_bind_text(statement, 2, record->key);
	sql_bind_blob(statement, 3, record->value);
	sql_bind_number(statement, 4, seal_record(record));
}

static bool is_there(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) != SQLITE_NULL;
}

/* A number that must fit 32 bits; what does not is damage, which the seal then shows. */
static uint32_t column_small(sqlite3_stmt *statement, int column)
{
	uint64_t number = sql_column_number(statement, column);

	return number <= UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

bool rows_read_task(sqlite3_stmt *statement, struct store_view *view, struct rows_seals *seals)
{
	struct store_task *task = &view->task;

	task->id = sql_column_number(statement, 0);
	task->parent = sql_column_number(statement, 1);
	task->request_hash = sql_column_number(statement, 2);
	task->submitted_at_ns = sqlite3_column_int64(statement, 3);
	task->deadline_at_ns = sqlite3_column_int64(statement, 4);
	task->attempts_max = column_small(statement, 5);
	task->priority = column_small(statement, 6);
	task->kind = sql_column_bytes(statement, 7);
	task->tenant = sql_column_bytes(statement, 8);
	task->conversation = sql_column_bytes(statement, 9);
	task->idempotency_key = sql_column_bytes(statement, 10);
	task->needs = sql_column_bytes(statement, 11);
	task->meta = sql_column_bytes(statement, 12);
	view->payload_size = column_small(statement, 13);
	seals->payload = column_small(statement, 14);
	return sql_column_number(statement, 15) ==
	       seal_task(task, view->payload_size, seals->payload);
}

bool rows_read_progress(sqlite3_stmt *statement, int column, struct store_progress *progress)
{
	progress->id = sql_column_number(statement, column++);
	progress->state = (enum store_state)column_small(statement, column++);
	progress->attempt = column_small(statement, column++);
	progress->not_before_at_ns = sqlite3_column_int64(statement, column++);
	progress->epoch = sql_column_number(statement, column++);
	progress->started_at_ns = sqlite3_column_int64(statement, column++);
	progress->lease_expires_at_ns = sqlite3_column_int64(statement, column++);
	progress->lease_token = sql_column_bytes(statement, column++);
	progress->pool = sql_column_bytes(statement, column++);
	progress->agent = sql_column_bytes(statement, column++);
	return sql_column_number(statement, column) == seal_progress(progress);
}

bool rows_read_result(
	sqlite3_stmt *statement, int column, struct store_result *result, struct rows_seals *seals)
{
	result->id = sql_column_number(statement, column++);
	result->state = (enum store_state)column_small(statement, column++);
	result->attempt = column_small(statement, column++);
	result->submitted_at_ns = sqlite3_column_int64(statement, column++);
	result->finished_at_ns = sqlite3_column_int64(statement, column++);
	result->content_size = sql_column_number(statement, column++);
	result->pool = sql_column_bytes(statement, column++);
	result->agent = sql_column_bytes(statement, column++);
	result->content_type = sql_column_bytes(statement, column++);
	result->file = sql_column_bytes(statement, column++);
	result->error = sql_column_bytes(statement, column++);
	seals->content = column_small(statement, column++);
	return sql_column_number(statement, column) == seal_result(result, seals->content);
}

bool rows_read_view(sqlite3_stmt *statement, bool with_result, struct store_view *view,
	struct rows_seals *seals, const char **table)
{
	bool with_progress = is_there(statement, PROGRESS_COLUMN);

	memset(view, 0, sizeof(*view));
	*table = "task";
	if (!is_there(statement, 0) || !rows_read_task(statement, view, seals))
		return false;
	view->ended = with_result && is_there(statement, RESULT_COLUMN);
	*table = view->ended ? "result" : "progress";
	if (view->ended == with_progress)
		return false;
	if (view->ended)
		return rows_read_result(statement, RESULT_COLUMN, &view->result, seals);
	return rows_read_progress(statement, PROGRESS_COLUMN, &view->progress);
}

bool rows_read_record(sqlite3_stmt *statement, struct store_record *record)
{
	record->space = (enum store_space)column_small(statement, 0);
	record->key = sql_column_bytes(statement, 1);
	record->value = sql_column_bytes(statement, 2);
	return sql_column_number(statement, 3) == seal_record(record);
}

bool rows_read_carry(sqlite3_stmt *statement, uint64_t id, struct store_carry *carry)
{
	carry->checkpoint = sql_column_bytes(statement, 0);
	carry->history = sql_column_bytes(statement, 1);
	return sql_column_number(statement, 2) == seal_carry(id, carry);
}

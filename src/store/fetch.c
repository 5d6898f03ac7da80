/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large columns are read by statements of their own, and only when asked for; a read transaction
 * around them all makes the parts fit together. Listing walks tasks from the newest and filters
 * here rather than in SQL, so that the number of rows looked at can be bounded.
 */
#include "store/fetch.h"

#include "store/filter.h"
#include "store/rows.h"
#include "store/seal.h"

#include <stdio.h>

static enum store_status say_damage(struct sql *sql, const char *table, uint64_t id)
{
	snprintf(sql->message, sizeof(sql->message), "row %llu of table %s does not fit its seal",
		(unsigned long long)id, table);
	sql->status = STORE_DAMAGED;
	return STORE_DAMAGED;
}

static sqlite3_stmt *find_by_id(struct sql *sql, enum sql_text text, uint64_t id, bool *found)
{
	sqlite3_stmt *statement = sql_prepare(sql, text);

	*found = false;
	if (statement == NULL)
		return NULL;
	sql_bind_number(statement, 1, id);
	*found = sql_step_row(sql, statement);
	return statement;
}

static bool read_payload(struct sql *sql, struct store_view *view, const struct rows_seals *seals)
{
	bool found;
	sqlite3_stmt *statement = find_by_id(sql, SQL_GET_PAYLOAD, view->task.id, &found);

	if (!found)
		return false;
	view->task.payload = sql_column_bytes(statement, 0);
	return view->task.payload.size == view->payload_size &&
	       seal_payload(view->task.payload) == seals->payload;
}

static bool read_content(struct sql *sql, struct store_view *view, const struct rows_seals *seals)
{
	bool found;
	sqlite3_stmt *statement = find_by_id(sql, SQL_GET_CONTENT, view->task.id, &found);

	if (!found)
		return false;
	view->result.why = sql_column_bytes(statement, 0);
	view->result.history = sql_column_bytes(statement, 1);
	view->result.content = sql_column_bytes(statement, 2);
	return seal_content(&view->result) == seals->content;
}

static bool read_carry(struct sql *sql, struct store_view *view)
{
	bool found;
	sqlite3_stmt *statement = find_by_id(sql, SQL_GET_CARRY, view->task.id, &found);

	return !found || rows_read_carry(statement, view->task.id, &view->carry);
}

/* Statements of the parts stay open until the visitor has returned: they hold the bytes. */
static void reset_parts(struct sql *sql)
{
	sqlite3_reset(sql->statements[SQL_GET_PAYLOAD]);
	sqlite3_reset(sql->statements[SQL_GET_CONTENT]);
	sqlite3_reset(sql->statements[SQL_GET_CARRY]);
}

static enum store_status read_parts(
	struct sql *sql, uint32_t parts, struct store_view *view, const struct rows_seals *seals)
{
	const char *table = NULL;

	if ((parts & STORE_WITH_PAYLOAD) != 0 && !read_payload(sql, view, seals))
		table = "task (payload)";
	if ((parts & STORE_WITH_CONTENT) != 0 && view->ended && !read_content(sql, view, seals))
		table = "result (content)";
	if ((parts & STORE_WITH_CARRY) != 0 && !view->ended && !read_carry(sql, view))
		table = "carry";
	if (sql->status != STORE_OK)
		return sql->status;
	return table != NULL ? say_damage(sql, table, view->task.id) : STORE_OK;
}

enum store_status fetch_get(
	struct sql *sql, uint64_t id, uint32_t parts, store_visit_view *visit, void *context)
{
	enum store_status status = STORE_NOT_FOUND;
	struct store_view view;
	struct rows_seals seals;
	const char *table;
	sqlite3_stmt *statement;
	bool found;

	if (!sql_do(sql, SQL_BEGIN_READ))
		return sql->status;
	statement = find_by_id(sql, SQL_GET_VIEW, id, &found);
	if (found) {
		status = rows_read_view(statement, true, &view, &seals, &table)
				 ? read_parts(sql, parts, &view, &seals)
				 : say_damage(sql, table, id);
		if (status == STORE_OK)
			visit(context, &view);
	}
	reset_parts(sql);
	sqlite3_reset(statement);
	sql_do(sql, SQL_COMMIT);
	return sql->status != STORE_OK ? sql->status : status;
}

enum store_status fetch_scan(
	struct sql *sql, uint32_t parts, store_visit_view *visit, void *context)
{
	enum store_status status = STORE_OK;
	struct store_view view;
	struct rows_seals seals;
	const char *table;
	sqlite3_stmt *statement;

	if (!sql_do(sql, SQL_BEGIN_READ))
		return sql->status;
	statement = sql_prepare(sql, SQL_SCAN_VIEWS);
	while (statement != NULL && status == STORE_OK && sql_step_row(sql, statement)) {
		if (!rows_read_view(statement, false, &view, &seals, &table)) {
			status = say_damage(sql, table, view.task.id);
			break;
		}
		status = read_parts(sql, parts, &view, &seals);
		if (status == STORE_OK && !visit(context, &view))
			break;
		reset_parts(sql);
	}
	reset_parts(sql);
	sqlite3_reset(statement);
	sql_do(sql, SQL_COMMIT);
	return sql->status != STORE_OK ? sql->status : status;
}

enum store_status fetch_list(struct sql *sql, const struct store_filter *filter,
	store_visit_view *visit, void *context, uint64_t *next_id)
{
	enum store_status status = STORE_OK;
	sqlite3_stmt *statement = sql_prepare(sql, SQL_LIST_VIEWS);
	uint32_t examined = 0;
	uint32_t count = 0;
	bool full = false;

	*next_id = 0;
	if (statement == NULL)
		return sql->status;
	sql_bind_number(statement, 1, filter->before_id != 0 ? filter->before_id : STORE_ID_MAX);
	while (!full && sql_step_row(sql, statement)) {
		struct store_view view;
		struct rows_seals seals;
		const char *table;

		*next_id = sql_column_number(statement, 0);
		full = ++examined == STORE_LIST_EXAMINED_MAX;
		/* One damaged row must not hide all others; the caller hears of it at the end. */
		if (!rows_read_view(statement, true, &view, &seals, &table)) {
			status = say_damage(sql, table, *next_id);
			sql->status = STORE_OK;
			continue;
		}
		if (!filter_passes(filter, &view))
			continue;
		full |= ++count == filter->count_max;
		full |= !visit(context, &view);
	}
	if (!full)
		*next_id = 0;
	sqlite3_reset(statement);
	return sql->status != STORE_OK ? sql->status : status;
}

enum store_status fetch_find_key(struct sql *sql, struct store_bytes tenant, struct store_bytes key,
	uint64_t *id, uint64_t *request_hash)
{
	enum store_status status = STORE_NOT_FOUND;
	sqlite3_stmt *statement = sql_prepare(sql, SQL_FIND_KEY);
	struct store_view view;
	struct rows_seals seals;
	const char *table;

	if (statement == NULL)
		return sql->status;
	sql_bind_text(statement, 1, key);
	sql_bind_text(statement, 2, tenant);
	if (sql_step_row(sql, statement)) {
		status = STORE_OK;
		if (!rows_read_view(statement, true, &view, &seals, &table))
			status = say_damage(sql, table, view.task.id);
		*id = view.task.id;
		*request_hash = view.task.request_hash;
	}
	sqlite3_reset(statement);
	return sql->status != STORE_OK ? sql->status : status;
}

/* One damaged record must not hide all others; the caller hears of the first one at the end. */
static enum store_status visit_records(struct sql *sql, sqlite3_stmt *statement,
	store_visit_record *visit, void *context, enum store_status when_none)
{
	enum store_status status = when_none;
	struct store_record record;

	while (sql_step_row(sql, statement)) {
		if (!rows_read_record(statement, &record)) {
			if (status != STORE_DAMAGED)
				snprintf(sql->message, sizeof(sql->message),
					"record %.*s of space %d does not fit its seal",
					(int)(record.key.size < 128 ? record.key.size : 128),
					(const char *)record.key.data, (int)record.space);
			status = STORE_DAMAGED;
			continue;
		}
		status = status == STORE_DAMAGED ? status : STORE_OK;
		if (!visit(context, &record))
			break;
	}
	sqlite3_reset(statement);
	return sql->status != STORE_OK ? sql->status : status;
}

enum store_status fetch_get_record(struct sql *sql, enum store_space space, struct store_bytes key,
	store_visit_record *visit, void *context)
{
	sqlite3_stmt *statement = sql_prepare(sql, SQL_GET_RECORD);

	if (statement == NULL)
		return sql->status;
	sql_bind_number(statement, 1, (uint64_t)space);
	sql_bind_text(statement, 2, key);
	return visit_records(sql, statement, visit, context, STORE_NOT_FOUND);
}

enum store_status fetch_scan_records(
	struct sql *sql, enum store_space space, store_visit_record *visit, void *context)
{
	sqlite3_stmt *statement = sql_prepare(sql, SQL_SCAN_RECORDS);

	if (statement == NULL)
		return sql->status;
	sql_bind_number(statement, 1, (uint64_t)space);
	return visit_records(sql, statement, visit, context, STORE_OK);
}

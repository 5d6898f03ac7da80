/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_STORE_ROWS_H
#define BAL_STORE_ROWS_H

#include "store/sql.h"

/* Rows to parameters and columns to rows, with their seals. */

/* Bind all parameters of SQL_INSERT_TASK, SQL_PUT_PROGRESS / SQL_UPDATE_PROGRESS, ... */
void rows_bind_task(sqlite3_stmt *statement, const struct store_task *task);
void rows_bind_progress(sqlite3_stmt *statement, const struct store_progress *progress);
void rows_bind_carry(sqlite3_stmt *statement, uint64_t id, const struct store_carry *carry);
void rows_bind_result(sqlite3_stmt *statement, const struct store_result *result);
void rows_bind_record(sqlite3_stmt *statement, const struct store_record *record);

/* What is read beside a row and needed to check its large columns later. */
struct rows_seals {
	uint32_t payload;
	uint32_t content;
};

/* Column of the payload in SQL_SCAN_VIEWS. */
#define ROWS_PAYLOAD_COLUMN 27

/* Columns of SQL_VIEW (`with_result`) or SQL_SCAN_VIEWS. False when a row is missing or its seal
 * does not fit; *table then names the table. */
bool rows_read_view(sqlite3_stmt *statement, bool with_result, struct store_view *view,
	struct rows_seals *seals, const char **table);

/* The small columns of a task, from column 0 on. False when the seal does not fit; the same for the
 * next two, which begin at `column`. */
bool rows_read_task(sqlite3_stmt *statement, struct store_view *view, struct rows_seals *seals);

/* All columns of progress. */
bool rows_read_progress(sqlite3_stmt *statement, int column, struct store_progress *progress);

/* The small columns of a result. */
bool rows_read_result(
	sqlite3_stmt *statement, int column, struct store_result *result, struct rows_seals *seals);

/* Columns of SQL_GET_RECORD and SQL_SCAN_RECORDS; false when the seal does not fit. */
bool rows_read_record(sqlite3_stmt *statement, struct store_record *record);

/* Columns of SQL_GET_CARRY; false when the seal does not fit. */
bool rows_read_carry(sqlite3_stmt *statement, uint64_t id, struct store_carry *carry);

#endif

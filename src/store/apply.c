/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each operation costs as few statements as can be: whether a task is unfinished is told by how
 * many rows of `progress` an update or a delete has changed, not by a query before it.
 */
#include "store/apply.h"

#include "store/rows.h"

static bool run_with_id(struct sql *sql, enum sql_text text, uint64_t id, bool *changed)
{
	sqlite3_stmt *statement = sql_prepare(sql, text);

	if (statement == NULL)
		return false;
	sql_bind_number(statement, 1, id);
	if (sql_step_once(sql, statement) != SQLITE_DONE)
		return false;
	*changed = sqlite3_changes(sql->db) > 0;
	return true;
}

static bool put_progress(struct sql *sql, const struct store_progress *progress)
{
	sqlite3_stmt *statement = sql_prepare(sql, SQL_PUT_PROGRESS);

	if (statement == NULL)
		return false;
	rows_bind_progress(statement, progress);
	return sql_step_once(sql, statement) == SQLITE_DONE;
}

static bool put_task(struct sql *sql, struct ledger *ledger, struct queue_entry *entry)
{
	const struct store_task *task = &entry->op.task;
	const struct store_progress progress = {.id = task->id, .state = STORE_TASK_QUEUED};
	sqlite3_stmt *statement = sql_prepare(sql, SQL_INSERT_TASK);
	int code;

	if (statement == NULL)
		return false;
	rows_bind_task(statement, task);
	code = sql_step_once(sql, statement);
	if (code == SQLITE_CONSTRAINT) {
		entry->status = STORE_CONFLICT;
		return true;
	}
	if (code != SQLITE_DONE || !put_progress(sql, &progress))
		return false;
	ledger->task_count++;
	ledger->task_sum += schema_mix(task->id);
	ledger->unfinished++;
	ledger->unfinished_sum += schema_mix(task->id);
	return true;
}

static bool note_progress(struct sql *sql, struct queue_entry *entry)
{
	sqlite3_stmt *statement = sql_prepare(sql, SQL_UPDATE_PROGRESS);

	if (statement == NULL)
		return false;
	rows_bind_progress(statement, &entry->op.requeue.progress);
	if (sql_step_once(sql, statement) != SQLITE_DONE)
		return false;
	if (sqlite3_changes(sql->db) == 0)
		entry->status = STORE_NOT_FOUND;
	return true;
}

static bool put_carry(struct sql *sql, struct ledger *ledger, const struct store_op *op)
{
	uint64_t id = op->requeue.progress.id;
	sqlite3_stmt *statement;
	bool existed;

	if (op->requeue.carry.checkpoint.size == 0 && op->requeue.carry.history.size == 0)
		return true;
	if (!run_with_id(sql, SQL_DELETE_CARRY, id, &existed))
		return false;
	statement = sql_prepare(sql, SQL_PUT_CARRY);
	if (statement == NULL)
		return false;
	rows_bind_carry(statement, id, &op->requeue.carry);
	if (sql_step_once(sql, statement) != SQLITE_DONE)
		return false;
	if (!existed)
		ledger->carry_count++;
	return true;
}

static bool delete_carry(struct sql *sql, struct ledger *ledger, uint64_t id)
{
	bool existed;

	if (ledger->carry_count == 0)
		return true;
	if (!run_with_id(sql, SQL_DELETE_CARRY, id, &existed))
		return false;
	if (existed)
		ledger->carry_count--;
	return true;
}

/* The state an ended task has; false when it has none or the query fails. */
static bool find_ended(struct sql *sql, uint64_t id, uint32_t *state)
{
	sqlite3_stmt *statement = sql_prepare(sql, SQL_GET_RESULT_STATE);
	bool found;

	if (statement == NULL)
		return false;
	sql_bind_number(statement, 1, id);
	found = sql_step_row(sql, statement);
	if (found)
		*state = (uint32_t)sql_column_number(statement, 0) % STORE_STATE_LIMIT;
	sqlite3_reset(statement);
	return found;
}

static bool requeue(struct sql *sql, struct ledger *ledger, struct queue_entry *entry)
{
	uint64_t id = entry->op.requeue.progress.id;
	uint32_t state;
	bool deleted;

	if (!note_progress(sql, entry))
		return false;
	if (entry->status == STORE_NOT_FOUND) {
		if (!find_ended(sql, id, &state))
			return sql->status == STORE_OK;
		entry->status = STORE_OK;
		if (!run_with_id(sql, SQL_DELETE_RESULT, id, &deleted) ||
			!put_progress(sql, &entry->op.requeue.progress))
			return false;
		ledger->ended[state]--;
		ledger->unfinished++;
		ledger->unfinished_sum += schema_mix(id);
	}
	return put_carry(sql, ledger, &entry->op);
}

static bool put_result(struct sql *sql, struct ledger *ledger, struct queue_entry *entry)
{
	const struct store_result *result = &entry->op.result;
	sqlite3_stmt *statement;
	uint32_t state;
	bool unfinished;

	if (!run_with_id(sql, SQL_DELETE_PROGRESS, result->id, &unfinished))
		return false;
	if (!unfinished) {
		entry->status =
			find_ended(sql, result->id, &state) ? STORE_CONFLICT : STORE_NOT_FOUND;
		return sql->status == STORE_OK;
	}
	statement = sql_prepare(sql, SQL_PUT_RESULT);
	if (statement == NULL)
		return false;
	rows_bind_result(statement, result);
	if (sql_step_once(sql, statement) != SQLITE_DONE)
		return false;
	ledger->unfinished--;
	ledger->unfinished_sum -= schema_mix(result->id);
	ledger->ended[result->state]++;
	return delete_carry(sql, ledger, result->id);
}

static bool put_record(struct sql *sql, const struct store_record *record)
{
	sqlite3_stmt *statement = sql_prepare(sql, SQL_PUT_RECORD);

	if (statement == NULL)
		return false;
	rows_bind_record(statement, record);
	return sql_step_once(sql, statement) == SQLITE_DONE;
}

static bool delete_record(struct sql *sql, const struct store_record *record)
{
	sqlite3_stmt *statement = sql_prepare(sql, SQL_DELETE_RECORD);

	if (statement == NULL)
		return false;
	sql_bind_number(statement, 1, (uint64_t)record->space);
	sql_bind_text(statement, 2, record->key);
	return sql_step_once(sql, statement) == SQLITE_DONE;
}

struct old_task {
	uint64_t id;
	uint32_t state;
};

/* Ids grow with the time of submission, so the first result submitted after the limit ends the
 * sweep: whatever follows finished later still. */
static uint32_t find_old(
	struct sql *sql, struct apply_sweep *sweep, struct queue_entry *entry, struct old_task *old)
{
	int64_t before_ns = entry->op.expiry.finished_before_at_ns;
	sqlite3_stmt *statement = sql_prepare(sql, SQL_SWEEP_RESULTS);
	uint32_t examined = 0;
	uint32_t count = 0;

	if (statement == NULL)
		return 0;
	sql_bind_number(statement, 1, sweep->next_id);
	sql_bind_number(statement, 2, STORE_DELETE_EXAMINED_MAX);
	while (sql_step_row(sql, statement)) {
		if (sqlite3_column_int64(statement, 2) >= before_ns)
			break;
		examined++;
		sweep->next_id = sql_column_number(statement, 0) + 1;
		if (sqlite3_column_int64(statement, 3) >= before_ns)
			continue;
		old[count].id = sql_column_number(statement, 0);
		old[count].state = (uint32_t)sql_column_number(statement, 1) % STORE_STATE_LIMIT;
		count++;
	}
	sqlite3_reset(statement);
	entry->more = examined == STORE_DELETE_EXAMINED_MAX;
	if (!entry->more)
		sweep->next_id = 0;
	return count;
}

static bool delete_old(struct sql *sql, struct ledger *ledger, struct apply_sweep *sweep,
	struct queue_entry *entry)
{
	struct old_task old[STORE_DELETE_EXAMINED_MAX];
	uint32_t count = find_old(sql, sweep, entry, old);

	for (uint32_t i = 0; i < count; i++) {
		bool deleted;

		if (!run_with_id(sql, SQL_DELETE_RESULT, old[i].id, &deleted) ||
			!run_with_id(sql, SQL_DELETE_TASK, old[i].id, &deleted))
			return false;
		ledger->ended[old[i].state]--;
		ledger->task_count--;
		ledger->task_sum -= schema_mix(old[i].id);
	}
	entry->count = count;
	return sql->status == STORE_OK;
}

bool apply_entry(struct sql *sql, struct ledger *ledger, struct apply_sweep *sweep,
	struct queue_entry *entry)
{
	entry->status = STORE_OK;
	switch (entry->op.type) {
	case STORE_PUT_TASK:
		return put_task(sql, ledger, entry);
	case STORE_NOTE_PROGRESS:
		return note_progress(sql, entry);
	case STORE_REQUEUE:
		return requeue(sql, ledger, entry);
	case STORE_PUT_RESULT:
		return put_result(sql, ledger, entry);
	case STORE_PUT_RECORD:
		return put_record(sql, &entry->op.record);
	case STORE_DELETE_RECORD:
		return delete_record(sql, &entry->op.record);
	case STORE_DELETE_OLD:
		return delete_old(sql, ledger, sweep, entry);
	}
	return false;
}

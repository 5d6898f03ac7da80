/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large columns stand last: SQLite then reads a row's small ones without following its overflow
 * pages. The seals find rows that changed; the ledger finds rows that came or went, which nothing
 * inside a row can tell.
 */
#include "store/schema.h"

#include "base/bytes.h"
#include "base/checksum.h"

#include <stdio.h>
#include <string.h>

#define APPLICATION_ID 0x42616c53 /* "BalS" */

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE task("
	" id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, request_hash INTEGER NOT NULL,"
	" submitted_at_ns INTEGER NOT NULL, deadline_at_ns INTEGER NOT NULL,"
	" attempts_max INTEGER NOT NULL, priority INTEGER NOT NULL, kind TEXT NOT NULL,"
	" tenant TEXT NOT NULL, conversation TEXT NOT NULL, idempotency_key TEXT,"
	" needs BLOB NOT NULL, meta BLOB NOT NULL, payload_size INTEGER NOT NULL,"
	" payload_seal INTEGER NOT NULL, seal INTEGER NOT NULL, payload BLOB NOT NULL) STRICT;"
	"CREATE UNIQUE INDEX task_key ON task(idempotency_key, tenant)"
	" WHERE idempotency_key IS NOT NULL;"
	"CREATE TABLE progress("
	" id INTEGER PRIMARY KEY, state INTEGER NOT NULL, attempt INTEGER NOT NULL,"
	" not_before_at_ns INTEGER NOT NULL, epoch INTEGER NOT NULL,"
	" started_at_ns INTEGER NOT NULL, lease_expires_at_ns INTEGER NOT NULL,"
	" lease_token BLOB NOT NULL, pool TEXT NOT NULL, agent TEXT NOT NULL,"
	" seal INTEGER NOT NULL) STRICT;"
	"CREATE TABLE carry("
	" id INTEGER PRIMARY KEY, checkpoint BLOB NOT NULL, history BLOB NOT NULL,"
	" seal INTEGER NOT NULL) STRICT;"
	"CREATE TABLE result("
	" id INTEGER PRIMARY KEY, state INTEGER NOT NULL, attempt INTEGER NOT NULL,"
	" submitted_at_ns INTEGER NOT NULL, finished_at_ns INTEGER NOT NULL,"
	" content_size INTEGER NOT NULL, pool TEXT NOT NULL, agent TEXT NOT NULL,"
	" content_type TEXT NOT NULL, file TEXT NOT NULL, error TEXT NOT NULL,"
	" content_seal INTEGER NOT NULL, seal INTEGER NOT NULL, why BLOB NOT NULL,"
	" history BLOB NOT NULL, content BLOB NOT NULL) STRICT;"
	"CREATE TABLE record("
	" space INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
	" seal INTEGER NOT NULL, PRIMARY KEY(space, key)) STRICT;"
	"CREATE TABLE ledger(id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;";

static bool create_tables(struct sql *sql)
{
	const struct ledger empty = {0};
	char version[96];

	snprintf(version, sizeof(version), "PRAGMA user_version=%d; PRAGMA application_id=%d;",
		SCHEMA_VERSION, APPLICATION_ID);
	if (sql_run(sql, schema) && sql_run(sql, version) && schema_write_ledger(sql, &empty) &&
		sql_run(sql, "COMMIT"))
		return true;
	sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

enum store_status schema_open(struct sql *sql, bool *created)
{
	int64_t version = sql_number(sql, "PRAGMA user_version", -1);
	int64_t application = sql_number(sql, "PRAGMA application_id", -1);
	int64_t tables = sql_number(sql, "SELECT count(*) FROM sqlite_schema", -1);

	*created = false;
	if (sql->status != STORE_OK)
		return sql->status;
	if (version == 0 && application == 0 && tables == 0) {
		*created = true;
		return create_tables(sql) ? STORE_OK : sql->status;
	}
	if (application == APPLICATION_ID && version > SCHEMA_VERSION) {
		snprintf(sql->message, sizeof(sql->message),
			"schema version %lld, this program knows %d", (long long)version,
			SCHEMA_VERSION);
		return STORE_NEWER;
	}
	if (application != APPLICATION_ID || version != SCHEMA_VERSION) {
		snprintf(sql->message, sizeof(sql->message),
			"its header says application %llx, version %lld: not a store of ballast",
			(unsigned long long)application, (long long)version);
		return STORE_DAMAGED;
	}
	return STORE_OK;
}

#define LEDGER_NUMBERS (6 + STORE_STATE_LIMIT)
#define LEDGER_SIZE    (LEDGER_NUMBERS * sizeof(uint64_t) + sizeof(uint32_t))

static void list_numbers(struct ledger *ledger, uint64_t **numbers)
{
	numbers[0] = &ledger->commit;
	numbers[1] = &ledger->task_count;
	numbers[2] = &ledger->task_sum;
	numbers[3] = &ledger->unfinished;
	numbers[4] = &ledger->unfinished_sum;
	numbers[5] = &ledger->carry_count;
	for (int i = 0; i < STORE_STATE_LIMIT; i++)
		numbers[6 + i] = &ledger->ended[i];
}

bool schema_write_ledger(struct sql *sql, const struct ledger *ledger)
{
	struct ledger copy = *ledger;
	uint64_t *numbers[LEDGER_NUMBERS];
	uint8_t body[LEDGER_SIZE];
	struct bytes_writer writer;
	sqlite3_stmt *statement = sql_prepare(sql, SQL_PUT_LEDGER);

	if (statement == NULL)
		return false;
	list_numbers(&copy, numbers);
	bytes_writer_init(&writer, body, sizeof(body));
	for (int i = 0; i < LEDGER_NUMBERS; i++)
		bytes_put_u64(&writer, *numbers[i]);
	bytes_put_u32(&writer, checksum_crc32c(0, body, writer.used));
	sql_bind_blob(statement, 1, (struct store_bytes){body, (uint32_t)writer.used});
	return sql_step_once(sql, statement) == SQLITE_DONE;
}

bool schema_read_ledger(struct sql *sql, struct ledger *ledger)
{
	sqlite3_stmt *statement = sql_prepare(sql, SQL_GET_LEDGER);
	uint64_t *numbers[LEDGER_NUMBERS];
	struct bytes_reader reader;
	struct store_bytes body;
	bool valid = false;

	memset(ledger, 0, sizeof(*ledger));
	if (statement == NULL || !sql_step_row(sql, statement))
		return false;
	body = sql_column_bytes(statement, 0);
	if (body.size == LEDGER_SIZE) {
		list_numbers(ledger, numbers);
		bytes_reader_init(&reader, body.data, body.size);
		for (int i = 0; i < LEDGER_NUMBERS; i++)
			*numbers[i] = bytes_get_u64(&reader);
		valid = bytes_get_u32(&reader) ==
			checksum_crc32c(0, body.data, LEDGER_SIZE - sizeof(uint32_t));
	}
	sqlite3_reset(statement);
	if (!valid)
		memset(ledger, 0, sizeof(*ledger));
	return valid;
}

uint64_t schema_mix(uint64_t id)
{
	return checksum_mix(id, UINT64_C(0x9e3779b97f4a7c15));
}

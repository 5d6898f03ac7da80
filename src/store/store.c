/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all drivers share: names of states and statuses, and the check of an operation's fields.
 * The check is one function for all drivers, so that a row which one driver takes is never refused
 * by the next.
 */
#include "store/store.h"

#include <string.h>

const char *store_state_name(enum store_state state)
{
	switch (state) {
#define X(name, number, text, ended)                                                               \
	case STORE_TASK_##name:                                                                    \
		return text;
		STORE_STATE_MAP(X)
#undef X
	}
	return NULL;
}

bool store_state_parse(struct store_bytes name, enum store_state *state)
{
#define X(symbol, number, text, ended)                                                             \
	if (name.size == sizeof(text) - 1 && memcmp(name.data, text, name.size) == 0) {            \
		*state = STORE_TASK_##symbol;                                                      \
		return true;                                                                       \
	}
	STORE_STATE_MAP(X)
#undef X
	return false;
}

bool store_state_ended(enum store_state state)
{
	switch (state) {
#define X(name, number, text, ended)                                                               \
	case STORE_TASK_##name:                                                                    \
		return ended;
		STORE_STATE_MAP(X)
#undef X
	}
	return false;
}

const char *store_status_text(enum store_status status)
{
	switch (status) {
#define X(name, http, text)                                                                        \
	case STORE_##name:                                                                         \
		return text;
		STORE_STATUS_MAP(X)
#undef X
	}
	return "unknown status";
}

int store_status_http(enum store_status status)
{
	switch (status) {
#define X(name, http, text)                                                                        \
	case STORE_##name:                                                                         \
		return http;
		STORE_STATUS_MAP(X)
#undef X
	}
	return 500;
}

static bool fits(struct store_bytes bytes, uint32_t size_max)
{
	return bytes.size <= size_max && (bytes.size == 0 || bytes.data != NULL);
}

static bool check_id(uint64_t id)
{
	return id > 0 && id <= STORE_ID_MAX;
}

static bool check_task(const struct store_task *task)
{
	return check_id(task->id) && task->parent <= STORE_ID_MAX && task->priority <= 4 &&
	       task->kind.size > 0 && fits(task->kind, STORE_NAME_SIZE_MAX) &&
	       fits(task->tenant, STORE_NAME_SIZE_MAX) &&
	       fits(task->conversation, STORE_KEY_SIZE_MAX) &&
	       fits(task->idempotency_key, STORE_KEY_SIZE_MAX) &&
	       fits(task->needs, STORE_TEXT_SIZE_MAX) && fits(task->meta, STORE_TEXT_SIZE_MAX) &&
	       fits(task->payload, STORE_BLOB_SIZE_MAX);
}

static bool check_progress(const struct store_progress *progress)
{
	return check_id(progress->id) && store_state_name(progress->state) != NULL &&
	       !store_state_ended(progress->state) &&
	       fits(progress->lease_token, STORE_NAME_SIZE_MAX) &&
	       fits(progress->pool, STORE_NAME_SIZE_MAX) &&
	       fits(progress->agent, STORE_NAME_SIZE_MAX);
}

static bool check_carry(const struct store_carry *carry)
{
	return fits(carry->checkpoint, STORE_BLOB_SIZE_MAX) &&
	       fits(carry->history, STORE_TEXT_SIZE_MAX);
}

static bool check_result(const struct store_result *result)
{
	return check_id(result->id) && store_state_ended(result->state) &&
	       fits(result->pool, STORE_NAME_SIZE_MAX) &&
	       fits(result->agent, STORE_NAME_SIZE_MAX) &&
	       fits(result->content_type, STORE_KEY_SIZE_MAX) &&
	       fits(result->file, STORE_TEXT_SIZE_MAX) &&
	       fits(result->error, STORE_TEXT_SIZE_MAX) && fits(result->why, STORE_TEXT_SIZE_MAX) &&
	       fits(result->history, STORE_TEXT_SIZE_MAX) &&
	       fits(result->content, STORE_BLOB_SIZE_MAX);
}

static bool check_record(const struct store_record *record)
{
	return record->space >= STORE_SPACE_META && record->space <= STORE_SPACE_LAST &&
	       record->key.size > 0 && fits(record->key, STORE_NAME_SIZE_MAX) &&
	       fits(record->value, STORE_BLOB_SIZE_MAX);
}

enum store_status store_op_check(const struct store_op *op)
{
	bool valid = false;

	switch (op->type) {
	case STORE_PUT_TASK:
		valid = check_task(&op->task);
		break;
	case STORE_NOTE_PROGRESS:
		valid = check_progress(&op->requeue.progress);
		break;
	case STORE_REQUEUE:
		valid = check_progress(&op->requeue.progress) && check_carry(&op->requeue.carry);
		break;
	case STORE_PUT_RESULT:
		valid = check_result(&op->result);
		break;
	case STORE_PUT_RECORD:
	case STORE_DELETE_RECORD:
		valid = check_record(&op->record);
		break;
	case STORE_DELETE_OLD:
		valid = true;
		break;
	}
	return valid ? STORE_OK : STORE_INVALID;
}

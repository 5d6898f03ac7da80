/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations as bags of bytes: copying and measuring need not know what a row means, so the list of
 * fields of each kind stands here once.
 */
#include "store/op.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

uint32_t op_fields(struct store_op *op, struct store_bytes **fields)
{
	uint32_t count = 0;

	switch (op->type) {
	case STORE_PUT_TASK:
		fields[count++] = &op->task.kind;
		fields[count++] = &op->task.tenant;
		fields[count++] = &op->task.conversation;
		fields[count++] = &op->task.idempotency_key;
		fields[count++] = &op->task.needs;
		fields[count++] = &op->task.meta;
		fields[count++] = &op->task.payload;
		break;
	case STORE_REQUEUE:
		fields[count++] = &op->requeue.carry.checkpoint;
		fields[count++] = &op->requeue.carry.history;
		/* fall through */
	case STORE_NOTE_PROGRESS:
		fields[count++] = &op->requeue.progress.lease_token;
		fields[count++] = &op->requeue.progress.pool;
		fields[count++] = &op->requeue.progress.agent;
		break;
	case STORE_PUT_RESULT:
		fields[count++] = &op->result.pool;
		fields[count++] = &op->result.agent;
		fields[count++] = &op->result.content_type;
		fields[count++] = &op->result.file;
		fields[count++] = &op->result.error;
		fields[count++] = &op->result.why;
		fields[count++] = &op->result.history;
		fields[count++] = &op->result.content;
		break;
	case STORE_PUT_RECORD:
		fields[count++] = &op->record.value;
		/* fall through */
	case STORE_DELETE_RECORD:
		fields[count++] = &op->record.key;
		break;
	case STORE_DELETE_OLD:
		break;
	}
	bal_assert(count <= OP_FIELDS_MAX);
	return count;
}

uint64_t op_size(const struct store_op *op)
{
	struct store_op copy = *op;
	struct store_bytes *fields[OP_FIELDS_MAX];
	uint32_t count = op_fields(&copy, fields);
	uint64_t size = 0;

	for (uint32_t i = 0; i < count; i++)
		size += fields[i]->size;
	return size;
}

bool op_copy(const struct store_op *op, struct store_op *to, void **block)
{
	struct store_bytes *fields[OP_FIELDS_MAX];
	uint64_t size = op_size(op);
	uint32_t count;
	uint8_t *next;

	*block = NULL;
	*to = *op;
	count = op_fields(to, fields);
	if (size == 0)
		return true;
	next = malloc(size); /* <= OP_FIELDS_MAX * 4 GiB: does not wrap */
	if (next == NULL)
		return false;
	*block = next;
	for (uint32_t i = 0; i < count; i++) {
		if (fields[i]->size == 0)
			continue;
		memcpy(next, fields[i]->data, fields[i]->size);
		fields[i]->data = next;
		next += fields[i]->size;
	}
	return true;
}

uint64_t op_task_id(const struct store_op *op)
{
	switch (op->type) {
	case STORE_PUT_TASK:
		return op->task.id;
	case STORE_NOTE_PROGRESS:
	case STORE_REQUEUE:
		return op->requeue.progress.id;
	case STORE_PUT_RESULT:
		return op->result.id;
	case STORE_PUT_RECORD:
	case STORE_DELETE_RECORD:
	case STORE_DELETE_OLD:
		break;
	}
	return 0;
}

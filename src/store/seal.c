/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a row is summed: numbers as eight little-endian bytes, byte fields as their size and their
 * bytes, in a fixed order, begun with a number for the kind of row, so that a row of one table is
 * never taken for one of another.
 */
#include "store/seal.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"

#define NUMBERS_MAX 8

enum seal_kind { SEAL_TASK = 1, SEAL_PROGRESS, SEAL_CARRY, SEAL_CONTENT, SEAL_RESULT, SEAL_RECORD };

static uint32_t sum_numbers(enum seal_kind kind, const uint64_t *numbers, uint32_t count)
{
	uint8_t buffer[(NUMBERS_MAX + 1) * sizeof(uint64_t)];
	struct bytes_writer writer;

	bal_assert(count <= NUMBERS_MAX);
	bytes_writer_init(&writer, buffer, sizeof(buffer));
	bytes_put_u64(&writer, kind);
	for (uint32_t i = 0; i < count; i++)
		bytes_put_u64(&writer, numbers[i]);
	return checksum_crc32c(0, buffer, writer.used);
}

static uint32_t sum_bytes(uint32_t seal, struct store_bytes bytes)
{
	uint8_t size[sizeof(uint32_t)];
	struct bytes_writer writer;

	bytes_writer_init(&writer, size, sizeof(size));
	bytes_put_u32(&writer, bytes.size);
	seal = checksum_crc32c(seal, size, sizeof(size));
	return bytes.size != 0 ? checksum_crc32c(seal, bytes.data, bytes.size) : seal;
}

uint32_t seal_payload(struct store_bytes payload)
{
	return sum_bytes(0, payload);
}

uint32_t seal_task(const struct store_task *task, uint32_t payload_size, uint32_t payload_seal)
{
	const uint64_t numbers[] = {task->id, task->parent, task->request_hash,
		(uint64_t)task->submitted_at_ns, (uint64_t)task->deadline_at_ns,
		(uint64_t)task->attempts_max << 32 | task->priority,
		(uint64_t)payload_size << 32 | payload_seal};
	uint32_t seal = sum_numbers(SEAL_TASK, numbers, sizeof(numbers) / sizeof(numbers[0]));

	seal = sum_bytes(seal, task->kind);
	seal = sum_bytes(seal, task->tenant);
	seal = sum_bytes(seal, task->conversation);
	seal = sum_bytes(seal, task->idempotency_key);
	seal = sum_bytes(seal, task->needs);
	return sum_bytes(seal, task->meta);
}

uint32_t seal_progress(const struct store_progress *progress)
{
	const uint64_t numbers[] = {progress->id,
		(uint64_t)progress->state << 32 | progress->attempt,
		(uint64_t)progress->not_before_at_ns, progress->epoch,
		(uint64_t)progress->started_at_ns, (uint64_t)progress->lease_expires_at_ns};
	uint32_t seal = sum_numbers(SEAL_PROGRESS, numbers, sizeof(numbers) / sizeof(numbers[0]));

	seal = sum_bytes(seal, progress->lease_token);
	seal = sum_bytes(seal, progress->pool);
	return sum_bytes(seal, progress->agent);
}

uint32_t seal_carry(uint64_t id, const struct store_carry *carry)
{
	uint32_t seal = sum_numbers(SEAL_CARRY, &id, 1);

	seal = sum_bytes(seal, carry->checkpoint);
	return sum_bytes(seal, carry->history);
}

uint32_t seal_content(const struct store_result *result)
{
	uint32_t seal = sum_numbers(SEAL_CONTENT, &result->id, 1);

	seal = sum_bytes(seal, result->why);
	seal = sum_bytes(seal, result->history);
	return sum_bytes(seal, result->content);
}

uint32_t seal_result(const struct store_result *result, uint32_t content_seal)
{
	const uint64_t numbers[] = {result->id, (uint64_t)result->state << 32 | result->attempt,
		(uint64_t)result->submitted_at_ns, (uint64_t)result->finished_at_ns,
		result->content_size, content_seal};
	uint32_t seal = sum_numbers(SEAL_RESULT, numbers, sizeof(numbers) / sizeof(numbers[0]));

	seal = sum_bytes(seal, result->pool);
	seal = sum_bytes(seal, result->agent);
	seal = sum_bytes(seal, result->content_type);
	seal = sum_bytes(seal, result->file);
	return sum_bytes(seal, result->error);
}

uint32_t seal_record(const struct store_record *record)
{
	const uint64_t space = (uint64_t)record->space;
	uint32_t seal = sum_numbers(SEAL_RECORD, &space, 1);

	seal = sum_bytes(seal, record->key);
	return sum_bytes(seal, record->value);
}

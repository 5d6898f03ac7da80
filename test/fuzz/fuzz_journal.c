/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the input as a journal segment. Whatever it holds, all that is handed out lies inside it.
 * The first byte chooses whether the check sums are made to fit, since a fuzzer hardly ever finds
 * one by chance; so sizes and versions are reached too.
 */
#include "store/journal.h"

#include "base/assert.h"
#include "base/checksum.h"

#include <string.h>

#include "target.h"

#define COPY_SIZE_MAX 65536

static void store_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t load(const uint8_t *at, int size)
{
	uint64_t value = 0;

	for (int i = 0; i < size; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

/* Writes sums that fit the sizes found, as far as those lie inside the input. */
static void fit_sums(uint8_t *bytes, size_t size)
{
	uint64_t snapshot_size;
	size_t at = JOURNAL_HEADER_SIZE;

	if (size < JOURNAL_HEADER_SIZE)
		return;
	memcpy(bytes, "BALJRNL1", 8);
	snapshot_size = load(bytes + 32, 8);
	if (snapshot_size <= size - JOURNAL_HEADER_SIZE) {
		store_u32(bytes + 40, checksum_crc32c(0, bytes + at, (size_t)snapshot_size));
		at += (size_t)snapshot_size;
	}
	store_u32(bytes + 44, checksum_crc32c(0, bytes, 44));
	while (size - at >= JOURNAL_RECORD_HEADER_SIZE) {
		uint64_t record_size = load(bytes + at, 4);
		uint32_t seal = checksum_crc32c(0, bytes + at, 16);

		if (record_size > size - at - JOURNAL_RECORD_HEADER_SIZE)
			return;
		seal = checksum_crc32c(
			seal, bytes + at + JOURNAL_RECORD_HEADER_SIZE, (size_t)record_size);
		store_u32(bytes + at + 16, seal);
		at += JOURNAL_RECORD_HEADER_SIZE + (size_t)record_size;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t copy[COPY_SIZE_MAX];
	struct journal_reader reader;
	struct journal_record record;
	size_t used;

	if (size == 0 || size > sizeof(copy))
		return 0;
	size--;
	memcpy(copy, data + 1, size);
	if ((data[0] & 1) != 0)
		fit_sums(copy, size);
	if (journal_reader_init(&reader, copy, size) != JOURNAL_READ)
		return 0;
	bal_assert(reader.snapshot >= copy);
	bal_assert(reader.snapshot + reader.snapshot_size <= copy + size);
	used = reader.used;
	while (journal_read(&reader, &record)) {
		bal_assert(record.data == copy + used + JOURNAL_RECORD_HEADER_SIZE);
		used += JOURNAL_RECORD_HEADER_SIZE + record.size;
		bal_assert(used == reader.used);
		bal_assert(used <= size);
	}
	bal_assert(reader.dropped == size - used);
	return 0;
}

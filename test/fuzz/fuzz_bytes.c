/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the input as a row of fields, each named by the byte before it, and writes what was read.
 * Every value has exactly one form, so the written bytes must be the bytes that were read.
 */
#include "base/bytes.h"

#include <string.h>

#include "base/assert.h"
#include "target.h"

#define COPY_BYTES_MAX 65536

enum field { FIELD_U8, FIELD_U16, FIELD_U32, FIELD_U64, FIELD_VARINT, FIELD_BLOB, FIELD_COUNT };

static void copy_field(struct bytes_reader *reader, struct bytes_writer *writer)
{
	const uint8_t *blob;
	size_t size;
	uint8_t type = bytes_get_u8(reader);

	bytes_put_u8(writer, type);
	switch (type % FIELD_COUNT) {
	case FIELD_U8:
		bytes_put_u8(writer, bytes_get_u8(reader));
		break;
	case FIELD_U16:
		bytes_put_u16(writer, bytes_get_u16(reader));
		break;
	case FIELD_U32:
		bytes_put_u32(writer, bytes_get_u32(reader));
		break;
	case FIELD_U64:
		bytes_put_u64(writer, bytes_get_u64(reader));
		break;
	case FIELD_VARINT:
		bytes_put_varint(writer, bytes_get_varint(reader));
		break;
	case FIELD_BLOB:
		blob = bytes_get_blob(reader, &size);
		bal_assert(blob != NULL || size == 0);
		bytes_put_blob(writer, blob, size);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t copy[COPY_BYTES_MAX];
	struct bytes_reader reader;
	struct bytes_writer writer;
	size_t used = 0;

	if (size > sizeof(copy))
		return 0;
	bytes_reader_init(&reader, data, size);
	bytes_writer_init(&writer, copy, sizeof(copy));
	while (bytes_left(&reader) > 0) {
		copy_field(&reader, &writer);
		if (!reader.failed)
			used = reader.used;
	}
	bal_assert(used <= size);
	if (!reader.failed) {
		bal_assert(writer.used == size);
		bal_assert(!writer.overflow);
	}
	bal_assert(memcmp(copy, data, used) == 0);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything goes through one function that reserves room and one that takes it; those two hold the
 * only bound checks. Integers are assembled byte by byte, which compilers turn into one load or
 * store where the machine is little-endian.
 */
#include "base/bytes.h"

#include <string.h>

#define VARINT_MORE 0x80
#define VARINT_BITS 7
#define NAN_BITS    UINT64_C(0x7ff8000000000000)

/* Where to write `size` bytes; NULL when there is nothing to write to. */
static uint8_t *reserve_room(struct bytes_writer *writer, size_t size)
{
	size_t start = writer->used;

	if (writer->overflow)
		return NULL;
	if (writer->data == NULL) {
		writer->overflow = __builtin_add_overflow(start, size, &writer->used);
		return NULL;
	}
	if (size > writer->size - start) {
		writer->overflow = true;
		return NULL;
	}
	writer->used = start + size;
	return writer->data + start;
}

static void put_little_endian(struct bytes_writer *writer, uint64_t value, size_t size)
{
	uint8_t *data = reserve_room(writer, size);

	for (size_t i = 0; data != NULL && i < size; i++)
		data[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_little_endian(struct bytes_reader *reader, size_t size)
{
	const uint8_t *data = bytes_get_raw(reader, size);
	uint64_t value = 0;

	for (size_t i = 0; data != NULL && i < size; i++)
		value |= (uint64_t)data[i] << (8 * i);
	return value;
}

void bytes_writer_init(struct bytes_writer *writer, void *data, size_t size)
{
	*writer = (struct bytes_writer){.data = data, .size = size};
}

void bytes_reader_init(struct bytes_reader *reader, const void *data, size_t size)
{
	*reader = (struct bytes_reader){.data = data, .size = size};
}

void bytes_put_u8(struct bytes_writer *writer, uint8_t value)
{
	put_little_endian(writer, value, sizeof(value));
}

void bytes_put_u16(struct bytes_writer *writer, uint16_t value)
{
	put_little_endian(writer, value, sizeof(value));
}

void bytes_put_u32(struct bytes_writer *writer, uint32_t value)
{
	put_little_endian(writer, value, sizeof(value));
}

void bytes_put_u64(struct bytes_writer *writer, uint64_t value)
{
	put_little_endian(writer, value, sizeof(value));
}

void bytes_put_i64(struct bytes_writer *writer, int64_t value)
{
	put_little_endian(writer, (uint64_t)value, sizeof(value));
}

void bytes_put_varint(struct bytes_writer *writer, uint64_t value)
{
	uint8_t groups[BYTES_VARINT_SIZE_MAX];
	size_t count = 0;

	while (value >= VARINT_MORE) {
		groups[count++] = (uint8_t)(value | VARINT_MORE);
		value >>= VARINT_BITS;
	}
	groups[count++] = (uint8_t)value;
	bytes_put_raw(writer, groups, count);
}

void bytes_put_double(struct bytes_writer *writer, double value)
{
	uint64_t bits = NAN_BITS;

	if (value == value)
		memcpy(&bits, &value, sizeof(bits));
	bytes_put_u64(writer, bits);
}

void bytes_put_raw(struct bytes_writer *writer, const void *data, size_t size)
{
	uint8_t *room = reserve_room(writer, size);

	if (room != NULL && size > 0)
		memcpy(room, data, size);
}

void bytes_put_blob(struct bytes_writer *writer, const void *data, size_t size)
{
	bytes_put_varint(writer, size);
	bytes_put_raw(writer, data, size);
}

uint8_t bytes_get_u8(struct bytes_reader *reader)
{
	return (uint8_t)get_little_endian(reader, sizeof(uint8_t));
}

uint16_t bytes_get_u16(struct bytes_reader *reader)
{
	return (uint16_t)get_little_endian(reader, sizeof(uint16_t));
}

uint32_t bytes_get_u32(struct bytes_reader *reader)
{
	return (uint32_t)get_little_endian(reader, sizeof(uint32_t));
}

uint64_t bytes_get_u64(struct bytes_reader *reader)
{
	return get_little_endian(reader, sizeof(uint64_t));
}

int64_t bytes_get_i64(struct bytes_reader *reader)
{
	return (int64_t)get_little_endian(reader, sizeof(int64_t));
}

double bytes_get_double(struct bytes_reader *reader)
{
	uint64_t bits = bytes_get_u64(reader);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

uint64_t bytes_get_varint(struct bytes_reader *reader)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < BYTES_VARINT_SIZE_MAX; i++) {
		uint8_t group = bytes_get_u8(reader);
		uint64_t bits = group & (VARINT_MORE - 1);

		if (reader->failed)
			return 0;
		value |= bits << (VARINT_BITS * i);
		if ((group & VARINT_MORE) != 0)
			continue;
		/* The tenth group holds the 64th bit alone; a last group of 0 says nothing. */
		if ((i == BYTES_VARINT_SIZE_MAX - 1 && bits > 1) || (i > 0 && bits == 0))
			break;
		return value;
	}
	reader->failed = true;
	return 0;
}

const uint8_t *bytes_get_raw(struct bytes_reader *reader, size_t size)
{
	static const uint8_t nothing[1];
	const uint8_t *data;

	if (reader->failed || size > reader->size - reader->used) {
		reader->failed = true;
		return NULL;
	}
	/* An empty piece of an empty reader is no failure, so it must not be NULL. */
	data = reader->data != NULL ? reader->data + reader->used : nothing;
	reader->used += size;
	return data;
}

const uint8_t *bytes_get_blob(struct bytes_reader *reader, size_t *size)
{
	uint64_t wanted = bytes_get_varint(reader);
	const uint8_t *data = NULL;

	*size = 0;
	if (wanted > bytes_left(reader))
		reader->failed = true;
	else
		data = bytes_get_raw(reader, (size_t)wanted);
	if (data != NULL)
		*size = (size_t)wanted;
	return data;
}

size_t bytes_left(const struct bytes_reader *reader)
{
	return reader->failed ? 0 : reader->size - reader->used;
}

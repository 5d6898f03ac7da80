/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_BYTES_H
#define BAL_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Encodes fields one after the other, little-endian, into a caller's buffer, and decodes them again
 * from bytes that nobody vouches for. Both remember the first failure, so a codec is a straight
 * list of fields with one check at its end.
 */

struct bytes_writer {
	uint8_t *data; /* borrowed; NULL: measure only, `used` is then the size to ask for */
	size_t size;
	size_t used;
	bool overflow; /* something did not fit; from there on nothing was written */
};

struct bytes_reader {
	const uint8_t *data; /* borrowed */
	size_t size;
	size_t used; /* next byte to read, <= size */
	bool failed; /* the input ended early or was malformed; every later get gives 0 */
};

/* The longest varint: ten groups of 7 bits. */
#define BYTES_VARINT_SIZE_MAX 10

/* Both borrow the bytes; nothing is written or read yet. */
void bytes_writer_init(struct bytes_writer *writer, void *data, size_t size);
void bytes_reader_init(struct bytes_reader *reader, const void *data, size_t size);

/* Fixed-width integers; i64 in two's complement. */
void bytes_put_u8(struct bytes_writer *writer, uint8_t value);
void bytes_put_u16(struct bytes_writer *writer, uint16_t value);
void bytes_put_u32(struct bytes_writer *writer, uint32_t value);
void bytes_put_u64(struct bytes_writer *writer, uint64_t value);
void bytes_put_i64(struct bytes_writer *writer, int64_t value);

/* 1 to 10 bytes of 7 bits, the low ones first: small numbers are short. */
void bytes_put_varint(struct bytes_writer *writer, uint64_t value);

/* The 64 bits of the double; all NaNs are written alike, since which one an operation makes differs
 * from compiler to compiler. */
void bytes_put_double(struct bytes_writer *writer, double value);

/* The bytes as they are. `data` may be NULL when size is 0. */
void bytes_put_raw(struct bytes_writer *writer, const void *data, size_t size);

/* The size as a varint, then the bytes. */
void bytes_put_blob(struct bytes_writer *writer, const void *data, size_t size);

/* Each get is the inverse of its put; 0 after a failure. */
uint8_t bytes_get_u8(struct bytes_reader *reader);
uint16_t bytes_get_u16(struct bytes_reader *reader);
uint32_t bytes_get_u32(struct bytes_reader *reader);
uint64_t bytes_get_u64(struct bytes_reader *reader);
int64_t bytes_get_i64(struct bytes_reader *reader);
double bytes_get_double(struct bytes_reader *reader);

/* Fails on more than 64 bits and on encodings longer than needed, so that a value has exactly one
 * form. */
uint64_t bytes_get_varint(struct bytes_reader *reader);

/* The next `size` bytes, inside the reader's data; NULL after a failure. */
const uint8_t *bytes_get_raw(struct bytes_reader *reader, size_t size);

/* A blob's bytes, inside the reader's data, its size in *size; NULL and size 0 after a failure. */
const uint8_t *bytes_get_blob(struct bytes_reader *reader, size_t *size);

/* Bytes not read yet; 0 after a failure. */
size_t bytes_left(const struct bytes_reader *reader);

#endif

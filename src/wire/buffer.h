/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_BUFFER_H
#define BAL_WIRE_BUFFER_H

#include "wire/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * buffer: bytes that are appended to, with a named maximum.
 *
 * Either it owns memory that grows by doubling up to `size_max`, or it writes into memory of the
 * caller and never grows. A failed append (full, or no memory) changes nothing and sets `failed`,
 * which stays: a writer appends a whole message without looking and asks once at the end. A message
 * must never be sent from a buffer that has failed.
 */
struct buffer {
	char *bytes;
	size_t size;
	size_t capacity;
	size_t size_max;
	bool growing;
	bool failed;
};

enum { BUFFER_CAPACITY_FIRST = 512 }; /* the first allocation: a usual head fits */

/* An empty buffer that allocates when it is first written and holds at most `size_max` bytes. */
void buffer_init(struct buffer *, size_t size_max);

/* An empty buffer over the caller's memory, which must outlive it. */
void buffer_init_fixed(struct buffer *, void *memory, size_t size);

/* Free what the buffer owns; it is then empty and may be used again. */
void buffer_release(struct buffer *);

/* Forget content and failure, keep the memory. */
void buffer_clear(struct buffer *);

/* Append; false and `failed` when it does not fit. Appending nothing always succeeds. */
bool buffer_append(struct buffer *, const void *bytes, size_t size);
bool buffer_append_span(struct buffer *, struct span);
bool buffer_append_text(struct buffer *, const char *text);
bool buffer_append_byte(struct buffer *, char byte);

/* Append in decimal, or in lower-case hexadecimal without prefix. */
bool buffer_append_unsigned(struct buffer *, uint64_t number);
bool buffer_append_signed(struct buffer *, int64_t number);
bool buffer_append_hex(struct buffer *, uint64_t number);

/* Append `number` units of 10^-decimals (at most 9) without needless zeros: (1500, 3) is 1.5. */
bool buffer_append_decimal(struct buffer *, int64_t number, unsigned decimals);

/*
 * Room for `size` bytes behind the content, to be written by the caller and then counted with
 * buffer_commit(); NULL and `failed` when there is no such room. Valid until the next call.
 */
char *buffer_reserve(struct buffer *, size_t size);
void buffer_commit(struct buffer *, size_t size);

/* Drop `size` bytes from the front (at most what is there); the rest moves up. */
void buffer_consume(struct buffer *, size_t size);

/* The content; valid until the buffer is next changed. */
struct span buffer_span(const struct buffer *);

#endif

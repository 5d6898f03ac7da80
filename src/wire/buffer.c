/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growth is by doubling, so that appending n bytes copies at most 2n, and stops exactly at the
 * maximum. Memory is not given back on clear: connections reuse it for their next message.
 */
#include "wire/buffer.h"

#include <stdlib.h>
#include <string.h>

enum {
	DIGITS_MAX = 20, /* of a 64-bit number in decimal */
	DECIMALS_MAX = 9
};

void buffer_init(struct buffer *buffer, size_t size_max)
{
	*buffer = (struct buffer){.size_max = size_max, .growing = true};
}

void buffer_init_fixed(struct buffer *buffer, void *memory, size_t size)
{
	*buffer = (struct buffer){.bytes = memory, .capacity = size, .size_max = size};
}

void buffer_release(struct buffer *buffer)
{
	if (buffer->growing) {
		free(buffer->bytes);
		buffer->bytes = NULL;
		buffer->capacity = 0;
	}
	buffer_clear(buffer);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->size = 0;
	buffer->failed = false;
}

/* Make the capacity at least `needed`, which is within the maximum. */
static bool grow_capacity(struct buffer *buffer, size_t needed)
{
	size_t capacity = buffer->capacity ? buffer->capacity : BUFFER_CAPACITY_FIRST;
	while (capacity < needed)
		capacity = capacity > buffer->size_max / 2 ? buffer->size_max : capacity * 2;
	if (capacity > buffer->size_max)
		capacity = buffer->size_max;
	char *bytes = realloc(buffer->bytes, capacity);
	if (bytes == NULL)
		return false;
	buffer->bytes = bytes;
	buffer->capacity = capacity;
	return true;
}

char *buffer_reserve(struct buffer *buffer, size_t size)
{
	if (buffer->failed)
		return NULL;
	bool fits = size <= buffer->size_max - buffer->size;
	if (fits && buffer->size + size > buffer->capacity)
		fits = buffer->growing && grow_capacity(buffer, buffer->size + size);
	if (!fits) {
		buffer->failed = true;
		return NULL;
	}
	return buffer->bytes + buffer->size;
}

void buffer_commit(struct buffer *buffer, size_t size)
{
	size_t room = buffer->capacity - buffer->size;
	buffer->size += size < room ? size : room;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
	if (size == 0)
		return !buffer->failed;
	if (!buffer->failed && size <= buffer->capacity - buffer->size) {
		memcpy(buffer->bytes + buffer->size, bytes, size);
		buffer->size += size;
		return true;
	}
	char *room = buffer_reserve(buffer, size);
	if (room == NULL)
		return false;
	memcpy(room, bytes, size);
	buffer->size += size;
	return true;
}

bool buffer_append_span(struct buffer *buffer, struct span span)
{
	return buffer_append(buffer, span.at, span.size);
}

bool buffer_append_text(struct buffer *buffer, const char *text)
{
	return buffer_append(buffer, text, strlen(text));
}

bool buffer_append_byte(struct buffer *buffer, char byte)
{
	if (buffer->failed || buffer->size == buffer->capacity)
		return buffer_append(buffer, &byte, 1);
	buffer->bytes[buffer->size++] = byte;
	return true;
}

/* Append `number` in `base`; digits are made from the last to the first. */
static bool append_digits(struct buffer *buffer, uint64_t number, unsigned base)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof(digits);
	do {
		digits[--at] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	return buffer_append(buffer, digits + at, sizeof(digits) - at);
}

bool buffer_append_unsigned(struct buffer *buffer, uint64_t number)
{
	return append_digits(buffer, number, 10);
}

bool buffer_append_signed(struct buffer *buffer, int64_t number)
{
	if (number >= 0)
		return append_digits(buffer, (uint64_t)number, 10);
	/* Negating in unsigned arithmetic is defined for the smallest number too. */
	bool signed_ok = buffer_append_byte(buffer, '-');
	bool digits_ok = append_digits(buffer, 0 - (uint64_t)number, 10);
	return signed_ok && digits_ok;
}

bool buffer_append_hex(struct buffer *buffer, uint64_t number)
{
	return append_digits(buffer, number, 16);
}

bool buffer_append_decimal(struct buffer *buffer, int64_t number, unsigned decimals)
{
	char digits[DECIMALS_MAX];
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	size_t size = decimals < DECIMALS_MAX ? decimals : DECIMALS_MAX;
	if (decimals > DECIMALS_MAX)
		buffer->failed = true;
	for (size_t i = size; i-- > 0; rest /= 10)
		digits[i] = (char)('0' + rest % 10);
	while (size && digits[size - 1] == '0')
		size--;
	if (number < 0)
		buffer_append_byte(buffer, '-');
	buffer_append_unsigned(buffer, rest);
	if (size)
		buffer_append_byte(buffer, '.');
	return buffer_append(buffer, digits, size);
}

void buffer_consume(struct buffer *buffer, size_t size)
{
	if (size >= buffer->size) {
		buffer->size = 0;
		return;
	}
	if (size == 0)
		return;
	memmove(buffer->bytes, buffer->bytes + size, buffer->size - size);
	buffer->size -= size;
}

struct span buffer_span(const struct buffer *buffer)
{
	return (struct span){buffer->bytes, buffer->size};
}

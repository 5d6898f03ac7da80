/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data is cut at every line end the reader knows, so that no text can end an event early or begin a
 * field of its own.
 */
#include "wire/sse.h"

#include <string.h>

/* The size of the line at the start of `text`, and of its end. */
static size_t measure_line(struct span text, size_t *end)
{
	size_t size = 0;
	while (size < text.size && text.at[size] != '\n' && text.at[size] != '\r')
		size++;
	*end = size < text.size;
	if (size + 1 < text.size && text.at[size] == '\r' && text.at[size + 1] == '\n')
		*end = 2;
	return size;
}

static void put_checked(struct buffer *buffer, const char *field, const char *text)
{
	if (strpbrk(text, "\r\n"))
		buffer->failed = true;
	buffer_append_text(buffer, field);
	buffer_append_text(buffer, text);
	buffer_append_byte(buffer, '\n');
}

void sse_put_event(struct buffer *buffer, uint64_t id, const char *name, struct span data)
{
	size_t end;
	if (id) {
		buffer_append_text(buffer, "id: ");
		buffer_append_unsigned(buffer, id);
		buffer_append_byte(buffer, '\n');
	}
	if (name)
		put_checked(buffer, "event: ", name);
	do {
		size_t size = measure_line(data, &end);
		buffer_append_text(buffer, "data: ");
		buffer_append(buffer, data.at, size);
		buffer_append_byte(buffer, '\n');
		data = span_skip(data, size + end);
	} while (end);
	buffer_append_byte(buffer, '\n');
}

void sse_put_comment(struct buffer *buffer, const char *text)
{
	put_checked(buffer, ": ", text);
	buffer_append_byte(buffer, '\n');
}

void sse_put_retry(struct buffer *buffer, uint64_t retry_ms)
{
	buffer_append_text(buffer, "retry: ");
	buffer_append_unsigned(buffer, retry_ms);
	buffer_append_text(buffer, "\n\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Line by line; an empty line ends an event.  Our writer ends lines with LF only, a CR before it is
 * dropped. */
#include "cli/stream.h"

#include <stdio.h>
#include <string.h>

void stream_init(struct stream *stream,
	void (*event)(void *context, const char *name, struct span data), void *context)
{
	memset(stream, 0, sizeof *stream);
	buffer_init(&stream->line, STREAM_EVENT_MAX);
	buffer_init(&stream->data, STREAM_EVENT_MAX);
	stream->event = event;
	stream->context = context;
}

void stream_release(struct stream *stream)
{
	buffer_release(&stream->line);
	buffer_release(&stream->data);
}

static void end_event(struct stream *stream)
{
	if (stream->data.size > 0)
		stream->event(stream->context, stream->name[0] == '\0' ? "message" : stream->name,
			(struct span){stream->data.bytes, stream->data.size - 1});
	buffer_clear(&stream->data);
	stream->name[0] = '\0';
}

static void take_line(struct stream *stream, struct span line)
{
	struct span field = {line.at, span_find(line, ':')};
	struct span value = span_skip(line, field.size + 1);

	if (line.size == 0) {
		end_event(stream);
		return;
	}
	if (value.size > 0 && value.at[0] == ' ')
		value = span_skip(value, 1);
	if (span_equal(field, SPAN("data"))) {
		buffer_append_span(&stream->data, value);
		buffer_append_byte(&stream->data, '\n');
	} else if (span_equal(field, SPAN("event"))) {
		snprintf(stream->name, sizeof stream->name, "%.*s", (int)value.size, value.at);
	} else if (span_equal(field, SPAN("id"))) {
		snprintf(stream->id, sizeof stream->id, "%.*s", (int)value.size, value.at);
	}
}

void stream_take(struct stream *stream, struct span bytes)
{
	while (bytes.size > 0) {
		size_t size = span_find(bytes, '\n');
		bool whole = size < bytes.size;
		struct span line;

		buffer_append(&stream->line, bytes.at, size);
		bytes = span_skip(bytes, size + (whole ? 1 : 0));
		if (!whole)
			return;
		line = buffer_span(&stream->line);
		if (line.size > 0 && line.at[line.size - 1] == '\r')
			line.size--;
		if (!stream->line.failed)
			take_line(stream, line);
		buffer_clear(&stream->line);
	}
}

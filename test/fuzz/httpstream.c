/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two promises are checked. The outcome does not depend on how the bytes were cut into reads. And
 * what we forward is never what a strict reader would refuse: written anew from an accepted head,
 * it is accepted again with the same method, path and number of forwarded fields.
 */
#include "httpstream.h"

#include "base/assert.h"
#include "wire/httpwrite.h"

enum { FORWARD_SIZE_MAX = 1 << 17 };

static uint32_t count_forwarded(const struct http_reader *reader)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < reader->head.field_count; i++)
		count += http_head_forwards(reader, i);
	return count;
}

static void write_forwarded(struct buffer *buffer, const struct http_reader *reader)
{
	const struct http_head *head = &reader->head;
	if (reader->role == HTTP_ROLE_REQUEST)
		http_put_request(buffer, head->method, head->path,
			head->host.at ? head->host : SPAN("none"));
	else
		http_put_status(buffer, head->status);
	http_put_forwarded(buffer, reader);
	http_put_length(buffer, 0);
	http_put_end(buffer);
	bal_assert(!buffer->failed);
}

static void check_forwarded(const struct http_reader *reader)
{
	struct http_limits limits = http_limits_default;
	struct http_reader again;
	struct buffer buffer;
	struct span input, body;
	/* Host and length that we add need room beside what was read. */
	limits.head_size_max += 1024;
	if (reader->head.field_count + 2 > HTTP_FIELD_COUNT_MAX)
		return;
	buffer_init(&buffer, FORWARD_SIZE_MAX);
	write_forwarded(&buffer, reader);
	input = buffer_span(&buffer);
	http_reader_init(&again, reader->role, &limits);
	bal_assert(http_reader_next(&again, &input, &body) == HTTP_EVENT_HEAD);
	bal_assert(http_reader_next(&again, &input, &body) == HTTP_EVENT_DONE);
	bal_assert(input.size == 0);
	bal_assert(again.head.method == reader->head.method);
	bal_assert(span_equal(again.head.path, reader->head.path));
	bal_assert(count_forwarded(&again) == count_forwarded(reader));
	http_reader_release(&again);
	buffer_release(&buffer);
}

/* One read; false when nothing more will come. */
static bool feed_read(struct http_stream *stream, struct http_reader *reader, struct span input)
{
	struct span body;
	for (;;) {
		switch (http_reader_next(reader, &input, &body)) {
		case HTTP_EVENT_MORE:
			bal_assert(input.size == 0);
			return true;
		case HTTP_EVENT_HEAD:
			check_forwarded(reader);
			break;
		case HTTP_EVENT_BODY:
			bal_assert(body.size > 0);
			buffer_append_span(&stream->bodies, body);
			break;
		case HTTP_EVENT_DONE:
			stream->messages++;
			if (!reader->head.keep_alive)
				return false;
			http_reader_restart(reader);
			break;
		case HTTP_EVENT_REFUSED:
			bal_assert(reader->reason != HTTP_REASON_NONE && !reader->head.keep_alive);
			stream->reason = reader->reason;
			return false;
		}
	}
}

void http_stream_read(struct http_stream *stream, enum http_role role, const uint8_t *bytes,
	size_t size, size_t step)
{
	struct http_reader reader;
	bool open = true;
	*stream = (struct http_stream){0};
	buffer_init(&stream->bodies, SIZE_MAX);
	http_reader_init(&reader, role, &http_limits_default);
	for (size_t at = 0; open && at < size; at += step) {
		struct span input = {(const char *)bytes + at, size - at < step ? size - at : step};
		open = feed_read(stream, &reader, input);
	}
	if (open)
		stream->ended = http_reader_end(&reader);
	http_reader_release(&reader);
}

void http_stream_release(struct http_stream *stream)
{
	buffer_release(&stream->bodies);
}

void http_stream_compare(enum http_role role, const uint8_t *bytes, size_t size)
{
	struct http_stream whole, single;
	http_stream_read(&whole, role, bytes, size, size ? size : 1);
	http_stream_read(&single, role, bytes, size, 1);
	bal_assert(whole.messages == single.messages);
	bal_assert((whole.reason == HTTP_REASON_NONE) == (single.reason == HTTP_REASON_NONE));
	bal_assert(whole.ended == single.ended);
	/* A refusal inside a body may come before or after the bytes in front of it were handed
	 * out. */
	if (whole.reason == HTTP_REASON_NONE)
		bal_assert(span_equal(buffer_span(&whole.bodies), buffer_span(&single.bodies)));
	http_stream_release(&whole);
	http_stream_release(&single);
}

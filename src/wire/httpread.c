/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a message is read. The head is copied into one buffer (so that fields are spans of it and the
 * input may go away), each byte looked at on the way in: line ends, control bytes, sizes. llhttp
 * gets the same bytes at the same time, which refuses nonsense at its first byte instead of at the
 * deadline, and leaves names and values as positions. Then httpcheck decides what the head means.
 *
 * llhttp is used for the head and for chunked bodies, and started anew for each message. A body
 * with a length or one that lasts until close is counted here: that is two lines, gives the input's
 * bytes without a copy, and leaves no state of llhttp's behind in which a wrong length could live
 * on.
 *
 * llhttp calls back; the owner wants to pull. So every callback that ends something pauses llhttp,
 * and http_reader_next() resumes it where it stopped.
 */
#include "wire/httpread.h"

#include "wire/httpcheck.h"

#include <stddef.h>
#include <string.h>

enum read_state { START, HEAD, HEAD_GIVEN, SIZED, CHUNKED, UNTIL_CLOSE, DONE, REFUSED };

enum {
	HEAD_SIZE_LIMIT = UINT16_MAX, /* positions in the head are 16 bits */
	REQUEST_LINE_EXTRA = 32,      /* method, two spaces and version beside the target */
	CHUNK_OVERHEAD_FREE = 1024,   /* framing that a message may have whatever its data */
	CHUNK_OVERHEAD_PER_BYTE = 8   /* one-byte chunks cost 5 bytes of framing each */
};

static enum http_event refuse(struct http_reader *reader, enum http_reason reason)
{
	reader->state = REFUSED;
	reader->reason = reason;
	reader->head.keep_alive = false;
	return HTTP_EVENT_REFUSED;
}

/* ---- what llhttp calls ------------------------------------------------------------------------
 */

/* Stop llhttp for a reason of our own; the return value makes it do so. */
static int stop_engine(struct http_reader *reader, enum http_reason reason)
{
	reader->reason = reason;
	return -1;
}

/* Extend a mark by the bytes that llhttp saw; they lie in the head's buffer. */
static void extend_mark(
	const struct http_reader *reader, struct http_mark *mark, const char *at, size_t size)
{
	if (mark->size == 0)
		mark->at = (uint32_t)(at - reader->bytes.bytes);
	mark->size += (uint32_t)size;
}

static int on_method(llhttp_t *engine, const char *at, size_t size)
{
	struct http_reader *reader = engine->data;
	extend_mark(reader, &reader->method_mark, at, size);
	return 0;
}

static int on_url(llhttp_t *engine, const char *at, size_t size)
{
	struct http_reader *reader = engine->data;
	extend_mark(reader, &reader->target_mark, at, size);
	if (reader->target_mark.size > reader->limits.target_size_max)
		return stop_engine(reader, HTTP_REASON_TARGET_SIZE);
	return 0;
}

static int on_version(llhttp_t *engine, const char *at, size_t size)
{
	struct http_reader *reader = engine->data;
	extend_mark(reader, &reader->version_mark, at, size);
	return 0;
}

/* Count bytes of the trailer section, which is read for its end only. */
static int count_trailer(struct http_reader *reader, size_t size)
{
	reader->trailer_size += (uint32_t)size;
	if (reader->trailer_size > reader->limits.trailer_size_max)
		return stop_engine(reader, HTTP_REASON_TRAILER);
	return 0;
}

static int on_header_field(llhttp_t *engine, const char *at, size_t size)
{
	struct http_reader *reader = engine->data;
	if (reader->state == CHUNKED)
		return count_trailer(reader, size);
	if (reader->head.field_count >= reader->limits.field_count_max)
		return stop_engine(reader, HTTP_REASON_FIELD_COUNT);
	extend_mark(reader, &reader->name_mark, at, size);
	return 0;
}

static int on_header_value(llhttp_t *engine, const char *at, size_t size)
{
	struct http_reader *reader = engine->data;
	if (reader->state == CHUNKED)
		return count_trailer(reader, size);
	extend_mark(reader, &reader->value_mark, at, size);
	return 0;
}

/* A field line is whole: name and value become an entry of the head. */
static int on_header_value_complete(llhttp_t *engine)
{
	struct http_reader *reader = engine->data;
	struct http_mark name = reader->name_mark;
	struct http_mark value = reader->value_mark;
	if (reader->state == CHUNKED)
		return count_trailer(reader, sizeof(": \r\n") - 1);
	if (reader->head.field_count >= reader->limits.field_count_max)
		return stop_engine(reader, HTTP_REASON_FIELD_COUNT);
	const char *bytes = reader->bytes.bytes;
	struct span text = span_trim((struct span){bytes + value.at, value.size});
	struct span label = {bytes + name.at, name.size};
	reader->head.fields[reader->head.field_count++] = (struct http_field){
		.name_at = (uint16_t)name.at,
		.name_size = (uint16_t)name.size,
		.value_at = (uint16_t)(text.at - bytes),
		.value_size = (uint16_t)text.size,
		.id = (uint16_t)http_field_find(label),
	};
	reader->name_mark = (struct http_mark){0, 0};
	reader->value_mark = (struct http_mark){0, 0};
	return 0;
}

static int on_headers_complete(llhttp_t *engine)
{
	struct http_reader *reader = engine->data;
	reader->head_read = true;
	return HPE_PAUSED;
}

static int on_chunk_header(llhttp_t *engine)
{
	struct http_reader *reader = engine->data;
	if (engine->content_length > reader->limits.body_size_max - reader->body_size)
		return stop_engine(reader, HTTP_REASON_BODY_SIZE);
	return 0;
}

static int on_chunk_extension(llhttp_t *engine, const char *at, size_t size)
{
	struct http_reader *reader = engine->data;
	(void)at;
	reader->extension_size += (uint32_t)size;
	if (reader->extension_size > reader->limits.extension_size_max)
		return stop_engine(reader, HTTP_REASON_CHUNK_EXTENSION);
	return 0;
}

static int on_body(llhttp_t *engine, const char *at, size_t size)
{
	struct http_reader *reader = engine->data;
	reader->piece = (struct span){at, size};
	return size ? HPE_PAUSED : 0;
}

static int on_message_complete(llhttp_t *engine)
{
	struct http_reader *reader = engine->data;
	reader->chunks_read = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t engine_settings = {
	.on_method = on_method,
	.on_url = on_url,
	.on_version = on_version,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_header_value_complete = on_header_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_chunk_header = on_chunk_header,
	.on_chunk_extension_name = on_chunk_extension,
	.on_chunk_extension_value = on_chunk_extension,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

/* ---- the head ---------------------------------------------------------------------------------
 */

/* The method that llhttp did not take is a token we do not know, or no token at all. */
static enum http_reason explain_method(const struct http_reader *reader)
{
	struct span line = buffer_span(&reader->bytes);
	struct span word = {line.at, span_find(line, ' ')};
	if (word.size == 0)
		return HTTP_REASON_LINE;
	return http_token_valid(word) ? HTTP_REASON_METHOD : HTTP_REASON_METHOD_TOKEN;
}

/* What an error of llhttp inside the head means in our words. */
static enum http_reason explain_head_error(const struct http_reader *reader, llhttp_errno_t error)
{
	bool coded = false, sized = false;
	if (reader->reason != HTTP_REASON_NONE)
		return reader->reason;
	for (uint32_t i = 0; i < reader->head.field_count; i++) {
		coded = coded || reader->head.fields[i].id == HTTP_FIELD_TRANSFER_ENCODING;
		sized = sized || reader->head.fields[i].id == HTTP_FIELD_CONTENT_LENGTH;
	}
	switch (error) {
	case HPE_INVALID_METHOD:
		return explain_method(reader);
	case HPE_INVALID_URL:
		return HTTP_REASON_TARGET;
	case HPE_INVALID_VERSION:
	case HPE_PAUSED_H2_UPGRADE:
		return HTTP_REASON_VERSION;
	case HPE_INVALID_STATUS:
		return HTTP_REASON_STATUS;
	case HPE_INVALID_CONTENT_LENGTH:
		return HTTP_REASON_LENGTH;
	case HPE_UNEXPECTED_CONTENT_LENGTH:
		return coded ? HTTP_REASON_LENGTH_AND_CODING : HTTP_REASON_FIELD_TWICE;
	case HPE_INVALID_TRANSFER_ENCODING:
		return sized ? HTTP_REASON_LENGTH_AND_CODING : HTTP_REASON_CODING;
	case HPE_CR_EXPECTED:
	case HPE_LF_EXPECTED:
		return HTTP_REASON_LINE_END;
	default:
		return reader->line_index ? HTTP_REASON_FIELD : HTTP_REASON_LINE;
	}
}

/* The limit that a head of this size has gone over, if any. */
static enum http_reason check_sizes(const struct http_reader *reader)
{
	bool first = reader->role == HTTP_ROLE_REQUEST && reader->line_index == 0;
	uint64_t line_size_max = (uint64_t)reader->limits.target_size_max + REQUEST_LINE_EXTRA;
	if (first && reader->line_size > line_size_max)
		return HTTP_REASON_TARGET_SIZE;
	if (reader->head_size > reader->limits.head_size_max)
		return HTTP_REASON_HEAD_SIZE;
	return HTTP_REASON_NONE;
}

/* Control bytes but tab and CR; asked for every byte of every head, so it is not a call. */
static inline bool is_control(char byte)
{
	unsigned char code = (unsigned char)byte;
	return (code < ' ' && code != '\t' && code != '\r') || code == 0x7f;
}

/* Look at one byte of the head. `end` is set by the line feed of the empty line that ends it. */
static enum http_reason check_byte(struct http_reader *reader, char byte, bool *end)
{
	bool after_cr = reader->byte_last == '\r';
	reader->byte_last = byte;
	reader->head_size++;
	if (after_cr != (byte == '\n'))
		return HTTP_REASON_LINE_END;
	if (byte == '\n') {
		*end = reader->line_size == 1;
		reader->line_index++;
		reader->line_size = 0;
		return HTTP_REASON_NONE;
	}
	if (reader->line_size == 0 && reader->line_index && (byte == ' ' || byte == '\t'))
		return HTTP_REASON_FOLD;
	if (is_control(byte))
		return HTTP_REASON_CONTROL;
	reader->line_size++;
	return check_sizes(reader);
}

/* One empty line before a request is skipped (RFC 9112, 2.2); false while its end is not there yet.
 */
static bool skip_empty_line(struct http_reader *reader, struct span *input)
{
	if (reader->role != HTTP_ROLE_REQUEST || reader->bytes.size)
		return input->size > 0;
	if (reader->head_size == 0 && input->size && input->at[0] == '\r') {
		reader->head_size = 1;
		*input = span_skip(*input, 1);
	}
	if (reader->head_size == 1 && input->size && input->at[0] == '\n') {
		reader->head_size = 2;
		*input = span_skip(*input, 1);
	}
	return input->size > 0;
}

/* Give llhttp the `size` newest bytes of the head. */
static enum http_reason run_engine_head(struct http_reader *reader, size_t size, bool end)
{
	const char *fresh = reader->bytes.bytes + reader->bytes.size - size;
	llhttp_errno_t error = llhttp_execute(&reader->engine, fresh, size);
	if (error == HPE_PAUSED && reader->head_read) {
		const char *stop = llhttp_get_error_pos(&reader->engine);
		return end && stop == fresh + size ? HTTP_REASON_NONE : HTTP_REASON_AMBIGUOUS;
	}
	if (error != HPE_OK)
		return explain_head_error(reader, error);
	return end ? HTTP_REASON_AMBIGUOUS : HTTP_REASON_NONE;
}

/*
 * A tab in a field line reads as a space. RFC 9110, 5.6.3, allows both around a value; llhttp
 * refuses the tab behind a Content-Length, and an agent may well do the same.
 */
static void replace_tabs(char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] == '\t')
			bytes[i] = ' ';
}

/* Take bytes of the head from `input`; `end` says whether that was all of it. */
static enum http_reason take_head(struct http_reader *reader, struct span *input, bool *end)
{
	size_t size = 0, lead = 0; /* `lead` of these bytes belong to the first line */
	enum http_reason scanned = HTTP_REASON_NONE;
	if (reader->head_size == 1 && reader->bytes.size == 0)
		return HTTP_REASON_LINE_END; /* CR without LF before the request */
	while (size < input->size && !*end && scanned == HTTP_REASON_NONE) {
		scanned = check_byte(reader, input->at[size++], end);
		if (reader->line_index == 0)
			lead = size;
	}
	if (scanned != HTTP_REASON_NONE)
		return scanned;
	if (!buffer_append(&reader->bytes, input->at, size))
		return HTTP_REASON_MEMORY;
	*input = span_skip(*input, size);
	replace_tabs(reader->bytes.bytes + reader->bytes.size - (size - lead), size - lead);
	return run_engine_head(reader, size, *end);
}

static struct span get_marked(const struct http_reader *reader, struct http_mark mark)
{
	return (struct span){reader->bytes.bytes + mark.at, mark.size};
}

/* Forget the message but not the connection. */
static void clear_message(struct http_reader *reader)
{
	llhttp_type_t type = reader->role == HTTP_ROLE_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE;
	/* The field array is left as it is, only its count says what is there. */
	memset(&reader->head, 0, offsetof(struct http_head, fields));
	buffer_clear(&reader->bytes);
	llhttp_init(&reader->engine, type, &engine_settings);
	reader->engine.data = reader;
	reader->state = START;
	reader->reason = HTTP_REASON_NONE;
	reader->body_size = 0;
	reader->head_size = 0;
	reader->line_size = 0;
	reader->line_index = 0;
	reader->byte_last = 0;
	reader->overhead_size = 0;
	reader->extension_size = 0;
	reader->trailer_size = 0;
	reader->method_mark = (struct http_mark){0, 0};
	reader->target_mark = (struct http_mark){0, 0};
	reader->version_mark = (struct http_mark){0, 0};
	reader->name_mark = (struct http_mark){0, 0};
	reader->value_mark = (struct http_mark){0, 0};
	reader->head_read = false;
	reader->chunks_read = false;
}

/* An interim response is over: drop it and read the next head. */
static enum http_event drop_interim(struct http_reader *reader)
{
	if (++reader->interim_count > reader->limits.interim_count_max)
		return refuse(reader, HTTP_REASON_INTERIM);
	clear_message(reader);
	return HTTP_EVENT_MORE;
}

/* The head's last byte is read: fill `head`, or refuse it. */
static enum http_event finish_head(struct http_reader *reader)
{
	enum http_reason reason;
	if (reader->role == HTTP_ROLE_REQUEST) {
		reader->head.method = http_method_find(get_marked(reader, reader->method_mark));
		reader->head.target = get_marked(reader, reader->target_mark);
	}
	reason = http_head_check(reader);
	if (reason != HTTP_REASON_NONE)
		return refuse(reader, reason);
	if (reader->role == HTTP_ROLE_RESPONSE && reader->head.status < 200)
		return drop_interim(reader);
	reader->interim_count = 0;
	reader->state = HEAD_GIVEN;
	return HTTP_EVENT_HEAD;
}

/* Read on in the head; MORE also stands for "a head was dropped, go on". */
static enum http_event read_head(struct http_reader *reader, struct span *input)
{
	bool end = false;
	if (!skip_empty_line(reader, input))
		return HTTP_EVENT_MORE;
	reader->state = HEAD;
	enum http_reason reason = take_head(reader, input, &end);
	if (reason != HTTP_REASON_NONE)
		return refuse(reader, reason);
	return end ? finish_head(reader) : HTTP_EVENT_MORE;
}

/* ---- the body ---------------------------------------------------------------------------------
 */

/* Which way the body of this head is read. */
static int choose_body(const struct http_reader *reader)
{
	const struct http_head *head = &reader->head;
	if (reader->role == HTTP_ROLE_RESPONSE) {
		if (reader->asked == HTTP_METHOD_HEAD || head->status == 204 || head->status == 304)
			return DONE;
		if (head->until_close)
			return UNTIL_CLOSE;
	}
	if (head->chunked)
		return CHUNKED;
	return head->content_length > 0 ? SIZED : DONE;
}

/* Hand out at most `size` bytes of the input as they are. */
static enum http_event take_body(
	struct http_reader *reader, struct span *input, struct span *body, uint64_t size)
{
	if (size > input->size)
		size = input->size;
	if (size == 0)
		return HTTP_EVENT_MORE;
	if (size > reader->limits.body_size_max - reader->body_size)
		return refuse(reader, HTTP_REASON_BODY_SIZE);
	*body = (struct span){input->at, (size_t)size};
	*input = span_skip(*input, (size_t)size);
	reader->body_size += size;
	return HTTP_EVENT_BODY;
}

static enum http_event read_sized(struct http_reader *reader, struct span *input, struct span *body)
{
	uint64_t left = (uint64_t)reader->head.content_length - reader->body_size;
	if (left == 0) {
		reader->state = DONE;
		return HTTP_EVENT_DONE;
	}
	return take_body(reader, input, body, left);
}

/* Tiny chunks and endless zeros before a size must not cost much more than the data they carry. */
static bool check_overhead(struct http_reader *reader, size_t size)
{
	uint64_t allowed = (uint64_t)reader->limits.extension_size_max +
			   reader->limits.trailer_size_max + CHUNK_OVERHEAD_FREE;
	reader->overhead_size += size;
	if (reader->overhead_size <= allowed)
		return true;
	return (reader->overhead_size - allowed) / CHUNK_OVERHEAD_PER_BYTE <= reader->body_size;
}

static enum http_event read_chunked(
	struct http_reader *reader, struct span *input, struct span *body)
{
	if (input->size == 0)
		return HTTP_EVENT_MORE;
	reader->piece = (struct span){NULL, 0};
	llhttp_resume(&reader->engine);
	llhttp_errno_t error = llhttp_execute(&reader->engine, input->at, input->size);
	if (error != HPE_OK && error != HPE_PAUSED) {
		bool named = reader->reason != HTTP_REASON_NONE;
		return refuse(reader, named ? reader->reason : HTTP_REASON_CHUNK);
	}
	size_t size = input->size;
	if (error == HPE_PAUSED)
		size = (size_t)(llhttp_get_error_pos(&reader->engine) - input->at);
	*input = span_skip(*input, size);
	reader->body_size += reader->piece.size;
	if (!check_overhead(reader, size - reader->piece.size))
		return refuse(reader, HTTP_REASON_CHUNK_OVERHEAD);
	if (reader->piece.size) {
		*body = reader->piece;
		return HTTP_EVENT_BODY;
	}
	if (!reader->chunks_read)
		return HTTP_EVENT_MORE;
	reader->state = DONE;
	return HTTP_EVENT_DONE;
}

/* ---- public -----------------------------------------------------------------------------------
 */

void http_reader_init(
	struct http_reader *reader, enum http_role role, const struct http_limits *limits)
{
	memset(reader, 0, sizeof(*reader));
	reader->role = role;
	reader->limits = *limits;
	if (reader->limits.field_count_max > HTTP_FIELD_COUNT_MAX)
		reader->limits.field_count_max = HTTP_FIELD_COUNT_MAX;
	if (reader->limits.head_size_max > HEAD_SIZE_LIMIT)
		reader->limits.head_size_max = HEAD_SIZE_LIMIT;
	buffer_init(&reader->bytes, reader->limits.head_size_max);
	reader->asked = HTTP_METHOD_GET;
	clear_message(reader);
}

void http_reader_release(struct http_reader *reader)
{
	buffer_release(&reader->bytes);
}

void http_reader_restart(struct http_reader *reader)
{
	reader->interim_count = 0;
	reader->asked = HTTP_METHOD_GET;
	clear_message(reader);
}

void http_reader_answers(struct http_reader *reader, enum http_method asked)
{
	reader->asked = asked;
}

enum http_event http_reader_next(struct http_reader *reader, struct span *input, struct span *body)
{
	enum http_event event;
	*body = (struct span){NULL, 0};
	switch (reader->state) {
	case START:
	case HEAD:
		do {
			event = read_head(reader, input);
		} while (event == HTTP_EVENT_MORE && input->size);
		return event;
	case HEAD_GIVEN:
		reader->state = choose_body(reader);
		return http_reader_next(reader, input, body);
	case SIZED:
		return read_sized(reader, input, body);
	case CHUNKED:
		return read_chunked(reader, input, body);
	case UNTIL_CLOSE:
		return take_body(reader, input, body, UINT64_MAX);
	case DONE:
		return HTTP_EVENT_DONE;
	default:
		return HTTP_EVENT_REFUSED;
	}
}

enum http_event http_reader_end(struct http_reader *reader)
{
	if (reader->state == HEAD_GIVEN)
		reader->state = choose_body(reader);
	if (reader->state == UNTIL_CLOSE)
		reader->state = DONE;
	if (reader->state == SIZED && reader->body_size == (uint64_t)reader->head.content_length)
		reader->state = DONE;
	if (reader->state == DONE)
		return HTTP_EVENT_DONE;
	if (reader->state == REFUSED)
		return HTTP_EVENT_REFUSED;
	if (reader->state == START && reader->interim_count == 0)
		return HTTP_EVENT_MORE;
	return refuse(reader, HTTP_REASON_TRUNCATED);
}

bool http_reader_started(const struct http_reader *reader)
{
	return reader->state != START;
}

struct span http_field_name(const struct http_reader *reader, uint32_t index)
{
	const struct http_field *field = &reader->head.fields[index];
	return (struct span){reader->bytes.bytes + field->name_at, field->name_size};
}

struct span http_field_value(const struct http_reader *reader, uint32_t index)
{
	const struct http_field *field = &reader->head.fields[index];
	return (struct span){reader->bytes.bytes + field->value_at, field->value_size};
}

struct span http_field_get(const struct http_reader *reader, enum http_field_id id)
{
	for (uint32_t i = 0; i < reader->head.field_count; i++)
		if (reader->head.fields[i].id == id)
			return http_field_value(reader, i);
	return (struct span){NULL, 0};
}

struct span http_field_get_named(const struct http_reader *reader, struct span name)
{
	for (uint32_t i = 0; i < reader->head.field_count; i++)
		if (span_equal_nocase(http_field_name(reader, i), name))
			return http_field_value(reader, i);
	return (struct span){NULL, 0};
}

/* True when this list, the value of a Connection field, has `name` as a member. */
static bool list_names(struct span list, struct span name)
{
	while (list.at != NULL)
		if (span_equal_nocase(span_cut(&list, ','), name))
			return true;
	return false;
}

bool http_head_forwards(const struct http_reader *reader, uint32_t index)
{
	struct span name = http_field_name(reader, index);
	if (!http_field_forwards(name))
		return false;
	for (uint32_t i = 0; i < reader->head.field_count; i++)
		if (reader->head.fields[i].id == HTTP_FIELD_CONNECTION &&
			list_names(http_field_value(reader, i), name))
			return false;
	return true;
}

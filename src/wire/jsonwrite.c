/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rule keeps the output well-formed: every value goes through begin_value(), which writes the
 * comma or refuses. Strings are copied in runs between bytes that need an escape.
 */
#include "wire/jsonwrite.h"

#include "base/text.h"

#include <string.h>

void json_writer_init(struct json_writer *writer, struct buffer *buffer)
{
	memset(writer, 0, sizeof(*writer));
	writer->buffer = buffer;
}

bool json_writer_done(const struct json_writer *writer)
{
	return writer->ended && writer->depth == 0 && !writer->buffer->failed;
}

/* Room for one more value here; false, and failed, where none may stand. */
static bool begin_value(struct json_writer *writer)
{
	bool in_object = writer->depth && writer->closers[writer->depth] == '}';
	if (writer->ended || in_object != writer->keyed)
		writer->buffer->failed = true;
	if (writer->buffer->failed)
		return false;
	if (!in_object && writer->filled[writer->depth])
		buffer_append_byte(writer->buffer, ',');
	writer->filled[writer->depth] = true;
	writer->keyed = false;
	writer->ended = writer->depth == 0;
	return true;
}

void json_open(struct json_writer *writer, char bracket)
{
	if (writer->depth >= JSON_WRITE_DEPTH_MAX || (bracket != '{' && bracket != '['))
		writer->buffer->failed = true;
	if (!begin_value(writer))
		return;
	buffer_append_byte(writer->buffer, bracket);
	writer->ended = false;
	writer->depth++;
	writer->filled[writer->depth] = false;
	writer->closers[writer->depth] = bracket == '{' ? '}' : ']';
}

void json_close(struct json_writer *writer)
{
	if (writer->depth == 0 || writer->keyed) {
		writer->buffer->failed = true;
		return;
	}
	buffer_append_byte(writer->buffer, writer->closers[writer->depth]);
	writer->depth--;
	writer->ended = writer->depth == 0;
}

/* A byte below 0x20, a quote or a backslash. */
static void put_escape(struct buffer *buffer, char byte)
{
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *found = byte ? strchr(plain, byte) : NULL;
	if (found) {
		buffer_append_byte(buffer, '\\');
		buffer_append_byte(buffer, letters[found - plain]);
		return;
	}
	buffer_append_text(buffer, "\\u00");
	buffer_append_byte(buffer, "0123456789abcdef"[byte >> 4 & 15]);
	buffer_append_byte(buffer, "0123456789abcdef"[byte & 15]);
}

/* A byte of ASCII that stands for itself in a string. */
static bool is_plain(char byte)
{
	return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

static void put_quoted(struct buffer *buffer, struct span text)
{
	size_t from = 0, at = 0;
	buffer_append_byte(buffer, '"');
	while (at < text.size) {
		char byte = text.at[at];
		if (is_plain(byte)) {
			at++;
			continue;
		}
		uint32_t code, rest = (uint32_t)(text.size - at < 4 ? text.size - at : 4);
		size_t size = text_character((struct bal_text){text.at + at, rest}, &code);
		if (size > 1) {
			at += size;
			continue;
		}
		buffer_append(buffer, text.at + from, at - from);
		if (size == 0)
			buffer_append_text(buffer, "\xef\xbf\xbd");
		else
			put_escape(buffer, byte);
		from = ++at;
	}
	buffer_append(buffer, text.size ? text.at + from : NULL, text.size - from);
	buffer_append_byte(buffer, '"');
}

void json_key_span(struct json_writer *writer, struct span key)
{
	if (writer->depth == 0 || writer->closers[writer->depth] != '}' || writer->keyed) {
		writer->buffer->failed = true;
		return;
	}
	if (writer->filled[writer->depth])
		buffer_append_byte(writer->buffer, ',');
	put_quoted(writer->buffer, key);
	buffer_append_byte(writer->buffer, ':');
	writer->keyed = true;
}

void json_key(struct json_writer *writer, const char *key)
{
	json_key_span(writer, span_of(key));
}

void json_put_text(struct json_writer *writer, struct span text)
{
	if (text.at == NULL)
		json_put_null(writer);
	else if (begin_value(writer))
		put_quoted(writer->buffer, text);
}

void json_put_word(struct json_writer *writer, const char *text)
{
	json_put_text(writer, span_of(text));
}

void json_put_id(struct json_writer *writer, uint64_t id)
{
	if (id == 0) {
		json_put_null(writer);
		return;
	}
	if (!begin_value(writer))
		return;
	buffer_append_byte(writer->buffer, '"');
	buffer_append_unsigned(writer->buffer, id);
	buffer_append_byte(writer->buffer, '"');
}

void json_put_signed(struct json_writer *writer, int64_t number)
{
	if (begin_value(writer))
		buffer_append_signed(writer->buffer, number);
}

void json_put_unsigned(struct json_writer *writer, uint64_t number)
{
	if (begin_value(writer))
		buffer_append_unsigned(writer->buffer, number);
}

void json_put_bool(struct json_writer *writer, bool truth)
{
	if (begin_value(writer))
		buffer_append_text(writer->buffer, truth ? "true" : "false");
}

void json_put_null(struct json_writer *writer)
{
	if (begin_value(writer))
		buffer_append_text(writer->buffer, "null");
}

void json_put_decimal(struct json_writer *writer, int64_t number, unsigned decimals)
{
	if (begin_value(writer))
		buffer_append_decimal(writer->buffer, number, decimals);
}

void json_put_raw(struct json_writer *writer, struct span json)
{
	if (json.size == 0)
		json_put_null(writer);
	else if (begin_value(writer))
		buffer_append_span(writer->buffer, json);
}

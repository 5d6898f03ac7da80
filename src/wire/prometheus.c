/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line's state is its last byte: labels are open when it is a quote, so nothing has to be
 * remembered between calls. Values are integers and decimals made from integers; no double is ever
 * printed.
 */
#include "wire/prometheus.h"

static bool check_name(const char *name)
{
	for (size_t i = 0; name[i]; i++) {
		char byte = name[i];
		bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
			      byte == '_' || byte == ':';
		if (!letter && !(i && byte >= '0' && byte <= '9'))
			return false;
	}
	return name[0] != 0;
}

/* Backslash, line feed and, in label values, quotes are escaped; other control bytes become spaces.
 */
static void put_escaped(struct buffer *buffer, struct span text, bool quotes)
{
	for (size_t i = 0; i < text.size; i++) {
		char byte = text.at[i];
		if (byte == '\\')
			buffer_append_text(buffer, "\\\\");
		else if (byte == '\n')
			buffer_append_text(buffer, "\\n");
		else if (byte == '"' && quotes)
			buffer_append_text(buffer, "\\\"");
		else
			buffer_append_byte(buffer, (unsigned char)byte < ' ' ? ' ' : byte);
	}
}

void prometheus_family(
	struct buffer *buffer, const char *name, enum prometheus_type type, const char *help)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};
	if (!check_name(name))
		buffer->failed = true;
	buffer_append_text(buffer, "# HELP ");
	buffer_append_text(buffer, name);
	buffer_append_byte(buffer, ' ');
	put_escaped(buffer, span_of(help), false);
	buffer_append_text(buffer, "\n# TYPE ");
	buffer_append_text(buffer, name);
	buffer_append_byte(buffer, ' ');
	buffer_append_text(buffer, types[type]);
	buffer_append_byte(buffer, '\n');
}

void prometheus_name(struct buffer *buffer, const char *name, const char *suffix)
{
	if (!check_name(name))
		buffer->failed = true;
	buffer_append_text(buffer, name);
	buffer_append_text(buffer, suffix);
}

static bool has_labels(const struct buffer *buffer)
{
	return buffer->size && buffer->bytes[buffer->size - 1] == '"';
}

void prometheus_label(struct buffer *buffer, const char *name, struct span value)
{
	if (!check_name(name))
		buffer->failed = true;
	buffer_append_byte(buffer, has_labels(buffer) ? ',' : '{');
	buffer_append_text(buffer, name);
	buffer_append_text(buffer, "=\"");
	put_escaped(buffer, value, true);
	buffer_append_byte(buffer, '"');
}

static void end_labels(struct buffer *buffer)
{
	buffer_append_text(buffer, has_labels(buffer) ? "} " : " ");
}

void prometheus_value(struct buffer *buffer, int64_t value)
{
	end_labels(buffer);
	buffer_append_signed(buffer, value);
	buffer_append_byte(buffer, '\n');
}

void prometheus_decimal(struct buffer *buffer, int64_t value, unsigned decimals)
{
	end_labels(buffer);
	buffer_append_decimal(buffer, value, decimals);
	buffer_append_byte(buffer, '\n');
}

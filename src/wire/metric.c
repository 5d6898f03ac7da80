/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line's state is its last byte: labels are open when it is a quote, so nothing has to be
 * remembered between calls. Values are integers and decimals made from integers; no double is ever
 * printed.
 *
 * The formats differ in little: OpenMetrics names a counter without its _total where it is told
 * about, escapes quotes there too, tells units, and ends with a word.
 */
#include "wire/metric.h"

#include <string.h>

#define PREFIX "ballast_"
#define TOTAL  "_total"

static const struct metric_about ABOUT[METRIC_ID_COUNT] = {
#define X(id, type, name, help, row, unit, legend, query)                                          \
	[METRIC_ID_##id] = {METRIC_##type, PREFIX name, help, row, unit, legend, query},
	METRIC_MAP(X)
#undef X
};

const struct metric_about *metric_about(enum metric_id id)
{
	return &ABOUT[id];
}

static bool ends_with(struct span text, const char *end)
{
	size_t size = strlen(end);

	return text.size >= size && memcmp(text.at + text.size - size, end, size) == 0;
}

/* A quality of zero, however it is written, says "anything but this". */
static bool refuses(struct span parameter)
{
	if (parameter.size < 3 || (parameter.at[0] != 'q' && parameter.at[0] != 'Q') ||
		parameter.at[1] != '=')
		return false;
	for (size_t i = 2; i < parameter.size; i++)
		if (parameter.at[i] != '0' && parameter.at[i] != '.')
			return false;
	return true;
}

static bool asks_openmetrics(struct span range)
{
	bool is_refused = false;

	if (!span_equal_nocase(span_cut(&range, ';'), SPAN("application/openmetrics-text")))
		return false;
	while (range.at != NULL)
		is_refused = refuses(span_cut(&range, ';')) || is_refused;
	return !is_refused;
}

enum metric_format metric_format_wanted(struct span accept)
{
	while (accept.at != NULL)
		if (asks_openmetrics(span_cut(&accept, ',')))
			return METRIC_FORMAT_OPENMETRICS;
	return METRIC_FORMAT_PROMETHEUS;
}

const char *metric_content_type(enum metric_format format)
{
	return format == METRIC_FORMAT_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

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

/* Backslash, line feed and, where they would end the text, quotes are escaped; other control bytes
 * become spaces. */
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

void metric_text_init(struct metric_text *text, struct buffer *buffer, enum metric_format format)
{
	*text = (struct metric_text){buffer, format, METRIC_ID_COUNT};
}

void metric_text_end(struct metric_text *text)
{
	if (text->format == METRIC_FORMAT_OPENMETRICS)
		buffer_append_text(text->buffer, "# EOF\n");
}

/* "# WORD name " */
static void begin_about(struct metric_text *text, const char *word, struct span name)
{
	buffer_append_text(text->buffer, "# ");
	buffer_append_text(text->buffer, word);
	buffer_append_byte(text->buffer, ' ');
	buffer_append_span(text->buffer, name);
	buffer_append_byte(text->buffer, ' ');
}

static void put_unit(struct metric_text *text, struct span name)
{
	static const char *const UNITS[] = {"seconds", "bytes"};

	for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++) {
		if (!ends_with(name, UNITS[i]))
			continue;
		begin_about(text, "UNIT", name);
		buffer_append_text(text->buffer, UNITS[i]);
		buffer_append_byte(text->buffer, '\n');
	}
}

void metric_family(struct metric_text *text, enum metric_id id)
{
	static const char *const TYPES[] = {"counter", "gauge", "histogram"};
	const struct metric_about *about = &ABOUT[id];
	bool is_open = text->format == METRIC_FORMAT_OPENMETRICS;
	struct span name = span_of(about->name);

	text->family = id;
	if (is_open && about->type == METRIC_COUNTER && ends_with(name, TOTAL))
		name.size -= strlen(TOTAL);
	begin_about(text, "HELP", name);
	put_escaped(text->buffer, span_of(about->help), is_open);
	buffer_append_byte(text->buffer, '\n');
	begin_about(text, "TYPE", name);
	buffer_append_text(text->buffer, TYPES[about->type]);
	buffer_append_byte(text->buffer, '\n');
	if (is_open)
		put_unit(text, name);
}

void metric_begin(struct metric_text *text, const char *suffix)
{
	buffer_append_text(text->buffer, ABOUT[text->family].name);
	buffer_append_text(text->buffer, suffix);
}

static bool has_labels(const struct buffer *buffer)
{
	return buffer->size && buffer->bytes[buffer->size - 1] == '"';
}

void metric_label(struct metric_text *text, const char *name, struct span value)
{
	struct buffer *buffer = text->buffer;

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

void metric_value(struct metric_text *text, int64_t value)
{
	end_labels(text->buffer);
	buffer_append_signed(text->buffer, value);
	buffer_append_byte(text->buffer, '\n');
}

void metric_decimal(struct metric_text *text, int64_t value, unsigned decimals)
{
	end_labels(text->buffer);
	buffer_append_decimal(text->buffer, value, decimals);
	buffer_append_byte(text->buffer, '\n');
}

void metric_single(struct metric_text *text, enum metric_id id, uint64_t value)
{
	metric_family(text, id);
	metric_begin(text, "");
	metric_value(text, (int64_t)value);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope is written open, span by span, so that a batch never exists twice in memory. */
#include "wire/otlp.h"

#include <inttypes.h>
#include <stdio.h>

#define STATUS_OK    1
#define STATUS_ERROR 2
#define NUMBER_SIZE  24

static void put_hex(struct json_writer *writer, const char *key, const uint64_t *words, int count)
{
	char text[33];

	for (int i = 0; i < count; i++)
		snprintf(text + 16 * i, 17, "%016" PRIx64, words[i]);
	json_key(writer, key);
	json_put_word(writer, text);
}

static void put_integer(struct json_writer *writer, const char *key, int64_t value)
{
	char text[NUMBER_SIZE];

	snprintf(text, sizeof text, "%" PRId64, value);
	json_key(writer, key);
	json_put_word(writer, text);
}

void otlp_attribute(struct json_writer *writer, const char *key, struct span value)
{
	if (value.at == NULL)
		return;
	json_open(writer, '{');
	json_key(writer, "key");
	json_put_word(writer, key);
	json_key(writer, "value");
	json_open(writer, '{');
	json_key(writer, "stringValue");
	json_put_text(writer, value);
	json_close(writer);
	json_close(writer);
}

void otlp_attribute_number(struct json_writer *writer, const char *key, int64_t value)
{
	json_open(writer, '{');
	json_key(writer, "key");
	json_put_word(writer, key);
	json_key(writer, "value");
	json_open(writer, '{');
	put_integer(writer, "intValue", value);
	json_close(writer);
	json_close(writer);
}

void otlp_begin(
	struct json_writer *writer, struct buffer *buffer, const char *service, const char *version)
{
	json_writer_init(writer, buffer);
	json_open(writer, '{');
	json_key(writer, "resourceSpans");
	json_open(writer, '[');
	json_open(writer, '{');
	json_key(writer, "resource");
	json_open(writer, '{');
	json_key(writer, "attributes");
	json_open(writer, '[');
	otlp_attribute(writer, "service.name", span_of(service));
	otlp_attribute(writer, "service.version", span_of(version));
	json_close(writer);
	json_close(writer);
	json_key(writer, "scopeSpans");
	json_open(writer, '[');
	json_open(writer, '{');
	json_key(writer, "scope");
	json_open(writer, '{');
	json_key(writer, "name");
	json_put_word(writer, service);
	json_close(writer);
	json_key(writer, "spans");
	json_open(writer, '[');
}

void otlp_end(struct json_writer *writer)
{
	while (writer->depth > 0)
		json_close(writer);
}

void otlp_span_begin(struct json_writer *writer, const struct otlp_span *span)
{
	json_open(writer, '{');
	put_hex(writer, "traceId", span->trace, 2);
	put_hex(writer, "spanId", &span->id, 1);
	if (span->parent != 0)
		put_hex(writer, "parentSpanId", &span->parent, 1);
	json_key(writer, "name");
	json_put_text(writer, span->name);
	json_key(writer, "kind");
	json_put_unsigned(writer, span->kind);
	put_integer(writer, "startTimeUnixNano", span->started_at_utc_ns);
	put_integer(writer, "endTimeUnixNano", span->ended_at_utc_ns);
	json_key(writer, "status");
	json_open(writer, '{');
	json_key(writer, "code");
	json_put_unsigned(writer, span->failed ? STATUS_ERROR : STATUS_OK);
	json_close(writer);
	json_key(writer, "attributes");
	json_open(writer, '[');
}

void otlp_span_end(struct json_writer *writer)
{
	json_close(writer);
	json_close(writer);
}

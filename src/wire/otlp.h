/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_OTLP_H
#define BAL_WIRE_OTLP_H

#include "wire/jsonwrite.h"
#include "wire/traceparent.h"

#include <stdint.h>

/*
 * otlp: spans as an ExportTraceServiceRequest in JSON, for POST to /v1/traces of a collector.
 * Source: OpenTelemetry protocol 1.x, "JSON Protobuf Encoding": ids as hex, enums as numbers,
 *64-bit integers as strings.
 *
 *	otlp_begin(&writer, &buffer, "ballast", version);
 *	otlp_span_begin(&writer, &span);
 *	otlp_attribute(&writer, "ballast.pool", SPAN("coder"));
 *	otlp_span_end(&writer);
 *	otlp_end(&writer);
 */
enum otlp_kind { OTLP_KIND_INTERNAL = 1, OTLP_KIND_CLIENT = 3, OTLP_KIND_CONSUMER = 5 };

struct otlp_span {
	uint64_t trace[2];
	uint64_t id;
	uint64_t parent; /* 0: none */
	enum otlp_kind kind;
	struct span name;
	int64_t started_at_utc_ns;
	int64_t ended_at_utc_ns;
	bool failed;
};

/* Appends to the buffer, whose failed flag tells of want of room. */
void otlp_begin(struct json_writer *writer, struct buffer *buffer, const char *service,
	const char *version);
void otlp_end(struct json_writer *writer);

/* Opens a span; attributes follow, then otlp_span_end. */
void otlp_span_begin(struct json_writer *writer, const struct otlp_span *span);
void otlp_span_end(struct json_writer *writer);

/* A text; an absent one is left out. */
void otlp_attribute(struct json_writer *writer, const char *key, struct span value);
void otlp_attribute_number(struct json_writer *writer, const char *key, int64_t value);

#endif

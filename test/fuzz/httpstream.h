/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TEST_FUZZ_HTTPSTREAM_H
#define BAL_TEST_FUZZ_HTTPSTREAM_H

#include "wire/httpread.h"

#include <stddef.h>
#include <stdint.h>

/* What both HTTP targets do: read one stream to its end and remember what came out of it. */
struct http_stream {
	uint32_t messages;
	enum http_reason reason;
	enum http_event ended;
	struct buffer bodies; /* of all messages, one behind the other */
};

/*
 * Reads `bytes` in reads of `step` bytes. For each head that is accepted, checks that what would be
 * forwarded is itself accepted, and says the same. Stops the process otherwise.
 */
void http_stream_read(
	struct http_stream *, enum http_role, const uint8_t *bytes, size_t size, size_t step);

/* Frees the bodies. */
void http_stream_release(struct http_stream *);

/* Reads whole and byte by byte; the outcome must be the same. */
void http_stream_compare(enum http_role, const uint8_t *bytes, size_t size);

#endif

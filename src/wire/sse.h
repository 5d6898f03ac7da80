/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_SSE_H
#define BAL_WIRE_SSE_H

#include "wire/buffer.h"
#include "wire/span.h"

#include <stdint.h>

/*
 * sse: server-sent events (WHATWG HTML, 9.2), for GET /v1/events and streamed answers. Writing
 * only: agents' streams are passed on as bytes.
 */
#define SSE_CONTENT_TYPE "text/event-stream"

/*
 * One event. `id` 0: none; `name` NULL: none ("message" to the browser). Data of several lines
 * becomes several data fields; CR, LF and CR LF all end a line, as they do for the reader. `name`
 * is ours and must have no line end: one sets buffer->failed.
 */
void sse_put_event(struct buffer *, uint64_t id, const char *name, struct span data);

/* A comment, which keeps a quiet connection open through proxies. */
void sse_put_comment(struct buffer *, const char *text);

/* How long the browser waits before it connects again. */
void sse_put_retry(struct buffer *, uint64_t retry_ms);

#endif

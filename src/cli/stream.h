/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_STREAM_H
#define BAL_CLI_STREAM_H

#include "wire/buffer.h"
#include "wire/span.h"

/*
 * stream: reads server-sent events (WHATWG HTML, 9.2) from bytes as they come; the writing side is
 * wire/sse.h.
 */
#define STREAM_EVENT_MAX (1u << 20) /* bytes of one event; what goes beyond is cut off */
#define STREAM_NAME_SIZE 64

struct stream {
	struct buffer line; /* the unfinished one */
	struct buffer data;
	char name[STREAM_NAME_SIZE];
	char id[STREAM_NAME_SIZE];
	/* A whole event; name "message" when it had none.  Spans live until it returns. */
	void (*event)(void *context, const char *name, struct span data);
	void *context;
};

/* Begins a stream. */
void stream_init(struct stream *stream,
	void (*event)(void *context, const char *name, struct span data), void *context);
void stream_release(struct stream *stream);

/* Takes the next bytes; `event` is called for every event that they complete. */
void stream_take(struct stream *stream, struct span bytes);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_HTTPREAD_H
#define BAL_WIRE_HTTPREAD_H

#include "wire/buffer.h"
#include "wire/http.h"
#include "wire/span.h"

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * httpread: bytes in, one HTTP/1.1 message after the other out; requests and responses.
 *
 * llhttp (strict) reads; on top of it stands a policy that refuses whatever two readers could take
 * differently. Nothing is called back: the owner of the connection asks for the next event.
 *
 *	struct http_reader reader;
 *	http_reader_init(&reader, HTTP_ROLE_REQUEST, &http_limits_default);
 *	for each read of n bytes:
 *		struct span input = {bytes, n}, body;
 *		for (;;) {
 *			switch (http_reader_next(&reader, &input, &body)) {
 *			case HTTP_EVENT_MORE:    break out, read more
 *			case HTTP_EVENT_HEAD:    reader.head is filled; a 100-continue may be due
 *			case HTTP_EVENT_BODY:    `body` is the next piece, inside `bytes`
 *			case HTTP_EVENT_DONE:    the message is whole; answer it, then
 *			                         http_reader_restart() if reader.head.keep_alive
 *			case HTTP_EVENT_REFUSED: answer http_reason_status(reader.reason), close
 *			}
 *		}
 *	at the end of the stream: http_reader_end()
 *
 * Pipelining: after DONE `input` holds what follows. Keep it until the answer is on its way,
 *restart, and go on with it. A message whose head says keep_alive = false is the last one: what
 *follows it is never read. For a response, bytes left in `input` after DONE are a lie about its
 *length (or an answer nobody asked for): such a connection must be closed, never used again.
 */

enum http_role { HTTP_ROLE_REQUEST, HTTP_ROLE_RESPONSE };

enum http_event {
	HTTP_EVENT_MORE,    /* all input is used up, more is needed */
	HTTP_EVENT_HEAD,    /* once per message (interim responses are swallowed) */
	HTTP_EVENT_BODY,    /* a piece of the body, not empty */
	HTTP_EVENT_DONE,    /* once per message; repeated until the reader is restarted */
	HTTP_EVENT_REFUSED, /* for good; `reason` says why */
};

/* One field line, as positions in the bytes of the head. Names are tokens, values are trimmed. */
struct http_field {
	uint16_t name_at;
	uint16_t name_size;
	uint16_t value_at;
	uint16_t value_size;
	uint16_t id; /* enum http_field_id */
};

/* A range of the head's bytes; positions survive the growth of the buffer, addresses would not. */
struct http_mark {
	uint32_t at;
	uint32_t size;
};

/* A head that was accepted. Spans point into the reader and live until restart or release. */
struct http_head {
	enum http_method method; /* request */
	unsigned status;         /* response: 200..599 */
	unsigned version_minor;  /* 0 or 1 */
	struct span target;      /* request: as sent */
	struct span path;        /* request: begins with '/', or is "*" (OPTIONS only) */
	struct span query;       /* request: behind '?', absent when there is none */
	struct span host;        /* request: the Host value, absent only in HTTP/1.0 */
	int64_t content_length;  /* -1: not given */
	bool chunked;
	bool until_close;     /* response: the body ends with the connection */
	bool keep_alive;      /* another message may follow on this connection */
	bool expect_continue; /* request: the client waits for "100 Continue" before the body */
	uint32_t field_count;
	struct http_field fields[HTTP_FIELD_COUNT_MAX];
};

struct http_reader {
	struct http_head head;
	enum http_reason reason; /* why it was refused */
	uint64_t body_size;      /* bytes of body given out for this message */

	/* Below is the reader's own. */
	enum http_role role;
	struct http_limits limits;
	int state;
	enum http_method asked; /* response: the method it answers */
	struct buffer bytes;    /* the head */
	llhttp_t engine;
	uint32_t head_size;     /* bytes of the head and of the empty line before it, seen so far */
	uint32_t line_size;     /* bytes in the current line of the head */
	uint32_t line_index;    /* lines before it */
	char byte_last;         /* the byte before, to find line ends that come in two reads */
	uint32_t interim_count; /* interim responses swallowed */
	uint64_t overhead_size; /* bytes of chunk framing */
	uint32_t extension_size;
	uint32_t trailer_size;
	struct http_mark method_mark;
	struct http_mark target_mark;
	struct http_mark version_mark;
	struct http_mark name_mark;
	struct http_mark value_mark;
	struct span piece; /* the body bytes that llhttp found last */
	bool head_read;    /* llhttp has seen the end of the head */
	bool chunks_read;  /* llhttp has seen the end of the chunked body */
};

/* A reader of messages in one role; limits are copied. `field_count_max` above the array is cut. */
void http_reader_init(struct http_reader *, enum http_role, const struct http_limits *);

/* Free the head's memory. */
void http_reader_release(struct http_reader *);

/*
 * Be ready for the next message on the same connection, after HTTP_EVENT_DONE with keep_alive. The
 * memory of the head is kept, spans into it become invalid.
 */
void http_reader_restart(struct http_reader *);

/* Response: say which method it answers, before its first byte (HEAD has no body). Default GET. */
void http_reader_answers(struct http_reader *, enum http_method asked);

/*
 * Read from the front of `input` up to the next event, and move `input` behind what was read.
 * `body` is set with HTTP_EVENT_BODY only, pointing into the input as it was.
 */
enum http_event http_reader_next(struct http_reader *, struct span *input, struct span *body);

/*
 * The peer has ended the stream. HTTP_EVENT_DONE: a response that lasts until close is whole (or
 * the message was done already). HTTP_EVENT_MORE: nothing of a message had come, the end is clean.
 * HTTP_EVENT_REFUSED: cut inside a message.
 */
enum http_event http_reader_end(struct http_reader *);

/* True once a byte of the current message has been read: its head deadline runs. */
bool http_reader_started(const struct http_reader *);

/* Name and value of field `index` < head.field_count. */
struct span http_field_name(const struct http_reader *, uint32_t index);
struct span http_field_value(const struct http_reader *, uint32_t index);

/* The value of the first such field; an absent span (at == NULL) when there is none. */
struct span http_field_get(const struct http_reader *, enum http_field_id);
struct span http_field_get_named(const struct http_reader *, struct span name);

/*
 * May field `index` travel to the other side? True when http_field_forwards() allows its name and
 * no Connection field of this head names it.
 */
bool http_head_forwards(const struct http_reader *, uint32_t index);

#endif

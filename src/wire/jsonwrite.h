/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_JSONWRITE_H
#define BAL_WIRE_JSONWRITE_H

#include "wire/buffer.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * jsonwrite: JSON into a buffer, piece by piece; commas are its business.
 *
 *	struct json_writer writer;
 *	json_writer_init(&writer, &buffer);
 *	json_open(&writer, '{');
 *	json_key(&writer, "id");
 *	json_put_id(&writer, id);
 *	json_key(&writer, "tags");
 *	json_open(&writer, '[');
 *	json_close(&writer);
 *	json_close(&writer);
 *	if (!json_writer_done(&writer)) ...
 *
 * Misuse (a key in an array, a close too many, deeper than JSON_WRITE_DEPTH_MAX) and a full buffer
 *set buffer->failed; what was written then is not to be sent.
 */
enum { JSON_WRITE_DEPTH_MAX = 32 };

struct json_writer {
	struct buffer *buffer;
	uint32_t depth;
	bool keyed;                            /* a key waits for its value */
	bool ended;                            /* the outermost value is complete */
	bool filled[JSON_WRITE_DEPTH_MAX + 1]; /* per level: a comma is due */
	char closers[JSON_WRITE_DEPTH_MAX + 1];
};

/* Append one JSON value to what `buffer` already holds. */
void json_writer_init(struct json_writer *, struct buffer *);

/* True when exactly one whole value has been written and the buffer has not failed. */
bool json_writer_done(const struct json_writer *);

/* `bracket` is '{' or '['. */
void json_open(struct json_writer *, char bracket);
void json_close(struct json_writer *);

/* The name of the next member; escaped like any text. */
void json_key(struct json_writer *, const char *key);
void json_key_span(struct json_writer *, struct span key);

/*
 * A string, escaped. Bytes that are not UTF-8 become U+FFFD, so that an agent's output can never
 * make our own answer invalid. An absent span is written as null.
 */
void json_put_text(struct json_writer *, struct span text);
void json_put_word(struct json_writer *, const char *text); /* NULL: null */
void json_put_id(struct json_writer *, uint64_t id);        /* digits in a string; 0: null */
void json_put_signed(struct json_writer *, int64_t number);
void json_put_unsigned(struct json_writer *, uint64_t number);
void json_put_bool(struct json_writer *, bool truth);
void json_put_null(struct json_writer *);

/* `number` units of 10^-decimals (at most 9), as a decimal number: (1500, 3) is 1.5. */
void json_put_decimal(struct json_writer *, int64_t number, unsigned decimals);

/* A value that is JSON already: a payload, a stored result. The caller vouches for it. */
void json_put_raw(struct json_writer *, struct span json);

#endif

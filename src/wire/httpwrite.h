/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_HTTPWRITE_H
#define BAL_WIRE_HTTPWRITE_H

#include "wire/buffer.h"
#include "wire/http.h"
#include "wire/httpread.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * httpwrite: HTTP/1.1 messages into a buffer. Nothing is ever copied through: first line, fields
 * and framing are written anew from what was understood, so a peer reads what we read.
 *
 * A message is: http_put_status() or http_put_request(), fields, exactly one of http_put_length(),
 * http_put_chunked() or http_put_close() alone, then http_put_end(), then the body. All functions
 * append; what may not be sent (a bad name or value, a full buffer) sets `buffer->failed`, and such
 * a buffer must not be sent.
 */

/* "HTTP/1.1 200 OK" CR LF; the status is 100..599. */
void http_put_status(struct buffer *, unsigned status);

/*
 * "POST /path HTTP/1.1" CR LF and the Host field. `target` is origin-form without control bytes,
 * spaces or non-ASCII; `host` is a valid authority.
 */
void http_put_request(struct buffer *, enum http_method, struct span target, struct span host);

/* One field. The name is a token, the value has no control bytes but tab. */
void http_put_field(struct buffer *, struct span name, struct span value);
void http_put_known(struct buffer *, enum http_field_id, struct span value);
void http_put_known_number(struct buffer *, enum http_field_id, uint64_t value);

/* The Date field for an instant given in seconds since 1970 UTC (0 .. year 9999). */
void http_put_date(struct buffer *, int64_t utc_s);

/* The fields of a message that was read which may travel on: all that http_head_forwards() allows.
 */
void http_put_forwarded(struct buffer *, const struct http_reader *);

/* Framing. */
void http_put_length(struct buffer *, uint64_t size);
void http_put_chunked(struct buffer *);
void http_put_close(struct buffer *); /* Connection: close */

/* The empty line behind the fields. */
void http_put_end(struct buffer *);

/* A chunk whole, or only its head when the data is sent from elsewhere (then send "\r\n" behind
 * it). An empty chunk would end the body: nothing is written for one. */
void http_put_chunk(struct buffer *, struct span data);
void http_put_chunk_head(struct buffer *, uint64_t size);

/* The end of a chunked body. */
void http_put_chunk_last(struct buffer *);

/* "HTTP/1.1 100 Continue" and its empty line. */
void http_put_continue(struct buffer *);

/*
 * A whole small response: status, Content-Type (none when `type` is NULL), length, body.
 * `keep_alive` false adds Connection: close. For HEAD pass the body too and `head_only`: its length
 * is stated, its bytes are not sent. 204 and 304 have neither length nor body.
 */
void http_put_response(struct buffer *, unsigned status, const char *type, struct span body,
	bool keep_alive, bool head_only);

/*
 * The problem document (RFC 9457) that answers a refused request, with Connection: close. The text
 * is ours alone: nothing of the request is repeated in it.
 */
void http_put_refusal(struct buffer *, enum http_reason);

#endif

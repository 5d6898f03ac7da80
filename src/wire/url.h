/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_URL_H
#define BAL_WIRE_URL_H

#include "wire/buffer.h"
#include "wire/http.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>

/* url: percent-decoding, queries, path patterns, and the URLs of agents in the configuration. */

/*
 * Append `text` decoded. False, with nothing appended, for a '%' without two hexadecimal digits and
 * for a byte that is not allowed then: control bytes (zero among them), and in a path an encoded
 * slash, which two readers cut at different places. In a query `+` is a space.
 */
bool url_decode_path(struct buffer *, struct span text);
bool url_decode_query(struct buffer *, struct span text);

/* Append `text` with everything but unreserved characters (RFC 3986, 2.3) percent-encoded. */
void url_encode(struct buffer *, struct span text);

/*
 * Cut the next `name=value` from `query`, undecoded; empty ones are skipped. False at the end. A
 * name without '=' has an absent value.
 */
bool url_query_next(struct span *query, struct span *name, struct span *value);

/* One parameter that is understood. */
struct url_parameter {
	const char *name;
	struct span value; /* absent: not given */
};

/*
 * Read a query strictly: `value` of each parameter is set to its decoded text, which lies in
 * `memory`. False, with `wrong` naming the culprit as it was sent, when a parameter is unknown,
 * comes twice, or does not decode.
 */
bool url_query_read(struct span query, struct url_parameter *, uint32_t count,
	struct buffer *memory, struct span *wrong);

/*
 * Match `path` against a pattern such as "/v1/tasks/{}/why": each {} stands for one segment that is
 * not empty. `values` gets the segments undecoded, at most `count_max`; true when all of the path
 * matches and there are as many {} as `*count` then says.
 */
bool url_match(struct span path, const char *pattern, struct span *values, uint32_t count_max,
	uint32_t *count);

/* An absolute http URL. Spans point into the text it was read from. */
struct url {
	struct http_authority authority;
	uint16_t port;    /* written or the scheme's */
	bool secure;      /* https */
	struct span path; /* "/" when none is written; without query */
};

/* Read http://host[:port][/path]. False for other schemes, user information, query and fragment. */
bool url_read(struct span text, struct url *);

#endif

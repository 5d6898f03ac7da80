/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_HTTP_H
#define BAL_WIRE_HTTP_H

#include "wire/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * http: the vocabulary of HTTP/1.1 that reader (wire/httpread.h) and writer (wire/httpwrite.h)
 * share: methods, status texts, known fields and what may be done with them, reasons for a refusal,
 * limits.
 */

/* The methods we speak. Any other token is refused with 501, CONNECT and TRACE among them. */
enum http_method {
	HTTP_METHOD_NONE,
	HTTP_METHOD_GET,
	HTTP_METHOD_HEAD,
	HTTP_METHOD_POST,
	HTTP_METHOD_PUT,
	HTTP_METHOD_PATCH,
	HTTP_METHOD_DELETE,
	HTTP_METHOD_OPTIONS,
	HTTP_METHOD_COUNT
};

/* "GET" and so on; HTTP_METHOD_NONE gives "". Static text. */
const char *http_method_text(enum http_method);

/* The method with exactly this name (case counts), or HTTP_METHOD_NONE. */
enum http_method http_method_find(struct span name);

/* The reason phrase of a status code, "Unknown" for one without. Static text. */
const char *http_status_text(unsigned status);

/*
 * Fields with a meaning of their own here. HOP: belongs to one connection, never forwarded. FRAME:
 * says where a message ends, written anew by us. SINGLE: a second line of it is refused, since two
 * readers could take different ones. SECRET: a credential for us, not for an agent. OURS: means
 * something only when ballast says it, so that it is dropped from what others send.
 */
#define HTTP_FIELDS(X)                                                                             \
	X(HOST, "Host", HTTP_TRAIT_FRAME | HTTP_TRAIT_SINGLE)                                      \
	X(CONTENT_LENGTH, "Content-Length", HTTP_TRAIT_FRAME | HTTP_TRAIT_SINGLE)                  \
	X(TRANSFER_ENCODING, "Transfer-Encoding", HTTP_TRAIT_FRAME | HTTP_TRAIT_SINGLE)            \
	X(CONNECTION, "Connection", HTTP_TRAIT_HOP)                                                \
	X(KEEP_ALIVE, "Keep-Alive", HTTP_TRAIT_HOP)                                                \
	X(PROXY_CONNECTION, "Proxy-Connection", HTTP_TRAIT_HOP)                                    \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate", HTTP_TRAIT_HOP)                                \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", HTTP_TRAIT_HOP)                              \
	X(TE, "TE", HTTP_TRAIT_HOP)                                                                \
	X(TRAILER, "Trailer", HTTP_TRAIT_HOP)                                                      \
	X(UPGRADE, "Upgrade", HTTP_TRAIT_HOP)                                                      \
	X(HTTP2_SETTINGS, "HTTP2-Settings", HTTP_TRAIT_HOP)                                        \
	X(EXPECT, "Expect", HTTP_TRAIT_HOP | HTTP_TRAIT_SINGLE)                                    \
	X(CONTENT_TYPE, "Content-Type", HTTP_TRAIT_SINGLE)                                         \
	X(CONTENT_ENCODING, "Content-Encoding", 0)                                                 \
	X(AUTHORIZATION, "Authorization", HTTP_TRAIT_SINGLE | HTTP_TRAIT_SECRET)                   \
	X(COOKIE, "Cookie", HTTP_TRAIT_SECRET)                                                     \
	X(ORIGIN, "Origin", HTTP_TRAIT_SINGLE)                                                     \
	X(SEC_FETCH_SITE, "Sec-Fetch-Site", HTTP_TRAIT_SINGLE)                                     \
	X(ACCEPT, "Accept", 0)                                                                     \
	X(IDEMPOTENCY_KEY, "Idempotency-Key", HTTP_TRAIT_SINGLE)                                   \
	X(LAST_EVENT_ID, "Last-Event-ID", HTTP_TRAIT_SINGLE)                                       \
	X(RETRY_AFTER, "Retry-After", HTTP_TRAIT_SINGLE)                                           \
	X(LOCATION, "Location", HTTP_TRAIT_SINGLE)                                                 \
	X(TRACEPARENT, "traceparent", HTTP_TRAIT_SINGLE)                                           \
	X(TRACESTATE, "tracestate", 0)                                                             \
	X(BAGGAGE, "baggage", 0)                                                                   \
	X(FORWARDED, "Forwarded", HTTP_TRAIT_OURS)                                                 \
	X(FORWARDED_FOR, "X-Forwarded-For", HTTP_TRAIT_OURS)                                       \
	X(FORWARDED_HOST, "X-Forwarded-Host", HTTP_TRAIT_OURS)                                     \
	X(FORWARDED_PROTO, "X-Forwarded-Proto", HTTP_TRAIT_OURS)                                   \
	X(REAL_IP, "X-Real-IP", HTTP_TRAIT_OURS)                                                   \
	X(BALLAST_TASK, "Ballast-Task", HTTP_TRAIT_OURS)                                           \
	X(BALLAST_ATTEMPT, "Ballast-Attempt", HTTP_TRAIT_OURS)                                     \
	X(BALLAST_DEADLINE, "Ballast-Deadline", HTTP_TRAIT_OURS)                                   \
	X(BALLAST_CHECKPOINT, "Ballast-Checkpoint", HTTP_TRAIT_OURS)

enum http_trait {
	HTTP_TRAIT_HOP = 1,
	HTTP_TRAIT_FRAME = 2,
	HTTP_TRAIT_SINGLE = 4,
	HTTP_TRAIT_SECRET = 8,
	HTTP_TRAIT_OURS = 16
};

enum http_field_id {
	HTTP_FIELD_OTHER, /* a field without a name in the table */
#define X(name, text, traits) HTTP_FIELD_##name,
	HTTP_FIELDS(X)
#undef X
		HTTP_FIELD_ID_COUNT
};

/* The usual spelling of a known field; "" for HTTP_FIELD_OTHER. Static text. */
const char *http_field_text(enum http_field_id);

/* The traits of a known field, or'ed; 0 for HTTP_FIELD_OTHER. */
unsigned http_field_traits(enum http_field_id);

/* The field with this name, case ignored; HTTP_FIELD_OTHER when it is not in the table. */
enum http_field_id http_field_find(struct span name);

/*
 * May a field of this name travel through us to the other side? False for hop-by-hop, framing,
 * secret and own fields, and for names that become one of those when `_` is read as `-`, as
 * CGI-like agents do. Fields named in Connection are the reader's business (http_head_forwards()).
 */
bool http_field_forwards(struct span name);

/* True for a non-empty token of RFC 9110, 5.6.2: what methods and field names are made of. */
bool http_token_valid(struct span);

/* True when the bytes may stand in a field value: tab, space, visible ASCII, 0x80..0xff. */
bool http_value_valid(struct span);

/* An authority: host name, IPv4, or bracketed IPv6, with an optional port. Borrowed from the input.
 */
struct http_authority {
	struct span host; /* IPv6 with its brackets */
	int32_t port;     /* -1: none written */
};

/*
 * Read `text` as host[:port]: letters, digits, '.', '-', '_' or [IPv6], port 0..65535. False when
 * it is anything else, user information and an empty port included.
 */
bool http_authority_read(struct span text, struct http_authority *);

/*
 * Why a message was refused. X(name, status, word, text): the status to answer a request with (a
 * response that is refused is answered 502 whatever stands here), the stable word for logs and
 * problem types, and a sentence for people. The connection is closed after every one of them.
 */
#define HTTP_REASONS(X)                                                                            \
	X(NONE, 200, "none", "nothing is wrong")                                                   \
	X(LINE, 400, "request-line", "the first line is not METHOD SP TARGET SP HTTP/1.1")         \
	X(VERSION, 505, "version", "the version is neither HTTP/1.1 nor HTTP/1.0")                 \
	X(METHOD_TOKEN, 400, "method-token", "the method is not a token")                          \
	X(METHOD, 501, "method", "the method is not one this server knows")                        \
	X(TARGET, 400, "target", "the request target has a byte or a form that is not allowed")    \
	X(TARGET_SIZE, 414, "target-size", "the request target is longer than the limit")          \
	X(HEAD_SIZE, 431, "head-size", "the head is longer than the limit")                        \
	X(FIELD_COUNT, 431, "field-count", "the head has more fields than the limit")              \
	X(LINE_END, 400, "line-end", "a line does not end in CR LF")                               \
	X(CONTROL, 400, "control-byte", "a control byte stands in the head")                       \
	X(FOLD, 400, "line-fold", "a field is continued on a second line")                         \
	X(FIELD, 400, "field", "a field line is not NAME: VALUE")                                  \
	X(FIELD_TWICE, 400, "field-twice", "a field that may come once comes twice")               \
	X(HOST_NONE, 400, "host-missing", "there is no Host field")                                \
	X(HOST_BAD, 400, "host", "the Host field is not HOST or HOST:PORT")                        \
	X(HOST_DIFFERS, 400, "host-differs", "the request target names another host than Host")    \
	X(LENGTH, 400, "content-length", "Content-Length is not one decimal number")               \
	X(LENGTH_AND_CODING, 400, "length-and-coding",                                             \
		"both Content-Length and Transfer-Encoding are given")                             \
	X(CODING, 501, "transfer-encoding", "Transfer-Encoding is not exactly chunked")            \
	X(CODING_OLD, 400, "transfer-encoding-1.0", "Transfer-Encoding in an HTTP/1.0 message")    \
	X(CONNECTION, 400, "connection", "Connection names a field that frames the message")       \
	X(EXPECT, 417, "expect", "the expectation is not 100-continue")                            \
	X(BODY_SIZE, 413, "body-size", "the body is longer than the limit")                        \
	X(CHUNK, 400, "chunk", "the chunked body is malformed")                                    \
	X(CHUNK_EXTENSION, 400, "chunk-extension",                                                 \
		"the chunk extensions are longer than the limit")                                  \
	X(CHUNK_OVERHEAD, 400, "chunk-overhead", "the chunk framing outweighs the data")           \
	X(TRAILER, 400, "trailer", "the trailer section is malformed or longer than the limit")    \
	X(AMBIGUOUS, 400, "ambiguous", "two readings of the message differ")                       \
	X(TRUNCATED, 400, "truncated", "the connection ended inside the message")                  \
	X(STATUS, 502, "status", "the status line is not HTTP/1.1 CODE with CODE in 100..599")     \
	X(UPGRADE, 502, "upgrade", "the agent switched protocols without being asked")             \
	X(INTERIM, 502, "interim", "the agent sent more interim responses than the limit")         \
	X(MEMORY, 503, "memory", "there is no memory for the message")

enum http_reason {
#define X(name, status, word, text) HTTP_REASON_##name,
	HTTP_REASONS(X)
#undef X
		HTTP_REASON_COUNT
};

/* The columns of a reason: status to answer with, word for metrics and logs, text for people. */
unsigned http_reason_status(enum http_reason);
const char *http_reason_word(enum http_reason);
const char *http_reason_text(enum http_reason);

/* What one message may cost. Zero is not "unlimited": it allows nothing. */
struct http_limits {
	uint32_t head_size_max;      /* bytes of the head with its final empty line, <= 65535 */
	uint32_t target_size_max;    /* bytes of the request target */
	uint32_t field_count_max;    /* fields of the head, <= HTTP_FIELD_COUNT_MAX */
	uint32_t extension_size_max; /* bytes of all chunk extensions of a message together */
	uint32_t trailer_size_max;   /* bytes of the trailer section */
	uint32_t interim_count_max;  /* interim (1xx) responses before the final one */
	uint64_t body_size_max;      /* bytes of the body without framing */
};

enum { HTTP_FIELD_COUNT_MAX = 100 };

/* 16 KiB, 8 KiB, 100 fields, 1 KiB, 4 KiB, 8 interim responses, 16 MiB. */
extern const struct http_limits http_limits_default;

#endif

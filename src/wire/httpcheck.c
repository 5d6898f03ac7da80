/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each check reads one aspect of the head and may refuse it; the order puts the reason a person
 * would name first. Where a message ends is worked out here from the fields, on its own, and then
 * compared with what llhttp worked out: a difference is refused as ambiguous instead of trusted to
 * either.
 *
 * The policy is narrower than RFC 9112 wherever the wider reading has been used for smuggling:
 * equal duplicates of Content-Length, Transfer-Encoding beside Content-Length, list values and any
 * coding but `chunked` are all refused.
 */
#include "wire/httpcheck.h"

#include <assert.h>
#include <string.h>

static enum http_reason check_singles(struct http_reader *reader)
{
	uint64_t seen = 0;
	static_assert(HTTP_FIELD_ID_COUNT <= 64, "one bit per known field");
	for (uint32_t i = 0; i < reader->head.field_count; i++) {
		enum http_field_id id = reader->head.fields[i].id;
		if (id == HTTP_FIELD_OTHER || !(http_field_traits(id) & HTTP_TRAIT_SINGLE))
			continue;
		if (seen & (UINT64_C(1) << id))
			return HTTP_REASON_FIELD_TWICE;
		seen |= UINT64_C(1) << id;
	}
	return HTTP_REASON_NONE;
}

/* Names and values again, byte by byte: llhttp has looked, and a newer llhttp may look less hard.
 */
static enum http_reason check_fields(struct http_reader *reader)
{
	for (uint32_t i = 0; i < reader->head.field_count; i++) {
		if (!http_token_valid(http_field_name(reader, i)))
			return HTTP_REASON_FIELD;
		if (!http_value_valid(http_field_value(reader, i)))
			return HTTP_REASON_CONTROL;
	}
	return HTTP_REASON_NONE;
}

/* llhttp also speaks RTSP and ICE, whose versions would pass for ours without their first letters.
 */
static enum http_reason check_version(struct http_reader *reader)
{
	struct span before = {reader->bytes.bytes, reader->version_mark.at};
	struct span name = SPAN("HTTP/");
	if (before.size < name.size)
		return HTTP_REASON_VERSION;
	if (!span_equal(span_skip(before, before.size - name.size), name))
		return HTTP_REASON_LINE;
	if (reader->engine.http_major != 1 || reader->engine.http_minor > 1)
		return HTTP_REASON_VERSION;
	reader->head.version_minor = reader->engine.http_minor;
	return HTTP_REASON_NONE;
}

/* One Connection value: a list of tokens. `close` counts; a field that frames may not be named. */
static enum http_reason check_connection_value(struct http_reader *reader, struct span list)
{
	while (list.at != NULL) {
		struct span option = span_cut(&list, ',');
		if (option.size == 0)
			continue;
		if (!http_token_valid(option))
			return HTTP_REASON_CONNECTION;
		if (http_field_traits(http_field_find(option)) & HTTP_TRAIT_FRAME)
			return HTTP_REASON_CONNECTION;
		if (span_equal_nocase(option, SPAN("close")))
			reader->head.keep_alive = false;
	}
	return HTTP_REASON_NONE;
}

static enum http_reason check_connection(struct http_reader *reader)
{
	/* HTTP/1.0 connections are always closed: keep-alive was never part of that version. */
	reader->head.keep_alive = reader->head.version_minor == 1;
	for (uint32_t i = 0; i < reader->head.field_count; i++) {
		enum http_reason reason;
		if (reader->head.fields[i].id != HTTP_FIELD_CONNECTION)
			continue;
		reason = check_connection_value(reader, http_field_value(reader, i));
		if (reason != HTTP_REASON_NONE)
			return reason;
	}
	return HTTP_REASON_NONE;
}

static enum http_reason check_framing(struct http_reader *reader)
{
	struct http_head *head = &reader->head;
	struct span length = http_field_get(reader, HTTP_FIELD_CONTENT_LENGTH);
	struct span coding = http_field_get(reader, HTTP_FIELD_TRANSFER_ENCODING);
	uint64_t number;
	head->content_length = -1;
	if (length.at && coding.at)
		return HTTP_REASON_LENGTH_AND_CODING;
	if (coding.at && head->version_minor == 0)
		return HTTP_REASON_CODING_OLD;
	if (coding.at && !span_equal_nocase(coding, SPAN("chunked")))
		return HTTP_REASON_CODING;
	head->chunked = coding.at != NULL;
	if (length.at) {
		if (!span_number(length, INT64_MAX, &number))
			return HTTP_REASON_LENGTH;
		head->content_length = (int64_t)number;
	}
	return HTTP_REASON_NONE;
}

/* llhttp's own idea of the framing must be the same. */
static enum http_reason check_agreement(struct http_reader *reader)
{
	const struct http_head *head = &reader->head;
	bool chunked = (reader->engine.flags & F_CHUNKED) != 0;
	bool sized = (reader->engine.flags & F_CONTENT_LENGTH) != 0;
	if (chunked != head->chunked || sized != (head->content_length >= 0))
		return HTTP_REASON_AMBIGUOUS;
	if (sized && reader->engine.content_length != (uint64_t)head->content_length)
		return HTTP_REASON_AMBIGUOUS;
	return HTTP_REASON_NONE;
}

static enum http_reason check_size(struct http_reader *reader)
{
	int64_t length = reader->head.content_length;
	if (length > 0 && (uint64_t)length > reader->limits.body_size_max)
		return HTTP_REASON_BODY_SIZE;
	return HTTP_REASON_NONE;
}

static enum http_reason check_expect(struct http_reader *reader)
{
	struct span expect = http_field_get(reader, HTTP_FIELD_EXPECT);
	if (expect.at == NULL)
		return HTTP_REASON_NONE;
	if (!span_equal_nocase(expect, SPAN("100-continue")))
		return HTTP_REASON_EXPECT;
	/* RFC 9110, 10.1.1: an HTTP/1.0 client cannot mean it. */
	reader->head.expect_continue = reader->head.version_minor == 1;
	return HTTP_REASON_NONE;
}

static enum http_reason check_host(struct http_reader *reader)
{
	struct http_authority authority;
	reader->head.host = http_field_get(reader, HTTP_FIELD_HOST);
	if (reader->head.host.at == NULL)
		return reader->head.version_minor == 0 ? HTTP_REASON_NONE : HTTP_REASON_HOST_NONE;
	if (!http_authority_read(reader->head.host, &authority))
		return HTTP_REASON_HOST_BAD;
	return HTTP_REASON_NONE;
}

static enum http_reason check_method(struct http_reader *reader)
{
	return reader->head.method == HTTP_METHOD_NONE ? HTTP_REASON_METHOD : HTTP_REASON_NONE;
}

/* Visible ASCII without the bytes that no URI has and that some server reads in its own way. */
static bool check_target_bytes(struct span target)
{
	for (size_t i = 0; i < target.size; i++) {
		unsigned char byte = (unsigned char)target.at[i];
		if (byte <= ' ' || byte >= 0x7f || strchr("\"#<>\\^`", byte))
			return false;
	}
	return target.size > 0;
}

/* Two authorities are the same when hosts match and ports do, an absent port being the scheme's. */
static bool match_authorities(struct http_authority a, struct http_authority b, int32_t port)
{
	int32_t a_port = a.port < 0 ? port : a.port;
	int32_t b_port = b.port < 0 ? port : b.port;
	return span_equal_nocase(a.host, b.host) && a_port == b_port;
}

/* Absolute form: `rest` is what follows the scheme, `port` the scheme's. Leaves path and query
 * there. */
static enum http_reason check_absolute(struct http_reader *reader, struct span *rest, int32_t port)
{
	struct http_authority named, host;
	size_t size = 0;
	while (size < rest->size && rest->at[size] != '/' && rest->at[size] != '?')
		size++;
	struct span text = {rest->at, size};
	if (!http_authority_read(text, &named))
		return HTTP_REASON_TARGET;
	*rest = span_skip(*rest, size);
	if (reader->head.host.at == NULL) {
		reader->head.host = text;
		return HTTP_REASON_NONE;
	}
	if (!http_authority_read(reader->head.host, &host) || !match_authorities(named, host, port))
		return HTTP_REASON_HOST_DIFFERS;
	return HTTP_REASON_NONE;
}

static enum http_reason check_target(struct http_reader *reader)
{
	struct http_head *head = &reader->head;
	struct span rest = head->target;
	enum http_reason reason = HTTP_REASON_NONE;
	if (!check_target_bytes(rest))
		return HTTP_REASON_TARGET;
	if (span_equal(rest, SPAN("*"))) {
		head->path = rest;
		return head->method == HTTP_METHOD_OPTIONS ? HTTP_REASON_NONE : HTTP_REASON_TARGET;
	}
	if (span_equal_nocase((struct span){rest.at, rest.size < 7 ? 0 : 7}, SPAN("http://"))) {
		rest = span_skip(rest, 7);
		reason = check_absolute(reader, &rest, 80);
	} else if (span_equal_nocase(
			   (struct span){rest.at, rest.size < 8 ? 0 : 8}, SPAN("https://"))) {
		rest = span_skip(rest, 8);
		reason = check_absolute(reader, &rest, 443);
	} else if (rest.at[0] != '/') {
		reason = HTTP_REASON_TARGET;
	}
	if (reason != HTTP_REASON_NONE)
		return reason;
	size_t mark = span_find(rest, '?');
	head->path = mark ? (struct span){rest.at, mark} : SPAN("/");
	if (mark < rest.size)
		head->query = span_skip(rest, mark + 1);
	return HTTP_REASON_NONE;
}

static enum http_reason check_status(struct http_reader *reader)
{
	struct http_head *head = &reader->head;
	unsigned status = reader->engine.status_code;
	if (status < 100 || status > 599)
		return HTTP_REASON_STATUS;
	if (status == 101)
		return HTTP_REASON_UPGRADE;
	head->status = status;
	return HTTP_REASON_NONE;
}

/* RFC 9112, 6.3: which responses have no body, and which one lasts until the connection closes. */
static enum http_reason check_response_body(struct http_reader *reader)
{
	struct http_head *head = &reader->head;
	bool bare = head->status < 200 || head->status == 204 || head->status == 304;
	if (bare && head->status != 304 && (head->chunked || head->content_length > 0))
		head->keep_alive =
			false; /* what it calls a body must not be read as the next answer */
	if (!bare && reader->asked != HTTP_METHOD_HEAD && !head->chunked &&
		head->content_length < 0) {
		head->until_close = true;
		head->keep_alive = false;
	}
	return HTTP_REASON_NONE;
}

enum http_reason http_head_check(struct http_reader *reader)
{
	static enum http_reason (*const request_checks[])(struct http_reader *) = {check_version,
		check_method, check_fields, check_singles, check_host, check_target, check_framing,
		check_connection, check_agreement, check_expect, check_size, NULL};
	static enum http_reason (*const response_checks[])(struct http_reader *) = {check_version,
		check_status, check_fields, check_singles, check_framing, check_connection,
		check_agreement, check_response_body, NULL};
	enum http_reason (*const *check)(struct http_reader *) =
		reader->role == HTTP_ROLE_REQUEST ? request_checks : response_checks;
	enum http_reason reason = HTTP_REASON_NONE;
	while (*check && reason == HTTP_REASON_NONE)
		reason = (*check++)(reader);
	return reason;
}

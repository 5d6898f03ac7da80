/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything here is a table. Names are few (under forty), so a search compares sizes first and is
 * done after one or two comparisons; a hash would be more code and no faster.
 */
#include "wire/http.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	IPV6_TEXT_MAX =
		45, /* the longest text form of an IPv6 address, RFC 4291 with an IPv4 tail */
	FIELD_NAME_MAX = 32, /* longer than every known name */
	PORT_MAX = 65535,
	PORT_DIGITS_MAX = 5
};

const struct http_limits http_limits_default = {
	.head_size_max = 16 * 1024,
	.target_size_max = 8 * 1024,
	.field_count_max = HTTP_FIELD_COUNT_MAX,
	.extension_size_max = 1024,
	.trailer_size_max = 4 * 1024,
	.interim_count_max = 8,
	.body_size_max = 16 * 1024 * 1024,
};

struct status_row {
	unsigned status;
	const char *text;
};

struct field_row {
	struct span name;
	unsigned traits;
};

struct reason_row {
	unsigned status;
	const char *word;
	const char *text;
};

static const char *const method_rows[HTTP_METHOD_COUNT] = {
	"", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

static const struct status_row status_rows[] = {
	{100, "Continue"},
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{206, "Partial Content"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{417, "Expectation Failed"},
	{421, "Misdirected Request"},
	{422, "Unprocessable Content"},
	{426, "Upgrade Required"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{499, "Client Closed Request"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
	{507, "Insufficient Storage"},
};

static const struct field_row field_rows[HTTP_FIELD_ID_COUNT] = {{{"", 0}, 0},
#define X(name, text, traits) {{text, sizeof(text) - 1}, traits},
	HTTP_FIELDS(X)
#undef X
};

static const struct reason_row reason_rows[HTTP_REASON_COUNT] = {
#define X(name, status, word, text) {status, word, text},
	HTTP_REASONS(X)
#undef X
};

const char *http_method_text(enum http_method method)
{
	return method < HTTP_METHOD_COUNT ? method_rows[method] : "";
}

enum http_method http_method_find(struct span name)
{
	for (enum http_method method = HTTP_METHOD_GET; method < HTTP_METHOD_COUNT; method++)
		if (span_equal(name, span_of(method_rows[method])))
			return method;
	return HTTP_METHOD_NONE;
}

const char *http_status_text(unsigned status)
{
	for (size_t i = 0; i < sizeof(status_rows) / sizeof(status_rows[0]); i++)
		if (status_rows[i].status == status)
			return status_rows[i].text;
	return "Unknown";
}

const char *http_field_text(enum http_field_id id)
{
	return id < HTTP_FIELD_ID_COUNT ? field_rows[id].name.at : "";
}

unsigned http_field_traits(enum http_field_id id)
{
	return id < HTTP_FIELD_ID_COUNT ? field_rows[id].traits : 0;
}

enum http_field_id http_field_find(struct span name)
{
	for (enum http_field_id id = HTTP_FIELD_OTHER + 1; id < HTTP_FIELD_ID_COUNT; id++)
		if (name.size == field_rows[id].name.size &&
			span_equal_nocase(name, field_rows[id].name))
			return id;
	return HTTP_FIELD_OTHER;
}

bool http_field_forwards(struct span name)
{
	const unsigned kept =
		HTTP_TRAIT_HOP | HTTP_TRAIT_FRAME | HTTP_TRAIT_SECRET | HTTP_TRAIT_OURS;
	char dashed[FIELD_NAME_MAX];
	if (name.size > sizeof(dashed))
		return true;
	for (size_t i = 0; i < name.size; i++)
		dashed[i] = name.at[i] == '_' ? '-' : name.at[i];
	enum http_field_id id = http_field_find((struct span){dashed, name.size});
	return (field_rows[id].traits & kept) == 0;
}

static bool is_alphanumeric(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9');
}

static bool is_one_of(char byte, const char *set)
{
	return byte != 0 && strchr(set, byte) != NULL;
}

bool http_token_valid(struct span token)
{
	for (size_t i = 0; i < token.size; i++)
		if (!is_alphanumeric(token.at[i]) && !is_one_of(token.at[i], "!#$%&'*+-.^_`|~"))
			return false;
	return token.size > 0;
}

bool http_value_valid(struct span value)
{
	for (size_t i = 0; i < value.size; i++) {
		unsigned char byte = (unsigned char)value.at[i];
		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return false;
	}
	return true;
}

/* The inside of the brackets is an IPv6 address without a zone. */
static bool check_ipv6(struct span inside)
{
	char text[IPV6_TEXT_MAX + 1];
	struct in6_addr address;
	if (inside.size == 0 || inside.size > IPV6_TEXT_MAX)
		return false;
	for (size_t i = 0; i < inside.size; i++)
		if (!is_one_of(inside.at[i], "0123456789abcdefABCDEF:."))
			return false;
	memcpy(text, inside.at, inside.size);
	text[inside.size] = 0;
	return inet_pton(AF_INET6, text, &address) == 1;
}

/* The size of the host at the start of `text`, 0 when there is none that we accept. */
static size_t measure_host(struct span text)
{
	size_t size = 0;
	if (text.size && text.at[0] == '[') {
		size_t close = span_find(text, ']');
		if (close == text.size || !check_ipv6((struct span){text.at + 1, close - 1}))
			return 0;
		return close + 1;
	}
	while (size < text.size &&
		(is_alphanumeric(text.at[size]) || is_one_of(text.at[size], ".-_")))
		size++;
	return size;
}

bool http_authority_read(struct span text, struct http_authority *authority)
{
	uint64_t port;
	size_t size = measure_host(text);
	if (size == 0)
		return false;
	struct span rest = span_skip(text, size);
	*authority = (struct http_authority){.host = {text.at, size}, .port = -1};
	if (rest.size == 0)
		return true;
	if (rest.at[0] != ':' || rest.size - 1 > PORT_DIGITS_MAX)
		return false;
	if (!span_number(span_skip(rest, 1), PORT_MAX, &port))
		return false;
	authority->port = (int32_t)port;
	return true;
}

unsigned http_reason_status(enum http_reason reason)
{
	return reason < HTTP_REASON_COUNT ? reason_rows[reason].status : 500;
}

const char *http_reason_word(enum http_reason reason)
{
	return reason < HTTP_REASON_COUNT ? reason_rows[reason].word : "unknown";
}

const char *http_reason_text(enum http_reason reason)
{
	return reason < HTTP_REASON_COUNT ? reason_rows[reason].text : "unknown";
}

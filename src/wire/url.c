/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding happens once, after routing on the raw path, and never twice: a segment that decodes to
 * something with a slash or a zero byte is refused rather than looked at again.
 */
#include "wire/url.h"

#include <string.h>

static int read_hex(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

/* The byte that "%xy" at the start of `text` stands for; -1 when it is malformed. */
static int read_triplet(struct span text)
{
	if (text.size < 3)
		return -1;
	int high = read_hex(text.at[1]);
	int low = read_hex(text.at[2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool decode(struct buffer *buffer, struct span text, bool query)
{
	size_t size = buffer->size;
	while (text.size) {
		int byte = (unsigned char)text.at[0];
		bool encoded = byte == '%';
		if (encoded)
			byte = read_triplet(text);
		else if (query && byte == '+')
			byte = ' ';
		bool refused = byte < ' ' || byte == 0x7f || (encoded && !query && byte == '/');
		if (refused || !buffer_append_byte(buffer, (char)byte)) {
			buffer->size = size;
			return false;
		}
		text = span_skip(text, encoded ? 3 : 1);
	}
	return true;
}

bool url_decode_path(struct buffer *buffer, struct span text)
{
	return decode(buffer, text, false);
}

bool url_decode_query(struct buffer *buffer, struct span text)
{
	return decode(buffer, text, true);
}

void url_encode(struct buffer *buffer, struct span text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.at[i];
		bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
			     (byte >= '0' && byte <= '9') || (byte && strchr("-._~", byte));
		if (plain) {
			buffer_append_byte(buffer, (char)byte);
			continue;
		}
		buffer_append_byte(buffer, '%');
		buffer_append_byte(buffer, "0123456789ABCDEF"[byte >> 4]);
		buffer_append_byte(buffer, "0123456789ABCDEF"[byte & 15]);
	}
}

bool url_query_next(struct span *query, struct span *name, struct span *value)
{
	while (query->at != NULL) {
		struct span pair = span_cut(query, '&');
		if (pair.size == 0)
			continue;
		size_t equals = span_find(pair, '=');
		*name = (struct span){pair.at, equals};
		*value = equals < pair.size ? span_skip(pair, equals + 1) : (struct span){NULL, 0};
		return true;
	}
	return false;
}

static struct url_parameter *find_parameter(
	struct url_parameter *parameters, uint32_t count, struct span name)
{
	for (uint32_t i = 0; i < count; i++)
		if (span_equal(name, span_of(parameters[i].name)))
			return &parameters[i];
	return NULL;
}

bool url_query_read(struct span query, struct url_parameter *parameters, uint32_t count,
	struct buffer *memory, struct span *wrong)
{
	struct span value;
	for (uint32_t i = 0; i < count; i++)
		parameters[i].value = (struct span){NULL, 0};
	/* Values are spans of `memory`, which must therefore not move: room for all of them first.
	 */
	if (query.size && buffer_reserve(memory, query.size) == NULL) {
		*wrong = query;
		return false;
	}
	while (url_query_next(&query, wrong, &value)) {
		struct url_parameter *parameter = find_parameter(parameters, count, *wrong);
		size_t at = memory->size;
		if (parameter == NULL || parameter->value.at || !url_decode_query(memory, value))
			return false;
		parameter->value = (struct span){memory->bytes + at, memory->size - at};
	}
	return true;
}

bool url_match(struct span path, const char *pattern, struct span *values, uint32_t count_max,
	uint32_t *count)
{
	struct span expected = span_of(pattern);
	*count = 0;
	while (expected.size) {
		if (span_starts(expected, SPAN("{}"))) {
			struct span segment = {path.at, span_find(path, '/')};
			if (segment.size == 0 || *count == count_max)
				return false;
			values[(*count)++] = segment;
			path = span_skip(path, segment.size);
			expected = span_skip(expected, 2);
			continue;
		}
		if (path.size == 0 || path.at[0] != expected.at[0])
			return false;
		path = span_skip(path, 1);
		expected = span_skip(expected, 1);
	}
	return path.size == 0;
}

bool url_read(struct span text, struct url *url)
{
	size_t size = 0;
	*url = (struct url){.path = SPAN("/")};
	if (span_starts(text, SPAN("http://"))) {
		text = span_skip(text, 7);
	} else if (span_starts(text, SPAN("https://"))) {
		text = span_skip(text, 8);
		url->secure = true;
	} else {
		return false;
	}
	while (size < text.size && text.at[size] != '/')
		size++;
	if (!http_authority_read((struct span){text.at, size}, &url->authority))
		return false;
	if (url->authority.port == 0)
		return false;
	url->port = (uint16_t)(url->authority.port > 0 ? url->authority.port
			       : url->secure           ? 443
						       : 80);
	for (size_t i = size; i < text.size; i++)
		if (text.at[i] <= ' ' || text.at[i] >= 0x7f || strchr("\"#<>\\^`?{|}", text.at[i]))
			return false;
	if (size < text.size)
		url->path = span_skip(text, size);
	return true;
}

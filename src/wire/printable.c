/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each character is looked at whole, since half of one means nothing, and is replaced by as many
 * bytes as it had, so that cleaning needs no room.
 */
#include "wire/printable.h"

#include "base/text.h"

#include <string.h>

/* Unicode: marks of direction and their ends, and the two separators that break lines. */
static bool changes_line(uint32_t code)
{
	return code == 0x061c || (code >= 0x200e && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static bool is_shown(uint32_t code)
{
	return code >= ' ' && (code < 0x7f || code > 0x9f) && !changes_line(code);
}

void printable_clean(char *text, size_t size)
{
	size_t at = 0;

	while (at < size) {
		struct bal_text rest = {text + at, (uint32_t)(size - at)};
		uint32_t code = 0;
		uint32_t bytes = text_character(rest, &code);
		bool blank = bytes == 1 && (code == '\n' || code == '\r' || code == '\t');

		if (bytes == 0 || !is_shown(code))
			memset(text + at, blank ? ' ' : '?', bytes == 0 ? 1 : bytes);
		at += bytes == 0 ? 1 : bytes;
	}
}

size_t printable_copy(char *to, size_t size, struct span text)
{
	static const char more[] = "...";
	size_t used = text.size;

	if (used >= size) {
		used = size - sizeof more;
		/* Back to the first byte of the character that is cut. */
		while (used > 0 && ((unsigned char)text.at[used] & 0xc0) == 0x80)
			used--;
	}
	if (used > 0)
		memcpy(to, text.at, used);
	printable_clean(to, used);
	if (used < text.size) {
		memcpy(to + used, more, sizeof more - 1);
		used += sizeof more - 1;
	}
	to[used] = '\0';
	return used;
}

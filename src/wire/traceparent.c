/* SPDX-License-Identifier: Apache-2.0 */
/* Every place is checked before a digit is read: the form has no optional parts. */
#include "wire/traceparent.h"

#include <inttypes.h>
#include <stdio.h>

#define SIZE_00 55

/* Lower case only, as section 3.2.2 wants it. */
static bool read_hex(const char *at, size_t digits, uint64_t *number)
{
	uint64_t value = 0;

	for (size_t i = 0; i < digits; i++) {
		char byte = at[i];

		if (byte >= '0' && byte <= '9')
			value = value << 4 | (uint64_t)(byte - '0');
		else if (byte >= 'a' && byte <= 'f')
			value = value << 4 | (uint64_t)(byte - 'a' + 10);
		else
			return false;
	}
	*number = value;
	return true;
}

static bool has_form(struct span text)
{
	if (text.size < SIZE_00 || text.at[2] != '-' || text.at[35] != '-' || text.at[52] != '-')
		return false;
	return text.size == SIZE_00 || text.at[SIZE_00] == '-';
}

bool traceparent_read(struct span text, struct traceparent *to)
{
	struct traceparent read;
	uint64_t version, flags;

	if (!has_form(text) || !read_hex(text.at, 2, &version) || version == 0xff ||
		(version == 0 && text.size != SIZE_00))
		return false;
	if (!read_hex(text.at + 3, 16, &read.trace[0]) ||
		!read_hex(text.at + 19, 16, &read.trace[1]) ||
		!read_hex(text.at + 36, 16, &read.span) || !read_hex(text.at + 53, 2, &flags))
		return false;
	if ((read.trace[0] == 0 && read.trace[1] == 0) || read.span == 0)
		return false;
	read.flags = (uint8_t)flags;
	*to = read;
	return true;
}

void traceparent_write(const struct traceparent *from, char text[TRACEPARENT_SIZE])
{
	snprintf(text, TRACEPARENT_SIZE, "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-%02x",
		from->trace[0], from->trace[1], from->span, (unsigned)from->flags);
}

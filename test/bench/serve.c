/* SPDX-License-Identifier: Apache-2.0 */
/* The head is searched once per read, without state: heads here are a few hundred bytes and come
 * in one piece, so that a parser with memory would cost more than it saves. */
#include "serve.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char LENGTH_NAME[] = "\r\ncontent-length:";

bool read_number(const char *text, unsigned long max, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *number <= max;
}

/* The value of Content-Length in a head; 0 without one. */
static size_t body_size(const char *head, size_t count)
{
	size_t name_size = sizeof LENGTH_NAME - 1;

	for (size_t i = 0; i + name_size < count; i++)
		if (head[i] == '\r' && strncasecmp(head + i, LENGTH_NAME, name_size) == 0)
			return strtoul(head + i + name_size, NULL, 10);
	return 0;
}

size_t message_size(const char *bytes, size_t count)
{
	const char *end = memmem(bytes, count, "\r\n\r\n", 4);
	size_t size;

	if (end == NULL)
		return 0;
	size = (size_t)(end - bytes) + 4;
	size += body_size(bytes, size);
	return size <= count ? size : 0;
}

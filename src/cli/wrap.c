/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output becomes a stream of its own that keeps a line until it has ended, so that no
 * command needs to know of it. Sequences of colour take no room; a word that is longer than a line
 * is broken where the line ends. */
#include "cli/wrap.h"

#include "cli/show.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_SIZE 65536
#define INDENT_SHARE  2 /* of a line at most */

static struct {
	FILE *real;
	unsigned room;
	size_t used;
	char line[LINE_MAX_SIZE];
} out;

/* Bytes of the character at a place, and the columns that it takes. */
static size_t character(const char *at, size_t left, size_t *columns)
{
	size_t size = 1;

	*columns = 1;
	if (at[0] == '\033') {
		while (size < left && !(at[size] >= '@' && at[size] <= '~' && at[size] != '['))
			size++;
		*columns = 0;
		return size < left ? size + 1 : left;
	}
	while (size < left && ((unsigned char)at[size] & 0xc0) == 0x80)
		size++;
	return size;
}

/* Where the text of a line begins that goes on: behind its spaces and, in a list of things with an
 * explanation each, behind the gap of two before that. */
static size_t indent_of(const char *line, size_t size)
{
	size_t lead = strspn(line, " "), gap = 0;

	for (size_t i = lead; i + 2 < size && i < out.room / INDENT_SHARE; i++)
		if (line[i] == ' ' && line[i + 1] == ' ' && line[i + 2] != ' ')
			gap = i + 2;
	gap = gap > 0 ? gap : lead + 2;
	return gap < out.room / INDENT_SHARE ? gap : 2;
}

/* The bytes of `line` that fit into so many columns, up to a space where there is one. */
static size_t piece(const char *line, size_t size, size_t room)
{
	size_t at = 0, taken = 0, space = 0;

	while (at < size) {
		size_t columns, bytes = character(line + at, size - at, &columns);

		if (taken + columns > room)
			return space > 0 ? space : at;
		if (line[at] == ' ' && at > 0 && line[at - 1] != ' ' && taken > room / 4)
			space = at;
		taken += columns;
		at += bytes;
	}
	return size;
}

static void put_line(const char *line, size_t size)
{
	size_t indent = indent_of(line, size);
	size_t used = piece(line, size, out.room);

	fwrite(line, 1, used, out.real);
	while (used < size) {
		size_t next;

		while (used < size && line[used] == ' ')
			used++;
		if (used == size)
			break;
		next = piece(line + used, size - used, out.room - indent);
		fprintf(out.real, "\n%*s", (int)indent, "");
		fwrite(line + used, 1, next, out.real);
		used += next;
	}
}

static void end_line(bool ended)
{
	out.line[out.used] = '\0';
	put_line(out.line, out.used);
	if (ended)
		fputc('\n', out.real);
	out.used = 0;
}

static ssize_t take(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			end_line(true);
		else
			out.line[out.used++] = text[i];
		if (out.used == LINE_MAX_SIZE - 1)
			end_line(false);
	}
	return fflush(out.real) == 0 ? (ssize_t)size : 0;
}

static int end_all(void *cookie)
{
	(void)cookie;
	if (out.used > 0)
		end_line(false);
	return fflush(out.real);
}

static void close_stream(void)
{
	fclose(stdout);
}

void wrap_begin(void)
{
	FILE *stream;

	out.room = show_width();
	if (out.room < 20)
		return;
	stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take, .close = end_all});
	if (stream == NULL)
		return;
	setvbuf(stream, NULL, _IOLBF, 0);
	out.real = stdout;
	stdout = stream;
	atexit(close_stream);
}

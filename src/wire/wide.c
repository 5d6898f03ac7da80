/* SPDX-License-Identifier: Apache-2.0 */
/* Not on top of csv.h: its rows are short, these have thousands of fields. Quotes hold neither
 * commas nor line ends here, as nobody names a series so. */
#include "wire/wide.h"

#include "wire/points.h"

static struct span unquote(struct span field)
{
	if (field.size >= 2 && field.at[0] == '"' && field.at[field.size - 1] == '"')
		return (struct span){field.at + 1, field.size - 2};
	return field;
}

void wide_init(struct wide *wide, struct span text)
{
	if (span_starts(text, SPAN("\xEF\xBB\xBF")))
		text = span_skip(text, 3);
	wide->rest = text;
	wide->line = 0;
	wide->reason = NULL;
	wide->count = 0;
}

static bool refuse(struct wide *wide, const char *reason)
{
	wide->reason = reason;
	wide->rest = (struct span){NULL, 0};
	return false;
}

/* The next line without its end. */
static struct span take_line(struct wide *wide)
{
	size_t size = span_find(wide->rest, '\n');
	struct span line = {wide->rest.at, size};

	wide->rest = span_skip(wide->rest, size + 1);
	wide->line++;
	if (line.size > 0 && line.at[line.size - 1] == '\r')
		line.size--;
	return line;
}

/* True when the line is a header: its second field is no value. */
static bool is_header(struct span line)
{
	double value;

	span_cut(&line, ',');
	struct span field = unquote(span_cut(&line, ','));
	return !points_read_value(field, &value);
}

/* Trailing fields without a value are no part of the series. */
static void drop_end(struct wide *wide)
{
	while (wide->count > 0 && wide->values[wide->count - 1] != wide->values[wide->count - 1])
		wide->count--;
}

static bool take_row(struct wide *wide, struct span line)
{
	wide->id = unquote(span_cut(&line, ','));
	wide->count = 0;
	while (line.at != NULL) {
		struct span field = unquote(span_cut(&line, ','));

		if (wide->count == WIDE_VALUES_MAX)
			return refuse(wide, "more than 65536 values in one row");
		if (!points_read_value(field, &wide->values[wide->count++]))
			return refuse(wide, "expected numbers within 1e30 behind the id");
	}
	drop_end(wide);
	return wide->count > 0 || refuse(wide, "expected id,value,value,...");
}

bool wide_next(struct wide *wide)
{
	while (wide->rest.size > 0) {
		struct span line = take_line(wide);
		bool header = wide->line == 1 && is_header(line);

		if (span_trim(line).size > 0 && !header)
			return take_row(wide, line);
	}
	return false;
}

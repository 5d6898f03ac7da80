/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict about what a value is and lenient about the order of rows: a misread value spoils a
 * forecast without a sign, whereas late rows are what collectors write every day.
 */
#include "wire/points.h"

#include "base/num.h"
#include "base/text.h"
#include "base/units.h"
#include "wire/csv.h"
#include "wire/trace.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_FIRST = 1024, TIME_SIZE_MAX = 40, DATE_SIZE = 10, MINUTE_SIZE = 16 };

/* Numbers below are seconds until the year 5138, then ms, then us; each unit is told apart from the
 * next for all times after 1973. */
#define SECONDS_MAX 1e11
#define MILLIS_MAX  1e14
#define MICROS_MAX  1e17

static struct bal_text text_of(struct span span)
{
	return (struct bal_text){span.at, (uint32_t)span.size};
}

static bool read_number(struct span text, double *value)
{
	return text.size > 0 && text.size <= TEXT_DOUBLE_SIZE_MAX &&
	       text_parse_double(text_of(text), value);
}

/* Whole numbers are read as such: nanoseconds since 1970 do not fit into a double. */
static bool read_epoch(struct span text, int64_t *at_ns)
{
	uint64_t whole;
	double number;

	if (span_number(text, INT64_MAX, &whole)) {
		double size = (double)whole;
		int64_t unit_ns = size < SECONDS_MAX  ? NS_PER_S
				  : size < MILLIS_MAX ? NS_PER_MS
				  : size < MICROS_MAX ? NS_PER_US
						      : 1;
		*at_ns = num_mul_i64((int64_t)whole, unit_ns);
		return *at_ns < INT64_MAX;
	}
	if (!read_number(text, &number) || number < 0 || number >= SECONDS_MAX)
		return false;
	*at_ns = num_to_i64(number * 1e9);
	return *at_ns < INT64_MAX;
}

bool points_read_time(struct span text, int64_t *at_ns)
{
	char whole[TIME_SIZE_MAX];
	const char *rest = "";

	text = span_trim(text);
	if (read_epoch(text, at_ns))
		return true;
	if (text.size == DATE_SIZE)
		rest = " 00:00:00";
	else if (text.size == MINUTE_SIZE)
		rest = ":00";
	if (text.size < DATE_SIZE || text.size + strlen(rest) > sizeof whole)
		return false;
	memcpy(whole, text.at, text.size);
	memcpy(whole + text.size, rest, strlen(rest));
	return trace_read_time((struct span){whole, text.size + strlen(rest)}, at_ns);
}

static bool is_missing(struct span text)
{
	static const char *const words[] = {"", "NA", "NaN", "N/A", "null", "-"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_equal_nocase(text, span_of(words[i])))
			return true;
	return false;
}

bool points_read_value(struct span text, double *value)
{
	text = span_trim(text);
	if (is_missing(text)) {
		*value = __builtin_nan("");
		return true;
	}
	return read_number(text, value) && num_abs(*value) <= POINTS_VALUE_MAX;
}

static bool refuse(struct points *points, uint64_t line, const char *reason)
{
	points->line = line;
	points->reason = reason;
	return false;
}

static bool append(struct points *points, uint64_t line, struct point point)
{
	if (points->count == POINTS_ROWS_MAX)
		return refuse(points, line, "more than 16777216 rows");
	if (points->count == points->capacity) {
		size_t capacity = points->capacity ? 2 * points->capacity : ROWS_FIRST;
		void *items = realloc(points->items, capacity * sizeof *points->items);

		if (items == NULL)
			return refuse(points, line, "no memory");
		points->items = items;
		points->capacity = capacity;
	}
	if (points->count > 0) {
		int64_t before_ns = points->items[points->count - 1].at_ns;

		points->unordered_count += point.at_ns < before_ns;
		points->doubled_count += point.at_ns == before_ns;
	}
	points->missing_count += point.value != point.value;
	point.row = points->count;
	points->items[points->count++] = point;
	return true;
}

static bool take_row(struct points *points, const struct csv_reader *csv, bool first)
{
	struct point point;

	if (csv->field_count < 2)
		return refuse(points, csv->row_line, "expected timestamp,value");
	bool time = points_read_time(csv_field(csv, 0), &point.at_ns);
	bool value = points_read_value(csv_field(csv, 1), &point.value);
	if (first && !time && !value)
		return true;
	if (!time)
		return refuse(points, csv->row_line,
			"expected a time such as 2024-02-29T12:30:00Z or seconds since 1970");
	if (!value)
		return refuse(points, csv->row_line,
			"expected a number within 1e30, or nothing for a missing value");
	return append(points, csv->row_line, point);
}

static bool read_rows(struct points *points, struct csv_reader *csv, struct span text)
{
	for (bool first = true;; first = false) {
		enum csv_event event = csv_next(csv, &text);

		if (event == CSV_MORE)
			event = csv_end(csv);
		if (event == CSV_MORE)
			break;
		if (event == CSV_REFUSED)
			return refuse(points, csv->line, csv->reason);
		if (!take_row(points, csv, first))
			return false;
	}
	return points->count > 0 ||
	       refuse(points, csv->line, "no row of timestamp,value in the file");
}

/* Empty lines at the end are another number of fields, which csv refuses. */
static struct span trim_end(struct span text)
{
	while (text.size > 0 && strchr("\r\n \t", text.at[text.size - 1]) != NULL &&
		text.at[text.size - 1] != 0)
		text.size--;
	return text;
}

bool points_read(struct points *points, struct span text)
{
	struct csv_reader csv;

	*points = (struct points){0};
	if (span_starts(text, SPAN("\xEF\xBB\xBF")))
		text = span_skip(text, 3);
	csv_init(&csv);
	bool read = read_rows(points, &csv, trim_end(text));
	csv_release(&csv);
	return read;
}

void points_release(struct points *points)
{
	free(points->items);
	*points = (struct points){0};
}

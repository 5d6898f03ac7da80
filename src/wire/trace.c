/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes go through gzip when they begin like it, then through csv, then a row becomes an item. A
 * row that cannot be read ends everything: a trace with a hole in it would still give a result, a
 * wrong one.
 */
#include "wire/trace.h"

#include "base/units.h"
#include "wire/json.h"

#include <string.h>

enum { YEAR_MIN = 1970, YEAR_MAX = 2261, FRACTION_DIGITS_MAX = 9, FIELDS_AZURE = 3 };

void trace_init(struct trace_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
	csv_init(&reader->csv);
	buffer_init(&reader->text, TRACE_LINE_SIZE_MAX);
}

void trace_release(struct trace_reader *reader)
{
	csv_release(&reader->csv);
	buffer_release(&reader->text);
	if (reader->packed)
		gzip_release(&reader->gzip);
}

static enum trace_event refuse(struct trace_reader *reader, const char *reason)
{
	reader->refused = true;
	reader->reason = reason;
	if (!reader->lines)
		reader->line = reader->csv.row_line;
	return TRACE_REFUSED;
}

/* `size` digits at the front of `text`, which moves. */
static bool take_digits(struct span *text, size_t size, uint64_t max, uint64_t *number)
{
	if (text->size < size || !span_number((struct span){text->at, size}, max, number))
		return false;
	*text = span_skip(*text, size);
	return true;
}

static bool take_byte(struct span *text, char byte)
{
	if (text->size == 0 || text->at[0] != byte)
		return false;
	*text = span_skip(*text, 1);
	return true;
}

/* Days from 1970-01-01 to a date, by counting: years are few. 0 for an impossible date. */
static bool count_days(uint64_t year, uint64_t month, uint64_t day, int64_t *days)
{
	static const uint8_t sizes[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	*days = 0;
	for (uint64_t y = YEAR_MIN; y < year; y++)
		*days += y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 366 : 365;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	for (uint64_t m = 1; m < month; m++)
		*days += sizes[m - 1] + (m == 2 && leap);
	uint64_t size = (uint64_t)sizes[month - 1] + (month == 2 && leap);
	*days += (int64_t)day - 1;
	return day >= 1 && day <= size;
}

static bool take_fraction(struct span *text, int64_t *fraction_ns)
{
	int64_t unit_ns = NS_PER_S;
	*fraction_ns = 0;
	if (!take_byte(text, '.'))
		return true;
	while (text->size && text->at[0] >= '0' && text->at[0] <= '9') {
		unit_ns /= 10;
		if (unit_ns == 0)
			return false;
		*fraction_ns += unit_ns * (text->at[0] - '0');
		*text = span_skip(*text, 1);
	}
	return unit_ns < NS_PER_S;
}

bool trace_read_time(struct span text, int64_t *utc_ns)
{
	uint64_t year, month, day, hour, minute, second;
	int64_t days, fraction_ns;
	bool date = take_digits(&text, 4, YEAR_MAX, &year) && take_byte(&text, '-') &&
		    take_digits(&text, 2, 12, &month) && take_byte(&text, '-') &&
		    take_digits(&text, 2, 31, &day);
	bool clock = date && (take_byte(&text, ' ') || take_byte(&text, 'T')) &&
		     take_digits(&text, 2, 23, &hour) && take_byte(&text, ':') &&
		     take_digits(&text, 2, 59, &minute) && take_byte(&text, ':') &&
		     take_digits(&text, 2, 59, &second) && take_fraction(&text, &fraction_ns);
	if (!clock || year < YEAR_MIN || month < 1 || !count_days(year, month, day, &days))
		return false;
	if (text.size && !span_equal(text, SPAN("Z")) && !span_equal(text, SPAN("+00:00")))
		return false;
	*utc_ns = ((days * 24 + (int64_t)hour) * 60 + (int64_t)minute) * NS_PER_MIN +
		  (int64_t)second * NS_PER_S + fraction_ns;
	return true;
}

/* The first row is a header, or a count already. */
static enum trace_event take_first(struct trace_reader *reader)
{
	const struct csv_reader *csv = &reader->csv;
	reader->headed = true;
	if (csv->field_count == FIELDS_AZURE) {
		bool known = span_equal_nocase(csv_field(csv, 0), SPAN("TIMESTAMP")) &&
			     span_equal_nocase(csv_field(csv, 1), SPAN("ContextTokens")) &&
			     span_equal_nocase(csv_field(csv, 2), SPAN("GeneratedTokens"));
		return known ? TRACE_MORE
			     : refuse(reader,
				       "the header is not TIMESTAMP,ContextTokens,GeneratedTokens");
	}
	reader->counts = csv->field_count == 1;
	return reader->counts ? TRACE_ITEM
			      : refuse(reader, "neither three fields nor one count per line");
}

static enum trace_event take_count(struct trace_reader *reader)
{
	uint64_t count;
	if (!span_number(csv_field(&reader->csv, 0), TRACE_COUNT_MAX, &count))
		return refuse(reader, "expected a count of requests in one second");
	reader->item =
		(struct trace_item){.at_ns = reader->rows * NS_PER_S, .count = (uint32_t)count};
	reader->rows++;
	return TRACE_ITEM;
}

/* Hands over one request; times count from the first. */
static enum trace_event give_request(
	struct trace_reader *reader, int64_t at_ns, uint32_t context, uint32_t generated)
{
	if (reader->rows == 0)
		reader->first_ns = at_ns;
	else if (at_ns < reader->last_ns)
		return refuse(reader, "the time goes back");
	reader->last_ns = at_ns;
	reader->rows++;
	reader->item = (struct trace_item){.at_ns = at_ns - reader->first_ns,
		.count = 1,
		.context_tokens = context,
		.generated_tokens = generated};
	return TRACE_ITEM;
}

static enum trace_event take_request(struct trace_reader *reader)
{
	uint64_t context, generated;
	int64_t at_ns;
	if (!trace_read_time(csv_field(&reader->csv, 0), &at_ns))
		return refuse(reader, "expected a time such as 2023-11-16 18:15:46.6805900");
	if (!span_number(csv_field(&reader->csv, 1), TRACE_TOKENS_MAX, &context) ||
		!span_number(csv_field(&reader->csv, 2), TRACE_TOKENS_MAX, &generated))
		return refuse(reader, "expected a number of tokens");
	return give_request(reader, at_ns, (uint32_t)context, (uint32_t)generated);
}

static enum trace_event take_row(struct trace_reader *reader)
{
	reader->line = reader->csv.row_line;
	if (!reader->headed) {
		enum trace_event event = take_first(reader);
		if (event != TRACE_ITEM)
			return event;
	}
	return reader->counts ? take_count(reader) : take_request(reader);
}

/* ---- lines of JSON ---- */

static bool get_number(yyjson_val *object, const char *name, uint64_t max, uint64_t *number)
{
	yyjson_val *value = yyjson_obj_get(object, name);
	if (!yyjson_is_uint(value) || yyjson_get_uint(value) > max)
		return false;
	*number = yyjson_get_uint(value);
	return true;
}

static enum trace_event take_object(struct trace_reader *reader, yyjson_val *object)
{
	uint64_t at_ms, context, generated;
	if (!get_number(object, "timestamp", INT64_MAX / (uint64_t)NS_PER_MS, &at_ms))
		return refuse(reader, "expected \"timestamp\" in milliseconds");
	if (!get_number(object, "input_length", TRACE_TOKENS_MAX, &context) ||
		!get_number(object, "output_length", TRACE_TOKENS_MAX, &generated))
		return refuse(reader, "expected \"input_length\" and \"output_length\" in tokens");
	return give_request(
		reader, (int64_t)at_ms * NS_PER_MS, (uint32_t)context, (uint32_t)generated);
}

/* The whole line is in reader->text.  An empty one is nothing. */
static enum trace_event take_line(struct trace_reader *reader)
{
	struct span line = span_trim(buffer_span(&reader->text));
	struct json json;
	struct json_error error;
	enum trace_event event;
	reader->line++;
	if (line.size && line.at[line.size - 1] == '\r')
		line.size--;
	if (line.size == 0) {
		buffer_clear(&reader->text);
		return TRACE_MORE;
	}
	if (!json_read(&json, line, TRACE_LINE_SIZE_MAX, &error))
		return refuse(reader, "expected one JSON object per line");
	event = take_object(reader, json.root);
	json_release(&json);
	buffer_clear(&reader->text);
	return event;
}

static enum trace_event take_lines(struct trace_reader *reader, struct span *text)
{
	while (text->size) {
		size_t size = span_find(*text, '\n');
		bool whole = size < text->size;
		enum trace_event event;
		if (!buffer_append(&reader->text, text->at, size))
			return refuse(reader, "a line is too long");
		*text = span_skip(*text, whole ? size + 1 : size);
		if (!whole)
			break;
		event = take_line(reader);
		if (event != TRACE_MORE)
			return event;
		buffer_clear(&reader->text);
	}
	return TRACE_MORE;
}

/* Rows from `text` until one is an item. */
static enum trace_event take_text(struct trace_reader *reader, struct span *text)
{
	if (!reader->known && text->size) {
		reader->known = true;
		reader->lines = text->at[0] == '{';
	}
	if (reader->lines)
		return take_lines(reader, text);
	for (;;) {
		enum csv_event event = csv_next(&reader->csv, text);
		if (event == CSV_REFUSED)
			return refuse(reader, reader->csv.reason);
		if (event == CSV_MORE)
			return TRACE_MORE;
		enum trace_event row = take_row(reader);
		if (row != TRACE_MORE)
			return row;
	}
}

/* Unpack the next piece; TRACE_ITEM stands for "there is one". */
static enum trace_event unpack_piece(struct trace_reader *reader, struct span *input)
{
	uint32_t size;
	switch (gzip_next(&reader->gzip, input, reader->piece, TRACE_PIECE_SIZE, &size)) {
	case GZIP_OUTPUT:
		reader->left = (struct span){reader->piece, size};
		return TRACE_ITEM;
	case GZIP_REFUSED:
		return refuse(reader, reader->gzip.reason);
	default:
		return TRACE_MORE;
	}
}

static enum trace_event take_packed(struct trace_reader *reader, struct span *input)
{
	for (;;) {
		enum trace_event event = take_text(reader, &reader->left);
		if (event != TRACE_MORE)
			return event;
		event = unpack_piece(reader, input);
		if (event != TRACE_ITEM)
			return event;
	}
}

/* Look at the first bytes, which may come one by one, and hand them to whom they belong. */
static enum trace_event start_stream(struct trace_reader *reader, struct span *input, bool ended)
{
	struct span magic;
	while (reader->magic_size < GZIP_MAGIC_SIZE && input->size) {
		reader->magic[reader->magic_size++] = input->at[0];
		*input = span_skip(*input, 1);
	}
	if (reader->magic_size < GZIP_MAGIC_SIZE && !ended)
		return TRACE_MORE;
	reader->started = true;
	magic = (struct span){reader->magic, reader->magic_size};
	if (!gzip_detect(magic)) {
		/* Two bytes cannot hold an item and a rest: at most "7\n". */
		return take_text(reader, &magic);
	}
	if (!gzip_init(&reader->gzip, TRACE_SIZE_MAX))
		return refuse(reader, "no memory");
	reader->packed = true;
	return unpack_piece(reader, &magic) == TRACE_REFUSED ? TRACE_REFUSED : TRACE_MORE;
}

enum trace_event trace_next(struct trace_reader *reader, struct span *input)
{
	if (reader->refused)
		return TRACE_REFUSED;
	if (!reader->started) {
		enum trace_event event = start_stream(reader, input, false);
		if (event != TRACE_MORE || !reader->started)
			return event;
	}
	return reader->packed ? take_packed(reader, input) : take_text(reader, input);
}

enum trace_event trace_end(struct trace_reader *reader)
{
	struct span nothing = {NULL, 0};
	if (reader->refused)
		return TRACE_REFUSED;
	if (!reader->started) {
		enum trace_event event = start_stream(reader, &nothing, true);
		if (event != TRACE_MORE)
			return event;
	}
	if (reader->packed) {
		enum trace_event event = take_packed(reader, &nothing);
		if (event != TRACE_MORE)
			return event;
		if (!gzip_end(&reader->gzip))
			return refuse(reader, "the packed stream is cut off");
	}
	if (reader->lines)
		return reader->text.size ? take_line(reader) : TRACE_MORE;
	switch (csv_end(&reader->csv)) {
	case CSV_REFUSED:
		return refuse(reader, reader->csv.reason);
	case CSV_ROW:
		return take_row(reader);
	default:
		return TRACE_MORE;
	}
}

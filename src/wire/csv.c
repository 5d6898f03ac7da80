/* SPDX-License-Identifier: Apache-2.0 */
/* One state per byte position that matters; each byte is looked at once and copied at most once. */
#include "wire/csv.h"

enum csv_state { FIELD_START, PLAIN, QUOTED, QUOTE_SEEN, CR_SEEN, REFUSED };

void csv_init(struct csv_reader *reader)
{
	*reader = (struct csv_reader){.line = 1, .row_line = 1, .state = FIELD_START};
	buffer_init(&reader->bytes, CSV_ROW_SIZE_MAX);
}

void csv_release(struct csv_reader *reader)
{
	buffer_release(&reader->bytes);
}

static enum csv_event refuse(struct csv_reader *reader, const char *reason)
{
	reader->state = REFUSED;
	reader->reason = reason;
	return CSV_REFUSED;
}

static enum csv_event append_byte(struct csv_reader *reader, char byte)
{
	if (byte == 0)
		return refuse(reader, "a zero byte");
	if (!buffer_append_byte(&reader->bytes, byte))
		return refuse(reader, "a row longer than 64 KiB");
	return CSV_MORE;
}

static enum csv_event end_field(struct csv_reader *reader)
{
	if (reader->field_count == CSV_FIELDS_MAX)
		return refuse(reader, "more than 64 fields");
	reader->ends[reader->field_count++] = (uint32_t)reader->bytes.size;
	reader->state = FIELD_START;
	return CSV_MORE;
}

static enum csv_event end_row(struct csv_reader *reader)
{
	if (end_field(reader) == CSV_REFUSED)
		return CSV_REFUSED;
	if (reader->field_count_first == 0)
		reader->field_count_first = reader->field_count;
	if (reader->field_count != reader->field_count_first)
		return refuse(reader, "another number of fields than in the first row");
	reader->row_given = true;
	return CSV_ROW;
}

/* A byte outside quotes that is not the first of a field's content. */
static enum csv_event take_separator(struct csv_reader *reader, char byte)
{
	switch (byte) {
	case ',':
		return end_field(reader);
	case '\n':
		return end_row(reader);
	case '\r':
		reader->state = CR_SEEN;
		return CSV_MORE;
	default:
		return refuse(reader, "text behind a closing quote");
	}
}

static bool is_separator(char byte)
{
	return byte == ',' || byte == '\n' || byte == '\r';
}

static enum csv_event take_byte(struct csv_reader *reader, char byte)
{
	switch (reader->state) {
	case FIELD_START:
		if (byte == '"') {
			reader->state = QUOTED;
			return CSV_MORE;
		}
		reader->state = PLAIN;
		return is_separator(byte) ? take_separator(reader, byte)
					  : append_byte(reader, byte);
	case PLAIN:
		if (byte == '"')
			return refuse(reader, "a quote inside a field without quotes");
		return is_separator(byte) ? take_separator(reader, byte)
					  : append_byte(reader, byte);
	case QUOTED:
		if (byte == '"') {
			reader->state = QUOTE_SEEN;
			return CSV_MORE;
		}
		return append_byte(reader, byte);
	case QUOTE_SEEN:
		if (byte == '"') {
			reader->state = QUOTED;
			return append_byte(reader, byte);
		}
		return take_separator(reader, byte);
	case CR_SEEN:
		return byte == '\n' ? end_row(reader) : refuse(reader, "CR without LF");
	default:
		return CSV_REFUSED;
	}
}

static void begin_row(struct csv_reader *reader)
{
	if (!reader->row_given)
		return;
	reader->row_given = false;
	reader->row_line = reader->line;
	reader->field_count = 0;
	buffer_clear(&reader->bytes);
}

enum csv_event csv_next(struct csv_reader *reader, struct span *input)
{
	begin_row(reader);
	while (input->size && reader->state != REFUSED) {
		char byte = input->at[0];
		*input = span_skip(*input, 1);
		enum csv_event event = take_byte(reader, byte);
		if (byte == '\n' && event != CSV_REFUSED)
			reader->line++;
		if (event != CSV_MORE)
			return event;
	}
	return reader->state == REFUSED ? CSV_REFUSED : CSV_MORE;
}

enum csv_event csv_end(struct csv_reader *reader)
{
	begin_row(reader);
	if (reader->state == REFUSED)
		return CSV_REFUSED;
	if (reader->state == QUOTED)
		return refuse(reader, "a quote that is never closed");
	if (reader->state == CR_SEEN)
		return refuse(reader, "CR without LF");
	if (reader->state == FIELD_START && reader->field_count == 0)
		return CSV_MORE;
	return end_row(reader);
}

struct span csv_field(const struct csv_reader *reader, uint32_t index)
{
	if (index >= reader->field_count)
		return (struct span){NULL, 0};
	size_t from = index ? reader->ends[index - 1] : 0;
	/* A row of empty fields never made the buffer allocate. */
	const char *bytes = reader->bytes.bytes ? reader->bytes.bytes : "";
	return (struct span){bytes + from, reader->ends[index] - from};
}

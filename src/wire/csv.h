/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_CSV_H
#define BAL_WIRE_CSV_H

#include "wire/buffer.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * csv: comma-separated values by RFC 4180, row by row from a stream.
 *
 * Fields in quotes may hold commas, line ends and doubled quotes. A line ends in CR LF or LF; an
 *empty line is a row of one empty field. Refused: a quote inside a field without quotes, anything
 *between a closing quote and the comma, a CR alone, a zero byte, another number of fields than the
 *first row.
 *
 *	struct csv_reader reader;
 *	csv_init(&reader);
 *	while ((event = csv_next(&reader, &input)) == CSV_ROW)
 *		csv_field(&reader, 0) ...
 *	at the end of the stream: csv_end(&reader) gives the last row when it had no line end
 *	csv_release(&reader);
 */
enum {
	CSV_FIELDS_MAX = 64,
	CSV_ROW_SIZE_MAX = 1 << 16 /* bytes of one row's fields */
};

enum csv_event {
	CSV_MORE,   /* all input is used up (csv_end: there is no further row) */
	CSV_ROW,    /* fields are there until the next call */
	CSV_REFUSED /* for good; `reason` says why, `line` where */
};

struct csv_reader {
	uint32_t field_count; /* of the row */
	uint64_t line;        /* the line that is being read, from 1 */
	uint64_t row_line;    /* the line in which the row began */
	const char *reason;

	/* Below is the reader's own. */
	struct buffer bytes; /* the row's fields behind each other, unquoted */
	uint32_t ends[CSV_FIELDS_MAX];
	uint32_t field_count_first; /* of the first row; 0: none was read yet */
	int state;
	bool row_given;
};

/* A reader at the first byte of a stream; nothing is allocated yet. */
void csv_init(struct csv_reader *);

/* Free the row; needed after csv_init, however the reading ended. */
void csv_release(struct csv_reader *);

/* Read up to the end of a row and move `input` behind it. */
enum csv_event csv_next(struct csv_reader *, struct span *input);

/* The stream has ended: CSV_ROW once when the last line had no end, else CSV_MORE or CSV_REFUSED.
 */
enum csv_event csv_end(struct csv_reader *);

/* Field `index` of the row; absent when the row is shorter. Valid until the next call. */
struct span csv_field(const struct csv_reader *, uint32_t index);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_TRACE_H
#define BAL_WIRE_TRACE_H

#include "wire/csv.h"
#include "wire/gzip.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * trace: recorded load, request by request or as counts, plain or packed with gzip (found out from
 * the first bytes).
 *
 * Three forms: the Azure LLM inference CSV "TIMESTAMP,ContextTokens,GeneratedTokens", with times
 * such as "2023-11-16 18:15:46.6805900" in UTC and never going back; one count per line and second,
 * which gives items with `count` and no sizes; and one JSON object per line as in Mooncake's
 * traces, with "timestamp" in milliseconds, "input_length" and "output_length" in tokens.
 */
enum trace_event {
	TRACE_MORE,
	TRACE_ITEM,
	TRACE_REFUSED /* for good; `reason` and `line` say why */
};

enum {
	TRACE_PIECE_SIZE = 16384,     /* unpacked bytes that are read at a time */
	TRACE_LINE_SIZE_MAX = 1 << 20 /* of a line of JSON */
};
#define TRACE_SIZE_MAX   (UINT64_C(4) << 30) /* unpacked bytes of one trace */
#define TRACE_TOKENS_MAX 1000000000          /* per request */
#define TRACE_COUNT_MAX  10000000            /* per second */

struct trace_item {
	int64_t at_ns;  /* since the trace's first row */
	uint32_t count; /* requests: 1 in the forms that have sizes */
	uint32_t context_tokens;
	uint32_t generated_tokens;
};

struct trace_reader {
	struct trace_item item;
	const char *reason;
	uint64_t line;

	/* Below is the reader's own. */
	struct csv_reader csv;
	struct buffer text; /* JSON: the line so far */
	struct gzip_reader gzip;
	bool packed;
	bool started; /* the first bytes are known */
	bool known;   /* whether the text is lines of JSON: */
	bool lines;
	bool headed; /* the first row is behind us */
	bool counts; /* one count per line */
	bool refused;
	int64_t first_ns; /* time of the first row since 1970 */
	int64_t last_ns;
	int64_t rows;
	char magic[GZIP_MAGIC_SIZE];
	uint32_t magic_size;
	char piece[TRACE_PIECE_SIZE];
	struct span left; /* of `piece` */
};

/* A reader at the first byte of a stream; nothing is allocated yet. */
void trace_init(struct trace_reader *);

/* Free what reading took; needed after trace_init, however the reading ended. */
void trace_release(struct trace_reader *);

/* Read up to the next item and move `input`. */
enum trace_event trace_next(struct trace_reader *, struct span *input);

/* The stream has ended: TRACE_ITEM for a last line without end (call again), TRACE_MORE at the end.
 */
enum trace_event trace_end(struct trace_reader *);

/*
 * A time "YYYY-MM-DD HH:MM:SS[.fraction][Z|+00:00]" (also with T) in ns since 1970, UTC, years 1970
 * to 2261. False when it is anything else; up to 9 digits of the fraction count, more are refused.
 */
bool trace_read_time(struct span text, int64_t *utc_ns);

#endif

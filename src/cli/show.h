/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_SHOW_H
#define BAL_CLI_SHOW_H

#include "wire/json.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * show: JSON of the daemon as tables and lines for people.
 *
 * A table is as wide as it must be and, on a terminal, no wider than that: columns that may shrink
 * give way first.  Into a pipe nothing is cut.  Colours only on a terminal, and never when NO_COLOR
 * is set.  Whatever came over the wire is printed without control characters, so that no agent's
 * text can drive the terminal.
 */
enum show_kind {
	SHOW_TEXT,    /* text, or a list of texts */
	SHOW_NUMBER,  /* to the right */
	SHOW_SHARE,   /* 0.83 is 83% */
	SHOW_SECONDS, /* 75.2 is 1m15s */
	SHOW_TIME,    /* 2026-01-31T12:00:00Z is how long ago that is: 3m20s; or "in 3m20s" */
	SHOW_STATE,   /* text, coloured by what it means */
	SHOW_BYTES    /* 134217728 is 128M */
};

/* Rows of an array of columns. */
#define COUNT_OF(rows) ((uint32_t)(sizeof(rows) / sizeof((rows)[0])))

struct show_column {
	const char *title;
	const char *path; /* of the member: "a.b" */
	enum show_kind kind;
	bool shrinks;
};

#define SHOW_COLUMNS_MAX 32
#define SHOW_CELL_SIZE   256

/* The member "a.b" of an object; NULL when there is none. */
yyjson_val *show_member(yyjson_val *object, const char *path);

/* The value as one cell: never longer than `size`, always terminated. */
void show_cell(yyjson_val *value, enum show_kind kind, char *cell, size_t size);

/* Prints an array of objects as a table; `none` is said when it is empty. */
void show_table(
	yyjson_val *rows, const struct show_column *columns, uint32_t count, const char *none);

/* The same of many columns: as a table where it fits, or else each row as a heading of its first
 * `head_count` columns and below it all others that it has, with their titles, on as many lines as
 * that takes. */
void show_wide(yyjson_val *rows, const struct show_column *columns, uint32_t count,
	uint32_t head_count, const char *none);

/* Prints the members of one object that it has, one "title: value" per line. */
void show_object(yyjson_val *object, const struct show_column *columns, uint32_t count);

/* Seconds for people: 0.012 is "12ms", 75.2 "1m15s". */
void show_seconds(double seconds, char *text, size_t size);

/* A value as JSON, on one line; without control characters. */
void show_json(yyjson_val *value);

/* True when the output may have colours. */
bool show_colours(void);

/* Columns of the terminal; 0 when standard output is none. */
unsigned show_width(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_POINTS_H
#define BAL_WIRE_POINTS_H

#include "core/grid.h"
#include "wire/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * points: a series as people keep it, CSV of `timestamp,value`.
 *
 * A first line that is no row is a header. Columns beyond the second are not looked at. Times are
 * "2024-02-29 12:30:00", with T, Z, a fraction, or without seconds or clock, or a number of
 * seconds, ms, us or ns since 1970 (told apart by their size); all are UTC. A value that is empty,
 * NA, NaN, null or - is missing. Rows may be unordered and times may be doubled: both are counted
 * and left as they are, for grid.h to mend. All else is an error with its line: text, infinity, a
 * value beyond POINTS_VALUE_MAX.
 */
#define POINTS_VALUE_MAX 1e30
#define POINTS_ROWS_MAX  (UINT64_C(1) << 24)

struct points {
	struct point *items; /* in the order of the rows */
	size_t count;
	size_t missing_count;
	size_t unordered_count; /* rows earlier than the one before */
	size_t doubled_count;   /* rows of the same time as the one before */
	uint64_t line;          /* of the error, from 1 */
	const char *reason;     /* NULL: no error */

	size_t capacity; /* the reader's own */
};

/* Reads a whole file. False with `reason` and `line`; a file without a row is an error. Release in
 * both cases. */
bool points_read(struct points *points, struct span text);

/* Frees the items. */
void points_release(struct points *points);

/* The instant of a timestamp in one of the forms above; false when it is none. */
bool points_read_time(struct span text, int64_t *at_ns);

/* A value, or NaN for one that is missing; false when it is neither. */
bool points_read_value(struct span text, double *value);

#endif

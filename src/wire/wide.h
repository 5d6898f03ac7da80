/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_WIDE_H
#define BAL_WIRE_WIDE_H

#include "wire/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * wide: many series in one table, one per line: `id,value,value,...`, the form of the M4
 * competition. A first line that is no row is a header. Shorter rows may be filled up with empty
 * fields; an empty or NA field before the last value is missing. Fields may stand in quotes.
 */
#define WIDE_VALUES_MAX (1u << 16)

struct wide {
	struct span id;                 /* of the row; borrowed from the text */
	double values[WIDE_VALUES_MAX]; /* NaN: missing */
	uint32_t count;
	uint64_t line;      /* of the row or the error, from 1 */
	const char *reason; /* NULL: no error */

	struct span rest; /* the reader's own */
};

/* Starts at the first line of a text, which must outlive the reader. */
void wide_init(struct wide *wide, struct span text);

/* Reads the next row. False at the end, and, with `reason`, at an error. */
bool wide_next(struct wide *wide);

#endif

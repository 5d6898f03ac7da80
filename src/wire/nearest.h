/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_NEAREST_H
#define BAL_WIRE_NEAREST_H

#include "wire/span.h"

#include <stddef.h>

/*
 * nearest: "did you mean". Offer all names that are allowed; `best` is then the one that the wrong
 * name was probably meant to be, or NULL when none is near enough to be worth saying.
 */
struct nearest {
	struct span wrong;
	const char *best;
	size_t distance; /* edits between `wrong` and `best` */
};

/* Names longer than this are never near to anything. */
enum { NEAREST_SIZE_MAX = 64 };

/* Begins the search for the name that was meant by `wrong`, which is borrowed. */
void nearest_init(struct nearest *, struct span wrong);

/* `name` is borrowed as long as `best` is used. Of equally near names the first one stays. */
void nearest_offer(struct nearest *, const char *name);

#endif

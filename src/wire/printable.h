/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_PRINTABLE_H
#define BAL_WIRE_PRINTABLE_H

#include "wire/span.h"

/*
 * Foreign text made safe for one line of a log, a terminal or a message. Line ends and tabs become
 * a space, other control characters (those of C1 in UTF-8 too), characters that change the
 * direction of writing, and bytes that are no UTF-8 become "?".
 */

/* The same in place, no byte added or taken away. */
void printable_clean(char *text, size_t size);

/* A cleaned copy, terminated; one that does not fit in `size` (at least 4) ends in "...", cut
 * between two characters. Returns its size. */
size_t printable_copy(char *to, size_t size, struct span text);

#endif

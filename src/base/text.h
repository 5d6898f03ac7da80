/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_TEXT_H
#define BAL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballast.h"

/*
 * What can be found out about a text: its characters, how near it is to another, the number it is.
 * A struct bal_text, the form in which the public contract hands texts over, borrows its bytes, is
 * not terminated, and may have data NULL when its size is 0. Nothing here depends on a locale.
 * Values with units are wire/quantity's; what comes over a wire is a struct span.
 */

/* A text of a string literal, and the two arguments of printf's "%.*s". */
#define TEXT(literal)   ((struct bal_text){"" literal, sizeof(literal) - 1})
#define TEXT_ARGS(text) (int)(text).size, (text).data

/* Longest written double, and longest words that text_distance compares, in bytes. */
#define TEXT_DOUBLE_SIZE_MAX   1024
#define TEXT_DISTANCE_SIZE_MAX 64

/* ---- looking at text ---------------------------------------------------------------------- */

/* The text of a terminated string (borrowed); NULL is the empty text. */
struct bal_text text_from(const char *string);

/* Same bytes. */
bool text_equals(struct bal_text a, struct bal_text b);
/* Same bytes as the terminated string, which may be NULL for the empty one. */
bool text_equals_string(struct bal_text text, const char *string);

/* Size in bytes of the UTF-8 character at the front of a text that is not empty, its number in
 * *code; 0 when the bytes are no character (see text_is_utf8). */
uint32_t text_character(struct bal_text text, uint32_t *code);

/* True for well-formed UTF-8 (RFC 3629: nothing overlong, no surrogates, nothing beyond U+10FFFF),
 * the empty text included. */
bool text_is_utf8(struct bal_text text);

/*
 * Number of bytes to insert, remove, replace or swap with a neighbour (each stretch swapped at most
 * once) that makes b of a; distance_max + 1 when it is more than distance_max, or when either is
 * longer than TEXT_DISTANCE_SIZE_MAX.
 */
uint32_t text_distance(struct bal_text a, struct bal_text b, uint32_t distance_max);

/* A number as JSON writes it (-12.5e-3), all of it; the nearest double. False when it is beyond the
 * largest double; numbers too small become 0. */
bool text_parse_double(struct bal_text text, double *value);

#endif

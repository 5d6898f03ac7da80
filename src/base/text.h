/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_TEXT_H
#define BAL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballast.h"

/*
 * Pieces of text, and the values people write in them (text_builder.h writes them). A struct
 * bal_text borrows its bytes, is not terminated, and may have data NULL when its size is 0. Nothing
 * here depends on a locale.
 */

/* A text of a string literal, and the two arguments of printf's "%.*s". */
#define TEXT(literal)   ((struct bal_text){"" literal, sizeof(literal) - 1})
#define TEXT_ARGS(text) (int)(text).size, (text).data

#define TEXT_NAME_SIZE_MAX 128
/* Longest written double, and longest words that text_distance compares, in bytes. */
#define TEXT_DOUBLE_SIZE_MAX   1024
#define TEXT_DISTANCE_SIZE_MAX 64

/* What the parsers below take, for messages: "expected " TEXT_DURATION_FORM. */
#define TEXT_DURATION_FORM "a duration such as 250ms, 30s, 10m or 1h30m"
#define TEXT_SIZE_FORM     "a size such as 64KiB, 512MiB or 10kB"
#define TEXT_RATE_FORM     "a rate such as 5/s, 30/min or 1000/h"
#define TEXT_MONEY_FORM    "an amount such as 12.50 USD"
#define TEXT_PRICE_FORM    "a price such as 0.12 USD/h"
#define TEXT_NAME_FORM     "1 to 128 of the characters A-Z a-z 0-9 . _ -"

/* ---- looking at text ---------------------------------------------------------------------- */

/* The text of a terminated string (borrowed); NULL is the empty text. */
struct bal_text text_from(const char *string);

/* Same bytes. */
bool text_equals(struct bal_text a, struct bal_text b);
/* Same bytes as the terminated string, which may be NULL for the empty one. */
bool text_equals_string(struct bal_text text, const char *string);

/* Takes A-Z for a-z, and nothing else, as header names do. */
bool text_equals_ignoring_case(struct bal_text a, struct bal_text b);

/* Every text starts with, and ends with, itself and the empty text. */
bool text_starts_with(struct bal_text text, struct bal_text prefix);
/* As text_starts_with, at the other end. */
bool text_ends_with(struct bal_text text, struct bal_text suffix);

/* Less than, equal to or greater than 0, by unsigned bytes, then by size. */
int text_compare(struct bal_text a, struct bal_text b);

/* The part without spaces, tabs and line ends at both ends. */
struct bal_text text_trim(struct bal_text text);

/* Splits at the first separator: *head is what is before it, *rest becomes what is behind it. False
 * when there is none: *head is then the whole and *rest is empty. */
bool text_cut(struct bal_text *rest, char separator, struct bal_text *head);

/* True for names of pools, kinds, tenants and the like: TEXT_NAME_FORM. "." and ".." are names,
 * so a name alone is no safe file name. */
bool text_is_name(struct bal_text text);

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

/* The one of `count` words that somebody probably meant by `text`: the first with the smallest
 * distance, at most a third of the text's size (and at least 1). NULL when none is near. */
const char *text_nearest(struct bal_text text, const char *const *words, size_t count);

/* ---- reading values: the whole text must be the value, else false and nothing is stored ------ */

/* Digits alone: no sign, no space, no leading zero but in "0". */
bool text_parse_u64(struct bal_text text, uint64_t *value);

/* The same after an optional "-". */
bool text_parse_i64(struct bal_text text, int64_t *value);

/* A number as JSON writes it (-12.5e-3); the nearest double. False when it is beyond the largest
 * double; numbers too small become 0. */
bool text_parse_double(struct bal_text text, double *value);

/*
 * "30s", "1h30m", "1.5h", "2 d": numbers with units w d h m (or min) s ms us ns, the larger first,
 * each at most once; a fraction is allowed in the last; one space may stand between any two. Also
 * "0". Rounded to ns; less than TIME_NEVER_NS, never negative.
 */
bool text_parse_duration(struct bal_text text, int64_t *duration_ns);

/* "512MiB", "1.5 GiB", "10kB", "100 B", "0": B kB MB GB TB (powers of 1000) and KiB MiB GiB TiB
 * (powers of 1024). Rounded to bytes. */
bool text_parse_size(struct bal_text text, int64_t *bytes);

/* "30/min": an integer, "/", then s m min h d w, or a duration ("100/10s"). The count may be 0, the
 * period is not. */
bool text_parse_rate(struct bal_text text, int64_t *count, int64_t *period_ns);

/* "12.50 USD": at most one space, then the currency's three capital letters, stored in *currency
 * (inside text) unless that is NULL. Rounded to microcents, 1e-8 of the unit. */
bool text_parse_money(struct bal_text text, int64_t *microcents, struct bal_text *currency);

/* "0.12 USD/h": the same per hour. */
bool text_parse_price(struct bal_text text, int64_t *microcents_hour, struct bal_text *currency);

#endif

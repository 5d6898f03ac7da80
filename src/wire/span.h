/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_SPAN_H
#define BAL_WIRE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * span: bytes that somebody else owns, as (address, size).
 *
 * Everything that comes in over a wire is handed around as spans: no copies, no terminating zero,
 * and a zero byte inside is just a byte. A span lives as long as the buffer it points into; each
 * function that returns one says which buffer that is. An absent span has `at == NULL`; an empty
 * one has not.
 */
struct span {
	const char *at;
	size_t size;
};

/* The span of a string literal or array, without its terminating zero. */
#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

/* The bytes of a zero-terminated string; NULL gives the absent span. */
struct span span_of(const char *text);

/* Same size and same bytes. An absent span equals an empty one. */
bool span_equal(struct span a, struct span b);

/* Same bytes when ASCII letters are compared without case; other bytes are compared as they are. */
bool span_equal_nocase(struct span a, struct span b);

/* True when `whole` begins with `start`. */
bool span_starts(struct span whole, struct span start);

/* The position of `byte` in `whole`, or `whole.size` when it is not there. */
size_t span_find(struct span whole, char byte);

/* `whole` without its first `count` bytes; `count` beyond the end gives an empty span at the end.
 */
struct span span_skip(struct span whole, size_t count);

/* `whole` without spaces and tabs at both ends (the optional white space of RFC 9110, 5.6.3). */
struct span span_trim(struct span whole);

/*
 * Cut the next member from `rest` at `separator`: returns the member, trimmed, and moves `rest`
 * behind the separator. At the end `rest` becomes absent, which is how a caller knows that it was
 * the last.
 */
struct span span_cut(struct span *rest, char separator);

/*
 * Read decimal digits, nothing else: no sign, no space. False when empty, when any other byte is
 * found, or when the value is above `max`; `number` is then unchanged.
 */
bool span_number(struct span digits, uint64_t max, uint64_t *number);

#endif

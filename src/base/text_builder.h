/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_TEXT_BUILDER_H
#define BAL_BASE_TEXT_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballast.h"

/*
 * Text written piece by piece into a caller's buffer, terminated after every call. The first piece
 * that does not fit sets `truncated`, and from there on nothing is written: plain text is cut
 * between two UTF-8 characters, all else (numbers, durations, escapes) is written whole or not.
 */
struct text_builder {
	char *data; /* borrowed */
	size_t size;
	size_t used; /* without the terminating zero, < size */
	bool truncated;
};

/* `size` is at least 1, for the terminating zero. */
void text_builder_init(struct text_builder *builder, void *data, size_t size);

/* What was built so far; borrowed from the buffer. Buffers of 4 GiB and more are a caller's bug. */
struct bal_text text_built(const struct text_builder *builder);

/* Appends plain text as it is, control characters included; what comes from outside and goes to a
 * terminal or a log belongs in text_add_escaped. */
void text_add(struct text_builder *builder, struct bal_text text);
/* Appends a terminated string, as text_add; NULL appends nothing. */
void text_add_string(struct text_builder *builder, const char *string);
/* Appends one byte of ASCII. */
void text_add_char(struct text_builder *builder, char character);
/* Appends an integer in decimal, without leading zeros. */
void text_add_u64(struct text_builder *builder, uint64_t value);
/* As text_add_u64, with "-" before negative ones. */
void text_add_i64(struct text_builder *builder, int64_t value);

/* Lower-case hexadecimal with at least `digits_min` (<= 16) digits, without 0x. */
void text_add_hex(struct text_builder *builder, uint64_t value, uint32_t digits_min);

/* value / 10^decimals with all its decimals (<= 18): 1234 with 2 is "12.34". */
void text_add_fixed(struct text_builder *builder, int64_t value, uint32_t decimals);

/* For people, rounded: "1.25 s", "250 ms", "45 m", "1 h 30 m", "2 d 4 h"; negative ones with "-";
 * TIME_NEVER_NS is "never". */
void text_add_duration(struct text_builder *builder, int64_t duration_ns);

/* For people, three digits: "512 B", "12.3 MiB", "1.5 GiB". */
void text_add_bytes(struct text_builder *builder, uint64_t bytes);

/* "0.12 USD": as many decimals as there are, at least 2. `currency` may be empty. */
void text_add_money(struct text_builder *builder, int64_t microcents, struct bal_text currency);

/*
 * Text that nobody vouches for, made safe for a terminal or a log line: line ends and tabs become
 * \n \r \t, a backslash \\, other control characters and bytes that are no UTF-8 \xNN, and the
 * characters that change the direction of writing or break lines \uNNNN.
 */
void text_add_escaped(struct text_builder *builder, struct bal_text text);

/*
 * Fills what was added since `start` (an earlier value of `used`) up to `width` characters with
 * spaces before it. When that does not fit, nothing is filled and
 * `truncated` is set. Characters are counted as UTF-8, each one column wide.
 */
void text_pad_left(struct text_builder *builder, size_t start, uint32_t width);
/* As text_pad_left, with the spaces behind it. */
void text_pad_right(struct text_builder *builder, size_t start, uint32_t width);

#endif

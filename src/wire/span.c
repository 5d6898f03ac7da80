/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Span helpers are written out rather than built on str* functions, since those stop at a zero
 * byte, and a zero byte that hides the rest of a value is one of the attacks this layer is there to
 * stop. ASCII case is folded by hand: tolower() depends on the locale.
 */
#include "wire/span.h"

#include <string.h>

static char fold_case(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

struct span span_of(const char *text)
{
	return (struct span){text, text ? strlen(text) : 0};
}

bool span_equal(struct span a, struct span b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

bool span_equal_nocase(struct span a, struct span b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++)
		if (fold_case(a.at[i]) != fold_case(b.at[i]))
			return false;
	return true;
}

bool span_starts(struct span whole, struct span start)
{
	if (whole.size < start.size)
		return false;
	return span_equal((struct span){whole.at, start.size}, start);
}

size_t span_find(struct span whole, char byte)
{
	const char *found = whole.size ? memchr(whole.at, byte, whole.size) : NULL;
	return found ? (size_t)(found - whole.at) : whole.size;
}

struct span span_skip(struct span whole, size_t count)
{
	if (count > whole.size)
		count = whole.size;
	return count ? (struct span){whole.at + count, whole.size - count} : whole;
}

struct span span_trim(struct span whole)
{
	while (whole.size && (whole.at[0] == ' ' || whole.at[0] == '\t'))
		whole = span_skip(whole, 1);
	while (whole.size && (whole.at[whole.size - 1] == ' ' || whole.at[whole.size - 1] == '\t'))
		whole.size--;
	return whole;
}

struct span span_cut(struct span *rest, char separator)
{
	size_t end = span_find(*rest, separator);
	struct span member = {rest->at, end};
	if (end == rest->size)
		*rest = (struct span){NULL, 0};
	else
		*rest = span_skip(*rest, end + 1);
	return span_trim(member);
}

bool span_number(struct span digits, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;
	if (digits.size == 0)
		return false;
	for (size_t i = 0; i < digits.size; i++) {
		if (digits.at[i] < '0' || digits.at[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(digits.at[i] - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (value > max)
		return false;
	*number = value;
	return true;
}

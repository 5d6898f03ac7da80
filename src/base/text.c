/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number is collected digit by digit in a decimal, which rounds once (decimal.h); the distance of
 * two words is the table of Wagner and Fischer, of which three rows are kept.
 */
#include "base/text.h"

#include <string.h>

#include "base/assert.h"
#include "base/decimal.h"

/* Written exponents beyond this make every text of TEXT_DOUBLE_SIZE_MAX infinite, or 0. */
#define EXPONENT_MAX 10000

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool bytes_equal(const char *a, const char *b, size_t size)
{
	return size == 0 || memcmp(a, b, size) == 0;
}

/* ---- taking parts off the front of a text ------------------------------------------------- */

static void drop_front(struct bal_text *rest, uint32_t size)
{
	rest->data += size;
	rest->size -= size;
}

static bool take_char(struct bal_text *rest, char c)
{
	if (rest->size == 0 || rest->data[0] != c)
		return false;
	drop_front(rest, 1);
	return true;
}

/* Number of digits at the front. */
static uint32_t count_digits(struct bal_text rest)
{
	uint32_t count = 0;

	while (count < rest.size && is_digit(rest.data[count]))
		count++;
	return count;
}

static bool take_exponent(struct bal_text *rest, int32_t *exponent)
{
	bool negative = take_char(rest, '-');
	uint32_t count;

	if (!negative)
		(void)take_char(rest, '+');
	count = count_digits(*rest);
	*exponent = 0;
	for (uint32_t i = 0; i < count && *exponent < EXPONENT_MAX; i++)
		*exponent = *exponent * 10 + (rest->data[i] - '0');
	drop_front(rest, count);
	if (negative)
		*exponent = -*exponent;
	return count > 0;
}

/* Feeds the digits at the front to a decimal; false when there are none. */
static bool take_digits(struct bal_text *rest, struct decimal *decimal, bool fraction)
{
	uint32_t count = count_digits(*rest);

	for (uint32_t i = 0; i < count; i++)
		decimal_put(decimal, (uint8_t)(rest->data[i] - '0'), fraction);
	drop_front(rest, count);
	return count > 0;
}

/* ---- looking at text ------------------------------------------------------------------------ */

struct bal_text text_from(const char *string)
{
	size_t size = string != NULL ? strlen(string) : 0;

	bal_assert(size <= UINT32_MAX);
	return (struct bal_text){string, (uint32_t)size};
}

bool text_equals(struct bal_text a, struct bal_text b)
{
	return a.size == b.size && bytes_equal(a.data, b.data, a.size);
}

bool text_equals_string(struct bal_text text, const char *string)
{
	return text_equals(text, text_from(string));
}

uint32_t text_character(struct bal_text text, uint32_t *code)
{
	static const uint32_t code_min[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = (uint8_t)text.data[0];
	uint32_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	*code = first;
	if (size == 1)
		return 1;
	if (first < 0xc0 || first >= 0xf8 || size > text.size)
		return 0;
	*code = first & (0x7fU >> size);
	for (uint32_t i = 1; i < size; i++) {
		uint8_t next = (uint8_t)text.data[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (next & 0x3fU);
	}
	if (*code < code_min[size] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return size;
}

bool text_is_utf8(struct bal_text text)
{
	while (text.size > 0) {
		uint32_t code;
		uint32_t size = text_character(text, &code);

		if (size == 0)
			return false;
		drop_front(&text, size);
	}
	return true;
}

/* The table of Wagner and Fischer with swaps ("optimal string alignment"), of which a row needs the
 * two before it only. */
uint32_t text_distance(struct bal_text a, struct bal_text b, uint32_t distance_max)
{
	uint32_t rows[3][TEXT_DISTANCE_SIZE_MAX + 1];
	uint32_t distance;

	bal_assert(distance_max < UINT32_MAX);
	if (a.size > TEXT_DISTANCE_SIZE_MAX || b.size > TEXT_DISTANCE_SIZE_MAX)
		return distance_max + 1;
	for (uint32_t j = 0; j <= b.size; j++)
		rows[0][j] = j;
	for (uint32_t i = 1; i <= a.size; i++) {
		uint32_t *row = rows[i % 3];
		const uint32_t *above = rows[(i + 2) % 3];
		const uint32_t *above_two = rows[(i + 1) % 3];

		row[0] = i;
		for (uint32_t j = 1; j <= b.size; j++) {
			uint32_t replaced = above[j - 1] + (a.data[i - 1] != b.data[j - 1]);

			row[j] = min_u32(replaced, min_u32(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
				a.data[i - 2] == b.data[j - 1])
				row[j] = min_u32(row[j], above_two[j - 2] + 1);
		}
	}
	distance = rows[a.size % 3][b.size];
	return min_u32(distance, distance_max + 1);
}

/* ---- reading values ------------------------------------------------------------------------- */

bool text_parse_double(struct bal_text text, double *value)
{
	struct decimal decimal = {.count = 0};
	bool negative;
	int32_t exponent;
	double read;

	if (text.size > TEXT_DOUBLE_SIZE_MAX)
		return false;
	negative = take_char(&text, '-');
	if (text.size > 1 && text.data[0] == '0' && is_digit(text.data[1]))
		return false;
	if (!take_digits(&text, &decimal, false))
		return false;
	if (take_char(&text, '.') && !take_digits(&text, &decimal, true))
		return false;
	if (take_char(&text, 'e') || take_char(&text, 'E')) {
		if (!take_exponent(&text, &exponent))
			return false;
		decimal_scale(&decimal, exponent);
	}
	if (text.size > 0 || !decimal_take(&decimal, &read))
		return false;
	*value = negative ? -read : read;
	return true;
}

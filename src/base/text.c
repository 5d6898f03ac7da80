/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values with units are read as an exact fraction (integer, digits behind the point, their power of
 * ten) that is multiplied by the unit in 128 bits and rounded once; doubles would turn 0.29 USD
 * into 28999999 microcents. Readers take parts off the front of a `rest` and leave it alone when
 * the part is not there, so each grammar below reads like its description in the header.
 */
#include "base/text.h"

#include <string.h>

#include "base/assert.h"
#include "base/decimal.h"
#include "base/units.h"

__extension__ typedef unsigned __int128 wide;

/* Digits behind the point of a value with a unit; 10^18 is below 2^63. */
#define FRACTION_DIGITS_MAX 18
/* Written exponents beyond this make every text of TEXT_DOUBLE_SIZE_MAX infinite, or 0. */
#define EXPONENT_MAX 10000

#define CURRENCY_SIZE 3

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit duration_units[] = {
	{"w", NS_PER_WEEK},
	{"d", NS_PER_DAY},
	{"h", NS_PER_HOUR},
	{"m", NS_PER_MIN},
	{"min", NS_PER_MIN},
	{"s", NS_PER_S},
	{"ms", NS_PER_MS},
	{"us", NS_PER_US},
	{"ns", 1},
};

static const struct unit size_units[] = {
	{"B", 1},
	{"kB", 1000},
	{"MB", INT64_C(1000000)},
	{"GB", INT64_C(1000000000)},
	{"TB", INT64_C(1000000000000)},
	{"KiB", KIB},
	{"MiB", MIB},
	{"GiB", GIB},
	{"TiB", TIB},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A written number: whole + fraction / scale. */
struct quantity {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
	return is_capital(c) || (c >= 'a' && c <= 'z');
}

static char lower_letter(char c)
{
	return is_capital(c) ? (char)(c - 'A' + 'a') : c;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
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

/* Number of digits, or of letters, at the front. */
static uint32_t count_front(struct bal_text rest, bool (*is_kind)(char))
{
	uint32_t count = 0;

	while (count < rest.size && is_kind(rest.data[count]))
		count++;
	return count;
}

/* An integer without leading zeros. */
static bool take_integer(struct bal_text *rest, uint64_t *value)
{
	uint32_t count = count_front(*rest, is_digit);
	uint64_t sum = 0;

	if (count == 0 || (count > 1 && rest->data[0] == '0'))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t digit = (uint64_t)(rest->data[i] - '0');

		if (__builtin_mul_overflow(sum, 10, &sum) ||
			__builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	drop_front(rest, count);
	*value = sum;
	return true;
}

static bool take_quantity(struct bal_text *rest, struct quantity *quantity)
{
	uint32_t count;

	*quantity = (struct quantity){.scale = 1};
	if (!take_integer(rest, &quantity->whole))
		return false;
	if (!take_char(rest, '.'))
		return true;
	count = count_front(*rest, is_digit);
	if (count == 0 || count > FRACTION_DIGITS_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		quantity->fraction = quantity->fraction * 10 + (uint64_t)(rest->data[i] - '0');
		quantity->scale *= 10;
	}
	drop_front(rest, count);
	return true;
}

/* quantity * factor, rounded half up; false when it is not below INT64_MAX. */
static bool scale_quantity(const struct quantity *quantity, int64_t factor, int64_t *value)
{
	wide whole = (wide)quantity->whole * (uint64_t)factor;
	wide fraction = (wide)quantity->fraction * (uint64_t)factor + quantity->scale / 2;
	wide sum = whole + fraction / quantity->scale;

	if (sum >= INT64_MAX)
		return false;
	*value = (int64_t)sum;
	return true;
}

/* Takes the letters at the front, which must be one of the units. */
static bool take_unit(
	struct bal_text *rest, const struct unit *units, size_t units_count, int64_t *factor)
{
	struct bal_text name = {rest->data, count_front(*rest, is_letter)};

	for (size_t i = 0; i < units_count; i++) {
		if (!text_equals_string(name, units[i].name))
			continue;
		drop_front(rest, name.size);
		*factor = units[i].factor;
		return true;
	}
	return false;
}

/* "12.50 USD" */
static bool take_money(struct bal_text *rest, int64_t *microcents, struct bal_text *currency)
{
	struct quantity quantity;

	if (!take_quantity(rest, &quantity))
		return false;
	(void)take_char(rest, ' ');
	*currency = (struct bal_text){rest->data, CURRENCY_SIZE};
	if (count_front(*rest, is_capital) != CURRENCY_SIZE)
		return false;
	drop_front(rest, CURRENCY_SIZE);
	return scale_quantity(&quantity, MICROCENTS_PER_USD, microcents);
}

static bool take_exponent(struct bal_text *rest, int32_t *exponent)
{
	bool negative = take_char(rest, '-');
	uint32_t count;

	if (!negative)
		(void)take_char(rest, '+');
	count = count_front(*rest, is_digit);
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
	uint32_t count = count_front(*rest, is_digit);

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

bool text_equals_ignoring_case(struct bal_text a, struct bal_text b)
{
	if (a.size != b.size)
		return false;
	for (uint32_t i = 0; i < a.size; i++)
		if (lower_letter(a.data[i]) != lower_letter(b.data[i]))
			return false;
	return true;
}

bool text_starts_with(struct bal_text text, struct bal_text prefix)
{
	return text.size >= prefix.size && bytes_equal(text.data, prefix.data, prefix.size);
}

bool text_ends_with(struct bal_text text, struct bal_text suffix)
{
	if (text.size < suffix.size)
		return false;
	return suffix.size == 0 ||
	       bytes_equal(text.data + (text.size - suffix.size), suffix.data, suffix.size);
}

int text_compare(struct bal_text a, struct bal_text b)
{
	uint32_t size = min_u32(a.size, b.size);
	int order = size > 0 ? memcmp(a.data, b.data, size) : 0;

	if (order == 0)
		order = (a.size > b.size) - (a.size < b.size);
	return order;
}

struct bal_text text_trim(struct bal_text text)
{
	while (text.size > 0 && is_blank(text.data[text.size - 1]))
		text.size--;
	while (text.size > 0 && is_blank(text.data[0]))
		drop_front(&text, 1);
	return text;
}

bool text_cut(struct bal_text *rest, char separator, struct bal_text *head)
{
	const char *at = rest->size > 0 ? memchr(rest->data, separator, rest->size) : NULL;

	*head = *rest;
	if (at == NULL) {
		rest->size = 0;
		return false;
	}
	head->size = (uint32_t)(at - rest->data);
	drop_front(rest, head->size + 1);
	return true;
}

bool text_is_name(struct bal_text text)
{
	for (uint32_t i = 0; i < text.size; i++) {
		char c = text.data[i];

		if (!is_letter(c) && !is_digit(c) && c != '.' && c != '_' && c != '-')
			return false;
	}
	return text.size >= 1 && text.size <= TEXT_NAME_SIZE_MAX;
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

const char *text_nearest(struct bal_text text, const char *const *words, size_t count)
{
	uint32_t limit = text.size < 6 ? 1 : text.size / 3;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		uint32_t distance = text_distance(text, text_from(words[i]), limit);

		if (distance > limit)
			continue;
		nearest = words[i];
		if (distance == 0)
			break;
		limit = distance - 1;
	}
	return nearest;
}

/* ---- reading values ------------------------------------------------------------------------- */

bool text_parse_u64(struct bal_text text, uint64_t *value)
{
	uint64_t read;

	if (!take_integer(&text, &read) || text.size > 0)
		return false;
	*value = read;
	return true;
}

bool text_parse_i64(struct bal_text text, int64_t *value)
{
	bool negative = take_char(&text, '-');
	uint64_t read;

	if (!text_parse_u64(text, &read) || read > (uint64_t)INT64_MAX + negative)
		return false;
	*value = (int64_t)(negative ? 0 - read : read);
	return true;
}

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

bool text_parse_duration(struct bal_text text, int64_t *duration_ns)
{
	int64_t factor_before = INT64_MAX;
	struct quantity quantity = {.scale = 1};
	int64_t sum = 0;

	if (text_equals(text, TEXT("0"))) {
		*duration_ns = 0;
		return true;
	}
	for (bool first = true; first || text.size > 0; first = false) {
		bool fraction_before = quantity.scale > 1;
		int64_t factor;
		int64_t part;

		if (!first)
			(void)take_char(&text, ' ');
		if (fraction_before || !take_quantity(&text, &quantity))
			return false;
		(void)take_char(&text, ' ');
		if (!take_unit(&text, duration_units, COUNT_OF(duration_units), &factor) ||
			factor >= factor_before || !scale_quantity(&quantity, factor, &part))
			return false;
		factor_before = factor;
		if (__builtin_add_overflow(sum, part, &sum) || sum == TIME_NEVER_NS)
			return false;
	}
	*duration_ns = sum;
	return true;
}

bool text_parse_size(struct bal_text text, int64_t *bytes)
{
	struct quantity quantity;
	int64_t factor = 1;

	if (!take_quantity(&text, &quantity))
		return false;
	if (text.size > 0 || quantity.scale > 1 || quantity.whole > 0) {
		(void)take_char(&text, ' ');
		if (!take_unit(&text, size_units, COUNT_OF(size_units), &factor))
			return false;
	}
	return text.size == 0 && scale_quantity(&quantity, factor, bytes);
}

bool text_parse_rate(struct bal_text text, int64_t *count, int64_t *period_ns)
{
	uint64_t read;
	int64_t period;

	if (!take_integer(&text, &read) || read > INT64_MAX || !take_char(&text, '/'))
		return false;
	if (count_front(text, is_digit) > 0) {
		if (!text_parse_duration(text, &period) || period == 0)
			return false;
	} else if (!take_unit(&text, duration_units, COUNT_OF(duration_units), &period) ||
		   text.size > 0) {
		return false;
	}
	*count = (int64_t)read;
	*period_ns = period;
	return true;
}

bool text_parse_money(struct bal_text text, int64_t *microcents, struct bal_text *currency)
{
	struct bal_text name;
	int64_t read;

	if (!take_money(&text, &read, &name) || text.size > 0)
		return false;
	*microcents = read;
	if (currency != NULL)
		*currency = name;
	return true;
}

bool text_parse_price(struct bal_text text, int64_t *microcents_hour, struct bal_text *currency)
{
	if (!text_ends_with(text, TEXT("/h")))
		return false;
	text.size -= 2;
	return text_parse_money(text, microcents_hour, currency);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From written digits to the nearest double. Nearly every number met has few digits and a small
 * exponent: then digits and power of ten are both exact doubles, and one multiplication or division
 * rounds once (Clinger 1990). All others are doubled and halved digit by digit, as with pencil and
 * paper, until 53 bits stand before the point; this is slow (microseconds), exact, and short enough
 * to be checked by eye. Faster exact ways need tables of 128-bit powers of ten.
 */
#include "base/decimal.h"

#include <string.h>

#include "base/assert.h"

/* The fast way: this many digits are below 2^53, and 10^22 is the largest exact power of ten. */
#define EXACT_DIGITS 15
#define EXACT_POWER  22

/* Numbers with their first digit outside of these places are infinite, or 0. */
#define POINT_MAX 310
#define POINT_MIN (-330)

/* Digits that a shift to the left may add; by at most 60 bits, so that ten times 2^bits is below
 * 2^64. */
#define SHIFT_DIGITS 20

#define FRACTION_BITS 52
#define EXPONENT_BIAS 1023
#define EXPONENT_MIN  (-1022)
#define IMPLICIT_BIT  (UINT64_C(1) << FRACTION_BITS)

static const double powers_of_ten[EXACT_POWER + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8,
	1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Largest number of bits by which a number with so many places may be shifted without passing the
 * point: 2^bits <= 10^places. */
static const uint8_t shift_of_places[] = {1, 3, 6, 9, 13, 16, 19, 23, 26};
#define SHIFT_PLACES (sizeof(shift_of_places) / sizeof(shift_of_places[0]))
#define SHIFT_LARGE  27

static void drop_zeros(struct decimal *decimal)
{
	while (decimal->count > 0 && decimal->digits[decimal->count - 1] == 0)
		decimal->count--;
	if (decimal->count == 0)
		decimal->point = 0;
}

static void append_digit(struct decimal *decimal, uint8_t digit)
{
	if (decimal->count < DECIMAL_DIGITS_MAX)
		decimal->digits[decimal->count++] = digit;
	else if (digit != 0)
		decimal->inexact = true;
}

/* Multiplies by 2^bits, from the last digit to the first. */
static void shift_left(struct decimal *decimal, uint32_t bits)
{
	uint8_t digits[DECIMAL_DIGITS_MAX + SHIFT_DIGITS];
	uint32_t first = sizeof(digits);
	uint32_t end = sizeof(digits);
	uint32_t before = decimal->count;
	uint64_t carry = 0;

	for (uint32_t i = before; i-- > 0;) {
		carry += (uint64_t)decimal->digits[i] << bits;
		digits[--first] = (uint8_t)(carry % 10);
		carry /= 10;
	}
	for (; carry > 0; carry /= 10)
		digits[--first] = (uint8_t)(carry % 10);
	decimal->point += (int32_t)(end - first) - (int32_t)before;
	decimal->count = 0;
	for (uint32_t i = first; i < end; i++)
		append_digit(decimal, digits[i]);
	drop_zeros(decimal);
}

/* Divides by 2^bits, from the first digit to the last; what is written lies behind what is read. */
static void shift_right(struct decimal *decimal, uint32_t bits)
{
	uint64_t mask = (UINT64_C(1) << bits) - 1;
	uint32_t count = decimal->count;
	uint32_t read = 0;
	uint64_t left = 0;

	if (count == 0)
		return;
	for (; left >> bits == 0; read++)
		left = left * 10 + (read < count ? decimal->digits[read] : 0);
	decimal->point -= (int32_t)read - 1;
	decimal->count = 0;
	for (; read < count || left > 0; read++) {
		uint8_t next = read < count ? decimal->digits[read] : 0;

		append_digit(decimal, (uint8_t)(left >> bits));
		left = (left & mask) * 10 + next;
	}
	drop_zeros(decimal);
}

/* Scales by powers of two until the number is in [0.5, 1); returns the power taken out. */
static int32_t normalise(struct decimal *decimal)
{
	int32_t exponent = 0;

	while (decimal->point > 0) {
		size_t places = (size_t)decimal->point;
		uint32_t bits = places < SHIFT_PLACES ? shift_of_places[places] : SHIFT_LARGE;

		shift_right(decimal, bits);
		exponent += (int32_t)bits;
	}
	while (decimal->point < 0 || decimal->digits[0] < 5) {
		size_t places = (size_t)-decimal->point;
		uint32_t bits = places < SHIFT_PLACES ? shift_of_places[places] : SHIFT_LARGE;

		shift_left(decimal, bits);
		exponent -= (int32_t)bits;
	}
	return exponent;
}

static bool rounds_up(const struct decimal *decimal)
{
	uint32_t at = (uint32_t)decimal->point;

	if (decimal->point < 0 || at >= decimal->count)
		return false;
	if (decimal->digits[at] != 5 || at + 1 < decimal->count || decimal->inexact)
		return decimal->digits[at] >= 5;
	return at > 0 && decimal->digits[at - 1] % 2 == 1;
}

/* The nearest integer of a number below 2^54, ties to even. */
static uint64_t round_integer(const struct decimal *decimal)
{
	uint64_t value = 0;

	for (int32_t i = 0; i < decimal->point; i++) {
		uint32_t at = (uint32_t)i;

		value = value * 10 + (at < decimal->count ? decimal->digits[at] : 0);
	}
	return value + (rounds_up(decimal) ? 1 : 0);
}

/* True when the fast way applies. */
static bool take_exact(const struct decimal *decimal, double *value)
{
	int32_t power = decimal->point - (int32_t)decimal->count;
	uint64_t digits = 0;

	if (decimal->count > EXACT_DIGITS || power > EXACT_POWER || power < -EXACT_POWER)
		return false;
	for (uint32_t i = 0; i < decimal->count; i++)
		digits = digits * 10 + decimal->digits[i];
	if (power < 0)
		*value = (double)digits / powers_of_ten[-power];
	else
		*value = (double)digits * powers_of_ten[power];
	return true;
}

void decimal_put(struct decimal *decimal, uint8_t digit, bool fraction)
{
	bal_assert(digit <= 9);
	if (decimal->count == 0 && digit == 0) {
		decimal->point -= fraction ? 1 : 0;
		return;
	}
	append_digit(decimal, digit);
	decimal->point += fraction ? 0 : 1;
}

void decimal_scale(struct decimal *decimal, int32_t exponent)
{
	decimal->point += exponent;
}

bool decimal_take(struct decimal *decimal, double *value)
{
	int32_t exponent;
	uint64_t bits;

	drop_zeros(decimal);
	if (decimal->count == 0 || decimal->point < POINT_MIN) {
		*value = 0;
		return true;
	}
	if (decimal->point > POINT_MAX)
		return false;
	if (take_exact(decimal, value))
		return true;
	exponent = normalise(decimal) - 1; /* of a number in [1, 2) */
	for (; exponent < EXPONENT_MIN; exponent++)
		shift_right(decimal, 1);
	shift_left(decimal, FRACTION_BITS + 1);
	bits = round_integer(decimal);
	if (bits == 2 * IMPLICIT_BIT) {
		bits = IMPLICIT_BIT;
		exponent++;
	}
	if (exponent > EXPONENT_BIAS)
		return false;
	/* Below 2^-1022 the implicit bit is 0, and so is the exponent's field. */
	if (bits >= IMPLICIT_BIT)
		bits += (uint64_t)(exponent + EXPONENT_BIAS - 1) << FRACTION_BITS;
	memcpy(value, &bits, sizeof(*value));
	return true;
}

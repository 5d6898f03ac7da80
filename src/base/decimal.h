/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_DECIMAL_H
#define BAL_BASE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

/* No double, and no point half-way between two of them, has more significant digits than 768; what
 * comes after these 800 only matters by not being zero. */
#define DECIMAL_DIGITS_MAX 800

/* A number that is not negative, 0.d1d2d3... times 10^point. All zero is the number 0. */
struct decimal {
	uint8_t digits[DECIMAL_DIGITS_MAX]; /* values 0 .. 9; the first and the last are not 0 */
	uint32_t count;
	int32_t point;
	bool inexact; /* digits other than 0 were left out behind the last */
};

/* Appends a digit (0 .. 9) of a written number: first those before the point, then those behind it
 * (`fraction`). At most INT32_MAX / 2 of them. */
void decimal_put(struct decimal *decimal, uint8_t digit, bool fraction);

/* Multiplies by 10^exponent, once, after the last digit; |exponent| <= INT32_MAX / 2. */
void decimal_scale(struct decimal *decimal, int32_t exponent);

/* Stores the nearest double (ties to even), 0 for a number too small. False, and nothing stored,
 * when it lies beyond the largest double. The decimal is used up. */
bool decimal_take(struct decimal *decimal, double *value);

#endif

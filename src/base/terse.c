/* SPDX-License-Identifier: Apache-2.0 */
/* A power of two and the ten bits below its leading one: half floats with wider exponents, no sign
 * and no fractions. Of what is cut off the middle is given back, which halves the error. */
#include "base/terse.h"

#define EXACT_BITS 11
#define PART_BITS  (EXACT_BITS - 1)
#define PARTS      (1 << PART_BITS)
#define CODE_LAST  ((62 - PART_BITS) * PARTS + 2 * PARTS - 1)

uint16_t terse_of(int64_t value)
{
	uint64_t number = value < 0 ? 0 : (uint64_t)value;
	uint32_t shift = 0;

	while (number >> shift >= 2 * PARTS)
		shift++;
	return (uint16_t)(shift * PARTS + (uint32_t)(number >> shift));
}

int64_t terse_value(uint16_t code)
{
	uint32_t shift = code < 2 * PARTS ? 0 : code / PARTS - 1u;
	uint64_t part = code - shift * PARTS;

	if (code > CODE_LAST)
		return 0;
	return (int64_t)(part << shift | (shift > 0 ? UINT64_C(1) << (shift - 1) : 0));
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_TERSE_H
#define BAL_BASE_TERSE_H

#include <stdint.h>

#define TERSE_NONE UINT16_MAX /* stands for no value */

/*
 * Whole numbers from 0 to 2^63 - 1 in 16 bits: exact below 2048, and above off by at most one part
 * in 2048. Larger numbers never have smaller codes, so codes are compared as the numbers are.
 */

/* The code of a number; a negative one counts as 0. */
uint16_t terse_of(int64_t value);

/* The number that a code stands for; 0 for TERSE_NONE and for what is no code. */
int64_t terse_value(uint16_t code);

#endif

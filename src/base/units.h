/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_UNITS_H
#define BAL_BASE_UNITS_H

#include <stdint.h>

/* Units of time, memory, shares and money. All are int64_t, the type of every counter. */

#define NS_PER_US   INT64_C(1000)
#define NS_PER_MS   INT64_C(1000000)
#define NS_PER_S    INT64_C(1000000000)
#define NS_PER_MIN  (INT64_C(60) * NS_PER_S)
#define NS_PER_HOUR (INT64_C(60) * NS_PER_MIN)
#define NS_PER_DAY  (INT64_C(24) * NS_PER_HOUR)
#define NS_PER_WEEK (INT64_C(7) * NS_PER_DAY)

#define KIB INT64_C(1024)
#define MIB (INT64_C(1024) * KIB)
#define GIB (INT64_C(1024) * MIB)
#define TIB (INT64_C(1024) * GIB)

/* A whole in thousandths and in millionths. */
#define PERMILLE INT64_C(1000)
#define PPM      INT64_C(1000000)

/* Money is counted in millionths of a cent, so that one second of a 0.01 USD/h machine still
 * counts; int64_t holds 92 thousand million USD. */
#define MICROCENTS_PER_CENT INT64_C(1000000)
#define MICROCENTS_PER_USD  (INT64_C(100) * MICROCENTS_PER_CENT)

/* The instant that never comes: deadlines use it for "none". */
#define TIME_NEVER_NS INT64_MAX

/*
 * Adds two times in ns. Saturates at both ends; if either side is TIME_NEVER_NS the sum is too, so
 * "never + (-1 s)" stays never.
 */
static inline int64_t time_add_ns(int64_t a, int64_t b)
{
	int64_t sum;

	if (a == TIME_NEVER_NS || b == TIME_NEVER_NS)
		return TIME_NEVER_NS;
	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : TIME_NEVER_NS;
	return sum;
}

#endif

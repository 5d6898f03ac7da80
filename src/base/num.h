/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_NUM_H
#define BAL_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Arithmetic that gives the same bits under every compiler, optimisation level and C library:
 * elementary functions from + - * / on IEEE doubles alone (libm differs from one version to the
 * next), and integer arithmetic that saturates instead of overflowing.
 * Results that are no number are always the one positive quiet NaN.
 */

/* |x|; -0 stays -0, NaN stays NaN. */
static inline double num_abs(double x)
{
	return x < 0 ? -x : x;
}

/* The smaller and the larger; when either is NaN, b. */
static inline double num_min(double a, double b)
{
	return a < b ? a : b;
}

/* See num_min. */
static inline double num_max(double a, double b)
{
	return a > b ? a : b;
}

/* x kept within [low, high]; NaN becomes low. */
static inline double num_clamp(double x, double low, double high)
{
	return num_min(num_max(x, low), high);
}

/* False for infinities and NaN. */
static inline bool num_is_finite(double x)
{
	return x - x == 0;
}

/* The same for integers. */
static inline int64_t num_min_i64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* See num_min_i64. */
static inline int64_t num_max_i64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* x kept within [low, high]; low <= high. */
static inline int64_t num_clamp_i64(int64_t x, int64_t low, int64_t high)
{
	return num_min_i64(num_max_i64(x, low), high);
}

/* Natural logarithm, within 1 ulp. 0 gives -infinity, negative numbers and NaN give NaN. */
double num_log(double x);

/* e to the x, within 1 ulp for normal results (2 for subnormal ones); beyond 709.78 infinity, far
 * below zero 0. */
double num_exp(double x);

/* Square root, within 1 ulp, exact for exact squares. Negative numbers and NaN give NaN. */
double num_sqrt(double x);

/*
 * x to the y, within 2 ulp for normal results. As in IEEE 754: x^0 = 1 and 1^y = 1 for any
 * partner; a negative x takes integers y only, else NaN; 0 to a negative y is infinity.
 */
double num_pow(double x, double y);

/* Largest integer <= x, and the nearest one (halves away from zero); a zero result is +0.
 * Infinities and NaN stay what they are. */
double num_floor(double x);
double num_round(double x);

/* The integer part of x, clamped to the range of int64_t; NaN gives 0. */
static inline int64_t num_to_i64(double x)
{
	const double limit = 9223372036854775808.0; /* 2^63 */

	if (x >= -limit && x < limit)
		return (int64_t)x;
	if (x != x)
		return 0;
	return x < 0 ? INT64_MIN : INT64_MAX;
}

/* Sum, difference and product, clamped to the range of int64_t. */
int64_t num_add_i64(int64_t a, int64_t b);
int64_t num_sub_i64(int64_t a, int64_t b);
int64_t num_mul_i64(int64_t a, int64_t b);

/* a * b / c with a 128-bit product, truncated towards zero, clamped to the range of int64_t. c must
 * not be 0. */
int64_t num_mul_div(int64_t a, int64_t b, int64_t c);

#endif

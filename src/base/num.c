/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logarithm and exponential reduce their argument by a power of two and sum the plain Taylor series
 * of atanh and exp on what is left; the intervals are so small that minimax polynomials would save
 * three terms and cost the derivation. The logarithm is computed as an unevaluated sum of two
 * doubles (58 good bits), because a power multiplies its error by up to 745. The exact sums and
 * products of two doubles are those of Knuth and Dekker; they need -ffp-contract=off.
 */
#include "base/num.h"

#include <string.h>

#include "base/assert.h"

__extension__ typedef unsigned __int128 wide;

/* A value as hi + lo, lo at most half an ulp of hi. */
struct pair {
	double hi;
	double lo;
};

#define FRACTION_BITS 52
#define EXPONENT_BIAS 1023
#define FRACTION_MASK ((UINT64_C(1) << FRACTION_BITS) - 1)

#define SQRT_2 1.4142135623730951
#define LOG2_E 1.4426950408889634
/* ln 2 in two parts; the first has 20 zero bits at its end, so that an exponent times it is exact.
 */
#define LN_2_HI 6.93147180369123816490e-01
#define LN_2_LO 1.90821492927058770002e-10

/* Smallest normal double, and the factor that makes subnormal ones normal. */
#define NORMAL_MIN      2.2250738585072014e-308
#define SUBNORMAL_SCALE 18014398509481984.0
#define SUBNORMAL_SHIFT 54

/* exp is infinite above, and zero below, these. */
#define EXP_MAX 709.782712893384
#define EXP_MIN (-745.1332191019412)

/* From here on every double is an integer. */
#define INTEGER_MIN 4503599627370496.0
/* 2^53: from here on every double is an even integer. */
#define EVEN_MIN 9007199254740992.0

/* Dekker's splitter, 2^27 + 1. */
#define SPLITTER 134217729.0

static uint64_t double_bits(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

static double bits_double(uint64_t bits)
{
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* 2^k for a normal result. */
static double power_of_two(int64_t k)
{
	return bits_double((uint64_t)(k + EXPONENT_BIAS) << FRACTION_BITS);
}

static struct pair add_exact(double a, double b)
{
	double sum = a + b;
	double b_part = sum - a;
	double a_part = sum - b_part;

	return (struct pair){sum, (a - a_part) + (b - b_part)};
}

static struct pair multiply_exact(double a, double b)
{
	double product = a * b;
	double a_scaled = SPLITTER * a;
	double b_scaled = SPLITTER * b;
	double a_hi = a_scaled - (a_scaled - a);
	double b_hi = b_scaled - (b_scaled - b);
	double a_lo = a - a_hi;
	double b_lo = b - b_hi;
	double lo = a_lo * b_lo - (((product - a_hi * b_hi) - a_lo * b_hi) - a_hi * b_lo);

	return (struct pair){product, lo};
}

/* x = fraction * 2^exponent with the fraction in [1, 2); x is positive and finite. */
static double split_exponent(double x, int64_t *exponent)
{
	int64_t shift = 0;
	uint64_t bits;

	if (x < NORMAL_MIN) {
		x *= SUBNORMAL_SCALE;
		shift = SUBNORMAL_SHIFT;
	}
	bits = double_bits(x);
	*exponent = (int64_t)(bits >> FRACTION_BITS) - EXPONENT_BIAS - shift;
	return bits_double((bits & FRACTION_MASK) | (uint64_t)EXPONENT_BIAS << FRACTION_BITS);
}

/* atanh(s) / s - 1 as a series in s squared, for s up to 0.172: the first term left out is below
 * 2^-65. */
static double sum_atanh_tail(double square)
{
	double sum = 0;

	for (int n = 23; n >= 3; n -= 2)
		sum = square * (1.0 / n + sum);
	return sum;
}

/* log x = exponent * ln 2 + 2 atanh((m - 1) / (m + 1)), m within [1/sqrt 2, sqrt 2]. */
static struct pair log_pair(double x)
{
	int64_t exponent;
	double m = split_exponent(x, &exponent);
	struct pair below;
	struct pair product;
	struct pair sum;
	double above;
	double s;
	double s_lo;
	double rest;

	if (m > SQRT_2) {
		m *= 0.5;
		exponent++;
	}
	above = m - 1;
	below = add_exact(m, 1);
	s = above / below.hi;
	product = multiply_exact(s, below.hi);
	s_lo = (((above - product.hi) - product.lo) - s * below.lo) / below.hi;
	rest = 2 * (s * sum_atanh_tail(s * s) + s_lo) + (double)exponent * LN_2_LO;
	sum = add_exact((double)exponent * LN_2_HI, 2 * s);
	return add_exact(sum.hi, sum.lo + rest);
}

/* exp(r) - 1 for |r| up to 0.35: the first term left out is below 2^-57 of the sum. */
static double sum_exp(double r)
{
	double sum = 0;

	for (int n = 14; n >= 2; n--)
		sum = (sum + 1) * r / n;
	return r + r * sum;
}

/* The integer nearest to a small x, halves away from zero, as num_round; without a branch, since no
 * processor can guess which way a random number is rounded. */
static int64_t nearest_i64(double x)
{
	double size = num_abs(x);
	int64_t whole = (int64_t)size;

	whole += size - (double)whole >= 0.5;
	return x < 0 ? -whole : whole;
}

/* exp(hi + lo); both finite, lo small. */
static double exp_pair(double hi, double lo)
{
	double scaled;
	double r;
	int64_t k;

	if (hi > EXP_MAX)
		return __builtin_inf();
	if (hi < EXP_MIN)
		return 0;
	k = nearest_i64(hi * LOG2_E);
	r = (hi - (double)k * LN_2_HI) - ((double)k * LN_2_LO - lo);
	scaled = 1 + sum_exp(r);
	/* 2^k itself may be too large or too small for a double where the result is not. */
	if (k > EXPONENT_BIAS)
		return scaled * 2 * power_of_two(k - 1);
	if (k < 1 - EXPONENT_BIAS)
		return scaled * power_of_two(k + SUBNORMAL_SHIFT) / SUBNORMAL_SCALE;
	return scaled * power_of_two(k);
}

double num_log(double x)
{
	if (x == 0)
		return -__builtin_inf();
	if (!(x > 0))
		return __builtin_nan("");
	if (!num_is_finite(x))
		return x;
	return log_pair(x).hi;
}

double num_exp(double x)
{
	if (x != x)
		return __builtin_nan("");
	return exp_pair(x, 0);
}

double num_sqrt(double x)
{
	int64_t exponent;
	struct pair square;
	double m;
	double root;

	if (x == 0)
		return 0;
	if (!(x > 0))
		return __builtin_nan("");
	if (!num_is_finite(x))
		return x;
	m = split_exponent(x, &exponent);
	if (exponent % 2 != 0) {
		m *= 2;
		exponent--;
	}
	/* Newton from a line that is off by 3 % at most: three steps square that to 2^-47, and the
	 * last one, with what the exact square lacks, to 2^-95. */
	root = (m + 2) * 0.3431457505076198;
	for (int i = 0; i < 3; i++)
		root = 0.5 * (root + m / root);
	square = multiply_exact(root, root);
	root += ((m - square.hi) - square.lo) / (2 * root);
	return root * power_of_two(exponent / 2);
}

/* x^y for 0 < x < infinity, x not 1, and y finite, not 0. */
static double pow_positive(double x, double y)
{
	struct pair log = log_pair(x);
	struct pair product;
	double estimate = y * log.hi;

	/* The exact product would overflow inside where the power does; decide on the estimate. */
	if (estimate > EXP_MAX + 1)
		return __builtin_inf();
	if (estimate < EXP_MIN - 1)
		return 0;
	product = multiply_exact(y, log.hi);
	return exp_pair(product.hi, product.lo + y * log.lo);
}

static bool is_integer(double x)
{
	return num_is_finite(x) && num_floor(x) == x;
}

static bool is_odd(double x)
{
	return num_abs(x) < EVEN_MIN && is_integer(x) && num_to_i64(x) % 2 != 0;
}

double num_pow(double x, double y)
{
	double size = num_abs(x);
	double power;

	if (y == 0 || x == 1)
		return 1;
	if (x != x || y != y)
		return __builtin_nan("");
	if (!num_is_finite(y)) {
		if (size == 1)
			return 1;
		return (size > 1) == (y > 0) ? __builtin_inf() : 0;
	}
	if (size == 0)
		power = y > 0 ? 0 : __builtin_inf();
	else if (!num_is_finite(size))
		power = y > 0 ? size : 0;
	else if (x < 0 && !is_integer(y))
		return __builtin_nan("");
	else
		power = size == 1 ? 1 : pow_positive(size, y);
	return x < 0 && is_odd(y) ? -power : power;
}

double num_floor(double x)
{
	double whole;

	if (!(num_abs(x) < INTEGER_MIN))
		return x;
	whole = (double)(int64_t)x;
	return whole > x ? whole - 1 : whole;
}

double num_round(double x)
{
	double size = num_abs(x);
	double whole;

	if (!(size < INTEGER_MIN))
		return x;
	whole = (double)(int64_t)size;
	if (size - whole >= 0.5)
		whole += 1;
	return x < 0 ? 0 - whole : whole;
}

int64_t num_add_i64(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

int64_t num_sub_i64(int64_t a, int64_t b)
{
	int64_t difference;

	if (__builtin_sub_overflow(a, b, &difference))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return difference;
}

int64_t num_mul_i64(int64_t a, int64_t b)
{
	int64_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
	return product;
}

static uint64_t magnitude(int64_t x)
{
	return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

/* Quotient of a 128-bit number by long division, bit by bit: the compiler's own 128-bit division is
 * a call into its run-time library. The quotient must fit in 64 bits: high < divisor. */
static uint64_t divide_wide(uint64_t high, uint64_t low, uint64_t divisor)
{
	uint64_t quotient = 0;

	for (int i = 63; i >= 0; i--) {
		uint64_t carry = high >> 63;

		high = high << 1 | (low >> i & 1);
		quotient <<= 1;
		if (carry != 0 || high >= divisor) {
			high -= divisor;
			quotient |= 1;
		}
	}
	return quotient;
}

int64_t num_mul_div(int64_t a, int64_t b, int64_t c)
{
	bool negative = ((a < 0) != (b < 0)) != (c < 0);
	uint64_t divisor = magnitude(c);
	wide product = (wide)magnitude(a) * magnitude(b);
	uint64_t high = (uint64_t)(product >> 64);
	uint64_t low = (uint64_t)product;
	uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	uint64_t quotient;

	bal_assert(c != 0);
	if (high >= divisor)
		quotient = limit;
	else
		quotient = high == 0 ? low / divisor : divide_wide(high, low, divisor);
	if (quotient > limit)
		quotient = limit;
	return negative ? (int64_t)(0 - quotient) : (int64_t)quotient;
}

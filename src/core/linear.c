/* SPDX-License-Identifier: Apache-2.0 */
/* Normal equations and Cholesky: the ridge keeps them well enough conditioned, and an orthogonal
 * factorisation of all rows would cost several times as much. */
#include "core/linear.h"

#include "base/assert.h"
#include "base/num.h"

#include <string.h>

/* Added to every diagonal entry, relative to their mean: a feature that never moves is harmless. */
#define NUGGET 1e-9

void linear_init(struct linear *linear, uint32_t count)
{
	bal_assert(count >= 1 && count <= LINEAR_FEATURES_MAX);
	memset(linear, 0, sizeof *linear);
	linear->count = count;
}

void linear_add(struct linear *linear, const double *features, double target, double importance)
{
	for (uint32_t i = 0; i < linear->count; i++) {
		double scaled = importance * features[i];

		linear->targets[i] += scaled * target;
		for (uint32_t j = 0; j <= i; j++)
			linear->products[i][j] += scaled * features[j];
	}
}

/* The Cholesky factor of the products, with ridge and nugget on the diagonal. */
static void factorise(const struct linear *linear, double ridge,
	double factor[LINEAR_FEATURES_MAX][LINEAR_FEATURES_MAX])
{
	double trace = 0;

	for (uint32_t i = 0; i < linear->count; i++)
		trace += linear->products[i][i];
	double nugget = NUGGET * trace / linear->count + 1e-300;
	for (uint32_t i = 0; i < linear->count; i++) {
		for (uint32_t j = 0; j <= i; j++) {
			double sum = linear->products[i][j];

			if (i == j)
				sum += ridge * sum + nugget;
			for (uint32_t k = 0; k < j; k++)
				sum -= factor[i][k] * factor[j][k];
			factor[i][j] = i == j ? num_sqrt(num_max(sum, nugget)) : sum / factor[j][j];
		}
	}
}

void linear_solve(struct linear *linear, double ridge)
{
	double factor[LINEAR_FEATURES_MAX][LINEAR_FEATURES_MAX];
	double half[LINEAR_FEATURES_MAX];

	factorise(linear, ridge, factor);
	for (uint32_t i = 0; i < linear->count; i++) {
		double sum = linear->targets[i];

		for (uint32_t k = 0; k < i; k++)
			sum -= factor[i][k] * half[k];
		half[i] = sum / factor[i][i];
	}
	for (uint32_t i = linear->count; i-- > 0;) {
		double sum = half[i];

		for (uint32_t k = i + 1; k < linear->count; k++)
			sum -= factor[k][i] * linear->weights[k];
		linear->weights[i] = sum / factor[i][i];
	}
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b > 0) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

uint32_t linear_stride(uint32_t rows, uint32_t rows_max, uint32_t period)
{
	uint32_t stride = rows > rows_max ? rows / rows_max : 1;

	/* Some number among the next few is a prime that does not divide the period. */
	while (period > 0 && common_divisor(stride, period) > 1)
		stride++;
	return stride;
}

double linear_value(const struct linear *linear, const double *features)
{
	double sum = 0;

	for (uint32_t i = 0; i < linear->count; i++)
		sum += linear->weights[i] * features[i];
	return sum;
}

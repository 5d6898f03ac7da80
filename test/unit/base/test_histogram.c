/* SPDX-License-Identifier: Apache-2.0 */
/* The histogram against sorted values, and its saved form against damage. */
#include "base/histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/bytes.h"
#include "base/prng.h"

#define VALUE_COUNT 3000
#define ERROR_MAX   0.03
#define SAVED_SIZE  8192

static struct histogram first;
static struct histogram second;
static struct histogram third;

static int compare_values(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void assert_close(int64_t actual, int64_t exact)
{
	double error = fabs((double)actual - (double)exact);

	if (!(error <= ERROR_MAX * (double)exact))
		fail_msg("%lld is not within 3 %% of %lld", (long long)actual, (long long)exact);
}

/* Values of a shape: all magnitudes, long-tailed durations, small counts. */
static int64_t draw_value(struct prng *prng, int shape)
{
	uint64_t bits = prng_next(prng);

	if (shape == 0)
		return (int64_t)(bits >> (1 + prng_below(prng, 63)));
	if (shape == 1)
		return (int64_t)prng_lognormal(prng, 2e9, 3);
	return (int64_t)(bits % 200);
}

static void check_quantiles(int64_t *values, int count)
{
	static const int64_t quantiles[] = {
		0, 1, 10000, 250000, 500000, 900000, 990000, 999999, 1000000};

	qsort(values, (size_t)count, sizeof(values[0]), compare_values);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		int64_t rank = (count * quantiles[i] + 999999) / 1000000;
		int64_t exact = values[rank == 0 ? 0 : rank - 1];

		assert_close(histogram_quantile(&first, quantiles[i]), exact);
	}
	assert_true(histogram_quantile(&first, 0) == values[0]);
	assert_true(histogram_quantile(&first, 2000000) == values[count - 1]);
}

static void keeps_quantiles_within_3_percent(void **state)
{
	static int64_t values[VALUE_COUNT];
	struct prng prng;

	(void)state;
	prng_init(&prng, 21);
	for (int shape = 0; shape < 3; shape++) {
		double sum = 0;

		histogram_reset(&first);
		for (int i = 0; i < VALUE_COUNT; i++) {
			values[i] = draw_value(&prng, shape);
			sum += (double)values[i];
			histogram_record(&first, values[i], 1);
		}
		assert_int_equal(first.count, VALUE_COUNT);
		assert_true(fabs(histogram_mean(&first) - sum / VALUE_COUNT) <= 1e-12 * sum);
		check_quantiles(values, VALUE_COUNT);
	}
}

/* Alone between two other values, each value must come back within the bound: this walks over the
 * edges of all buckets. */
static void keeps_single_values_within_3_percent(void **state)
{
	(void)state;
	for (uint32_t bit = 0; bit < 63; bit++) {
		uint64_t power = UINT64_C(1) << bit;

		for (uint64_t part = 0; part < 17 * 4; part++) {
			uint64_t edge = power + (uint64_t)((double)power * (double)part / 68);

			for (int step = -1; step <= 1; step++) {
				int64_t value = (int64_t)(edge + (uint64_t)step);

				histogram_reset(&first);
				histogram_record(&first, 0, 1);
				histogram_record(&first, value, 1);
				histogram_record(&first, INT64_MAX, 1);
				assert_close(histogram_quantile(&first, 500000), value);
			}
		}
	}
}

static void orders_buckets_like_values(void **state)
{
	struct prng prng;

	(void)state;
	prng_init(&prng, 4);
	for (int i = 0; i < 2000; i++) {
		int64_t value = draw_value(&prng, 0);

		histogram_reset(&first);
		histogram_record(&first, value, 1);
		histogram_record(&first, INT64_MAX, 1);
		assert_int_equal(
			histogram_share_ppm(&first, value), value == INT64_MAX ? 1000000 : 500000);
		assert_int_equal(histogram_share_ppm(&first, value - 1), 0);
		assert_int_equal(histogram_share_ppm(&first, INT64_MAX), 1000000);
	}
}

static void merges_to_the_histogram_of_all(void **state)
{
	struct prng prng;

	(void)state;
	prng_init(&prng, 8);
	histogram_reset(&first);
	histogram_reset(&second);
	histogram_reset(&third);
	histogram_merge(&first, &second);
	assert_int_equal(first.count, 0);
	for (int i = 0; i < VALUE_COUNT; i++) {
		int64_t value = draw_value(&prng, i % 3);
		uint32_t times = (uint32_t)prng_below(&prng, 4);

		histogram_record(i % 5 == 0 ? &first : &second, value, times);
		histogram_record(&third, value, times);
	}
	histogram_merge(&first, &second);
	assert_memory_equal(&first, &third, sizeof(first));
	histogram_reset(&second);
	histogram_merge(&second, &third);
	assert_memory_equal(&second, &third, sizeof(second));
}

static void is_all_zero_after_reset(void **state)
{
	static const struct histogram zero;

	(void)state;
	histogram_reset(&first);
	histogram_record(&first, -5, 3);
	assert_int_equal(histogram_quantile(&first, 500000), 0);
	histogram_record(&first, INT64_MAX, UINT32_MAX);
	histogram_record(&first, INT64_MAX, UINT32_MAX);
	assert_int_equal(first.count, 3 + 2 * (uint64_t)UINT32_MAX);
	assert_close(histogram_quantile(&first, 500000), INT64_MAX);
	assert_true(fabs(histogram_mean(&first) / 9.223372036854775807e18 - 1) < 1e-8);
	histogram_reset(&first);
	assert_memory_equal(&first, &zero, sizeof(zero));
	assert_int_equal(histogram_quantile(&first, 500000), 0);
	assert_int_equal(histogram_share_ppm(&first, 1), 0);
	assert_true(histogram_mean(&first) == 0);
}

static size_t save_first(uint8_t *data)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, data, SAVED_SIZE);
	histogram_save(&first, &writer);
	assert_false(writer.overflow);
	return writer.used;
}

static void comes_back_from_its_saved_form(void **state)
{
	static uint8_t data[SAVED_SIZE];
	struct bytes_reader reader;
	struct prng prng;
	size_t size;

	(void)state;
	prng_init(&prng, 2);
	histogram_reset(&first);
	size = save_first(data);
	bytes_reader_init(&reader, data, size);
	assert_true(histogram_load(&second, &reader));
	assert_memory_equal(&first, &second, sizeof(first));
	for (int i = 0; i < 200; i++) {
		histogram_record(&first, draw_value(&prng, i % 2), 1);
		size = save_first(data);
		bytes_reader_init(&reader, data, size);
		assert_true(histogram_load(&second, &reader));
		assert_int_equal(bytes_left(&reader), 0);
		assert_memory_equal(&first, &second, sizeof(first));
	}
}

/* Cut off or changed anywhere, the bytes are refused or give a histogram that is safe to use. */
static void survives_damaged_bytes(void **state)
{
	static uint8_t data[SAVED_SIZE];
	struct bytes_reader reader;
	struct prng prng;
	size_t size;

	(void)state;
	prng_init(&prng, 6);
	histogram_reset(&first);
	for (int i = 0; i < 100; i++)
		histogram_record(&first, draw_value(&prng, 0), 1);
	size = save_first(data);
	for (size_t cut = 0; cut < size; cut++) {
		bytes_reader_init(&reader, data, cut);
		assert_false(histogram_load(&second, &reader));
		assert_true(reader.failed);
		assert_int_equal(second.count, 0);
	}
	for (int i = 0; i < 5000; i++) {
		size_t at = (size_t)prng_below(&prng, size);
		uint8_t before = data[at];

		data[at] = (uint8_t)prng_next(&prng);
		bytes_reader_init(&reader, data, size);
		if (histogram_load(&second, &reader)) {
			assert_true(histogram_quantile(&second, 500000) >= second.value_min);
			assert_true(histogram_quantile(&second, 500000) <= second.value_max);
			assert_in_range(histogram_share_ppm(&second, 1 << 20), 0, 1000000);
		} else {
			assert_int_equal(second.count, 0);
		}
		data[at] = before;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_quantiles_within_3_percent),
		cmocka_unit_test(keeps_single_values_within_3_percent),
		cmocka_unit_test(orders_buckets_like_values),
		cmocka_unit_test(merges_to_the_histogram_of_all),
		cmocka_unit_test(is_all_zero_after_reset),
		cmocka_unit_test(comes_back_from_its_saved_form),
		cmocka_unit_test(survives_damaged_bytes),
	};

	return cmocka_run_group_tests_name("base/histogram", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log-linear buckets, as in HdrHistogram (Tene): the position of the highest bit selects the power
 * of two, the bits below it one of 17 equal parts. A bucket from a to b is answered by the harmonic
 * mean 2ab/(a+b), whose relative error is the same at both ends: (b-a)/(a+b), at most 1/35, which
 * from 64 on stays below 3 % when rounded to whole numbers. Sixteen parts would save a
 * multiplication and miss the 3 % by a hair. Sketches that adapt their buckets were rejected:
 * merging them depends on the order.
 */
#include "base/histogram.h"

#include <string.h>

#include "base/bytes.h"
#include "base/num.h"
#include "base/units.h"

/* Highest bit of the first value without a bucket of its own. */
#define EXPONENT_MIN 6
#define TWO_64       18446744073709551616.0

_Static_assert(1 << EXPONENT_MIN == HISTOGRAM_EXACT_MAX, "the exact buckets end at a power of two");

static uint32_t bucket_of(int64_t value)
{
	uint32_t exponent;
	uint64_t fraction;

	if (value < HISTOGRAM_EXACT_MAX)
		return value < 0 ? 0 : (uint32_t)value;
	exponent = 63 - (uint32_t)__builtin_clzll((uint64_t)value);
	/* The 32 bits below the highest one. */
	fraction = (uint64_t)value << (63 - exponent) << 1 >> 32;
	return HISTOGRAM_EXACT_MAX + (exponent - EXPONENT_MIN) * HISTOGRAM_PARTS +
	       (uint32_t)(fraction * HISTOGRAM_PARTS >> 32);
}

/* The smallest value of a bucket; of the one behind the last, 2^63. */
static uint64_t bucket_start(uint32_t bucket)
{
	uint32_t exponent;
	uint64_t part;
	uint64_t fraction;

	if (bucket < HISTOGRAM_EXACT_MAX)
		return bucket;
	exponent = EXPONENT_MIN + (bucket - HISTOGRAM_EXACT_MAX) / HISTOGRAM_PARTS;
	part = (bucket - HISTOGRAM_EXACT_MAX) % HISTOGRAM_PARTS;
	/* The smallest 32-bit fraction of this part, then the smallest value with that fraction. */
	fraction = ((part << 32) + HISTOGRAM_PARTS - 1) / HISTOGRAM_PARTS;
	if (exponent >= 32)
		return (UINT64_C(1) << exponent) + (fraction << (exponent - 32));
	return (UINT64_C(1) << exponent) +
	       ((fraction + (UINT64_C(1) << (32 - exponent)) - 1) >> (32 - exponent));
}

/* The value that stands for a bucket. */
static int64_t bucket_value(uint32_t bucket)
{
	double first = (double)bucket_start(bucket);
	double last = (double)(bucket_start(bucket + 1) - 1);

	if (bucket < HISTOGRAM_EXACT_MAX)
		return (int64_t)bucket;
	return num_to_i64(num_round(2 * first * (last / (first + last))));
}

static void add_sum(struct histogram *histogram, uint64_t low, uint64_t high)
{
	histogram->sum_low += low;
	histogram->sum_high += high + (histogram->sum_low < low ? 1 : 0);
}

static void add_bucket(struct histogram *histogram, uint32_t bucket, uint32_t times)
{
	uint32_t *count = &histogram->buckets[bucket];

	if (__builtin_add_overflow(*count, times, count))
		*count = UINT32_MAX;
}

static void widen_range(struct histogram *histogram, int64_t low, int64_t high)
{
	if (histogram->count == 0 || low < histogram->value_min)
		histogram->value_min = low;
	if (histogram->count == 0 || high > histogram->value_max)
		histogram->value_max = high;
}

/* A value times a count. */
static void add_product(struct histogram *histogram, uint64_t value, uint64_t times)
{
	uint64_t low = (value & UINT32_MAX) * times;
	uint64_t high = (value >> 32) * times;

	add_sum(histogram, low, 0);
	add_sum(histogram, high << 32, high >> 32);
}

void histogram_record(struct histogram *histogram, int64_t value, uint32_t times)
{
	if (times == 0)
		return;
	value = num_max_i64(value, 0);
	widen_range(histogram, value, value);
	histogram->count += times;
	add_product(histogram, (uint64_t)value, times);
	add_bucket(histogram, bucket_of(value), times);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (from->count == 0)
		return;
	widen_range(into, from->value_min, from->value_max);
	into->count += from->count;
	add_sum(into, from->sum_low, from->sum_high);
	for (uint32_t i = bucket_of(from->value_min); i <= bucket_of(from->value_max); i++)
		add_bucket(into, i, from->buckets[i]);
}

/* Number of values in the buckets; `count` is more once a bucket is at its maximum. */
static uint64_t count_buckets(const struct histogram *histogram, uint32_t end)
{
	uint64_t sum = 0;

	for (uint32_t i = bucket_of(histogram->value_min); i < end; i++)
		sum += histogram->buckets[i];
	return sum;
}

int64_t histogram_quantile(const struct histogram *histogram, int64_t quantile_ppm)
{
	int64_t ppm = num_clamp_i64(quantile_ppm, 0, PPM);
	uint32_t last = bucket_of(histogram->value_max);
	uint32_t bucket;
	uint64_t total;
	uint64_t rank;
	uint64_t seen;

	if (histogram->count == 0)
		return 0;
	if (ppm == 0)
		return histogram->value_min;
	if (ppm == PPM)
		return histogram->value_max;
	total = count_buckets(histogram, last + 1);
	/* total * ppm / PPM rounded up, in two parts that cannot overflow. */
	rank = total / (uint64_t)PPM * (uint64_t)ppm +
	       (total % (uint64_t)PPM * (uint64_t)ppm + (uint64_t)PPM - 1) / (uint64_t)PPM;
	bucket = bucket_of(histogram->value_min);
	seen = histogram->buckets[bucket];
	while (seen < rank && bucket < last)
		seen += histogram->buckets[++bucket];
	return num_clamp_i64(bucket_value(bucket), histogram->value_min, histogram->value_max);
}

int64_t histogram_share_ppm(const struct histogram *histogram, int64_t value)
{
	uint64_t total;
	uint64_t below;

	if (histogram->count == 0 || value < histogram->value_min)
		return 0;
	if (value >= histogram->value_max)
		return PPM;
	total = count_buckets(histogram, bucket_of(histogram->value_max) + 1);
	below = count_buckets(histogram, bucket_of(value) + 1);
	return num_mul_div((int64_t)below, PPM, (int64_t)total);
}

double histogram_mean(const struct histogram *histogram)
{
	double sum = (double)histogram->sum_high * TWO_64 + (double)histogram->sum_low;

	return histogram->count == 0 ? 0 : sum / (double)histogram->count;
}

void histogram_reset(struct histogram *histogram)
{
	if (histogram->count > 0) {
		uint32_t first = bucket_of(histogram->value_min);
		uint32_t last = bucket_of(histogram->value_max);

		memset(&histogram->buckets[first], 0,
			(last - first + 1) * sizeof(histogram->buckets[0]));
	}
	histogram->count = 0;
	histogram->sum_low = 0;
	histogram->sum_high = 0;
	histogram->value_min = 0;
	histogram->value_max = 0;
}

void histogram_save(const struct histogram *histogram, struct bytes_writer *writer)
{
	uint32_t before = bucket_of(histogram->value_min);

	bytes_put_varint(writer, histogram->count);
	if (histogram->count == 0)
		return;
	bytes_put_varint(writer, histogram->sum_low);
	bytes_put_varint(writer, histogram->sum_high);
	bytes_put_varint(writer, (uint64_t)histogram->value_min);
	bytes_put_varint(writer, (uint64_t)histogram->value_max);
	/* Each used bucket: how many to skip since the one before, and its count. The buckets of
	 * smallest and largest value are used, so the last one marks the end. */
	for (uint32_t i = before; i <= bucket_of(histogram->value_max); i++) {
		if (histogram->buckets[i] == 0)
			continue;
		bytes_put_varint(writer, i - before);
		bytes_put_varint(writer, histogram->buckets[i]);
		before = i;
	}
}

/* Reads the used buckets; false when they contradict the head. */
static bool load_buckets(struct histogram *histogram, struct bytes_reader *reader)
{
	uint64_t bucket = bucket_of(histogram->value_min);
	uint32_t last = bucket_of(histogram->value_max);
	uint64_t total = 0;
	bool first = true;

	do {
		uint64_t skip = bytes_get_varint(reader);
		uint64_t times = bytes_get_varint(reader);

		if (reader->failed || (skip == 0) != first || skip > last - bucket)
			return false;
		if (times == 0 || times > UINT32_MAX)
			return false;
		bucket += skip;
		histogram->buckets[bucket] = (uint32_t)times;
		total += times;
		first = false;
	} while (bucket < last);
	return total <= histogram->count;
}

static bool load_head(struct histogram *histogram, struct bytes_reader *reader)
{
	uint64_t low;
	uint64_t high;

	histogram->sum_low = bytes_get_varint(reader);
	histogram->sum_high = bytes_get_varint(reader);
	low = bytes_get_varint(reader);
	high = bytes_get_varint(reader);
	if (reader->failed || low > high || high > (uint64_t)INT64_MAX)
		return false;
	histogram->value_min = (int64_t)low;
	histogram->value_max = (int64_t)high;
	return true;
}

bool histogram_load(struct histogram *histogram, struct bytes_reader *reader)
{
	memset(histogram, 0, sizeof(*histogram));
	histogram->count = bytes_get_varint(reader);
	if (histogram->count == 0)
		return !reader->failed;
	if (load_head(histogram, reader) && load_buckets(histogram, reader))
		return true;
	memset(histogram, 0, sizeof(*histogram));
	reader->failed = true;
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_HISTOGRAM_H
#define BAL_BASE_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

struct bytes_reader;
struct bytes_writer;

/* Values below this have a bucket of their own; each power of two above is cut into equal parts. */
#define HISTOGRAM_EXACT_MAX 64
#define HISTOGRAM_PARTS     17
/* The exact ones, and the powers 2^6 to 2^62. */
#define HISTOGRAM_BUCKETS (HISTOGRAM_EXACT_MAX + 57 * HISTOGRAM_PARTS)

/*
 * How often values of any size from 0 to 2^63 - 1 (ns, bytes, tokens) occurred, in 4 KiB. A
 * quantile is off by at most 3 % of its value (1/35), whatever the distribution; smallest, largest,
 * count and mean are exact. Merging two gives the histogram of all their values. All zero is an
 * empty one.
 */
struct histogram {
	uint64_t count;
	uint64_t sum_low; /* 128-bit sum of the values */
	uint64_t sum_high;
	int64_t value_min; /* both meaningless while count is 0 */
	int64_t value_max;
	uint32_t buckets[HISTOGRAM_BUCKETS]; /* each stays at UINT32_MAX when it gets there */
};

/* Records a value `times` times. A negative value counts as 0: durations taken from two clocks can
 * come out so. */
void histogram_record(struct histogram *histogram, int64_t value, uint32_t times);

/* Adds all values of `from` to `into`. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/*
 * The value that at least `quantile_ppm` millionths (0 .. 1000000, clamped) of the values do not
 * exceed: 500000 is the median, 0 the smallest, 1000000 the largest. 0 when there is no value.
 */
int64_t histogram_quantile(const struct histogram *histogram, int64_t quantile_ppm);

/* How many millionths of the values are <= value, to the precision of a bucket; 0 without values.
 */
int64_t histogram_share_ppm(const struct histogram *histogram, int64_t value);

/* Mean of the values; 0 when there is none. */
double histogram_mean(const struct histogram *histogram);

/* Forgets all values; touches only buckets that were used. */
void histogram_reset(struct histogram *histogram);

/* Writes a compact form: only used buckets, as numbers of a few bytes. */
void histogram_save(const struct histogram *histogram, struct bytes_writer *writer);

/* Reads that form into *histogram, whatever it held. False, with the reader failed and an empty
 * histogram, when the bytes are not one. */
bool histogram_load(struct histogram *histogram, struct bytes_reader *reader);

#endif

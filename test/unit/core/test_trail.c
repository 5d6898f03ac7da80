/* SPDX-License-Identifier: Apache-2.0 */
/* Every cadence in virtual time, against the values themselves; memory; clocks; saved forms. */
#include "core/trail.h"

#include "base/bytes.h"
#include "base/prng.h"
#include "base/terse.h"
#include "base/units.h"
#include "core/strip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SAVED_SIZE (1 << 18)
#define EPOCH_NS   (INT64_C(1800000000) * NS_PER_S)
#define DAY_NS     (24 * NS_PER_HOUR)

static struct trail trail, other;
static struct strip strip, strip_other;
static uint8_t saved[SAVED_SIZE], again[SAVED_SIZE];

static int setup(void **state)
{
	(void)state;
	memset(&trail, 0, sizeof trail);
	memset(&other, 0, sizeof other);
	memset(&strip, 0, sizeof strip);
	memset(&strip_other, 0, sizeof strip_other);
	return 0;
}

/* The value of each instant: no two neighbours alike, with a daily tide. */
static int64_t value_at(int64_t since_ns)
{
	int64_t s = since_ns / NS_PER_S;

	return 500 + s * 7919 % 400 + s % 86400 / 200;
}

static void feed(int64_t from_ns, int64_t until_ns, int64_t step_ns)
{
	for (int64_t at_ns = from_ns; at_ns < until_ns; at_ns += step_ns)
		trail_record(&trail, EPOCH_NS + at_ns, value_at(at_ns));
	trail_advance(&trail, EPOCH_NS + until_ns);
}

static void assert_near(int64_t actual, int64_t exact)
{
	int64_t error = actual > exact ? actual - exact : exact - actual;

	assert_true(error <= exact / 1000 + 1);
}

/* Count, minimum, mean and maximum of the values in [from, until), which were fed every step. */
static void assert_window(
	const struct trail_view *view, int64_t from_ns, int64_t until_ns, int64_t step_ns)
{
	int64_t count = 0, sum = 0, min = INT64_MAX, max = 0;

	for (int64_t at_ns = from_ns; at_ns < until_ns; at_ns += step_ns) {
		int64_t value = value_at(at_ns);

		count++;
		sum += value;
		min = value < min ? value : min;
		max = value > max ? value : max;
	}
	assert_near(view->count, count);
	assert_near(view->mean, sum / count);
	assert_near(view->min, min);
	assert_near(view->max, max);
}

static void test_cadences(void **state)
{
	static const struct {
		enum trail_grain grain;
		uint32_t slots;
		int64_t span_ns;
	} rows[] = {{TRAIL_FINE, 1, 5 * NS_PER_S}, {TRAIL_FINE, 2, 10 * NS_PER_S},
		{TRAIL_MINUTE, 1, NS_PER_MIN}, {TRAIL_MINUTE, 5, 5 * NS_PER_MIN},
		{TRAIL_MINUTE, 10, 10 * NS_PER_MIN}, {TRAIL_QUARTER, 1, 15 * NS_PER_MIN},
		{TRAIL_HOUR, 1, NS_PER_HOUR}, {TRAIL_HOUR, 24, DAY_NS}};
	const int64_t end_ns = 3 * DAY_NS;

	(void)state;
	feed(0, end_ns, NS_PER_S);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct trail_view view;

		assert_true(trail_window(&trail, rows[i].grain, rows[i].slots, &view));
		assert_window(&view, end_ns - rows[i].span_ns, end_ns, NS_PER_S);
		assert_int_equal(trail_end_ns(&trail, rows[i].grain), EPOCH_NS + end_ns);
	}
	assert_null(trail_check(&trail));
}

/* The whole of each ring, and not a slot more. */
static void test_reach(void **state)
{
	const int64_t end_ns = 91 * DAY_NS;
	struct trail_view view;

	(void)state;
	feed(0, end_ns, 10 * NS_PER_S);
	for (uint32_t i = 0; i < TRAIL_GRAIN_COUNT; i++) {
		enum trail_grain grain = (enum trail_grain)i;
		int64_t step_ns = trail_step_ns(grain);

		for (uint32_t back = 2; back <= trail_slot_count(grain); back += 2) {
			int64_t from_ns = end_ns - back * step_ns;

			assert_true(trail_past(&trail, grain, back, &view));
			assert_window(&view, from_ns, from_ns + step_ns, 10 * NS_PER_S);
			assert_true(view.p50 <= view.p90 && view.p90 <= view.p95);
			assert_true(view.p95 <= view.p99 && view.p50 >= view.min);
		}
		assert_false(trail_past(&trail, grain, trail_slot_count(grain) + 1, &view));
		assert_false(trail_past(&trail, grain, 0, &view));
	}
	assert_int_equal(trail_slot_count(TRAIL_HOUR) * trail_step_ns(TRAIL_HOUR), 90 * DAY_NS);
	assert_int_equal(trail_slot_count(TRAIL_FINE) * trail_step_ns(TRAIL_FINE), NS_PER_HOUR);
}

/* Quantiles of coarse slots are of all their values, not of those of finer slots. */
static void test_quantiles(void **state)
{
	struct trail_view view;

	(void)state;
	for (int64_t i = 0; i < 3600; i++)
		trail_record(&trail, EPOCH_NS + i * NS_PER_S, (i * 7919 % 3600 + 1) * 1000);
	trail_advance(&trail, EPOCH_NS + NS_PER_HOUR);
	assert_true(trail_past(&trail, TRAIL_HOUR, 1, &view));
	assert_int_equal(view.count, terse_value(terse_of(3600)));
	assert_in_range(view.p50, 1740000, 1860000);
	assert_in_range(view.p90, 3130000, 3350000);
	assert_in_range(view.p99, 3450000, 3602000);
}

/* What nobody reported is absent and no zero; a zero is no absence. */
static void test_silence(void **state)
{
	struct trail_view view;

	(void)state;
	trail_record(&trail, EPOCH_NS, 0);
	trail_advance(&trail, EPOCH_NS + 3 * NS_PER_MIN);
	assert_true(trail_past(&trail, TRAIL_MINUTE, 3, &view));
	assert_int_equal(view.count, 1);
	assert_int_equal(view.mean, 0);
	assert_true(trail_past(&trail, TRAIL_MINUTE, 2, &view));
	assert_int_equal(view.count, 0);
	assert_true(trail_window(&trail, TRAIL_MINUTE, 3, &view));
	assert_int_equal(view.count, 1);
	/* A year of silence costs a turn of each ring, and leaves nothing. */
	trail_advance(&trail, EPOCH_NS + 400 * DAY_NS);
	for (uint32_t i = 0; i < TRAIL_GRAIN_COUNT; i++) {
		assert_true(trail_window(
			&trail, (enum trail_grain)i, trail_slot_count((enum trail_grain)i), &view));
		assert_int_equal(view.count, 0);
	}
	assert_null(trail_check(&trail));
}

static void test_clock(void **state)
{
	struct trail_view view;

	(void)state;
	feed(0, NS_PER_HOUR, NS_PER_S);
	/* A little back: the open slot takes it. */
	trail_record(&trail, EPOCH_NS + NS_PER_HOUR - NS_PER_MIN, 7);
	assert_int_equal(trail_end_ns(&trail, TRAIL_FINE), EPOCH_NS + NS_PER_HOUR);
	/* Far back: the past comes along. */
	trail_advance(&trail, EPOCH_NS - 10 * DAY_NS);
	assert_int_equal(trail_end_ns(&trail, TRAIL_HOUR), EPOCH_NS - 10 * DAY_NS);
	assert_true(trail_past(&trail, TRAIL_HOUR, 1, &view));
	assert_window(&view, 0, NS_PER_HOUR, NS_PER_S);
	assert_null(trail_check(&trail));
	/* No time is too strange. */
	trail_record(&trail, INT64_MAX, INT64_MAX);
	trail_record(&trail, INT64_MIN, INT64_MIN);
	trail_advance(&trail, 0);
	assert_null(trail_check(&trail));
}

static void test_saved(void **state)
{
	struct bytes_writer writer, twice;
	struct bytes_reader reader;

	(void)state;
	feed(0, 2 * DAY_NS + 7 * NS_PER_S, NS_PER_S);
	bytes_writer_init(&writer, saved, sizeof saved);
	trail_put(&trail, &writer);
	assert_false(writer.overflow);
	bytes_reader_init(&reader, saved, writer.used);
	assert_true(trail_read(&other, &reader));
	bytes_writer_init(&twice, again, sizeof again);
	trail_put(&other, &twice);
	assert_int_equal(writer.used, twice.used);
	assert_memory_equal(saved, again, writer.used);
	for (size_t size = 0; size < writer.used; size += 97) {
		memset(&other, 0, sizeof other);
		bytes_reader_init(&reader, saved, size);
		assert_false(trail_read(&other, &reader));
	}
}

static void test_strip(void **state)
{
	const int64_t end_ns = 7 * NS_PER_HOUR;
	struct bytes_writer writer, twice;
	struct bytes_reader reader;
	int64_t mean, max;

	(void)state;
	for (int64_t at_ns = 0; at_ns < end_ns; at_ns += 5 * NS_PER_S)
		strip_record(&strip, EPOCH_NS + at_ns, value_at(at_ns));
	strip_advance(&strip, EPOCH_NS + end_ns + 10 * NS_PER_S);
	assert_true(strip_past(&strip, STRIP_FINE, 1, &mean, &max));
	assert_int_equal(mean, -1);
	assert_int_equal(max, -1);
	for (uint32_t back = 3; back <= STRIP_FINE_SLOTS; back++) {
		assert_true(strip_past(&strip, STRIP_FINE, back, &mean, &max));
		assert_int_equal(mean, value_at(end_ns - (back - 2) * 5 * NS_PER_S));
		assert_int_equal(max, mean);
	}
	for (uint32_t back = 1; back <= STRIP_MINUTE_SLOTS; back++) {
		int64_t from_ns = end_ns - back * NS_PER_MIN, sum = 0, most = 0;

		for (int64_t i = 0; i < 12; i++) {
			int64_t value = value_at(from_ns + i * 5 * NS_PER_S);

			sum += value;
			most = value > most ? value : most;
		}
		assert_true(strip_past(&strip, STRIP_MINUTE, back, &mean, &max));
		assert_near(mean, sum / 12);
		assert_int_equal(max, most);
	}
	assert_false(strip_past(&strip, STRIP_MINUTE, STRIP_MINUTE_SLOTS + 1, &mean, &max));
	assert_null(strip_check(&strip));
	bytes_writer_init(&writer, saved, sizeof saved);
	strip_put(&strip, &writer);
	bytes_reader_init(&reader, saved, writer.used);
	assert_true(strip_read(&strip_other, &reader));
	bytes_writer_init(&twice, again, sizeof again);
	strip_put(&strip_other, &twice);
	assert_int_equal(writer.used, twice.used);
	assert_memory_equal(saved, again, writer.used);
	bytes_reader_init(&reader, saved, writer.used - 1);
	memset(&strip_other, 0, sizeof strip_other);
	assert_false(strip_read(&strip_other, &reader));
}

/* The memory of one signal, as the requirements bound it. */
static void test_memory(void **state)
{
	(void)state;
	print_message("trail %zu bytes, strip %zu bytes\n", sizeof trail, sizeof strip);
	assert_true(sizeof trail <= 128 * 1024);
	assert_true(sizeof strip <= 2560);
}

static void test_terse(void **state)
{
	struct prng random;
	uint16_t before = 0;

	(void)state;
	for (int64_t i = 0; i < 2048; i++)
		assert_int_equal(terse_value(terse_of(i)), i);
	for (uint32_t code = 0; code <= terse_of(INT64_MAX); code++)
		assert_int_equal(terse_of(terse_value((uint16_t)code)), code);
	prng_init(&random, 7);
	for (uint32_t bits = 12; bits < 63; bits++) {
		uint64_t draw = prng_next(&random);
		int64_t value =
			(int64_t)(UINT64_C(1) << bits | (draw & ((UINT64_C(1) << bits) - 1)));
		int64_t error = terse_value(terse_of(value)) - value;

		assert_true((error < 0 ? -error : error) <= value / 2048 + 1);
		assert_true(terse_of(value) > before);
		before = terse_of(value);
	}
	assert_int_equal(terse_of(-5), 0);
	assert_true(terse_of(INT64_MAX) < TERSE_NONE);
	assert_int_equal(terse_value(TERSE_NONE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_cadences, setup),
		cmocka_unit_test_setup(test_reach, setup),
		cmocka_unit_test_setup(test_quantiles, setup),
		cmocka_unit_test_setup(test_silence, setup),
		cmocka_unit_test_setup(test_clock, setup),
		cmocka_unit_test_setup(test_saved, setup),
		cmocka_unit_test_setup(test_strip, setup),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_terse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

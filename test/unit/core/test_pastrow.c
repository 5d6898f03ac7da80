/* SPDX-License-Identifier: Apache-2.0 */
/* Trails cut into days and put together again, against trails that were never cut. */
#include "core/pastrow.h"

#include "base/bytes.h"
#include "base/prng.h"
#include "base/terse.h"
#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BEGIN_NS (INT64_C(20000) * NS_PER_DAY + 5 * NS_PER_HOUR + 7 * NS_PER_MIN)
#define ROWS_MAX 400

static struct trail whole, again;
static uint8_t bytes[ROWS_MAX][PASTROW_SIZE_MAX];
static size_t sizes[ROWS_MAX];
static enum trail_grain grains[ROWS_MAX];
static uint32_t row_count;

static int setup(void **state)
{
	(void)state;
	memset(&whole, 0, sizeof whole);
	memset(&again, 0, sizeof again);
	row_count = 0;
	return 0;
}

static int64_t value_at(int64_t since_ns)
{
	int64_t s = since_ns / NS_PER_S;

	return 500 + s * 7919 % 400 + s % 86400 / 200;
}

/* Values each `step`, from BEGIN_NS + from on, until BEGIN_NS + until. */
static void feed(struct trail *trail, int64_t from_ns, int64_t until_ns, int64_t step_ns)
{
	for (int64_t at_ns = from_ns; at_ns < until_ns; at_ns += step_ns)
		trail_record(trail, BEGIN_NS + at_ns, value_at(at_ns));
}

static void cut_grain(const struct trail *trail, enum trail_grain grain)
{
	int64_t begin_ns, end_ns;

	if (!pastrow_span(trail, grain, &begin_ns, &end_ns))
		return;
	for (int64_t day = begin_ns / NS_PER_DAY; day <= end_ns / NS_PER_DAY; day++) {
		struct bytes_writer writer;

		assert_in_range(row_count, 0, ROWS_MAX - 1);
		bytes_writer_init(&writer, bytes[row_count], PASTROW_SIZE_MAX);
		if (!pastrow_put(trail, grain, day, &writer))
			continue;
		assert_false(writer.overflow);
		sizes[row_count] = writer.used;
		grains[row_count++] = grain;
	}
}

static void cut(const struct trail *trail)
{
	row_count = 0;
	cut_grain(trail, TRAIL_QUARTER);
	cut_grain(trail, TRAIL_HOUR);
}

static bool join_row(uint32_t i, size_t size, int64_t wall_ns)
{
	static struct pastrow row;
	struct bytes_reader reader;

	bytes_reader_init(&reader, bytes[i], size);
	return pastrow_read(&row, grains[i], &reader) &&
	       pastrow_take(&again, grains[i], &row, wall_ns);
}

static void join(int64_t wall_ns)
{
	memset(&again, 0, sizeof again);
	for (uint32_t i = 0; i < row_count; i++)
		assert_true(join_row(i, sizes[i], wall_ns));
	pastrow_resume(&again, wall_ns);
	assert_null(trail_check(&again));
}

static void assert_same(enum trail_grain grain)
{
	struct trail_view a, b;

	assert_int_equal(again.count[grain], whole.count[grain]);
	assert_int_equal(trail_end_ns(&again, grain), trail_end_ns(&whole, grain));
	for (uint32_t back = 1; trail_past(&whole, grain, back, &a); back++) {
		assert_true(trail_past(&again, grain, back, &b));
		assert_memory_equal(&a, &b, sizeof a);
	}
}

/* Cut at any time, and at once put together: every slot is the same, also of those that were open
 * then. */
static void test_restart_at_any_time(void **state)
{
	struct prng random;

	(void)state;
	prng_init(&random, 7);
	for (int i = 0; i < 40; i++) {
		int64_t until_ns = (int64_t)prng_below(&random, 4 * 24 * 3600) * NS_PER_S;
		int64_t end_ns = until_ns + (int64_t)prng_below(&random, 2 * 24 * 3600) * NS_PER_S;

		setup(state);
		feed(&whole, 0, until_ns, 20 * NS_PER_S);
		cut(&whole);
		join(BEGIN_NS + until_ns);
		until_ns += 20 * NS_PER_S - until_ns % (20 * NS_PER_S);
		feed(&whole, until_ns, end_ns, 20 * NS_PER_S);
		feed(&again, until_ns, end_ns, 20 * NS_PER_S);
		trail_advance(&whole, BEGIN_NS + end_ns + NS_PER_HOUR);
		trail_advance(&again, BEGIN_NS + end_ns + NS_PER_HOUR);
		if (!whole.begun)
			continue;
		assert_same(TRAIL_QUARTER);
		assert_same(TRAIL_HOUR);
	}
}

/* Away for any time: as if nobody had reported meanwhile. */
static void test_time_away_is_a_silence(void **state)
{
	static const int64_t away_s[] = {1, 60, 900, 1801, 3600, 86400, 15 * 86400, 100 * 86400};

	for (size_t i = 0; i < sizeof away_s / sizeof away_s[0]; i++) {
		int64_t back_ns = 30 * NS_PER_HOUR + 11 * NS_PER_MIN + away_s[i] * NS_PER_S;

		setup(state);
		feed(&whole, 0, 30 * NS_PER_HOUR + 11 * NS_PER_MIN, 30 * NS_PER_S);
		cut(&whole);
		join(BEGIN_NS + back_ns);
		feed(&whole, back_ns, back_ns + 2 * NS_PER_HOUR, 30 * NS_PER_S);
		feed(&again, back_ns, back_ns + 2 * NS_PER_HOUR, 30 * NS_PER_S);
		assert_same(TRAIL_QUARTER);
		assert_same(TRAIL_HOUR);
	}
}

/* 90 days through one row per day and grain; a row is small. */
static void test_full_rings(void **state)
{
	(void)state;
	feed(&whole, 0, 92 * NS_PER_DAY, 5 * NS_PER_MIN);
	cut(&whole);
	assert_in_range(row_count, 15 + 91, 15 + 92);
	for (uint32_t i = 0; i < row_count; i++)
		assert_in_range(sizes[i], 1, 2400);
	join(BEGIN_NS + 92 * NS_PER_DAY);
	assert_int_equal(again.count[TRAIL_HOUR], TRAIL_HOUR_SLOTS);
	assert_int_equal(again.count[TRAIL_QUARTER], TRAIL_QUARTER_SLOTS);
	trail_advance(&whole, BEGIN_NS + 92 * NS_PER_DAY);
	assert_same(TRAIL_QUARTER);
	assert_same(TRAIL_HOUR);
}

/* A row that is renewed as its day goes on stands for all that was there before. */
static void test_rows_are_renewed(void **state)
{
	(void)state;
	for (int64_t hour = 1; hour < 40; hour++) {
		feed(&whole, (hour - 1) * NS_PER_HOUR, hour * NS_PER_HOUR, NS_PER_MIN);
		cut(&whole);
		join(BEGIN_NS + hour * NS_PER_HOUR);
		trail_advance(&whole, BEGIN_NS + hour * NS_PER_HOUR);
		assert_same(TRAIL_QUARTER);
	}
	assert_int_equal(row_count, 4);
}

/* What was lost leaves a gap and nothing else. */
static void test_lost_rows(void **state)
{
	struct trail_view view;

	(void)state;
	feed(&whole, 0, 5 * NS_PER_DAY, NS_PER_MIN);
	cut(&whole);
	memset(&again, 0, sizeof again);
	for (uint32_t i = 0; i < row_count; i++)
		if (i != 2 && grains[i] == TRAIL_QUARTER)
			assert_true(join_row(i, sizes[i], BEGIN_NS + 5 * NS_PER_DAY));
	pastrow_resume(&again, BEGIN_NS + 5 * NS_PER_DAY);
	trail_advance(&whole, BEGIN_NS + 5 * NS_PER_DAY);
	assert_null(trail_check(&again));
	assert_int_equal(again.count[TRAIL_HOUR], 0);
	assert_int_equal(again.count[TRAIL_QUARTER], whole.count[TRAIL_QUARTER]);
	for (uint32_t back = 1, gaps = 0; trail_past(&again, TRAIL_QUARTER, back, &view); back++) {
		gaps += view.count == 0;
		assert_in_range(gaps, 0, 96);
	}
	/* The hour that goes on gets what the open quarter had. */
	feed(&again, 5 * NS_PER_DAY, 5 * NS_PER_DAY + 2 * NS_PER_HOUR, NS_PER_MIN);
	assert_in_range(again.count[TRAIL_HOUR], 1, 2);
	assert_true(trail_past(&again, TRAIL_HOUR, again.count[TRAIL_HOUR], &view));
	assert_int_equal(view.count, 60 - 7 + 7);
}

/* The hours' row of the last day is lost, that of its quarters is not: hours in between are empty,
 * and what an hour knows of is never counted twice. */
static void test_lost_hours(void **state)
{
	struct trail_view view;

	(void)state;
	feed(&whole, 0, 2 * NS_PER_DAY + 10 * NS_PER_MIN, NS_PER_MIN);
	cut(&whole);
	memset(&again, 0, sizeof again);
	for (uint32_t i = 0; i + 1 < row_count; i++)
		assert_true(join_row(i, sizes[i], BEGIN_NS + 3 * NS_PER_DAY));
	pastrow_resume(&again, BEGIN_NS + 3 * NS_PER_DAY);
	assert_null(trail_check(&again));
	for (uint32_t back = 1; trail_past(&again, TRAIL_HOUR, back, &view); back++)
		assert_in_range(view.count, 0, 60);
	assert_int_equal(trail_end_ns(&again, TRAIL_HOUR),
		(BEGIN_NS + 3 * NS_PER_DAY) / NS_PER_HOUR * NS_PER_HOUR);
}

static void test_order_and_repeats(void **state)
{
	int64_t wall_ns = BEGIN_NS + 3 * NS_PER_DAY;

	(void)state;
	feed(&whole, 0, 3 * NS_PER_DAY, NS_PER_MIN);
	cut(&whole);
	assert_true(join_row(1, sizes[1], wall_ns));
	assert_false(join_row(0, sizes[0], wall_ns)); /* of an earlier day */
	assert_false(join_row(1, sizes[1], wall_ns)); /* again */
	assert_true(join_row(2, sizes[2], wall_ns));
	assert_false(join_row(3, sizes[3], -1)); /* no time of a wall clock */
	pastrow_resume(&again, -1);
	pastrow_resume(&again, wall_ns);
	/* It has something of its own now. */
	trail_record(&again, wall_ns, 5);
	assert_false(join_row(3, sizes[3], wall_ns));
	pastrow_resume(&again, wall_ns + NS_PER_DAY);
	assert_null(trail_check(&again));
	assert_int_equal(trail_end_ns(&again, TRAIL_FINE), wall_ns / (5 * NS_PER_S) * 5 * NS_PER_S);
}

/* A clock that was set back: what has not been yet is not taken. */
static void test_the_future_is_left_out(void **state)
{
	static const int64_t backs[] = {
		NS_PER_MIN, 50 * NS_PER_MIN, 30 * NS_PER_HOUR, 50 * NS_PER_HOUR, 200 * NS_PER_DAY};

	for (size_t i = 0; i < sizeof backs / sizeof backs[0]; i++) {
		int64_t wall_ns = BEGIN_NS + 2 * NS_PER_DAY - backs[i];

		setup(state);
		feed(&whole, 0, 2 * NS_PER_DAY, NS_PER_MIN);
		cut(&whole);
		join(wall_ns);
		for (uint32_t grain = 0; grain < TRAIL_GRAIN_COUNT; grain++)
			assert_true(trail_end_ns(&again, (enum trail_grain)grain) <= wall_ns);
		trail_record(&again, wall_ns + NS_PER_MIN, 7);
		assert_null(trail_check(&again));
	}
}

static void test_nothing_to_keep(void **state)
{
	struct bytes_writer writer;
	int64_t begin_ns, end_ns;

	(void)state;
	bytes_writer_init(&writer, bytes[0], sizeof bytes[0]);
	assert_false(pastrow_span(&whole, TRAIL_HOUR, &begin_ns, &end_ns));
	assert_false(pastrow_put(&whole, TRAIL_HOUR, 20000, &writer));
	trail_record(&whole, BEGIN_NS, 3);
	assert_false(pastrow_span(&whole, TRAIL_HOUR, &begin_ns, &end_ns));
	assert_true(pastrow_span(&whole, TRAIL_QUARTER, &begin_ns, &end_ns));
	assert_int_equal(begin_ns, end_ns);
	assert_false(pastrow_put(&whole, TRAIL_QUARTER, 19999, &writer));
	assert_false(pastrow_put(&whole, TRAIL_QUARTER, 20001, &writer));
	assert_false(pastrow_put(&whole, TRAIL_QUARTER, -1, &writer));
	assert_int_equal(writer.used, 0);
	assert_true(pastrow_put(&whole, TRAIL_QUARTER, 20000, &writer));
	/* Before 1970 nothing is kept. */
	setup(state);
	trail_record(&whole, -5 * NS_PER_DAY, 3);
	trail_record(&whole, -4 * NS_PER_DAY, 3);
	assert_false(pastrow_put(&whole, TRAIL_HOUR, -5, &writer));
}

/* The widest values there can be: a row has room for them. */
static void test_widest(void **state)
{
	struct prng random;

	(void)state;
	prng_init(&random, 3);
	for (int64_t at_ns = 0; at_ns < NS_PER_DAY - NS_PER_MIN; at_ns += 40 * NS_PER_MS)
		trail_record(&whole, 20000 * NS_PER_DAY + at_ns,
			(int64_t)(prng_next(&random) >> (1 + prng_below(&random, 62))));
	cut(&whole);
	assert_int_equal(row_count, 2);
	assert_in_range(sizes[0], 1000, PASTROW_SIZE_MAX / 2);
	join(20000 * NS_PER_DAY + NS_PER_DAY - NS_PER_MIN);
}

static void test_cut_and_damaged(void **state)
{
	int64_t wall_ns = BEGIN_NS + 26 * NS_PER_HOUR;
	uint32_t refused = 0;

	(void)state;
	feed(&whole, 0, 26 * NS_PER_HOUR, NS_PER_MIN);
	cut(&whole);
	for (uint32_t i = 0; i < row_count; i++) {
		for (size_t size = 0; size < sizes[i]; size++) {
			memset(&again, 0, sizeof again);
			assert_false(join_row(i, size, wall_ns));
			assert_false(again.begun);
		}
		memset(&again, 0, sizeof again);
		assert_false(join_row(i, sizes[i] + 1, wall_ns)); /* something behind it */
		for (size_t bit = 0; bit < sizes[i] * 8; bit++) {
			memset(&again, 0, sizeof again);
			bytes[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
			refused += !join_row(i, sizes[i], wall_ns);
			bytes[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
			pastrow_resume(&again, wall_ns);
			assert_null(trail_check(&again));
		}
	}
	assert_in_range(refused, 100, UINT32_MAX);
}

/* Numbers that a buggy writer could leave. */
static void test_numbers_that_cannot_be(void **state)
{
	static const uint64_t firsts[] = {UINT64_MAX, INT64_MAX, (uint64_t)INT64_MAX / 2,
		(uint64_t)(INT64_MAX / 2 / NS_PER_HOUR) + 1, 20000 * 24 + 1};
	static const uint64_t counts[] = {UINT64_MAX, 25, 24};

	(void)state;
	for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++)
		for (size_t j = 0; j < sizeof counts / sizeof counts[0]; j++) {
			struct bytes_writer writer;

			bytes_writer_init(&writer, bytes[0], sizeof bytes[0]);
			bytes_put_u8(&writer, 1);
			bytes_put_varint(&writer, firsts[i]);
			bytes_put_varint(&writer, counts[j]);
			for (uint32_t k = 0; k < 25; k++)
				bytes_put_varint(&writer, 0);
			grains[0] = TRAIL_HOUR;
			assert_false(join_row(0, writer.used, BEGIN_NS));
		}
	assert_false(again.begun);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_restart_at_any_time, setup),
		cmocka_unit_test_setup(test_time_away_is_a_silence, setup),
		cmocka_unit_test_setup(test_full_rings, setup),
		cmocka_unit_test_setup(test_rows_are_renewed, setup),
		cmocka_unit_test_setup(test_lost_rows, setup),
		cmocka_unit_test_setup(test_lost_hours, setup),
		cmocka_unit_test_setup(test_order_and_repeats, setup),
		cmocka_unit_test_setup(test_the_future_is_left_out, setup),
		cmocka_unit_test_setup(test_nothing_to_keep, setup),
		cmocka_unit_test_setup(test_widest, setup),
		cmocka_unit_test_setup(test_cut_and_damaged, setup),
		cmocka_unit_test_setup(test_numbers_that_cannot_be, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Saved trends, vigils and knees: the same comes back, and what was cut off or changed is refused
 * or at least whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/knee.h"
#include "core/trend.h"
#include "core/vigil.h"

enum { SIZE_MAX_FORM = 1 << 17, CUT_STEP = 7, DAMAGES = 20000, MINUTES = 3 * 24 * 60, BINS = 900 };

static uint8_t whole[SIZE_MAX_FORM], again[SIZE_MAX_FORM], damaged[SIZE_MAX_FORM];
static struct trend trend, trend_back;
static struct vigil vigil, vigil_back;
static struct knee knee, knee_back;

static void flush_nothing(void *context)
{
	(void)context;
}

static size_t put_trend(const void *from, uint8_t *to)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, to, SIZE_MAX_FORM);
	trend_put(from, &writer, flush_nothing, NULL);
	return writer.used;
}

static size_t put_vigil(const void *from, uint8_t *to)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, to, SIZE_MAX_FORM);
	vigil_put(from, &writer, flush_nothing, NULL);
	return writer.used;
}

static size_t put_knee(const void *from, uint8_t *to)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, to, SIZE_MAX_FORM);
	knee_put(from, &writer);
	return writer.used;
}

static bool read_trend(void *to, const uint8_t *bytes, size_t size)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, bytes, size);
	trend_init(to);
	return trend_read(to, &reader);
}

static bool read_vigil(void *to, const uint8_t *bytes, size_t size)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, bytes, size);
	return vigil_read(to, &reader);
}

static bool read_knee(void *to, const uint8_t *bytes, size_t size)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, bytes, size);
	return knee_read(to, &reader);
}

/* What is tried with each form. */
struct form {
	size_t (*put)(const void *from, uint8_t *to);
	bool (*read)(void *to, const uint8_t *bytes, size_t size);
	const void *value;
	void *back;
};

static void try_whole(const struct form *form, size_t size)
{
	assert_true(form->read(form->back, whole, size));
	assert_int_equal(form->put(form->back, again), size);
	assert_memory_equal(again, whole, size);
}

static void try_cut(const struct form *form, size_t size)
{
	for (size_t cut = 0; cut < size; cut += CUT_STEP)
		assert_false(form->read(form->back, whole, cut));
	assert_false(form->read(form->back, whole, size - 1));
}

/* Bytes that make the worst of numbers: zeros, ones, NaN's and large ones' first bytes. */
static void try_damaged(const struct form *form, size_t size)
{
	static const uint8_t WORST[] = {0x00, 0xff, 0x7f, 0xf0, 0x80, 0x01};
	struct prng prng;
	uint32_t refused = 0;

	prng_init(&prng, 7);
	for (uint32_t i = 0; i < DAMAGES; i++) {
		size_t at = prng_below(&prng, size);
		size_t count = 1 + prng_below(&prng, 8);
		uint8_t byte = WORST[prng_below(&prng, sizeof WORST)];

		memcpy(damaged, whole, size);
		for (size_t j = at; j < at + count && j < size; j++)
			damaged[j] = byte;
		if (form->read(form->back, damaged, size))
			assert_true(form->put(form->back, again) > 0);
		else
			refused++;
	}
	assert_true(refused > DAMAGES / 100);
}

static void try_form(const struct form *form)
{
	size_t size = form->put(form->value, whole);

	try_whole(form, size);
	try_cut(form, size);
	try_damaged(form, size);
}

static void test_a_trend_that_was_found(void **state)
{
	struct form form = {put_trend, read_trend, &trend, &trend_back};

	(void)state;
	trend_init(&trend);
	for (int64_t minute = 0; minute < MINUTES; minute++)
		trend_add(&trend, minute * NS_PER_MIN, 100 + 0.2 * (double)minute);
	assert_true(trend.finding.is_found);
	try_form(&form);
}

static void test_a_vigil_with_odd_stretches(void **state)
{
	struct form form = {put_vigil, read_vigil, &vigil, &vigil_back};
	struct prng prng;

	(void)state;
	prng_init(&prng, 3);
	vigil_init(&vigil);
	for (int64_t bin = 0; bin < BINS; bin++) {
		double value = 20 + 5 * prng_unit(&prng);

		if (bin % 300 > 290)
			value *= 6;
		vigil_add(&vigil, bin, bin * 5 * NS_PER_MIN, value);
	}
	try_form(&form);
}

/* Four tasks at once do what two do, and every third attempt fails from five on. */
static void test_a_knee_that_was_found(void **state)
{
	struct form form = {put_knee, read_knee, &knee, &knee_back};

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t tasks = 1 + i % 7;
		int64_t power = tasks < 2 ? 1 : 2;

		knee_pass(&knee, tasks, NS_PER_S / power);
		knee_end(&knee, tasks, tasks >= 5 && i % 3 == 0 ? 0 : 1.5);
	}
	assert_true(knee.finding.is_found);
	assert_int_equal(knee_tasks(knee.finding.place), 2);
	assert_int_equal(knee_tasks(knee.finding.degrades), 5);
	try_form(&form);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_trend_that_was_found),
		cmocka_unit_test(test_a_vigil_with_odd_stretches),
		cmocka_unit_test(test_a_knee_that_was_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What was put must come back, in exactly the bytes promised, and never from beyond the end. */
#include "base/bytes.h"

#include <math.h>
#include <string.h>

#include "unit.h"

#define DATA_SIZE 256

static void put_all(struct bytes_writer *writer)
{
	bytes_put_u8(writer, 0xab);
	bytes_put_u16(writer, 0x1234);
	bytes_put_u32(writer, 0x89abcdefU);
	bytes_put_u64(writer, UINT64_C(0x0123456789abcdef));
	bytes_put_i64(writer, -2);
	bytes_put_varint(writer, 300);
	bytes_put_double(writer, -1.5);
	bytes_put_raw(writer, "raw", 3);
	bytes_put_blob(writer, "blob", 4);
	bytes_put_blob(writer, NULL, 0);
}

static void get_all(struct bytes_reader *reader)
{
	const uint8_t *data;
	size_t size;

	assert_int_equal(bytes_get_u8(reader), 0xab);
	assert_int_equal(bytes_get_u16(reader), 0x1234);
	assert_int_equal(bytes_get_u32(reader), 0x89abcdefU);
	assert_int_equal(bytes_get_u64(reader), UINT64_C(0x0123456789abcdef));
	assert_true(bytes_get_i64(reader) == -2);
	assert_int_equal(bytes_get_varint(reader), 300);
	assert_true(bytes_get_double(reader) == -1.5);
	data = bytes_get_raw(reader, 3);
	assert_memory_equal(data, "raw", 3);
	data = bytes_get_blob(reader, &size);
	assert_int_equal(size, 4);
	assert_memory_equal(data, "blob", 4);
	data = bytes_get_blob(reader, &size);
	assert_non_null(data);
	assert_int_equal(size, 0);
}

static void comes_back_as_it_was(void **state)
{
	static const uint8_t expected[] = {0xab, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x89, 0xef, 0xcd,
		0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xac, 0x02, 0, 0, 0, 0, 0, 0, 0xf8, 0xbf, 'r', 'a', 'w', 4, 'b', 'l', 'o', 'b', 0};
	uint8_t data[DATA_SIZE];
	struct bytes_writer measure;
	struct bytes_writer writer;
	struct bytes_reader reader;

	(void)state;
	bytes_writer_init(&measure, NULL, 0);
	put_all(&measure);
	assert_false(measure.overflow);
	assert_int_equal(measure.used, sizeof(expected));
	bytes_writer_init(&writer, data, sizeof(expected));
	put_all(&writer);
	assert_false(writer.overflow);
	assert_int_equal(writer.used, sizeof(expected));
	assert_memory_equal(data, expected, sizeof(expected));
	bytes_reader_init(&reader, data, writer.used);
	get_all(&reader);
	assert_false(reader.failed);
	assert_int_equal(bytes_left(&reader), 0);
}

static void never_writes_past_the_end(void **state)
{
	struct bytes_writer measure;

	(void)state;
	bytes_writer_init(&measure, NULL, 0);
	put_all(&measure);
	for (size_t size = 0; size < measure.used; size++) {
		uint8_t data[DATA_SIZE];
		struct bytes_writer writer;

		memset(data, 0x5a, sizeof(data));
		bytes_writer_init(&writer, data, size);
		put_all(&writer);
		assert_true(writer.overflow);
		assert_true(writer.used <= size);
		for (size_t i = writer.used; i < sizeof(data); i++)
			assert_int_equal(data[i], 0x5a);
	}
	bytes_writer_init(&measure, NULL, 0);
	bytes_put_raw(&measure, NULL, SIZE_MAX);
	assert_false(measure.overflow);
	bytes_put_u8(&measure, 1);
	assert_true(measure.overflow);
}

static void fails_once_and_for_all(void **state)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7};
	struct bytes_reader reader;
	size_t size = 9;

	(void)state;
	bytes_reader_init(&reader, data, sizeof(data));
	assert_int_equal(bytes_get_u64(&reader), 0);
	assert_true(reader.failed);
	assert_int_equal(bytes_get_u8(&reader), 0);
	assert_int_equal(bytes_left(&reader), 0);
	assert_null(bytes_get_raw(&reader, 0));
	assert_null(bytes_get_blob(&reader, &size));
	assert_int_equal(size, 0);
	bytes_reader_init(&reader, NULL, 0);
	assert_non_null(bytes_get_raw(&reader, 0));
	assert_false(reader.failed);
	assert_null(bytes_get_raw(&reader, SIZE_MAX));
}

static void varints_have_one_form(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool good;
		uint64_t value;
	} cases[] = {
		{"\x00", 1, true, 0},
		{"\x7f", 1, true, 127},
		{"\x80\x01", 2, true, 128},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, true, UINT64_MAX},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, false, 0},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11, false, 0},
		{"\x80\x00", 2, false, 0},
		{"\x80", 1, false, 0},
		{"", 0, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes_reader reader;

		bytes_reader_init(&reader, cases[i].bytes, cases[i].size);
		assert_int_equal(bytes_get_varint(&reader), cases[i].value);
		assert_int_equal(reader.failed, !cases[i].good);
	}
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t value = UINT64_C(1) << bit;
		uint8_t data[BYTES_VARINT_SIZE_MAX];
		struct bytes_writer writer;
		struct bytes_reader reader;

		bytes_writer_init(&writer, data, sizeof(data));
		bytes_put_varint(&writer, value);
		assert_int_equal(writer.used, bit / 7 + 1);
		bytes_reader_init(&reader, data, writer.used);
		assert_int_equal(bytes_get_varint(&reader), value);
		assert_false(reader.failed);
	}
}

static void blobs_may_lie_about_their_size(void **state)
{
	uint8_t data[BYTES_VARINT_SIZE_MAX + 1];
	struct bytes_writer writer;
	struct bytes_reader reader;
	size_t size;

	(void)state;
	bytes_writer_init(&writer, data, sizeof(data));
	bytes_put_varint(&writer, UINT64_MAX);
	bytes_put_u8(&writer, 7);
	bytes_reader_init(&reader, data, writer.used);
	assert_null(bytes_get_blob(&reader, &size));
	assert_true(reader.failed);
	assert_int_equal(size, 0);
}

static void all_nans_are_written_alike(void **state)
{
	uint8_t data[16];
	struct bytes_writer writer;
	struct bytes_reader reader;

	(void)state;
	bytes_writer_init(&writer, data, sizeof(data));
	bytes_put_double(&writer, (double)NAN);
	bytes_put_double(&writer, -(double)NAN);
	assert_memory_equal(data, data + 8, 8);
	bytes_reader_init(&reader, data, writer.used);
	assert_true(isnan(bytes_get_double(&reader)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(never_writes_past_the_end),
		cmocka_unit_test(fails_once_and_for_all),
		cmocka_unit_test(varints_have_one_form),
		cmocka_unit_test(blobs_may_lie_about_their_size),
		cmocka_unit_test(all_nans_are_written_alike),
	};

	return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}

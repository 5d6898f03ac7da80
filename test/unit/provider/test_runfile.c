/* SPDX-License-Identifier: Apache-2.0 */
/* The form of the small files: everything comes back, nothing damaged is taken for whole. */
#include "provider/runfile.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static size_t write_sample(char *data, size_t size)
{
	struct runfile_writer writer;
	runfile_writer_init(&writer, data, size);
	runfile_put(&writer, "bytes", "a\0b\nend 0:\n", 11);
	runfile_put_text(&writer, "text", "");
	runfile_put_number(&writer, "number", -42);
	runfile_put_number(&writer, "large", INT64_MAX);
	return runfile_finish(&writer);
}

static void test_round_trip(void **state)
{
	(void)state;
	char data[256];
	struct runfile_reader reader;
	struct runfile_field field;
	int64_t number = 0;
	size_t size = write_sample(data, sizeof data);
	assert_true(size > 0);
	runfile_reader_init(&reader, data, size);
	assert_true(runfile_next(&reader, &field));
	assert_string_equal(field.key, "bytes");
	assert_int_equal(field.size, 11);
	assert_memory_equal(field.value, "a\0b\nend 0:\n", 11);
	assert_false(runfile_text(&field));
	assert_false(runfile_number(&field, &number));
	assert_true(runfile_next(&reader, &field));
	assert_true(runfile_text(&field));
	assert_false(runfile_number(&field, &number));
	assert_true(runfile_next(&reader, &field));
	assert_true(runfile_number(&field, &number));
	assert_int_equal(number, -42);
	assert_true(runfile_next(&reader, &field));
	assert_true(runfile_number(&field, &number));
	assert_true(number == INT64_MAX);
	assert_false(runfile_next(&reader, &field));
	assert_true(reader.ended);
	assert_false(runfile_next(&reader, &field));
}

static bool reads_whole(char *data, size_t size)
{
	struct runfile_reader reader;
	struct runfile_field field;
	runfile_reader_init(&reader, data, size);
	while (runfile_next(&reader, &field))
		continue;
	return reader.ended;
}

static void test_damage_is_seen(void **state)
{
	(void)state;
	char whole[256];
	char data[256];
	size_t size = write_sample(whole, sizeof whole);
	for (size_t cut = 0; cut < size; cut++) {
		memcpy(data, whole, size);
		assert_false(reads_whole(data, cut));
	}
	memcpy(data, whole, size);
	data[size] = '\n';
	assert_false(reads_whole(data, size + 1));
	static const char *const bad[] = {"key 5:abc\nend 0:\n", "key 99999999999999999999:a\n",
		"key -1:\nend 0:\n", "key x\nend 0:\n", " 0:\nend 0:\n", "end 1:x\n",
		"a_key_that_is_longer_than_any_we_ever_wrote 0:\nend 0:\n"};
	for (size_t index = 0; index < sizeof bad / sizeof bad[0]; index++) {
		snprintf(data, sizeof data, "%s", bad[index]);
		assert_false(reads_whole(data, strlen(data)));
	}
}

static void test_overflow(void **state)
{
	(void)state;
	char data[256];
	size_t size = write_sample(data, sizeof data);
	for (size_t room = 0; room < size; room++)
		assert_int_equal(write_sample(data, room), 0);
}

static void test_files(void **state)
{
	(void)state;
	char directory[] = "/tmp/ballast-test-XXXXXX";
	char data[16];
	assert_non_null(mkdtemp(directory));
	int fd = open(directory, O_RDONLY | O_DIRECTORY);
	assert_int_equal(runfile_load(fd, "name", data, sizeof data), -1);
	assert_true(runfile_save(fd, "name", "first", 5, true));
	assert_true(runfile_save(fd, "name", "second", 6, false));
	assert_int_equal(runfile_load(fd, "name", data, sizeof data), 6);
	assert_memory_equal(data, "second", 6);
	assert_int_equal(runfile_load(fd, "name", data, 6), -1);
	assert_int_equal(symlinkat("name", fd, "link"), 0);
	assert_int_equal(runfile_load(fd, "link", data, sizeof data), -1);
	assert_int_equal(unlinkat(fd, "link", 0), 0);
	assert_int_equal(unlinkat(fd, "name", 0), 0);
	close(fd);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage_is_seen),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

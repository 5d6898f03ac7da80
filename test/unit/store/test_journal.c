/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's files: what was appended is read again, what was cut or changed is not taken for
 * it. */
#include "folder.h"

#include "store/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDS 50

static struct folder folder;

static int make_folder(void **state)
{
	(void)state;
	folder_make(&folder, &store_memory);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	folder_remove(&folder);
	return 0;
}

static struct journal *open_journal(uint64_t segment_size_max, uint32_t segments_max)
{
	const struct journal_options options = {.directory = folder.path,
		.segment_size_max = segment_size_max,
		.segments_max = segments_max};
	struct journal *journal = journal_open(&options);

	assert_non_null(journal);
	return journal;
}

static void begin(struct journal *journal, const char *snapshot)
{
	void *block = strdup(snapshot);

	/* The snapshot before it may still be on its way to the file. */
	while (!journal_begin(journal, &block, strlen(snapshot)))
		sched_yield();
	assert_null(block);
}

/* Record i: i bytes, each of value i. */
static bool append(struct journal *journal, uint32_t i)
{
	uint8_t content[256];

	memset(content, (int)i, sizeof(content));
	return journal_append(journal, 7, i * UINT64_C(0x123456789), content, i);
}

static void write_records(void)
{
	struct journal *journal = open_journal(0, 4);

	assert_true(journal_due(journal));
	assert_false(append(journal, 1)); /* there is no segment yet */
	begin(journal, "the core's state");
	assert_false(journal_due(journal));
	for (uint32_t i = 0; i < RECORDS; i++)
		assert_true(append(journal, i));
	journal_close(journal);
}

static uint8_t *load(uint64_t number, size_t *size)
{
	char path[JOURNAL_PATH_SIZE_MAX];
	uint8_t *bytes;

	assert_true(journal_path(folder.path, number, path));
	bytes = journal_load(path, size);
	assert_non_null(bytes);
	return bytes;
}

/* Reads all that can be read, checks that each record is what was written, returns how many. */
static uint32_t read_records(struct journal_reader *reader)
{
	struct journal_record record;
	uint32_t count = 0;

	while (journal_read(reader, &record)) {
		assert_int_equal(record.version, 7);
		assert_int_equal(record.size, count);
		assert_true(record.digest == count * UINT64_C(0x123456789));
		for (uint32_t i = 0; i < record.size; i++)
			assert_int_equal(record.data[i], count);
		count++;
	}
	return count;
}

static void test_written_records_are_read(void **state)
{
	struct journal_reader reader;
	uint8_t *bytes;
	size_t size;

	(void)state;
	write_records();
	bytes = load(1, &size);
	assert_int_equal(journal_reader_init(&reader, bytes, size), JOURNAL_READ);
	assert_int_equal(reader.number, 1);
	assert_true(reader.created_at_ns > 0);
	assert_int_equal(reader.snapshot_size, 16);
	assert_memory_equal(reader.snapshot, "the core's state", 16);
	assert_int_equal(read_records(&reader), RECORDS);
	assert_int_equal(reader.dropped, 0);
	free(bytes);
}

static void test_torn_tail_ends_the_segment(void **state)
{
	const size_t begin_size = JOURNAL_HEADER_SIZE + 16;
	struct journal_reader reader;
	uint8_t *bytes;
	size_t size;

	(void)state;
	write_records();
	bytes = load(1, &size);
	for (size_t cut = 0; cut < size; cut++) {
		enum journal_found found = journal_reader_init(&reader, bytes, cut);
		size_t used = begin_size;

		if (cut < begin_size) {
			assert_int_equal(found, cut < 8 ? JOURNAL_FOREIGN : JOURNAL_DAMAGED);
			continue;
		}
		assert_int_equal(found, JOURNAL_READ);
		for (uint32_t i = read_records(&reader); i > 0; i--)
			used += JOURNAL_RECORD_HEADER_SIZE + (i - 1);
		assert_int_equal(reader.dropped, cut - used);
	}
	free(bytes);
}

static void test_changed_bytes_are_not_taken_for_records(void **state)
{
	struct journal_reader reader;
	uint8_t *bytes;
	size_t size;

	(void)state;
	write_records();
	bytes = load(1, &size);
	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= (uint8_t)(1U << (at % 8));
		if (journal_reader_init(&reader, bytes, size) == JOURNAL_READ) {
			assert_true(read_records(&reader) < RECORDS);
			assert_true(reader.dropped > 0);
		}
		bytes[at] ^= (uint8_t)(1U << (at % 8));
	}
	free(bytes);
}

static void test_segments_rotate_and_the_oldest_goes(void **state)
{
	uint64_t numbers[8];
	struct journal *journal = open_journal(1000, 3);
	struct journal_counts counts;
	uint32_t begun = 0;

	(void)state;
	while (begun < 6) {
		while (!journal_due(journal))
			append(journal, 200);
		begin(journal, "state");
		begun++;
	}
	journal_close(journal);
	assert_int_equal(journal_list(folder.path, numbers, 8), 3);
	assert_int_equal(numbers[0], 4);
	assert_int_equal(numbers[2], 6);
	/* Numbers go on after the last one there. */
	journal = open_journal(1000, 3);
	begin(journal, "state");
	journal_count(journal, &counts);
	assert_int_equal(counts.dropped, 0);
	journal_close(journal);
	assert_int_equal(journal_list(folder.path, numbers, 8), 3);
	assert_int_equal(numbers[2], 7);
	assert_int_equal(journal_list(folder.path, numbers, 1), 1);
	assert_int_equal(numbers[0], 7);
}

static void test_segment_that_is_not_ended_is_bounded(void **state)
{
	struct journal *journal = open_journal(1000, 3);
	struct journal_counts counts;
	struct stat file;
	char path[JOURNAL_PATH_SIZE_MAX];

	(void)state;
	begin(journal, "state");
	for (uint32_t i = 0; i < 1000; i++)
		append(journal, 100);
	while (!journal_due(journal))
		sched_yield();
	journal_count(journal, &counts);
	assert_int_equal(counts.records + counts.dropped, 1000);
	assert_int_equal(counts.records, 2000 / (JOURNAL_RECORD_HEADER_SIZE + 100));
	journal_close(journal);
	assert_true(journal_path(folder.path, 1, path));
	assert_int_equal(stat(path, &file), 0);
	assert_true(file.st_size <= JOURNAL_HEADER_SIZE + 5 + 2000);
}

static void test_failed_write_costs_the_segment_only(void **state)
{
	struct journal *journal = open_journal(0, 3);
	struct journal_counts counts = {0};

	(void)state;
	assert_int_equal(rmdir(folder.path), 0);
	begin(journal, "state");
	while (counts.error == 0) {
		sched_yield();
		journal_count(journal, &counts);
	}
	assert_false(append(journal, 1));
	assert_false(journal_due(journal)); /* not before JOURNAL_RETRY_NS */
	journal_close(journal);
	assert_int_equal(mkdir(folder.path, 0700), 0);
}

static void test_large_records(void **state)
{
	struct journal *journal = open_journal(UINT64_C(8) << 20, 3);
	struct journal_reader reader;
	struct journal_record record;
	uint8_t *content = calloc(1, JOURNAL_RECORD_SIZE_MAX + 1);
	uint8_t *bytes;
	size_t size;

	(void)state;
	assert_non_null(content);
	begin(journal, "state");
	assert_true(journal_append(journal, 1, 2, content, JOURNAL_RECORD_SIZE_MAX));
	assert_false(journal_append(journal, 1, 2, content, JOURNAL_RECORD_SIZE_MAX + 1));
	journal_close(journal);
	bytes = load(1, &size);
	assert_int_equal(journal_reader_init(&reader, bytes, size), JOURNAL_READ);
	assert_true(journal_read(&reader, &record));
	assert_int_equal(record.size, JOURNAL_RECORD_SIZE_MAX);
	assert_false(journal_read(&reader, &record));
	assert_int_equal(reader.dropped, 0);
	free(content);
	free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_written_records_are_read),
		TEST(test_torn_tail_ends_the_segment),
		TEST(test_changed_bytes_are_not_taken_for_records),
		TEST(test_segments_rotate_and_the_oldest_goes),
		TEST(test_segment_that_is_not_ended_is_bounded),
		TEST(test_failed_write_costs_the_segment_only),
		TEST(test_large_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

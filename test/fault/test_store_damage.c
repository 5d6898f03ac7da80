/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits flipped in the store's files, and its log cut short: whatever is opened afterwards is either
 * what was committed, or the store has said what is missing. A row with wrong bytes in it never
 * comes back, no damage keeps the store from starting twice in a row, and a cut log is told
 * exactly.
 *
 * A store is filled once with a fixed history, one operation per commit, and its files are copied
 * while it is open, as a crash would leave them; so what must be there after commit n is known.
 */
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TASKS         40
#define COMMITS       (2 * TASKS)
#define FLIPS         200
#define CUTS          200
#define PAGE_SIZE     4096
#define FILE_SIZE_MAX (4 << 20)

struct image {
	const char *name;
	uint8_t *bytes;
	size_t size;
};

static struct image images[] = {
	{"store.db", NULL, 0}, {"store.db-wal", NULL, 0}, {"store.mark", NULL, 0}};
#define IMAGES (sizeof(images) / sizeof(images[0]))

static struct folder folder;
static char payloads[TASKS + 1][600];

/* Commit 2k-1 submits task k, commit 2k ends it, except that each third task stays unfinished and
 * commit 2k notes a dispatch. */
static bool ends(uint64_t id)
{
	return id % 3 != 0;
}

static void fill_store(void)
{
	for (uint64_t id = 1; id <= TASKS; id++) {
		snprintf(payloads[id], sizeof(payloads[id]), "payload %d %0*d", (int)id,
			(int)(id * 13), 7);
		assert_int_equal(
			folder_commit(&folder, folder_task(id, payloads[id])).status, STORE_OK);
		if (ends(id))
			folder_commit(
				&folder, folder_result(id, STORE_TASK_SUCCEEDED, payloads[id] + 3));
		else
			folder_commit(&folder, folder_progress(id, STORE_TASK_DISPATCHED, 1));
	}
}

static void load_image(struct image *image)
{
	FILE *file = fopen(folder_file(&folder, image->name), "rb");

	assert_non_null(file);
	image->bytes = malloc(FILE_SIZE_MAX);
	assert_non_null(image->bytes);
	image->size = fread(image->bytes, 1, FILE_SIZE_MAX, file);
	fclose(file);
	assert_true(image->size > 0);
}

static int prepare(void **state)
{
	(void)state;
	folder_make(&folder, &store_sqlite);
	assert_int_equal(folder_open(&folder), STORE_OK);
	for (uint64_t id = 1; id <= TASKS; id++)
		memset(payloads[id], 0, sizeof(payloads[id]));
	fill_store();
	for (size_t i = 0; i < IMAGES; i++)
		load_image(&images[i]);
	folder_remove(&folder);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < IMAGES; i++)
		free(images[i].bytes);
	return 0;
}

static void place_images(void)
{
	folder_make(&folder, &store_sqlite);
	for (size_t i = 0; i < IMAGES; i++) {
		FILE *file = fopen(folder_file(&folder, images[i].name), "wb");

		assert_non_null(file);
		assert_int_equal(fwrite(images[i].bytes, 1, images[i].size, file), images[i].size);
		fclose(file);
	}
}

struct check {
	uint64_t id;
	uint64_t commit; /* what is expected is the state after this one */
	bool deviates;
};

static bool is_text(struct store_bytes bytes, const char *text)
{
	return folder_equal(bytes, folder_text(text));
}

/* What may never be, whatever was damaged: bytes that nobody wrote. */
static bool check_view(void *context, const struct store_view *view)
{
	struct check *check = context;
	bool ended = ends(check->id) && check->commit >= 2 * check->id;

	assert_int_equal(view->task.id, check->id);
	assert_true(is_text(view->task.kind, "coder"));
	assert_true(is_text(view->task.tenant, "acme"));
	if (!is_text(view->task.payload, payloads[check->id])) {
		check->deviates = true;
		assert_int_equal(view->task.payload.size, 0);
		assert_int_equal(view->result.state, STORE_TASK_DEAD);
	}
	if (view->ended && view->result.error.size == 0) {
		assert_int_equal(view->result.state, STORE_TASK_SUCCEEDED);
		assert_true(is_text(view->result.content, payloads[check->id] + 3));
	}
	if (view->ended != ended || (view->ended && view->result.error.size != 0))
		check->deviates = true;
	if (!view->ended && check->commit >= 2 * check->id &&
		view->progress.state != STORE_TASK_DISPATCHED)
		check->deviates = true;
	return true;
}

/* True when all is as it was after `commit`. */
static bool check_tasks(uint64_t commit)
{
	bool deviates = false;

	for (uint64_t id = 1; id <= TASKS; id++) {
		struct check check = {.id = id, .commit = commit};
		enum store_status status = folder.ops->get(folder.store, id,
			STORE_WITH_PAYLOAD | STORE_WITH_CONTENT, check_view, &check);
		bool expected = commit >= 2 * id - 1;

		assert_true(
			status == STORE_OK || status == STORE_NOT_FOUND || status == STORE_DAMAGED);
		deviates |= check.deviates || (status == STORE_OK) != expected;
	}
	return !deviates;
}

/* A trial in which the files lie damaged in the folder. Returns true when nothing was lost. */
static bool judge(void)
{
	enum store_status status = folder_open(&folder);
	char said[FOLDER_SAID_SIZE_MAX];
	uint64_t missing;
	uint64_t commit;
	bool whole;

	if (status != STORE_OK) {
		/* A refusal is an answer as long as it names the file and leaves it alone. */
		assert_non_null(strstr(folder.report.text, "store."));
		return false;
	}
	missing = folder.report.commits_missing;
	commit = COMMITS - missing;
	whole = check_tasks(commit);
	memcpy(said, folder.said, sizeof(said));
	if (!whole || missing > 0 || folder.report.rows_damaged > 0)
		assert_true(said[0] != '\0');
	folder_close(&folder);
	/* What was found once is not found again. */
	assert_int_equal(folder_open(&folder), STORE_OK);
	assert_int_equal(folder.report.commits_missing, 0);
	assert_int_equal(folder.report.rows_damaged, 0);
	assert_int_equal(check_tasks(commit), whole);
	return whole && missing == 0;
}

static void test_untouched_files_are_whole(void **state)
{
	(void)state;
	place_images();
	assert_int_equal(folder_open(&folder), STORE_OK);
	assert_string_equal(folder.said, "");
	assert_int_equal(folder.report.commit, COMMITS);
	assert_true(check_tasks(COMMITS));
	folder_remove(&folder);
}

static void flip_bits(struct image *image, uint32_t count, unsigned short seed[3])
{
	uint32_t refused = 0;
	uint32_t lossless = 0;

	for (uint32_t i = 0; i < count; i++) {
		size_t at = (size_t)nrand48(seed) % image->size;
		uint8_t bit = (uint8_t)(1U << (nrand48(seed) % 8));
		bool whole;

		image->bytes[at] ^= bit;
		place_images();
		whole = judge();
		image->bytes[at] ^= bit;
		lossless += whole;
		refused += folder.store == NULL;
		folder_remove(&folder);
	}
	print_message("%s: %u flips, %u without a loss, %u refused to open\n", image->name, count,
		lossless, refused);
	/* Most of the file can always be saved. */
	assert_true(refused <= count / 20);
}

static void test_flipped_bits_in_the_log(void **state)
{
	unsigned short seed[3] = {1, 2, 3};

	(void)state;
	flip_bits(&images[1], FLIPS, seed);
}

static void test_flipped_bits_in_the_mark(void **state)
{
	unsigned short seed[3] = {7, 8, 9};

	(void)state;
	flip_bits(&images[2], 20, seed);
}

static void test_cut_log_is_told_exactly(void **state)
{
	unsigned short seed[3] = {4, 5, 6};
	size_t size = images[1].size;

	(void)state;
	for (uint32_t i = 0; i < CUTS; i++) {
		images[1].size = (size_t)nrand48(seed) % size;
		place_images();
		/* Nothing is damaged, so what is there must be a whole state, and no other. */
		judge();
		assert_int_equal(folder.report.rows_damaged, 0);
		folder_remove(&folder);
	}
	images[1].size = size;
}

/* Makes the images those of a clean stop, where the log has been moved into the database. */
static void stop_cleanly(struct image saved[2])
{
	memcpy(saved, images, 2 * sizeof(*saved));
	place_images();
	assert_int_equal(folder_open(&folder), STORE_OK);
	folder_close(&folder);
	load_image(&images[0]);
	folder_remove(&folder);
	images[1].size = 0;
}

static void restore_images(const struct image saved[2])
{
	free(images[0].bytes);
	memcpy(images, saved, 2 * sizeof(*saved));
}

static void test_flipped_bits_in_the_database(void **state)
{
	unsigned short seed[3] = {10, 11, 12};
	struct image saved[2];

	(void)state;
	stop_cleanly(saved);
	flip_bits(&images[0], FLIPS, seed);
	restore_images(saved);
}

/* A page lost costs what lies on it, and what lies behind it is saved; only without the root of the
 * tasks there is nothing to go on with, and then the store says so rather than start empty. */
static void test_lost_pages_of_the_database(void **state)
{
	uint8_t page[PAGE_SIZE];
	struct image saved[2];
	uint32_t refused = 0;
	uint32_t mended = 0;

	(void)state;
	stop_cleanly(saved);
	for (size_t at = 0; at + PAGE_SIZE <= images[0].size; at += PAGE_SIZE) {
		memcpy(page, images[0].bytes + at, PAGE_SIZE);
		memset(images[0].bytes + at, 0, PAGE_SIZE);
		place_images();
		mended += !judge();
		memcpy(images[0].bytes + at, page, PAGE_SIZE);
		refused += folder.store == NULL;
		folder_remove(&folder);
	}
	print_message("%u pages cost something, %u refused to open\n", mended, refused);
	assert_true(refused <= 1);
	restore_images(saved);
}

static void test_missing_database_is_not_a_new_one(void **state)
{
	(void)state;
	place_images();
	unlink(folder_file(&folder, "store.db"));
	unlink(folder_file(&folder, "store.db-wal"));
	assert_int_equal(folder_open(&folder), STORE_GONE);
	assert_non_null(strstr(folder.report.text, "store.db is missing"));
	folder_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untouched_files_are_whole),
		cmocka_unit_test(test_flipped_bits_in_the_log),
		cmocka_unit_test(test_flipped_bits_in_the_mark),
		cmocka_unit_test(test_cut_log_is_told_exactly),
		cmocka_unit_test(test_flipped_bits_in_the_database),
		cmocka_unit_test(test_lost_pages_of_the_database),
		cmocka_unit_test(test_missing_database_is_not_a_new_one),
	};

	return cmocka_run_group_tests(tests, prepare, forget);
}

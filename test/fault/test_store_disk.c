/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails under the store: writes and syncs of this program go through functions of its
 * own, which SQLite's shared library finds before those of libc, and which fail when told to.
 */
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int sync_failures;  /* so many syncs fail from now on */
static atomic_int write_errno;    /* writes to the store's log and database fail with it */
static atomic_int write_size_max; /* longer writes are cut to this; 0: none are */
static atomic_int syncs;

static bool is_database(int fd)
{
	char link[64];
	char path[4096];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof(path) - 1);
	if (size <= 0)
		return false;
	path[size] = '\0';
	return strstr(path, "store.db") != NULL;
}

static int sync_or_fail(long number, int fd)
{
	atomic_fetch_add(&syncs, 1);
	if (atomic_load(&sync_failures) > 0 && is_database(fd)) {
		atomic_fetch_sub(&sync_failures, 1);
		errno = EIO;
		return -1;
	}
	return (int)syscall(number, fd);
}

int fsync(int fd)
{
	return sync_or_fail(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_or_fail(SYS_fdatasync, fd);
}

/* With 64-bit offsets, as everything here is built, its symbol is pwrite64. */
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	int error = atomic_load(&write_errno);
	size_t size_max = (size_t)atomic_load(&write_size_max);

	if (error != 0 && is_database(fd)) {
		errno = error;
		return -1;
	}
	if (size_max != 0 && size > size_max)
		size = size_max;
	return syscall(SYS_pwrite64, fd, data, size, offset);
}

static struct folder folder;

static int open_folder(void **state)
{
	(void)state;
	atomic_store(&sync_failures, 0);
	atomic_store(&write_errno, 0);
	atomic_store(&write_size_max, 0);
	folder_make(&folder, &store_sqlite);
	return folder_open(&folder) == STORE_OK ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	atomic_store(&sync_failures, 0);
	atomic_store(&write_errno, 0);
	folder_close(&folder);
	umount(folder.path); /* when a test has failed while something was mounted there */
	folder_remove(&folder);
	return 0;
}

static bool ignore(void *context, const struct store_view *view)
{
	(void)context;
	(void)view;
	return true;
}

static enum store_status get(uint64_t id)
{
	return folder.ops->get(folder.store, id, STORE_WITH_PAYLOAD, ignore, NULL);
}

static enum store_status put(uint64_t id)
{
	return folder_commit(&folder, folder_task(id, "payload")).status;
}

/* Commits until it works again, which must be soon: reopening is tried four times a second. */
static uint64_t put_until_good(uint64_t id)
{
	for (uint64_t last = id + 2000; id < last; id++) {
		if (put(id) == STORE_OK)
			return id;
		usleep(5000);
	}
	fail_msg("the store does not heal");
	return 0;
}

static void test_every_commit_is_synced(void **state)
{
	int before = atomic_load(&syncs);

	(void)state;
	for (uint64_t id = 1; id <= 10; id++)
		assert_int_equal(put(id), STORE_OK);
	assert_true(atomic_load(&syncs) - before >= 10);
}

static void test_failed_sync_is_not_acknowledged(void **state)
{
	struct store_counts counts;
	uint64_t good;

	(void)state;
	assert_int_equal(put(1), STORE_OK);
	atomic_store(&sync_failures, 1);
	assert_int_equal(put(2), STORE_FAILED);
	folder.ops->count(folder.store, &counts);
	assert_int_equal(counts.health, STORE_FAILED);
	/* The next sync would succeed; the store must have closed the files all the same. */
	good = put_until_good(3);
	assert_non_null(strstr(folder.said, "failed, nothing of it was acknowledged"));
	assert_non_null(strstr(folder.said, "again at commit"));
	assert_int_equal(get(1), STORE_OK);
	assert_int_equal(get(good), STORE_OK);
	folder.ops->count(folder.store, &counts);
	assert_int_equal(counts.health, STORE_OK);
	folder_close(&folder);
	assert_int_equal(folder_open(&folder), STORE_OK);
	assert_int_equal(folder.report.commits_missing, 0);
	assert_int_equal(get(1), STORE_OK);
	assert_int_equal(get(good), STORE_OK);
}

static void test_whole_batch_fails_with_the_commit(void **state)
{
	uint32_t good;

	(void)state;
	atomic_store(&sync_failures, 1000);
	for (uint64_t id = 1; id <= 50; id++)
		assert_int_equal(folder_submit(&folder, folder_task(id, "payload")), STORE_OK);
	good = folder_drain(&folder, 50);
	assert_int_equal(good, 0);
	atomic_store(&sync_failures, 0);
	put_until_good(100);
}

static void check_write_error(int error, enum store_status expected)
{
	uint64_t good;

	assert_int_equal(put(1), STORE_OK);
	atomic_store(&write_errno, error);
	assert_int_equal(put(2), expected);
	assert_int_equal(put(3), expected);
	atomic_store(&write_errno, 0);
	good = put_until_good(4);
	assert_int_equal(get(1), STORE_OK);
	assert_int_equal(get(2), STORE_NOT_FOUND);
	assert_int_equal(get(good), STORE_OK);
	folder_close(&folder);
	assert_int_equal(folder_open(&folder), STORE_OK);
	assert_int_equal(folder.report.commits_missing, 0);
	assert_int_equal(get(1), STORE_OK);
	assert_int_equal(get(2), STORE_NOT_FOUND);
	assert_int_equal(get(good), STORE_OK);
}

static void test_full_disk_refuses_and_heals(void **state)
{
	(void)state;
	check_write_error(ENOSPC, STORE_NO_SPACE);
}

static void test_reading_goes_on_while_the_disk_is_full(void **state)
{
	(void)state;
	assert_int_equal(put(1), STORE_OK);
	atomic_store(&write_errno, ENOSPC);
	assert_int_equal(put(2), STORE_NO_SPACE);
	assert_int_equal(get(1), STORE_OK);
}

/* Fills the file system of the folder to the last block. */
static void fill_disk(void)
{
	char block[4096] = {0};
	int fd = open(
		folder_file(&folder, "filler"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

/* On a small file system that is really full. */
static void test_results_are_stored_on_a_full_disk(void **state)
{
	struct store_counts counts;
	uint64_t id = 1;

	(void)state;
	folder_close(&folder);
	if (mount("tmpfs", folder.path, "tmpfs", 0, "size=24m") != 0) {
		print_message("skipped: a small file system can be mounted by root only\n");
		skip();
	}
	assert_int_equal(folder_open(&folder), STORE_OK);
	while (id <= 100)
		assert_int_equal(put(id++), STORE_OK);
	fill_disk();
	while (put(id) == STORE_OK)
		assert_true(++id < 100000);
	assert_int_equal(put(id), STORE_NO_SPACE);
	for (uint64_t done = 1; done <= 100; done++)
		assert_int_equal(
			folder_commit(&folder, folder_result(done, STORE_TASK_SUCCEEDED, "r"))
				.status,
			STORE_OK);
	assert_int_equal(put(id), STORE_NO_SPACE);
	folder.ops->count(folder.store, &counts);
	assert_int_equal(counts.health, STORE_NO_SPACE);
	/* Starting works too, though stopping has freed some room, which we take again. */
	folder_close(&folder);
	fill_disk();
	assert_int_equal(folder_open(&folder), STORE_OK);
	assert_int_equal(put(id), STORE_NO_SPACE);
	unlink(folder_file(&folder, "filler"));
	put_until_good(id);
	folder_close(&folder);
	assert_int_equal(umount(folder.path), 0);
}

static void test_read_only_disk_refuses_and_heals(void **state)
{
	(void)state;
	check_write_error(EROFS, STORE_READ_ONLY);
}

static void test_write_error_refuses_and_heals(void **state)
{
	(void)state;
	check_write_error(EIO, STORE_FAILED);
}

static void test_short_writes_do_no_harm(void **state)
{
	(void)state;
	atomic_store(&write_size_max, 512);
	for (uint64_t id = 1; id <= 30; id++)
		assert_int_equal(put(id), STORE_OK);
	folder_close(&folder);
	assert_int_equal(folder_open(&folder), STORE_OK);
	assert_string_equal(folder.said, "");
	for (uint64_t id = 1; id <= 30; id++)
		assert_int_equal(get(id), STORE_OK);
}

static void test_removed_database_is_not_written_on(void **state)
{
	(void)state;
	assert_int_equal(put(1), STORE_OK);
	unlink(folder_file(&folder, "store.db"));
	assert_int_equal(put(2), STORE_GONE);
	assert_int_equal(put(3), STORE_GONE);
	folder_close(&folder);
	assert_int_equal(folder_open(&folder), STORE_GONE);
	assert_non_null(strstr(folder.report.text, "store.db"));
}

/* The lock must hold between processes, and fall with them. */
static void test_second_process_is_told_who_holds_the_store(void **state)
{
	int result;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		const struct store_options options = {.directory = folder.path};
		struct store_report report;
		struct store *store;
		enum store_status status = store_sqlite.open(&store, &options, &report);

		_exit(status == STORE_LOCKED && report.holder_pid == (uint64_t)getppid() ? 42 : 1);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &result, 0), child);
	assert_true(WIFEXITED(result));
	assert_int_equal(WEXITSTATUS(result), 42);
	assert_int_equal(put(1), STORE_OK);
}

static void test_newer_schema_is_refused(void **state)
{
	uint8_t version[4] = {0, 0, 0, 99};
	int fd;

	(void)state;
	assert_int_equal(put(1), STORE_OK);
	folder_close(&folder);
	fd = open(folder_file(&folder, "store.db"), O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, version, sizeof(version), 60), sizeof(version));
	close(fd);
	assert_int_equal(folder_open(&folder), STORE_NEWER);
	assert_non_null(strstr(folder.report.text, "newer ballast"));
	assert_null(folder.store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_commit_is_synced),
		TEST(test_failed_sync_is_not_acknowledged),
		TEST(test_whole_batch_fails_with_the_commit),
		TEST(test_full_disk_refuses_and_heals),
		TEST(test_reading_goes_on_while_the_disk_is_full),
		TEST(test_results_are_stored_on_a_full_disk),
		TEST(test_read_only_disk_refuses_and_heals),
		TEST(test_write_error_refuses_and_heals),
		TEST(test_short_writes_do_no_harm),
		TEST(test_removed_database_is_not_written_on),
		TEST(test_second_process_is_told_who_holds_the_store),
		TEST(test_newer_schema_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

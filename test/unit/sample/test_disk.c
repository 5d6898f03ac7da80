/* SPDX-License-Identifier: Apache-2.0 */
/* Disks: which of the kernel's devices count, and how full a directory's filesystem is. */
#include "sample/disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZED(text) text, sizeof text - 1

static void test_disks(void **state)
{
	(void)state;
	struct host_sample sample = {0};
	static const char text[] = "   7       0 loop0 9 9 9 9 9 9 9 9 9 9 9\n"
				   "   8       0 sda 10 1 200 30 40 2 500 60 0 70 80\n"
				   "   8       1 sda1 10 1 200 30 40 2 500 60 0 70 80\n"
				   " 259       0 nvme0n1 1 1 2 3 4 1 6 7 0 8 9 0 0 0 0\n"
				   " 259       1 nvme0n1p1 1 1 2 3 4 1 6 7 0 8 9\n"
				   " 253       0 dm-0 9 9 9 9 9 9 9 9 9 9 9\n";
	assert_true(disk_parse(SIZED(text), &sample));
	assert_int_equal(sample.reads, 11);
	assert_int_equal(sample.writes, 44);
	assert_int_equal(sample.read_bytes, 202 * 512);
	assert_int_equal(sample.write_bytes, 506 * 512);
	assert_int_equal(sample.read_time_ns, 33000000);
	assert_int_equal(sample.write_time_ns, 67000000);
	assert_int_equal(sample.merged, 5);
	assert_int_equal(sample.disk_count, 2);
	assert_int_equal(sample.disks[1].busy_ns, 8000000);
}

static void test_odd_lists(void **state)
{
	(void)state;
	struct host_sample sample = {0};
	assert_false(disk_parse(SIZED(""), &sample));
	assert_false(disk_parse(SIZED("8 0 sda 1 2 3 4 5 6 7 8 9 10"), &sample)); /* cut */
	assert_false(disk_parse(SIZED("8 0 sda 1 2 3 4 5 6 7 8 9\n"), &sample));
	assert_false(disk_parse(SIZED("8 0 sda 1 -2 3 4 5 6 7 8 9 10\n"), &sample));
	assert_false(
		disk_parse(SIZED("8 0 sda 1 2 9223372036854775807 4 5 6 7 8 9 10\n"), &sample));
	assert_true(sample.present == 0);
}

static void test_room(void **state)
{
	(void)state;
	char path[] = "/tmp/ballast-test-XXXXXX";
	char name[64];
	char block[4096];
	struct disk_room room;
	struct reading readings[DISK_READINGS_MAX];
	memset(block, 'x', sizeof block);
	assert_non_null(mkdtemp(path));
	disk_room_read(path, &room);
	assert_true(room.room_present && room.used_present);
	assert_true(room.bytes > 0 && room.free_bytes <= room.bytes);
	int64_t empty = room.used_bytes;
	snprintf(name, sizeof name, "%s/data", path);
	int fd = open(name, O_CREAT | O_WRONLY, 0600);
	for (int i = 0; i < 64; i++)
		assert_int_equal(write(fd, block, sizeof block), sizeof block);
	assert_int_equal(fsync(fd), 0);
	close(fd);
	disk_room_read(path, &room);
	assert_true(room.used_bytes - empty >= 64 * 4096);
	assert_true(room.used_bytes - empty < 80 * 4096);
	assert_true(disk_room_readings(&room, readings) >= 2);
	unlink(name);
	rmdir(path);
	disk_room_read(path, &room);
	assert_false(room.room_present || room.used_present);
	assert_int_equal(disk_room_readings(&room, readings), 0);
}

static void test_fill(void **state)
{
	(void)state;
	static const struct {
		int64_t bytes, free, permille;
	} rows[] = {{1000, 1000, 0}, {1000, 0, 1000}, {1000, 250, 750}, {1000, 999, 1},
		{INT64_MAX, 0, 1000}, {3, 2, 334}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct disk_room room = {
			.room_present = true, .bytes = rows[i].bytes, .free_bytes = rows[i].free};
		struct reading readings[DISK_READINGS_MAX];
		assert_int_equal(disk_room_readings(&room, readings), 3);
		assert_int_equal(readings[0].signal, BAL_SIGNAL_STORE_SIZE);
		assert_true(readings[0].value == rows[i].bytes);
		assert_int_equal(readings[2].signal, BAL_SIGNAL_STORE_FILL);
		assert_int_equal(readings[2].value, rows[i].permille);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_odd_lists),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_fill),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

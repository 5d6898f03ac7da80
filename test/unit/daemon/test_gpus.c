/* SPDX-License-Identifier: Apache-2.0 */
/* Which GPUs an agent gets: never one that is taken; near each other or apart. */
#include "daemon/gpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void expect(uint64_t taken, uint32_t total, uint32_t wanted, bool spread, const char *chosen)
{
	char text[GPUS_TEXT_SIZE];
	uint64_t gpus = gpus_choose(taken, total, wanted, spread);

	gpus_write(gpus, text);
	assert_string_equal(text, chosen);
	assert_true((gpus & taken) == 0);
	assert_int_equal(gpus_count(gpus), chosen[0] == '\0' ? 0 : wanted);
}

static void test_pack_takes_the_lowest(void **state)
{
	(void)state;
	expect(0, 8, 2, false, "0,1");
	expect(0x3, 8, 2, false, "2,3");
	expect(0x5, 8, 2, false, "1,3");
	expect(0, 64, 64, false,
		"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,"
		"30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,"
		"57,58,59,60,61,62,63");
}

static void test_spread_takes_the_farthest(void **state)
{
	(void)state;
	expect(0, 8, 1, true, "0");
	expect(0x1, 8, 1, true, "7");
	expect(0x81, 8, 1, true, "3");
	expect(0, 8, 2, true, "0,7");
	expect(0, 8, 3, true, "0,3,7");
}

static void test_too_few_are_none(void **state)
{
	(void)state;
	expect(0, 0, 1, false, "");
	expect(0, 1, 2, false, "");
	expect(0xff, 8, 1, false, "");
	expect(0xff, 8, 1, true, "");
	expect(0x7f, 8, 2, true, "");
	expect(UINT64_MAX, 64, 1, false, "");
}

static void test_text_comes_back(void **state)
{
	static const uint64_t sets[] = {0, 1, 2, 0x9, 0xff, UINT64_C(1) << 63, UINT64_MAX};
	static const char *const wrong[] = {"", "a", "1,", ",1", "1 2", "64", "1,64", "1;2", "-1"};
	char text[GPUS_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		gpus_write(sets[i], text);
		assert_true(gpus_read(text) == sets[i]);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_true(gpus_read(wrong[i]) == 0);
}

static void test_those_of_the_machine(void **state)
{
	char folder[] = "/tmp/ballast-gpus-XXXXXX";
	char path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(gpus_of_machine(folder), 0);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/0000:0%d:00.0", folder, i);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	assert_int_equal(gpus_of_machine(folder), 3);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/0000:0%d:00.0", folder, i);
		rmdir(path);
	}
	rmdir(folder);
	assert_int_equal(gpus_of_machine(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pack_takes_the_lowest),
		cmocka_unit_test(test_spread_takes_the_farthest),
		cmocka_unit_test(test_too_few_are_none),
		cmocka_unit_test(test_text_comes_back),
		cmocka_unit_test(test_those_of_the_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

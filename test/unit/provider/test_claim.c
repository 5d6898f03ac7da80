/* SPDX-License-Identifier: Apache-2.0 */
/* Claims on disk: whole, or none. */
#include "provider/claim.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "provider/runfile.h"

#define FILE_SIZE 1024

static const struct claim CLAIM = {.state = CLAIM_ENDING,
	.agent = 17,
	.order = UINT64_C(1) << 63 | 5,
	.number = 3,
	.pool = "far",
	.id = "i-17",
	.url = "http://10.0.0.17:8000"};

static char directory[] = "/tmp/ballast-claim-XXXXXX";

static int begin(void **state)
{
	static int fd;
	if (mkdtemp(directory) == NULL)
		return -1;
	fd = open(directory, O_RDONLY | O_DIRECTORY);
	*state = &fd;
	return fd < 0 ? -1 : 0;
}

static int finish(void **state)
{
	close(*(int *)*state);
	return rmdir(directory);
}

static void test_comes_back(void **state)
{
	int fd = *(int *)*state;
	struct claim claim;
	assert_true(claim_save(fd, &CLAIM));
	assert_true(claim_load(fd, "17", &claim));
	assert_int_equal(claim.state, CLAIM.state);
	assert_true(claim.agent == CLAIM.agent && claim.order == CLAIM.order);
	assert_int_equal(claim.number, CLAIM.number);
	assert_string_equal(claim.pool, CLAIM.pool);
	assert_string_equal(claim.id, CLAIM.id);
	assert_string_equal(claim.url, CLAIM.url);
	claim_remove(fd, &CLAIM);
	assert_false(claim_load(fd, "17", &claim));
}

static void test_damaged_is_none(void **state)
{
	int fd = *(int *)*state;
	char whole[FILE_SIZE];
	char damaged[FILE_SIZE];
	struct claim claim;
	assert_true(claim_save(fd, &CLAIM));
	ssize_t size = runfile_load(fd, "17", whole, sizeof whole);
	assert_true(size > 0);
	for (ssize_t cut = 0; cut < size; cut++) {
		assert_true(runfile_save(fd, "17", whole, (size_t)cut, false));
		assert_false(claim_load(fd, "17", &claim));
	}
	/* A byte of a key, a size or a number: none of them may make another claim of it. */
	for (ssize_t at = 0; at < size; at++) {
		memcpy(damaged, whole, (size_t)size);
		damaged[at] = '\x01';
		assert_true(runfile_save(fd, "17", damaged, (size_t)size, false));
		if (claim_load(fd, "17", &claim)) /* inside a text */
			assert_true(claim.agent == CLAIM.agent && claim.state == CLAIM.state);
	}
	claim_remove(fd, &CLAIM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_damaged_is_none),
	};
	return cmocka_run_group_tests(tests, begin, finish);
}

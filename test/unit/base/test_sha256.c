/* SPDX-License-Identifier: Apache-2.0 */
/* Digests from FIPS 180-4's examples, and of every size around the ends of a block against digests
 * of digests that another implementation made. */
#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_digest(const void *data, size_t size, const char *expected)
{
	uint8_t digest[SHA256_SIZE];
	char text[2 * SHA256_SIZE + 1];

	sha256(data, size, digest);
	for (int i = 0; i < SHA256_SIZE; i++)
		snprintf(text + (size_t)i * 2, 3, "%02x", digest[i]);
	assert_string_equal(text, expected);
}

static void test_examples(void **state)
{
	static char many[1000000];

	(void)state;
	assert_digest(NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_digest("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(many, 'a', sizeof many);
	assert_digest(many, sizeof many,
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_every_size(void **state)
{
	uint8_t digests[256 * SHA256_SIZE];
	uint8_t bytes[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	for (size_t size = 0; size < 256; size++)
		sha256(bytes, size, digests + size * SHA256_SIZE);
	assert_digest(digests, sizeof digests,
		"b93dd1116d1648691c732d2011543b161309b842afef7ecb6f17adf2ebbd3426");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C against published vectors and a bitwise one; the hash by what a good one must do. */
#include "base/checksum.h"

#include <math.h>
#include <string.h>

#include "unit.h"

#include "base/prng.h"

#define DATA_SIZE 300

static uint32_t crc_bitwise(const uint8_t *data, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (int k = 0; k < 8; k++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78U : crc >> 1;
	}
	return ~crc;
}

static void fill_random(uint8_t *data, size_t size, uint64_t seed)
{
	struct prng prng;

	prng_init(&prng, seed);
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)prng_next(&prng);
}

/* RFC 3720, section B.4, and the usual check value. */
static void crc_gives_the_known_values(void **state)
{
	uint8_t data[32];

	(void)state;
	assert_int_equal(checksum_crc32c(0, "", 0), 0);
	assert_int_equal(checksum_crc32c(0, "123456789", 9), 0xe3069283U);
	memset(data, 0, sizeof(data));
	assert_int_equal(checksum_crc32c(0, data, sizeof(data)), 0x8a9136aaU);
	memset(data, 0xff, sizeof(data));
	assert_int_equal(checksum_crc32c(0, data, sizeof(data)), 0x62a8ab43U);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = i;
	assert_int_equal(checksum_crc32c(0, data, sizeof(data)), 0x46dd794eU);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = (uint8_t)(31 - i);
	assert_int_equal(checksum_crc32c(0, data, sizeof(data)), 0x113fdb5cU);
}

static void crc_agrees_with_the_bitwise_one(void **state)
{
	uint8_t data[DATA_SIZE];

	(void)state;
	fill_random(data, sizeof(data), 1);
	for (size_t size = 0; size < sizeof(data) - 8; size++) {
		const uint8_t *start = data + size % 8;
		uint32_t expected = crc_bitwise(start, size);
		size_t cut = size * 3 / 7;
		uint32_t front = checksum_crc32c(0, start, cut);

		assert_int_equal(checksum_crc32c(0, start, size), expected);
		assert_int_equal(checksum_crc32c(front, start + cut, size - cut), expected);
	}
}

/* Each changed bit must change about half of the 64 bits of the hash. */
static void hash_spreads_every_bit(void **state)
{
	uint8_t data[64];
	uint64_t flips = 0;
	uint64_t cases = 0;

	(void)state;
	fill_random(data, sizeof(data), 2);
	for (size_t size = 1; size <= sizeof(data); size++) {
		uint64_t before = checksum_hash64(7, data, size);

		for (size_t bit = 0; bit < 8 * size; bit++) {
			uint64_t changed;
			int count;

			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			changed = before ^ checksum_hash64(7, data, size);
			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			count = __builtin_popcountll(changed);
			assert_in_range(count, 10, 54);
			flips += (uint64_t)count;
			cases++;
		}
	}
	assert_true(fabs((double)flips / (double)cases - 32) < 0.2);
}

/* Zeros of any size, small numbers, and seeds must not meet. 20000 hashes of 64 bits meet by chance
 * with one in 10^11. */
static void hash_keeps_similar_keys_apart(void **state)
{
	static uint8_t zeros[DATA_SIZE];
	static uint64_t seen[1 << 16];

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t hash;
		uint64_t at;

		if (i < DATA_SIZE)
			hash = checksum_hash64(0, zeros, i);
		else if (i < 10000)
			hash = checksum_hash64(0, &i, sizeof(i));
		else
			hash = checksum_hash64(i, "key", 3);
		for (at = hash % (1 << 16); seen[at] != 0; at = (at + 1) % (1 << 16))
			assert_true(seen[at] != hash);
		seen[at] = hash;
	}
}

/* Stored hashes must stay readable. */
static void hash_never_changes(void **state)
{
	(void)state;
	assert_int_equal(checksum_hash64(0, "", 0), UINT64_C(0xb404adf3a9e2e31b));
	assert_int_equal(checksum_hash64(1, "ballast", 7), UINT64_C(0x603e6aae05f55669));
	assert_int_equal(checksum_hash64(2, "0123456789abcdef0123456789abcdef!", 33),
		UINT64_C(0xbe20387d2e664298));
	assert_int_equal(checksum_mix(1, 2), UINT64_C(0x31267df52e81ea13));
}

static uint64_t digest_of_two(const char *a, const char *b)
{
	struct digest digest;

	digest_init(&digest, 5);
	digest_bytes(&digest, a, strlen(a));
	digest_bytes(&digest, b, strlen(b));
	return digest_value(&digest);
}

static uint64_t digest_of_double(double value)
{
	struct digest digest;

	digest_init(&digest, 5);
	digest_double(&digest, value);
	return digest_value(&digest);
}

static void digest_tells_fields_apart(void **state)
{
	struct digest a;
	struct digest b;

	(void)state;
	assert_true(digest_of_two("ab", "c") == digest_of_two("ab", "c"));
	assert_true(digest_of_two("ab", "c") != digest_of_two("a", "bc"));
	assert_true(digest_of_two("a", "") != digest_of_two("", "a"));
	assert_true(digest_of_double((double)NAN) == digest_of_double(-(double)NAN));
	assert_true(digest_of_double(0.0) != digest_of_double(-0.0));
	digest_init(&a, 1);
	digest_init(&b, 1);
	digest_u64(&a, 1);
	digest_i64(&a, -2);
	digest_i64(&b, -2);
	digest_u64(&b, 1);
	assert_true(digest_value(&a) != digest_value(&b));
	assert_true(digest_value(&a) == digest_value(&a));
	assert_true(checksum_mix(1, 2) != checksum_mix(2, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_gives_the_known_values),
		cmocka_unit_test(crc_agrees_with_the_bitwise_one),
		cmocka_unit_test(hash_spreads_every_bit),
		cmocka_unit_test(hash_keeps_similar_keys_apart),
		cmocka_unit_test(hash_never_changes),
		cmocka_unit_test(digest_tells_fields_apart),
	};

	return cmocka_run_group_tests_name("base/checksum", tests, NULL, NULL);
}

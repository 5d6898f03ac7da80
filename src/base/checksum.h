/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_CHECKSUM_H
#define BAL_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Check sums of stored bytes, hashes of keys, and digests of state. None of them is cryptographic:
 * they find damage and differences, not forgery. */

/*
 * CRC32C (Castagnoli; RFC 3720, section 12.1). Start with 0; to go on over a second piece, pass the
 * result of the first: checksum_crc32c(checksum_crc32c(0, a, n), b, m) is that of a and b joined.
 */
uint32_t checksum_crc32c(uint32_t seed, const void *data, size_t size);

/* A 64-bit hash of the bytes, well mixed in all bits. With a secret seed, keys chosen by a client
 * do not collide on purpose in practice. The value is the same on every machine, and may be stored.
 */
uint64_t checksum_hash64(uint64_t seed, const void *data, size_t size);

/* Odd numbers without pattern: the first 64-bit words of the fraction of the square roots of the
 * primes 2, 3 and 5 (as in SHA-512), made odd. */
#define CHECKSUM_KEY_FIRST  UINT64_C(0x6a09e667f3bcc909)
#define CHECKSUM_KEY_SECOND UINT64_C(0xbb67ae8584caa73b)
#define CHECKSUM_KEY_THIRD  UINT64_C(0x3c6ef372fe94f82b)

__extension__ typedef unsigned __int128 checksum_wide;

/* The step of all hashes here: both halves of a product, folded into one. */
static inline uint64_t checksum_fold(uint64_t a, uint64_t b)
{
	checksum_wide product = (checksum_wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64) ^ (a + b);
}

/* Mixes two numbers into one; the order counts. */
static inline uint64_t checksum_mix(uint64_t a, uint64_t b)
{
	return checksum_fold(
		checksum_fold(a ^ CHECKSUM_KEY_FIRST, CHECKSUM_KEY_SECOND) ^ b, CHECKSUM_KEY_THIRD);
}

/* A digest over typed fields, taken one after the other in a fixed order. */
struct digest {
	uint64_t state;
	uint64_t count; /* fields so far */
};

/* Begins a digest; each seed gives another one. */
static inline void digest_init(struct digest *digest, uint64_t seed)
{
	*digest = (struct digest){.state = seed};
}

/* Takes the next field. A simulation digests some thirty numbers per task, so this is inline. */
static inline void digest_u64(struct digest *digest, uint64_t value)
{
	digest->state = checksum_mix(digest->state, value);
	digest->count++;
}

/* A negative one counts as its two's complement. */
static inline void digest_i64(struct digest *digest, int64_t value)
{
	digest_u64(digest, (uint64_t)value);
}

/* All NaNs count alike; -0 and +0 do not. */
void digest_double(struct digest *digest, double value);

/* The size counts too: "ab", "c" differs from "a", "bc". */
void digest_bytes(struct digest *digest, const void *data, size_t size);

/* The digest of the fields so far; one may go on. */
static inline uint64_t digest_value(const struct digest *digest)
{
	return checksum_mix(digest->state, digest->count);
}

#endif

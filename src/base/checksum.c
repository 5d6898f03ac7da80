/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC32C takes eight bytes per step through eight tables ("slicing by 8", Kounavis and Berry 2005).
 * The tables are written by the preprocessor: a CRC is linear, so each entry is the sum of the
 * entries of its bits, and 64 constants make all 2048. The processor's own CRC instruction was left
 * out; the journal writes far less than these tables can take.
 *
 * The hash multiplies 64 by 64 bits and folds the two halves of the product, as wyhash and its
 * relatives do: one multiplication mixes eight bytes thoroughly. The factors are added to the fold
 * so that a factor of zero, which the input can bring about, does not wipe out what came before.
 */
#include "base/checksum.h"

#include <string.h>

/* The sum of the constants of the bits of i, and then of all i of 4, 16, 64 and 256 numbers. */
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                           \
	(((i) >> 0 & 1) * (a)) ^ (((i) >> 1 & 1) * (b)) ^ (((i) >> 2 & 1) * (c)) ^                 \
		(((i) >> 3 & 1) * (d)) ^ (((i) >> 4 & 1) * (e)) ^ (((i) >> 5 & 1) * (f)) ^         \
		(((i) >> 6 & 1) * (g)) ^ (((i) >> 7 & 1) * (h))
#define ROW_4(i, ...)                                                                              \
	ENTRY((i), __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__), ENTRY((i) + 2, __VA_ARGS__),         \
		ENTRY((i) + 3, __VA_ARGS__)
#define ROW_16(i, ...)                                                                             \
	ROW_4((i), __VA_ARGS__), ROW_4((i) + 4, __VA_ARGS__), ROW_4((i) + 8, __VA_ARGS__),         \
		ROW_4((i) + 12, __VA_ARGS__)
#define ROW_64(i, ...)                                                                             \
	ROW_16((i), __VA_ARGS__), ROW_16((i) + 16, __VA_ARGS__), ROW_16((i) + 32, __VA_ARGS__),    \
		ROW_16((i) + 48, __VA_ARGS__)
#define SLICE(...)                                                                                 \
	{                                                                                          \
		ROW_64(0, __VA_ARGS__), ROW_64(64, __VA_ARGS__), ROW_64(128, __VA_ARGS__),         \
			ROW_64(192, __VA_ARGS__)                                                   \
	}

#define SLICES 8

/* Slice k, bit b: the CRC register 1 << b after k + 1 bytes of zeros, polynomial 0x82f63b78. */
static const uint32_t crc_table[SLICES][256] = {
	SLICE(0xf26b8303U, 0xe13b70f7U, 0xc79a971fU, 0x8ad958cfU, 0x105ec76fU, 0x20bd8edeU,
		0x417b1dbcU, 0x82f63b78U),
	SLICE(0x13a29877U, 0x274530eeU, 0x4e8a61dcU, 0x9d14c3b8U, 0x3fc5f181U, 0x7f8be302U,
		0xff17c604U, 0xfbc3faf9U),
	SLICE(0xa541927eU, 0x4f6f520dU, 0x9edea41aU, 0x38513ec5U, 0x70a27d8aU, 0xe144fb14U,
		0xc76580d9U, 0x8b277743U),
	SLICE(0xdd45aab8U, 0xbf672381U, 0x7b2231f3U, 0xf64463e6U, 0xe964b13dU, 0xd725148bU,
		0xaba65fe7U, 0x52a0c93fU),
	SLICE(0x38116facU, 0x7022df58U, 0xe045beb0U, 0xc5670b91U, 0x8f2261d3U, 0x1ba8b557U,
		0x37516aaeU, 0x6ea2d55cU),
	SLICE(0xef306b19U, 0xdb8ca0c3U, 0xb2f53777U, 0x6006181fU, 0xc00c303eU, 0x85f4168dU,
		0x0e045bebU, 0x1c08b7d6U),
	SLICE(0x68032cc8U, 0xd0065990U, 0xa5e0c5d1U, 0x4e2dfd53U, 0x9c5bfaa6U, 0x3d5b83bdU,
		0x7ab7077aU, 0xf56e0ef4U),
	SLICE(0x493c7d27U, 0x9278fa4eU, 0x211d826dU, 0x423b04daU, 0x847609b4U, 0x0d006599U,
		0x1a00cb32U, 0x34019664U),
};

/* Bytes per round of the hash. */
#define BLOCK_SIZE 16

#define NAN_BITS UINT64_C(0x7ff8000000000000)

static uint64_t load_u64(const uint8_t *data)
{
	return (uint64_t)data[0] | (uint64_t)data[1] << 8 | (uint64_t)data[2] << 16 |
	       (uint64_t)data[3] << 24 | (uint64_t)data[4] << 32 | (uint64_t)data[5] << 40 |
	       (uint64_t)data[6] << 48 | (uint64_t)data[7] << 56;
}

uint32_t checksum_crc32c(uint32_t seed, const void *data, size_t size)
{
	const uint8_t *next = data;
	uint32_t crc = ~seed;

	for (; size >= SLICES; size -= SLICES, next += SLICES) {
		uint64_t word = load_u64(next) ^ crc;

		crc = crc_table[7][word & 0xff] ^ crc_table[6][word >> 8 & 0xff] ^
		      crc_table[5][word >> 16 & 0xff] ^ crc_table[4][word >> 24 & 0xff] ^
		      crc_table[3][word >> 32 & 0xff] ^ crc_table[2][word >> 40 & 0xff] ^
		      crc_table[1][word >> 48 & 0xff] ^ crc_table[0][word >> 56];
	}
	for (; size > 0; size--, next++)
		crc = crc_table[0][(crc ^ *next) & 0xff] ^ crc >> 8;
	return ~crc;
}

uint64_t checksum_hash64(uint64_t seed, const void *data, size_t size)
{
	const uint8_t *next = data;
	uint8_t last[BLOCK_SIZE] = {0};
	uint64_t state =
		checksum_fold(seed ^ CHECKSUM_KEY_FIRST, (uint64_t)size ^ CHECKSUM_KEY_SECOND);

	for (; size > BLOCK_SIZE; size -= BLOCK_SIZE, next += BLOCK_SIZE)
		state = checksum_fold(
			load_u64(next) ^ CHECKSUM_KEY_FIRST, load_u64(next + 8) ^ state);
	if (size > 0)
		memcpy(last, next, size);
	state = checksum_fold(load_u64(last) ^ CHECKSUM_KEY_FIRST, load_u64(last + 8) ^ state);
	return checksum_fold(state ^ CHECKSUM_KEY_SECOND, CHECKSUM_KEY_THIRD);
}

void digest_double(struct digest *digest, double value)
{
	uint64_t bits = NAN_BITS;

	if (value == value)
		memcpy(&bits, &value, sizeof(bits));
	digest_u64(digest, bits);
}

void digest_bytes(struct digest *digest, const void *data, size_t size)
{
	digest_u64(digest, checksum_hash64(digest->state, data, size));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message in blocks of 64 bytes, the last one or two with the end mark and the length in bits.
 * Constants are those of FIPS 180-4, 4.2.2 and 5.3.3: the first 32 bits of the fractions of the
 * cube roots of the first 64 primes, and of the square roots of the first 8.
 */
#include "base/sha256.h"

#include <string.h>

#define BLOCK_SIZE 64
#define WORDS      8
#define ROUNDS     64

static const uint32_t round_constants[ROUNDS] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152,
	0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
	0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624,
	0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3,
	0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t word, unsigned bits)
{
	return word >> bits | word << (32 - bits);
}

static uint32_t load(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       (uint32_t)bytes[3];
}

/* The message schedule, 6.2.2 step 1. */
static void expand(const uint8_t block[BLOCK_SIZE], uint32_t schedule[ROUNDS])
{
	for (unsigned i = 0; i < BLOCK_SIZE / 4; i++)
		schedule[i] = load(block + (size_t)i * 4);
	for (unsigned i = BLOCK_SIZE / 4; i < ROUNDS; i++) {
		uint32_t early = schedule[i - 15];
		uint32_t late = schedule[i - 2];

		schedule[i] = schedule[i - 16] + schedule[i - 7] +
			      (rotate(early, 7) ^ rotate(early, 18) ^ early >> 3) +
			      (rotate(late, 17) ^ rotate(late, 19) ^ late >> 10);
	}
}

static void add_block(uint32_t state[WORDS], const uint8_t block[BLOCK_SIZE])
{
	uint32_t schedule[ROUNDS];
	uint32_t now[WORDS]; /* a to h of the standard */

	expand(block, schedule);
	memcpy(now, state, sizeof now);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t choice = (now[4] & now[5]) ^ (~now[4] & now[6]);
		uint32_t majority = (now[0] & now[1]) ^ (now[0] & now[2]) ^ (now[1] & now[2]);
		uint32_t first = now[7] + round_constants[i] + schedule[i] + choice +
				 (rotate(now[4], 6) ^ rotate(now[4], 11) ^ rotate(now[4], 25));
		uint32_t second =
			majority + (rotate(now[0], 2) ^ rotate(now[0], 13) ^ rotate(now[0], 22));

		memmove(now + 1, now, sizeof now - sizeof now[0]);
		now[4] += first;
		now[0] = first + second;
	}
	for (unsigned i = 0; i < WORDS; i++)
		state[i] += now[i];
}

void sha256(const void *data, size_t size, uint8_t digest[SHA256_SIZE])
{
	uint32_t state[WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
		0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	const uint8_t *next = data;
	uint64_t bits = (uint64_t)size * 8;
	uint8_t last[2 * BLOCK_SIZE] = {0};
	size_t last_size;

	for (; size >= BLOCK_SIZE; size -= BLOCK_SIZE, next += BLOCK_SIZE)
		add_block(state, next);
	if (size > 0)
		memcpy(last, next, size);
	last[size] = 0x80;
	last_size = size + 1 + sizeof bits <= BLOCK_SIZE ? BLOCK_SIZE : 2 * BLOCK_SIZE;
	for (unsigned i = 0; i < sizeof bits; i++)
		last[last_size - 1 - i] = (uint8_t)(bits >> (8 * i));
	for (size_t i = 0; i < last_size; i += BLOCK_SIZE)
		add_block(state, last + i);
	for (unsigned i = 0; i < SHA256_SIZE; i++)
		digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

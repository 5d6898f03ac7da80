/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live items are bits of a bitmap, with a bitmap of its full words above it, and so on up to a
 * single word. The lowest free item is found from the top by one count-trailing-zeros per level.
 * A free list was rejected: its order is hidden state that a snapshot would have to carry for a
 * replay to hand out the same indices, and its links touch memory that is not in use.
 */
#include "base/slab.h"

#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/units.h"

#define WORD_BITS 64
/* Multiple for item starts. A type whose size is not a multiple of 16 is aligned to at most 8. */
#define STRIDE_MULTIPLE 8

static bool is_set(const uint64_t *words, uint32_t bit)
{
	return (words[bit / WORD_BITS] >> (bit % WORD_BITS) & 1) != 0;
}

static void mark_live(struct slab *slab, uint32_t index)
{
	uint32_t bit = index;

	for (uint32_t k = 0; k < slab->level_count; k++) {
		uint64_t *word = &slab->level[k][bit / WORD_BITS];

		*word |= UINT64_C(1) << (bit % WORD_BITS);
		if (*word != UINT64_MAX)
			return;
		bit /= WORD_BITS;
	}
}

static void mark_free(struct slab *slab, uint32_t index)
{
	uint32_t bit = index;

	for (uint32_t k = 0; k < slab->level_count; k++) {
		uint64_t *word = &slab->level[k][bit / WORD_BITS];
		uint64_t before = *word;

		*word &= ~(UINT64_C(1) << (bit % WORD_BITS));
		if (before != UINT64_MAX)
			return;
		bit /= WORD_BITS;
	}
}

/* The lowest index that is not live. When a word is full its bit above is set, so each level's
 * first zero bit leads to a word with a zero bit; beyond the last word only when all are full. */
static uint32_t find_free(const struct slab *slab)
{
	uint32_t index = 0;

	for (uint32_t k = slab->level_count; k-- > 0;) {
		uint64_t word = slab->level[k][index];

		if (word == UINT64_MAX)
			return SLAB_NONE;
		index = index * WORD_BITS + (uint32_t)__builtin_ctzll(~word);
	}
	return index;
}

static void *take_index(struct slab *slab, uint32_t index)
{
	uint8_t *item = slab->items + (size_t)index * slab->stride;

	mark_live(slab, index);
	slab->count++;
	if (index < slab->high)
		memset(item, 0, slab->stride);
	else
		slab->high = index + 1;
	return item;
}

/* What an odd number must be multiplied by to give 1, modulo 2^64: each round doubles the bits that
 * are right, and of any odd number the first three are its own inverse's. */
static uint64_t invert(uint64_t odd)
{
	uint64_t inverse = odd;

	for (uint32_t bits = 3; bits < 64; bits *= 2)
		inverse *= 2 - odd * inverse;
	return inverse;
}

void slab_init(struct slab *slab, struct arena *arena, uint32_t count_max, size_t item_size)
{
	uint32_t words = count_max;

	bal_assert(count_max > 0);
	bal_assert(count_max <= SLAB_COUNT_MAX);
	bal_assert(item_size > 0);
	bal_assert(item_size <= MIB);
	memset(slab, 0, sizeof(*slab));
	slab->count_max = count_max;
	slab->stride =
		(uint32_t)((item_size + STRIDE_MULTIPLE - 1) & ~(size_t)(STRIDE_MULTIPLE - 1));
	slab->stride_shift = (uint32_t)__builtin_ctz(slab->stride);
	slab->stride_inverse = invert(slab->stride >> slab->stride_shift);
	do {
		words = (words + WORD_BITS - 1) / WORD_BITS;
		slab->level[slab->level_count++] = arena_take(arena, words, sizeof(uint64_t));
	} while (words > 1);
	slab->items = arena_take(arena, count_max, slab->stride);
}

void *slab_take(struct slab *slab)
{
	uint32_t index;

	if (slab->count == slab->count_max)
		return NULL;
	index = find_free(slab);
	bal_assert(index < slab->count_max);
	return take_index(slab, index);
}

void *slab_take_at(struct slab *slab, uint32_t index)
{
	if (index >= slab->count_max || slab_holds(slab, index))
		return NULL;
	return take_index(slab, index);
}

void slab_give(struct slab *slab, void *item)
{
	uint32_t index = slab_index(slab, item);

	bal_assert(slab_holds(slab, index));
	mark_free(slab, index);
	slab->count--;
}

bool slab_holds(const struct slab *slab, uint32_t index)
{
	return index < slab->high && is_set(slab->level[0], index);
}

uint32_t slab_next(const struct slab *slab, uint32_t from)
{
	uint32_t word_index = from / WORD_BITS;
	uint64_t mask = UINT64_MAX << (from % WORD_BITS);

	/* Bits at or above `high` are zero, so the last word needs no mask of its own. */
	for (; word_index * (uint64_t)WORD_BITS < slab->high; word_index++) {
		uint64_t word = slab->level[0][word_index] & mask;

		if (word != 0)
			return word_index * WORD_BITS + (uint32_t)__builtin_ctzll(word);
		mask = UINT64_MAX;
	}
	return SLAB_NONE;
}

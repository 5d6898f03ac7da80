/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_SLAB_H
#define BAL_BASE_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

struct arena;

/* "No item": what slab_next returns after the last one. */
#define SLAB_NONE UINT32_MAX

/* Levels of the bitmap; 64^5 items are more than SLAB_COUNT_MAX. */
#define SLAB_LEVELS    5
#define SLAB_COUNT_MAX (UINT32_C(1) << 30)

/*
 * A fixed number of items of one size. The item taken is always the free one with the lowest
 * index, so the slab's whole state is the set of live indices: a slab rebuilt from a snapshot with
 * slab_take_at hands out the same indices as the original would, and few pages stay in use.
 * Taking and giving cost a handful of bit operations; a free item is never written to.
 */
struct slab {
	uint8_t *items;
	uint64_t *level[SLAB_LEVELS]; /* [0]: bit per live item; [k]: bit per full word of k - 1 */
	uint32_t level_count;
	uint32_t stride;       /* bytes from one item to the next: an odd number << stride_shift */
	uint32_t stride_shift; /* see slab_index */
	uint64_t stride_inverse; /* the odd number times this is 1, modulo 2^64 */
	uint32_t count;          /* live items */
	uint32_t count_max;
	uint32_t high; /* items from here on were never used, nor their pages touched */
};

/*
 * Takes memory for `count_max` items (1 .. SLAB_COUNT_MAX) of `item_size` bytes (> 0, a sizeof, at
 * most 1 MiB) from the arena and touches none of it. On a measuring arena the slab is not usable.
 */
void slab_init(struct slab *slab, struct arena *arena, uint32_t count_max, size_t item_size);

/* Returns the free item with the lowest index, all bytes zero; NULL when count_max are live. */
void *slab_take(struct slab *slab);

/* As slab_take, but the item at `index`, for restoring a saved state; NULL when it is live or not
 * below count_max (the index may come from a file). */
void *slab_take_at(struct slab *slab, uint32_t index);

/* Gives a live item back; its contents are dead from here on. */
void slab_give(struct slab *slab, void *item);

/* The item at `index` (< high), live or not: test with slab_holds when the index is a handle's. */
static inline void *slab_at(const struct slab *slab, uint32_t index)
{
	bal_assert(index < slab->high);
	return slab->items + (size_t)index * slab->stride;
}

/* Index of an item of this slab; asserts that the pointer is the start of one. An exact quotient is
 * the product with the inverse, which takes a quarter of the time of a division; of what is no
 * multiple that product is far beyond all indices. */
static inline uint32_t slab_index(const struct slab *slab, const void *item)
{
	uint64_t offset = (uintptr_t)item - (uintptr_t)slab->items;
	uint64_t index = (offset >> slab->stride_shift) * slab->stride_inverse;

	bal_assert(index < slab->high);
	bal_assert(index * slab->stride == offset);
	return (uint32_t)index;
}

/* True when `index` is a live item; any number may be asked. */
bool slab_holds(const struct slab *slab, uint32_t index);

/*
 * First live index >= from, or SLAB_NONE. The loop over all live items in index order, in which
 * items may be given back, is
 *     for (uint32_t i = slab_next(slab, 0); i != SLAB_NONE; i = slab_next(slab, i + 1))
 */
uint32_t slab_next(const struct slab *slab, uint32_t from);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_ARENA_H
#define BAL_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One block of memory dealt out from front to back, never given back piece by piece.
 *
 * With base NULL the arena only measures: the same init code that later builds the structures runs
 * once on a measuring arena, and `used` is then the size to ask for. A size computed by a second,
 * hand-written formula would drift from the code.
 */
struct arena {
	uint8_t *base; /* NULL: measure only */
	size_t size;
	size_t used; /* what was asked for so far, also beyond size; SIZE_MAX: not representable */
};

/* Every piece starts at a multiple of this, in bytes. */
#define ARENA_ALIGNMENT 16
#define ARENA_LINE      64

/*
 * Takes over `size` bytes at `base` (borrowed; 16-byte aligned; promised to be zero, as fresh
 * mappings are). Nothing is written here or in arena_take: pages become resident only with use.
 * base NULL starts a measuring arena; its size is ignored.
 */
void arena_init(struct arena *arena, void *base, size_t size);

/*
 * Returns `count` items of `item_size` bytes each, zero, 16-byte aligned. Returns NULL when the
 * arena measures, or when the piece does not fit or its size overflows; `used` still advances
 * (and stays SIZE_MAX after an overflow), so that arena_fits tells at the end of init.
 * Callers must not touch the memory during init.
 */
void *arena_take(struct arena *arena, size_t count, size_t item_size);

/* Lets the next piece start at a multiple of ARENA_LINE after the block's start, which is a cache
 * line when the block starts at one. */
void arena_align(struct arena *arena);

/* True when all pieces asked for lie inside the block; for a measuring arena, when their sum is a
 * representable size. Check it once after init. */
bool arena_fits(const struct arena *arena);

#endif

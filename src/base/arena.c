/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump allocator. It goes on counting after the block is full, so one check after init replaces
 * one after every call, and the sum says how much would have been enough.
 */
#include "base/arena.h"

#include "base/assert.h"

void arena_init(struct arena *arena, void *base, size_t size)
{
	bal_assert((uintptr_t)base % ARENA_ALIGNMENT == 0);
	arena->base = base;
	arena->size = size;
	arena->used = 0;
}

void *arena_take(struct arena *arena, size_t count, size_t item_size)
{
	size_t start;
	size_t size;
	size_t end;

	if (__builtin_add_overflow(arena->used, (size_t)ARENA_ALIGNMENT - 1, &start) ||
		__builtin_mul_overflow(count, item_size, &size)) {
		arena->used = SIZE_MAX;
		return NULL;
	}
	start -= start % ARENA_ALIGNMENT;
	if (__builtin_add_overflow(start, size, &end)) {
		arena->used = SIZE_MAX;
		return NULL;
	}
	arena->used = end;
	if (arena->base == NULL || end > arena->size)
		return NULL;
	return arena->base + start;
}

void arena_align(struct arena *arena)
{
	size_t rest = arena->used % ARENA_LINE;

	if (rest != 0 && __builtin_add_overflow(arena->used, ARENA_LINE - rest, &arena->used))
		arena->used = SIZE_MAX;
}

bool arena_fits(const struct arena *arena)
{
	if (arena->used == SIZE_MAX)
		return false;
	return arena->base == NULL || arena->used <= arena->size;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records are stored in the order of their coming, around and around; a slot is first written when
 * its turn comes, so that pages become resident one by one.
 */
#include "base/ring.h"

#include <string.h>

#include "base/arena.h"
#include "base/assert.h"

static void *slot_at(const struct ring *ring, uint32_t slot)
{
	return ring->records + (size_t)slot * ring->record_size;
}

void ring_init(struct ring *ring, struct arena *arena, uint32_t count_max, size_t record_size)
{
	bal_assert(count_max > 0);
	bal_assert(record_size > 0);
	bal_assert(record_size <= RING_RECORD_SIZE_MAX);
	memset(ring, 0, sizeof(*ring));
	ring->count_max = count_max;
	ring->record_size = (uint32_t)record_size;
	ring->records = arena_take(arena, count_max, record_size);
}

void *ring_push(struct ring *ring)
{
	void *record = slot_at(ring, ring->next);

	memset(record, 0, ring->record_size);
	ring->next = ring->next + 1 == ring->count_max ? 0 : ring->next + 1;
	if (ring->count < ring->count_max)
		ring->count++;
	return record;
}

void *ring_at(const struct ring *ring, uint32_t index)
{
	uint64_t slot = (uint64_t)ring->next + ring->count_max - ring->count + index;

	bal_assert(index < ring->count);
	return slot_at(ring, (uint32_t)(slot % ring->count_max));
}

void *ring_last(const struct ring *ring)
{
	return ring->count == 0 ? NULL : ring_at(ring, ring->count - 1);
}

void ring_clear(struct ring *ring)
{
	ring->count = 0;
	ring->next = 0;
}

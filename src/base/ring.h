/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_RING_H
#define BAL_BASE_RING_H

#include <stddef.h>
#include <stdint.h>

struct arena;

#define RING_RECORD_SIZE_MAX (UINT32_C(1) << 20)

/* The last `count_max` records of one size; a new one replaces the oldest. */
struct ring {
	uint8_t *records;
	uint32_t record_size;
	uint32_t count; /* records held */
	uint32_t count_max;
	uint32_t next; /* slot of the next record */
};

/*
 * Takes memory for `count_max` (> 0) records of `record_size` bytes (a sizeof, 1 to
 * RING_RECORD_SIZE_MAX) from the arena and touches none of it. On a measuring arena the ring is not
 * usable.
 */
void ring_init(struct ring *ring, struct arena *arena, uint32_t count_max, size_t record_size);

/* Returns room for a new last record, all bytes zero, to be filled by the caller; when the ring is
 * full the oldest record is gone. The pointer stays good until the record is the oldest and goes.
 */
void *ring_push(struct ring *ring);

/* Record `index` counted from the oldest (0); asserts index < count. */
void *ring_at(const struct ring *ring, uint32_t index);

/* The record pushed last; NULL when there is none. */
void *ring_last(const struct ring *ring);

/* Forgets all records. */
void ring_clear(struct ring *ring);

#endif

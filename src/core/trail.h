/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_TRAIL_H
#define BAL_CORE_TRAIL_H

#include "base/histogram.h"

#include <stdbool.h>
#include <stdint.h>

struct bytes_reader;
struct bytes_writer;
struct digest;

/*
 * trail: the past of one signal of a pool, a kind or the host, in bounded memory (112 KiB). Four
 * rings of slots, which begin at round times of the wall clock: 5 s for an hour, a minute for a
 * day, 15 minutes for two weeks, an hour for 90 days. All zero is an empty one.
 */
enum trail_grain { TRAIL_FINE, TRAIL_MINUTE, TRAIL_QUARTER, TRAIL_HOUR, TRAIL_GRAIN_COUNT };

#define TRAIL_FINE_SLOTS    720
#define TRAIL_MINUTE_SLOTS  1440
#define TRAIL_QUARTER_SLOTS 1344
#define TRAIL_HOUR_SLOTS    2160
#define TRAIL_SLOTS         5664 /* of all grains */
#define TRAIL_NUMBERS       8    /* of a slot, see struct trail_view */

/* A closed slot: codes of base/terse.h, in the order of struct trail_view. */
struct trail_slot {
	uint16_t codes[TRAIL_NUMBERS];
};

struct trail {
	bool begun;
	int64_t open_number[TRAIL_GRAIN_COUNT]; /* wall clock over step, rounded down */
	uint32_t next[TRAIL_GRAIN_COUNT];       /* place of the slot that closes next */
	uint32_t count[TRAIL_GRAIN_COUNT];      /* closed slots, empty ones included */
	struct histogram open[TRAIL_GRAIN_COUNT];
	struct trail_slot slots[TRAIL_SLOTS];
};

/* One slot, or several together. Nothing else is meant when count is 0: nobody reported. */
struct trail_view {
	int64_t count;
	int64_t min, mean, max;
	int64_t p50, p90, p95, p99;
};

/* Seconds and number of the slots of a grain. */
int64_t trail_step_ns(enum trail_grain grain);
uint32_t trail_slot_count(enum trail_grain grain);

/* Closes the slots that have ended by this time of the wall clock. A clock that was set back by up
 * to an hour fills the open slots until it has caught up; one that was set back by more moves the
 * past with it. */
void trail_advance(struct trail *trail, int64_t wall_ns);

/* Records a value (>= 0) that was measured now. */
void trail_record(struct trail *trail, int64_t wall_ns, int64_t value);

/* The closed slot `back` slots ago, from 1 on. False when it is older than the trail. */
bool trail_past(
	const struct trail *trail, enum trail_grain grain, uint32_t back, struct trail_view *view);

/* The last `slots` closed slots together: count, min, mean and max; quantiles are 0, since those of
 * slots do not add up. False when the trail has none of them. Two of 5 s are 10 s, five and ten
 * minutes are as many of a minute, a day 24 hours. */
bool trail_window(
	const struct trail *trail, enum trail_grain grain, uint32_t slots, struct trail_view *view);

/* When the last closed slot of a grain ended, on the wall clock. */
int64_t trail_end_ns(const struct trail *trail, enum trail_grain grain);

/* Writes it, and reads it into an empty one; false when the bytes are none. */
void trail_put(const struct trail *trail, struct bytes_writer *writer);
bool trail_read(struct trail *trail, struct bytes_reader *reader);

/* Adds it to a digest: equal pasts leave it equal, wherever their rings begin. */
void trail_digest(const struct trail *trail, struct digest *digest);

/* ---- for those who keep a trail elsewhere, see core/pastrow.h ---- */

/* What is in an open slot as the closed slot that comes of it. */
void trail_sum_up(const struct histogram *open, struct trail_slot *slot);

/* Adds a closed slot to the ring of a grain; the number of the open one is the caller's business.
 */
void trail_push(struct trail *trail, enum trail_grain grain, const struct trail_slot *slot);

/* The closed slot `back` slots ago, 1 .. count of the grain. */
const struct trail_slot *trail_slot_back(
	const struct trail *trail, enum trail_grain grain, uint32_t back);

/* The name of the first rule that is broken; NULL when all hold. */
const char *trail_check(const struct trail *trail);

#endif

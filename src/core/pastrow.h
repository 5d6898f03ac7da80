/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_PASTROW_H
#define BAL_CORE_PASTROW_H

#include "core/trail.h"

/*
 * pastrow: a trail cut into days, so that a store can keep it. A row is what one day (of UTC) has
 * of one grain, TRAIL_QUARTER or TRAIL_HOUR: the slots that are closed, and what is in the open
 * one. The finer grains are not kept: what was in their open slots is in the row of the quarters.
 */
#define PASTROW_SIZE_MAX  16384 /* bytes; 8 KiB of an open histogram, 24 of each slot */
#define PASTROW_SLOTS_MAX 96

/* A row that was read. */
struct pastrow {
	int64_t first;  /* number of its first slot */
	uint32_t count; /* closed slots */
	struct trail_slot slots[PASTROW_SLOTS_MAX];
	struct histogram open; /* of the slot behind them; count 0: nothing */
};

/* Where the closed slots of a grain begin and end on the wall clock; false when there are none and
 * nothing is open. */
bool pastrow_span(
	const struct trail *trail, enum trail_grain grain, int64_t *begin_ns, int64_t *end_ns);

/* Writes the row of a day (number since 1970). False, with nothing written, when nobody
 * reported on that day. */
bool pastrow_put(const struct trail *trail, enum trail_grain grain, int64_t day,
	struct bytes_writer *writer);

/* Reads a row; false when the bytes are none. */
bool pastrow_read(struct pastrow *row, enum trail_grain grain, struct bytes_reader *reader);

/* Takes a row into a trail that has nothing of its own yet; days come in their order. What lies in
 * the future of the wall clock is left out. False, without effect, when it is of a day that was
 * there. */
bool pastrow_take(
	struct trail *trail, enum trail_grain grain, const struct pastrow *row, int64_t wall_ns);

/* After the last row: the trail goes on at this time, as after a silence. */
void pastrow_resume(struct trail *trail, int64_t wall_ns);

#endif

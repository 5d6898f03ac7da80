/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_STRIP_H
#define BAL_CORE_STRIP_H

#include <stdbool.h>
#include <stdint.h>

struct bytes_reader;
struct bytes_writer;
struct digest;

/*
 * strip: the recent past of one signal of one agent, in 2.2 KiB: mean and maximum of each 5 s for
 * 15 minutes and of each minute for 6 hours. What happened before is in the trail of its pool. All
 * zero is an empty one.
 */
enum strip_grain { STRIP_FINE, STRIP_MINUTE, STRIP_GRAIN_COUNT };

#define STRIP_FINE_SLOTS   180
#define STRIP_MINUTE_SLOTS 360
#define STRIP_SLOTS        (STRIP_FINE_SLOTS + STRIP_MINUTE_SLOTS)

/* A slot that is being filled. */
struct strip_open {
	double sum;
	int64_t max;
	uint32_t count;
};

struct strip {
	int64_t open_number; /* of the fine slot: wall clock over 5 s, rounded down */
	bool begun;
	uint16_t next[STRIP_GRAIN_COUNT];
	uint16_t count[STRIP_GRAIN_COUNT]; /* closed slots, empty ones included */
	struct strip_open open[STRIP_GRAIN_COUNT];
	uint16_t mean[STRIP_SLOTS]; /* codes of base/terse.h; TERSE_NONE: nobody reported */
	uint16_t max[STRIP_SLOTS];
};

/* As those of core/trail.h. */
void strip_advance(struct strip *strip, int64_t wall_ns);
void strip_record(struct strip *strip, int64_t wall_ns, int64_t value);

/* The closed slot `back` slots ago, from 1 on; -1 when nobody reported. False when it is older than
 * the strip. */
bool strip_past(const struct strip *strip, enum strip_grain grain, uint32_t back, int64_t *mean,
	int64_t *max);

/* When the last closed slot of a grain ended, on the wall clock. */
int64_t strip_end_ns(const struct strip *strip, enum strip_grain grain);

/* Writes it, and reads it into an empty one; false when the bytes are none. */
void strip_put(const struct strip *strip, struct bytes_writer *writer);
bool strip_read(struct strip *strip, struct bytes_reader *reader);

/* Adds it to a digest: equal pasts leave it equal, wherever their rings begin. */
void strip_digest(const struct strip *strip, struct digest *digest);

/* The name of the first rule that is broken; NULL when all hold. */
const char *strip_check(const struct strip *strip);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_KNEE_H
#define BAL_CORE_KNEE_H

#include "ballast.h"

#include <stdbool.h>
#include <stdint.h>

struct bytes_reader;
struct bytes_writer;

/*
 * knee: at how many tasks at once the throughput of an agent stops growing, and from how many on
 * its attempts fail more often; from how long it had so many and what ended meanwhile.
 *
 * Bounded: 1.2 KiB each. After KNEE_ENDS_MAX ends all of it counts half, so that an agent that
 * changes is seen again.
 */
#define KNEE_LEVELS   BAL_KNEE_LEVELS
#define KNEE_ENDS_MAX 8192

struct knee_finding {
	bool is_found;
	bool grows;
	uint8_t place, place_low, place_high; /* levels */
	uint8_t seen;                         /* 1 + the highest level of which enough is known */
	uint8_t degrades;                     /* the first level that does; 0: none */
	double rate_s;                        /* work a second at the knee */
	double failures[2];
};

struct knee {
	uint32_t ends;              /* that count */
	uint32_t ends_next;         /* at so many it is worked out again */
	double busy_s[KNEE_LEVELS]; /* that it had so many tasks */
	double work[KNEE_LEVELS];   /* of those that succeeded */
	uint32_t done[KNEE_LEVELS]; /* their number */
	uint32_t failed[KNEE_LEVELS];
	struct knee_finding finding;
};

/* It had `tasks` at once for so long; 0 of either is no news. */
void knee_pass(struct knee *knee, uint32_t tasks, int64_t span_ns);

/* While it had `tasks` at once (itself included) one ended: `work` says how much was done with it,
 * in any unit that is the same for all; 0 when it failed. True when what is known of the knee was
 * worked out again. */
bool knee_end(struct knee *knee, uint32_t tasks, double work);

/* The tasks at once that a level stands for. */
uint32_t knee_tasks(uint32_t level);

/* What is known; and of one level, false when it was never there. */
void knee_view(const struct knee *knee, struct bal_knee_view *view);
bool knee_level(const struct knee *knee, uint32_t place, struct bal_knee_level *level);

/* True when nothing was seen: no time passed with tasks, and none ended. */
bool knee_is_blank(const struct knee *knee);

/* Saved states: writes all of it, at most 2 KiB; reads it back, false when the bytes are none. */
void knee_put(const struct knee *knee, struct bytes_writer *writer);
bool knee_read(struct knee *knee, struct bytes_reader *reader);

#endif

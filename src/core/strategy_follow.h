/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_STRATEGY_FOLLOW_H
#define BAL_CORE_STRATEGY_FOLLOW_H

#include "core/strategy.h"

/*
 * follow: so many slots for every slot of the smoothed load, and more while tasks wait too long.
 * It knows nothing of the future and has five settings, which makes it cheap to replay: what they
 * should be for a pool is found by trying them on the pool's own last day (core/portfolio.h).
 */
#define FOLLOW_BINS 16 /* wishes of 5 s each, kept as long as agents are held */

struct follow_setting {
	double headroom;   /* slots per slot of load, > 0 */
	int64_t window_ns; /* of the level of the load, > 0 */
	double clear_s;    /* in which tasks that wait too long are worked off, > 0 */
	/* A load that rises beyond so many times its level has moved, and moves on: the rise times
	 * `onward` is added at once. 0: never. */
	double jump, onward;
};

struct follow_memory {
	int64_t looked_at_ns; /* 0: never */
	double level;         /* smoothed load */
	double fast;          /* the same over ten seconds */
	double known_s;       /* how long there has been a level */
	int64_t up_at_ns;     /* when it last asked for more */
	int64_t bin;          /* of wishes: number of the open one */
	uint32_t wishes[FOLLOW_BINS];
};

/* One look. */
struct strategy_wish follow_look(const struct follow_setting *setting, struct follow_memory *memory,
	const struct strategy_view *view);

#endif

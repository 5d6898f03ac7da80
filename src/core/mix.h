/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_MIX_H
#define BAL_CORE_MIX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * mix: which pools to take agents from, so that there are enough slots for the least money. Agents
 * come whole, so the pool with the cheapest slot is not always in it.
 */
#define MIX_POOLS_MAX 32
#define MIX_STEPS_MAX 20000 /* of a search; about a millisecond */

/* What a pool has to offer. */
struct mix_pool {
	int64_t price;       /* of an agent and hour, >= 0; of any unit */
	uint32_t slots;      /* of an agent; 0 = it is of no use here */
	uint32_t agents_min; /* that are there in any case */
	uint32_t agents_max;
};

struct mix {
	uint32_t agents[MIX_POOLS_MAX]; /* of each pool */
	uint64_t agents_all;
	uint64_t slots; /* fewer than asked for when the pools have no more */
	int64_t price;
	bool exact; /* the search came to its end: no mix is cheaper */
};

/* The cheapest mix with that many slots, of those the one with the fewest agents; as many as there
 * are when there are not enough. At most MIX_POOLS_MAX pools. */
void mix_find(const struct mix_pool *pools, uint32_t count, uint64_t slots, struct mix *mix);

/* Likewise, but so that the slots are still there when any one agent is lost. */
void mix_find_spare(const struct mix_pool *pools, uint32_t count, uint64_t slots, struct mix *mix);

/* The slots that are left when the largest agent of a mix is lost. */
uint64_t mix_slots_spare(const struct mix_pool *pools, uint32_t count, const struct mix *mix);

#endif

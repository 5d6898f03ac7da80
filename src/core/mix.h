/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_MIX_H
#define BAL_CORE_MIX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * mix: which pools to take agents from, so that there are enough slots for the least money. Agents
 * come whole, so the pool with the cheapest slot is not always in it.
 */
#define MIX_POOLS_MAX  32
#define MIX_BOUNDS_MAX 12
#define MIX_STEPS_MAX  20000 /* of a search; about a millisecond */

/* What a pool has to offer. */
struct mix_pool {
	int64_t price;       /* of an agent and hour, >= 0; of any unit */
	uint32_t slots;      /* of an agent; 0 = it is of no use here */
	uint32_t agents_min; /* that are there in any case */
	uint32_t agents_max;
	double uses[MIX_BOUNDS_MAX]; /* of each bound, by an agent; >= 0, 0 = nothing */
};

/* Pools to choose from, and what bounds them together. */
struct mix_offer {
	const struct mix_pool *pools;
	uint32_t count; /* at most MIX_POOLS_MAX */
	/* What all agents together may use of one thing, >= 0. The agents that are there in any
	 * case may use more; then there are no others that use it. */
	const double *bounds;
	uint32_t bound_count; /* at most MIX_BOUNDS_MAX */
};

struct mix {
	uint32_t agents[MIX_POOLS_MAX]; /* of each pool */
	uint64_t agents_all;
	uint64_t slots; /* fewer than asked for when the pools have no more */
	int64_t price;
	bool exact; /* the search came to its end: no mix is cheaper */
};

/* The cheapest mix within the bounds with that many slots, of those the one with the fewest agents.
 * When there are not enough: the one with the most slots, of those the cheapest. */
void mix_find(const struct mix_offer *offer, uint64_t slots, struct mix *mix);

/* Likewise, but so that the slots are still there when any one agent is lost. */
void mix_find_spare(const struct mix_offer *offer, uint64_t slots, struct mix *mix);

/* The slots that are left when the largest agent of a mix is lost. */
uint64_t mix_slots_spare(const struct mix_offer *offer, const struct mix *mix);

/* The bound that lets no further agent of the pool into the mix; bound_count = none does. */
uint32_t mix_blocks(const struct mix_offer *offer, const struct mix *mix, uint32_t pool);

#endif

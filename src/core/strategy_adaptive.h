/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_STRATEGY_ADAPTIVE_H
#define BAL_CORE_STRATEGY_ADAPTIVE_H

#include "core/portfolio.h"

/*
 * adaptive: the strategy that would have been best on the pool's own last day, looked for anew
 * every hour (core/portfolio.h) and changed seldom. Until there has been a day it has no choice,
 * and the pool behaves as conservative.
 */
struct adaptive_memory {
	struct diary diary;
	bool chosen;
	struct portfolio_verdict verdict; /* in force, if chosen */
	int64_t since_ns;                 /* when it was chosen */
	int64_t search_at_ns;             /* when the next search is due */
	uint32_t searches;                /* begun so far */
	struct follow_memory follow;
};

/* Memories of the other strategies, which keep theirs when they are not in force. */
struct adaptive_peers {
	struct hpa_memory *hpa;
	struct kpa_memory *kpa;
	struct predictive_memory *predictive;
};

/* One look of one that has chosen. */
struct strategy_wish adaptive_look(struct adaptive_memory *memory,
	const struct adaptive_peers *peers, const struct strategy_view *view);

/* A search has ended. True when it changes the choice. */
bool adaptive_take(
	struct adaptive_memory *memory, int64_t now_ns, const struct portfolio_verdict *verdict);

/* True when a search is due and there is a day to search in. */
bool adaptive_is_due(const struct adaptive_memory *memory, int64_t now_ns);

/* True when the numbers of a verdict can be. */
bool adaptive_verdict_valid(const struct portfolio_verdict *verdict);

/* Writes a memory, in pieces as diary_put does. */
void adaptive_put(const struct adaptive_memory *memory, struct bytes_writer *writer,
	void (*slide)(void *), void *context);

/* Reads one; false, and an empty one, when the bytes are none. */
bool adaptive_read(struct adaptive_memory *memory, struct bytes_reader *reader);

/* A verdict alone. */
void adaptive_verdict_put(const struct portfolio_verdict *verdict, struct bytes_writer *writer);
bool adaptive_verdict_read(struct portfolio_verdict *verdict, struct bytes_reader *reader);

#endif

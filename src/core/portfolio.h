/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_PORTFOLIO_H
#define BAL_CORE_PORTFOLIO_H

#include "core/replay.h"

/*
 * portfolio: the strategies that an adaptive pool may choose from, by number, and the choice: the
 * one that would have needed the fewest hours of agents in the last day while no more tasks were
 * late than may be. Settings are searched, not listed: 9 shapes of follow with 40 steps of headroom
 * each, and the classic rules with the tunings that people use.
 */
#define PORTFOLIO_SHAPES 9
#define PORTFOLIO_STEPS  40
#define PORTFOLIO_PEERS  5
#define PORTFOLIO_COUNT  (PORTFOLIO_SHAPES * PORTFOLIO_STEPS + PORTFOLIO_PEERS)
#define PORTFOLIO_NONE   UINT32_MAX

/* One of them. */
struct replay_choice portfolio_choice(uint32_t number);

/* What a look over the portfolio came to. */
struct portfolio_verdict {
	uint32_t number; /* to go on with: the present one, or a better one */
	uint32_t over;   /* the next best thing: what it replaces, or else the runner-up; or NONE */
	double agents, over_agents; /* mean of the day */
	double late, over_late;     /* shares of tasks */
	double confidence; /* that it is better than `over`, by the hours of the day; 0 .. 1 */
};

/* Memory that a search works in. */
struct portfolio_room {
	struct replay_day day;
	struct replay_room replay;
	struct replay_score best, present, tried;
};

/* Replays the day in room->day; present: the number in force, or NONE; turn: the number of this
 * search, since one that has a present looks at a third of the portfolio only. A change is worth it
 * when hours fall by three hundredths, or when the present one lets too many tasks wait, and hours
 * of the day agree on it with a confidence of 0.85. */
void portfolio_search(struct portfolio_room *room, const struct replay_pool *pool, uint32_t present,
	uint32_t turn, struct portfolio_verdict *verdict);

#endif

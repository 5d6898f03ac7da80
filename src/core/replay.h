/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_REPLAY_H
#define BAL_CORE_REPLAY_H

#include "core/diary.h"
#include "core/strategy.h"
#include "core/strategy_follow.h"
#include "core/strategy_hpa.h"
#include "core/strategy_kpa.h"
#include "core/strategy_predictive.h"

/*
 * replay: what a strategy would have made of a day: whole tasks, second by second, through the very
 * functions that decide in a running core. Some milliseconds of CPU for a day.
 */
#define REPLAY_SECONDS     (DIARY_BINS * DIARY_BIN_S)
#define REPLAY_SERVICE_MAX 8192 /* seconds; a longer task frees its slot after so many */
#define REPLAY_BOOT_MAX    4096 /* likewise of a boot */

/* A strategy with its settings. */
struct replay_choice {
	enum bal_strategy strategy; /* ADAPTIVE stands for follow, which is nobody else's */
	union {
		struct hpa_setting hpa;
		struct kpa_setting kpa;
		struct predictive_setting predictive;
		struct follow_setting follow;
	};
};

/* The pool that the day is replayed for. */
struct replay_pool {
	uint32_t slots; /* of an agent, > 0 */
	uint32_t agents_min, agents_max;
	double boot_s;
	double wait_s; /* objective: a longer wait is late */
	double late_share;
};

/* What came, second by second, without what was missing or odd. */
struct replay_day {
	uint32_t bins;
	uint32_t arrivals[REPLAY_SECONDS];
	float service_s[DIARY_BINS]; /* of each bin, > 0 */
};

#define REPLAY_PARTS 24 /* of the day, for how sure a difference is */

/* What came of it. */
struct replay_score {
	double agent_s; /* of agents, from launch to end */
	double tasks, late;
	double part_agent_s[REPLAY_PARTS], part_late[REPLAY_PARTS];
	uint32_t reversals; /* turns within 15 min of a step in the other direction */
	uint32_t agents_most;
};

/* Memory that a replay works in. */
struct replay_room {
	union {
		struct hpa_memory hpa;
		struct kpa_memory kpa;
		struct predictive_memory predictive;
		struct follow_memory follow;
	} memory;
	uint32_t ends[REPLAY_SERVICE_MAX]; /* by second: slots that become free */
	uint32_t boots[REPLAY_BOOT_MAX];   /* by second: agents that are ready then */
};

/* Makes a day of a diary. False when too little is left. */
bool replay_read(struct replay_day *day, const struct diary *diary);

/* Plays it. */
void replay_play(const struct replay_day *day, const struct replay_pool *pool,
	const struct replay_choice *choice, struct replay_room *room, struct replay_score *score);

/* Share of tasks that were late; 0 without tasks. */
double replay_late_share(const struct replay_score *score);

#endif

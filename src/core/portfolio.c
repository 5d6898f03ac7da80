/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More headroom costs more and is late less, so that for each shape the least headroom that is good
 * enough is found by halving: 9 shapes times 6 replays instead of 360. Where nothing is good
 * enough, since tasks come at once that nobody could expect, a percent of late tasks is worth a
 * tenth of all hours, and no more.
 *
 * A replay is right to about half a percent of tasks, so that a tenth of what may be late is kept
 * as safety by what is newly chosen. What is in force may use all of it: else it would be changed
 * for its own safety's sake.
 *
 * A day changes little within an hour. So once there is a choice, a third of the portfolio is tried
 * at a time, beside all settings of the shape in force: all of it within three hours.
 *
 * How sure a difference is, is asked of the hours of the day, taken as pairs: the mean of their
 * differences against its standard error, as a normal probability.
 */
#include "core/portfolio.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

#define STEP_FACTOR   1.04
#define SAFETY        0.9  /* of the share that may be late */
#define GAIN_MIN      0.03 /* of hours */
#define CONFIDENCE    0.85
#define LATE_PRICE    10.0 /* hours over hours, per share of tasks late beyond what may be */
#define COARSE        4    /* steps of headroom at a time where nothing is good enough */
#define REVERSALS_MAX 96   /* of a day: one per quarter of an hour */
#define CLEAR_S       60
#define PEER_HANDICAP 1.05
#define GROUPS        3 /* of shapes, one of which is tried at a time */

struct shape {
	int64_t window_s;
	double jump, onward;
};

static const struct shape SHAPES[PORTFOLIO_SHAPES] = {
	{300, 1.35, 3},
	{900, 1.35, 3},
	{60, 1.35, 3},
	{300, 2, 1},
	{900, 2, 1},
	{60, 2, 1},
	{300, 4, 1},
	{900, 4, 1},
	{60, 4, 1},
};

static struct replay_choice peer(uint32_t number)
{
	static const struct {
		enum bal_strategy strategy;
		double target;
		int64_t window_s;
	} PEERS[PORTFOLIO_PEERS - 1] = {
		{BAL_STRATEGY_HPA, 0.8, 300},
		{BAL_STRATEGY_HPA, 0.9, 900},
		{BAL_STRATEGY_KPA, 0.7, 60},
		{BAL_STRATEGY_KPA, 0.8, 300},
	};
	struct replay_choice choice = {.strategy = BAL_STRATEGY_PREDICTIVE};

	if (number == PORTFOLIO_PEERS - 1) {
		choice.predictive = PREDICTIVE_STANDARD;
		return choice;
	}
	choice.strategy = PEERS[number].strategy;
	if (choice.strategy == BAL_STRATEGY_HPA)
		choice.hpa = (struct hpa_setting){
			PEERS[number].target, PEERS[number].window_s * NS_PER_S};
	else
		choice.kpa = (struct kpa_setting){
			PEERS[number].target, PEERS[number].window_s * NS_PER_S};
	return choice;
}

struct replay_choice portfolio_choice(uint32_t number)
{
	struct replay_choice choice = {.strategy = BAL_STRATEGY_ADAPTIVE};
	const struct shape *shape;
	double headroom = 1;

	bal_assert(number < PORTFOLIO_COUNT);
	if (number >= PORTFOLIO_SHAPES * PORTFOLIO_STEPS)
		return peer(number - PORTFOLIO_SHAPES * PORTFOLIO_STEPS);
	shape = &SHAPES[number / PORTFOLIO_STEPS];
	for (uint32_t i = 0; i < number % PORTFOLIO_STEPS; i++)
		headroom *= STEP_FACTOR;
	choice.follow = (struct follow_setting){.headroom = headroom,
		.window_ns = shape->window_s * NS_PER_S,
		.clear_s = CLEAR_S,
		.jump = shape->jump,
		.onward = shape->onward};
	return choice;
}

/* ---- the search ---- */

struct search {
	struct portfolio_room *room;
	const struct replay_pool *pool;
	uint32_t best; /* whose score is room->best; NONE */
	uint32_t next; /* the runner-up */
	double best_rank, next_rank;
	double next_agent_s, next_late;
};

static double excess(const struct search *search, const struct replay_score *score, double safety)
{
	return num_max(replay_late_share(score) - search->pool->late_share * safety, 0);
}

static double rank_of(const struct search *search, const struct replay_score *score)
{
	return score->agent_s * (1 + LATE_PRICE * excess(search, score, SAFETY));
}

/* The classic rules do not work off what waits: what they would make of a sudden load that the day
 * had none of is not in their score. */
static double handicap(uint32_t number)
{
	return number < PORTFOLIO_SHAPES * PORTFOLIO_STEPS ? 1 : PEER_HANDICAP;
}

static bool is_calm(const struct search *search, const struct replay_score *score)
{
	return (uint64_t)score->reversals * DIARY_BINS <=
	       (uint64_t)REVERSALS_MAX * search->room->day.bins;
}

/* Two settings of one shape are no rivals. */
static bool are_kin(uint32_t a, uint32_t b)
{
	return a < PORTFOLIO_SHAPES * PORTFOLIO_STEPS && b < PORTFOLIO_SHAPES * PORTFOLIO_STEPS &&
	       a / PORTFOLIO_STEPS == b / PORTFOLIO_STEPS;
}

static void set_next(struct search *search, uint32_t number, const struct replay_score *score)
{
	search->next = number;
	search->next_rank = rank_of(search, score) * handicap(number);
	search->next_agent_s = score->agent_s;
	search->next_late = replay_late_share(score);
}

/* True when it is late no more than it may be. */
static bool try(struct search *search, uint32_t number)
{
	struct portfolio_room *room = search->room;
	struct replay_choice choice = portfolio_choice(number);
	bool good;
	double rank;

	replay_play(&room->day, search->pool, &choice, &room->replay, &room->tried);
	rank = rank_of(search, &room->tried) * handicap(number);
	good = excess(search, &room->tried, SAFETY) <= 0;
	if (!is_calm(search, &room->tried))
		return good;
	if (search->best == PORTFOLIO_NONE || rank < search->best_rank) {
		if (search->best != PORTFOLIO_NONE && !are_kin(search->best, number))
			set_next(search, search->best, &room->best);
		search->best = number;
		search->best_rank = rank;
		room->best = room->tried;
	} else if (!are_kin(search->best, number) &&
		   (search->next == PORTFOLIO_NONE || rank < search->next_rank)) {
		set_next(search, number, &room->tried);
	}
	return good;
}

static void try_shape(struct search *search, uint32_t shape)
{
	uint32_t first = shape * PORTFOLIO_STEPS;
	uint32_t low = 0, high = PORTFOLIO_STEPS - 1;

	if (!try(search, first + high)) {
		for (uint32_t i = 0; i < high; i += COARSE)
			try(search, first + i);
		return;
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (try(search, first + middle))
			high = middle;
		else
			low = middle + 1;
	}
}

/* ---- the verdict ---- */

/* The normal distribution's, within 0.0002 (a logistic curve, after Bowling et al. 2009). */
static double normal_cdf(double x)
{
	return 1 / (1 + num_exp(-num_clamp(0.07056 * x * x * x + 1.5976 * x, -30, 30)));
}

/* That the mean of such differences is above 0. */
static double confidence_of(const double *before, const double *after)
{
	double mean = 0, variance = 0, error;

	for (uint32_t i = 0; i < REPLAY_PARTS; i++)
		mean += (before[i] - after[i]) / REPLAY_PARTS;
	for (uint32_t i = 0; i < REPLAY_PARTS; i++) {
		double off = before[i] - after[i] - mean;

		variance += off * off / (REPLAY_PARTS - 1);
	}
	error = num_sqrt(variance / REPLAY_PARTS);
	if (error <= 0)
		return mean > 0 ? 1 : 0;
	return normal_cdf(num_clamp(mean / error, -8, 8));
}

/* Hours as they would be in the mean of the day. */
static double agents_of(const struct search *search, double agent_s)
{
	return agent_s / ((double)search->room->day.bins * DIARY_BIN_S);
}

static void keep(const struct search *search, uint32_t present, struct portfolio_verdict *verdict)
{
	const struct replay_score *score = &search->room->present;

	verdict->number = present;
	verdict->agents = agents_of(search, score->agent_s);
	verdict->late = replay_late_share(score);
	verdict->over = search->best;
	verdict->over_agents = agents_of(search, search->room->best.agent_s);
	verdict->over_late = replay_late_share(&search->room->best);
	verdict->confidence = 1 - verdict->confidence;
}

static void take_first(const struct search *search, struct portfolio_verdict *verdict)
{
	verdict->over = search->next;
	if (search->next == PORTFOLIO_NONE)
		return;
	verdict->over_agents = agents_of(search, search->next_agent_s);
	verdict->over_late = search->next_late;
	verdict->confidence = 1;
}

static void compare(
	const struct search *search, uint32_t present, struct portfolio_verdict *verdict)
{
	const struct replay_score *now = &search->room->present;
	const struct replay_score *then = &search->room->best;
	bool misses = excess(search, now, 1) > 0;
	bool worth;

	verdict->confidence = misses ? confidence_of(now->part_late, then->part_late)
				     : confidence_of(now->part_agent_s, then->part_agent_s);
	worth = misses ? rank_of(search, then) < rank_of(search, now)
		       : then->agent_s < now->agent_s * (1 - GAIN_MIN);
	if (!worth || verdict->confidence < CONFIDENCE) {
		keep(search, present, verdict);
		return;
	}
	verdict->over = present;
	verdict->over_agents = agents_of(search, now->agent_s);
	verdict->over_late = replay_late_share(now);
}

void portfolio_search(struct portfolio_room *room, const struct replay_pool *pool, uint32_t present,
	uint32_t turn, struct portfolio_verdict *verdict)
{
	struct search search = {
		.room = room, .pool = pool, .best = PORTFOLIO_NONE, .next = PORTFOLIO_NONE};
	struct replay_choice choice;

	*verdict = (struct portfolio_verdict){.number = present, .over = PORTFOLIO_NONE};
	for (uint32_t i = 0; i < PORTFOLIO_SHAPES; i++)
		if (present == PORTFOLIO_NONE || i % GROUPS == turn % GROUPS ||
			present / PORTFOLIO_STEPS == i)
			try_shape(&search, i);
	for (uint32_t i = 0; i < PORTFOLIO_PEERS; i++)
		if (present == PORTFOLIO_NONE || turn % GROUPS == 0)
			try(&search, PORTFOLIO_SHAPES * PORTFOLIO_STEPS + i);
	if (search.best == PORTFOLIO_NONE)
		return;
	verdict->number = search.best;
	verdict->agents = agents_of(&search, room->best.agent_s);
	verdict->late = replay_late_share(&room->best);
	if (present == PORTFOLIO_NONE) {
		take_first(&search, verdict);
		return;
	}
	choice = portfolio_choice(present);
	replay_play(&room->day, pool, &choice, &room->replay, &room->present);
	compare(&search, present, verdict);
}

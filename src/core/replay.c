/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a replay true or not is how it treats the noise of single tasks, since waits of a
 * second or two are decided by it. So the arrivals of a bin are spread over its seconds by chance,
 * with a fixed seed, and the same for all candidates. Services take one of eight durations around
 * their mean: the load of a queue with enough servers depends on nothing but the mean (it is
 * insensitive), and how fast it forgets on little more. Durations in turns would be cheaper, and
 * make the load a third less variable than it is.
 *
 * Tasks wait in order of arrival, so that a queue is two numbers: the second whose tasks are first,
 * and how many of them have been taken. Within its second an arrival is anywhere, and so is a
 * start, so that of a wait of exactly the limit in whole seconds one half is late.
 *
 * Agents that are to go are empty ones if there are such; else the tasks of those that drain go on
 * in their slots, and the agent costs until they have ended.
 *
 * Tasks shorter than a second are played in batches that take one: what one slot does within a
 * second.
 */
#include "core/replay.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"

#include <string.h>

#define SEED         1
#define SPREAD_MAX   1000 /* arrivals of a bin whose second is drawn one by one */
#define DURATIONS    8
#define DRAW_TASKS   21 /* 3 bits each */
#define DRAWN_MAX    (10 * DRAW_TASKS)
#define REVERSE_S    900
#define TRUST_BUSY   0.5 /* as in core/demand.c */
#define ODD_PART     24  /* of a day: what is odd for longer is usual */
#define LEAST_PART   2   /* of a day must be left */
#define BATCH_MAX    100000.0
#define DRAIN_COST   1.5 /* mean services that a busy agent drains for, the longest of its tasks */
#define SERVICE_MIN  1e-5
#define HEADROOM_NEW 1.3 /* of the agents that a replay begins with */

/* Middles of the eighths of a gamma distribution of shape 2, over its mean. */
static const double TIMES[DURATIONS] = {0.21, 0.4, 0.58, 0.76, 0.96, 1.22, 1.58, 2.29};

struct play {
	const struct replay_pool *pool;
	const struct replay_choice *choice;
	struct replay_room *room;
	struct replay_score *score;
	uint32_t second;
	double service_s, kept, trust;
	struct prng prng;           /* of durations ... */
	uint32_t after[DURATIONS];  /* ... which are so many seconds in this bin */
	uint32_t ready, booting;    /* agents */
	uint32_t running;           /* tasks, also on agents that drain */
	uint64_t waiting;           /* tasks */
	uint32_t first, first_left; /* the oldest second of which tasks wait, and how many */
	double offered;
	int32_t direction; /* of the last step */
	uint32_t direction_at;
};

/* Where arrivals fall. */
struct chance {
	struct prng prng;
	double clump, carried;
};

/* ---- the day ---- */

static double mean_service(const struct diary *diary)
{
	double sum = 0;
	uint32_t count = 0;

	for (uint32_t back = 1; back <= diary->count; back++) {
		double service_s = diary_service_s(diary, back);

		sum += service_s;
		count += service_s > 0;
	}
	return count == 0 ? 0 : sum / count;
}

/* Whole tasks of what is given, the rest of a task is carried on. */
static uint32_t whole_of(double *carried, double more)
{
	double whole;

	*carried += more;
	whole = num_floor(*carried);
	*carried -= whole;
	return (uint32_t)whole;
}

/* Puts arrivals into the seconds of their bin, those that come together into the same one. */
static void spread(uint32_t *seconds, uint32_t arrivals, struct chance *chance)
{
	uint32_t even = arrivals > SPREAD_MAX * chance->clump ? arrivals / DIARY_BIN_S : 0;
	uint32_t left = arrivals - even * DIARY_BIN_S;

	for (uint32_t i = 0; i < DIARY_BIN_S; i++)
		seconds[i] = even;
	while (left > 0) {
		uint64_t second = prng_below(&chance->prng, DIARY_BIN_S);
		uint32_t part = whole_of(&chance->carried, chance->clump);

		part = part < left ? part : left;
		seconds[second] += part;
		left -= part;
	}
}

/* Odd bins count when they are many. */
static bool leaves_odd(const struct diary *diary)
{
	uint32_t count = 0;

	for (uint32_t back = 1; back <= diary->count; back++) {
		uint32_t arrivals;
		bool odd;

		count += diary_bin(diary, back, &arrivals, &odd) && odd;
	}
	return count <= DIARY_BINS / ODD_PART;
}

bool replay_read(struct replay_day *day, const struct diary *diary)
{
	double mean_s = mean_service(diary);
	double batch = mean_s >= 1 || mean_s <= 0 ? 1 : num_min(1 / mean_s, BATCH_MAX);
	bool leaves = leaves_odd(diary);
	struct chance chance = {.clump = diary_clump(diary)};
	double carried = 0;

	day->bins = 0;
	if (mean_s <= 0)
		return false;
	prng_init(&chance.prng, SEED);
	for (uint32_t back = diary->count; back > 0; back--) {
		double service_s = diary_service_s(diary, back);
		uint32_t arrivals;
		bool odd;

		if (!diary_bin(diary, back, &arrivals, &odd) || (odd && leaves))
			continue;
		arrivals = whole_of(&carried, arrivals / batch);
		spread(&day->arrivals[day->bins * DIARY_BIN_S], arrivals, &chance);
		day->service_s[day->bins++] =
			(float)num_max((service_s > 0 ? service_s : mean_s) * batch, SERVICE_MIN);
	}
	return day->bins >= DIARY_BINS / LEAST_PART;
}

/* ---- tasks ---- */

static void end_after(struct play *play, uint32_t duration, uint32_t count)
{
	uint32_t second = play->second + play->after[duration];

	play->room->ends[second % REPLAY_SERVICE_MAX] += count;
}

/* A draw of 64 bits is good for 21 tasks. Of very many tasks most are shared out evenly. */
static void start(struct play *play, uint32_t count)
{
	uint32_t even = count > DRAWN_MAX ? (count - DRAWN_MAX) / DURATIONS : 0;
	uint64_t bits = 0;

	play->running += count;
	for (uint32_t i = 0; i < DURATIONS && even > 0; i++)
		end_after(play, i, even);
	count -= even * DURATIONS;
	for (uint32_t i = 0; i < count; i++) {
		if (i % DRAW_TASKS == 0)
			bits = prng_next(&play->prng);
		end_after(play, bits % DURATIONS, 1);
		bits /= DURATIONS;
	}
}

static void note_wait(struct play *play, uint32_t waited_s, uint32_t count)
{
	double part = (double)waited_s - play->pool->wait_s + 0.5;

	play->score->late += num_clamp(part, 0, 1) * count;
}

/* Gives free slots to those who have waited longest. */
static void serve(struct play *play, const struct replay_day *day)
{
	uint64_t slots = (uint64_t)play->ready * play->pool->slots;
	uint64_t taken = slots > play->running ? slots - play->running : 0;

	taken = taken < play->waiting ? taken : play->waiting;
	play->waiting -= taken;
	for (uint64_t left = taken; left > 0;) {
		uint32_t part = play->first_left;

		if (part == 0) {
			play->first++;
			play->first_left = day->arrivals[play->first];
			continue;
		}
		part = part < left ? part : (uint32_t)left;
		note_wait(play, play->second - play->first, part);
		play->first_left -= part;
		left -= part;
	}
	start(play, (uint32_t)taken);
}

static void arrive(struct play *play, const struct replay_day *day)
{
	uint32_t arrivals = day->arrivals[play->second];

	play->score->tasks += arrivals;
	if (play->waiting == 0) {
		play->first = play->second;
		play->first_left = arrivals;
	}
	play->waiting += arrivals;
	play->offered = play->offered * play->kept + arrivals * play->service_s * (1 - play->kept);
}

/* ---- agents ---- */

static void note_step(struct play *play, int32_t direction)
{
	if (play->direction == -direction && play->second - play->direction_at < REVERSE_S)
		play->score->reversals++;
	play->direction = direction;
	play->direction_at = play->second;
}

static uint32_t boot_s(const struct play *play)
{
	return (uint32_t)num_clamp(play->pool->boot_s + 0.5, 1, REPLAY_BOOT_MAX - 1);
}

/* The youngest of those that boot leave first, for nothing is lost with them. */
static uint32_t stop_boots(struct play *play, uint32_t count)
{
	uint32_t left = count;

	for (uint32_t back = boot_s(play); back > 0 && left > 0 && play->booting > 0; back--) {
		uint32_t *boots = &play->room->boots[(play->second + back) % REPLAY_BOOT_MAX];
		uint32_t part = *boots < left ? *boots : left;

		*boots -= part;
		play->booting -= part;
		left -= part;
	}
	return left;
}

static void scale(struct play *play, uint32_t wanted)
{
	uint32_t agents = play->ready + play->booting;
	uint32_t gone;
	double busy;

	if (wanted > agents) {
		note_step(play, 1);
		play->room->boots[(play->second + boot_s(play)) % REPLAY_BOOT_MAX] +=
			wanted - agents;
		play->booting += wanted - agents;
	} else if (wanted < agents) {
		note_step(play, -1);
		gone = stop_boots(play, agents - wanted);
		play->ready -= gone;
		busy = (double)play->running - (double)play->ready * play->pool->slots;
		busy = num_clamp(busy / play->pool->slots, 0, gone);
		play->score->agent_s += busy * DRAIN_COST * play->service_s;
	}
}

static struct strategy_view view_of(const struct play *play)
{
	const struct replay_pool *pool = play->pool;
	uint32_t agents = play->ready + play->booting;
	uint32_t slots = play->ready * pool->slots;

	return (struct strategy_view){.now_ns = ((int64_t)play->second + 1) * NS_PER_S,
		.since_s = 1,
		.agents = agents,
		.agents_ready = play->ready,
		.slots = pool->slots,
		.slots_ready = slots,
		.slots_coming = agents * pool->slots,
		.agents_min = pool->agents_min,
		.agents_max = pool->agents_max,
		.busy = play->running < slots ? play->running : slots,
		.waiting = (double)play->waiting,
		.oldest_wait_s = play->waiting == 0 ? 0 : play->second - play->first,
		.offered = play->offered,
		.service_s = play->service_s,
		.boot_s = pool->boot_s,
		.growth = 1,
		.wait_s = pool->wait_s,
		.late_share = pool->late_share};
}

static uint32_t ask(const struct play *play)
{
	const struct replay_choice *choice = play->choice;
	struct strategy_view view = view_of(play);
	struct replay_room *room = play->room;

	switch (choice->strategy) {
	case BAL_STRATEGY_HPA:
		return hpa_look(&choice->hpa, &room->memory.hpa, &view).agents;
	case BAL_STRATEGY_KPA:
		return kpa_look(&choice->kpa, &room->memory.kpa, &view).agents;
	case BAL_STRATEGY_PREDICTIVE:
		return predictive_look(&choice->predictive, &room->memory.predictive, &view).agents;
	default:
		return follow_look(&choice->follow, &room->memory.follow, &view).agents;
	}
}

/* ---- time ---- */

static void play_second(struct play *play, const struct replay_day *day)
{
	uint32_t *ends = &play->room->ends[play->second % REPLAY_SERVICE_MAX];
	uint32_t *boots = &play->room->boots[play->second % REPLAY_BOOT_MAX];

	play->running -= *ends;
	*ends = 0;
	play->ready += *boots;
	play->booting -= *boots;
	*boots = 0;
	arrive(play, day);
	serve(play, day);
	if (play->waiting == 0)
		play->offered += (play->running - play->offered) * play->trust;
	play->score->agent_s += play->ready + play->booting;
	if (play->ready + play->booting > play->score->agents_most)
		play->score->agents_most = play->ready + play->booting;
	scale(play, ask(play));
}

static void play_bin(struct play *play, const struct replay_day *day, uint32_t bin)
{
	play->service_s = (double)day->service_s[bin];
	play->kept = num_exp(-1 / play->service_s);
	play->trust = 1 - num_exp(-TRUST_BUSY / play->service_s);
	for (uint32_t i = 0; i < DURATIONS; i++)
		play->after[i] = (uint32_t)num_clamp(
			num_floor(TIMES[i] * play->service_s + 0.5), 1, REPLAY_SERVICE_MAX - 1);
	for (uint32_t i = 0; i < DIARY_BIN_S; i++) {
		play->second = bin * DIARY_BIN_S + i;
		play_second(play, day);
	}
}

/* What still waits has waited too long, or nobody knows. */
static void end_day(struct play *play)
{
	play->score->late += (double)play->waiting;
}

static void begin_day(struct play *play, const struct replay_day *day)
{
	double load = day->bins == 0 ? 0 : (double)day->arrivals[0] * (double)day->service_s[0];

	for (uint32_t i = 1; i < DIARY_BIN_S && day->bins > 0; i++)
		load += day->arrivals[i] * (double)day->service_s[0];
	load /= DIARY_BIN_S;
	play->offered = load;
	play->ready = (uint32_t)num_clamp(num_floor(load * HEADROOM_NEW / play->pool->slots) + 1,
		play->pool->agents_min, play->pool->agents_max);
}

void replay_play(const struct replay_day *day, const struct replay_pool *pool,
	const struct replay_choice *choice, struct replay_room *room, struct replay_score *score)
{
	struct play play = {.pool = pool, .choice = choice, .room = room, .score = score};

	bal_assert(pool->slots > 0);
	prng_init(&play.prng, SEED);
	memset(room, 0, sizeof *room);
	*score = (struct replay_score){.tasks = 0};
	begin_day(&play, day);
	for (uint32_t i = 0; i < day->bins; i++) {
		uint32_t part = i * REPLAY_PARTS / day->bins;
		double agent_s = score->agent_s, late = score->late;

		play_bin(&play, day, i);
		score->part_agent_s[part] += score->agent_s - agent_s;
		score->part_late[part] += score->late - late;
	}
	end_day(&play);
}

double replay_late_share(const struct replay_score *score)
{
	return score->tasks > 0 ? score->late / score->tasks : 0;
}

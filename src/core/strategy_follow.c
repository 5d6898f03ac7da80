/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The level is an exponential mean of the load that does not saturate (core/demand.h). A long
 * window is calm and late; what makes up for late is the jump: a load far above its level is no
 * noise, and then the level is where the load is. Whether there are such jumps, or whether noise
 * looks like them, differs from pool to pool, so that it is a setting.
 *
 * Agents that were asked for stay for a while, so that noise does not send away what it will want
 * back: a minute in any case, and a quarter of an hour unless the wish falls far below what there
 * is, which noise that the headroom is made for does not do either.
 */
#include "core/strategy_follow.h"

#include "base/num.h"
#include "base/units.h"

#define FAST_S    10
#define BIN_NS    (5 * NS_PER_S)
#define HOLD_BINS 12 /* a minute */
#define CALM_NS   (15 * NS_PER_MIN)
#define FAR_BELOW 0.7 /* of the agents there are */
#define PAUSE_NS  (30 * NS_PER_S)
#define LEVEL_MIN 0.01 /* slots; less is nothing */

static double ceil_of(double x)
{
	return -num_floor(-x);
}

static uint32_t place_of(int64_t bin)
{
	return (uint32_t)((uint64_t)bin % FOLLOW_BINS);
}

/* Nobody has looked for a while: the level is what is seen now. */
static void begin_again(struct follow_memory *memory, const struct strategy_view *view)
{
	*memory = (struct follow_memory){.looked_at_ns = view->now_ns,
		.level = view->offered,
		.fast = view->offered,
		.up_at_ns = view->now_ns - CALM_NS,
		.bin = view->now_ns / BIN_NS};
}

/* Smooths; returns what the load has risen by at once. */
static double note(const struct follow_setting *setting, struct follow_memory *memory,
	const struct strategy_view *view)
{
	double window_s = (double)setting->window_ns / (double)NS_PER_S;
	double rise;

	if (memory->looked_at_ns == 0 || view->now_ns < memory->looked_at_ns ||
		view->now_ns - memory->looked_at_ns > PAUSE_NS)
		begin_again(memory, view);
	memory->looked_at_ns = view->now_ns;
	/* A window is as long as what is known, until it is full. */
	memory->known_s = num_min(memory->known_s + view->since_s, window_s);
	memory->level +=
		(view->offered - memory->level) * num_min(view->since_s / memory->known_s, 1);
	memory->fast += (view->offered - memory->fast) *
			num_min(view->since_s / num_min(memory->known_s, FAST_S), 1);
	if (setting->jump <= 0 || memory->known_s < window_s)
		return 0;
	rise = memory->fast - memory->level;
	if (memory->fast > memory->level * setting->jump) {
		memory->level = memory->fast;
		return rise;
	}
	/* Falls are noticed later than rises, for they only cost. */
	if (memory->fast * setting->jump * setting->jump < memory->level)
		memory->level = memory->fast;
	return 0;
}

/* Keeps a wish; returns the highest of the last minute. */
static uint32_t hold(struct follow_memory *memory, int64_t now_ns, uint32_t wish)
{
	int64_t bin = now_ns / BIN_NS;
	uint32_t most = wish;

	for (uint32_t i = 0; memory->bin < bin && i < FOLLOW_BINS; i++)
		memory->wishes[place_of(++memory->bin)] = 0;
	memory->bin = bin;
	if (memory->wishes[place_of(bin)] < wish)
		memory->wishes[place_of(bin)] = wish;
	for (int64_t back = 0; back <= HOLD_BINS; back++)
		if (memory->wishes[place_of(bin - back)] > most)
			most = memory->wishes[place_of(bin - back)];
	return most;
}

static double slots_wanted(const struct follow_setting *setting, const struct follow_memory *memory,
	const struct strategy_view *view, double rise)
{
	double rate = memory->level / view->service_s;
	double late = num_max(view->waiting - rate * view->wait_s, 0);

	return setting->headroom * (memory->level + rise * setting->onward) +
	       late * view->service_s / setting->clear_s;
}

struct strategy_wish follow_look(const struct follow_setting *setting, struct follow_memory *memory,
	const struct strategy_view *view)
{
	uint32_t permille = (uint32_t)(PERMILLE / setting->headroom + 0.5);
	double rise = note(setting, memory, view);
	double wish = ceil_of(slots_wanted(setting, memory, view, rise) / view->slots - 1e-9);
	bool idle = view->busy + view->waiting + view->waiting_batch <= 0;
	double most;

	wish = num_clamp(wish, idle && memory->level < LEVEL_MIN ? 0 : 1, view->agents_max);
	most = hold(memory, view->now_ns, (uint32_t)wish);
	if (wish < view->agents)
		wish = num_min(most, view->agents);
	if (wish > view->agents)
		memory->up_at_ns = view->now_ns;
	else if (wish < view->agents && wish >= FAR_BELOW * view->agents &&
		 view->now_ns - memory->up_at_ns < CALM_NS)
		return strategy_hold(view, BAL_REASON_HOLD_CALM);
	return strategy_want(
		view, wish, BAL_REASON_SCALE_EXPECTED, BAL_REASON_SCALE_UNNEEDED, permille);
}

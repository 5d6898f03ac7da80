/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load is measured as the slots that would be busy if there were always enough (core/demand.h): it
 * does not saturate, and leads what is busy by what waits. Its level is smoothed over a window that
 * is the strategy's to choose: short ones follow, long ones are calm.
 *
 * The record: each bin of 10 s is compared with the level as it was one boot before; the ratios are
 * kept in a histogram whose steps are 5 % wide and which forgets within a day or so. It holds
 * whatever makes load uncertain, noise and growth alike, so nothing about either is assumed. Until
 * it holds an hour, the standard ratio stands in.
 *
 * The queueing model adds what a ratio cannot know: that few slots need more room than many. Beyond
 * that, what waits too long already is worked off within a minute of the agents' arrival.
 */
#include "core/strategy_predictive.h"

#include "base/num.h"
#include "base/units.h"
#include "core/erlang.h"

#define BIN_NS          (10 * NS_PER_S)
#define RATIO_STEP      1.05
#define RATIO_LOG       0.04879016416943205 /* ln 1.05 */
#define RATIO_FIRST     (-16)               /* 1.05^-16 = 0.46; the last one is 9.9 */
#define RATIO_STANDARD  1.5
#define RATIOS_MIN      360    /* bins: an hour */
#define FORGET          0.9998 /* of a bin: half after 9.6 hours */
#define CLEAR_BACKLOG_S 60
#define FAST_S          10
#define CALM_NS         (15 * NS_PER_MIN)
#define PRESSED         0.9 /* of all slots */
#define UNUSUAL_MAX     2   /* times the level; twice as much is never usual */
#define UNUSUAL         0.995
#define LEVEL_MIN       0.01 /* slots; a ratio to less says nothing */

enum { UP = 1, DOWN = 2 };

const struct predictive_setting PREDICTIVE_STANDARD = {
	.quantile = 0.9, .window_ns = 2 * NS_PER_MIN, .hold_ns = 3 * NS_PER_MIN};

static double ceil_of(double x)
{
	return -num_floor(-x);
}

static uint32_t place_of(int64_t bin, uint32_t places)
{
	return (uint32_t)((uint64_t)bin % places);
}

static uint32_t lead_bins(const struct strategy_view *view)
{
	double bins = num_floor(view->boot_s / 10) + 1;

	return (uint32_t)num_clamp(bins, 1, PREDICTIVE_LEADS_MAX - 1);
}

/* ---- the record ---- */

static void add_ratio(struct predictive_memory *memory, double ratio)
{
	double step = num_round(num_log(num_max(ratio, 1e-3)) / RATIO_LOG) - RATIO_FIRST;
	uint32_t place = (uint32_t)num_clamp(step, 0, PREDICTIVE_RATIOS - 1);

	memory->weight = memory->weight * FORGET + 1;
	for (uint32_t i = 0; i < PREDICTIVE_RATIOS; i++)
		memory->ratios[i] *= FORGET;
	memory->ratios[place] += 1;
}

/* The ratio that is exceeded by a share of 1 - quantile, between steps by the straight line. */
static double ratio_at(const struct predictive_memory *memory, double quantile)
{
	double wanted = quantile * memory->weight, sum = 0;

	if (memory->weight < RATIOS_MIN)
		return RATIO_STANDARD;
	for (uint32_t i = 0; i < PREDICTIVE_RATIOS; i++) {
		double part = memory->ratios[i];

		if (part > 0 && sum + part >= wanted)
			return num_exp(RATIO_LOG *
				       ((double)i + RATIO_FIRST - 0.5 + (wanted - sum) / part));
		sum += part;
	}
	return num_exp(RATIO_LOG * (PREDICTIVE_RATIOS + RATIO_FIRST));
}

/* ---- bins ---- */

static void close_bin(struct predictive_memory *memory, const struct strategy_view *view)
{
	uint32_t lead = lead_bins(view);
	double before = memory->expected[place_of(memory->bin - lead, PREDICTIVE_LEADS_MAX)];
	double load = memory->looks == 0 ? memory->level : memory->sum / memory->looks;

	if (before >= LEVEL_MIN && memory->looks > 0)
		add_ratio(memory, load / before);
	memory->expected[place_of(memory->bin, PREDICTIVE_LEADS_MAX)] = memory->level;
	memory->wishes[place_of(memory->bin, PREDICTIVE_WISHES)] = memory->wish_most;
	memory->wish_most = 0;
	memory->looks = 0;
	memory->sum = 0;
	memory->bin++;
}

/* Stretches that nobody looked at, or in which the clock was set, leave the record alone. */
static void begin_again(struct predictive_memory *memory, int64_t bin)
{
	memory->bin = bin;
	memory->looks = 0;
	memory->sum = 0;
	memory->known_s = 0;
	for (uint32_t i = 0; i < PREDICTIVE_LEADS_MAX; i++)
		memory->expected[i] = 0;
	for (uint32_t i = 0; i < PREDICTIVE_WISHES; i++)
		memory->wishes[i] = 0;
}

static void note(const struct predictive_setting *setting, struct predictive_memory *memory,
	const struct strategy_view *view)
{
	int64_t bin = view->now_ns / BIN_NS;
	double window_s = (double)setting->window_ns / (double)NS_PER_S;
	double usual;

	if (bin < memory->bin || bin > memory->bin + 1)
		begin_again(memory, bin);
	if (bin == memory->bin + 1)
		close_bin(memory, view);
	/* A window is as long as what is known, until it is full. */
	memory->known_s = num_min(memory->known_s + view->since_s, window_s);
	memory->level +=
		(view->offered - memory->level) * num_min(view->since_s / memory->known_s, 1);
	memory->fast += (view->offered - memory->fast) *
			num_min(view->since_s / num_min(memory->known_s, FAST_S), 1);
	/* Beyond what is usual it is no noise: the level has moved, and a window of the past would
	 * only hide it. */
	usual = num_min(ratio_at(memory, UNUSUAL), UNUSUAL_MAX);
	if (memory->fast > memory->level * usual)
		memory->level = memory->fast;
	memory->sum += view->offered;
	memory->looks++;
}

/* ---- the wish ---- */

static double slots_wanted(const struct predictive_setting *setting,
	const struct predictive_memory *memory, const struct strategy_view *view)
{
	double expected = memory->level * view->growth;
	double rate = num_max(expected / view->service_s, 1e-9);
	struct erlang_queue queue = {.load = expected,
		.service_s = view->service_s,
		.arrivals_cv2 = 1,
		.service_cv2 = 1};
	double slots = num_max(expected * ratio_at(memory, setting->quantile),
		erlang_servers(&queue, view->wait_s, view->late_share));
	double late = view->waiting - rate * view->wait_s;

	return slots + num_max(late, 0) * view->service_s / CLEAR_BACKLOG_S;
}

/* The highest wish since hold_ns. */
static uint32_t held(
	const struct predictive_setting *setting, const struct predictive_memory *memory)
{
	uint32_t bins =
		(uint32_t)num_clamp_i64(setting->hold_ns / BIN_NS, 0, PREDICTIVE_WISHES - 1);
	uint32_t most = memory->wish_most;

	for (uint32_t back = 1; back <= bins; back++) {
		uint32_t wish =
			memory->wishes[place_of(memory->bin - (int64_t)back, PREDICTIVE_WISHES)];

		most = wish > most ? wish : most;
	}
	return most;
}

/* Tasks wait too long, or will: the load goes beyond what is there and coming. */
static bool is_pressed(const struct predictive_memory *memory, const struct strategy_view *view)
{
	double load = num_max(memory->level, memory->fast) * view->growth;

	return view->waiting * view->service_s > view->wait_s * view->slots_ready ||
	       load > PRESSED * view->slots_coming;
}

/* A change of direction soon after another is noise, unless tasks would suffer for it. */
static struct strategy_wish calm(struct predictive_memory *memory, const struct strategy_view *view,
	struct strategy_wish wish)
{
	uint32_t direction = wish.agents > view->agents ? UP : DOWN;
	bool turns = memory->direction != 0 && direction != memory->direction;
	bool soon = view->now_ns - memory->turned_at_ns < CALM_NS;

	if (wish.agents == view->agents)
		return wish;
	if (turns && soon && (direction == DOWN || !is_pressed(memory, view)))
		return strategy_hold(view, BAL_REASON_HOLD_CALM);
	if (direction != memory->direction)
		memory->turned_at_ns = view->now_ns;
	memory->direction = direction;
	return wish;
}

struct strategy_wish predictive_look(const struct predictive_setting *setting,
	struct predictive_memory *memory, const struct strategy_view *view)
{
	bool idle = view->busy + view->waiting + view->waiting_batch <= 0;
	uint32_t permille = (uint32_t)(setting->quantile * PERMILLE + 0.5);
	double wish;

	note(setting, memory, view);
	wish = ceil_of(slots_wanted(setting, memory, view) / view->slots - 1e-9);
	/* The last agent goes when nothing has come for as long as wishes are held. */
	if (idle && memory->level < LEVEL_MIN)
		wish = 0;
	wish = num_clamp(wish, 0, view->agents_max);
	if ((uint32_t)wish > memory->wish_most)
		memory->wish_most = (uint32_t)wish;
	if (wish < view->agents)
		wish = num_min(held(setting, memory), view->agents);
	return calm(memory, view,
		strategy_want(view, wish, BAL_REASON_SCALE_EXPECTED, BAL_REASON_SCALE_UNNEEDED,
			permille));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load is measured as the slots that would be busy if there were always enough (core/demand.h): it
 * does not saturate, and leads what is busy by what waits. What it is about now is its level
 * (core/pace.h), from windows that are as long as the load allows.
 *
 * The record: each bin of 10 s is compared with what was expected of it one boot before; the ratios
 * are kept in a histogram whose steps are 5 % wide and which forgets within a day or so. It holds
 * whatever makes load uncertain, noise, growth and wrong forecasts alike, so nothing about any of
 * them is assumed. Until it holds an hour, the standard ratio stands in.
 *
 * The queueing model adds what a ratio cannot know: that few slots need more room than many. It is
 * asked again when what it was asked has changed by half a percent. Beyond that, what waits too
 * long already is worked off within a minute of the agents' arrival.
 */
#include "core/strategy_predictive.h"

#include "base/num.h"
#include "base/units.h"
#include "core/erlang.h"

#define BIN_NS          (PACE_BIN_S * NS_PER_S)
#define RATIO_STEP      1.05
#define RATIO_LOG       0.04879016416943205 /* ln 1.05 */
#define RATIO_FIRST     (-16)               /* 1.05^-16 = 0.46; the last one is 9.9 */
#define RATIO_STANDARD  1.5
#define RATIOS_MIN      360    /* bins: an hour */
#define FORGET          0.9998 /* of a bin: half after 9.6 hours */
#define CLEAR_BACKLOG_S 60
#define SUDDEN_S        30 /* a level of a window so short is another one */
#define CALM_NS         (15 * NS_PER_MIN)
#define PRESSED         0.9   /* of all slots */
#define LEVEL_MIN       0.01  /* slots; a ratio to less says nothing */
#define SAME            0.005 /* relative change that the queueing model is not asked again for */
#define REMEMBERED_MAX  1e15
#define BIN_MAX         (INT64_C(1) << 60)

enum { UP = 1, DOWN = 2 };

const struct predictive_setting PREDICTIVE_STANDARD = {.quantile = 0.99, .hold_ns = 3 * NS_PER_MIN};

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

/* What the level says of the time when an agent that is ordered now works. */
static double expect(const struct predictive_memory *memory, const struct strategy_view *view)
{
	return memory->pace.now * view->growth;
}

static void forget_expected(struct predictive_memory *memory)
{
	for (uint32_t i = 0; i < PREDICTIVE_LEADS_MAX; i++)
		memory->expected[i] = 0;
}

static void close_bin(struct predictive_memory *memory, const struct strategy_view *view)
{
	uint32_t lead = lead_bins(view);
	double before = memory->expected[place_of(memory->bin - lead, PREDICTIVE_LEADS_MAX)];

	if (memory->looks > 0) {
		double load = memory->sum / memory->looks;

		pace_bin(&memory->pace, load);
		if (before >= LEVEL_MIN)
			add_ratio(memory, load / before);
	}
	/* One surprise, however long a boot is. */
	if (memory->sudden)
		forget_expected(memory);
	memory->sudden = false;
	memory->expected[place_of(memory->bin, PREDICTIVE_LEADS_MAX)] = expect(memory, view);
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
	pace_begin(&memory->pace);
	memory->sudden = false;
	forget_expected(memory);
	for (uint32_t i = 0; i < PREDICTIVE_WISHES; i++)
		memory->wishes[i] = 0;
}

static void note(struct predictive_memory *memory, const struct strategy_view *view)
{
	int64_t bin = view->now_ns / BIN_NS;
	struct pace_look look = {.value = view->offered,
		.since_s = view->since_s,
		.drift = view->drift,
		.memory_s = view->service_s};

	if (bin < memory->bin || bin > memory->bin + 1)
		begin_again(memory, bin);
	if (bin == memory->bin + 1)
		close_bin(memory, view);
	pace_see(&memory->pace, &look);
	memory->sudden = memory->sudden || memory->pace.span_s <= SUDDEN_S;
	memory->sum += view->offered;
	memory->looks++;
}

/* ---- the wish ---- */

static bool is_same(double now, double then)
{
	return num_abs(now - then) <= SAME * then;
}

/* Slots by Erlang C, as of the last time that it was asked about about the same. */
static double model_slots(
	struct predictive_model *model, const struct strategy_view *view, double load)
{
	const struct erlang_queue queue = {
		.load = load, .service_s = view->service_s, .arrivals_cv2 = 1, .service_cv2 = 1};

	if (model->slots > 0 && is_same(load, model->load) &&
		is_same(view->service_s, model->service_s) && view->wait_s == model->wait_s &&
		view->late_share == model->late_share)
		return model->slots;
	*model = (struct predictive_model){.load = load,
		.service_s = view->service_s,
		.wait_s = view->wait_s,
		.late_share = view->late_share,
		.slots = erlang_servers(&queue, view->wait_s, view->late_share)};
	return model->slots;
}

static double slots_wanted(const struct predictive_setting *setting,
	struct predictive_memory *memory, const struct strategy_view *view)
{
	double expected = expect(memory, view);
	double rate = num_max(expected / view->service_s, 1e-9);
	double slots = num_max(expected * ratio_at(memory, setting->quantile),
		model_slots(&memory->model, view, expected));
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
	double load = num_max(memory->pace.now, pace_fast(&memory->pace)) * view->growth;

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

	note(memory, view);
	wish = ceil_of(slots_wanted(setting, memory, view) / view->slots - 1e-9);
	/* The last agent goes when nothing has come for as long as wishes are held. */
	if (idle && memory->pace.now < LEVEL_MIN)
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

bool predictive_valid(const struct predictive_memory *memory)
{
	bool ok = memory->bin >= -BIN_MAX && memory->bin <= BIN_MAX && memory->weight >= 0 &&
		  num_abs(memory->sum) <= REMEMBERED_MAX && pace_valid(&memory->pace);

	for (uint32_t i = 0; i < PREDICTIVE_RATIOS; i++)
		ok = ok && memory->ratios[i] >= 0;
	return ok;
}

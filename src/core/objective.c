/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of the four windows are kept as bins come and go, so a look costs the same however long the
 * windows are. A window is its newest bin, still being filled, and the full ones before it.
 *
 * A state is about now: broken when the last five minutes missed the target with more than a few
 * bad ones, or when an hour and five minutes both burn at 14.4 (2 % of 30 days' budget in an hour);
 * at risk when six hours and half an hour both burn at 6. These pairs are those of Google's "Site
 * Reliability Workbook", chapter 5: the long window says that it matters, the short one that it
 * still goes on.
 *
 * Batch tasks have no response to be in time: they are meant to wait.
 */
#include "core/objective.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/objective_state.h"
#include "core/task.h"

#define BIN_NS          NS_PER_MIN
#define BUDGET_NS       (6 * NS_PER_HOUR)
#define BUDGET_PER_DAY  4
#define SHORT_NS        (10 * NS_PER_S)
#define SERVICES_MAX    1024
#define SERVICES_MIN    8
#define FAST_BURN       14400
#define SLOW_BURN       6000
#define THROUGHPUT_NS   (5 * NS_PER_MIN)
#define BUSY_NS         (6 * NS_PER_HOUR)
#define RESPONSE_US_MAX (UINT64_C(3600) * 1000000 * 1000)

const uint32_t objective_window_bins[OBJECTIVE_WINDOW_COUNT] = {5, 30, 60, OBJECTIVE_BINS};

/* Fewer than this many say nothing; fewer bad ones than that break nothing. Availability counts
 * looks of ten seconds. */
static const struct {
	uint32_t total_min;
	uint32_t bad_min;
} EVIDENCE[BAL_OBJECTIVE_COUNT] = {
	[BAL_OBJECTIVE_RESPONSE] = {20, 10},
	[BAL_OBJECTIVE_AVAILABILITY] = {6, 3},
	[BAL_OBJECTIVE_ERRORS] = {20, 5},
	[BAL_OBJECTIVE_SATISFACTION] = {5000, 1000}, /* thousandths of ratings */
	[BAL_OBJECTIVE_THROUGHPUT] = {20, 10},
};

struct bal_event_objective objective_standard(void)
{
	return (struct bal_event_objective){.kind = BAL_NONE,
		.enabled = true,
		.measure = BAL_MEASURE_WAIT,
		.response_ns = 2 * NS_PER_S,
		.slowdown_permille = 2000,
		.target_permille = {
			[BAL_OBJECTIVE_RESPONSE] = 950,
			[BAL_OBJECTIVE_AVAILABILITY] = 999,
			[BAL_OBJECTIVE_ERRORS] = 999,
			[BAL_OBJECTIVE_SATISFACTION] = 900,
			[BAL_OBJECTIVE_THROUGHPUT] = 950,
		}};
}

struct objective_book *objective_place(struct arena *arena, uint32_t kinds_max)
{
	struct objective_book *book = arena_take(arena, 1, sizeof *book);
	struct objective_kind *kinds;

	if (kinds_max > OBJECTIVE_KINDS_MAX)
		kinds_max = OBJECTIVE_KINDS_MAX;
	arena_align(arena);
	kinds = arena_take(arena, (size_t)kinds_max + 1, sizeof *kinds);
	if (book == NULL)
		return NULL;
	book->kinds_max = kinds_max;
	book->kinds = kinds;
	return book;
}

void objective_begin(struct objective_book *book)
{
	book->standard = objective_standard();
	book->counted_at_ns = INT64_MIN / 2;
}

bool objective_valid(const struct bal_core *core, const struct bal_event_objective *conf)
{
	bool ok = conf->measure < BAL_MEASURE_COUNT && conf->response_ns > 0 &&
		  conf->slowdown_permille >= PERMILLE;

	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++)
		ok = conf->target_permille[i] < PERMILLE && ok;
	return ok && (conf->kind == BAL_NONE || conf->kind < core->objectives->kinds_max);
}

/* ---- bins ---- */

void objective_sum_add(struct objective_sum *sum, const struct objective_bin *bin)
{
	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++) {
		sum->good[i] += bin->good[i];
		sum->total[i] += bin->total[i];
	}
	sum->response_us += bin->response_us;
}

void objective_sum_take(struct objective_sum *sum, const struct objective_bin *bin)
{
	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++) {
		sum->good[i] -= bin->good[i];
		sum->total[i] -= bin->total[i];
	}
	sum->response_us -= bin->response_us;
}

static int64_t bin_of(int64_t now_ns, int64_t bin_ns)
{
	return now_ns / bin_ns - (now_ns % bin_ns < 0);
}

static struct objective_bin *bin_at(struct objective_bin *bins, uint32_t count, int64_t number)
{
	int64_t place = number % count;

	return &bins[place < 0 ? place + count : place];
}

/* The next bin begins: what falls out of each window leaves its sum. */
static void next_bin(struct objective_kind *kind)
{
	kind->bin++;
	for (uint32_t i = 0; i < OBJECTIVE_WINDOW_COUNT; i++)
		objective_sum_take(&kind->windows[i],
			bin_at(kind->bins, OBJECTIVE_BINS, kind->bin - objective_window_bins[i]));
	*bin_at(kind->bins, OBJECTIVE_BINS, kind->bin) = (struct objective_bin){.response_us = 0};
}

static void next_budget(struct objective_kind *kind)
{
	struct objective_bin *bin = bin_at(kind->budget_bins, OBJECTIVE_BUDGET, ++kind->bin_budget);

	objective_sum_take(&kind->budget, bin);
	*bin = (struct objective_bin){.response_us = 0};
}

/* Bins that nothing of now can reach are not walked. */
static void roll(struct objective_kind *kind, int64_t now_ns)
{
	int64_t bin = bin_of(now_ns, BIN_NS);
	int64_t budget = bin_of(now_ns, BUDGET_NS);

	for (uint32_t i = 0; i < OBJECTIVE_BINS && kind->bin < bin; i++)
		next_bin(kind);
	for (uint32_t i = 0; i < OBJECTIVE_BUDGET && kind->bin_budget < budget; i++)
		next_budget(kind);
	if (kind->bin < bin)
		kind->bin = bin;
	if (kind->bin_budget < budget)
		kind->bin_budget = budget;
}

/* ---- counting ---- */

static struct objective_kind *kind_at(const struct bal_core *core, uint32_t number)
{
	struct objective_book *book = core->objectives;

	return number < book->kinds_max && book->kinds[number].used ? &book->kinds[number] : NULL;
}

void objective_use(struct bal_core *core, uint32_t number)
{
	struct objective_book *book = core->objectives;
	struct objective_kind *kind = &book->kinds[number];

	if (kind->used)
		return;
	kind->used = true;
	kind->lane = BAL_NONE;
	kind->bin = bin_of(core->now_ns, BIN_NS);
	kind->bin_budget = bin_of(core->now_ns, BUDGET_NS);
	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++)
		kind->since_ns[i] = core->now_ns;
	if (number >= book->kinds_high)
		book->kinds_high = number + 1;
}

/* What is counted of one thing. */
struct tally {
	enum bal_objective objective;
	uint32_t good, total;
	uint64_t response_us;
};

static void add_to_bin(struct objective_bin *bin, const struct tally *tally)
{
	bin->good[tally->objective] += tally->good;
	bin->total[tally->objective] += tally->total;
	bin->response_us += tally->response_us;
}

static void add_to_sum(struct objective_sum *sum, const struct tally *tally)
{
	sum->good[tally->objective] += tally->good;
	sum->total[tally->objective] += tally->total;
	sum->response_us += tally->response_us;
}

/* Adds to the open bins and to all sums; no bin overflows. */
static void count(struct bal_core *core, struct objective_kind *kind, const struct tally *tally)
{
	struct objective_bin *budget_bin;

	roll(kind, core->now_ns);
	core->objectives->counted_at_ns = core->now_ns;
	budget_bin = bin_at(kind->budget_bins, OBJECTIVE_BUDGET, kind->bin_budget);
	if (budget_bin->total[tally->objective] > UINT32_MAX - tally->total ||
		budget_bin->good[tally->objective] > UINT32_MAX - tally->good)
		return;
	add_to_bin(budget_bin, tally);
	add_to_bin(bin_at(kind->bins, OBJECTIVE_BINS, kind->bin), tally);
	for (uint32_t i = 0; i < OBJECTIVE_WINDOW_COUNT; i++)
		add_to_sum(&kind->windows[i], tally);
	add_to_sum(&kind->budget, tally);
}

const struct bal_event_objective *objective_of(const struct bal_core *core, uint32_t number)
{
	const struct objective_book *book = core->objectives;
	const struct objective_kind *kind = kind_at(core, number);

	if (kind == NULL)
		return NULL;
	if (kind->own)
		return &kind->conf;
	if (!book->standard.enabled || kind->short_count + kind->long_count < SERVICES_MIN)
		return NULL;
	return kind->short_count > kind->long_count ? &book->standard : NULL;
}

/* What the kind would be measured by: before it is known whether the standard applies, by that. */
static const struct bal_event_objective *measured_by(
	const struct bal_core *core, const struct objective_kind *kind)
{
	return kind->own ? &kind->conf : &core->objectives->standard;
}

static void count_response(
	struct bal_core *core, struct objective_kind *kind, int64_t response_ns, int64_t limit_ns)
{
	uint64_t response_us = (uint64_t)num_max_i64(response_ns, 0) / 1000;

	count(core, kind,
		&(struct tally){BAL_OBJECTIVE_RESPONSE, response_ns <= limit_ns, 1,
			response_us < RESPONSE_US_MAX ? response_us : RESPONSE_US_MAX});
}

static bool is_measured(const struct task *task)
{
	return task->priority != BAL_PRIORITY_BATCH;
}

void objective_arrived(struct bal_core *core, const struct task *task)
{
	struct objective_kind *kind;

	if (task->kind >= core->objectives->kinds_max)
		return;
	objective_use(core, task->kind);
	kind = kind_at(core, task->kind);
	kind->lane = task->lane;
	count(core, kind, &(struct tally){BAL_OBJECTIVE_THROUGHPUT, 0, 1, 0});
}

void objective_started(struct bal_core *core, const struct task *task)
{
	struct objective_kind *kind = kind_at(core, task->kind);

	if (kind == NULL || task->attempt_last != 1 || !is_measured(task) ||
		measured_by(core, kind)->measure != BAL_MEASURE_WAIT)
		return;
	count_response(core, kind, core->now_ns - task->submitted_at_ns,
		measured_by(core, kind)->response_ns);
}

/* Limits of the measures that are known when a task has ended; 0: it is none of these. */
static int64_t limit_at_end(
	const struct bal_event_objective *conf, const struct task *task, int64_t ended_at_ns)
{
	int64_t service_ns = ended_at_ns - task->dispatched_at_ns;

	if (conf->measure == BAL_MEASURE_TOTAL)
		return conf->response_ns;
	if (conf->measure == BAL_MEASURE_SLOWDOWN)
		return num_mul_i64(num_max_i64(service_ns, NS_PER_MS), conf->slowdown_permille) /
		       PERMILLE;
	return 0;
}

/* A task that never went out waited all its life: it is bad for the response when that was too
 * long. */
static void count_end(struct bal_core *core, struct objective_kind *kind, const struct task *task)
{
	const struct bal_event_objective *conf = measured_by(core, kind);
	int64_t total_ns = core->now_ns - task->submitted_at_ns;
	int64_t limit_ns = limit_at_end(conf, task, core->now_ns);

	if (!is_measured(task))
		return;
	if (task->attempt_last == 0 && total_ns > conf->response_ns)
		count_response(core, kind, total_ns, conf->response_ns);
	else if (task->end_state == BAL_TASK_SUCCEEDED && limit_ns > 0)
		count_response(core, kind, total_ns, limit_ns);
}

void objective_ended(struct bal_core *core, const struct task *task)
{
	struct objective_kind *kind = kind_at(core, task->kind);

	if (kind == NULL)
		return;
	count(core, kind, &(struct tally){BAL_OBJECTIVE_THROUGHPUT, 1, 0, 0});
	if (task->end_state == BAL_TASK_CANCELLED)
		return;
	count(core, kind,
		&(struct tally){BAL_OBJECTIVE_ERRORS, task->end_state == BAL_TASK_SUCCEEDED, 1, 0});
	count_end(core, kind, task);
}

void objective_served(struct bal_core *core, uint32_t number, int64_t service_ns)
{
	struct objective_kind *kind = kind_at(core, number);

	if (kind == NULL)
		return;
	if (service_ns < SHORT_NS)
		kind->short_count++;
	else
		kind->long_count++;
	if (kind->short_count + kind->long_count > SERVICES_MAX) {
		kind->short_count /= 2;
		kind->long_count /= 2;
	}
}

void objective_sample(struct bal_core *core, uint32_t number, uint32_t signal, int64_t value)
{
	struct objective_kind *kind = kind_at(core, number);

	if (kind == NULL || value < 0)
		return;
	if (signal == BAL_SIGNAL_TASK_SATISFACTION)
		count(core, kind,
			&(struct tally){BAL_OBJECTIVE_SATISFACTION,
				(uint32_t)num_min_i64(value, PERMILLE), PERMILLE, 0});
	else if (signal == BAL_SIGNAL_TASK_FIRST_BYTE &&
		 measured_by(core, kind)->measure == BAL_MEASURE_FIRST_BYTE)
		count_response(core, kind, value, measured_by(core, kind)->response_ns);
}

/* ---- what it comes to ---- */

int64_t objective_burn(uint64_t good, uint64_t total, uint32_t target_permille)
{
	uint64_t bad = good < total ? total - good : 0;

	if (total == 0 || target_permille >= PERMILLE)
		return -1;
	return (int64_t)(bad * PERMILLE * PERMILLE / (total * (PERMILLE - target_permille)));
}

/* What counts as all of an objective. Of what came for throughput, what an agent works on now is
 * not asked for yet. */
static uint64_t expected(
	const struct bal_core *core, uint32_t number, uint32_t objective, uint64_t total)
{
	uint64_t running = core->kinds[number].running;

	if (objective != BAL_OBJECTIVE_THROUGHPUT)
		return total;
	return total > running ? total - running : 0;
}

static void view_window(const struct bal_core *core, uint32_t number, uint32_t objective,
	uint32_t window, struct bal_objective_view *view)
{
	const struct objective_sum *sum = &core->objectives->kinds[number].windows[window];
	uint64_t total = expected(core, number, objective, sum->total[objective]);

	view->total[window] = total;
	view->good[window] = sum->good[objective] < total ? sum->good[objective] : total;
	view->burn_permille[window] =
		objective_burn(view->good[window], total, view->target_permille);
}

static void view_budget(
	const struct objective_sum *sum, uint32_t objective, struct bal_objective_view *view)
{
	int64_t burn =
		objective_burn(sum->good[objective], sum->total[objective], view->target_permille);

	view->budget_good = sum->good[objective];
	view->budget_total = sum->total[objective];
	view->budget_permille = burn < 0 ? PERMILLE : PERMILLE - burn;
}

bool objective_view(const struct bal_core *core, uint32_t number, enum bal_objective objective,
	struct bal_objective_view *view)
{
	const struct bal_event_objective *conf = objective_of(core, number);
	const struct objective_kind *kind = kind_at(core, number);

	if (kind == NULL || objective >= BAL_OBJECTIVE_COUNT)
		return false;
	*view = (struct bal_objective_view){
		.applies = false, .since_ns = kind->since_ns[objective]};
	if (conf == NULL || conf->target_permille[objective] == 0)
		return true;
	view->applies = true;
	view->recovers = conf->recovers;
	view->state = (enum bal_objective_state)kind->states[objective];
	view->target_permille = conf->target_permille[objective];
	view->measure = conf->measure;
	view->response_ns = conf->response_ns;
	view->slowdown_permille = conf->slowdown_permille;
	for (uint32_t i = 0; i < OBJECTIVE_WINDOW_COUNT; i++)
		view_window(core, number, objective, i, view);
	view_budget(&kind->budget, objective, view);
	return true;
}

/* Both windows have enough in them, and burn at least at this rate. */
static bool burns(const struct bal_objective_view *view, uint32_t objective, uint32_t long_window,
	uint32_t short_window, int64_t rate)
{
	return view->total[short_window] >= EVIDENCE[objective].total_min &&
	       view->burn_permille[long_window] >= rate &&
	       view->burn_permille[short_window] >= rate;
}

/* The last five minutes missed the target, with more bad ones than chance brings. */
static bool misses(const struct bal_objective_view *view, uint32_t objective)
{
	uint64_t total = view->total[OBJECTIVE_5_MIN];
	uint64_t bad = total - view->good[OBJECTIVE_5_MIN];

	return total >= EVIDENCE[objective].total_min && bad >= EVIDENCE[objective].bad_min &&
	       view->burn_permille[OBJECTIVE_5_MIN] > PERMILLE;
}

static enum bal_objective_state judge(const struct bal_objective_view *view, uint32_t objective)
{
	if (!view->applies || view->total[OBJECTIVE_6_HOURS] < EVIDENCE[objective].total_min)
		return BAL_OBJECTIVE_IS_NO_DATA;
	if (misses(view, objective) ||
		burns(view, objective, OBJECTIVE_1_HOUR, OBJECTIVE_5_MIN, FAST_BURN))
		return BAL_OBJECTIVE_IS_BROKEN;
	if (burns(view, objective, OBJECTIVE_6_HOURS, OBJECTIVE_30_MIN, SLOW_BURN))
		return BAL_OBJECTIVE_IS_AT_RISK;
	return BAL_OBJECTIVE_IS_MET;
}

/* An agent of some pool works that could take its tasks. */
static bool is_served(const struct bal_core *core, const struct lane *lane)
{
	for (uint32_t i = 0; i < core->pools_high; i++)
		if (lane_serves(lane, i) && core->pools[i].slots_ready > 0 &&
			!core->pools[i].paused_dispatch)
			return true;
	return false;
}

/* Time counts only while somebody asks. */
static void look_available(struct bal_core *core, struct objective_kind *kind)
{
	const struct lane *lane;

	if (kind->lane == BAL_NONE || !slab_holds(&core->lanes, kind->lane))
		return;
	lane = slab_at(&core->lanes, kind->lane);
	if (lane->live > 0)
		count(core, kind,
			&(struct tally){BAL_OBJECTIVE_AVAILABILITY, is_served(core, lane), 1, 0});
}

bool objective_look(struct bal_core *core, uint32_t number)
{
	struct objective_kind *kind = kind_at(core, number);
	struct bal_objective_view view;

	if (kind == NULL)
		return false;
	look_available(core, kind);
	roll(kind, core->now_ns);
	for (uint32_t i = 0; i < BAL_OBJECTIVE_COUNT; i++) {
		enum bal_objective_state state;

		objective_view(core, number, (enum bal_objective)i, &view);
		state = judge(&view, i);
		if (state == kind->states[i])
			continue;
		kind->states[i] = (uint8_t)state;
		kind->since_ns[i] = core->now_ns;
	}
	return true;
}

enum bal_status objective_set(struct bal_core *core, const struct bal_event_objective *conf)
{
	struct objective_book *book = core->objectives;

	if (!objective_valid(core, conf))
		return BAL_INVALID;
	if (conf->kind == BAL_NONE) {
		book->standard = *conf;
		return BAL_OK;
	}
	if (!conf->enabled && !book->kinds[conf->kind].used)
		return BAL_OK;
	objective_use(core, conf->kind);
	book->kinds[conf->kind].own = conf->enabled;
	book->kinds[conf->kind].conf = *conf;
	return BAL_OK;
}

uint32_t objective_kinds_high(const struct objective_book *book)
{
	return book->kinds_high;
}

bool objective_is_busy(const struct bal_core *core)
{
	return core->now_ns - core->objectives->counted_at_ns <= BUSY_NS;
}

uint32_t objective_lane(const struct bal_core *core, uint32_t number)
{
	const struct objective_kind *kind = kind_at(core, number);

	if (kind == NULL || kind->lane == BAL_NONE || !slab_holds(&core->lanes, kind->lane))
		return BAL_NONE;
	return kind->lane;
}

int64_t objective_response_ratio(const struct bal_core *core, uint32_t number)
{
	const struct bal_event_objective *conf = objective_of(core, number);
	const struct objective_sum *sum;
	double mean_ns, limit_ns;

	if (conf == NULL || conf->measure == BAL_MEASURE_SLOWDOWN)
		return -1;
	sum = &core->objectives->kinds[number].windows[OBJECTIVE_5_MIN];
	if (sum->total[BAL_OBJECTIVE_RESPONSE] < EVIDENCE[BAL_OBJECTIVE_RESPONSE].total_min)
		return -1;
	mean_ns = (double)sum->response_us * 1000 / (double)sum->total[BAL_OBJECTIVE_RESPONSE];
	limit_ns = (double)conf->response_ns;
	return num_to_i64(mean_ns / limit_ns * PERMILLE);
}

uint64_t objective_arrivals(const struct bal_core *core, uint32_t number)
{
	const struct objective_kind *kind = kind_at(core, number);

	return kind == NULL ? 0 : kind->windows[OBJECTIVE_5_MIN].total[BAL_OBJECTIVE_THROUGHPUT];
}

void objective_recent(struct bal_core *core, uint32_t number, enum bal_objective objective,
	uint64_t *good, uint64_t *total)
{
	struct objective_kind *kind = kind_at(core, number);

	*good = *total = 0;
	if (kind == NULL)
		return;
	roll(kind, core->now_ns);
	*good = kind->windows[OBJECTIVE_5_MIN].good[objective];
	*total = expected(core, number, objective, kind->windows[OBJECTIVE_5_MIN].total[objective]);
}

bool objective_usual(const struct bal_core *core, uint32_t number, enum bal_objective objective,
	uint32_t days, uint64_t *good, uint64_t *total)
{
	struct objective_kind *kind = kind_at(core, number);
	uint32_t seen = 0;

	*good = *total = 0;
	if (kind == NULL)
		return false;
	for (int64_t back = BUDGET_PER_DAY; back < OBJECTIVE_BUDGET; back += BUDGET_PER_DAY) {
		const struct objective_bin *bin =
			bin_at(kind->budget_bins, OBJECTIVE_BUDGET, kind->bin_budget - back);

		seen += bin->total[objective] > 0;
		*good += bin->good[objective];
		*total += bin->total[objective];
	}
	return seen >= days;
}

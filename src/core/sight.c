/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of each kind that the pool serves: what was counted in the last five minutes, and in the same
 * quarter of earlier days. Of each kind that the pool answers for (scale_home): the load that is,
 * and that is forecast, as slots that it keeps busy: tasks per second times seconds per task. A
 * kind whose forecast may not be acted on is taken to stay as it is.
 */
#include "core/sight.h"

#include "base/num.h"
#include "base/units.h"
#include "core/bond.h"
#include "core/objective.h"
#include "core/peak.h"
#include "core/queue.h"
#include "core/resource.h"
#include "core/scale.h"
#include "core/series.h"

#define LOOK_NS           (10 * NS_PER_S)
#define CLOCK_MOVED_NS    NS_PER_MIN
#define CLOCK_NEW_NS      NS_PER_HOUR
#define WINDOW_S          300.0
#define TASKS_MIN         20 /* in five minutes, before a share of them means something */
#define RATINGS_MIN       (5 * PERMILLE)
#define FALL_TASKS_MIN    100
#define FALL_RATINGS_MIN  (20 * PERMILLE)
#define USUAL_TASKS_MIN   100
#define USUAL_RATINGS_MIN (20 * PERMILLE)
#define USUAL_DAYS_MIN    3
#define BINS_AHEAD        24 /* two hours of five minutes */
#define BINS_PER_HOUR     12
#define HOURS_AHEAD       24
#define IN_AN_HOUR        1 /* of series_outlook */
#define IN_A_DAY          4
#define PEAK_SPAN_NS      NS_PER_S

/* Load in slots: with forecasts that may be acted on only, and with all. */
struct course {
	double sure[BINS_AHEAD], all[BINS_AHEAD];
};

/* What is put together of all kinds. */
struct gathering {
	uint64_t tasks; /* that came in five minutes */
	double present;
	bool any_sure, any_odd;
	struct course fine;
	double hour, next, day;   /* of kinds whose days are known surely */
	double next_all, day_all; /* of all */
	double rest;              /* present load of the others */
	bool day_odd;
	bool open_declared, soon_declared;
	double open, soon; /* load with what is declared for now, and for one boot ahead */
};

/* ---- what was counted ---- */

static int64_t share(uint64_t part, uint64_t whole)
{
	return (int64_t)((part < whole ? part : whole) * (uint64_t)PERMILLE / whole);
}

static void put(
	struct trigger_sight *sight, uint32_t trigger, int64_t value, uint32_t about, double need)
{
	sight->flags[trigger] |= TRIGGER_KNOWN;
	sight->values[trigger] = value;
	sight->about[trigger] = about;
	sight->needs[trigger] = need;
}

/* Keeps the worst of several kinds. */
static void put_kind(struct trigger_sight *sight, uint32_t trigger, int64_t value, uint32_t kind,
	bool more_is_worse)
{
	bool known = (sight->flags[trigger] & TRIGGER_KNOWN) != 0;

	if (!known ||
		(more_is_worse ? value > sight->values[trigger] : value < sight->values[trigger]))
		put(sight, trigger, value, kind, 0);
}

/* What a share must be made of before it is compared with other days: small falls are told apart
 * from chance by many. */
struct evidence {
	enum bal_objective objective;
	uint32_t trigger;
	uint64_t recent_min, usual_min;
};

/* How far the share of good ones has fallen below that of other days. */
static void see_fall(struct bal_core *core, uint32_t kind, const struct evidence *evidence,
	struct trigger_sight *sight)
{
	uint64_t good, total;
	int64_t now;

	objective_recent(core, kind, evidence->objective, &good, &total);
	if (total < evidence->recent_min)
		return;
	now = share(good, total);
	if (objective_usual(core, kind, evidence->objective, USUAL_DAYS_MIN, &good, &total) &&
		total >= evidence->usual_min)
		put_kind(sight, evidence->trigger, share(good, total) - now, kind, true);
}

static void see_throughput(struct bal_core *core, uint32_t kind, struct trigger_sight *sight)
{
	const struct bal_event_objective *conf = objective_of(core, kind);
	uint64_t good, total;

	objective_recent(core, kind, BAL_OBJECTIVE_THROUGHPUT, &good, &total);
	if (total < TASKS_MIN || conf == NULL ||
		conf->target_permille[BAL_OBJECTIVE_THROUGHPUT] == 0)
		return;
	put_kind(sight, TRIGGER_THROUGHPUT,
		share(good, total) * PERMILLE /
			(int64_t)conf->target_permille[BAL_OBJECTIVE_THROUGHPUT],
		kind, false);
}

static void see_kind(struct bal_core *core, uint32_t kind, struct trigger_sight *sight)
{
	int64_t waits = bond_share(core, kind);
	uint64_t good, total;

	if (waits >= 0)
		put_kind(sight, TRIGGER_COLLABORATION, waits, kind, true);
	objective_recent(core, kind, BAL_OBJECTIVE_ERRORS, &good, &total);
	if (total >= TASKS_MIN)
		put_kind(sight, TRIGGER_ERRORS, PERMILLE - share(good, total), kind, true);
	objective_recent(core, kind, BAL_OBJECTIVE_SATISFACTION, &good, &total);
	if (total >= RATINGS_MIN)
		put_kind(sight, TRIGGER_SATISFACTION, share(good, total), kind, false);
	see_fall(core, kind,
		&(struct evidence){
			BAL_OBJECTIVE_ERRORS, TRIGGER_SUCCESS, FALL_TASKS_MIN, USUAL_TASKS_MIN},
		sight);
	see_fall(core, kind,
		&(struct evidence){BAL_OBJECTIVE_SATISFACTION, TRIGGER_RATING, FALL_RATINGS_MIN,
			USUAL_RATINGS_MIN},
		sight);
	see_throughput(core, kind, sight);
}

/* ---- what is forecast ---- */

/* True when forecasts of the kind's arrivals were right often enough. */
static bool is_sure(const struct bal_core *core, uint32_t kind, uint32_t horizon)
{
	struct bal_outlook outlook;

	return series_outlook(core->series, kind, SERIES_ARRIVALS, horizon, &outlook) &&
	       outlook.scored && outlook.confidence >= TRIGGER_CONFIDENCE_MIN;
}

/* The load of a bin as it is forecast without what is declared; false when it is not. */
static bool usual_ahead(const struct bal_core *core, uint32_t kind, enum series_grain grain,
	uint32_t lead, double *load)
{
	double bin_s = (double)series_step_ns(grain) / (double)NS_PER_S;
	struct bal_band band;

	if (!series_ahead(core->series, kind, SERIES_ARRIVALS, grain, lead, &band))
		return false;
	*load = (band.peak == BAL_NONE ? band.mean : band.usual) / bin_s *
		core->kinds[kind].service_s.value;
	return *load == *load;
}

static void gather_fine(
	const struct bal_core *core, uint32_t kind, double present, struct gathering *all)
{
	bool odd = series_is_odd(core->series, kind, SERIES_ARRIVALS);
	bool sure = is_sure(core, kind, IN_AN_HOUR) && !odd;

	all->any_sure |= sure;
	all->any_odd |= odd;
	for (uint32_t i = 0; i < BINS_AHEAD; i++) {
		double load;

		if (!usual_ahead(core, kind, SERIES_FINE, i + 1, &load))
			load = present;
		all->fine.all[i] += load;
		all->fine.sure[i] += sure ? load : present;
	}
}

static void gather_hours(
	const struct bal_core *core, uint32_t kind, double present, struct gathering *all)
{
	bool odd = series_is_odd(core->series, kind, SERIES_ARRIVALS);
	bool sure = is_sure(core, kind, IN_A_DAY) && !odd;
	double hours[HOURS_AHEAD], day = 0;

	for (uint32_t i = 0; i < HOURS_AHEAD; i++) {
		if (!usual_ahead(core, kind, SERIES_HOURLY, i + 1, &hours[i])) {
			all->rest += present;
			return;
		}
		day += hours[i] / HOURS_AHEAD;
	}
	all->day_odd |= odd;
	all->next_all += hours[1];
	all->day_all += day;
	if (!sure) {
		all->rest += present;
		return;
	}
	all->hour += hours[0];
	all->next += hours[1];
	all->day += day;
}

/* The load that somebody declared for an instant; false: the usual one. */
static bool declared(const struct bal_core *core, uint32_t kind, double usual, int64_t ahead_ns,
	struct peak_load *peak, double *load)
{
	int64_t from_ns =
		num_clamp_i64(num_add_i64(num_add_i64(core->now_ns, core->utc_offset_ns), ahead_ns),
			-PEAK_BEGIN_MAX_NS, PEAK_BEGIN_MAX_NS);

	if (!peak_over(series_peaks(core->series), kind, from_ns, from_ns + PEAK_SPAN_NS, peak))
		return false;
	*load = usual * peak->share + peak->rate * core->kinds[kind].service_s.value;
	return true;
}

/* While a window is open the present load is no longer the usual one; where no forecast knows that
 * the declared share is taken off it. */
static void gather_peak(const struct bal_core *core, const struct pool *pool, uint32_t kind,
	double present, struct gathering *all)
{
	int64_t boot_ns = num_to_i64(scale_boot_s(pool) * (double)NS_PER_S) + LOOK_NS;
	double usual = present, open = present, soon = present, forecast;
	struct peak_load peak;
	bool is_open = declared(core, kind, usual, 0, &peak, &open);

	if (is_open && peak.share > 0)
		usual = present / peak.share;
	if (is_sure(core, kind, IN_AN_HOUR) &&
		!series_is_odd(core->series, kind, SERIES_ARRIVALS) &&
		usual_ahead(core, kind, SERIES_FINE, 1, &forecast))
		usual = forecast;
	all->open_declared |= declared(core, kind, usual, 0, &peak, &open);
	all->soon_declared |= declared(core, kind, usual, boot_ns, &peak, &soon);
	all->open += open;
	all->soon += soon;
}

static void gather(
	struct bal_core *core, const struct pool *pool, uint32_t kind, struct gathering *all)
{
	uint64_t arrivals = objective_arrivals(core, kind);
	double present;

	if (core->kinds[kind].service_s.weight <= 0)
		return;
	present = (double)arrivals / WINDOW_S * core->kinds[kind].service_s.value;
	all->tasks += arrivals;
	all->present += present;
	gather_fine(core, kind, present, all);
	gather_hours(core, kind, present, all);
	gather_peak(core, pool, kind, present, all);
}

/* Agents whose load is then at the threshold of scaling up. */
static double agents_for(const struct pool *pool, double load)
{
	double each = (double)pool->conf.slots * pool->conf.up.load_permille / PERMILLE;

	return each > 0 ? num_min(num_floor(load / each + 1 - 1e-9), 1e6) : 0;
}

static double most_of(const double *values, uint32_t count)
{
	double most = 0;

	for (uint32_t i = 0; i < count; i++)
		most = num_max(most, values[i]);
	return most;
}

static int64_t permille(double part, double whole)
{
	return num_to_i64(num_clamp(part / whole * PERMILLE, -1e12, 1e12));
}

/* Sets a value that holds by sure forecasts; where it would hold only by all of them, says so. */
static void put_forecast(struct trigger_sight *sight, uint32_t trigger, int64_t sure, int64_t all,
	double need, bool odd)
{
	put(sight, trigger, sure, BAL_NONE, need);
	if (sure < trigger_threshold(trigger) && all >= trigger_threshold(trigger))
		sight->flags[trigger] |= odd ? TRIGGER_ODD : TRIGGER_UNSURE;
}

static void see_growth(
	const struct pool *pool, const struct gathering *all, struct trigger_sight *sight)
{
	double sure = most_of(all->fine.sure, BINS_PER_HOUR);

	if (all->tasks >= TASKS_MIN && all->present > 0)
		put_forecast(sight, TRIGGER_FORECAST, permille(sure, all->present) - PERMILLE,
			permille(most_of(all->fine.all, BINS_PER_HOUR), all->present) - PERMILLE,
			agents_for(pool, sure), all->any_odd);
	if (all->day_all > 0)
		put_forecast(sight, TRIGGER_SEASON,
			all->day > 0 && all->next > all->hour ? permille(all->next, all->day) : 0,
			permille(all->next_all, all->day_all),
			agents_for(pool, all->next + all->rest), all->day_odd);
}

/* What the surely forecast load of the next two hours needs is not taken away before. */
static void see_floor(
	const struct pool *pool, const struct gathering *all, struct trigger_sight *sight)
{
	if (all->any_sure)
		sight->floor = agents_for(pool, most_of(all->fine.sure, BINS_AHEAD));
}

/* When the forecast load takes all slots that are there or coming. A load that does so already is
 * no forecast. */
static void see_slots(
	const struct pool *pool, const struct gathering *all, struct trigger_sight *sight)
{
	double slots = (double)scale_agents(pool) * pool->conf.slots;
	uint32_t lead = 0;

	if (!all->any_sure || all->present >= slots)
		return;
	while (lead < BINS_AHEAD && all->fine.sure[lead] < slots)
		lead++;
	if (lead < BINS_AHEAD)
		put(sight, TRIGGER_EXHAUSTION, (int64_t)(lead + 1) * series_step_ns(SERIES_FINE),
			BAL_NONE, agents_for(pool, most_of(all->fine.sure, BINS_AHEAD)));
}

/* A leak in one agent is not helped by another one; more use by all of them is. */
static void see_memory(
	const struct bal_core *core, const struct pool *pool, struct trigger_sight *sight)
{
	bool known = (sight->flags[TRIGGER_EXHAUSTION] & TRIGGER_KNOWN) != 0;
	struct bal_exhaustion exhaustion;
	struct bal_outlook outlook;

	if (pool->conf.memory_mib == 0 ||
		!resource_exhaustion(core, pool->conf.pool, BAL_SERIES_MEMORY, &exhaustion) ||
		exhaustion.by != BAL_EXHAUSTION_FORECAST ||
		exhaustion.likely_ns > trigger_threshold(TRIGGER_EXHAUSTION) ||
		(known && sight->values[TRIGGER_EXHAUSTION] <= exhaustion.likely_ns))
		return;
	put(sight, TRIGGER_EXHAUSTION, exhaustion.likely_ns, BAL_NONE, 0);
	if (!series_outlook(core->series, pool->conf.pool, SERIES_MEMORY, IN_AN_HOUR, &outlook) ||
		!outlook.scored || outlook.confidence < TRIGGER_CONFIDENCE_MIN)
		sight->flags[TRIGGER_EXHAUSTION] |= TRIGGER_UNSURE;
}

static void see_peak(
	const struct pool *pool, const struct gathering *all, struct trigger_sight *sight)
{
	double slots = num_max((double)scale_agents(pool) * pool->conf.slots, 1);
	double load =
		num_max(all->open_declared ? all->open : 0, all->soon_declared ? all->soon : 0);

	if (all->open_declared || all->soon_declared)
		put(sight, TRIGGER_PEAK, permille(load, slots), BAL_NONE, agents_for(pool, load));
}

/* ---- looks ---- */

static void see(struct bal_core *core, struct pool *pool)
{
	struct trigger_sight *sight = &pool->scaling->triggers.sight;
	struct gathering all = {.tasks = 0};

	*sight = (struct trigger_sight){.looked_at_ns = core->now_ns};
	for (uint32_t i = 0; i < TRIGGER_COUNT; i++)
		sight->about[i] = BAL_NONE;
	for (uint32_t i = 0; i < objective_kinds_high(core->objectives); i++) {
		uint32_t place = objective_lane(core, i);
		const struct lane *lane = place == BAL_NONE ? NULL : lane_at(core, place);

		if (lane == NULL || !lane_serves(lane, pool->conf.pool))
			continue;
		see_kind(core, i, sight);
		if (scale_home(core, lane) == pool)
			gather(core, pool, i, &all);
	}
	see_growth(pool, &all, sight);
	see_floor(pool, &all, sight);
	see_slots(pool, &all, sight);
	see_memory(core, pool, sight);
	see_peak(pool, &all, sight);
}

static struct trigger_setting setting_of(
	const struct bal_core *core, const struct pool *pool, const struct strategy_view *view)
{
	const struct bal_event_pool *conf = &pool->conf;
	bool aggressive = conf->strategy == BAL_STRATEGY_AGGRESSIVE;
	bool plans = !aggressive && conf->strategy != BAL_STRATEGY_CONSERVATIVE;

	return (struct trigger_setting){.plans = plans,
		.step = steps_up(aggressive, view->agents),
		.cap = plans ? view->agents_max
			     : steps_cap(aggressive, conf->agents_baseline, view->agents_max),
		.used_permille = conf->down.load_permille,
		.sustain_ns = conf->up.sustain_ns,
		.cooldown_ns = conf->up.cooldown_ns,
		.up_ended_at_ns = pool->steps.up_ended_at_ns,
		.clock_is_new = sight_clock_is_new(core)};
}

/* The rules of others are kept to the letter. */
static bool has_triggers(uint32_t strategy)
{
	return strategy != BAL_STRATEGY_FIXED && strategy != BAL_STRATEGY_HPA &&
	       strategy != BAL_STRATEGY_KPA;
}

struct strategy_wish sight_consult(struct bal_core *core, struct pool *pool,
	const struct strategy_view *view, struct strategy_wish wish)
{
	struct trigger_memory *memory = &pool->scaling->triggers;
	struct trigger_setting setting = setting_of(core, pool, view);
	struct trigger_wish found;

	if (!has_triggers(pool->conf.strategy))
		return wish;
	if (num_sub_i64(core->now_ns, memory->sight.looked_at_ns) >= LOOK_NS)
		see(core, pool);
	found = trigger_look(&setting, memory, view);
	if (wish.agents > view->agents)
		return wish;
	if (found.wish.agents > view->agents)
		return found.wish;
	if (wish.agents < view->agents && found.floor >= view->agents)
		return strategy_hold(view, BAL_REASON_HOLD_EXPECTED);
	if (wish.agents < view->agents && wish.agents < found.floor)
		wish.agents = found.floor;
	if ((wish.reason == BAL_REASON_HOLD_STEADY || wish.reason == BAL_REASON_HOLD_MINIMUM) &&
		found.wish.reason != BAL_REASON_NONE)
		wish.reason = found.wish.reason;
	return wish;
}

void sight_explain(const struct pool *pool, struct bal_why *why)
{
	const struct trigger_sight *sight = &pool->scaling->triggers.sight;
	uint32_t trigger = trigger_of(why->reason);

	if (trigger == TRIGGER_COUNT)
		return;
	why->seen = sight->values[trigger];
	why->seen_threshold = trigger_threshold(trigger);
	why->about = sight->about[trigger];
}

/* ---- the clock ---- */

void sight_clock(struct bal_core *core, int64_t utc_offset_ns)
{
	int64_t moved_ns = num_sub_i64(utc_offset_ns, core->utc_offset_ns);

	if (core->started && (moved_ns > CLOCK_MOVED_NS || moved_ns < -CLOCK_MOVED_NS))
		core->clock_set_at_ns = core->now_ns;
}

bool sight_clock_is_new(const struct bal_core *core)
{
	return num_sub_i64(core->now_ns, core->clock_set_at_ns) < CLOCK_NEW_NS;
}

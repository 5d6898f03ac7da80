/* SPDX-License-Identifier: Apache-2.0 */
/* Near horizons are read from the fine series, which follow the last minutes; far ones from the
 * hourly series, which know the days. A forecast and its record are of bins of that length. */
#include "ballast.h"
#include "base/num.h"
#include "base/units.h"
#include "core/series_state.h"

_Static_assert((int)BAL_SERIES_ARRIVALS == (int)SERIES_ARRIVALS &&
		       (int)BAL_SERIES_WORK == (int)SERIES_WORK &&
		       (int)BAL_SERIES_CPU == (int)SERIES_CPU &&
		       (int)BAL_SERIES_MEMORY == (int)SERIES_MEMORY &&
		       (int)BAL_SERIES_STORAGE == (int)SERIES_STORAGE &&
		       (int)BAL_SERIES_DATA == (int)SERIES_DATA,
	"the contract and the book mean the same");

/* Requirement "predictive optimization": forecasts are acted on from this confidence on. */
#define CONFIDENCE_MIN 0.80
/* Likewise "confidence" of orders. */
#define CONFIDENCE_ORDER 0.85
#define RATE_STEPS_MAX   12
#define HOURS_AHEAD      24
#define BINS_PER_DAY     288
#define LEAD_MAX         168 /* of a forecast that is made of a declared rate only */

/* Quantiles of the normal distribution, which counts of some size follow. */
#define Z80 1.2816
#define Z95 1.9600

static const struct {
	enum series_grain grain;
	uint32_t steps;
} HORIZONS[BAL_HORIZONS_MAX] = {
	{SERIES_FINE, 3},
	{SERIES_FINE, 12},
	{SERIES_FINE, 48},
	{SERIES_FINE, 72},
	{SERIES_HOURLY, 24},
	{SERIES_HOURLY, 72},
	{SERIES_HOURLY, 168},
};

static const struct track_score *find_score(const struct forecaster *forecaster, uint32_t steps)
{
	const struct track *track = &forecaster->track;

	for (uint32_t i = 0; i < track->horizon_count; i++)
		if (track->horizons[i].steps == steps)
			return &track->horizons[i].score;
	return NULL;
}

static void take_score(struct bal_outlook *outlook, const struct track_score *score)
{
	outlook->scored = score->weight > 0 && score->size > 0;
	outlook->confidence = track_confidence(score);
	if (!outlook->scored)
		return;
	outlook->accuracy = track_accuracy(score);
	outlook->bias = track_bias(score);
	outlook->skilled = score->error_naive > 0;
	outlook->skill = track_skill(score);
	outlook->inside80 = score->inside80 / score->weight;
	outlook->inside95 = score->inside95 / score->weight;
}

/* Seconds of work of a task, of the last day; false when none was seen. */
static bool task_seconds(const struct series_book *book, uint32_t kind, double *seconds)
{
	double tasks = 0, work = 0, task, its_work;

	for (uint32_t back = 1; back <= BINS_PER_DAY; back++) {
		if (!series_past(book, kind, SERIES_ARRIVALS, SERIES_FINE, back, &task) ||
			!series_past(book, kind, SERIES_WORK, SERIES_FINE, back, &its_work))
			break;
		tasks += task == task && its_work == its_work ? task : 0;
		work += task == task && its_work == its_work ? its_work : 0;
	}
	*seconds = tasks > 0 ? work / tasks : 0;
	return tasks > 0;
}

static void scale_band(struct bal_band *band, double share)
{
	band->mean *= share;
	band->low80 *= share;
	band->high80 *= share;
	band->low95 *= share;
	band->high95 *= share;
}

/* Adds a declared number of tasks, which come as independent people send them, each of so much. */
static void add_tasks(struct bal_band *band, double tasks, double each)
{
	double spread = num_sqrt(tasks);

	band->mean += each * tasks;
	band->low80 += each * num_max(tasks - Z80 * spread, 0);
	band->high80 += each * (tasks + Z80 * spread);
	band->low95 += each * num_max(tasks - Z95 * spread, 0);
	band->high95 += each * (tasks + Z95 * spread);
}

/* Puts on a forecast what is declared for its bin. Without a forecast only a rate for all of the
 * bin makes one. */
static bool put_peak(const struct series_book *book, uint32_t kind, enum series_what what,
	const struct peak_load *load, double bin_s, bool known, struct bal_band *band)
{
	double each = 1;

	if (!known && !(load->share <= 0 && load->rate > 0))
		return false;
	if (load->rate > 0 && what == SERIES_WORK && !task_seconds(book, kind, &each))
		return known;
	scale_band(band, load->share);
	if (load->rate > 0)
		add_tasks(band, load->rate * bin_s, each);
	band->peak = load->name;
	return true;
}

/* What is declared for a bin, of kinds only. */
static bool is_declared(const struct series_book *book, uint32_t number, enum series_what what,
	enum series_grain grain, int64_t ahead, struct peak_load *load)
{
	return what < SERIES_PER_SUBJECT && series_peak(book, number, grain, ahead, load);
}

bool series_ahead(const struct series_book *book, uint32_t number, enum series_what what,
	enum series_grain grain, uint32_t lead, struct bal_band *band)
{
	const struct forecaster *forecaster = series_find(book, number, what, grain);
	struct forecast_band found = {0};
	struct peak_load load;
	bool known = forecaster != NULL && forecaster_band(forecaster, lead, &found);

	*band = (struct bal_band){found.mean, found.low80, found.high80, found.low95, found.high95,
		BAL_NONE, known ? found.mean : __builtin_nan("")};
	if (forecaster == NULL || lead == 0 || lead > LEAD_MAX ||
		!is_declared(book, number, what, grain, (int64_t)lead - 1, &load))
		return known;
	return put_peak(book, number, what, &load, (double)series_step_ns(grain) / (double)NS_PER_S,
		known, band);
}

bool series_outlook(const struct series_book *book, uint32_t number, enum series_what what,
	uint32_t horizon, struct bal_outlook *outlook)
{
	enum series_grain grain;
	uint32_t steps;

	if (horizon >= BAL_HORIZONS_MAX)
		return false;
	grain = HORIZONS[horizon].grain;
	steps = HORIZONS[horizon].steps;
	*outlook = (struct bal_outlook){
		.ahead_ns = steps * series_step_ns(grain), .bin_ns = series_step_ns(grain)};
	if (!series_ahead(book, number, what, grain, steps, &outlook->band))
		return false;
	take_score(outlook, find_score(series_find(book, number, what, grain), steps));
	return true;
}

int64_t series_horizon_ns(uint32_t horizon)
{
	if (horizon == 0 || horizon > BAL_HORIZONS_MAX)
		return 0;
	return HORIZONS[horizon - 1].steps * series_step_ns(HORIZONS[horizon - 1].grain);
}

bool series_past(const struct series_book *book, uint32_t number, enum series_what what,
	enum series_grain grain, uint32_t back, double *value)
{
	const struct forecaster *forecaster = series_find(book, number, what, grain);
	struct peak_load load;

	if (forecaster == NULL || back == 0 || back > forecaster->count)
		return false;
	*value = (double)forecaster->values[(forecaster->next + HISTORY_MAX - back) % HISTORY_MAX];
	if (is_declared(book, number, what, grain, -(int64_t)back, &load) && load.share > 0)
		*value *= load.share;
	return true;
}

/* The first lead from which on an edge is at the limit, in ns; what was found sooner stays. */
static void note_edge(double edge, double limit, int64_t at_ns, int64_t *first_ns)
{
	if (edge >= limit && *first_ns == BAL_NEVER_NS)
		*first_ns = at_ns;
}

/* How long the open bin still takes. */
static int64_t open_left_ns(const struct series_book *book, enum series_grain grain, int64_t now_ns)
{
	int64_t fine_ns = series_step_ns(SERIES_FINE), per_hour = NS_PER_HOUR / fine_ns;
	int64_t left_ns = num_clamp_i64(num_sub_i64(book->next_ns, now_ns), 0, fine_ns);
	int64_t later = per_hour - 1 - (book->bin % per_hour + per_hour) % per_hour;

	return grain == SERIES_FINE ? left_ns : left_ns + later * fine_ns;
}

/* Walks the bins of one grain whose end is later than `from_ns`. Returns where the walk ended. */
static int64_t walk_edges(const struct series_book *book, uint32_t number, enum series_what what,
	enum series_grain grain, int64_t from_ns, int64_t now_ns, double limit,
	struct bal_exhaustion *exhaustion)
{
	int64_t step_ns = series_step_ns(grain), at_ns = from_ns;
	int64_t open_ns = open_left_ns(book, grain, now_ns);
	struct bal_band band;

	for (uint32_t lead = 1; series_ahead(book, number, what, grain, lead, &band); lead++) {
		at_ns = open_ns + (int64_t)(lead - 1) * step_ns;
		if (at_ns <= from_ns)
			continue;
		note_edge(band.high80, limit, at_ns, &exhaustion->soonest_ns);
		note_edge(band.mean, limit, at_ns, &exhaustion->likely_ns);
		note_edge(band.low80, limit, at_ns, &exhaustion->latest_ns);
	}
	return at_ns;
}

bool series_exhaustion(const struct series_book *book, uint32_t number, enum series_what what,
	double limit, int64_t now_ns, struct bal_exhaustion *exhaustion)
{
	int64_t end_ns;

	exhaustion->soonest_ns = exhaustion->likely_ns = exhaustion->latest_ns = BAL_NEVER_NS;
	end_ns = walk_edges(book, number, what, SERIES_FINE, 0, now_ns, limit, exhaustion);
	end_ns = walk_edges(book, number, what, SERIES_HOURLY, end_ns, now_ns, limit, exhaustion);
	return end_ns > 0;
}

/* True when the forecasts of a series have been right so often. */
static bool is_sure(
	const struct series_book *book, uint32_t kind, enum series_what what, double confidence)
{
	struct bal_outlook outlook;

	return series_outlook(book, kind, what, 0, &outlook) && outlook.scored &&
	       outlook.confidence >= confidence;
}

/* True when they have been right often enough to act on. */
static bool may_act(const struct series_book *book, uint32_t kind, enum series_what what)
{
	return is_sure(book, kind, what, CONFIDENCE_MIN);
}

bool series_rate(const struct series_book *book, uint32_t kind, double ahead_s, double *rate)
{
	double step_s = (double)series_step_ns(SERIES_FINE) / (double)NS_PER_S;
	double steps = num_clamp(ahead_s / step_s, 1, RATE_STEPS_MAX), sum = 0;
	struct bal_band band;
	uint32_t lead = 0;

	if (!may_act(book, kind, SERIES_ARRIVALS) || series_is_odd(book, kind, SERIES_ARRIVALS))
		return false;
	while ((double)lead < steps &&
		series_ahead(book, kind, SERIES_ARRIVALS, SERIES_FINE, lead + 1, &band)) {
		sum += band.mean;
		lead++;
	}
	*rate = sum / ((double)lead * step_s);
	return true;
}

/* Arrivals per bin at an instant, `place` bins from the middle of the open one, without what is
 * declared: on the line between the middles of bins. False when that is not known. */
static bool usual_at(
	const struct series_book *book, uint32_t kind, double place, double *usual, double *slope)
{
	uint32_t lead = (uint32_t)num_clamp(num_floor(place), 0, RATE_STEPS_MAX) + 1;
	struct bal_band near, far;

	if (!series_ahead(book, kind, SERIES_ARRIVALS, SERIES_FINE, lead, &near) ||
		!series_ahead(book, kind, SERIES_ARRIVALS, SERIES_FINE, lead + 1, &far))
		return false;
	*slope = far.usual - near.usual;
	*usual = num_max(near.usual + *slope * (place - (double)(lead - 1)), 0);
	return *usual > 0;
}

/* What is declared for the bin of that instant, as a factor of the usual. */
static double declared_at(const struct series_book *book, uint32_t kind, double place)
{
	uint32_t lead = (uint32_t)num_clamp(num_floor(place + 0.5), 0, RATE_STEPS_MAX) + 1;
	struct bal_band band;

	if (!series_ahead(book, kind, SERIES_ARRIVALS, SERIES_FINE, lead, &band) ||
		!(band.usual > 0))
		return 1;
	return band.mean / band.usual;
}

bool series_course(const struct series_book *book, uint32_t kind, int64_t now_ns, double ahead_s,
	struct series_course *course)
{
	double step_s = (double)series_step_ns(SERIES_FINE) / (double)NS_PER_S;
	double left_s = (double)open_left_ns(book, SERIES_FINE, now_ns) / (double)NS_PER_S;
	double place = 0.5 - left_s / step_s;
	double there = place + num_clamp(ahead_s / step_s, 0, RATE_STEPS_MAX);
	double now, later, slope, slope_later;

	if (!is_sure(book, kind, SERIES_ARRIVALS, CONFIDENCE_ORDER) ||
		series_is_odd(book, kind, SERIES_ARRIVALS) ||
		!usual_at(book, kind, place, &now, &slope) ||
		!usual_at(book, kind, there, &later, &slope_later))
		return false;
	*course = (struct series_course){.now = now * declared_at(book, kind, place) / step_s,
		.later = later * declared_at(book, kind, there) / step_s,
		.drift = slope / now / step_s};
	return true;
}

/* Adds what is forecast of a kind's work for each of the next steps; false when there is none. */
static bool add_ahead(const struct series_book *book, uint32_t kind, enum series_grain grain,
	uint32_t steps, double *sums)
{
	struct bal_band band;

	for (uint32_t i = 0; i < steps; i++) {
		if (!series_ahead(book, kind, SERIES_WORK, grain, i + 1, &band))
			return false;
		sums[i] += band.mean * (double)NS_PER_S / (double)series_step_ns(grain);
	}
	return true;
}

static double mean_of(const double *values, uint32_t count)
{
	double sum = 0.0;

	for (uint32_t i = 0; i < count; i++)
		sum += values[i] / (double)count;
	return sum;
}

bool series_tide(const struct series_book *book, struct series_tide *tide)
{
	double near[RATE_STEPS_MAX] = {0}, far[HOURS_AHEAD] = {0}, before = 0.0;
	bool any = false;

	*tide = (struct series_tide){0};
	for (uint32_t kind = 0; kind < series_kinds_high(book); kind++) {
		if (!may_act(book, kind, SERIES_WORK) ||
			!add_ahead(book, kind, SERIES_HOURLY, HOURS_AHEAD, far))
			continue;
		any |= add_ahead(book, kind, SERIES_FINE, RATE_STEPS_MAX, near);
		tide->day = mean_of(far, HOURS_AHEAD);
		if (series_is_odd(book, kind, SERIES_WORK))
			tide->odd += tide->day - before;
		before = tide->day;
	}
	for (uint32_t i = 0; i < RATE_STEPS_MAX; i++)
		tide->soon = num_max(tide->soon, near[i]);
	return any;
}

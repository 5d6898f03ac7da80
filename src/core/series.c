/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All fine bins end at the same instants, so there is one clock for all kinds; an hour is twelve
 * fine bins. A kind's first bin is a part of one and is never counted; leading bins without a value
 * are not kept.
 *
 * One job at a time: a fit takes milliseconds and is wanted once an hour, so one worker serves
 * thousands of series, and whoever answers is easily told from who answers too late.
 */
#include "core/series.h"

#include "ballast.h"
#include "base/arena.h"
#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/fitjob.h"
#include "core/series_state.h"

#define FINE_NS         (5 * NS_PER_MIN)
#define FINE_PER_HOUR   (NS_PER_HOUR / FINE_NS)
#define FINE_PER_WEEK   (7 * 24 * FINE_PER_HOUR)
#define JOB_PATIENCE_NS NS_PER_HOUR /* a job that has no answer by then never will */
#define WALL_MAX_NS     (INT64_MAX / 2)
#define SHARE_MIN       0.01 /* less of the load says nothing about the usual one */

int64_t series_step_ns(enum series_grain grain)
{
	return grain == SERIES_FINE ? FINE_NS : NS_PER_HOUR;
}

static size_t watched_max(uint32_t kinds_max)
{
	return kinds_max < SERIES_WATCHED_MAX ? kinds_max : SERIES_WATCHED_MAX;
}

struct series_book *series_place(struct arena *arena, uint32_t kinds_max)
{
	struct series_book *book;
	struct series_kind *kinds;
	struct forecaster *forecasters;
	struct vigil *watches;

	if (kinds_max > SERIES_KINDS_MAX)
		kinds_max = SERIES_KINDS_MAX;
	book = arena_take(arena, 1, sizeof *book);
	kinds = arena_take(arena, kinds_max, sizeof *kinds);
	arena_align(arena);
	/* One more, to read into what nobody wants. */
	forecasters =
		arena_take(arena, (size_t)kinds_max * SERIES_PER_KIND + 1, sizeof *forecasters);
	arena_align(arena);
	watches = arena_take(arena, watched_max(kinds_max) * SERIES_WHAT_COUNT, sizeof *watches);
	if (book == NULL)
		return NULL;
	book->kinds_max = kinds_max;
	book->kinds = kinds;
	book->forecasters = forecasters;
	book->watches = watches;
	book->next_ns = BAL_NEVER_NS;
	return book;
}

void series_kind_begin(struct series_book *book, uint32_t kind)
{
	bal_assert(kind < book->kinds_max);
	book->kinds[kind] =
		(struct series_kind){.used = true, .fine_broken = true, .hour_broken = true};
	for (uint32_t i = 0; i < SERIES_PER_KIND; i++)
		forecaster_init(&book->forecasters[series_index(kind, 0, 0) + i],
			series_step_ns(i % SERIES_GRAIN_COUNT));
	if (kind >= book->kinds_high)
		book->kinds_high = kind + 1;
}

/* ---- watches ---- */

/* The hour that a fine bin is in, rounded down also before the epoch. */
static int64_t hour_of(int64_t bin)
{
	return bin / FINE_PER_HOUR - (bin % FINE_PER_HOUR < 0);
}

/* Of bins from outside too. */
static int64_t begin_ns(int64_t bin)
{
	return num_clamp_i64(bin, -WALL_MAX_NS / FINE_NS, WALL_MAX_NS / FINE_NS) * FINE_NS;
}

void series_watch_begin(struct series_book *book, uint32_t kind)
{
	if (book->kinds[kind].watch != 0 || book->watched == watched_max(book->kinds_max))
		return;
	book->kinds[kind].watch = ++book->watched;
	for (uint32_t what = 0; what < SERIES_WHAT_COUNT; what++)
		vigil_init(series_watch(book, kind, what));
}

static void watch_value(
	struct series_book *book, uint32_t number, uint32_t what, int64_t bin, double value)
{
	struct vigil *watch = series_watch(book, number, what);

	if (watch == NULL || !vigil_add(watch, bin, begin_ns(bin), value))
		return;
	book->kinds[number].news = true;
	book->news = true;
}

void series_watch_again(struct series_book *book, uint32_t kind, int64_t bin)
{
	if (book->kinds[kind].watch == 0)
		return;
	for (uint32_t what = 0; what < SERIES_WHAT_COUNT; what++) {
		const struct forecaster *fine = series_find(book, kind, what, SERIES_FINE);
		uint32_t count = fine->count < FINE_PER_WEEK ? fine->count : FINE_PER_WEEK;
		double value;

		for (uint32_t back = count; back > 0; back--) {
			series_past(book, kind, what, SERIES_FINE, back, &value);
			vigil_add(series_watch(book, kind, what), bin - back, begin_ns(bin - back),
				value);
		}
	}
}

bool series_unrest(const struct series_book *book, uint32_t kind, enum series_what what,
	struct bal_unrest *unrest)
{
	const struct vigil *watch;

	if (series_find(book, kind, what, SERIES_FINE) == NULL)
		return false;
	watch = series_watch(book, kind, what);
	if (watch == NULL || watch->anomaly.count < ANOMALY_POINTS_LEARNED)
		return false;
	*unrest = (struct bal_unrest){watch->score, watch->is_odd,
		watch->is_odd ? begin_ns(watch->open.first) : BAL_NEVER_NS};
	return true;
}

bool series_is_odd(const struct series_book *book, uint32_t kind, enum series_what what)
{
	const struct vigil *watch = series_watch(book, kind, what);

	return watch != NULL && watch->is_odd;
}

bool series_news(struct series_book *book, uint32_t *kind)
{
	if (!book->news)
		return false;
	for (uint32_t i = 0; i < book->kinds_high; i++) {
		if (!book->kinds[i].news)
			continue;
		book->kinds[i].news = false;
		*kind = i;
		return true;
	}
	book->news = false;
	return false;
}

bool series_job_leaves_out(
	const struct series_book *book, const struct series_job *job, uint32_t back)
{
	uint32_t kind = series_job_kind(job->id);
	const struct vigil *watch = series_watch(book, kind, series_job_what(job->id));

	if (watch == NULL)
		return false;
	if ((job->id - 1) % SERIES_GRAIN_COUNT == SERIES_FINE)
		return vigil_leaves_out(watch, book->bin - back, 1);
	return vigil_leaves_out(watch, (hour_of(book->bin) - back) * FINE_PER_HOUR, FINE_PER_HOUR);
}

/* ---- bins ---- */

static int64_t wall_ns(int64_t now_ns, int64_t utc_offset_ns)
{
	return num_clamp_i64(num_add_i64(now_ns, utc_offset_ns), -WALL_MAX_NS, WALL_MAX_NS);
}

/* The number of the bin, rounded down also before the epoch. */
static int64_t bin_of(int64_t at_wall_ns)
{
	return at_wall_ns / FINE_NS - (at_wall_ns % FINE_NS < 0);
}

static void set_next(struct series_book *book, int64_t now_ns, int64_t at_wall_ns)
{
	book->next_ns = num_add_i64(now_ns, (book->bin + 1) * FINE_NS - at_wall_ns);
}

static void open_bin(struct series_book *book, int64_t now_ns, int64_t utc_offset_ns)
{
	int64_t at_wall_ns = wall_ns(now_ns, utc_offset_ns);

	book->bin = bin_of(at_wall_ns);
	book->open = true;
	set_next(book, now_ns, at_wall_ns);
}

void series_arrived(struct series_book *book, uint32_t kind, double work_s, int64_t now_ns,
	int64_t utc_offset_ns)
{
	if (kind >= book->kinds_max)
		return;
	if (!book->open)
		open_bin(book, now_ns, utc_offset_ns);
	if (!book->kinds[kind].used) {
		series_kind_begin(book, kind);
		series_watch_begin(book, kind);
	}
	book->kinds[kind].fine[SERIES_ARRIVALS] += 1;
	book->kinds[kind].fine[SERIES_WORK] += num_clamp(work_s, 0, 1e12);
}

int64_t series_next_ns(const struct series_book *book)
{
	return book->next_ns;
}

bool series_peak_set(struct series_book *book, const struct bal_event_peak *peak)
{
	for (uint32_t i = 0; i < peak->kinds_count && i < BAL_PEAK_KINDS_MAX; i++)
		if (peak->kinds[i] >= book->kinds_max)
			return false;
	return peak_set(&book->peaks, peak);
}

const struct peak_table *series_peaks(const struct series_book *book)
{
	return &book->peaks;
}

bool series_peak(const struct series_book *book, uint32_t kind, enum series_grain grain,
	int64_t ahead, struct peak_load *load)
{
	int64_t hour = book->bin / FINE_PER_HOUR - (book->bin % FINE_PER_HOUR < 0);
	int64_t step_ns = series_step_ns(grain);
	int64_t from_ns =
		num_mul_i64(num_add_i64(grain == SERIES_FINE ? book->bin : hour, ahead), step_ns);

	from_ns = num_clamp_i64(from_ns, -WALL_MAX_NS, WALL_MAX_NS);
	return book->open && peak_over(&book->peaks, kind, from_ns, from_ns + step_ns, load);
}

/* A value as it would have been without what is declared for the open bin. */
static double usual_of(
	const struct series_book *book, uint32_t kind, enum series_grain grain, double value)
{
	struct peak_load load;

	if (!series_peak(book, kind, grain, 0, &load))
		return value;
	return load.rate > 0 || load.share < SHARE_MIN ? __builtin_nan("") : value / load.share;
}

/* A series begins with its first value. */
static void push(struct forecaster *forecaster, bool missing, double value)
{
	missing = missing || value != value;
	if (missing && forecaster->count == 0)
		return;
	forecaster_push(forecaster, missing ? __builtin_nan("") : value);
}

static void close_hour(struct series_book *book, uint32_t number)
{
	struct series_kind *kind = &book->kinds[number];

	for (uint32_t what = 0; what < SERIES_WHAT_COUNT; what++) {
		push(&book->forecasters[series_index(number, what, SERIES_HOURLY)],
			kind->hour_broken, usual_of(book, number, SERIES_HOURLY, kind->hour[what]));
		kind->hour[what] = 0;
	}
	kind->hour_broken = false;
}

static void close_kind(struct series_book *book, uint32_t number)
{
	struct series_kind *kind = &book->kinds[number];

	for (uint32_t what = 0; what < SERIES_WHAT_COUNT; what++) {
		push(&book->forecasters[series_index(number, what, SERIES_FINE)], kind->fine_broken,
			usual_of(book, number, SERIES_FINE, kind->fine[what]));
		watch_value(book, number, what, book->bin,
			kind->fine_broken ? __builtin_nan("") : kind->fine[what]);
		kind->hour[what] += kind->fine[what];
		kind->fine[what] = 0;
	}
	kind->hour_broken = kind->hour_broken || kind->fine_broken;
	kind->fine_broken = false;
	if ((book->bin + 1) % FINE_PER_HOUR == 0)
		close_hour(book, number);
}

static void close_bin(struct series_book *book)
{
	for (uint32_t i = 0; i < book->kinds_high; i++)
		if (book->kinds[i].used)
			close_kind(book, i);
	book->bin++;
}

/* The open bins have nothing to do with what comes. */
static void break_bins(struct series_book *book)
{
	for (uint32_t i = 0; i < book->kinds_high; i++) {
		book->kinds[i].fine_broken = true;
		book->kinds[i].hour_broken = true;
	}
}

void series_close(struct series_book *book, int64_t now_ns, int64_t utc_offset_ns)
{
	int64_t at_wall_ns = wall_ns(now_ns, utc_offset_ns);
	int64_t bin = bin_of(at_wall_ns);

	if (!book->open)
		return;
	/* A clock that was set back by a little waits for the bin to end; one that was set back by
	 * much begins anew at the present bin. Of a pause longer than all of the past, whole weeks
	 * are left out. */
	if (bin < book->bin - FINE_PER_HOUR) {
		break_bins(book);
		book->bin = bin;
	}
	if (bin - book->bin > HISTORY_MAX)
		book->bin += (bin - book->bin - HISTORY_MAX) / FINE_PER_WEEK * FINE_PER_WEEK;
	if (bin > book->bin) {
		close_bin(book);
		book->look = true;
	}
	while (book->bin < bin) {
		break_bins(book);
		close_bin(book);
	}
	set_next(book, now_ns, at_wall_ns);
	if (book->job.id != 0 && num_sub_i64(now_ns, book->job_at_ns) > JOB_PATIENCE_NS)
		book->job.id = 0;
}

/* ---- jobs ---- */

static bool is_due(const struct series_book *book, uint32_t place)
{
	const struct forecaster *forecaster = &book->forecasters[place];

	return book->kinds[place / SERIES_PER_KIND].used && forecaster->count >= SERIES_FIT_MIN &&
	       forecaster_is_due(forecaster);
}

bool series_job_begin(struct series_book *book, int64_t now_ns, struct series_job *job)
{
	uint32_t count = book->kinds_high * SERIES_PER_KIND;

	if (!book->look || book->job.id != 0)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t place = (book->turn + i) % count;

		if (!is_due(book, place))
			continue;
		book->turn = (place + 1) % count;
		book->job = (struct series_job){(uint64_t)place + 1, ++book->generation};
		book->job_at_ns = now_ns;
		*job = book->job;
		return true;
	}
	book->look = false;
	return false;
}

const struct forecaster *series_job_of(const struct series_book *book, const struct series_job *job)
{
	if (book->job.id == 0 || book->job.id != job->id || book->job.generation != job->generation)
		return NULL;
	return &book->forecasters[job->id - 1];
}

bool series_job_end(struct series_book *book, const struct series_job *job, const void *result,
	size_t size, bool *fitted)
{
	struct forecaster_fit fit;

	*fitted = false;
	if (series_job_of(book, job) == NULL)
		return false;
	*fitted = size > 0 && fitjob_result(result, size, &fit);
	/* A series that could not be fitted is looked at again when the next bin has ended. */
	if (*fitted)
		forecaster_take(&book->forecasters[job->id - 1], &fit);
	else
		book->look = false;
	book->job.id = 0;
	return true;
}

uint32_t series_job_kind(uint64_t id)
{
	return (uint32_t)((id - 1) / SERIES_PER_KIND);
}

uint32_t series_job_what(uint64_t id)
{
	return (uint32_t)((id - 1) % SERIES_PER_KIND / SERIES_GRAIN_COUNT);
}

/* ---- views ---- */

const struct forecaster *series_find(const struct series_book *book, uint32_t kind,
	enum series_what what, enum series_grain grain)
{
	if (kind >= book->kinds_high || !book->kinds[kind].used)
		return NULL;
	return &book->forecasters[series_index(kind, what, grain)];
}

uint32_t series_kinds_high(const struct series_book *book)
{
	return book->kinds_high;
}

const char *series_check(const struct series_book *book)
{
	if (book->kinds_high > book->kinds_max || (!book->open && book->kinds_high > 0))
		return "series: kinds that are used have an open bin";
	if (book->job.id > (uint64_t)book->kinds_high * SERIES_PER_KIND ||
		book->job.generation > book->generation)
		return "series: the job is about a series that is used";
	if (peak_check(&book->peaks) != NULL)
		return peak_check(&book->peaks);
	for (uint32_t i = 0; i < book->kinds_high * SERIES_PER_KIND; i++) {
		const struct forecaster *forecaster = &book->forecasters[i];

		if (!book->kinds[i / SERIES_PER_KIND].used)
			continue;
		if (forecaster->step_ns != series_step_ns(i % SERIES_GRAIN_COUNT) ||
			forecaster->count > HISTORY_MAX || forecaster->count > forecaster->pushes ||
			forecaster->fitted_at > forecaster->pushes)
			return "series: values, and what was made of them";
	}
	for (uint32_t i = 0; i < book->watched * SERIES_WHAT_COUNT; i++)
		if (vigil_check(&book->watches[i]) != NULL)
			return vigil_check(&book->watches[i]);
	return NULL;
}

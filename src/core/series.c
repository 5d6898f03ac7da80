/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All fine bins end at the same instants, so there is one clock for all rows; an hour is twelve
 * fine bins. A kind's first bin is a part of one and is never counted, while a level is one at any
 * time; leading bins without a value are not kept. An hour's level is the mean of its fine bins,
 * when at least half of them are known.
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

struct series_book *series_place(struct arena *arena, uint32_t kinds_max, uint32_t pools_max)
{
	struct series_book *book;
	struct series_row *rows;
	struct forecaster *forecasters;
	struct vigil *watches;
	uint32_t rows_max;

	if (kinds_max > SERIES_KINDS_MAX)
		kinds_max = SERIES_KINDS_MAX;
	if (pools_max > SERIES_POOLS_MAX)
		pools_max = SERIES_POOLS_MAX;
	rows_max = kinds_max + pools_max + 1;
	book = arena_take(arena, 1, sizeof *book);
	rows = arena_take(arena, rows_max, sizeof *rows);
	arena_align(arena);
	/* One more, to read into what nobody wants. */
	forecasters = arena_take(arena, (size_t)rows_max * SERIES_PER_ROW + 1, sizeof *forecasters);
	arena_align(arena);
	watches = arena_take(arena, watched_max(kinds_max) * SERIES_PER_SUBJECT, sizeof *watches);
	if (book == NULL)
		return NULL;
	book->kinds_max = kinds_max;
	book->pools_max = pools_max;
	book->rows = rows;
	book->forecasters = forecasters;
	book->watches = watches;
	book->next_ns = BAL_NEVER_NS;
	return book;
}

void series_row_begin(struct series_book *book, uint32_t row)
{
	bal_assert(row < series_rows_max(book));
	book->rows[row] =
		(struct series_row){.used = true, .fine_broken = true, .hour_broken = true};
	for (uint32_t i = 0; i < SERIES_PER_ROW; i++)
		forecaster_init(&book->forecasters[series_index(row, 0, 0) + i],
			series_step_ns(i % SERIES_GRAIN_COUNT));
	if (row >= book->rows_high)
		book->rows_high = row + 1;
}

/* ---- rows ---- */

uint32_t series_row(const struct series_book *book, enum series_subject subject, uint32_t number)
{
	uint32_t before[] = {0, book->kinds_max, book->kinds_max + book->pools_max};
	uint32_t count[] = {book->kinds_max, book->pools_max, 1};

	return number < count[subject] ? before[subject] + number : BAL_NONE;
}

enum series_subject series_row_subject(
	const struct series_book *book, uint32_t row, uint32_t *number)
{
	enum series_subject subject = SERIES_KIND;

	*number = row;
	if (row >= book->kinds_max) {
		*number = row - book->kinds_max;
		subject = SERIES_POOL;
	}
	if (row >= book->kinds_max + book->pools_max) {
		*number = 0;
		subject = SERIES_STORE;
	}
	return subject;
}

bool series_row_used(const struct series_book *book, uint32_t row)
{
	return row < book->rows_high && book->rows[row].used;
}

static uint32_t row_of(const struct series_book *book, uint32_t number, enum series_what what)
{
	return series_row(book, (enum series_subject)(what / SERIES_PER_SUBJECT), number);
}

static bool is_level(const struct series_book *book, uint32_t row)
{
	return row >= book->kinds_max;
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
	if (is_level(book, kind) || book->rows[kind].watch != 0 ||
		book->watched == watched_max(book->kinds_max))
		return;
	book->rows[kind].watch = ++book->watched;
	for (uint32_t what = 0; what < SERIES_PER_SUBJECT; what++)
		vigil_init(series_watch(book, kind, what));
}

static void watch_value(
	struct series_book *book, uint32_t number, uint32_t what, int64_t bin, double value)
{
	struct vigil *watch = series_watch(book, number, what);

	if (watch == NULL || !vigil_add(watch, bin, begin_ns(bin), value))
		return;
	book->rows[number].news = true;
	book->news = true;
}

void series_watch_again(struct series_book *book, uint32_t kind, int64_t bin)
{
	if (book->rows[kind].watch == 0)
		return;
	for (uint32_t what = 0; what < SERIES_PER_SUBJECT; what++) {
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
	for (uint32_t i = 0; i < series_kinds_high(book); i++) {
		if (!book->rows[i].news)
			continue;
		book->rows[i].news = false;
		*kind = i;
		return true;
	}
	book->news = false;
	return false;
}

bool series_job_leaves_out(
	const struct series_book *book, const struct series_job *job, uint32_t back)
{
	uint32_t number;
	enum series_what what = series_job_what(book, job->id, &number);
	const struct vigil *watch = series_watch(book, number, what);

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
	if (!book->rows[kind].used) {
		series_row_begin(book, kind);
		series_watch_begin(book, kind);
	}
	book->rows[kind].fine[SERIES_ARRIVALS] += 1;
	book->rows[kind].fine[SERIES_WORK] += num_clamp(work_s, 0, 1e12);
}

void series_begin(struct series_book *book, uint32_t number, enum series_what what, int64_t now_ns,
	int64_t utc_offset_ns)
{
	uint32_t row = row_of(book, number, what);

	if (row == BAL_NONE || book->rows[row].used)
		return;
	if (!book->open)
		open_bin(book, now_ns, utc_offset_ns);
	series_row_begin(book, row);
}

void series_level(struct series_book *book, uint32_t number, enum series_what what, double value)
{
	uint32_t row = row_of(book, number, what), which = what % SERIES_PER_SUBJECT;

	if (!series_row_used(book, row))
		return;
	book->rows[row].fine[which] = num_clamp(value, 0, 1e24);
	book->rows[row].told[which] = true;
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
	const struct series_book *book, uint32_t row, enum series_grain grain, double value)
{
	struct peak_load load;

	if (is_level(book, row) || !series_peak(book, row, grain, 0, &load))
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
	struct series_row *row = &book->rows[number];

	for (uint32_t i = 0; i < SERIES_PER_SUBJECT; i++) {
		struct forecaster *hourly =
			&book->forecasters[series_index(number, i, SERIES_HOURLY)];
		uint8_t told = row->told_hour[i];

		if (is_level(book, number))
			push(hourly, told < FINE_PER_HOUR / 2,
				row->hour[i] / (told > 0 ? told : 1));
		else
			push(hourly, row->hour_broken,
				usual_of(book, number, SERIES_HOURLY, row->hour[i]));
		row->hour[i] = 0;
		row->told_hour[i] = 0;
	}
	row->hour_broken = false;
}

static void close_row(struct series_book *book, uint32_t number)
{
	struct series_row *row = &book->rows[number];

	for (uint32_t i = 0; i < SERIES_PER_SUBJECT; i++) {
		bool missing = is_level(book, number) ? !row->told[i] : row->fine_broken;

		push(&book->forecasters[series_index(number, i, SERIES_FINE)], missing,
			usual_of(book, number, SERIES_FINE, row->fine[i]));
		watch_value(book, number, i, book->bin, missing ? __builtin_nan("") : row->fine[i]);
		row->hour[i] += row->fine[i];
		row->told_hour[i] += row->told[i];
		row->fine[i] = 0;
		row->told[i] = false;
	}
	row->hour_broken = row->hour_broken || row->fine_broken;
	row->fine_broken = false;
	if ((book->bin + 1) % FINE_PER_HOUR == 0)
		close_hour(book, number);
}

static void close_bin(struct series_book *book)
{
	for (uint32_t i = 0; i < book->rows_high; i++)
		if (book->rows[i].used)
			close_row(book, i);
	book->bin++;
}

/* The open bins have nothing to do with what comes. */
static void break_bins(struct series_book *book)
{
	for (uint32_t i = 0; i < book->rows_high; i++) {
		book->rows[i].fine_broken = true;
		book->rows[i].hour_broken = true;
	}
}

/* The clock is at another time: what was told of the open hour was of another hour. */
static void forget_levels(struct series_book *book)
{
	for (uint32_t i = book->kinds_max; i < book->rows_high; i++)
		for (uint32_t j = 0; j < SERIES_PER_SUBJECT; j++) {
			book->rows[i].fine[j] = book->rows[i].hour[j] = 0;
			book->rows[i].told[j] = false;
			book->rows[i].told_hour[j] = 0;
		}
}

bool series_close(struct series_book *book, int64_t now_ns, int64_t utc_offset_ns)
{
	int64_t at_wall_ns = wall_ns(now_ns, utc_offset_ns);
	int64_t bin = bin_of(at_wall_ns), before = book->bin;

	if (!book->open)
		return false;
	/* A clock that was set back by a little waits for the bin to end; one that was set back by
	 * much begins anew at the present bin. Of a pause longer than all of the past, whole weeks
	 * are left out. */
	if (bin < book->bin - FINE_PER_HOUR) {
		break_bins(book);
		forget_levels(book);
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
	return book->bin != before;
}

/* ---- jobs ---- */

static bool is_due(const struct series_book *book, uint32_t place)
{
	const struct forecaster *forecaster = &book->forecasters[place];

	return book->rows[place / SERIES_PER_ROW].used && forecaster->count >= SERIES_FIT_MIN &&
	       forecaster_is_due(forecaster);
}

bool series_job_is_open(const struct series_book *book)
{
	return book->job.id != 0;
}

bool series_job_begin(struct series_book *book, int64_t now_ns, struct series_job *job)
{
	uint32_t count = book->rows_high * SERIES_PER_ROW;

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

enum series_what series_job_what(const struct series_book *book, uint64_t id, uint32_t *number)
{
	enum series_subject subject =
		series_row_subject(book, (uint32_t)((id - 1) / SERIES_PER_ROW), number);

	return (enum series_what)(
		subject * SERIES_PER_SUBJECT + (id - 1) % SERIES_PER_ROW / SERIES_GRAIN_COUNT);
}

/* ---- views ---- */

const struct forecaster *series_find(const struct series_book *book, uint32_t number,
	enum series_what what, enum series_grain grain)
{
	uint32_t row = row_of(book, number, what);

	if (!series_row_used(book, row))
		return NULL;
	return &book->forecasters[series_index(row, what % SERIES_PER_SUBJECT, grain)];
}

uint32_t series_kinds_high(const struct series_book *book)
{
	return book->rows_high < book->kinds_max ? book->rows_high : book->kinds_max;
}

uint32_t series_rows_high(const struct series_book *book)
{
	return book->rows_high;
}

const char *series_check(const struct series_book *book)
{
	if (book->rows_high > series_rows_max(book) || (!book->open && book->rows_high > 0))
		return "series: rows that are used have an open bin";
	if (book->job.id > (uint64_t)book->rows_high * SERIES_PER_ROW ||
		book->job.generation > book->generation)
		return "series: the job is about a series that is used";
	if (peak_check(&book->peaks) != NULL)
		return peak_check(&book->peaks);
	for (uint32_t i = 0; i < book->rows_high * SERIES_PER_ROW; i++) {
		const struct forecaster *forecaster = &book->forecasters[i];

		if (!book->rows[i / SERIES_PER_ROW].used)
			continue;
		if (forecaster->step_ns != series_step_ns(i % SERIES_GRAIN_COUNT) ||
			forecaster->count > HISTORY_MAX || forecaster->count > forecaster->pushes ||
			forecaster->fitted_at > forecaster->pushes)
			return "series: values, and what was made of them";
	}
	for (uint32_t i = 0; i < book->watched * SERIES_PER_SUBJECT; i++)
		if (vigil_check(&book->watches[i]) != NULL)
			return vigil_check(&book->watches[i]);
	return NULL;
}

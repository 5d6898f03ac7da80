/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SERIES_H
#define BAL_CORE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct bal_band;
struct bal_event_peak;
struct bal_exhaustion;
struct bal_outlook;
struct bal_unrest;
struct bytes_reader;
struct bytes_writer;
struct forecaster;
struct peak_table;

/*
 * series: load and use as they were and as they are expected, in bins of five minutes and of an
 * hour. For each kind of task what arrives is counted: how many tasks, and how many seconds of work
 * they are. For each pool, and for the store, levels are told: what is in use on the mean of a bin;
 * a bin of which nobody tells is missing. Bins begin at round times of the wall clock, which
 * people's days follow. Each series has a forecaster; its fits are long work that the host does,
 * one at a time.
 *
 * What is scheduled (core/peak.h) is no habit: a forecaster gets what the load would have been
 * without it, which is the truth divided by the declared share, or nothing where a rate was
 * declared; forecasts have it put on again. A share that is declared wrong is thereby learned
 * right.
 *
 * A row is a subject with all of its series: the kinds by their numbers, then the pools, then the
 * store. It costs nothing until it is first used, then about 80 KiB that grow to 180 with its past;
 * the first 32 kinds are watched for what is unusual, which is 100 KiB more.
 */
enum series_what {
	SERIES_ARRIVALS, /* of a kind */
	SERIES_WORK,
	SERIES_CPU, /* of a pool */
	SERIES_MEMORY,
	SERIES_STORAGE, /* of the store, whose number is 0 */
	SERIES_DATA,
	SERIES_WHAT_COUNT
};
enum series_grain { SERIES_FINE, SERIES_HOURLY, SERIES_GRAIN_COUNT };
enum series_subject { SERIES_KIND, SERIES_POOL, SERIES_STORE, SERIES_SUBJECT_COUNT };

#define SERIES_KINDS_MAX 1024 /* kinds with higher numbers have no series */
#define SERIES_POOLS_MAX 1024 /* pools likewise */
#define SERIES_PER_ROW   4    /* two things that are measured, in two grains */
#define SERIES_FIT_MIN   24   /* values before there is a forecast: two hours, or a day */

struct series_book;

/* One piece of long work: the fit of one series. */
struct series_job {
	uint64_t id; /* 0: none */
	uint32_t generation;
};

/* A book for so many kinds and pools; the arena's memory is zero. Touches nothing but its head. */
struct series_book *series_place(struct arena *arena, uint32_t kinds_max, uint32_t pools_max);

/* Counts a task of this kind that arrives now and is work of so many seconds. */
void series_arrived(struct series_book *book, uint32_t kind, double work_s, int64_t now_ns,
	int64_t utc_offset_ns);

/* Tells the level of the open bin as it is known so far. */
void series_level(struct series_book *book, uint32_t number, enum series_what what, double value);

/* Opens the bin of a pool or the store, of which levels will be told. */
void series_begin(struct series_book *book, uint32_t number, enum series_what what, int64_t now_ns,
	int64_t utc_offset_ns);

/* When the open bins end; BAL_NEVER_NS before the first task or level. */
int64_t series_next_ns(const struct series_book *book);

/* Closes the bins that have ended by now. Bins in which nobody counted, because the process did not
 * run, are missing. Call it too when the wall clock was set. True when another bin is open now. */
bool series_close(struct series_book *book, int64_t now_ns, int64_t utc_offset_ns);

/* Declares a scheduled window, or takes it back; false when it is out of range. */
bool series_peak_set(struct series_book *book, const struct bal_event_peak *peak);

/* The scheduled windows. */
const struct peak_table *series_peaks(const struct series_book *book);

/* True when a series wants a fit and none is under way: *job is then the one to do. */
bool series_job_begin(struct series_book *book, int64_t now_ns, struct series_job *job);

/* True when a job is under way. */
bool series_job_is_open(const struct series_book *book);

/* The job ended with a result, or without one (size 0). False when it is not the one under way. A
 * result that is none is dropped; *fitted: it was taken. */
bool series_job_end(struct series_book *book, const struct series_job *job, const void *result,
	size_t size, bool *fitted);

/* What a job's id is about, and the number of its kind or pool. */
enum series_what series_job_what(const struct series_book *book, uint64_t id, uint32_t *number);

/* True when the value `back` bins ago of the job's series, from 1 on, was odd for a short while: no
 * example of what comes. */
bool series_job_leaves_out(
	const struct series_book *book, const struct series_job *job, uint32_t back);

/* The forecaster that the job under way is about; NULL when that is another job. */
const struct forecaster *series_job_of(
	const struct series_book *book, const struct series_job *job);

/* The forecaster of a series; NULL when nothing of its row was ever seen. */
const struct forecaster *series_find(const struct series_book *book, uint32_t number,
	enum series_what what, enum series_grain grain);

/* bal_series_unrest of a book. */
bool series_unrest(const struct series_book *book, uint32_t kind, enum series_what what,
	struct bal_unrest *unrest);

/* True while the series of a used kind is not as usual, so that its forecasts are not acted on. */
bool series_is_odd(const struct series_book *book, uint32_t kind, enum series_what what);

/* Takes the next kind of which a series became odd, or ordinary again; false when there is none. */
bool series_news(struct series_book *book, uint32_t *kind);

/* Kinds from here on have no series. */
uint32_t series_kinds_high(const struct series_book *book);

/* Rows from here on have no series; the row of a subject, BAL_NONE when it has none; the subject of
 * a row; true when something of it was seen. */
uint32_t series_rows_high(const struct series_book *book);
uint32_t series_row(const struct series_book *book, enum series_subject subject, uint32_t number);
enum series_subject series_row_subject(
	const struct series_book *book, uint32_t row, uint32_t *number);
bool series_row_used(const struct series_book *book, uint32_t row);

/* The forecasts' steps. */
int64_t series_step_ns(enum series_grain grain);

/* ---- views: series_view.c; see those of ballast.h ---- */

/* bal_outlook, bal_series_past and bal_series_ahead of a book. */
bool series_outlook(const struct series_book *book, uint32_t number, enum series_what what,
	uint32_t horizon, struct bal_outlook *outlook);
bool series_past(const struct series_book *book, uint32_t number, enum series_what what,
	enum series_grain grain, uint32_t back, double *value);
bool series_ahead(const struct series_book *book, uint32_t number, enum series_what what,
	enum series_grain grain, uint32_t lead, struct bal_band *band);

/* How far ahead a horizon of plans is: 0 is now, then those of series_outlook. */
int64_t series_horizon_ns(uint32_t horizon);

/* When the forecast reaches a limit, from now: on its mean, by its upper and by its lower edge of
 * 80 %. BAL_NEVER_NS when that is not within a week. False when there is no forecast. */
bool series_exhaustion(const struct series_book *book, uint32_t number, enum series_what what,
	double limit, int64_t now_ns, struct bal_exhaustion *exhaustion);

/* Arrivals per second that are expected on the mean of the next `ahead_s` seconds, an hour at most.
 * False when there is no forecast, or one that has not been right often enough to act on. */
bool series_rate(const struct series_book *book, uint32_t kind, double ahead_s, double *rate);

/* How the arrivals of a kind move, by a forecast that is sure enough for orders to follow it. */
struct series_course {
	double now, later; /* per second; with what is declared for these instants */
	double drift;      /* of the usual ones, relative, per second */
};

/* Now and `ahead_s` seconds from now, an hour at most. False when no forecast is sure enough, or
 * while the series is not as usual. */
bool series_course(const struct series_book *book, uint32_t kind, int64_t now_ns, double ahead_s,
	struct series_course *course);

/* Work per second that is forecast, of all kinds whose forecasts have been right often enough. */
struct series_tide {
	double soon; /* for the largest step of the next hour */
	double day;  /* on the mean of the next day */
	double odd;  /* the part of it that is of kinds that are not as usual now */
};

/* False when there is none. */
bool series_tide(const struct series_book *book, struct series_tide *tide);

/* ---- saved states: series_form.c ---- */

/* Writes all of the book. `flush` is called after at most 1 KiB each, for a writer that wants to be
 * emptied. */
typedef void series_flush(void *context);
void series_put(const struct series_book *book, struct bytes_writer *writer, series_flush *flush,
	void *context);

/* Reads it into a fresh book; false when the bytes are none. */
bool series_read(struct series_book *book, struct bytes_reader *reader);

/* What a snapshot holds of one row, its newest `values_max` values at most, and back: into a row
 * that was never used, or nowhere with BAL_NONE. Bins that were open are then missing. */
void series_row_put(const struct series_book *book, uint32_t row, uint32_t values_max,
	struct bytes_writer *writer);
bool series_row_read(struct series_book *book, uint32_t row, struct bytes_reader *reader);

/* The name of the first rule that is broken; NULL when all hold. */
const char *series_check(const struct series_book *book);

#endif

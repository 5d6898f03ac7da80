/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SERIES_H
#define BAL_CORE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct bal_band;
struct bal_event_peak;
struct bal_outlook;
struct bal_unrest;
struct bytes_reader;
struct bytes_writer;
struct forecaster;
struct peak_table;

/*
 * series: the load as it was and as it is expected. For each kind of task what arrives is counted
 * in bins of five minutes and of an hour: how many tasks, and how many seconds of work they are.
 * Bins begin at round times of the wall clock, which people's days follow. Each series has a
 * forecaster; its fits are long work that the host does, one at a time.
 *
 * What is scheduled (core/peak.h) is no habit: a forecaster gets what the load would have been
 * without it, which is the truth divided by the declared share, or nothing where a rate was
 * declared; forecasts have it put on again. A share that is declared wrong is thereby learned
 * right.
 *
 * A kind costs nothing until its first task, then about 80 KiB that grow to 180 with its past; the
 * first 32 kinds are watched for what is unusual, which is 100 KiB more.
 */
enum series_what { SERIES_ARRIVALS, SERIES_WORK, SERIES_WHAT_COUNT };
enum series_grain { SERIES_FINE, SERIES_HOURLY, SERIES_GRAIN_COUNT };

#define SERIES_KINDS_MAX 1024 /* kinds with higher numbers have no series */
#define SERIES_FIT_MIN   24   /* values before there is a forecast: two hours, or a day */

struct series_book;

/* One piece of long work: the fit of one series. */
struct series_job {
	uint64_t id; /* 0: none */
	uint32_t generation;
};

/* A book for kinds 0 .. kinds_max - 1; the arena's memory is zero. Touches nothing but its head. */
struct series_book *series_place(struct arena *arena, uint32_t kinds_max);

/* Counts a task of this kind that arrives now and is work of so many seconds. */
void series_arrived(struct series_book *book, uint32_t kind, double work_s, int64_t now_ns,
	int64_t utc_offset_ns);

/* When the open bins end; BAL_NEVER_NS before the first task. */
int64_t series_next_ns(const struct series_book *book);

/* Closes the bins that have ended by now. Bins in which nobody counted, because the process did not
 * run, are missing. Call it too when the wall clock was set. */
void series_close(struct series_book *book, int64_t now_ns, int64_t utc_offset_ns);

/* Declares a scheduled window, or takes it back; false when it is out of range. */
bool series_peak_set(struct series_book *book, const struct bal_event_peak *peak);

/* The scheduled windows. */
const struct peak_table *series_peaks(const struct series_book *book);

/* True when a series wants a fit and none is under way: *job is then the one to do. */
bool series_job_begin(struct series_book *book, int64_t now_ns, struct series_job *job);

/* The job ended with a result, or without one (size 0). False when it is not the one under way. A
 * result that is none is dropped; *fitted: it was taken. */
bool series_job_end(struct series_book *book, const struct series_job *job, const void *result,
	size_t size, bool *fitted);

/* The kind and enum series_what that a job's id is about. */
uint32_t series_job_kind(uint64_t id);
uint32_t series_job_what(uint64_t id);

/* True when the value `back` bins ago of the job's series, from 1 on, was odd for a short while: no
 * example of what comes. */
bool series_job_leaves_out(
	const struct series_book *book, const struct series_job *job, uint32_t back);

/* The forecaster that the job under way is about; NULL when that is another job. */
const struct forecaster *series_job_of(
	const struct series_book *book, const struct series_job *job);

/* The forecaster of a series; NULL when no task of the kind was ever seen. */
const struct forecaster *series_find(const struct series_book *book, uint32_t kind,
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

/* The forecasts' steps. */
int64_t series_step_ns(enum series_grain grain);

/* ---- views: series_view.c; see those of ballast.h ---- */

/* bal_outlook, bal_series_past and bal_series_ahead of a book. */
bool series_outlook(const struct series_book *book, uint32_t kind, enum series_what what,
	uint32_t horizon, struct bal_outlook *outlook);
bool series_past(const struct series_book *book, uint32_t kind, enum series_what what,
	enum series_grain grain, uint32_t back, double *value);
bool series_ahead(const struct series_book *book, uint32_t kind, enum series_what what,
	enum series_grain grain, uint32_t lead, struct bal_band *band);

/* How far ahead a horizon of plans is: 0 is now, then those of series_outlook. */
int64_t series_horizon_ns(uint32_t horizon);

/* Arrivals per second that are expected on the mean of the next `ahead_s` seconds, an hour at most.
 * False when there is no forecast, or one that has not been right often enough to act on. */
bool series_rate(const struct series_book *book, uint32_t kind, double ahead_s, double *rate);

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

/* What a snapshot holds of one kind, its newest `values_max` values at most, and back: into a kind
 * that was never seen, or nowhere with BAL_NONE. Bins that were open are then missing. */
void series_kind_put(const struct series_book *book, uint32_t kind, uint32_t values_max,
	struct bytes_writer *writer);
bool series_kind_read(struct series_book *book, uint32_t kind, struct bytes_reader *reader);

/* The name of the first rule that is broken; NULL when all hold. */
const char *series_check(const struct series_book *book);

#endif

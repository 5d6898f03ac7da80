/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SERIES_STATE_H
#define BAL_CORE_SERIES_STATE_H

#include "core/forecaster.h"
#include "core/peak.h"
#include "core/series.h"
#include "core/vigil.h"

/* series_state: what series.c (life) and series_form.c (saved states) share. */

/* The first kinds that are seen are watched; 50 KiB each for arrivals and work is too much for a
 * thousand of them. */
#define SERIES_WATCHED_MAX 32

/* The bins of a kind that are open. */
struct series_kind {
	bool used;
	bool news;      /* a series of it became odd, or ordinary again, and nobody was told */
	uint32_t watch; /* 1 + its place among the watched kinds; 0: none */
	bool fine_broken, hour_broken; /* they began without us: their value will be missing */
	double fine[SERIES_WHAT_COUNT];
	double hour[SERIES_WHAT_COUNT]; /* of the fine bins in it that are closed */
};

struct series_book {
	uint32_t kinds_max;
	uint32_t kinds_high; /* kinds from here on were never used */
	bool open;           /* there is an open bin */
	bool look;           /* a series may want a fit */
	int64_t bin;         /* its number since the epoch of the wall clock */
	int64_t next_ns;     /* core time at which it ends */
	struct series_job job;
	uint32_t generation; /* of the last job */
	uint32_t turn;       /* place of the series to look at next */
	int64_t job_at_ns;
	struct peak_table peaks;
	struct series_kind *kinds;
	struct forecaster *forecasters; /* by series_index */
	bool news;                      /* of any kind */
	uint32_t watched;               /* kinds that have watches */
	struct vigil *watches;          /* SERIES_WHAT_COUNT of each */
};

#define SERIES_PER_KIND (SERIES_WHAT_COUNT * SERIES_GRAIN_COUNT)

/* The place of a series in its book. */
static inline uint32_t series_index(uint32_t kind, uint32_t what, uint32_t grain)
{
	return kind * SERIES_PER_KIND + what * SERIES_GRAIN_COUNT + grain;
}

/* What is declared for the bin that is `ahead` of the open one, 0 being that. */
bool series_peak(const struct series_book *book, uint32_t kind, enum series_grain grain,
	int64_t ahead, struct peak_load *load);

/* Begins the series of a kind that was never used. */
void series_kind_begin(struct series_book *book, uint32_t kind);

/* Gives a kind watches, as long as there are any. */
void series_watch_begin(struct series_book *book, uint32_t kind);

/* The watch of a series; NULL when the kind has none. */
static inline struct vigil *series_watch(
	const struct series_book *book, uint32_t kind, uint32_t what)
{
	uint32_t place = book->kinds[kind].watch;

	return place == 0 ? NULL : &book->watches[(place - 1) * SERIES_WHAT_COUNT + what];
}

/* Shows the watches of a kind the past that its forecasters know, a week at most, of which nobody
 * is told any more; `bin` is the first one behind it. */
void series_watch_again(struct series_book *book, uint32_t kind, int64_t bin);

#endif

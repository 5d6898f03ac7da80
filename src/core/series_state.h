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

#define SERIES_PER_SUBJECT 2 /* things that are measured */

/* The open bins of a row. */
struct series_row {
	bool used;
	bool news;      /* a series of it became odd, or ordinary again, and nobody was told */
	uint32_t watch; /* 1 + its place among the watched kinds; 0: none */
	bool fine_broken, hour_broken; /* of counts: they began without us, and will be missing */
	double fine[SERIES_PER_SUBJECT];
	double hour[SERIES_PER_SUBJECT];       /* of the fine bins in it that are closed */
	bool told[SERIES_PER_SUBJECT];         /* of levels: somebody told */
	uint8_t told_hour[SERIES_PER_SUBJECT]; /* fine bins of the hour of which somebody told */
};

struct series_book {
	uint32_t kinds_max, pools_max;
	uint32_t rows_high; /* rows from here on were never used */
	bool open;          /* there is an open bin */
	bool look;          /* a series may want a fit */
	int64_t bin;        /* its number since the epoch of the wall clock */
	int64_t next_ns;    /* core time at which it ends */
	struct series_job job;
	uint32_t generation; /* of the last job */
	uint32_t turn;       /* place of the series to look at next */
	int64_t job_at_ns;
	struct peak_table peaks;
	struct series_row *rows;
	struct forecaster *forecasters; /* by series_index */
	bool news;                      /* of any kind */
	uint32_t watched;               /* kinds that have watches */
	struct vigil *watches;          /* SERIES_PER_SUBJECT of each */
};

/* Rows of kinds, of pools and of the store. */
static inline uint32_t series_rows_max(const struct series_book *book)
{
	return book->kinds_max + book->pools_max + 1;
}

/* What is declared for the bin that is `ahead` of the open one, 0 being that. */
bool series_peak(const struct series_book *book, uint32_t kind, enum series_grain grain,
	int64_t ahead, struct peak_load *load);

/* The place of a row's series in its book: which of the row's, in which grain. */
static inline uint32_t series_index(uint32_t row, uint32_t which, uint32_t grain)
{
	return row * SERIES_PER_ROW + which * SERIES_GRAIN_COUNT + grain;
}

/* Begins the series of a row that was never used. */
void series_row_begin(struct series_book *book, uint32_t row);

/* Gives a kind watches, as long as there are any. */
void series_watch_begin(struct series_book *book, uint32_t kind);

/* The watch of a series of a kind; NULL when it has none, and for what is of no kind. */
static inline struct vigil *series_watch(
	const struct series_book *book, uint32_t kind, uint32_t what)
{
	uint32_t place = what < SERIES_PER_SUBJECT ? book->rows[kind].watch : 0;

	return place == 0 ? NULL : &book->watches[(place - 1) * SERIES_PER_SUBJECT + what];
}

/* Shows the watches of a kind the past that its forecasters know, a week at most, of which nobody
 * is told any more; `bin` is the first one behind it. */
void series_watch_again(struct series_book *book, uint32_t kind, int64_t bin);

#endif

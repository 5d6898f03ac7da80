/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TEST_SERIES_H
#define BAL_TEST_SERIES_H

#include <stdint.h>

/*
 * series: drawn series of every kind that people have, each the same on every machine. NaN: nobody
 * measured.
 */
#define SERIES_MAX 9000

/* X(NAME, step in seconds, values) */
#define SERIES(X)                                                                                  \
	X(LOAD, 3600, 900)       /* days and weeks, noise, holes, zeros that are holes, spikes */  \
	X(SHORT_WEEK, 3600, 345) /* two weeks and a bit: one repetition */                         \
	X(EARLY_WEEK, 3600, 190) /* a week and a bit */                                            \
	X(COUNTS, 300, 1200)     /* few arrivals, more of them by day */                           \
	X(LONG, 300, 8300)       /* more than is kept */                                           \
	X(MINUTES, 60, 3100)     /* a day of very many steps, no week yet */                       \
	X(TREND, 3600, 300)      /* grows, with noise */                                           \
	X(SHIFT, 3600, 400)      /* three times as much from one hour to the next */               \
	X(BURSTS, 600, 700)      /* mostly zero */                                                 \
	X(CYCLE, 300, 240)       /* repeats by the hour */                                         \
	X(BALANCE, 1800, 500)    /* above and below zero, with a day */                            \
	X(WALK, 60, 300)         /* wanders, no season */                                          \
	X(DAYS, 86400, 120)      /* one value a day, weekends */                                   \
	X(FORTNIGHTS, 1209600, 40) /* steps longer than a week */                                  \
	X(SECONDS, 1, 900)         /* a day of more steps than are kept */                         \
	X(HUGE, 3600, 120)         /* near the largest values allowed */                           \
	X(TINY, 3600, 120)         /* near the smallest */                                         \
	X(CONSTANT, 3600, 60)      /* always the same */                                           \
	X(ZEROS, 3600, 60)         /* always nothing */                                            \
	X(THREE, 3600, 3)          /* three values */                                              \
	X(ONE, 3600, 1)            /* one value */                                                 \
	X(LATE, 3600, 200)         /* nothing at first */                                          \
	X(NOTHING, 3600, 20)       /* nobody ever measured */

enum series_kind {
#define X(name, step_s, count) SERIES_##name,
	SERIES(X)
#undef X
		SERIES_COUNT
};

struct series {
	const char *name;
	int64_t step_ns;
	uint32_t count;
	double values[SERIES_MAX];
};

/* Draws the whole series. */
void series_draw(struct series *series, enum series_kind kind);

#endif

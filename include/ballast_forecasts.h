/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_forecasts.h - load and use as they are expected, and what is unusual in what came.
 * Included by ballast.h.
 */
#ifndef BALLAST_FORECASTS_H
#define BALLAST_FORECASTS_H

#include <stdbool.h>
#include <stdint.h>

/* What is forecast: of each kind, of each pool, and of the store, whose number is 0. */
enum bal_series {
	BAL_SERIES_ARRIVALS, /* of a kind: tasks that are accepted, */
	BAL_SERIES_WORK,     /* and the seconds of service that they are */
	BAL_SERIES_CPU,      /* of a pool: thousandths of a core that its agents use, */
	BAL_SERIES_MEMORY,   /* and MiB */
	BAL_SERIES_STORAGE,  /* of the store: bytes in use on its filesystem, */
	BAL_SERIES_DATA,     /* and those of the data directory */
	BAL_SERIES_COUNT
};

#define BAL_HORIZONS_MAX 7 /* 15 min, 1, 4, 6, 24, 72 and 168 hours */

/* A forecast of one bin. The truth is within the outer pair 19 times out of 20. */
struct bal_band {
	double mean;
	double low80, high80, low95, high95;
	uint32_t peak; /* name of the scheduled one that is in it; BAL_NONE */
	double usual;  /* the mean without it; NaN when there is no such forecast */
};

/* A forecast and what such forecasts were worth so far. */
struct bal_outlook {
	int64_t ahead_ns; /* from now to the end of the bin */
	int64_t bin_ns;   /* its length: 5 min for the near horizons, an hour for the far ones */
	struct bal_band band;
	bool scored;               /* the rest but confidence is known */
	bool skilled;              /* skill is known: there was a season to repeat */
	double accuracy;           /* 1 - sum of errors / sum of values */
	double bias;               /* mean error / mean value; above 0: too much was forecast */
	double skill;              /* 1 - errors / those of repeating the last season */
	double inside80, inside95; /* share of truths within the intervals */
	double confidence;         /* chance that the mean is right within 20 % */
};

/* How unusual the newest bin of five minutes of a series is. */
struct bal_unrest {
	double score;   /* 0 .. 1; from 0.5 on somebody should look */
	bool anomalous; /* from such a bin until half an hour is as usual: nothing acts on forecasts
			 */
	int64_t since_ns; /* UTC, when anomalous: where it began; else BAL_NEVER_NS */
};

/* Service times of a kind against what is usual at this time of the day. */
struct bal_shift {
	bool found;       /* the rest is known */
	double factor;    /* they are so many times longer */
	int64_t since_ns; /* UTC: where it seems to have begun */
	int64_t at_ns;    /* UTC: when it was found */
};

/* A limit is never reached; by the forecast; or since what stays in use rises (in an agent). */
enum bal_exhaustion_by { BAL_EXHAUSTION_NONE, BAL_EXHAUSTION_FORECAST, BAL_EXHAUSTION_TREND };

/* When it is used up, from now; BAL_NEVER_NS: not foreseen. Amounts are in units of the series. */
struct bal_exhaustion {
	enum bal_exhaustion_by by;
	double now, limit;
	int64_t soonest_ns, likely_ns, latest_ns;
};

#endif

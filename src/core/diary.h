/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_DIARY_H
#define BAL_CORE_DIARY_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * diary: what came to a pool in the last day, in bins of ten seconds, and how long tasks took: what
 * a replay plays. 35 KiB. Bins are finer than the minutes that a load is judged by, since what a
 * strategy is late for is decided within seconds.
 */
#define DIARY_BIN_S    10
#define DIARY_BINS     8640 /* a day */
#define DIARY_SERVICES 144  /* of ten minutes each */

struct diary {
	int64_t bin;    /* number of the open one, since the clock's zero */
	uint32_t count; /* of bins before it, missing ones included, at most a day */
	bool begun;
	bool broken;         /* the open bin was not seen whole */
	bool odd;            /* likewise: the load was not as usual in it */
	double open;         /* tasks that came in it */
	double open_squares; /* the same, squared look by look */
	uint32_t looks;      /* in it */
	/* Variance between the seconds of a bin and their mean, of about a day. */
	double variance_sum, mean_sum;
	uint32_t bins[DIARY_BINS];       /* by number */
	float service_s[DIARY_SERVICES]; /* mean at the end of its ten minutes; 0 = not known */
};

/* What a look adds. */
struct diary_look {
	int64_t now_ns;
	bool follows; /* on the look before; else something was missed */
	bool odd;
	double arrivals;  /* since the look before */
	double service_s; /* mean of a task now; 0 = not known */
};

/* One look, about every second. */
void diary_see(struct diary *diary, const struct diary_look *look);

/* What came in the bin `back` bins ago, 1 is the newest that is closed: false when nobody saw it.
 */
bool diary_bin(const struct diary *diary, uint32_t back, uint32_t *arrivals, bool *odd);

/* The mean service then; 0 = not known. */
double diary_service_s(const struct diary *diary, uint32_t back);

/* How many tasks come together within a second: variance over mean of seconds, 1 when they know
 * nothing of each other. */
double diary_clump(const struct diary *diary);

/* True when there is a day, of which a tenth at most is missing. */
bool diary_is_whole(const struct diary *diary);

/* Writes it; between pieces of less than a KiB `slide` is called, which may empty the writer; NULL:
 * nothing is. */
void diary_put(const struct diary *diary, struct bytes_writer *writer, void (*slide)(void *),
	void *context);

/* Reads it; false when the bytes are no diary, which is then empty. */
bool diary_read(struct diary *diary, struct bytes_reader *reader);

#endif

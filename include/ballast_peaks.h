/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_peaks.h - load that is known before it comes: what an event declares, and its view.
 * Included by ballast.h.
 */
#ifndef BALLAST_PEAKS_H
#define BALLAST_PEAKS_H

#include <stdbool.h>
#include <stdint.h>

#define BAL_PEAKS_MAX      128 /* windows of time with a load of their own */
#define BAL_PEAK_KINDS_MAX 16  /* kinds that one of them may name */

/* A window of wall-clock time, UTC, in which the load will differ from the usual. */
struct bal_event_peak {
	uint32_t place;      /* 0 .. BAL_PEAKS_MAX - 1; what stood there is replaced */
	uint32_t name;       /* of the peak that the window belongs to; several may share it */
	uint32_t days;       /* bit per day of the week that it begins on, 1 = Monday; 0 = once */
	int64_t begins_ns;   /* since 00:00 of such a day; once: since 1970 */
	int64_t duration_ns; /* 0: the place is empty from now on */
	uint32_t factor_permille; /* of the usual load; counts when rate_count is 0 */
	uint32_t rate_count;      /* tasks of each of its kinds per period, in place of the usual */
	int64_t rate_period_ns;
	uint32_t kinds_count; /* 0 = all */
	uint32_t kinds[BAL_PEAK_KINDS_MAX];
};

#define BAL_MINIMUMS_MAX 256 /* windows of time with a minimum of their own, of all pools */

/* A window of wall-clock time, UTC, in which a pool has at least so many agents. They are ordered
 * as long before it begins as agents of the pool take to boot. */
struct bal_event_minimum {
	uint32_t place; /* 0 .. BAL_MINIMUMS_MAX - 1; what stood there is replaced */
	uint32_t pool;
	uint32_t days;       /* as those of a peak */
	int64_t begins_ns;   /* likewise */
	int64_t duration_ns; /* 0: the place is empty from now on */
	uint32_t agents;     /* clamped to the pool's maximum */
};

/* A scheduled window and its time to come, or under way. */
struct bal_peak_view {
	struct bal_event_peak peak;
	bool comes; /* the rest is known: it is not over for good */
	int64_t begins_at_ns;
	int64_t ends_at_ns;
};

struct bal_core;

/* The scheduled minimum at a place, 0 .. BAL_MINIMUMS_MAX - 1; false when the place is empty. */
bool bal_minimum_view(
	const struct bal_core *core, uint32_t place, struct bal_event_minimum *minimum);

#endif

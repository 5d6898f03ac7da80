/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_PEAK_H
#define BAL_CORE_PEAK_H

#include "ballast.h"
#include "base/units.h"

#define PEAK_ONCE_MAX_NS  (366 * NS_PER_DAY) /* one that does not repeat lasts no longer */
#define PEAK_BEGIN_MAX_NS (INT64_MAX - 2 * PEAK_ONCE_MAX_NS) /* in the year 2260 */

/*
 * peak: windows of time in which somebody said that the load will differ from the usual. All times
 * here are of the wall clock in UTC, which knows no summer time: a day has 24 hours, a week seven
 * days.
 *
 * A window is a share of the usual load, or a rate in place of it. Where several are open at once,
 * a rate outranks shares and the largest counts, since each of them speaks of the same load.
 */
struct peak_table {
	uint32_t high;                              /* places from here on are empty */
	struct bal_event_peak items[BAL_PEAKS_MAX]; /* duration_ns 0: empty, all zero */
};

/* What is declared for a span of time, on its mean: the usual load times `share`, and beside it
 * `rate` tasks per second. */
struct peak_load {
	double share;
	double rate;
	uint32_t name; /* of what counted for the longest stretch */
};

/* True when it is in range, or empties its place. */
bool peak_valid(const struct bal_event_peak *peak);

/* Puts a window in its place, or empties that. False when it is out of range: nothing changed. */
bool peak_set(struct peak_table *table, const struct bal_event_peak *peak);

/* What is declared for a kind from one instant up to a later one, at most eight days. False when
 * nothing is: the load is the usual one. */
bool peak_over(const struct peak_table *table, uint32_t kind, int64_t from_ns, int64_t to_ns,
	struct peak_load *load);

/* The occurrence of a window that is open, or else the next one. False when there is none. */
bool peak_next(
	const struct bal_event_peak *peak, int64_t at_ns, int64_t *begins_ns, int64_t *ends_ns);

/* The name of the first rule that is broken; NULL when all hold. */
const char *peak_check(const struct peak_table *table);

#endif

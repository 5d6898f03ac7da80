/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_MINIMUM_H
#define BAL_CORE_MINIMUM_H

#include "ballast.h"

/*
 * minimum: windows of wall-clock time in which a pool has more agents at least than its
 * configuration says of all times. Windows are those of core/peak.h; where several are open, the
 * largest counts.
 */
struct minimum_table {
	uint32_t high;                                    /* places from here on are empty */
	struct bal_event_minimum items[BAL_MINIMUMS_MAX]; /* duration_ns 0: empty, all zero */
};

/* True when it is in range, or empties its place. */
bool minimum_valid(const struct bal_event_minimum *minimum);

/* Puts a window in its place, or empties that. False when it is out of range: nothing changed. */
bool minimum_set(struct minimum_table *table, const struct bal_event_minimum *minimum);

/* The most that a window of the pool wants, of those that are open at an instant of the wall clock
 * or open within `ahead_ns` of it. */
uint32_t minimum_of(
	const struct minimum_table *table, uint32_t pool, int64_t at_ns, int64_t ahead_ns);

/* Says anew what the highest place is, after the items were read from bytes. False when they are
 * none. */
bool minimum_restore(struct minimum_table *table);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_CLOCK_H
#define BAL_DAEMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Core time and wall clock.
 *
 * Core time is monotonic and goes on where it stood at the last start: the time that passed while
 * the daemon was down is added by the wall clock, and is zero when that went backwards.  Instants
 * that leave the daemon are wall clock; they are converted here and nowhere else.
 */
struct clock {
	int64_t base_ns;    /* core time when the daemon started */
	int64_t started_ns; /* monotonic clock of the machine then */
	int64_t utc_offset_ns;
};

/* Starts the clock.  `saved_core_ns` and `saved_utc_ns` are what clock_core_ns and clock_utc_ns
 * said when they were last saved; 0 and 0 for a new data directory. */
void clock_start(struct clock *clock, int64_t saved_core_ns, int64_t saved_utc_ns);

/* Core time now. */
int64_t clock_core_ns(const struct clock *clock);

/* Wall clock now, nanoseconds since 1970. */
int64_t clock_utc_ns(void);

/* Reads the wall clock again.  True when it jumped by more than a second against core time. */
bool clock_sync(struct clock *clock);

/* Conversions of one instant; 0 on the wall and INT64_MAX in core both mean "none". */
int64_t clock_to_utc_ns(const struct clock *clock, int64_t core_ns);
int64_t clock_to_core_ns(const struct clock *clock, int64_t utc_ns);

#endif

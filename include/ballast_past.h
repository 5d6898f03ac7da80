/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_past.h - what was measured: the last value of every signal, and its past.
 *
 * A part of ballast.h, which includes it and explains events and times.  Each accepted sample is
 * kept: of agents for six hours, of pools, kinds, the host and the store for 90 days, in slots that
 * begin at round times of the wall clock.  What agents say is part of the past of their pool too,
 * under the agent's signal.  No decision looks at any of this.
 */
#ifndef BALLAST_PAST_H
#define BALLAST_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballast_signals.h"

struct bal_core;

/* Lengths of slots: agents have the first two only. */
#define BAL_GRAIN_MAP(X)                                                                           \
	X(FINE, "5s", 5)                                                                           \
	X(MINUTE, "1m", 60)                                                                        \
	X(QUARTER, "15m", 900)                                                                     \
	X(HOUR, "1h", 3600)

enum bal_grain {
#define X(name, text, seconds) BAL_GRAIN_##name,
	BAL_GRAIN_MAP(X)
#undef X
		BAL_GRAIN_COUNT
};

#define BAL_FLAG_CLAMPED 1u /* the last sample was beyond what can be real and was cut to that */
#define BAL_FLAG_REFUSED 2u /* the last sample was negative and was refused */
#define BAL_FLAG_SILENT  4u /* three samples or more did not come */

/* One signal of one subject. */
struct bal_signal_view {
	uint64_t id;
	uint32_t subject; /* enum bal_subject */
	uint32_t signal;  /* enum bal_signal */
	uint32_t flags;   /* BAL_FLAG_ */
	int64_t last;     /* -1: nothing was accepted yet */
	int64_t at_ns;    /* when the last accepted sample came; BAL_NEVER_NS = none did */
	uint64_t count;   /* accepted samples, the clamped ones included */
	uint64_t clamped; /* of these, how many were cut */
	uint64_t refused; /* nonsense that was not taken */
};

/* A closed slot. Of agents only mean and max are known, the rest is -1; of a slot in which nobody
 * reported everything is -1 and the count is 0. */
struct bal_signal_slot {
	int64_t begin_ns; /* wall clock */
	int64_t count;
	int64_t min, mean, max;
	int64_t p50, p90, p95, p99;
};

/* What has a past is walked by place: 0 .. bal_signal_places - 1, some of which hold nothing. */
uint32_t bal_signal_places(const struct bal_core *core);
bool bal_signal_at(const struct bal_core *core, uint32_t place, struct bal_signal_view *view);

/* One of them; false when nobody reported it. */
bool bal_signal_find(const struct bal_core *core, enum bal_subject subject, uint64_t id,
	enum bal_signal signal, struct bal_signal_view *view);

/* The closed slot `back` slots ago, from 1 on, counted from the last sample. False when it is older
 * than what is kept. */
bool bal_signal_slot(const struct bal_core *core, const struct bal_signal_view *view,
	enum bal_grain grain, uint32_t back, struct bal_signal_slot *slot);

/* Signals that there was no room for. */
uint64_t bal_signals_dropped(const struct bal_core *core);

/* ---- the past over restarts ----
 *
 * What is not of agents can be kept elsewhere, cut into rows: one for each signal, grain (QUARTER
 * or HOUR) and day of UTC, numbered since 1970. A row is renewed as slots of its day close. A fresh
 * core takes rows before START, of each signal and grain the days in their order.
 */
#define BAL_PAST_ROW_SIZE_MAX 16384

/* Signals with rows are at the places 0 .. bal_past_places - 1 of bal_signal_at, for ever. */
uint32_t bal_past_places(const struct bal_core *core);

/* Where the closed slots at a place begin and end on the wall clock; false when there are none and
 * none is open. */
bool bal_past_span(const struct bal_core *core, uint32_t place, enum bal_grain grain,
	int64_t *begin_ns, int64_t *end_ns);

/* Writes a row and returns its size: 0 when the day has nothing, or when it needs more room than
 * `size`, which BAL_PAST_ROW_SIZE_MAX never is. */
size_t bal_past_save(const struct bal_core *core, uint32_t place, enum bal_grain grain, int64_t day,
	void *to, size_t size);

/* Takes a row, at this time of the wall clock. False, without effect, when it is damaged or not of
 * a later day, when no such subject can be, or when there is no room for one more signal. */
bool bal_past_load(struct bal_core *core, enum bal_subject subject, uint64_t id,
	enum bal_signal signal, enum bal_grain grain, int64_t wall_ns, const void *from,
	size_t size);

/* After the last row: every signal's past goes on at this time, as after a silence. */
void bal_past_resume(struct bal_core *core, int64_t wall_ns);

/* Text and length of a grain; "?" and 0 outside the table. */
const char *bal_grain_name(enum bal_grain grain);
int64_t bal_grain_ns(enum bal_grain grain);

#endif

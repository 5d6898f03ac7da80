/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_REPORTED_H
#define BAL_WIRE_REPORTED_H

#include "table/presets.h"
#include "wire/nearest.h"
#include "wire/span.h"

#include "ballast_signals.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * reported: what agents say of themselves, made into signals. Only the signals that nobody but the
 * agent can know are taken from it: what decisions are taken by is measured, never believed.
 *
 * Nonsense does not get past here: no number below 0 and none that is not finite, none above what
 * can be real; counters become what was added since the look before, and one that went back began
 * anew.
 */
enum {
	REPORTED_SIGNALS = BAL_SIGNAL_TOKEN_NEXT - BAL_SIGNAL_HEAP + 1,
	REPORTED_ROWS_MAX = 64,
	REPORTED_METRIC_MAX = 120 /* bytes of a metric's name */
};

/* The signal of that name; false, with the nearest one offered, when agents may not report it. */
bool reported_signal(struct span name, enum bal_signal *signal, struct nearest *nearest);

enum reported_end { REPORTED_TAKEN, REPORTED_CLAMPED, REPORTED_REFUSED };

/* The value as one of the signal's; REFUSED leaves *to as it is. */
enum reported_end reported_value(enum bal_signal signal, double value, int64_t *to);

/* Which metric is which signal; see table/presets.h. Names are borrowed. */
struct reported_row {
	struct span metric;
	struct span over; /* absent: none */
	enum bal_signal signal;
	double scale;
};
struct reported_map {
	struct reported_row rows[REPORTED_ROWS_MAX];
	uint32_t count;
};

/* Begins with the rows of a preset. */
void reported_map_init(struct reported_map *map, enum preset preset);

/* Adds "METRIC=SIGNAL" before them. The scale follows from both units: seconds in the metric's name
 * become nanoseconds, a share of one becomes one of a thousand. False: it is none, or one too many.
 */
bool reported_map_add(struct reported_map *map, struct span text);

/* Where an agent's counters stood at the look before; zero: there was none. */
struct reported_past {
	double value[REPORTED_ROWS_MAX];
	double over[REPORTED_ROWS_MAX];
	bool known[REPORTED_ROWS_MAX];
};

struct reported_reading {
	enum bal_signal signal;
	int64_t value;
};

struct reported_result {
	struct reported_reading readings[REPORTED_SIGNALS];
	uint32_t count;
	uint32_t clamped; /* values above what can be real */
	uint32_t refused; /* below 0, no finite number, or lines that are none */
	uint32_t resets;  /* counters that went back */
};

/* What an exposed text says by this map, which must be the one that past was kept by. */
void reported_read(const struct reported_map *map, struct span text, struct reported_past *past,
	struct reported_result *result);

#endif

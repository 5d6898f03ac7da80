/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_ANOMALY_H
#define BAL_CORE_ANOMALY_H

#include "core/habit.h"
#include "core/motif.h"
#include "core/refractory.h"
#include "core/tail.h"

#include <stdint.h>

/*
 * anomaly: how much the newest value of a series asks for attention, point by point.
 *
 * Strictly causal: a score depends on the points up to its own, not on what comes or on how much
 * will come. Nothing is set per series; scale and unit do not matter. The first
 * ANOMALY_POINTS_LEARNED points are always 0.
 *
 * A score is in [0, 1]. 0.5 is where somebody should look: about one point in a thousand on
 * measured loads. An event is told once, where it begins: while it lasts, and for a while after,
 * points score 0 unless they are clearly stronger.
 *
 * The parts, each of which can be left out to see what it is worth.
 * X(NAME, word, weight, what it sees)
 */
#define ANOMALY_PARTS(X)                                                                           \
	X(DEVIATION, "deviation", 1.5, "far from the mean of this time of the day or week")        \
	X(ENVELOPE, "envelope", 1.5, "beyond everything at about this time of the day")            \
	X(MOTIF, "motif", 1.5, "a shape of eight points that was not there before")                \
	X(ROUGHER, "rougher", 1.0, "neighbours differ more than they did a while ago")             \
	X(SMOOTHER, "smoother", 1.0, "neighbours differ less than they did a while ago")           \
	X(RANGE, "range", 0.5, "a new highest or lowest value")                                    \
	X(PERSISTENCE, "persistence", 0.7, "the last points were a little odd, all of them")       \
	X(REFRACTORY, "refractory", 0.0, "tells one event once")

enum anomaly_part {
#define X(name, word, weight, help) ANOMALY_##name,
	ANOMALY_PARTS(X)
#undef X
		ANOMALY_PART_COUNT
};

/* These are rare by their own history, the others by themselves. */
#define ANOMALY_MEASURED (ANOMALY_SMOOTHER + 1)

/* For anomaly_init. */
#define ANOMALY_ALL ((1u << ANOMALY_PART_COUNT) - 1)

#define ANOMALY_POINTS_LEARNED 190
#define ANOMALY_RECENT         128   /* values that are kept as they are */
#define ANOMALY_VALUE_MAX      1e100 /* larger ones count as this */
#define ANOMALY_SIZE_MAX       (64 * 1024)

/* Of one series. Large: it lives in an arena or on the heap. */
struct anomaly {
	uint32_t parts;                      /* bits 1 << enum anomaly_part */
	double evidence[ANOMALY_PART_COUNT]; /* of the newest point, weighted: who says what */
	double unrest;                       /* its score, whether it was told before or not */
	uint64_t count;                      /* of points with a value */
	double recent[ANOMALY_RECENT];       /* a ring, by count */
	double high;
	double low;
	double mood; /* mean evidence of the last while */
	struct habit habit;
	struct motifs motifs;
	struct refractory refractory;
	struct tail tails[ANOMALY_MEASURED]; /* of what each of the first parts measures */
	struct tail sums;                    /* of all evidence together */
};

/* A series of which nothing is known. */
void anomaly_init(struct anomaly *anomaly, uint32_t parts);

/* Score of the next point, in a few us. A value that is missing (NaN, infinite) scores 0 and
 * teaches nothing. The time says where in day and week the point lies; it may stand still or go
 * back. */
double anomaly_update(struct anomaly *anomaly, int64_t at_ns, double value);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A point passes when it is stronger, by a margin, than everything in the points before it. The
 * maximum of those is kept in a queue of falling peaks, constant time on average (Lemire,
 * "Streaming Maximum-Minimum Filter", 2006). There is no threshold in it, so whoever reads the
 * scores can choose theirs.
 *
 * The quiet time is a twelfth of the history, within bounds: somebody who has watched a stream for
 * a day is told about the next event after two hours; somebody who has watched it for a month means
 * longer stories when they speak of one event. As it grows by less than one point per point, a peak
 * that has left never comes back.
 */
#include "core/refractory.h"

#define HISTORY_DIVISOR 12
#define POINTS_MIN      60
#define MARGIN          0.15

static uint64_t quiet_points(uint64_t index)
{
	uint64_t points = index / HISTORY_DIVISOR;

	if (points < POINTS_MIN)
		return POINTS_MIN;
	return points < REFRACTORY_POINTS_MAX ? points : REFRACTORY_POINTS_MAX;
}

static uint32_t slot_at(const struct refractory *refractory, uint32_t offset)
{
	return (refractory->first + offset) % (REFRACTORY_POINTS_MAX + 1);
}

static void drop_old(struct refractory *refractory, uint64_t points)
{
	while (refractory->count > 0 &&
		refractory->peaks[refractory->first].index + points < refractory->index) {
		refractory->first = slot_at(refractory, 1);
		refractory->count--;
	}
}

static void push(struct refractory *refractory, double strength)
{
	while (refractory->count > 0 &&
		refractory->peaks[slot_at(refractory, refractory->count - 1)].strength <= strength)
		refractory->count--;
	uint32_t slot = slot_at(refractory, refractory->count++);

	refractory->peaks[slot].index = refractory->index;
	refractory->peaks[slot].strength = strength;
}

bool refractory_pass(struct refractory *refractory, double strength)
{
	double before = 0;

	drop_old(refractory, quiet_points(refractory->index));
	if (refractory->count > 0)
		before = refractory->peaks[refractory->first].strength;
	push(refractory, strength);
	refractory->index++;
	return strength > before + MARGIN;
}

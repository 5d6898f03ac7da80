/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The detector tells an event once, where it begins, which is right for an alarm and wrong for a
 * question "may this be trusted now". So the state follows the strength of each point as it is,
 * with hysteresis in time: half an hour of ordinary bins ends it.
 *
 * Short events are left out of what forecasts learn, so that a burst of this Monday is not expected
 * next Monday. A change that lasts is not left out, or the forecasts would never follow it; after
 * three hours it counts as one, with all of its bins.
 */
#include "core/vigil.h"

#include <string.h>

#define LEAVE_OUT_PER 4 /* of so many bins one must be odd */

_Static_assert(VIGIL_EVENT_BINS < VIGIL_ODD_BINS_MAX, "an event ends before it is a habit");

void vigil_init(struct vigil *watch)
{
	memset(watch, 0, sizeof *watch);
	anomaly_init(&watch->anomaly, ANOMALY_ALL);
}

static void keep_stretch(struct vigil *watch)
{
	if (watch->open.count <= VIGIL_EVENT_BINS) {
		watch->past[watch->next] = watch->open;
		watch->next = (watch->next + 1) % VIGIL_STRETCHES;
	}
	watch->open = (struct vigil_stretch){0};
	watch->is_odd = false;
	watch->calm = 0;
}

static void drop_stretches(struct vigil *watch)
{
	memset(watch->past, 0, sizeof watch->past);
	watch->next = 0;
	watch->open = (struct vigil_stretch){0};
	watch->is_odd = false;
	watch->calm = 0;
}

/* True when the bin is not behind all that is known. */
static bool goes_back(const struct vigil *watch, int64_t bin)
{
	const struct vigil_stretch *last =
		&watch->past[(watch->next + VIGIL_STRETCHES - 1) % VIGIL_STRETCHES];

	return (watch->open.count > 0 && bin < watch->open.first + watch->open.count) ||
	       (last->count > 0 && bin < last->first + last->count);
}

static void extend(struct vigil *watch, int64_t bin)
{
	if (watch->open.count == 0)
		watch->open.first = bin;
	watch->open.count = (uint32_t)(bin - watch->open.first) + 1;
	watch->is_odd = true;
	watch->calm = 0;
}

bool vigil_add(struct vigil *watch, int64_t bin, int64_t at_ns, double value)
{
	bool was_odd = watch->is_odd;

	if (goes_back(watch, bin))
		drop_stretches(watch);
	anomaly_update(&watch->anomaly, at_ns, value);
	watch->score = value == value ? watch->anomaly.unrest : 0.0;
	if (watch->score >= VIGIL_ODD)
		extend(watch, bin);
	else if (watch->is_odd)
		watch->calm++;
	if (watch->is_odd &&
		(watch->calm >= VIGIL_CALM_BINS || bin - watch->open.first >= VIGIL_ODD_BINS_MAX))
		keep_stretch(watch);
	return watch->is_odd != was_odd;
}

/* Bins of the stretch among those from first on. */
static uint32_t overlap(const struct vigil_stretch *stretch, int64_t first, uint32_t count)
{
	int64_t from = first > stretch->first ? first : stretch->first;
	int64_t end = first + count < stretch->first + stretch->count
			      ? first + count
			      : stretch->first + stretch->count;

	return end > from ? (uint32_t)(end - from) : 0;
}

bool vigil_leaves_out(const struct vigil *watch, int64_t first, uint32_t count)
{
	uint32_t odd = 0;

	if (watch->open.count <= VIGIL_EVENT_BINS)
		odd = overlap(&watch->open, first, count);
	for (uint32_t i = 0; i < VIGIL_STRETCHES; i++)
		odd += overlap(&watch->past[i], first, count);
	return odd * LEAVE_OUT_PER >= count && odd > 0;
}

const char *vigil_check(const struct vigil *watch)
{
	if (watch->is_odd != (watch->open.count > 0) ||
		watch->open.count > VIGIL_ODD_BINS_MAX + 1 || watch->calm >= VIGIL_CALM_BINS)
		return "vigil: odd from a bin on, until it is calm";
	if (!(watch->score >= 0.0 && watch->score <= 1.0) || watch->next >= VIGIL_STRETCHES)
		return "vigil: a score";
	return NULL;
}

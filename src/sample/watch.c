/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How: two looks back are kept, the last quick one and the last full one, since their signals are
 * differences over different times. Due times carry a slack of half a round: a timer that comes a
 * little early must not put a look off by a whole one.
 */
#include "sample/watch.h"

#include "base/units.h"

#define ROUND_NS    (5 * NS_PER_S)
#define FULL_NS     (10 * NS_PER_S)
#define IDLE_NS     (30 * NS_PER_S)
#define IDLE_PLACES (IDLE_NS / FULL_NS)
#define SLACK_NS    (ROUND_NS / 2)
#define IDLE_MILLIS 5 /* thousandths of a core that a process uses to do nothing */

uint64_t watch_wanted(struct watch *watch, uint32_t turn, int64_t now_ns)
{
	if (!watch->begun) {
		watch->begun = true;
		watch->turn = turn;
		watch->full_at_ns = now_ns + turn % (FULL_NS / ROUND_NS) * ROUND_NS;
	}
	return now_ns >= watch->full_at_ns - SLACK_NS ? SAMPLE_ALL : WATCH_QUICK;
}

static bool is_busy(const struct reading *readings, size_t count)
{
	for (size_t index = 0; index < count; index++) {
		if (readings[index].signal == BAL_SIGNAL_CPU_MILLIS)
			return readings[index].value > IDLE_MILLIS;
	}
	return true; /* Not known: rather look. */
}

/* Who becomes idle gets its place among the rounds of the longer cadence, so that a thousand that
 * began together are not all looked at in the same one. */
static int64_t next_full_ns(const struct watch *watch, bool often)
{
	if (often)
		return FULL_NS;
	return watch->idle ? IDLE_NS : FULL_NS + watch->turn / 2 % IDLE_PLACES * FULL_NS;
}

size_t watch_take(struct watch *watch, const struct sample *sample, uint64_t wanted, bool near,
	struct reading *readings)
{
	bool full = wanted != WATCH_QUICK;
	watch->went_back =
		!watch->went_back && (sample_went_back(&watch->quick, sample) ||
					     (full && sample_went_back(&watch->full, sample)));
	if (watch->went_back)
		return 0;
	/* The size of memory is for decisions, every round; its signal goes with its kinds. */
	size_t count =
		sample_readings(&watch->quick, sample, WATCH_QUICK & ~SAMPLE_MEMORY, readings);
	watch->busy = is_busy(readings, count) || watch->busy;
	watch->quick = *sample;
	if (!full)
		return count;
	count += sample_readings(
		&watch->full, sample, ~WATCH_QUICK | SAMPLE_MEMORY, readings + count);
	watch->full = *sample;
	watch->full_at_ns = sample->at_ns + next_full_ns(watch, watch->busy || near);
	watch->idle = !watch->busy && !near;
	watch->busy = false;
	return count;
}

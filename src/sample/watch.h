/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SAMPLE_WATCH_H
#define BAL_SAMPLE_WATCH_H

#include "sample/sample.h"

/*
 * When an agent is looked at, and how closely: every round (5 s) its CPU and memory, every second
 * one all the rest; that of an agent which does nothing only every 30 s, unless it is near a limit.
 * What it said last is kept here, so that two looks make a signal.
 */

#define WATCH_QUICK                                                                                \
	(SAMPLE_CPU | SAMPLE_MEMORY | SAMPLE_THROTTLED | SAMPLE_BIT(THROTTLES) |                   \
		SAMPLE_BIT(PRESSURE_CPU))

struct watch {
	struct sample quick;
	struct sample full;
	int64_t full_at_ns; /* when the next full look is due */
	uint32_t turn;
	bool begun;
	bool idle;      /* it was, at the last full look */
	bool busy;      /* it used CPU since the last full look */
	bool went_back; /* the last look was left out, see sample_went_back */
};

/* What to look at now. `turn`, any number that is fixed for the agent, spreads the full looks of
 * many agents over rounds. */
uint64_t watch_wanted(struct watch *watch, uint32_t turn, int64_t now_ns);

/* Takes the look (of what watch_wanted said) and gives its signals, into `readings` (room for
 * SAMPLE_READINGS_MAX); returns how many. `near` = the agent is near a limit, so that nothing of it
 * is to be missed. */
size_t watch_take(struct watch *watch, const struct sample *sample, uint64_t wanted, bool near,
	struct reading *readings);

#endif

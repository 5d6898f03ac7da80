/* SPDX-License-Identifier: Apache-2.0 */
/* A change of strategy changes what every agent costs, so all shelves are filled anew: with the
 * hysteresis that happens a few times a day. */
#include "core/routing.h"

#include "base/units.h"
#include "core/score.h"
#include "core/series.h"
#include "core/shelf.h"

#define LOOK_NS     NS_PER_MIN
#define PEAK        1.3 /* work of the largest step of the next hour over that of the mean one */
#define PEAK_OVER   1.15
#define TROUGH      0.5
#define TROUGH_OVER 0.6
#define ODD_SHARE   0.25

static uint32_t by_forecast(const struct bal_core *core)
{
	struct series_tide tide;

	if (!series_tide(core->series, &tide) || !(tide.day > 0.0))
		return BAL_ROUTING_BALANCED;
	/* Of what is not as usual the forecast is a guess: what is in force stays. */
	if (tide.odd > ODD_SHARE * tide.day)
		return core->routing;
	if (tide.soon >= tide.day * (core->routing == BAL_ROUTING_LATENCY ? PEAK_OVER : PEAK))
		return BAL_ROUTING_LATENCY;
	if (tide.soon <= tide.day * (core->routing == BAL_ROUTING_PACK ? TROUGH_OVER : TROUGH))
		return BAL_ROUTING_PACK;
	return BAL_ROUTING_BALANCED;
}

static void put_in_force(struct bal_core *core, uint32_t routing)
{
	if (core->routing == routing)
		return;
	core->routing = routing;
	score_weights(core);
	shelf_priced(core, BAL_NONE);
}

void routing_tune(struct bal_core *core)
{
	uint32_t asked = (uint32_t)knob(core, BAL_KNOB_ROUTING);

	core->routing_at_ns = INT64_MIN / 2;
	put_in_force(core, asked == BAL_ROUTING_AUTO ? BAL_ROUTING_BALANCED : asked);
}

void routing_refresh(struct bal_core *core)
{
	if (knob(core, BAL_KNOB_ROUTING) != BAL_ROUTING_AUTO ||
		core->now_ns - core->routing_at_ns < LOOK_NS)
		return;
	core->routing_at_ns = core->now_ns;
	put_in_force(core, by_forecast(core));
}

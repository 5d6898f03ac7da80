/* SPDX-License-Identifier: Apache-2.0 */
/* What all strategies say in the same words. Pauses, back-off and the pool's bounds are the pool's
 * own and hold for every strategy alike, so they are here. */
#include "core/strategy.h"

#include "base/num.h"
#include "base/units.h"

uint32_t strategy_permille(double part, double whole)
{
	if (whole <= 0)
		return part <= 0 ? 0 : UINT32_MAX;
	return (uint32_t)num_min_i64(num_to_i64(part * PERMILLE / whole), UINT32_MAX);
}

struct strategy_wish strategy_hold(const struct strategy_view *view, enum bal_reason reason)
{
	return (struct strategy_wish){
		.agents = view->agents, .reason = reason, .since_ns = BAL_NEVER_NS};
}

struct strategy_wish strategy_want(const struct strategy_view *view, double agents,
	enum bal_reason up, enum bal_reason down, uint32_t threshold_permille)
{
	uint32_t wanted = (uint32_t)num_clamp(agents, view->agents_min, view->agents_max);
	struct strategy_wish wish = {.agents = wanted,
		.threshold_permille = threshold_permille,
		.since_ns = BAL_NEVER_NS};

	if (wanted == view->agents && agents > view->agents)
		return strategy_hold(view, BAL_REASON_HOLD_MAXIMUM);
	if (wanted == view->agents && agents < view->agents)
		return strategy_hold(view, BAL_REASON_HOLD_MINIMUM);
	if (wanted == view->agents)
		return strategy_hold(view, BAL_REASON_HOLD_STEADY);
	if (wanted > view->agents ? view->paused_out : view->paused_in)
		return strategy_hold(view, BAL_REASON_HOLD_PAUSED);
	if (wanted > view->agents && view->backoff)
		return strategy_hold(view, BAL_REASON_HOLD_BACKOFF);
	wish.reason = wanted > view->agents ? up : down;
	return wish;
}

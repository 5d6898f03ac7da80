/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges come from the tables in ballast_words.h, the rest is what the arithmetic of other modules
 * takes for granted (no division by 0, no number of a table's row beyond its end). */
#include "core/valid.h"

#define X(name, standard, lowest, highest, unit, help) {lowest, highest},
static const struct {
	int64_t lowest, highest;
} KNOB_RANGE[BAL_KNOB_COUNT] = {BAL_KNOB_MAP(X)};
#undef X

bool knob_valid(uint32_t knob, int64_t value)
{
	return knob < BAL_KNOB_COUNT && value >= KNOB_RANGE[knob].lowest &&
	       value <= KNOB_RANGE[knob].highest;
}

bool pool_valid(const struct bal_core *core, const struct bal_event_pool *pool)
{
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++)
		if (pool->limits[i] != BAL_NONE && pool->limits[i] >= core->limits.limits_max)
			return false;
	return pool->pool < core->limits.pools_max && pool->kind < BAL_POOL_KIND_COUNT &&
	       pool->strategy < BAL_STRATEGY_COUNT && pool->market < BAL_MARKET_COUNT &&
	       pool->slots > 0 && pool->agents_min <= pool->agents_max && pool->timeout_ns > 0 &&
	       pool->backoff_ns >= 0 && pool->backoff_max_ns >= 0 && pool->attempts_max > 0 &&
	       pool->drain_limit_ns >= 0 && pool->price_microcents_hour >= 0;
}

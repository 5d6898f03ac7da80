/* SPDX-License-Identifier: Apache-2.0 */
/* Size-aware deferral with ageing; the two constants were found in the simulator
 * (`ballast simulate routing`): with 1.4 mean services and 3 seconds per second waited, the 99th
 * percentile of the response time falls by a quarter among agents whose speeds differ by four, and
 * the mean does not rise.  Fewer mean services make the mean worse, more the tail. */
#include "core/defer.h"

#include "base/num.h"
#include "base/units.h"
#include "core/queue.h"
#include "core/shelf.h"
#include "core/timer.h"

#define LOOK_AGAIN_NS NS_PER_MS /* no sooner, so that rounding cannot make a busy loop */

void defer_tune(struct bal_core *core)
{
	core->defer_service = (double)knob(core, BAL_KNOB_DEFER_SERVICE) / (double)PERMILLE;
	core->defer_wait = (double)knob(core, BAL_KNOB_DEFER_WAIT) / (double)PERMILLE;
}

float defer_fastest(const struct bal_core *core, const struct task *task)
{
	const struct lane *lane = lane_at(core, task->lane);
	float fastest = MINTREE_ABSENT;

	for (uint32_t i = 0; i < core->pool_words; i++) {
		for (uint64_t pools = lane->pools[i]; pools != 0; pools &= pools - 1) {
			uint32_t number = i * 64 + (uint32_t)__builtin_ctzll(pools);
			const struct shelf *shelf = shelf_find(core, number, task->kind);
			float least;

			if (shelf == NULL || core->pools[number].paused_dispatch)
				continue;
			least = mintree_least(&shelf->slow);
			fastest = least < fastest ? least : fastest;
		}
	}
	return fastest;
}

int64_t defer_until_ns(const struct bal_core *core, const struct task *task, double size_s,
	const struct pool *pool, float slow, float fastest)
{
	double excess_s = size_s * ((double)slow - (double)fastest);
	double patience_s = core->defer_service * pool->service_s.value;
	double wait_s;
	int64_t until_ns;

	if (core->defer_service == 0.0 || pool->service_s.weight == 0.0 || !(excess_s > patience_s))
		return core->now_ns;
	wait_s = (excess_s - patience_s) / core->defer_wait;
	until_ns = time_add_ns(task->queued_at_ns, num_to_i64(wait_s * (double)NS_PER_S));
	if (until_ns <= core->now_ns)
		return core->now_ns;
	/* Whoever must be done by a deadline does not gamble with what is left until then. */
	if (task->deadline_ns != BAL_NEVER_NS &&
		task->deadline_ns <
			time_add_ns(until_ns, num_to_i64(size_s * (double)slow * (double)NS_PER_S)))
		return core->now_ns;
	return num_max_i64(until_ns, time_add_ns(core->now_ns, LOOK_AGAIN_NS));
}

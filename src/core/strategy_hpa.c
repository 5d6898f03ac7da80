/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source: "Horizontal Pod Autoscaling", kubernetes.io: the algorithm, the treatment of pods that
 * are not ready (they use nothing, for the way up; a ratio that they turn round means no change),
 * and the default behaviour. Agents that are not ready are rare on the way down and then left out.
 *
 * Its rate policies look at what was added within less than a period, which is as long as the pause
 * between two looks: so nothing of it must be remembered.
 */
#include "core/strategy_hpa.h"

#include "base/num.h"
#include "base/units.h"

#define TOLERANCE    0.1
#define PODS_PER_15S 4

const struct hpa_setting HPA_STANDARD = {.target = 0.8, .window_ns = 300 * NS_PER_S};

static double ceil_of(double x)
{
	return -num_floor(-x);
}

/* The documented formula, for agents that are all ready and for some that are not. */
static double raw_wish(const struct hpa_setting *setting, const struct strategy_view *view)
{
	double agents = view->agents;
	double ratio, all;

	if (view->agents_ready == 0 || view->slots_ready == 0)
		return agents;
	ratio = num_min(view->busy / view->slots_ready, 1) / setting->target;
	if (num_abs(ratio - 1) <= TOLERANCE)
		return agents;
	if (ratio < 1 || view->agents == view->agents_ready)
		return ceil_of(ratio * view->agents_ready - 1e-9);
	all = ratio * view->agents_ready / agents;
	return all <= 1 + TOLERANCE ? agents : ceil_of(all * agents - 1e-9);
}

/* The highest wish of the window, the newest included. */
static uint32_t stable_wish(
	const struct hpa_setting *setting, struct hpa_memory *memory, uint32_t newest)
{
	uint32_t window =
		(uint32_t)num_clamp_i64(setting->window_ns / HPA_PERIOD_NS, 1, HPA_WISHES_MAX);
	uint32_t highest = newest;

	memory->wishes[memory->count % HPA_WISHES_MAX] = newest;
	memory->count++;
	for (uint32_t back = 1; back <= window && back <= memory->count; back++) {
		uint32_t wish = memory->wishes[(memory->count - back) % HPA_WISHES_MAX];

		highest = wish > highest ? wish : highest;
	}
	return highest;
}

struct strategy_wish hpa_look(const struct hpa_setting *setting, struct hpa_memory *memory,
	const struct strategy_view *view)
{
	uint32_t threshold = (uint32_t)(setting->target * PERMILLE + 0.5);
	double most, wish;

	if (memory->looked_at_ns != 0 && view->now_ns - memory->looked_at_ns < HPA_PERIOD_NS)
		return strategy_hold(view, BAL_REASON_HOLD_STEADY);
	/* A new controller begins with the agents that there are; so does one that stood still. */
	if (view->now_ns - memory->looked_at_ns > 2 * HPA_PERIOD_NS)
		*memory = (struct hpa_memory){.count = 1, .wishes = {view->agents}};
	most = num_max(2.0 * view->agents, (double)view->agents + PODS_PER_15S);
	memory->looked_at_ns = view->now_ns;
	wish = num_max(raw_wish(setting, view), 1);
	if (wish < view->agents)
		wish = num_min(stable_wish(setting, memory, (uint32_t)wish), view->agents);
	else
		stable_wish(setting, memory, (uint32_t)num_min(wish, view->agents_max));
	return strategy_want(view, num_min(wish, most), BAL_REASON_SCALE_LOAD_HIGH,
		BAL_REASON_SCALE_LOAD_LOW, threshold);
}

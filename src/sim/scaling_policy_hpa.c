/* SPDX-License-Identifier: Apache-2.0 */
/* Source: Kubernetes documentation, "Horizontal Pod Autoscaling", sections "Algorithm details" and
 * "Configurable scaling behavior".  The metric is the share of busy slots of ready agents, mean of
 * the last 15 s, as CPU utilisation would be: what waits does not show in it. */
#include "sim/scaling_policy_hpa.h"

#include "base/num.h"
#include "base/units.h"
#include "sim/scaling_policy.h"

#define TARGET_PERMILLE 800
#define TOLERANCE       0.1
#define RISE_LEAST      4

struct hpa {
	struct hpa_rules rules;
	double target;      /* busy slots of one agent */
	double busy, ready; /* sums since the last look */
	int64_t next_at_ns;
	uint32_t wanted;
};

uint32_t hpa_replicas(double ratio, uint32_t ready, uint32_t starting)
{
	uint32_t current = ready + starting;
	uint32_t wanted;

	if (ready == 0)
		return current;
	if (ratio > 1.0 && starting > 0) {
		ratio = ratio * (double)ready / (double)current;
		if (ratio <= 1.0 + TOLERANCE)
			return current;
		wanted = scaling_ceil(ratio * (double)current);
		return wanted < current ? current : wanted;
	}
	if (num_abs(ratio - 1.0) <= TOLERANCE)
		return current;
	return scaling_ceil(ratio * (double)ready);
}

static uint32_t highest_advice(struct hpa_rules *rules, int64_t now_ns, uint32_t advice)
{
	uint32_t highest = advice;
	uint32_t first =
		rules->advice_count > HPA_ADVICE_MAX ? rules->advice_count - HPA_ADVICE_MAX : 0;
	uint32_t place = rules->advice_count++ % HPA_ADVICE_MAX;

	for (uint32_t i = first; i + 1 < rules->advice_count; i++)
		if (rules->advice_at_ns[i % HPA_ADVICE_MAX] > now_ns - rules->window_ns &&
			rules->advice[i % HPA_ADVICE_MAX] > highest)
			highest = rules->advice[i % HPA_ADVICE_MAX];
	rules->advice[place] = advice;
	rules->advice_at_ns[place] = now_ns;
	return highest;
}

uint32_t hpa_limit(struct hpa_rules *rules, int64_t now_ns, uint32_t current, uint32_t advice)
{
	uint32_t highest = highest_advice(rules, now_ns, advice);
	uint32_t risen = now_ns - rules->risen_at_ns < HPA_SYNC_NS ? rules->risen : 0;
	uint32_t start = current > risen ? current - risen : 0;
	uint32_t most = start * 2 > start + RISE_LEAST ? start * 2 : start + RISE_LEAST;

	if (advice <= current) /* only the way down is stabilised */
		return highest < current ? highest : current;
	if (advice > most)
		advice = most > current ? most : current;
	rules->risen = advice - current;
	rules->risen_at_ns = now_ns;
	return advice;
}

static bool begin(void *state, const struct scaling_setup *setup)
{
	struct hpa *hpa = state;
	uint32_t target = setup->tuning.target_permille;

	hpa->target = (double)setup->slots * (double)(target == 0 ? TARGET_PERMILLE : target) /
		      (double)PERMILLE;
	hpa->rules.window_ns =
		setup->tuning.window_ns == 0 ? HPA_WINDOW_NS : setup->tuning.window_ns;
	hpa->rules.risen_at_ns = -HPA_SYNC_NS;
	hpa->next_at_ns = HPA_SYNC_NS;
	return true;
}

static uint32_t look(void *state, const struct scaling_view *view)
{
	struct hpa *hpa = state;
	uint32_t current = view->ready + view->starting;
	double ratio;

	hpa->busy += view->busy;
	hpa->ready += (double)view->ready;
	if (hpa->wanted == 0)
		hpa->wanted = current;
	if (view->now_ns < hpa->next_at_ns)
		return hpa->wanted;
	hpa->next_at_ns += HPA_SYNC_NS;
	ratio = hpa->ready > 0.0 ? hpa->busy / hpa->ready / hpa->target : 1.0;
	hpa->busy = 0.0;
	hpa->ready = 0.0;
	hpa->wanted = hpa_limit(&hpa->rules, view->now_ns, current,
		hpa_replicas(ratio, view->ready, view->starting));
	if (hpa->wanted == 0)
		hpa->wanted = 1;
	return hpa->wanted;
}

const struct scaling_policy scaling_policy_hpa = {.name = "hpa",
	.source = "Kubernetes HorizontalPodAutoscaler on the share of busy slots, 80 %, 300 s",
	.strategy = BAL_STRATEGY_FIXED,
	.state_size = sizeof(struct hpa),
	.begin = begin,
	.look = look};

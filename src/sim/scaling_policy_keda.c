/* SPDX-License-Identifier: Apache-2.0 */
/* Source: KEDA documentation, "Scaling deployments" and "ScaledObject specification": the scaler
 * gives the length of the queue, and the HPA beneath shares it out (AverageValue): so many agents
 * that each has `target` of what waits, 10 % tolerated, with the HPA's own rules.  At least one
 * agent stays, as is usual where work never stops; the cool-down, which is about the last one,
 * then counts as the HPA's down window too, whose default is the same 300 s. */
#include "base/num.h"
#include "base/units.h"
#include "sim/scaling_policy.h"
#include "sim/scaling_policy_hpa.h"

#define TARGET_PERMILLE 5000
#define TOLERANCE       0.1

struct keda {
	struct hpa_rules rules;
	double target;
	int64_t next_at_ns;
	uint32_t wanted;
};

static bool begin(void *state, const struct scaling_setup *setup)
{
	struct keda *keda = state;
	uint32_t target = setup->tuning.target_permille;

	keda->target = (double)(target == 0 ? TARGET_PERMILLE : target) / (double)PERMILLE;
	keda->rules.window_ns =
		setup->tuning.window_ns == 0 ? HPA_WINDOW_NS : setup->tuning.window_ns;
	keda->rules.risen_at_ns = -HPA_SYNC_NS;
	keda->next_at_ns = HPA_SYNC_NS;
	return true;
}

static uint32_t advise(const struct keda *keda, double waiting, uint32_t current)
{
	double ratio = current == 0 ? 0.0 : waiting / (keda->target * (double)current);

	if (current > 0 && num_abs(ratio - 1.0) <= TOLERANCE)
		return current;
	return scaling_ceil(waiting / keda->target);
}

static uint32_t look(void *state, const struct scaling_view *view)
{
	struct keda *keda = state;
	uint32_t current = view->ready + view->starting;

	if (keda->wanted == 0)
		keda->wanted = current;
	if (view->now_ns < keda->next_at_ns)
		return keda->wanted;
	keda->next_at_ns += HPA_SYNC_NS;
	keda->wanted = hpa_limit(
		&keda->rules, view->now_ns, current, advise(keda, view->waiting, current));
	if (keda->wanted == 0)
		keda->wanted = 1;
	return keda->wanted;
}

const struct scaling_policy scaling_policy_keda = {.name = "keda",
	.source = "KEDA ScaledObject on the queue's length, 5 per agent, 300 s",
	.strategy = BAL_STRATEGY_FIXED,
	.state_size = sizeof(struct keda),
	.begin = begin,
	.look = look};

/* SPDX-License-Identifier: Apache-2.0 */
/* Source: Knative Serving documentation, "Autoscaling" (concurrency, stable and panic window, scale
 * rates), with its defaults: looks every 2 s, 70 % of the agents' slots, stable window 60 s, panic
 * window a tenth of it, panic from twice what the ready agents hold; at most half of them leave at
 * once.  Its metric, concurrency, counts tasks that wait. */
#include "base/num.h"
#include "base/units.h"
#include "sim/scaling_policy.h"

#define TICK_NS         (2 * NS_PER_S)
#define TARGET_PERMILLE 700
#define STABLE_NS       (60 * NS_PER_S)
#define SECONDS_MAX     1024 /* the longest stable window */
#define PANIC_PART      10   /* of the stable window */
#define PANIC_RATIO     2.0
#define RISE_MAX        1000.0 /* times the ready agents */
#define FALL_MAX        2.0

struct kpa {
	double target; /* concurrency of one agent */
	uint32_t stable_s, panic_s;
	double seconds[SECONDS_MAX];
	uint32_t second_count;
	int64_t next_at_ns;
	bool panics;
	int64_t panic_at_ns; /* when it last had reason to */
	uint32_t panic_most;
	uint32_t wanted;
};

static bool begin(void *state, const struct scaling_setup *setup)
{
	struct kpa *kpa = state;
	uint32_t target = setup->tuning.target_permille;
	int64_t window_ns = setup->tuning.window_ns == 0 ? STABLE_NS : setup->tuning.window_ns;

	kpa->target = (double)setup->slots * (double)(target == 0 ? TARGET_PERMILLE : target) /
		      (double)PERMILLE;
	kpa->stable_s = (uint32_t)num_clamp_i64(window_ns / NS_PER_S, PANIC_PART, SECONDS_MAX);
	kpa->panic_s = kpa->stable_s / PANIC_PART;
	kpa->next_at_ns = TICK_NS;
	return true;
}

static double mean_of(const struct kpa *kpa, uint32_t seconds)
{
	uint32_t count = seconds < kpa->second_count ? seconds : kpa->second_count;
	double sum = 0.0;

	for (uint32_t i = 1; i <= count; i++)
		sum += kpa->seconds[(kpa->second_count - i) % SECONDS_MAX];
	return count == 0 ? 0.0 : sum / (double)count;
}

/* Panics, goes on, or comes to rest a stable window after the last reason. */
static void feel(struct kpa *kpa, int64_t now_ns, uint32_t panic, double ready)
{
	bool is_over = (double)panic / ready >= PANIC_RATIO;

	if (is_over) {
		kpa->panic_at_ns = now_ns;
		if (!kpa->panics)
			kpa->panic_most = 0;
		kpa->panics = true;
	} else if (kpa->panics && now_ns - kpa->panic_at_ns > kpa->stable_s * NS_PER_S) {
		kpa->panics = false;
	}
}

static uint32_t decide(struct kpa *kpa, const struct scaling_view *view)
{
	double ready = view->ready == 0 ? 1.0 : (double)view->ready;
	double most = (double)scaling_ceil(RISE_MAX * ready);
	double least = num_floor(ready / FALL_MAX);
	double stable = (double)scaling_ceil(mean_of(kpa, kpa->stable_s) / kpa->target);
	double panic = (double)scaling_ceil(mean_of(kpa, kpa->panic_s) / kpa->target);
	uint32_t wanted = (uint32_t)num_clamp(stable, least, most);
	uint32_t urgent = (uint32_t)num_clamp(panic, least, most);

	feel(kpa, view->now_ns, (uint32_t)panic, ready);
	if (!kpa->panics)
		return wanted;
	if (urgent < wanted)
		urgent = wanted;
	if (urgent > kpa->panic_most) {
		kpa->panic_most = urgent;
		kpa->panic_at_ns = view->now_ns;
	}
	return kpa->panic_most;
}

static uint32_t look(void *state, const struct scaling_view *view)
{
	struct kpa *kpa = state;

	kpa->seconds[kpa->second_count % SECONDS_MAX] = view->busy + view->waiting;
	kpa->second_count++;
	if (kpa->wanted == 0)
		kpa->wanted = view->ready + view->starting;
	if (view->now_ns < kpa->next_at_ns)
		return kpa->wanted;
	kpa->next_at_ns += TICK_NS;
	kpa->wanted = decide(kpa, view);
	if (kpa->wanted == 0)
		kpa->wanted = 1;
	return kpa->wanted;
}

const struct scaling_policy scaling_policy_kpa = {.name = "kpa",
	.source = "Knative pod autoscaler on concurrency, 70 % of the slots, 60 s",
	.strategy = BAL_STRATEGY_FIXED,
	.state_size = sizeof(struct kpa),
	.begin = begin,
	.look = look};

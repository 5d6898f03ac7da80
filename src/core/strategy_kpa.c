/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source: "Configuring autoscaling" and the description of the algorithm, knative.dev: tick 2 s,
 * panic window 10 % of the stable one, threshold 200 %, up by at most 1000 times what is ready,
 * down by at most half per tick. The windows are kept in 60 buckets: of a second each for 60 s.
 */
#include "core/strategy_kpa.h"

#include "base/num.h"
#include "base/units.h"

#define TICK_NS         (2 * NS_PER_S)
#define PANIC_BUCKETS   (KPA_BUCKETS / 10)
#define PANIC_THRESHOLD 2
#define UP_RATE_MAX     1000
#define DOWN_RATE_MAX   2

const struct kpa_setting KPA_STANDARD = {.target = 0.7, .window_ns = 60 * NS_PER_S};

static double ceil_of(double x)
{
	return -num_floor(-x);
}

/* Closes buckets up to the present one; a stretch without looks longer than the window leaves
 * nothing. */
static void note(const struct kpa_setting *setting, struct kpa_memory *memory,
	const struct strategy_view *view)
{
	int64_t length_ns = num_max_i64(setting->window_ns / KPA_BUCKETS, 1);
	int64_t bucket = view->now_ns / length_ns;
	double mean = memory->open_count == 0 ? 0 : memory->open_sum / memory->open_count;

	if (bucket < memory->bucket || bucket - memory->bucket > KPA_BUCKETS)
		*memory = (struct kpa_memory){.bucket = bucket};
	while (memory->bucket < bucket) {
		memory->buckets[(uint64_t)memory->bucket % KPA_BUCKETS] = mean;
		memory->bucket++;
		memory->count += memory->count < KPA_BUCKETS;
		memory->open_count = 0;
		memory->open_sum = 0;
	}
	memory->open_sum += view->busy + view->waiting;
	memory->open_count++;
}

/* The mean of the newest buckets, the open one left out. */
static double mean_of(const struct kpa_memory *memory, uint32_t buckets)
{
	uint32_t count = memory->count < buckets ? memory->count : buckets;
	double sum = 0;

	if (count == 0)
		return memory->open_count == 0 ? 0 : memory->open_sum / memory->open_count;
	for (uint32_t back = 1; back <= count; back++)
		sum += memory->buckets[((uint64_t)memory->bucket - back) % KPA_BUCKETS];
	return sum / count;
}

static void mind_panic(const struct kpa_setting *setting, struct kpa_memory *memory,
	const struct strategy_view *view, double wish, double ready)
{
	if (wish / ready >= PANIC_THRESHOLD)
		memory->panic_at_ns = view->now_ns;
	else if (memory->panic_at_ns != 0 &&
		 memory->panic_at_ns + setting->window_ns < view->now_ns) {
		memory->panic_at_ns = 0;
		memory->panic_most = 0;
	}
}

struct strategy_wish kpa_look(const struct kpa_setting *setting, struct kpa_memory *memory,
	const struct strategy_view *view)
{
	uint32_t threshold = (uint32_t)(setting->target * PERMILLE + 0.5);
	double each = setting->target * view->slots;
	double ready = num_max(view->agents_ready, 1);
	double stable, panic, most = ready * UP_RATE_MAX, least = num_floor(ready / DOWN_RATE_MAX);

	note(setting, memory, view);
	if (memory->looked_at_ns != 0 && view->now_ns - memory->looked_at_ns < TICK_NS)
		return strategy_hold(view, BAL_REASON_HOLD_STEADY);
	memory->looked_at_ns = view->now_ns;
	stable = ceil_of(mean_of(memory, KPA_BUCKETS) / each - 1e-9);
	panic = ceil_of(mean_of(memory, PANIC_BUCKETS) / each - 1e-9);
	mind_panic(setting, memory, view, panic, ready);
	stable = num_clamp(stable, least, most);
	if (memory->panic_at_ns != 0) {
		memory->panic_most = num_max(memory->panic_most, num_clamp(panic, least, most));
		stable = memory->panic_most;
	}
	return strategy_want(
		view, stable, BAL_REASON_SCALE_LOAD_HIGH, BAL_REASON_SCALE_LOAD_LOW, threshold);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source: requirement "Advanced Scaling Strategies" for steps and maxima; thresholds and times come
 * with the pool's configuration, which has the required ones as defaults.
 *
 * What keeps it calm: one order up at a time, sustain times start again when an order ends, and
 * separate cool-downs.
 */
#include "core/strategy_steps.h"

#include "base/num.h"
#include "base/units.h"

#define CONSERVATIVE_MAX 3 /* times baseline */
#define AGGRESSIVE_MAX   5
#define SLOW_TIMES       2 /* a wait of so many times the objective is slow */

void steps_restart(struct steps_memory *memory)
{
	memory->above_since_ns = BAL_NEVER_NS;
	memory->deep_since_ns = BAL_NEVER_NS;
	memory->slow_since_ns = BAL_NEVER_NS;
	memory->below_since_ns = BAL_NEVER_NS;
}

void steps_begin(struct steps_memory *memory)
{
	steps_restart(memory);
	memory->up_ended_at_ns = INT64_MIN / 2;
	memory->down_ended_at_ns = INT64_MIN / 2;
}

void steps_track(int64_t *since_ns, bool holds, int64_t now_ns)
{
	if (!holds)
		*since_ns = BAL_NEVER_NS;
	else if (*since_ns == BAL_NEVER_NS)
		*since_ns = now_ns;
}

static bool sustained(const struct strategy_view *view, int64_t since_ns, int64_t sustain_ns)
{
	return since_ns != BAL_NEVER_NS && view->now_ns - since_ns >= sustain_ns;
}

uint32_t steps_cap(bool aggressive, uint32_t agents_baseline, uint32_t agents_max)
{
	uint64_t baseline = agents_baseline == 0 ? 1 : agents_baseline;
	uint64_t cap = baseline * (aggressive ? AGGRESSIVE_MAX : CONSERVATIVE_MAX);

	return cap < agents_max ? (uint32_t)cap : agents_max;
}

uint32_t steps_up(bool aggressive, uint32_t agents)
{
	if (aggressive)
		return agents < 2 ? 1 : (agents + 1) / 2;
	return 1;
}

static uint32_t step_down(const struct steps_setting *setting, uint32_t agents)
{
	if (setting->aggressive)
		return agents < 4 ? 1 : agents / 4;
	return 1;
}

/* The condition that has held long enough, most telling first; NONE: there is none yet. */
static enum bal_reason ripe(const struct steps_setting *setting, const struct steps_memory *memory,
	const struct strategy_view *view, int64_t *since_ns)
{
	if (sustained(view, *since_ns = memory->above_since_ns, setting->up.sustain_ns))
		return BAL_REASON_SCALE_LOAD_HIGH;
	if (sustained(view, *since_ns = memory->deep_since_ns, setting->up.sustain_ns))
		return BAL_REASON_SCALE_QUEUE_DEEP;
	if (sustained(view, *since_ns = memory->slow_since_ns, setting->slow_for_ns))
		return BAL_REASON_SCALE_SLOW;
	return BAL_REASON_NONE;
}

static struct strategy_wish look_up(const struct steps_setting *setting,
	const struct steps_memory *memory, const struct strategy_view *view)
{
	uint32_t cap = steps_cap(setting->aggressive, setting->agents_baseline, view->agents_max);
	uint32_t count = steps_up(setting->aggressive, view->agents);
	struct strategy_wish wish = {.threshold_permille = setting->up.load_permille};

	wish.reason = ripe(setting, memory, view, &wish.since_ns);
	if (view->paused_out)
		return strategy_hold(view, BAL_REASON_HOLD_PAUSED);
	if (view->agents >= cap)
		return strategy_hold(view, BAL_REASON_HOLD_MAXIMUM);
	if (wish.reason == BAL_REASON_NONE)
		return strategy_hold(view, BAL_REASON_HOLD_SUSTAIN);
	if (view->order_open ||
		view->now_ns < time_add_ns(memory->up_ended_at_ns, setting->up.cooldown_ns))
		return strategy_hold(view, BAL_REASON_HOLD_COOLDOWN);
	if (view->backoff)
		return strategy_hold(view, BAL_REASON_HOLD_BACKOFF);
	wish.agents = view->agents + (count < cap - view->agents ? count : cap - view->agents);
	return wish;
}

static struct strategy_wish look_down(const struct steps_setting *setting,
	const struct steps_memory *memory, const struct strategy_view *view)
{
	uint32_t floor = view->agents_min == 0 ? 1 : view->agents_min;
	uint32_t count = step_down(setting, view->agents);
	int64_t last_ns = num_max_i64(memory->up_ended_at_ns, memory->down_ended_at_ns);

	if (memory->below_since_ns == BAL_NEVER_NS)
		return strategy_hold(view, BAL_REASON_HOLD_STEADY);
	if (view->paused_in)
		return strategy_hold(view, BAL_REASON_HOLD_PAUSED);
	if (view->agents <= floor) /* to zero is not for this strategy */
		return strategy_hold(view, BAL_REASON_HOLD_MINIMUM);
	if (!sustained(view, memory->below_since_ns, setting->down.sustain_ns))
		return strategy_hold(view, BAL_REASON_HOLD_SUSTAIN);
	if (view->order_open || view->now_ns < time_add_ns(last_ns, setting->down.cooldown_ns))
		return strategy_hold(view, BAL_REASON_HOLD_COOLDOWN);
	count = count < view->agents - floor ? count : view->agents - floor;
	return (struct strategy_wish){.agents = view->agents - count,
		.reason = BAL_REASON_SCALE_LOAD_LOW,
		.threshold_permille = setting->down.load_permille,
		.since_ns = memory->below_since_ns};
}

struct strategy_wish steps_look(const struct steps_setting *setting, struct steps_memory *memory,
	const struct strategy_view *view)
{
	uint32_t load = strategy_permille(view->busy + view->waiting, view->slots_coming);
	uint32_t busy = strategy_permille(view->busy, view->slots_ready);
	bool idle = view->waiting + view->waiting_batch <= 0 && view->slots_ready > 0;

	steps_track(&memory->above_since_ns, load > setting->up.load_permille, view->now_ns);
	steps_track(&memory->deep_since_ns,
		setting->queue_deep > 0 && view->waiting > setting->queue_deep, view->now_ns);
	/* What waits beside free slots waits for something that agents do not help with. */
	steps_track(&memory->slow_since_ns,
		view->oldest_wait_s > SLOW_TIMES * view->wait_s &&
			view->busy + view->waiting > view->slots_ready,
		view->now_ns);
	steps_track(
		&memory->below_since_ns, idle && busy < setting->down.load_permille, view->now_ns);
	if (memory->above_since_ns != BAL_NEVER_NS || memory->deep_since_ns != BAL_NEVER_NS ||
		memory->slow_since_ns != BAL_NEVER_NS)
		return look_up(setting, memory, view);
	return look_down(setting, memory, view);
}

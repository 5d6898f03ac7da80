/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: requirement "Advanced Scaling Strategies" (triggers), and for what they may order
 * "Capacity planning": errors buy agents only where agents are missing, forecasts are acted on from
 * a confidence of 0.85 on, and not while the load is unlike itself.
 *
 * Why the pool's state stands beside a value: a rating falls and tasks fail for many reasons, of
 * which too few agents is one. Where slots are free, or nothing goes on, more of them change
 * nothing, and a bad release would buy itself a fleet.
 */
#include "core/trigger.h"

#include "base/num.h"
#include "base/units.h"

enum source { MEASURED, DECLARED, FORECAST };
enum how { ABOVE, FROM, BELOW, WITHIN };
enum when { ALWAYS, USE, FULL };
enum amount { ORDER_STEP, ORDER_ALL };
enum whom { WHOM_STEPS, WHOM_ALL };
enum unit { SHARE, TIME };

static const struct row {
	enum bal_reason reason;
	enum source source;
	enum how how;
	int64_t threshold;
	enum when when;
	enum amount order;
	enum whom whom;
	enum unit unit;
	const char *text;
} ROWS[TRIGGER_COUNT] = {
#define X(name, reason, source, how, threshold, unit, when, order, whom, text)                     \
	{BAL_REASON_##reason, source, how, threshold, when, ORDER_##order, WHOM_##whom, unit, text},
	TRIGGERS(X)
#undef X
};

/* Where the load comes and goes with the second, slots are taken all at once only now and then. */
#define FULL_FOR_NS NS_PER_MIN
#define NEED_MAX    1e9

void trigger_restart(struct trigger_memory *memory)
{
	for (uint32_t i = 0; i < TRIGGER_COUNT; i++)
		memory->since_ns[i] = BAL_NEVER_NS;
}

void trigger_begin(struct trigger_memory *memory)
{
	*memory = (struct trigger_memory){
		.sight = {.looked_at_ns = INT64_MIN / 2}, .full_at_ns = INT64_MIN / 2};
	for (uint32_t i = 0; i < TRIGGER_COUNT; i++)
		memory->sight.about[i] = BAL_NONE;
	trigger_restart(memory);
}

static bool is_beyond(const struct row *row, int64_t value)
{
	switch (row->how) {
	case ABOVE:
		return value > row->threshold;
	case FROM:
		return value >= row->threshold;
	case BELOW:
		return value < row->threshold;
	default:
		return value <= row->threshold;
	}
}

static bool is_able(const struct trigger_setting *setting, const struct trigger_memory *memory,
	const struct row *row, const struct strategy_view *view)
{
	double load = view->busy + view->waiting;

	if (row->when == FULL)
		return view->now_ns - memory->full_at_ns < FULL_FOR_NS;
	return row->when == ALWAYS ||
	       strategy_permille(load, view->slots_coming) >= setting->used_permille;
}

/* Agents that are enough, as far as that is known. */
static uint32_t need_of(
	const struct trigger_setting *setting, const struct trigger_sight *sight, uint32_t trigger)
{
	return (uint32_t)num_clamp(sight->needs[trigger], 0, setting->cap);
}

/* Why a forecast is not acted on; NONE: it is, or there is nothing in it. */
static enum bal_reason doubt(
	const struct trigger_setting *setting, const struct trigger_sight *sight, uint32_t trigger)
{
	uint32_t flags = sight->flags[trigger];

	if (ROWS[trigger].source != FORECAST)
		return BAL_REASON_NONE;
	if ((flags & TRIGGER_ODD) != 0)
		return BAL_REASON_HOLD_ODD;
	if ((flags & TRIGGER_UNSURE) != 0)
		return BAL_REASON_HOLD_UNSURE;
	if (setting->clock_is_new && (flags & TRIGGER_KNOWN) != 0 &&
		is_beyond(&ROWS[trigger], sight->values[trigger]))
		return BAL_REASON_HOLD_CLOCK;
	return BAL_REASON_NONE;
}

/* It holds now, whether it can be helped by agents or not. */
static bool holds(const struct trigger_setting *setting, const struct trigger_memory *memory,
	uint32_t trigger, const struct strategy_view *view)
{
	const struct row *row = &ROWS[trigger];
	const struct trigger_sight *sight = &memory->sight;

	return (!setting->plans || row->whom == WHOM_ALL) &&
	       (sight->flags[trigger] & TRIGGER_KNOWN) != 0 &&
	       doubt(setting, sight, trigger) == BAL_REASON_NONE &&
	       is_beyond(row, sight->values[trigger]) && is_able(setting, memory, row, view);
}

/* It holds, and agents are missing as far as that is known. */
static bool is_wanting(
	const struct trigger_memory *memory, uint32_t trigger, const struct strategy_view *view)
{
	double need = memory->sight.needs[trigger];

	return memory->since_ns[trigger] != BAL_NEVER_NS && (need <= 0 || need > view->agents);
}

/* Its time has come, and agents are missing as far as that is known. */
static bool is_ripe(const struct trigger_setting *setting, const struct trigger_memory *memory,
	uint32_t trigger, const struct strategy_view *view)
{
	int64_t sustain_ns = ROWS[trigger].source == DECLARED ? 0 : setting->sustain_ns;
	int64_t since_ns = num_max_i64(memory->since_ns[trigger], setting->up_ended_at_ns);

	return is_wanting(memory, trigger, view) && view->now_ns - since_ns >= sustain_ns;
}

static struct strategy_wish order(const struct trigger_setting *setting,
	const struct trigger_memory *memory, uint32_t trigger, const struct strategy_view *view)
{
	uint32_t need = need_of(setting, &memory->sight, trigger);
	uint32_t most = need > 0 ? need : setting->cap;
	uint32_t agents = view->agents + setting->step;

	if (view->paused_out)
		return strategy_hold(view, BAL_REASON_HOLD_PAUSED);
	if (view->agents >= setting->cap)
		return strategy_hold(view, BAL_REASON_HOLD_MAXIMUM);
	if (view->order_open ||
		view->now_ns < time_add_ns(setting->up_ended_at_ns, setting->cooldown_ns))
		return strategy_hold(view, BAL_REASON_HOLD_COOLDOWN);
	if (view->backoff)
		return strategy_hold(view, BAL_REASON_HOLD_BACKOFF);
	if (ROWS[trigger].order == ORDER_ALL || agents > most)
		agents = most;
	return (struct strategy_wish){.agents = agents,
		.reason = ROWS[trigger].reason,
		.since_ns = num_max_i64(memory->since_ns[trigger], setting->up_ended_at_ns)};
}

/* Since when each holds; and how many agents those that know it want. */
static uint32_t track(const struct trigger_setting *setting, struct trigger_memory *memory,
	const struct strategy_view *view)
{
	double load = view->busy + view->waiting;
	bool foresees = !setting->plans && !setting->clock_is_new;
	uint32_t floor = foresees ? (uint32_t)num_clamp(memory->sight.floor, 0, setting->cap) : 0;

	if (load > 0 && load >= view->slots_ready)
		memory->full_at_ns = view->now_ns;
	for (uint32_t i = 0; i < TRIGGER_COUNT; i++) {
		uint32_t need = need_of(setting, &memory->sight, i);

		if (!holds(setting, memory, i, view)) {
			memory->since_ns[i] = BAL_NEVER_NS;
			continue;
		}
		if (memory->since_ns[i] == BAL_NEVER_NS)
			memory->since_ns[i] = view->now_ns;
		floor = need > floor ? need : floor;
	}
	return floor;
}

struct trigger_wish trigger_look(const struct trigger_setting *setting,
	struct trigger_memory *memory, const struct strategy_view *view)
{
	struct trigger_wish wish = {.wish = strategy_hold(view, BAL_REASON_NONE),
		.trigger = TRIGGER_COUNT,
		.floor = track(setting, memory, view)};

	for (uint32_t i = 0; i < TRIGGER_COUNT; i++) {
		enum bal_reason why = doubt(setting, &memory->sight, i);

		if (is_ripe(setting, memory, i, view)) {
			wish.wish = order(setting, memory, i, view);
			wish.trigger = i;
			return wish;
		}
		if (why == BAL_REASON_NONE && is_wanting(memory, i, view))
			why = BAL_REASON_HOLD_SUSTAIN;
		if (wish.trigger == TRIGGER_COUNT && why != BAL_REASON_NONE &&
			(!setting->plans || ROWS[i].whom == WHOM_ALL)) {
			wish.wish.reason = why;
			wish.trigger = i;
		}
	}
	return wish;
}

uint32_t trigger_of(enum bal_reason reason)
{
	for (uint32_t i = 0; i < TRIGGER_COUNT; i++)
		if (ROWS[i].reason == reason)
			return i;
	return TRIGGER_COUNT;
}

int64_t trigger_threshold(uint32_t trigger)
{
	return ROWS[trigger].threshold;
}

const char *trigger_text(uint32_t trigger)
{
	return ROWS[trigger].text;
}

bool trigger_is_time(uint32_t trigger)
{
	return ROWS[trigger].unit == TIME;
}

bool trigger_valid(const struct trigger_memory *memory)
{
	bool ok = memory->sight.floor >= 0 && memory->sight.floor <= NEED_MAX;

	for (uint32_t i = 0; i < TRIGGER_COUNT; i++)
		ok = ok && memory->sight.flags[i] <= TRIGGER_ALL && memory->sight.needs[i] >= 0 &&
		     memory->sight.needs[i] <= NEED_MAX;
	return ok;
}

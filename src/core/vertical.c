/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are those of the requirement "Advanced Scaling Strategies", Vertical_Scaling. Where it
 * gives a span (25 to 100 %, 50 to 200 %), the need decides: what the agent would use if it could,
 * put so that it fills 70 % of a processor limit or 75 % of memory, which leaves the requirement's
 * safety margins of the plan.
 *
 * Since when a condition holds is kept as samples come, so that a look changes nothing. */
#include "core/vertical.h"

#include "base/num.h"
#include "base/units.h"

#define CPU_HIGH      850 /* permille of the limit */
#define CPU_USED      500 /* below that, more of it would not help */
#define WAIT_HIGH     100
#define PACE_HIGH     1250
#define PACE_COUNT    20 /* tasks before a pace is believed */
#define PACE_NOW_SPAN 10.0
#define PACE_SPAN     500.0
#define MEMORY_HIGH   900
#define MEMORY_USED   700
#define PAUSE_HIGH    100
#define SWAP_HIGH     10 /* permille of the limit */
#define LEAK_SURE     850
#define LEAK_SOON_NS  (10 * NS_PER_MIN)

#define CPU_FILL         0.70
#define CPU_STEP_MIN     0.25
#define CPU_STEP_MAX     1.00
#define THROTTLED_MOST   900 /* what is beyond cannot be told apart */
#define CPU_ROUND        10
#define MEMORY_FILL      0.75
#define MEMORY_STEP_MIN  0.50
#define MEMORY_STEP_OOM  1.00
#define MEMORY_STEP_MAX  2.00
#define RISE_AHEAD_S     60.0
#define S_PER_HOUR       3600.0
#define MEMORY_COOLDOWNS 6   /* memory does not wait for so long: a part of the cool-down */
#define DOWN_LEAST       800 /* permille of the limit: less of a change is not worth an order */
#define MIB_MAX          (INT64_C(1) << 31)

static void restart_cpu(struct vertical *vertical)
{
	for (uint32_t i = VERTICAL_BY_CPU; i <= VERTICAL_BY_PACE; i++)
		vertical->since_ns[i] = BAL_NEVER_NS;
}

static void restart_memory(struct vertical *vertical)
{
	for (uint32_t i = VERTICAL_BY_MEMORY; i <= VERTICAL_BY_SWAP; i++)
		vertical->since_ns[i] = BAL_NEVER_NS;
}

void vertical_restart(struct vertical *vertical)
{
	restart_cpu(vertical);
	restart_memory(vertical);
}

void vertical_init(struct vertical *vertical, uint32_t cpu_millis, uint32_t memory_mib)
{
	*vertical = (struct vertical){.cpu_millis = cpu_millis,
		.memory_mib = memory_mib,
		.cpu_changed_at_ns = BAL_NEVER_NS,
		.memory_changed_at_ns = BAL_NEVER_NS,
		.raised_at_ns = {BAL_NEVER_NS, BAL_NEVER_NS}};
	for (uint32_t i = 0; i < VERTICAL_GAUGES; i++)
		vertical->values[i] = -1;
	vertical_restart(vertical);
	margin_init(&vertical->cpu);
	margin_init(&vertical->memory);
}

/* The last value of a gauge; false when it is missing. */
static bool known(
	const struct vertical *vertical, enum vertical_gauge gauge, int64_t now_ns, int64_t *value)
{
	*value = vertical->values[gauge];
	return *value >= 0 && now_ns - vertical->told_at_ns[gauge] <= VERTICAL_SILENT_NS;
}

/* Memory without pages of files, in MiB. */
static bool memory_used(const struct vertical *vertical, int64_t now_ns, int64_t *mib)
{
	int64_t files;

	if (!known(vertical, VERTICAL_MEMORY, now_ns, mib))
		return false;
	if (known(vertical, VERTICAL_FILES, now_ns, &files))
		*mib = num_max_i64(*mib - files, 0);
	return true;
}

static int64_t permille_of(int64_t part, uint32_t whole)
{
	return whole == 0 ? 0 : num_mul_div(part, PERMILLE, whole);
}

/* ---- since when ---- */

static void track(
	struct vertical *vertical, enum vertical_trigger trigger, bool holds, int64_t now_ns)
{
	if (!holds)
		vertical->since_ns[trigger] = BAL_NEVER_NS;
	else if (vertical->since_ns[trigger] == BAL_NEVER_NS)
		vertical->since_ns[trigger] = now_ns;
}

/* Waiting of all threads over what they work and wait together; or what its limit cut off. */
static int64_t wait_permille(const struct vertical *vertical, int64_t now_ns)
{
	int64_t throttled, wait, used;
	int64_t share = 0;

	if (known(vertical, VERTICAL_THROTTLED, now_ns, &throttled))
		share = throttled;
	if (known(vertical, VERTICAL_WAIT, now_ns, &wait) && wait > 0 &&
		known(vertical, VERTICAL_CPU, now_ns, &used))
		share = num_max_i64(share, num_mul_div(wait, PERMILLE, wait + used));
	return share;
}

static int64_t pace_permille(const struct vertical *vertical)
{
	if (vertical->pace_count < PACE_COUNT || vertical->pace_usual <= 0)
		return 0;
	return num_to_i64(vertical->pace_now / vertical->pace_usual * (double)PERMILLE);
}

/* What is measured for a trigger of the processor, in permille but for the queue's millicores. */
static int64_t cpu_value(
	const struct vertical *vertical, enum vertical_trigger trigger, int64_t now_ns)
{
	int64_t value;

	switch (trigger) {
	case VERTICAL_BY_CPU:
		return known(vertical, VERTICAL_CPU, now_ns, &value)
			       ? permille_of(value, vertical->cpu_millis)
			       : 0;
	case VERTICAL_BY_WAIT:
		return wait_permille(vertical, now_ns);
	case VERTICAL_BY_QUEUE:
		return known(vertical, VERTICAL_WAIT, now_ns, &value) ? value : 0;
	default:
		return pace_permille(vertical);
	}
}

static int64_t cpu_threshold(const struct vertical *vertical, enum vertical_trigger trigger)
{
	switch (trigger) {
	case VERTICAL_BY_CPU:
		return CPU_HIGH;
	case VERTICAL_BY_WAIT:
		return WAIT_HIGH;
	case VERTICAL_BY_QUEUE:
		return vertical->cpu_millis;
	default:
		return PACE_HIGH;
	}
}

static void track_cpu(struct vertical *vertical, int64_t now_ns)
{
	bool limited = vertical->cpu_millis > 0;
	bool used = limited && cpu_value(vertical, VERTICAL_BY_CPU, now_ns) >= CPU_USED;

	for (uint32_t i = VERTICAL_BY_CPU; i <= VERTICAL_BY_PACE; i++) {
		enum vertical_trigger trigger = (enum vertical_trigger)i;

		track(vertical, trigger,
			used && cpu_value(vertical, trigger, now_ns) >
					cpu_threshold(vertical, trigger),
			now_ns);
	}
}

static void track_memory(struct vertical *vertical, int64_t now_ns)
{
	int64_t mib = 0, pause = 0, swap = 0;
	bool limited = memory_used(vertical, now_ns, &mib) && vertical->memory_mib > 0;
	int64_t used = limited ? permille_of(mib, vertical->memory_mib) : 0;
	bool full = used >= MEMORY_USED;

	track(vertical, VERTICAL_BY_MEMORY, used > MEMORY_HIGH, now_ns);
	track(vertical, VERTICAL_BY_GC,
		full && known(vertical, VERTICAL_PAUSE, now_ns, &pause) && pause > PAUSE_HIGH,
		now_ns);
	track(vertical, VERTICAL_BY_SWAP,
		full && known(vertical, VERTICAL_SWAP, now_ns, &swap) &&
			permille_of(swap, vertical->memory_mib) >= SWAP_HIGH,
		now_ns);
}

/* ---- samples ---- */

static void set(struct vertical *vertical, enum vertical_gauge gauge, int64_t now_ns, int64_t value)
{
	bool silent = vertical->values[gauge] >= 0 &&
		      now_ns - vertical->told_at_ns[gauge] > VERTICAL_SILENT_NS;

	/* After a silence nobody knows whether what held has held all the time. */
	if (silent && gauge == VERTICAL_CPU)
		restart_cpu(vertical);
	if (silent && gauge == VERTICAL_MEMORY)
		restart_memory(vertical);
	vertical->values[gauge] = value;
	vertical->told_at_ns[gauge] = now_ns;
}

static void set_memory(struct vertical *vertical, const struct vertical_setting *setting,
	int64_t now_ns, int64_t mib)
{
	int64_t before, used;
	int64_t elapsed_ns = now_ns - vertical->told_at_ns[VERTICAL_MEMORY];

	mib = num_min_i64(mib, MIB_MAX);
	if (known(vertical, VERTICAL_MEMORY, now_ns, &before) && elapsed_ns > 0)
		vertical->rise_mib_hour = num_mul_div(mib - before, NS_PER_HOUR, elapsed_ns);
	set(vertical, VERTICAL_MEMORY, now_ns, mib);
	if (memory_used(vertical, now_ns, &used))
		margin_add(&vertical->memory, setting->window_ns, now_ns, used);
	track_memory(vertical, now_ns);
}

/* The pause is told as time since the sample before. */
static void set_pause(struct vertical *vertical, int64_t now_ns, int64_t pause_ns)
{
	int64_t elapsed_ns = now_ns - vertical->told_at_ns[VERTICAL_PAUSE];
	bool first = vertical->values[VERTICAL_PAUSE] < 0 || elapsed_ns <= 0;

	set(vertical, VERTICAL_PAUSE, now_ns,
		first ? 0 : num_min_i64(num_mul_div(pause_ns, PERMILLE, elapsed_ns), PERMILLE));
}

void vertical_sample(struct vertical *vertical, const struct vertical_setting *setting,
	int64_t now_ns, uint32_t signal, int64_t value)
{
	switch (signal) {
	case BAL_SIGNAL_CPU_MILLIS:
		set(vertical, VERTICAL_CPU, now_ns, value);
		margin_add(&vertical->cpu, setting->window_ns, now_ns, value);
		track_cpu(vertical, now_ns);
		break;
	case BAL_SIGNAL_CPU_THROTTLED:
		set(vertical, VERTICAL_THROTTLED, now_ns, num_min_i64(value, PERMILLE));
		break;
	case BAL_SIGNAL_CPU_WAIT:
		set(vertical, VERTICAL_WAIT, now_ns, value);
		break;
	case BAL_SIGNAL_MEMORY_MIB:
		set_memory(vertical, setting, now_ns, value);
		break;
	case BAL_SIGNAL_MEMORY_FILE:
		set(vertical, VERTICAL_FILES, now_ns, value / MIB);
		break;
	case BAL_SIGNAL_SWAP:
		set(vertical, VERTICAL_SWAP, now_ns, value / MIB);
		break;
	case BAL_SIGNAL_GC_PAUSE:
		set_pause(vertical, now_ns, value);
		break;
	case BAL_SIGNAL_OOM_KILLS:
		if (value > 0)
			vertical_starved(vertical, now_ns);
		break;
	default:
		break;
	}
}

void vertical_starved(struct vertical *vertical, int64_t now_ns)
{
	if (vertical->memory_mib > 0)
		track(vertical, VERTICAL_BY_OOM, true, now_ns);
}

void vertical_served(struct vertical *vertical, int64_t now_ns, double slowness)
{
	double now_weight = num_min(vertical->pace_count, PACE_NOW_SPAN);
	double weight = num_min(vertical->pace_count, PACE_SPAN);

	vertical->pace_now += (slowness - vertical->pace_now) / (now_weight + 1.0);
	vertical->pace_usual += (slowness - vertical->pace_usual) / (weight + 1.0);
	vertical->pace_count += vertical->pace_count < UINT32_MAX;
	track_cpu(vertical, now_ns);
}

void vertical_changed(
	struct vertical *vertical, int64_t now_ns, uint32_t cpu_millis, uint32_t memory_mib)
{
	if (cpu_millis != vertical->cpu_millis) {
		vertical->cpu_changed_at_ns = now_ns;
		restart_cpu(vertical);
	}
	if (memory_mib != vertical->memory_mib) {
		vertical->memory_changed_at_ns = now_ns;
		restart_memory(vertical);
	}
	if (memory_mib > vertical->memory_mib) {
		vertical->raised_at_ns[1] = vertical->raised_at_ns[0];
		vertical->raised_at_ns[0] = now_ns;
	}
	vertical->cpu_millis = cpu_millis;
	vertical->memory_mib = memory_mib;
}

/* ---- wishes ---- */

static struct vertical_wish keep(const struct vertical *vertical, enum bal_reason reason)
{
	return (struct vertical_wish){.cpu_millis = vertical->cpu_millis,
		.memory_mib = vertical->memory_mib,
		.reason = reason,
		.since_ns = BAL_NEVER_NS};
}

static bool passed(int64_t since_ns, int64_t span_ns, int64_t now_ns)
{
	return since_ns == BAL_NEVER_NS || now_ns - since_ns >= span_ns;
}

static bool holds_for(
	const struct vertical *vertical, uint32_t trigger, int64_t span_ns, int64_t now_ns)
{
	int64_t since_ns = vertical->since_ns[trigger];

	return since_ns != BAL_NEVER_NS && now_ns - since_ns >= span_ns;
}

static uint32_t round_up(double value, uint32_t step)
{
	int64_t whole = num_to_i64(value);

	return (uint32_t)num_min_i64((whole + step - 1) / step * step, UINT32_MAX / 2);
}

/* What it would use if it could: what its limit kept it from is not used, but wanted. */
static double cpu_demand(const struct vertical *vertical, int64_t now_ns)
{
	int64_t used = 0, throttled = 0, wait = 0;
	double demand;

	if (!known(vertical, VERTICAL_CPU, now_ns, &used))
		return 0;
	demand = (double)used;
	if (known(vertical, VERTICAL_THROTTLED, now_ns, &throttled))
		demand /= 1.0 - (double)num_min_i64(throttled, THROTTLED_MOST) / (double)PERMILLE;
	if (known(vertical, VERTICAL_WAIT, now_ns, &wait))
		demand = num_max(demand, (double)(used + wait));
	return demand;
}

static struct vertical_wish cpu_up(const struct vertical *vertical,
	const struct vertical_setting *setting, uint32_t trigger, int64_t now_ns)
{
	static const enum bal_reason reasons[] = {[VERTICAL_BY_CPU] = BAL_REASON_RESIZE_CPU,
		[VERTICAL_BY_WAIT] = BAL_REASON_RESIZE_WAIT,
		[VERTICAL_BY_QUEUE] = BAL_REASON_RESIZE_QUEUE,
		[VERTICAL_BY_PACE] = BAL_REASON_RESIZE_SLOWER};
	struct vertical_wish wish = keep(vertical, reasons[trigger]);
	double limit = vertical->cpu_millis;
	double step = cpu_demand(vertical, now_ns) / CPU_FILL / limit - 1.0;

	step = num_clamp(step, CPU_STEP_MIN, CPU_STEP_MAX);
	wish.action = VERTICAL_UP;
	wish.value = cpu_value(vertical, (enum vertical_trigger)trigger, now_ns);
	wish.threshold = cpu_threshold(vertical, (enum vertical_trigger)trigger);
	wish.since_ns = vertical->since_ns[trigger];
	wish.cpu_millis = round_up(limit * (1.0 + step), CPU_ROUND);
	if (wish.cpu_millis > setting->cpu_max_millis)
		wish.cpu_millis = setting->cpu_max_millis;
	if (wish.cpu_millis < vertical_least(&wish, vertical))
		return keep(vertical, BAL_REASON_HOLD_CEILING);
	return wish;
}

uint32_t vertical_least(const struct vertical_wish *wish, const struct vertical *vertical)
{
	double limit = wish->is_memory ? vertical->memory_mib : vertical->cpu_millis;
	double step = wish->is_memory ? MEMORY_STEP_MIN : CPU_STEP_MIN;

	return (uint32_t)num_to_i64(num_min(limit * (1.0 + step), UINT32_MAX / 2));
}

static struct vertical_wish look_at_cpu(
	const struct vertical *vertical, const struct vertical_setting *setting, int64_t now_ns)
{
	bool waits = false;

	for (uint32_t i = VERTICAL_BY_CPU; i <= VERTICAL_BY_PACE; i++) {
		int64_t used;

		if (vertical->since_ns[i] == BAL_NEVER_NS ||
			!known(vertical, VERTICAL_CPU, now_ns, &used))
			continue;
		if (!passed(vertical->cpu_changed_at_ns, setting->cooldown_ns, now_ns))
			return keep(vertical, BAL_REASON_HOLD_COOLDOWN);
		if (holds_for(vertical, i, setting->sustain_ns, now_ns))
			return cpu_up(vertical, setting, i, now_ns);
		waits = true;
	}
	return keep(vertical, waits ? BAL_REASON_HOLD_SUSTAIN : BAL_REASON_NONE);
}

/* ---- memory ---- */

/* Twice within the window it was given more already, or the rise was found by its trend. */
static bool is_leaking(const struct vertical *vertical, const struct vertical_setting *setting,
	const struct vertical_rise *rise, int64_t now_ns)
{
	return rise->leak_permille >= LEAK_SURE ||
	       (vertical->raised_at_ns[1] != BAL_NEVER_NS &&
		       now_ns - vertical->raised_at_ns[1] < setting->window_ns);
}

static struct vertical_wish replace(struct vertical_wish wish, const struct vertical *vertical)
{
	wish.action = VERTICAL_REPLACE;
	wish.reason = BAL_REASON_RESTART_LEAK;
	wish.memory_mib = vertical->memory_mib;
	return wish;
}

static struct vertical_wish memory_up(const struct vertical *vertical,
	const struct vertical_setting *setting, const struct vertical_rise *rise, uint32_t trigger,
	int64_t now_ns)
{
	static const enum bal_reason reasons[] = {[VERTICAL_BY_MEMORY] = BAL_REASON_RESIZE_MEMORY,
		[VERTICAL_BY_OOM] = BAL_REASON_RESIZE_OOM,
		[VERTICAL_BY_GC] = BAL_REASON_RESIZE_GC,
		[VERTICAL_BY_SWAP] = BAL_REASON_RESIZE_SWAP};
	struct vertical_wish wish = keep(vertical, reasons[trigger]);
	double limit = vertical->memory_mib;
	int64_t mib = 0;
	double ahead = (double)num_max_i64(vertical->rise_mib_hour, 0) / S_PER_HOUR * RISE_AHEAD_S;
	double step;

	memory_used(vertical, now_ns, &mib);
	step = ((double)mib + ahead) / MEMORY_FILL / limit - 1.0;
	step = num_clamp(step, trigger == VERTICAL_BY_OOM ? MEMORY_STEP_OOM : MEMORY_STEP_MIN,
		MEMORY_STEP_MAX);
	wish.action = VERTICAL_UP;
	wish.is_memory = true;
	wish.value = permille_of(mib, vertical->memory_mib);
	wish.threshold = trigger == VERTICAL_BY_MEMORY ? MEMORY_HIGH : MEMORY_USED;
	wish.since_ns = vertical->since_ns[trigger];
	if (is_leaking(vertical, setting, rise, now_ns))
		return replace(wish, vertical);
	wish.memory_mib = round_up(limit * (1.0 + step), 1);
	if (wish.memory_mib > setting->memory_max_mib)
		wish.memory_mib = setting->memory_max_mib;
	if (wish.memory_mib >= vertical_least(&wish, vertical))
		return wish;
	/* It was given more, and wants more than one may have. */
	if (vertical->raised_at_ns[0] != BAL_NEVER_NS &&
		now_ns - vertical->raised_at_ns[0] < setting->window_ns)
		return replace(wish, vertical);
	return keep(vertical, BAL_REASON_HOLD_CEILING);
}

/* What is short of memory cannot wait; the rest is sustained. */
static int64_t memory_sustain_ns(const struct vertical_setting *setting, uint32_t trigger)
{
	return trigger == VERTICAL_BY_MEMORY || trigger == VERTICAL_BY_OOM ? 0
									   : setting->sustain_ns;
}

static struct vertical_wish look_at_memory(const struct vertical *vertical,
	const struct vertical_setting *setting, const struct vertical_rise *rise, int64_t now_ns)
{
	bool waits = false;

	for (uint32_t i = VERTICAL_BY_MEMORY; i <= VERTICAL_BY_SWAP; i++) {
		int64_t mib;

		if (vertical->since_ns[i] == BAL_NEVER_NS || !memory_used(vertical, now_ns, &mib))
			continue;
		if (!passed(vertical->memory_changed_at_ns, setting->cooldown_ns / MEMORY_COOLDOWNS,
			    now_ns))
			return keep(vertical, BAL_REASON_HOLD_COOLDOWN);
		if (holds_for(vertical, i, memory_sustain_ns(setting, i), now_ns))
			return memory_up(vertical, setting, rise, i, now_ns);
		waits = true;
	}
	return keep(vertical, waits ? BAL_REASON_HOLD_SUSTAIN : BAL_REASON_NONE);
}

/* A rise that will fill its memory soon is not waited for. */
static bool leaks_soon(const struct vertical_rise *rise)
{
	return rise->leak_permille >= LEAK_SURE && rise->full_in_ns <= LEAK_SOON_NS;
}

/* ---- down ---- */

/* The lower limit that leaves the margin; 0 when there is none that is worth it. */
static uint32_t lower(uint32_t limit, uint32_t base, int64_t used, double fill, uint32_t round)
{
	uint32_t to = round_up((double)used / fill, round);

	to = to > base ? to : base;
	to = to > limit / 2 ? to : limit / 2;
	return permille_of(to, limit) <= DOWN_LEAST ? to : 0;
}

static struct vertical_wish look_down(
	const struct vertical *vertical, const struct vertical_setting *setting, int64_t now_ns)
{
	struct vertical_wish wish = keep(vertical, BAL_REASON_RESIZE_UNUSED);
	bool cpu_due = setting->cpu_base_millis > 0 &&
		       passed(vertical->cpu_changed_at_ns, setting->window_ns, now_ns);
	bool memory_due = setting->memory_base_mib > 0 &&
			  passed(vertical->memory_changed_at_ns, setting->window_ns, now_ns);
	uint32_t to = 0;

	if (cpu_due && margin_p95(&vertical->cpu, &wish.value))
		to = lower(vertical->cpu_millis, setting->cpu_base_millis, wish.value, CPU_FILL,
			CPU_ROUND);
	if (to > 0) {
		wish.cpu_millis = to;
	} else if (memory_due && margin_max(&vertical->memory, &wish.value)) {
		to = lower(
			vertical->memory_mib, setting->memory_base_mib, wish.value, MEMORY_FILL, 1);
		wish.is_memory = true;
		wish.memory_mib = to > 0 ? to : vertical->memory_mib;
	}
	if (to == 0)
		return keep(vertical, BAL_REASON_NONE);
	wish.action = VERTICAL_DOWN;
	wish.threshold = to;
	return wish;
}

struct vertical_wish vertical_look(const struct vertical *vertical,
	const struct vertical_setting *setting, const struct vertical_rise *rise, int64_t now_ns)
{
	struct vertical_wish memory = look_at_memory(vertical, setting, rise, now_ns);
	struct vertical_wish cpu;

	if (memory.action != VERTICAL_NOTHING)
		return memory;
	if (leaks_soon(rise)) {
		memory.is_memory = true;
		memory.value = rise->leak_permille;
		memory.threshold = LEAK_SURE;
		return replace(memory, vertical);
	}
	cpu = look_at_cpu(vertical, setting, now_ns);
	if (cpu.action != VERTICAL_NOTHING)
		return cpu;
	if (memory.reason != BAL_REASON_NONE)
		return memory;
	return cpu.reason != BAL_REASON_NONE ? cpu : look_down(vertical, setting, now_ns);
}

/* ---- what it costs ---- */

int64_t vertical_price(int64_t price_microcents_hour, const struct vertical_setting *setting,
	int64_t cpu_millis, int64_t memory_mib)
{
	bool both = setting->cpu_base_millis > 0 && setting->memory_base_mib > 0;
	int64_t part = both ? price_microcents_hour / 2 : price_microcents_hour;
	int64_t price = 0;

	if (setting->cpu_base_millis > 0)
		price += num_mul_div(part, cpu_millis, setting->cpu_base_millis);
	if (setting->memory_base_mib > 0)
		price += num_mul_div(part, memory_mib, setting->memory_base_mib);
	return price;
}

bool vertical_preferred(const struct vertical_joint *joint)
{
	double grown = (double)(joint->agents + joint->more) / num_max(joint->agents, 1);
	bool vertical_enough = joint->factor >= joint->need;
	bool horizontal_enough =
		grown >= joint->need && joint->use / grown <= CPU_HIGH / (double)PERMILLE;

	if (vertical_enough != horizontal_enough)
		return vertical_enough;
	if (!vertical_enough)
		return false;
	return joint->price_vertical <= joint->price_horizontal;
}

/* Tasks that take a share less time gain that share of each hour in which they run. */
bool vertical_worth(int64_t price_vertical, int64_t price_horizontal, uint32_t running,
	uint32_t from_millis, uint32_t to_millis, int64_t time_value_microcents_hour)
{
	int64_t gained = num_mul_div(num_mul_i64(time_value_microcents_hour, running),
		(int64_t)to_millis - from_millis, to_millis);

	return gained > 0 && price_vertical <= price_horizontal && price_vertical <= gained;
}

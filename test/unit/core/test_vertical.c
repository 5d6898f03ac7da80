/* SPDX-License-Identifier: Apache-2.0 */
/* What one agent should have: each trigger at its threshold and beside it, each step at its ends,
 * with the numbers of the requirement. Samples come every five seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/units.h"
#include "core/vertical.h"

#define SAMPLE_NS (5 * NS_PER_S)

static const struct vertical_setting SETTING = {.sustain_ns = 5 * NS_PER_MIN,
	.cooldown_ns = NS_PER_MIN,
	.window_ns = NS_PER_HOUR,
	.cpu_base_millis = 1000,
	.memory_base_mib = 1000,
	.cpu_max_millis = 8000,
	.memory_max_mib = 16000};
static const struct vertical_rise STEADY = {0, BAL_NEVER_NS};

struct world {
	struct vertical vertical;
	struct vertical_setting setting;
	int64_t now_ns;
};

static struct world begin(uint32_t cpu_millis, uint32_t memory_mib)
{
	struct world world = {.setting = SETTING, .now_ns = 1000 * NS_PER_S};

	vertical_init(&world.vertical, cpu_millis, memory_mib);
	return world;
}

static void sample(struct world *world, enum bal_signal signal, int64_t value)
{
	vertical_sample(&world->vertical, &world->setting, world->now_ns, signal, value);
}

static struct vertical_wish look(const struct world *world)
{
	return vertical_look(&world->vertical, &world->setting, &STEADY, world->now_ns);
}

/* What it says of processor, every five seconds; below 0: nothing of that. */
struct cpu {
	int64_t used, throttled, wait;
};

static void run(struct world *world, const struct cpu *cpu, int64_t span_ns)
{
	int64_t end_ns = world->now_ns + span_ns;

	for (; world->now_ns < end_ns; world->now_ns += SAMPLE_NS) {
		if (cpu->throttled >= 0)
			sample(world, BAL_SIGNAL_CPU_THROTTLED, cpu->throttled);
		if (cpu->wait >= 0)
			sample(world, BAL_SIGNAL_CPU_WAIT, cpu->wait);
		if (cpu->used >= 0)
			sample(world, BAL_SIGNAL_CPU_MILLIS, cpu->used);
	}
}

static void test_triggers_of_the_processor(void **state)
{
	static const struct {
		struct cpu cpu;
		enum bal_reason reason; /* after the sustain time; NONE: never */
		uint32_t to;
	} rows[] = {
		/* 85 % is not above, 85.1 % is; 0.851 / 0.7 is 22 %, and 25 % is the least step */
		{{850, -1, -1}, BAL_REASON_NONE, 0},
		{{851, -1, -1}, BAL_REASON_RESIZE_CPU, 1250},
		/* 1000 / 0.7 = 1.43 times */
		{{1000, -1, -1}, BAL_REASON_RESIZE_CPU, 1430},
		/* half of the time cut off: it wants twice of it, and 100 % is the most */
		{{1000, 500, -1}, BAL_REASON_RESIZE_CPU, 2000},
		{{1000, 1000, -1}, BAL_REASON_RESIZE_CPU, 2000},
		/* cut off 10 % is not above; 10.1 % of a half used limit is */
		{{500, 100, -1}, BAL_REASON_NONE, 0},
		{{500, 101, -1}, BAL_REASON_RESIZE_WAIT, 1250},
		{{499, 101, -1}, BAL_REASON_NONE, 0},
		/* waiting over working and waiting */
		{{720, -1, 80}, BAL_REASON_NONE, 0},
		{{720, -1, 81}, BAL_REASON_RESIZE_WAIT, 1250},
		/* all wait: 600 works, 800 waits, 1400 / 0.7 = 2 */
		{{600, -1, 800}, BAL_REASON_RESIZE_WAIT, 2000},
		{{400, -1, 1200}, BAL_REASON_NONE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct world world = begin(1000, 0);
		struct vertical_wish wish;

		run(&world, &rows[i].cpu, 5 * NS_PER_MIN);
		wish = look(&world);
		assert_int_equal(wish.action, rows[i].to == 0 ? VERTICAL_NOTHING : VERTICAL_UP);
		if (rows[i].to == 0)
			continue;
		assert_int_equal(wish.reason, rows[i].reason);
		assert_int_equal(wish.cpu_millis, rows[i].to);
		assert_false(wish.is_memory);
		assert_int_equal(wish.since_ns, 1000 * NS_PER_S);
	}
}

static void test_the_queue_alone(void **state)
{
	struct world world = begin(1000, 0);
	struct vertical_wish wish;

	(void)state;
	/* Of what waits so long for cores the share of time would tell as well: it is told first.
	 * Only the queue's own sustain has passed here. */
	run(&world, &(struct cpu){600, -1, 1001}, 5 * NS_PER_MIN);
	world.vertical.since_ns[VERTICAL_BY_WAIT] = BAL_NEVER_NS;
	wish = look(&world);
	assert_int_equal(wish.reason, BAL_REASON_RESIZE_QUEUE);
	assert_int_equal(wish.value, 1001);
	assert_int_equal(wish.threshold, 1000);
	world = begin(1000, 0);
	run(&world, &(struct cpu){600, -1, 1000}, 5 * NS_PER_MIN);
	assert_int_equal(world.vertical.since_ns[VERTICAL_BY_QUEUE], BAL_NEVER_NS);
}

static void test_slower_tasks(void **state)
{
	(void)state;
	for (int slow = 0; slow < 3; slow++) {
		/* 25 % slower is not enough; half of the processor must be in use */
		double slowness = slow == 0 ? 1.24 : 1.4;
		struct cpu cpu = {slow == 2 ? 499 : 600, -1, -1};
		struct world world = begin(1000, 0);
		struct vertical_wish wish;

		for (int i = 0; i < 1000; i++)
			vertical_served(&world.vertical, world.now_ns, 1.0);
		for (int i = 0; i < 200; i++) {
			vertical_served(&world.vertical, world.now_ns, slowness);
			run(&world, &cpu, SAMPLE_NS);
			if (look(&world).action != VERTICAL_NOTHING)
				break;
		}
		wish = look(&world);
		assert_int_equal(wish.action, slow == 1 ? VERTICAL_UP : VERTICAL_NOTHING);
		if (slow == 1)
			assert_int_equal(wish.reason, BAL_REASON_RESIZE_SLOWER);
	}
}

static void test_few_tasks_have_no_pace(void **state)
{
	struct world world = begin(1000, 0);

	(void)state;
	run(&world, &(struct cpu){600, -1, -1}, SAMPLE_NS);
	for (int i = 0; i < 15; i++)
		vertical_served(&world.vertical, world.now_ns, 1.0);
	for (int i = 0; i < 4; i++)
		vertical_served(&world.vertical, world.now_ns, 9.0);
	assert_int_equal(world.vertical.since_ns[VERTICAL_BY_PACE], BAL_NEVER_NS);
	vertical_served(&world.vertical, world.now_ns, 9.0);
	assert_int_equal(world.vertical.since_ns[VERTICAL_BY_PACE], world.now_ns);
}

static void test_sustain_and_cool_down(void **state)
{
	struct world world = begin(1000, 0);
	struct cpu high = {900, -1, -1};

	(void)state;
	run(&world, &high, 5 * NS_PER_MIN - SAMPLE_NS);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	assert_int_equal(look(&world).reason, BAL_REASON_HOLD_SUSTAIN);
	/* A dip begins it again. */
	run(&world, &(struct cpu){800, -1, -1}, SAMPLE_NS);
	assert_int_equal(look(&world).reason, BAL_REASON_NONE);
	run(&world, &high, 5 * NS_PER_MIN);
	assert_int_equal(look(&world).action, VERTICAL_UP);
	vertical_changed(&world.vertical, world.now_ns, 1250, 0);
	assert_int_equal(look(&world).reason, BAL_REASON_NONE);
	/* Short again at once: nothing within the cool-down, then nothing before it is sustained.
	 */
	run(&world, &(struct cpu){1200, -1, -1}, NS_PER_MIN);
	world.now_ns -= SAMPLE_NS;
	assert_int_equal(look(&world).reason, BAL_REASON_HOLD_COOLDOWN);
	world.now_ns += SAMPLE_NS;
	assert_int_equal(look(&world).reason, BAL_REASON_HOLD_SUSTAIN);
	run(&world, &(struct cpu){1200, -1, -1}, 4 * NS_PER_MIN);
	assert_int_equal(look(&world).action, VERTICAL_UP);
}

static void test_silence_holds(void **state)
{
	struct world world = begin(1000, 0);

	(void)state;
	run(&world, &(struct cpu){900, -1, -1}, 6 * NS_PER_MIN);
	assert_int_equal(look(&world).action, VERTICAL_UP);
	world.now_ns += VERTICAL_SILENT_NS;
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	/* It speaks again: what it did meanwhile is not known. */
	run(&world, &(struct cpu){900, -1, -1}, SAMPLE_NS);
	assert_int_equal(look(&world).reason, BAL_REASON_HOLD_SUSTAIN);
	/* Nothing at all is no reason for anything. */
	world = begin(1000, 1000);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	assert_int_equal(look(&world).reason, BAL_REASON_NONE);
}

static void test_without_a_limit_there_is_none_to_raise(void **state)
{
	struct world world = begin(0, 0);

	(void)state;
	run(&world, &(struct cpu){4000, 900, 9000}, 10 * NS_PER_MIN);
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 100000);
	sample(&world, BAL_SIGNAL_OOM_KILLS, 1);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	assert_int_equal(look(&world).reason, BAL_REASON_NONE);
}

static void test_at_most_eight_cores(void **state)
{
	struct world world = begin(5000, 0);
	struct vertical_wish wish;

	(void)state;
	run(&world, &(struct cpu){5000, 800, -1}, 5 * NS_PER_MIN);
	wish = look(&world);
	assert_int_equal(wish.action, VERTICAL_UP);
	assert_int_equal(wish.cpu_millis, 8000);
	/* Less than a quarter more is left: not worth an order. */
	world = begin(6500, 0);
	run(&world, &(struct cpu){6500, 800, -1}, 5 * NS_PER_MIN);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	assert_int_equal(look(&world).reason, BAL_REASON_HOLD_CEILING);
}

static void test_memory_is_raised_at_once(void **state)
{
	struct world world = begin(0, 1000);
	struct vertical_wish wish;

	(void)state;
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 900);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 901);
	wish = look(&world);
	assert_int_equal(wish.action, VERTICAL_UP);
	assert_int_equal(wish.reason, BAL_REASON_RESIZE_MEMORY);
	assert_true(wish.is_memory);
	assert_int_equal(wish.memory_mib, 1500); /* 901 / 0.75 is 20 %: the least is 50 % */
	assert_int_equal(wish.cpu_millis, 0);
	assert_int_equal(wish.value, 901);
	assert_int_equal(wish.threshold, 900);
}

static void test_the_step_of_memory_follows_its_rise(void **state)
{
	static const struct {
		int64_t before; /* and 910 five seconds later; what it has in a minute fills 75 % */
		uint32_t low, high;
	} rows[] = {
		{910, 1500, 1500}, /* steady: at least 50 % */
		{880, 1692, 1694}, /* 6 MiB/s: 910 + 360 */
		{800, 2972, 2974}, /* 22 MiB/s: 910 + 1320 */
		{0, 3000, 3000},   /* at most 200 % */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct world world = begin(0, 1000);

		sample(&world, BAL_SIGNAL_MEMORY_MIB, rows[i].before);
		world.now_ns += SAMPLE_NS;
		sample(&world, BAL_SIGNAL_MEMORY_MIB, 910);
		assert_in_range(look(&world).memory_mib, rows[i].low, rows[i].high);
	}
}

static void test_pages_of_files_do_not_count(void **state)
{
	struct world world = begin(0, 1000);

	(void)state;
	sample(&world, BAL_SIGNAL_MEMORY_FILE, 200 * MIB);
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 1000);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	sample(&world, BAL_SIGNAL_MEMORY_FILE, 50 * MIB);
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 1000);
	assert_int_equal(look(&world).action, VERTICAL_UP);
}

static void test_what_was_ended_for_want_of_memory(void **state)
{
	struct world world = begin(0, 1000);
	struct vertical_wish wish;

	(void)state;
	sample(&world, BAL_SIGNAL_OOM_KILLS, 0);
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 300);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	sample(&world, BAL_SIGNAL_OOM_KILLS, 1);
	wish = look(&world);
	assert_int_equal(wish.reason, BAL_REASON_RESIZE_OOM);
	assert_int_equal(wish.memory_mib, 2000); /* at least twice */
	vertical_changed(&world.vertical, world.now_ns, 0, 2000);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
}

static void test_collections_and_swap_are_sustained(void **state)
{
	static const struct {
		int64_t used_mib, pause_ns, swap_mib;
		enum bal_reason reason;
	} rows[] = {
		{700, 505 * NS_PER_MS, 0, BAL_REASON_RESIZE_GC},
		{700, 500 * NS_PER_MS, 0, BAL_REASON_NONE}, /* 10 % is not above */
		{699, 505 * NS_PER_MS, 0, BAL_REASON_NONE},
		{700, 0, 10, BAL_REASON_RESIZE_SWAP},
		{700, 0, 9, BAL_REASON_NONE},
		{699, 0, 10, BAL_REASON_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct world world = begin(0, 1000);
		struct vertical_wish wish;

		for (int second = 0; second <= 310; second += 5) {
			sample(&world, BAL_SIGNAL_GC_PAUSE, rows[i].pause_ns);
			sample(&world, BAL_SIGNAL_SWAP, rows[i].swap_mib * MIB);
			sample(&world, BAL_SIGNAL_MEMORY_MIB, rows[i].used_mib);
			if (second == 295)
				assert_int_equal(look(&world).action, VERTICAL_NOTHING);
			world.now_ns += SAMPLE_NS;
		}
		wish = look(&world);
		assert_int_equal(wish.action,
			rows[i].reason == BAL_REASON_NONE ? VERTICAL_NOTHING : VERTICAL_UP);
		if (rows[i].reason != BAL_REASON_NONE) {
			assert_int_equal(wish.reason, rows[i].reason);
			assert_int_equal(wish.memory_mib, 1500);
		}
	}
}

static void test_the_third_time_is_a_leak(void **state)
{
	struct world world = begin(0, 1000);
	uint32_t limit = 1000;
	struct vertical_wish wish;

	(void)state;
	for (int i = 0; i < 2; i++) {
		sample(&world, BAL_SIGNAL_MEMORY_MIB, limit * 95 / 100);
		wish = look(&world);
		assert_int_equal(wish.action, VERTICAL_UP);
		limit = wish.memory_mib;
		vertical_changed(&world.vertical, world.now_ns, 0, limit);
		world.now_ns += 10 * NS_PER_MIN;
	}
	sample(&world, BAL_SIGNAL_MEMORY_MIB, limit * 95 / 100);
	wish = look(&world);
	assert_int_equal(wish.action, VERTICAL_REPLACE);
	assert_int_equal(wish.reason, BAL_REASON_RESTART_LEAK);
	assert_int_equal(wish.memory_mib, limit);
	/* Long ago it is none. */
	world.now_ns += NS_PER_HOUR;
	sample(&world, BAL_SIGNAL_MEMORY_MIB, limit * 95 / 100);
	assert_int_equal(look(&world).action, VERTICAL_UP);
}

static void test_a_rise_that_was_found_is_a_leak(void **state)
{
	struct vertical_rise sure = {850, NS_PER_HOUR};
	struct vertical_rise unsure = {849, NS_PER_HOUR};
	struct vertical_rise soon = {850, 10 * NS_PER_MIN};
	struct world world = begin(0, 1000);
	struct vertical_wish wish;

	(void)state;
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 950);
	wish = vertical_look(&world.vertical, &world.setting, &sure, world.now_ns);
	assert_int_equal(wish.action, VERTICAL_REPLACE);
	wish = vertical_look(&world.vertical, &world.setting, &unsure, world.now_ns);
	assert_int_equal(wish.action, VERTICAL_UP);
	/* Not short yet: only when it will be soon. */
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 500);
	wish = vertical_look(&world.vertical, &world.setting, &sure, world.now_ns);
	assert_int_equal(wish.action, VERTICAL_NOTHING);
	wish = vertical_look(&world.vertical, &world.setting, &soon, world.now_ns);
	assert_int_equal(wish.action, VERTICAL_REPLACE);
	assert_int_equal(wish.value, 850);
}

static void test_the_most_memory(void **state)
{
	struct world world = begin(0, 1000);
	struct vertical_wish wish;

	(void)state;
	world.setting.memory_max_mib = 1800;
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 910);
	world.now_ns += SAMPLE_NS;
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 990); /* 16 MiB/s: wants 2600 */
	wish = look(&world);
	assert_int_equal(wish.memory_mib, 1800);
	vertical_changed(&world.vertical, world.now_ns, 0, 1800);
	world.now_ns += 10 * NS_PER_S;
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 1700);
	/* It had more a moment ago and has all there is: a fresh one rather than the kernel's end.
	 */
	assert_int_equal(look(&world).action, VERTICAL_REPLACE);
	/* Who never had more is as large as it is: nothing is gained by another one. */
	world = begin(0, 1800);
	world.setting.memory_max_mib = 1800;
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 1700);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	assert_int_equal(look(&world).reason, BAL_REASON_HOLD_CEILING);
}

static void test_memory_has_its_own_cool_down(void **state)
{
	struct world world = begin(0, 1000);

	(void)state;
	vertical_changed(&world.vertical, world.now_ns, 0, 1500);
	world.now_ns += 10 * NS_PER_S - 1;
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 1400);
	assert_int_equal(look(&world).reason, BAL_REASON_HOLD_COOLDOWN);
	world.now_ns++;
	assert_int_equal(look(&world).action, VERTICAL_UP);
}

static void test_down_when_the_window_leaves_margin(void **state)
{
	struct world world = begin(4000, 0);
	struct cpu low = {700, -1, -1};
	struct vertical_wish wish;

	(void)state;
	/* One short peak in the hour is left out of the 95th percentile, two are not. */
	run(&world, &(struct cpu){3000, -1, -1}, SAMPLE_NS);
	run(&world, &low, NS_PER_HOUR - 2 * SAMPLE_NS);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	run(&world, &low, 2 * SAMPLE_NS);
	wish = look(&world);
	assert_int_equal(wish.action, VERTICAL_DOWN);
	assert_int_equal(wish.reason, BAL_REASON_RESIZE_UNUSED);
	assert_int_equal(wish.cpu_millis, 2000); /* 700 / 0.7 is 1000, but at most half at a time */
	vertical_changed(&world.vertical, world.now_ns, 2000, 0);
	run(&world, &low, NS_PER_HOUR - SAMPLE_NS);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	run(&world, &low, SAMPLE_NS);
	assert_int_equal(look(&world).cpu_millis, 1000);
	/* Never below what it was started with. */
	vertical_changed(&world.vertical, world.now_ns, 1000, 0);
	run(&world, &(struct cpu){10, -1, -1}, 3 * NS_PER_HOUR);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
}

static void test_little_margin_is_left_alone(void **state)
{
	struct world world = begin(2000, 0);

	(void)state;
	/* 1130 / 0.7 = 1620: 81 % of the limit is no change, 1600 is one */
	run(&world, &(struct cpu){1130, -1, -1}, NS_PER_HOUR + NS_PER_MIN);
	assert_int_equal(look(&world).action, VERTICAL_NOTHING);
	world = begin(2000, 0);
	run(&world, &(struct cpu){1120, -1, -1}, NS_PER_HOUR + NS_PER_MIN);
	assert_int_equal(look(&world).action, VERTICAL_DOWN);
	assert_int_equal(look(&world).cpu_millis, 1600);
}

static void test_memory_goes_down_by_its_maximum(void **state)
{
	struct world world = begin(0, 4000);
	struct vertical_wish wish;

	(void)state;
	for (int i = 0; i <= 725; i++) {
		sample(&world, BAL_SIGNAL_MEMORY_MIB, i == 300 ? 1800 : 900);
		world.now_ns += SAMPLE_NS;
	}
	wish = look(&world);
	assert_int_equal(wish.action, VERTICAL_DOWN);
	assert_true(wish.is_memory);
	assert_int_equal(wish.memory_mib, 2400); /* 1800 / 0.75 */
}

static void test_a_window_with_holes_says_nothing(void **state)
{
	struct margin margin;
	int64_t value = 0;
	int64_t now_ns = 0;

	(void)state;
	margin_init(&margin);
	assert_false(margin_p95(&margin, &value));
	/* 14 of 20 slots, then 15. */
	for (int i = 0; i <= 20; i++)
		if (i >= 6)
			margin_add(&margin, 20 * NS_PER_MIN, now_ns + i * NS_PER_MIN, i);
		else if (i == 0)
			margin_add(&margin, 20 * NS_PER_MIN, now_ns, 0);
	assert_true(margin_p95(&margin, &value));
	margin_init(&margin);
	for (int i = 0; i <= 20; i++)
		if (i == 0 || i >= 7)
			margin_add(&margin, 20 * NS_PER_MIN, i * NS_PER_MIN, i);
	assert_false(margin_p95(&margin, &value));
	/* Another length begins anew, and so does a long silence. */
	margin_add(&margin, 10 * NS_PER_MIN, 100 * NS_PER_MIN, 5);
	assert_int_equal(margin.filled, 0);
	margin_add(&margin, 10 * NS_PER_MIN, 1000 * NS_PER_MIN, 5);
	assert_false(margin_max(&margin, &value));
}

static void test_prices(void **state)
{
	struct vertical_setting cpu_only = {.cpu_base_millis = 500};
	struct vertical_setting none = {0};

	(void)state;
	/* Half of the price for each: one more core of one is half of it. */
	assert_int_equal(vertical_price(1000, &SETTING, 1000, 0), 500);
	assert_int_equal(vertical_price(1000, &SETTING, 0, 500), 250);
	assert_int_equal(vertical_price(1000, &SETTING, -500, -500), -500);
	assert_int_equal(vertical_price(1000, &cpu_only, 500, 700), 1000);
	assert_int_equal(vertical_price(1000, &none, 500, 700), 0);
}

static void test_the_cheaper_sufficient_way(void **state)
{
	static const struct {
		struct vertical_joint joint;
		bool vertical;
	} rows[] = {
		/* both are enough: the cheaper one; at equal prices no boot is needed */
		{{4, 1, 1.2, 1.5, 1.0, 100, 99}, true},
		{{4, 1, 1.2, 1.5, 1.0, 100, 100}, true},
		{{4, 1, 1.2, 1.5, 1.0, 100, 101}, false},
		/* only one is enough, whatever it costs */
		{{4, 1, 1.2, 1.1, 1.0, 100, 1}, false},
		{{4, 1, 1.5, 1.5, 1.0, 1, 100}, true},
		/* one more of ten leaves each at 91 %: not below its threshold */
		{{10, 1, 1.05, 1.5, 1.0, 1, 100}, true},
		{{10, 2, 1.05, 1.5, 1.0, 1, 100}, false},
		/* neither is: as many agents as the strategy says */
		{{4, 1, 3.0, 1.5, 1.0, 100, 1}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(vertical_preferred(&rows[i].joint), rows[i].vertical);
}

static void test_what_cores_beyond_four_must_be_worth(void **state)
{
	(void)state;
	/* From 4 to 8 cores each of two tasks gains half of its hour: 2 * 50 * 0.5 */
	assert_true(vertical_worth(50, 50, 2, 4000, 8000, 50));
	assert_false(vertical_worth(51, 60, 2, 4000, 8000, 50));
	assert_false(vertical_worth(50, 49, 2, 4000, 8000, 50)); /* agents would be cheaper */
	assert_false(vertical_worth(0, 0, 0, 4000, 8000, 50));   /* nobody gains */
	assert_true(vertical_worth(0, 0, 1, 4000, 8000, 50));
}

static void test_nonsense_is_bounded(void **state)
{
	struct world world = begin(1000, 1000);
	struct vertical_wish wish;

	(void)state;
	run(&world, &(struct cpu){INT64_MAX / 4, INT64_MAX, INT64_MAX / 4}, 6 * NS_PER_MIN);
	wish = look(&world);
	assert_in_range(wish.cpu_millis, 1000, 2000);
	sample(&world, BAL_SIGNAL_MEMORY_MIB, INT64_MAX);
	world.now_ns += SAMPLE_NS;
	sample(&world, BAL_SIGNAL_MEMORY_MIB, INT64_MAX);
	wish = look(&world);
	assert_in_range(wish.memory_mib, 1000, 3000);
	vertical_served(&world.vertical, world.now_ns, 1e6);
}

static void test_forms(void **state)
{
	struct world world = begin(1000, 1000);
	struct vertical back;
	uint8_t bytes[2048], again[2048];
	struct bytes_writer writer;
	struct bytes_reader reader;
	size_t size;

	(void)state;
	run(&world, &(struct cpu){900, 50, 60}, 7 * NS_PER_MIN);
	sample(&world, BAL_SIGNAL_MEMORY_MIB, 950);
	vertical_served(&world.vertical, world.now_ns, 1.5);
	vertical_changed(&world.vertical, world.now_ns, 1000, 1500);
	bytes_writer_init(&writer, bytes, sizeof bytes);
	vertical_put(&world.vertical, &writer);
	assert_false(writer.overflow);
	size = writer.used;
	assert_true(size <= 1024);
	bytes_reader_init(&reader, bytes, size);
	assert_true(vertical_read(&back, &reader));
	assert_int_equal(bytes_left(&reader), 0);
	bytes_writer_init(&writer, again, sizeof again);
	vertical_put(&back, &writer);
	assert_int_equal(writer.used, size);
	assert_memory_equal(bytes, again, size);
	for (size_t cut = 0; cut < size; cut++) {
		bytes_reader_init(&reader, bytes, cut);
		assert_false(vertical_read(&back, &reader));
	}
	/* Damaged bytes are refused or make something that can be gone on with. */
	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= 0xff;
		bytes_reader_init(&reader, bytes, size);
		if (vertical_read(&back, &reader)) {
			world.vertical = back;
			run(&world, &(struct cpu){900, 50, 60}, SAMPLE_NS);
			look(&world);
		}
		bytes[at] ^= 0xff;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_triggers_of_the_processor),
		cmocka_unit_test(test_the_queue_alone),
		cmocka_unit_test(test_slower_tasks),
		cmocka_unit_test(test_few_tasks_have_no_pace),
		cmocka_unit_test(test_sustain_and_cool_down),
		cmocka_unit_test(test_silence_holds),
		cmocka_unit_test(test_without_a_limit_there_is_none_to_raise),
		cmocka_unit_test(test_at_most_eight_cores),
		cmocka_unit_test(test_memory_is_raised_at_once),
		cmocka_unit_test(test_the_step_of_memory_follows_its_rise),
		cmocka_unit_test(test_pages_of_files_do_not_count),
		cmocka_unit_test(test_what_was_ended_for_want_of_memory),
		cmocka_unit_test(test_collections_and_swap_are_sustained),
		cmocka_unit_test(test_the_third_time_is_a_leak),
		cmocka_unit_test(test_a_rise_that_was_found_is_a_leak),
		cmocka_unit_test(test_the_most_memory),
		cmocka_unit_test(test_memory_has_its_own_cool_down),
		cmocka_unit_test(test_down_when_the_window_leaves_margin),
		cmocka_unit_test(test_little_margin_is_left_alone),
		cmocka_unit_test(test_memory_goes_down_by_its_maximum),
		cmocka_unit_test(test_a_window_with_holes_says_nothing),
		cmocka_unit_test(test_prices),
		cmocka_unit_test(test_the_cheaper_sufficient_way),
		cmocka_unit_test(test_what_cores_beyond_four_must_be_worth),
		cmocka_unit_test(test_nonsense_is_bounded),
		cmocka_unit_test(test_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

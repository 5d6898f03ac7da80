/* SPDX-License-Identifier: Apache-2.0 */
/* follow: headroom over a smoothed load, jumps, what waits, and how long agents are held. */
#include "core/strategy_follow.h"

#include "../base/unit.h"
#include "base/units.h"

#define START_NS NS_PER_HOUR

static const struct follow_setting STEADY = {
	.headroom = 1.25, .window_ns = 60 * NS_PER_S, .clear_s = 60};
static const struct follow_setting JUMPY = {
	.headroom = 1, .window_ns = 60 * NS_PER_S, .clear_s = 60, .jump = 1.5, .onward = 2};

static struct strategy_view view_at(int64_t at_s, uint32_t agents, double offered)
{
	return (struct strategy_view){.now_ns = START_NS + at_s * NS_PER_S,
		.since_s = 1,
		.agents = agents,
		.agents_ready = agents,
		.slots = 10,
		.slots_ready = agents * 10,
		.slots_coming = agents * 10,
		.agents_max = 1000,
		.busy = offered,
		.offered = offered,
		.service_s = 5,
		.boot_s = 60,
		.growth = 1,
		.wait_s = 2,
		.late_share = 0.05};
}

/* So many seconds of the same load; the last wish. */
static struct strategy_wish play(const struct follow_setting *setting, struct follow_memory *memory,
	int64_t from_s, int64_t count, uint32_t agents, double offered)
{
	struct strategy_wish wish = {0};

	for (int64_t i = 0; i < count; i++) {
		struct strategy_view view = view_at(from_s + i, agents, offered);

		wish = follow_look(setting, memory, &view);
	}
	return wish;
}

static void headroom_over_the_level(void **state)
{
	struct follow_memory memory = {0};
	struct strategy_wish wish = play(&STEADY, &memory, 0, 1, 5, 64);

	(void)state;
	assert_int_equal(wish.agents, 8); /* 64 times 1.25 in agents of 10 */
	assert_int_equal(wish.reason, BAL_REASON_SCALE_EXPECTED);
	assert_int_equal(wish.threshold_permille, 800);
	assert_int_equal(play(&STEADY, &memory, 1, 10, 8, 64).agents, 8);
}

static void a_level_is_smoothed(void **state)
{
	struct follow_memory memory = {0};

	(void)state;
	play(&STEADY, &memory, 0, 60, 8, 60);
	/* A second at twice the load moves the level by a sixtieth. */
	play(&STEADY, &memory, 60, 1, 8, 120);
	assert_float_equal(memory.level, 61, 1e-9);
	assert_float_equal(memory.fast, 66, 1e-9);
}

static void a_jump_is_no_noise(void **state)
{
	struct follow_memory memory = {0};
	struct strategy_wish wish;

	(void)state;
	play(&JUMPY, &memory, 0, 60, 6, 60);
	/* The fast level goes a tenth of the way each second, the other one a sixtieth: beyond 1.5
	 * times with the third one. */
	assert_int_equal(play(&JUMPY, &memory, 60, 1, 6, 240).agents, 7);
	play(&JUMPY, &memory, 61, 1, 7, 240);
	assert_float_equal(memory.level, 65.95, 1e-9);
	wish = play(&JUMPY, &memory, 62, 1, 7, 240);
	assert_float_equal(memory.level, 108.78, 1e-9);
	assert_int_equal(wish.agents, 19); /* and twice what it rose by, 39.93 */
	/* And a fall beyond the square of it. */
	play(&JUMPY, &memory, 63, 60, 19, 108.78);
	play(&JUMPY, &memory, 123, 7, 19, 1);
	assert_true(memory.level > 90);
	play(&JUMPY, &memory, 130, 4, 19, 1);
	assert_true(memory.level < 50);
}

static void what_waits_too_long_is_worked_off(void **state)
{
	struct follow_memory memory = {0};
	struct strategy_view view = view_at(0, 4, 40);

	(void)state;
	/* 8 tasks per second: 16 may wait; the other 120 are 600 slot seconds, within 60. */
	view.waiting = 136;
	assert_int_equal(follow_look(&STEADY, &memory, &view).agents, 6);
}

static void agents_are_held(void **state)
{
	struct follow_memory memory = {0};
	struct strategy_wish wish;

	(void)state;
	play(&STEADY, &memory, 0, 1, 5, 80); /* up, to 10 */
	wish = play(&STEADY, &memory, 1, 300, 10, 68);
	assert_int_equal(wish.agents, 10);
	assert_int_equal(wish.reason, BAL_REASON_HOLD_CALM);
	wish = play(&STEADY, &memory, 301, 598, 10, 68);
	assert_int_equal(wish.agents, 10);
	wish = play(&STEADY, &memory, 899, 2, 10, 68);
	assert_int_equal(wish.agents, 9);
	assert_int_equal(wish.reason, BAL_REASON_SCALE_UNNEEDED);
}

static void far_too_many_go_after_a_minute(void **state)
{
	struct follow_memory memory = {0};

	(void)state;
	play(&JUMPY, &memory, 0, 60, 5, 100); /* up, to 10 */
	/* It falls to a fifth, which is seen within half a minute and held for a minute. */
	assert_int_equal(play(&JUMPY, &memory, 60, 60, 10, 20).agents, 10);
	assert_true(play(&JUMPY, &memory, 120, 60, 10, 20).agents <= 3);
}

static void to_zero_and_back(void **state)
{
	struct follow_memory memory = {0};

	(void)state;
	play(&STEADY, &memory, 0, 10, 1, 1);
	assert_int_equal(play(&STEADY, &memory, 10, 200, 1, 0).agents, 1);
	assert_int_equal(play(&STEADY, &memory, 210, 1200, 1, 0).agents, 0);
	assert_int_equal(play(&STEADY, &memory, 1410, 10, 0, 1).agents, 1);
}

static void a_pause_begins_again(void **state)
{
	struct follow_memory memory = {0};

	(void)state;
	play(&STEADY, &memory, 0, 100, 10, 80);
	play(&STEADY, &memory, 100 + 31, 1, 10, 20);
	assert_float_equal(memory.level, 20, 1e-9);
	play(&STEADY, &memory, 10, 1, 10, 40); /* the clock was set back */
	assert_float_equal(memory.level, 40, 1e-9);
}

static void bounds_and_pauses_hold(void **state)
{
	struct follow_memory memory = {0};
	struct strategy_view view = view_at(0, 5, 80);

	(void)state;
	view.agents_max = 5;
	assert_int_equal(follow_look(&STEADY, &memory, &view).agents, 5);
	view.agents_max = 100;
	view.paused_out = true;
	view.now_ns += NS_PER_S;
	assert_int_equal(follow_look(&STEADY, &memory, &view).reason, BAL_REASON_HOLD_PAUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headroom_over_the_level),
		cmocka_unit_test(a_level_is_smoothed),
		cmocka_unit_test(a_jump_is_no_noise),
		cmocka_unit_test(what_waits_too_long_is_worked_off),
		cmocka_unit_test(agents_are_held),
		cmocka_unit_test(far_too_many_go_after_a_minute),
		cmocka_unit_test(to_zero_and_back),
		cmocka_unit_test(a_pause_begins_again),
		cmocka_unit_test(bounds_and_pauses_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

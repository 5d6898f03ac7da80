/* SPDX-License-Identifier: Apache-2.0 */
/* The classic rules against sequences worked out by hand from their documentation, and what the
 * predictive strategy promises. */
#include "core/strategy.h"

#include "../base/unit.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/demand.h"
#include "core/strategy_hpa.h"
#include "core/strategy_kpa.h"
#include "core/strategy_predictive.h"
#include "core/strategy_steps.h"

#define START_NS NS_PER_HOUR

/* Agents of ten slots, all ready, this many slots busy; objective 2 s for 95 %. */
static struct strategy_view view_at(int64_t at_s, uint32_t agents, double busy)
{
	return (struct strategy_view){.now_ns = START_NS + at_s * NS_PER_S,
		.since_s = 1,
		.agents = agents,
		.agents_ready = agents,
		.slots = 10,
		.slots_ready = agents * 10,
		.slots_coming = agents * 10,
		.agents_max = 1000,
		.busy = busy,
		.offered = busy,
		.service_s = 5.57,
		.boot_s = 60,
		.growth = 1,
		.wait_s = 2,
		.late_share = 0.05};
}

/* ---- hpa ---- */

struct hpa_row {
	int64_t at_s;
	uint32_t agents, ready;
	double busy;
	uint32_t wanted;
};

static void play_hpa(const struct hpa_row *rows, size_t count, double target)
{
	struct hpa_setting setting = {target, 300 * NS_PER_S};
	struct hpa_memory memory = {0};

	for (size_t i = 0; i < count; i++) {
		struct strategy_view view = view_at(rows[i].at_s, rows[i].agents, rows[i].busy);

		view.agents_ready = rows[i].ready;
		view.slots_ready = rows[i].ready * 10;
		assert_int_equal(hpa_look(&setting, &memory, &view).agents, rows[i].wanted);
	}
}

/* The examples of the documentation: 200m for a target of 100m doubles, 50m halves; within 10 %
 * nothing happens. The share cannot be more than all, so the target is 40 %. */
static void hpa_formula(void **state)
{
	static const struct hpa_row up[] = {{0, 4, 4, 32, 8}};
	static const struct hpa_row near[] = {{0, 10, 10, 44, 10}, {15, 10, 10, 36, 10}};
	static const struct hpa_row over[] = {{0, 10, 10, 45, 12}};

	(void)state;
	play_hpa(up, 1, 0.4);
	play_hpa(near, 2, 0.4);
	play_hpa(over, 1, 0.4);
}

/* Half the load: the wish is 4 from the first look on, but the window began with 8. */
static void hpa_window(void **state)
{
	struct hpa_setting setting = {0.5, 300 * NS_PER_S};
	struct hpa_memory memory = {0};

	(void)state;
	for (int64_t at_s = 0; at_s < 285; at_s += 15) {
		struct strategy_view view = view_at(at_s, 8, 20);

		assert_int_equal(hpa_look(&setting, &memory, &view).agents, 8);
	}
	struct strategy_view view = view_at(285, 8, 20);
	assert_int_equal(hpa_look(&setting, &memory, &view).agents, 4);
}

/* Full: 1 agent at 10 % wants 10; 4 more than 1 within 15 s is 5, then double. */
static void hpa_rate(void **state)
{
	static const struct hpa_row rows[] = {{0, 1, 1, 10, 5}, {5, 5, 5, 50, 5},
		{15, 5, 5, 50, 10}, {30, 10, 10, 100, 20}, {45, 20, 20, 200, 40}};

	(void)state;
	play_hpa(rows, sizeof rows / sizeof rows[0], 0.1);
}

/* Four of eight are not ready and count as idle: 4 * 1.0 / 0.8 = 5 of 8 turns the ratio round. */
static void hpa_not_ready(void **state)
{
	static const struct hpa_row hold[] = {{0, 8, 4, 40, 8}};
	static const struct hpa_row more[] = {{0, 8, 7, 70, 10}};

	(void)state;
	play_hpa(hold, 1, 0.8);
	play_hpa(more, 1, 0.7);
}

/* ---- kpa ---- */

static uint32_t look_kpa(struct kpa_memory *memory, int64_t at_s, uint32_t agents, double tasks)
{
	struct strategy_view view = view_at(at_s, agents, tasks);

	return kpa_look(&KPA_STANDARD, memory, &view).agents;
}

/* 35 tasks at 7 an agent are 5 agents, as soon as the mean of 60 s is 35; at half of what is ready
 * per tick at most it goes down. */
static void kpa_stable(void **state)
{
	struct kpa_memory memory = {0};
	uint32_t agents = 5;

	(void)state;
	for (int64_t at_s = 0; at_s < 90; at_s++) {
		agents = look_kpa(&memory, at_s, agents, 35);
		assert_int_equal(agents, 5);
	}
	/* 63 are 9 agents: ten of the five that are ready would be the panic threshold. */
	for (int64_t at_s = 90; at_s < 95; at_s++)
		look_kpa(&memory, at_s, 5, 63);
	assert_int_equal(memory.panic_at_ns, 0);
	for (int64_t at_s = 95; at_s < 119; at_s++)
		agents = look_kpa(&memory, at_s, 6, 63);
	/* At the tick of 118 s: 32 seconds of 35 and 28 of 63, the open one left out; 48.1 / 7. */
	assert_int_equal(agents, 7);
	/* Nothing at all: half of eight per tick. */
	memory = (struct kpa_memory){0};
	assert_int_equal(look_kpa(&memory, 200, 8, 0), 4);
	assert_int_equal(look_kpa(&memory, 201, 8, 0), 8);
	assert_int_equal(look_kpa(&memory, 202, 4, 0), 2);
}

/* Six seconds of 140 tasks want 20 agents of 5 ready: panic, and no step back before 60 s after the
 * last reason. */
static void kpa_panic(void **state)
{
	struct kpa_memory memory = {0};
	uint32_t agents = 5;

	(void)state;
	for (int64_t at_s = 0; at_s < 60; at_s++)
		look_kpa(&memory, at_s, 5, 35);
	for (int64_t at_s = 60; at_s < 67; at_s++)
		agents = look_kpa(&memory, at_s, 5, 140);
	assert_int_equal(agents, 20);
	assert_int_equal(memory.panic_at_ns, START_NS + 66 * NS_PER_S);
	/* 20 are ready; the burst is over. The mean of 6 s falls below twice that at once. */
	for (int64_t at_s = 67; at_s <= 126; at_s++)
		agents = look_kpa(&memory, at_s, 20, 35);
	assert_int_equal(agents, 20);
	agents = look_kpa(&memory, 128, 20, 35);
	assert_int_equal(memory.panic_at_ns, 0);
	assert_int_equal(agents, 10);
}

/* ---- predictive ---- */

/* Agents come `boot` seconds after they are asked for. */
struct farm {
	uint32_t agents, ready;
	uint32_t boots[64];
	uint32_t reversals;
	int direction;
};

static void obey(struct farm *farm, int64_t at_s, uint32_t wanted, uint32_t boot_s)
{
	int direction = wanted > farm->agents ? 1 : wanted < farm->agents ? -1 : farm->direction;

	farm->reversals += farm->direction != 0 && direction != farm->direction;
	farm->direction = direction;
	if (wanted > farm->agents)
		farm->boots[(uint64_t)(at_s + boot_s) % 64] += wanted - farm->agents;
	else if (farm->agents - wanted <= farm->ready)
		farm->ready -= farm->agents - wanted;
	else
		return;
	farm->agents = wanted;
}

static struct strategy_wish look_farm(
	struct predictive_memory *memory, struct farm *farm, int64_t at_s, double offered)
{
	struct strategy_view view = view_at(at_s, farm->agents, offered);

	farm->ready += farm->boots[(uint64_t)at_s % 64];
	farm->boots[(uint64_t)at_s % 64] = 0;
	view.agents_ready = farm->ready;
	view.slots_ready = farm->ready * 10;
	view.boot_s = 30;
	return predictive_look(&PREDICTIVE_STANDARD, memory, &view);
}

/* Load that does not move: 85 % busy at least once its steadiness is known, and never a reversal;
 * one agent in eleven is what whole agents cost. */
static void predictive_steady(void **state)
{
	struct predictive_memory memory = {0};
	struct farm farm = {.agents = 15, .ready = 15};

	(void)state;
	for (int64_t at_s = 0; at_s < 2 * 3600; at_s++)
		obey(&farm, at_s, look_farm(&memory, &farm, at_s, 95).agents, 30);
	assert_int_equal(farm.agents, 11);
	assert_int_equal(farm.reversals, 0);
}

/* Twenty times the load from one second to the next: what it needs is ordered within seconds, not
 * after a window. */
static void predictive_step(void **state)
{
	struct predictive_memory memory = {0};
	struct farm farm = {.agents = 6, .ready = 6};
	uint32_t wanted = 0;

	(void)state;
	for (int64_t at_s = 0; at_s < 3600; at_s++)
		obey(&farm, at_s, look_farm(&memory, &farm, at_s, 28).agents, 30);
	for (int64_t at_s = 3600; at_s < 3660; at_s++) {
		wanted = look_farm(&memory, &farm, at_s, 557).agents;
		obey(&farm, at_s, wanted, 30);
		assert_true(at_s < 3630 || wanted >= 50);
	}
	assert_true(wanted >= 56);
	assert_true(wanted <= 2 * 70); /* the ideal: 557 slots at 80 % */
}

/* A thousand seeds of noise: at most one reversal per quarter of an hour. */
static void predictive_calm(void **state)
{
	uint32_t worst = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 1000; seed++) {
		struct predictive_memory memory = {0};
		struct farm farm = {.agents = 8, .ready = 8};
		struct prng prng;
		double offered = 50;

		prng_init(&prng, seed);
		for (int64_t at_s = 0; at_s < 3600; at_s++) {
			offered += (prng_unit(&prng) - 0.5) * 10 + (50 - offered) * 0.15;
			obey(&farm, at_s, look_farm(&memory, &farm, at_s, offered).agents, 30);
		}
		worst = farm.reversals > worst ? farm.reversals : worst;
	}
	assert_true(worst <= 4);
}

/* Nothing for as long as wishes are held: none is left. A forecast that doubles orders before. */
static void predictive_ends(void **state)
{
	struct predictive_memory memory = {0};
	struct strategy_view view;
	uint32_t wanted = 0;

	(void)state;
	for (int64_t at_s = 0; at_s < 1800; at_s++) {
		view = view_at(at_s, 3, 10);
		wanted = predictive_look(&PREDICTIVE_STANDARD, &memory, &view).agents;
	}
	assert_int_equal(wanted, 2);
	view = view_at(1800, 3, 10);
	view.growth = 2;
	assert_int_equal(predictive_look(&PREDICTIVE_STANDARD, &memory, &view).agents, 3);
	for (int64_t at_s = 1801; at_s < 4000; at_s++) {
		view = view_at(at_s, 3, 0);
		wanted = predictive_look(&PREDICTIVE_STANDARD, &memory, &view).agents;
	}
	assert_int_equal(wanted, 0);
}

/* ---- steps ---- */

/* Waits of more than twice the objective for 3 min, while the slots are taken. */
static void steps_slow(void **state)
{
	static const struct {
		double oldest_s, waiting;
		int64_t at_s;
		enum bal_reason reason;
	} rows[] = {{5, 1, 0, BAL_REASON_HOLD_STEADY}, {4, 11, 10, BAL_REASON_HOLD_STEADY},
		{5, 11, 20, BAL_REASON_HOLD_SUSTAIN}, {9, 11, 199, BAL_REASON_HOLD_SUSTAIN},
		{9, 11, 200, BAL_REASON_SCALE_SLOW}, {4, 11, 201, BAL_REASON_HOLD_STEADY},
		{5, 11, 202, BAL_REASON_HOLD_SUSTAIN}};
	struct steps_setting setting = {.agents_baseline = 4,
		.up = {5000, 5 * NS_PER_MIN, NS_PER_MIN},
		.down = {400, 15 * NS_PER_MIN, NS_PER_MIN},
		.slow_for_ns = 3 * NS_PER_MIN};
	struct steps_memory memory;

	(void)state;
	steps_begin(&memory);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct strategy_view view = view_at(rows[i].at_s, 4, 30);
		struct strategy_wish wish;

		view.waiting = rows[i].waiting;
		view.oldest_wait_s = rows[i].oldest_s;
		wish = steps_look(&setting, &memory, &view);
		assert_int_equal(wish.reason, rows[i].reason);
		assert_int_equal(wish.agents, rows[i].reason == BAL_REASON_SCALE_SLOW ? 5 : 4);
	}
}

/* ---- bounds, and the load ---- */

static void bounds(void **state)
{
	struct strategy_view view = view_at(0, 5, 0);

	(void)state;
	view.agents_min = 2;
	view.agents_max = 9;
#define WANT(agents)                                                                               \
	strategy_want(&view, agents, BAL_REASON_SCALE_LOAD_HIGH, BAL_REASON_SCALE_LOAD_LOW, 0)
	assert_int_equal(WANT(100).agents, 9);
	assert_int_equal(WANT(0).agents, 2);
	assert_int_equal(WANT(5).reason, BAL_REASON_HOLD_STEADY);
	view.paused_out = true;
	assert_int_equal(WANT(6).agents, 5);
	assert_int_equal(WANT(6).reason, BAL_REASON_HOLD_PAUSED);
	assert_int_equal(WANT(4).agents, 4);
	view.paused_in = true;
	assert_int_equal(WANT(4).agents, 5);
	view.paused_out = false;
	view.backoff = true;
	assert_int_equal(WANT(6).reason, BAL_REASON_HOLD_BACKOFF);
	view.agents = 9;
	assert_int_equal(WANT(12).reason, BAL_REASON_HOLD_MAXIMUM);
	view.agents = 2;
	assert_int_equal(WANT(1).reason, BAL_REASON_HOLD_MINIMUM);
#undef WANT
	assert_int_equal(strategy_permille(0, 0), 0);
	assert_int_equal(strategy_permille(1, 0), UINT32_MAX);
	assert_int_equal(strategy_permille(24, 30), 800);
}

/* Ten tasks a second of 4 s are 40 slots, whatever number of slots there is. */
static void load_does_not_saturate(void **state)
{
	struct demand demand = {.looked = false};
	struct demand_look look = {.service_s = 4};

	(void)state;
	assert_false(demand_see(&demand, &look));
	for (int i = 1; i <= 60; i++) {
		look.now_ns += NS_PER_S;
		look.starts += 2;
		look.waiting += 8;
		look.busy = 8;
		assert_true(demand_see(&demand, &look));
	}
	assert_true(demand.offered > 39.9);
	assert_true(demand.offered < 40.1);
	/* The same instant, a pause, a clock set back: nothing follows. */
	assert_false(demand_see(&demand, &look));
	look.now_ns += NS_PER_MIN;
	assert_false(demand_see(&demand, &look));
	look.now_ns -= NS_PER_HOUR;
	assert_false(demand_see(&demand, &look));
	look.now_ns += NS_PER_S;
	assert_true(demand_see(&demand, &look));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hpa_formula),
		cmocka_unit_test(hpa_window),
		cmocka_unit_test(hpa_rate),
		cmocka_unit_test(hpa_not_ready),
		cmocka_unit_test(kpa_stable),
		cmocka_unit_test(kpa_panic),
		cmocka_unit_test(predictive_steady),
		cmocka_unit_test(predictive_step),
		cmocka_unit_test(predictive_calm),
		cmocka_unit_test(predictive_ends),
		cmocka_unit_test(steps_slow),
		cmocka_unit_test(bounds),
		cmocka_unit_test(load_does_not_saturate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A pool's diary, the replay of a day, the search through the portfolio, and its forms. */
#include "core/strategy_adaptive.h"

#include "../base/unit.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/erlang.h"
#include "core/fitjob.h"
#include "core/searchjob.h"

#include "ballast.h"

#include <stdlib.h>
#include <string.h>

enum { FORM_SIZE = 65536, DAY_S = REPLAY_SECONDS, CUT_STEP = 97, DAMAGES = 3000 };

static struct diary diary;
static struct portfolio_room room;
static struct adaptive_memory memory, back;
static uint8_t whole[FORM_SIZE], again[FORM_SIZE], damaged[FORM_SIZE];
static const struct replay_pool POOL = {
	.slots = 8, .agents_max = 1000, .boot_s = 60, .wait_s = 2, .late_share = 0.05};

/* A day of looks, and the bin of the first one, which is not seen whole: Poisson arrivals around a
 * rate that is `high` in ten minutes of each hour, and moves by up to `noise` of it every ten
 * seconds. */
static void fill_noisy(double low, double high, double service_s, double noise, uint64_t seed)
{
	struct prng prng;
	double next_s, part = 1;

	prng_init(&prng, seed);
	memset(&diary, 0, sizeof diary);
	next_s = 0;
	for (int64_t second = 0; second <= DAY_S + DIARY_BIN_S; second++) {
		double rate = (second % 3600 < 600 ? high : low) * part;
		struct diary_look look = {
			.now_ns = second * NS_PER_S, .follows = second > 0, .service_s = service_s};

		for (; next_s < (double)second; look.arrivals++)
			next_s += prng_exponential(&prng, 1 / rate);
		diary_see(&diary, &look);
		if (noise > 0 && second % 10 == 0)
			part = 1 + noise * (2 * prng_unit(&prng) - 1);
	}
}

static void fill(double low, double high, double service_s, uint64_t seed)
{
	fill_noisy(low, high, service_s, 0, seed);
}

/* ---- the diary ---- */

static void see(int64_t at_ms, bool follows, double arrivals)
{
	struct diary_look look = {.now_ns = at_ms * NS_PER_MS,
		.follows = follows,
		.arrivals = arrivals,
		.service_s = 3};

	diary_see(&diary, &look);
}

static void bins_are_counted(void **state)
{
	uint32_t arrivals;
	bool odd;

	(void)state;
	memset(&diary, 0, sizeof diary);
	assert_false(diary_bin(&diary, 1, &arrivals, &odd));
	see(100000, false, 5); /* the first look follows on nothing */
	for (int64_t i = 1; i <= 30; i++)
		see(100000 + i * 1000, true, 2);
	assert_int_equal(diary.count, 3);
	assert_false(diary_bin(&diary, 3, &arrivals, &odd)); /* it had begun before */
	assert_true(diary_bin(&diary, 2, &arrivals, &odd));
	assert_int_equal(arrivals, 20);
	assert_false(odd);
	assert_float_equal(diary_service_s(&diary, 1), 3, 1e-6);
	assert_false(diary_is_whole(&diary));
	/* A pause leaves bins out; what comes then has a bin again. */
	see(165000, false, 50);
	for (int64_t i = 1; i <= 15; i++)
		see(165000 + i * 1000, true, 1);
	assert_false(diary_bin(&diary, 2, &arrivals, &odd));
	assert_true(diary_bin(&diary, 1, &arrivals, &odd));
	assert_int_equal(arrivals, 10);
	/* A clock that is set back begins anew. */
	see(20000, false, 1);
	assert_int_equal(diary.count, 0);
}

static void clumps_are_seen(void **state)
{
	(void)state;
	memset(&diary, 0, sizeof diary);
	assert_float_equal(diary_clump(&diary), 1, 0);
	fill(10, 10, 5, 3);
	assert_true(diary_is_whole(&diary));
	assert_true(diary_clump(&diary) < 1.05);
	memset(&diary, 0, sizeof diary);
	for (int64_t i = 0; i < 3600; i++) /* ten tasks in every tenth second */
		see(i * 1000, i > 0, i % 10 == 5 ? 10 : 0);
	assert_float_equal(diary_clump(&diary), 10, 0.01);
}

static void odd_stretches_are_left_out(void **state)
{
	static struct replay_day day;

	(void)state;
	fill(10, 10, 5, 3);
	assert_true(replay_read(&day, &diary));
	assert_int_equal(day.bins, DIARY_BINS);
	for (uint32_t i = 100; i < 200; i++)
		diary.bins[i] |= UINT32_C(1) << 31;
	assert_true(replay_read(&day, &diary));
	assert_int_equal(day.bins, DIARY_BINS - 100);
	/* What is odd for hours is not. */
	for (uint32_t i = 100; i < 2000; i++)
		diary.bins[i] |= UINT32_C(1) << 31;
	assert_true(replay_read(&day, &diary));
	assert_int_equal(day.bins, DIARY_BINS);
	/* Half a day is too little. */
	for (uint32_t i = 0; i < 5000; i++)
		diary.bins[i] = UINT32_MAX;
	assert_false(replay_read(&day, &diary));
}

/* ---- the replay ---- */

static struct replay_score replay(const struct follow_setting *setting)
{
	struct replay_choice choice = {.strategy = BAL_STRATEGY_ADAPTIVE, .follow = *setting};
	struct replay_score score;

	replay_play(&room.day, &POOL, &choice, &room.replay, &score);
	return score;
}

/* A fleet that does not move against the formula for waits in such a queue. */
static void a_steady_fleet_waits_as_erlang_says(void **state)
{
	struct replay_pool pool = POOL;
	struct replay_choice choice = {.strategy = BAL_STRATEGY_ADAPTIVE,
		.follow = {.headroom = 1, .window_ns = 300 * NS_PER_S, .clear_s = 60}};
	struct erlang_queue queue = {
		.load = 60, .service_s = 5, .arrivals_cv2 = 1, .service_cv2 = 0.5};

	(void)state;
	fill(12, 12, 5, 7);
	assert_true(replay_read(&room.day, &diary));
	for (uint32_t agents = 8; agents <= 10; agents++) {
		struct replay_score score;
		double late = erlang_wait_over(&queue, agents * 8, 2);

		pool.agents_min = agents;
		pool.agents_max = agents;
		replay_play(&room.day, &pool, &choice, &room.replay, &score);
		assert_float_equal(score.agent_s, (double)agents * DAY_S, 1e-6);
		assert_float_equal(score.tasks, 12.0 * DAY_S, 12.0 * DAY_S * 0.01);
		assert_true(num_abs(replay_late_share(&score) - late) < 0.02 + late * 0.2);
		assert_int_equal(score.agents_most, agents);
	}
}

static void headroom_costs_and_helps(void **state)
{
	struct follow_setting setting = {
		.window_ns = 300 * NS_PER_S, .clear_s = 60, .jump = 1.35, .onward = 3};
	struct replay_score before = {.late = 1e9}, after;

	(void)state;
	fill(8, 16, 5, 5);
	assert_true(replay_read(&room.day, &diary));
	for (uint32_t i = 0; i < 5; i++) {
		setting.headroom = 1 + 0.2 * i;
		after = replay(&setting);
		assert_true(after.agent_s > before.agent_s);
		assert_true(after.late < before.late);
		before = after;
	}
	/* Parts add up to the whole. */
	for (uint32_t i = 0; i < REPLAY_PARTS; i++)
		before.late -= before.part_late[i];
	assert_true(num_abs(before.late) < after.late + 1000);
}

/* Tasks of a tenth of a second are played in batches, and need a tenth of the slots. */
static void short_tasks(void **state)
{
	struct follow_setting setting = {
		.headroom = 1.5, .window_ns = 300 * NS_PER_S, .clear_s = 60};
	struct replay_score score;

	(void)state;
	fill(160, 160, 0.1, 5);
	assert_true(replay_read(&room.day, &diary));
	score = replay(&setting);
	assert_float_equal(score.agent_s / DAY_S, 3.5, 0.6); /* 16 slots times 1.5, by eights */
	assert_true(replay_late_share(&score) < 0.05);
}

static void nothing_came(void **state)
{
	struct follow_setting setting = {
		.headroom = 1.5, .window_ns = 300 * NS_PER_S, .clear_s = 60};
	struct replay_score score;

	(void)state;
	memset(&diary, 0, sizeof diary);
	for (int64_t i = 0; i <= DAY_S; i += 5)
		see(i * 1000, i > 0, 0);
	assert_true(replay_read(&room.day, &diary));
	score = replay(&setting);
	assert_float_equal(replay_late_share(&score), 0, 0);
	assert_true(score.agent_s < 3600);
}

/* ---- the search ---- */

static void every_number_is_a_choice(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < PORTFOLIO_COUNT; i++) {
		struct replay_choice choice = portfolio_choice(i);

		if (choice.strategy == BAL_STRATEGY_ADAPTIVE) {
			assert_true(choice.follow.headroom >= 1);
			assert_true(choice.follow.window_ns > 0);
			assert_true(choice.follow.clear_s > 0);
		}
	}
	unit_expect_assert(portfolio_choice(PORTFOLIO_COUNT));
}

/* The cheapest of all that is late no more than may be, against trying every one. */
static void the_search_finds_what_trying_all_finds(void **state)
{
	struct portfolio_verdict verdict;
	double least_s = 1e18;

	(void)state;
	fill_noisy(16, 22, 5, 0.9, 5);
	assert_true(replay_read(&room.day, &diary));
	portfolio_search(&room, &POOL, PORTFOLIO_NONE, 0, &verdict);
	assert_true(adaptive_verdict_valid(&verdict));
	assert_true(verdict.late <= 0.045);
	assert_true(verdict.over != PORTFOLIO_NONE);
	assert_true(verdict.over / PORTFOLIO_STEPS != verdict.number / PORTFOLIO_STEPS);
	for (uint32_t i = 0; i < PORTFOLIO_SHAPES * PORTFOLIO_STEPS; i += 3) {
		struct replay_choice choice = portfolio_choice(i);

		replay_play(&room.day, &POOL, &choice, &room.replay, &room.tried);
		if (replay_late_share(&room.tried) <= 0.045 && room.tried.reversals <= 96 &&
			room.tried.agent_s < least_s)
			least_s = room.tried.agent_s;
	}
	assert_true(verdict.agents * DAY_S <= least_s * 1.001);
}

/* What more headroom costs over the best one, by replay, decides whether it stays. */
static void the_present_one_is_kept_without_a_gain(void **state)
{
	struct portfolio_verdict first, second;

	(void)state;
	fill_noisy(16, 22, 5, 0.9, 5);
	assert_true(replay_read(&room.day, &diary));
	portfolio_search(&room, &POOL, PORTFOLIO_NONE, 0, &first);
	assert_true(first.number % PORTFOLIO_STEPS >= 4);
	for (uint32_t more = 0; more <= 2; more++) {
		uint32_t present = first.number + more;
		bool keeps;

		portfolio_search(&room, &POOL, present, first.number / PORTFOLIO_STEPS, &second);
		keeps = first.agents >= room.present.agent_s / DAY_S * 0.97;
		assert_int_equal(second.number, keeps ? present : first.number);
		assert_int_equal(second.over, keeps ? first.number : present);
	}
	assert_true(second.over_agents > second.agents * 1.03); /* two steps: eight hundredths */
	assert_true(second.confidence >= 0.85);
	/* Four less let tasks wait. */
	portfolio_search(&room, &POOL, first.number - 4, 1, &second);
	assert_int_equal(second.number, first.number);
	assert_true(second.over_late > 0.05);
}

/* Where tasks come that nobody can expect, hours are not thrown after them. */
static void what_cannot_be_met_is_not_paid_for(void **state)
{
	struct replay_pool pool = POOL;
	struct portfolio_verdict verdict;

	(void)state;
	fill(4, 60, 5, 5);
	assert_true(replay_read(&room.day, &diary));
	pool.boot_s = 300; /* half of a peak */
	portfolio_search(&room, &pool, PORTFOLIO_NONE, 0, &verdict);
	assert_true(verdict.late > 0.05);
	assert_true(verdict.agents < 40); /* the peak is 300 slots: 38 agents */
}

/* ---- forms ---- */

static void slide_nothing(void *context)
{
	(void)context;
}

static size_t put(const struct adaptive_memory *from, uint8_t *to)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, to, FORM_SIZE);
	adaptive_put(from, &writer, slide_nothing, NULL);
	assert_false(writer.overflow);
	return writer.used;
}

static bool get(const uint8_t *bytes, size_t size)
{
	struct bytes_reader reader;

	bytes_reader_init(&reader, bytes, size);
	return adaptive_read(&back, &reader);
}

static void remember(void)
{
	struct portfolio_verdict verdict = {.number = 44,
		.over = PORTFOLIO_NONE,
		.agents = 12.5,
		.late = 0.04,
		.confidence = 0.9};

	memset(&memory, 0, sizeof memory);
	fill(8, 11, 5, 5);
	memory.diary = diary;
	memory.diary.bins[17] = UINT32_MAX;
	memory.diary.bins[18] |= UINT32_C(1) << 31;
	memory.search_at_ns = 5 * NS_PER_HOUR;
	assert_true(adaptive_take(&memory, 4 * NS_PER_HOUR, &verdict));
	memory.follow = (struct follow_memory){.looked_at_ns = 7, .level = 3, .wishes = {1, 2}};
}

static void forms_come_back_whole(void **state)
{
	size_t size;

	(void)state;
	memset(&memory, 0, sizeof memory);
	size = put(&memory, whole);
	assert_true(get(whole, size));
	assert_false(back.chosen);
	remember();
	size = put(&memory, whole);
	assert_true(size < FORM_SIZE / 2);
	assert_true(get(whole, size));
	assert_int_equal(put(&back, again), size);
	assert_memory_equal(whole, again, size);
	assert_int_equal(back.verdict.number, 44);
	assert_int_equal(back.since_ns, 4 * NS_PER_HOUR);
	for (size_t cut = 0; cut < size; cut += CUT_STEP) {
		assert_false(get(whole, cut));
		assert_false(back.chosen);
		assert_int_equal(back.diary.count, 0);
	}
}

/* What is read of changed bytes is refused, or can be gone on with. */
static void damage_is_refused_or_harmless(void **state)
{
	struct prng prng;
	size_t size;

	(void)state;
	remember();
	size = put(&memory, whole);
	prng_init(&prng, 11);
	for (uint32_t i = 0; i < DAMAGES; i++) {
		uint64_t at = prng_below(&prng, i % 2 == 0 ? size : 80);
		uint64_t bits = prng_below(&prng, 255);

		memcpy(damaged, whole, size);
		if (i % 3 == 0)
			at = size - 1 - at % 240;
		damaged[at] ^= (uint8_t)(bits + 1);
		if (!get(damaged, size))
			continue;
		assert_true(!back.chosen || adaptive_verdict_valid(&back.verdict));
		assert_true(back.diary.count <= DIARY_BINS);
		put(&back, again);
	}
}

static void a_job_in_bytes(void **state)
{
	static uint8_t result[256];
	struct portfolio_verdict direct, verdict;
	void *scratch = calloc(1, bal_job_scratch_size());
	size_t size, got;

	(void)state;
	fill_noisy(16, 22, 5, 0.9, 5);
	size = searchjob_input(&diary, &POOL, 40, 2, NULL, 0);
	assert_true(size > 0);
	assert_true(size <= BAL_JOB_RESULT_MAX);
	assert_int_equal(searchjob_input(&diary, &POOL, 40, 2, whole, sizeof whole), size);
	assert_true(searchjob_is_input(whole, size));
	assert_false(searchjob_is_input(whole, 3));
	got = bal_job_run(whole, size, result, sizeof result, scratch);
	assert_true(searchjob_result(result, got, &verdict));
	assert_true(replay_read(&room.day, &diary));
	portfolio_search(&room, &POOL, 40, 2, &direct);
	assert_int_equal(verdict.number, direct.number);
	assert_float_equal(verdict.agents, direct.agents, 0);
	for (size_t cut = 0; cut < got; cut++)
		assert_false(searchjob_result(result, cut, &verdict));
	assert_int_equal(bal_job_run(whole, size, result, 10, scratch), 0);
	assert_int_equal(bal_job_run(whole, size - 1, result, sizeof result, scratch), 0);
	whole[4] = 0xf0; /* a present one that there is not */
	whole[5] = 0xff;
	assert_int_equal(bal_job_run(whole, size, result, sizeof result, scratch), 0);
	free(scratch);
}

/* ---- the strategy ---- */

static void due_with_a_day(void **state)
{
	(void)state;
	remember();
	memory.diary.bins[17] = 0;
	assert_true(adaptive_is_due(&memory, 5 * NS_PER_HOUR));
	assert_false(adaptive_is_due(&memory, 5 * NS_PER_HOUR - 1));
	for (uint32_t i = 0; i <= DIARY_BINS / 10; i++)
		memory.diary.bins[i] = UINT32_MAX;
	assert_false(adaptive_is_due(&memory, 5 * NS_PER_HOUR));
	memory.diary.count = 100;
	assert_false(adaptive_is_due(&memory, 5 * NS_PER_HOUR));
}

static void a_choice_is_asked(void **state)
{
	static struct hpa_memory hpa;
	static struct kpa_memory kpa;
	static struct predictive_memory predictive;
	const struct adaptive_peers peers = {&hpa, &kpa, &predictive};
	struct strategy_view view = {.now_ns = NS_PER_HOUR,
		.since_s = 1,
		.agents = 4,
		.agents_ready = 4,
		.slots = 8,
		.slots_ready = 32,
		.slots_coming = 32,
		.agents_max = 100,
		.busy = 32,
		.offered = 60,
		.service_s = 5,
		.boot_s = 60,
		.growth = 1,
		.wait_s = 2,
		.late_share = 0.05};

	(void)state;
	for (uint32_t i = 0; i < PORTFOLIO_COUNT; i++) {
		memset(&memory, 0, sizeof memory);
		memset(&hpa, 0, sizeof hpa);
		memset(&kpa, 0, sizeof kpa);
		memset(&predictive, 0, sizeof predictive);
		memory.verdict.number = i;
		memory.chosen = true;
		assert_true(adaptive_look(&memory, &peers, &view).agents > 4);
		assert_int_equal(
			memory.follow.looked_at_ns != 0, i < PORTFOLIO_SHAPES * PORTFOLIO_STEPS);
	}
	memory.verdict.number = 10;
	memory.since_ns = 3;
	assert_false(adaptive_take(&memory, 9, &(struct portfolio_verdict){.number = 10}));
	assert_int_equal(memory.since_ns, 3);
	assert_true(adaptive_take(&memory, 9, &(struct portfolio_verdict){.number = 11}));
	assert_int_equal(memory.since_ns, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bins_are_counted),
		cmocka_unit_test(clumps_are_seen),
		cmocka_unit_test(odd_stretches_are_left_out),
		cmocka_unit_test(a_steady_fleet_waits_as_erlang_says),
		cmocka_unit_test(headroom_costs_and_helps),
		cmocka_unit_test(short_tasks),
		cmocka_unit_test(nothing_came),
		cmocka_unit_test(every_number_is_a_choice),
		cmocka_unit_test(the_search_finds_what_trying_all_finds),
		cmocka_unit_test(the_present_one_is_kept_without_a_gain),
		cmocka_unit_test(what_cannot_be_met_is_not_paid_for),
		cmocka_unit_test(forms_come_back_whole),
		cmocka_unit_test(damage_is_refused_or_harmless),
		cmocka_unit_test(a_job_in_bytes),
		cmocka_unit_test(due_with_a_day),
		cmocka_unit_test(a_choice_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

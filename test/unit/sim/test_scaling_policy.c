/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "sim/scaling_grid.h"
#include "sim/scaling_policy.h"
#include "sim/scaling_policy_hpa.h"

#define SLOTS 8

/* A policy that is looked at with scripted values, second by second. */
struct play {
	const struct scaling_policy *policy;
	void *state;
	struct scaling_view view;
	uint32_t wanted;
};

static void play_begin(struct play *play, const struct scaling_policy *policy,
	struct scaling_tuning tuning, uint32_t ready)
{
	const struct scaling_setup setup = {.tuning = tuning, .slots = SLOTS};

	*play = (struct play){.policy = policy, .view.ready = ready};
	play->state = calloc(1, policy->state_size);
	assert_non_null(play->state);
	assert_true(policy->begin(play->state, &setup));
}

static void play_end(struct play *play)
{
	free(play->state);
}

/* So many seconds of these values; what is wanted is there at once when `follows`. */
static uint32_t play_on(
	struct play *play, uint32_t seconds, double busy, double waiting, bool follows)
{
	for (uint32_t i = 0; i < seconds; i++) {
		play->view.now_ns += NS_PER_S;
		play->view.busy = busy;
		play->view.waiting = waiting;
		play->wanted = play->policy->look(play->state, &play->view);
		if (follows)
			play->view.ready = play->wanted;
	}
	return play->wanted;
}

/* ---- hpa ---------------------------------------------------------------------------------- */

/* The documented formula and its exceptions. */
static void test_hpa_replicas(void **state)
{
	static const struct {
		double ratio;
		uint32_t ready, starting, wanted;
	} rows[] = {
		{2.0, 10, 0, 20},  /* 200m against 100m: doubled */
		{0.5, 10, 0, 5},   /* 50m: halved */
		{1.09, 10, 0, 10}, /* within the tolerance of 0.1 */
		{0.91, 10, 0, 10}, /* likewise */
		{1.11, 10, 0, 12}, /* just beyond: ceil(11.1) */
		{0.89, 10, 0, 9},  /* ceil(8.9) */
		{1.25, 8, 4, 12}, /* with 4 that use nothing 0.83: the direction turns, no change */
		{2.0, 8, 2, 16},  /* with 2 that use nothing 1.6 of 10 */
		{1.3, 9, 1, 12},  /* 1.17 of 10: ceil(11.7) */
		{1.2, 9, 1, 10},  /* 1.08: within the tolerance now */
		{0.5, 8, 4, 4},   /* on the way down those that start are left out */
		{5.0, 0, 3, 3},   /* nobody to measure */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(hpa_replicas(rows[i].ratio, rows[i].ready, rows[i].starting),
			rows[i].wanted);
}

/* Twice as many or four more within 15 s, whichever is more; the highest advice of the window. */
static void test_hpa_limit(void **state)
{
	static const struct {
		int64_t at_s;
		uint32_t current, advice, wanted;
	} rows[] = {
		{15, 1, 40, 5},                     /* four more */
		{30, 5, 40, 10},                    /* twice as many */
		{45, 10, 40, 20},                   /* again */
		{60, 20, 40, 40}, {75, 40, 10, 40}, /* 40 is still advised from 60 s */
		{120, 40, 30, 40},                  /* likewise */
		{359, 40, 20, 40},                  /* 299 s later */
		{360, 40, 20, 30},                  /* 300 s later the 30 of 120 s is the highest */
		{420, 30, 20, 20},                  /* that is over too */
		{435, 20, 25, 25},                  /* up at once */
	};
	struct hpa_rules rules = {.window_ns = 300 * NS_PER_S, .risen_at_ns = -HPA_SYNC_NS};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(
			hpa_limit(&rules, rows[i].at_s * NS_PER_S, rows[i].current, rows[i].advice),
			rows[i].wanted);
}

/* Two looks within one period share its four agents. */
static void test_hpa_limit_of_a_period(void **state)
{
	struct hpa_rules rules = {.window_ns = 300 * NS_PER_S, .risen_at_ns = -HPA_SYNC_NS};

	(void)state;
	assert_int_equal(hpa_limit(&rules, 100 * NS_PER_S, 2, 20), 6);
	assert_int_equal(hpa_limit(&rules, 105 * NS_PER_S, 6, 20), 6);
	assert_int_equal(hpa_limit(&rules, 115 * NS_PER_S, 6, 20), 12);
}

/* 10 agents of 8 slots at 80 %: 64 busy slots are the target. */
static void test_hpa_sequence(void **state)
{
	struct play play;

	(void)state;
	play_begin(&play, &scaling_policy_hpa, (struct scaling_tuning){0}, 10);
	assert_int_equal(play_on(&play, 15, 64.0, 0.0, true), 10);
	assert_int_equal(play_on(&play, 14, 80.0, 500.0, true), 10);  /* not yet time */
	assert_int_equal(play_on(&play, 1, 80.0, 500.0, true), 13);   /* ceil(10 * 1.25) */
	assert_int_equal(play_on(&play, 15, 104.0, 900.0, true), 17); /* ceil(13 * 1.25) */
	assert_int_equal(play_on(&play, 285, 32.0, 0.0, true), 17);   /* advised within 300 s */
	assert_int_equal(play_on(&play, 15, 32.0, 0.0, true), 5);     /* ceil(32 / 6.4) */
	play_end(&play);
}

/* ---- kpa ---------------------------------------------------------------------------------- */

/* 70 % of 8 slots: 5.6 tasks per agent. */
static void test_kpa_stable(void **state)
{
	struct play play;

	(void)state;
	play_begin(&play, &scaling_policy_kpa, (struct scaling_tuning){0}, 10);
	assert_int_equal(play_on(&play, 60, 56.0, 0.0, true), 10);
	/* 30 s of 56 and 30 s of 83: 69.5 / 5.6 = 12.4; the panic window says 15, less than 20 */
	assert_int_equal(play_on(&play, 30, 80.0, 3.0, false), 13);
	assert_int_equal(play_on(&play, 30, 80.0, 3.0, false), 15);
	/* nothing any more: at most half of the ready ones go at once */
	play.view.ready = 15;
	assert_int_equal(play_on(&play, 60, 0.0, 0.0, true), 1);
	play_end(&play);
}

static void test_kpa_falls_by_half(void **state)
{
	struct play play;

	(void)state;
	play_begin(&play, &scaling_policy_kpa, (struct scaling_tuning){0}, 100);
	play_on(&play, 60, 0.0, 0.0, false);
	assert_int_equal(play.wanted, 50);
	play.view.ready = 50;
	play_on(&play, 2, 0.0, 0.0, false);
	assert_int_equal(play.wanted, 25);
	play_end(&play);
}

/* Twice what the ready agents hold within 6 s: no fewer agents until 60 s after the last reason. */
static void test_kpa_panic(void **state)
{
	struct play play;

	(void)state;
	play_begin(&play, &scaling_policy_kpa, (struct scaling_tuning){0}, 10);
	play_on(&play, 60, 56.0, 0.0, true);
	/* 6 s of 112: 20 by the panic window, 2.0 times 10 */
	assert_int_equal(play_on(&play, 6, 80.0, 32.0, false), 20);
	play.view.ready = 20;
	/* the stable window alone would say 13 at most from here on */
	assert_int_equal(play_on(&play, 60, 56.0, 0.0, true), 20);
	assert_int_equal(play_on(&play, 2, 56.0, 0.0, true), 10);
	play_end(&play);
}

/* ---- keda --------------------------------------------------------------------------------- */

static void test_keda_sequence(void **state)
{
	struct play play;

	(void)state;
	play_begin(&play, &scaling_policy_keda, (struct scaling_tuning){0}, 10);
	assert_int_equal(play_on(&play, 15, 80.0, 52.0, true), 10);  /* 52 / 50: tolerated */
	assert_int_equal(play_on(&play, 15, 80.0, 56.0, true), 12);  /* ceil(56 / 5) */
	assert_int_equal(play_on(&play, 15, 80.0, 400.0, true), 24); /* 80 wanted, doubled */
	assert_int_equal(play_on(&play, 15, 80.0, 0.0, true), 24);   /* the window holds */
	assert_int_equal(play_on(&play, 315, 80.0, 0.0, true), 1);
	play_end(&play);
}

static void test_keda_tuned(void **state)
{
	const struct scaling_tuning tuning = {.target_permille = 2000, .window_ns = 60 * NS_PER_S};
	struct play play;

	(void)state;
	play_begin(&play, &scaling_policy_keda, tuning, 10);
	assert_int_equal(play_on(&play, 15, 80.0, 31.0, true), 16); /* ceil(31 / 2) */
	assert_int_equal(play_on(&play, 60, 80.0, 11.0, true), 6);  /* 60 s later */
	play_end(&play);
}

/* ---- names -------------------------------------------------------------------------------- */

static void test_grid_names(void **state)
{
	struct scaling_entry entries[SCALING_GRID_COUNT];

	(void)state;
	for (uint32_t i = 0; i < SCALING_GRID_COUNT; i++) {
		struct scaling_entry found;

		scaling_grid_entry(i, &entries[i]);
		assert_true(scaling_entry_find(&found, entries[i].name, strlen(entries[i].name)));
		assert_ptr_equal(found.policy, entries[i].policy);
		for (uint32_t k = 0; k < i; k++)
			assert_string_not_equal(entries[i].name, entries[k].name);
	}
	assert_string_equal(entries[0].name, "hpa-50-60");
	assert_string_equal(entries[61].name, "keda-10-300");
	assert_int_equal(entries[61].tuning.target_permille, 10000);
	assert_int_equal(entries[0].tuning.target_permille, 500);
	assert_int_equal(entries[0].tuning.window_ns, 60 * NS_PER_S);
	assert_false(scaling_entry_find(&entries[0], "hpa-51-60", 9));
	assert_true(scaling_entry_find(&entries[0], "oracle", 6));
}

static struct scaling_row row_of(int64_t agent_s, uint64_t late)
{
	return (struct scaling_row){
		.score = {.agent_ns = agent_s * NS_PER_S, .tasks = 1000, .late = late}};
}

/* The cheapest of those that are no later. */
static void test_frontier(void **state)
{
	const struct scaling_row rows[] = {
		row_of(10, 90), row_of(20, 50), row_of(30, 40), row_of(25, 50), row_of(50, 10)};
	static const struct {
		uint64_t late;
		int32_t found; /* -1: none */
	} cases[] = {{100, 0}, {90, 0}, {89, 1}, {50, 1}, {49, 2}, {10, 4}, {9, -1}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct scaling_row ours = row_of(1, cases[i].late);
		const struct scaling_row *found = scaling_frontier(rows, 5, &ours.score);

		if (cases[i].found < 0)
			assert_null(found);
		else
			assert_ptr_equal(found, &rows[cases[i].found]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hpa_replicas),
		cmocka_unit_test(test_hpa_limit),
		cmocka_unit_test(test_hpa_limit_of_a_period),
		cmocka_unit_test(test_hpa_sequence),
		cmocka_unit_test(test_kpa_stable),
		cmocka_unit_test(test_kpa_falls_by_half),
		cmocka_unit_test(test_kpa_panic),
		cmocka_unit_test(test_keda_sequence),
		cmocka_unit_test(test_keda_tuned),
		cmocka_unit_test(test_grid_names),
		cmocka_unit_test(test_frontier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

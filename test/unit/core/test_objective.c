/* SPDX-License-Identifier: Apache-2.0 */
/* Objectives in virtual time: burn rates against tables worked out by hand, whose tasks count for
 * what, when an objective applies, and what is done while it is broken. */
#include "scene.h"

#include "core/objective.h"
#include "core/objective_state.h"
#include "core/recover.h"
#include "core/state.h"

#define KIND 0

/* ---- how to make things happen ---- */

static uint64_t next_id = 1;

static struct scene *open_scene(uint32_t slots)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	scene->watched = true;
	next_id = 1;
	scene_start(scene, 1);
	scene_pool_urls(scene, 0, 101, slots);
	scene_clear(scene);
	return scene;
}

static void set_standard(struct scene *scene, bool recovers)
{
	struct bal_event event = {.type = BAL_EVENT_OBJECTIVE, .objective = objective_standard()};

	event.objective.recovers = recovers;
	assert_int_equal(scene_step(scene, event), BAL_OK);
}

/* Tasks that go out at once and end so after a second. */
static void serve(struct scene *scene, uint32_t count, enum bal_outcome outcome)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t id = next_id++;

		scene_task(scene, id);
		assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = id, .epoch = 1,
					 .attempt = 1, .outcome = outcome, .service_ns = NS_PER_S),
			BAL_OK);
		scene_clear(scene);
	}
}

static struct bal_objective_view view_of(const struct scene *scene, enum bal_objective objective)
{
	struct bal_objective_view view;

	assert_true(bal_objective_view(scene->core, KIND, objective, &view));
	return view;
}

/* ---- W7: burn rates by hand ---- */

static void test_burn_is_bad_share_over_allowed_share(void **state)
{
	static const struct {
		uint64_t good, total;
		uint32_t target_permille;
		int64_t burn_permille;
	} TABLE[] = {
		{0, 0, 999, -1}, {1000, 1000, 999, 0}, {999, 1000, 999, 1000}, /* 0.1 % of 0.1 % */
		{9856, 10000, 999, 14400},                                     /* 1.44 % */
		{994, 1000, 999, 6000},                                        /* 0.6 % */
		{950, 1000, 950, 1000},                                        /* 5 % of 5 % */
		{280, 1000, 950, 14400},                                       /* 72 % */
		{0, 10, 950, 20000},    /* all of them: the most there is */
		{899, 1000, 900, 1010}, /* 10.1 % of 10 % */
		{3000000000, 3000000001, 999, 0}, {12, 10, 950, 0}, /* more done than came */
		{5, 10, 1000, -1}, /* nothing is allowed: no rate */
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++)
		assert_int_equal(
			objective_burn(TABLE[i].good, TABLE[i].total, TABLE[i].target_permille),
			TABLE[i].burn_permille);
}

/* A day by hand: per minute 100 ends, of these so many bad in each stretch. What the four windows
 * hold at the end of each stretch was added up on paper. */
static void test_windows_hold_what_happened_in_them(void **state)
{
	static const struct {
		uint32_t minutes, bad;                 /* per minute */
		uint64_t bads[OBJECTIVE_WINDOW_COUNT]; /* in 5 min, 30 min, 1 h, 6 h */
		uint64_t totals[OBJECTIVE_WINDOW_COUNT];
		int64_t burns[OBJECTIVE_WINDOW_COUNT];
	} DAY[] = {
		/* 60 good minutes */
		{60, 0, {0, 0, 0, 0}, {500, 3000, 6000, 6000}, {0, 0, 0, 0}},
		/* 5 min with 2 in 100 bad: 10 of 500; 10/3000, 10/6000, 10/6500 over 0.1 % */
		{5, 2, {10, 10, 10, 10}, {500, 3000, 6000, 6500}, {20000, 3333, 1666, 1538}},
		/* 40 more: 10; 60; 90; 90 of 10500 */
		{40, 2, {10, 60, 90, 90}, {500, 3000, 6000, 10500}, {20000, 20000, 15000, 8571}},
		/* 10 good ones: 0; 40 of 3000; 90 of 6000; 90 of 11500 */
		{10, 0, {0, 40, 90, 90}, {500, 3000, 6000, 11500}, {0, 13333, 15000, 7826}},
		/* 345 good ones: the first 100 minutes have left the six hours, 5 bad ones stay */
		{345, 0, {0, 0, 0, 10}, {500, 3000, 6000, 36000}, {0, 0, 0, 277}},
	};
	struct scene *scene = open_scene(100);

	(void)state;
	scene->unchecked = true;
	scene_knob(scene, BAL_KNOB_WATCH, 0);
	set_standard(scene, false);
	scene->now_ns = 1020 * NS_PER_S; /* a whole minute */
	for (uint32_t i = 0; i < sizeof DAY / sizeof DAY[0]; i++) {
		for (uint32_t minute = 0; minute < DAY[i].minutes; minute++) {
			scene->now_ns += NS_PER_MIN;
			serve(scene, 100 - DAY[i].bad, BAL_OUTCOME_SUCCEEDED);
			serve(scene, DAY[i].bad, BAL_OUTCOME_FAILED);
		}
		for (uint32_t j = 0; j < OBJECTIVE_WINDOW_COUNT; j++) {
			struct bal_objective_view view = view_of(scene, BAL_OBJECTIVE_ERRORS);

			assert_int_equal(view.total[j], DAY[i].totals[j]);
			assert_int_equal(view.total[j] - view.good[j], DAY[i].bads[j]);
			assert_int_equal(view.burn_permille[j], DAY[i].burns[j]);
		}
		bal_core_check(scene->core);
	}
	scene_close(scene);
}

static void test_the_budget_is_of_thirty_days(void **state)
{
	struct scene *scene = open_scene(100);
	struct bal_objective_view view;

	(void)state;
	scene_knob(scene, BAL_KNOB_WATCH, 0);
	set_standard(scene, false);
	serve(scene, 9, BAL_OUTCOME_SUCCEEDED);
	serve(scene, 1, BAL_OUTCOME_FAILED);
	scene->now_ns += 10 * NS_PER_DAY;
	serve(scene, 1990, BAL_OUTCOME_SUCCEEDED);
	/* 1 of 2000 is half of what 0.1 % allows. */
	view = view_of(scene, BAL_OBJECTIVE_ERRORS);
	assert_int_equal(view.budget_total, 2000);
	assert_int_equal(view.budget_good, 1999);
	assert_int_equal(view.budget_permille, 500);
	serve(scene, 3, BAL_OUTCOME_FAILED);
	assert_int_equal(view_of(scene, BAL_OBJECTIVE_ERRORS).budget_permille, -997);
	scene->now_ns += 30 * NS_PER_DAY;
	serve(scene, 1, BAL_OUTCOME_SUCCEEDED);
	assert_int_equal(view_of(scene, BAL_OBJECTIVE_ERRORS).budget_total, 1);
	bal_core_check(scene->core);
	scene_close(scene);
}

/* What was counted survives a restart: by the name of its kind, at the same core time. */
static void test_a_restart_keeps_the_budget(void **state)
{
	struct scene *scene = open_scene(100);
	struct scene *after = scene_open(&SCENE_LIMITS);
	const struct bal_text name = {"kind", 4};
	static uint8_t bytes[65536];
	struct bal_objective_view view;
	size_t size;

	(void)state;
	STEP(scene, SYMBOL, symbol, .space = BAL_SYMBOL_KIND, .number = KIND, .text = name);
	serve(scene, 990, BAL_OUTCOME_SUCCEEDED);
	serve(scene, 10, BAL_OUTCOME_FAILED);
	size = bal_learned_save(scene->core, bytes, sizeof bytes);
	assert_in_range(size, 1, sizeof bytes);
	after->now_ns = scene->now_ns + 3 * NS_PER_MIN;
	STEP(after, SYMBOL, symbol, .space = BAL_SYMBOL_KIND, .number = 2, .text = name);
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	/* Once more changes nothing: it is there. */
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	scene_start(after, 2);
	assert_true(bal_objective_view(after->core, 2, BAL_OBJECTIVE_ERRORS, &view));
	assert_true(view.applies);
	assert_int_equal(view.budget_total, 1000);
	assert_int_equal(view.total[OBJECTIVE_5_MIN] - view.good[OBJECTIVE_5_MIN], 10);
	bal_core_check(after->core);
	scene_close(after);
	scene_close(scene);
}

/* ---- who counts ---- */

static void test_standard_applies_to_short_kinds(void **state)
{
	struct scene *scene = open_scene(4);
	struct bal_objective_view view;

	(void)state;
	assert_false(bal_objective_view(scene->core, KIND, BAL_OBJECTIVE_ERRORS, &view));
	serve(scene, 7, BAL_OUTCOME_SUCCEEDED);
	assert_false(view_of(scene, BAL_OBJECTIVE_ERRORS).applies);
	serve(scene, 1, BAL_OUTCOME_SUCCEEDED);
	assert_true(view_of(scene, BAL_OBJECTIVE_ERRORS).applies);
	/* As many that take a minute: the median is not under ten seconds any more. */
	for (uint32_t i = 0; i < 8; i++) {
		scene_task(scene, next_id);
		scene_succeed(scene, next_id++, NS_PER_MIN);
	}
	assert_false(view_of(scene, BAL_OBJECTIVE_ERRORS).applies);
	/* Its owner may want it all the same. */
	assert_int_equal(STEP(scene, OBJECTIVE, objective, .kind = KIND, .enabled = true,
				 .measure = BAL_MEASURE_SLOWDOWN, .response_ns = 1,
				 .slowdown_permille = 3000, .target_permille = {900, 0, 990, 0, 0}),
		BAL_OK);
	view = view_of(scene, BAL_OBJECTIVE_RESPONSE);
	assert_true(view.applies);
	assert_false(view.recovers);
	assert_int_equal(view.slowdown_permille, 3000);
	assert_false(view_of(scene, BAL_OBJECTIVE_THROUGHPUT).applies);
	scene_close(scene);
}

static void test_response_is_the_wait_by_default(void **state)
{
	struct scene *scene = open_scene(1);
	struct bal_objective_view view;

	(void)state;
	scene_knob(scene, BAL_KNOB_WATCH, 0);
	serve(scene, 8, BAL_OUTCOME_SUCCEEDED);
	/* The first takes the slot at once; the second waits two seconds, the third three. */
	for (uint64_t i = 0; i < 3; i++)
		scene_submit(scene,
			(struct bal_event_task){.id = 100 + i, .priority = BAL_PRIORITY_NORMAL});
	scene_submit(scene, (struct bal_event_task){.id = 200, .priority = BAL_PRIORITY_BATCH});
	scene_run_for(scene, 2 * NS_PER_S);
	scene_succeed(scene, 100, 2 * NS_PER_S);
	scene_run_for(scene, NS_PER_S);
	scene_succeed(scene, 101, NS_PER_S);
	scene_run_for(scene, NS_PER_MIN);
	scene_succeed(scene, 102, NS_PER_MIN);
	view = view_of(scene, BAL_OBJECTIVE_RESPONSE);
	assert_int_equal(view.total[OBJECTIVE_5_MIN], 11); /* the batch task is none */
	assert_int_equal(view.good[OBJECTIVE_5_MIN], 10);
	/* One that its deadline ends in the queue waited for ever. */
	scene_submit(scene, (struct bal_event_task){.id = 300,
				    .priority = BAL_PRIORITY_NORMAL,
				    .deadline_ns = scene->now_ns + NS_PER_HOUR});
	scene_run_for(scene, 2 * NS_PER_HOUR);
	view = view_of(scene, BAL_OBJECTIVE_RESPONSE);
	assert_int_equal(view.total[OBJECTIVE_6_HOURS] - view.good[OBJECTIVE_6_HOURS], 2);
	scene_close(scene);
}

static void test_other_measures(void **state)
{
	struct scene *scene = open_scene(1);
	struct bal_event_objective conf = objective_standard();
	struct bal_objective_view view;

	(void)state;
	scene_knob(scene, BAL_KNOB_WATCH, 0);
	conf.kind = KIND;
	conf.measure = BAL_MEASURE_SLOWDOWN;
	assert_int_equal(scene_step(scene, (struct bal_event){.type = BAL_EVENT_OBJECTIVE,
						   .objective = conf}),
		BAL_OK);
	/* Half its life in the queue is a slowdown of two, more is more. */
	scene_task(scene, 1);
	scene_task(scene, 2);
	scene_run_for(scene, 10 * NS_PER_S);
	scene_succeed(scene, 1, 10 * NS_PER_S);
	scene_run_for(scene, 10 * NS_PER_S);
	scene_succeed(scene, 2, 10 * NS_PER_S);
	scene_task(scene, 3);
	scene_task(scene, 4);
	scene_run_for(scene, 11 * NS_PER_S);
	scene_succeed(scene, 3, 11 * NS_PER_S);
	scene_run_for(scene, 10 * NS_PER_S);
	scene_succeed(scene, 4, 10 * NS_PER_S);
	view = view_of(scene, BAL_OBJECTIVE_RESPONSE);
	assert_int_equal(view.total[OBJECTIVE_5_MIN], 4);
	assert_int_equal(view.good[OBJECTIVE_5_MIN], 3);
	/* First bytes and ratings come as samples. */
	conf.measure = BAL_MEASURE_FIRST_BYTE;
	scene_step(scene, (struct bal_event){.type = BAL_EVENT_OBJECTIVE, .objective = conf});
	objective_sample(scene->core, KIND, BAL_SIGNAL_TASK_FIRST_BYTE, 2 * NS_PER_S);
	objective_sample(scene->core, KIND, BAL_SIGNAL_TASK_FIRST_BYTE, 2 * NS_PER_S + 1);
	objective_sample(scene->core, KIND, BAL_SIGNAL_TASK_SATISFACTION, 600);
	objective_sample(scene->core, KIND, BAL_SIGNAL_TASK_SATISFACTION, 1000);
	view = view_of(scene, BAL_OBJECTIVE_RESPONSE);
	assert_int_equal(view.total[OBJECTIVE_5_MIN] - view.good[OBJECTIVE_5_MIN], 2);
	view = view_of(scene, BAL_OBJECTIVE_SATISFACTION);
	assert_int_equal(view.burn_permille[OBJECTIVE_5_MIN], 2000); /* 20 % over 10 % */
	scene_close(scene);
}

/* ---- states ---- */

static void look(struct scene *scene)
{
	scene_run_for(scene, 10 * NS_PER_S);
}

static enum bal_objective_state state_of(const struct scene *scene, enum bal_objective objective)
{
	return view_of(scene, objective).state;
}

static void test_states_of_errors(void **state)
{
	struct scene *scene = open_scene(100);

	(void)state;
	scene->unchecked = true;
	set_standard(scene, false);
	serve(scene, 10, BAL_OUTCOME_SUCCEEDED);
	look(scene);
	assert_int_equal(state_of(scene, BAL_OBJECTIVE_ERRORS), BAL_OBJECTIVE_IS_NO_DATA);
	for (uint32_t minute = 0; minute < 360; minute++) {
		serve(scene, 100, BAL_OUTCOME_SUCCEEDED);
		scene_run_for(scene, NS_PER_MIN);
	}
	assert_int_equal(state_of(scene, BAL_OBJECTIVE_ERRORS), BAL_OBJECTIVE_IS_MET);
	/* Four failures in five minutes are chance, even though 0.1 % of 500 is none. */
	serve(scene, 4, BAL_OUTCOME_FAILED);
	look(scene);
	assert_int_equal(state_of(scene, BAL_OBJECTIVE_ERRORS), BAL_OBJECTIVE_IS_MET);
	serve(scene, 1, BAL_OUTCOME_FAILED);
	look(scene);
	assert_int_equal(state_of(scene, BAL_OBJECTIVE_ERRORS), BAL_OBJECTIVE_IS_BROKEN);
	scene_run_for(scene, 6 * NS_PER_MIN);
	assert_int_equal(state_of(scene, BAL_OBJECTIVE_ERRORS), BAL_OBJECTIVE_IS_MET);
	/* 230 bad ones of some 36000 in six hours: 6.4 times what is allowed, but not now. */
	serve(scene, 230, BAL_OUTCOME_FAILED);
	scene_run_for(scene, 6 * NS_PER_MIN);
	serve(scene, 20, BAL_OUTCOME_SUCCEEDED);
	look(scene);
	assert_int_equal(state_of(scene, BAL_OBJECTIVE_ERRORS), BAL_OBJECTIVE_IS_AT_RISK);
	scene_run_for(scene, 7 * NS_PER_HOUR);
	assert_int_equal(state_of(scene, BAL_OBJECTIVE_ERRORS), BAL_OBJECTIVE_IS_NO_DATA);
	scene_close(scene);
}

static void test_availability_counts_while_somebody_asks(void **state)
{
	struct scene *scene = open_scene(100);
	struct bal_objective_view view;

	(void)state;
	set_standard(scene, false);
	serve(scene, 10, BAL_OUTCOME_SUCCEEDED);
	scene_run_for(scene, NS_PER_HOUR);
	assert_int_equal(view_of(scene, BAL_OBJECTIVE_AVAILABILITY).total[OBJECTIVE_1_HOUR], 0);
	scene_down(scene, 101, true);
	scene_task(scene, next_id++);
	scene_run_for(scene, NS_PER_MIN);
	view = view_of(scene, BAL_OBJECTIVE_AVAILABILITY);
	assert_int_equal(view.total[OBJECTIVE_5_MIN], 6);
	assert_int_equal(view.good[OBJECTIVE_5_MIN], 0);
	assert_int_equal(view.state, BAL_OBJECTIVE_IS_BROKEN);
	scene_agent(scene, 102, 0, 10);
	scene_run_for(scene, NS_PER_MIN);
	assert_int_equal(view_of(scene, BAL_OBJECTIVE_AVAILABILITY).good[OBJECTIVE_5_MIN], 6);
	scene_close(scene);
}

/* ---- recovery ---- */

/* A second in which twice as much comes as two slots can do: each class gets `each`. */
static void overload_second(struct scene *scene, uint32_t each)
{
	static const enum bal_priority CLASSES[] = {
		BAL_PRIORITY_CRITICAL, BAL_PRIORITY_NORMAL, BAL_PRIORITY_BATCH};
	uint64_t running[64];
	uint32_t count = 0;

	for (uint32_t i = 0; i < 3 * each; i++)
		scene_submit(scene,
			(struct bal_event_task){.id = next_id++, .priority = CLASSES[i % 3]});
	scene_run_for(scene, NS_PER_S);
	for (uint64_t id = 1; id < next_id && count < 64; id++) {
		struct bal_task_view task;

		if (bal_task_view(scene->core, id, &task) && task.state == BAL_TASK_DISPATCHED)
			running[count++] = id;
	}
	for (uint32_t i = 0; i < count; i++)
		scene_succeed(scene, running[i], NS_PER_S);
}

static uint32_t open_recoveries(const struct scene *scene, enum bal_recovery_step step)
{
	struct bal_recovery record;
	uint32_t count = 0;

	for (uint32_t back = 0; bal_recovery_past(scene->core, back, &record); back++)
		count += record.step == step && record.ended_at_ns == BAL_NEVER_NS;
	return count;
}

static void test_sheds_from_the_lowest_class_and_lets_go(void **state)
{
	struct scene *scene = open_scene(6);
	struct bal_recovery record;
	const struct bal_effect *refusal;

	(void)state;
	scene->unchecked = true;
	scene->room = 256;
	set_standard(scene, true);
	serve(scene, 20, BAL_OUTCOME_SUCCEEDED);
	for (uint32_t second = 0; second < 50; second++) {
		overload_second(scene, 4);
		if (open_recoveries(scene, BAL_RECOVERY_SHED) > 0)
			break;
		scene_clear(scene);
	}
	assert_int_equal(open_recoveries(scene, BAL_RECOVERY_SHED), 1);
	assert_true(bal_recovery_past(scene->core, 0, &record));
	assert_int_equal(record.priority, BAL_PRIORITY_BATCH);
	assert_int_equal(record.reason, BAL_REASON_OBJECTIVE_BROKEN);
	assert_true(record.good_permille < record.target_permille);
	assert_int_equal(scene_last(scene, BAL_EFFECT_RECOVERY)->order, record.id);
	scene_clear(scene);
	scene_submit(scene, (struct bal_event_task){.id = next_id, .priority = BAL_PRIORITY_BATCH});
	refusal = scene_last(scene, BAL_EFFECT_REFUSE);
	assert_int_equal(refusal->reason, BAL_REASON_REFUSED_SHED);
	assert_in_range(refusal->value_ns, NS_PER_MIN, 10 * NS_PER_MIN);
	scene_expect_why(scene, next_id++, BAL_WHY_REFUSED, BAL_REASON_REFUSED_SHED);
	scene_submit(
		scene, (struct bal_event_task){.id = next_id++, .priority = BAL_PRIORITY_NORMAL});
	assert_int_equal(scene_count(scene, BAL_EFFECT_REFUSE), 1);
	/* It goes on being too much: the next classes follow, critical and high ones never. */
	for (uint32_t second = 0; second < 150; second++) {
		overload_second(scene, 4);
		scene_clear(scene);
	}
	assert_true(open_recoveries(scene, BAL_RECOVERY_SHED) > 1);
	scene_submit(
		scene, (struct bal_event_task){.id = next_id++, .priority = BAL_PRIORITY_HIGH});
	scene_submit(
		scene, (struct bal_event_task){.id = next_id++, .priority = BAL_PRIORITY_CRITICAL});
	assert_int_equal(scene_count(scene, BAL_EFFECT_REFUSE), 0);
	/* Then little comes: all of it is undone, one class a minute. */
	for (uint32_t second = 0; second < 1200; second++) {
		overload_second(scene, second % 2);
		scene_clear(scene);
	}
	assert_int_equal(open_recoveries(scene, BAL_RECOVERY_SHED), 0);
	assert_true(bal_recovery_past(scene->core, 0, &record));
	assert_int_equal(record.reason, BAL_REASON_OBJECTIVE_MET);
	scene_submit(
		scene, (struct bal_event_task){.id = next_id++, .priority = BAL_PRIORITY_BATCH});
	assert_int_equal(scene_count(scene, BAL_EFFECT_REFUSE), 0);
	bal_core_check(scene->core);
	scene_close(scene);
}

static void test_only_who_asks_for_it_recovers(void **state)
{
	struct scene *scene = open_scene(6);

	(void)state;
	scene->unchecked = true;
	scene->room = 256;
	set_standard(scene, false);
	serve(scene, 20, BAL_OUTCOME_SUCCEEDED);
	for (uint32_t second = 0; second < 60; second++) {
		overload_second(scene, 4);
		scene_clear(scene);
	}
	assert_int_equal(state_of(scene, BAL_OBJECTIVE_THROUGHPUT), BAL_OBJECTIVE_IS_BROKEN);
	assert_int_equal(open_recoveries(scene, BAL_RECOVERY_SHED), 0);
	scene_close(scene);
}

static void test_scales_up_and_ejects(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);
	struct bal_recovery record;

	(void)state;
	scene->watched = true;
	scene->unchecked = true;
	scene->room = 256;
	next_id = 1;
	pool.up.load_permille = 100000; /* the strategy itself never would */
	pool.up.sustain_ns = NS_PER_HOUR;
	pool.emergency_wait_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	scene_start(scene, 1);
	set_standard(scene, true);
	scene_agent(scene, 101, 0, 2);
	serve(scene, 20, BAL_OUTCOME_SUCCEEDED);
	for (uint32_t second = 0; second < 40; second++) {
		overload_second(scene, 2);
		if (scene_count(scene, BAL_EFFECT_SCALE) > 0)
			break;
	}
	assert_int_equal(scene_last(scene, BAL_EFFECT_SCALE)->reason, BAL_REASON_SCALE_OBJECTIVE);
	assert_int_equal(open_recoveries(scene, BAL_RECOVERY_SCALE_UP), 1);
	for (uint32_t back = 0; bal_recovery_past(scene->core, back, &record); back++)
		if (record.step == BAL_RECOVERY_SCALE_UP)
			break;
	assert_int_equal(record.order, scene_last(scene, BAL_EFFECT_SCALE)->order);
	scene_expect_why(scene, record.order, BAL_WHY_SCALED, BAL_REASON_SCALE_OBJECTIVE);
	assert_true(bal_recovery_find(scene->core, record.id, &record));
	scene_close(scene);
}

/* One agent of four answers no to everything: it breaks the error objective, and is ejected. */
static void test_ejects_an_outlier(void **state)
{
	struct scene *scene = open_scene(1);
	struct bal_recovery record;

	(void)state;
	scene->unchecked = true;
	for (uint64_t agent = 102; agent <= 104; agent++)
		scene_agent(scene, agent, 0, 1);
	set_standard(scene, true);
	for (uint32_t i = 0; i < 120; i++) {
		uint64_t first = next_id;

		for (uint32_t j = 0; j < 4; j++)
			scene_task(scene, next_id++);
		scene_run_for(scene, NS_PER_S);
		for (uint64_t id = first; id < next_id; id++) {
			struct bal_task_view task;

			if (!bal_task_view(scene->core, id, &task) || task.agent == 0)
				continue;
			STEP(scene, ATTEMPT_ENDED, ended, .task = id, .epoch = 1,
				.attempt = task.attempt, .service_ns = NS_PER_S,
				.outcome = task.agent == 103 ? BAL_OUTCOME_FAILED
							     : BAL_OUTCOME_SUCCEEDED);
		}
		scene_clear(scene);
		if (open_recoveries(scene, BAL_RECOVERY_EJECT) > 0)
			break;
	}
	assert_int_equal(open_recoveries(scene, BAL_RECOVERY_EJECT), 1);
	assert_true(bal_recovery_past(scene->core, 0, &record));
	assert_int_equal(record.agent, 103);
	assert_int_equal(record.objective, BAL_OBJECTIVE_ERRORS);
	assert_int_equal(scene_agent_view(scene, 103).state, BAL_AGENT_EJECTED);
	scene_close(scene);
}

static void test_nonsense_is_refused(void **state)
{
	struct scene *scene = open_scene(1);
	struct bal_event event = {.type = BAL_EVENT_OBJECTIVE, .objective = objective_standard()};

	(void)state;
	event.objective.target_permille[0] = 1000; /* no budget at all */
	assert_int_equal(scene_step(scene, event), BAL_INVALID);
	event.objective = objective_standard();
	event.objective.measure = BAL_MEASURE_COUNT;
	assert_int_equal(scene_step(scene, event), BAL_INVALID);
	event.objective = objective_standard();
	event.objective.kind = SCENE_LIMITS.kinds_max;
	assert_int_equal(scene_step(scene, event), BAL_INVALID);
	event.objective = objective_standard();
	event.objective.response_ns = 0;
	assert_int_equal(scene_step(scene, event), BAL_INVALID);
	scene_close(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burn_is_bad_share_over_allowed_share),
		cmocka_unit_test(test_windows_hold_what_happened_in_them),
		cmocka_unit_test(test_the_budget_is_of_thirty_days),
		cmocka_unit_test(test_a_restart_keeps_the_budget),
		cmocka_unit_test(test_standard_applies_to_short_kinds),
		cmocka_unit_test(test_response_is_the_wait_by_default),
		cmocka_unit_test(test_other_measures),
		cmocka_unit_test(test_states_of_errors),
		cmocka_unit_test(test_availability_counts_while_somebody_asks),
		cmocka_unit_test(test_sheds_from_the_lowest_class_and_lets_go),
		cmocka_unit_test(test_only_who_asks_for_it_recovers),
		cmocka_unit_test(test_scales_up_and_ejects),
		cmocka_unit_test(test_ejects_an_outlier),
		cmocka_unit_test(test_nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

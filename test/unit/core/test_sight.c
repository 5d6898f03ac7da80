/* SPDX-License-Identifier: Apache-2.0 */
/* What triggers see of a pool: tasks, ratings, children and forecasts in, orders with their reasons
 * out, through all of the core. How each trigger behaves at its threshold is test_trigger.c's. */
#include "scene.h"

#include "core/bond.h"
#include "core/objective.h"
#include "core/series.h"
#include "core/sight.h"

#include <stdlib.h>

#define SLOTS     10
#define PULSE_S   30
#define BASE_KIND 3 /* of tasks that never end */
#define FINE_NS   (5 * NS_PER_MIN)

static uint64_t task_next;

/* A pool of two agents of ten slots that scales in for nobody. */
static struct bal_event_pool begin(struct scene *scene, enum bal_strategy strategy, uint32_t busy)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	task_next = 1000;
	scene->unchecked = true;
	pool.strategy = strategy;
	pool.agents_baseline = 2;
	pool.agents_max = 20;
	pool.slots = SLOTS;
	pool.timeout_ns = 30 * NS_PER_DAY;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, SLOTS);
	scene_agent(scene, 102, 0, SLOTS);
	STEP(scene, POOL_PAUSED, pool_paused, .scale_in = true);
	for (uint64_t i = 1; i <= busy; i++)
		scene_submit(scene, (struct bal_event_task){.id = i, .kind = BASE_KIND});
	scene_run_for(scene, NS_PER_S);
	scene_clear(scene);
	return pool;
}

static void end(struct scene *scene, uint64_t task, enum bal_outcome outcome)
{
	STEP(scene, ATTEMPT_ENDED, ended, .task = task, .epoch = 1, .attempt = 1,
		.outcome = outcome, .service_ns = NS_PER_S,
		.retry_after_ns = outcome == BAL_OUTCOME_HANDED_BACK ? NS_PER_HOUR : 0);
}

/* Every half minute five tasks for a second, `bad` of which end so. */
static void pulse(struct scene *scene, uint32_t pulses, uint32_t bad, enum bal_outcome outcome)
{
	for (uint32_t i = 0; i < pulses && scene_count(scene, BAL_EFFECT_SCALE) == 0; i++) {
		for (uint32_t j = 0; j < 5; j++)
			scene_task(scene, task_next + j);
		scene_run_for(scene, NS_PER_S);
		for (uint32_t j = 0; j < 5; j++)
			end(scene, task_next + j, j < bad ? outcome : BAL_OUTCOME_SUCCEEDED);
		task_next += 5;
		if (scene_count(scene, BAL_EFFECT_SCALE) == 0)
			scene_clear(scene);
		scene_run_for(scene, (PULSE_S - 1) * NS_PER_S);
	}
}

static void rate(struct scene *scene, uint32_t kind, int64_t rating)
{
	STEP(scene, SAMPLE, sample, .subject = BAL_SUBJECT_KIND, .id = kind,
		.signal = BAL_SIGNAL_TASK_SATISFACTION, .value = rating);
}

static void expect(struct scene *scene, enum bal_reason reason, int64_t seen, int64_t threshold)
{
	struct bal_why why;

	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	why = scene_why(scene, scene_last(scene, BAL_EFFECT_SCALE)->order);
	assert_string_equal(bal_reason_name(why.reason), bal_reason_name(reason));
	assert_int_equal(why.seen, seen);
	assert_int_equal(why.seen_threshold, threshold);
	scene_clear(scene);
}

/* Tasks fail: agents are ordered where slots are short, and nowhere else. */
static void test_errors_with_saturation(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 15);
	pulse(scene, 14, 5, BAL_OUTCOME_FAILED);
	/* Twenty ends are two minutes, the sustain time is five. */
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	assert_int_equal(scene_why(scene, scene_pool_view(scene, 0).order_last).about, 0);
	expect(scene, BAL_REASON_SCALE_ERRORS, 1000, 50);
}

static void test_errors_without_saturation(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 10);
	pulse(scene, 40, 5, BAL_OUTCOME_FAILED);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
}

static void test_saturation_without_errors(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 15);
	pulse(scene, 40, 0, BAL_OUTCOME_FAILED);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
}

/* The exact rules of others look at nothing else. */
static void test_who_has_no_triggers(void **state)
{
	static const enum bal_strategy strategies[] = {
		BAL_STRATEGY_FIXED, BAL_STRATEGY_HPA, BAL_STRATEGY_KPA};

	(void)state;
	for (size_t i = 0; i < sizeof strategies / sizeof strategies[0]; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);

		scene_start(scene, 1);
		begin(scene, strategies[i], 12);
		for (uint32_t j = 0; j < 20; j++) {
			rate(scene, BASE_KIND, 0);
			scene_run_for(scene, NS_PER_MIN);
		}
		assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
		scene_close(scene);
	}
}

/* One rating in half a minute; five are enough. */
static void test_ratings(void **state)
{
	static const struct {
		uint32_t busy;
		int64_t rating;
		uint32_t strategy;
		bool order;
	} rows[] = {{8, 849, BAL_STRATEGY_CONSERVATIVE, true},
		{8, 849, BAL_STRATEGY_AGGRESSIVE, true}, {8, 850, BAL_STRATEGY_CONSERVATIVE, false},
		{7, 100, BAL_STRATEGY_CONSERVATIVE, false}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);

		scene_start(scene, 1);
		begin(scene, rows[i].strategy, rows[i].busy);
		for (uint32_t j = 0; j < 30 && scene_count(scene, BAL_EFFECT_SCALE) == 0; j++) {
			rate(scene, BASE_KIND, rows[i].rating);
			scene_run_for(scene, PULSE_S * NS_PER_S);
		}
		assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), rows[i].order);
		if (rows[i].order)
			expect(scene, BAL_REASON_SCALE_SATISFACTION, 849, 850);
		scene_close(scene);
	}
}

/* Ratings stop: what was known grows old, and is no reason any more. */
static void test_silence_is_no_trigger(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 12);
	for (uint32_t i = 0; i < 10; i++)
		rate(scene, BASE_KIND, 100);
	scene_run_for(scene, 4 * NS_PER_MIN);
	assert_string_equal(bal_reason_name(scene_pool_view(scene, 0).hold), "hold_sustain");
	scene_run_for(scene, NS_PER_HOUR);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_string_equal(bal_reason_name(scene_pool_view(scene, 0).hold), "hold_steady");
}

/* One in five is put off for an hour: 80 % of what comes is done, of 95 % that are promised. */
static void test_throughput(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 15);
	pulse(scene, 30, 1, BAL_OUTCOME_HANDED_BACK);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	assert_string_equal(
		bal_reason_name(scene_last(scene, BAL_EFFECT_SCALE)->reason), "scale_throughput");
	assert_in_range(scene_why(scene, scene_pool_view(scene, 0).order_last).seen, 700, 999);
}

static void run_days(struct scene *scene, uint32_t days)
{
	for (uint32_t i = 0; i < 2 * days; i++)
		scene_run_for(scene, 12 * NS_PER_HOUR);
}

/* Three days without a failure, then one in thirty: less than the trigger for errors allows. */
static void test_fewer_succeed_than_usual(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 15);
	for (uint32_t day = 0; day < 3; day++) {
		pulse(scene, 10, 0, BAL_OUTCOME_FAILED);
		run_days(scene, 1);
	}
	scene_clear(scene);
	for (uint32_t i = 0; i < 60 && scene_count(scene, BAL_EFFECT_SCALE) == 0; i++) {
		for (uint32_t j = 0; j < 15; j++) {
			scene_task(scene, task_next);
			if (j < 5)
				scene_run_for(scene, NS_PER_S / 4);
			end(scene, task_next++,
				j == 0 && i % 3 != 0 ? BAL_OUTCOME_FAILED : BAL_OUTCOME_SUCCEEDED);
		}
		pulse(scene, 1, 0, BAL_OUTCOME_FAILED);
	}
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	assert_string_equal(
		bal_reason_name(scene_last(scene, BAL_EFFECT_SCALE)->reason), "scale_quality");
	assert_in_range(scene_why(scene, scene_pool_view(scene, 0).order_last).seen, 26, 50);
}

/* Ratings of 950 for three days, then of 870. */
static void test_ratings_are_lower_than_usual(void **state)
{
	struct scene *scene = *state;

	begin(scene, BAL_STRATEGY_CONSERVATIVE, 12);
	for (uint32_t day = 0; day < 3; day++) {
		for (uint32_t i = 0; i < 10; i++)
			rate(scene, BASE_KIND, 950);
		run_days(scene, 1);
	}
	scene_clear(scene);
	for (uint32_t i = 0; i < 60 && scene_count(scene, BAL_EFFECT_SCALE) == 0; i++) {
		rate(scene, BASE_KIND, 870);
		scene_run_for(scene, 10 * NS_PER_S);
	}
	expect(scene, BAL_REASON_SCALE_RATING, 80, 75);
}

/* ---- children ---- */

#define PARENT_TAG 2u

static void submit_parent(struct scene *scene, uint64_t id)
{
	assert_int_equal(scene_submit(scene,
				 (struct bal_event_task){
					 .id = id, .kind = 1, .needs.tags.words = {PARENT_TAG}}),
		BAL_OK);
}

static void submit_child(struct scene *scene, uint64_t id, uint64_t parent)
{
	assert_int_equal(scene_submit(scene, (struct bal_event_task){.id = id,
						     .kind = 2,
						     .parent = parent,
						     .flags = BAL_TASK_PARENT_WAITS}),
		BAL_OK);
}

static struct scene *begin_family(void)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);
	struct bal_event_pool parents = scene_pool_standard(1, BAL_POOL_URLS);

	scene->watched = true;
	scene_start(scene, 1);
	begin(scene, BAL_STRATEGY_CONSERVATIVE, 7);
	parents.offers.words[0] = PARENT_TAG;
	parents.timeout_ns = NS_PER_DAY;
	scene_pool(scene, &parents);
	scene_agent(scene, 201, 1, 8);
	for (uint64_t i = 0; i < 8; i++)
		submit_parent(scene, 500 + i);
	return scene;
}

/* All eight parents do nothing but wait. */
static void test_parents_that_wait(void **state)
{
	struct scene *scene = begin_family();

	(void)state;
	for (uint64_t i = 0; i < 8; i++)
		submit_child(scene, 600 + i, 500 + i);
	scene_clear(scene);
	pulse(scene, 14, 0, BAL_OUTCOME_FAILED);
	assert_int_equal(scene_why(scene, scene_pool_view(scene, 0).order_last).about, 2);
	expect(scene, BAL_REASON_SCALE_COLLABORATION, 1000, 500);
	assert_int_equal(bond_share(scene->core, 1), -1);
	scene_close(scene);
}

/* Half of them wait: that is not more than half. With one more it is. */
static void test_half_of_their_time(void **state)
{
	struct scene *scene = begin_family();

	(void)state;
	for (uint64_t i = 0; i < 4; i++)
		submit_child(scene, 600 + i, 500 + i);
	for (uint64_t i = 0; i < 4; i++)
		scene_submit(scene, (struct bal_event_task){.id = 700 + i, .kind = BASE_KIND});
	scene_clear(scene);
	pulse(scene, 60, 0, BAL_OUTCOME_FAILED);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	assert_int_equal(bond_share(scene->core, 2), 500);
	submit_child(scene, 604, 504);
	scene_clear(scene);
	pulse(scene, 60, 0, BAL_OUTCOME_FAILED);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	assert_string_equal(bal_reason_name(scene_last(scene, BAL_EFFECT_SCALE)->reason),
		"scale_collaboration");
	scene_close(scene);
}

/* ---- forecasts ---- */

static uint8_t input[BAL_JOB_RESULT_MAX], result[BAL_JOB_RESULT_MAX];

static void work_off(struct scene *scene)
{
	static void *scratch;

	if (scratch == NULL)
		scratch = calloc(1, bal_job_scratch_size());
	while (scene_count(scene, BAL_EFFECT_JOB) > 0) {
		struct bal_effect job = *scene_last(scene, BAL_EFFECT_JOB);
		size_t size =
			bal_job_snapshot(scene->core, job.order, job.attempt, input, sizeof input);

		scene_clear(scene);
		size = bal_job_run(input, size, result, sizeof result, scratch);
		STEP(scene, JOB_DONE, job_done, .job = job.order, .generation = job.attempt,
			.result = {(const char *)result, (uint32_t)size});
	}
}

/* Tasks in five minutes at an hour of the day. */
typedef uint32_t pattern(uint32_t hour);

/* Three times as many at noon. */
static uint32_t noon(uint32_t hour)
{
	return hour >= 12 && hour < 15 ? 90 : 30;
}

/* A third more in the evening than by day, when there are twice as many as at night. */
static uint32_t evening(uint32_t hour)
{
	return hour < 8 || hour >= 21 ? 30 : hour >= 18 ? 80 : 60;
}

/* Twice as many in the afternoon as before noon, as at all other times. */
static uint32_t dip(uint32_t hour)
{
	return hour >= 8 && hour < 12 ? 30 : 60;
}

static uint32_t flat(uint32_t hour)
{
	(void)hour;
	return 30;
}

#define MIDNIGHT(scene) (((scene)->now_ns / NS_PER_DAY + 1) * NS_PER_DAY)

/* Whole days of which the core knows only that tasks came, and as many bins of the next one. */
static void past(struct scene *scene, uint32_t days, uint32_t bins, pattern *tasks)
{
	scene->now_ns = MIDNIGHT(scene);
	for (uint32_t bin = 0; bin < days * 288 + bins; bin++) {
		for (uint32_t i = 0; i < tasks(bin / 12 % 24); i++)
			series_arrived(scene_series(scene), 0, 60, scene->now_ns, 0);
		scene->now_ns += FINE_NS;
		STEP(scene, TIMEOUT, more, 0);
		work_off(scene);
	}
}

/* Bins with real tasks, a part of them each minute, until something is ordered or they are over. */
static void live(struct scene *scene, uint32_t bins, int64_t service_ns, pattern *tasks)
{
	for (uint32_t minute = 0; minute < 5 * bins && scene_count(scene, BAL_EFFECT_SCALE) == 0;
		minute++) {
		uint32_t hour = (uint32_t)(scene->now_ns % NS_PER_DAY / NS_PER_HOUR);
		uint32_t count = tasks(hour) / 5;

		for (uint32_t i = 0; i < count; i++) {
			scene_task(scene, task_next);
			scene_succeed(scene, task_next++, service_ns);
		}
		work_off(scene);
		scene_clear(scene);
		scene_run_for(scene, NS_PER_MIN);
		if (scene_count(scene, BAL_EFFECT_SCALE) == 0)
			work_off(scene);
	}
}

static int64_t hour_of_day_ns(const struct scene *scene, uint64_t order)
{
	return scene_why(scene, order).at_ns % NS_PER_DAY;
}

/* 9 slots are busy, at noon 18 will be: that is within 20, but 80 % of them are 16. */
static void test_a_forecast_of_half_as_much_again(void **state)
{
	struct scene *scene = *state;
	int64_t at_ns;

	scene->unchecked = true;
	past(scene, 5, 120, dip);
	begin(scene, BAL_STRATEGY_CONSERVATIVE, 0);
	live(scene, 40, 90 * NS_PER_S, dip);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	at_ns = hour_of_day_ns(scene, scene_last(scene, BAL_EFFECT_SCALE)->order);
	assert_string_equal(
		bal_reason_name(scene_last(scene, BAL_EFFECT_SCALE)->reason), "scale_forecast");
	assert_int_equal(scene_last(scene, BAL_EFFECT_SCALE)->count, 1);
	assert_in_range(at_ns, 11 * NS_PER_HOUR, 11 * NS_PER_HOUR + 15 * NS_PER_MIN);
	assert_in_range(scene_why(scene, scene_pool_view(scene, 0).order_last).seen, 500, 2500);
}

/* The clock is set an hour on or back just before that: it would be an order of another hour. */
static void test_the_clock_was_set(void **state)
{
	(void)state;
	for (int i = -1; i <= 1; i += 2) {
		struct scene *scene = scene_open(&SCENE_LIMITS);

		scene_start(scene, 1);
		scene->unchecked = true;
		past(scene, 5, 120, dip);
		begin(scene, BAL_STRATEGY_CONSERVATIVE, 0);
		live(scene, 10, 90 * NS_PER_S, dip);
		STEP(scene, CLOCK, clock, .utc_offset_ns = i * NS_PER_HOUR);
		assert_true(sight_clock_is_new(scene->core));
		live(scene, 11, 90 * NS_PER_S, flat);
		assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
		STEP(scene, CLOCK, clock, .utc_offset_ns = i * NS_PER_HOUR + NS_PER_S);
		scene_run_for(scene, 10 * NS_PER_MIN);
		assert_false(sight_clock_is_new(scene->core));
		scene_close(scene);
	}
}

/* Like noon, but with so much chance in it that no forecast is right within a fifth. */
static uint32_t noisy(uint32_t hour)
{
	static uint32_t draw = 1;

	draw = draw * 1664525 + 1013904223;
	return noon(hour) * (3 + (draw >> 16) % 15) / 10;
}

/* It sees the peak of noon come, and has been wrong too often. */
static void test_a_forecast_that_is_not_sure(void **state)
{
	struct scene *scene = *state;
	bool unsure = false;

	scene->unchecked = true;
	past(scene, 5, 130, noisy);
	begin(scene, BAL_STRATEGY_CONSERVATIVE, 0);
	STEP(scene, POOL_PAUSED, pool_paused, .scale_in = false);
	for (uint32_t i = 0; i < 14; i++) {
		live(scene, 1, NS_PER_MIN, noon);
		unsure |= scene_pool_view(scene, 0).hold == BAL_REASON_HOLD_UNSURE;
		assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
	}
	assert_true(unsure);
}

/* 13 slots, 17 in the evening, on an agent of 20: not half as much again, but the peak of the day.
 */
static void test_the_season(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool;
	int64_t at_ns;

	scene->unchecked = true;
	past(scene, 8, 190, evening);
	pool = begin(scene, BAL_STRATEGY_CONSERVATIVE, 0);
	assert_int_equal(scene_down(scene, 102, true), BAL_OK);
	STEP(scene, AGENT_SLOTS, slots, .agent = 101, .slots = 20);
	pool.slots = 20;
	scene_pool(scene, &pool);
	live(scene, 40, 65 * NS_PER_S, evening);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	assert_string_equal(
		bal_reason_name(scene_last(scene, BAL_EFFECT_SCALE)->reason), "scale_season");
	at_ns = hour_of_day_ns(scene, scene_last(scene, BAL_EFFECT_SCALE)->order);
	assert_in_range(at_ns, 17 * NS_PER_HOUR, 17 * NS_PER_HOUR + 15 * NS_PER_MIN);
}

/* 6 of 10 slots are busy; at noon all of them would be, which is seen two hours before. What was
 * ordered for that stays, though nothing is busy with it until then. */
static void test_slots_used_up_within_two_hours(void **state)
{
	struct scene *scene = *state;
	struct bal_effect scale;
	int64_t at_ns;

	scene->unchecked = true;
	past(scene, 5, 110, noon);
	begin(scene, BAL_STRATEGY_CONSERVATIVE, 0);
	assert_int_equal(scene_down(scene, 102, true), BAL_OK);
	live(scene, 40, NS_PER_MIN, noon);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	scale = *scene_last(scene, BAL_EFFECT_SCALE);
	assert_string_equal(bal_reason_name(scale.reason), "scale_exhaustion");
	at_ns = hour_of_day_ns(scene, scale.order);
	assert_in_range(at_ns, 10 * NS_PER_HOUR, 10 * NS_PER_HOUR + 15 * NS_PER_MIN);
	STEP(scene, AGENT_UP, up, .agent = 103, .state = BAL_AGENT_READY, .slots = SLOTS,
		.order = scale.order);
	STEP(scene, SCALE_ENDED, scale_ended, .order = scale.order, .count = 1);
	STEP(scene, POOL_PAUSED, pool_paused, .scale_out = true);
	scene_clear(scene);
	live(scene, 8, NS_PER_MIN, noon);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 0);
	assert_string_equal(bal_reason_name(scene_pool_view(scene, 0).hold), "hold_expected");
}

/* ---- declared ---- */

/* 6 slots, three times as many are declared from a quarter past on: three agents, all at once, one
 * boot time ahead (30 s as long as none was measured, and the ten of a look). */
static void test_a_declared_peak(void **state)
{
	static const enum bal_strategy strategies[] = {
		BAL_STRATEGY_CONSERVATIVE, BAL_STRATEGY_AGGRESSIVE};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof strategies / sizeof strategies[0]; i++) {
		struct scene *scene = scene_open(&SCENE_LIMITS);
		struct bal_event event = {.type = BAL_EVENT_PEAK};
		int64_t begins_ns;

		scene_start(scene, 1);
		scene->now_ns = MIDNIGHT(scene) + NS_PER_HOUR;
		begins_ns = scene->now_ns + 15 * NS_PER_MIN;
		begin(scene, strategies[i / 2], 0);
		assert_int_equal(scene_down(scene, 102, true), BAL_OK);
		event.peak = (struct bal_event_peak){.begins_ns = begins_ns,
			.duration_ns = NS_PER_HOUR,
			.factor_permille = 3000};
		if (i % 2 == 1) {
			event.peak.rate_count = 90;
			event.peak.rate_period_ns = FINE_NS;
		}
		assert_int_equal(scene_step(scene, event), BAL_OK);
		live(scene, 2, NS_PER_MIN, flat);
		for (uint32_t j = 0; j < 30; j++) {
			scene_task(scene, task_next);
			scene_succeed(scene, task_next++, NS_PER_MIN);
		}
		scene_clear(scene);
		scene_run_to(scene, begins_ns - 41 * NS_PER_S);
		assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 0);
		scene_run_to(scene, begins_ns - 30 * NS_PER_S);
		assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
		assert_string_equal(
			bal_reason_name(scene_last(scene, BAL_EFFECT_SCALE)->reason), "scale_peak");
		assert_int_equal(scene_pool_view(scene, 0).agents[BAL_AGENT_READY] +
					 scene_pool_view(scene, 0).ordered,
			3);
		scene_close(scene);
	}
}

/* ---- precedence ---- */

/* The load wants one more agent, a broken objective wants as many again: that goes first, though
 * its own look would come later. */
static void test_a_broken_objective_goes_first(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);
	struct bal_event event = {.type = BAL_EVENT_OBJECTIVE};

	(void)state;
	scene->watched = true;
	scene_start(scene, 1);
	event.objective = objective_standard();
	event.objective.kind = 0;
	event.objective.recovers = true;
	event.objective.measure = BAL_MEASURE_TOTAL;
	begin(scene, BAL_STRATEGY_CONSERVATIVE, 17);
	assert_int_equal(scene_step(scene, event), BAL_OK);
	STEP(scene, POOL_PAUSED, pool_paused, .scale_out = true, .scale_in = true);
	scene_run_for(scene, 4 * NS_PER_MIN);
	for (uint64_t i = 0; i < 30; i++) {
		scene_task(scene, 2000 + i);
		scene_run_for(scene, 3 * NS_PER_S);
		scene_succeed(scene, 2000 + i, 3 * NS_PER_S);
	}
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_PAUSED);
	scene_clear(scene);
	STEP(scene, POOL_PAUSED, pool_paused, .scale_in = true);
	scene_run_for(scene, NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_SCALE), 1);
	assert_int_equal(scene_last(scene, BAL_EFFECT_SCALE)->reason, BAL_REASON_SCALE_OBJECTIVE);
	assert_int_equal(scene_last(scene, BAL_EFFECT_SCALE)->count, 2);
	scene_close(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_errors_with_saturation),
		TEST(test_errors_without_saturation),
		TEST(test_saturation_without_errors),
		cmocka_unit_test(test_who_has_no_triggers),
		cmocka_unit_test(test_ratings),
		TEST(test_silence_is_no_trigger),
		TEST(test_throughput),
		TEST(test_fewer_succeed_than_usual),
		TEST(test_ratings_are_lower_than_usual),
		cmocka_unit_test(test_parents_that_wait),
		cmocka_unit_test(test_half_of_their_time),
		TEST(test_a_forecast_of_half_as_much_again),
		cmocka_unit_test(test_the_clock_was_set),
		TEST(test_a_forecast_that_is_not_sure),
		TEST(test_the_season),
		TEST(test_slots_used_up_within_two_hours),
		cmocka_unit_test(test_a_declared_peak),
		cmocka_unit_test(test_a_broken_objective_goes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

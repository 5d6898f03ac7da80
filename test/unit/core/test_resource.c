/* SPDX-License-Identifier: Apache-2.0 */
/* What pools and the store use: levels in bins, their forecasts, and when they are used up. */
#include "scene.h"

#include "base/num.h"
#include "core/forecaster.h"
#include "core/rule.h"
#include "core/series.h"

#include <stdlib.h>
#include <string.h>

#define FINE_NS   (5 * NS_PER_MIN)
#define POOL      2
#define LIMIT_MIB 1000

static uint8_t input[BAL_JOB_RESULT_MAX], result[BAL_JOB_RESULT_MAX];

static int begin(void **state)
{
	struct bal_event_pool pool = scene_pool_standard(POOL, BAL_POOL_URLS);
	int rc = scene_begin(state);
	struct scene *scene = *state;

	pool.memory_mib = LIMIT_MIB;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, POOL, 1);
	scene_agent(scene, 102, POOL, 1);
	/* A round time: all bins are whole ones. */
	scene_run_to(scene, NS_PER_HOUR);
	scene->now_ns = NS_PER_HOUR;
	scene_clear(scene);
	return rc;
}

static void memory(struct scene *scene, uint64_t agent, int64_t mib)
{
	assert_int_equal(scene_sample(scene, agent, BAL_SIGNAL_MEMORY_MIB, mib), BAL_OK);
}

static void store(struct scene *scene, enum bal_signal signal, int64_t value)
{
	assert_int_equal(STEP(scene, SAMPLE, sample, .subject = BAL_SUBJECT_STORE, .signal = signal,
				 .value = value),
		BAL_OK);
}

static const struct forecaster *fine_of(const struct scene *scene, enum series_what what)
{
	return series_find(
		scene_series(scene), what < SERIES_STORAGE ? POOL : 0, what, SERIES_FINE);
}

static enum bal_status answer(struct scene *scene, uint64_t job, uint32_t generation)
{
	static void *scratch;
	size_t size = bal_job_snapshot(scene->core, job, generation, input, sizeof input);

	if (scratch == NULL)
		scratch = calloc(1, bal_job_scratch_size());
	size = bal_job_run(input, size, result, sizeof result, scratch);
	return STEP(scene, JOB_DONE, job_done, .job = job, .generation = generation,
		.result = {(const char *)result, (uint32_t)size});
}

/* Does all jobs that are wanted; returns their number. */
static uint32_t work_off(struct scene *scene)
{
	uint32_t count = 0;

	while (scene_count(scene, BAL_EFFECT_JOB) > 0 && count < 100) {
		struct bal_effect job = *scene_last(scene, BAL_EFFECT_JOB);

		scene_clear(scene);
		assert_int_equal(answer(scene, job.order, job.attempt), BAL_OK);
		count++;
	}
	return count;
}

static void test_a_pool_uses_what_its_agents_use(void **state)
{
	struct scene *scene = *state;
	const struct forecaster *mib;
	double now;

	assert_null(fine_of(scene, SERIES_MEMORY));
	assert_false(bal_series_now(scene->core, POOL, BAL_SERIES_MEMORY, &now));
	memory(scene, 101, 100);
	memory(scene, 101, 300); /* 200 on the mean */
	memory(scene, 102, 50);
	scene_sample(scene, 102, BAL_SIGNAL_CPU_MILLIS, 700);
	assert_true(bal_series_now(scene->core, POOL, BAL_SERIES_MEMORY, &now));
	assert_true(now == 350.0);
	scene_run_for(scene, FINE_NS);
	mib = fine_of(scene, SERIES_MEMORY);
	assert_int_equal(mib->count, 1);
	assert_true(mib->values[0] == 250.0F);
	assert_true(fine_of(scene, SERIES_CPU)->values[0] == 700.0F);
	/* A kind of that number, and another pool, have nothing to do with it. */
	assert_null(series_find(scene_series(scene), POOL, SERIES_ARRIVALS, SERIES_FINE));
	assert_null(series_find(scene_series(scene), 0, SERIES_MEMORY, SERIES_FINE));
}

static void test_silence_is_missing(void **state)
{
	struct scene *scene = *state;
	const struct forecaster *mib;

	memory(scene, 101, 100);
	memory(scene, 102, 50);
	scene_run_for(scene, FINE_NS);
	mib = fine_of(scene, SERIES_MEMORY);
	scene_run_for(scene, FINE_NS); /* nobody */
	assert_int_equal(mib->count, 2);
	assert_true(mib->values[1] != mib->values[1]);
	memory(scene, 101, 100); /* one of two */
	scene_run_for(scene, FINE_NS);
	assert_true(mib->values[2] != mib->values[2]);
	/* Who is gone is not waited for. */
	assert_int_equal(STEP(scene, AGENT_DOWN, down, .agent = 102), BAL_OK);
	memory(scene, 101, 80);
	scene_run_for(scene, FINE_NS);
	assert_true(mib->values[3] == 80.0F);
	/* Of the hour, half of the bins must be known. */
	for (uint32_t i = 0; i < 8; i++) {
		memory(scene, 101, 80);
		scene_run_for(scene, FINE_NS);
	}
	mib = series_find(scene_series(scene), POOL, SERIES_MEMORY, SERIES_HOURLY);
	assert_int_equal(mib->count, 1);
	assert_true(mib->values[0] == (150.0F + 9 * 80.0F) / 10);
}

/* One that has not reported for an hour is counted out. */
static void test_long_silence_is_given_up(void **state)
{
	struct scene *scene = *state;
	const struct forecaster *mib;

	memory(scene, 102, 50);
	for (uint32_t i = 0; i < 14; i++) {
		memory(scene, 101, 100);
		scene_run_for(scene, FINE_NS);
	}
	mib = fine_of(scene, SERIES_MEMORY);
	assert_true(mib->values[0] == 150.0F);
	assert_true(mib->values[12] != mib->values[12]);
	assert_true(mib->values[13] == 100.0F);
}

static void test_storage(void **state)
{
	struct scene *scene = *state;
	struct bal_exhaustion exhaustion;

	store(scene, BAL_SIGNAL_STORE_FREE, 30 * GIB); /* of what, is not known */
	assert_null(fine_of(scene, SERIES_STORAGE));
	store(scene, BAL_SIGNAL_STORE_SIZE, 100 * GIB);
	store(scene, BAL_SIGNAL_STORE_FREE, 30 * GIB);
	store(scene, BAL_SIGNAL_STORE_BYTES, GIB);
	scene_run_for(scene, FINE_NS);
	assert_true(fine_of(scene, SERIES_STORAGE)->values[0] == (float)(70 * GIB));
	assert_true(fine_of(scene, SERIES_DATA)->values[0] == (float)GIB);
	assert_true(bal_exhaustion(scene->core, 0, BAL_SERIES_STORAGE, &exhaustion));
	assert_true(exhaustion.limit == (double)(100 * GIB));
	assert_int_equal(exhaustion.by, BAL_EXHAUSTION_NONE);
	assert_true(exhaustion.likely_ns == BAL_NEVER_NS);
	assert_false(bal_exhaustion(scene->core, 0, BAL_SERIES_DATA, &exhaustion));
	assert_false(bal_exhaustion(scene->core, 0, BAL_SERIES_ARRIVALS, &exhaustion));
}

/* So many hours with a sample each 30 s: a base, a saw tooth, and from some time on a leak. */
static void run_leak(struct scene *scene, double mib, double per_hour, double hours)
{
	for (uint32_t i = 0; i < (uint32_t)(hours * 120); i++) {
		double tooth = i % 5 * 2;

		memory(scene, 101, num_to_i64(mib + tooth + per_hour * i / 120));
		memory(scene, 102, 200 + i % 3);
		scene_run_for(scene, 30 * NS_PER_S);
		scene->effect_count = 0;
	}
}

/* The agents with an open alert of a rule: their number, and the last one. */
static uint32_t open_alerts(const struct scene *scene, uint32_t rule, uint64_t *agent)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < bal_alert_places(scene->core); i++) {
		struct bal_alert alert;

		if (!bal_alert_at(scene->core, i, &alert) || alert.rule != rule)
			continue;
		*agent = alert.subject_id;
		count++;
	}
	return count;
}

/* A leak that began at an agent: the pool is told by it, though its sum is far from its limit. */
static void test_a_leak_uses_it_up(void **state)
{
	struct scene *scene = *state;
	struct bal_exhaustion exhaustion;
	uint64_t agent = 0;
	double left_h;

	run_leak(scene, 400, 0, 1);
	assert_true(bal_exhaustion(scene->core, POOL, BAL_SERIES_MEMORY, &exhaustion));
	assert_true(exhaustion.limit == 2.0 * LIMIT_MIB);
	assert_int_equal(exhaustion.by, BAL_EXHAUSTION_NONE);
	run_leak(scene, 400, 150, 2);
	assert_true(bal_exhaustion(scene->core, POOL, BAL_SERIES_MEMORY, &exhaustion));
	assert_int_equal(exhaustion.by, BAL_EXHAUSTION_TREND);
	left_h = (LIMIT_MIB - 8 - 700) / 150.0;
	assert_true(num_abs((double)exhaustion.likely_ns / (double)NS_PER_HOUR / left_h - 1) < 0.1);
	assert_true(exhaustion.soonest_ns <= exhaustion.likely_ns);
	assert_true(exhaustion.likely_ns <= exhaustion.latest_ns);
	assert_int_equal(open_alerts(scene, RULE_LEAK_WARNING, &agent), 1);
	assert_int_equal(agent, 101);
	assert_int_equal(open_alerts(scene, RULE_EXHAUSTION_WARNING, &agent), 1);
	assert_int_equal(agent, 101);
	/* Who takes its place begins anew. */
	assert_int_equal(STEP(scene, AGENT_DOWN, down, .agent = 101), BAL_OK);
	scene_agent(scene, 103, POOL, 1);
	memory(scene, 103, 900);
	assert_true(bal_exhaustion(scene->core, POOL, BAL_SERIES_MEMORY, &exhaustion));
	assert_int_equal(exhaustion.by, BAL_EXHAUSTION_NONE);
	assert_int_equal(open_alerts(scene, RULE_LEAK_WARNING, &agent), 0);
}

/* Without a limit of its own an agent may have what the machine has left. */
static void test_the_machine_is_a_limit(void **state)
{
	struct scene *scene = *state;
	struct bal_exhaustion exhaustion;

	scene_pool_urls(scene, 1, 201, 1);
	scene_agent(scene, 202, 1, 1);
	memory(scene, 201, 100);
	memory(scene, 202, 200);
	assert_false(bal_exhaustion(scene->core, 1, BAL_SERIES_MEMORY, &exhaustion));
	assert_int_equal(STEP(scene, SAMPLE, sample, .subject = BAL_SUBJECT_HOST,
				 .signal = BAL_SIGNAL_HOST_MEMORY_AVAILABLE, .value = 4 * GIB),
		BAL_OK);
	assert_true(bal_exhaustion(scene->core, 1, BAL_SERIES_MEMORY, &exhaustion));
	assert_true(exhaustion.now == 300.0);
	assert_true(exhaustion.limit == 300.0 + 4096.0);
}

/* What is in use over a day, in MiB: two straight lines, and a peak at noon. */
static int64_t day_mib(int64_t at_ns)
{
	int64_t minute = at_ns / NS_PER_MIN % 1440;

	return 500 + (minute < 720 ? minute : 1440 - minute);
}

static void run_days(struct scene *scene, int64_t until_ns)
{
	while (scene->now_ns < until_ns) {
		memory(scene, 101, day_mib(scene->now_ns) / 2);
		memory(scene, 102, day_mib(scene->now_ns) / 2);
		scene_run_for(scene, FINE_NS);
		if (scene->now_ns < until_ns)
			scene->effect_count = 0;
	}
}

/* The third noon is over the limit, and is foreseen by the days before. */
static void test_a_peak_is_foreseen(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(POOL, BAL_POOL_URLS);
	struct bal_exhaustion exhaustion;
	double wanted_h;

	run_days(scene, 80 * NS_PER_HOUR); /* 8 o'clock */
	for (uint32_t i = 0; i < 14; i++) {
		work_off(scene);
		run_days(scene, scene->now_ns + FINE_NS);
	}
	pool.memory_mib = 580; /* twice that at 11 o'clock */
	scene_pool(scene, &pool);
	assert_true(bal_exhaustion(scene->core, POOL, BAL_SERIES_MEMORY, &exhaustion));
	assert_int_equal(exhaustion.by, BAL_EXHAUSTION_FORECAST);
	wanted_h = 72 + 11 - (double)scene->now_ns / (double)NS_PER_HOUR;
	assert_true(num_abs((double)exhaustion.likely_ns / (double)NS_PER_HOUR - wanted_h) < 0.5);
	assert_true(exhaustion.soonest_ns <= exhaustion.likely_ns);
	assert_true(exhaustion.latest_ns >= exhaustion.likely_ns);
	pool.memory_mib = 5000;
	scene_pool(scene, &pool);
	assert_true(bal_exhaustion(scene->core, POOL, BAL_SERIES_MEMORY, &exhaustion));
	assert_true(exhaustion.soonest_ns == BAL_NEVER_NS);
}

/* Fits of pools are the same jobs; the effect tells whose forecast is new. */
static void test_a_fit_tells_its_pool(void **state)
{
	struct scene *scene = *state;
	struct bal_effect job;

	run_days(scene, NS_PER_HOUR + SERIES_FIT_MIN * FINE_NS);
	job = *scene_last(scene, BAL_EFFECT_JOB);
	scene_clear(scene);
	assert_int_equal(answer(scene, job.order, job.attempt), BAL_OK);
	assert_int_equal(scene_last(scene, BAL_EFFECT_FORECAST)->count, POOL);
	assert_int_equal(scene_last(scene, BAL_EFFECT_FORECAST)->attempt, BAL_SERIES_MEMORY);
}

static void test_saved_state_goes_on(void **state)
{
	struct scene *scene = *state, *after = scene_open(&SCENE_LIMITS);
	size_t size;
	void *bytes;

	store(scene, BAL_SIGNAL_STORE_SIZE, 100 * GIB);
	store(scene, BAL_SIGNAL_STORE_FREE, 30 * GIB);
	run_leak(scene, 400, 150, 1.52); /* in the middle of a bin */
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	assert_int_equal(bal_core_load(after->core, bytes, size), BAL_OK);
	free(bytes);
	assert_true(bal_core_digest(after->core) == bal_core_digest(scene->core));
	after->now_ns = scene->now_ns;
	run_leak(scene, 628, 150, 0.5);
	run_leak(after, 628, 150, 0.5);
	assert_true(bal_core_digest(after->core) == bal_core_digest(scene->core));
	scene_close(after);
}

static void name_pool(struct scene *scene, uint32_t number, const char *name)
{
	struct bal_text text = {name, (uint32_t)strlen(name)};

	assert_int_equal(STEP(scene, SYMBOL, symbol, BAL_SYMBOL_POOL, number, text), BAL_OK);
}

/* The past of a pool and of the store survive a restart. */
static void test_the_past_survives_a_restart(void **state)
{
	struct scene *scene = *state, *after = scene_open(&SCENE_LIMITS);
	const struct forecaster *again;
	size_t size;
	void *bytes;

	name_pool(scene, POOL, "coder");
	store(scene, BAL_SIGNAL_STORE_SIZE, 100 * GIB);
	store(scene, BAL_SIGNAL_STORE_FREE, 30 * GIB);
	run_days(scene, NS_PER_HOUR + 4 * FINE_NS);
	size = bal_learned_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_int_equal(bal_learned_save(scene->core, bytes, size), size);
	after->now_ns = scene->now_ns + 2 * FINE_NS;
	name_pool(after, 4, "coder"); /* numbered anew */
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	free(bytes);
	scene_start(after, 2);
	again = series_find(scene_series(after), 4, SERIES_MEMORY, SERIES_FINE);
	assert_int_equal(again->count, 6);
	assert_true(again->values[1] == fine_of(scene, SERIES_MEMORY)->values[1]);
	assert_true(again->values[5] != again->values[5]);
	assert_true(fine_of(after, SERIES_STORAGE)->values[0] == (float)(70 * GIB));
	scene_close(after);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_pool_uses_what_its_agents_use),
		TEST(test_silence_is_missing),
		TEST(test_long_silence_is_given_up),
		TEST(test_storage),
		TEST(test_a_leak_uses_it_up),
		TEST(test_the_machine_is_a_limit),
		TEST(test_a_peak_is_foreseen),
		TEST(test_a_fit_tells_its_pool),
		TEST(test_saved_state_goes_on),
		TEST(test_the_past_survives_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Where the load of a pool is going: only forecasts that are sure enough count, and only while the
 * load is as usual. */
#include "scene.h"

#include "base/num.h"
#include "base/prng.h"
#include "core/heading.h"
#include "core/series.h"
#include "core/state.h"

#include <stdlib.h>

#define FINE_NS (5 * NS_PER_MIN)
#define BOOT_S  600.0

static uint8_t input[BAL_JOB_RESULT_MAX], result[BAL_JOB_RESULT_MAX];
static uint64_t task_next = 1;

static void answer(struct scene *scene, uint64_t job, uint32_t generation)
{
	static void *scratch;
	size_t size = bal_job_snapshot(scene->core, job, generation, input, sizeof input);

	if (scratch == NULL)
		scratch = calloc(1, bal_job_scratch_size());
	size = bal_job_run(input, size, result, sizeof result, scratch);
	STEP(scene, JOB_DONE, job_done, .job = job, .generation = generation,
		.result = {(const char *)result, (uint32_t)size});
}

static void work_off(struct scene *scene)
{
	for (uint32_t i = 0; i < 100 && scene_count(scene, BAL_EFFECT_JOB) > 0; i++) {
		struct bal_effect job = *scene_last(scene, BAL_EFFECT_JOB);

		scene_clear(scene);
		answer(scene, job.order, job.attempt);
	}
}

/* Kinds want different things, so that each has its own lane. */
static void arrive(struct scene *scene, uint32_t kind, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		scene_submit(scene, (struct bal_event_task){.id = task_next,
					    .kind = kind,
					    .size_ns = NS_PER_S,
					    .needs.memory_mib = kind});
		scene_succeed(scene, task_next++, NS_PER_S);
	}
	scene_clear(scene);
}

static void end_bin(struct scene *scene)
{
	scene->now_ns += FINE_NS;
	STEP(scene, TIMEOUT, more, 0);
	work_off(scene);
}

static const struct heading *look(struct scene *scene)
{
	struct pool *pool = &scene->core->pools[0];

	pool->scaling->heading.found = false;
	return heading_of(scene->core, pool, BOOT_S);
}

static int begin(void **state)
{
	int rc = scene_begin(state);
	struct scene *scene = *state;

	scene->unchecked = true;
	scene_pool_urls(scene, 0, 101, 1);
	scene_clear(scene);
	/* Whole bins from here on. */
	scene->now_ns = 100 * FINE_NS;
	STEP(scene, TIMEOUT, more, 0);
	return rc;
}

#define DAY       288
#define MORNING   (2 * DAY + 72)
#define AFTERNOON (2 * DAY + 216)

/* Tasks of the bin: 30 at midnight, 174 at noon, on straight lines. */
static uint32_t of_bin(uint32_t bin)
{
	uint32_t hour = bin % DAY;

	return 30 + (hour < DAY / 2 ? hour : DAY - hour);
}

/* Such days, up to this bin of them, next to another kind that is always the same. */
static void play_days(struct scene *scene, uint32_t bins, uint32_t other)
{
	for (uint32_t i = 0; i < bins; i++) {
		arrive(scene, 1, of_bin(i));
		arrive(scene, 3, other);
		end_bin(scene);
	}
}

static void nothing_is_known_at_first(void **state)
{
	struct scene *scene = *state;
	const struct heading *heading = look(scene);

	assert_true(heading->growth == 1 && heading->drift == 0);
	assert_true(heading->found && heading->at_ns == scene->now_ns);
	for (uint32_t i = 0; i < 20; i++) {
		arrive(scene, 1, 100 + 5 * i);
		end_bin(scene);
	}
	heading = look(scene);
	assert_true(heading->growth == 1 && heading->drift == 0);
}

/* In the morning of the third day 102 tasks a bin become 104 in two bins. */
static void a_rise_goes_on(void **state)
{
	struct scene *scene = *state;
	const struct heading *heading;

	play_days(scene, MORNING, 0);
	heading = look(scene);
	assert_true(heading->growth > 1.015 && heading->growth < 1.025);
	assert_true(heading->drift > 0.028e-3 && heading->drift < 0.038e-3);
}

/* What falls is needed until it has fallen; it drifts all the same. */
static void a_fall_is_no_growth(void **state)
{
	struct scene *scene = *state;
	const struct heading *heading;

	play_days(scene, AFTERNOON, 0);
	heading = look(scene);
	assert_true(heading->growth == 1);
	assert_true(heading->drift < -0.028e-3 && heading->drift > -0.038e-3);
}

/* One of six values is far off: sure enough for what may be wrong, not for orders. */
static void orders_want_more_confidence(void **state)
{
	struct scene *scene = *state;
	struct bal_outlook outlook;
	struct prng prng;
	double rate;
	bool between = false;

	prng_init(&prng, 3);
	for (uint32_t i = 0; i < 400 && !between; i++) {
		arrive(scene, 1, prng_unit(&prng) < 0.16 ? 30 : 100);
		end_bin(scene);
		between = series_outlook(scene->core->series, 1, SERIES_ARRIVALS, 0, &outlook) &&
			  outlook.scored && outlook.confidence > 0.8 && outlook.confidence < 0.85 &&
			  !series_is_odd(scene->core->series, 1, SERIES_ARRIVALS);
	}
	assert_true(between);
	assert_true(series_rate(scene->core->series, 1, 300, &rate));
	assert_true(look(scene)->drift == 0 && look(scene)->growth == 1);
}

/* While it is not as usual, forecast-driven parts hold. */
static void unusual_load_holds(void **state)
{
	struct scene *scene = *state;
	bool odd = false;

	play_days(scene, MORNING, 0);
	assert_true(look(scene)->growth > 1);
	for (uint32_t i = 0; i < 20 && !odd; i++) {
		arrive(scene, 1, 700);
		end_bin(scene);
		odd = series_is_odd(scene->core->series, 1, SERIES_ARRIVALS);
	}
	assert_true(odd);
	assert_true(look(scene)->growth == 1 && look(scene)->drift == 0);
}

/* Kinds count by the slots that they take, and those of other pools do not. */
static void kinds_are_weighed(void **state)
{
	struct scene *scene = *state;
	double both;

	play_days(scene, MORNING, 102);
	both = look(scene)->growth - 1;
	assert_true(both > 0.007 && both < 0.013);
	scene->core->kinds[3].service_s.value = 100 * scene->core->kinds[1].service_s.value;
	assert_true(look(scene)->growth - 1 < both / 20);
	scene->core->kinds[3].service_s.value = 0;
	assert_true(look(scene)->growth - 1 > 1.5 * both);
}

/* A declared window that doubles the load is met a boot ahead, not a bin before or after. */
static void declared_windows_are_met(void **state)
{
	struct scene *scene = *state;
	struct bal_event_peak peak = {.duration_ns = 3 * FINE_NS,
		.factor_permille = 2 * PERMILLE,
		.kinds_count = 1,
		.kinds = {1}};

	for (uint32_t i = 0; i < 60; i++) {
		arrive(scene, 1, 200);
		end_bin(scene);
	}
	peak.begins_ns = scene->now_ns + 3 * FINE_NS;
	assert_int_equal(
		scene_step(scene, (struct bal_event){.type = BAL_EVENT_PEAK, .peak = peak}),
		BAL_OK);
	assert_true(look(scene)->growth < 1.05); /* 900 s ahead; a boot is 600 s */
	scene->now_ns += FINE_NS - NS_PER_S;
	assert_true(look(scene)->growth < 1.05);
	scene->core->now_ns = scene->now_ns + 2 * NS_PER_S;
	assert_true(look(scene)->growth > 1.9);
	assert_true(num_abs(look(scene)->drift) < 0.02e-3);
}

/* Found anew every ten seconds, and when the clock was set back. */
static void is_kept_for_ten_seconds(void **state)
{
	struct scene *scene = *state;
	struct pool *pool = &scene->core->pools[0];
	const struct heading *heading = look(scene);
	int64_t at_ns = heading->at_ns;

	scene->core->now_ns += 10 * NS_PER_S - 1;
	assert_true(heading_of(scene->core, pool, BOOT_S)->at_ns == at_ns);
	scene->core->now_ns += 1;
	assert_true(heading_of(scene->core, pool, BOOT_S)->at_ns == at_ns + 10 * NS_PER_S);
	scene->core->now_ns -= NS_PER_S;
	assert_true(heading_of(scene->core, pool, BOOT_S)->at_ns == at_ns + 9 * NS_PER_S);
}

static void valid(void **state)
{
	struct heading heading = {.found = true, .growth = 1};

	(void)state;
	assert_true(heading_valid(&(struct heading){.found = false}));
	assert_true(heading_valid(&heading));
	heading.growth = 3.0;
	assert_true(heading_valid(&heading));
	heading.growth = 3.1;
	assert_false(heading_valid(&heading));
	heading.growth = 0.9;
	assert_false(heading_valid(&heading));
	heading.growth = 1;
	heading.drift = __builtin_nan("");
	assert_false(heading_valid(&heading));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_known_at_first, begin, scene_end),
		cmocka_unit_test_setup_teardown(a_rise_goes_on, begin, scene_end),
		cmocka_unit_test_setup_teardown(a_fall_is_no_growth, begin, scene_end),
		cmocka_unit_test_setup_teardown(orders_want_more_confidence, begin, scene_end),
		cmocka_unit_test_setup_teardown(unusual_load_holds, begin, scene_end),
		cmocka_unit_test_setup_teardown(kinds_are_weighed, begin, scene_end),
		cmocka_unit_test_setup_teardown(declared_windows_are_met, begin, scene_end),
		cmocka_unit_test_setup_teardown(is_kept_for_ten_seconds, begin, scene_end),
		cmocka_unit_test(valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

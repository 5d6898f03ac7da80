/* SPDX-License-Identifier: Apache-2.0 */
/* The load of a kind in bins, and its forecasts: fits are jobs of the host. */
#include "scene.h"

#include "base/num.h"
#include "core/forecaster.h"
#include "core/series.h"
#include "core/vigil.h"

#include <stdlib.h>
#include <string.h>

#define FINE_NS (5 * NS_PER_MIN)
/* scene.c begins here, which is no round time of a day: a bin is under way. */
#define BEGIN_NS (1000 * NS_PER_S)

static uint8_t input[BAL_JOB_RESULT_MAX], result[BAL_JOB_RESULT_MAX];
static uint64_t task_next = 1;

static void arrive(struct scene *scene, uint32_t kind, uint32_t count, int64_t size_ns)
{
	for (uint32_t i = 0; i < count; i++) {
		scene_submit(scene,
			(struct bal_event_task){.id = task_next, .kind = kind, .size_ns = size_ns});
		scene_succeed(scene, task_next++, size_ns);
	}
	scene_clear(scene);
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

static const struct forecaster *forecaster_of(
	const struct scene *scene, uint32_t kind, enum series_what what, enum series_grain grain)
{
	return series_find(scene_series(scene), kind, what, grain);
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

/* So many bins of five minutes with so many tasks each. */
static void run_bins(struct scene *scene, uint32_t bins, uint32_t tasks)
{
	for (uint32_t i = 0; i < bins; i++) {
		arrive(scene, 1, tasks, 2 * NS_PER_S);
		scene->now_ns += FINE_NS;
		STEP(scene, TIMEOUT, more, 0);
	}
}

static int begin(void **state)
{
	int rc = scene_begin(state);
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_clear(scene);
	return rc;
}

static void test_bins_end_at_round_times(void **state)
{
	struct scene *scene = *state;
	const struct forecaster *fine, *work;

	assert_true(series_next_ns(scene_series(scene)) == BAL_NEVER_NS);
	arrive(scene, 1, 3, NS_PER_S);
	assert_true(series_next_ns(scene_series(scene)) == 4 * FINE_NS);
	scene_run_to(scene, 4 * FINE_NS);
	fine = forecaster_of(scene, 1, SERIES_ARRIVALS, SERIES_FINE);
	work = forecaster_of(scene, 1, SERIES_WORK, SERIES_FINE);
	assert_int_equal(fine->count, 0); /* the first one was a part of a bin */
	arrive(scene, 1, 5, 2 * NS_PER_S);
	arrive(scene, 2, 1, NS_PER_S);
	scene_run_to(scene, 6 * FINE_NS);
	assert_int_equal(fine->count, 2);
	assert_true(fine->values[0] == 5.0F && fine->values[1] == 0.0F);
	assert_true(work->values[0] == 10.0F && work->values[1] == 0.0F);
	assert_null(forecaster_of(scene, 0, SERIES_ARRIVALS, SERIES_FINE));
	assert_int_equal(forecaster_of(scene, 2, SERIES_ARRIVALS, SERIES_FINE)->count, 1);
}

static void test_hours_follow_the_wall_clock(void **state)
{
	struct scene *scene = *state;
	const struct forecaster *hourly;

	/* Now it is 10:58 there. */
	STEP(scene, CLOCK, clock, .utc_offset_ns = 10 * NS_PER_HOUR + 58 * NS_PER_MIN - BEGIN_NS);
	arrive(scene, 1, 1, NS_PER_S);
	scene_run_to(scene, BEGIN_NS + 3 * NS_PER_MIN);
	arrive(scene, 1, 7, NS_PER_S);
	scene_run_to(scene, BEGIN_NS + 50 * NS_PER_MIN);
	arrive(scene, 1, 2, NS_PER_S);
	scene_run_to(scene, BEGIN_NS + 62 * NS_PER_MIN - 1);
	hourly = forecaster_of(scene, 1, SERIES_ARRIVALS, SERIES_HOURLY);
	assert_int_equal(hourly->count, 0);
	scene_run_to(scene, BEGIN_NS + 62 * NS_PER_MIN);
	assert_int_equal(hourly->count, 1);
	assert_true(hourly->values[0] == 9.0F);
}

/* Nobody counted while the process stood still: those bins are missing, and not zero. */
static void test_a_pause_is_missing(void **state)
{
	struct scene *scene = *state;
	const struct forecaster *fine;

	run_bins(scene, 3, 4);
	fine = forecaster_of(scene, 1, SERIES_ARRIVALS, SERIES_FINE);
	assert_int_equal(fine->count, 2);
	scene->now_ns += 3 * FINE_NS;
	STEP(scene, TIMEOUT, more, 0);
	assert_int_equal(fine->count, 5);
	assert_true(fine->values[3] != fine->values[3]);
	assert_true(fine->values[4] != fine->values[4]);
	/* A clock that is set back waits until it is there again. */
	STEP(scene, CLOCK, clock, .utc_offset_ns = -2 * FINE_NS);
	scene_run_for(scene, FINE_NS);
	assert_int_equal(fine->count, 5);
	scene_run_for(scene, 2 * FINE_NS);
	assert_int_equal(fine->count, 6);
}

static void test_fits_are_jobs(void **state)
{
	struct scene *scene = *state;
	const struct forecaster *fine;
	struct forecast_band band;
	struct bal_effect first;

	run_bins(scene, SERIES_FIT_MIN, 6);
	assert_int_equal(scene_count(scene, BAL_EFFECT_JOB), 0);
	run_bins(scene, 1, 6);
	fine = forecaster_of(scene, 1, SERIES_ARRIVALS, SERIES_FINE);
	assert_int_equal(fine->count, SERIES_FIT_MIN);
	assert_false(forecaster_band(fine, 1, &band));
	first = *scene_last(scene, BAL_EFFECT_JOB);
	assert_int_equal(bal_job_snapshot(scene->core, first.order + 1, first.attempt, NULL, 0), 0);
	/* Arrivals and work of the one kind. */
	assert_int_equal(work_off(scene), 2);
	assert_true(forecaster_band(fine, 1, &band));
	assert_true(num_abs(band.mean - 6) < 0.5);
	assert_int_equal(answer(scene, first.order, first.attempt), BAL_STALE);
	/* Within the hour nothing is fitted again. */
	run_bins(scene, 11, 6);
	assert_int_equal(work_off(scene), 0);
	run_bins(scene, 1, 6);
	assert_int_equal(work_off(scene), 2);
}

static void test_answers_of_others_are_stale(void **state)
{
	struct scene *scene = *state;
	struct bal_effect job, later;

	run_bins(scene, SERIES_FIT_MIN + 1, 6);
	job = *scene_last(scene, BAL_EFFECT_JOB);
	assert_int_equal(answer(scene, job.order, job.attempt + 1), BAL_STALE);
	assert_int_equal(answer(scene, job.order + 1, job.attempt), BAL_STALE);
	scene_clear(scene);
	/* No answer in an hour: somebody else gets a turn, and the old answer comes too late. */
	run_bins(scene, 13, 6);
	later = *scene_last(scene, BAL_EFFECT_JOB);
	assert_true(later.attempt > job.attempt);
	assert_int_equal(answer(scene, job.order, job.attempt), BAL_STALE);
	assert_int_equal(answer(scene, later.order, later.attempt), BAL_OK);
}

static void test_a_bad_result_does_no_harm(void **state)
{
	struct scene *scene = *state;
	struct forecast_band band;
	struct bal_effect job;

	run_bins(scene, SERIES_FIT_MIN + 1, 6);
	job = *scene_last(scene, BAL_EFFECT_JOB);
	scene_clear(scene);
	assert_int_equal(STEP(scene, JOB_DONE, job_done, .job = job.order,
				 .generation = job.attempt, .status = BAL_UNAVAILABLE),
		BAL_OK);
	/* Not at once again, which would go round for ever. */
	assert_int_equal(scene_count(scene, BAL_EFFECT_JOB), 0);
	run_bins(scene, 1, 6);
	job = *scene_last(scene, BAL_EFFECT_JOB);
	memset(result, 0x7f, sizeof result);
	assert_int_equal(STEP(scene, JOB_DONE, job_done, .job = job.order,
				 .generation = job.attempt, .result = {(const char *)result, 900}),
		BAL_OK);
	assert_false(
		forecaster_band(forecaster_of(scene, 1, SERIES_ARRIVALS, SERIES_FINE), 1, &band));
	assert_false(forecaster_band(forecaster_of(scene, 1, SERIES_WORK, SERIES_FINE), 1, &band));
}

/* A saved state with a past, a path and a job under way goes on as if nothing had been. */
static void test_saved_state_goes_on(void **state)
{
	struct scene *scene = *state, *after = scene_open(&SCENE_LIMITS);
	size_t size;
	void *bytes;

	run_bins(scene, SERIES_FIT_MIN + 1, 6);
	work_off(scene);
	run_bins(scene, 12, 3);
	assert_int_equal(scene_count(scene, BAL_EFFECT_JOB), 1);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	assert_int_equal(bal_core_load(after->core, bytes, size), BAL_OK);
	free(bytes);
	assert_true(bal_core_digest(after->core) == bal_core_digest(scene->core));
	after->now_ns = scene->now_ns;
	memcpy(after->effects, scene->effects, sizeof after->effects);
	after->effect_count = scene->effect_count;
	assert_int_equal(work_off(scene), 2);
	assert_int_equal(work_off(after), 2);
	assert_true(bal_core_digest(after->core) == bal_core_digest(scene->core));
	scene_close(after);
}

static void name_kind(struct scene *scene, uint32_t number, const char *name)
{
	struct bal_text text = {name, (uint32_t)strlen(name)};

	assert_int_equal(STEP(scene, SYMBOL, symbol, BAL_SYMBOL_KIND, number, text), BAL_OK);
}

/* The past, the forecast and its record survive a restart, in which nobody counted. */
static void test_forecasts_survive_a_restart(void **state)
{
	struct scene *scene = *state, *after = scene_open(&SCENE_LIMITS);
	const struct forecaster *fine, *again;
	struct forecast_band band, band_again;
	size_t size;
	uint8_t *bytes;

	name_kind(scene, 1, "review");
	run_bins(scene, SERIES_FIT_MIN + 1, 6);
	work_off(scene);
	run_bins(scene, 8, 6);
	size = bal_learned_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_int_equal(bal_learned_save(scene->core, bytes, size), size);
	/* Numbered anew, and two bins later. */
	after->now_ns = scene->now_ns + 2 * FINE_NS;
	name_kind(after, 3, "review");
	bytes[size / 2] ^= 1;
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_BROKEN);
	assert_null(forecaster_of(after, 3, SERIES_ARRIVALS, SERIES_FINE));
	bytes[size / 2] ^= 1;
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	free(bytes);
	scene_start(after, 2);
	fine = forecaster_of(scene, 1, SERIES_ARRIVALS, SERIES_FINE);
	again = forecaster_of(after, 3, SERIES_ARRIVALS, SERIES_FINE);
	assert_int_equal(again->count, fine->count + 2);
	assert_true(again->values[0] == 6.0F);
	assert_true(again->values[fine->count] != again->values[fine->count]);
	assert_true(forecaster_band(fine, 5, &band));
	assert_true(forecaster_band(again, 3, &band_again));
	assert_true(band.high95 == band_again.high95);
	assert_true(again->track.horizons[0].score.weight > 1);
	scene_close(after);
}

static bool outlook(const struct scene *scene, uint32_t kind, struct bal_outlook *to)
{
	return bal_outlook(scene->core, kind, BAL_SERIES_ARRIVALS, 0, to);
}

/* A peak 15 minutes ahead stands in the forecast with its name; taken back, it is gone. */
static void test_a_peak_is_forecast(void **state)
{
	struct scene *scene = *state;
	struct bal_outlook before, after;
	struct bal_band work;
	int64_t begins_ns;
	uint64_t digest;

	run_bins(scene, SERIES_FIT_MIN + 1, 10);
	assert_true(work_off(scene) > 0);
	assert_true(outlook(scene, 1, &before));
	assert_int_equal(before.band.peak, BAL_NONE);
	digest = bal_core_digest(scene->core);
	begins_ns = (scene->now_ns / FINE_NS + 2) * FINE_NS;
	assert_int_equal(STEP(scene, PEAK, peak, .name = 9, .begins_ns = begins_ns,
				 .duration_ns = FINE_NS, .factor_permille = 3000),
		BAL_OK);
	assert_true(bal_core_digest(scene->core) != digest);
	assert_true(outlook(scene, 1, &after));
	assert_int_equal(after.band.peak, 9);
	assert_true(after.band.usual == before.band.mean);
	assert_true(num_abs(after.band.mean - 3 * before.band.mean) < 1e-9);
	assert_true(num_abs(after.band.high95 - 3 * before.band.high95) < 1e-9);
	/* 6 tasks a minute of kind 1 alone; each has been 2 s of work. */
	assert_int_equal(STEP(scene, PEAK, peak, .name = 8, .begins_ns = begins_ns,
				 .duration_ns = FINE_NS, .rate_count = 6,
				 .rate_period_ns = NS_PER_MIN, .kinds_count = 1, .kinds = {1}),
		BAL_OK);
	assert_true(outlook(scene, 1, &after));
	assert_true(num_abs(after.band.mean - 30) < 1e-9);
	assert_true(after.band.low95 < after.band.low80 && after.band.high80 < after.band.high95);
	assert_true(bal_series_ahead(scene->core, 1, BAL_SERIES_WORK, false, 3, &work));
	assert_true(num_abs(work.mean - 60) < 1e-9);
	assert_int_equal(STEP(scene, PEAK, peak, .place = 0), BAL_OK);
	assert_true(outlook(scene, 1, &after));
	assert_true(after.band.mean == before.band.mean && after.band.peak == BAL_NONE);
	assert_true(bal_core_digest(scene->core) == digest);
	assert_int_equal(
		STEP(scene, PEAK, peak, .place = BAL_PEAKS_MAX, .duration_ns = 1), BAL_INVALID);
	assert_int_equal(
		STEP(scene, PEAK, peak, .duration_ns = 1, .kinds_count = 1, .kinds = {1u << 20}),
		BAL_INVALID);
}

/* The forecaster learns the usual load; what was is shown as it was. */
static void test_a_peak_is_no_habit(void **state)
{
	struct scene *scene = *state;
	const struct forecaster *fine;
	double value;

	run_bins(scene, 4, 6);
	fine = forecaster_of(scene, 1, SERIES_ARRIVALS, SERIES_FINE);
	STEP(scene, PEAK, peak, .begins_ns = scene->now_ns / FINE_NS * FINE_NS,
		.duration_ns = 2 * FINE_NS, .factor_permille = 3000);
	run_bins(scene, 1, 18);
	assert_true(fine->values[fine->next - 1] <= 6.0F);
	run_bins(scene, 1, 18);
	assert_true(fine->values[fine->next - 1] == 6.0F);
	assert_true(bal_series_past(scene->core, 1, BAL_SERIES_ARRIVALS, false, 1, &value));
	assert_true(value == 18.0);
}

/* The wall clock is what it goes by, and a saved state has it. */
static void test_a_peak_goes_by_the_wall_clock(void **state)
{
	struct scene *scene = *state;
	struct bal_peak_view view;

	STEP(scene, CLOCK, clock, .utc_offset_ns = 20535 * NS_PER_DAY - scene->now_ns);
	STEP(scene, PEAK, peak, .place = 3, .name = 2, .days = 2, .begins_ns = 9 * NS_PER_HOUR,
		.duration_ns = NS_PER_HOUR, .factor_permille = 2000);
	assert_true(bal_peak_view(scene->core, 3, &view) && view.comes);
	assert_true(view.begins_at_ns == scene->now_ns + 33 * NS_PER_HOUR);
	assert_true(view.ends_at_ns == scene->now_ns + 34 * NS_PER_HOUR);
	assert_false(bal_peak_view(scene->core, 2, &view));
	STEP(scene, CLOCK, clock, .utc_offset_ns = 20536 * NS_PER_DAY - scene->now_ns);
	assert_true(bal_peak_view(scene->core, 3, &view));
	assert_true(view.begins_at_ns == scene->now_ns + 9 * NS_PER_HOUR);
}

/* Tasks of a bin that vary a little, the same on every run. */
static uint32_t ordinary(uint32_t bin)
{
	return 6 + (bin * 7919u + bin / 5 * 31u) % 5;
}

static void run_ordinary(struct scene *scene, uint32_t bins)
{
	static uint32_t bin;

	for (uint32_t i = 0; i < bins; i++)
		run_bins(scene, 1, ordinary(bin++));
}

static struct bal_unrest unrest_of(const struct scene *scene, uint32_t kind)
{
	struct bal_unrest unrest;

	assert_true(bal_series_unrest(scene->core, kind, BAL_SERIES_ARRIVALS, &unrest));
	return unrest;
}

/* Values that a fit of the fine arrivals of kind 1 would not see. */
static uint32_t left_out(const struct scene *scene, enum series_grain grain, uint32_t bins)
{
	struct series_job job = {1 + 1 * 4 + (uint64_t)grain, 1};
	uint32_t count = 0;

	for (uint32_t back = 1; back <= bins; back++)
		count += series_job_leaves_out(scene_series(scene), &job, back);
	return count;
}

static void test_a_burst_is_told_and_not_learned(void **state)
{
	struct scene *scene = *state;
	struct bal_unrest unrest;

	run_ordinary(scene, 150);
	assert_false(bal_series_unrest(scene->core, 1, BAL_SERIES_ARRIVALS, &unrest));
	run_ordinary(scene, 350);
	assert_false(unrest_of(scene, 1).anomalous);
	scene_clear(scene);
	run_bins(scene, 1, 150);
	unrest = unrest_of(scene, 1);
	assert_true(unrest.score >= 0.5 && unrest.anomalous);
	assert_true(
		unrest.since_ns % FINE_NS == 0 && scene->now_ns - unrest.since_ns < 2 * FINE_NS);
	assert_int_equal(scene_last(scene, BAL_EFFECT_FORECAST)->order, 0);
	assert_int_equal(scene_last(scene, BAL_EFFECT_FORECAST)->count, 1);
	/* The bin is no example for fits, and the hour that it is in once that has ended. */
	assert_int_equal(left_out(scene, SERIES_FINE, 400), 1);
	run_bins(scene, 3, 150);
	run_ordinary(scene, 30);
	assert_false(unrest_of(scene, 1).anomalous);
	assert_in_range(left_out(scene, SERIES_FINE, 400), 1, 12);
	assert_in_range(left_out(scene, SERIES_HOURLY, 30), 1, 2);
	assert_false(left_out(scene, SERIES_FINE, 20) > 0);
}

/* What lasts is how it is now: it ends after a day at the latest, and forecasts learn it. */
static void test_a_change_that_lasts_is_learned(void **state)
{
	struct scene *scene = *state;
	uint32_t bins = 0;

	run_ordinary(scene, 500);
	run_bins(scene, 1, 60);
	assert_true(unrest_of(scene, 1).anomalous);
	while (unrest_of(scene, 1).anomalous && bins++ < 400)
		run_bins(scene, 1, 55 + ordinary(bins));
	assert_in_range(bins, VIGIL_CALM_BINS, VIGIL_ODD_BINS_MAX);
	if (bins > VIGIL_EVENT_BINS + VIGIL_CALM_BINS)
		assert_int_equal(left_out(scene, SERIES_FINE, 500), 0);
}

static void test_unrest_is_saved(void **state)
{
	struct scene *scene = *state, *after = scene_open(&SCENE_LIMITS);
	size_t size;
	void *bytes;

	name_kind(scene, 1, "review");
	run_ordinary(scene, 400);
	run_bins(scene, 2, 150);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	assert_int_equal(bal_core_load(after->core, bytes, size), BAL_OK);
	free(bytes);
	assert_true(bal_core_digest(after->core) == bal_core_digest(scene->core));
	assert_true(unrest_of(after, 1).score == unrest_of(scene, 1).score);
	bal_core_check(after->core);
	scene_close(after);
	/* A restart learns it again from the values. */
	after = scene_open(&SCENE_LIMITS);
	size = bal_learned_save(scene->core, NULL, 0);
	bytes = malloc(size);
	bal_learned_save(scene->core, bytes, size);
	after->now_ns = scene->now_ns;
	name_kind(after, 3, "review");
	assert_int_equal(bal_learned_load(after->core, bytes, size), BAL_OK);
	free(bytes);
	assert_true(unrest_of(after, 3).anomalous);
	assert_true(unrest_of(after, 3).since_ns == unrest_of(scene, 1).since_ns);
	scene_close(after);
}

/* Tasks of kind 1 that take so long, three each second. */
static void run_services(struct scene *scene, uint32_t seconds, int64_t service_ns)
{
	for (uint32_t i = 0; i < seconds; i++) {
		for (uint32_t j = 0; j < 3; j++) {
			scene_submit(scene, (struct bal_event_task){.id = task_next, .kind = 1});
			scene_succeed(scene, task_next++, service_ns);
		}
		scene_clear(scene);
		scene->now_ns += NS_PER_S;
	}
}

static void test_longer_services_are_seen(void **state)
{
	struct scene *scene = *state, *after = scene_open(&SCENE_LIMITS);
	struct bal_shift shift;
	size_t size;
	void *bytes;

	assert_false(bal_shift(scene->core, 1, &shift));
	run_services(scene, 3600, 100 * NS_PER_MS);
	assert_true(bal_shift(scene->core, 1, &shift));
	assert_false(shift.found);
	run_services(scene, 300, 150 * NS_PER_MS);
	assert_true(bal_shift(scene->core, 1, &shift));
	assert_true(shift.found && shift.factor > 1.4 && shift.factor < 1.6);
	assert_true(scene->now_ns - shift.at_ns < 5 * NS_PER_MIN && shift.since_ns < shift.at_ns);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	bal_core_save(scene->core, bytes, size);
	assert_int_equal(bal_core_load(after->core, bytes, size), BAL_OK);
	free(bytes);
	assert_true(bal_core_digest(after->core) == bal_core_digest(scene->core));
	assert_true(bal_shift(after->core, 1, &shift) && shift.found);
	scene_close(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bins_end_at_round_times, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_hours_follow_the_wall_clock, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_a_pause_is_missing, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_fits_are_jobs, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_answers_of_others_are_stale, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_a_bad_result_does_no_harm, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_forecasts_survive_a_restart, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_saved_state_goes_on, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_a_peak_is_forecast, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_a_peak_is_no_habit, begin, scene_end),
		cmocka_unit_test_setup_teardown(
			test_a_peak_goes_by_the_wall_clock, begin, scene_end),
		cmocka_unit_test_setup_teardown(
			test_a_burst_is_told_and_not_learned, begin, scene_end),
		cmocka_unit_test_setup_teardown(
			test_a_change_that_lasts_is_learned, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_unrest_is_saved, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_longer_services_are_seen, begin, scene_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The five factors as `ballast why` tells them, against sums done by hand: a task of ten seconds of
 * which nothing was learned, so that each factor is a share of ten seconds. */
#include "scene.h"

#include "core/state.h"

#include <stdlib.h>

#define SIZE_NS (10 * NS_PER_S)

static void submit(struct scene *scene, struct bal_event_task task)
{
	task.size_ns = SIZE_NS;
	task.priority = BAL_PRIORITY_NORMAL;
	assert_int_equal(scene_submit(scene, task), BAL_OK);
}

static int64_t factor_ns(const struct bal_candidate *candidate, enum bal_factor factor)
{
	return candidate->factor_ns[factor];
}

/* Equal but for what the last bits of a float lose. */
static void about(int64_t ns, int64_t expected_ns)
{
	if (ns < expected_ns - NS_PER_US || ns > expected_ns + NS_PER_US)
		fail_msg("%lld ns instead of %lld", (long long)ns, (long long)expected_ns);
}

static void test_weights_of_the_strategies(void **state)
{
	static const uint32_t weights[BAL_ROUTING_COUNT][BAL_FACTOR_COUNT] = {
		[BAL_ROUTING_BALANCED] = {300, 250, 200, 150, 100},
		[BAL_ROUTING_LATENCY] = {300, 500, 200, 37, 100},
		[BAL_ROUTING_COST] = {300, 125, 200, 600, 100},
		[BAL_ROUTING_PACK] = {300, 250, 200, 150, 100},
		[BAL_ROUTING_SPREAD] = {1200, 250, 200, 150, 100},
		/* Nothing is forecast here. */
		[BAL_ROUTING_AUTO] = {300, 250, 200, 150, 100},
	};
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 8);
	for (uint32_t i = 0; i < BAL_ROUTING_COUNT; i++) {
		struct bal_why why;

		scene_knob(scene, BAL_KNOB_ROUTING, i);
		submit(scene, (struct bal_event_task){.id = 1 + i});
		why = scene_why(scene, 1 + i);
		assert_int_equal(why.routing, i == BAL_ROUTING_AUTO ? BAL_ROUTING_BALANCED : i);
		for (uint32_t j = 0; j < BAL_FACTOR_COUNT; j++)
			assert_int_equal(why.weights_permille[j], weights[i][j]);
	}
}

/* A full agent's task takes a quarter longer; pressure counts from 70 % CPU and 85 % memory on. */
static void test_load(void **state)
{
	static const struct {
		int64_t cpu, memory, share_ppm;
	} rows[] = {
		{0, 0, 62500}, /* one of four slots is busy */
		{700, 850, 62500},
		{701, 0, 63500},
		{1000, 0, 362500},
		{4000, 0, 362500}, /* more than all is all */
		{0, 1000, 212500},
		{0, 9999, 212500},
		{800, 900, 212500},
	};
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 4);
	submit(scene, (struct bal_event_task){.id = 1});
	for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct bal_candidate *winner;
		struct bal_why why;

		scene_sample(scene, 101, BAL_SIGNAL_CPU_PERMILLE, rows[i].cpu);
		scene_sample(scene, 101, BAL_SIGNAL_MEMORY_PERMILLE, rows[i].memory);
		submit(scene, (struct bal_event_task){.id = 10 + i});
		why = scene_why(scene, 10 + i);
		winner = &why.winner;
		about(factor_ns(winner, BAL_FACTOR_LOAD), SIZE_NS * rows[i].share_ppm / 1000000);
		assert_int_equal(winner->cpu_permille, rows[i].cpu);
		assert_int_equal(winner->memory_permille, rows[i].memory);
		assert_int_equal(winner->running, 1);
		assert_int_equal(winner->slots, 4);
		assert_int_equal(winner->success_permille, 1000);
		about(winner->service_ns, SIZE_NS);
		about(winner->composite_ns, factor_ns(winner, BAL_FACTOR_LOAD) * 3 / 10);
		scene_cancel(scene, 10 + i);
	}
}

/* A machine that costs per hour what an hour of waiting does costs as many seconds as it works. */
static void test_price(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(1, BAL_POOL_URLS);
	struct bal_why why;

	scene_pool_urls(scene, 0, 101, 2);
	pool.price_microcents_hour = 500000000;
	scene_pool(scene, &pool);
	scene_agent(scene, 102, 1, 2);
	submit(scene, (struct bal_event_task){.id = 1});
	why = scene_why(scene, 1);
	assert_int_equal(why.winner.agent, 101);
	assert_int_equal(why.losers_count, 1);
	about(factor_ns(&why.winner, BAL_FACTOR_EFFICIENCY), 0);
	about(factor_ns(&why.losers[0], BAL_FACTOR_EFFICIENCY), SIZE_NS);
	about(why.losers[0].composite_ns, SIZE_NS * 150 / 1000);
	scene_knob(scene, BAL_KNOB_TIME_VALUE, 1000000000);
	submit(scene, (struct bal_event_task){.id = 2, .needs.not_agents = {101}});
	submit(scene, (struct bal_event_task){.id = 3});
	why = scene_why(scene, 3);
	about(factor_ns(&why.losers[0], BAL_FACTOR_EFFICIENCY), SIZE_NS / 2);
}

/* Memory that the task leaves unused is worth a twentieth of the service, by its share. */
static void test_memory_left_stranded(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(1, BAL_POOL_URLS);
	struct bal_why why;

	scene_pool_urls(scene, 0, 101, 2);
	pool.memory_mib = 1000;
	scene_pool(scene, &pool);
	scene_agent(scene, 102, 1, 2);
	submit(scene, (struct bal_event_task){.id = 1, .needs.memory_mib = 250});
	why = scene_why(scene, 1);
	assert_int_equal(why.winner.agent, 101);
	about(factor_ns(&why.losers[0], BAL_FACTOR_EFFICIENCY), SIZE_NS * 75 / 2000);
	submit(scene, (struct bal_event_task){.id = 2, .needs.memory_mib = 1000});
	why = scene_why(scene, 2);
	about(factor_ns(&why.losers[0], BAL_FACTOR_EFFICIENCY), 0);
}

/* A warm context is believed to save a fifth, the parent's agent a twentieth; both may be one. */
static void test_collaboration(void **state)
{
	struct scene *scene = *state;
	struct bal_why why;

	scene_pool_urls(scene, 0, 101, 8);
	scene_agent(scene, 102, 0, 8);
	submit(scene,
		(struct bal_event_task){.id = 1, .conversation = 77, .needs.not_agents = {102}});
	submit(scene, (struct bal_event_task){.id = 2, .conversation = 77});
	why = scene_why(scene, 2);
	assert_int_equal(why.winner.agent, 101);
	about(why.winner.warm_ns, SIZE_NS / 5);
	about(factor_ns(&why.winner, BAL_FACTOR_COLLABORATION), -SIZE_NS / 5);
	about(factor_ns(&why.losers[0], BAL_FACTOR_COLLABORATION), 0);
	submit(scene, (struct bal_event_task){.id = 3, .parent = 1, .needs.not_agents = {102}});
	why = scene_why(scene, 3);
	about(factor_ns(&why.winner, BAL_FACTOR_COLLABORATION), -SIZE_NS / 20);
	submit(scene, (struct bal_event_task){
			      .id = 4, .parent = 1, .conversation = 77, .needs.not_agents = {102}});
	why = scene_why(scene, 4);
	about(factor_ns(&why.winner, BAL_FACTOR_COLLABORATION), -SIZE_NS / 4);
}

/* Thirty tasks in a minute that only this pool takes are half an arrival per second, on four slots;
 * each would wait for half of the service. */
static void test_future(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	const double rate = 30.0 / 60.0 / (1.0 + 2.0 / 60.0) / 4.0;
	struct bal_why why;

	pool.offers.words[0] = 3;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 4);
	for (uint64_t id = 100; id < 130; id++) {
		scene_submit(scene, (struct bal_event_task){.id = id, .needs.tags.words = {2}});
		scene_cancel(scene, id);
	}
	scene_run_for(scene, 2 * NS_PER_S);
	submit(scene, (struct bal_event_task){.id = 1});
	why = scene_why(scene, 1);
	assert_in_range(why.winner.rivals_ppm, (int64_t)(rate * 999000), (int64_t)(rate * 1001000));
	assert_in_range(factor_ns(&why.winner, BAL_FACTOR_FUTURE),
		(int64_t)(rate * 10.0 * 5.0 * 0.999e9), (int64_t)(rate * 10.0 * 5.0 * 1.001e9));
	/* Arrivals of its own needs are no rivals: they would be served in turn. */
	submit(scene, (struct bal_event_task){.id = 2, .needs.tags.words = {2}});
	assert_in_range(scene_why(scene, 2).winner.rivals_ppm, 0, 5000);
}

static double rivals_per_s(struct scene *scene, uint64_t id)
{
	double rivals;

	submit(scene, (struct bal_event_task){.id = id});
	rivals = (double)scene_why(scene, id).winner.rivals_ppm * 4.0 / 1e6;
	scene_cancel(scene, id);
	return rivals;
}

/* So many bins of five minutes with six tasks of kind 1 at their beginning; returns what is
 * expected of them ten seconds after the last six. */
static double arrive_in_bins(struct scene *scene, uint32_t bins)
{
	static uint64_t id = 1000;
	double rivals = 0.0;

	for (uint32_t i = 0; i < bins; i++) {
		for (uint32_t k = 0; k < 6; k++) {
			scene_submit(scene, (struct bal_event_task){
						    .id = id, .kind = 1, .needs.tags.words = {2}});
			scene_cancel(scene, id++);
		}
		scene_run_for(scene, 10 * NS_PER_S);
		if (i + 1 == bins)
			rivals = rivals_per_s(scene, id++);
		scene_run_for(scene, 290 * NS_PER_S);
	}
	return rivals;
}

static void do_jobs(struct scene *scene)
{
	static uint8_t input[BAL_JOB_RESULT_MAX], output[BAL_JOB_RESULT_MAX];
	void *scratch = calloc(1, bal_job_scratch_size());

	while (scene_count(scene, BAL_EFFECT_JOB) > 0) {
		struct bal_effect job = *scene_last(scene, BAL_EFFECT_JOB);
		size_t size =
			bal_job_snapshot(scene->core, job.order, job.attempt, input, sizeof input);

		size = bal_job_run(input, size, output, sizeof output, scratch);
		scene_clear(scene);
		STEP(scene, JOB_DONE, job_done, .job = job.order, .generation = job.attempt,
			.result = {(const char *)output, (uint32_t)size});
	}
	free(scratch);
}

/* Six tasks at once every five minutes are 0.02 per second. Until a forecast has proved itself,
 * what came lately is expected, which is five times that just after they came; then what is
 * forecast. */
static void test_future_by_forecast(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	double lately, expected;

	pool.offers.words[0] = 3;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 4);
	scene_clear(scene);
	arrive_in_bins(scene, 25);
	do_jobs(scene);
	lately = arrive_in_bins(scene, 1);
	assert_true(lately > 0.08 && lately < 0.12);
	/* Now enough forecasts of 15 minutes have been scored, all of them right. */
	expected = arrive_in_bins(scene, 10);
	assert_true(expected > 0.0195 && expected < 0.0205);
}

/* So many tasks in each of the twelve bins of an hour; the jobs of the core are done. */
static void play_hour(struct scene *scene, uint32_t tasks_per_bin)
{
	static uint64_t id = 100000;

	for (uint32_t bin = 0; bin < 12; bin++) {
		for (uint32_t k = 0; k < tasks_per_bin; k++) {
			scene_submit(scene, (struct bal_event_task){
						    .id = id, .kind = 1, .needs.tags.words = {2}});
			scene_cancel(scene, id++);
		}
		scene_run_for(scene, 300 * NS_PER_S);
		do_jobs(scene);
	}
}

/* Nights of 2 tasks per bin, mornings of 12 from six to twelve, then 6. */
static uint32_t tasks_at(uint32_t hour)
{
	if (hour % 24 < 6)
		return 2;
	return hour % 24 < 12 ? 12 : 6;
}

static void test_routing_by_forecast(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);
	uint32_t hour;

	pool.offers.words[0] = 3;
	scene->unchecked = true;
	scene_run_to(scene, NS_PER_DAY);
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 4);
	scene_knob(scene, BAL_KNOB_ROUTING, BAL_ROUTING_AUTO);
	scene_clear(scene);
	for (hour = 0; hour < 4 * 24; hour++) {
		if (hour == 1)
			assert_int_equal(scene->core->routing, BAL_ROUTING_BALANCED);
		play_hour(scene, tasks_at(hour));
	}
	for (; hour < 5 * 24; hour++) {
		play_hour(scene, tasks_at(hour));
		submit(scene, (struct bal_event_task){.id = hour});
		if (hour % 24 == 2)
			assert_int_equal(scene_why(scene, hour).routing, BAL_ROUTING_PACK);
		/* The peak is an hour off. */
		if (hour % 24 == 5)
			assert_int_equal(scene_why(scene, hour).routing, BAL_ROUTING_LATENCY);
		if (hour % 24 == 16)
			assert_int_equal(scene_why(scene, hour).routing, BAL_ROUTING_BALANCED);
		scene_cancel(scene, hour);
		scene_clear(scene);
	}
	scene_knob(scene, BAL_KNOB_ROUTING, BAL_ROUTING_COST);
	assert_int_equal(scene->core->routing, BAL_ROUTING_COST);
	bal_core_check(scene->core);
}

/* Packing turns the load round: an empty agent looks as dear as a full one else. */
static void test_load_when_packing(void **state)
{
	struct scene *scene = *state;
	struct bal_why why;

	scene_knob(scene, BAL_KNOB_ROUTING, BAL_ROUTING_PACK);
	scene_pool_urls(scene, 0, 101, 4);
	for (uint64_t id = 1; id <= 4; id++) {
		submit(scene, (struct bal_event_task){.id = id});
		why = scene_why(scene, id);
		about(factor_ns(&why.winner, BAL_FACTOR_LOAD), SIZE_NS / 4 * (int64_t)(5 - id) / 4);
	}
	/* On a lent slot of a full agent there is nothing left to gain. */
	submit(scene,
		(struct bal_event_task){.id = 5, .parent = 1, .flags = BAL_TASK_PARENT_WAITS});
	why = scene_why(scene, 5);
	about(factor_ns(&why.winner, BAL_FACTOR_LOAD), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_weights_of_the_strategies),
		TEST(test_load),
		TEST(test_price),
		TEST(test_memory_left_stranded),
		TEST(test_collaboration),
		TEST(test_future),
		TEST(test_future_by_forecast),
		TEST(test_routing_by_forecast),
		TEST(test_load_when_packing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

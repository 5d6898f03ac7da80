/* SPDX-License-Identifier: Apache-2.0 */
/* Knees of agents and pools in a core: what they come from, what is forgotten, what is kept. */
#include "scene.h"

#include "base/num.h"
#include "core/knees.h"

#include <stdlib.h>

#define POOL  1
#define AGENT 101

static uint64_t last_task;

static int begin(void **state)
{
	int rc = scene_begin(state);
	struct scene *scene = *state;

	scene_pool_urls(scene, POOL, AGENT, 8);
	last_task = 0;
	return rc;
}

/* So many at once, rounds times; two at once is all that the agent can do side by side. Of those
 * from `fails_from` on every second fails. */
static void serve(struct scene *scene, uint32_t tasks, uint32_t rounds, uint32_t fails_from)
{
	for (uint32_t i = 0; i < rounds; i++) {
		uint64_t first = last_task + 1;

		for (uint32_t j = 0; j < tasks; j++)
			scene_task(scene, ++last_task);
		for (uint32_t left = tasks; left > 0; left--) {
			bool fails = left >= fails_from && (i + left) % 2 == 0;

			scene->now_ns += NS_PER_S / (left < 2 ? 1 : 2);
			scene_ended(scene, first + left - 1,
				fails ? BAL_OUTCOME_FAILED : BAL_OUTCOME_SUCCEEDED);
		}
		scene_clear(scene);
	}
}

static void test_an_agent_and_its_pool(void **state)
{
	struct scene *scene = *state;
	struct bal_knee_view agent, pool;
	struct bal_knee_level level;

	assert_false(bal_knee_of_pool(scene->core, POOL, &pool));
	assert_false(bal_knee_of_agent(scene->core, AGENT, &agent));
	assert_false(bal_knee_of_agent(scene->core, 7, &agent));
	assert_false(bal_knee_of_pool(scene->core, BAL_NONE, &pool));
	serve(scene, 6, 60, 100);
	assert_true(bal_knee_of_pool(scene->core, POOL, &pool));
	assert_true(bal_knee_of_agent(scene->core, AGENT, &agent));
	assert_memory_equal(&agent, &pool, sizeof agent);
	assert_true(pool.is_found);
	assert_int_equal(pool.tasks, 2);
	assert_int_equal(pool.tasks_seen, 6);
	assert_int_equal(pool.ends, 360);
	assert_true(num_abs(pool.rate_s - 2) < 0.2);
	assert_true(bal_knee_level_of_pool(scene->core, POOL, 0, &level));
	assert_true(num_abs(level.rate_s - 1) < 0.01);
	assert_true(bal_knee_level_of_pool(scene->core, POOL, 5, &level));
	assert_true(num_abs(level.rate_s - 2) < 0.01);
	assert_true(num_abs(level.service_s - 3) < 0.01);
	assert_false(bal_knee_level_of_pool(scene->core, POOL, 6, &level));
	/* Another agent in its place begins anew, its pool does not. */
	assert_int_equal(scene_down(scene, AGENT, true), BAL_OK);
	scene_agent(scene, AGENT + 1, POOL, 8);
	assert_false(bal_knee_of_agent(scene->core, AGENT + 1, &agent));
	assert_true(bal_knee_of_pool(scene->core, POOL, &pool));
	assert_int_equal(pool.ends, 360);
}

static void test_failures_by_what_runs_beside(void **state)
{
	struct scene *scene = *state;
	struct bal_knee_view pool;

	serve(scene, 6, 60, 4);
	assert_true(bal_knee_of_pool(scene->core, POOL, &pool));
	assert_int_equal(pool.degrades_at, 4);
	assert_int_equal(pool.failures_permille[0], 0);
	assert_true(pool.failures_permille[1] > 400 && pool.failures_permille[1] < 600);
}

/* Busy and handed back are no ends; tasks of announced sizes count by these. */
static void test_what_counts(void **state)
{
	struct scene *scene = *state;
	struct bal_knee_level level;
	struct bal_knee_view pool;

	scene_task(scene, ++last_task);
	scene->now_ns += NS_PER_S;
	scene_ended(scene, last_task, BAL_OUTCOME_HANDED_BACK);
	assert_false(bal_knee_of_pool(scene->core, POOL, &pool));
	scene_cancel(scene, last_task);
	scene_clear(scene);
	/* One at a time: large ones are as fast as many small ones. Two at once: likewise. */
	for (uint32_t i = 0; i < 400; i++) {
		bool large = i % 2 == 0;

		scene_submit(scene, (struct bal_event_task){.id = ++last_task,
					    .priority = BAL_PRIORITY_NORMAL,
					    .size_ns = large ? 8 * NS_PER_S : NS_PER_S});
		scene->now_ns += large ? 8 * NS_PER_S : NS_PER_S;
		scene_ended(scene, last_task, BAL_OUTCOME_SUCCEEDED);
		scene_clear(scene);
	}
	assert_true(bal_knee_of_pool(scene->core, POOL, &pool));
	assert_int_equal(pool.ends, 400);
	assert_true(bal_knee_level_of_pool(scene->core, POOL, 0, &level));
	assert_true(num_abs(knees_of_pool(scene->core, POOL)->work[0] - 1800) < 1e-6);
}

static void name_pool(struct scene *scene, uint32_t pool)
{
	assert_int_equal(STEP(scene, SYMBOL, symbol, .space = BAL_SYMBOL_POOL, .number = pool,
				 .text = {"code", 4}),
		BAL_OK);
}

static void test_saved_and_learned(void **state)
{
	struct scene *scene = *state, *other;
	struct bal_knee_view before, after;
	uint8_t *bytes;
	size_t size;

	name_pool(scene, POOL);
	serve(scene, 5, 80, 100);
	assert_true(bal_knee_of_pool(scene->core, POOL, &before));
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	other = scene_open(&SCENE_LIMITS);
	assert_int_equal(bal_core_load(other->core, bytes, size), BAL_OK);
	assert_true(bal_core_digest(other->core) == bal_core_digest(scene->core));
	assert_true(bal_knee_of_agent(other->core, AGENT, &after));
	assert_memory_equal(&before, &after, sizeof after);
	scene_close(other);
	free(bytes);
	/* A pool is known by its name, whatever its number is now. */
	size = bal_learned_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_int_equal(bal_learned_save(scene->core, bytes, size), size);
	other = scene_open(&SCENE_LIMITS);
	scene_start(other, 1);
	scene_pool_urls(other, POOL + 1, AGENT, 8);
	name_pool(other, POOL + 1);
	assert_int_equal(bal_learned_load(other->core, bytes, size), BAL_OK);
	assert_false(bal_knee_of_pool(other->core, POOL, &after));
	assert_true(bal_knee_of_pool(other->core, POOL + 1, &after));
	assert_memory_equal(&before, &after, sizeof after);
	scene_close(other);
	free(bytes);
}

/* Time that passed before anything ended is kept as well. */
static void test_saved_before_the_first_end(void **state)
{
	struct scene *scene = *state, *other;
	uint8_t *bytes;
	size_t size;

	scene_task(scene, 1);
	scene->now_ns += 5 * NS_PER_S;
	scene_task(scene, 2);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	other = scene_open(&SCENE_LIMITS);
	assert_int_equal(bal_core_load(other->core, bytes, size), BAL_OK);
	other->now_ns = scene->now_ns += NS_PER_S;
	scene_ended(scene, 1, BAL_OUTCOME_SUCCEEDED);
	scene_ended(other, 1, BAL_OUTCOME_SUCCEEDED);
	assert_true(bal_core_digest(other->core) == bal_core_digest(scene->core));
	scene_close(other);
	free(bytes);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, scene_end)
	const struct CMUnitTest tests[] = {
		TEST(test_an_agent_and_its_pool),
		TEST(test_failures_by_what_runs_beside),
		TEST(test_what_counts),
		TEST(test_saved_and_learned),
		TEST(test_saved_before_the_first_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

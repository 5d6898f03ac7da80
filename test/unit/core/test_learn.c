/* SPDX-License-Identifier: Apache-2.0 */
/* What finished tasks teach, seen through the explanations of later decisions. */
#include "scene.h"

#include "core/learn.h"
#include "core/state.h"

static struct bal_event_task on(uint64_t id, uint64_t not_agent)
{
	return (struct bal_event_task){
		.id = id, .size_ns = NS_PER_S, .needs.not_agents = {not_agent}};
}

/* Tasks of one second on the agent that is not this one; each takes so long. */
static void play(
	struct scene *scene, uint64_t first, uint32_t count, uint64_t not_agent, int64_t service_ns)
{
	for (uint64_t i = 0; i < count; i++) {
		scene_submit(scene, on(first + i, not_agent));
		scene_succeed(scene, first + i, service_ns);
		scene_clear(scene);
	}
}

/* Expected service of a task of one second on the agent that is not this one. */
static int64_t expected_ns(struct scene *scene, uint64_t id, uint64_t not_agent)
{
	int64_t service_ns;

	scene_submit(scene, on(id, not_agent));
	service_ns = scene_why(scene, id).winner.service_ns;
	scene_cancel(scene, id);
	return service_ns;
}

static void test_few_samples_say_little_many_say_all(void **state)
{
	struct scene *scene = *state;
	int64_t few_ns, many_ns;

	scene_pool_urls(scene, 0, 101, 1);
	scene_agent(scene, 102, 0, 1);
	assert_int_equal(expected_ns(scene, 1, 102), NS_PER_S);
	play(scene, 10, 1, 102, 4 * NS_PER_S);
	few_ns = expected_ns(scene, 2, 102);
	assert_in_range(few_ns, NS_PER_S + NS_PER_S / 10, 5 * NS_PER_S / 2);
	play(scene, 100, 400, 102, 4 * NS_PER_S);
	many_ns = expected_ns(scene, 3, 102);
	assert_in_range(many_ns, 39 * NS_PER_S / 10, 4 * NS_PER_S);
	/* Its sister is believed to be like the pool until it shows otherwise. */
	assert_in_range(expected_ns(scene, 4, 101), 35 * NS_PER_S / 10, 4 * NS_PER_S);
	play(scene, 1000, 30, 101, NS_PER_S);
	assert_in_range(expected_ns(scene, 5, 101), NS_PER_S, 2 * NS_PER_S);
}

static void test_a_slowdown_shows_within_minutes(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	play(scene, 1, 2000, 0, NS_PER_S);
	assert_int_equal(expected_ns(scene, 5000, 0), NS_PER_S);
	play(scene, 6000, 300, 0, 3 * NS_PER_S);
	assert_in_range(expected_ns(scene, 9000, 0), 2 * NS_PER_S, 3 * NS_PER_S);
}

static void test_old_services_count_less(void **state)
{
	struct scene *scene = *state;
	const struct history *history;
	double before;

	scene_pool_urls(scene, 0, 101, 1);
	play(scene, 1, 100, 0, 2 * NS_PER_S);
	history = learn_history(scene->core, 101, 0);
	before = history->slow.weight;
	scene_run_for(scene, 30 * NS_PER_DAY);
	play(scene, 1000, 1, 0, 2 * NS_PER_S);
	/* Half every ten days: an eighth, and the new one. */
	assert_true(history->slow.weight > before / 8.0 + 0.99);
	assert_true(history->slow.weight < before / 8.0 + 1.01);
}

static void test_failures_make_an_agent_dear(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	scene_agent(scene, 102, 0, 1);
	for (uint64_t id = 1; id <= 10; id++) {
		scene_submit(scene, on(id, 102));
		scene_ended(scene, id, BAL_OUTCOME_FAILED);
	}
	play(scene, 100, 10, 101, NS_PER_S);
	scene_submit(scene, on(200, 0));
	assert_int_equal(scene_why(scene, 200).winner.agent, 102);
	assert_in_range(scene_why(scene, 200).losers[0].success_permille, 200, 500);
	/* Busy and handed back say nothing about it. */
	scene_ended(scene, 200, BAL_OUTCOME_HANDED_BACK);
	assert_in_range(scene_why(scene, 200).winner.success_permille, 700, 1000);
}

static void test_warm_contexts_are_measured(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	assert_true(learn_warm_share(scene->core, 0) == 0.2);
	/* The first of each conversation is cold, the second takes half as long. */
	for (uint64_t i = 0; i < 100; i++) {
		struct bal_event_task task = on(1 + i, 0);

		task.conversation = 1 + i / 2;
		scene_submit(scene, task);
		scene_succeed(scene, task.id, i % 2 == 0 ? 2 * NS_PER_S : NS_PER_S);
	}
	assert_true(learn_warm_share(scene->core, 0) > 0.4);
	assert_true(learn_warm_share(scene->core, 0) < 0.5);
	/* Four conversations are remembered, the least recently used is forgotten. */
	assert_int_equal(context_agent(scene->core, 50), 101);
	assert_int_equal(context_agent(scene->core, 47), 101);
	assert_int_equal(context_agent(scene->core, 46), 0);
	assert_int_equal(context_agent(scene->core, 0), 0);
}

static void test_work_beside_the_parent_may_cost(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 2);
	scene_agent(scene, 102, 0, 2);
	assert_true(learn_beside_share(scene->core, 0) == 0.05);
	scene_submit(scene, on(1, 102));
	for (uint64_t i = 0; i < 100; i++) {
		struct bal_event_task task = on(10 + i, i % 2 == 0 ? 101 : 102);

		task.parent = 1;
		scene_submit(scene, task);
		scene_succeed(scene, task.id, i % 2 == 0 ? NS_PER_S : 2 * NS_PER_S);
	}
	assert_true(learn_beside_share(scene->core, 0) < -0.5);
}

static void test_histories_are_bounded(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	play(scene, 1, 1, 0, 9 * NS_PER_S);
	for (uint64_t who = 1000; who < 1063; who++)
		learn_history(scene->core, who, 0);
	assert_int_equal(scene->core->history_use.count, 64);
	/* The pool's was made first, so it went first; the agent's is used again and stays. */
	learn_history(scene->core, 101, 0);
	learn_history(scene->core, 2000, 0);
	assert_int_equal(scene->core->history_use.count, 64);
	assert_true(learn_history(scene->core, 101, 0)->fast.value == 9.0);
}

static void test_a_kind_is_known_after_ten(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	play(scene, 1, 9, 0, NS_PER_S);
	assert_false(learn_is_known(scene->core, 0));
	play(scene, 20, 1, 0, NS_PER_S);
	assert_true(learn_is_known(scene->core, 0));
	assert_false(learn_is_known(scene->core, 1));
}

/* An answer that took no time at all was not worked for: it says nothing about speed. */
static void test_answers_in_no_time_teach_nothing(void **state)
{
	struct scene *scene = *state;

	scene_pool_urls(scene, 0, 101, 1);
	play(scene, 1, 1, 0, 3 * NS_PER_S);
	for (uint64_t id = 10; id < 30; id++) {
		scene_submit(scene, on(id, 0));
		scene_ended(scene, id, BAL_OUTCOME_SUCCEEDED);
	}
	assert_int_equal(scene_pool_view(scene, 0).service_ns, 3 * NS_PER_S);
	assert_false(learn_is_known(scene->core, 0));
}

/* Shelves are of floats: one that overflows would be no key. */
static void test_slowness_is_bounded_whatever_was_saved(void **state)
{
	struct scene *scene = *state;
	struct history *history;

	scene_pool_urls(scene, 0, 101, 1);
	play(scene, 1, 10, 0, NS_PER_S);
	history = slab_at(&scene->core->histories, slab_next(&scene->core->histories, 0));
	for (uint32_t i = 0; i < 2; i++) {
		struct learn_prior prior = {.slowness = 1e300, .success = 1.0};
		struct learn_view view;

		history->slow.value = history->fast.value = i == 0 ? 1e300 : -1e300;
		learn_history_view(history, &prior, &view);
		assert_true(view.slowness == (i == 0 ? 1000.0 : 0.001));
		learn_history_view(NULL, &prior, &view);
		assert_true(view.slowness == 1000.0);
	}
	scene->unchecked = true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_few_samples_say_little_many_say_all),
		TEST(test_a_slowdown_shows_within_minutes),
		TEST(test_old_services_count_less),
		TEST(test_failures_make_an_agent_dear),
		TEST(test_warm_contexts_are_measured),
		TEST(test_work_beside_the_parent_may_cost),
		TEST(test_histories_are_bounded),
		TEST(test_a_kind_is_known_after_ten),
		TEST(test_answers_in_no_time_teach_nothing),
		TEST(test_slowness_is_bounded_whatever_was_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The past of signals: what is kept of whom, nonsense, silence, room, and saved states. */
#include "scene.h"

#include <stdlib.h>
#include <string.h>

#define AGENT 101

static int begin(void **state)
{
	struct bal_limits limits = SCENE_LIMITS;

	limits.trails_max = 8;
	limits.strips_max = 3;
	*state = scene_open(&limits);
	scene_start(*state, 1);
	scene_pool_urls(*state, 0, AGENT, 4);
	scene_clear(*state);
	return 0;
}

static bool find(struct scene *scene, enum bal_subject subject, uint64_t id, enum bal_signal signal,
	struct bal_signal_view *view)
{
	return bal_signal_find(scene->core, subject, id, signal, view);
}

/* A value each 5 s, from first on, one larger each time. */
static void feed(struct scene *scene, enum bal_signal signal, int64_t first, int count)
{
	for (int i = 0; i < count; i++) {
		assert_int_equal(scene_sample(scene, AGENT, signal, first + i), BAL_OK);
		scene_run_for(scene, 5 * NS_PER_S);
	}
}

static void test_agents_and_their_pool(void **state)
{
	struct scene *scene = *state;
	struct bal_signal_view agent, pool;
	struct bal_signal_slot slot;

	assert_false(find(scene, BAL_SUBJECT_AGENT, AGENT, BAL_SIGNAL_HEAP, &agent));
	feed(scene, BAL_SIGNAL_HEAP, 100, 25);
	assert_true(find(scene, BAL_SUBJECT_AGENT, AGENT, BAL_SIGNAL_HEAP, &agent));
	assert_true(find(scene, BAL_SUBJECT_POOL, 0, BAL_SIGNAL_HEAP, &pool));
	assert_int_equal(agent.id, AGENT);
	assert_int_equal(agent.last, 124);
	assert_int_equal(agent.count, 25);
	assert_int_equal(pool.last, 124);
	assert_true(bal_signal_slot(scene->core, &agent, BAL_GRAIN_FINE, 1, &slot));
	assert_int_equal(slot.mean, 123);
	assert_int_equal(slot.max, 123);
	assert_int_equal(slot.p50, -1);
	assert_true(bal_signal_slot(scene->core, &pool, BAL_GRAIN_FINE, 24, &slot));
	assert_int_equal(slot.mean, 100);
	assert_int_equal(slot.p99, 100);
	assert_int_equal(slot.count, 1);
	assert_int_equal(slot.begin_ns % (5 * NS_PER_S), 0);
	assert_false(bal_signal_slot(scene->core, &pool, BAL_GRAIN_FINE, 25, &slot));
	assert_true(bal_signal_slot(scene->core, &pool, BAL_GRAIN_MINUTE, 1, &slot));
	assert_int_equal(slot.count, 12);
	assert_int_equal(slot.max - slot.min, 11);
	assert_false(bal_signal_slot(scene->core, &agent, BAL_GRAIN_HOUR, 1, &slot));
}

static void test_agent_gone(void **state)
{
	struct scene *scene = *state;
	struct bal_signal_view view;

	feed(scene, BAL_SIGNAL_HEAP, 1, 2);
	assert_int_equal(scene_down(scene, AGENT, true), BAL_OK);
	scene_clear(scene);
	scene_agent(scene, AGENT + 1, 0, 4);
	assert_false(find(scene, BAL_SUBJECT_AGENT, AGENT + 1, BAL_SIGNAL_HEAP, &view));
	assert_true(find(scene, BAL_SUBJECT_POOL, 0, BAL_SIGNAL_HEAP, &view));
}

static void test_nonsense(void **state)
{
	struct scene *scene = *state;
	struct bal_signal_view view;

	assert_int_equal(scene_sample(scene, AGENT, BAL_SIGNAL_CACHE_HIT, -1), BAL_INVALID);
	assert_true(find(scene, BAL_SUBJECT_AGENT, AGENT, BAL_SIGNAL_CACHE_HIT, &view));
	assert_int_equal(view.last, -1);
	assert_int_equal(view.flags, BAL_FLAG_REFUSED);
	assert_int_equal(scene_sample(scene, AGENT, BAL_SIGNAL_CACHE_HIT, INT64_MAX), BAL_OK);
	assert_true(find(scene, BAL_SUBJECT_AGENT, AGENT, BAL_SIGNAL_CACHE_HIT, &view));
	assert_int_equal(view.last, BAL_MOST_PERMILLE);
	assert_int_equal(view.flags, BAL_FLAG_CLAMPED);
	assert_int_equal(view.clamped, 1);
	assert_int_equal(view.refused, 1);
	assert_int_equal(scene_sample(scene, AGENT, BAL_SIGNAL_CACHE_HIT, 1000), BAL_OK);
	assert_true(find(scene, BAL_SUBJECT_AGENT, AGENT, BAL_SIGNAL_CACHE_HIT, &view));
	assert_int_equal(view.flags, 0);
	scene_run_for(scene, 31 * NS_PER_S);
	assert_int_equal(scene_sample(scene, AGENT, BAL_SIGNAL_HEAP, 1), BAL_OK);
	assert_true(find(scene, BAL_SUBJECT_AGENT, AGENT, BAL_SIGNAL_CACHE_HIT, &view));
	assert_int_equal(view.flags, BAL_FLAG_SILENT);
}

/* Two strips are taken by others: the third signal after that must wait until one is silent. */
static void test_room(void **state)
{
	struct scene *scene = *state;
	struct bal_signal_view view;

	for (int i = 0; i < 4; i++)
		scene_sample(scene, AGENT, (enum bal_signal)(BAL_SIGNAL_HEAP + i), 1);
	assert_int_equal(bal_signals_dropped(scene->core), 1);
	assert_false(find(
		scene, BAL_SUBJECT_AGENT, AGENT, (enum bal_signal)(BAL_SIGNAL_HEAP + 3), &view));
	scene_run_for(scene, 16 * NS_PER_MIN);
	scene_sample(scene, AGENT, (enum bal_signal)(BAL_SIGNAL_HEAP + 3), 1);
	assert_true(find(
		scene, BAL_SUBJECT_AGENT, AGENT, (enum bal_signal)(BAL_SIGNAL_HEAP + 3), &view));
	assert_false(find(scene, BAL_SUBJECT_AGENT, AGENT, BAL_SIGNAL_HEAP, &view));
}

/* Its own events are measured without anybody's samples. */
static void test_data_plane(void **state)
{
	struct scene *scene = *state;
	struct bal_signal_view view;

	scene_task(scene, 1);
	scene_run_for(scene, 2 * NS_PER_S);
	scene_succeed(scene, 1, NS_PER_S);
	assert_true(find(scene, BAL_SUBJECT_KIND, 0, BAL_SIGNAL_ARRIVALS, &view));
	assert_int_equal(view.count, 1);
	assert_true(find(scene, BAL_SUBJECT_KIND, 0, BAL_SIGNAL_WAIT, &view));
	assert_int_equal(view.last, 0);
	assert_true(find(scene, BAL_SUBJECT_KIND, 0, BAL_SIGNAL_TASK_SERVICE, &view));
	assert_int_equal(view.last, NS_PER_S);
	assert_true(find(scene, BAL_SUBJECT_AGENT, AGENT, BAL_SIGNAL_ANSWERS, &view));
	assert_false(find(scene, BAL_SUBJECT_AGENT, AGENT, BAL_SIGNAL_ERRORS, &view));
}

static uint32_t at_work(struct scene *scene)
{
	struct bal_pool_view view;

	assert_true(bal_pool_view(scene->core, 1, &view));
	return view.agents[BAL_AGENT_READY] + view.agents[BAL_AGENT_WARMING];
}

/* Every agent of the pool is at work, so none may go, however absurd what they say is and however
 * long they say nothing. */
static void test_nonsense_decides_nothing(void **state)
{
	static const int64_t absurd[] = {-1, INT64_MIN, INT64_MAX, 0};
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(1, BAL_POOL_PROCESS);

	scene_knob(scene, BAL_KNOB_WATCH, 10 * NS_PER_S);
	pool.agents_min = pool.agents_baseline = 1;
	pool.agents_max = 4;
	pool.timeout_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	for (uint64_t i = 0; i < 4; i++)
		scene_agent(scene, 201 + i, 1, 1);
	scene_clear(scene);
	for (int i = 0; i < 4; i++)
		scene_submit(scene, (struct bal_event_task){.id = 10 + (uint64_t)i,
					    .needs = {.not_agents = {AGENT}}});
	scene_clear(scene);
	for (int round = 0; round < 360; round++) {
		for (uint64_t i = 0; i < 4; i++)
			for (int signal = 0; signal < BAL_SIGNAL_DECISION_COUNT; signal++)
				scene_sample(scene, 201 + i, (enum bal_signal)signal,
					absurd[(round + signal) % 4]);
		scene_run_for(scene, 5 * NS_PER_S);
		if (round == 180) /* half an hour of silence */
			scene_run_for(scene, 30 * NS_PER_MIN);
	}
	assert_int_equal(at_work(scene), 4);
}

static void test_saved(void **state)
{
	struct scene *scene = *state;
	struct bal_limits limits = SCENE_LIMITS;
	struct scene *other, *bare;
	struct bal_signal_view view;
	uint8_t *bytes;
	size_t size;

	feed(scene, BAL_SIGNAL_HEAP, 100, 800);
	feed(scene, BAL_SIGNAL_GC_COUNT, 3, 1);
	scene_sample(scene, AGENT, BAL_SIGNAL_GC_COUNT, -3);
	limits.trails_max = 8;
	limits.strips_max = 3;
	other = scene_open(&limits);
	bare = scene_open(&SCENE_LIMITS);
	size = bal_core_save(scene->core, NULL, 0);
	bytes = malloc(size);
	assert_non_null(bytes);
	assert_int_equal(bal_core_save(scene->core, bytes, size), size);
	assert_int_equal(bal_core_load(other->core, bytes, size), BAL_OK);
	assert_true(bal_core_digest(other->core) == bal_core_digest(scene->core));
	assert_true(find(other, BAL_SUBJECT_AGENT, AGENT, BAL_SIGNAL_GC_COUNT, &view));
	assert_int_equal(view.refused, 1);
	scene_sample(scene, AGENT, BAL_SIGNAL_HEAP, 7);
	assert_true(bal_core_digest(other->core) != bal_core_digest(scene->core));
	other->now_ns = scene->now_ns;
	scene_sample(other, AGENT, BAL_SIGNAL_HEAP, 7);
	assert_true(bal_core_digest(other->core) == bal_core_digest(scene->core));
	size = bal_core_save_bare(scene->core, bytes, size);
	assert_int_equal(bal_core_load(bare->core, bytes, size), BAL_OK);
	assert_int_equal(bal_signal_places(bare->core), 0);
	free(bytes);
	scene_close(other);
	scene_close(bare);
}

/* The rows of one core in another, whose pools and kinds have other numbers. */
static void test_rows(void **state)
{
	struct scene *scene = *state;
	struct bal_limits limits = SCENE_LIMITS;
	struct bal_signal_slot slot, as_was;
	struct bal_signal_view view, was;
	struct scene *after;
	int64_t begin_ns, end_ns;
	uint8_t row[BAL_PAST_ROW_SIZE_MAX];
	size_t size;

	feed(scene, BAL_SIGNAL_HEAP, 100, 2000);
	assert_true(find(scene, BAL_SUBJECT_POOL, 0, BAL_SIGNAL_HEAP, &was));
	assert_int_equal(bal_past_places(scene->core), 1);
	assert_false(bal_past_span(scene->core, 0, BAL_GRAIN_MINUTE, &begin_ns, &end_ns));
	assert_false(bal_past_span(scene->core, 1, BAL_GRAIN_HOUR, &begin_ns, &end_ns));
	assert_true(bal_past_span(scene->core, 0, BAL_GRAIN_QUARTER, &begin_ns, &end_ns));
	assert_int_equal(end_ns - begin_ns, 11 * 15 * NS_PER_MIN);
	assert_int_equal(bal_past_save(scene->core, 0, BAL_GRAIN_MINUTE, 0, row, sizeof row), 0);
	assert_int_equal(bal_past_save(scene->core, 1, BAL_GRAIN_HOUR, 0, row, sizeof row), 0);
	assert_int_equal(bal_past_save(scene->core, 0, BAL_GRAIN_QUARTER, 0, row, 20), 0);
	size = bal_past_save(scene->core, 0, BAL_GRAIN_QUARTER, 0, row, sizeof row);
	assert_in_range(size, 50, 2000);

	limits.trails_max = 1;
	after = scene_open(&limits);
	after->now_ns = scene->now_ns;
	assert_false(bal_past_load(after->core, BAL_SUBJECT_AGENT, 3, BAL_SIGNAL_HEAP,
		BAL_GRAIN_QUARTER, after->now_ns, row, size));
	assert_false(bal_past_load(after->core, BAL_SUBJECT_POOL, limits.pools_max, BAL_SIGNAL_HEAP,
		BAL_GRAIN_QUARTER, after->now_ns, row, size));
	assert_false(bal_past_load(after->core, BAL_SUBJECT_POOL, 3, BAL_SIGNAL_COUNT,
		BAL_GRAIN_QUARTER, after->now_ns, row, size));
	assert_false(bal_past_load(after->core, BAL_SUBJECT_POOL, 3, BAL_SIGNAL_HEAP,
		BAL_GRAIN_MINUTE, after->now_ns, row, size));
	assert_false(bal_past_load(after->core, BAL_SUBJECT_POOL, 3, BAL_SIGNAL_HEAP,
		BAL_GRAIN_QUARTER, after->now_ns, row, size - 1));
	assert_int_equal(bal_past_places(after->core), 0);
	assert_true(bal_past_load(after->core, BAL_SUBJECT_POOL, 3, BAL_SIGNAL_HEAP,
		BAL_GRAIN_QUARTER, after->now_ns, row, size));
	/* No room for a second signal. */
	assert_false(bal_past_load(after->core, BAL_SUBJECT_KIND, 1, BAL_SIGNAL_HEAP,
		BAL_GRAIN_QUARTER, after->now_ns, row, size));
	bal_past_resume(after->core, after->now_ns);
	scene_start(after, 1);
	assert_true(find(after, BAL_SUBJECT_POOL, 3, BAL_SIGNAL_HEAP, &view));
	assert_int_equal(view.last, -1);
	assert_int_equal(view.at_ns, BAL_NEVER_NS);
	assert_int_equal(view.flags, 0);
	for (uint32_t back = 1; back <= 11; back++) {
		assert_true(bal_signal_slot(after->core, &view, BAL_GRAIN_QUARTER, back, &slot));
		assert_true(bal_signal_slot(scene->core, &was, BAL_GRAIN_QUARTER, back, &as_was));
		assert_memory_equal(&slot, &as_was, sizeof slot);
	}
	assert_false(bal_signal_slot(after->core, &view, BAL_GRAIN_FINE, 1, &slot));
	scene_close(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_agents_and_their_pool, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_agent_gone, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_nonsense, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_room, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_data_plane, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_nonsense_decides_nothing, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_saved, begin, scene_end),
		cmocka_unit_test_setup_teardown(test_rows, begin, scene_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

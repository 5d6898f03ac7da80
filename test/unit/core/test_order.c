/* SPDX-License-Identifier: Apache-2.0 */
/* Orders end when every agent asked for is ready or will never be, however the news comes. */
#include "scene.h"

/* A pool that has just asked for two agents; returns the order. */
static uint64_t begin(struct scene *scene)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);
	uint64_t order;

	pool.agents_min = 2;
	scene_pool(scene, &pool);
	order = scene_last(scene, BAL_EFFECT_SCALE)->order;
	scene_expect(scene, "scale 0 +2 scale_minimum");
	return order;
}

static void up(struct scene *scene, uint64_t agent, uint64_t order, enum bal_agent_state as)
{
	assert_int_equal(
		STEP(scene, AGENT_UP, up, .agent = agent, .state = as, .slots = 1, .order = order),
		BAL_OK);
}

/* While an order is open the pool asks for nothing, even for somebody's minimum. */
static bool is_open(struct scene *scene)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);
	bool asked;

	pool.agents_min = 8;
	scene_pool(scene, &pool);
	scene_run_for(scene, NS_PER_S);
	asked = scene_count(scene, BAL_EFFECT_SCALE) > 0;
	scene_clear(scene);
	return !asked;
}

static void test_ends_when_both_are_ready(void **state)
{
	struct scene *scene = *state;
	uint64_t order = begin(scene);

	up(scene, 101, order, BAL_AGENT_STARTING);
	up(scene, 102, order, BAL_AGENT_READY);
	assert_true(is_open(scene));
	assert_int_equal(scene_pool_view(scene, 0).ordered, 0);
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 101);
	assert_false(is_open(scene));
}

static void test_ends_when_one_dies_starting(void **state)
{
	struct scene *scene = *state;
	uint64_t order = begin(scene);

	up(scene, 101, order, BAL_AGENT_STARTING);
	up(scene, 102, order, BAL_AGENT_READY);
	scene_down(scene, 101, true);
	assert_false(is_open(scene));
}

static void test_ends_when_the_provider_is_through(void **state)
{
	struct scene *scene = *state;
	uint64_t order = begin(scene);

	up(scene, 101, order, BAL_AGENT_READY);
	assert_int_equal(scene_pool_view(scene, 0).ordered, 1);
	STEP(scene, SCALE_ENDED, scale_ended, .order = order, .count = 1);
	assert_int_equal(scene_pool_view(scene, 0).ordered, 0);
	assert_false(is_open(scene));
	/* Said again, or for an agent too many, it counts nothing twice. */
	assert_int_equal(STEP(scene, SCALE_ENDED, scale_ended, .order = order), BAL_OK);
	up(scene, 103, order, BAL_AGENT_READY);
	assert_int_equal(scene_pool_view(scene, 0).ordered, 7);
}

static void test_more_agents_than_asked_for(void **state)
{
	struct scene *scene = *state;
	uint64_t order = begin(scene);

	for (uint64_t id = 101; id < 104; id++)
		up(scene, id, order, BAL_AGENT_STARTING);
	assert_int_equal(scene_pool_view(scene, 0).ordered, 0);
	assert_int_equal(scene_pool_view(scene, 0).agents[BAL_AGENT_STARTING], 3);
	for (uint64_t id = 101; id < 104; id++)
		scene_agent_event(scene, BAL_EVENT_AGENT_READY, id);
	assert_false(is_open(scene));
}

static void test_provider_that_knows_no_order(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	up(scene, 101, 0, BAL_AGENT_READY);
	up(scene, 102, 17, BAL_AGENT_READY);
	assert_int_equal(scene_pool_view(scene, 0).ordered, 2);
	assert_true(is_open(scene));
}

static void test_forgotten_order_holds_nothing_up(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(1, BAL_POOL_PROCESS);
	uint64_t order = begin(scene);

	/* Eight orders of another pool need the place of the one that never ended. */
	pool.agents_max = 100;
	scene_pool(scene, &pool);
	for (uint32_t i = 1; i <= 8; i++) {
		STEP(scene, POOL_SCALED, pool_scaled, .pool = 1, .agents = i);
		STEP(scene, SCALE_ENDED, scale_ended, .order = scene_pool_view(scene, 1).order_last,
			.count = 1);
		assert_int_equal(STEP(scene, AGENT_UP, up, .agent = 200 + i, .pool = 1,
					 .state = BAL_AGENT_READY, .slots = 1),
			BAL_OK);
	}
	assert_int_equal(scene_pool_view(scene, 0).ordered, 0);
	scene_expect_why(scene, order, BAL_WHY_NOTHING, BAL_REASON_NONE);
	assert_false(is_open(scene));
	/* Its agents may still come. */
	up(scene, 101, order, BAL_AGENT_STARTING);
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 101);
	assert_int_equal(scene_agent_view(scene, 101).state, BAL_AGENT_READY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_ends_when_both_are_ready),
		TEST(test_ends_when_one_dies_starting),
		TEST(test_ends_when_the_provider_is_through),
		TEST(test_more_agents_than_asked_for),
		TEST(test_provider_that_knows_no_order),
		TEST(test_forgotten_order_holds_nothing_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

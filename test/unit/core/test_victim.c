/* SPDX-License-Identifier: Apache-2.0 */
/* Which agent leaves: the one whose end costs least, and never one that is about to be ready. */
#include "scene.h"

#include "core/state.h"
#include "core/victim.h"

#define BOOT_NS (60 * NS_PER_S)

/* A pool that only does what it is told, with three ready agents of ten slots: 101, 102, 103. */
static void begin(struct scene *scene)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.strategy = BAL_STRATEGY_FIXED;
	pool.agents_max = 32;
	pool.slots = 10;
	pool.timeout_ns = NS_PER_DAY;
	scene_pool(scene, &pool);
	for (uint64_t agent = 101; agent <= 103; agent++)
		scene_agent(scene, agent, 0, 10);
	scene_clear(scene);
}

static void shrink_to(struct scene *scene, uint32_t agents)
{
	scene_clear(scene);
	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = agents), BAL_OK);
}

/* A task of a conversation that only this agent of the three may take, done after a second. */
static void converse(struct scene *scene, uint64_t id, uint64_t conversation, uint64_t agent)
{
	struct bal_event_task task = {.id = id, .conversation = conversation};
	uint32_t count = 0;

	for (uint64_t other = 101; other <= 103; other++)
		if (other != agent)
			task.needs.not_agents[count++] = other;
	assert_int_equal(scene_submit(scene, task), BAL_OK);
	scene_succeed(scene, id, NS_PER_S);
}

/* Orders agents and lets the provider answer; they have been starting since now. */
static void boot(struct scene *scene, uint64_t first, uint32_t agents)
{
	struct bal_effect scale;

	assert_int_equal(STEP(scene, POOL_SCALED, pool_scaled, .agents = agents), BAL_OK);
	scale = *scene_last(scene, BAL_EFFECT_SCALE);
	for (uint64_t i = 0; i < scale.count; i++)
		assert_int_equal(
			STEP(scene, AGENT_UP, up, .agent = first + i, .state = BAL_AGENT_STARTING,
				.slots = 10, .order = scale.order),
			BAL_OK);
	STEP(scene, SCALE_ENDED, scale_ended, .order = scale.order, .count = scale.count);
}

/* Teaches the pool that its agents take BOOT_NS to start: there are four then. */
static void learn_boot(struct scene *scene)
{
	boot(scene, 104, 4);
	scene_run_for(scene, BOOT_NS);
	assert_int_equal(scene_agent_event(scene, BAL_EVENT_AGENT_READY, 104), BAL_OK);
}

static void test_warm_contexts_stay(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	/* 103 is the youngest by id, but knows two conversations; 102 knows one, 101 none. */
	converse(scene, 1, 71, 103);
	converse(scene, 2, 72, 103);
	converse(scene, 3, 73, 102);
	shrink_to(scene, 2);
	scene_expect(scene, "drain 101; end 101");
	shrink_to(scene, 1);
	scene_expect(scene, "drain 102; end 102");
}

static void test_work_counts_for_more_than_a_context(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	converse(scene, 1, 71, 101);
	for (uint64_t agent = 102; agent <= 103; agent++)
		scene_submit(scene, (struct bal_event_task){.id = agent,
					    .size_ns = 100 * NS_PER_S,
					    .needs.not_agents = {101, agent == 102 ? 103 : 102}});
	shrink_to(scene, 2);
	scene_expect(scene, "drain 101; end 101");
}

static void test_old_conversations_are_over(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	converse(scene, 1, 71, 103);
	scene_run_for(scene, 10 * NS_PER_MIN);
	shrink_to(scene, 2);
	scene_expect(scene, "drain 103; end 103");
}

static void test_what_a_context_saves_is_learned(void **state)
{
	struct scene *scene = *state;
	uint64_t id = 1;

	begin(scene);
	scene_knob(scene, BAL_KNOB_DEFER_SERVICE, 0);
	/* The first of a conversation takes 100 s, all others a tenth of it. */
	for (uint64_t i = 0; i < 200; i++) {
		struct bal_event_task task = {
			.id = id, .conversation = 1 + i / 10, .needs.not_agents = {102, 103}};

		assert_int_equal(scene_submit(scene, task), BAL_OK);
		scene_succeed(scene, id++, (i % 10 == 0 ? 100 : 10) * NS_PER_S);
	}
	/* Ten seconds of work on 102 and 103 are less than twenty contexts of 101. */
	for (uint64_t agent = 102; agent <= 103; agent++, id++)
		scene_submit(scene, (struct bal_event_task){.id = id,
					    .size_ns = 10 * NS_PER_S,
					    .needs.not_agents = {101, agent == 102 ? 103 : 102}});
	shrink_to(scene, 2);
	scene_expect(scene, "drain 103");
}

static void test_who_is_about_to_be_ready_stays(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	learn_boot(scene);
	boot(scene, 105, 5);
	scene_fill(scene, 1, 40); /* every ready one works */
	/* Far from ready: it has nothing to lose and goes. */
	scene_run_for(scene, BOOT_NS / 2 - NS_PER_S);
	shrink_to(scene, 4);
	scene_expect(scene, "drain 105; end 105");
	scene_down(scene, 105, true);
	/* Half of its start behind it: somebody who works goes before it. */
	boot(scene, 106, 5);
	scene_run_for(scene, BOOT_NS / 2);
	shrink_to(scene, 4);
	scene_expect(scene, "drain 104");
	/* Far behind its time: who knows whether it comes. */
	scene_run_for(scene, 2 * BOOT_NS);
	shrink_to(scene, 3);
	scene_expect(scene, "drain 106; end 106");
}

static void test_an_operator_gets_the_number_asked_for(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	learn_boot(scene);
	boot(scene, 105, 5);
	scene_run_for(scene, BOOT_NS / 2);
	shrink_to(scene, 0);
	scene_expect(scene,
		"drain 104; end 104; drain 103; end 103; drain 102; end 102; drain 105; end 105; "
		"drain 101; end 101");
}

/* With nobody starting the last one at work is like any other. */
static void test_the_last_one_may_leave(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);

	pool.strategy = BAL_STRATEGY_AGGRESSIVE;
	pool.slots = 10;
	scene_pool(scene, &pool);
	scene_agent(scene, 101, 0, 10);
	scene_agent(scene, 102, 0, 10);
	scene_drain(scene, 102, false);
	scene_clear(scene);
	assert_non_null(victim_find(scene->core, &scene->core->pools[0], false));
	scene_agent_starting(scene, 103, 0, 10);
	assert_int_equal(victim_find(scene->core, &scene->core->pools[0], false)->id, 103);
}

/* A strategy that wants fewer waits when only such an agent and the one that carries the load until
 * then could leave; it makes no empty orders meanwhile. */
static void test_a_strategy_waits_for_who_is_about_to_be_ready(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_PROCESS);
	uint64_t orders;

	pool.strategy = BAL_STRATEGY_AGGRESSIVE;
	pool.agents_baseline = 1;
	pool.slots = 10;
	pool.down.sustain_ns = 20 * NS_PER_S;
	pool.down.cooldown_ns = 0;
	scene_pool(scene, &pool);
	/* Found after a restart: no order waits for the second. */
	scene_agent(scene, 101, 0, 10);
	scene_agent_starting(scene, 102, 0, 10);
	orders = scene_totals(scene).orders_down_count;
	scene_clear(scene);
	scene_run_for(scene, 30 * NS_PER_S);
	assert_int_equal(scene_count(scene, BAL_EFFECT_DRAIN), 0);
	assert_int_equal(scene_totals(scene).orders_down_count, orders);
	assert_int_equal(scene_pool_view(scene, 0).hold, BAL_REASON_HOLD_BOOTING);
	scene_agent_event(scene, BAL_EVENT_AGENT_READY, 102);
	scene_run_for(scene, NS_PER_S);
	scene_expect(scene, "drain 102; end 102");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
	const struct CMUnitTest tests[] = {
		TEST(test_warm_contexts_stay),
		TEST(test_work_counts_for_more_than_a_context),
		TEST(test_old_conversations_are_over),
		TEST(test_what_a_context_saves_is_learned),
		TEST(test_who_is_about_to_be_ready_stays),
		TEST(test_an_operator_gets_the_number_asked_for),
		TEST(test_the_last_one_may_leave),
		TEST(test_a_strategy_waits_for_who_is_about_to_be_ready),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox has room for whatever one event causes, and what must wait for room comes later. */
#include "scene.h"

#include "core/outbox.h"

#define TASKS 300

static const struct bal_limits LIMITS = {
	.tasks_max = TASKS + 1,
	.agents_max = 4,
	.pools_max = 2,
	.kinds_max = 1,
	.tenants_max = 1,
	.limits_max = 1,
	.lanes_max = 2,
	.histories_max = 8,
	.conversations_max = 1,
	.explanations_max = 8,
	.orders_max = 8,
	.effects_max = 256,
};

/* Restored tasks take no slot that is not there; still an agent has only so many. */
static void test_end_of_an_agent_with_many_restored_tasks(void **state)
{
	struct scene *scene = scene_open(&LIMITS);
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_LEASE);
	uint32_t taken = 0;

	(void)state;
	scene->room = 1;
	scene_pool(scene, &pool);
	scene_agent(scene, 1000, 0, 1);
	for (uint64_t id = 1; id <= TASKS; id++) {
		struct bal_event_restored restored = {.agent = 1000,
			.until_ns = BAL_NEVER_NS,
			.task = {.id = id, .deadline_ns = BAL_NEVER_NS}};

		taken += scene_step(scene, (struct bal_event){.type = BAL_EVENT_TASK_RESTORED,
						   .restored = restored}) == BAL_OK;
	}
	assert_int_equal(taken, LIMITS.effects_max / 2);
	scene_start(scene, 1);
	scene_clear(scene);
	assert_int_equal(scene_down(scene, 1000, false), BAL_OK);
	assert_int_equal(scene_count(scene, BAL_EFFECT_REQUEUE), taken);
	bal_core_check(scene->core);
	scene_close(scene);
}

/* Takes one effect; returns the core's answer. */
static enum bal_status step_one(struct bal_core *core, struct bal_event event,
	struct bal_effect *effect, uint32_t *count, bool *more)
{
	struct bal_effects effects = {.items = effect, .capacity = 1};
	enum bal_status status;

	event.now_ns = 0;
	status = bal_step(core, &event, &effects);
	*count = effects.count;
	*more = effects.more;
	return status;
}

/* The ring turns several times without ever being empty: nothing is lost, nothing changes places.
 */
static void test_order_of_effects(void **state)
{
	struct scene *scene = scene_open(&LIMITS);
	uint64_t accepted = 0, dispatched = 0, id = 1;
	struct bal_effect effect;
	uint32_t count;
	bool more = true;

	(void)state;
	scene_start(scene, 1);
	scene_pool_urls(scene, 0, 1001, 64);
	for (uint64_t agent = 1002; agent <= 1004; agent++)
		scene_agent(scene, agent, 0, 64);
	for (uint32_t i = 0; i < 2000 && more; i++) {
		struct bal_event event = {.type = BAL_EVENT_TASK_SUBMITTED,
			.task = {.id = id, .deadline_ns = BAL_NEVER_NS, .needs.tags.words = {1}}};
		bool submits = id <= 250 && i % 3 != 2;

		if (!submits)
			event.type = BAL_EVENT_MORE;
		if (step_one(scene->core, event, &effect, &count, &more) == BAL_OK && submits)
			id++;
		if (count == 0)
			continue;
		if (effect.type == BAL_EFFECT_ACCEPT)
			assert_int_equal(effect.task, ++accepted);
		else
			assert_int_equal(effect.task, ++dispatched);
		assert_in_range(effect.type, BAL_EFFECT_ACCEPT, BAL_EFFECT_DISPATCH);
		more = more || id <= 250;
	}
	assert_int_equal(accepted, 250);
	assert_int_equal(dispatched, 250);
	scene_close(scene);
}

/* A host that does not take what there is gets nothing new, but may always come and take. */
static void test_a_full_outbox(void **state)
{
	struct scene *scene = scene_open(&LIMITS);
	struct bal_event event = {.type = BAL_EVENT_AGENT_DOWN, .down.agent = 1001};
	static const enum bal_event_type refused[] = {
		BAL_EVENT_TIMEOUT, BAL_EVENT_TASK_SUBMITTED, BAL_EVENT_CLOCK};
	struct bal_effect effect;
	uint32_t count;
	bool more;

	(void)state;
	scene_start(scene, 1);
	scene_pool_urls(scene, 0, 1001, 64);
	scene_agent(scene, 1002, 0, 64);
	for (uint64_t id = 1; id <= 128; id++)
		scene_task(scene, id);
	assert_int_equal(step_one(scene->core, event, &effect, &count, &more), BAL_OK);
	event.down.agent = 1002;
	assert_int_equal(step_one(scene->core, event, &effect, &count, &more), BAL_OK);
	for (uint32_t i = 0; i < 3; i++) {
		event = (struct bal_event){.type = refused[i]};
		assert_int_equal(
			step_one(scene->core, event, &effect, &count, &more), BAL_UNAVAILABLE);
		assert_int_equal(count, 1); /* what is there is handed over all the same */
		assert_true(more);
	}
	event.type = BAL_EVENT_MORE;
	assert_int_equal(step_one(scene->core, event, &effect, &count, &more), BAL_OK);
	assert_int_equal(count, 1);
	scene_close(scene);
}

/* Half of it and 64 more is kept free for what the next event causes. */
static void test_room(void **state)
{
	struct bal_core core = {.outbox.capacity = 1000};

	(void)state;
	assert_true(outbox_has_room(&core));
	core.outbox.count = 1000 - 500 - 64 - 1;
	assert_true(outbox_has_room(&core));
	core.outbox.count++;
	assert_false(outbox_has_room(&core));
	core.outbox.count = 1000;
	assert_false(outbox_has_room(&core));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_effects),
		cmocka_unit_test(test_a_full_outbox),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_end_of_an_agent_with_many_restored_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

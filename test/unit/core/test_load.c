/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a saved state: a busy core comes back byte for byte, and bytes that are whole (their
 * check sum is right) but say what cannot be are refused. Each wrong state is made by damaging one
 * member of a live core before it is saved.
 */
#include "busy.h"

#include "base/checksum.h"
#include "core/agent.h"
#include "core/check.h"
#include "core/order.h"
#include "core/save.h"
#include "core/task.h"

#include <stdlib.h>
#include <string.h>

#define ID_LIMIT  (UINT64_C(1) << 62)
#define ORDER_BIT (UINT64_C(1) << 63)

static size_t save(const struct scene *scene, uint8_t **bytes)
{
	size_t size = bal_core_save(scene->core, NULL, 0);

	*bytes = malloc(size);
	assert_non_null(*bytes);
	assert_int_equal(bal_core_save(scene->core, *bytes, size), size);
	return size;
}

/* What a fresh core says to the state of this one. */
static enum bal_status load(const struct scene *scene)
{
	struct scene *other = scene_open(&SCENE_LIMITS);
	uint8_t *bytes;
	size_t size = save(scene, &bytes);
	enum bal_status status = bal_core_load(other->core, bytes, size);

	free(bytes);
	scene_close(other);
	return status;
}

static void refused(const struct scene *scene, const char *what)
{
	if (load(scene) != BAL_BROKEN)
		fail_msg("taken: %s", what);
}

/* The state is refused while `place` is `wrong`. */
#define REFUSED(scene, place, wrong)                                                               \
	do {                                                                                       \
		__typeof__(place) right = (place);                                                 \
		(place) = (__typeof__(place))(wrong);                                              \
		refused(scene, #place " = " #wrong);                                               \
		(place) = right;                                                                   \
		assert_int_equal(load(scene), BAL_OK);                                             \
	} while (0)

/* It is taken while `place` is `unusual`. */
#define TAKEN(scene, place, unusual)                                                               \
	do {                                                                                       \
		__typeof__(place) right = (place);                                                 \
		(place) = (__typeof__(place))(unusual);                                            \
		if (load(scene) != BAL_OK)                                                         \
			fail_msg("refused: %s", #place " = " #unusual);                            \
		(place) = right;                                                                   \
	} while (0)

static void test_a_busy_core_comes_back(void **state)
{
	struct scene *scene = *state;
	struct scene *other = scene_open(&SCENE_LIMITS);
	uint8_t *bytes, *again;
	size_t size = save(scene, &bytes);

	assert_int_equal(bal_core_load(other->core, bytes, size), BAL_OK);
	assert_int_equal(save(other, &again), size);
	assert_memory_equal(bytes, again, size);
	assert_true(bal_core_digest(scene->core) == bal_core_digest(other->core));
	assert_true(bal_deadline_ns(scene->core) == bal_deadline_ns(other->core));
	/* Both go on alike: the parent ends, the slot it lent is the child's. */
	other->now_ns = scene->now_ns;
	scene_clear(scene);
	scene_succeed(scene, CHILD, NS_PER_S);
	scene_succeed(other, CHILD, NS_PER_S);
	scene_expect(scene, "complete 2 succeeded; dispatch 6.1@101");
	scene_expect(other, "complete 2 succeeded; dispatch 6.1@101");
	scene_succeed(scene, RUNNING, NS_PER_S);
	scene_succeed(other, RUNNING, NS_PER_S);
	scene_run_for(scene, NS_PER_MIN);
	scene_run_for(other, NS_PER_MIN);
	assert_true(bal_core_digest(scene->core) == bal_core_digest(other->core));
	free(bytes);
	free(again);
	scene_close(other);
}

/* The form is a promise to states that are on disk: a change of it is a new version. */
static void test_the_head_names_the_version(void **state)
{
	struct scene *scene = *state;
	uint8_t *bytes;

	save(scene, &bytes);
	assert_memory_equal(bytes, "BALS\27\0\0\0", 8);
	free(bytes);
}

static void test_the_cores_own_numbers(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	uint64_t random[4];

	for (uint32_t i = 0; i < BAL_KNOB_COUNT; i++)
		REFUSED(scene, core->knobs[i], INT64_MIN);
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		REFUSED(scene, core->served_ns[i], -1);
	REFUSED(scene, core->retry_tokens_permille, UINT64_MAX);
	REFUSED(scene, core->limits.tasks_max, 511);
	REFUSED(scene, core->limits.conversations_max, 5);
	memcpy(random, core->random.state, sizeof random);
	memset(core->random.state, 0, sizeof random);
	refused(scene, "a random source that says nothing but zeros");
	for (uint32_t i = 0; i < 4; i++)
		TAKEN(scene, core->random.state[i], 1);
	memcpy(core->random.state, random, sizeof random);
}

static void test_pools_and_limits(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct pool *pool = &core->pools[POOL_PROCESS];

	REFUSED(scene, pool->conf.pool, 0);
	REFUSED(scene, pool->conf.slots, 0);
	REFUSED(scene, pool->conf.limits[3], 3);
	REFUSED(scene, pool->exists, false);
	REFUSED(scene, pool->ordered, 1);
	REFUSED(scene, core->shared[2].starts_max, 1);
	core->shared[2].starts_max = 1;
	TAKEN(scene, core->shared[2].starts_period_ns, 1);
	core->shared[2].starts_max = 0;
	REFUSED(scene, core->shared[2].starts_due_ns, -1);
}

static void test_tenants(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;

	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		REFUSED(scene, core->tenants[3].served_ns[i], -1);
	REFUSED(scene, core->tenants[3].rate_max, 1);
	core->tenants[3].rate_max = 1;
	TAKEN(scene, core->tenants[3].rate_period_ns, 1);
	core->tenants[3].rate_max = 0;
	REFUSED(scene, core->tenants[3].rate_due_ns, -1);
}

static void test_orders_and_decisions(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct order *order = order_find(core, core->pools[POOL_PROCESS].order_open);
	struct bal_why *why = &core->decisions[0];

	REFUSED(scene, order->id, order->id & ~ORDER_BIT);
	REFUSED(scene, order->id, order->id + 1);
	REFUSED(scene, order->why.pool, core->limits.pools_max);
	REFUSED(scene, order->why.losers_count, BAL_LOSERS_MAX + 1);
	REFUSED(scene, order->seen, 1);
	/* Likewise of an order that has ended, which nothing is counted by. */
	order->ended = true;
	core->pools[POOL_PROCESS].ordered = 0;
	core->pools[POOL_PROCESS].order_open = 0;
	REFUSED(scene, order->why.pool, core->limits.pools_max);
	REFUSED(scene, order->id, order->id & ~ORDER_BIT);
	REFUSED(scene, order->why.violations_count, BAL_VIOLATIONS_MAX + 1);
	REFUSED(scene, order->why.nearest_count, BAL_NEAREST_MAX + 1);
	assert_int_equal(why->kind, BAL_WHY_ROUTED);
	REFUSED(scene, why->id, 0);
	REFUSED(scene, why->losers_count, BAL_LOSERS_MAX + 1);
	REFUSED(scene, why->violations_count, BAL_VIOLATIONS_MAX + 1);
	REFUSED(scene, why->nearest_count, BAL_NEAREST_MAX + 1);
	TAKEN(scene, why->losers_count, BAL_LOSERS_MAX);
	TAKEN(scene, why->violations_count, BAL_VIOLATIONS_MAX);
	TAKEN(scene, why->nearest_count, BAL_NEAREST_MAX);
	REFUSED(scene, why->kind, BAL_WHY_NOTHING);
}

static void test_agents(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct agent *agent = agent_find(core, AGENT_FREE);

	REFUSED(scene, agent->id, 0);
	REFUSED(scene, agent->id, ID_LIMIT);
	REFUSED(scene, agent->id, AGENT_FULL);
	REFUSED(scene, agent->pool, core->limits.pools_max);
	REFUSED(scene, agent->pool, 4);
	REFUSED(scene, agent->state, BAL_AGENT_FREE);
	REFUSED(scene, agent->state, BAL_AGENT_GONE);
	REFUSED(scene, agent->slots, core->limits.effects_max / 4 + 1);
	TAKEN(scene, agent->slots, core->limits.effects_max / 4);
	TAKEN(scene, agent->id, ID_LIMIT - 1);
	REFUSED(scene, agent->idle, false);
	REFUSED(scene, agent->idle, 2);
	REFUSED(scene, agent_find(core, AGENT_FULL)->idle, true);
	REFUSED(scene, agent->seat, 1);
	REFUSED(scene, agent->seat, core->limits.agents_max);
}

static void test_tasks(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct task *queued = task_find(core, QUEUED);
	struct task *running = task_find(core, RUNNING);
	struct task *patient = task_find(core, PATIENT);

	REFUSED(scene, queued->id, 0);
	REFUSED(scene, queued->id, ID_LIMIT);
	REFUSED(scene, queued->id, RUNNING);
	REFUSED(scene, queued->lane, 40);
	REFUSED(scene, queued->kind, core->limits.kinds_max);
	REFUSED(scene, queued->tenant, core->limits.tenants_max);
	REFUSED(scene, queued->size_ns, -1);
	REFUSED(scene, queued->agent, 0);
	REFUSED(scene, queued->agent, 60);
	REFUSED(scene, queued->state, BAL_TASK_FREE);
	REFUSED(scene, queued->state, BAL_TASK_SUCCEEDED);
	REFUSED(scene, queued->state, BAL_TASK_RUNNING);
	TAKEN(scene, queued->state, BAL_TASK_SUBMITTED);
	REFUSED(scene, running->agent, BAL_NONE);
	REFUSED(scene, running->agent, map_get(&core->agents_by_id, AGENT_FREE));
	REFUSED(scene, running->state, BAL_TASK_QUEUED);
	REFUSED(scene, patient->waits_for, PATIENT);
	REFUSED(scene, patient->waits_for, 4711);
	REFUSED(scene, task_find(core, CHILD)->lender, 0);
	REFUSED(scene, task_find(core, PARENT)->lent_to, RUNNING);
	REFUSED(scene, task_find(core, KID)->parent, 0);
}

static void test_lists(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct task *kid = task_find(core, KID);
	struct agent *alone = agent_find(core, AGENT_ALONE);
	struct task *running = task_find(core, RUNNING);

	list_remove(&core->children_queued, &kid->child_node);
	refused(scene, "a queued child that its parent's slot is not offered to");
	list_append(&core->children_queued, &kid->child_node);
	list_remove(&alone->tasks, &running->agent_node);
	refused(scene, "a running task that its agent does not know");
	list_append(&alone->tasks, &running->agent_node);
	assert_int_equal(load(scene), BAL_OK);
}

/* Effects that the host has not taken yet are there after the load, in their order. */
static void test_effects_that_wait(void **state)
{
	struct scene *scene = *state;
	struct scene *other = scene_open(&SCENE_LIMITS);
	struct bal_effect item[4];
	struct bal_effects effects = {.items = item, .capacity = 1};
	struct bal_event event = {.now_ns = scene->now_ns,
		.type = BAL_EVENT_AGENT_DOWN,
		.down = {.agent = AGENT_FULL}};
	uint8_t *bytes, *again;
	uint64_t digest;
	size_t size;

	assert_int_equal(bal_step(scene->core, &event, &effects), BAL_OK);
	assert_true(effects.more);
	size = save(scene, &bytes);
	assert_int_equal(bal_core_load(other->core, bytes, size), BAL_OK);
	assert_int_equal(save(other, &again), size);
	assert_memory_equal(bytes, again, size);
	event.type = BAL_EVENT_MORE;
	effects.capacity = 4;
	bal_step(scene->core, &event, &effects);
	assert_true(effects.count > 0);
	digest = bal_effects_digest(0, &effects);
	bal_step(other->core, &event, &effects);
	assert_true(bal_effects_digest(0, &effects) == digest);
	free(bytes);
	free(again);
	scene_close(other);
}

static void seal(uint8_t *bytes, size_t size)
{
	uint32_t sum = checksum_crc32c(0, bytes, size - 4);

	for (uint32_t i = 0; i < 4; i++)
		bytes[size - 4 + i] = (uint8_t)(sum >> (8 * i));
}

static enum bal_status load_bytes(uint8_t *bytes, size_t size)
{
	struct scene *other = scene_open(&SCENE_LIMITS);
	enum bal_status status;

	seal(bytes, size);
	status = bal_core_load(other->core, bytes, size);
	scene_close(other);
	return status;
}

/* A writer that stopped early, or went on too long, and made the check sum all the same. */
static void test_too_little_and_too_much(void **state)
{
	struct scene *scene = *state;
	uint8_t *bytes, *longer;
	size_t size = save(scene, &bytes);

	assert_int_equal(load_bytes(bytes, size), BAL_OK);
	longer = calloc(1, size + 8);
	assert_non_null(longer);
	for (size_t more = 1; more <= 8; more++) {
		memcpy(longer, bytes, size);
		memset(longer + size - 4, 0, 4);
		assert_int_equal(load_bytes(longer, size + more), BAL_BROKEN);
	}
	for (size_t less = 1; less < size - 8; less += 1 + less / 16) {
		memcpy(longer, bytes, size);
		assert_int_equal(load_bytes(longer, size - less), BAL_BROKEN);
	}
	for (size_t place = 0; place < 8; place++) {
		memcpy(longer, bytes, size);
		longer[place]++; /* another magic, or another version */
		assert_int_equal(load_bytes(longer, size), BAL_BROKEN);
	}
	free(longer);
	free(bytes);
}

/* Choices after a load are those of before: the weights, the prices and what was learned count. */
static void test_choices_after_a_load(void **state)
{
	struct scene *scene = *state;
	struct bal_event_pool dear = scene_pool_standard(3, BAL_POOL_URLS);
	struct bal_event_task task = {.id = 100, .size_ns = NS_PER_MIN, .needs.tags.words = {8}};
	struct scene *other;
	uint8_t *bytes;
	size_t size;

	dear.offers.words[0] = 8;
	dear.price_microcents_hour = 900000000;
	scene_pool(scene, &dear);
	scene_agent(scene, 201, 3, 4);
	dear.pool = 4;
	dear.price_microcents_hour = 0;
	scene_pool(scene, &dear);
	scene_agent(scene, 202, 4, 4);
	scene_sample(scene, 202, BAL_SIGNAL_CPU_PERMILLE, 800);
	size = save(scene, &bytes);
	other = scene_open(&SCENE_LIMITS);
	assert_int_equal(bal_core_load(other->core, bytes, size), BAL_OK);
	other->now_ns = scene->now_ns;
	for (uint32_t i = 0; i < 2; i++) {
		struct scene *one = i == 0 ? scene : other;
		struct bal_why why;

		assert_int_equal(scene_submit(one, task), BAL_OK);
		why = scene_why(one, task.id);
		assert_int_equal(why.winner.agent, 202);
		assert_int_equal(why.losers[0].agent, 201);
		assert_true(why.losers[0].composite_ns - why.winner.composite_ns > NS_PER_S);
		assert_int_equal(why.winner.cpu_permille, 800);
	}
	free(bytes);
	scene_close(other);
}

static void test_what_was_learned(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct history *history = container_of(core->history_use.first, struct history, use_node);
	struct context *context = container_of(core->context_use.first, struct context, use_node);
	struct history *last = container_of(core->history_use.last, struct history, use_node);

	assert_ptr_not_equal(history, last);
	assert_true(history->kind_hash == last->kind_hash);
	REFUSED(scene, history->who, last->who);
	REFUSED(scene, context->conversation, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, busy_begin, scene_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_a_busy_core_comes_back),
		TEST(test_the_head_names_the_version),
		TEST(test_the_cores_own_numbers),
		TEST(test_pools_and_limits),
		TEST(test_tenants),
		TEST(test_orders_and_decisions),
		TEST(test_agents),
		TEST(test_tasks),
		TEST(test_lists),
		TEST(test_effects_that_wait),
		TEST(test_too_little_and_too_much),
		TEST(test_choices_after_a_load),
		TEST(test_what_was_learned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

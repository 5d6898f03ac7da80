/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check notices damage: in a busy core that is sound, one number or link is made wrong at a
 * time, and each time something must be said. That is what a loaded state is refused by, and what
 * the tests with hostile hosts rely on.
 */
#include "busy.h"

#include "core/agent.h"
#include "core/check.h"
#include "core/order.h"
#include "core/task.h"
#include "core/timer.h"

static void said(const struct scene *scene, const char *what)
{
	if (check_core(scene->core) == NULL)
		fail_msg("not noticed: %s", what);
}

static void sound(const struct scene *scene)
{
	const char *fault = check_core(scene->core);

	if (fault != NULL)
		fail_msg("a sound core is called broken: %s", fault);
}

/* Something must be said while `place` is `wrong`. */
#define DAMAGE(scene, place, wrong)                                                                \
	do {                                                                                       \
		__typeof__(place) right = (place);                                                 \
		(place) = (__typeof__(place))(wrong);                                              \
		said(scene, #place " = " #wrong);                                                  \
		(place) = right;                                                                   \
		sound(scene);                                                                      \
	} while (0)

/* Likewise while a counter is one too high. */
#define MISCOUNT(scene, counter) DAMAGE(scene, counter, (counter) + 1)

static void test_of_all_tasks(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;

	MISCOUNT(scene, core->totals.tasks);
	MISCOUNT(scene, core->tasks.count);
	MISCOUNT(scene, core->tasks_by_id.count);
	MISCOUNT(scene, core->children_queued.count);
	MISCOUNT(scene, core->deferred.count);
	MISCOUNT(scene, core->waiters.count);
	for (uint32_t i = 0; i < BAL_TASK_STATE_COUNT; i++)
		MISCOUNT(scene, core->totals.states[i]);
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		MISCOUNT(scene, core->waiting[i]);
}

static void test_of_one_task(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct task *queued = task_find(core, NEEDY);
	struct task *ending = task_find(core, ENDING);
	struct task *parent = task_find(core, PARENT);
	uint32_t place = map_get(&core->tasks_by_id, NEEDY);

	map_put(&core->tasks_by_id, NEEDY, place + 1);
	said(scene, "an id that leads to another task");
	map_put(&core->tasks_by_id, NEEDY, place);
	DAMAGE(scene, queued->agent, 0);
	DAMAGE(scene, queued->lender, PARENT);
	DAMAGE(scene, queued->waiter_next, 0);
	DAMAGE(scene, queued->age_node.key, 5);
	DAMAGE(scene, queued->order_node.tie, 6);
	DAMAGE(scene, ending->end_state, BAL_TASK_QUEUED);
	DAMAGE(scene, parent->lent_to, 4711);
	DAMAGE(scene, parent->lent_to, RUNNING);
	DAMAGE(scene, queued->lent_to, CHILD + 1000);
	DAMAGE(scene, queued->waits_for, RUNNING);
}

/* Somebody who is there only in part: everything else agrees with the wrong state. */
static void test_of_states_that_nobody_lives_in(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct task *ending = task_find(core, ENDING);
	struct agent *full = agent_find(core, AGENT_FULL);
	struct pool *pool = &core->pools[POOL_URLS];
	static const enum bal_agent_state gone[] = {BAL_AGENT_FREE, BAL_AGENT_GONE};

	ending->state = BAL_TASK_SUCCEEDED;
	core->totals.states[BAL_TASK_FINISHING]--;
	core->totals.states[BAL_TASK_SUCCEEDED]++;
	said(scene, "a task that has ended among the live ones");
	core->totals.states[BAL_TASK_SUCCEEDED]--;
	core->totals.states[BAL_TASK_FINISHING]++;
	ending->state = BAL_TASK_FINISHING;
	for (uint32_t i = 0; i < 2; i++) {
		full->state = (uint8_t)gone[i];
		pool->state_count[BAL_AGENT_READY]--;
		pool->state_count[gone[i]]++;
		pool->slots_ready -= full->slots;
		said(scene, "an agent that is gone among the live ones");
		pool->slots_ready += full->slots;
		pool->state_count[gone[i]]--;
		pool->state_count[BAL_AGENT_READY]++;
		full->state = BAL_AGENT_READY;
	}
	sound(scene);
}

/* A durable task that waits for another one, and ends all the same, leaves its chain only when its
 * end is stored. */
static void test_an_end_while_waiting_is_sound(void **state)
{
	struct scene *scene = *state;
	struct bal_event_task task = {.id = 40,
		.priority = BAL_PRIORITY_NORMAL,
		.flags = BAL_TASK_DURABLE,
		.needs.tags.words = {2}};

	assert_int_equal(scene_submit(scene, task), BAL_OK);
	assert_int_equal(scene_stored(scene, 40, BAL_OK), BAL_OK);
	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = 40, .epoch = 1, .attempt = 1,
				 .outcome = BAL_OUTCOME_HANDED_BACK, .waits_for = RUNNING),
		BAL_OK);
	assert_int_equal(scene_cancel(scene, 40), BAL_OK);
	assert_int_equal(scene_task_view(scene, 40).state, BAL_TASK_FINISHING);
	sound(scene);
	DAMAGE(scene, task_find(scene->core, 40)->waits_for, 40);
	scene_clear(scene);
	assert_int_equal(scene_result_stored(scene, 40, BAL_OK), BAL_OK);
	scene_expect(scene, "complete 40 cancelled");
	sound(scene);
}

static void test_of_timers(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct task *task = task_find(core, RUNNING);
	struct agent *agent = agent_find(core, AGENT_FREE);
	struct timer foreign = {.owner = TIMER_TASK};

	DAMAGE(scene, task->timer.owner, TIMER_AGENT);
	DAMAGE(scene, agent->timer.owner, TIMER_POOL);
	DAMAGE(scene, core->pools[POOL_PROCESS].timer.owner, TIMER_TASK);
	DAMAGE(scene, core->pools[POOL_PROCESS].timer.node.tie, 1);
	DAMAGE(scene, task->until_ns, task->until_ns - 1);
	DAMAGE(scene, task->until_ns, BAL_NEVER_NS);
	DAMAGE(scene, task_find(core, QUEUED)->deadline_ns, scene->now_ns + NS_PER_HOUR);
	timer_set(core, &foreign, 1, scene->now_ns + NS_PER_HOUR);
	said(scene, "a timer of nobody");
	timer_clear(core, &foreign);
	sound(scene);
}

static void test_of_chains_of_waiters(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	uint32_t first = map_get(&core->waiters, RUNNING);
	struct task *task = task_at(core, first);

	assert_true(task->waiter_next != BAL_NONE);
	DAMAGE(scene, task->waiter_next, BAL_NONE);
	map_remove(&core->waiters, RUNNING);
	said(scene, "a chain without its first");
	map_put(&core->waiters, RUNNING, first);
	/* Both wait for something that is not there, in good order. */
	map_remove(&core->waiters, RUNNING);
	map_put(&core->waiters, 4711, first);
	task->waits_for = 4711;
	task_at(core, task->waiter_next)->waits_for = 4711;
	said(scene, "tasks that wait for nobody");
	task->waits_for = RUNNING;
	task_at(core, task->waiter_next)->waits_for = RUNNING;
	map_remove(&core->waiters, 4711);
	map_put(&core->waiters, RUNNING, first);
	sound(scene);
}

static void test_of_children(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct task *kid = task_find(core, KID);
	struct task *queued = task_find(core, QUEUED);

	list_remove(&core->children_queued, &kid->child_node);
	list_append(&core->children_queued, &queued->child_node);
	said(scene, "somebody else among the children");
	list_remove(&core->children_queued, &queued->child_node);
	list_append(&core->children_queued, &kid->child_node);
	sound(scene);
}

/* A running task that is not where it runs, while all that is counted agrees. */
static void test_of_running_tasks(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct task *task = task_find(core, CONTENT);
	struct agent *agent = agent_find(core, AGENT_FREE);
	struct pool *pool = &core->pools[POOL_PROCESS];
	struct list elsewhere = {.count = 0};
	uint32_t place = task->agent;

	list_remove(&agent->tasks, &task->agent_node);
	agent->running--;
	pool->running--;
	core->shared[1].running--;
	said(scene, "a running task that no agent knows");
	list_append(&elsewhere, &task->agent_node);
	task->agent = core->limits.agents_max - 1;
	said(scene, "a task that runs on an agent that is not there");
	task->agent = place;
	list_remove(&elsewhere, &task->agent_node);
	core->shared[1].running++;
	pool->running++;
	agent->running++;
	list_append(&agent->tasks, &task->agent_node);
	sound(scene);
}

static void test_of_deferred_tasks(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct task *running = task_find(core, RUNNING);
	struct task *queued = task_find(core, QUEUED);

	list_append(&core->deferred, &running->defer_node);
	said(scene, "a running task that waits for a faster agent");
	list_remove(&core->deferred, &running->defer_node);
	list_append(&core->deferred, &queued->defer_node);
	said(scene, "a task in its share and deferred");
	list_remove(&core->deferred, &queued->defer_node);
	sound(scene);
}

static void test_of_the_queue(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct task *task = task_find(core, NEEDY);
	struct lane *lane = slab_at(&core->lanes, task->lane);
	struct heap *shares = &lane->classes[BAL_PRIORITY_BATCH].shares;
	struct share *share = container_of(heap_first(shares), struct share, node);
	int64_t key = share->node.key;
	uint64_t tie = share->node.tie;

	DAMAGE(scene, share->node.tie, 9);
	DAMAGE(scene, share->node.key, INT64_MAX);
	DAMAGE(scene, share->tenant, 4);
	DAMAGE(scene, share->priority, BAL_PRIORITY_LOW);
	heap_remove(shares, &share->node);
	said(scene, "a share that nobody sees");
	heap_insert(shares, &share->node, key, tie);
	share = slab_take(&core->shares);
	share->tenant = 7;
	heap_insert(shares, &share->node, 0, 7);
	core->shares_by_key.count++;
	said(scene, "a share of nothing");
	core->shares_by_key.count--;
	heap_remove(shares, &share->node);
	slab_give(&core->shares, share);
	sound(scene);
	MISCOUNT(scene, core->shares.count);
	MISCOUNT(scene, core->shares_by_key.count);
	MISCOUNT(scene, lane->live);
	MISCOUNT(scene, lane->waiting);
	MISCOUNT(scene, lane->pool_count);
	DAMAGE(scene, lane->pool_first, 1);
	MISCOUNT(scene, core->lanes.count);
	MISCOUNT(scene, core->lanes_by_hash.count);
	MISCOUNT(scene, core->lanes_active.count);
	lane->pool_count++;
	lane->pools[0] |= 1u << 4;
	said(scene, "a pool that does not exist");
	lane->pools[0] &= ~(UINT64_C(1) << 4);
	lane->pool_count--;
	sound(scene);
	list_remove(&core->lanes_active, &lane->active_node);
	core->lanes_active.count++;
	said(scene, "a lane that nobody looks at");
	core->lanes_active.count--;
	list_append(&core->lanes_active, &lane->active_node);
	sound(scene);
}

static void test_of_tenants_and_limits(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;

	for (uint32_t i = 0; i < core->limits.tenants_max; i++) {
		MISCOUNT(scene, core->tenants[i].queued);
		MISCOUNT(scene, core->tenants[i].running);
	}
	for (uint32_t i = 0; i < core->limits.limits_max; i++)
		MISCOUNT(scene, core->shared[i].running);
}

static void test_of_one_agent(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct agent *full = agent_find(core, AGENT_FULL);
	struct agent *alone = agent_find(core, AGENT_ALONE);
	struct agent *idle = agent_find(core, AGENT_FREE);
	struct pool *urls = &core->pools[POOL_URLS];
	struct pool *process = &core->pools[POOL_PROCESS];

	MISCOUNT(scene, full->tasks.count);
	MISCOUNT(scene, full->running);
	MISCOUNT(scene, full->lent);
	MISCOUNT(scene, full->exclusive);
	DAMAGE(scene, alone->exclusive, 0);
	DAMAGE(scene, full->pool, POOL_PROCESS);
	urls->running++;
	full->running++;
	said(scene, "an agent whose number is wrong, and its pool's with it");
	full->running--;
	urls->running--;
	urls->lent++;
	full->lent++;
	said(scene, "likewise of lent slots");
	full->lent--;
	urls->lent--;
	idle->idle = false;
	process->idle_count--;
	said(scene, "an agent with free slots that nobody looks at");
	process->idle_count++;
	idle->idle = true;
	full->idle = true;
	alone->idle = true;
	urls->idle_count += 2;
	said(scene, "full agents among the idle ones");
	urls->idle_count -= 2;
	alone->idle = false;
	full->idle = false;
	DAMAGE(scene, full->seat, alone->seat);
	DAMAGE(scene, full->seat, urls->seat_count);
	DAMAGE(scene, urls->seats[full->seat], urls->seats[alone->seat]);
	map_put(&core->agents_by_id, AGENT_FREE, 0);
	said(scene, "an id that leads to another agent");
	map_put(&core->agents_by_id, AGENT_FREE, slab_index(&core->agents, idle));
	sound(scene);
}

static void test_of_pools(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;

	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		struct pool *pool = &core->pools[i];

		for (uint32_t j = 0; j < BAL_AGENT_STATE_COUNT; j++)
			MISCOUNT(scene, pool->state_count[j]);
		MISCOUNT(scene, pool->slots_ready);
		MISCOUNT(scene, pool->running);
		MISCOUNT(scene, pool->lent);
		MISCOUNT(scene, pool->idle_count);
		MISCOUNT(scene, pool->seat_count);
		MISCOUNT(scene, pool->agents.count);
		MISCOUNT(scene, pool->ordered);
		DAMAGE(scene, pool->order_open, 1);
		core->agents.count++;
		core->agents_by_id.count++;
		pool->agents.count++;
		said(scene, "a pool with more agents than its list");
		pool->agents.count--;
		core->agents.count--;
		core->agents_by_id.count--;
	}
	MISCOUNT(scene, core->agents.count);
	MISCOUNT(scene, core->agents_by_id.count);
}

static void test_of_orders(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct pool *pool = &core->pools[POOL_PROCESS];
	struct order *order = order_find(core, pool->order_open);

	assert_non_null(order);
	assert_int_equal(pool->ordered, 2);
	DAMAGE(scene, order->seen, order->wanted + 1);
	DAMAGE(scene, order->seen, 1);
	core->orders[core->limits.orders_max - 1].ended = true; /* never used */
	MISCOUNT(scene, core->orders[core->limits.orders_max - 1].seen);
	core->orders[core->limits.orders_max - 1].ended = false;
	DAMAGE(scene, order->why.pool, POOL_URLS);
	pool->ordered = 0;
	order->ended = true;
	said(scene, "a pool that waits for an order that has ended");
	order->ended = false;
	core->pools[POOL_URLS].ordered = 2;
	order->why.pool = POOL_URLS;
	said(scene, "a pool that waits for the order of another");
	order->why.pool = POOL_PROCESS;
	core->pools[POOL_URLS].ordered = 0;
	pool->ordered = 2;
	sound(scene);
}

static void test_of_what_was_learned(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;
	struct history *history;
	struct context *context;

	assert_true(core->history_use.count > 0);
	assert_true(core->context_use.count > 0);
	history = container_of(core->history_use.first, struct history, use_node);
	context = container_of(core->context_use.first, struct context, use_node);
	DAMAGE(scene, history->key, history->key + 1);
	DAMAGE(scene, context->conversation, context->conversation + 1);
	MISCOUNT(scene, core->history_use.count);
	MISCOUNT(scene, core->histories.count);
	MISCOUNT(scene, core->histories_by_key.count);
	MISCOUNT(scene, core->context_use.count);
	MISCOUNT(scene, core->contexts.count);
	MISCOUNT(scene, core->contexts_by_id.count);
}

static void test_of_decisions_and_effects(void **state)
{
	struct scene *scene = *state;
	struct bal_core *core = scene->core;

	MISCOUNT(scene, core->decisions_by_id.count);
	map_put(&core->decisions_by_id, PARENT, map_get(&core->decisions_by_id, RUNNING));
	said(scene, "an id that leads to the decision about another task");
	map_put(&core->decisions_by_id, PARENT, 0);
	sound(scene);
	DAMAGE(scene, core->outbox.first, core->outbox.capacity);
	DAMAGE(scene, core->outbox.count, core->outbox.capacity + 1);
	core->outbox.count = 2;
	core->outbox.first = core->outbox.capacity - 1;
	DAMAGE(scene, core->outbox.items[0].type, BAL_EFFECT_COUNT);
	DAMAGE(scene, core->outbox.items[core->outbox.capacity - 1].type, BAL_EFFECT_COUNT);
	core->outbox.count = 0;
	core->outbox.first = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, busy_begin, scene_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_of_all_tasks),
		TEST(test_of_one_task),
		TEST(test_of_states_that_nobody_lives_in),
		TEST(test_an_end_while_waiting_is_sound),
		TEST(test_of_timers),
		TEST(test_of_chains_of_waiters),
		TEST(test_of_children),
		TEST(test_of_running_tasks),
		TEST(test_of_deferred_tasks),
		TEST(test_of_the_queue),
		TEST(test_of_tenants_and_limits),
		TEST(test_of_one_agent),
		TEST(test_of_pools),
		TEST(test_of_orders),
		TEST(test_of_what_was_learned),
		TEST(test_of_decisions_and_effects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of an agent against an exhaustive minimum: the oracle here walks all agents there are,
 * finds histories by looking at all of them and writes the formulas of the five factors down once
 * more, from the header comments. Nothing of score.c, choice.c, shelf.c or learn.c is called.
 *
 * Like the core it takes what a second of size costs on an agent as a float, and what is believed
 * of agents not known yet as it was last told; that this is never far from the truth is a test of
 * its own. */
#include "scene.h"

#include "base/prng.h"
#include "core/state.h"

#include <string.h>

#define STATES      100000
#define AGENTS      12
#define AGENT_FIRST 101
#define POOLS       3
#define KINDS       3
#define RUNNING_MAX 64

struct cost {
	uint64_t agent;
	enum bal_reason violated;
	int64_t factor_ns[BAL_FACTOR_COUNT];
	int64_t composite_ns;
	float rate;
	uint32_t pool, seat;
};

struct oracle {
	struct cost costs[AGENTS];
	uint32_t count;
	const struct bal_core *core;
	const struct bal_event_task *task;
};

static double shrink(const struct mean *mean, double prior, double weight)
{
	return (mean->value * mean->weight + prior * weight) / (mean->weight + weight);
}

static const struct history *history_of(const struct bal_core *core, uint64_t who, uint32_t kind)
{
	for (const struct list_node *node = core->history_use.first; node != NULL;
		node = list_next(node)) {
		const struct history *history = container_of(node, struct history, use_node);

		if (history->who == who && history->kind_hash == kind)
			return history;
	}
	return NULL;
}

/* What the pool's agents that are not known yet are believed to be. */
static double expected_slowness(const struct bal_core *core, uint32_t pool, uint32_t kind)
{
	const struct history *history = history_of(core, UINT64_C(1) << 63 | pool, kind);

	return history == NULL || history->told == 0.0 ? 1.0 : history->told;
}

/* Slowness: fast mean shrunk to the slow one (10), that to the pool's (5). */
static double slowness(const struct bal_core *core, const struct agent *agent, uint32_t kind)
{
	const struct history *own = history_of(core, agent->id, kind);
	double expected = expected_slowness(core, agent->pool, kind);

	if (own == NULL)
		return expected;
	if (own->fast.weight >= 100.0)
		expected = own->slow.value;
	return shrink(&own->fast, shrink(&own->slow, expected, 5.0), 10.0);
}

static double success(const struct bal_core *core, const struct agent *agent, uint32_t kind)
{
	const struct history *own = history_of(core, agent->id, kind);
	double expected =
		core->kinds[kind].success_told == 0.0 ? 1.0 : core->kinds[kind].success_told;

	if (own != NULL)
		expected = shrink(&own->success, expected, 10.0);
	if (expected < 0.05)
		return 0.05;
	return expected > 1.0 ? 1.0 : expected;
}

/* What is told of a pool or a kind lies within 4 % of what its means say now. */
static void expect_told(const struct bal_core *core)
{
	for (uint32_t kind = 0; kind < KINDS; kind++) {
		const struct mean *mean = &core->kinds[kind].success;
		double live = shrink(mean, 1.0, 10.0);
		double told = core->kinds[kind].success_told;

		told = told == 0.0 ? 1.0 : told;
		assert_true(live > told * 0.9599 && live < told * 1.0401);
		for (uint32_t pool = 0; pool < POOLS; pool++) {
			const struct history *history =
				history_of(core, UINT64_C(1) << 63 | pool, kind);

			if (history == NULL || history->slow.weight == 0.0)
				continue;
			live = shrink(&history->fast, shrink(&history->slow, 1.0, 5.0), 10.0);
			assert_true(live > history->told * 0.9599);
			assert_true(live < history->told * 1.0401);
		}
	}
}

/* What a warm context or the parent's neighbourhood saves, believed like twenty samples. */
static double saved(const struct mean *with, const struct mean *without, double prior)
{
	struct mean share = {
		.weight = with->weight < without->weight ? with->weight : without->weight};

	if (share.weight > 0.0 && without->value > 0.0)
		share.value = 1.0 - with->value / without->value;
	if (share.value < -0.9)
		share.value = -0.9;
	if (share.value > 0.9)
		share.value = 0.9;
	return shrink(&share, prior, 20.0);
}

static bool serves(const struct pool *pool, const struct bal_tags *tags, uint32_t cpu_millis,
	uint32_t memory_mib)
{
	for (uint32_t i = 0; i < BAL_TAG_WORDS; i++)
		if ((tags->words[i] & ~pool->conf.offers.words[i]) != 0)
			return false;
	return (pool->conf.cpu_millis == 0 || cpu_millis <= pool->conf.cpu_millis) &&
	       (pool->conf.memory_mib == 0 || memory_mib <= pool->conf.memory_mib);
}

/* Expected arrivals per second and ready slot of the other lanes that this pool serves. */
static double rivals(const struct bal_core *core, const struct pool *pool, const struct task *task)
{
	double all = 0.0, own = 0.0;

	for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
		i = slab_next(&core->lanes, i + 1)) {
		const struct lane *lane = slab_at(&core->lanes, i);
		double quiet_s = (double)(core->now_ns - lane->rate_at_ns) / 1e9;
		double rate = lane->rate / (1.0 + quiet_s / 60.0);
		uint32_t slots = 0;

		for (uint32_t j = 0; j < POOLS; j++)
			if (serves(&core->pools[j], &lane->tags, lane->cpu_millis,
				    lane->memory_mib))
				slots += core->pools[j].slots_ready;
		rate /= slots == 0 ? 1.0 : (double)slots;
		if (serves(pool, &lane->tags, lane->cpu_millis, lane->memory_mib))
			all += rate;
		if (i == task->lane)
			own = rate;
	}
	return all - own > 0.0 ? all - own : 0.0;
}

static double pressure(const struct agent *agent)
{
	double sum = 0.0;
	int64_t cpu = agent->signals[BAL_SIGNAL_CPU_PERMILLE];
	int64_t memory = agent->signals[BAL_SIGNAL_MEMORY_PERMILLE];

	if (cpu > 700)
		sum += (double)((cpu < 1000 ? cpu : 1000) - 700) / 1000.0;
	if (memory > 850)
		sum += (double)((memory < 1000 ? memory : 1000) - 850) / 1000.0;
	return sum;
}

static int64_t weigh(const struct bal_core *core, const int64_t factor_ns[BAL_FACTOR_COUNT])
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		sum += factor_ns[i] * core->knobs[BAL_KNOB_WEIGHT_LOAD + i];
	return sum / 1000;
}

static double size_of(const struct oracle *oracle)
{
	const struct mean *mean = &oracle->core->kinds[oracle->task->kind].service_s;

	if (oracle->task->size_ns > 0)
		return (double)oracle->task->size_ns / 1e9;
	return mean->weight > 0.0 ? mean->value : 1.0;
}

static uint64_t warm_agent(const struct oracle *oracle)
{
	for (const struct list_node *node = oracle->core->context_use.first; node != NULL;
		node = list_next(node)) {
		const struct context *context = container_of(node, struct context, use_node);

		if (context->conversation == oracle->task->conversation)
			return context->agent;
	}
	return 0;
}

static const struct task *task_of(const struct bal_core *core, uint64_t id)
{
	for (uint32_t i = slab_next(&core->tasks, 0); i != SLAB_NONE;
		i = slab_next(&core->tasks, i + 1)) {
		const struct task *task = slab_at(&core->tasks, i);

		if (task->id == id)
			return task;
	}
	return NULL;
}

static double collaboration(const struct oracle *oracle, uint32_t place, uint64_t agent)
{
	const struct kind *kind = &oracle->core->kinds[oracle->task->kind];
	const struct task *parent = task_of(oracle->core, oracle->task->parent);
	double share = 0.0;

	if (warm_agent(oracle) == agent) {
		double warm = saved(&kind->warm, &kind->cold, 0.2);

		share += warm > 0.0 ? warm : 0.0;
	}
	if (parent != NULL && parent->agent == place)
		share += saved(&kind->beside, &kind->apart, 0.05);
	return share;
}

/* The weight of a factor, in seconds per second. */
static double weight(const struct bal_core *core, enum bal_factor factor)
{
	return (double)core->knobs[BAL_KNOB_WEIGHT_LOAD + factor] / 1000.0;
}

static void price(const struct oracle *oracle, const struct task *task, uint32_t place,
	const struct agent *agent, struct cost *cost)
{
	const struct bal_core *core = oracle->core;
	const struct pool *pool = &core->pools[agent->pool];
	double slow = slowness(core, agent, task->kind);
	double service_s = size_of(oracle) * slow;
	double pool_s = size_of(oracle) * expected_slowness(core, agent->pool, task->kind);
	double coming = rivals(core, pool, task) * pool_s;
	double dear = (double)pool->conf.price_microcents_hour / 5e8;
	double crowded = 0.25 * ((double)agent->running / (double)agent->slots) + pressure(agent);
	double sure = success(core, agent, task->kind);
	double saving = collaboration(oracle, place, agent->id);
	double stranded = 0.0;
	double future_s = (coming < 10.0 ? coming : 10.0) * pool_s * 0.5;
	float base, load;

	if (pool->conf.memory_mib > 0 && oracle->task->needs.memory_mib > 0)
		stranded = 0.05 * (1.0 - (double)oracle->task->needs.memory_mib /
						  (double)pool->conf.memory_mib);
	cost->factor_ns[BAL_FACTOR_LOAD] = (int64_t)(service_s * crowded * 1e9);
	cost->factor_ns[BAL_FACTOR_PERFORMANCE] = (int64_t)(service_s / sure * 1e9);
	cost->factor_ns[BAL_FACTOR_FUTURE] = (int64_t)(future_s * 1e9);
	cost->factor_ns[BAL_FACTOR_EFFICIENCY] =
		(int64_t)((service_s * dear + pool_s * stranded) * 1e9);
	cost->factor_ns[BAL_FACTOR_COLLABORATION] = -(int64_t)(service_s * saving * 1e9);
	base = (float)(slow * (weight(core, BAL_FACTOR_PERFORMANCE) / sure +
				      weight(core, BAL_FACTOR_EFFICIENCY) * dear));
	load = (float)(weight(core, BAL_FACTOR_LOAD) * crowded);
	cost->rate = (float)slow * load + base;
	cost->composite_ns =
		(int64_t)(1e9 * (size_of(oracle) * (double)cost->rate +
					(weight(core, BAL_FACTOR_FUTURE) * future_s +
						weight(core, BAL_FACTOR_EFFICIENCY) *
							(pool_s * stranded)) -
					weight(core, BAL_FACTOR_COLLABORATION) * size_of(oracle) *
						(double)(float)slow * saving));
}

/* True when the agent's pool may start something and the agent has a slot. */
static bool is_free(const struct oracle *oracle, const struct agent *agent)
{
	const struct bal_core *core = oracle->core;
	const struct pool *pool = &core->pools[agent->pool];
	const struct bal_needs *needs = &oracle->task->needs;
	uint32_t limit = pool->conf.limits[0];

	return (agent->state == BAL_AGENT_READY || agent->state == BAL_AGENT_WARMING) &&
	       agent->running < agent->slots && agent->exclusive == 0 &&
	       agent->blocked_until_ns <= core->now_ns && !pool->paused_dispatch &&
	       serves(pool, &needs->tags, needs->cpu_millis, needs->memory_mib) &&
	       (limit == BAL_NONE || core->shared[limit].running < core->shared[limit].running_max);
}

static enum bal_reason violation(const struct oracle *oracle, const struct agent *agent)
{
	const struct bal_needs *needs = &oracle->task->needs;
	const struct pool *pool = &oracle->core->pools[agent->pool];
	int64_t used_mib = agent->signals[BAL_SIGNAL_MEMORY_MIB];

	for (uint32_t i = 0; i < BAL_NOT_AGENTS_MAX; i++)
		if (needs->not_agents[i] == agent->id)
			return BAL_REASON_FORBIDDEN;
	if (needs->exclusive && agent->running > 0)
		return BAL_REASON_NOT_ALONE;
	if (needs->memory_mib > 0 && pool->conf.memory_mib > 0 && used_mib >= 0 &&
		used_mib + needs->memory_mib > pool->conf.memory_mib)
		return BAL_REASON_MEMORY;
	return BAL_REASON_NONE;
}

static void look_at_all(struct oracle *oracle)
{
	const struct bal_core *core = oracle->core;
	const struct task *task = task_of(core, oracle->task->id);

	oracle->count = 0;
	for (uint32_t i = slab_next(&core->agents, 0); i != SLAB_NONE;
		i = slab_next(&core->agents, i + 1)) {
		const struct agent *agent = slab_at(&core->agents, i);
		struct cost *cost = &oracle->costs[oracle->count];

		if (!is_free(oracle, agent))
			continue;
		cost->agent = agent->id;
		cost->pool = agent->pool;
		cost->seat = agent->seat;
		cost->violated = violation(oracle, agent);
		price(oracle, task, i, agent, cost);
		oracle->count++;
	}
}

/* Composite, rate, pool, seat: the order of candidates. */
static bool before(const struct cost *a, const struct cost *b)
{
	if (a->composite_ns != b->composite_ns)
		return a->composite_ns < b->composite_ns;
	if (a->rate != b->rate)
		return a->rate < b->rate;
	return a->pool != b->pool ? a->pool < b->pool : a->seat < b->seat;
}

/* The next best after `after` among those with or without a violation; NULL when there is none. */
static const struct cost *next_best(
	const struct oracle *oracle, const struct cost *after, bool violating)
{
	const struct cost *best = NULL;

	for (uint32_t i = 0; i < oracle->count; i++) {
		const struct cost *cost = &oracle->costs[i];

		if ((cost->violated != BAL_REASON_NONE) != violating)
			continue;
		if (after != NULL && (cost == after || before(cost, after)))
			continue;
		if (best == NULL || before(cost, best))
			best = cost;
	}
	return best;
}

/* What an explanation names, in its order: winner, losers, and those ruled out that were better. */
struct named {
	const struct cost *ranked[1 + BAL_LOSERS_MAX];
	const struct cost *ruled_out[BAL_VIOLATIONS_MAX];
	uint32_t ranked_count, ruled_out_count;
};

static void name_all(const struct oracle *oracle, struct named *named)
{
	const struct cost *cost = next_best(oracle, NULL, false);

	*named = (struct named){.ranked_count = 0};
	while (cost != NULL && named->ranked_count < 1 + BAL_LOSERS_MAX) {
		named->ranked[named->ranked_count++] = cost;
		cost = next_best(oracle, cost, false);
	}
	cost = next_best(oracle, NULL, true);
	while (cost != NULL && named->ruled_out_count < BAL_VIOLATIONS_MAX &&
		(named->ranked_count == 0 || before(cost, named->ranked[0]))) {
		named->ruled_out[named->ruled_out_count++] = cost;
		cost = next_best(oracle, cost, true);
	}
}

/* What is shown of one: performance and efficiency as excess over the least among the named. */
static int64_t shown_composite(
	const struct oracle *oracle, const struct named *named, const struct cost *cost)
{
	int64_t shown_ns[BAL_FACTOR_COUNT];

	memcpy(shown_ns, cost->factor_ns, sizeof shown_ns);
	for (uint32_t f = BAL_FACTOR_PERFORMANCE; f <= BAL_FACTOR_EFFICIENCY; f += 2) {
		int64_t least_ns = INT64_MAX;

		for (uint32_t i = 0; i < named->ranked_count; i++)
			if (named->ranked[i]->factor_ns[f] < least_ns)
				least_ns = named->ranked[i]->factor_ns[f];
		for (uint32_t i = 0; i < named->ruled_out_count; i++)
			if (named->ruled_out[i]->factor_ns[f] < least_ns)
				least_ns = named->ruled_out[i]->factor_ns[f];
		shown_ns[f] -= least_ns;
	}
	return weigh(oracle->core, shown_ns);
}

static void compare(const struct oracle *oracle, const struct scene *scene, uint64_t id)
{
	struct bal_why why = scene_why(scene, id);
	struct named named;

	name_all(oracle, &named);
	assert_int_equal(why.free_count, oracle->count);
	if (named.ranked_count == 0) {
		assert_int_equal(why.kind, BAL_WHY_WAITING);
		assert_int_equal(why.reason == BAL_REASON_WAIT_FORBIDDEN, oracle->count > 0);
		return;
	}
	assert_int_equal(why.kind, BAL_WHY_ROUTED);
	assert_int_equal(scene_task_view(scene, id).agent, named.ranked[0]->agent);
	assert_int_equal(why.winner.agent, named.ranked[0]->agent);
	assert_int_equal(why.winner.composite_ns, shown_composite(oracle, &named, named.ranked[0]));
	assert_int_equal(why.losers_count, named.ranked_count - 1);
	for (uint32_t i = 0; i < why.losers_count; i++) {
		const struct cost *cost = named.ranked[i + 1];

		assert_int_equal(why.losers[i].agent, cost->agent);
		assert_int_equal(why.losers[i].composite_ns, shown_composite(oracle, &named, cost));
		assert_true(why.losers[i].composite_ns >= why.winner.composite_ns);
	}
	assert_int_equal(why.violations_count, named.ruled_out_count);
	for (uint32_t i = 0; i < why.violations_count; i++) {
		const struct cost *cost = named.ruled_out[i];

		assert_int_equal(why.violations[i].agent, cost->agent);
		assert_int_equal(why.violations[i].reason, cost->violated);
		assert_int_equal(
			why.violations[i].composite_ns, shown_composite(oracle, &named, cost));
	}
}

/* ---- random states ------------------------------------------------------------------------ */

struct world {
	struct scene *scene;
	struct prng random;
	uint64_t running[RUNNING_MAX];
	uint32_t running_count;
};

static uint64_t draw(struct world *world, uint64_t bound)
{
	return prng_below(&world->random, bound);
}

static void build(struct world *world)
{
	struct scene *scene = world->scene;
	struct bal_event_pool pool;

	/* Here a task takes what is best of what is free. */
	scene_knob(scene, BAL_KNOB_DEFER_SERVICE, 0);
	STEP(scene, LIMIT, limit, .limit = 0, .running_max = 5);
	for (uint32_t i = 0; i < POOLS; i++) {
		pool = scene_pool_standard(i, BAL_POOL_URLS);
		pool.offers.words[0] = i == 0 ? 7 : i == 1 ? 3 : 5;
		pool.memory_mib = i * 1024;
		pool.cpu_millis = i == 2 ? 1000 : 0;
		pool.price_microcents_hour = (int64_t)i * 120000000;
		pool.limits[0] = i == 1 ? 0 : BAL_NONE;
		pool.timeout_ns = NS_PER_WEEK;
		scene_pool(scene, &pool);
	}
	for (uint32_t i = 0; i < AGENTS; i++)
		scene_agent(scene, AGENT_FIRST + i, i % POOLS, 1 + i % 4);
}

static void end_one(struct world *world)
{
	static const enum bal_outcome outcomes[] = {BAL_OUTCOME_SUCCEEDED, BAL_OUTCOME_SUCCEEDED,
		BAL_OUTCOME_SUCCEEDED, BAL_OUTCOME_SUCCEEDED, BAL_OUTCOME_SUCCEEDED,
		BAL_OUTCOME_FAILED, BAL_OUTCOME_LOST, BAL_OUTCOME_BUSY};
	uint32_t place = (uint32_t)draw(world, world->running_count);
	uint64_t id = world->running[place];
	enum bal_outcome outcome = outcomes[draw(world, 8)];
	struct bal_task_view view = scene_task_view(world->scene, id);

	STEP(world->scene, ATTEMPT_ENDED, ended, .task = id, .epoch = 1, .attempt = view.attempt,
		.outcome = outcome,
		.service_ns = (int64_t)(1 + draw(world, 20)) * 300 * NS_PER_MS *
			      (int64_t)(1 + view.agent % 5),
		.retry_after_ns = NS_PER_S);
	/* What was handed back would be dispatched in a state nobody looks at. */
	if (outcome == BAL_OUTCOME_BUSY || outcome == BAL_OUTCOME_LOST)
		scene_cancel(world->scene, id);
	assert_int_equal(scene_result_stored(world->scene, id, BAL_OK), BAL_OK);
	world->running[place] = world->running[--world->running_count];
}

static void disturb(struct world *world)
{
	struct scene *scene = world->scene;
	uint64_t agent = AGENT_FIRST + draw(world, AGENTS);

	switch (draw(world, 8)) {
	case 0:
		scene_sample(scene, agent, BAL_SIGNAL_CPU_PERMILLE, (int64_t)draw(world, 1200));
		break;
	case 1:
		scene_sample(scene, agent, BAL_SIGNAL_MEMORY_PERMILLE, (int64_t)draw(world, 1200));
		break;
	case 2:
		scene_sample(scene, agent, BAL_SIGNAL_MEMORY_MIB, (int64_t)draw(world, 1500));
		break;
	case 3:
		STEP(scene, AGENT_SLOTS, slots, .agent = agent,
			.slots = 1 + (uint32_t)draw(world, 4));
		break;
	case 4:
		scene_agent_event(scene, BAL_EVENT_AGENT_UNHEALTHY, agent);
		break;
	case 5:
		STEP(scene, POOL_PAUSED, pool_paused, .pool = (uint32_t)draw(world, POOLS),
			.dispatch = draw(world, 4) == 0);
		break;
	case 6:
		scene_drain(scene, agent, draw(world, 4) != 0);
		break;
	default:
		scene->now_ns += (int64_t)draw(world, 2000) * NS_PER_MS;
		for (uint32_t i = 0; i < AGENTS; i++)
			scene_agent_event(scene, BAL_EVENT_AGENT_READY, AGENT_FIRST + i);
		break;
	}
}

static struct bal_event_task random_task(struct world *world, uint64_t id)
{
	struct bal_event_task task = {
		.id = id, .flags = BAL_TASK_DURABLE, .deadline_ns = BAL_NEVER_NS};

	task.kind = (uint32_t)draw(world, KINDS);
	task.conversation = draw(world, 4);
	task.parent = world->running_count == 0 || draw(world, 3) > 0
			      ? 0
			      : world->running[draw(world, world->running_count)];
	task.size_ns = draw(world, 2) == 0 ? 0 : (int64_t)(1 + draw(world, 50)) * 100 * NS_PER_MS;
	task.needs.tags.words[0] = 1 | draw(world, 4) << 1;
	if (task.needs.tags.words[0] == 7 && draw(world, 2) == 0)
		task.needs.tags.words[0] = 1;
	task.needs.memory_mib = draw(world, 3) == 0 ? 256 : 0;
	task.needs.exclusive = draw(world, 8) == 0;
	for (uint32_t i = 0; i < BAL_NOT_AGENTS_MAX && draw(world, 3) == 0; i++)
		task.needs.not_agents[i] = AGENT_FIRST + draw(world, AGENTS);
	return task;
}

static void decide(struct world *world, uint64_t id)
{
	struct scene *scene = world->scene;
	struct bal_event_task task = random_task(world, id);
	struct oracle oracle = {.core = scene->core, .task = &task};

	scene_submit(scene, task);
	/* A change of a weight has the core look at its rates again, which it does once a second:
	 * so it does not between here and the decision, where the oracle looks. */
	scene->now_ns += NS_PER_S;
	scene_knob(scene,
		(enum bal_knob)(BAL_KNOB_WEIGHT_LOAD + (uint32_t)draw(world, BAL_FACTOR_COUNT)),
		(int64_t)draw(world, 5) * 150);
	look_at_all(&oracle);
	assert_int_equal(scene_stored(scene, id, BAL_OK), BAL_OK);
	compare(&oracle, scene, id);
	if (scene_task_view(scene, id).state == BAL_TASK_DISPATCHED) {
		world->running[world->running_count++] = id;
	} else {
		scene_cancel(scene, id);
		scene_result_stored(scene, id, BAL_OK);
	}
}

static void test_choice_is_the_exhaustive_minimum(void **state)
{
	struct world world = {.scene = *state};
	uint32_t dispatched = 0;

	world.scene->unchecked = true;
	prng_init(&world.random, 20);
	build(&world);
	for (uint64_t id = 1; id <= STATES; id++) {
		uint32_t target = 4 + (uint32_t)(id / 512 % 16);

		while (world.running_count > target)
			end_one(&world);
		if (draw(&world, 4) == 0)
			disturb(&world);
		decide(&world, id);
		scene_clear(world.scene);
		if (id % 64 == 0)
			expect_told(world.scene->core);
		if (id % 256 == 0)
			bal_core_check(world.scene->core);
	}
	/* It was no walk through empty states: most tasks went somewhere. */
	dispatched = (uint32_t)scene_totals(world.scene).dispatched_count;
	assert_in_range(dispatched, STATES / 2, STATES);
}

/* ---- each factor decides, and does not when its weight is 0 -------------------------------- */

/* Agents 101 and 102 in pools 0 and 1; both serve tag 0. */
static void two_agents(struct scene *scene, int64_t price_first)
{
	struct bal_event_pool pool = scene_pool_standard(0, BAL_POOL_URLS);

	pool.offers.words[0] = 3;
	pool.price_microcents_hour = price_first;
	scene_pool(scene, &pool);
	scene_pool_urls(scene, 1, 102, 2);
	scene_agent(scene, 101, 0, 2);
}

static uint64_t decide_one(struct scene *scene, struct bal_event_task task)
{
	task.id = 999;
	task.size_ns = 10 * NS_PER_S;
	scene_submit(scene, task);
	return scene_task_view(scene, 999).agent;
}

static uint64_t with_load(struct scene *scene)
{
	two_agents(scene, 0);
	scene_submit(scene, (struct bal_event_task){.id = 1, .needs.not_agents = {102}});
	return decide_one(scene, (struct bal_event_task){.kind = 1});
}

static uint64_t with_slow_agent(struct scene *scene)
{
	two_agents(scene, 0);
	for (uint64_t id = 1; id <= 20; id++) {
		scene_submit(scene, (struct bal_event_task){.id = id,
					    .size_ns = NS_PER_S,
					    .needs.not_agents = {id % 2 == 0 ? 101 : 102}});
		scene_succeed(scene, id, id % 2 == 0 ? NS_PER_S : 3 * NS_PER_S);
	}
	return decide_one(scene, (struct bal_event_task){.id = 0});
}

static uint64_t with_rivals(struct scene *scene)
{
	two_agents(scene, 0);
	/* Many tasks come that only the first can serve. */
	for (uint64_t id = 1; id <= 60; id++) {
		scene_submit(scene, (struct bal_event_task){.id = id, .needs.tags.words = {2}});
		scene_cancel(scene, id);
		scene_run_for(scene, 100 * NS_PER_MS);
	}
	return decide_one(scene, (struct bal_event_task){.kind = 1});
}

static uint64_t with_prices(struct scene *scene)
{
	two_agents(scene, 100000000);
	return decide_one(scene, (struct bal_event_task){.kind = 1});
}

static uint64_t with_warm_context(struct scene *scene)
{
	two_agents(scene, 0);
	scene_submit(scene,
		(struct bal_event_task){.id = 1, .conversation = 5, .needs.not_agents = {101}});
	scene_cancel(scene, 1);
	return decide_one(scene, (struct bal_event_task){.conversation = 5, .kind = 1});
}

/* With the standard weights the second agent wins by this factor; without it they are equal, and
 * the lower id wins. */
static void expect_factor(uint64_t (*play)(struct scene *), enum bal_knob weight)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	scene_start(scene, 1);
	scene_knob(scene, BAL_KNOB_DEFER_SERVICE, 0);
	assert_int_equal(play(scene), 102);
	scene_close(scene);
	scene = scene_open(&SCENE_LIMITS);
	scene_start(scene, 1);
	scene_knob(scene, BAL_KNOB_DEFER_SERVICE, 0);
	scene_knob(scene, weight, 0);
	assert_int_equal(play(scene), 101);
	scene_close(scene);
}

static void test_load_decides(void **state)
{
	(void)state;
	expect_factor(with_load, BAL_KNOB_WEIGHT_LOAD);
}

static void test_performance_decides(void **state)
{
	(void)state;
	expect_factor(with_slow_agent, BAL_KNOB_WEIGHT_PERFORMANCE);
}

static void test_future_decides(void **state)
{
	(void)state;
	expect_factor(with_rivals, BAL_KNOB_WEIGHT_FUTURE);
}

static void test_efficiency_decides(void **state)
{
	(void)state;
	expect_factor(with_prices, BAL_KNOB_WEIGHT_EFFICIENCY);
}

static void test_collaboration_decides(void **state)
{
	(void)state;
	expect_factor(with_warm_context, BAL_KNOB_WEIGHT_COLLABORATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(test_choice_is_the_exhaustive_minimum),
		cmocka_unit_test(test_load_decides),
		cmocka_unit_test(test_performance_decides),
		cmocka_unit_test(test_future_decides),
		cmocka_unit_test(test_efficiency_decides),
		cmocka_unit_test(test_collaboration_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

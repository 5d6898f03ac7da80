/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calm [FIRST COUNT]: load that comes to the threshold at which a strategy adds or takes agents,
 * and stays there with noise. Whatever the noise, no pool may turn round more than once in a
 * quarter of an hour, by any strategy: an order up after one down, or the other way round, is a
 * turn.
 *
 * The noise is a first-order autoregression of a mean life between a second and ten minutes. The
 * load does not follow the agents, as that of people does not: it is a share of the slots that the
 * pool had at the beginning.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballast.h"
#include "base/assert.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"

#define SEEDS_STANDARD 6
#define SLOTS          10
#define AGENTS_MAX     64
#define TASKS_MAX      1024
#define SERVICE_S      20
#define HOURS          2
#define QUIET_NS       (15 * NS_PER_MIN)
#define ROOM           256
#define BOOTS_MAX      64

static const struct bal_limits LIMITS = {.tasks_max = TASKS_MAX,
	.agents_max = AGENTS_MAX,
	.pools_max = 1,
	.kinds_max = 2,
	.tenants_max = 1,
	.limits_max = 1,
	.lanes_max = 4,
	.histories_max = 128,
	.conversations_max = 4,
	.explanations_max = 64,
	.orders_max = 16,
	.effects_max = 4096};

struct boot {
	uint64_t agent, order;
	int64_t at_ns;
};

struct world {
	struct bal_core *core;
	void *memory;
	size_t size;
	int64_t now_ns;
	uint64_t next;               /* id of a task or agent */
	uint64_t waiting[TASKS_MAX]; /* tasks in the order in which they came: a ring */
	uint32_t first, count;
	struct boot boots[BOOTS_MAX];
	uint32_t boot_count;
	int direction; /* of the last order: 1 up, -1 down */
	int64_t turned_at_ns;
	uint32_t turns, orders;
	uint32_t early, pressed; /* turns soon after another: without need, and with it */
	uint32_t asked;          /* agents of the order under way */
};

static void step(struct world *world, struct bal_event event);

/* So much that more agents are no matter of taste. */
static bool is_pressed(const struct world *world)
{
	struct bal_pool_view view;
	double slots;

	if (!bal_pool_view(world->core, 0, &view))
		return false;
	slots = view.slots_ready +
		SLOTS * ((double)view.ordered + view.agents[BAL_AGENT_STARTING] - world->asked);
	return view.waiting > 0 || view.running > 0.9 * slots;
}

static void order(struct world *world, int direction)
{
	bool soon = world->now_ns - world->turned_at_ns < QUIET_NS;

	world->orders++;
	if (world->direction != 0 && direction != world->direction) {
		world->early += soon && !is_pressed(world);
		world->pressed += soon && is_pressed(world);
		world->turns++;
		world->turned_at_ns = world->now_ns;
	}
	world->direction = direction;
}

static void scale(struct world *world, const struct bal_effect *effect)
{
	world->asked = effect->count;
	order(world, 1);
	world->asked = 0;
	for (uint32_t i = 0; i < effect->count; i++) {
		bal_assert(world->boot_count < BOOTS_MAX);
		world->boots[world->boot_count++] =
			(struct boot){++world->next, effect->order, world->now_ns + 30 * NS_PER_S};
	}
}

/* Effects that wait until the core has handed over all of its own. */
static void perform(struct world *world, const struct bal_effect *effects, uint32_t count)
{
	uint32_t back = 0; /* agents that were about to leave */
	bool down = false;

	for (uint32_t i = 0; i < count; i++) {
		const struct bal_effect *effect = &effects[i];

		if (effect->type == BAL_EFFECT_SCALE)
			scale(world, effect);
		down |= effect->type == BAL_EFFECT_DRAIN;
		back += effect->type == BAL_EFFECT_UNDRAIN;
		if (effect->type == BAL_EFFECT_END)
			step(world, (struct bal_event){.type = BAL_EVENT_AGENT_DOWN,
					    .down = {.agent = effect->agent, .expected = true}});
	}
	if (down)
		order(world, -1);
	world->asked = back;
	if (back > 0)
		order(world, 1);
	world->asked = 0;
}

static void step(struct world *world, struct bal_event event)
{
	struct bal_effect taken[ROOM];
	struct bal_effects effects = {.capacity = ROOM};

	event.now_ns = world->now_ns;
	do {
		effects.items = taken;
		bal_step(world->core, &event, &effects);
		perform(world, taken, effects.count);
		event = (struct bal_event){.type = BAL_EVENT_MORE, .now_ns = world->now_ns};
	} while (effects.more);
}

static void submit(struct world *world)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_SUBMITTED};

	event.task = (struct bal_event_task){.id = ++world->next,
		.priority = BAL_PRIORITY_NORMAL,
		.deadline_ns = BAL_NEVER_NS,
		.needs.tags.words = {1}};
	bal_assert(world->count < TASKS_MAX);
	world->waiting[(world->first + world->count++) % TASKS_MAX] = event.task.id;
	step(world, event);
}

/* The oldest ends, if it runs; one that waits goes behind the others. */
static void finish(struct world *world)
{
	uint64_t task = world->waiting[world->first];
	struct bal_task_view view;
	struct bal_event event = {.type = BAL_EVENT_ATTEMPT_ENDED};

	world->first = (world->first + 1) % TASKS_MAX;
	world->count--;
	if (!bal_task_view(world->core, task, &view) || view.agent == 0) {
		world->waiting[(world->first + world->count++) % TASKS_MAX] = task;
		return;
	}
	event.ended = (struct bal_event_ended){.task = task,
		.epoch = 1,
		.attempt = view.attempt,
		.outcome = BAL_OUTCOME_SUCCEEDED,
		.service_ns = SERVICE_S * NS_PER_S};
	step(world, event);
}

static void boot(struct world *world)
{
	uint32_t kept = 0, due = 0;
	struct boot ready[BOOTS_MAX];

	for (uint32_t i = 0; i < world->boot_count; i++) {
		if (world->boots[i].at_ns <= world->now_ns)
			ready[due++] = world->boots[i];
		else
			world->boots[kept++] = world->boots[i];
	}
	world->boot_count = kept;
	for (uint32_t i = 0; i < due; i++)
		step(world, (struct bal_event){.type = BAL_EVENT_AGENT_UP,
				    .up = {.agent = ready[i].agent,
					    .state = BAL_AGENT_READY,
					    .slots = SLOTS,
					    .order = ready[i].order}});
}

/* As many tasks as the load wants, a part of which are new each second. */
static void follow(struct world *world, double load)
{
	uint32_t target = (uint32_t)num_clamp(num_round(load), 0, TASKS_MAX / 2);

	for (uint32_t i = (world->count + SERVICE_S - 1) / SERVICE_S; i > 0; i--)
		finish(world);
	for (uint32_t i = 0; world->count > target && i < TASKS_MAX / 2; i++)
		finish(world);
	while (world->count < target)
		submit(world);
}

static void define(struct world *world, enum bal_strategy strategy, uint32_t agents)
{
	bool fast = strategy == BAL_STRATEGY_AGGRESSIVE;
	struct bal_event event = {.type = BAL_EVENT_POOL};

	event.pool = (struct bal_event_pool){.kind = BAL_POOL_PROCESS,
		.offers.words = {1},
		.slots = SLOTS,
		.agents_min = 1,
		.agents_baseline = agents,
		.agents_max = 50,
		.timeout_ns = NS_PER_DAY,
		.drain_limit_ns = NS_PER_DAY,
		.attempts_max = 5,
		.limits = {BAL_NONE, BAL_NONE, BAL_NONE, BAL_NONE},
		.strategy = strategy,
		.up = {800, (fast ? 2 : 5) * NS_PER_MIN, NS_PER_MIN},
		.down = {400, (fast ? 10 : 15) * NS_PER_MIN, 5 * NS_PER_MIN},
		.queue_deep = 100,
		.emergency_wait_ns = 10 * NS_PER_S};
	step(world, event);
	for (uint32_t i = 0; i < agents; i++)
		step(world, (struct bal_event){.type = BAL_EVENT_AGENT_UP,
				    .up = {.agent = ++world->next,
					    .state = BAL_AGENT_READY,
					    .slots = SLOTS}});
	step(world, (struct bal_event){.type = BAL_EVENT_START, .start = {.epoch = 1, .seed = 1}});
}

/* One world; the turns that came too early. */
static uint32_t run(struct world *world, enum bal_strategy strategy, uint64_t seed)
{
	static const double thresholds[] = {0.4, 0.7, 0.8};
	struct prng prng;
	uint32_t agents;
	double threshold, deviation, life_s, noise = 0;

	prng_init(&prng, seed);
	agents = 1 + (uint32_t)prng_below(&prng, 12);
	threshold = thresholds[prng_below(&prng, 3)];
	deviation = 0.02 + 0.08 * prng_unit(&prng);
	life_s = num_exp(num_log(600) * prng_unit(&prng));
	*world = (struct world){.memory = world->memory,
		.size = world->size,
		.now_ns = NS_PER_S,
		.turned_at_ns = INT64_MIN / 2};
	memset(world->memory, 0, world->size);
	world->core = bal_core_init(world->memory, world->size, &LIMITS);
	define(world, strategy, agents);
	for (uint32_t second = 0; second < HOURS * 3600; second++) {
		double kept = num_exp(-1 / life_s);
		double push = deviation * num_sqrt(1 - kept * kept);

		noise = noise * kept + push * prng_normal(&prng);
		world->now_ns += NS_PER_S;
		boot(world);
		follow(world, agents * SLOTS * threshold * (1 + noise));
		step(world, (struct bal_event){.type = BAL_EVENT_TIMEOUT});
	}
	return world->early + (world->turns - world->pressed > HOURS * 4 + 1);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 2 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : SEEDS_STANDARD;
	static struct world world;
	uint64_t wrong = 0;

	world.size = bal_core_size(&LIMITS);
	world.memory = aligned_alloc(64, (world.size + 63) / 64 * 64);
	bal_assert(world.memory != NULL);
	for (uint32_t strategy = 0; strategy < BAL_STRATEGY_COUNT; strategy++) {
		uint64_t turns = 0, orders = 0, pressed = 0, bad = 0;

		for (uint64_t seed = first; seed < first + count; seed++) {
			uint32_t early = run(&world, (enum bal_strategy)strategy, seed);

			turns += world.turns;
			orders += world.orders;
			pressed += world.pressed;
			bad += early > 0;
			if (early > 0 && bad <= 3)
				printf("%s: seed %" PRIu64 ": %u turns, %u soon without need\n",
					bal_strategy_name((enum bal_strategy)strategy), seed,
					world.turns, world.early);
		}
		printf("%-12s %" PRIu64 " seeds of %d h: %" PRIu64 " orders, %" PRIu64
		       " turns, of these within 15 min of another %" PRIu64
		       " for want of slots; %" PRIu64 " seeds wrong\n",
			bal_strategy_name((enum bal_strategy)strategy), count, HOURS, orders, turns,
			pressed, bad);
		wrong += bad;
	}
	free(world.memory);
	return wrong == 0 ? 0 : 1;
}

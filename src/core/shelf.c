/* SPDX-License-Identifier: Apache-2.0 */
/* Within a pool the composite of a task of size x is x * rate(agent, kind) and a part that is the
 * same for all, so the best agent is the least rate: one number per agent and kind, kept in a tree
 * of minima.  (The exception, a warm context or a parent's agent, is looked at by choice.c.)
 *
 * rate = slow * load + base (score.h).  An agent that takes or ends a task changes its load, so one
 * key in each shelf of its pool; what is learned of a kind changes one key in one shelf.  There are
 * few shelves per pool: mostly one, since a pool's name is its kind. */
#include "core/shelf.h"

#include "base/assert.h"
#include "core/agent.h"
#include "core/learn.h"
#include "core/score.h"

struct agent *shelf_agent(const struct bal_core *core, const struct pool *pool, uint32_t seat)
{
	return slab_at(&core->agents, pool->seats[seat]);
}

static bool works(const struct agent *agent)
{
	return agent->state == BAL_AGENT_READY || agent->state == BAL_AGENT_WARMING;
}

struct leaf {
	float slow, base, rate;
};

/* What a shelf must say of an agent with this history of its kind. */
static struct leaf leaf_of(const struct bal_core *core, const struct shelf *shelf,
	const struct agent *agent, const struct history *own)
{
	struct learn_prior prior = shelf_prior(shelf);
	struct score_facts facts;
	struct learn_view view;

	learn_history_view(own, &prior, &view);
	score_facts(core, &core->pools[shelf->pool], &view, &facts);
	return (struct leaf){.slow = works(agent) ? facts.slow : MINTREE_ABSENT,
		.base = facts.base,
		.rate = agent->idle ? score_rate(&facts, agent->load) : MINTREE_ABSENT};
}

static struct leaf find_leaf(
	const struct bal_core *core, const struct shelf *shelf, const struct agent *agent)
{
	return leaf_of(core, shelf, agent, learn_own(core, agent, shelf->kind_hash));
}

static void put_leaf(struct shelf *shelf, uint32_t seat, const struct leaf *leaf)
{
	shelf->base[seat] = leaf->base;
	mintree_set(&shelf->slow, seat, leaf->slow);
	mintree_set(&shelf->rate, seat, leaf->rate);
}

static void fill(const struct bal_core *core, struct shelf *shelf)
{
	const struct pool *pool = &core->pools[shelf->pool];
	struct learn_prior prior;

	learn_expect(core, shelf->pool, shelf->kind, &prior);
	shelf->kind_hash = prior.kind_hash;
	shelf->slowness = prior.slowness;
	shelf->success = prior.success;
	mintree_clear(&shelf->slow);
	mintree_clear(&shelf->rate);
	for (uint32_t i = 0; i < pool->seat_count; i++) {
		struct leaf leaf = find_leaf(core, shelf, shelf_agent(core, pool, i));

		shelf->base[i] = leaf.base;
		mintree_push(&shelf->slow, leaf.slow);
		mintree_push(&shelf->rate, leaf.rate);
	}
}

struct shelf *shelf_look_up(const struct bal_core *core, uint32_t pool, uint32_t kind)
{
	uint32_t place = map_get(&core->shelves_by_key, shelf_key(pool, kind));

	return place == MAP_NONE ? NULL : &core->shelves[place];
}

/* A place that was never used, or that of the oldest shelf, which is forgotten: places go round. */
static struct shelf *place_for(struct bal_core *core)
{
	struct shelf *shelf = &core->shelves[core->shelf_turn];

	core->shelf_turn = (core->shelf_turn + 1) % core->shelves_max;
	if (shelf->key != 0) {
		map_remove(&core->shelves_by_key, shelf->key);
		list_remove(&core->pools[shelf->pool].shelves, &shelf->pool_node);
	}
	return shelf;
}

struct shelf *shelf_for(struct bal_core *core, uint32_t pool, uint32_t kind)
{
	struct shelf *shelf = shelf_find(core, pool, kind);

	if (shelf != NULL)
		return shelf;
	shelf = place_for(core);
	shelf->key = shelf_key(pool, kind);
	shelf->pool = pool;
	shelf->kind = kind;
	list_append(&core->pools[pool].shelves, &shelf->pool_node);
	bal_assert(map_put(&core->shelves_by_key, shelf->key, (uint32_t)(shelf - core->shelves)));
	core->pools[pool].shelf_hints[kind % POOL_SHELF_HINTS] = (uint16_t)(shelf - core->shelves);
	fill(core, shelf);
	return shelf;
}

static struct shelf *first_shelf(struct list_node *node)
{
	return container_of(node, struct shelf, pool_node);
}

/* Puts the agent's leaf into a shelf, at the end when its seat is a new one. */
static void place_leaf(const struct bal_core *core, struct shelf *shelf, const struct agent *agent)
{
	struct leaf leaf = find_leaf(core, shelf, agent);

	if (agent->seat == shelf->rate.count) {
		mintree_push(&shelf->slow, MINTREE_ABSENT);
		mintree_push(&shelf->rate, MINTREE_ABSENT);
	}
	put_leaf(shelf, agent->seat, &leaf);
}

void shelf_seat(struct bal_core *core, struct agent *agent)
{
	struct pool *pool = &core->pools[agent->pool];

	agent->seat = pool->seat_count++;
	pool->seats[agent->seat] = slab_index(&core->agents, agent);
	for (struct list_node *node = pool->shelves.first; node != NULL; node = list_next(node))
		place_leaf(core, first_shelf(node), agent);
}

void shelf_leave(struct bal_core *core, struct agent *agent)
{
	struct pool *pool = &core->pools[agent->pool];
	uint32_t last = --pool->seat_count;

	pool->seats[agent->seat] = pool->seats[last];
	shelf_agent(core, pool, agent->seat)->seat = agent->seat;
	for (struct list_node *node = pool->shelves.first; node != NULL; node = list_next(node)) {
		struct shelf *shelf = first_shelf(node);
		struct leaf leaf = {.slow = mintree_key(&shelf->slow, last),
			.base = shelf->base[last],
			.rate = mintree_key(&shelf->rate, last)};

		put_leaf(shelf, agent->seat, &leaf);
		mintree_pop(&shelf->slow);
		mintree_pop(&shelf->rate);
	}
}

/* The agent works or no longer does: rare, so all is worked out again. */
static void turn(struct bal_core *core, struct agent *agent)
{
	struct pool *pool = &core->pools[agent->pool];

	agent->shelved = works(agent);
	for (struct list_node *node = pool->shelves.first; node != NULL; node = list_next(node))
		place_leaf(core, first_shelf(node), agent);
}

void shelf_update(struct bal_core *core, struct agent *agent, bool idle)
{
	struct pool *pool = &core->pools[agent->pool];
	bool absent = !agent->idle & !idle;
	float load = score_load(core, agent);
	bool same = (agent->idle == idle) & (agent->load == load);
	/* Nobody can guess whether an agent still has a slot, so that is asked once and not for
	 * each shelf: what is infinitely slowed down has an absent rate. */
	float slowing = idle ? load : MINTREE_ABSENT;

	agent->load = load;
	pool->idle_count += (uint32_t)idle - (uint32_t)agent->idle;
	agent->idle = idle;
	if (agent->shelved != works(agent)) {
		turn(core, agent);
		return;
	}
	if (same | absent)
		return;
	for (struct list_node *node = pool->shelves.first; node != NULL; node = list_next(node)) {
		struct shelf *shelf = first_shelf(node);
		struct score_facts facts = {.slow = mintree_key(&shelf->slow, agent->seat),
			.base = shelf->base[agent->seat]};

		mintree_set(&shelf->rate, agent->seat, score_rate(&facts, slowing));
	}
}

void shelf_forgotten(struct bal_core *core, struct agent *agent)
{
	turn(core, agent);
}

void shelf_learned(
	struct bal_core *core, const struct agent *agent, uint32_t kind, const struct history *own)
{
	struct shelf *shelf = shelf_find(core, agent->pool, kind);
	struct leaf leaf;

	if (shelf == NULL)
		return;
	leaf = leaf_of(core, shelf, agent, own);
	put_leaf(shelf, agent->seat, &leaf);
}

void shelf_believed(struct bal_core *core, uint32_t pool, uint32_t kind)
{
	uint32_t first = pool == BAL_NONE ? 0 : pool;
	uint32_t end = pool == BAL_NONE ? core->pools_high : pool + 1;

	for (uint32_t i = first; i < end; i++) {
		struct shelf *shelf = shelf_find(core, i, kind);

		if (shelf != NULL)
			fill(core, shelf);
	}
}

void shelf_priced(struct bal_core *core, uint32_t pool)
{
	for (uint32_t i = slab_next(&core->agents, 0); i != SLAB_NONE;
		i = slab_next(&core->agents, i + 1)) {
		struct agent *agent = agent_at(core, i);

		if (pool == BAL_NONE || agent->pool == pool)
			agent->load = score_load(core, agent);
	}
	for (uint32_t i = 0; i < core->shelves_max; i++) {
		struct shelf *shelf = &core->shelves[i];

		if (shelf->key != 0 && (pool == BAL_NONE || shelf->pool == pool))
			fill(core, shelf);
	}
}

bool shelf_seat_restore(struct bal_core *core, struct agent *agent, uint32_t seat)
{
	struct pool *pool = &core->pools[agent->pool];

	/* Seats are checked to be without gaps when all agents are there. */
	if (seat >= core->limits.agents_max)
		return false;
	agent->seat = seat;
	agent->shelved = works(agent);
	pool->seats[seat] = slab_index(&core->agents, agent);
	pool->seat_count++;
	return true;
}

static bool leaf_is_right(const struct bal_core *core, const struct shelf *shelf, uint32_t seat)
{
	const struct agent *agent = shelf_agent(core, &core->pools[shelf->pool], seat);
	struct leaf leaf = find_leaf(core, shelf, agent);

	return agent->load == score_load(core, agent) &&
	       mintree_key(&shelf->slow, seat) == leaf.slow && shelf->base[seat] == leaf.base &&
	       mintree_key(&shelf->rate, seat) == leaf.rate;
}

static bool shelf_is_right(const struct bal_core *core, const struct shelf *shelf)
{
	struct learn_prior prior;
	bool right = shelf->rate.count == core->pools[shelf->pool].seat_count &&
		     shelf->slow.count == shelf->rate.count;

	mintree_check(&shelf->slow);
	mintree_check(&shelf->rate);
	learn_expect(core, shelf->pool, shelf->kind, &prior);
	right &= prior.kind_hash == shelf->kind_hash && prior.slowness == shelf->slowness &&
		 prior.success == shelf->success;
	for (uint32_t seat = 0; right && seat < shelf->rate.count; seat++)
		right = leaf_is_right(core, shelf, seat);
	return right;
}

bool shelf_check(const struct bal_core *core)
{
	for (uint32_t i = 0; i < core->shelves_max; i++)
		if (core->shelves[i].key != 0 && !shelf_is_right(core, &core->shelves[i]))
			return false;
	return true;
}

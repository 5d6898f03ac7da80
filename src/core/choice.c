/* SPDX-License-Identifier: Apache-2.0 */
/* Each capable pool has its best agents at hand on its shelf, so a choice compares the heads of the
 * pools.  The few that a shelf cannot know about are looked at apart: an agent that is special to
 * the task (score.h), and those that the task forbids, which are taken off their shelf until the
 * choice is made.  A task that wants an agent alone, or memory that not all have, looks at all.
 *
 * "Validate after the choice, take the next best" and "leave out what is not valid, take the best"
 * come to the same agent; the second is done, and better candidates that were ruled out are kept
 * for the explanation. */
#include "core/choice.h"

#include "base/assert.h"
#include "core/agent.h"
#include "core/limit.h"
#include "core/queue.h"
#include "core/shelf.h"

/* Off their shelves at a time: forbidden ones, special ones, and the next best of each pool whose
 * head is among the ranked. */
#define TAKEN_MAX (BAL_NOT_AGENTS_MAX + 2 + 2 * CHOICE_RANKED_MAX)

struct taken {
	struct shelf *shelf;
	uint32_t seat;
	float rate;
};

struct search {
	const struct bal_core *core;
	struct choice *choice;
	uint32_t ranked_max;
	struct taken taken[TAKEN_MAX];
	uint32_t taken_count;
	struct shelf *heads[CHOICE_RANKED_MAX]; /* shelves of the ranked entries; NULL: of none */
};

/* True when the pool uses a shared limit: few do, and all of them are asked often. */
static inline bool is_limited(const struct pool *pool)
{
	const uint32_t *limits = pool->conf.limits;

	_Static_assert(
		BAL_POOL_LIMITS_MAX == 4 && BAL_NONE == UINT32_MAX, "all bits set, four times");
	return (limits[0] & limits[1] & limits[2] & limits[3]) != BAL_NONE;
}

bool pool_open(const struct bal_core *core, const struct pool *pool)
{
	uint32_t blocking;

	return pool->idle_count > 0 && !pool->paused_dispatch &&
	       (!is_limited(pool) || limits_allow(core, pool, &blocking));
}

static bool is_forbidden(const struct task *task, const struct agent *agent)
{
	for (uint32_t i = 0; i < BAL_NOT_AGENTS_MAX; i++)
		if (task->not_agents[i] == agent->id)
			return true;
	return false;
}

enum bal_reason choice_constraint(
	const struct bal_core *core, const struct task *task, const struct agent *agent)
{
	const struct lane *lane = lane_at(core, task->lane);
	const struct pool *pool = &core->pools[agent->pool];
	int64_t used_mib = agent->signals[BAL_SIGNAL_MEMORY_MIB];

	if (is_forbidden(task, agent))
		return BAL_REASON_FORBIDDEN;
	if (task->exclusive && agent->running > 0)
		return BAL_REASON_NOT_ALONE;
	if (lane->memory_mib > 0 && pool->conf.memory_mib > 0 && used_mib >= 0 &&
		used_mib + lane->memory_mib > pool->conf.memory_mib)
		return BAL_REASON_MEMORY;
	return BAL_REASON_NONE;
}

static bool entry_before(const struct choice_entry *a, const struct choice_entry *b)
{
	if (a->composite_ns != b->composite_ns)
		return a->composite_ns < b->composite_ns;
	/* From here on as on a shelf, or the next one there could come before the first. */
	if (a->rate != b->rate)
		return a->rate < b->rate;
	if (a->agent->pool != b->agent->pool)
		return a->agent->pool < b->agent->pool;
	return a->agent->seat < b->agent->seat;
}

/* Inserts into a sorted array that keeps the best `max`; returns the place, max when it is none of
 * them. */
static uint32_t keep_best(struct choice_entry *entries, uint32_t *count, uint32_t max,
	const struct choice_entry *entry)
{
	uint32_t place = *count;

	if (place == max && !entry_before(entry, &entries[max - 1]))
		return max;
	if (place == max)
		place--;
	else
		(*count)++;
	while (place > 0 && entry_before(entry, &entries[place - 1])) {
		entries[place] = entries[place - 1];
		place--;
	}
	entries[place] = *entry;
	return place;
}

/* Ranks an entry that came from a shelf, or (NULL) from none. */
static void rank(struct search *search, const struct choice_entry *entry, struct shelf *shelf)
{
	struct choice *choice = search->choice;
	uint32_t place =
		keep_best(choice->ranked, &choice->ranked_count, search->ranked_max, entry);

	if (place == search->ranked_max)
		return;
	for (uint32_t i = choice->ranked_count - 1; i > place; i--)
		search->heads[i] = search->heads[i - 1];
	search->heads[place] = shelf;
}

static void rule_out(struct search *search, const struct choice_entry *entry)
{
	keep_best(search->choice->ruled_out, &search->choice->ruled_out_count, BAL_VIOLATIONS_MAX,
		entry);
}

/* Looks at an agent by itself. */
static void consider(struct search *search, const struct agent *agent)
{
	struct score_basis *basis = &search->choice->basis;
	struct choice_entry entry = {.agent = agent};
	struct score_facts facts;
	struct learn_prior prior;
	struct learn_view view;

	learn_expect(search->core, agent->pool, basis->task->kind, &prior);
	score_pool(basis, agent->pool, prior.slowness);
	learn_agent(search->core, agent, &prior, &view);
	score_facts(search->core, &search->core->pools[agent->pool], &view, &facts);
	entry.slow = facts.slow;
	entry.rate = score_rate(&facts, agent->load);
	entry.composite_ns = score_composite_ns(basis, agent, entry.slow, entry.rate);
	entry.violated = choice_constraint(search->core, basis->task, agent);
	if (entry.violated == BAL_REASON_NONE)
		rank(search, &entry, NULL);
	else
		rule_out(search, &entry);
}

static void scan_pool(struct search *search, const struct pool *pool)
{
	for (const struct list_node *node = pool->agents.first; node != NULL;
		node = list_next(node)) {
		const struct agent *agent = container_of(node, struct agent, pool_node);

		if (agent->idle)
			consider(search, agent);
	}
}

static void take_off(struct search *search, struct shelf *shelf, uint32_t seat)
{
	bal_assert(search->taken_count < TAKEN_MAX);
	search->taken[search->taken_count++] = (struct taken){
		.shelf = shelf, .seat = seat, .rate = mintree_key(&shelf->rate, seat)};
	mintree_set(&shelf->rate, seat, MINTREE_ABSENT);
}

static void put_back(struct search *search)
{
	while (search->taken_count > 0) {
		const struct taken *taken = &search->taken[--search->taken_count];

		mintree_set(&taken->shelf->rate, taken->seat, taken->rate);
	}
}

/* True when no agent of this pool that is not special can be among the ranked any more. */
static bool is_beaten(const struct search *search, float rate)
{
	const struct choice *choice = search->choice;

	return rate == MINTREE_ABSENT ||
	       (choice->ranked_count == search->ranked_max &&
		       score_plain_ns(&choice->basis, rate) >
			       choice->ranked[search->ranked_max - 1].composite_ns);
}

/* The best agent on the shelf that is neither special (it was considered by itself) nor forbidden;
 * false when there is none. */
static bool find_head(struct search *search, struct shelf *shelf, struct choice_entry *entry)
{
	struct score_basis *basis = &search->choice->basis;
	const struct pool *pool = &search->core->pools[shelf->pool];
	uint32_t seat;

	score_pool(basis, shelf->pool, shelf->slowness);
	if (is_beaten(search, mintree_least(&shelf->rate)))
		return false;
	seat = mintree_first(&shelf->rate);
	while (seat != MINTREE_NONE) {
		bool is_special;

		entry->agent = shelf_agent(search->core, pool, seat);
		entry->slow = mintree_key(&shelf->slow, seat);
		entry->rate = mintree_key(&shelf->rate, seat);
		entry->violated = is_forbidden(basis->task, entry->agent) ? BAL_REASON_FORBIDDEN
									  : BAL_REASON_NONE;
		entry->composite_ns =
			score_composite_ns(basis, entry->agent, entry->slow, entry->rate);
		is_special = score_is_special(basis, entry->agent);
		if (!is_special && entry->violated == BAL_REASON_NONE)
			return true;
		if (!is_special)
			rule_out(search, entry);
		take_off(search, shelf, seat);
		seat = mintree_first(&shelf->rate);
	}
	return false;
}

/* The agents after the heads: whoever comes next is on the shelf of one that is ranked already.
 * Each is taken off in its turn, and the next of its shelf ranked. */
static void rank_next(struct search *search)
{
	for (uint32_t i = 0; i + 1 < search->ranked_max && i < search->choice->ranked_count; i++) {
		struct shelf *shelf = search->heads[i];
		struct choice_entry entry;

		if (shelf == NULL)
			continue;
		take_off(search, shelf, search->choice->ranked[i].agent->seat);
		if (find_head(search, shelf, &entry))
			rank(search, &entry, shelf);
	}
}

static void search_pool(struct search *search, uint32_t number, bool plain)
{
	const struct pool *pool = &search->core->pools[number];
	const struct task *task = search->choice->basis.task;
	struct shelf *shelf = plain ? shelf_find(search->core, number, task->kind) : NULL;
	struct choice_entry entry;

	search->choice->free_count += pool->idle_count;
	if (shelf == NULL)
		scan_pool(search, pool);
	else if (find_head(search, shelf, &entry))
		rank(search, &entry, shelf);
}

/* An agent of this id that could take the task, and is on a shelf of an open pool. */
static void search_special(struct search *search, uint64_t id)
{
	const struct choice *choice = search->choice;
	const struct agent *agent = id == 0 ? NULL : agent_find(search->core, id);

	if (agent == NULL || !agent->idle || !lane_serves(choice->basis.lane, agent->pool))
		return;
	if (pool_open(search->core, &search->core->pools[agent->pool]) &&
		shelf_find(search->core, agent->pool, choice->basis.task->kind) != NULL)
		consider(search, agent);
}

/* Only what would have won without the constraint is worth telling. */
static void drop_worse(struct choice *choice)
{
	while (choice->ranked_count > 0 && choice->ruled_out_count > 0 &&
		entry_before(&choice->ranked[0], &choice->ruled_out[choice->ruled_out_count - 1]))
		choice->ruled_out_count--;
}

void choose(const struct bal_core *core, const struct task *task, uint32_t ranked_max,
	struct choice *choice)
{
	const struct lane *lane = lane_at(core, task->lane);
	struct search search = {.core = core, .choice = choice, .ranked_max = ranked_max};
	bool plain = !task->exclusive && lane->memory_mib == 0;

	bal_assert(ranked_max >= 1);
	bal_assert(ranked_max <= CHOICE_RANKED_MAX);
	choice->ranked_count = 0;
	choice->ruled_out_count = 0;
	choice->free_count = 0;
	score_prepare(core, task, &choice->basis);
	for (uint32_t i = 0; i < core->pool_words; i++) {
		for (uint64_t pools = lane->pools[i]; pools != 0; pools &= pools - 1) {
			uint32_t number = i * 64 + (uint32_t)__builtin_ctzll(pools);

			if (pool_open(core, &core->pools[number]))
				search_pool(&search, number, plain);
		}
	}
	if (plain) {
		search_special(&search, choice->basis.warm_agent);
		if (choice->basis.beside_agent != choice->basis.warm_agent)
			search_special(&search, choice->basis.beside_agent);
	}
	rank_next(&search);
	put_back(&search);
	drop_worse(choice);
}

void choice_prepare(struct bal_core *core, const struct task *task)
{
	const struct lane *lane = lane_at(core, task->lane);

	for (uint32_t i = 0; i < core->pool_words; i++)
		for (uint64_t pools = lane->pools[i]; pools != 0; pools &= pools - 1)
			shelf_for(core, i * 64 + (uint32_t)__builtin_ctzll(pools), task->kind);
}

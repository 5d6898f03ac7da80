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
#include "core/queue.h"
#include "core/shelf.h"

/* Off their shelves at a time: forbidden ones, special ones, and those ranked before the last. */
#define TAKEN_MAX (BAL_NOT_AGENTS_MAX + 2 + CHOICE_RANKED_MAX)

struct taken {
	struct shelf *shelf;
	uint32_t seat;
	float rate;
};

struct search {
	const struct bal_core *core;
	struct choice *choice;
	bool losers; /* the winner is found, and what was ruled out is told */
	uint32_t taken_count;
	struct taken taken[TAKEN_MAX];
};

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

/* Inserts into a sorted array that keeps the best `max`. */
static void keep_best(struct choice_entry *entries, uint32_t *count, uint32_t max,
	const struct choice_entry *entry)
{
	uint32_t place = *count;

	if (place == max && !entry_before(entry, &entries[max - 1]))
		return;
	if (place == max)
		place--;
	else
		(*count)++;
	while (place > 0 && entry_before(entry, &entries[place - 1])) {
		entries[place] = entries[place - 1];
		place--;
	}
	entries[place] = *entry;
}

static void rank(struct search *search, const struct choice_entry *entry)
{
	struct choice *choice = search->choice;

	if (entry->violated == BAL_REASON_NONE)
		keep_best(choice->ranked, &choice->ranked_count, CHOICE_RANKED_MAX, entry);
	else if (!search->losers)
		keep_best(choice->ruled_out, &choice->ruled_out_count, BAL_VIOLATIONS_MAX, entry);
}

/* Looks at an agent by itself. */
static void consider(struct search *search, struct agent *agent)
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
	rank(search, &entry);
}

static void scan_pool(struct search *search, const struct pool *pool)
{
	for (const struct list_node *node = pool->agents.first; node != NULL;
		node = list_next(node)) {
		struct agent *agent = container_of(node, struct agent, pool_node);

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
	       (choice->ranked_count == CHOICE_RANKED_MAX &&
		       score_plain_ns(&choice->basis, rate, choice->basis.shared_s) >
			       choice->ranked[CHOICE_RANKED_MAX - 1].composite_ns);
}

/* Ranks the best agent on the shelf that is neither special (it is considered by itself) nor
 * forbidden. */
static void rank_head(struct search *search, struct shelf *shelf)
{
	struct score_basis *basis = &search->choice->basis;
	const struct pool *pool = &search->core->pools[shelf->pool];
	bool found = false;

	score_pool(basis, shelf->pool, shelf->slowness);
	while (!found && !is_beaten(search, mintree_least(&shelf->rate))) {
		uint32_t seat = mintree_first(&shelf->rate);
		struct choice_entry entry = {.agent = shelf_agent(search->core, pool, seat),
			.shelf = shelf,
			.rate = mintree_key(&shelf->rate, seat),
			.slow = mintree_key(&shelf->slow, seat)};
		bool special = score_is_special(basis, entry.agent);

		if (is_forbidden(basis->task, entry.agent))
			entry.violated = BAL_REASON_FORBIDDEN;
		entry.composite_ns = score_composite_ns(basis, entry.agent, entry.slow, entry.rate);
		found = !special && entry.violated == BAL_REASON_NONE;
		if (!special)
			rank(search, &entry);
		if (!found)
			take_off(search, shelf, seat);
	}
}

static void search_pool(struct search *search, uint32_t number, bool plain)
{
	const struct pool *pool = &search->core->pools[number];
	const struct task *task = search->choice->basis.task;
	struct shelf *shelf = plain ? shelf_find(search->core, number, task->kind) : NULL;

	search->choice->free_count += pool->idle_count;
	if (shelf == NULL)
		scan_pool(search, pool);
	else
		rank_head(search, shelf);
}

/* An agent of this id that could take the task, and is on a shelf of an open pool. */
static void search_special(struct search *search, uint64_t id)
{
	const struct choice *choice = search->choice;
	struct agent *agent = id == 0 ? NULL : agent_find(search->core, id);

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

/* Ranks the heads of all pools, and looks at what shelves cannot know about. */
static void search_all(const struct bal_core *core, struct choice *choice)
{
	const struct lane *lane = choice->basis.lane;
	bool plain = !choice->basis.task->exclusive && lane->memory_mib == 0;
	struct search search;

	search.core = core;
	search.choice = choice;
	search.losers = false;
	search.taken_count = 0;
	choice->ranked_count = 0;
	choice->ruled_out_count = 0;
	choice->free_count = 0;
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
	put_back(&search);
	drop_worse(choice);
}

/* True when no agent is special to the task or forbidden, and what it needs of one all have. */
static bool is_simple(const struct choice *choice)
{
	const struct task *task = choice->basis.task;
	const uint64_t *not_agents = task->not_agents;

	_Static_assert(BAL_NOT_AGENTS_MAX == 4, "all of them");
	return (not_agents[0] | not_agents[1] | not_agents[2] | not_agents[3]) == 0 &&
	       !task->exclusive && choice->basis.lane->memory_mib == 0 &&
	       choice->basis.warm_agent == 0 && choice->basis.beside_agent == 0;
}

/* The shelf whose head costs least, and what that costs; of equal ones as entry_before says. */
struct least {
	struct shelf *shelf;
	int64_t cost_ns;
};

/* Which of two pools is better nobody can guess, so both ways are worked out; only a tie is so rare
 * that a branch is right.  Pools come in their order. */
static inline struct least least_of(struct least best, struct shelf *shelf, int64_t cost_ns)
{
	bool better = cost_ns < best.cost_ns;

	if (cost_ns == best.cost_ns)
		better = mintree_least(&shelf->rate) < mintree_least(&best.shelf->rate);
	best.shelf = better ? shelf : best.shelf;
	best.cost_ns = better ? cost_ns : best.cost_ns;
	return best;
}

/* The least head of all pools, without a look at any agent.  A shelf without an idle agent takes
 * part at the highest cost there is.  False when a pool has no shelf. */
static bool find_least(const struct bal_core *core, struct choice *choice, struct least *least)
{
	const struct score_basis basis = choice->basis;
	uint32_t kind = basis.task->kind;
	struct least best = {.cost_ns = INT64_MAX};
	uint32_t free_count = 0;

	for (uint32_t i = 0; i < core->pool_words; i++) {
		for (uint64_t pools = basis.lane->pools[i]; pools != 0; pools &= pools - 1) {
			uint32_t number = i * 64 + (uint32_t)__builtin_ctzll(pools);
			const struct pool *pool = &core->pools[number];
			struct shelf *shelf;

			if (!pool_dispatches(core, pool))
				continue;
			shelf = shelf_find(core, number, kind);
			if (shelf == NULL)
				return false;
			free_count += pool->idle_count;
			best = least_of(best, shelf,
				score_simple_ns(&basis, pool, shelf->slowness,
					mintree_least(&shelf->rate)));
		}
	}
	choice->free_count = free_count;
	*least = best;
	return true;
}

static void name_winner(
	const struct bal_core *core, struct choice *choice, const struct least *least)
{
	struct shelf *shelf = least->shelf;
	uint32_t seat = shelf == NULL ? MINTREE_NONE : mintree_first(&shelf->rate);

	choice->ranked_count = seat != MINTREE_NONE;
	choice->ruled_out_count = 0;
	if (seat == MINTREE_NONE)
		return;
	choice->ranked[0] =
		(struct choice_entry){.agent = shelf_agent(core, &core->pools[shelf->pool], seat),
			.shelf = shelf,
			.composite_ns = least->cost_ns,
			.rate = mintree_key(&shelf->rate, seat),
			.slow = mintree_key(&shelf->slow, seat),
			.violated = BAL_REASON_NONE};
}

void choose(const struct bal_core *core, const struct task *task, struct choice *choice)
{
	struct least least;

	score_prepare(core, task, &choice->basis);
	choice->winner_only = is_simple(choice) && find_least(core, choice, &least);
	if (choice->winner_only)
		name_winner(core, choice, &least);
	else
		search_all(core, choice);
}

/* The heads of the best pools are ranked.  Whoever comes next is on the shelf of one that is ranked
 * already: each is taken off in its turn, and the next of its shelf ranked. */
void choose_losers(const struct bal_core *core, struct choice *choice)
{
	struct search search;

	/* Of a single pool the head is ranked already. */
	if (choice->winner_only && choice->basis.lane->pool_count > 1)
		search_all(core, choice);
	search.core = core;
	search.choice = choice;
	search.losers = true;
	search.taken_count = 0;
	for (uint32_t i = 0; i + 1 < CHOICE_RANKED_MAX && i < choice->ranked_count; i++) {
		struct shelf *shelf = choice->ranked[i].shelf;

		if (shelf == NULL)
			continue;
		take_off(&search, shelf, choice->ranked[i].agent->seat);
		rank_head(&search, shelf);
	}
	put_back(&search);
}

void choice_prepare(struct bal_core *core, const struct task *task)
{
	const struct lane *lane = lane_at(core, task->lane);

	for (uint32_t i = 0; i < core->pool_words; i++)
		for (uint64_t pools = lane->pools[i]; pools != 0; pools &= pools - 1)
			shelf_for(core, i * 64 + (uint32_t)__builtin_ctzll(pools), task->kind);
}

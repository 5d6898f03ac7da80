/* SPDX-License-Identifier: Apache-2.0 */
/* A scan over the idle lists of the capable pools.  "Validate after the choice, take the next best"
 * and "leave out what is not valid, take the best" come to the same agent; the second needs one
 * pass, and the better candidates that were ruled out are kept for the explanation. */
#include "core/choice.h"

#include "core/limit.h"
#include "core/queue.h"

bool pool_open(const struct bal_core *core, const struct pool *pool)
{
	uint32_t blocking;

	return pool->idle.count > 0 && !pool->paused_dispatch &&
	       limits_allow(core, pool, &blocking);
}

enum bal_reason choice_constraint(
	const struct bal_core *core, const struct task *task, const struct agent *agent)
{
	const struct lane *lane = lane_at(core, task->lane);
	const struct pool *pool = &core->pools[agent->pool];
	int64_t used_mib = agent->signals[BAL_SIGNAL_MEMORY_MIB];

	for (uint32_t i = 0; i < BAL_NOT_AGENTS_MAX; i++)
		if (task->not_agents[i] == agent->id)
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
	if (a->score.composite_ns != b->score.composite_ns)
		return a->score.composite_ns < b->score.composite_ns;
	return a->agent->id < b->agent->id;
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

static void note_best(struct choice *choice, const struct score *score)
{
	static const enum bal_factor shown_as_excess[] = {
		BAL_FACTOR_PERFORMANCE, BAL_FACTOR_EFFICIENCY};

	for (uint32_t i = 0; i < 2; i++) {
		enum bal_factor factor = shown_as_excess[i];

		if (choice->free_count == 0 ||
			score->factor_ns[factor] < choice->best.factor_ns[factor])
			choice->best.factor_ns[factor] = score->factor_ns[factor];
	}
}

static void scan_pool(const struct bal_core *core, const struct pool *pool, struct choice *choice)
{
	for (const struct list_node *node = pool->idle.first; node != NULL;
		node = list_next(node)) {
		struct choice_entry entry;

		entry.agent = container_of(node, struct agent, idle_node);
		score_agent(&choice->basis, entry.agent, &entry.score);
		entry.violated = choice_constraint(core, choice->basis.task, entry.agent);
		note_best(choice, &entry.score);
		choice->free_count++;
		if (entry.violated == BAL_REASON_NONE)
			keep_best(choice->ranked, &choice->ranked_count, CHOICE_RANKED_MAX, &entry);
		else
			keep_best(choice->ruled_out, &choice->ruled_out_count, BAL_VIOLATIONS_MAX,
				&entry);
	}
}

void choose(const struct bal_core *core, const struct task *task, struct choice *choice)
{
	const struct lane *lane = lane_at(core, task->lane);

	choice->ranked_count = 0;
	choice->ruled_out_count = 0;
	choice->free_count = 0;
	score_prepare(core, task, &choice->basis);
	for (uint32_t i = 0; i < core->pool_words; i++) {
		uint64_t pools = lane->pools[i];

		while (pools != 0) {
			uint32_t bit = (uint32_t)__builtin_ctzll(pools);
			const struct pool *pool = &core->pools[i * 64 + bit];

			pools &= pools - 1;
			if (pool_open(core, pool))
				scan_pool(core, pool, choice);
		}
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of records, found by id through a map.  A record is written when the decision is made,
 * from the numbers that made it; nothing is worked out again later, except for a task that still
 * waits: there the question is about now. */
#include "core/explain.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/dispatch.h"
#include "core/learn.h"
#include "core/limit.h"
#include "core/order.h"
#include "core/queue.h"
#include "core/shelf.h"
#include "core/tag.h"
#include "core/task.h"

static struct bal_why *record_new(struct bal_core *core, uint64_t id, enum bal_why_kind kind)
{
	uint32_t place = (uint32_t)(core->decision_count % core->limits.explanations_max);
	struct bal_why *why = &core->decisions[place];

	/* The old record's id may point to a newer record of the same task by now. */
	if (why->kind != BAL_WHY_NOTHING && map_get(&core->decisions_by_id, why->id) == place)
		map_remove(&core->decisions_by_id, why->id);
	core->decision_count++;
	*why = (struct bal_why){
		.kind = kind, .id = id, .at_ns = core->now_ns, .limit = BAL_NONE, .pool = BAL_NONE};
	bal_assert(map_put(&core->decisions_by_id, id, place));
	return why;
}

uint32_t explain_capable(const struct bal_core *core, const struct lane *lane)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < core->pools_high; i++)
		if (lane_serves(lane, i))
			count += core->pools[i].agents.count;
	return count;
}

static void fill_weights(const struct bal_core *core, struct bal_why *why)
{
	why->routing = core->routing;
	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		why->weights_permille[i] = (uint32_t)core->weights_permille[i];
}

/* The least absolute performance and efficiency among the candidates that are named. */
static void note_best(struct score *best, const struct score *score, bool first)
{
	static const enum bal_factor shown_as_excess[] = {
		BAL_FACTOR_PERFORMANCE, BAL_FACTOR_EFFICIENCY};

	for (uint32_t i = 0; i < 2; i++) {
		enum bal_factor factor = shown_as_excess[i];

		if (first || score->factor_ns[factor] < best->factor_ns[factor])
			best->factor_ns[factor] = score->factor_ns[factor];
	}
}

static void score_entry(
	struct choice *choice, const struct choice_entry *entry, struct score *score)
{
	const struct score_basis *basis = &choice->basis;
	struct learn_prior prior;

	if (entry->shelf != NULL)
		prior = shelf_prior(entry->shelf);
	else
		learn_expect(basis->core, entry->agent->pool, basis->task->kind, &prior);
	score_agent(&choice->basis, entry->agent, &prior, score);
}

/* Winner (NULL: nobody gets it), losers and those ruled out, with their five factors. */
static void fill_choice(struct bal_why *why, struct choice *choice, struct bal_candidate *winner)
{
	struct score ranked[CHOICE_RANKED_MAX];
	struct score ruled_out[BAL_VIOLATIONS_MAX];
	struct score best;

	why->free_count = choice->free_count;
	for (uint32_t i = 0; i < choice->ranked_count; i++) {
		score_entry(choice, &choice->ranked[i], &ranked[i]);
		note_best(&best, &ranked[i], i == 0);
	}
	for (uint32_t i = 0; i < choice->ruled_out_count; i++) {
		score_entry(choice, &choice->ruled_out[i], &ruled_out[i]);
		note_best(&best, &ruled_out[i], i + choice->ranked_count == 0);
	}
	if (winner != NULL)
		score_explain(&choice->basis, choice->ranked[0].agent, &ranked[0], &best, winner);
	for (uint32_t i = 1; i < choice->ranked_count; i++)
		score_explain(&choice->basis, choice->ranked[i].agent, &ranked[i], &best,
			&why->losers[why->losers_count++]);
	for (uint32_t i = 0; i < choice->ruled_out_count; i++) {
		const struct choice_entry *entry = &choice->ruled_out[i];
		struct bal_candidate candidate;

		score_explain(&choice->basis, entry->agent, &ruled_out[i], &best, &candidate);
		why->violations[why->violations_count++] =
			(struct bal_violation){.agent = entry->agent->id,
				.reason = entry->violated,
				.composite_ns = candidate.composite_ns};
	}
}

static void explain_choice(struct bal_core *core, const struct task *task, struct choice *choice,
	enum bal_reason reason, int64_t since_ns)
{
	struct bal_why *why = record_new(core, task->id, BAL_WHY_ROUTED);

	why->reason = reason;
	why->attempt = task->attempt_last + 1;
	why->expected_wait_ns = core->now_ns - since_ns;
	why->capable_count = explain_capable(core, choice->basis.lane);
	why->pool = choice->ranked[0].agent->pool;
	fill_weights(core, why);
	fill_choice(why, choice, &why->winner);
}

void explain_routed(struct bal_core *core, const struct task *task, struct choice *choice)
{
	explain_choice(core, task, choice,
		choice->ranked_count == 1 ? BAL_REASON_ONLY_CHOICE : BAL_REASON_ROUTED,
		task->queued_at_ns);
}

void explain_hedged(struct bal_core *core, const struct task *task, struct choice *choice)
{
	explain_choice(core, task, choice, BAL_REASON_HEDGED, task->dispatched_at_ns);
}

/* It goes to this agent, no other was looked at. */
static void explain_given(struct bal_core *core, const struct task *task, const struct agent *agent,
	enum bal_reason reason, uint64_t other)
{
	struct bal_why *why = record_new(core, task->id, BAL_WHY_ROUTED);
	struct score_basis basis;
	struct learn_prior prior;
	struct score score;

	score_prepare(core, task, &basis);
	learn_expect(core, agent->pool, task->kind, &prior);
	score_agent(&basis, agent, &prior, &score);
	why->reason = reason;
	why->attempt = task->attempt_last + 1;
	why->other = other;
	why->expected_wait_ns = core->now_ns - task->queued_at_ns;
	why->capable_count = explain_capable(core, basis.lane);
	why->pool = agent->pool;
	fill_weights(core, why);
	score_explain(&basis, agent, &score, &score, &why->winner);
}

void explain_ahead(struct bal_core *core, const struct task *task, const struct agent *agent)
{
	explain_given(core, task, agent, BAL_REASON_SENT_AHEAD, 0);
}

void explain_lent(struct bal_core *core, const struct task *task, const struct agent *agent,
	const struct task *lender)
{
	explain_given(core, task, agent, BAL_REASON_LENT_SLOT, lender->id);
}

struct bal_why *explain_refused(
	struct bal_core *core, uint64_t task, enum bal_reason reason, int64_t wait_ns)
{
	struct bal_why *why = record_new(core, task, BAL_WHY_REFUSED);

	why->reason = reason;
	why->expected_wait_ns = wait_ns;
	return why;
}

/* How long a task waits that has `ahead` others before it. */
static int64_t wait_behind_ns(
	const struct bal_core *core, const struct lane *lane, uint32_t kind, uint32_t ahead)
{
	uint64_t slots = 0;
	uint64_t taken = 0;
	double service_s = core->kinds[kind].service_s.value;

	for (uint32_t i = 0; i < core->pools_high; i++) {
		const struct pool *pool = &core->pools[i];

		if (!lane_serves(lane, i))
			continue;
		slots += pool->slots_ready +
			 (uint64_t)(pool->ordered + pool->state_count[BAL_AGENT_STARTING]) *
				 pool->conf.slots;
		taken += pool->running;
	}
	if (slots == 0)
		return -1;
	if (taken + ahead < slots)
		return 0;
	return num_to_i64(
		service_s * (double)NS_PER_S * (double)(taken + ahead + 1 - slots) / (double)slots);
}

int64_t explain_wait_ns(
	const struct bal_core *core, const struct lane *lane, uint32_t kind, uint32_t priority)
{
	return wait_behind_ns(core, lane, kind, queue_ahead(core, lane, priority));
}

void explain_nearest(
	const struct bal_core *core, const struct bal_needs *needs, struct bal_why *why)
{
	uint32_t lacking[BAL_NEAREST_MAX];

	why->unknown_count = needs->unknown_count;
	for (uint32_t i = 0; i < core->pools_high; i++) {
		const struct pool *pool = &core->pools[i];
		struct bal_tags missing = tags_missing(&pool->conf.offers, &needs->tags);
		uint32_t count = tags_count(&missing);
		uint32_t place = why->nearest_count;

		if (!pool->exists || pool->removed)
			continue;
		while (place > 0 && count < lacking[place - 1])
			place--;
		if (place == BAL_NEAREST_MAX)
			continue;
		if (why->nearest_count < BAL_NEAREST_MAX)
			why->nearest_count++;
		for (uint32_t j = why->nearest_count - 1; j > place; j--) {
			lacking[j] = lacking[j - 1];
			why->nearest_pool[j] = why->nearest_pool[j - 1];
			why->nearest_missing[j] = why->nearest_missing[j - 1];
		}
		lacking[place] = count;
		why->nearest_pool[place] = i;
		why->nearest_missing[place] = missing;
	}
}

/* Why no pool that could serve the task gives it a slot now. */
static enum bal_reason closed_reason(
	const struct bal_core *core, const struct lane *lane, uint32_t *limit)
{
	bool coming = false, up = false, paused = false, limited = false, any = false;

	for (uint32_t i = 0; i < core->pools_high; i++) {
		const struct pool *pool = &core->pools[i];
		uint32_t blocking;

		if (!lane_serves(lane, i))
			continue;
		any |= pool->agents.count > 0;
		coming |= pool->ordered > 0 || pool->state_count[BAL_AGENT_STARTING] > 0;
		up |= pool->slots_ready > 0;
		paused |= pool->paused_dispatch;
		if (!limits_allow(core, pool, &blocking)) {
			limited = true;
			*limit = blocking;
		}
	}
	if (lane->pool_count == 0)
		return BAL_REASON_REFUSED_INCAPABLE; /* its pool was removed after it came */
	if (limited)
		return BAL_REASON_WAIT_LIMIT;
	if (paused)
		return BAL_REASON_WAIT_PAUSED;
	if (up)
		return BAL_REASON_WAIT_TURN;
	if (coming || !any)
		return BAL_REASON_WAIT_ORDERED;
	return BAL_REASON_WAIT_DOWN;
}

static void explain_queued(
	const struct bal_core *core, const struct task *task, struct bal_why *why)
{
	const struct lane *lane = lane_at(core, task->lane);
	struct choice choice;

	choose(core, task, &choice);
	choose_losers(core, &choice);
	fill_weights(core, why);
	fill_choice(why, &choice, NULL);
	why->ahead_count = queue_ahead(core, lane, task->priority);
	why->ahead_count -= why->ahead_count > 0;
	why->expected_wait_ns = wait_behind_ns(core, lane, task->kind, why->ahead_count);
	if (!tenant_may_run(core, task->tenant))
		why->reason = BAL_REASON_WAIT_TENANT;
	else if (choice.free_count > 0 && choice.ranked_count == 0)
		why->reason = BAL_REASON_WAIT_FORBIDDEN;
	else if (choice.ranked_count > 0 && queue_is_deferred(task))
		why->reason = BAL_REASON_WAIT_FASTER;
	else
		why->reason = closed_reason(core, lane, &why->limit);
}

static bool explain_waiting(const struct bal_core *core, uint64_t id, struct bal_why *why)
{
	const struct task *task = task_find(core, id);

	if (task == NULL)
		return false;
	*why = (struct bal_why){.kind = BAL_WHY_WAITING,
		.id = id,
		.at_ns = core->now_ns,
		.attempt = task->attempt,
		.limit = BAL_NONE,
		.pool = BAL_NONE};
	why->capable_count = explain_capable(core, lane_at(core, task->lane));
	switch ((enum bal_task_state)task->state) {
	case BAL_TASK_SUBMITTED:
		why->reason = BAL_REASON_WAIT_STORE;
		return true;
	case BAL_TASK_WAITING:
		why->other = task->waits_for;
		why->reason = BAL_REASON_WAIT_BACKOFF;
		if (task->waits_for != 0)
			why->reason = BAL_REASON_WAIT_TASK;
		else if (task->reason == BAL_REASON_WAIT_CIRCLE)
			why->reason = BAL_REASON_WAIT_CIRCLE;
		why->expected_wait_ns =
			num_max_i64(0, num_sub_i64(task->not_before_ns, core->now_ns));
		return true;
	case BAL_TASK_QUEUED:
		explain_queued(core, task, why);
		return true;
	default:
		return false;
	}
}

void bal_why(const struct bal_core *core, uint64_t id, struct bal_why *why)
{
	const struct order *order = order_find(core, id);
	uint32_t place;

	if (order != NULL) {
		*why = order->why;
		return;
	}
	if (explain_waiting(core, id, why))
		return;
	place = map_get(&core->decisions_by_id, id);
	if (place == MAP_NONE)
		*why = (struct bal_why){.kind = BAL_WHY_NOTHING, .id = id};
	else
		*why = core->decisions[place];
}

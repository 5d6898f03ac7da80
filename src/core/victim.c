/* SPDX-License-Identifier: Apache-2.0 */
/* The cost of an end is time: the work that must still be done before the agent can go, and what
 * its warm contexts would have saved.  At equal costs an ejected agent goes before a sound one,
 * then the youngest: the others have shown for longer that they work.  All agents of a pool have
 * one price, so that it decides between pools (see core/plan.h), never between agents of one.
 *
 * An agent that starts has nothing to lose, so it would always be the cheapest.  But one that has
 * half of its start behind it is paid for and about to help, and to boot another one in its place a
 * minute later costs all of it again: it stays, unless it is far behind its time or somebody wants
 * exactly so many agents.  For as long as others only start, the last one that works stays too. */
#include "core/victim.h"

#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/drain.h"
#include "core/learn.h"

#define WARM_FOR_NS    (10 * NS_PER_MIN) /* a conversation that was silent for longer is over */
#define WARM_LEAST_S   1e-3 /* so that, where nothing was learned, their number counts */
#define BOOT_UNKNOWN_S 30.0

/* The share of its service that a task saves with a warm context, over all kinds as they come. */
static double warm_share(const struct bal_core *core)
{
	double shares = 0, weight = 0;

	for (uint32_t i = 0; i < core->limits.kinds_max; i++) {
		double finished = (double)core->kinds[i].finished_count;

		if (finished <= 0)
			continue;
		shares += finished * learn_warm_share(core, i);
		weight += finished;
	}
	return weight > 0 ? shares / weight : 0;
}

void victims_weigh(struct bal_core *core, struct pool *pool)
{
	double service_s = pool->service_s.weight > 0 ? pool->service_s.value : 0;
	double saved_s = num_max(service_s * warm_share(core), WARM_LEAST_S);

	for (struct list_node *node = pool->agents.first; node != NULL; node = list_next(node))
		container_of(node, struct agent, pool_node)->warm_ns = 0;
	/* The contexts used last come last. */
	for (const struct list_node *node = core->context_use.last; node != NULL;
		node = list_previous(node)) {
		const struct context *context = container_of(node, struct context, use_node);
		int64_t left_ns = WARM_FOR_NS - (core->now_ns - context->used_at_ns);
		struct agent *agent;

		if (left_ns <= 0)
			break;
		agent = agent_find(core, context->agent);
		if (agent == NULL)
			continue;
		/* The longer it was silent the less likely it goes on. */
		agent->warm_ns = num_add_i64(
			agent->warm_ns, num_to_i64(saved_s * (double)NS_PER_S * (double)left_ns /
						   (double)WARM_FOR_NS));
	}
}

static bool is_last_at_work(const struct pool *pool, const struct agent *agent)
{
	bool works = agent->state == BAL_AGENT_READY || agent->state == BAL_AGENT_WARMING;

	return works && pool->state_count[BAL_AGENT_STARTING] > 0 &&
	       pool->state_count[BAL_AGENT_READY] + pool->state_count[BAL_AGENT_WARMING] == 1;
}

static bool is_close_to_ready(
	const struct bal_core *core, const struct pool *pool, const struct agent *agent)
{
	double boot_s = pool->boot_s.weight > 0 ? pool->boot_s.value : BOOT_UNKNOWN_S;
	double since_s = (double)(core->now_ns - agent->up_at_ns) / (double)NS_PER_S;

	return agent->state == BAL_AGENT_STARTING && since_s >= boot_s / 2 && since_s <= boot_s * 2;
}

/* What is compared of two agents. */
struct parting {
	const struct agent *agent;
	int64_t cost_ns;
	bool is_wanted, is_ejected;
};

static bool leaves_before(const struct parting *a, const struct parting *b)
{
	if (a->is_wanted != b->is_wanted)
		return b->is_wanted;
	if (a->cost_ns != b->cost_ns)
		return a->cost_ns < b->cost_ns;
	if (a->is_ejected != b->is_ejected)
		return a->is_ejected;
	if (a->agent->up_at_ns != b->agent->up_at_ns)
		return a->agent->up_at_ns > b->agent->up_at_ns;
	return a->agent->id > b->agent->id;
}

struct agent *victim_find(const struct bal_core *core, const struct pool *pool, bool insist)
{
	struct parting best = {.agent = NULL};
	struct agent *victim = NULL;

	for (struct list_node *node = pool->agents.first; node != NULL; node = list_next(node)) {
		struct agent *agent = container_of(node, struct agent, pool_node);
		struct parting parting = {.agent = agent,
			.cost_ns = num_add_i64(drain_left_ns(core, agent), agent->warm_ns),
			.is_wanted = is_close_to_ready(core, pool, agent) ||
				     is_last_at_work(pool, agent),
			.is_ejected = agent->state == BAL_AGENT_EJECTED};

		if (agent->state == BAL_AGENT_DRAINING || agent->state == BAL_AGENT_GONE ||
			(parting.is_wanted && !insist))
			continue;
		if (victim == NULL || leaves_before(&parting, &best)) {
			victim = agent;
			best = parting;
		}
	}
	return victim;
}

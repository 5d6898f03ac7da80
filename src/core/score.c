/* SPDX-License-Identifier: Apache-2.0 */
/* Every factor is an expected number of seconds, so that a weighted sum means something and a
 * person can check it:
 *
 * load           0 s until the start, for only agents with a free slot are candidates; what the
 *                present concurrency and pressure slow the task down by
 * performance    expected service on this agent, divided by its chance of success
 * future         arrivals expected during the service that want a slot of this pool, as forecast or
 *                else as lately, times the half service that each would wait on average; of the
 *                pool's mean agent
 * efficiency     what the agent costs during the service, in seconds at the value of time, and
 *                memory left stranded on the pool's mean agent
 * collaboration  less what a warm context, or working beside the parent task, saves
 *
 * Within a pool all this comes to size * rate(agent) + shared, less what a special agent saves;
 * rates are floats that one function works out, so every way to a choice sees the same bits. */
#include "core/score.h"

#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/learn.h"
#include "core/queue.h"
#include "core/routing.h"
#include "core/series.h"
#include "core/task.h"

#define SLOWING_FULL 0.25 /* a full agent's task takes this much longer than alone */
#define CPU_CALM     700  /* permille from which CPU pressure slows a task */
#define MEMORY_CALM  850  /* likewise memory */
#define REFRESH_NS   NS_PER_S

const double score_ceiling_ns = 1e15;

static uint32_t lane_slots_ready(const struct bal_core *core, const struct lane *lane)
{
	uint32_t slots = 0;

	for (uint32_t i = 0; i < core->pools_high; i++)
		if (lane_serves(lane, i))
			slots += core->pools[i].slots_ready;
	return slots;
}

/* What arrives in each kind's lanes now: how its forecast is shared among them. */
static void sum_lanes(struct bal_core *core)
{
	for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
		i = slab_next(&core->lanes, i + 1))
		core->kinds[lane_at(core, i)->kind].lanes_rate = 0.0;
	for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
		i = slab_next(&core->lanes, i + 1)) {
		const struct lane *lane = lane_at(core, i);

		core->kinds[lane->kind].lanes_rate += lane_rate(core, lane);
	}
}

/* Arrivals per second that a lane has to expect during a service: its part of what is forecast for
 * its kind, and where no forecast has proved itself what came lately. */
static double expected_rate(const struct bal_core *core, const struct lane *lane)
{
	const struct kind *kind = &core->kinds[lane->kind];
	double recent = lane_rate(core, lane), expected;

	if (recent <= 0.0 ||
		!series_rate(core->series, lane->kind, kind->service_s.value, &expected))
		return recent;
	return expected * recent / kind->lanes_rate;
}

void score_refresh(struct bal_core *core)
{
	if (core->now_ns - core->rivals_at_ns < REFRESH_NS)
		return;
	core->rivals_at_ns = core->now_ns;
	routing_refresh(core);
	sum_lanes(core);
	for (uint32_t i = 0; i < core->pools_high; i++)
		core->pools[i].rivals = 0.0;
	for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
		i = slab_next(&core->lanes, i + 1)) {
		struct lane *lane = lane_at(core, i);
		uint32_t slots = lane_slots_ready(core, lane);

		lane->rivals_own = expected_rate(core, lane) / (double)(slots == 0 ? 1 : slots);
		for (uint32_t j = 0; j < core->pools_high; j++)
			if (lane_serves(lane, j))
				core->pools[j].rivals += lane->rivals_own;
	}
}

static double weight(const struct bal_core *core, enum bal_factor factor)
{
	return core->weights[factor];
}

void score_prepare(const struct bal_core *core, const struct task *task, struct score_basis *basis)
{
	const struct task *parent = task->parent == 0 ? NULL : task_find(core, task->parent);

	*basis = (struct score_basis){.core = core, .task = task, .pool = BAL_NONE};
	basis->lane = lane_at(core, task->lane);
	basis->size_s = learn_size_s(core, task);
	basis->weight_future = weight(core, BAL_FACTOR_FUTURE);
	basis->warm_agent = context_agent(core, task->conversation);
	if (basis->warm_agent != 0)
		basis->warm_share = learn_warm_share(core, task->kind);
	if (parent != NULL && parent->agent != BAL_NONE) {
		basis->beside_agent = agent_at(core, parent->agent)->id;
		basis->beside_share = learn_beside_share(core, task->kind);
	}
}

static double pressure(const struct agent *agent)
{
	int64_t cpu = agent->signals[BAL_SIGNAL_CPU_PERMILLE];
	int64_t memory = agent->signals[BAL_SIGNAL_MEMORY_PERMILLE];
	double sum = 0.0;

	if (cpu > CPU_CALM)
		sum += (double)(num_min_i64(cpu, PERMILLE) - CPU_CALM) / (double)PERMILLE;
	if (memory > MEMORY_CALM)
		sum += (double)(num_min_i64(memory, PERMILLE) - MEMORY_CALM) / (double)PERMILLE;
	return sum;
}

static double saved_share(const struct score_basis *basis, const struct agent *agent)
{
	double share = 0.0;

	if (basis->warm_agent == agent->id)
		share += basis->warm_share;
	if (basis->beside_agent == agent->id)
		share += basis->beside_share;
	return share;
}

/* Rows of BAL_ROUTING_MAP: what each strategy multiplies the weights by, in quarters. */
static const uint8_t BENT[BAL_ROUTING_AUTO][BAL_FACTOR_COUNT] = {
	[BAL_ROUTING_BALANCED] = {4, 4, 4, 4, 4},
	[BAL_ROUTING_LATENCY] = {4, 8, 4, 1, 4},
	[BAL_ROUTING_COST] = {4, 2, 4, 16, 4},
	[BAL_ROUTING_PACK] = {4, 4, 4, 4, 4},
	[BAL_ROUTING_SPREAD] = {16, 4, 4, 4, 4},
};

void score_weights(struct bal_core *core)
{
	const uint8_t *bent = BENT[core->routing];

	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++) {
		core->weights_permille[i] = core->knobs[BAL_KNOB_WEIGHT_LOAD + i] * bent[i] / 4;
		core->weights[i] = (double)core->weights_permille[i] / (double)PERMILLE;
	}
}

static int64_t weigh(const struct bal_core *core, const int64_t factor_ns[BAL_FACTOR_COUNT])
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		sum += factor_ns[i] * core->weights_permille[i];
	return sum / PERMILLE;
}

/* What a second of service costs, in seconds at the value of time. */
static double price(const struct bal_core *core, const struct pool *pool)
{
	double value = (double)num_max_i64(1, knob(core, BAL_KNOB_TIME_VALUE));

	return (double)pool->conf.price_microcents_hour / value;
}

void score_facts(const struct bal_core *core, const struct pool *pool,
	const struct learn_view *view, struct score_facts *facts)
{
	facts->slow = (float)view->slowness;
	facts->base = (float)(view->slowness *
			      (weight(core, BAL_FACTOR_PERFORMANCE) / view->success +
				      weight(core, BAL_FACTOR_EFFICIENCY) * price(core, pool)));
}

static double slowing(const struct bal_core *core, const struct agent *agent)
{
	double busy = (double)agent->running / (double)(agent->slots == 0 ? 1 : agent->slots);

	if (core->routing == BAL_ROUTING_PACK)
		busy = num_max(0.0, 1.0 - busy);
	return SLOWING_FULL * busy + pressure(agent);
}

float score_load(const struct bal_core *core, const struct agent *agent)
{
	return (float)(weight(core, BAL_FACTOR_LOAD) * slowing(core, agent));
}

void score_pool(struct score_basis *basis, uint32_t number, double slowness)
{
	const struct pool *pool = &basis->core->pools[number];

	if (basis->pool == number)
		return;
	basis->pool = number;
	basis->future_s = score_future_s(basis, pool, basis->size_s * slowness);
	basis->stranded_s = score_stranded_s(basis, pool, basis->size_s * slowness);
	basis->shared_s = basis->weight_future * basis->future_s +
			  weight(basis->core, BAL_FACTOR_EFFICIENCY) * basis->stranded_s;
}

int64_t score_composite_ns(
	const struct score_basis *basis, const struct agent *agent, float slow, float rate)
{
	double cost_s = basis->size_s * (double)rate + basis->shared_s;

	if (!score_is_special(basis, agent))
		return score_plain_ns(basis, rate, basis->shared_s);
	return score_ns(cost_s - weight(basis->core, BAL_FACTOR_COLLABORATION) * basis->size_s *
					 (double)slow * saved_share(basis, agent));
}

void score_agent(struct score_basis *basis, const struct agent *agent,
	const struct learn_prior *prior, struct score *score)
{
	const struct bal_core *core = basis->core;
	struct learn_view view;
	double service_s;

	score_pool(basis, agent->pool, prior->slowness);
	learn_agent(core, agent, prior, &view);
	service_s = basis->size_s * view.slowness;
	score->service_ns = score_ns(service_s);
	score->success_permille = (uint32_t)num_to_i64(view.success * (double)PERMILLE);
	score->factor_ns[BAL_FACTOR_LOAD] = score_ns(service_s * slowing(core, agent));
	score->factor_ns[BAL_FACTOR_PERFORMANCE] = score_ns(service_s / view.success);
	score->factor_ns[BAL_FACTOR_FUTURE] = score_ns(basis->future_s);
	score->factor_ns[BAL_FACTOR_EFFICIENCY] =
		score_ns(service_s * price(core, &core->pools[agent->pool]) + basis->stranded_s);
	score->factor_ns[BAL_FACTOR_COLLABORATION] =
		score_ns(-service_s * saved_share(basis, agent));
}

void score_explain(const struct score_basis *basis, const struct agent *agent,
	const struct score *score, const struct score *best, struct bal_candidate *candidate)
{
	const struct bal_core *core = basis->core;
	const struct pool *pool = &core->pools[agent->pool];

	*candidate = (struct bal_candidate){.agent = agent->id,
		.pool = agent->pool,
		.running = agent->running,
		.slots = agent->slots,
		.service_ns = score->service_ns,
		.price_microcents_hour = pool->conf.price_microcents_hour};
	candidate->cpu_permille = (uint32_t)num_max_i64(0, agent->signals[BAL_SIGNAL_CPU_PERMILLE]);
	candidate->memory_permille =
		(uint32_t)num_max_i64(0, agent->signals[BAL_SIGNAL_MEMORY_PERMILLE]);
	candidate->success_permille = score->success_permille;
	candidate->rivals_ppm = num_to_i64(score_rivals(basis, pool) * (double)PPM);
	candidate->warm_ns = num_sub_i64(0, score->factor_ns[BAL_FACTOR_COLLABORATION]);
	for (uint32_t i = 0; i < BAL_FACTOR_COUNT; i++)
		candidate->factor_ns[i] = score->factor_ns[i];
	candidate->factor_ns[BAL_FACTOR_PERFORMANCE] -= best->factor_ns[BAL_FACTOR_PERFORMANCE];
	candidate->factor_ns[BAL_FACTOR_EFFICIENCY] -= best->factor_ns[BAL_FACTOR_EFFICIENCY];
	candidate->composite_ns = weigh(core, candidate->factor_ns);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SCORE_H
#define BAL_CORE_SCORE_H

#include "base/num.h"
#include "base/units.h"
#include "core/learn.h"

/* The five factors: what it is expected to cost, in seconds, to give a task to an agent. */

/* What does not change with a task that an agent takes: belief about a kind, and prices. */
struct score_facts {
	float slow; /* seconds of service per second of size */
	float base; /* weighted seconds per second of size: performance and price */
};

/* What all candidates of one decision share. */
struct score_basis {
	const struct bal_core *core;
	const struct task *task;
	const struct lane *lane;
	double size_s;
	double weight_future; /* see core->weights */
	double warm_share;
	double beside_share;
	uint64_t warm_agent;         /* holds the conversation's context; 0 = none */
	uint64_t beside_agent;       /* runs the parent task; 0 = none */
	uint32_t pool;               /* whose agents are being scored; BAL_NONE = none yet ... */
	double future_s, stranded_s; /* ... the same for all of them ... */
	double shared_s;             /* ... and what that comes to, weighted */
};

/* The factors are absolute here; an explanation shows performance and efficiency as excess over the
 * best candidate that it names.  The difference is one constant for all candidates of a decision,
 * so it cannot change who wins. */
struct score {
	int64_t service_ns;
	uint32_t success_permille;
	int64_t factor_ns[BAL_FACTOR_COUNT];
};

/* Works out, at most once a second, how many expected arrivals want a slot of each pool. */
void score_refresh(struct bal_core *core);

/* Works out the weights in force from the knobs; call after any change of them. */
void score_weights(struct bal_core *core);

/* The facts of a kind on an agent of this pool, of which so much is believed. */
void score_facts(const struct bal_core *core, const struct pool *pool,
	const struct learn_view *view, struct score_facts *facts);

/* How much longer, as a weighted share, a task takes for what else the agent does. */
float score_load(const struct bal_core *core, const struct agent *agent);

/* Weighted seconds that one second of size costs on the agent: all of the composite within a pool.
 * The one place where this is worked out, so that every way to a choice sees the same bits. */
static inline float score_rate(const struct score_facts *facts, float load)
{
	return facts->slow * load + facts->base;
}

/* Seconds as a cost. Bounded, so that five weighted factors cannot overflow; what is not a number
 * is the upper bound too, 11 days. That one is known to score.c alone: a compiler that knew it
 * would make a branch where a minimum is cheaper. */
extern const double score_ceiling_ns;
static inline int64_t score_ns(double seconds)
{
	double ns = num_min(seconds * (double)NS_PER_S, score_ceiling_ns);

	return (int64_t)num_max(ns, -score_ceiling_ns);
}

/* Expected arrivals per second per ready slot of other lanes that the pool serves. */
static inline double score_rivals(const struct score_basis *basis, const struct pool *pool)
{
	return num_max(pool->rivals - basis->lane->rivals_own, 0.0);
}

/* Future and stranded memory are of a pool's mean agent, which serves the task in so long: what it
 * means for those who want a slot of this pool, and for what they need, that one is taken. A choice
 * asks it of every pool, so it is inline. */
#define SCORE_RIVALS_MAX 10.0 /* arrivals per service counted at most: beyond, all is saturated */
static inline double score_future_s(
	const struct score_basis *basis, const struct pool *pool, double service_s)
{
	double arrivals = num_min(score_rivals(basis, pool) * service_s, SCORE_RIVALS_MAX);

	return arrivals * service_s * 0.5;
}

/* Memory that the task leaves unused on such an agent, as a share of its service. */
#define SCORE_STRANDED_SHARE 0.05
static inline double score_stranded_s(
	const struct score_basis *basis, const struct pool *pool, double service_s)
{
	double needed = (double)basis->lane->memory_mib;

	if (pool->conf.memory_mib == 0 || basis->lane->memory_mib == 0)
		return 0.0;
	return service_s * (SCORE_STRANDED_SHARE * (1.0 - needed / (double)pool->conf.memory_mib));
}

/* What it costs to give the task to an agent, by its rate and what its pool's agents share; one
 * that is special pays less. */
static inline int64_t score_plain_ns(const struct score_basis *basis, float rate, double shared_s)
{
	return score_ns(basis->size_s * (double)rate + shared_s);
}

/* The same of the agent of this rate in a pool whose mean agent is so slow, for a task that needs
 * no memory: then none is stranded. */
static inline int64_t score_simple_ns(
	const struct score_basis *basis, const struct pool *pool, double slowness, float rate)
{
	double future_s = score_future_s(basis, pool, basis->size_s * slowness);

	return score_plain_ns(basis, rate, basis->weight_future * future_s);
}

/* Collects what the candidates share; then what those of one pool do, whose mean agent is so slow.
 */
void score_prepare(const struct bal_core *core, const struct task *task, struct score_basis *basis);
void score_pool(struct score_basis *basis, uint32_t pool, double slowness);

/* True when the agent would save something: it holds the task's context, or runs its parent. */
static inline bool score_is_special(const struct score_basis *basis, const struct agent *agent)
{
	return agent->id == basis->warm_agent || agent->id == basis->beside_agent;
}

/* What it costs to give the task to an agent of the prepared pool, special or not. */
int64_t score_composite_ns(
	const struct score_basis *basis, const struct agent *agent, float slow, float rate);

/* The five factors of an agent, for an explanation; the prior is of its pool. */
void score_agent(struct score_basis *basis, const struct agent *agent,
	const struct learn_prior *prior, struct score *score);

/* Fills a candidate of an explanation: the inputs, and the factors less `best`, the least absolute
 * performance and efficiency among those that are named. */
void score_explain(const struct score_basis *basis, const struct agent *agent,
	const struct score *score, const struct score *best, struct bal_candidate *candidate);

#endif

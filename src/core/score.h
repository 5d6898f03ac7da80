/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SCORE_H
#define BAL_CORE_SCORE_H

#include "core/learn.h"

/* The five factors: what it is expected to cost, in seconds, to give a task to an agent. */

/* What all candidates of one decision share. */
struct score_basis {
	const struct bal_core *core;
	const struct task *task;
	const struct lane *lane;
	double size_s;
	double warm_share;
	double beside_share;
	uint64_t warm_agent;      /* holds the conversation's context; 0 = none */
	uint64_t beside_agent;    /* runs the parent task; 0 = none */
	struct learn_prior prior; /* of the pool whose agents are being scored */
};

/* The factors are absolute here; an explanation shows performance and efficiency as excess over the
 * best candidate.  The difference is one constant for all candidates of a decision, so it cannot
 * change who wins. */
struct score {
	int64_t service_ns;
	uint32_t success_permille;
	int64_t factor_ns[BAL_FACTOR_COUNT];
	int64_t composite_ns;
};

/* Works out, at most once a second, how many expected arrivals want a slot of each pool. */
void score_refresh(struct bal_core *core);

/* Collects what the candidates share. */
void score_prepare(const struct bal_core *core, const struct task *task, struct score_basis *basis);

/* The cost of giving the task to this agent. */
void score_agent(struct score_basis *basis, const struct agent *agent, struct score *score);

/* Fills a candidate of an explanation: the inputs, and the factors less `best`, the least absolute
 * performance and efficiency among the candidates. */
void score_explain(const struct score_basis *basis, const struct agent *agent,
	const struct score *score, const struct score *best, struct bal_candidate *candidate);

#endif

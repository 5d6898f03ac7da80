/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_LEARN_H
#define BAL_CORE_LEARN_H

#include "base/units.h"
#include "core/state.h"

/*
 * What finished tasks teach: how long a kind takes, how fast and how reliable an agent is at it,
 * what a warm context saves.
 *
 * Slowness is service time over size: 1 is the average agent, 2 takes twice as long.  The size of
 * a task is the submitter's estimate, or else the mean service of its kind.
 */

/* Adds a sample to a mean that forgets: the weight of the past is at most `span` samples. */
void mean_add(struct mean *mean, double sample, double span);

/* Size of the task in seconds on an average agent: what its client says, or else the mean of its
 * kind, or else LEARN_SIZE_UNKNOWN_S.  Inline, because each run asks it of all deferred tasks. */
#define LEARN_SIZE_UNKNOWN_S 1.0
static inline double learn_size_s(const struct bal_core *core, const struct task *task)
{
	const struct kind *kind = &core->kinds[task->kind];

	if (task->size_ns > 0)
		return (double)task->size_ns / (double)NS_PER_S;
	return kind->service_s.weight > 0.0 ? kind->service_s.value : LEARN_SIZE_UNKNOWN_S;
}

/* Expected slowness of this kind on this agent, shrunk towards its pool's and then 1. */
double learn_slowness(const struct bal_core *core, const struct agent *agent, uint32_t kind);

/* What is believed of a kind in a pool, before one looks at an agent. */
struct learn_prior {
	uint32_t pool;
	uint64_t kind_hash;
	double slowness;
	double success;
};

/* What is believed of a kind on an agent: slowness, and the probability (>= 0.05) that an attempt
 * succeeds; both shrunk towards the prior when there are few samples. */
struct learn_view {
	double slowness;
	double success;
};

/* Fills the prior of a pool and kind, as it was last told: see tell_slowness in learn.c. */
void learn_expect(
	const struct bal_core *core, uint32_t pool, uint32_t kind, struct learn_prior *prior);

/* Fills the view of an agent of the prior's pool. */
void learn_agent(const struct bal_core *core, const struct agent *agent,
	const struct learn_prior *prior, struct learn_view *view);

/* The history of a kind (hash of its name) on an agent; NULL when there is none. */
const struct history *learn_own(
	const struct bal_core *core, const struct agent *agent, uint64_t kind_hash);

/* What is believed by the agent's history of the kind, NULL when it has none. */
void learn_history_view(
	const struct history *own, const struct learn_prior *prior, struct learn_view *view);

/* Share of the service time that a warm context (of the conversation) saves, 0 .. 0.9. */
double learn_warm_share(const struct bal_core *core, uint32_t kind);

/* The same for working on the agent of the parent task; negative when it costs. */
double learn_beside_share(const struct bal_core *core, uint32_t kind);

/* True when enough of this kind has finished to refuse somebody on the strength of its mean. */
bool learn_is_known(const struct bal_core *core, uint32_t kind);

/* How long an attempt of the task on this agent may take before it is late: longer than knob
 * HEDGE_LATE of those of its kind.  BAL_NEVER_NS while that is not known. */
int64_t learn_late_ns(
	const struct bal_core *core, const struct task *task, const struct agent *agent);

/* An attempt was given up after this long because another one of the task was faster. */
void learn_outrun(
	struct bal_core *core, const struct task *task, struct agent *agent, int64_t elapsed_ns);

/* Takes in the end of an attempt on an agent. */
void learn_attempt(struct bal_core *core, const struct task *task, struct agent *agent,
	enum bal_outcome outcome, int64_t service_ns);

/* The history of a kind (hash of its name) on an agent (its id) or a pool; made if there is none,
 * in place of the one that was not used for longest. */
struct history *learn_history(struct bal_core *core, uint64_t who, uint64_t kind_hash);

/* The agent that holds the context of this conversation; 0 = none known. */
uint64_t context_agent(const struct bal_core *core, uint64_t conversation);

/* Notes that the agent now holds it. */
void context_note(struct bal_core *core, uint64_t conversation, uint64_t agent);

/* Put a history and a context of a saved state at their places, as the ones used last; false when
 * the place or the key is taken. */
bool history_restore(struct bal_core *core, uint32_t place, const struct history *saved);
bool context_restore(struct bal_core *core, uint32_t place, const struct context *saved);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_RACE_H
#define BAL_SIM_RACE_H

#include "base/heap.h"
#include "base/prng.h"
#include "sim/course.h"
#include "sim/pace.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * race: one policy on one course.  The race moves time and knows what runs where; the policy says
 * where each task goes.  A policy may bind a task to an agent at once, whose slots then serve what
 * is bound to it first come first served, or keep tasks to itself and start them when it likes.
 *
 * All times are those at which the policy acts or hears of something.  With a network between it
 * and the agents, what it starts begins a delay later and its end is known a delay after it; what
 * is bound to an agent is there when a slot falls free, and begins at once.
 */
#define RACE_NOBODY UINT32_MAX

struct policy;

struct race_task {
	uint32_t next;  /* bound to the same agent behind it, or in a list of the policy's own */
	uint32_t agent; /* that it runs or ran on */
	int64_t bound_at_ns;
	int64_t started_at_ns; /* -1: not yet */
	int64_t ended_at_ns;   /* -1: not yet */
};

struct race_agent {
	uint32_t slots; /* that of the course, at hand */
	uint32_t running;
	uint32_t bound;       /* waiting here */
	uint32_t first, last; /* of them */
	uint32_t turn;        /* hint for the course */
};

/* What runs: one per slot. */
struct race_run {
	struct heap_node node; /* key: when it ends */
	int64_t started_at_ns;
	uint32_t task;
	uint32_t agent;
	uint32_t attempt;
	uint32_t next; /* while unused */
};

struct race {
	struct course *course;
	const struct policy *policy;
	void *state;      /* the policy's own */
	struct prng prng; /* likewise: its chances, apart from the world's */
	struct pace pace; /* learned speeds of the agents, the same for all policies */
	struct race_agent *agents;
	struct race_task *tasks;
	struct race_run *runs;
	uint32_t run_unused;
	struct heap ends;
	int64_t now_ns;
	int64_t network_ns; /* from here to an agent, and back */
	uint32_t arrived_count, ended_count;
	const char *failure; /* NULL, or why the race cannot go on */
};

/* Runs a whole race; the results are in race->tasks.  False with race->failure.  `settings` are for
 * the policies that take some (see policy.h), NULL: none.  Release it in either case. */
struct policy_settings;
bool race_run(struct race *race, struct course *course, const struct policy *policy,
	const struct policy_settings *settings);
void race_release(struct race *race);

/* ---- for policies ---- */

/* Tasks that run on an agent or are bound to it. */
static inline uint32_t race_in_flight(const struct race *race, uint32_t agent)
{
	return race->agents[agent].running + race->agents[agent].bound;
}

/* True when the agent could start a task now. */
static inline bool race_has_slot(const struct race *race, uint32_t agent)
{
	return race->agents[agent].running < race->agents[agent].slots;
}

/* Starts a task on an agent that has a free slot. */
void race_start(struct race *race, uint32_t task, uint32_t agent);

/* Starts it once more while it runs, on another agent; the first end counts.  The attempt has a
 * number of its own, from 2.  race_stop gives up on an attempt and frees its slot. */
void race_start_again(struct race *race, uint32_t task, uint32_t agent, uint32_t attempt);
void race_stop(struct race *race, uint32_t task, uint32_t attempt);

/* Binds a task to an agent: it starts at once, or when those bound before it have started. */
void race_bind(struct race *race, uint32_t task, uint32_t agent);

/* Ends the race: the policy cannot go on.  The reason is a literal. */
void race_fail(struct race *race, const char *why);

#endif

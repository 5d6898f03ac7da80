/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_derived.h - what follows from what was measured: how many tasks at once an agent can have
 * before more bring nothing, and whether its memory leaks.
 *
 * A part of ballast.h, which includes it.
 */
#ifndef BALLAST_DERIVED_H
#define BALLAST_DERIVED_H

#include <stdbool.h>
#include <stdint.h>

struct bal_core;

/* Numbers of tasks at once that are told apart: each up to 16, then eight for each doubling; the
 * last one is for 256 and more. */
#define BAL_KNEE_LEVELS 48

/* What was learned of an agent, or of all agents of a pool. */
struct bal_knee_view {
	uint32_t tasks_seen; /* the most at once of which enough is known; 0: nothing is */
	uint64_t ends;       /* attempts that it comes from, old ones forgotten */
	bool is_found;
	bool grows;         /* not found, and tasks_seen at once still bring more than fewer */
	uint32_t tasks;     /* at once, from which on more bring nothing */
	uint32_t tasks_low; /* it may be anything in between */
	uint32_t tasks_high;
	double rate_s;        /* tasks a second that an agent then ends */
	uint32_t degrades_at; /* from so many at once on attempts fail more often; 0: none */
	int64_t failures_permille[2]; /* below and from there on */
};

/* An agent with so many tasks at once. */
struct bal_knee_level {
	uint32_t tasks;
	double busy_s;    /* for how long it had them */
	double rate_s;    /* tasks a second that succeeded */
	double service_s; /* mean, by Little's law */
	int64_t success_permille;
};

/* What is known of a pool's agents, of one agent; false when nothing is. */
bool bal_knee_of_pool(const struct bal_core *core, uint32_t pool, struct bal_knee_view *view);
bool bal_knee_of_agent(const struct bal_core *core, uint64_t agent, struct bal_knee_view *view);

/* A level of a pool, 0 .. BAL_KNEE_LEVELS - 1; false when its agents were never there. */
bool bal_knee_level_of_pool(
	const struct bal_core *core, uint32_t pool, uint32_t place, struct bal_knee_level *level);

/* Whether the floor of an agent's memory rises and does not come back. */
struct bal_agent_memory {
	double limit_mib; /* below 0: not known */
	bool is_rising;   /* the rest is known */
	double mib_per_hour;
	double confidence;
	int64_t full_in_ns; /* until the limit is reached; BAL_NEVER_NS: it is not */
};

/* Of an agent whose memory is sampled; false when nobody reports it. */
bool bal_agent_memory(const struct bal_core *core, uint64_t agent, struct bal_agent_memory *memory);

#endif

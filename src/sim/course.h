/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_COURSE_H
#define BAL_SIM_COURSE_H

#include "base/prng.h"
#include "sim/tide.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * course: the world that every routing policy of a race meets: agents of different speed that are
 * slow for a while now and then, and tasks that arrive.  Arrivals, sizes, estimates and slow spells
 * come from random sources of their own, so that two policies (and, as far as it goes, two worlds)
 * with the same seed meet the same chances ("common random numbers").
 *
 * A course is made once per seed and raced on by one policy after the other.  Times are nanoseconds
 * from 0; work is service time on a slot of speed 1.
 */
#define COURSE_AGENTS_MAX  65536u
#define COURSE_TASKS_MAX   100000000u
#define COURSE_TENANTS_MAX 16u

enum course_mix {
	COURSE_UNEQUAL, /* agent i of N: speed 0.5 * 4^(i/(N-1)), slots 2, 4, 4, 8 by i mod 4 */
	COURSE_EQUAL    /* speed 1, 4 slots */
};

enum course_sizes {
	COURSE_LOGNORMAL,
	COURSE_PARETO,
	COURSE_EXPONENTIAL,
};

/* One task of a recorded load. */
struct course_arrival {
	int64_t at_ns;   /* never goes back */
	int64_t work_ns; /* 0: not recorded, is drawn */
};

struct course_options {
	uint64_t seed;
	uint32_t agents;
	uint32_t slots; /* of each agent; 0: as the mix has it */
	uint32_t tasks; /* 0: max(50,000, 600 per slot), or the whole trace */
	enum course_mix mix;
	enum course_sizes sizes;
	enum tide_shape arrivals;
	uint32_t tenants;    /* the i-th has a share of 1 / (i + 1) of the first one's; 0: one */
	bool has_priorities; /* all classes, most tasks in the middle one */
	bool is_steady;      /* no slow spells */
	double load;         /* share of the slots' mean speed that arriving work takes; > 0 */
	double size_mean_s;  /* > 0 */
	double size_shape;   /* coefficient of variation of lognormal, alpha > 1 of Pareto sizes */
	double estimate_sd;  /* standard deviation of the logarithm of announced sizes */
	double network_s;    /* from the balancer to an agent, and back again; >= 0 */
	double stall_share;  /* of tasks whose first attempt stands still for a while */
	/* Instead of drawn arrivals, stretched in time to the load; borrowed, NULL: none. */
	const struct course_arrival *trace;
	uint32_t trace_count;
};

struct course_task {
	int64_t at_ns;
	int64_t work_ns;
	int64_t estimate_ns; /* of its work, known to policies */
	uint32_t tenant;
	uint32_t priority; /* enum bal_priority */
	int64_t stall_ns;  /* that its first attempt takes longer */
};

struct course_agent {
	double speed;
	uint32_t slots;
	/* Instants at which it becomes slow (even places) and normal again; drawn when needed. */
	int64_t *turns;
	uint32_t turn_count, turn_capacity;
	struct prng spells;
};

struct course {
	struct course_options options;
	struct course_agent *agents;
	struct course_task *tasks;
	uint32_t agent_count, task_count;
	uint32_t slot_count;
	double capacity; /* sum of speed * slots, slow spells taken into account */
	double size_mean_s;
};

/* The defaults: 16 unequal agents, lognormal sizes with cv 1.5, load 0.85, seed 1. */
void course_defaults(struct course_options *options);

/* NULL, or what is wrong with the options. */
const char *course_objection(const struct course_options *options);

/* Makes a course of these agents (speed and slots count) and tasks, without slow spells: a scene
 * whose outcome can be worked out by hand.  Tasks come in the order of their times. */
bool course_init_scene(struct course *course, const struct course_agent *agents,
	uint32_t agent_count, const struct course_task *tasks, uint32_t task_count);

/* Makes a course of options without objection; false when there is no memory.  Release it in either
 * case. */
bool course_init(struct course *course, const struct course_options *options);
void course_release(struct course *course);

/* When work that begins on this agent at start_ns is done.  *turn is a hint that the caller keeps
 * per agent, 0 at first; starts on one agent must not go back. */
int64_t course_finish_ns(
	struct course *course, uint32_t agent, int64_t start_ns, int64_t work_ns, uint32_t *turn);

/* Speed of the agent at this time and, in *until_ns, when it changes next; hint as above. */
double course_speed_at(
	struct course *course, uint32_t agent, int64_t now_ns, uint32_t *turn, int64_t *until_ns);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_SCALING_WORLD_H
#define BAL_SIM_SCALING_WORLD_H

#include "base/heap.h"
#include "sim/scaling_policy.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * scaling_world: one policy's way with one load: agents that cost from their launch to their end,
 * need a boot time before they take tasks, and are drained before they end.  The world moves time
 * and keeps the books; where a task runs and which agent goes is the fleet's to say: the core
 * (scaling_core.c), or its lean twin (scaling_twin.c), which is ten times as fast and decides about
 * the same, for searches through hundreds of runs.
 */
#define SCALING_AGENTS_MAX 8192u /* alive at once */
#define SCALING_TASKS_MAX  (1u << 20)
#define SCALING_LATE_NS    (INT64_C(2) * 1000000000) /* a longer wait is a violation */
#define SCALING_REVERSE_NS (INT64_C(900) * 1000000000)
#define SCALING_NOBODY     UINT32_MAX

struct scaling_world;

/* What a second came to, for pictures and tests. */
struct scaling_second {
	int64_t now_ns; /* its end */
	uint32_t alive, ready, starting;
	double running, waiting; /* tasks, means */
	uint32_t arrived, late;  /* tasks that came, and that waited too long */
};

/* What lies below the policy. */
struct scaling_fleet {
	size_t state_size;
	/* Takes over the agents that are there.  False: no memory. */
	bool (*begin)(struct scaling_world *world);
	/* A task arrives, has ended (its slot is free), an agent is ready. */
	void (*arrive)(struct scaling_world *world, uint32_t task);
	void (*end)(struct scaling_world *world, uint32_t task);
	void (*agent_ready)(struct scaling_world *world, uint32_t agent);
	/* There should be so many agents that do not drain. */
	void (*scale)(struct scaling_world *world, uint32_t wanted);
	/* When to be woken; both NULL: never. */
	int64_t (*wake_at_ns)(const struct scaling_world *world);
	void (*wake)(struct scaling_world *world);
	/* Frees what the state owns. */
	void (*release)(struct scaling_world *world);
};

extern const struct scaling_fleet scaling_core;
extern const struct scaling_fleet scaling_twin;

struct scaling_options {
	const struct scaling_load *load; /* borrowed */
	const struct scaling_policy *policy;
	const struct scaling_fleet *fleet;
	struct scaling_tuning tuning;
	uint32_t slots;        /* of an agent */
	uint32_t agents_first; /* ready when the load begins; the core's baseline too */
	int64_t boot_ns;
	int64_t history_ns; /* learned from, not scored */
	/* After each second; may be NULL. */
	void (*observe)(void *context, const struct scaling_second *second);
	void *observe_context;
};

/* What came of it, from the end of the history on. */
struct scaling_score {
	int64_t agent_ns;    /* from launch to end, summed */
	int64_t busy_ns;     /* of slots */
	int64_t capacity_ns; /* slots of agents that were ready or drained */
	uint64_t tasks;
	uint64_t late;         /* waited more than two seconds, or never started */
	uint64_t late_service; /* waited longer than they took, likewise */
	uint32_t reversals;    /* turns within 15 min of a step in the other direction */
	uint32_t steps;        /* in either direction */
	uint32_t agents_peak;
};

enum scaling_agent_state { SCALING_GONE, SCALING_STARTING, SCALING_READY, SCALING_DRAINING };

struct scaling_agent {
	struct heap_node boot; /* key: when it is ready */
	enum scaling_agent_state state;
	uint32_t running;
	uint64_t serial; /* of its launch */
};

struct scaling_task {
	struct heap_node end; /* key: when it ends */
	int64_t at_ns, work_ns;
	uint32_t agent;
	uint32_t next;   /* of the unused, or for the fleet's lists */
	uint64_t serial; /* of its arrival */
};

struct scaling_world {
	const struct scaling_options *options;
	void *policy_state, *fleet_state;
	struct scaling_agent *agents;
	uint32_t *agents_unused; /* a stack of places */
	uint32_t agents_unused_count;
	struct scaling_task *tasks;
	uint32_t tasks_unused; /* the first of a list; NOBODY: none */
	uint32_t tasks_high;
	struct heap future; /* ends and boots */
	struct scaling_stream stream;
	int64_t now_ns, second_ns;
	uint64_t task_serial, agent_serial;
	uint32_t alive, ready, starting;
	uint32_t running, running_ready; /* the latter on agents that do not drain */
	uint32_t waiting;
	double second_running, second_ready, second_waiting; /* ns summed in this second */
	uint32_t second_arrived, second_late;
	int32_t direction; /* of the last step */
	int64_t direction_at_ns;
	struct scaling_score score;
	const char *failure; /* NULL, or why the world cannot go on */
};

/* Plays the whole load.  False with *failure, a literal. */
bool scaling_run(
	const struct scaling_options *options, struct scaling_score *score, const char **failure);

/* ---- for fleets ---- */

/* A waiting task starts on a ready agent. */
void scaling_start(struct scaling_world *world, uint32_t task, uint32_t agent);

/* A task is not taken at all. */
void scaling_refuse(struct scaling_world *world, uint32_t task);

/* Launches an agent and returns it; NOBODY when there are too many. */
uint32_t scaling_launch(struct scaling_world *world);

/* An agent takes nothing new, or does again; ends, having nothing to do. */
void scaling_drain(struct scaling_world *world, uint32_t agent);
void scaling_undrain(struct scaling_world *world, uint32_t agent);
void scaling_end(struct scaling_world *world, uint32_t agent);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_HOST_STATE_H
#define BAL_SIM_HOST_STATE_H

#include "sim/fault.h"
#include "sim/future.h"
#include "sim/host.h"
#include "sim/load.h"
#include "sim/oracle.h"
#include "sim/worker.h"
#include "sim/world.h"

/* host_state: what host.c (the loop), perform.c (effects), provide.c (the provider) and meddle.c
 * (people) share. */

/* An attempt that its agent works on. */
struct host_run {
	int64_t begun_at_ns;
	uint32_t agent; /* 0: none; the world numbers its agents from 1 */
	uint32_t attempt;
	bool is_parked; /* its agent only waits for the task's children */
	bool is_ahead;  /* it waits at its agent for a slot */
};

#define HOST_RUNS_MAX 2 /* of one task at a time: the second is a hedge */

/* A task as its client and its agents know it: small, since a run may have a hundred million, and
 * each of them costs memory that was never touched before. */
struct host_task {
	int64_t submitted_at_ns;
	int64_t work_ns;
	struct host_run runs[HOST_RUNS_MAX];
	struct load_traits traits;
	uint32_t parent;        /* 0: none; tasks are numbered from 1 */
	uint32_t context;       /* its conversation's place in host.contexts; 0: none */
	uint32_t children;      /* still to be submitted */
	uint32_t children_open; /* submitted, not ended */
	uint32_t success;       /* attempt whose answer succeeded first; 0 = none */
	bool is_seen;           /* was dispatched before */
	bool is_ended;
};

struct host {
	const struct sim_options *options;
	struct sim_report *report;
	struct bal_core *core;
	size_t core_size;
	struct bal_effects effects;
	struct future future;
	struct load load;
	struct fault fault;
	struct world world;
	struct oracle *oracle;   /* NULL: off */
	struct host_task *tasks; /* by id; 0 is unused */
	uint32_t task_count;     /* ids given out */
	uint32_t live_count;     /* submitted and neither refused nor ended */
	struct load_task arrival;
	bool has_arrival;
	enum bal_status status; /* what the core said to the last event */
	int64_t now_ns;
	int64_t arrivals_end_ns;
	int64_t second; /* of virtual time, and the steps in it */
	uint32_t second_steps, second_steps_max;
	int64_t slots_at_ns; /* up to when capacity was summed */
	uint64_t slots;      /* of agents that are alive */
	struct worker worker;
	uint64_t contexts[SIM_CONTEXTS_MAX]; /* agent that served the conversation last; 0: none */
};

/* Performs what the core wants. */
void host_perform(struct host *host, const struct bal_effect *effect);

/* Says that an event is about to reach the core.  False: it does not happen after all. */
bool host_happens(struct host *host, struct future_event *event);

/* Notes what became of an event: an answer that was taken closes its attempt. */
void host_happened(struct host *host, const struct bal_event *event, enum bal_status status);

/* Notes what arrives, or will, under an id that is given out. */
void host_task_note(
	struct host *host, const struct bal_event_task *event, int64_t work_ns, uint32_t children);

/* Gives one event to the core and performs what it wants.  False when the run must stop. */
bool host_step(struct host *host, struct bal_event *event);

/* Brings an agent up at a later time; 0 when there can be no more. */
uint64_t host_agent_up(struct host *host, uint32_t pool, int64_t at_ns, uint64_t order, bool ready);

/* The provider: agents for an order; the end of one; notes the order in the report. */
void host_scale(struct host *host, const struct bal_effect *effect);
void host_end_agent(struct host *host, const struct bal_effect *effect);
void host_note_scaling(struct host *host, uint64_t order);

/* Somebody does something; wants another number of agents. */
void host_meddle(struct host *host);
void host_rescale(struct host *host);

/* Stops the run with a reason. */
__attribute__((format(printf, 2, 3))) void host_fail(struct host *host, const char *format, ...);

#endif

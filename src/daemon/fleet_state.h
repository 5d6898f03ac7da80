/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_FLEET_STATE_H
#define BAL_DAEMON_FLEET_STATE_H

#include "daemon/fleet.h"
#include "provider/group.h"
#include "provider/provider.h"
#include "sample/watch.h"

/* fleet_state: what fleet.c (providers, orders, samples) and fleet_member.c (agents, readiness)
 * share. */

#define FLEET_ERROR_SIZE 512
#define FLEET_POOLS_MAX  256
#define FLEET_PATH_SIZE  1024

/* An agent of ours, from its order to its end. */
struct member {
	struct list_node node;
	struct fleet *fleet;
	struct provider *provider; /* that made it */
	struct roster_agent *agent;
	bool executing;
	bool ready;
	bool probing;
	bool too_late;            /* it did not become ready in time, and was told to end */
	uint64_t gpus;            /* of this machine that are its alone, see gpus.h */
	bool missed;              /* its provider does not know of it any more */
	int64_t refuses_until_ns; /* refusals until then belong together */
	int64_t ready_by_ns;
	int64_t probe_at_ns; /* the next one; while probing, the present one */
	int64_t probe_wait_ns;
	uint32_t number;          /* N of its name POOL-N */
	struct group_size limits; /* as they are now; 0 = not bounded */
	struct watch watch;
};

struct fleet {
	struct engine *engine;
	struct push *push;
	struct provider *provider; /* of local processes */
	struct provider *exec;     /* by scripts */
	struct list members;
	struct list held; /* GPUs of those that are no members any more, see room.h */
	uv_poll_t poll;
	uv_poll_t exec_poll;
	uv_timer_t timer; /* provider's deadline and probes */
	uv_timer_t sample_timer;
	uint32_t handles_open;
	uint32_t rounds; /* of the sampler */
	bool closing;
	bool able;                       /* limits of what runs can be changed */
	bool adopting;                   /* only while it is being opened */
	char directory[FLEET_PATH_SIZE]; /* where ballast was started: agents work there */
	char errors[FLEET_POOLS_MAX][FLEET_ERROR_SIZE];
};

/* Core time. */
static inline int64_t now_of(const struct fleet *fleet)
{
	return clock_core_ns(engine_clock(fleet->engine));
}

/* What makes agents of this pool. */
struct provider *fleet_provider(const struct fleet *fleet, uint32_t pool);

/* Sets the timer to the next probe or to what the providers want. */
void fleet_arm(struct fleet *fleet);

/* The member with this id; NULL. */
struct member *member_find(const struct fleet *fleet, uint64_t id);

/* A new one, in the roster; `number` 0: the smallest that is free.  NULL without memory. */
struct member *member_new(struct fleet *fleet, uint64_t id, uint32_t pool, uint32_t number);

/* Tells the core that it is starting, under this order (0: none). */
void member_post_up(struct fleet *fleet, const struct member *member, uint64_t order);

/* Forgets one that the core was never told of. */
void member_free(struct fleet *fleet, struct member *member);

/* It is gone: the core takes its tasks back first, then nothing refers to it any more. */
void member_gone(struct fleet *fleet, struct member *member, bool expected, const char *how);

/* Where the sentence about its pool stands. */
char *member_error(struct fleet *fleet, const struct member *member);

/* Asks its provider to end it. */
void member_end(struct fleet *fleet, const struct member *member);

/* Probes it now; what comes of any probe. */
void member_probe(struct fleet *fleet, struct member *member);
void member_probed(void *context, uint64_t id, bool ready);

/* True while it is to be probed until it is ready. */
bool member_waits_ready(const struct member *member);

/* Begins the probes whose time has come. */
void members_check(struct fleet *fleet);

#endif

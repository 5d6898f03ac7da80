/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_PUSH_H
#define BAL_DAEMON_PUSH_H

#include "daemon/engine.h"
#include "daemon/upstream.h"

/*
 * Agents that are HTTP servers: ballast posts the payload, the answer is the result.  2xx is a
 * result, 503 means busy (with Ballast-Checkpoint: 1 it hands the task back), 4xx failed, any other
 * 5xx and a lost connection may be tried again.
 *
 * Such agents are those of `urls` (urls.h) and those that the process fleet starts (fleet.h).
 */
struct push;

/* NULL when there is no memory.  The upstream is borrowed. */
struct push *push_open(struct engine *engine, struct upstream *upstream);
void push_close(struct push *push);

/* The engine it was opened with. */
struct engine *push_engine(struct push *push);

/* Makes a rostered agent reachable at host:port.  False with a sentence. */
bool push_attach(struct push *push, struct roster_agent *agent, const char *host, uint16_t port,
	const char *path, char *message, size_t message_size);

/* The key that goes with every request to the agent; NULL: none.  False: there is no memory. */
bool push_authorize(struct push *push, struct roster_agent *agent, const char *key);

/* Undoes push_attach; calls that run are given up: the caller tells the core that the agent is
 * down. `why` is a sentence for the histories of their tasks; NULL when the daemon ends. */
void push_detach(struct push *push, struct roster_agent *agent, const char *why);

/* Probes the agent once, on its pool's readiness path; then `done(context, agent id, ready)`. */
void push_probe(struct push *push, uint64_t agent,
	void (*done)(void *context, uint64_t agent, bool ready), void *context);

/* What came of a question; `body` lives until `done` returns. */
struct push_answer {
	unsigned status; /* 0: none */
	struct span body;
	const char *error; /* a sentence when there is none */
};
struct push_get {
	size_t size_max;
	uint64_t timeout_ms;
	void (*done)(void *context, uint64_t agent, const struct push_answer *answer);
	void *context;
};

/* Asks the agent for something else with GET; `done` comes later, and never once the agent was
 * detached. False: it cannot be asked. */
bool push_get(struct push *push, uint64_t agent, const char *path, const struct push_get *how);

/* What went to and from the agent since the last time it was asked. False: it is not one of these.
 */
bool push_traffic(struct push *push, uint64_t agent, struct upstream_traffic *traffic);

/* What is lost when a call ends without an answer. */
enum push_lost {
	PUSH_LOST_ATTEMPT, /* the attempt */
	PUSH_LOST_AGENT,   /* the agent is dead, the core was told so, and it was detached with
			    * `error`   in the histories of its tasks */
	PUSH_LOST_NOTHING /* the agent took no connection and will probably be gone in a moment: the
			   * task is not blamed */
};

/* Has somebody asked.  `refused`: no connection was made, so nothing can have been done. */
void push_ask_lost(struct push *push,
	enum push_lost (*lost)(void *context, uint64_t agent, bool refused, const char *error),
	void *context);

/* driver_ops of the same names, with self = push. */
void push_dispatch(void *push, struct job *job, int64_t until_ns);
void push_rescind(void *push, struct job *job, enum bal_reason reason);
void push_hand_back(void *push, struct job *job);

#endif

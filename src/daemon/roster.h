/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ROSTER_H
#define BAL_DAEMON_ROSTER_H

#include "ballast.h"
#include "base/list.h"
#include "wire/reported.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The roster: the daemon's side of every agent, by id.  Drivers put their agents in before they
 * post AGENT_UP and take them out after AGENT_DOWN.
 */
#define ROSTER_NAME_SIZE    160
#define ROSTER_ADDRESS_SIZE 256

struct roster_agent {
	struct list_node node;
	uint64_t id;
	uint32_t pool;
	uint32_t pool_kind;
	char name[ROSTER_NAME_SIZE];       /* for people: POOL-N, the URL, or the worker's name */
	char address[ROSTER_ADDRESS_SIZE]; /* where it is reached; "" */
	int64_t pid;                       /* 0 = not a process of ours */
	void *self;                        /* the driver's own */
	/* Last values of its signals; -1 = nobody reported it. The core keeps those it decides by.
	 */
	int64_t signals[BAL_SIGNAL_AGENT_COUNT];
	uint64_t reported_clamped; /* values it reported that were beyond what can be real */
	uint64_t reported_refused; /* that were nonsense */
	struct {
		int64_t at_ns; /* the next one */
		uint32_t failures;
		bool running;
		bool complained;            /* of nonsense */
		struct reported_past *past; /* its counters; NULL: not looked at yet */
	} look;                             /* at its metrics, see scrape.h */
};

struct roster;

/* NULL when there is no memory. */
struct roster *roster_open(void);
void roster_close(struct roster *roster);

/* Adds an agent; NULL when there is no memory, or the id is taken or 0.  The caller fills in the
 * rest. */
struct roster_agent *roster_add(struct roster *roster, uint64_t id, uint32_t pool);

/* Takes it out and frees it. */
void roster_remove(struct roster *roster, struct roster_agent *agent);

/* Finds by id, or by name within a pool; NULL. */
struct roster_agent *roster_find(const struct roster *roster, uint64_t id);
struct roster_agent *roster_find_name(
	const struct roster *roster, uint32_t pool, const char *name, size_t name_size);

/* All agents, in the order in which they came: first, then list_next. */
struct roster_agent *roster_first(const struct roster *roster);
struct roster_agent *roster_next(const struct roster_agent *agent);

#endif

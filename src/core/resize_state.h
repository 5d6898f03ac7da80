/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_RESIZE_STATE_H
#define BAL_CORE_RESIZE_STATE_H

#include "core/resize.h"
#include "core/state.h"

/* resize_state: what resize.c, replace.c, resize_form.c and resize_view.c share. */

struct resize_agent {
	bool used;
	uint8_t hold;                              /* enum bal_reason: why nothing is done */
	uint32_t cpu_base_millis, memory_base_mib; /* as it was started */
	uint64_t order_open;                       /* that the host has not answered; 0 = none */
	uint64_t order_last;
	uint32_t cpu_asked_millis, memory_asked_mib; /* by the open one */
	int64_t asked_at_ns;
	int64_t pause_until_ns; /* after a refusal, or advice that was given */
	struct vertical vertical;
};

/* An agent whose place a new one takes. */
struct replacement {
	uint64_t agent; /* 0 = none */
	uint64_t order;
	int64_t begun_at_ns;
	bool draining;
};

struct resize_pool {
	struct bal_event_vertical conf;
	int64_t settle_until_ns;     /* more for agents was taken: more agents hold */
	int64_t horizontal_until_ns; /* more agents were taken: more for them holds */
	int64_t replace_after_ns;    /* not before */
	int64_t oom_at_ns;           /* when the kernel last ended something in one of its agents */
	uint32_t oom_mib;            /* with this limit; 0 = never */
	struct replacement replacement;
};

struct resize_book {
	uint32_t agents_high; /* places from here on were never used */
	uint32_t sequence;    /* of orders */
	struct bal_event_budget budget;
	struct resize_agent *agents;
	struct resize_pool *pools;
	struct bal_resize kept[RESIZE_KEPT_MAX]; /* by sequence */
};

/* What may still be given. */
struct resize_room {
	int64_t cpu_millis, memory_mib;
};

/* The agent's part; NULL when it is none of those that are watched. */
struct resize_agent *resize_of(const struct bal_core *core, const struct agent *agent);

/* What the pool may still give its agents, and all pools together. */
struct resize_room resize_room(const struct bal_core *core, const struct pool *pool);

/* Keeps a record of an order about an agent, made of the wish; the record, which is under way. */
struct bal_resize *resize_keep(struct bal_core *core, const struct agent *agent,
	const struct vertical_wish *wish, const struct order *order);

/* The kept record of an order; NULL. */
struct bal_resize *resize_record(const struct bal_core *core, uint64_t order);

/* It has ended. */
void resize_close(struct bal_core *core, uint64_t order, enum bal_status status);

/* ---- replace.c ---- */

/* Has a new agent take the agent's place; returns NONE, or why not now. */
enum bal_reason replace_begin(struct bal_core *core, struct pool *pool, struct agent *agent,
	const struct vertical_wish *wish);

/* Goes on with what was begun. */
void replace_look(struct bal_core *core, struct pool *pool);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_orders.h - the life of a scaling order: given, held, checked, done, watched, judged.
 *
 * A part of ballast.h, which includes it and explains events, effects and times.  bal_why() says
 * why an order was given, in the numbers of that moment; what became of it is here.
 */
#ifndef BALLAST_ORDERS_H
#define BALLAST_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballast_words.h"

struct bal_core;

enum bal_order_type {
#define X(name, text) BAL_ORDER_##name,
	BAL_ORDER_TYPE_MAP(X)
#undef X
		BAL_ORDER_TYPE_COUNT
};

enum bal_order_state {
#define X(name, text) BAL_ORDER_IS_##name,
	BAL_ORDER_STATE_MAP(X)
#undef X
		BAL_ORDER_STATE_COUNT
};

enum bal_verdict {
#define X(name, text) BAL_VERDICT_##name,
	BAL_VERDICT_MAP(X)
#undef X
		BAL_VERDICT_COUNT
};

enum bal_timing {
#define X(name, text) BAL_TIMING_##name,
	BAL_TIMING_MAP(X)
#undef X
		BAL_TIMING_COUNT
};

enum bal_condition {
#define X(name, text) BAL_CONDITION_##name,
	BAL_CONDITION_MAP(X)
#undef X
		BAL_CONDITION_COUNT
};

#define BAL_HELD_MAX 64 /* orders that wait for their time or condition */

/* ---- events -------------------------------------------------------------------------------- */

/* Somebody wants that many agents, now or later. */
struct bal_event_order {
	uint64_t key; /* not 0; given twice it is one order */
	uint32_t pool;
	uint32_t agents;
	uint32_t timing;       /* enum bal_timing */
	uint32_t condition;    /* enum bal_condition, of CONDITIONAL */
	uint32_t threshold;    /* of it: load in permille, or tasks that wait */
	int64_t at_ns;         /* of SCHEDULED */
	int64_t expires_at_ns; /* of CONDITIONAL: how long it is waited for; BAL_NEVER_NS */
};

struct bal_event_order_cancelled {
	uint64_t order; /* a held one */
};

/* ---- orders -------------------------------------------------------------------------------- */

/* An order that waits. The one that comes of it has its id as `held`. */
struct bal_held {
	uint64_t id;
	uint64_t about; /* the order that it tries again; 0 = none */
	uint32_t reason;
	uint32_t tries;              /* how often that was tried again, with this one */
	uint32_t threshold_permille; /* load down to which that is still needed */
	int64_t given_at_ns;
	struct bal_event_order order;
};

/* What a pool was like over a stretch of time. Nothing is known of it when span_ns is 0. */
struct bal_stretch {
	int64_t span_ns;
	int64_t utilisation_permille; /* of ready slots */
	int64_t load_permille;        /* busy and waiting over slots of agents there or coming */
	int64_t agents_millis;        /* that cost, draining ones too, in thousandths */
	int64_t busy_millis;          /* slots busy, in thousandths of a slot */
	int64_t waiting_millis;       /* tasks that waited at a time, likewise */
	int64_t late_permille; /* starts that waited longer than is good, and tasks that do */
	int64_t starts_millis; /* per second, likewise */
	int64_t service_ns;    /* mean of a task, decayed */
	int64_t price_microcents_hour;
};

/* An order as it stands. */
struct bal_order {
	uint64_t id;
	uint64_t about;  /* the order that this one undoes or tries again; 0 = none */
	uint64_t answer; /* the order that undoes this one, or tries it again; 0 = none */
	uint64_t held;   /* the id under which it was held; 0 = it was not */
	enum bal_timing timing;
	uint32_t pool;
	enum bal_order_type type;
	enum bal_order_state state;
	enum bal_verdict verdict;
	uint32_t reason; /* enum bal_reason: why it was given */
	uint32_t remark; /* enum bal_reason: why it was skipped, or not undone; NONE */
	uint32_t agents_before;
	uint32_t agents_after; /* as it wanted them */
	uint32_t asked;        /* of the provider */
	uint32_t came;         /* of these became ready */
	int64_t given_at_ns;
	int64_t done_at_ns;   /* every agent came or failed; BAL_NEVER_NS: not yet */
	int64_t judged_at_ns; /* when its watch ends or ended; BAL_NEVER_NS: there is none */
	struct bal_stretch before;
	struct bal_stretch after;
	int64_t price_predicted_microcents_hour; /* by how much the pool's price was to change */
	int64_t price_achieved_microcents_hour;  /* and did; meant only with a verdict */
};

/* Orders that are remembered, newest first: the one given `back` orders ago. False behind the
 * last. */
bool bal_order_past(const struct bal_core *core, uint32_t back, struct bal_order *order);
bool bal_order_find(const struct bal_core *core, uint64_t id, struct bal_order *order);

/* Orders that wait, by place, 0 .. BAL_HELD_MAX - 1; false when the place is empty. */
bool bal_held_at(const struct bal_core *core, uint32_t place, struct bal_held *held);

/* The order, held or given, that has this key; 0 when none is remembered. */
uint64_t bal_order_by_key(const struct bal_core *core, uint64_t key);

/* Texts of the tables; "?" outside their range. */
const char *bal_order_type_name(enum bal_order_type type);
const char *bal_order_state_name(enum bal_order_state state);
const char *bal_verdict_name(enum bal_verdict verdict);
const char *bal_timing_name(enum bal_timing timing);
const char *bal_condition_name(enum bal_condition condition);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * ballast_resize.h - vertical scaling: what agents may use, and how that changes while they run.
 * Included by ballast.h.
 */
#ifndef BALLAST_RESIZE_H
#define BALLAST_RESIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "ballast_words.h"

struct bal_core;

/* What may be done to the resources of a pool's agents. */
#define BAL_VERTICAL_MAP(X)                                                                        \
	X(OFF, "off")       /* they have what the pool says */                                     \
	X(ADVISE, "advise") /* it is only said what would be done */                               \
	X(ON, "on")

enum bal_vertical {
#define X(name, text) BAL_VERTICAL_##name,
	BAL_VERTICAL_MAP(X)
#undef X
		BAL_VERTICAL_COUNT
};

#define BAL_CPU_MILLIS_MAX 8000 /* no agent is given more than eight cores */

struct bal_event_vertical {
	uint32_t pool;
	uint32_t mode;              /* enum bal_vertical */
	bool able;                  /* false: the host cannot change the limits of what runs */
	uint32_t cpu_max_millis;    /* of one agent; 0 = BAL_CPU_MILLIS_MAX */
	uint32_t memory_max_mib;    /* of one agent; 0 = four times the pool's */
	uint32_t cpu_budget_millis; /* of all its agents together; 0 = the host's alone */
	uint32_t memory_budget_mib; /* likewise */
};

/* What all agents that are started here may have together; 0 = not bounded. */
struct bal_event_budget {
	uint32_t cpu_millis;
	uint32_t memory_mib;
};

struct bal_event_resized {
	uint64_t order; /* 0: nobody asked, an agent that was found has these limits */
	uint64_t agent;
	uint32_t status;     /* enum bal_status; anything but OK: nothing was changed */
	uint32_t cpu_millis; /* limits as they are now; 0 = not bounded */
	uint32_t memory_mib;
};

/* One order about the resources of an agent, and why. */
struct bal_resize {
	uint64_t order;
	uint64_t agent;
	uint32_t pool;
	uint32_t reason; /* enum bal_reason */
	bool advised;    /* the pool only takes advice: nothing was done */
	uint32_t cpu_before_millis, cpu_after_millis;
	uint32_t memory_before_mib, memory_after_mib;
	int64_t value; /* that was beyond the threshold, in the unit that the reason has */
	int64_t threshold;
	int64_t sustained_ns;
	int64_t price_microcents_hour;       /* what it costs more, negative: less */
	int64_t alternative_microcents_hour; /* what as much by more agents would; -1 = none */
	int64_t at_ns;
	int64_t ended_at_ns; /* BAL_NEVER_NS: it is under way */
	uint32_t status;     /* enum bal_status, once it has ended */
};

/* What one agent may have now. */
struct bal_agent_limits {
	uint32_t cpu_millis; /* 0 = not bounded */
	uint32_t memory_mib;
	uint32_t cpu_base_millis; /* as it was started */
	uint32_t memory_base_mib;
	uint32_t hold;         /* enum bal_reason: why nothing is changed that would be; NONE */
	int64_t changed_at_ns; /* BAL_NEVER_NS: never */
	uint64_t order_last;   /* about it; 0 = none */
};

/* What the agents of a pool may have together, and what they could. */
struct bal_pool_resources {
	enum bal_vertical mode;
	bool able;
	uint64_t cpu_millis, memory_mib;
	uint32_t cpu_max_millis, memory_max_mib; /* of one agent; 0 = not bounded */
	uint32_t cpu_budget_millis, memory_budget_mib;
	uint64_t replaced; /* the agent that is being replaced; 0 = none */
};

/* An order by its id, newest first by how many came later, the limits of an agent, of a pool; false
 * when there is no such thing. */
bool bal_resize_find(const struct bal_core *core, uint64_t order, struct bal_resize *resize);
bool bal_resize_past(const struct bal_core *core, uint32_t back, struct bal_resize *resize);
bool bal_agent_limits(const struct bal_core *core, uint64_t agent, struct bal_agent_limits *limits);
bool bal_pool_resources(
	const struct bal_core *core, uint32_t pool, struct bal_pool_resources *resources);

/* Text of the table; "?" outside its range. */
const char *bal_vertical_name(enum bal_vertical mode);

#endif

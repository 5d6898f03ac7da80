/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_VERTICAL_H
#define BAL_CORE_VERTICAL_H

#include "ballast.h"
#include "core/margin.h"

/*
 * vertical: what one agent should have of processor and memory, from what it says of itself. Pure:
 * samples come in with their time, and a wish follows from them, the settings and the limits.
 *
 *     processor   used > 85 % of the limit; waiting > 10 % of its time; more threads waiting than
 *                 it may have cores; tasks 25 % slower than they were: each for the sustain time,
 *                 and the last three only while at least half of the limit is used, since more of
 *                 it would not help otherwise. Then 25 to 100 % more, by need.
 *     memory      used > 90 %, something ended for want of it: at once. Garbage collection > 10 %
 *                 of the time, or swapped out, with 70 % used: sustained. Then 50 to 200 % more.
 *     a leak      (a rise that does not come back, or the third time within the window that memory
 *                 is short): a new agent takes its place, for more memory would be lost too.
 *     down        to what the agent was started with at the least, when the 95th percentile of the
 *                 processor, or the most of the memory, leaves margin over the whole window.
 *
 * Memory counts without pages of files, which the kernel takes back by itself. A signal that was
 * silent for VERTICAL_SILENT_NS is missing: what depends on it does not hold.
 */
#define VERTICAL_SILENT_NS (45 * NS_PER_S)

struct vertical_setting {
	int64_t sustain_ns;
	int64_t cooldown_ns;                       /* between two changes up */
	int64_t window_ns;                         /* that must leave margin before it goes down */
	uint32_t cpu_base_millis, memory_base_mib; /* the least; 0 = that one is not bounded */
	uint32_t cpu_max_millis, memory_max_mib;
};

enum vertical_gauge {
	VERTICAL_CPU,       /* millicores used */
	VERTICAL_THROTTLED, /* permille */
	VERTICAL_WAIT,      /* permille of real time, of all threads together */
	VERTICAL_MEMORY,    /* MiB */
	VERTICAL_FILES,     /* MiB of these that hold files */
	VERTICAL_SWAP,      /* MiB swapped out */
	VERTICAL_PAUSE,     /* permille of the time that collections of garbage took */
	VERTICAL_GAUGES
};

enum vertical_trigger {
	VERTICAL_BY_CPU,
	VERTICAL_BY_WAIT,
	VERTICAL_BY_QUEUE,
	VERTICAL_BY_PACE,
	VERTICAL_BY_MEMORY,
	VERTICAL_BY_OOM,
	VERTICAL_BY_GC,
	VERTICAL_BY_SWAP,
	VERTICAL_TRIGGERS
};

struct vertical {
	uint32_t cpu_millis, memory_mib; /* limits now; 0 = not bounded */
	int64_t values[VERTICAL_GAUGES]; /* last ones; below 0: none */
	int64_t told_at_ns[VERTICAL_GAUGES];
	int64_t since_ns[VERTICAL_TRIGGERS]; /* it holds since; BAL_NEVER_NS: it does not */
	int64_t cpu_changed_at_ns, memory_changed_at_ns; /* BAL_NEVER_NS: never */
	int64_t rise_mib_hour;       /* of its memory, over the last two samples; may be negative */
	int64_t raised_at_ns[2];     /* the last two times memory was; BAL_NEVER_NS */
	double pace_now, pace_usual; /* service over what was expected; 0 = not known */
	uint32_t pace_count;
	struct margin cpu, memory;
};

/* Nothing is known of an agent with these limits. */
void vertical_init(struct vertical *vertical, uint32_t cpu_millis, uint32_t memory_mib);

/* A sample of an agent; signals that say nothing about this are ignored. */
void vertical_sample(struct vertical *vertical, const struct vertical_setting *setting,
	int64_t now_ns, uint32_t signal, int64_t value);

/* A task succeeded there after so many times of what tasks like it take. */
void vertical_served(struct vertical *vertical, int64_t now_ns, double slowness);

/* Something like it was just ended for want of memory. */
void vertical_starved(struct vertical *vertical, int64_t now_ns);

/* Sustain times begin again: the process stood still. */
void vertical_restart(struct vertical *vertical);

/* The limits were changed to these. */
void vertical_changed(
	struct vertical *vertical, int64_t now_ns, uint32_t cpu_millis, uint32_t memory_mib);

/* What its memory does, by core/trend.h. */
struct vertical_rise {
	uint32_t leak_permille; /* confidence that it rises for good */
	int64_t full_in_ns;     /* when the limit is reached; BAL_NEVER_NS */
};

enum vertical_action { VERTICAL_NOTHING, VERTICAL_UP, VERTICAL_DOWN, VERTICAL_REPLACE };

struct vertical_wish {
	enum vertical_action action;
	bool is_memory;                  /* else processor */
	uint32_t cpu_millis, memory_mib; /* limits that it should have */
	enum bal_reason reason;          /* of the action; of NOTHING: why something holds; NONE */
	int64_t value, threshold;        /* in the unit of the gauge */
	int64_t since_ns;                /* BAL_NEVER_NS: just now */
};

/* What should be done now: memory before processor, up before down. */
struct vertical_wish vertical_look(const struct vertical *vertical,
	const struct vertical_setting *setting, const struct vertical_rise *rise, int64_t now_ns);

/* The least step up that is worth an order, from this limit on. */
uint32_t vertical_least(const struct vertical_wish *wish, const struct vertical *vertical);

/* ---- what it costs ---- */

/* Price per hour of that much more than an agent has that costs `price` with the base: half of it
 * for each resource that is bounded. Negative for less. */
int64_t vertical_price(int64_t price_microcents_hour, const struct vertical_setting *setting,
	int64_t cpu_millis, int64_t memory_mib);

/* Load and vertical triggers that hold together in one pool. */
struct vertical_joint {
	uint32_t agents;          /* there or coming */
	uint32_t more;            /* that the strategy asks for */
	double need;              /* capacity that is needed over that which there is, > 1 */
	double factor;            /* what the wishes make of it: cores after over cores before */
	double use;               /* largest share of its limit that an agent with a wish uses */
	int64_t price_horizontal; /* per hour, of each way */
	int64_t price_vertical;
};

/* True when more for those that there are is enough and the cheaper way; at equal prices it is, as
 * it needs no boot. */
bool vertical_preferred(const struct vertical_joint *joint);

/* True when cores above the fourth are worth their price: not dearer than agents with as many would
 * be, and not dearer per hour than the time is worth that tasks gain by them. */
bool vertical_worth(int64_t price_vertical, int64_t price_horizontal, uint32_t running,
	uint32_t from_millis, uint32_t to_millis, int64_t time_value_microcents_hour);

struct bytes_reader;
struct bytes_writer;

/* Saved states: vertical_form.c. Writes it; reads it, false when the bytes are none. */
void vertical_put(const struct vertical *vertical, struct bytes_writer *writer);
bool vertical_read(struct vertical *vertical, struct bytes_reader *reader);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_FUTURE_H
#define BAL_SIM_FUTURE_H

#include "ballast.h"
#include "base/heap.h"

/* future: events that will happen in the virtual world, in order of time, then of posting. */

#define SIM_FUTURES_MAX (UINT32_C(1) << 24)

struct future_event {
	struct heap_node node;     /* key: when */
	struct future_event *next; /* while unused */
	uint64_t agent;            /* ATTEMPT_ENDED: the agent that answers */
	bool is_late;              /* ATTEMPT_ENDED: comes although the attempt was given up */
	bool is_forged;            /* ATTEMPT_ENDED: of an attempt that never was, or nonsense */
	bool is_periodic;          /* SAMPLE: another one follows */
	struct bal_event event;
};

/* All zero is an empty future. */
struct future {
	struct heap heap;
	struct future_event *unused;
	struct future_chunk *chunks;
	uint64_t posted_count;
	uint32_t room_count; /* events there is memory for */
};

/* A new event at this time, zeroed but for that, for the caller to fill in.  Stops the program when
 * memory ends or SIM_FUTURES_MAX events are under way. */
struct future_event *future_post(struct future *future, int64_t at_ns, enum bal_event_type type);

/* When the next event happens; BAL_NEVER_NS when none does. */
int64_t future_next_ns(const struct future *future);

/* Takes the next event; NULL when there is none.  Give it back after use. */
struct future_event *future_take(struct future *future);
void future_give(struct future *future, struct future_event *event);

/* When the agent answers next; BAL_NEVER_NS when it does not.  Linear. */
int64_t future_answer_ns(const struct future *future, uint64_t agent);

/* Frees everything. */
void future_release(struct future *future);

#endif

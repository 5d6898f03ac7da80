/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_TEST_CORE_CHAOS_H
#define BAL_TEST_CORE_CHAOS_H

#include "ballast.h"

/* A hostile host: events of every kind in any order, most of them plausible answers to effects,
 * some of them late, repeated or about nothing. */

#define CHAOS_PENDING_MAX 128
#define CHAOS_EFFECTS_MAX 256

/* Where its choices come from: a number below bound (> 0). */
typedef uint32_t chaos_draw(void *source, uint32_t bound);

struct chaos {
	chaos_draw *draw;
	void *source;
	int64_t now_ns;
	uint64_t task_next;
	uint64_t agent_next;
	uint32_t epoch;
	bool started;
	struct bal_effect pending[CHAOS_PENDING_MAX]; /* to be answered some time */
	uint32_t pending_count;
};

/* Small limits, so that every table is full now and then. */
extern const struct bal_limits CHAOS_LIMITS;

/* A core with these limits in memory that chaos_core_free takes back. */
struct bal_core *chaos_core(void);

/* Gives its memory back; NULL is none. */
void chaos_core_free(struct bal_core *core);

/* Begins at time 0 with nothing known; `source` is handed to each draw. */
void chaos_init(struct chaos *chaos, chaos_draw *draw, void *source);

/* The next event, made from what the core shows; time goes on in it. */
void chaos_event(struct chaos *chaos, const struct bal_core *core, struct bal_event *event);

/* Remembers the effects, to answer them. */
void chaos_perform(struct chaos *chaos, const struct bal_effects *effects);

#endif

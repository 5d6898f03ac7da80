/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SHELF_H
#define BAL_CORE_SHELF_H

#include "core/learn.h"
#include "core/state.h"

/*
 * A shelf is the index of one pool for one kind of task: its agents by what a second of such a task
 * costs on each (score_rate), those that may take one now; and by their slowness, all that work.
 *
 * Agents of a pool sit in seats 0, 1, 2, ... without gaps; a seat is a place in the trees of all
 * the pool's shelves.  What a shelf says follows from the state: it may be forgotten at any time
 * and is made again when it is asked for; without it a choice scans the pool and comes to the same.
 */

/* The key of a pool's shelf for a kind, never 0. */
static inline uint64_t shelf_key(uint32_t pool, uint32_t kind)
{
	return ((uint64_t)pool << 32 | kind) + 1;
}

/* The shelf of the pool for the kind; NULL when there is none now. A hint, right as a rule, spares
 * the look-up. */
struct shelf *shelf_look_up(const struct bal_core *core, uint32_t pool, uint32_t kind);
static inline struct shelf *shelf_find(const struct bal_core *core, uint32_t pool, uint32_t kind)
{
	uint32_t hint = core->pools[pool].shelf_hints[kind % POOL_SHELF_HINTS];
	struct shelf *shelf = &core->shelves[hint];

	return shelf->key == shelf_key(pool, kind) ? shelf : shelf_look_up(core, pool, kind);
}

/* The same, made if there is none: in a free place, or in that of the one that was made first. */
struct shelf *shelf_for(struct bal_core *core, uint32_t pool, uint32_t kind);

/* What is believed of the shelf's pool and kind. */
static inline struct learn_prior shelf_prior(const struct shelf *shelf)
{
	return (struct learn_prior){.pool = shelf->pool,
		.kind_hash = shelf->kind_hash,
		.slowness = shelf->slowness,
		.success = shelf->success};
}

/* The agent in a seat of the pool. */
struct agent *shelf_agent(const struct bal_core *core, const struct pool *pool, uint32_t seat);

/* A new agent takes the next seat of its pool; or the seat it had, when a saved state is read. */
void shelf_seat(struct bal_core *core, struct agent *agent);
bool shelf_seat_restore(struct bal_core *core, struct agent *agent, uint32_t seat);

/* The agent leaves; the one in the last seat takes its place. */
void shelf_leave(struct bal_core *core, struct agent *agent);

/* Notes whether the agent may take one more task, and that its state or load may have changed. */
void shelf_update(struct bal_core *core, struct agent *agent, bool idle);

/* Something about this kind on this agent was learned, its history; or about any kind forgotten. */
void shelf_learned(
	struct bal_core *core, const struct agent *agent, uint32_t kind, const struct history *own);
void shelf_forgotten(struct bal_core *core, struct agent *agent);

/* What is believed of a kind changed, in one pool or (pool BAL_NONE) in all. */
void shelf_believed(struct bal_core *core, uint32_t pool, uint32_t kind);

/* A price or name (of one pool) or weights (pool BAL_NONE: of all) changed. */
void shelf_priced(struct bal_core *core, uint32_t pool);

/* Compares all shelves with what they follow from; false when one is wrong. */
bool shelf_check(const struct bal_core *core);

#endif

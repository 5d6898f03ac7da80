/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SCALE_H
#define BAL_CORE_SCALE_H

#include "core/state.h"

/* How many agents a pool should have: the required strategies as written, emergencies, from zero,
 * minimum and maximum.  Only pools whose agents a provider starts are scaled. */

/* Begins to look at the pool once a second. */
void scale_begin(struct bal_core *core, struct pool *pool);

/* One look at the pool, and the next one a second later. */
void scale_timer(struct bal_core *core, struct pool *pool);

/* Somebody wants this many agents now; clamped to 0 .. the pool's maximum. */
void scale_to(struct bal_core *core, struct pool *pool, uint32_t agents);

/* The same for this reason, from counts of waiting tasks that are fresh; the order is the pool's
 * last, if there was anything to order. */
void scale_ordered(
	struct bal_core *core, struct pool *pool, uint32_t agents, enum bal_reason reason);

/* An objective of a kind that it serves is broken: orders agents as an emergency does. Returns the
 * order; 0 when there is none, since one is open, or the pool may not or cannot have more. */
uint64_t scale_for_objective(struct bal_core *core, struct pool *pool);

/* Gives the order that undoes this one; the pool must have room for it (agents above its minimum,
 * or below its maximum). */
void scale_undo(struct bal_core *core, struct pool *pool, struct order *order);

/* An agent of the pool is gone: replaces it if the minimum wants that, after a growing pause when
 * agents keep failing to start. */
void scale_agent_gone(struct bal_core *core, struct pool *pool, bool failed);

/* (running + waiting) / slots of ready, starting and ordered agents, in permille; 0 when nothing
 * runs or waits, 1000 per slot's worth; UINT32_MAX when tasks wait and there is no slot. */
uint32_t scale_load_permille(const struct pool *pool);

/* Variance of services over the square of their mean; 1, as of exponential ones, until enough have
 * been seen. */
double scale_service_cv2(const struct pool *pool);

/* The pool that answers for a lane's tasks: the first of those that serve it that is up, else the
 * first; NULL: none serves it. */
struct pool *scale_home(struct bal_core *core, const struct lane *lane);

/* From an order to an agent that works, in seconds: as measured, or a guess. */
double scale_boot_s(const struct pool *pool);

/* Counts the tasks that wait for each pool.  A task that several pools may serve counts once, with
 * the first of them that is up. */
void scale_count_waiting(struct bal_core *core);

/* Fewest agents of the pool now: its own minimum, or more while a window of its schedule is open or
 * opens within one boot time, so that it is met when it begins; its maximum at most. */
uint32_t scale_minimum(const struct bal_core *core, const struct pool *pool);

/* Agents that are there or coming: everything but draining and gone. */
uint32_t scale_agents(const struct pool *pool);

/* The pool as a replay plays it. */
struct replay_pool scale_replay_pool(const struct bal_core *core, const struct pool *pool);

/* True when what the pool's strategies remember, read from bytes, can be gone on with. */
bool scale_valid(const struct pool *pool);

#endif

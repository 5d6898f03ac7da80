/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_RESIZE_H
#define BAL_CORE_RESIZE_H

#include "core/strategy.h"
#include "core/vertical.h"

struct agent;
struct arena;
struct bytes_reader;
struct bytes_writer;
struct order;
struct pool;

/*
 * resize: vertical scaling of agents that a provider started. What each should have is worked out
 * by core/vertical.h; here it is bounded by budgets, weighed against more agents, ordered, and what
 * became of it kept.
 *
 * Where load and an agent's processor ask for more at the same look, one of the two ways is taken,
 * the cheaper one that is enough, and the other holds for RESIZE_SETTLE_NS. An order's limits count
 * as given from the moment it is given, so that budgets hold at every instant.
 */
#define RESIZE_KEPT_MAX    256
#define RESIZE_SETTLE_NS   (30 * NS_PER_S)
#define RESIZE_PATIENCE_NS (30 * NS_PER_S) /* for the host's answer */

struct resize_book;

/* No pool may be changed, no budget bounds them; the arena's memory is zero. */
struct resize_book *resize_place(struct arena *arena, uint32_t agents_max, uint32_t pools_max);

/* An agent came up with what its pool says, or is gone. */
void resize_up(struct bal_core *core, const struct agent *agent);
void resize_gone(struct bal_core *core, const struct agent *agent);

/* An accepted sample of an agent; a task that succeeded there, as a multiple of what such take. */
void resize_sample(struct bal_core *core, const struct bal_event_sample *sample);
void resize_served(struct bal_core *core, const struct agent *agent, double slowness);

/* The process stood still: nothing has held for how long it seems. */
void resize_gap(struct bal_core *core);

/* The pool's timer, before and after its scale is looked at: what is being replaced goes on; what
 * agents want is done. */
void resize_begin_look(struct bal_core *core, struct pool *pool);
void resize_look(struct bal_core *core, struct pool *pool);

/* The pool's strategy asks for `more` agents since `load` is above a threshold (0 = not for that).
 * True when it is not to have them, since more for its agents is the better way, which is then
 * ordered, or was a moment ago. */
bool resize_instead(struct bal_core *core, struct pool *pool, uint32_t more,
	const struct strategy_wish *wish, uint32_t load_permille);

/* Agents that the pool may have beyond its maximum, while one is being replaced. */
uint32_t resize_surplus(const struct bal_core *core, const struct pool *pool);
/* True while one is: the pool is not to be made smaller. */
bool resize_is_replacing(const struct bal_core *core, const struct pool *pool);

/* The memory limit of the agent at a place, in MiB; 0 = not bounded. */
uint32_t resize_memory_mib(const struct bal_core *core, uint32_t place);

/* Events. */
enum bal_status resize_set(struct bal_core *core, const struct bal_event_vertical *event);
enum bal_status resize_budget(struct bal_core *core, const struct bal_event_budget *event);
enum bal_status resize_ended(struct bal_core *core, const struct bal_event_resized *event);

/* Saved states: resize_form.c. `flush` is called after at most 1 KiB each. */
typedef void resize_flush(void *context);
void resize_put(const struct bal_core *core, struct bytes_writer *writer, resize_flush *flush,
	void *context);
bool resize_read(struct bal_core *core, struct bytes_reader *reader);

/* The name of the first rule that is broken; NULL when all hold. */
const char *resize_check(const struct bal_core *core);

#endif

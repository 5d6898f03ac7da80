/* SPDX-License-Identifier: Apache-2.0 */
/* The block of the core: the same placing code measures it (bal_core_size) and builds it
 * (bal_core_init), so the two cannot disagree.  Only small tables are written to at init; the rest
 * of the block stays untouched until it is used. */
#include "core/state.h"

#include "base/arena.h"
#include "base/assert.h"
#include "core/alert.h"
#include "core/book.h"
#include "core/defer.h"
#include "core/intent.h"
#include "core/knees.h"
#include "core/minimum.h"
#include "core/objective.h"
#include "core/recover.h"
#include "core/resize.h"
#include "core/resource.h"
#include "core/score.h"
#include "core/series.h"

#define CORE_MAGIC  UINT64_C(0x62616c6c61737431)
#define EFFECTS_MIN 256 /* room for one turn of anything, see core/outbox.h */
/* A removed pool drains and ends all its agents at once, within half of the outbox. */
#define EFFECTS_PER_AGENT 4
#define COUNT_MAX         (UINT32_C(1) << 28)
#define TENANTS_MAX       (UINT32_C(1) << 24) /* a share's key has 28 bits for the tenant */
#define AGENTS_MAX        (UINT32_C(1) << 24) /* a tree of minima holds no more */
#define SHELVES_MAX       512 /* (pool, kind) pairs whose agents are kept in order */

#define X(name, standard, lowest, highest, unit, help) standard,
static const int64_t KNOB_STANDARD[BAL_KNOB_COUNT] = {BAL_KNOB_MAP(X)};
#undef X

static bool is_count(uint32_t count)
{
	return count > 0 && count <= COUNT_MAX;
}

static bool limits_valid(const struct bal_limits *limits)
{
	return is_count(limits->tasks_max) && limits->agents_max > 0 &&
	       limits->agents_max <= AGENTS_MAX && is_count(limits->pools_max) &&
	       is_count(limits->kinds_max) && is_count(limits->tenants_max) &&
	       limits->tenants_max <= TENANTS_MAX && is_count(limits->limits_max) &&
	       is_count(limits->lanes_max) && is_count(limits->histories_max) &&
	       is_count(limits->conversations_max) && is_count(limits->explanations_max) &&
	       is_count(limits->orders_max) && limits->effects_max >= EFFECTS_MIN &&
	       is_count(limits->effects_max) &&
	       limits->effects_max / EFFECTS_PER_AGENT >= limits->agents_max &&
	       limits->trails_max <= COUNT_MAX && limits->strips_max <= COUNT_MAX;
}

/* Shelves are few and large: their trees have room for all agents, and are touched as far as there
 * are some. */
static void place_shelves(struct bal_core *core, struct arena *arena)
{
	const struct bal_limits *limits = &core->limits;
	uint64_t pairs = (uint64_t)limits->pools_max * limits->kinds_max;

	core->shelves_max = pairs < SHELVES_MAX ? (uint32_t)pairs : SHELVES_MAX;
	arena_align(arena);
	core->shelves = arena_take(arena, core->shelves_max, sizeof(struct shelf));
	map_init(&core->shelves_by_key, arena, core->shelves_max);
	for (uint32_t i = 0; i < core->shelves_max; i++) {
		struct shelf measured;
		struct shelf *shelf = core->shelves == NULL ? &measured : &core->shelves[i];

		mintree_init(&shelf->slow, arena, limits->agents_max);
		mintree_init(&shelf->rate, arena, limits->agents_max);
		shelf->base = arena_take(arena, limits->agents_max, sizeof *shelf->base);
	}
	for (uint32_t i = 0; i < limits->pools_max; i++) {
		uint32_t *seats = arena_take(arena, limits->agents_max, sizeof *seats);

		if (core->pools != NULL)
			core->pools[i].seats = seats;
	}
}

/* Apart from the pools, which are walked often, and mostly by those that have none. */
static void place_scaling(struct bal_core *core, struct arena *arena)
{
	uint32_t count = core->limits.pools_max;
	struct scaling *scaling;

	arena_align(arena);
	scaling = arena_take(arena, count, sizeof *scaling);
	for (uint32_t i = 0; scaling != NULL && i < count; i++)
		core->pools[i].scaling = &scaling[i];
}

void state_place(struct bal_core *core, struct arena *arena)
{
	const struct bal_limits *limits = &core->limits;

	core->pool_words = (limits->pools_max + 63) / 64;
	slab_init(&core->tasks, arena, limits->tasks_max, sizeof(struct task));
	map_init(&core->tasks_by_id, arena, limits->tasks_max);
	map_init(&core->waiters, arena, limits->tasks_max);
	map_init(&core->orphans, arena, limits->tasks_max);
	slab_init(&core->hedges, arena, limits->agents_max, sizeof(struct hedge));
	slab_init(&core->shares, arena, limits->tasks_max, sizeof(struct share));
	map_init(&core->shares_by_key, arena, limits->tasks_max);
	slab_init(&core->lanes, arena, limits->lanes_max, sizeof(struct lane));
	map_init(&core->lanes_by_hash, arena, limits->lanes_max);
	core->lane_pools =
		arena_take(arena, (size_t)limits->lanes_max * core->pool_words, sizeof(uint64_t));
	arena_align(arena);
	slab_init(&core->agents, arena, limits->agents_max, sizeof(struct agent));
	map_init(&core->agents_by_id, arena, limits->agents_max);
	core->pools = arena_take(arena, limits->pools_max, sizeof(struct pool));
	place_scaling(core, arena);
	core->tenants = arena_take(arena, limits->tenants_max, sizeof(struct tenant));
	core->kinds = arena_take(arena, limits->kinds_max, sizeof(struct kind));
	core->shared = arena_take(arena, limits->limits_max, sizeof(struct limit));
	slab_init(&core->histories, arena, limits->histories_max, sizeof(struct history));
	map_init(&core->histories_by_key, arena, limits->histories_max);
	slab_init(&core->contexts, arena, limits->conversations_max, sizeof(struct context));
	map_init(&core->contexts_by_id, arena, limits->conversations_max);
	core->series = series_place(arena, limits->kinds_max, limits->pools_max);
	core->resource = resource_place(arena, limits->agents_max, limits->pools_max);
	core->knees = knees_place(arena, limits->agents_max, limits->pools_max, limits->kinds_max);
	core->alerts = alert_place(arena, limits->effects_max);
	core->objectives = objective_place(arena, limits->kinds_max);
	core->recoveries = arena_take(arena, 1, sizeof *core->recoveries);
	shifts_place(&core->shifts, arena, limits->kinds_max, limits->agents_max);
	core->book = book_place(arena, limits->trails_max, limits->strips_max);
	arena_align(arena);
	core->minimums = arena_take(arena, 1, sizeof *core->minimums);
	core->resizes = resize_place(arena, limits->agents_max, limits->pools_max);
	core->intents = arena_take(arena, 1, sizeof *core->intents);
	core->orders = arena_take(arena, limits->orders_max, sizeof(struct order));
	core->decisions = arena_take(arena, limits->explanations_max, sizeof(struct bal_why));
	map_init(&core->decisions_by_id, arena, limits->explanations_max);
	place_shelves(core, arena);
	core->outbox.items = arena_take(arena, limits->effects_max, sizeof(struct bal_effect));
	core->outbox.capacity = limits->effects_max;
}

size_t bal_core_size(const struct bal_limits *limits)
{
	struct bal_core core = {.limits = *limits};
	struct arena arena;

	if (!limits_valid(limits))
		return 0;
	arena_init(&arena, NULL, 0);
	arena_take(&arena, 1, sizeof core);
	state_place(&core, &arena);
	return arena_fits(&arena) && arena.used < SIZE_MAX - ARENA_LINE
		       ? arena.used + ARENA_LINE - 1
		       : 0;
}

struct bal_core *bal_core_init(void *memory, size_t size, const struct bal_limits *limits)
{
	struct bal_core *core;
	struct arena arena;
	size_t skip = (ARENA_LINE - (uintptr_t)memory % ARENA_LINE) % ARENA_LINE;

	if (memory == NULL || !limits_valid(limits) || size < bal_core_size(limits))
		return NULL;
	arena_init(&arena, (uint8_t *)memory + skip, size - skip);
	core = arena_take(&arena, 1, sizeof *core);
	core->magic = CORE_MAGIC;
	core->limits = *limits;
	state_place(core, &arena);
	bal_assert(arena_fits(&arena));
	core->now_ns = INT64_MIN / 2;
	core->rivals_at_ns = INT64_MIN / 2;
	core->routing_at_ns = INT64_MIN / 2;
	core->clock_set_at_ns = INT64_MIN / 2;
	core->wake_at_ns = BAL_NEVER_NS;
	core->retry_tokens_permille = 10000;
	core->watch_at_ns = BAL_NEVER_NS;
	alert_begin(core->alerts);
	objective_begin(core->objectives);
	prng_init(&core->random, 1);
	for (uint32_t i = 0; i < BAL_KNOB_COUNT; i++)
		core->knobs[i] = KNOB_STANDARD[i];
	score_weights(core);
	defer_tune(core);
	return core;
}

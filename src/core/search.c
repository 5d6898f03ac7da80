/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is odd is asked for once per bin, for it walks the lanes. A job that has no answer within an
 * hour never will: then another one is begun.
 */
#include "core/search.h"

#include "base/num.h"
#include "base/units.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/scale.h"
#include "core/searchjob.h"
#include "core/series.h"

#define EVERY_NS    NS_PER_HOUR
#define PATIENCE_NS NS_PER_HOUR
#define RETRY_NS    (10 * NS_PER_S)
#define BIN_NS      (DIARY_BIN_S * NS_PER_S)

static bool is_odd(const struct bal_core *core, const struct pool *pool)
{
	for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
		i = slab_next(&core->lanes, i + 1)) {
		const struct lane *lane = slab_at(&core->lanes, i);

		if (lane_serves(lane, pool->conf.pool) &&
			series_is_odd(core->series, lane->kind, SERIES_ARRIVALS))
			return true;
	}
	return false;
}

bool search_is_open(const struct bal_core *core)
{
	return core->search.id != 0;
}

static void begin(struct bal_core *core, struct pool *pool)
{
	struct adaptive_memory *memory = &pool->scaling->adaptive;
	struct bal_effect *effect;

	/* Asked again in a while, when somebody else's job is through. */
	memory->search_at_ns = core->now_ns + RETRY_NS;
	if (search_is_open(core) && num_sub_i64(core->now_ns, core->search.at_ns) > PATIENCE_NS)
		core->search.id = 0;
	if (core->stopping || search_is_open(core) || series_job_is_open(core->series) ||
		!outbox_has_room(core))
		return;
	memory->search_at_ns = core->now_ns + EVERY_NS;
	memory->searches++;
	core->search.id = SEARCH_ID_FIRST + pool->conf.pool;
	core->search.generation++;
	core->search.at_ns = core->now_ns;
	effect = outbox_add(core, BAL_EFFECT_JOB);
	effect->order = core->search.id;
	effect->attempt = core->search.generation;
	effect->count = BAL_JOB_SEARCH;
}

void search_look(
	struct bal_core *core, struct pool *pool, const struct strategy_view *view, bool follows)
{
	struct adaptive_memory *memory = &pool->scaling->adaptive;
	bool begins = core->now_ns / BIN_NS != memory->diary.bin;
	struct diary_look look = {.now_ns = core->now_ns,
		.follows = follows,
		.odd = begins && is_odd(core, pool),
		.arrivals = pool->scaling->demand.arrivals,
		.service_s = pool->service_s.weight > 0 ? view->service_s : 0};

	diary_see(&memory->diary, &look);
	if (adaptive_is_due(memory, core->now_ns))
		begin(core, pool);
}

static struct pool *pool_of(const struct bal_core *core, uint64_t job)
{
	struct pool *pool;

	if (job < SEARCH_ID_FIRST || job - SEARCH_ID_FIRST >= core->pools_high)
		return NULL;
	pool = &core->pools[job - SEARCH_ID_FIRST];
	return pool->exists && !pool->removed && pool->conf.strategy == BAL_STRATEGY_ADAPTIVE
		       ? pool
		       : NULL;
}

size_t search_snapshot(
	const struct bal_core *core, uint64_t job, uint32_t generation, void *to, size_t size)
{
	const struct pool *pool = pool_of(core, job);
	struct replay_pool replay;
	const struct adaptive_memory *memory;

	if (pool == NULL || core->search.id != job || core->search.generation != generation)
		return 0;
	memory = &pool->scaling->adaptive;
	replay = scale_replay_pool(core, pool);
	return searchjob_input(&memory->diary, &replay,
		memory->chosen ? memory->verdict.number : PORTFOLIO_NONE, memory->searches, to,
		size);
}

enum bal_status search_end(struct bal_core *core, const struct bal_event_job_done *done)
{
	struct pool *pool = pool_of(core, done->job);
	struct portfolio_verdict verdict;

	if (core->search.id != done->job || core->search.generation != done->generation)
		return BAL_STALE;
	core->search.id = 0;
	if (pool != NULL && done->status == BAL_OK &&
		searchjob_result(done->result.data, done->result.size, &verdict))
		adaptive_take(&pool->scaling->adaptive, core->now_ns, &verdict);
	return BAL_OK;
}

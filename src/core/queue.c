/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting tasks lie in shares (lane, class, tenant), each a heap by deadline or age; the shares of
 * one class of one lane lie in a heap by what their tenant was served.  A tenant that is served
 * through one lane makes its shares in other lanes stale; since served time only grows, a stale
 * share can only be too early, so it is corrected when it comes to the top (share_first).
 *
 * A task without a deadline is ordered as if it had one AGE_HORIZON_NS after its submission: one
 * key for "deadline, then age", and no stream of deadlines can starve an old task. */
#include "core/queue.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/num.h"
#include "base/units.h"
#include "core/learn.h"
#include "core/tag.h"

#include <string.h>

#define AGE_HORIZON_NS NS_PER_HOUR
#define RATE_SPAN_S    60.0 /* memory of a lane's moving rate */

static uint64_t share_key(uint32_t lane, uint32_t priority, uint32_t tenant)
{
	return ((uint64_t)lane << 32 | (uint64_t)priority << 28 | tenant) + 1;
}

static uint64_t needs_hash(const struct bal_needs *needs)
{
	uint64_t hash = checksum_hash64(1, needs->tags.words, sizeof needs->tags.words);

	hash = checksum_mix(hash, (uint64_t)needs->cpu_millis << 32 | needs->memory_mib);
	return hash == 0 ? 1 : hash;
}

static bool pool_serves(const struct pool *pool, const struct lane *lane)
{
	return pool->exists && !pool->removed && tags_cover(&pool->conf.offers, &lane->tags) &&
	       (pool->conf.cpu_millis == 0 || lane->cpu_millis <= pool->conf.cpu_millis) &&
	       (pool->conf.memory_mib == 0 || lane->memory_mib <= pool->conf.memory_mib);
}

static void lane_pools_update(struct bal_core *core, struct lane *lane)
{
	memset(lane->pools, 0, core->pool_words * sizeof *lane->pools);
	lane->pool_count = 0;
	lane->pool_first = BAL_NONE;
	for (uint32_t i = 0; i < core->pools_high; i++) {
		if (!pool_serves(&core->pools[i], lane))
			continue;
		lane->pools[i / 64] |= UINT64_C(1) << (i % 64);
		if (lane->pool_count++ == 0)
			lane->pool_first = i;
	}
}

void lanes_update(struct bal_core *core)
{
	for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
		i = slab_next(&core->lanes, i + 1))
		lane_pools_update(core, lane_at(core, i));
}

static uint64_t lane_hash(const struct lane *lane)
{
	struct bal_needs needs = {
		.tags = lane->tags, .cpu_millis = lane->cpu_millis, .memory_mib = lane->memory_mib};

	return needs_hash(&needs);
}

/* Forgets the first lane that no live task refers to. */
static bool forget_lane(struct bal_core *core)
{
	for (uint32_t i = slab_next(&core->lanes, 0); i != SLAB_NONE;
		i = slab_next(&core->lanes, i + 1)) {
		struct lane *lane = lane_at(core, i);

		if (lane->live > 0)
			continue;
		map_remove(&core->lanes_by_hash, lane_hash(lane));
		slab_give(&core->lanes, lane);
		return true;
	}
	return false;
}

struct lane *lane_for(struct bal_core *core, const struct bal_needs *needs)
{
	uint64_t hash = needs_hash(needs);
	uint32_t place = map_get(&core->lanes_by_hash, hash);
	struct lane *lane;

	if (place != MAP_NONE)
		return lane_at(core, place);
	lane = slab_take(&core->lanes);
	if (lane == NULL) {
		if (!forget_lane(core))
			return NULL;
		lane = slab_take(&core->lanes);
	}
	place = slab_index(&core->lanes, lane);
	lane->tags = needs->tags;
	lane->cpu_millis = needs->cpu_millis;
	lane->memory_mib = needs->memory_mib;
	lane->pools = core->lane_pools + (size_t)place * core->pool_words;
	lane->rate_at_ns = core->now_ns;
	lane_pools_update(core, lane);
	bal_assert(map_put(&core->lanes_by_hash, hash, place));
	return lane;
}

bool lane_restore(struct bal_core *core, uint32_t place, const struct lane *saved)
{
	uint64_t hash = lane_hash(saved);
	struct lane *lane;

	if (map_get(&core->lanes_by_hash, hash) != MAP_NONE)
		return false;
	lane = slab_take_at(&core->lanes, place);
	if (lane == NULL)
		return false;
	*lane = *saved;
	lane->pools = core->lane_pools + (size_t)place * core->pool_words;
	lane_pools_update(core, lane);
	bal_assert(map_put(&core->lanes_by_hash, hash, place));
	return true;
}

double lane_rate(const struct bal_core *core, const struct lane *lane)
{
	double quiet_s = (double)(core->now_ns - lane->rate_at_ns) / (double)NS_PER_S;

	/* Between arrivals the estimate falls as 1/(1 + t/span): cheap, and close enough to the
	 * exponential for a weight in a score. */
	return lane->rate / (1.0 + quiet_s / RATE_SPAN_S);
}

void lane_arrived(struct bal_core *core, struct lane *lane, uint32_t kind)
{
	lane->kind = kind;
	lane->rate = lane_rate(core, lane) + 1.0 / RATE_SPAN_S;
	lane->rate_at_ns = core->now_ns;
}

/* Size moves a turn by a bounded time, so what is large is not starved by what is small: ageing. */
int64_t queue_turn_at_ns(const struct bal_core *core, const struct task *task)
{
	int64_t aged_at_ns = time_add_ns(task->submitted_at_ns, AGE_HORIZON_NS);
	int64_t later = knob(core, BAL_KNOB_SHORTEST_FIRST);

	if (later > 0)
		aged_at_ns = time_add_ns(
			aged_at_ns, num_to_i64(learn_size_s(core, task) * (double)later *
					       (double)(NS_PER_S / PERMILLE)));
	return task->deadline_ns < aged_at_ns ? task->deadline_ns : aged_at_ns;
}

static struct share *share_for(struct bal_core *core, const struct task *task)
{
	uint64_t key = share_key(task->lane, task->priority, task->tenant);
	uint32_t place = map_get(&core->shares_by_key, key);
	struct share *share;

	if (place != MAP_NONE)
		return slab_at(&core->shares, place);
	share = slab_take(&core->shares);
	bal_assert(share != NULL); /* as many shares as tasks */
	share->lane = task->lane;
	share->tenant = task->tenant;
	share->priority = task->priority;
	bal_assert(map_put(&core->shares_by_key, key, slab_index(&core->shares, share)));
	return share;
}

/* A tenant that had nothing waiting does not collect credit for that time. */
static int64_t served_ns(struct bal_core *core, const struct share *share)
{
	int64_t *served = &core->tenants[share->tenant].served_ns[share->priority];

	if (*served < core->served_ns[share->priority])
		*served = core->served_ns[share->priority];
	return *served;
}

void share_show(struct bal_core *core, struct share *share)
{
	struct lane *lane = lane_at(core, share->lane);

	if (!heap_holds(&share->node))
		heap_insert(&lane->classes[share->priority].shares, &share->node,
			core->tenants[share->tenant].served_ns[share->priority], share->tenant);
}

struct share *share_hide(struct bal_core *core, const struct task *task)
{
	struct share *share = share_for(core, task);
	struct lane *lane = lane_at(core, share->lane);

	if (heap_holds(&share->node))
		heap_remove(&lane->classes[share->priority].shares, &share->node);
	return share;
}

void queue_put(struct bal_core *core, struct task *task)
{
	struct lane *lane = lane_at(core, task->lane);
	struct share *share = share_for(core, task);

	bal_assert(task->state == BAL_TASK_QUEUED);
	if (share->tasks.count == 0) {
		served_ns(core, share);
		share_show(core, share);
	}
	heap_insert(&share->tasks, &task->order_node, task->turn_at_ns, task->id);
	heap_insert(&lane->classes[task->priority].ages, &task->age_node, task->submitted_at_ns,
		task->id);
	if (lane->waiting++ == 0)
		list_append(&core->lanes_active, &lane->active_node);
	core->waiting[task->priority]++;
	core->tenants[task->tenant].queued++;
}

/* Takes the task out of its share, and the share out of its class when it was the last. */
static void leave_share(struct bal_core *core, struct task *task)
{
	struct lane *lane = lane_at(core, task->lane);
	struct share *share = share_for(core, task);

	heap_remove(&share->tasks, &task->order_node);
	if (share->tasks.count > 0)
		return;
	if (heap_holds(&share->node))
		heap_remove(&lane->classes[share->priority].shares, &share->node);
	map_remove(&core->shares_by_key, share_key(share->lane, share->priority, share->tenant));
	slab_give(&core->shares, share);
}

void queue_remove(struct bal_core *core, struct task *task)
{
	struct lane *lane = lane_at(core, task->lane);

	if (queue_is_deferred(task))
		list_remove(&core->deferred, &task->defer_node);
	else
		leave_share(core, task);
	heap_remove(&lane->classes[task->priority].ages, &task->age_node);
	if (--lane->waiting == 0)
		list_remove(&core->lanes_active, &lane->active_node);
	core->waiting[task->priority]--;
	core->tenants[task->tenant].queued--;
}

void queue_defer(struct bal_core *core, struct task *task)
{
	struct list_node *last = core->deferred.last;
	struct list_node *after = NULL;

	leave_share(core, task);
	while (last != NULL &&
		container_of(last, struct task, defer_node)->priority > task->priority) {
		after = last;
		last = list_previous(last);
	}
	list_insert_before(&core->deferred, after, &task->defer_node);
}

void queue_charge(struct bal_core *core, const struct task *task, int64_t service_ns)
{
	struct tenant *tenant = &core->tenants[task->tenant];
	int64_t *served = &tenant->served_ns[task->priority];
	uint32_t weight = tenant->weight == 0 ? 1 : tenant->weight;

	if (*served > core->served_ns[task->priority])
		core->served_ns[task->priority] = *served;
	else
		*served = core->served_ns[task->priority];
	*served = time_add_ns(*served, service_ns / weight);
}

/* The share of the least served tenant; corrects stale ones on the way. */
static struct share *share_first(struct bal_core *core, struct lane_class *class)
{
	struct heap_node *first = heap_first(&class->shares);

	while (first != NULL) {
		struct share *share = container_of(first, struct share, node);
		int64_t served = core->tenants[share->tenant].served_ns[share->priority];

		if (first->key >= served)
			return share;
		heap_update(&class->shares, first, served, share->tenant);
		first = heap_first(&class->shares);
	}
	return NULL;
}

static struct task *lane_oldest(const struct bal_core *core, const struct lane *lane)
{
	struct task *oldest = NULL;

	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++) {
		struct heap_node *first = heap_first(&lane->classes[i].ages);
		struct task *task;

		if (first == NULL)
			continue;
		task = container_of(first, struct task, age_node);
		if (core->now_ns - task->submitted_at_ns < knob(core, BAL_KNOB_AGEING))
			continue;
		if (oldest == NULL || first->key < oldest->age_node.key ||
			(first->key == oldest->age_node.key && task->id < oldest->id))
			oldest = task;
	}
	return oldest;
}

struct task *lane_next(struct bal_core *core, struct lane *lane, bool aged)
{
	if (aged)
		return lane_oldest(core, lane);
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++) {
		struct share *share = share_first(core, &lane->classes[i]);

		if (share != NULL)
			return container_of(heap_first(&share->tasks), struct task, order_node);
	}
	return NULL;
}

bool queue_before(const struct bal_core *core, const struct task *a, const struct task *b)
{
	int64_t served_a = core->tenants[a->tenant].served_ns[a->priority];
	int64_t served_b = core->tenants[b->tenant].served_ns[b->priority];

	if (a->priority != b->priority)
		return a->priority < b->priority;
	if (served_a != served_b)
		return served_a < served_b;
	if (a->turn_at_ns != b->turn_at_ns)
		return a->turn_at_ns < b->turn_at_ns;
	return a->id < b->id;
}

static bool lanes_overlap(const struct bal_core *core, const struct lane *a, const struct lane *b)
{
	uint64_t common = 0;

	for (uint32_t i = 0; i < core->pool_words; i++)
		common |= a->pools[i] & b->pools[i];
	return common != 0;
}

uint32_t queue_ahead(const struct bal_core *core, const struct lane *lane, uint32_t priority)
{
	uint32_t ahead = 0;

	for (const struct list_node *node = core->lanes_active.first; node != NULL;
		node = list_next(node)) {
		const struct lane *other = container_of(node, struct lane, active_node);

		if (!lanes_overlap(core, lane, other))
			continue;
		for (uint32_t i = 0; i <= priority; i++)
			ahead += other->classes[i].ages.count;
	}
	return ahead;
}

uint32_t queue_count(const struct bal_core *core)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		count += core->waiting[i];
	return count;
}

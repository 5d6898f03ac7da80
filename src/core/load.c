/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what save.c wrote.  The bytes are input: each number that selects something is checked
 * before it is used, then everything that follows from the fields (links, counters, heaps, maps) is
 * built anew, and at last the whole state is checked like that of a running core; so bytes that
 * contradict themselves are refused, whoever made their check sum. */
#include "core/save.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "core/aftermath.h"
#include "core/agent.h"
#include "core/alert.h"
#include "core/book.h"
#include "core/check.h"
#include "core/defer.h"
#include "core/form.h"
#include "core/intent.h"
#include "core/knees.h"
#include "core/learn.h"
#include "core/life.h"
#include "core/limit.h"
#include "core/minimum.h"
#include "core/objective.h"
#include "core/queue.h"
#include "core/recover.h"
#include "core/resize.h"
#include "core/resource.h"
#include "core/scale.h"
#include "core/score.h"
#include "core/series.h"
#include "core/shelf.h"
#include "core/task.h"
#include "core/timer.h"
#include "core/valid.h"

#include <string.h>

#define ID_LIMIT  (UINT64_C(1) << 62)
#define ORDER_BIT (UINT64_C(1) << 63)

struct load {
	struct bal_core *core;
	struct bytes_reader reader;
	bool ok;
};

/* Reads one thing of a list at its place; false when the bytes are not one. */
typedef bool read_item(struct load *load, uint32_t place);

/* The next place of a list; false at its end, or with load->ok unset when there is no such place.
 */
static bool next_place(struct load *load, uint32_t count_max, uint32_t *place)
{
	uint64_t number = bytes_get_varint(&load->reader);

	if (load->reader.failed || number > count_max)
		load->ok = false;
	if (!load->ok || number == 0)
		return false;
	*place = (uint32_t)number - 1;
	return true;
}

static void read_list(struct load *load, uint32_t count_max, read_item *read)
{
	uint32_t place;

	while (load->ok && next_place(load, count_max, &place))
		load->ok = read(load, place);
}

static bool read_head(struct load *load)
{
	struct bal_core *core = load->core;
	struct bal_limits limits;
	uint64_t seen = 0;
	bool ok = bytes_get_u32(&load->reader) == STATE_MAGIC;

	limits.trails_max = core->limits.trails_max;
	limits.strips_max = core->limits.strips_max;

	ok = bytes_get_u32(&load->reader) == STATE_VERSION && ok;
	if (!ok || !form_read(&FORM_LIMITS, &limits, &load->reader) ||
		memcmp(&limits, &core->limits, sizeof limits) != 0 ||
		!form_read(&FORM_CORE, core, &load->reader))
		return false;
	for (uint32_t i = 0; i < BAL_KNOB_COUNT; i++)
		ok = knob_valid(i, core->knobs[i]) && ok;
	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		ok = core->served_ns[i] >= 0 && ok;
	for (uint32_t i = 0; i < 4; i++)
		seen |= core->random.state[i];
	return ok && core->routing < BAL_ROUTING_AUTO && seen != 0 &&
	       core->retry_tokens_permille <= INT64_MAX / 2;
}

static bool read_pool(struct load *load, uint32_t place)
{
	struct bal_core *core = load->core;
	struct pool *pool = &core->pools[place];

	if (!form_read(&FORM_POOL, pool, &load->reader))
		return false;
	if (!pool->exists)
		return true;
	if (place >= core->pools_high)
		core->pools_high = place + 1;
	pool->timer.owner = TIMER_POOL;
	trigger_begin(&pool->scaling->triggers);
	calm_begin(&pool->scaling->calm);
	limits_note(pool);
	if (pool->shed >= BAL_PRIORITY_COUNT)
		return false;
	return pool->conf.pool == place && pool_valid(core, &pool->conf);
}

static bool read_limit(struct load *load, uint32_t place)
{
	struct limit *limit = &load->core->shared[place];

	return form_read(&FORM_LIMIT, limit, &load->reader) && limit->starts_due_ns >= 0 &&
	       (limit->starts_max == 0 || limit->starts_period_ns > 0);
}

static bool read_kind(struct load *load, uint32_t place)
{
	struct kind *kind = &load->core->kinds[place];
	bool ok = form_read(&FORM_KIND, kind, &load->reader) && kind->parents_time >= 0 &&
		  kind->parents_wait >= 0;

	for (uint32_t i = 0; i < BOND_PARENTS_MAX; i++)
		ok = ok && kind->parents[i] <= load->core->limits.kinds_max;
	return ok;
}

static bool why_valid(const struct bal_why *why)
{
	return why->losers_count <= BAL_LOSERS_MAX && why->violations_count <= BAL_VIOLATIONS_MAX &&
	       why->nearest_count <= BAL_NEAREST_MAX;
}

static bool read_order(struct load *load, uint32_t place)
{
	const struct bal_limits *limits = &load->core->limits;
	struct order *order = &load->core->orders[place];

	return form_read(&FORM_ORDER, order, &load->reader) && (order->id & ORDER_BIT) != 0 &&
	       (uint32_t)order->id % limits->orders_max == place &&
	       order->why.pool < limits->pools_max && why_valid(&order->why) &&
	       order->off <= order->wanted && order->state != BAL_ORDER_IS_NONE &&
	       (order->state != BAL_ORDER_IS_WATCHED || order->judge_at_ns != BAL_NEVER_NS);
}

static bool read_decision(struct load *load, uint32_t place)
{
	struct bal_why *why = &load->core->decisions[place];

	return form_read(&FORM_WHY, why, &load->reader) && why->id != 0 &&
	       why->kind != BAL_WHY_NOTHING && why_valid(why);
}

/* Oldest first, so that each id finds its newest decision. */
static void index_decisions(struct bal_core *core)
{
	uint32_t count = core->limits.explanations_max;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t place = (uint32_t)((core->decision_count % count + i) % count);
		const struct bal_why *why = &core->decisions[place];

		if (why->kind != BAL_WHY_NOTHING)
			bal_assert(map_put(&core->decisions_by_id, why->id, place));
	}
}

static bool read_lane(struct load *load, uint32_t place)
{
	struct lane lane = {.live = 0};

	return form_read(&FORM_LANE, &lane, &load->reader) &&
	       lane.kind < load->core->limits.kinds_max && lane_restore(load->core, place, &lane);
}

static bool read_timer(struct load *load, struct timer *timer, uint64_t id)
{
	uint8_t set = bytes_get_u8(&load->reader);
	int64_t at_ns = bytes_get_i64(&load->reader);

	if (load->reader.failed || set > 1)
		return false;
	if (set)
		timer_set(load->core, timer, id, at_ns);
	return true;
}

static bool id_is_new(const struct map *map, uint64_t id)
{
	return id > 0 && id < ID_LIMIT && map_get(map, id) == MAP_NONE;
}

static bool agent_valid(const struct bal_core *core, const struct agent *agent)
{
	return id_is_new(&core->agents_by_id, agent->id) && agent->pool < core->limits.pools_max &&
	       core->pools[agent->pool].exists && agent->state >= BAL_AGENT_STARTING &&
	       agent->state <= BAL_AGENT_EJECTED && agent->slots <= core->limits.effects_max / 4;
}

static bool read_agent(struct load *load, uint32_t place)
{
	struct bal_core *core = load->core;
	struct agent *agent = slab_take_at(&core->agents, place);
	struct pool *pool;
	uint64_t idle, seat;

	if (agent == NULL || !form_read(&FORM_AGENT, agent, &load->reader) ||
		!agent_valid(core, agent))
		return false;
	pool = agent_pool(core, agent);
	agent->timer.owner = TIMER_AGENT;
	agent->ahead = BAL_NONE;
	bal_assert(map_put(&core->agents_by_id, agent->id, place));
	list_append(&pool->agents, &agent->pool_node);
	pool->state_count[agent->state]++;
	if (agent->state == BAL_AGENT_READY || agent->state == BAL_AGENT_WARMING)
		pool->slots_ready += agent->slots;
	idle = bytes_get_varint(&load->reader);
	seat = bytes_get_varint(&load->reader);
	if (idle > 1 || seat >= core->limits.agents_max ||
		!shelf_seat_restore(core, agent, (uint32_t)seat))
		return false;
	pool->idle_count += (uint32_t)idle;
	agent->idle = (uint8_t)idle;
	return read_timer(load, &agent->timer, agent->id);
}

static bool task_valid(const struct bal_core *core, const struct task *task)
{
	return id_is_new(&core->tasks_by_id, task->id) && task->state >= BAL_TASK_SUBMITTED &&
	       task->state <= BAL_TASK_FINISHING && slab_holds(&core->lanes, task->lane) &&
	       task->kind < core->limits.kinds_max && task->tenant < core->limits.tenants_max &&
	       task->size_ns >= 0 &&
	       (task->agent == BAL_NONE || slab_holds(&core->agents, task->agent));
}

static bool read_task(struct load *load, uint32_t place)
{
	struct bal_core *core = load->core;
	struct task *task = slab_take_at(&core->tasks, place);

	if (task == NULL || !form_read(&FORM_TASK, task, &load->reader) || !task_valid(core, task))
		return false;
	bal_assert(map_put(&core->tasks_by_id, task->id, place));
	lane_at(core, task->lane)->live++;
	core->totals.tasks++;
	core->totals.states[task->state]++;
	task->timer.owner = TIMER_TASK;
	task->waiter_next = BAL_NONE;
	task->hedge = BAL_NONE;
	task_timer_update(core, task);
	if (task->state == BAL_TASK_QUEUED)
		queue_put(core, task);
	if (task->waits_for != 0) {
		uint32_t first = map_get(&core->waiters, task->waits_for);

		task->waiter_next = first == MAP_NONE ? BAL_NONE : first;
		bal_assert(map_put(&core->waiters, task->waits_for, place));
	}
	return true;
}

/* An attempt goes back to its agent: all that counts running ones counts it. */
static void count_running(struct bal_core *core, const struct task *task, struct agent *agent)
{
	struct pool *pool = agent_pool(core, agent);
	bool own = task->lender == 0 && !task->ahead;

	agent->running += own;
	pool->running += own;
	agent->lent += task->lender != 0;
	pool->lent += task->lender != 0;
	pool->ahead += task->ahead;
	agent->exclusive += own && task->exclusive;
	core->tenants[task->tenant].running++;
	core->kinds[task->kind].running++;
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++)
		if (pool->conf.limits[i] != BAL_NONE)
			core->shared[pool->conf.limits[i]].running++;
}

static void read_running(struct load *load)
{
	struct bal_core *core = load->core;
	uint32_t place;

	for (uint32_t i = slab_next(&core->agents, 0); i != SLAB_NONE && load->ok;
		i = slab_next(&core->agents, i + 1)) {
		while (load->ok && next_place(load, core->limits.tasks_max, &place)) {
			load->ok = slab_holds(&core->tasks, place) &&
				   task_at(core, place)->agent == i &&
				   !list_holds(&task_at(core, place)->agent_node);
			if (!load->ok)
				return;
			list_append(&agent_at(core, i)->tasks, &task_at(core, place)->agent_node);
			if (task_at(core, place)->ahead)
				agent_at(core, i)->ahead = place;
			count_running(core, task_at(core, place), agent_at(core, i));
		}
	}
}

static bool read_hedge(struct load *load, uint32_t place)
{
	struct bal_core *core = load->core;
	struct hedge *hedge = slab_take_at(&core->hedges, place);
	struct task *task;
	struct agent *agent;

	if (hedge == NULL || !form_read(&FORM_HEDGE, hedge, &load->reader) ||
		!slab_holds(&core->tasks, hedge->task) || !slab_holds(&core->agents, hedge->agent))
		return false;
	task = task_at(core, hedge->task);
	agent = agent_at(core, hedge->agent);
	if (task->hedge != BAL_NONE || task->lender != 0 || task->ahead)
		return false;
	task->hedge = place;
	list_append(&core->hedges_open, &hedge->node);
	agent_pool(core, agent)->hedges++;
	count_running(core, task, agent);
	return true;
}

static bool read_child(struct load *load, uint32_t place)
{
	struct bal_core *core = load->core;

	if (!slab_holds(&core->tasks, place) || list_holds(&task_at(core, place)->child_node))
		return false;
	list_append(&core->children_queued, &task_at(core, place)->child_node);
	return true;
}

static bool read_deferred(struct load *load, uint32_t place)
{
	struct bal_core *core = load->core;
	struct task *task;

	if (!slab_holds(&core->tasks, place))
		return false;
	task = task_at(core, place);
	if (task->state != BAL_TASK_QUEUED || queue_is_deferred(task))
		return false;
	queue_defer(core, task);
	return true;
}

static bool read_meter(struct load *load, struct meter_book *book)
{
	bool ok = form_read(&FORM_METER_BOOK, book, &load->reader);

	for (uint32_t i = 0; i < METER_MARKS && ok; i++)
		ok = form_read(&FORM_METER, &book->marks[i], &load->reader);
	return ok && meter_valid(book);
}

static bool read_scaling(struct load *load, uint32_t place)
{
	struct pool *pool = &load->core->pools[place];

	return pool->exists && form_read(&FORM_SCALING, pool->scaling, &load->reader) &&
	       form_read(&FORM_PREDICTIVE, &pool->scaling->predictive, &load->reader) &&
	       read_meter(load, &pool->scaling->meter) &&
	       form_read(&FORM_ORDER_TALLY, &pool->scaling->tally, &load->reader) &&
	       form_read(&FORM_TRIGGERS, &pool->scaling->triggers, &load->reader) &&
	       adaptive_read(&pool->scaling->adaptive, &load->reader) && scale_valid(pool);
}

static bool read_tenant(struct load *load, uint32_t place)
{
	struct tenant *tenant = &load->core->tenants[place];
	bool ok = form_read(&FORM_TENANT, tenant, &load->reader);

	for (uint32_t i = 0; i < BAL_PRIORITY_COUNT; i++)
		ok = tenant->served_ns[i] >= 0 && ok;
	return ok && tenant->rate_due_ns >= 0 &&
	       (tenant->rate_max == 0 || tenant->rate_period_ns > 0);
}

/* Parents that are there have their count of children among their fields. */
static void count_orphans(struct bal_core *core)
{
	for (uint32_t i = slab_next(&core->tasks, 0); i != SLAB_NONE;
		i = slab_next(&core->tasks, i + 1)) {
		const struct task *task = task_at(core, i);

		if (task_is_awaited(task) && task_find(core, task->parent) == NULL)
			task_count_child(core, task);
	}
}

/* Putting a task into the queue raises what its tenant counts as served to what its class does.
 * That happened when the task came, so while tasks are read no class has been served anything; the
 * keys of the queue's heaps are then too early, which the queue corrects as it meets them. */
static void read_tasks(struct load *load)
{
	struct bal_core *core = load->core;
	int64_t served_ns[BAL_PRIORITY_COUNT];

	memcpy(served_ns, core->served_ns, sizeof served_ns);
	memset(core->served_ns, 0, sizeof served_ns);
	read_list(load, core->limits.tasks_max, read_task);
	count_orphans(core);
	memcpy(core->served_ns, served_ns, sizeof served_ns);
}

static bool read_history(struct load *load, uint32_t place)
{
	struct history history = {.key = 0};

	return form_read(&FORM_HISTORY, &history, &load->reader) &&
	       history_restore(load->core, place, &history);
}

static bool read_context(struct load *load, uint32_t place)
{
	struct context context = {.conversation = 0};

	return form_read(&FORM_CONTEXT, &context, &load->reader) &&
	       context_restore(load->core, place, &context);
}

static bool read_held(struct load *load, uint32_t place)
{
	struct intent_book *book = load->core->intents;
	struct bal_held *held = &book->items[place];

	book->count++;
	return form_read(&FORM_HELD, held, &load->reader) && held->id != 0 &&
	       intent_valid(load->core, &held->order);
}

static void read_intents(struct load *load)
{
	uint64_t sequence = bytes_get_varint(&load->reader);

	load->ok = load->ok && sequence <= UINT32_MAX;
	load->core->intents->sequence = (uint32_t)sequence;
	read_list(load, BAL_HELD_MAX, read_held);
}

static bool read_minimum(struct load *load, uint32_t place)
{
	struct bal_event_minimum *minimum = &load->core->minimums->items[place];

	return form_read(&FORM_MINIMUM, minimum, &load->reader) &&
	       minimum->pool < load->core->limits.pools_max;
}

static bool read_recovery(struct load *load, uint32_t place)
{
	struct bal_recovery *record = &load->core->recoveries->records[place];

	return form_read(&FORM_RECOVERY, record, &load->reader) && record->id != 0 &&
	       (uint32_t)record->id % RECOVER_KEPT_MAX == place &&
	       record->step < BAL_RECOVERY_COUNT && record->objective < BAL_OBJECTIVE_COUNT;
}

static void read_watched(struct load *load)
{
	struct bal_core *core = load->core;
	uint64_t sequence;

	load->ok = load->ok && alert_read(core->alerts, &load->reader) &&
		   objective_read(core->objectives, &load->reader);
	sequence = bytes_get_varint(&load->reader);
	load->ok = load->ok && sequence <= UINT32_MAX;
	core->recoveries->sequence = (uint32_t)sequence;
	read_list(load, RECOVER_KEPT_MAX, read_recovery);
	read_intents(load);
	read_list(load, BAL_MINIMUMS_MAX, read_minimum);
	load->ok = load->ok && minimum_restore(core->minimums);
}

static void read_outbox(struct load *load)
{
	struct outbox *outbox = &load->core->outbox;
	uint64_t count = bytes_get_varint(&load->reader);

	if (load->reader.failed || count > outbox->capacity) {
		load->ok = false;
		return;
	}
	for (uint32_t i = 0; i < count && load->ok; i++)
		load->ok = form_read(&FORM_EFFECT, &outbox->items[i], &load->reader);
	outbox->count = (uint32_t)count;
}

static void read_shifts(struct load *load)
{
	uint64_t count = bytes_get_varint(&load->reader);

	load->ok = !load->reader.failed && count <= SHIFTS_MAX;
	for (uint32_t i = 0; i < count && load->ok; i++)
		load->ok = shifts_read(&load->core->shifts, &load->reader);
}

static bool read_agent_shift(struct load *load, uint32_t place)
{
	return slab_holds(&load->core->agents, place) &&
	       shifts_agent_read(&load->core->shifts, place, &load->reader);
}

static void read_timers(struct load *load)
{
	struct bal_core *core = load->core;

	for (uint32_t i = 0; i < core->limits.pools_max && load->ok; i++)
		if (core->pools[i].exists)
			load->ok = read_timer(load, &core->pools[i].timer, i);
}

static void read_state(struct load *load)
{
	struct bal_core *core = load->core;
	const struct bal_limits *limits = &core->limits;

	load->ok = read_head(load);
	read_list(load, limits->pools_max, read_pool);
	read_list(load, limits->limits_max, read_limit);
	read_list(load, limits->kinds_max, read_kind);
	read_list(load, limits->orders_max, read_order);
	aftermath_restore(core);
	read_list(load, limits->explanations_max, read_decision);
	read_list(load, limits->lanes_max, read_lane);
	read_list(load, limits->agents_max, read_agent);
	read_tasks(load);
	read_running(load);
	read_list(load, limits->agents_max, read_hedge);
	read_list(load, limits->tasks_max, read_child);
	read_list(load, limits->tasks_max, read_deferred);
	read_timers(load);
	read_list(load, limits->pools_max, read_scaling);
	read_list(load, limits->tenants_max, read_tenant);
	read_list(load, limits->histories_max, read_history);
	read_list(load, limits->conversations_max, read_context);
	load->ok = load->ok && series_read(core->series, &load->reader) &&
		   resource_read(core, &load->reader) && knees_read(core, &load->reader);
	read_watched(load);
	if (load->ok)
		read_shifts(load);
	read_list(load, limits->agents_max, read_agent_shift);
	if (load->ok)
		load->ok = resize_read(core, &load->reader);
	if (load->ok)
		read_outbox(load);
	if (load->ok && book_is_kept(core->book))
		load->ok = book_read(core, &load->reader);
}

enum bal_status bal_core_load(struct bal_core *core, const void *from, size_t size)
{
	struct load load = {.core = core};
	struct bytes_reader tail;

	bal_assert(!core->started);
	bal_assert(core->tasks.count == 0);
	bal_assert(core->agents.count == 0);
	if (size < sizeof(uint32_t))
		return BAL_BROKEN;
	size -= sizeof(uint32_t);
	bytes_reader_init(&tail, (const uint8_t *)from + size, sizeof(uint32_t));
	if (bytes_get_u32(&tail) != checksum_crc32c(0, from, size))
		return BAL_BROKEN;
	bytes_reader_init(&load.reader, from, size);
	read_state(&load);
	if (!load.ok || load.reader.failed || bytes_left(&load.reader) != 0)
		return BAL_BROKEN;
	index_decisions(core);
	score_weights(core);
	defer_tune(core);
	shelf_priced(core, BAL_NONE);
	return check_core(core) == NULL ? BAL_OK : BAL_BROKEN;
}

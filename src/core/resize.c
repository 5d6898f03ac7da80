/* SPDX-License-Identifier: Apache-2.0 */
/* Once a second and pool each agent's wish is worked out anew from what it said; a wish becomes an
 * order when nothing holds it. Why it is held is kept with the agent, so that somebody who asks can
 * be told. */
#include "core/resize.h"

#include "base/arena.h"
#include "base/num.h"
#include "base/units.h"
#include "core/aftermath.h"
#include "core/agent.h"
#include "core/order.h"
#include "core/outbox.h"
#include "core/record.h"
#include "core/resize_state.h"
#include "core/resource.h"
#include "core/scale.h"

#define CORES_FREE_MILLIS 4000 /* more than that must be worth its price */
#define MEMORY_TIMES      4    /* the pool's, when nothing else is said */
#define ORDERS_PER_LOOK   4
#define PAUSE_MIN_NS      NS_PER_MIN

struct resize_book *resize_place(struct arena *arena, uint32_t agents_max, uint32_t pools_max)
{
	struct resize_book *book = arena_take(arena, 1, sizeof *book);
	struct resize_agent *agents = arena_take(arena, agents_max, sizeof *agents);
	struct resize_pool *pools = arena_take(arena, pools_max, sizeof *pools);

	arena_align(arena);
	if (book == NULL)
		return NULL;
	book->agents = agents;
	book->pools = pools;
	return book;
}

/* ---- what is watched ---- */

static struct vertical_setting setting_of(
	const struct bal_core *core, uint32_t pool, const struct resize_agent *own)
{
	const struct bal_event_vertical *conf = &core->resizes->pools[pool].conf;
	uint32_t memory = own->memory_base_mib;
	struct vertical_setting setting = {.sustain_ns = knob(core, BAL_KNOB_VERTICAL_SUSTAIN),
		.cooldown_ns = knob(core, BAL_KNOB_VERTICAL_COOLDOWN),
		.window_ns = knob(core, BAL_KNOB_VERTICAL_WINDOW),
		.cpu_base_millis = own->cpu_base_millis,
		.memory_base_mib = memory,
		.cpu_max_millis = conf->cpu_max_millis,
		.memory_max_mib = conf->memory_max_mib};

	if (setting.cpu_max_millis == 0 || setting.cpu_max_millis > BAL_CPU_MILLIS_MAX)
		setting.cpu_max_millis = BAL_CPU_MILLIS_MAX;
	if (setting.memory_max_mib == 0)
		setting.memory_max_mib =
			memory <= UINT32_MAX / MEMORY_TIMES ? memory * MEMORY_TIMES : UINT32_MAX;
	return setting;
}

struct resize_agent *resize_of(const struct bal_core *core, const struct agent *agent)
{
	uint32_t place = slab_index(&core->agents, agent);
	struct resize_book *book = core->resizes;

	if (place >= book->agents_high || !book->agents[place].used)
		return NULL;
	return &book->agents[place];
}

void resize_up(struct bal_core *core, const struct agent *agent)
{
	const struct bal_event_pool *conf = &core->pools[agent->pool].conf;
	uint32_t place = slab_index(&core->agents, agent);
	struct resize_agent *own = &core->resizes->agents[place];
	const struct resize_pool *part = &core->resizes->pools[agent->pool];

	if (conf->kind != BAL_POOL_PROCESS)
		return;
	*own = (struct resize_agent){.used = true,
		.cpu_base_millis = conf->cpu_millis,
		.memory_base_mib = conf->memory_mib,
		.pause_until_ns = RECORD_PAST_MIN_NS};
	vertical_init(&own->vertical, conf->cpu_millis, conf->memory_mib);
	/* What was not enough for the one before is not enough for this one. */
	if (part->oom_mib >= conf->memory_mib && part->oom_mib > 0 &&
		core->now_ns - part->oom_at_ns < knob(core, BAL_KNOB_VERTICAL_WINDOW))
		vertical_starved(&own->vertical, core->now_ns);
	if (place >= core->resizes->agents_high)
		core->resizes->agents_high = place + 1;
}

void resize_gone(struct bal_core *core, const struct agent *agent)
{
	struct resize_agent *own = resize_of(core, agent);

	if (own == NULL)
		return;
	resize_close(core, own->order_open, BAL_UNAVAILABLE);
	own->used = false;
}

/* Agents of pools that nobody scales this way cost nothing but their place. */
static struct resize_agent *watched(const struct bal_core *core, const struct agent *agent)
{
	struct resize_agent *own = agent == NULL ? NULL : resize_of(core, agent);

	if (own == NULL || core->resizes->pools[agent->pool].conf.mode == BAL_VERTICAL_OFF)
		return NULL;
	return own;
}

void resize_sample(struct bal_core *core, const struct bal_event_sample *sample)
{
	const struct agent *agent =
		sample->subject == BAL_SUBJECT_AGENT ? agent_find(core, sample->id) : NULL;
	struct resize_agent *own = watched(core, agent);
	struct vertical_setting setting;

	if (own == NULL)
		return;
	if (sample->signal == BAL_SIGNAL_OOM_KILLS && sample->value > 0) {
		core->resizes->pools[agent->pool].oom_at_ns = core->now_ns;
		core->resizes->pools[agent->pool].oom_mib = own->vertical.memory_mib;
	}
	setting = setting_of(core, agent->pool, own);
	vertical_sample(&own->vertical, &setting, core->now_ns, sample->signal, sample->value);
}

void resize_served(struct bal_core *core, const struct agent *agent, double slowness)
{
	struct resize_agent *own = watched(core, agent);

	if (own != NULL)
		vertical_served(&own->vertical, core->now_ns, slowness);
}

void resize_gap(struct bal_core *core)
{
	for (uint32_t i = 0; i < core->resizes->agents_high; i++)
		if (core->resizes->agents[i].used)
			vertical_restart(&core->resizes->agents[i].vertical);
}

uint32_t resize_memory_mib(const struct bal_core *core, uint32_t place)
{
	const struct agent *agent = agent_at(core, place);
	const struct resize_agent *own = resize_of(core, agent);

	return own == NULL ? core->pools[agent->pool].conf.memory_mib : own->vertical.memory_mib;
}

/* ---- budgets ---- */

/* What is given away: to agents that are there, the larger of what they have and are to have; to
 * those that are ordered; to commands that run. */
static struct resize_room given(const struct bal_core *core, const struct pool *pool)
{
	uint32_t coming = pool->conf.kind == BAL_POOL_PROCESS ? pool->ordered : pool->running;
	struct resize_room sum = {
		(int64_t)coming * pool->conf.cpu_millis, (int64_t)coming * pool->conf.memory_mib};

	for (const struct list_node *node = pool->agents.first; node != NULL;
		node = list_next(node)) {
		const struct resize_agent *own =
			resize_of(core, container_of(node, struct agent, pool_node));

		if (own == NULL)
			continue;
		sum.cpu_millis += own->cpu_asked_millis > own->vertical.cpu_millis
					  ? own->cpu_asked_millis
					  : own->vertical.cpu_millis;
		sum.memory_mib += own->memory_asked_mib > own->vertical.memory_mib
					  ? own->memory_asked_mib
					  : own->vertical.memory_mib;
	}
	return sum;
}

static int64_t left(uint32_t budget, int64_t used)
{
	return budget == 0 ? INT32_MAX : num_max_i64((int64_t)budget - used, 0);
}

struct resize_room resize_room(const struct bal_core *core, const struct pool *pool)
{
	const struct bal_event_vertical *conf = &core->resizes->pools[pool->conf.pool].conf;
	const struct bal_event_budget *host = &core->resizes->budget;
	struct resize_room own = given(core, pool);
	struct resize_room all = {0, 0};

	for (uint32_t i = 0; i < core->pools_high; i++) {
		struct resize_room one = {0, 0};

		if (core->pools[i].exists && (core->pools[i].conf.kind == BAL_POOL_PROCESS ||
						     core->pools[i].conf.kind == BAL_POOL_COMMAND))
			one = given(core, &core->pools[i]);
		all.cpu_millis += one.cpu_millis;
		all.memory_mib += one.memory_mib;
	}
	return (struct resize_room){num_min_i64(left(host->cpu_millis, all.cpu_millis),
					    left(conf->cpu_budget_millis, own.cpu_millis)),
		num_min_i64(left(host->memory_mib, all.memory_mib),
			left(conf->memory_budget_mib, own.memory_mib))};
}

/* ---- records ---- */

struct bal_resize *resize_keep(struct bal_core *core, const struct agent *agent,
	const struct vertical_wish *wish, const struct order *order)
{
	struct resize_agent *own = resize_of(core, agent);
	struct bal_resize *record =
		&core->resizes->kept[core->resizes->sequence++ % RESIZE_KEPT_MAX];

	*record = (struct bal_resize){.order = order->id,
		.agent = agent->id,
		.pool = agent->pool,
		.reason = (uint32_t)wish->reason,
		.cpu_before_millis = own->vertical.cpu_millis,
		.cpu_after_millis = wish->cpu_millis,
		.memory_before_mib = own->vertical.memory_mib,
		.memory_after_mib = wish->memory_mib,
		.value = wish->value,
		.threshold = wish->threshold,
		.sustained_ns = wish->since_ns == BAL_NEVER_NS ? 0 : core->now_ns - wish->since_ns,
		.alternative_microcents_hour = -1,
		.at_ns = core->now_ns,
		.ended_at_ns = BAL_NEVER_NS};
	own->order_last = order->id;
	own->hold = BAL_REASON_NONE;
	return record;
}

struct bal_resize *resize_record(const struct bal_core *core, uint64_t order)
{
	for (uint32_t i = 0; order != 0 && i < RESIZE_KEPT_MAX; i++)
		if (core->resizes->kept[i].order == order)
			return &core->resizes->kept[i];
	return NULL;
}

void resize_close(struct bal_core *core, uint64_t order, enum bal_status status)
{
	struct bal_resize *record = resize_record(core, order);

	if (order == 0)
		return;
	order_done(core, order, 0);
	if (record == NULL || record->ended_at_ns != BAL_NEVER_NS)
		return;
	record->ended_at_ns = core->now_ns;
	record->status = status;
}

/* ---- orders ---- */

/* What agents with as many cores or as much memory would cost: whole ones. */
static int64_t price_of_more_agents(
	const struct pool *pool, const struct resize_agent *own, const struct vertical_wish *wish)
{
	int64_t base = wish->is_memory ? own->memory_base_mib : own->cpu_base_millis;
	int64_t more = wish->is_memory ? (int64_t)wish->memory_mib - own->vertical.memory_mib
				       : (int64_t)wish->cpu_millis - own->vertical.cpu_millis;

	if (base <= 0 || more <= 0)
		return -1;
	return num_mul_i64(pool->conf.price_microcents_hour, (more + base - 1) / base);
}

static int64_t price_of(const struct bal_core *core, const struct pool *pool,
	const struct resize_agent *own, const struct vertical_wish *wish)
{
	struct vertical_setting setting = setting_of(core, pool->conf.pool, own);

	return vertical_price(pool->conf.price_microcents_hour, &setting,
		(int64_t)wish->cpu_millis - own->vertical.cpu_millis,
		(int64_t)wish->memory_mib - own->vertical.memory_mib);
}

/* Cuts a wish for more down to the room that there is; false with the reason when less than the
 * least step is left. */
static bool fit(
	struct vertical_wish *wish, const struct vertical *vertical, const struct resize_room *room)
{
	int64_t most = wish->is_memory ? vertical->memory_mib + room->memory_mib
				       : vertical->cpu_millis + room->cpu_millis;
	uint32_t *to = wish->is_memory ? &wish->memory_mib : &wish->cpu_millis;

	if (*to > most)
		*to = (uint32_t)most;
	return *to >= vertical_least(wish, vertical);
}

/* More than four cores only when they are worth it; else four, when that is a step. */
static bool afford(const struct bal_core *core, const struct pool *pool, const struct agent *agent,
	struct vertical_wish *wish)
{
	const struct resize_agent *own = resize_of(core, agent);

	if (wish->is_memory || wish->cpu_millis <= CORES_FREE_MILLIS ||
		vertical_worth(price_of(core, pool, own, wish),
			price_of_more_agents(pool, own, wish), agent->running,
			own->vertical.cpu_millis, wish->cpu_millis,
			knob(core, BAL_KNOB_TIME_VALUE)))
		return true;
	wish->cpu_millis = CORES_FREE_MILLIS;
	return wish->cpu_millis >= vertical_least(wish, &own->vertical);
}

/* Makes the wish one that may be ordered; NONE, or why it may not. */
static enum bal_reason admit(const struct bal_core *core, const struct pool *pool,
	const struct agent *agent, const struct resize_room *room, struct vertical_wish *wish)
{
	const struct resize_agent *own = resize_of(core, agent);

	if (wish->action != VERTICAL_UP)
		return BAL_REASON_NONE;
	if (!afford(core, pool, agent, wish))
		return BAL_REASON_HOLD_COST;
	return fit(wish, &own->vertical, room) ? BAL_REASON_NONE : BAL_REASON_HOLD_BUDGET;
}

/* More processor is given time to help before more agents are asked for; not again and again, as
 * one agent after the other is given more. */
static void settle_more_agents(struct bal_core *core, const struct pool *pool)
{
	struct resize_pool *part = &core->resizes->pools[pool->conf.pool];

	if (core->now_ns >=
		time_add_ns(part->settle_until_ns, knob(core, BAL_KNOB_VERTICAL_COOLDOWN)))
		part->settle_until_ns = core->now_ns + RESIZE_SETTLE_NS;
}

static void give(struct bal_core *core, struct pool *pool, const struct agent *agent,
	const struct vertical_wish *wish, int64_t alternative)
{
	struct resize_agent *own = resize_of(core, agent);
	bool advised = core->resizes->pools[pool->conf.pool].conf.mode == BAL_VERTICAL_ADVISE;
	struct order *order = order_new(core, pool->conf.pool, wish->reason);
	int64_t price = price_of(core, pool, own, wish);
	struct bal_resize *record = resize_keep(core, agent, wish, order);
	struct bal_effect *effect = outbox_add_agent(core, BAL_EFFECT_RESIZE, agent);

	record->price_microcents_hour = price;
	record->alternative_microcents_hour = alternative;
	record->advised = advised;
	order->why.agents_before = scale_agents(pool);
	order->why.agents_after = order->why.agents_before;
	order->why.load_permille = scale_load_permille(pool);
	order->why.sustained_ns = record->sustained_ns;
	order->change = BAL_ORDER_RESOURCES;
	aftermath_given(core, order);
	order->price_predicted_microcents_hour = price;
	effect->order = order->id;
	effect->reason = wish->reason;
	if (advised) {
		own->pause_until_ns =
			core->now_ns +
			num_max_i64(knob(core, BAL_KNOB_VERTICAL_WINDOW), PAUSE_MIN_NS);
		own->hold = BAL_REASON_ADVISED;
		order->state = BAL_ORDER_IS_ADVICE;
		order->ended = true;
		resize_close(core, order->id, BAL_OK);
		return;
	}
	if (wish->action == VERTICAL_UP && !wish->is_memory)
		settle_more_agents(core, pool);
	effect->count = wish->cpu_millis == own->vertical.cpu_millis ? 0 : wish->cpu_millis;
	effect->attempt = wish->memory_mib == own->vertical.memory_mib ? 0 : wish->memory_mib;
	own->order_open = order->id;
	own->cpu_asked_millis = wish->cpu_millis;
	own->memory_asked_mib = wish->memory_mib;
	own->asked_at_ns = core->now_ns;
}

static void drop_order(struct bal_core *core, struct resize_agent *own, enum bal_status status)
{
	resize_close(core, own->order_open, status);
	own->order_open = 0;
	own->cpu_asked_millis = 0;
	own->memory_asked_mib = 0;
	if (status == BAL_OK)
		return;
	own->hold = BAL_REASON_HOLD_REFUSED;
	own->pause_until_ns =
		core->now_ns + num_max_i64(knob(core, BAL_KNOB_VERTICAL_COOLDOWN), PAUSE_MIN_NS);
}

/* ---- looks ---- */

static bool works(const struct agent *agent)
{
	return agent->state == BAL_AGENT_READY || agent->state == BAL_AGENT_WARMING;
}

/* What the agent wants, if it may want something now. */
static struct vertical_wish wish_of(
	const struct bal_core *core, const struct agent *agent, const struct resize_agent *own)
{
	struct vertical_setting setting = setting_of(core, agent->pool, own);
	struct vertical_rise rise = {0, BAL_NEVER_NS};

	resource_rise(core, agent, &rise.leak_permille, &rise.full_in_ns);
	return vertical_look(&own->vertical, &setting, &rise, core->now_ns);
}

/* Why nothing is done for this agent now, whatever it wants; NONE. */
static enum bal_reason held(const struct bal_core *core, const struct pool *pool,
	const struct resize_agent *own, const struct vertical_wish *wish)
{
	const struct resize_pool *part = &core->resizes->pools[pool->conf.pool];
	bool cpu_up = wish->action == VERTICAL_UP && !wish->is_memory;

	if (core->now_ns < own->pause_until_ns)
		return (enum bal_reason)own->hold;
	if (wish->action == VERTICAL_NOTHING)
		return wish->reason;
	if (wish->action != VERTICAL_REPLACE && part->conf.mode == BAL_VERTICAL_ON &&
		!part->conf.able)
		return BAL_REASON_NO_GROUPS;
	if (wish->action == VERTICAL_DOWN ? pool->paused_scale_in : pool->paused_scale_out)
		return BAL_REASON_HOLD_PAUSED;
	if (cpu_up && (pool->order_open != 0 || core->now_ns < part->horizontal_until_ns))
		return BAL_REASON_HOLD_HORIZONTAL;
	return BAL_REASON_NONE;
}

/* True when an order was given. */
static bool look_at_agent(struct bal_core *core, struct pool *pool, struct agent *agent)
{
	struct resize_agent *own = resize_of(core, agent);
	struct vertical_wish wish = wish_of(core, agent, own);
	enum bal_reason hold = held(core, pool, own, &wish);

	own->hold = (uint8_t)hold;
	if (hold != BAL_REASON_NONE || wish.action == VERTICAL_NOTHING)
		return false;
	if (wish.action == VERTICAL_REPLACE &&
		core->resizes->pools[pool->conf.pool].conf.mode == BAL_VERTICAL_ON) {
		own->hold = (uint8_t)replace_begin(core, pool, agent, &wish);
		return own->hold == BAL_REASON_NONE;
	}
	if (wish.action == VERTICAL_UP) {
		struct resize_room room = resize_room(core, pool);

		hold = admit(core, pool, agent, &room, &wish);
		own->hold = (uint8_t)hold;
	}
	if (hold == BAL_REASON_NONE)
		give(core, pool, agent, &wish, price_of_more_agents(pool, own, &wish));
	return hold == BAL_REASON_NONE;
}

void resize_begin_look(struct bal_core *core, struct pool *pool)
{
	replace_look(core, pool);
}

void resize_look(struct bal_core *core, struct pool *pool)
{
	uint32_t given_count = 0;

	if (core->resizes->pools[pool->conf.pool].conf.mode == BAL_VERTICAL_OFF)
		return;
	for (struct list_node *node = pool->agents.first; node != NULL && outbox_has_room(core);
		node = list_next(node)) {
		struct agent *agent = container_of(node, struct agent, pool_node);
		struct resize_agent *own = resize_of(core, agent);

		if (own == NULL || !works(agent))
			continue;
		if (own->order_open == 0) {
			if (given_count < ORDERS_PER_LOOK)
				given_count += look_at_agent(core, pool, agent);
		} else if (core->now_ns - own->asked_at_ns >= RESIZE_PATIENCE_NS) {
			drop_order(core, own, BAL_TIMEOUT);
		}
	}
}

/* ---- one decision with more agents ---- */

/* All wishes for more processor that could be ordered now, together. */
struct resize_sum {
	uint32_t wishes;
	double before, after; /* millicores of the whole pool */
	double use;
	int64_t price;
};

/* The agent's wish for more processor if it could be ordered now; false for none. */
static bool cpu_wish(const struct bal_core *core, const struct pool *pool,
	const struct agent *agent, struct resize_room *room, struct vertical_wish *wish)
{
	const struct resize_agent *own = resize_of(core, agent);

	if (own == NULL || !works(agent) || own->order_open != 0)
		return false;
	*wish = wish_of(core, agent, own);
	if (wish->action != VERTICAL_UP || wish->is_memory ||
		held(core, pool, own, wish) != BAL_REASON_NONE ||
		admit(core, pool, agent, room, wish) != BAL_REASON_NONE)
		return false;
	room->cpu_millis -= wish->cpu_millis - own->vertical.cpu_millis;
	return true;
}

static struct resize_sum sum_wishes(const struct bal_core *core, const struct pool *pool)
{
	struct resize_room room = resize_room(core, pool);
	struct resize_sum sum = {0};

	for (const struct list_node *node = pool->agents.first; node != NULL;
		node = list_next(node)) {
		const struct agent *agent = container_of(node, struct agent, pool_node);
		const struct resize_agent *own = resize_of(core, agent);
		struct vertical_wish wish;

		if (own == NULL)
			continue;
		sum.before += own->vertical.cpu_millis;
		sum.after += own->vertical.cpu_millis;
		if (!cpu_wish(core, pool, agent, &room, &wish))
			continue;
		sum.wishes++;
		sum.after += (double)wish.cpu_millis - own->vertical.cpu_millis;
		sum.price = num_add_i64(sum.price, price_of(core, pool, own, &wish));
		sum.use = num_max(sum.use,
			(double)own->vertical.values[VERTICAL_CPU] / own->vertical.cpu_millis);
	}
	return sum;
}

/* Gives all of them, or notes with each why not. */
static void settle_wishes(struct bal_core *core, struct pool *pool, bool gives, int64_t alternative)
{
	for (struct list_node *node = pool->agents.first; node != NULL && outbox_has_room(core);
		node = list_next(node)) {
		struct agent *agent = container_of(node, struct agent, pool_node);
		struct resize_room room = resize_room(core, pool);
		struct vertical_wish wish;

		if (!cpu_wish(core, pool, agent, &room, &wish))
			continue;
		if (gives)
			give(core, pool, agent, &wish, alternative);
		else
			resize_of(core, agent)->hold = BAL_REASON_HOLD_HORIZONTAL;
	}
}

bool resize_instead(struct bal_core *core, struct pool *pool, uint32_t more,
	const struct strategy_wish *wish, uint32_t load_permille)
{
	struct resize_pool *part = &core->resizes->pools[pool->conf.pool];
	struct vertical_joint joint = {.agents = scale_agents(pool),
		.more = more,
		.price_horizontal = num_mul_i64(pool->conf.price_microcents_hour, more)};
	struct resize_sum sum;
	bool vertical;

	if (part->conf.mode != BAL_VERTICAL_ON || !part->conf.able)
		return false;
	if (core->now_ns < part->settle_until_ns)
		return true;
	sum = sum_wishes(core, pool);
	if (sum.wishes == 0)
		return false;
	joint.factor = sum.after / sum.before;
	joint.use = sum.use;
	joint.price_vertical = sum.price;
	joint.need = wish->threshold_permille > 0 && load_permille != UINT32_MAX
			     ? (double)load_permille / wish->threshold_permille
			     : (double)(joint.agents + more) / num_max(joint.agents, 1);
	vertical = vertical_preferred(&joint);
	settle_wishes(core, pool, vertical, joint.price_horizontal);
	if (vertical)
		part->settle_until_ns = core->now_ns + RESIZE_SETTLE_NS;
	else
		part->horizontal_until_ns = core->now_ns + RESIZE_SETTLE_NS;
	if (vertical)
		steps_restart(&pool->steps);
	return vertical;
}

/* ---- events ---- */

enum bal_status resize_set(struct bal_core *core, const struct bal_event_vertical *event)
{
	if (event->pool >= core->limits.pools_max || event->mode >= BAL_VERTICAL_COUNT)
		return BAL_INVALID;
	if (!core->pools[event->pool].exists)
		return BAL_UNKNOWN;
	core->resizes->pools[event->pool].conf = *event;
	return BAL_OK;
}

enum bal_status resize_budget(struct bal_core *core, const struct bal_event_budget *event)
{
	core->resizes->budget = *event;
	return BAL_OK;
}

/* An agent that was found has limits that nobody here gave: they are what it has, and what the pool
 * says now is what it may go back to. */
static void take_over(
	struct bal_core *core, struct resize_agent *own, const struct bal_event_resized *event)
{
	(void)core;
	vertical_init(&own->vertical, event->cpu_millis, event->memory_mib);
	if (own->cpu_base_millis > event->cpu_millis || event->cpu_millis == 0)
		own->cpu_base_millis = event->cpu_millis;
	if (own->memory_base_mib > event->memory_mib || event->memory_mib == 0)
		own->memory_base_mib = event->memory_mib;
}

enum bal_status resize_ended(struct bal_core *core, const struct bal_event_resized *event)
{
	struct agent *agent = agent_find(core, event->agent);
	struct resize_agent *own = agent == NULL ? NULL : resize_of(core, agent);

	if (event->status >= BAL_STATUS_COUNT)
		return BAL_INVALID;
	if (own == NULL)
		return BAL_UNKNOWN;
	if (event->order == 0) {
		take_over(core, own, event);
		return BAL_OK;
	}
	/* Late or not: these are its limits. */
	vertical_changed(&own->vertical, core->now_ns, event->cpu_millis, event->memory_mib);
	if (event->order != own->order_open)
		return BAL_STALE;
	drop_order(core, own, (enum bal_status)event->status);
	return BAL_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent reports is kept by its place among the agents. A pool's limit is what its agents
 * may have together; those without a limit may have what they use and what the machine has left,
 * which is counted once.
 */
#include "core/resource.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/alert.h"
#include "core/resize.h"
#include "core/series.h"
#include "core/trend.h"

#define VALUE_MAX    1e24
#define KEPT_STORAGE 0  /* no agent has this id */
#define KEPT_MINUTES 60 /* the silence after which a trend begins anew anyway */

/* A level while its bin is open. */
struct level {
	double sum;
	uint32_t count;
	double last;
	bool seen; /* there is a last one */
};

enum { LEVEL_CPU, LEVEL_MEMORY, LEVEL_COUNT };
enum { LEVEL_STORAGE, LEVEL_DATA };

struct resource_agent {
	bool used;
	uint32_t silent; /* closed bins without a sample */
	struct level levels[LEVEL_COUNT];
	struct trend memory;
};

/* The sums of one pool, while they are worked out. */
struct resource_sum {
	double values[LEVEL_COUNT];
	bool told[LEVEL_COUNT], missing[LEVEL_COUNT];
};

struct kept_trend {
	uint64_t id; /* of an agent; KEPT_STORAGE */
	struct trend trend;
};

struct resource {
	uint32_t agents_high; /* places from here on were never used */
	double host_free;     /* bytes of memory; below 0: not known */
	double store_size;    /* bytes of its filesystem; 0: not known */
	struct level store[LEVEL_COUNT];
	struct trend storage;
	struct resource_agent *agents;
	struct resource_sum *sums; /* by pool */
	/* Trends from before a restart, until those that they are of report again. */
	struct kept_trend *kept;
	uint32_t kept_count, kept_max;
};

struct resource *resource_place(struct arena *arena, uint32_t agents_max, uint32_t pools_max)
{
	struct resource *resource = arena_take(arena, 1, sizeof *resource);
	struct resource_agent *agents = arena_take(arena, agents_max, sizeof *agents);
	struct resource_sum *sums = arena_take(arena, pools_max, sizeof *sums);
	uint32_t kept_max = agents_max < RESOURCE_KEPT_MAX ? agents_max + 1 : RESOURCE_KEPT_MAX;
	struct kept_trend *kept = arena_take(arena, kept_max, sizeof *kept);

	arena_align(arena);
	if (resource == NULL)
		return NULL;
	resource->kept = kept;
	resource->kept_max = kept_max;
	resource->agents = agents;
	resource->sums = sums;
	resource->host_free = -1;
	return resource;
}

/* ---- samples ---- */

static void level_add(struct level *level, double value)
{
	level->sum += value;
	level->count++;
	level->last = value;
	level->seen = true;
}

static bool is_watched(const struct bal_core *core, uint32_t place)
{
	return place < core->resource->agents_high && core->resource->agents[place].used;
}

/* One for which there is no room begins anew. */
static void keep_trend(struct resource *resource, uint64_t id, const struct trend *trend)
{
	if (resource->kept_count == resource->kept_max)
		return;
	resource->kept[resource->kept_count].id = id;
	resource->kept[resource->kept_count++].trend = *trend;
}

/* A trend goes on where it was before a restart, or begins. */
static void begin_trend(struct resource *resource, uint64_t id, struct trend *trend)
{
	trend_init(trend);
	for (uint32_t i = 0; i < resource->kept_count; i++) {
		if (resource->kept[i].id != id)
			continue;
		*trend = resource->kept[i].trend;
		resource->kept[i] = resource->kept[--resource->kept_count];
		return;
	}
}

static struct resource_agent *watch_agent(struct bal_core *core, const struct agent *agent)
{
	uint32_t place = slab_index(&core->agents, agent);
	struct resource_agent *watched = &core->resource->agents[place];

	if (!is_watched(core, place)) {
		*watched = (struct resource_agent){.used = true};
		begin_trend(core->resource, agent->id, &watched->memory);
		series_begin(
			core->series, agent->pool, SERIES_CPU, core->now_ns, core->utc_offset_ns);
	}
	if (place >= core->resource->agents_high)
		core->resource->agents_high = place + 1;
	return watched;
}

/* What one agent may have; below 0: not known. */
static double limit_mib(const struct bal_core *core, uint32_t place)
{
	uint32_t limit = resize_memory_mib(core, place);

	if (limit > 0)
		return limit;
	if (core->resource->host_free < 0)
		return -1;
	return core->resource->agents[place].levels[LEVEL_MEMORY].last +
	       core->resource->host_free / (double)MIB;
}

static void tell_alerts(struct bal_core *core, const struct agent *agent)
{
	uint32_t place = slab_index(&core->agents, agent);
	const struct trend *trend = &core->resource->agents[place].memory;
	double limit = limit_mib(core, place);
	double confidence = trend->finding.is_found ? trend->finding.confidence : 0;

	alert_observe(core, BAL_SUBJECT_AGENT, agent->id, RULE_FACT_LEAK,
		num_to_i64(num_round(confidence * PERMILLE)));
	if (limit >= 0)
		alert_observe(core, BAL_SUBJECT_AGENT, agent->id, RULE_FACT_EXHAUSTION,
			trend_exhaustion(trend, limit).likely_ns);
}

static void agent_sample(struct bal_core *core, const struct bal_event_sample *sample)
{
	struct agent *agent = agent_find(core, sample->id);
	double value = (double)sample->value;

	if (sample->signal == BAL_SIGNAL_CPU_MILLIS) {
		level_add(&watch_agent(core, agent)->levels[LEVEL_CPU], value);
	} else if (sample->signal == BAL_SIGNAL_MEMORY_MIB) {
		struct resource_agent *watched = watch_agent(core, agent);

		level_add(&watched->levels[LEVEL_MEMORY], value);
		trend_add(&watched->memory, core->now_ns, value);
		tell_alerts(core, agent);
	}
}

static void store_sample(struct bal_core *core, const struct bal_event_sample *sample)
{
	struct resource *resource = core->resource;
	struct bal_exhaustion exhaustion;
	double value = (double)sample->value;

	if (sample->signal == BAL_SIGNAL_STORE_SIZE)
		resource->store_size = value;
	if (sample->signal == BAL_SIGNAL_STORE_BYTES) {
		series_begin(core->series, 0, SERIES_DATA, core->now_ns, core->utc_offset_ns);
		level_add(&resource->store[LEVEL_DATA], value);
	}
	if (sample->signal != BAL_SIGNAL_STORE_FREE || resource->store_size <= 0)
		return;
	if (!resource->store[LEVEL_STORAGE].seen)
		begin_trend(resource, KEPT_STORAGE, &resource->storage);
	series_begin(core->series, 0, SERIES_STORAGE, core->now_ns, core->utc_offset_ns);
	value = num_max(resource->store_size - value, 0);
	level_add(&resource->store[LEVEL_STORAGE], value);
	trend_add(&resource->storage, core->now_ns, value);
	if (resource_exhaustion(core, 0, BAL_SERIES_STORAGE, &exhaustion))
		alert_observe(core, BAL_SUBJECT_STORE, 0, RULE_FACT_FULL, exhaustion.likely_ns);
}

void resource_sample(struct bal_core *core, const struct bal_event_sample *sample)
{
	if (sample->subject == BAL_SUBJECT_AGENT)
		agent_sample(core, sample);
	if (sample->subject == BAL_SUBJECT_STORE)
		store_sample(core, sample);
	if (sample->subject == BAL_SUBJECT_HOST &&
		sample->signal == BAL_SIGNAL_HOST_MEMORY_AVAILABLE)
		core->resource->host_free = (double)sample->value;
}

void resource_gone(struct bal_core *core, const struct agent *agent)
{
	uint32_t place = slab_index(&core->agents, agent);

	if (is_watched(core, place))
		core->resource->agents[place].used = false;
}

void resource_rise(const struct bal_core *core, const struct agent *agent, uint32_t *leak_permille,
	int64_t *full_in_ns)
{
	uint32_t place = slab_index(&core->agents, agent);
	const struct trend *trend = &core->resource->agents[place].memory;
	double limit = is_watched(core, place) ? limit_mib(core, place) : -1;

	*leak_permille = 0;
	*full_in_ns = BAL_NEVER_NS;
	if (limit < 0 || !trend->finding.is_found)
		return;
	*leak_permille = (uint32_t)num_to_i64(trend->finding.confidence * PERMILLE);
	*full_in_ns = trend_exhaustion(trend, limit).likely_ns;
}

/* ---- bins ---- */

static void add_level(struct resource_sum *sum, uint32_t which, const struct level *level)
{
	if (!level->seen)
		return;
	if (level->count == 0) {
		sum->missing[which] = true;
		return;
	}
	sum->values[which] += level->sum / level->count;
	sum->told[which] = true;
}

static void tell_pool(struct bal_core *core, uint32_t pool)
{
	struct resource_sum *sum = &core->resource->sums[pool];

	for (uint32_t i = 0; i < LEVEL_COUNT; i++)
		if (sum->told[i] && !sum->missing[i])
			series_level(core->series, pool, (enum series_what)(SERIES_CPU + i),
				sum->values[i]);
	*sum = (struct resource_sum){0};
}

void resource_tell(struct bal_core *core)
{
	struct resource *resource = core->resource;

	for (uint32_t i = 0; i < resource->agents_high; i++) {
		if (!resource->agents[i].used)
			continue;
		for (uint32_t j = 0; j < LEVEL_COUNT; j++)
			add_level(&resource->sums[agent_at(core, i)->pool], j,
				&resource->agents[i].levels[j]);
	}
	for (uint32_t i = 0; i < core->pools_high; i++)
		tell_pool(core, i);
	for (uint32_t i = 0; i < LEVEL_COUNT; i++)
		if (resource->store[i].count > 0)
			series_level(core->series, 0, (enum series_what)(SERIES_STORAGE + i),
				resource->store[i].sum / resource->store[i].count);
}

static void begin_levels(struct level *levels)
{
	for (uint32_t i = 0; i < LEVEL_COUNT; i++) {
		levels[i].sum = 0;
		levels[i].count = 0;
	}
}

void resource_begin_bin(struct bal_core *core)
{
	struct resource *resource = core->resource;

	for (uint32_t i = 0; i < resource->agents_high; i++) {
		struct resource_agent *agent = &resource->agents[i];

		if (!agent->used)
			continue;
		if (agent->levels[LEVEL_CPU].count + agent->levels[LEVEL_MEMORY].count > 0)
			agent->silent = 0;
		else
			agent->silent++;
		agent->used = agent->silent < RESOURCE_SILENT_MAX;
		begin_levels(agent->levels);
	}
	begin_levels(resource->store);
}

/* ---- views ---- */

/* What a pool uses and may have, and the first of its agents that a rise brings to its limit. */
struct pool_use {
	bool seen[LEVEL_COUNT];
	double now[LEVEL_COUNT];
	double limit;    /* MiB */
	bool is_limited; /* of all of its agents the limit is known */
	struct trend_exhaustion first;
};

static void look_at_agent(const struct bal_core *core, uint32_t place, struct pool_use *use)
{
	const struct resource_agent *agent = &core->resource->agents[place];
	double limit = limit_mib(core, place);
	bool is_own = resize_memory_mib(core, place) > 0;
	struct trend_exhaustion reached;

	for (uint32_t i = 0; i < LEVEL_COUNT; i++) {
		use->seen[i] = use->seen[i] || agent->levels[i].seen;
		use->now[i] += agent->levels[i].last;
	}
	if (!agent->levels[LEVEL_MEMORY].seen)
		return;
	use->is_limited = use->is_limited && limit >= 0;
	use->limit += is_own ? limit : agent->levels[LEVEL_MEMORY].last;
	reached = trend_exhaustion(&agent->memory, limit);
	if (limit >= 0 && reached.likely_ns < use->first.likely_ns)
		use->first = reached;
}

static struct pool_use look_at_pool(const struct bal_core *core, uint32_t pool)
{
	struct pool_use use = {
		.is_limited = true, .first = {BAL_NEVER_NS, BAL_NEVER_NS, BAL_NEVER_NS}};

	for (uint32_t i = 0; i < core->resource->agents_high; i++)
		if (core->resource->agents[i].used && agent_at(core, i)->pool == pool)
			look_at_agent(core, i, &use);
	if (pool < core->limits.pools_max && core->pools[pool].conf.memory_mib == 0)
		use.limit += num_max(core->resource->host_free, 0) / (double)MIB;
	return use;
}

bool resource_now(
	const struct bal_core *core, uint32_t number, enum bal_series series, double *value)
{
	const struct level *level;

	if (series == BAL_SERIES_CPU || series == BAL_SERIES_MEMORY) {
		struct pool_use use = look_at_pool(core, number);

		*value = use.now[series - BAL_SERIES_CPU];
		return use.seen[series - BAL_SERIES_CPU];
	}
	if (number != 0 || series < BAL_SERIES_STORAGE || series > BAL_SERIES_DATA)
		return false;
	level = &core->resource->store[series - BAL_SERIES_STORAGE];
	*value = level->last;
	return level->seen;
}

/* The sooner of what the forecast and what a rise says. */
static void combine(const struct bal_core *core, uint32_t number, enum bal_series series,
	const struct trend_exhaustion *trend, struct bal_exhaustion *exhaustion)
{
	series_exhaustion(core->series, number, (enum series_what)series, exhaustion->limit,
		core->now_ns, exhaustion);
	exhaustion->by = exhaustion->soonest_ns == BAL_NEVER_NS ? BAL_EXHAUSTION_NONE
								: BAL_EXHAUSTION_FORECAST;
	if (trend->likely_ns >= exhaustion->likely_ns)
		return;
	exhaustion->by = BAL_EXHAUSTION_TREND;
	exhaustion->soonest_ns = trend->soonest_ns;
	exhaustion->likely_ns = trend->likely_ns;
	exhaustion->latest_ns = trend->latest_ns;
}

bool resource_exhaustion(const struct bal_core *core, uint32_t number, enum bal_series series,
	struct bal_exhaustion *exhaustion)
{
	struct trend_exhaustion trend;

	*exhaustion = (struct bal_exhaustion){0};
	if (!resource_now(core, number, series, &exhaustion->now))
		return false;
	if (series == BAL_SERIES_MEMORY) {
		struct pool_use use = look_at_pool(core, number);

		if (!use.is_limited)
			return false;
		exhaustion->limit = use.limit;
		trend = use.first;
	} else if (series == BAL_SERIES_STORAGE) {
		exhaustion->limit = core->resource->store_size;
		trend = trend_exhaustion(&core->resource->storage, exhaustion->limit);
	} else {
		return false;
	}
	combine(core, number, series, &trend, exhaustion);
	return true;
}

bool bal_agent_memory(const struct bal_core *core, uint64_t id, struct bal_agent_memory *memory)
{
	const struct agent *agent = agent_find(core, id);
	const struct trend *trend;
	uint32_t place;

	if (agent == NULL || !is_watched(core, slab_index(&core->agents, agent)))
		return false;
	place = slab_index(&core->agents, agent);
	if (!core->resource->agents[place].levels[LEVEL_MEMORY].seen)
		return false;
	trend = &core->resource->agents[place].memory;
	*memory = (struct bal_agent_memory){.limit_mib = limit_mib(core, place),
		.is_rising = trend->finding.is_found,
		.full_in_ns = BAL_NEVER_NS};
	if (!trend->finding.is_found)
		return true;
	memory->mib_per_hour = trend->finding.slope * 3600;
	memory->confidence = trend->finding.confidence;
	if (memory->limit_mib >= 0)
		memory->full_in_ns = trend_exhaustion(trend, memory->limit_mib).likely_ns;
	return true;
}

/* ---- saved states ---- */

static void put_levels(struct bytes_writer *writer, const struct level *levels)
{
	for (uint32_t i = 0; i < LEVEL_COUNT; i++) {
		bytes_put_double(writer, levels[i].sum);
		bytes_put_u32(writer, levels[i].count);
		bytes_put_double(writer, levels[i].last);
		bytes_put_u8(writer, levels[i].seen);
	}
}

static bool get_number(struct bytes_reader *reader, double *number)
{
	*number = bytes_get_double(reader);
	return num_abs(*number) <= VALUE_MAX;
}

static bool get_levels(struct bytes_reader *reader, struct level *levels)
{
	bool ok = true;

	for (uint32_t i = 0; i < LEVEL_COUNT; i++) {
		ok = get_number(reader, &levels[i].sum) && ok;
		levels[i].count = bytes_get_u32(reader);
		ok = get_number(reader, &levels[i].last) && ok;
		levels[i].seen = bytes_get_u8(reader) != 0;
	}
	return ok;
}

static void put_kept(uint64_t id, const struct trend *trend, struct bytes_writer *writer,
	resource_flush *flush, void *context)
{
	bytes_put_u64(writer, id);
	trend_put(trend, writer, flush, context);
}

/* Reads as many as there are; keeps those that are of use to a core, NULL: of none. */
static bool read_kept(struct resource *resource, int64_t now_ns, struct bytes_reader *reader)
{
	uint32_t count = bytes_get_u32(reader);
	struct trend trend;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t id = bytes_get_u64(reader);

		trend_init(&trend);
		if (reader->failed || !trend_read(&trend, reader))
			return false;
		if (resource != NULL && trend.minute <= now_ns / NS_PER_MIN)
			keep_trend(resource, id, &trend);
	}
	return !reader->failed;
}

void resource_put(const struct bal_core *core, struct bytes_writer *writer, resource_flush *flush,
	void *context)
{
	const struct resource *resource = core->resource;

	bytes_put_double(writer, resource->host_free);
	bytes_put_double(writer, resource->store_size);
	put_levels(writer, resource->store);
	if (resource->store[LEVEL_STORAGE].seen)
		trend_put(&resource->storage, writer, flush, context);
	for (uint32_t i = 0; i < resource->agents_high; i++) {
		if (!resource->agents[i].used)
			continue;
		bytes_put_u64(writer, agent_at(core, i)->id);
		bytes_put_u32(writer, resource->agents[i].silent);
		put_levels(writer, resource->agents[i].levels);
		trend_put(&resource->agents[i].memory, writer, flush, context);
	}
	bytes_put_u64(writer, 0);
	bytes_put_u32(writer, resource->kept_count);
	for (uint32_t i = 0; i < resource->kept_count; i++)
		put_kept(resource->kept[i].id, &resource->kept[i].trend, writer, flush, context);
}

static bool read_agent(struct bal_core *core, uint64_t id, struct bytes_reader *reader)
{
	struct agent *agent = agent_find(core, id);
	struct resource_agent *watched;
	uint32_t place;

	if (agent == NULL)
		return false;
	/* In their order, so that equal states have one form. */
	place = slab_index(&core->agents, agent);
	if (place < core->resource->agents_high)
		return false;
	core->resource->agents_high = place + 1;
	watched = &core->resource->agents[place];
	watched->used = true;
	watched->silent = bytes_get_u32(reader);
	return get_levels(reader, watched->levels) && trend_read(&watched->memory, reader) &&
	       watched->silent < RESOURCE_SILENT_MAX;
}

bool resource_read(struct bal_core *core, struct bytes_reader *reader)
{
	struct resource *resource = core->resource;
	bool ok = get_number(reader, &resource->host_free);
	uint64_t id;

	ok = get_number(reader, &resource->store_size) && ok;
	ok = get_levels(reader, resource->store) && ok;
	if (resource->store[LEVEL_STORAGE].seen)
		ok = trend_read(&resource->storage, reader) && ok;
	id = bytes_get_u64(reader);
	while (id != 0 && ok && !reader->failed) {
		ok = read_agent(core, id, reader);
		id = bytes_get_u64(reader);
	}
	return ok && !reader->failed && read_kept(resource, INT64_MAX, reader);
}

/* ---- over a restart ---- */

static void flush_nothing(void *context)
{
	(void)context;
}

static bool is_worth_keeping(const struct bal_core *core, const struct trend *trend)
{
	return trend->is_open && core->now_ns / NS_PER_MIN - trend->minute <= KEPT_MINUTES;
}

/* Writes all that are kept, at most as many as there is room for, and returns how many; without a
 * writer it only counts. */
static uint32_t walk_trends(const struct bal_core *core, struct bytes_writer *writer)
{
	const struct resource *resource = core->resource;
	uint32_t count = 0;

	if (resource->store[LEVEL_STORAGE].seen && is_worth_keeping(core, &resource->storage)) {
		count++;
		if (writer != NULL)
			put_kept(KEPT_STORAGE, &resource->storage, writer, flush_nothing, NULL);
	}
	for (uint32_t i = 0; i < resource->agents_high && count < resource->kept_max; i++) {
		if (!resource->agents[i].used ||
			!is_worth_keeping(core, &resource->agents[i].memory))
			continue;
		count++;
		if (writer != NULL)
			put_kept(agent_at(core, i)->id, &resource->agents[i].memory, writer,
				flush_nothing, NULL);
	}
	for (uint32_t i = 0; i < resource->kept_count && count < resource->kept_max; i++) {
		if (!is_worth_keeping(core, &resource->kept[i].trend))
			continue;
		count++;
		if (writer != NULL)
			put_kept(resource->kept[i].id, &resource->kept[i].trend, writer,
				flush_nothing, NULL);
	}
	return count;
}

void resource_trends_put(const struct bal_core *core, struct bytes_writer *writer)
{
	bytes_put_u32(writer, walk_trends(core, NULL));
	walk_trends(core, writer);
}

bool resource_trends_read(struct bal_core *core, bool apply, struct bytes_reader *reader)
{
	return read_kept(apply ? core->resource : NULL, core->now_ns, reader);
}

const char *resource_check(const struct bal_core *core)
{
	const struct resource *resource = core->resource;

	for (uint32_t i = 0; i < resource->agents_high; i++)
		if (resource->agents[i].used &&
			(!slab_holds(&core->agents, i) ||
				resource->agents[i].silent >= RESOURCE_SILENT_MAX))
			return "resource: agents that report are there";
	return NULL;
}

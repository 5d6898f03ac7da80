/* SPDX-License-Identifier: Apache-2.0 */
/* Agents are kept by their place among the agents, as what they use is (core/resource.c). */
#include "core/knees.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"

#include <string.h>

#define SIZE_SPAN 65536.0 /* of a kind's tasks, once it is known */
#define SIZE_MIN  1e-6

struct knees_agent {
	bool used;
	int64_t since_ns; /* what runs has been the same since */
	struct knee knee;
};

struct knees {
	struct mean *sizes; /* by kind, in seconds */
	struct knee *pools;
	struct knees_agent *agents;
};

struct knees *knees_place(
	struct arena *arena, uint32_t agents_max, uint32_t pools_max, uint32_t kinds_max)
{
	struct knees *knees = arena_take(arena, 1, sizeof *knees);
	struct mean *sizes = arena_take(arena, kinds_max, sizeof *sizes);
	struct knee *pools = arena_take(arena, pools_max, sizeof *pools);
	struct knees_agent *agents = arena_take(arena, agents_max, sizeof *agents);

	arena_align(arena);
	if (knees == NULL)
		return NULL;
	*knees = (struct knees){sizes, pools, agents};
	return knees;
}

static uint32_t tasks_of(const struct agent *agent)
{
	return agent->running + agent->lent;
}

/* ---- what comes in ---- */

void knees_pass(struct bal_core *core, const struct agent *agent)
{
	struct knees_agent *own = &core->knees->agents[slab_index(&core->agents, agent)];
	int64_t span_ns = core->now_ns - own->since_ns;

	if (own->used) {
		knee_pass(&own->knee, tasks_of(agent), span_ns);
		knee_pass(&core->knees->pools[agent->pool], tasks_of(agent), span_ns);
	}
	own->used = true;
	own->since_ns = core->now_ns;
}

/* The mean counts for good once it comes from enough tasks. */
static double size_of(struct knees *knees, const struct task *task, int64_t service_ns)
{
	struct mean *size = &knees->sizes[task->kind];
	double own_s = (double)(task->size_ns > 0 ? task->size_ns : service_ns) / 1e9;

	size->weight = size->weight == KNEES_SIZES ? SIZE_SPAN : size->weight;
	size->weight += size->weight < SIZE_SPAN;
	size->value += (own_s - size->value) / size->weight;
	return num_max(task->size_ns > 0 ? own_s : size->value, SIZE_MIN);
}

void knees_end(struct bal_core *core, const struct task *task, const struct agent *agent,
	enum bal_outcome outcome, int64_t service_ns)
{
	struct knees *knees = core->knees;
	double work = 0;

	if (outcome == BAL_OUTCOME_BUSY || outcome == BAL_OUTCOME_HANDED_BACK)
		return;
	if (outcome == BAL_OUTCOME_SUCCEEDED)
		work = size_of(knees, task, num_max_i64(service_ns, 0));
	knees_pass(core, agent);
	knee_end(&knees->agents[slab_index(&core->agents, agent)].knee, tasks_of(agent), work);
	knee_end(&knees->pools[agent->pool], tasks_of(agent), work);
}

void knees_gone(struct bal_core *core, const struct agent *agent)
{
	struct knees_agent *own = &core->knees->agents[slab_index(&core->agents, agent)];

	if (own->used)
		memset(own, 0, sizeof *own);
}

/* ---- views ---- */

const struct knee *knees_of_pool(const struct bal_core *core, uint32_t pool)
{
	if (pool >= core->limits.pools_max || core->knees->pools[pool].ends == 0)
		return NULL;
	return &core->knees->pools[pool];
}

struct knee *knees_room(struct bal_core *core, uint32_t pool)
{
	return &core->knees->pools[pool];
}

bool bal_knee_of_pool(const struct bal_core *core, uint32_t pool, struct bal_knee_view *view)
{
	const struct knee *knee = knees_of_pool(core, pool);

	if (knee != NULL)
		knee_view(knee, view);
	return knee != NULL;
}

bool bal_knee_of_agent(const struct bal_core *core, uint64_t id, struct bal_knee_view *view)
{
	const struct agent *agent = agent_find(core, id);
	const struct knees_agent *own;

	if (agent == NULL)
		return false;
	own = &core->knees->agents[slab_index(&core->agents, agent)];
	knee_view(&own->knee, view);
	return own->used && own->knee.ends > 0;
}

bool bal_knee_level_of_pool(
	const struct bal_core *core, uint32_t pool, uint32_t place, struct bal_knee_level *level)
{
	const struct knee *knee = knees_of_pool(core, pool);

	return knee != NULL && knee_level(knee, place, level);
}

/* ---- saved states ---- */

/* Sizes, then pools, then agents, each by 1 + its place, in order. */
void knees_put(
	const struct bal_core *core, struct bytes_writer *writer, knees_flush *flush, void *context)
{
	const struct knees *knees = core->knees;

	for (uint32_t i = 0; i < core->limits.kinds_max; i++) {
		if (knees->sizes[i].weight == 0)
			continue;
		bytes_put_varint(writer, (uint64_t)i + 1);
		bytes_put_double(writer, knees->sizes[i].value);
		bytes_put_double(writer, knees->sizes[i].weight);
		flush(context);
	}
	bytes_put_varint(writer, 0);
	for (uint32_t i = 0; i < core->limits.pools_max; i++) {
		if (knee_is_blank(&knees->pools[i]))
			continue;
		bytes_put_varint(writer, (uint64_t)i + 1);
		knee_put(&knees->pools[i], writer);
		flush(context);
	}
	bytes_put_varint(writer, 0);
	for (uint32_t i = slab_next(&core->agents, 0); i != SLAB_NONE;
		i = slab_next(&core->agents, i + 1)) {
		if (!knees->agents[i].used)
			continue;
		bytes_put_varint(writer, (uint64_t)i + 1);
		bytes_put_i64(writer, knees->agents[i].since_ns);
		knee_put(&knees->agents[i].knee, writer);
		flush(context);
	}
	bytes_put_varint(writer, 0);
}

/* The next place, which lies behind the one before; false at the end or when there is none. */
static bool next_place(struct bytes_reader *reader, uint32_t end, uint32_t *place, bool *ok)
{
	uint64_t next = bytes_get_varint(reader);

	if (reader->failed || next > end || (next > 0 && next - 1 < *place))
		*ok = false;
	if (!*ok || next == 0)
		return false;
	*place = (uint32_t)next;
	return true;
}

static bool read_size(struct mean *size, struct bytes_reader *reader)
{
	size->value = bytes_get_double(reader);
	size->weight = bytes_get_double(reader);
	return size->value >= 0 && size->value <= 1e12 && size->weight > 0 &&
	       size->weight <= SIZE_SPAN;
}

static bool read_agent(struct bal_core *core, uint32_t place, struct bytes_reader *reader)
{
	struct knees_agent *own = &core->knees->agents[place];

	if (!slab_holds(&core->agents, place))
		return false;
	own->used = true;
	own->since_ns = bytes_get_i64(reader);
	return knee_read(&own->knee, reader) && own->since_ns <= core->now_ns;
}

bool knees_read(struct bal_core *core, struct bytes_reader *reader)
{
	uint32_t place = 0;
	bool ok = true;

	while (next_place(reader, core->limits.kinds_max, &place, &ok))
		ok = read_size(&core->knees->sizes[place - 1], reader);
	place = 0;
	while (ok && next_place(reader, core->limits.pools_max, &place, &ok))
		ok = knee_read(&core->knees->pools[place - 1], reader) &&
		     !knee_is_blank(&core->knees->pools[place - 1]);
	place = 0;
	while (ok && next_place(reader, core->limits.agents_max, &place, &ok))
		ok = read_agent(core, place - 1, reader);
	return ok && !reader->failed;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Prequal: each task sends probes to a few random agents; their answers (requests in flight, and
 * the latency to expect at that number) stay in a small pool.  An answer is hot when its number in
 * flight is above a quantile of what was seen lately.  Of the cold ones the smallest latency wins,
 * and when all are hot the smallest number in flight.  Answers leave the pool when they are old,
 * were used often enough, or, one per task, when they are the worst or the oldest in turn.  Probes
 * answer at once here, which is kinder than a network is; and a new answer replaces an older one of
 * the same agent, which the paper does not say, for its fleets are so large that it is rare. */
#include "sim/policy.h"

#include "base/num.h"
#include "base/units.h"

#include <stdlib.h>

#define POOL_MAX     16 /* these and the following are the paper's choices */
#define PROBES       3
#define REMOVALS     1.0
#define PROBE_AGE_NS NS_PER_S
#define HOT_PERMILLE 840 /* 2^-0.25 */
#define REUSE_DELTA  1.0
#define REUSE_MAX    1000.0
#define POOL_LEAST   2
#define POOL_PART    4  /* of the agents at most: the paper has large fleets and a small pool */
#define RECENT       32 /* answers of which an agent remembers the latency */
#define NEAREST      9  /* of these, at a similar number in flight, make the median */
#define MEMORY_NS    (10 * NS_PER_S) /* older latencies say nothing any more */
#define LOADS_RECENT 128             /* numbers in flight that the quantile is taken of */

struct probe {
	uint32_t agent;
	uint32_t in_flight;
	double latency_s;
	int64_t at_ns;
	double uses_left;
};

/* What an agent remembers of a task: how much was in flight as it came, and how long it took. */
struct memory {
	uint32_t in_flight[RECENT];
	double latency_s[RECENT];
	int64_t at_ns[RECENT];
	uint32_t count, next;
};

struct prequal_state {
	struct probe pool[POOL_MAX]; /* oldest first */
	uint32_t pool_count;
	struct memory *memories; /* per agent */
	uint32_t *arrived_with;  /* per task */
	uint32_t loads[LOADS_RECENT];
	uint32_t load_count, load_next;
	bool removes_worst;
};

static void begin(struct race *race, const struct policy_settings *settings)
{
	struct prequal_state *state = race->state;

	(void)settings;
	state->memories = calloc(race->course->agent_count, sizeof *state->memories);
	state->arrived_with = calloc(race->course->task_count, sizeof *state->arrived_with);
	if (state->memories == NULL || state->arrived_with == NULL)
		race_fail(race, "no memory");
}

/* ---- the agents' side --------------------------------------------------------------------- */

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* The places of what is remembered well enough, those nearest to this number in flight first. */
static uint32_t rank_memories(
	const struct memory *memory, uint32_t in_flight, int64_t now_ns, uint32_t places[RECENT])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < memory->count; i++) {
		uint32_t at = count;

		if (now_ns - memory->at_ns[i] > MEMORY_NS)
			continue;
		for (; at > 0 && distance(memory->in_flight[places[at - 1]], in_flight) >
					 distance(memory->in_flight[i], in_flight);
			at--)
			places[at] = places[at - 1];
		places[at] = i;
		count++;
	}
	return count;
}

/* The median latency of the NEAREST remembered tasks that met a similar number in flight; 0, which
 * attracts a task and so an answer, when there is none. */
static double expected_latency_s(const struct memory *memory, uint32_t in_flight, int64_t now_ns)
{
	uint32_t places[RECENT];
	uint32_t count = rank_memories(memory, in_flight, now_ns, places);
	double latencies[NEAREST];

	if (count > NEAREST)
		count = NEAREST;
	for (uint32_t i = 0; i < count; i++) {
		double latency = memory->latency_s[places[i]];
		uint32_t at = i;

		for (; at > 0 && latencies[at - 1] > latency; at--)
			latencies[at] = latencies[at - 1];
		latencies[at] = latency;
	}
	return count == 0 ? 0.0 : latencies[count / 2];
}

static void end(struct race *race, const struct policy_end *end)
{
	struct prequal_state *state = race->state;
	struct memory *memory = &state->memories[end->agent];
	int64_t latency_ns = race->now_ns - race->course->tasks[end->task].at_ns;

	memory->in_flight[memory->next] = state->arrived_with[end->task];
	memory->latency_s[memory->next] = (double)latency_ns / (double)NS_PER_S;
	memory->at_ns[memory->next] = race->now_ns;
	memory->next = (memory->next + 1) % RECENT;
	if (memory->count < RECENT)
		memory->count++;
}

/* ---- the pool ----------------------------------------------------------------------------- */

static void drop(struct prequal_state *state, uint32_t place)
{
	state->pool_count--;
	for (uint32_t i = place; i < state->pool_count; i++)
		state->pool[i] = state->pool[i + 1];
}

static uint32_t pool_size(const struct race *race)
{
	uint32_t part = race->course->agent_count / POOL_PART;

	if (part > POOL_MAX)
		return POOL_MAX;
	return part < POOL_LEAST ? POOL_LEAST : part;
}

/* How often an answer may be used so that the pool neither dries up nor goes stale. */
static double reuses(const struct race *race)
{
	double share = (double)pool_size(race) / (double)race->course->agent_count;
	double fresh = (1.0 - share) * PROBES - REMOVALS;

	if (fresh <= 0.0)
		return REUSE_MAX;
	return num_clamp((1.0 + REUSE_DELTA) / fresh, 1.0, REUSE_MAX);
}

static void probe_agent(struct race *race, uint32_t agent)
{
	struct prequal_state *state = race->state;
	uint32_t in_flight = race_in_flight(race, agent);

	for (uint32_t i = 0; i < state->pool_count; i++)
		if (state->pool[i].agent == agent)
			drop(state, i);
	if (state->pool_count == pool_size(race))
		drop(state, 0);
	state->pool[state->pool_count++] = (struct probe){.agent = agent,
		.in_flight = in_flight,
		.latency_s = expected_latency_s(&state->memories[agent], in_flight, race->now_ns),
		.at_ns = race->now_ns,
		.uses_left = reuses(race)};
	state->loads[state->load_next] = in_flight;
	state->load_next = (state->load_next + 1) % LOADS_RECENT;
	if (state->load_count < LOADS_RECENT)
		state->load_count++;
}

/* Different agents, by chance. */
static void send_probes(struct race *race)
{
	uint32_t count = race->course->agent_count;
	uint32_t chosen[PROBES];
	uint32_t made = 0;

	while (made < PROBES && made < count) {
		uint32_t agent = (uint32_t)prng_below(&race->prng, count - made);

		/* The number of an agent among those that are not chosen yet, which are sorted. */
		for (uint32_t i = 0; i < made; i++)
			if (agent >= chosen[i])
				agent++;
		probe_agent(race, agent);
		chosen[made] = agent;
		for (uint32_t i = made; i > 0 && chosen[i - 1] > chosen[i]; i--) {
			uint32_t other = chosen[i];

			chosen[i] = chosen[i - 1];
			chosen[i - 1] = other;
		}
		made++;
	}
}

/* The quantile of recent numbers in flight from which on an answer is hot. */
static uint32_t hot_from(const struct prequal_state *state)
{
	uint32_t rank = state->load_count * HOT_PERMILLE / 1000;
	uint32_t best = UINT32_MAX;

	for (uint32_t i = 0; i < state->load_count; i++) {
		uint32_t not_above = 0;

		for (uint32_t k = 0; k < state->load_count; k++)
			not_above += state->loads[k] <= state->loads[i];
		if (not_above > rank && state->loads[i] < best)
			best = state->loads[i];
	}
	return best;
}

/* True when a is the better answer. */
static bool is_better(const struct probe *a, const struct probe *b, uint32_t hot)
{
	bool a_hot = a->in_flight > hot;
	bool b_hot = b->in_flight > hot;

	if (a_hot != b_hot)
		return b_hot;
	return a_hot ? a->in_flight < b->in_flight : a->latency_s < b->latency_s;
}

static void remove_one(struct prequal_state *state, uint32_t hot)
{
	uint32_t place = 0;

	state->removes_worst = !state->removes_worst;
	for (uint32_t i = 1; state->removes_worst && i < state->pool_count; i++)
		if (is_better(&state->pool[place], &state->pool[i], hot))
			place = i;
	if (state->pool_count > POOL_LEAST)
		drop(state, place);
}

static uint32_t choose(struct race *race)
{
	struct prequal_state *state = race->state;
	uint32_t hot = hot_from(state);
	uint32_t best = 0;
	uint32_t agent;

	for (uint32_t i = 1; i < state->pool_count; i++)
		if (is_better(&state->pool[i], &state->pool[best], hot))
			best = i;
	agent = state->pool[best].agent;
	state->pool[best].in_flight++; /* what it is about to get */
	state->pool[best].uses_left -= 1.0;
	if (state->pool[best].uses_left < 1.0)
		drop(state, best);
	remove_one(state, hot);
	return agent;
}

static void arrive(struct race *race, uint32_t task)
{
	struct prequal_state *state = race->state;
	uint32_t agent;

	send_probes(race);
	while (state->pool_count > 0 && race->now_ns - state->pool[0].at_ns > PROBE_AGE_NS)
		drop(state, 0);
	if (state->pool_count < POOL_LEAST && race->course->agent_count >= POOL_LEAST)
		agent = (uint32_t)prng_below(&race->prng, race->course->agent_count);
	else
		agent = choose(race);
	state->arrived_with[task] = race_in_flight(race, agent);
	race_bind(race, task, agent);
}

static void release(struct race *race)
{
	struct prequal_state *state = race->state;

	free(state->memories);
	free(state->arrived_with);
}

const struct policy policy_prequal = {.name = "prequal",
	.source = "Prequal: Wydrowski et al., NSDI 2024",
	.state_size = sizeof(struct prequal_state),
	.begin = begin,
	.arrive = arrive,
	.end = end,
	.release = release};

/* SPDX-License-Identifier: Apache-2.0 */
/* Join-idle-queue: agents that have become idle wait in a queue for work; a task goes to the first
 * of them, and when nobody is idle to a random agent, where it waits.  An agent with several slots
 * is idle while one is free, and stands in the queue once. */
#include "sim/policy.h"

#include <stdlib.h>

struct idle_state {
	uint32_t *ring; /* of agents */
	bool *is_in;    /* per agent */
	uint32_t first, count;
};

static void join(struct race *race, uint32_t agent)
{
	struct idle_state *state = race->state;
	uint32_t size = race->course->agent_count;

	if (state->is_in[agent] || !race_has_slot(race, agent))
		return;
	state->is_in[agent] = true;
	state->ring[(state->first + state->count) % size] = agent;
	state->count++;
}

/* The first agent that is still idle: a random task may have come in between. */
static uint32_t leave(struct race *race)
{
	struct idle_state *state = race->state;

	while (state->count > 0) {
		uint32_t agent = state->ring[state->first];

		state->first = (state->first + 1) % race->course->agent_count;
		state->count--;
		state->is_in[agent] = false;
		if (race_has_slot(race, agent))
			return agent;
	}
	return RACE_NOBODY;
}

static void begin(struct race *race, const struct policy_settings *settings)
{
	struct idle_state *state = race->state;
	uint32_t count = race->course->agent_count;

	(void)settings;
	state->ring = calloc(count, sizeof *state->ring);
	state->is_in = calloc(count, sizeof *state->is_in);
	if (state->ring == NULL || state->is_in == NULL) {
		race_fail(race, "no memory");
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		join(race, i);
}

static void arrive(struct race *race, uint32_t task)
{
	uint32_t agent = leave(race);

	if (agent == RACE_NOBODY)
		agent = (uint32_t)prng_below(&race->prng, race->course->agent_count);
	race_bind(race, task, agent);
	join(race, agent);
}

static void end(struct race *race, const struct policy_end *end)
{
	join(race, end->agent);
}

static void release(struct race *race)
{
	struct idle_state *state = race->state;

	free(state->ring);
	free(state->is_in);
}

const struct policy policy_join_idle_queue = {.name = "join-idle-queue",
	.source = "JIQ: Lu et al., Performance Evaluation 68 (2011)",
	.state_size = sizeof(struct idle_state),
	.begin = begin,
	.arrive = arrive,
	.end = end,
	.release = release};

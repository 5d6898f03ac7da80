/* SPDX-License-Identifier: Apache-2.0 */
/* The requirement's five factors as shares between 0 and 1, with its weights, the load taken from
 * metrics that are polled, and the task bound at once: what one gets who writes it down as it
 * reads. The picture of the load is corrected by the policy's own assignments until the next poll,
 * and is never more than full, for a machine's load is not.  It is here to show what late binding,
 * live counters and factors in seconds are for. */
#include "sim/policy.h"

#include "base/num.h"
#include "base/units.h"

#include <stdlib.h>

#define POLL_NS            (10 * NS_PER_S)
#define WEIGHT_LOAD        0.30
#define WEIGHT_PERFORMANCE 0.25
#define WEIGHT_FUTURE      0.20
#define WEIGHT_EFFICIENCY  0.15 /* with one price for all it follows the service time */

struct polled {
	double load;   /* share of slots, own assignments added */
	double before; /* what the poll before the last one said */
	double last;
};

struct naive_state {
	struct polled *agents;
	int64_t poll_at_ns;
};

static void begin(struct race *race, const struct policy_settings *settings)
{
	struct naive_state *state = race->state;

	(void)settings;
	state->agents = calloc(race->course->agent_count, sizeof *state->agents);
	if (state->agents == NULL)
		race_fail(race, "no memory");
}

static void poll_all(struct race *race)
{
	struct naive_state *state = race->state;

	if (race->now_ns < state->poll_at_ns)
		return;
	state->poll_at_ns = race->now_ns + POLL_NS;
	for (uint32_t i = 0; i < race->course->agent_count; i++) {
		struct polled *agent = &state->agents[i];

		agent->before = agent->last;
		agent->last = (double)race->agents[i].running / (double)race->agents[i].slots;
		agent->load = agent->last;
	}
}

static double composite(const struct race *race, uint32_t agent, double slowest)
{
	const struct naive_state *state = race->state;
	const struct polled *polled = &state->agents[agent];
	double service = pace_slowness(&race->pace, agent) / slowest;
	double trend = num_clamp(polled->load + polled->last - polled->before, 0.0, 1.0);

	return WEIGHT_LOAD * num_min(polled->load, 1.0) + WEIGHT_PERFORMANCE * service +
	       WEIGHT_FUTURE * trend + WEIGHT_EFFICIENCY * service;
}

static void arrive(struct race *race, uint32_t task)
{
	struct naive_state *state = race->state;
	double slowest = 0.0;
	double best_cost = 0.0;
	uint32_t best = 0;

	poll_all(race);
	for (uint32_t i = 0; i < race->course->agent_count; i++)
		slowest = num_max(slowest, pace_slowness(&race->pace, i));
	for (uint32_t i = 0; i < race->course->agent_count; i++) {
		double cost = composite(race, i, slowest);

		if (i > 0 && cost >= best_cost)
			continue;
		best = i;
		best_cost = cost;
	}
	state->agents[best].load += 1.0 / (double)race->agents[best].slots;
	race_bind(race, task, best);
}

static void release(struct race *race)
{
	struct naive_state *state = race->state;

	free(state->agents);
}

const struct policy policy_naive_factors = {.name = "naive-factors",
	.source = "the five weighted factors of the requirement, metrics polled every 10 s",
	.state_size = sizeof(struct naive_state),
	.begin = begin,
	.arrive = arrive,
	.release = release};

/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that look at no load: by chance, in turn, in turn by weight. */
#include "sim/policy.h"

#include <stdlib.h>

struct turn_state {
	uint32_t next;
};

static void arrive_random(struct race *race, uint32_t task)
{
	race_bind(race, task, (uint32_t)prng_below(&race->prng, race->course->agent_count));
}

static void arrive_in_turn(struct race *race, uint32_t task)
{
	struct turn_state *state = race->state;
	uint32_t agent = state->next;

	state->next = agent + 1 < race->course->agent_count ? agent + 1 : 0;
	race_bind(race, task, agent);
}

/* ---- smooth weighted round robin ---------------------------------------------------------- */

/* Each agent earns its weight at each turn; who has most is chosen and pays what all earned.  The
 * weight is slots times learned speed: what somebody would write who knows the machines. */
struct weighted_state {
	double *earned;
};

static void begin_weighted(struct race *race, const struct policy_settings *settings)
{
	struct weighted_state *state = race->state;

	(void)settings;
	state->earned = calloc(race->course->agent_count, sizeof *state->earned);
	if (state->earned == NULL)
		race_fail(race, "no memory");
}

static void arrive_weighted(struct race *race, uint32_t task)
{
	struct weighted_state *state = race->state;
	double all = 0.0;
	uint32_t best = 0;

	for (uint32_t i = 0; i < race->course->agent_count; i++) {
		double weight = (double)race->agents[i].slots / pace_slowness(&race->pace, i);

		state->earned[i] += weight;
		all += weight;
		if (state->earned[i] > state->earned[best])
			best = i;
	}
	state->earned[best] -= all;
	race_bind(race, task, best);
}

static void release_weighted(struct race *race)
{
	struct weighted_state *state = race->state;

	free(state->earned);
}

const struct policy policy_random = {.name = "random",
	.source = "uniform random splitting: Azar et al., SIAM J. Computing 29 (1999)",
	.arrive = arrive_random};

const struct policy policy_round_robin = {.name = "round-robin",
	.source = "cyclic splitting: Ephremides et al., IEEE TAC 25 (1980); the default of nginx",
	.state_size = sizeof(struct turn_state),
	.arrive = arrive_in_turn};

const struct policy policy_weighted_round_robin = {.name = "weighted-round-robin",
	.source = "smooth weighted round robin of nginx 1.3.1 (2012)",
	.state_size = sizeof(struct weighted_state),
	.begin = begin_weighted,
	.arrive = arrive_weighted,
	.release = release_weighted};

/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that count what is in flight.  Ties go to the next agent in turn, as in the proxies
 * that made these policies known: agent 0 must not get all work of an idle fleet. */
#include "sim/policy.h"

struct count_state {
	uint32_t turn; /* the agent that is looked at first */
};

/* True when a has less in flight for its slots than b. */
static bool has_less_per_slot(const struct race *race, uint32_t a, uint32_t b)
{
	return (uint64_t)race_in_flight(race, a) * race->agents[b].slots <
	       (uint64_t)race_in_flight(race, b) * race->agents[a].slots;
}

static bool has_less(const struct race *race, uint32_t a, uint32_t b)
{
	return race_in_flight(race, a) < race_in_flight(race, b);
}

static void bind_least(struct race *race, uint32_t task,
	bool (*less)(const struct race *race, uint32_t a, uint32_t b))
{
	struct count_state *state = race->state;
	uint32_t count = race->course->agent_count;
	uint32_t best = state->turn;

	for (uint32_t i = 1; i < count; i++) {
		uint32_t agent =
			state->turn + i < count ? state->turn + i : state->turn + i - count;

		if (less(race, agent, best))
			best = agent;
	}
	state->turn = best + 1 < count ? best + 1 : 0;
	race_bind(race, task, best);
}

static void arrive_least(struct race *race, uint32_t task)
{
	bind_least(race, task, has_less);
}

static void arrive_per_slot(struct race *race, uint32_t task)
{
	bind_least(race, task, has_less_per_slot);
}

static void arrive_p2c(struct race *race, uint32_t task)
{
	uint32_t count = race->course->agent_count;
	uint32_t a = (uint32_t)prng_below(&race->prng, count);
	uint32_t b = a;

	if (count > 1) {
		b = (uint32_t)prng_below(&race->prng, count - 1);
		b = b >= a ? b + 1 : b;
	}
	race_bind(race, task, has_less(race, b, a) ? b : a);
}

const struct policy policy_least_in_flight = {.name = "least-in-flight",
	.source = "join the shortest queue: Winston, J. Applied Probability 14 (1977); "
		  "HAProxy's leastconn",
	.state_size = sizeof(struct count_state),
	.arrive = arrive_least};

const struct policy policy_least_per_slot = {.name = "least-per-slot",
	.source = "weighted least connections, weights = slots: nginx's least_conn, LVS's wlc",
	.state_size = sizeof(struct count_state),
	.arrive = arrive_per_slot};

const struct policy policy_p2c = {.name = "p2c",
	.source = "the shorter queue of two: Mitzenmacher, IEEE TPDS 12 (2001)",
	.arrive = arrive_p2c};

/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that watch response times: peak-EWMA and C3.  Both bind at once. */
#include "sim/policy.h"

#include "base/num.h"
#include "base/units.h"

#include <stdlib.h>

/* ---- peak-EWMA ---------------------------------------------------------------------------- */

/* A mean of response times that jumps up to each peak and decays with time; the cost of an agent is
 * that times what is in flight, and the cheaper of two random agents is taken.  An agent that has
 * work and never answered is presumed to be very expensive. */
#define DECAY_NS (10.0 * (double)NS_PER_S) /* the default of Finagle */
#define PENALTY  1e15

struct peak {
	double cost_ns;
	int64_t at_ns;
};

struct peak_state {
	struct peak *peaks;
};

static void begin_peak(struct race *race, const struct policy_settings *settings)
{
	struct peak_state *state = race->state;

	(void)settings;
	state->peaks = calloc(race->course->agent_count, sizeof *state->peaks);
	if (state->peaks == NULL)
		race_fail(race, "no memory");
}

static void observe(struct peak *peak, int64_t now_ns, double response_ns)
{
	double keep = num_exp(-(double)(now_ns - peak->at_ns) / DECAY_NS);

	if (response_ns > peak->cost_ns)
		peak->cost_ns = response_ns;
	else
		peak->cost_ns = peak->cost_ns * keep + response_ns * (1.0 - keep);
	peak->at_ns = now_ns;
}

static double peak_cost(struct race *race, uint32_t agent)
{
	struct peak_state *state = race->state;
	struct peak *peak = &state->peaks[agent];
	double in_flight = (double)race_in_flight(race, agent);

	observe(peak, race->now_ns, 0.0);
	if (peak->cost_ns <= 0.0 && in_flight > 0.0)
		return PENALTY + in_flight;
	return peak->cost_ns * (in_flight + 1.0);
}

static void arrive_peak(struct race *race, uint32_t task)
{
	uint32_t count = race->course->agent_count;
	uint32_t a = (uint32_t)prng_below(&race->prng, count);
	uint32_t b = a;
	double cost_a, cost_b;

	if (count > 1) {
		b = (uint32_t)prng_below(&race->prng, count - 1);
		b = b >= a ? b + 1 : b;
	}
	cost_a = peak_cost(race, a);
	cost_b = peak_cost(race, b);
	race_bind(race, task, cost_b < cost_a ? b : a);
}

static void end_peak(struct race *race, const struct policy_end *end)
{
	struct peak_state *state = race->state;
	int64_t response_ns = race->now_ns - race->course->tasks[end->task].at_ns;

	observe(&state->peaks[end->agent], race->now_ns, (double)response_ns);
}

static void release_peak(struct race *race)
{
	struct peak_state *state = race->state;

	free(state->peaks);
}

const struct policy policy_peak_ewma = {.name = "peak-ewma",
	.source = "the peak-EWMA balancer of Twitter's Finagle (2015), also in linkerd",
	.state_size = sizeof(struct peak_state),
	.begin = begin_peak,
	.arrive = arrive_peak,
	.end = end_peak,
	.release = release_peak};

/* ---- C3 ----------------------------------------------------------------------------------- */

/* score = R - 1/mu + q^3 / mu, where q = 1 + in flight from all clients + the mean queue that the
 * agent reported, R the mean response and 1/mu the mean service.  One client is all there is here,
 * so its rate control has nothing to coordinate and is left out. */
#define KEEP 0.9 /* the authors' weight of the past */

struct replica {
	double response_s, service_s, queue;
};

struct c3_state {
	struct replica *replicas;
};

static void begin_c3(struct race *race, const struct policy_settings *settings)
{
	struct c3_state *state = race->state;

	(void)settings;
	state->replicas = calloc(race->course->agent_count, sizeof *state->replicas);
	if (state->replicas == NULL)
		race_fail(race, "no memory");
}

static double c3_score(const struct race *race, uint32_t agent)
{
	const struct c3_state *state = race->state;
	const struct replica *replica = &state->replicas[agent];
	double queue = 1.0 + (double)race_in_flight(race, agent) + replica->queue;

	return replica->response_s - replica->service_s +
	       queue * queue * queue * replica->service_s;
}

static void arrive_c3(struct race *race, uint32_t task)
{
	uint32_t best = 0;
	double best_score = c3_score(race, 0);

	for (uint32_t i = 1; i < race->course->agent_count; i++) {
		double score = c3_score(race, i);

		if (score >= best_score)
			continue;
		best = i;
		best_score = score;
	}
	race_bind(race, task, best);
}

static void smooth(double *mean, double sample)
{
	*mean = KEEP * *mean + (1.0 - KEEP) * sample;
}

static void end_c3(struct race *race, const struct policy_end *end)
{
	struct c3_state *state = race->state;
	struct replica *replica = &state->replicas[end->agent];
	int64_t response_ns = race->now_ns - race->course->tasks[end->task].at_ns;

	smooth(&replica->response_s, (double)response_ns / (double)NS_PER_S);
	smooth(&replica->service_s, (double)end->service_ns / (double)NS_PER_S);
	smooth(&replica->queue, (double)race->agents[end->agent].bound);
}

static void release_c3(struct race *race)
{
	struct c3_state *state = race->state;

	free(state->replicas);
}

const struct policy policy_c3 = {.name = "c3",
	.source = "C3's cubic replica ranking: Suresh et al., NSDI 2015",
	.state_size = sizeof(struct c3_state),
	.begin = begin_c3,
	.arrive = arrive_c3,
	.end = end_c3,
	.release = release_c3};

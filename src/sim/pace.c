/* SPDX-License-Identifier: Apache-2.0 */
/* The same constants as in core/learn.c, written anew: a mistake there must not help or hurt the
 * policies that the core is compared with. */
#include "sim/pace.h"

#include "base/units.h"

#include <stdlib.h>

#define FAST_SPAN  300.0
#define SLOW_SPAN  20000.0
#define PRIOR_FAST 20.0
#define PRIOR_SLOW 5.0

static void add(struct pace_mean *mean, double sample, double span)
{
	mean->weight = mean->weight + 1.0 < span ? mean->weight + 1.0 : span;
	mean->value += (sample - mean->value) / mean->weight;
}

static double shrink(const struct pace_mean *mean, double prior, double weight)
{
	return (mean->value * mean->weight + prior * weight) / (mean->weight + weight);
}

bool pace_init(struct pace *pace, uint32_t agents)
{
	*pace = (struct pace){.agent_count = agents};
	pace->fast = calloc(agents, sizeof *pace->fast);
	pace->slow = calloc(agents, sizeof *pace->slow);
	return pace->fast != NULL && pace->slow != NULL;
}

void pace_release(struct pace *pace)
{
	free(pace->fast);
	free(pace->slow);
	*pace = (struct pace){.agent_count = 0};
}

void pace_learn(struct pace *pace, uint32_t agent, int64_t service_ns, int64_t estimate_ns)
{
	double slowness = (double)service_ns / (double)estimate_ns;

	add(&pace->fast[agent], slowness, FAST_SPAN);
	add(&pace->slow[agent], slowness, SLOW_SPAN);
	add(&pace->all, slowness, SLOW_SPAN);
	add(&pace->service_s, (double)service_ns / (double)NS_PER_S, SLOW_SPAN);
}

double pace_slowness(const struct pace *pace, uint32_t agent)
{
	double prior = pace->all.weight > 0.0 ? pace->all.value : 1.0;

	return shrink(
		&pace->fast[agent], shrink(&pace->slow[agent], prior, PRIOR_SLOW), PRIOR_FAST);
}

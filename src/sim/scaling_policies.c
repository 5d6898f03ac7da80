/* SPDX-License-Identifier: Apache-2.0 */
/* The strategies of the core have no functions: their pools are set to them.  The core's own hpa
 * and kpa are peers of the strategies, not of this list, in which those names mean the references.
 */
#include "sim/scaling_policy.h"

#include "base/num.h"

#include <string.h>

#define AGENTS_COUNTED 1000000.0

/* Every strategy that the core has, whether this file knows of it or not. */
static const struct scaling_policy STRATEGIES[] = {
#define X(id, text)                                                                                \
	[BAL_STRATEGY_##id] = {.name = (text),                                                     \
		.source = "the core's strategy of this name",                                      \
		.strategy = BAL_STRATEGY_##id},
	BAL_STRATEGY_MAP(X)
#undef X
};

static const struct scaling_policy *const REFERENCES[] = {
	&scaling_policy_hpa, &scaling_policy_kpa, &scaling_policy_keda, &scaling_policy_oracle};

#define REFERENCE_COUNT (sizeof REFERENCES / sizeof REFERENCES[0])

static bool has_name(const struct scaling_policy *policy, const char *name, size_t size)
{
	return strlen(policy->name) == size && memcmp(policy->name, name, size) == 0;
}

static const struct scaling_policy *find_reference(const char *name, size_t size)
{
	for (size_t i = 0; i < REFERENCE_COUNT; i++)
		if (has_name(REFERENCES[i], name, size))
			return REFERENCES[i];
	return NULL;
}

/* A pool that does not scale is no contestant; of two with one name the reference counts. */
static bool is_offered(const struct scaling_policy *policy)
{
	return policy->strategy != BAL_STRATEGY_FIXED &&
	       find_reference(policy->name, strlen(policy->name)) == NULL;
}

const struct scaling_policy *scaling_policy_at(uint32_t place)
{
	for (uint32_t i = 0; i < BAL_STRATEGY_COUNT; i++)
		if (is_offered(&STRATEGIES[i]) && place-- == 0)
			return &STRATEGIES[i];
	return place < REFERENCE_COUNT ? REFERENCES[place] : NULL;
}

const struct scaling_policy *scaling_policy_find(const char *name, size_t size)
{
	for (uint32_t i = 0; scaling_policy_at(i) != NULL; i++)
		if (has_name(scaling_policy_at(i), name, size))
			return scaling_policy_at(i);
	return NULL;
}

uint32_t scaling_ceil(double value)
{
	double floor = num_floor(num_clamp(value, 0.0, AGENTS_COUNTED));

	return (uint32_t)floor + (floor < value && floor < AGENTS_COUNTED ? 1 : 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The list.  Its order is that of tables. */
#include "sim/policy.h"

#include <string.h>

const struct policy *const POLICIES[] = {&policy_ballast, &policy_central_fcfs, &policy_srpt,
	&policy_least_per_slot, &policy_least_in_flight, &policy_c3, &policy_prequal,
	&policy_join_idle_queue, &policy_peak_ewma, &policy_p2c, &policy_weighted_round_robin,
	&policy_round_robin, &policy_random, &policy_naive_factors, NULL};

const struct policy *policy_find(const char *name, size_t size)
{
	for (const struct policy *const *policy = POLICIES; *policy != NULL; policy++)
		if (strlen((*policy)->name) == size && memcmp((*policy)->name, name, size) == 0)
			return *policy;
	return NULL;
}

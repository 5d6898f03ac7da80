/* SPDX-License-Identifier: Apache-2.0 */
/* The list.  Its order is that of tables. */
#include "sim/policy.h"

#include <string.h>

const struct policy *const POLICIES[] = {&policy_ballast, &policy_central_fcfs,
	&policy_least_per_slot, &policy_least_in_flight, &policy_p2c, NULL};

const struct policy *policy_find(const char *name, size_t size)
{
	for (const struct policy *const *policy = POLICIES; *policy != NULL; policy++)
		if (strlen((*policy)->name) == size && memcmp((*policy)->name, name, size) == 0)
			return *policy;
	return NULL;
}

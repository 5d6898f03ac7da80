/* SPDX-License-Identifier: Apache-2.0 */
/* The grid spans what the documentation of the three recommends to turn: target 50 to 90 % in fives
 * and the window around its default; for keda tasks per agent and cool-down. */
#include "sim/scaling_grid.h"

#include "base/assert.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TARGETS 9
#define WINDOWS 3

struct family {
	const struct scaling_policy *policy;
	uint32_t targets[TARGETS]; /* as in the name; 0: no more */
	uint32_t target_unit;      /* of a permille */
	int32_t windows_s[WINDOWS];
};

#define PERCENTS                                                                                   \
	{                                                                                          \
		50, 55, 60, 65, 70, 75, 80, 85, 90                                                 \
	}

static const struct family FAMILIES[] = {
	{&scaling_policy_hpa, PERCENTS, 10, {60, 300, 900}},
	{&scaling_policy_kpa, PERCENTS, 10, {30, 60, 300}},
	{&scaling_policy_keda, {1, 2, 5, 10}, 1000, {60, 300}},
};

static uint32_t count_targets(const struct family *family)
{
	uint32_t count = 0;

	while (count < TARGETS && family->targets[count] != 0)
		count++;
	return count;
}

static uint32_t count_windows(const struct family *family)
{
	uint32_t count = 0;

	while (count < WINDOWS && family->windows_s[count] != 0)
		count++;
	return count;
}

void scaling_grid_entry(uint32_t i, struct scaling_entry *entry)
{
	const struct family *family = FAMILIES;
	uint32_t windows = count_windows(family);
	uint32_t target;
	int32_t window_s;

	bal_assert(i < SCALING_GRID_COUNT);
	while (i >= count_targets(family) * windows) {
		i -= count_targets(family) * windows;
		family++;
		windows = count_windows(family);
	}
	target = family->targets[i / windows];
	window_s = family->windows_s[i % windows];
	*entry = (struct scaling_entry){.policy = family->policy,
		.tuning = {target * family->target_unit, window_s * NS_PER_S}};
	snprintf(entry->name, sizeof entry->name, "%s-%" PRIu32 "-%" PRId32, family->policy->name,
		target, window_s);
}

bool scaling_entry_find(struct scaling_entry *entry, const char *name, size_t size)
{
	const struct scaling_policy *policy = scaling_policy_find(name, size);

	if (policy != NULL) {
		*entry = (struct scaling_entry){.policy = policy};
		snprintf(entry->name, sizeof entry->name, "%s", policy->name);
		return true;
	}
	for (uint32_t i = 0; i < SCALING_GRID_COUNT; i++) {
		scaling_grid_entry(i, entry);
		if (strlen(entry->name) == size && memcmp(entry->name, name, size) == 0)
			return true;
	}
	return false;
}

static double share(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0.0 : (double)part / (double)whole;
}

double scaling_late_share(const struct scaling_score *score)
{
	return share(score->late, score->tasks);
}

double scaling_late_service_share(const struct scaling_score *score)
{
	return share(score->late_service, score->tasks);
}

double scaling_utilisation(const struct scaling_score *score)
{
	return score->capacity_ns == 0 ? 0.0 : (double)score->busy_ns / (double)score->capacity_ns;
}

const struct scaling_row *scaling_frontier(
	const struct scaling_row *rows, uint32_t count, const struct scaling_score *ours)
{
	const struct scaling_row *best = NULL;

	for (uint32_t i = 0; i < count; i++)
		if (scaling_late_share(&rows[i].score) <= scaling_late_share(ours) &&
			(best == NULL || rows[i].score.agent_ns < best->score.agent_ns))
			best = &rows[i];
	return best;
}

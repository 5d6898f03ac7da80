/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_SCALING_GRID_H
#define BAL_SIM_SCALING_GRID_H

#include "sim/scaling_world.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * scaling_grid: policies with a tuning, by name ("hpa", "hpa-70-300"), the grid of tunings that
 * a careful person would try by hand, and what of it is cheapest at equal violations: the frontier
 * that an untuned policy is measured against.
 */
#define SCALING_GRID_COUNT 62 /* hpa and kpa 9 targets x 3 windows each, keda 4 x 2 */
#define SCALING_NAME_SIZE  32

struct scaling_entry {
	char name[SCALING_NAME_SIZE];
	const struct scaling_policy *policy;
	struct scaling_tuning tuning;
};

/* One point of the grid, i < SCALING_GRID_COUNT. */
void scaling_grid_entry(uint32_t i, struct scaling_entry *entry);

/* The policy, or point of the grid, of this name.  False when there is none. */
bool scaling_entry_find(struct scaling_entry *entry, const char *name, size_t size);

/* What an entry came to. */
struct scaling_row {
	struct scaling_entry entry;
	struct scaling_score score;
};

/* Shares of a score: 0 without tasks. */
double scaling_late_share(const struct scaling_score *score);
double scaling_late_service_share(const struct scaling_score *score);

/* Slots at work among those that were there. */
double scaling_utilisation(const struct scaling_score *score);

/* The cheapest row whose share of violations is not above that of `ours`; NULL: none. */
const struct scaling_row *scaling_frontier(
	const struct scaling_row *rows, uint32_t count, const struct scaling_score *ours);

#endif

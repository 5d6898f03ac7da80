/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_HEADING_H
#define BAL_CORE_HEADING_H

#include <stdbool.h>
#include <stdint.h>

struct bal_core;
struct pool;

/*
 * heading: where the load of a pool is going, by the forecasts of the kinds that it serves. Kinds
 * whose forecasts are not sure enough, or whose load is not as usual, are expected to stay as they
 * are; they make the growth of others count for less.
 */
struct heading {
	int64_t at_ns; /* when it was last found */
	bool found;    /* ever */
	double growth; /* load one boot ahead over the present one */
	double drift;  /* relative change per second */
};

/* The heading of a pool whose agents boot in boot_s; found anew every ten seconds. */
const struct heading *heading_of(const struct bal_core *core, struct pool *pool, double boot_s);

/* True when a heading that was read from bytes can be gone on with. */
bool heading_valid(const struct heading *heading);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_DEMAND_H
#define BAL_CORE_DEMAND_H

#include <stdbool.h>
#include <stdint.h>

/*
 * demand: the load of a pool that does not saturate: how many slots would be busy if there were
 * always enough. It is told once a second what has been started and what waits, so that tasks are
 * counted without a word in their path.
 */
struct demand {
	int64_t looked_at_ns;
	bool looked;      /* ever */
	uint64_t starts;  /* tasks started ever, as of the last look */
	uint64_t waiting; /* likewise waiting */
	double since_s;   /* from the look before the last one */
	double arrivals;  /* since then, if that is known */
	double offered;   /* slots */
};

/* What a look sees. */
struct demand_look {
	int64_t now_ns;
	uint64_t starts;  /* tasks started by the pool ever */
	uint64_t waiting; /* tasks that wait for it now, of all classes */
	double busy;      /* slots taken */
	double service_s; /* mean of a task; 0 = none has ended yet */
};

/* One look. False when there is nothing to conclude from it: it is the first one, or the first
 * after a pause or a clock that was set back. */
bool demand_see(struct demand *demand, const struct demand_look *look);

/* How load moves on when so many tasks arrive evenly within since_s. */
double demand_offered(double offered, double arrivals, double since_s, double service_s);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What arrived is what was started and what waits more than before. A task that is tried again
 * arrives again, since it is work again; one that is cancelled while it waits makes up for one that
 * came.
 *
 * The load that does not saturate is that of a queue with infinitely many servers: what arrived and
 * would not have ended yet. While nothing waits that is what is busy, by definition, so that wrong
 * ideas of how long tasks take do not last.
 */
#include "core/demand.h"

#include "base/num.h"
#include "base/units.h"

#define PAUSE_NS   (10 * NS_PER_S) /* looks are a second apart */
#define TRUST_BUSY 0.5             /* of the rate at which load forgets */

double demand_offered(double offered, double arrivals, double since_s, double service_s)
{
	double kept = num_exp(-since_s / service_s);

	return offered * kept + arrivals / since_s * service_s * (1 - kept);
}

static double arrivals_of(const struct demand *demand, const struct demand_look *look)
{
	double started = (double)(int64_t)(look->starts - demand->starts);
	double waits = (double)(int64_t)(look->waiting - demand->waiting);

	return num_max(started + waits, 0);
}

static void move_offered(struct demand *demand, const struct demand_look *look)
{
	double in_system = look->busy + (double)look->waiting;

	demand->arrivals = arrivals_of(demand, look);
	if (look->service_s <= 0) {
		demand->offered = in_system;
		return;
	}
	demand->offered =
		demand_offered(demand->offered, demand->arrivals, demand->since_s, look->service_s);
	if (look->waiting == 0)
		demand->offered += (look->busy - demand->offered) *
				   (1 - num_exp(-TRUST_BUSY * demand->since_s / look->service_s));
}

bool demand_see(struct demand *demand, const struct demand_look *look)
{
	int64_t since_ns = num_sub_i64(look->now_ns, demand->looked_at_ns);
	bool follows = demand->looked && since_ns > 0 && since_ns <= PAUSE_NS;

	if (demand->looked && since_ns == 0)
		return false;
	demand->since_s = (double)since_ns / (double)NS_PER_S;
	if (follows)
		move_offered(demand, look);
	else
		demand->offered = look->busy + (double)look->waiting;
	demand->looked = true;
	demand->looked_at_ns = look->now_ns;
	demand->starts = look->starts;
	demand->waiting = look->waiting;
	return follows;
}

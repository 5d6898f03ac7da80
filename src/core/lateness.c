/* SPDX-License-Identifier: Apache-2.0 */
/* The model is asked once a minute, for it costs microseconds. A few late tasks are added to both
 * sides, so that the ratio needs evidence to leave 1. */
#include "core/lateness.h"

#include "base/num.h"
#include "base/units.h"

#define KEPT      0.9971 /* of a minute: half after four hours */
#define PRIOR     20.0   /* late tasks */
#define COUNT_MAX 1e15

void lateness_start(struct lateness *lateness, bool late)
{
	lateness->starts++;
	lateness->late += late;
}

static void close_minute(
	struct lateness *lateness, const struct erlang_queue *queue, uint32_t slots, double wait_s)
{
	struct erlang_queue mean = *queue;

	mean.load = lateness->load_sum / lateness->looks;
	if (mean.load <= 0 || mean.load >= slots || lateness->starts == 0)
		return;
	lateness->measured = lateness->measured * KEPT + (double)lateness->late;
	lateness->expected = lateness->expected * KEPT +
			     (double)lateness->starts * erlang_wait_over(&mean, slots, wait_s);
}

void lateness_look(struct lateness *lateness, int64_t now_ns, const struct erlang_queue *queue,
	uint32_t slots, double wait_s)
{
	lateness->load_sum += queue->load;
	lateness->looks++;
	if (now_ns - lateness->minute_at_ns < NS_PER_MIN)
		return;
	/* After a pause the minute is longer, and the load of it is not known. */
	if (now_ns - lateness->minute_at_ns < 2 * NS_PER_MIN)
		close_minute(lateness, queue, slots, wait_s);
	lateness->minute_at_ns = now_ns;
	lateness->starts = 0;
	lateness->late = 0;
	lateness->load_sum = 0;
	lateness->looks = 0;
}

double lateness_tail(const struct lateness *lateness)
{
	return (lateness->measured + PRIOR) / (lateness->expected + PRIOR);
}

bool lateness_valid(const struct lateness *lateness)
{
	return lateness->late <= lateness->starts && lateness->measured >= 0 &&
	       lateness->measured <= COUNT_MAX && lateness->expected >= 0 &&
	       lateness->expected <= COUNT_MAX && lateness->load_sum >= 0 &&
	       lateness->load_sum <= COUNT_MAX;
}

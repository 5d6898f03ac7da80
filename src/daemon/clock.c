/* SPDX-License-Identifier: Apache-2.0 */
/* CLOCK_BOOTTIME would count a suspended laptop's night as time that tasks waited; CLOCK_MONOTONIC
 * does not, and a stopped process is told apart by the engine's gap check. */
#include "daemon/clock.h"

#include "base/units.h"

#include <time.h>

#define JUMP_NS NS_PER_S

static int64_t read_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_utc_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

void clock_start(struct clock *clock, int64_t saved_core_ns, int64_t saved_utc_ns)
{
	int64_t down_ns = saved_utc_ns == 0 ? 0 : clock_utc_ns() - saved_utc_ns;

	clock->base_ns = saved_core_ns + (down_ns > 0 ? down_ns : 0);
	clock->started_ns = read_ns(CLOCK_MONOTONIC);
	clock->utc_offset_ns = clock_utc_ns() - clock->base_ns;
}

int64_t clock_core_ns(const struct clock *clock)
{
	return clock->base_ns + read_ns(CLOCK_MONOTONIC) - clock->started_ns;
}

bool clock_sync(struct clock *clock)
{
	int64_t offset_ns = clock_utc_ns() - clock_core_ns(clock);
	int64_t moved_ns = offset_ns - clock->utc_offset_ns;

	clock->utc_offset_ns = offset_ns;
	return moved_ns > JUMP_NS || moved_ns < -JUMP_NS;
}

int64_t clock_to_utc_ns(const struct clock *clock, int64_t core_ns)
{
	return core_ns == TIME_NEVER_NS ? 0 : time_add_ns(core_ns, clock->utc_offset_ns);
}

int64_t clock_to_core_ns(const struct clock *clock, int64_t utc_ns)
{
	return utc_ns == 0 ? TIME_NEVER_NS : time_add_ns(utc_ns, -clock->utc_offset_ns);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * makepast DIRECTORY END: a store with 91 days of the past of two kinds and of the host, up to END
 * (seconds since 1970), written by the code that the daemon has. What was measured at a time is
 * seconds / 300 % 1000, each five minutes.
 */
#include "pastworld.h"

#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>

#define STEP_NS (5 * NS_PER_MIN)

int main(int argc, char **argv)
{
	struct pastworld world = {.strangers = 5};
	int64_t end_ns;

	if (argc != 3)
		return 2;
	end_ns = strtoll(argv[2], NULL, 10) * NS_PER_S / STEP_NS * STEP_NS;
	if (!pastworld_open(&world, &store_sqlite, argv[1], end_ns - 91 * NS_PER_DAY)) {
		fprintf(stderr, "%s\n", world.line);
		return 1;
	}
	for (int64_t at_ns = world.wall_ns; at_ns < end_ns; at_ns += STEP_NS) {
		int64_t value = at_ns / STEP_NS % 1000;

		world.wall_ns = at_ns;
		pastworld_sample(&world, "web", BAL_SIGNAL_HEAP, value);
		pastworld_sample(&world, "retired", BAL_SIGNAL_HEAP, value);
		pastworld_sample(&world, NULL, BAL_SIGNAL_HOST_CPU, value);
		if (at_ns % (2 * NS_PER_HOUR) == 0)
			pastworld_go(&world, at_ns);
	}
	pastworld_close(&world);
	return 0;
}

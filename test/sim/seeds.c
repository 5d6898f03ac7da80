/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seeds [FIRST [COUNT [TASKS]]]: worlds drawn from seeds, with faults, watched by the oracle. Each
 * complaint is one line that begins with the seed; `seeds SEED 1 TASKS` is the reproduction.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/host.h"

#define COUNT_STANDARD 20
#define TASKS_STANDARD 2000

int main(int argc, char **argv)
{
	static struct sim_report report;
	static struct sim_options options;
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : COUNT_STANDARD;
	uint64_t tasks = argc > 3 ? strtoull(argv[3], NULL, 10) : TASKS_STANDARD;
	uint64_t failed = 0, events = 0, ended = 0, retried = 0, stale = 0, scalings = 0;
	uint64_t hedged = 0;

	for (uint64_t seed = first; seed < first + count; seed++) {
		sim_options_draw(&options, seed, (uint32_t)tasks);
		if (!sim_run(&options, &report)) {
			printf("%s\n", report.failure);
			failed++;
		}
		events += report.events;
		ended += report.responses_ns.count;
		retried += report.retried;
		stale += report.stale;
		hedged += report.hedged;
		scalings += report.scaling_count;
	}
	printf("%" PRIu64 " seeds, %" PRIu64 " events, %" PRIu64 " tasks ended, %" PRIu64
	       " retried, %" PRIu64 " hedged, %" PRIu64 " stale answers, %" PRIu64
	       " scalings: %" PRIu64 " failed\n",
		count, events, ended, retried, hedged, stale, scalings, failed);
	return failed == 0 ? 0 : 1;
}

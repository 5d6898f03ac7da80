/* SPDX-License-Identifier: Apache-2.0 */
/*
 * speed [TASKS [AGENTS]]: how fast the core takes tasks from submission to end, in a virtual world
 * without faults, with the store, and without the oracle.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/host.h"

#define TASKS_STANDARD  1000000
#define AGENTS_STANDARD 32
#define LOAD            0.85

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct sim_report report;
	static struct sim_options options;
	uint32_t tasks = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : TASKS_STANDARD;
	uint32_t agents = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : AGENTS_STANDARD;
	double begun_s = cpu_s();
	double used_s;

	sim_options_fleet(&options, 1, tasks, agents, LOAD);
	options.oracle_off = true;
	if (!sim_run(&options, &report)) {
		printf("%s\n", report.failure);
		return 1;
	}
	used_s = cpu_s() - begun_s;
	printf("%u tasks, %u agents: %.2f s of CPU (goal 2.00), %.0f tasks/s, %" PRIu64 " events\n",
		tasks, agents, used_s, (double)tasks / used_s, report.events);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_sample [AGENTS]: what it costs to look at local agents, each a launcher and a process that
 * sleeps, every 5 s: through process trees, and through control groups where some can be made. Time
 * is virtual, so nobody waits for rounds; what is measured is CPU time of this process, system
 * calls included. The goal is 1 % of a core: 50 ms a round.
 */
#include "base/units.h"
#include "provider/run.h"
#include "sample/file.h"
#include "sample/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGENTS_DEFAULT 1000
#define AGENTS_MAX     20000
#define ROUNDS         18
#define ROUND_NS       (5 * NS_PER_S)
#define GOAL_MS        50.0

struct bench {
	int agents;
	struct run *runs;
	struct watch *watches;
	struct proc_table table;
	struct socket_table sockets;
};

static double cpu_ms(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return ((double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec) * 1e3 +
	       ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e3;
}

/* The launcher and its child; both end with us. */
static pid_t start_agent(const struct cgroup *group)
{
	pid_t launcher = fork();
	if (launcher != 0)
		return launcher;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int part = 0; part < CGROUP_PART_COUNT; part++) {
			char path[CGROUP_PATH_SIZE_MAX + 16];
			snprintf(path, sizeof path, "%s/cgroup.procs", group->path[part]);
			if (group->path[part][0] != '\0' && !file_write(path, "0"))
				_exit(1);
		}
	}
	for (;;)
		pause();
}

static bool make_group(struct cgroup *group, const struct cgroup *parent, int number)
{
	char name[48];
	snprintf(name, sizeof name, "ballast-bench-%d-%d", (int)getpid(), number);
	if (!cgroup_child(group, parent, name) || group->version == CGROUP_NONE)
		return false;
	for (int part = 0; part < CGROUP_PART_COUNT; part++) {
		if (group->path[part][0] != '\0' && mkdir(group->path[part], 0755) != 0)
			return false;
	}
	return true;
}

static void remove_group(const struct cgroup *group)
{
	for (int part = 0; part < CGROUP_PART_COUNT; part++) {
		if (group->path[part][0] != '\0')
			rmdir(group->path[part]);
	}
}

/* Ends all agents; their children end with them. */
static void stop_agents(struct bench *bench)
{
	for (int i = 0; i < bench->agents; i++) {
		pid_t pids[8];
		size_t count = proc_table_tree(&bench->table, bench->runs[i].launcher, pids, 8);
		for (size_t k = 0; k < count; k++)
			kill(pids[k], SIGKILL);
		kill(bench->runs[i].launcher, SIGKILL);
		waitpid(bench->runs[i].launcher, NULL, 0);
	}
	usleep(200000); /* The orphans are buried by whoever is their parent now. */
	for (int i = 0; i < bench->agents; i++)
		remove_group(&bench->runs[i].group);
}

/* One round, as the daemon's; returns how many signals came out. */
static size_t look_at_all(struct bench *bench, int64_t now_ns, bool near)
{
	bool scanned = false;
	size_t signals = 0;
	for (int i = 0; i < bench->agents; i++) {
		struct reading readings[SAMPLE_READINGS_MAX];
		struct run *run = &bench->runs[i];
		struct sample sample;
		uint64_t wanted = watch_wanted(&bench->watches[i], (uint32_t)i, now_ns);
		bool walked = run->group.version == CGROUP_NONE;
		if (!scanned) {
			if (walked)
				(void)proc_table_scan(&bench->table);
			if (now_ns / ROUND_NS % 2 == 0) /* as the runner: for both turns */
				socket_table_scan(&bench->sockets);
			scanned = true;
		}
		run_sample(run, &bench->table, &bench->sockets, wanted, now_ns, &sample);
		signals += watch_take(&bench->watches[i], &sample, wanted, near, readings);
	}
	return signals;
}

static int compare(const void *left, const void *right)
{
	const double *a = left;
	const double *b = right;
	return (*a > *b) - (*a < *b);
}

static void measure(struct bench *bench, const char *what, bool near)
{
	double rounds[ROUNDS];
	size_t signals = 0;
	double sum = 0;
	memset(bench->watches, 0, (size_t)bench->agents * sizeof *bench->watches);
	for (int round = -2; round < ROUNDS; round++) {
		double from = cpu_ms();
		size_t found = look_at_all(bench, (round + 3) * ROUND_NS, near);
		if (round < 0)
			continue; /* The first looks find everything cold. */
		rounds[round] = cpu_ms() - from;
		sum += rounds[round];
		signals += found;
	}
	qsort(rounds, ROUNDS, sizeof rounds[0], compare);
	printf("%-34s %7.1f ms mean %7.1f median %7.1f most   %5.2f %% of a core   %5.1f signals "
	       "an agent and round%s\n",
		what, sum / ROUNDS, rounds[ROUNDS / 2], rounds[ROUNDS - 1],
		sum / ROUNDS / (double)(ROUND_NS / NS_PER_MS) * 100,
		(double)signals / ROUNDS / bench->agents,
		sum / ROUNDS <= GOAL_MS ? "" : "  MISSED");
}

static bool run_bench(struct bench *bench, const struct cgroup *parent, const char *name)
{
	char what[64];
	bool made = true;
	int agents = bench->agents;
	bench->agents = 0;
	for (int i = 0; i < agents && made; i++) {
		struct run *run = &bench->runs[i];
		*run = (struct run){.state = RUN_RUNNING};
		if (parent != NULL)
			made = make_group(&run->group, parent, i);
		if (!made)
			break;
		run->launcher = start_agent(&run->group);
		made = run->launcher > 0;
		bench->agents += made;
	}
	usleep(500000);
	(void)proc_table_scan(&bench->table);
	if (made) {
		snprintf(what, sizeof what, "%s, all at the full rate", name);
		measure(bench, what, true);
		snprintf(what, sizeof what, "%s, idle ones less often", name);
		measure(bench, what, false);
	}
	(void)proc_table_scan(&bench->table);
	stop_agents(bench);
	bench->agents = agents;
	return made;
}

int main(int count, char **arguments)
{
	struct bench bench = {
		.agents = count > 1 ? (int)strtol(arguments[1], NULL, 10) : AGENTS_DEFAULT};
	struct cgroup own;
	if (bench.agents < 1 || bench.agents > AGENTS_MAX) {
		fprintf(stderr, "usage: bench_sample [AGENTS], 1 to %d\n", AGENTS_MAX);
		return 2;
	}
	bench.runs = calloc((size_t)bench.agents, sizeof *bench.runs);
	bench.watches = calloc((size_t)bench.agents, sizeof *bench.watches);
	if (bench.runs == NULL || bench.watches == NULL)
		return 1;
	printf("%d agents of two processes each; CPU time of one round of 5 s\n", bench.agents);
	bool good = run_bench(&bench, NULL, "process trees");
	cgroup_own(&own);
	if (!run_bench(&bench, &own,
		    own.version == CGROUP_V2 ? "groups, version 2" : "groups, version 1"))
		printf("control groups: skipped, none can be made here\n");
	proc_table_free(&bench.table);
	socket_table_free(&bench.sockets);
	free(bench.runs);
	free(bench.watches);
	return good ? 0 : 1;
}

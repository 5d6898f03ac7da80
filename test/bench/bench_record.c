/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_record: what it costs to remember what is measured: processor time of an event SAMPLE of an
 * agent, and of the whole life of a task in the core, in cores that keep a past and in cores that
 * keep none, in turn. Prints medians of 11 runs each and their difference.
 */
#include "ballast.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define AGENTS  100
#define SAMPLES 400000
#define TASKS   100000
#define RUNS    11
#define AGENT_0 UINT64_C(1000000000)

struct bench {
	struct bal_core *core;
	size_t size;
	int64_t now_ns;
};

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum bal_status step(struct bench *bench, struct bal_event event)
{
	struct bal_effect items[64];
	struct bal_effects effects = {.items = items, .capacity = 64};
	enum bal_status status;

	event.now_ns = bench->now_ns;
	status = bal_step(bench->core, &event, &effects);
	for (event.type = BAL_EVENT_MORE; effects.more;)
		bal_step(bench->core, &event, &effects);
	return status;
}

static void must(enum bal_status status, const char *what)
{
	if (status == BAL_OK)
		return;
	fprintf(stderr, "bench_record: %s was refused\n", what);
	exit(1);
}

static void open_core(struct bench *bench, bool remembers)
{
	struct bal_limits limits = {.tasks_max = 1024,
		.agents_max = AGENTS,
		.pools_max = 2,
		.kinds_max = 2,
		.tenants_max = 2,
		.limits_max = 1,
		.lanes_max = 8,
		.histories_max = 1024,
		.conversations_max = 16,
		.explanations_max = 1024,
		.orders_max = 16,
		.effects_max = 4096,
		.trails_max = remembers ? 256 : 0,
		.strips_max = remembers ? AGENTS * 32 : 0};
	struct bal_event pool = {.type = BAL_EVENT_POOL,
		.pool = {.kind = BAL_POOL_URLS,
			.slots = 4,
			.agents_max = AGENTS,
			.timeout_ns = NS_PER_HOUR,
			.backoff_ns = NS_PER_S,
			.backoff_max_ns = NS_PER_MIN,
			.attempts_max = 5,
			.strategy = BAL_STRATEGY_FIXED,
			.offers.words = {1}}};

	bench->size = bal_core_size(&limits);
	bench->core = bal_core_init(mmap(NULL, bench->size, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
		bench->size, &limits);
	bench->now_ns = 1000 * NS_PER_S;
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++)
		pool.pool.limits[i] = BAL_NONE;
	must(step(bench, pool), "the pool");
	must(step(bench,
		     (struct bal_event){.type = BAL_EVENT_START, .start = {.epoch = 1, .seed = 7}}),
		"the start");
	for (uint32_t i = 0; i < AGENTS; i++)
		must(step(bench, (struct bal_event){.type = BAL_EVENT_AGENT_UP,
					 .up = {.agent = AGENT_0 + i,
						 .state = BAL_AGENT_READY,
						 .slots = 4}}),
			"an agent");
}

static void close_core(struct bench *bench)
{
	munmap(bench->core, bench->size);
}

/* Ten signals of each agent, each ten seconds. */
static double run_samples(bool remembers)
{
	struct bench bench;
	double begun;

	open_core(&bench, remembers);
	begun = cpu_s();
	for (uint32_t i = 0; i < SAMPLES; i++) {
		if (i % (AGENTS * 10) == 0)
			bench.now_ns += 10 * NS_PER_S;
		must(step(&bench, (struct bal_event){.type = BAL_EVENT_SAMPLE,
					  .sample = {.subject = BAL_SUBJECT_AGENT,
						  .id = AGENT_0 + i / 10 % AGENTS,
						  .signal = BAL_SIGNAL_HEAP + i % 10,
						  .value = (int64_t)i * 7919 % 100000}}),
			"a sample");
	}
	begun = cpu_s() - begun;
	close_core(&bench);
	return begun / SAMPLES * 1e6;
}

static double run_tasks(bool remembers)
{
	struct bench bench;
	double begun;

	open_core(&bench, remembers);
	begun = cpu_s();
	for (uint64_t i = 1; i <= TASKS; i++) {
		bench.now_ns += 20 * NS_PER_MS;
		must(step(&bench, (struct bal_event){.type = BAL_EVENT_TASK_SUBMITTED,
					  .task = {.id = i,
						  .priority = 2,
						  .deadline_ns = BAL_NEVER_NS,
						  .needs.tags.words = {1}}}),
			"a task");
		bench.now_ns += 10 * NS_PER_MS;
		must(step(&bench, (struct bal_event){.type = BAL_EVENT_ATTEMPT_ENDED,
					  .ended = {.task = i,
						  .epoch = 1,
						  .attempt = 1,
						  .outcome = BAL_OUTCOME_SUCCEEDED,
						  .service_ns = (int64_t)(i % 1000) * NS_PER_MS}}),
			"an end");
	}
	begun = cpu_s() - begun;
	close_core(&bench);
	return begun / TASKS * 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const char *what, double (*run)(bool remembers))
{
	double with[RUNS], without[RUNS];

	for (int i = 0; i < RUNS; i++) {
		without[i] = run(false);
		with[i] = run(true);
	}
	qsort(with, RUNS, sizeof *with, compare);
	qsort(without, RUNS, sizeof *without, compare);
	printf("%s: %.3f us with a past, %.3f us without: %.3f us to remember it\n", what,
		with[RUNS / 2], without[RUNS / 2], with[RUNS / 2] - without[RUNS / 2]);
}

int main(void)
{
	measure("a sample of an agent", run_samples);
	measure("a task", run_tasks);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_choice [AGENTS...]: how long the choice of an agent takes, with what it costs to keep the
 * index: 16 pools that offer 4 of 8 kinds each, agents whose speed at each kind was learned,
 * lognormal sizes, 30 % of the agents idle, 1 % of the tasks with a warm context.  A sample is 64
 * decisions, each with the updates of its dispatch and of the end of another task elsewhere, and
 * what was learned from that.  Prints medians and the 99th percentile of the samples, and checks
 * that choices are the exhaustive minimum.
 */
#include "base/prng.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/choice.h"
#include "core/learn.h"
#include "core/queue.h"
#include "core/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define POOLS         16
#define KINDS         8
#define KINDS_OFFERED 4
#define SLOTS         4
#define DECISIONS     64
#define SAMPLES       501
#define IDLE_PPM      300000
#define WARM_PPM      10000
#define CONVERSATIONS 1024

struct bench {
	struct bal_core *core;
	size_t size;
	uint32_t agents, idle;
	struct prng random;
	struct task tasks[DECISIONS];
	struct end {
		struct agent *agent;
		struct history *history;
		uint32_t kind;
	} ends[DECISIONS]; /* where a task ends */
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* others may use the machine */
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long resident_kib(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file != NULL && fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file != NULL)
		fclose(file);
	return pages * 4;
}

static void step(struct bench *bench, struct bal_event event)
{
	struct bal_effect items[16];
	struct bal_effects effects = {.items = items, .capacity = 16};

	event.now_ns = NS_PER_S;
	if (bal_step(bench->core, &event, &effects) != BAL_OK) {
		fprintf(stderr, "bench_choice: the core refuses a %s event\n",
			bal_event_name(event.type));
		exit(1);
	}
}

static void open_core(struct bench *bench)
{
	struct bal_limits limits = {.tasks_max = 1024,
		.agents_max = bench->agents,
		.pools_max = POOLS,
		.kinds_max = KINDS,
		.tenants_max = 1,
		.limits_max = 1,
		.lanes_max = KINDS,
		.histories_max = bench->agents * KINDS_OFFERED + POOLS * KINDS,
		.conversations_max = CONVERSATIONS,
		.explanations_max = 1024,
		.orders_max = 16,
		.effects_max = bench->agents < 1024 ? 4096 : bench->agents * 4};

	bench->size = bal_core_size(&limits);
	bench->core = bal_core_init(mmap(NULL, bench->size, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
		bench->size, &limits);
}

static void define_pools(struct bench *bench)
{
	for (uint32_t i = 0; i < POOLS; i++) {
		struct bal_event_pool pool = {.pool = i,
			.kind = BAL_POOL_URLS,
			.slots = SLOTS,
			.agents_max = bench->agents,
			.timeout_ns = NS_PER_HOUR,
			.backoff_ns = NS_PER_S,
			.backoff_max_ns = NS_PER_MIN,
			.attempts_max = 5,
			.strategy = BAL_STRATEGY_FIXED,
			.price_microcents_hour = (int64_t)(i % 4) * 20000000};

		for (uint32_t k = 0; k < BAL_POOL_LIMITS_MAX; k++)
			pool.limits[k] = BAL_NONE;
		/* Every kind is offered by half of the pools. */
		for (uint32_t k = 0; k < KINDS_OFFERED; k++)
			pool.offers.words[0] |= UINT64_C(1) << (i + k * (1 + i / KINDS)) % KINDS;
		step(bench, (struct bal_event){.type = BAL_EVENT_POOL, .pool = pool});
	}
}

static void know(struct bench *bench, struct agent *agent, uint32_t kind)
{
	double slowness = prng_lognormal(&bench->random, 1.0, 0.5);
	struct history *history = learn_history(bench->core, agent->id, kind);

	history->fast = (struct mean){.value = slowness, .weight = 50.0};
	history->slow = (struct mean){.value = slowness, .weight = 200.0};
	history->success = (struct mean){.value = 0.99, .weight = 100.0};
}

static uint32_t count_idle(const struct bench *bench)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < POOLS; i++)
		count += bench->core->pools[i].idle_count;
	return count;
}

static void add_agents(struct bench *bench)
{
	for (uint32_t i = 0; i < bench->agents; i++) {
		struct bal_event_up up = {.agent = 1000 + i,
			.pool = i % POOLS,
			.state = BAL_AGENT_READY,
			.slots = SLOTS};
		struct agent *agent;

		step(bench, (struct bal_event){.type = BAL_EVENT_AGENT_UP, .up = up});
		agent = agent_at(bench->core, i);
		for (uint32_t k = 0; k < KINDS; k++)
			if ((bench->core->pools[up.pool].conf.offers.words[0] >> k & 1) != 0)
				know(bench, agent, k);
		agent->running = SLOTS;
		if (prng_chance(&bench->random, IDLE_PPM))
			agent->running = (uint32_t)prng_below(&bench->random, SLOTS);
		agent_update(bench->core, agent);
	}
	bench->idle = count_idle(bench);
	for (uint32_t i = 0; i < CONVERSATIONS; i++)
		context_note(bench->core, 1 + i, 1000 + prng_below(&bench->random, bench->agents));
}

/* Brings the share of idle agents back to what it was: decisions fill the best agents, and not each
 * finds one that is free. */
static void settle(struct bench *bench)
{
	while (count_idle(bench) != bench->idle) {
		struct agent *agent =
			agent_at(bench->core, (uint32_t)prng_below(&bench->random, bench->agents));
		bool too_few = count_idle(bench) < bench->idle;

		if (agent->idle == too_few)
			continue;
		agent->running = too_few ? agent->running - 1 : SLOTS;
		agent_update(bench->core, agent);
	}
}

/* An agent at which a task of one of its kinds ends. */
static void choose_end(struct bench *bench, struct end *end)
{
	uint32_t place;

	do
		place = (uint32_t)prng_below(&bench->random, bench->agents);
	while (agent_at(bench->core, place)->running == 0);
	end->agent = agent_at(bench->core, place);
	end->kind = (uint32_t)__builtin_ctzll(
		bench->core->pools[end->agent->pool].conf.offers.words[0]);
	end->history = learn_history(bench->core, end->agent->id, end->kind);
}

static void draw_tasks(struct bench *bench)
{
	for (uint32_t i = 0; i < DECISIONS; i++) {
		struct task *task = &bench->tasks[i];
		struct bal_needs needs = {.cpu_millis = 0};

		*task = (struct task){.id = 1 + i, .agent = BAL_NONE};
		task->kind = (uint32_t)prng_below(&bench->random, KINDS);
		task->size_ns = (int64_t)(prng_lognormal(&bench->random, 1.0, 1.5) * 1e9);
		needs.tags.words[0] = UINT64_C(1) << task->kind;
		task->lane = slab_index(&bench->core->lanes, lane_for(bench->core, &needs));
		if (prng_chance(&bench->random, WARM_PPM))
			task->conversation = 1 + prng_below(&bench->random, CONVERSATIONS);
		choice_prepare(bench->core, task);
		choose_end(bench, &bench->ends[i]);
	}
}

/* The task begins on the agent that won. */
static void begin_one(struct bench *bench, const struct choice *choice)
{
	struct agent *winner = choice->ranked[0].agent;

	winner->running++;
	agent_update(bench->core, winner);
}

/* A task ends on the agent, and what its history of the kind says has changed. */
static void end_one(struct bench *bench, const struct end *end)
{
	mean_add(&end->history->fast, end->history->slow.value, 100.0);
	mean_add(&end->history->success, 1.0, 100.0);
	shelf_learned(bench->core, end->agent, end->kind, end->history);
	end->agent->running--;
	agent_update(bench->core, end->agent);
}

static double sample_s(struct bench *bench, bool losers)
{
	double begun_s, used_s;

	settle(bench);
	draw_tasks(bench);
	begun_s = now_s();
	for (uint32_t i = 0; i < DECISIONS; i++) {
		struct choice choice;

		choose(bench->core, &bench->tasks[i], &choice);
		if (losers)
			choose_losers(bench->core, &choice);
		/* Among few agents there is now and then nobody for a kind. */
		if (choice.ranked_count > 0)
			begin_one(bench, &choice);
		if (bench->ends[i].agent->running > 0)
			end_one(bench, &bench->ends[i]);
	}
	used_s = (now_s() - begun_s) / DECISIONS;
	return used_s;
}

/* The least cost of the task on any idle agent that is capable, by looking at all of them. */
static int64_t least_ns(const struct bench *bench, const struct task *task)
{
	const struct bal_core *core = bench->core;
	struct score_basis basis;
	int64_t least = INT64_MAX;

	score_prepare(core, task, &basis);
	for (uint32_t i = 0; i < bench->agents; i++) {
		const struct agent *agent = agent_at(core, i);
		struct score_facts facts;
		struct learn_prior prior;
		struct learn_view view;
		int64_t cost_ns;

		if (!agent->idle || !lane_serves(basis.lane, agent->pool))
			continue;
		learn_expect(core, agent->pool, task->kind, &prior);
		learn_agent(core, agent, &prior, &view);
		score_pool(&basis, agent->pool, prior.slowness);
		score_facts(core, &core->pools[agent->pool], &view, &facts);
		cost_ns = score_composite_ns(
			&basis, agent, facts.slow, score_rate(&facts, agent->load));
		least = cost_ns < least ? cost_ns : least;
	}
	return least;
}

/* Every choice of a sample is the exhaustive minimum. */
static void expect_exact(struct bench *bench)
{
	draw_tasks(bench);
	for (uint32_t i = 0; i < DECISIONS; i++) {
		struct choice choice;

		choose(bench->core, &bench->tasks[i], &choice);
		if (choice.ranked[0].composite_ns == least_ns(bench, &bench->tasks[i]))
			continue;
		fprintf(stderr, "bench_choice: decision %u of %u agents is not the best\n", i,
			bench->agents);
		exit(1);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(struct bench *bench, bool losers, double *median_s, double *p99_s)
{
	static double samples[SAMPLES];

	for (uint32_t i = 0; i < SAMPLES / 10; i++)
		sample_s(bench, losers);
	for (uint32_t i = 0; i < SAMPLES; i++)
		samples[i] = sample_s(bench, losers);
	qsort(samples, SAMPLES, sizeof samples[0], compare);
	*median_s = samples[SAMPLES / 2];
	*p99_s = samples[SAMPLES * 99 / 100];
}

static void run(uint32_t agents, double goal_us)
{
	static struct bench bench;
	double one_s, one_p99_s, four_s, four_p99_s;
	long before_kib = resident_kib();

	bench = (struct bench){.agents = agents};
	prng_init(&bench.random, agents);
	open_core(&bench);
	define_pools(&bench);
	add_agents(&bench);
	draw_tasks(&bench);
	measure(&bench, false, &one_s, &one_p99_s);
	measure(&bench, true, &four_s, &four_p99_s);
	printf("%8u  %8.3f %8.3f  %6.2f  %10.3f %8.3f  %10.0f\n", agents, one_s * 1e6,
		one_p99_s * 1e6, goal_us, four_s * 1e6, four_p99_s * 1e6,
		(double)(resident_kib() - before_kib) * 1024 / agents -
			KINDS_OFFERED * (double)sizeof(struct history));
	expect_exact(&bench);
	if (!shelf_check(bench.core)) {
		fprintf(stderr, "bench_choice: the index is wrong\n");
		exit(1);
	}
	munmap((void *)bench.core, bench.size);
}

int main(int argc, char **argv)
{
	static const uint32_t standard[] = {100, 1000, 100000, 1000000};

	printf("decision of an agent, microseconds; sizeof task %zu, agent %zu, history %zu\n",
		sizeof(struct task), sizeof(struct agent), sizeof(struct history));
	printf("  agents    median      p99    goal   with losers    p99   bytes/agent\n");
	if (argc > 1)
		for (int i = 1; i < argc; i++)
			run((uint32_t)strtoul(argv[i], NULL, 10), 0.0);
	for (uint32_t i = 0; argc == 1 && i < 4; i++)
		run(standard[i], (const double[]){0.15, 0.6, 1.0, 2.0}[i]);
	return 0;
}

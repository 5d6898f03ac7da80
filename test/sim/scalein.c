/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scalein [SCALE-INS [FIRST]]: agents leave under load, again and again, at random moments, as
 * strategies and people want it, in worlds of which some have tasks sent ahead, conversations,
 * parents that wait for children, and agents that are deaf to a request to hand back. Nothing else
 * goes wrong, so that for every task
 *
 *   lost        it did not end well
 *   killed      an attempt that had begun ended although neither its agent had said anything nor
 *               handed it back: stopped, or its agent ended, or run again for no reason
 *   duplicates  it was completed more than once, or a second answer of it counted
 *
 * must all be zero. Each complaint begins with the seed; `scalein 1 SEED` runs that world alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "base/units.h"
#include "sim/host.h"

#define SCALE_INS_STANDARD 1000
#define TASKS              4000
#define WORLDS_MAX         2000

/* What the seam showed of one task. */
struct seen {
	uint32_t begun;      /* attempts that began */
	uint32_t given_back; /* of these that their agent handed back */
	uint32_t completed;
};

struct count {
	struct seen *tasks; /* by id */
	uint64_t drains, ends, hand_backs, given_back, moved;
	uint64_t stopped; /* attempts that had begun, told to stop */
	bool ahead[TASKS + 1];
};

static void see_effect(struct count *count, const struct bal_effect *effect)
{
	switch (effect->type) {
	case BAL_EFFECT_DRAIN:
		count->drains += effect->order != 0;
		break;
	case BAL_EFFECT_END:
		count->ends++;
		break;
	case BAL_EFFECT_HAND_BACK:
		count->hand_backs++;
		break;
	case BAL_EFFECT_DISPATCH:
		/* What is sent ahead has not begun: it may still move to another agent. */
		count->ahead[effect->task] = effect->reason == BAL_REASON_SENT_AHEAD;
		count->tasks[effect->task].begun += effect->reason != BAL_REASON_SENT_AHEAD;
		break;
	case BAL_EFFECT_RESCIND:
		if (effect->reason == BAL_REASON_TAKEN_BACK && count->ahead[effect->task])
			count->moved++;
		else
			count->stopped++;
		break;
	case BAL_EFFECT_COMPLETE:
		/* One that began where it had been sent ahead was dispatched but once. */
		count->tasks[effect->task].begun += count->ahead[effect->task];
		count->tasks[effect->task].completed++;
		break;
	default:
		break;
	}
}

static void observe(void *context, const struct bal_event *event, enum bal_status status,
	const struct bal_effects *effects)
{
	struct count *count = context;

	if (event->type == BAL_EVENT_ATTEMPT_ENDED && status == BAL_OK &&
		event->ended.outcome == BAL_OUTCOME_HANDED_BACK) {
		count->tasks[event->ended.task].begun += count->ahead[event->ended.task];
		count->ahead[event->ended.task] = false;
		count->tasks[event->ended.task].given_back++;
		count->given_back++;
	}
	for (uint32_t i = 0; i < effects->count; i++)
		see_effect(count, &effects->items[i]);
}

static void set_pool(struct sim_pool *pool, struct prng *prng)
{
	static const uint32_t strategies[] = {BAL_STRATEGY_CONSERVATIVE, BAL_STRATEGY_AGGRESSIVE,
		BAL_STRATEGY_HPA, BAL_STRATEGY_KPA, BAL_STRATEGY_PREDICTIVE};

	pool->agents = 0;
	pool->conf.kind = BAL_POOL_PROCESS;
	pool->conf.strategy = strategies[prng_below(prng, sizeof strategies / sizeof *strategies)];
	pool->conf.slots = 1 + (uint32_t)prng_below(prng, 8);
	pool->conf.agents_min = 1;
	pool->conf.agents_baseline = 4;
	pool->conf.agents_max = 16;
	/* Short, so that many are asked back, and some a moment before they end. */
	pool->conf.drain_limit_ns = (int64_t)prng_below(prng, 8) * NS_PER_S;
	pool->conf.timeout_ns = NS_PER_DAY;
	pool->conf.up.sustain_ns = NS_PER_S;
	pool->conf.up.cooldown_ns = NS_PER_S;
	pool->conf.down.load_permille = 700;
	pool->conf.down.sustain_ns = 2 * NS_PER_S;
	pool->conf.down.cooldown_ns = NS_PER_S;
	pool->boot_ns = (int64_t)prng_below(prng, 20) * NS_PER_S;
}

static void set_world(struct sim_options *options, uint64_t seed, struct count *count)
{
	struct prng prng;

	prng_init(&prng, seed);
	sim_options_fleet(options, seed, TASKS, 4, 0.8);
	set_pool(&options->pools[0], &prng);
	if (prng_chance(&prng, PPM / 3)) {
		options->pools[1] = options->pools[0];
		options->pools[1].conf.pool = 1;
		set_pool(&options->pools[1], &prng);
		options->pool_count = 2;
	}
	if (prng_chance(&prng, PPM / 3))
		options->knobs[options->knob_count++] = (struct sim_knob){BAL_KNOB_PREFETCH, 1};
	options->load.arrivals = SIM_BURSTS;
	options->load.size_mean_s = 0.5 + 3.0 * prng_unit(&prng);
	options->load.durable_ppm = PPM / 2;
	options->load.conversations = (uint32_t)prng_below(&prng, 200);
	if (prng_chance(&prng, PPM / 3)) {
		options->load.parent_ppm = PPM / 20;
		options->load.children_max = 3;
	}
	options->warm_permille = 500;
	options->faults.deaf_ppm = prng_chance(&prng, PPM / 2) ? PPM / 4 : 0;
	options->faults.rescale_ppm = PPM / 200;
	options->observe = observe;
	options->observe_context = count;
}

/* Tasks of the world that ended more than once or began more often than they were handed back. */
static void judge(const struct count *count, uint64_t *again, uint64_t *twice)
{
	for (uint32_t id = 1; id <= TASKS; id++) {
		const struct seen *task = &count->tasks[id];

		*again += task->begun > task->given_back + 1;
		*twice += task->completed > 1;
	}
}

int main(int argc, char **argv)
{
	static struct sim_report report;
	static struct sim_options options;
	static struct seen tasks[TASKS + 1];
	static struct count count;
	uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : SCALE_INS_STANDARD;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	uint64_t submitted = 0, lost = 0, again = 0, duplicates = 0;

	count.tasks = tasks;
	for (uint64_t seed = first; count.drains < wanted && seed < first + WORLDS_MAX; seed++) {
		uint64_t bad = lost + again + duplicates + count.stopped;

		set_world(&options, seed, &count);
		memset(tasks, 0, sizeof tasks);
		memset(count.ahead, 0, sizeof count.ahead);
		if (!sim_run(&options, &report)) {
			printf("%s\n", report.failure);
			return 1;
		}
		submitted += report.submitted;
		lost += report.submitted - report.ended[BAL_TASK_SUCCEEDED];
		duplicates += report.duplicates;
		judge(&count, &again, &duplicates);
		if (bad != lost + again + duplicates + count.stopped)
			printf("seed %" PRIu64 ": something was lost, killed or done twice\n",
				seed);
	}
	printf("%" PRIu64 " scale-ins, %" PRIu64 " agents ended, %" PRIu64 " tasks; %" PRIu64
	       " asked back, %" PRIu64 " handed back, %" PRIu64 " moved before they began: lost "
	       "%" PRIu64 ", killed %" PRIu64 ", duplicates %" PRIu64 "\n",
		count.drains, count.ends, submitted, count.hand_backs, count.given_back,
		count.moved, lost, count.stopped + again, duplicates);
	return count.drains >= wanted && lost + again + duplicates + count.stopped == 0 ? 0 : 1;
}

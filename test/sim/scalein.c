/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scalein [SCALE-INS]: agents leave under load, again and again, at random moments. No task may be
 * lost or tried twice for it: with nothing else going wrong every task ends with its first attempt,
 * unless its agent was asked to hand it back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/units.h"
#include "sim/host.h"

#define SCALE_INS_STANDARD 1000
#define TASKS              20000
#define WORLDS_MAX         1000

struct count {
	uint64_t drains, ends, hand_backs, rescinds;
};

static void observe(void *context, const struct bal_event *event, enum bal_status status,
	const struct bal_effects *effects)
{
	struct count *count = context;

	(void)event;
	(void)status;
	for (uint32_t i = 0; i < effects->count; i++) {
		const struct bal_effect *effect = &effects->items[i];

		count->drains += effect->type == BAL_EFFECT_DRAIN && effect->order != 0;
		count->ends += effect->type == BAL_EFFECT_END;
		count->hand_backs += effect->type == BAL_EFFECT_HAND_BACK;
		count->rescinds += effect->type == BAL_EFFECT_RESCIND;
	}
}

static void set_world(struct sim_options *options, uint64_t seed, struct count *count)
{
	struct sim_pool *pool;

	sim_options_fleet(options, seed, TASKS, 4, 0.8);
	pool = &options->pools[0];
	pool->agents = 0;
	pool->conf.kind = BAL_POOL_PROCESS;
	pool->conf.strategy = BAL_STRATEGY_AGGRESSIVE;
	pool->conf.agents_min = 1;
	pool->conf.agents_baseline = 4;
	pool->conf.agents_max = 16;
	pool->conf.drain_limit_ns = 5 * NS_PER_S;
	pool->conf.up.sustain_ns = NS_PER_S;
	pool->conf.up.cooldown_ns = NS_PER_S;
	pool->conf.down.load_permille = 700;
	pool->conf.down.sustain_ns = 2 * NS_PER_S;
	pool->conf.down.cooldown_ns = NS_PER_S;
	options->load.arrivals = SIM_BURSTS;
	options->load.size_mean_s = 2.0;
	options->observe = observe;
	options->observe_context = count;
}

int main(int argc, char **argv)
{
	static struct sim_report report;
	static struct sim_options options;
	uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : SCALE_INS_STANDARD;
	struct count count = {.drains = 0};
	uint64_t tasks = 0;

	for (uint64_t seed = 1; count.drains < wanted && seed <= WORLDS_MAX; seed++) {
		set_world(&options, seed, &count);
		if (!sim_run(&options, &report)) {
			printf("%s\n", report.failure);
			return 1;
		}
		tasks += report.submitted;
		if (report.ended[BAL_TASK_SUCCEEDED] != report.submitted) {
			printf("seed %" PRIu64 ": %" PRIu64 " of %" PRIu64 " tasks succeeded\n",
				seed, report.ended[BAL_TASK_SUCCEEDED], report.submitted);
			return 1;
		}
	}
	printf("%" PRIu64 " scale-ins, %" PRIu64 " agents ended, %" PRIu64
	       " tasks: none lost, %" PRIu64 " killed, %" PRIu64 " handed back\n",
		count.drains, count.ends, tasks, count.rescinds, count.hand_backs);
	return count.drains >= wanted && count.rescinds == 0 ? 0 : 1;
}

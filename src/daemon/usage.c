/* SPDX-License-Identifier: Apache-2.0 */
/* The agent of a command pool is all of its running commands together. */
#include "daemon/command_state.h"

#include "base/units.h"
#include "daemon/vitals.h"

/* What the commands of one pool use together. */
struct usage {
	int64_t cpu_millis;
	int64_t memory_bytes;
	int64_t running;
	uint32_t said[BAL_SIGNAL_AGENT_COUNT]; /* how many said something of it */
	int64_t sum[BAL_SIGNAL_AGENT_COUNT];
};

/* Amounts add up. A share of time in which something waited does not: the worst counts. */
static void add_reading(struct usage *usage, const struct reading *reading)
{
	int64_t *sum = &usage->sum[reading->signal];

	usage->said[reading->signal]++;
	if (bal_signal_form(reading->signal).unit != BAL_UNIT_PERMILLE)
		*sum += reading->value;
	else if (reading->value > *sum)
		*sum = reading->value;
	if (reading->signal == BAL_SIGNAL_CPU_MILLIS)
		usage->cpu_millis += reading->value;
}

static void add_usage(struct command *command, uint32_t pool, struct usage *usage)
{
	int64_t now_ns = command_now_ns(command);

	for (struct list_node *node = command->errands.first; node != NULL;
		node = list_next(node)) {
		struct errand *errand = command_errand_of(node);
		struct reading readings[SAMPLE_READINGS_MAX];
		struct sample sample;
		uint64_t wanted;
		size_t count;

		if (errand->ended || errand->pool != pool || errand->step == RECIPE_CLEAN)
			continue;
		/* All in one turn: a sum needs every part of it. */
		wanted = command->detailed ? SAMPLE_ALL : WATCH_QUICK;
		runner_sample(command->runner, errand->run, wanted, now_ns, &sample);
		count = watch_take(&errand->watch, &sample, wanted, true, readings);
		for (size_t i = 0; i < count; i++)
			add_reading(usage, &readings[i]);
		if ((sample.present & SAMPLE_MEMORY) != 0)
			usage->memory_bytes += sample.memory_bytes;
		usage->running++;
	}
}

/* Shares are of what the running commands were promised together, of one core where nothing was.
 * How much memory they use is said only where no limit makes the core count by it: a new process
 * begins with an empty share of its own, whatever the others use. */
static void sample_pool(struct command *command, const struct roster_agent *agent)
{
	const struct config_pool *pool = engine_pool_config(command->engine, agent->pool);
	struct usage usage = {0};
	int64_t promised;

	if (pool == NULL || agent->pool >= COMMAND_POOLS_MAX)
		return;
	add_usage(command, agent->pool, &usage);
	if (usage.running == 0 && !command->loaded[agent->pool])
		return;
	command->loaded[agent->pool] = usage.running > 0;
	promised = usage.running * pool->resources.cpu_millis;
	vitals_post(command->engine, BAL_SUBJECT_AGENT, agent->id, BAL_SIGNAL_CPU_PERMILLE,
		promised > 0 ? usage.cpu_millis * PERMILLE / promised : usage.cpu_millis);
	promised = usage.running * pool->resources.memory_bytes;
	if (pool->resources.memory_bytes == 0)
		vitals_post(command->engine, BAL_SUBJECT_AGENT, agent->id, BAL_SIGNAL_MEMORY_MIB,
			usage.memory_bytes / MIB);
	else
		vitals_post(command->engine, BAL_SUBJECT_AGENT, agent->id,
			BAL_SIGNAL_MEMORY_PERMILLE,
			promised > 0 ? usage.memory_bytes / MIB * PERMILLE * MIB / promised : 0);
	for (uint32_t i = 0; i < BAL_SIGNAL_AGENT_COUNT; i++)
		if (usage.said[i] > 0)
			vitals_post(command->engine, BAL_SUBJECT_AGENT, agent->id,
				(enum bal_signal)i, usage.sum[i]);
}

void usage_sample(struct command *command)
{
	command->detailed = !command->detailed;
	for (const struct roster_agent *agent = roster_first(engine_roster(command->engine));
		agent != NULL; agent = roster_next(agent))
		if (agent->pool_kind == BAL_POOL_COMMAND)
			sample_pool(command, agent);
}

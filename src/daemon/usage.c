/* SPDX-License-Identifier: Apache-2.0 */
/* The agent of a command pool is all of its running commands together. */
#include "daemon/command_state.h"

#include "base/units.h"

/* What the commands of one pool use together. */
struct usage {
	int64_t cpu_permille; /* of one core */
	int64_t memory_bytes;
	int64_t running;
};

static void post_sample(
	struct command *command, uint64_t agent, enum bal_signal signal, int64_t value)
{
	struct bal_event event = {.type = BAL_EVENT_SAMPLE,
		.sample = {.id = agent, .signal = signal, .value = value}};

	engine_event(command->engine, &event);
}

static void add_usage(struct command *command, uint32_t pool, struct usage *usage)
{
	int64_t now_ns = command_now_ns(command);

	for (struct list_node *node = command->errands.first; node != NULL;
		node = list_next(node)) {
		struct errand *errand = command_errand_of(node);
		struct sample sample;
		int64_t permille;

		if (errand->ended || errand->pool != pool || errand->step == RECIPE_CLEAN)
			continue;
		runner_sample(
			command->runner, errand->run, SAMPLE_CPU | SAMPLE_MEMORY, now_ns, &sample);
		if (sample_cpu_permille(&errand->last, &sample, &permille))
			usage->cpu_permille += permille;
		if ((sample.present & SAMPLE_MEMORY) != 0)
			usage->memory_bytes += sample.memory_bytes;
		errand->last = sample;
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
	post_sample(command, agent->id, BAL_SIGNAL_CPU_PERMILLE,
		promised > 0 ? usage.cpu_permille * PERMILLE / promised : usage.cpu_permille);
	promised = usage.running * pool->resources.memory_bytes;
	if (pool->resources.memory_bytes == 0)
		post_sample(command, agent->id, BAL_SIGNAL_MEMORY_MIB, usage.memory_bytes / MIB);
	else
		post_sample(command, agent->id, BAL_SIGNAL_MEMORY_PERMILLE,
			promised > 0 ? usage.memory_bytes / MIB * PERMILLE * MIB / promised : 0);
}

void usage_sample(struct command *command)
{
	for (const struct roster_agent *agent = roster_first(engine_roster(command->engine));
		agent != NULL; agent = roster_next(agent))
		if (agent->pool_kind == BAL_POOL_COMMAND)
			sample_pool(command, agent);
}

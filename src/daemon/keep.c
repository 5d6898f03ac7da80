/* SPDX-License-Identifier: Apache-2.0 */
/* An ended run keeps its directory (output, status) for the pool's `keep`, counted from its end by
 * the wall clock, so that a restart does not begin anew.  The errands of a task go one by one; the
 * last takes the task's own directory with it, after the pool's `cleanup` has run.  A task that is
 * not at its end keeps everything: the next attempt may need it. */
#include "daemon/command_state.h"
#include "daemon/workdir.h"

#include "base/units.h"

#include <stdlib.h>

#define KEPT_MAX        4096       /* ended runs; beyond, the oldest go before their time */
#define KEEP_UNKNOWN_NS NS_PER_DAY /* when the pool is not configured any more */
#define CLEAN_MAX_NS    (10 * NS_PER_MIN)
#define CLEANS_MAX      8 /* cleanups begun in one sweep */

static bool start_cleaning(
	struct command *command, const struct errand *last, const struct config_pool *pool)
{
	struct errand *errand = calloc(1, sizeof *errand);
	char message[512] = "there is no memory for it";

	if (errand == NULL)
		return false;
	errand->task = last->task;
	errand->epoch = last->epoch;
	errand->attempt = last->attempt;
	errand->pool = last->pool;
	errand->step = RECIPE_CLEAN;
	if (!command_fill(command, errand, pool, message, sizeof message))
		free(errand);
	else if (command_run_of(command, errand, (struct span){NULL, 0}, message, sizeof message))
		return true;
	engine_say(command->engine, STORE_SAY_WARNING, "task %llu: cleanup: %s",
		(unsigned long long)last->task, message);
	return false;
}

/* Forgets an old errand; the last one of a task takes the task's directory with it.  False when
 * that has to wait for the next sweep. */
static bool retire_errand(struct command *command, struct errand *errand, uint32_t *cleans)
{
	const struct config_pool *pool =
		errand->pool == BAL_NONE ? NULL : engine_pool_config(command->engine, errand->pool);
	bool last = command_newest(command, errand->task, errand) == NULL;
	char workdir[PATH_MAX];

	workdir_path(command->data, errand->task, workdir, sizeof workdir);
	if (last && workdir_exists(workdir)) {
		bool cleans_first = pool != NULL && pool->cleanup.count > 0;

		if (cleans_first && *cleans == CLEANS_MAX)
			return false;
		*cleans += cleans_first;
		if (!cleans_first || !start_cleaning(command, errand, pool))
			workdir_remove(engine_loop(command->engine), workdir);
	}
	command_drop(command, errand);
	return true;
}

static int64_t keep_of(const struct command *command, const struct errand *errand)
{
	const struct config_pool *pool =
		errand->pool == BAL_NONE ? NULL : engine_pool_config(command->engine, errand->pool);

	return pool == NULL ? KEEP_UNKNOWN_NS : pool->keep_ns;
}

/* Agents of pools that left the configuration go when their last command has ended. */
static void retire_agents(struct command *command)
{
	struct roster_agent *agent = roster_first(engine_roster(command->engine));

	while (agent != NULL) {
		struct roster_agent *next = roster_next(agent);
		struct bal_event down = {.type = BAL_EVENT_AGENT_DOWN,
			.down = {.agent = agent->id, .expected = true}};
		struct bal_agent_view view;

		if (agent->self == command &&
			bal_agent_view(engine_core(command->engine), agent->id, &view) &&
			view.running == 0) {
			engine_event(command->engine, &down);
			roster_remove(engine_roster(command->engine), agent);
		}
		agent = next;
	}
}

void command_sweep(struct command *command)
{
	int64_t now_ns = clock_utc_ns();
	struct list_node *node = command->errands.first;
	uint32_t cleans = 0;

	while (node != NULL) {
		struct errand *errand = command_errand_of(node);
		bool full = command->errands.count > KEPT_MAX;

		node = list_next(node);
		if (!errand->ended) {
			command_ask_back(errand);
			if (errand->step == RECIPE_CLEAN &&
				now_ns - errand->started_at_utc_ns > CLEAN_MAX_NS)
				runner_end(command->runner, errand->run, command_now_ns(command));
			continue;
		}
		if (engine_job(command->engine, errand->task) != NULL)
			continue; /* what it leaves may be needed by the next attempt */
		if ((full || now_ns - errand->ended_at_utc_ns > keep_of(command, errand)) &&
			!retire_errand(command, errand, &cleans))
			break;
	}
	retire_agents(command);
	command_arm(command);
}

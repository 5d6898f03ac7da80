/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample of all running tasks each ten seconds, instead of an account of each: a task need not
 * carry when it began to wait, and a wait that has not ended counts as soon as it is seen, which is
 * what a bottleneck is made of.
 *
 * A parent waits for all of its live children at once. Its time is put on their kinds by how many
 * there are of each. Kinds of parents are remembered with the kind of child, so that their time
 * counts also while they have none.
 */
#include "core/bond.h"

#include "base/num.h"
#include "base/units.h"
#include "core/agent.h"
#include "core/objective.h"
#include "core/task.h"

#define PAIRS_MAX   64
#define QUEUED_MAX  4096 /* children looked at that wait for a slot, oldest first */
#define MEMORY_S    300.0
#define SAMPLES_MIN 10.0 /* of parents' time */

/* Live children of one kind of parents of one kind. */
struct pair {
	uint32_t parent, child;
	uint32_t count;
};

struct sample {
	uint32_t kinds; /* those from here on are left out: they have no objectives either */
	struct pair pairs[PAIRS_MAX];
	uint32_t count;
};

static void note_child(const struct bal_core *core, const struct task *task, struct sample *sample)
{
	const struct task *parent = task_is_awaited(task) ? task_find(core, task->parent) : NULL;
	uint32_t i = 0;

	if (parent == NULL || parent->agent == BAL_NONE || parent->kind >= sample->kinds ||
		task->kind >= sample->kinds)
		return;
	while (i < sample->count &&
		(sample->pairs[i].parent != parent->kind || sample->pairs[i].child != task->kind))
		i++;
	if (i == PAIRS_MAX)
		return;
	if (i == sample->count)
		sample->pairs[sample->count++] = (struct pair){parent->kind, task->kind, 0};
	sample->pairs[i].count++;
}

/* Runs over the tasks of all agents; how many of a kind wait is kept in its scratch. */
static void note_running(struct bal_core *core, struct sample *sample)
{
	for (uint32_t i = slab_next(&core->agents, 0); i != SLAB_NONE;
		i = slab_next(&core->agents, i + 1)) {
		const struct agent *agent = agent_at(core, i);

		for (const struct list_node *node = agent->tasks.first; node != NULL;
			node = list_next(node)) {
			const struct task *task = container_of(node, struct task, agent_node);

			note_child(core, task, sample);
			if (task->kind < sample->kinds)
				core->kinds[task->kind].waits_now += task->children_waited > 0;
		}
	}
}

static void note_queued(const struct bal_core *core, struct sample *sample)
{
	uint32_t looked = 0;

	for (const struct list_node *node = core->children_queued.first;
		node != NULL && looked < QUEUED_MAX; node = list_next(node), looked++)
		note_child(core, container_of(node, struct task, child_node), sample);
}

static void remember_parent(struct kind *kind, uint32_t parent)
{
	for (uint32_t i = 0; i < BOND_PARENTS_MAX; i++) {
		if (kind->parents[i] == parent + 1)
			return;
		if (kind->parents[i] == 0) {
			kind->parents[i] = parent + 1;
			return;
		}
	}
}

/* The part of the time of its parents that they wait for a pair's children. */
static double waited(const struct bal_core *core, const struct sample *sample, uint32_t place)
{
	const struct pair *pair = &sample->pairs[place];
	uint32_t all = 0;

	for (uint32_t i = 0; i < sample->count; i++)
		if (sample->pairs[i].parent == pair->parent)
			all += sample->pairs[i].count;
	return (double)core->kinds[pair->parent].waits_now * pair->count / all;
}

static void fade(struct bal_core *core, struct kind *kind, double kept)
{
	kind->parents_time *= kept;
	kind->parents_wait *= kept;
	for (uint32_t i = 0; i < BOND_PARENTS_MAX && kind->parents[i] != 0; i++)
		kind->parents_time += core->kinds[kind->parents[i] - 1].running;
}

void bond_look(struct bal_core *core)
{
	double kept = num_exp(-(double)knob(core, BAL_KNOB_WATCH) / ((double)NS_PER_S * MEMORY_S));
	struct sample sample = {.kinds = objective_kinds_high(core->objectives)};

	for (uint32_t i = 0; i < sample.kinds; i++)
		core->kinds[i].waits_now = 0;
	note_running(core, &sample);
	note_queued(core, &sample);
	for (uint32_t i = 0; i < sample.count; i++)
		remember_parent(&core->kinds[sample.pairs[i].child], sample.pairs[i].parent);
	for (uint32_t i = 0; i < sample.kinds; i++)
		if (core->kinds[i].parents[0] != 0)
			fade(core, &core->kinds[i], kept);
	for (uint32_t i = 0; i < sample.count; i++)
		core->kinds[sample.pairs[i].child].parents_wait += waited(core, &sample, i);
}

int64_t bond_share(const struct bal_core *core, uint32_t kind)
{
	const struct kind *of = &core->kinds[kind];

	if (of->parents_time < SAMPLES_MIN)
		return -1;
	return num_to_i64(num_round(of->parents_wait * PERMILLE / of->parents_time));
}

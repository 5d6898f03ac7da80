/* SPDX-License-Identifier: Apache-2.0 */
/* What the core comes to in a world of equal agents and tasks of one kind: first come, first served
 * from one queue; the fullest agent with a free slot gets the next one, as equal agents have it in
 * the core; the one with the least work left leaves first, as far as the mean size can tell, and
 * finishes what it has.  Agents are kept in lists by how many tasks they run, so that a task's
 * place is not searched. */
#include "sim/scaling_world.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

#include <stdlib.h>

#define SLOTS_MAX 64

struct twin_agent {
	uint32_t next, previous; /* with as many tasks */
	double begun_s;          /* sum of the starts of what it runs */
};

struct twin {
	struct twin_agent *agents;
	uint32_t first[SLOTS_MAX + 1]; /* ready agents by running tasks */
	uint32_t starting;             /* the youngest of those that boot */
	uint32_t draining;             /* the youngest drain first */
	uint32_t head, tail;           /* of the queue */
};

/* ---- lists -------------------------------------------------------------------------------- */

static void put_in(struct twin *twin, uint32_t *first, uint32_t agent)
{
	twin->agents[agent].next = *first;
	twin->agents[agent].previous = SCALING_NOBODY;
	if (*first != SCALING_NOBODY)
		twin->agents[*first].previous = agent;
	*first = agent;
}

static void take_out(struct twin *twin, uint32_t *first, uint32_t agent)
{
	const struct twin_agent *links = &twin->agents[agent];

	if (links->previous == SCALING_NOBODY)
		*first = links->next;
	else
		twin->agents[links->previous].next = links->next;
	if (links->next != SCALING_NOBODY)
		twin->agents[links->next].previous = links->previous;
}

static double seconds(int64_t ns)
{
	return (double)ns / (double)NS_PER_S;
}

/* ---- tasks -------------------------------------------------------------------------------- */

/* Starts a task on the ready agent with the fewest; false when all slots are taken. */
static bool place(struct scaling_world *world, uint32_t task)
{
	struct twin *twin = world->fleet_state;

	for (uint32_t i = world->options->slots; i-- > 0;) {
		uint32_t agent = twin->first[i];

		if (agent == SCALING_NOBODY)
			continue;
		take_out(twin, &twin->first[i], agent);
		put_in(twin, &twin->first[i + 1], agent);
		twin->agents[agent].begun_s += seconds(world->now_ns);
		scaling_start(world, task, agent);
		return true;
	}
	return false;
}

static void serve(struct scaling_world *world)
{
	struct twin *twin = world->fleet_state;

	while (twin->head != SCALING_NOBODY) {
		uint32_t next = world->tasks[twin->head].next;

		if (!place(world, twin->head))
			return;
		twin->head = next;
	}
}

static void arrive(struct scaling_world *world, uint32_t task)
{
	struct twin *twin = world->fleet_state;

	if (twin->head == SCALING_NOBODY && place(world, task))
		return;
	world->tasks[task].next = SCALING_NOBODY;
	if (twin->head == SCALING_NOBODY)
		twin->head = task;
	else
		world->tasks[twin->tail].next = task;
	twin->tail = task;
}

static void end(struct scaling_world *world, uint32_t task)
{
	struct twin *twin = world->fleet_state;
	uint32_t agent = world->tasks[task].agent;
	uint32_t running = world->agents[agent].running;
	int64_t begun_ns = world->now_ns - world->tasks[task].work_ns;

	twin->agents[agent].begun_s -= seconds(begun_ns);
	if (running == 0)
		twin->agents[agent].begun_s = 0.0; /* nothing is left of rounding */
	if (world->agents[agent].state == SCALING_DRAINING) {
		if (running > 0)
			return;
		take_out(twin, &twin->draining, agent);
		scaling_end(world, agent);
		return;
	}
	take_out(twin, &twin->first[running + 1], agent);
	put_in(twin, &twin->first[running], agent);
	serve(world);
}

/* ---- agents ------------------------------------------------------------------------------- */

static void agent_ready(struct scaling_world *world, uint32_t agent)
{
	struct twin *twin = world->fleet_state;

	take_out(twin, &twin->starting, agent);
	put_in(twin, &twin->first[0], agent);
	serve(world);
}

static void go_up(struct scaling_world *world)
{
	struct twin *twin = world->fleet_state;
	uint32_t agent = twin->draining;

	if (agent != SCALING_NOBODY) {
		take_out(twin, &twin->draining, agent);
		scaling_undrain(world, agent);
		put_in(twin, &twin->first[world->agents[agent].running], agent);
		serve(world);
		return;
	}
	agent = scaling_launch(world);
	if (agent == SCALING_NOBODY)
		world->failure = "more agents than the world has places";
	else
		put_in(twin, &twin->starting, agent);
}

/* The ready agent with the least work left. */
static uint32_t find_victim(const struct scaling_world *world)
{
	const struct twin *twin = world->fleet_state;
	double mean_s = world->options->load->sizes->mean_s;
	uint32_t victim = SCALING_NOBODY;
	double least_s = 0.0;

	for (uint32_t i = 0; i <= world->options->slots; i++)
		for (uint32_t agent = twin->first[i]; agent != SCALING_NOBODY;
			agent = twin->agents[agent].next) {
			double run_s = i * seconds(world->now_ns) - twin->agents[agent].begun_s;
			double left_s = num_max(i * mean_s - run_s, 0.0);

			if (victim == SCALING_NOBODY || left_s < least_s) {
				victim = agent;
				least_s = left_s;
			}
		}
	return victim;
}

static void go_down(struct scaling_world *world)
{
	struct twin *twin = world->fleet_state;
	uint32_t agent = twin->starting;
	uint32_t running;

	if (agent != SCALING_NOBODY) {
		take_out(twin, &twin->starting, agent);
		scaling_drain(world, agent);
		scaling_end(world, agent);
		return;
	}
	agent = find_victim(world);
	bal_assert(agent != SCALING_NOBODY);
	running = world->agents[agent].running;
	take_out(twin, &twin->first[running], agent);
	scaling_drain(world, agent);
	if (running == 0)
		scaling_end(world, agent);
	else
		put_in(twin, &twin->draining, agent);
}

static void scale(struct scaling_world *world, uint32_t wanted)
{
	if (wanted > SCALING_AGENTS_MAX / 4)
		wanted = SCALING_AGENTS_MAX / 4;
	while (world->ready + world->starting < wanted && world->failure == NULL)
		go_up(world);
	while (world->ready + world->starting > wanted)
		go_down(world);
}

static bool begin(struct scaling_world *world)
{
	struct twin *twin = world->fleet_state;

	bal_assert(world->options->slots <= SLOTS_MAX);
	for (uint32_t i = 0; i <= SLOTS_MAX; i++)
		twin->first[i] = SCALING_NOBODY;
	twin->starting = SCALING_NOBODY;
	twin->draining = SCALING_NOBODY;
	twin->head = SCALING_NOBODY;
	twin->agents = calloc(SCALING_AGENTS_MAX, sizeof *twin->agents);
	for (uint32_t i = 0; twin->agents != NULL && i < world->options->agents_first; i++)
		put_in(twin, &twin->first[0], i);
	return twin->agents != NULL;
}

static void release(struct scaling_world *world)
{
	struct twin *twin = world->fleet_state;

	free(twin->agents);
}

const struct scaling_fleet scaling_twin = {.state_size = sizeof(struct twin),
	.begin = begin,
	.arrive = arrive,
	.end = end,
	.agent_ready = agent_ready,
	.scale = scale,
	.release = release};

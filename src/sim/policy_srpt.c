/* SPDX-License-Identifier: Apache-2.0 */
/* A bound, not a policy that could exist: it knows the true work of each task, moves tasks between
 * agents at no cost, and at every instant the tasks with the least work left have the fastest
 * slots, the present speeds being known.  (For one server it is optimal in the mean: Schrage 1968.)
 *
 * The tasks that are served lie in an array, least work first.  Slots are sorted by speed likewise,
 * so the first task has both the least work and the fastest slot: it ends first, and the order
 * never changes while nobody arrives or ends.  The rest waits in a heap; none of it has less work
 * than any that is served. */
#include "sim/policy.h"

#include "base/list.h"
#include "base/num.h"
#include "base/units.h"

#include <stdlib.h>

#define AGENTS_MAX 128

struct served {
	double left_ns; /* work */
	uint32_t task;
};

struct waiting {
	struct heap_node node;
	double left_ns;
	uint32_t task;
};

struct srpt_state {
	struct served *served;
	uint32_t served_count;
	struct heap waiting;
	struct waiting *waits; /* by task */
	double *speeds;        /* of the slots, fastest first */
	int64_t speeds_until_ns;
};

static void begin(struct race *race, const struct policy_settings *settings)
{
	struct srpt_state *state = race->state;

	(void)settings;
	state->served = calloc(race->course->slot_count, sizeof *state->served);
	state->speeds = calloc(race->course->slot_count, sizeof *state->speeds);
	state->waits = calloc(race->course->task_count, sizeof *state->waits);
	if (state->served == NULL || state->speeds == NULL || state->waits == NULL)
		race_fail(race, "no memory");
}

static void sort_speeds(struct race *race)
{
	struct srpt_state *state = race->state;
	uint32_t count = 0;

	state->speeds_until_ns = TIME_NEVER_NS;
	for (uint32_t i = 0; i < race->course->agent_count; i++) {
		int64_t until_ns;
		double speed = course_speed_at(
			race->course, i, race->now_ns, &race->agents[i].turn, &until_ns);

		state->speeds_until_ns = num_min_i64(state->speeds_until_ns, until_ns);
		for (uint32_t k = 0; k < race->agents[i].slots; k++) {
			uint32_t at = count++;

			for (; at > 0 && state->speeds[at - 1] < speed; at--)
				state->speeds[at] = state->speeds[at - 1];
			state->speeds[at] = speed;
		}
	}
}

static void serve(struct race *race, uint32_t task, double left_ns)
{
	struct srpt_state *state = race->state;
	uint32_t at = state->served_count++;

	for (; at > 0 && state->served[at - 1].left_ns > left_ns; at--)
		state->served[at] = state->served[at - 1];
	state->served[at] = (struct served){left_ns, task};
	if (race->tasks[task].started_at_ns < 0)
		race->tasks[task].started_at_ns = race->now_ns;
}

static void wait(struct race *race, uint32_t task, double left_ns)
{
	struct srpt_state *state = race->state;
	struct waiting *wait = &state->waits[task];

	wait->left_ns = left_ns;
	wait->task = task;
	heap_insert(&state->waiting, &wait->node, num_to_i64(left_ns), task);
}

static void arrive_one(struct race *race, uint32_t task)
{
	struct srpt_state *state = race->state;
	double work_ns = (double)race->course->tasks[task].work_ns;
	struct served last;

	if (state->served_count < race->course->slot_count) {
		serve(race, task, work_ns);
		return;
	}
	last = state->served[state->served_count - 1];
	if (last.left_ns <= work_ns) {
		wait(race, task, work_ns);
		return;
	}
	state->served_count--;
	wait(race, last.task, last.left_ns);
	serve(race, task, work_ns);
}

static void arrive_all(struct race *race)
{
	const struct course *course = race->course;

	while (race->arrived_count < course->task_count &&
		course->tasks[race->arrived_count].at_ns <= race->now_ns)
		arrive_one(race, race->arrived_count++);
}

static void end_first(struct race *race)
{
	struct srpt_state *state = race->state;
	struct heap_node *next = heap_pop(&state->waiting);

	race->tasks[state->served[0].task].ended_at_ns = race->now_ns;
	race->ended_count++;
	state->served_count--;
	for (uint32_t i = 0; i < state->served_count; i++)
		state->served[i] = state->served[i + 1];
	if (next != NULL) {
		struct waiting *wait = container_of(next, struct waiting, node);

		serve(race, wait->task, wait->left_ns);
	}
}

/* Everybody who is served works until then. */
static void advance(struct race *race, int64_t to_ns)
{
	struct srpt_state *state = race->state;
	double span_ns = (double)(to_ns - race->now_ns);

	for (uint32_t i = 0; i < state->served_count; i++)
		state->served[i].left_ns -= span_ns * state->speeds[i];
	race->now_ns = to_ns;
}

static void run(struct race *race)
{
	struct srpt_state *state = race->state;
	const struct course *course = race->course;

	sort_speeds(race);
	while (race->ended_count < course->task_count) {
		int64_t end_ns = TIME_NEVER_NS;
		int64_t arrival_ns = TIME_NEVER_NS;
		int64_t next_ns;

		if (race->arrived_count < course->task_count)
			arrival_ns = course->tasks[race->arrived_count].at_ns;
		if (state->served_count > 0)
			end_ns = race->now_ns + 1 +
				 num_to_i64(
					 num_max(0.0, state->served[0].left_ns) / state->speeds[0]);
		next_ns = num_min_i64(num_min_i64(end_ns, arrival_ns), state->speeds_until_ns);
		advance(race, next_ns);
		if (next_ns == end_ns)
			end_first(race);
		if (next_ns == state->speeds_until_ns)
			sort_speeds(race);
		arrive_all(race);
	}
}

static void release(struct race *race)
{
	struct srpt_state *state = race->state;

	free(state->served);
	free(state->speeds);
	free(state->waits);
}

const struct policy policy_srpt = {.name = "srpt",
	.source = "clairvoyant, migrating shortest remaining work first: Schrage, Operations "
		  "Research 16 (1968)",
	.agents_max = AGENTS_MAX,
	.state_size = sizeof(struct srpt_state),
	.begin = begin,
	.run = run,
	.release = release};

/* SPDX-License-Identifier: Apache-2.0 */
/* One queue, first come first served; its head takes the fastest idle slot, by learned speeds.  The
 * yardstick of the other policies. */
#include "sim/policy.h"

struct central_state {
	uint32_t first, last; /* of the queue, linked by race_task.next */
	uint32_t waiting;
	uint32_t free; /* slots */
};

static void begin(struct race *race, const struct policy_settings *settings)
{
	struct central_state *state = race->state;

	(void)settings;
	state->free = race->course->slot_count;
}

/* The idle agent that is believed to be fastest; among equals the first. */
static uint32_t fastest_idle(const struct race *race)
{
	uint32_t best = RACE_NOBODY;
	double best_slowness = 0.0;

	for (uint32_t i = 0; i < race->course->agent_count; i++) {
		double slowness;

		if (!race_has_slot(race, i))
			continue;
		slowness = pace_slowness(&race->pace, i);
		if (best != RACE_NOBODY && slowness >= best_slowness)
			continue;
		best = i;
		best_slowness = slowness;
	}
	return best;
}

static void serve(struct race *race)
{
	struct central_state *state = race->state;

	while (state->waiting > 0 && state->free > 0) {
		uint32_t task = state->first;

		state->first = race->tasks[task].next;
		state->waiting--;
		state->free--;
		race_start(race, task, fastest_idle(race));
	}
}

static void arrive(struct race *race, uint32_t task)
{
	struct central_state *state = race->state;

	if (state->waiting == 0)
		state->first = task;
	else
		race->tasks[state->last].next = task;
	state->last = task;
	state->waiting++;
	serve(race);
}

static void end(struct race *race, const struct policy_end *end)
{
	struct central_state *state = race->state;

	(void)end;
	state->free++;
	serve(race);
}

const struct policy policy_central_fcfs = {.name = "central-fcfs",
	.source = "M/G/k with the fastest idle server first: Kleinrock, Queueing Systems I (1975); "
		  "Lin and Kumar, IEEE TAC 29 (1984)",
	.state_size = sizeof(struct central_state),
	.begin = begin,
	.arrive = arrive,
	.end = end};

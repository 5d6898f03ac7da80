/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scaling_step [POLICY...]: the load steps from 5 to 100 tasks per second while an agent needs 60 s
 * to boot. For each policy: the most agents, against the number that is ideal for the load behind
 * the step at 80 % busy, and how long the backlog stays. Goals: twice the ideal, 180 s.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "sim/scaling_grid.h"
#include "sim/scaling_world.h"

#define SECONDS   (3 * 3600)
#define STEP_AT_S (2 * 3600)
#define LOW       5.0
#define HIGH      100.0
#define SLOTS     8
#define BUSY      0.8
#define BOOT_NS   (60 * NS_PER_S)
#define CLEAR_S   180
#define PEAK_GOAL 2.0

/* What is seen behind the step. */
struct sight {
	uint32_t peak;
	int64_t clear_at_s; /* the last second with a task that waited too long */
};

static void see(void *context, const struct scaling_second *second)
{
	struct sight *sight = context;
	int64_t at_s = second->now_ns / NS_PER_S - STEP_AT_S;

	if (at_s <= 0)
		return;
	if (second->alive > sight->peak)
		sight->peak = second->alive;
	if (second->late > 0 || second->waiting >= LOW)
		sight->clear_at_s = at_s;
}

static bool play(const struct scaling_load *load, const char *name, double ideal)
{
	struct sight sight = {.clear_at_s = 0};
	struct scaling_options options = {.load = load,
		.fleet = &scaling_core,
		.slots = SLOTS,
		.agents_first = 5,
		.boot_ns = BOOT_NS,
		.observe = see,
		.observe_context = &sight};
	struct scaling_entry entry;
	struct scaling_score score;
	const char *failure;

	if (!scaling_entry_find(&entry, name, strlen(name))) {
		printf("%-14s is not there\n", name);
		return false;
	}
	options.policy = entry.policy;
	options.tuning = entry.tuning;
	if (!scaling_run(&options, &score, &failure)) {
		printf("%-14s %s\n", name, failure);
		return false;
	}
	printf("%-14s peak %4u agents, %5.2f times the ideal %.0f (goal %.1f); backlog gone after "
	       "%4lld s (goal %d): %s\n",
		name, sight.peak, sight.peak / ideal, ideal, PEAK_GOAL, (long long)sight.clear_at_s,
		CLEAR_S,
		sight.peak <= PEAK_GOAL * ideal && sight.clear_at_s <= CLEAR_S ? "met" : "missed");
	return true;
}

int main(int argc, char **argv)
{
	static double rates[SECONDS];
	struct scaling_sizes sizes;
	struct scaling_load load;
	char message[256];
	bool went = true;
	double ideal;

	for (int32_t i = 0; i < SECONDS; i++)
		rates[i] = i < STEP_AT_S ? LOW : HIGH;
	if (!scaling_sizes_standard(&sizes))
		return 1;
	const struct scaling_load_options options = {
		.seed = 1, .keeps_rate = true, .sizes = &sizes};
	if (!scaling_load_series(
		    &load, rates, SECONDS, NS_PER_S, &options, message, sizeof message)) {
		printf("%s\n", message);
		return 1;
	}
	ideal = (double)scaling_ceil(HIGH * sizes.mean_s / (SLOTS * BUSY));
	for (int i = 1; i < argc; i++)
		went = play(&load, argv[i], ideal) && went;
	for (uint32_t i = 0; argc == 1 && scaling_policy_at(i) != NULL; i++)
		went = play(&load, scaling_policy_at(i)->name, ideal) && went;
	scaling_load_release(&load);
	scaling_sizes_release(&sizes);
	return went ? 0 : 1;
}

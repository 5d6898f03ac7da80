/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scaling_step [--strict] [POLICY...]: the load steps from 5 to 100 tasks per second while an agent
 * needs 60 s to boot. For each policy: the most agents, against the number that is ideal for the
 * load behind the step at 80 % busy, and how long the backlog stays. Goals: twice the ideal, 180 s.
 * With --strict a policy that misses one is a failure; without policies those are played that are
 * meant to meet both.
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

/* False when the policy cannot be played, or misses a goal that it is held to. */
static bool play(const struct scaling_load *load, const char *name, double ideal, bool is_strict)
{
	bool met;
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
	met = sight.peak <= PEAK_GOAL * ideal && sight.clear_at_s <= CLEAR_S;
	printf("%-14s peak %4u agents, %5.2f times the ideal %.0f (goal %.1f); backlog gone after "
	       "%4lld s (goal %d): %s\n",
		name, sight.peak, sight.peak / ideal, ideal, PEAK_GOAL, (long long)sight.clear_at_s,
		CLEAR_S, met ? "met" : "missed");
	return met || !is_strict;
}

/* Of an older program only one is there. */
static bool play_ours(const struct scaling_load *load, double ideal)
{
	static const char *const OURS[] = {"predictive", "adaptive"};
	bool went = true;

	for (size_t i = 0; i < sizeof OURS / sizeof OURS[0]; i++)
		if (scaling_policy_find(OURS[i], strlen(OURS[i])) != NULL)
			went = play(load, OURS[i], ideal, true) && went;
	return went;
}

static bool play_all(const struct scaling_load *load, double ideal)
{
	bool went = true;

	for (uint32_t i = 0; scaling_policy_at(i) != NULL; i++)
		went = play(load, scaling_policy_at(i)->name, ideal, false) && went;
	return went;
}

int main(int argc, char **argv)
{
	static double rates[SECONDS];
	struct scaling_sizes sizes;
	struct scaling_load load;
	char message[256];
	bool went = true, is_strict;
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
	printf("ideal: %.0f tasks/s of %.2f s each on %d slots an agent, %.0f %% busy: %.0f "
	       "agents\n",
		HIGH, sizes.mean_s, SLOTS, 100 * BUSY, ideal);
	is_strict = argc > 1 && strcmp(argv[1], "--strict") == 0;
	for (int i = is_strict ? 2 : 1; i < argc; i++)
		went = play(&load, argv[i], ideal, is_strict) && went;
	if (argc == 1)
		went = play_all(&load, ideal);
	else if (is_strict && argc == 2)
		went = play_ours(&load, ideal);
	scaling_load_release(&load);
	scaling_sizes_release(&sizes);
	return went ? 0 : 1;
}

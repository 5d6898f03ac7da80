/* SPDX-License-Identifier: Apache-2.0 */
/* Each reference policy in a scene that was worked out by hand: whole seconds of work, sizes known
 * exactly; "agents" is one digit per task, the agent that served it, "starts" the second at which
 * it began. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/units.h"
#include "sim/policy.h"

#define SCENE_TASKS  12
#define SCENE_AGENTS 4

struct scene {
	const struct policy *policy;
	const char *what;
	struct course_agent agents[SCENE_AGENTS]; /* slots 0 ends them */
	struct {
		double at_s, work_s;
	} tasks[SCENE_TASKS];    /* work 0 ends them */
	const char *agents_text; /* NULL: not looked at; '?': that one is not */
	const char *starts_text;
	const char *ends_text; /* in tenths of seconds; NULL: not looked at */
};

#define AGENT(fast, many)                                                                          \
	{                                                                                          \
		.speed = (fast), .slots = (many)                                                   \
	}

static const struct scene SCENES[] = {
	{&policy_round_robin, "in turn, however long the queue", {AGENT(1, 1), AGENT(1, 1)},
		{{0, 9}, {0, 1}, {1, 1}, {2, 1}, {3, 1}}, "01010", "0.0.9.2.10", NULL},
	/* Weights 1 and 3 by slots.  Earned before each choice: (1,3), (2,2), (-1,5), (0,4), (1,3).
	 */
	{&policy_weighted_round_robin, "by slots, smoothly", {AGENT(1, 1), AGENT(1, 3)},
		{{0, 100}, {0, 100}, {0, 100}, {0, 100}, {0, 1}}, "10111", "0.0.0.0.100", NULL},
	{&policy_least_in_flight, "the smaller count, whatever the slots",
		{AGENT(1, 1), AGENT(1, 4)}, {{0, 9}, {0, 9}, {0, 9}, {0, 9}, {0, 9}}, "01010",
		"0.0.9.0.18", NULL},
	{&policy_least_per_slot, "the smaller share of the slots", {AGENT(1, 1), AGENT(1, 3)},
		{{0, 9}, {0, 9}, {0, 9}, {0, 9}, {0, 9}}, "01110", "0.0.0.0.9", NULL},
	/* With two agents both are looked at: the one without work, whichever was first. */
	{&policy_p2c, "the shorter queue of the two", {AGENT(1, 1), AGENT(1, 1)},
		{{0, 9}, {1, 9}, {9.5, 1}, {10.2, 1}}, NULL, "0.1.9.10", NULL},
	/* Fast agent first once speeds are known: agent 1 (speed 4) took 1 s for an announced 4,
	 * agent 0 4 s.  The fourth task finds both idle and goes to agent 1; the fifth has to take
	 * agent 0; the sixth waits in the one queue for whoever is free first. */
	{&policy_central_fcfs, "the fastest idle slot, one queue", {AGENT(1, 1), AGENT(4, 1)},
		{{0, 4}, {0, 4}, {5, 4}, {10, 4}, {10, 8}, {10, 4}}, "011101", "0.0.5.10.10.11",
		NULL},
	/* The long task gives its fast slot to the short ones and ends last: 8 of work on speed 2,
	 * interrupted at 1 (6 left) by 2 of work; it moves to the slow slot (speed 1), where it is
	 * until 2 (5 left), then again fast: ends at 4.5. */
	{&policy_srpt, "least work left has the fastest slot", {AGENT(1, 1), AGENT(2, 1)},
		{{0, 8}, {1, 2}}, NULL, "0.1", "45.20"},
	/* Idle agents stand in line in the order in which they became idle: 0 1 2 at first; then 2
	 * (ends at 1), 0 (at 2), 1 (at 3). */
	{&policy_join_idle_queue, "who became idle first", {AGENT(1, 1), AGENT(1, 1), AGENT(1, 1)},
		{{0, 2}, {0, 3}, {0, 1}, {5, 1}, {5, 1}, {5, 1}}, "012201", "0.0.0.5.5.5", NULL},
	/* Unknown agents with work are avoided; after agent 0 took 9 s and agent 1 took 1 s, the
	 * cost of agent 1 with one in flight (2 x about 1) is below that of agent 0. */
	{&policy_peak_ewma, "response time times what is in flight", {AGENT(1, 9), AGENT(9, 9)},
		{{0, 9}, {0.001, 9}, {9.5, 9}, {9.6, 9}}, "??11", "0.0.9.9", NULL},
	/* At first all scores are 0: agent 0. Its end at 4 makes its mean service and response 0.1
	 * of 4; the unknown agent 1 still scores 0 and is tried, after which its score is 0.1. Then
	 * 0.1 against 0.4: agent 1; 8 x 0.1 against 0.4: agent 0; 0.8 against 8 x 0.4: agent 1. */
	{&policy_c3, "cubic in the queue", {AGENT(1, 2), AGENT(4, 2)},
		{{0, 4}, {5, 4}, {10, 4}, {10, 4}, {10, 4}}, "01101", "0.5.10.10.10", NULL},
	/* Both agents are probed each time.  The one without a known latency is tried; then 4 s
	 * against 1 s: agent 1; it is hot now, for 7 of the 8 last answers said 0 in flight: agent
	 * 0; with 3 of 10 at 1 that is no longer hot, and the smaller latency wins again. */
	{&policy_prequal, "hot and cold, then latency", {AGENT(1, 2), AGENT(4, 2)},
		{{0, 4}, {5, 4}, {10, 4}, {10, 4}, {10, 4}}, "??101", "0.5.10.10.10", NULL},
	/* Equal service, so the smaller load as last seen: full loads are equal, and the first
	 * agent gets all until the poll at 10 s, which shows that agent 1 has a free slot. */
	{&policy_naive_factors, "polled load and own assignments", {AGENT(1, 2), AGENT(1, 2)},
		{{0, 1}, {0, 1}, {5, 1}, {9.5, 1}, {9.8, 9}, {9.9, 9}, {9.9, 9}, {10.1, 1}},
		"01010001", "0.0.5.9.9.9.18.10", NULL},
};

static uint32_t fill_scene(const struct scene *scene, struct course *course)
{
	struct course_task tasks[SCENE_TASKS];
	uint32_t agents = 0;
	uint32_t count = 0;

	while (agents < SCENE_AGENTS && scene->agents[agents].slots > 0)
		agents++;
	for (; count < SCENE_TASKS && scene->tasks[count].work_s > 0.0; count++) {
		int64_t work_ns = num_to_i64(scene->tasks[count].work_s * 1e9);

		tasks[count] =
			(struct course_task){.at_ns = num_to_i64(scene->tasks[count].at_s * 1e9),
				.work_ns = work_ns,
				.estimate_ns = work_ns};
	}
	assert_true(course_init_scene(course, scene->agents, agents, tasks, count));
	return count;
}

#define TEXT_SIZE 128

static void write_race(
	const struct race *race, uint32_t count, char *agents, char *starts, char *ends)
{
	size_t starts_used = 0, ends_used = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct race_task *task = &race->tasks[i];
		const char *dot = i == 0 ? "" : ".";

		agents[i] = (char)('0' + task->agent);
		starts_used += (size_t)snprintf(starts + starts_used, TEXT_SIZE - starts_used,
			"%s%d", dot, (int)(task->started_at_ns / NS_PER_S));
		ends_used += (size_t)snprintf(ends + ends_used, TEXT_SIZE - ends_used, "%s%d", dot,
			(int)(task->ended_at_ns / (NS_PER_S / 10)));
	}
	agents[count] = '\0';
}

static bool is_like(const char *text, const char *wanted)
{
	bool is_same = wanted == NULL || strlen(text) == strlen(wanted);

	for (size_t i = 0; wanted != NULL && is_same && text[i] != '\0'; i++)
		is_same = wanted[i] == '?' || text[i] == wanted[i];
	return is_same;
}

static void test_scenes(void **state)
{
	uint32_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof SCENES / sizeof SCENES[0]; i++) {
		const struct scene *scene = &SCENES[i];
		char agents[SCENE_TASKS + 1], starts[TEXT_SIZE], ends[TEXT_SIZE];
		struct course course;
		struct race race;
		uint32_t count = fill_scene(scene, &course);

		assert_true(race_run(&race, &course, scene->policy, NULL));
		write_race(&race, count, agents, starts, ends);
		if (!is_like(starts, scene->starts_text) || !is_like(agents, scene->agents_text) ||
			!is_like(ends, scene->ends_text)) {
			print_error("%s, %s: agents %s, starts %s, ends %s\n", scene->policy->name,
				scene->what, agents, starts, ends);
			wrong++;
		}
		race_release(&race);
		course_release(&course);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

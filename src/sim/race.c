/* SPDX-License-Identifier: Apache-2.0 */
/* At one instant tasks end first, then what the policy waits for, then tasks arrive. */
#include "sim/race.h"

#include "base/assert.h"
#include "base/list.h"
#include "base/num.h"
#include "base/units.h"
#include "sim/policy.h"

#include <stdlib.h>

#define CHANCE_SALT UINT64_C(0x6368616e6365)

void race_fail(struct race *race, const char *why)
{
	if (race->failure == NULL)
		race->failure = why;
}

/* When an attempt that begins at the agent at begin_ns is known to have ended. */
static int64_t end_known_ns(
	struct race *race, uint32_t agent, int64_t begin_ns, const struct course_task *task)
{
	uint32_t turn;
	int64_t until_ns;

	/* Nothing begins before what is known of now; what begins later must not move the hint on.
	 */
	course_speed_at(race->course, agent, race->now_ns - race->network_ns,
		&race->agents[agent].turn, &until_ns);
	turn = race->agents[agent].turn;
	return num_add_i64(course_finish_ns(race->course, agent, begin_ns, task->work_ns, &turn),
		race->network_ns);
}

/* Begins at the agent at begin_ns. */
static void start(
	struct race *race, uint32_t task, uint32_t agent, uint32_t attempt, int64_t begin_ns)
{
	struct race_agent *who = &race->agents[agent];
	struct race_run *run = &race->runs[race->run_unused];
	const struct course_task *what = &race->course->tasks[task];
	int64_t end_ns;

	bal_assert(who->running < who->slots);
	race->run_unused = run->next;
	who->running++;
	*run = (struct race_run){
		.task = task, .agent = agent, .attempt = attempt, .started_at_ns = race->now_ns};
	end_ns = end_known_ns(race, agent, begin_ns, what);
	/* Whatever holds an attempt up, another one of the same task does not meet. */
	if (attempt == 1)
		end_ns = num_add_i64(end_ns, what->stall_ns);
	heap_insert(&race->ends, &run->node, end_ns, (uint64_t)attempt << 32 | task);
}

static void start_first(struct race *race, uint32_t task, uint32_t agent, int64_t begin_ns)
{
	bal_assert(race->tasks[task].started_at_ns < 0);
	race->tasks[task].started_at_ns = race->now_ns;
	race->tasks[task].agent = agent;
	start(race, task, agent, 1, begin_ns);
}

void race_start(struct race *race, uint32_t task, uint32_t agent)
{
	start_first(race, task, agent, race->now_ns + race->network_ns);
}

void race_start_again(struct race *race, uint32_t task, uint32_t agent, uint32_t attempt)
{
	bal_assert(race->tasks[task].started_at_ns >= 0);
	bal_assert(race->tasks[task].ended_at_ns < 0);
	bal_assert(attempt > 1);
	start(race, task, agent, attempt, race->now_ns + race->network_ns);
}

static void free_run(struct race *race, struct race_run *run)
{
	race->agents[run->agent].running--;
	run->next = race->run_unused;
	race->run_unused = (uint32_t)(run - race->runs);
}

void race_stop(struct race *race, uint32_t task, uint32_t attempt)
{
	for (uint32_t i = 0; i < race->course->slot_count; i++) {
		struct race_run *run = &race->runs[i];

		if (!heap_holds(&run->node) || run->task != task || run->attempt != attempt)
			continue;
		heap_remove(&race->ends, &run->node);
		free_run(race, run);
		return;
	}
}

void race_bind(struct race *race, uint32_t task, uint32_t agent)
{
	struct race_agent *who = &race->agents[agent];

	if (who->running < who->slots) {
		race_start(race, task, agent);
		return;
	}
	race->tasks[task].next = RACE_NOBODY;
	race->tasks[task].bound_at_ns = race->now_ns;
	if (who->bound == 0)
		who->first = task;
	else
		race->tasks[who->last].next = task;
	who->last = task;
	who->bound++;
}

/* The slot that was freed goes to the first task that is bound to its agent. */
static void start_bound(struct race *race, uint32_t agent)
{
	struct race_agent *who = &race->agents[agent];
	uint32_t task = who->first;

	if (who->bound == 0)
		return;
	who->first = race->tasks[task].next;
	who->bound--;
	/* The slot fell free a delay ago, when the task had perhaps not come yet. */
	start_first(race, task, agent,
		num_max_i64(race->now_ns - race->network_ns,
			race->tasks[task].bound_at_ns + race->network_ns));
}

static void end_task(struct race *race)
{
	struct heap_node *node = heap_pop(&race->ends);
	struct race_run *run = container_of(node, struct race_run, node);
	struct race_task *task = &race->tasks[run->task];
	struct policy_end end = {.task = run->task, .agent = run->agent, .attempt = run->attempt};

	race->now_ns = node->key;
	free_run(race, run);
	race->ended_count++;
	task->ended_at_ns = race->now_ns;
	task->agent = end.agent;
	end.service_ns = race->now_ns - run->started_at_ns;
	pace_learn(
		&race->pace, end.agent, end.service_ns, race->course->tasks[end.task].estimate_ns);
	start_bound(race, end.agent);
	if (race->policy->end != NULL)
		race->policy->end(race, &end);
}

static void arrive(struct race *race)
{
	uint32_t task = race->arrived_count++;

	race->now_ns = race->course->tasks[task].at_ns;
	race->policy->arrive(race, task);
}

/* False when everything has happened. */
static bool step(struct race *race)
{
	const struct policy *policy = race->policy;
	const struct heap_node *first = heap_first(&race->ends);
	int64_t end_ns = first == NULL ? TIME_NEVER_NS : first->key;
	int64_t wake_ns = policy->wake_at_ns == NULL ? TIME_NEVER_NS : policy->wake_at_ns(race);
	int64_t arrival_ns = race->arrived_count == race->course->task_count
				     ? TIME_NEVER_NS
				     : race->course->tasks[race->arrived_count].at_ns;

	if (race->ended_count == race->course->task_count)
		return false;
	if (end_ns == TIME_NEVER_NS && arrival_ns == TIME_NEVER_NS && wake_ns == TIME_NEVER_NS) {
		race_fail(race, "tasks wait and nothing will ever happen");
		return false;
	}
	if (end_ns <= wake_ns && end_ns <= arrival_ns) {
		end_task(race);
	} else if (wake_ns <= arrival_ns) {
		race->now_ns = num_max_i64(race->now_ns, wake_ns);
		policy->wake(race);
	} else {
		arrive(race);
	}
	return race->failure == NULL;
}

static bool make_race(struct race *race)
{
	const struct course *course = race->course;

	race->agents = calloc(course->agent_count, sizeof *race->agents);
	race->tasks = calloc(course->task_count, sizeof *race->tasks);
	race->runs = calloc(course->slot_count, sizeof *race->runs);
	if (race->agents == NULL || race->tasks == NULL || race->runs == NULL)
		return false;
	for (uint32_t i = 0; i < course->agent_count; i++)
		race->agents[i].slots = course->agents[i].slots;
	for (uint32_t i = 0; i < course->task_count; i++) {
		race->tasks[i].started_at_ns = -1;
		race->tasks[i].ended_at_ns = -1;
	}
	for (uint32_t i = 0; i < course->slot_count; i++)
		race->runs[i].next = i + 1;
	return pace_init(&race->pace, course->agent_count);
}

bool race_run(struct race *race, struct course *course, const struct policy *policy,
	const struct policy_settings *settings)
{
	*race = (struct race){.course = course, .policy = policy};
	race->network_ns = num_to_i64(course->options.network_s * (double)NS_PER_S);
	prng_init(&race->prng, course->options.seed ^ CHANCE_SALT);
	if (policy->state_size > 0)
		race->state = calloc(1, policy->state_size);
	if (!make_race(race) || (policy->state_size > 0 && race->state == NULL)) {
		race_fail(race, "no memory");
		return false;
	}
	if (policy->begin != NULL)
		policy->begin(race, settings);
	if (policy->run != NULL && race->failure == NULL)
		policy->run(race);
	while (policy->run == NULL && race->failure == NULL && step(race))
		continue;
	return race->failure == NULL;
}

void race_release(struct race *race)
{
	if (race->policy != NULL && race->policy->release != NULL && race->state != NULL)
		race->policy->release(race);
	free(race->state);
	free(race->agents);
	free(race->tasks);
	free(race->runs);
	pace_release(&race->pace);
	*race = (struct race){.course = NULL};
}

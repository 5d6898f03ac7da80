/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace FOLDER [--update]: plays the scenes and compares each with FOLDER/NAME.txt, byte for byte.
 * --update writes the files anew: read the difference before committing it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../golden/golden.h"
#include "scene.h"

#define PATH_SIZE 4096

#define EVENT(name, ...) ((struct bal_event){.type = BAL_EVENT_##name, __VA_ARGS__})

static void play_lifecycle(struct scene *scene)
{
	struct bal_event task = scene_task(1);

	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_say(scene, "A durable task is stored before it is accepted, and so is its end.");
	task.task.flags = BAL_TASK_DURABLE;
	scene_feed(scene, task);
	scene_pass(scene, 2 * NS_PER_MS);
	scene_feed(scene, EVENT(TASK_STORED, .stored = {.task = 1}));
	scene_feed(scene, EVENT(ATTEMPT_STARTED, .attempt = {.task = 1, .attempt = 1}));
	scene_pass(scene, 3 * NS_PER_S);
	scene_answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
	scene_pass(scene, 2 * NS_PER_MS);
	scene_feed(scene, EVENT(RESULT_STORED, .stored = {.task = 1}));
	scene_say(scene, "One that cannot be made durable is refused.");
	task.task.id = 2;
	scene_feed(scene, task);
	scene_feed(scene, EVENT(TASK_STORED, .stored = {.task = 2, .status = BAL_NO_SPACE}));
}

static void play_retry(struct scene *scene)
{
	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_say(scene, "Two attempts are allowed; the second comes after a back-off.");
	scene_feed(scene, scene_task(1));
	scene_pass(scene, NS_PER_S);
	scene_answer(scene, 1, 1, BAL_OUTCOME_RETRYABLE);
	scene_pass(scene, 2 * NS_PER_S);
	scene_answer(scene, 1, 2, BAL_OUTCOME_RETRYABLE);
	scene_say(scene, "The agent's own no is not tried again.");
	scene_feed(scene, scene_task(2));
	scene_answer(scene, 2, 1, BAL_OUTCOME_FAILED);
}

/* Twenty tasks of a second each: it is known how long they take. */
static void teach(struct scene *scene)
{
	for (uint64_t task = 101; task <= 120; task++) {
		scene_feed(scene, scene_task(task));
		scene_pass(scene, NS_PER_S);
		scene_answer(scene, task, 1, BAL_OUTCOME_SUCCEEDED);
	}
}

static void play_hedge(struct scene *scene)
{
	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_agent(scene, 2, 0, 1);
	scene_feed(
		scene, EVENT(KNOB, .knob = {.knob = BAL_KNOB_HEDGE_SHARE, .value = PERMILLE / 2}));
	teach(scene);
	scene_say(
		scene, "An agent hangs.  The task is late: it gets a second attempt, which wins.");
	scene_feed(scene, scene_task(1));
	scene_pass(scene, 4 * NS_PER_S);
	scene_answer(scene, 1, 2, BAL_OUTCOME_SUCCEEDED);
	scene_say(scene, "Both slots are free.  The first attempt's answer comes too late.");
	scene_answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
	scene_say(scene, "No second attempt while a task waits for the slot.");
	scene_feed(scene, scene_task(2));
	scene_feed(scene, scene_task(3));
	scene_feed(scene, scene_task(4));
	scene_pass(scene, 5 * NS_PER_S);
	scene_answer(scene, 2, 1, BAL_OUTCOME_SUCCEEDED);
	scene_answer(scene, 3, 1, BAL_OUTCOME_SUCCEEDED);
	scene_say(scene,
		"When none waits any more it starts; what fails while the other runs costs "
		"nothing.");
	scene_pass(scene, 20 * NS_PER_S);
	scene_answer(scene, 4, 2, BAL_OUTCOME_RETRYABLE);
	scene_say(scene,
		"It runs as long again before the next; then the first fails, and that goes "
		"on alone.");
	scene_pass(scene, 20 * NS_PER_S);
	scene_answer(scene, 4, 1, BAL_OUTCOME_RETRYABLE);
	scene_say(scene, "Its agent goes away: now the task itself has failed, once.");
	scene_feed(scene, EVENT(AGENT_DOWN, .down = {.agent = 2}));
}

static void play_ahead(struct scene *scene)
{
	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_feed(scene, EVENT(KNOB, .knob = {.knob = BAL_KNOB_PREFETCH, .value = 1}));
	scene_say(scene, "The only slot is taken: the next task is sent ahead, a third one waits.");
	for (uint64_t task = 1; task <= 3; task++)
		scene_feed(scene, scene_task(task));
	scene_pass(scene, NS_PER_S);
	scene_say(scene,
		"The slot falls free: the second begins by itself, the third is sent ahead.");
	scene_answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
	scene_say(
		scene, "The agent is to drain: what has not begun comes back and goes elsewhere.");
	scene_feed(scene, EVENT(AGENT_DRAINED, .drain = {.agent = 1}));
	scene_agent(scene, 2, 0, 1);
	scene_answer(scene, 2, 1, BAL_OUTCOME_SUCCEEDED);
}

static void play_late(struct scene *scene)
{
	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_agent(scene, 2, 0, 1);
	scene_feed(scene, scene_task(1));
	scene_say(scene, "The attempt times out, a second one runs.");
	scene_pass(scene, 10 * NS_PER_MIN + 2 * NS_PER_S);
	scene_say(scene, "A late failure of the first does not count; a late success does.");
	scene_answer(scene, 1, 1, BAL_OUTCOME_FAILED);
	scene_answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
	scene_say(scene, "The answer of the second finds the task ended.");
	scene_answer(scene, 1, 2, BAL_OUTCOME_SUCCEEDED);
	scene_say(scene, "An attempt that was never made cannot end a task.");
	scene_feed(scene, scene_task(2));
	scene_answer(scene, 2, 2, BAL_OUTCOME_SUCCEEDED);
}

static void play_lease(struct scene *scene)
{
	struct bal_event pool = scene_pool(0, BAL_POOL_LEASE);

	pool.pool.timeout_ns = NS_PER_MIN;
	scene_feed(scene, pool);
	scene_agent(scene, 1, 0, 1);
	scene_feed(scene, scene_task(1));
	scene_say(
		scene, "The worker says how long its lease is, renews it once, and falls silent.");
	scene_feed(
		scene, EVENT(ATTEMPT_EXTENDED,
			       .extended = {.task = 1, .attempt = 1, .until_ns = 20 * NS_PER_S}));
	scene_pass(scene, 15 * NS_PER_S);
	scene_feed(
		scene, EVENT(ATTEMPT_EXTENDED,
			       .extended = {.task = 1, .attempt = 1, .until_ns = 35 * NS_PER_S}));
	scene_pass(scene, 25 * NS_PER_S);
	scene_say(scene, "Renewing a lease that ran out is refused.");
	scene_feed(
		scene, EVENT(ATTEMPT_EXTENDED,
			       .extended = {.task = 1, .attempt = 1, .until_ns = 90 * NS_PER_S}));
}

static void play_cancel(struct scene *scene)
{
	struct bal_event task = scene_task(3);

	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_feed(scene, scene_task(1));
	scene_feed(scene, scene_task(2));
	scene_say(scene, "Waiting: it ends. Running: its agent is told, the slot is free at once.");
	scene_feed(scene, EVENT(TASK_CANCELLED, .cancelled = {.task = 2}));
	task.task.flags = BAL_TASK_DURABLE;
	scene_feed(scene, task);
	scene_feed(scene, EVENT(TASK_STORED, .stored = {.task = 3}));
	scene_feed(scene, EVENT(TASK_CANCELLED, .cancelled = {.task = 1}));
	scene_answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
	scene_feed(scene, EVENT(TASK_CANCELLED, .cancelled = {.task = 3}));
	scene_feed(scene, EVENT(RESULT_STORED, .stored = {.task = 3}));
}

/* Agents of the last order come up. */
static void bring_up(struct scene *scene, uint64_t agent, uint64_t order)
{
	scene_feed(scene, EVENT(AGENT_UP, .up = {.agent = agent,
						  .pool = 0,
						  .state = BAL_AGENT_STARTING,
						  .slots = 1,
						  .order = order}));
	scene_feed(scene, EVENT(AGENT_READY, .agent = {.agent = agent}));
}

static uint64_t last_order(const struct scene *scene)
{
	struct bal_pool_view view;

	return bal_pool_view(scene->core, 0, &view) ? view.order_last : 0;
}

static void play_scaling(struct scene *scene)
{
	struct bal_event pool = scene_pool(0, BAL_POOL_PROCESS);

	pool.pool.agents_min = 2;
	pool.pool.agents_max = 20;
	pool.pool.timeout_ns = 2 * NS_PER_HOUR;
	pool.pool.slots = 10;
	scene_feed(scene, pool);
	scene_say(scene, "The minimum is ordered at once.");
	scene_pass(scene, NS_PER_S);
	scene_why(scene, 0);
	bring_up(scene, 1, last_order(scene));
	bring_up(scene, 2, last_order(scene));
	scene_feed(scene, EVENT(AGENT_SLOTS, .slots = {.agent = 1, .slots = 10}));
	scene_feed(scene, EVENT(AGENT_SLOTS, .slots = {.agent = 2, .slots = 10}));
	scene_say(scene, "17 of 20 slots busy: above 80 % for 5 minutes makes one more.");
	for (uint64_t task = 1; task <= 17; task++)
		scene_feed(scene, scene_task(task));
	scene_pass(scene, 4 * NS_PER_MIN + 58 * NS_PER_S);
	scene_say(scene, "4 min 58 s: nothing yet.");
	scene_pass(scene, 4 * NS_PER_S);
	scene_why(scene, 0);
	bring_up(scene, 3, last_order(scene));
	scene_feed(scene, EVENT(AGENT_SLOTS, .slots = {.agent = 3, .slots = 10}));
	scene_say(scene, "All done but two: below 30 % for 15 minutes gives one back.");
	for (uint64_t task = 1; task <= 15; task++)
		scene_answer(scene, task, 1, BAL_OUTCOME_SUCCEEDED);
	scene_pass(scene, 14 * NS_PER_MIN + 58 * NS_PER_S);
	scene_say(scene, "14 min 58 s: nothing yet.");
	scene_pass(scene, 4 * NS_PER_S);
	scene_why(scene, 0);
	scene_feed(scene, EVENT(AGENT_DOWN, .down = {.agent = 3, .expected = true}));
}

static void play_emergency(struct scene *scene)
{
	struct bal_event pool = scene_pool(0, BAL_POOL_PROCESS);
	struct bal_event task = scene_task(2);

	pool.pool.agents_max = 20;
	scene_feed(scene, pool);
	scene_pass(scene, NS_PER_S);
	bring_up(scene, 1, last_order(scene));
	scene_feed(scene, scene_task(1));
	scene_say(scene, "A critical task waits for more than a minute: capacity doubles.");
	task.task.priority = BAL_PRIORITY_CRITICAL;
	scene_feed(scene, task);
	scene_pass(scene, 62 * NS_PER_S);
	scene_why(scene, 0);
	bring_up(scene, 2, last_order(scene));
}

static void play_drain(struct scene *scene)
{
	struct bal_event pool = scene_pool(0, BAL_POOL_PROCESS);

	scene_feed(scene, pool);
	scene_pass(scene, NS_PER_S);
	bring_up(scene, 1, last_order(scene));
	scene_feed(scene, scene_task(1));
	scene_feed(scene, EVENT(AGENT_DRAINED, .drain = {.agent = 1}));
	scene_say(scene, "Another takes its place in the minimum.");
	scene_pass(scene, NS_PER_S);
	bring_up(scene, 2, last_order(scene));
	scene_say(scene, "At the drain limit the agent is asked to hand its task back.");
	scene_pass(scene, 29 * NS_PER_S);
	scene_answer(scene, 1, 1, BAL_OUTCOME_HANDED_BACK);
	scene_say(scene, "It is ended, and the task runs on the other agent as attempt 2.");
	scene_feed(scene, EVENT(AGENT_DOWN, .down = {.agent = 1, .expected = true}));
	scene_answer(scene, 1, 2, BAL_OUTCOME_SUCCEEDED);
}

static void play_child(struct scene *scene)
{
	struct bal_event child = scene_task(2);

	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_feed(scene, scene_task(1));
	scene_say(
		scene, "The pool is full with a parent that only waits: its child uses its slot.");
	child.task.parent = 1;
	child.task.flags = BAL_TASK_PARENT_WAITS;
	scene_feed(scene, child);
	scene_say(scene, "A second child waits, for the slot is lent once.");
	child.task.id = 3;
	scene_feed(scene, child);
	scene_answer(scene, 2, 1, BAL_OUTCOME_SUCCEEDED);
	scene_answer(scene, 3, 1, BAL_OUTCOME_SUCCEEDED);
	scene_answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
}

static void play_limit(struct scene *scene)
{
	struct bal_event pool = scene_pool(0, BAL_POOL_URLS);

	scene_feed(scene, EVENT(LIMIT, .limit = {.limit = 0, .running_max = 1}));
	pool.pool.limits[0] = 0;
	scene_feed(scene, pool);
	pool.pool.pool = 1;
	scene_feed(scene, pool);
	scene_agent(scene, 1, 0, 2);
	scene_agent(scene, 2, 1, 2);
	scene_say(
		scene, "Two pools share a limit of one: the second task waits beside free slots.");
	scene_feed(scene, scene_task(1));
	scene_feed(scene, scene_task(2));
	scene_answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
}

static void play_refusals(struct scene *scene)
{
	struct bal_event task = scene_task(1);

	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_say(scene, "No pool offers tag 5.");
	task.task.needs.tags.words[0] = 33;
	scene_feed(scene, task);
	scene_say(scene, "A deadline that has passed, and one that cannot be met.");
	task = scene_task(2);
	task.task.deadline_ns = 0;
	scene_pass(scene, NS_PER_S);
	scene_feed(scene, task);
	for (uint64_t id = 10; id < 30; id++) {
		scene_feed(scene, scene_task(id));
		scene_pass(scene, 10 * NS_PER_S);
		scene_answer(scene, id, 1, BAL_OUTCOME_SUCCEEDED);
	}
	task = scene_task(30);
	task.task.deadline_ns = scene->now_ns + NS_PER_S;
	scene_feed(scene, task);
	scene_say(scene, "The queue holds two; the third is told when to come again.");
	scene_feed(scene, EVENT(KNOB, .knob = {.knob = BAL_KNOB_QUEUE_MAX, .value = 2}));
	for (uint64_t id = 31; id < 35; id++)
		scene_feed(scene, scene_task(id));
}

static void play_wait(struct scene *scene)
{
	struct bal_event back = EVENT(ATTEMPT_ENDED,
		.ended = {.task = 1, .epoch = 1, .attempt = 1, .outcome = BAL_OUTCOME_HANDED_BACK});

	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_feed(scene, scene_task(1));
	scene_feed(scene, scene_task(2));
	scene_say(
		scene, "The first hands itself back until the second has ended: it holds no slot.");
	back.ended.waits_for = 2;
	scene_feed(scene, back);
	scene_pass(scene, 5 * NS_PER_S);
	scene_answer(scene, 2, 1, BAL_OUTCOME_SUCCEEDED);
	scene_pass(scene, 0);
	scene_say(scene, "Handed back with a time: it comes again then, which is no failure.");
	back.ended.waits_for = 0;
	back.ended.attempt = 2;
	back.ended.retry_after_ns = 90 * NS_PER_S;
	scene_feed(scene, back);
	scene_pass(scene, 2 * NS_PER_MIN);
	scene_answer(scene, 1, 3, BAL_OUTCOME_SUCCEEDED);
}

static void play_busy(struct scene *scene)
{
	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 2);
	scene_feed(scene, scene_task(1));
	scene_say(
		scene, "An agent that is busy says when to come again; nothing goes there before.");
	scene_feed(scene, EVENT(ATTEMPT_ENDED, .ended = {.task = 1,
						       .epoch = 1,
						       .attempt = 1,
						       .outcome = BAL_OUTCOME_BUSY,
						       .retry_after_ns = 20 * NS_PER_S}));
	scene_pass(scene, 19 * NS_PER_S);
	scene_feed(scene, scene_task(2));
	scene_pass(scene, NS_PER_S);
}

static void play_eject(struct scene *scene)
{
	struct bal_event pool = scene_pool(0, BAL_POOL_URLS);

	pool.pool.attempts_max = 9;
	pool.pool.backoff_ns = 0;
	scene_feed(scene, pool);
	scene_agent(scene, 1, 0, 1);
	scene_say(scene, "Three failures in a row of the only agent: it cannot be spared.");
	scene_feed(scene, scene_task(1));
	for (uint32_t attempt = 1; attempt <= 3; attempt++) {
		scene_answer(scene, 1, attempt, BAL_OUTCOME_RETRYABLE);
		scene_pass(scene, NS_PER_MS);
	}
	scene_say(scene, "With a second agent it can: it is probed after five seconds.");
	scene_feed(scene,
		EVENT(AGENT_UP,
			.up = {.agent = 2, .pool = 0, .state = BAL_AGENT_STARTING, .slots = 1}));
	scene_feed(scene, EVENT(AGENT_READY, .agent = {.agent = 2}));
	scene_answer(scene, 1, 4, BAL_OUTCOME_RETRYABLE);
	scene_pass(scene, 5 * NS_PER_S);
	scene_say(scene, "Still not well: twice the time. Then it is back.");
	scene_feed(scene, EVENT(AGENT_UNHEALTHY, .agent = {.agent = 1}));
	scene_pass(scene, 10 * NS_PER_S);
	scene_feed(scene, EVENT(AGENT_READY, .agent = {.agent = 1}));
	scene_feed(scene, scene_task(2));
}

static void play_deadline(struct scene *scene)
{
	struct bal_event task = scene_task(2);

	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_feed(scene, scene_task(1));
	scene_say(scene, "A task that waits ends at its deadline.");
	task.task.deadline_ns = 10 * NS_PER_S;
	scene_feed(scene, task);
	scene_pass(scene, 10 * NS_PER_S);
	scene_say(scene, "One that runs is left to finish.");
	scene_answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
	task.task.id = 3;
	task.task.deadline_ns = 20 * NS_PER_S;
	scene_feed(scene, task);
	scene_pass(scene, 15 * NS_PER_S);
	scene_answer(scene, 3, 1, BAL_OUTCOME_SUCCEEDED);
	scene_say(scene, "One that backs off ends at it, too.");
	task.task.id = 4;
	task.task.deadline_ns = scene->now_ns + NS_PER_S / 2;
	scene_feed(scene, task);
	scene_answer(scene, 4, 1, BAL_OUTCOME_RETRYABLE);
	scene_pass(scene, 2 * NS_PER_S);
}

static void play_tenants(struct scene *scene)
{
	struct bal_event task = scene_task(1);

	scene_feed(scene, EVENT(TENANT, .tenant = {.tenant = 1, .weight = 3}));
	scene_feed(scene, EVENT(TENANT, .tenant = {.tenant = 2, .weight = 1, .running_max = 1}));
	scene_feed(scene, scene_pool(0, BAL_POOL_URLS));
	scene_agent(scene, 1, 0, 1);
	scene_say(scene, "Six tasks of tenant 1, then three of tenant 2, a third of its weight.");
	for (uint64_t id = 1; id <= 9; id++) {
		task.task.id = id;
		task.task.tenant = id <= 6 ? 1 : 2;
		task.task.size_ns = NS_PER_S;
		scene_feed(scene, task);
	}
	scene_say(scene, "They share the slot three to one.");
	for (uint64_t id = 1; id <= 3; id++) {
		scene_answer(scene, id, 1, BAL_OUTCOME_SUCCEEDED);
		if (id == 1)
			scene_answer(scene, 7, 1, BAL_OUTCOME_SUCCEEDED);
	}
	scene_say(
		scene, "More slots: tenant 2 may run one task at a time, tenant 1 takes the rest.");
	scene_feed(scene, EVENT(AGENT_SLOTS, .slots = {.agent = 1, .slots = 5}));
}

static void play_restart(struct scene *scene)
{
	struct bal_event back = EVENT(TASK_RESTORED, .restored = {.task = scene_task(1).task});

	scene_say(scene, "Before the start, the host tells what the store and the launcher know.");
	scene_feed(scene, scene_pool(0, BAL_POOL_COMMAND));
	scene_agent(scene, 1, 0, 1);
	back.restored.task.flags = BAL_TASK_DURABLE;
	back.restored.submitted_at_ns = -NS_PER_MIN;
	back.restored.agent = 1;
	back.restored.attempt = 1;
	back.restored.epoch = 1;
	back.restored.until_ns = NS_PER_MIN;
	scene_feed(scene, back);
	back.restored.task.id = 2;
	back.restored.agent = 0;
	back.restored.failures = 1;
	back.restored.not_before_ns = 5 * NS_PER_S;
	scene_feed(scene, back);
	scene_feed(scene, EVENT(START, .start = {.epoch = 2, .seed = 1}));
	scene_pass(scene, 10 * NS_PER_S);
	scene_say(scene, "The run of the last epoch goes on, and its answer counts.");
	scene_answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
	scene_feed(scene, EVENT(RESULT_STORED, .stored = {.task = 1}));
	scene_say(scene, "A failure of an epoch that is over does not end the new attempt.");
	scene_answer(scene, 2, 1, BAL_OUTCOME_FAILED);
	scene_feed(scene, EVENT(ATTEMPT_ENDED, .ended = {.task = 2,
						       .epoch = 2,
						       .attempt = 2,
						       .outcome = BAL_OUTCOME_SUCCEEDED}));
}

static void play_gap(struct scene *scene)
{
	scene_feed(scene, scene_pool(0, BAL_POOL_LEASE));
	scene_agent(scene, 1, 0, 1);
	scene_feed(scene, scene_task(1));
	scene_feed(
		scene, EVENT(ATTEMPT_EXTENDED,
			       .extended = {.task = 1, .attempt = 1, .until_ns = 30 * NS_PER_S}));
	scene_say(scene,
		"The machine slept for a minute: nobody could renew a lease, so it lives on.");
	scene->now_ns = 80 * NS_PER_S;
	scene_feed(scene, EVENT(GAP, .gap = {.duration_ns = NS_PER_MIN}));
	scene_pass(scene, 9 * NS_PER_S);
	scene_feed(
		scene, EVENT(ATTEMPT_EXTENDED,
			       .extended = {.task = 1, .attempt = 1, .until_ns = 120 * NS_PER_S}));
	scene_pass(scene, NS_PER_MIN);
}

static void play_zero(struct scene *scene)
{
	struct bal_event pool = scene_pool(0, BAL_POOL_PROCESS);

	pool.pool.agents_min = 0;
	scene_feed(scene, pool);
	scene_pass(scene, 10 * NS_PER_S);
	scene_say(
		scene, "No agent, and none needed. A task brings the first one, without waiting.");
	scene_feed(scene, scene_task(1));
	scene_pass(scene, NS_PER_S);
	scene_why(scene, 0);
	scene_say(scene, "Its start fails: the next try comes after a pause, which doubles.");
	for (uint32_t i = 0; i < 2; i++) {
		scene_feed(scene, EVENT(SCALE_ENDED, .scale_ended = {.order = last_order(scene),
							     .status = BAL_UNAVAILABLE}));
		scene_pass(scene, 4 * NS_PER_S);
	}
	bring_up(scene, 1, last_order(scene));
	scene_answer(scene, 1, 1, BAL_OUTCOME_SUCCEEDED);
}

static const struct {
	const char *name;
	void (*play)(struct scene *scene);
	bool starts_itself; /* tells what was there before the start */
} SCENES[] = {
	{"lifecycle", play_lifecycle},
	{"retry", play_retry},
	{"late", play_late},
	{"hedge", play_hedge},
	{"ahead", play_ahead},
	{"lease", play_lease},
	{"cancel", play_cancel},
	{"scaling", play_scaling},
	{"emergency", play_emergency},
	{"drain", play_drain},
	{"child", play_child},
	{"limit", play_limit},
	{"refusals", play_refusals},
	{"wait", play_wait},
	{"busy", play_busy},
	{"eject", play_eject},
	{"deadline", play_deadline},
	{"tenants", play_tenants},
	{"gap", play_gap},
	{"zero", play_zero},
	{"restart", play_restart, true},
};

/* Plays a scene into memory; the caller frees it. */
static char *play(size_t number)
{
	struct scene scene;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		abort();
	scene_begin(&scene, to);
	if (!SCENES[number].starts_itself)
		scene_start(&scene);
	SCENES[number].play(&scene);
	scene_end(&scene);
	fclose(to);
	return text;
}

int main(int argc, char **argv)
{
	bool updates = argc == 3 && strcmp(argv[2], "--update") == 0;
	int failed = 0;

	if (argc < 2 || (argc > 2 && !updates)) {
		fprintf(stderr, "usage: trace FOLDER [--update]\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof SCENES / sizeof *SCENES; i++) {
		char path[PATH_SIZE];
		char *text = play(i);

		snprintf(path, sizeof path, "%s/%s.txt", argv[1], SCENES[i].name);
		failed += !golden_settle(path, text, updates);
		free(text);
	}
	return failed == 0 ? 0 : 1;
}

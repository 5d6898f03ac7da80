/* SPDX-License-Identifier: Apache-2.0 */
/* The earliest of the next arrival, end, boot, full second and what the fleet waits for happens
 * next; at the same instant what frees a slot comes before what wants one.  The books are kept as
 * sums over time, brought up to date whenever a count changes. */
#include "sim/scaling_world.h"

#include "base/assert.h"
#include "base/list.h"
#include "base/num.h"
#include "base/units.h"

#include <stdlib.h>

/* ---- books -------------------------------------------------------------------------------- */

static bool is_scored(const struct scaling_world *world)
{
	return world->now_ns >= world->options->history_ns;
}

static void advance(struct scaling_world *world, int64_t now_ns)
{
	struct scaling_score *score = &world->score;
	double passed_ns = (double)(now_ns - world->now_ns);
	int64_t scored_ns = now_ns - num_max_i64(world->now_ns, world->options->history_ns);

	bal_assert(now_ns >= world->now_ns);
	world->second_running += passed_ns * (double)world->running;
	world->second_ready += passed_ns * (double)world->running_ready;
	world->second_waiting += passed_ns * (double)world->waiting;
	world->now_ns = now_ns;
	if (scored_ns <= 0)
		return;
	score->agent_ns += scored_ns * (int64_t)world->alive;
	score->busy_ns += scored_ns * (int64_t)world->running;
	score->capacity_ns += scored_ns * (int64_t)(world->alive - world->starting) *
			      (int64_t)world->options->slots;
}

static void note_late(struct scaling_world *world, const struct scaling_task *task)
{
	int64_t wait_ns = world->now_ns - task->at_ns;

	if (wait_ns > SCALING_LATE_NS)
		world->second_late++;
	if (task->at_ns < world->options->history_ns)
		return;
	world->score.tasks++;
	world->score.late += wait_ns > SCALING_LATE_NS;
	world->score.late_service += wait_ns > task->work_ns;
}

static void note_unfinished(struct scaling_world *world, const struct scaling_task *task)
{
	world->second_late++;
	if (task->at_ns < world->options->history_ns)
		return;
	world->score.tasks++;
	world->score.late++;
	world->score.late_service++;
}

static void note_direction(struct scaling_world *world, int32_t direction)
{
	if (is_scored(world)) {
		world->score.steps++;
		world->score.reversals +=
			world->direction == -direction &&
			world->now_ns - world->direction_at_ns < SCALING_REVERSE_NS;
	}
	world->direction = direction;
	world->direction_at_ns = world->now_ns;
}

/* ---- tasks -------------------------------------------------------------------------------- */

static uint32_t task_new(struct scaling_world *world)
{
	uint32_t task = world->tasks_unused;

	if (task != SCALING_NOBODY) {
		world->tasks_unused = world->tasks[task].next;
		return task;
	}
	return world->tasks_high < SCALING_TASKS_MAX ? world->tasks_high++ : SCALING_NOBODY;
}

static void task_free(struct scaling_world *world, uint32_t task)
{
	world->tasks[task].serial = 0; /* nobody's */
	world->tasks[task].next = world->tasks_unused;
	world->tasks_unused = task;
}

void scaling_start(struct scaling_world *world, uint32_t number, uint32_t agent)
{
	struct scaling_task *task = &world->tasks[number];
	struct scaling_agent *place = &world->agents[agent];

	bal_assert(place->state == SCALING_READY);
	bal_assert(place->running < world->options->slots);
	bal_assert(world->waiting > 0);
	note_late(world, task);
	task->agent = agent;
	place->running++;
	world->waiting--;
	world->running++;
	world->running_ready++;
	heap_insert(&world->future, &task->end, world->now_ns + task->work_ns, task->serial * 2);
}

void scaling_refuse(struct scaling_world *world, uint32_t task)
{
	bal_assert(world->waiting > 0);
	note_unfinished(world, &world->tasks[task]);
	world->waiting--;
	task_free(world, task);
}

static void end_task(struct scaling_world *world, struct scaling_task *task)
{
	struct scaling_agent *agent = &world->agents[task->agent];
	uint32_t number = (uint32_t)(task - world->tasks);

	agent->running--;
	world->running--;
	if (agent->state == SCALING_READY)
		world->running_ready--;
	world->options->fleet->end(world, number);
	task_free(world, number);
}

static void arrive(struct scaling_world *world, int64_t work_ns)
{
	uint32_t number = task_new(world);
	struct scaling_task *task;

	if (number == SCALING_NOBODY) {
		world->failure = "more than a million tasks wait";
		return;
	}
	task = &world->tasks[number];
	task->at_ns = world->now_ns;
	task->work_ns = num_max_i64(work_ns, 1);
	task->agent = SCALING_NOBODY;
	task->serial = ++world->task_serial;
	world->waiting++;
	world->second_arrived++;
	world->options->fleet->arrive(world, number);
}

/* ---- agents ------------------------------------------------------------------------------- */

static uint32_t agent_new(struct scaling_world *world)
{
	uint32_t number;

	if (world->agents_unused_count == 0)
		return SCALING_NOBODY;
	number = world->agents_unused[--world->agents_unused_count];
	world->agents[number].serial = ++world->agent_serial;
	world->agents[number].running = 0;
	world->alive++;
	if (is_scored(world) && world->alive > world->score.agents_peak)
		world->score.agents_peak = world->alive;
	return number;
}

uint32_t scaling_launch(struct scaling_world *world)
{
	uint32_t number = agent_new(world);
	struct scaling_agent *agent;

	if (number == SCALING_NOBODY)
		return number;
	agent = &world->agents[number];
	agent->state = SCALING_STARTING;
	world->starting++;
	heap_insert(&world->future, &agent->boot, world->now_ns + world->options->boot_ns,
		agent->serial * 2 + 1);
	note_direction(world, 1);
	return number;
}

void scaling_drain(struct scaling_world *world, uint32_t number)
{
	struct scaling_agent *agent = &world->agents[number];

	bal_assert(agent->state == SCALING_STARTING || agent->state == SCALING_READY);
	if (agent->state == SCALING_STARTING) {
		heap_remove(&world->future, &agent->boot);
		world->starting--;
	} else {
		world->ready--;
		world->running_ready -= agent->running;
	}
	agent->state = SCALING_DRAINING;
	note_direction(world, -1);
}

void scaling_undrain(struct scaling_world *world, uint32_t number)
{
	struct scaling_agent *agent = &world->agents[number];

	bal_assert(agent->state == SCALING_DRAINING);
	agent->state = SCALING_READY;
	world->ready++;
	world->running_ready += agent->running;
	note_direction(world, 1);
}

void scaling_end(struct scaling_world *world, uint32_t number)
{
	struct scaling_agent *agent = &world->agents[number];

	bal_assert(agent->state == SCALING_DRAINING && agent->running == 0);
	agent->state = SCALING_GONE;
	world->alive--;
	world->agents_unused[world->agents_unused_count++] = number;
}

static void boot(struct scaling_world *world, struct scaling_agent *agent)
{
	agent->state = SCALING_READY;
	world->starting--;
	world->ready++;
	world->options->fleet->agent_ready(world, (uint32_t)(agent - world->agents));
}

/* ---- time --------------------------------------------------------------------------------- */

static void happen(struct scaling_world *world)
{
	struct heap_node *node = heap_pop(&world->future);

	if (node->tie % 2 == 0)
		end_task(world, container_of(node, struct scaling_task, end));
	else
		boot(world, container_of(node, struct scaling_agent, boot));
}

static void report_second(struct scaling_world *world)
{
	struct scaling_second second = {.now_ns = world->now_ns,
		.alive = world->alive,
		.ready = world->ready,
		.starting = world->starting,
		.running = world->second_running / (double)NS_PER_S,
		.waiting = world->second_waiting / (double)NS_PER_S,
		.arrived = world->second_arrived,
		.late = world->second_late};

	world->options->observe(world->options->observe_context, &second);
}

static void end_second(struct scaling_world *world)
{
	const struct scaling_policy *policy = world->options->policy;
	struct scaling_view view = {.now_ns = world->now_ns,
		.ready = world->ready,
		.starting = world->starting,
		.busy = world->second_ready / (double)NS_PER_S,
		.waiting = world->second_waiting / (double)NS_PER_S,
		.arrived = world->second_arrived};

	if (world->options->observe != NULL)
		report_second(world);
	world->second_running = 0.0;
	world->second_ready = 0.0;
	world->second_waiting = 0.0;
	world->second_arrived = 0;
	world->second_late = 0;
	world->second_ns += NS_PER_S;
	if (policy->look != NULL)
		world->options->fleet->scale(world, policy->look(world->policy_state, &view));
}

/* Lets happen what comes before this instant, or at it and counts first. */
static void pass(struct scaling_world *world, int64_t until_ns)
{
	const struct scaling_fleet *fleet = world->options->fleet;

	while (world->failure == NULL) {
		const struct heap_node *first = heap_first(&world->future);
		int64_t next_ns = first == NULL ? BAL_NEVER_NS : first->key;
		int64_t wake_ns =
			fleet->wake_at_ns == NULL ? BAL_NEVER_NS : fleet->wake_at_ns(world);
		int64_t soon_ns = num_min_i64(next_ns, num_min_i64(wake_ns, world->second_ns));

		if (soon_ns > until_ns)
			break;
		advance(world, num_max_i64(soon_ns, world->now_ns));
		if (next_ns <= soon_ns)
			happen(world);
		else if (world->second_ns <= soon_ns)
			end_second(world);
		else
			fleet->wake(world);
	}
}

static void play(struct scaling_world *world)
{
	int64_t end_ns = scaling_load_span_ns(world->options->load);
	int64_t at_ns, work_ns;

	while (world->failure == NULL && scaling_stream_next(&world->stream, &at_ns, &work_ns)) {
		pass(world, at_ns);
		advance(world, at_ns);
		arrive(world, work_ns);
	}
	pass(world, end_ns);
	for (uint32_t i = 0; i < world->tasks_high; i++)
		if (world->tasks[i].serial != 0 && world->tasks[i].agent == SCALING_NOBODY)
			note_unfinished(world, &world->tasks[i]);
}

/* ---- a run -------------------------------------------------------------------------------- */

static void add_first_agents(struct scaling_world *world)
{
	for (uint32_t i = 0; i < world->options->agents_first; i++) {
		uint32_t agent = agent_new(world);

		world->agents[agent].state = SCALING_READY;
		world->ready++;
	}
}

static bool begin(struct scaling_world *world)
{
	const struct scaling_options *options = world->options;
	const struct scaling_setup setup = {.tuning = options->tuning,
		.slots = options->slots,
		.boot_ns = options->boot_ns,
		.load = options->load};

	world->agents = calloc(SCALING_AGENTS_MAX, sizeof *world->agents);
	world->agents_unused = calloc(SCALING_AGENTS_MAX, sizeof *world->agents_unused);
	world->tasks = calloc(SCALING_TASKS_MAX, sizeof *world->tasks);
	world->fleet_state = calloc(1, options->fleet->state_size);
	world->policy_state = calloc(1, options->policy->state_size + 1);
	if (world->agents == NULL || world->agents_unused == NULL || world->tasks == NULL ||
		world->fleet_state == NULL || world->policy_state == NULL)
		return false;
	for (uint32_t i = 0; i < SCALING_AGENTS_MAX; i++)
		world->agents_unused[i] = SCALING_AGENTS_MAX - 1 - i;
	world->agents_unused_count = SCALING_AGENTS_MAX;
	scaling_stream_init(&world->stream, options->load);
	add_first_agents(world);
	return (options->policy->begin == NULL ||
		       options->policy->begin(world->policy_state, &setup)) &&
	       options->fleet->begin(world);
}

static void release(struct scaling_world *world)
{
	const struct scaling_options *options = world->options;

	if (world->fleet_state != NULL)
		options->fleet->release(world);
	if (world->policy_state != NULL && options->policy->release != NULL)
		options->policy->release(world->policy_state);
	free(world->agents);
	free(world->agents_unused);
	free(world->tasks);
	free(world->fleet_state);
	free(world->policy_state);
}

bool scaling_run(
	const struct scaling_options *options, struct scaling_score *score, const char **failure)
{
	struct scaling_world world = {.options = options,
		.tasks_unused = SCALING_NOBODY,
		.second_ns = NS_PER_S,
		.direction_at_ns = -SCALING_REVERSE_NS};

	bal_assert(options->slots > 0 && options->agents_first > 0);
	bal_assert(options->agents_first < SCALING_AGENTS_MAX);
	if (!begin(&world) && world.failure == NULL)
		world.failure = "no memory for the world";
	if (world.failure == NULL)
		play(&world);
	*score = world.score;
	*failure = world.failure;
	release(&world);
	return *failure == NULL;
}

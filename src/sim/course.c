/* SPDX-License-Identifier: Apache-2.0 */
/* The world of the routing benchmark.  Slow spells do not depend on what the agents do, so when a
 * task ends follows from when and where it begins: the speed is integrated over the spells at the
 * start, and nothing need be corrected while it runs. */
#include "sim/course.h"

#include "ballast.h"
#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

#include <stdlib.h>

#define AGENTS          16
#define LOAD            0.85
#define LOAD_MAX        100.0
#define SIZE_CV         1.5
#define ESTIMATE_SD     0.7
#define SPEED_LOW       0.5
#define SPEED_RATIO     4.0
#define SLOW_SPEED      0.4
#define SLOW_MEAN       20.0  /* mean sizes that a slow spell lasts */
#define NORMAL_MEAN     100.0 /* and that lie before the next one */
#define MEAN_SPEED      0.9   /* (100 + 20 * 0.4) / 120 */
#define TASKS_LEAST     50000
#define TASKS_PER_SLOT  600
#define WORK_LEAST_NS   NS_PER_US
#define WORK_MOST_NS    (100 * NS_PER_DAY)
#define ARRIVALS_SALT   UINT64_C(0x6172726976616c73)
#define SIZES_SALT      UINT64_C(0x73697a6573)
#define ESTIMATES_SALT  UINT64_C(0x657374696d617465)
#define DETAILS_SALT    UINT64_C(0x64657461696c73)
#define SPELLS_SALT     UINT64_C(0x7370656c6c73)
#define STALLS_SALT     UINT64_C(0x7374616c6c73)
#define STALL_MEAN      20.0 /* mean sizes that a stall lasts */
#define TURNS_FIRST     16
#define SIZE_MEAN_MAX_S 1e6

void course_defaults(struct course_options *options)
{
	*options = (struct course_options){.seed = 1,
		.agents = AGENTS,
		.load = LOAD,
		.size_mean_s = 1.0,
		.size_shape = SIZE_CV,
		.estimate_sd = ESTIMATE_SD};
}

const char *course_objection(const struct course_options *options)
{
	if (options->agents == 0 || options->agents > COURSE_AGENTS_MAX)
		return "agents must be 1 to 65536";
	if (options->slots > COURSE_AGENTS_MAX)
		return "an agent has 65536 slots at most";
	if (options->tenants > COURSE_TENANTS_MAX)
		return "there are 16 tenants at most";
	if (options->tasks > COURSE_TASKS_MAX)
		return "tasks must be 100000000 at most";
	if (!(options->load > 0.0 && options->load <= LOAD_MAX))
		return "load must be more than 0 and at most 100";
	if (!(options->size_mean_s > 0.0 && options->size_mean_s <= SIZE_MEAN_MAX_S))
		return "the mean size must be more than 0 and at most 1000000 s";
	if (options->sizes == COURSE_PARETO && !(options->size_shape > 1.0))
		return "Pareto sizes need a shape above 1";
	if (!(options->size_shape >= 0.0) || !(options->estimate_sd >= 0.0))
		return "shapes and deviations cannot be negative";
	if (!(options->network_s >= 0.0 && options->network_s <= SIZE_MEAN_MAX_S))
		return "the network's delay must be 0 to 1000000 s";
	if (!(options->stall_share >= 0.0 && options->stall_share <= 1.0))
		return "the share of stalls must be 0 to 1";
	if (options->trace != NULL && options->trace_count < 2)
		return "a trace needs two tasks at least";
	return NULL;
}

/* ---- agents ------------------------------------------------------------------------------- */

static void make_agent(struct course *course, uint32_t place)
{
	static const uint32_t slots[] = {2, 4, 4, 8};
	const struct course_options *options = &course->options;
	struct course_agent *agent = &course->agents[place];

	*agent = (struct course_agent){.speed = 1.0, .slots = 4};
	if (options->mix == COURSE_UNEQUAL) {
		double part =
			options->agents > 1 ? (double)place / (double)(options->agents - 1) : 0.5;

		agent->speed = SPEED_LOW * num_pow(SPEED_RATIO, part);
		agent->slots = slots[place % 4];
	}
	if (options->slots > 0)
		agent->slots = options->slots;
	prng_init(&agent->spells, (options->seed ^ SPELLS_SALT) + ((uint64_t)place << 32));
	course->slot_count += agent->slots;
	course->capacity +=
		agent->speed * (double)agent->slots * (options->is_steady ? 1.0 : MEAN_SPEED);
}

/* The instant of this number at which the agent turns slow or normal; BAL_NEVER-like when never. */
static int64_t turn_at(struct course *course, struct course_agent *agent, uint32_t turn)
{
	double slow_ns = course->size_mean_s * SLOW_MEAN * (double)NS_PER_S;
	double normal_ns = course->size_mean_s * NORMAL_MEAN * (double)NS_PER_S;

	if (course->options.is_steady)
		return TIME_NEVER_NS;
	while (agent->turn_count <= turn) {
		uint32_t count = agent->turn_count;
		double length_ns =
			prng_exponential(&agent->spells, count % 2 == 0 ? normal_ns : slow_ns);
		int64_t before_ns = count == 0 ? 0 : agent->turns[count - 1];

		if (count == agent->turn_capacity) {
			agent->turn_capacity = count == 0 ? TURNS_FIRST : count * 2;
			agent->turns =
				realloc(agent->turns, agent->turn_capacity * sizeof *agent->turns);
			bal_assert(agent->turns != NULL);
		}
		agent->turns[count] = num_add_i64(before_ns, num_to_i64(length_ns) + 1);
		agent->turn_count++;
	}
	return agent->turns[turn];
}

double course_speed_at(
	struct course *course, uint32_t agent, int64_t now_ns, uint32_t *turn, int64_t *until_ns)
{
	struct course_agent *who = &course->agents[agent];

	while (turn_at(course, who, *turn) <= now_ns)
		(*turn)++;
	*until_ns = turn_at(course, who, *turn);
	return *turn % 2 == 0 ? who->speed : who->speed * SLOW_SPEED;
}

int64_t course_finish_ns(
	struct course *course, uint32_t agent, int64_t start_ns, int64_t work_ns, uint32_t *turn)
{
	double left_ns = (double)work_ns;
	uint32_t ahead;
	int64_t until_ns;
	double speed = course_speed_at(course, agent, start_ns, turn, &until_ns);

	ahead = *turn;
	for (;;) {
		double span_ns = (double)(until_ns - start_ns) * speed;

		if (left_ns <= span_ns || until_ns == TIME_NEVER_NS)
			return num_add_i64(start_ns, num_to_i64(left_ns / speed) + 1);
		left_ns -= span_ns;
		start_ns = until_ns;
		speed = course_speed_at(course, agent, start_ns, &ahead, &until_ns);
	}
}

/* ---- tasks -------------------------------------------------------------------------------- */

static double draw_size_s(const struct course_options *options, struct prng *sizes)
{
	switch (options->sizes) {
	case COURSE_PARETO:
		return prng_pareto(sizes, options->size_shape, options->size_mean_s);
	case COURSE_EXPONENTIAL:
		return prng_exponential(sizes, options->size_mean_s);
	default:
		return prng_lognormal(sizes, options->size_mean_s, options->size_shape);
	}
}

static void draw_tasks(struct course *course)
{
	const struct course_options *options = &course->options;
	double gap_ns =
		options->size_mean_s * (double)NS_PER_S / (options->load * course->capacity);
	struct tide tide;
	struct prng sizes;

	tide_init(&tide, options->arrivals, gap_ns, options->seed ^ ARRIVALS_SALT);
	prng_init(&sizes, options->seed ^ SIZES_SALT);
	course->size_mean_s = options->size_mean_s;
	for (uint32_t i = 0; i < course->task_count; i++) {
		double size_ns = draw_size_s(options, &sizes) * (double)NS_PER_S;

		course->tasks[i].at_ns = num_to_i64(tide_next(&tide));
		course->tasks[i].work_ns =
			num_clamp_i64(num_to_i64(size_ns), WORK_LEAST_NS, WORK_MOST_NS);
	}
}

/* The recorded arrivals, stretched so that their work is the wanted share of the capacity. */
static void copy_trace(struct course *course)
{
	const struct course_options *options = &course->options;
	const struct course_arrival *trace = options->trace;
	uint32_t count = course->task_count;
	double span_ns = (double)num_max_i64(1, trace[count - 1].at_ns - trace[0].at_ns);
	double work_ns = 0.0;
	double stretch;
	struct prng sizes;

	prng_init(&sizes, options->seed ^ SIZES_SALT);
	for (uint32_t i = 0; i < count; i++) {
		double size_ns = trace[i].work_ns > 0
					 ? (double)trace[i].work_ns
					 : draw_size_s(options, &sizes) * (double)NS_PER_S;

		course->tasks[i].work_ns =
			num_clamp_i64(num_to_i64(size_ns), WORK_LEAST_NS, WORK_MOST_NS);
		work_ns += (double)course->tasks[i].work_ns;
	}
	stretch = work_ns / (options->load * course->capacity * span_ns);
	course->size_mean_s = work_ns / (double)count / (double)NS_PER_S;
	for (uint32_t i = 0; i < count; i++) {
		double since_ns = (double)(trace[i].at_ns - trace[0].at_ns);

		course->tasks[i].at_ns = num_to_i64(since_ns * stretch);
	}
}

static void announce_sizes(struct course *course)
{
	double sd = course->options.estimate_sd;
	struct prng estimates;

	prng_init(&estimates, course->options.seed ^ ESTIMATES_SALT);
	for (uint32_t i = 0; i < course->task_count; i++) {
		struct course_task *task = &course->tasks[i];
		double error = sd > 0.0 ? num_exp(sd * prng_normal(&estimates)) : 1.0;

		task->estimate_ns = num_max_i64(1, num_to_i64((double)task->work_ns * error));
	}
}

/* Whose tasks they are, and of which class. */
static void draw_details(struct course *course)
{
	static const uint32_t shares_permille[BAL_PRIORITY_COUNT] = {20, 100, 600, 180, 100};
	const struct course_options *options = &course->options;
	double all = 0.0;
	struct prng details;

	prng_init(&details, options->seed ^ DETAILS_SALT);
	for (uint32_t i = 0; i < options->tenants; i++)
		all += 1.0 / (double)(i + 1);
	for (uint32_t i = 0; i < course->task_count; i++) {
		struct course_task *task = &course->tasks[i];
		double place = prng_unit(&details) * all;
		uint32_t permille = (uint32_t)prng_below(&details, (uint64_t)PERMILLE);

		task->priority = BAL_PRIORITY_NORMAL;
		while (task->tenant + 1 < options->tenants &&
			place >= 1.0 / (double)(task->tenant + 1)) {
			place -= 1.0 / (double)(task->tenant + 1);
			task->tenant++;
		}
		if (!options->has_priorities)
			continue;
		task->priority = 0;
		while (permille >= shares_permille[task->priority])
			permille -= shares_permille[task->priority++];
	}
}

static void draw_stalls(struct course *course)
{
	double mean_ns = course->size_mean_s * STALL_MEAN * (double)NS_PER_S;
	struct prng stalls;

	prng_init(&stalls, course->options.seed ^ STALLS_SALT);
	for (uint32_t i = 0; i < course->task_count; i++) {
		bool strikes = prng_unit(&stalls) < course->options.stall_share;
		double length_ns = prng_exponential(&stalls, mean_ns);

		course->tasks[i].stall_ns = strikes ? num_to_i64(length_ns) : 0;
	}
}

static uint32_t count_tasks(const struct course *course)
{
	uint32_t wanted = course->options.tasks;
	uint64_t usual = (uint64_t)course->slot_count * TASKS_PER_SLOT;

	if (course->options.trace != NULL)
		return wanted > 1 && wanted < course->options.trace_count
			       ? wanted
			       : course->options.trace_count;
	if (wanted > 0)
		return wanted;
	return (uint32_t)num_clamp_i64((int64_t)usual, TASKS_LEAST, COURSE_TASKS_MAX);
}

bool course_init(struct course *course, const struct course_options *options)
{
	bal_assert(course_objection(options) == NULL);
	*course = (struct course){.options = *options, .agent_count = options->agents};
	course->agents = calloc(course->agent_count, sizeof *course->agents);
	if (course->agents == NULL)
		return false;
	for (uint32_t i = 0; i < course->agent_count; i++)
		make_agent(course, i);
	course->task_count = count_tasks(course);
	course->tasks = calloc(course->task_count, sizeof *course->tasks);
	if (course->tasks == NULL)
		return false;
	if (options->trace != NULL)
		copy_trace(course);
	else
		draw_tasks(course);
	announce_sizes(course);
	draw_details(course);
	draw_stalls(course);
	return true;
}

bool course_init_scene(struct course *course, const struct course_agent *agents,
	uint32_t agent_count, const struct course_task *tasks, uint32_t task_count)
{
	*course = (struct course){.agent_count = agent_count, .task_count = task_count};
	course_defaults(&course->options);
	course->options.agents = agent_count;
	course->options.is_steady = true;
	course->size_mean_s = course->options.size_mean_s;
	course->agents = calloc(agent_count, sizeof *course->agents);
	course->tasks = calloc(task_count, sizeof *course->tasks);
	if (course->agents == NULL || course->tasks == NULL)
		return false;
	for (uint32_t i = 0; i < agent_count; i++) {
		course->agents[i] =
			(struct course_agent){.speed = agents[i].speed, .slots = agents[i].slots};
		course->slot_count += agents[i].slots;
		course->capacity += agents[i].speed * (double)agents[i].slots;
	}
	for (uint32_t i = 0; i < task_count; i++)
		course->tasks[i] = tasks[i];
	return true;
}

void course_release(struct course *course)
{
	for (uint32_t i = 0; course->agents != NULL && i < course->agent_count; i++)
		free(course->agents[i].turns);
	free(course->agents);
	free(course->tasks);
	*course = (struct course){.agent_count = 0};
}

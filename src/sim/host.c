/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: the earliest of the next arrival, the next event of the world and what the core itself
 * waits for happens next; at the same instant in this order.  After each step all effects are
 * performed before the next event, as in the daemon. */
#include "sim/host.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "sim/host_state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define EFFECTS_CAPACITY   256
#define EFFECTS_MAX        8192
#define STEPS_PER_ARRIVAL  200 /* of virtual time: more is a livelock */
#define STEPS_SECOND_FLOOR 200000

void host_fail(struct host *host, const char *format, ...)
{
	char *line = host->report->failure;
	va_list arguments;
	int used;

	if (line[0] != '\0')
		return;
	used = snprintf(line, SIM_LINE_SIZE, "seed %" PRIu64 ": ", host->options->seed);
	va_start(arguments, format);
	vsnprintf(line + used, SIM_LINE_SIZE - (size_t)used, format, arguments);
	va_end(arguments);
}

static bool has_failed(const struct host *host)
{
	return host->report->failure[0] != '\0';
}

/* ---- one step ----------------------------------------------------------------------------- */

static void count_step(struct host *host)
{
	int64_t second = host->now_ns / NS_PER_S;

	host->report->events++;
	if (second != host->second)
		host->second_steps = 0;
	host->second = second;
	if (++host->second_steps > host->second_steps_max)
		host_fail(host, "%" PRId64 " s: more than %u steps in one virtual second: livelock",
			second, host->second_steps_max);
}

bool host_step(struct host *host, struct bal_event *event)
{
	const struct sim_options *options = host->options;
	enum bal_status status;

	event->now_ns = host->now_ns;
	do {
		count_step(host);
		status = bal_step(host->core, event, &host->effects);
		if (event->type != BAL_EVENT_MORE)
			host->status = status;
		if (options->tamper != NULL)
			options->tamper(options->tamper_context, event, &host->effects);
		host->report->digest = bal_effects_digest(host->report->digest, &host->effects);
		if (host->oracle != NULL &&
			!oracle_see(host->oracle, event, status, &host->effects))
			host_fail(host, "%s", oracle_complaint(host->oracle));
		if (options->observe != NULL)
			options->observe(options->observe_context, event, status, &host->effects);
		if (has_failed(host))
			return false;
		host_happened(host, event, status);
		for (uint32_t i = 0; i < host->effects.count; i++)
			host_perform(host, &host->effects.items[i]);
		*event = (struct bal_event){.now_ns = host->now_ns, .type = BAL_EVENT_MORE};
	} while (host->effects.more);
	return !has_failed(host);
}

/* A setting, which the core must take. */
static bool step_setting(struct host *host, struct bal_event event)
{
	enum bal_event_type type = event.type;

	if (!host_step(host, &event))
		return false;
	if (host->status != BAL_OK)
		host_fail(host, "the core refuses a %s event: %s", bal_event_name(type),
			bal_status_text(host->status));
	return !has_failed(host);
}

/* ---- the beginning ------------------------------------------------------------------------ */

static bool step_all_settings(struct host *host)
{
	const struct sim_options *options = host->options;
	bool goes_on = true;

	for (uint32_t i = 0; i < options->knob_count; i++)
		goes_on = goes_on &&
			  step_setting(host, (struct bal_event){.type = BAL_EVENT_KNOB,
						     .knob = {.knob = options->knobs[i].knob,
							     .value = options->knobs[i].value}});
	if (options->objectives.response_ns > 0)
		goes_on = goes_on &&
			  step_setting(host, (struct bal_event){.type = BAL_EVENT_OBJECTIVE,
						     .objective = options->objectives});
	for (uint32_t i = 0; i < options->shared_count; i++)
		goes_on = goes_on && step_setting(host, (struct bal_event){.type = BAL_EVENT_LIMIT,
								.limit = options->shared[i]});
	for (uint32_t i = 0; i < options->tenant_count; i++)
		goes_on = goes_on && step_setting(host, (struct bal_event){.type = BAL_EVENT_TENANT,
								.tenant = options->tenants[i]});
	for (uint32_t i = 0; i < options->pool_count; i++)
		goes_on = goes_on && step_setting(host, (struct bal_event){.type = BAL_EVENT_POOL,
								.pool = options->pools[i].conf});
	for (uint32_t i = 0; i < options->pool_count; i++)
		for (uint32_t k = 0; k < options->pools[i].agents; k++)
			host_agent_up(host, i, 0, 0, true);
	return goes_on && step_setting(host, (struct bal_event){.type = BAL_EVENT_START,
						     .start = {.epoch = 1, .seed = options->seed}});
}

void sim_limits(uint32_t live_max, struct bal_limits *limits)
{
	*limits = (struct bal_limits){.tasks_max = live_max,
		.agents_max = 2048,
		.pools_max = SIM_POOLS_MAX,
		.kinds_max = SIM_KINDS_MAX,
		.tenants_max = SIM_TENANTS_MAX,
		.limits_max = SIM_SHARED_MAX,
		.lanes_max = 256,
		.histories_max = 16384,
		.conversations_max = 1024,
		.explanations_max = 1024,
		.orders_max = 1024,
		.effects_max = EFFECTS_MAX};
}

static bool make_core(struct host *host)
{
	struct bal_limits limits;
	void *memory;

	sim_limits(host->options->live_max, &limits);
	host->core_size = bal_core_size(&limits);
	if (host->core_size == 0)
		return false;
	memory = mmap(NULL, host->core_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	host->core = bal_core_init(memory, host->core_size, &limits);
	return host->core != NULL;
}

static bool are_valid(const struct sim_options *options)
{
	return options->tasks > 0 && options->tasks <= SIM_TASKS_MAX && options->live_max > 0 &&
	       options->pool_count > 0 && options->pool_count <= SIM_POOLS_MAX &&
	       options->shared_count <= SIM_SHARED_MAX &&
	       options->tenant_count <= SIM_TENANTS_MAX && options->knob_count <= SIM_KNOBS_MAX &&
	       options->load.kinds > 0 && options->load.kinds <= SIM_KINDS_MAX &&
	       options->load.tenants > 0 && options->load.tenants <= SIM_TENANTS_MAX &&
	       options->load.size_mean_s > 0.0 &&
	       (options->trace != NULL || options->load.rate_s > 0.0);
}

static bool begin(struct host *host)
{
	const struct sim_options *options = host->options;
	double steps = options->load.rate_s * STEPS_PER_ARRIVAL;

	if (!are_valid(options)) {
		host_fail(host, "options are out of range");
		return false;
	}
	host->second_steps_max = options->steps_second_max;
	if (host->second_steps_max == 0)
		host->second_steps_max = (uint32_t)num_clamp(steps, STEPS_SECOND_FLOOR, 1e9);
	host->effects.capacity = EFFECTS_CAPACITY;
	host->effects.items = calloc(EFFECTS_CAPACITY, sizeof *host->effects.items);
	host->tasks = calloc((size_t)options->tasks + 1, sizeof *host->tasks);
	if (!options->oracle_off)
		host->oracle = oracle_new(options->tasks, SIM_AGENTS_MAX);
	load_init(&host->load, options);
	fault_init(&host->fault, &options->faults, options->seed);
	world_init(&host->world, options);
	if (host->effects.items == NULL || host->tasks == NULL ||
		(host->oracle == NULL && !options->oracle_off) || !make_core(host)) {
		host_fail(host, "no memory for the run");
		return false;
	}
	return step_all_settings(host);
}

static void release(struct host *host)
{
	if (host->core_size > 0 && host->core != NULL)
		munmap((void *)host->core, host->core_size);
	free(host->effects.items);
	free(host->tasks);
	oracle_free(host->oracle);
	future_release(&host->future);
	worker_release(&host->worker);
	if (host->world.agents != NULL)
		world_release(&host->world);
}

/* ---- the run ------------------------------------------------------------------------------ */

static void draw_arrival(struct host *host)
{
	host->has_arrival =
		host->task_count < host->options->tasks && load_next(&host->load, &host->arrival);
	if (!host->has_arrival)
		host->arrivals_end_ns = host->now_ns;
}

static bool step_arrival(struct host *host)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_SUBMITTED, .task = host->arrival.event};
	if (host->task_count >= host->options->tasks) {
		host->has_arrival = false; /* children took the last ids meanwhile */
		host->arrivals_end_ns = host->now_ns;
		return true;
	}
	event.task.id = ++host->task_count;
	host_task_note(host, &event.task, host->arrival.work_ns, host->arrival.children);
	host->tasks[event.task.id].submitted_at_ns = host->now_ns;
	host->report->submitted++;
	host->live_count++;
	draw_arrival(host);
	if (fault_strikes(&host->fault, host->options->faults.meddle_ppm))
		host_meddle(host);
	if (fault_strikes(&host->fault, host->options->faults.rescale_ppm))
		host_rescale(host);
	return host_step(host, &event);
}

static bool step_future(struct host *host)
{
	struct future_event *future = future_take(&host->future);
	struct bal_event event = future->event;
	bool happens = host_happens(host, future);

	future_give(&host->future, future);
	return !happens || host_step(host, &event);
}

/* False when nothing will ever happen any more. */
static bool advance(struct host *host, int64_t arrival_ns, int64_t future_ns, int64_t core_ns)
{
	int64_t next_ns = num_min_i64(arrival_ns, num_min_i64(future_ns, core_ns));

	if (next_ns == BAL_NEVER_NS) {
		host_fail(host, "%" PRId64 " s: %u tasks wait and nothing will ever happen",
			host->now_ns / NS_PER_S, host->live_count);
		return false;
	}
	host->now_ns = num_max_i64(host->now_ns, next_ns);
	if (!host->has_arrival &&
		host->now_ns - host->arrivals_end_ns > host->options->drain_max_ns) {
		host_fail(host,
			"%" PRId64 " s: %u tasks have not ended long after the last arrival",
			host->now_ns / NS_PER_S, host->live_count);
		return false;
	}
	return true;
}

static bool step_next(struct host *host)
{
	int64_t arrival_ns = host->has_arrival ? host->arrival.at_ns : BAL_NEVER_NS;
	int64_t future_ns = future_next_ns(&host->future);
	int64_t core_ns = bal_deadline_ns(host->core);
	struct bal_event timeout = {.type = BAL_EVENT_TIMEOUT};

	if (!advance(host, arrival_ns, future_ns, core_ns))
		return false;
	if (arrival_ns <= future_ns && arrival_ns <= core_ns)
		return step_arrival(host);
	if (future_ns <= core_ns)
		return step_future(host);
	return host_step(host, &timeout);
}

static void finish(struct host *host)
{
	struct sim_report *report = host->report;

	report->end_at_ns = host->now_ns;
	report->capacity_ns += (host->now_ns - host->slots_at_ns) * (int64_t)host->slots;
	if (host->oracle == NULL || has_failed(host))
		return;
	report->lost = oracle_open_count(host->oracle);
	if (!oracle_end(host->oracle))
		host_fail(host, "%s", oracle_complaint(host->oracle));
}

bool sim_run(const struct sim_options *options, struct sim_report *report)
{
	struct host host = {.options = options, .report = report};
	bool goes_on;

	memset(report, 0, sizeof *report);
	goes_on = begin(&host);
	if (goes_on)
		draw_arrival(&host);
	while (goes_on && (host.has_arrival || host.live_count > 0))
		goes_on = step_next(&host);
	finish(&host);
	release(&host);
	return !has_failed(&host);
}

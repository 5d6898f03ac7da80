/* SPDX-License-Identifier: Apache-2.0 */
/* The core as the fleet of a scaling world: one pool whose agents a provider starts.  Where the
 * core's own strategy decides it is left alone; a policy's number reaches it as an operator's would
 * (`ballast scale`), so that taking back draining agents, the choice of who goes, and draining are
 * the core's in every case.
 *
 * What an effect leads to is put on a list and fed to the core when all effects of the step are
 * performed, as in the daemon. */
#include "base/units.h"
#include "sim/scaling_world.h"

#include <stdlib.h>
#include <sys/mman.h>

#define EFFECTS_ROOM 256
#define AGENTS_MOST  (SCALING_AGENTS_MAX / 4) /* that the pool may have */
#define PENDING_MAX  (4 * SCALING_AGENTS_MAX)
#define TASK_PLACES  SCALING_TASKS_MAX
#define JOB_TAKES_NS (20 * NS_PER_MS)
#define NEVER_IN_RUN (10000 * NS_PER_DAY)
#define CORE_SEED    1

/* Something that the core is to be told. */
struct pending {
	enum bal_event_type type;
	uint64_t agent, order;
};

struct core_fleet {
	struct bal_core *core;
	size_t core_size;
	struct bal_effects effects;
	struct bal_effect items[EFFECTS_ROOM];
	struct pending pending[PENDING_MAX];
	uint32_t pending_first, pending_count;
	uint64_t orders[SCALING_AGENTS_MAX]; /* that asked for the agent in this place; 0: none */
	uint8_t *job_input, *job_result;
	void *job_scratch;
	struct bal_event_job_done job_done;
	int64_t job_at_ns; /* when it is answered; NEVER: no job */
};

/* Ids rise with time and name the place too. */
static uint64_t agent_id(const struct scaling_world *world, uint32_t agent)
{
	return world->agents[agent].serial * SCALING_AGENTS_MAX + agent;
}

static uint64_t task_id(const struct scaling_world *world, uint32_t task)
{
	return world->tasks[task].serial * TASK_PLACES + task;
}

static void put_pending(
	struct scaling_world *world, enum bal_event_type type, uint64_t agent, uint64_t order)
{
	struct core_fleet *fleet = world->fleet_state;

	if (fleet->pending_count == PENDING_MAX) {
		world->failure = "the core starts and ends agents without an end";
		return;
	}
	fleet->pending[(fleet->pending_first + fleet->pending_count++) % PENDING_MAX] =
		(struct pending){.type = type, .agent = agent, .order = order};
}

/* ---- effects ------------------------------------------------------------------------------ */

static void launch(struct scaling_world *world, const struct bal_effect *effect)
{
	struct core_fleet *fleet = world->fleet_state;

	for (uint32_t i = 0; i < effect->count; i++) {
		uint32_t agent = scaling_launch(world);

		if (agent == SCALING_NOBODY) {
			world->failure = "more agents than the world has places";
			return;
		}
		fleet->orders[agent] = effect->order;
		put_pending(world, BAL_EVENT_AGENT_UP, agent_id(world, agent), effect->order);
	}
	put_pending(world, BAL_EVENT_SCALE_ENDED, effect->count, effect->order);
}

static void take_job(struct scaling_world *world, const struct bal_effect *effect)
{
	struct core_fleet *fleet = world->fleet_state;
	size_t input_size = bal_job_snapshot(
		fleet->core, effect->order, effect->attempt, fleet->job_input, BAL_JOB_RESULT_MAX);
	size_t size = bal_job_run(fleet->job_input, input_size, fleet->job_result,
		BAL_JOB_RESULT_MAX, fleet->job_scratch);

	fleet->job_done = (struct bal_event_job_done){.job = effect->order,
		.generation = effect->attempt,
		.status = size > 0 ? BAL_OK : BAL_UNAVAILABLE,
		.result = {(const char *)fleet->job_result, (uint32_t)size}};
	fleet->job_at_ns = world->now_ns + JOB_TAKES_NS;
}

static void perform(struct scaling_world *world, const struct bal_effect *effect)
{
	uint32_t agent = (uint32_t)(effect->agent % SCALING_AGENTS_MAX);

	switch (effect->type) {
	case BAL_EFFECT_DISPATCH:
		scaling_start(world, (uint32_t)(effect->task % TASK_PLACES), agent);
		break;
	case BAL_EFFECT_REFUSE:
		scaling_refuse(world, (uint32_t)(effect->task % TASK_PLACES));
		break;
	case BAL_EFFECT_SCALE:
		launch(world, effect);
		break;
	case BAL_EFFECT_DRAIN:
		scaling_drain(world, agent);
		break;
	case BAL_EFFECT_UNDRAIN:
		scaling_undrain(world, agent);
		break;
	case BAL_EFFECT_END:
		scaling_end(world, agent);
		put_pending(world, BAL_EVENT_AGENT_DOWN, effect->agent, 0);
		break;
	case BAL_EFFECT_JOB:
		take_job(world, effect);
		break;
	default: /* nobody waits for the answers, and nothing fails here */
		break;
	}
}

/* ---- events ------------------------------------------------------------------------------- */

static enum bal_status step(struct scaling_world *world, struct bal_event *event)
{
	struct core_fleet *fleet = world->fleet_state;
	enum bal_status status;

	event->now_ns = world->now_ns;
	status = bal_step(fleet->core, event, &fleet->effects);
	for (;;) {
		for (uint32_t i = 0; i < fleet->effects.count; i++)
			perform(world, &fleet->items[i]);
		if (!fleet->effects.more || world->failure != NULL)
			return status;
		*event = (struct bal_event){.now_ns = world->now_ns, .type = BAL_EVENT_MORE};
		bal_step(fleet->core, event, &fleet->effects);
	}
}

static void step_pending(struct scaling_world *world, const struct pending *pending)
{
	struct bal_event event = {.type = pending->type};

	switch (pending->type) {
	case BAL_EVENT_AGENT_UP:
		event.up = (struct bal_event_up){.agent = pending->agent,
			.state = BAL_AGENT_STARTING,
			.slots = world->options->slots,
			.order = pending->order};
		break;
	case BAL_EVENT_AGENT_DOWN:
		event.down = (struct bal_event_down){.agent = pending->agent, .expected = true};
		break;
	default:
		event.scale_ended = (struct bal_event_scale_ended){.order = pending->order,
			.status = BAL_OK,
			.count = (uint32_t)pending->agent};
		break;
	}
	if (step(world, &event) != BAL_OK)
		world->failure = "the core refuses an agent";
}

/* Tells the core something, then what followed from it.  False when it refused. */
static bool feed(struct scaling_world *world, struct bal_event event)
{
	struct core_fleet *fleet = world->fleet_state;
	bool went = step(world, &event) == BAL_OK;

	while (fleet->pending_count > 0 && world->failure == NULL) {
		struct pending pending = fleet->pending[fleet->pending_first];

		fleet->pending_first = (fleet->pending_first + 1) % PENDING_MAX;
		fleet->pending_count--;
		step_pending(world, &pending);
	}
	return went;
}

static void feed_surely(struct scaling_world *world, struct bal_event event, const char *otherwise)
{
	if (!feed(world, event) && world->failure == NULL)
		world->failure = otherwise;
}

/* ---- the beginning ------------------------------------------------------------------------ */

static bool make_core(struct core_fleet *fleet)
{
	const struct bal_limits limits = {.tasks_max = SCALING_TASKS_MAX,
		.agents_max = SCALING_AGENTS_MAX,
		.pools_max = 1,
		.kinds_max = 1,
		.tenants_max = 1,
		.limits_max = 1,
		.lanes_max = 16,
		.histories_max = SCALING_AGENTS_MAX + 16,
		.conversations_max = 16,
		.explanations_max = 64,
		.orders_max = 1024,
		.effects_max = 4 * SCALING_AGENTS_MAX + 1024};
	void *memory;

	fleet->effects = (struct bal_effects){.items = fleet->items, .capacity = EFFECTS_ROOM};
	fleet->job_at_ns = BAL_NEVER_NS;
	fleet->job_input = calloc(1, BAL_JOB_RESULT_MAX);
	fleet->job_result = calloc(1, BAL_JOB_RESULT_MAX);
	fleet->job_scratch = calloc(1, bal_job_scratch_size());
	fleet->core_size = bal_core_size(&limits);
	if (fleet->core_size == 0 || fleet->job_input == NULL || fleet->job_result == NULL ||
		fleet->job_scratch == NULL)
		return false;
	memory = mmap(NULL, fleet->core_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	fleet->core = bal_core_init(memory, fleet->core_size, &limits);
	return fleet->core != NULL;
}

/* The requirement's rules; a strategy that has others does not look at them. */
static struct bal_event_pool pool_of(const struct scaling_options *options)
{
	bool is_fast = options->policy->strategy == BAL_STRATEGY_AGGRESSIVE;
	struct bal_event_pool pool = {.kind = BAL_POOL_PROCESS,
		.slots = options->slots,
		.agents_min = 1,
		.agents_baseline = options->agents_first,
		.agents_max = AGENTS_MOST,
		.timeout_ns = NEVER_IN_RUN,
		.drain_limit_ns = NEVER_IN_RUN,
		.backoff_ns = NS_PER_S,
		.backoff_max_ns = NS_PER_MIN,
		.attempts_max = 1,
		.strategy = options->policy->strategy,
		.up = {.load_permille = 800,
			.sustain_ns = is_fast ? 2 * NS_PER_MIN : 5 * NS_PER_MIN,
			.cooldown_ns = NS_PER_MIN},
		.down = {.load_permille = 400,
			.sustain_ns = is_fast ? 10 * NS_PER_MIN : 15 * NS_PER_MIN,
			.cooldown_ns = 5 * NS_PER_MIN},
		.queue_deep = 100,
		.emergency_wait_ns = NS_PER_MIN};

	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++)
		pool.limits[i] = BAL_NONE;
	pool.offers.words[0] = 1;
	return pool;
}

static bool begin(struct scaling_world *world)
{
	static const char *const OTHERWISE = "the core refuses a setting";
	const struct scaling_options *options = world->options;

	if (!make_core(world->fleet_state))
		return false;
	feed_surely(world,
		(struct bal_event){.type = BAL_EVENT_CLOCK,
			.clock = {.utc_offset_ns = options->load->start_utc_ns}},
		OTHERWISE);
	feed_surely(world, (struct bal_event){.type = BAL_EVENT_POOL, .pool = pool_of(options)},
		OTHERWISE);
	for (uint32_t i = 0; i < options->agents_first; i++)
		feed_surely(world,
			(struct bal_event){.type = BAL_EVENT_AGENT_UP,
				.up = {.agent = agent_id(world, i),
					.state = BAL_AGENT_READY,
					.slots = options->slots}},
			OTHERWISE);
	feed_surely(world,
		(struct bal_event){
			.type = BAL_EVENT_START, .start = {.epoch = 1, .seed = CORE_SEED}},
		OTHERWISE);
	return world->failure == NULL;
}

/* ---- the way ------------------------------------------------------------------------------ */

static void arrive(struct scaling_world *world, uint32_t task)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_SUBMITTED};

	event.task.id = task_id(world, task);
	event.task.priority = BAL_PRIORITY_NORMAL;
	event.task.deadline_ns = BAL_NEVER_NS;
	event.task.needs.tags.words[0] = 1;
	feed(world, event); /* a refusal is an effect */
}

static void end(struct scaling_world *world, uint32_t task)
{
	struct bal_event event = {.type = BAL_EVENT_ATTEMPT_ENDED};

	event.ended.task = task_id(world, task);
	event.ended.epoch = 1;
	event.ended.attempt = 1;
	event.ended.outcome = BAL_OUTCOME_SUCCEEDED;
	event.ended.service_ns = world->tasks[task].work_ns;
	feed_surely(world, event, "the core does not take the end of a task");
}

static void agent_ready(struct scaling_world *world, uint32_t agent)
{
	struct bal_event event = {.type = BAL_EVENT_AGENT_READY};

	event.agent.agent = agent_id(world, agent);
	feed_surely(world, event, "the core does not take an agent");
}

static void scale(struct scaling_world *world, uint32_t wanted)
{
	struct bal_event event = {.type = BAL_EVENT_POOL_SCALED};

	if (wanted > AGENTS_MOST)
		wanted = AGENTS_MOST;
	if (wanted == world->ready + world->starting)
		return;
	event.pool_scaled.agents = wanted;
	feed_surely(world, event, "the core does not scale");
}

static int64_t wake_at_ns(const struct scaling_world *world)
{
	const struct core_fleet *fleet = world->fleet_state;
	int64_t deadline_ns = bal_deadline_ns(fleet->core);

	return deadline_ns < fleet->job_at_ns ? deadline_ns : fleet->job_at_ns;
}

static void wake(struct scaling_world *world)
{
	struct core_fleet *fleet = world->fleet_state;

	if (fleet->job_at_ns <= world->now_ns) {
		fleet->job_at_ns = BAL_NEVER_NS;
		feed(world, (struct bal_event){
				    .type = BAL_EVENT_JOB_DONE, .job_done = fleet->job_done});
	} else {
		feed(world, (struct bal_event){.type = BAL_EVENT_TIMEOUT});
	}
}

static void release(struct scaling_world *world)
{
	struct core_fleet *fleet = world->fleet_state;

	if (fleet->core != NULL)
		munmap((void *)fleet->core, fleet->core_size);
	free(fleet->job_input);
	free(fleet->job_result);
	free(fleet->job_scratch);
}

const struct scaling_fleet scaling_core = {.state_size = sizeof(struct core_fleet),
	.begin = begin,
	.arrive = arrive,
	.end = end,
	.agent_ready = agent_ready,
	.scale = scale,
	.wake_at_ns = wake_at_ns,
	.wake = wake,
	.release = release};

/* SPDX-License-Identifier: Apache-2.0 */
/* The product's own core as a policy, driven as the daemon drives it: one pool of push agents that
 * exist already, tasks that are not durable, sizes announced by their submitters, the service time
 * reported at the end of each attempt. */
#include "sim/policy.h"

#include "base/num.h"
#include "base/units.h"

#include <sys/mman.h>

#define EFFECTS_ROOM 64
#define LIVE_MAX     (1u << 20)
#define EFFECTS_MIN  1024
#define NEVER_IN_RUN (1000 * NS_PER_DAY)

struct ballast_state {
	struct bal_core *core;
	size_t core_size;
	struct bal_effects effects;
	struct bal_effect items[EFFECTS_ROOM];
};

static void perform(struct race *race, const struct bal_effect *effect)
{
	uint32_t task = (uint32_t)(effect->task - 1);

	switch (effect->type) {
	case BAL_EFFECT_DISPATCH:
		if (effect->reason == BAL_REASON_SENT_AHEAD)
			race_bind(race, task, (uint32_t)(effect->agent - 1));
		else if (effect->attempt == 1)
			race_start(race, task, (uint32_t)(effect->agent - 1));
		else
			race_start_again(
				race, task, (uint32_t)(effect->agent - 1), effect->attempt);
		break;
	case BAL_EFFECT_REFUSE:
		race_fail(race, "the core refuses a task");
		break;
	case BAL_EFFECT_RESCIND:
		race_stop(race, task, effect->attempt);
		break;
	default: /* nobody waits for the answers, and the fleet stays as it is */
		break;
	}
}

/* False when the core refused the event. */
static bool feed(struct race *race, struct bal_event *event)
{
	struct ballast_state *state = race->state;
	enum bal_status status;

	event->now_ns = race->now_ns;
	status = bal_step(state->core, event, &state->effects);
	for (;;) {
		for (uint32_t i = 0; i < state->effects.count; i++)
			perform(race, &state->items[i]);
		if (!state->effects.more || race->failure != NULL)
			break;
		*event = (struct bal_event){.now_ns = race->now_ns, .type = BAL_EVENT_MORE};
		bal_step(state->core, event, &state->effects);
	}
	return status == BAL_OK;
}

static void feed_setting(struct race *race, struct bal_event event)
{
	if (!feed(race, &event))
		race_fail(race, "the core refuses a setting");
}

static bool make_core(struct race *race)
{
	struct ballast_state *state = race->state;
	uint32_t agents = race->course->agent_count;
	uint32_t tasks = race->course->task_count;
	struct bal_limits limits = {.tasks_max = tasks < LIVE_MAX ? tasks : LIVE_MAX,
		.agents_max = agents,
		.pools_max = 1,
		.kinds_max = 1,
		.tenants_max = COURSE_TENANTS_MAX,
		.limits_max = 1,
		.lanes_max = 16,
		.histories_max = agents + 16,
		.conversations_max = 16,
		.explanations_max = 64,
		.orders_max = 16,
		.effects_max = 4 * agents + EFFECTS_MIN};
	void *memory;

	state->effects.items = state->items;
	state->effects.capacity = EFFECTS_ROOM;
	state->core_size = bal_core_size(&limits);
	if (state->core_size == 0)
		return false;
	memory = mmap(NULL, state->core_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	state->core = bal_core_init(memory, state->core_size, &limits);
	return state->core != NULL;
}

static struct bal_event_pool pool_of(uint32_t agents)
{
	struct bal_event_pool pool = {.kind = BAL_POOL_URLS,
		.slots = 1,
		.agents_min = agents,
		.agents_baseline = agents,
		.agents_max = agents,
		.timeout_ns = NEVER_IN_RUN,
		.drain_limit_ns = NS_PER_MIN,
		.backoff_ns = NS_PER_S,
		.backoff_max_ns = NS_PER_MIN,
		.attempts_max = 1,
		.strategy = BAL_STRATEGY_FIXED,
		.up = {.load_permille = 800, .sustain_ns = NS_PER_MIN, .cooldown_ns = NS_PER_MIN},
		.down = {.load_permille = 300, .sustain_ns = NS_PER_MIN, .cooldown_ns = NS_PER_MIN},
		.emergency_wait_ns = NS_PER_DAY};

	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++)
		pool.limits[i] = BAL_NONE;
	pool.offers.words[0] = 1;
	return pool;
}

static void begin(struct race *race, const struct policy_settings *settings)
{
	const struct course *course = race->course;

	if (!make_core(race)) {
		race_fail(race, "no memory for the core");
		return;
	}
	for (uint32_t i = 0; settings != NULL && i < settings->knob_count; i++)
		feed_setting(race, (struct bal_event){.type = BAL_EVENT_KNOB,
					   .knob = {.knob = settings->knobs[i].knob,
						   .value = settings->knobs[i].value}});
	feed_setting(race,
		(struct bal_event){.type = BAL_EVENT_POOL, .pool = pool_of(course->agent_count)});
	for (uint32_t i = 0; i < course->agent_count; i++)
		feed_setting(race, (struct bal_event){.type = BAL_EVENT_AGENT_UP,
					   .up = {.agent = i + 1,
						   .state = BAL_AGENT_READY,
						   .slots = course->agents[i].slots}});
	feed_setting(race, (struct bal_event){.type = BAL_EVENT_START,
				   .start = {.epoch = 1, .seed = course->options.seed}});
}

static void arrive(struct race *race, uint32_t task)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_SUBMITTED};

	event.task.id = (uint64_t)task + 1;
	event.task.priority = race->course->tasks[task].priority;
	event.task.tenant = race->course->tasks[task].tenant;
	event.task.deadline_ns = BAL_NEVER_NS;
	event.task.size_ns = race->course->tasks[task].estimate_ns;
	event.task.needs.tags.words[0] = 1;
	if (!feed(race, &event))
		race_fail(race, "the core does not take a task");
}

static void end(struct race *race, const struct policy_end *end)
{
	struct bal_event event = {.type = BAL_EVENT_ATTEMPT_ENDED};

	event.ended.task = (uint64_t)end->task + 1;
	event.ended.epoch = 1;
	event.ended.attempt = end->attempt;
	event.ended.outcome = BAL_OUTCOME_SUCCEEDED;
	event.ended.service_ns = end->service_ns;
	if (!feed(race, &event))
		race_fail(race, "the core does not take the end of a task");
}

static int64_t wake_at_ns(const struct race *race)
{
	const struct ballast_state *state = race->state;

	return bal_deadline_ns(state->core);
}

static void wake(struct race *race)
{
	struct bal_event event = {.type = BAL_EVENT_TIMEOUT};

	feed(race, &event);
}

static void release(struct race *race)
{
	struct ballast_state *state = race->state;

	if (state->core != NULL)
		munmap((void *)state->core, state->core_size);
}

const struct policy policy_ballast = {.name = "ballast",
	.source = "this program's decision core with its default settings",
	.state_size = sizeof(struct ballast_state),
	.begin = begin,
	.arrive = arrive,
	.end = end,
	.wake_at_ns = wake_at_ns,
	.wake = wake,
	.release = release};

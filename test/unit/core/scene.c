/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include "core/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX     200000 /* a livelock of the core is a failure, not patience */
#define TEXT_SIZE     8192
#define CORE_ALIGN    64
#define STARTED_EPOCH 1

const struct bal_limits SCENE_LIMITS = {.tasks_max = 512,
	.agents_max = 64,
	.pools_max = 6,
	.kinds_max = 6,
	.tenants_max = 40,
	.limits_max = 3,
	.lanes_max = 48,
	.histories_max = 64,
	.conversations_max = 4,
	.explanations_max = 64,
	.orders_max = 8,
	.effects_max = 512};

struct scene *scene_open(const struct bal_limits *limits)
{
	size_t size = (bal_core_size(limits) + CORE_ALIGN - 1) / CORE_ALIGN * CORE_ALIGN;
	struct scene *scene = calloc(1, sizeof *scene);

	assert_non_null(scene);
	assert_true(size > 0);
	scene->memory = aligned_alloc(CORE_ALIGN, size);
	assert_non_null(scene->memory);
	memset(scene->memory, 0, size);
	scene->core = bal_core_init(scene->memory, size, limits);
	assert_non_null(scene->core);
	scene->now_ns = 1000 * NS_PER_S;
	scene->room = 16;
	return scene;
}

void scene_close(struct scene *scene)
{
	free(scene->memory);
	free(scene);
}

int scene_begin(void **state)
{
	struct scene *scene = scene_open(&SCENE_LIMITS);

	scene_start(scene, STARTED_EPOCH);
	*state = scene;
	return 0;
}

int scene_end(void **state)
{
	scene_close(*state);
	return 0;
}

enum bal_status scene_step(struct scene *scene, struct bal_event event)
{
	struct bal_effects effects = {.capacity = scene->room};
	enum bal_status status = BAL_OK;

	event.now_ns = scene->now_ns;
	for (uint32_t i = 0; i == 0 || effects.more; i++) {
		enum bal_status answer;

		assert_true(i < STEPS_MAX);
		assert_true(scene->effect_count + scene->room <= SCENE_EFFECTS_MAX);
		effects.items = scene->effects + scene->effect_count;
		answer = bal_step(scene->core, &event, &effects);
		if (i == 0)
			status = answer;
		scene->effect_count += effects.count;
		event.type = BAL_EVENT_MORE;
	}
	if (!scene->unchecked)
		bal_core_check(scene->core);
	return status;
}

void scene_start(struct scene *scene, uint32_t epoch)
{
	/* Tests of anything else say what they expect to the last effect and deadline. */
	if (!scene->watched)
		scene_knob(scene, BAL_KNOB_WATCH, 0);
	if (!scene->judged)
		scene_knob(scene, BAL_KNOB_ORDER_WATCH, 0);
	assert_int_equal(STEP(scene, START, start, .epoch = epoch, .seed = 7), BAL_OK);
}

void scene_run_to(struct scene *scene, int64_t at_ns)
{
	uint32_t steps = 0;

	while (bal_deadline_ns(scene->core) <= at_ns) {
		int64_t due_ns = bal_deadline_ns(scene->core);

		assert_true(steps++ < STEPS_MAX);
		if (due_ns > scene->now_ns)
			scene->now_ns = due_ns;
		assert_int_equal(STEP(scene, TIMEOUT, more, 0), BAL_OK);
	}
	scene->now_ns = at_ns;
	assert_int_equal(STEP(scene, MORE, more, 0), BAL_OK);
}

void scene_run_for(struct scene *scene, int64_t duration_ns)
{
	scene_run_to(scene, scene->now_ns + duration_ns);
}

static void print_effect(const struct bal_effect *effect, char *to, size_t size)
{
	const char *name = bal_effect_name(effect->type);
	unsigned long long task = effect->task, agent = effect->agent;

	switch (effect->type) {
	case BAL_EFFECT_STORE:
	case BAL_EFFECT_ACCEPT:
	case BAL_EFFECT_REQUEUE:
		snprintf(to, size, "%s %llu", name, task);
		break;
	case BAL_EFFECT_REFUSE:
		snprintf(to, size, "%s %llu %s", name, task, bal_reason_name(effect->reason));
		break;
	case BAL_EFFECT_DISPATCH:
	case BAL_EFFECT_HAND_BACK:
		snprintf(to, size, "%s %llu.%u@%llu", name, task, effect->attempt, agent);
		break;
	case BAL_EFFECT_RESCIND:
		snprintf(to, size, "%s %llu.%u@%llu %s", name, task, effect->attempt, agent,
			bal_reason_name(effect->reason));
		break;
	case BAL_EFFECT_STORE_RESULT:
	case BAL_EFFECT_COMPLETE:
		snprintf(to, size, "%s %llu %s", name, task, bal_task_state_name(effect->state));
		break;
	case BAL_EFFECT_SCALE:
		snprintf(to, size, "%s %u +%u %s", name, effect->pool, effect->count,
			bal_reason_name(effect->reason));
		break;
	case BAL_EFFECT_ORDER:
		snprintf(to, size, "%s %u %s", name, effect->pool, bal_reason_name(effect->reason));
		break;
	default:
		snprintf(to, size, "%s %llu", name, agent);
		break;
	}
}

void scene_expect(struct scene *scene, const char *effects)
{
	char text[TEXT_SIZE] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < scene->effect_count; i++) {
		char line[128];

		print_effect(&scene->effects[i], line, sizeof line);
		assert_true(used + strlen(line) + 3 < sizeof text);
		used += (size_t)snprintf(
			text + used, sizeof text - used, "%s%s", i == 0 ? "" : "; ", line);
	}
	assert_string_equal(text, effects);
	scene_clear(scene);
}

void scene_clear(struct scene *scene)
{
	scene->effect_count = 0;
}

const struct bal_effect *scene_last(const struct scene *scene, enum bal_effect_type type)
{
	for (uint32_t i = scene->effect_count; i > 0; i--)
		if (scene->effects[i - 1].type == type)
			return &scene->effects[i - 1];
	fail_msg("no effect %s", bal_effect_name(type));
	return NULL;
}

uint32_t scene_count(const struct scene *scene, enum bal_effect_type type)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < scene->effect_count; i++)
		count += scene->effects[i].type == type;
	return count;
}

struct bal_event_pool scene_pool_standard(uint32_t pool, enum bal_pool_kind kind)
{
	return (struct bal_event_pool){.pool = pool,
		.kind = kind,
		.offers.words = {1},
		.slots = 1,
		.agents_baseline = 3,
		.agents_max = 8,
		.timeout_ns = 10 * NS_PER_MIN,
		.drain_limit_ns = 5 * NS_PER_MIN,
		.backoff_ns = NS_PER_S,
		.backoff_max_ns = NS_PER_MIN,
		.attempts_max = 5,
		.retry_outcomes = 1u << BAL_OUTCOME_RETRYABLE | 1u << BAL_OUTCOME_LOST |
				  1u << BAL_OUTCOME_TIMEOUT,
		.limits = {BAL_NONE, BAL_NONE, BAL_NONE, BAL_NONE},
		.strategy = BAL_STRATEGY_CONSERVATIVE,
		.up = {800, 5 * NS_PER_MIN, NS_PER_MIN},
		.down = {400, 15 * NS_PER_MIN, 5 * NS_PER_MIN},
		.queue_deep = 100,
		.emergency_wait_ns = 10 * NS_PER_S};
}

void scene_pool(struct scene *scene, const struct bal_event_pool *pool)
{
	struct bal_event event = {.type = BAL_EVENT_POOL, .pool = *pool};

	assert_int_equal(scene_step(scene, event), BAL_OK);
}

void scene_pool_urls(struct scene *scene, uint32_t pool, uint64_t agent, uint32_t slots)
{
	struct bal_event_pool conf = scene_pool_standard(pool, BAL_POOL_URLS);

	scene_pool(scene, &conf);
	scene_agent(scene, agent, pool, slots);
}

void scene_agent(struct scene *scene, uint64_t agent, uint32_t pool, uint32_t slots)
{
	assert_int_equal(STEP(scene, AGENT_UP, up, .agent = agent, .pool = pool,
				 .state = BAL_AGENT_READY, .slots = slots),
		BAL_OK);
}

void scene_agent_starting(struct scene *scene, uint64_t agent, uint32_t pool, uint32_t slots)
{
	assert_int_equal(STEP(scene, AGENT_UP, up, .agent = agent, .pool = pool,
				 .state = BAL_AGENT_STARTING, .slots = slots),
		BAL_OK);
}

enum bal_status scene_agent_event(struct scene *scene, enum bal_event_type type, uint64_t agent)
{
	return scene_step(scene, (struct bal_event){.type = type, .agent = {agent}});
}

enum bal_status scene_down(struct scene *scene, uint64_t agent, bool expected)
{
	return STEP(scene, AGENT_DOWN, down, .agent = agent, .expected = expected);
}

enum bal_status scene_drain(struct scene *scene, uint64_t agent, bool back)
{
	return STEP(scene, AGENT_DRAINED, drain, .agent = agent, .back = back);
}

enum bal_status scene_sample(
	struct scene *scene, uint64_t agent, enum bal_signal signal, int64_t value)
{
	return STEP(scene, SAMPLE, sample, .id = agent, .signal = signal, .value = value);
}

void scene_knob(struct scene *scene, enum bal_knob knob, int64_t value)
{
	assert_int_equal(STEP(scene, KNOB, knob, .knob = knob, .value = value), BAL_OK);
}

enum bal_status scene_submit(struct scene *scene, struct bal_event_task task)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_SUBMITTED, .task = task};
	bool any = false;

	if (task.deadline_ns == 0)
		event.task.deadline_ns = BAL_NEVER_NS;
	for (uint32_t i = 0; i < BAL_TAG_WORDS; i++)
		any |= task.needs.tags.words[i] != 0;
	if (!any)
		event.task.needs.tags.words[0] = 1;
	return scene_step(scene, event);
}

void scene_task(struct scene *scene, uint64_t id)
{
	assert_int_equal(scene_submit(scene, (struct bal_event_task){.id = id,
						     .priority = BAL_PRIORITY_NORMAL}),
		BAL_OK);
}

enum bal_status scene_ended(struct scene *scene, uint64_t task, enum bal_outcome outcome)
{
	struct bal_task_view view = scene_task_view(scene, task);

	return STEP(scene, ATTEMPT_ENDED, ended, .task = task, .epoch = STARTED_EPOCH,
		.attempt = view.attempt, .outcome = outcome);
}

void scene_succeed(struct scene *scene, uint64_t task, int64_t service_ns)
{
	struct bal_task_view view = scene_task_view(scene, task);

	assert_int_equal(STEP(scene, ATTEMPT_ENDED, ended, .task = task, .epoch = STARTED_EPOCH,
				 .attempt = view.attempt, .outcome = BAL_OUTCOME_SUCCEEDED,
				 .service_ns = service_ns),
		BAL_OK);
}

void scene_fill(struct scene *scene, uint64_t first, uint32_t count)
{
	for (uint64_t i = 0; i < count; i++)
		scene_task(scene, first + i);
	scene_clear(scene);
}

void scene_finish(struct scene *scene, uint64_t first, uint32_t count)
{
	for (uint64_t i = 0; i < count; i++)
		scene_succeed(scene, first + i, NS_PER_S);
	scene_clear(scene);
}

enum bal_status scene_stored(struct scene *scene, uint64_t task, enum bal_status status)
{
	return STEP(scene, TASK_STORED, stored, .task = task, .status = status);
}

enum bal_status scene_result_stored(struct scene *scene, uint64_t task, enum bal_status status)
{
	return STEP(scene, RESULT_STORED, stored, .task = task, .status = status);
}

enum bal_status scene_cancel(struct scene *scene, uint64_t task)
{
	return STEP(scene, TASK_CANCELLED, cancelled, .task = task);
}

struct series_book *scene_series(const struct scene *scene)
{
	return scene->core->series;
}

struct bal_task_view scene_task_view(const struct scene *scene, uint64_t task)
{
	struct bal_task_view view;

	assert_true(bal_task_view(scene->core, task, &view));
	return view;
}

struct bal_agent_view scene_agent_view(const struct scene *scene, uint64_t agent)
{
	struct bal_agent_view view;

	assert_true(bal_agent_view(scene->core, agent, &view));
	return view;
}

struct bal_pool_view scene_pool_view(const struct scene *scene, uint32_t pool)
{
	struct bal_pool_view view;

	assert_true(bal_pool_view(scene->core, pool, &view));
	return view;
}

struct bal_totals scene_totals(const struct scene *scene)
{
	struct bal_totals totals;

	bal_totals(scene->core, &totals);
	return totals;
}

struct bal_why scene_why(const struct scene *scene, uint64_t id)
{
	struct bal_why why;

	bal_why(scene->core, id, &why);
	assert_int_equal(why.id, id);
	return why;
}

void scene_expect_why(
	const struct scene *scene, uint64_t id, enum bal_why_kind kind, enum bal_reason reason)
{
	struct bal_why why = scene_why(scene, id);

	assert_int_equal(why.kind, kind);
	assert_string_equal(bal_reason_name(why.reason), bal_reason_name(reason));
}

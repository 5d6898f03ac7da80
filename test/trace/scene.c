/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define EFFECTS 64

void scene_begin(struct scene *scene, FILE *to)
{
	const struct bal_limits limits = {.tasks_max = 64,
		.agents_max = 16,
		.pools_max = 4,
		.kinds_max = 4,
		.tenants_max = 4,
		.limits_max = 4,
		.lanes_max = 16,
		.histories_max = 64,
		.conversations_max = 16,
		.explanations_max = 64,
		.orders_max = 64,
		.effects_max = 256};
	size_t size = (bal_core_size(&limits) + 63) / 64 * 64;
	void *memory = aligned_alloc(64, size);

	bal_assert(memory != NULL);
	memset(memory, 0, size);
	*scene = (struct scene){.to = to, .core = bal_core_init(memory, size, &limits)};
	scene->effects.capacity = EFFECTS;
	scene->effects.items = calloc(EFFECTS, sizeof *scene->effects.items);
	bal_assert(scene->effects.items != NULL);
}

void scene_start(struct scene *scene)
{
	scene_feed(scene,
		(struct bal_event){.type = BAL_EVENT_START, .start = {.epoch = 1, .seed = 1}});
}

void scene_end(struct scene *scene)
{
	free(scene->effects.items);
	free((void *)scene->core);
}

void scene_say(struct scene *scene, const char *text)
{
	fprintf(scene->to, "\n# %s\n", text);
}

enum bal_status scene_feed(struct scene *scene, struct bal_event event)
{
	char line[BAL_LINE_SIZE];
	enum bal_status status;
	bool is_shown = event.type != BAL_EVENT_TIMEOUT;

	event.now_ns = scene->now_ns;
	status = bal_step(scene->core, &event, &scene->effects);
	bal_assert(!scene->effects.more);
	if (!is_shown && scene->effects.count == 0)
		return status;
	bal_event_print(&event, line, sizeof line);
	fprintf(scene->to, "%s", line);
	if (status != BAL_OK)
		fprintf(scene->to, " -- refused: %s", bal_status_text(status));
	fputc('\n', scene->to);
	for (uint32_t i = 0; i < scene->effects.count; i++) {
		bal_effect_print(&scene->effects.items[i], line, sizeof line);
		fprintf(scene->to, "    %s\n", line);
	}
	return status;
}

void scene_pass(struct scene *scene, int64_t duration_ns)
{
	int64_t end_ns = scene->now_ns + duration_ns;

	while (bal_deadline_ns(scene->core) <= end_ns) {
		int64_t due_ns = bal_deadline_ns(scene->core);

		if (due_ns > scene->now_ns)
			scene->now_ns = due_ns;
		scene_feed(scene, (struct bal_event){.type = BAL_EVENT_TIMEOUT});
	}
	scene->now_ns = end_ns;
}

struct bal_event scene_pool(uint32_t pool, enum bal_pool_kind kind)
{
	struct bal_event event = {.type = BAL_EVENT_POOL};

	event.pool = (struct bal_event_pool){.pool = pool,
		.kind = kind,
		.offers.words = {1},
		.slots = 1,
		.agents_min = 1,
		.agents_baseline = 2,
		.agents_max = 4,
		.timeout_ns = 10 * NS_PER_MIN,
		.drain_limit_ns = 30 * NS_PER_S,
		.backoff_ns = NS_PER_S,
		.backoff_max_ns = NS_PER_MIN,
		.attempts_max = 2,
		.retry_outcomes = 1u << BAL_OUTCOME_RETRYABLE | 1u << BAL_OUTCOME_LOST |
				  1u << BAL_OUTCOME_TIMEOUT,
		.limits = {BAL_NONE, BAL_NONE, BAL_NONE, BAL_NONE},
		.strategy = BAL_STRATEGY_CONSERVATIVE,
		.up = {.load_permille = 800,
			.sustain_ns = 5 * NS_PER_MIN,
			.cooldown_ns = 3 * NS_PER_MIN},
		.down = {.load_permille = 300,
			.sustain_ns = 15 * NS_PER_MIN,
			.cooldown_ns = 10 * NS_PER_MIN},
		.emergency_wait_ns = NS_PER_MIN};
	return event;
}

void scene_agent(struct scene *scene, uint64_t agent, uint32_t pool, uint32_t slots)
{
	scene_feed(scene, (struct bal_event){.type = BAL_EVENT_AGENT_UP,
				  .up = {.agent = agent,
					  .pool = pool,
					  .state = BAL_AGENT_READY,
					  .slots = slots}});
}

struct bal_event scene_task(uint64_t task)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_SUBMITTED};

	event.task = (struct bal_event_task){.id = task,
		.priority = BAL_PRIORITY_NORMAL,
		.deadline_ns = BAL_NEVER_NS,
		.needs.tags.words = {1}};
	return event;
}

enum bal_status scene_answer(
	struct scene *scene, uint64_t task, uint32_t attempt, enum bal_outcome outcome)
{
	return scene_feed(scene,
		(struct bal_event){.type = BAL_EVENT_ATTEMPT_ENDED,
			.ended = {
				.task = task, .epoch = 1, .attempt = attempt, .outcome = outcome}});
}

void scene_why(struct scene *scene, uint32_t pool)
{
	struct bal_pool_view view;
	struct bal_why why;

	bal_assert(bal_pool_view(scene->core, pool, &view));
	bal_why(scene->core, view.order_last, &why);
	fprintf(scene->to,
		"why: %s, %u to %u agents, load %u permille (threshold %u), %" PRId64 " s\n",
		bal_reason_name(why.reason), why.agents_before, why.agents_after, why.load_permille,
		why.threshold_permille, why.sustained_ns / NS_PER_S);
}

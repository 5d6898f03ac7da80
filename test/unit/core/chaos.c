/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are drawn from ranges a little wider than what is configured, ids from those that were
 * given out, so that an event is mostly about something that exists. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mmap without a file */
#endif
#include "chaos.h"

#include "core/objective.h"
#include "core/rule.h"

#include "base/units.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define POOLS   5
#define KINDS   4
#define TENANTS 3
#define LIMITS  2

const struct bal_limits CHAOS_LIMITS = {
	.tasks_max = 60,
	.agents_max = 12,
	.pools_max = 66, /* two words of a lane's set */
	.kinds_max = 5,
	.tenants_max = 4,
	.limits_max = 3,
	.lanes_max = 6,
	.histories_max = 20,
	.conversations_max = 6,
	.explanations_max = 16,
	.orders_max = 8,
	.effects_max = 300,
};

/* Pages come from the system as they are touched: most of a core's memory never is. */
struct bal_core *chaos_core(void)
{
	size_t size = bal_core_size(&CHAOS_LIMITS);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return bal_core_init(memory, size, &CHAOS_LIMITS);
}

void chaos_core_free(struct bal_core *core)
{
	if (core != NULL)
		munmap(core, bal_core_size(&CHAOS_LIMITS));
}

void chaos_init(struct chaos *chaos, chaos_draw *draw, void *source)
{
	*chaos = (struct chaos){.draw = draw, .source = source, .task_next = 1, .agent_next = 1};
}

static uint32_t draw(struct chaos *chaos, uint32_t bound)
{
	return chaos->draw(chaos->source, bound);
}

static bool chance(struct chaos *chaos, uint32_t percent)
{
	return draw(chaos, 100) < percent;
}

/* Mostly sensible spans, now and then the largest. */
static int64_t draw_span_ns(struct chaos *chaos)
{
	switch (draw(chaos, 8)) {
	case 0:
		return 0;
	case 1:
		return chance(chaos, 10) ? INT64_MAX : NS_PER_HOUR;
	case 2:
		return NS_PER_MIN * (1 + draw(chaos, 20));
	default:
		return NS_PER_MS * (1 + draw(chaos, 5000));
	}
}

static uint64_t draw_task(struct chaos *chaos)
{
	uint64_t back = draw(chaos, 80);

	return chaos->task_next > back ? chaos->task_next - back : 1;
}

static uint64_t draw_agent(struct chaos *chaos, const struct bal_core *core)
{
	struct bal_agent_view view;

	for (uint32_t i = 0; i < 4; i++)
		if (bal_agent_view_at(core, draw(chaos, CHAOS_LIMITS.agents_max), &view))
			return view.agent;
	return 1 + draw(chaos, 20);
}

/* Two numbers in the second word of a lane's set. */
static uint32_t draw_pool(struct chaos *chaos)
{
	static const uint32_t numbers[POOLS] = {0, 1, 2, 64, 65};

	return chance(chaos, 2) ? 70 : numbers[draw(chaos, POOLS)];
}

static void make_task(struct chaos *chaos, const struct bal_core *core, struct bal_event_task *task)
{
	*task = (struct bal_event_task){
		.id = chaos->task_next++,
		.kind = draw(chaos, KINDS),
		.tenant = draw(chaos, TENANTS),
		.priority = draw(chaos, BAL_PRIORITY_COUNT),
		.flags = draw(chaos, 4),
		.attempts_max = draw(chaos, 4),
		.deadline_ns = BAL_NEVER_NS,
	};
	if (chance(chaos, 50))
		task->parent = draw_task(chaos);
	if (chance(chaos, 30))
		task->conversation = 1 + draw(chaos, 10);
	if (chance(chaos, 20))
		task->deadline_ns = chaos->now_ns + NS_PER_MS * draw(chaos, 20000);
	if (chance(chaos, 30))
		task->size_ns = draw_span_ns(chaos);
	task->needs.tags.words[0] = draw(chaos, 4);
	task->needs.memory_mib = chance(chaos, 20) ? 64 * draw(chaos, 3) : 0;
	task->needs.exclusive = chance(chaos, 10);
	task->needs.unknown_count = chance(chaos, 2);
	for (uint32_t i = 0; i < 2 && chance(chaos, 10); i++)
		task->needs.not_agents[i] = draw_agent(chaos, core);
	if (chance(chaos, 2))
		task->id = draw_task(chaos);
}

static void make_restored(struct chaos *chaos, const struct bal_core *core, struct bal_event *event)
{
	struct bal_event_restored *restored = &event->restored;

	event->type = BAL_EVENT_TASK_RESTORED;
	*restored = (struct bal_event_restored){.submitted_at_ns = chaos->now_ns - NS_PER_MIN};
	make_task(chaos, core, &restored->task);
	restored->attempt = draw(chaos, 3);
	restored->failures = draw(chaos, 3);
	restored->epoch = chaos->epoch;
	restored->not_before_ns = chance(chaos, 20) ? chaos->now_ns + draw_span_ns(chaos) / 2 : 0;
	restored->agent = chance(chaos, 40) ? draw_agent(chaos, core) : 0;
	restored->until_ns = chaos->now_ns + draw_span_ns(chaos) / 2;
}

static void make_pool(struct chaos *chaos, struct bal_event *event)
{
	struct bal_event_pool *pool = &event->pool;

	event->type = BAL_EVENT_POOL;
	*pool = (struct bal_event_pool){
		.pool = draw_pool(chaos),
		.kind = chance(chaos, 60) ? BAL_POOL_PROCESS : draw(chaos, BAL_POOL_KIND_COUNT),
		.slots = 1 + draw(chaos, 3),
		.agents_min = draw(chaos, 3),
		.agents_baseline = 1 + draw(chaos, 2),
		.memory_mib = chance(chaos, 50) ? 128 : 0,
		.price_microcents_hour = draw(chaos, 1000000),
		.timeout_ns = draw_span_ns(chaos),
		.drain_limit_ns = draw_span_ns(chaos),
		.backoff_ns = draw_span_ns(chaos),
		.backoff_max_ns = NS_PER_MIN,
		.attempts_max = 1 + draw(chaos, 3),
		.retry_outcomes = draw(chaos, 1u << BAL_OUTCOME_COUNT),
		.strategy = draw(chaos, BAL_STRATEGY_COUNT),
		.up = {800, NS_PER_S * draw(chaos, 5), NS_PER_S},
		.down = {400, NS_PER_S * draw(chaos, 5), NS_PER_S},
		.queue_deep = draw(chaos, 5),
		.emergency_wait_ns = draw_span_ns(chaos),
	};
	pool->agents_max = pool->agents_min + draw(chaos, 5);
	pool->offers.words[0] = draw(chaos, 4) | draw(chaos, 4);
	for (uint32_t i = 0; i < BAL_POOL_LIMITS_MAX; i++)
		pool->limits[i] = chance(chaos, 25) ? draw(chaos, LIMITS) : BAL_NONE;
}

static void make_up(struct chaos *chaos, struct bal_event *event, uint32_t pool, uint64_t order)
{
	event->type = BAL_EVENT_AGENT_UP;
	event->up = (struct bal_event_up){.agent = chaos->agent_next++,
		.pool = pool,
		.state = chance(chaos, 50) ? BAL_AGENT_READY : BAL_AGENT_STARTING,
		.slots = draw(chaos, 4),
		.order = order};
}

static void make_ended(
	struct chaos *chaos, const struct bal_core *core, struct bal_event *event, uint64_t task)
{
	struct bal_task_view view = {.attempt = draw(chaos, 4)};

	bal_task_view(core, task, &view);
	event->type = BAL_EVENT_ATTEMPT_ENDED;
	event->ended = (struct bal_event_ended){.task = task,
		.epoch = chaos->epoch,
		.attempt = view.attempt,
		.outcome =
			chance(chaos, 50) ? BAL_OUTCOME_SUCCEEDED : draw(chaos, BAL_OUTCOME_COUNT),
		.service_ns = chance(chaos, 50) ? draw_span_ns(chaos) : 0,
		.retry_after_ns = chance(chaos, 50) ? draw_span_ns(chaos) : 0,
		.waits_for = chance(chaos, 30) ? draw_task(chaos) : 0};
	if (chance(chaos, 10))
		event->ended.attempt = draw(chaos, 4);
	if (chance(chaos, 5))
		event->ended.epoch--;
}

static enum bal_status draw_status(struct chaos *chaos)
{
	return chance(chaos, 80) ? BAL_OK : BAL_NO_SPACE;
}

/* Answers an effect; most are answered once, some twice or never. */
static void make_answer(struct chaos *chaos, const struct bal_core *core, struct bal_event *event)
{
	uint32_t place = draw(chaos, chaos->pending_count);
	struct bal_effect effect = chaos->pending[place];

	if (effect.type == BAL_EFFECT_SCALE && effect.count > 1)
		chaos->pending[place].count--;
	else if (!chance(chaos, 5))
		chaos->pending[place] = chaos->pending[--chaos->pending_count];
	switch (effect.type) {
	case BAL_EFFECT_STORE:
	case BAL_EFFECT_STORE_RESULT:
		event->type = effect.type == BAL_EFFECT_STORE ? BAL_EVENT_TASK_STORED
							      : BAL_EVENT_RESULT_STORED;
		event->stored = (struct bal_event_stored){
			.task = effect.task, .status = draw_status(chaos)};
		break;
	case BAL_EFFECT_DISPATCH:
	case BAL_EFFECT_HAND_BACK:
		make_ended(chaos, core, event, effect.task);
		break;
	case BAL_EFFECT_SCALE:
		make_up(chaos, event, effect.pool, effect.order);
		if (!chance(chaos, 15))
			break;
		event->type = BAL_EVENT_SCALE_ENDED;
		event->scale_ended = (struct bal_event_scale_ended){
			.order = effect.order, .status = draw_status(chaos)};
		break;
	case BAL_EFFECT_END:
		event->type = BAL_EVENT_AGENT_DOWN;
		event->down = (struct bal_event_down){.agent = effect.agent, .expected = true};
		break;
	case BAL_EFFECT_PROBE:
		event->type = chance(chaos, 50) ? BAL_EVENT_AGENT_READY : BAL_EVENT_AGENT_UNHEALTHY;
		event->agent.agent = effect.agent;
		break;
	case BAL_EFFECT_JOB:
		event->type = BAL_EVENT_JOB_DONE;
		event->job_done = (struct bal_event_job_done){.job = effect.order,
			.generation = effect.attempt + chance(chaos, 20),
			.status = draw_status(chaos),
			.result = {"nonsense", draw(chaos, 8)}};
		break;
	default:
		event->type = BAL_EVENT_MORE;
		break;
	}
}

static void make_agent_event(
	struct chaos *chaos, const struct bal_core *core, struct bal_event *event)
{
	uint64_t agent = draw_agent(chaos, core);

	switch (draw(chaos, 7)) {
	case 0:
		event->type = BAL_EVENT_AGENT_UNHEALTHY;
		event->agent.agent = agent;
		break;
	case 1:
		event->type = BAL_EVENT_AGENT_DOWN;
		event->down =
			(struct bal_event_down){.agent = agent, .expected = chance(chaos, 50)};
		break;
	case 2:
		event->type = BAL_EVENT_AGENT_SLOTS;
		event->slots = (struct bal_event_slots){.agent = agent, .slots = draw(chaos, 5)};
		break;
	case 3:
		event->type = BAL_EVENT_AGENT_DRAINED;
		event->drain = (struct bal_event_drain){.agent = agent, .back = chance(chaos, 60)};
		break;
	case 4:
		event->type = BAL_EVENT_SAMPLE;
		event->sample = (struct bal_event_sample){.id = agent,
			.signal = draw(chaos, BAL_SIGNAL_COUNT + 1),
			.value = (int64_t)draw(chaos, 1200) - 10};
		break;
	default:
		event->type = BAL_EVENT_AGENT_READY;
		event->agent.agent = agent;
		break;
	}
}

static void make_knob(struct chaos *chaos, struct bal_event *event)
{
	static const struct {
		enum bal_knob knob;
		int64_t value;
	} values[] = {
		{BAL_KNOB_WARMING, NS_PER_S},
		{BAL_KNOB_WARMING, 0},
		{BAL_KNOB_EJECT_AFTER, 1},
		{BAL_KNOB_EJECT_MAX_SHARE, 1000},
		{BAL_KNOB_AGED_SHARE, 2},
		{BAL_KNOB_AGEING, NS_PER_S},
		{BAL_KNOB_RETRY_BUDGET, 0},
		{BAL_KNOB_WEIGHT_FUTURE, 1000},
		{BAL_KNOB_TIME_VALUE, 0},
		{BAL_KNOB_QUEUE_MAX, 30},
		{BAL_KNOB_QUEUE_MAX, 0},
		{BAL_KNOB_HEDGE_SHARE, 1000},
		{BAL_KNOB_HEDGE_SHARE, 0},
		{BAL_KNOB_HEDGE_LATE, 500},
		{BAL_KNOB_PREFETCH, 1},
		{BAL_KNOB_PREFETCH, 0},
	};
	uint32_t i = draw(chaos, sizeof values / sizeof values[0]);

	event->type = BAL_EVENT_KNOB;
	event->knob = (struct bal_event_knob){.knob = values[i].knob, .value = values[i].value};
}

static void make_symbol(struct chaos *chaos, struct bal_event *event)
{
	static const char names[] = "abcdefghij";

	event->type = BAL_EVENT_SYMBOL;
	event->symbol = (struct bal_event_symbol){
		.space = draw(chaos, 2) == 0 ? BAL_SYMBOL_KIND : BAL_SYMBOL_POOL};
	event->symbol.number = draw(chaos, 6);
	event->symbol.text = (struct bal_text){.data = names + event->symbol.number, .size = 1};
}

/* Any numbers, of which some make no rule. */
static void make_rule(struct chaos *chaos, struct bal_event *event)
{
	event->type = BAL_EVENT_RULE;
	event->rule = rule_standard(draw(chaos, RULE_COUNT));
	event->rule.enabled = !chance(chaos, 30);
	event->rule.threshold = draw(chaos, 1000);
	event->rule.clear = draw(chaos, 1000);
	event->rule.sustain_ns = chance(chaos, 50) ? 0 : draw_span_ns(chaos);
	event->rule.tag_words[0] = chance(chaos, 30);
}

static void make_objective(struct chaos *chaos, struct bal_event *event)
{
	event->type = BAL_EVENT_OBJECTIVE;
	event->objective = objective_standard();
	event->objective.kind = chance(chaos, 50) ? BAL_NONE : draw(chaos, KINDS + 1);
	event->objective.enabled = !chance(chaos, 20);
	event->objective.recovers = chance(chaos, 80);
	event->objective.measure = draw(chaos, BAL_MEASURE_COUNT + 1);
	event->objective.response_ns = draw_span_ns(chaos);
	event->objective.target_permille[draw(chaos, BAL_OBJECTIVE_COUNT)] = draw(chaos, 1001);
}

/* Windows of all forms, some of which are none. */
static void make_peak(struct chaos *chaos, struct bal_event *event)
{
	struct bal_event_peak *peak = &event->peak;

	event->type = BAL_EVENT_PEAK;
	*peak = (struct bal_event_peak){.place = draw(chaos, 5)};
	peak->name = draw(chaos, 3);
	peak->days = draw(chaos, 4) * 43;
	peak->begins_ns = draw_span_ns(chaos);
	peak->duration_ns = draw_span_ns(chaos);
	peak->factor_permille = draw(chaos, 4) * 1000;
	peak->rate_count = draw(chaos, 3);
	peak->rate_period_ns = draw_span_ns(chaos);
	peak->kinds_count = draw(chaos, 3);
	for (uint32_t i = 0; i < peak->kinds_count; i++)
		peak->kinds[i] = draw(chaos, 6);
}

static void make_minimum(struct chaos *chaos, struct bal_event *event)
{
	struct bal_event_minimum *minimum = &event->minimum;

	event->type = BAL_EVENT_MINIMUM;
	*minimum = (struct bal_event_minimum){.place = draw(chaos, 5)};
	minimum->pool = draw_pool(chaos);
	minimum->days = draw(chaos, 4) * 43;
	minimum->begins_ns = draw_span_ns(chaos);
	minimum->duration_ns = draw_span_ns(chaos);
	minimum->agents = draw(chaos, 4);
}

/* What is configured, and what somebody asks of a pool. */
static void make_config(struct chaos *chaos, struct bal_event *event)
{
	switch (draw(chaos, 12)) {
	case 0:
		event->type = BAL_EVENT_POOL_REMOVED;
		event->pool_removed.pool = draw_pool(chaos);
		break;
	case 1:
		event->type = BAL_EVENT_POOL_PAUSED;
		event->pool_paused = (struct bal_event_pool_paused){
			draw_pool(chaos), chance(chaos, 20), chance(chaos, 20), chance(chaos, 20)};
		break;
	case 2:
		event->type = BAL_EVENT_POOL_SCALED;
		event->pool_scaled =
			(struct bal_event_pool_scaled){draw_pool(chaos), draw(chaos, 6)};
		break;
	case 3:
		event->type = BAL_EVENT_LIMIT;
		event->limit = (struct bal_event_limit){
			draw(chaos, LIMITS), draw(chaos, 4), draw(chaos, 4), draw_span_ns(chaos)};
		break;
	case 4:
		event->type = BAL_EVENT_TENANT;
		event->tenant = (struct bal_event_tenant){draw(chaos, TENANTS), draw(chaos, 4),
			draw(chaos, 40), draw(chaos, 5), draw(chaos, 9), draw_span_ns(chaos)};
		break;
	case 5:
		make_knob(chaos, event);
		break;
	case 6:
		make_symbol(chaos, event);
		break;
	case 7:
		make_rule(chaos, event);
		break;
	case 8:
		make_objective(chaos, event);
		break;
	case 9:
		make_peak(chaos, event);
		break;
	case 10:
		make_minimum(chaos, event);
		break;
	default:
		make_pool(chaos, event);
		break;
	}
}

static void make_rare(struct chaos *chaos, struct bal_event *event)
{
	switch (draw(chaos, 30)) {
	case 0:
		event->type = BAL_EVENT_STOP;
		break;
	case 1:
		event->type = BAL_EVENT_CLOCK;
		event->clock.utc_offset_ns = draw_span_ns(chaos);
		break;
	default:
		event->type = BAL_EVENT_GAP;
		event->gap.duration_ns = draw_span_ns(chaos) - NS_PER_MS;
		break;
	}
}

static void make_task_event(
	struct chaos *chaos, const struct bal_core *core, struct bal_event *event)
{
	uint64_t task = draw_task(chaos);
	struct bal_task_view view = {.attempt = 1};

	bal_task_view(core, task, &view);
	switch (draw(chaos, 8)) {
	case 0:
		event->type = BAL_EVENT_TASK_CANCELLED;
		event->cancelled.task = task;
		break;
	case 1:
		event->type = BAL_EVENT_ATTEMPT_EXTENDED;
		event->extended = (struct bal_event_extended){
			task, view.attempt, chaos->now_ns + draw_span_ns(chaos) / 2};
		break;
	case 2:
		event->type = BAL_EVENT_ATTEMPT_STARTED;
		event->attempt = (struct bal_event_attempt){task, view.attempt};
		break;
	case 3:
		make_ended(chaos, core, event, task);
		break;
	case 4:
		if (chaos->started && !chance(chaos, 20))
			make_ended(chaos, core, event, task);
		else
			make_restored(chaos, core, event);
		break;
	default:
		event->type = BAL_EVENT_TASK_SUBMITTED;
		make_task(chaos, core, &event->task);
		break;
	}
}

static void make_event(struct chaos *chaos, const struct bal_core *core, struct bal_event *event)
{
	uint32_t kind = draw(chaos, 100);

	if (chaos->pending_count > 0 && kind < 35) {
		make_answer(chaos, core, event);
	} else if (kind < 70) {
		make_task_event(chaos, core, event);
	} else if (kind < 75) {
		make_up(chaos, event, draw_pool(chaos), 0);
	} else if (kind < 84) {
		make_agent_event(chaos, core, event);
	} else if (kind < 90) {
		make_config(chaos, event);
	} else if (kind < 91) {
		make_rare(chaos, event);
	} else if (kind < 93 && !chaos->started) {
		chaos->started = true;
		chaos->epoch = 1 + draw(chaos, 3);
		event->type = BAL_EVENT_START;
		event->start = (struct bal_event_start){chaos->epoch, draw(chaos, 1000)};
	} else {
		event->type = BAL_EVENT_TIMEOUT;
		if (bal_deadline_ns(core) < chaos->now_ns + NS_PER_HOUR)
			event->now_ns = bal_deadline_ns(core);
	}
}

void chaos_event(struct chaos *chaos, const struct bal_core *core, struct bal_event *event)
{
	*event = (struct bal_event){.type = BAL_EVENT_MORE};
	event->now_ns = chaos->now_ns;
	make_event(chaos, core, event);
	if (event->now_ns > chaos->now_ns)
		chaos->now_ns = event->now_ns;
	chaos->now_ns += draw(chaos, 3) == 0 ? NS_PER_MS * draw(chaos, 400) : 0;
}

void chaos_perform(struct chaos *chaos, const struct bal_effects *effects)
{
	for (uint32_t i = 0; i < effects->count; i++) {
		uint32_t place = chaos->pending_count;

		if (place == CHAOS_PENDING_MAX)
			place = draw(chaos, CHAOS_PENDING_MAX);
		else
			chaos->pending_count++;
		chaos->pending[place] = effects->items[i];
	}
}

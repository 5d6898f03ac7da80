/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded events from outside, made-up answers and the core's own deadlines are merged by time; at
 * one instant in this order, as in the simulator's host.  An answer needs no check whether it still
 * counts: it carries the number of its attempt, and the core refuses a stale one.
 *
 * Speeds of agents are taken from the recording itself: the ratio of what their tasks took to what
 * they were announced to take, shrunk to that of all when there is little to go by. */
#include "sim/whatif.h"

#include "base/num.h"
#include "base/units.h"
#include "sim/future.h"
#include "sim/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EFFECTS_ROOM   256
#define POOLS_MAX      1024 /* looked at for pausing their scaling */
#define STORE_NS       (2 * NS_PER_MS)
#define HAND_BACK_NS   (10 * NS_PER_MS)
#define PROBE_NS       (5 * NS_PER_MS)
#define END_NS         (100 * NS_PER_MS)
#define PATIENCE_NS    NS_PER_DAY /* after the last recorded event */
#define STEPS_PER_STEP 50         /* of the recording: more is a livelock */
#define STEPS_FREE     1000000
#define PRIOR_S        5.0 /* of mean service that an agent is believed to be like the others */

/* How slow an agent was: service over what its tasks were expected to take. */
struct pace_of_agent {
	uint64_t agent;
	double service_s, expected_s;
};

struct run {
	struct bal_core *core;
	const struct ledger *recorded;
	const struct whatif_knob *knobs;
	uint32_t knob_count;
	struct ledger *ledger;
	struct bal_effects effects;
	struct bal_effect items[EFFECTS_ROOM];
	struct future future;
	struct worker worker;
	struct pace_of_agent *paces; /* by agent */
	uint32_t pace_count;
	double mean_s; /* service of all */
	uint32_t next; /* recorded event */
	int64_t now_ns;
	uint64_t steps, steps_max;
};

/* ---- how fast agents are ------------------------------------------------------------------ */

static struct pace_of_agent *find_pace(const struct run *run, uint64_t agent)
{
	for (uint32_t i = 0; i < run->pace_count; i++)
		if (run->paces[i].agent == agent)
			return &run->paces[i];
	return NULL;
}

static double slowness(const struct run *run, uint64_t agent)
{
	const struct pace_of_agent *pace = find_pace(run, agent);
	double prior = PRIOR_S * run->mean_s;

	if (pace == NULL || prior <= 0.0)
		return 1.0;
	return (pace->service_s + prior) / (pace->expected_s + prior);
}

static bool is_success(const struct ledger_attempt *attempt)
{
	return attempt->duration_ns >= 0 && attempt->outcome == BAL_OUTCOME_SUCCEEDED;
}

/* What a task was expected to take: its announced size, or else the mean of all. */
static void learn_pace(struct run *run, const struct ledger_task *task,
	const struct ledger_attempt *attempt, double scale)
{
	struct pace_of_agent *pace = find_pace(run, attempt->agent);
	double expected_s = task->size_ns > 0 ? (double)task->size_ns / 1e9 * scale : run->mean_s;

	if (pace == NULL) {
		pace = &run->paces[run->pace_count++];
		*pace = (struct pace_of_agent){.agent = attempt->agent};
	}
	pace->service_s += (double)attempt->service_ns / 1e9;
	pace->expected_s += expected_s;
}

static bool learn_paces(struct run *run)
{
	const struct ledger *recorded = run->recorded;
	double service_s = 0.0, count = 0.0, sized_s = 0.0, sizes_s = 0.0;

	run->paces = calloc(recorded->attempt_count + 1, sizeof *run->paces);
	if (run->paces == NULL)
		return false;
	for (uint32_t i = 0; i < recorded->task_count; i++) {
		const struct ledger_task *task = &recorded->tasks[i];

		if (task->last == LEDGER_NONE || !is_success(&recorded->attempts[task->last]))
			continue;
		service_s += (double)recorded->attempts[task->last].service_ns / 1e9;
		count += 1.0;
		if (task->size_ns > 0) {
			sizes_s += (double)task->size_ns / 1e9;
			sized_s += (double)recorded->attempts[task->last].service_ns / 1e9;
		}
	}
	run->mean_s = count > 0.0 ? service_s / count : 1.0;
	for (uint32_t i = 0; i < recorded->task_count; i++) {
		const struct ledger_task *task = &recorded->tasks[i];

		if (task->last != LEDGER_NONE && is_success(&recorded->attempts[task->last]))
			learn_pace(run, task, &recorded->attempts[task->last],
				sizes_s > 0.0 ? sized_s / sizes_s : 1.0);
	}
	return true;
}

/* ---- what effects lead to ----------------------------------------------------------------- */

static void answer_store(struct run *run, uint64_t task, enum bal_event_type type)
{
	struct future_event *event = future_post(&run->future, run->now_ns + STORE_NS, type);

	event->event.stored = (struct bal_event_stored){.task = task, .status = BAL_OK};
}

/* The recorded attempt of the same rank, or the last one; NULL when there is none. A last one that
 * was busy or handed back stands for none after it: such attempts are not counted, so one that is
 * repeated whenever it is tried again would never end. */
static const struct ledger_attempt *recorded_attempt(
	const struct ledger *recorded, uint64_t id, uint32_t rank)
{
	const struct ledger_task *task = ledger_find(recorded, id);
	uint32_t place;

	if (task == NULL || task->first == LEDGER_NONE)
		return NULL;
	place = task->first;
	while (--rank > 0 && recorded->attempts[place].next != LEDGER_NONE)
		place = recorded->attempts[place].next;
	if (rank > 0 && (recorded->attempts[place].outcome == BAL_OUTCOME_BUSY ||
				recorded->attempts[place].outcome == BAL_OUTCOME_HANDED_BACK))
		return NULL;
	return &recorded->attempts[place];
}

static void dispatch(struct run *run, const struct bal_effect *effect)
{
	const struct ledger_task *task = ledger_find(run->ledger, effect->task);
	const struct ledger_attempt *attempt = recorded_attempt(
		run->recorded, effect->task, task == NULL ? 1 : task->attempt_count);
	double duration_ns = run->mean_s * 1e9;
	double service_ns = duration_ns;
	double factor = slowness(run, effect->agent);
	struct bal_event_ended ended = {.task = effect->task,
		.epoch = run->recorded->epoch,
		.attempt = effect->attempt,
		.outcome = BAL_OUTCOME_SUCCEEDED};
	struct future_event *event;
	int64_t begin_ns = run->now_ns;

	/* What is sent ahead begins when its agent has ended something. */
	if (effect->reason == BAL_REASON_SENT_AHEAD &&
		future_answer_ns(&run->future, effect->agent) != BAL_NEVER_NS)
		begin_ns = future_answer_ns(&run->future, effect->agent);
	if (attempt != NULL && attempt->duration_ns < 0 && attempt->next != LEDGER_NONE)
		return; /* no answer then, none now: the core gives up on it in time */
	if (attempt != NULL && attempt->duration_ns >= 0) {
		duration_ns = (double)attempt->duration_ns;
		service_ns = (double)attempt->service_ns;
		factor /= slowness(run, attempt->agent);
		ended.outcome = attempt->outcome;
		ended.retry_after_ns = attempt->retry_after_ns;
		ended.waits_for = attempt->waits_for;
	}
	event = future_post(&run->future,
		begin_ns + num_max_i64(1, num_to_i64(duration_ns * factor)),
		BAL_EVENT_ATTEMPT_ENDED);
	ended.service_ns = num_max_i64(1, num_to_i64(service_ns * factor));
	event->event.ended = ended;
	event->agent = effect->agent;
}

static void post_for_agent(
	struct run *run, uint64_t agent, int64_t after_ns, enum bal_event_type type)
{
	struct future_event *event = future_post(&run->future, run->now_ns + after_ns, type);

	if (type == BAL_EVENT_AGENT_DOWN)
		event->event.down = (struct bal_event_down){.agent = agent, .expected = true};
	else
		event->event.agent.agent = agent;
}

static void hand_back(struct run *run, const struct bal_effect *effect)
{
	struct future_event *event =
		future_post(&run->future, run->now_ns + HAND_BACK_NS, BAL_EVENT_ATTEMPT_ENDED);

	event->agent = effect->agent;
	event->event.ended = (struct bal_event_ended){.task = effect->task,
		.epoch = run->recorded->epoch,
		.attempt = effect->attempt,
		.outcome = BAL_OUTCOME_HANDED_BACK};
}

static void refuse_order(struct run *run, uint64_t order)
{
	struct future_event *event =
		future_post(&run->future, run->now_ns + STORE_NS, BAL_EVENT_SCALE_ENDED);

	event->event.scale_ended =
		(struct bal_event_scale_ended){.order = order, .status = BAL_UNAVAILABLE};
}

static void perform(struct run *run, const struct bal_effect *effect)
{
	switch (effect->type) {
	case BAL_EFFECT_STORE:
		answer_store(run, effect->task, BAL_EVENT_TASK_STORED);
		break;
	case BAL_EFFECT_STORE_RESULT:
		answer_store(run, effect->task, BAL_EVENT_RESULT_STORED);
		break;
	case BAL_EFFECT_DISPATCH:
		dispatch(run, effect);
		break;
	case BAL_EFFECT_HAND_BACK:
		hand_back(run, effect);
		break;
	case BAL_EFFECT_SCALE:
		refuse_order(run, effect->order);
		break;
	case BAL_EFFECT_END:
		post_for_agent(run, effect->agent, END_NS, BAL_EVENT_AGENT_DOWN);
		break;
	case BAL_EFFECT_PROBE:
		post_for_agent(run, effect->agent, PROBE_NS, BAL_EVENT_AGENT_READY);
		break;
	case BAL_EFFECT_JOB:
		worker_take(&run->worker, run->core, effect, &run->future, run->now_ns);
		break;
	default: /* nobody waits for the answers; a rescinded attempt's answer is stale by itself */
		break;
	}
}

/* ---- the run ------------------------------------------------------------------------------ */

static void step(struct run *run, struct bal_event event)
{
	enum bal_status status;

	do {
		run->steps++;
		event.now_ns = run->now_ns;
		status = bal_step(run->core, &event, &run->effects);
		ledger_note(run->ledger, run->core, &event, status, &run->effects);
		for (uint32_t i = 0; i < run->effects.count; i++)
			perform(run, &run->effects.items[i]);
		event = (struct bal_event){.type = BAL_EVENT_MORE};
	} while (run->effects.more);
}

/* The core must not scale: the fleet is the recorded one. */
static void pause_scaling(struct run *run, uint32_t pool)
{
	struct bal_pool_view view;

	if (!bal_pool_view(run->core, pool, &view) || !view.exists)
		return;
	step(run, (struct bal_event){.type = BAL_EVENT_POOL_PAUSED,
			  .pool_paused = {.pool = pool,
				  .dispatch = view.paused_dispatch,
				  .scale_out = true,
				  .scale_in = true}});
}

static bool is_changed(const struct run *run, uint32_t knob)
{
	for (uint32_t i = 0; i < run->knob_count; i++)
		if (run->knobs[i].knob == knob)
			return true;
	return false;
}

static void step_recorded(struct run *run)
{
	struct bal_event event = run->recorded->events[run->next++].event;

	if (event.type == BAL_EVENT_KNOB && is_changed(run, event.knob.knob))
		return;
	if (event.type == BAL_EVENT_AGENT_UP)
		event.up.order = 0;
	if (event.type == BAL_EVENT_POOL_PAUSED) {
		event.pool_paused.scale_out = true;
		event.pool_paused.scale_in = true;
	}
	step(run, event);
	if (event.type == BAL_EVENT_POOL)
		pause_scaling(run, event.pool.pool);
}

static void step_future(struct run *run)
{
	struct future_event *future = future_take(&run->future);
	struct bal_event event = future->event;

	future_give(&run->future, future);
	step(run, event);
}

static uint32_t count_open(const struct ledger *ledger)
{
	uint32_t open = 0;

	for (uint32_t i = 0; i < ledger->task_count; i++)
		open += !ledger->tasks[i].is_refused && ledger->tasks[i].ended_at_ns < 0;
	return open;
}

/* False when nothing more happens that is of interest. */
static bool step_next(struct run *run)
{
	bool has_recorded = run->next < run->recorded->event_count;
	int64_t recorded_ns =
		has_recorded ? run->recorded->events[run->next].event.now_ns : BAL_NEVER_NS;
	int64_t future_ns = future_next_ns(&run->future);
	int64_t core_ns = bal_deadline_ns(run->core);
	int64_t next_ns = num_min_i64(recorded_ns, num_min_i64(future_ns, core_ns));

	if (next_ns == BAL_NEVER_NS ||
		(!has_recorded && next_ns - run->recorded->last_at_ns > PATIENCE_NS))
		return false;
	/* Without tasks only timers are left; looking at each of them would be slow. */
	if (!has_recorded && future_ns == BAL_NEVER_NS && count_open(run->ledger) == 0)
		return false;
	run->now_ns = num_max_i64(run->now_ns, next_ns);
	if (recorded_ns <= future_ns && recorded_ns <= core_ns)
		step_recorded(run);
	else if (future_ns <= core_ns)
		step_future(run);
	else
		step(run, (struct bal_event){.type = BAL_EVENT_TIMEOUT});
	return true;
}

static void begin(struct run *run)
{
	run->now_ns = run->recorded->first_at_ns;
	for (uint32_t i = 0; i < run->knob_count; i++)
		step(run, (struct bal_event){.type = BAL_EVENT_KNOB,
				  .knob = {.knob = run->knobs[i].knob,
					  .value = run->knobs[i].value}});
	for (uint32_t i = 0; i < POOLS_MAX; i++)
		pause_scaling(run, i);
}

bool whatif_run(struct bal_core *core, const struct ledger *recorded,
	const struct whatif_knob *knobs, uint32_t knob_count, struct ledger *ledger, char *message,
	size_t message_size)
{
	struct run *run = calloc(1, sizeof *run);
	bool went = false;

	ledger_init(ledger, false);
	if (run == NULL) {
		snprintf(message, message_size, "no memory");
		return false;
	}
	*run = (struct run){.core = core,
		.recorded = recorded,
		.knobs = knobs,
		.knob_count = knob_count,
		.ledger = ledger,
		.effects = {.capacity = EFFECTS_ROOM},
		.steps_max = recorded->step_count * STEPS_PER_STEP + STEPS_FREE};
	run->effects.items = run->items;
	if (!learn_paces(run)) {
		snprintf(message, message_size, "no memory");
	} else {
		begin(run);
		while (run->steps < run->steps_max && !ledger->has_failed && step_next(run))
			continue;
		went = run->steps < run->steps_max && !ledger->has_failed;
		if (!went)
			snprintf(message, message_size, "%s",
				ledger->has_failed ? "no memory" : "it does not come to an end");
	}
	future_release(&run->future);
	worker_release(&run->worker);
	free(run->paces);
	free(run);
	return went;
}

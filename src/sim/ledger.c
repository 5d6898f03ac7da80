/* SPDX-License-Identifier: Apache-2.0 */
/* Ids grow, so tasks lie sorted as they come; one that comes late (restored) is moved to its place.
 *
 * An event comes from outside when nobody in the core asked for it.  Answers to what the core asked
 * for before the ledger began (an attempt that ran already, a store under way) count as such too.
 * What scaling in did to an agent is kept as if somebody had drained it, so that a run that must
 * not scale has the same fleet. */
#include "sim/ledger.h"

#include "base/num.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 1024

void ledger_init(struct ledger *ledger, bool keeps_events)
{
	*ledger = (struct ledger){.keeps_events = keeps_events};
}

void ledger_release(struct ledger *ledger)
{
	free(ledger->tasks);
	free(ledger->attempts);
	free(ledger->events);
	*ledger = (struct ledger){.task_count = 0};
}

/* Room for one more in an array; false when memory ends. */
static bool make_room(
	struct ledger *ledger, void **array, uint32_t count, uint32_t *room, size_t size)
{
	uint32_t wanted = *room == 0 ? ROOM_FIRST : *room * 2;
	void *grown;

	if (count < *room)
		return true;
	grown = *room > UINT32_MAX / 4 ? NULL : realloc(*array, wanted * size);
	if (grown == NULL) {
		ledger->has_failed = true;
		return false;
	}
	*array = grown;
	*room = wanted;
	return true;
}

/* ---- tasks -------------------------------------------------------------------------------- */

/* The place of the first task whose id is not smaller. */
static uint32_t place_of(const struct ledger *ledger, uint64_t id)
{
	uint32_t low = 0, high = ledger->task_count;

	if (high > 0 && ledger->tasks[high - 1].id < id)
		return high;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ledger->tasks[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct ledger_task *ledger_find(const struct ledger *ledger, uint64_t id)
{
	uint32_t place = place_of(ledger, id);
	bool is_there = place < ledger->task_count && ledger->tasks[place].id == id;

	return is_there ? &ledger->tasks[place] : NULL;
}

static void add_task(
	struct ledger *ledger, const struct bal_event_task *event, int64_t submitted_at_ns)
{
	uint32_t place = place_of(ledger, event->id);
	void *tasks = ledger->tasks;

	if (ledger_find(ledger, event->id) != NULL)
		return;
	if (!make_room(
		    ledger, &tasks, ledger->task_count, &ledger->task_room, sizeof *ledger->tasks))
		return;
	ledger->tasks = tasks;
	memmove(&ledger->tasks[place + 1], &ledger->tasks[place],
		(ledger->task_count - place) * sizeof *ledger->tasks);
	ledger->task_count++;
	ledger->tasks[place] = (struct ledger_task){.id = event->id,
		.submitted_at_ns = submitted_at_ns,
		.ended_at_ns = -1,
		.size_ns = event->size_ns,
		.kind = event->kind,
		.first = LEDGER_NONE,
		.last = LEDGER_NONE};
}

/* ---- attempts ----------------------------------------------------------------------------- */

static void begin_attempt(struct ledger *ledger, const struct bal_core *core,
	const struct bal_effect *effect, int64_t now_ns)
{
	struct ledger_task *task = ledger_find(ledger, effect->task);
	uint32_t place = ledger->attempt_count;
	void *attempts = ledger->attempts;
	struct bal_why why;

	if (task == NULL || !make_room(ledger, &attempts, place, &ledger->attempt_room,
				    sizeof *ledger->attempts))
		return;
	ledger->attempts = attempts;
	bal_why(core, effect->task, &why);
	ledger->attempts[place] = (struct ledger_attempt){.agent = effect->agent,
		.begun_at_ns = now_ns,
		.duration_ns = -1,
		.number = effect->attempt,
		.is_hedge = effect->reason == BAL_REASON_HEDGED,
		.next = LEDGER_NONE};
	if (why.kind == BAL_WHY_ROUTED && why.winner.slots > 0)
		ledger->attempts[place].price = (double)why.winner.price_microcents_hour /
						(double)why.winner.slots / (double)NS_PER_HOUR;
	if (task->first == LEDGER_NONE)
		task->first = place;
	else
		ledger->attempts[task->last].next = place;
	task->last = place;
	task->attempt_count++;
	ledger->attempt_count++;
}

/* The last attempt of a task, or the one that it is a hedge of, when it is this one; else NULL. */
static struct ledger_attempt *attempt_of(struct ledger *ledger, uint64_t id, uint32_t number)
{
	const struct ledger_task *task = ledger_find(ledger, id);
	uint32_t place = task == NULL ? LEDGER_NONE : task->first;

	while (place != LEDGER_NONE && ledger->attempts[place].number != number)
		place = ledger->attempts[place].next;
	if (place == LEDGER_NONE || (place != task->last && !ledger->attempts[task->last].is_hedge))
		return NULL;
	return &ledger->attempts[place];
}

static void end_attempt(struct ledger *ledger, const struct bal_event *event)
{
	const struct bal_event_ended *ended = &event->ended;
	struct ledger_attempt *attempt = attempt_of(ledger, ended->task, ended->attempt);

	if (attempt == NULL || attempt->duration_ns >= 0)
		return;
	attempt->duration_ns = event->now_ns - attempt->begun_at_ns;
	attempt->service_ns = ended->service_ns > 0 ? ended->service_ns : attempt->duration_ns;
	attempt->outcome = ended->outcome;
	attempt->retry_after_ns = ended->retry_after_ns;
	attempt->waits_for = ended->waits_for;
}

/* ---- events ------------------------------------------------------------------------------- */

static bool is_from_outside(struct ledger *ledger, const struct bal_event *event)
{
	const struct ledger_task *task;

	switch (event->type) {
	case BAL_EVENT_MORE:
	case BAL_EVENT_TIMEOUT:
	case BAL_EVENT_STOP:
	case BAL_EVENT_POOL_SCALED:
	case BAL_EVENT_SCALE_ENDED:
	case BAL_EVENT_JOB_DONE:
		return false;
	case BAL_EVENT_TASK_STORED:
		task = ledger_find(ledger, event->stored.task);
		return task == NULL || !task->is_storing;
	case BAL_EVENT_RESULT_STORED:
		task = ledger_find(ledger, event->stored.task);
		return task == NULL || !task->is_storing_end;
	case BAL_EVENT_ATTEMPT_STARTED:
		return attempt_of(ledger, event->attempt.task, event->attempt.attempt) == NULL;
	case BAL_EVENT_ATTEMPT_EXTENDED:
		return attempt_of(ledger, event->extended.task, event->extended.attempt) == NULL;
	case BAL_EVENT_ATTEMPT_ENDED:
		task = ledger_find(ledger, event->ended.task);
		return task == NULL || task->first == LEDGER_NONE ||
		       event->ended.attempt < ledger->attempts[task->first].number;
	case BAL_EVENT_AGENT_DOWN:
		return !event->down.expected; /* the others end when the core ends them */
	default:
		return true;
	}
}

static void keep_event(struct ledger *ledger, const struct bal_event *event)
{
	void *events = ledger->events;

	if (!make_room(ledger, &events, ledger->event_count, &ledger->event_room,
		    sizeof *ledger->events))
		return;
	ledger->events = events;
	ledger->events[ledger->event_count++].event = *event;
}

static void note_event(struct ledger *ledger, const struct bal_event *event)
{
	switch (event->type) {
	case BAL_EVENT_TASK_SUBMITTED:
		add_task(ledger, &event->task, event->now_ns);
		break;
	case BAL_EVENT_TASK_RESTORED:
		add_task(ledger, &event->restored.task, event->restored.submitted_at_ns);
		break;
	case BAL_EVENT_ATTEMPT_ENDED:
		if (event->ended.epoch > ledger->epoch)
			ledger->epoch = event->ended.epoch;
		end_attempt(ledger, event);
		break;
	case BAL_EVENT_START:
		ledger->epoch = event->start.epoch;
		break;
	default:
		break;
	}
}

static void note_effect(struct ledger *ledger, const struct bal_core *core,
	const struct bal_effect *effect, int64_t now_ns)
{
	struct bal_event drained = {.now_ns = now_ns, .type = BAL_EVENT_AGENT_DRAINED};
	struct ledger_task *task = ledger_find(ledger, effect->task);

	if (effect->type == BAL_EFFECT_DISPATCH)
		begin_attempt(ledger, core, effect, now_ns);
	if (effect->type == BAL_EFFECT_DRAIN && effect->order != 0 && ledger->keeps_events) {
		drained.drain.agent = effect->agent;
		keep_event(ledger, &drained);
	}
	if (task == NULL)
		return;
	if (effect->type == BAL_EFFECT_STORE)
		task->is_storing = true;
	if (effect->type == BAL_EFFECT_STORE_RESULT)
		task->is_storing_end = true;
	if (effect->type == BAL_EFFECT_REFUSE)
		task->is_refused = true;
	if (effect->type == BAL_EFFECT_COMPLETE) {
		task->ended_at_ns = now_ns;
		task->end_state = effect->state;
	}
}

void ledger_note(struct ledger *ledger, const struct bal_core *core, const struct bal_event *event,
	enum bal_status status, const struct bal_effects *effects)
{
	if (ledger->step_count++ == 0)
		ledger->first_at_ns = event->now_ns;
	ledger->last_at_ns = num_max_i64(ledger->last_at_ns, event->now_ns);
	if (ledger->keeps_events && is_from_outside(ledger, event))
		keep_event(ledger, event);
	if (status == BAL_OK)
		note_event(ledger, event);
	for (uint32_t i = 0; i < effects->count; i++)
		note_effect(ledger, core, &effects->items[i], event->now_ns);
}

/* ---- sums --------------------------------------------------------------------------------- */

static void sum_attempts(
	const struct ledger *ledger, const struct ledger_task *task, struct ledger_report *report)
{
	for (uint32_t i = task->first; i != LEDGER_NONE; i = ledger->attempts[i].next) {
		const struct ledger_attempt *attempt = &ledger->attempts[i];
		double cost = attempt->price * (double)num_max_i64(0, attempt->duration_ns);

		report->cost_microcents += num_to_i64(cost);
	}
}

void ledger_sum(const struct ledger *ledger, struct ledger_report *report)
{
	*report = (struct ledger_report){.submitted = ledger->task_count};
	for (uint32_t i = 0; i < ledger->task_count; i++) {
		const struct ledger_task *task = &ledger->tasks[i];

		report->refused += task->is_refused;
		report->dispatched += task->attempt_count;
		if (task->first != LEDGER_NONE) {
			report->retried += task->attempt_count - 1;
			histogram_record(&report->waits_ns,
				ledger->attempts[task->first].begun_at_ns - task->submitted_at_ns,
				1);
		}
		sum_attempts(ledger, task, report);
		if (task->ended_at_ns < 0)
			continue;
		report->ended[task->end_state]++;
		histogram_record(
			&report->responses_ns, task->ended_at_ns - task->submitted_at_ns, 1);
	}
}

void ledger_compare(
	const struct ledger *a, const struct ledger *b, uint64_t *common, uint64_t *different)
{
	*common = 0;
	*different = 0;
	for (uint32_t i = 0; i < a->task_count; i++) {
		const struct ledger_task *mine = &a->tasks[i];
		const struct ledger_task *theirs = ledger_find(b, mine->id);

		if (theirs == NULL || mine->first == LEDGER_NONE || theirs->first == LEDGER_NONE)
			continue;
		(*common)++;
		*different += a->attempts[mine->first].agent != b->attempts[theirs->first].agent;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks on their way in and out of the store: jobs as rows, attempts as events. */
#include "daemon/engine_state.h"

#include "base/units.h"
#include "daemon/instant.h"
#include "daemon/needs.h"
#include "wire/jsonwrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_BITS 10 /* low bits of every id: which node minted it */

static struct store_bytes bytes_of(struct span span)
{
	return (struct store_bytes){span.at, (uint32_t)span.size};
}

static struct store_bytes bytes_of_buffer(const struct buffer *buffer)
{
	return (struct store_bytes){
		buffer->size == 0 ? NULL : buffer->bytes, (uint32_t)buffer->size};
}

static struct store_bytes bytes_of_text(const char *text)
{
	return bytes_of(span_of(text));
}

static enum store_status put(struct engine *engine, const struct store_op *op)
{
	return engine->store_ops->submit(engine->store, op, NULL);
}

static struct store_bytes name_bytes(
	const struct engine *engine, enum bal_symbol_space space, uint32_t number)
{
	return bytes_of(names_text(engine->names, space, number));
}

static struct store_bytes agent_bytes(const struct engine *engine, uint64_t id)
{
	const struct roster_agent *agent = id == 0 ? NULL : roster_find(engine->roster, id);

	return agent == NULL ? (struct store_bytes){NULL, 0} : bytes_of_text(agent->name);
}

uint64_t engine_mint(struct engine *engine)
{
	if (engine->id_reserved - engine->id_next < ENGINE_ID_BLOCK / 2)
		restore_reserve_ids(engine);
	if (engine->id_next == engine->id_reserved)
		return 0;
	return engine->id_next++ << NODE_BITS | 1;
}

bool submit_store_task(struct engine *engine, const struct job *job)
{
	struct store_op op = {.type = STORE_PUT_TASK, .token = job->id};
	struct store_task *row = &op.task;

	row->id = job->id;
	row->parent = job->parent;
	row->request_hash = job->request_hash;
	row->submitted_at_ns = job->submitted_at_utc_ns;
	row->deadline_at_ns = clock_to_utc_ns(&engine->clock, job->deadline_ns);
	row->attempts_max = job->attempts_max;
	row->priority = job->priority;
	row->kind = name_bytes(engine, BAL_SYMBOL_KIND, job->kind);
	row->tenant = name_bytes(engine, BAL_SYMBOL_TENANT, job->tenant);
	row->conversation = bytes_of(job->conversation);
	row->idempotency_key = bytes_of(job->idempotency_key);
	row->needs = bytes_of(job->needs_text);
	row->meta = bytes_of(job->meta);
	row->payload = bytes_of(job->payload);
	return put(engine, &op) == STORE_OK;
}

static enum store_state store_state_of(enum bal_task_state state)
{
	switch (state) {
	case BAL_TASK_SUCCEEDED:
		return STORE_TASK_SUCCEEDED;
	case BAL_TASK_DEAD:
		return STORE_TASK_DEAD;
	case BAL_TASK_CANCELLED:
		return STORE_TASK_CANCELLED;
	case BAL_TASK_EXPIRED:
		return STORE_TASK_EXPIRED;
	default:
		return STORE_TASK_FAILED;
	}
}

bool submit_store_result(struct engine *engine, const struct job *job)
{
	struct store_op op = {.type = STORE_PUT_RESULT, .token = job->id};
	struct store_result *row = &op.result;

	row->id = job->id;
	row->state = store_state_of(job->end);
	row->attempt = job->attempt;
	row->submitted_at_ns = job->submitted_at_utc_ns;
	row->finished_at_ns = clock_utc_ns();
	row->content_size =
		job->result_size > job->result.size ? job->result_size : job->result.size;
	if (job->attempt > 0)
		row->pool = name_bytes(engine, BAL_SYMBOL_POOL, job->pool);
	row->agent = agent_bytes(engine, job->agent);
	row->content_type = bytes_of_text(job->content_type);
	row->file = bytes_of_text(job->result_file);
	row->error = bytes_of_text(job->error);
	row->why = bytes_of(job->decision);
	row->history = bytes_of_buffer(&job->history);
	row->content = bytes_of_buffer(&job->result);
	return put(engine, &op) == STORE_OK;
}

void engine_note(struct engine *engine, const struct job *job, int64_t until_ns)
{
	struct store_op op = {.type = STORE_NOTE_PROGRESS, .lazy = true, .token = job->id};
	struct store_progress *row = &op.requeue.progress;

	if ((job->flags & BAL_TASK_DURABLE) == 0)
		return;
	row->id = job->id;
	row->state = STORE_TASK_DISPATCHED;
	row->attempt = job->attempt;
	row->epoch = job->epoch;
	row->started_at_ns = job->started_at_utc_ns;
	row->lease_expires_at_ns = clock_to_utc_ns(&engine->clock, until_ns);
	row->pool = name_bytes(engine, BAL_SYMBOL_POOL, job->pool);
	row->agent = agent_bytes(engine, job->agent);
	put(engine, &op);
}

void submit_note_requeue(struct engine *engine, const struct job *job, int64_t not_before_ns)
{
	struct store_op op = {.type = STORE_REQUEUE, .lazy = true, .token = job->id};

	op.requeue.progress.id = job->id;
	op.requeue.progress.state = STORE_TASK_QUEUED;
	op.requeue.progress.attempt = job->attempt;
	op.requeue.progress.not_before_at_ns = clock_to_utc_ns(&engine->clock, not_before_ns);
	op.requeue.carry.checkpoint = bytes_of_buffer(&job->checkpoint);
	op.requeue.carry.history = bytes_of_buffer(&job->history);
	put(engine, &op);
}

/* ---- tasks in ---- */

static void refuse_unseen(struct job *job, enum bal_reason reason)
{
	struct bal_why why = {.kind = BAL_WHY_REFUSED,
		.id = job->id,
		.reason = reason,
		.expected_wait_ns = NS_PER_S,
		.limit = BAL_NONE,
		.pool = BAL_NONE};
	struct list_node *node;

	while ((node = list_pop(&job->waiters)) != NULL) {
		struct job_waiter *waiter = container_of(node, struct job_waiter, node);

		waiter->refused(waiter, job, &why);
	}
	job_free(job);
}

void engine_submit(struct engine *engine, struct job *job)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_SUBMITTED};
	uint64_t id = job->id;

	needs_task(engine, job, &event.task);
	if (!engine_job_add(engine, job)) {
		refuse_unseen(job, BAL_REASON_REFUSED_QUEUE_FULL);
		return;
	}
	if (engine_event(engine, &event) == BAL_OK)
		return;
	/* The core takes no part in it: it is stopping, or has no room at this instant. */
	if (engine_job(engine, id) == job) {
		engine_job_drop(engine, job);
		refuse_unseen(job, BAL_REASON_REFUSED_QUEUE_FULL);
	}
}

/* ---- attempts ---- */

void engine_token(const struct job *job, char text[ENGINE_TOKEN_SIZE])
{
	snprintf(text, ENGINE_TOKEN_SIZE, "%llu.%u.%u", (unsigned long long)job->id, job->epoch,
		job->attempt);
}

bool engine_token_parse(struct span text, uint64_t *task, uint32_t *epoch, uint32_t *attempt)
{
	uint64_t numbers[3];

	for (uint32_t i = 0; i < 3; i++) {
		struct span part = span_cut(&text, '.');

		if (!span_number(part, i == 0 ? STORE_ID_MAX : UINT32_MAX, &numbers[i]) ||
			(i < 2) != (text.at != NULL))
			return false;
	}
	*task = numbers[0];
	*epoch = (uint32_t)numbers[1];
	*attempt = (uint32_t)numbers[2];
	return true;
}

void engine_history_add(
	struct engine *engine, struct job *job, enum bal_outcome outcome, const char *error)
{
	const struct roster_agent *agent = roster_find(engine->roster, job->agent);
	size_t before = job->history.size;
	struct json_writer writer;

	if (job->history.size > 0)
		buffer_append_byte(&job->history, ',');
	json_writer_init(&writer, &job->history);
	json_open(&writer, '{');
	json_key(&writer, "attempt");
	json_put_unsigned(&writer, job->attempt);
	json_key(&writer, "pool");
	json_put_text(&writer, names_text(engine->names, BAL_SYMBOL_POOL, job->pool));
	json_key(&writer, "agent");
	json_put_word(&writer, agent == NULL ? NULL : agent->name);
	json_key(&writer, "outcome");
	json_put_word(&writer, bal_outcome_name(outcome));
	json_key(&writer, "started");
	instant_put(&writer, job->started_at_utc_ns);
	json_key(&writer, "seconds");
	json_put_decimal(&writer, (clock_utc_ns() - job->started_at_utc_ns) / NS_PER_MS, 3);
	if (error != NULL && error[0] != '\0') {
		json_key(&writer, "error");
		json_put_text(&writer, span_of(error));
	}
	json_close(&writer);
	/* A history that is full keeps its first attempts: they are the ones that say most. */
	if (job->history.failed)
		job->history.size = before;
	job->history.failed = false;
}

enum bal_status engine_attempt_ended(struct engine *engine, const struct attempt_end *end)
{
	struct bal_event event = {.type = BAL_EVENT_ATTEMPT_ENDED,
		.ended = {.task = end->task,
			.epoch = end->epoch,
			.attempt = end->attempt,
			.outcome = end->outcome,
			.service_ns = end->service_ns,
			.retry_after_ns = end->retry_after_ns,
			.waits_for = end->waits_for,
			.bytes_sent = end->bytes_sent}};
	struct job *job = engine_job(engine, end->task);

	if (job != NULL && job->epoch == end->epoch && job_turn(job, end->attempt)) {
		if (end->error != NULL)
			job_set_text(&job->error, span_of(end->error));
		engine_history_add(engine, job, end->outcome, end->error);
		job->running = NULL;
		if (end->outcome != BAL_OUTCOME_SUCCEEDED)
			job_lose_attempt(job);
	}
	return engine_event(engine, &event);
}

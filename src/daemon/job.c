/* SPDX-License-Identifier: Apache-2.0 */
/* One block holds all bytes of a submission, so a hundred thousand waiting jobs cost two
 * allocations each; buffers and texts allocate only when something is written to them. */
#include "daemon/job.h"

#include "base/assert.h"
#include "wire/json.h"
#include "wire/jsonwrite.h"

#include <stdlib.h>
#include <string.h>

#define CHECKPOINT_SIZE_MAX (16u << 20)
#define HISTORY_SIZE_MAX    (256u << 10)
#define RESULT_SIZE_MAX     (16u << 20)

struct job *job_new(uint64_t id)
{
	struct job *job = calloc(1, sizeof *job);

	if (job == NULL)
		return NULL;
	job->id = id;
	job->deadline_ns = BAL_NEVER_NS;
	buffer_init(&job->checkpoint, CHECKPOINT_SIZE_MAX);
	buffer_init(&job->history, HISTORY_SIZE_MAX);
	buffer_init(&job->result, RESULT_SIZE_MAX);
	return job;
}

static struct span place(char **to, struct span from)
{
	struct span copy = {*to, from.size};

	if (from.at == NULL)
		return (struct span){NULL, 0};
	memcpy(*to, from.at, from.size);
	*to += from.size;
	return copy;
}

bool job_set_bytes(struct job *job, struct span conversation, struct span key, struct span needs,
	struct span meta, struct span payload)
{
	size_t size = conversation.size + key.size + needs.size + meta.size + payload.size;
	char *block = malloc(size + 1);
	char *to = block;

	if (block == NULL)
		return false;
	free(job->block);
	job->block = block;
	job->conversation = place(&to, conversation);
	job->idempotency_key = place(&to, key);
	job->needs_text = place(&to, needs);
	job->meta = place(&to, meta);
	job->payload = place(&to, payload);
	job->payload_size = (uint32_t)payload.size;
	return true;
}

void job_set_text(char **text, struct span to)
{
	size_t size = to.size < JOB_TEXT_MAX ? to.size : JOB_TEXT_MAX;

	free(*text);
	*text = size == 0 ? NULL : strndup(to.at, size);
}

void job_set_decision(struct job *job, struct span decision)
{
	char *copy = decision.size == 0 ? NULL : malloc(decision.size);

	free((char *)(uintptr_t)job->decision.at);
	if (copy != NULL)
		memcpy(copy, decision.at, decision.size);
	job->decision = (struct span){copy, copy == NULL ? 0 : decision.size};
}

void job_free(struct job *job)
{
	if (job == NULL)
		return;
	bal_assert(job->waiters.count == 0);
	buffer_release(&job->checkpoint);
	buffer_release(&job->history);
	job_reset_result(job);
	job_set_decision(job, SPAN(""));
	free(job->block);
	free(job);
}

/* The job's own attempt changes places with the one beside it. */
static void swap_runs(struct job *job)
{
	struct job_run own = {.attempt = job->attempt,
		.pool = job->pool,
		.agent = job->agent,
		.started_at_utc_ns = job->started_at_utc_ns,
		.running = job->running};

	job->attempt = job->beside.attempt;
	job->pool = job->beside.pool;
	job->agent = job->beside.agent;
	job->started_at_utc_ns = job->beside.started_at_utc_ns;
	job->running = job->beside.running;
	job->beside = own;
}

bool job_turn(struct job *job, uint32_t attempt)
{
	if (job->attempt == attempt)
		return true;
	if (attempt == 0 || job->beside.attempt != attempt)
		return false;
	swap_runs(job);
	return true;
}

void job_drop_attempt(struct job *job)
{
	if (job->beside.attempt == 0)
		return;
	swap_runs(job);
	job->beside = (struct job_run){.attempt = 0};
}

void job_lose_attempt(struct job *job)
{
	if (job->beside.attempt != 0)
		job_reset_result(job);
	job_drop_attempt(job);
}

void job_wait(struct job *job, struct job_waiter *waiter)
{
	list_append(&job->waiters, &waiter->node);
}

void job_unwait(struct job *job, struct job_waiter *waiter)
{
	if (list_holds(&waiter->node))
		list_remove(&job->waiters, &waiter->node);
}

void job_body(const struct job *job, struct buffer *body)
{
	struct span payload = job->payload.size == 0 ? SPAN("null") : job->payload;
	struct json json = {NULL, NULL};
	struct json_error error;
	struct json_writer writer;

	if (job->checkpoint.size == 0) {
		buffer_append_span(body, payload);
		return;
	}
	json_writer_init(&writer, body);
	json_open(&writer, '{');
	json_key(&writer, "payload");
	json_put_raw(&writer, payload);
	json_key(&writer, "checkpoint");
	if (json_read(&json, buffer_span(&job->checkpoint), job->checkpoint.size, &error))
		json_put_raw(&writer, buffer_span(&job->checkpoint));
	else
		json_put_text(&writer, buffer_span(&job->checkpoint));
	json_close(&writer);
	json_release(&json);
}

void job_reset_result(struct job *job)
{
	buffer_release(&job->result);
	job->result_size = 0;
	job_set_text(&job->result_file, SPAN(""));
	job_set_text(&job->content_type, SPAN(""));
	job_set_text(&job->error, SPAN(""));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Only so many lines are under way at once, or a large body would fill the store's queue and its
 * own rest would be refused.  When some are through, the next ones follow from the loop, since
 * nothing may be submitted from inside an answer.
 *
 * A batch outlives its request when the client leaves: lines that were submitted are accepted all
 * the same, and what waits for them must stay where it is until they are. */
#include "daemon/batch.h"

#include "base/assert.h"
#include "daemon/taskform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_TYPE "application/x-ndjson"

struct batch;

struct batch_line {
	struct job_waiter waiter;
	struct batch *batch;
	uint64_t task; /* while it is under way, and when it was accepted */
	unsigned status;
	char *problem; /* the rest of its answer as JSON members; NULL when accepted */
};

struct batch {
	struct engine *engine;
	struct request *request; /* NULL: the client has left */
	struct buffer body;
	struct span rest; /* lines not submitted yet */
	struct batch_line *lines;
	uint32_t line_count;
	uint32_t next;
	uint32_t flight_count;
};

static void free_batch(struct batch *batch)
{
	for (uint32_t i = 0; i < batch->line_count; i++)
		free(batch->lines[i].problem);
	free(batch->lines);
	buffer_release(&batch->body);
	free(batch);
}

/* ---- answers ---- */

/* Notes why a line was not taken. */
static void set_problem(
	struct batch_line *line, unsigned status, const char *type, const char *detail)
{
	struct json_writer writer;
	char memory[BATCH_ANSWER_SIZE * 2], word[sizeof PROBLEM_TYPE_PREFIX + 64];
	struct buffer text;

	buffer_init_fixed(&text, memory, sizeof memory - 1);
	json_writer_init(&writer, &text);
	json_open(&writer, '{');
	json_key(&writer, "type");
	snprintf(word, sizeof word, PROBLEM_TYPE_PREFIX "%s", type);
	json_put_word(&writer, word);
	json_key(&writer, "detail");
	json_put_word(&writer, detail);
	json_close(&writer);
	line->status = status;
	line->task = 0;
	memory[text.failed ? 0 : text.size] = '\0';
	line->problem = strdup(memory);
}

static void write_line(const struct batch *batch, uint32_t index, struct buffer *body)
{
	const struct batch_line *line = &batch->lines[index];
	struct json_writer writer;

	json_writer_init(&writer, body);
	json_open(&writer, '{');
	json_key(&writer, "line");
	json_put_unsigned(&writer, index + 1);
	json_key(&writer, "status");
	json_put_unsigned(&writer, line->status);
	if (line->task != 0) {
		json_key(&writer, "id");
		json_put_id(&writer, line->task);
	}
	if (line->problem != NULL && line->problem[0] != '\0') {
		json_key(&writer, "problem");
		json_put_raw(&writer, span_of(line->problem));
	}
	json_close(&writer);
	buffer_append_byte(body, '\n');
}

static void answer(struct batch *batch)
{
	struct request *request = batch->request;
	struct buffer body;

	buffer_init(&body, REQUEST_ANSWER_MAX);
	for (uint32_t i = 0; i < batch->line_count; i++)
		write_line(batch, i, &body);
	free_batch(batch);
	if (body.failed)
		request_problem(request, 500, "too-large", "there is no memory for the answer");
	else
		request_answer(request, 200, ANSWER_TYPE, buffer_span(&body), NULL);
	buffer_release(&body);
}

/* One line is through. */
static void line_done(struct batch *batch)
{
	batch->flight_count--;
	if (batch->request != NULL) {
		if (batch->flight_count == 0 || batch->flight_count == BATCH_FLIGHT_MAX / 2)
			request_resume(batch->request);
	} else if (batch->flight_count == 0) {
		free_batch(batch);
	}
}

static void on_accepted(struct job_waiter *waiter, struct job *job)
{
	struct batch_line *line = container_of(waiter, struct batch_line, waiter);

	job_unwait(job, waiter);
	line->status = 202;
	line_done(line->batch);
}

static void on_refused(struct job_waiter *waiter, struct job *job, const struct bal_why *why)
{
	struct batch_line *line = container_of(waiter, struct batch_line, waiter);
	struct refusal refusal;

	(void)job;
	refusal_fill(line->batch->engine, why, &refusal);
	buffer_release(&refusal.why);
	set_problem(line, refusal.status, refusal.type, refusal.text);
	line_done(line->batch);
}

/* It cannot end before it was accepted, and then nobody waits here any more. */
static void on_ended(struct job_waiter *waiter, struct job *job)
{
	(void)waiter;
	(void)job;
	bal_assert(false);
}

/* ---- lines ---- */

/* True when the line's key stands for an earlier task: nothing is submitted then. */
static bool follow_key(struct batch_line *line, const struct job *job)
{
	struct engine *engine = line->batch->engine;
	struct store *store = engine_store(engine);
	struct span tenant = names_text(engine_names(engine), BAL_SYMBOL_TENANT, job->tenant);
	uint64_t request_hash;

	if (job->idempotency_key.size == 0 ||
		store->ops->find_key(store, (struct store_bytes){tenant.at, (uint32_t)tenant.size},
			(struct store_bytes){
				job->idempotency_key.at, (uint32_t)job->idempotency_key.size},
			&line->task, &request_hash) != STORE_OK)
		return false;
	line->status = 202;
	if (request_hash != job->request_hash)
		set_problem(line, 409, "idempotency-key",
			"this idempotency_key was used for another submission");
	return true;
}

static void submit_line(struct batch *batch, struct batch_line *line, struct span text)
{
	const struct taskform_about about = {.head = batch->request->head};
	struct taskform_error error;
	struct job *job = taskform_read(batch->engine, text, &about, &error);

	if (job == NULL) {
		set_problem(line, error.status, error.type, error.text);
		return;
	}
	if (follow_key(line, job)) {
		job_free(job);
		return;
	}
	line->task = job->id;
	line->waiter = (struct job_waiter){
		.accepted = on_accepted, .refused = on_refused, .ended = on_ended};
	batch->flight_count++;
	job_wait(job, &line->waiter);
	engine_submit(batch->engine, job);
}

static bool is_blank(struct span line)
{
	struct span text = span_trim(line);

	return text.size == 0 || (text.size == 1 && text.at[0] == '\r');
}

/* Cuts the next line that is not blank; absent at the end. */
static struct span next_line(struct span *rest)
{
	while (rest->size > 0) {
		size_t size = span_find(*rest, '\n');
		struct span line = {rest->at, size};

		*rest = span_skip(*rest, size + 1);
		if (!is_blank(line))
			return line;
	}
	return (struct span){NULL, 0};
}

/* Submits lines as long as there is room. */
static void go_on(struct request *request)
{
	struct batch *batch = request->self;

	while (batch->next < batch->line_count && batch->flight_count < BATCH_FLIGHT_MAX) {
		struct span text = next_line(&batch->rest);

		submit_line(batch, &batch->lines[batch->next++], text);
	}
	if (batch->next == batch->line_count && batch->flight_count == 0)
		answer(batch);
}

/* ---- life ---- */

static void on_abandoned(struct request *request)
{
	struct batch *batch = request->self;

	batch->request = NULL;
	if (batch->flight_count == 0)
		free_batch(batch);
}

/* Nothing expires here but the server: who leaves is abandoned after this. */
static void on_expired(struct request *request)
{
	request->until_ns = INT64_MAX;
}

static uint32_t count_lines(struct span body)
{
	uint32_t count = 0;

	while (count <= BATCH_LINES_MAX && next_line(&body).at != NULL)
		count++;
	return count;
}

static struct batch *new_batch(struct request *request, uint32_t line_count)
{
	struct batch *batch = calloc(1, sizeof *batch);

	if (batch == NULL)
		return NULL;
	batch->engine = request->engine;
	batch->request = request;
	batch->line_count = line_count;
	batch->lines = calloc(line_count, sizeof *batch->lines);
	buffer_init(&batch->body, request->body.size);
	if (batch->lines == NULL || !buffer_append_span(&batch->body, request->body)) {
		batch->line_count = batch->lines == NULL ? 0 : line_count;
		free_batch(batch);
		return NULL;
	}
	for (uint32_t i = 0; i < line_count; i++)
		batch->lines[i].batch = batch;
	batch->rest = buffer_span(&batch->body);
	return batch;
}

void batch_submit(struct request *request)
{
	uint32_t line_count = count_lines(request->body);
	struct batch *batch;

	if (line_count == 0 || line_count > BATCH_LINES_MAX) {
		request_problem(request, line_count == 0 ? 400 : 413, "lines",
			"expected 1 to %d lines, each of them a task", BATCH_LINES_MAX);
		return;
	}
	batch = new_batch(request, line_count);
	if (batch == NULL) {
		request_problem(request, 503, "memory", "there is no memory for the lines");
		return;
	}
	request->self = batch;
	request->expired = on_expired;
	request->abandoned = on_abandoned;
	request->resumed = go_on;
	request_park(request, INT64_MAX);
	go_on(request);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Submitting a task and waiting for it.
 *
 * 202 is said when the task is durable, or later with the result when the client asked to wait.  A
 * waiting client that leaves, or whose time is up, changes nothing about the task.  An
 * Idempotency-Key that was seen before leads to the task of then, with the same answers as if it
 * had been submitted now; the same key with other contents is a conflict. */
#include "daemon/request.h"

#include "base/units.h"
#include "daemon/batch.h"
#include "daemon/taskform.h"
#include "daemon/taskview.h"

#include <inttypes.h>
#include <stdio.h>

/* What request->number says while a task is waited for. */
#define WAITS    1u /* for the end, not only until it is durable */
#define ACCEPTED 2u /* it is durable */
#define SUBMITS  4u /* answers are those of a submission */

#define LINES_TYPE "application/x-ndjson"

/* ---- answers ---- */

static void answer_view(struct request *request, unsigned status, const struct taskview *view)
{
	struct json_writer writer;
	struct buffer body;
	char location[64] = "";

	buffer_init(&body, REQUEST_ANSWER_MAX);
	json_writer_init(&writer, &body);
	taskview_write(view, status == 200, &writer);
	body.failed |= !json_writer_done(&writer);
	if (body.failed) {
		request_answer_json(request, status, &body);
		return;
	}
	if (status == 202)
		snprintf(
			location, sizeof location, "Location: /v1/tasks/%" PRIu64 "\r\n", view->id);
	request_answer(request, status, "application/json", buffer_span(&body), location);
	buffer_release(&body);
}

static void answer_job(struct request *request, unsigned status, const struct job *job)
{
	struct taskview view;

	taskview_of_job(request->engine, job, &view);
	answer_view(request, status, &view);
}

static void answer_refusal(struct request *request, const struct bal_why *why)
{
	struct refusal refusal;

	refusal_fill(request->engine, why, &refusal);
	request_problem_more(request, refusal.status, refusal.type, refusal.retry_after_ns,
		refusal.why.size > 0 ? "why" : NULL, buffer_span(&refusal.why), refusal.text);
	buffer_release(&refusal.why);
}

struct visit {
	struct request *request;
	unsigned status;
	bool answered;
};

static bool answer_stored(void *context, const struct store_view *from)
{
	struct visit *visit = context;
	struct taskview view;

	taskview_of_store(from, &view);
	answer_view(visit->request, visit->status, &view);
	visit->answered = true;
	return false;
}

/* Answers with a task that does not live any more. */
static void answer_ended(struct request *request, uint64_t task)
{
	struct store *store = engine_store(request->engine);
	struct visit visit = {.request = request, .status = 200};
	enum store_status status = store->ops->get(
		store, task, STORE_WITH_CARRY | STORE_WITH_CONTENT, answer_stored, &visit);

	if (visit.answered)
		return;
	if (status == STORE_NOT_FOUND || status == STORE_OK)
		request_problem(request, 404, "unknown", "there is no task %" PRIu64, task);
	else
		request_problem(request, (unsigned)store_status_http(status), "store",
			"task %" PRIu64 ": %s", task, store_status_text(status));
}

/* ---- waiting ---- */

static struct request *request_of(struct job_waiter *waiter)
{
	return container_of(waiter, struct request, waiter);
}

static void on_accepted(struct job_waiter *waiter, struct job *job)
{
	struct request *request = request_of(waiter);

	request->number |= ACCEPTED;
	if ((request->number & WAITS) != 0)
		return;
	job_unwait(job, waiter);
	answer_job(request, 202, job);
}

static void on_refused(struct job_waiter *waiter, struct job *job, const struct bal_why *why)
{
	(void)job;
	answer_refusal(request_of(waiter), why);
}

static void on_ended(struct job_waiter *waiter, struct job *job)
{
	answer_job(request_of(waiter), 200, job);
}

static void on_abandoned(struct request *request)
{
	struct job *job = engine_job(request->engine, request->task);

	if (job != NULL)
		job_unwait(job, &request->waiter);
}

/* The time to wait is up.  A task that is not durable yet must not be promised. */
static void on_expired(struct request *request)
{
	struct job *job = engine_job(request->engine, request->task);

	if ((request->number & ACCEPTED) == 0) {
		request->number &= ~WAITS;
		request->until_ns = TIME_NEVER_NS;
		return;
	}
	if (job != NULL)
		job_unwait(job, &request->waiter);
	if (job == NULL)
		answer_ended(request, request->task);
	else
		answer_job(request, (request->number & SUBMITS) != 0 ? 202 : 200, job);
}

static void wait_for(struct request *request, uint64_t task, uint32_t number, int64_t wait_ns)
{
	request->task = task;
	request->number = number;
	request->lasting = (number & WAITS) != 0;
	request->waiter = (struct job_waiter){
		.accepted = on_accepted, .refused = on_refused, .ended = on_ended};
	request->expired = on_expired;
	request->abandoned = on_abandoned;
	request_park(request,
		(number & WAITS) == 0
			? TIME_NEVER_NS
			: time_add_ns(clock_core_ns(engine_clock(request->engine)), wait_ns));
}

/* Answers about a task that exists, at once or when it has ended. */
static void attend(struct request *request, uint64_t task, uint32_t number, int64_t wait_ns)
{
	struct job *job = engine_job(request->engine, task);
	struct bal_task_view view = {.state = BAL_TASK_SUBMITTED};
	bool stored;

	if (job == NULL) {
		answer_ended(request, task);
		return;
	}
	bal_task_view(engine_core(request->engine), task, &view);
	stored = view.state != BAL_TASK_SUBMITTED;
	if (wait_ns == 0 && (stored || (number & SUBMITS) == 0)) {
		answer_job(request, (number & SUBMITS) != 0 ? 202 : 200, job);
		return;
	}
	number |= (wait_ns > 0 ? WAITS : 0) | (stored ? ACCEPTED : 0);
	wait_for(request, task, number, wait_ns);
	job_wait(job, &request->waiter);
}

/* ---- submit ---- */

/* True when the key stands for an earlier task: the request is then answered, or parked. */
static bool follow_key(struct request *request, const struct job *job, int64_t wait_ns)
{
	struct store *store = engine_store(request->engine);
	struct span tenant =
		names_text(engine_names(request->engine), BAL_SYMBOL_TENANT, job->tenant);
	uint64_t task, request_hash;

	if (job->idempotency_key.size == 0 ||
		store->ops->find_key(store, (struct store_bytes){tenant.at, (uint32_t)tenant.size},
			(struct store_bytes){
				job->idempotency_key.at, (uint32_t)job->idempotency_key.size},
			&task, &request_hash) != STORE_OK)
		return false;
	if (request_hash == job->request_hash)
		attend(request, task, SUBMITS, wait_ns);
	else
		request_problem(request, 409, "idempotency-key",
			"this Idempotency-Key was used for another submission, task %" PRIu64,
			task);
	return true;
}

static void submit_one(struct request *request, int64_t wait_ns)
{
	const struct taskform_about about = {
		.key = http_field_get(request->head, HTTP_FIELD_IDEMPOTENCY_KEY),
		.head = request->head,
		.waited_for = wait_ns > 0};
	struct taskform_error error;
	struct job *job = taskform_read(request->engine, request->body, &about, &error);

	if (job == NULL) {
		request_problem(request, error.status, error.type, "%s", error.text);
		return;
	}
	if (follow_key(request, job, wait_ns)) {
		job_free(job);
		return;
	}
	wait_for(request, job->id, SUBMITS | (wait_ns > 0 ? WAITS : 0), wait_ns);
	job_wait(job, &request->waiter);
	engine_submit(request->engine, job);
}

void api_task_submit(struct request *request)
{
	struct url_parameter wait = {.name = "wait"};
	struct span type = http_field_get(request->head, HTTP_FIELD_CONTENT_TYPE);
	char memory[REQUEST_QUERY_SIZE];
	int64_t wait_ns = 0;

	if (!request_query(request, &wait, 1, memory) ||
		!request_query_time(request, &wait, &wait_ns))
		return;
	if (!span_equal_nocase(span_cut(&type, ';'), SPAN(LINES_TYPE)))
		submit_one(request, wait_ns);
	else if (wait.value.at != NULL)
		request_problem(request, 400, "query",
			"\"wait\" is for single tasks: lines of tasks are answered when all are "
			"accepted");
	else
		batch_submit(request);
}

/* ---- read ---- */

void api_task_get(struct request *request)
{
	struct url_parameter wait = {.name = "wait"};
	uint64_t task = request_id(request, 0);
	char memory[REQUEST_QUERY_SIZE];
	int64_t wait_ns = 0;

	if (task != 0 && request_query(request, &wait, 1, memory) &&
		request_query_time(request, &wait, &wait_ns))
		attend(request, task, 0, wait_ns);
}

/* ---- cancel, requeue ---- */

void api_task_cancel(struct request *request)
{
	uint64_t task = request_id(request, 0);
	struct bal_event event = {.type = BAL_EVENT_TASK_CANCELLED, .cancelled = {.task = task}};
	enum bal_status status;
	struct job *job;

	if (task == 0 || !request_query(request, NULL, 0, NULL))
		return;
	status = engine_event(request->engine, &event);
	job = engine_job(request->engine, task);
	if (status == BAL_UNKNOWN || (status == BAL_OK && job == NULL))
		answer_ended(request, task); /* also when it was cancelled before: nothing to do */
	else if (status == BAL_OK)
		answer_job(request, 202, job);
	else
		request_status(request, status, "cancel");
}

void api_task_requeue(struct request *request)
{
	uint64_t task = request_id(request, 0);
	enum bal_status status;
	struct job *job;

	if (task == 0 || !request_query(request, NULL, 0, NULL))
		return;
	status = engine_requeue(request->engine, task);
	job = engine_job(request->engine, task);
	if (status == BAL_OK && job != NULL)
		answer_job(request, 202, job);
	else if (status == BAL_CONFLICT)
		request_problem(request, 409, "unfinished",
			"task %" PRIu64 " has not ended: only an ended task can be brought back",
			task);
	else if (status == BAL_UNKNOWN)
		request_problem(request, 404, "unknown", "there is no task %" PRIu64, task);
	else
		request_status(request, status, "requeue");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Members that say nothing (null, none yet) are left out, so that a list stays readable.  A result
 * is JSON only if its agent said so and it is: an agent's bytes must not be able to break the
 * document around them, so anything else is shown as a string. */
#include "daemon/taskview.h"

#include "daemon/instant.h"
#include "wire/json.h"

#include <string.h>

static struct span span_of_bytes(struct store_bytes bytes)
{
	return (struct span){bytes.data, bytes.data == NULL ? 0 : bytes.size};
}

static void fill_live(struct engine *engine, const struct job *job, struct taskview *view)
{
	struct bal_task_view live;

	view->state = bal_task_state_name(BAL_TASK_SUBMITTED);
	if (!bal_task_view(engine_core(engine), job->id, &live))
		return;
	view->state = bal_task_state_name(live.state);
	view->reason = live.reason == BAL_REASON_NONE ? NULL : bal_reason_name(live.reason);
	if (live.state == BAL_TASK_WAITING)
		view->not_before_at_ns = clock_to_utc_ns(engine_clock(engine), live.not_before_ns);
	if (live.agent == 0)
		view->started_at_ns = 0;
}

/* A job knows how it ends before that is durable, and until then nobody may be told. */
static bool has_ended(struct engine *engine, const struct job *job)
{
	struct bal_task_view live;

	return job->end != BAL_TASK_FREE && !(bal_task_view(engine_core(engine), job->id, &live) &&
						    live.state == BAL_TASK_FINISHING);
}

void taskview_of_job(struct engine *engine, const struct job *job, struct taskview *view)
{
	const struct names *names = engine_names(engine);
	const struct roster_agent *agent =
		job->agent == 0 ? NULL : roster_find(engine_roster(engine), job->agent);

	*view = (struct taskview){.id = job->id,
		.parent = job->parent,
		.kind = names_text(names, BAL_SYMBOL_KIND, job->kind),
		.tenant = names_text(names, BAL_SYMBOL_TENANT, job->tenant),
		.priority = bal_priority_name((enum bal_priority)job->priority),
		.conversation = job->conversation,
		.agent_id = job->agent,
		.attempt = job->attempt,
		.submitted_at_ns = job->submitted_at_utc_ns,
		.started_at_ns = job->started_at_utc_ns,
		.deadline_at_ns = clock_to_utc_ns(engine_clock(engine), job->deadline_ns),
		.error = span_of(job->error),
		.history = buffer_span(&job->history),
		.ended = has_ended(engine, job)};
	if (job->attempt > 0)
		view->pool = names_text(names, BAL_SYMBOL_POOL, job->pool);
	if (agent != NULL)
		view->agent = span_of(agent->name);
	if (!view->ended) {
		fill_live(engine, job, view);
		return;
	}
	view->state = bal_task_state_name(job->end);
	view->reason = bal_reason_name(job->reason);
	view->finished_at_ns = clock_utc_ns();
	view->content_type = span_of(job->content_type);
	view->content = buffer_span(&job->result);
	view->content_size =
		job->result_size > job->result.size ? job->result_size : job->result.size;
	view->file = span_of(job->result_file);
}

static void fill_ended(const struct store_result *result, struct taskview *view)
{
	view->state = store_state_name(result->state);
	view->pool = span_of_bytes(result->pool);
	view->agent = span_of_bytes(result->agent);
	view->attempt = result->attempt;
	view->finished_at_ns = result->finished_at_ns;
	view->error = span_of_bytes(result->error);
	view->content_type = span_of_bytes(result->content_type);
	view->content = span_of_bytes(result->content);
	view->content_size = result->content_size;
	view->file = span_of_bytes(result->file);
	view->history = span_of_bytes(result->history);
}

void taskview_of_store(const struct store_view *from, struct taskview *view)
{
	const struct store_task *task = &from->task;

	*view = (struct taskview){.id = task->id,
		.parent = task->parent,
		.kind = span_of_bytes(task->kind),
		.tenant = span_of_bytes(task->tenant),
		.priority = bal_priority_name((enum bal_priority)task->priority),
		.conversation = span_of_bytes(task->conversation),
		.submitted_at_ns = task->submitted_at_ns,
		.deadline_at_ns = task->deadline_at_ns,
		.ended = from->ended};
	if (from->ended) {
		fill_ended(&from->result, view);
		return;
	}
	view->state = store_state_name(from->progress.state);
	view->pool = span_of_bytes(from->progress.pool);
	view->agent = span_of_bytes(from->progress.agent);
	view->attempt = from->progress.attempt;
	view->started_at_ns = from->progress.started_at_ns;
	view->not_before_at_ns = from->progress.not_before_at_ns;
	view->history = span_of_bytes(from->carry.history);
}

/* ---- writing ---- */

static void put_text(struct json_writer *writer, const char *key, struct span text)
{
	if (text.size == 0)
		return;
	json_key(writer, key);
	json_put_text(writer, text);
}

static void put_id(struct json_writer *writer, const char *key, uint64_t id)
{
	if (id == 0)
		return;
	json_key(writer, key);
	json_put_id(writer, id);
}

static void put_instant(struct json_writer *writer, const char *key, int64_t utc_ns)
{
	if (utc_ns <= 0)
		return;
	json_key(writer, key);
	instant_put(writer, utc_ns);
}

/* "application/json", "application/problem+json" and their kind. */
static bool says_json(struct span type)
{
	struct span media = span_cut(&type, ';');

	return span_equal_nocase(media, SPAN("application/json")) ||
	       (media.size > 5 &&
		       span_equal_nocase(span_skip(media, media.size - 5), SPAN("+json")));
}

static bool is_json(struct span text)
{
	struct json_error error;
	struct json json;

	if (!json_read(&json, text, TASKVIEW_RESULT_MAX, &error))
		return false;
	json_release(&json);
	return true;
}

static void put_result(const struct taskview *view, struct json_writer *writer)
{
	put_text(writer, "content_type", view->content_type);
	if (view->content_size == 0)
		return;
	json_key(writer, "result_size");
	json_put_unsigned(writer, view->content_size);
	if (view->content_size != view->content.size || view->content.size > TASKVIEW_RESULT_MAX)
		return;
	json_key(writer, "result");
	if (says_json(view->content_type) && is_json(view->content))
		json_put_raw(writer, view->content);
	else
		json_put_text(writer, view->content);
}

static void put_attempts(const struct taskview *view, struct json_writer *writer)
{
	json_key(writer, "attempts");
	json_open(writer, '[');
	if (view->history.size > 0)
		json_put_raw(writer, view->history);
	json_close(writer);
}

void taskview_write(const struct taskview *view, bool full, struct json_writer *writer)
{
	json_open(writer, '{');
	put_id(writer, "id", view->id);
	put_text(writer, "state", span_of(view->state));
	put_text(writer, "reason", span_of(view->reason));
	put_text(writer, "kind", view->kind);
	put_text(writer, "priority", span_of(view->priority));
	put_text(writer, "tenant", view->tenant);
	put_text(writer, "conversation", view->conversation);
	put_id(writer, "parent", view->parent);
	json_key(writer, "attempt");
	json_put_unsigned(writer, view->attempt);
	put_text(writer, "pool", view->pool);
	put_text(writer, "agent", view->agent);
	put_id(writer, "agent_id", view->agent_id);
	put_instant(writer, "submitted_at", view->submitted_at_ns);
	put_instant(writer, "started_at", view->started_at_ns);
	put_instant(writer, "finished_at", view->finished_at_ns);
	put_instant(writer, "deadline", view->deadline_at_ns);
	put_instant(writer, "not_before", view->not_before_at_ns);
	put_text(writer, "error", view->error);
	if (full) {
		if (view->ended)
			put_result(view, writer);
		put_attempts(view, writer);
	}
	json_close(writer);
}

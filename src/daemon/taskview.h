/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_TASKVIEW_H
#define BAL_DAEMON_TASKVIEW_H

#include "daemon/engine.h"
#include "wire/jsonwrite.h"

/*
 * A task as the API shows it, whether it lives (the truth is in the core and its job) or has ended
 * (the truth is in the store).  Spans are borrowed from where it was read.
 */
struct taskview {
	uint64_t id;
	uint64_t parent;
	const char *state;
	const char *reason; /* NULL: not known */
	struct span kind;
	struct span tenant;
	const char *priority;
	struct span conversation;
	struct span pool;
	struct span agent;
	uint64_t agent_id;
	uint32_t attempt;
	int64_t submitted_at_ns; /* wall clock, as all of these; 0: none */
	int64_t started_at_ns;
	int64_t finished_at_ns;
	int64_t deadline_at_ns;
	int64_t not_before_at_ns;
	struct span error;
	struct span content_type;
	struct span content; /* the result or its beginning; absent while there is none */
	uint64_t content_size;
	struct span file;    /* where the whole result is, below the data directory */
	struct span history; /* JSON objects of the attempts, separated by commas */
	bool ended;
};

/* Fills it from a job, which may have ended just now. */
void taskview_of_job(struct engine *engine, const struct job *job, struct taskview *view);

/* Fills it from what the store has. */
void taskview_of_store(const struct store_view *from, struct taskview *view);

/* Writes it as a JSON object; with `full` also result and attempts.  A result of more than
 * TASKVIEW_RESULT_MAX bytes is left to GET /v1/tasks/ID/result. */
#define TASKVIEW_RESULT_MAX (1u << 20)
void taskview_write(const struct taskview *view, bool full, struct json_writer *writer);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_JOB_H
#define BAL_DAEMON_JOB_H

#include "ballast.h"
#include "base/list.h"
#include "wire/buffer.h"
#include "wire/span.h"

#include <stdint.h>

/*
 * A job is the daemon's side of a live task: the bytes that never enter the core (payload,
 * checkpoint, result), its names, and who waits for its end.  The engine owns it from submission
 * (or restart) until the core has forgotten the task.
 */

struct job;

/* Somebody who is told once about a job.  Part of the listener's own structure. */
struct job_waiter {
	struct list_node node;
	/* The task was accepted (its id is durable).  May be NULL. */
	void (*accepted)(struct job_waiter *waiter, struct job *job);
	/* It was refused: nothing more follows.  `why` is the core's explanation. */
	void (*refused)(struct job_waiter *waiter, struct job *job, const struct bal_why *why);
	/* It has ended durably; job->end, result and so on are filled.  Nothing more follows. */
	void (*ended)(struct job_waiter *waiter, struct job *job);
};

/* An attempt that runs. */
struct job_run {
	uint32_t attempt; /* 0: none */
	uint32_t pool;
	uint64_t agent;
	int64_t started_at_utc_ns;
	void *running;
};

struct job {
	uint64_t id;
	uint64_t parent;
	uint64_t request_hash; /* of the submission, for its idempotency key */
	uint32_t kind;         /* interned */
	uint32_t tenant;
	uint32_t priority;
	uint32_t attempts_max;
	uint32_t flags;      /* BAL_TASK_* */
	int64_t deadline_ns; /* core time */
	int64_t size_ns;
	int64_t submitted_at_utc_ns;
	struct span conversation; /* these spans lie in `block` */
	struct span idempotency_key;
	struct span needs_text; /* JSON of the needs as asked for; stored, so that a restart, which
				 * may number names anew, can read it again */
	struct span meta;       /* JSON: traceparent and the like */
	struct span payload;    /* JSON as sent; absent when only the store has it (payload_size) */
	char *block;
	uint32_t payload_size;

	/* The attempt that runs, and what attempts left behind. */
	uint32_t attempt;
	uint32_t epoch;
	uint64_t agent;
	uint32_t pool;
	uint32_t failures;
	int64_t started_at_utc_ns;
	int64_t waited_ns;     /* in the queue before it */
	void *running;         /* the agent driver's own: connection, process, lease */
	struct job_run beside; /* the other one, while two run: see job_turn */
	struct buffer checkpoint;
	struct buffer history; /* JSON objects, one per ended attempt, separated by commas */

	/* The answer, collected by the agent driver before it says ATTEMPT_ENDED. */
	enum bal_task_state end; /* FREE while it has not ended */
	enum bal_reason reason;
	char *content_type; /* these three: NULL for none; see job_set_text */
	struct buffer result;
	uint64_t result_size; /* the whole, also when the rest is in `result_file` */
	char *result_file;
	char *error;
	struct span decision; /* behind the last dispatch, as in whykeep.h; the job's own */

	struct list waiters;
	bool cancelled_early; /* the submitter went away before it was accepted */
};

/* Makes an empty job; NULL when there is no memory. */
struct job *job_new(uint64_t id);

/* Copies all the bytes of the submission into one block; false when there is no memory. */
bool job_set_bytes(struct job *job, struct span conversation, struct span key, struct span needs,
	struct span meta, struct span payload);

/* Replaces one of the job's own texts by a copy of this one, cut to JOB_TEXT_MAX bytes.  Without
 * memory for it the text is none. */
void job_set_text(char **text, struct span to);
#define JOB_TEXT_MAX 511

/* Replaces the decision by a copy; without memory for it there is none. */
void job_set_decision(struct job *job, struct span decision);

/* Frees the job; nobody may wait for it any more. */
void job_free(struct job *job);

/* Two attempts of a job may run, the second as a hedge.  All that deals with one attempt finds it
 * in attempt, pool, agent, started_at_utc_ns and running; job_turn puts the attempt of this number
 * there, and the other one beside it.  False when it is neither. */
bool job_turn(struct job *job, uint32_t attempt);

/* The job's own attempt was given up: if another runs beside it, that one takes its place. */
void job_drop_attempt(struct job *job);

/* It ended without success: likewise, and what it left of an answer is forgotten then. */
void job_lose_attempt(struct job *job);

/* Adds or removes a listener. */
void job_wait(struct job *job, struct job_waiter *waiter);
void job_unwait(struct job *job, struct job_waiter *waiter);

/* Appends what an agent is given to work on: the payload as JSON (null when there is none), or, for
 * a task that was handed back, {"payload": ..., "checkpoint": ...}.  A checkpoint that is no JSON
 * itself becomes a text. */
void job_body(const struct job *job, struct buffer *body);

/* Forgets what an attempt that failed had collected of an answer. */
void job_reset_result(struct job *job);

#endif

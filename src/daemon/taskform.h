/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_TASKFORM_H
#define BAL_DAEMON_TASKFORM_H

#include "daemon/engine.h"
#include "daemon/request.h"

/*
 * A task as it is submitted:
 *
 *     {"kind": "coder", "payload": {"issue": 17}, "priority": "high", "tenant": "web",
 *      "needs": {"tags": ["gpu"]}, "deadline": "30s", "conversation": "c-1", "parent": "4097",
 *      "parent_waits": true, "attempts": 3, "size": "2m", "idempotency_key": "k-1"}
 *
 * Only the kind is required.  A deadline is an instant of RFC 3339, or a time from now.  `size` is
 * how long it may take on an average agent.
 */
struct taskform_error {
	unsigned status;
	const char *type; /* of the problem */
	char text[JSON_ERROR_SIZE + 64];
};

/* What the request around it says. */
struct taskform_about {
	struct span key;                /* the field Idempotency-Key; absent: none */
	const struct http_reader *head; /* gives the trace context; NULL: none */
	/* The submitter waits for the end.  Who waits for a child does nothing meanwhile, so the
	 * child may have its parent's slot, unless the form says otherwise. */
	bool waited_for;
};

/* Reads one into a new job, which is not submitted yet and is the caller's.  NULL with what was
 * wrong. */
struct job *taskform_read(struct engine *engine, struct span body,
	const struct taskform_about *about, struct taskform_error *error);

/* Why the core or the store said no, in the API's words. */
struct refusal {
	unsigned status;
	const char *type;
	int64_t retry_after_ns; /* 0: none */
	struct buffer why;      /* the explanation as JSON; the caller releases it */
	char text[256];
};

/* Fills it from the explanation. */
void refusal_fill(struct engine *engine, const struct bal_why *why, struct refusal *refusal);

#endif

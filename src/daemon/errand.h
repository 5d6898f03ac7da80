/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ERRAND_H
#define BAL_DAEMON_ERRAND_H

#include "daemon/engine.h"
#include "daemon/recipe.h"
#include "provider/run.h"
#include "sample/watch.h"

/*
 * An errand: one process that was run for an attempt of a task, and what can be learned from what
 * it left.  Its run is named after the attempt's fencing token: TOKEN for the command itself,
 * TOKEN.p for its preparation, TOKEN.c for the cleanup.
 */
struct errand {
	struct list_node node;
	struct run *run;
	uint64_t task;
	uint32_t epoch;
	uint32_t attempt;
	enum recipe_step step;
	uint32_t pool; /* interned; BAL_NONE when nobody configured it since the start */
	bool ended;
	bool given_up;    /* rescinded: its end interests nobody */
	bool asked_back;  /* it is to hand its task back */
	bool was_reached; /* a process of it was told so */
	int64_t started_at_utc_ns;
	int64_t ended_at_utc_ns;
	struct watch watch; /* of what it uses */
};

#define ERRAND_NAME_SIZE      (ENGINE_TOKEN_SIZE + 4)
#define ERRAND_RESULT_MAX     (1u << 20) /* of a result; the rest stays in its file */
#define ERRAND_CHECKPOINT_MAX (8u << 20)

/* The name of the run. */
void errand_name(const struct errand *errand, char name[ERRAND_NAME_SIZE]);

/* Fills in task, epoch, attempt and step from a name; false when it is none of ours. */
bool errand_name_parse(const char *name, struct errand *errand);

/* Orders by task, then from the oldest to the newest attempt, then by step. */
int errand_compare(const struct errand *a, const struct errand *b);

/* What the end of the run means for the attempt.  `pool` may be NULL. */
enum bal_outcome errand_outcome(const struct errand *errand, const struct config_pool *pool);

/* Takes the result of a success into the job: standard output, its beginning when it is large. */
void errand_take_result(const struct errand *errand, struct job *job);

/* Takes the checkpoint of an attempt that was handed back into the job; false when it is empty or
 * larger than ERRAND_CHECKPOINT_MAX. */
bool errand_take_checkpoint(const struct errand *errand, struct job *job);

/* A sentence about a failure: what happened, and the end of standard error. */
void errand_describe(const struct errand *errand, char *text, size_t text_size);

#endif

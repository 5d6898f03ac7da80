/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_RECIPE_H
#define BAL_DAEMON_RECIPE_H

#include "daemon/job.h"
#include "provider/spec.h"
#include "wire/config.h"

/*
 * A recipe: what a command pool's configuration says, made into a process to run for one task.
 */

enum recipe_step {
	RECIPE_PREPARE, /* the pool's `prepare`: in ballast's own directory, it makes {workdir} */
	RECIPE_WORK,    /* its `command` */
	RECIPE_CLEAN    /* its `cleanup`: in ballast's own directory, when `keep` is over */
};

/* What a recipe is made from; all borrowed. */
struct recipe_order {
	const struct config_pool *pool;
	enum recipe_step step;
	uint64_t task;
	uint32_t attempt;
	const char *directory; /* where ballast was started, absolute */
	const char *workdir;   /* the task's own directory, absolute */
	const char *url;       /* of the API, for BALLAST_URL; "" = not known */
};

#define RECIPE_TEXTS_SIZE (128u << 10)
#define RECIPE_NOTE_SIZE  256

/* The spec points into the texts; keep it where it was made. */
struct recipe {
	struct spec spec;
	char note[RECIPE_NOTE_SIZE];
	char texts[RECIPE_TEXTS_SIZE];
	size_t texts_used;
};

/* Fills in argv ({workdir}, {id}, {attempt} and {pool} replaced), environment, directory, limits
 * and note.  False with a sentence. */
bool recipe_fill(struct recipe *recipe, const struct recipe_order *order, char *message,
	size_t message_size);

/* What recipe_fill noted, read back from the note of an adopted run.  False when it is none of
 * ours. */
bool recipe_note_read(
	const char *note, char pool[CONFIG_NAME_SIZE_MAX + 1], int64_t *started_at_utc_ns);

/* Appends what the command reads: the payload as JSON, or the text of the pool's field of it.  A
 * task that was handed back gets {"payload": ..., "checkpoint": ...}, in either case.  False with a
 * sentence when the payload lacks the field. */
bool recipe_input(const struct config_pool *pool, const struct job *job, struct buffer *input,
	char *message, size_t message_size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_SCRIPT_H
#define BAL_PROVIDER_SCRIPT_H

#include "provider/run.h"

/*
 * Scripts of the configuration that say what they have to say in one go: started, bounded in time
 * and output, their answer taken. Like all runs they outlive the daemon: one that was under way
 * when it died is found again by its name, so that nobody starts it a second time.
 *
 * What a script leaves behind when it ends by itself goes on (it may be the agent that it was to
 * start); when it is stopped for its time or output, everything that it started ends with it.
 */

#define SCRIPTS_MAX            16 /* at once */
#define SCRIPT_OUTPUT_SIZE_MAX (1024 * 1024)
#define SCRIPT_TEXT_SIZE       256

struct scripts;

struct script_order {
	const char *name;             /* as of a run, see runner_start */
	const char *const *arguments; /* end with NULL */
	const char *const *environment;
	const char *directory; /* absolute */
	int64_t timeout_ns;
};

/* How one ended. */
struct script_end {
	char name[RUN_NAME_SIZE_MAX];
	bool worked;        /* it exited with 0, in time, and its output is all here */
	bool never_started; /* for certain nothing of it was executed */
	const char *output; /* stdout, terminated; until the next call */
	size_t output_size;
	int64_t took_ns;             /* -1 when it was begun by an earlier daemon */
	char text[SCRIPT_TEXT_SIZE]; /* when it did not work: why, with its last words */
};

/* `directory` and `program` as for runner_open; NULL with a sentence. */
struct scripts *scripts_open(const char *directory, const char *program, int64_t now_ns,
	char *message, size_t message_size);

/* Starts one; its end follows in any case.  False with a sentence: nothing was started.  A name
 * that exists is not started twice. */
bool scripts_start(struct scripts *scripts, const struct script_order *order, int64_t now_ns,
	char *message, size_t message_size);

/* Whether one of this name is under way. */
bool scripts_has(const struct scripts *scripts, const char *name);

/* How many are under way. */
size_t scripts_count(const struct scripts *scripts);

/* Takes the next end; false when there is none for now. */
bool scripts_next(struct scripts *scripts, int64_t now_ns, struct script_end *end);

/* As runner_fd and runner_deadline_ns. */
int scripts_fd(const struct scripts *scripts);
int64_t scripts_deadline_ns(const struct scripts *scripts);

/* Scripts go on running; NULL is allowed. */
void scripts_close(struct scripts *scripts);

#endif

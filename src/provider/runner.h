/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_RUNNER_H
#define BAL_PROVIDER_RUNNER_H

#include "provider/run.h"

/*
 * Many runs behind one descriptor: starts them, watches them, tells what became of them. The
 * process provider runs agents with one, the daemon runs commands with another, each with its own
 * directory.
 */

#define RUNNER_RUNS_MAX 16384

struct runner;

enum runner_event_type {
	RUNNER_ADOPTED, /* found after a restart, still going; its end follows in time */
	RUNNER_STARTED, /* the command executes */
	RUNNER_ENDED    /* run->state is EXITED, FAILED or LOST; take what you need, then remove */
};

struct runner_event {
	enum runner_event_type type;
	struct run *run;  /* valid until runner_remove */
	const char *name; /* of the run */
	void *owner;      /* as given to runner_start; NULL after adoption until runner_own */
};

/* `directory` is made if need be (0700). `program` NULL = "/proc/self/exe". `base` as group_open
 * left it, copied. NULL, with a sentence, when the directory or the descriptor cannot be had.
 * Adopts what an earlier daemon left: the events RUNNER_ADOPTED and RUNNER_ENDED of those come
 * first. */
struct runner *runner_open(const char *directory, const struct cgroup *base, const char *program,
	int64_t now_ns, char *message, size_t message_size);

/* Starts spec as `name` ([A-Za-z0-9._-]{1,128}); input (may be NULL) becomes its stdin, unless
 * spec->input_path is set. spec->group is made here from base, name and spec->limits.
 * BALLAST_CHECKPOINT is added to its environment. NULL with a sentence: nothing was started. A name
 * that exists gives its run, and nothing is started twice. */
struct run *runner_start(struct runner *runner, const char *name, const struct spec *spec,
	const void *input, size_t input_size, void *owner, char *message, size_t message_size);

/* Finds by name; NULL. */
struct run *runner_find(const struct runner *runner, const char *name);

/* Sets the owner of an adopted run. */
void runner_own(struct run *run, void *owner);

/* run_end and run_kill, with the deadline kept. */
void runner_end(struct runner *runner, struct run *run, int64_t now_ns);
void runner_kill(struct runner *runner, struct run *run, int64_t now_ns);

/* Measures a run, as run_sample; all runs measured with one now_ns share one look at the machine's
 * processes. */
void runner_sample(struct runner *runner, const struct run *run, uint64_t wanted, int64_t now_ns,
	struct sample *sample);

/* Takes the next event; false when there is none for now. */
bool runner_next(struct runner *runner, int64_t now_ns, struct runner_event *event);

/* For the owner's loop: the descriptor to poll for reading. */
int runner_fd(const struct runner *runner);

/* When runner_next wants to be called although the descriptor is silent: RUN_NEVER_NS = never, a
 * time in the past = now. */
int64_t runner_deadline_ns(const struct runner *runner);

/* Runs that are known, ended ones included until they are forgotten. */
size_t runner_count(const struct runner *runner);

/* Forgets an ended run and removes its directory and group (a group that is still busy is tried
 * again later). Takes the run. */
void runner_remove(struct runner *runner, struct run *run);

/* Closes everything; what runs goes on. NULL is allowed. */
void runner_close(struct runner *runner);

#endif

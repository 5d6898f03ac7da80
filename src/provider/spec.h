/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_SPEC_H
#define BAL_PROVIDER_SPEC_H

#include "sample/cgroup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What is to be run, complete: the launcher adds nothing to it and asks nobody. Written into the
 * run directory by the daemon, read by the launcher.
 */

#define SPEC_ARGUMENTS_MAX   256
#define SPEC_ENVIRONMENT_MAX 256
#define SPEC_NOTE_SIZE_MAX   4096
#define SPEC_SIZE_MAX        (512 * 1024) /* of the serialised form */

struct spec_limits {
	int64_t cpu_millis;   /* thousandths of a core; 0 = not bounded */
	int64_t memory_bytes; /* 0 = not bounded */
	int64_t pids;         /* processes and threads; 0 = not bounded */
	int64_t files;        /* open files of each process; 0 = the customary 1024 */
};

struct spec {
	/* Both end with NULL. arguments[0] without a slash is looked up in the PATH of
	 * `environment`. Never goes through a shell. */
	const char *arguments[SPEC_ARGUMENTS_MAX + 1];
	/* NAME=VALUE, all there is: nothing is inherited. */
	const char *environment[SPEC_ENVIRONMENT_MAX + 1];
	const char *directory;  /* absolute working directory */
	const char *input_path; /* stdin is read from it; NULL = /dev/null */
	const char *note;       /* the owner's own words, kept for the adoption; NULL = "" */
	const char *boot;       /* boot id at the order; run_start fills it in */
	struct spec_limits limits;
	const char *affinity; /* processors it may run on, see affinity.h; NULL = all */
	struct cgroup group;  /* joined before exec; version CGROUP_NONE = stay */
	bool leaves;          /* what it leaves behind goes on, unless its end was asked for */
	int64_t grace_ns;     /* between TERM and KILL */
	int64_t uid;          /* -1 = the daemon's own */
	int64_t gid;          /* -1 = the daemon's own */
};

/* An empty spec: no argument, own user, grace 10 s. */
void spec_init(struct spec *spec);

/* False, with a sentence in *message, when the spec cannot be run: no argument, a directory that is
 * not absolute, a malformed variable, too much of something. */
bool spec_check(const struct spec *spec, char *message, size_t message_size);

/* Serialises into data. Returns the bytes written, or 0 when they do not fit into `size`. */
size_t spec_encode(const struct spec *spec, char *data, size_t size);

/* Parses what spec_encode wrote; strict, since the file decides what is run. The strings of *spec
 * point into `data`, which is changed. False when anything is not exactly of that form. */
bool spec_decode(struct spec *spec, char *data, size_t size);

#endif

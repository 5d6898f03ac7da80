/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_PROCESS_H
#define BAL_PROVIDER_PROCESS_H

#include "provider/provider.h"
#include "provider/run.h"

/*
 * The provider of local agents: one process (and its descendants) for each, from the template of
 * its pool. Agents outlive the daemon and are adopted by the next one.
 */

#define PROCESS_POOLS_MAX 1024

/* How agents of a pool are made. Copied by process_pool_set. */
struct process_template {
	const char *pool;
	const char *const *arguments; /* ends with NULL; {port}, {id}, {pool} are replaced */
	const char *const
		*environment;  /* ends with NULL; NAME (taken from the daemon) or NAME=VALUE */
	const char *directory; /* absolute working directory */
	struct spec_limits limits;
	int64_t grace_ns;
	const char *affinity; /* processors its agents may run on, see affinity.h; NULL = all */
	int64_t uid;          /* -1 = the daemon's */
	int64_t gid;
};

/* `directory` is where run directories go (DATA/run/agents); base and program as for runner_open.
 * NULL with a sentence. Agents of an earlier daemon come as PROVIDER_ADOPTED from next(). */
struct provider *process_open(const char *directory, const struct cgroup *base, const char *program,
	int64_t now_ns, char *message, size_t message_size);

/* Defines or replaces a pool's template; agents that run keep theirs. False with a sentence when it
 * cannot be run as written (an argv[0] that is nowhere on PATH is found out here already). */
bool process_pool_set(struct provider *provider, const struct process_template *template,
	char *message, size_t message_size);

/* The run of an agent, for its log (run_output_read); NULL. */
const struct run *process_run(const struct provider *provider, uint64_t agent);

#endif

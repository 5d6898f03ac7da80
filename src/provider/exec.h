/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_PROVIDER_EXEC_H
#define BAL_PROVIDER_EXEC_H

#include "provider/provider.h"

/*
 * The provider whose agents are made, listed and removed by scripts of the configuration: wherever
 * they are, they are instances with an id and a url. What the scripts print: provider/answer.h;
 * what they find in their environment:
 *
 *   BALLAST_POOL, BALLAST_OWNER     the pool; this ballast, the same over restarts
 *   BALLAST_ORDER                   names the instance ([0-9a-f-]{1,63}): create keeps it with the
 *                                   instance, list gives it back as `order`
 *   BALLAST_AGENT, BALLAST_INDEX    the agent's name POOL-N, and N
 *   BALLAST_ID, BALLAST_URL         delete: the instance
 *
 * A script may fail, hang, print nonsense or be wrong. An instance is never made twice: whenever it
 * is not certain that create made none, the next list decides, and nothing is made in its place
 * until then. None is left behind: delete is repeated until list no longer shows the instance, and
 * what list shows under our name without anybody wanting it is deleted. All of that is told.
 */

#define EXEC_POOLS_MAX     256
#define EXEC_INSTANCES_MAX 10000

/* How instances of a pool are made. Copied by exec_pool_set; lists end with NULL. */
struct exec_template {
	const char *pool;
	const char *const *create; /* argv of each script */
	const char *const *list;
	const char *const *remove;
	const char *const *environment; /* NAME (taken from the daemon) or NAME=VALUE */
	const char *directory;          /* absolute working directory */
	int64_t timeout_ns;             /* of each script */
};

/* `directory` holds claims and scripts that run (DATA/run/exec); made if need be. `program` as for
 * runner_open. NULL with a sentence. Instances of an earlier daemon come as PROVIDER_ADOPTED from
 * next(), and as STARTED when they were not made yet. */
struct provider *exec_open(const char *directory, const char *program, int64_t now_ns,
	char *message, size_t message_size);

/* Defines or replaces a pool's template.  False with a sentence. */
bool exec_pool_set(struct provider *provider, const struct exec_template *template, char *message,
	size_t message_size);

#endif

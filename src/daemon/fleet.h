/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_FLEET_H
#define BAL_DAEMON_FLEET_H

#include "daemon/push.h"
#include "sample/cgroup.h"

/*
 * The fleet: HTTP agents that ballast starts, watches and ends.  It is the driver of `run` pools.
 *
 * Agents outlive the daemon: fleet_open adopts those of the last one, under the ids they had,
 * before the engine starts, so no agent is restarted because ballast was.
 */
struct fleet;

/* `group` is the control group that runs go below (CGROUP_NONE: no limits).  NULL with a sentence.
 */
struct fleet *fleet_open(struct engine *engine, struct push *push, const struct cgroup *group,
	char *message, size_t message_size);

/* Takes over the pools of the engine's new configuration; agents that run keep their template. */
void fleet_configure(struct fleet *fleet);

/* Agents go on running. */
void fleet_close(struct fleet *fleet);

/* What is wrong with this pool: why its last agent could not be started, or ended by itself; ""
 * when nothing is, or an agent became ready since. */
const char *fleet_error(const struct fleet *fleet, uint32_t pool);

#endif

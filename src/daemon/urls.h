/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_URLS_H
#define BAL_DAEMON_URLS_H

#include "daemon/push.h"

/*
 * Pools of HTTP services that exist already (`urls`): each address is an agent.  One that is not
 * there is looked for until it is; one that leaves the configuration finishes what it has.
 *
 * Registers itself as the driver of such pools.
 */
struct urls;

/* NULL when there is no memory.  `push` is borrowed. */
struct urls *urls_open(struct push *push);
void urls_close(struct urls *urls);

/* Makes the agents those of the engine's configuration: after engine_start, and after each change.
 * False with a sentence about the first that could not be added; the others are. */
bool urls_configure(struct urls *urls, char *message, size_t message_size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_AGENTID_H
#define BAL_DAEMON_AGENTID_H

#include "daemon/engine.h"

/* The id of an agent that the configuration names: the one it had before the restart, when the
 * store remembers, so that what was learned about it stays its own.  A new id when another agent
 * has that one at the moment; 0 as engine_mint. */
uint64_t agentid_get(struct engine *engine, const char *pool, const char *name);

#endif

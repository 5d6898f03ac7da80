/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_BOUNDS_H
#define BAL_DAEMON_BOUNDS_H

#include "daemon/engine.h"

/* bounds: what the configuration says of the resources of agents, as events: which pools may give
 * theirs more, how much, and what the host has for all. */

/* Tells the core all of it. `able`: limits of what runs can be changed here; where a pool wants
 * that and they cannot, the log says so, once. */
void bounds_tell(struct engine *engine, bool able);

#endif

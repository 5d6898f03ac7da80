/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_EVENTS_H
#define BAL_DAEMON_EVENTS_H

#include "daemon/request.h"

/*
 * What happens, as a stream: every effect of the core that somebody may want to see is kept in a
 * ring as a few numbers, and written as a server-sent event for those who listen.
 *
 *     id: 1099511627777
 *     event: task.dispatched
 *     data: {"at": "...", "task": "4097", "attempt": 1, "pool": "coder", "agent": "coder-1"}
 *
 * Ids rise; a client that comes back with Last-Event-ID gets what it missed, as far as the ring
 * reaches, and "events.lost" when it reaches not far enough.
 */
#define EVENTS_KEPT_MAX 8192

struct events;

/* Watches the engine from now on; NULL when there is no memory. */
struct events *events_open(struct engine *engine);
void events_close(struct events *events);

/* Regular work: quiet streams get a sign of life. */
void events_tick(struct events *events, int64_t now_ns);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ROOM_H
#define BAL_DAEMON_ROOM_H

#include "daemon/fleet_state.h"

/* room: what this machine still has for agents that run on it. */

/* Takes what an agent of its pool needs for this member: its GPUs are set.  False with a sentence
 * when the host's budget, as far as one is configured, does not have it. */
bool room_take(
	const struct fleet *fleet, struct member *member, char *message, size_t message_size);

/* An agent that is no member (any more) still runs with these GPUs; it has ended. */
void room_hold(struct fleet *fleet, uint64_t agent, uint64_t gpus);
void room_release(struct fleet *fleet, uint64_t agent);

/* Forgets all that is held. */
void room_close(struct fleet *fleet);

#endif

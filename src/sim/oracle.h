/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_ORACLE_H
#define BAL_SIM_ORACLE_H

#include "sim/options.h"

/* oracle: an independent bookkeeper.  It sees what goes into a core and what comes out, never its
 * state, keeps books of its own and complains at the first thing that must not be:
 *
 *     a task      ends exactly once, and how it ended has a cause; is accepted when stored; has one
 *                 running attempt at most, with a higher number than any before; is not tried more
 *                 often than it may, nor after its deadline, nor after it was cancelled
 *     a hedge     is a second running attempt of a task, on another agent; there are some only when
 *                 the knob allows them, for no more of a pool's slots than it says, and never for a
 *                 command or a lease; what fails while the other runs is no failure of the task
 *     an answer   counts once; the right one is never refused
 *     an agent    gets work only when it is up, not draining, not busy, and has a slot (a child may
 *                 use the slot of an ancestor that waits for it); is ended only without work
 *     a bound     of a tenant, of a shared limit, of a pool's agents holds
 *
 * Ids of tasks and agents must be 1, 2, 3 ... */

#define ORACLE_LINE_SIZE 256

struct oracle;

/* NULL when there is no memory. */
struct oracle *oracle_new(uint32_t tasks_max, uint32_t agents_max);
void oracle_free(struct oracle *oracle);

/* Looks at one step.  False from the first complaint on. */
bool oracle_see(struct oracle *oracle, const struct bal_event *event, enum bal_status status,
	const struct bal_effects *effects);

/* Looks at the end of a run: every accepted task must have ended.  False: it has a complaint. */
bool oracle_end(struct oracle *oracle);

/* The complaint: virtual time and what, one line; empty when there is none. */
const char *oracle_complaint(const struct oracle *oracle);

/* Accepted tasks that have not ended. */
uint32_t oracle_open_count(const struct oracle *oracle);

#endif

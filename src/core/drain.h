/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_DRAIN_H
#define BAL_CORE_DRAIN_H

#include "core/state.h"

/* Taking an agent out of service without losing what it works on. */

/* Stops giving it tasks; it is ended when the last one is gone.  `order` is what asked for it, 0
 * for an operator. */
void drain_start(struct bal_core *core, struct agent *agent, uint64_t order);

/* Takes a draining agent back into service; false when it was told to end already. */
bool drain_back(struct bal_core *core, struct agent *agent);

/* Ends a draining agent that has nothing left to do; harmless otherwise. */
void drain_check(struct bal_core *core, struct agent *agent);

/* When a draining agent's tasks are asked back. */
int64_t drain_limit_at_ns(const struct bal_core *core, const struct agent *agent);

/* Asks its tasks back, once, if that instant has come. */
void drain_limit_reached(struct bal_core *core, struct agent *agent);

/* Work left on the agent: the sum of what its running tasks are still expected to take. */
int64_t drain_left_ns(const struct bal_core *core, const struct agent *agent);

#endif

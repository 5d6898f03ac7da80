/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_VICTIM_H
#define BAL_CORE_VICTIM_H

#include "core/state.h"

/* Which agent of a pool leaves when there are too many. */

/* Weighs what the agents of the pool would take with them; before the first victim_find of an
 * order, within the same step. */
void victims_weigh(struct bal_core *core, struct pool *pool);

/* The agent whose end costs least; NULL when none may leave.  One that is about to be ready, and
 * the last one at work while others start, leave only when `insist`, and then last. */
struct agent *victim_find(const struct bal_core *core, const struct pool *pool, bool insist);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_VALID_H
#define BAL_CORE_VALID_H

#include "core/state.h"

/* What a configuration must satisfy before the core takes it, from an event or a saved state. */

/* True when there is such a knob and the value is in its range. */
bool knob_valid(uint32_t knob, int64_t value);

/* True when the pool's numbers are in range and make sense together. */
bool pool_valid(const struct bal_core *core, const struct bal_event_pool *pool);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_LIMIT_H
#define BAL_CORE_LIMIT_H

#include "core/state.h"

/* Ceilings: limits shared by pools (an upstream account), and the bounds of a tenant.  Rates are
 * kept as a virtual schedule (generic cell rate algorithm, ITU-T I.371): one instant per limit, no
 * buckets to refill. */

/* Notes whether the pool uses a limit at all: few do, and all of them are asked often. Call after
 * each change of its configuration. */
void limits_note(struct pool *pool);

/* True when one more attempt of this pool may start now; else *blocking names a limit that stands
 * in the way. */
bool limits_allow(const struct bal_core *core, const struct pool *pool, uint32_t *blocking);

/* Counts an attempt of this pool in, or out again. */
void limits_take(struct bal_core *core, const struct pool *pool);
void limits_give(struct bal_core *core, const struct pool *pool);

/* When the limit that only time lifts allows the next start of this pool; core->now_ns when
 * nothing but running attempts stands in the way, or nothing at all. */
int64_t limits_open_at_ns(const struct bal_core *core, const struct pool *pool);

/* True when the tenant may submit one more task now, which is counted if so; else *wait_ns says
 * when. */
bool tenant_rate_take(struct bal_core *core, uint32_t tenant, int64_t *wait_ns);

/* True when the tenant may run one more task. */
bool tenant_may_run(const struct bal_core *core, uint32_t tenant);

#endif

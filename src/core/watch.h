/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_WATCH_H
#define BAL_CORE_WATCH_H

#include "core/state.h"

/* watch: the core looks at itself every ten seconds (knob WATCH): pools, kinds, their objectives.
 * What it finds goes to the rules of alerts like any measured value. While nothing happens it does
 * not look. */

/* When the next look is due; BAL_NEVER_NS when there is nothing to look at. */
int64_t watch_next_ns(const struct bal_core *core);

/* Something began to happen: looks begin again if they had ended. */
void watch_wake(struct bal_core *core);

/* The knob has another value. */
void watch_tune(struct bal_core *core);

/* Looks, when it is time: as far as the outbox has room, and on from there at the next call. */
void watch_run(struct bal_core *core);

#endif

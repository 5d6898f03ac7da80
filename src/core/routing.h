/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_ROUTING_H
#define BAL_CORE_ROUTING_H

#include "core/state.h"

/*
 * Which routing strategy is in force: the one of the knob, or with `auto` the one that the forecast
 * of the work asks for:
 *
 *     latency    when a step of the next hour will bring 1.3 times the work of a mean one of the
 *                next day: who is done soon leaves room for what comes
 *     pack       when none will bring more than half of it: the rest of the agents becomes free
 *     balanced   otherwise, and while no forecast has proved itself
 *
 * A strategy is left a step later than it is entered, so that it does not flutter.
 */

/* The knob changed. */
void routing_tune(struct bal_core *core);

/* Looks at the forecasts, at most once a minute. */
void routing_refresh(struct bal_core *core);

#endif

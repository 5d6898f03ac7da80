/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SAMPLE_H
#define BAL_CORE_SAMPLE_H

#include "core/state.h"

/* A measured value comes in: it is checked, cut to what can be, and handed to everything that looks
 * at it. BAL_UNKNOWN: there is no such subject; BAL_INVALID: no such signal, or nonsense. */
enum bal_status sample_take(struct bal_core *core, const struct bal_event_sample *sample);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_ADMIT_H
#define BAL_CORE_ADMIT_H

#include "core/state.h"

/* The door: submissions are admitted or refused at once, with the reason and an honest wait. */

/* A client asks for work.  OK: admitted (STORE or ACCEPT follows) or refused (REFUSE follows).
 * CONFLICT: a live task has this id.  INVALID: numbers out of range. */
enum bal_status admit_submitted(struct bal_core *core, const struct bal_event_task *event);

/* The submission is durable, or could not be made so. */
enum bal_status admit_stored(struct bal_core *core, const struct bal_event_stored *event);

/* A durable task comes back from the store: it was admitted before, so nothing refuses it. */
enum bal_status admit_restored(struct bal_core *core, const struct bal_event_restored *event);

#endif

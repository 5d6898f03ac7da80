/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_DISPATCH_H
#define BAL_CORE_DISPATCH_H

#include "core/state.h"

/* Binds waiting tasks to free slots, as late as possible: until no waiting task may go, or the
 * outbox is full and the rest must wait for the host. */
void dispatch_run(struct bal_core *core);

/* The ancestor of a queued task whose slot it may take now; NULL when there is none. */
struct task *dispatch_lender(struct bal_core *core, const struct task *task);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_FEEDBACK_H
#define BAL_DAEMON_FEEDBACK_H

#include "daemon/engine.h"

/*
 * How satisfied somebody was with a task, in thousandths, once per task: what was counted in means
 * and objectives cannot be taken back, so a second rating is refused. Kept in the store for the
 * last FEEDBACK_KEPT tasks or so, whatever becomes of the tasks themselves.
 */
#define FEEDBACK_KEPT 65536

struct feedback;

/* NULL when there is no memory. */
struct feedback *feedback_open(struct engine *engine);
void feedback_close(struct feedback *feedback);

/* The rating of a task; -1: none. */
int64_t feedback_find(const struct feedback *feedback, uint64_t task);

/* Keeps the rating of a task that has none and tells the core; false: the store takes nothing. */
bool feedback_add(
	struct feedback *feedback, uint64_t task, uint32_t kind, int64_t satisfaction_permille);

#endif

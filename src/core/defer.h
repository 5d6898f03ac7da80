/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_DEFER_H
#define BAL_CORE_DEFER_H

#include "core/choice.h"

/*
 * Deferral: a large task that only slow agents could start now may end sooner when it waits for a
 * faster one, and leaves the slow ones to small tasks.
 *
 * A task of size x takes an agent whose service of it would be `excess` longer than on the fastest
 * capable agent, busy or not, if
 *
 *     excess <= DEFER_SERVICE * mean service of the pool + DEFER_WAIT * time it has waited
 *
 * Among equal agents there is no excess, so nothing is deferred: the measured diversity switches it
 * on.  It ends by itself, since the right side grows.
 */

/* At most so many tasks are deferred at a time; others take what is free. */
#define DEFER_TASKS_MAX 512

/* Takes over its knobs; call after any change of them. */
void defer_tune(struct bal_core *core);

/* The least expected slowness of the task's kind on any agent that works, busy or not, in a pool
 * that dispatches; infinity when no shelf knows one. */
float defer_fastest(const struct bal_core *core, const struct task *task);

/* When the task should take an agent of this slowness: core->now_ns or earlier when at once. */
int64_t defer_until_ns(const struct bal_core *core, const struct task *task, double size_s,
	const struct pool *pool, float slow, float fastest);

#endif

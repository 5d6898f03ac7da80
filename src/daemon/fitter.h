/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_FITTER_H
#define BAL_DAEMON_FITTER_H

#include "daemon/engine.h"

/*
 * fitter: does the core's long work on another thread and brings its result back as an event. The
 * thread sees a copy only; memory for the work is there while it runs.
 */
struct fitter;

/* NULL when there is no memory. */
struct fitter *fitter_open(struct engine *engine);

/* Waits for the job that runs, which is a matter of milliseconds. */
void fitter_close(struct fitter *fitter);

/* Begins the job of a JOB effect. */
void fitter_take(struct fitter *fitter, const struct bal_effect *effect);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_SIM_WORKER_H
#define BAL_SIM_WORKER_H

#include "ballast.h"
#include "sim/future.h"

/* worker: does the core's long work at once and answers after a fixed virtual time, as a thread of
 * the daemon would about then. One job at a time, as the core asks. */

#define WORKER_NS 20000000 /* virtual time until the answer */

struct worker {
	void *scratch;
	uint8_t *input;
	uint8_t *result; /* of the job that was taken last; its answer points there */
};

/* Does the job of a JOB effect and posts its answer. Stops the program when memory ends. */
void worker_take(struct worker *worker, const struct bal_core *core,
	const struct bal_effect *effect, struct future *future, int64_t now_ns);

/* Frees everything. All zero is a worker that has done nothing. */
void worker_release(struct worker *worker);

#endif

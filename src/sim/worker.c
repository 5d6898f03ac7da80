/* SPDX-License-Identifier: Apache-2.0 */
/* The result stays where it is until the next job: the core asks for no other one before it has the
 * answer, or has waited for an hour, which no answer here takes. */
#include "sim/worker.h"

#include "base/assert.h"

#include <stdlib.h>

static void *room(size_t size)
{
	void *memory = calloc(1, size);

	bal_assert(memory != NULL);
	return memory;
}

void worker_take(struct worker *worker, const struct bal_core *core,
	const struct bal_effect *effect, struct future *future, int64_t now_ns)
{
	struct future_event *answer = future_post(future, now_ns + WORKER_NS, BAL_EVENT_JOB_DONE);
	size_t input_size, size;

	if (worker->scratch == NULL) {
		worker->scratch = room(bal_job_scratch_size());
		worker->input = room(BAL_JOB_RESULT_MAX);
		worker->result = room(BAL_JOB_RESULT_MAX);
	}
	input_size = bal_job_snapshot(
		core, effect->order, effect->attempt, worker->input, BAL_JOB_RESULT_MAX);
	size = bal_job_run(
		worker->input, input_size, worker->result, BAL_JOB_RESULT_MAX, worker->scratch);
	answer->event.job_done = (struct bal_event_job_done){.job = effect->order,
		.generation = effect->attempt,
		.status = size > 0 ? BAL_OK : BAL_UNAVAILABLE,
		.result = {(const char *)worker->result, (uint32_t)size}};
}

void worker_release(struct worker *worker)
{
	free(worker->scratch);
	free(worker->input);
	free(worker->result);
	*worker = (struct worker){.scratch = NULL};
}

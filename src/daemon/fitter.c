/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core asks for one job at a time, but forgets one that takes an hour and asks for another: so
 * each job has its own memory, and the core tells them apart. Memory that cannot be had, or a
 * thread, is an answer too: the core then asks again later.
 */
#include "daemon/fitter.h"

#include <stdlib.h>

struct fitter {
	struct engine *engine;
	uint32_t running;
};

struct work {
	uv_work_t request;
	struct fitter *fitter;
	uint64_t job;
	uint32_t generation;
	size_t input_size, result_size;
	void *scratch;
	uint8_t input[BAL_JOB_RESULT_MAX];
	uint8_t result[BAL_JOB_RESULT_MAX];
};

struct fitter *fitter_open(struct engine *engine)
{
	struct fitter *fitter = calloc(1, sizeof *fitter);

	if (fitter != NULL)
		fitter->engine = engine;
	return fitter;
}

void fitter_close(struct fitter *fitter)
{
	if (fitter == NULL)
		return;
	while (fitter->running > 0)
		uv_run(engine_loop(fitter->engine), UV_RUN_ONCE);
	free(fitter);
}

static void tell(struct fitter *fitter, uint64_t job, uint32_t generation, const uint8_t *result,
	size_t size)
{
	struct bal_event event = {.type = BAL_EVENT_JOB_DONE,
		.job_done = {.job = job,
			.generation = generation,
			.status = size > 0 ? BAL_OK : BAL_UNAVAILABLE,
			.result = {(const char *)result, (uint32_t)size}}};

	engine_event(fitter->engine, &event);
}

/* On another thread. */
static void run_work(uv_work_t *request)
{
	struct work *work = request->data;

	work->result_size = bal_job_run(
		work->input, work->input_size, work->result, sizeof work->result, work->scratch);
}

static void free_work(struct work *work)
{
	if (work != NULL)
		free(work->scratch);
	free(work);
}

/* Back on the loop, between two events. */
static void end_work(uv_work_t *request, int status)
{
	struct work *work = request->data;

	work->fitter->running--;
	tell(work->fitter, work->job, work->generation, work->result,
		status == 0 ? work->result_size : 0);
	free_work(work);
}

static struct work *make_work(struct fitter *fitter, const struct bal_effect *effect)
{
	struct work *work = calloc(1, sizeof *work);

	if (work == NULL)
		return NULL;
	work->request.data = work;
	work->fitter = fitter;
	work->job = effect->order;
	work->generation = effect->attempt;
	work->scratch = calloc(1, bal_job_scratch_size());
	work->input_size = bal_job_snapshot(engine_core(fitter->engine), work->job,
		work->generation, work->input, sizeof work->input);
	return work;
}

void fitter_take(struct fitter *fitter, const struct bal_effect *effect)
{
	struct work *work = make_work(fitter, effect);

	if (work != NULL && work->scratch != NULL && work->input_size > 0 &&
		uv_queue_work(engine_loop(fitter->engine), &work->request, run_work, end_work) ==
			0) {
		fitter->running++;
		return;
	}
	free_work(work);
	tell(fitter, effect->order, effect->attempt, NULL, 0);
}

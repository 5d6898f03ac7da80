/* SPDX-License-Identifier: Apache-2.0 */
/* Start and stop: what must be remembered between two lives of the daemon.
 *
 * The epoch goes up by one, durably, before anything is dispatched: it is half of every fencing
 * token.  Ids are promised to the disk in blocks: after a crash the rest of a block is skipped, so
 * none is ever given twice.  Task rows are the truth; learned state is only a snapshot, and a
 * damaged one is dropped with a warning. */
#include "daemon/engine_state.h"

#include "base/bytes.h"
#include "base/units.h"
#include "daemon/meta.h"
#include "daemon/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define META_SIZE        64
#define LEARNED_SIZE_MAX (16u << 20)
#define DURABLE_WAIT_MS  10000

static const char META_KEY[] = "engine";
static const char LEARNED_KEY[] = "learned";
static const char ALERTS_KEY[] = "alerts";

static struct store_bytes key_bytes(const char *key)
{
	return (struct store_bytes){key, (uint32_t)strlen(key)};
}

static bool read_meta(void *context, const struct store_record *record)
{
	struct engine *engine = context;
	struct bytes_reader reader;
	int64_t core_ns, utc_ns;

	bytes_reader_init(&reader, record->value.data, record->value.size);
	engine->epoch = bytes_get_u32(&reader);
	engine->id_next = bytes_get_u64(&reader);
	core_ns = bytes_get_i64(&reader);
	utc_ns = bytes_get_i64(&reader);
	if (reader.failed)
		return false;
	clock_start(&engine->clock, core_ns, utc_ns);
	return true;
}

static enum store_status put_meta(struct engine *engine, bool lazy)
{
	uint8_t value[META_SIZE];
	struct bytes_writer writer;
	struct store_op op = {.type = STORE_PUT_RECORD, .lazy = lazy, .token = ENGINE_IDS_TOKEN};
	uint64_t reserved = engine->id_asked != 0 ? engine->id_asked : engine->id_reserved;

	bytes_writer_init(&writer, value, sizeof value);
	bytes_put_u32(&writer, engine->epoch);
	bytes_put_u64(&writer, reserved);
	bytes_put_i64(&writer, clock_core_ns(&engine->clock));
	bytes_put_i64(&writer, clock_utc_ns());
	op.record.space = STORE_SPACE_META;
	op.record.key = key_bytes(META_KEY);
	op.record.value = (struct store_bytes){value, (uint32_t)writer.used};
	return engine->store_ops->submit(engine->store, &op, NULL);
}

/* Waits until the operation just given is on disk: only at start, before anybody is served. */
static enum store_status wait_durable(struct engine *engine)
{
	struct store_completion done;

	for (uint32_t i = 0; i < DURABLE_WAIT_MS; i++) {
		if (engine->store_ops->drain(engine->store, &done, 1) == 1)
			return done.status;
		uv_sleep(1);
	}
	return STORE_FAILED;
}

bool restore_meta(struct engine *engine, char *message, size_t message_size)
{
	enum store_status status;

	clock_start(&engine->clock, 0, 0);
	engine->id_next = 1;
	status = engine->store_ops->get_record(
		engine->store, STORE_SPACE_META, key_bytes(META_KEY), read_meta, engine);
	if (status != STORE_OK && status != STORE_NOT_FOUND) {
		snprintf(message, message_size, "the data directory %s: %s", engine->data,
			store_status_text(status));
		return false;
	}
	engine->epoch++;
	engine->id_reserved = engine->id_next + ENGINE_ID_BLOCK;
	status = put_meta(engine, false);
	if (status == STORE_OK)
		status = wait_durable(engine);
	if (status == STORE_OK)
		return true;
	snprintf(message, message_size,
		"cannot write to the data directory %s: %s; make room or choose another with "
		"--data",
		engine->data, store_status_text(status));
	return false;
}

void restore_reserve_ids(struct engine *engine)
{
	if (engine->id_asked != 0)
		return;
	engine->id_asked = engine->id_reserved + ENGINE_ID_BLOCK;
	if (put_meta(engine, false) != STORE_OK)
		engine->id_asked = 0;
}

void restore_ids_reserved(struct engine *engine, enum store_status status)
{
	if (status == STORE_OK && engine->id_asked != 0)
		engine->id_reserved = engine->id_asked;
	engine->id_asked = 0;
}

/* ---- learned state ---- */

static bool read_learned(void *context, const struct store_record *record)
{
	struct engine *engine = context;

	if (bal_learned_load(engine->core, record->value.data, record->value.size) != BAL_OK)
		engine_say(engine, STORE_SAY_WARNING,
			"what was learned before is damaged or of another version: starting "
			"afresh");
	return true;
}

void restore_learned(struct engine *engine)
{
	engine->store_ops->get_record(
		engine->store, STORE_SPACE_SNAPSHOT, key_bytes(LEARNED_KEY), read_learned, engine);
}

typedef size_t save_state(const struct bal_core *core, void *to, size_t size);

/* Writes a snapshot under this key, lazily; nothing when it is too large or there is no memory. */
static void save_snapshot(struct engine *engine, const char *key, save_state *save)
{
	struct store_op op = {.type = STORE_PUT_RECORD, .lazy = true};
	size_t size = save(engine->core, NULL, 0);
	void *block = size == 0 || size > LEARNED_SIZE_MAX ? NULL : malloc(size);

	if (block == NULL)
		return;
	save(engine->core, block, size);
	op.record.space = STORE_SPACE_SNAPSHOT;
	op.record.key = key_bytes(key);
	op.record.value = (struct store_bytes){block, (uint32_t)size};
	engine->store_ops->submit(engine->store, &op, NULL);
	free(block);
}

void restore_save(struct engine *engine)
{
	put_meta(engine, true);
	save_snapshot(engine, LEARNED_KEY, bal_learned_save);
	restore_save_alerts(engine);
}

/* ---- alerts ---- */

static bool read_alerts(void *context, const struct store_record *record)
{
	struct engine *engine = context;

	if (!bal_alerts_load(engine->core, record->value.data, record->value.size))
		engine_say(engine, STORE_SAY_WARNING,
			"the alerts from before are damaged or of another version: they begin "
			"anew");
	return true;
}

void restore_alerts(struct engine *engine)
{
	engine->store_ops->get_record(
		engine->store, STORE_SPACE_SNAPSHOT, key_bytes(ALERTS_KEY), read_alerts, engine);
}

void restore_save_alerts(struct engine *engine)
{
	engine->alerts_changed = false;
	save_snapshot(engine, ALERTS_KEY, bal_alerts_save);
}

/* ---- the past of signals ---- */

/* Names of which only the past is left take half of a space at most. */
static uint32_t intern_past(void *self, enum bal_symbol_space space, struct span name)
{
	struct engine *engine = self;
	uint32_t most =
		space == BAL_SYMBOL_KIND ? engine->limits.kinds_max : engine->limits.pools_max;
	uint32_t number = names_find(engine->names, space, name);

	if (number == BAL_NONE && names_count(engine->names, space) < most / 2)
		number = engine_intern(engine, space, name);
	return number;
}

static struct span name_past(void *self, enum bal_symbol_space space, uint32_t number)
{
	const struct engine *engine = self;

	return names_text(engine->names, space, number);
}

static void say_past(void *self, enum store_severity severity, const char *line)
{
	engine_say(self, severity, "%s", line);
}

struct past *restore_open_past(struct engine *engine)
{
	const struct past_host host = {.core = engine->core,
		.store = engine->store,
		.trails_max = engine->limits.trails_max,
		.intern = intern_past,
		.name = name_past,
		.say = say_past,
		.self = engine};

	return past_open(&host);
}

/* ---- tasks ---- */

struct restore {
	struct engine *engine;
	uint64_t count;
	uint64_t running;
	bool failed;
};

static struct span span_of_bytes(struct store_bytes bytes)
{
	return (struct span){bytes.data, bytes.size};
}

static void fill_job(struct engine *engine, struct job *job, const struct store_view *view)
{
	const struct store_task *row = &view->task;

	job->parent = row->parent;
	job->request_hash = row->request_hash;
	job->kind = engine_intern(engine, BAL_SYMBOL_KIND, span_of_bytes(row->kind));
	job->tenant = engine_intern(engine, BAL_SYMBOL_TENANT, span_of_bytes(row->tenant));
	job->priority = row->priority;
	job->attempts_max = row->attempts_max;
	job->flags = BAL_TASK_DURABLE;
	job->submitted_at_utc_ns = row->submitted_at_ns;
	job->deadline_ns = clock_to_core_ns(&engine->clock, row->deadline_at_ns);
	job->attempt = view->progress.attempt;
	job->failures = view->progress.attempt;
	job->started_at_utc_ns = view->progress.started_at_ns;
	if (view->carry.checkpoint.size > 0)
		buffer_append(
			&job->checkpoint, view->carry.checkpoint.data, view->carry.checkpoint.size);
	if (view->carry.history.size > 0)
		buffer_append(&job->history, view->carry.history.data, view->carry.history.size);
}

/* True when a driver knows of an attempt that the store does not. */
static bool recall(struct engine *engine, struct job *job)
{
	for (uint32_t i = 0; i < BAL_POOL_KIND_COUNT; i++) {
		const struct engine_driver *driver = &engine->drivers[i];

		if (driver->ops != NULL && driver->ops->recall != NULL &&
			driver->ops->recall(driver->self, job))
			return true;
	}
	return false;
}

/* The agent on which the last attempt still runs; 0: it waits. */
static uint64_t resume(
	struct engine *engine, struct job *job, const struct store_view *view, int64_t *until_ns)
{
	const struct store_progress *progress = &view->progress;
	const struct config_pool *config;
	const struct engine_driver *driver;
	bool recalled = recall(engine, job);
	uint64_t agent;

	if (!recalled && progress->state != STORE_TASK_DISPATCHED)
		return 0;
	if (!recalled) {
		job->pool =
			names_find(engine->names, BAL_SYMBOL_POOL, span_of_bytes(progress->pool));
		job->epoch = (uint32_t)progress->epoch;
	}
	config = job->pool == BAL_NONE ? NULL : engine_pool_config(engine, job->pool);
	driver = config == NULL ? NULL : &engine->drivers[config->kind];
	if (driver == NULL || driver->ops == NULL || driver->ops->resume == NULL)
		return 0;
	*until_ns = clock_to_core_ns(
		&engine->clock, recalled ? time_add_ns(job->started_at_utc_ns, config->timeout_ns)
					 : progress->lease_expires_at_ns);
	agent = driver->ops->resume(driver->self, job, progress, until_ns);
	/* The attempt that still runs has not failed. */
	if (agent != 0 && !recalled && job->failures > 0)
		job->failures--;
	return agent;
}

static void fill_restored(struct engine *engine, const struct job *job,
	const struct store_view *view, struct bal_event_restored *event)
{
	int64_t not_before_ns = view->progress.not_before_at_ns;

	needs_task(engine, job, &event->task);
	event->submitted_at_ns = clock_to_core_ns(&engine->clock, job->submitted_at_utc_ns);
	event->attempt = job->attempt;
	event->epoch = job->epoch;
	event->failures = job->failures;
	event->agent = job->agent;
	event->not_before_ns =
		not_before_ns == 0 ? 0 : clock_to_core_ns(&engine->clock, not_before_ns);
}

static bool restore_one(struct engine *engine, const struct store_view *view, bool *running)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_RESTORED};
	struct job *job = job_new(view->task.id);

	if (job == NULL)
		return false;
	fill_job(engine, job, view);
	if (!job_set_bytes(job, span_of_bytes(view->task.conversation),
		    span_of_bytes(view->task.idempotency_key), span_of_bytes(view->task.needs),
		    span_of_bytes(view->task.meta), span_of_bytes(view->task.payload)) ||
		!engine_job_add(engine, job)) {
		job_free(job);
		return false;
	}
	meta_read(job);
	job->agent = resume(engine, job, view, &event.restored.until_ns);
	*running = job->agent != 0;
	fill_restored(engine, job, view, &event.restored);
	if (engine_event(engine, &event) == BAL_OK)
		return true;
	engine_job_drop(engine, job);
	job_free(job);
	return false;
}

static bool visit_task(void *context, const struct store_view *view)
{
	struct restore *restore = context;
	bool running = false;

	if (!restore_one(restore->engine, view, &running)) {
		restore->failed = true;
		return false;
	}
	restore->count++;
	restore->running += running;
	return true;
}

bool restore_tasks(struct engine *engine, char *message, size_t message_size)
{
	struct restore restore = {.engine = engine};
	enum store_status status;

	status = engine->store_ops->scan(
		engine->store, STORE_WITH_PAYLOAD | STORE_WITH_CARRY, visit_task, &restore);
	if (status != STORE_OK || restore.failed) {
		snprintf(message, message_size,
			"could not bring back the tasks of %s after %llu: %s", engine->data,
			(unsigned long long)restore.count,
			restore.failed ? "queue.max in the configuration is too small"
				       : store_status_text(status));
		return false;
	}
	if (restore.count > 0)
		engine_say(engine, STORE_SAY_INFO,
			"%llu tasks brought back, %llu of them still running",
			(unsigned long long)restore.count, (unsigned long long)restore.running);
	return true;
}

/* ---- requeue ---- */

static bool visit_ended(void *context, const struct store_view *view)
{
	struct restore *restore = context;
	struct store_view again = *view;
	bool running = false;

	again.progress = (struct store_progress){
		.id = view->task.id, .state = STORE_TASK_QUEUED, .attempt = view->result.attempt};
	restore->count = view->ended;
	restore->failed = !view->ended;
	if (view->ended && restore_one(restore->engine, &again, &running)) {
		struct job *job = engine_job(restore->engine, view->task.id);

		job->failures = 0;
	}
	return false;
}

enum bal_status engine_requeue(struct engine *engine, uint64_t task)
{
	struct restore restore = {.engine = engine};
	struct store_op op = {.type = STORE_REQUEUE, .token = task};
	enum store_status status;

	if (engine_job(engine, task) != NULL)
		return BAL_CONFLICT;
	status = engine->store_ops->get(
		engine->store, task, STORE_WITH_PAYLOAD | STORE_WITH_CARRY, visit_ended, &restore);
	if (status == STORE_NOT_FOUND)
		return BAL_UNKNOWN;
	if (status != STORE_OK || restore.failed)
		return BAL_CONFLICT;
	op.requeue.progress.id = task;
	op.requeue.progress.state = STORE_TASK_QUEUED;
	return engine->store_ops->submit(engine->store, &op, NULL) == STORE_OK ? BAL_OK
									       : BAL_UNAVAILABLE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ENGINE_STATE_H
#define BAL_DAEMON_ENGINE_STATE_H

#include "daemon/engine.h"
#include "daemon/fitter.h"
#include "daemon/past.h"
#include "daemon/recorder.h"

/* What the engine's own files share: engine.c (loop and effects), jobs.c (table of jobs), submit.c
 * (tasks in), restore.c (start and stop), setup.c (configuration).  Nobody else includes this. */

#define ENGINE_EFFECTS_MAX 256
#define ENGINE_DRAIN_MAX   512
#define ENGINE_POOLS_MAX   256

struct engine_driver {
	const struct driver_ops *ops;
	void *self;
};

/* An event that was posted while effects were being performed. */
struct engine_post {
	struct list_node node;
	struct bal_event event;
};

struct engine {
	uv_loop_t *loop;
	const struct config *config;
	const struct store_ops *store_ops;
	struct store *store;
	char *data;
	void (*say)(enum store_severity severity, const char *line);

	struct bal_limits limits;
	void *memory;
	size_t memory_size;
	struct bal_core *core;
	struct clock clock;
	struct names *names;
	struct roster *roster;
	struct recorder *recorder; /* NULL: nothing is recorded */
	struct engine_driver drivers[BAL_POOL_KIND_COUNT];
	uint8_t pool_kinds[ENGINE_POOLS_MAX]; /* also of pools that are configured no more */
	struct list watchers;
	struct orders *orders;
	/* Told how a deletion of old results went; NULL: nobody. */
	void (*swept)(void *context, const struct store_completion *done);
	void *swept_context;
	struct archive *archive;
	struct fitter *fitter;
	struct past *past;

	struct list jobs; /* by hash below */
	struct job_slot *slots;
	uint32_t slot_count;
	uint32_t job_count;

	uint32_t epoch;
	uint64_t id_next;     /* counter part of the next id */
	uint64_t id_reserved; /* ids below are promised on disk */
	uint64_t id_asked;    /* the same, on its way to the disk; 0: nothing is */
	bool started, stopping, performing;
	bool alerts_changed; /* one was told since they were saved */
	struct list posts;
	struct bal_effect effects[ENGINE_EFFECTS_MAX];
	int64_t stepped_at_ns;

	uv_timer_t deadline_timer;
	uv_timer_t housekeeping_timer;
	uv_async_t store_async;
	uint32_t handles_open;
};

struct job_slot {
	uint64_t id;
	struct job *job;
};

/* Feeds an event at this instant of core time, and then all that was posted meanwhile. */
enum bal_status engine_step_at(
	struct engine *engine, const struct bal_event *event, int64_t now_ns);

/* The table of live jobs. */
bool engine_job_add(struct engine *engine, struct job *job);
void engine_job_drop(struct engine *engine, struct job *job);

/* Sends the configuration to the core as events. */
void setup_apply(struct engine *engine, const struct config *config);

/* The part of it that is about rules of alerts: those that differ from the core's. */
void setup_rules(struct engine *engine, const struct config *config);

/* Reads epoch, clock and id marks; writes the new epoch durably before it returns. */
bool restore_meta(struct engine *engine, char *message, size_t message_size);

/* Takes over what was learned before; after the configuration, which names the kinds. */
void restore_learned(struct engine *engine);

/* Takes over open alerts; what their rules are is told again after that (setup_rules). Saves them:
 * within a second of a change, so that a crash brings hardly anything twice. */
void restore_alerts(struct engine *engine);
void restore_save_alerts(struct engine *engine);

/* The past of signals in the engine's store; NULL without memory. */
struct past *restore_open_past(struct engine *engine);

/* Brings unfinished tasks back. */
bool restore_tasks(struct engine *engine, char *message, size_t message_size);

/* Has the next ids made durable, unless that is under way, and takes up that they are or are not.
 */
void restore_reserve_ids(struct engine *engine);
void restore_ids_reserved(struct engine *engine, enum store_status status);

/* Ids are reserved in blocks of so many, and the next block when half of this one is used. */
#define ENGINE_ID_BLOCK (UINT64_C(1) << 20)
/* Token of the operation that does. */
#define ENGINE_IDS_TOKEN UINT64_MAX

/* Saves clock, learned state and alerts. */
void restore_save(struct engine *engine);

/* Writes about a job to the store; false when the store takes nothing now. */
bool submit_store_task(struct engine *engine, const struct job *job);
bool submit_store_result(struct engine *engine, const struct job *job);
void submit_note_requeue(struct engine *engine, const struct job *job, int64_t not_before_ns);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_DAEMON_ENGINE_H
#define BAL_DAEMON_ENGINE_H

#include "ballast.h"
#include "base/list.h"
#include "daemon/clock.h"
#include "daemon/job.h"
#include "daemon/names.h"
#include "daemon/roster.h"
#include "store/store.h"
#include "wire/config.h"

#include <uv.h>

/*
 * The engine is the only caller of bal_step.  It stamps events with the time, journals them, steps
 * the core and performs the effects in order: what concerns tasks itself (store, answer, forget),
 * what concerns agents through the driver of their pool's kind.
 *
 * Everything here runs on the loop thread.  Effects are performed while an event is being worked
 * on; code that is called then (drivers, waiters, watchers) may post further events, which are
 * taken in order afterwards.
 */
struct engine;
struct orders;

/* What a driver does for the agents of one kind of pool.  A NULL member means "nothing to do". */
struct driver_ops {
	/* Starts job->attempt on job->agent.  Ends with engine_attempt_ended, unless rescinded. */
	void (*dispatch)(void *self, struct job *job, int64_t until_ns);
	/* Stops it: nothing that comes of it counts any more, and job->running is released. */
	void (*rescind)(void *self, struct job *job, enum bal_reason reason);
	/* Asks the agent to give the task back. */
	void (*hand_back)(void *self, struct job *job);
	/* After a restart: notes about what runs are lazy, so the last ones may be lost.  True when
	 * a later attempt than job->attempt was begun; then the job's pool, epoch, attempt and
	 * started_at_utc_ns are filled in, and resume follows. */
	bool (*recall)(void *self, struct job *job);
	/* After a restart: returns the agent (which the driver has posted as up) on which the noted
	 * attempt still runs, 0 when it does not. */
	uint64_t (*resume)(void *self, struct job *job, const struct store_progress *progress,
		int64_t *until_ns);
	/* Starts `count` agents of the pool: posts AGENT_UP for each, then SCALE_ENDED. */
	void (*scale)(void *self, uint32_t pool, uint64_t order, uint32_t count);
	/* Gives the agent other limits, 0 = as it is: posts RESIZED. */
	void (*resize)(void *self, uint64_t agent, uint64_t order, uint32_t cpu_millis,
		uint32_t memory_mib);
	void (*drain)(void *self, uint64_t agent, bool back);
	void (*end)(void *self, uint64_t agent);
	void (*probe)(void *self, uint64_t agent);
};

/* Somebody who sees all that happens, for streams and statistics. */
struct engine_watcher {
	struct list_node node;
	/* After the effect was performed; job is NULL when it is about no live task. */
	void (*effect)(
		struct engine_watcher *watcher, const struct bal_effect *effect, struct job *job);
};

struct engine_options {
	uv_loop_t *loop;
	const struct config *config; /* replaced by engine_configure; the caller keeps it alive */
	const struct store_ops *store_ops;
	const char *data;                                            /* data directory, exists */
	void (*say)(enum store_severity severity, const char *line); /* the log */
};

/* Opens the store, counts the epoch up durably, makes the core and tells it the configuration.
 * NULL, with a sentence that says what to do. */
struct engine *engine_open(
	const struct engine_options *options, char *message, size_t message_size);

/* Registers the driver of a kind of pool; before engine_start. */
void engine_drive(
	struct engine *engine, enum bal_pool_kind kind, const struct driver_ops *ops, void *self);

/* Brings every unfinished task back, then lets the core decide.  False with a sentence. */
bool engine_start(struct engine *engine, char *message, size_t message_size);

/* Takes over a new configuration: pools, limits, tenants and knobs. */
void engine_configure(struct engine *engine, const struct config *config);

/* Stops dispatch; what runs goes on running where it outlives the daemon. */
void engine_stop(struct engine *engine);

/* Saves learned state, closes the store after everything accepted is on disk, frees all. */
void engine_close(struct engine *engine);

/* Feeds an event (its now_ns is set here).  Called while effects are being performed it is taken
 * later, and OK means "posted"; otherwise the status is the core's answer. */
enum bal_status engine_event(struct engine *engine, const struct bal_event *event);

/* ---- tasks ------------------------------------------------------------------------------- */

/* The live job of a task; NULL. */
struct job *engine_job(const struct engine *engine, uint64_t task);

/* Submits a job whose fields are filled (id from engine_mint).  Takes it: accepted or refused is
 * told to its waiters, which must be there already.  False: the core's table is full or the store
 * takes nothing; the job was freed after its waiters were told. */
void engine_submit(struct engine *engine, struct job *job);

/* Brings an ended task back into the queue. */
enum bal_status engine_requeue(struct engine *engine, uint64_t task);

/* A new id for a task or an agent; 0 when the store has not promised any more yet, because it
 * cannot write. */
uint64_t engine_mint(struct engine *engine);

/* The fencing token of a job's running attempt as text ("ID.EPOCH.ATTEMPT"), and back. */
#define ENGINE_TOKEN_SIZE 64
void engine_token(const struct job *job, char text[ENGINE_TOKEN_SIZE]);
bool engine_token_parse(struct span text, uint64_t *task, uint32_t *epoch, uint32_t *attempt);

/* How an attempt ended, as its driver saw it. */
struct attempt_end {
	uint64_t task;
	uint32_t epoch;
	uint32_t attempt;
	enum bal_outcome outcome;
	int64_t service_ns;
	int64_t retry_after_ns;
	uint64_t waits_for;
	uint64_t bytes_sent;
	const char *error; /* NULL: none */
};

/* Says that an attempt ended.  The answer must be in the job already (result, content_type, error,
 * checkpoint).  Adds it to the job's history.  STALE: it no longer counts. */
enum bal_status engine_attempt_ended(struct engine *engine, const struct attempt_end *end);

/* Notes lazily in the store that the job's attempt runs until then. */
void engine_note(struct engine *engine, const struct job *job, int64_t until_ns);

/* Adds an attempt to a job's history as JSON. */
void engine_history_add(
	struct engine *engine, struct job *job, enum bal_outcome outcome, const char *error);

/* ---- parts ------------------------------------------------------------------------------- */

/* What the parts of the daemon share. */
struct bal_core *engine_core(struct engine *engine);
struct names *engine_names(struct engine *engine);
struct roster *engine_roster(struct engine *engine);
struct clock *engine_clock(struct engine *engine);
struct store *engine_store(struct engine *engine);
const struct config *engine_config(const struct engine *engine);
uv_loop_t *engine_loop(struct engine *engine);
const struct orders *engine_orders(const struct engine *engine);
uint32_t engine_epoch(const struct engine *engine);
const char *engine_data(const struct engine *engine);

/* The number of a name, told to the core when it is new; BAL_NONE when the space is full. */
uint32_t engine_intern(struct engine *engine, enum bal_symbol_space space, struct span name);

/* The configuration of a pool; NULL. */
const struct config_pool *engine_pool_config(const struct engine *engine, uint32_t pool);

/* Adds and removes somebody who sees all effects. */
void engine_watch(struct engine *engine, struct engine_watcher *watcher);
/* Takes it out again; harmless when it is not in. */
void engine_unwatch(struct engine *engine, struct engine_watcher *watcher);

/* One line to the log. */
void engine_say(struct engine *engine, enum store_severity severity, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif

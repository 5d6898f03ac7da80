/* SPDX-License-Identifier: Apache-2.0 */
/* One event at a time: stamp, step, perform.  Events that effects give rise to wait in a list until
 * the effects of the present event have all been performed, so no driver ever sees half a step.
 *
 * A gap is a stretch in which this process did not run at all (stopped, or the machine asleep in a
 * way that its monotonic clock counts).  The housekeeping timer ticks every second; when it comes
 * GAP_NS late, the core is told before anything else, so that nothing expires for our absence. */
#include "daemon/engine.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "base/units.h"
#include "daemon/engine_state.h"
#include "daemon/orders.h"
#include "daemon/whykeep.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS      1000
#define GAP_NS       (5 * NS_PER_S)
#define SAVE_EVERY   60 /* ticks */
#define SAY_SIZE_MAX 1024

void engine_say(struct engine *engine, enum store_severity severity, const char *format, ...)
{
	char line[SAY_SIZE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (engine->say != NULL)
		engine->say(severity, line);
}

/* ---- effects ---- */

static const struct engine_driver *driver_of(const struct engine *engine, uint32_t pool)
{
	static const struct driver_ops none;
	static const struct engine_driver nobody = {&none, NULL};

	/* The agents of a pool that left the configuration still drain and end. */
	if (pool >= ENGINE_POOLS_MAX || engine->drivers[engine->pool_kinds[pool]].ops == NULL)
		return &nobody;
	return &engine->drivers[engine->pool_kinds[pool]];
}

static void perform_store(struct engine *engine, struct job *job)
{
	struct bal_event event = {.type = BAL_EVENT_TASK_STORED,
		.stored = {.task = job->id, .status = BAL_UNAVAILABLE}};

	if (!submit_store_task(engine, job))
		engine_event(engine, &event);
}

static void perform_accept(struct job *job)
{
	struct list_node *node = job->waiters.first;

	while (node != NULL) {
		struct job_waiter *waiter = container_of(node, struct job_waiter, node);

		node = list_next(node);
		if (waiter->accepted != NULL)
			waiter->accepted(waiter, job);
	}
}

static void perform_refuse(struct engine *engine, struct job *job)
{
	struct bal_why why;
	struct list_node *node;

	bal_why(engine->core, job->id, &why);
	while ((node = list_pop(&job->waiters)) != NULL) {
		struct job_waiter *waiter = container_of(node, struct job_waiter, node);

		waiter->refused(waiter, job, &why);
	}
	engine_job_drop(engine, job);
	job_free(job);
}

/* The core remembers only so many decisions; a task may run for hours. */
static void keep_decision(struct engine *engine, struct job *job)
{
	char memory[WHYKEEP_SIZE_MAX];
	struct buffer kept;
	struct bal_why why;

	bal_why(engine->core, job->id, &why);
	if (why.reason != BAL_REASON_HEDGED)
		job->waited_ns = why.kind == BAL_WHY_ROUTED ? why.expected_wait_ns : 0;
	buffer_init_fixed(&kept, memory, sizeof memory);
	whykeep_write(engine->names, engine->roster, &why, &kept);
	job_set_decision(job, buffer_span(&kept));
}

static void perform_dispatch(
	struct engine *engine, struct job *job, const struct bal_effect *effect)
{
	const struct config_pool *pool = engine_pool_config(engine, effect->pool);
	const struct engine_driver *driver = driver_of(engine, effect->pool);

	job->attempt = effect->attempt;
	job->epoch = engine->epoch;
	job->beside = (struct job_run){.attempt = 0};
	job->agent = effect->agent;
	job->pool = effect->pool;
	job->started_at_utc_ns = clock_utc_ns();
	job_reset_result(job);
	keep_decision(engine, job);
	if (pool != NULL && (pool->kind == BAL_POOL_COMMAND || pool->kind == BAL_POOL_LEASE))
		engine_note(engine, job, effect->until_ns);
	if (driver->ops->dispatch != NULL)
		driver->ops->dispatch(driver->self, job, effect->until_ns);
}

/* A second attempt begins while the first runs. */
static void perform_hedge(struct engine *engine, struct job *job, const struct bal_effect *effect)
{
	const struct engine_driver *driver = driver_of(engine, effect->pool);
	uint32_t first = job->attempt;

	job->beside = (struct job_run){.attempt = effect->attempt,
		.pool = effect->pool,
		.agent = effect->agent,
		.started_at_utc_ns = clock_utc_ns()};
	keep_decision(engine, job);
	job_turn(job, effect->attempt);
	if (driver->ops->dispatch != NULL)
		driver->ops->dispatch(driver->self, job, effect->until_ns);
	job_turn(job, first);
}

static void perform_rescind(struct engine *engine, struct job *job, const struct bal_effect *effect)
{
	const struct engine_driver *driver;

	if (!job_turn(job, effect->attempt))
		return; /* its end is known already, and the core's is on its way */
	driver = driver_of(engine, job->pool);
	if (driver->ops->rescind != NULL)
		driver->ops->rescind(driver->self, job, effect->reason);
	engine_history_add(engine, job,
		effect->reason == BAL_REASON_ATTEMPT_TIMEOUT ? BAL_OUTCOME_TIMEOUT
							     : BAL_OUTCOME_LOST,
		bal_reason_text(effect->reason));
	job->running = NULL;
	job_drop_attempt(job);
}

static void perform_requeue(struct engine *engine, struct job *job, const struct bal_effect *effect)
{
	job->agent = 0;
	job->running = NULL;
	if ((job->flags & BAL_TASK_DURABLE) != 0)
		submit_note_requeue(engine, job, effect->value_ns);
}

static void perform_store_result(
	struct engine *engine, struct job *job, const struct bal_effect *effect)
{
	struct bal_event event = {.type = BAL_EVENT_RESULT_STORED,
		.stored = {.task = job->id, .status = BAL_UNAVAILABLE}};

	job->end = effect->state;
	job->reason = effect->reason;
	if (!submit_store_result(engine, job))
		engine_event(engine, &event);
}

static void perform_complete(
	struct engine *engine, struct job *job, const struct bal_effect *effect)
{
	struct list_node *node;

	job->end = effect->state;
	job->reason = effect->reason;
	while ((node = list_pop(&job->waiters)) != NULL) {
		struct job_waiter *waiter = container_of(node, struct job_waiter, node);

		waiter->ended(waiter, job);
	}
	engine_job_drop(engine, job);
	job_free(job);
}

static void perform_agent(struct engine *engine, const struct bal_effect *effect)
{
	const struct engine_driver *driver = driver_of(engine, effect->pool);
	const struct driver_ops *ops = driver->ops;

	switch (effect->type) {
	case BAL_EFFECT_JOB:
		fitter_take(engine->fitter, effect);
		break;
	case BAL_EFFECT_SCALE:
		if (ops->scale != NULL)
			ops->scale(driver->self, effect->pool, effect->order, effect->count);
		break;
	case BAL_EFFECT_RESIZE:
		if (ops->resize != NULL && effect->count + effect->attempt > 0)
			ops->resize(driver->self, effect->agent, effect->order, effect->count,
				effect->attempt);
		break;
	case BAL_EFFECT_DRAIN:
	case BAL_EFFECT_UNDRAIN:
		if (ops->drain != NULL)
			ops->drain(driver->self, effect->agent, effect->type == BAL_EFFECT_UNDRAIN);
		break;
	case BAL_EFFECT_END:
		if (ops->end != NULL)
			ops->end(driver->self, effect->agent);
		break;
	case BAL_EFFECT_PROBE:
		if (ops->probe != NULL)
			ops->probe(driver->self, effect->agent);
		break;
	default:
		break;
	}
}

static void perform_task(struct engine *engine, struct job *job, const struct bal_effect *effect)
{
	const struct engine_driver *driver = driver_of(engine, job->pool);

	switch (effect->type) {
	case BAL_EFFECT_STORE:
		perform_store(engine, job);
		break;
	case BAL_EFFECT_ACCEPT:
		perform_accept(job);
		break;
	case BAL_EFFECT_REFUSE:
		perform_refuse(engine, job);
		break;
	case BAL_EFFECT_DISPATCH:
		(effect->reason == BAL_REASON_HEDGED ? perform_hedge : perform_dispatch)(
			engine, job, effect);
		break;
	case BAL_EFFECT_RESCIND:
		perform_rescind(engine, job, effect);
		break;
	case BAL_EFFECT_HAND_BACK:
		if (driver->ops->hand_back != NULL)
			driver->ops->hand_back(driver->self, job);
		break;
	case BAL_EFFECT_REQUEUE:
		perform_requeue(engine, job, effect);
		break;
	case BAL_EFFECT_STORE_RESULT:
		perform_store_result(engine, job, effect);
		break;
	case BAL_EFFECT_COMPLETE:
		perform_complete(engine, job, effect);
		break;
	default:
		break;
	}
}

/* Watchers hear of the last words about a job while it still exists. */
static void tell_watchers(struct engine *engine, const struct bal_effect *effect, struct job *job)
{
	struct list_node *node = engine->watchers.first;

	while (node != NULL) {
		struct engine_watcher *watcher = container_of(node, struct engine_watcher, node);

		node = list_next(node);
		watcher->effect(watcher, effect, job);
	}
}

static void perform(struct engine *engine, const struct bal_effect *effect)
{
	struct job *job = effect->task == 0 ? NULL : engine_job(engine, effect->task);

	engine->alerts_changed |= effect->type == BAL_EFFECT_ALERT;
	if (effect->type == BAL_EFFECT_COMPLETE || effect->type == BAL_EFFECT_REFUSE) {
		if (job != NULL)
			job->end = effect->type == BAL_EFFECT_REFUSE ? BAL_TASK_REFUSED
								     : effect->state;
		tell_watchers(engine, effect, job);
	}
	if (job != NULL)
		perform_task(engine, job, effect);
	else if (effect->task == 0)
		perform_agent(engine, effect);
	if (effect->type != BAL_EFFECT_COMPLETE && effect->type != BAL_EFFECT_REFUSE)
		tell_watchers(engine, effect, job);
}

/* ---- steps ---- */

static enum bal_status step_recorded(
	struct engine *engine, const struct bal_event *event, struct bal_effects *effects)
{
	enum bal_status status;

	if (engine->recorder == NULL)
		return bal_step(engine->core, event, effects);
	recorder_before(engine->recorder, engine->core);
	status = bal_step(engine->core, event, effects);
	recorder_after(engine->recorder, event, effects);
	return status;
}

static enum bal_status step_once(struct engine *engine, const struct bal_event *event)
{
	struct bal_effects effects = {.items = engine->effects, .capacity = ENGINE_EFFECTS_MAX};
	struct bal_event more = {.now_ns = event->now_ns, .type = BAL_EVENT_MORE};
	enum bal_status status = step_recorded(engine, event, &effects);

	for (;;) {
		for (uint32_t i = 0; i < effects.count; i++)
			perform(engine, &effects.items[i]);
		if (!effects.more)
			return status;
		step_recorded(engine, &more, &effects);
	}
}

static void set_deadline(struct engine *engine);

enum bal_status engine_step_at(struct engine *engine, const struct bal_event *event, int64_t now_ns)
{
	struct bal_event stamped = *event;
	enum bal_status status;
	struct list_node *node;

	stamped.now_ns = now_ns;
	engine->performing = true;
	status = step_once(engine, &stamped);
	while ((node = list_pop(&engine->posts)) != NULL) {
		struct engine_post *post = container_of(node, struct engine_post, node);

		stamped = post->event;
		stamped.now_ns = clock_core_ns(&engine->clock);
		free(post);
		step_once(engine, &stamped);
	}
	engine->performing = false;
	set_deadline(engine);
	return status;
}

enum bal_status engine_event(struct engine *engine, const struct bal_event *event)
{
	struct engine_post *post;

	if (!engine->performing)
		return engine_step_at(engine, event, clock_core_ns(&engine->clock));
	post = calloc(1, sizeof *post);
	if (post == NULL)
		return BAL_UNAVAILABLE;
	post->event = *event;
	list_append(&engine->posts, &post->node);
	return BAL_OK;
}

static void on_deadline(uv_timer_t *timer)
{
	struct engine *engine = timer->data;
	struct bal_event event = {.type = BAL_EVENT_TIMEOUT};

	engine_event(engine, &event);
}

static void set_deadline(struct engine *engine)
{
	int64_t at_ns = bal_deadline_ns(engine->core);
	int64_t wait_ns = at_ns - clock_core_ns(&engine->clock);

	if (at_ns == BAL_NEVER_NS || engine->stopping || !engine->started) {
		uv_timer_stop(&engine->deadline_timer);
		return;
	}
	uv_update_time(engine->loop);
	uv_timer_start(&engine->deadline_timer, on_deadline,
		wait_ns <= 0 ? 0 : (uint64_t)((wait_ns + NS_PER_MS - 1) / NS_PER_MS), 0);
}

/* ---- housekeeping ---- */

static void on_tick(uv_timer_t *timer)
{
	struct engine *engine = timer->data;
	int64_t now_ns = clock_core_ns(&engine->clock);
	int64_t late_ns = now_ns - engine->stepped_at_ns - TICK_MS * NS_PER_MS;
	static uint32_t ticks;

	if (late_ns > GAP_NS) {
		struct bal_event gap = {.type = BAL_EVENT_GAP, .gap = {.duration_ns = late_ns}};

		engine_say(engine, STORE_SAY_WARNING,
			"this process stood still for %lld ms: leases and time-outs are extended",
			(long long)(late_ns / NS_PER_MS));
		engine_event(engine, &gap);
	}
	engine->stepped_at_ns = now_ns;
	if (clock_sync(&engine->clock)) {
		struct bal_event event = {.type = BAL_EVENT_CLOCK,
			.clock = {.utc_offset_ns = engine->clock.utc_offset_ns}};

		engine_event(engine, &event);
	}
	if (++ticks % SAVE_EVERY == 0)
		restore_save(engine);
	else if (engine->alerts_changed)
		restore_save_alerts(engine);
	past_tick(engine->past, clock_utc_ns());
}

/* A result that is there already is as durable as one can wish. */
static enum bal_status stored_status(const struct store_completion *done)
{
	if (done->status == STORE_OK ||
		(done->type == STORE_PUT_RESULT && done->status == STORE_CONFLICT))
		return BAL_OK;
	return done->status == STORE_NO_SPACE ? BAL_NO_SPACE : BAL_UNAVAILABLE;
}

static void take_completion(struct engine *engine, const struct store_completion *done)
{
	struct bal_event event = {.stored = {.task = done->id, .status = stored_status(done)}};

	if (done->type == STORE_PUT_TASK)
		event.type = BAL_EVENT_TASK_STORED;
	else if (done->type == STORE_PUT_RESULT)
		event.type = BAL_EVENT_RESULT_STORED;
	else if (done->type == STORE_DELETE_OLD && engine->swept != NULL)
		engine->swept(engine->swept_context, done);
	else if (done->token == ENGINE_IDS_TOKEN)
		restore_ids_reserved(engine, done->status);
	if (event.type != BAL_EVENT_MORE)
		engine_event(engine, &event);
}

static void drain_store(struct engine *engine)
{
	struct store_completion completions[ENGINE_DRAIN_MAX];
	uint32_t count;

	do {
		count = engine->store_ops->drain(engine->store, completions, ENGINE_DRAIN_MAX);
		for (uint32_t i = 0; i < count; i++)
			take_completion(engine, &completions[i]);
	} while (count == ENGINE_DRAIN_MAX);
}

static void on_store(uv_async_t *async)
{
	drain_store(async->data);
}

static void store_notify(void *context)
{
	struct engine *engine = context;

	uv_async_send(&engine->store_async);
}

static void store_say(void *context, enum store_severity severity, const char *line)
{
	struct engine *engine = context;

	if (engine->say != NULL)
		engine->say(severity, line);
}

/* ---- life ---- */

static void choose_limits(struct engine *engine)
{
	engine->limits = (struct bal_limits){
		.tasks_max = (uint32_t)engine->config->queue.tasks,
		.agents_max = 16384,
		.pools_max = ENGINE_POOLS_MAX,
		.kinds_max = 1024,
		.tenants_max = 4096,
		.limits_max = 256,
		.lanes_max = 1024,
		.histories_max = 16384,
		.conversations_max = 65536,
		.explanations_max = 8192,
		.orders_max = 1024,
		.effects_max = 65536,
		.trails_max = 1024,
		.strips_max = 32768,
	};
}

static bool make_core(struct engine *engine)
{
	choose_limits(engine);
	engine->memory_size = bal_core_size(&engine->limits);
	/* The kernel's zero pages become real only when they are written to. */
	engine->memory = engine->memory_size == 0 ? NULL : calloc(1, engine->memory_size);
	if (engine->memory == NULL)
		return false;
	engine->core = bal_core_init(engine->memory, engine->memory_size, &engine->limits);
	engine->names = names_open(&engine->limits);
	engine->roster = roster_open();
	return engine->core != NULL && engine->names != NULL && engine->roster != NULL;
}

static bool open_store(struct engine *engine, char *message, size_t message_size)
{
	struct store_options options = {.directory = engine->data,
		.notify = store_notify,
		.say = store_say,
		.context = engine};
	static struct store_report report;

	if (engine->store_ops->open(&engine->store, &options, &report) != STORE_OK) {
		snprintf(message, message_size, "%s", report.text);
		return false;
	}
	engine_say(engine,
		report.rows_damaged > 0 || report.commits_missing > 0 ? STORE_SAY_WARNING
								      : STORE_SAY_INFO,
		"%s", report.text);
	return true;
}

/* The journal is diagnostics: without it the daemon works all the same. */
static struct recorder *open_recorder(struct engine *engine)
{
	char directory[1024];
	char message[512];
	struct recorder *recorder;

	if (!engine->config->journal)
		return NULL;
	snprintf(directory, sizeof directory, "%s/journal", engine->data);
	recorder = recorder_open(directory, &engine->limits, message, sizeof message);
	if (recorder == NULL)
		engine_say(engine, STORE_SAY_WARNING, "%s", message);
	return recorder;
}

struct engine *engine_open(const struct engine_options *options, char *message, size_t message_size)
{
	struct engine *engine = calloc(1, sizeof *engine);

	if (engine == NULL) {
		snprintf(message, message_size, "there is no memory for the engine");
		return NULL;
	}
	engine->loop = options->loop;
	engine->config = options->config;
	engine->store_ops = options->store_ops;
	engine->say = options->say;
	engine->data = strdup(options->data);
	uv_timer_init(engine->loop, &engine->deadline_timer);
	uv_timer_init(engine->loop, &engine->housekeeping_timer);
	uv_async_init(engine->loop, &engine->store_async, on_store);
	engine->deadline_timer.data = engine;
	engine->housekeeping_timer.data = engine;
	engine->store_async.data = engine;
	if (!make_core(engine))
		snprintf(message, message_size,
			"there is no memory for %lld tasks: lower queue.max in the configuration",
			(long long)options->config->queue.tasks);
	else if (open_store(engine, message, message_size) &&
		 restore_meta(engine, message, message_size)) {
		setup_apply(engine, engine->config);
		engine->orders = orders_open(engine);
		engine->fitter = fitter_open(engine);
		engine->past = restore_open_past(engine);
		if (engine->orders != NULL && engine->fitter != NULL && engine->past != NULL)
			return engine;
		snprintf(message, message_size, "there is no memory for the orders");
	}
	engine_close(engine);
	return NULL;
}

void engine_drive(
	struct engine *engine, enum bal_pool_kind kind, const struct driver_ops *ops, void *self)
{
	engine->drivers[kind] = (struct engine_driver){ops, self};
}

bool engine_start(struct engine *engine, char *message, size_t message_size)
{
	struct bal_event clock = {
		.type = BAL_EVENT_CLOCK, .clock = {.utc_offset_ns = engine->clock.utc_offset_ns}};
	struct bal_event start = {.type = BAL_EVENT_START,
		.start = {.epoch = engine->epoch,
			.seed = checksum_mix((uint64_t)clock_utc_ns(), engine->epoch)}};

	/* First: it names kinds that the configuration does not. */
	past_load(engine->past, clock_utc_ns());
	restore_learned(engine);
	restore_alerts(engine);
	/* What was learned comes in as no event: it is in the state that a journal begins with. */
	engine->recorder = open_recorder(engine);
	setup_rules(engine, engine->config);
	if (!restore_tasks(engine, message, message_size))
		return false;
	engine_event(engine, &clock);
	engine->started = true;
	engine->stepped_at_ns = clock_core_ns(&engine->clock);
	engine_event(engine, &start);
	uv_timer_start(&engine->housekeeping_timer, on_tick, TICK_MS, TICK_MS);
	return true;
}

void engine_configure(struct engine *engine, const struct config *config)
{
	engine->config = config; /* first: new pools are scaled while it is applied */
	setup_apply(engine, config);
}

void engine_stop(struct engine *engine)
{
	struct bal_event stop = {.type = BAL_EVENT_STOP};

	if (engine->stopping)
		return;
	engine_event(engine, &stop);
	engine->stopping = true;
	uv_timer_stop(&engine->deadline_timer);
}

void engine_close(struct engine *engine)
{
	struct list_node *node;

	if (engine == NULL)
		return;
	fitter_close(engine->fitter);
	if (engine->store != NULL) {
		if (engine->started) {
			restore_save(engine);
			past_save(engine->past);
		}
		engine->store_ops->close(engine->store);
	}
	uv_close((uv_handle_t *)&engine->deadline_timer, NULL);
	uv_close((uv_handle_t *)&engine->housekeeping_timer, NULL);
	uv_close((uv_handle_t *)&engine->store_async, NULL);
	uv_run(engine->loop, UV_RUN_NOWAIT);
	while ((node = list_pop(&engine->posts)) != NULL)
		free(container_of(node, struct engine_post, node));
	for (uint32_t i = 0; i < engine->slot_count; i++) {
		struct job *job = engine->slots[i].job;

		if (job == NULL)
			continue;
		while (list_pop(&job->waiters) != NULL)
			continue;
		job_free(job);
	}
	free(engine->slots);
	orders_close(engine->orders);
	past_close(engine->past);
	recorder_close(engine->recorder);
	roster_close(engine->roster);
	names_close(engine->names);
	free(engine->memory);
	free(engine->data);
	free(engine);
}

/* ---- parts ---- */

struct bal_core *engine_core(struct engine *engine)
{
	return engine->core;
}
struct names *engine_names(struct engine *engine)
{
	return engine->names;
}
struct roster *engine_roster(struct engine *engine)
{
	return engine->roster;
}
struct clock *engine_clock(struct engine *engine)
{
	return &engine->clock;
}
struct store *engine_store(struct engine *engine)
{
	return engine->store;
}
const struct config *engine_config(const struct engine *engine)
{
	return engine->config;
}
uv_loop_t *engine_loop(struct engine *engine)
{
	return engine->loop;
}
const struct orders *engine_orders(const struct engine *engine)
{
	return engine->orders;
}
uint32_t engine_epoch(const struct engine *engine)
{
	return engine->epoch;
}
const char *engine_data(const struct engine *engine)
{
	return engine->data;
}

uint32_t engine_intern(struct engine *engine, enum bal_symbol_space space, struct span name)
{
	bool is_new;
	uint32_t number = names_intern(engine->names, space, name, &is_new);
	struct span text;
	struct bal_event event = {.type = BAL_EVENT_SYMBOL};

	if (number == BAL_NONE || !is_new)
		return number;
	text = names_text(engine->names, space, number);
	event.symbol = (struct bal_event_symbol){
		.space = space, .number = number, .text = {text.at, (uint32_t)text.size}};
	engine_event(engine, &event);
	return number;
}

const struct config_pool *engine_pool_config(const struct engine *engine, uint32_t pool)
{
	struct span name = names_text(engine->names, BAL_SYMBOL_POOL, pool);

	return config_pool_find(engine->config, name);
}

void engine_watch(struct engine *engine, struct engine_watcher *watcher)
{
	list_append(&engine->watchers, &watcher->node);
}

void engine_unwatch(struct engine *engine, struct engine_watcher *watcher)
{
	if (list_holds(&watcher->node))
		list_remove(&engine->watchers, &watcher->node);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The slots of a worker are the leases it holds and the polls that wait: the core then never gives
 * it anything that there is nobody to take.  A worker that neither asks nor holds anything for
 * WORKER_IDLE_NS leaves the roster.
 *
 * The lease's end is the attempt's end in the core (ATTEMPT_EXTENDED), noted lazily in the store,
 * so a restart holds it for what is left of it. */
#include "daemon/lease.h"

#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX    8192
#define TICK_MS        250
#define WORKER_IDLE_NS (10 * NS_PER_MIN)
#define TTL_MIN_NS     NS_PER_S
#define TTL_MAX_NS     (7 * NS_PER_DAY)

struct worker {
	struct list_node node;
	struct roster_agent *agent;
	struct list polls;
	uint32_t held;
	int64_t seen_ns;
};

/* What a job's `running` points to. */
struct lease {
	struct list_node node; /* in leases->held */
	struct worker *worker;
	int64_t ttl_ns;
	bool drain;
};

struct leases {
	struct engine *engine;
	struct list workers;
	struct list held;
	uv_timer_t timer;
};

static int64_t now_of(const struct leases *leases)
{
	return clock_core_ns(engine_clock(leases->engine));
}

static void tell_slots(struct leases *leases, const struct worker *worker)
{
	struct bal_event event = {.type = BAL_EVENT_AGENT_SLOTS,
		.slots = {.agent = worker->agent->id, .slots = worker->held + worker->polls.count}};

	engine_event(leases->engine, &event);
}

static struct worker *worker_add(struct leases *leases, uint32_t pool, struct span name)
{
	uint64_t id = engine_mint(leases->engine);
	struct worker *worker = calloc(1, sizeof *worker);
	struct bal_event event = {.type = BAL_EVENT_AGENT_UP,
		.up = {.agent = id, .pool = pool, .state = BAL_AGENT_READY, .slots = 0}};

	if (id == 0 || worker == NULL || leases->workers.count >= WORKERS_MAX) {
		free(worker);
		return NULL;
	}
	worker->agent = roster_add(engine_roster(leases->engine), id, pool);
	if (worker->agent == NULL) {
		free(worker);
		return NULL;
	}
	worker->agent->pool_kind = BAL_POOL_LEASE;
	worker->agent->self = worker;
	snprintf(worker->agent->name, sizeof worker->agent->name, "%.*s", (int)name.size, name.at);
	worker->seen_ns = now_of(leases);
	list_append(&leases->workers, &worker->node);
	engine_event(leases->engine, &event);
	return worker;
}

static struct worker *worker_for(struct leases *leases, uint32_t pool, struct span name)
{
	struct roster_agent *agent =
		roster_find_name(engine_roster(leases->engine), pool, name.at, name.size);

	if (agent != NULL)
		return agent->self;
	return worker_add(leases, pool, name);
}

static void worker_remove(struct leases *leases, struct worker *worker)
{
	struct bal_event event = {.type = BAL_EVENT_AGENT_DOWN,
		.down = {.agent = worker->agent->id, .expected = true}};

	engine_event(leases->engine, &event);
	list_remove(&leases->workers, &worker->node);
	roster_remove(engine_roster(leases->engine), worker->agent);
	free(worker);
}

static void on_tick(uv_timer_t *timer)
{
	struct leases *leases = timer->data;
	int64_t now_ns = now_of(leases);
	struct list_node *node = leases->workers.first;

	while (node != NULL) {
		struct worker *worker = container_of(node, struct worker, node);
		struct list_node *waiting = worker->polls.first;
		bool changed = false;

		node = list_next(node);
		while (waiting != NULL) {
			struct lease_poll *poll = container_of(waiting, struct lease_poll, node);

			waiting = list_next(waiting);
			if (poll->until_ns > now_ns)
				continue;
			list_remove(&worker->polls, &poll->node);
			changed = true;
			poll->closed(poll);
		}
		if (changed)
			tell_slots(leases, worker);
		if (worker->polls.count > 0 || worker->held > 0)
			worker->seen_ns = now_ns;
		else if (now_ns - worker->seen_ns > WORKER_IDLE_NS)
			worker_remove(leases, worker);
	}
}

enum bal_status lease_poll_start(struct leases *leases, struct lease_poll *poll, uint32_t pool,
	struct span worker_name, int64_t ttl_ns, int64_t wait_ns)
{
	const struct config_pool *config = engine_pool_config(leases->engine, pool);
	struct worker *worker;

	if (config == NULL || config->kind != BAL_POOL_LEASE)
		return BAL_INVALID;
	worker = worker_for(leases, pool, worker_name);
	if (worker == NULL)
		return BAL_FULL;
	poll->agent = worker->agent->id;
	poll->ttl_ns = ttl_ns < TTL_MIN_NS ? TTL_MIN_NS : ttl_ns > TTL_MAX_NS ? TTL_MAX_NS : ttl_ns;
	poll->until_ns = now_of(leases) + (wait_ns > 0 ? wait_ns : 0);
	worker->seen_ns = now_of(leases);
	list_append(&worker->polls, &poll->node);
	tell_slots(leases, worker);
	if (wait_ns <= 0 && list_holds(&poll->node)) {
		list_remove(&worker->polls, &poll->node);
		tell_slots(leases, worker);
		poll->closed(poll);
	}
	return BAL_OK;
}

void lease_poll_cancel(struct leases *leases, struct lease_poll *poll)
{
	struct roster_agent *agent = roster_find(engine_roster(leases->engine), poll->agent);
	struct worker *worker = agent == NULL ? NULL : agent->self;

	if (worker == NULL || !list_holds(&poll->node))
		return;
	list_remove(&worker->polls, &poll->node);
	tell_slots(leases, worker);
}

/* ---- the driver ---- */

static struct lease *lease_new(struct leases *leases, struct worker *worker, int64_t ttl_ns)
{
	struct lease *lease = calloc(1, sizeof *lease);

	if (lease == NULL)
		return NULL;
	lease->worker = worker;
	lease->ttl_ns = ttl_ns;
	list_append(&leases->held, &lease->node);
	worker->held++;
	return lease;
}

/* The job's lease is over; the worker has one slot less until it asks again. */
static void lease_drop(struct leases *leases, struct job *job)
{
	struct lease *lease = job->running;

	if (lease == NULL)
		return;
	job->running = NULL;
	lease->worker->held--;
	list_remove(&leases->held, &lease->node);
	tell_slots(leases, lease->worker);
	free(lease);
}

static void set_end(struct leases *leases, struct job *job, int64_t until_ns)
{
	struct bal_event event = {.type = BAL_EVENT_ATTEMPT_EXTENDED,
		.extended = {.task = job->id, .attempt = job->attempt, .until_ns = until_ns}};

	engine_event(leases->engine, &event);
	engine_note(leases->engine, job, until_ns);
}

static void dispatch(void *self, struct job *job, int64_t until_ns)
{
	struct leases *leases = self;
	struct roster_agent *agent = roster_find(engine_roster(leases->engine), job->agent);
	struct worker *worker = agent == NULL ? NULL : agent->self;
	struct list_node *node = worker == NULL ? NULL : list_pop(&worker->polls);
	struct bal_event started = {.type = BAL_EVENT_ATTEMPT_STARTED,
		.attempt = {.task = job->id, .attempt = job->attempt}};
	char token[ENGINE_TOKEN_SIZE];
	struct lease_poll *poll;

	(void)until_ns;
	if (node == NULL) {
		struct attempt_end end = {.task = job->id,
			.epoch = job->epoch,
			.attempt = job->attempt,
			.outcome = BAL_OUTCOME_BUSY};

		engine_attempt_ended(leases->engine, &end);
		return;
	}
	poll = container_of(node, struct lease_poll, node);
	job->running = lease_new(leases, worker, poll->ttl_ns);
	engine_event(leases->engine, &started);
	set_end(leases, job, now_of(leases) + poll->ttl_ns);
	engine_token(job, token);
	poll->granted(poll, job, token);
}

static void rescind(void *self, struct job *job, enum bal_reason reason)
{
	(void)reason;
	lease_drop(self, job);
}

static void hand_back(void *self, struct job *job)
{
	struct lease *lease = job->running;

	(void)self;
	if (lease != NULL)
		lease->drain = true;
}

static uint64_t resume(
	void *self, struct job *job, const struct store_progress *progress, int64_t *until_ns)
{
	struct leases *leases = self;
	uint32_t pool = names_find(engine_names(leases->engine), BAL_SYMBOL_POOL,
		(struct span){progress->pool.data, progress->pool.size});
	struct worker *worker =
		worker_for(leases, pool, (struct span){progress->agent.data, progress->agent.size});

	if (worker == NULL || *until_ns <= now_of(leases))
		return 0;
	job->running = lease_new(leases, worker, *until_ns - now_of(leases));
	tell_slots(leases, worker);
	return worker->agent->id;
}

static const struct driver_ops LEASE_DRIVER = {
	.dispatch = dispatch,
	.rescind = rescind,
	.hand_back = hand_back,
	.resume = resume,
};

struct leases *leases_open(struct engine *engine)
{
	struct leases *leases = calloc(1, sizeof *leases);

	if (leases == NULL)
		return NULL;
	leases->engine = engine;
	uv_timer_init(engine_loop(engine), &leases->timer);
	leases->timer.data = leases;
	uv_timer_start(&leases->timer, on_tick, TICK_MS, TICK_MS);
	uv_unref((uv_handle_t *)&leases->timer);
	engine_drive(engine, BAL_POOL_LEASE, &LEASE_DRIVER, leases);
	return leases;
}

static void on_closed(uv_handle_t *handle)
{
	struct leases *leases = handle->data;
	struct list_node *node;

	while ((node = list_pop(&leases->held)) != NULL)
		free(container_of(node, struct lease, node));
	while ((node = list_pop(&leases->workers)) != NULL)
		free(container_of(node, struct worker, node));
	free(leases);
}

void leases_close(struct leases *leases)
{
	if (leases != NULL)
		uv_close((uv_handle_t *)&leases->timer, on_closed);
}

/* ---- what workers say ---- */

struct job *lease_job(struct leases *leases, struct span token)
{
	uint64_t task;
	uint32_t epoch, attempt;
	struct job *job;

	if (!engine_token_parse(token, &task, &epoch, &attempt))
		return NULL;
	job = engine_job(leases->engine, task);
	if (job == NULL || job->running == NULL || job->attempt != attempt || job->epoch != epoch)
		return NULL;
	return job;
}

struct ack_visit {
	uint32_t attempt;
	bool same;
};

static bool visit_acked(void *context, const struct store_view *view)
{
	struct ack_visit *visit = context;

	visit->same = view->ended && view->result.state == STORE_TASK_SUCCEEDED &&
		      view->result.attempt == visit->attempt;
	return false;
}

bool lease_acked(struct leases *leases, struct span token)
{
	struct store *store = engine_store(leases->engine);
	struct ack_visit visit = {.same = false};
	uint64_t task;
	uint32_t epoch;

	return engine_token_parse(token, &task, &epoch, &visit.attempt) &&
	       store->ops->get(store, task, 0, visit_acked, &visit) == STORE_OK && visit.same;
}

/* Ends the attempt that the token names, also when it was superseded: the core decides whether a
 * late success still counts. */
static enum bal_status end_attempt(
	struct leases *leases, struct span token, struct attempt_end *end)
{
	struct job *job;

	if (!engine_token_parse(token, &end->task, &end->epoch, &end->attempt))
		return BAL_UNKNOWN;
	job = lease_job(leases, token);
	if (job != NULL) {
		end->service_ns = clock_utc_ns() - job->started_at_utc_ns;
		lease_drop(leases, job);
	}
	return engine_attempt_ended(leases->engine, end);
}

enum bal_status lease_ack(struct leases *leases, struct span token, struct span result)
{
	struct attempt_end end = {.outcome = BAL_OUTCOME_SUCCEEDED};
	uint64_t task;
	uint32_t epoch, attempt;
	struct job *job;

	if (!engine_token_parse(token, &task, &epoch, &attempt))
		return BAL_UNKNOWN;
	job = engine_job(leases->engine, task);
	if (job != NULL && job->end == BAL_TASK_FREE) {
		buffer_clear(&job->result);
		if (!buffer_append_span(&job->result, result))
			return BAL_TOO_LARGE;
		job_set_text(&job->content_type, SPAN("application/json"));
	}
	return end_attempt(leases, token, &end);
}

enum bal_status lease_nack(struct leases *leases, struct span token, struct span error,
	bool retryable, int64_t retry_after_ns)
{
	char text[512];
	struct attempt_end end = {.outcome = retryable ? BAL_OUTCOME_RETRYABLE : BAL_OUTCOME_FAILED,
		.retry_after_ns = retry_after_ns,
		.error = text};

	snprintf(text, sizeof text, "%.*s", (int)(error.size < 500 ? error.size : 500),
		error.at == NULL ? "" : error.at);
	return end_attempt(leases, token, &end);
}

enum bal_status lease_extend(struct leases *leases, struct span token, int64_t ttl_ns,
	int64_t *until_utc_ns, bool *drain)
{
	struct job *job = lease_job(leases, token);
	struct lease *lease;
	int64_t until_ns;

	if (job == NULL)
		return BAL_STALE;
	lease = job->running;
	if (ttl_ns >= TTL_MIN_NS && ttl_ns <= TTL_MAX_NS)
		lease->ttl_ns = ttl_ns;
	until_ns = now_of(leases) + lease->ttl_ns;
	*until_utc_ns = clock_to_utc_ns(engine_clock(leases->engine), until_ns);
	*drain = lease->drain;
	set_end(leases, job, until_ns);
	return BAL_OK;
}

enum bal_status lease_release(struct leases *leases, struct span token, struct span checkpoint,
	int64_t wait_ns, uint64_t waits_for)
{
	struct attempt_end end = {.outcome = BAL_OUTCOME_HANDED_BACK,
		.retry_after_ns = wait_ns,
		.waits_for = waits_for};
	struct job *job = lease_job(leases, token);

	if (job == NULL)
		return BAL_STALE;
	if (checkpoint.at != NULL) {
		buffer_clear(&job->checkpoint);
		if (!buffer_append_span(&job->checkpoint, checkpoint))
			return BAL_TOO_LARGE;
	}
	return end_attempt(leases, token, &end);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The store and the agents of the virtual world: what an effect leads to, and when.
 *
 * An agent works on an attempt for size / speed and answers.  A parent submits its children a tenth
 * into its work, waits until they have ended and then finishes; another attempt of it does not
 * submit them again.  An answer that was given up on is normally swallowed, as a connection that
 * was closed swallows it; the fault "late" lets it through. */
#include "sim/host_state.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "sim/trouble.h"

#define SLOW_FACTOR    500 /* of a slow commit */
#define HAND_BACK_NS   (10 * NS_PER_MS)
#define PROBE_NS       (5 * NS_PER_MS)
#define DELAY_MAX_NS   (30 * NS_PER_S) /* of an answer in the network */
#define CHILDREN_SHARE 10 /* part of its work after which a parent submits its children */

static void store(struct host *host, uint64_t task, enum bal_event_type type)
{
	const struct sim_faults *faults = &host->options->faults;
	int64_t delay_ns = host->options->commit_ns;
	bool fails = fault_strikes(&host->fault, faults->store_fails_ppm);
	struct future_event *event;

	if (fault_strikes(&host->fault, faults->store_slow_ppm))
		delay_ns *= SLOW_FACTOR;
	event = future_post(&host->future, time_add_ns(host->now_ns, delay_ns), type);
	event->event.stored.task = task;
	event->event.stored.status = fails ? BAL_NO_SPACE : BAL_OK;
}

/* ---- attempts ----------------------------------------------------------------------------- */

/* The attempt of this number while it runs, NULL when it does not. */
static struct host_run *find_run(struct host_task *task, uint32_t attempt)
{
	for (uint32_t i = 0; i < HOST_RUNS_MAX; i++)
		if (task->runs[i].agent != 0 && task->runs[i].attempt == attempt)
			return &task->runs[i];
	return NULL;
}

static struct future_event *post_answer(struct host *host, uint64_t id, const struct host_run *run,
	int64_t after_ns, enum bal_outcome outcome)
{
	struct future_event *event = future_post(
		&host->future, time_add_ns(host->now_ns, after_ns), BAL_EVENT_ATTEMPT_ENDED);

	event->agent = run->agent;
	event->event.ended = (struct bal_event_ended){
		.task = id, .epoch = 1, .attempt = run->attempt, .outcome = outcome};
	return event;
}

static void succeed(struct host *host, uint64_t id, const struct host_run *run, int64_t service_ns)
{
	const struct sim_faults *faults = &host->options->faults;
	int64_t after_ns = service_ns + host->options->network_ns;
	struct future_event *event;

	if (fault_strikes(&host->fault, faults->delay_ppm))
		after_ns += fault_part_ns(&host->fault, DELAY_MAX_NS);
	event = post_answer(host, id, run, after_ns, BAL_OUTCOME_SUCCEEDED);
	event->is_late = fault_strikes(&host->fault, faults->late_ppm);
	if (fault_strikes(&host->fault, faults->duplicate_ppm)) {
		event = post_answer(host, id, run, after_ns + NS_PER_MS, BAL_OUTCOME_SUCCEEDED);
		event->is_late = true;
	}
	if (fault_strikes(&host->fault, faults->forged_ppm)) {
		event = post_answer(host, id, run, after_ns / 2, BAL_OUTCOME_SUCCEEDED);
		event->is_forged = true;
		event->event.ended.attempt += 1 + fault_below(&host->fault, 3);
	}
	if (fault_strikes(&host->fault, faults->corrupt_ppm))
		trouble_corrupt(
			host, post_answer(host, id, run, after_ns / 2, BAL_OUTCOME_SUCCEEDED));
}

static void die(struct host *host, uint64_t agent, int64_t after_ns)
{
	struct future_event *event = future_post(
		&host->future, time_add_ns(host->now_ns, after_ns), BAL_EVENT_AGENT_DOWN);

	event->event.down.agent = agent;
}

static void fail(struct host *host, uint64_t id, const struct host_run *run,
	enum fault_attempt fate, int64_t service_ns)
{
	int64_t part_ns = fault_part_ns(&host->fault, service_ns);
	struct future_event *event;

	switch (fate) {
	case FAULT_FAIL:
		post_answer(host, id, run, part_ns, BAL_OUTCOME_FAILED);
		break;
	case FAULT_RETRYABLE:
		post_answer(host, id, run, part_ns, BAL_OUTCOME_RETRYABLE);
		break;
	case FAULT_LOST:
		post_answer(host, id, run, part_ns, BAL_OUTCOME_LOST);
		break;
	case FAULT_BUSY:
		event = post_answer(host, id, run, host->options->network_ns, BAL_OUTCOME_BUSY);
		event->event.ended.retry_after_ns = fault_part_ns(&host->fault, NS_PER_S);
		break;
	case FAULT_DEATH:
		die(host, run->agent, part_ns);
		break;
	case FAULT_HANG:
	case FAULT_NONE:
		break;
	}
}

void host_task_note(
	struct host *host, const struct bal_event_task *event, int64_t work_ns, uint32_t children)
{
	struct host_task *task = &host->tasks[event->id];

	task->work_ns = work_ns;
	task->children = children;
	task->traits = load_traits_of(event);
	task->parent = (uint32_t)event->parent;
	if (event->conversation < SIM_CONTEXTS_MAX)
		task->context = (uint32_t)event->conversation;
}

/* The agent of a parent submits its children and waits for them. */
static void begin_children(struct host *host, uint64_t id, struct host_run *run, int64_t service_ns)
{
	uint32_t count = host->tasks[id].children;

	host->tasks[id].children = 0;
	run->is_parked = true;
	while (count-- > 0 && host->task_count < host->options->tasks) {
		uint64_t child = ++host->task_count;
		struct load_task drawn;
		struct future_event *event = future_post(&host->future,
			time_add_ns(host->now_ns, service_ns / CHILDREN_SHARE),
			BAL_EVENT_TASK_SUBMITTED);

		load_child(&host->load, &host->tasks[id].traits, &drawn);
		drawn.event.id = child;
		drawn.event.parent = id;
		host_task_note(host, &drawn.event, drawn.work_ns, 0);
		event->event.task = drawn.event;
		host->tasks[id].children_open++;
	}
	if (host->tasks[id].children_open == 0)
		run->is_parked = false;
}

/* How long the agent of a task that begins now works on it; a warm context spares a part. */
static int64_t serve(struct host *host, const struct host_task *task, uint64_t id)
{
	struct world_agent *agent = &host->world.agents[id];
	int64_t work_ns = task->work_ns;

	agent->running++;
	if (task->context > 0) {
		bool is_warm = host->contexts[task->context] == id;

		host->contexts[task->context] = id;
		host->report->warm += is_warm;
		if (is_warm)
			work_ns -= num_mul_div(work_ns, host->options->warm_permille, PERMILLE);
	}
	return world_service_ns(&host->world, id, work_ns, host->now_ns);
}

static int64_t flaky_ppm(const struct host *host, uint64_t agent)
{
	return host->options->pools[host->world.agents[agent].pool].flaky_ppm;
}

/* A place for an attempt that begins.  Those before it are over, but for the one that a hedge runs
 * beside; when their agent died, nobody told. */
static struct host_run *new_run(struct host *host, const struct bal_effect *effect)
{
	struct host_task *task = &host->tasks[effect->task];
	struct host_run *run;

	for (uint32_t i = 0; i < HOST_RUNS_MAX; i++)
		if (effect->reason != BAL_REASON_HEDGED ||
			world_find(&host->world, task->runs[i].agent) == NULL)
			task->runs[i] = (struct host_run){.agent = 0};
	run = &task->runs[task->runs[0].agent != 0];
	bal_assert(run->agent == 0);
	*run = (struct host_run){.agent = (uint32_t)effect->agent,
		.attempt = effect->attempt,
		.begun_at_ns = host->now_ns};
	return run;
}

static void count_dispatch(struct host *host, const struct bal_effect *effect)
{
	struct host_task *task = &host->tasks[effect->task];

	host->report->dispatched++;
	if (effect->reason == BAL_REASON_HEDGED)
		host->report->hedged++;
	else if (task->is_seen)
		host->report->retried++;
	else
		histogram_record(&host->report->waits_ns, host->now_ns - task->submitted_at_ns, 1);
	task->is_seen = true;
}

/* The agent begins with it. */
static void begin(struct host *host, uint64_t id, struct host_run *run)
{
	struct host_task *task = &host->tasks[id];
	enum fault_attempt fate = fault_attempt(&host->fault);
	int64_t service_ns;

	trouble_agent(host, run->agent);
	service_ns = serve(host, task, run->agent);
	if (fate == FAULT_NONE && host->world.agents[run->agent].is_flaky &&
		fault_strikes(&host->fault, flaky_ppm(host, run->agent)))
		fate = FAULT_RETRYABLE;
	if (fate != FAULT_NONE) {
		fail(host, id, run, fate, service_ns);
		return;
	}
	if (task->children > 0)
		begin_children(host, id, run, service_ns);
	else
		run->is_parked = task->children_open > 0;
	if (!run->is_parked)
		succeed(host, id, run, service_ns);
}

static void dispatch(struct host *host, const struct bal_effect *effect)
{
	struct host_run *run;

	bal_assert(effect->task <= host->task_count);
	count_dispatch(host, effect);
	run = new_run(host, effect);
	run->is_ahead = effect->reason == BAL_REASON_SENT_AHEAD;
	if (run->is_ahead)
		host->world.agents[effect->agent].ahead = effect->task;
	else
		begin(host, effect->task, run);
}

/* A slot fell free: what was sent ahead has it. */
static void begin_ahead(struct host *host, struct world_agent *agent)
{
	uint64_t id = agent->ahead;

	agent->ahead = 0;
	for (uint32_t i = 0; id != 0 && agent->is_alive && i < HOST_RUNS_MAX; i++) {
		struct host_run *run = &host->tasks[id].runs[i];

		if (!run->is_ahead)
			continue;
		run->is_ahead = false;
		run->begun_at_ns = host->now_ns;
		begin(host, id, run);
	}
}

/* The books of an attempt that is over. */
static void settle(struct host *host, const struct host_task *task, const struct host_run *run)
{
	struct world_agent *agent = &host->world.agents[run->agent];
	const struct bal_event_pool *pool = &host->options->pools[agent->pool].conf;
	int64_t busy_ns = host->now_ns - run->begun_at_ns;

	agent->running--;
	host->report->busy_ns += busy_ns;
	host->report->tenant_busy_ns[task->traits.tenant] += busy_ns;
	host->report->cost_microcents += num_mul_div(
		busy_ns, pool->price_microcents_hour, (int64_t)pool->slots * NS_PER_HOUR);
}

/* The attempt of this number is over, if it runs. */
static void close_attempt(struct host *host, uint64_t id, uint32_t attempt)
{
	struct host_run *run = find_run(&host->tasks[id], attempt);
	struct world_agent *agent;

	if (run == NULL)
		return;
	agent = &host->world.agents[run->agent];
	if (run->is_ahead) {
		agent->ahead = 0;
		*run = (struct host_run){.agent = 0};
		return;
	}
	settle(host, &host->tasks[id], run);
	*run = (struct host_run){.agent = 0};
	begin_ahead(host, agent);
}

/* Attempts whose end nobody told: their agents died. */
static void close_attempts(struct host *host, uint64_t id)
{
	for (uint32_t i = 0; i < HOST_RUNS_MAX; i++)
		close_attempt(host, id, host->tasks[id].runs[i].attempt);
}

static void hand_back(struct host *host, const struct bal_effect *effect)
{
	const struct host_run *run = find_run(&host->tasks[effect->task], effect->attempt);

	if (run == NULL || run->agent != effect->agent ||
		fault_strikes(&host->fault, host->options->faults.deaf_ppm))
		return;
	post_answer(host, effect->task, run, HAND_BACK_NS, BAL_OUTCOME_HANDED_BACK);
}

/* ---- ends --------------------------------------------------------------------------------- */

/* All children have ended: the agents that only waited for that finish. */
static void go_on(struct host *host, uint64_t id)
{
	struct host_task *task = &host->tasks[id];

	for (uint32_t i = 0; i < HOST_RUNS_MAX; i++) {
		struct host_run *run = &task->runs[i];
		int64_t left_ns;

		if (run->agent == 0 || !run->is_parked)
			continue;
		left_ns = world_service_ns(&host->world, run->agent, task->work_ns, host->now_ns);
		run->is_parked = false;
		succeed(host, id, run, left_ns - left_ns / CHILDREN_SHARE);
	}
}

static void end_task(struct host *host, uint64_t id)
{
	struct host_task *task = &host->tasks[id];
	uint32_t parent = task->parent;

	task->is_ended = true;
	host->live_count--;
	if (parent == 0)
		return;
	bal_assert(host->tasks[parent].children_open > 0);
	if (--host->tasks[parent].children_open == 0)
		go_on(host, parent);
}

static void complete(struct host *host, const struct bal_effect *effect)
{
	const struct host_task *task = &host->tasks[effect->task];

	close_attempts(host, effect->task);
	host->report->ended[effect->state]++;
	histogram_record(&host->report->responses_ns, host->now_ns - task->submitted_at_ns, 1);
	histogram_record(&host->report->kind_responses_ns[task->traits.kind],
		host->now_ns - task->submitted_at_ns, 1);
	end_task(host, effect->task);
}

/* ---- probes ------------------------------------------------------------------------------- */

static void probe(struct host *host, const struct bal_effect *effect)
{
	bool fails = fault_strikes(&host->fault, host->options->faults.probe_fails_ppm);
	struct future_event *event = future_post(&host->future, host->now_ns + PROBE_NS,
		fails ? BAL_EVENT_AGENT_UNHEALTHY : BAL_EVENT_AGENT_READY);

	event->event.agent.agent = effect->agent;
}

void host_perform(struct host *host, const struct bal_effect *effect)
{
	switch (effect->type) {
	case BAL_EFFECT_STORE:
		store(host, effect->task, BAL_EVENT_TASK_STORED);
		break;
	case BAL_EFFECT_STORE_RESULT:
		close_attempts(host, effect->task);
		store(host, effect->task, BAL_EVENT_RESULT_STORED);
		break;
	case BAL_EFFECT_ACCEPT:
		host->report->accepted++;
		break;
	case BAL_EFFECT_REFUSE:
		host->report->refused++;
		end_task(host, effect->task);
		break;
	case BAL_EFFECT_DISPATCH:
		dispatch(host, effect);
		break;
	case BAL_EFFECT_RESCIND:
		close_attempt(host, effect->task, effect->attempt);
		break;
	case BAL_EFFECT_HAND_BACK:
		hand_back(host, effect);
		break;
	case BAL_EFFECT_COMPLETE:
		complete(host, effect);
		break;
	case BAL_EFFECT_SCALE:
		host_scale(host, effect);
		break;
	case BAL_EFFECT_DRAIN:
		if (effect->order != 0)
			host_note_scaling(host, effect->order);
		break;
	case BAL_EFFECT_END:
		host_end_agent(host, effect);
		break;
	case BAL_EFFECT_PROBE:
		probe(host, effect);
		break;
	case BAL_EFFECT_JOB:
		worker_take(&host->worker, host->core, effect, &host->future, host->now_ns);
		break;
	default: /* REQUEUE, UNDRAIN: nothing in this world follows from them */
		break;
	}
}

/* ---- what reaches the core ---------------------------------------------------------------- */

static void sum_slots(struct host *host)
{
	host->report->capacity_ns += (host->now_ns - host->slots_at_ns) * (int64_t)host->slots;
	host->slots_at_ns = host->now_ns;
}

static bool answer_happens(const struct host *host, const struct future_event *event)
{
	const struct bal_event_ended *ended = &event->event.ended;
	const struct host_run *run = find_run(&host->tasks[ended->task], ended->attempt);

	if (event->is_forged)
		return true;
	if (world_find(&host->world, event->agent) == NULL)
		return false;
	return event->is_late || (run != NULL && run->agent == event->agent);
}

bool host_happens(struct host *host, struct future_event *future)
{
	struct bal_event *event = &future->event;
	const struct world_agent *agent;

	switch (event->type) {
	case BAL_EVENT_ATTEMPT_ENDED:
		return answer_happens(host, future);
	case BAL_EVENT_SAMPLE:
		return !future->is_periodic || trouble_sampled(host, event->sample.id);
	case BAL_EVENT_AGENT_READY:
	case BAL_EVENT_AGENT_UNHEALTHY:
		return world_find(&host->world, event->agent.agent) != NULL;
	case BAL_EVENT_AGENT_UP:
		sum_slots(host);
		host->slots += event->up.slots;
		return true;
	case BAL_EVENT_AGENT_DOWN:
		agent = world_find(&host->world, event->down.agent);
		if (agent == NULL || (agent->is_ended && !event->down.expected))
			return false;
		sum_slots(host);
		host->slots -= agent->slots;
		world_remove(&host->world, event->down.agent);
		return true;
	case BAL_EVENT_TASK_SUBMITTED:
		host->tasks[event->task.id].submitted_at_ns = host->now_ns;
		host->report->submitted++;
		host->live_count++;
		return true;
	default:
		return true;
	}
}

void host_happened(struct host *host, const struct bal_event *event, enum bal_status status)
{
	struct host_task *task;

	if (event->type != BAL_EVENT_ATTEMPT_ENDED)
		return;
	task = &host->tasks[event->ended.task];
	if (status != BAL_OK) {
		host->report->stale++;
		host->report->duplicates +=
			event->ended.outcome == BAL_OUTCOME_SUCCEEDED && task->success != 0;
		return;
	}
	if (event->ended.outcome == BAL_OUTCOME_SUCCEEDED)
		task->success = event->ended.attempt;
	close_attempt(host, event->ended.task, event->ended.attempt);
}

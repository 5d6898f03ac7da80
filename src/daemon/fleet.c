/* SPDX-License-Identifier: Apache-2.0 */
/* The provider tells facts about processes, probes tell whether one can work, the core decides.  An
 * agent is probed soon after its start and then at growing distances, until it answers or the
 * pool's readiness time is over: then its process is ended, and the core hears that it is down.
 * The last probe begins after that time, so that a daemon that stood still itself (stopped, or the
 * machine asleep) blames nobody for it.
 *
 * A pool's template is made anew at every order, from the configuration in force: a program that
 * was missing is found as soon as it is there, and an error is that of the last try. */
#include "daemon/fleet.h"

#include "base/units.h"
#include "daemon/bounds.h"
#include "daemon/vitals.h"
#include "provider/process.h"
#include "provider/provider.h"
#include "sample/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE_FIRST_NS (20 * NS_PER_MS)
#define PROBE_MAX_NS   (500 * NS_PER_MS)
#define SAMPLE_MS      1000
#define ROUND_TICKS    5        /* ticks of the sampler between two looks at all agents */
#define NEAR_TENTHS    7        /* of its memory */
#define ENDING_NS      NS_PER_S /* within which the end of a process is heard of */
#define REFUSALS_NS    (10 * NS_PER_S)
#define ERROR_SIZE     512
#define POOLS_MAX      256
#define PATH_SIZE      1024
#define NUMBER_MAX     100000

/* An agent of ours, from its order to its end. */
struct member {
	struct list_node node;
	struct fleet *fleet;
	struct roster_agent *agent;
	bool executing;
	bool ready;
	bool probing;
	bool too_late;            /* it did not become ready in time, and was told to end */
	int64_t refuses_until_ns; /* refusals until then belong together */
	int64_t ready_by_ns;
	int64_t probe_at_ns; /* the next one; while probing, the present one */
	int64_t probe_wait_ns;
	uint32_t number;          /* N of its name POOL-N */
	struct group_size limits; /* as they are now; 0 = not bounded */
	struct watch watch;
};

struct fleet {
	struct engine *engine;
	struct push *push;
	struct provider *provider;
	struct list members;
	uv_poll_t poll;
	uv_timer_t timer; /* provider's deadline and probes */
	uv_timer_t sample_timer;
	uint32_t handles_open;
	uint32_t rounds; /* of the sampler */
	bool closing;
	bool able;                 /* limits of what runs can be changed */
	bool adopting;             /* only while it is being opened */
	char directory[PATH_SIZE]; /* where ballast was started: agents work there */
	char errors[POOLS_MAX][ERROR_SIZE];
};

static int64_t now_of(const struct fleet *fleet)
{
	return clock_core_ns(engine_clock(fleet->engine));
}

static struct member *member_find(const struct fleet *fleet, uint64_t id)
{
	for (struct list_node *node = fleet->members.first; node != NULL; node = list_next(node)) {
		struct member *member = container_of(node, struct member, node);

		if (member->agent->id == id)
			return member;
	}
	return NULL;
}

/* The smallest N that no agent of the pool carries. */
static uint32_t free_number(const struct fleet *fleet, uint32_t pool)
{
	for (uint32_t number = 1; number < NUMBER_MAX; number++) {
		bool taken = false;

		for (struct list_node *node = fleet->members.first; node != NULL && !taken;
			node = list_next(node)) {
			const struct member *member = container_of(node, struct member, node);

			taken = member->agent->pool == pool && member->number == number;
		}
		if (!taken)
			return number;
	}
	return NUMBER_MAX;
}

/* `number` 0: the smallest that is free. */
static struct member *member_new(struct fleet *fleet, uint64_t id, uint32_t pool, uint32_t number)
{
	struct member *member = calloc(1, sizeof *member);
	struct span name = names_text(engine_names(fleet->engine), BAL_SYMBOL_POOL, pool);
	const struct config_pool *config = engine_pool_config(fleet->engine, pool);

	if (member == NULL)
		return NULL;
	member->fleet = fleet;
	member->agent = roster_add(engine_roster(fleet->engine), id, pool);
	if (member->agent == NULL) {
		free(member);
		return NULL;
	}
	member->number = number == 0 ? free_number(fleet, pool) : number;
	member->agent->pool_kind = BAL_POOL_PROCESS;
	if (config != NULL)
		member->limits = (struct group_size){
			config->resources.cpu_millis, config->resources.memory_bytes};
	snprintf(member->agent->name, sizeof member->agent->name, "%.*s-%u", (int)name.size,
		name.at, member->number);
	list_append(&fleet->members, &member->node);
	return member;
}

static void post_up(struct fleet *fleet, const struct member *member, uint64_t order)
{
	const struct config_pool *pool = engine_pool_config(fleet->engine, member->agent->pool);
	struct bal_event up = {.type = BAL_EVENT_AGENT_UP,
		.up = {.agent = member->agent->id,
			.pool = member->agent->pool,
			.state = BAL_AGENT_STARTING,
			.slots = pool == NULL ? 1 : (uint32_t)pool->slots,
			.order = order}};

	engine_event(fleet->engine, &up);
}

static void member_free(struct fleet *fleet, struct member *member)
{
	list_remove(&fleet->members, &member->node);
	roster_remove(engine_roster(fleet->engine), member->agent);
	free(member);
}

/* The agent is gone: the core takes its tasks back first, then nothing refers to it any more. */
static void member_gone(struct fleet *fleet, struct member *member, bool expected, const char *how)
{
	struct bal_event down = {.type = BAL_EVENT_AGENT_DOWN,
		.down = {.agent = member->agent->id, .expected = expected}};
	char why[ROSTER_NAME_SIZE + PROVIDER_TEXT_SIZE_MAX + 16];

	snprintf(why, sizeof why, "agent %s: %s", member->agent->name, how);
	push_detach(fleet->push, member->agent, why);
	engine_event(fleet->engine, &down);
	member_free(fleet, member);
}

/* ---- readiness ---- */

static void arm(struct fleet *fleet);

static char *error_of(struct fleet *fleet, const struct member *member)
{
	return fleet->errors[member->agent->pool % POOLS_MAX];
}

static void give_up(struct fleet *fleet, struct member *member)
{
	const struct config_pool *pool = engine_pool_config(fleet->engine, member->agent->pool);
	const char *path = pool == NULL ? NULL : pool->ready.path;

	member->too_late = true;
	snprintf(error_of(fleet, member), ERROR_SIZE,
		"%s did not become ready in time: it must %s%s%s on its port; see ready: in the "
		"configuration",
		member->agent->name, path == NULL ? "take a connection" : "answer GET ",
		path == NULL ? "" : path, path == NULL ? "" : " with 2xx");
	engine_say(fleet->engine, STORE_SAY_WARNING, "%s", error_of(fleet, member));
	fleet->provider->ops->end(fleet->provider, member->agent->id, now_of(fleet));
}

static void on_probed(void *context, uint64_t id, bool ready)
{
	struct fleet *fleet = context;
	struct member *member = member_find(fleet, id);
	struct bal_event event = {.type = BAL_EVENT_AGENT_READY, .agent = {.agent = id}};

	if (member == NULL)
		return;
	member->probing = false;
	if (ready) {
		member->ready = true;
		error_of(fleet, member)[0] = '\0';
		engine_event(fleet->engine, &event);
	} else if (member->ready) {
		event.type = BAL_EVENT_AGENT_UNHEALTHY;
		engine_event(fleet->engine, &event);
	} else {
		member->probe_wait_ns *= 2;
		if (member->probe_wait_ns > PROBE_MAX_NS)
			member->probe_wait_ns = PROBE_MAX_NS;
		if (member->probe_at_ns >= member->ready_by_ns)
			give_up(fleet, member);
		member->probe_at_ns = now_of(fleet) + member->probe_wait_ns;
	}
	arm(fleet);
}

static void probe_member(struct fleet *fleet, struct member *member)
{
	member->probing = true;
	member->probe_at_ns = now_of(fleet);
	push_probe(fleet->push, member->agent->id, on_probed, fleet);
}

static bool waits_ready(const struct member *member)
{
	return member->executing && !member->ready && !member->too_late && !member->probing;
}

/* Probes whose time has come. */
static void check_members(struct fleet *fleet)
{
	int64_t now_ns = now_of(fleet);
	struct list_node *node = fleet->members.first;

	while (node != NULL) {
		struct member *member = container_of(node, struct member, node);

		node = list_next(node);
		if (waits_ready(member) && now_ns >= member->probe_at_ns)
			probe_member(fleet, member);
	}
}

/* ---- limits while they run ---- */

static bool is_resized(const struct fleet *fleet, uint32_t pool_number)
{
	const struct config_pool *pool = engine_pool_config(fleet->engine, pool_number);

	return fleet->able && pool != NULL && pool->vertical == BAL_VERTICAL_ON;
}

static void post_resized(
	struct fleet *fleet, const struct member *member, uint64_t order, enum bal_status status)
{
	struct bal_event event = {.type = BAL_EVENT_RESIZED,
		.resized = {.order = order,
			.agent = member->agent->id,
			.status = (uint32_t)status,
			.cpu_millis = (uint32_t)member->limits.cpu_millis,
			.memory_mib = (uint32_t)(member->limits.memory_bytes / MIB)}};

	engine_event(fleet->engine, &event);
}

/* Its group has its limits before its process executes; a soft one comes here. */
static void begin_limits(struct fleet *fleet, struct member *member)
{
	char message[ERROR_SIZE];
	struct group_size keep = {0};

	if (fleet->provider->ops->resize == NULL || !fleet->able)
		return;
	fleet->provider->ops->resize(fleet->provider, member->agent->id, &keep, false,
		&member->limits, message, sizeof message);
	keep.memory_bytes = member->limits.memory_bytes;
	if (is_resized(fleet, member->agent->pool))
		fleet->provider->ops->resize(fleet->provider, member->agent->id, &keep, true,
			&member->limits, message, sizeof message);
}

static void resize(
	void *self, uint64_t agent, uint64_t order, uint32_t cpu_millis, uint32_t memory_mib)
{
	struct fleet *fleet = self;
	struct member *member = member_find(fleet, agent);
	struct group_size size = {cpu_millis, (int64_t)memory_mib * MIB};
	char message[ERROR_SIZE] = "its provider cannot change limits";
	bool done;

	if (member == NULL)
		return;
	done = fleet->provider->ops->resize != NULL &&
	       fleet->provider->ops->resize(fleet->provider, agent, &size, true, &member->limits,
		       message, sizeof message);
	if (!done)
		engine_say(fleet->engine, STORE_SAY_WARNING,
			"the limits of agent %s could not be changed: %s", member->agent->name,
			message);
	post_resized(fleet, member, order, done ? BAL_OK : BAL_INFEASIBLE);
}

/* ---- facts from the provider ---- */

static void on_executing(struct fleet *fleet, const struct provider_event *event)
{
	struct member *member = member_find(fleet, event->agent);
	const struct config_pool *pool;
	const struct run *run;
	char message[PROVIDER_TEXT_SIZE_MAX];

	/* One that was adopted while it was starting is told twice. */
	if (member == NULL || member->executing)
		return;
	pool = engine_pool_config(fleet->engine, member->agent->pool);
	run = process_run(fleet->provider, event->agent);
	member->agent->pid = run == NULL ? 0 : run->child.pid;
	member->executing = true;
	begin_limits(fleet, member);
	member->ready_by_ns =
		time_add_ns(now_of(fleet), pool == NULL ? NS_PER_MIN : pool->ready.timeout_ns);
	member->probe_wait_ns = PROBE_FIRST_NS;
	member->probe_at_ns = now_of(fleet) + PROBE_FIRST_NS;
	if (!push_attach(fleet->push, member->agent, "127.0.0.1", event->port,
		    pool == NULL ? NULL : pool->path, message, sizeof message)) {
		engine_say(fleet->engine, STORE_SAY_ERROR, "%s", message);
		member->too_late = true;
		fleet->provider->ops->end(fleet->provider, member->agent->id, now_of(fleet));
	}
}

static void on_adopted(struct fleet *fleet, const struct provider_event *event)
{
	uint32_t pool =
		names_find(engine_names(fleet->engine), BAL_SYMBOL_POOL, span_of(event->pool));
	const struct config_pool *config =
		pool == BAL_NONE ? NULL : engine_pool_config(fleet->engine, pool);
	struct member *member;

	if (event->asked)
		return; /* it was to end before the restart: the provider sees to it */
	member = config == NULL || config->kind != BAL_POOL_PROCESS
			 ? NULL
			 : member_new(fleet, event->agent, pool, event->number);
	if (member == NULL) {
		engine_say(fleet->engine, STORE_SAY_INFO,
			"an agent of pool %s, which is not configured any more, is ended",
			event->pool);
		fleet->provider->ops->end(fleet->provider, event->agent, now_of(fleet));
		return;
	}
	post_up(fleet, member, 0);
	on_executing(fleet, event);
	post_resized(fleet, member, 0, BAL_OK);
}

/* The end of a process closes its connections and its port a moment before anybody can hear of the
 * end itself.  An agent that refuses connections for longer is not ending, but ill. */
static enum push_lost on_lost(void *context, uint64_t id, bool refused, const char *error)
{
	struct fleet *fleet = context;
	struct member *member = member_find(fleet, id);
	const struct run *run = process_run(fleet->provider, id);
	int64_t now_ns = now_of(fleet);

	if (member == NULL || run == NULL)
		return PUSH_LOST_ATTEMPT;
	if (!run_alive(run)) {
		member_gone(fleet, member, run->asked && !member->too_late, error);
		return PUSH_LOST_AGENT;
	}
	if (!refused)
		return PUSH_LOST_ATTEMPT;
	if (now_ns >= member->refuses_until_ns)
		member->refuses_until_ns = now_ns + REFUSALS_NS;
	return now_ns < member->refuses_until_ns - REFUSALS_NS + ENDING_NS ? PUSH_LOST_NOTHING
									   : PUSH_LOST_ATTEMPT;
}

static void on_gone(struct fleet *fleet, const struct provider_event *event)
{
	struct member *member = member_find(fleet, event->agent);
	uint32_t pool =
		names_find(engine_names(fleet->engine), BAL_SYMBOL_POOL, span_of(event->pool));

	if (!event->asked && pool != BAL_NONE) {
		snprintf(fleet->errors[pool % POOLS_MAX], ERROR_SIZE, "%s-%u: %s", event->pool,
			event->number, event->text);
		engine_say(fleet->engine, STORE_SAY_WARNING, "agent %s-%u%s: %s", event->pool,
			event->number, fleet->adopting ? ", while ballast was away" : "",
			event->text);
	}
	if (member == NULL)
		return;
	member_gone(fleet, member, event->asked && !member->too_late, event->text);
}

static void pump(struct fleet *fleet)
{
	struct provider_event event;

	while (fleet->provider->ops->next(fleet->provider, now_of(fleet), &event)) {
		switch (event.type) {
		case PROVIDER_ADOPTED:
			on_adopted(fleet, &event);
			break;
		case PROVIDER_STARTED:
			on_executing(fleet, &event);
			break;
		default:
			on_gone(fleet, &event);
			break;
		}
	}
	check_members(fleet);
	arm(fleet);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	pump(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
	pump(timer->data);
}

/* Sets the timer to the next probe or to what the provider wants. */
static void arm(struct fleet *fleet)
{
	int64_t at_ns = fleet->provider->ops->deadline_ns(fleet->provider);
	int64_t now_ns = now_of(fleet);

	for (struct list_node *node = fleet->members.first; node != NULL; node = list_next(node)) {
		const struct member *member = container_of(node, struct member, node);

		if (waits_ready(member) && member->probe_at_ns < at_ns)
			at_ns = member->probe_at_ns;
	}
	if (at_ns == TIME_NEVER_NS || fleet->closing) {
		uv_timer_stop(&fleet->timer);
		return;
	}
	/* "At once" is INT64_MIN, which nothing may be taken from. */
	uv_timer_start(&fleet->timer, on_timer,
		at_ns <= now_ns ? 0 : (uint64_t)((at_ns - now_ns) / NS_PER_MS + 1), 0);
}

/* ---- the driver ---- */

/* Gives the provider the pool's template as it is configured now; false with errors[pool]. */
static bool set_template(struct fleet *fleet, uint32_t pool_number)
{
	const struct config_pool *pool = engine_pool_config(fleet->engine, pool_number);
	const char *arguments[SPEC_ARGUMENTS_MAX + 1] = {NULL};
	const char *environment[SPEC_ENVIRONMENT_MAX + 1] = {NULL};
	struct process_template template = {.arguments = arguments,
		.environment = environment,
		.directory = fleet->directory,
		.uid = -1,
		.gid = -1};
	char *error = fleet->errors[pool_number % POOLS_MAX];

	if (pool == NULL || pool->kind != BAL_POOL_PROCESS) {
		snprintf(error, ERROR_SIZE, "the pool is not configured any more");
		return false;
	}
	template.pool = pool->name;
	template.limits.cpu_millis = pool->resources.cpu_millis;
	template.limits.memory_bytes = pool->resources.memory_bytes;
	template.grace_ns = pool->grace_ns;
	for (uint32_t i = 0; i < pool->run.count && i < SPEC_ARGUMENTS_MAX; i++)
		arguments[i] = pool->run.items[i];
	for (uint32_t i = 0; i < pool->env.count && i < SPEC_ENVIRONMENT_MAX; i++)
		environment[i] = pool->env.items[i];
	if (!process_pool_set(fleet->provider, &template, error, ERROR_SIZE))
		return false;
	error[0] = '\0';
	return true;
}

/* The agent is told of only when its start is under way: one that cannot be started at all is the
 * order's failure, not an agent's. */
static bool start_one(struct fleet *fleet, uint32_t pool, uint64_t order)
{
	struct span name = names_text(engine_names(fleet->engine), BAL_SYMBOL_POOL, pool);
	struct provider_order start = {
		.order = order, .agent = engine_mint(fleet->engine), .pool = name.at};
	struct member *member = member_new(fleet, start.agent, pool, 0);
	char *error = fleet->errors[pool % POOLS_MAX];

	if (member == NULL) {
		snprintf(error, ERROR_SIZE, "there is no memory for another agent");
		return false;
	}
	start.number = member->number;
	if (!fleet->provider->ops->start(
		    fleet->provider, &start, now_of(fleet), error, ERROR_SIZE)) {
		member_free(fleet, member);
		return false;
	}
	post_up(fleet, member, order);
	return true;
}

static void scale(void *self, uint32_t pool, uint64_t order, uint32_t count)
{
	struct fleet *fleet = self;
	struct bal_event ended = {.type = BAL_EVENT_SCALE_ENDED,
		.scale_ended = {.order = order, .status = BAL_UNAVAILABLE}};

	if (set_template(fleet, pool)) {
		while (ended.scale_ended.count < count && start_one(fleet, pool, order))
			ended.scale_ended.count++;
	}
	if (ended.scale_ended.count < count)
		engine_say(fleet->engine, STORE_SAY_ERROR,
			"%u of %u agents could not be started: %s", count - ended.scale_ended.count,
			count, fleet_error(fleet, pool));
	if (ended.scale_ended.count > 0)
		ended.scale_ended.status = BAL_OK;
	engine_event(fleet->engine, &ended);
	arm(fleet);
}

static void end(void *self, uint64_t agent)
{
	struct fleet *fleet = self;

	fleet->provider->ops->end(fleet->provider, agent, now_of(fleet));
	arm(fleet);
}

static void probe(void *self, uint64_t agent)
{
	struct fleet *fleet = self;

	push_probe(fleet->push, agent, on_probed, fleet);
}

static void dispatch(void *self, struct job *job, int64_t until_ns)
{
	push_dispatch(((struct fleet *)self)->push, job, until_ns);
}

static void rescind(void *self, struct job *job, enum bal_reason reason)
{
	push_rescind(((struct fleet *)self)->push, job, reason);
}

static void hand_back(void *self, struct job *job)
{
	push_hand_back(((struct fleet *)self)->push, job);
}

static const struct driver_ops FLEET_DRIVER = {
	.dispatch = dispatch,
	.rescind = rescind,
	.hand_back = hand_back,
	.scale = scale,
	.resize = resize,
	.end = end,
	.probe = probe,
};

/* ---- samples ---- */

/* Shares of what an agent is promised: decisions are taken by those. */
static void post_shares(struct fleet *fleet, const struct member *member,
	const struct sample *sample, int64_t cpu_millis)
{
	int64_t promised_millis = member->limits.cpu_millis;
	int64_t promised_bytes = member->limits.memory_bytes;
	uint64_t id = member->agent->id;

	if (cpu_millis >= 0)
		vitals_post(fleet->engine, BAL_SUBJECT_AGENT, id, BAL_SIGNAL_CPU_PERMILLE,
			promised_millis > 0 ? cpu_millis * PERMILLE / promised_millis : cpu_millis);
	if ((sample->present & SAMPLE_MEMORY) == 0)
		return;
	vitals_post(fleet->engine, BAL_SUBJECT_AGENT, id, BAL_SIGNAL_MEMORY_MIB,
		sample->memory_bytes / MIB);
	if (promised_bytes > 0)
		vitals_post(fleet->engine, BAL_SUBJECT_AGENT, id, BAL_SIGNAL_MEMORY_PERMILLE,
			sample->memory_bytes * PERMILLE / promised_bytes);
}

/* Near its limit of memory, where every look counts. */
static bool is_near(const struct member *member)
{
	return member->limits.memory_bytes > 0 &&
	       member->watch.quick.memory_bytes > member->limits.memory_bytes / 10 * NEAR_TENTHS;
}

static void sample_member(struct fleet *fleet, struct member *member)
{
	struct reading readings[SAMPLE_READINGS_MAX];
	struct sample sample;
	int64_t cpu_millis = -1;
	uint64_t wanted = watch_wanted(&member->watch, member->number, now_of(fleet));
	size_t count;

	if (!fleet->provider->ops->sample(
		    fleet->provider, member->agent->id, wanted, now_of(fleet), &sample))
		return;
	count = watch_take(&member->watch, &sample, wanted, is_near(member), readings);
	for (size_t i = 0; i < count; i++)
		if (readings[i].signal == BAL_SIGNAL_CPU_MILLIS)
			cpu_millis = readings[i].value;
	post_shares(fleet, member, &sample, cpu_millis);
	vitals_post_all(fleet->engine, BAL_SUBJECT_AGENT, member->agent->id, readings, count);
}

/* Near its limit five seconds may be too long, where somebody can give it more. */
static void sample_memory(struct fleet *fleet, const struct member *member)
{
	struct sample sample;

	if (!is_near(member) || !is_resized(fleet, member->agent->pool) ||
		!fleet->provider->ops->sample(fleet->provider, member->agent->id,
			SAMPLE_MEMORY | SAMPLE_BIT(MEMORY_FILE), now_of(fleet), &sample))
		return;
	if ((sample.present & SAMPLE_BIT(MEMORY_FILE)) != 0)
		vitals_post(fleet->engine, BAL_SUBJECT_AGENT, member->agent->id,
			BAL_SIGNAL_MEMORY_FILE, sample.memory_file_bytes);
	post_shares(fleet, member, &sample, -1);
}

static void on_sample_timer(uv_timer_t *timer)
{
	struct fleet *fleet = timer->data;
	bool all = ++fleet->rounds % ROUND_TICKS == 0;

	for (struct list_node *node = fleet->members.first; node != NULL; node = list_next(node)) {
		struct member *member = container_of(node, struct member, node);

		if (member->executing && all)
			sample_member(fleet, member);
		else if (member->executing)
			sample_memory(fleet, member);
	}
}

/* ---- life ---- */

void fleet_configure(struct fleet *fleet)
{
	const struct config *config = engine_config(fleet->engine);

	for (uint32_t i = 0; i < config->pools.count; i++) {
		const struct config_pool *pool = &config->pools.items[i];
		uint32_t number = names_find(
			engine_names(fleet->engine), BAL_SYMBOL_POOL, span_of(pool->name));

		if (pool->kind != BAL_POOL_PROCESS || number == BAL_NONE)
			continue;
		if (!set_template(fleet, number))
			engine_say(
				fleet->engine, STORE_SAY_ERROR, "%s", fleet_error(fleet, number));
	}
	bounds_tell(fleet->engine, fleet->able);
}

const char *fleet_error(const struct fleet *fleet, uint32_t pool)
{
	return fleet == NULL ? "" : fleet->errors[pool % POOLS_MAX];
}

static bool open_provider(
	struct fleet *fleet, const struct cgroup *group, char *message, size_t message_size)
{
	char data[PATH_MAX];
	char directory[PATH_MAX + 16];

	/* Absolute: what is started may change its directory. */
	if (getcwd(fleet->directory, sizeof fleet->directory) == NULL ||
		realpath(engine_data(fleet->engine), data) == NULL) {
		snprintf(message, message_size, "cannot find the directory %s: %s",
			engine_data(fleet->engine), strerror(errno));
		return false;
	}
	snprintf(directory, sizeof directory, "%s/run", data);
	mkdir(directory, 0700);
	snprintf(directory, sizeof directory, "%s/run/agents", data);
	fleet->provider =
		process_open(directory, group, NULL, now_of(fleet), message, message_size);
	return fleet->provider != NULL;
}

struct fleet *fleet_open(struct engine *engine, struct push *push, const struct cgroup *group,
	char *message, size_t message_size)
{
	struct fleet *fleet = calloc(1, sizeof *fleet);

	if (fleet == NULL) {
		snprintf(message, message_size, "there is no memory for the fleet");
		return NULL;
	}
	fleet->engine = engine;
	fleet->push = push;
	fleet->able = group->version != CGROUP_NONE;
	if (!open_provider(fleet, group, message, message_size)) {
		free(fleet);
		return NULL;
	}
	uv_timer_init(engine_loop(engine), &fleet->timer);
	uv_timer_init(engine_loop(engine), &fleet->sample_timer);
	uv_poll_init(engine_loop(engine), &fleet->poll, fleet->provider->ops->fd(fleet->provider));
	fleet->handles_open = 3;
	fleet->timer.data = fleet;
	fleet->sample_timer.data = fleet;
	fleet->poll.data = fleet;
	engine_drive(engine, BAL_POOL_PROCESS, &FLEET_DRIVER, fleet);
	fleet_configure(fleet);
	uv_poll_start(&fleet->poll, UV_READABLE, on_readable);
	uv_timer_start(&fleet->sample_timer, on_sample_timer, SAMPLE_MS, SAMPLE_MS);
	push_ask_lost(push, on_lost, fleet);
	fleet->adopting = true;
	pump(fleet);
	fleet->adopting = false;
	return fleet;
}

static void on_closed(uv_handle_t *handle)
{
	struct fleet *fleet = handle->data;
	struct list_node *node;

	if (--fleet->handles_open > 0)
		return;
	while ((node = list_pop(&fleet->members)) != NULL)
		free(container_of(node, struct member, node));
	free(fleet);
}

void fleet_close(struct fleet *fleet)
{
	if (fleet == NULL)
		return;
	fleet->closing = true;
	engine_drive(fleet->engine, BAL_POOL_PROCESS, NULL, NULL);
	push_ask_lost(fleet->push, NULL, NULL);
	/* Probes that are under way would come back to nobody. */
	for (struct list_node *node = fleet->members.first; node != NULL; node = list_next(node))
		push_detach(fleet->push, container_of(node, struct member, node)->agent, NULL);
	uv_close((uv_handle_t *)&fleet->poll, on_closed);
	uv_close((uv_handle_t *)&fleet->timer, on_closed);
	uv_close((uv_handle_t *)&fleet->sample_timer, on_closed);
	fleet->provider->ops->close(fleet->provider);
}

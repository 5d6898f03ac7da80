/* SPDX-License-Identifier: Apache-2.0 */
/* The providers tell facts about agents, probes tell whether one can work (fleet_member.c), the
 * core decides.
 *
 * A pool's template is made anew at every order, from the configuration in force: a program that
 * was missing is found as soon as it is there, and an error is that of the last try. */
#include "daemon/fleet.h"

#include "base/num.h"
#include "base/units.h"
#include "daemon/bounds.h"
#include "daemon/fleet_state.h"
#include "daemon/gpus.h"
#include "daemon/room.h"
#include "daemon/template.h"
#include "daemon/vitals.h"
#include "provider/exec.h"
#include "provider/process.h"
#include "provider/provider.h"
#include "sample/watch.h"
#include "wire/url.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE_FIRST_NS (20 * NS_PER_MS)
#define SAMPLE_MS      1000
#define ROUND_TICKS    5        /* ticks of the sampler between two looks at all agents */
#define NEAR_TENTHS    7        /* of its memory */
#define ENDING_NS      NS_PER_S /* within which the end of a process is heard of */
#define REFUSALS_NS    (10 * NS_PER_S)

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
	char message[FLEET_ERROR_SIZE];
	struct group_size keep = {0};
	struct provider *provider = fleet_provider(fleet, member->agent->pool);

	if (provider->ops->resize == NULL || !fleet->able)
		return;
	provider->ops->resize(provider, member->agent->id, &keep, false, &member->limits, message,
		sizeof message);
	keep.memory_bytes = member->limits.memory_bytes;
	if (is_resized(fleet, member->agent->pool))
		provider->ops->resize(provider, member->agent->id, &keep, true, &member->limits,
			message, sizeof message);
}

static void resize(
	void *self, uint64_t agent, uint64_t order, uint32_t cpu_millis, uint32_t memory_mib)
{
	struct fleet *fleet = self;
	struct member *member = member_find(fleet, agent);
	struct group_size size = {cpu_millis, (int64_t)memory_mib * MIB};
	char message[FLEET_ERROR_SIZE] = "its provider cannot change limits";
	struct provider *provider;
	bool done;

	if (member == NULL)
		return;
	provider = fleet_provider(fleet, member->agent->pool);
	done = provider->ops->resize != NULL && provider->ops->resize(provider, agent, &size, true,
							&member->limits, message, sizeof message);
	if (!done)
		engine_say(fleet->engine, STORE_SAY_WARNING,
			"the limits of agent %s could not be changed: %s", member->agent->name,
			message);
	post_resized(fleet, member, order, done ? BAL_OK : BAL_INFEASIBLE);
}

/* ---- facts from the provider ---- */

/* Reaches it on its port here, or where its url says. */
static bool attach(struct fleet *fleet, struct member *member, const struct provider_event *event,
	char *message, size_t message_size)
{
	const struct config_pool *pool = engine_pool_config(fleet->engine, member->agent->pool);
	const char *path = pool == NULL ? NULL : pool->path;
	char host[PROVIDER_URL_SIZE];
	struct url url;

	if (event->url[0] == '\0' || !url_read(span_of(event->url), &url))
		return push_attach(fleet->push, member->agent, "127.0.0.1", event->port, path,
			message, message_size);
	snprintf(host, sizeof host, "%.*s", (int)url.authority.host.size, url.authority.host.at);
	if (url.path.size > 1)
		path = url.path.at; /* to the end: a url has no query here */
	return push_attach(fleet->push, member->agent, host, url.port, path, message, message_size);
}

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
	if (!attach(fleet, member, event, message, sizeof message)) {
		engine_say(fleet->engine, STORE_SAY_ERROR, "%s", message);
		member->too_late = true;
		member_end(fleet, member);
	}
}

static void on_adopted(
	struct fleet *fleet, struct provider *provider, const struct provider_event *event)
{
	uint32_t pool =
		names_find(engine_names(fleet->engine), BAL_SYMBOL_POOL, span_of(event->pool));
	const struct config_pool *config =
		pool == BAL_NONE ? NULL : engine_pool_config(fleet->engine, pool);
	struct member *member;

	room_hold(fleet, event->agent, gpus_read(event->gpus));
	if (event->asked)
		return; /* it was to end before the restart: the provider sees to it */
	member = config == NULL || config->kind != BAL_POOL_PROCESS
			 ? NULL
			 : member_new(fleet, event->agent, pool, event->number);
	if (member == NULL) {
		engine_say(fleet->engine, STORE_SAY_INFO,
			"an agent of pool %s, which is not configured any more, is ended",
			event->pool);
		provider->ops->end(provider, event->agent, now_of(fleet));
		return;
	}
	room_release(fleet, event->agent);
	member->gpus = gpus_read(event->gpus);
	member->provider = provider;
	member_post_up(fleet, member, 0);
	/* One that was still being made is told of as started later. */
	if (event->port != 0)
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

	room_release(fleet, event->agent);
	if (!event->asked && pool != BAL_NONE) {
		snprintf(fleet->errors[pool % FLEET_POOLS_MAX], FLEET_ERROR_SIZE, "%s-%u: %s",
			event->pool, event->number, event->text);
		engine_say(fleet->engine, STORE_SAY_WARNING, "agent %s-%u%s: %s", event->pool,
			event->number, fleet->adopting ? ", while ballast was away" : "",
			event->text);
	}
	if (member == NULL)
		return;
	if (event->oom)
		vitals_post(
			fleet->engine, BAL_SUBJECT_AGENT, event->agent, BAL_SIGNAL_OOM_KILLS, 1);
	member_gone(fleet, member, event->asked && !member->too_late, event->text);
}

/* Its provider misses it: whether it is alive it can say itself. */
static void on_missed(struct fleet *fleet, const struct provider_event *event)
{
	struct member *member = member_find(fleet, event->agent);

	if (member == NULL || !member->ready || member->probing)
		return;
	member->missed = true;
	member_probe(fleet, member);
}

/* What a provider tells of a pool of its own accord. */
static void on_said(struct fleet *fleet, const struct provider_event *event)
{
	uint32_t pool =
		names_find(engine_names(fleet->engine), BAL_SYMBOL_POOL, span_of(event->pool));

	if (pool != BAL_NONE)
		snprintf(
			fleet->errors[pool % FLEET_POOLS_MAX], FLEET_ERROR_SIZE, "%s", event->text);
	engine_say(fleet->engine, STORE_SAY_WARNING, "pool %s: %s", event->pool, event->text);
}

static void pump_provider(struct fleet *fleet, struct provider *provider)
{
	struct provider_event event;

	while (provider->ops->next(provider, now_of(fleet), &event)) {
		switch (event.type) {
		case PROVIDER_ADOPTED:
			on_adopted(fleet, provider, &event);
			break;
		case PROVIDER_MISSED:
			on_missed(fleet, &event);
			break;
		case PROVIDER_SAID:
			on_said(fleet, &event);
			break;
		case PROVIDER_STARTED:
			on_executing(fleet, &event);
			break;
		default:
			on_gone(fleet, &event);
			break;
		}
	}
}

static void pump(struct fleet *fleet)
{
	pump_provider(fleet, fleet->provider);
	pump_provider(fleet, fleet->exec);
	members_check(fleet);
	fleet_arm(fleet);
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

/* Sets the timer to the next probe or to what the providers want. */
void fleet_arm(struct fleet *fleet)
{
	int64_t at_ns = num_min_i64(fleet->provider->ops->deadline_ns(fleet->provider),
		fleet->exec->ops->deadline_ns(fleet->exec));
	int64_t now_ns = now_of(fleet);

	for (struct list_node *node = fleet->members.first; node != NULL; node = list_next(node)) {
		const struct member *member = container_of(node, struct member, node);

		if (member_waits_ready(member) && member->probe_at_ns < at_ns)
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
	char *error = fleet->errors[pool_number % FLEET_POOLS_MAX];

	if (pool == NULL || pool->kind != BAL_POOL_PROCESS) {
		snprintf(error, FLEET_ERROR_SIZE, "the pool is not configured any more");
		return false;
	}
	if (!template_set(fleet_provider(fleet, pool_number), pool, fleet->directory, error,
		    FLEET_ERROR_SIZE))
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
	char *error = fleet->errors[pool % FLEET_POOLS_MAX];
	char gpus[GPUS_TEXT_SIZE];

	if (member == NULL) {
		snprintf(error, FLEET_ERROR_SIZE, "there is no memory for another agent");
		return false;
	}
	start.number = member->number;
	start.gpus = gpus;
	if (!room_take(fleet, member, error, FLEET_ERROR_SIZE)) {
		member_free(fleet, member);
		return false;
	}
	gpus_write(member->gpus, gpus);
	if (!member->provider->ops->start(
		    member->provider, &start, now_of(fleet), error, FLEET_ERROR_SIZE)) {
		member_free(fleet, member);
		return false;
	}
	member_post_up(fleet, member, order);
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
	if (ended.scale_ended.count == count)
		ended.scale_ended.status = BAL_OK;
	engine_event(fleet->engine, &ended);
	fleet_arm(fleet);
}

static void end(void *self, uint64_t agent)
{
	struct fleet *fleet = self;
	const struct member *member = member_find(fleet, agent);

	if (member != NULL)
		member_end(fleet, member);
	fleet_arm(fleet);
}

static void probe(void *self, uint64_t agent)
{
	struct fleet *fleet = self;

	push_probe(fleet->push, agent, member_probed, fleet);
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

/* Five seconds may be too long to run out of memory in, where somebody can give it more. */
static void sample_memory(struct fleet *fleet, const struct member *member)
{
	struct sample sample;

	if (member->limits.memory_bytes == 0 || !is_resized(fleet, member->agent->pool) ||
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
	return fleet == NULL ? "" : fleet->errors[pool % FLEET_POOLS_MAX];
}

static bool open_providers(
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
	snprintf(directory, sizeof directory, "%s/run/exec", data);
	if (fleet->provider != NULL)
		fleet->exec = exec_open(directory, NULL, now_of(fleet), message, message_size);
	if (fleet->provider != NULL && fleet->exec == NULL)
		fleet->provider->ops->close(fleet->provider);
	return fleet->exec != NULL;
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
	if (!open_providers(fleet, group, message, message_size)) {
		free(fleet);
		return NULL;
	}
	uv_timer_init(engine_loop(engine), &fleet->timer);
	uv_timer_init(engine_loop(engine), &fleet->sample_timer);
	uv_poll_init(engine_loop(engine), &fleet->poll, fleet->provider->ops->fd(fleet->provider));
	uv_poll_init(engine_loop(engine), &fleet->exec_poll, fleet->exec->ops->fd(fleet->exec));
	fleet->handles_open = 4;
	fleet->exec_poll.data = fleet;
	fleet->timer.data = fleet;
	fleet->sample_timer.data = fleet;
	fleet->poll.data = fleet;
	engine_drive(engine, BAL_POOL_PROCESS, &FLEET_DRIVER, fleet);
	fleet_configure(fleet);
	uv_poll_start(&fleet->poll, UV_READABLE, on_readable);
	uv_poll_start(&fleet->exec_poll, UV_READABLE, on_readable);
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
	room_close(fleet);
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
	uv_close((uv_handle_t *)&fleet->exec_poll, on_closed);
	uv_close((uv_handle_t *)&fleet->timer, on_closed);
	uv_close((uv_handle_t *)&fleet->sample_timer, on_closed);
	fleet->provider->ops->close(fleet->provider);
	fleet->exec->ops->close(fleet->exec);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* An address that leaves is drained by the core and taken out by the timer when nothing runs there
 * any more; should it come back before, it is simply taken into service again. */
#include "daemon/urls.h"

#include "base/units.h"
#include "daemon/agentid.h"
#include "daemon/secret.h"
#include "wire/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_MS 1000
#define KEY_SIZE_MAX  4096
#define HOST_SIZE_MAX 256
#define PATH_SIZE_MAX 1024

struct member {
	struct list_node node;
	uint64_t agent;
	bool waits_ready; /* it has not answered a probe yet */
	bool leaving;
	bool listed; /* in the configuration that is being taken over */
};

struct urls {
	struct engine *engine;
	struct push *push;
	struct list members;
	uv_timer_t timer;
};

static struct member *member_of(struct list_node *node)
{
	return container_of(node, struct member, node);
}

static struct member *find_member(const struct urls *urls, uint64_t agent)
{
	struct list_node *node = urls->members.first;

	while (node != NULL && member_of(node)->agent != agent)
		node = list_next(node);
	return node == NULL ? NULL : member_of(node);
}

/* ---- readiness, and the end ---- */

static void on_probed(void *context, uint64_t id, bool ready)
{
	struct urls *urls = context;
	struct member *member = find_member(urls, id);
	struct bal_event event = {.type = ready ? BAL_EVENT_AGENT_READY : BAL_EVENT_AGENT_UNHEALTHY,
		.agent = {.agent = id}};

	if (member == NULL)
		return;
	if (ready)
		member->waits_ready = false;
	engine_event(urls->engine, &event);
}

static void take_out(struct urls *urls, struct member *member)
{
	struct bal_event down = {
		.type = BAL_EVENT_AGENT_DOWN, .down = {.agent = member->agent, .expected = true}};
	struct roster_agent *agent = roster_find(engine_roster(urls->engine), member->agent);

	engine_event(urls->engine, &down);
	push_detach(urls->push, agent, "its address left the configuration");
	roster_remove(engine_roster(urls->engine), agent);
	list_remove(&urls->members, &member->node);
	free(member);
}

static bool runs_nothing(const struct urls *urls, const struct member *member)
{
	struct bal_agent_view view;

	return !bal_agent_view(engine_core(urls->engine), member->agent, &view) ||
	       view.running == 0;
}

static void on_timer(uv_timer_t *timer)
{
	struct urls *urls = timer->data;
	struct list_node *node = urls->members.first;

	while (node != NULL) {
		struct member *member = member_of(node);

		node = list_next(node);
		if (member->leaving && runs_nothing(urls, member))
			take_out(urls, member);
		else if (member->waits_ready)
			push_probe(urls->push, member->agent, on_probed, urls);
	}
}

/* ---- configuration ---- */

/* Gives the agent the key that its pool wants. */
static bool take_key(struct urls *urls, struct roster_agent *agent,
	const struct config_pool *config, char *message, size_t message_size)
{
	char key[KEY_SIZE_MAX], problem[512];

	if (config->api_key_file == NULL)
		return push_authorize(urls->push, agent, NULL);
	if (!secret_read(config->api_key_file, key, sizeof key, problem, sizeof problem)) {
		snprintf(message, message_size, "pool %s: api_key_file: %s", config->name, problem);
		return false;
	}
	if (push_authorize(urls->push, agent, key))
		return true;
	snprintf(message, message_size, "there is no memory for a key");
	return false;
}

static bool attach(struct urls *urls, struct roster_agent *agent, const struct config_pool *config,
	char *message, size_t message_size)
{
	char host[HOST_SIZE_MAX], path[PATH_SIZE_MAX];
	struct url url;

	if (!url_read(span_of(agent->name), &url) || url.secure) {
		snprintf(message, message_size, "pool %s: %s is not an http:// address",
			config->name, agent->name);
		return false;
	}
	snprintf(host, sizeof host, "%.*s", (int)url.authority.host.size, url.authority.host.at);
	if (url.path.size > 1)
		snprintf(path, sizeof path, "%.*s", (int)url.path.size, url.path.at);
	else
		snprintf(path, sizeof path, "%s", config->path == NULL ? "/" : config->path);
	if (!push_attach(urls->push, agent, host, url.port, path, message, message_size))
		return false;
	if (take_key(urls, agent, config, message, message_size))
		return true;
	push_detach(urls->push, agent, NULL);
	return false;
}

static bool add(struct urls *urls, uint32_t pool, const struct config_pool *config,
	const char *text, char *message, size_t message_size)
{
	struct roster *roster = engine_roster(urls->engine);
	struct member *member = calloc(1, sizeof *member);
	struct bal_event up = {.type = BAL_EVENT_AGENT_UP,
		.up = {.agent = agentid_get(urls->engine, config->name, text),
			.pool = pool,
			.state = BAL_AGENT_STARTING,
			.slots = (uint32_t)config->slots}};
	struct roster_agent *agent = member == NULL ? NULL : roster_add(roster, up.up.agent, pool);

	if (agent == NULL) {
		snprintf(message, message_size, "no memory for %s", text);
		free(member);
		return false;
	}
	agent->pool_kind = BAL_POOL_URLS;
	snprintf(agent->name, sizeof agent->name, "%s", text);
	if (!attach(urls, agent, config, message, message_size)) {
		roster_remove(roster, agent);
		free(member);
		return false;
	}
	*member = (struct member){.agent = up.up.agent, .waits_ready = true, .listed = true};
	list_append(&urls->members, &member->node);
	engine_event(urls->engine, &up);
	return true;
}

/* An address that was there before: its slots and key may be others now. */
static bool keep(struct urls *urls, struct member *member, struct roster_agent *agent,
	const struct config_pool *config, char *message, size_t message_size)
{
	struct bal_event slots = {.type = BAL_EVENT_AGENT_SLOTS,
		.slots = {.agent = agent->id, .slots = (uint32_t)config->slots}};
	struct bal_event back = {
		.type = BAL_EVENT_AGENT_DRAINED, .drain = {.agent = agent->id, .back = true}};

	member->listed = true;
	engine_event(urls->engine, &slots);
	if (member->leaving)
		engine_event(urls->engine, &back);
	member->leaving = false;
	return take_key(urls, agent, config, message, message_size);
}

static bool configure_pool(
	struct urls *urls, const struct config_pool *config, char *message, size_t message_size)
{
	uint32_t pool = engine_intern(urls->engine, BAL_SYMBOL_POOL, span_of(config->name));
	bool ok = true;

	for (uint32_t i = 0; i < config->urls.count; i++) {
		const char *text = config->urls.items[i];
		struct roster_agent *agent =
			roster_find_name(engine_roster(urls->engine), pool, text, strlen(text));
		struct member *member = agent == NULL ? NULL : find_member(urls, agent->id);
		/* The first sentence is the one that is told. */
		char *said = ok ? message : NULL;
		bool done =
			member == NULL
				? add(urls, pool, config, text, said, ok ? message_size : 0)
				: keep(urls, member, agent, config, said, ok ? message_size : 0);

		ok = ok && done;
	}
	return ok;
}

bool urls_configure(struct urls *urls, char *message, size_t message_size)
{
	const struct config *config = engine_config(urls->engine);
	bool ok = true;

	for (struct list_node *node = urls->members.first; node != NULL; node = list_next(node))
		member_of(node)->listed = false;
	for (uint32_t i = 0; i < config->pools.count; i++)
		if (config->pools.items[i].kind == BAL_POOL_URLS)
			ok = configure_pool(urls, &config->pools.items[i], ok ? message : NULL,
				     ok ? message_size : 0) &&
			     ok;
	for (struct list_node *node = urls->members.first; node != NULL; node = list_next(node)) {
		struct member *member = member_of(node);
		struct bal_event drained = {.type = BAL_EVENT_AGENT_DRAINED,
			.drain = {.agent = member->agent, .back = false}};

		if (member->listed || member->leaving)
			continue;
		member->leaving = true;
		engine_event(urls->engine, &drained);
	}
	uv_timer_start(&urls->timer, on_timer, 0, LOOK_EVERY_MS);
	return ok;
}

/* ---- life ---- */

static void dispatch(void *self, struct job *job, int64_t until_ns)
{
	push_dispatch(((struct urls *)self)->push, job, until_ns);
}

static void rescind(void *self, struct job *job, enum bal_reason reason)
{
	push_rescind(((struct urls *)self)->push, job, reason);
}

static void hand_back(void *self, struct job *job)
{
	push_hand_back(((struct urls *)self)->push, job);
}

static void probe(void *self, uint64_t agent)
{
	struct urls *urls = self;

	push_probe(urls->push, agent, on_probed, urls);
}

static const struct driver_ops DRIVER = {
	.dispatch = dispatch, .rescind = rescind, .hand_back = hand_back, .probe = probe};

struct urls *urls_open(struct push *push)
{
	struct urls *urls = calloc(1, sizeof *urls);

	if (urls == NULL)
		return NULL;
	urls->engine = push_engine(push);
	urls->push = push;
	uv_timer_init(engine_loop(urls->engine), &urls->timer);
	urls->timer.data = urls;
	engine_drive(urls->engine, BAL_POOL_URLS, &DRIVER, urls);
	return urls;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void urls_close(struct urls *urls)
{
	struct list_node *node;

	if (urls == NULL)
		return;
	engine_drive(urls->engine, BAL_POOL_URLS, NULL, NULL);
	while ((node = list_pop(&urls->members)) != NULL)
		free(member_of(node));
	uv_close((uv_handle_t *)&urls->timer, on_closed);
}

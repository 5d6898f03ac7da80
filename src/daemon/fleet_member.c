/* SPDX-License-Identifier: Apache-2.0 */
/* An agent is probed soon after its start and then at growing distances, until it answers or the
 * pool's readiness time is over: then it is ended, and the core hears that it is down.  The last
 * probe begins after that time, so that a daemon that stood still itself (stopped, or the machine
 * asleep) blames nobody for it. */
#include "daemon/fleet_state.h"

#include "base/units.h"
#include "daemon/template.h"

#include <stdio.h>
#include <stdlib.h>

#define PROBE_MAX_NS (500 * NS_PER_MS)
#define NUMBER_MAX   100000

struct member *member_find(const struct fleet *fleet, uint64_t id)
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

/* What makes agents of this pool. */
struct provider *fleet_provider(const struct fleet *fleet, uint32_t pool)
{
	const struct config_pool *config = engine_pool_config(fleet->engine, pool);

	return config != NULL && template_is_scripted(config) ? fleet->exec : fleet->provider;
}

/* `number` 0: the smallest that is free. */
struct member *member_new(struct fleet *fleet, uint64_t id, uint32_t pool, uint32_t number)
{
	struct member *member = calloc(1, sizeof *member);
	struct span name = names_text(engine_names(fleet->engine), BAL_SYMBOL_POOL, pool);
	const struct config_pool *config = engine_pool_config(fleet->engine, pool);

	if (member == NULL)
		return NULL;
	member->fleet = fleet;
	member->provider = fleet_provider(fleet, pool);
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

void member_post_up(struct fleet *fleet, const struct member *member, uint64_t order)
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

void member_free(struct fleet *fleet, struct member *member)
{
	list_remove(&fleet->members, &member->node);
	roster_remove(engine_roster(fleet->engine), member->agent);
	free(member);
}

/* The agent is gone: the core takes its tasks back first, then nothing refers to it any more. */
void member_gone(struct fleet *fleet, struct member *member, bool expected, const char *how)
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

char *member_error(struct fleet *fleet, const struct member *member)
{
	return fleet->errors[member->agent->pool % FLEET_POOLS_MAX];
}

void member_end(struct fleet *fleet, const struct member *member)
{
	member->provider->ops->end(member->provider, member->agent->id, now_of(fleet));
}

static void give_up(struct fleet *fleet, struct member *member)
{
	const struct config_pool *pool = engine_pool_config(fleet->engine, member->agent->pool);
	const char *path = pool == NULL ? NULL : pool->ready.path;

	member->too_late = true;
	snprintf(member_error(fleet, member), FLEET_ERROR_SIZE,
		"%s did not become ready in time: it must %s%s%s on its port; see ready: in the "
		"configuration",
		member->agent->name, path == NULL ? "take a connection" : "answer GET ",
		path == NULL ? "" : path, path == NULL ? "" : " with 2xx");
	engine_say(fleet->engine, STORE_SAY_WARNING, "%s", member_error(fleet, member));
	member_end(fleet, member);
}

/* One that its provider does not know of any more, and that does not answer either, is dead. */
static void bury(struct fleet *fleet, struct member *member)
{
	member->too_late = true;
	snprintf(member_error(fleet, member), FLEET_ERROR_SIZE,
		"%s is gone: it does not answer, and its provider does not list it",
		member->agent->name);
	engine_say(fleet->engine, STORE_SAY_WARNING, "%s", member_error(fleet, member));
	member_end(fleet, member);
}

void member_probed(void *context, uint64_t id, bool ready)
{
	struct fleet *fleet = context;
	struct member *member = member_find(fleet, id);
	struct bal_event event = {.type = BAL_EVENT_AGENT_READY, .agent = {.agent = id}};

	if (member == NULL)
		return;
	member->probing = false;
	if (!ready && member->missed && member->ready && !member->too_late)
		bury(fleet, member);
	member->missed = false;
	if (ready) {
		member->ready = true;
		member_error(fleet, member)[0] = '\0';
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
	fleet_arm(fleet);
}

void member_probe(struct fleet *fleet, struct member *member)
{
	member->probing = true;
	member->probe_at_ns = now_of(fleet);
	push_probe(fleet->push, member->agent->id, member_probed, fleet);
}

bool member_waits_ready(const struct member *member)
{
	return member->executing && !member->ready && !member->too_late && !member->probing;
}

/* Probes whose time has come. */
void members_check(struct fleet *fleet)
{
	int64_t now_ns = now_of(fleet);
	struct list_node *node = fleet->members.first;

	while (node != NULL) {
		struct member *member = container_of(node, struct member, node);

		node = list_next(node);
		if (member_waits_ready(member) && now_ns >= member->probe_at_ns)
			member_probe(fleet, member);
	}
}

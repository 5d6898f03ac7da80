/* SPDX-License-Identifier: Apache-2.0 */
/* A list and a hash table of chains; thousands of agents at most, so it never shrinks. */
#include "daemon/roster.h"

#include "base/assert.h"
#include "base/checksum.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096

struct entry {
	struct roster_agent agent; /* first, so that one is the other */
	struct entry *chain;
};

struct roster {
	struct list agents;
	struct entry *buckets[BUCKETS];
};

struct roster *roster_open(void)
{
	return calloc(1, sizeof(struct roster));
}

static void free_agent(struct roster_agent *agent)
{
	free(agent->look.past);
	free(agent);
}

void roster_close(struct roster *roster)
{
	struct list_node *node;

	if (roster == NULL)
		return;
	while ((node = list_pop(&roster->agents)) != NULL)
		free_agent(container_of(node, struct roster_agent, node));
	free(roster);
}

static struct entry **bucket_of(struct roster *roster, uint64_t id)
{
	return &roster->buckets[checksum_mix(id, 0) % BUCKETS];
}

struct roster_agent *roster_find(const struct roster *roster, uint64_t id)
{
	struct entry *entry = roster->buckets[checksum_mix(id, 0) % BUCKETS];

	while (entry != NULL && entry->agent.id != id)
		entry = entry->chain;
	return entry == NULL ? NULL : &entry->agent;
}

struct roster_agent *roster_add(struct roster *roster, uint64_t id, uint32_t pool)
{
	struct entry **bucket = bucket_of(roster, id);
	struct entry *entry;

	if (id == 0 || roster_find(roster, id) != NULL)
		return NULL;
	entry = calloc(1, sizeof *entry);
	if (entry == NULL)
		return NULL;
	entry->agent.id = id;
	entry->agent.pool = pool;
	for (uint32_t i = 0; i < BAL_SIGNAL_AGENT_COUNT; i++)
		entry->agent.signals[i] = -1;
	entry->chain = *bucket;
	*bucket = entry;
	list_append(&roster->agents, &entry->agent.node);
	return &entry->agent;
}

void roster_remove(struct roster *roster, struct roster_agent *agent)
{
	struct entry **place = bucket_of(roster, agent->id);

	while (*place != NULL && &(*place)->agent != agent)
		place = &(*place)->chain;
	bal_assert(*place != NULL);
	*place = (*place)->chain;
	list_remove(&roster->agents, &agent->node);
	free_agent(agent);
}

struct roster_agent *roster_find_name(
	const struct roster *roster, uint32_t pool, const char *name, size_t name_size)
{
	for (struct roster_agent *agent = roster_first(roster); agent != NULL;
		agent = roster_next(agent))
		if (agent->pool == pool && strlen(agent->name) == name_size &&
			memcmp(agent->name, name, name_size) == 0)
			return agent;
	return NULL;
}

struct roster_agent *roster_first(const struct roster *roster)
{
	struct list_node *node = roster->agents.first;

	return node == NULL ? NULL : container_of(node, struct roster_agent, node);
}

struct roster_agent *roster_next(const struct roster_agent *agent)
{
	struct list_node *node = list_next(&agent->node);

	return node == NULL ? NULL : container_of(node, struct roster_agent, node);
}
